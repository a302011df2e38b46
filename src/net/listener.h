/* A TCP listening socket. One loop accepts, connections are handed out to all loops in turn, so
 * the spread is even and a listener on port 0 has one port. */
#ifndef SK_NET_LISTENER_H
#define SK_NET_LISTENER_H

#include <stdint.h>

#include "base/err.h"
#include "crypto/tls.h"
#include "net/addr.h"
#include "net/handshake.h"
#include "net/loop.h"
#include "net/stream.h"

struct net_listener;

struct net_listener_options {
    const char *host;            /* IP literal; NULL = "::" (both families) */
    uint16_t port;               /* 0 = any */
    struct tls_config *tls;      /* NULL = plain TCP; a reference is taken */
    struct net_handshakes *pool; /* NULL = handshakes run on the loops */
    const struct net_stream_ops *ops;
    void *user;              /* net_stream_user of every accepted stream, until set anew */
    size_t queue_cap_bytes;  /* of each stream; 0 = 256 KiB */
    uint32_t conn_max;       /* open connections; at the limit accepting rests. 0 = 65536 */
    uint32_t per_source_max; /* of one IPv4 address or IPv6 /64; 0 = no limit */
    int64_t first_byte_ms;   /* until the ClientHello is there, whole; 0 = 10 s */
    int (*admit)(void *arg, const struct net_addr *source); /* 0 = may connect; NULL = all may.
                                        Called on the accepting loop, before anything is sent */
    void *admit_arg;
};

struct net_listener_stats {
    uint64_t accepted, refused_admit, refused_source, rested;
    uint32_t open;
};

/* Bind, listen and accept. Exactly one of `loops` and `loop` (everything on this one) is given.
 * When `loop` is given: on its thread. -SK_EINVAL bad host, -SK_ECONFLICT address in use,
 * -SK_EDENIED not allowed, -SK_EIO. */
SK_MUST int net_listener_open(struct net_listener **out, struct net_loops *loops,
                              struct net_loop *loop, const struct net_listener_options *o);

/* Port in host order. Any thread. */
uint16_t net_listener_port(const struct net_listener *l);

/* From now on, new connections use `tls`; those that exist live on with theirs. Any thread. */
void net_listener_set_tls(struct net_listener *l, struct tls_config *tls);

/* Any thread. */
void net_listener_stats(struct net_listener *l, struct net_listener_stats *out);

/* Stop accepting; open streams live on. Any thread, but before its loops are stopped; the memory
 * goes when the last stream does. NULL is fine. */
void net_listener_close(struct net_listener *l);

#endif
