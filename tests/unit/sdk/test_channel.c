/* sealed.md 7.3, rows 26 to 39: records under manipulation; rekeying and limits. */
#include "tests/unit/sdk/hex.h"

#include "base/buf.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "sdk/channel.h"

static uint8_t sent[64][16384];
static size_t sent_len[64];
static unsigned sent_count, got_count;
static uint8_t got_type;
static size_t got_len;

static void on_send(void *user, const uint8_t *body, size_t len)
{
    (void)user;
    memcpy(sent[sent_count % 64], body, len);
    sent_len[sent_count++ % 64] = len;
}

static void on_record(void *user, const struct wire_record_plain *p, int64_t now_ms)
{
    (void)user, (void)now_ms;
    got_count++;
    got_type = p->type;
    got_len = p->len;
}

static const struct sdk_channel_ops ops = {on_send, on_record};

struct pair {
    struct sdk_channel *v, *c;
};

static struct pair pair_new(void)
{
    uint8_t salt[32] = {1}, ikm[32] = {2};
    struct pair p = {sdk_channel_new(SDK_SIDE_VIEWER, salt, ikm, 32, &ops, NULL, 0),
                     sdk_channel_new(SDK_SIDE_CAMERA, salt, ikm, 32, &ops, NULL, 0)};

    sent_count = got_count = 0;
    return p;
}

static void pair_free(struct pair *p)
{
    sdk_channel_free(&p->v);
    sdk_channel_free(&p->c);
}

static int take(struct sdk_channel *ch, unsigned i, unsigned *code)
{
    return sdk_channel_receive(ch, sent[i % 64], sent_len[i % 64], code, 0);
}

static void send_n(struct sdk_channel *ch, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(sdk_channel_send(ch, WIRE_RECORD_REQ, "{}", 2, 0), 0);
}

/* The last thing the receiver said must be CLOSE with this code, readable by the sender. */
static void closes_with(struct pair *p, unsigned i, unsigned want)
{
    unsigned code = 0, peer = 0;

    assert_true(take(p->c, i, &code) < 0);
    assert_int_equal(code, want);
    assert_true(sdk_channel_is_over(p->c));
    assert_int_equal(take(p->v, sent_count - 1, &peer), -SK_ECLOSED);
    assert_int_equal(peer, want);
    assert_int_equal(sdk_channel_send(p->c, WIRE_RECORD_REP, "{}", 2, 0), -SK_ECLOSED);
}

static void row_26_to_29_bits(void **state)
{
    static const struct {
        int at; /* from the front, or from the end when negative */
        unsigned code;
    } rows[] = {{-1, WIRE_CODE_CRYPTO}, {20, WIRE_CODE_CRYPTO}, {15, WIRE_CODE_GAP},
                {3, WIRE_CODE_CRYPTO},  {4, WIRE_CODE_CRYPTO},  {1, WIRE_CODE_MALFORMED}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p = pair_new();
        size_t at;

        send_n(p.v, 1);
        at = rows[i].at >= 0 ? (size_t)rows[i].at : sent_len[0] - 1;
        sent[0][at] ^= 4;
        closes_with(&p, 0, rows[i].code);
        assert_int_equal(got_count, 0);
        pair_free(&p);
    }
}

static void row_30_replayed(void **state)
{
    struct pair p = pair_new();
    unsigned code;

    (void)state;
    send_n(p.v, 2);
    assert_int_equal(take(p.c, 0, &code), 0);
    closes_with(&p, 0, WIRE_CODE_REPLAY);
    pair_free(&p);
}

static void row_31_32_skipped_or_swapped(void **state)
{
    struct pair p = pair_new();

    (void)state;
    send_n(p.v, 2);
    closes_with(&p, 1, WIRE_CODE_GAP);
    pair_free(&p);
}

static void row_33_reflected(void **state)
{
    struct pair p = pair_new();
    unsigned code = 0;

    (void)state;
    send_n(p.v, 1);
    assert_true(take(p.v, 0, &code) < 0);
    assert_int_equal(code, WIRE_CODE_CRYPTO);
    pair_free(&p);
}

static void row_34_other_channel(void **state)
{
    uint8_t salt[32] = {9}, ikm[32] = {8};
    struct sdk_channel *other = sdk_channel_new(SDK_SIDE_VIEWER, salt, ikm, 32, &ops, NULL, 0);
    struct pair p = pair_new();

    (void)state;
    assert_int_equal(sdk_channel_send(other, WIRE_RECORD_REQ, "{}", 2, 0), 0);
    closes_with(&p, 0, WIRE_CODE_CRYPTO);
    sdk_channel_free(&other);
    pair_free(&p);
}

static void row_35_36_epochs(void **state)
{
    struct pair p = pair_new();
    unsigned code;

    (void)state;
    send_n(p.v, 1);
    assert_int_equal(sdk_channel_send(p.v, WIRE_RECORD_REQ, "{}", 2, SDK_CHANNEL_REKEY_MS), 0);
    assert_int_equal(sent_count, 3); /* REQ, REKEY, REQ under the next epoch */
    assert_int_equal(sent[2][3], 1);
    assert_int_equal(take(p.c, 0, &code), 0);
    assert_int_equal(take(p.c, 1, &code), 0);
    assert_int_equal(take(p.c, 2, &code), 0);
    assert_int_equal(got_count, 2);
    sent[2][3] = 0; /* old epoch after REKEY */
    sent[2][15] = 3;
    closes_with(&p, 2, WIRE_CODE_CRYPTO);
    pair_free(&p);
    p = pair_new();
    send_n(p.v, 1);
    sent[0][3] = 1; /* epoch + 1 without REKEY */
    closes_with(&p, 0, WIRE_CODE_CRYPTO);
    pair_free(&p);
}

/* A peer that knows the keys and breaks the form: records made by hand. */
static void by_hand(uint8_t *plain, size_t n)
{
    uint8_t salt[32] = {1}, ikm[32] = {2}, prk[32], s[32], key[32], iv[12], id[16], aad[32];
    struct wire_record_head h = {0};
    struct crypto_gcm *g;

    crypto_hkdf_extract(prk, salt, 32, ikm, 32);
    crypto_hkdf_expand(id, 16, prk, "skep-seal/1 id", 14);
    crypto_hkdf_expand(s, 32, prk, "skep-seal/1 v2c", 15);
    crypto_hkdf_expand(key, 32, s, "key", 3);
    crypto_hkdf_expand(iv, 12, s, "iv", 2);
    memcpy(h.channel, id, 4);
    wire_record_encode(sent[0], &h);
    memcpy(aad, sent[0], 16);
    memcpy(aad + 16, id, 16);
    memcpy(sent[0] + 16, plain, n);
    g = crypto_gcm_new(key, 32);
    assert_int_equal(crypto_gcm_seal(g, iv, aad, 32, sent[0] + 16, n, sent[0] + 16 + n), 0);
    crypto_gcm_free(&g);
    sent_len[0] = 32 + n;
    sent_count = 1;
}

static void row_37_to_39_plaintext(void **state)
{
    static const struct {
        uint8_t plain[8];
        size_t pad_at; /* this byte is made 1; 0 = none */
        unsigned code;
    } rows[] = {
        {{1, 0, 0, 2, '{', '}'}, 63, WIRE_CODE_MALFORMED},
        {{1, 0, 0, 61, 0}, 0, WIRE_CODE_MALFORMED},
        {{1, 1, 0, 2, '{', '}'}, 0, WIRE_CODE_LIMIT}, /* MORE: no message of parts is taken */
        {{1, 2, 0, 2, '{', '}'}, 0, WIRE_CODE_MALFORMED},
        {{0, 0, 0, 0}, 0, WIRE_CODE_MALFORMED},
        {{11, 0, 0, 0}, 0, WIRE_CODE_MALFORMED},
        {{6, 0, 0, 2, 0, 2}, 0, WIRE_CODE_MALFORMED}, /* REKEY to a far epoch */
        {{7, 0, 0, 7}, 0, WIRE_CODE_MALFORMED},
        {{8, 0, 0, 8}, 0, WIRE_CODE_MALFORMED}, /* PONG that nobody asked for */
        {{9, 0, 0, 2}, 0, WIRE_CODE_MALFORMED},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p = pair_new();
        uint8_t plain[64] = {0};

        memcpy(plain, rows[i].plain, 8);
        if (rows[i].pad_at != 0)
            plain[rows[i].pad_at] = 1;
        by_hand(plain, sizeof plain);
        closes_with(&p, 0, rows[i].code);
        assert_int_equal(got_count, 0);
        pair_free(&p);
    }
}

static void generous_padding_is_taken(void **state)
{
    struct pair p = pair_new();
    uint8_t plain[640] = {1, 0, 0, 2, '{', '}'};
    unsigned code;

    (void)state;
    by_hand(plain, sizeof plain);
    assert_int_equal(take(p.c, 0, &code), 0);
    assert_int_equal(got_len, 2);
    pair_free(&p);
}

static void largest_record(void **state)
{
    static uint8_t content[WIRE_RECORD_CONTENT_MAX + 1];
    struct pair p = pair_new();
    unsigned code;

    (void)state;
    assert_int_equal(sdk_channel_send(p.v, WIRE_RECORD_DATA, content, sizeof content, 0),
                     -SK_ETOOBIG);
    assert_int_equal(sdk_channel_send(p.v, WIRE_RECORD_DATA, content, sizeof content - 1, 0), 0);
    assert_true(sent_len[0] <= 16384);
    assert_int_equal(take(p.c, 0, &code), 0);
    assert_int_equal(got_len, WIRE_RECORD_CONTENT_MAX);
    pair_free(&p);
}

static void epoch_that_never_ends_is_refused(void **state)
{
    struct pair p = pair_new();
    unsigned code = 0;

    (void)state;
    send_n(p.v, 1); /* sealed at 0, brought 2 h later: a sender that does not rekey */
    assert_true(sdk_channel_receive(p.c, sent[0], sent_len[0], &code, SDK_CHANNEL_STOP_MS) < 0);
    assert_int_equal(code, WIRE_CODE_LIMIT);
    assert_int_equal(sdk_channel_send(p.v, WIRE_RECORD_REQ, "{}", 2, SDK_CHANNEL_LIFE_MS),
                     -SK_ELIMIT);
    pair_free(&p);
}

static void rekey_by_count(void **state)
{
    struct pair p = pair_new();
    unsigned code, last = 0;

    (void)state;
    for (unsigned i = 0; i < SDK_CHANNEL_REKEY_RECORDS + 5; i++) {
        send_n(p.v, 1);
        while (last != sent_count) {
            assert_int_equal(take(p.c, last, &code), 0);
            last++;
        }
    }
    assert_int_equal(sent_count, SDK_CHANNEL_REKEY_RECORDS + 6);
    assert_int_equal(sent[(sent_count - 1) % 64][3], 1);
    assert_int_equal(got_count, SDK_CHANNEL_REKEY_RECORDS + 5);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_26_to_29_bits),
        cmocka_unit_test(row_30_replayed),
        cmocka_unit_test(row_31_32_skipped_or_swapped),
        cmocka_unit_test(row_33_reflected),
        cmocka_unit_test(row_34_other_channel),
        cmocka_unit_test(row_35_36_epochs),
        cmocka_unit_test(row_37_to_39_plaintext),
        cmocka_unit_test(generous_padding_is_taken),
        cmocka_unit_test(largest_record),
        cmocka_unit_test(epoch_that_never_ends_is_refused),
        cmocka_unit_test(rekey_by_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
