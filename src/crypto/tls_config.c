/* What is the same for many sessions: certificate, authorities, protocol lists, suites. */
#include "crypto/tls_internal.h" /* before any header of mbedTLS */

#include <mbedtls/ecp.h>
#include <stdlib.h>

#include "base/text.h"

#if SK_MBED3
#include <psa/crypto.h>
#endif

#if !defined(MBEDTLS_THREADING_C)
#error "mbedTLS must be built with MBEDTLS_THREADING_C: handshakes run on several threads"
#endif

/* AEAD with forward secrecy only. ChaCha20 first: in software it is the fastest here, about twice
 * AES-GCM on 2.28. RSA variants serve a certificate of the owner's. */
static const int SUITES[] = {
#if SK_MBED3
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0};

/* The library's own order begins with P-521, at a third more time for each handshake. */
#if SK_MBED3
static const uint16_t GROUPS[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                  MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                  MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
#else
static const mbedtls_ecp_group_id GROUPS[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519,
                                              MBEDTLS_ECP_DP_NONE};
#endif

int tls_init(void)
{
#if SK_MBED3
    return psa_crypto_init() == PSA_SUCCESS ? 0 : -SK_ECRYPTO;
#else
    return 0;
#endif
}

const char *tls_library(void)
{
    return MBEDTLS_VERSION_STRING_FULL;
}

static struct tls_config *config_new(int is_server)
{
    struct tls_config *cfg = sk_alloc(sizeof *cfg);
    cfg->refs = 1;
    cfg->is_server = is_server;
    mbedtls_ssl_config_init(&cfg->conf);
    mbedtls_x509_crt_init(&cfg->chain);
    mbedtls_x509_crt_init(&cfg->ca);
    mbedtls_pk_init(&cfg->key);
    return cfg;
}

struct tls_config *tls_config_ref(struct tls_config *cfg)
{
    atomic_fetch_add_explicit(&cfg->refs, 1, memory_order_relaxed);
    return cfg;
}

void tls_config_drop(struct tls_config *cfg)
{
    if (!cfg || atomic_fetch_sub_explicit(&cfg->refs, 1, memory_order_acq_rel) != 1)
        return;
    mbedtls_ssl_config_free(&cfg->conf);
    mbedtls_x509_crt_free(&cfg->chain);
    mbedtls_x509_crt_free(&cfg->ca);
    mbedtls_pk_free(&cfg->key);
    free(cfg);
}

int tls_config_is_server(const struct tls_config *cfg)
{
    return cfg->is_server;
}

int tls_config_is_mutual(const struct tls_config *cfg, const char *alpn)
{
    for (uint32_t i = 0; alpn && cfg->alpn[i]; i++)
        if (strcmp(cfg->alpn[i], alpn) == 0)
            return (cfg->mutual_mask >> i & 1) != 0;
    return 0;
}

static int alpn_copy(struct tls_config *cfg, const char *const *alpn)
{
    size_t n = 0;
    for (; alpn && alpn[n]; n++) {
        if (n == TLS_ALPN_COUNT_MAX || alpn[n][0] == 0 ||
            sk_copy(cfg->alpn_text[n], sizeof cfg->alpn_text[n], alpn[n]) != 0)
            return -SK_EINVAL;
        cfg->alpn[n] = cfg->alpn_text[n];
    }
    if (n > 0 && mbedtls_ssl_conf_alpn_protocols(&cfg->conf, cfg->alpn) != 0)
        return -SK_EINVAL;
    return 0;
}

static int mutual_copy(struct tls_config *cfg, const char *const *mutual)
{
    for (size_t n = 0; mutual && mutual[n]; n++) {
        uint32_t i = 0;
        while (cfg->alpn[i] && strcmp(cfg->alpn[i], mutual[n]) != 0)
            i++;
        if (!cfg->alpn[i])
            return -SK_EINVAL;
        cfg->mutual_mask |= 1u << i;
    }
    return 0;
}

static int conf_common(struct tls_config *cfg, int endpoint)
{
    mbedtls_ssl_config *conf = &cfg->conf;
    if (mbedtls_ssl_config_defaults(conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return -SK_ENOMEM;
    mbedtls_ssl_conf_rng(conf, mbed_rng, NULL);
    mbedtls_ssl_conf_ciphersuites(conf, SUITES);
#if SK_MBED3
    mbedtls_ssl_conf_groups(conf, GROUPS);
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_key_exchange_modes(conf,
                                              MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#endif
#else
    mbedtls_ssl_conf_curves(conf, GROUPS);
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    return 0;
}

/* mbedTLS 2.28 computes a table on a key's first multiplication and keeps it in the key, without a
 * lock. Do that here, while the key has one owner: sign with a private key, check an (invalid)
 * signature with a public one. */
static void key_warm(mbedtls_pk_context *pk, int has_private)
{
    static const uint8_t SIGNATURE_1_1[] = {0x30, 6, 2, 1, 1, 2, 1, 1};
    uint8_t hash[32] = {1}, sig[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t len = 0;
    if (!mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA))
        return;
    if (has_private)
#if SK_MBED3
        (void)mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, hash, sizeof hash, sig, sizeof sig, &len,
                              mbed_rng, NULL);
#else
        (void)mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, hash, sizeof hash, sig, &len, mbed_rng, NULL);
#endif
    (void)mbedtls_pk_verify(pk, MBEDTLS_MD_SHA256, hash, sizeof hash, SIGNATURE_1_1,
                            sizeof SIGNATURE_1_1);
}

static int authorities_set(struct tls_config *cfg, const void *data, size_t len)
{
    int err = x509_chain_read(&cfg->ca, data, len);
    if (err != 0)
        return err;
    for (mbedtls_x509_crt *ca = &cfg->ca; ca; ca = ca->next)
        key_warm(&ca->pk, 0);
    mbedtls_ssl_conf_ca_chain(&cfg->conf, &cfg->ca, NULL);
    return 0;
}

/* Certificate and key, which must belong together. */
static int own_cert_set(struct tls_config *cfg, const void *cert, size_t cert_len, const void *key,
                        size_t key_len)
{
    int err = x509_chain_read(&cfg->chain, cert, cert_len);
    if (err == 0)
        err = x509_pk_read(&cfg->key, key, key_len);
    if (err == 0 && mbed_pk_check_pair(&cfg->chain.pk, &cfg->key) != 0)
        err = -SK_EINVAL;
    if (err == 0)
        key_warm(&cfg->key, 1);
    if (err == 0 && mbedtls_ssl_conf_own_cert(&cfg->conf, &cfg->chain, &cfg->key) != 0)
        err = -SK_ENOMEM;
    return err;
}

static int server_conf(struct tls_config *cfg, const struct tls_server_options *o)
{
    int err = conf_common(cfg, MBEDTLS_SSL_IS_SERVER);
    if (err == 0)
        err = own_cert_set(cfg, o->cert, o->cert_len, o->key, o->key_len);
    if (err == 0)
        err = alpn_copy(cfg, o->alpn);
    if (err == 0)
        err = mutual_copy(cfg, o->mutual_alpn);
    if (err == 0 && cfg->mutual_mask != 0)
        err = o->device_ca ? authorities_set(cfg, o->device_ca, o->device_ca_len) : -SK_EINVAL;
    if (err != 0)
        return err;
    /* NONE until the protocol is known; then REQUIRED where the policy says so. */
    mbedtls_ssl_conf_authmode(&cfg->conf, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_cert_req_ca_list(&cfg->conf, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
    cfg->tickets = o->tickets;
    cfg->may_resume = o->may_resume;
    cfg->may_resume_arg = o->may_resume_arg;
    if (o->tickets)
        mbedtls_ssl_conf_session_tickets_cb(&cfg->conf, tls_ticket_write_cb, tls_ticket_parse_cb,
                                            cfg);
#if SK_MBED3
    mbedtls_ssl_conf_cert_cb(&cfg->conf, tls_cert_cb);
#endif
    return 0;
}

int tls_config_server_new(struct tls_config **out, const struct tls_server_options *o)
{
    struct tls_config *cfg = config_new(1);
    int err = server_conf(cfg, o);
    if (err != 0)
        tls_config_drop(cfg);
    else
        *out = cfg;
    return err;
}

static int client_conf(struct tls_config *cfg, const struct tls_client_options *o)
{
    int err = conf_common(cfg, MBEDTLS_SSL_IS_CLIENT);
    if (err == 0)
        err = alpn_copy(cfg, o->alpn);
    if (err == 0 && o->cert)
        err = own_cert_set(cfg, o->cert, o->cert_len, o->key, o->key_len);
    if (err == 0 && o->ca)
        err = authorities_set(cfg, o->ca, o->ca_len);
    if (err == 0 && !o->ca && !o->pin_sha256)
        err = -SK_EINVAL;
    if (err != 0)
        return err;
    if (o->pin_sha256) {
        cfg->has_pin = 1;
        memcpy(cfg->pin, o->pin_sha256, sizeof cfg->pin);
    }
    /* With a pin the verify callback decides, and a wrong certificate is a fatal error there. */
    mbedtls_ssl_conf_authmode(&cfg->conf, o->pin_sha256 ? MBEDTLS_SSL_VERIFY_OPTIONAL
                                                        : MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_session_tickets(&cfg->conf, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
#if SK_MBED3 && defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_NUMBER >= 0x03060100
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        &cfg->conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)
    if (o->small_records &&
        mbedtls_ssl_conf_max_frag_len(&cfg->conf, MBEDTLS_SSL_MAX_FRAG_LEN_2048) != 0)
        return -SK_EINTERNAL;
#endif
    return 0;
}

int tls_config_client_new(struct tls_config **out, const struct tls_client_options *o)
{
    struct tls_config *cfg = config_new(0);
    int err = client_conf(cfg, o);
    if (err != 0)
        tls_config_drop(cfg);
    else
        *out = cfg;
    return err;
}
