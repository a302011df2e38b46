/* WebSockets through the real edge: who gets in, what is read, how it ends. */
#include "house.h"

#include "wire/ws.h"

enum { TEXT_MAX = 100, BINARY_MAX = 70000, QUEUE_MAX = 200100 };

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UP "Host: a:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: x, skep.test.1\r\n"
#define ORIGIN "Origin: https://a:1\r\n"
#define HELLO "GET /ws/test HTTP/1.1\r\n" UP KEY V13 PROTOCOL

static _Atomic int opened, closed_count, drained, late;

static void *on_open(struct edge_ws *ws, const struct principal *p)
{
    assert_string_equal(p->account, "owner");
    assert_ptr_equal(p, edge_ws_principal(ws));
    assert_true(net_loop_is_current(edge_ws_loop(ws)));
    atomic_fetch_add(&opened, 1);
    return ws;
}

/* Closing a socket whose stream is already on its way out must not tell of the end before it
 * returns: rooms go on with what they hold. Waits until the peer's end has been seen. */
static void close_late(void *arg)
{
    struct edge_ws *ws = arg;
    int before = atomic_load(&closed_count);
    if (edge_ws_send_text(ws, "", 0) != -SK_ECLOSED) {
        net_loop_post(edge_ws_loop(ws), close_late, ws);
        return;
    }
    edge_ws_close(ws, 4403, "late");
    atomic_store(&late, atomic_load(&closed_count) == before ? 1 : -1);
}

static void fill(struct edge_ws *ws)
{
    struct net_packet *p = net_packet_new(50000);
    memset(p->data, 'p', p->len);
    while (edge_ws_send_packet(ws, p) == 0)
        ;
    net_packet_drop(p);
}

/* Text commands of the tests; anything else is echoed. */
static void on_text(void *self, const char *text, size_t len)
{
    struct edge_ws *ws = self;
    if (len == 4 && memcmp(text, "bye!", 4) == 0) {
        edge_ws_close(ws, 4403, "not allowed");
        assert_int_equal(edge_ws_send_text(ws, "x", 1), -SK_ECLOSED);
    } else if (len == 4 && memcmp(text, "fill", 4) == 0) {
        fill(ws);
    } else if (len == 4 && memcmp(text, "late", 4) == 0) {
        net_loop_post(edge_ws_loop(ws), close_late, ws);
    } else if (len == 4 && memcmp(text, "full", 4) == 0) {
        struct net_packet *p = net_packet_new(50000);
        int sent = 0;
        memset(p->data, 'p', p->len);
        while (edge_ws_send_packet(ws, p) == 0)
            sent++;
        assert_int_equal(edge_ws_send_packet(ws, p), -SK_ELIMIT);
        assert_int_equal(sent, 4);
        assert_in_range(edge_ws_queued_bytes(ws), 200000, 200100);
        net_packet_drop(p);
    } else {
        assert_int_equal(edge_ws_send_text(ws, text, len), 0);
    }
}

static void on_binary(void *self, const uint8_t *data, size_t len)
{
    assert_int_equal(edge_ws_send_binary(self, data, len), 0);
}

static void on_drain(void *self)
{
    (void)self;
    atomic_fetch_add(&drained, 1);
}

static void on_close(void *self)
{
    assert_non_null(self);
    atomic_fetch_add(&closed_count, 1);
}

static int start(void **state)
{
    struct edge_ws_endpoint e = {
        .path = "/ws/test",
        .subprotocol = "skep.test.1",
        .permission = "session",
        .text_max_bytes = TEXT_MAX,
        .binary_max_bytes = BINARY_MAX,
        .queue_max_bytes = QUEUE_MAX,
        .on_open = on_open,
        .on_text = on_text,
        .on_binary = on_binary,
        .on_drain = on_drain,
        .on_close = on_close,
    };
    edge_ws_endpoint_add(&e);
    e.path = "/ws/never";
    e.permission = "never";
    edge_ws_endpoint_add(&e);
    return house_start(state);
}

/* ---- the client's side ----------------------------------------------------------------------- */

static void ws_open(struct client *c)
{
    client_open(c);
    client_text(c, HELLO ORIGIN COOKIE "\r\n");
    const char *r = client_until(c, "\r\n\r\n");
    if (reply_status(r) != 101)
        fail_msg("%s", r);
    assert_contains(r, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    assert_contains(r, "Sec-WebSocket-Protocol: skep.test.1\r\n");
    sk_buf_consume(&c->in, (size_t)(strstr(r, "\r\n\r\n") + 4 - r));
}

/* A masked client frame; `first` = FIN, reserved bits and opcode. */
static void frame_send(struct client *c, uint8_t first, const void *data, size_t len)
{
    static const uint8_t mask[4] = {0xa1, 0x5c, 0x03, 0x7e};
    static uint8_t out[BINARY_MAX + 100];
    size_t n = ws_head_encode(out, WS_TEXT, len);
    out[0] = first;
    out[1] |= 0x80;
    memcpy(out + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < len; i++)
        out[n + i] = ((const uint8_t *)data)[i] ^ mask[i % 4];
    client_send(c, out, n + len);
}

/* The next server frame: opcode, payload at *data. It is dropped by the next call. */
static uint8_t frame_read(struct client *c, const uint8_t **data, size_t *len)
{
    static uint8_t copy[BINARY_MAX];
    for (;;) {
        size_t head = 2, n = c->in.len >= 2 ? c->in.data[1] : 0;
        assert_true(n < 128); /* servers never mask */
        if (n == 126)
            head = 4;
        else if (n == 127)
            head = 10;
        if (c->in.len >= head) {
            n = n == 126   ? sk_get_u16(c->in.data + 2)
                : n == 127 ? (size_t)sk_get_u64(c->in.data + 2)
                           : n;
            if (c->in.len >= head + n) {
                uint8_t first = c->in.data[0];
                assert_true(n <= sizeof(copy));
                memcpy(copy, c->in.data + head, n);
                sk_buf_consume(&c->in, head + n);
                *data = copy;
                *len = n;
                assert_int_equal(first & 0xf0, 0x80);
                return first & 0x0f;
            }
        }
        if (client_read(c) <= 0)
            return 0xff;
    }
}

static void expect_close(struct client *c, uint16_t code)
{
    const uint8_t *data;
    size_t len;
    uint8_t opcode;
    while ((opcode = frame_read(c, &data, &len)) != WS_CLOSE)
        if (opcode == 0xff)
            fail_msg("ended without a close frame, wanted %u", code);
    assert_true(len >= 2);
    assert_int_equal(sk_get_u16(data), code);
    assert_int_equal(frame_read(c, &data, &len), 0xff);
    client_close(c);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void test_echo(void **state)
{
    static uint8_t big[BINARY_MAX];
    struct client c;
    const uint8_t *data;
    size_t len;
    (void)state;
    ws_open(&c);
    frame_send(&c, 0x81, "gr\xc3\xbc\xc3\x9f", 6);
    assert_int_equal(frame_read(&c, &data, &len), WS_TEXT);
    assert_memory_equal(data, "gr\xc3\xbc\xc3\x9f", 6);
    memset(big, 'z', sizeof(big));
    frame_send(&c, 0x82, big, sizeof(big));
    assert_int_equal(frame_read(&c, &data, &len), WS_BINARY);
    assert_int_equal(len, sizeof(big));
    assert_memory_equal(data, big, sizeof(big));
    frame_send(&c, 0x01, "one ", 4); /* fragments with a ping between them */
    frame_send(&c, 0x89, "p", 1);
    frame_send(&c, 0x80, "two", 3);
    assert_int_equal(frame_read(&c, &data, &len), WS_PONG);
    assert_memory_equal(data, "p", 1);
    assert_int_equal(frame_read(&c, &data, &len), WS_TEXT);
    assert_memory_equal(data, "one two", 7);
    frame_send(&c, 0x88, "\x03\xe8", 2);
    expect_close(&c, 1000);
}

static void test_queue_is_bounded(void **state)
{
    struct client c;
    const uint8_t *data;
    size_t len;
    (void)state;
    ws_open(&c);
    frame_send(&c, 0x81, "full", 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(frame_read(&c, &data, &len), WS_BINARY);
        assert_int_equal(len, 50000);
        assert_int_equal(data[49999], 'p');
    }
    frame_send(&c, 0x81, "bye!", 4);
    expect_close(&c, 4403);
    assert_true(atomic_load(&drained) > 0);
}

static void test_broken_frames(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint16_t code;
    } rows[] = {
        {"\x81\x04text", 6, 1002},                                       /* not masked */
        {"\xc1\x84\0\0\0\0text", 10, 1002},                              /* reserved bit */
        {"\x83\x84\0\0\0\0text", 10, 1002},                              /* reserved opcode */
        {"\x81\x82\0\0\0\0\xc3\x28", 8, 1007},                           /* not UTF-8 */
        {"\x80\x84\0\0\0\0text", 10, 1002},                              /* continues nothing */
        {"\x01\x81\0\0\0\0a\x81\x81\0\0\0\0b", 14, 1002},                /* text within a text */
        {"\x09\x80\0\0\0\0", 6, 1002},                                   /* fragmented ping */
        {"\x89\xfe\0\x7e\0\0\0\0", 8, 1002},                             /* long ping */
        {"\x81\xe5\0\0\0\0x", 7, 1009},                                  /* 101 of 100 */
        {"\x82\xff\0\0\0\0\0\1\x11\x71\0\0\0\0x", 15, 1009},             /* 70001 of 70000 */
        {"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x", 15, 1009}, /* absurd */
        {"\x88\x82\0\0\0\0\x03\xec", 8, 1002},                           /* close code 1004 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct client c;
        ws_open(&c);
        client_send(&c, rows[i].bytes, rows[i].len);
        expect_close(&c, rows[i].code);
    }
}

static void test_fragments_are_bounded(void **state)
{
    struct client c;
    (void)state;
    ws_open(&c);
    frame_send(&c, 0x01, "", 0);
    for (int i = 0; i < 70; i++)
        frame_send(&c, 0x00, "", 0);
    expect_close(&c, 1002);
}

static void test_refused_openings(void **state)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {HELLO ORIGIN "\r\n", 401},
        {HELLO ORIGIN "Cookie: __Host-skep=bad\r\n\r\n", 401},
        {HELLO COOKIE "\r\n", 403}, /* cookie without Origin */
        {HELLO "Origin: https://evil\r\n" COOKIE "\r\n", 403},
        {HELLO "Origin: http://a:1\r\n" COOKIE "\r\n", 403},
        {HELLO "Origin: https://a\r\n" COOKIE "\r\n", 403},
        {HELLO "Origin: null\r\n" COOKIE "\r\n", 403},
        {"GET /ws/never HTTP/1.1\r\n" UP KEY V13 PROTOCOL ORIGIN COOKIE "\r\n", 403},
        {"GET /ws/test HTTP/1.1\r\n" UP KEY V13 ORIGIN COOKIE "\r\n", 403},
        {"GET /ws/test HTTP/1.1\r\n" UP KEY V13 "Sec-WebSocket-Protocol: y\r\n" ORIGIN COOKIE
         "\r\n",
         403},
        {"GET /ws/test HTTP/1.1\r\n" UP KEY PROTOCOL ORIGIN COOKIE "\r\n", 426},
        {"GET /ws/test HTTP/1.1\r\n" UP KEY "Sec-WebSocket-Version: 8\r\n" PROTOCOL ORIGIN COOKIE
         "\r\n",
         426},
        {"GET /ws/test HTTP/1.1\r\n" UP V13 PROTOCOL ORIGIN COOKIE "\r\n", 400},
        {"GET /ws/test HTTP/1.1\r\n" UP "Sec-WebSocket-Key: short\r\n" V13 PROTOCOL ORIGIN COOKIE
         "\r\n",
         400},
        {"GET /ws/test HTTP/1.1\r\nHost: a:1\r\n" KEY V13 PROTOCOL ORIGIN COOKIE "\r\n", 426},
        {"POST /ws/test HTTP/1.1\r\n" UP KEY V13 PROTOCOL ORIGIN COOKIE "\r\n", 426},
        {"GET /ws/other HTTP/1.1\r\n" UP KEY V13 PROTOCOL ORIGIN COOKIE "\r\n", 404},
    };
    int before = atomic_load(&opened);
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct client c;
        client_open(&c);
        client_text(&c, rows[i].request);
        const char *r = client_until(&c, "\r\n\r\n");
        if (reply_status(r) != rows[i].status)
            fail_msg("row %zu: %s", i, r);
        client_close(&c);
    }
    assert_int_equal(atomic_load(&opened), before);
}

static void test_account_limit_and_session_end(void **state)
{
    struct client c[3], more;
    const struct event ended = {.kind = EVENT_SESSION_ENDED, .session = "cookiesession"};
    const uint8_t *data;
    size_t len;
    (void)state;
    ws_open(&c[0]);
    ws_open(&c[1]);
    client_open(&c[2]); /* a native client: bearer token, no Origin */
    client_text(&c[2], HELLO "Authorization: Bearer good\r\n\r\n");
    const char *r = client_until(&c[2], "\r\n\r\n");
    assert_int_equal(reply_status(r), 101);
    sk_buf_reset(&c[2].in);
    client_open(&more);
    client_text(&more, HELLO ORIGIN COOKIE "\r\n");
    assert_int_equal(reply_status(client_until(&more, "\r\n\r\n")), 429);
    client_close(&more);
    int64_t at = sk_clock_mono_ms();
    event_publish(&ended);
    expect_close(&c[0], 4401);
    expect_close(&c[1], 4401);
    assert_true(sk_clock_mono_ms() - at < 2000);
    frame_send(&c[2], 0x81, "still", 5); /* another session */
    assert_int_equal(frame_read(&c[2], &data, &len), WS_TEXT);
    frame_send(&c[2], 0x88, "", 0);
    (void)frame_read(&c[2], &data, &len);
    client_close(&c[2]);
}

static void test_frames_may_follow_the_opening_at_once(void **state)
{
    struct client c;
    const uint8_t *data;
    size_t len;
    (void)state;
    client_open(&c);
    client_text(&c, HELLO ORIGIN COOKIE "\r\n\x81\x82\x01\x01\x01\x01ih");
    const char *r = client_until(&c, "\r\n\r\n");
    sk_buf_consume(&c.in, (size_t)(strstr(r, "\r\n\r\n") + 4 - r));
    assert_int_equal(frame_read(&c, &data, &len), WS_TEXT);
    assert_memory_equal(data, "hi", 2);
    client_close(&c); /* cut without a close frame */
}

static void test_close_comes_later(void **state)
{
    const int small = 4096;
    struct client c;
    (void)state;
    ws_open(&c);
    (void)setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (int i = 0; i < 4; i++) {
        frame_send(&c, 0x81, "fill", 4);
        usleep(50000);
    }
    frame_send(&c, 0x81, "late", 4);
    (void)tls_session_shut(c.tls);
    for (int i = 0; i < 500 && atomic_load(&late) == 0; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&late), 1);
    client_close(&c);
}

static void test_every_close_was_told(void **state)
{
    int64_t until = sk_clock_mono_ms() + 5000;
    (void)state;
    while (atomic_load(&closed_count) < atomic_load(&opened) && sk_clock_mono_ms() < until)
        usleep(10000);
    assert_int_equal(atomic_load(&closed_count), atomic_load(&opened));
}

static void test_drain_says_goodbye(void **state)
{
    struct client c;
    (void)state;
    ws_open(&c);
    edge_room.drain();
    expect_close(&c, 1001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_broken_frames),
        cmocka_unit_test(test_fragments_are_bounded),
        cmocka_unit_test(test_refused_openings),
        cmocka_unit_test(test_account_limit_and_session_end),
        cmocka_unit_test(test_frames_may_follow_the_opening_at_once),
        cmocka_unit_test(test_close_comes_later),
        cmocka_unit_test(test_every_close_was_told),
        cmocka_unit_test(test_drain_says_goodbye),
    };
    return cmocka_run_group_tests(tests, start, house_stop);
}
