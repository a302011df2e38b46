/* Samples as bytes, on the wire and in hot rows. Pure. */
#ifndef SK_MONITOR_SAMPLE_H
#define SK_MONITOR_SAMPLE_H

#include "base/buf.h"
#include "monitor/metric.h"

enum { SAMPLE_BYTES_MAX = 16 + METRIC_COUNT * 5 };

/* Append mask and values (u64, then a zigzag varint for each set bit). */
SK_MUST int sample_values_write(struct sk_buf *out, const struct monitor_sample *s);

/* Read them at `*at`. -SK_EINVAL: cut short, a metric that this version does not know, or a value
 * beyond MONITOR_VALUE_MAX. */
SK_MUST int sample_values_read(const uint8_t *data, size_t len, size_t *at,
                               struct monitor_sample *s);

/* The same with the slot (u64) before it. */
SK_MUST int sample_write(struct sk_buf *out, const struct monitor_sample *s);
SK_MUST int sample_read(const uint8_t *data, size_t len, size_t *at, struct monitor_sample *s);

/* Four timestamps in us (RFC 5905 8): t0 host sends, t1 hub has it, t2 hub answers, t3 host has
 * it; t0 and t3 on the host's clock. */
struct clock_exchange {
    int64_t t0, t1, t2, t3;
};

enum { CLOCK_KEPT = 8 };

/* What the last exchanges say: that of the least round trip counts. */
struct clock_estimate {
    struct {
        int64_t offset_us, rtt_us;
    } kept[CLOCK_KEPT];
    unsigned count, next;
};

/* Take one exchange. `mono_us` is how long it took on the host's monotonic clock: when the wall
 * clock says otherwise by more than 1 ms plus 1 %, it stepped meanwhile. -SK_EINVAL: not taken
 * (stepped, negative or beyond 10 s). */
SK_MUST int clock_take(struct clock_estimate *e, const struct clock_exchange *x, int64_t mono_us);

/* Host minus hub, and half the round trip. -SK_EAGAIN before the first exchange. */
SK_MUST int clock_best(const struct clock_estimate *e, int64_t *offset_us, int64_t *uncertainty_us);

#endif
