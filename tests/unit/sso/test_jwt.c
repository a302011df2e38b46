/* Tokens and key sets: the vectors of the RFCs, and everything that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "sso/internal.h"

static const int64_t now = 1772409600000LL;

const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

/* What the room asks of the edge; nothing here comes that far. */
void edge_certificate_fingerprint(uint8_t out[32])
{
    memset(out, 0, 32);
}

const char *edge_host(void)
{
    return "localhost";
}

uint16_t edge_port(void)
{
    return 8443;
}

static void pkce_of_rfc_7636(void **st)
{
    char challenge[PKCE_SIZE];

    (void)st;
    pkce_challenge(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

/* RFC 7515 A.2 (RS256) and A.3 (ES256). */
static const char rs256_key[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx"
    "HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
    "jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3"
    "qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp"
    "oQ\",\"e\":\"AQAB\"}]}";
static const char rs256_token[] =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
    "vbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHI"
    "m4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h"
    "6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPq"
    "vhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
static const char es256_key[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                                "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
                                "\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
static const char es256_token[] =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
    "vbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQx"
    "fKTUJqPP3-Kg6NU1Q";

static int verify(const char *keys, const char *token, json_t **claims)
{
    static struct jwks set;

    assert_int_equal(jwks_parse(&set, keys, strlen(keys)), 0);
    *claims = NULL;
    return jwt_verify(claims, &set, token, strlen(token));
}

static void vectors_of_rfc_7515(void **st)
{
    json_t *claims;

    (void)st;
    assert_int_equal(verify(rs256_key, rs256_token, &claims), 0);
    assert_string_equal(json_string_value(json_object_get(claims, "iss")), "joe");
    json_decref(claims);
    assert_int_equal(verify(es256_key, es256_token, &claims), 0);
    json_decref(claims);
    /* an algorithm is one with its kind of key */
    assert_int_equal(verify(es256_key, rs256_token, &claims), -SK_ENOTFOUND);
    assert_int_equal(verify(rs256_key, es256_token, &claims), -SK_ENOTFOUND);
}

static void any_changed_character_fails(void **st)
{
    char token[sizeof(es256_token)];
    json_t *claims;

    (void)st;
    for (size_t i = 0; i + 1 < sizeof(es256_token); i += 7) {
        memcpy(token, es256_token, sizeof(token));
        token[i] = token[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(es256_key, token, &claims), 0);
        assert_null(claims);
    }
}

/* A token with our own header, signed by a fresh key. */
static int signed_with(const char *header, const char *kid_of_key, json_t **claims)
{
    static struct jwks set;
    uint8_t secret[32], hash[32], sig[64];
    char token[1024], head[256], body[256], tail[SK_B64_SIZE(64)];

    set = (struct jwks){.count = 1};
    set.keys[0].alg = JWT_ES256;
    crypto_p256_keygen(secret, set.keys[0].point);
    assert_int_equal(sk_copy(set.keys[0].kid, sizeof(set.keys[0].kid), kid_of_key), 0);
    sk_b64url_encode(head, header, strlen(header));
    sk_b64url_encode(body, "{\"a\":1}", 7);
    int len = snprintf(token, sizeof(token), "%s.%s", head, body);
    crypto_sha256(hash, token, (size_t)len);
    assert_int_equal(crypto_p256_sign(sig, secret, hash), 0);
    sk_b64url_encode(tail, sig, sizeof(sig));
    len = snprintf(token, sizeof(token), "%s.%s.%s", head, body, tail);
    *claims = NULL;
    int err = jwt_verify(claims, &set, token, (size_t)len);
    json_decref(*claims);
    return err;
}

static void headers(void **st)
{
    json_t *claims;

    (void)st;
    assert_int_equal(signed_with("{\"alg\":\"ES256\",\"kid\":\"k\"}", "k", &claims), 0);
    assert_int_equal(signed_with("{\"alg\":\"ES256\"}", "k", &claims), 0);
    assert_int_equal(signed_with("{\"alg\":\"ES256\",\"kid\":\"other\"}", "k", &claims),
                     -SK_ENOTFOUND);
    assert_int_equal(signed_with("{\"alg\":\"none\"}", "k", &claims), -SK_EINVAL);
    assert_int_equal(signed_with("{\"alg\":\"HS256\"}", "k", &claims), -SK_EINVAL);
    assert_int_equal(signed_with("{\"alg\":\"es256\"}", "k", &claims), -SK_EINVAL);
    assert_int_equal(
        signed_with("{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", "k", &claims),
        -SK_EINVAL);
    assert_int_equal(signed_with("{\"alg\":\"ES256\",\"alg\":\"none\"}", "k", &claims), -SK_EINVAL);
    assert_int_equal(signed_with("[]", "k", &claims), -SK_EINVAL);
}

static int claims_hold(const char *change, const char *nonce)
{
    json_t *c = json_loads("{\"iss\":\"https://i.example\",\"aud\":\"box\",\"sub\":\"ada\",\"iat\":"
                           "1772409600,\"exp\":1772409900,\"nonce\":\"n\"}",
                           0, NULL);
    json_t *with = json_loads(change, 0, NULL);
    size_t was = json_object_size(c);

    assert_non_null(with);
    assert_true(was > 0);
    const char *key;
    json_t *v;
    json_object_foreach(with, key, v)
    {
        if (json_is_null(v))
            json_object_del(c, key);
        else
            json_object_set(c, key, v);
    }
    int err = jwt_claims_check(c, "https://i.example", "box", nonce, now);
    json_decref(with);
    json_decref(c);
    return err == 0;
}

static void claims(void **st)
{
    static const char *const bad[] = {"{\"iss\":\"https://i.example/\"}",
                                      "{\"iss\":null}",
                                      "{\"aud\":\"other\"}",
                                      "{\"aud\":null}",
                                      "{\"aud\":[]}",
                                      "{\"aud\":[\"other\"]}",
                                      "{\"aud\":[\"box\",\"other\"]}",
                                      "{\"azp\":\"other\"}",
                                      "{\"aud\":[\"box\",\"other\"],\"azp\":\"other\"}",
                                      "{\"exp\":1772409540}",
                                      "{\"exp\":null}",
                                      "{\"exp\":\"1772409900\"}",
                                      "{\"iat\":1772409661}",
                                      "{\"iat\":null}",
                                      "{\"nonce\":\"m\"}",
                                      "{\"nonce\":null}",
                                      "{\"sub\":\"\"}",
                                      "{\"sub\":null}",
                                      "{\"sub\":7}",
                                      "{\"nbf\":1772409661}"};
    static const char *const good[] = {"{}",
                                       "{\"aud\":[\"box\"]}",
                                       "{\"azp\":\"box\"}",
                                       "{\"aud\":[\"box\",\"other\"],\"azp\":\"box\"}",
                                       "{\"exp\":1772409541}",
                                       "{\"iat\":1772409660}"};

    (void)st;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (claims_hold(bad[i], "n"))
            fail_msg("%s is taken", bad[i]);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!claims_hold(good[i], "n"))
            fail_msg("%s is refused", good[i]);
    assert_true(claims_hold("{\"sub\":null,\"nonce\":null}", NULL));
}

static void key_sets(void **st)
{
    static struct jwks set;
    static const char mixed[] =
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
        "\"AA\"},7,"
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"enc\",\"x\":"
        "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPH"
        "vRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"alg\":\"ES256\",\"x\":"
        "\"f83OJ3D2xF1Bg8vub9tLe1gHM"
        "zV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}";

    (void)st;
    assert_int_equal(jwks_parse(&set, mixed, strlen(mixed)), 0);
    assert_int_equal(set.count, 1); /* the others: other kinds, broken, for encryption, too short */
    assert_string_equal(set.keys[0].kid, "a");
    assert_int_equal(jwks_parse(&set, "{}", 2), -SK_EINVAL);
    assert_int_equal(jwks_parse(&set, "{\"keys\":{}}", 11), -SK_EINVAL);
    assert_int_equal(jwks_parse(&set, "{\"keys\":[]}", 11), 0);
    assert_int_equal(set.count, 0);
}

static void forms(void **st)
{
    struct sk_buf b;
    char out[16];

    (void)st;
    sk_buf_init(&b, 256);
    assert_int_equal(form_add(&b, "a", "x y&=%\xc3\xa4~"), 0);
    assert_int_equal(form_add(&b, "b", ""), 0);
    assert_string_equal((const char *)b.data, "a=x%20y%26%3D%25%C3%A4~&b=");
    assert_int_equal(form_take((const char *)b.data, b.len, "a", out, sizeof(out)), 0);
    assert_string_equal(out, "x y&=%\xc3\xa4~");
    sk_buf_fini(&b);
    assert_int_equal(form_take("a=1&a=2", 7, "a", out, sizeof(out)), -SK_EINVAL);
    assert_int_equal(form_take("aa=1", 4, "a", out, sizeof(out)), -SK_EINVAL);
    assert_int_equal(form_take("a=%4", 4, "a", out, sizeof(out)), -SK_EINVAL);
    assert_int_equal(form_take("a=%zz", 5, "a", out, sizeof(out)), -SK_EINVAL);
    assert_int_equal(form_take("a=%00", 5, "a", out, sizeof(out)), -SK_EINVAL);
    assert_int_equal(form_take("a=0123456789abcdef", 18, "a", out, sizeof(out)), -SK_EINVAL);
    assert_int_equal(form_take("", 0, "a", out, sizeof(out)), -SK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkce_of_rfc_7636),
        cmocka_unit_test(vectors_of_rfc_7515),
        cmocka_unit_test(any_changed_character_fails),
        cmocka_unit_test(headers),
        cmocka_unit_test(claims),
        cmocka_unit_test(key_sets),
        cmocka_unit_test(forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
