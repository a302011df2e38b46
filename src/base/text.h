/* Text forms of bytes, and small string helpers. Strict in both directions: one text per value. */
#ifndef SK_BASE_TEXT_H
#define SK_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes a text form needs, the closing zero included. */
#define SK_HEX_SIZE(n) ((n)*2 + 1)
#define SK_B64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
#define SK_B32_SIZE(n) (((n)*8 + 4) / 5 + 1)

/* Encoders write a zero-terminated text into `out` (SK_..._SIZE(len) bytes). base64url is without
 * padding, base64 (RFC 4648 section 4) with it, base32 lower-case without padding. */
void sk_hex_encode(char *out, const void *data, size_t len);
void sk_b64url_encode(char *out, const void *data, size_t len);
void sk_b64_encode(char *out, const void *data, size_t len);
void sk_b32_encode(char *out, const void *data, size_t len);

/* Decoders: -SK_EINVAL for any character outside the alphabet, wrong length, or non-zero trailing
 * bits; -SK_ETOOBIG when more than `cap` bytes come out. `*out_len` = bytes written. */
SK_MUST int sk_hex_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len);
SK_MUST int sk_b64url_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len);
/* base64 as in PEM and EST bodies: line breaks and blanks between groups are skipped. */
SK_MUST int sk_b64_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len);
SK_MUST int sk_b32_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len);

/* Copy `src` into `out` (size `cap`), always terminated; -SK_ETOOBIG when it did not fit. */
SK_MUST int sk_copy(char *out, size_t cap, const char *src);

/* Decimal digits only, 0 .. max, no sign, no blank; -SK_EINVAL otherwise. */
SK_MUST int sk_parse_u64(uint64_t *out, const char *text, size_t len, uint64_t max);

/* 1 when `s` is valid UTF-8 (RFC 3629) without U+0000. */
int sk_utf8_is_valid(const char *s, size_t len);

/* Number of code points; `s` must be valid. */
size_t sk_utf8_count(const char *s, size_t len);

#endif
