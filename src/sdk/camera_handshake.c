/* The two handshakes at the camera: SPAKE2+ from the password (sealed.md 2.3-2.5) and Noise KK from
 * an enrolled key (5.5). */
#include <string.h>

#include "base/sys.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

enum { KOPEN_PER_MINUTE = 30, KOPEN_PER_KEY = 10, MINUTE_MS = 60 * 1000 };
enum { KK_PAYLOAD = 20, CONTEXT_BYTES = 17 + WIRE_SEAL_PARAMS_BYTES + 28 + 28 };

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
        session_run_abort(c, oldest, WIRE_CODE_BUSY, 0);
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
        session_run_abort(c, s, WIRE_CODE_MALFORMED, 0);
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

void handshake_open(struct sdk_camera *c, struct session *s, const struct wire_envelope *e,
                    const struct wire_seal_msg *m, int64_t now_ms)
{
    uint32_t retry_ms = 0;
    unsigned code;

    if (s != NULL && (s->state != RUN_PARAMS || s->is_opened_twice)) {
        c->stats.refused++;
        return;
    }
    if (s == NULL) {
        if (session_is_seen(c, m->session)) {
            session_abort_send(c, m->session, 0, WIRE_CODE_MALFORMED, 0);
            return;
        }
        s = session_new(c, e, now_ms);
        if (s == NULL) {
            session_abort_send(c, m->session, 0, WIRE_CODE_BUSY, 0);
            return;
        }
    } else {
        s->is_opened_twice = 1;
    }
    if (m->share == NULL || memcmp(m->param_id, c->param_id, 8) != 0) {
        if (s->is_opened_twice)
            session_run_abort(c, s, WIRE_CODE_MALFORMED, 0);
        else
            params_send(c, s);
        return;
    }
    waiting_limit(c);
    code = try_spend(c, s, &retry_ms, now_ms);
    if (code != 0)
        session_run_abort(c, s, code, retry_ms);
    else
        answer_make(c, s, m, e->body);
}

void handshake_confirm(struct sdk_camera *c, struct session *s, const struct wire_seal_msg *m,
                       int64_t now_ms)
{
    uint8_t shared[32], salt[32];

    if (!sk_equal_ct(m->confirm, s->confirm_p, 32)) {
        c->stats.confirm_failed++;
        session_run_abort(c, s, WIRE_CODE_CONFIRM, 0);
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
    session_channel_open(s, salt, shared, 32, now_ms);
    crypto_wipe(shared, sizeof shared);
    crypto_wipe(salt, sizeof salt);
    if (m->record != NULL)
        session_record_receive(c, s, m->record, m->record_len, now_ms);
}

/* ---- Noise KK ---- */
/* A viewer key that opens, of either kind. */
struct party {
    const uint8_t *id, *point;
    int is_owner_proved, is_listed;
    uint16_t rights;
};

/* 0, or the ABORT code. A key that a password vouches for has all that one brings, listed or not.
 */
static unsigned party_find(struct party *p, const struct sdk_camera *c, const uint8_t id[16],
                           const char *account, int64_t now_ms)
{
    const struct listed *l = camera_list_find(c, id);
    uint8_t tag[16];
    unsigned code;

    camera_account_tag(tag, account);
    for (unsigned i = 0; i < ENROLLED_MAX; i++) {
        const struct enrolled *k = &c->state.enrolled[i];

        if (k->is_used && memcmp(k->id, id, 16) == 0 && memcmp(k->tag, tag, 16) == 0 &&
            k->generation == c->state.verifier.params.generation) {
            *p = (struct party){k->id, k->point, k->is_owner_proved, 0, WIRE_RIGHTS_PASSWORD};
            return 0;
        }
    }
    if (l == NULL)
        return WIRE_CODE_KEY_UNKNOWN;
    code = camera_list_judge(c, l, tag, now_ms);
    *p = (struct party){l->id, l->entry.point, l->is_owner_proved, 1, l->entry.rights};
    return code;
}

/* 10 a minute and key, 30 a minute in all; owner-proved keys do not count. */
static int kopen_is_allowed(struct sdk_camera *c, const struct party *k, int64_t now_ms)
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
static unsigned kk_respond(struct sdk_camera *c, const struct session *s, const struct party *k,
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
    sk_put_u32(payload, c->state.list != NULL ? c->state.list->head.version : 0);
    memcpy(payload + 4, c->boot_id, 8);
    sk_put_u64(payload + 12, (uint64_t)camera_wall(c, now_ms));
    memcpy(out, kopen, WIRE_SEAL_HEAD_BYTES);
    out[0] = WIRE_SEAL_KANSWER;
    return sdk_kk_write(kk, out + WIRE_SEAL_HEAD_BYTES, &len, payload, sizeof payload) < 0
               ? (unsigned)WIRE_CODE_INTERNAL
               : 0;
}

void handshake_kopen(struct sdk_camera *c, const struct wire_envelope *e,
                     const struct wire_seal_msg *m, int64_t now_ms)
{
    char account[WIRE_ENVELOPE_ACCOUNT_MAX + 1] = {0};
    uint8_t out[WIRE_SEAL_MSG_MAX], keys[64];
    struct party k;
    struct session *s = NULL;
    struct sdk_kk kk;
    unsigned code;

    memcpy(account, e->account, e->account_len);
    code = party_find(&k, c, m->key_id, account, now_ms);
    if (session_is_seen(c, m->session))
        code = WIRE_CODE_MALFORMED;
    else if (code == 0 &&
             (!kopen_is_allowed(c, &k, now_ms) || (s = session_new(c, e, now_ms)) == NULL))
        code = WIRE_CODE_BUSY;
    else if (code == 0)
        code = kk_respond(c, s, &k, e->body, &kk, out, now_ms);
    if (code != 0) {
        c->stats.refused++;
        session_abort_send(c, m->session, 0, code, 0);
        if (s != NULL) {
            crypto_wipe(&kk, sizeof kk);
            session_free(c, s);
        }
        return;
    }
    sdk_kk_split(&kk, keys);
    s->is_by_key = 1;
    s->is_listed = (uint8_t)k.is_listed;
    memcpy(s->key_id, k.id, 16);
    session_send_body(s, out, 121);
    session_channel_open(s, kk.h, keys, sizeof keys, now_ms);
    s->rights = k.rights;
    crypto_wipe(&kk, sizeof kk);
    crypto_wipe(keys, sizeof keys);
}
