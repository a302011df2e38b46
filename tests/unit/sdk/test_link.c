/* Device link and media uplink at the camera: framing, sequence, time-outs, strictness. */
#include "tests/unit/sdk/hex.h"

#include <stdio.h>

#include "base/json.h"
#include "sdk/devlink.h"
#include "sdk/uplink.h"
#include "wire/codes.h"
#include "wire/netip.h"
#include "wire/relay.h"

struct heard {
    uint8_t sent[8192];
    size_t sent_len;
    unsigned sends, ready, signals, opens, closes, notices, clocks, errors, keyreqs, cuts;
    uint32_t error_code, stream;
    char text[600];
    int64_t wall, rtt;
};

static void on_send(void *user, const uint8_t *data, size_t len)
{
    struct heard *h = user;

    assert_true(len <= sizeof h->sent);
    memcpy(h->sent, data, len);
    h->sent_len = len;
    h->sends++;
}

static void on_ready(void *user, int64_t wall_ms)
{
    struct heard *h = user;

    h->ready++;
    h->wall = wall_ms;
}

static void on_signal(void *user, const uint8_t *e, size_t len)
{
    struct heard *h = user;

    (void)e;
    assert_int_equal(len, 5);
    h->signals++;
}

static void on_open(void *user, const struct sdk_media_open *m)
{
    struct heard *h = user;

    h->opens++;
    assert_int_equal(m->port, 8443);
    assert_int_equal(sk_copy(h->text, sizeof h->text, m->ticket), 0);
}

static void on_close(void *user, unsigned reason)
{
    struct heard *h = user;

    h->closes += reason;
}

static void on_notice(void *user, const char *kind, const char *account, uint32_t after_s)
{
    struct heard *h = user;

    (void)after_s;
    h->notices++;
    assert_string_equal(kind, "revoke");
    assert_int_equal(sk_copy(h->text, sizeof h->text, account), 0);
}

static void on_clock(void *user, int64_t wall_ms, int64_t rtt_ms)
{
    struct heard *h = user;

    h->clocks++;
    h->wall = wall_ms;
    h->rtt = rtt_ms;
}

static void on_error(void *user, unsigned code, uint32_t retry_ms)
{
    struct heard *h = user;

    (void)retry_ms;
    h->errors++;
    h->error_code = code;
}

static const struct sdk_devlink_ops ops = {.send = on_send,
                                           .ready = on_ready,
                                           .signal = on_signal,
                                           .media_open = on_open,
                                           .media_close = on_close,
                                           .notice = on_notice,
                                           .clock = on_clock,
                                           .error = on_error};

static size_t frame(uint8_t *out, uint16_t id, uint32_t session, uint32_t seq, const char *body)
{
    struct wire_netip_head h = {
        .version = 1, .id = id, .session = session, .seq = seq, .len = (uint32_t)strlen(body)};

    wire_netip_encode(out, &h);
    memcpy(out + 20, body, strlen(body));
    return 20 + strlen(body);
}

static void link_up(struct sdk_devlink *l, struct heard *h)
{
    static const struct sdk_devlink_hello hello = {.model = "m", .hw = "1", .fw = "2"};
    uint8_t f[300];
    struct wire_netip_head head;

    memset(h, 0, sizeof *h);
    sdk_devlink_init(l, &ops, h);
    assert_int_equal(sdk_devlink_start(l, &hello, 1000), 0);
    assert_int_equal(wire_netip_decode(&head, h->sent), 0);
    assert_int_equal(wire_netip_check(&head, WIRE_FROM_CAMERA), 0);
    assert_int_equal(head.id, WIRE_HELLO);
    assert_int_equal(head.session, 0);
    assert_int_equal(sdk_devlink_input(l, f,
                                       frame(f, WIRE_HELLO_OK, 77, 0,
                                             "{\"link\":77,\"wall\":5000000,\"keepalive_s\":25,"
                                             "\"features\":[]}"),
                                       1010),
                     0);
    assert_int_equal(h->ready, 1);
    assert_int_equal(h->wall, 5000000);
}

static void hello_keepalive_and_messages(void **state)
{
    struct sdk_devlink l;
    struct heard h;
    uint8_t f[1000];
    int64_t due, t0;
    size_t n;
    json_t *o;
    char text[200];

    (void)state;
    link_up(&l, &h);
    assert_int_equal(sdk_devlink_tick(&l, 1010, &due), 0);
    assert_true(due > 1010 && due <= 1011 + 25000);
    assert_int_equal(sdk_devlink_tick(&l, due, &due), 0);
    assert_int_equal(sk_json_parse(&o, h.sent + 20, h.sent_len - 20), 0);
    assert_int_equal(sk_json_int(o, "t0", 0, INT64_MAX, &t0), 0);
    json_decref(o);
    snprintf(text, sizeof text, "{\"t0\":%lld,\"t1\":6000000,\"t2\":6000004}", (long long)t0);
    n = frame(f, WIRE_KEEPALIVE_OK, 77, 1, text);
    /* our clock of t0 came from HELLO_OK: 5000000 - 1010 + t; 24 ms later on it */
    assert_int_equal(sdk_devlink_input(&l, f, n, t0 - l.clock_offset_ms + 24), 0);
    assert_int_equal(h.clocks, 1);
    assert_int_equal(h.rtt, 20);
    assert_int_equal(h.wall, 6000014);
    /* two messages and a half in one read, the rest byte by byte */
    n = frame(f, WIRE_SIGNAL, 77, 2, "12345");
    n += frame(f + n, WIRE_NOTICE, 77, 3, "{\"kind\":\"revoke\",\"account\":\"a-1\"}");
    n += frame(f + n, WIRE_MEDIA_OPEN, 77, 4,
               "{\"ticket\":\"tick\",\"host\":\"h\",\"port\":8443,\"expires\":1}");
    assert_int_equal(sdk_devlink_input(&l, f, 60, due), 0);
    assert_int_equal(h.signals, 1);
    for (size_t i = 60; i < n; i++)
        assert_int_equal(sdk_devlink_input(&l, f + i, 1, due), 0);
    assert_int_equal(h.notices, 1);
    assert_int_equal(h.opens, 1);
    assert_string_equal(h.text, "tick");
    assert_null(l.in.data); /* an idle link holds no buffer */
    assert_true(sizeof l <= 256);
    assert_int_equal(sdk_devlink_signal(&l, f, 30), 0);
    assert_int_equal(sk_get_u32le(h.sent + 8), 2);
    assert_int_equal(sk_get_u32le(h.sent + 4), 77);
    sdk_devlink_stop(&l);
}

static const struct {
    const char *name, *body;
    uint16_t id;
    uint32_t session, seq;
    int want;
    unsigned code;
} refused[] = {
    {"replay", "12345", WIRE_SIGNAL, 77, 0, -SK_EREPLAY, WIRE_CODE_REPLAY},
    {"gap", "12345", WIRE_SIGNAL, 77, 2, -SK_EGAP, WIRE_CODE_GAP},
    {"session", "12345", WIRE_SIGNAL, 76, 1, -SK_EINVAL, WIRE_CODE_MALFORMED},
    {"unknown id", "{}", 0x7099, 77, 1, -SK_EUNSUPPORTED, WIRE_CODE_MALFORMED},
    {"wrong way", "{}", WIRE_STATUS, 77, 1, -SK_EINVAL, WIRE_CODE_MALFORMED},
    {"duplicate key", "{\"reason\":1,\"reason\":2}", WIRE_MEDIA_CLOSE, 77, 1, -SK_EINVAL,
     WIRE_CODE_MALFORMED},
    {"unknown member", "{\"reason\":1,\"x\":2}", WIRE_MEDIA_CLOSE, 77, 1, -SK_EINVAL,
     WIRE_CODE_MALFORMED},
    {"second HELLO_OK", "{\"link\":78,\"wall\":1,\"keepalive_s\":25}", WIRE_HELLO_OK, 77, 1,
     -SK_EINVAL, WIRE_CODE_MALFORMED},
    {"ticket too long", NULL, WIRE_MEDIA_OPEN, 77, 1, -SK_EINVAL, WIRE_CODE_MALFORMED},
};

static void wrong_messages_close(void **state)
{
    char long_ticket[700] = "{\"ticket\":\"";

    (void)state;
    memset(long_ticket + 11, 'a', 513);
    memcpy(long_ticket + 11 + 513, "\",\"host\":\"h\",\"port\":8443,\"expires\":1}", 38);
    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct sdk_devlink l;
        struct heard h;
        uint8_t f[1000];
        json_t *o;
        int64_t code;
        size_t n;

        link_up(&l, &h);
        n = frame(f, refused[i].id, refused[i].session, refused[i].seq,
                  refused[i].body != NULL ? refused[i].body : long_ticket);
        print_message("%s\n", refused[i].name);
        assert_int_equal(sdk_devlink_input(&l, f, n, 2000), refused[i].want);
        assert_int_equal(h.signals + h.opens + h.closes, 0);
        assert_int_equal(sk_json_parse(&o, h.sent + 20, h.sent_len - 20), 0);
        assert_int_equal(sk_json_int(o, "code", 0, 255, &code), 0);
        assert_int_equal(code, refused[i].code);
        json_decref(o);
        assert_int_equal(sdk_devlink_input(&l, f, n, 2000), -SK_ECLOSED);
        sdk_devlink_stop(&l);
    }
}

static void bad_heads_take_no_memory(void **state)
{
    struct sdk_devlink l;
    struct heard h;
    uint8_t f[20];
    struct wire_netip_head head = {
        .version = 1, .id = WIRE_SIGNAL, .session = 77, .seq = 1, .len = 65537};

    (void)state;
    link_up(&l, &h);
    wire_netip_encode(f, &head);
    assert_int_equal(sdk_devlink_input(&l, f, sizeof f, 2000), -SK_ETOOBIG);
    sdk_devlink_stop(&l);
    link_up(&l, &h);
    f[0] = 0xFE;
    assert_int_equal(sdk_devlink_input(&l, f, sizeof f, 2000), -SK_EINVAL);
    sdk_devlink_stop(&l);
}

static void timeouts_and_replacement(void **state)
{
    static const struct sdk_devlink_hello hello = {.model = "m", .hw = "1", .fw = "2"};
    struct sdk_devlink l;
    struct heard h;
    uint8_t f[100];
    int64_t due;

    (void)state;
    link_up(&l, &h);
    assert_int_equal(sdk_devlink_tick(&l, 1010 + 74000, &due), 0);
    assert_int_equal(sdk_devlink_tick(&l, 1010 + 75000, &due), -SK_ETIMEOUT);
    assert_int_equal(sdk_devlink_start(&l, &hello, 0), 0);
    assert_int_equal(sdk_devlink_tick(&l, 9999, &due), 0);
    assert_int_equal(sdk_devlink_tick(&l, 10000, &due), -SK_ETIMEOUT);
    link_up(&l, &h);
    assert_int_equal(
        sdk_devlink_input(
            &l, f, frame(f, WIRE_ERROR, 77, 1, "{\"code\":15,\"about\":0,\"retry_ms\":0}"), 2000),
        -SK_ECLOSED);
    assert_int_equal(h.error_code, 15);
    sdk_devlink_stop(&l);
}

static void backoff_is_full_jitter(void **state)
{
    (void)state;
    for (unsigned attempt = 0; attempt < 40; attempt++) {
        uint32_t low = sdk_backoff_ms(attempt, 0), high = sdk_backoff_ms(attempt, UINT32_MAX);

        assert_int_equal(low, 1000);
        assert_true(high <= 60000 && high >= 2000);
        assert_true(attempt < 6 || high == 60000);
    }
}

/* ---- uplink ---- */
static void up_ready(void *user)
{
    ((struct heard *)user)->ready++;
}

static void up_keyreq(void *user, uint32_t stream)
{
    struct heard *h = user;

    h->keyreqs++;
    h->stream = stream;
}

static void up_cut(void *user, unsigned reason)
{
    ((struct heard *)user)->cuts += reason;
}

static const struct sdk_uplink_ops up_ops = {
    .send = on_send, .ready = up_ready, .keyreq = up_keyreq, .cut = up_cut};

static void uplink_ways(void **state)
{
    struct sdk_uplink u;
    struct heard h = {0};
    struct wire_relay_head head;
    uint8_t f[200], ping[8] = {1, 2, 3, 4, 5, 6, 7, 8}, reason = WIRE_CUT_REPLACED;
    int64_t due;
    size_t n;

    (void)state;
    sdk_uplink_init(&u, &up_ops, &h);
    assert_int_equal(sdk_uplink_start(&u, "tick", 0), 0);
    assert_int_equal(wire_relay_decode_whole(&head, h.sent, h.sent_len), 0);
    assert_int_equal(head.kind, WIRE_RELAY_HELLO);
    assert_memory_equal(h.sent + 20, "{\"ticket\":\"tick\"}", 17);
    n = wire_relay_control(f, WIRE_RELAY_WELCOME, 0, NULL, 0);
    n += wire_relay_control(f + n, WIRE_RELAY_KEYREQ, 9, NULL, 0);
    n += wire_relay_control(f + n, WIRE_RELAY_PING, 0, ping, 8);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sdk_uplink_input(&u, f + i, 1, 100), 0);
    assert_int_equal(h.ready, 1);
    assert_int_equal(h.stream, 9);
    assert_int_equal(h.sent[1], WIRE_RELAY_PONG);
    assert_memory_equal(h.sent + 20, ping, 8);
    assert_int_equal(sdk_uplink_tick(&u, 26000, &due), 0);
    assert_int_equal(h.sent[1], WIRE_RELAY_PING);
    assert_int_equal(sdk_uplink_tick(&u, 60100, &due), -SK_ETIMEOUT);
    n = wire_relay_control(f, WIRE_RELAY_CUT, 0, &reason, 1);
    assert_int_equal(sdk_uplink_input(&u, f, n, 27000), -SK_ECLOSED);
    assert_int_equal(h.cuts, WIRE_CUT_REPLACED);
    sdk_uplink_stop(&u);
}

static void uplink_refuses(void **state)
{
    struct sdk_uplink u;
    struct heard h = {0};
    struct wire_relay_head media = {.kind = 1, .stream = 5, .len = 40};
    uint8_t f[200];
    int64_t due;

    (void)state;
    sdk_uplink_init(&u, &up_ops, &h);
    assert_int_equal(sdk_uplink_start(&u, "tick", 0), 0);
    assert_int_equal(sdk_uplink_tick(&u, 10000, &due), -SK_ETIMEOUT);
    /* KEYREQ before WELCOME; media or a foreign control kind at any time */
    assert_true(sdk_uplink_input(&u, f, wire_relay_control(f, WIRE_RELAY_KEYREQ, 9, NULL, 0), 1) <
                0);
    assert_int_equal(h.keyreqs, 0);
    assert_int_equal(sdk_uplink_start(&u, "tick", 0), 0);
    wire_relay_encode(f, &media);
    assert_int_equal(sdk_uplink_input(&u, f, 20, 1), -SK_EINVAL);
    assert_int_equal(sdk_uplink_start(&u, "tick", 0), 0);
    assert_int_equal(
        sdk_uplink_input(&u, f, wire_relay_control(f, WIRE_RELAY_WELCOME, 0, NULL, 0), 1), 0);
    assert_int_equal(
        sdk_uplink_input(&u, f, wire_relay_control(f, WIRE_RELAY_SUBSCRIBE, 3, NULL, 0), 1),
        -SK_EINVAL);
    sdk_uplink_stop(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_keepalive_and_messages),
        cmocka_unit_test(wrong_messages_close),
        cmocka_unit_test(bad_heads_take_no_memory),
        cmocka_unit_test(timeouts_and_replacement),
        cmocka_unit_test(backoff_is_full_jitter),
        cmocka_unit_test(uplink_ways),
        cmocka_unit_test(uplink_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
