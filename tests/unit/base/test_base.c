/* Buffers, text forms, JSON bounds, the map: the ground everything stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"

static void test_buf_never_passes_its_maximum(void **state)
{
    struct sk_buf b;

    (void)state;
    sk_buf_init(&b, 10);
    assert_int_equal(sk_buf_add(&b, "0123456", 7), 0);
    assert_int_equal(sk_buf_add(&b, "789A", 4), -SK_ETOOBIG);
    assert_int_equal(b.len, 7);
    assert_int_equal(sk_buf_addf(&b, "%d", 789), 0);
    assert_string_equal((char *)b.data, "0123456789");
    assert_int_equal(sk_buf_add_u8(&b, 1), -SK_ETOOBIG);
    assert_int_equal(sk_buf_reserve(&b, SIZE_MAX), -SK_ETOOBIG);
    sk_buf_consume(&b, 4);
    assert_string_equal((char *)b.data, "456789");
    sk_buf_fini(&b);
}

static void test_text_round_trips(void **state)
{
    uint8_t raw[64], back[64];
    char text[SK_HEX_SIZE(64)];
    size_t got;

    (void)state;
    for (size_t len = 0; len <= sizeof(raw); len++) {
        sk_random(raw, len);
        sk_hex_encode(text, raw, len);
        assert_int_equal(sk_hex_decode(back, sizeof(back), &got, text, strlen(text)), 0);
        assert_true(got == len && memcmp(raw, back, len) == 0);
        sk_b64url_encode(text, raw, len);
        assert_int_equal(sk_b64url_decode(back, sizeof(back), &got, text, strlen(text)), 0);
        assert_true(got == len && memcmp(raw, back, len) == 0);
        sk_b64_encode(text, raw, len);
        assert_int_equal(sk_b64_decode(back, sizeof(back), &got, text, strlen(text)), 0);
        assert_true(got == len && memcmp(raw, back, len) == 0);
        sk_b32_encode(text, raw, len);
        assert_int_equal(sk_b32_decode(back, sizeof(back), &got, text, strlen(text)), 0);
        assert_true(got == len && memcmp(raw, back, len) == 0);
    }
}

static void test_text_known_values(void **state)
{
    uint8_t raw[16], back[16];
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = (uint8_t)i;
    sk_b32_encode(text, raw, sizeof(raw));
    assert_string_equal(text, "aaaqeayeaudaocajbifqydiob4"); /* sealed.md 7.2 */
    sk_b64_encode(text, "foobar", 4);
    assert_string_equal(text, "Zm9vYg=="); /* RFC 4648 section 10 */
    size_t got;
    assert_int_equal(sk_b64_decode(back, sizeof(back), &got, "Zm9v\r\nYg==\n", 11), 0);
    assert_int_equal(got, 4);
}

static void test_text_refuses_what_is_not_canonical(void **state)
{
    static const char *const bad_b64[] = {
        "Zm9vYg=", "Zm9vYg==x", "Zm9vYh==", "Zm9=Yg==", "Z", "====", "Zm9vYg=-"};
    uint8_t back[32];
    size_t got;

    (void)state;
    for (size_t i = 0; i < sizeof(bad_b64) / sizeof(*bad_b64); i++)
        assert_int_not_equal(
            sk_b64_decode(back, sizeof(back), &got, bad_b64[i], strlen(bad_b64[i])), 0);
    assert_int_equal(sk_b64url_decode(back, sizeof(back), &got, "Zh", 2), -SK_EINVAL);
    assert_int_equal(sk_b64url_decode(back, sizeof(back), &got, "Zg", 2), 0);
    assert_int_equal(sk_b64url_decode(back, sizeof(back), &got, "Zg==", 4), -SK_EINVAL);
    assert_int_equal(sk_b64url_decode(back, 2, &got, "Zm9v", 4), -SK_ETOOBIG);
    assert_int_equal(sk_hex_decode(back, sizeof(back), &got, "0g", 2), -SK_EINVAL);
    assert_int_equal(sk_hex_decode(back, sizeof(back), &got, "0", 1), -SK_EINVAL);
    assert_int_equal(sk_b32_decode(back, sizeof(back), &got, "ab1", 3), -SK_EINVAL);
}

static void test_numbers_are_plain_decimals(void **state)
{
    uint64_t v;

    (void)state;
    assert_int_equal(sk_parse_u64(&v, "18446744073709551615", 20, UINT64_MAX), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(sk_parse_u64(&v, "18446744073709551616", 20, UINT64_MAX), -SK_EINVAL);
    assert_int_equal(sk_parse_u64(&v, "256", 3, 255), -SK_EINVAL);
    assert_int_equal(sk_parse_u64(&v, "255", 3, 255), 0);
    assert_int_equal(sk_parse_u64(&v, "+1", 2, 255), -SK_EINVAL);
    assert_int_equal(sk_parse_u64(&v, "", 0, 255), -SK_EINVAL);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(sk_utf8_is_valid("p\xc3\xa9", 3));
    assert_true(sk_utf8_is_valid("\xf0\x9f\x90\x9d", 4));
    assert_false(sk_utf8_is_valid("\xc0\xaf", 2));
    assert_false(sk_utf8_is_valid("\xed\xa0\x80", 3));
    assert_false(sk_utf8_is_valid("\xf4\x90\x80\x80", 4));
    assert_false(sk_utf8_is_valid("a\0b", 3));
    assert_false(sk_utf8_is_valid("\xe2\x82", 2));
    assert_int_equal(sk_utf8_count("\xe5\xaf\x86\xe7\xa0\x81", 6), 2);
}

static void json_refused(const char *text)
{
    json_t *v;

    assert_int_equal(sk_json_parse(&v, text, strlen(text)), -SK_EINVAL);
}

static void test_json_is_strict(void **state)
{
    json_t *v;
    int64_t n;
    const char *s;
    static const char *const names[] = {"a", "b", NULL};

    (void)state;
    json_refused("");
    json_refused("[]");
    json_refused("{\"a\":1,\"a\":2}");
    json_refused("{\"a\":1} x");
    json_refused("{\"a\":9007199254740993}");
    json_refused("{\"a\":\"\\u0000\"}");
    json_refused("{\"a\":[[[[[[[[1]]]]]]]]}");
    assert_int_equal(sk_json_parse(&v, "{\"a\":7,\"b\":\"hi\"}", 16), 0);
    assert_int_equal(sk_json_only(v, names), 0);
    assert_int_equal(sk_json_int(v, "a", 0, 7, &n), 0);
    assert_int_equal(sk_json_int(v, "a", 0, 6, &n), -SK_EINVAL);
    assert_int_equal(sk_json_str(v, "b", 1, &s), -SK_EINVAL);
    assert_int_equal(sk_json_str(v, "b", 2, &s), 0);
    sk_json_set_int(v, "c", 1);
    assert_int_equal(sk_json_only(v, names), -SK_EINVAL);
    json_decref(v);
}

static void test_map_against_a_plain_array(void **state)
{
    enum { KEYS = 997 };
    static int values[KEYS];
    void *model[KEYS] = {NULL};
    struct sk_map *m = sk_map_new(4);
    size_t live = 0;

    (void)state;
    for (int step = 0; step < 50000; step++) {
        uint32_t k = sk_random_below(KEYS);
        if (sk_random_below(2)) {
            assert_ptr_equal(sk_map_put(m, &k, 4, &values[k]), model[k]);
            live += !model[k];
            model[k] = &values[k];
        } else {
            assert_ptr_equal(sk_map_remove(m, &k, 4), model[k]);
            live -= model[k] != NULL;
            model[k] = NULL;
        }
        assert_int_equal(sk_map_count(m), live);
    }
    size_t pos = 0, walked = 0;
    while (sk_map_next(m, &pos))
        walked++;
    assert_int_equal(walked, live);
    for (uint32_t k = 0; k < KEYS; k++)
        assert_ptr_equal(sk_map_find(m, &k, 4), model[k]);
    sk_map_free(m);
}

static void test_equal_ct(void **state)
{
    (void)state;
    assert_true(sk_equal_ct("abcd", "abcd", 4));
    assert_false(sk_equal_ct("abcd", "abce", 4));
    assert_true(sk_equal_ct("a", "b", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_never_passes_its_maximum),
        cmocka_unit_test(test_text_round_trips),
        cmocka_unit_test(test_text_known_values),
        cmocka_unit_test(test_text_refuses_what_is_not_canonical),
        cmocka_unit_test(test_numbers_are_plain_decimals),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_json_is_strict),
        cmocka_unit_test(test_map_against_a_plain_array),
        cmocka_unit_test(test_equal_ct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
