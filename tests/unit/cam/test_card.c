/* The simulated card: its schedule is a function of the seed, its pictures are of the moment that
 * they say, gaps and ends are told, encoders are bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware-sim/cam/card.h"
#include "tests/unit/cam/av_help.h"

#define NOW INT64_C(1795334400000) /* a grid point */
#define HOUR INT64_C(3600000)

static struct cam_source *source;
static struct cam_card card;

static int setup(void **state)
{
    struct cam_source_options options;
    (void)state;
    cam_source_options_init(&options);
    options.seed = 7;
    card.seed = 7;
    int rc = cam_source_open(&options, &source, NULL);
    card.source = source;
    return rc;
}

static int teardown(void **state)
{
    (void)state;
    cam_source_close(&source);
    return 0;
}

static struct cam_span range_at(int64_t at_ms)
{
    struct cam_span range;
    assert_true(cam_card_range(&card, NOW, at_ms, &range));
    return range;
}

static void test_a_day_is_covered_with_gaps(void **state)
{
    struct cam_span bounds = cam_card_bounds(NOW), range;
    int64_t at = 0, recorded = 0, end = 0;
    unsigned count = 0;
    (void)state;
    assert_int_equal(bounds.to_ms, NOW);
    assert_int_equal(bounds.from_ms, NOW - CAM_CARD_KEEP_MS);
    for (; cam_card_range(&card, NOW, at, &range); at = range.to_ms, count++) {
        assert_true(range.from_ms < range.to_ms);
        assert_int_equal(range.from_ms % CAM_CARD_GROUP_MS, 0);
        assert_int_equal(range.to_ms % CAM_CARD_GROUP_MS, 0);
        assert_true(range.from_ms >= bounds.from_ms && range.to_ms <= bounds.to_ms);
        if (end) { /* a gap of 20 to 100 s */
            assert_in_range(range.from_ms - end, 20000, 100000);
        }
        /* the same wherever one asks, and later on */
        struct cam_span again = range_at((range.from_ms + range.to_ms) / 2);
        assert_int_equal(again.from_ms, range.from_ms);
        assert_int_equal(again.to_ms, range.to_ms);
        end = range.to_ms;
        recorded += range.to_ms - range.from_ms;
    }
    assert_in_range(count, 47, 50);
    assert_int_equal(end, NOW);
    assert_true(recorded > CAM_CARD_KEEP_MS * 9 / 10);
    assert_false(cam_card_range(&card, NOW, NOW, &range));
}

static void test_seeds_differ(void **state)
{
    struct cam_card other = {.source = source, .seed = 8};
    struct cam_span range;
    (void)state;
    assert_true(cam_card_range(&other, NOW, NOW - 12 * HOUR, &range));
    assert_int_not_equal(range.to_ms, range_at(NOW - 12 * HOUR).to_ms);
}

static void test_marks_lie_on_recordings(void **state)
{
    int64_t at = 0, mark;
    unsigned type, count = 0, motions = 0;
    (void)state;
    while (cam_card_mark(&card, NOW, at, &mark, &type)) {
        assert_true(mark >= at);
        assert_true(range_at(mark).from_ms <= mark);
        assert_true(type == CAM_CARD_MOTION || type == CAM_CARD_TAMPER);
        motions += type == CAM_CARD_MOTION;
        count++;
        at = mark + 1;
    }
    assert_in_range(count, 200, 432);
    assert_true(motions > count / 2);
}

static AVCodecContext *decoder_of(struct cam_player *player)
{
    char codec[CAM_CODEC_CAP];
    struct sk_buf init;
    sk_buf_init(&init, 65536);
    assert_int_equal(cam_player_open(player, codec, &init), 0);
    assert_memory_equal(codec, "avc1.", 5);
    uint8_t *at = memmem(init.data, init.len, "avcC", 4);
    assert_non_null(at);
    AVCodecContext *decoder = av_help_decoder(at + 4, sk_get_u32(at - 4) - 8);
    assert_non_null(decoder);
    sk_buf_fini(&init);
    return decoder;
}

static void check_clock(AVCodecContext *decoder, const struct cam_unit *unit, int64_t wall_ms)
{
    AVFrame *frame = av_frame_alloc();
    uint64_t ms;
    assert_int_equal(av_help_decode(decoder, unit->data, unit->len, frame), 0);
    assert_int_equal(cam_cells_read(frame->data[0], (size_t)frame->linesize[0],
                                    (unsigned)frame->width, (unsigned)frame->height, &ms),
                     0);
    assert_int_equal(ms, (uint64_t)wall_ms & UINT64_C(0xffffffffff));
    av_frame_free(&frame);
}

static void test_pictures_are_of_their_moment(void **state)
{
    struct cam_span range = range_at(NOW - 5 * HOUR), gap;
    int64_t at = range.from_ms + 7000;
    struct cam_player *player;
    struct cam_unit unit;
    enum cam_played what;
    (void)state;
    assert_int_equal(cam_player_new(&card, CAM_STREAM_SUB, NOW, at, at + 3000, &player), 0);
    assert_int_equal(cam_player_wall_ms(player), range.from_ms + 6000); /* its key picture */
    AVCodecContext *decoder = decoder_of(player);
    for (unsigned i = 0; i < 60; i++) { /* 4 s at 15 pictures a second */
        int64_t wall = cam_player_wall_ms(player);
        assert_int_equal(cam_player_next(player, NOW, &what, &unit, &gap), 0);
        assert_int_equal(what, CAM_PLAYED_UNIT);
        assert_int_equal(unit.is_key, i % 30 == 0);
        assert_int_equal(unit.pts_90k, i * 6000);
        check_clock(decoder, &unit, wall);
    }
    assert_int_equal(cam_player_next(player, NOW, &what, &unit, &gap), 0);
    assert_int_equal(what, CAM_PLAYED_END);
    avcodec_free_context(&decoder);
    cam_player_free(&player);
    assert_null(player);
}

static void test_gap_seek_and_speed(void **state)
{
    struct cam_span range = range_at(NOW - 5 * HOUR), next = range_at(range.to_ms), gap;
    struct cam_player *player;
    struct cam_unit unit;
    enum cam_played what;
    (void)state;
    assert_int_equal(cam_player_new(&card, CAM_STREAM_SUB, NOW, range.to_ms - 2000, 0, &player), 0);
    AVCodecContext *decoder = decoder_of(player);
    cam_player_speed(player, true);
    assert_int_equal(cam_player_next(player, NOW, &what, &unit, &gap), 0);
    assert_int_equal(what, CAM_PLAYED_UNIT);
    assert_int_equal(unit.duration_90k, 180000);
    assert_int_equal(cam_player_next(player, NOW, &what, &unit, &gap), 0);
    assert_int_equal(what, CAM_PLAYED_GAP);
    assert_int_equal(gap.from_ms, range.to_ms);
    assert_int_equal(gap.to_ms, next.from_ms);
    assert_int_equal(cam_player_next(player, NOW, &what, &unit, &gap), 0);
    assert_int_equal(what, CAM_PLAYED_UNIT);
    assert_int_equal(unit.pts_90k, 180000); /* goes on without a jump */
    check_clock(decoder, &unit, next.from_ms);
    assert_int_equal(cam_player_seek(player, NOW, NOW + 1), -SK_ENOTFOUND);
    assert_int_equal(cam_player_wall_ms(player), next.from_ms + 2000);
    assert_int_equal(cam_player_seek(player, NOW, range.to_ms + 1), 0); /* into the gap */
    assert_int_equal(cam_player_wall_ms(player), next.from_ms);
    assert_int_equal(cam_player_seek(player, NOW, NOW - 1), 0);
    assert_int_equal(cam_player_next(player, NOW, &what, &unit, &gap), 0);
    assert_int_equal(unit.pts_90k, 0);
    assert_int_equal(cam_player_next(player, NOW, &what, &unit, &gap), 0);
    assert_int_equal(what, CAM_PLAYED_END); /* of what is recorded by now */
    assert_int_equal(cam_player_next(player, NOW + 2000, &what, &unit, &gap), 0);
    assert_int_equal(what, CAM_PLAYED_UNIT);
    avcodec_free_context(&decoder);
    cam_player_free(&player);
}

static void test_encoders_are_bounded(void **state)
{
    struct cam_player *players[CAM_CARD_PLAYERS_MAX], *more;
    (void)state;
    for (unsigned i = 0; i < CAM_CARD_PLAYERS_MAX; i++) {
        assert_int_equal(cam_player_new(&card, CAM_STREAM_MAIN, NOW, NOW - HOUR, 0, &players[i]),
                         0);
    }
    assert_int_equal(cam_player_new(&card, CAM_STREAM_MAIN, NOW, NOW - HOUR, 0, &more), -SK_EBUSY);
    assert_null(more);
    cam_player_free(&players[0]);
    assert_int_equal(cam_player_new(&card, CAM_STREAM_MAIN, NOW, NOW + HOUR, 0, &more),
                     -SK_ENOTFOUND);
    assert_int_equal(cam_player_new(&card, CAM_STREAM_MAIN, NOW, NOW - HOUR, 0, &players[0]), 0);
    for (unsigned i = 0; i < CAM_CARD_PLAYERS_MAX; i++) {
        cam_player_free(&players[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_is_covered_with_gaps),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_marks_lie_on_recordings),
        cmocka_unit_test(test_pictures_are_of_their_moment),
        cmocka_unit_test(test_gap_seek_and_speed),
        cmocka_unit_test(test_encoders_are_bounded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
