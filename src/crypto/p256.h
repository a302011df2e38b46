/* NIST P-256 on plain bytes: scalars are 32 bytes big-endian, points 65 bytes `04 || x || y`.
 * No other point form is ever read: `00` and compressed points are refused before the library,
 * which would take them, sees them. All functions: any thread. Scalar multiplication is the
 * library's blinded constant-time one; addition only ever joins whole points. */
#ifndef SK_CRYPTO_P256_H
#define SK_CRYPTO_P256_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CRYPTO_P256_SCALAR_BYTES = 32, CRYPTO_P256_POINT_BYTES = 65, CRYPTO_P256_SIG_BYTES = 64 };

/* 0 when the point has form 04, coordinates < p, and lies on the curve (infinity has no such form);
 * -SK_ECRYPTO otherwise. */
SK_MUST int crypto_p256_check(const uint8_t point[65]);

/* 0 when 0 < scalar < n; -SK_ECRYPTO otherwise. */
SK_MUST int crypto_p256_check_scalar(const uint8_t scalar[32]);

/* A uniform scalar in [1, n). */
void crypto_p256_random_scalar(uint8_t out[32]);

/* `in` (big-endian, `len` <= 64) mod n. -SK_ECRYPTO when the result is 0. */
SK_MUST int crypto_p256_reduce(uint8_t out[32], const uint8_t *in, size_t len);

/* scalar * point; `point` NULL = the generator. -SK_ECRYPTO for a bad scalar or point. */
SK_MUST int crypto_p256_mul(uint8_t out[65], const uint8_t scalar[32], const uint8_t *point);

/* a + b, a - b. -SK_ECRYPTO when an input is bad or the result is infinity. */
SK_MUST int crypto_p256_add(uint8_t out[65], const uint8_t a[65], const uint8_t b[65]);
SK_MUST int crypto_p256_sub(uint8_t out[65], const uint8_t a[65], const uint8_t b[65]);

/* A fresh key pair. */
void crypto_p256_keygen(uint8_t secret[32], uint8_t public_key[65]);

/* ECDH: the X coordinate of secret * point. -SK_ECRYPTO for a bad scalar or point. */
SK_MUST int crypto_p256_ecdh(uint8_t out[32], const uint8_t secret[32], const uint8_t point[65]);

/* ECDSA over a 32-byte hash, raw r || s. Signing is deterministic (RFC 6979, SHA-256).
 * Verify: -SK_ECRYPTO when the key or the signature is bad. */
SK_MUST int crypto_p256_sign(uint8_t sig[64], const uint8_t secret[32], const uint8_t hash[32]);
SK_MUST int crypto_p256_verify(const uint8_t sig[64], const uint8_t public_key[65],
                               const uint8_t hash[32]);

/* An ECDSA signature as DER (RFC 3279 2.2.3: SEQUENCE of two INTEGERs), which WebAuthn sends, to
 * raw r || s. Strict: shortest lengths, no needless zeros, positive, nothing behind. -SK_ECRYPTO.
 */
SK_MUST int crypto_p256_sig_from_der(uint8_t sig[64], const uint8_t *der, size_t len);

#endif
