/* The pure pieces of the edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/internal.h"

static struct http1_text text(const char *s)
{
    return (struct http1_text){s, strlen(s)};
}

static void test_accept_encoding(void **state)
{
    static const struct {
        const char *field;
        int gzip;
    } rows[] = {
        {"gzip", 1},         {"GZIP", 1},          {"br, gzip", 1},          {"gzip;q=0.5", 1},
        {"gzip;q=0", 0},     {"gzip; q=0.000", 0}, {"gzip;q=0.001", 1},      {"*", 1},
        {"*;q=0", 0},        {"*, gzip;q=0", 0},   {"identity", 0},          {"", 0},
        {"xgzip, gzipx", 0}, {",, ,gzip", 1},      {"deflate, br;q=1.0", 0},
    };
    (void)state;
    assert_int_equal(static_accepts_gzip(NULL), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct http1_text t = text(rows[i].field);
        if (static_accepts_gzip(&t) != rows[i].gzip)
            fail_msg("%s", rows[i].field);
    }
}

static void test_if_none_match(void **state)
{
    static const struct {
        const char *field;
        int same;
    } rows[] = {
        {"\"abc\"", 1}, {"W/\"abc\"", 1}, {"*", 1},        {"\"x\", \"abc\"", 1},
        {"abc", 0},     {"\"ab\"", 0},    {"\"abcd\"", 0}, {"", 0},
    };
    (void)state;
    assert_int_equal(static_etag_matches(NULL, "\"abc\""), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct http1_text t = text(rows[i].field);
        if (static_etag_matches(&t, "\"abc\"") != rows[i].same)
            fail_msg("%s", rows[i].field);
    }
}

static void test_request_table(void **state)
{
    struct edge_request row = {.path = "/a"}, out;
    char slot[20], old[20], full[128];
    (void)state;
    assert_int_equal(request_add(&row, slot), 0);
    snprintf(full, sizeof(full), "%s.%s", request_secret(), slot);
    assert_int_equal(edge_request_find(full, &out), 0);
    assert_string_equal(out.path, "/a");
    memcpy(old, slot, sizeof(old));
    request_remove(slot);
    assert_int_equal(edge_request_find(full, &out), -SK_ENOTFOUND);
    struct edge_request two = {.path = "/b"}; /* the same place, another turn */
    assert_int_equal(request_add(&two, slot), 0);
    assert_string_not_equal(slot, old);
    assert_int_equal(edge_request_find(full, &out), -SK_ENOTFOUND);
    request_remove(slot);
    full[5] = full[5] == 'a' ? 'b' : 'a';
    assert_int_equal(edge_request_find(full, &out), -SK_EAUTH);
    assert_int_equal(edge_request_find("", &out), -SK_EAUTH);
    assert_int_equal(edge_request_find(request_secret(), &out), -SK_EAUTH);
    static const char *const bad[] = {".", ".x", ".00000000ffffffff", ".ffffffff00000001",
                                      ".000000000000000000"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        snprintf(full, sizeof(full), "%s%s", request_secret(), bad[i]);
        assert_int_equal(edge_request_find(full, &out), -SK_ENOTFOUND);
    }
}

static void test_request_table_is_bounded(void **state)
{
    static char slots[EDGE_PARALLEL_MAX][20];
    struct edge_request row = {.path = "/a"};
    char more[20];
    (void)state;
    for (size_t i = 0; i < EDGE_PARALLEL_MAX; i++)
        assert_int_equal(request_add(&row, slots[i]), 0);
    assert_int_equal(request_add(&row, more), -SK_ELIMIT);
    for (size_t i = 0; i < EDGE_PARALLEL_MAX; i++)
        request_remove(slots[i]);
    assert_int_equal(request_add(&row, more), 0);
    request_remove(more);
}

static void test_sources(void **state)
{
    (void)state;
    edge_get()->set.http_per_source = 2;
    assert_int_equal(source_add("192.0.2.1"), 0);
    assert_int_equal(source_add("192.0.2.1"), 0);
    assert_int_equal(source_add("192.0.2.1"), -SK_ELIMIT);
    assert_int_equal(source_add("192.0.2.2"), 0);
    assert_int_equal(source_add("2001:db8::1"), 0); /* a /64 is one source */
    assert_int_equal(source_add("2001:db8::ffff:1"), 0);
    assert_int_equal(source_add("2001:db8:0:0:5::"), -SK_ELIMIT);
    assert_int_equal(source_add("2001:db8:0:1::1"), 0);
    source_remove("192.0.2.1");
    assert_int_equal(source_add("192.0.2.1"), 0);
    static const char *const left[] = {"192.0.2.1",   "192.0.2.1",   "192.0.2.2",
                                       "2001:db8::1", "2001:db8::1", "2001:db8:0:1::1"};
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        source_remove(left[i]);
}

static void test_redirects(void **state)
{
    static const struct {
        const char *head, *location; /* NULL = closed without an answer */
        uint16_t port;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: box\r\n\r\n", "https://box:8443/", 8443},
        {"GET / HTTP/1.1\r\nHost: box\r\n\r\n", "https://box/", 443},
        {"HEAD /a%20b?x=%20 HTTP/1.0\r\nHost: box:99\r\n\r\n", "https://box:99/a%20b?x=%20", 8443},
        {"GET /%0d%0aSet-Cookie:%20a HTTP/1.1\r\nHost: box\r\n\r\n", NULL, 8443},
        {"GET //evil/ HTTP/1.1\r\nHost: box\r\n\r\n", NULL, 8443},
        {"GET / HTTP/1.1\r\nHost: evil/x\r\n\r\n", NULL, 8443},
        {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", NULL, 8443},
        {"PUT / HTTP/1.1\r\nHost: box\r\n\r\n", NULL, 8443},
        {"GET / HTTP/1.1\r\nHost: box\r\nContent-Length: 2\r\n\r\n", NULL, 8443},
        {"GET / HTTP/1.1\r\n\r\n", NULL, 8443},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char want[128];
        struct sk_buf out;
        sk_buf_init(&out, ANSWER_HEAD_MAX);
        int rc = plain_redirect(&out, rows[i].head, strlen(rows[i].head), rows[i].port);
        assert_int_equal(rc == 0, rows[i].location != NULL);
        if (rc == 0) {
            snprintf(want, sizeof(want), "\r\nLocation: %s\r\n", rows[i].location);
            assert_non_null(strstr((const char *)out.data, want));
        }
        sk_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_encoding), cmocka_unit_test(test_if_none_match),
        cmocka_unit_test(test_request_table),   cmocka_unit_test(test_request_table_is_bounded),
        cmocka_unit_test(test_sources),         cmocka_unit_test(test_redirects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
