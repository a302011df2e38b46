#include "monitor/agent.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "crypto/tls.h"
#include "monitor/link.h"
#include "monitor/sample.h"
#include "net/stream.h"

enum {
    MIDDLE_MS = MONITOR_STEP_MS / 2, /* of a slot: where a wrong half second does no harm */
    BACKOFF_MIN_MS = 1000,
    BACKOFF_MAX_MS = 30000,
    IDLE_MS = 45000,
    FRAMES_MAX = 2 * AGENT_FRAME_MAX
};

struct kept {
    int64_t mono_ms;
    struct monitor_sample s; /* slot is known when the hub's time is */
};

struct agent {
    struct agent_options o;
    struct net_loop *loop;
    struct net_stream *stream;
    struct net_timer link_timer, tick_timer;
    struct sk_buf in;
    int is_up, is_ending, is_silent;
    int64_t backoff_ms;
    int64_t hub_minus_mono_ms; /* the hub's wall clock, by our monotonic one */
    int has_hub_time;
    struct clock_estimate clock;
    int64_t asked_wall_us, asked_mono_us; /* of the exchange under way; 0 = none */
    struct kept kept[AGENT_KEPT];         /* a ring */
    size_t first, count, sent;
    char *facts_told;
};

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t clock_us(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t); /* allow clock_gettime: microseconds, for the exchange */
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t wall_us(const struct agent *a)
{
    return clock_us(CLOCK_REALTIME) + a->o.skew_ms * 1000;
}

static int64_t hub_ms(const struct agent *a, int64_t mono_ms)
{
    return a->has_hub_time ? mono_ms + a->hub_minus_mono_ms : wall_us(a) / 1000;
}

static void tick_set(struct agent *a)
{
    int64_t at = hub_ms(a, clock_us(CLOCK_MONOTONIC) / 1000) % MONITOR_STEP_MS;
    int64_t in_ms = (MIDDLE_MS - at + MONITOR_STEP_MS) % MONITOR_STEP_MS;

    net_timer_set_in(&a->tick_timer, in_ms < 100 ? in_ms + MONITOR_STEP_MS : in_ms);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void frame_send(struct agent *a, enum agent_frame type, const void *payload, size_t len)
{
    struct sk_buf out;

    if (!a->stream)
        return;
    sk_buf_init(&out, FRAMES_MAX);
    int err = agent_frame_write(&out, type, payload, len);
    if (!err)
        err = net_stream_write(a->stream, out.data, out.len);
    sk_buf_fini(&out);
    if (err)
        net_stream_close(a->stream, 0);
}

static void json_send(struct agent *a, enum agent_frame type, json_t *o)
{
    size_t len;
    char *text = sk_json_text(o, &len);

    if (text)
        frame_send(a, type, text, len);
    free(text);
    json_decref(o);
}

static void facts_tell(struct agent *a)
{
    struct host_facts f = a->o.hello;

    a->o.ops.facts(a->o.ctx, &f);
    json_t *o = facts_json(&f);
    size_t len;
    char *text = sk_json_text(o, &len);
    json_decref(o);
    if (!text || (a->facts_told && strcmp(text, a->facts_told) == 0)) {
        free(text);
        return;
    }
    frame_send(a, AGENT_FACTS, text, len);
    free(a->facts_told);
    a->facts_told = text;
}

static void clock_ask(struct agent *a)
{
    uint8_t t0[8];

    a->asked_mono_us = clock_us(CLOCK_MONOTONIC);
    a->asked_wall_us = wall_us(a);
    sk_put_u64(t0, (uint64_t)a->asked_wall_us);
    frame_send(a, AGENT_CLOCK_ASK, t0, sizeof(t0));
}

static void samples_send(struct agent *a)
{
    struct sk_buf b;
    int err = 0;

    if (!a->is_up || a->sent == a->count)
        return;
    sk_buf_init(&b, AGENT_FRAME_MAX);
    for (; !err && a->sent < a->count; a->sent++) {
        struct kept *k = &a->kept[(a->first + a->sent) % AGENT_KEPT];
        k->s.slot = hub_ms(a, k->mono_ms) / MONITOR_STEP_MS;
        err = sample_write(&b, &k->s);
    }
    if (!err)
        frame_send(a, AGENT_SAMPLES, b.data, b.len);
    sk_buf_fini(&b);
}

/* ---- measuring ------------------------------------------------------------------------------- */

static void sample_keep(struct agent *a, int64_t mono_ms)
{
    struct kept k = {.mono_ms = mono_ms};
    int64_t offset_us, uncertainty_us;

    if (a->o.ops.measure(a->o.ctx, &k.s, mono_ms))
        return;
    if (clock_best(&a->clock, &offset_us, &uncertainty_us) == 0) { /* tenths of a ms */
        monitor_sample_set(&k.s, METRIC_CLOCK_OFFSET, offset_us / 100);
        monitor_sample_set(&k.s, METRIC_CLOCK_UNCERTAINTY, uncertainty_us / 100);
    }
    if (a->count == AGENT_KEPT) { /* the oldest gives way */
        a->first = (a->first + 1) % AGENT_KEPT;
        a->count--;
        a->sent -= a->sent > 0;
    }
    a->kept[(a->first + a->count++) % AGENT_KEPT] = k;
}

static void tick_cb(struct net_timer *t, void *arg)
{
    struct agent *a = arg;

    (void)t;
    if (!a->is_silent) {
        sample_keep(a, clock_us(CLOCK_MONOTONIC) / 1000);
        samples_send(a);
        if (a->is_up) {
            facts_tell(a);
            clock_ask(a);
        }
    }
    tick_set(a);
}

/* ---- what the hub says ----------------------------------------------------------------------- */

static int on_welcome(struct agent *a, const uint8_t *p, size_t len)
{
    if (len != 8 || a->is_up)
        return -SK_EINVAL;
    a->hub_minus_mono_ms = (int64_t)sk_get_u64(p) - clock_us(CLOCK_MONOTONIC) / 1000;
    a->has_hub_time = a->is_up = 1;
    a->backoff_ms = BACKOFF_MIN_MS;
    a->sent = 0;
    clock_ask(a);
    facts_tell(a);
    samples_send(a);
    tick_set(a);
    if (a->o.ops.on_link)
        a->o.ops.on_link(a->o.ctx, 1);
    return 0;
}

static int on_ack(struct agent *a, const uint8_t *p, size_t len)
{
    if (len != 8)
        return -SK_EINVAL;
    int64_t slot = (int64_t)sk_get_u64(p);
    while (a->sent && a->kept[a->first].s.slot <= slot) {
        a->first = (a->first + 1) % AGENT_KEPT;
        a->count--;
        a->sent--;
    }
    if (!a->count)
        a->first = 0; /* the same memory again */
    return 0;
}

static int on_clock(struct agent *a, const uint8_t *p, size_t len)
{
    int64_t mono_us = clock_us(CLOCK_MONOTONIC), offset_us, uncertainty_us;

    if (len != 24)
        return -SK_EINVAL;
    if (!a->asked_mono_us || (int64_t)sk_get_u64(p) != a->asked_wall_us)
        return 0; /* of a question that was given up */
    struct clock_exchange x = {a->asked_wall_us, (int64_t)sk_get_u64(p + 8),
                               (int64_t)sk_get_u64(p + 16), wall_us(a)};
    int64_t took_us = mono_us - a->asked_mono_us;
    a->asked_mono_us = 0;
    if (clock_take(&a->clock, &x, took_us)) {
        memset(&a->clock, 0, sizeof(a->clock)); /* the clock stepped: what was known is past */
        return 0;
    }
    if (clock_best(&a->clock, &offset_us, &uncertainty_us) == 0)
        a->hub_minus_mono_ms = (x.t3 - offset_us - mono_us) / 1000;
    return 0;
}

static int on_frame(struct agent *a, uint8_t type, const uint8_t *p, size_t len)
{
    switch (type) {
    case AGENT_WELCOME:
        return on_welcome(a, p, len);
    case AGENT_ACK:
        return on_ack(a, p, len);
    case AGENT_CLOCK_ANSWER:
        return on_clock(a, p, len);
    default:
        return -SK_EINVAL;
    }
}

/* ---- the stream ------------------------------------------------------------------------------ */

static void on_open(struct net_stream *s, const struct tls_peer *peer)
{
    struct agent *a = net_stream_user(s);

    (void)peer;
    net_stream_set_read_deadline(s, net_loop_now_ms(a->loop) + IDLE_MS);
    json_send(a, AGENT_HELLO, hello_json(&a->o.hello));
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct agent *a = net_stream_user(s);
    const uint8_t *payload;
    size_t payload_len, size;
    uint8_t type;
    int err = sk_buf_add(&a->in, data, len);

    net_stream_set_read_deadline(s, net_loop_now_ms(a->loop) + IDLE_MS);
    while (!err && a->stream &&
           (err = agent_frame_read(&a->in, &type, &payload, &payload_len, &size)) == 0) {
        err = on_frame(a, type, payload, payload_len);
        sk_buf_consume(&a->in, size);
    }
    if (err && err != -SK_EAGAIN)
        net_stream_abort(s, err);
}

static void on_close(struct net_stream *s, int reason)
{
    struct agent *a = net_stream_user(s);
    int was_up = a->is_up;

    a->stream = NULL;
    a->is_up = 0;
    a->asked_mono_us = 0;
    sk_buf_reset(&a->in);
    free(a->facts_told);
    a->facts_told = NULL;
    if (a->is_ending)
        return;
    log_debug("agent", "link-down", "reason=%s", sk_error_slug(reason));
    if (was_up && a->o.ops.on_link)
        a->o.ops.on_link(a->o.ctx, 0);
    if (a->is_silent)
        return;
    net_timer_set_in(&a->link_timer, a->backoff_ms + sk_random_below((uint32_t)a->backoff_ms));
    a->backoff_ms = a->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : a->backoff_ms * 2;
}

static void link_cb(struct net_timer *t, void *arg)
{
    static const struct net_stream_ops ops = {
        .on_open = on_open, .on_data = on_data, .on_close = on_close};
    struct agent *a = arg;
    const struct net_connect_options o = {
        .host = a->o.host, .port = a->o.port, .tls = a->o.tls, .ops = &ops, .user = a};

    (void)t;
    if (!a->stream && !a->is_silent && net_stream_connect(&a->stream, a->loop, &o)) {
        a->stream = NULL;
        net_timer_set_in(&a->link_timer, BACKOFF_MAX_MS);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

int agent_new(struct agent **out, struct net_loop *loop, const struct agent_options *o)
{
    struct agent *a = sk_alloc(sizeof(*a));

    a->o = *o;
    a->loop = loop;
    a->backoff_ms = BACKOFF_MIN_MS;
    tls_config_ref(o->tls);
    sk_buf_init(&a->in, FRAMES_MAX);
    net_timer_init(&a->link_timer, loop, link_cb, a);
    net_timer_init(&a->tick_timer, loop, tick_cb, a);
    net_timer_set_in(&a->link_timer, o->first_ms);
    tick_set(a);
    if (wall_us(a) / 1000 % MONITOR_STEP_MS > MIDDLE_MS)
        net_timer_set_in(&a->tick_timer, 0); /* this slot's middle is past: now, then as usual */
    *out = a;
    return 0;
}

void agent_free(struct agent *a)
{
    if (!a)
        return;
    a->is_ending = 1;
    net_timer_cancel(&a->link_timer);
    net_timer_cancel(&a->tick_timer);
    if (a->stream)
        net_stream_abort(a->stream, 0);
    tls_config_drop(a->o.tls);
    sk_buf_fini(&a->in);
    free(a->facts_told);
    free(a);
}

void agent_skew_set(struct agent *a, int64_t skew_ms)
{
    if (a->o.skew_ms == skew_ms)
        return;
    a->o.skew_ms = skew_ms;
    memset(&a->clock, 0, sizeof(a->clock));
    a->asked_mono_us = 0;
}

void agent_silent_set(struct agent *a, int is_silent)
{
    if (a->is_silent == is_silent)
        return;
    a->is_silent = is_silent;
    if (is_silent && a->stream)
        net_stream_abort(a->stream, 0);
    else if (!is_silent)
        net_timer_set_in(&a->link_timer, 0);
}

int agent_tls(struct tls_config **out, const struct sk_buf *ca, const struct sk_buf *cert,
              const struct sk_buf *key)
{
    static const char *const alpn[] = {AGENT_ALPN, NULL};
    const struct tls_client_options o = {.alpn = alpn,
                                         .ca = ca->data,
                                         .ca_len = ca->len,
                                         .cert = cert->data,
                                         .cert_len = cert->len,
                                         .key = key->data,
                                         .key_len = key->len,
                                         .small_records = 1};

    return tls_config_client_new(out, &o);
}
