/* Hosts and tokens in core.db. */
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "monitor/internal.h"

#define DAY_MS ((int64_t)86400000)

static struct store *store;

static int record(struct store_tx *tx, const struct principal *by, const char *action,
                  const char *kind, const char *object, int64_t now_ms)
{
    return audit_record(tx,
                        AUDIT(.at_ms = now_ms, .actor_kind = by ? "account" : "box",
                              .actor = by ? by->account : NULL, .session = by ? by->session : NULL,
                              .action = action, .object_kind = kind, .object = object,
                              .source = by ? by->source : NULL));
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static int host_row_take(void *ctx, const struct store_row *row)
{
    struct host_row h = {.number = store_row_int(row, 1),
                         .is_simulated = (int)store_row_int(row, 5)};
    size_t len;
    const void *serial = store_row_blob(row, 4, &len);

    (void)ctx;
    if (!serial || len > sizeof(h.cert_serial))
        return -SK_EIO;
    memcpy(h.cert_serial, serial, len);
    h.cert_serial_len = len;
    int err = store_row_copy(row, 0, h.id, sizeof(h.id));
    if (!err)
        err = store_row_copy(row, 2, h.name, sizeof(h.name));
    if (!err)
        err = store_row_copy(row, 3, h.region, sizeof(h.region));
    return err ? err : hosts_add(&h);
}

static int hosts_read(struct store_tx *tx, void *ctx)
{
    (void)ctx;
    return store_many(tx, "monitor_host_list", NULL, MONITOR_HOSTS_MAX, host_row_take, NULL);
}

int host_ledger_load(struct store *s)
{
    store = s;
    return store_read(s, hosts_read, NULL);
}

struct arrival {
    const struct token_row *token;
    struct host_row *host;
    const char *source;
    int64_t now_ms;
};

static int arrival_write(struct store_tx *tx, void *ctx)
{
    const struct arrival *a = ctx;
    struct host_row *h = a->host;
    int64_t rows;
    int err =
        store_exec(tx, "monitor_token_use",
                   STORE_ARGS(store_text("id", a->token->id), store_int("now", a->now_ms)), &rows);

    if (err || rows != 1)
        return err ? err : -SK_EGONE;
    err = store_one_int(tx, "monitor_host_number_next", NULL, &h->number);
    if (!err)
        err = store_exec(tx, "monitor_host_insert",
                         STORE_ARGS(store_text("id", h->id), store_int("number", h->number),
                                    store_text("name", h->name), store_text("region", h->region),
                                    store_blob("cert_serial", h->cert_serial, h->cert_serial_len),
                                    store_int("simulated", h->is_simulated),
                                    store_int("enrolled", a->now_ms)),
                         NULL);
    return err ? err
               : audit_record(tx,
                              AUDIT(.at_ms = a->now_ms, .actor_kind = "token",
                                    .actor = a->token->id, .action = "host.enrolled",
                                    .object_kind = "host", .object = h->id, .source = a->source));
}

int host_ledger_add(const struct token_row *t, struct host_row *row, const char *source,
                    int64_t now_ms)
{
    struct arrival a = {t, row, source, now_ms};

    return store_write(store, arrival_write, &a);
}

struct removal {
    const char *id;
    const struct principal *by;
    int64_t now_ms;
};

static int host_remove_write(struct store_tx *tx, void *ctx)
{
    const struct removal *r = ctx;
    int64_t rows;
    int err = store_exec(tx, "monitor_host_delete", STORE_ARGS(store_text("id", r->id)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : record(tx, r->by, "host.removed", "host", r->id, r->now_ms);
}

int host_ledger_remove(const char *id, const struct principal *by, int64_t now_ms)
{
    struct removal r = {id, by, now_ms};

    return store_write(store, host_remove_write, &r);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

struct token_new {
    const struct token_row *t;
    const struct principal *by;
};

static int token_write(struct store_tx *tx, void *ctx)
{
    const struct token_new *n = ctx;
    const struct token_row *t = n->t;
    int err = store_exec(tx, "monitor_token_purge",
                         STORE_ARGS(store_int("before", t->created_ms - DAY_MS)), NULL);

    if (!err)
        err = store_exec(
            tx, "monitor_token_insert",
            STORE_ARGS(store_text("id", t->id), store_blob("token_hash", t->hash, sizeof(t->hash)),
                       store_text("name", t->name), store_text("region", t->region),
                       store_text("account", n->by->account), store_int("expires", t->expires_ms),
                       store_int("count", t->count), store_int("simulated", t->simulated)),
            NULL);
    return err ? err : record(tx, n->by, "host-token.made", "host-token", t->id, t->created_ms);
}

int host_ledger_token_add(const struct token_row *t, const struct principal *by)
{
    struct token_new n = {t, by};

    return store_write(store, token_write, &n);
}

static int token_end_write(struct store_tx *tx, void *ctx)
{
    const struct removal *r = ctx;
    int64_t rows;
    int err = store_exec(tx, "monitor_token_delete", STORE_ARGS(store_text("id", r->id)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : record(tx, r->by, "host-token.ended", "host-token", r->id, r->now_ms);
}

int host_ledger_token_end(const char *id, const struct principal *by, int64_t now_ms)
{
    struct removal r = {id, by, now_ms};

    return store_write(store, token_end_write, &r);
}

struct token_query {
    struct token_row *t;
    int64_t now_ms;
};

static int token_row_take(void *ctx, const struct store_row *row)
{
    struct token_row *t = ctx;
    int err = store_row_copy(row, 0, t->id, sizeof(t->id));

    if (!err)
        err = store_row_copy(row, 1, t->name, sizeof(t->name));
    if (!err)
        err = store_row_copy(row, 2, t->region, sizeof(t->region));
    t->count = store_row_int(row, 3);
    t->simulated = store_row_int(row, 4) != 0;
    return err;
}

static int token_read(struct store_tx *tx, void *ctx)
{
    const struct token_query *q = ctx;

    return store_one(tx, "monitor_token_by_hash",
                     STORE_ARGS(store_blob("token_hash", q->t->hash, sizeof(q->t->hash)),
                                store_int("now", q->now_ms)),
                     token_row_take, q->t);
}

int host_ledger_token_find(struct token_row *t, int64_t now_ms)
{
    struct token_query q = {t, now_ms};
    int err = store_read(store, token_read, &q);

    return err == -SK_ENOTFOUND ? -SK_EAUTH : err;
}
