#include "firmware-sim/cam/avc.h"

#include <string.h>

enum nal_type { NAL_SLICE = 1, NAL_IDR = 5, NAL_SEI = 6, NAL_SPS = 7, NAL_PPS = 8 };

#define SEI_USER_DATA_UNREGISTERED 5u
#define UUID_LEN 16u

/* Names our SEI; chosen at random once. */
static const uint8_t marker_uuid[UUID_LEN] = {0x5c, 0x1e, 0x94, 0xb7, 0x2f, 0x83, 0x4d, 0x6a,
                                              0x91, 0xd2, 0xe7, 0x38, 0xa5, 0xc6, 0x4b, 0x7f};

/* Offset of the next 00 00 01 at or after `from`, or len. */
static size_t start_code(const uint8_t *stream, size_t len, size_t from)
{
    for (size_t i = from; i + 3 <= len; i++) {
        if (stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1) {
            return i;
        }
    }
    return len;
}

bool cam_avc_next(const uint8_t *stream, size_t len, size_t *at, struct cam_nal *nal)
{
    for (size_t begin = start_code(stream, len, *at); begin < len;) {
        size_t from = begin + 3, end = start_code(stream, len, from);
        begin = end;
        while (end > from && stream[end - 1] == 0) {
            end--; /* trailing zeros belong to the next start code */
        }
        if (end > from) {
            *nal = (struct cam_nal){stream + from, end - from};
            *at = begin;
            return true;
        }
    }
    *at = len;
    return false;
}

static unsigned nal_type(const struct cam_nal *nal)
{
    return nal->data[0] & 0x1fu;
}

static int set_add(struct sk_buf *out, const struct cam_nal *set)
{
    int rc = sk_buf_add_u8(out, 1);
    rc = rc ? rc : sk_buf_add_u16(out, (uint16_t)set->len);
    return rc ? rc : sk_buf_add(out, set->data, set->len);
}

int cam_avc_record(const uint8_t *stream, size_t len, struct sk_buf *out)
{
    struct cam_nal nal, sps = {NULL, 0}, pps = {NULL, 0};
    for (size_t at = 0; cam_avc_next(stream, len, &at, &nal);) {
        if (nal_type(&nal) == NAL_SPS && !sps.data) {
            sps = nal;
        } else if (nal_type(&nal) == NAL_PPS && !pps.data) {
            pps = nal;
        }
    }
    if (!sps.data || !pps.data || sps.len < 4 || sps.len > UINT16_MAX || pps.len > UINT16_MAX) {
        return -SK_EINVAL;
    }
    const uint8_t head[5] = {1, sps.data[1], sps.data[2], sps.data[3], 0xff};
    sk_buf_reset(out);
    int rc = sk_buf_add(out, head, sizeof head);
    rc = rc ? rc : sk_buf_add_u8(out, 0xe1);
    rc = rc ? rc : sk_buf_add_u16(out, (uint16_t)sps.len);
    rc = rc ? rc : sk_buf_add(out, sps.data, sps.len);
    rc = rc ? rc : set_add(out, &pps);
    if (rc == 0 && sps.data[1] >= 100) {
        /* High profiles add chroma format 4:2:0, 8 bits and no extension sets */
        static const uint8_t tail[4] = {0xfd, 0xf8, 0xf8, 0};
        rc = sk_buf_add(out, tail, sizeof tail);
    }
    return rc;
}

int cam_avc_unit(const uint8_t *stream, size_t len, struct sk_buf *out, bool *is_key)
{
    struct cam_nal nal;
    *is_key = false;
    for (size_t at = 0; cam_avc_next(stream, len, &at, &nal);) {
        unsigned type = nal_type(&nal);
        if (type < NAL_SLICE || type > NAL_IDR) {
            continue;
        }
        if (nal.len > UINT32_MAX) {
            return -SK_ETOOBIG;
        }
        *is_key = *is_key || type == NAL_IDR;
        int rc = sk_buf_add_u32(out, (uint32_t)nal.len);
        rc = rc ? rc : sk_buf_add(out, nal.data, nal.len);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int cam_avc_marker(const uint8_t marker[CAM_AVC_MARKER_LEN], struct sk_buf *out)
{
    uint8_t plain[2 + UUID_LEN + CAM_AVC_MARKER_LEN + 1], nal[1 + 2 * sizeof plain];
    size_t len = 0, zeros = 0;
    plain[0] = SEI_USER_DATA_UNREGISTERED;
    plain[1] = UUID_LEN + CAM_AVC_MARKER_LEN;
    memcpy(plain + 2, marker_uuid, UUID_LEN);
    memcpy(plain + 2 + UUID_LEN, marker, CAM_AVC_MARKER_LEN);
    plain[sizeof plain - 1] = 0x80; /* rbsp_trailing_bits */
    nal[len++] = NAL_SEI;
    for (size_t i = 0; i < sizeof plain; i++) {
        if (zeros == 2 && plain[i] <= 3) {
            nal[len++] = 3; /* emulation prevention */
            zeros = 0;
        }
        nal[len++] = plain[i];
        zeros = plain[i] == 0 ? zeros + 1 : 0;
    }
    int rc = sk_buf_add_u32(out, (uint32_t)len);
    return rc ? rc : sk_buf_add(out, nal, len);
}
