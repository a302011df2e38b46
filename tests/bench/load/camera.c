#include "tests/bench/load/camera.h"

#include <string.h>

#include "base/sys.h"
#include "crypto/tls.h"
#include "net/stream.h"
#include "wire/envelope.h"

enum { RECORD_MAX = 2048, CONNECT_MS = 30000, SEAL_POINT = 4 };

static void later(struct bench_camera *c)
{
    net_timer_set_in(&c->timer, sdk_backoff_ms(c->attempt++, sk_random_u32()));
}

/* ---- device link ----------------------------------------------------------------------------- */

static void link_send(void *user, const uint8_t *data, size_t len)
{
    struct bench_camera *c = user;

    if (c->stream && net_stream_write(c->stream, data, len))
        net_stream_abort(c->stream, -SK_ELIMIT);
}

static void link_ready(void *user, int64_t wall_ms)
{
    struct bench_camera *c = user;

    (void)wall_ms;
    c->is_up = 1;
    c->attempt = 0;
    c->ops->up(c, c->is_resumed);
}

/* One answer for each envelope, in order: so the sequence number of the one fits the other. */
static void link_signal(void *user, const uint8_t *data, size_t len)
{
    struct bench_camera *c = user;
    struct wire_envelope e;
    uint8_t out[WIRE_ENVELOPE_MAX];
    size_t out_len;

    if (wire_envelope_decode(&e, data, len) || e.type != WIRE_ENVELOPE_BODY)
        return;
    e.account_len = 0;
    if (wire_envelope_encode(out, sizeof(out), &out_len, &e) ||
        sdk_devlink_signal(&c->link, out, out_len))
        net_stream_abort(c->stream, -SK_EINVAL);
    c->echoed++;
}

static void link_media_open(void *user, const struct sdk_media_open *m)
{
    struct bench_camera *c = user;

    if (c->ops->media_open)
        c->ops->media_open(c, m);
}

static void link_media_close(void *user, unsigned reason)
{
    (void)user;
    (void)reason;
}

static void link_notice(void *user, const char *kind, const char *account, uint32_t after_s)
{
    (void)user;
    (void)kind;
    (void)account;
    (void)after_s;
}

static const struct sdk_devlink_ops link_ops = {.send = link_send,
                                                .ready = link_ready,
                                                .signal = link_signal,
                                                .media_open = link_media_open,
                                                .media_close = link_media_close,
                                                .notice = link_notice};

/* ---- connection ------------------------------------------------------------------------------ */

static void timer_update(struct bench_camera *c)
{
    int64_t at_ms;

    if (!c->stream || c->link.state == SDK_LINK_DOWN)
        return;
    if (sdk_devlink_tick(&c->link, net_loop_now_ms(c->loop), &at_ms))
        net_stream_abort(c->stream, -SK_ETIMEOUT);
    else if (at_ms != INT64_MAX)
        net_timer_set(&c->timer, at_ms);
}

static void on_open(struct net_stream *s, const struct tls_peer *peer)
{
    struct bench_camera *c = net_stream_user(s);
    struct sdk_devlink_hello hello = {.model = "Load", .hw = "load-1", .fw = "1", .fw_counter = 1};
    struct sk_buf fresh;

    net_stream_set_record_max(s, RECORD_MAX);
    c->is_resumed = peer->resumed;
    sk_buf_init(&fresh, TLS_TICKET_MAX);
    if (net_stream_ticket(&fresh, s) == 0) {
        sk_buf_fini_wipe(&c->vault.ticket);
        c->vault.ticket = fresh;
    }
    hello.seal[0] = SEAL_POINT;
    sk_random(hello.seal + 1, sizeof(hello.seal) - 1);
    sk_random(hello.boot, sizeof(hello.boot));
    if (sdk_devlink_start(&c->link, &hello, net_loop_now_ms(c->loop)))
        net_stream_abort(s, -SK_EINVAL);
    timer_update(c);
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct bench_camera *c = net_stream_user(s);
    int was_up = c->is_up;

    if (sdk_devlink_input(&c->link, data, len, net_loop_now_ms(c->loop)))
        net_stream_close(s, 0);
    else if (!was_up)
        timer_update(c);
}

static void on_close(struct net_stream *s, int reason)
{
    struct bench_camera *c = net_stream_user(s);
    int was_up = c->is_up;

    c->stream = NULL;
    c->is_up = 0;
    sdk_devlink_stop(&c->link);
    if (c->is_ending)
        return;
    c->ops->down(c, was_up, reason);
    later(c);
}

static const struct net_stream_ops stream_ops = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void camera_connect(struct bench_camera *c)
{
    struct net_connect_options o = {.host = c->box->host,
                                    .port = c->box->port,
                                    .tls = c->tls,
                                    .deadline_ms = CONNECT_MS,
                                    .ops = &stream_ops,
                                    .user = c};

    if (!c->is_without_ticket) {
        o.ticket = c->vault.ticket.data;
        o.ticket_len = c->vault.ticket.len;
    }
    int err = net_stream_connect(&c->stream, c->loop, &o);
    if (err) {
        c->stream = NULL;
        c->ops->down(c, 0, err);
        later(c);
    }
}

static void on_timer(struct net_timer *t, void *arg)
{
    struct bench_camera *c = arg;

    (void)t;
    if (c->stream)
        timer_update(c);
    else
        camera_connect(c);
}

/* ---- life ------------------------------------------------------------------------------------ */

int bench_camera_open(struct bench_camera *c, const char *dir, unsigned number)
{
    int err = vault_open(&c->vault, dir, number);

    sdk_devlink_init(&c->link, &link_ops, c);
    if (!err && (!c->vault.device[0] || !c->vault.cert.len || !c->vault.key.len))
        err = -SK_ENOTFOUND;
    if (!err) /* takes 2 ms: not while the clock runs */
        err = box_tls_device(c->box, &c->vault.cert, &c->vault.key, &c->tls);
    sk_buf_fini_wipe(&c->vault.state); /* the sealed side is not played here */
    return err;
}

void bench_camera_start(struct bench_camera *c, int64_t in_ms)
{
    net_timer_init(&c->timer, c->loop, on_timer, c);
    net_timer_set_in(&c->timer, in_ms);
}

void bench_camera_close(struct bench_camera *c)
{
    c->is_ending = 1;
    if (c->loop)
        net_timer_cancel(&c->timer);
    if (c->stream)
        net_stream_abort(c->stream, 0);
    sdk_devlink_stop(&c->link);
    tls_config_drop(c->tls);
    vault_close(&c->vault);
}
