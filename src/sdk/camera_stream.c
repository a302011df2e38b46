/* Streams on the camera: who watches, media keys and their switches (sealed.md 4, 6.5), sealing. */
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

enum {
    ROTATE_MS = 10 * 60 * 1000,
    ROTATE_SPREAD_MS = 60 * 1000,
    ANNOUNCE_MS = CAMERA_ANNOUNCE_MS, /* KEY goes out this long before a switch by timer */
    ANNOUNCE_MAX_MS = 5000,           /* then the keyframe is forced */
    REVOKE_WAIT_MS = 500,
    REVOKE_LEAD_MS = CAMERA_REVOKE_LEAD_MS,
    REVOKE_MAX_MS = 1000,
    NOTICE_WINDOW_MS = 60 * 1000,
    NOTICE_MAX = 6,
    KEYREQ_MS = 1000,
    START_MS = 10 * 1000,
    SCALE = 90000
};

static uint8_t stream_slot(enum sdk_stream which)
{
    return (uint8_t)(which + 1);
}

static uint8_t stream_kind(enum sdk_stream which)
{
    return which == SDK_STREAM_AUDIO ? WIRE_RELAY_AUDIO : WIRE_RELAY_VIDEO;
}

static uint16_t stream_right(enum sdk_stream which)
{
    static const uint16_t rights[SDK_STREAM_COUNT] = {[SDK_STREAM_MAIN] = WIRE_RIGHT_LIVE_MAIN,
                                                      [SDK_STREAM_SUB] = WIRE_RIGHT_LIVE_SUB,
                                                      [SDK_STREAM_AUDIO] = WIRE_RIGHT_LISTEN};

    return rights[which];
}

static const char *ended_event(enum sdk_stream which)
{
    return which == SDK_STREAM_AUDIO ? "audio.ended" : "live.ended";
}

int64_t camera_rotate_at(int64_t now_ms)
{
    return now_ms + ROTATE_MS - ROTATE_SPREAD_MS + sk_random_below(2 * ROTATE_SPREAD_MS);
}

void camera_key_make(struct sdk_camera *c, uint8_t kind, uint8_t slot, struct sdk_media_key *out,
                     int64_t now_ms)
{
    uint64_t kid = wire_kid(c->generation++, slot, kind);
    uint8_t fresh[32], base_key[32];

    sk_random(fresh, sizeof fresh);
    sdk_media_base_key(base_key, c->state.seed, fresh, c->state.boot, kid);
    sdk_media_key_fini(out);
    sdk_media_key_init(out, kid, base_key, now_ms);
    crypto_wipe(fresh, sizeof fresh);
    crypto_wipe(base_key, sizeof base_key);
}

void camera_key_entry(struct wire_key_entry *e, uint32_t stream, uint64_t kid,
                      const uint8_t base_key[32])
{
    e->kid = kid;
    e->stream = stream;
    e->kind = (uint8_t)kid;
    e->slot = (uint8_t)(kid >> 8);
    e->suite = 0;
    e->first_ctr = 0;
    e->lifetime_s = SDK_MEDIA_LIFE_S;
    memcpy(e->base_key, base_key, 32);
}

void camera_keys_send(struct sdk_camera *c, struct session *s, const struct wire_key_entry *entries,
                      unsigned count, int is_replacing, int64_t now_ms)
{
    struct wire_key_head head = {.flags = is_replacing ? WIRE_KEY_REPLACE_ALL : 0,
                                 .count = (uint16_t)count};
    uint8_t out[WIRE_KEY_HEAD_BYTES + KEYS_MAX * WIRE_KEY_ENTRY_BYTES];
    size_t len;

    SK_ASSERT(count <= KEYS_MAX);
    if (count == 0)
        return;
    memcpy(head.boot, c->boot_id, 8);
    len = wire_key_encode(out, &head, entries);
    if (sdk_channel_send(s->channel, WIRE_RECORD_KEY, out, len, now_ms) < 0)
        c->stats.refused++;
    crypto_wipe(out, sizeof out);
}

void camera_stream_keys(struct sdk_camera *c, struct session *s, int is_replacing, int64_t now_ms)
{
    struct wire_key_entry entries[KEYS_MAX];
    unsigned n = 0;

    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++) {
        const struct stream *st = &c->streams[w];

        if (!s->started[w] || st->id == 0)
            continue;
        camera_key_entry(&entries[n++], st->id, st->cur.kid, st->cur.base_key);
        if (st->next.gcm != NULL)
            camera_key_entry(&entries[n++], st->id, st->next.kid, st->next.base_key);
    }
    n += camera_snap_entries(c, s, entries + n);
    n += camera_play_entries(c, s, entries + n);
    camera_keys_send(c, s, entries, n, is_replacing, now_ms);
    crypto_wipe(entries, sizeof entries);
}

static unsigned watcher_count(const struct sdk_camera *c, enum sdk_stream which)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->session_count; i++)
        n += c->sessions[i]->started[which];
    return n;
}

static void keys_tell(struct sdk_camera *c, enum sdk_stream which, int is_replacing, int64_t now_ms)
{
    for (unsigned i = 0; i < c->session_count; i++)
        if (c->sessions[i]->started[which])
            camera_stream_keys(c, c->sessions[i], is_replacing, now_ms);
}

static void stream_wipe(struct stream *st)
{
    sdk_media_key_fini(&st->cur);
    sdk_media_key_fini(&st->next);
    sk_buf_fini_wipe(&st->init);
    sk_buf_fini_wipe(&st->out);
    st->id = 0;
    st->is_ready = 0;
}

uint32_t camera_stream_id_make(const struct sdk_camera *c)
{
    uint32_t id;

    do
        id = sk_random_u32();
    while (id == 0 || camera_stream_by_id(c, id) >= 0 || camera_snap_has(c, id) ||
           camera_talk_has(c, id) || camera_play_has(c, id));
    return id;
}

/* Sound and pictures of one camera share a timeline, so that a player can lay them side by side. It
 * begins anew, at random, when nothing runs. */
static uint64_t timeline(struct sdk_camera *c, int64_t now_ms)
{
    int is_running = 0;

    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        is_running |= c->streams[w].id != 0;
    if (!is_running) {
        sk_random(&c->origin, sizeof c->origin);
        c->origin &= (UINT64_C(1) << 40) - 1;
        c->origin_ms = now_ms;
    }
    return c->origin + (uint64_t)(now_ms - c->origin_ms) * (SCALE / 1000);
}

static void stream_begin(struct sdk_camera *c, enum sdk_stream which, int64_t now_ms)
{
    struct stream *st = &c->streams[which];

    st->origin = timeline(c, now_ms);
    st->id = camera_stream_id_make(c);
    camera_key_make(c, stream_kind(which), stream_slot(which), &st->cur, now_ms);
    st->is_ready = 0;
    st->needs_init = st->needs_key = 1;
    st->wants_disc = 0;
    st->start_deadline_ms = now_ms + START_MS;
    st->rotate_ms = camera_rotate_at(now_ms);
    st->switch_from_ms = st->switch_by_ms = INT64_MAX;
    st->keyreq_ms = st->init_ms = INT64_MIN / 2;
    st->event_ms = now_ms + CLOCK_EVENT_MS;
    st->ask_key_ms = 0;
    st->sent_wall_ms = 0;
}

static void stream_end(struct sdk_camera *c, enum sdk_stream which)
{
    if (c->streams[which].id == 0)
        return;
    stream_wipe(&c->streams[which]);
    c->ops->stream_stop(c->user, which);
}

void camera_stream_fini(struct sdk_camera *c)
{
    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        stream_wipe(&c->streams[w]);
    camera_snap_fini(c);
    camera_talk_fini(c);
    camera_play_fini(c);
}

int camera_stream_by_id(const struct sdk_camera *c, uint32_t id)
{
    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        if (id != 0 && c->streams[w].id == id)
            return (int)w;
    return -1;
}

/* KEY goes before the REP of live.start (4.3). */
static void start_answer(struct sdk_camera *c, struct session *s, enum sdk_stream which,
                         uint32_t request, int64_t now_ms)
{
    const struct stream *st = &c->streams[which];
    json_t *val = json_object();

    s->started[which] = 1;
    camera_stream_keys(c, s, 0, now_ms);
    sk_json_set_int(val, "stream", st->id);
    sk_json_set_str(val, "codec", st->codec);
    sk_json_set_int(val, "scale", SCALE);
    sk_json_set_int(val, "pts", (int64_t)st->pts);
    sk_json_set_int(val, "wall", st->wall_ms);
    command_reply_ok(s, request, val, now_ms);
}

static int pending_put(struct session *s, enum sdk_stream which, uint32_t request)
{
    for (unsigned i = 0; i < PENDING_MAX; i++)
        if (!s->pending[i].is_used) {
            s->pending[i].is_used = 1;
            s->pending[i].id = request;
            s->pending[i].which = (uint8_t)which;
            return 0;
        }
    return -SK_EBUSY;
}

static unsigned pending_count(const struct sdk_camera *c, enum sdk_stream which)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->session_count; i++)
        for (unsigned j = 0; j < PENDING_MAX; j++)
            n += c->sessions[i]->pending[j].is_used && c->sessions[i]->pending[j].which == which;
    return n;
}

/* Answer all that wait for this stream; `err` NULL = it is ready. */
static void pending_answer(struct sdk_camera *c, enum sdk_stream which, const char *err,
                           int64_t now_ms)
{
    for (unsigned i = 0; i < c->session_count; i++) {
        struct session *s = c->sessions[i];

        for (unsigned j = 0; j < PENDING_MAX; j++) {
            if (!s->pending[j].is_used || s->pending[j].which != which)
                continue;
            s->pending[j].is_used = 0;
            if (err != NULL)
                command_reply_error(s, s->pending[j].id, err, now_ms);
            else
                start_answer(c, s, which, s->pending[j].id, now_ms);
        }
    }
}

const char *camera_stream_start(struct sdk_camera *c, struct session *s, enum sdk_stream which,
                                uint32_t request, int *is_pending, int64_t now_ms)
{
    struct stream *st = &c->streams[which];
    int rc;

    if (st->id != 0 && st->is_ready) {
        *is_pending = 1; /* answered here */
        start_answer(c, s, which, request, now_ms);
        return NULL;
    }
    if (pending_put(s, which, request) < 0)
        return "busy";
    *is_pending = 1;
    if (st->id != 0)
        return NULL;
    stream_begin(c, which, now_ms);
    rc = c->ops->stream_start(c->user, which, st->origin);
    if (rc < 0) {
        stream_wipe(st);
        pending_answer(c, which, rc == -SK_EUNSUPPORTED ? "unsupported" : "internal", now_ms);
    }
    return NULL;
}

void camera_stream_stop_one(struct sdk_camera *c, struct session *s, enum sdk_stream which,
                            int64_t now_ms)
{
    (void)now_ms;
    s->started[which] = 0;
    if (watcher_count(c, which) == 0 && pending_count(c, which) == 0)
        stream_end(c, which);
}

void camera_stream_leave(struct sdk_camera *c, struct session *s, int64_t now_ms)
{
    memset(s->pending, 0, sizeof s->pending);
    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        camera_stream_stop_one(c, s, (enum sdk_stream)w, now_ms);
    camera_snap_leave(c, s);
    camera_talk_leave(c, s);
    camera_play_leave(c, s);
    camera_ptz_leave(c, s);
}

/* ---- narrowed rights ---- */
static void ended_tell(struct sdk_camera *c, struct session *s, enum sdk_stream which,
                       int64_t now_ms)
{
    json_t *val = json_object();

    sk_json_set_int(val, "stream", c->streams[which].id);
    command_event(s, ended_event(which), val, now_ms);
}

void camera_session_narrow(struct sdk_camera *c, struct session *s, int64_t now_ms)
{
    for (unsigned i = 0; i < PENDING_MAX; i++)
        if (s->pending[i].is_used &&
            (s->rights & stream_right((enum sdk_stream)s->pending[i].which)) == 0) {
            s->pending[i].is_used = 0;
            command_reply_error(s, s->pending[i].id, "denied", now_ms);
        }
    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        if (s->started[w] && (s->rights & stream_right((enum sdk_stream)w)) == 0) {
            ended_tell(c, s, (enum sdk_stream)w, now_ms);
            camera_stream_stop_one(c, s, (enum sdk_stream)w, now_ms);
        }
    if ((s->rights & WIRE_RIGHT_SNAPSHOT) == 0)
        camera_snap_deny(c, s, now_ms);
    if ((s->rights & WIRE_RIGHT_TALK) == 0)
        camera_talk_end(c, s, now_ms);
    if ((s->rights & WIRE_RIGHT_PLAYBACK) == 0)
        camera_play_deny(c, s, now_ms);
    if ((s->rights & WIRE_RIGHT_PTZ) == 0)
        camera_ptz_leave(c, s);
}

void sdk_camera_narrow(struct sdk_camera *c, const char *account, uint16_t rights, int64_t now_ms)
{
    int is_changed = 0;

    camera_enter(c);
    for (unsigned i = 0; i < c->session_count; i++) {
        struct session *s = c->sessions[i];

        if (s->state != RUN_CHANNEL || strcmp(s->account, account) != 0 ||
            (s->rights & ~rights) == 0)
            continue;
        s->rights &= rights;
        camera_session_narrow(c, s, now_ms);
        is_changed = 1;
    }
    if (is_changed)
        camera_stream_revoke(c, 0, now_ms);
    camera_leave(c, now_ms);
}

const char *camera_stream_keyframe(struct sdk_camera *c, enum sdk_stream which, int64_t now_ms)
{
    struct stream *st = &c->streams[which];

    if (now_ms - st->keyreq_ms < KEYREQ_MS)
        return "rate";
    st->keyreq_ms = now_ms;
    c->ops->stream_keyframe(c->user, which);
    return NULL;
}

void sdk_camera_on_keyreq(struct sdk_camera *c, uint32_t stream, int64_t now_ms)
{
    int which = camera_stream_by_id(c, stream);

    camera_snap_asked(c, stream);
    /* The relay asks for each id that it does not know yet: what has just begun need not again. */
    if (which >= 0 && now_ms - c->streams[which].init_ms < KEYREQ_MS)
        return;
    /* A subscriber who came after the last INIT needs one too. */
    if (which >= 0 && camera_stream_keyframe(c, (enum sdk_stream)which, now_ms) == NULL)
        c->streams[which].needs_init = 1;
}

void sdk_camera_uplink(struct sdk_camera *c, int is_up, int64_t now_ms)
{
    c->uplink_up = is_up;
    camera_snap_uplink(c, now_ms);
    if (!is_up)
        camera_play_lost(c, now_ms);
    if (is_up)
        camera_talk_credit(c);
    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        if (c->streams[w].id != 0) {
            c->streams[w].needs_init = c->streams[w].needs_key = 1;
            if (is_up)
                c->ops->stream_keyframe(c->user, (enum sdk_stream)w);
        }
}

int sdk_camera_stream_wanted(const struct sdk_camera *c, enum sdk_stream which)
{
    return c->streams[which].id != 0 && (c->uplink_up || !c->streams[which].is_ready);
}

int sdk_camera_stream_ready(struct sdk_camera *c, enum sdk_stream which, const char *codec,
                            uint64_t pts, int64_t wall_ms, const uint8_t *init, size_t init_len,
                            int64_t now_ms)
{
    struct stream *st = &c->streams[which];
    int rc;

    if (st->id == 0)
        return -SK_ECONFLICT;
    if (init_len == 0 || sk_copy(st->codec, sizeof st->codec, codec) < 0)
        return -SK_EINVAL;
    sk_buf_reset(&st->init);
    rc = sk_buf_add(&st->init, init, init_len);
    if (rc < 0)
        return rc;
    st->pts = pts;
    st->wall_ms = wall_ms;
    st->wants_disc = st->is_ready;
    st->is_ready = 1;
    st->needs_init = st->needs_key = 1;
    camera_enter(c);
    pending_answer(c, which, NULL, now_ms);
    camera_leave(c, now_ms);
    return 0;
}

void sdk_camera_stream_failed(struct sdk_camera *c, enum sdk_stream which, int64_t now_ms)
{
    if (c->streams[which].id == 0)
        return;
    camera_enter(c);
    pending_answer(c, which, "internal", now_ms);
    for (unsigned i = 0; i < c->session_count; i++) {
        struct session *s = c->sessions[i];

        if (!s->started[which])
            continue;
        s->started[which] = 0;
        ended_tell(c, s, which, now_ms);
    }
    stream_wipe(&c->streams[which]);
    camera_leave(c, now_ms);
}

/* ---- key switches ---- */
static void announce(struct sdk_camera *c, enum sdk_stream which, int is_removal, int64_t now_ms)
{
    struct stream *st = &c->streams[which];

    /* A key announced before a removal is never used after it. */
    camera_key_make(c, stream_kind(which), stream_slot(which), &st->next, now_ms);
    keys_tell(c, which, is_removal, now_ms);
    st->rotate_ms = camera_rotate_at(now_ms);
    if (is_removal) {
        st->switch_from_ms = now_ms + REVOKE_LEAD_MS;
        st->switch_by_ms = c->switch_first_ms + REVOKE_MAX_MS;
        if (st->switch_by_ms < st->switch_from_ms + REVOKE_LEAD_MS)
            st->switch_by_ms = now_ms + REVOKE_WAIT_MS;
        st->ask_key_ms = st->switch_from_ms;
    } else {
        st->switch_from_ms = now_ms + ANNOUNCE_MS;
        st->switch_by_ms = INT64_MAX;
        st->ask_key_ms = now_ms + ANNOUNCE_MAX_MS;
    }
}

/* When the next switch may be, if only NOTICE asks for it: at most 6 in any minute. */
static int64_t notice_allowed_ms(const struct sdk_camera *c, int64_t now_ms)
{
    int64_t oldest = c->notice_ms[0];

    for (unsigned i = 1; i < NOTICE_MAX; i++)
        if (c->notice_ms[i] < oldest)
            oldest = c->notice_ms[i];
    return oldest + NOTICE_WINDOW_MS > now_ms ? oldest + NOTICE_WINDOW_MS : now_ms;
}

void camera_stream_revoke(struct sdk_camera *c, int is_from_notice, int64_t now_ms)
{
    int64_t at = now_ms + REVOKE_WAIT_MS;

    if (is_from_notice) {
        int64_t allowed = notice_allowed_ms(c, now_ms);

        if (c->switch_at_ms != 0)
            return; /* shares the switch that is due */
        if (allowed > at)
            at = allowed;
    } else if (c->switch_at_ms != 0 && c->switch_at_ms <= at) {
        c->switch_by_notice = 0;
        return;
    }
    c->switch_at_ms = at;
    c->switch_first_ms = at - REVOKE_WAIT_MS;
    c->switch_by_notice = is_from_notice;
}

static void switch_all(struct sdk_camera *c, int64_t now_ms)
{
    if (c->switch_by_notice) {
        memmove(c->notice_ms, c->notice_ms + 1, (NOTICE_MAX - 1) * sizeof c->notice_ms[0]);
        c->notice_ms[NOTICE_MAX - 1] = now_ms;
    }
    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        if (c->streams[w].id != 0)
            announce(c, (enum sdk_stream)w, 1, now_ms);
    camera_play_switch(c, now_ms);
    c->switch_at_ms = 0;
    c->stats.switches++;
    camera_event(c, "rekeyed");
}

static void key_switch(struct stream *st)
{
    sdk_media_key_fini(&st->cur);
    st->cur = st->next;
    memset(&st->next, 0, sizeof st->next);
    st->switch_from_ms = st->switch_by_ms = INT64_MAX;
    st->ask_key_ms = 0;
    st->needs_init = 1;
}

/* ---- units ---- */
static int unit_emit(struct sdk_camera *c, enum sdk_stream which, uint16_t flags, uint64_t pts,
                     const uint8_t *data, size_t len, int64_t now_ms)
{
    struct stream *st = &c->streams[which];
    struct wire_relay_head h = {
        .kind = stream_kind(which), .flags = flags, .stream = st->id, .pts = pts};
    uint64_t ctr = st->cur.ctr;
    int rc = sdk_media_seal(&st->cur, &h, data, len, &st->out, now_ms);

    if (rc < 0)
        return rc;
    st->sent_ctr = ctr;
    st->sent_pts = pts;
    st->sent_wall_ms = camera_wall(c, now_ms);
    c->stats.units++;
    c->ops->frame(c->user, st->out.data, st->out.len);
    return 0;
}

int sdk_camera_unit(struct sdk_camera *c, enum sdk_stream which, int is_key, int is_disc,
                    uint64_t pts, const uint8_t *data, size_t len, int64_t now_ms)
{
    struct stream *st = &c->streams[which];
    uint16_t flags = is_key ? WIRE_RELAY_KEY : 0;
    int rc = 0;

    if (st->id == 0 || !st->is_ready)
        return -SK_ECONFLICT;
    if (!c->uplink_up)
        return 0;
    if (is_disc)
        st->wants_disc = 1;
    if (is_key && st->next.gcm != NULL && now_ms >= st->switch_from_ms)
        key_switch(st);
    if (!is_key && (st->needs_key || st->cur.gcm == NULL))
        return 0; /* a group that nobody could begin */
    if (st->wants_disc)
        flags |= WIRE_RELAY_DISC;
    if (st->needs_init && is_key) {
        rc = unit_emit(c, which, (uint16_t)(WIRE_RELAY_INIT | (flags & WIRE_RELAY_DISC)), pts,
                       st->init.data, st->init.len, now_ms);
        if (rc == 0) {
            st->needs_init = 0;
            st->init_ms = now_ms;
        }
    }
    if (rc == 0)
        rc = unit_emit(c, which, flags, pts, data, len, now_ms);
    if (rc == 0) {
        st->needs_key = 0;
        st->wants_disc = 0;
    } else if (rc == -SK_ELIMIT && st->next.gcm == NULL) {
        camera_enter(c);
        announce(c, which, 0, now_ms);
        camera_leave(c, now_ms);
    }
    return rc;
}

/* ---- time ---- */
static void clock_event(struct sdk_camera *c, enum sdk_stream which, int64_t now_ms)
{
    const struct stream *st = &c->streams[which];

    if (st->sent_wall_ms == 0)
        return;
    for (unsigned i = 0; i < c->session_count; i++) {
        json_t *val;

        if (!c->sessions[i]->started[which])
            continue;
        val = json_object();
        sk_json_set_int(val, "stream", st->id);
        sk_json_set_int(val, "kid", (int64_t)st->cur.kid);
        sk_json_set_int(val, "ctr", (int64_t)st->sent_ctr);
        sk_json_set_int(val, "pts", (int64_t)st->sent_pts);
        sk_json_set_int(val, "wall", st->sent_wall_ms);
        command_event(c->sessions[i], "clock", val, now_ms);
    }
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t stream_tick(struct sdk_camera *c, enum sdk_stream which, int64_t now_ms)
{
    struct stream *st = &c->streams[which];
    int64_t next;

    if (!st->is_ready && now_ms >= st->start_deadline_ms) {
        pending_answer(c, which, "internal", now_ms);
        stream_end(c, which);
        return INT64_MAX;
    }
    if (now_ms >= st->rotate_ms && st->next.gcm == NULL)
        announce(c, which, 0, now_ms);
    if (st->ask_key_ms != 0 && now_ms >= st->ask_key_ms) {
        st->ask_key_ms = 0;
        c->ops->stream_keyframe(c->user, which);
    }
    if (now_ms >= st->switch_by_ms) { /* no keyframe came in time: silence, not the old key */
        key_switch(st);
        st->needs_key = 1;
    }
    if (now_ms >= st->event_ms) {
        st->event_ms = now_ms + CLOCK_EVENT_MS;
        clock_event(c, which, now_ms);
    }
    next = earliest(st->event_ms, st->switch_by_ms);
    if (st->next.gcm == NULL)
        next = earliest(next, st->rotate_ms);
    if (st->ask_key_ms != 0)
        next = earliest(next, st->ask_key_ms);
    return st->is_ready ? next : earliest(next, st->start_deadline_ms);
}

int64_t camera_stream_tick(struct sdk_camera *c, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    if (c->switch_at_ms != 0 && now_ms >= c->switch_at_ms)
        switch_all(c, now_ms);
    if (c->switch_at_ms != 0)
        next = c->switch_at_ms;
    for (unsigned w = 0; w < SDK_STREAM_COUNT; w++)
        if (c->streams[w].id != 0)
            next = earliest(next, stream_tick(c, (enum sdk_stream)w, now_ms));
    next = earliest(next, camera_snap_tick(c, now_ms));
    next = earliest(next, camera_talk_tick(c, now_ms));
    next = earliest(next, camera_play_tick(c, now_ms));
    return earliest(next, camera_ptz_tick(c, now_ms));
}
