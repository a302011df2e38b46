#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/listener.h"
#include "tests/unit/crypto/tls_help.h"

static struct world w;
static struct net_loop *loop; /* clients, on the test's thread */

/* --- a server that echoes ------------------------------------------------------------------- */

struct server {
    struct net_loops *loops;
    struct net_handshakes *pool;
    struct net_listener *listener;
    struct tls_config *tls;
    _Atomic int opened, closed, resumed, plain, devices;
    _Atomic int last_reason;
};

static struct server server;

static void echo_open(struct net_stream *s, const struct tls_peer *peer)
{
    (void)s;
    server.opened++;
    if (peer && peer->resumed)
        server.resumed++;
    if (peer && strcmp(peer->alpn, "skep-device/1") == 0 &&
        strcmp(peer->device.device_id, DEVICE_ID) == 0)
        server.devices++;
}

static void echo_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    if (net_stream_write(s, data, len) != 0)
        net_stream_abort(s, -SK_ELIMIT);
}

static void echo_close(struct net_stream *s, int reason)
{
    (void)s;
    server.last_reason = reason;
    server.closed++;
}

static void redirect_plain(struct net_stream *s)
{
    server.plain++;
    (void)s;
}

static const struct net_stream_ops ECHO = {
    .on_open = echo_open, .on_plain = redirect_plain, .on_data = echo_data, .on_close = echo_close};

static void server_start(const struct net_listener_options *extra,
                         const struct net_handshake_options *ho)
{
    struct net_listener_options o = *extra;
    server = (struct server){0};
    assert_int_equal(net_loops_start(&server.loops, 2), 0);
    assert_int_equal(net_handshakes_start(&server.pool, ho), 0);
    server.tls = world_server(&w);
    o.host = "127.0.0.1";
    if (!o.ops)
        o.ops = &ECHO;
    if (!o.queue_cap_bytes)
        o.queue_cap_bytes = 4 << 20;
    o.tls = server.tls;
    o.pool = server.pool;
    assert_int_equal(net_listener_open(&server.listener, server.loops, NULL, &o), 0);
    assert_int_not_equal(net_listener_port(server.listener), 0);
}

static void server_stop(void)
{
    net_listener_close(server.listener);
    net_loops_free(server.loops);
    net_handshakes_stop(server.pool);
    tls_config_drop(server.tls);
    assert_true(server.closed >= server.opened + server.plain); /* those that failed close, too */
}

/* --- clients ---------------------------------------------------------------------------------- */

struct client {
    struct net_stream *s;
    int opened, closed, reason, drained;
    struct tls_peer peer;
    size_t got, want;
    uint32_t seed;
    int wrong;
    struct sk_buf ticket;
    int keep_ticket, close_when_done, stay_silent;
    uint8_t fingerprint[32];
};

static uint8_t byte_at(uint32_t seed, size_t i)
{
    return (uint8_t)(seed + i * 31 + i / 253);
}

static void client_open(struct net_stream *s, const struct tls_peer *peer)
{
    struct client *c = net_stream_user(s);
    c->opened = 1;
    if (c->stay_silent)
        net_stream_pause(s);
    if (peer) {
        c->peer = *peer;
        memcpy(c->fingerprint, peer->fingerprint, 32);
    }
}

static void client_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct client *c = net_stream_user(s);
    for (size_t i = 0; i < len; i++)
        c->wrong += data[i] != byte_at(c->seed, c->got + i);
    c->got += len;
    if (c->want && c->got >= c->want) {
        if (c->keep_ticket) {
            sk_buf_reset(&c->ticket);
            assert_int_equal(net_stream_ticket(&c->ticket, s), 0);
        }
        if (c->close_when_done)
            net_stream_close(s, 0);
    }
}

static void client_drain(struct net_stream *s)
{
    struct client *c = net_stream_user(s);
    c->drained++;
}

static void client_close(struct net_stream *s, int reason)
{
    struct client *c = net_stream_user(s);
    assert_int_equal(c->closed, 0);
    c->closed = 1;
    c->reason = reason;
    c->s = NULL;
}

static const struct net_stream_ops CLIENT = {.on_open = client_open,
                                             .on_data = client_data,
                                             .on_drain = client_drain,
                                             .on_close = client_close};

static void client_start(struct client *c, struct tls_config *tls, struct net_handshakes *pool)
{
    const struct net_connect_options o = {.host = "127.0.0.1",
                                          .port = net_listener_port(server.listener),
                                          .tls = tls,
                                          .server_name = "localhost",
                                          .ticket = c->ticket.data,
                                          .ticket_len = c->ticket.len,
                                          .pool = pool,
                                          .queue_cap_bytes = 4 << 20,
                                          .ops = &CLIENT,
                                          .user = c};
    c->opened = c->closed = 0;
    c->got = 0;
    assert_int_equal(net_stream_connect(&c->s, loop, &o), 0);
}

/* Run the loop until `cond` or half a minute (sanitizers on a busy machine). */
#define UNTIL(cond)                                                                                \
    do {                                                                                           \
        int64_t until_ms = sk_clock_mono_ms() + 30000;                                             \
        while (!(cond) && sk_clock_mono_ms() < until_ms)                                           \
            net_loop_run_one(loop, 20);                                                            \
        assert_true(cond);                                                                         \
    } while (0)

static void client_send(struct client *c, size_t len)
{
    uint8_t *data = sk_alloc(len);
    for (size_t i = 0; i < len; i++)
        data[i] = byte_at(c->seed, i);
    c->want = len;
    assert_int_equal(net_stream_write(c->s, data, len), 0);
    free(data);
}

static void echo_round(struct client *c, struct tls_config *tls, size_t len, int resumed)
{
    c->close_when_done = 1;
    client_start(c, tls, NULL);
    UNTIL(c->opened || c->closed);
    assert_true(c->opened);
    assert_int_equal(c->peer.resumed, resumed);
    client_send(c, len);
    UNTIL(c->closed);
    assert_int_equal(c->reason, 0);
    assert_int_equal(c->got, len);
    assert_int_equal(c->wrong, 0);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void echo_full_and_resumed(void **state)
{
    (void)state;
    struct tls_config *device = world_client(&w, "skep-device/1", &w.device_cert);
    struct tls_config *http = world_client(&w, "http/1.1", NULL);
    struct client c = {.seed = 3, .keep_ticket = 1};
    sk_buf_init(&c.ticket, TLS_TICKET_MAX);
    server_start(&(struct net_listener_options){0}, NULL);
    echo_round(&c, device, 1, 0);
    echo_round(&c, device, 100000, 1);
    echo_round(&c, device, 1000000, 1);
    sk_buf_reset(&c.ticket);
    echo_round(&c, http, 2000000, 0);
    echo_round(&c, http, 1, 1);
    /* The browser's ticket on the device's protocol, with a certificate: a full handshake. */
    echo_round(&c, device, 10, 0);
    UNTIL(server.closed == 6);
    assert_int_equal(server.opened, 6);
    assert_int_equal(server.resumed, 3);
    assert_int_equal(server.devices, 4);
    assert_int_equal(server.last_reason, 0);
    server_stop();
    sk_buf_fini(&c.ticket);
    tls_config_drop(device);
    tls_config_drop(http);
}

static void refused_clients(void **state)
{
    (void)state;
    struct tls_config *bare = world_client(&w, "skep-device/1", NULL);
    struct tls_config *foreign = world_client(&w, "skep-device/1", &w.foreign_cert);
    struct tls_config *http = world_client(&w, "http/1.1", NULL);
    struct client c = {.seed = 3, .keep_ticket = 1};
    struct net_handshake_stats stats;
    sk_buf_init(&c.ticket, TLS_TICKET_MAX);
    server_start(&(struct net_listener_options){0}, NULL);
    echo_round(&c, http, 1, 0);
    for (int i = 0; i < 3; i++) { /* no certificate; a browser's ticket; a foreign certificate */
        if (i != 1)
            sk_buf_reset(&c.ticket);
        client_start(&c, i < 2 ? bare : foreign, NULL);
        UNTIL(c.closed);
        assert_int_not_equal(c.reason, 0);
        UNTIL(server.closed == i + 2);
        assert_int_equal(server.last_reason, -SK_EAUTH);
        if (i == 0) {
            sk_buf_reset(&c.ticket);
            echo_round(&c, http, 1, 0);
            UNTIL(server.closed == 3);
            server.closed--;
        }
    }
    net_handshakes_stats(server.pool, &stats);
    assert_int_equal(stats.failed, 3);
    assert_int_equal(stats.done, 2);
    server.closed++;
    server_stop();
    sk_buf_fini(&c.ticket);
    tls_config_drop(bare);
    tls_config_drop(foreign);
    tls_config_drop(http);
}

enum { MANY = 300 };

/* Many at once, through a pool of two places, so that most have to wait for their turn. */
static void many_connections(void **state)
{
    (void)state;
    struct tls_config *device = world_client(&w, "skep-device/1", &w.device_cert);
    struct client *c = sk_alloc(MANY * sizeof *c);
    struct net_handshakes *pool;
    struct net_handshake_stats stats;
    server_start(&(struct net_listener_options){0},
                 &(struct net_handshake_options){.threads = 2, .open_max = 2});
    assert_int_equal(net_handshakes_start(&pool, NULL), 0);
    for (int round = 0; round < 2; round++) {
        int count = round == 0 ? 20 : MANY;
        for (int i = 0; i < count; i++) {
            if (round == 0) {
                sk_buf_init(&c[i].ticket, TLS_TICKET_MAX);
            } else if (i >= 20) {
                sk_buf_init(&c[i].ticket, TLS_TICKET_MAX);
                assert_int_equal(
                    sk_buf_add(&c[i].ticket, c[i % 20].ticket.data, c[i % 20].ticket.len), 0);
            }
            c[i].seed = (uint32_t)i;
            c[i].keep_ticket = round == 0;
            c[i].close_when_done = 1;
            client_start(&c[i], device, i % 2 ? pool : NULL);
        }
        for (int i = 0; i < count; i++) {
            UNTIL(c[i].opened || c[i].closed);
            assert_true(c[i].opened);
            assert_int_equal(c[i].peer.resumed, round);
            client_send(&c[i], 1000 + (size_t)i);
        }
        for (int i = 0; i < count; i++) {
            UNTIL(c[i].closed);
            assert_int_equal(c[i].wrong, 0);
            assert_int_equal(c[i].got, c[i].want);
        }
    }
    UNTIL(server.closed == MANY + 20);
    net_handshakes_stats(server.pool, &stats);
    assert_int_equal(stats.done, MANY + 20);
    assert_int_equal(stats.resumed, MANY);
    assert_int_equal(stats.open, 0);
    server_stop();
    net_handshakes_stop(pool);
    for (int i = 0; i < MANY; i++)
        sk_buf_fini(&c[i].ticket);
    free(c);
    tls_config_drop(device);
}

static void plain_on_the_tls_port(void **state)
{
    (void)state;
    struct client c = {.seed = 'G', .close_when_done = 1};
    server_start(&(struct net_listener_options){0}, NULL);
    client_start(&c, NULL, NULL);
    UNTIL(c.opened);
    client_send(&c, 300000);
    UNTIL(c.closed);
    assert_int_equal(c.got, 300000);
    assert_int_equal(c.wrong, 0);
    assert_int_equal(server.plain, 1);
    assert_int_equal(server.opened, 0);
    UNTIL(server.closed == 1);
    server_stop();
}

/* One says nothing, one begins a ClientHello and falls silent, one dribbles it: none of them gets
 * as far as the handshake pool. A fourth ends in the middle and is not waited for. */
static void silent_clients_are_closed(void **state)
{
    (void)state;
    struct client c[4] = {{0}};
    struct net_handshake_stats stats;
    server_start(&(struct net_listener_options){.first_byte_ms = 200}, NULL);
    for (int i = 0; i < 4; i++)
        client_start(&c[i], NULL, NULL);
    UNTIL(c[1].opened && c[2].opened && c[3].opened);
    assert_int_equal(net_stream_write(c[1].s, "\x16\x03\x01\x02\x00\x01", 6), 0);
    assert_int_equal(net_stream_write(c[3].s, "\x16\x03\x01\x02\x00\x01", 6), 0);
    net_stream_close(c[3].s, 0);
    for (int i = 0; i < 20 && !c[2].closed; i++) {
        if (net_stream_write(c[2].s, i == 0 ? "\x16" : "\x03", 1) != 0)
            break;
        net_loop_run_one(loop, 10);
    }
    UNTIL(c[0].closed && c[1].closed && c[2].closed && c[3].closed);
    UNTIL(server.closed == 4);
    assert_int_equal(server.last_reason, -SK_ETIMEOUT);
    net_handshakes_stats(server.pool, &stats);
    assert_int_equal(stats.failed + stats.done + stats.timed_out, 0);
    server_stop();
}

/* A whole ClientHello, then nothing. */
static void stalled_handshake_times_out(void **state)
{
    (void)state;
    struct tls_config *http = world_client(&w, "http/1.1", NULL);
    struct pipe *in = sk_alloc(sizeof *in), *out = sk_alloc(sizeof *out);
    struct end e = {.in = in, .out = out};
    const struct tls_io io = {end_recv, end_send, &e};
    struct tls_session *hello;
    struct client c = {0};
    struct net_handshake_stats stats;
    assert_int_equal(tls_session_new(&hello, http, &io, "localhost"), 0);
    assert_int_equal(tls_session_handshake(hello), -SK_EAGAIN);
    server_start(&(struct net_listener_options){0},
                 &(struct net_handshake_options){.deadline_ms = 80});
    client_start(&c, NULL, NULL);
    UNTIL(c.opened);
    assert_int_equal(net_stream_write(c.s, out->data, out->len), 0);
    UNTIL(c.closed && server.closed == 1);
    assert_int_equal(server.last_reason, -SK_ETIMEOUT);
    net_handshakes_stats(server.pool, &stats);
    assert_int_equal(stats.timed_out, 1);
    assert_int_equal(stats.open, 0);
    server_stop();
    tls_session_free(hello);
    free(in);
    free(out);
    tls_config_drop(http);
}

static int admit_asked, admit_answer;

static int admit(void *arg, const struct net_addr *source)
{
    (void)arg;
    __atomic_fetch_add(&admit_asked, net_addr_is_loopback(source), __ATOMIC_RELAXED);
    return __atomic_load_n(&admit_answer, __ATOMIC_RELAXED);
}

static void caps_of_the_listener(void **state)
{
    (void)state;
    struct client c[4] = {{0}};
    struct net_listener_stats stats;
    server_start(&(struct net_listener_options){.per_source_max = 2, .admit = admit}, NULL);
    for (int i = 0; i < 4; i++)
        client_start(&c[i], NULL, NULL);
    UNTIL(c[2].closed && c[3].closed);
    assert_int_equal(c[0].closed + c[1].closed, 0);
    net_stream_abort(c[0].s, 0);
    assert_true(c[0].closed);
    UNTIL(server.closed == 1);
    client_start(&c[2], NULL, NULL); /* the place is free again */
    UNTIL(c[2].opened);
    client_send(&c[2], 5);
    UNTIL(c[2].got == 5);
    __atomic_store_n(&admit_answer, -SK_EDENIED, __ATOMIC_RELAXED);
    client_start(&c[3], NULL, NULL);
    UNTIL(c[3].closed);
    net_listener_stats(server.listener, &stats);
    assert_int_equal(stats.refused_source, 2);
    assert_int_equal(stats.refused_admit, 1);
    assert_int_equal(stats.accepted, 3);
    assert_int_equal(stats.open, 2);
    assert_int_equal(admit_asked, 6);
    net_stream_abort(c[1].s, -SK_EDENIED);
    assert_int_equal(c[1].reason, -SK_EDENIED);
    net_stream_abort(c[2].s, 0);
    UNTIL(server.closed == 3);
    server_stop();
}

static void accepting_rests_at_the_limit(void **state)
{
    (void)state;
    struct client a = {0}, b = {0};
    struct net_listener_stats stats;
    server_start(&(struct net_listener_options){.conn_max = 1}, NULL);
    client_start(&a, NULL, NULL);
    UNTIL(a.opened);
    client_send(&a, 5);
    UNTIL(a.got == 5);
    client_start(&b, NULL, NULL);
    UNTIL(b.opened); /* by the kernel; the server has not accepted it */
    client_send(&b, 5);
    int64_t rest_until_ms = sk_clock_mono_ms() + 250;
    while (sk_clock_mono_ms() < rest_until_ms)
        net_loop_run_one(loop, 20);
    assert_int_equal(b.got, 0);
    net_stream_close(a.s, 0);
    UNTIL(b.got == 5);
    net_listener_stats(server.listener, &stats);
    assert_true(stats.rested > 0);
    net_stream_close(b.s, 0);
    UNTIL(a.closed && b.closed);
    server_stop();
}

/* --- a reader that does not read ----------------------------------------------------------------
 */

struct flood {
    struct net_packet *packet;
    int written, refused;
    size_t peak;
};

static struct flood flood;

static void flood_more(struct net_stream *s)
{
    char head[9] = "head....";
    while (net_stream_write_ref(s, head, sizeof head, flood.packet, 10, 20000) == 0)
        flood.written++;
    flood.refused++;
    if (net_stream_queued(s) > flood.peak)
        flood.peak = net_stream_queued(s);
}

static void flood_open(struct net_stream *s, const struct tls_peer *peer)
{
    (void)peer;
    server.opened++;
    net_stream_set_write_stall(s, 300);
    flood_more(s);
}

static void flood_close(struct net_stream *s, int reason)
{
    (void)s;
    server.last_reason = reason;
    server.closed++;
}

static const struct net_stream_ops FLOOD = {.on_open = flood_open, .on_close = flood_close};

static void slow_reader_is_capped_and_cut(void **state)
{
    (void)state;
    struct tls_config *http = world_client(&w, "http/1.1", NULL);
    struct client c = {.stay_silent = 1};
    flood = (struct flood){.packet = net_packet_new(30000)};
    memset(flood.packet->data, 0x5a, 30000);
    server_start(&(struct net_listener_options){.ops = &FLOOD, .queue_cap_bytes = 1 << 20}, NULL);
    client_start(&c, http, NULL);
    UNTIL(server.closed == 1);
    assert_int_equal(server.last_reason, -SK_ETIMEOUT);
    assert_int_equal(flood.written, (1 << 20) / 20009);
    assert_int_equal(flood.refused, 1);
    assert_true(flood.peak <= 1 << 20);
    net_stream_abort(c.s, 0);
    server_stop();
    assert_int_equal(flood.packet->refs, 1); /* all references came back */
    net_packet_drop(flood.packet);
    tls_config_drop(http);
}

/* --- heads and shared payloads arrive in order, with any record size
 * ------------------------------ */

enum { UNITS = 400 };

struct unit_sink {
    struct sk_buf got;
    struct net_stream *s;
    int opened, closed;
};

static void units_open(struct net_stream *s, const struct tls_peer *peer)
{
    (void)peer;
    server.opened++;
    net_stream_set_record_max(s, 2048);
    for (int i = 0; i < UNITS; i++) {
        uint8_t head[9] = {0xab, (uint8_t)i};
        size_t len = (size_t)(i * 97) % 5000;
        if (net_stream_write_ref(s, head, sizeof head, flood.packet, (size_t)i, len) != 0)
            net_stream_abort(s, -SK_EINTERNAL);
    }
    net_stream_close(s, 10000);
}

static const struct net_stream_ops UNIT_SERVER = {.on_open = units_open, .on_close = flood_close};

static void sink_open(struct net_stream *s, const struct tls_peer *peer)
{
    (void)peer;
    ((struct unit_sink *)net_stream_user(s))->opened = 1;
}

static void sink_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct unit_sink *k = net_stream_user(s);
    assert_true(len <= 2048);
    assert_int_equal(sk_buf_add(&k->got, data, len), 0);
    if (sk_random_below(8) == 0) { /* read in fits */
        net_stream_pause(s);
        net_stream_resume(s);
    }
}

static void sink_close(struct net_stream *s, int reason)
{
    struct unit_sink *k = net_stream_user(s);
    assert_int_equal(reason, 0);
    k->closed = 1;
}

static const struct net_stream_ops SINK = {
    .on_open = sink_open, .on_data = sink_data, .on_close = sink_close};

static void shared_payloads(void **state)
{
    (void)state;
    struct tls_config *http = world_client(&w, "http/1.1", NULL);
    struct unit_sink k = {0};
    size_t at = 0;
    sk_buf_init(&k.got, 8 << 20);
    flood = (struct flood){.packet = net_packet_new(8000)};
    for (size_t i = 0; i < 8000; i++)
        flood.packet->data[i] = byte_at(9, i);
    server_start(&(struct net_listener_options){.ops = &UNIT_SERVER}, NULL);
    const struct net_connect_options o = {.host = "localhost",
                                          .port = net_listener_port(server.listener),
                                          .tls = http,
                                          .ops = &SINK,
                                          .user = &k};
    assert_int_equal(net_stream_connect(&k.s, loop, &o), 0);
    UNTIL(k.closed);
    for (int i = 0; i < UNITS; i++) {
        size_t len = (size_t)(i * 97) % 5000;
        assert_true(at + 9 + len <= k.got.len);
        assert_int_equal(k.got.data[at], 0xab);
        assert_int_equal(k.got.data[at + 1], (uint8_t)i);
        assert_memory_equal(k.got.data + at + 9, flood.packet->data + i, len);
        at += 9 + len;
    }
    assert_int_equal(at, k.got.len);
    UNTIL(server.closed == 1);
    assert_int_equal(server.last_reason, 0);
    server_stop();
    net_packet_drop(flood.packet);
    sk_buf_fini(&k.got);
    tls_config_drop(http);
}

/* --- a new certificate while connections live
 * ------------------------------------------------------ */

static void certificate_reload(void **state)
{
    (void)state;
    struct tls_config *http = world_client(&w, "http/1.1", NULL), *next;
    struct client old = {.seed = 1}, fresh = {.seed = 2};
    struct sk_buf before = w.server_cert;
    const char *const names[] = {"localhost", NULL};
    struct x509_validity v = world_validity(-1, 30);
    struct x509_issuer sca = {w.server_ca_key, w.server_ca.data, w.server_ca.len};
    server_start(&(struct net_listener_options){0}, NULL);
    client_start(&old, http, NULL);
    UNTIL(old.opened);
    sk_buf_init(&w.server_cert, X509_CERT_MAX);
    assert_int_equal(x509_server_issue(&w.server_cert, &sca, w.server_key, "Skep 2", names, &v), 0);
    next = world_server(&w);
    net_listener_set_tls(server.listener, next);
    tls_config_drop(next);
    client_start(&fresh, http, NULL);
    UNTIL(fresh.opened);
    assert_memory_not_equal(old.fingerprint, fresh.fingerprint, 32);
    client_send(&old, 5000);
    client_send(&fresh, 5000);
    UNTIL(old.got == 5000 && fresh.got == 5000);
    net_stream_close(old.s, 0);
    net_stream_close(fresh.s, 0);
    UNTIL(old.closed && fresh.closed);
    server_stop();
    sk_buf_fini(&w.server_cert);
    w.server_cert = before;
    tls_config_drop(http);
}

/* --- deadlines, ends
 * -------------------------------------------------------------------------------- */

static void client_deadlines(void **state)
{
    (void)state;
    struct client c = {0};
    server_start(&(struct net_listener_options){0}, NULL);
    client_start(&c, NULL, NULL);
    UNTIL(c.opened);
    net_stream_set_read_deadline(c.s, net_loop_now_ms(loop) + 10000);
    net_stream_set_read_deadline(c.s, net_loop_now_ms(loop) + 30);
    UNTIL(c.closed);
    assert_int_equal(c.reason, -SK_ETIMEOUT);
    server_stop();
}

static void unreachable(void **state)
{
    (void)state;
    struct client c = {0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct net_addr addr;
    struct sockaddr_storage sa;
    assert_int_equal(net_addr_parse(&addr, "127.0.0.1", 0), 0);
    socklen_t len = net_addr_to_sockaddr(&addr, &sa);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0); /* bound, not listening */
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    net_addr_from_sockaddr(&addr, (struct sockaddr *)&sa);
    struct net_connect_options o = {
        .host = "127.0.0.1", .port = addr.port, .ops = &CLIENT, .user = &c};
    assert_int_equal(net_stream_connect(&c.s, loop, &o), 0);
    UNTIL(c.closed);
    assert_int_equal(c.reason, -SK_ECLOSED);
    c.closed = 0;
    o.host = "no-such-name.invalid";
    assert_int_equal(net_stream_connect(&c.s, loop, &o), 0);
    UNTIL(c.closed);
    assert_int_equal(c.reason, -SK_ENOTFOUND);
    c.closed = 0; /* given up while the name is being looked up */
    assert_int_equal(net_stream_connect(&c.s, loop, &o), 0);
    net_stream_abort(c.s, -SK_EGONE);
    assert_int_equal(c.reason, -SK_EGONE);
    o.host = NULL;
    assert_int_equal(net_stream_connect(&c.s, loop, &o), -SK_EINVAL);
    close(fd);
}

/* Loops that end while connections are in every state: nothing leaks, every on_close comes. */
static void stop_in_the_middle(void **state)
{
    (void)state;
    struct tls_config *device = world_client(&w, "skep-device/1", &w.device_cert);
    struct client c[40] = {{0}};
    struct client d[5] = {{0}};
    server_start(&(struct net_listener_options){0},
                 &(struct net_handshake_options){.threads = 1, .open_max = 3});
    for (int i = 0; i < 40; i++)
        client_start(&c[i], device, NULL);
    for (int i = 0; i < 5; i++)
        client_start(&d[i], NULL, NULL);
    UNTIL(c[0].opened && d[0].opened);
    server_stop();
    for (int i = 0; i < 40; i++)
        UNTIL(c[i].closed);
    for (int i = 0; i < 5; i++)
        UNTIL(d[i].closed);
    tls_config_drop(device);
}

static int setup(void **state)
{
    (void)state;
    net_process_init();
    world_init(&w);
    return net_loop_new(&loop);
}

static int teardown(void **state)
{
    (void)state;
    net_loop_free(loop);
    world_fini(&w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_full_and_resumed),
        cmocka_unit_test(refused_clients),
        cmocka_unit_test(many_connections),
        cmocka_unit_test(plain_on_the_tls_port),
        cmocka_unit_test(silent_clients_are_closed),
        cmocka_unit_test(stalled_handshake_times_out),
        cmocka_unit_test(caps_of_the_listener),
        cmocka_unit_test(accepting_rests_at_the_limit),
        cmocka_unit_test(slow_reader_is_capped_and_cut),
        cmocka_unit_test(shared_payloads),
        cmocka_unit_test(certificate_reload),
        cmocka_unit_test(client_deadlines),
        cmocka_unit_test(unreachable),
        cmocka_unit_test(stop_in_the_middle),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
