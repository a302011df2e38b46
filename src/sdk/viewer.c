/* The viewer object: life, envelopes, handshakes (sealed.md 2.3, 2.6, 5.5). */
#include "sdk/viewer.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/label.h"
#include "sdk/viewer_internal.h"

enum { TTL = 100, CONTEXT_BYTES = 17 + WIRE_SEAL_PARAMS_BYTES + 28 + 28, KK_PAYLOAD = 20 };

int sdk_viewer_new(struct sdk_viewer **out, const struct sdk_viewer_options *o,
                   const struct sdk_viewer_ops *ops, void *user)
{
    struct sdk_viewer *v;
    size_t n;

    if (strlen(o->device) != WIRE_LABEL_DEVICE_LEN || o->account[0] == '\0' ||
        strlen(o->account) > WIRE_ENVELOPE_ACCOUNT_MAX ||
        (o->fingerprint != NULL && strlen(o->fingerprint) != WIRE_LABEL_FINGERPRINT_LEN))
        return -SK_EINVAL;
    v = sk_alloc(sizeof *v);
    v->ops = ops;
    v->user = user;
    SK_ASSERT(sk_copy(v->device, sizeof v->device, o->device) == 0);
    SK_ASSERT(sk_copy(v->account, sizeof v->account, o->account) == 0);
    if (o->fingerprint != NULL)
        SK_ASSERT(sk_copy(v->fingerprint, sizeof v->fingerprint, o->fingerprint) == 0);
    if (sk_b32_decode(v->device_raw, 16, &n, o->device, WIRE_LABEL_DEVICE_LEN) < 0 || n != 16 ||
        (o->pin != NULL && crypto_p256_check(o->pin) < 0)) {
        free(v);
        return -SK_EINVAL;
    }
    if (o->pin != NULL)
        memcpy(v->pin, o->pin, 65);
    if (o->params != NULL)
        memcpy(v->params, o->params, sizeof v->params);
    v->has_pin = o->pin != NULL;
    v->has_params = o->params != NULL;
    sk_random(v->session, sizeof v->session);
    sk_buf_init(&v->frame, WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_MEDIA_MAX);
    sk_buf_init(&v->waiting, WAITING_MAX);
    *out = v;
    return 0;
}

static void handshake_wipe(struct sdk_viewer *v)
{
    crypto_wipe(v->password, sizeof v->password);
    crypto_wipe(&v->prover, sizeof v->prover);
    crypto_wipe(&v->kk, sizeof v->kk);
    v->password_len = 0;
}

void sdk_viewer_free(struct sdk_viewer **vp)
{
    struct sdk_viewer *v = *vp;

    if (v == NULL)
        return;
    sdk_channel_free(&v->channel);
    viewer_media_fini(v);
    crypto_wipe(v, sizeof *v);
    free(v);
    *vp = NULL;
}

void sdk_viewer_session(const struct sdk_viewer *v, uint8_t out[16])
{
    memcpy(out, v->session, 16);
}

/* ---- sending ---- */
static void envelope_send(struct sdk_viewer *v, struct wire_envelope *e)
{
    uint8_t out[WIRE_ENVELOPE_MAX];
    size_t len;

    e->ttl = TTL;
    e->seq = v->seq_out++;
    memcpy(e->session, v->session, 16);
    memcpy(e->device, v->device_raw, 16);
    SK_ASSERT(wire_envelope_encode(out, sizeof out, &len, e) == 0);
    v->ops->signal(v->user, out, len);
}

void viewer_send_body(struct sdk_viewer *v, const uint8_t *body, size_t len)
{
    struct wire_envelope e = {.type = WIRE_ENVELOPE_BODY, .body = body, .body_len = len};

    envelope_send(v, &e);
}

void viewer_end_send(struct sdk_viewer *v)
{
    struct wire_envelope e = {.type = WIRE_ENVELOPE_END, .reason = WIRE_END_CLOSED};

    envelope_send(v, &e);
}

static void message_send(struct sdk_viewer *v, struct wire_seal_msg *m, uint8_t *out, size_t *len)
{
    memcpy(m->session, v->session, 16);
    SK_ASSERT(wire_seal_encode(out, WIRE_SEAL_MSG_MAX, len, m) == 0);
    viewer_send_body(v, out, *len);
}

void viewer_over(struct sdk_viewer *v, unsigned code, uint32_t retry_ms, int is_clean,
                 const char *text)
{
    v->state = V_OVER;
    handshake_wipe(v);
    viewer_talk_fini(v);
    if (v->is_told)
        return;
    v->is_told = 1;
    v->ops->closed(v->user, code, retry_ms, is_clean, text);
}

/* Tell the camera, end the session, tell the owner. */
static void handshake_fail(struct sdk_viewer *v, unsigned code, const char *text)
{
    struct wire_seal_msg m = {.kind = WIRE_SEAL_ABORT, .code = (uint8_t)code};
    uint8_t out[WIRE_SEAL_MSG_MAX];
    size_t len;

    message_send(v, &m, out, &len);
    viewer_end_send(v);
    viewer_over(v, code, 0, 0, text);
}

/* ---- SPAKE2+ ---- */
static void open_send(struct sdk_viewer *v, const uint8_t *share)
{
    static const uint8_t unknown[8];
    struct wire_seal_msg m = {.kind = WIRE_SEAL_OPEN, .param_id = unknown, .share = share};
    uint8_t out[WIRE_SEAL_MSG_MAX], id[8];
    size_t len;

    if (share != NULL) {
        sdk_params_id(id, v->params);
        m.param_id = id;
    }
    v->state = share != NULL ? V_ANSWER : V_OPEN;
    memcpy(m.session, v->session, 16);
    SK_ASSERT(wire_seal_encode(out, sizeof out, &len, &m) == 0);
    memcpy(v->open_head, out, WIRE_SEAL_OPEN_HEAD_BYTES);
    viewer_send_body(v, out, len);
}

/* Hash under v->params and send the full OPEN. Returns an ABORT code or 0. */
static unsigned share_send(struct sdk_viewer *v)
{
    struct sdk_params p;
    uint8_t w0[32], w1[32];
    int rc;

    if (sdk_params_decode(&p, v->params) < 0 || p.class != v->class || sdk_params_check(&p) < 0)
        return WIRE_CODE_PARAMS;
    rc = sdk_password_hash(w0, w1, NULL, &p, v->password, v->password_len, v->device);
    if (rc == 0)
        rc = sdk_spake_prover_start(&v->prover, w0, w1, NULL);
    crypto_wipe(w0, sizeof w0);
    crypto_wipe(w1, sizeof w1);
    if (rc < 0)
        return WIRE_CODE_INTERNAL;
    open_send(v, v->prover.share);
    return 0;
}

int sdk_viewer_open_password(struct sdk_viewer *v, unsigned class, const char *password, size_t len,
                             int64_t now_ms)
{
    char code[WIRE_LABEL_CODE_SIZE];

    if (v->state != V_IDLE)
        return -SK_ECONFLICT;
    if (class == SDK_CLASS_CODE) {
        if (sdk_label_parse(code, password, len) < 0)
            return -SK_EINVAL;
        memcpy(v->password, code, WIRE_LABEL_CODE_LEN);
        v->password_len = WIRE_LABEL_CODE_LEN;
        crypto_wipe(code, sizeof code);
    } else {
        if (class != SDK_CLASS_CHOSEN || len == 0 || len > sizeof v->password)
            return -SK_EINVAL;
        memcpy(v->password, password, len);
        v->password_len = len;
    }
    v->class = class;
    v->is_password_born = 1;
    v->deadline_ms = now_ms + VIEWER_HANDSHAKE_MS;
    if (!v->has_params || share_send(v) != 0)
        open_send(v, NULL); /* not known, or not to be used: ask */
    return 0;
}

static void params_handle(struct sdk_viewer *v, const struct wire_seal_msg *m, int64_t now_ms)
{
    unsigned code;

    if (v->is_retried) {
        handshake_fail(v, WIRE_CODE_MALFORMED, "the camera named parameters twice");
        return;
    }
    v->is_retried = 1;
    v->has_params = 0;
    memcpy(v->params, m->params, sizeof v->params);
    code = share_send(v);
    if (code != 0)
        handshake_fail(v, code, "the camera's password parameters are not acceptable");
    else
        v->deadline_ms = now_ms + VIEWER_HANDSHAKE_MS;
}

static void confirm_send(struct sdk_viewer *v, const struct sdk_spake_keys *keys,
                         const uint8_t salt[32], int64_t now_ms)
{
    struct wire_seal_msg m = {.kind = WIRE_SEAL_CONFIRM, .confirm = keys->confirm_p};

    memcpy(m.session, v->session, 16);
    SK_ASSERT(wire_seal_encode(v->prefix, sizeof v->prefix, &v->prefix_len, &m) == 0);
    viewer_channel_open(v, salt, keys->shared, 32, now_ms); /* hello leaves behind CONFIRM */
}

static void answer_handle(struct sdk_viewer *v, const struct wire_seal_msg *m, const uint8_t *body,
                          int64_t now_ms)
{
    uint8_t context[CONTEXT_BYTES], salt[32];
    struct sdk_spake_ids ids = {context, sizeof context, v->account, v->device};
    struct sdk_spake_keys keys;
    int rc;

    if (memcmp(m->param_id, v->open_head + WIRE_SEAL_HEAD_BYTES, 8) != 0) {
        handshake_fail(v, WIRE_CODE_MALFORMED, "the camera answered about other parameters");
        return;
    }
    memcpy(context, "skep-seal/1 pake", 17); /* with its zero byte */
    memcpy(context + 17, v->params, WIRE_SEAL_PARAMS_BYTES);
    memcpy(context + 17 + WIRE_SEAL_PARAMS_BYTES, v->open_head, 28);
    memcpy(context + 17 + WIRE_SEAL_PARAMS_BYTES + 28, body, 28);
    rc = sdk_spake_prover_finish(&keys, &v->prover, &ids, m->share);
    if (rc < 0) {
        handshake_fail(v, WIRE_CODE_MALFORMED, "the camera's share is no good point");
    } else if (!sk_equal_ct(keys.confirm_v, m->confirm, 32)) {
        handshake_fail(v, WIRE_CODE_CONFIRM, "wrong password, or somebody in between");
    } else {
        handshake_wipe(v);
        if (v->ops->params != NULL)
            v->ops->params(v->user, v->params);
        crypto_sha256(salt, context, sizeof context);
        confirm_send(v, &keys, salt, now_ms);
    }
    crypto_wipe(&keys, sizeof keys);
}

/* ---- Noise KK ---- */
static size_t prologue_make(uint8_t *out, const struct sdk_viewer *v)
{
    size_t a = strlen(v->account), n = 15;

    memcpy(out, "skep-seal/1 kk", 15); /* with its zero byte */
    out[n++] = (uint8_t)a;
    memcpy(out + n, v->account, a);
    n += a;
    out[n++] = WIRE_LABEL_DEVICE_LEN;
    memcpy(out + n, v->device, WIRE_LABEL_DEVICE_LEN);
    n += WIRE_LABEL_DEVICE_LEN;
    memcpy(out + n, v->open_head, WIRE_SEAL_KOPEN_HEAD_BYTES);
    return n + WIRE_SEAL_KOPEN_HEAD_BYTES;
}

int sdk_viewer_open_key(struct sdk_viewer *v, const uint8_t secret[32], int64_t now_ms)
{
    uint8_t prologue[15 + 2 + WIRE_ENVELOPE_ACCOUNT_MAX + WIRE_LABEL_DEVICE_LEN +
                     WIRE_SEAL_KOPEN_HEAD_BYTES];
    uint8_t body[117], point[65];
    size_t len;

    if (v->state != V_IDLE)
        return -SK_ECONFLICT;
    if (!v->has_pin || crypto_p256_mul(point, secret, NULL) < 0)
        return -SK_EINVAL;
    body[0] = WIRE_SEAL_KOPEN;
    body[1] = 1;
    body[2] = body[3] = 0;
    memcpy(body + 4, v->session, 16);
    crypto_key_id(body + 20, CRYPTO_KEY_VIEWER, point);
    memcpy(v->open_head, body, WIRE_SEAL_KOPEN_HEAD_BYTES);
    len = prologue_make(prologue, v);
    if (sdk_kk_init(&v->kk, sdk_kk_p256(), 1, prologue, len, secret, v->pin, NULL) < 0 ||
        sdk_kk_write(&v->kk, body + WIRE_SEAL_KOPEN_HEAD_BYTES, &len, NULL, 0) < 0)
        return -SK_EINVAL;
    v->state = V_KANSWER;
    v->deadline_ms = now_ms + VIEWER_HANDSHAKE_MS;
    viewer_send_body(v, body, sizeof body);
    return 0;
}

static void kanswer_handle(struct sdk_viewer *v, const uint8_t *body, int64_t now_ms)
{
    uint8_t payload[KK_PAYLOAD], keys[64], h[32];

    if (crypto_p256_check(body + WIRE_SEAL_HEAD_BYTES) < 0) {
        handshake_fail(v, WIRE_CODE_MALFORMED, "the camera's share is no good point");
        return;
    }
    if (sdk_kk_read(&v->kk, payload, body + WIRE_SEAL_HEAD_BYTES, 65 + KK_PAYLOAD + 16) < 0) {
        handshake_fail(v, WIRE_CODE_CRYPTO, "this is not the pinned camera");
        return;
    }
    sdk_kk_split(&v->kk, keys);
    memcpy(h, v->kk.h, 32);
    v->hello.list_version = sk_get_u32(payload);
    memcpy(v->hello.boot, payload + 4, 8);
    handshake_wipe(v);
    viewer_channel_open(v, h, keys, sizeof keys, now_ms);
    crypto_wipe(keys, sizeof keys);
}

/* ---- which message when ---- */
static void abort_handle(struct sdk_viewer *v, const struct wire_seal_msg *m)
{
    const char *text = "the camera, or the server in its name, ended the attempt";

    if (v->state == V_HELLO || v->state == V_UP)
        return; /* unauthenticated: means nothing on an open channel */
    if (m->code == WIRE_CODE_KEY_UNKNOWN)
        text = "the camera, or the server in its name, does not know this key";
    else if (m->code == WIRE_CODE_LOCKED)
        text = "the camera is locked after too many wrong passwords";
    viewer_end_send(v);
    viewer_over(v, m->code, m->retry_ms, 0, text);
}

void viewer_handshake(struct sdk_viewer *v, const uint8_t *body, size_t len, int64_t now_ms)
{
    static const uint8_t awaited[] = {[V_OPEN] = WIRE_SEAL_PARAMS,
                                      [V_ANSWER] = WIRE_SEAL_ANSWER,
                                      [V_KANSWER] = WIRE_SEAL_KANSWER};
    struct wire_seal_msg m;
    int rc = wire_seal_decode(&m, body, len);
    int is_running = v->state >= V_OPEN && v->state <= V_KANSWER;
    int is_awaited = is_running && (body[0] == awaited[v->state] ||
                                    (v->state == V_ANSWER && body[0] == WIRE_SEAL_PARAMS));

    if (rc == 0 && memcmp(m.session, v->session, 16) != 0)
        rc = -SK_EINVAL;
    if (rc == 0 && m.kind == WIRE_SEAL_ABORT) {
        abort_handle(v, &m);
    } else if (!is_awaited) {
        v->stats.refused++; /* dropped: what runs goes on */
    } else if (rc < 0) {
        handshake_fail(v, rc == -SK_EVERSION ? WIRE_CODE_VERSION : WIRE_CODE_MALFORMED,
                       "the camera's answer is malformed");
    } else if (m.kind == WIRE_SEAL_PARAMS) {
        params_handle(v, &m, now_ms);
    } else if (m.kind == WIRE_SEAL_ANSWER) {
        answer_handle(v, &m, body, now_ms);
    } else {
        kanswer_handle(v, body, now_ms);
    }
}

static void record_receive(struct sdk_viewer *v, const uint8_t *body, size_t len, int64_t now_ms)
{
    unsigned code = 0;
    int rc = sdk_channel_receive(v->channel, body, len, &code, now_ms);

    if (rc == 0 || v->state == V_OVER)
        return;
    viewer_end_send(v);
    viewer_over(v, code, 0, rc == -SK_ECLOSED, wire_code_text(code));
}

void sdk_viewer_on_envelope(struct sdk_viewer *v, const uint8_t *data, size_t len, int64_t now_ms)
{
    struct wire_envelope e;

    if (v->state == V_OVER || v->state == V_IDLE)
        return;
    if (wire_envelope_decode(&e, data, len) < 0 || memcmp(e.session, v->session, 16) != 0 ||
        memcmp(e.device, v->device_raw, 16) != 0) {
        v->stats.refused++;
        return;
    }
    if (e.type != WIRE_ENVELOPE_BODY)
        viewer_over(v, e.reason == WIRE_END_REVOKED ? WIRE_CODE_REVOKED : WIRE_CODE_NORMAL, 0, 0,
                    wire_end_text(e.reason));
    else if (e.body[0] != WIRE_SEAL_RECORD)
        viewer_handshake(v, e.body, e.body_len, now_ms);
    else if (v->channel != NULL)
        record_receive(v, e.body, e.body_len, now_ms);
    else
        v->stats.refused++;
}

void sdk_viewer_close(struct sdk_viewer *v, int64_t now_ms)
{
    if (v->state == V_OVER)
        return;
    if (v->channel != NULL)
        sdk_channel_close(v->channel, WIRE_CODE_NORMAL, now_ms);
    if (v->state != V_IDLE)
        viewer_end_send(v);
    v->is_told = 1;
    viewer_over(v, WIRE_CODE_NORMAL, 0, 1, "closed");
}

int64_t sdk_viewer_tick(struct sdk_viewer *v, int64_t now_ms)
{
    int64_t deadline = INT64_MAX, media;
    unsigned code = 0;

    if (v->state == V_OVER || v->state == V_IDLE)
        return INT64_MAX;
    if (v->state != V_UP) {
        if (now_ms < v->deadline_ms)
            return v->deadline_ms;
        viewer_end_send(v);
        viewer_over(v, WIRE_CODE_IDLE, 0, 0, "the camera did not answer");
        return INT64_MAX;
    }
    if (sdk_channel_tick(v->channel, &code, &deadline, now_ms) < 0) {
        viewer_end_send(v);
        viewer_over(v, code, 0, 0, wire_code_text(code));
        return INT64_MAX;
    }
    media = viewer_media_tick(v, now_ms);
    return media < deadline ? media : deadline;
}
