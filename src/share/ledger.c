/* Keys and claims in the store; each function one transaction, with its rows in the audit log. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "core/audit.h"
#include "share/internal.h"

int ledger_act(struct store_tx *tx, const struct share_by *by, const char *action,
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

json_t *ledger_detail(const char *account, const char *key)
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

    return err ? err
               : ledger_act(tx, w->by, "viewer-key.set", NULL, ledger_detail(NULL, w->key->id));
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
    return err ? err
               : ledger_act(tx, w->by, "viewer-key.removed", NULL, ledger_detail(NULL, w->id));
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

    return store_many(tx, "share_key_list", STORE_ARGS(store_text("account", r->account)),
                      SHARE_ROWS_MAX, key_row, r);
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
    return err ? err
               : ledger_act(tx, w->by, "share.claimed", c->device,
                            ledger_detail(c->account, c->key));
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
    return err ? err : ledger_act(tx, w->by, "share.claim-dropped", NULL, NULL);
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

    return store_many(tx, r->statement, r->args, SHARE_ROWS_MAX, claim_row, r);
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

int ledger_claim_judge(struct store_tx *tx, const char *device, const char *id, const char *state,
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
    int err = ledger_claim_judge(tx, w->device, w->id, "refused", w->by->now_ms, &c);

    if (!err)
        err = sk_copy(w->guest, ACCOUNT_ID_MAX + 1, c.account);
    return err ? err
               : ledger_act(tx, w->by, "share.claim-refused", w->device,
                            ledger_detail(c.account, c.key));
}

int ledger_claim_refuse(const struct share_by *by, const char *device, const char *id,
                        char guest[ACCOUNT_ID_MAX + 1])
{
    struct claim_write w = {.by = by, .device = device, .id = id, .guest = guest};

    return store_write(share_store(), claim_refuse_write, &w);
}
