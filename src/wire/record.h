/* The clear head of a channel record and the layout of its plaintext (sealed.md 3.2). Pure codec.
 */
#ifndef SK_WIRE_RECORD_H
#define SK_WIRE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    WIRE_RECORD_HEAD_BYTES = 16,
    WIRE_RECORD_TAG_BYTES = 16,
    WIRE_RECORD_PAD = 64,
    WIRE_RECORD_PLAIN_MAX = (16384 - 32) / 64 * 64,     /* 16,320 */
    WIRE_RECORD_CONTENT_MAX = WIRE_RECORD_PLAIN_MAX - 4 /* 16,316 */
};

enum wire_record_type {
    WIRE_RECORD_REQ = 1,
    WIRE_RECORD_REP = 2,
    WIRE_RECORD_PROGRESS = 3,
    WIRE_RECORD_EVENT = 4,
    WIRE_RECORD_KEY = 5,
    WIRE_RECORD_REKEY = 6,
    WIRE_RECORD_PING = 7,
    WIRE_RECORD_PONG = 8,
    WIRE_RECORD_CLOSE = 9,
    WIRE_RECORD_DATA = 10
};

enum { WIRE_RECORD_MORE = 1 };

struct wire_record_head {
    uint16_t epoch;
    uint8_t channel[4];
    uint64_t counter;
};

struct wire_record_plain {
    uint8_t type, flags;
    const uint8_t *content; /* borrowed */
    size_t len;
};

void wire_record_encode(uint8_t out[WIRE_RECORD_HEAD_BYTES], const struct wire_record_head *h);
/* `len` = bytes of the whole body. -SK_EINVAL: kind, zero byte, or a length no record has. */
SK_MUST int wire_record_decode(struct wire_record_head *h, const uint8_t *in, size_t len);

/* Bytes of the padded plaintext for `content_len` (<= WIRE_RECORD_CONTENT_MAX). */
size_t wire_record_plain_size(size_t content_len);

/* Write type, flags, length, content and zeros; returns wire_record_plain_size(len). */
size_t wire_record_plain_encode(uint8_t *out, uint8_t type, uint8_t flags, const void *content,
                                size_t len);

/* Read a decrypted plaintext: multiple of 64, known type, known flags, length inside, padding all
 * zero, and the fixed lengths of the binary types. -SK_EINVAL. */
SK_MUST int wire_record_plain_decode(struct wire_record_plain *p, const uint8_t *in, size_t len);

#endif
