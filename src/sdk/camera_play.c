/* Playback (sealed.md 4.6, docs/design/streams.md): what is on the card, sealed anew for one viewer
 * under a key of its own, one unit at a time as the viewer gives credit. The owner reads the card
 * when `next` asks for a unit; at most one unit waits here. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"
#include "wire/sframe.h"

enum {
    SCALE = 90000,
    TICKS_PER_MS = SCALE / 1000,
    OPEN_MS = 10 * 1000,
    IDLE_MS = 10 * 60 * 1000,
    AHEAD_MS = 4000, /* pictures sent ahead of speed x time */
    KEYS_ABOVE = 2,  /* a speed from which on only key pictures are sent */
    WINDOW_BYTES = 1 << 20,
    FIND_MAX_DAYS = 31,
    SEAL_BYTES = WIRE_RELAY_HEAD_BYTES + WIRE_SFRAME_HEAD_MAX + WIRE_SFRAME_TAG_BYTES
};

static const int64_t wall_max = INT64_C(1) << 53;

static unsigned slot_of(const struct sdk_camera *c, const struct play *p)
{
    return (unsigned)(p - c->plays);
}

static struct play *play_find(const struct sdk_camera *c, uint32_t stream)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session != NULL && stream != 0 && c->plays[i].stream == stream)
            return &c->plays[i];
    return NULL;
}

/* The player in this slot, once it is answered. */
static struct play *play_at(const struct sdk_camera *c, unsigned slot)
{
    if (c->plays == NULL || slot >= SDK_PLAY_MAX || c->plays[slot].session == NULL)
        return NULL;
    return &c->plays[slot];
}

int camera_play_has(const struct sdk_camera *c, uint32_t stream)
{
    return play_find(c, stream) != NULL;
}

int camera_play_is_of(const struct sdk_camera *c, uint32_t stream, const struct session *s)
{
    const struct play *p = play_find(c, stream);

    return p != NULL && p->session == s;
}

int camera_play_plays(const struct sdk_camera *c, const struct session *s)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session == s)
            return 1;
    return 0;
}

static void play_wipe(struct play *p)
{
    sdk_media_key_fini(&p->cur);
    sdk_media_key_fini(&p->next);
    sk_buf_fini_wipe(&p->init);
    sk_buf_fini_wipe(&p->out);
    sk_buf_fini_wipe(&p->held);
    crypto_wipe(p, sizeof *p);
}

static void play_close(struct sdk_camera *c, struct play *p)
{
    unsigned slot = slot_of(c, p);

    play_wipe(p);
    c->ops->play->close(c->user, slot);
}

void camera_play_fini(struct sdk_camera *c)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        play_wipe(&c->plays[i]);
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
    play_close(c, p);
}

void camera_play_leave(struct sdk_camera *c, const struct session *s)
{
    for (unsigned i = 0; c->plays != NULL && i < SDK_PLAY_MAX; i++)
        if (c->plays[i].session == s)
            play_close(c, &c->plays[i]);
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

static void key_make(struct sdk_camera *c, struct play *p, struct sdk_media_key *out,
                     int64_t now_ms)
{
    camera_key_make(c, WIRE_RELAY_PLAYBACK, (uint8_t)(SLOT_PLAY + slot_of(c, p)), out, now_ms);
}

/* A new key goes to the viewer; it is used from the next key picture after `lead_ms` on. Nothing is
 * lost by waiting for that: whoever was removed never had the present key. */
static void key_announce(struct sdk_camera *c, struct play *p, int lead_ms, int is_removal,
                         int64_t now_ms)
{
    key_make(c, p, &p->next, now_ms);
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

static int key_is_due(const struct play *p, int64_t now_ms)
{
    return p->next.gcm != NULL && now_ms >= p->switch_from_ms;
}

static void key_change(struct play *p)
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

static void run_begin(struct play *p, int64_t now_ms)
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
    c->ops->play->next(c->user, slot_of(c, p));
}

void sdk_camera_on_credit(struct sdk_camera *c, uint32_t stream, uint32_t bytes, int64_t now_ms)
{
    struct play *p = play_find(c, stream);

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
    int changes = p->held_is_key && key_is_due(p, now_ms), rc;
    size_t needs = SEAL_BYTES + p->held.len;

    if (p->held.len == 0 || !c->uplink_up)
        return;
    if (p->needs_init || changes)
        needs += SEAL_BYTES + p->init.len;
    if (p->credit < needs)
        return;
    if (changes)
        key_change(p);
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
    struct play *p = play_at(c, slot);
    int rc;

    if (p == NULL || p->state != PLAY_RUNS || !p->is_asked)
        return -SK_ENOTFOUND;
    if (len == 0 || len > SDK_PLAY_FRAME_MAX - SEAL_BYTES)
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
    struct play *p = play_at(c, slot);
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
    struct play *p = play_at(c, slot);
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
    struct play *p = play_at(c, slot);

    if (p == NULL)
        return;
    camera_enter(c);
    over_tell(p, "internal", "internal", now_ms);
    play_wipe(p);
    camera_leave(c, now_ms);
}

/* ---- commands ---- */
static const char *error_text(int rc)
{
    return rc == -SK_ENOTFOUND      ? "not-found"
           : rc == -SK_EBUSY        ? "busy"
           : rc == -SK_ESTORAGE     ? "storage"
           : rc == -SK_EUNSUPPORTED ? "unsupported"
                                    : "internal";
}

static void found_write(json_t *val, const struct sdk_play_found *f)
{
    json_t *ranges = json_array(), *marks = json_array();

    for (unsigned i = 0; i < f->range_count; i++)
        json_array_append_new(ranges, json_pack("[II]", (json_int_t)f->ranges[i].from_ms,
                                                (json_int_t)f->ranges[i].to_ms));
    for (unsigned i = 0; i < f->mark_count; i++)
        json_array_append_new(
            marks, json_pack("[Ii]", (json_int_t)f->marks[i].at_ms, (int)f->marks[i].type));
    sk_json_set_int(val, "first", f->first_ms);
    sk_json_set_int(val, "last", f->last_ms);
    json_object_set_new(val, "ranges", ranges);
    json_object_set_new(val, "marks", marks);
    sk_json_set_int(val, "next", f->next_ms);
    sk_json_set_str(val, "source", f->is_simulated ? "simulated" : "card");
}

const char *camera_play_find(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct sdk_play_found *found;
    int64_t from, to;
    int rc;

    if (sk_json_int(call->arg, "from", 0, wall_max, &from) < 0 ||
        sk_json_int(call->arg, "to", 0, wall_max, &to) < 0 || from >= to ||
        to - from > FIND_MAX_DAYS * INT64_C(86400000))
        return "bad-arg";
    if (c->ops->play == NULL)
        return "unsupported";
    found = sk_alloc(sizeof *found);
    rc = c->ops->play->find(c->user, from, to, found);
    if (rc == 0 &&
        (found->range_count > SDK_PLAY_RANGES_MAX || found->mark_count > SDK_PLAY_MARKS_MAX))
        rc = -SK_EINTERNAL;
    if (rc == 0) {
        call->val = json_object();
        found_write(call->val, found);
    }
    free(found);
    return rc < 0 ? error_text(rc) : NULL;
}

/* Absent = 1; else exactly one of the list. */
static int speed_read(const json_t *arg, double *speed)
{
    static const double speeds[] = {0.25, 0.5, 1, 2, 4, 8, 16};
    const json_t *given = json_object_get(arg, "speed");

    *speed = 1;
    if (given == NULL)
        return 0;
    if (!json_is_number(given))
        return -SK_EINVAL;
    *speed = json_number_value(given);
    for (unsigned i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
        if (*speed >= speeds[i] && *speed <= speeds[i])
            return 0;
    return -SK_EINVAL;
}

static int how_read(const json_t *arg, struct sdk_play_how *how, double *speed)
{
    const char *name = "main";

    memset(how, 0, sizeof *how);
    if (sk_json_int(arg, "at", 0, wall_max, &how->at_ms) < 0 ||
        (sk_json_has(arg, "to") &&
         (sk_json_int(arg, "to", 1, wall_max, &how->to_ms) < 0 || how->to_ms <= how->at_ms)) ||
        (sk_json_has(arg, "stream") && sk_json_str(arg, "stream", 8, &name) < 0) ||
        speed_read(arg, speed) < 0)
        return -SK_EINVAL;
    how->which = strcmp(name, "sub") == 0 ? SDK_STREAM_SUB : SDK_STREAM_MAIN;
    how->keys_only = *speed > KEYS_ABOVE;
    return strcmp(name, "main") == 0 || strcmp(name, "sub") == 0 ? 0 : -SK_EINVAL;
}

/* A free player within both limits, or NULL. */
static struct play *play_slot(struct sdk_camera *c, const struct session *s)
{
    struct play *slot = NULL;
    unsigned own = 0;

    if (c->plays == NULL)
        c->plays = sk_alloc(SDK_PLAY_MAX * sizeof *c->plays);
    for (unsigned i = 0; i < SDK_PLAY_MAX; i++) {
        own += c->plays[i].session == s;
        if (c->plays[i].session == NULL)
            slot = &c->plays[i];
    }
    return own < PLAYS_PER_CHANNEL ? slot : NULL;
}

static void play_begin(struct play *p, const struct call *call, uint32_t stream, double speed,
                       int keys_only)
{
    memset(p, 0, sizeof *p);
    p->session = call->session;
    p->request = call->id;
    p->stream = stream;
    p->speed = speed;
    p->keys_only = keys_only != 0;
    p->open_by_ms = call->now_ms + OPEN_MS;
    p->needs_init = p->needs_key = 1;
    sk_buf_init(&p->init, INIT_MAX);
    sk_buf_init(&p->out, SDK_PLAY_FRAME_MAX);
    sk_buf_init(&p->held, SDK_PLAY_FRAME_MAX);
    sk_random(&p->next_pts, sizeof p->next_pts);
    p->next_pts &= (UINT64_C(1) << 40) - 1;
    p->pair_pts = p->next_pts;
}

const char *camera_play_start(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct sdk_play_how how;
    struct play *p;
    double speed;
    int rc;

    if (how_read(call->arg, &how, &speed) < 0)
        return "bad-arg";
    if (c->ops->play == NULL)
        return "unsupported";
    p = play_slot(c, call->session);
    if (p == NULL)
        return "busy";
    play_begin(p, call, camera_stream_id_make(c), speed, how.keys_only);
    how.pts = p->next_pts;
    rc = c->ops->play->open(c->user, slot_of(c, p), &how, &p->pair_wall_ms);
    if (rc < 0) {
        play_wipe(p);
        return error_text(rc);
    }
    call->is_pending = 1; /* answered when the player is ready */
    return NULL;
}

/* KEY goes before the REP. */
static void start_answer(struct sdk_camera *c, struct play *p, int64_t now_ms)
{
    json_t *val = json_object();

    camera_stream_keys(c, p->session, 0, now_ms);
    sk_json_set_int(val, "stream", p->stream);
    sk_json_set_str(val, "codec", p->codec);
    sk_json_set_int(val, "scale", SCALE);
    sk_json_set_int(val, "pts", (int64_t)p->pair_pts);
    sk_json_set_int(val, "wall", p->pair_wall_ms);
    json_object_set_new(val, "speed", json_real(p->speed));
    sk_json_set_str(val, "frames", p->keys_only ? "keys" : "all");
    command_reply_ok(p->session, p->request, val, now_ms);
}

int sdk_camera_play_ready(struct sdk_camera *c, unsigned slot, const char *codec,
                          const uint8_t *init, size_t len, int64_t now_ms)
{
    struct play *p = play_at(c, slot);

    if (p == NULL || p->state != PLAY_OPENING)
        return -SK_ENOTFOUND;
    if (len == 0 || sk_copy(p->codec, sizeof p->codec, codec) < 0)
        return -SK_EINVAL;
    if (sk_buf_add(&p->init, init, len) < 0)
        return -SK_ETOOBIG;
    key_make(c, p, &p->cur, now_ms);
    p->rotate_ms = camera_rotate_at(now_ms);
    p->unit_ms = now_ms;
    p->state = PLAY_RUNS;
    run_begin(p, now_ms);
    camera_enter(c);
    start_answer(c, p, now_ms);
    camera_leave(c, now_ms);
    return 0;
}

/* The player of the argument, if it is this session's and answered; else NULL. */
static struct play *own_play(const struct call *call)
{
    struct play *p;
    int64_t id;

    if (sk_json_int(call->arg, "stream", 1, UINT32_MAX, &id) < 0)
        return NULL;
    p = play_find(call->camera, (uint32_t)id);
    return p != NULL && p->session == call->session && p->state != PLAY_OPENING ? p : NULL;
}

const char *camera_play_seek(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct play *p = own_play(call);
    int64_t at, wall;
    int rc;

    if (sk_json_int(call->arg, "at", 0, wall_max, &at) < 0)
        return "bad-arg";
    if (p == NULL)
        return "not-found";
    rc = c->ops->play->seek(c->user, slot_of(c, p), at, p->next_pts, &wall);
    if (rc < 0)
        return error_text(rc);
    sk_buf_reset(&p->held); /* never sent: its PTS is free */
    p->state = PLAY_RUNS;
    p->is_asked = 0;
    p->pair_pts = p->next_pts;
    p->pair_wall_ms = wall;
    p->needs_init = p->needs_key = p->wants_disc = 1;
    p->unit_ms = call->now_ms;
    run_begin(p, call->now_ms);
    if (key_is_due(p, call->now_ms))
        key_change(p);
    call->val = json_object();
    sk_json_set_int(call->val, "kid", (int64_t)p->cur.kid);
    sk_json_set_int(call->val, "ctr", (int64_t)p->cur.ctr);
    sk_json_set_int(call->val, "pts", (int64_t)p->pair_pts);
    sk_json_set_int(call->val, "wall", wall);
    return NULL; /* the tick asks for its first unit, after the answer */
}

const char *camera_play_speed(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct play *p = own_play(call);
    double speed;
    int keys_only;

    if (!sk_json_has(call->arg, "speed") || speed_read(call->arg, &speed) < 0)
        return "bad-arg";
    if (p == NULL)
        return "not-found";
    keys_only = speed > KEYS_ABOVE;
    if (keys_only != p->keys_only)
        c->ops->play->speed(c->user, slot_of(c, p), keys_only);
    p->keys_only = keys_only != 0;
    p->speed = speed;
    run_begin(p, call->now_ms);
    call->val = json_object();
    json_object_set_new(call->val, "speed", json_real(speed));
    sk_json_set_str(call->val, "frames", keys_only ? "keys" : "all");
    return NULL;
}

const char *camera_play_stop(struct call *call)
{
    struct play *p = own_play(call);

    if (p == NULL)
        return "not-found";
    play_close(call->camera, p);
    return NULL;
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
