/* The way to CivetWeb: at most `parallel` connections over all loops, one request at a time on
 * each. A request stays on its loop; what does not fit waits in its loop's queue, and a freed place
 * goes to the own queue first unless another loop's oldest has waited clearly longer. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/metrics.h"
#include "edge/internal.h"

enum {
    UPSTREAM_IN_MAX = 256 * 1024,
    UPSTREAM_QUEUE_EXTRA = 64 * 1024,
    FAIR_MS = 100,
    WAITING_MAX = 1024
};

struct upstream {
    struct net_stream *stream;
    struct edge_loop *home;
    struct upstream *prev, *next; /* home->upstreams */
    struct upstream *next_idle;
    struct exchange *ex; /* NULL: idle */
    struct sk_buf in;    /* head of the answer */
    size_t scan;
    enum http1_body body;
    struct http1_chunks chunks;
    uint64_t left;
    int is_open, in_body, answered, reused, keep, chunk_out;
};

static struct {
    pthread_mutex_t lock;
    uint16_t port;
    unsigned parallel, open, waiting, anonymous;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct net_stream_ops upstream_ops;

void edge_upstream_set(uint16_t port, unsigned parallel)
{
    pthread_mutex_lock(&pool.lock);
    pool.port = port;
    pool.parallel = parallel < EDGE_PARALLEL_MAX ? parallel : EDGE_PARALLEL_MAX;
    pthread_mutex_unlock(&pool.lock);
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* Behind all of its own rank, before those of a lower one. */
static void queue_add_locked(struct exchange *ex)
{
    struct edge_loop *l = ex->home;
    struct exchange **p = &l->waiting;
    while (*p != NULL && (*p)->rank >= ex->rank)
        p = &(*p)->next;
    ex->next = *p;
    *p = ex;
    pool.waiting++;
}

/* A quarter of the queue and of the workers is kept for those whom we know. */
static int is_full_locked(const struct exchange *ex)
{
    return pool.waiting >= (ex->rank == RANK_ANONYMOUS ? WAITING_MAX / 4 * 3 : WAITING_MAX);
}

static int may_take_place_locked(const struct exchange *ex)
{
    return ex->rank != RANK_ANONYMOUS || pool.anonymous < pool.parallel - pool.parallel / 4;
}

static void place_enter_locked(struct exchange *ex)
{
    ex->has_anonymous_place = ex->rank == RANK_ANONYMOUS;
    pool.anonymous += ex->rank == RANK_ANONYMOUS;
}

static void place_leave(struct exchange *ex)
{
    pthread_mutex_lock(&pool.lock);
    pool.anonymous -= ex->has_anonymous_place != 0;
    ex->has_anonymous_place = 0;
    pthread_mutex_unlock(&pool.lock);
}

static int queue_remove_locked(struct exchange *ex)
{
    struct edge_loop *l = ex->home;
    for (struct exchange **p = &l->waiting; *p != NULL; p = &(*p)->next) {
        if (*p != ex)
            continue;
        *p = ex->next;
        pool.waiting--;
        return 1;
    }
    return 0;
}

/* The loop whose oldest request has waited longest, or NULL. */
static struct edge_loop *oldest_locked(void)
{
    struct edge *e = edge_get();
    struct edge_loop *best = NULL;
    for (unsigned i = 0; i < e->loop_count; i++) {
        struct edge_loop *l = &e->loops[i];
        if (l->waiting != NULL &&
            (best == NULL || l->waiting->queued_ms < best->waiting->queued_ms))
            best = l;
    }
    return best;
}

static void pump_cb(void *arg);

/* ---- failures -------------------------------------------------------------------------------- */

/* Give the client a problem instead of an answer, or cut it when the answer had begun. */
static void exchange_fail(struct exchange *ex, int err, const char *reason)
{
    struct conn *c = ex->conn;
    int is_head_sent = ex->is_head_sent;
    metric_refused("edge", reason);
    ex->conn = NULL;
    if (c == NULL)
        return;
    c->ex = NULL;
    if (is_head_sent) {
        net_stream_abort(c->stream, -SK_EIO);
        return;
    }
    struct problem p = problem_of(err);
    conn_problem(c, &p);
}

static void queue_timeout_cb(struct net_timer *t, void *arg)
{
    struct exchange *ex = arg;
    (void)t;
    pthread_mutex_lock(&pool.lock);
    int was_waiting = queue_remove_locked(ex);
    pthread_mutex_unlock(&pool.lock);
    SK_ASSERT(was_waiting);
    exchange_fail(ex, -SK_EBUSY, "upstream-busy");
    exchange_free(ex);
}

static void answer_timeout_cb(struct net_timer *t, void *arg)
{
    struct exchange *ex = arg;
    (void)t;
    log_warn("edge", "answer-timeout", "request=%s path=%s", ex->row.request_id, ex->row.path);
    struct upstream *up = ex->up;
    ex->tries = 1; /* never again */
    exchange_fail(ex, -SK_ETIMEOUT, "upstream-timeout");
    net_stream_abort(up->stream, -SK_ETIMEOUT);
}

/* ---- one connection -------------------------------------------------------------------------- */

static void idle_remove(struct upstream *up)
{
    for (struct upstream **p = &up->home->idle; *p != NULL; p = &(*p)->next_idle)
        if (*p == up) {
            *p = up->next_idle;
            return;
        }
}

/* Put the request on the wire. */
static void upstream_send(struct upstream *up)
{
    struct exchange *ex = up->ex;
    struct sk_buf out;
    sk_buf_init(&out, ANSWER_HEAD_MAX + ex->body.len);
    int rc = ex->slot[0] != '\0' ? 0 : request_add(&ex->row, ex->slot);
    if (rc == 0)
        rc = exchange_encode(&out, ex);
    net_stream_set_queue_cap(up->stream, out.len + UPSTREAM_QUEUE_EXTRA);
    if (rc == 0)
        rc = net_stream_write(up->stream, out.data, out.len);
    sk_buf_fini_wipe(&out);
    if (rc != 0)
        net_stream_abort(up->stream, rc);
}

static void upstream_take(struct upstream *up, struct exchange *ex)
{
    up->ex = ex;
    up->in_body = up->answered = up->chunk_out = 0;
    up->scan = 0;
    ex->up = up;
    net_timer_init(&ex->timer, ex->home->loop, answer_timeout_cb, ex);
    net_timer_set_in(&ex->timer, edge_get()->set.answer_ms);
    if (up->is_open)
        upstream_send(up);
}

/* A new connection for `ex`; the place in `pool.open` is already taken. */
static void upstream_open(struct edge_loop *home, struct exchange *ex, uint16_t port)
{
    struct upstream *up = sk_alloc(sizeof(*up));
    const struct net_connect_options o = {
        .host = "127.0.0.1", .port = port, .ops = &upstream_ops, .user = up};
    up->home = home;
    sk_buf_init(&up->in, UPSTREAM_IN_MAX);
    if (net_stream_connect(&up->stream, home->loop, &o) != 0) {
        free(up);
        pthread_mutex_lock(&pool.lock);
        pool.open--;
        pthread_mutex_unlock(&pool.lock);
        place_leave(ex);
        exchange_fail(ex, -SK_EBUSY, "upstream-connect");
        exchange_free(ex);
        return;
    }
    up->next = home->upstreams;
    if (up->next != NULL)
        up->next->prev = up;
    home->upstreams = up;
    upstream_take(up, ex);
}

/* Start as many waiting requests of this loop as places allow; ask other loops for idle ones. */
static void pump(struct edge_loop *home)
{
    for (;;) {
        struct upstream *up = home->idle;
        pthread_mutex_lock(&pool.lock);
        uint16_t port = pool.port;
        struct exchange *ex = home->waiting;
        int may_start = ex != NULL && port != 0 && (up != NULL || pool.open < pool.parallel) &&
                        may_take_place_locked(ex);
        if (may_start) {
            queue_remove_locked(ex);
            place_enter_locked(ex);
            pool.open += up == NULL;
        }
        pthread_mutex_unlock(&pool.lock);
        if (!may_start)
            return;
        net_timer_cancel(&ex->timer);
        if (up == NULL) {
            upstream_open(home, ex, port);
            continue;
        }
        home->idle = up->next_idle;
        up->reused = 1;
        upstream_take(up, ex);
    }
}

/* On a loop: use what it has; if it only has idle connections that others wait for, close one. */
static void pump_cb(void *arg)
{
    struct edge_loop *home = arg;
    pump(home);
    pthread_mutex_lock(&pool.lock);
    struct edge_loop *other = oldest_locked();
    int is_wanted = other != NULL && other != home && pool.open >= pool.parallel;
    pthread_mutex_unlock(&pool.lock);
    if (is_wanted && home->idle != NULL)
        net_stream_abort(home->idle->stream, 0);
}

void upstream_submit(struct exchange *ex)
{
    struct edge *e = edge_get();
    struct edge_loop *home = ex->home;
    int is_full;
    ex->queued_ms = net_loop_now_ms(home->loop);
    net_timer_init(&ex->timer, home->loop, queue_timeout_cb, ex);
    net_timer_set_in(&ex->timer, e->set.queue_ms);
    pthread_mutex_lock(&pool.lock);
    is_full = is_full_locked(ex);
    if (!is_full)
        queue_add_locked(ex);
    pthread_mutex_unlock(&pool.lock);
    if (is_full) {
        exchange_fail(ex, -SK_EBUSY, "upstream-queue");
        exchange_free(ex);
        return;
    }
    pump(home);
    pthread_mutex_lock(&pool.lock);
    int is_waiting = home->waiting != NULL;
    pthread_mutex_unlock(&pool.lock);
    for (unsigned i = 0; is_waiting && i < e->loop_count; i++)
        if (&e->loops[i] != home)
            net_loop_post(e->loops[i].loop, pump_cb, &e->loops[i]);
}

void upstream_cancel(struct exchange *ex)
{
    ex->conn = NULL;
    pthread_mutex_lock(&pool.lock);
    int was_waiting = queue_remove_locked(ex);
    pthread_mutex_unlock(&pool.lock);
    if (was_waiting || ex->up == NULL)
        exchange_free(ex);
    else
        net_stream_resume(ex->up->stream); /* read the answer to its end, for nobody */
}

void upstream_resume(struct exchange *ex)
{
    if (ex->up != NULL)
        net_stream_resume(ex->up->stream);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* The answer is complete: the connection serves the next one, here or (closed) elsewhere. */
static void upstream_done(struct upstream *up)
{
    struct exchange *ex = up->ex;
    struct conn *c = ex->conn;
    int keep = up->keep && up->in.len == 0;
    up->ex = NULL;
    sk_buf_fini_wipe(&up->in);
    place_leave(ex);
    exchange_free(ex);
    if (c != NULL)
        c->ex = NULL;
    pthread_mutex_lock(&pool.lock);
    struct edge_loop *oldest = oldest_locked();
    int64_t own_ms = up->home->waiting != NULL ? up->home->waiting->queued_ms : INT64_MAX;
    int is_elsewhere = oldest != NULL && oldest != up->home &&
                       (own_ms == INT64_MAX || own_ms - oldest->waiting->queued_ms > FAIR_MS);
    pthread_mutex_unlock(&pool.lock);
    if (!keep || is_elsewhere) {
        net_stream_abort(up->stream, 0);
    } else {
        net_stream_resume(up->stream); /* its last bytes may have filled the client's queue */
        up->next_idle = up->home->idle;
        up->home->idle = up;
        pump(up->home);
    }
    if (c != NULL)
        conn_finish(c);
}

static int is_dropped_field(const struct http1_text *name)
{
    static const char *const dropped[] = {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "server",
        "transfer-encoding",
        "content-length",
        "accept-ranges",
    };
    for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
        if (http1_text_is(name, dropped[i]))
            return 1;
    return answer_has_field(name);
}

/* The head as the client gets it. */
static int head_encode(struct sk_buf *out, struct upstream *up, const struct conn *c,
                       const struct http1_response *res, int *keep_client)
{
    int has_body = res->status >= 200 && res->status != 204 && res->status != 304;
    int rc = answer_begin(out, res->status, CACHE_NEVER);
    for (size_t i = 0; rc == 0 && i < res->field_count; i++) {
        const struct http1_field *f = &res->fields[i];
        if (is_dropped_field(&f->name))
            continue;
        rc = sk_buf_addf(out, "%.*s: %.*s\r\n", (int)f->name.len, f->name.p, (int)f->value.len,
                         f->value.p);
    }
    *keep_client = c->keep_alive;
    if (rc == 0 && res->body == HTTP1_BODY_LENGTH) {
        rc = sk_buf_addf(out, "Content-Length: %llu\r\n", (unsigned long long)res->content_length);
    } else if (rc == 0 && has_body) {
        up->chunk_out = c->minor == 1 && !c->is_head;
        if (c->minor == 1)
            rc = sk_buf_add_str(out, "Transfer-Encoding: chunked\r\n");
        else
            *keep_client = 0;
    }
    return rc != 0 ? rc : answer_end(out, c->minor, *keep_client);
}

static void answer_cut(struct upstream *up, const char *reason)
{
    up->answered = 1;
    exchange_fail(up->ex, -SK_EINTERNAL, reason);
    net_stream_abort(up->stream, -SK_EIO);
}

/* Parse and pass on the head in up->in; 1 done, 0 more needed or the connection is being cut. */
static int answer_head(struct upstream *up)
{
    struct http1_response *res = &up->home->answer;
    size_t head_len;
    int rc = http1_head_find(up->in.data, up->in.len, &up->scan, &head_len);
    if (rc == -SK_EAGAIN)
        return 0;
    if (rc == 0)
        rc = http1_response_parse(res, up->in.data, head_len, 0);
    if (rc != 0 || res->status < 200) {
        log_error("edge", "answer-malformed", "request=%s", up->ex->row.request_id);
        answer_cut(up, "upstream-malformed");
        return 0;
    }
    struct conn *c = up->ex->conn;
    if (c != NULL) {
        struct sk_buf out;
        int keep_client = 0;
        sk_buf_init(&out, 2 * ANSWER_HEAD_MAX);
        rc = head_encode(&out, up, c, res, &keep_client);
        if (rc != 0) {
            sk_buf_fini(&out);
            answer_cut(up, "upstream-head");
            return 0;
        }
        up->ex->is_head_sent = 1;
        c->keep_alive = keep_client;
        c->state = CONN_ANSWER;
        (void)conn_write(c, out.data, out.len); /* on failure ex->conn is NULL now */
        sk_buf_fini_wipe(&out);
    }
    up->body = res->body;
    up->left = res->content_length;
    up->keep = res->keep_alive;
    up->in_body = 1;
    http1_chunks_init(&up->chunks, UINT64_MAX);
    sk_buf_consume(&up->in, head_len);
    return 1;
}

/* Body bytes for the client, if there still is one. */
static void body_pass(struct upstream *up, const uint8_t *data, size_t len)
{
    struct conn *c = up->ex->conn;
    if (c == NULL || c->is_head || len == 0)
        return;
    if (up->chunk_out) {
        char size[24];
        struct sk_buf b;
        sk_buf_init(&b, sizeof(size));
        int rc = sk_buf_addf(&b, "%zx\r\n", len);
        if (rc == 0)
            rc = conn_write(c, b.data, b.len);
        sk_buf_fini(&b);
        if (rc != 0 || conn_write(c, data, len) != 0 || conn_write(c, "\r\n", 2) != 0)
            return;
    } else if (conn_write(c, data, len) != 0) {
        return;
    }
    if (net_stream_queued(c->stream) >= HIGH_WATER_BYTES)
        net_stream_pause(up->stream);
}

static void body_end(struct upstream *up)
{
    struct conn *c = up->ex->conn;
    if (c != NULL && up->chunk_out)
        (void)conn_write(c, "0\r\n\r\n", 5);
    upstream_done(up);
}

/* Use body bytes of up->in. 1: the answer is complete. */
static int answer_body(struct upstream *up)
{
    size_t n = up->in.len;
    if (up->body == HTTP1_BODY_NONE)
        return 1;
    if (up->body == HTTP1_BODY_CHUNKED) {
        size_t at = 0;
        int rc = 0;
        while (rc == 0 && at < n) {
            size_t used, out_len;
            const uint8_t *out;
            rc = http1_chunks_feed(&up->chunks, up->in.data + at, n - at, &used, &out, &out_len);
            body_pass(up, out, out_len);
            at += used;
        }
        sk_buf_consume(&up->in, at);
        if (rc < 0)
            answer_cut(up, "upstream-malformed");
        return rc == 1;
    }
    if (up->body == HTTP1_BODY_LENGTH && n > up->left)
        n = (size_t)up->left;
    body_pass(up, up->in.data, n);
    sk_buf_consume(&up->in, n);
    if (up->body == HTTP1_BODY_UNTIL_CLOSE)
        return 0;
    up->left -= n;
    return up->left == 0;
}

/* ---- callbacks ------------------------------------------------------------------------------- */

static void open_cb(struct net_stream *s, const struct tls_peer *peer)
{
    struct upstream *up = net_stream_user(s);
    (void)peer;
    up->is_open = 1;
    if (up->ex != NULL)
        upstream_send(up);
}

static void data_cb(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct upstream *up = net_stream_user(s);
    if (up->ex == NULL) { /* bytes that nobody asked for */
        net_stream_abort(s, -SK_EINVAL);
        return;
    }
    up->answered = 1;
    int rc = sk_buf_add(&up->in, data, len);
    if (rc != 0) {
        answer_cut(up, "upstream-large");
        return;
    }
    if (!up->in_body && !answer_head(up))
        return;
    if (answer_body(up))
        body_end(up);
}

static void close_cb(struct net_stream *s, int reason)
{
    struct upstream *up = net_stream_user(s);
    struct exchange *ex = up->ex;
    struct edge_loop *home = up->home;
    if (up->prev != NULL)
        up->prev->next = up->next;
    else
        home->upstreams = up->next;
    if (up->next != NULL)
        up->next->prev = up->prev;
    idle_remove(up);
    pthread_mutex_lock(&pool.lock);
    pool.open--;
    struct edge_loop *oldest = oldest_locked();
    pthread_mutex_unlock(&pool.lock);
    if (ex != NULL) {
        ex->up = NULL;
        net_timer_cancel(&ex->timer);
        place_leave(ex);
        if (ex->conn == NULL) {
            exchange_free(ex);
        } else if (up->in_body && up->body == HTTP1_BODY_UNTIL_CLOSE && reason == 0) {
            struct conn *c = ex->conn;
            if (up->chunk_out)
                (void)conn_write(c, "0\r\n\r\n", 5);
            c = ex->conn;
            if (c != NULL)
                c->ex = NULL;
            exchange_free(ex);
            if (c != NULL)
                conn_finish(c);
        } else if (ex->is_safe && !up->answered && ex->tries++ == 0) {
            upstream_submit(ex);
        } else {
            exchange_fail(ex, up->is_open ? -SK_EINTERNAL : -SK_EBUSY, "upstream-closed");
            exchange_free(ex);
        }
    }
    sk_buf_fini_wipe(&up->in);
    free(up);
    if (oldest != NULL)
        net_loop_post(oldest->loop, pump_cb, oldest);
}

static const struct net_stream_ops upstream_ops = {
    .on_open = open_cb,
    .on_data = data_cb,
    .on_close = close_cb,
};

void upstream_loop_stop(struct edge_loop *home, int all)
{
    struct upstream *up = home->upstreams;
    while (up != NULL) {
        struct upstream *next = up->next;
        if (all || up->ex == NULL)
            net_stream_abort(up->stream, 0);
        up = next;
    }
}
