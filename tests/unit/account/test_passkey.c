/* What a relying party checks: a sound ceremony, then each fact of it bent, with the reason told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "account/passkey.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

static const uint8_t challenge[32] = "sixteen bytes and sixteen more.";
static const char *const origins[] = {"https://localhost:8443", "https://localhost", NULL};
static const struct passkey_expect want = {"localhost", origins, {challenge, sizeof(challenge)}};

/* One ceremony, made from these facts. */
struct facts {
    const char *type, *origin, *rp, *more; /* `more`: further members of the client data */
    uint8_t flags, challenge_bend, signature_bend, key_bend;
    uint32_t count;
    size_t tail;
};

static uint8_t secret[32], point[65];
static char client[512];
static uint8_t data[512], object[768], signature[80], cose[80];
static size_t client_len, data_len, object_len, signature_len, cose_len;

static void client_make(const struct facts *f)
{
    uint8_t c[32];
    char text[SK_B64_SIZE(32)];

    memcpy(c, challenge, 32);
    c[5] ^= f->challenge_bend;
    sk_b64url_encode(text, c, 32);
    client_len = (size_t)snprintf(client, sizeof(client),
                                  "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}",
                                  f->type, text, f->origin, f->more);
}

/* {1: 2, 3: -7, -1: 1, -2: x, -3: y} */
static void cose_make(const struct facts *f)
{
    static const uint8_t head[] = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20};

    memcpy(cose, head, sizeof(head));
    memcpy(cose + 10, point + 1, 32);
    memcpy(cose + 42, (const uint8_t[]){0x22, 0x58, 0x20}, 3);
    memcpy(cose + 45, point + 33, 32);
    cose[76] ^= f->key_bend;
    cose_len = 77;
}

static void data_make(const struct facts *f)
{
    crypto_sha256(data, f->rp, strlen(f->rp));
    data[32] = f->flags;
    for (int i = 0; i < 4; i++)
        data[33 + i] = (uint8_t)(f->count >> (24 - 8 * i));
    data_len = 37;
    if (f->flags & 0x40) {
        memset(data + 37, 0, 18);
        data[54] = 4;
        memcpy(data + 55, "cred", 4);
        memcpy(data + 59, cose, cose_len);
        data_len = 59 + cose_len;
    }
    memset(data + data_len, 0, f->tail);
    data_len += f->tail;
}

static size_t der_integer(uint8_t *out, const uint8_t *in)
{
    size_t skip = 0;

    while (skip < 31 && !in[skip])
        skip++;
    size_t pad = in[skip] >> 7, len = 32 - skip + pad;
    out[0] = 2;
    out[1] = (uint8_t)len;
    out[2] = 0;
    memcpy(out + 2 + pad, in + skip, 32 - skip);
    return 2 + len;
}

static void sign(const struct facts *f)
{
    uint8_t hash[32], client_hash[32], raw[64];

    crypto_sha256(client_hash, client, client_len);
    crypto_sha256_parts(hash, (const struct crypto_part[]){{data, data_len}, {client_hash, 32}}, 2);
    assert_int_equal(crypto_p256_sign(raw, secret, hash), 0);
    size_t r = der_integer(signature + 2, raw), s = der_integer(signature + 2 + r, raw + 32);
    signature[0] = 0x30;
    signature[1] = (uint8_t)(r + s);
    signature_len = 2 + r + s;
    signature[signature_len - 1] ^= f->signature_bend;
}

static void all_make(const struct facts *f)
{
    static const uint8_t head[] = "\xa3\x63"
                                  "fmt\x64none\x67"
                                  "attStmt\xa0\x68"
                                  "authData\x58";

    client_make(f);
    cose_make(f);
    data_make(f);
    sign(f);
    memcpy(object, head, sizeof(head) - 1);
    object[sizeof(head) - 1] = (uint8_t)data_len;
    memcpy(object + sizeof(head), data, data_len);
    object_len = sizeof(head) + data_len;
}

static const struct facts new_one = {"webauthn.create", "https://localhost:8443", "localhost", "",
                                     .flags = 0x45};
static const struct facts use = {"webauthn.get",           "https://localhost", "localhost",
                                 ",\"crossOrigin\":false", .flags = 0x05,       .count = 7};

static enum passkey_fault made(const struct facts *f, struct passkey_made *out)
{
    all_make(f);
    return passkey_made_check(&want, (struct passkey_bytes){(uint8_t *)client, client_len},
                              (struct passkey_bytes){object, object_len}, out);
}

static enum passkey_fault used(const struct facts *f, uint32_t stored, const char *user, int must)
{
    uint32_t count = 0;
    int backed_up = 0;

    all_make(f);
    cose_make(&use);
    const struct passkey_known known = {{cose, cose_len}, stored, "mia", must};
    const struct passkey_assertion a = {
        .client_data = {(uint8_t *)client, client_len},
        .auth_data = {data, data_len},
        .signature = {signature, signature_len},
        .user = {(const uint8_t *)user, user ? strlen(user) : 0},
    };
    enum passkey_fault fault = passkey_assertion_check(&want, &known, &a, &count, &backed_up);
    if (!fault)
        assert_int_equal(count, f->count);
    return fault;
}

#define BENT(from, member, value)                                                                  \
    ({                                                                                             \
        struct facts bent_ = from;                                                                 \
        bent_.member = value;                                                                      \
        bent_;                                                                                     \
    })

static void making(void **st)
{
    struct passkey_made out;
    struct {
        struct facts facts;
        enum passkey_fault fault;
    } rows[] = {
        {new_one, PASSKEY_OK},
        {BENT(new_one, origin, "https://localhost"), PASSKEY_OK},
        {BENT(new_one, more, ",\"other_keys_can_be_added_here\":1"), PASSKEY_OK},
        {BENT(new_one, flags, 0x5d), PASSKEY_OK}, /* backed up */
        {BENT(new_one, type, "webauthn.get"), PASSKEY_TYPE},
        {BENT(new_one, challenge_bend, 1), PASSKEY_CHALLENGE},
        {BENT(new_one, origin, "http://localhost"), PASSKEY_ORIGIN},
        {BENT(new_one, origin, "https://localhost:8444"), PASSKEY_ORIGIN},
        {BENT(new_one, origin, "https://localhost:8443/"), PASSKEY_ORIGIN},
        {BENT(new_one, more, ",\"crossOrigin\":true"), PASSKEY_CROSS_ORIGIN},
        {BENT(new_one, more, ",\"topOrigin\":\"https://a\""), PASSKEY_CROSS_ORIGIN},
        {BENT(new_one, more, ",\"crossOrigin\":1"), PASSKEY_FORM},
        {BENT(new_one, more, ",\"type\":\"webauthn.create\""), PASSKEY_FORM}, /* twice */
        {BENT(new_one, rp, "localhost.example"), PASSKEY_RP},
        {BENT(new_one, flags, 0x44), PASSKEY_PRESENCE},
        {BENT(new_one, flags, 0x41), PASSKEY_VERIFICATION},
        {BENT(new_one, flags, 0x55), PASSKEY_FORM}, /* backed up, but not able to */
        {BENT(new_one, flags, 0x05), PASSKEY_CREDENTIAL},
        {BENT(new_one, flags, 0xc5), PASSKEY_FORM}, /* extensions announced, none there */
        {BENT(new_one, tail, 1), PASSKEY_FORM},
        {BENT(new_one, key_bend, 1), PASSKEY_KEY}, /* not on the curve */
    };

    (void)st;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(passkey_fault_name(made(&rows[i].facts, &out)),
                            passkey_fault_name(rows[i].fault));
    assert_int_equal(made(&new_one, &out), PASSKEY_OK);
    assert_int_equal(out.credential_len, 4);
    assert_memory_equal(out.credential, "cred", 4);
    assert_int_equal(out.key_len, cose_len);
}

static void using(void **st)
{
    struct {
        struct facts facts;
        enum passkey_fault fault;
    } rows[] = {
        {use, PASSKEY_OK},
        {BENT(use, type, "webauthn.create"), PASSKEY_TYPE},
        {BENT(use, challenge_bend, 1), PASSKEY_CHALLENGE},
        {BENT(use, origin, "https://evil.example"), PASSKEY_ORIGIN},
        {BENT(use, more, ",\"crossOrigin\":true"), PASSKEY_CROSS_ORIGIN},
        {BENT(use, rp, "evil.example"), PASSKEY_RP},
        {BENT(use, flags, 0x04), PASSKEY_PRESENCE},
        {BENT(use, flags, 0x01), PASSKEY_VERIFICATION},
        {BENT(use, flags, 0x45), PASSKEY_CREDENTIAL},
        {BENT(use, tail, 1), PASSKEY_FORM},
        {BENT(use, signature_bend, 1), PASSKEY_SIGNATURE},
    };

    (void)st;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(passkey_fault_name(used(&rows[i].facts, 6, "mia", 1)),
                            passkey_fault_name(rows[i].fault));
    assert_int_equal(used(&use, 0, NULL, 0), PASSKEY_OK);
    assert_int_equal(used(&use, 0, NULL, 1), PASSKEY_USER); /* nobody has said who it is */
    assert_int_equal(used(&use, 0, "jo", 0), PASSKEY_USER);
    assert_int_equal(used(&use, 0, "mia2", 0), PASSKEY_USER);
    assert_int_equal(used(&use, 7, "mia", 1), PASSKEY_COUNT); /* stands still */
    assert_int_equal(used(&use, 8, "mia", 1), PASSKEY_COUNT); /* falls back */
    struct facts zero = BENT(use, count, 0);
    assert_int_equal(used(&zero, 0, "mia", 1), PASSKEY_OK); /* has no counter */
    assert_int_equal(used(&zero, 1, "mia", 1), PASSKEY_COUNT);
}

/* Every single bit of what is signed and of the key matters. */
static void every_bit(void **st)
{
    uint32_t count;
    int backed_up;

    (void)st;
    assert_int_equal(used(&use, 6, "mia", 1), PASSKEY_OK);
    const struct passkey_known known = {{cose, cose_len}, 6, "mia", 0};
    const struct passkey_assertion a = {
        .client_data = {(uint8_t *)client, client_len},
        .auth_data = {data, data_len},
        .signature = {signature, signature_len},
    };
    struct {
        uint8_t *at;
        size_t len;
    } parts[] = {{data, data_len},
                 {(uint8_t *)client, client_len},
                 {signature, signature_len},
                 {cose, cose_len}};
    for (size_t p = 0; p < 4; p++) {
        for (size_t i = 0; i < parts[p].len; i++) {
            parts[p].at[i] ^= 1;
            assert_int_not_equal(passkey_assertion_check(&want, &known, &a, &count, &backed_up), 0);
            parts[p].at[i] ^= 1;
        }
    }
    assert_int_equal(passkey_assertion_check(&want, &known, &a, &count, &backed_up), 0);
}

static int keys_make(void **st)
{
    (void)st;
    crypto_p256_keygen(secret, point);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making),
        cmocka_unit_test(using),
        cmocka_unit_test(every_bit),
    };

    return cmocka_run_group_tests(tests, keys_make, NULL);
}
