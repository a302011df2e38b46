/* The device link `skep-device/1` (wire.md 1), server side. A link lives on one loop; other threads
 * reach it by posting. Identity comes from the TLS layer, never from a message. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "device/internal.h"
#include "edge/edge.h"
#include "net/loop.h"
#include "net/stream.h"
#include "wire/codes.h"
#include "wire/envelope.h"
#include "wire/netip.h"

enum {
    HELLO_MS = 10 * 1000,
    KEEPALIVE_S = 25,
    IDLE_MS = 3 * KEEPALIVE_S * 1000,
    RECORD_MAX = 2048,
    QUEUE_MAX = 256 * 1024,
    CONTROL_BURST = 64, /* messages that are not SIGNAL */
    CONTROL_PER_S = 8,
    CLOCK_SAMPLES = 8,
    CLOCK_LIMIT_MS = 1000000000, /* an offset beyond 11 days says only "wrong" */
    EVENT_HEAD = 12,
    EVENT_BODY_MAX = 4096
};

enum link_state { LINK_NEW, LINK_UP, LINK_CLOSING };

struct clock_sample {
    int32_t rtt_ms, offset_ms;
};

struct link {
    _Atomic unsigned refs;
    struct net_loop *loop;
    struct net_stream *stream; /* NULL once closed; on the loop's thread only */
    char device[DEVICE_ID_SIZE];
    char source[SOURCE_SIZE];
    uint8_t state, sample_count, sample_at;
    uint32_t id, seq_in, seq_out;
    int64_t boot_random;
    struct sk_buf in; /* a frame that has not come whole; empty and freed otherwise */
    int64_t bucket_ms;
    uint32_t bucket;
    int64_t round_t0, round_t1, round_t2; /* of the last keepalive */
    struct clock_sample samples[CLOCK_SAMPLES];
    const char *cause; /* of the end, for history */
};

/* ---- life ------------------------------------------------------------------------------------ */

void link_ref(struct link *link)
{
    atomic_fetch_add(&link->refs, 1);
}

void link_drop(struct link *link)
{
    if (atomic_fetch_sub(&link->refs, 1) != 1)
        return;
    sk_buf_fini(&link->in);
    free(link);
}

uint32_t link_id(const struct link *link)
{
    return link->id;
}

/* ---- sending (loop's thread) ----------------------------------------------------------------- */

static void link_end(struct link *link, const char *cause)
{
    if (link->state == LINK_CLOSING)
        return;
    link->state = LINK_CLOSING;
    link->cause = cause;
    if (link->stream)
        net_stream_close(link->stream, 1000);
}

static void message_send(struct link *link, enum wire_netip_id id, const void *body, size_t len)
{
    uint8_t head[WIRE_NETIP_HEAD_BYTES];
    struct wire_netip_head h = {.version = 1,
                                .id = (uint16_t)id,
                                .session = link->state == LINK_NEW ? 0 : link->id,
                                .seq = link->seq_out++,
                                .len = (uint32_t)len};

    if (!link->stream || link->state == LINK_CLOSING)
        return;
    wire_netip_encode(head, &h);
    struct iovec iov[2] = {{head, sizeof(head)}, {(void *)(uintptr_t)body, len}};
    if (net_stream_writev(link->stream, iov, len ? 2 : 1)) {
        metric_refused("device", "link-overload");
        link_end(link, "overload");
    }
}

static void json_send(struct link *link, enum wire_netip_id id, json_t *body)
{
    size_t len;
    char *text = sk_json_text(body, &len);

    if (text)
        message_send(link, id, text, len);
    free(text);
    json_decref(body);
}

static void error_send(struct link *link, unsigned code, uint16_t about, const char *cause)
{
    json_t *body = json_object();

    metric_refused("device", wire_code_text(code));
    log_warn("device", "link-error", "device=%s code=%s about=%04x cause=%s", link->device,
             wire_code_text(code), about, cause);
    sk_json_set_int(body, "code", code);
    sk_json_set_int(body, "about", about);
    sk_json_set_int(body, "retry_ms", 0);
    json_send(link, WIRE_ERROR, body);
    link_end(link, cause);
}

/* ---- sending from other threads -------------------------------------------------------------- */

struct outgoing {
    struct link *link;
    enum wire_netip_id id;
    int close_code; /* < 0: stay open */
    const char *cause;
    size_t len;
    uint8_t body[];
};

static void outgoing_run(void *arg)
{
    struct outgoing *o = arg;

    if (o->close_code >= 0)
        error_send(o->link, (unsigned)o->close_code, 0, o->cause);
    else
        message_send(o->link, o->id, o->body, o->len);
    link_drop(o->link);
    free(o);
}

static struct outgoing *outgoing_new(struct link *link, size_t len)
{
    SK_ASSERT(len <= WIRE_NETIP_BODY_MAX);
    struct outgoing *o = sk_alloc(sizeof(*o) + len);

    link_ref(link);
    o->link = link;
    o->close_code = -1;
    o->len = len;
    return o;
}

void link_send(struct link *link, enum wire_netip_id id, const void *body, size_t len)
{
    struct outgoing *o = outgoing_new(link, len);

    o->id = id;
    if (len)
        memcpy(o->body, body, len);
    net_loop_post(link->loop, outgoing_run, o);
}

void link_close(struct link *link, int code, const char *cause)
{
    struct outgoing *o = outgoing_new(link, 0);

    o->close_code = code;
    o->cause = cause;
    net_loop_post(link->loop, outgoing_run, o);
}

int device_send(const char *device, enum wire_netip_id id, const void *body, size_t len)
{
    struct link *link = registry_link(device);

    if (!link)
        return -SK_ENOTFOUND;
    link_send(link, id, body, len);
    link_drop(link);
    return 0;
}

int device_is_online(const char *device, uint32_t *id)
{
    struct link *link = registry_link(device);

    if (!link)
        return 0;
    if (id)
        *id = link->id;
    link_drop(link);
    return 1;
}

/* ---- messages from the camera ---------------------------------------------------------------- */

static int hello_parse(struct device_facts *facts, const json_t *body, char **caps)
{
    static const char *const members[] = {"v",    "model", "hw",   "fw", "fw_counter",
                                          "boot", "caps",  "seal", NULL};
    int64_t version, counter;
    uint8_t boot[8];
    const json_t *list = json_object_get(body, "caps");
    int err = sk_json_only(body, members);

    if (!err)
        err = sk_json_int(body, "v", 1, 1, &version) ? -SK_EVERSION : 0;
    if (!err)
        err = sk_json_str(body, "model", DEVICE_FACT_MAX, &facts->model);
    if (!err)
        err = sk_json_str(body, "hw", DEVICE_FACT_MAX, &facts->hw);
    if (!err)
        err = sk_json_str(body, "fw", DEVICE_FACT_MAX, &facts->fw);
    if (!err)
        err = sk_json_int(body, "fw_counter", 0, INT64_MAX, &counter);
    if (!err)
        err = sk_json_bin(body, "boot", boot, sizeof(boot));
    if (!err)
        err = sk_json_bin(body, "seal", facts->seal, sizeof(facts->seal));
    if (err || facts->seal[0] != 4 || !json_is_array(list))
        return err ? err : -SK_EINVAL;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!json_is_string(json_array_get(list, i)))
            return -SK_EINVAL;
    facts->boot_random = (int64_t)(sk_get_u64(boot) >> 1 | 1);
    *caps = json_dumps(list, JSON_COMPACT);
    facts->caps = *caps;
    return *caps && strlen(*caps) <= DEVICE_CAPS_MAX ? 0 : -SK_ETOOBIG;
}

static void hello_answer(struct link *link)
{
    json_t *ok = json_object();

    sk_json_set_int(ok, "link", link->id);
    sk_json_set_int(ok, "wall", sk_clock_wall_ms());
    sk_json_set_int(ok, "keepalive_s", KEEPALIVE_S);
    json_object_set_new(ok, "features", json_array());
    link->state = LINK_UP;
    if (link->stream)
        net_stream_set_read_deadline(link->stream, net_loop_now_ms(link->loop) + IDLE_MS);
    json_send(link, WIRE_HELLO_OK, ok);
}

static int on_hello(struct link *link, const json_t *body)
{
    struct device_facts facts = {.model = NULL};
    char *caps = NULL;
    int err = link->state == LINK_NEW ? hello_parse(&facts, body, &caps) : -SK_EINVAL;

    if (!err) {
        link->boot_random = facts.boot_random;
        hello_answer(link);
        struct link *former =
            registry_online(link->device, link, &facts, link->source, sk_clock_wall_ms());
        if (former) {
            link_close(former, WIRE_CODE_SUPERSEDED, "superseded");
            link_drop(former);
            signal_device_gone(link->device);
        }
    }
    free(caps);
    return err;
}

/* Offset of the camera's clock by the four timestamps of one round (RFC 5905 section 8); of the
 * last eight rounds the one with the shortest way counts. */
static void clock_sample_add(struct link *link, int64_t t0, int64_t t3)
{
    int64_t rtt = (t3 - t0) - (link->round_t2 - link->round_t1);
    int64_t offset = ((t0 - link->round_t1) + (t3 - link->round_t2)) / 2; /* camera - server */

    if (t0 != link->round_t0 || rtt < 0 || rtt > IDLE_MS)
        return;
    offset = offset > CLOCK_LIMIT_MS    ? CLOCK_LIMIT_MS
             : offset < -CLOCK_LIMIT_MS ? -CLOCK_LIMIT_MS
                                        : offset;
    link->samples[link->sample_at] = (struct clock_sample){(int32_t)rtt, (int32_t)offset};
    link->sample_at = (uint8_t)((link->sample_at + 1) % CLOCK_SAMPLES);
    if (link->sample_count < CLOCK_SAMPLES)
        link->sample_count++;
    const struct clock_sample *best = &link->samples[0];
    for (size_t i = 1; i < link->sample_count; i++)
        if (link->samples[i].rtt_ms < best->rtt_ms)
            best = &link->samples[i];
    registry_clock_set(link->device, best->offset_ms, best->rtt_ms);
}

static int on_keepalive(struct link *link, const json_t *body)
{
    static const char *const members[] = {"t0", "last", NULL};
    static const char *const last_members[] = {"t0", "t3", NULL};
    const json_t *last = json_object_get(body, "last");
    int64_t t0, last_t0, t3, now_ms = sk_clock_wall_ms();
    int err = sk_json_only(body, members);

    if (!err)
        err = sk_json_int(body, "t0", 0, INT64_MAX, &t0);
    if (!err && sk_json_has(body, "last")) {
        err = sk_json_only(last, last_members);
        if (!err)
            err = sk_json_int(last, "t0", 0, INT64_MAX, &last_t0);
        if (!err)
            err = sk_json_int(last, "t3", 0, INT64_MAX, &t3);
        if (!err)
            clock_sample_add(link, last_t0, t3);
    }
    if (err)
        return err;
    json_t *ok = json_object();
    link->round_t0 = t0;
    link->round_t1 = now_ms;
    link->round_t2 = sk_clock_wall_ms();
    sk_json_set_int(ok, "t0", t0);
    sk_json_set_int(ok, "t1", link->round_t1);
    sk_json_set_int(ok, "t2", link->round_t2);
    json_send(link, WIRE_KEEPALIVE_OK, ok);
    return 0;
}

static int on_status(struct link *link, const json_t *body)
{
    static const char *const members[] = {"uptime_s", "temp_c", "card", "streams", NULL};
    int64_t uptime_s;

    (void)link;
    int err = sk_json_only(body, members);
    return err ? err : sk_json_int(body, "uptime_s", 0, INT64_MAX, &uptime_s);
}

static int on_error(struct link *link, const json_t *body)
{
    int64_t code;

    if (sk_json_int(body, "code", 0, 255, &code))
        return -SK_EINVAL;
    log_warn("device", "camera-error", "device=%s code=%s", link->device,
             wire_code_text((unsigned)code));
    if (code != WIRE_CODE_BUSY)
        link_end(link, "camera-error");
    return 0;
}

/* A sealed note for the owner: kept as it came, acknowledged once it is on disk. */
struct note {
    struct link *link;
    char device[DEVICE_ID_SIZE];
    int64_t boot, wall_ms, received_ms;
    uint32_t seq;
    uint16_t type;
    size_t len;
    int result;
    uint8_t body[];
};

static int note_write(struct store_tx *tx, void *ctx)
{
    const struct note *n = ctx;

    return store_exec(tx, "sealed_event_insert",
                      STORE_ARGS(store_text("device", n->device), store_int("boot", n->boot),
                                 store_int("wall", n->wall_ms), store_int("type", n->type),
                                 store_int("received", n->received_ms),
                                 store_blob("body", n->body, n->len)),
                      NULL);
}

static void note_acknowledge(void *arg)
{
    struct note *n = arg;

    if (n->result) {
        metric_refused("device", "event-storage");
    } else {
        json_t *ok = json_object();
        sk_json_set_int(ok, "seq", n->seq);
        json_send(n->link, WIRE_EVENT_OK, ok);
    }
    link_drop(n->link);
    free(n);
}

static void note_done(void *ctx, int result)
{
    struct note *n = ctx;

    n->result = result;
    net_loop_post(n->link->loop, note_acknowledge, n);
}

static int on_event(struct link *link, uint32_t seq, const uint8_t *body, size_t len)
{
    if (len <= EVENT_HEAD || len > EVENT_HEAD + EVENT_BODY_MAX || sk_get_u16(body + 2) != 0 ||
        sk_get_u16(body) < 1 || sk_get_u16(body) > 6 || sk_get_u64(body + 4) > INT64_MAX)
        return -SK_EINVAL;
    if (registry_note_take(link->device, net_loop_now_ms(link->loop))) {
        metric_refused("device", "event-rate"); /* not acknowledged: the camera will repeat it */
        return 0;
    }
    struct note *n = sk_alloc(sizeof(*n) + len);
    memcpy(n->device, link->device, sizeof(n->device));
    link_ref(link);
    n->link = link;
    n->boot = link->boot_random;
    n->type = sk_get_u16(body);
    n->wall_ms = (int64_t)sk_get_u64(body + 4);
    n->received_ms = sk_clock_wall_ms();
    n->seq = seq;
    n->len = len - EVENT_HEAD;
    memcpy(n->body, body + EVENT_HEAD, n->len);
    if (store_write_async(registry_store(), note_write, note_done, n)) {
        metric_refused("device", "event-busy"); /* not acknowledged: the camera will repeat it */
        link_drop(link);
        free(n);
    }
    return 0;
}

static const struct {
    enum wire_netip_id id;
    int (*handle)(struct link *link, const json_t *body);
} json_messages[] = {
    {WIRE_HELLO, on_hello},
    {WIRE_KEEPALIVE, on_keepalive},
    {WIRE_STATUS, on_status},
    {WIRE_ERROR, on_error},
};

static int json_handle(struct link *link, uint16_t id, const uint8_t *body, size_t len)
{
    json_t *parsed;
    int err = sk_json_parse(&parsed, body, len);

    if (err)
        return err;
    err = -SK_EUNSUPPORTED;
    for (size_t i = 0; i < sizeof(json_messages) / sizeof(*json_messages); i++)
        if (json_messages[i].id == id)
            err = json_messages[i].handle(link, parsed);
    json_decref(parsed);
    return err;
}

/* Messages other than SIGNAL are few by nature: a bucket keeps a mad camera from filling disks. */
static int control_allowed(struct link *link)
{
    int64_t now_ms = net_loop_now_ms(link->loop);
    int64_t earned = (now_ms - link->bucket_ms) * CONTROL_PER_S / 1000;

    if (earned > 0) {
        uint64_t level = (uint64_t)link->bucket + (uint64_t)earned;
        link->bucket = level > CONTROL_BURST ? CONTROL_BURST : (uint32_t)level;
        link->bucket_ms = now_ms;
    }
    if (link->bucket == 0)
        return 0;
    link->bucket--;
    return 1;
}

static void frame_handle(struct link *link, const struct wire_netip_head *h, const uint8_t *body)
{
    int err;

    if (link->state == LINK_NEW && h->id != WIRE_HELLO) {
        error_send(link, WIRE_CODE_MALFORMED, h->id, "no-hello");
        return;
    }
    if (h->id == WIRE_SIGNAL) {
        err = signal_from_device(link->device, body, h->len);
    } else if (!control_allowed(link)) {
        error_send(link, WIRE_CODE_LIMIT, h->id, "rate");
        return;
    } else if (h->id == WIRE_EVENT) {
        err = on_event(link, h->seq, body, h->len);
    } else {
        err = json_handle(link, h->id, body, h->len);
    }
    if (err)
        error_send(link, err == -SK_EVERSION ? WIRE_CODE_VERSION : WIRE_CODE_MALFORMED, h->id,
                   "malformed");
}

static int head_check(struct link *link, const struct wire_netip_head *h)
{
    uint32_t session = link->state == LINK_NEW ? 0 : link->id;

    if (wire_netip_check(h, WIRE_FROM_CAMERA) || h->session != session) {
        error_send(link, WIRE_CODE_MALFORMED, h->id, "malformed");
        return -SK_EINVAL;
    }
    if (h->seq != link->seq_in) {
        int replay = (int32_t)(h->seq - link->seq_in) < 0;
        error_send(link, replay ? WIRE_CODE_REPLAY : WIRE_CODE_GAP, h->id,
                   replay ? "replay" : "gap");
        return -SK_EREPLAY;
    }
    link->seq_in++;
    return 0;
}

/* Eats whole frames off the front; returns the bytes eaten. */
static size_t frames_eat(struct link *link, const uint8_t *data, size_t len)
{
    size_t used = 0;

    while (link->state != LINK_CLOSING && len - used >= WIRE_NETIP_HEAD_BYTES) {
        struct wire_netip_head h;
        if (wire_netip_decode(&h, data + used)) {
            error_send(link, WIRE_CODE_MALFORMED, 0, "malformed");
            break;
        }
        if (len - used - WIRE_NETIP_HEAD_BYTES < h.len)
            break;
        if (head_check(link, &h))
            break;
        frame_handle(link, &h, data + used + WIRE_NETIP_HEAD_BYTES);
        used += WIRE_NETIP_HEAD_BYTES + h.len;
    }
    return used;
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct link *link = net_stream_user(s);

    if (link->state == LINK_CLOSING)
        return;
    if (link->state == LINK_UP)
        net_stream_set_read_deadline(s, net_loop_now_ms(link->loop) + IDLE_MS);
    if (link->in.len == 0) {
        size_t used = frames_eat(link, data, len);
        data += used;
        len -= used;
    }
    if (len == 0 || link->state == LINK_CLOSING)
        return;
    if (sk_buf_add(&link->in, data, len)) {
        error_send(link, WIRE_CODE_LIMIT, 0, "too-large");
        return;
    }
    sk_buf_consume(&link->in, frames_eat(link, link->in.data, link->in.len));
    if (link->in.len == 0)
        sk_buf_fini(&link->in); /* an idle link holds no buffer */
}

static void on_close(struct net_stream *s, int reason)
{
    struct link *link = net_stream_user(s);
    const char *cause = link->cause              ? link->cause
                        : reason == -SK_ETIMEOUT ? "timeout"
                        : reason                 ? "cut"
                                                 : "closed";

    if (reason == -SK_ECRYPTO)
        metric_refused("device", "tls-record");
    else if (reason == -SK_ETIMEOUT && link->state == LINK_NEW)
        metric_refused("device", "slow-hello");
    link->stream = NULL;
    link->state = LINK_CLOSING;
    registry_offline(link->device, link, cause, sk_clock_wall_ms());
    link_drop(link);
}

static const struct net_stream_ops link_ops = {.on_data = on_data, .on_close = on_close};

int link_take(void *ctx, struct net_stream *stream, const struct edge_peer *peer)
{
    struct link *link = sk_alloc(sizeof(*link));

    (void)ctx;
    if (sk_copy(link->device, sizeof(link->device), peer->device) ||
        sk_copy(link->source, sizeof(link->source), peer->source) || !link->device[0]) {
        free(link);
        return -SK_EINVAL;
    }
    atomic_init(&link->refs, 1);
    link->loop = net_stream_loop(stream);
    link->stream = stream;
    link->bucket = CONTROL_BURST;
    link->bucket_ms = net_loop_now_ms(link->loop);
    do
        link->id = sk_random_u32();
    while (link->id == 0);
    sk_buf_init(&link->in, 2 * (WIRE_NETIP_HEAD_BYTES + WIRE_NETIP_BODY_MAX));
    net_stream_set_ops(stream, &link_ops, link);
    net_stream_set_queue_cap(stream, QUEUE_MAX);
    net_stream_set_record_max(stream, RECORD_MAX);
    net_stream_set_read_deadline(stream, net_loop_now_ms(link->loop) + HELLO_MS);
    return 0;
}
