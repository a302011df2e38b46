/* Media at the viewer: key records, relay frames, subscriptions, freshness (sealed.md 4.2-4.5). */
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "crypto/wipe.h"
#include "sdk/viewer_internal.h"

struct viewer_stream *viewer_stream_find(struct sdk_viewer *v, uint32_t id)
{
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        if (id != 0 && v->streams[i].info.id == id)
            return &v->streams[i];
    return NULL;
}

struct viewer_stream *viewer_stream_need(struct sdk_viewer *v, uint32_t id)
{
    struct viewer_stream *st = viewer_stream_find(v, id);

    for (unsigned i = 0; st == NULL && i < STREAMS_MAX; i++)
        if (v->streams[i].info.id == 0) {
            st = &v->streams[i];
            memset(st, 0, sizeof *st);
            st->info.id = id;
        }
    return st;
}

static void stream_drop(struct viewer_stream *st)
{
    sdk_media_rx_fini(&st->rx);
    memset(st, 0, sizeof *st);
}

void viewer_media_fini(struct sdk_viewer *v)
{
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        stream_drop(&v->streams[i]);
    viewer_talk_fini(v);
    sk_buf_fini_wipe(&v->frame);
    sk_buf_fini_wipe(&v->waiting);
}

void viewer_control_send(struct sdk_viewer *v, enum wire_relay_kind kind, uint32_t stream,
                         const void *payload, size_t len)
{
    uint8_t out[WIRE_RELAY_HEAD_BYTES + 8];

    v->ops->control(v->user, out, wire_relay_control(out, kind, stream, payload, len));
}

void viewer_subscribe(struct sdk_viewer *v, struct viewer_stream *st)
{
    sdk_media_rx_subscribe(&st->rx);
    viewer_control_send(v, WIRE_RELAY_SUBSCRIBE, st->info.id, NULL, 0);
    if (st->kind == WIRE_RELAY_PLAYBACK)
        viewer_play_credit(v, st);
}

void sdk_viewer_resubscribe(struct sdk_viewer *v, int64_t now_ms)
{
    (void)now_ms;
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        if (v->streams[i].is_answered)
            viewer_subscribe(v, &v->streams[i]);
}

static int stream_request(struct sdk_viewer *v, const char *what, uint32_t stream, int64_t now_ms)
{
    json_t *arg = json_object();
    uint32_t id;
    int rc;

    sk_json_set_int(arg, "stream", stream);
    rc = viewer_request(v, R_INTERNAL, "", what, arg, 0, &id, now_ms);
    json_decref(arg);
    return rc;
}

/* Show it no more; a snapshot needs no word to the camera. */
static int stream_leave(struct sdk_viewer *v, struct viewer_stream *st, int64_t now_ms)
{
    uint32_t stream = st->info.id;
    uint8_t kind = st->kind;

    viewer_control_send(v, WIRE_RELAY_UNSUBSCRIBE, stream, NULL, 0);
    stream_drop(st);
    if (kind == WIRE_RELAY_SNAPSHOT)
        return 0;
    return stream_request(v,
                          kind == WIRE_RELAY_AUDIO      ? "audio.stop"
                          : kind == WIRE_RELAY_PLAYBACK ? "play.stop"
                                                        : "live.stop",
                          stream, now_ms);
}

void viewer_stream_drop(struct sdk_viewer *v, struct viewer_stream *st)
{
    viewer_control_send(v, WIRE_RELAY_UNSUBSCRIBE, st->info.id, NULL, 0);
    stream_drop(st);
}

int viewer_stream_stop(struct sdk_viewer *v, uint32_t stream, uint8_t kind, int64_t now_ms)
{
    struct viewer_stream *st = viewer_stream_find(v, stream);

    if (v->state != V_UP)
        return -SK_ECLOSED;
    if (st == NULL || st->kind != kind)
        return -SK_ENOTFOUND;
    return stream_leave(v, st, now_ms);
}

int sdk_viewer_live_stop(struct sdk_viewer *v, uint32_t stream, int64_t now_ms)
{
    return viewer_stream_stop(v, stream, WIRE_RELAY_VIDEO, now_ms);
}

int sdk_viewer_audio_stop(struct sdk_viewer *v, uint32_t stream, int64_t now_ms)
{
    return viewer_stream_stop(v, stream, WIRE_RELAY_AUDIO, now_ms);
}

/* Something was done to this stream on the way: no unit of it is shown any more. */
static void stream_close(struct sdk_viewer *v, struct viewer_stream *st, unsigned code,
                         int64_t now_ms)
{
    json_t *val = json_object();

    v->stats.refused++;
    sk_json_set_int(val, "stream", st->info.id);
    sk_json_set_int(val, "code", code);
    if (stream_leave(v, st, now_ms) < 0)
        v->stats.refused++;
    if (v->ops->event != NULL)
        v->ops->event(v->user, "stream-closed", val);
    json_decref(val);
}

/* ---- keys ---- */
static void frame_open(struct sdk_viewer *v, const uint8_t *frame, size_t len, int may_wait,
                       int64_t now_ms);

static void waiting_replay(struct sdk_viewer *v, int64_t now_ms)
{
    struct sk_buf held = v->waiting;
    size_t at = 0;

    sk_buf_init(&v->waiting, WAITING_MAX);
    v->waiting_until_ms = 0;
    while (at + 4 <= held.len) {
        size_t n = sk_get_u32(held.data + at);

        frame_open(v, held.data + at + 4, n, 1, now_ms);
        at += 4 + n;
    }
    sk_buf_fini(&held);
}

static void keys_take(struct sdk_viewer *v, const struct wire_key_head *h, const uint8_t *content,
                      int64_t now_ms)
{
    uint64_t kids[WIRE_KEY_COUNT_MAX];
    struct wire_key_entry e;

    for (unsigned i = 0; i < h->count; i++) {
        struct viewer_stream *st;

        kids[i] = UINT64_MAX;
        if (wire_key_entry_decode(&e, content, i) < 0) {
            v->stats.refused++;
            continue;
        }
        kids[i] = e.kid;
        st = viewer_stream_need(v, e.stream);
        if (st == NULL || sdk_media_rx_put(&st->rx, &e, now_ms) < 0)
            v->stats.refused++;
    }
    crypto_wipe(&e, sizeof e);
    if ((h->flags & WIRE_KEY_REPLACE_ALL) != 0)
        for (unsigned i = 0; i < STREAMS_MAX; i++)
            sdk_media_rx_keep(&v->streams[i].rx, kids, h->count);
}

void viewer_key_record(struct sdk_viewer *v, const uint8_t *content, size_t len, int64_t now_ms)
{
    struct wire_key_head h;

    if (v->state != V_UP || wire_key_decode(&h, content, len) < 0 ||
        memcmp(h.boot, v->hello.boot, 8) != 0) {
        v->stats.refused++;
        return;
    }
    keys_take(v, &h, content, now_ms);
    if (v->waiting.len > 0)
        waiting_replay(v, now_ms);
}

/* ---- frames ---- */
static void frame_wait(struct sdk_viewer *v, const struct viewer_stream *st, const uint8_t *frame,
                       size_t len, int64_t now_ms)
{
    uint8_t head[4];

    v->stats.unknown_kid++;
    if (v->waiting_until_ms == 0) {
        v->waiting_until_ms = now_ms + WAITING_MS;
        if (stream_request(v, "live.keys", st->info.id, now_ms) < 0)
            v->stats.refused++;
    }
    if (now_ms >= v->waiting_until_ms || v->waiting.len + 4 + len > WAITING_MAX)
        return; /* asked once; skipped until a known KID comes */
    sk_put_u32(head, (uint32_t)len);
    if (sk_buf_add(&v->waiting, head, 4) < 0 || sk_buf_add(&v->waiting, frame, len) < 0)
        sk_buf_reset(&v->waiting);
}

static void unit_give(struct sdk_viewer *v, struct viewer_stream *st,
                      const struct wire_relay_head *h, const uint8_t *data, size_t len)
{
    struct sdk_viewer_unit u = {
        .stream = h->stream, .flags = h->flags, .pts = h->pts, .data = data, .len = len};

    u.kind = h->kind;
    u.frame_len = WIRE_RELAY_HEAD_BYTES + (size_t)h->len;
    if ((h->flags & WIRE_RELAY_INIT) == 0)
        st->shown_pts = h->pts;
    v->stats.units++;
    v->ops->unit(v->user, &u);
    if (h->kind == WIRE_RELAY_SNAPSHOT) /* its key was for this unit alone */
        stream_drop(st);
}

static void frame_open(struct sdk_viewer *v, const uint8_t *frame, size_t len, int may_wait,
                       int64_t now_ms)
{
    struct viewer_stream *st = viewer_stream_find(v, sk_get_u32(frame + 4));
    struct wire_relay_head h;
    uint8_t *data;
    size_t n;
    int rc;

    if (st == NULL || !st->is_answered || st->rx.stream == 0) {
        v->stats.refused++;
        return;
    }
    sk_buf_reset(&v->frame);
    if (sk_buf_add(&v->frame, frame, len) < 0)
        return;
    rc = sdk_media_rx_open(&st->rx, &h, v->frame.data, len, &data, &n, now_ms);
    if (rc < 0 && rc != -SK_EAGAIN) /* never shown: room for others */
        sdk_viewer_played(v, st->info.id, len);
    if (rc == 0)
        unit_give(v, st, &h, data, n);
    else if (rc == -SK_EAGAIN && may_wait)
        frame_wait(v, st, frame, len, now_ms);
    else if (rc == -SK_EREPLAY)
        stream_close(v, st, WIRE_CODE_REPLAY, now_ms);
    else if (rc == -SK_ECRYPTO)
        stream_close(v, st, WIRE_CODE_CRYPTO, now_ms);
}

static void control_handle(struct sdk_viewer *v, const struct wire_relay_head *h,
                           const uint8_t *payload)
{
    json_t *val;

    if (h->kind == WIRE_RELAY_PING)
        viewer_control_send(v, WIRE_RELAY_PONG, 0, payload, 8);
    if (h->kind != WIRE_RELAY_CUT || v->ops->event == NULL)
        return;
    val = json_object();
    sk_json_set_int(val, "stream", h->stream);
    sk_json_set_int(val, "reason", payload[0]);
    v->ops->event(v->user, "cut", val);
    json_decref(val);
}

void sdk_viewer_on_frame(struct sdk_viewer *v, const uint8_t *frame, size_t len, int64_t now_ms)
{
    struct wire_relay_head h;

    if (v->state != V_UP || wire_relay_decode_whole(&h, frame, len) < 0)
        v->stats.refused++;
    else if (wire_relay_is_control(&h))
        control_handle(v, &h, frame + WIRE_RELAY_HEAD_BYTES);
    else
        frame_open(v, frame, len, 1, now_ms);
}

/* ---- freshness ---- */
void viewer_clock(struct sdk_viewer *v, const json_t *val, int64_t now_ms)
{
    int64_t stream, pts;
    struct viewer_stream *st;

    if (sk_json_int(val, "stream", 1, UINT32_MAX, &stream) < 0 ||
        sk_json_int(val, "pts", 0, INT64_C(1) << 53, &pts) < 0)
        return;
    st = viewer_stream_find(v, (uint32_t)stream);
    if (st == NULL)
        return;
    st->clock_ms = now_ms;
    st->clock_pts = (uint64_t)pts;
}

static int is_live(const struct viewer_stream *st)
{
    return st->is_answered && (st->kind == WIRE_RELAY_VIDEO || st->kind == WIRE_RELAY_AUDIO);
}

static void freshness_judge(struct sdk_viewer *v, int64_t now_ms)
{
    int64_t ping = v->channel != NULL ? sdk_channel_ping_ms(v->channel) : -1;
    int64_t behind = -1;

    v->stats.is_delayed = ping >= 0 && now_ms - ping > DELAYED_MS;
    v->stats.is_not_live = ping >= 0 && now_ms - ping > NOT_LIVE_MS;
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        const struct viewer_stream *st = &v->streams[i];
        int64_t ms;

        if (!is_live(st))
            continue;
        if (now_ms - st->clock_ms > NOT_LIVE_MS)
            v->stats.is_not_live = 1;
        if (st->clock_pts == 0)
            continue;
        ms = ((int64_t)st->clock_pts - (int64_t)st->shown_pts) / 90;
        behind = ms > behind ? ms : behind;
    }
    if (behind > DELAYED_MS)
        v->stats.is_delayed = 1;
    v->stats.behind_ms = behind;
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t viewer_media_tick(struct sdk_viewer *v, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    int is_shown = 0;

    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        struct viewer_stream *st = &v->streams[i];
        int64_t due = sdk_media_rx_tick(&st->rx, now_ms);

        if (st->is_answered && st->kind == WIRE_RELAY_SNAPSHOT) {
            due = earliest(due, st->clock_ms + SNAP_MS);
            if (now_ms >= st->clock_ms + SNAP_MS) {
                stream_close(v, st, WIRE_CODE_IDLE, now_ms);
                due = INT64_MAX;
            }
        }
        next = earliest(due, next);
        is_shown |= is_live(st);
    }
    if (v->waiting_until_ms != 0 && now_ms >= v->waiting_until_ms && v->waiting.len > 0)
        sk_buf_fini(&v->waiting);
    if (is_shown) {
        int64_t last = sdk_channel_pinged_ms(v->channel);

        if (now_ms - last >= VIEWER_PING_MS) {
            sdk_channel_ping(v->channel, now_ms);
            last = now_ms;
        }
        next = last + VIEWER_PING_MS < next ? last + VIEWER_PING_MS : next;
    }
    freshness_judge(v, now_ms);
    return next;
}

void sdk_viewer_stats(const struct sdk_viewer *v, struct sdk_viewer_stats *out)
{
    *out = v->stats;
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        out->withheld += v->streams[i].rx.withheld;
        out->stale += v->streams[i].rx.stale;
    }
}
