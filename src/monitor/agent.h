/* The agent's end of skep-agent/1: links, measures on the hub's time, keeps what is not yet
 * acknowledged, links again. What is measured comes from the owner, so that simulated hosts are the
 * same agent. Everything on one loop. */
#ifndef SK_MONITOR_AGENT_H
#define SK_MONITOR_AGENT_H

#include <stdint.h>

#include "monitor/facts.h"
#include "net/loop.h"

struct agent;
struct tls_config;

enum { AGENT_KEPT = 360 }; /* samples: an hour */

struct agent_ops {
    /* Fill in what is measured; slot and clock are the agent's. Not 0: no sample this time. */
    int (*measure)(void *ctx, struct monitor_sample *s, int64_t mono_ms);
    /* Services, disks and cards as they are now; told when they have changed. */
    void (*facts)(void *ctx, struct host_facts *f);
    void (*on_link)(void *ctx, int is_up); /* may be NULL */
};

struct agent_options {
    const char *host; /* borrowed for good, as all here */
    uint16_t port;
    struct tls_config *tls; /* with certificate and AGENT_ALPN; a reference is taken */
    struct host_facts hello;
    int64_t skew_ms;  /* trouble: own wall clock is wrong by so much */
    int64_t first_ms; /* link after so long: many agents in one process */
    struct agent_ops ops;
    void *ctx;
};

SK_MUST int agent_new(struct agent **out, struct net_loop *loop, const struct agent_options *o);
/* Ends the link; NULL is fine. On the loop's thread. */
void agent_free(struct agent *a);
void agent_skew_set(struct agent *a, int64_t skew_ms);
/* Trouble: end the link, and do not link or measure while silent. */
void agent_silent_set(struct agent *a, int is_silent);

/* TLS settings of a link: authority of the box (PEM), own certificate and key. */
SK_MUST int agent_tls(struct tls_config **out, const struct sk_buf *ca, const struct sk_buf *cert,
                      const struct sk_buf *key);

#endif
