/* Talk (sealed.md 4.6): one viewer at a time speaks through the camera. The key is the viewer's; it
 * is taken from the channel that started the talk and from no other, and it dies with it. Units are
 * taken for the stream, slot and kind that talk.start gave; all else is dropped and counted. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

enum { SILENCE_MS = 60 * 1000, WINDOW_BYTES = 64 << 10, RENEW_BYTES = WINDOW_BYTES / 4 };

/* `bytes` more of the talk's units may come; 0 = none any more. The relay passes on what it has
 * CREDIT for, and so learns which camera the stream id belongs to. */
static void credit_send(struct sdk_camera *c, uint32_t bytes)
{
    uint8_t out[WIRE_RELAY_HEAD_BYTES + 4], payload[4];

    if (!c->uplink_up)
        return;
    sk_put_u32(payload, bytes);
    c->ops->frame(c->user, out,
                  wire_relay_control(out, WIRE_RELAY_CREDIT, c->talk->stream, payload, 4));
}

void camera_talk_credit(struct sdk_camera *c)
{
    if (c->talk == NULL || c->talk->session == NULL)
        return;
    c->talk->consumed_bytes = 0;
    credit_send(c, WINDOW_BYTES);
}

int camera_talk_has(const struct sdk_camera *c, uint32_t stream)
{
    return c->talk != NULL && c->talk->session != NULL && c->talk->stream == stream;
}

static void talk_over(struct sdk_camera *c)
{
    credit_send(c, 0);
    sdk_media_rx_fini(&c->talk->rx);
    sk_buf_fini_wipe(&c->talk->frame);
    c->talk->session = NULL;
}

void camera_talk_leave(struct sdk_camera *c, const struct session *s)
{
    if (c->talk != NULL && c->talk->session == s)
        talk_over(c);
}

void camera_talk_end(struct sdk_camera *c, struct session *s, int64_t now_ms)
{
    json_t *val;

    if (c->talk == NULL || c->talk->session != s)
        return;
    val = json_object();
    sk_json_set_int(val, "stream", c->talk->stream);
    talk_over(c);
    command_event(s, "talk.ended", val, now_ms);
}

void camera_talk_fini(struct sdk_camera *c)
{
    if (c->talk == NULL)
        return;
    sdk_media_rx_fini(&c->talk->rx);
    sk_buf_fini_wipe(&c->talk->frame);
    crypto_wipe(c->talk, sizeof *c->talk);
    free(c->talk);
    c->talk = NULL;
}

/* ---- commands ---- */
const char *camera_talk_start(struct call *call)
{
    struct sdk_camera *c = call->camera;
    const char *codec;

    if (sk_json_str(call->arg, "codec", 16, &codec) < 0)
        return "bad-arg";
    if (c->ops->talk == NULL || strcmp(codec, "opus") != 0)
        return "unsupported";
    if (c->talk == NULL)
        c->talk = sk_alloc(sizeof *c->talk);
    if (c->talk->session != NULL)
        return "busy";
    memset(c->talk, 0, sizeof *c->talk);
    c->talk->stream = camera_stream_id_make(c);
    c->talk->session = call->session;
    c->talk->heard_ms = call->now_ms;
    c->talk->rx.stream = c->talk->stream;
    c->talk->rx.kind = WIRE_RELAY_TALK;
    c->talk->rx.slot = SLOT_TALK;
    sdk_media_rx_subscribe(&c->talk->rx);
    sk_buf_init(&c->talk->frame, WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_TALK_MAX);
    camera_talk_credit(c);
    call->val = json_object();
    sk_json_set_int(call->val, "stream", c->talk->stream);
    sk_json_set_int(call->val, "slot", SLOT_TALK);
    return NULL;
}

const char *camera_talk_stop(struct call *call)
{
    struct sdk_camera *c = call->camera;
    int64_t id;

    if (sk_json_int(call->arg, "stream", 1, UINT32_MAX, &id) < 0 || c->talk == NULL ||
        c->talk->session != call->session || c->talk->stream != (uint32_t)id)
        return "not-found";
    talk_over(c);
    return NULL;
}

/* ---- key and units ---- */
void camera_talk_key(struct sdk_camera *c, const struct session *s, const uint8_t *content,
                     size_t len, int64_t now_ms)
{
    struct wire_key_entry e = {0};
    struct wire_key_head h;
    int is_good = c->talk != NULL && c->talk->session == s &&
                  wire_key_decode(&h, content, len) == 0 && h.count == 1 &&
                  memcmp(h.boot, c->boot_id, 8) == 0 &&
                  wire_key_entry_decode(&e, content, 0) == 0 && e.lifetime_s > 0;

    if (is_good && e.lifetime_s > SDK_MEDIA_LIFE_S)
        e.lifetime_s = SDK_MEDIA_LIFE_S;
    /* checks stream, kind, slot and suite */
    if (!is_good || sdk_media_rx_put(&c->talk->rx, &e, now_ms) < 0)
        c->stats.refused++;
    crypto_wipe(&e, sizeof e);
}

static int talk_open(struct sdk_camera *c, const uint8_t *frame, size_t len,
                     struct wire_relay_head *h, uint8_t **data, size_t *data_len, int64_t now_ms)
{
    struct talk *t = c->talk;
    int rc;

    if (t == NULL || t->session == NULL)
        return -SK_ENOTFOUND;
    t->consumed_bytes += len; /* good or not: it came */
    if (t->consumed_bytes >= RENEW_BYTES) {
        credit_send(c, (uint32_t)t->consumed_bytes);
        t->consumed_bytes = 0;
    }
    sk_buf_reset(&t->frame);
    rc = sk_buf_add(&t->frame, frame, len);
    if (rc == 0)
        rc = sdk_media_rx_open(&t->rx, h, t->frame.data, len, data, data_len, now_ms);
    return rc;
}

void sdk_camera_on_talk(struct sdk_camera *c, const uint8_t *frame, size_t len, int64_t now_ms)
{
    struct wire_relay_head h;
    uint8_t *data;
    size_t n;

    if (talk_open(c, frame, len, &h, &data, &n, now_ms) < 0) {
        c->stats.talk_dropped++; /* never ends the talk: somebody else may have sent it */
        return;
    }
    c->talk->heard_ms = now_ms;
    c->talk->units++;
    c->talk->bytes += n;
    c->stats.talk_units++;
    c->stats.talk_bytes += n;
    camera_enter(c);
    c->ops->talk(c->user, h.pts, data, n);
    camera_leave(c, now_ms);
}

int64_t camera_talk_tick(struct sdk_camera *c, int64_t now_ms)
{
    int64_t next, silent;

    if (c->talk == NULL || c->talk->session == NULL)
        return INT64_MAX;
    silent = c->talk->heard_ms + SILENCE_MS;
    if (now_ms >= silent) {
        camera_talk_end(c, c->talk->session, now_ms);
        return INT64_MAX;
    }
    next = sdk_media_rx_tick(&c->talk->rx, now_ms);
    return next < silent ? next : silent;
}
