/* HTTP through the real edge: static files, the relay, refusals, deadlines, the redirect. */
#include "house.h"

static const char security[] = "Strict-Transport-Security: max-age=31536000\r\n";

static void expect_status(const char *request, int status)
{
    struct client c;
    const char *reply = ask(&c, request);
    if (reply_status(reply) != status)
        fail_msg("%d, not %d, for: %s -> %s", reply_status(reply), status, request, reply);
    assert_contains(reply, security);
    assert_contains(reply, "Content-Security-Policy: default-src 'none'; script-src 'self';");
    assert_contains(reply, "Cross-Origin-Embedder-Policy: require-corp\r\n");
    client_close(&c);
}

static void test_static_files(void **state)
{
    struct client c;
    (void)state;
    const char *r = ask(&c, "GET /assets/app-1234.js HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_int_equal(reply_status(r), 200);
    assert_contains(r, "Content-Type: text/javascript\r\nContent-Length: 11\r\n");
    assert_contains(r, "ETag: \"aabb\"\r\n");
    assert_contains(r, "Cache-Control: public, max-age=31536000, immutable\r\n");
    assert_contains(r, "\r\n\r\nlet a = 1;\n");
    client_close(&c);
    r = ask(&c, "GET /assets/app-1234.js HTTP/1.1\r\nHost: a\r\n" CLOSE
                "Accept-Encoding: br, gzip\r\n\r\n");
    assert_contains(r, "Content-Length: 6\r\nContent-Encoding: gzip\r\n");
    assert_contains(r, "ETag: \"aabb-gz\"\r\n");
    client_close(&c);
    r = ask(&c, "GET /assets/app-1234.js HTTP/1.1\r\nHost: a\r\n" CLOSE
                "Accept-Encoding: gzip;q=0\r\nIf-None-Match: \"x\", W/\"aabb\"\r\n\r\n");
    assert_int_equal(reply_status(r), 304);
    assert_lacks(r, "Content-Length");
    client_close(&c);
    r = ask(&c, "HEAD /assets/big-1234.bin HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_contains(r, "Content-Length: 3145728\r\n");
    assert_string_equal(strstr(r, "\r\n\r\n"), "\r\n\r\n");
    client_close(&c);
    r = ask(&c, "GET /cameras/abc HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_contains(r, "\r\n\r\n<!doctype html>console");
    assert_contains(r, "Cache-Control: no-cache\r\n");
    client_close(&c);
}

static void test_big_file_arrives_whole(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    for (int i = 0; i < 2; i++) { /* twice on one connection */
        const char *get = "GET /assets/big-1234.bin HTTP/1.1\r\nHost: a\r\n\r\n";
        client_text(&c, get);
        const char *r = client_until(&c, "\r\n\r\n");
        size_t head = (size_t)(strstr(r, "\r\n\r\n") + 4 - r);
        while (c.in.len < head + BIG_BYTES)
            assert_true(client_read(&c) > 0);
        assert_int_equal(c.in.len, head + BIG_BYTES);
        assert_memory_equal(c.in.data + head, big_file, BIG_BYTES);
        sk_buf_reset(&c.in);
    }
    client_close(&c);
}

static void test_relay(void **state)
{
    struct client c;
    (void)state;
    const char *r = ask(&c, "GET /api/v1/echo/%41%20b?x=%20y HTTP/1.1\r\nHost: a\r\n" COOKIE CLOSE
                            "Skep-Request: forged\r\nX-Forwarded-For: 1.2.3.4\r\n"
                            "Skep-Csrf: token\r\nOrigin: https://evil\r\nUser-Agent: me\r\n\r\n");
    assert_int_equal(reply_status(r), 200);
    assert_contains(r, "method=GET path=/api/v1/echo/A b query=x=%20y account=owner "
                       "source=127.0.0.1 foreign=1 csrf=token agent=me id=");
    assert_contains(r, "\nGET /api/v1/echo/A%20b?x=%20y HTTP/1.1\r\nHost: a\r\n"
                       "Content-Length: 0\r\nAccept-Encoding: identity\r\nSkep-Request: ");
    assert_contains(r, security);
    assert_contains(r, "Cache-Control: no-store\r\n");
    assert_contains(r, "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
    assert_contains(r, "X-Content-Type-Options: nosniff\r\n");
    assert_lacks(r, "X-Content-Type-Options: none");
    assert_lacks(r, "Server: fake");
    assert_lacks(r, "forged");
    assert_lacks(r, "X-Forwarded-For");
    assert_lacks(r, "__Host-skep");
    client_close(&c);
    r = ask(&c, "GET /api/v1/echo HTTP/1.1\r\nHost: a:1\r\nOrigin: https://A:1\r\n" CLOSE "\r\n");
    assert_contains(r, "account= source=127.0.0.1 foreign=0");
    client_close(&c);
    r = ask(&c, "HEAD /api/v1/echo HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_contains(r, "Content-Length: ");
    assert_string_equal(strstr(r, "\r\n\r\n"), "\r\n\r\n");
    client_close(&c);
    r = ask(&c, "GET /api/v1/empty HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_int_equal(reply_status(r), 204);
    client_close(&c);
}

static void test_bodies(void **state)
{
    struct client c;
    (void)state;
#define POST "POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" CLOSE
    const char *r = ask(&c, POST "Content-Length: 7\r\n\r\n{\"a\":1}");
    assert_contains(r, "Content-Length: 7\r\nContent-Type: application/json\r\n");
    assert_contains(r, "\r\n\r\n{\"a\":1}");
    client_close(&c);
    r = ask(&c, POST "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n");
    assert_contains(r, "Content-Length: 7\r\nContent-Type: application/json\r\n");
    assert_contains(r, "\r\n\r\n{\"a\":1}");
    client_close(&c);
    client_open(&c);
    const char *head = POST "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n";
    client_text(&c, head);
    (void)client_until(&c, "HTTP/1.1 100 Continue\r\n\r\n");
    client_text(&c, "{\"a\":1}");
    assert_contains(client_rest(&c), "{\"a\":1}");
    client_close(&c);
    expect_status(POST "Content-Length: 1025\r\n\r\n", 413);
    expect_status(POST "Transfer-Encoding: chunked\r\n\r\n401\r\n", 413);
    expect_status(POST "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n", 400);
    expect_status("POST /api/v1/echo HTTP/1.1\r\nHost: a\r\n" CLOSE
                  "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx",
                  415);
}

static void test_framings_of_answers(void **state)
{
    struct client c;
    (void)state;
    const char *r = ask(&c, "GET /api/v1/chunked HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_contains(r, "Transfer-Encoding: chunked\r\n");
    assert_contains(r, "0\r\n\r\n");
    assert_contains(r, "hello");
    client_close(&c);
    r = ask(&c, "GET /api/v1/chunked HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    assert_lacks(r, "Transfer-Encoding");
    assert_contains(r, "Connection: close\r\n\r\nhello, world");
    client_close(&c);
    r = ask(&c, "GET /api/v1/open-ended HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_contains(r, "d\r\nuntil the end\r\n0\r\n\r\n");
    client_close(&c);
    r = ask(&c, "GET /api/v1/big HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_int_equal(c.in.len - (size_t)(strstr(r, "\r\n\r\n") + 4 - r), BIG_BYTES);
    client_close(&c);
}

static void test_upstream_trouble(void **state)
{
    struct client c;
    (void)state;
    int before = atomic_load(&h.served);
    expect_status("GET /api/v1/die HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 500);
    assert_int_equal(atomic_load(&h.served) - before, 2); /* safe: tried once more */
    before = atomic_load(&h.served);
    expect_status("POST /api/v1/die HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 500);
    assert_int_equal(atomic_load(&h.served) - before, 1);
    expect_status("GET /api/v1/garbage HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 500);
    client_open(&c);
    client_text(&c, "GET /api/v1/half HTTP/1.1\r\nHost: a\r\n\r\n");
    ssize_t n;
    while ((n = client_read(&c)) > 0)
        ;
    assert_true(n < 0); /* cut, not ended in order: nobody takes half an answer for a whole one */
    client_close(&c);
    expect_status("GET /api/v1/stuck HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 504);
}

static void *ask_slow(void *arg)
{
    struct client c;
    const char *r = ask(&c, "GET /api/v1/slow HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    *(int *)arg = reply_status(r);
    client_close(&c);
    return NULL;
}

static void test_upstream_is_never_overrun(void **state)
{
    pthread_t t[24];
    int status[24];
    (void)state;
    for (int i = 0; i < 100 && atomic_load(&h.at_once) > 0; i++)
        usleep(100000); /* the stuck worker of an earlier test is still asleep */
    atomic_store(&h.at_once_max, 0);
    for (int i = 0; i < 24; i++)
        pthread_create(&t[i], NULL, ask_slow, &status[i]);
    for (int i = 0; i < 24; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 24; i++)
        assert_int_equal(status[i], 200);
    /* nobody is logged in here: one place in four is kept for those who are */
    assert_int_equal(atomic_load(&h.at_once_max), PARALLEL - PARALLEL / 4);
}

static void test_pipelining_keeps_order(void **state)
{
    struct client c;
    char all[8192] = "";
    size_t at = 0;
    (void)state;
    for (int i = 0; i < 40; i++)
        at += (size_t)snprintf(all + at, sizeof(all) - at,
                               i % 2 == 0 ? "GET /api/v1/echo/%d HTTP/1.1\r\nHost: a\r\n\r\n"
                                          : "GET /page%d HTTP/1.1\r\nHost: a\r\n\r\n",
                               i);
    snprintf(all + at, sizeof(all) - at, "GET /last.x HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    const char *r = ask(&c, all);
    for (int i = 0; i < 40; i += 2) {
        char path[64];
        snprintf(path, sizeof(path), "path=/api/v1/echo/%d query", i);
        r = strstr(r, path);
        assert_non_null(r);
        r = strstr(r, "<!doctype html>console");
        assert_non_null(r);
    }
    assert_contains(r, "HTTP/1.1 404");
    client_close(&c);
}

static void test_client_leaves_early(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        struct client c;
        client_open(&c);
        client_text(&c, "GET /api/v1/slow HTTP/1.1\r\nHost: a\r\n\r\n");
        client_close(&c);
    }
    expect_status("GET /api/v1/echo HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 200);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {"GET /api/v1/none HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 404},
        {"GET /api/other HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 404},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 404},
        {"GET /missing.js HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 404},
        {"DELETE /api/v1/echo HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 405},
        {"POST /index.html HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 405},
        {"OPTIONS /page HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 405},
        {"GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400},
        {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/admin HTTP/1.1\r\n",
         400},
        {"POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400},
        {"POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET /a/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    };
    struct client c;
    static char large[40000];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        expect_status(rows[i].request, rows[i].status);
    memset(large, 'a', sizeof(large) - 1);
    memcpy(large, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    expect_status(large, 431);
    memcpy(large, "GET /aaaaaaaaaaaaaaaaaaaaaaa", 28);
    memcpy(large + 2000, " HTTP/1.1\r\nHost: a\r\n\r\n", 23);
    expect_status(large, 414);
    const char *r = ask(&c, "DELETE /api/v1/echo HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_contains(r, "\r\nAllow: GET, POST, PUT, PATCH\r\n");
    client_close(&c);
    r = ask(&c, "GET /api/v1/none HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    assert_contains(r, "Content-Type: application/problem+json\r\n");
    assert_contains(
        r, "{\"status\":404,\"code\":\"not-found\",\"title\":\"Not Found\",\"request\":\"");
    client_close(&c);
}

static void test_slow_heads_are_cut(void **state)
{
    struct client c;
    (void)state;
    int64_t before = metric_sum("skep_refused_total"), at = sk_clock_mono_ms();
    client_open(&c);
    client_text(&c, "GET / HT");
    assert_string_equal(client_rest(&c), "");
    int64_t took = sk_clock_mono_ms() - at;
    assert_in_range(took, 800, 3000);
    client_close(&c);
    at = sk_clock_mono_ms();
    client_open(&c);
    client_text(&c, "POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    "Content-Length: 10\r\n\r\nabc");
    assert_string_equal(client_rest(&c), "");
    assert_in_range(sk_clock_mono_ms() - at, 800, 4000);
    client_close(&c);
    assert_true(metric_sum("skep_refused_total") >= before + 2);
}

static void test_plain_http_is_redirected(void **state)
{
    struct client c;
    char want[64];
    (void)state;
    client_connect(&c);
    client_text(&c, "GET /setup/%41?x=1 HTTP/1.1\r\nHost: box\r\nCookie: a=b\r\n\r\n");
    const char *r = client_rest(&c);
    snprintf(want, sizeof(want), "Location: https://box:%u/setup/A?x=1\r\n", edge_port());
    assert_int_equal(reply_status(r), 308);
    assert_contains(r, want);
    assert_lacks(r, "Set-Cookie");
    client_close(&c);
    client_connect(&c);
    client_text(&c, "GET / HTTP/1.1\r\nHost: [::1]:9443\r\n\r\n");
    assert_contains(client_rest(&c), "Location: https://[::1]:9443/\r\n");
    client_close(&c);
    static const char *const closed[] = {
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: a\nb\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "\x01\x02\x03\x04",
    };
    for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
        client_connect(&c);
        client_text(&c, closed[i]);
        assert_string_equal(client_rest(&c), "");
        client_close(&c);
    }
}

static void test_a_source_has_its_limit(void **state)
{
    enum { MANY = 36 };
    static struct client c[MANY];
    int open = 0;
    (void)state;
    for (int i = 0; i < MANY; i++) {
        client_open(&c[i]);
        client_text(&c[i], "GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
        open += client_read(&c[i]) > 0;
    }
    assert_in_range(open, 20, 30); /* those of earlier tests may still be lingering */
    for (int i = 0; i < MANY; i++)
        client_close(&c[i]);
}

static void test_identity_survives(void **state)
{
    static const char *const names[] = {"ca.key", "ca.crt", "server.key", "server.crt", "tickets"};
    uint8_t print[32], again[32];
    struct stat st;
    (void)state;
    edge_certificate_fingerprint(print);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/tls/%s", h.dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 077, 0);
    }
    edge_reload();
    expect_status("GET /page HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 200);
    edge_certificate_fingerprint(again);
    assert_memory_equal(print, again, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_static_files),
        cmocka_unit_test(test_big_file_arrives_whole),
        cmocka_unit_test(test_relay),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_framings_of_answers),
        cmocka_unit_test(test_upstream_is_never_overrun),
        cmocka_unit_test(test_upstream_trouble),
        cmocka_unit_test(test_pipelining_keeps_order),
        cmocka_unit_test(test_client_leaves_early),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_slow_heads_are_cut),
        cmocka_unit_test(test_plain_http_is_redirected),
        cmocka_unit_test(test_identity_survives),
        cmocka_unit_test(test_a_source_has_its_limit),
    };
    return cmocka_run_group_tests(tests, house_start, house_stop);
}
