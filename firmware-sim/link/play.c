/* The simulated card at play: schedule and pictures of cam/card.h for the sealed side. */
#include "base/log.h"
#include "base/sys.h"
#include "firmware-sim/link/internal.h"

enum {
    INIT_MAX = 64 * 1024,
    CONGESTED_BYTES = 1 << 20, /* queued on the uplink: wait, leave nothing out */
    CONGESTED_MS = 20
};

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- what is on it --------------------------------------------------------------------------- */

static void ranges_find(const struct sim_camera *c, int64_t from_ms, int64_t to_ms,
                        struct sdk_play_found *out)
{
    struct cam_span range;
    int64_t at = from_ms, now_ms = sim_wall(c);

    while (cam_card_range(&c->card, now_ms, at, &range) && range.from_ms < to_ms) {
        if (out->range_count == SDK_PLAY_RANGES_MAX) {
            out->next_ms = range.from_ms;
            return;
        }
        out->ranges[out->range_count].from_ms = latest(range.from_ms, from_ms);
        out->ranges[out->range_count++].to_ms = earliest(range.to_ms, to_ms);
        at = range.to_ms;
    }
}

static void marks_find(const struct sim_camera *c, int64_t from_ms, int64_t to_ms,
                       struct sdk_play_found *out)
{
    int64_t at = from_ms, mark_ms, now_ms = sim_wall(c);
    unsigned type;

    while (cam_card_mark(&c->card, now_ms, at, &mark_ms, &type) && mark_ms < to_ms) {
        if (out->mark_count == SDK_PLAY_MARKS_MAX) {
            out->next_ms = out->next_ms ? earliest(out->next_ms, mark_ms) : mark_ms;
            return;
        }
        out->marks[out->mark_count].at_ms = mark_ms;
        out->marks[out->mark_count++].type = type;
        at = mark_ms + 1;
    }
}

/* All before `next_ms` is told; what lies behind is asked for anew. No recording is told in two
 * parts if it need not be. */
static void found_cut(struct sdk_play_found *out)
{
    for (unsigned i = 1; i < out->range_count; i++)
        if (out->ranges[i].from_ms < out->next_ms && out->ranges[i].to_ms > out->next_ms)
            out->next_ms = out->ranges[i].from_ms;
    while (out->range_count > 0 && out->ranges[out->range_count - 1].from_ms >= out->next_ms)
        out->range_count--;
    if (out->range_count > 0 && out->ranges[out->range_count - 1].to_ms > out->next_ms)
        out->ranges[out->range_count - 1].to_ms = out->next_ms;
    while (out->mark_count > 0 && out->marks[out->mark_count - 1].at_ms >= out->next_ms)
        out->mark_count--;
}

int play_on_find(void *user, int64_t from_ms, int64_t to_ms, struct sdk_play_found *out)
{
    const struct sim_camera *c = user;
    struct cam_span bounds = cam_card_bounds(sim_wall(c));

    *out = (struct sdk_play_found){.is_simulated = 1};
    if (!cam_source_may_turn(c->source))
        return -SK_EUNSUPPORTED; /* a film has no past */
    out->first_ms = bounds.from_ms;
    out->last_ms = bounds.to_ms;
    ranges_find(c, from_ms, to_ms, out);
    marks_find(c, from_ms, to_ms, out);
    if (out->next_ms)
        found_cut(out);
    return 0;
}

/* ---- players --------------------------------------------------------------------------------- */

int play_on_open(void *user, unsigned slot, const struct sdk_play_how *how, int64_t *wall_ms)
{
    struct sim_camera *c = user;
    enum cam_stream stream = how->which == SDK_STREAM_SUB ? CAM_STREAM_SUB : CAM_STREAM_MAIN;

    c->screens[slot] = (struct screen){.base = how->pts};
    int err = cam_player_new(&c->card, stream, sim_wall(c), how->at_ms, how->to_ms,
                             &c->screens[slot].player);
    if (err)
        return err;
    cam_player_speed(c->screens[slot].player, how->keys_only != 0);
    *wall_ms = cam_player_wall_ms(c->screens[slot].player);
    sim_pump_soon(c); /* the encoder takes its time: not inside the command */
    return 0;
}

int play_on_seek(void *user, unsigned slot, int64_t at_ms, uint64_t pts, int64_t *wall_ms)
{
    struct sim_camera *c = user;
    struct screen *s = &c->screens[slot];
    int err = cam_player_seek(s->player, sim_wall(c), at_ms);

    if (err)
        return err;
    s->base = pts;
    s->is_wanted = 0;
    *wall_ms = cam_player_wall_ms(s->player);
    return 0;
}

void play_on_speed(void *user, unsigned slot, int keys_only)
{
    struct sim_camera *c = user;

    cam_player_speed(c->screens[slot].player, keys_only != 0);
}

void play_on_next(void *user, unsigned slot)
{
    struct sim_camera *c = user;

    c->screens[slot].is_wanted = 1;
    sim_pump_soon(c);
}

void play_on_close(void *user, unsigned slot)
{
    struct sim_camera *c = user;

    cam_player_free(&c->screens[slot].player);
}

void plays_close(struct sim_camera *c)
{
    for (unsigned i = 0; i < SDK_PLAY_MAX; i++)
        cam_player_free(&c->screens[i].player);
}

static int screen_open(struct sim_camera *c, unsigned slot)
{
    char codec[CAM_CODEC_CAP];
    struct sk_buf init;

    sk_buf_init(&init, INIT_MAX);
    int err = cam_player_open(c->screens[slot].player, codec, &init);
    c->screens[slot].is_open = 1;
    if (!err)
        err = sdk_camera_play_ready(c->sealed, slot, codec, init.data, init.len, sim_now());
    sk_buf_fini(&init);
    return err;
}

static int unit_pass(struct sim_camera *c, unsigned slot, const struct cam_unit *unit)
{
    struct screen *s = &c->screens[slot];

    sk_buf_reset(&c->fragment);
    int err = cam_source_fragment(unit, s->base, ++s->sequence, &c->fragment);
    return err ? err
               : sdk_camera_play_unit(c->sealed, slot, unit->is_key, s->base + unit->pts_90k,
                                      unit->duration_90k, c->fragment.data, c->fragment.len,
                                      sim_now());
}

static int screen_run(struct sim_camera *c, unsigned slot)
{
    struct screen *s = &c->screens[slot];
    struct cam_unit unit;
    struct cam_span gap;
    enum cam_played what;

    if (!s->is_open)
        return screen_open(c, slot);
    s->is_wanted = 0;
    int err = cam_player_next(s->player, sim_wall(c), &what, &unit, &gap);
    if (err)
        return err;
    if (what == CAM_PLAYED_UNIT)
        return unit_pass(c, slot, &unit);
    if (what == CAM_PLAYED_GAP)
        return sdk_camera_play_gap(c->sealed, slot, gap.from_ms, gap.to_ms, sim_now());
    return sdk_camera_play_end(c->sealed, slot, cam_player_wall_ms(s->player), sim_now());
}

static void screen_fail(struct sim_camera *c, unsigned slot, int err)
{
    log_warn("camera", "playback-failed", "device=%s reason=%s", c->o.vault->device,
             sk_error_text(err));
    if (c->screens[slot].player == NULL)
        return; /* closed in between */
    cam_player_free(&c->screens[slot].player);
    sdk_camera_play_failed(c->sealed, slot, sim_now());
}

int64_t plays_run(struct sim_camera *c)
{
    int64_t next = INT64_MAX;
    int is_full = c->media && net_stream_queued(c->media) > CONGESTED_BYTES;

    for (unsigned i = 0; i < SDK_PLAY_MAX; i++) {
        struct screen *s = &c->screens[i];
        int err = 0;

        if (!s->player || (s->is_open && !s->is_wanted))
            continue;
        next = earliest(next, is_full ? sim_now() + CONGESTED_MS : 0); /* it may ask again */
        if (!s->is_open || !is_full)
            err = screen_run(c, i);
        if (err)
            screen_fail(c, i, err);
    }
    return next;
}
