/* `skep view`: its two sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "cli/view.h"
#include "sdk/password.h"
#include "wire/relay.h"

static void text_send(struct ws_client *c, json_t *body)
{
    size_t len;
    char *text = sk_json_text(body, &len);

    if (text && ws_client_send_text(c, text, len))
        fprintf(stderr, "skep: a socket takes nothing more\n");
    if (text)
        sk_wipe(text, len);
    free(text);
    json_decref(body);
}

/* Both sockets are ready: begin the handshake with the camera. */
static void handshake_begin(struct view *v)
{
    if (!v->is_live_open || !v->is_opened)
        return;
    int64_t now_ms = sk_clock_mono_ms();
    int err =
        v->share.has_key
            ? sdk_viewer_open_key(v->viewer, v->share.secret, now_ms)
            : sdk_viewer_open_password(v->viewer, v->o.chosen ? SDK_CLASS_CHOSEN : SDK_CLASS_CODE,
                                       (const char *)v->secret.data, v->secret.len, now_ms);
    if (err)
        view_over(v, "that is not a label code: its check digits are wrong");
}

static void on_signal_open(void *user)
{
    struct view *v = user;
    json_t *body = json_object(), *open = json_object();
    uint8_t session[16];

    sdk_viewer_session(v->viewer, session);
    sk_json_set_bin(open, "session", session, sizeof(session));
    sk_json_set_str(open, "device", v->device);
    sk_json_set_str(open, "code", v->code);
    json_object_set_new(body, "open", open);
    text_send(v->signal, body);
}

static void on_signal_text(void *user, const char *text, size_t len)
{
    struct view *v = user;
    json_t *body;
    const char *reason = "protocol";

    if (sk_json_parse(&body, text, len)) {
        view_over(v, "the server said something that is no JSON");
        return;
    }
    if (json_object_get(body, "opened")) {
        v->is_opened = 1;
        handshake_begin(v);
    } else {
        if (sk_json_str(json_object_get(body, "refused"), "reason", 64, &reason) == 0 &&
            strcmp(reason, "offline") == 0)
            view_over(v, "the camera is offline");
        else
            view_over(v, "the server refused the session");
    }
    json_decref(body);
}

static void on_signal_binary(void *user, const uint8_t *data, size_t len)
{
    struct view *v = user;

    sdk_viewer_on_envelope(v->viewer, data, len, sk_clock_mono_ms());
}

static void on_signal_close(void *user, unsigned code, int status)
{
    struct view *v = user;

    (void)code;
    (void)status;
    v->signal = NULL;
    view_over(v, v->is_over ? NULL : "the signaling socket was closed");
}

static void on_live_open(void *user)
{
    struct view *v = user;
    json_t *body = json_object();

    sk_json_set_str(body, "code", v->code);
    text_send(v->live, body);
}

static void on_live_text(void *user, const char *text, size_t len)
{
    struct view *v = user;
    json_t *body;

    if (!sk_json_parse(&body, text, len) && json_object_get(body, "ready")) {
        v->is_live_open = 1;
        handshake_begin(v);
    } else {
        view_over(v, "the relay refused the code");
    }
    json_decref(body);
}

static void on_live_binary(void *user, const uint8_t *data, size_t len)
{
    struct view *v = user;

    sdk_viewer_on_frame(v->viewer, data, len, sk_clock_mono_ms());
}

static void on_live_close(void *user, unsigned code, int status)
{
    struct view *v = user;

    (void)code;
    (void)status;
    v->live = NULL;
    view_over(v, v->is_over ? NULL : "the live socket was closed");
}

static const struct ws_client_ops signal_ops = {.on_open = on_signal_open,
                                                .on_text = on_signal_text,
                                                .on_binary = on_signal_binary,
                                                .on_close = on_signal_close};
static const struct ws_client_ops live_ops = {.on_open = on_live_open,
                                              .on_text = on_live_text,
                                              .on_binary = on_live_binary,
                                              .on_close = on_live_close};

int view_sockets_open(struct view *v)
{
    struct ws_client_options o = {.host = v->host,
                                  .port = v->port,
                                  .tls = v->tls,
                                  .path = "/ws/signal",
                                  .subprotocol = "skep.signal.1",
                                  .authorization = (const char *)v->bearer.data,
                                  .message_max_bytes = WIRE_ENVELOPE_MAX,
                                  .ops = &signal_ops,
                                  .user = v};
    int err = ws_client_connect(&v->signal, v->loop, &o);

    /* The relay lets nobody in who may see and hear nothing: who only commands does without. */
    v->is_live_open = !v->o.out && !v->o.audio && !v->o.snapshot && !v->o.talk;
    if (err || v->is_live_open)
        return err;
    o.path = "/ws/live";
    o.subprotocol = "skep.live.1";
    o.message_max_bytes = WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_MEDIA_MAX;
    o.ops = &live_ops;
    return ws_client_connect(&v->live, v->loop, &o);
}
