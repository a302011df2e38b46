/* A playback at work (sealed.md 4.6, docs/design/streams.md): what is on the card, sealed anew for
 * one viewer under a key of its own, one unit at a time as the viewer gives credit. The owner reads
 * the card when `next` asks for a unit; at most one unit waits here. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

enum {
    TICKS_PER_MS = 90,
    IDLE_MS = 10 * 60 * 1000,
    AHEAD_MS = 4000, /* pictures sent ahead of speed x time */
    WINDOW_BYTES = 1 << 20
};

unsigned camera_play_slot(const struct sdk_camera *c, const struct play *p)
{
    return (unsigned)(p - c->plays);
}

struct play *camera_play_by_stream(const struct sdk_camera *c, uint32_t stream)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session != NULL && stream != 0 && c->plays[i].stream == stream)
            return &c->plays[i];
    return NULL;
}

/* The player in this slot, once it is answered. */
struct play *camera_play_at(const struct sdk_camera *c, unsigned slot)
{
    if (c->plays == NULL || slot >= SDK_PLAY_MAX || c->plays[slot].session == NULL)
        return NULL;
    return &c->plays[slot];
}

int camera_play_has(const struct sdk_camera *c, uint32_t stream)
{
    return camera_play_by_stream(c, stream) != NULL;
}

int camera_play_is_of(const struct sdk_camera *c, uint32_t stream, const struct session *s)
{
    const struct play *p = camera_play_by_stream(c, stream);

    return p != NULL && p->session == s;
}

int camera_play_plays(const struct sdk_camera *c, const struct session *s)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session == s)
            return 1;
    return 0;
}

void camera_play_wipe(struct play *p)
{
    sdk_media_key_fini(&p->cur);
    sdk_media_key_fini(&p->next);
    sk_buf_fini_wipe(&p->init);
    sk_buf_fini_wipe(&p->out);
    sk_buf_fini_wipe(&p->held);
    crypto_wipe(p, sizeof *p);
}

void camera_play_close(struct sdk_camera *c, struct play *p)
{
    unsigned slot = camera_play_slot(c, p);

    camera_play_wipe(p);
    c->ops->play->close(c->user, slot);
}

void camera_play_fini(struct sdk_camera *c)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        camera_play_wipe(&c->plays[i]);
    free(c->plays);
    c->plays = NULL;
}

/* ---- events ---- */
static void ended_tell(struct play *p, const char *why, int64_t now_ms)
{
    json_t *val = json_object();

    sk_json_set_int(val, "stream", p->stream);
    sk_json_set_str(val, "why", why);
    command_event(p->session, "play.ended", val, now_ms);
}

/* Tell the viewer that it is over: the answer that it waits for, or an event. */
static void over_tell(struct play *p, const char *error, const char *why, int64_t now_ms)
{
    if (p->state == PLAY_OPENING)
        command_reply_error(p->session, p->request, error, now_ms);
    else
        ended_tell(p, why, now_ms);
}

static void play_over(struct sdk_camera *c, struct play *p, const char *error, const char *why,
                      int64_t now_ms)
{
    over_tell(p, error, why, now_ms);
    camera_play_close(c, p);
}

void camera_play_leave(struct sdk_camera *c, const struct session *s)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session == s)
            camera_play_close(c, &c->plays[i]);
}

void camera_play_deny(struct sdk_camera *c, struct session *s, int64_t now_ms)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session == s)
            play_over(c, &c->plays[i], "denied", "denied", now_ms);
}

void camera_play_lost(struct sdk_camera *c, int64_t now_ms)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session != NULL && c->plays[i].state != PLAY_OPENING)
            play_over(c, &c->plays[i], "internal", "lost", now_ms);
}

/* ---- keys ---- */
unsigned camera_play_entries(const struct sdk_camera *c, const struct session *s,
                             struct wire_key_entry *entries)
{
    unsigned n = 0;

    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++) {
        const struct play *p = &c->plays[i];

        if (p->session != s || p->cur.gcm == NULL)
            continue;
        camera_key_entry(&entries[n++], p->stream, p->cur.kid, p->cur.base_key);
        if (p->next.gcm != NULL)
            camera_key_entry(&entries[n++], p->stream, p->next.kid, p->next.base_key);
    }
    return n;
}

void camera_play_key_make(struct sdk_camera *c, struct play *p, struct sdk_media_key *out,
                          int64_t now_ms)
{
    camera_key_make(c, WIRE_RELAY_PLAYBACK, (uint8_t)(SLOT_PLAY + camera_play_slot(c, p)), out,
                    now_ms);
}

/* A new key goes to the viewer; it is used from the next key picture after `lead_ms` on. Nothing is
 * lost by waiting for that: whoever was removed never had the present key. */
static void key_announce(struct sdk_camera *c, struct play *p, int lead_ms, int is_removal,
                         int64_t now_ms)
{
    camera_play_key_make(c, p, &p->next, now_ms);
    camera_stream_keys(c, p->session, is_removal, now_ms);
    p->switch_from_ms = now_ms + lead_ms;
    p->rotate_ms = camera_rotate_at(now_ms);
}

void camera_play_switch(struct sdk_camera *c, int64_t now_ms)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session != NULL && c->plays[i].state != PLAY_OPENING)
            key_announce(c, &c->plays[i], CAMERA_REVOKE_LEAD_MS, 1, now_ms);
}

int camera_play_key_due(const struct play *p, int64_t now_ms)
{
    return p->next.gcm != NULL && now_ms >= p->switch_from_ms;
}

void camera_play_key_change(struct play *p)
{
    sdk_media_key_fini(&p->cur);
    p->cur = p->next;
    memset(&p->next, 0, sizeof p->next);
    p->needs_init = 1;
}

/* ---- pace ---- */
/* When the next unit may go by the clock; what is sent runs at most AHEAD_MS in front. */
static int64_t ahead_until_ms(const struct play *p)
{
    double ahead_ms = (double)(p->next_pts - p->run_pts) / TICKS_PER_MS - AHEAD_MS;

    return ahead_ms > 0 ? p->run_ms + (int64_t)(ahead_ms / p->speed) : p->run_ms;
}

void camera_play_run(struct play *p, int64_t now_ms)
{
    p->run_pts = p->next_pts;
    p->run_ms = now_ms;
}

/* Ask the owner for a unit, if one could go out now. */
static void unit_ask(struct sdk_camera *c, struct play *p, int64_t now_ms)
{
    if (p->state != PLAY_RUNS || p->is_asked || p->held.len > 0 || p->credit == 0 ||
        !c->uplink_up || now_ms < ahead_until_ms(p))
        return;
    p->is_asked = 1;
    c->ops->play->next(c->user, camera_play_slot(c, p));
}

void sdk_camera_on_credit(struct sdk_camera *c, uint32_t stream, uint32_t bytes, int64_t now_ms)
{
    struct play *p = camera_play_by_stream(c, stream);

    if (p == NULL || p->state == PLAY_OPENING) {
        c->stats.credit_unknown++;
        return;
    }
    p->credit = bytes < WINDOW_BYTES - p->credit ? p->credit + bytes : WINDOW_BYTES;
    unit_ask(c, p, now_ms); /* what is held goes with the tick */
}

/* ---- units ---- */
/* One frame onto the uplink. The owner may end the stream inside ops.frame. */
static int frame_emit(struct sdk_camera *c, struct play *p, uint16_t flags, const struct sk_buf *b,
                      int64_t now_ms)
{
    struct wire_relay_head h = {.kind = WIRE_RELAY_PLAYBACK,
                                .flags = (uint16_t)(flags | WIRE_RELAY_NOCACHE),
                                .stream = p->stream,
                                .pts = p->held_pts};
    int rc = sdk_media_seal(&p->cur, &h, b->data, b->len, &p->out, now_ms);
    struct sk_buf frame = p->out;

    if (rc < 0)
        return rc;
    sk_buf_init(&p->out, frame.max);
    p->credit -= frame.len < p->credit ? frame.len : p->credit;
    p->unit_ms = now_ms;
    c->stats.units++;
    c->stats.play_units += (flags & WIRE_RELAY_INIT) == 0;
    c->ops->frame(c->user, frame.data, frame.len);
    if (p->stream == h.stream) { /* the buffer serves again */
        sk_buf_fini(&p->out);
        p->out = frame;
    } else {
        sk_buf_fini(&frame);
    }
    return 0;
}

static int held_emit(struct sdk_camera *c, struct play *p, int64_t now_ms)
{
    uint16_t disc = p->wants_disc ? WIRE_RELAY_DISC : 0;
    uint32_t stream = p->stream;
    int rc = 0;

    if (p->needs_init)
        rc = frame_emit(c, p, WIRE_RELAY_INIT | disc, &p->init, now_ms);
    if (rc == 0 && p->stream == stream) {
        p->needs_init = 0;
        rc = frame_emit(c, p, (uint16_t)((p->held_is_key ? WIRE_RELAY_KEY : 0) | disc), &p->held,
                        now_ms);
    }
    if (p->stream != stream)
        return -SK_ENOTFOUND;
    if (rc == 0) {
        p->needs_key = p->wants_disc = 0;
        p->next_pts = p->held_pts + p->held_duration;
        sk_buf_reset(&p->held);
    }
    return rc;
}

/* Send what is held if key and credit allow it. */
static void held_try(struct sdk_camera *c, struct play *p, int64_t now_ms)
{
    int changes = p->held_is_key && camera_play_key_due(p, now_ms), rc;
    size_t needs = PLAY_SEAL_BYTES + p->held.len;

    if (p->held.len == 0 || !c->uplink_up)
        return;
    if (p->needs_init || changes)
        needs += PLAY_SEAL_BYTES + p->init.len;
    if (p->credit < needs)
        return;
    if (changes)
        camera_play_key_change(p);
    rc = held_emit(c, p, now_ms);
    if (rc == -SK_ENOTFOUND)
        return;
    if (rc == -SK_ELIMIT) { /* the key is worn out: wait for the next key picture */
        if (p->next.gcm == NULL)
            key_announce(c, p, CAMERA_ANNOUNCE_MS, 0, now_ms);
        return;
    }
    if (rc < 0) {
        play_over(c, p, "internal", "internal", now_ms);
        return;
    }
    unit_ask(c, p, now_ms);
}

int sdk_camera_play_unit(struct sdk_camera *c, unsigned slot, int is_key, uint64_t pts,
                         uint32_t duration, const uint8_t *data, size_t len, int64_t now_ms)
{
    struct play *p = camera_play_at(c, slot);
    int rc;

    if (p == NULL || p->state != PLAY_RUNS || !p->is_asked)
        return -SK_ENOTFOUND;
    if (len == 0 || len > SDK_PLAY_FRAME_MAX - PLAY_SEAL_BYTES)
        return -SK_ETOOBIG;
    if (pts < p->next_pts)
        return -SK_EINVAL;
    p->is_asked = 0;
    if (!is_key && p->needs_key) { /* a group that nobody could begin */
        unit_ask(c, p, now_ms);
        return 0;
    }
    sk_buf_reset(&p->held);
    rc = sk_buf_add(&p->held, data, len);
    if (rc < 0)
        return rc;
    p->held_is_key = is_key != 0;
    p->held_pts = pts;
    p->held_duration = duration;
    camera_enter(c);
    held_try(c, p, now_ms);
    camera_leave(c, now_ms);
    return 0;
}

int sdk_camera_play_gap(struct sdk_camera *c, unsigned slot, int64_t from_ms, int64_t to_ms,
                        int64_t now_ms)
{
    struct play *p = camera_play_at(c, slot);
    json_t *val;

    if (p == NULL || p->state != PLAY_RUNS || !p->is_asked)
        return -SK_ENOTFOUND;
    p->pair_pts = p->next_pts;
    p->pair_wall_ms = to_ms;
    p->needs_init = p->needs_key = p->wants_disc = 1;
    p->is_asked = 0;
    val = json_object();
    sk_json_set_int(val, "stream", p->stream);
    sk_json_set_int(val, "from", from_ms);
    sk_json_set_int(val, "to", to_ms);
    sk_json_set_int(val, "pts", (int64_t)p->pair_pts);
    sk_json_set_int(val, "wall", to_ms);
    camera_enter(c);
    command_event(p->session, "play.gap", val, now_ms);
    unit_ask(c, p, now_ms);
    camera_leave(c, now_ms);
    return 0;
}

int sdk_camera_play_end(struct sdk_camera *c, unsigned slot, int64_t wall_ms, int64_t now_ms)
{
    struct play *p = camera_play_at(c, slot);
    json_t *val;

    if (p == NULL || p->state != PLAY_RUNS || !p->is_asked)
        return -SK_ENOTFOUND;
    p->state = PLAY_AT_END;
    p->is_asked = 0;
    val = json_object();
    sk_json_set_int(val, "stream", p->stream);
    sk_json_set_int(val, "pts", (int64_t)p->next_pts);
    sk_json_set_int(val, "wall", wall_ms);
    camera_enter(c);
    command_event(p->session, "play.end", val, now_ms);
    camera_leave(c, now_ms);
    return 0;
}

void sdk_camera_play_failed(struct sdk_camera *c, unsigned slot, int64_t now_ms)
{
    struct play *p = camera_play_at(c, slot);

    if (p == NULL)
        return;
    camera_enter(c);
    over_tell(p, "internal", "internal", now_ms);
    camera_play_wipe(p);
    camera_leave(c, now_ms);
}

/* ---- time ---- */
static int64_t play_tick(struct sdk_camera *c, struct play *p, int64_t now_ms)
{
    int64_t next;

    if (p->state == PLAY_OPENING) {
        if (now_ms < p->open_by_ms)
            return p->open_by_ms;
        play_over(c, p, "internal", "internal", now_ms);
        return INT64_MAX;
    }
    if (now_ms - p->unit_ms >= IDLE_MS) {
        play_over(c, p, "internal", "idle", now_ms);
        return INT64_MAX;
    }
    if (now_ms >= p->rotate_ms && p->next.gcm == NULL)
        key_announce(c, p, CAMERA_ANNOUNCE_MS, 0, now_ms);
    held_try(c, p, now_ms);
    if (p->session == NULL)
        return INT64_MAX;
    unit_ask(c, p, now_ms);
    next = p->unit_ms + IDLE_MS;
    if (p->next.gcm == NULL && p->rotate_ms < next)
        next = p->rotate_ms;
    if (p->state == PLAY_RUNS && !p->is_asked && p->held.len == 0 && p->credit > 0 &&
        ahead_until_ms(p) < next)
        next = ahead_until_ms(p) > now_ms ? ahead_until_ms(p) : now_ms + 1;
    return next;
}

int64_t camera_play_tick(struct sdk_camera *c, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session != NULL) {
            int64_t due = play_tick(c, &c->plays[i], now_ms);

            next = due < next ? due : next;
        }
    return next;
}
