/* The envelope that carries one sealed body through the server (wire.md 2). Big-endian. Pure codec;
 * decoded pointers are borrowed from the input. */
#ifndef SK_WIRE_ENVELOPE_H
#define SK_WIRE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    WIRE_ENVELOPE_BODY_MAX = 16384,
    WIRE_ENVELOPE_ACCOUNT_MAX = 64,
    WIRE_ENVELOPE_MAX = 41 + WIRE_ENVELOPE_ACCOUNT_MAX + WIRE_ENVELOPE_BODY_MAX,
    WIRE_ENVELOPE_TTL_MAX = 600
};

enum wire_envelope_type {
    WIRE_ENVELOPE_BODY = 1,
    WIRE_ENVELOPE_UNDELIVERABLE = 2, /* from the server only */
    WIRE_ENVELOPE_END = 3
};

struct wire_envelope {
    uint8_t type;
    uint8_t reason; /* types 2 and 3: enum wire_end */
    uint16_t ttl;   /* tenths of a second, 1..600 */
    uint32_t seq;
    uint8_t session[16], device[16];
    const char *account; /* not zero-terminated; empty from the viewer */
    size_t account_len;
    const uint8_t *body; /* type 1 only, 1..16,384 bytes */
    size_t body_len;
};

/* -SK_EINVAL (form), -SK_EVERSION, -SK_ETOOBIG (body). The account must be valid UTF-8. */
SK_MUST int wire_envelope_decode(struct wire_envelope *e, const uint8_t *in, size_t len);

/* Write into `out`; `*len` = bytes written. -SK_ETOOBIG when over `cap`, -SK_EINVAL for a field
 * out of range. `account` and `body` must not overlap `out`. */
SK_MUST int wire_envelope_encode(uint8_t *out, size_t cap, size_t *len,
                                 const struct wire_envelope *e);

#endif
