#include "wire/envelope.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { FIXED_BYTES = 41, REASON_MAX = 7 };

static int fields_check(const struct wire_envelope *e)
{
    if (e->type < WIRE_ENVELOPE_BODY || e->type > WIRE_ENVELOPE_END || e->ttl < 1 ||
        e->ttl > WIRE_ENVELOPE_TTL_MAX || e->account_len > WIRE_ENVELOPE_ACCOUNT_MAX)
        return -SK_EINVAL;
    if (e->account_len > 0 && !sk_utf8_is_valid(e->account, e->account_len))
        return -SK_EINVAL;
    if (e->type != WIRE_ENVELOPE_BODY)
        return e->reason >= 1 && e->reason <= REASON_MAX ? 0 : -SK_EINVAL;
    if (e->body_len < 1)
        return -SK_EINVAL;
    return e->body_len <= WIRE_ENVELOPE_BODY_MAX ? 0 : -SK_ETOOBIG;
}

int wire_envelope_decode(struct wire_envelope *e, const uint8_t *in, size_t len)
{
    size_t at;

    memset(e, 0, sizeof *e);
    if (len < FIXED_BYTES)
        return -SK_EINVAL;
    if (in[0] != 1)
        return -SK_EVERSION;
    e->type = in[1];
    e->ttl = sk_get_u16(in + 2);
    e->seq = sk_get_u32(in + 4);
    memcpy(e->session, in + 8, 16);
    memcpy(e->device, in + 24, 16);
    e->account_len = in[40];
    at = FIXED_BYTES + e->account_len;
    if (len < at)
        return -SK_EINVAL;
    e->account = (const char *)in + FIXED_BYTES;
    if (e->type == WIRE_ENVELOPE_BODY) {
        e->body = in + at;
        e->body_len = len - at;
    } else {
        if (len != at + 1)
            return -SK_EINVAL;
        e->reason = in[at];
    }
    return fields_check(e);
}

int wire_envelope_encode(uint8_t *out, size_t cap, size_t *len, const struct wire_envelope *e)
{
    size_t at = FIXED_BYTES + e->account_len;
    size_t tail = e->type == WIRE_ENVELOPE_BODY ? e->body_len : 1;
    int rc = fields_check(e);

    if (rc < 0)
        return rc;
    if (at + tail > cap)
        return -SK_ETOOBIG;
    out[0] = 1;
    out[1] = e->type;
    sk_put_u16(out + 2, e->ttl);
    sk_put_u32(out + 4, e->seq);
    memcpy(out + 8, e->session, 16);
    memcpy(out + 24, e->device, 16);
    out[40] = (uint8_t)e->account_len;
    if (e->account_len > 0)
        memcpy(out + FIXED_BYTES, e->account, e->account_len);
    if (e->type == WIRE_ENVELOPE_BODY)
        memcpy(out + at, e->body, e->body_len);
    else
        out[at] = e->reason;
    *len = at + tail;
    return 0;
}
