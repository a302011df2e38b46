/* Two TLS sessions over a pair of memory pipes, with a transport that can be made difficult. */
#ifndef SK_TEST_TLS_HELP_H
#define SK_TEST_TLS_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sys.h"
#include "crypto/tls.h"
#include "crypto/x509.h"

enum { PIPE_CAP = 512 * 1024 };

struct pipe {
    uint8_t data[PIPE_CAP];
    size_t len;
    uint64_t total; /* bytes that went through */
    int is_ended;
};

/* One end. `chunk` = most bytes a call moves; with `fickle` every other call says "later". */
struct end {
    struct pipe *in, *out;
    size_t chunk;
    int fickle, turn, stuck; /* stuck: nothing can be sent */
    uint64_t cut_at;         /* the transport ends after so many bytes came in; 0 = never */
    uint64_t got;
};

static inline ssize_t end_recv(void *arg, void *buf, size_t cap)
{
    struct end *e = arg;
    if (e->fickle && ++e->turn % 2)
        return -SK_EAGAIN;
    size_t n = cap < e->in->len ? cap : e->in->len;
    if (e->chunk && n > e->chunk)
        n = e->chunk;
    if (e->cut_at && e->got + n > e->cut_at)
        n = (size_t)(e->cut_at - e->got);
    if (n == 0)
        return e->in->is_ended || (e->cut_at && e->got >= e->cut_at) ? 0 : -SK_EAGAIN;
    memcpy(buf, e->in->data, n);
    e->in->len -= n;
    memmove(e->in->data, e->in->data + n, e->in->len);
    e->got += n;
    return (ssize_t)n;
}

static inline ssize_t end_send(void *arg, const void *buf, size_t len)
{
    struct end *e = arg;
    if (e->stuck || (e->fickle && ++e->turn % 2))
        return -SK_EAGAIN;
    size_t n = e->chunk && len > e->chunk ? e->chunk : len;
    if (n > PIPE_CAP - e->out->len)
        n = PIPE_CAP - e->out->len;
    if (n == 0)
        return -SK_EAGAIN;
    memcpy(e->out->data + e->out->len, buf, n);
    e->out->len += n;
    e->out->total += n;
    return (ssize_t)n;
}

/* Everything that the tests need once: authorities, certificates, keys. */
struct world {
    struct x509_key *server_ca_key, *device_ca_key, *server_key, *device_key;
    struct sk_buf server_ca, device_ca, foreign_ca, server_cert, device_cert, expired_cert;
    struct sk_buf server_pem, device_pem, foreign_cert;
    uint8_t device_serial[X509_SERIAL_SIZE];
    struct ticket_keys *tickets;
    int revoked; /* what may_resume answers */
    int asked;
};

#define DEVICE_ID "k3vz6d2mq5xw7t4hyb2nrc5o3e"

static inline struct x509_validity world_validity(int64_t from_days, int64_t to_days)
{
    int64_t now_ms = sk_clock_wall_ms();
    return (struct x509_validity){now_ms + from_days * 86400000, now_ms + to_days * 86400000};
}

static inline void world_device_cert(struct sk_buf *out, const struct x509_issuer *ca,
                                     struct x509_key *key, const struct x509_validity *v,
                                     uint8_t serial[X509_SERIAL_SIZE])
{
    struct x509_csr csr;
    struct sk_buf req;
    sk_buf_init(&req, X509_CSR_MAX);
    sk_buf_init(out, X509_CERT_MAX);
    assert_int_equal(x509_csr_make(&req, key, "camera", NULL), 0);
    assert_int_equal(x509_csr_parse(&csr, req.data, req.len), 0);
    assert_int_equal(x509_device_issue(out, ca, &csr, DEVICE_ID, v, serial), 0);
    sk_buf_fini(&req);
}

static inline void world_init(struct world *w)
{
    const char *const names[] = {"localhost", "127.0.0.1", "::1", NULL};
    struct x509_validity v = world_validity(-1, 90), old = world_validity(-30, -1);
    uint8_t serial[X509_SERIAL_SIZE];
    memset(w, 0, sizeof *w);
    sk_buf_init(&w->server_ca, X509_CERT_MAX);
    sk_buf_init(&w->device_ca, X509_CERT_MAX);
    sk_buf_init(&w->foreign_ca, X509_CERT_MAX);
    sk_buf_init(&w->server_cert, X509_CERT_MAX);
    sk_buf_init(&w->server_pem, X509_PEM_MAX);
    sk_buf_init(&w->device_pem, X509_PEM_MAX);
    assert_int_equal(tls_init(), 0);
    assert_int_equal(x509_key_new(&w->server_ca_key), 0);
    assert_int_equal(x509_key_new(&w->device_ca_key), 0);
    assert_int_equal(x509_key_new(&w->server_key), 0);
    assert_int_equal(x509_key_new(&w->device_key), 0);
    assert_int_equal(x509_ca_make(&w->server_ca, w->server_ca_key, "server CA", &v), 0);
    assert_int_equal(x509_ca_make(&w->device_ca, w->device_ca_key, "device CA", &v), 0);
    assert_int_equal(x509_ca_make(&w->foreign_ca, w->server_key, "device CA", &v), 0);
    struct x509_issuer sca = {w->server_ca_key, w->server_ca.data, w->server_ca.len};
    struct x509_issuer dca = {w->device_ca_key, w->device_ca.data, w->device_ca.len};
    struct x509_issuer fca = {w->server_key, w->foreign_ca.data, w->foreign_ca.len};
    assert_int_equal(x509_server_issue(&w->server_cert, &sca, w->server_key, "Skep", names, &v), 0);
    world_device_cert(&w->device_cert, &dca, w->device_key, &v, w->device_serial);
    world_device_cert(&w->expired_cert, &dca, w->device_key, &old, serial);
    world_device_cert(&w->foreign_cert, &fca, w->device_key, &v, serial);
    assert_int_equal(x509_key_write_pem(&w->server_pem, w->server_key), 0);
    assert_int_equal(x509_key_write_pem(&w->device_pem, w->device_key), 0);
    w->tickets = ticket_keys_new(1, sk_clock_wall_ms());
}

static inline void world_fini(struct world *w)
{
    struct sk_buf *bufs[] = {&w->server_ca,   &w->device_ca,   &w->foreign_ca,
                             &w->server_cert, &w->device_cert, &w->expired_cert,
                             &w->server_pem,  &w->device_pem,  &w->foreign_cert};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        sk_buf_fini_wipe(bufs[i]);
    x509_key_free(w->server_ca_key);
    x509_key_free(w->device_ca_key);
    x509_key_free(w->server_key);
    x509_key_free(w->device_key);
    ticket_keys_free(w->tickets);
}

static inline int world_may_resume(void *arg, const struct ticket_identity *who)
{
    struct world *w = arg;
    __atomic_fetch_add(&w->asked, 1, __ATOMIC_RELAXED);
    if (strcmp(who->alpn, "skep-device/1") != 0 || strcmp(who->device_id, DEVICE_ID) != 0 ||
        who->serial_len != sizeof w->device_serial ||
        memcmp(who->serial, w->device_serial, sizeof w->device_serial) != 0)
        return -SK_EDENIED;
    return __atomic_load_n(&w->revoked, __ATOMIC_RELAXED) ? -SK_EDENIED : 0;
}

static inline struct tls_config *world_server(struct world *w)
{
    static const char *const ALPN[] = {"skep-device/1", "skep-media/1", "http/1.1", NULL};
    static const char *const MUTUAL[] = {"skep-device/1", NULL};
    const struct tls_server_options o = {.cert = w->server_cert.data,
                                         .cert_len = w->server_cert.len,
                                         .key = w->server_pem.data,
                                         .key_len = w->server_pem.len,
                                         .alpn = ALPN,
                                         .mutual_alpn = MUTUAL,
                                         .device_ca = w->device_ca.data,
                                         .device_ca_len = w->device_ca.len,
                                         .tickets = w->tickets,
                                         .may_resume = world_may_resume,
                                         .may_resume_arg = w};
    struct tls_config *cfg = NULL;
    assert_int_equal(tls_config_server_new(&cfg, &o), 0);
    return cfg;
}

/* A client of protocol `alpn` (NULL = none offered) with `cert` (NULL = none). */
static inline struct tls_config *world_client(struct world *w, const char *alpn,
                                              const struct sk_buf *cert)
{
    const char *const list[] = {alpn, NULL};
    const struct tls_client_options o = {.alpn = alpn ? list : NULL,
                                         .ca = w->server_ca.data,
                                         .ca_len = w->server_ca.len,
                                         .cert = cert ? cert->data : NULL,
                                         .cert_len = cert ? cert->len : 0,
                                         .key = cert ? w->device_pem.data : NULL,
                                         .key_len = cert ? w->device_pem.len : 0,
                                         .small_records = cert != NULL};
    struct tls_config *cfg = NULL;
    assert_int_equal(tls_config_client_new(&cfg, &o), 0);
    return cfg;
}

#endif
