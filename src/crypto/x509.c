/* Keys and the facts of certificates. Issuing is in x509_issue.c, PKCS#7 in x509_pkcs7.c. */
#include "crypto/x509_internal.h" /* before any header of mbedTLS */

#include "crypto/x509.h"

#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "crypto/hash.h"

int x509_key_new(struct x509_key **out)
{
    struct x509_key *key = sk_alloc(sizeof *key);
    mbedtls_pk_init(&key->pk);
    int ret = mbedtls_pk_setup(&key->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (ret == 0)
        ret = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key->pk), mbed_rng, NULL);
    if (ret != 0) {
        x509_key_free(key);
        return -SK_ECRYPTO;
    }
    *out = key;
    return 0;
}

void x509_key_free(struct x509_key *key)
{
    if (!key)
        return;
    mbedtls_pk_free(&key->pk); /* zeroizes */
    free(key);
}

int x509_pk_is_p256(const mbedtls_pk_context *pk)
{
    mbedtls_pk_type_t type = mbedtls_pk_get_type(pk);
    if (type != MBEDTLS_PK_ECKEY && type != MBEDTLS_PK_ECDSA)
        return 0;
    return mbedtls_pk_ec(*pk)->grp.id == MBEDTLS_ECP_DP_SECP256R1;
}

int x509_pk_read(mbedtls_pk_context *pk, const void *data, size_t len)
{
    struct sk_buf text;
    sk_buf_init(&text, X509_PEM_MAX);
    int err = sk_buf_add(&text, data, len); /* adds the zero that PEM needs */
    if (err == 0 && (len == 0 || mbed_pk_parse(pk, text.data, len + (mbed_is_pem(data, len) != 0))))
        err = -SK_EINVAL;
    sk_buf_fini_wipe(&text);
    return err;
}

int x509_key_parse(struct x509_key **out, const void *data, size_t len)
{
    struct x509_key *key = sk_alloc(sizeof *key);
    mbedtls_pk_init(&key->pk);
    int err = x509_pk_read(&key->pk, data, len);
    if (err == 0 && (!x509_pk_is_p256(&key->pk) || mbed_pk_check_pair(&key->pk, &key->pk) != 0))
        err = -SK_EINVAL;
    if (err != 0)
        x509_key_free(key);
    else
        *out = key;
    return err;
}

int x509_key_write_pem(struct sk_buf *out, const struct x509_key *key)
{
    uint8_t pem[512];
    int err = -SK_ECRYPTO;
    /* Writing changes nothing in the key; 2.28's prototype lacks the const. */
    if (mbedtls_pk_write_key_pem((mbedtls_pk_context *)&key->pk, pem, sizeof pem) == 0)
        err = sk_buf_add_str(out, (const char *)pem);
    sk_wipe(pem, sizeof pem);
    return err;
}

int x509_key_write_der(struct sk_buf *out, const struct x509_key *key)
{
    uint8_t der[256];
    int err = -SK_ECRYPTO;
    int n = mbedtls_pk_write_key_der((mbedtls_pk_context *)&key->pk, der, sizeof der);
    if (n > 0)
        err = sk_buf_add(out, der + sizeof der - (size_t)n, (size_t)n);
    sk_wipe(der, sizeof der);
    return err;
}

int x509_pk_point(const mbedtls_pk_context *pk, uint8_t out[X509_POINT_SIZE])
{
    const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);
    size_t n = 0;
    if (mbedtls_ecp_point_write_binary(&ec->grp, &ec->Q, MBEDTLS_ECP_PF_UNCOMPRESSED, &n, out,
                                       X509_POINT_SIZE) != 0 ||
        n != X509_POINT_SIZE)
        return -SK_ECRYPTO;
    return 0;
}

int x509_key_point(const struct x509_key *key, uint8_t out[X509_POINT_SIZE])
{
    return x509_pk_point(&key->pk, out);
}

int x509_name_find(const mbedtls_x509_name *name, const char *oid, size_t oid_len,
                   char out[X509_NAME_MAX + 1])
{
    out[0] = 0;
    for (; name; name = name->next) {
        if (name->oid.len != oid_len || memcmp(name->oid.p, oid, oid_len) != 0)
            continue;
        if (out[0] != 0 || name->val.len == 0 || name->val.len > X509_NAME_MAX)
            return -SK_EINVAL;
        if (!sk_utf8_is_valid((const char *)name->val.p, name->val.len))
            return -SK_EINVAL;
        for (size_t i = 0; i < name->val.len; i++)
            if (name->val.p[i] < 0x20 || name->val.p[i] == 0x7f)
                return -SK_EINVAL;
        memcpy(out, name->val.p, name->val.len);
        out[name->val.len] = 0;
    }
    return 0;
}

static int64_t time_to_ms(const mbedtls_x509_time *t)
{
    struct tm tm = {.tm_year = t->year - 1900,
                    .tm_mon = t->mon - 1,
                    .tm_mday = t->day,
                    .tm_hour = t->hour,
                    .tm_min = t->min,
                    .tm_sec = t->sec};
    return (int64_t)timegm(&tm) * 1000;
}

int x509_crt_info(struct x509_info *out, const mbedtls_x509_crt *crt)
{
    memset(out, 0, sizeof *out);
    if (crt->serial.len == 0 || crt->serial.len > X509_SERIAL_MAX)
        return -SK_EINVAL;
    out->serial_len = crt->serial.len;
    memcpy(out->serial, crt->serial.p, crt->serial.len);
    out->not_before_ms = time_to_ms(&crt->valid_from);
    out->not_after_ms = time_to_ms(&crt->valid_to);
    crypto_sha256(out->fingerprint, crt->raw.p, crt->raw.len);
    return x509_name_find(&crt->subject, MBEDTLS_OID_AT_CN, MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_CN),
                          out->cn);
}

int x509_cert_info(struct x509_info *out, const void *der, size_t len)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    int err = -SK_EINVAL;
    if (len <= X509_CERT_MAX && mbedtls_x509_crt_parse_der(&crt, der, len) == 0)
        err = x509_crt_info(out, &crt);
    mbedtls_x509_crt_free(&crt);
    return err;
}

int x509_chain_read(mbedtls_x509_crt *chain, const void *data, size_t len)
{
    struct sk_buf text;
    sk_buf_init(&text, X509_PEM_MAX);
    int err = sk_buf_add(&text, data, len);
    if (err == 0 && (len == 0 || mbedtls_x509_crt_parse(chain, text.data,
                                                        len + (mbed_is_pem(data, len) != 0)) != 0))
        err = -SK_EINVAL;
    sk_buf_fini(&text);
    return err;
}

int x509_cert_read(struct sk_buf *der, const void *data, size_t len)
{
    mbedtls_x509_crt chain;
    mbedtls_x509_crt_init(&chain);
    int err = x509_chain_read(&chain, data, len);
    if (err == 0)
        err = sk_buf_add(der, chain.raw.p, chain.raw.len);
    mbedtls_x509_crt_free(&chain);
    return err;
}

int x509_cert_write_pem(struct sk_buf *out, const void *der, size_t len)
{
    size_t n = 0;
    if (len == 0 || len > X509_CERT_MAX)
        return -SK_EINVAL;
    uint8_t *pem = sk_alloc(len * 2 + 128);
    int err = -SK_EINTERNAL;
    if (mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                 der, len, pem, len * 2 + 128, &n) == 0)
        err = sk_buf_add_str(out, (const char *)pem);
    free(pem);
    return err;
}

int x509_cert_check(const void *der, size_t len, const void *ca_der, size_t ca_len)
{
    mbedtls_x509_crt crt, ca;
    uint32_t flags = 0;
    int err = -SK_EINVAL;
    mbedtls_x509_crt_init(&crt);
    mbedtls_x509_crt_init(&ca);
    if (mbedtls_x509_crt_parse_der(&crt, der, len) != 0 ||
        mbedtls_x509_crt_parse_der(&ca, ca_der, ca_len) != 0)
        goto out;
    err = mbedtls_x509_crt_verify(&crt, &ca, NULL, NULL, &flags, NULL, NULL) == 0 ? 0 : -SK_ECRYPTO;
out:
    mbedtls_x509_crt_free(&crt);
    mbedtls_x509_crt_free(&ca);
    return err;
}
