/* Everything of shares that is written to the store; each function one transaction, with its rows
 * in the audit log. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "share/internal.h"

enum { ROWS_MAX = 1 << 16 };

static int act(struct store_tx *tx, const struct share_by *by, const char *action,
               const char *device, json_t *detail)
{
    char *text = detail ? sk_json_text(detail, NULL) : NULL;
    int err =
        audit_record(tx, AUDIT(.at_ms = by->now_ms, .actor_kind = by->who ? "account" : "box",
                               .actor = by->who ? by->who->account : NULL,
                               .session = by->who ? by->who->session : NULL, .action = action,
                               .object_kind = device ? "device" : "account",
                               .object = device ? device : (by->who ? by->who->account : NULL),
                               .source = by->who ? by->who->source : NULL, .detail = text));

    free(text);
    json_decref(detail);
    return err;
}

static json_t *detail_of(const char *account, const char *key)
{
    json_t *v = json_object();

    sk_json_set_str(v, "account", account);
    sk_json_set_str(v, "key", key);
    return v;
}

/* ---- the directory ---- */

struct key_write {
    const struct share_by *by;
    const struct share_key *key;
    const char *id;
};

static int key_put(struct store_tx *tx, const char *account, const struct share_key *k)
{
    int64_t count;
    int err =
        store_one_int(tx, "share_key_count_other",
                      STORE_ARGS(store_text("account", account), store_text("id", k->id)), &count);

    if (!err && count >= SHARE_KEYS_MAX)
        err = -SK_ELIMIT;
    return err ? err
               : store_exec(tx, "share_key_put",
                            STORE_ARGS(store_text("account", account), store_text("id", k->id),
                                       store_blob("public_key", k->public_key, 65),
                                       store_text("name", k->name), store_int("added", k->added)),
                            NULL);
}

static int key_put_write(struct store_tx *tx, void *ctx)
{
    const struct key_write *w = ctx;
    int err = key_put(tx, w->by->who->account, w->key);

    return err ? err : act(tx, w->by, "viewer-key.set", NULL, detail_of(NULL, w->key->id));
}

int ledger_key_put(const struct share_by *by, const struct share_key *k)
{
    struct key_write w = {by, k, k->id};

    return store_write(share_store(), key_put_write, &w);
}

static int key_delete_write(struct store_tx *tx, void *ctx)
{
    const struct key_write *w = ctx;
    int64_t rows;
    int err = store_exec(
        tx, "share_key_delete",
        STORE_ARGS(store_text("account", w->by->who->account), store_text("id", w->id)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : act(tx, w->by, "viewer-key.removed", NULL, detail_of(NULL, w->id));
}

int ledger_key_delete(const struct share_by *by, const char *id)
{
    struct key_write w = {by, NULL, id};

    return store_write(share_store(), key_delete_write, &w);
}

struct keys_read {
    const char *account;
    int (*fn)(void *ctx, const struct share_key *k);
    void *ctx;
};

static int key_row(void *ctx, const struct store_row *row)
{
    const struct keys_read *r = ctx;
    struct share_key k = {.added = store_row_int(row, 3)};
    int err = store_row_copy(row, 0, k.id, sizeof(k.id));

    if (!err)
        err = store_row_bin(row, 1, k.public_key, sizeof(k.public_key));
    if (!err)
        err = store_row_copy(row, 2, k.name, sizeof(k.name));
    return err ? err : r->fn(r->ctx, &k);
}

static int keys_read(struct store_tx *tx, void *ctx)
{
    struct keys_read *r = ctx;

    return store_many(tx, "share_key_list", STORE_ARGS(store_text("account", r->account)), ROWS_MAX,
                      key_row, r);
}

int ledger_keys(const char *account, int (*fn)(void *ctx, const struct share_key *k), void *ctx)
{
    struct keys_read r = {account, fn, ctx};

    return store_read(share_store(), keys_read, &r);
}

static int key_count(void *ctx, const struct share_key *k)
{
    (void)k;
    ++*(size_t *)ctx;
    return 0;
}

size_t ledger_keys_count(const char *account, int64_t now_ms)
{
    struct keys_read r;
    size_t n = 0;

    (void)now_ms;
    r = (struct keys_read){account, key_count, &n};
    if (store_read(share_store(), keys_read, &r))
        return 1; /* not known to be nothing */
    return n;
}

static int keys_end_write(struct store_tx *tx, void *ctx)
{
    const struct store_arg *args = STORE_ARGS(store_text("account", ctx));
    int err = store_exec(tx, "share_key_delete_of", args, NULL);

    return err ? err : store_exec(tx, "share_claim_delete_of", args, NULL);
}

int ledger_keys_end(const char *account, int64_t now_ms)
{
    (void)now_ms;
    return store_write(share_store(), keys_end_write, (void *)(uintptr_t)account);
}

/* ---- claims ---- */

struct claim_write {
    const struct share_by *by;
    const struct share_claim *claim;
    const char *device, *id;
    char *guest;
};

static int claim_add_write(struct store_tx *tx, void *ctx)
{
    const struct claim_write *w = ctx;
    const struct share_claim *c = w->claim;
    struct share_key key = {.added = c->created};
    int64_t count;
    int err = store_exec(tx, "share_claim_purge", STORE_ARGS(store_int("now", c->created)), NULL);

    if (!err)
        err = store_one_int(tx, "share_claim_count",
                            STORE_ARGS(store_text("account", c->account),
                                       store_text("device", c->device), store_text("key", c->key)),
                            &count);
    if (!err && count >= SHARE_CLAIMS_MAX)
        err = -SK_ELIMIT;
    memcpy(key.id, c->key, sizeof(key.id));
    memcpy(key.public_key, c->public_key, sizeof(key.public_key));
    if (!err)
        err = key_put(tx, c->account, &key);
    if (!err)
        err = store_exec(tx, "share_claim_insert",
                         STORE_ARGS(store_text("id", c->id), store_text("device", c->device),
                                    store_text("account", c->account), store_text("key", c->key),
                                    store_blob("public_key", c->public_key, 65),
                                    store_blob("claim", c->claim, 32),
                                    store_int("created", c->created),
                                    store_int("expires", c->expires)),
                         NULL);
    return err ? err : act(tx, w->by, "share.claimed", c->device, detail_of(c->account, c->key));
}

int ledger_claim_add(const struct share_by *by, const struct share_claim *c)
{
    struct claim_write w = {.by = by, .claim = c};

    return store_write(share_store(), claim_add_write, &w);
}

static int claim_delete_write(struct store_tx *tx, void *ctx)
{
    const struct claim_write *w = ctx;
    int64_t rows;
    int err = store_exec(
        tx, "share_claim_delete",
        STORE_ARGS(store_text("id", w->id), store_text("account", w->by->who->account)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : act(tx, w->by, "share.claim-dropped", NULL, NULL);
}

int ledger_claim_delete(const struct share_by *by, const char *id)
{
    struct claim_write w = {.by = by, .id = id};

    return store_write(share_store(), claim_delete_write, &w);
}

struct claims_read {
    const char *statement;
    const struct store_arg *args;
    claim_fn fn;
    void *ctx;
};

static int claim_take(struct share_claim *c, const struct store_row *row)
{
    int err = store_row_copy(row, 0, c->id, sizeof(c->id));

    if (!err)
        err = store_row_copy(row, 1, c->device, sizeof(c->device));
    if (!err)
        err = store_row_copy(row, 2, c->account, sizeof(c->account));
    if (!err)
        err = store_row_copy(row, 3, c->key, sizeof(c->key));
    if (!err)
        err = store_row_bin(row, 4, c->public_key, sizeof(c->public_key));
    if (!err)
        err = store_row_bin(row, 5, c->claim, sizeof(c->claim));
    if (!err)
        err = store_row_copy(row, 6, c->state, sizeof(c->state));
    c->created = store_row_int(row, 7);
    c->expires = store_row_int(row, 8);
    return err;
}

static int claim_row(void *ctx, const struct store_row *row)
{
    const struct claims_read *r = ctx;
    struct share_claim c;
    int err = claim_take(&c, row);

    return err ? err : r->fn(r->ctx, &c);
}

static int claims_read(struct store_tx *tx, void *ctx)
{
    struct claims_read *r = ctx;

    return store_many(tx, r->statement, r->args, ROWS_MAX, claim_row, r);
}

int ledger_claims_of_account(const char *account, int64_t now_ms, claim_fn fn, void *ctx)
{
    struct claims_read r = {"share_claim_of_account",
                            STORE_ARGS(store_text("account", account), store_int("now", now_ms)),
                            fn, ctx};

    return store_read(share_store(), claims_read, &r);
}

int ledger_claims_of_device(const char *device, int64_t now_ms, claim_fn fn, void *ctx)
{
    struct claims_read r = {"share_claim_of_device",
                            STORE_ARGS(store_text("device", device), store_int("now", now_ms)), fn,
                            ctx};

    return store_read(share_store(), claims_read, &r);
}

static int claim_one(void *ctx, const struct store_row *row)
{
    return claim_take(ctx, row);
}

/* The waiting claim, judged: -SK_EGONE when it waits no longer. */
static int claim_judge(struct store_tx *tx, const char *device, const char *id, const char *state,
                       int64_t now_ms, struct share_claim *out)
{
    int err = store_one(
        tx, "share_claim_one",
        STORE_ARGS(store_text("id", id), store_text("device", device), store_int("now", now_ms)),
        claim_one, out);

    if (err == -SK_ENOTFOUND)
        return -SK_EGONE;
    return err ? err
               : store_exec(tx, "share_claim_judge",
                            STORE_ARGS(store_text("state", state), store_text("id", id),
                                       store_text("device", device), store_int("now", now_ms)),
                            NULL);
}

static int claim_refuse_write(struct store_tx *tx, void *ctx)
{
    const struct claim_write *w = ctx;
    struct share_claim c;
    int err = claim_judge(tx, w->device, w->id, "refused", w->by->now_ms, &c);

    if (!err)
        err = sk_copy(w->guest, ACCOUNT_ID_MAX + 1, c.account);
    return err ? err
               : act(tx, w->by, "share.claim-refused", w->device, detail_of(c.account, c.key));
}

int ledger_claim_refuse(const struct share_by *by, const char *device, const char *id,
                        char guest[ACCOUNT_ID_MAX + 1])
{
    struct claim_write w = {.by = by, .device = device, .id = id, .guest = guest};

    return store_write(share_store(), claim_refuse_write, &w);
}

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
    return act(tx, by, "share.list-left", device, detail);
}

static json_t *share_detail(const struct share *s, const struct share_terms *t)
{
    json_t *v = detail_of(s->account, s->key);

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
    int err = claim_judge(tx, w->device, w->claim, "accepted", w->by->now_ms, &c);

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
    return err ? err : act(tx, w->by, "share.given", w->device, share_detail(s, w->terms));
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
    return err ? err : act(tx, w->by, "share.changed", s->device, share_detail(s, w->terms));
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
    return err ? err : act(tx, w->by, "share.ended", s->device, detail_of(s->account, s->key));
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
                          ROWS_MAX, share_row, r);
    return store_many(tx, "share_given_all", NULL, ROWS_MAX, share_row, r);
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
    return err ? err : act(tx, w->by, "share.list-taken-back", w->device, NULL);
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
    return store_many(tx, "share_list_all", NULL, ROWS_MAX, list_row, ctx);
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
