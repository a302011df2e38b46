#include "crypto/sha1.h"

#include <mbedtls/md.h>

#include "base/err.h"
#include "base/sys.h"

void crypto_sha1(uint8_t out[CRYPTO_SHA1_BYTES], const void *data, size_t len)
{
    const mbedtls_md_info_t *sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);

    SK_ASSERT(sha1 && mbedtls_md(sha1, data ? data : "", len, out) == 0);
}
