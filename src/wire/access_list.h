/* The access list "SKAL" that an owner signs (sealed.md 5.3). Pure codec: forms, bounds, distinct
 * keys. Whether points lie on the curve and who signed is judged where the keys are. */
#ifndef SK_WIRE_ACCESS_LIST_H
#define SK_WIRE_ACCESS_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    WIRE_LIST_HEAD_BYTES = 52,
    WIRE_LIST_ENTRY_BYTES = 100,
    WIRE_LIST_ENTRIES_MAX = 64,
    WIRE_LIST_SIG_BYTES = 64,
    WIRE_LIST_MIN = WIRE_LIST_HEAD_BYTES + WIRE_LIST_SIG_BYTES,
    WIRE_LIST_MAX = WIRE_LIST_MIN + WIRE_LIST_ENTRIES_MAX * WIRE_LIST_ENTRY_BYTES
};

/* No entry outlives its list's `issued` by more: 90 days. */
#define WIRE_LIST_LIFE_MS (INT64_C(90) * 24 * 3600 * 1000)
/* Times of a list stay within what JSON carries exactly. */
#define WIRE_LIST_TIME_MAX (INT64_C(1) << 53)

struct wire_list_entry {
    uint8_t point[65]; /* viewer key; form 04 */
    uint16_t rights;   /* enum wire_right, never WIRE_RIGHT_MANAGE */
    int64_t not_before_ms, not_after_ms;
    uint8_t tag[16]; /* first 16 bytes of SHA-256(account id) */
};

struct wire_list {
    uint8_t device[16], owner[16]; /* raw id; key id of the owner key that signs */
    uint32_t version;
    int64_t issued_ms;
    unsigned count;
};

/* Read the head and check everything of a whole list (signature included) that needs no key:
 * length, reserved bytes, rights, times (not before <= not after <= issued + 90 days), keys of form
 * 04 and distinct. -SK_EINVAL, -SK_EVERSION. Any thread. */
SK_MUST int wire_list_decode(struct wire_list *l, const uint8_t *in, size_t len);

/* Entry `i` < count of a list that wire_list_decode took. */
void wire_list_entry(struct wire_list_entry *e, const uint8_t *in, unsigned i);

/* Bytes of the signed part, which the signature of 64 bytes follows. */
size_t wire_list_signed_len(const struct wire_list *l);

/* Write head and `l->count` entries; `out` takes WIRE_LIST_MAX - WIRE_LIST_SIG_BYTES; returns the
 * length of the signed part. Judges nothing: decode what you made. */
size_t wire_list_encode(uint8_t *out, const struct wire_list *l,
                        const struct wire_list_entry *entries);

#endif
