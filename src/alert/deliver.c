/* From the outbox to the vendors: one message of a channel at a time, its id in the store before
 * the first try. */
#include <stdlib.h>
#include <string.h>

#include "alert/internal.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "outbound/outbound.h"

enum {
    COMPANY_MS = 1000, /* a fact waits for company */
    STORM = 20,        /* so many, and more are coming */
    QUIET_MS = 2000,
    STORM_MAX_MS = 12000,
    DEADLINE_MS = 10000,
    ANSWER_MAX = 65536,
    FAILS = 3,
    TOKEN_EARLY_MS = 5 * 60 * 1000,
    HOLD_MS = 5000, /* after the store failed */
};
static const int64_t DAY_MS = 24LL * 3600 * 1000;

static const char *console_url = "";

void deliver_start(const char *console)
{
    console_url = console;
}

const char *deliver_console(void)
{
    return console_url;
}

/* One message under way. */
struct sending {
    char channel[ALERT_KEY_SIZE], batch[ALERT_KEY_SIZE];
    char failover[ALERT_KEY_SIZE];
    enum channel_kind kind;
    int is_zh, is_token;
    json_t *config;
    char token[TOKEN_SIZE];
    int64_t attempts, made_ms;
    struct fact *facts;
    size_t count;
};

static void sending_free(struct sending *m)
{
    json_decref(m->config);
    free(m->facts);
    sk_wipe(m, sizeof(*m));
    free(m);
}

/* ---- the end of a try ------------------------------------------------------------------------ */

struct ending {
    const struct verdict *v;
    int64_t now_ms, wait_ms;
};

static int channel_end(void *ctx, struct channel *c)
{
    static const char *const states[] = {"sent", "later", "dead", "later"};
    const struct ending *e = ctx;

    c->in_flight = 0;
    c->cool_ms = e->wait_ms ? e->now_ms + e->wait_ms : 0;
    c->fails = e->v->kind == VERDICT_SENT ? 0 : c->fails + 1;
    c->is_failing = e->v->kind == VERDICT_NEVER || c->fails >= FAILS ||
                    (c->is_failing && e->v->kind != VERDICT_SENT);
    if (e->v->kind == VERDICT_TOKEN)
        c->token[0] = '\0';
    c->last_ms = e->now_ms;
    memcpy(c->last_state, states[e->v->kind], strlen(states[e->v->kind]) + 1);
    memcpy(c->last_code, e->v->code, sizeof(c->last_code));
    return 0;
}

static int channel_exists(void *ctx, struct channel *c)
{
    (void)ctx, (void)c;
    return 0;
}

static void sending_end(struct sending *m, struct verdict *v)
{
    struct ending e = {v, sk_clock_wall_ms(), 0};

    if (v->kind == VERDICT_TOKEN && m->attempts > 2)
        v->kind = VERDICT_LATER; /* a fresh token did not help */
    if (v->kind == VERDICT_LATER && e.now_ms - m->made_ms > DAY_MS)
        v->kind = VERDICT_NEVER;
    if (v->kind == VERDICT_LATER)
        e.wait_ms = verdict_wait_ms(v, m->attempts, sk_random_u32());
    if (m->failover[0] && state_channel_with(m->failover, channel_exists, NULL))
        m->failover[0] = '\0';
    if (outbox_end(alert_store(), m->batch, v, e.now_ms + e.wait_ms, m->failover, e.now_ms))
        e.wait_ms = e.wait_ms > HOLD_MS ? e.wait_ms : HOLD_MS;
    if (v->kind != VERDICT_SENT)
        log_warn("alert", "send", "channel=%s batch=%s try=%lld code=%s", m->channel, m->batch,
                 (long long)m->attempts, v->code);
    metric_add(metric_get("skep_alert_messages_total", v->kind == VERDICT_SENT ? "result=\"sent\""
                                                       : v->kind == VERDICT_NEVER
                                                           ? "result=\"dead\""
                                                           : "result=\"later\""),
               1);
    int gone = state_channel_with(m->channel, channel_end, &e);
    (void)gone; /* a channel that was removed meanwhile */
    sending_free(m);
}

static void sending_send(struct sending *m);

static int token_keep(void *ctx, struct channel *c)
{
    const struct sending *m = ctx;

    memcpy(c->token, m->token, sizeof(c->token));
    c->token_until_ms = sk_clock_wall_ms() + m->made_ms;
    return 0;
}

static void token_take(struct sending *m, const struct vendor_answer *a)
{
    struct verdict v;
    int64_t expires_s, made = m->made_ms;

    if (vendor_token_take(m->token, sizeof(m->token), &expires_s, &v, a)) {
        sending_end(m, &v);
        return;
    }
    m->is_token = 0;
    m->made_ms = expires_s * 1000 - TOKEN_EARLY_MS;
    int gone = state_channel_with(m->channel, token_keep, m);
    (void)gone;
    m->made_ms = made;
    sending_send(m);
}

static void answered(void *ctx, const struct outbound_answer *answer)
{
    struct sending *m = ctx;
    const struct vendor_answer a = {.err = answer->err,
                                    .status = answer->status,
                                    .retry_after_ms = answer->retry_after_s * 1000,
                                    .body = (const char *)answer->body,
                                    .len = answer->body_len};
    struct verdict v;

    if (answer->err == -SK_ECLOSED) { /* the house stops: it stays leased */
        sending_free(m);
        return;
    }
    if (m->is_token) {
        token_take(m, &a);
        return;
    }
    vendor_judge(&v, m->kind, &a);
    sending_end(m, &v);
}

/* ---- a try ----------------------------------------------------------------------------------- */

static int request_send(const struct vendor_request *r, struct sending *m)
{
    const char *headers[VENDOR_HEADERS_MAX + 1] = {NULL};

    for (size_t i = 0; i < r->header_count; i++)
        headers[i] = r->headers[i];
    if (m->kind == CHANNEL_SMTP) {
        const struct outbound_mail mail = {.to = (const char *)r->url.data,
                                           .subject = r->subject,
                                           .text = (const char *)r->body.data};
        return outbound_mail(&mail, answered, m);
    }
    const struct outbound_request req = {.method = r->method,
                                         .url = (const char *)r->url.data,
                                         .headers = headers,
                                         .body = r->body.data,
                                         .body_len = r->body.len,
                                         .answer_max = ANSWER_MAX,
                                         .deadline_ms = DEADLINE_MS};
    return outbound_https(&req, answered, m);
}

static void sending_send(struct sending *m)
{
    const struct vendor_job job = {.kind = m->kind,
                                   .config = m->config,
                                   .batch = m->batch,
                                   .token = m->token,
                                   .is_zh = m->is_zh,
                                   .console = console_url,
                                   .now_ms = sk_clock_wall_ms()};
    struct vendor_request r;
    struct verdict v = {.kind = VERDICT_LATER};
    size_t taken = 0;
    int err;

    vendor_request_init(&r);
    m->is_token = m->kind == CHANNEL_WECHAT && !m->token[0];
    err = m->is_token ? vendor_token_build(&r, m->config)
                      : vendor_build(&r, &job, m->facts, m->count, &taken);
    if (!err)
        err = request_send(&r, m);
    vendor_request_fini(&r);
    if (!err)
        return;
    const struct vendor_answer none = {.err = err == -SK_EBUSY ? -SK_EBUSY : err};
    vendor_judge(&v, CHANNEL_WEBHOOK, &none);
    sending_end(m, &v);
}

/* ---- what is due ----------------------------------------------------------------------------- */

/* Copy what a try needs, and mark the channel; -SK_EBUSY: not now. */
static int channel_begin(void *ctx, struct channel *c)
{
    struct sending *m = ctx;
    const struct channel_facts *f = &channel_kinds[c->kind];
    int64_t now_ms = sk_clock_wall_ms();

    if (!c->is_enabled || c->in_flight || (c->cool_ms > now_ms && c->cool_ms < now_ms + DAY_MS) ||
        window_wait(&c->window, f->per_minute, f->gap_ms, now_ms) > 0)
        return -SK_EBUSY;
    m->kind = c->kind;
    m->is_zh = c->is_zh;
    m->config = json_deep_copy(c->config);
    memcpy(m->failover, c->failover, sizeof(m->failover));
    if (c->token_until_ms > now_ms)
        memcpy(m->token, c->token, sizeof(m->token));
    c->in_flight = 1;
    window_add(&c->window, now_ms);
    return 0;
}

static int channel_release(void *ctx, struct channel *c)
{
    (void)ctx;
    c->in_flight = 0;
    return 0;
}

/* How many of the waiting facts go into one message: the same builder decides. */
static int taken_of(struct sending *m, size_t *taken)
{
    const struct vendor_job job = {.kind = m->kind,
                                   .config = m->config,
                                   .batch = m->batch,
                                   .is_zh = m->is_zh,
                                   .console = console_url,
                                   .now_ms = sk_clock_wall_ms()};
    struct vendor_request r;

    vendor_request_init(&r);
    int err = vendor_build(&r, &job, m->facts, m->count, taken);
    vendor_request_fini(&r);
    return err;
}

static int batch_fill(struct sending *m, const struct leased *l)
{
    int64_t now_ms = sk_clock_wall_ms();
    size_t taken = 0;
    int err = outbox_facts(alert_store(), m->channel, l ? l->id : "", m->facts, &m->count);

    if (!err && !m->count)
        err = -SK_ENOTFOUND;
    if (l) {
        memcpy(m->batch, l->id, sizeof(m->batch));
        m->attempts = l->attempts + 1;
        m->made_ms = l->made_ms;
        return err ? err : outbox_try(alert_store(), m->batch, now_ms);
    }
    alert_key_make(m->batch);
    m->attempts = 1;
    m->made_ms = now_ms;
    if (!err)
        err = taken_of(m, &taken);
    m->count = taken;
    return err ? err : outbox_lease(alert_store(), m->channel, m->batch, taken, now_ms);
}

static void channel_try(const char *channel, const struct leased *l)
{
    struct sending *m = sk_alloc(sizeof(*m));

    memcpy(m->channel, channel, sizeof(m->channel));
    int err = state_channel_with(channel, channel_begin, m);
    if (err) {
        sending_free(m);
        return;
    }
    m->facts = sk_alloc(BATCH_FACTS_MAX * sizeof(*m->facts));
    err = batch_fill(m, l);
    if (!err) {
        sending_send(m);
        return;
    }
    log_warn("alert", "batch", "channel=%s reason=\"%s\"", channel, sk_error_text(err));
    int gone = state_channel_with(channel, channel_release, NULL);
    (void)gone;
    sending_free(m);
}

static int is_due(const struct waiting *w, int64_t now_ms)
{
    int64_t waited = now_ms - w->oldest_ms, quiet = now_ms - w->newest_ms;

    if (waited < 0 || waited >= STORM_MAX_MS) /* the clock was set, or long enough */
        return 1;
    return w->count < STORM ? waited >= COMPANY_MS : quiet >= QUIET_MS;
}

void deliver_turn(void)
{
    struct outbox_state o;
    int64_t now_ms = sk_clock_wall_ms();

    if (outbox_look(alert_store(), &o))
        return;
    for (size_t i = 0; i < o.leased_count; i++) {
        const struct leased *l = &o.leased[i];
        if (l->not_before_ms <= now_ms || l->not_before_ms > now_ms + DAY_MS)
            channel_try(l->channel, l);
    }
    for (size_t i = 0; i < o.waiting_count; i++) {
        const struct waiting *w = &o.waiting[i];
        size_t k = 0;
        while (k < o.leased_count && strcmp(o.leased[k].channel, w->channel) != 0)
            k++;
        if (k == o.leased_count && is_due(w, now_ms)) /* one message after the other */
            channel_try(w->channel, NULL);
    }
}
