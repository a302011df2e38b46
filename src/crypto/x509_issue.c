/* Issuing: authority, server and device certificates, and certificate requests. Extensions that
 * mbedTLS 2.28 cannot write (subjectAltName, extKeyUsage) are written here as DER, for both
 * versions of the library alike. */
#include "crypto/x509_internal.h" /* before any header of mbedTLS */

#include <arpa/inet.h>
#include <mbedtls/asn1write.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_csr.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "crypto/hash.h"

enum { NAMES_MAX = 32, NAME_BYTES_MAX = 253, SAN_MAX = 2048, DN_MAX = 4 * X509_NAME_MAX + 32 };

/* RFC 5280 4.2.1.12: SEQUENCE { id-kp-serverAuth } and { id-kp-clientAuth }. */
static const uint8_t EKU_SERVER[] = {0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1};
static const uint8_t EKU_CLIENT[] = {0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2};

/* Valid UTF-8 without controls and without what mbedTLS's notation gives a meaning, the comma
 * apart: people do name a camera "Corridor, floor 2". */
static int name_is_plain(const char *s)
{
    size_t len = strlen(s);
    if (len == 0 || len > X509_NAME_MAX || s[0] == ' ' || s[len - 1] == ' ' ||
        !sk_utf8_is_valid(s, len))
        return 0;
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f || strchr("\"+<>;=\\#", *s))
            return 0;
    return 1;
}

/* Append `value` with its commas escaped. */
static size_t dn_value_add(char *out, const char *value)
{
    size_t n = 0;
    for (; *value; value++) {
        if (*value == ',')
            out[n++] = '\\';
        out[n++] = *value;
    }
    out[n] = 0;
    return n;
}

/* "CN=x" or "CN=x,serialNumber=y" in mbedTLS's notation. */
static int dn_make(char out[DN_MAX], const char *cn, const char *serial_number)
{
    if (!name_is_plain(cn) || (serial_number && !name_is_plain(serial_number)))
        return -SK_EINVAL;
    memcpy(out, "CN=", 3);
    size_t n = 3 + dn_value_add(out + 3, cn);
    if (serial_number) {
        memcpy(out + n, ",serialNumber=", 14);
        dn_value_add(out + n + 14, serial_number);
    }
    return 0;
}

static int date_make(char out[15], int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    if (ms < 0 || !gmtime_r(&t, &tm) || tm.tm_year > 8099)
        return -SK_EINVAL;
    return strftime(out, 15, "%Y%m%d%H%M%S", &tm) == 14 ? 0 : -SK_EINVAL;
}

/* One GeneralName (RFC 5280 4.2.1.6), written backwards before `*p`. */
static int san_write_name(uint8_t **p, uint8_t *start, const char *name)
{
    uint8_t ip[16];
    const uint8_t *data = ip;
    size_t len;
    int tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7;
    if (inet_pton(AF_INET, name, ip) == 1) {
        len = 4;
    } else if (inet_pton(AF_INET6, name, ip) == 1) {
        len = 16;
    } else {
        len = strlen(name);
        if (len == 0 || len > NAME_BYTES_MAX ||
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*") !=
                len)
            return -SK_EINVAL;
        data = (const uint8_t *)name;
        tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2;
    }
    if (mbedtls_asn1_write_raw_buffer(p, start, data, len) < 0 ||
        mbedtls_asn1_write_len(p, start, len) < 0 ||
        mbedtls_asn1_write_tag(p, start, (unsigned char)tag) < 0)
        return -SK_ETOOBIG;
    return 0;
}

/* The whole extension value at the end of `buf`; `*out` points into it. */
static int san_write(uint8_t buf[SAN_MAX], const char *const *names, uint8_t **out, size_t *len)
{
    uint8_t *end = buf + SAN_MAX, *p = end;
    size_t count = 0;
    while (names && names[count])
        count++;
    if (count == 0 || count > NAMES_MAX)
        return -SK_EINVAL;
    for (size_t i = count; i-- > 0;) { /* backwards, so that the first name comes first */
        int err = san_write_name(&p, buf, names[i]);
        if (err != 0)
            return err;
    }
    if (mbedtls_asn1_write_len(&p, buf, (size_t)(end - p)) < 0 ||
        mbedtls_asn1_write_tag(&p, buf, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) < 0)
        return -SK_ETOOBIG;
    *out = p;
    *len = (size_t)(end - p);
    return 0;
}

struct issue {
    const char *subject_cn, *issuer_cn;
    mbedtls_pk_context *subject, *issuer; /* not changed; mbedTLS's prototypes lack the const */
    const struct x509_validity *validity;
    const uint8_t *serial; /* X509_SERIAL_SIZE */
    const uint8_t *eku;    /* NULL = an authority */
    size_t eku_len;
    const uint8_t *san;
    size_t san_len;
};

/* A positive 16-byte integer: 126 random bits. */
static void serial_make(uint8_t serial[X509_SERIAL_SIZE])
{
    sk_random(serial, X509_SERIAL_SIZE);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
}

static int extensions_set(mbedtls_x509write_cert *w, const struct issue *is)
{
    int is_ca = is->eku == NULL;
    unsigned usage = is_ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                           : MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
    int ret = mbedtls_x509write_crt_set_basic_constraints(w, is_ca, is_ca ? 0 : -1);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_key_usage(w, usage);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_subject_key_identifier(w);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_authority_key_identifier(w);
    if (ret == 0 && is->eku)
        ret = mbedtls_x509write_crt_set_extension(w, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE),
                                                  0, is->eku, is->eku_len);
    if (ret == 0 && is->san)
        ret = mbedtls_x509write_crt_set_extension(w, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
                                                  is->san, is->san_len);
    return ret;
}

static int cert_write(struct sk_buf *der, const struct issue *is)
{
    char subject[DN_MAX], issuer[DN_MAX], from[15], to[15];
    uint8_t serial[X509_SERIAL_SIZE], buf[X509_CERT_MAX];
    int err = dn_make(subject, is->subject_cn, NULL);
    if (err == 0)
        err = dn_make(issuer, is->issuer_cn, NULL);
    if (err == 0)
        err = date_make(from, is->validity->not_before_ms);
    if (err == 0)
        err = date_make(to, is->validity->not_after_ms);
    if (err != 0)
        return err;
    memcpy(serial, is->serial, sizeof serial);

    mbedtls_x509write_cert w;
    mbedtls_x509write_crt_init(&w);
    mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&w, is->subject);
    mbedtls_x509write_crt_set_issuer_key(&w, is->issuer);
    err = -SK_ECRYPTO;
    if (mbed_crt_set_serial(&w, serial, sizeof serial) == 0 &&
        mbedtls_x509write_crt_set_validity(&w, from, to) == 0 &&
        mbedtls_x509write_crt_set_subject_name(&w, subject) == 0 &&
        mbedtls_x509write_crt_set_issuer_name(&w, issuer) == 0 && extensions_set(&w, is) == 0) {
        int n = mbedtls_x509write_crt_der(&w, buf, sizeof buf, mbed_rng, NULL);
        if (n > 0)
            err = sk_buf_add(der, buf + sizeof buf - (size_t)n, (size_t)n);
    }
    mbedtls_x509write_crt_free(&w);
    return err;
}

int x509_ca_make(struct sk_buf *der, const struct x509_key *key, const char *cn,
                 const struct x509_validity *validity)
{
    uint8_t serial[X509_SERIAL_SIZE];
    serial_make(serial);
    struct issue is = {.subject_cn = cn,
                       .issuer_cn = cn,
                       .subject = (mbedtls_pk_context *)&key->pk,
                       .issuer = (mbedtls_pk_context *)&key->pk,
                       .validity = validity,
                       .serial = serial};
    return cert_write(der, &is);
}

/* Issue under `ca`: its name is ours, so that writing the CN again gives the same bytes. */
static int issue_under(struct sk_buf *der, const struct x509_issuer *ca, struct issue *is)
{
    struct x509_info info;
    int err = x509_cert_info(&info, ca->cert_der, ca->cert_len);
    if (err != 0)
        return err;
    is->issuer_cn = info.cn;
    is->issuer = (mbedtls_pk_context *)&ca->key->pk;
    return cert_write(der, is);
}

int x509_server_issue(struct sk_buf *der, const struct x509_issuer *ca, const struct x509_key *key,
                      const char *cn, const char *const *names,
                      const struct x509_validity *validity)
{
    uint8_t serial[X509_SERIAL_SIZE], san_buf[SAN_MAX], *san = NULL;
    size_t san_len = 0;
    int err = san_write(san_buf, names, &san, &san_len);
    if (err != 0)
        return err;
    serial_make(serial);
    struct issue is = {.subject_cn = cn,
                       .subject = (mbedtls_pk_context *)&key->pk,
                       .validity = validity,
                       .serial = serial,
                       .eku = EKU_SERVER,
                       .eku_len = sizeof EKU_SERVER,
                       .san = san,
                       .san_len = san_len};
    return issue_under(der, ca, &is);
}

static int pk_from_point(mbedtls_pk_context *pk, const uint8_t point[X509_POINT_SIZE])
{
    if (mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0)
        return -SK_ENOMEM;
    mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);
    if (mbedtls_ecp_group_load(&ec->grp, MBEDTLS_ECP_DP_SECP256R1) != 0 ||
        mbedtls_ecp_point_read_binary(&ec->grp, &ec->Q, point, X509_POINT_SIZE) != 0 ||
        mbedtls_ecp_check_pubkey(&ec->grp, &ec->Q) != 0)
        return -SK_EINVAL;
    return 0;
}

int x509_device_issue(struct sk_buf *der, const struct x509_issuer *ca, const struct x509_csr *csr,
                      const char *device_id, const struct x509_validity *validity,
                      uint8_t serial[X509_SERIAL_SIZE])
{
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    int err = pk_from_point(&pk, csr->point);
    if (err == 0) {
        serial_make(serial);
        struct issue is = {.subject_cn = device_id,
                           .subject = &pk,
                           .validity = validity,
                           .serial = serial,
                           .eku = EKU_CLIENT,
                           .eku_len = sizeof EKU_CLIENT};
        err = issue_under(der, ca, &is);
    }
    mbedtls_pk_free(&pk);
    return err;
}

/* RFC 2986: the signature covers certificationRequestInfo. */
static int csr_check_signature(mbedtls_x509_csr *csr)
{
    uint8_t hash[CRYPTO_SHA256_BYTES];
    if (csr->sig_md != MBEDTLS_MD_SHA256 || csr->sig_pk != MBEDTLS_PK_ECDSA)
        return -SK_EINVAL;
    crypto_sha256(hash, csr->cri.p, csr->cri.len);
    if (mbedtls_pk_verify(&csr->pk, MBEDTLS_MD_SHA256, hash, sizeof hash, csr->sig.p,
                          csr->sig.len) != 0)
        return -SK_ECRYPTO;
    return 0;
}

int x509_csr_parse(struct x509_csr *out, const void *der, size_t len)
{
    mbedtls_x509_csr csr;
    int err = -SK_EINVAL;
    memset(out, 0, sizeof *out);
    if (len > X509_CSR_MAX)
        return -SK_ETOOBIG;
    mbedtls_x509_csr_init(&csr);
    if (len == 0 || mbedtls_x509_csr_parse_der(&csr, der, len) != 0 || !x509_pk_is_p256(&csr.pk))
        goto out;
    err = csr_check_signature(&csr);
    if (err == 0)
        err = x509_pk_point(&csr.pk, out->point);
    if (err == 0)
        err = x509_name_find(&csr.subject, MBEDTLS_OID_AT_CN, MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_CN),
                             out->cn);
    if (err == 0)
        err = x509_name_find(&csr.subject, MBEDTLS_OID_AT_SERIAL_NUMBER,
                             MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_SERIAL_NUMBER), out->serial_number);
out:
    mbedtls_x509_csr_free(&csr);
    return err;
}

int x509_csr_make(struct sk_buf *der, const struct x509_key *key, const char *cn,
                  const char *serial_number)
{
    char dn[DN_MAX];
    uint8_t buf[X509_CSR_MAX];
    int err = dn_make(dn, cn, serial_number);
    if (err != 0)
        return err;
    mbedtls_x509write_csr w;
    mbedtls_x509write_csr_init(&w);
    mbedtls_x509write_csr_set_md_alg(&w, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&w, (mbedtls_pk_context *)&key->pk);
    err = -SK_ECRYPTO;
    if (mbedtls_x509write_csr_set_subject_name(&w, dn) == 0) {
        int n = mbedtls_x509write_csr_der(&w, buf, sizeof buf, mbed_rng, NULL);
        if (n > 0)
            err = sk_buf_add(der, buf + sizeof buf - (size_t)n, (size_t)n);
    }
    mbedtls_x509write_csr_free(&w);
    return err;
}
