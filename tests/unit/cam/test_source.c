#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware-sim/cam/media.h"
#include "firmware-sim/cam/source.h"
#include "tests/unit/cam/av_help.h"

#define NOW_MS INT64_C(5000)
#define WALL_MS INT64_C(1795334400123)
#define FILE_MAX (64u * 1024u * 1024u)

struct fixture {
    char dir[64];
    char path[96];
};

static int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "/tmp/skep-cam-XXXXXX");
    *state = f;
    return mkdtemp(f->dir) ? 0 : -1;
}

static int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    if (f->path[0]) {
        unlink(f->path);
    }
    int rc = rmdir(f->dir);
    free(f);
    return rc;
}

static void file_put(struct fixture *f, const char *name, const void *data, size_t len)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
    FILE *file = fopen(f->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static struct cam_source *source_open(const char *media_path)
{
    struct cam_source_options options;
    struct cam_source *source = NULL;
    char reason[CAM_REASON_CAP];
    cam_source_options_init(&options);
    options.name = "Loading dock";
    options.seed = 11;
    options.scene = 1;
    options.media_path = media_path;
    assert_int_equal(cam_source_open(&options, &source, reason), 0);
    assert_string_equal(reason, "");
    return source;
}

static void unit_add(const struct cam_unit *unit, uint64_t origin, uint32_t sequence,
                     struct sk_buf *out)
{
    assert_int_equal(cam_source_fragment(unit, origin, sequence, out), 0);
}

/* Runs a stream on its deadlines and writes init segment and fragments one after the other. */
static void record(struct cam_source *source, enum cam_stream stream, unsigned count,
                   uint64_t origin, struct sk_buf *out)
{
    int64_t now_ms = NOW_MS;
    assert_int_equal(cam_source_start(source, stream, now_ms), 0);
    assert_int_equal(cam_source_init_segment(source, stream, out), 0);
    for (unsigned i = 0; i < count; i++) {
        struct cam_unit unit;
        now_ms = i ? cam_source_deadline_ms(source, stream) : now_ms;
        assert_int_equal(cam_source_next(source, stream, now_ms, WALL_MS + now_ms, false, &unit),
                         0);
        assert_non_null(unit.data);
        unit_add(&unit, origin, i + 1, out);
    }
    cam_source_stop(source, stream);
}

static void stream_plays_as_a_file(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum cam_stream stream;
        unsigned frames, width, height, step, keys;
    } cases[] = {{CAM_STREAM_SUB, 100, 640, 360, 6000, 4},
                 {CAM_STREAM_MAIN, 60, 1280, 720, 3600, 2}};
    for (unsigned i = 0; i < 2; i++) {
        struct cam_source *source = source_open(NULL);
        struct sk_buf out;
        struct av_seen seen;
        sk_buf_init(&out, FILE_MAX);
        record(source, cases[i].stream, cases[i].frames, 0, &out);
        file_put(f, "clip.mp4", out.data, out.len);
        assert_int_equal(av_help_file(f->path, &seen), 0);
        assert_int_equal(seen.packets, cases[i].frames);
        assert_int_equal(seen.frames, cases[i].frames);
        assert_int_equal(seen.keys, cases[i].keys);
        assert_int_equal(seen.width, cases[i].width);
        assert_int_equal(seen.height, cases[i].height);
        assert_true(seen.is_monotonic);
        assert_int_equal(seen.last_pts - seen.first_pts,
                         (int64_t)(cases[i].frames - 1) * cases[i].step);
        sk_buf_fini(&out);
        cam_source_close(&source);
        assert_null(source);
    }
}

static void nothing_comes_before_its_time(void **state)
{
    (void)state;
    struct cam_source *source = source_open(NULL);
    struct cam_unit unit;
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, NOW_MS), 0);
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, NOW_MS + 9), 0);
    assert_int_equal(cam_source_deadline_ms(source, CAM_STREAM_SUB), NOW_MS);
    assert_int_equal(cam_source_next(source, CAM_STREAM_SUB, NOW_MS, WALL_MS, false, &unit), 0);
    assert_true(unit.data && unit.is_key && unit.pts_90k == 0 && unit.duration_90k == 6000);
    assert_int_equal(cam_source_deadline_ms(source, CAM_STREAM_SUB), NOW_MS + 67);
    assert_int_equal(cam_source_next(source, CAM_STREAM_SUB, NOW_MS + 66, WALL_MS, true, &unit), 0);
    assert_null(unit.data);
    assert_int_equal(cam_source_next(source, CAM_STREAM_SUB, NOW_MS + 67, WALL_MS, true, &unit), 0);
    assert_true(unit.data && unit.is_key && unit.pts_90k == 6000);
    cam_source_close(&source);
}

static void streams_run_apart_and_stop_whole(void **state)
{
    (void)state;
    struct cam_source *source = source_open(NULL);
    struct cam_unit unit;
    unsigned width, height;
    assert_false(cam_source_is_running(source, CAM_STREAM_MAIN));
    assert_int_equal(cam_source_deadline_ms(source, CAM_STREAM_MAIN), INT64_MAX);
    assert_string_equal(cam_source_codec(source, CAM_STREAM_MAIN), "");
    assert_int_equal(cam_source_next(source, CAM_STREAM_MAIN, 0, 0, false, &unit), -SK_ECONFLICT);
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, NOW_MS), 0);
    assert_false(cam_source_is_running(source, CAM_STREAM_MAIN));
    assert_int_equal(cam_source_start(source, CAM_STREAM_MAIN, NOW_MS + 3), 0);
    cam_source_stop(source, CAM_STREAM_SUB);
    assert_int_equal(cam_source_next(source, CAM_STREAM_SUB, NOW_MS, 0, false, &unit),
                     -SK_ECONFLICT);
    cam_source_size(source, CAM_STREAM_MAIN, &width, &height);
    assert_int_equal(width, 1280);
    assert_int_equal(height, 720);
    assert_memory_equal(cam_source_codec(source, CAM_STREAM_MAIN), "avc1.4D", 7);
    assert_int_equal(cam_source_next(source, CAM_STREAM_MAIN, NOW_MS + 3, 0, false, &unit), 0);
    assert_true(unit.is_key);
    cam_source_stop(source, CAM_STREAM_MAIN);
    cam_source_stop(source, CAM_STREAM_MAIN);
    cam_source_size(source, CAM_STREAM_MAIN, &width, &height);
    assert_int_equal(width + height, 0);
    cam_source_close(&source);
}

/* Late callers: no burst, no step that a player would take for a hole, and in the end on time. */
static void lateness_is_caught_up_in_small_steps(void **state)
{
    (void)state;
    struct cam_source *source = source_open(NULL);
    struct cam_unit unit;
    uint64_t last = 0;
    int64_t now_ms = NOW_MS;
    assert_int_equal(cam_source_start(source, CAM_STREAM_MAIN, now_ms), 0);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(cam_source_next(source, CAM_STREAM_MAIN, now_ms, WALL_MS, false, &unit),
                         0);
        assert_non_null(unit.data);
        assert_false(unit.is_disc);
        if (i) {
            assert_in_range(unit.pts_90k - last, 3600, 7199); /* 7200 would be a hole */
        }
        last = unit.pts_90k;
        assert_true(cam_source_deadline_ms(source, CAM_STREAM_MAIN) > now_ms);
        now_ms = i == 10 ? now_ms + 500 : cam_source_deadline_ms(source, CAM_STREAM_MAIN);
    }
    assert_int_equal(
        last, (uint64_t)(cam_source_deadline_ms(source, CAM_STREAM_MAIN) - NOW_MS) * 90 - 3600);
    cam_source_close(&source);
}

static void long_absence_jumps_with_a_keyframe(void **state)
{
    (void)state;
    struct cam_source *source = source_open(NULL);
    struct cam_unit unit;
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, NOW_MS), 0);
    assert_int_equal(cam_source_next(source, CAM_STREAM_SUB, NOW_MS, WALL_MS, false, &unit), 0);
    assert_int_equal(cam_source_next(source, CAM_STREAM_SUB, NOW_MS + 5000, WALL_MS, false, &unit),
                     0);
    assert_true(unit.data && unit.is_key && unit.is_disc);
    assert_int_equal(unit.pts_90k, 5000 * 90);
    cam_source_close(&source);
}

static void marker_reaches_the_units(void **state)
{
    (void)state;
    struct cam_source_options options;
    struct cam_source *source = NULL;
    struct cam_unit unit;
    cam_source_options_init(&options);
    options.has_marker = true;
    memset(options.marker, 0x5a, sizeof options.marker);
    assert_int_equal(cam_source_open(&options, &source, NULL), 0);
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, NOW_MS), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(
            cam_source_next(source, CAM_STREAM_SUB, NOW_MS + 70 * i, WALL_MS, false, &unit), 0);
        assert_non_null(memmem(unit.data, unit.len, options.marker, sizeof options.marker));
    }
    cam_source_close(&source);
}

/* ---- files ---- */

/* A clip of our own writing: H.264 without reordering, `frames` pictures of the sub stream. */
static void clip_make(struct fixture *f, unsigned frames)
{
    struct cam_source *source = source_open(NULL);
    struct sk_buf out;
    sk_buf_init(&out, FILE_MAX);
    record(source, CAM_STREAM_SUB, frames, 12345, &out);
    file_put(f, "clip.mp4", out.data, out.len);
    sk_buf_fini(&out);
    cam_source_close(&source);
}

/* A clip that must be encoded again: MPEG-4 part 2, 320 x 180, 30/s, written by libavformat. */
static void foreign_clip_make(struct fixture *f, int frames)
{
    AVFormatContext *format = NULL;
    snprintf(f->path, sizeof f->path, "%s/clip.avi", f->dir);
    assert_true(avformat_alloc_output_context2(&format, NULL, "avi", f->path) >= 0);
    AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MPEG4));
    codec->width = 320, codec->height = 180, codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->time_base = (AVRational){1, 30}, codec->framerate = (AVRational){30, 1};
    codec->max_b_frames = 2;
    assert_int_equal(avcodec_open2(codec, codec->codec, NULL), 0);
    AVStream *stream = avformat_new_stream(format, NULL);
    stream->time_base = codec->time_base;
    stream->avg_frame_rate = codec->framerate;
    avcodec_parameters_from_context(stream->codecpar, codec);
    assert_true(avio_open(&format->pb, f->path, AVIO_FLAG_WRITE) >= 0);
    assert_true(avformat_write_header(format, NULL) >= 0);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    frame->width = 320, frame->height = 180, frame->format = AV_PIX_FMT_YUV420P;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int i = 0; i <= frames; i++) {
        av_frame_make_writable(frame);
        for (int p = 0; p < 3; p++) {
            int rows = p ? 90 : 180;
            memset(frame->data[p], p ? 128 : 16 + 5 * i, (size_t)(rows * frame->linesize[p]));
        }
        frame->pts = i;
        avcodec_send_frame(codec, i < frames ? frame : NULL);
        while (avcodec_receive_packet(codec, packet) == 0) {
            av_packet_rescale_ts(packet, codec->time_base, stream->time_base);
            av_interleaved_write_frame(format, packet);
        }
    }
    av_write_trailer(format);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&codec);
    avio_closep(&format->pb);
    avformat_free_context(format);
}

/* Plays a file's stream for `count` units, records it, and checks that the record plays. */
static void file_plays_on(struct fixture *f, enum cam_stream stream, unsigned count, unsigned width,
                          uint32_t step)
{
    struct cam_source *source = source_open(f->path);
    struct sk_buf out;
    struct av_seen seen;
    char clip[96];
    memcpy(clip, f->path, sizeof clip);
    sk_buf_init(&out, FILE_MAX);
    record(source, stream, count, 0, &out);
    cam_source_close(&source);
    unlink(clip);
    file_put(f, "loop.mp4", out.data, out.len);
    assert_int_equal(av_help_file(f->path, &seen), 0);
    assert_int_equal(seen.packets, count);
    assert_int_equal(seen.frames, count);
    assert_int_equal(seen.width, width);
    assert_true(seen.is_monotonic);
    assert_int_equal(seen.last_pts - seen.first_pts, (int64_t)(count - 1) * step);
    sk_buf_fini(&out);
}

static void h264_file_is_copied_and_looped(void **state)
{
    struct fixture *f = *state;
    const struct cam_encoder_options target = {
        .width = 640, .height = 360, .fps = 15, .bitrate_bps = 400000, .gop_frames = 30};
    struct cam_media *media = NULL;
    clip_make(f, 40);
    assert_int_equal(cam_media_open(f->path, &target, &media, NULL, 0), 0);
    assert_true(cam_media_is_copied(media));
    uint8_t *first = NULL;
    size_t first_len = 0;
    for (unsigned i = 0; i < 95; i++) { /* keyframes at 0 and 30, then from the start again */
        struct cam_encoded unit;
        uint32_t duration = 0;
        assert_int_equal(cam_media_next(media, false, &unit, &duration), 0);
        assert_int_equal(unit.is_key, i % 40 == 0 || i % 40 == 30);
        assert_int_equal(duration, 6000);
        if (i == 0) {
            first = malloc(unit.len);
            first_len = unit.len;
            memcpy(first, unit.data, first_len);
        } else if (i == 40 || i == 80) {
            assert_int_equal(unit.len, first_len);
            assert_memory_equal(unit.data, first, first_len);
        }
    }
    free(first);
    cam_media_close(&media);
    file_plays_on(f, CAM_STREAM_SUB, 100, 640, 6000);
}

static void forced_key_skips_to_the_next_one(void **state)
{
    struct fixture *f = *state;
    struct cam_unit unit;
    clip_make(f, 40);
    struct cam_source *source = source_open(f->path);
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, NOW_MS), 0);
    for (unsigned i = 0; i < 20; i++) {
        bool force = i == 5 || i == 6; /* from 5 to 30, from 31 to the next round's 0 */
        assert_int_equal(
            cam_source_next(source, CAM_STREAM_SUB, NOW_MS + 67 * i, WALL_MS, force, &unit), 0);
        assert_int_equal(unit.is_key, i == 0 || force);
    }
    cam_source_close(&source);
}

static void foreign_file_is_encoded_again(void **state)
{
    struct fixture *f = *state;
    foreign_clip_make(f, 20);
    struct cam_source *source = source_open(f->path);
    assert_int_equal(cam_source_start(source, CAM_STREAM_MAIN, NOW_MS), 0);
    assert_memory_equal(cam_source_codec(source, CAM_STREAM_MAIN), "avc1.", 5);
    cam_source_close(&source);
    file_plays_on(f, CAM_STREAM_SUB, 70, 320, 6000); /* every second of 30 pictures a second */
}

static void marker_is_planted_in_copied_units(void **state)
{
    struct fixture *f = *state;
    struct cam_source_options options;
    struct cam_source *source = NULL;
    struct cam_unit unit;
    clip_make(f, 20);
    cam_source_options_init(&options);
    options.media_path = f->path;
    options.has_marker = true;
    memset(options.marker, 0xa7, sizeof options.marker);
    assert_int_equal(cam_source_open(&options, &source, NULL), 0);
    assert_int_equal(cam_source_start(source, CAM_STREAM_SUB, NOW_MS), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(
            cam_source_next(source, CAM_STREAM_SUB, NOW_MS + 67 * i, WALL_MS, false, &unit), 0);
        assert_non_null(memmem(unit.data, unit.len, options.marker, sizeof options.marker));
    }
    cam_source_close(&source);
}

static void refuse(const char *path, int expected)
{
    struct cam_source_options options;
    struct cam_source *source = NULL;
    char reason[CAM_REASON_CAP] = "";
    cam_source_options_init(&options);
    options.media_path = path;
    assert_int_equal(cam_source_open(&options, &source, reason), expected);
    assert_null(source);
    assert_true(strlen(reason) > 10);
}

static void unreadable_files_are_refused_with_a_reason(void **state)
{
    struct fixture *f = *state;
    static const char playlist[] = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n"
                                   "http://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n";
    uint8_t noise[20000];
    uint32_t x = 12345;
    for (size_t i = 0; i < sizeof noise; i++) {
        x = x * 1664525u + 1013904223u;
        noise[i] = (uint8_t)(x >> 24);
    }
    refuse("/nonexistent/clip.mp4", -SK_ENOTFOUND);
    refuse(f->dir, -SK_EUNSUPPORTED);
    refuse("/dev/zero", -SK_EUNSUPPORTED);
    file_put(f, "garbage.mp4", noise, sizeof noise);
    refuse(f->path, -SK_EUNSUPPORTED);
    unlink(f->path);
    file_put(f, "list.m3u8", playlist, sizeof playlist - 1);
    refuse(f->path, -SK_EUNSUPPORTED);
    unlink(f->path);
    file_put(f, "empty.mp4", "", 0);
    refuse(f->path, -SK_EUNSUPPORTED);
}

/* A clip cut in the middle and one with damaged pictures: refused or played, never a crash. */
static void damaged_files_do_no_harm(void **state)
{
    struct fixture *f = *state;
    struct cam_source *maker = source_open(NULL);
    struct sk_buf out;
    sk_buf_init(&out, FILE_MAX);
    record(maker, CAM_STREAM_SUB, 30, 0, &out);
    cam_source_close(&maker);
    for (unsigned round = 0; round < 12; round++) {
        size_t len = round % 2 ? out.len * (round + 1) / 14 : out.len;
        for (size_t i = 700 + 97 * round; i < len && round % 2 == 0; i += 1009) {
            out.data[i] ^= (uint8_t)(0x11 << (round % 4));
        }
        file_put(f, "damaged.mp4", out.data, len);
        struct cam_source_options options;
        struct cam_source *source = NULL;
        struct cam_unit unit;
        cam_source_options_init(&options);
        options.media_path = f->path;
        int rc = cam_source_open(&options, &source, NULL);
        if (rc == 0 && cam_source_start(source, CAM_STREAM_SUB, NOW_MS) == 0) {
            for (int64_t t = 0; t < 5000 && rc == 0; t += 67) {
                rc = cam_source_next(source, CAM_STREAM_SUB, NOW_MS + t, WALL_MS, false, &unit);
                assert_true(rc || unit.len > 4);
            }
        }
        cam_source_close(&source);
    }
    sk_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stream_plays_as_a_file, fixture_setup, fixture_teardown),
        cmocka_unit_test(nothing_comes_before_its_time),
        cmocka_unit_test(streams_run_apart_and_stop_whole),
        cmocka_unit_test(lateness_is_caught_up_in_small_steps),
        cmocka_unit_test(long_absence_jumps_with_a_keyframe),
        cmocka_unit_test(marker_reaches_the_units),
        cmocka_unit_test_setup_teardown(h264_file_is_copied_and_looped, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(forced_key_skips_to_the_next_one, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(foreign_file_is_encoded_again, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(marker_is_planted_in_copied_units, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(unreadable_files_are_refused_with_a_reason, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(damaged_files_do_no_harm, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
