/* A camera and up to four viewers wired to each other in memory, on virtual time. Envelopes pass
 * through a queue that plays the server (it fills in the account) and lets a test alter, drop or
 * add messages. */
#ifndef SK_TEST_WORLD_H
#define SK_TEST_WORLD_H

#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/sys.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "sdk/camera_internal.h"
#include "sdk/label.h"
#include "sdk/password.h"
#include "sdk/viewer.h"
#include "tests/unit/sdk/hex.h"
#include "wire/codes.h"
#include "wire/envelope.h"
#include "wire/relay.h"
#include "wire/seal_msg.h"

#define DEVICE "aaaqeayeaudaocajbifqydiob4"
#define CODE "R30W5GY4RQ3CFJ69SB5WSK0S"

enum { VIEWERS = 4, QUEUE = 512, FRAMES = 4096 };

struct world;

struct party {
    struct world *world;
    struct sdk_viewer *v;
    char account[32];
    int ready, closed, is_clean;
    unsigned code;
    uint32_t retry_ms;
    struct sdk_viewer_hello hello;
    struct sdk_viewer_stream stream;
    int has_stream, has_params, events, closed_streams, stream_code;
    uint8_t params[28];
    unsigned units, inits, keys, deltas, sounds, pictures; /* the last two by kind */
    uint64_t last_pts;
    uint8_t last[64];
    size_t last_len;
    int replies, reply_ok;
    char reply_error[32], reply[2048], event[32], event_val[512];
    uint8_t subscribed;
    uint8_t talk[1024]; /* the last unit it sent */
    size_t talk_len;
};

struct letter {
    int to_camera;
    unsigned party;
    uint8_t data[WIRE_ENVELOPE_MAX];
    size_t len;
};

struct frame {
    uint8_t *data;
    size_t len;
};

struct world {
    struct sdk_camera *c;
    struct party p[VIEWERS];
    int64_t now, deadline;
    struct letter *queue;
    unsigned head, tail;
    struct frame frames[FRAMES];
    unsigned frame_count, delivered;
    struct sk_buf state;
    int save_fails, saves, start_answer, start_refused, no_auto_ready;
    int started[3], stopped[3], keyframes[3];
    uint64_t origin[3], pts[3];
    int wants_key[3], reboots;
    uint32_t snap_number; /* the last that was asked for */
    unsigned snaps, heard, heads, credits;
    uint8_t said[256]; /* by the talker, last */
    size_t said_len;
    uint32_t credit, credit_stream;
    struct sdk_ptz head_last;
    int ptz_answer, holds_talk;
    struct { /* the card: what the camera asked it for */
        struct sdk_play_how how;
        int64_t at, wall; /* of the last seek; what open and seek answer */
        uint64_t pts[SDK_PLAY_MAX];
        int answer, opens, seeks, speeds, closes, keys_only, wanted[SDK_PLAY_MAX], nexts;
        struct sdk_play_found found;
    } card;
    int holds_credit;
    unsigned credits_given;
    /* return 0 to drop the letter; may change it */
    int (*tamper)(struct world *w, struct letter *l);
    int tampered;
};

static inline void world_put(struct world *w, int to_camera, unsigned party, const uint8_t *data,
                             size_t len)
{
    struct letter *l = &w->queue[w->tail++ % QUEUE];

    assert_true(w->tail - w->head < QUEUE);
    l->to_camera = to_camera;
    l->party = party;
    l->len = len;
    memcpy(l->data, data, len);
}

static inline void w_camera_signal(void *user, const uint8_t *e, size_t len)
{
    struct world *w = user;
    struct wire_envelope env;

    assert_int_equal(wire_envelope_decode(&env, e, len), 0);
    for (unsigned i = 0; i < VIEWERS; i++) {
        uint8_t id[16];

        if (w->p[i].v == NULL)
            continue;
        sdk_viewer_session(w->p[i].v, id);
        if (memcmp(id, env.session, 16) == 0)
            world_put(w, 0, i, e, len);
    }
}

static inline void w_camera_frame(void *user, const uint8_t *f, size_t len)
{
    struct world *w = user;
    struct frame *to = &w->frames[w->frame_count];

    if (f[1] == WIRE_RELAY_CREDIT) {
        w->credits++;
        w->credit_stream = sk_get_u32(f + 4);
        w->credit = sk_get_u32(f + 20);
        return;
    }
    w->frame_count++;
    assert_true(w->frame_count < FRAMES);
    to->data = malloc(len);
    memcpy(to->data, f, len);
    to->len = len;
}

static inline int w_save(void *user, const uint8_t *s, size_t len)
{
    struct world *w = user;

    w->saves++;
    if (w->save_fails)
        return -SK_ESTORAGE;
    sk_buf_reset(&w->state);
    return sk_buf_add(&w->state, s, len);
}

static inline void world_ready(struct world *w, enum sdk_stream which)
{
    assert_int_equal(sdk_camera_stream_ready(w->c, which, "avc1.64001F", w->origin[which], 1000000,
                                             (const uint8_t *)"init segment", 12, w->now),
                     0);
}

static inline int w_start(void *user, enum sdk_stream which, uint64_t origin)
{
    struct world *w = user;

    if (w->start_refused)
        return -SK_EIO;
    if (w->start_answer < 0)
        return w->start_answer;
    w->started[which]++;
    w->origin[which] = w->pts[which] = origin;
    w->wants_key[which] = 1;
    if (!w->no_auto_ready)
        world_ready(w, which);
    return 0;
}

static inline void w_stop(void *user, enum sdk_stream which)
{
    ((struct world *)user)->stopped[which]++;
}

static inline void w_keyframe(void *user, enum sdk_stream which)
{
    struct world *w = user;

    w->keyframes[which]++;
    w->wants_key[which] = 1;
}

static inline void w_reboot(void *user)
{
    ((struct world *)user)->reboots++;
}

static inline void w_snap(void *user, uint32_t number)
{
    struct world *w = user;

    w->snap_number = number;
    w->snaps++;
}

static inline void w_talk(void *user, uint64_t pts, const uint8_t *data, size_t len)
{
    struct world *w = user;

    (void)pts;
    w->heard++;
    w->said_len = len < sizeof w->said ? len : sizeof w->said;
    memcpy(w->said, data, w->said_len);
}

static inline int w_ptz(void *user, const struct sdk_ptz *p)
{
    struct world *w = user;

    w->heads++;
    w->head_last = *p;
    return w->ptz_answer;
}

static inline int w_play_find(void *user, int64_t from_ms, int64_t to_ms,
                              struct sdk_play_found *out)
{
    struct world *w = user;

    assert_true(from_ms < to_ms);
    *out = w->card.found;
    return w->card.answer;
}

static inline int w_play_open(void *user, unsigned slot, const struct sdk_play_how *how,
                              int64_t *wall_ms)
{
    struct world *w = user;

    if (w->card.answer < 0)
        return w->card.answer;
    w->card.opens++;
    w->card.how = *how;
    w->card.pts[slot] = how->pts;
    w->card.wanted[slot] = 0;
    *wall_ms = w->card.wall;
    return 0;
}

static inline int w_play_seek(void *user, unsigned slot, int64_t at_ms, uint64_t pts,
                              int64_t *wall_ms)
{
    struct world *w = user;

    if (w->card.answer < 0)
        return w->card.answer;
    w->card.seeks++;
    w->card.at = at_ms;
    w->card.pts[slot] = pts;
    w->card.wanted[slot] = 0;
    *wall_ms = w->card.wall;
    return 0;
}

static inline void w_play_speed(void *user, unsigned slot, int keys_only)
{
    struct world *w = user;

    (void)slot;
    w->card.speeds++;
    w->card.keys_only = keys_only;
}

static inline void w_play_next(void *user, unsigned slot)
{
    struct world *w = user;

    assert_int_equal(w->card.wanted[slot], 0); /* never two at once */
    w->card.wanted[slot] = 1;
    w->card.nexts++;
}

static inline void w_play_close(void *user, unsigned slot)
{
    struct world *w = user;

    w->card.closes++;
    w->card.wanted[slot] = 0;
}

static const struct sdk_play_ops w_play_ops = {.find = w_play_find,
                                               .open = w_play_open,
                                               .seek = w_play_seek,
                                               .speed = w_play_speed,
                                               .next = w_play_next,
                                               .close = w_play_close};

static const struct sdk_camera_ops w_camera_ops = {.signal = w_camera_signal,
                                                   .frame = w_camera_frame,
                                                   .save = w_save,
                                                   .stream_start = w_start,
                                                   .stream_stop = w_stop,
                                                   .stream_keyframe = w_keyframe,
                                                   .reboot = w_reboot,
                                                   .snap = w_snap,
                                                   .talk = w_talk,
                                                   .ptz = w_ptz,
                                                   .play = &w_play_ops};

static inline void p_signal(void *user, const uint8_t *e, size_t len)
{
    struct party *p = user;

    world_put(p->world, 1, (unsigned)(p - p->world->p), e, len);
}

static inline void p_control(void *user, const uint8_t *f, size_t len)
{
    struct party *p = user;
    struct wire_relay_head h;

    assert_int_equal(wire_relay_decode_whole(&h, f, len), 0);
    if (h.kind == WIRE_RELAY_SUBSCRIBE)
        p->subscribed++;
    if (h.kind == WIRE_RELAY_CREDIT) {
        p->world->credits_given++;
        if (!p->world->holds_credit) /* the relay */
            sdk_camera_on_credit(p->world->c, h.stream, sk_get_u32(f + 20), p->world->now);
    }
    if (h.kind != WIRE_RELAY_TALK)
        return;
    assert_true(len <= sizeof p->talk);
    memcpy(p->talk, f, len);
    p->talk_len = len;
    if (!p->world->holds_talk) /* the relay */
        sdk_camera_on_talk(p->world->c, f, len, p->world->now);
}

static inline void p_ready(void *user, const struct sdk_viewer_hello *h)
{
    struct party *p = user;

    p->ready++;
    p->hello = *h;
}

static inline void p_params(void *user, const uint8_t params[28])
{
    struct party *p = user;

    p->has_params = 1;
    memcpy(p->params, params, 28);
}

static inline void p_stream(void *user, const struct sdk_viewer_stream *s)
{
    struct party *p = user;

    p->has_stream++;
    p->stream = *s;
}

static inline void p_unit(void *user, const struct sdk_viewer_unit *u)
{
    struct party *p = user;

    p->units++;
    p->sounds += u->kind == WIRE_RELAY_AUDIO && (u->flags & WIRE_RELAY_INIT) == 0;
    p->pictures += u->kind == WIRE_RELAY_SNAPSHOT;
    p->inits += (u->flags & WIRE_RELAY_INIT) != 0;
    p->keys += (u->flags & WIRE_RELAY_KEY) != 0;
    p->deltas += (u->flags & (WIRE_RELAY_INIT | WIRE_RELAY_KEY)) == 0;
    p->last_pts = u->pts;
    p->last_len = u->len < sizeof p->last ? u->len : sizeof p->last;
    memcpy(p->last, u->data, p->last_len);
}

static inline void p_reply(void *user, uint32_t id, int is_ok, const json_t *val, const char *error)
{
    struct party *p = user;

    (void)id;
    p->reply[0] = '\0';
    if (is_ok) {
        char *text = sk_json_text(val, NULL);

        assert_int_equal(sk_copy(p->reply, sizeof p->reply, text), 0);
        free(text);
    }
    p->replies++;
    p->reply_ok = is_ok;
    p->reply_error[0] = '\0';
    if (error != NULL)
        assert_int_equal(sk_copy(p->reply_error, sizeof p->reply_error, error), 0);
}

static inline void p_event(void *user, const char *name, const json_t *val)
{
    struct party *p = user;
    char *text = sk_json_text(val, NULL);

    p->events++;
    assert_int_equal(sk_copy(p->event, sizeof p->event, name), 0);
    assert_int_equal(sk_copy(p->event_val, sizeof p->event_val, text), 0);
    free(text);
    if (strcmp(name, "stream-closed") == 0) {
        p->closed_streams++;
        p->stream_code = (int)json_integer_value(json_object_get(val, "code"));
    }
}

static inline void p_closed(void *user, unsigned code, uint32_t retry_ms, int is_clean,
                            const char *text)
{
    struct party *p = user;

    assert_non_null(text);
    p->closed++;
    p->code = code;
    p->retry_ms = retry_ms;
    p->is_clean = is_clean;
}

static const struct sdk_viewer_ops w_viewer_ops = {.signal = p_signal,
                                                   .control = p_control,
                                                   .ready = p_ready,
                                                   .params = p_params,
                                                   .stream = p_stream,
                                                   .unit = p_unit,
                                                   .reply = p_reply,
                                                   .event = p_event,
                                                   .closed = p_closed};

static inline void world_boot(struct world *w)
{
    struct sdk_camera_options o = {.device = DEVICE, .label_code = CODE, .sessions_max = 32};

    if (w->state.len > 0) {
        o.state = w->state.data;
        o.state_len = w->state.len;
    }
    assert_int_equal(sdk_camera_new(&w->c, &o, &w_camera_ops, w, w->now), 0);
    sdk_camera_uplink(w->c, 1, w->now);
}

static inline struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);

    w->queue = calloc(QUEUE, sizeof *w->queue);
    w->now = 1000000;
    sk_buf_init(&w->state, SDK_CAMERA_STATE_MAX);
    for (unsigned i = 0; i < VIEWERS; i++) {
        w->p[i].world = w;
        assert_int_equal(sk_copy(w->p[i].account, 32, i == 3 ? "acct-0002" : "acct-0001"), 0);
    }
    world_boot(w);
    return w;
}

static inline void world_free(struct world *w)
{
    for (unsigned i = 0; i < VIEWERS; i++)
        sdk_viewer_free(&w->p[i].v);
    sdk_camera_free(&w->c);
    for (unsigned i = 0; i < w->frame_count; i++)
        free(w->frames[i].data);
    sk_buf_fini(&w->state);
    free(w->queue);
    free(w);
}

/* The server: towards the camera it fills in the account. */
static inline void letter_to_camera(struct world *w, const struct letter *l)
{
    struct wire_envelope e;
    uint8_t out[WIRE_ENVELOPE_MAX];
    size_t len;

    assert_int_equal(wire_envelope_decode(&e, l->data, l->len), 0);
    if (e.account_len == 0) {
        e.account = w->p[l->party].account;
        e.account_len = strlen(e.account);
    }
    assert_int_equal(wire_envelope_encode(out, sizeof out, &len, &e), 0);
    sdk_camera_on_envelope(w->c, out, len, w->now);
}

static inline void world_pump(struct world *w)
{
    while (w->head != w->tail) {
        struct letter l = w->queue[w->head++ % QUEUE];

        if (w->tamper != NULL && !w->tamper(w, &l))
            continue;
        if (l.to_camera)
            letter_to_camera(w, &l);
        else if (w->p[l.party].v != NULL)
            sdk_viewer_on_envelope(w->p[l.party].v, l.data, l.len, w->now);
    }
}

static inline void world_tick(struct world *w)
{
    world_pump(w);
    w->deadline = sdk_camera_tick(w->c, w->now);
    for (unsigned i = 0; i < VIEWERS; i++)
        if (w->p[i].v != NULL) {
            int64_t due = sdk_viewer_tick(w->p[i].v, w->now);

            if (due < w->deadline)
                w->deadline = due;
        }
    world_pump(w);
}

/* Virtual time passes; everything due happens when it is due. */
static inline void world_run(struct world *w, int64_t ms)
{
    int64_t end = w->now + ms;

    world_tick(w);
    while (w->deadline <= end && w->deadline > w->now) {
        w->now = w->deadline;
        world_tick(w);
    }
    w->now = end;
    world_tick(w);
}

static inline struct party *world_viewer_with(struct world *w, unsigned i, const uint8_t *pin,
                                              const uint8_t *params)
{
    struct party *p = &w->p[i];
    struct sdk_viewer_options o = {
        .device = DEVICE, .account = p->account, .pin = pin, .params = params};
    struct world *back = p->world;
    char account[32];

    memcpy(account, p->account, sizeof account);
    sdk_viewer_free(&p->v);
    memset(p, 0, sizeof *p);
    p->world = back;
    memcpy(p->account, account, sizeof account);
    assert_int_equal(sdk_viewer_new(&p->v, &o, &w_viewer_ops, p), 0);
    return p;
}

static inline struct party *world_viewer(struct world *w, unsigned i)
{
    return world_viewer_with(w, i, NULL, NULL);
}

static inline struct party *world_login(struct world *w, unsigned i)
{
    struct party *p = world_viewer(w, i);

    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, CODE, 24, w->now), 0);
    world_pump(w);
    return p;
}

static inline void world_unit(struct world *w, enum sdk_stream which, int is_key, const char *text)
{
    w->pts[which] += 3600;
    assert_int_equal(sdk_camera_unit(w->c, which, is_key || w->wants_key[which], 0, w->pts[which],
                                     (const uint8_t *)text, strlen(text), w->now),
                     0);
    w->wants_key[which] = 0;
}

static inline void world_deliver(struct world *w, struct party *p, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        sdk_viewer_on_frame(p->v, w->frames[i].data, w->frames[i].len, w->now);
}

static inline struct session *session_of(struct world *w, const struct party *p)
{
    uint8_t id[16];

    sdk_viewer_session(p->v, id);
    for (unsigned i = 0; i < w->c->session_count; i++)
        if (memcmp(w->c->sessions[i]->id, id, 16) == 0)
            return w->c->sessions[i];
    return NULL;
}

static inline json_t *arg_int(const char *name, int64_t v)
{
    json_t *arg = json_object();

    sk_json_set_int(arg, name, v);
    return arg;
}

static inline int request(struct world *w, struct party *p, const char *what, json_t *arg)
{
    uint32_t id;
    int rc = sdk_viewer_request(p->v, what, arg, 0, &id, w->now);

    json_decref(arg);
    world_pump(w);
    return rc;
}

#endif
