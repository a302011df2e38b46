#include <time.h>

#include "tests/unit/crypto/tls_help.h"

static struct world w;

/* A connection in memory. */
struct link {
    struct pipe up, down; /* client to server, server to client */
    struct end client_end, server_end;
    struct tls_session *client, *server;
    int client_err, server_err;
    int leave_ticket; /* do not read after the handshake */
};

static struct link *link_new(struct tls_config *server, struct tls_config *client, const char *name)
{
    struct link *l = sk_alloc(sizeof *l);
    l->client_end = (struct end){.in = &l->down, .out = &l->up};
    l->server_end = (struct end){.in = &l->up, .out = &l->down};
    const struct tls_io client_io = {end_recv, end_send, &l->client_end};
    const struct tls_io server_io = {end_recv, end_send, &l->server_end};
    assert_int_equal(tls_session_new(&l->client, client, &client_io, name), 0);
    assert_int_equal(tls_session_new(&l->server, server, &server_io, NULL), 0);
    return l;
}

static void link_free(struct link *l)
{
    tls_session_free(l->client);
    tls_session_free(l->server);
    free(l);
}

/* Run both sides until they are done or failed; in TLS 1.3 a client learns from its first read that
 * its certificate was refused, or gets its ticket. */
static void link_shake(struct link *l)
{
    uint8_t byte;
    l->client_err = l->server_err = -SK_EAGAIN;
    for (int i = 0; i < 200000 && (l->client_err == -SK_EAGAIN || l->server_err == -SK_EAGAIN);
         i++) {
        uint64_t before = l->client_end.got + l->server_end.got + l->up.total + l->down.total;
        if (l->client_err == -SK_EAGAIN)
            l->client_err = tls_session_handshake(l->client);
        if (l->server_err == -SK_EAGAIN)
            l->server_err = tls_session_handshake(l->server);
        if (l->server_err != 0 && l->server_err != -SK_EAGAIN)
            l->down.is_ended = 1;
        if (l->client_err != 0 && l->client_err != -SK_EAGAIN)
            l->up.is_ended = 1;
        if (before == l->client_end.got + l->server_end.got + l->up.total + l->down.total &&
            !l->client_end.fickle && !l->server_end.fickle && i > 10 && !l->up.is_ended &&
            !l->down.is_ended && !l->client_end.cut_at && !l->server_end.cut_at)
            fail_msg("handshake hangs");
    }
    if (l->client_err == 0 && !l->leave_ticket) {
        ssize_t n = tls_session_read(l->client, &byte, 1);
        for (int i = 0; i < 20000 && n == -SK_EAGAIN && l->down.len > 0; i++)
            n = tls_session_read(l->client, &byte, 1);
        if (n < 0 && n != -SK_EAGAIN)
            l->client_err = (int)n;
    }
}

static void pass_bytes(struct tls_session *from, struct tls_session *to, size_t total)
{
    uint8_t *out = sk_alloc(total), *in = sk_alloc(total);
    size_t sent = 0, got = 0;
    for (size_t i = 0; i < total; i++)
        out[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < 4000000 && got < total; i++) {
        if (sent < total) {
            ssize_t n = tls_session_write(from, out + sent, total - sent);
            assert_true(n > 0 || n == -SK_EAGAIN);
            sent += n > 0 ? (size_t)n : 0;
        }
        ssize_t n = tls_session_read(to, in + got, total - got);
        assert_true(n > 0 || n == -SK_EAGAIN);
        got += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(got, total);
    assert_memory_equal(in, out, total);
    free(out);
    free(in);
}

/* One connection; gives back the client's ticket. Expected results of both sides. */
struct
try {
    const char *alpn;
    const struct sk_buf *cert;
    struct sk_buf *ticket; /* offered if not empty, replaced by the one got */
    int server_err;
    int resumed;
};

static void try_connect(const struct try *t)
{
    struct tls_config *server = world_server(&w), *client = world_client(&w, t->alpn, t->cert);
    struct link *l = link_new(server, client, "localhost");
    struct tls_peer peer, seen;
    if (t->ticket && t->ticket->len)
        tls_session_offer(l->client, t->ticket->data, t->ticket->len);
    link_shake(l);
    assert_int_equal(l->server_err, t->server_err);
    if (t->server_err != 0) {
        assert_int_not_equal(l->client_err, 0);
    } else {
        assert_int_equal(l->client_err, 0);
        pass_bytes(l->client, l->server, 1);
        pass_bytes(l->server, l->client, 100000);
        tls_session_peer(l->server, &peer);
        tls_session_peer(l->client, &seen);
        assert_int_equal(peer.resumed, t->resumed);
        assert_int_equal(seen.resumed, t->resumed);
        assert_string_equal(peer.alpn, t->alpn ? t->alpn : "");
        assert_string_equal(seen.alpn, peer.alpn);
        assert_string_equal(peer.device.device_id, t->cert ? DEVICE_ID : "");
        if (t->cert) {
            assert_int_equal(peer.device.serial_len, sizeof w.device_serial);
            assert_memory_equal(peer.device.serial, w.device_serial, sizeof w.device_serial);
            assert_true(peer.device.not_after_ms > sk_clock_wall_ms());
        }
        if (t->ticket) {
            sk_buf_reset(t->ticket);
            assert_int_equal(tls_session_save(t->ticket, l->client), 0);
        }
    }
    link_free(l);
    tls_config_drop(server);
    tls_config_drop(client);
}

static const char *const DEVICE = "skep-device/1", *const HTTP = "http/1.1",
                         *const MEDIA = "skep-media/1";

static struct sk_buf ticket_of(const char *alpn, const struct sk_buf *cert)
{
    struct sk_buf ticket;
    sk_buf_init(&ticket, TLS_TICKET_MAX);
    try_connect(&(struct try){alpn, cert, &ticket, 0, 0});
    assert_true(ticket.len > 0);
    return ticket;
}

static void policy_full(void **state)
{
    (void)state;
    try_connect(&(struct try){DEVICE, &w.device_cert, NULL, 0, 0});
    try_connect(&(struct try){HTTP, NULL, NULL, 0, 0});
    try_connect(&(struct try){MEDIA, NULL, NULL, 0, 0});
    try_connect(&(struct try){NULL, NULL, NULL, 0, 0});
    try_connect(&(struct try){DEVICE, NULL, NULL, -SK_EAUTH, 0});
    try_connect(&(struct try){DEVICE, &w.foreign_cert, NULL, -SK_EAUTH, 0});
    try_connect(&(struct try){DEVICE, &w.expired_cert, NULL, -SK_EAUTH, 0});
    try_connect(&(struct try){"unknown/9", NULL, NULL, -SK_ECRYPTO, 0});
}

static void resumption(void **state)
{
    (void)state;
    const struct {
        const char *alpn;
        const struct sk_buf *cert;
    } kinds[] = {{DEVICE, &w.device_cert}, {HTTP, NULL}, {NULL, NULL}};
    for (size_t i = 0; i < 3; i++) {
        struct sk_buf t = ticket_of(kinds[i].alpn, kinds[i].cert);
        int asked = w.asked;
        for (int round = 0; round < 3; round++)
            try_connect(&(struct try){kinds[i].alpn, kinds[i].cert, &t, 0, 1});
        assert_int_equal(w.asked - asked, kinds[i].cert ? 3 : 0);
        sk_buf_fini_wipe(&t);
    }
}

/* The serialized client session holds the ticket; a client that lies about its protocol. */
static void tickets_stay_with_their_protocol(void **state)
{
    (void)state;
    struct sk_buf browser = ticket_of(HTTP, NULL), none = ticket_of(NULL, NULL),
                  device = ticket_of(DEVICE, &w.device_cert);
    struct sk_buf *const foreign[] = {&browser, &none};
    for (size_t i = 0; i < 2; i++) {
        /* Without a certificate: refused. With one: a full handshake. */
        struct sk_buf t;
        sk_buf_init(&t, TLS_TICKET_MAX);
        assert_int_equal(sk_buf_add(&t, foreign[i]->data, foreign[i]->len), 0);
        try_connect(&(struct try){DEVICE, NULL, &t, -SK_EAUTH, 0});
        try_connect(&(struct try){DEVICE, &w.device_cert, &t, 0, 0});
        try_connect(&(struct try){DEVICE, &w.device_cert, &t, 0, 1}); /* the new one is good */
        sk_buf_fini(&t);
    }
    const char *const others[] = {HTTP, MEDIA, NULL};
    for (size_t i = 0; i < 3; i++) {
        struct sk_buf t;
        sk_buf_init(&t, TLS_TICKET_MAX);
        assert_int_equal(sk_buf_add(&t, device.data, device.len), 0);
        try_connect(&(struct try){others[i], NULL, &t, 0, 0});
        sk_buf_fini(&t);
    }
    sk_buf_fini_wipe(&browser);
    sk_buf_fini_wipe(&none);
    sk_buf_fini_wipe(&device);
}

static void revoked_and_expired_tickets(void **state)
{
    (void)state;
    struct sk_buf t = ticket_of(DEVICE, &w.device_cert), u;
    w.revoked = 1;
    try_connect(
        &(struct try){DEVICE, &w.device_cert, &t, 0, 0}); /* the certificate is judged above */
    w.revoked = 0;
    try_connect(&(struct try){DEVICE, &w.device_cert, &t, 0, 1});
    w.revoked = 1;
    try_connect(&(struct try){DEVICE, NULL, &t, -SK_EAUTH, 0});
    w.revoked = 0;

    ticket_keys_reset(w.tickets, 2, sk_clock_wall_ms());
    try_connect(&(struct try){DEVICE, NULL, &t, -SK_EAUTH, 0});
    u = ticket_of(DEVICE, &w.device_cert);
    sk_buf_reset(&t);
    assert_int_equal(sk_buf_add(&t, u.data, u.len), 0);
    assert_int_equal(ticket_keys_rotate(w.tickets, sk_clock_wall_ms() + TICKET_ROTATE_MS), 1);
    try_connect(&(struct try){DEVICE, &w.device_cert, &t, 0, 1});
    assert_int_equal(
        ticket_keys_rotate(w.tickets, sk_clock_wall_ms() + 2 * (int64_t)TICKET_ROTATE_MS + 1000),
        1);
    try_connect(&(struct try){DEVICE, NULL, &u, -SK_EAUTH, 0});
    ticket_keys_reset(w.tickets, 1, sk_clock_wall_ms());
    sk_buf_fini_wipe(&t);
    sk_buf_fini_wipe(&u);
}

static int64_t in_two_hours_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ((int64_t)ts.tv_sec + 7200) * 1000;
}

/* The certificate behind a ticket runs out: the ticket does, too, however young its key. */
static void ticket_dies_with_certificate(void **state)
{
    (void)state;
    const struct x509_issuer ca = {w.device_ca_key, w.device_ca.data, w.device_ca.len};
    int64_t now_ms = sk_clock_wall_ms();
    struct x509_validity v = {now_ms - 3600000, now_ms + 3600000};
    uint8_t serial[X509_SERIAL_SIZE];
    struct sk_buf cert;
    memcpy(serial, w.device_serial, sizeof serial);
    world_device_cert(&cert, &ca, w.device_key, &v, w.device_serial);
    struct sk_buf t = ticket_of(DEVICE, &cert);
    try_connect(&(struct try){DEVICE, &cert, &t, 0, 1});
    sk_clock_override(NULL, in_two_hours_ms);
    try_connect(&(struct try){DEVICE, NULL, &t, -SK_EAUTH, 0});
    sk_clock_override(NULL, NULL);
    memcpy(w.device_serial, serial, sizeof serial);
    sk_buf_fini(&t);
    sk_buf_fini(&cert);
}

static void server_is_checked(void **state)
{
    (void)state;
    const char *const good[] = {"localhost", "127.0.0.1", "::1"};
    const char *const bad[] = {"localhost.example", "127.0.0.2", "::2", "Skep"};
    struct tls_config *server = world_server(&w), *client = world_client(&w, HTTP, NULL);
    for (size_t i = 0; i < 7; i++) {
        struct link *l = link_new(server, client, i < 3 ? good[i] : bad[i - 3]);
        link_shake(l);
        assert_int_equal(l->client_err, i < 3 ? 0 : -SK_EAUTH);
        link_free(l);
    }
    tls_config_drop(client);

    struct x509_info info;
    assert_int_equal(x509_cert_info(&info, w.server_cert.data, w.server_cert.len), 0);
    for (int i = 0; i < 2; i++) {
        struct tls_client_options o = {.pin_sha256 = info.fingerprint};
        assert_int_equal(tls_config_client_new(&client, &o), 0);
        struct link *l = link_new(server, client, "other.name");
        link_shake(l);
        assert_int_equal(l->client_err, i == 0 ? 0 : -SK_EAUTH);
        if (i == 0) {
            struct tls_peer peer;
            tls_session_peer(l->client, &peer);
            assert_true(peer.has_fingerprint);
            assert_memory_equal(peer.fingerprint, info.fingerprint, 32);
        }
        link_free(l);
        tls_config_drop(client);
        info.fingerprint[31] ^= 1;
    }
    struct tls_client_options wrong_ca = {.ca = w.device_ca.data, .ca_len = w.device_ca.len};
    assert_int_equal(tls_config_client_new(&client, &wrong_ca), 0);
    struct link *l = link_new(server, client, "localhost");
    link_shake(l);
    assert_int_equal(l->client_err, -SK_EAUTH);
    link_free(l);
    tls_config_drop(client);
    struct tls_client_options nothing = {0};
    assert_int_equal(tls_config_client_new(&client, &nothing), -SK_EINVAL);
    tls_config_drop(server);
}

static void bad_configs(void **state)
{
    (void)state;
    static const char *const ALPN[] = {"http/1.1", NULL}, *const OTHER[] = {"x", NULL};
    struct tls_config *cfg = NULL;
    struct tls_server_options o = {.cert = w.server_cert.data,
                                   .cert_len = w.server_cert.len,
                                   .key = w.device_pem.data, /* of another certificate */
                                   .key_len = w.device_pem.len,
                                   .alpn = ALPN};
    assert_int_equal(tls_config_server_new(&cfg, &o), -SK_EINVAL);
    o.key = w.server_pem.data;
    o.key_len = w.server_pem.len;
    o.mutual_alpn = OTHER; /* not in the list */
    assert_int_equal(tls_config_server_new(&cfg, &o), -SK_EINVAL);
    o.mutual_alpn = ALPN; /* no authority */
    assert_int_equal(tls_config_server_new(&cfg, &o), -SK_EINVAL);
    o.mutual_alpn = NULL;
    o.cert_len -= 1;
    assert_int_equal(tls_config_server_new(&cfg, &o), -SK_EINVAL);
    assert_null(cfg);
}

/* Bytes one at a time, "later" at every other call. */
static void fickle_transport(void **state)
{
    (void)state;
    struct tls_config *server = world_server(&w),
                      *client = world_client(&w, DEVICE, &w.device_cert);
    struct sk_buf t = ticket_of(DEVICE, &w.device_cert);
    for (int resumed = 0; resumed < 2; resumed++) {
        struct link *l = link_new(server, client, "localhost");
        struct tls_peer peer;
        uint8_t byte;
        ssize_t n = -SK_EAGAIN;
        l->client_end.chunk = l->server_end.chunk = 1;
        l->client_end.fickle = l->server_end.fickle = 1;
        if (resumed)
            tls_session_offer(l->client, t.data, t.len);
        link_shake(l);
        assert_int_equal(l->client_err, 0);
        assert_int_equal(l->server_err, 0);
        tls_session_peer(l->server, &peer);
        assert_int_equal(peer.resumed, resumed);
        l->client_end.chunk = l->server_end.chunk = 37;
        pass_bytes(l->client, l->server, 1);
        pass_bytes(l->server, l->client, 50000);
        pass_bytes(l->client, l->server, 50000);
        tls_session_trim(l->server);
        pass_bytes(l->client, l->server, 5000);
        while (tls_session_shut(l->client) == -SK_EAGAIN)
            ;
        l->client_end.fickle = 0;
        for (int i = 0; i < 1000 && n == -SK_EAGAIN; i++)
            n = tls_session_read(l->server, &byte, 1);
        assert_true(n == 0 || n == -SK_EAGAIN); /* close_notify is best effort */
        link_free(l);
    }
    sk_buf_fini(&t);
    tls_config_drop(server);
    tls_config_drop(client);
}

/* In TLS 1.3 a ticket arrives while a record waits to be sent: taking it in sends the record, too,
 * and offering the same bytes again must not send them twice. */
static void ticket_meets_held_record(void **state)
{
    (void)state;
    struct tls_config *server = world_server(&w), *client = world_client(&w, HTTP, NULL);
    uint8_t out[5000], in[2 * sizeof out];
    size_t got = 0;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i % 251);
    for (int read_first = 0; read_first < 2; read_first++) {
        struct link *l = link_new(server, client, "localhost");
        l->leave_ticket = 1;
        link_shake(l);
        assert_int_equal(l->client_err, 0);
        l->client_end.stuck = 1;
        ssize_t n = -SK_EAGAIN;
        for (int i = 0; i < 3; i++)
            n = tls_session_write(l->client, out, sizeof out);
        assert_int_equal(n, -SK_EAGAIN);
        l->client_end.stuck = 0;
        if (read_first)
            assert_int_equal(tls_session_read(l->client, in, sizeof in), -SK_EAGAIN);
        assert_int_equal(tls_session_write(l->client, out, sizeof out), sizeof out);
        assert_int_equal(tls_session_write(l->client, "end", 3), 3);
        got = 0;
        while ((n = tls_session_read(l->server, in + got, sizeof in - got)) > 0)
            got += (size_t)n;
        assert_int_equal(n, -SK_EAGAIN);
        assert_int_equal(got, sizeof out + 3);
        assert_memory_equal(in, out, sizeof out);
        link_free(l);
    }
    tls_config_drop(server);
    tls_config_drop(client);
}

/* The transport ends after every possible byte: an error on that side, never a success or a hang.
 */
static void cut_everywhere(void **state)
{
    (void)state;
    struct tls_config *server = world_server(&w),
                      *client = world_client(&w, DEVICE, &w.device_cert);
    struct sk_buf t = ticket_of(DEVICE, &w.device_cert);
    for (int side = 0; side < 2; side++) {
        struct link *whole = link_new(server, client, "localhost");
        tls_session_offer(whole->client, t.data, t.len);
        link_shake(whole);
        uint64_t total = side ? whole->client_end.got : whole->server_end.got;
        link_free(whole);
        for (uint64_t at = 1; at < total; at++) {
            struct link *l = link_new(server, client, "localhost");
            tls_session_offer(l->client, t.data, t.len);
            (side ? &l->client_end : &l->server_end)->cut_at = at;
            link_shake(l);
            assert_int_not_equal(side ? l->client_err : l->server_err, -SK_EAGAIN);
            if (side == 0)
                assert_int_equal(l->server_err, -SK_ECLOSED);
            link_free(l);
        }
    }
    sk_buf_fini(&t);
    tls_config_drop(server);
    tls_config_drop(client);
}

static void truncation_is_told_from_close(void **state)
{
    (void)state;
    struct tls_config *server = world_server(&w), *client = world_client(&w, HTTP, NULL);
    uint8_t byte;
    for (int orderly = 0; orderly < 2; orderly++) {
        struct link *l = link_new(server, client, "localhost");
        link_shake(l);
        if (orderly)
            assert_int_equal(tls_session_shut(l->client), 0);
        l->up.is_ended = 1;
        assert_int_equal(tls_session_read(l->server, &byte, 1), orderly ? 0 : -SK_ECLOSED);
        link_free(l);
    }
    tls_config_drop(server);
    tls_config_drop(client);
}

/* Random damage on the way to the server: an error or a hang-free stop, never a foreign success. */
static void damaged_records(void **state)
{
    (void)state;
    struct tls_config *server = world_server(&w), *client = world_client(&w, HTTP, NULL);
    for (unsigned round = 0; round < 40; round++) {
        struct link *l = link_new(server, client, "localhost");
        uint8_t buf[64];
        link_shake(l);
        assert_int_equal(tls_session_write(l->client, "forty-two", 9), 9);
        l->up.data[sk_random_below((uint32_t)l->up.len)] ^= (uint8_t)(1u << round % 8);
        l->up.is_ended = 1;
        assert_true(tls_session_read(l->server, buf, sizeof buf) < 0);
        link_free(l);
    }
    tls_config_drop(server);
    tls_config_drop(client);
}

static int setup(void **state)
{
    (void)state;
    world_init(&w);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_fini(&w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_full),
        cmocka_unit_test(resumption),
        cmocka_unit_test(tickets_stay_with_their_protocol),
        cmocka_unit_test(revoked_and_expired_tickets),
        cmocka_unit_test(ticket_dies_with_certificate),
        cmocka_unit_test(server_is_checked),
        cmocka_unit_test(bad_configs),
        cmocka_unit_test(fickle_transport),
        cmocka_unit_test(ticket_meets_held_record),
        cmocka_unit_test(cut_everywhere),
        cmocka_unit_test(truncation_is_told_from_close),
        cmocka_unit_test(damaged_records),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
