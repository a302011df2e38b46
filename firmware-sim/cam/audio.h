/* Audio encoder of a camera's microphone: Opus at a constant bit rate through libavcodec's libopus;
 * AAC-LC where that is missing. 48 kHz mono, one frame in, one frame out, no silence suppression:
 * what is said must not show in sizes. Private to this folder; one encoder belongs to one thread.
 */
#ifndef FIRMWARE_SIM_CAM_AUDIO_H
#define FIRMWARE_SIM_CAM_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CAM_AUDIO_FRAME_MAX                                                                        \
    768u /* bytes: of AAC 6,144 bits a channel (ISO/IEC 14496-3), Opus less */

struct cam_audio;

struct cam_audio_frame {
    const uint8_t *data; /* valid until the next call on this encoder */
    size_t len;
};

/* `no_opus`: as if libopus were missing. Owner: caller, frees. -SK_EUNSUPPORTED, -SK_ENOMEM. */
SK_MUST int cam_audio_new(bool no_opus, struct cam_audio **out);
void cam_audio_free(struct cam_audio **audio);

/* RFC 6381: "opus" or "mp4a.40.2". */
const char *cam_audio_codec(const struct cam_audio *audio);
bool cam_audio_is_opus(const struct cam_audio *audio);
/* OpusHead or AudioSpecificConfig; borrowed. */
const uint8_t *cam_audio_config(const struct cam_audio *audio, size_t *len);
/* Samples of one frame; and how many samples later than put in they are heard. */
unsigned cam_audio_frame_samples(const struct cam_audio *audio);
unsigned cam_audio_delay_samples(const struct cam_audio *audio);
/* No frame is larger: exact for Opus. */
unsigned cam_audio_frame_bytes(const struct cam_audio *audio);

/* Encode cam_audio_frame_samples() samples; yields exactly one frame. -SK_EINTERNAL. */
SK_MUST int cam_audio_put(struct cam_audio *audio, const float *samples,
                          struct cam_audio_frame *out);

#endif
