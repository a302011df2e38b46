/* CivetWeb on a loopback port behind the edge. It carries bytes; every decision is made here, on
 * facts that the edge established, found by the number in `Skep-Request`. */
#include <civetweb.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "http/internal.h"

enum { BODY_MAX_BYTES = 1 << 20 };

static struct {
    struct mg_context *server;
    struct route_table table;
    struct house *house;
    char threads[12];
    uint16_t port;
    atomic_int stopped;
} state;

static const struct config_key config_keys[] = {
    {"http.threads", CONFIG_INT, "8", 1, 64, "Worker threads that run API calls"},
    {0},
};

/* The stranger's answer: whoever reaches the loopback port without the edge's secret learns
 * nothing, not even that this is Skep. */
static int stranger_refuse(struct mg_connection *conn)
{
    static const char answer[] =
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    metric_refused("http", "not-the-edge");
    mg_write(conn, answer, sizeof(answer) - 1);
    mg_close_connection(conn);
    return 403;
}

/* Read exactly Content-Length bytes. The edge bounded the body by the route's limit; here it is
 * bounded again, before memory is taken. */
static int body_read(struct http_request *req, long long content_length)
{
    int err = 0;

    if (content_length <= 0)
        return 0;
    if (content_length > BODY_MAX_BYTES)
        return -SK_ETOOBIG;
    sk_buf_init(&req->body, (size_t)content_length);
    err = sk_buf_reserve(&req->body, (size_t)content_length);
    while (!err && req->body.len < (size_t)content_length) {
        uint8_t part[4096];
        size_t want = (size_t)content_length - req->body.len;
        int got = mg_read(req->conn, part, want < sizeof(part) ? want : sizeof(part));
        err = got > 0 ? sk_buf_add(&req->body, part, (size_t)got) : -SK_EIO;
        sk_wipe(part, sizeof(part));
    }
    return err;
}

static void answer_send(struct http_request *req)
{
    size_t sent = 0;

    while (sent < req->answer.len) {
        int n = mg_write(req->conn, req->answer.data + sent, req->answer.len - sent);
        if (n <= 0) { /* the edge went away: it will not use this connection again */
            log_warn("http", "answer-lost", "request=%s", req->facts.request_id);
            return;
        }
        sent += (size_t)n;
    }
}

static int request_take(struct mg_connection *conn)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    const char *slot = mg_get_header(conn, "Skep-Request");
    struct edge_request facts;
    struct http_request *req;
    int status;

    if (!slot || edge_request_find(slot, &facts))
        return stranger_refuse(conn);
    req = sk_alloc(sizeof(*req));
    request_init(req, &facts, state.house, sk_clock_wall_ms());
    sk_wipe(&facts, sizeof(facts));
    req->conn = conn;
    int err = body_read(req, info->content_length);
    if (err)
        http_problem(req, err == -SK_EIO ? -SK_EINVAL : err, NULL);
    else
        request_serve(req, mg_get_header(conn, "Content-Type"));
    answer_send(req);
    status = req->status;
    request_fini(req);
    free(req);
    return status;
}

static int log_take(const struct mg_connection *conn, const char *message)
{
    (void)conn;
    log_warn("http", "civetweb", "message=\"%s\"", message);
    return 1;
}

/* What CivetWeb itself refuses never came from the edge in this form. */
static int error_take(struct mg_connection *conn, int status, const char *message)
{
    (void)message;
    metric_refused("http", status == 400 ? "malformed" : "server");
    stranger_refuse(conn);
    return 0;
}

/* ---- start and stop ---- */

/* A permission counts as declared when the box itself may use it: the rule table knows every
 * action, and denies what it does not know to everybody. */
static int permission_check(const struct route *row)
{
    const struct principal box = {.kind = PRINCIPAL_BOX};

    return may(&box, row->permission, (struct object_ref){"box", NULL});
}

static int routes_collect(void)
{
    struct sk_buf why;
    int err = 0;

    sk_buf_init(&why, 512);
    for (const struct room *const *r = rooms_list(); *r && !err; r++) {
        for (const struct route *row = (*r)->routes; row && row->method && !err; row++) {
            err = route_table_add(&state.table, row, &why);
            if (!err && permission_check(row)) {
                log_error("http", "route", "room=%s %s %s: undeclared permission %s", (*r)->name,
                          row->method, row->path, row->permission);
                err = -SK_EINVAL;
            }
        }
        if (err && why.len)
            log_error("http", "route", "room=%s %s", (*r)->name, (const char *)why.data);
    }
    sk_buf_fini(&why);
    return err;
}

static int route_limits(const char *method, const char *path, size_t *body_max_bytes,
                        const char **body_type)
{
    struct route_match match;
    int err = route_table_find(&state.table, method, path, &match);

    if (err)
        return err;
    *body_max_bytes = match.row->body_max_bytes;
    *body_type = !match.row->body_max_bytes ? NULL
                 : match.row->body_type     ? match.row->body_type
                                            : "application/json";
    return 0;
}

static int server_start(unsigned threads)
{
    snprintf(state.threads, sizeof(state.threads), "%u", threads);
    const char *options[] = {
        "listening_ports",
        "127.0.0.1:0",
        "num_threads",
        state.threads,
        "enable_keep_alive",
        "yes",
        "keep_alive_timeout_ms",
        "7200000",
        "request_timeout_ms",
        "30000",
        "tcp_nodelay",
        "1",
        "max_request_size",
        "32768",
        "enable_directory_listing",
        "no",
        "access_control_list",
        "-0.0.0.0/0,+127.0.0.1/32",
        NULL,
    };
    const struct mg_callbacks callbacks = {
        .begin_request = request_take,
        .log_message = log_take,
        .http_error = error_take,
    };
    struct mg_server_port port;

    mg_init_library(MG_FEATURES_DEFAULT);
    state.server = mg_start(&callbacks, NULL, options);
    if (!state.server)
        mg_exit_library();
    if (!state.server || mg_get_server_ports(state.server, 1, &port) != 1 || port.port <= 0) {
        log_error("http", "start", "cannot listen on the loopback interface");
        return -SK_EIO;
    }
    state.port = (uint16_t)port.port;
    edge_upstream_set(state.port, threads);
    return 0;
}

/* CivetWeb's listener looks at its stop flag only every two seconds or when somebody connects. */
static void *nudge_run(void *arg)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(state.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    (void)arg;
    while (!atomic_load(&state.stopped)) {
        nanosleep(&pause, NULL);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) &&
            errno != EINPROGRESS)
            atomic_store(&state.stopped, 1); /* nobody listens any more */
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

static void server_stop(void)
{
    pthread_t nudge;

    atomic_store(&state.stopped, 0);
    int nudging = pthread_create(&nudge, NULL, nudge_run, NULL) == 0;
    mg_stop(state.server);
    atomic_store(&state.stopped, 1);
    if (nudging)
        pthread_join(nudge, NULL);
    mg_exit_library();
}

static void http_stop(void)
{
    if (state.server)
        server_stop();
    state.server = NULL;
    route_table_use(NULL);
    route_table_fini(&state.table);
    metrics_token_wipe();
}

static int http_start(struct house *house)
{
    int err = metrics_token_load(house->data_dir);

    state.house = house;
    if (!err)
        err = routes_collect();
    if (!err) {
        route_table_use(&state.table);
        edge_routes_set(route_limits);
        err = server_start((unsigned)config_int(house->config, "http.threads"));
    }
    if (err)
        http_stop();
    return err;
}

static int http_ready(const char **why)
{
    if (state.server)
        return 0;
    *why = "not listening";
    return -SK_EBUSY;
}

static const char *const needs[] = {"account", NULL};

const struct room http_room = {
    .name = "http",
    .needs = needs,
    .config = config_keys,
    .routes = system_routes,
    .start = http_start,
    .stop = http_stop,
    .ready = http_ready,
};
