/* RSA signatures of others, checked. Skep itself never signs with RSA. */
#ifndef SK_CRYPTO_RSA_H
#define SK_CRYPTO_RSA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CRYPTO_RSA_MIN_BYTES = 256, CRYPTO_RSA_MAX_BYTES = 512 };

/* RSASSA-PKCS1-v1_5 over a SHA-256 hash (RFC 8017 8.2.2, the "RS256" of JOSE and COSE). `n` is the
 * modulus, big-endian without leading zeros, 2048 to 4096 bits; `e` the public exponent, odd,
 * 3 .. 2^32-1 in at most 8 bytes; `sig` must be as long as `n`. -SK_ECRYPTO when the signature or
 * the key is bad. Any thread. */
SK_MUST int crypto_rsa_verify(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
                              const uint8_t hash[32], const uint8_t *sig, size_t sig_len);

#endif
