#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

int net_addr_parse(struct net_addr *out, const char *ip, uint16_t port)
{
    char bare[INET6_ADDRSTRLEN];
    size_t len = strlen(ip);
    memset(out, 0, sizeof *out);
    out->port = port;
    if (inet_pton(AF_INET, ip, out->ip) == 1) {
        out->family = 4;
        return 0;
    }
    if (len >= 2 && ip[0] == '[' && ip[len - 1] == ']') {
        ip++;
        len -= 2;
    }
    if (len >= sizeof bare)
        return -SK_EINVAL;
    memcpy(bare, ip, len);
    bare[len] = 0;
    if (inet_pton(AF_INET6, bare, out->ip) != 1)
        return -SK_EINVAL;
    out->family = 6;
    return 0;
}

const char *net_addr_format(char out[NET_ADDR_TEXT], const struct net_addr *a, int with_port)
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (a->family == 4 || a->family == 6)
        (void)inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, ip, sizeof ip);
    if (!with_port)
        (void)snprintf(out, NET_ADDR_TEXT, "%s", ip);
    else
        (void)snprintf(out, NET_ADDR_TEXT, a->family == 6 ? "[%s]:%u" : "%s:%u", ip,
                       (unsigned)a->port);
    return out;
}

int net_addr_is_loopback(const struct net_addr *a)
{
    static const uint8_t ONE[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    if (a->family == 4)
        return a->ip[0] == 127;
    return a->family == 6 && memcmp(a->ip, ONE, sizeof ONE) == 0;
}

void net_addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa)
{
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memset(out, 0, sizeof *out);
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        out->family = 4;
        out->port = ntohs(in.sin_port);
        memcpy(out->ip, &in.sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, sa, sizeof in);
        out->port = ntohs(in.sin6_port);
        if (memcmp(&in.sin6_addr, MAPPED, sizeof MAPPED) == 0) {
            out->family = 4;
            memcpy(out->ip, (const uint8_t *)&in.sin6_addr + 12, 4);
        } else {
            out->family = 6;
            memcpy(out->ip, &in.sin6_addr, 16);
        }
    }
}

socklen_t net_addr_to_sockaddr(const struct net_addr *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    memcpy(&in.sin6_addr, a->ip, 16);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}
