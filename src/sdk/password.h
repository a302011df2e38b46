/* The device password: parameter record P, the slow hash, and what the two sides keep of it
 * (sealed.md 2.1). Pure; secrets are the caller's to wipe. */
#ifndef SK_SDK_PASSWORD_H
#define SK_SDK_PASSWORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/seal_msg.h"

enum { SDK_CLASS_CODE = 1, SDK_CLASS_CHOSEN = 2 };
enum {
    SDK_CODE_ITERATIONS = 1000,
    SDK_CHOSEN_ITERATIONS = 600000,
    SDK_CHOSEN_ITERATIONS_MAX = 5000000,
    SDK_CHOSEN_MIN = 12,
    SDK_CHOSEN_MAX = 128
};

struct sdk_params {
    uint8_t class;
    uint32_t iterations, generation;
    uint8_t salt[16];
};

void sdk_params_encode(uint8_t out[WIRE_SEAL_PARAMS_BYTES], const struct sdk_params *p);
/* -SK_EVERSION, -SK_EINVAL (reserved bytes, class). */
SK_MUST int sdk_params_decode(struct sdk_params *p, const uint8_t in[WIRE_SEAL_PARAMS_BYTES]);

/* The viewer's limits: class 1 exactly 1,000 iterations; class 2 600,000..5,000,000; anything else
 * -SK_EDENIED. Call before any time is spent on the hash. */
SK_MUST int sdk_params_check(const struct sdk_params *p);

/* First 8 bytes of H("skep-seal/1 params\0" || P). */
void sdk_params_id(uint8_t out[8], const uint8_t encoded[WIRE_SEAL_PARAMS_BYTES]);

/* w0 and w1 of a password (class 1: the 24 normalised characters) for a device id text. Takes
 * `iterations` of PBKDF2: about 1 ms (class 1) or 0.3-0.6 s (class 2). `r` (may be NULL) takes the
 * 32 bytes of PBKDF2, for the vectors. -SK_EINVAL: password over 128 bytes; -SK_ECRYPTO: w0 or w1
 * came out 0. */
SK_MUST int sdk_password_hash(uint8_t w0[32], uint8_t w1[32], uint8_t *r,
                              const struct sdk_params *p, const char *password, size_t len,
                              const char *device);

/* What a camera stores: {P, w0, L = w1 G}. Never w1, never the password. */
struct sdk_verifier {
    struct sdk_params params;
    uint8_t w0[32], l[65];
};

/* Make a verifier with a fresh salt. -SK_EINVAL: class 1 without the form of a label code, class 2
 * not 12..128 bytes of UTF-8. */
SK_MUST int sdk_verifier_make(struct sdk_verifier *v, unsigned class, uint32_t generation,
                              const char *password, size_t len, const char *device);

/* What a camera accepts as `password.set`: viewer limits, w0 and L in range. */
SK_MUST int sdk_verifier_check(const struct sdk_verifier *v);

#endif
