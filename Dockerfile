# Skep in a container: built on Debian 13, run as a user of its own. `make image` builds it with
# buildah on a base made by debootstrap, and tries it; docker and podman take this file as it is.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
# npm asks the registry with the system's authorities, so a site's own one in the base counts too.
ENV DEBIAN_FRONTEND=noninteractive npm_config_cafile=/etc/ssl/certs/ca-certificates.crt
WORKDIR /src
COPY scripts/deps scripts/deps
COPY web/package.json web/package-lock.json web/
RUN scripts/deps --no-browser
COPY . .
RUN make -j2 BUILD=/build && strip --strip-debug /build/skep \
    && ldd /build/skep | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | xargs -n1 readlink -f \
    | sed 's,^,*,' | xargs dpkg -S | cut -d: -f1 | sort -u > /build/packages

FROM ${BASE}
COPY --from=build /build/packages /usr/share/skep/packages
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates $(cat /usr/share/skep/packages) \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 8443 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin skep \
    && install -d -m 0700 -o skep -g skep /data
COPY --from=build /build/skep /usr/bin/skep
COPY LICENSE /usr/share/doc/skep/LICENSE
USER skep
WORKDIR /data
VOLUME /data
EXPOSE 8443
ENV SKEP_CORE_DATA_DIR=/data
STOPSIGNAL SIGTERM
# The TLS port answers plain HTTP with a redirect: that the edge does so shows that its loops run.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8443 && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r -t 4 line <&3 && [[ $line == HTTP/1.1* ]]"]
ENTRYPOINT ["skep"]
CMD ["serve"]
