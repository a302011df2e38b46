/* Certificates of the house: P-256 keys, our two small authorities, device certificates issued
 * against a certificate request, and the PKCS#7 wrapping that EST uses (RFC 7030, RFC 8951).
 * Certificates travel as DER bytes; `struct x509_info` holds the facts that anyone asks about.
 * All functions may be called from any thread; objects belong to one thread at a time. */
#ifndef SK_CRYPTO_X509_H
#define SK_CRYPTO_X509_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    X509_CSR_MAX = 4096,  /* bytes of a certificate request that we read */
    X509_CERT_MAX = 4096, /* bytes of one certificate */
    X509_PEM_MAX = 65536, /* bytes of a key or certificate file */
    X509_NAME_MAX =
        64, /* characters of a CN or serialNumber attribute (RFC 5280, ub-common-name) */
    X509_SERIAL_MAX = 20,  /* bytes of a certificate's serial (RFC 5280 4.1.2.2) */
    X509_SERIAL_SIZE = 16, /* bytes of the serials that we give */
    X509_FINGERPRINT_SIZE = 32,
    X509_POINT_SIZE = 65, /* uncompressed P-256 point */
    X509_PKCS7_CERTS_MAX = 4
};

/* A P-256 private key. */
struct x509_key;

/* Make a new key. `*out` is the caller's: x509_key_free (which wipes it; NULL is fine). */
SK_MUST int x509_key_new(struct x509_key **out);
void x509_key_free(struct x509_key *key);

/* Read a key in PEM or DER (SEC 1 or PKCS#8, unencrypted). -SK_EINVAL: not a valid P-256 key. */
SK_MUST int x509_key_parse(struct x509_key **out, const void *data, size_t len);

/* Append the key as PEM or DER (SEC 1) to `out`: wipe that buffer when done with it. */
SK_MUST int x509_key_write_pem(struct sk_buf *out, const struct x509_key *key);
SK_MUST int x509_key_write_der(struct sk_buf *out, const struct x509_key *key);

/* The public point, uncompressed. */
SK_MUST int x509_key_point(const struct x509_key *key, uint8_t out[X509_POINT_SIZE]);

/* A certificate authority at work: both borrowed. */
struct x509_issuer {
    const struct x509_key *key;
    const void *cert_der;
    size_t cert_len;
};

/* Validity, wall clock in ms since 1970; kept to whole seconds in the certificate. */
struct x509_validity {
    int64_t not_before_ms, not_after_ms;
};

/* Append a self-signed authority certificate (CA true, path length 0, keyCertSign + cRLSign).
 * `cn`: UTF-8 without controls and "+<>;=\#, no blank at its ends, else -SK_EINVAL. */
SK_MUST int x509_ca_make(struct sk_buf *der, const struct x509_key *key, const char *cn,
                         const struct x509_validity *validity);

/* Append a server certificate for `key`'s public half: serverAuth, subjectAltName from `names`
 * (ended by NULL; 1..32; IP literals become iPAddress, all else dNSName). -SK_EINVAL for a name
 * that is neither. */
SK_MUST int x509_server_issue(struct sk_buf *der, const struct x509_issuer *ca,
                              const struct x509_key *key, const char *cn, const char *const *names,
                              const struct x509_validity *validity);

/* What a certificate request says and has proved: its signature was checked against its key. */
struct x509_csr {
    char cn[X509_NAME_MAX + 1];            /* "" when absent */
    char serial_number[X509_NAME_MAX + 1]; /* attribute serialNumber, "" when absent */
    uint8_t point[X509_POINT_SIZE];
};

/* Read a PKCS#10 request in DER (RFC 2986): P-256 and ecdsa-with-SHA256 only, nothing behind it,
 * <= X509_CSR_MAX (-SK_ETOOBIG). Requested extensions are not looked at. -SK_EINVAL malformed or
 * another key type, -SK_ECRYPTO bad signature. */
SK_MUST int x509_csr_parse(struct x509_csr *out, const void *der, size_t len);

/* Append a request for `key` (the camera's side). `serial_number` may be NULL. */
SK_MUST int x509_csr_make(struct sk_buf *der, const struct x509_key *key, const char *cn,
                          const char *serial_number);

/* Append a device certificate: subject CN = `device_id`, clientAuth, digitalSignature, a random
 * 128-bit serial which is also given back. Nothing of the request but its key is honoured. */
SK_MUST int x509_device_issue(struct sk_buf *der, const struct x509_issuer *ca,
                              const struct x509_csr *csr, const char *device_id,
                              const struct x509_validity *validity,
                              uint8_t serial[X509_SERIAL_SIZE]);

struct x509_info {
    char cn[X509_NAME_MAX + 1];
    uint8_t serial[X509_SERIAL_MAX];
    size_t serial_len;
    uint8_t fingerprint[X509_FINGERPRINT_SIZE]; /* SHA-256 of the DER */
    int64_t not_before_ms, not_after_ms;
};

/* Facts of one DER certificate; nothing is verified. -SK_EINVAL. */
SK_MUST int x509_cert_info(struct x509_info *out, const void *der, size_t len);

/* Append the DER of the first certificate in `data` (PEM or DER). -SK_EINVAL. */
SK_MUST int x509_cert_read(struct sk_buf *der, const void *data, size_t len);

/* Append one certificate as PEM. */
SK_MUST int x509_cert_write_pem(struct sk_buf *out, const void *der, size_t len);

/* Check that `der` was signed by the authority `ca_der` and is within its validity now.
 * -SK_ECRYPTO when not, -SK_EINVAL when either is malformed. */
SK_MUST int x509_cert_check(const void *der, size_t len, const void *ca_der, size_t ca_len);

struct x509_der {
    const uint8_t *data;
    size_t len;
};

/* Append a degenerate, certificates-only PKCS#7 SignedData (RFC 5652 5.1, RFC 7030 4.1.3) with
 * 1..X509_PKCS7_CERTS_MAX certificates. */
SK_MUST int x509_pkcs7_write(struct sk_buf *out, const struct x509_der *certs, size_t count);

/* Read one strictly: DER, no content, no signer, nothing behind it. `certs` point into `data`.
 * -SK_EINVAL, -SK_ELIMIT for more than X509_PKCS7_CERTS_MAX. The certificates are not parsed. */
SK_MUST int x509_pkcs7_read(struct x509_der certs[X509_PKCS7_CERTS_MAX], size_t *count,
                            const void *data, size_t len);

#endif
