/* Sound of the simulated microphone: decodes, is of one size, keeps time, is heard at the second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "firmware-sim/cam/audio.h"
#include "firmware-sim/cam/fmp4.h"
#include "firmware-sim/cam/mic.h"
#include "firmware-sim/cam/scene.h"
#include "firmware-sim/cam/sound.h"
#include "tests/unit/cam/av_help.h"

enum { HEARD_MAX = 48000 * 12, WALL_MS = 334400500 };

static struct cam_mic *mic_open(unsigned scene, bool no_opus)
{
    struct cam_mic_options o = {.scene = scene, .seed = 7 + scene, .no_opus = no_opus};
    struct cam_mic *mic = NULL;

    assert_int_equal(cam_mic_open(&o, &mic), 0);
    return mic;
}

/* All units up to `until_ms` into `file`, asked for every 10 ms; all are of one size. */
static unsigned record(struct cam_mic *mic, int64_t until_ms, uint64_t origin, FILE *file)
{
    struct cam_mic_unit unit;
    struct sk_buf init;
    unsigned count = 0;
    size_t len = 0;
    uint64_t pts = 0;

    sk_buf_init(&init, 4096);
    assert_int_equal(cam_mic_init_segment(mic, &init), 0);
    fwrite(init.data, 1, init.len, file);
    sk_buf_fini(&init);
    for (int64_t now = 0; now <= until_ms; now += 10) {
        assert_int_equal(cam_mic_next(mic, now, WALL_MS + now, origin + (uint64_t)now * 90, &unit),
                         0);
        if (unit.data == NULL)
            continue;
        if (count++ > 0) {
            assert_int_equal(unit.len, len);
            assert_true(unit.pts_90k > pts);
            assert_in_range(unit.pts_90k - pts, 3600, 3840);
        }
        assert_false(unit.is_disc);
        len = unit.len;
        pts = unit.pts_90k;
        fwrite(unit.data, 1, unit.len, file);
    }
    return count;
}

/* Decode a file of sound whole; the time of the first sample in s. Returns how many there are. */
static size_t decode(const char *path, float *out, double *first_s, int *rate)
{
    AVFormatContext *format = NULL;
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    size_t n = 0;

    av_log_set_level(AV_LOG_QUIET);
    assert_true(avformat_open_input(&format, path, NULL, NULL) >= 0);
    assert_true(avformat_find_stream_info(format, NULL) >= 0);
    assert_int_equal(format->nb_streams, 1);
    AVStream *st = format->streams[0];
    assert_int_equal(st->codecpar->codec_type, AVMEDIA_TYPE_AUDIO);
    assert_int_equal(st->time_base.den, 90000);
    AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(st->codecpar->codec_id));
    avcodec_parameters_to_context(codec, st->codecpar);
    codec->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL; /* a browser that joins skips nothing either */
    assert_int_equal(avcodec_open2(codec, codec->codec, NULL), 0);
    *first_s = -1;
    while (av_read_frame(format, packet) == 0) {
        if (*first_s < 0)
            *first_s = (double)packet->pts / 90000.0;
        assert_int_equal(avcodec_send_packet(codec, packet), 0);
        av_packet_unref(packet);
        while (avcodec_receive_frame(codec, frame) == 0) {
            const float *data = (const float *)(const void *)frame->data[0];

            for (int i = 0; i < frame->nb_samples && n < HEARD_MAX; i++)
                out[n++] = data[i];
            *rate = frame->sample_rate;
        }
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
    return n;
}

/* The tone of the full second rises out of the ambience where the clock says so, within 12 ms. */
static void tones_check(const float *heard, size_t count, double first_s, uint64_t origin)
{
    unsigned tones = 0;

    for (size_t i = 4800; i < count; i++) {
        double at_ms = (first_s + (double)i / 48000.0) * 1000.0 - (double)origin / 90.0;
        double in_second = fmod((double)WALL_MS + at_ms, 1000.0);

        if (fabsf(heard[i]) < 0.07f)
            continue;
        in_second = in_second > 500 ? in_second - 1000 : in_second;
        assert_true(in_second > -12 && in_second < 12);
        tones++;
        i += 24000;
    }
    assert_in_range(tones, 3, 5);
}

static void sound_decodes(bool no_opus)
{
    static float heard[HEARD_MAX];
    char path[] = "/tmp/skep-mic-XXXXXX";
    int fd = mkstemp(path), rate = 0;
    FILE *file = fdopen(fd, "wb");
    struct cam_mic *mic = mic_open(1, no_opus);
    const uint64_t origin = UINT64_C(90) * 123456789;
    double first_s, energy = 0;

    assert_string_equal(cam_mic_codec(mic), no_opus ? "mp4a.40.2" : "opus");
    unsigned units = record(mic, 4000, origin, file);
    fclose(file);
    assert_in_range(units, no_opus ? 92 : 99, no_opus ? 95 : 101);
    size_t n = decode(path, heard, &first_s, &rate);
    unlink(path);
    assert_int_equal(rate, 48000);
    assert_in_range(n, (units - 1) * (no_opus ? 2048 : 1920), units * (no_opus ? 2048u : 1920u));
    assert_true(fabs(first_s - (double)origin / 90000.0) < 0.06);
    tones_check(heard, n, first_s, origin);
    for (size_t i = 0; i < n; i++)
        energy += (double)heard[i] * (double)heard[i];
    energy = sqrt(energy / (double)n);
    assert_true(energy > 0.002 && energy < 0.05); /* quiet, not silent */
    cam_mic_close(&mic);
}

static void opus_decodes_at_one_size(void **state)
{
    (void)state;
    sound_decodes(false);
}

static void aac_decodes_at_one_size(void **state)
{
    (void)state;
    sound_decodes(true);
}

/* A burst, silence and noise: all frames take the same room. */
static void sizes_do_not_tell(void **state)
{
    float samples[2048];
    struct cam_audio *audio;
    struct cam_audio_frame frame;

    (void)state;
    assert_int_equal(cam_audio_new(false, &audio), 0);
    if (!cam_audio_is_opus(audio)) {
        cam_audio_free(&audio);
        skip();
    }
    for (unsigned i = 0; i < 200; i++) {
        for (unsigned k = 0; k < 2048; k++)
            samples[k] = i < 50 ? 0 : i < 100 ? sinf((float)k) : (float)(k * i % 97) / 97.0f - 0.5f;
        assert_int_equal(cam_audio_put(audio, samples, &frame), 0);
        assert_int_equal(frame.len, cam_audio_frame_bytes(audio));
    }
    cam_audio_free(&audio);
}

static void late_caller_gets_all_of_it(void **state)
{
    struct cam_mic *mic = mic_open(0, false);
    struct cam_mic_unit unit;
    uint64_t pts;

    (void)state;
    assert_int_equal(cam_mic_next(mic, 1000, WALL_MS, 900000, &unit), 0);
    assert_non_null(unit.data);
    pts = unit.pts_90k;
    assert_int_equal(cam_mic_next(mic, 1010, WALL_MS, 900900, &unit), 0);
    assert_null(unit.data);
    for (unsigned i = 1; i <= 10; i++) { /* 400 ms late: one after the other, without a gap */
        assert_int_equal(cam_mic_next(mic, 1400, WALL_MS + 400, 936000, &unit), 0);
        assert_non_null(unit.data);
        assert_false(unit.is_disc);
        assert_int_equal(unit.pts_90k, pts + i * 3600);
    }
    assert_int_equal(cam_mic_next(mic, 1400, WALL_MS + 400, 936000, &unit), 0);
    assert_null(unit.data);
    assert_int_equal(cam_mic_next(mic, 9400, WALL_MS + 8400, 1656000, &unit), 0);
    assert_true(unit.is_disc); /* away for 8 s */
    assert_in_range(unit.pts_90k, 1656000 - 3600, 1656000);
    cam_mic_close(&mic);
}

static void marker_is_in_every_unit(void **state)
{
    struct cam_mic_options o = {.has_marker = true};
    struct cam_mic_unit unit;
    struct cam_mic *mic;

    (void)state;
    memset(o.marker, 0xA7, sizeof o.marker);
    assert_int_equal(cam_mic_open(&o, &mic), 0);
    assert_int_equal(cam_mic_next(mic, 0, WALL_MS, 900000, &unit), 0);
    assert_non_null(memmem(unit.data, unit.len, o.marker, sizeof o.marker));
    cam_mic_close(&mic);
}

static void every_place_has_its_sound(void **state)
{
    float a[4800], b[4800];

    (void)state;
    for (unsigned scene = 0; scene < CAM_SCENE_COUNT; scene++) {
        struct cam_sound one, other;

        cam_sound_init(&one, scene, 5);
        cam_sound_init(&other, (scene + 1) % CAM_SCENE_COUNT, 5);
        cam_sound_make(&one, 500000, a, 4800);
        cam_sound_make(&other, 500000, b, 4800);
        assert_true(memcmp(a, b, sizeof a) != 0);
        for (unsigned i = 0; i < 4800; i++)
            assert_true(a[i] > -0.2f && a[i] < 0.2f);
        cam_sound_init(&other, scene, 5);
        cam_sound_make(&other, 500000, b, 4800);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void fragment_refuses_what_does_not_fit(void **state)
{
    static const uint8_t data[200];
    struct cam_fmp4_frame frames[] = {{data, 80}, {data, 81}};
    struct cam_fmp4_sound_unit unit = {.frames = frames, .count = 2, .duration_90k = 1800};
    struct cam_fmp4_sound track = {
        .is_opus = true, .rate = 48000, .config = data, .config_len = 18};
    struct sk_buf out;

    (void)state;
    sk_buf_init(&out, 4096);
    unit.total = cam_fmp4_sound_overhead(2) + 161 + CAM_FMP4_FREE_MIN;
    assert_int_equal(cam_fmp4_sound_fragment(&unit, 1, &out), 0);
    assert_int_equal(out.len, unit.total);
    unit.total--;
    assert_int_equal(cam_fmp4_sound_fragment(&unit, 1, &out), -SK_ETOOBIG);
    unit.count = 6;
    assert_int_equal(cam_fmp4_sound_fragment(&unit, 1, &out), -SK_EINVAL);
    assert_int_equal(cam_fmp4_sound_init(&track, &out), -SK_EINVAL);
    sk_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opus_decodes_at_one_size),
        cmocka_unit_test(aac_decodes_at_one_size),
        cmocka_unit_test(sizes_do_not_tell),
        cmocka_unit_test(late_caller_gets_all_of_it),
        cmocka_unit_test(marker_is_in_every_unit),
        cmocka_unit_test(every_place_has_its_sound),
        cmocka_unit_test(fragment_refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
