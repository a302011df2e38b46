/* Key derivation: HKDF (RFC 5869) and PBKDF2 (RFC 8018), both on HMAC. Pure; any thread. */
#ifndef SK_CRYPTO_KDF_H
#define SK_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

/* HKDF-Extract. An empty salt (NULL, 0) means 32 (64) zero bytes, as the RFC says. */
void crypto_hkdf_extract(uint8_t prk[32], const void *salt, size_t salt_len, const void *ikm,
                         size_t ikm_len);
void crypto_hkdf512_extract(uint8_t prk[64], const void *salt, size_t salt_len, const void *ikm,
                            size_t ikm_len);

/* HKDF-Expand. `out_len` <= 255 hashes (asserted). `info` may come in parts. */
void crypto_hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[32], const void *info,
                        size_t info_len);
void crypto_hkdf_expand_parts(uint8_t *out, size_t out_len, const uint8_t prk[32],
                              const struct crypto_part *info, size_t count);
void crypto_hkdf512_expand(uint8_t *out, size_t out_len, const uint8_t prk[64], const void *info,
                           size_t info_len);

/* PBKDF2-HMAC-SHA256 with one block (32 bytes) of output. `iterations` >= 1 (asserted): the caller
 * has bounded it, the time is about half a microsecond for each. */
void crypto_pbkdf2(uint8_t out[32], const void *password, size_t password_len, const void *salt,
                   size_t salt_len, uint32_t iterations);

#endif
