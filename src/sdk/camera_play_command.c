/* Commands of playback (docs/design/streams.md): what is there, begin, seek, speed, stop. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "sdk/camera_internal.h"

enum {
    SCALE = 90000,
    OPEN_MS = 10 * 1000,
    KEYS_ABOVE = 2, /* a speed from which on only key pictures are sent */
    FIND_MAX_DAYS = 31
};

static const int64_t wall_max = INT64_C(1) << 53;

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
    rc = c->ops->play->open(c->user, camera_play_slot(c, p), &how, &p->pair_wall_ms);
    if (rc < 0) {
        camera_play_wipe(p);
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
    struct play *p = camera_play_at(c, slot);

    if (p == NULL || p->state != PLAY_OPENING)
        return -SK_ENOTFOUND;
    if (len == 0 || sk_copy(p->codec, sizeof p->codec, codec) < 0)
        return -SK_EINVAL;
    if (sk_buf_add(&p->init, init, len) < 0)
        return -SK_ETOOBIG;
    camera_play_key_make(c, p, &p->cur, now_ms);
    p->rotate_ms = camera_rotate_at(now_ms);
    p->unit_ms = now_ms;
    p->state = PLAY_RUNS;
    camera_play_run(p, now_ms);
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
    p = camera_play_by_stream(call->camera, (uint32_t)id);
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
    rc = c->ops->play->seek(c->user, camera_play_slot(c, p), at, p->next_pts, &wall);
    if (rc < 0)
        return error_text(rc);
    sk_buf_reset(&p->held); /* never sent: its PTS is free */
    p->state = PLAY_RUNS;
    p->is_asked = 0;
    p->pair_pts = p->next_pts;
    p->pair_wall_ms = wall;
    p->needs_init = p->needs_key = p->wants_disc = 1;
    p->unit_ms = call->now_ms;
    camera_play_run(p, call->now_ms);
    if (camera_play_key_due(p, call->now_ms))
        camera_play_key_change(p);
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
        c->ops->play->speed(c->user, camera_play_slot(c, p), keys_only);
    p->keys_only = keys_only != 0;
    p->speed = speed;
    camera_play_run(p, call->now_ms);
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
    camera_play_close(call->camera, p);
    return NULL;
}
