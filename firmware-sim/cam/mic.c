#include "firmware-sim/cam/mic.h"

#include <stdlib.h>
#include <string.h>

#include "firmware-sim/cam/audio.h"
#include "firmware-sim/cam/fmp4.h"
#include "firmware-sim/cam/sound.h"

#define FRAMES 2u /* in a unit: 40 ms of Opus */
#define JUMP_MS 1000
#define UNIT_MAX 4096u
#define SAMPLES_MAX 2048u /* of one frame */
#define US_PER_S INT64_C(1000000)

struct cam_mic {
    struct cam_mic_options options;
    struct cam_sound sound;
    struct cam_audio *audio; /* owned */
    struct sk_buf unit;
    size_t unit_bytes;
    bool has_begun;
    int64_t start_ms, start_wall_ms; /* where sample 0 lies */
    uint64_t start_90k;
    uint64_t samples; /* since then: put into units */
    uint32_t sequence;
    float heard[SAMPLES_MAX];
    uint8_t frames[FRAMES][CAM_AUDIO_FRAME_MAX];
};

int cam_mic_open(const struct cam_mic_options *options, struct cam_mic **out)
{
    *out = NULL;
    struct cam_mic *mic = calloc(1, sizeof *mic);
    if (!mic) {
        return -SK_ENOMEM;
    }
    mic->options = *options;
    cam_sound_init(&mic->sound, options->scene, options->seed);
    sk_buf_init(&mic->unit, UNIT_MAX);
    int rc = cam_audio_new(options->no_opus, &mic->audio);
    if (rc == 0 && cam_audio_frame_samples(mic->audio) > SAMPLES_MAX) {
        rc = -SK_EUNSUPPORTED;
    }
    if (rc == 0) {
        size_t filling = options->has_marker ? CAM_MIC_MARKER_LEN : 0;
        mic->unit_bytes = cam_fmp4_sound_overhead(FRAMES) +
                          FRAMES * cam_audio_frame_bytes(mic->audio) + CAM_FMP4_FREE_MIN + filling;
    } else {
        cam_mic_close(&mic);
    }
    *out = mic;
    return rc;
}

void cam_mic_close(struct cam_mic **mic)
{
    if (*mic) {
        cam_audio_free(&(*mic)->audio);
        sk_buf_fini(&(*mic)->unit);
        free(*mic);
        *mic = NULL;
    }
}

const char *cam_mic_codec(const struct cam_mic *mic)
{
    return cam_audio_codec(mic->audio);
}

int cam_mic_init_segment(const struct cam_mic *mic, struct sk_buf *out)
{
    struct cam_fmp4_sound track = {.is_opus = cam_audio_is_opus(mic->audio),
                                   .rate = CAM_SOUND_RATE};
    track.config = cam_audio_config(mic->audio, &track.config_len);
    return cam_fmp4_sound_init(&track, out);
}

static int64_t samples_to(uint64_t samples, int64_t per_s)
{
    return (int64_t)(samples * (uint64_t)per_s / CAM_SOUND_RATE);
}

int64_t cam_mic_deadline_ms(const struct cam_mic *mic)
{
    /* A unit is there when its last sample has been heard. */
    uint64_t ready = mic->samples + FRAMES * cam_audio_frame_samples(mic->audio);
    return mic->has_begun ? mic->start_ms + samples_to(ready, 1000) : INT64_MIN;
}

static void timeline_begin(struct cam_mic *mic, int64_t now_ms, int64_t wall_ms,
                           uint64_t timeline_90k)
{
    int64_t back_ms = samples_to(FRAMES * cam_audio_frame_samples(mic->audio), 1000);
    back_ms = timeline_90k < (uint64_t)back_ms * 90 ? (int64_t)(timeline_90k / 90) : back_ms;
    mic->start_ms = now_ms - back_ms;
    mic->start_wall_ms = wall_ms - back_ms;
    mic->start_90k = timeline_90k - (uint64_t)back_ms * 90;
    mic->samples = 0;
    mic->has_begun = true;
}

/* Encode the frames of one unit. What an encoder delays is put in that much ahead. */
static int frames_make(struct cam_mic *mic, struct cam_fmp4_frame frames[FRAMES])
{
    unsigned count = cam_audio_frame_samples(mic->audio);
    for (unsigned i = 0; i < FRAMES; i++) {
        uint64_t at = mic->samples + i * count + cam_audio_delay_samples(mic->audio);
        struct cam_audio_frame encoded;
        cam_sound_make(&mic->sound, mic->start_wall_ms * 1000 + samples_to(at, US_PER_S),
                       mic->heard, count);
        int rc = cam_audio_put(mic->audio, mic->heard, &encoded);
        if (rc) {
            return rc;
        }
        memcpy(mic->frames[i], encoded.data, encoded.len);
        frames[i] = (struct cam_fmp4_frame){mic->frames[i], encoded.len};
    }
    return 0;
}

int cam_mic_next(struct cam_mic *mic, int64_t now_ms, int64_t wall_ms, uint64_t timeline_90k,
                 struct cam_mic_unit *unit)
{
    struct cam_fmp4_frame frames[FRAMES];
    uint32_t frame_samples = cam_audio_frame_samples(mic->audio);
    struct cam_fmp4_sound_unit made = {
        .frames = frames,
        .count = FRAMES,
        .duration_90k = frame_samples * CAM_TIMESCALE / CAM_SOUND_RATE,
        .filling = mic->options.has_marker ? mic->options.marker : NULL,
        .filling_len = mic->options.has_marker ? CAM_MIC_MARKER_LEN : 0,
        .total = mic->unit_bytes};
    memset(unit, 0, sizeof *unit);
    if (now_ms < cam_mic_deadline_ms(mic)) {
        return 0;
    }
    bool is_jump = mic->has_begun && now_ms - cam_mic_deadline_ms(mic) > JUMP_MS;
    if (!mic->has_begun || is_jump) {
        timeline_begin(mic, now_ms, wall_ms, timeline_90k);
    }
    int rc = frames_make(mic, frames);
    if (rc) {
        return rc;
    }
    made.pts_90k = mic->start_90k + mic->samples * CAM_TIMESCALE / CAM_SOUND_RATE;
    sk_buf_reset(&mic->unit);
    rc = cam_fmp4_sound_fragment(&made, ++mic->sequence, &mic->unit);
    mic->samples += FRAMES * frame_samples;
    *unit = (struct cam_mic_unit){
        .data = mic->unit.data, .len = mic->unit.len, .pts_90k = made.pts_90k, .is_disc = is_jump};
    return rc;
}
