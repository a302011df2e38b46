#include "firmware-sim/link/ptz.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"

#define TURN_PER_S 0.7f /* of the -1 .. 1 range, at full speed */
#define ZOOM_PER_S 1.0f /* doublings */
#define GO_FACTOR 2.0f  /* to a preset, against full speed */
#define STEP_MAX_S 0.25f
#define FIXED 16384.0f /* presets: 2.14 fixed point; zoom in quarters of it */
#define ZOOM_FIXED 8192.0f

static float within(float v, float low, float high)
{
    return v > low ? (v < high ? v : high) : low;
}

void ptz_init(struct ptz_head *h)
{
    memset(h, 0, sizeof *h);
    h->at.zoom = 1.0f;
}

int ptz_command(struct ptz_head *h, const struct sdk_ptz *p, int64_t now_ms)
{
    (void)ptz_run(h, now_ms); /* up to here under the former command */
    h->run_ms = now_ms;
    if (p->kind == SDK_PTZ_SET) {
        h->presets[p->preset - 1] = h->at;
        h->is_set |= (uint16_t)(1u << (p->preset - 1));
        return 0;
    }
    if (p->kind == SDK_PTZ_GO && (h->is_set & 1u << (p->preset - 1)) == 0)
        return -SK_ENOTFOUND;
    h->is_moving = p->kind == SDK_PTZ_MOVE;
    h->is_going = p->kind == SDK_PTZ_GO;
    h->speed = (struct ptz_place){(float)p->pan, (float)p->tilt, (float)p->zoom};
    if (h->is_going)
        h->goal = h->presets[p->preset - 1];
    return 0;
}

static float towards(float at, float goal, float step)
{
    return fabsf(goal - at) <= step ? goal : goal > at ? at + step : at - step;
}

static void place_limit(struct ptz_place *p)
{
    p->zoom = within(p->zoom, 1.0f, PTZ_ZOOM_MAX);
    p->pan = p->zoom > 1.0f ? within(p->pan, -1.0f, 1.0f) : 0;
    p->tilt = p->zoom > 1.0f ? within(p->tilt, -1.0f, 1.0f) : 0;
}

/* One step; 1 when it changed anything. */
static int head_step(struct ptz_head *h, float s)
{
    struct ptz_place before = h->at;

    if (h->is_moving) {
        h->at.zoom *= exp2f(h->speed.zoom * ZOOM_PER_S * s);
        h->at.pan += h->speed.pan * TURN_PER_S * s;
        h->at.tilt += h->speed.tilt * TURN_PER_S * s;
        place_limit(&h->at);
    } else {
        float step = GO_FACTOR * s;

        h->at.zoom = exp2f(towards(log2f(h->at.zoom), log2f(h->goal.zoom), step * ZOOM_PER_S));
        h->at.pan = towards(h->at.pan, h->goal.pan, step * TURN_PER_S);
        h->at.tilt = towards(h->at.tilt, h->goal.tilt, step * TURN_PER_S);
        if (fabsf(h->at.zoom - h->goal.zoom) < 0.001f)
            h->at.zoom = h->goal.zoom;
    }
    return before.pan != h->at.pan || before.tilt != h->at.tilt || before.zoom != h->at.zoom;
}

int ptz_run(struct ptz_head *h, int64_t now_ms)
{
    float left = (float)(now_ms - h->run_ms) / 1000.0f;

    h->run_ms = now_ms;
    if (!h->is_moving && !h->is_going)
        return 0;
    if (left <= 0)
        return 1;
    while (left > 0 && (h->is_moving || h->is_going)) {
        float step = left < STEP_MAX_S ? left : STEP_MAX_S;

        if (!head_step(h, step))
            h->is_moving = h->is_going = 0; /* at the border, or there */
        left -= step;
    }
    return h->is_moving || h->is_going;
}

struct cam_window ptz_window(const struct ptz_head *h)
{
    float size = 1.0f / h->at.zoom, room = 1.0f - size;

    return (struct cam_window){room * (1.0f + h->at.pan) / 2.0f, room * (1.0f - h->at.tilt) / 2.0f,
                               size};
}

/* ---- flash ---- */
void ptz_presets_encode(const struct ptz_head *h, uint8_t out[PTZ_PRESETS_BYTES])
{
    sk_put_u16(out, h->is_set);
    for (unsigned i = 0; i < SDK_PTZ_PRESETS; i++) {
        const struct ptz_place *p = &h->presets[i];

        sk_put_u16(out + 2 + i * 6, (uint16_t)((p->pan + 1.0f) * FIXED + 0.5f));
        sk_put_u16(out + 4 + i * 6, (uint16_t)((p->tilt + 1.0f) * FIXED + 0.5f));
        sk_put_u16(out + 6 + i * 6, (uint16_t)(p->zoom * ZOOM_FIXED + 0.5f));
    }
}

void ptz_presets_decode(struct ptz_head *h, const uint8_t *data, size_t len)
{
    h->is_set = 0;
    if (len != PTZ_PRESETS_BYTES || sk_get_u16(data) >> SDK_PTZ_PRESETS != 0)
        return;
    h->is_set = sk_get_u16(data);
    for (unsigned i = 0; i < SDK_PTZ_PRESETS; i++) {
        struct ptz_place *p = &h->presets[i];

        p->pan = (float)sk_get_u16(data + 2 + i * 6) / FIXED - 1.0f;
        p->tilt = (float)sk_get_u16(data + 4 + i * 6) / FIXED - 1.0f;
        p->zoom = (float)sk_get_u16(data + 6 + i * 6) / ZOOM_FIXED;
        place_limit(p);
    }
}
