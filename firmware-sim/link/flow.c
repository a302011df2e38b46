/* What the simulated camera sees, hears and does: streams while somebody wants them, single
 * pictures, the head. */
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "firmware-sim/link/internal.h"

enum {
    INIT_MAX = 64 * 1024,
    JPEG_MAX = 4 << 20,
    CONGESTED_BYTES = 1 << 20, /* queued on the uplink: leave pictures out */
    READY_WAIT_MS = 500,       /* for the uplink, before a stream is declared ready */
    HEAD_STEP_MS = 40,
    TICKS_PER_MS = 90
};

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum cam_stream lens_of(enum sdk_stream which)
{
    return which == SDK_STREAM_MAIN ? CAM_STREAM_MAIN : CAM_STREAM_SUB;
}

/* The PTS of this moment on the camera's one timeline. */
static uint64_t timeline(const struct flow *f, int64_t now_ms)
{
    return f->origin + (uint64_t)(now_ms - f->origin_ms) * TICKS_PER_MS;
}

static void source_stop(struct sim_camera *c, enum sdk_stream which)
{
    if (which == SDK_STREAM_AUDIO)
        cam_mic_close(&c->mic);
    else
        cam_source_stop(c->source, lens_of(which));
    c->flows[which].is_asked = c->flows[which].is_ready = 0;
}

static void flow_fail(struct sim_camera *c, enum sdk_stream which, int err)
{
    log_warn("camera", "stream-failed", "device=%s reason=%s", c->o.vault->device,
             sk_error_text(err));
    source_stop(c, which);
    sdk_camera_stream_failed(c->sealed, which, sim_now());
}

static int mic_start(struct sim_camera *c, struct sk_buf *init)
{
    struct cam_mic_options o = {.scene = cam_source_scene(c->source),
                                .seed = c->o.source.seed,
                                .has_marker = c->o.source.has_marker};

    _Static_assert(CAM_MIC_MARKER_LEN == CAM_MARKER_LEN, "one marker");
    memcpy(o.marker, c->o.source.marker, sizeof(o.marker));
    int err = cam_mic_open(&o, &c->mic);
    return err ? err : cam_mic_init_segment(c->mic, init);
}

/* Start the encoder and tell the sealed side what it makes. */
static void flow_ready(struct sim_camera *c, enum sdk_stream which)
{
    struct flow *f = &c->flows[which];
    struct sk_buf init;
    int err;

    sk_buf_init(&init, INIT_MAX);
    if (which == SDK_STREAM_AUDIO) {
        err = mic_start(c, &init);
    } else {
        err = cam_source_start(c->source, lens_of(which), sim_now());
        if (!err)
            err = cam_source_init_segment(c->source, lens_of(which), &init);
    }
    if (!err) {
        const char *codec = which == SDK_STREAM_AUDIO ? cam_mic_codec(c->mic)
                                                      : cam_source_codec(c->source, lens_of(which));
        err = sdk_camera_stream_ready(c->sealed, which, codec, timeline(f, sim_now()), sim_wall(c),
                                      init.data, init.len, sim_now());
    }
    sk_buf_fini(&init);
    if (err)
        flow_fail(c, which, err);
    else
        f->is_ready = 1;
}

/* The bytes that the simulated line still carries now; without a limit: plenty. */
static int line_takes(struct sim_camera *c, size_t len)
{
    int64_t bps = c->o.trouble.uplink_bps, now_ms = sim_now();

    if (net_stream_queued(c->media) > CONGESTED_BYTES)
        return 0;
    if (bps == 0)
        return 1;
    c->budget_bytes += (now_ms - c->budget_ms) * bps / 8000;
    c->budget_ms = now_ms;
    if (c->budget_bytes > bps / 8)
        c->budget_bytes = bps / 8;
    if (c->budget_bytes < (int64_t)len)
        return 0;
    c->budget_bytes -= (int64_t)len;
    return 1;
}

static int picture_pass(struct sim_camera *c, enum sdk_stream which, const struct cam_unit *unit,
                        int64_t now_ms)
{
    struct flow *f = &c->flows[which];

    if (!line_takes(c, unit->len)) {
        f->force_key = 1; /* what follows a lost unit must begin anew */
        return 0;
    }
    if (f->sequence == 0)
        f->base = timeline(f, now_ms) - unit->pts_90k;
    sk_buf_reset(&c->fragment);
    int err = cam_source_fragment(unit, f->base, ++f->sequence, &c->fragment);
    if (!err)
        err =
            sdk_camera_unit(c->sealed, which, unit->is_key, unit->is_disc, f->base + unit->pts_90k,
                            c->fragment.data, c->fragment.len, sim_now());
    return err == -SK_ELIMIT ? 0 : err;
}

static int64_t picture_run(struct sim_camera *c, enum sdk_stream which)
{
    struct flow *f = &c->flows[which];
    int64_t now_ms = sim_now();
    struct cam_unit unit;

    int err =
        cam_source_next(c->source, lens_of(which), now_ms, sim_wall(c), f->force_key != 0, &unit);
    if (!err && unit.data && unit.is_key)
        f->force_key = 0;
    if (!err && unit.data && !f->force_key)
        err = picture_pass(c, which, &unit, now_ms);
    if (err) {
        flow_fail(c, which, err);
        return INT64_MAX;
    }
    return cam_source_deadline_ms(c->source, lens_of(which));
}

static int64_t sound_run(struct sim_camera *c)
{
    int64_t now_ms = sim_now();
    struct cam_mic_unit unit;

    int err = cam_mic_next(c->mic, now_ms, sim_wall(c),
                           timeline(&c->flows[SDK_STREAM_AUDIO], now_ms), &unit);
    if (!err && unit.data && line_takes(c, unit.len))
        err = sdk_camera_unit(c->sealed, SDK_STREAM_AUDIO, 1, unit.is_disc, unit.pts_90k, unit.data,
                              unit.len, sim_now());
    if (err && err != -SK_ELIMIT) {
        flow_fail(c, SDK_STREAM_AUDIO, err);
        return INT64_MAX;
    }
    return cam_mic_deadline_ms(c->mic);
}

/* Encode and send what is due of one stream; returns when its next unit is. */
static int64_t flow_run(struct sim_camera *c, enum sdk_stream which)
{
    struct flow *f = &c->flows[which];

    if (!f->is_asked)
        return INT64_MAX;
    if (!f->is_ready) {
        if (!c->uplink.is_up && sim_now() < f->ready_by_ms)
            return f->ready_by_ms;
        flow_ready(c, which);
    }
    if (!f->is_ready || !c->media || !sdk_camera_stream_wanted(c->sealed, which))
        return INT64_MAX;
    return which == SDK_STREAM_AUDIO ? sound_run(c) : picture_run(c, which);
}

/* ---- what the sealed side asks --------------------------------------------------------------- */

int flow_on_start(void *user, enum sdk_stream which, uint64_t origin)
{
    struct sim_camera *c = user;
    int64_t now_ms = sim_now();

    c->flows[which] = (struct flow){.origin = origin,
                                    .origin_ms = now_ms,
                                    .is_asked = 1,
                                    .ready_by_ms = now_ms + READY_WAIT_MS};
    sim_pump_soon(c);
    return 0;
}

void flow_on_stop(void *user, enum sdk_stream which)
{
    source_stop(user, which);
}

void flow_on_keyframe(void *user, enum sdk_stream which)
{
    struct sim_camera *c = user;

    c->flows[which].force_key = which != SDK_STREAM_AUDIO;
    sim_pump_soon(c);
}

/* Drawing and encoding take their time: not inside the command. */
void flow_on_snap(void *user, uint32_t number)
{
    struct sim_camera *c = user;

    for (unsigned i = 0; i < SNAPS_WAITING_MAX; i++)
        if (c->snaps[i] == 0) {
            c->snaps[i] = number;
            sim_pump_soon(c);
            return;
        }
}

/* The loudspeaker is simulated: it makes no noise. `info` says how much was heard. */
void flow_on_talk(void *user, uint64_t pts, const uint8_t *data, size_t len)
{
    const struct sim_camera *c = user;

    (void)pts;
    (void)data;
    log_debug("camera", "talk", "device=%s bytes=%zu", c->o.vault->device, len);
}

static void snaps_take(struct sim_camera *c)
{
    for (unsigned i = 0; i < SNAPS_WAITING_MAX; i++) {
        uint32_t number = c->snaps[i];
        unsigned width, height;
        struct sk_buf jpeg;

        if (number == 0)
            continue;
        c->snaps[i] = 0;
        sk_buf_init(&jpeg, JPEG_MAX);
        int err = cam_source_snapshot(c->source, sim_wall(c), &jpeg, &width, &height);
        if (err)
            sdk_camera_snap_failed(c->sealed, number, sim_now());
        else
            err = sdk_camera_snap_ready(c->sealed, number, width, height, jpeg.data, jpeg.len,
                                        sim_now());
        if (err)
            log_debug("camera", "snapshot", "device=%s reason=%s", c->o.vault->device,
                      sk_error_text(err));
        sk_buf_fini_wipe(&jpeg);
    }
}

/* ---- the head -------------------------------------------------------------------------------- */

static int presets_keep(struct sim_camera *c)
{
    uint8_t data[PTZ_PRESETS_BYTES];

    ptz_presets_encode(&c->head, data);
    return vault_save_presets(c->o.vault, data, sizeof(data)) ? -SK_ESTORAGE : 0;
}

int flow_on_ptz(void *user, const struct sdk_ptz *p)
{
    struct sim_camera *c = user;
    struct ptz_head before = c->head;

    if (!cam_source_may_turn(c->source))
        return -SK_EUNSUPPORTED; /* a film does not turn */
    int err = ptz_command(&c->head, p, sim_now());
    if (!err && p->kind == SDK_PTZ_SET) {
        err = presets_keep(c);
        if (err)
            c->head = before;
    }
    sim_pump_soon(c);
    return err;
}

static int64_t head_run(struct sim_camera *c)
{
    int moves = ptz_run(&c->head, sim_now());
    const struct ptz_place *at = &c->head.at;

    if (at->pan != c->shown.pan || at->tilt != c->shown.tilt || at->zoom != c->shown.zoom) {
        c->shown = *at;
        cam_source_window(c->source, ptz_window(&c->head));
        sdk_camera_ptz_at(c->sealed, (double)at->pan, (double)at->tilt, (double)at->zoom);
    }
    return moves ? sim_now() + HEAD_STEP_MS : INT64_MAX;
}

int64_t flows_run(struct sim_camera *c)
{
    int64_t next = head_run(c);

    for (enum sdk_stream which = 0; which < SDK_STREAM_COUNT; which++)
        next = earliest(next, flow_run(c, which));
    snaps_take(c);
    return next;
}
