#include "wire/access_list.h"

#include <string.h>

#include "base/buf.h"
#include "wire/codes.h"

static const uint8_t magic[5] = {'S', 'K', 'A', 'L', 1};

size_t wire_list_signed_len(const struct wire_list *l)
{
    return WIRE_LIST_HEAD_BYTES + (size_t)l->count * WIRE_LIST_ENTRY_BYTES;
}

static const uint8_t *entry_at(const uint8_t *in, unsigned i)
{
    return in + WIRE_LIST_HEAD_BYTES + (size_t)i * WIRE_LIST_ENTRY_BYTES;
}

/* A time that is over the bound reads as it: no sum of two of them overflows. */
static int64_t time_get(const uint8_t *p)
{
    uint64_t t = sk_get_u64(p);

    return t > (uint64_t)WIRE_LIST_TIME_MAX ? WIRE_LIST_TIME_MAX + 1 : (int64_t)t;
}

void wire_list_entry(struct wire_list_entry *e, const uint8_t *in, unsigned i)
{
    const uint8_t *p = entry_at(in, i);

    memcpy(e->point, p, 65);
    e->rights = sk_get_u16(p + 66);
    e->not_before_ms = time_get(p + 68);
    e->not_after_ms = time_get(p + 76);
    memcpy(e->tag, p + 84, 16);
}

static int entry_check(const struct wire_list *l, const uint8_t *in, unsigned i)
{
    const uint8_t *p = entry_at(in, i);
    struct wire_list_entry e;

    wire_list_entry(&e, in, i);
    if (p[65] != 0 || e.point[0] != 4 || (e.rights & ~(unsigned)WIRE_RIGHTS_PASSWORD) != 0)
        return -SK_EINVAL;
    if (e.not_before_ms > e.not_after_ms || e.not_after_ms > l->issued_ms + WIRE_LIST_LIFE_MS)
        return -SK_EINVAL;
    for (unsigned k = 0; k < i; k++)
        if (memcmp(entry_at(in, k), p, 65) == 0)
            return -SK_EINVAL;
    return 0;
}

int wire_list_decode(struct wire_list *l, const uint8_t *in, size_t len)
{
    if (len < WIRE_LIST_MIN || memcmp(in, magic, 4) != 0)
        return -SK_EINVAL;
    if (in[4] != magic[4])
        return -SK_EVERSION;
    l->count = sk_get_u16(in + 6);
    memcpy(l->device, in + 8, 16);
    l->version = sk_get_u32(in + 24);
    l->issued_ms = time_get(in + 28);
    memcpy(l->owner, in + 36, 16);
    if (in[5] != 0 || l->count > WIRE_LIST_ENTRIES_MAX || l->version == 0 ||
        l->issued_ms > WIRE_LIST_TIME_MAX - WIRE_LIST_LIFE_MS ||
        len != wire_list_signed_len(l) + WIRE_LIST_SIG_BYTES)
        return -SK_EINVAL;
    for (unsigned i = 0; i < l->count; i++)
        if (entry_check(l, in, i) < 0)
            return -SK_EINVAL;
    return 0;
}

size_t wire_list_encode(uint8_t *out, const struct wire_list *l,
                        const struct wire_list_entry *entries)
{
    uint8_t *p = out + WIRE_LIST_HEAD_BYTES;

    memcpy(out, magic, sizeof magic);
    out[5] = 0;
    sk_put_u16(out + 6, (uint16_t)l->count);
    memcpy(out + 8, l->device, 16);
    sk_put_u32(out + 24, l->version);
    sk_put_u64(out + 28, (uint64_t)l->issued_ms);
    memcpy(out + 36, l->owner, 16);
    for (unsigned i = 0; i < l->count; i++, p += WIRE_LIST_ENTRY_BYTES) {
        memcpy(p, entries[i].point, 65);
        p[65] = 0;
        sk_put_u16(p + 66, entries[i].rights);
        sk_put_u64(p + 68, (uint64_t)entries[i].not_before_ms);
        sk_put_u64(p + 76, (uint64_t)entries[i].not_after_ms);
        memcpy(p + 84, entries[i].tag, 16);
    }
    return (size_t)(p - out);
}
