/* The part of CBOR (RFC 8949) that WebAuthn needs: integers, byte and text strings, arrays, maps,
 * false, true, null. Strict as CTAP2 asks: definite lengths, shortest heads, no tags, no floats, no
 * key twice in a map, depth and counts capped. Nothing is copied: items point into the input. Pure;
 * any thread. */
#ifndef SK_WIRE_CBOR_H
#define SK_WIRE_CBOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CBOR_DEPTH_MAX = 4, CBOR_MEMBERS_MAX = 32 };

enum cbor_type {
    CBOR_UINT, /* major types 0 .. 5, by number */
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_SIMPLE /* `value` 20 false, 21 true, 22 null */
};

struct cbor_item {
    enum cbor_type type;
    uint64_t value;      /* CBOR_UINT: the number n; CBOR_NEGATIVE: n of -1 - n; else a count */
    const uint8_t *data; /* strings: their bytes; arrays and maps: the first child */
    size_t len;          /* bytes at `data` */
    size_t size;         /* bytes of the whole item, head included */
};

/* Read and check one whole item, children included, at the beginning of `in`; more may follow:
 * whoever expects the end compares `size`. -SK_EINVAL not (this) CBOR, -SK_ETOOBIG beyond a cap. */
SK_MUST int cbor_read(struct cbor_item *out, const uint8_t *in, size_t len);

/* A map's value by key. `map` must come from cbor_read. -SK_ENOTFOUND. */
SK_MUST int cbor_map_text(const struct cbor_item *map, const char *key, struct cbor_item *out);
SK_MUST int cbor_map_int(const struct cbor_item *map, int64_t key, struct cbor_item *out);

/* The number of an integer item within int64_t; -SK_EINVAL otherwise. */
SK_MUST int cbor_int(const struct cbor_item *item, int64_t *out);
/* 1 when it is a text string that equals `text`. */
int cbor_text_is(const struct cbor_item *item, const char *text);

#endif
