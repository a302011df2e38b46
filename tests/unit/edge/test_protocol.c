/* The other protocols of the one port: who becomes a device, who does not, and what tickets are
 * good for. */
#include "house.h"

#include "crypto/x509.h"
#include "net/stream.h"

#define DEVICE "abcdefghijklmnopqrstuvwxyz"

static struct {
    struct x509_key *ca_key, *key, *foreign_key;
    struct sk_buf ca, key_der, cert, stranger, foreign;
    uint8_t serial[X509_SERIAL_SIZE];
    _Atomic int taken, asked, denied;
    struct edge_peer last; /* written before `taken` is raised */
} t;

/* ---- the room behind ------------------------------------------------------------------------- */

static void taken_close(struct net_stream *s, int reason)
{
    (void)s;
    (void)reason;
}

static int take(void *ctx, struct net_stream *s, const struct edge_peer *peer)
{
    static const struct net_stream_ops ops = {.on_close = taken_close};
    (void)ctx;
    net_stream_set_ops(s, &ops, NULL);
    t.last = *peer;
    atomic_fetch_add(&t.taken, 1);
    return net_stream_write(s, "hello", 5);
}

static int may_link(void *ctx, const char *device, const uint8_t *serial, size_t serial_len)
{
    (void)ctx;
    atomic_fetch_add(&t.asked, 1);
    if (strcmp(device, DEVICE) != 0 || serial_len != X509_SERIAL_SIZE ||
        memcmp(serial, t.serial, serial_len) != 0)
        return -SK_EDENIED;
    return atomic_load(&t.denied) ? -SK_EDENIED : 0;
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void certificate_make(struct sk_buf *out, const struct x509_key *ca_key,
                             const struct sk_buf *ca, const char *id, uint8_t *serial)
{
    const struct x509_validity valid = {sk_clock_wall_ms() - 60000, sk_clock_wall_ms() + 3600000};
    const struct x509_issuer issuer = {ca_key, ca->data, ca->len};
    struct x509_csr csr;
    struct sk_buf der;
    sk_buf_init(&der, X509_CSR_MAX);
    sk_buf_init(out, X509_CERT_MAX);
    assert_int_equal(x509_csr_make(&der, t.key, "cam", NULL), 0);
    assert_int_equal(x509_csr_parse(&csr, der.data, der.len), 0);
    assert_int_equal(x509_device_issue(out, &issuer, &csr, id, &valid, serial), 0);
    sk_buf_fini(&der);
}

static int start(void **state)
{
    const struct x509_validity valid = {sk_clock_wall_ms() - 60000, sk_clock_wall_ms() + 3600000};
    const struct edge_protocol device = {"skep-device/1", take, may_link, NULL};
    const struct edge_protocol media = {"skep-media/1", take, NULL, NULL};
    struct sk_buf pem, other;
    uint8_t serial[X509_SERIAL_SIZE];
    assert_int_equal(tls_init(), 0);
    sk_buf_init(&t.ca, X509_CERT_MAX);
    sk_buf_init(&t.key_der, X509_PEM_MAX);
    sk_buf_init(&pem, X509_PEM_MAX);
    sk_buf_init(&other, X509_CERT_MAX);
    assert_int_equal(x509_key_new(&t.ca_key), 0);
    assert_int_equal(x509_key_new(&t.foreign_key), 0);
    assert_int_equal(x509_key_new(&t.key), 0);
    assert_int_equal(x509_key_write_der(&t.key_der, t.key), 0);
    assert_int_equal(x509_ca_make(&t.ca, t.ca_key, "devices", &valid), 0);
    assert_int_equal(x509_ca_make(&other, t.foreign_key, "devices", &valid), 0);
    certificate_make(&t.cert, t.ca_key, &t.ca, DEVICE, t.serial);
    certificate_make(&t.stranger, t.ca_key, &t.ca, "zzzzzzzzzzzzzzzzzzzzzzzzzz", serial);
    certificate_make(&t.foreign, t.foreign_key, &other, DEVICE, serial);
    assert_int_equal(x509_cert_write_pem(&pem, t.ca.data, t.ca.len), 0);
    edge_device_ca_set((const char *)pem.data);
    edge_protocol_add(&device);
    edge_protocol_add(&media);
    sk_buf_fini(&pem);
    sk_buf_fini(&other);
    return house_start(state);
}

static int stop(void **state)
{
    int rc = house_stop(state);
    struct sk_buf *bufs[] = {&t.ca, &t.key_der, &t.cert, &t.stranger, &t.foreign};
    x509_key_free(t.ca_key);
    x509_key_free(t.foreign_key);
    x509_key_free(t.key);
    for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
        sk_buf_fini(bufs[i]);
    return rc;
}

/* ---- the client ------------------------------------------------------------------------------ */

/* Connect; 1 when the room behind greets. `cert` NULL = without one. */
static int link_up(const char *protocol, const struct sk_buf *cert, const struct sk_buf *saved,
                   struct sk_buf *ticket)
{
    const char *const alpn[] = {protocol, NULL};
    struct tls_client_options o = {.alpn = alpn};
    struct client c;
    if (cert != NULL) {
        o.cert = cert->data;
        o.cert_len = cert->len;
        o.key = t.key_der.data;
        o.key_len = t.key_der.len;
    }
    int rc = client_shake(&c, &o, saved);
    int greeted = rc == 0 && client_read(&c) == 5 && memcmp(c.in.data, "hello", 5) == 0;
    if (greeted && ticket != NULL) {
        sk_buf_reset(ticket);
        assert_int_equal(tls_session_save(ticket, c.tls), 0);
    }
    client_close(&c);
    return greeted;
}

static void test_a_device_links(void **state)
{
    (void)state;
    assert_true(link_up("skep-device/1", &t.cert, NULL, NULL));
    assert_string_equal(t.last.device, DEVICE);
    assert_string_equal(t.last.source, "127.0.0.1");
    assert_int_equal(t.last.cert_serial_len, X509_SERIAL_SIZE);
    assert_memory_equal(t.last.cert_serial, t.serial, X509_SERIAL_SIZE);
    assert_false(t.last.resumed);
}

static void test_others_do_not(void **state)
{
    int before = atomic_load(&t.taken);
    int64_t refused = metric_sum("skep_refused_total");
    (void)state;
    assert_false(link_up("skep-device/1", NULL, NULL, NULL));
    assert_false(link_up("skep-device/1", &t.foreign, NULL, NULL));
    assert_false(link_up("skep-device/1", &t.stranger, NULL, NULL));
    atomic_store(&t.denied, 1);
    assert_false(link_up("skep-device/1", &t.cert, NULL, NULL));
    atomic_store(&t.denied, 0);
    assert_false(link_up("skep-device/2", &t.cert, NULL, NULL));
    assert_false(link_up("h2", NULL, NULL, NULL));
    assert_int_equal(atomic_load(&t.taken), before);
    assert_true(metric_sum("skep_refused_total") >= refused + 4);
}

static void test_media_needs_no_certificate(void **state)
{
    (void)state;
    assert_true(link_up("skep-media/1", NULL, NULL, NULL));
    assert_string_equal(t.last.device, "");
    assert_int_equal(t.last.cert_serial_len, 0);
}

static void test_resumption_is_judged_again(void **state)
{
    struct sk_buf ticket;
    (void)state;
    sk_buf_init(&ticket, TLS_TICKET_MAX);
    assert_true(link_up("skep-device/1", &t.cert, NULL, &ticket));
    int asked = atomic_load(&t.asked);
    assert_true(link_up("skep-device/1", &t.cert, &ticket, NULL));
    assert_true(t.last.resumed);
    assert_string_equal(t.last.device, DEVICE);
    assert_memory_equal(t.last.cert_serial, t.serial, X509_SERIAL_SIZE);
    assert_true(atomic_load(&t.asked) > asked);
    atomic_store(&t.denied, 1); /* revoked meanwhile */
    assert_false(link_up("skep-device/1", &t.cert, &ticket, NULL));
    atomic_store(&t.denied, 0);
    sk_buf_fini(&ticket);
}

static void test_tickets_of_other_protocols_do_not_help(void **state)
{
    struct sk_buf media, device;
    (void)state;
    sk_buf_init(&media, TLS_TICKET_MAX);
    sk_buf_init(&device, TLS_TICKET_MAX);
    assert_true(link_up("skep-media/1", NULL, NULL, &media));
    assert_false(link_up("skep-device/1", NULL, &media, NULL));
    assert_true(link_up("skep-device/1", &t.cert, NULL, &device));
    assert_true(link_up("skep-media/1", NULL, &device, NULL)); /* a full handshake, no device */
    assert_false(t.last.resumed);
    assert_string_equal(t.last.device, "");
    sk_buf_fini(&media);
    sk_buf_fini(&device);
}

/* The last test: the house stops while a connection lies there that never said anything. */
static void test_silent_at_the_end(void **state)
{
    static struct client silent;
    (void)state;
    client_connect(&silent);
    assert_true(link_up("skep-media/1", NULL, NULL, NULL)); /* so it was accepted as well */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_device_links),
        cmocka_unit_test(test_others_do_not),
        cmocka_unit_test(test_media_needs_no_certificate),
        cmocka_unit_test(test_resumption_is_judged_again),
        cmocka_unit_test(test_tickets_of_other_protocols_do_not_help),
        cmocka_unit_test(test_silent_at_the_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
