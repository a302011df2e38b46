/* Everything of apps that is written to the store; each function one transaction, with its row in
 * the audit log. */
#include <stdlib.h>
#include <string.h>

#include "app/internal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/boxkey.h"
#include "crypto/wipe.h"

enum { SECRET_SEALED_MAX = BOXKEY_FRAME_BYTES + APP_SECRET_SIZE };

static struct boxkey secret_key;

static int count_read(struct store_tx *tx, void *ctx)
{
    return store_one_int(tx, "app_count", NULL, ctx);
}

int app_ledger_key_load(struct store *s, const char *data_dir)
{
    int64_t count = 0;
    int err = store_read(s, count_read, &count);

    return err ? err : boxkey_load(&secret_key, data_dir, "app", count == 0);
}

void app_ledger_key_wipe(void)
{
    boxkey_wipe(&secret_key);
}

static int secret_open(struct credential *c, const void *sealed, size_t len)
{
    struct sk_buf clear;

    sk_buf_init(&clear, APP_SECRET_SIZE);
    int err = boxkey_open(&secret_key, &clear, c->id, sealed, len);
    if (!err && clear.len != APP_SECRET_SIZE - 1)
        err = -SK_ECRYPTO;
    if (!err) {
        memcpy(c->material, clear.data, clear.len);
        c->len = clear.len;
    }
    sk_buf_fini_wipe(&clear);
    return err;
}

/* ---- reading ---- */

/* "a b c", each a network. */
static int sources_parse(struct app_facts *f)
{
    const char *at = f->sources_text;

    f->source_count = 0;
    while (*at) {
        char word[56];
        size_t len = strcspn(at, " ");
        if (len >= sizeof(word) || f->source_count == APP_SOURCES_MAX)
            return -SK_EINVAL;
        memcpy(word, at, len);
        word[len] = '\0';
        int err = source_net_parse(&f->sources[f->source_count++], word);
        if (err)
            return err;
        at += len;
        at += *at == ' ';
    }
    return 0;
}

static int app_take(void *ctx, const struct store_row *row)
{
    struct app_facts f = {.rate = store_row_int(row, 4),
                          .burst = store_row_int(row, 5),
                          .quota = store_row_int(row, 6),
                          .created = store_row_int(row, 9),
                          .killed_ms = store_row_int(row, 10),
                          .effect_ms = store_row_int(row, 11),
                          .last_used = store_row_int(row, 12),
                          .used = {store_row_int(row, 14), store_row_int(row, 15)}};
    int err = store_row_copy(row, 0, f.id, sizeof(f.id));

    (void)ctx;
    if (!err)
        err = store_row_copy(row, 1, f.account, sizeof(f.account));
    if (!err)
        err = store_row_copy(row, 2, f.name, sizeof(f.name));
    if (!err)
        err = store_row_copy(row, 7, f.sources_text, sizeof(f.sources_text));
    if (!err)
        err = store_row_copy(row, 13, f.last_source, sizeof(f.last_source));
    if (!err)
        err = scope_text_parse(&f.scopes, store_row_text(row, 3));
    if (!err)
        err = sources_parse(&f);
    if (err)
        return err;
    f.killed = strcmp(store_row_text(row, 8), "active") != 0;
    table_add(&f);
    return 0;
}

static int credential_read(struct credential *c, const struct store_row *row)
{
    size_t len = 0;
    const void *material = store_row_blob(row, 3, &len);
    int err = store_row_copy(row, 0, c->id, sizeof(c->id));

    if (!err)
        err = credential_kind_find(&c->kind, store_row_text(row, 2));
    if (err)
        return err;
    c->created = store_row_int(row, 4);
    c->ends = store_row_int(row, 5);
    if (c->kind == CREDENTIAL_HMAC)
        return secret_open(c, material, len);
    if (len != APP_POINT_BYTES)
        return -SK_EIO;
    memcpy(c->material, material, len);
    c->len = len;
    return 0;
}

/* A credential that cannot be opened is said in the log and left out: the other apps go on. */
static int credential_take(void *ctx, const struct store_row *row)
{
    struct credential c = {.id = ""};
    struct app_facts f = {.id = ""};
    int err = credential_read(&c, row);

    (void)ctx;
    if (!err)
        err = table_get(store_row_text(row, 1), &f);
    if (!err && f.credential_count == APP_CREDENTIALS_MAX)
        err = -SK_ELIMIT;
    if (!err) {
        f.credentials[f.credential_count++] = c;
        err = table_credentials_set(&f, 0);
    }
    if (err)
        log_error("app", "credential", "app=%s reason=\"%s\"", store_row_text(row, 1),
                  sk_error_text(err));
    crypto_wipe(&f, sizeof(f));
    crypto_wipe(&c, sizeof(c));
    return 0;
}

static int load_read(struct store_tx *tx, void *ctx)
{
    (void)ctx;
    int err = store_many(tx, "app_all", NULL, APPS_MAX, app_take, NULL);
    return err ? err
               : store_many(tx, "app_credential_all", NULL, APPS_MAX * APP_CREDENTIALS_MAX,
                            credential_take, NULL);
}

int app_ledger_load(struct store *s)
{
    return store_read(s, load_read, NULL);
}

/* ---- writing ---- */

struct act {
    const struct app_actor *by;
    const struct app_facts *f;
    const char *id;
    int64_t ends, effect_ms;
};

static int act_note(struct store_tx *tx, const struct act *a, const char *action, const char *app,
                    json_t *detail)
{
    char *text = detail ? sk_json_text(detail, NULL) : NULL;
    int err = audit_record(tx, AUDIT(.at_ms = a->by->now_ms, .actor_kind = a->by->kind,
                                     .actor = a->by->account, .session = a->by->session,
                                     .action = action, .object_kind = "app", .object = app,
                                     .source = a->by->source, .detail = text));

    free(text);
    json_decref(detail);
    return err;
}

static const struct credential *newest(const struct app_facts *f)
{
    return &f->credentials[f->credential_count - 1];
}

static int credential_insert(struct store_tx *tx, const char *app, const struct credential *c)
{
    struct sk_buf material;

    sk_buf_init(&material, SECRET_SEALED_MAX);
    int err = c->kind == CREDENTIAL_HMAC
                  ? boxkey_seal(&secret_key, &material, c->id, c->material, c->len)
                  : sk_buf_add(&material, c->material, c->len);
    if (!err)
        err = store_exec(tx, "app_credential_insert",
                         STORE_ARGS(store_text("id", c->id), store_text("app", app),
                                    store_text("kind", credential_kind_name(c->kind)),
                                    store_blob("material", material.data, material.len),
                                    store_int("created", c->created)),
                         NULL);
    sk_buf_fini(&material);
    return err;
}

static json_t *credential_detail(const struct app_facts *f)
{
    json_t *v = json_object();

    sk_json_set_str(v, "credential", newest(f)->id);
    sk_json_set_str(v, "kind", credential_kind_name(newest(f)->kind));
    return v;
}

static int add_write(struct store_tx *tx, void *ctx)
{
    const struct act *a = ctx;
    const struct app_facts *f = a->f;
    char scopes[APP_SCOPES_SIZE];
    int64_t count;
    int err = store_one_int(tx, "app_count", NULL, &count);

    if (!err && count >= APPS_MAX)
        err = -SK_ELIMIT;
    scope_text(scopes, f->scopes);
    if (!err)
        err = store_exec(tx, "app_insert",
                         STORE_ARGS(store_text("id", f->id), store_text("account", f->account),
                                    store_text("name", f->name), store_text("scopes", scopes),
                                    store_int("rate", f->rate), store_int("burst", f->burst),
                                    store_int("quota", f->quota),
                                    store_text("sources", f->sources_text),
                                    store_int("created", f->created)),
                         NULL);
    if (!err)
        err = credential_insert(tx, f->id, newest(f));
    json_t *detail = credential_detail(f);
    sk_json_set_str(detail, "scopes", scopes);
    if (err)
        json_decref(detail);
    return err ? err : act_note(tx, a, "app.created", f->id, detail);
}

int app_ledger_add(struct store *s, const struct app_actor *by, const struct app_facts *f)
{
    return store_write(s, add_write, &(struct act){.by = by, .f = f});
}

static int set_write(struct store_tx *tx, void *ctx)
{
    const struct act *a = ctx;
    const struct app_facts *f = a->f;
    char scopes[APP_SCOPES_SIZE];
    int64_t changed = 0;

    scope_text(scopes, f->scopes);
    int err = store_exec(tx, "app_set",
                         STORE_ARGS(store_text("id", f->id), store_text("name", f->name),
                                    store_text("scopes", scopes), store_int("rate", f->rate),
                                    store_int("burst", f->burst), store_int("quota", f->quota),
                                    store_text("sources", f->sources_text)),
                         &changed);
    if (!err && !changed)
        err = -SK_ENOTFOUND;
    if (err)
        return err;
    json_t *detail = json_object();
    sk_json_set_str(detail, "scopes", scopes);
    sk_json_set_int(detail, "rate", f->rate);
    sk_json_set_int(detail, "quota", f->quota);
    return act_note(tx, a, "app.changed", f->id, detail);
}

int app_ledger_set(struct store *s, const struct app_actor *by, const struct app_facts *f)
{
    return store_write(s, set_write, &(struct act){.by = by, .f = f});
}

static int rotate_write(struct store_tx *tx, void *ctx)
{
    const struct act *a = ctx;
    const struct credential *c = newest(a->f);
    int64_t active = 0;
    int err = store_one_int(tx, "app_is_active", STORE_ARGS(store_text("id", a->f->id)), &active);

    if (!err && !active)
        err = -SK_ECONFLICT;
    if (!err && !a->ends)
        err = store_exec(tx, "app_credential_delete_of", STORE_ARGS(store_text("app", a->f->id)),
                         NULL);
    if (!err)
        err = credential_insert(tx, a->f->id, c);
    if (!err && a->ends)
        err = store_exec(tx, "app_credential_ends_set",
                         STORE_ARGS(store_text("app", a->f->id), store_text("keep", c->id),
                                    store_int("ends", a->ends)),
                         NULL);
    if (err)
        return err;
    json_t *detail = credential_detail(a->f);
    sk_json_set_int(detail, "former_ends", a->ends);
    return act_note(tx, a, "app.rotated", a->f->id, detail);
}

int app_ledger_rotate(struct store *s, const struct app_actor *by, const struct app_facts *f,
                      int64_t ends)
{
    return store_write(s, rotate_write, &(struct act){.by = by, .f = f, .ends = ends});
}

static int state_set(struct store_tx *tx, const char *id, const char *state, int64_t killed_ms)
{
    int64_t changed = 0;
    int err = store_exec(tx, "app_credential_delete_of", STORE_ARGS(store_text("app", id)), NULL);

    if (!err)
        err = store_exec(tx, "app_state_set",
                         STORE_ARGS(store_text("id", id), store_text("state", state),
                                    store_int("killed", killed_ms)),
                         &changed);
    return !err && !changed ? -SK_ENOTFOUND : err;
}

static int restore_write(struct store_tx *tx, void *ctx)
{
    const struct act *a = ctx;
    int err = state_set(tx, a->f->id, "active", a->f->killed_ms);

    if (!err)
        err = credential_insert(tx, a->f->id, newest(a->f));
    return err ? err : act_note(tx, a, "app.restored", a->f->id, credential_detail(a->f));
}

int app_ledger_restore(struct store *s, const struct app_actor *by, const struct app_facts *f)
{
    return store_write(s, restore_write, &(struct act){.by = by, .f = f});
}

static int kill_write(struct store_tx *tx, void *ctx)
{
    const struct act *a = ctx;
    int err = state_set(tx, a->id, "killed", a->by->now_ms);

    if (!err)
        err = store_exec(tx, "app_effect_set",
                         STORE_ARGS(store_text("id", a->id), store_int("effect_ms", a->effect_ms)),
                         NULL);
    if (err)
        return err;
    json_t *detail = json_object();
    sk_json_set_int(detail, "effect_ms", a->effect_ms);
    return act_note(tx, a, "app.killed", a->id, detail);
}

int app_ledger_kill(struct store *s, const struct app_actor *by, const char *id, int64_t effect_ms)
{
    return store_write(s, kill_write, &(struct act){.by = by, .id = id, .effect_ms = effect_ms});
}

static int remove_write(struct store_tx *tx, void *ctx)
{
    const struct act *a = ctx;
    int64_t changed = 0;
    int err =
        store_exec(tx, "app_credential_delete_of", STORE_ARGS(store_text("app", a->id)), NULL);

    if (!err)
        err = store_exec(tx, "app_delete", STORE_ARGS(store_text("id", a->id)), &changed);
    if (!err && !changed)
        err = -SK_ENOTFOUND;
    return err ? err : act_note(tx, a, "app.removed", a->id, NULL);
}

int app_ledger_remove(struct store *s, const struct app_actor *by, const char *id)
{
    return store_write(s, remove_write, &(struct act){.by = by, .id = id});
}

/* ---- what runs by itself ---- */

struct used {
    const struct app_facts *list;
    size_t count;
};

static int used_write(struct store_tx *tx, void *ctx)
{
    const struct used *u = ctx;
    int err = 0;

    for (size_t i = 0; i < u->count && !err; i++) {
        const struct app_facts *f = &u->list[i];
        err = store_exec(tx, "app_used_set",
                         STORE_ARGS(store_text("id", f->id), store_int("last_used", f->last_used),
                                    store_text("last_source", f->last_source),
                                    store_int("used_day", f->used.day),
                                    store_int("used_count", f->used.count)),
                         NULL);
    }
    return err;
}

int app_ledger_used_save(struct store *s, const struct app_facts *list, size_t count)
{
    return count ? store_write(s, used_write, &(struct used){list, count}) : 0;
}

static int credential_end_write(struct store_tx *tx, void *ctx)
{
    const char *id = ctx;

    return store_exec(tx, "app_credential_delete", STORE_ARGS(store_text("id", id)), NULL);
}

int app_ledger_credential_end(struct store *s, char id[APP_ID_SIZE])
{
    return store_write(s, credential_end_write, id);
}
