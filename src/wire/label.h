/* The code printed on a camera's label: form only (sealed.md 2.1). Its check digits need a hash and
 * live in sdk/label.h. Pure; codes are secrets: the caller wipes. */
#ifndef SK_WIRE_LABEL_H
#define SK_WIRE_LABEL_H

#include <stddef.h>

#include "base/err.h"

enum {
    WIRE_LABEL_CODE_LEN = 24,
    WIRE_LABEL_CODE_SIZE = 25,
    WIRE_LABEL_DEVICE_LEN = 26,
    WIRE_LABEL_FINGERPRINT_LEN = 24
};

/* What a person typed -> 24 digits: upper-case, blanks and hyphens dropped, O->0, I and L->1.
 * -SK_EINVAL for another character or count. Zero-terminated. */
SK_MUST int wire_label_normalise(char out[WIRE_LABEL_CODE_SIZE], const char *text, size_t len);

/* Value 0..31 of a Crockford digit (upper-case), -1 for anything else; and the digit of a value. */
int wire_crockford_value(char c);
char wire_crockford_digit(unsigned value);

struct wire_label {
    char device[WIRE_LABEL_DEVICE_LEN + 1];
    char code[WIRE_LABEL_CODE_SIZE];
    char fingerprint[WIRE_LABEL_FINGERPRINT_LEN + 1]; /* "" when the label has none */
};

/* The QR text "skep:1?d=<dev>&c=<code>[&k=<fingerprint>]", in this order. -SK_EINVAL. */
SK_MUST int wire_label_decode(struct wire_label *l, const char *text, size_t len);
SK_MUST int wire_label_encode(char *out, size_t cap, const struct wire_label *l);

#endif
