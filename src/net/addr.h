/* A source or target address, small enough to keep one in every connection. */
#ifndef SK_NET_ADDR_H
#define SK_NET_ADDR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

enum { NET_ADDR_TEXT = 56 }; /* "[" + longest IPv6 + "]:65535" + zero */

struct net_addr {
    uint8_t ip[16]; /* IPv4 in the first four bytes, the rest zero */
    uint16_t port;  /* host order */
    uint8_t family; /* 4, 6; 0 = none */
};

/* Read an IP literal ("127.0.0.1", "::1", "[::1]"). -SK_EINVAL for anything else. */
SK_MUST int net_addr_parse(struct net_addr *out, const char *ip, uint16_t port);

/* "1.2.3.4" / "2001:db8::1", with `with_port` "1.2.3.4:5" / "[2001:db8::1]:5". Returns `out`. */
const char *net_addr_format(char out[NET_ADDR_TEXT], const struct net_addr *a, int with_port);

/* 1 for 127.0.0.0/8 and ::1. */
int net_addr_is_loopback(const struct net_addr *a);

/* From and to the system's form. IPv4 mapped in IPv6 becomes IPv4. */
void net_addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa);
socklen_t net_addr_to_sockaddr(const struct net_addr *a, struct sockaddr_storage *out);

#endif
