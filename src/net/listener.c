#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "net/internal.h"

enum {
    BACKLOG = 4096,
    ACCEPT_TURN = 64,
    REST_MS = 100, /* pause when there are no descriptors or places left */
    CONN_MAX_DEFAULT = 65536,
    FIRST_BYTE_DEFAULT_MS = 10000
};

struct net_listener {
    struct loop_item item;
    struct net_loop *loop;   /* the one that accepts */
    struct net_loops *loops; /* those that get the connections; NULL = only `loop` */
    unsigned next;
    int fd;
    uint16_t port;
    uv_poll_t *poll;
    struct net_timer rest;
    struct net_listener_options opt;

    pthread_mutex_t lock; /* of all below: streams end on their own loops */
    struct tls_config *tls;
    struct sk_map *sources; /* source key -> struct source */
    struct net_listener_stats stats;
    uint32_t refs; /* the owner, the accepting loop, each stream */
};

struct source {
    uint32_t count;
};

/* IPv4 whole, IPv6 by /64: one household is one source. */
static void source_key(uint8_t key[9], const struct net_addr *a)
{
    memset(key, 0, 9);
    key[0] = a->family;
    memcpy(key + 1, a->ip, a->family == 4 ? 4 : 8);
}

static void listener_drop_locked(struct net_listener *l)
{
    if (--l->refs > 0) {
        pthread_mutex_unlock(&l->lock);
        return;
    }
    pthread_mutex_unlock(&l->lock);
    pthread_mutex_destroy(&l->lock);
    tls_config_drop(l->tls);
    sk_map_free(l->sources);
    free(l);
}

void listener_stream_gone(struct net_listener *l, const struct net_addr *source)
{
    uint8_t key[9];
    source_key(key, source);
    pthread_mutex_lock(&l->lock);
    struct source *src = sk_map_find(l->sources, key, sizeof key);
    if (src && --src->count == 0) {
        (void)sk_map_remove(l->sources, key, sizeof key);
        free(src);
    }
    l->stats.open--;
    listener_drop_locked(l);
}

/* Count a new connection in, or refuse it; its config with a reference. 0, -SK_ELIMIT. */
static int count_in(struct net_listener *l, const struct net_addr *addr, struct tls_config **tls)
{
    uint8_t key[9];
    int err = 0;
    source_key(key, addr);
    pthread_mutex_lock(&l->lock);
    struct source *src = sk_map_find(l->sources, key, sizeof key);
    if (src && l->opt.per_source_max && src->count >= l->opt.per_source_max) {
        l->stats.refused_source++;
        err = -SK_ELIMIT;
    } else {
        if (!src) {
            src = sk_alloc(sizeof *src);
            (void)sk_map_put(l->sources, key, sizeof key, src);
        }
        src->count++;
        l->stats.accepted++;
        l->stats.open++;
        l->refs++;
        *tls = l->tls ? tls_config_ref(l->tls) : NULL;
    }
    pthread_mutex_unlock(&l->lock);
    return err;
}

static void accepted(struct net_listener *l, int fd, const struct sockaddr *sa)
{
    struct net_addr addr;
    struct tls_config *tls = NULL;
    net_addr_from_sockaddr(&addr, sa);
    if (l->opt.admit && l->opt.admit(l->opt.admit_arg, &addr) != 0) {
        pthread_mutex_lock(&l->lock);
        l->stats.refused_admit++;
        pthread_mutex_unlock(&l->lock);
        (void)close(fd);
        return;
    }
    if (count_in(l, &addr, &tls) != 0) {
        (void)close(fd);
        return;
    }
    struct net_loop *loop = l->loop;
    if (l->loops)
        loop = net_loops_at(l->loops, l->next++ % net_loops_count(l->loops));
    struct net_stream *s = stream_new(loop, 1);
    s->fd = fd;
    s->source = addr;
    s->cfg = tls;
    s->pool = tls ? l->opt.pool : NULL;
    s->listener = l;
    s->ops = l->opt.ops;
    s->user = l->opt.user;
    s->phase_ms = l->opt.first_byte_ms; /* becomes a moment in stream_begin */
    if (l->opt.queue_cap_bytes)
        s->queue_cap = l->opt.queue_cap_bytes;
    socket_tune(fd);
    if (loop == l->loop)
        stream_begin(s);
    else
        net_loop_post(loop, stream_begin, s);
}

static void accept_cb(uv_poll_t *poll, int status, int events);

/* No descriptors or no places: leave the others in the kernel's queue for a moment. */
static void rest_begin(struct net_listener *l)
{
    pthread_mutex_lock(&l->lock);
    l->stats.rested++;
    pthread_mutex_unlock(&l->lock);
    uv_poll_stop(l->poll);
    net_timer_set_in(&l->rest, REST_MS);
}

static void rest_over(struct net_timer *t, void *arg)
{
    struct net_listener *l = arg;
    (void)t;
    uv_poll_start(l->poll, UV_READABLE, accept_cb);
}

static int is_full(struct net_listener *l)
{
    pthread_mutex_lock(&l->lock);
    int full = l->stats.open >= l->opt.conn_max;
    pthread_mutex_unlock(&l->lock);
    return full;
}

static void accept_cb(uv_poll_t *poll, int status, int events)
{
    struct net_listener *l = poll->data;
    (void)events;
    if (!l || status < 0)
        return;
    for (int i = 0; i < ACCEPT_TURN; i++) {
        struct sockaddr_storage sa;
        socklen_t len = sizeof sa;
        if (is_full(l)) {
            rest_begin(l);
            return;
        }
        int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accepted(l, fd, (const struct sockaddr *)&sa);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_warn("net", "accept-rests", "errno=%d open=%u", errno, l->stats.open);
            rest_begin(l);
            return;
        } else if (errno == EAGAIN) {
            return;
        } /* else: that one connection is already gone */
    }
}

static void poll_freed(uv_handle_t *h)
{
    free(h);
}

/* On the accepting loop: the socket goes, and the loop's reference. */
static void accept_end(struct loop_item *item)
{
    struct net_listener *l = (struct net_listener *)item; /* first member */
    loop_item_remove(l->loop, &l->item);
    net_timer_cancel(&l->rest);
    l->poll->data = NULL;
    uv_close((uv_handle_t *)l->poll, poll_freed);
    (void)close(l->fd);
    l->poll = NULL;
    l->fd = -1;
    pthread_mutex_lock(&l->lock);
    listener_drop_locked(l);
}

static void accept_begin_fn(void *arg)
{
    struct net_listener *l = arg;
    loop_item_add(l->loop, &l->item, accept_end);
    net_timer_init(&l->rest, l->loop, rest_over, l);
    SK_ASSERT(uv_poll_init(&l->loop->uv, l->poll, l->fd) == 0);
    l->poll->data = l;
    uv_poll_start(l->poll, UV_READABLE, accept_cb);
}

/* The owner's reference goes; the socket too, unless the loop has closed it before. */
static void accept_end_fn(void *arg)
{
    struct net_listener *l = arg;
    if (l->poll)
        accept_end(&l->item);
    pthread_mutex_lock(&l->lock);
    listener_drop_locked(l);
}

static int bind_error(int errnum)
{
    switch (errnum) {
    case EADDRINUSE:
        return -SK_ECONFLICT;
    case EACCES:
        return -SK_EDENIED;
    case EADDRNOTAVAIL:
        return -SK_EINVAL;
    default:
        return -SK_EIO;
    }
}

static int socket_listen(int *out, uint16_t *port, const struct net_addr *addr)
{
    struct sockaddr_storage sa;
    struct net_addr bound;
    const int on = 1, off = 0;
    socklen_t len = net_addr_to_sockaddr(addr, &sa);
    int err = 0, fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -SK_EIO;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (addr->family == 6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (const struct sockaddr *)&sa, len) != 0 || listen(fd, BACKLOG) != 0) {
        err = bind_error(errno);
        goto out;
    }
    len = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0) {
        err = -SK_EIO;
        goto out;
    }
    net_addr_from_sockaddr(&bound, (const struct sockaddr *)&sa);
    *port = bound.port;
    *out = fd;
out:
    if (err != 0)
        (void)close(fd);
    return err;
}

int net_listener_open(struct net_listener **out, struct net_loops *loops, struct net_loop *loop,
                      const struct net_listener_options *o)
{
    struct net_addr addr;
    uint16_t port;
    int fd;
    if ((loops == NULL) == (loop == NULL) || !o->ops || !o->ops->on_close)
        return -SK_EINVAL;
    int err = net_addr_parse(&addr, o->host ? o->host : "::", o->port);
    if (err == 0)
        err = socket_listen(&fd, &port, &addr);
    if (err != 0)
        return err;
    struct net_listener *l = sk_alloc(sizeof *l);
    l->loop = loop ? loop : net_loops_at(loops, 0);
    l->loops = loops;
    l->fd = fd;
    l->port = port;
    l->opt = *o;
    l->opt.host = NULL;
    if (l->opt.conn_max == 0)
        l->opt.conn_max = CONN_MAX_DEFAULT;
    if (l->opt.first_byte_ms == 0)
        l->opt.first_byte_ms = FIRST_BYTE_DEFAULT_MS;
    pthread_mutex_init(&l->lock, NULL);
    l->sources = sk_map_new(9);
    l->tls = o->tls ? tls_config_ref(o->tls) : NULL;
    l->poll = sk_alloc(sizeof *l->poll);
    l->refs = 2;
    *out = l;
    if (net_loop_is_current(l->loop))
        accept_begin_fn(l);
    else
        net_loop_post(l->loop, accept_begin_fn, l);
    return 0;
}

uint16_t net_listener_port(const struct net_listener *l)
{
    return l->port;
}

void net_listener_set_tls(struct net_listener *l, struct tls_config *tls)
{
    struct tls_config *before;
    pthread_mutex_lock(&l->lock);
    before = l->tls;
    l->tls = tls_config_ref(tls);
    pthread_mutex_unlock(&l->lock);
    tls_config_drop(before);
}

void net_listener_stats(struct net_listener *l, struct net_listener_stats *out)
{
    pthread_mutex_lock(&l->lock);
    *out = l->stats;
    pthread_mutex_unlock(&l->lock);
}

void net_listener_close(struct net_listener *l)
{
    if (!l)
        return;
    if (net_loop_is_current(l->loop))
        accept_end_fn(l);
    else
        net_loop_post(l->loop, accept_end_fn, l);
}
