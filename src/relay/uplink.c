/* The camera's media uplink `skep-media/1` (wire.md 4): relay frames back to back. Frames are
 * assembled straight into the arena; nothing of them is read but the clear header. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "edge/edge.h"
#include "relay/internal.h"
#include "wire/codes.h"

enum {
    HELLO_MS = 10000,
    PING_MS = 20000,
    SILENCE_MS = 60000,
    TICKET_TEXT_MAX = 512,
    ASSEMBLY_MS = CACHE_LIMIT_MS - 2 * CACHE_SWEEP_MS, /* for one unit to come whole */
    RECEIVE_QUEUE_MAX = 64 * 1024
};

struct uplink {
    _Atomic unsigned refs;
    struct net_loop *loop;
    struct net_stream *stream; /* NULL once closed; on the loop's thread only */
    struct hub *hub;           /* after HELLO */
    char source[SOURCE_SIZE];
    uint8_t head[WIRE_RELAY_HEAD_BYTES];
    size_t head_len;
    struct wire_relay_head frame; /* valid when head_len is full */
    struct unit *unit;            /* being filled, media */
    uint8_t control[WIRE_RELAY_CONTROL_MAX];
    size_t body_len;
    struct net_timer ping, assembly;
    int is_closing;
    uint8_t cut_reason;
    _Atomic size_t talk_bytes; /* posted to the loop, not yet written */
};

void uplink_ref(struct uplink *u)
{
    atomic_fetch_add(&u->refs, 1);
}

void uplink_drop(struct uplink *u)
{
    if (atomic_fetch_sub(&u->refs, 1) == 1) {
        sk_wipe(u->control, sizeof(u->control));
        free(u);
    }
}

/* ---- sending --------------------------------------------------------------------------------- */

static void control_write(struct uplink *u, enum wire_relay_kind kind, uint32_t stream,
                          const void *payload, size_t len)
{
    uint8_t out[WIRE_RELAY_HEAD_BYTES + 64];

    SK_ASSERT(len <= 64);
    size_t total = wire_relay_control(out, kind, stream, payload, len);
    if (u->stream && net_stream_write(u->stream, out, total))
        net_stream_abort(u->stream, -SK_ELIMIT);
}

static void uplink_end(struct uplink *u, uint8_t reason)
{
    if (u->is_closing || !u->stream)
        return;
    u->is_closing = 1;
    u->cut_reason = reason;
    control_write(u, WIRE_RELAY_CUT, 0, &reason, 1);
    if (u->stream)
        net_stream_close(u->stream, 1000);
}

struct order {
    struct uplink *uplink;
    enum wire_relay_kind kind;
    uint32_t stream, bytes; /* bytes: CREDIT */
    uint8_t reason;
};

static void order_run(void *arg)
{
    struct order *o = arg;
    uint8_t bytes[4];

    if (o->kind == WIRE_RELAY_CUT)
        uplink_end(o->uplink, o->reason);
    else if (!o->uplink->is_closing && o->kind == WIRE_RELAY_CREDIT) {
        sk_put_u32(bytes, o->bytes);
        control_write(o->uplink, o->kind, o->stream, bytes, sizeof(bytes));
    } else if (!o->uplink->is_closing)
        control_write(o->uplink, o->kind, o->stream, NULL, 0);
    uplink_drop(o->uplink);
    free(o);
}

static void order_post(struct uplink *u, enum wire_relay_kind kind, uint32_t stream, uint32_t bytes,
                       uint8_t reason)
{
    struct order *o = sk_alloc(sizeof(*o));

    uplink_ref(u);
    *o = (struct order){u, kind, stream, bytes, reason};
    net_loop_post(u->loop, order_run, o);
}

void uplink_control(struct uplink *u, enum wire_relay_kind kind, uint32_t stream)
{
    order_post(u, kind, stream, 0, 0);
}

void uplink_cut(struct uplink *u, uint8_t reason)
{
    order_post(u, WIRE_RELAY_CUT, 0, 0, reason);
}

void uplink_credit(struct uplink *u, uint32_t stream, uint32_t bytes)
{
    order_post(u, WIRE_RELAY_CREDIT, stream, bytes, 0);
}

struct utterance {
    struct uplink *uplink;
    size_t len;
    uint8_t frame[];
};

static void utterance_run(void *arg)
{
    struct utterance *t = arg;
    struct uplink *u = t->uplink;

    atomic_fetch_sub(&u->talk_bytes, t->len);
    /* Half of the queue: the rest is for what keeps the uplink alive. */
    if (u->is_closing || !u->stream ||
        net_stream_queued(u->stream) + t->len > RECEIVE_QUEUE_MAX / 2 ||
        net_stream_write(u->stream, t->frame, t->len))
        metric_refused("relay", "talk-queue");
    else
        metric_add(metric_get("skep_relay_talk_bytes_total", ""), (int64_t)t->len);
    uplink_drop(u);
    sk_wipe(t->frame, t->len);
    free(t);
}

int uplink_talk(struct uplink *u, const uint8_t *frame, size_t len)
{
    if (atomic_fetch_add(&u->talk_bytes, len) + len > TALK_QUEUE_BYTES) {
        atomic_fetch_sub(&u->talk_bytes, len);
        return -SK_ELIMIT;
    }
    struct utterance *t = sk_alloc(sizeof(*t) + len);
    uplink_ref(u);
    t->uplink = u;
    t->len = len;
    memcpy(t->frame, frame, len);
    net_loop_post(u->loop, utterance_run, t);
    return 0;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void uplink_refuse(struct uplink *u, const char *reason)
{
    metric_refused("relay", reason);
    log_warn("relay", "uplink-refused", "source=%s device=%s reason=%s", u->source,
             u->hub ? u->hub->device : "", reason);
    uplink_end(u, WIRE_CUT_PROTOCOL);
}

static void on_hello(struct uplink *u)
{
    static const char *const members[] = {"ticket", NULL};
    const char *ticket;
    json_t *body;
    uint32_t link = 0;
    int err = sk_json_parse(&body, u->control, u->frame.len);

    if (!err)
        err = sk_json_only(body, members);
    if (!err)
        err = sk_json_str(body, "ticket", TICKET_TEXT_MAX, &ticket);
    struct hub *hub = err ? NULL : hub_by_ticket(ticket, sk_clock_mono_ms(), &link);
    json_decref(body);
    sk_wipe(u->control, u->frame.len);
    if (!hub) {
        uplink_refuse(u, "ticket");
        return;
    }
    u->hub = hub;
    hub_uplink_set(hub, u, link);
    control_write(u, WIRE_RELAY_WELCOME, 0, NULL, 0);
}

static void control_handle(struct uplink *u)
{
    if (!u->hub) {
        if (u->frame.kind == WIRE_RELAY_HELLO)
            on_hello(u);
        else
            uplink_refuse(u, "no-hello");
        return;
    }
    if (u->frame.kind == WIRE_RELAY_PING)
        control_write(u, WIRE_RELAY_PONG, 0, u->control, u->frame.len);
    else if (u->frame.kind == WIRE_RELAY_CUT)
        uplink_end(u, WIRE_CUT_CAMERA_GONE);
    else if (u->frame.kind == WIRE_RELAY_CREDIT)
        hub_talk_credit(u->hub, u->frame.stream, sk_get_u32(u->control));
    else if (u->frame.kind != WIRE_RELAY_PONG)
        uplink_refuse(u, "control-kind");
}

static void frame_done(struct uplink *u)
{
    struct unit *unit = u->unit;

    u->unit = NULL;
    u->head_len = u->body_len = 0;
    if (wire_relay_is_control(&u->frame)) {
        control_handle(u);
    } else if (unit) {
        hub_bytes_in(u->hub, unit->packet.len);
        stream_publish(u->hub, unit);
    }
}

/* The header has come whole: check it before any memory is taken. */
static int frame_begin(struct uplink *u)
{
    if (wire_relay_decode(&u->frame, u->head)) {
        uplink_refuse(u, "malformed");
        return -SK_EINVAL;
    }
    if (wire_relay_is_control(&u->frame))
        return 0;
    if (!u->hub) {
        uplink_refuse(u, "no-hello");
        return -SK_EINVAL;
    }
    if (u->frame.kind == WIRE_RELAY_TALK ||
        (u->frame.kind == WIRE_RELAY_PLAYBACK && !(u->frame.flags & WIRE_RELAY_NOCACHE))) {
        uplink_refuse(u, "media-kind");
        return -SK_EINVAL;
    }
    u->unit = unit_new(WIRE_RELAY_HEAD_BYTES + u->frame.len,
                       (u->frame.flags & WIRE_RELAY_INIT) != 0, sk_clock_mono_ms());
    if (u->unit) {
        u->unit->head = u->frame;
        memcpy(u->unit->packet.data, u->head, WIRE_RELAY_HEAD_BYTES);
        if (!net_timer_is_set(&u->assembly))
            net_timer_set(&u->assembly, u->unit->born_ms + ASSEMBLY_MS);
    } else {
        stream_lost(u->hub, u->frame.stream, "arena-full"); /* the bytes are read and forgotten */
    }
    return 0;
}

static void body_take(struct uplink *u, const uint8_t *data, size_t len)
{
    if (wire_relay_is_control(&u->frame))
        memcpy(u->control + u->body_len, data, len);
    else if (u->unit)
        memcpy(u->unit->packet.data + WIRE_RELAY_HEAD_BYTES + u->body_len, data, len);
    u->body_len += len;
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct uplink *u = net_stream_user(s);

    if (u->hub)
        net_stream_set_read_deadline(s, net_loop_now_ms(u->loop) + SILENCE_MS);
    while (len > 0 && !u->is_closing) {
        size_t part;
        if (u->head_len < WIRE_RELAY_HEAD_BYTES) {
            part = WIRE_RELAY_HEAD_BYTES - u->head_len;
            part = part < len ? part : len;
            memcpy(u->head + u->head_len, data, part);
            u->head_len += part;
            if (u->head_len == WIRE_RELAY_HEAD_BYTES && frame_begin(u))
                return;
        } else {
            part = u->frame.len - u->body_len;
            part = part < len ? part : len;
            body_take(u, data, part);
        }
        data += part;
        len -= part;
        if (u->head_len == WIRE_RELAY_HEAD_BYTES && u->body_len == u->frame.len)
            frame_done(u);
    }
}

static void on_close(struct net_stream *s, int reason)
{
    struct uplink *u = net_stream_user(s);

    if (reason == -SK_ECRYPTO)
        metric_refused("relay", "tls-record");
    else if (reason == -SK_ETIMEOUT && !u->hub)
        metric_refused("relay", "slow-hello");
    u->stream = NULL;
    u->is_closing = 1;
    net_timer_cancel(&u->ping);
    net_timer_cancel(&u->assembly);
    unit_drop(u->unit);
    u->unit = NULL;
    if (u->hub) {
        log_debug("relay", "uplink-gone", "device=%s reason=%s", u->hub->device,
                  sk_error_text(reason));
        hub_uplink_gone(u->hub, u, WIRE_CUT_CAMERA_GONE);
        hub_drop(u->hub);
        u->hub = NULL;
    }
    uplink_drop(u);
}

static void on_ping(struct net_timer *t, void *arg)
{
    static const uint8_t zeros[8];
    struct uplink *u = arg;

    net_timer_set_in(t, PING_MS); /* first: a write that fails may end the uplink here and now */
    if (u->hub && !u->is_closing)
        control_write(u, WIRE_RELAY_PING, 0, zeros, sizeof(zeros));
}

/* A unit that is announced and does not come: its place is for others, and no byte of it may be
 * held longer than any other. What still comes of it is read and forgotten. */
static void on_assembly(struct net_timer *t, void *arg)
{
    struct uplink *u = arg;

    if (!u->unit)
        return;
    if (net_loop_now_ms(u->loop) < u->unit->born_ms + ASSEMBLY_MS) {
        net_timer_set(t, u->unit->born_ms + ASSEMBLY_MS);
        return;
    }
    unit_drop(u->unit);
    u->unit = NULL;
    stream_lost(u->hub, u->frame.stream, "unit-late");
}

static const struct net_stream_ops uplink_ops = {.on_data = on_data, .on_close = on_close};

int uplink_take(void *ctx, struct net_stream *stream, const struct edge_peer *peer)
{
    struct uplink *u = sk_alloc(sizeof(*u));

    (void)ctx;
    atomic_init(&u->refs, 1);
    u->loop = net_stream_loop(stream);
    u->stream = stream;
    memcpy(u->source, peer->source, sizeof(u->source));
    net_stream_set_ops(stream, &uplink_ops, u);
    net_stream_set_queue_cap(stream, RECEIVE_QUEUE_MAX);
    net_stream_set_read_deadline(stream, net_loop_now_ms(u->loop) + HELLO_MS);
    net_timer_init(&u->assembly, u->loop, on_assembly, u);
    net_timer_init(&u->ping, u->loop, on_ping, u);
    net_timer_set_in(&u->ping, PING_MS);
    return 0;
}
