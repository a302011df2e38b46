/* AES-GCM with a key schedule that is made once and used for many units. */
#ifndef SK_CRYPTO_AEAD_H
#define SK_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CRYPTO_GCM_NONCE_BYTES = 12, CRYPTO_GCM_TAG_BYTES = 16 };

struct crypto_gcm;

/* A context for one key of 16 or 32 bytes (asserted). Owned by the caller; one thread at a time. */
struct crypto_gcm *crypto_gcm_new(const uint8_t *key, size_t key_len);

/* Wipes and frees; `*g` becomes NULL; NULL is fine. */
void crypto_gcm_free(struct crypto_gcm **g);

/* Encrypt `len` bytes in place and write the full 16-byte tag. The caller owns the promise that a
 * nonce is never used twice under one key. -SK_ECRYPTO only on an internal fault of the library. */
SK_MUST int crypto_gcm_seal(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad,
                            size_t aad_len, uint8_t *data, size_t len, uint8_t tag[16]);

/* Check the tag, then decrypt in place. -SK_ECRYPTO when the tag is wrong: `data` is then zeroed.
 */
SK_MUST int crypto_gcm_open(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad,
                            size_t aad_len, uint8_t *data, size_t len, const uint8_t tag[16]);

#endif
