/* A small house around the real edge: two loops, a fake HTTP server behind it, one account with
 * cookie and bearer token, and a blocking TLS client. */
#ifndef SK_TEST_EDGE_HOUSE_H
#define SK_TEST_EDGE_HOUSE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/event.h"
#include "core/metrics.h"
#include "crypto/tls.h"
#include "edge/edge.h"
#include "net/loop.h"
#include "net/packet.h"

enum { REPLY_MAX = 8 << 20, BIG_BYTES = 3 << 20, PARALLEL = 4 };

#define COOKIE "Cookie: __Host-skep=good\r\n"
#define CLOSE "Connection: close\r\n"

static struct {
    char dir[64];
    struct house house;
    struct sk_buf ca;
    int upstream_fd;
    uint16_t upstream_port;
    _Atomic int at_once, at_once_max, served;
} h;

/* ---- the fake server behind the edge --------------------------------------------------------- */

static void fd_write(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

static void fd_text(int fd, const char *text)
{
    fd_write(fd, text, strlen(text));
}

static void answer_text(int fd, const char *text, size_t len)
{
    char head[256];
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: fake\r\n"
                     "X-Content-Type-Options: none\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                     "Connection: keep-alive\r\nContent-Length: %zu\r\n\r\n",
                     len);
    fd_write(fd, head, (size_t)n);
    fd_write(fd, text, len);
}

/* Echo: what came over the wire, and what the edge's table says of it. */
static void answer_echo(int fd, const char *request, const struct edge_request *row)
{
    char out[16384];
    int n =
        snprintf(out, sizeof(out),
                 "method=%s path=%s query=%s account=%s source=%s foreign=%d csrf=%s "
                 "agent=%s id=%s\n%s",
                 row->method, row->path, row->query, row->principal.account, row->principal.source,
                 row->origin_is_foreign, row->csrf, row->user_agent, row->request_id, request);
    answer_text(fd, out, (size_t)n);
}

/* 0 = keep the connection. */
static int answer_one(int fd, const char *request, const struct edge_request *row)
{
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n";
    static const char open_ended[] = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
    if (strcmp(row->path, "/api/v1/chunked") == 0) {
        fd_write(fd, chunked, sizeof(chunked) - 1);
    } else if (strcmp(row->path, "/api/v1/open-ended") == 0) {
        fd_write(fd, open_ended, sizeof(open_ended) - 1);
        return 1;
    } else if (strcmp(row->path, "/api/v1/die") == 0) {
        return 1;
    } else if (strcmp(row->path, "/api/v1/half") == 0) {
        fd_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        return 1;
    } else if (strcmp(row->path, "/api/v1/garbage") == 0) {
        fd_text(fd, "HTTP/1.1 200 OK\r\nBad Field: x\r\n\r\n");
    } else if (strcmp(row->path, "/api/v1/empty") == 0) {
        fd_text(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    } else if (strcmp(row->path, "/api/v1/big") == 0) {
        char *big = malloc(BIG_BYTES);
        memset(big, 'b', BIG_BYTES);
        answer_text(fd, big, BIG_BYTES);
        free(big);
    } else {
        if (strcmp(row->path, "/api/v1/slow") == 0)
            usleep(100000);
        if (strcmp(row->path, "/api/v1/stuck") == 0)
            usleep(4500000);
        answer_echo(fd, request, row);
    }
    return 0;
}

static void *upstream_one(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char in[70000];
    struct edge_request row;
    for (;;) {
        size_t len = 0;
        char *end = NULL;
        while (end == NULL) {
            ssize_t n = recv(fd, in + len, sizeof(in) - 1 - len, 0);
            if (n <= 0)
                goto out;
            len += (size_t)n;
            in[len] = '\0';
            end = strstr(in, "\r\n\r\n");
            const char *length = strstr(in, "Content-Length: ");
            if (end != NULL && len < (size_t)(end + 4 - in) + strtoul(length + 16, NULL, 10))
                end = NULL;
        }
        int now = atomic_fetch_add(&h.at_once, 1) + 1;
        if (now > atomic_load(&h.at_once_max))
            atomic_store(&h.at_once_max, now);
        char secret[128] = "";
        const char *field = strstr(in, "Skep-Request: ");
        snprintf(secret, sizeof(secret), "%.*s", (int)strcspn(field + 14, "\r"), field + 14);
        assert_int_equal(edge_request_find(secret, &row), 0);
        secret[0] = secret[0] == '0' ? '1' : '0';
        assert_int_equal(edge_request_find(secret, &row), -SK_EAUTH);
        int last = answer_one(fd, in, &row);
        atomic_fetch_sub(&h.at_once, 1);
        atomic_fetch_add(&h.served, 1);
        if (last)
            break;
    }
out:
    close(fd);
    return NULL;
}

static void *upstream_main(void *arg)
{
    (void)arg;
    for (;;) {
        pthread_t t;
        int fd = accept(h.upstream_fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_create(&t, NULL, upstream_one, (void *)(intptr_t)fd);
        pthread_detach(t);
    }
}

static void upstream_start(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);
    pthread_t t;
    h.upstream_fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(h.upstream_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(h.upstream_fd, 64), 0);
    assert_int_equal(getsockname(h.upstream_fd, (struct sockaddr *)&sa, &len), 0);
    h.upstream_port = ntohs(sa.sin_port);
    pthread_create(&t, NULL, upstream_main, NULL);
    pthread_detach(t);
    edge_upstream_set(h.upstream_port, PARALLEL);
}

/* ---- seams ----------------------------------------------------------------------------------- */

static int route_find(const char *method, const char *path, size_t *max, const char **type)
{
    *max = 1024;
    *type = "application/json";
    if (strncmp(path, "/api/v1/", 8) != 0 || strcmp(path, "/api/v1/none") == 0)
        return -SK_ENOTFOUND;
    return strcmp(method, "DELETE") == 0 ? -SK_EUNSUPPORTED : 0;
}

static int decide(void *ctx, const struct principal *p, const char *action, struct object_ref o)
{
    (void)ctx;
    (void)o;
    if (p->kind == PRINCIPAL_NOBODY)
        return -SK_EAUTH;
    return strcmp(action, "never") == 0 ? -SK_EDENIED : 0;
}

static void who(void *ctx, const char *cookie, const char *authorization, int64_t now_ms,
                struct principal *out)
{
    (void)ctx;
    (void)now_ms;
    int by_cookie = cookie != NULL && strcmp(cookie, "__Host-skep=good") == 0;
    if (!by_cookie && (authorization == NULL || strcmp(authorization, "Bearer good") != 0))
        return;
    out->kind = PRINCIPAL_ACCOUNT;
    out->by_cookie = by_cookie;
    snprintf(out->account, sizeof(out->account), "owner");
    snprintf(out->session, sizeof(out->session), "%s", by_cookie ? "cookiesession" : "bearer");
}

static uint8_t big_file[BIG_BYTES];
static const struct asset assets[] = {
    {"web/assets/app-1234.js", "let a = 1;\n", 11, "\x1f\x8bgzip", 6, "aabb", "text/javascript", 1},
    {"web/assets/big-1234.bin", big_file, BIG_BYTES, NULL, 0, "ccdd", "application/octet-stream",
     1},
    {"web/index.html", "<!doctype html>console", 22, NULL, 0, "eeff", "text/html; charset=utf-8",
     0},
};

/* ---- the house ------------------------------------------------------------------------------- */

/* Settings of one test program beyond these; ended by NULL. */
static const char *const *house_settings;

static struct config *config_make(void)
{
    static const char *const set[][2] = {
        {"edge.port", "0"},
        {"edge.head_timeout_s", "1"},
        {"edge.idle_timeout_s", "8"},
        {"edge.listen", "127.0.0.1"},
        {"edge.answer_timeout_s", "4"},
        {"edge.http_per_source_max", "30"},
        {"edge.sockets_per_account", "3"},
    };
    static const struct config_key *tables[1];
    struct sk_buf why;
    sk_buf_init(&why, 1024);
    tables[0] = edge_room.config;
    struct config *c = config_new(tables, 1);
    for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++)
        assert_int_equal(config_set(c, set[i][0], set[i][1], &why), 0);
    for (const char *const *p = house_settings; p != NULL && p[0] != NULL; p += 2)
        assert_int_equal(config_set(c, p[0], p[1], &why), 0);
    sk_buf_fini(&why);
    return c;
}

static int house_start(void **state)
{
    static const struct authorizer seams = {.decide = decide, .authenticate = who};
    (void)state;
    net_process_init();
    sk_log_set_level(SK_LOG_ERROR);
    memset(big_file, 'f', sizeof(big_file));
    snprintf(h.dir, sizeof(h.dir), "/tmp/skep-edge-XXXXXX");
    if (mkdtemp(h.dir) == NULL || tls_init() != 0)
        return -1;
    asset_use(assets, sizeof(assets) / sizeof(*assets));
    authorize_fill(&seams);
    edge_routes_set(route_find);
    upstream_start();
    h.house.config = config_make();
    h.house.data_dir = h.dir;
    if (net_loops_start(&h.house.loops, 2) != 0 || edge_room.start(&h.house) != 0)
        return -1;
    sk_buf_init(&h.ca, 65536);
    return edge_ca_pem(&h.ca);
}

static int house_stop(void **state)
{
    (void)state;
    edge_room.drain();
    edge_room.stop();
    net_loops_free(h.house.loops);
    config_free(h.house.config);
    sk_buf_fini(&h.ca);
    shutdown(h.upstream_fd, SHUT_RDWR);
    close(h.upstream_fd);
    char path[PATH_MAX], tls[96];
    snprintf(tls, sizeof(tls), "%s/tls", h.dir);
    DIR *d = opendir(tls);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof(path), "%s/%s", tls, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(tls);
    rmdir(h.dir);
    return 0;
}

/* ---- the client ------------------------------------------------------------------------------ */

struct client {
    int fd;
    struct tls_session *tls; /* NULL = plain */
    struct sk_buf in;
};

static ssize_t io_recv(void *arg, void *buf, size_t cap)
{
    ssize_t n = recv(*(int *)arg, buf, cap, 0);
    return n >= 0 ? n : errno == EAGAIN ? -SK_EAGAIN : -SK_EIO;
}

static ssize_t io_send(void *arg, const void *buf, size_t len)
{
    ssize_t n = send(*(int *)arg, buf, len, MSG_NOSIGNAL);
    return n >= 0 ? n : -SK_EIO;
}

static void client_connect(struct client *c)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons(edge_port()),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval limit = {10, 0};
    memset(c, 0, sizeof(*c));
    sk_buf_init(&c->in, REPLY_MAX);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
}

/* Handshake under `o` (its authority is filled in), offering a saved session; the result. */
static int client_shake(struct client *c, const struct tls_client_options *o,
                        const struct sk_buf *saved)
{
    struct tls_client_options mine = *o;
    struct tls_config *cfg = NULL;
    const struct tls_io io = {io_recv, io_send, &c->fd};
    mine.ca = h.ca.data;
    mine.ca_len = h.ca.len;
    client_connect(c);
    assert_int_equal(tls_config_client_new(&cfg, &mine), 0);
    assert_int_equal(tls_session_new(&c->tls, cfg, &io, "localhost"), 0);
    tls_config_drop(cfg);
    if (saved != NULL)
        tls_session_offer(c->tls, saved->data, saved->len);
    return tls_session_handshake(c->tls);
}

static inline void client_open(struct client *c)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    const struct tls_client_options o = {.alpn = alpn};
    assert_int_equal(client_shake(c, &o, NULL), 0);
}

static void client_send(struct client *c, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = c->tls != NULL ? tls_session_write(c->tls, p, len) : io_send(&c->fd, p, len);
        if (n <= 0)
            return; /* the edge has closed: the reply tells */
        p += n;
        len -= (size_t)n;
    }
}

static inline void client_text(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

/* Read what comes next; 0 at the end of the connection, -SK_EAGAIN after 10 s of silence. */
static ssize_t client_read(struct client *c)
{
    char buf[16384];
    ssize_t n = c->tls != NULL ? tls_session_read(c->tls, buf, sizeof(buf))
                               : io_recv(&c->fd, buf, sizeof(buf));
    if (n > 0)
        assert_int_equal(sk_buf_add(&c->in, buf, (size_t)n), 0);
    return n;
}

/* Read to the end; the text is valid until client_close. */
static inline const char *client_rest(struct client *c)
{
    ssize_t n;
    do {
        n = client_read(c);
    } while (n > 0);
    assert_int_not_equal(n, -SK_EAGAIN);
    return c->in.len > 0 ? (const char *)c->in.data : "";
}

static inline const char *client_until(struct client *c, const char *text)
{
    while (c->in.len == 0 || memmem(c->in.data, c->in.len, text, strlen(text)) == NULL)
        if (client_read(c) <= 0)
            fail_msg("the connection ended before %s: %s", text,
                     c->in.len > 0 ? (const char *)c->in.data : "");
    return (const char *)c->in.data;
}

static void client_close(struct client *c)
{
    tls_session_free(c->tls);
    close(c->fd);
    sk_buf_fini(&c->in);
}

/* One request on a connection of its own; the whole reply in `c`, to be closed by the caller. */
static inline const char *ask(struct client *c, const char *request)
{
    client_open(c);
    client_text(c, request);
    return client_rest(c);
}

static inline int reply_status(const char *reply)
{
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (int)strtol(reply + 9, NULL, 10) : 0;
}

#define assert_contains(text, part)                                                                \
    do {                                                                                           \
        if (strstr(text, part) == NULL)                                                            \
            fail_msg("no \"%s\" in: %s", part, text);                                              \
    } while (0)
#define assert_lacks(text, part)                                                                   \
    do {                                                                                           \
        if (strstr(text, part) != NULL)                                                            \
            fail_msg("\"%s\" in: %s", part, text);                                                 \
    } while (0)

#endif
