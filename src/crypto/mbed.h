/* What differs between mbedTLS 2.28 and 3.6 below the SSL layer, and our random source for it.
 * Private to this room. */
#ifndef SK_CRYPTO_MBED_H
#define SK_CRYPTO_MBED_H

#ifndef MBEDTLS_ALLOW_PRIVATE_ACCESS
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* 3.x hides fields that 2.28 has no getters for */
#endif
#include <mbedtls/version.h>

#include <mbedtls/bignum.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stddef.h>
#include <string.h>

#include "base/sys.h"

#define SK_MBED3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)

static inline int mbed_rng(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    sk_random(out, len);
    return 0;
}

static inline int mbed_pk_parse(mbedtls_pk_context *pk, const unsigned char *data, size_t len)
{
#if SK_MBED3
    return mbedtls_pk_parse_key(pk, data, len, NULL, 0, mbed_rng, NULL);
#else
    return mbedtls_pk_parse_key(pk, data, len, NULL, 0);
#endif
}

static inline int mbed_pk_check_pair(const mbedtls_pk_context *pub, const mbedtls_pk_context *prv)
{
#if SK_MBED3
    return mbedtls_pk_check_pair(pub, prv, mbed_rng, NULL);
#else
    return mbedtls_pk_check_pair(pub, prv);
#endif
}

static inline int mbed_crt_set_serial(mbedtls_x509write_cert *w, uint8_t *serial, size_t len)
{
#if SK_MBED3
    return mbedtls_x509write_crt_set_serial_raw(w, serial, len);
#else
    mbedtls_mpi n;
    mbedtls_mpi_init(&n);
    int ret = mbedtls_mpi_read_binary(&n, serial, len);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_serial(w, &n);
    mbedtls_mpi_free(&n);
    return ret;
#endif
}

/* PEM must be given to mbedTLS with its closing zero, DER without. */
static inline int mbed_is_pem(const void *data, size_t len)
{
    return memmem(data, len, "-----BEGIN", 10) != NULL;
}

#endif
