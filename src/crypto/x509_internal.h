/* Shared by the certificate and TLS files of this room only. */
#ifndef SK_CRYPTO_X509_INTERNAL_H
#define SK_CRYPTO_X509_INTERNAL_H

#include "crypto/mbed.h"
#include "crypto/x509.h"

struct x509_key {
    mbedtls_pk_context pk;
};

int x509_pk_is_p256(const mbedtls_pk_context *pk);
SK_MUST int x509_pk_read(mbedtls_pk_context *pk, const void *data, size_t len);
SK_MUST int x509_pk_point(const mbedtls_pk_context *pk, uint8_t out[X509_POINT_SIZE]);
SK_MUST int x509_chain_read(mbedtls_x509_crt *chain, const void *data, size_t len);
SK_MUST int x509_crt_info(struct x509_info *out, const mbedtls_x509_crt *crt);

/* The attribute's value, "" when absent; -SK_EINVAL when given twice, empty, long or not
 * printable ASCII. */
SK_MUST int x509_name_find(const mbedtls_x509_name *name, const char *oid, size_t oid_len,
                           char out[X509_NAME_MAX + 1]);

#endif
