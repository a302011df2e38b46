/* One HTTP connection: reads heads and small bodies under deadlines, picks who answers, and writes
 * one answer at a time. Idle connections hold no buffer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "core/abuse.h"
#include "core/metrics.h"
#include "edge/internal.h"

enum {
    IN_MAX = 192 * 1024, /* one head and whatever came in the same turn of the loop */
    RATE_LOOK_MS = 10000,
    WRITE_STALL_MS = 20000
};

static const struct net_stream_ops conn_ops;

/* ---- life ------------------------------------------------------------------------------------ */

static void conn_detach(struct conn *c)
{
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->home->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
}

/* Let go of everything but the memory, which goes when nobody on the stack uses it any more. */
static void conn_dispose(struct conn *c)
{
    conn_detach(c);
    net_timer_cancel(&c->rate);
    if (c->ex != NULL)
        upstream_cancel(c->ex);
    c->ex = NULL;
    net_packet_drop(c->file);
    c->file = NULL;
    sk_buf_fini_wipe(&c->in);
    if (c->is_counted) {
        source_remove(c->source);
        atomic_fetch_sub(&edge_get()->open_count, 1);
    }
    c->is_dead = 1;
    if (c->depth == 0)
        free(c);
}

static void conn_enter(struct conn *c)
{
    c->depth++;
}

static void conn_leave(struct conn *c)
{
    if (--c->depth == 0 && c->is_dead)
        free(c);
}

/* Every 10 s while an answer waits for its reader: at least the minimum rate must have gone. */
static void rate_cb(struct net_timer *t, void *arg)
{
    struct conn *c = arg;
    if (c->state == CONN_IDLE && net_stream_queued(c->stream) == 0)
        return;
    uint64_t out = net_stream_bytes_out(c->stream);
    uint64_t need = (uint64_t)edge_get()->set.rate_min_bytes * (RATE_LOOK_MS / 1000);
    if (net_stream_queued(c->stream) > 0 && out - c->rate_mark < need) {
        metric_refused("edge", "slow-reader");
        abuse_note(c->source, ABUSE_SLOW);
        net_stream_abort(c->stream, -SK_ETIMEOUT);
        return;
    }
    c->rate_mark = out;
    net_timer_set_in(t, RATE_LOOK_MS);
}

void conn_begin(struct net_stream *s)
{
    struct edge *e = edge_get();
    struct conn *c = sk_alloc(sizeof(*c));
    c->stream = s;
    c->home = edge_loop_of(s);
    c->next = c->home->conns;
    if (c->next != NULL)
        c->next->prev = c;
    c->home->conns = c;
    sk_buf_init(&c->in, IN_MAX);
    net_timer_init(&c->rate, c->home->loop, rate_cb, c);
    net_stream_set_ops(s, &conn_ops, c);
    char source[NET_ADDR_TEXT];
    net_addr_format(source, net_stream_source(s), 0);
    if (sk_copy(c->source, sizeof(c->source), source) != 0 || source_add(c->source) != 0) {
        metric_refused("edge", "source-connections");
        abuse_note(source, ABUSE_CROWD);
        net_stream_abort(s, -SK_ELIMIT);
        return;
    }
    c->is_counted = 1;
    atomic_fetch_add(&e->open_count, 1);
    net_stream_set_write_stall(s, WRITE_STALL_MS);
    net_stream_set_read_deadline(s, net_loop_now_ms(c->home->loop) + e->set.head_ms);
}

void conn_give_up(struct conn *c, struct sk_buf *in)
{
    *in = c->in;
    sk_buf_init(&c->in, 0);
    conn_dispose(c);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void rate_watch(struct conn *c)
{
    if (net_timer_is_set(&c->rate))
        return;
    c->rate_mark = net_stream_bytes_out(c->stream);
    net_timer_set_in(&c->rate, RATE_LOOK_MS);
}

int conn_write(struct conn *c, const void *data, size_t len)
{
    if (c->is_dead)
        return -SK_ECLOSED;
    rate_watch(c);
    int rc = net_stream_write(c->stream, data, len);
    if (rc == 0)
        return 0;
    net_stream_abort(c->stream, rc);
    return -SK_ECLOSED;
}

/* Close after the last answer. The stream goes on reading for a moment and forgets what comes: a
 * reset would take the answer away before it is read. */
static void conn_close(struct conn *c)
{
    c->state = CONN_CLOSING;
    sk_buf_fini_wipe(&c->in);
    net_stream_close(c->stream, 0);
}

static void conn_step(struct conn *c);

void conn_finish(struct conn *c)
{
    if (c->is_dead)
        return;
    c->finish_pending = 0;
    if (!c->keep_alive || edge_is_draining()) {
        conn_close(c);
        return;
    }
    if (net_stream_queued(c->stream) > HIGH_WATER_BYTES) {
        c->finish_pending = 1;
        return;
    }
    c->state = CONN_IDLE;
    net_stream_resume(c->stream);
    if (c->depth == 0)
        conn_step(c);
}

/* Queue the next slices of the file under way, as far as the reader keeps up. */
static void file_push(struct conn *c)
{
    while (c->file_at < c->file->len) {
        size_t n = c->file->len - c->file_at;
        if (net_stream_queued(c->stream) >= HIGH_WATER_BYTES)
            return;
        if (n > SLICE_BYTES)
            n = SLICE_BYTES;
        int rc = net_stream_write_ref(c->stream, NULL, 0, c->file, c->file_at, n);
        if (rc != 0) {
            net_stream_abort(c->stream, rc);
            return;
        }
        c->file_at += n;
    }
    net_packet_drop(c->file);
    c->file = NULL;
    conn_finish(c);
}

void conn_send_file(struct conn *c, struct net_packet *file)
{
    c->file = file;
    c->file_at = 0;
    c->state = CONN_ANSWER;
    net_stream_pause(c->stream);
    net_stream_set_read_deadline(c->stream, 0);
    file_push(c);
}

void conn_problem(struct conn *c, const struct problem *p)
{
    struct sk_buf b;
    sk_buf_init(&b, ANSWER_HEAD_MAX);
    conn_enter(c);
    c->state = CONN_ANSWER;
    net_stream_set_read_deadline(c->stream, 0);
    if (c->body_pending)
        c->keep_alive = 0;
    int rc = answer_problem(&b, p, c->request_id, c->minor, c->keep_alive, c->is_head);
    if (rc == 0)
        rc = conn_write(c, b.data, b.len);
    else
        net_stream_abort(c->stream, rc);
    sk_buf_fini(&b);
    if (rc == 0)
        conn_finish(c);
    conn_leave(c);
}

/* ---- heads ----------------------------------------------------------------------------------- */

static struct problem head_problem(int rc, const char *reason)
{
    struct problem p = problem_of(-SK_EINVAL);
    if (rc == -SK_EVERSION)
        p.status = 505;
    else if (rc == -SK_EUNSUPPORTED)
        p.status = 501;
    else if (rc == -SK_ETOOBIG)
        p = (struct problem){
            strcmp(reason, "path-long") == 0 || strcmp(reason, "query-long") == 0 ? 414 : 431,
            "too-large", 0, NULL};
    return p;
}

static void head_refuse(struct conn *c, int rc, const char *reason)
{
    struct problem p = head_problem(rc, reason);
    metric_refused("edge", reason);
    abuse_note(c->source, ABUSE_MALFORMED);
    log_debug("edge", "head-refused", "source=%s reason=%s", c->source, reason);
    c->keep_alive = 0;
    conn_problem(c, &p);
}

static int path_is_api(const char *path)
{
    static const char *const roots[] = {"/api", "/ws", "/.well-known"};
    static const char *const files[] = {"/healthz", "/readyz", "/metrics"};
    for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
        size_t n = strlen(roots[i]);
        if (strncmp(path, roots[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
            return 1;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (strcmp(path, files[i]) == 0)
            return 1;
    return 0;
}

static void request_id_make(struct conn *c)
{
    uint8_t raw[(REQUEST_ID_SIZE - 1) / 2];
    sk_random(raw, sizeof(raw));
    sk_hex_encode(c->request_id, raw, sizeof(raw));
}

static int has_body(const struct http1_request *req)
{
    return req->body == HTTP1_BODY_CHUNKED || req->content_length > 0;
}

int conn_rate_check(struct conn *c, unsigned cost)
{
    char field[64];
    struct problem p = problem_of(-SK_ELIMIT);
    int rc = abuse_request(c->source, cost, &p.retry_ms);
    if (rc == 0)
        return 0;
    metric_refused("edge", "source-rate");
    snprintf(field, sizeof(field), "RateLimit: \"source\";r=0;t=%lld",
             (long long)((p.retry_ms + 999) / 1000));
    p.field = field;
    conn_problem(c, &p);
    return rc;
}

/* A source that was isolated while its connection was open: nothing more is read from it. */
static int source_is_refused(struct conn *c)
{
    if (abuse_stage(c->source) != ABUSE_REFUSE)
        return 0;
    metric_refused("edge", "isolated");
    net_stream_abort(c->stream, -SK_ELIMIT);
    return 1;
}

/* Judge the head at the front of c->in. */
static void conn_request(struct conn *c, size_t head_len)
{
    struct http1_request *req = &c->home->head;
    if (source_is_refused(c))
        return;
    request_id_make(c);
    c->minor = 1;
    c->is_head = 0;
    c->body_pending = 0;
    int rc = http1_request_parse(req, c->in.data, head_len);
    if (rc != 0) {
        head_refuse(c, rc, req->reason);
        return;
    }
    c->minor = req->minor;
    c->keep_alive = req->keep_alive && !edge_is_draining();
    c->is_head = strcmp(req->method, "HEAD") == 0;
    c->body_pending = has_body(req);
    const struct edge_ws_endpoint *endpoint = socket_endpoint_find(req->path);
    if (endpoint != NULL) {
        socket_accept(c, endpoint, req, head_len);
        return;
    }
    if (!path_is_api(req->path)) {
        if (conn_rate_check(c, COST_FILE) == 0)
            static_answer(c, req);
    } else if (exchange_begin(c, req) == 0) {
        sk_buf_consume(&c->in, head_len);
        conn_body_begin(c);
        return;
    }
    if (!c->is_dead && c->in.len >= head_len)
        sk_buf_consume(&c->in, head_len);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

void conn_body_begin(struct conn *c)
{
    const struct edge_settings *set = &edge_get()->set;
    const struct http1_request *req = &c->home->head;
    int64_t more_ms = (int64_t)(c->ex->body.max * 1000 / set->rate_min_bytes);
    c->state = CONN_BODY;
    if (req->body == HTTP1_BODY_LENGTH)
        more_ms = (int64_t)(req->content_length * 1000 / set->rate_min_bytes);
    if (!has_body(req))
        return;
    net_stream_set_read_deadline(c->stream,
                                 net_loop_now_ms(c->home->loop) + set->head_ms + more_ms);
    static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (req->expect_continue && c->in.len == 0)
        (void)conn_write(c, go, sizeof(go) - 1);
}

static void conn_body(struct conn *c)
{
    int rc = exchange_body_feed(c->ex, &c->in);
    if (rc == 0)
        return;
    if (rc < 0) {
        struct problem p = problem_of(rc);
        struct exchange *ex = c->ex;
        metric_refused("edge", rc == -SK_ETOOBIG ? "body-large" : "chunk");
        abuse_note(c->source, ABUSE_MALFORMED);
        c->ex = NULL;
        exchange_free(ex);
        c->keep_alive = 0;
        conn_problem(c, &p);
        return;
    }
    c->body_pending = 0;
    c->state = CONN_WAIT;
    net_stream_pause(c->stream);
    net_stream_set_read_deadline(c->stream, 0);
    upstream_submit(c->ex);
}

/* ---- the walk from request to request -------------------------------------------------------- */

static void conn_idle(struct conn *c)
{
    sk_buf_fini_wipe(&c->in);
    net_stream_set_read_deadline(c->stream,
                                 net_loop_now_ms(c->home->loop) + edge_get()->set.idle_ms);
}

/* One step; 0 when nothing more can be done now. */
static int conn_step_once(struct conn *c)
{
    enum conn_state before = c->state;
    size_t head_len, len = c->in.len;
    switch (c->state) {
    case CONN_IDLE:
        if (c->in.len == 0) {
            conn_idle(c);
            return 0;
        }
        c->state = CONN_HEAD;
        c->scan = 0;
        net_stream_set_read_deadline(c->stream,
                                     net_loop_now_ms(c->home->loop) + edge_get()->set.head_ms);
        return 1;
    case CONN_HEAD: {
        int rc = http1_head_find(c->in.data, c->in.len, &c->scan, &head_len);
        if (rc == -SK_EAGAIN)
            return 0;
        if (rc == 0)
            conn_request(c, head_len);
        else {
            request_id_make(c);
            c->minor = 1;
            c->is_head = 0;
            c->body_pending = 0;
            head_refuse(c, rc, rc == -SK_ETOOBIG ? "head-long" : "line-end");
        }
        return 1;
    }
    case CONN_BODY:
        conn_body(c);
        return c->state != before || c->in.len != len;
    case CONN_WAIT:
    case CONN_ANSWER:
    case CONN_CLOSING:
        break;
    }
    return 0;
}

static void conn_step(struct conn *c)
{
    conn_enter(c);
    while (!c->is_dead && conn_step_once(c))
        ;
    conn_leave(c);
}

static void data_cb(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct conn *c = net_stream_user(s);
    if (c->state == CONN_CLOSING)
        return;
    int rc = sk_buf_add(&c->in, data, len);
    if (rc != 0) {
        metric_refused("edge", "pipelined-bytes");
        net_stream_abort(s, rc);
        return;
    }
    conn_step(c);
}

static void drain_cb(struct net_stream *s)
{
    struct conn *c = net_stream_user(s);
    conn_enter(c);
    if (c->file != NULL)
        file_push(c);
    else if (c->finish_pending)
        conn_finish(c);
    else if (c->ex != NULL && c->state == CONN_ANSWER)
        upstream_resume(c->ex);
    if (!c->is_dead && c->state == CONN_IDLE)
        conn_step(c);
    conn_leave(c);
}

static void close_cb(struct net_stream *s, int reason)
{
    struct conn *c = net_stream_user(s);
    if (reason == -SK_ETIMEOUT) {
        if (c->state == CONN_HEAD || c->state == CONN_BODY ||
            (c->state == CONN_IDLE && c->request_id[0] == '\0'))
            abuse_note(c->source, ABUSE_SLOW);
        if (c->state == CONN_HEAD)
            metric_refused("edge", "slow-head");
        else if (c->state == CONN_BODY)
            metric_refused("edge", "slow-body");
        else if (c->state == CONN_IDLE && c->request_id[0] == '\0')
            metric_refused("edge", "no-request");
    } else if (reason == -SK_ECRYPTO) {
        metric_refused("edge", "tls-record");
    }
    conn_dispose(c);
}

static const struct net_stream_ops conn_ops = {
    .on_data = data_cb,
    .on_drain = drain_cb,
    .on_close = close_cb,
};
