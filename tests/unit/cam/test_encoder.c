#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware-sim/cam/encoder.h"
#include "firmware-sim/cam/fmp4.h"
#include "tests/unit/cam/av_help.h"

#define NOW_MS INT64_C(1795334400123)

static const struct cam_encoder_options sub = {
    .width = 640, .height = 360, .fps = 15, .bitrate_bps = 400000, .gop_frames = 30};
static const struct cam_encoder_options main_stream = {
    .width = 1280, .height = 720, .fps = 25, .bitrate_bps = 2000000, .gop_frames = 50};

static struct cam_scene *scene_open(const struct cam_encoder_options *options, unsigned place)
{
    struct cam_scene_options look = {.scene = place, .seed = 9, .name = "cam", .clock_cells = true};
    struct cam_scene *scene = NULL;
    assert_int_equal(cam_scene_new(&look, options->width, options->height, &scene), 0);
    return scene;
}

static struct cam_encoder *encoder_open(const struct cam_encoder_options *options)
{
    struct cam_encoder *encoder = NULL;
    assert_int_equal(cam_encoder_new(options, &encoder), 0);
    return encoder;
}

/* Every picture, decoded by the real decoder at once, still tells its exact millisecond. */
static void clock_survives(const struct cam_encoder_options *options, unsigned place)
{
    struct cam_scene *scene = scene_open(options, place);
    struct cam_encoder *encoder = encoder_open(options);
    size_t len;
    const uint8_t *avcc = cam_encoder_avcc(encoder, &len);
    AVCodecContext *decoder = av_help_decoder(avcc, len);
    AVFrame *frame = av_frame_alloc();
    assert_non_null(decoder);
    for (unsigned i = 0; i < 45; i++) {
        struct cam_encoded unit;
        int64_t wall_ms = NOW_MS + 977 * i;
        uint64_t ms = 0;
        assert_int_equal(cam_encoder_put(encoder, cam_scene_draw(scene, wall_ms, i), false, &unit),
                         0);
        assert_int_equal(unit.is_key, i % options->gop_frames == 0);
        assert_int_equal(av_help_decode(decoder, unit.data, unit.len, frame), 0);
        assert_int_equal(cam_cells_read(frame->data[0], (size_t)frame->linesize[0],
                                        (unsigned)frame->width, (unsigned)frame->height, &ms),
                         0);
        assert_int_equal(ms, (uint64_t)wall_ms & UINT64_C(0xffffffffff));
    }
    assert_int_equal(frame->colorspace, AVCOL_SPC_BT709);
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
    cam_encoder_free(&encoder);
    cam_scene_free(&scene);
}

static void clock_survives_encoding(void **state)
{
    (void)state;
    for (unsigned place = 0; place < CAM_SCENE_COUNT; place++) {
        clock_survives(&sub, place);
    }
    clock_survives(&main_stream, 0);
    clock_survives(&main_stream, 10);
}

static void keyframe_comes_when_asked(void **state)
{
    (void)state;
    struct cam_scene *scene = scene_open(&sub, 0);
    struct cam_encoder *encoder = encoder_open(&sub);
    for (unsigned i = 0; i < 25; i++) {
        struct cam_encoded unit;
        bool force = i == 7 || i == 8 || i == 20;
        assert_int_equal(
            cam_encoder_put(encoder, cam_scene_draw(scene, NOW_MS + 67 * i, i), force, &unit), 0);
        assert_int_equal(unit.is_key, i == 0 || force);
    }
    cam_encoder_free(&encoder);
    cam_scene_free(&scene);
}

/* Access units hold slices only (types 1 and 5), each with its exact length. */
static void units_are_length_prefixed_slices(void **state)
{
    (void)state;
    struct cam_scene *scene = scene_open(&sub, 1);
    struct cam_encoder *encoder = encoder_open(&sub);
    for (unsigned i = 0; i < 35; i++) {
        struct cam_encoded unit;
        assert_int_equal(
            cam_encoder_put(encoder, cam_scene_draw(scene, NOW_MS + 67 * i, i), false, &unit), 0);
        size_t at = 0;
        while (at < unit.len) {
            assert_true(at + 5 <= unit.len);
            size_t len = sk_get_u32(unit.data + at);
            assert_true(len > 0 && at + 4 + len <= unit.len);
            assert_int_equal(unit.data[at + 4] & 0x1f, unit.is_key ? 5 : 1);
            at += 4 + len;
        }
        assert_int_equal(at, unit.len);
    }
    cam_encoder_free(&encoder);
    cam_scene_free(&scene);
}

static void marker_is_in_every_unit(void **state)
{
    (void)state;
    struct cam_encoder_options options = sub;
    options.has_marker = true;
    for (unsigned i = 0; i < sizeof options.marker; i++) {
        options.marker[i] = (uint8_t)(0x40 + 5 * i);
    }
    struct cam_scene *scene = scene_open(&options, 1);
    struct cam_encoder *encoder = encoder_open(&options);
    size_t len;
    const uint8_t *avcc = cam_encoder_avcc(encoder, &len);
    AVCodecContext *decoder = av_help_decoder(avcc, len);
    AVFrame *frame = av_frame_alloc();
    for (unsigned i = 0; i < 35; i++) {
        struct cam_encoded unit;
        assert_int_equal(
            cam_encoder_put(encoder, cam_scene_draw(scene, NOW_MS + 67 * i, i), false, &unit), 0);
        assert_non_null(memmem(unit.data, unit.len, options.marker, sizeof options.marker));
        assert_int_equal(unit.data[4], 6); /* SEI first */
        assert_int_equal(av_help_decode(decoder, unit.data, unit.len, frame), 0);
        const AVFrameSideData *sei = av_frame_get_side_data(frame, AV_FRAME_DATA_SEI_UNREGISTERED);
        assert_non_null(sei);
        assert_int_equal(sei->size, 16 + sizeof options.marker);
        assert_memory_equal(sei->data + 16, options.marker, sizeof options.marker);
    }
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
    cam_encoder_free(&encoder);
    cam_scene_free(&scene);
}

static void bit_rate_stays_under_its_ceiling(void **state)
{
    (void)state;
    size_t bytes = 0;
    struct cam_scene *scene = scene_open(&sub, 11);
    struct cam_encoder *encoder = encoder_open(&sub);
    for (unsigned i = 0; i < 150; i++) {
        struct cam_encoded unit;
        assert_int_equal(
            cam_encoder_put(encoder, cam_scene_draw(scene, NOW_MS + 67 * i, i), false, &unit), 0);
        bytes += unit.len;
    }
    assert_true(bytes * 8 / 10 < sub.bitrate_bps * 3 / 2); /* 10 s, first keyframe included */
    cam_encoder_free(&encoder);
    cam_scene_free(&scene);
}

static void codec_string_is_main_profile(void **state)
{
    (void)state;
    struct cam_encoder *encoder = encoder_open(&main_stream);
    char codec[CAM_CODEC_CAP];
    size_t len;
    const uint8_t *avcc = cam_encoder_avcc(encoder, &len);
    assert_int_equal(cam_fmp4_codec(avcc, len, codec), 0);
    assert_memory_equal(codec, "avc1.4D", 7);
    assert_int_equal(strlen(codec), 11);
    cam_encoder_free(&encoder);
}

static void wrong_input_is_refused(void **state)
{
    (void)state;
    struct cam_encoder *encoder = NULL;
    struct cam_encoder_options options = sub;
    options.width = 641;
    assert_int_equal(cam_encoder_new(&options, &encoder), -SK_EINVAL);
    assert_null(encoder);
    options = sub;
    options.fps = 0;
    assert_int_equal(cam_encoder_new(&options, &encoder), -SK_EINVAL);
    struct cam_scene *scene = scene_open(&main_stream, 0);
    struct cam_encoded unit;
    encoder = encoder_open(&sub);
    assert_int_equal(cam_encoder_put(encoder, cam_scene_draw(scene, 0, 0), false, &unit),
                     -SK_EINVAL);
    cam_encoder_free(&encoder);
    cam_scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_survives_encoding),
        cmocka_unit_test(keyframe_comes_when_asked),
        cmocka_unit_test(units_are_length_prefixed_slices),
        cmocka_unit_test(marker_is_in_every_unit),
        cmocka_unit_test(bit_rate_stays_under_its_ceiling),
        cmocka_unit_test(codec_string_is_main_profile),
        cmocka_unit_test(wrong_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
