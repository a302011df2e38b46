/* The peer: the same cameras' certificates over mutual TLS to an MQTT 3.1.1 broker (mosquitto), the
 * same request and answer at QoS 0. Connection i < `askers` asks, the others answer what comes on
 * their topic "q/i" on "a/<asker>".
 *
 *     load_mqtt --server https://localhost:18883 --dir DIR --count N [--askers N] [--rate N]
 *               [--seconds N] [--pid BROKER]
 *
 * Prints the connect rate, the broker's resident memory a connection, then delays at a moderate
 * rate and round trips at saturation, measured as load_signal does it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "crypto/tls.h"
#include "firmware-sim/link/box.h"
#include "firmware-sim/link/vault.h"
#include "net/stream.h"
#include "tests/bench/load/tools.h"

enum {
    COUNT_MAX = 100000,
    WINDOW = 64, /* connecting at once: mosquitto listens with a backlog of 100 */
    PAYLOAD_BYTES = 96,
    PACKET_MAX = 256,
    PACKET_CONNECT = 1,
    PACKET_SUBACK = 9,
    PACKET_CONNACK = 2,
    PACKET_PUBLISH = 3,
    ASK_RATE = 1000, /* a second and answerer: nothing limits it as the server limits a session */
    WAIT_MS = 600000,
    SETTLE_MS = 2000,
    WARM_MS = 1000
};

static struct {
    const char *server, *dir;
    int64_t count, askers, rate, seconds, pid;
    int help;
} o = {.dir = "cams", .count = 1000, .askers = 64, .rate = 500, .seconds = 10};

struct client {
    struct vault vault;
    struct tls_config *tls;
    struct net_stream *stream;
    struct sk_buf in;
    unsigned number;
    int64_t due_us, sent_us; /* of an answerer: the question that is under way; 0 = none */
};

static struct {
    struct box box;
    struct net_loop *loop;
    struct client *clients;
    struct net_timer tick;
    size_t started, up, failed;
    int64_t gap_us;
    int is_saturating, is_counting, is_ending;
    uint64_t done;
    struct delays delays;
    char version[16], cipher[64];
} run;

/* ---- MQTT 3.1.1 (OASIS standard), as far as it is needed ------------------------------------- */

/* Packets here stay under 16,384 bytes: at most two bytes of remaining length. */
static void packet_send(struct client *c, uint8_t head, const uint8_t *body, size_t len)
{
    uint8_t out[PACKET_MAX + 4] = {head};
    size_t at = 1;

    if (len > 127)
        out[at++] = (uint8_t)((len & 127) | 128);
    out[at++] = (uint8_t)(len > 127 ? len >> 7 : len);
    memcpy(out + at, body, len);
    if (c->stream && net_stream_write(c->stream, out, at + len))
        net_stream_abort(c->stream, -SK_ELIMIT);
}

static size_t text_put(uint8_t *out, const char *text)
{
    size_t len = strlen(text);

    sk_put_u16(out, (uint16_t)len);
    memcpy(out + 2, text, len);
    return len + 2;
}

static void connect_send(struct client *c)
{
    uint8_t body[PACKET_MAX];
    size_t n = text_put(body, "MQTT");

    body[n++] = 4; /* protocol level 3.1.1 */
    body[n++] = 2; /* clean session */
    sk_put_u16(body + n, 0);
    n += 2;
    n += text_put(body + n, c->vault.device);
    packet_send(c, PACKET_CONNECT << 4, body, n);
}

static int is_asker(const struct client *c)
{
    return c->number < (unsigned)o.askers;
}

static void topic_of(const struct client *c, char out[16])
{
    snprintf(out, 16, "%s/%u", is_asker(c) ? "a" : "q", c->number);
}

static void subscribe_send(struct client *c)
{
    uint8_t body[PACKET_MAX];
    char topic[16];

    topic_of(c, topic);
    sk_put_u16(body, 1);
    size_t n = 2 + text_put(body + 2, topic);
    body[n++] = 0; /* QoS 0 */
    packet_send(c, 0x82, body, n);
}

static void publish_send(struct client *from, const struct client *to, uint32_t number)
{
    uint8_t body[PACKET_MAX] = {0};
    char topic[16];

    topic_of(to, topic);
    size_t n = text_put(body, topic);
    sk_put_u32(body + n, number);
    packet_send(from, PACKET_PUBLISH << 4, body, n + PAYLOAD_BYTES);
}

static struct client *asker_of(const struct client *answerer)
{
    return &run.clients[answerer->number % (unsigned)o.askers];
}

static void publish_take(struct client *c, const uint8_t *body, size_t len)
{
    size_t topic = len >= 2 ? sk_get_u16(body) : len;

    if (len != 2 + topic + PAYLOAD_BYTES)
        return;
    uint32_t number = sk_get_u32(body + 2 + topic);
    if (!is_asker(c)) {
        publish_send(c, asker_of(c), number);
        return;
    }
    struct client *answerer = &run.clients[number < (uint32_t)o.count ? number : 0];
    if (run.is_counting && answerer->sent_us) {
        run.done++;
        delays_add(&run.delays, now_us() - answerer->sent_us);
    }
    answerer->sent_us = 0;
}

static void start_more(void);

static void packet_take(struct client *c, unsigned kind, const uint8_t *body, size_t len)
{
    if (kind == PACKET_CONNACK && len == 2 && body[1] == 0) {
        subscribe_send(c);
    } else if (kind == PACKET_SUBACK) {
        run.up++;
        start_more();
    } else if (kind == PACKET_PUBLISH) {
        publish_take(c, body, len);
    } else {
        net_stream_abort(c->stream, -SK_EINVAL);
    }
}

/* Bytes of the packet at the front, with its head; 0 when it is not all there. */
static size_t packet_find(const struct sk_buf *in, size_t at, size_t *head)
{
    const uint8_t *p = in->data + at;
    size_t left = in->len - at;

    if (left < 2 || ((p[1] & 128) && left < 3))
        return 0;
    *head = p[1] & 128 ? 3 : 2;
    size_t body = p[1] & 128 ? (size_t)(p[1] & 127) | (size_t)p[2] << 7 : p[1];
    return left < *head + body ? 0 : *head + body;
}

/* ---- connections ----------------------------------------------------------------------------- */

static void on_open(struct net_stream *s, const struct tls_peer *peer)
{
    snprintf(run.version, sizeof(run.version), "%s", peer->version);
    snprintf(run.cipher, sizeof(run.cipher), "%s", peer->cipher);
    connect_send(net_stream_user(s));
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct client *c = net_stream_user(s);
    size_t at = 0, head, size;

    if (sk_buf_add(&c->in, data, len)) {
        net_stream_abort(s, -SK_ETOOBIG);
        return;
    }
    while ((size = packet_find(&c->in, at, &head)) != 0) {
        const uint8_t *p = c->in.data + at;
        packet_take(c, p[0] >> 4, p + head, size - head);
        at += size;
    }
    sk_buf_consume(&c->in, at);
    if (c->in.len == 0)
        sk_buf_fini(&c->in);
}

static void on_close(struct net_stream *s, int reason)
{
    struct client *c = net_stream_user(s);

    c->stream = NULL;
    if (!run.is_ending && run.failed++ == 0)
        fprintf(stderr, "%s: lost: %s\n", c->vault.device, sk_error_text(reason));
}

static const struct net_stream_ops ops = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void client_connect(struct client *c)
{
    struct net_connect_options n = {.host = run.box.host,
                                    .port = run.box.port,
                                    .tls = c->tls,
                                    .deadline_ms = WAIT_MS,
                                    .ops = &ops,
                                    .user = c};

    if (net_stream_connect(&c->stream, run.loop, &n)) {
        c->stream = NULL;
        run.failed++;
    }
}

static void start_more(void)
{
    while (run.started < (size_t)o.count && run.started < run.up + WINDOW)
        client_connect(&run.clients[run.started++]);
}

static int clients_open(void)
{
    int err = 0;

    run.clients = sk_alloc((size_t)o.count * sizeof(*run.clients));
    for (int64_t i = 0; !err && i < o.count; i++) {
        struct client *c = &run.clients[i];
        c->number = (unsigned)i;
        sk_buf_init(&c->in, 65536);
        err = vault_open(&c->vault, o.dir, c->number);
        if (!err)
            err = box_tls_device(&run.box, &c->vault.cert, &c->vault.key, &c->tls);
    }
    return err;
}

/* ---- measuring ------------------------------------------------------------------------------- */

static void on_tick(struct net_timer *t, void *arg)
{
    int64_t now = now_us();

    (void)arg;
    for (struct client *c = run.clients + o.askers; c < run.clients + o.count; c++) {
        if (c->sent_us || now < c->due_us)
            continue;
        c->sent_us = run.is_saturating ? now : c->due_us;
        publish_send(asker_of(c), c, c->number);
        c->due_us = run.is_saturating ? now + run.gap_us : c->due_us + run.gap_us;
    }
    net_timer_set_in(t, 1);
}

static void run_for(int64_t ms)
{
    int64_t until_us = now_us() + ms * 1000;

    while (!stop_asked() && now_us() < until_us)
        net_loop_run_one(run.loop, 50);
}

static int connect_all(void)
{
    uint64_t rss_kib = process_rss_kib(o.pid), cpu_ms = process_cpu_ms(o.pid);
    int64_t from_us = now_us();

    start_more();
    while (run.up < (size_t)o.count && !run.failed && !stop_asked())
        net_loop_run_one(run.loop, 100);
    double seconds = (double)(now_us() - from_us) / 1e6;
    if (run.failed || stop_asked())
        return -SK_ECLOSED;
    fprintf(stderr, "%s, %s\n", run.version, run.cipher);
    figure("peer_links", (double)run.up, "links");
    figure("peer_connects_per_s", (double)run.up / seconds, "1/s");
    if (o.pid)
        figure("peer_connect_cpu_ms", (double)(process_cpu_ms(o.pid) - cpu_ms) / (double)run.up,
               "ms");
    run_for(SETTLE_MS);
    if (o.pid)
        figure("peer_rss_per_link_bytes",
               (double)(process_rss_kib(o.pid) - rss_kib) * 1024 / (double)run.up, "B");
    return 0;
}

static void measure(const char *what, int is_saturating, int64_t gap_us)
{
    char name[64];
    int64_t now = now_us();

    run.is_saturating = is_saturating;
    run.gap_us = gap_us;
    for (int64_t i = o.askers; i < o.count; i++)
        run.clients[i].due_us = now + gap_us * (i - o.askers) / (o.count - o.askers);
    run_for(WARM_MS);
    delays_reset(&run.delays);
    run.done = 0;
    run.is_counting = 1;
    uint64_t cpu_ms = process_cpu_ms(o.pid);
    int64_t from_us = now_us();
    run_for(o.seconds * 1000);
    double seconds = (double)(now_us() - from_us) / 1e6;
    double cpu_s = (double)(process_cpu_ms(o.pid) - cpu_ms) / 1000;
    run.is_counting = 0;

    snprintf(name, sizeof(name), "peer_%s_rt_per_s", what);
    figure(name, (double)run.done / seconds, "1/s");
    snprintf(name, sizeof(name), "peer_%s_p99_ms", what);
    figure(name, delays_percentile(&run.delays, 99) / 1000, "ms");
    if (cpu_s > 0) {
        snprintf(name, sizeof(name), "peer_%s_rt_per_cpu_s", what);
        figure(name, (double)run.done / cpu_s, "1/s");
    }
}

static void everything_close(void)
{
    run.is_ending = 1;
    for (int64_t i = 0; run.clients && i < o.count; i++) {
        struct client *c = &run.clients[i];
        if (c->stream)
            net_stream_abort(c->stream, 0);
        tls_config_drop(c->tls);
        vault_close(&c->vault);
        sk_buf_fini(&c->in);
    }
    net_loop_free(run.loop);
    delays_fini(&run.delays);
    free(run.clients);
    box_fini(&run.box);
}

int main(int argc, char **argv)
{
    const struct args_flag flags[] = {
        {"--server", ARGS_TEXT, &o.server, 0, 0, "URL", "the broker, https://name:port"},
        {"--dir", ARGS_TEXT, &o.dir, 0, 0, "DIR", "folder of skep fleet --prepare (cams)"},
        {"--count", ARGS_INT, &o.count, 2, COUNT_MAX, "N", "connections (1000)"},
        {"--askers", ARGS_INT, &o.askers, 1, COUNT_MAX, "N", "of them ask, the others answer (64)"},
        {"--rate", ARGS_INT, &o.rate, 1, 1000000, "N", "moderate load, round trips a second (500)"},
        {"--seconds", ARGS_INT, &o.seconds, 1, 3600, "N", "of each part (10)"},
        {"--pid", ARGS_INT, &o.pid, 1, INT64_MAX, "N", "the broker's process"},
        {"--help", ARGS_SWITCH, &o.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    int code = flags_take(flags, argc, argv, "load_mqtt: an MQTT broker beside");

    if (code)
        return code - 1;
    net_process_init();
    stop_watch();
    sk_log_set_level(SK_LOG_ERROR);
    box_init(&run.box);
    int err = tls_init();
    if (!err)
        err = o.server && o.askers < o.count ? box_parse_url(&run.box, o.server) : -SK_EINVAL;
    if (!err)
        err = box_load(&run.box, o.dir);
    if (!err)
        err = net_loop_new(&run.loop);
    if (!err)
        err = clients_open();
    if (!err)
        err = connect_all();
    if (!err) {
        net_timer_init(&run.tick, run.loop, on_tick, NULL);
        net_timer_set_in(&run.tick, 1);
        measure("moderate", 0, 1000000 * (o.count - o.askers) / o.rate);
        measure("saturated", 1, 1000000 / ASK_RATE);
        net_timer_cancel(&run.tick);
    }
    int failed = err ? fail("load_mqtt", err) : run.failed > 0;
    everything_close();
    return failed;
}
