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

enum { TTL = 100 };

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

void session_abort_send(struct sdk_camera *c, const uint8_t session[16], uint32_t seq,
                        unsigned code, uint32_t retry_ms)
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

int session_is_seen(const struct sdk_camera *c, const uint8_t id[16])
{
    unsigned n = c->seen_count < SEEN_MAX ? c->seen_count : SEEN_MAX;

    for (unsigned i = 0; i < n; i++)
        if (memcmp(c->seen[i], id, 16) == 0)
            return 1;
    return 0;
}

struct session *session_new(struct sdk_camera *c, const struct wire_envelope *e, int64_t now_ms)
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

void session_run_abort(struct sdk_camera *c, struct session *s, unsigned code, uint32_t retry_ms)
{
    session_abort_send(c, s->id, s->seq_out, code, retry_ms);
    session_free(c, s);
}

void camera_session_close_password(struct sdk_camera *c, const struct session *except,
                                   int64_t now_ms)
{
    for (unsigned i = c->session_count; i-- > 0;) {
        struct session *s = c->sessions[i];

        if (s != except && !s->is_listed)
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

void session_channel_open(struct session *s, const uint8_t salt[32], const uint8_t *ikm,
                          size_t ikm_len, int64_t now_ms)
{
    s->channel = sdk_channel_new(SDK_SIDE_CAMERA, salt, ikm, ikm_len, &channel_ops, s, now_ms);
    s->state = RUN_CHANNEL;
    s->rights = WIRE_RIGHTS_PASSWORD;
    s->deadline_ms = now_ms + HANDSHAKE_MS; /* for the first record */
    s->camera->stats.handshakes++;
}

void session_record_receive(struct sdk_camera *c, struct session *s, const uint8_t *body,
                            size_t len, int64_t now_ms)
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
            session_run_abort(c, s, code, 0);
        else if (s == NULL && e->body[0] != WIRE_SEAL_ABORT)
            session_abort_send(c, e->session, 0, code, 0);
        return;
    }
    if (m.kind == WIRE_SEAL_ABORT) {
        if (s != NULL && s->state != RUN_CHANNEL)
            session_free(c, s);
    } else if (m.kind == WIRE_SEAL_OPEN) {
        handshake_open(c, s, e, &m, now_ms);
    } else if (m.kind == WIRE_SEAL_KOPEN && s == NULL) {
        handshake_kopen(c, e, &m, now_ms);
    } else if (m.kind == WIRE_SEAL_CONFIRM && is_awaited) {
        handshake_confirm(c, s, &m, now_ms);
    } else {
        c->stats.refused++;
        if (s == NULL)
            session_abort_send(c, e->session, 0, WIRE_CODE_MALFORMED, 0);
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
    if (e->body[0] == WIRE_SEAL_LIST) {
        if (s != NULL || session_is_seen(c, e->session))
            c->stats.refused++; /* its session must be fresh */
        else
            camera_list_envelope(c, e, now_ms);
    } else if (e->body[0] != WIRE_SEAL_RECORD) {
        handshake_handle(c, s, e, now_ms);
    } else if (s != NULL && s->state == RUN_CHANNEL) {
        session_record_receive(c, s, e->body, e->body_len, now_ms);
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
        session_run_abort(c, s, s->state == RUN_CONFIRM ? WIRE_CODE_CONFIRM : WIRE_CODE_IDLE, 0);
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
