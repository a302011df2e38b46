/* From the first byte of a connection to an open stream: is it TLS, a place in the handshake pool,
 * the steps of the handshake. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/internal.h"

enum { WAITING_LIMIT_MS = 30000, SHAKING_LIMIT_MS = 10000, SNIFFS_MAX = 8 };

/* --- transport of the TLS session: also called on the pool's threads ----------------------- */

static ssize_t fd_result(ssize_t n)
{
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return -SK_EAGAIN;
    return errno == ECONNRESET || errno == EPIPE ? -SK_ECLOSED : -SK_EIO;
}

static ssize_t fd_recv(void *arg, void *buf, size_t cap)
{
    const struct net_stream *s = arg;
    return fd_result(recv(s->fd, buf, cap, 0));
}

static ssize_t fd_send(void *arg, const void *buf, size_t len)
{
    const struct net_stream *s = arg;
    return fd_result(send(s->fd, buf, len, MSG_NOSIGNAL));
}

static void plain_begin(struct net_stream *s)
{
    if (!s->ops->on_plain) {
        stream_end(s, -SK_ECRYPTO);
        return;
    }
    tls_config_drop(s->cfg);
    s->cfg = NULL;
    s->pool = NULL;
    s->state = STREAM_OPEN;
    s->phase_ms = 0;
    if (!STREAM_CALL(s, s->ops->on_plain(s)))
        (void)stream_read_turn(s);
}

/* Look at the first record without taking it. A handshake begins only when the whole ClientHello
 * is there, so that a client that sends half of one holds no place in the pool. */
void stream_sniff(struct net_stream *s)
{
    uint8_t head[5];
    int there = 0, want = sizeof head;
    ssize_t n = recv(s->fd, head, sizeof head, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        stream_end(s, n == 0 ? 0 : -SK_ECLOSED);
        return;
    }
    if (head[0] != 0x16) { /* TLS record of type handshake (RFC 8446 5.1) */
        plain_begin(s);
        return;
    }
    if (n == sizeof head)
        want += sk_get_u16(head + 3) < TLS_RECORD_MAX ? sk_get_u16(head + 3) : TLS_RECORD_MAX;
    if (ioctl(s->fd, FIONREAD, &there) == 0 && there < want) {
        /* Wait for that many. If we are woken without them, the peer has ended or plays tricks. */
        if (s->sniff_count++ == SNIFFS_MAX)
            stream_end(s, -SK_ECLOSED);
        else
            (void)setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof want);
        return;
    }
    want = 1;
    (void)setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof want);
    stream_tls_begin(s);
}

/* A place in the pool is ours, or there is no pool. */
static void shake_begin(struct net_stream *s)
{
    const struct tls_io io = {fd_recv, fd_send, s};
    const char *name = s->plan ? s->plan->server_name : NULL;
    int64_t limit_ms = s->pool ? handshakes_deadline_ms(s->pool) : SHAKING_LIMIT_MS;
    int err = tls_session_new(&s->tls, s->cfg, &io, name);
    if (err != 0) {
        stream_end(s, err);
        return;
    }
    if (s->plan && s->plan->ticket)
        tls_session_offer(s->tls, s->plan->ticket, s->plan->ticket_len);
    tls_config_drop(s->cfg); /* the session has its own reference */
    s->cfg = NULL;
    s->state = STREAM_SHAKING;
    if (s->is_server) /* a client's limit covers the whole way */
        s->phase_ms = net_loop_now_ms(s->loop) + limit_ms;
    stream_timer_update(s);
    stream_shake_step(s);
}

void stream_tls_begin(struct net_stream *s)
{
    int got = s->pool ? handshakes_enter(s->pool, s) : 1;
    if (got < 0) {
        stream_end(s, got);
    } else if (got == 1) {
        shake_begin(s);
    } else if (s->is_server) {
        stream_phase_set(s, STREAM_WAITING, WAITING_LIMIT_MS);
    } else {
        s->state = STREAM_WAITING;
        stream_poll_update(s);
    }
}

void stream_shake_granted(void *stream)
{
    struct net_stream *s = stream;
    if (s->state == STREAM_ENDED) {
        stream_came_back(s);
        return;
    }
    s->shake_state = SHAKE_OPEN; /* nobody else looks at a granted place any more */
    shake_begin(s);
}

static void shake_done(struct net_stream *s, int result)
{
    struct tls_peer peer = {0};
    if (result == -SK_EAGAIN) {
        stream_poll_update(s);
        return;
    }
    if (result == 0)
        tls_session_peer(s->tls, &peer);
    if (s->pool) {
        handshakes_count(s->pool, result, peer.resumed);
        (void)handshakes_leave(s->pool, s);
        s->pool = NULL;
    }
    if (result == 0)
        stream_open(s);
    else
        stream_end(s, result);
}

void stream_shake_step(struct net_stream *s)
{
    if (!s->pool) {
        shake_done(s, tls_session_handshake(s->tls));
        return;
    }
    s->is_away = 1;
    s->loop->away_count++;
    stream_poll_update(s);
    handshakes_step(s->pool, s);
}

void stream_shake_stepped(void *stream)
{
    struct net_stream *s = stream;
    s->is_away = 0;
    s->loop->away_count--;
    if (s->state == STREAM_ENDED)
        stream_came_back(s);
    else
        shake_done(s, s->shake_result);
}
