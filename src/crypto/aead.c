/* AES-GCM over mbedTLS. */
#include "crypto/aead.h"

#include <mbedtls/gcm.h>
#include <stdlib.h>

#include "crypto/wipe.h"

struct crypto_gcm {
    mbedtls_gcm_context ctx;
};

struct crypto_gcm *crypto_gcm_new(const uint8_t *key, size_t key_len)
{
    struct crypto_gcm *g = sk_alloc(sizeof *g);

    SK_ASSERT(key_len == 16 || key_len == 32);
    mbedtls_gcm_init(&g->ctx);
    SK_ASSERT(mbedtls_gcm_setkey(&g->ctx, MBEDTLS_CIPHER_ID_AES, key, (unsigned)key_len * 8) == 0);
    return g;
}

void crypto_gcm_free(struct crypto_gcm **g)
{
    if (*g == NULL)
        return;
    mbedtls_gcm_free(&(*g)->ctx);
    free(*g);
    *g = NULL;
}

int crypto_gcm_seal(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad, size_t aad_len,
                    uint8_t *data, size_t len, uint8_t tag[16])
{
    int rc =
        mbedtls_gcm_crypt_and_tag(&g->ctx, MBEDTLS_GCM_ENCRYPT, len, nonce, CRYPTO_GCM_NONCE_BYTES,
                                  aad, aad_len, data, data, CRYPTO_GCM_TAG_BYTES, tag);

    return rc == 0 ? 0 : -SK_ECRYPTO;
}

int crypto_gcm_open(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad, size_t aad_len,
                    uint8_t *data, size_t len, const uint8_t tag[16])
{
    int rc = mbedtls_gcm_auth_decrypt(&g->ctx, len, nonce, CRYPTO_GCM_NONCE_BYTES, aad, aad_len,
                                      tag, CRYPTO_GCM_TAG_BYTES, data, data);

    return rc == 0 ? 0 : -SK_ECRYPTO;
}
