/* The outbox: facts that wait, and the messages that they went into. */
#include <string.h>

#include "alert/internal.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static int waiting_row(void *ctx, const struct store_row *row)
{
    struct outbox_state *o = ctx;
    struct waiting *w = &o->waiting[o->waiting_count++];

    w->count = store_row_int(row, 1);
    w->oldest_ms = store_row_int(row, 2);
    w->newest_ms = store_row_int(row, 3);
    return store_row_copy(row, 0, w->channel, sizeof(w->channel));
}

static int leased_row(void *ctx, const struct store_row *row)
{
    struct outbox_state *o = ctx;
    struct leased *l = &o->leased[o->leased_count++];
    int err = store_row_copy(row, 0, l->id, sizeof(l->id));

    l->attempts = store_row_int(row, 2);
    l->made_ms = store_row_int(row, 3);
    l->not_before_ms = store_row_int(row, 4);
    return err ? err : store_row_copy(row, 1, l->channel, sizeof(l->channel));
}

static int look_read(struct store_tx *tx, void *ctx)
{
    struct outbox_state *o = ctx;
    int err = store_many(tx, "alert_outbox_waiting", NULL, CHANNELS_MAX, waiting_row, o);

    return err ? err : store_many(tx, "alert_batch_leased", NULL, CHANNELS_MAX, leased_row, o);
}

int outbox_look(struct store *s, struct outbox_state *out)
{
    memset(out, 0, sizeof(*out));
    return store_read(s, look_read, out);
}

struct facts_read {
    const char *channel, *batch;
    struct fact *out;
    size_t count;
};

static int fact_row(void *ctx, const struct store_row *row)
{
    struct facts_read *f = ctx;
    int err = fact_parse(&f->out[f->count], store_row_text(row, 1));

    if (!err)
        f->out[f->count++].id = store_row_int(row, 0);
    return err;
}

static int facts_do(struct store_tx *tx, void *ctx)
{
    struct facts_read *f = ctx;

    f->count = 0;
    return f->batch[0]
               ? store_many(tx, "alert_outbox_of", STORE_ARGS(store_text("batch", f->batch)),
                            BATCH_FACTS_MAX, fact_row, f)
               : store_many(tx, "alert_outbox_next", STORE_ARGS(store_text("channel", f->channel)),
                            BATCH_FACTS_MAX, fact_row, f);
}

int outbox_facts(struct store *s, const char *channel, const char *batch, struct fact *out,
                 size_t *count)
{
    struct facts_read f = {channel, batch, out, 0};
    int err = store_read(s, facts_do, &f);

    *count = f.count;
    return err;
}

struct lease {
    const char *channel, *batch, *state, *failover;
    const struct verdict *v;
    size_t count;
    int64_t now_ms, not_before_ms;
};

static int lease_do(struct store_tx *tx, void *ctx)
{
    const struct lease *l = ctx;
    int err = store_exec(tx, "alert_batch_make",
                         STORE_ARGS(store_text("id", l->batch), store_text("channel", l->channel),
                                    store_int("now", l->now_ms)),
                         NULL);

    return err ? err
               : store_exec(tx, "alert_outbox_take",
                            STORE_ARGS(store_text("batch", l->batch),
                                       store_text("channel", l->channel),
                                       store_int("count", (int64_t)l->count)),
                            NULL);
}

int outbox_lease(struct store *s, const char *channel, const char *batch, size_t count,
                 int64_t now_ms)
{
    struct lease l = {.channel = channel, .batch = batch, .count = count, .now_ms = now_ms};

    return store_write(s, lease_do, &l);
}

static int try_do(struct store_tx *tx, void *ctx)
{
    const struct lease *l = ctx;
    int64_t changed = 0;
    int err =
        store_exec(tx, "alert_batch_try",
                   STORE_ARGS(store_text("id", l->batch), store_int("now", l->now_ms)), &changed);

    return err || changed ? err : -SK_EGONE; /* it was sent since we looked */
}

int outbox_try(struct store *s, const char *batch, int64_t now_ms)
{
    struct lease l = {.batch = batch, .now_ms = now_ms};

    return store_write(s, try_do, &l);
}

static int end_do(struct store_tx *tx, void *ctx)
{
    static const char *const states[] = {[VERDICT_SENT] = "sent",
                                         [VERDICT_LATER] = "leased",
                                         [VERDICT_NEVER] = "dead",
                                         [VERDICT_TOKEN] = "leased"};
    const struct lease *l = ctx;
    int err = store_exec(
        tx, "alert_batch_end",
        STORE_ARGS(store_text("id", l->batch), store_text("state", states[l->v->kind]),
                   store_int("now", l->now_ms), store_int("not_before", l->not_before_ms),
                   store_text("code", l->v->code)),
        NULL);

    if (!err && l->v->kind == VERDICT_NEVER && l->failover[0])
        err = store_exec(tx, "alert_outbox_failover",
                         STORE_ARGS(store_text("to", l->failover), store_text("batch", l->batch),
                                    store_int("at", l->now_ms)),
                         NULL);
    return err;
}

int outbox_end(struct store *s, const char *batch, const struct verdict *v, int64_t not_before_ms,
               const char *failover, int64_t now_ms)
{
    struct lease l = {.batch = batch,
                      .v = v,
                      .not_before_ms = not_before_ms,
                      .failover = failover,
                      .now_ms = now_ms};

    return store_write(s, end_do, &l);
}

struct recent {
    int64_t since_ms;
    void (*fn)(void *ctx, const char *channel, int64_t attempts, int64_t last_ms);
    void *ctx;
};

static int recent_row(void *ctx, const struct store_row *row)
{
    const struct recent *r = ctx;

    r->fn(r->ctx, store_row_text(row, 0), store_row_int(row, 1), store_row_int(row, 2));
    return 0;
}

static int recent_do(struct store_tx *tx, void *ctx)
{
    struct recent *r = ctx;

    return store_many(tx, "alert_batch_recent", STORE_ARGS(store_int("since", r->since_ms)),
                      1 << 16, recent_row, r);
}

int outbox_recent(struct store *s, int64_t since_ms,
                  void (*fn)(void *ctx, const char *channel, int64_t attempts, int64_t last_ms),
                  void *ctx)
{
    struct recent r = {since_ms, fn, ctx};

    return store_read(s, recent_do, &r);
}

static int purge_do(struct store_tx *tx, void *ctx)
{
    const int64_t now_ms = *(const int64_t *)ctx;
    const struct store_arg week = store_int("before", now_ms - 7LL * DAY_MS);
    int err = store_exec(tx, "alert_outbox_purge", STORE_ARGS(week), NULL);

    if (!err)
        err = store_exec(tx, "alert_batch_purge", STORE_ARGS(week), NULL);
    return err ? err
               : store_exec(tx, "alert_row_purge",
                            STORE_ARGS(store_int("before", now_ms - 90LL * DAY_MS)), NULL);
}

int outbox_purge(struct store *s, int64_t now_ms)
{
    return store_write(s, purge_do, &now_ms);
}
