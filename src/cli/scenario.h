/* Simulated hosts: what they measure when all is well, and the faults of a scenario. Text, a fault
 * a line; `#` begins a remark:
 *
 *   3 cpu=97 after=20 for=120        host 3 (counted from 0) from second 20 on
 *   5-9 skew=15000                   their clocks are 15 s ahead
 *   4 down=RPS-TRANSPORT after=30    a service fails its probe
 *   6 silent after=30 for=60         no link
 *
 * Values in the unit of the metric. Pure but for reading the file. */
#ifndef SK_CLI_SCENARIO_H
#define SK_CLI_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "monitor/facts.h"

struct scenario;

struct scenario_host {
    uint64_t seed;
    struct monitor_sample forced; /* metrics of faults that are on */
    int64_t skew_ms;
    int is_silent;
    unsigned down; /* bits of the services */
};

/* `hosts` is the caller's and outlives the scenario; `path` NULL: no faults. -SK_EINVAL with the
 * line in `why`. */
SK_MUST int scenario_new(struct scenario **out, struct scenario_host *hosts, size_t count,
                         const char *path, int64_t mono_ms, struct sk_buf *why);
void scenario_free(struct scenario *s);

/* Put on and take off what is due. */
void scenario_turn(struct scenario *s, int64_t mono_ms);

int scenario_measure(const struct scenario_host *h, struct monitor_sample *s, int64_t mono_ms);
void scenario_facts(const struct scenario_host *h, struct host_facts *f);

static inline int64_t scenario_skew_ms(const struct scenario_host *h)
{
    return h->skew_ms;
}

static inline int scenario_is_silent(const struct scenario_host *h)
{
    return h->is_silent;
}

#endif
