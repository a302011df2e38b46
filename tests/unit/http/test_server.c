/* The room with its real server on a loopback port, behind an edge written by hand. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "edge_stand_in.h"

static int handle_body(struct http_request *req)
{
    size_t len;
    const uint8_t *body = http_body(req, &len);

    return http_bytes(req, 200, "text/plain", body, len);
}

static const struct route good_rows[] = {
    {"POST", "/raw", "public", 100000, "text/plain", handle_body, NULL},
    {0},
};
static const struct route bad_rows[] = {
    {"POST", "/raw", "undeclared", 100, NULL, handle_body, NULL},
    {0},
};

static int part_is_ready = 1;

static int part_ready(const char **why)
{
    *why = "warming up";
    return part_is_ready ? 0 : -SK_EBUSY;
}

static const struct room good_room = {.name = "good", .routes = good_rows, .ready = part_ready};
static const struct room bad_room = {.name = "bad", .routes = bad_rows};
static const struct room *room_list[] = {&http_room, &good_room, NULL};

const struct room *const *rooms_list(void)
{
    return room_list;
}

static char dir[] = "/tmp/skep-http-XXXXXX";
static struct house house = {.data_dir = dir, .started_wall_ms = 12345};

static int group_start(void **st)
{
    static const struct config_key *keys[1];

    (void)st;
    if (!mkdtemp(dir))
        return -1;
    seams_fill();
    keys[0] = http_room.config;
    house.config = config_new(keys, 1);
    return http_room.start(&house);
}

static int group_stop(void **st)
{
    char *path = sk_path_join(dir, "metrics.token");

    (void)st;
    http_room.stop();
    config_free(house.config);
    unlink(path);
    free(path);
    return rmdir(dir);
}

static int upstream_open(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(stand_in.port)};
    struct timeval limit = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Send, read one answer by its Content-Length into `out`; the number of its bytes, 0 when the
 * server closed. */
static size_t exchange(int fd, const char *text, size_t len, char *out, size_t cap)
{
    size_t have = 0, want = 0;

    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
    while (have + 1 < cap && (!want || have < want)) {
        ssize_t n = recv(fd, out + have, cap - 1 - have, 0);
        if (n <= 0)
            break;
        have += (size_t)n;
        out[have] = '\0';
        const char *end = strstr(out, "\r\n\r\n"), *cl = strstr(out, "Content-Length: ");
        if (end && !want)
            want = (size_t)(end + 4 - out) + (cl ? strtoul(cl + 16, NULL, 10) : 0);
    }
    out[have] = '\0';
    return have;
}

static size_t ask(int fd, const char *fields, const char *body, char *out, size_t cap)
{
    char text[512];
    int n = snprintf(text, sizeof(text),
                     "%s /anything HTTP/1.1\r\nHost: x\r\nSkep-Request: secret.1\r\n%s"
                     "Content-Length: %zu\r\n\r\n%s",
                     stand_in.next.method, fields, strlen(body), body);

    assert_true(n > 0 && n < (int)sizeof(text));
    return exchange(fd, text, (size_t)n, out, cap);
}

static void one_connection_many_requests(void **st)
{
    int fd = upstream_open();
    char out[8192];

    (void)st;
    for (int i = 0; i < 20; i++) {
        facts_set(&stand_in.next, "POST", "/raw", "");
        assert_true(ask(fd, "Content-Type: text/plain\r\n", "hello", out, sizeof(out)) > 0);
        assert_non_null(strstr(out, "HTTP/1.1 200 OK\r\n"));
        assert_non_null(strstr(out, "\r\n\r\nhello"));
        facts_set(&stand_in.next, "GET", "/nowhere", "");
        assert_true(ask(fd, "", "", out, sizeof(out)) > 0);
        assert_non_null(strstr(out, "HTTP/1.1 404 Not Found\r\n"));
        facts_set(&stand_in.next, "GET", "/api/v1/about", "");
        assert_true(ask(fd, "", "", out, sizeof(out)) > 0);
        assert_non_null(strstr(out, "HTTP/1.1 401 Unauthorized\r\n"));
    }
    close(fd);
}

static void large_body_arrives_whole(void **st)
{
    enum { BODY = 90000 };
    int fd = upstream_open();
    char head[256];
    char *text = calloc(1, BODY + 256), *out = calloc(1, BODY + 1024);
    int n = snprintf(head, sizeof(head),
                     "POST / HTTP/1.1\r\nHost: x\r\nSkep-Request: secret.1\r\n"
                     "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
                     BODY);

    (void)st;
    memcpy(text, head, (size_t)n);
    for (int i = 0; i < BODY; i++)
        text[n + i] = (char)('a' + i % 26);
    facts_set(&stand_in.next, "POST", "/raw", "");
    assert_true(exchange(fd, text, (size_t)n + BODY, out, BODY + 1024) > BODY);
    assert_memory_equal(strstr(out, "\r\n\r\n") + 4, text + n, BODY);
    free(text);
    free(out);
    close(fd);
}

static void strangers_get_nothing(void **st)
{
    static const char *const texts[] = {
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nSkep-Request: secret.2\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        "nonsense\r\n\r\n",
    };
    char out[4096];

    (void)st;
    facts_set(&stand_in.next, "GET", "/healthz", "");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int fd = upstream_open();
        size_t n = exchange(fd, texts[i], strlen(texts[i]), out, sizeof(out));
        assert_null(strstr(out, "200 OK"));
        if (n)
            assert_string_equal(out, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
                                     "Connection: close\r\n\r\n");
        assert_int_equal(recv(fd, out, sizeof(out), 0), 0);
        close(fd);
    }
}

static void health_ready_about(void **st)
{
    int fd = upstream_open();
    char out[8192];

    (void)st;
    facts_set(&stand_in.next, "GET", "/healthz", "");
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "{\"ok\":true}"));
    facts_set(&stand_in.next, "GET", "/readyz", "");
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "200 OK"));
    part_is_ready = 0;
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "HTTP/1.1 503 "));
    assert_non_null(strstr(out, "{\"part\":\"good\",\"why\":\"warming up\"}"));
    part_is_ready = 1;
    facts_set(&stand_in.next, "GET", "/api/v1/about", "");
    stand_in.next.principal.kind = PRINCIPAL_ACCOUNT;
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "\"fingerprint\":\"4D4E 4F50 5152 5354\""));
    assert_non_null(strstr(out, "\"started\":12345"));
    assert_non_null(strstr(out, "\"name\":\"CivetWeb\""));
    close(fd);
}

static void metrics_want_their_token(void **st)
{
    char *path = sk_path_join(dir, "metrics.token");
    char out[65536];
    struct sk_buf token;
    struct stat info;
    int fd = upstream_open();

    (void)st;
    sk_buf_init(&token, 128);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(sk_secret_read(&token, path), 0);
    facts_set(&stand_in.next, "GET", "/metrics", "");
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "401 Unauthorized"));
    snprintf(stand_in.next.authorization, sizeof(stand_in.next.authorization), "Bearer %sx",
             (char *)token.data);
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "401 Unauthorized"));
    snprintf(stand_in.next.authorization, sizeof(stand_in.next.authorization), "Bearer %s",
             (char *)token.data);
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "200 OK"));
    assert_non_null(strstr(out, "skep_http_answers_total{class=\"4xx\"}"));
    assert_non_null(strstr(out, "skep_refused_total{room=\"http\",reason=\"auth\"}"));
    /* the token opens nothing else */
    facts_set(&stand_in.next, "GET", "/api/v1/about", "");
    snprintf(stand_in.next.authorization, sizeof(stand_in.next.authorization), "Bearer %s",
             (char *)token.data);
    ask(fd, "", "", out, sizeof(out));
    assert_non_null(strstr(out, "401 Unauthorized"));
    sk_buf_fini_wipe(&token);
    free(path);
    close(fd);
}

static void edge_learns_limits(void **st)
{
    const char *type = "?";
    size_t max = 1;

    (void)st;
    assert_int_equal(stand_in.parallel, 8);
    assert_int_equal(stand_in.routes("POST", "/raw", &max, &type), 0);
    assert_int_equal(max, 100000);
    assert_string_equal(type, "text/plain");
    assert_int_equal(stand_in.routes("HEAD", "/healthz", &max, &type), 0);
    assert_int_equal(max, 0);
    assert_null(type);
    assert_int_equal(stand_in.routes("GET", "/raw", &max, &type), -SK_EUNSUPPORTED);
    assert_int_equal(stand_in.routes("GET", "/nowhere", &max, &type), -SK_ENOTFOUND);
}

static void undeclared_permission_does_not_start(void **st)
{
    (void)st;
    http_room.stop();
    room_list[1] = &bad_room;
    assert_int_equal(http_room.start(&house), -SK_EINVAL);
    http_room.stop();
    room_list[1] = &good_room;
    assert_int_equal(http_room.start(&house), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_many_requests),
        cmocka_unit_test(large_body_arrives_whole),
        cmocka_unit_test(strangers_get_nothing),
        cmocka_unit_test(health_ready_about),
        cmocka_unit_test(metrics_want_their_token),
        cmocka_unit_test(edge_learns_limits),
        cmocka_unit_test(undeclared_permission_does_not_start),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
