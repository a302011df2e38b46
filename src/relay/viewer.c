/* Viewers on `/ws/live`. Everything of one socket happens on its loop. A viewer that cannot keep up
 * loses whole units until the next keyframe; nobody else notices. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "device/device.h"
#include "edge/edge.h"
#include "relay/internal.h"
#include "wire/codes.h"

enum {
    READY_MAX = 64,          /* cameras on one socket */
    SUBSCRIPTIONS_MAX = 128, /* streams on one socket */
    SKIP_ABOVE_BYTES = 512 * 1024,
    SKIP_AFTER_MS = 1000, /* the queue has not been empty for so long: its reader is too slow */
    QUEUE_MAX = 12 << 20, /* one group must fit */
    STALL_MS = CACHE_LIMIT_MS - 2 * CACHE_SWEEP_MS,
    TEXT_MAX = 256,
    FRAME_MAX = WIRE_RELAY_HEAD_BYTES + 65536
};

struct ready {
    struct hub *hub;
    char code[DEVICE_CODE_SIZE];
    uint16_t rights; /* of that code */
    struct ready *next;
};

struct subscription {
    struct viewer *viewer;
    struct stream *stream;
    struct subscription *next, **at; /* in the stream's list of this loop */
    struct subscription *sibling;    /* in the viewer's list */
    const struct ready *ready;       /* of its camera; lives longer */
    uint64_t next_number;            /* units before it were in the snapshot */
    uint32_t skipped;
    uint32_t credit;          /* playback: what this viewer can still take */
    int is_again;             /* playback: another socket had it, what he can take is not known */
    int wait_key, is_refused; /* is_refused: a kind that the code has no right to */
    struct unit *init_sent;   /* identity only, never read: which INIT this viewer has */
};

/* An id that was asked for before its camera sent anything. */
struct pending {
    uint32_t id;
    uint32_t credit; /* given at once: it is a playback */
    struct pending *next;
};

struct viewer {
    struct edge_ws *ws;
    struct net_loop *loop;
    int index;
    struct ready *ready;
    struct subscription *subscriptions;
    struct pending *pending;
    unsigned ready_count, subscription_count, pending_count;
    int64_t queued_since_ms; /* birth of the oldest unit that may still be queued; 0 = none */
    int is_closing;
    struct viewer *next, **at; /* all viewers of the loop */
};

static struct {
    struct net_loops *loops;
    struct viewer *first[RELAY_LOOPS_MAX]; /* each on its loop's thread only */
    struct net_timer sweep[RELAY_LOOPS_MAX];
} viewers;

static void viewer_close(struct viewer *v, uint16_t code, const char *reason)
{
    if (v->is_closing)
        return;
    v->is_closing = 1;
    edge_ws_close(v->ws, code, reason);
}

static void control_send(struct viewer *v, enum wire_relay_kind kind, uint32_t stream,
                         const void *payload, size_t len)
{
    uint8_t out[WIRE_RELAY_HEAD_BYTES + 16];
    size_t total = wire_relay_control(out, kind, stream, payload, len);

    if (!v->is_closing && edge_ws_send_binary(v->ws, out, total))
        viewer_close(v, 4429, "too slow");
}

static void text_send(struct viewer *v, const char *word, const char *name, const char *value)
{
    json_t *answer = json_object(), *inner = json_object();
    size_t len;

    sk_json_set_str(inner, name, value);
    json_object_set_new(answer, word, inner);
    char *text = sk_json_text(answer, &len);
    if (text && edge_ws_send_text(v->ws, text, len))
        viewer_close(v, 4429, "too slow");
    free(text);
    json_decref(answer);
}

/* ---- subscriptions --------------------------------------------------------------------------- */

/* Takes it out of the stream's list; the viewer's list is the caller's. */
static void subscription_detach(struct subscription *sub)
{
    struct loop_list *list = &sub->stream->loops[sub->viewer->index];

    *sub->at = sub->next;
    if (sub->next)
        sub->next->at = sub->at;
    atomic_fetch_sub(&list->count, 1);
    sub->viewer->subscription_count--;
    if (sub->stream->is_play)
        stream_release(sub->stream, sub->viewer);
    stream_drop(sub->stream);
    free(sub);
}

static void subscriptions_remove(struct viewer *v, uint32_t stream_id, const struct hub *hub)
{
    for (struct subscription **at = &v->subscriptions; *at;) {
        struct subscription *sub = *at;
        if ((!stream_id || sub->stream->id == stream_id) && (!hub || sub->stream->hub == hub)) {
            *at = sub->sibling;
            subscription_detach(sub);
        } else {
            at = &sub->sibling;
        }
    }
}

static int unit_send(struct viewer *v, struct stream *s, struct unit *u)
{
    int err = edge_ws_send_packet(v->ws, &u->packet);

    if (err)
        return err;
    hub_bytes_out(s->hub, u->packet.len);
    if (!v->queued_since_ms && !(u->head.flags & WIRE_RELAY_INIT))
        v->queued_since_ms = u->born_ms;
    if (edge_ws_queued_bytes(v->ws) == 0)
        v->queued_since_ms = 0;
    return 0;
}

/* Which right a kind needs: the camera gives no key without it, the server no bytes. */
static int kind_is_granted(struct subscription *sub, uint8_t kind)
{
    static const uint16_t needs[] = {
        [WIRE_RELAY_VIDEO] = WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_LIVE_SUB,
        [WIRE_RELAY_AUDIO] = WIRE_RIGHT_LISTEN,
        [WIRE_RELAY_METADATA] = WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_LIVE_SUB,
        [WIRE_RELAY_SNAPSHOT] = WIRE_RIGHT_SNAPSHOT,
        [WIRE_RELAY_PLAYBACK] = WIRE_RIGHT_PLAYBACK};
    uint8_t reason = WIRE_CUT_REVOKED;

    if (kind < sizeof(needs) / sizeof(needs[0]) && (sub->ready->rights & needs[kind]))
        return 1;
    if (!sub->is_refused) {
        metric_refused("relay", "kind-right");
        control_send(sub->viewer, WIRE_RELAY_CUT, sub->stream->id, &reason, 1);
    }
    sub->is_refused = 1;
    return 0;
}

static int is_behind(const struct viewer *v)
{
    return v->queued_since_ms && edge_ws_queued_bytes(v->ws) > 0 &&
           sk_clock_mono_ms() - v->queued_since_ms >= SKIP_AFTER_MS;
}

static void skip(struct subscription *sub)
{
    if (!sub->wait_key)
        metric_add(metric_get("skep_relay_slow_viewer_skips_total", ""), 1);
    sub->wait_key = 1;
    sub->skipped++;
}

/* Back in step at a KEY unit: tell how much was left out, and send INIT again if it changed. */
static int skip_end(struct subscription *sub)
{
    struct viewer *v = sub->viewer;
    uint8_t count[4];
    int err = 0;

    struct unit *init = stream_init(sub->stream);
    if (init && init != sub->init_sent) {
        err = unit_send(v, sub->stream, init);
        sub->init_sent = init;
    }
    unit_drop(init);
    if (!err && sub->skipped) {
        sk_put_u32(count, sub->skipped);
        control_send(v, WIRE_RELAY_SKIPPED, sub->stream->id, count, sizeof(count));
    }
    sub->skipped = 0;
    sub->wait_key = 0;
    return err;
}

static void cut_send(struct viewer *v, uint32_t id, uint8_t reason)
{
    control_send(v, WIRE_RELAY_CUT, id, &reason, 1);
}

/* Nothing is left out of a playback: a unit goes, or it was the last one. */
static void play_deliver(struct subscription *sub, struct unit *u)
{
    int is_over = u->packet.len > sub->credit;

    if (sub->is_refused)
        return;
    if (is_over)
        metric_refused("relay", "playback-credit");
    else
        sub->credit -= (uint32_t)u->packet.len;
    if (is_over || unit_send(sub->viewer, sub->stream, u)) {
        sub->is_refused = 1;
        cut_send(sub->viewer, sub->stream->id, WIRE_CUT_LIMIT);
    }
}

static void subscription_deliver(struct subscription *sub, struct unit *u)
{
    struct viewer *v = sub->viewer;
    int is_key = (u->head.flags & WIRE_RELAY_KEY) != 0;

    if (v->is_closing || u->number < sub->next_number || !kind_is_granted(sub, u->head.kind))
        return;
    if (sub->stream->is_play) {
        play_deliver(sub, u);
        return;
    }
    if (u->head.flags & WIRE_RELAY_INIT) {
        sub->wait_key = 1; /* the group behind it begins with a KEY unit */
        sub->init_sent = NULL;
        return;
    }
    if ((sub->wait_key && (!is_key || edge_ws_queued_bytes(v->ws) > SKIP_ABOVE_BYTES / 8)) ||
        edge_ws_queued_bytes(v->ws) > SKIP_ABOVE_BYTES || is_behind(v)) {
        skip(sub);
        return;
    }
    if ((sub->wait_key && skip_end(sub)) || unit_send(v, sub->stream, u))
        skip(sub);
}

/* The stream has had its last unit. */
static void subscriptions_end(struct stream *s, int index)
{
    struct subscription *sub;

    while ((sub = s->loops[index].first) != NULL)
        subscriptions_remove(sub->viewer, s->id, s->hub);
}

void viewers_deliver(struct stream *s, int index, struct unit *u)
{
    struct subscription *next;

    for (struct subscription *sub = s->loops[index].first; sub; sub = next) {
        next = sub->next;
        subscription_deliver(sub, u);
    }
    if (u->head.flags & WIRE_RELAY_END)
        subscriptions_end(s, index);
}

void viewers_cut(struct stream *s, int index, uint8_t reason)
{
    struct subscription *sub;

    while ((sub = s->loops[index].first) != NULL) {
        struct viewer *v = sub->viewer;
        control_send(v, WIRE_RELAY_CUT, s->id, &reason, 1);
        subscriptions_remove(v, s->id, s->hub);
    }
}

static void snapshot_send(struct subscription *sub)
{
    struct unit **units = sk_alloc((CACHE_UNITS_MAX + 1) * sizeof(struct unit *));
    size_t n = stream_snapshot(sub->stream, units, &sub->next_number);
    int err = 0;

    sub->wait_key = n == 0;
    if (n > 0)
        sub->init_sent = units[0];
    for (size_t i = 0; i < n; i++) {
        if (sub->stream->is_play)
            play_deliver(sub, units[i]);
        else if (!err && kind_is_granted(sub, units[i]->head.kind))
            err = unit_send(sub->viewer, sub->stream, units[i]);
        unit_drop(units[i]);
    }
    if (err)
        sub->wait_key = 1;
    free(units);
}

static const struct ready *viewer_ready(const struct viewer *v, const struct hub *hub)
{
    const struct ready *r = v->ready;

    while (r && r->hub != hub)
        r = r->next;
    return r;
}

/* Takes over the reference of `s`. */
static void subscription_add(struct viewer *v, struct stream *s, uint32_t credit)
{
    struct subscription *sub = sk_alloc(sizeof(*sub));
    struct loop_list *list = &s->loops[v->index];

    sub->viewer = v;
    sub->stream = s;
    sub->ready = viewer_ready(v, s->hub);
    sub->credit = credit;
    SK_ASSERT(sub->ready);
    sub->next = list->first;
    sub->at = &list->first;
    if (sub->next)
        sub->next->at = &sub->next;
    list->first = sub;
    sub->sibling = v->subscriptions;
    v->subscriptions = sub;
    v->subscription_count++;
    atomic_fetch_add(&list->count, 1); /* from here on units are posted to this loop */
    snapshot_send(sub);
}

static struct pending *pending_find(const struct viewer *v, uint32_t id)
{
    struct pending *p = v->pending;

    while (p && p->id != id)
        p = p->next;
    return p;
}

static int pending_remove(struct viewer *v, uint32_t id)
{
    for (struct pending **at = &v->pending; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            struct pending *p = *at;
            *at = p->next;
            free(p);
            v->pending_count--;
            return 1;
        }
    return 0;
}

static void pending_add(struct viewer *v, uint32_t id)
{
    struct pending *p = sk_alloc(sizeof(*p));

    *p = (struct pending){.id = id, .next = v->pending};
    v->pending = p;
    v->pending_count++;
}

/* A playback is the first comer's who may have it. */
static int play_claim(struct viewer *v, struct stream *s, int has_credit)
{
    const struct ready *r = viewer_ready(v, s->hub);
    const char *why = !(r->rights & WIRE_RIGHT_PLAYBACK) ? "kind-right"
                      : !has_credit                      ? "playback-credit"
                      : stream_claim(s, v)               ? "playback-taken"
                                                         : NULL;

    if (!why)
        return 1;
    metric_refused("relay", why);
    cut_send(v, s->id, r->rights & WIRE_RIGHT_PLAYBACK ? WIRE_CUT_LIMIT : WIRE_CUT_REVOKED);
    return 0;
}

static void viewer_appear(struct viewer *v, struct stream *s, struct unit *first)
{
    int is_kept = (first->head.flags & (WIRE_RELAY_NOCACHE | WIRE_RELAY_END)) == 0;
    const struct pending *p = pending_find(v, s->id);
    uint32_t credit = p ? p->credit : 0;

    if (!p)
        return;
    pending_remove(v, s->id);
    if (s->is_play && !play_claim(v, s, credit != 0))
        return;
    atomic_fetch_add(&s->refs, 1);
    subscription_add(v, s, credit);
    if (!is_kept && !s->is_play && kind_is_granted(v->subscriptions, first->head.kind) &&
        unit_send(v, s, first))
        skip(v->subscriptions);
}

void viewers_appear(struct stream *s, int index, struct unit *first)
{
    for (struct viewer *v = viewers.first[index]; v; v = v->next)
        if (!v->is_closing && viewer_ready(v, s->hub))
            viewer_appear(v, s, first);
    if (first->head.flags & WIRE_RELAY_END)
        subscriptions_end(s, index);
}

/* ---- playback: credit ------------------------------------------------------------------------ */

static void early_credit(const struct viewer *v, const struct pending *p)
{
    for (const struct ready *r = v->ready; r; r = r->next)
        if (r->rights & WIRE_RIGHT_PLAYBACK)
            hub_play_credit(r->hub, p->id, p->credit, 1);
}

/* The viewer can take `bytes` more: to the camera that sends this playback, or, before it has sent
 * anything, to all that might be meant. NULL, or why not. */
static const char *credit(struct viewer *v, uint32_t id, uint32_t bytes)
{
    struct subscription *sub = v->subscriptions;
    struct pending *p = pending_find(v, id);

    while (sub && sub->stream->id != id)
        sub = sub->sibling;
    if (bytes < PLAY_CREDIT_MIN)
        return "credit-small";
    if (sub && sub->is_again) {
        sub->is_again = 0; /* its camera bounds it */
        hub_play_credit(sub->stream->hub, id, bytes, 0);
        return NULL;
    }
    if (sub && sub->stream->is_play) {
        uint32_t room = PLAY_WINDOW_MAX - sub->credit;
        bytes = bytes < room ? bytes : room;
        sub->credit += bytes;
        if (bytes)
            hub_play_credit(sub->stream->hub, id, bytes, 0);
        return NULL;
    }
    if (sub || !p || p->credit)
        return "credit-stream";
    p->credit = bytes < PLAY_WINDOW_MAX ? bytes : PLAY_WINDOW_MAX;
    early_credit(v, p);
    return NULL;
}

void viewers_uplink(struct hub *hub, int index)
{
    for (struct viewer *v = viewers.first[index]; v; v = v->next) {
        const struct ready *r = viewer_ready(v, hub);
        if (!r || v->is_closing || !(r->rights & WIRE_RIGHT_PLAYBACK))
            continue;
        for (const struct pending *p = v->pending; p; p = p->next)
            if (p->credit)
                hub_play_credit(hub, p->id, p->credit, 1);
    }
}

/* ---- subscribing ----------------------------------------------------------------------------- */

/* The id was learned from the camera over the sealed channel; whichever of the socket's cameras
 * sends it is meant. None may have sent it yet: then it is kept until one does. */
static void subscribe(struct viewer *v, uint32_t id)
{
    struct stream *s = NULL;

    subscriptions_remove(v, id, NULL);
    pending_remove(v, id);
    if (v->subscription_count + v->pending_count >= SUBSCRIPTIONS_MAX) {
        uint8_t reason = WIRE_CUT_LIMIT;
        metric_refused("relay", "subscription-limit");
        control_send(v, WIRE_RELAY_CUT, id, &reason, 1);
        return;
    }
    for (struct ready *r = v->ready; r && !s; r = r->next) {
        hub_open(r->hub); /* an uplink may have gone since the camera was made ready */
        s = hub_stream_find(r->hub, id);
    }
    if (s && s->is_play && !play_claim(v, s, 1)) {
        stream_drop(s);
        return;
    }
    if (s) {
        subscription_add(v, s, s->is_play ? PLAY_WINDOW_MAX : 0);
        v->subscriptions->is_again = v->subscriptions->stream->is_play;
        return;
    }
    pending_add(v, id);
    /* A snapshot waits at its camera until somebody is there to take it. */
    for (struct ready *r = v->ready; r; r = r->next)
        hub_keyreq(r->hub, id);
}

/* To the camera that gave CREDIT for this id, of those that this socket has made ready with the
 * right to talk. Whether it is this viewer's own talk only the camera can tell: by the key. */
static const char *talk(struct viewer *v, uint32_t id, const uint8_t *frame, size_t len)
{
    struct ready *r = v->ready;

    if (len > WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_TALK_MAX)
        return "talk-size";
    while (r && !hub_talk_is(r->hub, id))
        r = r->next;
    if (!r)
        return "talk-stream";
    if (!(r->rights & WIRE_RIGHT_TALK))
        return "talk-right";
    return hub_talk(r->hub, id, frame, len) ? "talk-credit" : NULL;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void protocol_error(struct viewer *v, const char *reason)
{
    metric_refused("relay", reason);
    viewer_close(v, 1002, reason);
}

static void on_binary(void *self, const uint8_t *data, size_t len)
{
    struct viewer *v = self;
    struct wire_relay_head h;
    const char *refused;

    if (v->is_closing)
        return;
    if (wire_relay_decode_whole(&h, data, len)) {
        protocol_error(v, "malformed");
        return;
    }
    switch (h.kind) {
    case WIRE_RELAY_SUBSCRIBE:
        subscribe(v, h.stream);
        break;
    case WIRE_RELAY_UNSUBSCRIBE:
        subscriptions_remove(v, h.stream, NULL);
        pending_remove(v, h.stream);
        break;
    case WIRE_RELAY_CREDIT:
        refused = credit(v, h.stream, sk_get_u32(data + WIRE_RELAY_HEAD_BYTES));
        if (refused)
            metric_refused("relay", refused); /* without effect; the socket goes on */
        break;
    case WIRE_RELAY_PING:
        control_send(v, WIRE_RELAY_PONG, 0, data + WIRE_RELAY_HEAD_BYTES, 8);
        break;
    case WIRE_RELAY_TALK:
        refused = talk(v, h.stream, data, len);
        if (refused)
            metric_refused("relay", refused); /* dropped; the socket goes on */
        break;
    default:
        protocol_error(v, "frame-kind");
    }
}

static int viewer_has(const struct viewer *v, const char *device)
{
    for (const struct ready *r = v->ready; r; r = r->next)
        if (strcmp(r->hub->device, device) == 0)
            return 1;
    return 0;
}

static const char *code_take(struct viewer *v, const char *code, char device[DEVICE_ID_SIZE])
{
    const uint16_t media = WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_LIVE_SUB | WIRE_RIGHT_LISTEN |
                           WIRE_RIGHT_TALK | WIRE_RIGHT_PLAYBACK | WIRE_RIGHT_SNAPSHOT;
    struct device_grant grant;

    if (device_code_check(code, edge_ws_principal(v->ws), sk_clock_mono_ms(), &grant) ||
        !(grant.rights & media))
        return "code";
    memcpy(device, grant.device, DEVICE_ID_SIZE);
    if (!viewer_has(v, grant.device) && v->ready_count == READY_MAX)
        return "limit";
    struct ready *r = sk_alloc(sizeof(*r));
    if (sk_copy(r->code, sizeof(r->code), code)) {
        free(r);
        return "code";
    }
    if (viewer_has(v, grant.device)) { /* a newer code takes the place of the older one */
        for (struct ready *old = v->ready; old; old = old->next)
            if (strcmp(old->hub->device, grant.device) == 0) {
                memcpy(old->code, r->code, sizeof(old->code));
                old->rights = grant.rights;
                hub_open(old->hub);
            }
        free(r);
        return NULL;
    }
    r->rights = grant.rights;
    r->hub = hub_enter(grant.device);
    r->next = v->ready;
    v->ready = r;
    v->ready_count++;
    return NULL;
}

static void on_text(void *self, const char *text, size_t len)
{
    static const char *const members[] = {"code", NULL};
    struct viewer *v = self;
    char device[DEVICE_ID_SIZE];
    const char *code;
    json_t *body;

    if (v->is_closing)
        return;
    if (sk_json_parse(&body, text, len)) {
        protocol_error(v, "malformed");
        return;
    }
    if (sk_json_only(body, members) || sk_json_str(body, "code", DEVICE_CODE_SIZE - 1, &code)) {
        protocol_error(v, "malformed");
    } else {
        const char *reason = code_take(v, code, device);
        if (reason)
            metric_refused("relay", reason);
        text_send(v, reason ? "refused" : "ready", reason ? "reason" : "device",
                  reason ? reason : device);
    }
    json_decref(body);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void *on_open(struct edge_ws *ws, const struct principal *p)
{
    struct viewer *v = sk_alloc(sizeof(*v));

    (void)p;
    v->ws = ws;
    v->loop = edge_ws_loop(ws);
    v->index = loop_index(v->loop);
    SK_ASSERT(v->index >= 0);
    v->next = viewers.first[v->index];
    v->at = &viewers.first[v->index];
    if (v->next)
        v->next->at = &v->next;
    viewers.first[v->index] = v;
    return v;
}

static void ready_remove(struct viewer *v, struct ready **at)
{
    struct ready *r = *at;

    *at = r->next;
    v->ready_count--;
    hub_leave(r->hub);
    sk_wipe(r, sizeof(*r));
    free(r);
}

static void on_close(void *self)
{
    struct viewer *v = self;

    subscriptions_remove(v, 0, NULL);
    while (v->pending)
        pending_remove(v, v->pending->id);
    while (v->ready)
        ready_remove(v, &v->ready);
    *v->at = v->next;
    if (v->next)
        v->next->at = v->at;
    free(v);
}

static void on_drain(void *self)
{
    struct viewer *v = self;

    v->queued_since_ms = 0;
}

/* ---- looking after all of a loop ------------------------------------------------------------- */

static void viewer_recheck(struct viewer *v)
{
    for (struct ready **at = &v->ready; *at;) {
        struct hub *hub = (*at)->hub;
        if (device_code_is_live((*at)->code)) {
            at = &(*at)->next;
            continue;
        }
        uint8_t reason = WIRE_CUT_REVOKED;
        for (struct subscription *sub = v->subscriptions; sub; sub = sub->sibling)
            if (sub->stream->hub == hub)
                control_send(v, WIRE_RELAY_CUT, sub->stream->id, &reason, 1);
        subscriptions_remove(v, 0, hub);
        ready_remove(v, at);
    }
}

static void recheck_run(void *arg)
{
    struct viewer *next;

    for (struct viewer *v = viewers.first[*(const int *)arg]; v; v = next) {
        next = v->next;
        viewer_recheck(v);
    }
    free(arg);
}

void viewers_recheck(void)
{
    for (unsigned i = 0; i < net_loops_count(viewers.loops); i++) {
        int *index = sk_alloc(sizeof(*index));
        *index = (int)i;
        net_loop_post(net_loops_at(viewers.loops, i), recheck_run, index);
    }
}

static void on_sweep(struct net_timer *t, void *arg)
{
    struct viewer *next;
    int64_t now_ms = sk_clock_mono_ms();

    for (struct viewer *v = *(struct viewer **)arg; v; v = next) {
        next = v->next;
        if (edge_ws_queued_bytes(v->ws) == 0)
            v->queued_since_ms = 0;
        if (v->queued_since_ms && now_ms - v->queued_since_ms >= STALL_MS) {
            metric_refused("relay", "stalled-viewer"); /* else its units would be held too long */
            viewer_close(v, 4408, "stalled");
        }
    }
    net_timer_set_in(t, CACHE_SWEEP_MS);
}

static void sweep_start(void *arg)
{
    struct net_timer *t = arg;

    net_timer_set_in(t, CACHE_SWEEP_MS);
}

void viewers_start(struct net_loops *loops)
{
    static const struct edge_ws_endpoint endpoint = {.path = "/ws/live",
                                                     .subprotocol = "skep.live.1",
                                                     .permission = "view.open",
                                                     .text_max_bytes = TEXT_MAX,
                                                     .binary_max_bytes = FRAME_MAX,
                                                     .queue_max_bytes = QUEUE_MAX,
                                                     .on_open = on_open,
                                                     .on_text = on_text,
                                                     .on_binary = on_binary,
                                                     .on_drain = on_drain,
                                                     .on_close = on_close};

    viewers.loops = loops;
    edge_ws_endpoint_add(&endpoint);
    for (unsigned i = 0; i < net_loops_count(loops); i++) {
        net_timer_init(&viewers.sweep[i], net_loops_at(loops, i), on_sweep, &viewers.first[i]);
        net_loop_post(net_loops_at(loops, i), sweep_start, &viewers.sweep[i]);
    }
}
