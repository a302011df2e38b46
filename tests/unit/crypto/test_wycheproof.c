/* Project Wycheproof's vectors (tests/golden/wycheproof, a subset): ECDH and ECDSA on P-256,
 * AES-GCM, HKDF-SHA256. */
#include "tests/unit/sdk/hex.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/p256.h"

enum { FILE_MAX = 1 << 20 };

static json_t *vectors;

static int vectors_read(void **state)
{
    struct sk_buf text;
    json_error_t error;

    (void)state;
    sk_buf_init(&text, FILE_MAX);
    assert_int_equal(sk_file_read(&text, "tests/golden/wycheproof/vectors.json"), 0);
    vectors = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(vectors);
    sk_buf_fini(&text);
    return 0;
}

static int vectors_drop(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

static size_t bytes(uint8_t *out, size_t cap, const json_t *v, const char *name)
{
    return unhex(out, cap, json_string_value(json_object_get(v, name)));
}

static int is_valid(const json_t *v)
{
    return strcmp(json_string_value(json_object_get(v, "result")), "valid") == 0;
}

static long number(const json_t *v)
{
    return (long)json_integer_value(json_object_get(v, "tcId"));
}

/* A private key of 33 bytes has a zero in front. */
static void scalar(uint8_t out[32], const json_t *v)
{
    uint8_t wide[40];
    size_t len = bytes(wide, sizeof wide, v, "private");

    assert_true(len == 32 || (len == 33 && wide[0] == 0));
    memcpy(out, wide + len - 32, 32);
}

static void ecdh(void **state)
{
    unsigned good = 0, bad = 0;
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(json_object_get(vectors, "ecdh"), i, v)
    {
        uint8_t point[65] = {0}, secret[32], want[32], got[32];

        /* Shorter forms do not fit this interface; padded, they must not pass as points. */
        size_t len = bytes(point, sizeof point, v, "public");
        scalar(secret, v);
        if (is_valid(v)) {
            assert_int_equal(len, 65);
            assert_int_equal(bytes(want, sizeof want, v, "shared"), 32);
            if (crypto_p256_ecdh(got, secret, point) != 0 || memcmp(got, want, 32) != 0)
                fail_msg("ecdh %ld", number(v));
            good++;
        } else {
            if (crypto_p256_check(point) == 0 || crypto_p256_ecdh(got, secret, point) == 0)
                fail_msg("ecdh %ld was taken", number(v));
            bad++;
        }
    }
    assert_int_equal(good, 29);
    assert_int_equal(bad, 25);
}

static void ecdsa(void **state)
{
    const json_t *all = json_object_get(vectors, "ecdsa"), *v;
    uint8_t point[65], message[16], hash[32], sig[64];
    size_t i, len = bytes(message, sizeof message, all, "msg");
    unsigned good = 0, bad = 0;

    (void)state;
    assert_int_equal(bytes(point, sizeof point, all, "public"), 65);
    crypto_sha256(hash, message, len);
    json_array_foreach(json_object_get(all, "tests"), i, v)
    {
        assert_int_equal(bytes(sig, sizeof sig, v, "sig"), 64);
        if ((crypto_p256_verify(sig, point, hash) == 0) != is_valid(v))
            fail_msg("ecdsa %ld", number(v));
        *(is_valid(v) ? &good : &bad) += 1;
    }
    assert_int_equal(good, 1);
    assert_int_equal(bad, 34);
}

static void gcm_bits(struct crypto_gcm *g, const uint8_t iv[12], const uint8_t *aad, size_t aad_len,
                     const uint8_t *ct, size_t len, const uint8_t tag[16])
{
    uint8_t data[64], wrong[16];

    for (unsigned bit = 0; bit < 128; bit++) {
        memcpy(data, ct, len);
        memcpy(wrong, tag, 16);
        wrong[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(crypto_gcm_open(g, iv, aad, aad_len, data, len, wrong), 0);
    }
}

static void gcm(void **state)
{
    const json_t *v;
    size_t i, count = 0;

    (void)state;
    json_array_foreach(json_object_get(vectors, "aes_gcm"), i, v)
    {
        uint8_t key[32], iv[12], aad[256], data[64], ct[64], tag[16], made[16];
        size_t key_len = bytes(key, sizeof key, v, "key"), len = bytes(data, sizeof data, v, "msg");
        size_t aad_len = bytes(aad, sizeof aad, v, "aad");
        struct crypto_gcm *g = crypto_gcm_new(key, key_len);

        assert_int_equal(bytes(iv, sizeof iv, v, "iv"), 12);
        assert_int_equal(bytes(ct, sizeof ct, v, "ct"), len);
        assert_int_equal(bytes(tag, sizeof tag, v, "tag"), 16);
        assert_int_equal(crypto_gcm_seal(g, iv, aad, aad_len, data, len, made), 0);
        if (memcmp(data, ct, len) != 0 || memcmp(made, tag, 16) != 0)
            fail_msg("aes_gcm %ld", number(v));
        assert_int_equal(crypto_gcm_open(g, iv, aad, aad_len, data, len, tag), 0);
        gcm_bits(g, iv, aad, aad_len, ct, len, tag);
        crypto_gcm_free(&g);
        count++;
    }
    assert_int_equal(count, 13);
}

static void hkdf(void **state)
{
    const json_t *v;
    size_t i, count = 0;

    (void)state;
    json_array_foreach(json_object_get(vectors, "hkdf_sha256"), i, v)
    {
        uint8_t ikm[128], salt[128], info[128], want[128], got[128], prk[32];
        size_t ikm_len = bytes(ikm, sizeof ikm, v, "ikm"), len = bytes(want, sizeof want, v, "okm");
        size_t salt_len = bytes(salt, sizeof salt, v, "salt");

        crypto_hkdf_extract(prk, salt_len > 0 ? salt : NULL, salt_len, ikm, ikm_len);
        crypto_hkdf_expand(got, len, prk, info, bytes(info, sizeof info, v, "info"));
        if (memcmp(got, want, len) != 0)
            fail_msg("hkdf %ld", number(v));
        count++;
    }
    assert_int_equal(count, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecdh),
        cmocka_unit_test(ecdsa),
        cmocka_unit_test(gcm),
        cmocka_unit_test(hkdf),
    };

    return cmocka_run_group_tests(tests, vectors_read, vectors_drop);
}
