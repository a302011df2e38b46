/* The way of a client to an open connection: name, addresses one after the other, TLS. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/internal.h"

enum { DEADLINE_DEFAULT_MS = 15000, PLAN_ADDRS = 4 };

void connect_plan_free(struct net_stream *s)
{
    if (!s->plan)
        return;
    if (s->plan->ticket)
        sk_wipe(s->plan->ticket, s->plan->ticket_len);
    free(s->plan->ticket);
    free(s->plan->server_name);
    free(s->plan);
    s->plan = NULL;
}

static int is_full(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE;
}

/* Begin to connect to one address: 0, or why not. */
static int attempt(struct net_stream *s, const struct net_addr *addr)
{
    struct sockaddr_storage sa;
    socklen_t len = net_addr_to_sockaddr(addr, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return is_full(errno) ? -SK_ELIMIT : -SK_EIO;
    socket_tune(fd);
    s->source = *addr;
    if (connect(fd, (const struct sockaddr *)&sa, len) != 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return -SK_ECLOSED;
    }
    int err = stream_poll_open(s, fd);
    if (err != 0)
        stream_poll_close(s);
    return err;
}

void connect_next(struct net_stream *s, int reason)
{
    struct connect_plan *plan = s->plan;
    int64_t now_ms = net_loop_now_ms(s->loop);
    stream_poll_close(s);
    while (plan->next < plan->count && now_ms < plan->deadline_ms) {
        unsigned left = plan->count - plan->next;
        int err = attempt(s, &plan->addr[plan->next++]);
        if (err != 0) {
            reason = err;
            continue;
        }
        s->state = STREAM_CONNECTING;
        s->phase_ms = now_ms + (plan->deadline_ms - now_ms) / (int64_t)left;
        stream_timer_update(s);
        stream_poll_update(s);
        return;
    }
    stream_end(s, reason);
}

void connect_ready(struct net_stream *s)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 || err != 0) {
        connect_next(s, err == ETIMEDOUT ? -SK_ETIMEOUT : -SK_ECLOSED);
        return;
    }
    s->phase_ms = s->plan->deadline_ms;
    if (s->cfg)
        stream_tls_begin(s);
    else
        stream_open(s);
}

static void looked_up_cb(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct net_stream *s = req->data;
    struct connect_plan *plan = s->plan;
    s->loop->away_count--;
    for (struct addrinfo *a = res; status == 0 && a && plan->count < PLAN_ADDRS; a = a->ai_next) {
        struct net_addr addr;
        net_addr_from_sockaddr(&addr, a->ai_addr);
        addr.port = plan->port;
        if (addr.family != 0)
            plan->addr[plan->count++] = addr;
    }
    uv_freeaddrinfo(res);
    if (s->state == STREAM_ENDED) {
        stream_came_back(s);
        return;
    }
    s->state = STREAM_CONNECTING; /* nothing holds the stream any more */
    connect_next(s, -SK_ENOTFOUND);
}

static int look_up(struct net_stream *s, const char *host)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    s->plan->lookup.data = s;
    if (uv_getaddrinfo(&s->loop->uv, &s->plan->lookup, looked_up_cb, host, NULL, &hints) != 0)
        return -SK_EIO;
    s->loop->away_count++;
    return 0;
}

static struct connect_plan *plan_new(const struct net_connect_options *o, int64_t now_ms)
{
    struct connect_plan *plan = sk_alloc(sizeof *plan);
    plan->port = o->port;
    plan->deadline_ms = now_ms + (o->deadline_ms > 0 ? o->deadline_ms : DEADLINE_DEFAULT_MS);
    plan->server_name = sk_strdup(o->server_name ? o->server_name : o->host);
    if (o->ticket && o->ticket_len > 0 && o->ticket_len <= TLS_TICKET_MAX) {
        plan->ticket = sk_alloc(o->ticket_len);
        memcpy(plan->ticket, o->ticket, o->ticket_len);
        plan->ticket_len = o->ticket_len;
    }
    if (strcmp(o->host, "localhost") == 0) {
        plan->count = 2;
        SK_ASSERT(net_addr_parse(&plan->addr[0], "127.0.0.1", o->port) == 0);
        SK_ASSERT(net_addr_parse(&plan->addr[1], "::1", o->port) == 0);
    } else if (net_addr_parse(&plan->addr[0], o->host, o->port) == 0) {
        plan->count = 1;
    }
    return plan;
}

static void item_close(struct loop_item *item)
{
    stream_end((struct net_stream *)item, -SK_ECLOSED);
}

/* The first step is taken at once, so that a lack of sockets is told to the caller; whatever is
 * found out later comes through on_close. */
static int plan_start(struct net_stream *s, const char *host)
{
    struct connect_plan *plan = s->plan;
    s->phase_ms = plan->deadline_ms;
    s->state = STREAM_RESOLVING;
    if (plan->count == 0)
        return look_up(s, host);
    int err = -SK_EIO;
    while (plan->next < plan->count && err != 0)
        err = attempt(s, &plan->addr[plan->next++]);
    s->state = STREAM_CONNECTING;
    return err;
}

int net_stream_connect(struct net_stream **out, struct net_loop *loop,
                       const struct net_connect_options *o)
{
    if (!o->host || !o->ops || o->port == 0 || (o->tls && tls_config_is_server(o->tls)))
        return -SK_EINVAL;
    struct net_stream *s = stream_new(loop, 0);
    s->ops = o->ops;
    s->user = o->user;
    s->pool = o->tls ? o->pool : NULL;
    s->cfg = o->tls ? tls_config_ref(o->tls) : NULL;
    if (o->queue_cap_bytes)
        s->queue_cap = o->queue_cap_bytes;
    s->plan = plan_new(o, net_loop_now_ms(loop));
    int err = plan_start(s, o->host);
    if (err != 0) {
        connect_plan_free(s);
        tls_config_drop(s->cfg);
        free(s);
        return err;
    }
    loop_item_add(loop, &s->item, item_close);
    stream_timer_update(s);
    stream_poll_update(s);
    *out = s;
    return 0;
}
