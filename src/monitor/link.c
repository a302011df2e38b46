/* The hub's end of an agent's link. A link lives on one loop; the table may ask from another thread
 * that it be cut. */
#include "monitor/link.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "edge/edge.h"
#include "monitor/internal.h"
#include "monitor/sample.h"
#include "net/stream.h"

enum {
    IDLE_MS = 60000,
    BURST_MS = 10000,
    BURST_FRAMES = 64 /* a link that says more than this in BURST_MS is cut */
};

struct host_link {
    _Atomic int refs; /* the stream's, and one for each cut under way */
    struct net_loop *loop;
    struct net_stream *stream; /* NULL: closed */
    char id[DEVICE_ID_SIZE];
    struct sk_buf in;
    struct host_facts facts;
    int has_hello;
    int64_t burst_until_ms;
    unsigned burst;
};

static void link_drop(struct host_link *l)
{
    if (atomic_fetch_sub(&l->refs, 1) != 1)
        return;
    sk_buf_fini(&l->in);
    free(l);
}

static void cut_cb(void *arg)
{
    struct host_link *l = arg;

    if (l->stream)
        net_stream_abort(l->stream, -SK_EDENIED);
    link_drop(l);
}

void host_link_cut(struct host_link *l)
{
    atomic_fetch_add(&l->refs, 1);
    net_loop_post(l->loop, cut_cb, l);
}

static int frame_send(struct host_link *l, enum agent_frame type, const uint64_t *words,
                      size_t count)
{
    struct sk_buf out, payload;

    sk_buf_init(&out, 64);
    sk_buf_init(&payload, 32);
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        err = sk_buf_add_u64(&payload, words[i]);
    if (!err)
        err = agent_frame_write(&out, type, payload.data, payload.len);
    if (!err)
        err = net_stream_write(l->stream, out.data, out.len);
    sk_buf_fini(&payload);
    sk_buf_fini(&out);
    return err;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int64_t wall_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t); /* allow clock_gettime: microseconds, for the exchange */
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int on_hello(struct host_link *l, const uint8_t *p, size_t len)
{
    const uint64_t now = (uint64_t)sk_clock_wall_ms();
    json_t *o = NULL;
    int err = sk_json_parse(&o, p, len);

    if (!err)
        err = hello_parse(o, &l->facts);
    json_decref(o);
    if (err)
        return err;
    l->has_hello = 1;
    hosts_facts_set(l->id, &l->facts);
    return frame_send(l, AGENT_WELCOME, &now, 1);
}

static int on_facts(struct host_link *l, const uint8_t *p, size_t len)
{
    struct host_facts f = l->facts;
    json_t *o = NULL;
    int err = sk_json_parse(&o, p, len);

    memset(f.services, 0, sizeof(f.services));
    memset(f.disks, 0, sizeof(f.disks));
    memset(f.cards, 0, sizeof(f.cards));
    if (!err)
        err = facts_parse(o, &f);
    json_decref(o);
    if (err)
        return err;
    l->facts = f;
    hosts_facts_set(l->id, &l->facts);
    return 0;
}

/* All of a frame is read before any of it is believed. */
static int on_samples(struct host_link *l, const uint8_t *p, size_t len)
{
    struct monitor_sample *s = malloc(AGENT_SAMPLES_MAX * sizeof(*s));
    size_t count = 0, at = 0;
    uint64_t newest = 0;
    int err = s ? 0 : -SK_ENOMEM;

    while (!err && at < len)
        err = count == AGENT_SAMPLES_MAX ? -SK_ETOOBIG : sample_read(p, len, &at, &s[count++]);
    if (!err) {
        (void)hosts_samples(l->id, s, count, sk_clock_wall_ms());
        newest = count ? (uint64_t)s[count - 1].slot : 0; /* also what was refused is done with */
        err = frame_send(l, AGENT_ACK, &newest, 1);
    }
    free(s);
    return err;
}

static int on_clock(struct host_link *l, const uint8_t *p, size_t len, int64_t came_us)
{
    if (len != 8)
        return -SK_EINVAL;
    const uint64_t words[3] = {sk_get_u64(p), (uint64_t)came_us, (uint64_t)wall_us()};
    return frame_send(l, AGENT_CLOCK_ANSWER, words, 3);
}

static int on_frame(struct host_link *l, uint8_t type, const uint8_t *p, size_t len,
                    int64_t came_us)
{
    int64_t now_ms = net_loop_now_ms(l->loop);

    if (now_ms >= l->burst_until_ms) {
        l->burst_until_ms = now_ms + BURST_MS;
        l->burst = 0;
    }
    if (++l->burst > BURST_FRAMES)
        return -SK_ELIMIT;
    if (type == AGENT_HELLO)
        return l->has_hello ? -SK_EINVAL : on_hello(l, p, len);
    if (!l->has_hello)
        return -SK_EINVAL;
    switch (type) {
    case AGENT_SAMPLES:
        return on_samples(l, p, len);
    case AGENT_CLOCK_ASK:
        return on_clock(l, p, len, came_us);
    case AGENT_FACTS:
        return on_facts(l, p, len);
    default:
        return -SK_EINVAL;
    }
}

/* ---- the stream ------------------------------------------------------------------------------ */

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct host_link *l = net_stream_user(s);
    int64_t came_us = wall_us();
    const uint8_t *payload;
    size_t payload_len, size;
    uint8_t type;
    int err = sk_buf_add(&l->in, data, len);

    net_stream_set_read_deadline(s, net_loop_now_ms(l->loop) + IDLE_MS);
    while (!err && (err = agent_frame_read(&l->in, &type, &payload, &payload_len, &size)) == 0) {
        err = on_frame(l, type, payload, payload_len, came_us);
        sk_buf_consume(&l->in, size);
    }
    if (err && err != -SK_EAGAIN) {
        metric_refused("monitor", err == -SK_ELIMIT ? "agent-flood" : "agent-frame");
        log_info("monitor", "agent-cut", "host=%s reason=%s", l->id, sk_error_slug(err));
        net_stream_abort(s, err);
    }
}

static void on_close(struct net_stream *s, int reason)
{
    struct host_link *l = net_stream_user(s);

    (void)reason;
    l->stream = NULL;
    hosts_link_drop(l->id, l);
    link_drop(l);
}

int host_link_take(void *ctx, struct net_stream *s, const struct edge_peer *peer)
{
    static const struct net_stream_ops ops = {.on_data = on_data, .on_close = on_close};
    struct host_link *l = sk_alloc(sizeof(*l));

    (void)ctx;
    atomic_init(&l->refs, 1);
    l->loop = net_stream_loop(s);
    l->stream = s;
    memcpy(l->id, peer->device, sizeof(l->id));
    sk_buf_init(&l->in, AGENT_FRAME_MAX + AGENT_HEAD_SIZE + 16384);
    net_stream_set_ops(s, &ops, l);
    net_stream_set_read_deadline(s, net_loop_now_ms(l->loop) + IDLE_MS);
    /* Not 0: the edge aborts the stream, and on_close frees. */
    return hosts_link_set(l->id, l, peer->source);
}
