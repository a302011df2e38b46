/* The front door: opens the one TLS port, hands each stream to the protocol that it negotiated, and
 * keeps the identity fresh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "core/abuse.h"
#include "core/event.h"
#include "core/metrics.h"
#include "crypto/x509.h"
#include "edge/internal.h"

enum {
    CHECK_MS = 5000,      /* files, renewal and ticket keys are looked at */
    DRAIN_WAIT_MS = 5000, /* for requests under way at stop */
    DRAIN_STEP_MS = 20
};

static struct edge edge;

/* What only the main thread and the checking loop use. */
static struct {
    char *device_ca;
    char *more_ca; /* PEM of further authorities, one behind the other, or NULL */
    struct net_timer check;
    struct metric *opened;
    pthread_mutex_t lock; /* of listener and pool as the figures see them */
} door = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct config_key config_keys[] = {
    {"edge.listen", CONFIG_TEXT, "::", 0, 0, "address of the TLS port; :: is IPv6 and IPv4"},
    {"edge.port", CONFIG_INT, "8443", 0, 65535, "TCP port; 0 takes any free one"},
    {"edge.host", CONFIG_TEXT, "localhost", 0, 0, "host name of links and of the certificate"},
    {"edge.certificate", CONFIG_PATH, NULL, 0, 0, "PEM chain of your own; read anew on change"},
    {"edge.key", CONFIG_PATH, NULL, 0, 0, "PEM key of edge.certificate"},
    {"edge.head_timeout_s", CONFIG_INT, "10", 1, 120, "time for a request head to arrive"},
    {"edge.idle_timeout_s", CONFIG_INT, "75", 1, 3600, "time between two requests"},
    {"edge.queue_timeout_s", CONFIG_INT, "5", 1, 60, "time a request may wait for a worker"},
    {"edge.answer_timeout_s", CONFIG_INT, "60", 1, 600, "time a worker may take for an answer"},
    {"edge.rate_min_bytes", CONFIG_INT, "1024", 1, 1048576,
     "least bytes per second of bodies and of answers"},
    {"edge.connections_max", CONFIG_INT, "65536", 16, 1000000, "open connections"},
    {"edge.per_source_max", CONFIG_INT, "4096", 1, 1000000,
     "open connections of one address (IPv6: /64), device links included"},
    {"edge.http_per_source_max", CONFIG_INT, "128", 1, 1000000,
     "open HTTP connections and WebSockets of one address (IPv6: /64)"},
    {"edge.sockets_per_account", CONFIG_INT, "64", 1, 10000, "open WebSockets of one account"},
    {"edge.handshake_threads", CONFIG_INT, "0", 0, 64, "TLS handshake threads; 0 = half the cores"},
    {"edge.handshakes_max", CONFIG_INT, "256", 1, 65536, "TLS handshakes under way at once"},
    {NULL, CONFIG_TEXT, NULL, 0, 0, NULL},
};

struct edge *edge_get(void)
{
    return &edge;
}

struct edge_loop *edge_loop_of(const struct net_stream *s)
{
    struct net_loop *loop = net_stream_loop(s);
    unsigned i = 0;
    while (i < edge.loop_count && edge.loops[i].loop != loop)
        i++;
    SK_ASSERT(i < edge.loop_count);
    return &edge.loops[i];
}

int edge_is_draining(void)
{
    return atomic_load_explicit(&edge.draining, memory_order_relaxed);
}

uint16_t edge_port(void)
{
    return atomic_load(&edge.port);
}

const char *edge_host(void)
{
    return edge.host != NULL ? edge.host : "localhost";
}

void edge_routes_set(edge_route_fn fn)
{
    edge.route_find = fn;
}

/* ---- protocols ------------------------------------------------------------------------------- */

void edge_protocol_add(const struct edge_protocol *p)
{
    SK_ASSERT(edge.protocol_count < EDGE_PROTOCOLS_MAX);
    edge.protocols[edge.protocol_count++] = *p;
}

static const struct edge_protocol *protocol_find(const char *alpn)
{
    for (size_t i = 0; i < edge.protocol_count; i++)
        if (strcmp(edge.protocols[i].alpn, alpn) == 0)
            return &edge.protocols[i];
    return NULL;
}

static int device_may_resume(void *arg, const struct ticket_identity *who)
{
    const struct edge_protocol *p = protocol_find(who->alpn);
    (void)arg;
    if (p == NULL || p->device_may_link == NULL)
        return -SK_EDENIED;
    return p->device_may_link(p->ctx, who->device_id, who->serial, who->serial_len);
}

static int peer_fill(struct edge_peer *out, const struct net_stream *s, const struct tls_peer *peer)
{
    char source[NET_ADDR_TEXT];
    const struct net_addr *addr = net_stream_source(s);
    memset(out, 0, sizeof(*out));
    out->port = addr->port;
    out->resumed = peer->resumed;
    out->tls13 = strcmp(peer->version, "TLSv1.3") == 0;
    int rc = sk_copy(out->source, sizeof(out->source), net_addr_format(source, addr, 0));
    if (rc == 0)
        rc = sk_copy(out->device, sizeof(out->device), peer->device.device_id);
    if (rc != 0 || peer->device.serial_len > sizeof(out->cert_serial))
        return -SK_ETOOBIG;
    out->cert_serial_len = peer->device.serial_len;
    memcpy(out->cert_serial, peer->device.serial, out->cert_serial_len);
    return 0;
}

/* Hand the stream to the room that speaks its protocol. */
static void protocol_take(const struct edge_protocol *p, struct net_stream *s,
                          const struct tls_peer *peer)
{
    struct edge_peer who;
    int rc = peer_fill(&who, s, peer);
    if (rc == 0 && p->device_may_link != NULL) {
        rc = who.device[0] == '\0'
                 ? -SK_EAUTH
                 : p->device_may_link(p->ctx, who.device, who.cert_serial, who.cert_serial_len);
        if (rc != 0) {
            metric_refused("edge", "device-denied");
            log_info("edge", "device-denied", "source=%s device=%s", who.source, who.device);
        }
    }
    if (rc == 0)
        rc = p->take(p->ctx, s, &who);
    if (rc != 0)
        net_stream_abort(s, rc);
    else if (who.device[0] != '\0')
        abuse_good(who.source, who.device);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void open_cb(struct net_stream *s, const struct tls_peer *peer)
{
    const struct edge_protocol *p = protocol_find(peer->alpn);
    metric_add(door.opened, 1);
    if (edge_is_draining())
        net_stream_abort(s, -SK_ECLOSED);
    else if (p != NULL)
        protocol_take(p, s, peer);
    else if (peer->alpn[0] == '\0' || strcmp(peer->alpn, "http/1.1") == 0)
        conn_begin(s);
    else
        net_stream_abort(s, -SK_EUNSUPPORTED);
}

static void plain_cb(struct net_stream *s)
{
    plain_open(s);
}

/* Streams that ended before a protocol took them. */
static void close_cb(struct net_stream *s, int reason)
{
    char source[NET_ADDR_TEXT];
    net_addr_format(source, net_stream_source(s), 0);
    if (reason == -SK_ETIMEOUT || reason == -SK_ECRYPTO)
        abuse_note(source, reason == -SK_ETIMEOUT ? ABUSE_SLOW : ABUSE_HANDSHAKE);
    if (reason == -SK_ETIMEOUT)
        metric_refused("edge", "slow-handshake");
    else if (reason == -SK_EAUTH)
        metric_refused("edge", "certificate");
    else if (reason == -SK_ECRYPTO)
        metric_refused("edge", "handshake");
    else if (reason == -SK_EBUSY)
        metric_refused("edge", "handshakes-full");
}

static const struct net_stream_ops door_ops = {
    .on_open = open_cb, .on_plain = plain_cb, .on_close = close_cb};

static int admit_cb(void *arg, const struct net_addr *source)
{
    char text[NET_ADDR_TEXT];
    (void)arg;
    int rc = admit(net_addr_format(text, source, 0));
    if (rc != 0)
        metric_refused("edge", "admit");
    return rc;
}

/* ---- identity -------------------------------------------------------------------------------- */

/* All authorities whose certificates may be shown; which of them opens what, the protocol's own
 * list says. */
static int authorities_join(struct sk_buf *out)
{
    sk_buf_init(out, 2 * X509_PEM_MAX);
    int rc = door.device_ca != NULL ? sk_buf_add_str(out, door.device_ca) : 0;
    return rc != 0 || door.more_ca == NULL ? rc : sk_buf_add_str(out, door.more_ca);
}

static int tls_make(struct tls_config **out)
{
    const char *alpn[EDGE_PROTOCOLS_MAX + 2] = {"http/1.1"}, *mutual[EDGE_PROTOCOLS_MAX + 1] = {0};
    size_t alpn_count = 1, mutual_count = 0;
    for (size_t i = 0; i < edge.protocol_count; i++) {
        const struct edge_protocol *p = &edge.protocols[i];
        if (p->device_may_link != NULL && door.device_ca == NULL && door.more_ca == NULL) {
            log_warn("edge", "protocol-without-authority", "alpn=%s", p->alpn);
            continue;
        }
        alpn[alpn_count++] = p->alpn;
        if (p->device_may_link != NULL)
            mutual[mutual_count++] = p->alpn;
    }
    struct sk_buf authorities;
    int rc = authorities_join(&authorities);
    const struct identity_tls_options o = {
        .alpn = alpn,
        .mutual = mutual,
        .device_ca = mutual_count > 0 ? (const char *)authorities.data : NULL,
        .may_resume = device_may_resume,
    };
    if (rc == 0)
        rc = identity_tls(out, &o);
    sk_buf_fini(&authorities);
    return rc;
}

static void tls_renew(void)
{
    struct tls_config *cfg = NULL;
    int rc = tls_make(&cfg);
    if (rc == 0)
        net_listener_set_tls(edge.listener, cfg);
    else
        log_error("edge", "tls-not-renewed", "error=%s", sk_error_slug(rc));
    tls_config_drop(cfg);
}

static void identity_look(int force)
{
    const struct event changed = {.kind = EVENT_CERTIFICATE_CHANGED, .wall_ms = sk_clock_wall_ms()};
    if (edge_is_draining() || !identity_check(changed.wall_ms, force))
        return;
    tls_renew();
    log_info("edge", "certificate-changed", "host=%s", edge.host);
    event_publish(&changed);
}

static void check_cb(struct net_timer *t, void *arg)
{
    (void)arg;
    identity_look(0);
    net_timer_set_in(t, CHECK_MS);
}

static void check_begin(void *arg)
{
    (void)arg;
    net_timer_init(&door.check, edge.loops[0].loop, check_cb, NULL);
    net_timer_set_in(&door.check, CHECK_MS);
}

static void reload_cb(void *arg)
{
    (void)arg;
    identity_look(1);
}

void edge_reload(void)
{
    if (edge.listener != NULL)
        net_loop_post(edge.loops[0].loop, reload_cb, NULL);
}

static void device_ca_cb(void *arg)
{
    free(door.device_ca);
    door.device_ca = arg;
    if (!edge_is_draining())
        tls_renew();
}

void edge_device_ca_set(const char *pem)
{
    char *copy = sk_strdup(pem);
    if (edge.listener != NULL) {
        net_loop_post(edge.loops[0].loop, device_ca_cb, copy);
        return;
    }
    free(door.device_ca);
    door.device_ca = copy;
}

void edge_authority_add(const char *pem)
{
    size_t had = door.more_ca != NULL ? strlen(door.more_ca) : 0, len = strlen(pem);
    SK_ASSERT(edge.listener == NULL);
    door.more_ca = sk_realloc(door.more_ca, had + len + 1);
    memcpy(door.more_ca + had, pem, len + 1);
}

/* ---- figures --------------------------------------------------------------------------------- */

enum figure {
    FIGURE_OPEN,
    FIGURE_HTTP,
    FIGURE_REFUSED_SOURCE,
    FIGURE_HANDSHAKES_OPEN,
    FIGURE_HANDSHAKES_WAITING,
    FIGURE_COUNT
};

static int64_t figure_read_locked(enum figure which)
{
    struct net_listener_stats l = {0};
    struct net_handshake_stats h = {0};
    if (which == FIGURE_HTTP)
        return atomic_load(&edge.open_count);
    if (which == FIGURE_OPEN || which == FIGURE_REFUSED_SOURCE) {
        net_listener_stats(edge.listener, &l);
        return which == FIGURE_OPEN ? (int64_t)l.open : (int64_t)l.refused_source;
    }
    net_handshakes_stats(edge.pool, &h);
    return which == FIGURE_HANDSHAKES_OPEN ? (int64_t)h.open : (int64_t)h.waiting;
}

/* On any thread, also while the edge drains: then the listener is going. */
static int64_t figure_read(void *ctx)
{
    int64_t value = 0;
    pthread_mutex_lock(&door.lock);
    if (edge.listener != NULL && edge.pool != NULL && !edge_is_draining())
        value = figure_read_locked((enum figure)(uintptr_t)ctx);
    pthread_mutex_unlock(&door.lock);
    return value;
}

static int64_t certificate_ends_s(void *ctx)
{
    (void)ctx;
    return edge_certificate_ends_ms() / 1000;
}

static void figures_declare(void)
{
    static const struct {
        const char *name, *help;
    } figures[FIGURE_COUNT] = {
        [FIGURE_OPEN] = {"skep_edge_connections", "open connections of all protocols"},
        [FIGURE_HTTP] = {"skep_edge_http_connections", "open HTTP connections and WebSockets"},
        [FIGURE_REFUSED_SOURCE] = {"skep_edge_refused_source",
                                   "connections refused because their source had too many"},
        [FIGURE_HANDSHAKES_OPEN] = {"skep_edge_handshakes_open", "TLS handshakes under way"},
        [FIGURE_HANDSHAKES_WAITING] = {"skep_edge_handshakes_waiting",
                                       "connections that wait for a handshake place"},
    };
    for (uintptr_t i = 0; i < FIGURE_COUNT; i++)
        metric_gauge(figures[i].name, figures[i].help, figure_read, (void *)i);
    metric_gauge("skep_edge_certificate_ends_seconds",
                 "when the server certificate ends, Unix time", certificate_ends_s, NULL);
    door.opened = metric_get("skep_edge_opened_total", "");
}

/* ---- start, drain, stop ---------------------------------------------------------------------- */

static void settings_read(const struct config *c)
{
    edge.set = (struct edge_settings){
        .head_ms = config_int(c, "edge.head_timeout_s") * 1000,
        .idle_ms = config_int(c, "edge.idle_timeout_s") * 1000,
        .queue_ms = config_int(c, "edge.queue_timeout_s") * 1000,
        .answer_ms = config_int(c, "edge.answer_timeout_s") * 1000,
        .rate_min_bytes = (uint32_t)config_int(c, "edge.rate_min_bytes"),
        .http_per_source = (uint32_t)config_int(c, "edge.http_per_source_max"),
        .sockets_per_account = (uint32_t)config_int(c, "edge.sockets_per_account"),
    };
    edge.host = config_text(c, "edge.host");
}

static void loops_take(struct net_loops *loops)
{
    edge.loop_count = net_loops_count(loops);
    SK_ASSERT(edge.loop_count <= EDGE_LOOPS_MAX);
    for (unsigned i = 0; i < edge.loop_count; i++)
        edge.loops[i].loop = net_loops_at(loops, i);
}

static int listen_open(const struct config *c, struct net_loops *loops, struct tls_config *tls)
{
    struct net_listener_options o = {
        .host = config_text(c, "edge.listen"),
        .port = (uint16_t)config_int(c, "edge.port"),
        .tls = tls,
        .pool = edge.pool,
        .ops = &door_ops,
        .conn_max = (uint32_t)config_int(c, "edge.connections_max"),
        .per_source_max = (uint32_t)config_int(c, "edge.per_source_max"),
        .first_byte_ms = edge.set.head_ms,
        .admit = admit_cb,
    };
    int rc = net_listener_open(&edge.listener, loops, NULL, &o);
    if (strcmp(o.host, "::") == 0 && (rc == -SK_EINVAL || rc == -SK_EIO)) {
        o.host = "0.0.0.0"; /* a kernel without IPv6 */
        rc = net_listener_open(&edge.listener, loops, NULL, &o);
    }
    if (rc == 0) {
        atomic_store(&edge.port, net_listener_port(edge.listener));
        log_info("edge", "listening", "address=%s port=%u", o.host, edge_port());
    } else {
        log_error("edge", "cannot-listen", "address=%s port=%u error=%s", o.host, o.port,
                  sk_error_slug(rc));
    }
    return rc;
}

/* No stream is left: those that never sent a byte would have asked for a place until now. */
static void loops_stopped(void *arg)
{
    (void)arg;
    net_handshakes_stop(edge.pool);
    edge.pool = NULL;
    identity_stop();
}

static int edge_start(struct house *house)
{
    const struct config *c = house->config;
    struct tls_config *tls = NULL;
    char *dir = sk_path_join(house->data_dir, "tls");
    const struct net_handshake_options shakes = {
        .threads = (unsigned)config_int(c, "edge.handshake_threads"),
        .open_max = (uint32_t)config_int(c, "edge.handshakes_max")};
    settings_read(c);
    loops_take(house->loops);
    net_loops_on_stop(house->loops, loops_stopped, NULL);
    const struct identity_options identity = {.dir = dir,
                                              .cert_path = config_text(c, "edge.certificate"),
                                              .key_path = config_text(c, "edge.key"),
                                              .host = edge.host};
    int rc = identity_start(&identity);
    if (rc == 0)
        rc = tls_make(&tls);
    if (rc == 0)
        rc = net_handshakes_start(&edge.pool, &shakes);
    if (rc == 0) {
        figures_declare();
        socket_subscribe();
        rc = listen_open(c, house->loops, tls);
    }
    if (rc == 0)
        net_loop_post(edge.loops[0].loop, check_begin, NULL);
    tls_config_drop(tls);
    free(dir);
    return rc;
}

static void drain_cb(void *arg)
{
    struct edge_loop *l = arg;
    if (l == &edge.loops[0])
        net_timer_cancel(&door.check);
    socket_loop_close(l, 1001);
    for (struct conn *c = l->conns, *next; c != NULL; c = next) {
        next = c->next;
        c->keep_alive = 0;
        if (c->state == CONN_IDLE)
            net_stream_close(c->stream, 0);
    }
}

static void edge_drain(void)
{
    pthread_mutex_lock(&door.lock);
    int is_due = edge.listener != NULL && !atomic_exchange(&edge.draining, 1);
    pthread_mutex_unlock(&door.lock);
    if (!is_due)
        return;
    net_listener_close(edge.listener);
    for (unsigned i = 0; i < edge.loop_count; i++)
        net_loop_post(edge.loops[i].loop, drain_cb, &edge.loops[i]);
}

/* Ends what is left on one loop; the main thread waits for all of them. */
struct ending {
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned left;
};

struct ending_step {
    struct ending *ending;
    struct edge_loop *home;
};

static void end_cb(void *arg)
{
    struct ending_step *step = arg;
    struct ending *e = step->ending;
    socket_loop_abort(step->home);
    while (step->home->conns != NULL)
        net_stream_abort(step->home->conns->stream, 0);
    upstream_loop_stop(step->home, 1);
    pthread_mutex_lock(&e->lock);
    e->left--;
    pthread_cond_signal(&e->done);
    pthread_mutex_unlock(&e->lock);
}

static void loops_end(void)
{
    struct ending e = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, edge.loop_count};
    struct ending_step steps[EDGE_LOOPS_MAX];
    for (unsigned i = 0; i < edge.loop_count; i++) {
        steps[i] = (struct ending_step){&e, &edge.loops[i]};
        net_loop_post(edge.loops[i].loop, end_cb, &steps[i]);
    }
    pthread_mutex_lock(&e.lock);
    while (e.left > 0)
        pthread_cond_wait(&e.done, &e.lock);
    pthread_mutex_unlock(&e.lock);
}

static int handshakes_are_over(void)
{
    struct net_handshake_stats h = {0};
    net_handshakes_stats(edge.pool, &h);
    return h.open == 0 && h.waiting == 0;
}

static void edge_stop(void)
{
    const struct timespec step = {0, DRAIN_STEP_MS * 1000000L};
    int64_t until_ms = sk_clock_mono_ms() + DRAIN_WAIT_MS;
    if (edge.listener == NULL)
        return;
    if (!edge_is_draining())
        edge_drain();
    while ((atomic_load(&edge.open_count) > 0 || !handshakes_are_over()) &&
           sk_clock_mono_ms() < until_ms)
        nanosleep(&step, NULL);
    loops_end();
    edge.listener = NULL;
    request_table_fini();
    free(door.device_ca);
    free(door.more_ca);
    door.device_ca = door.more_ca = NULL;
}

static int edge_ready(const char **why)
{
    if (edge.listener != NULL && !edge_is_draining())
        return 0;
    *why = edge_is_draining() ? "draining" : "not listening";
    return -SK_EBUSY;
}

static const char *const needs[] = {"http", NULL};

const struct room edge_room = {
    .name = "edge",
    .needs = needs,
    .config = config_keys,
    .start = edge_start,
    .drain = edge_drain,
    .stop = edge_stop,
    .ready = edge_ready,
};
