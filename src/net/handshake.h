/* The handshake pool: a few threads that do nothing but the arithmetic of TLS handshakes, so that
 * no loop ever stalls for the milliseconds that one takes. While a step runs there the session
 * belongs to the pool's thread; waiting for the network is always the loop's. */
#ifndef SK_NET_HANDSHAKE_H
#define SK_NET_HANDSHAKE_H

#include <stdint.h>

#include "base/err.h"

struct net_handshakes;

struct net_handshake_options {
    unsigned threads;     /* 0 = half the cores, at least 1 */
    uint32_t open_max;    /* handshakes under way (each holds ~45 KB); 0 = 1024 */
    uint32_t waiting_max; /* connections that wait for their turn; beyond: closed. 0 = 16384 */
    int64_t deadline_ms;  /* from the whole ClientHello to the handshake's end; 0 = 10 s */
};

struct net_handshake_stats {
    uint64_t done, resumed, failed, timed_out, refused;
    uint32_t open, waiting;
};

/* NULL options = all defaults. */
SK_MUST int net_handshakes_start(struct net_handshakes **out,
                                 const struct net_handshake_options *o);

/* Join the threads and free. The loops and listeners that use it must be stopped before. */
void net_handshakes_stop(struct net_handshakes *h);

/* Counters since start. Any thread. */
void net_handshakes_stats(struct net_handshakes *h, struct net_handshake_stats *out);

#endif
