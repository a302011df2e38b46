/* A request's way through gates to its answer, without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "core/metrics.h"
#include "edge_stand_in.h"

static int calls;

static int handle_echo(struct http_request *req)
{
    json_t *out = json_object();

    calls++;
    sk_json_set_str(out, "id", http_param(req, "id"));
    sk_json_set_str(out, "q", http_query(req, "q"));
    return http_json(req, 200, out);
}

static int handle_body(struct http_request *req)
{
    json_t *body;

    calls++;
    if (http_body_json(req, &body))
        return 0;
    return http_json(req, 201, json_incref(body));
}

static int handle_device(struct http_request *req)
{
    calls++;
    if (http_may(req, "device.view", (struct object_ref){"device", http_param(req, "id")}))
        return 0;
    return http_empty(req, 204);
}

static int handle_silent(struct http_request *req)
{
    (void)req;
    return 0;
}

static int handle_code(struct http_request *req)
{
    (void)req;
    return -SK_EGONE;
}

static int handle_limit(struct http_request *req)
{
    return http_problem(req, -SK_ELIMIT, json_pack("{s:i}", "retry_ms", 1500));
}

static int handle_inject(struct http_request *req)
{
    http_header(req, "X-Name", "a\r\nSet-Cookie: b=c");
    http_header(req, "X-Good", "yes");
    return http_empty(req, 204);
}

static const struct route rows[] = {
    {"GET", "/echo/{id}", "public", 0, NULL, handle_echo, "{\"summary\":\"Echo\"}"},
    {"POST", "/open", "public", 256, NULL, handle_body, NULL},
    {"POST", "/body", "session", 256, NULL, handle_body, NULL},
    {"POST", "/pkcs", "session", 256, "application/pkcs10", handle_silent, NULL},
    {"GET", "/device/{id}", "session", 0, NULL, handle_device, NULL},
    {"GET", "/silent", "public", 0, NULL, handle_silent, NULL},
    {"GET", "/code", "public", 0, NULL, handle_code, NULL},
    {"GET", "/limit", "public", 0, NULL, handle_limit, NULL},
    {"GET", "/inject", "public", 0, NULL, handle_inject, NULL},
    {"GET", "/metrics", "metrics.read", 0, NULL, handle_echo, NULL},
    {0},
};

static const struct room test_room = {.name = "test", .routes = rows};

const struct room *const *rooms_list(void)
{
    static const struct room *const list[] = {&test_room, NULL};
    return list;
}

static struct route_table table;

static int group_start(void **st)
{
    (void)st;
    seams_fill();
    for (const struct route *r = rows; r->method; r++)
        if (route_table_add(&table, r, NULL))
            return -1;
    route_table_use(&table);
    return 0;
}

static int group_stop(void **st)
{
    (void)st;
    route_table_use(NULL);
    route_table_fini(&table);
    return 0;
}

/* Run one request; the answer is left in `req`. */
static void serve(struct http_request *req, const struct edge_request *f, const char *body,
                  const char *type)
{
    calls = 0;
    request_init(req, f, NULL, 1700000000000);
    if (body) {
        sk_buf_init(&req->body, 4096);
        assert_int_equal(sk_buf_add_str(&req->body, body), 0);
    }
    request_serve(req, type);
    assert_true(req->answered);
}

static const char *answer_text(const struct http_request *req)
{
    return (const char *)req->answer.data;
}

static void assert_problem(struct http_request *req, int status, const char *code)
{
    const char *body = strstr(answer_text(req), "\r\n\r\n");
    const char *have;
    int64_t number;
    json_t *p;

    assert_int_equal(req->status, status);
    assert_non_null(body);
    assert_non_null(strstr(answer_text(req), "Content-Type: application/problem+json\r\n"));
    assert_int_equal(sk_json_parse(&p, body + 4, strlen(body + 4)), 0);
    assert_int_equal(sk_json_str(p, "code", 64, &have), 0);
    assert_string_equal(have, code);
    assert_int_equal(sk_json_int(p, "status", 100, 599, &number), 0);
    assert_int_equal(number, status);
    assert_int_equal(sk_json_str(p, "request", 64, &have), 0);
    assert_string_equal(have, "0123456789abcdef");
    json_decref(p);
}

static void expect_problem(const struct edge_request *f, const char *body, const char *type,
                           int status, const char *code)
{
    struct http_request req;

    serve(&req, f, body, type);
    assert_problem(&req, status, code);
    request_fini(&req);
}

static void answers_with_length_and_no_store(void **st)
{
    struct edge_request f;
    struct http_request req;

    (void)st;
    facts_set(&f, "GET", "/echo/abc", "q=a%20b%2Bc+d&x=");
    serve(&req, &f, NULL, NULL);
    assert_int_equal(req.status, 200);
    assert_non_null(strstr(answer_text(&req), "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(answer_text(&req), "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(answer_text(&req), "Content-Length: 26\r\n"));
    assert_non_null(strstr(answer_text(&req), "\r\n\r\n{\"id\":\"abc\",\"q\":\"a b+c d\"}"));
    request_fini(&req);

    facts_set(&f, "HEAD", "/echo/abc", "q=a%20b%2Bc+d");
    serve(&req, &f, NULL, NULL);
    assert_non_null(strstr(answer_text(&req), "Content-Length: 26\r\n"));
    request_fini(&req);
}

static void query_is_strict(void **st)
{
    static const char *const bad[] = {"q=%",   "q=%4",  "q=%zz", "q=a&q=b", "=a",
                                      "q=%00", "q=%ff", "&&",    "%00=1",   "q=%c0%80"};
    struct edge_request f;

    (void)st;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        facts_set(&f, "GET", "/echo/a", bad[i]);
        expect_problem(&f, NULL, NULL, 400, "bad-request");
        assert_int_equal(calls, 0);
    }
    facts_set(&f, "GET", "/echo/a", "a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=&l=&m=&n=&o=&p=&r=");
    expect_problem(&f, NULL, NULL, 400, "bad-request");
}

static void query_numbers(void **st)
{
    struct edge_request f;
    struct http_request req;
    int64_t n;

    (void)st;
    facts_set(&f, "GET", "/echo/a", "limit=50&neg=-7&big=99999999999999999999&bad=1x&zero=-0&e=");
    request_init(&req, &f, NULL, 0);
    assert_int_equal(request_query_parse(&req), 0);
    assert_int_equal(http_query_int(&req, "limit", 1, 200, 20, &n), 0);
    assert_int_equal(n, 50);
    assert_int_equal(http_query_int(&req, "absent", 1, 200, 20, &n), 0);
    assert_int_equal(n, 20);
    assert_int_equal(http_query_int(&req, "neg", -10, 0, 0, &n), 0);
    assert_int_equal(n, -7);
    assert_int_equal(http_query_int(&req, "limit", 1, 49, 20, &n), -SK_EINVAL);
    assert_int_equal(http_query_int(&req, "big", 0, INT64_MAX, 0, &n), -SK_EINVAL);
    assert_int_equal(http_query_int(&req, "bad", 0, 9, 0, &n), -SK_EINVAL);
    assert_int_equal(http_query_int(&req, "zero", 0, 9, 0, &n), -SK_EINVAL);
    assert_int_equal(http_query_int(&req, "e", 0, 9, 0, &n), -SK_EINVAL);
    request_fini(&req);
}

static void gates_by_permission(void **st)
{
    struct edge_request f;
    struct http_request req;

    (void)st;
    facts_set(&f, "GET", "/nowhere", "");
    expect_problem(&f, NULL, NULL, 404, "not-found");
    facts_set(&f, "GET", "/device/x", "");
    serve(&req, &f, NULL, NULL);
    assert_problem(&req, 401, "auth-required");
    assert_non_null(strstr(answer_text(&req), "WWW-Authenticate: Bearer\r\n"));
    assert_int_equal(calls, 0);
    request_fini(&req);

    /* not yours reads like absent */
    f.principal.kind = PRINCIPAL_ACCOUNT;
    expect_problem(&f, NULL, NULL, 404, "not-found");
    assert_int_equal(calls, 1);

    facts_set(&f, "PUT", "/body", "");
    serve(&req, &f, NULL, NULL);
    assert_problem(&req, 405, "bad-request");
    assert_non_null(strstr(answer_text(&req), "Allow: POST\r\n"));
    request_fini(&req);
}

static void cookie_needs_token_and_own_origin(void **st)
{
    struct edge_request f;
    struct http_request req;

    (void)st;
    facts_set(&f, "POST", "/body", "");
    f.principal.kind = PRINCIPAL_ACCOUNT;
    f.principal.by_cookie = 1;
    expect_problem(&f, "{}", "application/json", 403, "forbidden");
    memcpy(f.csrf, "wrong", 6);
    expect_problem(&f, "{}", "application/json", 403, "forbidden");
    memcpy(f.csrf, "right", 6);
    serve(&req, &f, "{}", "application/json");
    assert_int_equal(req.status, 201);
    request_fini(&req);
    f.origin_is_foreign = 1;
    expect_problem(&f, "{}", "application/json", 403, "forbidden");
    assert_int_equal(calls, 0);

    /* a bearer needs no token; a foreign page may not act on public routes either */
    facts_set(&f, "POST", "/body", "");
    f.principal.kind = PRINCIPAL_ACCOUNT;
    serve(&req, &f, "{}", "application/json");
    assert_int_equal(req.status, 201);
    request_fini(&req);
    facts_set(&f, "POST", "/open", "");
    f.origin_is_foreign = 1;
    expect_problem(&f, "{}", "application/json", 403, "forbidden");
    f.origin_is_foreign = 0;
    f.principal.kind = PRINCIPAL_ACCOUNT;
    f.principal.by_cookie = 1;
    serve(&req, &f, "{}", "application/json");
    assert_int_equal(req.status, 201);
    request_fini(&req);
}

static void body_is_strict(void **st)
{
    struct edge_request f;

    (void)st;
    facts_set(&f, "POST", "/open", "");
    expect_problem(&f, "{}", "text/plain", 400, "bad-request");
    expect_problem(&f, "{}", NULL, 400, "bad-request");
    expect_problem(&f, "{}", "application/json, text/plain", 400, "bad-request");
    assert_int_equal(calls, 0);
    expect_problem(&f, "{\"a\":1,\"a\":2}", "application/json", 400, "bad-request");
    expect_problem(&f, "[]", "application/json", 400, "bad-request");
    expect_problem(&f, NULL, NULL, 400, "bad-request");
    assert_int_equal(calls, 1);
    char big[300];
    memset(big, ' ', sizeof(big));
    big[0] = '{';
    big[298] = '}';
    big[299] = '\0';
    expect_problem(&f, big, "application/json", 413, "too-large");
    facts_set(&f, "GET", "/echo/a", "");
    expect_problem(&f, "{}", "application/json", 413, "too-large");
}

static void handlers_that_fail(void **st)
{
    struct edge_request f;
    struct http_request req;

    (void)st;
    facts_set(&f, "GET", "/silent", "");
    expect_problem(&f, NULL, NULL, 500, "internal");
    facts_set(&f, "GET", "/code", "");
    expect_problem(&f, NULL, NULL, 410, "gone");
    facts_set(&f, "GET", "/limit", "");
    serve(&req, &f, NULL, NULL);
    assert_problem(&req, 429, "throttled");
    assert_non_null(strstr(answer_text(&req), "Retry-After: 2\r\n"));
    assert_non_null(strstr(answer_text(&req), "\"retry_ms\":1500"));
    request_fini(&req);
    facts_set(&f, "GET", "/inject", "");
    serve(&req, &f, NULL, NULL);
    assert_null(strstr(answer_text(&req), "Set-Cookie"));
    assert_non_null(strstr(answer_text(&req), "X-Good: yes\r\n"));
    assert_null(strstr(answer_text(&req), "Content-Length"));
    request_fini(&req);
}

static void codes_are_the_contracts(void **st)
{
    static const char *const known[] = {
        "bad-request", "auth-required",   "forbidden",       "not-found", "conflict",
        "gone",        "too-large",       "throttled",       "busy",      "storage",
        "internal",    "factor-required", "approval-needed",
    };

    (void)st;
    for (int err = 1; err < SK_ERROR_COUNT; err++) {
        int found = 0;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found |= strcmp(problem_code(-err), known[i]) == 0;
        assert_true(found);
    }
}

static void openapi_has_every_row(void **st)
{
    json_t *doc = http_openapi();
    json_t *paths = json_object_get(doc, "paths");
    json_t *echo = json_object_get(json_object_get(paths, "/echo/{id}"), "get");
    json_t *param = json_array_get(json_object_get(echo, "parameters"), 0);

    (void)st;
    assert_string_equal(json_string_value(json_object_get(doc, "openapi")), "3.1.0");
    for (const struct route *r = rows; r->method; r++)
        assert_non_null(json_object_get(paths, r->path));
    assert_string_equal(json_string_value(json_object_get(echo, "summary")), "Echo");
    assert_string_equal(json_string_value(json_object_get(param, "name")), "id");
    assert_int_equal(json_array_size(json_object_get(echo, "security")), 0);
    json_t *body = json_object_get(json_object_get(paths, "/body"), "post");
    assert_string_equal(json_string_value(json_object_get(body, "x-permission")), "session");
    assert_int_equal(json_array_size(json_object_get(body, "security")), 2);
    assert_non_null(json_object_get(json_object_get(doc, "components"), "schemas"));
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_with_length_and_no_store),
        cmocka_unit_test(query_is_strict),
        cmocka_unit_test(query_numbers),
        cmocka_unit_test(gates_by_permission),
        cmocka_unit_test(cookie_needs_token_and_own_origin),
        cmocka_unit_test(body_is_strict),
        cmocka_unit_test(handlers_that_fail),
        cmocka_unit_test(codes_are_the_contracts),
        cmocka_unit_test(openapi_has_every_row),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
