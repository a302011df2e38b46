/* Small things about H.264 byte streams: from start codes to length-prefixed NAL units, the AVC
 * configuration record, the marker SEI. Private to this folder; pure functions. */
#ifndef FIRMWARE_SIM_CAM_AVC_H
#define FIRMWARE_SIM_CAM_AVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CAM_AVC_MARKER_LEN 32u

struct cam_nal {
    const uint8_t *data; /* without start code; data[0] is the NAL header */
    size_t len;
};

/* Steps through an Annex B stream; starts with *at = 0. false at the end. */
bool cam_avc_next(const uint8_t *stream, size_t len, size_t *at, struct cam_nal *nal);

/* Builds the AVC configuration record (ISO/IEC 14496-15, 5.3.3.1) of the first SPS and PPS in an
 * Annex B stream, into `out` (reset first). -SK_EINVAL if one is missing. */
SK_MUST int cam_avc_record(const uint8_t *stream, size_t len, struct sk_buf *out);

/* Appends the stream's slices with 4-byte lengths; parameter sets, delimiters, filler and foreign
 * SEI are left out. *is_key = an IDR picture was among them. */
SK_MUST int cam_avc_unit(const uint8_t *stream, size_t len, struct sk_buf *out, bool *is_key);

/* Appends a user_data_unregistered SEI (H.264 D.1.7) that carries `marker`, escaped as the
 * standard demands; the marker survives byte for byte if it holds no three-byte run
 * 00 00 00..03. */
SK_MUST int cam_avc_marker(const uint8_t marker[CAM_AVC_MARKER_LEN], struct sk_buf *out);

#endif
