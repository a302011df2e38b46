/* Camera and viewer against each other: the ways that must work. */
#include "tests/unit/sdk/world.h"

#include "sdk/camera_internal.h"

static void label_code_opens(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t seal[65], boot[8];

    (void)state;
    assert_int_equal(p->ready, 1);
    assert_int_equal(p->has_params, 1);
    assert_int_equal(p->hello.rights, WIRE_RIGHTS_PASSWORD);
    assert_true(p->hello.is_new_pin && p->hello.is_password_born);
    sdk_camera_seal_key(w->c, seal);
    sdk_camera_boot_id(w->c, boot);
    assert_memory_equal(p->hello.seal, seal, 65);
    assert_memory_equal(p->hello.boot, boot, 8);
    world_free(w);
}

static void remembered_params_save_a_round(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t params[28];

    (void)state;
    memcpy(params, p->params, 28);
    p = world_viewer_with(w, 1, p->hello.seal, params);
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, CODE, 24, w->now), 0);
    assert_int_equal(w->tail - w->head, 1);
    assert_int_equal(w->queue[w->head % QUEUE].len, 41 + 93);
    world_pump(w);
    assert_int_equal(p->ready, 1);
    assert_false(p->hello.is_new_pin);
    world_free(w);
}

static void enrolled_key_opens(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t secret[32], point[65], pin[65];
    uint32_t id;

    (void)state;
    memcpy(pin, p->hello.seal, 65);
    crypto_p256_keygen(secret, point);
    assert_int_equal(sdk_viewer_enrol(p->v, point, &id, w->now), 0);
    world_pump(w);
    assert_int_equal(p->reply_ok, 1);
    p = world_viewer_with(w, 1, pin, NULL);
    assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 1);
    assert_false(p->hello.is_password_born);
    /* a key may not enrol another */
    assert_int_equal(sdk_viewer_enrol(p->v, point, &id, w->now), 0);
    world_pump(w);
    assert_string_equal(p->reply_error, "denied");
    /* and it survives a reboot, under a new boot id */
    sdk_camera_free(&w->c);
    world_boot(w);
    p = world_viewer_with(w, 2, pin, NULL);
    assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 1);
    world_free(w);
}

static void live_view(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q;
    unsigned n;

    (void)state;
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    assert_int_equal(p->has_stream, 1);
    assert_int_equal(p->subscribed, 1);
    assert_string_equal(p->stream.codec, "avc1.64001F");
    assert_string_equal(p->stream.name, "main");
    assert_int_equal(p->stream.pts, w->origin[0]);
    world_unit(w, SDK_STREAM_MAIN, 0, "one");
    world_unit(w, SDK_STREAM_MAIN, 0, "two");
    assert_int_equal(w->frame_count, 3); /* INIT, KEY, delta */
    world_deliver(w, p, 0, 3);
    assert_int_equal(p->inits, 1);
    assert_int_equal(p->keys, 1);
    assert_int_equal(p->deltas, 1);
    assert_memory_equal(p->last, "two", 3);
    /* a second viewer shares stream and key, and takes the cached group */
    q = world_login(w, 1);
    assert_int_equal(sdk_viewer_live_start(q->v, "main", w->now), 0);
    world_pump(w);
    assert_int_equal(q->stream.id, p->stream.id);
    assert_int_equal(w->started[0], 1);
    world_deliver(w, q, 0, 3);
    assert_int_equal(q->units, 3);
    /* the last one to leave stops the encoder */
    assert_int_equal(sdk_viewer_live_stop(p->v, p->stream.id, w->now), 0);
    world_pump(w);
    assert_int_equal(w->stopped[0], 0);
    sdk_viewer_close(q->v, w->now);
    world_pump(w);
    assert_int_equal(w->stopped[0], 1);
    n = w->frame_count;
    assert_int_equal(
        sdk_camera_unit(w->c, SDK_STREAM_MAIN, 1, 0, 1, (const uint8_t *)"x", 1, w->now),
        -SK_ECONFLICT);
    assert_int_equal(w->frame_count, n);
    world_free(w);
}

static void encoder_that_starts_late(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    w->no_auto_ready = 1;
    assert_int_equal(sdk_viewer_live_start(p->v, "sub", w->now), 0);
    world_run(w, 500);
    assert_int_equal(p->has_stream, 0);
    world_ready(w, SDK_STREAM_SUB);
    world_pump(w);
    assert_int_equal(p->has_stream, 1);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_run(w, 11000); /* never comes: told after 10 s */
    assert_string_equal(p->reply_error, "internal");
    assert_int_equal(w->stopped[0], 1);
    w->start_refused = 1;
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    assert_int_equal(p->replies, 2);
    world_free(w);
}

static void timer_rotates_key(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    for (unsigned i = 0; i < 1500; i++) { /* 25 min, a unit a second, a natural keyframe in 2 */
        unsigned before = w->frame_count;

        world_unit(w, SDK_STREAM_MAIN, i % 2 == 0, "unit");
        world_deliver(w, p, before, w->frame_count);
        world_run(w, 1000);
    }
    assert_int_equal(p->closed, 0);
    assert_int_equal(p->closed_streams, 0);
    assert_int_equal(p->units, w->frame_count);
    assert_true(p->inits >= 3 && p->inits <= 4); /* the first, and two or three switches */
    world_free(w);
}

static void channel_lives_a_day(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    world_run(w, 23 * 3600 * 1000);
    assert_int_equal(p->closed, 0); /* pings and rekeys kept it up */
    assert_int_equal(request(w, p, "info", NULL), 0);
    assert_int_equal(p->reply_ok, 1);
    world_run(w, 3600 * 1000);
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->code, WIRE_CODE_LIMIT);
    world_free(w);
}

static void silence_ends_channel(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    struct sdk_camera_stats stats;

    (void)state;
    sdk_viewer_free(&p->v); /* gone without a word */
    world_run(w, 59000);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 1);
    world_run(w, 2000);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 0);
    world_free(w);
}

static void fifth_channel_of_account_replaces_first(void **state)
{
    struct world *w = world_new();
    struct party *first = world_login(w, 0);
    struct sdk_camera_stats stats;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct party *p = world_login(w, 1 + i % 2); /* the former viewer object just forgets */

        assert_int_equal(p->ready, 1);
    }
    assert_int_equal(first->closed, 1);
    assert_int_equal(first->code, WIRE_CODE_SUPERSEDED);
    assert_true(first->is_clean);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 4);
    world_free(w);
}

static void uplink_that_returns_gets_init_and_key(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    world_unit(w, SDK_STREAM_MAIN, 0, "one");
    sdk_camera_uplink(w->c, 0, w->now);
    assert_false(sdk_camera_stream_wanted(w->c, SDK_STREAM_MAIN));
    world_unit(w, SDK_STREAM_MAIN, 1, "lost");
    assert_int_equal(w->frame_count, 2);
    sdk_camera_uplink(w->c, 1, w->now);
    assert_int_equal(w->keyframes[0], 1);
    w->wants_key[0] = 0;
    world_unit(w, SDK_STREAM_MAIN, 0, "delta that nobody could show");
    assert_int_equal(w->frame_count, 2);
    world_unit(w, SDK_STREAM_MAIN, 1, "key");
    assert_int_equal(w->frame_count, 4);
    world_deliver(w, p, 0, 4);
    assert_int_equal(p->inits, 2);
    assert_int_equal(p->closed_streams, 0);
    /* KEYREQ: a late subscriber gets INIT as well; at most once a second, INIT just sent counts */
    sdk_camera_on_keyreq(w->c, p->stream.id, w->now);
    assert_int_equal(w->keyframes[0], 1);
    w->now += 1000;
    sdk_camera_on_keyreq(w->c, p->stream.id, w->now);
    sdk_camera_on_keyreq(w->c, p->stream.id, w->now);
    assert_int_equal(w->keyframes[0], 2);
    world_unit(w, SDK_STREAM_MAIN, 0, "key");
    assert_int_equal(w->frame_count, 6);
    world_free(w);
}

/* The transport breaks under a send: the owner says so from inside ops.signal. */
static void signal_that_breaks(void *user, const uint8_t *e, size_t len)
{
    struct world *w = user;

    (void)e, (void)len;
    sdk_camera_link_lost(w->c, w->now);
}

static void link_lost_under_a_send(void **state)
{
    struct world *w = world_new();
    struct sdk_camera_ops ops = w_camera_ops;
    struct party *p = world_login(w, 0);
    struct sdk_camera_stats stats;

    (void)state;
    world_login(w, 1);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    ops.signal = signal_that_breaks;
    w->c->ops = &ops;
    w->now += 26000; /* both channels are pinged */
    (void)sdk_camera_tick(w->c, w->now);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 0);
    assert_int_equal(w->stopped[0], 1);
    world_free(w);
}

static void delay_shows(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    struct sdk_viewer_stats stats;

    (void)state;
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    for (unsigned i = 0; i < 10 * 25; i++) { /* 10 s of video, none of it is let through */
        world_unit(w, SDK_STREAM_MAIN, 0, "unit");
        if (i < 25)
            world_deliver(w, p, i == 0 ? 0 : w->frame_count - 1, w->frame_count);
        world_run(w, 40);
    }
    sdk_viewer_stats(p->v, &stats);
    assert_true(stats.is_delayed);
    assert_false(stats.is_not_live);
    assert_true(stats.behind_ms > 3000);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(label_code_opens),
        cmocka_unit_test(remembered_params_save_a_round),
        cmocka_unit_test(enrolled_key_opens),
        cmocka_unit_test(live_view),
        cmocka_unit_test(encoder_that_starts_late),
        cmocka_unit_test(timer_rotates_key),
        cmocka_unit_test(channel_lives_a_day),
        cmocka_unit_test(silence_ends_channel),
        cmocka_unit_test(fifth_channel_of_account_replaces_first),
        cmocka_unit_test(uplink_that_returns_gets_init_and_key),
        cmocka_unit_test(link_lost_under_a_send),
        cmocka_unit_test(delay_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
