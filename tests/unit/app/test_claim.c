/* Signatures against the vectors of RFC 9421 and of our own profile, nonces, allowances, scopes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/internal.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

static int fixed_value(void *ctx, const struct http1_text *name, struct http1_text *value)
{
    static const char *const pairs[][2] = {{"date", "Tue, 20 Apr 2021 02:07:55 GMT"},
                                           {"@authority", "example.com"},
                                           {"content-type", "application/json"}};

    (void)ctx;
    for (size_t i = 0; i < 3; i++) {
        if (name->len == strlen(pairs[i][0]) && memcmp(name->p, pairs[i][0], name->len) == 0) {
            *value = (struct http1_text){pairs[i][1], strlen(pairs[i][1])};
            return 0;
        }
    }
    return -SK_ENOTFOUND;
}

/* RFC 9421 B.2.5. */
static void vector_of_the_rfc(void **st)
{
    static const char input[] =
        "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473"
        ";keyid=\"test-shared-secret\"";
    static const char key_text[] =
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtb"
        "mHhIDi6pcl8jsasjlTMtDQ==";
    struct httpsig_input in;
    struct sk_buf base;
    uint8_t key[64], mac[32], want[HTTPSIG_BYTES_MAX];
    static const char sig[] = "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
    size_t len;

    (void)st;
    sk_buf_init(&base, 4096);
    assert_int_equal(httpsig_input_parse(&in, input, strlen(input)), 0);
    assert_int_equal(httpsig_base(&base, &in, fixed_value, NULL), 0);
    assert_int_equal(sk_b64_decode(key, sizeof(key), &len, key_text, strlen(key_text)), 0);
    crypto_hmac_sha256(mac, key, len, base.data, base.len);
    assert_int_equal(httpsig_signature_parse(want, &len, &in.label, sig, strlen(sig)), 0);
    assert_int_equal(len, 32);
    assert_memory_equal(mac, want, 32);
    sk_buf_fini(&base);
}

static const struct signed_request profile = {
    .method = "POST",
    .authority = "Cloud.Example:8443",
    .path = "/api/v1/devices",
    .query = "page=1",
    .path_is_plain = 1,
    .authorization = "",
    .signature_input = "s=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");"
                       "created=1700000000;keyid=\"app-demo\";nonce=\"AAECAwQFBgcICQoLDA0ODw\";"
                       "alg=\"hmac-sha256\"",
    .signature = "s=:8SEdZwC4rUZAbnIYunWBwjSf6O13e2PIstX/f4BqCvc=:",
    .content_digest = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    .source = "192.0.2.7",
    .body = (const uint8_t *)"{\"hello\": \"world\"}",
    .body_len = 18,
};

static struct credential secret_of(const char *text)
{
    struct credential c = {.kind = CREDENTIAL_HMAC, .len = strlen(text)};

    memcpy(c.material, text, c.len);
    return c;
}

static int judged(const struct signed_request *r, const struct credential *with, const char **why)
{
    struct claim c;
    int err = claim_take(&c, r, why);

    if (!err)
        err = claim_check(&c, with);
    claim_fini(&c);
    return err;
}

static void vector_of_the_profile(void **st)
{
    const struct credential c = secret_of("0123456789abcdef0123456789abcdef");
    const struct credential other = secret_of("0123456789abcdef0123456789abcdeg");
    struct claim claim;
    const char *why;

    (void)st;
    assert_int_equal(claim_take(&claim, &profile, &why), 0);
    assert_int_equal(claim.base.len, 329);
    assert_string_equal(claim.key, "app-demo");
    assert_int_equal(claim.created, 1700000000);
    assert_int_equal(claim_check(&claim, &c), 0);
    assert_int_equal(claim_check(&claim, &other), -SK_EAUTH);
    claim_fini(&claim);
}

/* One fact changed at a time: what the signature says no longer holds, or cannot be read. */
static void what_is_changed_shows(void **st)
{
    const struct credential c = secret_of("0123456789abcdef0123456789abcdef");
    struct signed_request r;
    const char *why;

    (void)st;
#define CHANGED(member, value, want)                                                               \
    r = profile;                                                                                   \
    r.member = value;                                                                              \
    assert_int_equal(judged(&r, &c, &why), -SK_EAUTH);                                             \
    if (want)                                                                                      \
        assert_string_equal(why, want);
    const char *none = NULL;
    CHANGED(method, "PUT", none)
    CHANGED(authority, "cloud.example", none)
    CHANGED(path, "/api/v1/devices/", none)
    CHANGED(query, "page=2", none)
    CHANGED(query, "", none)
    CHANGED(path_is_plain, 0, "form")
    CHANGED(body, (const uint8_t *)"{\"hello\": \"World\"}", "digest")
    CHANGED(body_len, 17, "digest")
    CHANGED(content_digest, "", "digest")
    CHANGED(content_digest, "sha-512=:AAAA:", "digest")
    CHANGED(signature, "t=:8SEdZwC4rUZAbnIYunWBwjSf6O13e2PIstX/f4BqCvc=:", "form")
    CHANGED(signature, "s=:8SEdZwC4rUZAbnIYunWBwg==:", "form")
    CHANGED(authorization, "Bearer x", "form")
    CHANGED(authorization, "Skep-HMAC key=a", "form")
#undef CHANGED
    r = profile; /* the default port is none, and case does not matter */
    r.authority = "CLOUD.example:8443";
    assert_int_equal(judged(&r, &c, &why), 0);
}

static void the_subset_is_strict(void **st)
{
    static const char *const bad[] = {"",
                                      "s",
                                      "s=",
                                      "s=(",
                                      "s=()x",
                                      "S=()",
                                      "s=(\"@method\"",
                                      "s=(\"@method\"\"@path\")",
                                      "s=(\"@method\" \"@method\")",
                                      "s=(\"@signature-params\")",
                                      "s=(\"Content-Type\")",
                                      "s=(\"a\\\"b\")",
                                      "s=(\"date\";sf)",
                                      "s=(@method)",
                                      "s=();created",
                                      "s=();created=-1",
                                      "s=();created=1.0",
                                      "s=();created=1;created=2",
                                      "s=();created=1234567890123456",
                                      "s=();nonce=abc",
                                      "s=();nonce=\"a",
                                      "s=();nonce=\"\xc3\xa9\"",
                                      "s=();other=\"x\"",
                                      "s=(), t=()",
                                      "s=();created=1 ",
                                      " s=()",
                                      "s=(\t\"date\")"};
    struct httpsig_input in;

    (void)st;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (httpsig_input_parse(&in, bad[i], strlen(bad[i])) == 0)
            fail_msg("taken: %s", bad[i]);
    static const char good[] = "sig-1=( \"@path\"  \"date\" ); created=5;tag=\"x\";expires=9";
    assert_int_equal(httpsig_input_parse(&in, good, strlen(good)), 0);
    assert_int_equal(in.params.len, strlen(good) - 6); /* the sender's own spelling, blanks too */
    assert_int_equal(in.created, 5);
    assert_int_equal(in.expires, 9);
    uint8_t digest[32];
    static const char two[] = "md5=:AAAA:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    assert_int_equal(httpsig_digest_parse(digest, two, strlen(two)), 0);
    static const char twice[] = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:,"
                                "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    assert_int_equal(httpsig_digest_parse(digest, twice, strlen(twice)), -SK_EINVAL);
}

static void authority_and_empty_parts(void **st)
{
    char out[HTTPSIG_AUTHORITY_SIZE];
    static const char input[] = "s=(\"@query\" \"@path\")";
    const struct httpsig_request req = {"GET", "h", "", "", ""};
    struct httpsig_input in;
    struct sk_buf base;

    (void)st;
    assert_int_equal(httpsig_authority(out, "WWW.Example.COM:443"), 0);
    assert_string_equal(out, "www.example.com");
    assert_int_equal(httpsig_authority(out, "h:8443"), 0);
    assert_string_equal(out, "h:8443");
    sk_buf_init(&base, 512);
    assert_int_equal(httpsig_input_parse(&in, input, strlen(input)), 0);
    assert_int_equal(httpsig_request_base(&base, &in, &req), 0);
    assert_string_equal((const char *)base.data, "\"@query\": ?\n\"@path\": /\n"
                                                 "\"@signature-params\": (\"@query\" \"@path\")");
    sk_buf_fini(&base);
}

static void what_we_sign_we_take(void **st)
{
    const char *secret = "9876543210abcdef9876543210abcdef0123456789a";
    const struct app_signing s = {"PATCH",   "box:8443", "/api/v1/x",         "a=b",     "{}", 2,
                                  "the-key", secret,     "nonce-nonce-nonce", 1700000000};
    const struct credential c = secret_of(secret);
    char text[1024], *line[3];
    struct sk_buf fields;
    const char *why;

    (void)st;
    sk_buf_init(&fields, sizeof(text) - 1);
    assert_int_equal(app_sign(&fields, &s), 0);
    memcpy(text, fields.data, fields.len + 1);
    for (size_t i = 0; i < 3; i++) {
        line[i] = i ? line[i - 1] + strlen(line[i - 1]) + 2 : text;
        *strstr(line[i], "\r\n") = '\0';
    }
    const struct signed_request r = {.method = s.method,
                                     .authority = s.authority,
                                     .path = s.path,
                                     .query = s.query,
                                     .path_is_plain = 1,
                                     .authorization = "",
                                     .content_digest = strchr(line[0], ' ') + 1,
                                     .signature_input = strchr(line[1], ' ') + 1,
                                     .signature = strchr(line[2], ' ') + 1,
                                     .body = (const uint8_t *)"{}",
                                     .body_len = 2};
    assert_int_equal(judged(&r, &c, &why), 0);
    sk_buf_fini(&fields);
}

static void ecdsa_holds(void **st)
{
    struct signed_request r = profile;
    struct credential c = {.kind = CREDENTIAL_ECDSA, .len = APP_POINT_BYTES};
    uint8_t key[32], hash[32], sig[64];
    char text[SK_B64_SIZE(64) + 8], input[512];
    struct claim claim;
    const char *why;

    (void)st;
    assert_int_equal(sk_copy(input, sizeof(input), profile.signature_input), 0);
    char *alg = strstr(input, "hmac-sha256");
    assert_int_equal(sk_copy(alg, (size_t)(input + sizeof(input) - alg), "ecdsa-p256-sha256\""), 0);
    r.signature_input = input;
    memset(sig, 1, sizeof(sig));
    crypto_p256_keygen(key, c.material);
    for (int round = 0; round < 2; round++) {
        memcpy(text, "s=:", 3);
        sk_b64_encode(text + 3, sig, sizeof(sig));
        assert_int_equal(sk_copy(text + strlen(text), 2, ":"), 0);
        r.signature = text;
        assert_int_equal(claim_take(&claim, &r, &why), 0);
        assert_int_equal(claim_check(&claim, &c), round ? 0 : -SK_EAUTH);
        crypto_sha256(hash, claim.base.data, claim.base.len);
        assert_int_equal(crypto_p256_sign(sig, key, hash), 0);
        claim_fini(&claim);
    }
}

static void nonces_are_taken_once_and_bounded(void **st)
{
    struct nonce_memory *m = nonce_memory_new(1000);
    char text[32] = "nonce-nonce-00000";
    int64_t now = 1700000000;

    (void)st;
    for (int i = 0; i < 1000; i++) {
        text[12] = (char)('0' + i / 100 % 10), text[13] = (char)('0' + i / 10 % 10);
        text[14] = (char)('0' + i % 10);
        assert_int_equal(nonce_take(m, text, now - 300 + i % 600, now), 0);
        assert_int_equal(nonce_take(m, text, now, now), -SK_EREPLAY); /* whatever it is dated */
    }
    assert_int_equal(nonce_take(m, "one-more-than-fits", now, now), -SK_ELIMIT);
    assert_int_equal(nonce_take(m, "x", now - 301, now), -SK_EINVAL);
    assert_int_equal(nonce_take(m, "x", now + 301, now), -SK_EINVAL);
    assert_int_equal(nonce_take(m, "later", now + 664, now + 664), 0); /* the window has moved on */
    assert_int_equal(nonce_count(m), 1);
    for (int64_t t = now + 665; t < now + 20000; t += 7)
        assert_true(nonce_take(m, text, t, t) == 0 || nonce_is_seen(m, text));
    nonce_memory_free(m);
}

static void rates_and_quotas(void **st)
{
    struct bucket b = {0};
    struct day_count d = {0};
    struct allowance a;
    int64_t retry = 0, day = 86400000;

    (void)st;
    for (int i = 0; i < 5; i++)
        assert_int_equal(bucket_take(&b, 10, 5, 1000, &a, &retry), 0);
    assert_int_equal(a.left, 0);
    assert_int_equal(a.limit, 5);
    assert_int_equal(bucket_take(&b, 10, 5, 1000, &a, &retry), -SK_ELIMIT);
    assert_int_equal(retry, 100);
    assert_int_equal(bucket_take(&b, 10, 5, 1099, &a, &retry), -SK_ELIMIT);
    assert_int_equal(bucket_take(&b, 10, 5, 1100, &a, &retry), 0);
    assert_int_equal(bucket_take(&b, 10, 5, 9000, &a, &retry), 0);
    assert_int_equal(a.left, 4);
    for (int i = 0; i < 3; i++)
        assert_int_equal(day_take(&d, 3, 5 * day + 1000, &a, &retry), 0);
    assert_int_equal(day_take(&d, 3, 5 * day + 1000, &a, &retry), -SK_ELIMIT);
    assert_int_equal(retry, day - 1000);
    assert_int_equal(day_take(&d, 3, 6 * day, &a, &retry), 0);
    assert_int_equal(day_take(&d, 0, 6 * day, &a, &retry), 0);
    assert_int_equal(a.limit, 0);
}

static void scopes_and_sources(void **st)
{
    char text[APP_SCOPES_SIZE];
    uint32_t back;
    struct source_net n;

    (void)st;
    scope_text(text, UINT32_MAX);
    assert_int_equal(scope_text_parse(&back, text), 0);
    assert_int_equal(back, 0x3FFF);
    assert_true(scope_names(scope_find("device.live-main"), "view.open"));
    assert_false(scope_names(scope_find("audit.read"), "view.open"));
    assert_true(scope_names(0, "public"));
    assert_false(scope_names(UINT32_MAX, "session"));
    assert_int_equal(scope_find("app.manage"), 0);
    assert_int_equal(source_net_parse(&n, "192.0.2.0/24"), 0);
    assert_true(source_net_has(&n, "192.0.2.255"));
    assert_false(source_net_has(&n, "192.0.3.0"));
    assert_false(source_net_has(&n, "::1"));
    assert_int_equal(source_net_parse(&n, "192.0.2.1/24"), -SK_EINVAL);
    assert_int_equal(source_net_parse(&n, "192.0.2.0/33"), -SK_EINVAL);
    assert_int_equal(source_net_parse(&n, "192.0.2.0"), -SK_EINVAL);
    assert_int_equal(source_net_parse(&n, "::/0"), 0);
    assert_true(source_net_has(&n, "2001:db8::1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector_of_the_rfc),
        cmocka_unit_test(vector_of_the_profile),
        cmocka_unit_test(what_is_changed_shows),
        cmocka_unit_test(the_subset_is_strict),
        cmocka_unit_test(authority_and_empty_parts),
        cmocka_unit_test(what_we_sign_we_take),
        cmocka_unit_test(ecdsa_holds),
        cmocka_unit_test(nonces_are_taken_once_and_bounded),
        cmocka_unit_test(rates_and_quotas),
        cmocka_unit_test(scopes_and_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
