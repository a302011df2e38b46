/* Fragmented MP4, written by hand: the unit of encryption is one init segment or one access unit
 * (sealed.md 4.4), and a muxer library would buffer, probe and choose where we must not.
 * Sources: ISO/IEC 14496-12 (boxes), ISO/IEC 14496-15 (AVC configuration and sample format).
 * Pure functions, no state, any thread. */
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

/* Writes the RFC 6381 codec string ("avc1.42C01F") of an AVC configuration record. */
SK_MUST int cam_fmp4_codec(const uint8_t *avcc, size_t avcc_len, char out[CAM_CODEC_CAP]);

#endif
