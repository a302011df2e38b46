/* One session: handshake, identity, tickets, bytes. */
#include "crypto/tls_internal.h" /* before any header of mbedTLS */

#include "crypto/tls.h"

#include <arpa/inet.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/platform.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/wipe.h"

/* Calls in a row that do nothing but take in tickets; a server that sends more is broken. */
enum { TICKET_CALLS_MAX = 64 };

struct tls_session {
    mbedtls_ssl_context ssl;
    struct tls_config *cfg;
    struct tls_io io;
    struct ticket_identity who; /* server: from the certificate or from the ticket */
    uint8_t fingerprint[X509_FINGERPRINT_SIZE];
    uint8_t host_ip[16];
    uint8_t host_ip_len; /* 0 = the server's name is no IP literal */
    uint8_t want;        /* enum tls_want */
    unsigned has_cert : 1, has_ticket : 1, is_mutual : 1, is_open : 1, is_shut : 1;
    int io_err;
    size_t held;    /* plaintext of a record that is only partly sent */
    uint8_t *saved; /* client, TLS 1.3: the newest ticket, serialized */
    size_t saved_len;
};

/* mbedTLS's ticket callbacks are told the config but not the session that they serve. */
static _Thread_local struct tls_session *driven;

/* --- transport --------------------------------------------------------------------------- */

static int bio_result(struct tls_session *s, ssize_t n, int want, int failed)
{
    if (n >= 0)
        return (int)n;
    if (n == -SK_EAGAIN)
        return want;
    s->io_err = (int)n;
    return failed;
}

static int bio_send(void *arg, const unsigned char *buf, size_t len)
{
    struct tls_session *s = arg;
    return bio_result(s, s->io.send(s->io.arg, buf, len), MBEDTLS_ERR_SSL_WANT_WRITE,
                      MBEDTLS_ERR_NET_SEND_FAILED);
}

static int bio_recv(void *arg, unsigned char *buf, size_t len)
{
    struct tls_session *s = arg;
    return bio_result(s, s->io.recv(s->io.arg, buf, len), MBEDTLS_ERR_SSL_WANT_READ,
                      MBEDTLS_ERR_NET_RECV_FAILED);
}

/* --- certificates ------------------------------------------------------------------------ */

/* 1 when the certificate's iPAddress names hold this address (2.28 compares DNS names only). */
static int cert_has_ip(const mbedtls_x509_crt *crt, const uint8_t *ip, size_t len)
{
    const mbedtls_x509_sequence *san = &crt->subject_alt_names;
    for (; san; san = san->next)
        if (san->buf.tag == (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7) && san->buf.len == len &&
            memcmp(san->buf.p, ip, len) == 0)
            return 1;
    return 0;
}

/* Called by mbedTLS for each certificate of the peer's chain, the leaf (depth 0) last. */
static int verify_cb(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct tls_session *s = arg;
    struct x509_info info;
    if (depth != 0) {
        if (s->cfg->has_pin)
            *flags = 0;
        return 0;
    }
    if (x509_crt_info(&info, crt) != 0) {
        *flags |= MBEDTLS_X509_BADCERT_OTHER;
        return 0;
    }
    if (s->cfg->has_pin) {
        if (!sk_equal_ct(info.fingerprint, s->cfg->pin, sizeof s->cfg->pin))
            return MBEDTLS_ERR_X509_FATAL_ERROR;
        *flags = 0;
    } else if (s->host_ip_len && cert_has_ip(crt, s->host_ip, s->host_ip_len)) {
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    if (s->cfg->is_server && info.cn[0] == 0)
        *flags |= MBEDTLS_X509_BADCERT_OTHER;
    s->has_cert = 1;
    memcpy(s->fingerprint, info.fingerprint, sizeof s->fingerprint);
    memcpy(s->who.device_id, info.cn, sizeof info.cn);
    memcpy(s->who.serial, info.serial, info.serial_len);
    s->who.serial_len = info.serial_len;
    s->who.not_after_ms = info.not_after_ms;
    return 0;
}

_Static_assert((int)TICKET_DEVICE_MAX >= (int)X509_NAME_MAX, "a CN fits a ticket");
_Static_assert((int)TICKET_SERIAL_MAX >= (int)X509_SERIAL_MAX, "a serial fits a ticket");

/* The protocol is known, the certificate request not yet written. */
static void policy_apply(struct tls_session *s)
{
    s->is_mutual = tls_config_is_mutual(s->cfg, mbedtls_ssl_get_alpn_protocol(&s->ssl)) != 0;
    mbedtls_ssl_set_hs_authmode(&s->ssl, s->is_mutual ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                      : MBEDTLS_SSL_VERIFY_NONE);
}

#if SK_MBED3
int tls_cert_cb(mbedtls_ssl_context *ssl)
{
    (void)ssl;
    policy_apply(driven);
    return 0;
}
#endif

/* --- tickets ----------------------------------------------------------------------------- */

int tls_ticket_write_cb(void *arg, const mbedtls_ssl_session *session, unsigned char *start,
                        const unsigned char *end, size_t *len, uint32_t *lifetime_s)
{
    struct tls_config *cfg = arg;
    struct tls_session *s = driven;
    uint8_t bytes[TICKET_SESSION_MAX];
    size_t n = 0;
    const char *alpn = mbedtls_ssl_get_alpn_protocol(&s->ssl);
    mbedtls_ssl_session bare = *session; /* borrowed fields; never freed */
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    bare.peer_cert = NULL; /* the identity travels beside it, in 60 bytes instead of 500 */
#endif
    *len = 0;
    if (sk_copy(s->who.alpn, sizeof s->who.alpn, alpn ? alpn : "") != 0 ||
        mbedtls_ssl_session_save(&bare, bytes, sizeof bytes, &n) != 0)
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    int err = ticket_seal(cfg->tickets, &s->who, bytes, n, start, (size_t)(end - start), len,
                          lifetime_s, sk_clock_wall_ms());
    crypto_wipe(bytes, sizeof bytes);
    crypto_wipe(&bare, sizeof bare);
    return err == 0 ? 0 : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

/* May a connection of this protocol go on as `who`? */
static int identity_check(const struct tls_config *cfg, const struct ticket_identity *who,
                          const char *alpn)
{
    if (strcmp(who->alpn, alpn) != 0)
        return -SK_EDENIED;
    int needs_device = tls_config_is_mutual(cfg, alpn);
    if (needs_device != (who->device_id[0] != 0))
        return -SK_EDENIED;
    if (!needs_device)
        return 0;
    return cfg->may_resume && cfg->may_resume(cfg->may_resume_arg, who) == 0 ? 0 : -SK_EDENIED;
}

/* The ClientHello that is being read lies in the input buffer, its length checked by mbedTLS. */
static const char *hello_alpn(const struct tls_session *s)
{
    const uint8_t *msg = s->ssl.in_msg;
    size_t len = 4 + ((size_t)msg[1] << 16 | (size_t)msg[2] << 8 | msg[3]);
    const char *alpn = len <= TLS_RECORD_MAX ? tls_hello_alpn(msg, len, s->cfg->alpn) : NULL;
    return alpn ? alpn : "";
}

int tls_ticket_parse_cb(void *arg, mbedtls_ssl_session *session, unsigned char *buf, size_t len)
{
    struct tls_config *cfg = arg;
    struct tls_session *s = driven;
    struct ticket_identity who;
    uint8_t bytes[TICKET_SESSION_MAX];
    size_t n = 0;
    int err = ticket_open(cfg->tickets, buf, len, &who, bytes, &n, sk_clock_wall_ms());
    if (err == 0)
        err = identity_check(cfg, &who, hello_alpn(s));
    if (err == 0 && mbedtls_ssl_session_load(session, bytes, n) != 0)
        err = -SK_ECRYPTO;
    crypto_wipe(bytes, sizeof bytes);
    if (err == 0) {
        s->who = who;
        s->has_ticket = 1;
        return 0;
    }
    /* Either answer means a full handshake. */
    return err == -SK_EGONE ? MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED : MBEDTLS_ERR_SSL_INVALID_MAC;
}

/* Serialize the client's present session. */
static int session_stash(struct tls_session *s)
{
    uint8_t bytes[TLS_TICKET_MAX];
    size_t n = 0;
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    int err = -SK_EAGAIN;
    if (mbedtls_ssl_get_session(&s->ssl, &session) == 0 && session.ticket_len > 0 &&
        mbedtls_ssl_session_save(&session, bytes, sizeof bytes, &n) == 0) {
        if (s->saved)
            crypto_wipe(s->saved, s->saved_len);
        free(s->saved);
        s->saved = sk_alloc(n);
        memcpy(s->saved, bytes, n);
        s->saved_len = n;
        err = 0;
    }
    mbedtls_ssl_session_free(&session);
    crypto_wipe(bytes, sizeof bytes);
    return err;
}

void tls_session_offer(struct tls_session *s, const void *saved, size_t len)
{
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, saved, len) == 0)
        (void)mbedtls_ssl_set_session(&s->ssl, &session);
    mbedtls_ssl_session_free(&session);
}

/* --- life -------------------------------------------------------------------------------- */

int tls_session_new(struct tls_session **out, struct tls_config *cfg, const struct tls_io *io,
                    const char *server_name)
{
    struct tls_session *s = sk_alloc(sizeof *s);
    s->cfg = tls_config_ref(cfg);
    s->io = *io;
    mbedtls_ssl_init(&s->ssl);
    int err = mbedtls_ssl_setup(&s->ssl, &cfg->conf) == 0 ? 0 : -SK_ENOMEM;
    if (err == 0 && !cfg->is_server) {
        if (server_name && inet_pton(AF_INET, server_name, s->host_ip) == 1)
            s->host_ip_len = 4;
        else if (server_name && inet_pton(AF_INET6, server_name, s->host_ip) == 1)
            s->host_ip_len = 16;
        if (!server_name && !cfg->has_pin)
            err = -SK_EINVAL;
        else if (mbedtls_ssl_set_hostname(&s->ssl, server_name) != 0)
            err = -SK_EINVAL;
    }
    if (err != 0) {
        tls_session_free(s);
        return err;
    }
    mbedtls_ssl_set_verify(&s->ssl, verify_cb, s);
    mbedtls_ssl_set_bio(&s->ssl, s, bio_send, bio_recv, NULL);
    *out = s;
    return 0;
}

void tls_session_free(struct tls_session *s)
{
    if (!s)
        return;
    mbedtls_ssl_free(&s->ssl);
    tls_config_drop(s->cfg);
    if (s->saved)
        crypto_wipe(s->saved, s->saved_len);
    free(s->saved);
    free(s);
}

void tls_session_set_io(struct tls_session *s, const struct tls_io *io)
{
    s->io = *io;
}

enum tls_want tls_session_wants(const struct tls_session *s)
{
    return (enum tls_want)s->want;
}

/* --- handshake --------------------------------------------------------------------------- */

/* Alerts by which a server says that it does not like our certificate (RFC 8446 6.2). */
static int alert_is_about_cert(const mbedtls_ssl_context *ssl)
{
    unsigned char alert = ssl->in_msg[1];
    return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49 || alert == 116;
}

static int error_map(struct tls_session *s, int ret)
{
    switch (ret) {
    case MBEDTLS_ERR_SSL_WANT_READ:
        s->want = TLS_WANT_READ;
        return -SK_EAGAIN;
    case MBEDTLS_ERR_SSL_WANT_WRITE:
        s->want = TLS_WANT_WRITE;
        return -SK_EAGAIN;
    case MBEDTLS_ERR_SSL_CONN_EOF:
        return -SK_ECLOSED;
    case MBEDTLS_ERR_NET_RECV_FAILED:
    case MBEDTLS_ERR_NET_SEND_FAILED:
        return s->io_err;
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case MBEDTLS_ERR_X509_FATAL_ERROR:
    case MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED:
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
#if SK_MBED3
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
#else
    case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE:
#endif
        return -SK_EAUTH;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return alert_is_about_cert(&s->ssl) ? -SK_EAUTH : -SK_ECRYPTO;
    default:
        return -SK_ECRYPTO;
    }
}

static int is_over(const struct tls_session *s)
{
    return s->ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER;
}

static int steps_run(struct tls_session *s)
{
    int ret = 0;
    while (ret == 0 && !is_over(s)) {
        ret = mbedtls_ssl_handshake_step(&s->ssl);
#if !SK_MBED3
        if (ret == 0 && s->cfg->is_server && s->ssl.state == MBEDTLS_SSL_SERVER_HELLO)
            policy_apply(s);
#endif
    }
    return ret;
}

/* A finished server handshake must be one that the policy allows. All of this holds already by
 * construction; a mistake in it must fail closed. */
static int outcome_check(struct tls_session *s)
{
    const char *alpn = mbedtls_ssl_get_alpn_protocol(&s->ssl);
    if (!alpn)
        alpn = "";
    if (tls_config_is_mutual(s->cfg, alpn)) {
        int fresh = s->has_cert && mbedtls_ssl_get_verify_result(&s->ssl) == 0;
        int resumed = s->has_ticket && !s->has_cert && strcmp(s->who.alpn, alpn) == 0;
        if ((!fresh && !resumed) || s->who.device_id[0] == 0)
            return -SK_EAUTH;
    } else if (s->has_cert || (s->has_ticket && strcmp(s->who.alpn, alpn) != 0) ||
               s->who.device_id[0] != 0) {
        return -SK_EAUTH;
    }
    return sk_copy(s->who.alpn, sizeof s->who.alpn, alpn);
}

/* The peer's chain was looked at; a kilobyte and more per link need not stay. */
static void peer_cert_forget(struct tls_session *s)
{
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    if (s->ssl.session && s->ssl.session->peer_cert) {
        mbedtls_x509_crt_free(s->ssl.session->peer_cert);
        mbedtls_free(s->ssl.session->peer_cert);
        s->ssl.session->peer_cert = NULL;
    }
#else
    (void)s;
#endif
}

int tls_session_handshake(struct tls_session *s)
{
    if (s->is_open)
        return 0;
    s->want = TLS_WANT_NONE;
    driven = s;
    int ret = steps_run(s);
    driven = NULL;
    if (ret != 0)
        return error_map(s, ret);
    if (s->cfg->is_server) {
        int err = outcome_check(s);
        if (err != 0)
            return err;
    }
    peer_cert_forget(s);
    s->is_open = 1;
    return 0;
}

/* --- bytes ------------------------------------------------------------------------------- */

/* TLS 1.3: 1 = the call has met a ticket and wants to be made again. A read first says "later" when
 * it has found one, though nothing more need come; then it, or a write, takes it in and says so. */
static int met_ticket(struct tls_session *s, int ret)
{
#if SK_MBED3 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        (void)session_stash(s); /* one that is too big only means no resumption */
        return 1;
    }
    return ret == MBEDTLS_ERR_SSL_WANT_READ &&
           s->ssl.state == MBEDTLS_SSL_TLS1_3_NEW_SESSION_TICKET;
#else
    (void)s;
    (void)ret;
    return 0;
#endif
}

ssize_t tls_session_read(struct tls_session *s, void *buf, size_t cap)
{
    int ret, tickets = 0;
    s->want = TLS_WANT_NONE;
    do
        ret = mbedtls_ssl_read(&s->ssl, buf, cap);
    while (met_ticket(s, ret) && ++tickets < TICKET_CALLS_MAX);
    if (ret > 0)
        return ret;
    if (ret == 0) /* the transport ended without close_notify */
        return -SK_ECLOSED;
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return 0;
    return error_map(s, ret);
}

size_t tls_session_pending(const struct tls_session *s)
{
    return mbedtls_ssl_get_bytes_avail(&s->ssl);
}

/* After "later" the library holds a record made of the first bytes that it was given. It may have
 * sent that on its own meanwhile, while taking in a ticket; being given the same bytes again, it
 * would then send them twice. So we remember how many they were. */
static int write_held(struct tls_session *s, size_t *len)
{
    if (s->held == 0 || s->ssl.out_left != 0)
        return 0;
    *len = s->held;
    s->held = 0;
    return 1;
}

ssize_t tls_session_write(struct tls_session *s, const void *buf, size_t len)
{
    int ret, tickets = 0, max = mbedtls_ssl_get_max_out_record_payload(&s->ssl);
    size_t sent;
    s->want = TLS_WANT_NONE;
    do {
        if (write_held(s, &sent))
            return (ssize_t)sent;
        ret = mbedtls_ssl_write(&s->ssl, buf, len);
    } while (met_ticket(s, ret) && ++tickets < TICKET_CALLS_MAX);
    if (ret == MBEDTLS_ERR_SSL_WANT_WRITE && s->held == 0 && s->ssl.out_left != 0 && max > 0)
        s->held = len < (size_t)max ? len : (size_t)max;
    else if (ret > 0)
        s->held = 0;
    return ret > 0 ? ret : error_map(s, ret);
}

int tls_session_shut(struct tls_session *s)
{
    if (s->is_shut || !s->is_open)
        return 0;
    s->is_shut = 1;
    int ret = mbedtls_ssl_close_notify(&s->ssl);
    return ret == 0 ? 0 : error_map(s, ret);
}

/* Pages that lie wholly inside a record buffer, but not the first bytes (2.28 keeps the record
 * counter there). Their content between records is dead; the system gives zeroes again. */
static void buffer_trim(unsigned char *buf)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)buf + 64 + page - 1) & ~(page - 1);
    uintptr_t to = ((uintptr_t)buf + TLS_RECORD_MAX) & ~(page - 1);
    if (to > from)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

void tls_session_trim(struct tls_session *s)
{
#if !defined(MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH)
    if (!s->is_open || s->ssl.in_left != 0 || s->ssl.out_left != 0 || s->ssl.in_offt != NULL ||
        mbedtls_ssl_check_pending(&s->ssl))
        return;
    buffer_trim(s->ssl.in_buf);
    buffer_trim(s->ssl.out_buf);
#else
    (void)s;
#endif
}

void tls_session_peer(const struct tls_session *s, struct tls_peer *out)
{
    const char *alpn = mbedtls_ssl_get_alpn_protocol(&s->ssl);
    memset(out, 0, sizeof *out);
    out->alpn = alpn ? alpn : "";
    if (s->cfg->is_server)
        out->device = s->who;
    out->resumed = s->cfg->is_server ? s->has_ticket && !s->has_cert : !s->has_cert;
    out->has_fingerprint = s->has_cert;
    memcpy(out->fingerprint, s->fingerprint, sizeof out->fingerprint);
    out->version = mbedtls_ssl_get_version(&s->ssl);
    out->cipher = mbedtls_ssl_get_ciphersuite(&s->ssl);
}

int tls_session_save(struct sk_buf *out, const struct tls_session *s)
{
    struct tls_session *own = (struct tls_session *)s; /* a cache of what mbedTLS gives once */
    if (s->cfg->is_server || !s->is_open)
        return -SK_EINVAL;
    if (!s->saved) {
        int err = session_stash(own);
        if (err != 0)
            return err;
    }
    return sk_buf_add(out, s->saved, s->saved_len);
}
