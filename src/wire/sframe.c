#include "wire/sframe.h"

enum { FLAG_KID = 0x80, FLAG_CTR = 0x08, VALUE_INLINE = 8 };

static unsigned bytes_of(uint64_t v)
{
    unsigned n = 1;

    while (n < 8 && v >> (8 * n) != 0)
        n++;
    return n;
}

/* The 4 config bits of a value; its bytes, if any, go to `out`. */
static unsigned field_put(uint8_t *out, size_t *at, uint64_t v)
{
    unsigned n;

    if (v < VALUE_INLINE)
        return (unsigned)v;
    n = bytes_of(v);
    for (unsigned i = 0; i < n; i++)
        out[(*at)++] = (uint8_t)(v >> (8 * (n - 1 - i)));
    return 8 | (n - 1);
}

size_t wire_sframe_encode(uint8_t out[WIRE_SFRAME_HEAD_MAX], uint64_t kid, uint64_t ctr)
{
    size_t at = 1;
    unsigned high = field_put(out, &at, kid);
    unsigned low = field_put(out, &at, ctr);

    out[0] = (uint8_t)(high << 4 | low);
    return at;
}

static int field_get(uint64_t *v, unsigned bits, size_t *at, const uint8_t *in, size_t len)
{
    unsigned n = (bits & 7) + 1;

    if ((bits & 8) == 0) {
        *v = bits;
        return 0;
    }
    if (len - *at < n)
        return -SK_EINVAL;
    *v = 0;
    for (unsigned i = 0; i < n; i++)
        *v = *v << 8 | in[(*at)++];
    return *v >= VALUE_INLINE && bytes_of(*v) == n ? 0 : -SK_EINVAL;
}

int wire_sframe_decode(uint64_t *kid, uint64_t *ctr, size_t *head_len, const uint8_t *in,
                       size_t len)
{
    size_t at = 1;

    if (len < 1 || field_get(kid, in[0] >> 4, &at, in, len) < 0 ||
        field_get(ctr, in[0] & 15, &at, in, len) < 0)
        return -SK_EINVAL;
    *head_len = at;
    return 0;
}
