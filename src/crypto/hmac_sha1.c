/* HMAC-SHA-1, kept apart from the hashes that may be used for new things. */
#include <mbedtls/md.h>

#include "base/err.h"
#include "base/sys.h"
#include "crypto/hash.h"

void crypto_hmac_sha1(uint8_t out[20], const void *key, size_t key_len, const void *data,
                      size_t len)
{
    const mbedtls_md_info_t *sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);

    SK_ASSERT(sha1 && mbedtls_md_hmac(sha1, key, key_len, data, len, out) == 0);
}
