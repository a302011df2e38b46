/* A media file as an endless camera: demuxed by libavformat, H.264 without reordering is copied,
 * everything else is decoded, fitted and encoded again. Private to this folder; one reader belongs
 * to one thread.
 *
 * The file is opened as a plain local file in one of a short list of containers: playlists and
 * network addresses are refused. Parameter sets that change inside a file are not followed. */
#ifndef FIRMWARE_SIM_CAM_MEDIA_H
#define FIRMWARE_SIM_CAM_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "firmware-sim/cam/encoder.h"
#include "firmware-sim/cam/scene.h"

struct cam_media;

/* Opens `path` for a stream that must not exceed the target's size and rate; `target` is also the
 * encoder's setting if one is needed (marker included). `reason` (reason_cap bytes) gets a sentence
 * on refusal, may be NULL. Errors: -SK_ENOTFOUND, -SK_EUNSUPPORTED, -SK_ENOMEM. */
SK_MUST int cam_media_open(const char *path, const struct cam_encoder_options *target,
                           struct cam_media **out, char *reason, size_t reason_cap);
/* Opens `path` for single pictures: always decoded, nothing encoded; only cam_media_still and
 * cam_media_close may follow. Errors as above. */
SK_MUST int cam_media_open_still(const char *path, const struct cam_encoder_options *target,
                                 struct cam_media **out);

/* A decoded picture near to where `running` (a copied stream of the same file, or NULL = the
 * beginning) is now: its last keyframe. Borrowed until the next call. -SK_EIO. */
SK_MUST int cam_media_still(struct cam_media *media, const struct cam_media *running,
                            struct cam_picture *picture);

void cam_media_close(struct cam_media **media);

/* The next access unit, from the start again after the last; valid until the next call.
 * `force_key` skips a copied stream to its next keyframe. -SK_EIO if the file gives no picture. */
SK_MUST int cam_media_next(struct cam_media *media, bool force_key, struct cam_encoded *out,
                           uint32_t *duration_90k);

const uint8_t *cam_media_avcc(const struct cam_media *media, size_t *len);
void cam_media_size(const struct cam_media *media, unsigned *width, unsigned *height);

/* Whether pictures are passed through rather than encoded again. */
bool cam_media_is_copied(const struct cam_media *media);

#endif
