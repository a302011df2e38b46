/* The viewer's side of the open channel: hello, requests, answers, events (sealed.md 3.4). */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/viewer_internal.h"

static void send_cb(void *user, const uint8_t *body, size_t len)
{
    struct sdk_viewer *v = user;
    uint8_t joined[WIRE_ENVELOPE_BODY_MAX];

    if (v->prefix_len == 0) {
        viewer_send_body(v, body, len);
        return;
    }
    SK_ASSERT(v->prefix_len + len <= sizeof joined);
    memcpy(joined, v->prefix, v->prefix_len);
    memcpy(joined + v->prefix_len, body, len);
    len += v->prefix_len;
    v->prefix_len = 0;
    viewer_send_body(v, joined, len);
}

static void record_cb(void *user, const struct wire_record_plain *p, int64_t now_ms)
{
    struct sdk_viewer *v = user;

    if (v->state == V_HELLO || v->state == V_UP)
        viewer_record(v, p, now_ms);
}

static const struct sdk_channel_ops channel_ops = {send_cb, record_cb};

void viewer_channel_open(struct sdk_viewer *v, const uint8_t salt[32], const uint8_t *ikm,
                         size_t len, int64_t now_ms)
{
    json_t *arg = json_object();
    uint32_t id;

    v->channel = sdk_channel_new(SDK_SIDE_VIEWER, salt, ikm, len, &channel_ops, v, now_ms);
    v->state = V_HELLO;
    v->deadline_ms = now_ms + VIEWER_HANDSHAKE_MS;
    sk_json_set_int(arg, "v", 1);
    sk_json_set_int(arg, "wall", 0); /* only an owner's is taken */
    viewer_owner_hello(v, arg, now_ms);
    SK_ASSERT(viewer_request(v, R_HELLO, "", "hello", arg, 0, &id, now_ms) == 0);
    json_decref(arg);
}

void viewer_fail(struct sdk_viewer *v, unsigned code, const char *text, int64_t now_ms)
{
    sdk_channel_close(v->channel, code, now_ms);
    viewer_end_send(v);
    viewer_over(v, code, 0, 0, text);
}

static int open_slot(const struct sdk_viewer *v)
{
    for (int i = 0; i < OPEN_MAX; i++)
        if (v->open[i].kind == R_NONE)
            return i;
    return -1;
}

static char *request_text(uint32_t id, const char *what, json_t *arg, int once, size_t *len)
{
    json_t *req = json_object();
    uint8_t random[16];
    char *text;

    sk_json_set_int(req, "id", id);
    sk_json_set_str(req, "do", what);
    json_object_set_new(req, "arg", arg != NULL ? json_incref(arg) : json_object());
    if (once) {
        sk_random(random, sizeof random);
        sk_json_set_bin(req, "once", random, sizeof random);
    }
    text = sk_json_text(req, len);
    json_decref(req);
    return text;
}

int viewer_request(struct sdk_viewer *v, enum request_kind kind, const char *name, const char *what,
                   json_t *arg, int once, uint32_t *id, int64_t now_ms)
{
    int slot = open_slot(v), rc;
    size_t len;
    char *text;

    if (v->channel == NULL || v->state == V_OVER)
        return -SK_ECLOSED;
    if (slot < 0)
        return -SK_EBUSY;
    text = request_text(v->request_id + 1, what, arg, once, &len);
    if (text == NULL)
        return -SK_ENOMEM;
    rc = sdk_channel_send(v->channel, WIRE_RECORD_REQ, text, len, now_ms);
    crypto_wipe(text, len);
    free(text);
    if (rc < 0)
        return rc;
    *id = v->open[slot].id = ++v->request_id;
    v->open[slot].kind = (uint8_t)kind;
    return sk_copy(v->open[slot].name, sizeof v->open[slot].name, name);
}

int sdk_viewer_request(struct sdk_viewer *v, const char *what, json_t *arg, int once, uint32_t *id,
                       int64_t now_ms)
{
    if (v->state != V_UP)
        return -SK_ECLOSED;
    return viewer_request(v, R_PLAIN, "", what, arg, once, id, now_ms);
}

int sdk_viewer_enrol(struct sdk_viewer *v, const uint8_t public_key[65], uint32_t *id,
                     int64_t now_ms)
{
    json_t *arg = json_object();
    int rc;

    sk_json_set_bin(arg, "key", public_key, 65);
    rc = sdk_viewer_request(v, "enrol", arg, 1, id, now_ms);
    json_decref(arg);
    return rc;
}

int sdk_viewer_live_start(struct sdk_viewer *v, const char *stream, int64_t now_ms)
{
    json_t *arg = json_object();
    uint32_t id;
    int rc;

    sk_json_set_str(arg, "stream", stream);
    rc = v->state == V_UP ? viewer_request(v, R_LIVE, stream, "live.start", arg, 0, &id, now_ms)
                          : -SK_ECLOSED;
    json_decref(arg);
    return rc;
}

int sdk_viewer_audio_start(struct sdk_viewer *v, int64_t now_ms)
{
    uint32_t id;

    return v->state == V_UP
               ? viewer_request(v, R_LIVE, "audio", "audio.start", NULL, 0, &id, now_ms)
               : -SK_ECLOSED;
}

int sdk_viewer_snap(struct sdk_viewer *v, int64_t now_ms)
{
    uint32_t id;

    return v->state == V_UP ? viewer_request(v, R_SNAP, "snap", "snap", NULL, 0, &id, now_ms)
                            : -SK_ECLOSED;
}

int sdk_viewer_talk_start(struct sdk_viewer *v, int64_t now_ms)
{
    json_t *arg = json_object();
    uint32_t id;
    int rc;

    sk_json_set_str(arg, "codec", "opus");
    rc = v->state == V_UP ? viewer_request(v, R_TALK, "talk", "talk.start", arg, 0, &id, now_ms)
                          : -SK_ECLOSED;
    json_decref(arg);
    return rc;
}

/* ---- answers ---- */
static int hello_read(struct sdk_viewer *v, const json_t *val)
{
    static const char *const members[] = {"v",    "features",  "wall",   "boot",  "seal",
                                          "list", "list_hash", "rights", "until", NULL};
    struct sdk_viewer_hello *h = &v->hello;
    uint8_t boot[8];
    int64_t version, list, rights;

    if (sk_json_only(val, members) < 0 || sk_json_int(val, "v", 1, 1, &version) < 0 ||
        !json_is_array(json_object_get(val, "features")) ||
        sk_json_int(val, "wall", 0, INT64_C(1) << 53, &h->wall_ms) < 0 ||
        sk_json_bin(val, "boot", boot, 8) < 0 || sk_json_bin(val, "seal", h->seal, 65) < 0 ||
        sk_json_int(val, "list", 0, UINT32_MAX, &list) < 0 ||
        sk_json_bin(val, "list_hash", h->list_hash, 32) < 0 ||
        sk_json_int(val, "rights", 0, UINT16_MAX, &rights) < 0 ||
        sk_json_int(val, "until", 0, INT64_C(1) << 53, &h->until_ms) < 0 ||
        crypto_p256_check(h->seal) < 0)
        return -SK_EINVAL;
    if (!v->is_password_born && memcmp(boot, h->boot, 8) != 0)
        return -SK_EINVAL; /* KANSWER said another */
    memcpy(h->boot, boot, 8);
    h->list_version = (uint32_t)list;
    h->rights = (uint16_t)rights;
    return 0;
}

static void hello_handle(struct sdk_viewer *v, int is_ok, const json_t *val, int64_t now_ms)
{
    char fingerprint[CRYPTO_FINGERPRINT_SIZE];

    if (!is_ok || hello_read(v, val) < 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "the camera's hello is malformed", now_ms);
        return;
    }
    crypto_key_fingerprint(fingerprint, CRYPTO_KEY_SEAL, v->hello.seal);
    if ((v->has_pin && memcmp(v->pin, v->hello.seal, 65) != 0) ||
        (v->fingerprint[0] != '\0' && strcmp(v->fingerprint, fingerprint) != 0)) {
        viewer_fail(v, WIRE_CODE_CRYPTO, "the camera's key is not the pinned one", now_ms);
        return;
    }
    v->hello.is_password_born = v->is_password_born;
    v->hello.is_new_pin = !v->has_pin;
    memcpy(v->pin, v->hello.seal, 65);
    v->has_pin = 1;
    v->state = V_UP;
    v->ops->ready(v->user, &v->hello);
}

struct viewer_stream *viewer_stream_answered(struct sdk_viewer *v, uint32_t id, uint8_t kind,
                                             int64_t now_ms)
{
    struct viewer_stream *st = viewer_stream_need(v, id);

    if (st == NULL) {
        viewer_fail(v, WIRE_CODE_LIMIT, "too many streams", now_ms);
    } else if (st->rx.stream != 0 && st->rx.kind != kind) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "a stream's key is of another kind", now_ms);
        st = NULL;
    } else {
        st->kind = kind;
    }
    return st;
}

void viewer_stream_show(struct sdk_viewer *v, struct viewer_stream *st, int64_t now_ms)
{
    st->is_answered = 1;
    st->clock_ms = now_ms;
    viewer_subscribe(v, st);
    v->ops->stream(v->user, &st->info);
}

static void live_handle(struct sdk_viewer *v, const char *name, const json_t *val, int64_t now_ms)
{
    int64_t id, scale, pts, wall;
    const char *codec;
    struct viewer_stream *st;

    if (sk_json_int(val, "stream", 1, UINT32_MAX, &id) < 0 ||
        sk_json_str(val, "codec", sizeof st->info.codec - 1, &codec) < 0 ||
        sk_json_int(val, "scale", 90000, 90000, &scale) < 0 ||
        sk_json_int(val, "pts", 0, INT64_C(1) << 53, &pts) < 0 ||
        sk_json_int(val, "wall", 0, INT64_C(1) << 53, &wall) < 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "live.start was answered wrongly", now_ms);
        return;
    }
    st = viewer_stream_answered(
        v, (uint32_t)id, strcmp(name, "audio") == 0 ? WIRE_RELAY_AUDIO : WIRE_RELAY_VIDEO, now_ms);
    if (st == NULL)
        return;
    SK_ASSERT(sk_copy(st->info.codec, sizeof st->info.codec, codec) == 0);
    SK_ASSERT(sk_copy(st->info.name, sizeof st->info.name, name) == 0);
    st->info.scale = (uint32_t)scale;
    st->info.pts = (uint64_t)pts;
    st->info.wall_ms = wall;
    viewer_stream_show(v, st, now_ms);
}

static void snap_handle(struct sdk_viewer *v, const json_t *val, int64_t now_ms)
{
    int64_t id, width, height;
    const char *type;
    struct viewer_stream *st;

    if (sk_json_int(val, "stream", 1, UINT32_MAX, &id) < 0 ||
        sk_json_str(val, "type", sizeof st->info.codec - 1, &type) < 0 ||
        sk_json_int(val, "width", 1, UINT16_MAX, &width) < 0 ||
        sk_json_int(val, "height", 1, UINT16_MAX, &height) < 0 || strcmp(type, "image/jpeg") != 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "snap was answered wrongly", now_ms);
        return;
    }
    st = viewer_stream_answered(v, (uint32_t)id, WIRE_RELAY_SNAPSHOT, now_ms);
    if (st == NULL)
        return;
    SK_ASSERT(sk_copy(st->info.codec, sizeof st->info.codec, type) == 0);
    SK_ASSERT(sk_copy(st->info.name, sizeof st->info.name, "snap") == 0);
    st->info.width = (unsigned)width;
    st->info.height = (unsigned)height;
    viewer_stream_show(v, st, now_ms);
}

static void talk_handle(struct sdk_viewer *v, const json_t *val, int64_t now_ms)
{
    struct sdk_viewer_stream info = {.name = "talk", .scale = 90000, .codec = "opus"};
    int64_t id, slot;

    if (sk_json_int(val, "stream", 1, UINT32_MAX, &id) < 0 ||
        sk_json_int(val, "slot", 0, UINT8_MAX, &slot) < 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "talk.start was answered wrongly", now_ms);
        return;
    }
    viewer_talk_begin(v, (uint32_t)id, (uint8_t)slot, now_ms);
    info.id = (uint32_t)id;
    v->ops->stream(v->user, &info);
}

static int reply_read(const json_t *rep, int64_t *id, int *is_ok, const json_t **val,
                      const char **error)
{
    static const char *const good[] = {"id", "ok", "val", NULL};
    static const char *const bad[] = {"id", "ok", "err", NULL};
    const json_t *err;

    if (sk_json_int(rep, "id", 0, UINT32_MAX, id) < 0 || sk_json_bool(rep, "ok", is_ok) < 0 ||
        sk_json_only(rep, *is_ok ? good : bad) < 0)
        return -SK_EINVAL;
    *val = json_object_get(rep, "val");
    *error = NULL;
    if (*is_ok)
        return json_is_object(*val) ? 0 : -SK_EINVAL;
    err = json_object_get(rep, "err");
    return json_is_object(err) ? sk_json_str(err, "code", 32, error) : -SK_EINVAL;
}

static void reply_handle(struct sdk_viewer *v, const json_t *rep, int64_t now_ms)
{
    const json_t *val;
    const char *error;
    char name[8];
    int64_t id;
    int is_ok, slot;
    enum request_kind kind;

    if (reply_read(rep, &id, &is_ok, &val, &error) < 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "an answer is malformed", now_ms);
        return;
    }
    for (slot = 0; slot < OPEN_MAX; slot++)
        if (v->open[slot].kind != R_NONE && v->open[slot].id == (uint32_t)id)
            break;
    if (slot == OPEN_MAX) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "an answer to no request", now_ms);
        return;
    }
    kind = (enum request_kind)v->open[slot].kind;
    SK_ASSERT(sk_copy(name, sizeof name, v->open[slot].name) == 0);
    v->open[slot].kind = R_NONE;
    if (kind == R_HELLO) {
        hello_handle(v, is_ok, val, now_ms);
    } else if (kind == R_LIVE && is_ok) {
        live_handle(v, name, val, now_ms);
    } else if (kind == R_SNAP && is_ok) {
        snap_handle(v, val, now_ms);
    } else if (kind == R_TALK && is_ok) {
        talk_handle(v, val, now_ms);
    } else if (kind == R_PLAY && is_ok) {
        viewer_play_begin(v, val, now_ms);
    } else if (kind == R_SEEK && is_ok) {
        viewer_play_sought(v, v->open[slot].stream, val, now_ms);
    } else if (kind != R_INTERNAL && v->ops->reply != NULL) {
        v->ops->reply(v->user, (uint32_t)id, is_ok, val, error);
    }
}

static void event_handle(struct sdk_viewer *v, const json_t *ev, int64_t now_ms)
{
    static const char *const members[] = {"ev", "val", NULL};
    const json_t *val = json_object_get(ev, "val");
    const char *name;

    if (sk_json_only(ev, members) < 0 || sk_json_str(ev, "ev", 32, &name) < 0 ||
        !json_is_object(val)) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "an event is malformed", now_ms);
        return;
    }
    if (strcmp(name, "clock") == 0)
        viewer_clock(v, val, now_ms);
    else if (strcmp(name, "talk.ended") == 0)
        viewer_talk_fini(v);
    else if (strncmp(name, "play.", 5) == 0)
        viewer_play_event(v, name, val);
    if (v->ops->event != NULL)
        v->ops->event(v->user, name, val);
}

void viewer_record(struct sdk_viewer *v, const struct wire_record_plain *p, int64_t now_ms)
{
    json_t *obj = NULL;

    if (p->type == WIRE_RECORD_KEY) {
        viewer_key_record(v, p->content, p->len, now_ms);
        return;
    }
    if ((p->type != WIRE_RECORD_REP && p->type != WIRE_RECORD_EVENT &&
         p->type != WIRE_RECORD_PROGRESS) ||
        sk_json_parse(&obj, p->content, p->len) < 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "a record is malformed", now_ms);
        return;
    }
    if (p->type == WIRE_RECORD_REP)
        reply_handle(v, obj, now_ms);
    else if (p->type == WIRE_RECORD_EVENT)
        event_handle(v, obj, now_ms);
    json_decref(obj);
}
