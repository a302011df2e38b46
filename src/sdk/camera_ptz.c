/* Commands for the head and the news of where it looks (sealed.md 3.4). The head itself is the
 * owner's; here are form, order and the rate of news. */
#include <string.h>

#include "base/json.h"
#include "sdk/camera_internal.h"

enum { TOLD_EVERY_MS = 200 };

static const char *ptz_give(struct call *call, const struct sdk_ptz *p)
{
    struct sdk_camera *c = call->camera;
    int rc = c->ops->ptz(c->user, p);

    if (rc == -SK_ENOTFOUND)
        return "not-found";
    if (rc == -SK_ESTORAGE)
        return "storage";
    if (rc < 0)
        return rc == -SK_EUNSUPPORTED ? "unsupported" : "internal";
    memcpy(c->ptz.by, call->session->account, sizeof c->ptz.by);
    if (p->kind != SDK_PTZ_SET)
        c->ptz.mover = p->kind == SDK_PTZ_MOVE ? call->session : NULL;
    return NULL;
}

static int speed_read(const json_t *arg, const char *name, double *out)
{
    const json_t *v = json_object_get(arg, name);

    *out = json_number_value(v);
    return json_is_number(v) && *out >= -1.0 && *out <= 1.0 ? 0 : -SK_EINVAL;
}

const char *camera_ptz_move(struct call *call)
{
    struct sdk_ptz p = {.kind = SDK_PTZ_MOVE};

    if (call->camera->ops->ptz == NULL)
        return "unsupported";
    if (speed_read(call->arg, "pan", &p.pan) < 0 || speed_read(call->arg, "tilt", &p.tilt) < 0 ||
        speed_read(call->arg, "zoom", &p.zoom) < 0)
        return "bad-arg";
    return ptz_give(call, &p);
}

const char *camera_ptz_stop(struct call *call)
{
    struct sdk_ptz p = {.kind = SDK_PTZ_STOP};

    return call->camera->ops->ptz == NULL ? "unsupported" : ptz_give(call, &p);
}

const char *camera_ptz_preset(struct call *call)
{
    struct sdk_ptz p = {.kind = SDK_PTZ_GO};
    int is_set = sk_json_has(call->arg, "set");
    int64_t n;

    if (call->camera->ops->ptz == NULL)
        return "unsupported";
    if (is_set == sk_json_has(call->arg, "go") ||
        sk_json_int(call->arg, is_set ? "set" : "go", 1, SDK_PTZ_PRESETS, &n) < 0)
        return "bad-arg";
    p.kind = is_set ? SDK_PTZ_SET : SDK_PTZ_GO;
    p.preset = (unsigned)n;
    return ptz_give(call, &p);
}

/* Nobody is there any more to say stop. */
void camera_ptz_leave(struct sdk_camera *c, const struct session *s)
{
    struct sdk_ptz p = {.kind = SDK_PTZ_STOP};

    if (c->ptz.mover != s)
        return;
    c->ptz.mover = NULL;
    if (c->ops->ptz(c->user, &p) < 0)
        camera_event(c, "ptz-stop-failed");
}

/* ---- news ---- */
static void position_tell(struct sdk_camera *c, int64_t now_ms)
{
    c->ptz.told_ms = now_ms;
    c->ptz.is_untold = 0;
    for (unsigned i = 0; i < c->session_count; i++) {
        struct session *s = c->sessions[i];
        json_t *val;

        if (s->state != RUN_CHANNEL || !s->said_hello || (s->rights & WIRE_RIGHT_PTZ) == 0)
            continue;
        val = json_object();
        json_object_set_new(val, "pan", json_real(c->ptz.pan));
        json_object_set_new(val, "tilt", json_real(c->ptz.tilt));
        json_object_set_new(val, "zoom", json_real(c->ptz.zoom));
        sk_json_set_str(val, "by", c->ptz.by);
        command_event(s, "ptz", val, now_ms);
    }
}

void sdk_camera_ptz_at(struct sdk_camera *c, double pan, double tilt, double zoom)
{
    c->ptz.pan = pan;
    c->ptz.tilt = tilt;
    c->ptz.zoom = zoom;
    c->ptz.is_untold = 1; /* told by the tick, so that it is safe inside ops.ptz */
}

int64_t camera_ptz_tick(struct sdk_camera *c, int64_t now_ms)
{
    if (!c->ptz.is_untold)
        return INT64_MAX;
    if (now_ms >= c->ptz.told_ms + TOLD_EVERY_MS) {
        position_tell(c, now_ms);
        return INT64_MAX;
    }
    return c->ptz.told_ms + TOLD_EVERY_MS;
}
