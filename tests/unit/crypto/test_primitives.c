/* Primitives against the vectors of their standards. */
#include "tests/unit/sdk/hex.h"

#include "base/buf.h"
#include "base/sys.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "crypto/x25519.h"
#include "wire/sframe.h"

static void hashes(void **state)
{
    uint8_t out[64], half[32];
    struct crypto_sha256_run *run = crypto_sha256_run_new();

    (void)state;
    crypto_sha256(out, "abc", 3); /* FIPS 180-4 */
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256_run_add(run, "a", 1);
    crypto_sha256_run_get(run, half);
    crypto_sha256_run_add(run, "bc", 2);
    crypto_sha256_run_get(run, half);
    assert_memory_equal(half, out, 32);
    crypto_sha256_run_free(&run);
    assert_null(run);
    crypto_sha512(out, "abc", 3);
    assert_hex(out, 64,
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    crypto_hmac_sha256(out, "Jefe", 4, "what do ya want for nothing?", 28); /* RFC 4231, 2 */
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    {
        uint8_t key[131];

        memset(key, 0xaa, sizeof key); /* RFC 4231, 6: a key longer than the block */
        crypto_hmac_sha256(out, key, sizeof key,
                           "Test Using Larger Than Block-Size Key - Hash Key First", 54);
    }
    assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void derivations(void **state)
{
    uint8_t ikm[22], salt[13], info[10], prk[32], okm[42];

    (void)state;
    memset(ikm, 0x0b, sizeof ikm); /* RFC 5869, 1 */
    for (unsigned i = 0; i < 13; i++)
        salt[i] = (uint8_t)i;
    for (unsigned i = 0; i < 10; i++)
        info[i] = (uint8_t)(0xf0 + i);
    crypto_hkdf_extract(prk, salt, 13, ikm, 22);
    assert_hex(prk, 32, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    crypto_hkdf_expand(okm, 42, prk, info, 10);
    assert_hex(
        okm, 42,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    crypto_hkdf_extract(prk, NULL, 0, ikm, 22); /* RFC 5869, 3: no salt, no info */
    crypto_hkdf_expand(okm, 42, prk, NULL, 0);
    assert_hex(
        okm, 42,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    crypto_pbkdf2(prk, "password", 8, "salt", 4, 4096); /* the RFC 6070 inputs under SHA-256 */
    assert_hex(prk, 32, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
}

/* SFrame (RFC 9605 appendix C): header and whole frame of suites 4 and 5. */
static void sframe_one(int suite5, const char *want_key, const char *want_salt, const char *want)
{
    uint8_t base[16], secret[64], info[80], key[32], salt[12], nonce[12], aad[40], out[64];
    size_t key_len = suite5 ? 32 : 16, n, head, pt;
    struct crypto_gcm *g;

    for (unsigned i = 0; i < 16; i++)
        base[i] = (uint8_t)i;
    for (int is_salt = 0; is_salt < 2; is_salt++) {
        const char *label = is_salt ? "SFrame 1.0 Secret salt " : "SFrame 1.0 Secret key ";

        n = strlen(label);
        memcpy(info, label, n);
        sk_put_u64(info + n, 0x123);
        sk_put_u16(info + n + 8, suite5 ? 5 : 4);
        if (suite5) {
            crypto_hkdf512_extract(secret, NULL, 0, base, 16);
            crypto_hkdf512_expand(is_salt ? salt : key, is_salt ? 12 : key_len, secret, info,
                                  n + 10);
        } else {
            crypto_hkdf_extract(secret, NULL, 0, base, 16);
            crypto_hkdf_expand(is_salt ? salt : key, is_salt ? 12 : key_len, secret, info, n + 10);
        }
    }
    if (want_key != NULL) {
        assert_hex(key, key_len, want_key);
        assert_hex(salt, 12, want_salt);
    }
    head = wire_sframe_encode(out, 0x123, 0x4567);
    memcpy(aad, out, head);
    n = unhex(aad + head, 30, "4945544620534672616d65205747");
    pt = unhex(out + head, 40, "64726166742d696574662d736672616d652d656e63");
    memcpy(nonce, salt, 12);
    nonce[10] ^= 0x45;
    nonce[11] ^= 0x67;
    g = crypto_gcm_new(key, key_len);
    assert_int_equal(crypto_gcm_seal(g, nonce, aad, head + n, out + head, pt, out + head + pt), 0);
    assert_hex(out, head + pt + 16, want);
    assert_int_equal(crypto_gcm_open(g, nonce, aad, head + n, out + head, pt, out + head + pt), 0);
    assert_memory_equal(out + head, "draft-ietf-sframe-enc", 21);
    out[head + pt] ^= 1;
    assert_int_equal(crypto_gcm_open(g, nonce, aad, head + n, out + head, pt, out + head + pt),
                     -SK_ECRYPTO);
    crypto_gcm_free(&g);
    assert_null(g);
}

static void rfc9605_suites(void **state)
{
    (void)state;
    sframe_one(0, "d34f547f4ca4f9a7447006fe7fcbf768", "75234edefe07819026751816",
               "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34"
               "eb");
    sframe_one(1, NULL, NULL,
               "990123456794f509d36e9beacb0e261d99c7d1e972f1fed787d4049f17ca21353c1cc24d56ceabced2"
               "79");
}

static void p256_points(void **state)
{
    uint8_t secret[32], a[65], b[65], c[65], n[32], wide[40], zero[32] = {0};

    (void)state;
    memset(secret, 0, 32);
    secret[31] = 2;
    assert_int_equal(crypto_p256_mul(a, secret, NULL), 0);
    secret[31] = 1;
    assert_int_equal(crypto_p256_mul(b, secret, NULL), 0);
    assert_int_equal(crypto_p256_add(c, b, b), 0); /* G + G = 2 G */
    assert_memory_equal(a, c, 65);
    assert_int_equal(crypto_p256_sub(c, a, b), 0);
    assert_memory_equal(b, c, 65);
    assert_int_equal(crypto_p256_sub(c, b, b), -SK_ECRYPTO); /* infinity */
    assert_int_equal(crypto_p256_mul(c, zero, NULL), -SK_ECRYPTO);
    unhex(n, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    assert_int_equal(crypto_p256_check_scalar(n), -SK_ECRYPTO);
    n[31]--;
    assert_int_equal(crypto_p256_check_scalar(n), 0);
    assert_int_equal(crypto_p256_mul(c, n, NULL), 0); /* (n - 1) G = -G */
    assert_memory_equal(c + 1, b + 1, 32);
    assert_int_equal(crypto_p256_add(a, b, c), -SK_ECRYPTO);
    n[31]++;
    memset(wide, 0, sizeof wide);
    memcpy(wide + 8, n, 32);
    assert_int_equal(crypto_p256_reduce(secret, wide, 40), -SK_ECRYPTO); /* n mod n */
    wide[39]++;
    assert_int_equal(crypto_p256_reduce(secret, wide, 40), 0);
    assert_int_equal(secret[31], 1);
}

static void p256_forms(void **state)
{
    uint8_t secret[32], p[65], q[65];

    (void)state;
    crypto_p256_keygen(secret, p);
    assert_int_equal(crypto_p256_check(p), 0);
    for (unsigned form = 0; form < 256; form++) {
        memcpy(q, p, 65);
        q[0] = (uint8_t)form;
        assert_int_equal(crypto_p256_check(q), form == 4 ? 0 : -SK_ECRYPTO);
    }
    memcpy(q, p, 65);
    q[40] ^= 1;
    assert_int_equal(crypto_p256_check(q), -SK_ECRYPTO);
    assert_int_equal(crypto_p256_ecdh(secret, secret, q), -SK_ECRYPTO);
}

static void p256_agreement_and_signature(void **state)
{
    uint8_t sa[32], sb[32], pa[65], pb[65], x[32], y[32], sig[64], hash[32];

    (void)state;
    crypto_p256_keygen(sa, pa);
    crypto_p256_keygen(sb, pb);
    assert_int_equal(crypto_p256_ecdh(x, sa, pb), 0);
    assert_int_equal(crypto_p256_ecdh(y, sb, pa), 0);
    assert_memory_equal(x, y, 32);
    /* RFC 6979 A.2.5, SHA-256, message "sample" */
    unhex(sa, 32, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    crypto_sha256(hash, "sample", 6);
    assert_int_equal(crypto_p256_sign(sig, sa, hash), 0);
    assert_hex(sig, 64,
               "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
               "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    assert_int_equal(crypto_p256_mul(pa, sa, NULL), 0);
    assert_int_equal(crypto_p256_verify(sig, pa, hash), 0);
    assert_int_equal(crypto_p256_verify(sig, pb, hash), -SK_ECRYPTO);
    memset(sig, 0, 64);
    assert_int_equal(crypto_p256_verify(sig, pa, hash), -SK_ECRYPTO);
}

static void x25519_vector(void **state)
{
    uint8_t k[32], u[32], out[32];

    (void)state;
    unhex(k, 32, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"); /* RFC 7748 */
    unhex(u, 32, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    assert_int_equal(crypto_x25519(out, k, u), 0);
    assert_hex(out, 32, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),         cmocka_unit_test(derivations),
        cmocka_unit_test(rfc9605_suites), cmocka_unit_test(p256_points),
        cmocka_unit_test(p256_forms),     cmocka_unit_test(p256_agreement_and_signature),
        cmocka_unit_test(x25519_vector),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
