/* Degenerate PKCS#7: the envelope in which EST hands out certificates.
 *
 *   ContentInfo ::= SEQUENCE { id-signedData, [0] SignedData }                    RFC 5652 3
 *   SignedData  ::= SEQUENCE { version 1, digestAlgorithms SET {}, encapContentInfo
 *                              SEQUENCE { id-data }, certificates [0] IMPLICIT, signerInfos SET {}
 * }
 */
#include <mbedtls/asn1.h>
#include <mbedtls/asn1write.h>
#include <stdlib.h>

#include "crypto/x509_internal.h"

enum { OVERHEAD_MAX = 96, TAG_SEQ = 0x30, TAG_CTX0 = 0xa0 };

static const uint8_t ID_SIGNED_DATA[] = {6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2};
/* version 1, no digest algorithms, no content */
static const uint8_t HEAD[] = {2,    1,    1,    0x31, 0,    0x30, 0x0b, 6, 9,
                               0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1,    7, 1};
static const uint8_t NO_SIGNERS[] = {0x31, 0};

/* Put head and length of everything between `*p` and `end` before it. */
static int wrap(uint8_t **p, uint8_t *start, const uint8_t *end, uint8_t tag)
{
    if (mbedtls_asn1_write_len(p, start, (size_t)(end - *p)) < 0 ||
        mbedtls_asn1_write_tag(p, start, tag) < 0)
        return -SK_EINTERNAL;
    return 0;
}

static int prepend(uint8_t **p, uint8_t *start, const void *data, size_t len)
{
    return mbedtls_asn1_write_raw_buffer(p, start, data, len) < 0 ? -SK_EINTERNAL : 0;
}

static int body_write(uint8_t **p, uint8_t *start, const struct x509_der *certs, size_t count)
{
    const uint8_t *end = *p;
    int err = prepend(p, start, NO_SIGNERS, sizeof NO_SIGNERS);
    const uint8_t *certs_end = *p;
    for (size_t i = count; err == 0 && i-- > 0;)
        err = prepend(p, start, certs[i].data, certs[i].len);
    if (err == 0)
        err = wrap(p, start, certs_end, TAG_CTX0);
    if (err == 0)
        err = prepend(p, start, HEAD, sizeof HEAD);
    if (err == 0)
        err = wrap(p, start, end, TAG_SEQ);
    if (err == 0)
        err = wrap(p, start, end, TAG_CTX0);
    if (err == 0)
        err = prepend(p, start, ID_SIGNED_DATA, sizeof ID_SIGNED_DATA);
    return err != 0 ? err : wrap(p, start, end, TAG_SEQ);
}

int x509_pkcs7_write(struct sk_buf *out, const struct x509_der *certs, size_t count)
{
    size_t size = OVERHEAD_MAX;
    if (count == 0 || count > X509_PKCS7_CERTS_MAX)
        return -SK_EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (certs[i].len == 0 || certs[i].len > X509_CERT_MAX)
            return -SK_EINVAL;
        size += certs[i].len;
    }
    uint8_t *buf = sk_alloc(size), *p = buf + size;
    int err = body_write(&p, buf, certs, count);
    if (err == 0)
        err = sk_buf_add(out, p, (size_t)(buf + size - p));
    free(buf);
    return err;
}

/* Enter a constructed element which must reach exactly to `end` when `whole`. */
static int enter(uint8_t **p, const uint8_t **end, int tag, int whole)
{
    size_t len;
    if (mbedtls_asn1_get_tag(p, *end, &len, tag) != 0)
        return -SK_EINVAL;
    if (whole && len != (size_t)(*end - *p))
        return -SK_EINVAL;
    *end = *p + len;
    return 0;
}

static int expect(uint8_t **p, const uint8_t *end, const uint8_t *bytes, size_t len)
{
    if ((size_t)(end - *p) < len || memcmp(*p, bytes, len) != 0)
        return -SK_EINVAL;
    *p += len;
    return 0;
}

static int certs_read(struct x509_der certs[X509_PKCS7_CERTS_MAX], size_t *count, uint8_t *p,
                      const uint8_t *end)
{
    size_t n = 0, len;
    while (p < end) {
        uint8_t *start = p;
        if (n == X509_PKCS7_CERTS_MAX)
            return -SK_ELIMIT;
        if (mbedtls_asn1_get_tag(&p, end, &len, TAG_SEQ) != 0)
            return -SK_EINVAL;
        p += len;
        certs[n++] = (struct x509_der){start, (size_t)(p - start)};
        if ((size_t)(p - start) > X509_CERT_MAX)
            return -SK_EINVAL;
    }
    *count = n;
    return n == 0 ? -SK_EINVAL : 0;
}

/* One value has one encoding in DER: what we would write must be what we read. */
static int is_canonical(const struct x509_der *certs, size_t count, const void *data, size_t len)
{
    struct sk_buf again;
    sk_buf_init(&again, X509_PKCS7_CERTS_MAX * (X509_CERT_MAX + OVERHEAD_MAX));
    int same = x509_pkcs7_write(&again, certs, count) == 0 && again.len == len &&
               memcmp(again.data, data, len) == 0;
    sk_buf_fini(&again);
    return same;
}

int x509_pkcs7_read(struct x509_der certs[X509_PKCS7_CERTS_MAX], size_t *count, const void *data,
                    size_t len)
{
    /* mbedTLS's reader takes a non-const cursor and writes nothing through it. */
    uint8_t *p = (uint8_t *)(uintptr_t)data;
    const uint8_t *end = p + len, *certs_end;
    *count = 0;
    if (len == 0 || enter(&p, &end, TAG_SEQ, 1) != 0 ||
        expect(&p, end, ID_SIGNED_DATA, sizeof ID_SIGNED_DATA) != 0 ||
        enter(&p, &end, TAG_CTX0, 1) != 0 || enter(&p, &end, TAG_SEQ, 1) != 0 ||
        expect(&p, end, HEAD, sizeof HEAD) != 0)
        return -SK_EINVAL;
    certs_end = end;
    if (enter(&p, &certs_end, TAG_CTX0, 0) != 0)
        return -SK_EINVAL;
    int err = certs_read(certs, count, p, certs_end);
    if (err == 0 && !is_canonical(certs, *count, data, len))
        err = -SK_EINVAL;
    if (err != 0)
        *count = 0;
    return err;
}
