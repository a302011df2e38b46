/* What is written of second factors. Whatever works once is spent by the statement that finds it
 * unspent, inside the transaction that lets somebody in. */
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "base/log.h"
#include "base/sys.h"
#include "crypto/wipe.h"

enum { ACCOUNTS_READ_MAX = 100000 };

/* ---- reading ---- */

static int totp_take(void *ctx, const struct store_row *row)
{
    struct factors *f = ctx;

    f->kinds |= FACTOR_TOTP;
    f->last_step = store_row_int(row, 1);
    f->totp_since = store_row_int(row, 2);
    return store_row_bin(row, 0, f->sealed, sizeof(f->sealed));
}

static int recovery_take(void *ctx, const struct store_row *row)
{
    struct factors *f = ctx;

    f->recovery_left = store_row_int(row, 0);
    f->recovery_made = store_row_int(row, 1);
    f->kinds |= f->recovery_left ? FACTOR_RECOVERY : 0;
    return 0;
}

struct factors_query {
    const char *account;
    struct factors *out;
};

static int factors_query(struct store_tx *tx, void *ctx)
{
    const struct factors_query *q = ctx;
    const struct store_arg *args = STORE_ARGS(store_text("account", q->account));

    *q->out = (struct factors){0};
    int err = store_many(tx, "account_totp_of", args, 1, totp_take, q->out);
    if (!err)
        err = store_one(tx, "account_recovery_of", args, recovery_take, q->out);
    if (!err)
        err = store_one_int(tx, "account_passkey_count", args, &q->out->passkeys);
    q->out->kinds |= q->out->passkeys ? FACTOR_PASSKEY : 0;
    return err;
}

int factors_read(struct store *s, const char *account, struct factors *out)
{
    struct factors_query q = {account, out};

    return store_read(s, factors_query, &q);
}

struct kinds_read {
    unsigned kind;
};

static int kind_take(void *ctx, const struct store_row *row)
{
    const struct kinds_read *k = ctx;
    const char *account = store_row_text(row, 0);

    factor_kinds_set(account, factor_kinds(account) | k->kind);
    return 0;
}

static int kinds_load(struct store_tx *tx, void *ctx)
{
    static const struct {
        const char *statement;
        unsigned kind;
    } all[] = {
        {"account_totp_all", FACTOR_TOTP},
        {"account_passkey_all", FACTOR_PASSKEY},
        {"account_recovery_all", FACTOR_RECOVERY},
    };
    int err = 0;

    (void)ctx;
    factor_kinds_clear();
    for (size_t i = 0; !err && i < sizeof(all) / sizeof(all[0]); i++) {
        struct kinds_read k = {all[i].kind};
        err = store_many(tx, all[i].statement, NULL, ACCOUNTS_READ_MAX, kind_take, &k);
    }
    return err;
}

int factors_load(struct store *s, const char *account)
{
    struct factors f;

    if (!account)
        return store_read(s, kinds_load, NULL);
    int err = factors_read(s, account, &f);
    if (!err)
        factor_kinds_set(account, f.kinds);
    crypto_wipe(&f, sizeof(f));
    return err;
}

void factors_refresh(const char *account)
{
    int err = factors_load(account_get()->store, account);

    if (err)
        log_error("account", "factors", "account=%s reason=\"%s\"", account, sk_error_text(err));
}

static int bytes_copy(const struct store_row *row, int col, uint8_t *out, size_t cap, size_t *len)
{
    const void *data = store_row_blob(row, col, len);

    if (!data || *len > cap)
        return -SK_EIO;
    memcpy(out, data, *len);
    return 0;
}

static int passkey_row_take(const struct store_row *row, struct passkey_row *p)
{
    int err = store_row_copy(row, 0, p->id, sizeof(p->id));

    if (!err)
        err = store_row_copy(row, 1, p->account, sizeof(p->account));
    if (!err)
        err = bytes_copy(row, 2, p->credential, sizeof(p->credential), &p->credential_len);
    if (!err)
        err = bytes_copy(row, 3, p->key, sizeof(p->key), &p->key_len);
    p->sign_count = store_row_int(row, 4);
    p->backed_up = store_row_int(row, 5) != 0;
    if (!err)
        err = store_row_copy(row, 6, p->name, sizeof(p->name));
    p->created = store_row_int(row, 7);
    p->last_used = store_row_int(row, 8);
    return err;
}

struct passkey_query {
    const char *account;
    struct passkey_bytes credential;
    struct passkey_row *out;
    int found;
    void (*fn)(void *ctx, const struct passkey_row *row);
    void *ctx;
};

static int passkey_found(void *ctx, const struct store_row *row)
{
    struct passkey_query *q = ctx;

    q->found = 1;
    return passkey_row_take(row, q->out);
}

static int passkey_query(struct store_tx *tx, void *ctx)
{
    struct passkey_query *q = ctx;

    q->found = 0;
    int err =
        store_many(tx, "account_passkey_by_credential",
                   STORE_ARGS(store_blob("credential", q->credential.data, q->credential.len)), 1,
                   passkey_found, q);
    return err ? err : q->found ? 0 : -SK_ENOTFOUND;
}

int passkey_find(struct store *s, struct passkey_bytes credential, struct passkey_row *out)
{
    struct passkey_query q = {.credential = credential, .out = out};

    return store_read(s, passkey_query, &q);
}

static int passkey_told(void *ctx, const struct store_row *row)
{
    struct passkey_query *q = ctx;
    struct passkey_row p;
    int err = passkey_row_take(row, &p);

    if (!err)
        q->fn(q->ctx, &p);
    return err;
}

static int passkeys_query(struct store_tx *tx, void *ctx)
{
    struct passkey_query *q = ctx;

    return store_many(tx, "account_passkey_of", STORE_ARGS(store_text("account", q->account)),
                      PASSKEYS_PER_ACCOUNT_MAX, passkey_told, q);
}

int passkeys_each(struct store *s, const char *account,
                  void (*fn)(void *ctx, const struct passkey_row *row), void *ctx)
{
    struct passkey_query q = {.account = account, .fn = fn, .ctx = ctx};

    return store_read(s, passkeys_query, &q);
}

/* ---- inside the writes of others ---- */

static int spend_exec(struct store_tx *tx, const char *account, const struct factor_use *use,
                      int64_t now_ms, int64_t *rows)
{
    switch (use->kind) {
    case FACTOR_TOTP:
        return store_exec(tx, "account_totp_spend",
                          STORE_ARGS(store_text("account", account), store_int("step", use->step),
                                     store_blob("secret", use->sealed, sizeof(use->sealed))),
                          rows);
    case FACTOR_RECOVERY:
        return store_exec(
            tx, "account_recovery_spend",
            STORE_ARGS(store_text("account", account),
                       store_blob("code_hash", use->code_hash, sizeof(use->code_hash))),
            rows);
    case FACTOR_PASSKEY:
        return store_exec(tx, "account_passkey_spend",
                          STORE_ARGS(store_text("account", account), store_text("id", use->passkey),
                                     store_int("sign_count", use->sign_count),
                                     store_int("backed_up", use->backed_up),
                                     store_int("now", now_ms)),
                          rows);
    default:
        return -SK_EINTERNAL;
    }
}

int factor_spend(struct store_tx *tx, const char *account, const struct factor_use *use,
                 int64_t now_ms)
{
    int64_t rows = 0;
    int err = spend_exec(tx, account, use, now_ms, &rows);

    return err ? err : rows == 1 ? 0 : -SK_EAUTH;
}

int factor_none(struct store_tx *tx, const char *account)
{
    int64_t count;
    int err = store_one_int(tx, "account_factor_count", STORE_ARGS(store_text("account", account)),
                            &count);

    return err ? err : count ? -SK_EAUTH : 0;
}

int factors_delete(struct store_tx *tx, const char *account)
{
    static const char *const ends[] = {"account_totp_delete", "account_recovery_delete",
                                       "account_passkey_delete_of"};
    int err = 0;

    for (size_t i = 0; !err && i < sizeof(ends) / sizeof(ends[0]); i++)
        err = store_exec(tx, ends[i], STORE_ARGS(store_text("account", account)), NULL);
    return err;
}

static int owner_take(void *ctx, const struct store_row *row)
{
    return factors_delete(ctx, store_row_text(row, 0));
}

int factors_delete_owners(struct store_tx *tx)
{
    return store_many(tx, "account_owners_all", NULL, ACCOUNTS_READ_MAX, owner_take, tx);
}

int factors_count(struct store_tx *tx, const char *account, int64_t *out)
{
    struct factors f = {0};
    struct factors_query q = {account, &f};
    int err = factors_query(tx, &q);

    *out = f.recovery_left + f.passkeys + (f.kinds & FACTOR_TOTP ? 1 : 0);
    crypto_wipe(&f, sizeof(f));
    return err;
}

/* ---- acts of a person on his own factors ---- */

struct factor_write {
    const struct actor *by;
    const struct factor_use *use;
    const uint8_t *sealed;
    int64_t step;
    const uint8_t (*hashes)[32];
    const struct passkey_row *row;
    const char *id, *name;
    int must_stay;
};

static int act_factor(struct store_tx *tx, const struct factor_write *w, const char *action,
                      const char *kind, const char *id)
{
    return act_record(tx, w->by, action, "account", w->by->account,
                      id ? json_pack("{s:s, s:s}", "kind", kind, "id", id)
                         : json_pack("{s:s}", "kind", kind));
}

static int hashes_write(struct store_tx *tx, const struct factor_write *w)
{
    int err = store_exec(tx, "account_recovery_delete",
                         STORE_ARGS(store_text("account", w->by->account)), NULL);

    for (size_t i = 0; !err && i < RECOVERY_CODES; i++)
        err = store_exec(tx, "account_recovery_insert",
                         STORE_ARGS(store_text("account", w->by->account),
                                    store_blob("code_hash", w->hashes[i], 32),
                                    store_int("now", w->by->now_ms)),
                         NULL);
    return err ? err : act_factor(tx, w, "factor.recovery-made", "recovery", NULL);
}

/* Recovery codes stand in for a factor: without one they would be a second password. */
static int last_guard(struct store_tx *tx, const struct factor_write *w)
{
    int err = factor_none(tx, w->by->account);

    if (err != 0)
        return err == -SK_EAUTH ? 0 : err;
    if (w->must_stay)
        return -SK_ECONFLICT;
    return store_exec(tx, "account_recovery_delete",
                      STORE_ARGS(store_text("account", w->by->account)), NULL);
}

static int prove_write(struct store_tx *tx, void *ctx)
{
    const struct factor_write *w = ctx;
    int err = factor_spend(tx, w->by->account, w->use, w->by->now_ms);

    return err ? err : act_factor(tx, w, "factor.shown", factor_name(w->use->kind), NULL);
}

int factor_prove(struct store *s, const struct actor *by, const struct factor_use *use)
{
    struct factor_write w = {.by = by, .use = use};

    return store_write(s, prove_write, &w);
}

static int totp_add_write(struct store_tx *tx, void *ctx)
{
    const struct factor_write *w = ctx;
    int err =
        store_exec(tx, "account_totp_insert",
                   STORE_ARGS(store_text("account", w->by->account),
                              store_blob("secret", w->sealed, TOTP_SEALED_BYTES),
                              store_int("last_step", w->step), store_int("now", w->by->now_ms)),
                   NULL);

    if (!err && w->hashes)
        err = hashes_write(tx, w);
    return err ? err : act_factor(tx, w, "factor.added", "totp", NULL);
}

int totp_add(struct store *s, const struct actor *by, const uint8_t sealed[TOTP_SEALED_BYTES],
             int64_t step, const uint8_t (*hashes)[32])
{
    struct factor_write w = {.by = by, .sealed = sealed, .step = step, .hashes = hashes};

    return store_write(s, totp_add_write, &w);
}

static int totp_remove_write(struct store_tx *tx, void *ctx)
{
    const struct factor_write *w = ctx;
    int64_t rows = 0;
    int err = store_exec(tx, "account_totp_delete",
                         STORE_ARGS(store_text("account", w->by->account)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    if (!err)
        err = last_guard(tx, w);
    return err ? err : act_factor(tx, w, "factor.removed", "totp", NULL);
}

int totp_remove(struct store *s, const struct actor *by, int must_stay)
{
    struct factor_write w = {.by = by, .must_stay = must_stay};

    return store_write(s, totp_remove_write, &w);
}

static int recovery_write(struct store_tx *tx, void *ctx)
{
    const struct factor_write *w = ctx;
    int err = factor_none(tx, w->by->account);

    if (err != -SK_EAUTH)
        return err ? err : -SK_ECONFLICT;
    return hashes_write(tx, w);
}

int recovery_set(struct store *s, const struct actor *by, const uint8_t (*hashes)[32])
{
    struct factor_write w = {.by = by, .hashes = hashes};

    return store_write(s, recovery_write, &w);
}

static int passkey_insert(struct store_tx *tx, const struct factor_write *w)
{
    const struct passkey_row *p = w->row;
    int64_t rows = 0;
    int err = store_exec(tx, "account_passkey_insert",
                         STORE_ARGS(store_text("id", p->id), store_text("account", w->by->account),
                                    store_blob("credential", p->credential, p->credential_len),
                                    store_blob("public_key", p->key, p->key_len),
                                    store_int("sign_count", p->sign_count),
                                    store_int("backed_up", p->backed_up),
                                    store_text("name", p->name), store_int("now", w->by->now_ms)),
                         &rows);

    return err ? err : rows ? 0 : -SK_ECONFLICT;
}

static int passkey_add_write(struct store_tx *tx, void *ctx)
{
    const struct factor_write *w = ctx;
    int64_t count;
    int err = store_one_int(tx, "account_passkey_count",
                            STORE_ARGS(store_text("account", w->by->account)), &count);

    if (!err && count >= PASSKEYS_PER_ACCOUNT_MAX)
        err = -SK_ELIMIT;
    if (!err)
        err = passkey_insert(tx, w);
    if (!err && w->hashes)
        err = hashes_write(tx, w);
    return err ? err : act_factor(tx, w, "factor.added", "passkey", w->row->id);
}

int passkey_add(struct store *s, const struct actor *by, const struct passkey_row *row,
                const uint8_t (*hashes)[32])
{
    struct factor_write w = {.by = by, .row = row, .hashes = hashes};

    return store_write(s, passkey_add_write, &w);
}

static int passkey_rename_write(struct store_tx *tx, void *ctx)
{
    const struct factor_write *w = ctx;
    int64_t rows = 0;
    int err = store_exec(tx, "account_passkey_rename",
                         STORE_ARGS(store_text("id", w->id), store_text("name", w->name),
                                    store_text("account", w->by->account)),
                         &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : act_factor(tx, w, "factor.renamed", "passkey", w->id);
}

int passkey_rename(struct store *s, const struct actor *by, const char *id, const char *name)
{
    struct factor_write w = {.by = by, .id = id, .name = name};

    return store_write(s, passkey_rename_write, &w);
}

static int passkey_remove_write(struct store_tx *tx, void *ctx)
{
    const struct factor_write *w = ctx;
    int64_t rows = 0;
    int err = store_exec(tx, "account_passkey_delete",
                         STORE_ARGS(store_text("id", w->id), store_text("account", w->by->account)),
                         &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    if (!err)
        err = last_guard(tx, w);
    return err ? err : act_factor(tx, w, "factor.removed", "passkey", w->id);
}

int passkey_remove(struct store *s, const struct actor *by, const char *id, int must_stay)
{
    struct factor_write w = {.by = by, .id = id, .must_stay = must_stay};

    return store_write(s, passkey_remove_write, &w);
}
