/* Sessions on the camera: which handshake message is taken when, and what ends a run
 * (sealed.md 2.3-2.5, 5.5). */
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

enum { TTL = 100, KOPEN_PER_MINUTE = 30, KOPEN_PER_KEY = 10, MINUTE_MS = 60 * 1000 };
enum { KK_PAYLOAD = 20, CONTEXT_BYTES = 17 + WIRE_SEAL_PARAMS_BYTES + 28 + 28 };

/* ---- sending ---- */
static void envelope_send(struct sdk_camera *c, const uint8_t session[16], struct wire_envelope *e)
{
    uint8_t out[WIRE_ENVELOPE_MAX];
    size_t len;

    e->ttl = TTL;
    memcpy(e->session, session, 16);
    memcpy(e->device, c->device_raw, 16);
    SK_ASSERT(wire_envelope_encode(out, sizeof out, &len, e) == 0);
    c->ops->signal(c->user, out, len);
}

void session_send_body(struct session *s, const uint8_t *body, size_t len)
{
    struct wire_envelope e = {
        .type = WIRE_ENVELOPE_BODY, .seq = s->seq_out++, .body = body, .body_len = len};

    envelope_send(s->camera, s->id, &e);
}

static void end_send(struct sdk_camera *c, const uint8_t session[16], uint32_t seq)
{
    struct wire_envelope e = {.type = WIRE_ENVELOPE_END, .seq = seq, .reason = WIRE_END_CLOSED};

    envelope_send(c, session, &e);
}

static void abort_send(struct sdk_camera *c, const uint8_t session[16], uint32_t seq, unsigned code,
                       uint32_t retry_ms)
{
    struct wire_seal_msg m = {.kind = WIRE_SEAL_ABORT, .code = (uint8_t)code, .retry_ms = retry_ms};
    struct wire_envelope e = {.type = WIRE_ENVELOPE_BODY, .seq = seq};
    uint8_t body[WIRE_SEAL_MSG_MAX];

    memcpy(m.session, session, 16);
    SK_ASSERT(wire_seal_encode(body, sizeof body, &e.body_len, &m) == 0);
    e.body = body;
    envelope_send(c, session, &e);
}

/* ---- the table ---- */
static struct session *session_find(struct sdk_camera *c, const uint8_t id[16])
{
    for (unsigned i = 0; i < c->session_count; i++)
        if (memcmp(c->sessions[i]->id, id, 16) == 0)
            return c->sessions[i];
    return NULL;
}

static int is_seen(const struct sdk_camera *c, const uint8_t id[16])
{
    unsigned n = c->seen_count < SEEN_MAX ? c->seen_count : SEEN_MAX;

    for (unsigned i = 0; i < n; i++)
        if (memcmp(c->seen[i], id, 16) == 0)
            return 1;
    return 0;
}

static struct session *session_new(struct sdk_camera *c, const struct wire_envelope *e,
                                   int64_t now_ms)
{
    struct session *s;

    if (c->session_count >= SESSIONS_HARD_MAX)
        return NULL;
    if (c->session_count == c->session_cap) {
        c->session_cap = c->session_cap == 0 ? 4 : c->session_cap * 2;
        c->sessions = sk_realloc(c->sessions, c->session_cap * sizeof *c->sessions);
    }
    if (c->seen == NULL)
        c->seen = sk_alloc(SEEN_MAX * sizeof *c->seen);
    memcpy(c->seen[c->seen_count++ % SEEN_MAX], e->session, 16);
    s = sk_alloc(sizeof *s);
    s->camera = c;
    memcpy(s->id, e->session, 16);
    memcpy(s->account, e->account, e->account_len);
    s->deadline_ms = now_ms + HANDSHAKE_MS;
    c->sessions[c->session_count++] = s;
    return s;
}

void session_free(struct sdk_camera *c, struct session *s)
{
    unsigned i = 0;

    while (c->sessions[i] != s)
        i++;
    memmove(c->sessions + i, c->sessions + i + 1, (c->session_count - i - 1) * sizeof *c->sessions);
    c->session_count--;
    sdk_channel_free(&s->channel);
    crypto_wipe(s, sizeof *s);
    free(s);
}

void session_close(struct sdk_camera *c, struct session *s, unsigned code, int64_t now_ms)
{
    if (s->channel != NULL) {
        sdk_channel_close(s->channel, code, now_ms);
        camera_stream_leave(c, s, now_ms);
    }
    end_send(c, s->id, s->seq_out);
    session_free(c, s);
}

static void run_abort(struct sdk_camera *c, struct session *s, unsigned code, uint32_t retry_ms)
{
    abort_send(c, s->id, s->seq_out, code, retry_ms);
    session_free(c, s);
}

void camera_session_close_password(struct sdk_camera *c, const struct session *except,
                                   int64_t now_ms)
{
    for (unsigned i = c->session_count; i-- > 0;) {
        struct session *s = c->sessions[i];

        if (s != except)
            session_close(c, s, WIRE_CODE_PASSWORD, now_ms);
    }
}

/* ---- channels ---- */
static void channel_send_cb(void *user, const uint8_t *body, size_t len)
{
    session_send_body(user, body, len);
}

static void channel_record_cb(void *user, const struct wire_record_plain *p, int64_t now_ms)
{
    struct session *s = user;
    unsigned code;

    if (s->is_closing)
        return;
    s->camera->stats.records++;
    code = camera_command(s->camera, s, p, now_ms);
    if (code != 0) {
        s->is_closing = 1;
        s->close_code = (uint8_t)code;
    }
}

static const struct sdk_channel_ops channel_ops = {channel_send_cb, channel_record_cb};

static void channel_open(struct session *s, const uint8_t salt[32], const uint8_t *ikm,
                         size_t ikm_len, int64_t now_ms)
{
    s->channel = sdk_channel_new(SDK_SIDE_CAMERA, salt, ikm, ikm_len, &channel_ops, s, now_ms);
    s->state = RUN_CHANNEL;
    s->rights = WIRE_RIGHTS_PASSWORD;
    s->deadline_ms = now_ms + HANDSHAKE_MS; /* for the first record */
    s->camera->stats.handshakes++;
}

static void record_receive(struct sdk_camera *c, struct session *s, const uint8_t *body, size_t len,
                           int64_t now_ms)
{
    unsigned code = 0;
    int rc = sdk_channel_receive(s->channel, body, len, &code, now_ms);

    if (rc == 0 && s->is_closing) {
        session_close(c, s, s->close_code, now_ms);
    } else if (rc < 0) {
        if (rc != -SK_ECLOSED)
            c->stats.refused++;
        session_close(c, s, code, now_ms);
    }
}

/* ---- SPAKE2+ ---- */
static int pake_prepare(struct sdk_camera *c)
{
    if (c->pake != NULL)
        return 0;
    c->pake = sk_alloc(sizeof *c->pake);
    return sdk_spake_verifier_prepare(c->pake, c->state.verifier.w0, c->state.verifier.l);
}

static void params_send(struct sdk_camera *c, struct session *s)
{
    struct wire_seal_msg m = {.kind = WIRE_SEAL_PARAMS, .params = c->params};
    uint8_t body[WIRE_SEAL_MSG_MAX];
    size_t len;

    memcpy(m.session, s->id, 16);
    SK_ASSERT(wire_seal_encode(body, sizeof body, &len, &m) == 0);
    s->state = RUN_PARAMS;
    session_send_body(s, body, len);
}

/* At most 8 runs wait for CONFIRM: the oldest gives way, its try stays spent. */
static void waiting_limit(struct sdk_camera *c)
{
    struct session *oldest = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < c->session_count; i++)
        if (c->sessions[i]->state == RUN_CONFIRM) {
            if (oldest == NULL)
                oldest = c->sessions[i];
            n++;
        }
    if (n >= CONFIRM_WAITING_MAX)
        run_abort(c, oldest, WIRE_CODE_BUSY, 0);
}

static void lock_event_send(struct sdk_camera *c, int64_t now_ms)
{
    camera_event(c, "lock");
    for (unsigned i = 0; i < c->session_count; i++)
        if (c->sessions[i]->state == RUN_CHANNEL && c->sessions[i]->is_owner)
            command_event(c->sessions[i], "lock", json_object(), now_ms);
}

/* Spend a try and make it durable before anything leaves (2.5). Returns an ABORT code or 0. */
static unsigned try_spend(struct sdk_camera *c, struct session *s, uint32_t *retry_ms,
                          int64_t now_ms)
{
    unsigned class = c->state.verifier.params.class;
    int is_fifth;

    *retry_ms = lock_spend(&c->lock, class, s->account, &is_fifth, now_ms);
    if (*retry_ms > 0) {
        c->stats.locked++;
        return WIRE_CODE_LOCKED;
    }
    if (is_fifth)
        lock_event_send(c, now_ms);
    if (class != SDK_CLASS_CHOSEN)
        return 0;
    c->state.whole_level = (uint8_t)c->lock.level;
    return camera_state_save(c) < 0 ? (unsigned)WIRE_CODE_INTERNAL : 0;
}

static void context_make(uint8_t out[CONTEXT_BYTES], const struct sdk_camera *c,
                         const uint8_t *open_head, const uint8_t *answer_head)
{
    memcpy(out, "skep-seal/1 pake", 17); /* with its zero byte */
    memcpy(out + 17, c->params, WIRE_SEAL_PARAMS_BYTES);
    memcpy(out + 17 + WIRE_SEAL_PARAMS_BYTES, open_head, 28);
    memcpy(out + 17 + WIRE_SEAL_PARAMS_BYTES + 28, answer_head, 28);
}

static void answer_make(struct sdk_camera *c, struct session *s, const struct wire_seal_msg *m,
                        const uint8_t *body)
{
    uint8_t context[CONTEXT_BYTES], head[28], share[65], out[WIRE_SEAL_MSG_MAX];
    struct sdk_spake_ids ids = {context, sizeof context, s->account, c->device};
    struct wire_seal_msg answer = {.kind = WIRE_SEAL_ANSWER, .param_id = c->param_id};
    struct sdk_spake_keys keys;
    size_t len;

    memcpy(head, body, 28);
    head[0] = WIRE_SEAL_ANSWER;
    context_make(context, c, body, head);
    if (pake_prepare(c) < 0 ||
        sdk_spake_verifier_answer(&keys, share, c->pake, &ids, m->share, NULL) < 0) {
        c->stats.refused++;
        run_abort(c, s, WIRE_CODE_MALFORMED, 0);
        return;
    }
    memcpy(answer.session, s->id, 16);
    answer.share = share;
    answer.confirm = keys.confirm_v;
    SK_ASSERT(wire_seal_encode(out, sizeof out, &len, &answer) == 0);
    memcpy(s->confirm_p, keys.confirm_p, 32);
    memcpy(s->shared, keys.shared, 32);
    crypto_sha256(s->salt, context, sizeof context);
    crypto_wipe(&keys, sizeof keys);
    s->password_generation = c->state.verifier.params.generation;
    s->state = RUN_CONFIRM;
    session_send_body(s, out, len);
}

static void open_handle(struct sdk_camera *c, struct session *s, const struct wire_envelope *e,
                        const struct wire_seal_msg *m, int64_t now_ms)
{
    uint32_t retry_ms = 0;
    unsigned code;

    if (s != NULL && (s->state != RUN_PARAMS || s->is_opened_twice)) {
        c->stats.refused++;
        return;
    }
    if (s == NULL) {
        if (is_seen(c, m->session)) {
            abort_send(c, m->session, 0, WIRE_CODE_MALFORMED, 0);
            return;
        }
        s = session_new(c, e, now_ms);
        if (s == NULL) {
            abort_send(c, m->session, 0, WIRE_CODE_BUSY, 0);
            return;
        }
    } else {
        s->is_opened_twice = 1;
    }
    if (m->share == NULL || memcmp(m->param_id, c->param_id, 8) != 0) {
        if (s->is_opened_twice)
            run_abort(c, s, WIRE_CODE_MALFORMED, 0);
        else
            params_send(c, s);
        return;
    }
    waiting_limit(c);
    code = try_spend(c, s, &retry_ms, now_ms);
    if (code != 0)
        run_abort(c, s, code, retry_ms);
    else
        answer_make(c, s, m, e->body);
}

static void confirm_handle(struct sdk_camera *c, struct session *s, const struct wire_seal_msg *m,
                           int64_t now_ms)
{
    uint8_t shared[32], salt[32];

    if (!sk_equal_ct(m->confirm, s->confirm_p, 32)) {
        c->stats.confirm_failed++;
        run_abort(c, s, WIRE_CODE_CONFIRM, 0);
        return;
    }
    lock_give_back(&c->lock, c->state.verifier.params.class, s->account, now_ms);
    if (c->state.verifier.params.class == SDK_CLASS_CHOSEN) {
        c->state.whole_level = (uint8_t)c->lock.level;
        if (camera_state_save(c) < 0) /* costs the owner a try at the next boot, no more */
            camera_event(c, "save-failed");
    }
    memcpy(shared, s->shared, 32);
    memcpy(salt, s->salt, 32);
    crypto_wipe(s->shared, 32);
    crypto_wipe(s->confirm_p, 32);
    channel_open(s, salt, shared, 32, now_ms);
    crypto_wipe(shared, sizeof shared);
    crypto_wipe(salt, sizeof salt);
    if (m->record != NULL)
        record_receive(c, s, m->record, m->record_len, now_ms);
}

/* ---- Noise KK ---- */
static struct enrolled *key_find(struct sdk_camera *c, const uint8_t id[16], const char *account)
{
    uint8_t tag[16];

    camera_account_tag(tag, account);
    for (unsigned i = 0; i < ENROLLED_MAX; i++) {
        struct enrolled *k = &c->state.enrolled[i];

        if (k->is_used && memcmp(k->id, id, 16) == 0 && memcmp(k->tag, tag, 16) == 0 &&
            k->generation == c->state.verifier.params.generation)
            return k;
    }
    return NULL;
}

/* 10 a minute and key, 30 a minute in all; owner-proved keys do not count. */
static int kopen_is_allowed(struct sdk_camera *c, const struct enrolled *k, int64_t now_ms)
{
    unsigned all = 0, same = 0, oldest = 0;

    if (k->is_owner_proved)
        return 1;
    if (c->kopen_ms == NULL) {
        c->kopen_ms = sk_alloc(KOPEN_PER_MINUTE * sizeof *c->kopen_ms);
        c->kopen_key = sk_alloc(KOPEN_PER_MINUTE * sizeof *c->kopen_key);
        for (unsigned i = 0; i < KOPEN_PER_MINUTE; i++)
            c->kopen_ms[i] = INT64_MIN / 2;
    }
    for (unsigned i = 0; i < KOPEN_PER_MINUTE; i++) {
        int is_recent = now_ms - c->kopen_ms[i] < MINUTE_MS;

        all += (unsigned)is_recent;
        same += is_recent && memcmp(c->kopen_key[i], k->id, 16) == 0;
        if (c->kopen_ms[i] < c->kopen_ms[oldest])
            oldest = i;
    }
    if (all >= KOPEN_PER_MINUTE || same >= KOPEN_PER_KEY)
        return 0;
    c->kopen_ms[oldest] = now_ms;
    memcpy(c->kopen_key[oldest], k->id, 16);
    return 1;
}

static size_t prologue_make(uint8_t *out, const char *account, const char *device,
                            const uint8_t *kopen)
{
    size_t n = 0, a = strlen(account), d = strlen(device);

    memcpy(out, "skep-seal/1 kk", 15); /* with its zero byte */
    n = 15;
    out[n++] = (uint8_t)a;
    memcpy(out + n, account, a);
    n += a;
    out[n++] = (uint8_t)d;
    memcpy(out + n, device, d);
    n += d;
    memcpy(out + n, kopen, WIRE_SEAL_KOPEN_HEAD_BYTES);
    return n + WIRE_SEAL_KOPEN_HEAD_BYTES;
}

/* Run the responder; 0 and body/keys, or an ABORT code. */
static unsigned kk_respond(struct sdk_camera *c, const struct session *s, const struct enrolled *k,
                           const uint8_t *kopen, struct sdk_kk *kk, uint8_t *out, int64_t now_ms)
{
    uint8_t prologue[15 + 1 + WIRE_ENVELOPE_ACCOUNT_MAX + 1 + WIRE_LABEL_DEVICE_LEN +
                     WIRE_SEAL_KOPEN_HEAD_BYTES];
    uint8_t payload[KK_PAYLOAD];
    size_t n = prologue_make(prologue, s->account, c->device, kopen), len;

    if (crypto_p256_check(kopen + 36) < 0)
        return WIRE_CODE_MALFORMED;
    if (sdk_kk_init(kk, sdk_kk_p256(), 0, prologue, n, c->state.seal_secret, k->point, NULL) < 0)
        return WIRE_CODE_INTERNAL;
    if (sdk_kk_read(kk, NULL, kopen + 36, 65 + 16) < 0)
        return WIRE_CODE_CRYPTO;
    sk_put_u32(payload, 0); /* no list yet */
    memcpy(payload + 4, c->boot_id, 8);
    sk_put_u64(payload + 12, (uint64_t)camera_wall(c, now_ms));
    memcpy(out, kopen, WIRE_SEAL_HEAD_BYTES);
    out[0] = WIRE_SEAL_KANSWER;
    return sdk_kk_write(kk, out + WIRE_SEAL_HEAD_BYTES, &len, payload, sizeof payload) < 0
               ? (unsigned)WIRE_CODE_INTERNAL
               : 0;
}

static void kopen_handle(struct sdk_camera *c, const struct wire_envelope *e,
                         const struct wire_seal_msg *m, int64_t now_ms)
{
    char account[WIRE_ENVELOPE_ACCOUNT_MAX + 1] = {0};
    uint8_t out[WIRE_SEAL_MSG_MAX], keys[64];
    struct enrolled *k;
    struct session *s = NULL;
    struct sdk_kk kk;
    unsigned code;

    memcpy(account, e->account, e->account_len);
    k = key_find(c, m->key_id, account);
    if (is_seen(c, m->session))
        code = WIRE_CODE_MALFORMED;
    else if (k == NULL)
        code = WIRE_CODE_KEY_UNKNOWN;
    else if (!kopen_is_allowed(c, k, now_ms) || (s = session_new(c, e, now_ms)) == NULL)
        code = WIRE_CODE_BUSY;
    else
        code = kk_respond(c, s, k, e->body, &kk, out, now_ms);
    if (code != 0) {
        c->stats.refused++;
        abort_send(c, m->session, 0, code, 0);
        if (s != NULL) {
            crypto_wipe(&kk, sizeof kk);
            session_free(c, s);
        }
        return;
    }
    sdk_kk_split(&kk, keys);
    s->is_by_key = 1;
    memcpy(s->key_id, k->id, 16);
    session_send_body(s, out, 121);
    channel_open(s, kk.h, keys, sizeof keys, now_ms);
    crypto_wipe(&kk, sizeof kk);
    crypto_wipe(keys, sizeof keys);
}

/* ---- which message when (2.4) ---- */
static void handshake_handle(struct sdk_camera *c, struct session *s, const struct wire_envelope *e,
                             int64_t now_ms)
{
    struct wire_seal_msg m;
    int rc = wire_seal_decode(&m, e->body, e->body_len);
    int is_awaited = s != NULL && s->state != RUN_CHANNEL &&
                     e->body[0] == (s->state == RUN_PARAMS ? WIRE_SEAL_OPEN : WIRE_SEAL_CONFIRM);

    if (rc == 0 && memcmp(m.session, e->session, 16) != 0)
        rc = -SK_EINVAL;
    if (rc < 0) {
        unsigned code = rc == -SK_EVERSION ? WIRE_CODE_VERSION : WIRE_CODE_MALFORMED;

        c->stats.refused++;
        if (is_awaited)
            run_abort(c, s, code, 0);
        else if (s == NULL && e->body[0] != WIRE_SEAL_LIST && e->body[0] != WIRE_SEAL_ABORT)
            abort_send(c, e->session, 0, code, 0);
        return;
    }
    if (m.kind == WIRE_SEAL_ABORT) {
        if (s != NULL && s->state != RUN_CHANNEL)
            session_free(c, s);
    } else if (m.kind == WIRE_SEAL_OPEN) {
        open_handle(c, s, e, &m, now_ms);
    } else if (m.kind == WIRE_SEAL_KOPEN && s == NULL) {
        kopen_handle(c, e, &m, now_ms);
    } else if (m.kind == WIRE_SEAL_CONFIRM && is_awaited) {
        confirm_handle(c, s, &m, now_ms);
    } else {
        c->stats.refused++;
        if (s == NULL)
            abort_send(c, e->session, 0, WIRE_CODE_MALFORMED, 0);
    }
}

void camera_session_envelope(struct sdk_camera *c, const struct wire_envelope *e, int64_t now_ms)
{
    struct session *s = session_find(c, e->session);

    if (e->type != WIRE_ENVELOPE_BODY) {
        if (s != NULL) {
            camera_stream_leave(c, s, now_ms);
            session_free(c, s);
        }
        return;
    }
    if (e->account_len == 0 ||
        (s != NULL && (strlen(s->account) != e->account_len ||
                       memcmp(s->account, e->account, e->account_len) != 0))) {
        c->stats.refused++;
        return;
    }
    if (e->body[0] != WIRE_SEAL_RECORD) {
        handshake_handle(c, s, e, now_ms);
    } else if (s != NULL && s->state == RUN_CHANNEL) {
        record_receive(c, s, e->body, e->body_len, now_ms);
    } else {
        c->stats.refused++;
        if (s == NULL)
            end_send(c, e->session, 0);
    }
}

/* Returns 0 when the session is gone, else its next deadline. */
static int64_t session_tick(struct sdk_camera *c, struct session *s, int64_t now_ms)
{
    int64_t deadline = INT64_MAX;
    unsigned code = 0;

    if (s->state != RUN_CHANNEL) {
        if (now_ms < s->deadline_ms)
            return s->deadline_ms;
        run_abort(c, s, s->state == RUN_CONFIRM ? WIRE_CODE_CONFIRM : WIRE_CODE_IDLE, 0);
        return INT64_MAX;
    }
    if (!s->said_hello) {
        if (now_ms >= s->deadline_ms) {
            session_close(c, s, WIRE_CODE_IDLE, now_ms);
            return INT64_MAX;
        }
        return s->deadline_ms;
    }
    if (sdk_channel_tick(s->channel, &code, &deadline, now_ms) < 0) {
        session_close(c, s, code, now_ms);
        return INT64_MAX;
    }
    return deadline;
}

int64_t camera_session_tick(struct sdk_camera *c, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    for (unsigned i = c->session_count; i-- > 0;) {
        int64_t due = session_tick(c, c->sessions[i], now_ms);

        next = due < next ? due : next;
    }
    return next;
}
