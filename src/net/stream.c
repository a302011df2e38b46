/* The life of a stream: how it begins, its deadlines, its end. Handshake: stream_shake.c; bytes:
 * stream_io.c. */
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/internal.h"

enum {
    QUEUE_CAP_DEFAULT = 256 * 1024,
    SNDBUF_BYTES = 128 * 1024, /* the kernel doubles it; a slow viewer is noticed soon */
    LINGER_MS = 2000,
    FLUSH_DEFAULT_MS = 5000
};

void socket_tune(int fd)
{
    const int on = 1, sndbuf = SNDBUF_BYTES, idle_s = 60, interval_s = 15, count = 4;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf);
}

/* --- callbacks ---------------------------------------------------------------------------- */

void stream_call_enter(struct net_stream *s)
{
    s->depth++;
}

int stream_call_leave(struct net_stream *s)
{
    if (--s->depth > 0 || !s->is_doomed)
        return 0;
    stream_end(s, s->end_reason);
    return 1;
}

/* --- polling ------------------------------------------------------------------------------ */

static void poll_freed(uv_handle_t *h)
{
    free(h);
}

void stream_poll_close(struct net_stream *s)
{
    if (s->poll) {
        s->poll->data = NULL;
        uv_close((uv_handle_t *)s->poll, poll_freed);
        s->poll = NULL;
    }
    if (s->fd >= 0) {
        (void)close(s->fd);
        s->fd = -1;
    }
    s->mask = 0;
}

int stream_poll_open(struct net_stream *s, int fd)
{
    uv_poll_t *poll = sk_alloc(sizeof *poll);
    s->fd = fd;
    if (uv_poll_init(&s->loop->uv, poll, fd) != 0) {
        free(poll);
        return -SK_EIO;
    }
    poll->data = s;
    s->poll = poll;
    return 0;
}

static int mask_wanted(const struct net_stream *s)
{
    switch ((enum stream_state)s->state) {
    case STREAM_CONNECTING:
        return UV_WRITABLE;
    case STREAM_SNIFFING:
    case STREAM_LINGERING:
        return UV_READABLE;
    case STREAM_SHAKING:
        if (s->is_away)
            return 0;
        return tls_session_wants(s->tls) == TLS_WANT_WRITE ? UV_WRITABLE : UV_READABLE;
    case STREAM_OPEN:
        return (s->is_paused || s->has_ended ? 0 : UV_READABLE) |
               (s->is_blocked || s->read_wants_write ? UV_WRITABLE : 0);
    case STREAM_FLUSHING:
        return s->is_blocked ? UV_WRITABLE : 0;
    case STREAM_RESOLVING:
    case STREAM_WAITING:
    case STREAM_ENDED:
        break;
    }
    return 0;
}

/* Discard what the peer still sends, so that closing does not turn into a reset that eats our last
 * bytes on their way. */
static void linger_read(struct net_stream *s)
{
    ssize_t n;
    int turns = 8;
    while ((n = recv(s->fd, s->loop->scratch, SCRATCH_BYTES, 0)) > 0 && --turns > 0)
        ;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        stream_end(s, 0);
}

static void poll_cb(uv_poll_t *poll, int status, int events)
{
    struct net_stream *s = poll->data;
    if (!s)
        return;
    if (status < 0) {
        s->mask = 0; /* libuv has stopped the handle; reads and writes will tell what it is */
        events = UV_READABLE | UV_WRITABLE;
    }
    switch ((enum stream_state)s->state) {
    case STREAM_CONNECTING:
        connect_ready(s);
        return;
    case STREAM_SNIFFING:
        stream_sniff(s);
        break;
    case STREAM_SHAKING:
        if (!s->is_away)
            stream_shake_step(s);
        return;
    case STREAM_LINGERING:
        linger_read(s);
        return;
    case STREAM_OPEN:
    case STREAM_FLUSHING:
        if (status < 0 && s->is_paused) { /* nobody reads: the error would come again and again */
            stream_end(s, -SK_ECLOSED);
            return;
        }
        if (events & UV_WRITABLE) {
            s->is_blocked = 0;
            if (stream_flush(s))
                return;
        }
        if (s->state == STREAM_OPEN && ((events & UV_READABLE) || s->read_wants_write))
            (void)stream_read_turn(s);
        return;
    case STREAM_RESOLVING:
    case STREAM_WAITING:
    case STREAM_ENDED:
        break;
    }
}

void stream_poll_update(struct net_stream *s)
{
    int mask = s->poll ? mask_wanted(s) : 0;
    if (mask == s->mask)
        return;
    s->mask = (uint8_t)mask;
    if (mask == 0)
        uv_poll_stop(s->poll);
    else
        uv_poll_start(s->poll, mask, poll_cb);
}

/* --- deadlines ---------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return b != 0 && (a == 0 || b < a) ? b : a;
}

static int64_t stall_at(const struct net_stream *s)
{
    return s->stall_ms != 0 && s->queued > 0 ? s->moved_ms + s->stall_ms : 0;
}

static int64_t next_deadline(const struct net_stream *s)
{
    int64_t at = s->phase_ms;
    if (s->state == STREAM_OPEN)
        at = earlier(at, s->read_ms);
    return earlier(at, stall_at(s));
}

/* Only ever set earlier: a deadline that moved on is found when the timer fires too soon. */
void stream_timer_update(struct net_stream *s)
{
    int64_t at = next_deadline(s);
    if (at != 0 && (!net_timer_is_set(&s->timer) || at < s->timer.at_ms))
        net_timer_set(&s->timer, at);
}

static void timer_cb(struct net_timer *t, void *arg)
{
    struct net_stream *s = arg;
    int64_t at = next_deadline(s);
    (void)t;
    if (at == 0)
        return;
    if (at > net_loop_now_ms(s->loop))
        net_timer_set(&s->timer, at);
    else if (s->state == STREAM_LINGERING)
        stream_end(s, 0);
    else if (s->state == STREAM_CONNECTING)
        connect_next(s, -SK_ETIMEOUT);
    else
        stream_end(s, -SK_ETIMEOUT);
}

void stream_phase_set(struct net_stream *s, enum stream_state state, int64_t in_ms)
{
    s->state = (uint8_t)state;
    s->phase_ms = in_ms > 0 ? net_loop_now_ms(s->loop) + in_ms : 0;
    stream_timer_update(s);
    stream_poll_update(s);
}

/* --- beginning ---------------------------------------------------------------------------- */

static void item_close(struct loop_item *item)
{
    /* `item` is the first member. */
    stream_end((struct net_stream *)item, -SK_ECLOSED);
}

struct net_stream *stream_new(struct net_loop *loop, int is_server)
{
    struct net_stream *s = sk_alloc(sizeof *s);
    s->loop = loop;
    s->is_server = is_server != 0;
    s->fd = -1;
    s->queue_cap = QUEUE_CAP_DEFAULT;
    s->record_max = TLS_RECORD_MAX;
    net_timer_init(&s->timer, loop, timer_cb, s);
    return s;
}

void stream_begin(void *stream)
{
    struct net_stream *s = stream;
    int fd = s->fd;
    loop_item_add(s->loop, &s->item, item_close);
    if (stream_poll_open(s, fd) != 0) {
        stream_end(s, -SK_EIO);
        return;
    }
    if (s->cfg)
        stream_phase_set(s, STREAM_SNIFFING, s->phase_ms /* given as a span */);
    else
        stream_open(s);
}

void stream_open(struct net_stream *s)
{
    struct tls_peer peer;
    s->state = STREAM_OPEN;
    s->phase_ms = 0;
    if (s->plan)
        connect_plan_free(s);
    if (s->tls) {
        tls_session_trim(s->tls);
        tls_session_peer(s->tls, &peer);
    }
    if (s->ops->on_open && STREAM_CALL(s, s->ops->on_open(s, s->tls ? &peer : NULL)))
        return;
    /* What came with the last flight of the handshake is perhaps already inside. */
    if (s->state == STREAM_OPEN)
        (void)stream_read_turn(s);
}

/* --- end ---------------------------------------------------------------------------------- */

static void stream_free(struct net_stream *s)
{
    tls_session_free(s->tls);
    tls_config_drop(s->cfg);
    stream_poll_close(s);
    free(s);
}

void stream_end(struct net_stream *s, int reason)
{
    int is_held;
    if (s->state == STREAM_ENDED)
        return;
    if (s->depth > 0) {
        s->is_doomed = 1;
        s->end_reason = reason;
        return;
    }
    if (s->tls && s->state == STREAM_SHAKING && s->pool)
        handshakes_count(s->pool, reason, 0);
    else if (s->tls && reason == 0 && s->state == STREAM_OPEN)
        (void)tls_session_shut(s->tls);
    is_held = s->is_away || s->state == STREAM_RESOLVING;
    s->state = STREAM_ENDED;
    if (s->pool && handshakes_leave(s->pool, s)) {
        is_held = 1;
        s->is_away = 1; /* until the grant arrives */
        s->loop->away_count++;
    }
    stream_poll_update(s);
    net_timer_cancel(&s->timer);
    stream_lists_leave(s);
    stream_queue_drop(s);
    loop_item_remove(s->loop, &s->item);
    if (s->ops->on_close)
        s->ops->on_close(s, reason);
    if (s->listener) {
        listener_stream_gone(s->listener, &s->source);
        s->listener = NULL;
    }
    if (!is_held) {
        connect_plan_free(s);
        stream_free(s);
    }
}

void stream_came_back(struct net_stream *s)
{
    if (s->is_away) {
        s->is_away = 0;
        s->loop->away_count--;
    }
    connect_plan_free(s);
    stream_free(s);
}

void net_stream_close(struct net_stream *s, int64_t flush_ms)
{
    if (s->state == STREAM_ENDED || s->state == STREAM_FLUSHING || s->state == STREAM_LINGERING)
        return;
    if (s->state != STREAM_OPEN) {
        net_stream_abort(s, 0);
        return;
    }
    stream_phase_set(s, STREAM_FLUSHING, flush_ms > 0 ? flush_ms : FLUSH_DEFAULT_MS);
    stream_mark_dirty(s); /* also with an empty queue: the end of the turn closes */
}

void net_stream_abort(struct net_stream *s, int reason)
{
    stream_end(s, reason);
}

/* Everything is sent: say so, and wait a moment for the peer to agree. */
int stream_flushed(struct net_stream *s)
{
    if (s->tls)
        (void)tls_session_shut(s->tls);
    (void)shutdown(s->fd, SHUT_WR);
    if (s->has_ended) {
        stream_end(s, 0);
        return 1;
    }
    stream_phase_set(s, STREAM_LINGERING, LINGER_MS);
    return 0;
}

/* --- small things -------------------------------------------------------------------------- */

struct net_loop *net_stream_loop(const struct net_stream *s)
{
    return s->loop;
}

const struct net_addr *net_stream_source(const struct net_stream *s)
{
    return &s->source;
}

void net_stream_peer(const struct net_stream *s, struct tls_peer *out)
{
    SK_ASSERT(s->tls != NULL);
    tls_session_peer(s->tls, out);
}

int net_stream_is_tls(const struct net_stream *s)
{
    return s->tls != NULL;
}

void *net_stream_user(const struct net_stream *s)
{
    return s->user;
}

void net_stream_set_ops(struct net_stream *s, const struct net_stream_ops *ops, void *user)
{
    s->ops = ops;
    s->user = user;
}

void net_stream_set_read_deadline(struct net_stream *s, int64_t at_ms)
{
    s->read_ms = at_ms;
    stream_timer_update(s);
}

void net_stream_set_write_stall(struct net_stream *s, int64_t stall_ms)
{
    s->stall_ms = stall_ms;
    stream_timer_update(s);
}

uint64_t net_stream_bytes_in(const struct net_stream *s)
{
    return s->bytes_in;
}

uint64_t net_stream_bytes_out(const struct net_stream *s)
{
    return s->bytes_out;
}

int net_stream_ticket(struct sk_buf *out, const struct net_stream *s)
{
    return s->tls ? tls_session_save(out, s->tls) : -SK_EAGAIN;
}
