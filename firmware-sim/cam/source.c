#include "firmware-sim/cam/source.h"

#include <stdlib.h>
#include <string.h>

#include "firmware-sim/cam/encoder.h"
#include "firmware-sim/cam/jpeg.h"
#include "firmware-sim/cam/media.h"

#define TICKS_PER_MS 90
#define JUMP_90K 90000 /* further behind than this: give up the timeline and jump */
#define GOP_SECONDS 2u

_Static_assert(CAM_MARKER_LEN == CAM_ENCODER_MARKER_LEN, "one marker");

static const struct {
    unsigned width, height, fps, bitrate_bps;
} specs[CAM_STREAM_COUNT] = {
    [CAM_STREAM_MAIN] = {1280, 720, 25, 2000000},
    [CAM_STREAM_SUB] = {640, 360, 15, 400000},
};

/* A running stream: either scene + encoder, or media. */
struct feed {
    struct cam_scene *scene;
    struct cam_encoder *encoder;
    struct cam_media *media;
    int64_t start_ms;
    int64_t due_90k; /* since start: when the next picture is due */
    int64_t last_pts_90k;
    uint32_t duration_90k; /* of the last picture, of the coming one for a scene */
    bool has_begun;
    unsigned width, height;
    char codec[CAM_CODEC_CAP];
};

struct cam_source {
    char name[CAM_NAME_CAP];
    char *media_path; /* owned, NULL = scene */
    uint64_t seed;
    unsigned scene;
    bool clock_cells, has_marker;
    uint8_t marker[CAM_MARKER_LEN];
    struct cam_window window;
    struct feed *feeds[CAM_STREAM_COUNT]; /* owned, NULL = stopped */
};

void cam_source_options_init(struct cam_source_options *options)
{
    *options = (struct cam_source_options){
        .name = "CAMERA", .scene = CAM_SCENE_BY_SEED, .clock_cells = true};
}

struct cam_encoder_options cam_source_encoder_options(const struct cam_source *source,
                                                      enum cam_stream stream)
{
    struct cam_encoder_options options = {.width = specs[stream].width,
                                          .height = specs[stream].height,
                                          .fps = specs[stream].fps,
                                          .bitrate_bps = specs[stream].bitrate_bps,
                                          .gop_frames = GOP_SECONDS * specs[stream].fps,
                                          .has_marker = source->has_marker};
    memcpy(options.marker, source->marker, sizeof options.marker);
    return options;
}

static int media_probe(const struct cam_source *source, char *reason)
{
    struct cam_encoder_options target = cam_source_encoder_options(source, CAM_STREAM_MAIN);
    struct cam_media *media = NULL;
    struct cam_encoded unit;
    uint32_t duration;
    int rc = cam_media_open(source->media_path, &target, &media, reason, CAM_REASON_CAP);
    if (rc == 0) {
        rc = cam_media_next(media, false, &unit, &duration);
        if (rc && reason) {
            static const char text[] = "the media file holds no picture that can be read";
            memcpy(reason, text, sizeof text);
        }
        rc = rc ? -SK_EUNSUPPORTED : 0;
    }
    cam_media_close(&media);
    return rc;
}

int cam_source_open(const struct cam_source_options *options, struct cam_source **out,
                    char reason[CAM_REASON_CAP])
{
    *out = NULL;
    if (reason) {
        reason[0] = '\0';
    }
    if (options->scene >= CAM_SCENE_COUNT && options->scene != CAM_SCENE_BY_SEED) {
        return -SK_EINVAL;
    }
    struct cam_source *source = calloc(1, sizeof *source);
    if (!source) {
        return -SK_ENOMEM;
    }
    const char *name = options->name ? options->name : "";
    memcpy(source->name, name, strnlen(name, CAM_NAME_CAP - 1)); /* calloc gave the end */
    source->seed = options->seed;
    source->scene =
        options->scene == CAM_SCENE_BY_SEED ? cam_scene_of_seed(options->seed) : options->scene;
    source->window.size = 1.0f;
    source->clock_cells = options->clock_cells;
    source->has_marker = options->has_marker;
    memcpy(source->marker, options->marker, sizeof source->marker);
    int rc = 0;
    if (options->media_path) {
        source->media_path = strndup(options->media_path, CAM_PATH_CAP);
        rc = source->media_path ? media_probe(source, reason) : -SK_ENOMEM;
    }
    if (rc) {
        cam_source_close(&source);
    }
    *out = source;
    return rc;
}

void cam_source_close(struct cam_source **source)
{
    if (*source) {
        for (unsigned i = 0; i < CAM_STREAM_COUNT; i++) {
            cam_source_stop(*source, (enum cam_stream)i);
        }
        free((*source)->media_path);
        free(*source);
        *source = NULL;
    }
}

static const uint8_t *feed_avcc(const struct feed *feed, size_t *len)
{
    return feed->media ? cam_media_avcc(feed->media, len) : cam_encoder_avcc(feed->encoder, len);
}

static void feed_free(struct feed **feed)
{
    if (*feed) {
        cam_scene_free(&(*feed)->scene);
        cam_encoder_free(&(*feed)->encoder);
        cam_media_close(&(*feed)->media);
        free(*feed);
        *feed = NULL;
    }
}

int cam_source_scene_new(const struct cam_source *source, unsigned width, unsigned height,
                         struct cam_scene **out)
{
    struct cam_scene_options scene = {.scene = source->scene,
                                      .seed = source->seed,
                                      .name = source->name,
                                      .clock_cells = source->clock_cells};
    return cam_scene_new(&scene, width, height, out);
}

/* As the lens looks now. */
static int scene_open(const struct cam_source *source, unsigned width, unsigned height,
                      struct cam_scene **out)
{
    int rc = cam_source_scene_new(source, width, height, out);
    if (rc == 0) {
        cam_scene_window(*out, source->window);
    }
    return rc;
}

static int feed_open(const struct cam_source *source, enum cam_stream stream, struct feed *feed)
{
    struct cam_encoder_options options = cam_source_encoder_options(source, stream);
    size_t len;
    feed->width = options.width;
    feed->height = options.height;
    feed->duration_90k = CAM_TIMESCALE / options.fps;
    int rc;
    if (source->media_path) {
        rc = cam_media_open(source->media_path, &options, &feed->media, NULL, 0);
        if (rc == 0) {
            cam_media_size(feed->media, &feed->width, &feed->height);
        }
    } else {
        rc = scene_open(source, options.width, options.height, &feed->scene);
        rc = rc ? rc : cam_encoder_new(&options, &feed->encoder);
    }
    if (rc) {
        return rc;
    }
    const uint8_t *avcc = feed_avcc(feed, &len);
    return cam_fmp4_codec(avcc, len, feed->codec);
}

int cam_source_start(struct cam_source *source, enum cam_stream stream, int64_t now_ms)
{
    if (source->feeds[stream]) {
        return 0;
    }
    struct feed *feed = calloc(1, sizeof *feed);
    if (!feed) {
        return -SK_ENOMEM;
    }
    feed->start_ms = now_ms;
    int rc = feed_open(source, stream, feed);
    if (rc) {
        feed_free(&feed);
    }
    source->feeds[stream] = feed;
    return rc;
}

void cam_source_stop(struct cam_source *source, enum cam_stream stream)
{
    feed_free(&source->feeds[stream]);
}

bool cam_source_is_running(const struct cam_source *source, enum cam_stream stream)
{
    return source->feeds[stream] != NULL;
}

/* Moves the due time to the grid point at or before now: what was missed is not made up. */
static void feed_skip_missed(struct feed *feed, int64_t now_90k)
{
    int64_t late = now_90k - feed->due_90k;
    if (late >= (int64_t)feed->duration_90k) {
        feed->due_90k += late / feed->duration_90k * feed->duration_90k;
    }
}

static int feed_encode(struct feed *feed, int64_t wall_ms, bool force_key,
                       struct cam_encoded *encoded)
{
    if (feed->media) {
        return cam_media_next(feed->media, force_key, encoded, &feed->duration_90k);
    }
    uint64_t frame = (uint64_t)(feed->due_90k / feed->duration_90k);
    return cam_encoder_put(feed->encoder, cam_scene_draw(feed->scene, wall_ms, frame), force_key,
                           encoded);
}

/* A player takes a step of more than two durations for a hole and waits for the next keyframe
 * (Media Source Extensions, coded frame processing), and it counts in rounded microseconds. So
 * after a pause the timeline catches up in steps of less than two durations; only a long absence
 * makes it jump, then with a keyframe. */
static int64_t feed_pts(const struct feed *feed, uint32_t step_90k, bool is_jump)
{
    if (!feed->has_begun || is_jump) {
        return feed->due_90k;
    }
    int64_t limit = feed->last_pts_90k + step_90k + (int64_t)step_90k * 7 / 8;
    return feed->due_90k < limit ? feed->due_90k : limit;
}

int cam_source_next(struct cam_source *source, enum cam_stream stream, int64_t now_ms,
                    int64_t wall_ms, bool force_key, struct cam_unit *unit)
{
    struct feed *feed = source->feeds[stream];
    struct cam_encoded encoded;
    memset(unit, 0, sizeof *unit);
    if (!feed) {
        return -SK_ECONFLICT;
    }
    if (now_ms < cam_source_deadline_ms(source, stream)) {
        return 0;
    }
    if (!feed->has_begun) {
        feed->start_ms = now_ms; /* opening the encoder took its time: count from here */
    }
    uint32_t step_90k = feed->duration_90k;
    feed_skip_missed(feed, (now_ms - feed->start_ms) * TICKS_PER_MS);
    bool is_jump = feed->has_begun && feed->due_90k - feed->last_pts_90k > JUMP_90K;
    int rc = feed_encode(feed, wall_ms, force_key || is_jump || !feed->has_begun, &encoded);
    if (rc) {
        return rc;
    }
    feed->last_pts_90k = feed_pts(feed, step_90k, is_jump);
    feed->has_begun = true;
    feed->due_90k += feed->duration_90k;
    *unit = (struct cam_unit){.data = encoded.data,
                              .len = encoded.len,
                              .pts_90k = (uint64_t)feed->last_pts_90k,
                              .duration_90k = feed->duration_90k,
                              .is_key = encoded.is_key,
                              .is_disc = is_jump};
    return 0;
}

int64_t cam_source_deadline_ms(const struct cam_source *source, enum cam_stream stream)
{
    const struct feed *feed = source->feeds[stream];
    if (!feed) {
        return INT64_MAX;
    }
    return feed->start_ms + (feed->due_90k + TICKS_PER_MS - 1) / TICKS_PER_MS;
}

const char *cam_source_codec(const struct cam_source *source, enum cam_stream stream)
{
    return source->feeds[stream] ? source->feeds[stream]->codec : "";
}

void cam_source_size(const struct cam_source *source, enum cam_stream stream, unsigned *width,
                     unsigned *height)
{
    const struct feed *feed = source->feeds[stream];
    *width = feed ? feed->width : 0;
    *height = feed ? feed->height : 0;
}

int cam_source_init_segment(const struct cam_source *source, enum cam_stream stream,
                            struct sk_buf *out)
{
    const struct feed *feed = source->feeds[stream];
    struct cam_fmp4_track track = {0};
    if (!feed) {
        return -SK_ECONFLICT;
    }
    track.width = (uint16_t)feed->width;
    track.height = (uint16_t)feed->height;
    track.avcc = feed_avcc(feed, &track.avcc_len);
    return cam_fmp4_init(&track, out);
}

unsigned cam_source_scene(const struct cam_source *source)
{
    return source->scene;
}

/* ---- lens and snapshots ---- */

bool cam_source_may_turn(const struct cam_source *source)
{
    return source->media_path == NULL;
}

void cam_source_window(struct cam_source *source, struct cam_window window)
{
    source->window = window;
    for (unsigned i = 0; i < CAM_STREAM_COUNT; i++) {
        if (source->feeds[i] && source->feeds[i]->scene) {
            cam_scene_window(source->feeds[i]->scene, window);
        }
    }
}

static int scene_snapshot(const struct cam_source *source, int64_t wall_ms, struct sk_buf *out)
{
    struct cam_scene *scene = NULL;
    const struct feed *feed = source->feeds[CAM_STREAM_MAIN];
    int rc = 0;
    if (!feed) {
        rc =
            scene_open(source, specs[CAM_STREAM_MAIN].width, specs[CAM_STREAM_MAIN].height, &scene);
    }
    if (rc == 0) {
        uint64_t frame = feed ? (uint64_t)(feed->due_90k / feed->duration_90k) : 0;
        rc = cam_jpeg_encode(cam_scene_draw(feed ? feed->scene : scene, wall_ms, frame), out);
    }
    cam_scene_free(&scene);
    return rc;
}

static int media_snapshot(const struct cam_source *source, struct sk_buf *out, unsigned *width,
                          unsigned *height)
{
    struct cam_encoder_options target = cam_source_encoder_options(source, CAM_STREAM_MAIN);
    const struct feed *feed = source->feeds[CAM_STREAM_MAIN];
    struct cam_media *media = NULL;
    struct cam_picture picture;
    int rc = cam_media_open_still(source->media_path, &target, &media);
    if (rc == 0) {
        rc = cam_media_still(media, feed ? feed->media : NULL, &picture);
    }
    if (rc == 0) {
        *width = picture.width;
        *height = picture.height;
        rc = cam_jpeg_encode(&picture, out);
    }
    cam_media_close(&media);
    return rc;
}

int cam_source_snapshot(struct cam_source *source, int64_t wall_ms, struct sk_buf *out,
                        unsigned *width, unsigned *height)
{
    *width = specs[CAM_STREAM_MAIN].width;
    *height = specs[CAM_STREAM_MAIN].height;
    return source->media_path ? media_snapshot(source, out, width, height)
                              : scene_snapshot(source, wall_ms, out);
}

int cam_source_fragment(const struct cam_unit *unit, uint64_t origin_90k, uint32_t sequence,
                        struct sk_buf *out)
{
    const struct cam_fmp4_sample sample = {.data = unit->data,
                                           .len = unit->len,
                                           .pts_90k = origin_90k + unit->pts_90k,
                                           .duration_90k = unit->duration_90k,
                                           .is_key = unit->is_key};
    return cam_fmp4_fragment(&sample, sequence, out);
}
