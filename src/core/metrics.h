/* Counters and gauges in Prometheus' text form. Refusals are counted by reason. */
#ifndef SK_CORE_METRICS_H
#define SK_CORE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

/* A cell that lives as long as the process: look it up once, add to it from any thread. */
struct metric {
    _Atomic int64_t value;
};

/* The cell of `name` with the label text `labels` (for example "reason=\"replay\"", or "" for
 * none), made when first asked for. `name` follows Prometheus' rules and ends in _total for
 * counters. At most 2,000 cells; beyond that all share one named skep_metrics_overflow_total.
 * `name` and `labels` must be ours, never a peer's bytes. Any thread. */
struct metric *metric_get(const char *name, const char *labels);

static inline void metric_add(struct metric *m, int64_t n)
{
    atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

static inline void metric_set(struct metric *m, int64_t n)
{
    atomic_store_explicit(&m->value, n, memory_order_relaxed);
}

/* Count one refusal: skep_refused_total{room="..",reason=".."}. Literals only. */
void metric_refused(const char *room, const char *reason);

/* A gauge that is asked for when read; at start only. */
void metric_gauge(const char *name, const char *help, int64_t (*read)(void *ctx), void *ctx);

/* All of them as Prometheus text, appended to `out`. */
SK_MUST int metrics_write(struct sk_buf *out);

/* The sum over all cells of `name`; for tests and the events feed. */
int64_t metric_sum(const char *name);

/* The gauge of that name, read now, or the sum over the cells of `name`. Any thread that may wait
 * for what the gauge locks. */
int64_t metric_read(const char *name);

#endif
