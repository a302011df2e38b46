#include "wire/key_rec.h"

#include <string.h>

#include "base/buf.h"

uint64_t wire_kid(uint32_t generation, uint8_t slot, uint8_t kind)
{
    return (uint64_t)generation << 16 | (uint64_t)slot << 8 | kind;
}

int wire_key_decode(struct wire_key_head *h, const uint8_t *in, size_t len)
{
    if (len < WIRE_KEY_HEAD_BYTES)
        return -SK_EINVAL;
    if (in[0] != 1)
        return -SK_EVERSION;
    h->flags = in[1];
    h->count = sk_get_u16(in + 2);
    memcpy(h->boot, in + 4, 8);
    if ((h->flags & ~WIRE_KEY_REPLACE_ALL) != 0 || h->count > WIRE_KEY_COUNT_MAX ||
        len != WIRE_KEY_HEAD_BYTES + (size_t)h->count * WIRE_KEY_ENTRY_BYTES)
        return -SK_EINVAL;
    return 0;
}

int wire_key_entry_decode(struct wire_key_entry *e, const uint8_t *in, unsigned i)
{
    const uint8_t *p = in + WIRE_KEY_HEAD_BYTES + (size_t)i * WIRE_KEY_ENTRY_BYTES;

    e->kid = sk_get_u64(p);
    e->stream = sk_get_u32(p + 8);
    e->kind = p[12];
    e->slot = p[13];
    e->suite = sk_get_u16(p + 14);
    e->first_ctr = sk_get_u64(p + 16);
    e->lifetime_s = sk_get_u32(p + 24);
    memcpy(e->base_key, p + 28, 32);
    if (e->kid >> 48 != 0 || (uint8_t)e->kid != e->kind || (uint8_t)(e->kid >> 8) != e->slot ||
        e->stream == 0)
        return -SK_EINVAL;
    return 0;
}

size_t wire_key_encode(uint8_t *out, const struct wire_key_head *h,
                       const struct wire_key_entry *entries)
{
    uint8_t *p = out + WIRE_KEY_HEAD_BYTES;

    out[0] = 1;
    out[1] = h->flags;
    sk_put_u16(out + 2, h->count);
    memcpy(out + 4, h->boot, 8);
    for (unsigned i = 0; i < h->count; i++, p += WIRE_KEY_ENTRY_BYTES) {
        sk_put_u64(p, entries[i].kid);
        sk_put_u32(p + 8, entries[i].stream);
        p[12] = entries[i].kind;
        p[13] = entries[i].slot;
        sk_put_u16(p + 14, entries[i].suite);
        sk_put_u64(p + 16, entries[i].first_ctr);
        sk_put_u32(p + 24, entries[i].lifetime_s);
        memcpy(p + 28, entries[i].base_key, 32);
    }
    return (size_t)(p - out);
}
