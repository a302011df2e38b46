/* Shares, and lists left for cameras, in the store; each function one transaction, with its rows in
 * the audit log. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "share/internal.h"

/* ---- shares ---- */

struct share_write {
    const struct share_by *by;
    const char *device, *claim;
    const struct share_terms *terms;
    const struct share_list *left;
    struct share *share;
};

static int list_put(struct store_tx *tx, const struct share_by *by, const char *device,
                    const struct share_list *l)
{
    struct wire_list head;
    json_t *detail;
    int err = wire_list_decode(&head, l->list, l->len);

    if (!err)
        err = store_exec(
            tx, "share_list_put",
            STORE_ARGS(store_text("device", device), store_blob("list", l->list, l->len),
                       store_text("account", by->who->account), store_int("left_at", by->now_ms)),
            NULL);
    if (err)
        return err;
    detail = json_object();
    sk_json_set_int(detail, "version", head.version);
    return ledger_act(tx, by, "share.list-left", device, detail);
}

static json_t *share_detail(const struct share *s, const struct share_terms *t)
{
    json_t *v = ledger_detail(s->account, s->key);

    json_object_set_new(v, "actions", account_actions_json(t->actions));
    sk_json_set_int(v, "not_after", t->not_after);
    return v;
}

static int share_insert(struct store_tx *tx, const struct share *s)
{
    return store_exec(tx, "share_given_insert",
                      STORE_ARGS(store_text("id", s->id), store_text("device", s->device),
                                 store_text("account", s->account), store_text("key", s->key),
                                 store_blob("public_key", s->public_key, 65),
                                 store_text("grant_id", s->grant), store_int("created", s->created),
                                 store_text("created_by", s->created_by)),
                      NULL);
}

static int accept_write(struct store_tx *tx, void *ctx)
{
    const struct share_write *w = ctx;
    struct share *s = w->share;
    struct share_claim c;
    int err = ledger_claim_judge(tx, w->device, w->claim, "accepted", w->by->now_ms, &c);

    if (err)
        return err;
    memcpy(s->account, c.account, sizeof(s->account));
    memcpy(s->key, c.key, sizeof(s->key));
    memcpy(s->public_key, c.public_key, sizeof(s->public_key));
    s->created = w->by->now_ms;
    err = account_share_grant(tx, w->by->who, s->account, w->device, w->terms->actions,
                              w->terms->not_after, w->by->now_ms, s->grant);
    if (!err)
        err = share_insert(tx, s);
    if (!err && w->left->len)
        err = list_put(tx, w->by, w->device, w->left);
    return err ? err : ledger_act(tx, w->by, "share.given", w->device, share_detail(s, w->terms));
}

int ledger_accept(const struct share_by *by, const char *device, const char *claim,
                  const struct share_terms *t, const struct share_list *left, struct share *out)
{
    struct share_write w = {by, device, claim, t, left, out};
    int err;

    memset(out, 0, sizeof(*out));
    share_id_make(out->id);
    err = sk_copy(out->device, sizeof(out->device), device);
    if (!err)
        err = sk_copy(out->created_by, sizeof(out->created_by), by->who->account);
    return err ? err : store_write(share_store(), accept_write, &w);
}

/* A grant is never changed: the new one stands before the former ends. */
static int change_write(struct store_tx *tx, void *ctx)
{
    const struct share_write *w = ctx;
    struct share *s = w->share;
    char grant[SHARE_ID_SIZE];
    int err = account_share_grant(tx, w->by->who, s->account, s->device, w->terms->actions,
                                  w->terms->not_after, w->by->now_ms, grant);

    if (!err)
        err = account_share_grant_end(tx, w->by->who, s->device, w->claim, w->by->now_ms);
    if (!err)
        err = store_exec(tx, "share_given_regrant",
                         STORE_ARGS(store_text("id", s->id), store_text("grant_id", grant)), NULL);
    if (!err)
        memcpy(s->grant, grant, sizeof(grant));
    return err ? err : ledger_act(tx, w->by, "share.changed", s->device, share_detail(s, w->terms));
}

int ledger_change(const struct share_by *by, struct share *s, const struct share_terms *t)
{
    char former[SHARE_ID_SIZE]; /* a write may run twice */
    struct share_write w = {.by = by, .claim = former, .terms = t, .share = s};

    memcpy(former, s->grant, sizeof(former));
    return store_write(share_store(), change_write, &w);
}

static int end_write(struct store_tx *tx, void *ctx)
{
    const struct share_write *w = ctx;
    const struct share *s = w->share;
    int64_t rows;
    int err = store_exec(tx, "share_given_delete", STORE_ARGS(store_text("id", s->id)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    if (!err)
        err = account_share_grant_end(tx, w->by->who, s->device, s->grant, w->by->now_ms);
    return err ? err
               : ledger_act(tx, w->by, "share.ended", s->device, ledger_detail(s->account, s->key));
}

int ledger_end(const struct share_by *by, const struct share *s)
{
    struct share copy = *s;
    struct share_write w = {.by = by, .share = &copy};

    return store_write(share_store(), end_write, &w);
}

static int share_take(struct share *s, const struct store_row *row)
{
    int err = store_row_copy(row, 0, s->id, sizeof(s->id));

    if (!err)
        err = store_row_copy(row, 1, s->device, sizeof(s->device));
    if (!err)
        err = store_row_copy(row, 2, s->account, sizeof(s->account));
    if (!err)
        err = store_row_copy(row, 3, s->key, sizeof(s->key));
    if (!err)
        err = store_row_bin(row, 4, s->public_key, sizeof(s->public_key));
    if (!err)
        err = store_row_copy(row, 5, s->grant, sizeof(s->grant));
    s->created = store_row_int(row, 6);
    return err ? err : store_row_copy(row, 7, s->created_by, sizeof(s->created_by));
}

struct shares_read {
    const char *device, *id;
    share_fn fn;
    void *ctx;
    struct share *one;
};

static int share_row(void *ctx, const struct store_row *row)
{
    const struct shares_read *r = ctx;
    struct share s;
    int err = share_take(&s, row);

    return err ? err : r->fn(r->ctx, &s);
}

static int share_one(void *ctx, const struct store_row *row)
{
    return share_take(ctx, row);
}

static int shares_read(struct store_tx *tx, void *ctx)
{
    struct shares_read *r = ctx;

    if (r->id)
        return store_one(tx, "share_given_one", STORE_ARGS(store_text("id", r->id)), share_one,
                         r->one);
    if (r->device)
        return store_many(tx, "share_given_of_device", STORE_ARGS(store_text("device", r->device)),
                          SHARE_ROWS_MAX, share_row, r);
    return store_many(tx, "share_given_all", NULL, SHARE_ROWS_MAX, share_row, r);
}

int ledger_shares(const char *device, share_fn fn, void *ctx)
{
    struct shares_read r = {.device = device, .fn = fn, .ctx = ctx};

    return store_read(share_store(), shares_read, &r);
}

int ledger_share_find(const char *id, struct share *out)
{
    struct shares_read r = {.id = id, .one = out};

    return store_read(share_store(), shares_read, &r);
}

/* ---- lists ---- */

static int list_put_write(struct store_tx *tx, void *ctx)
{
    const struct share_write *w = ctx;

    return list_put(tx, w->by, w->device, w->left);
}

int ledger_list_put(const struct share_by *by, const char *device, const struct share_list *left)
{
    struct share_write w = {.by = by, .device = device, .left = left};

    return store_write(share_store(), list_put_write, &w);
}

static int list_delete_write(struct store_tx *tx, void *ctx)
{
    const struct share_write *w = ctx;
    int64_t rows;
    int err =
        store_exec(tx, "share_list_delete", STORE_ARGS(store_text("device", w->device)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : ledger_act(tx, w->by, "share.list-taken-back", w->device, NULL);
}

int ledger_list_delete(const struct share_by *by, const char *device)
{
    struct share_write w = {.by = by, .device = device};

    return store_write(share_store(), list_delete_write, &w);
}

static int list_row(void *ctx, const struct store_row *row)
{
    struct share_list l;
    size_t len = 0;
    const void *blob = store_row_blob(row, 1, &len);

    (void)ctx;
    if (len > sizeof(l.list))
        return -SK_EIO;
    memcpy(l.list, blob, len);
    l.len = len;
    left_keep(store_row_text(row, 0), &l, store_row_text(row, 2), store_row_int(row, 3),
              store_row_int(row, 4), 0);
    return 0;
}

static int lists_read(struct store_tx *tx, void *ctx)
{
    return store_many(tx, "share_list_all", NULL, SHARE_ROWS_MAX, list_row, ctx);
}

int ledger_lists_load(void)
{
    return store_read(share_store(), lists_read, NULL);
}

struct sent_write {
    char device[DEVICE_ID_SIZE];
    int64_t left_ms, sent_ms;
};

static int sent_write(struct store_tx *tx, void *ctx)
{
    const struct sent_write *w = ctx;

    return store_exec(tx, "share_list_sent",
                      STORE_ARGS(store_text("device", w->device), store_int("left_at", w->left_ms),
                                 store_int("sent_at", w->sent_ms)),
                      NULL);
}

static void sent_done(void *ctx, int result)
{
    if (result)
        log_warn("share", "list-sent", "reason=\"%s\"", sk_error_text(result));
    free(ctx);
}

void ledger_list_sent(const char *device, int64_t left_ms, int64_t sent_ms)
{
    struct sent_write *w = sk_alloc(sizeof(*w));

    *w = (struct sent_write){.left_ms = left_ms, .sent_ms = sent_ms};
    if (sk_copy(w->device, sizeof(w->device), device) ||
        store_write_async(share_store(), sent_write, sent_done, w))
        free(w); /* only a figure: the list itself stays */
}

/* ---- what has ended elsewhere ---- */

struct stale {
    char (*ids)[SHARE_ID_SIZE];
    size_t count;
    int64_t now_ms;
};

static int stale_note(void *ctx, const struct share *s)
{
    struct stale *st = ctx;
    struct account_grant_facts facts;

    if (account_grant_find(s->grant, st->now_ms, &facts) != -SK_ENOTFOUND)
        return 0;
    st->ids = sk_realloc(st->ids, (st->count + 1) * sizeof(*st->ids));
    memcpy(st->ids[st->count++], s->id, SHARE_ID_SIZE);
    return 0;
}

static int stale_write(struct store_tx *tx, void *ctx)
{
    const struct stale *st = ctx;
    int err = store_exec(tx, "share_claim_purge", STORE_ARGS(store_int("now", st->now_ms)), NULL);

    for (size_t i = 0; i < st->count && !err; i++)
        err = store_exec(tx, "share_given_delete", STORE_ARGS(store_text("id", st->ids[i])), NULL);
    return err;
}

void ledger_sweep(int64_t now_ms)
{
    struct stale st = {.now_ms = now_ms};
    int err = ledger_shares(NULL, stale_note, &st);

    if (!err)
        err = store_write(share_store(), stale_write, &st);
    if (err)
        log_warn("share", "sweep", "reason=\"%s\"", sk_error_text(err));
    free(st.ids);
}

struct forget_write {
    char device[DEVICE_ID_SIZE];
};

static int forget_write(struct store_tx *tx, void *ctx)
{
    const struct forget_write *w = ctx;
    const struct store_arg *args = STORE_ARGS(store_text("device", w->device));
    int err = store_exec(tx, "share_list_delete", args, NULL);

    return err ? err : store_exec(tx, "share_claim_delete_device", args, NULL);
}

static void forget_done(void *ctx, int result)
{
    if (result)
        log_warn("share", "device-forgotten", "reason=\"%s\"", sk_error_text(result));
    free(ctx);
}

void ledger_forget_device(const char *device)
{
    struct forget_write *w = sk_alloc(sizeof(*w));

    if (sk_copy(w->device, sizeof(w->device), device) ||
        store_write_async(share_store(), forget_write, forget_done, w))
        free(w);
}
