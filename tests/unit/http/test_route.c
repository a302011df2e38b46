/* The route table: what is found, what is refused at start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/internal.h"

static int handle(struct http_request *req)
{
    return http_empty(req, 204);
}

static const struct route rows[] = {
    {"GET", "/api/v1/devices", "device.list", 0, NULL, handle, NULL},
    {"GET", "/api/v1/devices/{id}", "device.view", 0, NULL, handle, NULL},
    {"PATCH", "/api/v1/devices/{id}", "device.config", 512, NULL, handle, NULL},
    {"GET", "/api/v1/devices/{id}/history", "device.view", 0, NULL, handle, NULL},
    {"DELETE", "/api/v1/sessions/{id}", "session", 0, NULL, handle, NULL},
    {"POST", "/api/v1/sessions/revoke-others", "session", 0, NULL, handle, NULL},
    {"GET", "/.well-known/est/cacerts", "public", 0, NULL, handle, NULL},
    {"GET", "/x/{a}/{b}/{c}/{d}", "public", 0, NULL, handle, NULL},
};

static int table_fill(void **st)
{
    static struct route_table t;

    t = (struct route_table){0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (route_table_add(&t, &rows[i], NULL))
            return -1;
    *st = &t;
    return 0;
}

static int table_empty(void **st)
{
    route_table_fini(*st);
    return 0;
}

static void finds_rows(void **st)
{
    struct route_match m;

    assert_int_equal(route_table_find(*st, "GET", "/api/v1/devices", &m), 0);
    assert_ptr_equal(m.row, &rows[0]);
    assert_int_equal(route_table_find(*st, "GET", "/api/v1/devices/abc", &m), 0);
    assert_ptr_equal(m.row, &rows[1]);
    assert_int_equal(m.param_count, 1);
    assert_int_equal(m.params[0].at, strlen("/api/v1/devices/"));
    assert_int_equal(m.params[0].len, 3);
    assert_int_equal(route_table_find(*st, "HEAD", "/api/v1/devices/abc/history", &m), 0);
    assert_ptr_equal(m.row, &rows[3]);
    assert_int_equal(route_table_find(*st, "GET", "/.well-known/est/cacerts", &m), 0);
    assert_int_equal(route_table_find(*st, "GET", "/x/1/22/333/4", &m), 0);
    assert_int_equal(m.param_count, 4);
    assert_int_equal(m.params[2].len, 3);
}

static void literal_goes_first_and_falls_back(void **st)
{
    struct route_match m;

    assert_int_equal(route_table_find(*st, "POST", "/api/v1/sessions/revoke-others", &m), 0);
    assert_ptr_equal(m.row, &rows[5]);
    assert_int_equal(m.param_count, 0);
    assert_int_equal(route_table_find(*st, "DELETE", "/api/v1/sessions/revoke-others", &m), 0);
    assert_ptr_equal(m.row, &rows[4]);
    assert_int_equal(m.param_count, 1);
}

static void refuses_strangers(void **st)
{
    static const char *const paths[] = {
        "",
        "/",
        "/api",
        "/api/v1/devices/",
        "/api/v1/devices//history",
        "/api/v1/devicesx",
        "api/v1/devices",
        "/api/v1/devices/abc/history/",
        "/API/v1/devices",
        "/x/1/2/3",
        "/x/1/2/3/4/5",
    };
    struct route_match m;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(route_table_find(*st, "GET", paths[i], &m), -SK_ENOTFOUND);
    assert_int_equal(route_table_find(*st, "PUT", "/api/v1/devices/abc", &m), -SK_EUNSUPPORTED);
    assert_int_equal(m.allowed, 1u << ROUTE_GET | 1u << ROUTE_PATCH);
    assert_int_equal(route_table_find(*st, "BREW", "/api/v1/devices", &m), -SK_EUNSUPPORTED);
    assert_int_equal(route_table_find(*st, "get", "/api/v1/devices", &m), -SK_EUNSUPPORTED);
}

static void bad_rows_do_not_start(void **st)
{
    static const struct route bad[] = {
        {"GET", "/a", NULL, 0, NULL, handle, NULL},
        {"GET", "/a", "", 0, NULL, handle, NULL},
        {"GET", "/a", "public", 0, NULL, NULL, NULL},
        {"HEAD", "/a", "public", 0, NULL, handle, NULL},
        {"OPTIONS", "/a", "public", 0, NULL, handle, NULL},
        {"GET", "a", "public", 0, NULL, handle, NULL},
        {"GET", "/a//b", "public", 0, NULL, handle, NULL},
        {"GET", "/a/", "public", 0, NULL, handle, NULL},
        {"GET", "/a/{}", "public", 0, NULL, handle, NULL},
        {"GET", "/a/{Id}", "public", 0, NULL, handle, NULL},
        {"GET", "/a b", "public", 0, NULL, handle, NULL},
        {"GET", "/{a}/{b}/{c}/{d}/{e}", "public", 0, NULL, handle, NULL},
        {"GET", "/a", "public", 0, NULL, handle, "{\"summary\":"},
        {"GET", "/a", "public", 0, NULL, handle, "[]"},
    };
    struct route_table t = {0};
    struct sk_buf why;

    (void)st;
    sk_buf_init(&why, 512);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sk_buf_reset(&why);
        assert_int_equal(route_table_add(&t, &bad[i], &why), -SK_EINVAL);
        assert_true(why.len > 0);
    }
    assert_int_equal(t.count, 0);
    assert_int_equal(route_table_add(&t, &rows[0], &why), 0);
    assert_int_equal(route_table_add(&t, &rows[0], &why), -SK_ECONFLICT);
    sk_buf_fini(&why);
    route_table_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_rows, table_fill, table_empty),
        cmocka_unit_test_setup_teardown(literal_goes_first_and_falls_back, table_fill, table_empty),
        cmocka_unit_test_setup_teardown(refuses_strangers, table_fill, table_empty),
        cmocka_unit_test(bad_rows_do_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
