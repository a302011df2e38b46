/* A simulated camera's microphone: sound, encoder and fMP4 fragments of one constant size, when
 * they are due. No thread and no clock of its own, as source.h. */
#ifndef FIRMWARE_SIM_CAM_MIC_H
#define FIRMWARE_SIM_CAM_MIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CAM_MIC_MARKER_LEN 32u

struct cam_mic_options {
    unsigned scene; /* 0 .. CAM_SCENE_COUNT - 1 */
    uint64_t seed;
    bool no_opus;    /* AAC-LC, as where libopus is missing */
    bool has_marker; /* plant `marker` in the filling of every unit */
    uint8_t marker[CAM_MIC_MARKER_LEN];
};

struct cam_mic_unit {
    const uint8_t *data; /* one fragment (moof, mdat, free); NULL = nothing due yet.
                            Valid until the next call. */
    size_t len;          /* the same for every unit of this microphone */
    uint64_t pts_90k;    /* of the caller's timeline, as in tfdt */
    bool is_disc;        /* time jumped: the caller was away > 1 s */
};

struct cam_mic;

/* Owner: caller, closes. -SK_EUNSUPPORTED (no encoder), -SK_ENOMEM. */
SK_MUST int cam_mic_open(const struct cam_mic_options *options, struct cam_mic **out);
void cam_mic_close(struct cam_mic **mic);

/* "opus" or "mp4a.40.2". */
const char *cam_mic_codec(const struct cam_mic *mic);
SK_MUST int cam_mic_init_segment(const struct cam_mic *mic, struct sk_buf *out);

/* The next unit if it is due at `now_ms`. `wall_ms` is the camera's clock, `timeline_90k` the PTS
 * of `now_ms`: both are read at the first unit and after a jump, in between the microphone counts
 * samples. A caller that comes late gets the units that it missed one by one (sound has no frames
 * to leave out), unless it was away > 1 s. */
SK_MUST int cam_mic_next(struct cam_mic *mic, int64_t now_ms, int64_t wall_ms,
                         uint64_t timeline_90k, struct cam_mic_unit *unit);

/* When the next unit is due; INT64_MIN before the first. */
int64_t cam_mic_deadline_ms(const struct cam_mic *mic);

#endif
