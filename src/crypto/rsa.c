/* Verification only: there is no private RSA key in this house. */
#include "crypto/rsa.h"

#include <mbedtls/rsa.h>

#include "crypto/mbed.h"

static int key_is_sane(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len)
{
    uint64_t exponent = 0;

    if (n_len < CRYPTO_RSA_MIN_BYTES || n_len > CRYPTO_RSA_MAX_BYTES || !(n[0] & 0x80) ||
        !(n[n_len - 1] & 1) || e_len < 1 || e_len > 8)
        return 0;
    for (size_t i = 0; i < e_len; i++)
        exponent = exponent << 8 | e[i];
    return (exponent & 1) && exponent >= 3 && exponent <= UINT32_MAX;
}

static int verify(mbedtls_rsa_context *rsa, const uint8_t hash[32], const uint8_t *sig)
{
#if SK_MBED3
    return mbedtls_rsa_pkcs1_verify(rsa, MBEDTLS_MD_SHA256, 32, hash, sig);
#else
    return mbedtls_rsa_pkcs1_verify(rsa, mbed_rng, NULL, MBEDTLS_RSA_PUBLIC, MBEDTLS_MD_SHA256, 32,
                                    hash, sig);
#endif
}

int crypto_rsa_verify(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
                      const uint8_t hash[32], const uint8_t *sig, size_t sig_len)
{
    mbedtls_rsa_context rsa;

    if (sig_len != n_len || !key_is_sane(n, n_len, e, e_len))
        return -SK_ECRYPTO;
#if SK_MBED3
    mbedtls_rsa_init(&rsa);
#else
    mbedtls_rsa_init(&rsa, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE);
#endif
    int bad = mbedtls_rsa_import_raw(&rsa, n, n_len, NULL, 0, NULL, 0, NULL, 0, e, e_len) ||
              mbedtls_rsa_complete(&rsa) || mbedtls_rsa_check_pubkey(&rsa) ||
              verify(&rsa, hash, sig);
    mbedtls_rsa_free(&rsa);
    return bad ? -SK_ECRYPTO : 0;
}
