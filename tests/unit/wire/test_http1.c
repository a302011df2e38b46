/* Heads and chunks: what is accepted, and the long table of what must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http1.h"

static int parse(struct http1_request *req, const char *head, size_t len)
{
    size_t scan = 0, head_len = 0;
    int rc = http1_head_find(head, len, &scan, &head_len);
    memset(req, 0, sizeof(*req));
    return rc != 0 ? rc : http1_request_parse(req, head, head_len);
}

static void test_request_is_read(void **state)
{
    static const char head[] = "POST /api/v1/a%20b/%e4%b8%ad?x=1&y=%2F HTTP/1.1\r\n"
                               "Host: localhost:8443\r\nContent-Length: 12\r\n"
                               "Cookie:  a=b \t\r\nExpect: 100-continue\r\n\r\nbody";
    struct http1_request req;
    (void)state;
    assert_int_equal(parse(&req, head, sizeof(head) - 1), 0);
    assert_string_equal(req.method, "POST");
    assert_string_equal(req.path, "/api/v1/a b/\xe4\xb8\xad");
    assert_string_equal(req.query, "x=1&y=%2F");
    assert_int_equal(req.minor, 1);
    assert_int_equal(req.body, HTTP1_BODY_LENGTH);
    assert_int_equal(req.content_length, 12);
    assert_true(req.keep_alive && req.expect_continue && !req.upgrade_websocket);
    assert_int_equal(req.field_count, 4);
    const struct http1_text *cookie = http1_field_find(req.fields, req.field_count, "COOKIE");
    assert_non_null(cookie);
    assert_int_equal(cookie->len, 3);
    assert_memory_equal(cookie->p, "a=b", 3);
    assert_null(http1_field_find(req.fields, req.field_count, "cooki"));
    assert_memory_equal(req.host.p, "localhost:8443", req.host.len);
}

static void test_head_comes_in_pieces(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    size_t scan = 0, head_len = 0, whole = sizeof(head) - 1 - 4;
    (void)state;
    for (size_t n = 0; n < whole; n++)
        assert_int_equal(http1_head_find(head, n, &scan, &head_len), -SK_EAGAIN);
    assert_int_equal(http1_head_find(head, sizeof(head) - 1, &scan, &head_len), 0);
    assert_int_equal(head_len, whole);
}

static void test_head_limits(void **state)
{
    static char head[HTTP1_HEAD_MAX + 64];
    size_t scan = 0, head_len, at;
    struct http1_request req;
    (void)state;
    memset(head, 'a', sizeof(head));
    memcpy(head, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    assert_int_equal(http1_head_find(head, sizeof(head), &scan, &head_len), -SK_ETOOBIG);
    memcpy(head + HTTP1_HEAD_MAX - 4, "\r\n\r\n", 4);
    scan = 0;
    assert_int_equal(http1_head_find(head, sizeof(head), &scan, &head_len), 0);
    assert_int_equal(head_len, HTTP1_HEAD_MAX);
    assert_int_equal(http1_request_parse(&req, head, head_len), 0);

    for (int extra = 0; extra < 2; extra++) { /* 60 fields are taken, 61 are not */
        at = (size_t)(stpcpy(head, "GET / HTTP/1.1\r\nHost: a\r\n") - head);
        for (int i = 0; i < HTTP1_FIELDS_MAX - 1 + extra; i++)
            at = (size_t)(stpcpy(head + at, "X: y\r\n") - head);
        at = (size_t)(stpcpy(head + at, "\r\n") - head);
        assert_int_equal(parse(&req, head, at), extra ? -SK_ETOOBIG : 0);
    }
}

static const struct {
    const char *in, *out; /* out NULL = refused */
} paths[] = {
    {"/", "/"},
    {"/a/b", "/a/b"},
    {"/a/b/", "/a/b/"},
    {"/a/./b", "/a/b"},
    {"/a/../b", "/b"},
    {"/a/b/..", "/a/"},
    {"/a/.", "/a/"},
    {"/.", "/"},
    {"/a/%2e%2E/b", "/b"},
    {"/a/%2e/b", "/a/b"},
    {"/..a/.b", "/..a/.b"},
    {"/a%25b", "/a%b"},
    {"/a%252e%252e/b", "/a%2e%2e/b"},
    {"/a;x=1,2/b@c:d", "/a;x=1,2/b@c:d"},
    {"/%C3%A9", "/\xc3\xa9"},
    {"/..", NULL},
    {"/../a", NULL},
    {"/a/../../b", NULL},
    {"/%2e%2e/a", NULL},
    {"//", NULL},
    {"//a", NULL},
    {"/a//b", NULL},
    {"/a%2Fb", NULL},
    {"/a%2fb", NULL},
    {"/a%5cb", NULL},
    {"/a\\b", NULL},
    {"/a%00b", NULL},
    {"/a%0d%0ab", NULL},
    {"/a%7f", NULL},
    {"/a%", NULL},
    {"/a%2", NULL},
    {"/a%zz", NULL},
    {"/a%u0041", NULL},
    {"/a\"b", NULL},
    {"/a<b", NULL},
    {"/a|b", NULL},
    {"/a#b", NULL},
    {"/\xc3\xa9", NULL},
    {"/%C3", NULL},
    {"/%C0%AF", NULL},
    {"/%ED%A0%80", NULL},
    {"/%F4%90%80%80", NULL},
    {"/%E0%80%AF", NULL},
    {"a", NULL},
    {"*", NULL},
    {"http://localhost/a", NULL},
    {"https://localhost/a", NULL},
    {"localhost:443", NULL},
    {"/a?x=%zz", NULL},
    {"/a?x=%00", NULL},
    {"/a?x=\"", NULL},
    {"/a?x=\\", NULL},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        char head[256];
        struct http1_request req;
        char *end =
            stpcpy(stpcpy(stpcpy(head, "GET "), paths[i].in), " HTTP/1.1\r\nHost: a\r\n\r\n");
        int rc = parse(&req, head, (size_t)(end - head));
        if (paths[i].out == NULL && rc == 0)
            fail_msg("accepted %s as %s", paths[i].in, req.path);
        if (paths[i].out != NULL && rc != 0)
            fail_msg("refused %s", paths[i].in);
        if (paths[i].out != NULL)
            assert_string_equal(req.path, paths[i].out);
    }
}

static void test_path_encode_round_trip(void **state)
{
    char text[64], head[128];
    struct http1_request req;
    (void)state;
    assert_int_equal(http1_path_encode(text, sizeof(text), "/a b%/\xe4\xb8\xad?#"), 0);
    assert_string_equal(text, "/a%20b%25/%E4%B8%AD%3F%23");
    char *end = stpcpy(stpcpy(stpcpy(head, "GET "), text), " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(parse(&req, head, (size_t)(end - head)), 0);
    assert_string_equal(req.path, "/a b%/\xe4\xb8\xad?#");
    assert_int_equal(http1_path_encode(text, 4, "/a b"), -SK_ETOOBIG);
}

/* Every one of these must be refused. G = a good request line, H = a good Host. */
#define G "GET / HTTP/1.1\r\n"
#define P "POST / HTTP/1.1\r\n"
#define H "Host: a\r\n"

static const struct {
    const char *head;
    int err;
} refused[] = {
    /* two lengths, or none that is clear */
    {P H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", -SK_EINVAL},
    {P H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 5, 5\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: +5\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: -5\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 0x5\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 05\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 5 5\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 5.0\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length:\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 18446744073709551621\r\n\r\n", -SK_EINVAL},
    {P H "Content-Length: 9999999999999999\r\n\r\n", -SK_EINVAL},
    {P H "Transfer-Encoding : chunked\r\n\r\n", -SK_EINVAL},
    {P H "Transfer-Encoding\t: chunked\r\n\r\n", -SK_EINVAL},
    {P H " Transfer-Encoding: chunked\r\n\r\n", -SK_EINVAL},
    {P H "Transfer-Encoding: xchunked\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding: chunked, chunked\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding: gzip, chunked\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding: chunked, identity\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding: identity\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding: \"chunked\"\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding: chunked;q=1\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding:\r\n\r\n", -SK_EUNSUPPORTED},
    {P H "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", -SK_EINVAL},
    {P H "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", -SK_EINVAL},
    {P H "Transfer-Encoding:\x0b"
         "chunked\r\n\r\n",
     -SK_EINVAL},
    {P H "Transfer\0-Encoding: chunked\r\n\r\n", -SK_EINVAL},
    {"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", -SK_EINVAL},
    /* line ends and folding */
    {"GET / HTTP/1.1\nHost: a\n\n", -SK_EINVAL},
    {G "Host: a\n\r\n", -SK_EINVAL},
    {G H "X: a\nY: b\r\n\r\n", -SK_EINVAL},
    {G H "X: a\rY: b\r\n\r\n", -SK_EINVAL},
    {G H "X: a\r\r\n\r\n", -SK_EINVAL},
    {G H "X: a\r\n b\r\n\r\n", -SK_EINVAL},
    {G H "X: a\r\n\tb\r\n\r\n", -SK_EINVAL},
    {G " Host: a\r\n\r\n", -SK_EINVAL},
    {"\r\n" G H "\r\n", -SK_EINVAL},
    {"\n" G H "\r\n", -SK_EINVAL},
    /* names and values */
    {G "Host : a\r\n\r\n", -SK_EINVAL},
    {G H ": a\r\n\r\n", -SK_EINVAL},
    {G H "X\r\n\r\n", -SK_EINVAL},
    {G H "X Y: a\r\n\r\n", -SK_EINVAL},
    {G H "X(Y): a\r\n\r\n", -SK_EINVAL},
    {G H "X\x80: a\r\n\r\n", -SK_EINVAL},
    {G H "X: a\x01\r\n\r\n", -SK_EINVAL},
    {G H "X: a\x7f\r\n\r\n", -SK_EINVAL},
    {G H "X: a\x1b[0m\r\n\r\n", -SK_EINVAL},
    /* Host */
    {G "\r\n", -SK_EINVAL},
    {"GET / HTTP/1.0\r\nX: y\r\n\r\n", -SK_EINVAL},
    {G H H "\r\n", -SK_EINVAL},
    {G H "host: b\r\n\r\n", -SK_EINVAL},
    {G "Host:\r\n\r\n", -SK_EINVAL},
    {G "Host: a b\r\n\r\n", -SK_EINVAL},
    {G "Host: a/b\r\n\r\n", -SK_EINVAL},
    {G "Host: a@b\r\n\r\n", -SK_EINVAL},
    {G "Host: a:\r\n\r\n", -SK_EINVAL},
    {G "Host: a:b\r\n\r\n", -SK_EINVAL},
    {G "Host: a:123456\r\n\r\n", -SK_EINVAL},
    {G "Host: a,b\r\n\r\n", -SK_EINVAL},
    {G "Host: []\r\n\r\n", -SK_EINVAL},
    {G "Host: [::1\r\n\r\n", -SK_EINVAL},
    {G "Host: [::1]x\r\n\r\n", -SK_EINVAL},
    {G "Host: [gg]\r\n\r\n", -SK_EINVAL},
    {G "Host: \"a\"\r\n\r\n", -SK_EINVAL},
    /* the request line */
    {"GET /\r\n" H "\r\n", -SK_EINVAL},
    {"GET\r\n" H "\r\n", -SK_EINVAL},
    {"GET  / HTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"GET / HTTP/1.1 \r\n" H "\r\n", -SK_EINVAL},
    {" GET / HTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"GET\t/\tHTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"GET / http/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"GET / HTTP/1.1x\r\n" H "\r\n", -SK_EINVAL},
    {"GET / HTTP/11\r\n" H "\r\n", -SK_EINVAL},
    {"GET / HTTP/+1.1\r\n" H "\r\n", -SK_EINVAL},
    {"GET / HTTP/1.2\r\n" H "\r\n", -SK_EVERSION},
    {"GET / HTTP/2.0\r\n" H "\r\n", -SK_EVERSION},
    {"GET / HTTP/0.9\r\n" H "\r\n", -SK_EVERSION},
    {"G(T / HTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"get / HTTP/1.1\r\n" H "\r\n", -SK_EUNSUPPORTED},
    {"GETX / HTTP/1.1\r\n" H "\r\n", -SK_EUNSUPPORTED},
    {"TRACE / HTTP/1.1\r\n" H "\r\n", -SK_EUNSUPPORTED},
    {"CONNECT a:443 HTTP/1.1\r\n" H "\r\n", -SK_EUNSUPPORTED},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -SK_EVERSION},
    {"GET * HTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"GET http://a/ HTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    {"GET / / HTTP/1.1\r\n" H "\r\n", -SK_EINVAL},
    /* fields that stand once */
    {G H "Cookie: a=1\r\nCookie: b=2\r\n\r\n", -SK_EINVAL},
    {G H "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", -SK_EINVAL},
    {G H "Origin: https://a\r\nOrigin: https://b\r\n\r\n", -SK_EINVAL},
    {G H "Skep-Csrf: a\r\nskep-csrf: b\r\n\r\n", -SK_EINVAL},
    {G H "Expect: 200-ok\r\n\r\n", -SK_EINVAL},
};

/* The length of a head that may hold a NUL: up to the last CRLF CRLF or its terminator. */
static size_t head_size(const char *head)
{
    size_t len = strlen(head);
    return memcmp(head + (len > 3 ? len - 1 : 0), "\n", 1) == 0 ? len : len + 1;
}

static void test_refused_heads(void **state)
{
    size_t count = sizeof(refused) / sizeof(*refused);
    (void)state;
    assert_true(count >= 60);
    for (size_t i = 0; i < count; i++) {
        struct http1_request req;
        int rc = parse(&req, refused[i].head, head_size(refused[i].head));
        if (rc != refused[i].err)
            fail_msg("row %zu gave %d, not %d: %s", i, rc, refused[i].err, refused[i].head);
    }
}

static void test_connection_is_read(void **state)
{
    struct http1_request req;
    (void)state;
    const char *a = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    assert_int_equal(parse(&req, a, strlen(a)), 0);
    assert_false(req.keep_alive);
    a = "GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n";
    assert_int_equal(parse(&req, a, strlen(a)), 0);
    assert_true(req.keep_alive);
    a = "GET / HTTP/1.1\r\nHost: [::1]:8443\r\nConnection: x, Close\r\n\r\n";
    assert_int_equal(parse(&req, a, strlen(a)), 0);
    assert_false(req.keep_alive);
    a = G H "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
    assert_int_equal(parse(&req, a, strlen(a)), 0);
    assert_true(req.upgrade_websocket && req.keep_alive);
    a = G H "Upgrade: websocket\r\n\r\n";
    assert_int_equal(parse(&req, a, strlen(a)), 0);
    assert_false(req.upgrade_websocket);
    a = P H "Transfer-Encoding: Chunked\r\n\r\n";
    assert_int_equal(parse(&req, a, strlen(a)), 0);
    assert_int_equal(req.body, HTTP1_BODY_CHUNKED);
}

static void test_responses(void **state)
{
    static const struct {
        const char *head;
        int to_head, rc, status;
        enum http1_body body;
        int keep;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0, 0, 200, HTTP1_BODY_LENGTH, 1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1, 0, 200, HTTP1_BODY_NONE, 1},
        {"HTTP/1.1 204 No Content\r\n\r\n", 0, 0, 204, HTTP1_BODY_NONE, 1},
        {"HTTP/1.1 204\r\nConnection: close\r\n\r\n", 0, 0, 204, HTTP1_BODY_NONE, 0},
        {"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", 0, 0, 200, HTTP1_BODY_CHUNKED, 1},
        {"HTTP/1.1 200 OK\r\n\r\n", 0, 0, 200, HTTP1_BODY_UNTIL_CLOSE, 0},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 0, 200, HTTP1_BODY_LENGTH, 0},
        {"HTTP/1.1 20 OK\r\n\r\n", 0, -SK_EINVAL, 0, 0, 0},
        {"HTTP/1.1 999 OK\r\n\r\n", 0, -SK_EINVAL, 0, 0, 0},
        {"HTTP/1.1 2000 OK\r\n\r\n", 0, -SK_EINVAL, 0, 0, 0},
        {"HTTP/2.0 200 OK\r\n\r\n", 0, -SK_EVERSION, 0, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
         -SK_EINVAL, 0, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 0, -SK_EINVAL, 0, 0,
         0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n X: y\r\n\r\n", 0, -SK_EINVAL, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct http1_response res;
        int rc = http1_response_parse(&res, rows[i].head, strlen(rows[i].head), rows[i].to_head);
        assert_int_equal(rc, rows[i].rc);
        if (rc != 0)
            continue;
        assert_int_equal(res.status, rows[i].status);
        assert_int_equal(res.body, rows[i].body);
        assert_int_equal(res.keep_alive, rows[i].keep);
    }
}

/* Feed a chunked body in pieces of `step` bytes; the body in `out`, result of the last call. */
static int chunks_run(const char *in, size_t step, char *out, size_t *left)
{
    struct http1_chunks c;
    size_t at = 0, len = strlen(in), n = 0;
    int rc = 0;
    http1_chunks_init(&c, 1000);
    while (rc == 0 && at < len) {
        size_t used, out_len, piece = len - at < step ? len - at : step;
        const uint8_t *data;
        rc = http1_chunks_feed(&c, (const uint8_t *)in + at, piece, &used, &data, &out_len);
        if (out_len > 0)
            memcpy(out + n, data, out_len);
        n += out_len;
        at += used;
    }
    out[n] = '\0';
    *left = len - at;
    return rc;
}

static void test_chunks(void **state)
{
    char out[2048];
    size_t left;
    (void)state;
    for (size_t step = 1; step < 40; step++) {
        assert_int_equal(
            chunks_run("5\r\nhello\r\nA\r\n, chunkies\r\n0\r\n\r\nGET", step, out, &left), 1);
        assert_string_equal(out, "hello, chunkies");
        assert_int_equal(left, 3);
    }
}

static void test_bad_chunks(void **state)
{
    static const char *const bad[] = {
        "5;x=y\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "0x5\r\nhello\r\n",
        "-5\r\nhello\r\n",
        "000000005\r\nhello\r\n",
        "\r\nhello\r\n",
        "g\r\n",
        "5\r\rhello",
        "0\r\n\n",
        "5\r\nhello\r0\r\n\r\n",
    };
    char out[2048];
    size_t left;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(chunks_run(bad[i], 7, out, &left), -SK_EINVAL);
    assert_int_equal(chunks_run("3e9\r\n", 5, out, &left), -SK_ETOOBIG);
    assert_int_equal(chunks_run("ffffffff\r\n", 5, out, &left), -SK_ETOOBIG);
    assert_int_equal(chunks_run("1\r\na\r\n3e8\r\n", 5, out, &left), -SK_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_is_read),
        cmocka_unit_test(test_head_comes_in_pieces),
        cmocka_unit_test(test_head_limits),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_path_encode_round_trip),
        cmocka_unit_test(test_refused_heads),
        cmocka_unit_test(test_connection_is_read),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_bad_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
