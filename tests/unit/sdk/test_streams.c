/* The streams beside the picture: sound, talk, snapshots, the head (sealed.md 3.4, 4.6, rows 72,
 * 74, 79, 80 of 7.3). */
#include "tests/unit/sdk/world.h"

#include "sdk/camera_internal.h"
#include "sdk/media_seal.h"
#include "sdk/uplink.h"
#include "sdk/viewer_internal.h"
#include "wire/sframe.h"

static void listen(struct world *w, struct party *p)
{
    assert_int_equal(sdk_viewer_audio_start(p->v, w->now), 0);
    world_pump(w);
    assert_string_equal(p->stream.name, "audio");
}

static void look(struct world *w, struct party *p)
{
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    assert_string_equal(p->stream.name, "main");
}

/* One unit of sound, to everybody in `to` (ended by NULL). */
static void sound(struct world *w, struct party *const *to)
{
    unsigned from = w->frame_count;

    world_unit(w, SDK_STREAM_AUDIO, 1, "two frames of sound");
    for (; *to != NULL; to++)
        world_deliver(w, *to, from, w->frame_count);
}

/* ---- sound ---- */
static void sound_is_a_stream_of_its_own(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *to[] = {p, NULL};
    struct wire_relay_head h;
    uint64_t kid, ctr;
    size_t len;
    uint32_t video;

    (void)state;
    look(w, p);
    video = p->stream.id;
    w->now += 1000;
    listen(w, p);
    assert_true(p->stream.id != video);
    assert_int_equal(w->origin[SDK_STREAM_AUDIO], w->origin[SDK_STREAM_MAIN] + 90000);
    sound(w, to);
    sound(w, to);
    assert_int_equal(p->sounds, 2);
    assert_int_equal(p->last_len, strlen("two frames of sound"));
    for (unsigned i = 0; i < 3; i++) { /* INIT and two units, each KEY */
        const struct frame *f = &w->frames[i];

        assert_int_equal(wire_relay_decode_whole(&h, f->data, f->len), 0);
        assert_int_equal(h.kind, WIRE_RELAY_AUDIO);
        assert_int_equal(h.flags, i == 0 ? WIRE_RELAY_INIT : WIRE_RELAY_KEY);
        assert_int_equal(wire_sframe_decode(&kid, &ctr, &len, f->data + 20, h.len), 0);
        assert_int_equal(kid & 0xFFFF, 3 << 8 | WIRE_RELAY_AUDIO);
        assert_int_equal(ctr, i);
    }
    assert_true(kid != w->c->streams[SDK_STREAM_MAIN].cur.kid);
    world_free(w);
}

static void sound_starts_and_stops_by_its_own_commands(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint32_t video, audio;

    (void)state;
    look(w, p);
    video = p->stream.id;
    listen(w, p);
    audio = p->stream.id;
    assert_int_equal(request(w, p, "live.stop", arg_int("stream", audio)), 0);
    assert_string_equal(p->reply_error, "not-found");
    assert_int_equal(request(w, p, "live.keyframe", arg_int("stream", audio)), 0);
    assert_string_equal(p->reply_error, "not-found");
    assert_int_equal(request(w, p, "audio.stop", arg_int("stream", video)), 0);
    assert_string_equal(p->reply_error, "not-found");
    assert_int_equal(request(w, p, "audio.start", arg_int("volume", 1)), 0);
    assert_string_equal(p->reply_error, "bad-arg");
    assert_int_equal(sdk_viewer_live_stop(p->v, audio, w->now), -SK_ENOTFOUND);
    assert_int_equal(w->stopped[SDK_STREAM_AUDIO], 0);
    assert_int_equal(sdk_viewer_audio_stop(p->v, audio, w->now), 0);
    world_pump(w);
    assert_int_equal(w->stopped[SDK_STREAM_AUDIO], 1);
    assert_int_equal(w->stopped[SDK_STREAM_MAIN], 0);
    session_of(w, p)->rights = WIRE_RIGHT_LIVE_MAIN;
    assert_int_equal(request(w, p, "audio.start", NULL), 0);
    assert_string_equal(p->reply_error, "denied");
    world_free(w);
}

static void camera_without_microphone(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    w->start_answer = -SK_EUNSUPPORTED;
    assert_int_equal(request(w, p, "audio.start", NULL), 0);
    assert_string_equal(p->reply_error, "unsupported");
    assert_int_equal(w->c->streams[SDK_STREAM_AUDIO].id, 0);
    world_free(w);
}

/* Every unit of sound is KEY: a switch by removal needs to ask for nothing. */
static void sound_changes_keys_with_the_pictures(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3), *to[] = {p, q, NULL};
    uint64_t before;

    (void)state;
    listen(w, p);
    listen(w, q);
    sound(w, to);
    before = w->c->streams[SDK_STREAM_AUDIO].cur.kid;
    sdk_camera_on_revoke(w->c, "acct-0002", w->now);
    world_pump(w);
    for (unsigned i = 0; i < 25; i++) {
        world_run(w, 40);
        sound(w, to);
    }
    assert_true(w->c->streams[SDK_STREAM_AUDIO].cur.kid > before);
    assert_int_equal(p->sounds, 26);
    assert_true(q->sounds < 26);
    world_free(w);
}

/* Row 72: a right that is gone stops within a second, and what the server may still pass on does
 * not open. */
static void row_72_narrowed_while_listening(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3), *to[] = {p, q, NULL};
    unsigned had;

    (void)state;
    look(w, p);
    listen(w, p);
    listen(w, q);
    sound(w, to);
    sdk_camera_narrow(w->c, "acct-0001", WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_PTZ, w->now);
    world_pump(w);
    assert_string_equal(p->event, "audio.ended");
    assert_int_equal(session_of(w, p)->started[SDK_STREAM_AUDIO], 0);
    assert_int_equal(session_of(w, p)->started[SDK_STREAM_MAIN], 1);
    assert_int_equal(session_of(w, q)->started[SDK_STREAM_AUDIO], 1);
    world_run(w, 500);
    for (unsigned i = 0; i < 12; i++) {
        world_run(w, 40);
        sound(w, to);
    }
    had = p->sounds; /* one second after: nothing opens any more */
    assert_int_equal(q->sounds, 13);
    for (unsigned i = 0; i < 100; i++) {
        world_run(w, 40);
        sound(w, to);
    }
    assert_int_equal(p->sounds, had);
    assert_int_equal(q->sounds, 113);
    assert_int_equal(request(w, p, "audio.start", NULL), 0);
    assert_string_equal(p->reply_error, "denied");
    assert_int_equal(request(w, p, "live.keys", arg_int("stream", q->stream.id)), 0);
    assert_string_equal(p->reply_error, "not-found");
    sdk_camera_narrow(w->c, "acct-0001", 0x2FF, w->now); /* never grows */
    assert_int_equal(session_of(w, p)->rights, WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_PTZ);
    world_free(w);
}

/* Row 74: who knows the new KID but not the new key. */
static void row_74_sound_forged_under_the_new_kid(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *to[] = {p, NULL};
    struct sdk_media_key old = {0};
    struct wire_relay_head h = {.kind = WIRE_RELAY_AUDIO, .flags = WIRE_RELAY_KEY};
    struct stream *st = &w->c->streams[SDK_STREAM_AUDIO];
    struct sk_buf forged;
    uint8_t base_key[32];

    (void)state;
    listen(w, p);
    sound(w, to);
    memcpy(base_key, st->cur.base_key, 32);
    sdk_camera_on_revoke(w->c, "acct-0002", w->now);
    world_run(w, 1000);
    sound(w, to);
    assert_int_equal(p->sounds, 2);
    sk_buf_init(&forged, 4096);
    sdk_media_key_init(&old, st->cur.kid, base_key, w->now);
    old.ctr = st->cur.ctr;
    h.stream = st->id;
    h.pts = w->pts[SDK_STREAM_AUDIO] + 3600;
    assert_int_equal(sdk_media_seal(&old, &h, (const uint8_t *)"x", 1, &forged, w->now), 0);
    sdk_viewer_on_frame(p->v, forged.data, forged.len, w->now);
    assert_int_equal(p->sounds, 2);
    assert_int_equal(p->closed_streams, 1);
    assert_int_equal(p->stream_code, WIRE_CODE_CRYPTO);
    sdk_media_key_fini(&old);
    sk_buf_fini(&forged);
    world_free(w);
}

/* ---- snapshots ---- */
static const uint8_t jpeg[] = "\xFF\xD8 a picture \xFF\xD9";

static void snap_ask(struct world *w, struct party *p)
{
    assert_int_equal(sdk_viewer_snap(p->v, w->now), 0);
    world_pump(w);
}

static void snap_give(struct world *w)
{
    assert_int_equal(
        sdk_camera_snap_ready(w->c, w->snap_number, 1280, 720, jpeg, sizeof jpeg, w->now), 0);
    world_pump(w);
}

static void snapshot_once_under_its_own_key(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3);
    struct wire_relay_head h;
    uint64_t kid[2], ctr;
    uint32_t id;
    size_t len;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        snap_ask(w, p);
        assert_int_equal(w->snaps, i + 1);
        assert_int_equal(p->has_stream, i); /* not answered before the picture is there */
        snap_give(w);
        assert_int_equal(p->has_stream, i + 1);
        assert_string_equal(p->stream.name, "snap");
        assert_int_equal(p->stream.width, 1280);
        assert_int_equal(p->stream.height, 720);
        id = p->stream.id;
        assert_int_equal(w->frame_count, i); /* waits until the relay asks */
        sdk_camera_on_keyreq(w->c, id + 1, w->now);
        assert_int_equal(w->frame_count, i);
        sdk_camera_on_keyreq(w->c, id, w->now);
        assert_int_equal(w->frame_count, i + 1);
        sdk_camera_on_keyreq(w->c, id, w->now);
        assert_int_equal(w->frame_count, i + 1);
        assert_int_equal(wire_relay_decode_whole(&h, w->frames[i].data, w->frames[i].len), 0);
        assert_int_equal(h.kind, WIRE_RELAY_SNAPSHOT);
        assert_int_equal(h.flags, WIRE_RELAY_KEY | WIRE_RELAY_END | WIRE_RELAY_NOCACHE);
        assert_int_equal(wire_sframe_decode(&kid[i], &ctr, &len, w->frames[i].data + 20, h.len), 0);
        assert_int_equal(ctr, 0);
        world_deliver(w, q, i, i + 1); /* who did not ask has no key */
        assert_int_equal(q->units, 0);
        world_deliver(w, p, i, i + 1);
        assert_int_equal(p->pictures, i + 1);
        assert_int_equal(p->last_len, sizeof jpeg);
        assert_memory_equal(p->last, jpeg, sizeof jpeg);
        world_deliver(w, p, i, i + 1); /* a second unit under the same key */
        assert_int_equal(p->pictures, i + 1);
    }
    assert_int_equal((uint8_t)kid[0], WIRE_RELAY_SNAPSHOT);
    assert_true(kid[0] != kid[1]);
    for (unsigned i = 0; i < SNAPS_MAX; i++) /* the camera has forgotten both keys */
        for (unsigned b = 0; b < 32; b++)
            assert_int_equal(w->c->snaps[i].base_key[b], 0);
    world_free(w);
}

static void snapshot_unasked_after_a_second(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    snap_ask(w, p);
    snap_give(w);
    world_run(w, 999);
    assert_int_equal(w->frame_count, 0);
    world_run(w, 1);
    assert_int_equal(w->frame_count, 1);
    sdk_camera_uplink(w->c, 0, w->now);
    snap_ask(w, p);
    snap_give(w);
    sdk_camera_on_keyreq(w->c, p->stream.id, w->now);
    world_run(w, 3000);
    assert_int_equal(w->frame_count, 1); /* no uplink: kept */
    sdk_camera_uplink(w->c, 1, w->now);
    world_run(w, 1000);
    assert_int_equal(w->frame_count, 2);
    snap_ask(w, p);
    snap_give(w);
    sdk_camera_uplink(w->c, 0, w->now);
    world_run(w, 10000);
    sdk_camera_uplink(w->c, 1, w->now);
    world_run(w, 2000);
    assert_int_equal(w->frame_count, 2); /* too old by then */
    world_free(w);
}

static void snapshot_refusals(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint32_t number;

    (void)state;
    snap_ask(w, p);
    snap_ask(w, p);
    assert_string_equal(p->reply_error, "busy");
    sdk_camera_snap_failed(w->c, w->snap_number, w->now);
    world_pump(w);
    assert_string_equal(p->reply_error, "internal");
    snap_ask(w, p);
    number = w->snap_number;
    world_run(w, 10000);
    assert_int_equal(p->replies, 3);
    assert_string_equal(p->reply_error, "internal"); /* the picture never came */
    assert_int_equal(sdk_camera_snap_ready(w->c, number, 1280, 720, jpeg, sizeof jpeg, w->now),
                     -SK_ENOTFOUND);
    snap_ask(w, p);
    sdk_camera_narrow(w->c, "acct-0001", WIRE_RIGHT_LIVE_MAIN, w->now);
    world_pump(w);
    assert_string_equal(p->reply_error, "denied");
    snap_ask(w, p);
    assert_int_equal(p->replies, 5);
    assert_string_equal(p->reply_error, "denied");
    p = world_login(w, 1);
    snap_ask(w, p);
    sdk_viewer_close(p->v, w->now); /* gone before the picture came */
    world_pump(w);
    assert_int_equal(sdk_camera_snap_ready(w->c, w->snap_number, 1, 1, jpeg, sizeof jpeg, w->now),
                     -SK_ENOTFOUND);
    world_free(w);
}

static void snapshot_that_never_comes(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    snap_ask(w, p);
    snap_give(w);
    world_run(w, 9000);
    assert_int_equal(p->closed_streams, 0);
    world_run(w, 1000);
    assert_int_equal(p->closed_streams, 1);
    assert_int_equal(p->stream_code, WIRE_CODE_IDLE);
    assert_int_equal(p->closed, 0);
    world_free(w);
}

/* ---- talk ---- */
static void talk_begin(struct world *w, struct party *p)
{
    assert_int_equal(sdk_viewer_talk_start(p->v, w->now), 0);
    world_pump(w);
}

static void say(struct world *w, struct party *p, uint64_t pts, const char *text)
{
    assert_int_equal(sdk_viewer_talk(p->v, pts, (const uint8_t *)text, strlen(text), w->now), 0);
}

static void talk_is_heard_and_told(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3);

    (void)state;
    assert_int_equal(sdk_viewer_talk(p->v, 0, jpeg, 1, w->now), -SK_ECONFLICT);
    talk_begin(w, p);
    assert_string_equal(p->stream.name, "talk");
    assert_int_equal(w->credit_stream, p->stream.id);
    assert_int_equal(w->credit, 64 << 10);
    say(w, p, 1000, "hello");
    say(w, p, 2800, "hello?");
    assert_int_equal(w->heard, 2);
    assert_int_equal(w->said_len, 6);
    assert_memory_equal(w->said, "hello?", 6);
    assert_int_equal(request(w, q, "info", NULL), 0);
    assert_non_null(strstr(q->reply, "\"talk\":{\"units\":2,\"bytes\":11}"));
    talk_begin(w, q);
    assert_string_equal(q->reply_error, "busy");
    talk_begin(w, p);
    assert_string_equal(p->reply_error, "busy");
    assert_int_equal(sdk_viewer_talk_stop(p->v, w->now), 0);
    world_pump(w);
    assert_int_equal(w->credit, 0);
    sdk_camera_on_talk(w->c, p->talk, p->talk_len, w->now);
    assert_int_equal(w->heard, 2);
    talk_begin(w, q);
    say(w, q, 5, "next");
    assert_int_equal(w->heard, 3);
    world_free(w);
}

static void talk_gives_credit_as_it_consumes(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    char text[900];
    uint32_t given = 0;

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    talk_begin(w, p);
    assert_int_equal(w->credits, 1);
    for (unsigned i = 0; i < 100; i++) {
        unsigned before = w->credits;

        say(w, p, 1800 * i, text);
        given += w->credits > before ? w->credit : 0;
    }
    assert_in_range(w->credits, 4, 7);
    assert_in_range(given, 100 * 899 - 17 * 1024, 100 * 1000);
    sdk_camera_uplink(w->c, 0, w->now);
    sdk_camera_uplink(w->c, 1, w->now); /* a new uplink knows nothing yet */
    assert_int_equal(w->credit, 64 << 10);
    world_free(w);
}

/* Row 79: units that name another viewer's talk. The talk goes on. */
static void row_79_talk_units_of_another(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3);
    struct sdk_media_key key = {0};
    struct wire_relay_head h = {.kind = WIRE_RELAY_TALK, .flags = WIRE_RELAY_KEY, .pts = 9};
    struct wire_key_entry e = {.kind = WIRE_RELAY_TALK, .slot = SLOT_TALK, .lifetime_s = 1200};
    struct wire_key_head head = {.count = 1};
    struct sdk_camera_stats before, after;
    struct sk_buf forged;
    uint8_t rec[WIRE_KEY_HEAD_BYTES + WIRE_KEY_ENTRY_BYTES];
    size_t len;

    (void)state;
    sk_buf_init(&forged, 4096);
    talk_begin(w, p);
    say(w, p, 1, "one");
    /* the other viewer offers a key for that stream through his own channel ... */
    e.stream = h.stream = p->stream.id;
    e.kid = wire_kid(0xFFFFFFFF, SLOT_TALK, WIRE_RELAY_TALK);
    memset(e.base_key, 7, 32);
    sdk_camera_boot_id(w->c, head.boot);
    len = wire_key_encode(rec, &head, &e);
    sdk_camera_stats(w->c, &before);
    assert_int_equal(sdk_channel_send(q->v->channel, WIRE_RECORD_KEY, rec, len, w->now), 0);
    world_pump(w);
    sdk_camera_stats(w->c, &after);
    assert_int_equal(after.refused, before.refused + 1);
    assert_int_equal(q->closed, 0);
    /* ... and speaks under it; and under the talker's own KID */
    for (unsigned i = 0; i < 2; i++) {
        sdk_media_key_fini(&key);
        sdk_media_key_init(&key, i == 0 ? e.kid : p->v->talk.key.kid, e.base_key, w->now);
        key.ctr = 5;
        assert_int_equal(sdk_media_seal(&key, &h, (const uint8_t *)"x", 1, &forged, w->now), 0);
        sdk_camera_on_talk(w->c, forged.data, forged.len, w->now);
    }
    sdk_camera_on_talk(w->c, p->talk, p->talk_len, w->now); /* the server replays */
    p->talk[7] ^= 1; /* another stream's id over the talker's unit */
    sdk_camera_on_talk(w->c, p->talk, p->talk_len, w->now);
    sdk_camera_on_talk(w->c, p->talk, 3, w->now);
    sdk_camera_stats(w->c, &after);
    assert_int_equal(after.talk_dropped, 5);
    assert_int_equal(after.talk_units, 1);
    assert_int_equal(w->heard, 1);
    say(w, p, 2, "two");
    assert_int_equal(w->heard, 2);
    sdk_media_key_fini(&key);
    sk_buf_fini(&forged);
    world_free(w);
}

static void row_80_talk_without_grant(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    static const struct {
        const char *what;
        uint16_t right;
    } rows[] = {{"talk.start", WIRE_RIGHT_TALK},    {"talk.stop", WIRE_RIGHT_TALK},
                {"snap", WIRE_RIGHT_SNAPSHOT},      {"ptz.move", WIRE_RIGHT_PTZ},
                {"ptz.stop", WIRE_RIGHT_PTZ},       {"ptz.preset", WIRE_RIGHT_PTZ},
                {"audio.start", WIRE_RIGHT_LISTEN}, {"audio.stop", WIRE_RIGHT_LISTEN}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        session_of(w, p)->rights = (uint16_t)(0x2FF & ~rows[i].right);
        assert_int_equal(request(w, p, rows[i].what, NULL), 0);
        assert_int_equal(p->reply_ok, 0);
        assert_string_equal(p->reply_error, "denied");
    }
    assert_int_equal(w->snaps + w->heads + w->credits, 0);
    assert_int_equal(p->closed, 0);
    world_free(w);
}

static void talk_key_of_wrong_form_is_refused(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    struct sdk_camera_stats before, after;

    (void)state;
    talk_begin(w, p);
    for (unsigned i = 0; i < 8; i++) {
        struct wire_key_entry e[2] = {
            {.stream = p->stream.id, .kind = WIRE_RELAY_TALK, .slot = SLOT_TALK, .lifetime_s = 60}};
        struct wire_key_head head = {.count = 1};
        uint8_t rec[WIRE_KEY_HEAD_BYTES + 2 * WIRE_KEY_ENTRY_BYTES];
        size_t len;

        sdk_camera_boot_id(w->c, head.boot);
        if (i == 0)
            head.boot[0] ^= 1;
        if (i == 1)
            e[0].stream++;
        if (i == 2)
            e[0].slot++;
        if (i == 3)
            e[0].kind = WIRE_RELAY_AUDIO;
        if (i == 4)
            e[0].suite = 5;
        if (i == 5)
            e[0].lifetime_s = 0;
        if (i == 6)
            head.count = 2;
        e[0].kid = wire_kid(1000 + i, e[0].slot, e[0].kind);
        e[1] = e[0];
        len = wire_key_encode(rec, &head, e) - (i == 7);
        sdk_camera_stats(w->c, &before);
        assert_int_equal(sdk_channel_send(p->v->channel, WIRE_RECORD_KEY, rec, len, w->now), 0);
        world_pump(w);
        sdk_camera_stats(w->c, &after);
        assert_int_equal(after.refused, before.refused + 1);
    }
    say(w, p, 1, "still");
    assert_int_equal(w->heard, 1);
    assert_int_equal(p->closed, 0);
    world_free(w);
}

static void talk_ends_in_silence_and_with_its_channel(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q;

    (void)state;
    talk_begin(w, p);
    world_run(w, 59000);
    say(w, p, 1, "not yet");
    world_run(w, 59000);
    assert_string_not_equal(p->event, "talk.ended");
    world_run(w, 1000);
    assert_string_equal(p->event, "talk.ended");
    assert_int_equal(w->credit, 0);
    assert_int_equal(sdk_viewer_talk(p->v, 2, jpeg, 1, w->now), -SK_ECONFLICT);
    talk_begin(w, p);
    say(w, p, 3, "again");
    assert_int_equal(w->heard, 2);
    w->holds_talk = 1;
    say(w, p, 4, "late");
    sdk_viewer_close(p->v, w->now);
    world_pump(w);
    sdk_camera_on_talk(w->c, p->talk, p->talk_len, w->now); /* the key died with the channel */
    assert_int_equal(w->heard, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_null(w->c->talk->rx.keys[i].key.gcm);
    w->holds_talk = 0;
    q = world_login(w, 3);
    talk_begin(w, q);
    say(w, q, 1, "mine");
    assert_int_equal(w->heard, 3);
    sdk_camera_narrow(w->c, "acct-0002", WIRE_RIGHT_LISTEN, w->now);
    world_pump(w);
    assert_string_equal(q->event, "talk.ended");
    assert_false(camera_talk_has(w->c, q->stream.id));
    world_free(w);
}

static void camera_without_loudspeaker_or_head(void **state)
{
    struct world *w = world_new();
    struct sdk_camera_ops ops = w_camera_ops;
    struct party *p;
    json_t *arg = json_object();

    (void)state;
    ops.talk = NULL;
    ops.snap = NULL;
    ops.ptz = NULL;
    w->c->ops = &ops;
    p = world_login(w, 0);
    sk_json_set_str(arg, "codec", "opus");
    assert_int_equal(request(w, p, "talk.start", arg), 0);
    assert_string_equal(p->reply_error, "unsupported");
    assert_int_equal(request(w, p, "snap", NULL), 0);
    assert_string_equal(p->reply_error, "unsupported");
    assert_int_equal(request(w, p, "ptz.stop", NULL), 0);
    assert_string_equal(p->reply_error, "unsupported");
    w->c->ops = &w_camera_ops;
    arg = json_object();
    sk_json_set_str(arg, "codec", "pcm");
    assert_int_equal(request(w, p, "talk.start", arg), 0);
    assert_string_equal(p->reply_error, "unsupported");
    world_free(w);
}

/* ---- talk frames on the uplink ---- */
static unsigned up_talks;
static void up_nothing(void *user, const uint8_t *data, size_t len)
{
    (void)user, (void)data, (void)len;
}
static void up_ready(void *user)
{
    (void)user;
}
static void up_keyreq(void *user, uint32_t stream)
{
    (void)user, (void)stream;
}
static void up_cut(void *user, unsigned reason)
{
    (void)user, (void)reason;
}
static void up_talk(void *user, const uint8_t *frame, size_t len)
{
    (void)user;
    assert_int_equal(frame[1], WIRE_RELAY_TALK);
    up_talks += (unsigned)len;
}

static void uplink_carries_talk_alone(void **state)
{
    static const struct sdk_uplink_ops deaf = {
        .send = up_nothing, .ready = up_ready, .keyreq = up_keyreq, .cut = up_cut};
    static const struct sdk_uplink_ops hearing = {
        .send = up_nothing, .ready = up_ready, .keyreq = up_keyreq, .cut = up_cut, .talk = up_talk};
    static const struct {
        const struct sdk_uplink_ops *ops;
        uint8_t kind;
        uint32_t len;
        int rc;
    } rows[] = {{&hearing, WIRE_RELAY_TALK, 40, 0},
                {&hearing, WIRE_RELAY_TALK, WIRE_RELAY_TALK_MAX, 0},
                {&hearing, WIRE_RELAY_TALK, WIRE_RELAY_TALK_MAX + 1, -SK_ETOOBIG},
                {&hearing, WIRE_RELAY_VIDEO, 40, -SK_EINVAL},
                {&deaf, WIRE_RELAY_TALK, 40, -SK_EINVAL}};
    static uint8_t data[WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_TALK_MAX + 1];

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wire_relay_head h = {.kind = rows[i].kind, .stream = 1, .len = rows[i].len};
        uint8_t welcome[WIRE_RELAY_HEAD_BYTES];
        struct sdk_uplink u;

        up_talks = 0;
        sdk_uplink_init(&u, rows[i].ops, NULL);
        assert_int_equal(sdk_uplink_start(&u, "ticket", 0), 0);
        wire_relay_control(welcome, WIRE_RELAY_WELCOME, 0, NULL, 0);
        assert_int_equal(sdk_uplink_input(&u, welcome, sizeof welcome, 0), 0);
        wire_relay_encode(data, &h);
        assert_int_equal(sdk_uplink_input(&u, data, 20 + rows[i].len, 0), rows[i].rc);
        assert_int_equal(up_talks, rows[i].rc == 0 ? 20 + rows[i].len : 0);
        sdk_uplink_stop(&u);
    }
}

/* ---- the head ---- */
static json_t *speeds(double pan, double tilt, double zoom)
{
    return json_pack("{s:f,s:f,s:f}", "pan", pan, "tilt", tilt, "zoom", zoom);
}

static void head_obeys(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    assert_int_equal(request(w, p, "ptz.move", speeds(0.5, -1, 0.25)), 0);
    assert_int_equal(p->reply_ok, 1);
    assert_int_equal(w->head_last.kind, SDK_PTZ_MOVE);
    assert_true(w->head_last.pan == 0.5 && w->head_last.tilt == -1 && w->head_last.zoom == 0.25);
    assert_int_equal(request(w, p, "ptz.stop", NULL), 0);
    assert_int_equal(w->head_last.kind, SDK_PTZ_STOP);
    assert_int_equal(request(w, p, "ptz.preset", arg_int("set", 9)), 0);
    assert_int_equal(w->head_last.kind, SDK_PTZ_SET);
    assert_int_equal(w->head_last.preset, 9);
    w->ptz_answer = -SK_ENOTFOUND;
    assert_int_equal(request(w, p, "ptz.preset", arg_int("go", 1)), 0);
    assert_string_equal(p->reply_error, "not-found");
    w->ptz_answer = -SK_ESTORAGE;
    assert_int_equal(request(w, p, "ptz.preset", arg_int("set", 1)), 0);
    assert_string_equal(p->reply_error, "storage");
    world_free(w);
}

static void head_refuses_bad_arguments(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    json_t *const moves[] = {speeds(1.01, 0, 0),
                             speeds(0, -1.5, 0),
                             speeds(0, 0, 2),
                             NULL,
                             json_pack("{s:i,s:i}", "pan", 0, "tilt", 0),
                             json_pack("{s:s,s:i,s:i}", "pan", "1", "tilt", 0, "zoom", 0)};
    json_t *const presets[] = {arg_int("go", 0), arg_int("set", 10), NULL,
                               json_pack("{s:i,s:i}", "go", 1, "set", 1),
                               json_pack("{s:f}", "go", 1.5)};

    (void)state;
    for (unsigned i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        assert_int_equal(request(w, p, "ptz.move", moves[i]), 0);
        assert_string_equal(p->reply_error, "bad-arg");
    }
    for (unsigned i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        assert_int_equal(request(w, p, "ptz.preset", presets[i]), 0);
        assert_string_equal(p->reply_error, "bad-arg");
    }
    assert_int_equal(w->heads, 0);
    world_free(w);
}

/* A repeat after a cut channel is answered, not done twice. */
static void head_moves_once(void **state)
{
    static const char before[] = "{\"id\":", after[] = ",\"do\":\"ptz.preset\",\"arg\":{\"set\":1},"
                                                       "\"once\":\"AAAAAAAAAAAAAAAAAAAAAA\"}";
    struct world *w = world_new();

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct party *p = world_login(w, i);
        char text[256];
        int n = snprintf(text, sizeof text, "%s%u%s", before, (unsigned)++p->v->request_id, after);

        p->v->open[0].id = p->v->request_id;
        p->v->open[0].kind = R_PLAIN;
        assert_int_equal(sdk_channel_send(p->v->channel, WIRE_RECORD_REQ, text, (size_t)n, w->now),
                         0);
        world_pump(w);
        assert_int_equal(p->reply_ok, 1);
    }
    assert_int_equal(w->heads, 1);
    world_free(w);
}

static void head_is_told_of_five_times_a_second(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3);

    (void)state;
    session_of(w, q)->rights &= (uint16_t)~WIRE_RIGHT_PTZ;
    assert_int_equal(request(w, p, "ptz.move", speeds(1, 0, 0)), 0);
    world_run(w, 1000);
    p->events = q->events = 0;
    for (unsigned i = 1; i <= 100; i++) {
        sdk_camera_ptz_at(w->c, i / 100.0, 0, 2);
        world_run(w, 10);
    }
    world_run(w, 200);
    assert_in_range(p->events, 5, 6);
    assert_int_equal(q->events, 0); /* without the right */
    assert_string_equal(p->event, "ptz");
    assert_non_null(strstr(p->event_val, "\"pan\":1.0,")); /* the last one always */
    assert_non_null(strstr(p->event_val, "\"zoom\":2.0,\"by\":\"acct-0001\""));
    world_free(w);
}

static void head_stops_when_its_mover_goes(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3);

    (void)state;
    assert_int_equal(request(w, p, "ptz.move", speeds(1, 0, 0)), 0);
    sdk_viewer_close(q->v, w->now);
    world_pump(w);
    assert_int_equal(w->heads, 1);
    sdk_viewer_close(p->v, w->now);
    world_pump(w);
    assert_int_equal(w->heads, 2);
    assert_int_equal(w->head_last.kind, SDK_PTZ_STOP);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_a_stream_of_its_own),
        cmocka_unit_test(sound_starts_and_stops_by_its_own_commands),
        cmocka_unit_test(camera_without_microphone),
        cmocka_unit_test(sound_changes_keys_with_the_pictures),
        cmocka_unit_test(row_72_narrowed_while_listening),
        cmocka_unit_test(row_74_sound_forged_under_the_new_kid),
        cmocka_unit_test(snapshot_once_under_its_own_key),
        cmocka_unit_test(snapshot_unasked_after_a_second),
        cmocka_unit_test(snapshot_refusals),
        cmocka_unit_test(snapshot_that_never_comes),
        cmocka_unit_test(talk_is_heard_and_told),
        cmocka_unit_test(talk_gives_credit_as_it_consumes),
        cmocka_unit_test(row_79_talk_units_of_another),
        cmocka_unit_test(row_80_talk_without_grant),
        cmocka_unit_test(talk_key_of_wrong_form_is_refused),
        cmocka_unit_test(talk_ends_in_silence_and_with_its_channel),
        cmocka_unit_test(camera_without_loudspeaker_or_head),
        cmocka_unit_test(uplink_carries_talk_alone),
        cmocka_unit_test(head_obeys),
        cmocka_unit_test(head_refuses_bad_arguments),
        cmocka_unit_test(head_moves_once),
        cmocka_unit_test(head_is_told_of_five_times_a_second),
        cmocka_unit_test(head_stops_when_its_mover_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
