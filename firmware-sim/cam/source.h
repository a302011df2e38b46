/* Where a simulated camera's pictures come from: a drawn scene or a media file, behind one
 * interface that yields H.264 access units when they are due.
 *
 * No thread and no clock of its own: the caller polls by deadline and pays for the encoding in
 * its own thread. One source belongs to one thread. A stopped stream holds no encoder, no picture
 * and no open file, so thousands of idle cameras cost a few hundred bytes each. */
#ifndef FIRMWARE_SIM_CAM_SOURCE_H
#define FIRMWARE_SIM_CAM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/cam/encoder.h"
#include "firmware-sim/cam/fmp4.h"
#include "firmware-sim/cam/scene.h"

#define CAM_MARKER_LEN 32u
#define CAM_NAME_CAP 32u    /* burnt-in name with its end; longer ones are cut */
#define CAM_REASON_CAP 160u /* text of a refusal with its end */
#define CAM_PATH_CAP 1024u
#define CAM_SCENE_BY_SEED 255u /* let the seed choose the place */

enum cam_stream { CAM_STREAM_MAIN, CAM_STREAM_SUB, CAM_STREAM_COUNT };

struct cam_source_options {
    const char *name;       /* burnt in upper-case; copied */
    uint64_t seed;          /* palette, hour of the day, positions */
    unsigned scene;         /* 0 .. CAM_SCENE_COUNT - 1 (scene.h) or CAM_SCENE_BY_SEED */
    const char *media_path; /* NULL = drawn scene; else this file, looped; copied */
    bool clock_cells;       /* machine-readable clock in the picture (docs/design/scenes.md) */
    bool has_marker;        /* plant `marker` in an SEI of every access unit */
    uint8_t marker[CAM_MARKER_LEN];
};

struct cam_unit {
    const uint8_t *data; /* NAL units with 4-byte lengths; NULL = nothing due yet.
                            Valid until the next call on the same stream. */
    size_t len;
    uint64_t pts_90k; /* since start; rises by 1 to 1.9 durations a unit */
    uint32_t duration_90k;
    bool is_key;
    bool is_disc; /* time jumped (the caller was away > 1 s): key, and set DISC */
};

struct cam_source;

/* Fills defaults: scene by seed, seed 0, clock cells on, no marker, name "CAMERA". */
void cam_source_options_init(struct cam_source_options *options);

/* Opens a source; nothing is encoded or kept yet. A media file is probed here and refused with a
 * sentence in `reason` (may be NULL) if it holds no readable video. The caller owns *out and
 * closes it. Errors: -SK_EINVAL (bad options), -SK_ENOTFOUND or -SK_EUNSUPPORTED (file). */
SK_MUST int cam_source_open(const struct cam_source_options *options, struct cam_source **out,
                            char reason[CAM_REASON_CAP]);

/* Stops both streams, frees, sets *source to NULL. NULL is fine. */
void cam_source_close(struct cam_source **source);

/* Starts a stream; its first unit is a keyframe, due at once, with pts 0 at the `now_ms` of that
 * first cam_source_next. Codec string and init segment
 * are known from here on. Already running: 0, nothing changes. */
SK_MUST int cam_source_start(struct cam_source *source, enum cam_stream stream, int64_t now_ms);

/* Frees encoder, pictures and file of the stream. Not running: nothing. */
void cam_source_stop(struct cam_source *source, enum cam_stream stream);

bool cam_source_is_running(const struct cam_source *source, enum cam_stream stream);

/* Yields the next access unit if it is due at `now_ms`, else 0 with unit->data == NULL.
 * `wall_ms` (UTC) is burnt into the picture. `force_key` makes this unit a keyframe; for a file
 * whose pictures are copied, the stream jumps to the file's next keyframe. A caller that comes late
 * gets fewer pictures, never a burst. `force_key` is consumed only when a unit is returned.
 * Errors: -SK_ECONFLICT (not running), else the encoder's or file's: stop the stream. */
SK_MUST int cam_source_next(struct cam_source *source, enum cam_stream stream, int64_t now_ms,
                            int64_t wall_ms, bool force_key, struct cam_unit *unit);

/* When the next unit is due, on the clock of `now_ms`; INT64_MAX while stopped. */
int64_t cam_source_deadline_ms(const struct cam_source *source, enum cam_stream stream);

/* Codec string, or "" while stopped. Valid until stop. */
const char *cam_source_codec(const struct cam_source *source, enum cam_stream stream);

/* Picture size in pixels, 0 x 0 while stopped. */
void cam_source_size(const struct cam_source *source, enum cam_stream stream, unsigned *width,
                     unsigned *height);

/* Appends the running stream's init segment to `out`. Errors: -SK_ECONFLICT, buffer's. */
SK_MUST int cam_source_init_segment(const struct cam_source *source, enum cam_stream stream,
                                    struct sk_buf *out);

/* The place that is drawn (0 .. CAM_SCENE_COUNT - 1), also for a media file: by its seed. */
unsigned cam_source_scene(const struct cam_source *source);

/* What a stream is encoded with, for those who draw its past (card.h). */
struct cam_encoder_options cam_source_encoder_options(const struct cam_source *source,
                                                      enum cam_stream stream);
/* The source's scene anew in this size, seen whole. A file has none: what its seed would show. */
SK_MUST int cam_source_scene_new(const struct cam_source *source, unsigned width, unsigned height,
                                 struct cam_scene **out);

/* Whether the lens can be moved: a drawn scene's, not a file's. */
bool cam_source_may_turn(const struct cam_source *source);
/* Looks at this part of the scene from the next picture of any stream on. A file's: nothing. */
void cam_source_window(struct cam_source *source, struct cam_window window);

/* Appends one picture as a JPEG of the main stream's size to `out`: the scene at `wall_ms`, or the
 * file's, near to where its running stream is. Nothing need run; what runs is not disturbed.
 * Errors: the file's, the encoder's, the buffer's. Takes up to a tenth of a second. */
SK_MUST int cam_source_snapshot(struct cam_source *source, int64_t wall_ms, struct sk_buf *out,
                                unsigned *width, unsigned *height);

/* Appends `unit` as one fMP4 fragment whose tfdt is origin_90k + unit->pts_90k (the relay header's
 * PTS) to `out`. `sequence` counts from 1. */
SK_MUST int cam_source_fragment(const struct cam_unit *unit, uint64_t origin_90k, uint32_t sequence,
                                struct sk_buf *out);

#endif
