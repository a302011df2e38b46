/* Label codes: making and checking them (sealed.md 2.1). Codes are secrets: the caller wipes. */
#ifndef SK_SDK_LABEL_H
#define SK_SDK_LABEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/label.h"

/* 24 digits from the first 110 bits of `random`: 22 digits and 2 check digits. Zero-terminated. */
void sdk_label_make(char out[WIRE_LABEL_CODE_SIZE], const uint8_t random[14]);

/* The label of a simulated camera: the random part is HMAC(seed, "skep-sim/1 label\0" || device).
 */
void sdk_label_from_seed(char out[WIRE_LABEL_CODE_SIZE], const uint8_t *seed, size_t seed_len,
                         const char device[WIRE_LABEL_DEVICE_LEN + 1]);

/* What a person typed -> the normalised code. -SK_EINVAL: not the form of a code, or the check
 * digits are wrong (a typing error: no try at the camera is spent on it). */
SK_MUST int sdk_label_parse(char out[WIRE_LABEL_CODE_SIZE], const char *text, size_t len);

#endif
