/* Single pictures and the moving window: JPEG that decodes with the right colours, of the right
 * moment; a window that enlarges the scene and leaves the text alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware-sim/cam/jpeg.h"
#include "firmware-sim/cam/source.h"
#include "tests/unit/cam/av_help.h"

#define WALL_MS INT64_C(1795334400123)
enum { JPEG_MAX = 4 << 20, FILE_MAX_BYTES = 8 << 20 };

static struct cam_source *source_open(unsigned scene, const char *media_path)
{
    struct cam_source_options o;
    struct cam_source *source = NULL;

    cam_source_options_init(&o);
    o.scene = scene;
    o.seed = 3;
    o.media_path = media_path;
    assert_int_equal(cam_source_open(&o, &source, NULL), 0);
    return source;
}

static AVFrame *jpeg_decode(const struct sk_buf *jpeg)
{
    AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG));
    AVFrame *frame = av_frame_alloc();

    av_log_set_level(AV_LOG_QUIET);
    assert_true(jpeg->len > 4 && jpeg->data[0] == 0xFF && jpeg->data[1] == 0xD8 &&
                jpeg->data[2] == 0xFF);
    assert_int_equal(avcodec_open2(codec, codec->codec, NULL), 0);
    assert_int_equal(av_help_decode(codec, jpeg->data, jpeg->len, frame), 0);
    assert_int_equal(frame->format, AV_PIX_FMT_YUVJ420P);
    avcodec_free_context(&codec);
    return frame;
}

static uint64_t cells_of(const AVFrame *frame)
{
    uint64_t ms = 0;

    assert_int_equal(cam_cells_read(frame->data[0], (size_t)frame->linesize[0],
                                    (unsigned)frame->width, (unsigned)frame->height, &ms),
                     0);
    return ms;
}

/* The moment burnt into a snapshot of this source. */
static uint64_t snapshot_ms(struct cam_source *source, unsigned want_width)
{
    unsigned width, height;
    struct sk_buf jpeg;

    sk_buf_init(&jpeg, JPEG_MAX);
    assert_int_equal(cam_source_snapshot(source, WALL_MS, &jpeg, &width, &height), 0);
    assert_int_equal(width, want_width);
    assert_int_equal(height, want_width * 9 / 16);
    AVFrame *frame = jpeg_decode(&jpeg);
    assert_int_equal(frame->width, width);
    assert_int_equal(frame->height, height);
    uint64_t ms = cells_of(frame);
    av_frame_free(&frame);
    sk_buf_fini(&jpeg);
    return ms;
}

static void scene_is_taken_now(void **state)
{
    const uint64_t low40 = (uint64_t)WALL_MS & UINT64_C(0xffffffffff);

    (void)state;
    for (unsigned scene = 0; scene < CAM_SCENE_COUNT; scene += 5) {
        struct cam_source *source = source_open(scene, NULL);
        struct cam_unit unit;

        assert_int_equal(snapshot_ms(source, 1280), low40); /* nothing runs */
        assert_false(cam_source_is_running(source, CAM_STREAM_MAIN));
        assert_int_equal(cam_source_start(source, CAM_STREAM_MAIN, 0), 0);
        assert_int_equal(cam_source_next(source, CAM_STREAM_MAIN, 0, WALL_MS - 5000, false, &unit),
                         0);
        assert_int_equal(snapshot_ms(source, 1280), low40);
        cam_source_close(&source);
    }
}

/* A clip with the clock of its making: 15 pictures a second, keyframes at 0 and 30. */
static void clip_make(const char *path, unsigned count)
{
    struct cam_source *source = source_open(2, NULL);
    struct cam_unit unit;
    struct sk_buf out;

    sk_buf_init(&out, FILE_MAX_BYTES);
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, 0), 0);
    assert_int_equal(cam_source_init_segment(source, CAM_STREAM_SUB, &out), 0);
    for (unsigned i = 0; i < count; i++) {
        int64_t now = i == 0 ? 0 : cam_source_deadline_ms(source, CAM_STREAM_SUB);

        assert_int_equal(
            cam_source_next(source, CAM_STREAM_SUB, now, 1000000 + (int64_t)i, false, &unit), 0);
        assert_non_null(unit.data);
        assert_int_equal(cam_source_fragment(&unit, 0, i + 1, &out), 0);
    }
    cam_source_close(&source);
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(out.data, 1, out.len, file), out.len);
    fclose(file);
    sk_buf_fini(&out);
}

static void file_is_taken_where_it_runs(void **state)
{
    char path[] = "/tmp/skep-snap-XXXXXX.mp4";
    int fd = mkstemps(path, 4);
    struct cam_unit unit;

    (void)state;
    close(fd);
    clip_make(path, 40);
    struct cam_source *source = source_open(0, path);
    assert_false(cam_source_may_turn(source));
    assert_int_equal(snapshot_ms(source, 640), 1000000);
    assert_int_equal(cam_source_start(source, CAM_STREAM_MAIN, 0), 0);
    for (unsigned i = 0; i < 35; i++) {
        int64_t now = i == 0 ? 0 : cam_source_deadline_ms(source, CAM_STREAM_MAIN);

        assert_int_equal(cam_source_next(source, CAM_STREAM_MAIN, now, WALL_MS, false, &unit), 0);
    }
    assert_int_equal(snapshot_ms(source, 640), 1000030); /* the last keyframe */
    int64_t now = cam_source_deadline_ms(source, CAM_STREAM_MAIN);
    assert_int_equal(cam_source_next(source, CAM_STREAM_MAIN, now, WALL_MS, false, &unit), 0);
    assert_false(unit.is_key); /* the running stream was not disturbed */
    cam_source_close(&source);
    unlink(path);
}

/* Mean red, green, blue of a block. `kr`, `kb`: luma weights; `full`: range. */
static void block_rgb(const uint8_t *const plane[3], const unsigned stride[3], unsigned x0,
                      unsigned y0, int is_full, float kr, float kb, float rgb[3])
{
    float sum[3] = {0};

    for (unsigned p = 0; p < 3; p++)
        for (unsigned y = 0; y < (p ? 8u : 16u); y++)
            for (unsigned x = 0; x < (p ? 8u : 16u); x++)
                sum[p] += plane[p][((p ? y0 / 2 : y0) + y) * stride[p] + (p ? x0 / 2 : x0) + x];
    float l = sum[0] / 256, b = sum[1] / 64 - 128, r = sum[2] / 64 - 128;
    if (!is_full) {
        l = (l - 16) * 255 / 219;
        b *= 255.0f / 224;
        r *= 255.0f / 224;
    }
    rgb[0] = l + 2 * (1 - kr) * r;
    rgb[2] = l + 2 * (1 - kb) * b;
    rgb[1] = (l - kr * rgb[0] - kb * rgb[2]) / (1 - kr - kb);
}

static void colours_are_those_of_the_picture(void **state)
{
    struct cam_scene_options o = {.scene = 0, .seed = 3, .name = "C"};
    struct cam_scene *scene = NULL;
    struct sk_buf jpeg;
    float seen = 0;

    (void)state;
    assert_int_equal(cam_scene_new(&o, 640, 360, &scene), 0);
    const struct cam_picture *p = cam_scene_draw(scene, WALL_MS, 1);
    sk_buf_init(&jpeg, JPEG_MAX);
    assert_int_equal(cam_jpeg_encode(p, &jpeg), 0);
    AVFrame *frame = jpeg_decode(&jpeg);
    for (unsigned y = 0; y + 16 <= 360; y += 24)
        for (unsigned x = 0; x + 16 <= 640; x += 32) {
            const uint8_t *const a[3] = {p->plane[0], p->plane[1], p->plane[2]};
            const uint8_t *const b[3] = {frame->data[0], frame->data[1], frame->data[2]};
            const unsigned stride[3] = {(unsigned)frame->linesize[0], (unsigned)frame->linesize[1],
                                        (unsigned)frame->linesize[2]};
            float want[3], got[3];

            block_rgb(a, p->stride, x, y, 0, 0.2126f, 0.0722f, want);
            block_rgb(b, stride, x, y, 1, 0.299f, 0.114f, got);
            for (unsigned c = 0; c < 3; c++)
                assert_true(got[c] > want[c] - 6 && got[c] < want[c] + 6);
            seen = want[0] - want[2] > seen ? want[0] - want[2] : seen;
        }
    assert_true(seen > 20); /* there was colour to be wrong about */
    av_frame_free(&frame);
    sk_buf_fini(&jpeg);
    cam_scene_free(&scene);
}

/* ---- the window ---- */
static void window_enlarges_and_leaves_the_text(void **state)
{
    struct cam_scene_options o = {.scene = 1, .seed = 0, .name = "ZOOM", .clock_cells = true};
    struct cam_scene *scene = NULL;
    uint8_t whole[640 * 360];
    uint64_t ms = 0, wrong = 0;

    (void)state;
    assert_int_equal(cam_scene_new(&o, 640, 360, &scene), 0);
    const struct cam_picture *p = cam_scene_draw(scene, WALL_MS, 1);
    memcpy(whole, p->plane[0], sizeof whole);
    cam_scene_window(scene, (struct cam_window){0.25f, 0.25f, 0.5f});
    p = cam_scene_draw(scene, WALL_MS, 1);
    assert_int_equal(p->width, 640);
    for (unsigned y = 60; y < 300; y++) /* between the texts; twice as large around the middle */
        for (unsigned x = 0; x < 640; x++) {
            int want = whole[(90 + y / 2) * 640 + 160 + x / 2];
            int got = p->plane[0][y * p->stride[0] + x];

            wrong += got > want + 24 || got < want - 24; /* edges are blended */
        }
    assert_true(wrong < 240 * 640 / 12);
    assert_int_equal(cam_cells_read(p->plane[0], p->stride[0], 640, 360, &ms), 0);
    assert_int_equal(ms, (uint64_t)WALL_MS & UINT64_C(0xffffffffff));
    cam_scene_window(scene, (struct cam_window){-3, 9, 1});
    p = cam_scene_draw(scene, WALL_MS, 1);
    assert_memory_equal(p->plane[0], whole, sizeof whole);
    cam_scene_free(&scene);
}

/* Flat stays flat, and the corners of the picture are reached but not passed. */
static void window_stops_at_the_borders(void **state)
{
    static const struct cam_window windows[] = {
        {0, 0, 0.25f}, {0.75f, 0.75f, 0.25f}, {2, -1, 0.25f}, {0.4f, 0.4f, 0.01f}};

    (void)state;
    for (unsigned i = 0; i < sizeof windows / sizeof windows[0]; i++)
        for (unsigned small = 0; small < 2; small++) {
            struct cam_scene_options o = {.scene = 4, .seed = 9, .name = "B"};
            struct cam_scene *scene = NULL;

            assert_int_equal(cam_scene_new(&o, small ? 160 : 1280, small ? 90 : 720, &scene), 0);
            cam_scene_window(scene, windows[i]);
            assert_non_null(cam_scene_draw(scene, WALL_MS, 1));
            cam_scene_free(&scene);
        }
}

static void window_moves_what_runs_and_what_comes(void **state)
{
    struct cam_source *source = source_open(6, NULL);
    struct sk_buf a, b;
    unsigned width, height;

    (void)state;
    assert_true(cam_source_may_turn(source));
    sk_buf_init(&a, JPEG_MAX);
    sk_buf_init(&b, JPEG_MAX);
    cam_source_window(source, (struct cam_window){0.1f, 0.2f, 0.5f});
    assert_int_equal(cam_source_snapshot(source, WALL_MS, &a, &width, &height), 0);
    assert_int_equal(cam_source_start(source, CAM_STREAM_MAIN, 0), 0);
    assert_int_equal(cam_source_snapshot(source, WALL_MS, &b, &width, &height), 0);
    assert_int_equal(a.len, b.len); /* the new stream looks where the snapshot did */
    assert_memory_equal(a.data, b.data, a.len);
    cam_source_window(source, (struct cam_window){0.4f, 0.2f, 0.5f});
    sk_buf_reset(&b);
    assert_int_equal(cam_source_snapshot(source, WALL_MS, &b, &width, &height), 0);
    assert_true(a.len != b.len || memcmp(a.data, b.data, a.len) != 0);
    sk_buf_fini(&a);
    sk_buf_fini(&b);
    cam_source_close(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scene_is_taken_now),
        cmocka_unit_test(file_is_taken_where_it_runs),
        cmocka_unit_test(colours_are_those_of_the_picture),
        cmocka_unit_test(window_enlarges_and_leaves_the_text),
        cmocka_unit_test(window_stops_at_the_borders),
        cmocka_unit_test(window_moves_what_runs_and_what_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
