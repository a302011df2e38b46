/* Codecs: what they take, what they refuse, and that encode and decode agree. */
#include "tests/unit/sdk/hex.h"

#include "wire/codes.h"
#include "wire/envelope.h"
#include "wire/key_rec.h"
#include "wire/label.h"
#include "wire/netip.h"
#include "wire/record.h"
#include "wire/relay.h"
#include "wire/seal_msg.h"
#include "wire/sframe.h"

static void netip_golden_and_limits(void **state)
{
    static const char golden[] = "ff0100000b00000007000000"
                                 "0000ee032f000000"; /* netip.md 1: KeepAlive */
    struct wire_netip_head h;
    uint8_t raw[20], out[20];

    (void)state;
    unhex(raw, 20, golden);
    assert_int_equal(wire_netip_decode(&h, raw), 0);
    assert_int_equal(h.session, 0x0B);
    assert_int_equal(h.seq, 7);
    assert_int_equal(h.id, 1006);
    assert_int_equal(h.len, 47);
    wire_netip_encode(out, &h);
    assert_memory_equal(out, raw, 20);
    assert_int_equal(wire_netip_check(&h, WIRE_FROM_CAMERA), -SK_EUNSUPPORTED);
    h.id = WIRE_HELLO;
    assert_int_equal(wire_netip_check(&h, WIRE_FROM_CAMERA), 0);
    assert_int_equal(wire_netip_check(&h, WIRE_FROM_SERVER), -SK_EINVAL);
    h.current = 1;
    assert_int_equal(wire_netip_check(&h, WIRE_FROM_CAMERA), -SK_EINVAL);
    raw[1] = 2;
    assert_int_equal(wire_netip_decode(&h, raw), -SK_EINVAL);
    raw[1] = 0;
    assert_int_equal(wire_netip_decode(&h, raw), 0);
    raw[0] = 0;
    assert_int_equal(wire_netip_decode(&h, raw), -SK_EINVAL);
    raw[0] = 0xFF;
    unhex(raw + 16, 4, "00000100");
    assert_int_equal(wire_netip_decode(&h, raw), 0); /* 65,536 */
    unhex(raw + 16, 4, "01000100");
    assert_int_equal(wire_netip_decode(&h, raw), -SK_ETOOBIG);
    assert_string_equal(wire_netip_id_name(0x7050), "STATUS");
    assert_null(wire_netip_id_name(0x7051));
}

static void sframe_headers(void **state)
{
    static const struct {
        uint64_t kid, ctr;
        const char *hex;
    } rows[] = {{0, 0, "00"},
                {0, 255, "08ff"},
                {1, 1, "11"},
                {255, 256, "89ff0100"},
                {65536, 255, "a8010000ff"},
                {0x123, 0x4567, "9901234567"},
                {7, 8, "7808"},
                {UINT64_MAX, UINT64_MAX, "ffffffffffffffffffffffffffffffffff"}};
    uint8_t out[WIRE_SFRAME_HEAD_MAX];
    uint64_t kid, ctr;
    size_t n, used;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        n = wire_sframe_encode(out, rows[i].kid, rows[i].ctr);
        assert_hex(out, n, rows[i].hex);
        assert_int_equal(wire_sframe_decode(&kid, &ctr, &used, out, n), 0);
        assert_true(kid == rows[i].kid && ctr == rows[i].ctr && used == n);
        for (size_t cut = 0; cut < n; cut++)
            assert_int_equal(wire_sframe_decode(&kid, &ctr, &used, out, cut), -SK_EINVAL);
    }
}

static void row_76_to_78_relay_limits(void **state)
{
    static const struct {
        struct wire_relay_head h;
        int want;
    } rows[] = {
        {{1, WIRE_RELAY_KEY, 5, 9, 18}, 0},
        {{1, WIRE_RELAY_KEY, 5, 9, 17}, -SK_EINVAL},
        {{1, WIRE_RELAY_KEY, 5, 9, 4 << 20}, 0},
        {{1, WIRE_RELAY_KEY, 5, 9, (4 << 20) + 1}, -SK_ETOOBIG},
        {{1, WIRE_RELAY_KEY | WIRE_RELAY_INIT, 5, 9, 18}, -SK_EINVAL},
        {{1, 0x20, 5, 9, 18}, -SK_EINVAL},
        {{1, WIRE_RELAY_KEY, 0, 9, 18}, -SK_EINVAL},
        {{0, 0, 5, 9, 18}, -SK_EINVAL},
        {{7, 0, 5, 9, 18}, -SK_EINVAL},
        {{0x7f, 0, 5, 9, 18}, -SK_EINVAL},
        {{WIRE_RELAY_HELLO, 0, 0, 0, 1}, 0},
        {{WIRE_RELAY_HELLO, 0, 0, 0, 0}, -SK_EINVAL},
        {{WIRE_RELAY_HELLO, 0, 0, 0, 4097}, -SK_ETOOBIG},
        {{WIRE_RELAY_HELLO, 0, 1, 0, 5}, -SK_EINVAL},
        {{WIRE_RELAY_SUBSCRIBE, 0, 1, 0, 0}, 0},
        {{WIRE_RELAY_SUBSCRIBE, 0, 0, 0, 0}, -SK_EINVAL},
        {{WIRE_RELAY_SUBSCRIBE, 0, 1, 0, 1}, -SK_EINVAL},
        {{WIRE_RELAY_SUBSCRIBE, 1, 1, 0, 0}, -SK_EINVAL},
        {{WIRE_RELAY_SUBSCRIBE, 0, 1, 1, 0}, -SK_EINVAL},
        {{WIRE_RELAY_PING, 0, 0, 0, 8}, 0},
        {{WIRE_RELAY_PING, 0, 0, 0, 9}, -SK_EINVAL},
        {{WIRE_RELAY_CUT, 0, 0, 0, 1}, 0},
        {{WIRE_RELAY_CUT, 0, 7, 0, 1}, 0},
        {{0x8a, 0, 0, 0, 0}, -SK_EINVAL},
        {{0xff, 0, 0, 0, 0}, -SK_EINVAL},
    };
    uint8_t raw[20 + 18] = {0};
    struct wire_relay_head h;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_relay_encode(raw, &rows[i].h);
        assert_int_equal(wire_relay_decode(&h, raw), rows[i].want);
    }
    wire_relay_encode(raw, &rows[0].h);
    assert_int_equal(wire_relay_decode_whole(&h, raw, 38), 0);
    assert_int_equal(wire_relay_decode_whole(&h, raw, 37), -SK_EINVAL);
    assert_int_equal(wire_relay_decode_whole(&h, raw, 19), -SK_EINVAL);
    raw[0] = 2;
    assert_int_equal(wire_relay_decode(&h, raw), -SK_EVERSION);
    assert_string_equal(wire_relay_kind_name(0x82), "SUBSCRIBE");
    assert_string_equal(wire_relay_kind_name(1), "video");
    assert_null(wire_relay_kind_name(0x8a));
}

static void envelope_forms(void **state)
{
    static uint8_t big[WIRE_ENVELOPE_MAX + 10], body[WIRE_ENVELOPE_BODY_MAX + 1];
    struct wire_envelope e = {.type = 1,
                              .ttl = 100,
                              .seq = 3,
                              .account = "acct",
                              .account_len = 4,
                              .body = body,
                              .body_len = 5},
                         d;
    size_t n;

    (void)state;
    assert_int_equal(wire_envelope_encode(big, sizeof big, &n, &e), 0);
    assert_int_equal(n, 41 + 4 + 5);
    assert_int_equal(wire_envelope_decode(&d, big, n), 0);
    assert_int_equal(d.seq, 3);
    assert_int_equal(d.body_len, 5);
    assert_memory_equal(d.account, "acct", 4);
    for (size_t cut = 0; cut < n - 4; cut++)
        assert_true(wire_envelope_decode(&d, big, cut) < 0);
    big[0] = 2;
    assert_int_equal(wire_envelope_decode(&d, big, n), -SK_EVERSION);
    big[0] = 1;
    big[40] = 65;
    assert_int_equal(wire_envelope_decode(&d, big, sizeof big), -SK_EINVAL);
    big[40] = 4;
    big[41] = 0xff; /* no UTF-8 */
    assert_int_equal(wire_envelope_decode(&d, big, n), -SK_EINVAL);
    e.ttl = 0;
    assert_int_equal(wire_envelope_encode(big, sizeof big, &n, &e), -SK_EINVAL);
    e.ttl = 601;
    assert_int_equal(wire_envelope_encode(big, sizeof big, &n, &e), -SK_EINVAL);
    e.ttl = 600;
    e.body_len = WIRE_ENVELOPE_BODY_MAX;
    assert_int_equal(wire_envelope_encode(big, sizeof big, &n, &e), 0);
    assert_int_equal(wire_envelope_decode(&d, big, n), 0);
    assert_int_equal(wire_envelope_decode(&d, big, n + 1), -SK_ETOOBIG);
    assert_int_equal(wire_envelope_encode(big, n - 1, &n, &e), -SK_ETOOBIG);
    e = (struct wire_envelope){.type = 3, .ttl = 1, .reason = WIRE_END_TTL};
    assert_int_equal(wire_envelope_encode(big, sizeof big, &n, &e), 0);
    assert_int_equal(n, 42);
    assert_int_equal(wire_envelope_decode(&d, big, n), 0);
    assert_int_equal(d.reason, WIRE_END_TTL);
    assert_int_equal(wire_envelope_decode(&d, big, n + 1), -SK_EINVAL);
    big[41] = 8;
    assert_int_equal(wire_envelope_decode(&d, big, n), -SK_EINVAL);
}

static void seal_messages(void **state)
{
    static const struct {
        uint8_t kind;
        size_t len;
    } rows[] = {{WIRE_SEAL_OPEN, 28},    {WIRE_SEAL_OPEN, 93},    {WIRE_SEAL_PARAMS, 48},
                {WIRE_SEAL_ANSWER, 125}, {WIRE_SEAL_CONFIRM, 52}, {WIRE_SEAL_CONFIRM, 60},
                {WIRE_SEAL_ABORT, 28},   {WIRE_SEAL_KOPEN, 117},  {WIRE_SEAL_KANSWER, 121}};
    uint8_t in[200], out[200];
    struct wire_seal_msg m;
    size_t n;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned j = 0; j < sizeof in; j++)
            in[j] = (uint8_t)j;
        in[0] = rows[i].kind;
        in[1] = 1;
        in[2] = in[3] = in[21] = in[22] = in[23] = 0;
        assert_int_equal(wire_seal_decode(&m, in, rows[i].len), 0);
        assert_int_equal(wire_seal_encode(out, sizeof out, &n, &m), 0);
        assert_int_equal(n, rows[i].len);
        assert_memory_equal(in, out, n);
        assert_int_equal(wire_seal_encode(out, n - 1, &n, &m), -SK_ETOOBIG);
        for (size_t len = 0; len < sizeof in; len++) {
            int good = len == rows[i].len || (rows[i].kind == WIRE_SEAL_OPEN && len == 28) ||
                       (rows[i].kind == WIRE_SEAL_OPEN && len == 93) ||
                       (rows[i].kind == WIRE_SEAL_CONFIRM && len >= 52);

            assert_int_equal(wire_seal_decode(&m, in, len), good ? 0 : -SK_EINVAL);
        }
        in[1] = 2;
        assert_int_equal(wire_seal_decode(&m, in, rows[i].len), -SK_EVERSION);
        in[1] = 1;
        in[3] = 1;
        assert_int_equal(wire_seal_decode(&m, in, rows[i].len), -SK_EINVAL);
    }
    m = (struct wire_seal_msg){.kind = WIRE_SEAL_PARAMS};
    assert_int_equal(wire_seal_encode(out, sizeof out, &n, &m), -SK_EINVAL); /* nothing to send */
}

static void key_records(void **state)
{
    struct wire_key_head h = {.flags = 1, .count = 2}, d;
    struct wire_key_entry e[2] = {{.kid = wire_kid(9, 1, 1), .stream = 4, .kind = 1, .slot = 1},
                                  {.kid = wire_kid(10, 2, 1), .stream = 5, .kind = 1, .slot = 2}},
                          got;
    uint8_t out[12 + 120];

    (void)state;
    assert_int_equal(wire_key_encode(out, &h, e), sizeof out);
    assert_int_equal(wire_key_decode(&d, out, sizeof out), 0);
    assert_int_equal(wire_key_entry_decode(&got, out, 1), 0);
    assert_true(got.kid == e[1].kid);
    assert_int_equal(wire_kid_generation(got.kid), 10);
    assert_int_equal(wire_key_decode(&d, out, sizeof out - 1), -SK_EINVAL);
    out[12 + 60 + 12] = 2; /* kind and KID disagree */
    assert_int_equal(wire_key_entry_decode(&got, out, 1), -SK_EINVAL);
    out[12] = 1; /* over 48 bits */
    assert_int_equal(wire_key_entry_decode(&got, out, 0), -SK_EINVAL);
    out[1] = 2;
    assert_int_equal(wire_key_decode(&d, out, sizeof out), -SK_EINVAL);
    out[0] = 2;
    assert_int_equal(wire_key_decode(&d, out, sizeof out), -SK_EVERSION);
}

static void record_heads(void **state)
{
    uint8_t plain[128];
    struct wire_record_plain p;
    struct wire_record_head h = {.epoch = 3, .counter = 77}, d;
    uint8_t body[96] = {0};

    (void)state;
    wire_record_encode(body, &h);
    assert_int_equal(wire_record_decode(&d, body, sizeof body), 0);
    assert_true(d.epoch == 3 && d.counter == 77);
    assert_int_equal(wire_record_decode(&d, body, 95), -SK_EINVAL);
    assert_int_equal(wire_record_decode(&d, body, 32), -SK_EINVAL);
    body[1] = 1;
    assert_int_equal(wire_record_decode(&d, body, sizeof body), -SK_EINVAL);
    assert_int_equal(wire_record_plain_size(0), 64);
    assert_int_equal(wire_record_plain_size(60), 64);
    assert_int_equal(wire_record_plain_size(61), 128);
    assert_int_equal(WIRE_RECORD_CONTENT_MAX, 16316);
    assert_int_equal(wire_record_plain_encode(plain, WIRE_RECORD_REQ, 0, plain, 0), 64);
    assert_int_equal(wire_record_plain_decode(&p, plain, 64), 0);
    plain[63] = 1;
    assert_int_equal(wire_record_plain_decode(&p, plain, 64), -SK_EINVAL);
}

static void labels(void **state)
{
    static const char *const good[] = {
        "skep:1?d=aaaqeayeaudaocajbifqydiob4&c=R30W5GY4RQ3CFJ69SB5WSK0S",
        "skep:1?d=aaaqeayeaudaocajbifqydiob4&c=R30W5GY4RQ3CFJ69SB5WSK0S&k=BHNR-26TZ-21A8-51JN-"
        "5YAE"};
    static const char *const bad[] = {
        "",
        "skep:2?d=aaaqeayeaudaocajbifqydiob4&c=R30W5GY4RQ3CFJ69SB5WSK0S",
        "skep:1?d=aaaqeayeaudaocajbifqydiob1&c=R30W5GY4RQ3CFJ69SB5WSK0S",
        "skep:1?c=R30W5GY4RQ3CFJ69SB5WSK0S&d=aaaqeayeaudaocajbifqydiob4",
        "skep:1?d=aaaqeayeaudaocajbifqydiob4&c=R30W5GY4RQ3CFJ69SB5WSK0U",
        "skep:1?d=aaaqeayeaudaocajbifqydiob4&c=R30W5GY4RQ3CFJ69SB5WSK0S&k=BHNR-26TZ-21A8-51JN-"
        "5YAEX",
        "skep:1?d=aaaqeayeaudaocajbifqydiob4&c=R30W5GY4RQ3CFJ69SB5WSK0S&k=BHNR+26TZ-21A8-51JN-"
        "5YAE"};
    struct wire_label l;
    char out[200], code[WIRE_LABEL_CODE_SIZE];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(wire_label_decode(&l, good[i], strlen(good[i])), 0);
        assert_int_equal(wire_label_encode(out, sizeof out, &l), 0);
        assert_string_equal(out, good[i]);
        assert_int_equal(wire_label_encode(out, 20, &l), -SK_ETOOBIG);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wire_label_decode(&l, bad[i], strlen(bad[i])), -SK_EINVAL);
    assert_int_equal(wire_label_normalise(code, "r3 ow-5gy4RQ3CFJ69SB5WSKoSil", 28), -SK_EINVAL);
    assert_int_equal(wire_label_normalise(code, "oilOIL-oilOIL-oilOIL-oilOIL", 27), 0);
    assert_string_equal(code, "011011011011011011011011");
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(wire_code_text(5), "locked");
    assert_string_equal(wire_code_text(18), "unknown");
    assert_string_equal(wire_cut_text(7), "shutdown");
    assert_string_equal(wire_end_text(2), "ttl");
    assert_int_equal(wire_right_find("live-main"), 1);
    assert_int_equal(wire_right_find("manage"), 0x100);
    assert_int_equal(wire_right_find("no"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netip_golden_and_limits),
        cmocka_unit_test(sframe_headers),
        cmocka_unit_test(row_76_to_78_relay_limits),
        cmocka_unit_test(envelope_forms),
        cmocka_unit_test(seal_messages),
        cmocka_unit_test(key_records),
        cmocka_unit_test(record_heads),
        cmocka_unit_test(labels),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
