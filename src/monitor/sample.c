#include "monitor/sample.h"

#include "monitor/chunk.h"

int sample_values_write(struct sk_buf *out, const struct monitor_sample *s)
{
    int err = sk_buf_add_u64(out, s->has);

    for (int m = 0; !err && m < METRIC_COUNT; m++)
        if (s->has >> m & 1)
            err = varint_write(out, s->v[m]);
    return err;
}

int sample_values_read(const uint8_t *data, size_t len, size_t *at, struct monitor_sample *s)
{
    if (len - *at < 8)
        return -SK_EINVAL;
    s->has = sk_get_u64(data + *at);
    *at += 8;
    if (s->has >> METRIC_COUNT)
        return -SK_EINVAL;
    for (int m = 0; m < METRIC_COUNT; m++) {
        int64_t v = 0;
        if ((s->has >> m & 1) && varint_read(data, len, at, &v))
            return -SK_EINVAL;
        if (v < -MONITOR_VALUE_MAX || v > MONITOR_VALUE_MAX)
            return -SK_EINVAL;
        s->v[m] = (int32_t)v;
    }
    return 0;
}

int sample_write(struct sk_buf *out, const struct monitor_sample *s)
{
    int err = sk_buf_add_u64(out, (uint64_t)s->slot);

    return err ? err : sample_values_write(out, s);
}

int sample_read(const uint8_t *data, size_t len, size_t *at, struct monitor_sample *s)
{
    if (len - *at < 8)
        return -SK_EINVAL;
    uint64_t slot = sk_get_u64(data + *at);
    *at += 8;
    if (slot > INT64_MAX / MONITOR_STEP_MS)
        return -SK_EINVAL;
    s->slot = (int64_t)slot;
    return sample_values_read(data, len, at, s);
}

/* ---- the clock ------------------------------------------------------------------------------- */

enum { STEP_US = 1000, TOOK_MAX_US = 10000000 };

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

static int is_far(int64_t us)
{
    return us < INT64_MIN / 8 || us > INT64_MAX / 8;
}

int clock_take(struct clock_estimate *e, const struct clock_exchange *x, int64_t mono_us)
{
    if (is_far(x->t0) || is_far(x->t1) || is_far(x->t2) || is_far(x->t3) || mono_us < 0 ||
        mono_us > TOOK_MAX_US)
        return -SK_EINVAL;
    int64_t took = x->t3 - x->t0, rtt = took - (x->t2 - x->t1);
    if (magnitude(took - mono_us) > STEP_US + mono_us / 100 || x->t2 < x->t1 || rtt < 0)
        return -SK_EINVAL;
    e->kept[e->next].offset_us = ((x->t0 - x->t1) + (x->t3 - x->t2)) / 2;
    e->kept[e->next].rtt_us = rtt;
    e->next = (e->next + 1) % CLOCK_KEPT;
    e->count += e->count < CLOCK_KEPT;
    return 0;
}

int clock_best(const struct clock_estimate *e, int64_t *offset_us, int64_t *uncertainty_us)
{
    unsigned best = 0;

    if (!e->count)
        return -SK_EAGAIN;
    for (unsigned i = 1; i < e->count; i++)
        if (e->kept[i].rtt_us < e->kept[best].rtt_us)
            best = i;
    *offset_us = e->kept[best].offset_us;
    *uncertainty_us = e->kept[best].rtt_us / 2;
    return 0;
}
