/* Playback (sealed.md 4.3, 4.5, 4.6, docs/design/streams.md; rows 43-50, 57, 72-75 of 7.3 as far as
 * they speak of it). */
#include "tests/unit/sdk/world.h"

#include "sdk/media_seal.h"
#include "sdk/uplink.h"
#include "sdk/viewer_internal.h"
#include "wire/sframe.h"

enum { WALL = 1800000000, FRAME = 3600, GROUP = 50 };

static const struct sdk_viewer_play from_wall = {.at_ms = WALL, .stream = "main", .speed = 1};

static void ready(struct world *w, unsigned slot)
{
    assert_int_equal(
        sdk_camera_play_ready(w->c, slot, "avc1.4D401F", (const uint8_t *)"init", 4, w->now), 0);
    world_tick(w);
}

/* A playback of `p`, answered; returns its slot. */
static unsigned play(struct world *w, struct party *p)
{
    int before = w->card.opens;

    w->card.wall = WALL;
    assert_int_equal(sdk_viewer_play_start(p->v, &from_wall, w->now), 0);
    world_pump(w);
    assert_int_equal(w->card.opens, before + 1);
    for (unsigned i = 0; i < SDK_PLAY_MAX; i++)
        if (w->c->plays[i].session == session_of(w, p) && w->c->plays[i].state == PLAY_OPENING) {
            ready(w, i);
            assert_string_equal(p->stream.name, "play");
            return i;
        }
    fail();
    return 0;
}

static int give_sized(struct world *w, unsigned slot, int is_key, size_t len)
{
    uint8_t *data = calloc(1, len);
    uint64_t pts = w->card.pts[slot];
    int rc;

    w->card.pts[slot] += FRAME;
    w->card.wanted[slot] = 0;
    rc = sdk_camera_play_unit(w->c, slot, is_key, pts, FRAME, data, len, w->now);
    free(data);
    world_tick(w);
    return rc;
}

static void give(struct world *w, unsigned slot, int is_key)
{
    assert_int_equal(give_sized(w, slot, is_key, 500), 0);
}

static struct wire_relay_head head_of(const struct world *w, unsigned i, uint64_t *kid,
                                      uint64_t *ctr)
{
    const struct frame *f = &w->frames[i];
    struct wire_relay_head h;
    size_t len;

    assert_int_equal(wire_relay_decode_whole(&h, f->data, f->len), 0);
    assert_int_equal(wire_sframe_decode(kid, ctr, &len, f->data + 20, h.len), 0);
    return h;
}

static json_t *arg_stream(uint32_t stream, const char *name, double value)
{
    json_t *arg = arg_int("stream", stream);

    if (name != NULL)
        json_object_set_new(arg, name, json_real(value));
    return arg;
}

static json_t *arg_at(uint32_t stream, int64_t at)
{
    json_t *arg = arg_int("stream", stream);

    sk_json_set_int(arg, "at", at);
    return arg;
}

/* ---- find ---- */
static void find_tells_ranges_and_marks(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    struct sdk_viewer_found *found = calloc(1, sizeof *found);
    json_t *val;
    uint32_t id;

    (void)state;
    w->card.found.first_ms = 1000;
    w->card.found.last_ms = 900000;
    w->card.found.next_ms = 5000;
    w->card.found.is_simulated = 1;
    w->card.found.range_count = 2;
    w->card.found.ranges[0].from_ms = 1000;
    w->card.found.ranges[0].to_ms = 2000;
    w->card.found.ranges[1].from_ms = 3000;
    w->card.found.ranges[1].to_ms = 5000;
    w->card.found.mark_count = 1;
    w->card.found.marks[0].at_ms = 1500;
    w->card.found.marks[0].type = 1;
    assert_int_equal(sdk_viewer_play_find(p->v, 0, 6000, &id, w->now), 0);
    world_pump(w);
    assert_string_equal(p->reply,
                        "{\"first\":1000,\"last\":900000,\"ranges\":[[1000,2000],[3000,5000]],"
                        "\"marks\":[[1500,1]],\"next\":5000,\"source\":\"simulated\"}");
    assert_int_equal(sk_json_parse(&val, p->reply, strlen(p->reply)), 0);
    assert_int_equal(sdk_viewer_found_read(found, val), 0);
    assert_int_equal(found->range_count, 2);
    assert_int_equal(found->ranges[1].to_ms, 5000);
    assert_int_equal(found->marks[0].type, 1);
    json_decref(val);
    free(found);
    world_free(w);
}

static void an_answer_of_wrong_form_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"first\":0,\"last\":0,\"ranges\":[[5,4]],\"marks\":[],\"next\":0,\"source\":\"card\"}",
        "{\"first\":0,\"last\":0,\"ranges\":[[5,9],[8,10]],\"marks\":[],\"next\":0,\"source\":"
        "\"c\"}",
        "{\"first\":0,\"last\":0,\"ranges\":[[1]],\"marks\":[],\"next\":0,\"source\":\"card\"}",
        "{\"first\":0,\"last\":0,\"ranges\":[[1,2.5]],\"marks\":[],\"next\":0,\"source\":\"card\"}",
        "{\"first\":0,\"last\":0,\"ranges\":{},\"marks\":[],\"next\":0,\"source\":\"card\"}",
        "{\"first\":0,\"last\":0,\"ranges\":[],\"marks\":[[9,1],[8,1]],\"next\":0,\"source\":"
        "\"c\"}",
        "{\"first\":0,\"last\":0,\"ranges\":[],\"marks\":[[9,70000]],\"next\":0,\"source\":\"c\"}",
        "{\"first\":-1,\"last\":0,\"ranges\":[],\"marks\":[],\"next\":0,\"source\":\"card\"}",
        "{\"first\":0,\"last\":0,\"ranges\":[],\"marks\":[],\"next\":0,\"source\":\"c\",\"x\":1}",
    };
    struct sdk_viewer_found *found = calloc(1, sizeof *found);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *val;

        assert_int_equal(sk_json_parse(&val, bad[i], strlen(bad[i])), 0);
        assert_int_equal(sdk_viewer_found_read(found, val), -SK_EINVAL);
        json_decref(val);
    }
    free(found);
}

static void commands_check_their_arguments(void **state)
{
    static const struct {
        const char *what, *arg, *error;
    } rows[] = {
        {"play.find", "{\"from\":5,\"to\":5}", "bad-arg"},
        {"play.find", "{\"from\":0,\"to\":2678400001}", "bad-arg"},
        {"play.find", "{\"from\":0,\"to\":9,\"x\":1}", "bad-arg"},
        {"play.find", "{\"from\":-1,\"to\":9}", "bad-arg"},
        {"play.start", "{}", "bad-arg"},
        {"play.start", "{\"at\":9,\"to\":9}", "bad-arg"},
        {"play.start", "{\"at\":9,\"stream\":\"audio\"}", "bad-arg"},
        {"play.start", "{\"at\":9,\"speed\":3}", "bad-arg"},
        {"play.start", "{\"at\":9,\"speed\":\"1\"}", "bad-arg"},
        {"play.start", "{\"at\":9,\"speed\":0}", "bad-arg"},
        {"play.seek", "{\"stream\":1,\"at\":9}", "not-found"},
        {"play.seek", "{\"stream\":1}", "bad-arg"},
        {"play.speed", "{\"stream\":1,\"speed\":2}", "not-found"},
        {"play.speed", "{\"stream\":1}", "bad-arg"},
        {"play.stop", "{\"stream\":1}", "not-found"},
    };
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *arg;

        assert_int_equal(sk_json_parse(&arg, rows[i].arg, strlen(rows[i].arg)), 0);
        assert_int_equal(request(w, p, rows[i].what, arg), 0);
        assert_string_equal(p->reply_error, rows[i].error);
    }
    assert_int_equal(w->card.opens, 0);
    world_free(w);
}

static void errors_of_the_card_have_names(void **state)
{
    static const struct {
        int rc;
        const char *error;
    } rows[] = {{-SK_ENOTFOUND, "not-found"},
                {-SK_EBUSY, "busy"},
                {-SK_ESTORAGE, "storage"},
                {-SK_EUNSUPPORTED, "unsupported"},
                {-SK_EIO, "internal"}};
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w->card.answer = rows[i].rc;
        assert_int_equal(request(w, p, "play.start", arg_int("at", WALL)), 0);
        assert_string_equal(p->reply_error, rows[i].error);
        assert_null(w->c->plays[0].session);
    }
    world_free(w);
}

/* ---- a stream of one's own ---- */
static void each_start_has_key_id_and_origin_of_its_own(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 1);
    uint64_t kid, ctr, other;
    unsigned a, b;

    (void)state;
    a = play(w, p);
    b = play(w, q);
    assert_true(p->stream.id != q->stream.id);
    assert_true(p->stream.pts != q->stream.pts && p->stream.pts < UINT64_C(1) << 40);
    assert_int_equal(p->stream.wall_ms, WALL);
    give(w, a, 1);
    give(w, b, 1);
    assert_int_equal(w->frame_count, 4);
    for (unsigned i = 0; i < 2; i++) {
        struct wire_relay_head h = head_of(w, i, &kid, &ctr);

        assert_int_equal(h.kind, WIRE_RELAY_PLAYBACK);
        assert_int_equal(h.flags, (i == 0 ? WIRE_RELAY_INIT : WIRE_RELAY_KEY) | WIRE_RELAY_NOCACHE);
        assert_int_equal(h.stream, p->stream.id);
        assert_int_equal(h.pts, p->stream.pts);
        assert_int_equal(ctr, i);
        assert_int_equal(kid & 0xFF, WIRE_RELAY_PLAYBACK);
    }
    (void)head_of(w, 2, &other, &ctr);
    assert_true(other != kid);
    world_deliver(w, p, 0, 2);
    assert_int_equal(p->inits, 1);
    assert_int_equal(p->keys, 1);
    /* the other viewer has no key for it: it is no stream of his at all */
    world_deliver(w, q, 0, 2);
    assert_int_equal(q->units, 0);
    assert_null(viewer_stream_find(q->v, p->stream.id));
    assert_int_equal(request(w, q, "live.keys", arg_int("stream", p->stream.id)), 0);
    assert_string_equal(q->reply_error, "not-found");
    assert_int_equal(request(w, q, "play.stop", arg_int("stream", p->stream.id)), 0);
    assert_string_equal(q->reply_error, "not-found");
    assert_int_equal(request(w, q, "play.seek", arg_at(p->stream.id, WALL)), 0);
    assert_string_equal(q->reply_error, "not-found");
    assert_int_equal(w->card.seeks, 0);
    world_free(w);
}

static void streams_are_bounded(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 1), *r = world_login(w, 3);

    (void)state;
    play(w, p);
    play(w, p);
    assert_int_equal(request(w, p, "play.start", arg_int("at", WALL)), 0);
    assert_string_equal(p->reply_error, "busy"); /* two a channel */
    play(w, q);
    play(w, q);
    assert_int_equal(request(w, r, "play.start", arg_int("at", WALL)), 0);
    assert_string_equal(r->reply_error, "busy"); /* four a camera */
    assert_int_equal(sdk_viewer_play_stop(p->v, p->stream.id, w->now), 0);
    world_pump(w);
    assert_int_equal(w->card.closes, 1);
    play(w, r);
    sdk_viewer_close(q->v, w->now); /* the channel ends: so does all it played */
    world_pump(w);
    assert_int_equal(w->card.closes, 3);
    world_free(w);
}

static void a_player_that_never_gets_ready(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    assert_int_equal(request(w, p, "play.start", arg_int("at", WALL)), 0);
    assert_int_equal(p->replies, 0);
    world_run(w, 10001);
    assert_string_equal(p->reply_error, "internal");
    assert_int_equal(w->card.closes, 1);
    assert_int_equal(sdk_camera_play_ready(w->c, 0, "avc1", (const uint8_t *)"i", 1, w->now),
                     -SK_ENOTFOUND);
    world_free(w);
}

/* ---- pace ---- */
static void without_credit_nothing_is_asked_for(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot;

    (void)state;
    w->holds_credit = 1;
    slot = play(w, p);
    assert_int_equal(p->subscribed, 1);
    assert_int_equal(w->credits_given, 1);
    world_run(w, 60000);
    assert_int_equal(w->card.nexts, 0);
    sdk_camera_on_credit(w->c, p->stream.id + 1, 5000, w->now); /* of no stream: without effect */
    assert_int_equal(w->c->stats.credit_unknown, 1);
    assert_int_equal(w->card.nexts, 0);
    sdk_camera_on_credit(w->c, p->stream.id, 2000, w->now);
    assert_int_equal(w->card.nexts, 1);
    give(w, slot, 1); /* INIT and this fit into 2,000 */
    assert_int_equal(w->frame_count, 2);
    give(w, slot, 0);
    give(w, slot, 0);
    give(w, slot, 0); /* this does not: it waits */
    assert_int_equal(w->frame_count, 4);
    assert_int_equal(w->c->plays[slot].held.len, 500);
    assert_int_equal(w->card.wanted[slot], 0);
    world_run(w, 60000);
    assert_int_equal(w->frame_count, 4);
    sdk_camera_on_credit(w->c, p->stream.id, 1000, w->now);
    world_tick(w);
    assert_int_equal(w->frame_count, 5);
    world_free(w);
}

static void credit_is_bounded_by_the_window(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    size_t sent = 0;
    unsigned slot;

    (void)state;
    slot = play(w, p);
    sdk_camera_on_credit(w->c, p->stream.id, UINT32_MAX, w->now);
    sdk_camera_on_credit(w->c, p->stream.id, UINT32_MAX, w->now);
    assert_int_equal(give_sized(w, slot, 1, SDK_PLAY_FRAME_MAX), -SK_ETOOBIG);
    w->card.pts[slot] -= FRAME;
    for (unsigned i = 0; i < 40 && w->c->plays[slot].held.len == 0; i++)
        assert_int_equal(give_sized(w, slot, i == 0, 100000), 0);
    for (unsigned i = 0; i < w->frame_count; i++)
        sent += w->frames[i].len;
    assert_in_range(sent, 900000, 1 << 20);
    world_free(w);
}

/* The player gives back what it has shown; what it drops is given back for it. */
static void what_was_shown_makes_room(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    size_t sent = 0;
    unsigned slot;

    (void)state;
    slot = play(w, p);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(give_sized(w, slot, i == 0, 100000), 0);
    assert_int_equal(w->credits_given, 1);
    world_deliver(w, p, 0, w->frame_count);
    assert_int_equal(w->credits_given, 1); /* received is not shown */
    sdk_viewer_played(p->v, p->stream.id, 100000);
    assert_int_equal(w->credits_given, 1);
    sdk_viewer_played(p->v, p->stream.id, 100000);
    assert_int_equal(w->credits_given, 2);
    for (unsigned i = 0; i < w->frame_count; i++)
        sent += w->frames[i].len;
    assert_int_equal(w->c->plays[slot].credit, (1 << 20) - sent + 200000);
    world_free(w);
}

static void what_is_sent_runs_four_seconds_ahead_at_most(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot, n = 0, at_once;

    (void)state;
    slot = play(w, p);
    while (w->card.wanted[slot]) {
        give(w, slot, n % GROUP == 0);
        n++;
    }
    assert_in_range(n, 100, 102); /* 4 s at 25 a second */
    at_once = n;
    for (unsigned s = 0; s < 40; s++) { /* a second */
        world_run(w, 25);
        while (w->card.wanted[slot]) {
            give(w, slot, n % GROUP == 0);
            n++;
        }
    }
    assert_in_range(n - at_once, 24, 26);
    assert_int_equal(request(w, p, "play.speed", arg_stream(p->stream.id, "speed", 0.5)), 0);
    assert_string_equal(p->reply, "{\"speed\":0.5,\"frames\":\"all\"}");
    assert_int_equal(w->card.speeds, 0);
    assert_int_equal(request(w, p, "play.speed", arg_stream(p->stream.id, "speed", 8)), 0);
    assert_string_equal(p->reply, "{\"speed\":8.0,\"frames\":\"keys\"}");
    assert_int_equal(w->card.speeds, 1);
    assert_int_equal(w->card.keys_only, 1);
    world_free(w);
}

/* ---- seek, gap, end ---- */
static void seek_names_the_counter_of_its_init(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint64_t kid, ctr, first_kid;
    unsigned slot, from;
    uint64_t pts;
    char expected[128];

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    give(w, slot, 0);
    world_deliver(w, p, 0, w->frame_count);
    from = w->frame_count;
    give(w, slot, 0); /* on its way when the viewer seeks */
    (void)head_of(w, from, &first_kid, &ctr);
    w->card.wall = WALL - 3600000;
    pts = p->stream.pts + 3 * FRAME;
    assert_int_equal(sdk_viewer_play_seek(p->v, p->stream.id, WALL - 3599000, w->now), 0);
    world_pump(w);
    assert_int_equal(w->card.at, WALL - 3599000);
    assert_string_equal(p->event, "play.seek");
    assert_true(snprintf(expected, sizeof expected, "{\"stream\":%u,\"pts\":%llu,\"wall\":%d}",
                         p->stream.id, (unsigned long long)pts, WALL - 3600000) > 0);
    assert_string_equal(p->event_val, expected);
    world_tick(w);
    give(w, slot, 1);
    give(w, slot, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct wire_relay_head h = head_of(w, from + 1 + i, &kid, &ctr);

        assert_int_equal(kid, first_kid);
        assert_int_equal(ctr, 4 + i); /* goes on */
        assert_int_equal(h.pts, pts); /* without a jump */
        assert_int_equal(h.flags, (i == 0 ? WIRE_RELAY_INIT : WIRE_RELAY_KEY) | WIRE_RELAY_DISC |
                                      WIRE_RELAY_NOCACHE);
    }
    assert_int_equal(p->deltas, 1);
    world_deliver(w, p, from, w->frame_count);
    assert_int_equal(p->inits, 2);
    assert_int_equal(p->keys, 2);
    assert_int_equal(p->deltas, 2); /* the one on its way was dropped */
    assert_int_equal(sdk_viewer_play_wall(p->v, p->stream.id, pts + FRAME), WALL - 3600000 + 40);
    assert_int_equal(sdk_viewer_play_wall(p->v, p->stream.id, pts - FRAME), WALL + 80);
    world_free(w);
}

static void a_seek_to_nowhere_changes_nothing(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot;

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    w->card.answer = -SK_ENOTFOUND;
    assert_int_equal(sdk_viewer_play_seek(p->v, p->stream.id, 5, w->now), 0);
    world_pump(w);
    assert_string_equal(p->reply_error, "not-found");
    give(w, slot, 0);
    world_deliver(w, p, 0, w->frame_count);
    assert_int_equal(p->deltas, 1);
    world_free(w);
}

static void gaps_are_told_and_pts_goes_on(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint64_t kid, ctr, pts;
    unsigned slot;

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    w->card.wanted[slot] = 0;
    assert_int_equal(sdk_camera_play_gap(w->c, slot, WALL + 40, WALL + 60000, w->now), 0);
    world_tick(w);
    assert_string_equal(p->event, "play.gap");
    assert_int_equal(w->card.wanted[slot], 1);
    pts = p->stream.pts + FRAME;
    assert_int_equal(w->card.pts[slot], pts);
    give(w, slot, 0); /* a group that nobody could begin */
    w->card.pts[slot] = pts;
    give(w, slot, 1);
    assert_int_equal(w->frame_count, 4);
    assert_int_equal(head_of(w, 3, &kid, &ctr).pts, pts);
    assert_true((head_of(w, 2, &kid, &ctr).flags & WIRE_RELAY_DISC) != 0);
    world_deliver(w, p, 0, 4);
    assert_int_equal(p->keys, 2);
    assert_int_equal(sdk_viewer_play_wall(p->v, p->stream.id, pts), WALL + 60000);
    w->card.wanted[slot] = 0;
    assert_int_equal(sdk_camera_play_end(w->c, slot, WALL + 60040, w->now), 0);
    world_tick(w);
    assert_string_equal(p->event, "play.end");
    world_run(w, 5000);
    assert_int_equal(w->card.wanted[slot], 0);
    w->card.wall = WALL;
    assert_int_equal(sdk_viewer_play_seek(p->v, p->stream.id, WALL, w->now), 0);
    world_tick(w);
    assert_int_equal(w->card.wanted[slot], 1); /* the stream was still there */
    world_free(w);
}

static void pts_never_goes_back(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot;

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    w->card.pts[slot] -= FRAME;
    assert_int_equal(give_sized(w, slot, 0, 10), -SK_EINVAL);
    assert_int_equal(w->frame_count, 2);
    world_free(w);
}

/* ---- keys ---- */
static void keys_rotate_at_a_key_picture(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint64_t before, kid, ctr;
    unsigned slot;

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    before = w->c->plays[slot].cur.kid;
    w->c->plays[slot].rotate_ms = w->now; /* the timer of 4.3 */
    world_run(w, 100);
    assert_non_null(w->c->plays[slot].next.gcm);
    give(w, slot, 1); /* told too lately: still the old key */
    assert_int_equal(w->c->plays[slot].cur.kid, before);
    world_run(w, 2000);
    give(w, slot, 0); /* never within a group */
    assert_int_equal(w->c->plays[slot].cur.kid, before);
    give(w, slot, 1);
    assert_true(w->c->plays[slot].cur.kid > before);
    (void)head_of(w, w->frame_count - 2, &kid, &ctr);
    assert_int_equal(head_of(w, w->frame_count - 2, &kid, &ctr).flags,
                     WIRE_RELAY_INIT | WIRE_RELAY_NOCACHE);
    assert_int_equal(ctr, 0);
    world_deliver(w, p, 0, w->frame_count);
    assert_int_equal(p->keys, 3);
    assert_int_equal(p->deltas, 1);
    assert_int_equal(p->closed_streams, 0);
    world_free(w);
}

/* A removal: the removed one's players end, all others get new keys and lose nothing. */
static void row_73_a_removal_ends_one_and_rekeys_the_other(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q = world_login(w, 3);
    uint64_t before;
    unsigned a, b, from;

    (void)state;
    a = play(w, p);
    b = play(w, q);
    give(w, a, 1);
    give(w, b, 1);
    world_deliver(w, p, 0, 2);
    before = w->c->plays[a].cur.kid;
    from = w->frame_count;
    sdk_camera_on_revoke(w->c, "acct-0002", w->now);
    world_pump(w);
    assert_null(w->c->plays[b].session);
    assert_int_equal(w->card.closes, 1);
    assert_int_equal(
        sdk_camera_play_unit(w->c, b, 0, UINT64_C(1) << 41, 1, (const uint8_t *)"x", 1, w->now),
        -SK_ENOTFOUND);
    world_run(w, 700);
    give(w, a, 0);
    give(w, a, 1);
    give(w, a, 0);
    assert_true(w->c->plays[a].cur.kid > before);
    world_deliver(w, p, from, w->frame_count);
    assert_int_equal(p->deltas, 2);
    assert_int_equal(p->keys, 2);
    world_free(w);
}

static void row_72_narrowed_while_playing(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot;

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    sdk_camera_narrow(w->c, "acct-0001", WIRE_RIGHT_LIVE_MAIN, w->now);
    world_pump(w);
    assert_string_equal(p->event, "play.ended");
    assert_non_null(strstr(p->event_val, "\"denied\""));
    assert_null(w->c->plays[slot].session);
    assert_null(viewer_stream_find(p->v, p->stream.id));
    assert_int_equal(request(w, p, "play.start", arg_int("at", WALL)), 0);
    assert_string_equal(p->reply_error, "denied");
    assert_int_equal(request(w, p, "play.find", NULL), 0);
    assert_string_equal(p->reply_error, "denied");
    assert_int_equal(w->card.closes, 1);
    world_free(w);
}

/* Rows 43-47: whatever is changed on the way closes the stream; 48: so does a replay. */
static void rows_43_to_48_altered_on_the_way(void **state)
{
    static const struct {
        size_t at;
        uint8_t xor ;
        int code; /* 0: dropped as no frame of it */
    } rows[] = {
        {3, WIRE_RELAY_KEY, WIRE_CODE_CRYPTO},  /* flag KEY */
        {3, WIRE_RELAY_DISC, WIRE_CODE_CRYPTO}, /* flag DISC */
        {15, 1, WIRE_CODE_CRYPTO},              /* PTS */
        {7, 1, 0},                              /* stream */
        {1, WIRE_RELAY_PLAYBACK ^ WIRE_RELAY_VIDEO, WIRE_CODE_CRYPTO},
        {40, 1, WIRE_CODE_CRYPTO}, /* ciphertext */
    };

    (void)state;
    for (size_t i = 0; i <= sizeof rows / sizeof rows[0]; i++) {
        struct world *w = world_new();
        struct party *p = world_login(w, 0);
        unsigned slot = play(w, p);
        int is_replay = i == sizeof rows / sizeof rows[0];

        give(w, slot, 1);
        give(w, slot, 0);
        world_deliver(w, p, 0, 2);
        if (is_replay)
            world_deliver(w, p, 1, 2);
        else
            w->frames[2].data[rows[i].at] ^= rows[i].xor ;
        world_deliver(w, p, 2, 3);
        assert_int_equal(p->deltas, 0);
        assert_int_equal(p->stream_code, is_replay ? (int)WIRE_CODE_REPLAY : rows[i].code);
        world_tick(w);
        if (p->stream_code != 0) /* and the camera is told to stop */
            assert_null(w->c->plays[slot].session);
        world_free(w);
    }
}

/* ---- what ends it ---- */
static void ten_minutes_without_a_unit_end_it(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot;

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    world_run(w, 10 * 60 * 1000 + 1);
    assert_string_equal(p->event, "play.ended");
    assert_non_null(strstr(p->event_val, "\"idle\""));
    assert_int_equal(w->card.closes, 1);
    world_free(w);
}

static void the_uplink_takes_it_along(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot;

    (void)state;
    slot = play(w, p);
    give(w, slot, 1);
    sdk_camera_uplink(w->c, 0, w->now);
    world_pump(w);
    assert_non_null(strstr(p->event_val, "\"lost\""));
    assert_null(w->c->plays[slot].session);
    world_free(w);
}

static void a_broken_card_tells(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    unsigned slot;

    (void)state;
    slot = play(w, p);
    sdk_camera_play_failed(w->c, slot, w->now);
    world_pump(w);
    assert_non_null(strstr(p->event_val, "\"internal\""));
    assert_int_equal(w->card.closes, 0); /* it is gone already */
    sdk_camera_play_failed(w->c, 99, w->now);
    world_free(w);
}

static unsigned uplink_credits;

static void uplink_send(void *user, const uint8_t *data, size_t len)
{
    (void)user, (void)data, (void)len;
}

static void uplink_ready(void *user)
{
    (void)user;
}

static void uplink_credit(void *user, uint32_t stream, uint32_t bytes)
{
    (void)user;
    assert_int_equal(stream, 77);
    assert_int_equal(bytes, 4096);
    uplink_credits++;
}

static void credit_comes_down_the_uplink(void **state)
{
    struct sdk_uplink_ops ops = {
        .send = uplink_send, .ready = uplink_ready, .credit = uplink_credit};
    uint8_t out[64], four[4];
    struct sdk_uplink u;
    size_t n;

    (void)state;
    sk_put_u32(four, 4096);
    for (unsigned pass = 0; pass < 2; pass++) {
        sdk_uplink_init(&u, &ops, NULL);
        assert_int_equal(sdk_uplink_start(&u, "ticket", 0), 0);
        n = wire_relay_control(out, WIRE_RELAY_WELCOME, 0, NULL, 0);
        assert_int_equal(sdk_uplink_input(&u, out, n, 1), 0);
        n = wire_relay_control(out, WIRE_RELAY_CREDIT, 77, four, 4);
        assert_int_equal(sdk_uplink_input(&u, out, n, 2), pass == 0 ? 0 : -SK_EINVAL);
        sdk_uplink_stop(&u);
        ops.credit = NULL; /* a camera without a card */
    }
    assert_int_equal(uplink_credits, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_tells_ranges_and_marks),
        cmocka_unit_test(an_answer_of_wrong_form_is_refused),
        cmocka_unit_test(commands_check_their_arguments),
        cmocka_unit_test(errors_of_the_card_have_names),
        cmocka_unit_test(each_start_has_key_id_and_origin_of_its_own),
        cmocka_unit_test(streams_are_bounded),
        cmocka_unit_test(a_player_that_never_gets_ready),
        cmocka_unit_test(without_credit_nothing_is_asked_for),
        cmocka_unit_test(credit_is_bounded_by_the_window),
        cmocka_unit_test(what_was_shown_makes_room),
        cmocka_unit_test(what_is_sent_runs_four_seconds_ahead_at_most),
        cmocka_unit_test(seek_names_the_counter_of_its_init),
        cmocka_unit_test(a_seek_to_nowhere_changes_nothing),
        cmocka_unit_test(gaps_are_told_and_pts_goes_on),
        cmocka_unit_test(pts_never_goes_back),
        cmocka_unit_test(keys_rotate_at_a_key_picture),
        cmocka_unit_test(row_73_a_removal_ends_one_and_rekeys_the_other),
        cmocka_unit_test(row_72_narrowed_while_playing),
        cmocka_unit_test(rows_43_to_48_altered_on_the_way),
        cmocka_unit_test(ten_minutes_without_a_unit_end_it),
        cmocka_unit_test(the_uplink_takes_it_along),
        cmocka_unit_test(a_broken_card_tells),
        cmocka_unit_test(credit_comes_down_the_uplink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
