/* Shared by tls.c and tls_config.c only. */
#ifndef SK_CRYPTO_TLS_INTERNAL_H
#define SK_CRYPTO_TLS_INTERNAL_H

#include "crypto/mbed.h"

#include <mbedtls/ssl.h>
#include <stdatomic.h>

#include "crypto/tls.h"
#include "crypto/tls_hello.h"
#include "crypto/x509_internal.h"

enum { TLS_ALPN_COUNT_MAX = 8 };

struct tls_config {
    _Atomic uint32_t refs;
    int is_server;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt chain, ca;
    mbedtls_pk_context key;
    char alpn_text[TLS_ALPN_COUNT_MAX][TICKET_ALPN_MAX + 1];
    const char *alpn[TLS_ALPN_COUNT_MAX + 1];
    uint32_t mutual_mask; /* bit i: alpn[i] requires a client certificate */
    struct ticket_keys *tickets;
    tls_may_resume_fn *may_resume;
    void *may_resume_arg;
    int has_pin;
    uint8_t pin[X509_FINGERPRINT_SIZE];
};

/* 1 when the protocol (NULL = none) requires a client certificate. */
int tls_config_is_mutual(const struct tls_config *cfg, const char *alpn);

/* The callbacks of a config need the session that is being driven: tls.c. */
int tls_ticket_write_cb(void *arg, const mbedtls_ssl_session *session, unsigned char *start,
                        const unsigned char *end, size_t *len, uint32_t *lifetime_s);
int tls_ticket_parse_cb(void *arg, mbedtls_ssl_session *session, unsigned char *buf, size_t len);
#if SK_MBED3
int tls_cert_cb(mbedtls_ssl_context *ssl);
#endif

#endif
