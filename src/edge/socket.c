/* WebSockets: wslay reads (masking, fragments, UTF-8, control frames), we write heads of our own so
 * that a frame shared by two hundred viewers is never copied for one of them. */
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/abuse.h"
#include "core/app.h"
#include "core/event.h"
#include "core/metrics.h"
#include "edge/internal.h"
#include "wire/ws.h"

enum {
    PING_MS = 25000,
    DEAD_MS = 60000,
    CLOSE_WAIT_MS = 500,
    WRITE_STALL_MS = 20000,
    FRAGMENTS_MAX = 64,
    CONTROL_EXTRA_BYTES = 4096, /* above the endpoint's queue, for control frames */
    CODE_SESSION_ENDED = 4401,
    CODE_DENIED = 4403
};

struct edge_ws {
    struct net_stream *stream;
    struct edge_loop *home;
    struct edge_ws *prev, *next;
    const struct edge_ws_endpoint *endpoint;
    void *self;
    struct principal principal;
    wslay_event_context_ptr reader;
    const uint8_t *rx; /* bytes of the present on_data, not yet taken by wslay */
    size_t rx_len;
    struct net_timer timer; /* ping; once closing: the wait for the peer's close */
    size_t message_bytes;   /* of the message under way */
    unsigned fragments;
    uint8_t message_opcode;
    int is_closing, is_refused;
    int is_lost; /* closing, and no close frame could be sent */
};

static const struct net_stream_ops socket_ops;

/* ---- sockets per account --------------------------------------------------------------------- */

struct tally {
    uint32_t count;
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_account;
} accounts = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whose sockets are counted together: an app's apart from those of its account. */
static const char *tally_name(const struct principal *p)
{
    return p->kind == PRINCIPAL_APP ? p->session : p->account;
}

static int account_add(const char *account)
{
    int rc = 0;
    pthread_mutex_lock(&accounts.lock);
    if (accounts.by_account == NULL)
        accounts.by_account = sk_map_new(0);
    struct tally *t = sk_map_find(accounts.by_account, account, strlen(account));
    if (t == NULL) {
        t = sk_alloc(sizeof(*t));
        sk_map_put(accounts.by_account, account, strlen(account), t);
    }
    if (t->count >= edge_get()->set.sockets_per_account)
        rc = -SK_ELIMIT;
    else
        t->count++;
    pthread_mutex_unlock(&accounts.lock);
    return rc;
}

static void account_remove(const char *account)
{
    pthread_mutex_lock(&accounts.lock);
    struct tally *t = sk_map_find(accounts.by_account, account, strlen(account));
    SK_ASSERT(t != NULL && t->count > 0);
    if (--t->count == 0) {
        sk_map_remove(accounts.by_account, account, strlen(account));
        free(t);
    }
    pthread_mutex_unlock(&accounts.lock);
}

/* ---- sending --------------------------------------------------------------------------------- */

size_t edge_ws_queued_bytes(const struct edge_ws *ws)
{
    return net_stream_queued(ws->stream);
}

/* 0 when `len` more payload bytes fit. */
static int room_check(const struct edge_ws *ws, size_t len)
{
    size_t queued = net_stream_queued(ws->stream), max = ws->endpoint->queue_max_bytes;
    if (ws->is_closing)
        return -SK_ECLOSED;
    return queued > max || len > max - queued ? -SK_ELIMIT : 0;
}

static int frame_send(struct edge_ws *ws, enum ws_opcode opcode, const void *data, size_t len)
{
    uint8_t head[WS_HEAD_MAX];
    size_t head_len = ws_head_encode(head, opcode, len);
    struct iovec iov[2] = {{head, head_len}, {(void *)(uintptr_t)data, len}};
    return net_stream_writev(ws->stream, iov, len > 0 ? 2 : 1);
}

int edge_ws_send_text(struct edge_ws *ws, const char *text, size_t len)
{
    int rc = room_check(ws, len);
    return rc != 0 ? rc : frame_send(ws, WS_TEXT, text, len);
}

int edge_ws_send_binary(struct edge_ws *ws, const void *data, size_t len)
{
    int rc = room_check(ws, len);
    return rc != 0 ? rc : frame_send(ws, WS_BINARY, data, len);
}

int edge_ws_send_packet(struct edge_ws *ws, struct net_packet *packet)
{
    uint8_t head[WS_HEAD_MAX];
    int rc = room_check(ws, packet->len);
    if (rc != 0)
        return rc;
    size_t head_len = ws_head_encode(head, WS_BINARY, packet->len);
    return net_stream_write_ref(ws->stream, head, head_len, packet, 0, packet->len);
}

void edge_ws_close(struct edge_ws *ws, uint16_t code, const char *reason)
{
    uint8_t body[WS_CONTROL_MAX];
    size_t len = reason != NULL ? strlen(reason) : 0;
    if (ws->is_closing)
        return;
    ws->is_closing = 1;
    if (len > sizeof(body) - 2)
        len = sizeof(body) - 2;
    sk_put_u16(body, code);
    if (len > 0)
        memcpy(body + 2, reason, len);
    /* The end is always told later: callers go on with what on_close frees. */
    ws->is_lost = frame_send(ws, WS_CLOSE, body, 2 + len) != 0;
    net_timer_set_in(&ws->timer, ws->is_lost ? 0 : CLOSE_WAIT_MS);
}

struct net_loop *edge_ws_loop(const struct edge_ws *ws)
{
    return ws->home->loop;
}

const struct principal *edge_ws_principal(const struct edge_ws *ws)
{
    return &ws->principal;
}

static void timer_cb(struct net_timer *t, void *arg)
{
    struct edge_ws *ws = arg;
    if (ws->is_lost) {
        net_stream_abort(ws->stream, 0);
        return;
    }
    if (ws->is_closing) {
        net_stream_close(ws->stream, CLOSE_WAIT_MS);
        return;
    }
    net_timer_set_in(t, PING_MS);
    event_publish(&(struct event){.kind = EVENT_SESSION_USED,
                                  .account = ws->principal.account,
                                  .session = ws->principal.session,
                                  .wall_ms = sk_clock_wall_ms()});
    if (frame_send(ws, WS_PING, NULL, 0) != 0)
        net_stream_abort(ws->stream, -SK_ETIMEOUT);
}

/* ---- reading, through wslay ------------------------------------------------------------------ */

static ssize_t reader_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags,
                           void *user)
{
    struct edge_ws *ws = user;
    (void)flags;
    if (ws->rx_len == 0 || ws->is_closing || ws->is_refused) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t n = len < ws->rx_len ? len : ws->rx_len;
    memcpy(buf, ws->rx, n);
    ws->rx += n;
    ws->rx_len -= n;
    return (ssize_t)n;
}

/* Only pongs and close answers come through here; a frame goes out in one call of
 * wslay_event_send, so nothing can get between its head and its body. */
static ssize_t reader_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
                           void *user)
{
    struct edge_ws *ws = user;
    (void)flags;
    if (net_stream_write(ws->stream, data, len) != 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)len;
}

static void refuse(struct edge_ws *ws, uint16_t code, const char *reason)
{
    ws->is_refused = 1;
    metric_refused("edge", reason);
    edge_ws_close(ws, code, reason);
}

static void frame_start(wslay_event_context_ptr ctx,
                        const struct wslay_event_on_frame_recv_start_arg *arg, void *user)
{
    struct edge_ws *ws = user;
    (void)ctx;
    if (wslay_is_ctrl_frame(arg->opcode) || ws->is_closing)
        return;
    if (arg->opcode != WSLAY_CONTINUATION_FRAME) {
        ws->message_opcode = arg->opcode;
        ws->message_bytes = 0;
        ws->fragments = 0;
    }
    size_t max = ws->message_opcode == WSLAY_TEXT_FRAME ? ws->endpoint->text_max_bytes
                                                        : ws->endpoint->binary_max_bytes;
    if (++ws->fragments > FRAGMENTS_MAX) {
        refuse(ws, 1002, "ws-fragments");
    } else if (arg->payload_length > max || ws->message_bytes > max - arg->payload_length) {
        refuse(ws, 1009, "ws-message-large");
    }
    ws->message_bytes += (size_t)arg->payload_length;
}

static void message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg,
                    void *user)
{
    struct edge_ws *ws = user;
    (void)ctx;
    if (ws->is_closing)
        return;
    if (arg->opcode == WSLAY_TEXT_FRAME && ws->endpoint->on_text != NULL)
        ws->endpoint->on_text(ws->self, (const char *)arg->msg, arg->msg_length);
    else if (arg->opcode == WSLAY_BINARY_FRAME && ws->endpoint->on_binary != NULL)
        ws->endpoint->on_binary(ws->self, arg->msg, arg->msg_length);
    else if (!wslay_is_ctrl_frame(arg->opcode))
        refuse(ws, 1003, "ws-kind");
}

static int reader_open(struct edge_ws *ws)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = reader_recv,
        .send_callback = reader_send,
        .on_frame_recv_start_callback = frame_start,
        .on_msg_recv_callback = message,
    };
    const struct edge_ws_endpoint *e = ws->endpoint;
    if (wslay_event_context_server_init(&ws->reader, &callbacks, ws) != 0)
        return -SK_ENOMEM;
    size_t max = e->text_max_bytes > e->binary_max_bytes ? e->text_max_bytes : e->binary_max_bytes;
    wslay_event_config_set_max_recv_msg_length(ws->reader, max);
    return 0;
}

/* After each read: answer what wslay wants answered, and end where it or the peer has ended. */
static void reader_settle(struct edge_ws *ws)
{
    if (wslay_event_get_read_enabled(ws->reader)) {
        if (wslay_event_want_write(ws->reader) && wslay_event_send(ws->reader) != 0)
            net_stream_abort(ws->stream, -SK_ELIMIT);
        return;
    }
    if (!wslay_event_get_close_received(ws->reader)) /* a broken rule, not a farewell */
        metric_refused("edge", "ws-protocol");
    if (!ws->is_closing)
        (void)wslay_event_send(ws->reader);
    ws->is_closing = 1;
    net_stream_close(ws->stream, CLOSE_WAIT_MS);
}

static void socket_feed(struct edge_ws *ws, const uint8_t *data, size_t len)
{
    net_stream_set_read_deadline(ws->stream, net_loop_now_ms(ws->home->loop) + DEAD_MS);
    if (ws->is_refused)
        return;
    if (ws->is_closing) { /* our close is out: all that still matters is the peer's */
        struct ws_frame_head head;
        if (ws_head_decode(&head, data, len) == 0 && head.opcode == WS_CLOSE)
            net_stream_close(ws->stream, CLOSE_WAIT_MS);
        return;
    }
    ws->rx = data;
    ws->rx_len = len;
    int rc = wslay_event_recv(ws->reader);
    ws->rx = NULL;
    ws->rx_len = 0;
    if (ws->is_refused || (ws->is_closing && wslay_event_get_read_enabled(ws->reader)))
        return;
    if (rc != 0) /* wslay gives up on a malformed head without a close frame of its own */
        refuse(ws, rc == WSLAY_ERR_NOMEM ? 1011 : 1002, "ws-protocol");
    else
        reader_settle(ws);
}

/* ---- stream callbacks ------------------------------------------------------------------------ */

static void data_cb(struct net_stream *s, const uint8_t *data, size_t len)
{
    socket_feed(net_stream_user(s), data, len);
}

static void drain_cb(struct net_stream *s)
{
    struct edge_ws *ws = net_stream_user(s);
    if (!ws->is_closing && ws->self != NULL && ws->endpoint->on_drain != NULL)
        ws->endpoint->on_drain(ws->self);
}

static void close_cb(struct net_stream *s, int reason)
{
    struct edge_ws *ws = net_stream_user(s);
    if (reason == -SK_ETIMEOUT)
        metric_refused("edge", "ws-silent");
    else if (reason == -SK_ECRYPTO)
        metric_refused("edge", "tls-record");
    ws->is_closing = 1;
    if (ws->self != NULL)
        ws->endpoint->on_close(ws->self);
    if (ws->prev != NULL)
        ws->prev->next = ws->next;
    else
        ws->home->sockets = ws->next;
    if (ws->next != NULL)
        ws->next->prev = ws->prev;
    net_timer_cancel(&ws->timer);
    wslay_event_context_free(ws->reader);
    account_remove(tally_name(&ws->principal));
    source_remove(ws->principal.source);
    atomic_fetch_sub(&edge_get()->open_count, 1);
    sk_wipe(ws, sizeof(*ws));
    free(ws);
}

static const struct net_stream_ops socket_ops = {
    .on_data = data_cb, .on_drain = drain_cb, .on_close = close_cb};

/* ---- the opening handshake ------------------------------------------------------------------- */

void edge_ws_endpoint_add(const struct edge_ws_endpoint *endpoint)
{
    struct edge *e = edge_get();
    SK_ASSERT(e->endpoint_count < EDGE_ENDPOINTS_MAX);
    e->endpoints[e->endpoint_count++] = *endpoint;
}

const struct edge_ws_endpoint *socket_endpoint_find(const char *path)
{
    struct edge *e = edge_get();
    for (size_t i = 0; i < e->endpoint_count; i++)
        if (strcmp(e->endpoints[i].path, path) == 0)
            return &e->endpoints[i];
    return NULL;
}

static void answer_refusal(struct conn *c, struct problem p, const char *reason)
{
    metric_refused("edge", reason);
    c->keep_alive = 0;
    conn_problem(c, &p);
}

/* The rules of RFC 6455 4.2.1 and ours, before anybody is asked. NULL, or the broken rule. */
static const char *handshake_check(const struct http1_request *req,
                                   const struct edge_ws_endpoint *e, char accept[WS_ACCEPT_SIZE],
                                   struct problem *p)
{
    const struct http1_text *key, *version, *protocols;
    key = http1_field_find(req->fields, req->field_count, "sec-websocket-key");
    version = http1_field_find(req->fields, req->field_count, "sec-websocket-version");
    protocols = http1_field_find(req->fields, req->field_count, "sec-websocket-protocol");
    *p = (struct problem){426, "bad-request", 0, "Upgrade: websocket"};
    if (strcmp(req->method, "GET") != 0 || !req->upgrade_websocket)
        return "ws-no-upgrade";
    p->field = "Sec-WebSocket-Version: 13";
    if (version == NULL || !http1_text_is(version, "13"))
        return "ws-version";
    *p = problem_of(-SK_EINVAL);
    if (req->body == HTTP1_BODY_CHUNKED || req->content_length > 0 || key == NULL ||
        ws_accept_encode(accept, key->p, key->len) != 0)
        return "ws-handshake";
    *p = problem_of(-SK_EDENIED);
    if (protocols == NULL || !http1_text_has(protocols, e->subprotocol))
        return "ws-subprotocol";
    return NULL;
}

/* Who it is and whether they may. NULL, or the broken rule. */
static const char *principal_check(const struct http1_request *req,
                                   const struct edge_ws_endpoint *e, const struct principal *p,
                                   struct problem *problem)
{
    struct object_ref box = {"box", NULL};
    int rc = may(p, e->permission, box);
    *problem = problem_of(rc != 0 ? rc : -SK_EDENIED);
    if (rc != 0)
        return rc == -SK_EAUTH ? "ws-nobody" : "ws-denied";
    int has_origin = http1_field_find(req->fields, req->field_count, "origin") != NULL;
    if (p->by_cookie && (!has_origin || origin_is_foreign(req)))
        return "ws-origin";
    return NULL;
}

/* An app signs the opening request; then it is nobody but that app. NULL, or the broken rule. */
static const char *signature_check(struct edge_request *row, struct problem *problem)
{
    const struct signed_request r = {
        .method = row->method,
        .authority = row->host,
        .path = row->path,
        .query = row->query,
        .path_is_plain = row->path_is_plain,
        .authorization = row->authorization,
        .signature_input = row->signature_input,
        .signature = row->signature,
        .content_digest = row->content_digest,
        .source = row->principal.source,
        .now_ms = sk_clock_wall_ms(),
    };
    struct principal signer;
    struct signed_verdict verdict;
    if (!request_is_signed(&r))
        return NULL;
    int rc = authenticate_signed(&r, &signer, &verdict);
    row->principal = signer;
    *problem = problem_of(rc);
    problem->retry_ms = verdict.retry_ms;
    return rc == 0 ? NULL : rc == -SK_ELIMIT ? "ws-app-limit" : "ws-signature";
}

static struct edge_ws *socket_new(struct conn *c, const struct edge_ws_endpoint *e,
                                  const struct principal *p)
{
    struct edge_ws *ws = sk_alloc(sizeof(*ws));
    ws->endpoint = e;
    ws->principal = *p;
    ws->home = c->home;
    ws->stream = c->stream;
    if (reader_open(ws) == 0)
        return ws;
    free(ws);
    return NULL;
}

/* Move the connection over: the conn object ends, the stream lives on as a socket. */
static void socket_begin(struct edge_ws *ws, struct conn *c, size_t head_len)
{
    struct sk_buf in;
    /* The place of this source is handed from the connection to the socket. */
    c->is_counted = 0;
    conn_give_up(c, &in);
    ws->next = ws->home->sockets;
    if (ws->next != NULL)
        ws->next->prev = ws;
    ws->home->sockets = ws;
    net_timer_init(&ws->timer, ws->home->loop, timer_cb, ws);
    net_timer_set_in(&ws->timer, PING_MS);
    net_stream_set_ops(ws->stream, &socket_ops, ws);
    net_stream_set_queue_cap(ws->stream, ws->endpoint->queue_max_bytes + CONTROL_EXTRA_BYTES);
    net_stream_set_write_stall(ws->stream, WRITE_STALL_MS);
    if (edge_is_draining()) {
        edge_ws_close(ws, 1001, "shutdown");
    } else {
        ws->self = ws->endpoint->on_open(ws, &ws->principal);
        if (ws->self == NULL)
            edge_ws_close(ws, 1011, "refused");
    }
    net_stream_resume(ws->stream);
    sk_buf_consume(&in, head_len);
    net_stream_set_read_deadline(ws->stream, net_loop_now_ms(ws->home->loop) + DEAD_MS);
    if (in.len > 0)
        socket_feed(ws, in.data, in.len);
    sk_buf_fini_wipe(&in);
}

static int handshake_answer(struct conn *c, const struct edge_ws_endpoint *e, const char *accept)
{
    struct sk_buf b;
    sk_buf_init(&b, ANSWER_HEAD_MAX);
    int rc = answer_begin(&b, 101, CACHE_NEVER);
    if (rc == 0)
        rc = sk_buf_addf(&b,
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                         accept, e->subprotocol);
    if (rc == 0)
        rc = conn_write(c, b.data, b.len);
    sk_buf_fini(&b);
    return rc;
}

void socket_accept(struct conn *c, const struct edge_ws_endpoint *e,
                   const struct http1_request *req, size_t head_len)
{
    char accept[WS_ACCEPT_SIZE];
    struct problem p;
    struct edge_request row;
    memset(&row, 0, sizeof(row));
    const char *why = handshake_check(req, e, accept, &p);
    if (why == NULL && exchange_row_fill(&row, c, req) != 0) {
        p = (struct problem){431, "too-large", 0, NULL};
        why = "field-long";
    }
    if (why == NULL)
        why = signature_check(&row, &p);
    if (why == NULL)
        why = principal_check(req, e, &row.principal, &p);
    if (why == NULL && account_add(tally_name(&row.principal)) != 0) {
        p = problem_of(-SK_ELIMIT);
        why = "ws-account-limit";
    }
    if (why != NULL) {
        int is_nobody = row.principal.kind == PRINCIPAL_NOBODY;
        sk_wipe(&row, sizeof(row));
        c->keep_alive = 0;
        if (!is_nobody || conn_rate_check(c, COST_CALL) == 0)
            answer_refusal(c, p, why);
        return;
    }
    abuse_good(c->source, row.principal.account);
    struct edge_ws *ws = socket_new(c, e, &row.principal);
    if (ws == NULL || handshake_answer(c, e, accept) != 0) {
        account_remove(tally_name(&row.principal));
        if (ws != NULL)
            wslay_event_context_free(ws->reader);
        free(ws);
        if (!c->is_dead) /* conn_write has aborted it already */
            net_stream_abort(c->stream, -SK_ENOMEM);
    } else {
        socket_begin(ws, c, head_len);
    }
    sk_wipe(&row, sizeof(row));
}

/* ---- news: sessions end, rights change, the box stops ---------------------------------------- */

struct notice {
    struct edge_loop *home;
    char session[SESSION_ID_SIZE]; /* "" = all of the account whose rights changed */
    char account[ACCOUNT_ID_MAX + 1];
};

static void notice_apply(struct edge_ws *ws, const struct notice *n)
{
    const struct object_ref box = {"box", NULL};
    int is_account = n->account[0] != '\0' && strcmp(ws->principal.account, n->account) == 0;
    int is_session = n->session[0] != '\0' && strcmp(ws->principal.session, n->session) == 0;
    int rc = is_account ? may(&ws->principal, ws->endpoint->permission, box) : 0;
    if (is_session || rc == -SK_EAUTH) /* also of an account that may no longer enter */
        edge_ws_close(ws, CODE_SESSION_ENDED, "session ended");
    else if (rc != 0)
        edge_ws_close(ws, CODE_DENIED, "not allowed");
}

static void notice_cb(void *arg)
{
    struct notice *n = arg;
    struct edge_ws *ws = n->home->sockets;
    while (ws != NULL) {
        struct edge_ws *next = ws->next;
        notice_apply(ws, n);
        ws = next;
    }
    free(n);
}

static void event_cb(void *ctx, const struct event *ev)
{
    struct edge *e = edge_get();
    const char *session = ev->kind == EVENT_SESSION_ENDED ? ev->session : NULL;
    const char *account = ev->kind == EVENT_GRANT_CHANGED ? ev->account : NULL;
    (void)ctx;
    for (unsigned i = 0; i < e->loop_count && (session != NULL || account != NULL); i++) {
        struct notice *n = sk_alloc(sizeof(*n));
        n->home = &e->loops[i];
        if (sk_copy(n->session, sizeof(n->session), session != NULL ? session : "") == 0 &&
            sk_copy(n->account, sizeof(n->account), account != NULL ? account : "") == 0)
            net_loop_post(n->home->loop, notice_cb, n);
        else
            free(n);
    }
}

void socket_subscribe(void)
{
    event_subscribe(EVENT_SESSION_ENDED, event_cb, NULL);
    event_subscribe(EVENT_GRANT_CHANGED, event_cb, NULL);
}

void socket_loop_close(struct edge_loop *home, uint16_t code)
{
    struct edge_ws *ws = home->sockets;
    while (ws != NULL) {
        struct edge_ws *next = ws->next;
        edge_ws_close(ws, code, "shutdown");
        ws = next;
    }
}

void socket_loop_abort(struct edge_loop *home)
{
    while (home->sockets != NULL)
        net_stream_abort(home->sockets->stream, 0);
}
