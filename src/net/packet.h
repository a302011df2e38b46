/* Counted, immutable bytes that many streams send without a copy of their own. */
#ifndef SK_NET_PACKET_H
#define SK_NET_PACKET_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct net_packet {
    _Atomic uint32_t refs;
    size_t len;
    uint8_t *data;                            /* written by the maker before it is shared */
    void (*release)(struct net_packet *self); /* called once, by whichever thread drops last */
};

/* One allocation, `len` bytes of data behind the head, one reference; NULL when out of memory.
 * For packets that live elsewhere (an arena) fill the struct by hand, refs = 1. */
struct net_packet *net_packet_new(size_t len);

/* As above; the bytes are wiped before they are freed. */
struct net_packet *net_packet_new_secret(size_t len);

/* Any thread. drop(NULL) is fine. */
struct net_packet *net_packet_ref(struct net_packet *p);
void net_packet_drop(struct net_packet *p);

#endif
