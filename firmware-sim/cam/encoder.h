/* H.264 encoder for a camera's stream: no delay, no B-frames, one thread (the caller's), keyframe
 * on demand. libx264 by choice, any other H.264 encoder of libavcodec if it is missing.
 * One encoder belongs to one thread. */
#ifndef FIRMWARE_SIM_CAM_ENCODER_H
#define FIRMWARE_SIM_CAM_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "firmware-sim/cam/scene.h"

#define CAM_ENCODER_MARKER_LEN 32u

struct cam_encoder_options {
    unsigned width, height; /* pixels, even */
    unsigned fps;           /* pictures per second */
    unsigned bitrate_bps;
    unsigned gop_frames; /* keyframe at least every so many */
    bool has_marker;     /* put `marker` into a user_data_unregistered SEI of every unit */
    uint8_t marker[CAM_ENCODER_MARKER_LEN];
};

struct cam_encoded {
    const uint8_t *data; /* NAL units with 4-byte lengths, no parameter sets; valid until the
                            next call on this encoder */
    size_t len;
    bool is_key;
};

struct cam_encoder;

/* Owner: caller, frees. Errors: -SK_EINVAL, -SK_EUNSUPPORTED (no H.264 encoder), -SK_ENOMEM. */
SK_MUST int cam_encoder_new(const struct cam_encoder_options *options, struct cam_encoder **out);
void cam_encoder_free(struct cam_encoder **encoder);

/* Encodes one picture of the encoder's size; always yields exactly one access unit. */
SK_MUST int cam_encoder_put(struct cam_encoder *encoder, const struct cam_picture *picture,
                            bool force_key, struct cam_encoded *out);

/* AVC configuration record (SPS, PPS); borrowed. */
const uint8_t *cam_encoder_avcc(const struct cam_encoder *encoder, size_t *len);

#endif
