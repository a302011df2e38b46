/* Content of a KEY record: media keys handed to one channel (sealed.md 4.2). Pure codec. Holds
 * secrets: the caller wipes. */
#ifndef SK_WIRE_KEY_REC_H
#define SK_WIRE_KEY_REC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { WIRE_KEY_HEAD_BYTES = 12, WIRE_KEY_ENTRY_BYTES = 60, WIRE_KEY_COUNT_MAX = 64 };
enum { WIRE_KEY_REPLACE_ALL = 1 };

struct wire_key_entry {
    uint64_t kid, first_ctr;
    uint32_t stream, lifetime_s;
    uint8_t kind, slot;
    uint16_t suite; /* 0 = 0x0004; entries with another suite are to be refused one by one */
    uint8_t base_key[32];
};

struct wire_key_head {
    uint8_t flags;
    uint16_t count;
    uint8_t boot[8];
};

/* Read the head and check that `len` is 12 + 60 count, count <= 64. -SK_EINVAL, -SK_EVERSION. */
SK_MUST int wire_key_decode(struct wire_key_head *h, const uint8_t *in, size_t len);
/* Entry `i` < count of a record that wire_key_decode took. KID must fit 48 bits and agree with slot
 * and kind: -SK_EINVAL. */
SK_MUST int wire_key_entry_decode(struct wire_key_entry *e, const uint8_t *in, unsigned i);

/* Write head and entries; `out` takes 12 + 60 count bytes; returns that number. */
size_t wire_key_encode(uint8_t *out, const struct wire_key_head *h,
                       const struct wire_key_entry *entries);

/* generation || slot || kind, and back. */
uint64_t wire_kid(uint32_t generation, uint8_t slot, uint8_t kind);
static inline uint32_t wire_kid_generation(uint64_t kid)
{
    return (uint32_t)(kid >> 16);
}

#endif
