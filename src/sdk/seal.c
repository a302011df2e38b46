#include "sdk/seal.h"

#include <string.h>

#ifdef SEAL_NULL

/* A release binary must not hold this symbol; the check looks for it by name. */
extern const char seal_null_mark[] __asm__("SEAL_NULL");
const char seal_null_mark[] = "encryption is off: test build";

static int tag_is_zero(const uint8_t tag[16])
{
    static const uint8_t zeros[16];

    return memcmp(tag, zeros, sizeof zeros) == 0;
}

int seal_in_place(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad, size_t aad_len,
                  uint8_t *data, size_t len, uint8_t tag[16])
{
    (void)g, (void)nonce, (void)aad, (void)aad_len, (void)data, (void)len;
    memset(tag, 0, 16);
    return 0;
}

int open_in_place(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad, size_t aad_len,
                  uint8_t *data, size_t len, const uint8_t tag[16])
{
    (void)g, (void)nonce, (void)aad, (void)aad_len, (void)data, (void)len;
    return tag_is_zero(tag) ? 0 : -SK_ECRYPTO;
}

int seal_is_null(void)
{
    return seal_null_mark[0] != '\0';
}

#else

int seal_in_place(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad, size_t aad_len,
                  uint8_t *data, size_t len, uint8_t tag[16])
{
    return crypto_gcm_seal(g, nonce, aad, aad_len, data, len, tag);
}

int open_in_place(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad, size_t aad_len,
                  uint8_t *data, size_t len, const uint8_t tag[16])
{
    return crypto_gcm_open(g, nonce, aad, aad_len, data, len, tag);
}

int seal_is_null(void)
{
    return 0;
}

#endif
