/* The front door: one TLS port. Picks the protocol by ALPN, parses and bounds HTTP before anything
 * else sees it, serves static files and WebSockets itself and passes short API calls to `http`. */
#ifndef SK_EDGE_EDGE_H
#define SK_EDGE_EDGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/authorize.h"
#include "core/room.h"

struct net_stream;
struct net_packet;
struct net_loop;

extern const struct room edge_room;

/* ---- protocols by ALPN ---------------------------------------------------------------------- */

struct edge_peer {
    char source[SOURCE_SIZE];
    uint16_t port;
    char device[DEVICE_ID_SIZE]; /* from the verified certificate or ticket; "" for the others */
    uint8_t cert_serial[20];     /* of the device certificate */
    size_t cert_serial_len;
    int resumed; /* TLS session resumed by ticket */
    int tls13;
};

/* Take over streams that negotiated `alpn` ("skep-device/1", "skep-media/1"). Called at start,
 * before the edge listens. `take` runs on the stream's loop thread once the handshake is complete
 * and sets the stream's handlers; a non-zero return closes the stream. `device_may_link` (device
 * protocol only, else NULL) judges a certificate or ticket at the handshake: 0 or -SK_EDENIED for
 * unknown, revoked or locked devices; called on handshake threads, must not block. */
struct edge_protocol {
    const char *alpn;
    int (*take)(void *ctx, struct net_stream *stream, const struct edge_peer *peer);
    int (*device_may_link)(void *ctx, const char *device, const uint8_t *serial, size_t serial_len);
    void *ctx;
};
void edge_protocol_add(const struct edge_protocol *p); /* copied */

/* The device authority's certificate (PEM, copied): devices must show one that it issued.
 * Without it the device protocol is not offered. At start; later calls take effect at once. */
void edge_device_ca_set(const char *pem);

/* A further authority for protocols with `device_may_link` (PEM, copied), at start, before the edge
 * listens. The handshake takes a certificate of any of them; what tells them apart is that each
 * protocol's `device_may_link` knows only the ids and serials that its own room gave out. */
void edge_authority_add(const char *pem);

/* ---- WebSockets ------------------------------------------------------------------------------ */

struct edge_ws;

/* One endpoint, declared at start. Sockets without the subprotocol, from a foreign Origin (when a
 * cookie carries the session) or without the permission are refused before the upgrade (403/401).
 * All callbacks run on the socket's loop thread. After on_close the pointer is dead. */
struct edge_ws_endpoint {
    const char *path;                        /* "/ws/signal" */
    const char *subprotocol;                 /* "skep.signal.1" */
    const char *permission;                  /* for may() with object {"box", NULL} */
    size_t text_max_bytes, binary_max_bytes; /* larger messages close with 1009 */
    size_t queue_max_bytes; /* bytes that may wait for a slow reader before sends are refused */
    void *(*on_open)(struct edge_ws *ws, const struct principal *p); /* NULL: close 1011 */
    void (*on_text)(void *self, const char *text, size_t len);       /* NULL: close 1003 */
    void (*on_binary)(void *self, const uint8_t *data, size_t len);  /* NULL: close 1003 */
    void (*on_drain)(void *self); /* the queue has emptied; may be NULL */
    void (*on_close)(void *self);
};
void edge_ws_endpoint_add(const struct edge_ws_endpoint *e); /* copied */

/* Send on the socket's loop thread. -SK_ELIMIT when the queue is full (nothing was queued),
 * -SK_ECLOSED after close. The packet form sends `packet`'s bytes as one binary message without
 * copying them: it takes a reference of its own. */
SK_MUST int edge_ws_send_text(struct edge_ws *ws, const char *text, size_t len);
SK_MUST int edge_ws_send_binary(struct edge_ws *ws, const void *data, size_t len);
SK_MUST int edge_ws_send_packet(struct edge_ws *ws, struct net_packet *packet);
size_t edge_ws_queued_bytes(const struct edge_ws *ws);
/* on_close comes later, never before this returns. */
void edge_ws_close(struct edge_ws *ws, uint16_t code, const char *reason);
struct net_loop *edge_ws_loop(const struct edge_ws *ws);
const struct principal *edge_ws_principal(const struct edge_ws *ws);

/* ---- HTTP for the `http` room ---------------------------------------------------------------- */

/* What the edge knows of a request, found by the number in `Skep-Request: <secret>.<slot>`.
 * Valid while the request is in flight (until its answer went out). */
struct edge_request {
    char method[8];
    char path[1024];            /* decoded once, normalised, no query */
    char query[2048];           /* raw, without '?'; "" when none */
    struct principal principal; /* as authenticated at arrival */
    int origin_is_foreign;      /* an Origin field was there and is not ours */
    /* Of signed requests (core/app.h): raw fields, repeated ones joined by ", "; "" when absent. */
    char host[256], signature_input[512], signature[160], content_digest[160];
    int path_is_plain;       /* `path` has the bytes that were sent */
    char csrf[64];           /* Skep-Csrf field or "" */
    char authorization[320]; /* raw field or "" (enrolment, metrics); wiped after the request */
    char return_cookie[192]; /* value of __Host-skep-return, "" when absent, doubled or too long */
    char user_agent[128];
    char request_id[17];
};
/* Copy the row out. -SK_EAUTH for a wrong secret, -SK_ENOTFOUND for an empty slot. Any thread. */
SK_MUST int edge_request_find(const char *skep_request, struct edge_request *out);

/* Where CivetWeb listens on loopback (http tells the edge at start), and how many requests it may
 * get at once. */
void edge_upstream_set(uint16_t port, unsigned parallel);

/* Body limit for (method, path), asked by the edge before it reads a body; filled by http at start.
 * Returns 0 and the limit and required type, or -SK_ENOTFOUND (no such route) / -SK_EUNSUPPORTED
 * (method not allowed). Any thread; must not block. */
typedef int (*edge_route_fn)(const char *method, const char *path, size_t *body_max_bytes,
                             const char **body_type);
void edge_routes_set(edge_route_fn fn);

/* ---- the box's TLS identity ------------------------------------------------------------------ */

/* SHA-256 of the server certificate now in use. */
void edge_certificate_fingerprint(uint8_t out[32]);
/* When it ends, ms UTC; 0 before there is one. Any thread. */
int64_t edge_certificate_ends_ms(void);
/* PEM of the CA that signed it, or of the certificate itself when the owner supplied one. Copied
 * to `out`. */
SK_MUST int edge_ca_pem(struct sk_buf *out);
/* Port in use (after start), and the host name of links. */
uint16_t edge_port(void);
const char *edge_host(void);
/* Read certificate and key again now (SIGHUP; changed files are noticed within seconds anyway).
 * A certificate that cannot be used leaves the present one in place and is logged. Any thread. */
void edge_reload(void);

#endif
