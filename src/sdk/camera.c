/* The camera object: life, clock, the calls of its owner. */
#include "sdk/camera.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"
#include "sdk/label.h"

enum { BUTTON_MS = 10 * 60 * 1000, WHOLE_FIRST = 10 };

void camera_event(struct sdk_camera *c, const char *what)
{
    if (c->ops->event != NULL)
        c->ops->event(c->user, what);
}

void camera_enter(struct sdk_camera *c)
{
    c->depth++;
}

void camera_leave(struct sdk_camera *c, int64_t now_ms)
{
    c->depth--;
    if (c->depth == 0 && c->is_link_lost)
        sdk_camera_link_lost(c, now_ms);
}

int64_t camera_wall(const struct sdk_camera *c, int64_t now_ms)
{
    return c->wall_base_ms != 0 ? c->wall_base_ms + now_ms : c->build_wall_ms + now_ms - c->born_ms;
}

void camera_account_tag(uint8_t tag[16], const char *account)
{
    uint8_t hash[32];

    crypto_sha256(hash, account, strlen(account));
    memcpy(tag, hash, 16);
}

void camera_password_loaded(struct sdk_camera *c)
{
    sdk_params_encode(c->params, &c->state.verifier.params);
    sdk_params_id(c->param_id, c->params);
    if (c->pake != NULL) {
        crypto_wipe(c->pake, sizeof *c->pake);
        free(c->pake);
        c->pake = NULL;
    }
}

static int state_make(struct sdk_camera *c)
{
    sk_random(c->state.seed, sizeof c->state.seed);
    crypto_p256_keygen(c->state.seal_secret, c->state.seal_public);
    c->state.whole_level = WHOLE_FIRST;
    return sdk_verifier_make(&c->state.verifier, SDK_CLASS_CODE, 1, c->label_code,
                             WIRE_LABEL_CODE_LEN, c->device);
}

static int options_read(struct sdk_camera *c, const struct sdk_camera_options *o)
{
    char code[WIRE_LABEL_CODE_SIZE];
    size_t n;

    if (o->device == NULL || strlen(o->device) != WIRE_LABEL_DEVICE_LEN ||
        sk_b32_decode(c->device_raw, 16, &n, o->device, WIRE_LABEL_DEVICE_LEN) < 0 || n != 16)
        return -SK_EINVAL;
    SK_ASSERT(sk_copy(c->device, sizeof c->device, o->device) == 0);
    if (o->label_code != NULL) {
        if (sdk_label_parse(code, o->label_code, strlen(o->label_code)) < 0)
            return -SK_EINVAL;
        c->label_code = sk_strdup(code);
        crypto_wipe(code, sizeof code);
    } else if (o->state == NULL) {
        return -SK_EINVAL;
    }
    c->model = sk_strdup(o->model != NULL ? o->model : "camera");
    c->firmware = sk_strdup(o->firmware != NULL ? o->firmware : "0");
    c->info_note = o->info_note != NULL ? sk_strdup(o->info_note) : NULL;
    c->build_wall_ms = o->build_wall_ms;
    c->channels_max = o->sessions_max != 0 ? o->sessions_max : CHANNELS_DEFAULT;
    return c->channels_max <= SEEN_MAX ? 0 : -SK_EINVAL;
}

int sdk_camera_new(struct sdk_camera **out, const struct sdk_camera_options *o,
                   const struct sdk_camera_ops *ops, void *user, int64_t now_ms)
{
    struct sdk_camera *c = sk_alloc(sizeof *c);
    int rc;

    c->ops = ops;
    c->user = user;
    c->born_ms = now_ms;
    rc = options_read(c, o);
    if (rc == 0)
        rc = o->state != NULL
                 ? camera_state_decode(&c->state, o->state, o->state_len, c->device_raw)
                 : state_make(c);
    if (rc < 0)
        goto out;
    camera_check_boot(c, now_ms);
    c->state.boot++; /* saved before anything is derived from it (4.1) */
    rc = camera_state_save(c);
    if (rc < 0)
        goto out;
    sk_random(c->boot_id, sizeof c->boot_id);
    c->generation = (UINT32_C(1) << 30) + sk_random_below(UINT32_C(1) << 30);
    for (unsigned i = 0; i < SDK_STREAM_COUNT; i++) {
        sk_buf_init(&c->streams[i].init, INIT_MAX);
        sk_buf_init(&c->streams[i].out, WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_MEDIA_MAX);
    }
    for (unsigned i = 0; i < 6; i++)
        c->notice_ms[i] = INT64_MIN / 2;
    lock_init(&c->lock, c->state.verifier.params.class, c->state.whole_level, now_ms);
    camera_password_loaded(c);
    *out = c;
    c = NULL;
out:
    sdk_camera_free(&c);
    return rc;
}

static void secret_text_free(char *s)
{
    if (s != NULL)
        crypto_wipe(s, strlen(s));
    free(s);
}

void sdk_camera_free(struct sdk_camera **cp)
{
    struct sdk_camera *c = *cp;

    if (c == NULL)
        return;
    while (c->session_count > 0)
        session_free(c, c->sessions[c->session_count - 1]);
    camera_stream_fini(c);
    command_once_fini(c);
    lock_fini(&c->lock);
    if (c->pake != NULL)
        crypto_wipe(c->pake, sizeof *c->pake);
    free(c->pake);
    free(c->sessions);
    free(c->seen);
    free(c->kopen_ms);
    free(c->kopen_key);
    secret_text_free(c->label_code);
    secret_text_free(c->info_note);
    free(c->state.list);
    free(c->model);
    free(c->firmware);
    crypto_wipe(c, sizeof *c);
    free(c);
    *cp = NULL;
}

void sdk_camera_seal_key(const struct sdk_camera *c, uint8_t out[65])
{
    memcpy(out, c->state.seal_public, 65);
}

void sdk_camera_boot_id(const struct sdk_camera *c, uint8_t out[8])
{
    memcpy(out, c->boot_id, 8);
}

void sdk_camera_on_envelope(struct sdk_camera *c, const uint8_t *data, size_t len, int64_t now_ms)
{
    struct wire_envelope e;

    c->stats.envelopes++;
    if (wire_envelope_decode(&e, data, len) < 0 || memcmp(e.device, c->device_raw, 16) != 0) {
        c->stats.refused++;
        return;
    }
    camera_enter(c);
    camera_session_envelope(c, &e, now_ms);
    camera_leave(c, now_ms);
}

void sdk_camera_on_revoke(struct sdk_camera *c, const char *account, int64_t now_ms)
{
    int found = 0;

    camera_enter(c);
    for (unsigned i = c->session_count; i-- > 0;)
        if (strcmp(c->sessions[i]->account, account) == 0) {
            found = 1;
            session_close(c, c->sessions[i], WIRE_CODE_REVOKED, now_ms);
        }
    /* Also when no channel is open now: the account may hold keys of one that just closed. */
    camera_event(c, found ? "revoked" : "revoked-absent");
    camera_stream_revoke(c, 1, now_ms);
    camera_leave(c, now_ms);
}

void sdk_camera_link_lost(struct sdk_camera *c, int64_t now_ms)
{
    c->is_link_lost = c->depth > 0;
    if (c->depth > 0)
        return;
    while (c->session_count > 0) {
        struct session *s = c->sessions[c->session_count - 1];

        camera_stream_leave(c, s, now_ms);
        session_free(c, s);
    }
}

void sdk_camera_set_wall(struct sdk_camera *c, int64_t wall_ms, int64_t now_ms)
{
    c->wall_base_ms = wall_ms - now_ms;
    camera_check_server(c, wall_ms, now_ms);
}

int64_t sdk_camera_tick(struct sdk_camera *c, int64_t now_ms)
{
    int64_t a, b, l;

    camera_enter(c);
    l = camera_list_tick(c, now_ms); /* first: what it cuts, the streams' switch is due for */
    a = camera_session_tick(c, now_ms);
    b = camera_stream_tick(c, now_ms);
    camera_leave(c, now_ms);
    a = l < a ? l : a;
    return a < b ? a : b;
}

void sdk_camera_button(struct sdk_camera *c, int64_t now_ms)
{
    lock_clear(&c->lock, c->state.verifier.params.class, now_ms);
    c->button_until_ms = now_ms + BUTTON_MS;
    camera_event(c, "button");
}

int sdk_camera_factory_reset(struct sdk_camera *c, int64_t now_ms)
{
    struct camera_state before = c->state;
    int rc;

    if (c->label_code == NULL)
        return -SK_EUNSUPPORTED;
    memset(c->state.owners, 0, sizeof c->state.owners);
    memset(c->state.enrolled, 0, sizeof c->state.enrolled);
    c->state.list = NULL;
    rc =
        sdk_verifier_make(&c->state.verifier, SDK_CLASS_CODE, before.verifier.params.generation + 1,
                          c->label_code, WIRE_LABEL_CODE_LEN, c->device);
    if (rc == 0)
        rc = camera_state_save(c);
    if (rc < 0) {
        c->state = before;
    } else {
        free(before.list);
        camera_password_loaded(c);
        lock_fini(&c->lock);
        lock_init(&c->lock, SDK_CLASS_CODE, 0, now_ms);
        camera_enter(c);
        while (c->session_count > 0)
            session_close(c, c->sessions[c->session_count - 1], WIRE_CODE_REVOKED, now_ms);
        camera_leave(c, now_ms);
        camera_event(c, "factory-reset");
    }
    crypto_wipe(&before, sizeof before);
    return rc;
}

void sdk_camera_stats(const struct sdk_camera *c, struct sdk_camera_stats *out)
{
    *out = c->stats;
    out->channels = out->password_channels = out->owners = out->enrolled = 0;
    for (unsigned i = 0; i < c->session_count; i++)
        if (c->sessions[i]->state == RUN_CHANNEL) {
            out->channels++;
            out->password_channels += !c->sessions[i]->is_by_key;
        }
    for (unsigned i = 0; i < OWNERS_MAX; i++)
        out->owners += c->state.owners[i].is_used;
    for (unsigned i = 0; i < ENROLLED_MAX; i++)
        out->enrolled += c->state.enrolled[i].is_used;
}
