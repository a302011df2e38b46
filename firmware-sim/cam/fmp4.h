/* Fragmented MP4, written by hand: the unit of encryption is one init segment or one access unit
 * (sealed.md 4.4), and a muxer library would buffer, probe and choose where we must not.
 * Sources: ISO/IEC 14496-12 (boxes), 14496-15 (AVC configuration and sample format), 14496-14
 * (esds), "Encapsulation of Opus in ISO Base Media File Format" 0.8.1. Pure functions, no state,
 * any thread. */
#ifndef FIRMWARE_SIM_CAM_FMP4_H
#define FIRMWARE_SIM_CAM_FMP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Ticks per second of every track. */
#define CAM_TIMESCALE 90000u
/* Room of "avc1.4D401F" with its end. */
#define CAM_CODEC_CAP 16u
/* Bytes of a fragment that are not picture: moof and the head of mdat. */
#define CAM_FMP4_FRAGMENT_OVERHEAD 108u

struct cam_fmp4_track {
    uint16_t width, height; /* pixels */
    const uint8_t *avcc;    /* AVCDecoderConfigurationRecord, borrowed for the call */
    size_t avcc_len;
};

struct cam_fmp4_sample {
    const uint8_t *data; /* access unit: NAL units with 4-byte lengths, borrowed */
    size_t len;
    uint64_t pts_90k; /* becomes tfdt; there are no B-frames, so decode time is the same */
    uint32_t duration_90k;
    bool is_key;
};

/* Appends the init segment (ftyp + moov) to `out`. Errors: -SK_EINVAL for a record that is not
 * version 1 or a picture without size, -SK_ETOOBIG (buf.h) when `out` is at its maximum. */
SK_MUST int cam_fmp4_init(const struct cam_fmp4_track *track, struct sk_buf *out);

/* Appends one fragment (moof + mdat) to `out`. `sequence` counts fragments from 1 (mfhd).
 * Errors as above; on error `out` may hold a part and must be thrown away. */
SK_MUST int cam_fmp4_fragment(const struct cam_fmp4_sample *sample, uint32_t sequence,
                              struct sk_buf *out);

/* ---- sound ---- */

/* The smallest `free` box that a sound unit ends with. */
#define CAM_FMP4_FREE_MIN 8u
#define CAM_FMP4_FRAMES_MAX 5u

struct cam_fmp4_sound {
    bool is_opus;          /* else AAC-LC */
    unsigned rate;         /* samples per second, mono */
    const uint8_t *config; /* OpusHead (RFC 7845 5.1) or AudioSpecificConfig, borrowed */
    size_t config_len;
};

struct cam_fmp4_frame {
    const uint8_t *data;
    size_t len;
};

struct cam_fmp4_sound_unit {
    const struct cam_fmp4_frame *frames;
    unsigned count; /* 1 .. CAM_FMP4_FRAMES_MAX */
    uint64_t pts_90k;
    uint32_t duration_90k;  /* of one frame */
    const uint8_t *filling; /* first bytes of the `free` box; NULL = zeros */
    size_t filling_len;
    size_t total; /* bytes of the whole fragment, whatever the frames take */
};

/* Appends ftyp + moov of a sound track with the timescale of all tracks. -SK_EINVAL. */
SK_MUST int cam_fmp4_sound_init(const struct cam_fmp4_sound *track, struct sk_buf *out);

/* Bytes of a sound fragment that are neither frames nor `free`. */
unsigned cam_fmp4_sound_overhead(unsigned count);

/* Appends moof + mdat + free, `total` bytes together. -SK_ETOOBIG when they do not fit. */
SK_MUST int cam_fmp4_sound_fragment(const struct cam_fmp4_sound_unit *unit, uint32_t sequence,
                                    struct sk_buf *out);

/* Writes the RFC 6381 codec string ("avc1.42C01F") of an AVC configuration record. */
SK_MUST int cam_fmp4_codec(const uint8_t *avcc, size_t avcc_len, char out[CAM_CODEC_CAP]);

#endif
