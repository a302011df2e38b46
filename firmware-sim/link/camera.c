#include "firmware-sim/link/camera.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "firmware-sim/link/internal.h"

enum {
    FRAGMENT_MAX = 4 << 20,
    UPLINK_QUEUE_MAX = 4 << 20,
    SESSIONS_MAX = 256,
    TICKET_TEXT_MAX = 512,
    RECORD_MAX = 2048
};

/* Not the loop's time: encoding takes so long that a turn's beginning is no good clock. */
int64_t sim_now(void)
{
    return sk_clock_mono_ms();
}

int64_t sim_wall(const struct sim_camera *c)
{
    return sk_clock_wall_ms() + c->o.trouble.skew_ms;
}

static void camera_pump(struct sim_camera *c);

void sim_pump_soon(struct sim_camera *c)
{
    if (!c->is_ending)
        net_timer_set_in(&c->timer, 0);
}

/* ---- sealed side ----------------------------------------------------------------------------- */

static void on_signal_out(void *user, const uint8_t *envelope, size_t len)
{
    struct sim_camera *c = user;

    if (c->is_up && sdk_devlink_signal(&c->devlink, envelope, len))
        log_warn("camera", "signal-lost", "device=%s", c->o.vault->device);
}

static void on_frame_out(void *user, const uint8_t *frame, size_t len)
{
    struct sim_camera *c = user;

    if (c->media && net_stream_write(c->media, frame, len))
        log_warn("camera", "frame-lost", "device=%s", c->o.vault->device);
}

static int on_save(void *user, const uint8_t *state, size_t len)
{
    struct sim_camera *c = user;

    return vault_save_state(c->o.vault, state, len);
}

static void on_sealed_event(void *user, const char *what)
{
    struct sim_camera *c = user;

    log_debug("camera", "sealed", "device=%s what=%s", c->o.vault->device, what);
}

static const struct sdk_play_ops play_ops = {.find = play_on_find,
                                             .open = play_on_open,
                                             .seek = play_on_seek,
                                             .speed = play_on_speed,
                                             .next = play_on_next,
                                             .close = play_on_close};
static const struct sdk_camera_ops sealed_ops = {.signal = on_signal_out,
                                                 .frame = on_frame_out,
                                                 .save = on_save,
                                                 .stream_start = flow_on_start,
                                                 .stream_stop = flow_on_stop,
                                                 .stream_keyframe = flow_on_keyframe,
                                                 .event = on_sealed_event,
                                                 .snap = flow_on_snap,
                                                 .talk = flow_on_talk,
                                                 .ptz = flow_on_ptz,
                                                 .play = &play_ops};

/* ---- media uplink ---------------------------------------------------------------------------- */

static void media_write(void *user, const uint8_t *data, size_t len)
{
    struct sim_camera *c = user;

    if (c->media && net_stream_write(c->media, data, len))
        net_stream_abort(c->media, -SK_ELIMIT);
}

static void on_media_ready(void *user)
{
    struct sim_camera *c = user;

    sdk_camera_uplink(c->sealed, 1, sim_now());
    sim_pump_soon(c);
}

static void on_media_keyreq(void *user, uint32_t stream)
{
    struct sim_camera *c = user;

    sdk_camera_on_keyreq(c->sealed, stream, sim_now());
    sim_pump_soon(c);
}

static void on_media_talk(void *user, const uint8_t *frame, size_t len)
{
    struct sim_camera *c = user;

    sdk_camera_on_talk(c->sealed, frame, len, sim_now());
}

static void on_media_credit(void *user, uint32_t stream, uint32_t bytes)
{
    struct sim_camera *c = user;

    sdk_camera_on_credit(c->sealed, stream, bytes, sim_now());
    sim_pump_soon(c);
}

static void on_media_cut(void *user, unsigned reason)
{
    struct sim_camera *c = user;

    log_debug("camera", "uplink-cut", "device=%s reason=%u", c->o.vault->device, reason);
}

static const struct sdk_uplink_ops uplink_ops = {.send = media_write,
                                                 .ready = on_media_ready,
                                                 .keyreq = on_media_keyreq,
                                                 .cut = on_media_cut,
                                                 .talk = on_media_talk,
                                                 .credit = on_media_credit};

static void on_media_open_stream(struct net_stream *s, const struct tls_peer *peer)
{
    struct sim_camera *c = net_stream_user(s);

    (void)peer;
    if (!c->media_ticket || sdk_uplink_start(&c->uplink, c->media_ticket, sim_now()))
        net_stream_abort(s, -SK_EINVAL);
    sim_pump_soon(c);
}

static void on_media_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct sim_camera *c = net_stream_user(s);

    if (sdk_uplink_input(&c->uplink, data, len, sim_now()))
        net_stream_close(s, 0);
    sim_pump_soon(c);
}

static void on_media_closed(struct net_stream *s, int reason)
{
    struct sim_camera *c = net_stream_user(s);

    (void)reason;
    c->media = NULL;
    sdk_uplink_stop(&c->uplink);
    if (c->media_ticket)
        sk_wipe(c->media_ticket, strlen(c->media_ticket));
    free(c->media_ticket);
    c->media_ticket = NULL;
    if (c->sealed)
        sdk_camera_uplink(c->sealed, 0, sim_now());
    sim_pump_soon(c);
}

static const struct net_stream_ops media_stream_ops = {
    .on_open = on_media_open_stream, .on_data = on_media_data, .on_close = on_media_closed};

static void media_connect(struct sim_camera *c, const struct sdk_media_open *m)
{
    struct net_connect_options o = {.host = c->o.box->host, /* the box it knows, nobody else's */
                                    .port = m->port,
                                    .tls = c->o.box->media,
                                    .queue_cap_bytes = UPLINK_QUEUE_MAX,
                                    .ops = &media_stream_ops,
                                    .user = c};

    if (c->media || strlen(m->ticket) > TICKET_TEXT_MAX)
        return;
    c->media_ticket = sk_strdup(m->ticket);
    sdk_uplink_init(&c->uplink, &uplink_ops, c);
    if (net_stream_connect(&c->media, c->loop, &o)) {
        free(c->media_ticket);
        c->media_ticket = NULL;
        c->media = NULL;
    }
}

/* ---- device link ----------------------------------------------------------------------------- */

static void link_write(void *user, const uint8_t *data, size_t len)
{
    struct sim_camera *c = user;

    if (c->link && net_stream_write(c->link, data, len))
        net_stream_abort(c->link, -SK_ELIMIT);
}

static void on_link_ready(void *user, int64_t wall_ms)
{
    struct sim_camera *c = user;

    c->is_up = 1;
    c->attempt = 0;
    if (c->o.trouble.drop_every_ms)
        c->drop_at_ms = sim_now() + c->o.trouble.drop_every_ms / 2 +
                        sk_random_below((uint32_t)c->o.trouble.drop_every_ms + 1);
    sdk_camera_set_wall(c->sealed, wall_ms, sim_now());
    if (c->o.on_link)
        c->o.on_link(c->o.ctx, 1);
}

static void on_link_signal(void *user, const uint8_t *envelope, size_t len)
{
    struct sim_camera *c = user;

    sdk_camera_on_envelope(c->sealed, envelope, len, sim_now());
}

static void on_link_media_open(void *user, const struct sdk_media_open *m)
{
    media_connect(user, m);
}

static void on_link_media_close(void *user, unsigned reason)
{
    struct sim_camera *c = user;

    (void)reason;
    if (c->media)
        net_stream_close(c->media, 0);
}

static void on_link_notice(void *user, const char *kind, const char *account, uint32_t after_s)
{
    struct sim_camera *c = user;

    (void)after_s;
    if (strcmp(kind, "revoke") == 0)
        sdk_camera_on_revoke(c->sealed, account, sim_now());
}

static void on_link_clock(void *user, int64_t wall_ms, int64_t rtt_ms)
{
    struct sim_camera *c = user;

    (void)rtt_ms;
    sdk_camera_set_wall(c->sealed, wall_ms, sim_now());
}

static void on_link_error(void *user, unsigned code, uint32_t retry_ms)
{
    struct sim_camera *c = user;

    log_warn("camera", "link-error", "device=%s code=%u retry_ms=%u", c->o.vault->device, code,
             retry_ms);
}

static const struct sdk_devlink_ops devlink_ops = {.send = link_write,
                                                   .ready = on_link_ready,
                                                   .signal = on_link_signal,
                                                   .media_open = on_link_media_open,
                                                   .media_close = on_link_media_close,
                                                   .notice = on_link_notice,
                                                   .clock = on_link_clock,
                                                   .error = on_link_error};

static void ticket_keep(struct sim_camera *c)
{
    struct sk_buf *ticket = &c->o.vault->ticket;
    struct sk_buf fresh;

    sk_buf_init(&fresh, ticket->max);
    if (net_stream_ticket(&fresh, c->link) == 0) {
        sk_buf_fini_wipe(ticket);
        *ticket = fresh;
        if (c->o.keep_tickets && vault_save_ticket(c->o.vault))
            log_warn("camera", "ticket-lost", "device=%s", c->o.vault->device);
    } else {
        sk_buf_fini_wipe(&fresh);
    }
}

static void on_link_open(struct net_stream *s, const struct tls_peer *peer)
{
    static const char *const caps[] = {"live-main", "live-sub", "listen",   "talk",
                                       "snapshot",  "ptz",      "playback", NULL};
    static const char *const caps_fixed[] = {"live-main", "live-sub", "listen",
                                             "talk",      "snapshot", NULL};
    struct sim_camera *c = net_stream_user(s);
    struct sdk_devlink_hello hello = {.model = c->o.model,
                                      .hw = "sim-1",
                                      .fw = c->o.firmware,
                                      .fw_counter = 1,
                                      .caps = cam_source_may_turn(c->source) ? caps : caps_fixed};

    (void)peer;
    net_stream_set_record_max(s, RECORD_MAX);
    sdk_camera_boot_id(c->sealed, hello.boot);
    sdk_camera_seal_key(c->sealed, hello.seal);
    ticket_keep(c);
    if (sdk_devlink_start(&c->devlink, &hello, sim_now()))
        net_stream_abort(s, -SK_EINVAL);
    sim_pump_soon(c);
}

static void on_link_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct sim_camera *c = net_stream_user(s);

    if (sdk_devlink_input(&c->devlink, data, len, sim_now()))
        net_stream_close(s, 0);
    sim_pump_soon(c);
}

static void on_link_closed(struct net_stream *s, int reason)
{
    struct sim_camera *c = net_stream_user(s);
    int was_up = c->is_up;

    c->link = NULL;
    c->is_up = 0;
    sdk_devlink_stop(&c->devlink);
    if (c->is_ending)
        return;
    if (reason)
        log_debug("camera", "link-down", "device=%s reason=%s", c->o.vault->device,
                  sk_error_text(reason));
    if (was_up) {
        sdk_camera_link_lost(c->sealed, sim_now());
        if (c->o.on_link)
            c->o.on_link(c->o.ctx, 0);
    }
    c->connect_at_ms = sim_now() + sdk_backoff_ms(c->attempt++, sk_random_u32());
    sim_pump_soon(c);
}

static const struct net_stream_ops link_stream_ops = {
    .on_open = on_link_open, .on_data = on_link_data, .on_close = on_link_closed};

static void link_connect(struct sim_camera *c)
{
    struct net_connect_options o = {.host = c->o.box->host,
                                    .port = c->o.box->port,
                                    .ticket = c->o.vault->ticket.data,
                                    .ticket_len = c->o.vault->ticket.len,
                                    .deadline_ms = 20000,
                                    .ops = &link_stream_ops,
                                    .user = c};

    c->connect_at_ms = INT64_MAX;
    if (!c->tls && box_tls_device(c->o.box, &c->o.vault->cert, &c->o.vault->key, &c->tls)) {
        log_error("camera", "identity", "device=%s", c->o.vault->device);
        return;
    }
    o.tls = c->tls;
    if (net_stream_connect(&c->link, c->loop, &o)) {
        c->link = NULL;
        c->connect_at_ms = sim_now() + sdk_backoff_ms(c->attempt++, sk_random_u32());
    }
}

/* ---- the pump: everything that is due ------------------------------------------------------- */

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t links_run(struct sim_camera *c)
{
    int64_t next = INT64_MAX, now_ms = sim_now(), at;

    if (!c->link && now_ms >= c->connect_at_ms)
        link_connect(c);
    if (!c->link)
        next = c->connect_at_ms;
    if (c->is_up && c->drop_at_ms && now_ms >= c->drop_at_ms) {
        c->drop_at_ms = 0;
        net_stream_abort(c->link, -SK_ECLOSED);
        return 0;
    }
    if (c->is_up && c->drop_at_ms)
        next = earliest(next, c->drop_at_ms);
    if (c->link && c->devlink.state != SDK_LINK_DOWN) {
        if (sdk_devlink_tick(&c->devlink, now_ms, &at))
            net_stream_abort(c->link, -SK_ETIMEOUT);
        else
            next = earliest(next, at);
    }
    if (c->media && c->uplink.is_started) {
        if (sdk_uplink_tick(&c->uplink, now_ms, &at))
            net_stream_abort(c->media, -SK_ETIMEOUT);
        else
            next = earliest(next, at);
    }
    return next;
}

static void camera_pump(struct sim_camera *c)
{
    int64_t next = links_run(c);

    next = earliest(next, flows_run(c));
    next = earliest(next, sdk_camera_tick(c->sealed, sim_now()));
    next = earliest(next, plays_run(c)); /* what the tick asked for */
    if (next != INT64_MAX) {
        int64_t in_ms = next - sim_now();
        net_timer_set_in(&c->timer, in_ms > 0 ? in_ms : 0);
    }
}

static void on_timer(struct net_timer *t, void *arg)
{
    (void)t;
    camera_pump(arg);
}

int sim_camera_new(struct sim_camera **out, struct net_loop *loop, const struct sim_options *o)
{
    struct sim_camera *c = sk_alloc(sizeof(*c));
    char reason[CAM_REASON_CAP];
    struct sdk_camera_options so = {.device = o->vault->device,
                                    .label_code = o->label_code,
                                    .state = o->vault->state.len ? o->vault->state.data : NULL,
                                    .state_len = o->vault->state.len,
                                    .model = o->model,
                                    .firmware = o->firmware,
                                    .info_note = o->info_note,
                                    .sessions_max = SESSIONS_MAX};

    c->loop = loop;
    c->o = *o;
    sk_buf_init(&c->fragment, FRAGMENT_MAX);
    ptz_init(&c->head);
    c->shown = c->head.at;
    ptz_presets_decode(&c->head, o->vault->presets.data, o->vault->presets.len);
    sdk_devlink_init(&c->devlink, &devlink_ops, c);
    c->devlink.clock_offset_ms = o->trouble.skew_ms;
    sdk_uplink_init(&c->uplink, &uplink_ops, c);
    net_timer_init(&c->timer, loop, on_timer, c);
    int err = cam_source_open(&o->source, &c->source, reason);
    c->card = (struct cam_card){.source = c->source, .seed = o->source.seed};
    if (err)
        log_error("camera", "source", "reason=\"%s\"", reason);
    else
        err = sdk_camera_new(&c->sealed, &so, &sealed_ops, c, sim_now());
    if (err) {
        sim_camera_free(c);
        return err;
    }
    c->connect_at_ms = sim_now() + o->first_connect_ms;
    c->budget_ms = sim_now();
    net_timer_set_in(&c->timer, o->first_connect_ms);
    *out = c;
    return 0;
}

void sim_camera_free(struct sim_camera *c)
{
    if (!c)
        return;
    c->is_ending = 1;
    net_timer_cancel(&c->timer);
    if (c->media)
        net_stream_abort(c->media, 0);
    if (c->link)
        net_stream_abort(c->link, 0);
    sdk_devlink_stop(&c->devlink);
    sdk_uplink_stop(&c->uplink);
    sdk_camera_free(&c->sealed);
    plays_close(c);
    cam_mic_close(&c->mic);
    cam_source_close(&c->source);
    tls_config_drop(c->tls);
    sk_buf_fini_wipe(&c->fragment);
    free(c);
}

void sim_camera_button(struct sim_camera *c)
{
    sdk_camera_button(c->sealed, sim_now());
}
