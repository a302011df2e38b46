/* Blind signaling: envelopes between a viewer's socket and a camera's link (wire.md 2 and 3). A
 * session is opened with a business authorization code and belongs to one socket and one camera.
 * Bodies pass untouched and are kept nowhere. A dropped envelope ends its session, since the
 * sealed channel inside counts exactly. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "device/internal.h"
#include "edge/edge.h"
#include "net/loop.h"
#include "wire/codes.h"
#include "wire/envelope.h"

enum {
    SESSIONS_PER_SOCKET = 32,
    SESSIONS_PER_CAMERA = 256,
    RATE_BURST = 64,
    RATE_PER_S = 32,
    SESSION_BYTES = 16,
    TEXT_MAX = 1024,
    SOCKET_QUEUE_MAX = 1 << 20
};

struct socket {
    _Atomic unsigned refs;
    struct net_loop *loop;
    struct edge_ws *ws; /* NULL once closed; on the loop's thread only */
    _Atomic unsigned sessions;
};

struct direction {
    uint32_t next_seq;
    uint32_t bucket;
    int64_t bucket_ms;
};

struct session {
    uint8_t id[SESSION_BYTES], device_raw[16];
    char device[DEVICE_ID_SIZE];
    char code[DEVICE_CODE_SIZE];
    char account[ACCOUNT_ID_MAX + 1];
    char login[SESSION_ID_SIZE], source[SOURCE_SIZE]; /* for the audit log */
    int is_app;                                       /* `login` is an AppKey id */
    int64_t opened_ms;
    struct socket *socket;
    struct direction up, down; /* towards the camera, towards the viewer */
};

/* Sessions by id, and how many each camera has. One lock, held for lookups and counts only. */
static struct {
    pthread_mutex_t lock;
    struct sk_map *by_id;
    struct sk_map *per_device; /* device id -> count, as pointer value */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- sockets --------------------------------------------------------------------------------- */

static void socket_drop(struct socket *socket)
{
    if (atomic_fetch_sub(&socket->refs, 1) == 1)
        free(socket);
}

struct delivery {
    struct socket *socket;
    int is_text;
    size_t len;
    uint8_t data[];
};

static void delivery_run(void *arg)
{
    struct delivery *d = arg;
    struct edge_ws *ws = d->socket->ws;

    if (ws) {
        int err = d->is_text ? edge_ws_send_text(ws, (const char *)d->data, d->len)
                             : edge_ws_send_binary(ws, d->data, d->len);
        if (err == -SK_ELIMIT) { /* a dropped envelope would break the session anyway */
            metric_refused("signal", "slow-viewer");
            edge_ws_close(ws, 4429, "too slow");
        }
    }
    socket_drop(d->socket);
    free(d);
}

/* Any thread: bring bytes to the viewer, in order for each sending thread. */
static void socket_send(struct socket *socket, int is_text, const void *data, size_t len)
{
    struct delivery *d = sk_alloc(sizeof(*d) + len);

    atomic_fetch_add(&socket->refs, 1);
    d->socket = socket;
    d->is_text = is_text;
    d->len = len;
    memcpy(d->data, data, len);
    net_loop_post(socket->loop, delivery_run, d);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static size_t device_sessions_locked(const char *device, int change)
{
    size_t n = (size_t)(uintptr_t)sk_map_find(table.per_device, device, DEVICE_ID_SIZE - 1);

    n += (size_t)change;
    if (change && n)
        sk_map_put(table.per_device, device, DEVICE_ID_SIZE - 1, (void *)(uintptr_t)n);
    else if (change)
        sk_map_remove(table.per_device, device, DEVICE_ID_SIZE - 1);
    return n;
}

static void session_end_note(const struct session *s)
{
    char detail[48];

    snprintf(detail, sizeof(detail), "{\"ms\":%lld}",
             (long long)(sk_clock_mono_ms() - s->opened_ms));
    audit_note(AUDIT(.at_ms = sk_clock_wall_ms(), .actor_kind = s->is_app ? "app" : "account",
                     .actor = s->is_app ? s->login : s->account,
                     .session = s->is_app ? "" : s->login, .action = "view.ended",
                     .object_kind = "device", .object = s->device, .source = s->source,
                     .detail = detail));
}

static void session_free(struct session *s)
{
    session_end_note(s);
    atomic_fetch_sub(&s->socket->sessions, 1);
    socket_drop(s->socket);
    sk_wipe(s, sizeof(*s));
    free(s);
}

static struct session *session_take_locked(const uint8_t *id)
{
    struct session *s = sk_map_remove(table.by_id, id, SESSION_BYTES);

    if (s)
        device_sessions_locked(s->device, -1);
    return s;
}

static void end_encode(uint8_t out[64], size_t *len, const struct session *s, uint8_t type,
                       uint8_t reason, uint32_t seq)
{
    struct wire_envelope e = {.type = type, .reason = reason, .ttl = 10, .seq = seq};

    memcpy(e.session, s->id, SESSION_BYTES);
    memcpy(e.device, s->device_raw, sizeof(e.device));
    int err = wire_envelope_encode(out, 64, len, &e);
    SK_ASSERT(!err);
}

/* Tell both sides that the session is over, and forget it. Takes `s` over. */
static void session_end(struct session *s, uint8_t reason)
{
    uint8_t raw[64];
    size_t len;
    struct link *link = registry_link(s->device);

    end_encode(raw, &len, s, WIRE_ENVELOPE_UNDELIVERABLE, reason, s->down.next_seq);
    socket_send(s->socket, 0, raw, len);
    if (link) {
        end_encode(raw, &len, s, WIRE_ENVELOPE_END, reason, s->up.next_seq);
        link_send(link, WIRE_SIGNAL, raw, len);
        link_drop(link);
    }
    metric_refused("signal", wire_end_text(reason));
    session_free(s);
}

static int rate_allows(struct direction *d, int64_t now_ms)
{
    int64_t earned = (now_ms - d->bucket_ms) * RATE_PER_S / 1000;

    if (earned > 0) {
        uint64_t level = (uint64_t)d->bucket + (uint64_t)earned;
        d->bucket = level > RATE_BURST ? RATE_BURST : (uint32_t)level;
        d->bucket_ms = now_ms;
    }
    if (d->bucket == 0)
        return 0;
    d->bucket--;
    return 1;
}

/* The checks of one envelope, in constant work: 0 or the reason to end the session for. */
static uint8_t passage_check(const struct session *s, struct direction *d,
                             const struct wire_envelope *e, int64_t now_ms)
{
    if (memcmp(e->device, s->device_raw, sizeof(e->device)) != 0 || e->account_len != 0 ||
        e->type == WIRE_ENVELOPE_UNDELIVERABLE || e->seq != d->next_seq)
        return WIRE_END_PROTOCOL;
    if (!device_code_is_live(s->code))
        return WIRE_END_REVOKED;
    if (!rate_allows(d, now_ms))
        return WIRE_END_OVERLOAD;
    d->next_seq++;
    return 0;
}

/* ---- towards the camera ---------------------------------------------------------------------- */

/* Everything that forwarding needs, copied out under the lock. */
struct passage {
    char device[DEVICE_ID_SIZE];
    char account[ACCOUNT_ID_MAX + 1];
    struct socket *socket; /* a reference */
    struct session *ended; /* taken out of the table: the caller ends it */
    uint8_t reason;
};

static int passage_open(struct passage *p, const struct wire_envelope *e,
                        const struct socket *from_socket, const char *from_device, int64_t now_ms)
{
    *p = (struct passage){.reason = 0};
    pthread_mutex_lock(&table.lock);
    struct session *s = sk_map_find(table.by_id, e->session, SESSION_BYTES);
    if (!s || (from_socket && s->socket != from_socket) ||
        (from_device && strcmp(s->device, from_device) != 0)) {
        pthread_mutex_unlock(&table.lock);
        return -SK_ENOTFOUND;
    }
    p->reason = passage_check(s, from_socket ? &s->up : &s->down, e, now_ms);
    memcpy(p->device, s->device, sizeof(p->device));
    memcpy(p->account, s->account, sizeof(p->account));
    if (p->reason || e->type == WIRE_ENVELOPE_END)
        p->ended = session_take_locked(e->session);
    p->socket = s->socket;
    atomic_fetch_add(&p->socket->refs, 1);
    pthread_mutex_unlock(&table.lock);
    return 0;
}

static void envelope_forward_up(const struct passage *p, struct wire_envelope *e)
{
    uint8_t raw[WIRE_ENVELOPE_MAX];
    size_t len;
    struct link *link = registry_link(p->device);

    e->account = p->account;
    e->account_len = strlen(p->account);
    if (link && !wire_envelope_encode(raw, sizeof(raw), &len, e))
        link_send(link, WIRE_SIGNAL, raw, len);
    if (link)
        link_drop(link);
}

static void on_binary(void *self, const uint8_t *data, size_t len)
{
    struct socket *socket = self;
    struct wire_envelope e;
    struct passage p;

    if (wire_envelope_decode(&e, data, len)) {
        metric_refused("signal", "malformed");
        edge_ws_close(socket->ws, 1002, "malformed envelope");
        return;
    }
    if (passage_open(&p, &e, socket, NULL, net_loop_now_ms(socket->loop))) {
        metric_refused("signal", "unknown-session"); /* it may have ended a moment ago */
        return;
    }
    if (p.reason) {
        session_end(p.ended, p.reason);
    } else {
        envelope_forward_up(&p, &e);
        if (p.ended)
            session_free(p.ended);
    }
    socket_drop(p.socket);
}

/* ---- towards the viewer ---------------------------------------------------------------------- */

int signal_from_device(const char *device, const uint8_t *envelope, size_t len)
{
    struct wire_envelope e;
    struct passage p;
    int err = wire_envelope_decode(&e, envelope, len);

    if (err)
        return err;
    if (passage_open(&p, &e, NULL, device, sk_clock_mono_ms())) {
        metric_refused("signal", "unknown-session");
        return 0;
    }
    if (p.reason) {
        session_end(p.ended, p.reason);
    } else {
        socket_send(p.socket, 0, envelope, len);
        if (p.ended)
            session_free(p.ended);
    }
    socket_drop(p.socket);
    return 0;
}

/* ---- ending many ----------------------------------------------------------------------------- */

static void sessions_end(int (*matches)(const struct session *s, const void *arg), const void *arg,
                         uint8_t reason)
{
    struct session **ended;
    size_t n = 0, pos = 0;
    struct session *s;

    pthread_mutex_lock(&table.lock);
    ended = sk_alloc((sk_map_count(table.by_id) + 1) * sizeof(struct session *));
    while ((s = sk_map_next(table.by_id, &pos)) != NULL)
        if (matches(s, arg))
            ended[n++] = session_take_locked(s->id);
    pthread_mutex_unlock(&table.lock);
    for (size_t i = 0; i < n; i++)
        session_end(ended[i], reason);
    free(ended);
}

static int is_of_device(const struct session *s, const void *arg)
{
    return strcmp(s->device, arg) == 0;
}

void signal_device_gone(const char *device)
{
    sessions_end(is_of_device, device, WIRE_END_OFFLINE);
}

static int is_without_code(const struct session *s, const void *arg)
{
    (void)arg;
    return !device_code_is_live(s->code);
}

void signal_recheck(void)
{
    sessions_end(is_without_code, NULL, WIRE_END_REVOKED);
}

static int is_of_socket(const struct session *s, const void *arg)
{
    return s->socket == arg;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void answer_send(struct socket *socket, const char *word, const char *session,
                        const char *reason)
{
    json_t *answer = json_object(), *inner = json_object();
    size_t len;

    sk_json_set_str(inner, "session", session);
    sk_json_set_str(inner, "reason", reason);
    json_object_set_new(answer, word, inner);
    char *text = sk_json_text(answer, &len);
    if (text)
        socket_send(socket, 1, text, len);
    free(text);
    json_decref(answer);
}

/* NULL when opened, else the reason of the refusal. */
static const char *session_open(struct socket *socket, const char *device, const char *code,
                                const uint8_t id[SESSION_BYTES])
{
    struct device_grant grant;
    const char *reason = NULL;
    int64_t now_ms = net_loop_now_ms(socket->loop);

    if (device_code_check(code, edge_ws_principal(socket->ws), sk_clock_mono_ms(), &grant) ||
        strcmp(grant.device, device) != 0 || memcmp(grant.sealed_session, id, SESSION_BYTES) != 0)
        return "code";
    if (!device_is_online(device, NULL))
        return "offline";
    if (atomic_load(&socket->sessions) >= SESSIONS_PER_SOCKET)
        return "limit";
    struct session *s = sk_alloc(sizeof(*s));
    memcpy(s->id, id, SESSION_BYTES);
    memcpy(s->device, grant.device, sizeof(s->device));
    memcpy(s->account, grant.account, sizeof(s->account));
    s->up = s->down = (struct direction){0, RATE_BURST, now_ms};
    s->socket = socket;
    s->opened_ms = now_ms;
    memcpy(s->login, grant.login_session, sizeof(s->login));
    s->is_app = grant.is_app;
    memcpy(s->source, edge_ws_principal(socket->ws)->source, sizeof(s->source));
    if (device_id_raw(s->device_raw, device) || sk_copy(s->code, sizeof(s->code), code)) {
        free(s);
        return "code";
    }
    pthread_mutex_lock(&table.lock);
    if (sk_map_find(table.by_id, id, SESSION_BYTES))
        reason = "code";
    else if (device_sessions_locked(device, 0) >= SESSIONS_PER_CAMERA)
        reason = "limit";
    if (!reason) {
        atomic_fetch_add(&socket->refs, 1);
        atomic_fetch_add(&socket->sessions, 1);
        device_sessions_locked(device, 1);
        sk_map_put(table.by_id, s->id, SESSION_BYTES, s);
    }
    pthread_mutex_unlock(&table.lock);
    if (reason)
        free(s);
    return reason;
}

static int open_handle(struct socket *socket, const json_t *open)
{
    static const char *const members[] = {"session", "device", "code", NULL};
    const char *device, *code, *session;
    uint8_t id[SESSION_BYTES];

    if (sk_json_only(open, members) || sk_json_bin(open, "session", id, sizeof(id)) ||
        sk_json_str(open, "session", 32, &session) ||
        sk_json_str(open, "device", DEVICE_ID_SIZE - 1, &device) ||
        sk_json_str(open, "code", DEVICE_CODE_SIZE - 1, &code))
        return -SK_EINVAL;
    const char *reason = session_open(socket, device, code, id);
    if (reason)
        metric_refused("signal", reason);
    answer_send(socket, reason ? "refused" : "opened", session, reason);
    return 0;
}

static void ping_answer(struct socket *socket, int64_t n)
{
    char text[96];
    json_t *pong = json_object();
    size_t len;

    sk_json_set_int(pong, "pong", n);
    sk_json_set_int(pong, "wall", sk_clock_wall_ms());
    char *body = sk_json_text(pong, &len);
    if (body && !sk_copy(text, sizeof(text), body) && edge_ws_send_text(socket->ws, text, len))
        metric_refused("signal", "slow-viewer");
    free(body);
    json_decref(pong);
}

static void on_text(void *self, const char *text, size_t len)
{
    static const char *const open_only[] = {"open", NULL}, *const ping_only[] = {"ping", NULL};
    struct socket *socket = self;
    json_t *body;
    int64_t n;
    int err = sk_json_parse(&body, text, len);

    if (!err && json_is_object(json_object_get(body, "open")) && !sk_json_only(body, open_only))
        err = open_handle(socket, json_object_get(body, "open"));
    else if (!err && !sk_json_only(body, ping_only) && !sk_json_int(body, "ping", 0, INT64_MAX, &n))
        ping_answer(socket, n);
    else if (!err)
        err = -SK_EINVAL;
    json_decref(body);
    if (err) {
        metric_refused("signal", "malformed");
        edge_ws_close(socket->ws, 1002, "malformed");
    }
}

static void *on_open(struct edge_ws *ws, const struct principal *p)
{
    struct socket *socket = sk_alloc(sizeof(*socket));

    (void)p;
    atomic_init(&socket->refs, 1);
    socket->loop = edge_ws_loop(ws);
    socket->ws = ws;
    return socket;
}

static void on_close(void *self)
{
    struct socket *socket = self;

    socket->ws = NULL;
    sessions_end(is_of_socket, socket, WIRE_END_CLOSED);
    socket_drop(socket);
}

/* ---- the room's part ------------------------------------------------------------------------- */

static int64_t gauge_sessions(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&table.lock);
    int64_t n = table.by_id ? (int64_t)sk_map_count(table.by_id) : 0;
    pthread_mutex_unlock(&table.lock);
    return n;
}

void signal_start(void)
{
    static const struct edge_ws_endpoint endpoint = {.path = "/ws/signal",
                                                     .subprotocol = "skep.signal.1",
                                                     .permission = "view.open",
                                                     .text_max_bytes = TEXT_MAX,
                                                     .binary_max_bytes = WIRE_ENVELOPE_MAX,
                                                     .queue_max_bytes = SOCKET_QUEUE_MAX,
                                                     .on_open = on_open,
                                                     .on_text = on_text,
                                                     .on_binary = on_binary,
                                                     .on_close = on_close};

    table.by_id = sk_map_new(SESSION_BYTES);
    table.per_device = sk_map_new(DEVICE_ID_SIZE - 1);
    metric_gauge("skep_signal_sessions", "Open signaling sessions", gauge_sessions, NULL);
    edge_ws_endpoint_add(&endpoint);
}

static int is_any(const struct session *s, const void *arg)
{
    (void)s;
    (void)arg;
    return 1;
}

void signal_stop(void)
{
    sessions_end(is_any, NULL, WIRE_END_CLOSED);
    pthread_mutex_lock(&table.lock);
    sk_map_free(table.by_id);
    sk_map_free(table.per_device);
    table.by_id = table.per_device = NULL;
    pthread_mutex_unlock(&table.lock);
}
