/* Bytes of a stream: reading in turns, the write queue, records. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/internal.h"

enum { SEGMENT_MIN = 480, IOV_MAX_USED = 32, GATHER_BELOW = 4096 };

/* --- the two work lists of the loop --------------------------------------------------------- */

void stream_mark_dirty(struct net_stream *s)
{
    struct stream_list *l = &s->loop->dirty;
    if (s->is_dirty)
        return;
    s->is_dirty = 1;
    s->dirty_next = NULL;
    s->dirty_prev = l->tail;
    if (l->tail)
        l->tail->dirty_next = s;
    else
        l->head = s;
    l->tail = s;
}

static void dirty_leave(struct net_stream *s)
{
    struct stream_list *l = &s->loop->dirty;
    if (!s->is_dirty)
        return;
    s->is_dirty = 0;
    if (s->dirty_prev)
        s->dirty_prev->dirty_next = s->dirty_next;
    else
        l->head = s->dirty_next;
    if (s->dirty_next)
        s->dirty_next->dirty_prev = s->dirty_prev;
    else
        l->tail = s->dirty_prev;
}

void stream_mark_again(struct net_stream *s)
{
    struct stream_list *l = &s->loop->again;
    if (s->is_again)
        return;
    s->is_again = 1;
    s->again_next = NULL;
    s->again_prev = l->tail;
    if (l->tail)
        l->tail->again_next = s;
    else
        l->head = s;
    l->tail = s;
    loop_spin(s->loop);
}

static void again_leave(struct net_stream *s)
{
    struct stream_list *l = &s->loop->again;
    if (!s->is_again)
        return;
    s->is_again = 0;
    if (s->again_prev)
        s->again_prev->again_next = s->again_next;
    else
        l->head = s->again_next;
    if (s->again_next)
        s->again_next->again_prev = s->again_prev;
    else
        l->tail = s->again_prev;
}

void stream_lists_leave(struct net_stream *s)
{
    dirty_leave(s);
    again_leave(s);
}

void stream_flush_dirty(struct net_loop *loop)
{
    /* on_drain may write again: as long as the kernel takes it, this ends when all is sent. Those
     * that come behind the last one present now wait for the next turn. */
    struct net_stream *last = loop->dirty.tail;
    while (loop->dirty.head) {
        struct net_stream *s = loop->dirty.head;
        int was_last = s == last;
        dirty_leave(s);
        (void)stream_flush(s);
        if (was_last)
            break;
    }
    if (loop->dirty.head)
        loop_spin(loop);
}

void stream_read_again(struct net_loop *loop)
{
    struct net_stream *last = loop->again.tail;
    while (loop->again.head) {
        struct net_stream *s = loop->again.head;
        int was_last = s == last;
        again_leave(s);
        if (s->state == STREAM_OPEN && !s->is_paused)
            (void)stream_read_turn(s);
        if (was_last)
            break;
    }
    if (loop->again.head)
        loop_spin(loop);
}

/* --- reading --------------------------------------------------------------------------------- */

static ssize_t read_some(struct net_stream *s)
{
    if (s->tls) {
        ssize_t n = tls_session_read(s->tls, s->loop->scratch, SCRATCH_BYTES);
        s->read_wants_write = n == -SK_EAGAIN && tls_session_wants(s->tls) == TLS_WANT_WRITE;
        return n;
    }
    ssize_t n = recv(s->fd, s->loop->scratch, SCRATCH_BYTES, 0);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EINTR)
        return -SK_EAGAIN;
    return errno == ECONNRESET ? -SK_ECLOSED : -SK_EIO;
}

/* The peer has ended its sending. 1 = gone. */
static int peer_ended(struct net_stream *s)
{
    s->has_ended = 1;
    if (s->ops->on_end) {
        if (STREAM_CALL(s, s->ops->on_end(s)))
            return 1;
    } else {
        net_stream_close(s, 0);
    }
    stream_poll_update(s);
    return 0;
}

int stream_read_turn(struct net_stream *s)
{
    size_t taken = 0;
    while (s->state == STREAM_OPEN && !s->is_paused && !s->has_ended) {
        if (taken >= READ_TURN_BYTES) {
            stream_mark_again(s);
            break;
        }
        ssize_t n = read_some(s);
        if (n == -SK_EAGAIN)
            break;
        if (n == 0)
            return peer_ended(s);
        if (n < 0) {
            stream_end(s, (int)n);
            return 1;
        }
        taken += (size_t)n;
        s->bytes_in += (uint64_t)n;
        if (s->ops->on_data && STREAM_CALL(s, s->ops->on_data(s, s->loop->scratch, (size_t)n)))
            return 1;
    }
    stream_poll_update(s);
    return 0;
}

void net_stream_pause(struct net_stream *s)
{
    s->is_paused = 1;
    if (s->depth == 0 && s->state == STREAM_OPEN)
        stream_poll_update(s);
}

void net_stream_resume(struct net_stream *s)
{
    if (!s->is_paused)
        return;
    s->is_paused = 0;
    if (s->state == STREAM_OPEN)
        stream_mark_again(s); /* bytes inside TLS are nothing that a poll would report */
}

/* --- the write queue -------------------------------------------------------------------------- */

static void segment_free(struct segment *g)
{
    net_packet_drop(g->packet);
    free(g);
}

void stream_queue_drop(struct net_stream *s)
{
    while (s->head) {
        struct segment *g = s->head;
        s->head = g->next;
        segment_free(g);
    }
    s->tail = NULL;
    s->queued = s->pinned = 0;
}

static void queue_put(struct net_stream *s, struct segment *g)
{
    g->next = NULL;
    if (s->tail)
        s->tail->next = g;
    else
        s->head = g;
    s->tail = g;
}

static struct segment *segment_new(size_t cap)
{
    struct segment *g = malloc(sizeof *g + cap);
    if (!g)
        return NULL;
    *g = (struct segment){.data = g->own, .cap = cap};
    return g;
}

/* Room for `len` own bytes at the end of the queue, or NULL. */
static uint8_t *queue_room(struct net_stream *s, size_t len)
{
    struct segment *g = s->tail;
    if (!g || g->packet || g->cap - g->end < len) {
        g = segment_new(len > SEGMENT_MIN ? len : SEGMENT_MIN);
        if (!g)
            return NULL;
        queue_put(s, g);
    }
    uint8_t *at = g->own + g->end;
    g->end += len;
    return at;
}

static int queue_check(const struct net_stream *s, size_t len)
{
    if (s->state != STREAM_OPEN || s->is_doomed)
        return -SK_ECLOSED;
    return len > s->queue_cap || s->queued > s->queue_cap - len ? -SK_ELIMIT : 0;
}

static void queue_grew(struct net_stream *s, size_t len)
{
    if (s->queued == 0) {
        s->moved_ms = net_loop_now_ms(s->loop);
        s->is_drain_due = 1;
    }
    s->queued += len;
    if (s->stall_ms != 0)
        stream_timer_update(s);
    if (!s->is_blocked)
        stream_mark_dirty(s);
}

int net_stream_writev(struct net_stream *s, const struct iovec *iov, unsigned count)
{
    size_t len = 0;
    for (unsigned i = 0; i < count; i++) {
        if (iov[i].iov_len > s->queue_cap)
            return -SK_ELIMIT;
        len += iov[i].iov_len;
    }
    int err = queue_check(s, len);
    if (err != 0 || len == 0)
        return err;
    uint8_t *at = queue_room(s, len);
    if (!at)
        return -SK_ENOMEM;
    for (unsigned i = 0; i < count; i++) {
        if (iov[i].iov_len)
            memcpy(at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    queue_grew(s, len);
    return 0;
}

int net_stream_write(struct net_stream *s, const void *data, size_t len)
{
    struct iovec iov = {(void *)(uintptr_t)data, len};
    return net_stream_writev(s, &iov, 1);
}

int net_stream_write_ref(struct net_stream *s, const void *head, size_t head_len,
                         struct net_packet *packet, size_t offset, size_t len)
{
    if (offset > packet->len || len > packet->len - offset || head_len > s->queue_cap)
        return -SK_EINVAL;
    if (len > s->queue_cap)
        return -SK_ELIMIT;
    int err = queue_check(s, head_len + len);
    if (err != 0 || head_len + len == 0)
        return err;
    struct segment *g = NULL;
    if (len > 0 && !(g = segment_new(0)))
        return -SK_ENOMEM;
    if (head_len > 0) {
        uint8_t *at = queue_room(s, head_len);
        if (!at) {
            free(g);
            return -SK_ENOMEM;
        }
        memcpy(at, head, head_len);
    }
    if (g) {
        g->packet = net_packet_ref(packet);
        g->data = packet->data;
        g->pos = offset;
        g->end = offset + len;
        queue_put(s, g);
    }
    queue_grew(s, head_len + len);
    return 0;
}

size_t net_stream_queued(const struct net_stream *s)
{
    return s->queued;
}

void net_stream_set_queue_cap(struct net_stream *s, size_t bytes)
{
    s->queue_cap = bytes;
}

void net_stream_set_record_max(struct net_stream *s, size_t bytes)
{
    s->record_max = bytes < 512 ? 512 : bytes > TLS_RECORD_MAX ? TLS_RECORD_MAX : bytes;
}

/* --- sending -----------------------------------------------------------------------------------
 */

/* `n` bytes of the queue's head are on their way. */
static void queue_advance(struct net_stream *s, size_t n)
{
    while (n > 0) {
        struct segment *g = s->head;
        size_t part = g->end - g->pos < n ? g->end - g->pos : n;
        g->pos += part;
        n -= part;
        if (g->pos < g->end)
            return;
        s->head = g->next;
        if (!s->head)
            s->tail = NULL;
        segment_free(g);
    }
}

static void queue_sent(struct net_stream *s, size_t n)
{
    queue_advance(s, n);
    s->queued -= n;
    s->bytes_out += n;
    s->moved_ms = net_loop_now_ms(s->loop);
}

/* The next record's plaintext: a part of the head, or several small pieces laid together. */
static const uint8_t *record_take(struct net_stream *s, size_t *len)
{
    const struct segment *g = s->head;
    size_t there = g->end - g->pos, n = 0;
    if (s->pinned) {
        *len = s->pinned;
        return g->data + g->pos;
    }
    if (there >= s->record_max || !g->next || there >= GATHER_BELOW) {
        *len = there < s->record_max ? there : s->record_max;
        return g->data + g->pos;
    }
    for (; g && n < s->record_max; g = g->next) {
        size_t part = g->end - g->pos;
        if (part > s->record_max - n)
            part = s->record_max - n;
        memcpy(s->loop->gather + n, g->data + g->pos, part);
        n += part;
    }
    *len = n;
    return s->loop->gather;
}

/* TLS has begun to send these bytes and must be given the same again: keep them in one piece. */
static int record_pin(struct net_stream *s, const uint8_t *data, size_t len)
{
    if (data == s->loop->gather) {
        struct segment *g = segment_new(len);
        if (!g)
            return -SK_ENOMEM;
        memcpy(g->own, data, len);
        g->end = len;
        queue_advance(s, len);
        g->next = s->head;
        s->head = g;
        if (!s->tail)
            s->tail = g;
    }
    s->pinned = len;
    return 0;
}

static ssize_t send_tls(struct net_stream *s)
{
    size_t len;
    const uint8_t *data = record_take(s, &len);
    ssize_t n = tls_session_write(s->tls, data, len);
    if (n > 0) {
        s->pinned = 0;
    } else if (n == -SK_EAGAIN && s->pinned == 0) {
        int err = record_pin(s, data, len);
        if (err != 0)
            return err;
    }
    return n;
}

static ssize_t send_plain(struct net_stream *s)
{
    struct iovec iov[IOV_MAX_USED];
    struct msghdr msg = {.msg_iov = iov};
    for (struct segment *g = s->head; g && msg.msg_iovlen < IOV_MAX_USED; g = g->next)
        iov[msg.msg_iovlen++] =
            (struct iovec){(void *)(uintptr_t)(g->data + g->pos), g->end - g->pos};
    ssize_t n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EINTR)
        return -SK_EAGAIN;
    return errno == EPIPE || errno == ECONNRESET ? -SK_ECLOSED : -SK_EIO;
}

int stream_flush(struct net_stream *s)
{
    if (s->state != STREAM_OPEN && s->state != STREAM_FLUSHING)
        return 0;
    while (s->head && !s->is_blocked) {
        ssize_t n = s->tls ? send_tls(s) : send_plain(s);
        if (n == -SK_EAGAIN) {
            s->is_blocked = 1;
        } else if (n < 0) {
            stream_end(s, (int)n);
            return 1;
        } else {
            queue_sent(s, (size_t)n);
        }
    }
    stream_poll_update(s);
    if (s->head)
        return 0;
    if (s->is_drain_due) {
        s->is_drain_due = 0;
        if (s->ops->on_drain && STREAM_CALL(s, s->ops->on_drain(s)))
            return 1;
    }
    return s->state == STREAM_FLUSHING && !s->head ? stream_flushed(s) : 0;
}
