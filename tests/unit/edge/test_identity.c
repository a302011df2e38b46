/* A certificate of the owner's: used, replaced while running, and kept when the new one is bad; and
 * what else takes its time. */
#include "house.h"

#include "base/file.h"
#include "crypto/x509.h"

static char cert_path[64], key_path[64];
static _Atomic int changes;

static void changed(void *ctx, const struct event *ev)
{
    (void)ctx;
    (void)ev;
    atomic_fetch_add(&changes, 1);
}

/* A fresh key and a certificate for localhost, signed by an authority that is then forgotten. */
static void files_write(uint8_t fingerprint[32])
{
    static const char *const names[] = {"localhost", NULL};
    const struct x509_validity valid = {sk_clock_wall_ms() - 60000, sk_clock_wall_ms() + 3600000};
    struct x509_key *ca_key, *key;
    struct sk_buf ca, der, pem, key_pem;
    struct x509_info info;
    sk_buf_init(&ca, X509_CERT_MAX);
    sk_buf_init(&der, X509_CERT_MAX);
    sk_buf_init(&pem, X509_PEM_MAX);
    sk_buf_init(&key_pem, X509_PEM_MAX);
    assert_int_equal(x509_key_new(&ca_key), 0);
    assert_int_equal(x509_key_new(&key), 0);
    assert_int_equal(x509_ca_make(&ca, ca_key, "owner", &valid), 0);
    const struct x509_issuer issuer = {ca_key, ca.data, ca.len};
    assert_int_equal(x509_server_issue(&der, &issuer, key, "localhost", names, &valid), 0);
    assert_int_equal(x509_cert_info(&info, der.data, der.len), 0);
    memcpy(fingerprint, info.fingerprint, 32);
    assert_int_equal(x509_cert_write_pem(&pem, der.data, der.len), 0);
    assert_int_equal(x509_key_write_pem(&key_pem, key), 0);
    assert_int_equal(sk_file_write(cert_path, pem.data, pem.len, 0600), 0);
    assert_int_equal(sk_file_write(key_path, key_pem.data, key_pem.len, 0600), 0);
    x509_key_free(ca_key);
    x509_key_free(key);
    sk_buf_fini(&ca);
    sk_buf_fini(&der);
    sk_buf_fini(&pem);
    sk_buf_fini_wipe(&key_pem);
}

static uint8_t first[32];

static int start(void **state)
{
    static const char *settings[] = {"edge.certificate",    cert_path, "edge.key", key_path,
                                     "edge.rate_min_bytes", "1048576", NULL};
    snprintf(cert_path, sizeof(cert_path), "/tmp/skep-edge-%d.crt", (int)getpid());
    snprintf(key_path, sizeof(key_path), "/tmp/skep-edge-%d.key", (int)getpid());
    house_settings = settings;
    assert_int_equal(tls_init(), 0);
    files_write(first);
    event_subscribe(EVENT_CERTIFICATE_CHANGED, changed, NULL);
    return house_start(state);
}

static int stop(void **state)
{
    unlink(cert_path);
    unlink(key_path);
    return house_stop(state);
}

/* The SHA-256 that a client sees in a full handshake. */
static void seen(uint8_t out[32], const uint8_t pin[32])
{
    static const char *const alpn[] = {"http/1.1", NULL};
    const struct tls_client_options o = {.alpn = alpn, .pin_sha256 = pin};
    struct client c;
    struct tls_config *cfg = NULL;
    struct tls_peer peer;
    const struct tls_io io = {io_recv, io_send, &c.fd};
    client_connect(&c);
    assert_int_equal(tls_config_client_new(&cfg, &o), 0);
    assert_int_equal(tls_session_new(&c.tls, cfg, &io, "localhost"), 0);
    tls_config_drop(cfg);
    assert_int_equal(tls_session_handshake(c.tls), 0);
    tls_session_peer(c.tls, &peer);
    assert_true(peer.has_fingerprint);
    memcpy(out, peer.fingerprint, 32);
    client_close(&c);
}

static void test_the_owners_certificate_is_shown(void **state)
{
    uint8_t got[32], own[32];
    (void)state;
    edge_certificate_fingerprint(own);
    assert_memory_equal(own, first, 32);
    seen(got, first);
    assert_memory_equal(got, first, 32);
}

static void test_a_new_one_is_taken_while_running(void **state)
{
    uint8_t second[32], got[32];
    int64_t until = sk_clock_mono_ms() + 12000;
    (void)state;
    files_write(second);
    while (atomic_load(&changes) == 0 && sk_clock_mono_ms() < until)
        usleep(20000); /* nobody calls edge_reload: the change itself is noticed */
    assert_int_equal(atomic_load(&changes), 1);
    seen(got, second);
    assert_memory_equal(got, second, 32);
    edge_certificate_fingerprint(got);
    assert_memory_equal(got, second, 32);
    memcpy(first, second, 32);
}

static void test_a_bad_one_is_not(void **state)
{
    uint8_t got[32];
    (void)state;
    assert_int_equal(sk_file_write(key_path, "no key", 6, 0600), 0);
    edge_reload();
    edge_reload();
    seen(got, first);
    assert_int_equal(atomic_load(&changes), 1);
    edge_certificate_fingerprint(got);
    assert_memory_equal(got, first, 32);
}

/* Here because it takes ten seconds, too, and its settings fit no other program. */
static void test_a_slow_reader_is_cut(void **state)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    const struct tls_client_options o = {.alpn = alpn, .pin_sha256 = first};
    struct client c;
    struct tls_config *cfg = NULL;
    const struct tls_io io = {io_recv, io_send, &c.fd};
    const int rcvbuf = 4096;
    int64_t before = metric_sum("skep_refused_total"), until = sk_clock_mono_ms() + 15000;
    (void)state;
    client_connect(&c);
    (void)setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
    assert_int_equal(tls_config_client_new(&cfg, &o), 0);
    assert_int_equal(tls_session_new(&c.tls, cfg, &io, "localhost"), 0);
    tls_config_drop(cfg);
    assert_int_equal(tls_session_handshake(c.tls), 0);
    client_text(&c, "GET /assets/big-1234.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    while (metric_sum("skep_refused_total") == before && sk_clock_mono_ms() < until)
        usleep(20000);
    assert_int_equal(metric_sum("skep_refused_total"), before + 1);
    while (client_read(&c) > 0)
        ;
    assert_true(c.in.len < BIG_BYTES);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_owners_certificate_is_shown),
        cmocka_unit_test(test_a_new_one_is_taken_while_running),
        cmocka_unit_test(test_a_bad_one_is_not),
        cmocka_unit_test(test_a_slow_reader_is_cut),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
