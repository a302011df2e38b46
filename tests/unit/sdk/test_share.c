/* The signed list, claims and links, against the vectors of sealed.md 7.2 and bent input. */
#include "sdk/share.h"

#include "base/buf.h"
#include "crypto/p256.h"
#include "tests/unit/sdk/hex.h"
#include "wire/codes.h"

#define DEVICE "aaaqeayeaudaocajbifqydiob4"
#define ACCOUNT "acct-0001"
#define VIEWER "3255f597083e39deb4aa984d09be35ff961634ddb7ee67e43de335b046995f0d"
#define OWNER "2f8da7155cb16dd073e5b4c8cff888055747b2a203f72a1fbf4094b12769e423"

static void secret_of(uint8_t secret[32], uint8_t point[65], const char *hex)
{
    assert_int_equal(unhex(secret, 32, hex), 32);
    assert_int_equal(crypto_p256_mul(point, secret, NULL), 0);
}

/* The vector's list; `*entry` and `*head` are what it was made of. */
static size_t vector_list(uint8_t out[WIRE_LIST_MAX], struct wire_list *head,
                          struct wire_list_entry *entry)
{
    uint8_t secret[32];
    size_t len;

    memset(head, 0, sizeof *head);
    memset(entry, 0, sizeof *entry);
    secret_of(secret, entry->point, VIEWER);
    for (uint8_t i = 0; i < 16; i++)
        head->device[i] = i;
    head->version = 7;
    head->issued_ms = 1795334400000;
    head->count = 1;
    entry->rights = WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_LIVE_SUB | WIRE_RIGHT_LISTEN;
    entry->not_before_ms = head->issued_ms;
    entry->not_after_ms = 1803110400000;
    sdk_account_tag(entry->tag, ACCOUNT);
    unhex(secret, 32, OWNER);
    assert_int_equal(sdk_list_sign(out, &len, head, entry, secret), 0);
    return len;
}

static void list_vector(void **state)
{
    uint8_t list[WIRE_LIST_MAX], hash[32], owner[32], point[65];
    struct wire_list_entry entry, back;
    struct wire_list head, read;
    size_t len = vector_list(list, &head, &entry);

    (void)state;
    assert_int_equal(len, 152 + 64);
    assert_int_equal(wire_list_decode(&read, list, len), 0);
    assert_int_equal(wire_list_signed_len(&read), 152);
    sdk_list_hash(hash, list, &read);
    assert_hex(hash, 32, "833b621eca7f52abc924b1588ad8768e855a5395295090f327b4759712d5f0f3");
    assert_hex(list + 152, 64,
               "33e533c5560ade34d26a859882465d63d788af8116666686caa563036ae2c4b1"
               "9a79e1e639e8135f0bc43aff67b1b96c89e63ef9b4c259821cd4419c532a10f9");
    secret_of(owner, point, OWNER);
    assert_int_equal(sdk_list_verify(list, &read, point), 0);
    wire_list_entry(&back, list, 0);
    assert_memory_equal(back.point, entry.point, 65);
    assert_memory_equal(back.tag, entry.tag, 16);
    assert_int_equal(back.rights, 7);
    assert_true(back.not_before_ms == head.issued_ms && back.not_after_ms == 1803110400000);
}

/* Every bit of a list is under the signature or is it. */
static void list_flips(void **state)
{
    uint8_t list[WIRE_LIST_MAX], owner[32], point[65];
    struct wire_list_entry entry;
    struct wire_list head, read;
    size_t len = vector_list(list, &head, &entry);

    (void)state;
    secret_of(owner, point, OWNER);
    for (size_t bit = 0; bit < len * 8; bit++) {
        list[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(wire_list_decode(&read, list, len) < 0 ||
                    sdk_list_verify(list, &read, point) == -SK_ECRYPTO);
        list[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(wire_list_decode(&read, list, len), 0);
    assert_int_equal(wire_list_decode(&read, list, len - 1), -SK_EINVAL);
    assert_int_equal(wire_list_decode(&read, list, 20), -SK_EINVAL);
}

/* Forms that no signature makes good. */
static void list_forms(void **state)
{
    uint8_t list[WIRE_LIST_MAX], secret[32];
    struct wire_list_entry e[2];
    struct wire_list head;
    size_t len;

    (void)state;
    vector_list(list, &head, &e[0]);
    unhex(secret, 32, OWNER);
    e[0].rights = WIRE_RIGHT_MANAGE; /* row 82 */
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
    e[0].rights = 0x400;
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
    e[0].rights = WIRE_RIGHTS_PASSWORD;
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), 0);
    e[0].not_after_ms++; /* 90 days and a millisecond */
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
    e[0].not_after_ms = e[0].not_before_ms - 1;
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
    e[0].not_after_ms = e[0].not_before_ms;
    e[1] = e[0]; /* the same key twice */
    head.count = 2;
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
    crypto_p256_keygen(secret, e[1].point);
    unhex(secret, 32, OWNER);
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), 0);
    assert_int_equal(len, 52 + 200 + 64);
    e[1].point[64] ^= 1; /* off the curve */
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
    head.version = 0;
    head.count = 1;
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
    head.version = 8;
    head.count = 0; /* nobody: good */
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), 0);
    list[4] = 2;
    assert_int_equal(wire_list_decode(&head, list, len), -SK_EVERSION);
    head.count = 65;
    assert_int_equal(sdk_list_sign(list, &len, &head, e, secret), -SK_EINVAL);
}

/* Rows 64 to 66 where the owner judges. */
static void claim(void **state)
{
    uint8_t secret[16], key[32], point[65], other[65], claim[32], again[32];

    (void)state;
    for (uint8_t i = 0; i < 16; i++)
        secret[i] = (uint8_t)(0x80 + i);
    secret_of(key, point, VIEWER);
    assert_int_equal(sdk_claim_make(claim, secret, ACCOUNT, DEVICE, point), 0);
    assert_hex(claim, 32, "8d83e4333a33f8c882f9c05fd1ea9c2b28f3f1caac9f534bf57deea163f0b948");
    assert_int_equal(sdk_claim_check(claim, secret, ACCOUNT, DEVICE, point), 0);
    crypto_p256_keygen(key, other);
    assert_int_equal(sdk_claim_check(claim, secret, ACCOUNT, DEVICE, other), -SK_ECRYPTO);
    assert_int_equal(sdk_claim_check(claim, secret, "acct-0002", DEVICE, point), -SK_ECRYPTO);
    assert_int_equal(sdk_claim_check(claim, secret, ACCOUNT, "baaqeayeaudaocajbifqydiob4", point),
                     -SK_ECRYPTO);
    secret[0] ^= 1;
    assert_int_equal(sdk_claim_check(claim, secret, ACCOUNT, DEVICE, point), -SK_ECRYPTO);
    point[64] ^= 1; /* a good claim for what is no point */
    assert_int_equal(sdk_claim_make(again, secret, ACCOUNT, DEVICE, point), 0);
    assert_int_equal(sdk_claim_check(again, secret, ACCOUNT, DEVICE, point), -SK_ECRYPTO);
    assert_int_equal(sdk_claim_make(again, secret, "", DEVICE, point), -SK_EINVAL);
}

#define FRAGMENT_D "d=" DEVICE
#define FRAGMENT_S "s=gIGCg4SFhoeIiYqLjI2Ojw"
#define FRAGMENT_K "k=BHNR-26TZ-21A8-51JN-5YAE"
#define ORIGIN "https://box.example:8443"

static void link_forms(void **state)
{
    static const char *const bad[] = {
        "http://box/join#" FRAGMENT_D "&" FRAGMENT_S "&" FRAGMENT_K,
        "https:///join#" FRAGMENT_D "&" FRAGMENT_S "&" FRAGMENT_K,
        "https://box/a/join#" FRAGMENT_D "&" FRAGMENT_S "&" FRAGMENT_K,
        ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S,
        ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S "&" FRAGMENT_K "&" FRAGMENT_D,
        ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S "&" FRAGMENT_K "&x=1",
        ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S "&" FRAGMENT_K "&",
        ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S "A&" FRAGMENT_K,
        ORIGIN "/join#" FRAGMENT_D "a&" FRAGMENT_S "&" FRAGMENT_K,
        ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S "&k=BHNR-26TZ-21A8-51JN-5YA",
        ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S "&k=BHNR-26TZ-21A8-51JN-5YAU",
        ORIGIN "/join#=&" FRAGMENT_S "&" FRAGMENT_K,
        ORIGIN "/join#",
        "",
    };
    static const char good[] = ORIGIN "/join#" FRAGMENT_D "&" FRAGMENT_S "&" FRAGMENT_K;
    struct sdk_invitation i;
    char origin[64], text[256];

    (void)state;
    assert_int_equal(sdk_invitation_read(&i, origin, sizeof origin, good), 0);
    assert_string_equal(origin, ORIGIN);
    assert_string_equal(i.device, DEVICE);
    assert_string_equal(i.fingerprint, "BHNR-26TZ-21A8-51JN-5YAE");
    assert_hex(i.secret, 16, "808182838485868788898a8b8c8d8e8f");
    assert_int_equal(sdk_invitation_write(text, sizeof text, "box.example:8443", &i), 0);
    assert_string_equal(text, good);
    assert_int_equal(sdk_invitation_write(text, 64, "box.example:8443", &i), -SK_ETOOBIG);
    assert_int_equal(sdk_invitation_read(&i, origin, sizeof origin,
                                         ORIGIN "/join#" FRAGMENT_K "&" FRAGMENT_D "&" FRAGMENT_S),
                     0);
    assert_int_equal(sdk_invitation_read(&i, origin, 8, good), -SK_EINVAL);
    for (unsigned n = 0; n < sizeof bad / sizeof bad[0]; n++)
        assert_int_equal(sdk_invitation_read(&i, origin, sizeof origin, bad[n]), -SK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_vector), cmocka_unit_test(list_flips), cmocka_unit_test(list_forms),
        cmocka_unit_test(claim),       cmocka_unit_test(link_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
