/* Everything of accounts that is written to or read from the store. Each public function is one
 * transaction; what must hold together is written together. */
#include <stdlib.h>
#include <string.h>

#include "account/approval.h"
#include "account/factor.h"
#include "base/json.h"
#include "base/sys.h"
#include "core/audit.h"
#include "crypto/wipe.h"

enum {
    BROWSER_TTL_DAYS = 400,
    EVENT_TTL_DAYS = 400,
    BROWSERS_MAX = 20000 * BROWSERS_PER_ACCOUNT_MAX /* of as many people as there may be */
};

static const int64_t day_ms = 24 * 3600 * 1000LL;

/* ---- accounts ---- */

static int account_row_take(void *ctx, const struct store_row *row)
{
    struct account_row *a = ctx;
    int err = store_row_copy(row, 0, a->id, sizeof(a->id));

    if (!err)
        err = store_row_copy(row, 1, a->name, sizeof(a->name));
    if (!err)
        err = store_row_copy(row, 2, a->role, sizeof(a->role));
    if (!err)
        err = store_row_copy(row, 3, a->password, sizeof(a->password));
    if (!err)
        err = store_row_copy(row, 4, a->lang, sizeof(a->lang));
    a->disabled = store_row_int(row, 6) != 0;
    return err ? err : store_row_copy(row, 5, a->theme, sizeof(a->theme));
}

struct account_query {
    const char *statement, *arg, *value;
    struct account_row *out;
};

static int account_read(struct store_tx *tx, void *ctx)
{
    const struct account_query *q = ctx;

    memset(q->out, 0, sizeof(*q->out));
    return store_one(tx, q->statement, q->arg ? STORE_ARGS(store_text(q->arg, q->value)) : NULL,
                     account_row_take, q->out);
}

int ledger_owner(struct store *s, struct account_row *out)
{
    struct account_query q = {"account_owner", NULL, NULL, out};

    return store_read(s, account_read, &q);
}

int ledger_account_by_name(struct store *s, const char *name, struct account_row *out)
{
    struct account_query q = {"account_by_name", "name", name, out};

    return store_read(s, account_read, &q);
}

int ledger_account_by_id(struct store *s, const char *id, struct account_row *out)
{
    struct account_query q = {"account_by_id", "id", id, out};

    return store_read(s, account_read, &q);
}

/* ---- loading ---- */

static int session_row_take(void *ctx, const struct store_row *row)
{
    struct session s = {0};

    (void)ctx;
    int err = store_row_copy(row, 0, s.id, sizeof(s.id));
    if (!err)
        err = store_row_copy(row, 1, s.account, sizeof(s.account));
    if (!err)
        err = store_row_bin(row, 2, s.token_hash, sizeof(s.token_hash));
    if (!err)
        err = store_row_bin(row, 3, s.csrf_secret, sizeof(s.csrf_secret));
    s.bearer = (int)store_row_int(row, 4);
    s.created = s.proved = store_row_int(row, 5);
    s.last_seen = s.saved_seen = store_row_int(row, 6);
    s.expires = store_row_int(row, 7);
    if (!err)
        err = store_row_copy(row, 8, s.source, sizeof(s.source));
    if (!err)
        err = store_row_copy(row, 9, s.client, sizeof(s.client));
    if (!err)
        session_put(&s);
    crypto_wipe(&s, sizeof(s));
    return err;
}

static int browser_row_take(void *ctx, const struct store_row *row)
{
    struct browser b = {0};

    (void)ctx;
    int err = store_row_copy(row, 0, b.id, sizeof(b.id));
    if (!err)
        err = store_row_copy(row, 1, b.account, sizeof(b.account));
    if (!err)
        err = store_row_bin(row, 2, b.token_hash, sizeof(b.token_hash));
    b.last_login = store_row_int(row, 3);
    if (!err)
        browser_put(&b);
    return err;
}

static int load(struct store_tx *tx, void *ctx)
{
    (void)ctx;
    int err = store_many(tx, "account_session_all", NULL, 2 * SESSIONS_MAX, session_row_take, NULL);
    return err ? err
               : store_many(tx, "account_browser_all", NULL, BROWSERS_MAX, browser_row_take, NULL);
}

int ledger_load(struct store *s)
{
    return store_read(s, load, NULL);
}

/* ---- writing ---- */

static int event_add(struct store_tx *tx, int64_t at, const char *kind, const char *account,
                     const char *source, const char *detail)
{
    char id[ID_SIZE];

    id_make(id);
    return store_exec(tx, "account_event_insert",
                      STORE_ARGS(store_text("id", id), store_int("at", at),
                                 store_text("kind", kind), store_text("account", account),
                                 store_text("source", source), store_text("detail", detail)),
                      NULL);
}

struct setup_token_write {
    const uint8_t *hash;
    int64_t now_ms;
    int reset;
};

static int reset_write(struct store_tx *tx, int64_t now_ms)
{
    int err = store_exec(tx, "account_passwords_void", NULL, NULL);

    if (!err)
        err = store_exec(tx, "account_session_delete_all", NULL, NULL);
    if (!err)
        err = store_exec(tx, "account_browser_delete_all", NULL, NULL);
    if (!err)
        err = factors_delete_owners(tx);
    if (!err)
        err = store_exec(tx, "account_emergency_delete", NULL, NULL);
    if (!err) /* whoever had the box may have left himself a way back */
        err = store_exec(tx, "account_invitation_delete_all", NULL, NULL);
    if (!err) /* his own address to recover by, say */
        err = store_exec(tx, "account_mail_void_owners", NULL, NULL);
    if (!err)
        err = store_exec(tx, "account_mail_link_delete_all", NULL, NULL);
    if (!err)
        err = audit_record(tx, AUDIT(.at_ms = now_ms, .actor_kind = "box", .action = "owner.reset",
                                     .object_kind = "account"));
    return err ? err : event_add(tx, now_ms, "owner-reset", "", "", "");
}

static int setup_token_write(struct store_tx *tx, void *ctx)
{
    const struct setup_token_write *w = ctx;
    const char *kind = w->reset ? "reset" : "start";
    int err =
        w->reset
            ? store_exec(tx, "account_setup_token_clear", NULL, NULL)
            : store_exec(tx, "account_setup_token_replace",
                         STORE_ARGS(store_text("kind", kind), store_int("now", w->now_ms)), NULL);

    if (!err && w->reset)
        err = reset_write(tx, w->now_ms);
    if (!err)
        err = store_exec(tx, "account_setup_token_insert",
                         STORE_ARGS(store_blob("token_hash", w->hash, 32), store_text("kind", kind),
                                    store_int("created", w->now_ms),
                                    store_int("expires", w->now_ms + SETUP_TTL_MS)),
                         NULL);
    return err;
}

int ledger_setup_token_set(struct store *s, const uint8_t hash[32], int64_t now_ms, int reset)
{
    struct setup_token_write w = {hash, now_ms, reset};

    return store_write(s, setup_token_write, &w);
}

static int setup_token_live(struct store_tx *tx, const uint8_t *hash, int64_t now_ms)
{
    int64_t live;
    int err = store_one_int(
        tx, "account_setup_token_live",
        STORE_ARGS(store_blob("token_hash", hash, 32), store_int("now", now_ms)), &live);

    return err ? err : live == 1 ? 0 : -SK_EGONE;
}

static int setup_token_read(struct store_tx *tx, void *ctx)
{
    const struct setup_token_write *w = ctx;

    return setup_token_live(tx, w->hash, w->now_ms);
}

int ledger_setup_token_check(struct store *s, const uint8_t hash[32], int64_t now_ms)
{
    struct setup_token_write w = {hash, now_ms, 0};

    return store_read(s, setup_token_read, &w);
}

static int session_insert(struct store_tx *tx, const struct session *s)
{
    return store_exec(tx, "account_session_insert",
                      STORE_ARGS(store_text("id", s->id), store_text("account", s->account),
                                 store_blob("token_hash", s->token_hash, sizeof(s->token_hash)),
                                 store_blob("csrf_secret", s->csrf_secret, sizeof(s->csrf_secret)),
                                 store_int("bearer", s->bearer), store_int("created", s->created),
                                 store_int("expires", s->expires), store_text("source", s->source),
                                 store_text("client", s->client)),
                      NULL);
}

static int browser_write(struct store_tx *tx, const struct entry *e)
{
    const struct browser *b = e->browser;

    if (!e->browser_is_new)
        return store_exec(
            tx, "account_browser_seen_set",
            STORE_ARGS(store_int("last_login", b->last_login), store_text("id", b->id)), NULL);
    return store_exec(tx, "account_browser_insert",
                      STORE_ARGS(store_text("id", b->id), store_text("account", b->account),
                                 store_blob("token_hash", b->token_hash, sizeof(b->token_hash)),
                                 store_int("last_login", b->last_login)),
                      NULL);
}

static int entry_record(struct store_tx *tx, const struct entry *e, const char *kind)
{
    const struct session *s = e->session;
    const char *action = strcmp(kind, "setup") == 0 ? "owner.setup" : "session.login";
    json_t *detail = json_object();

    if (s->bearer)
        sk_json_set_bool(detail, "bearer", 1);
    if (e->factor)
        sk_json_set_str(detail, "factor", factor_name(e->factor->kind));
    else if (e->vouched)
        sk_json_set_str(detail, "factor", "provider");
    char *text = json_object_size(detail) ? sk_json_text(detail, NULL) : NULL;
    int err =
        audit_record(tx, AUDIT(.at_ms = e->now_ms, .actor_kind = "account", .actor = s->account,
                               .session = s->id, .action = action, .object_kind = "session",
                               .object = s->id, .source = s->source, .detail = text));
    free(text);
    json_decref(detail);
    return err;
}

int ledger_entry_write(struct store_tx *tx, const struct entry *e, const char *kind)
{
    const struct session *s = e->session;
    int err = 0;

    if (e->factor)
        err = factor_spend(tx, s->account, e->factor, e->now_ms);
    else if (!e->vouched)
        err = factor_none(tx, s->account);
    if (!err)
        err = session_insert(tx, s);
    if (!err)
        err = entry_record(tx, e, kind);
    if (!err && e->browser_surplus)
        err = store_exec(tx, "account_browser_delete",
                         STORE_ARGS(store_text("id", e->browser_surplus)), NULL);
    if (!err && e->browser)
        err = browser_write(tx, e);
    if (!err && e->ended)
        err =
            store_exec(tx, "account_session_delete", STORE_ARGS(store_text("id", e->ended)), NULL);
    if (!err && e->rehash)
        err = store_exec(tx, "account_password_rehash",
                         STORE_ARGS(store_text("password", e->rehash), store_text("id", s->account),
                                    store_text("former", e->checked)),
                         NULL);
    return err ? err : event_add(tx, e->now_ms, kind, s->account, s->source, s->id);
}

struct setup_write {
    const uint8_t *hash;
    const struct account_row *owner;
    const struct entry *entry;
};

static int owner_write(struct store_tx *tx, const struct account_row *o, int64_t now_ms)
{
    int64_t changed;
    int err =
        store_exec(tx, "account_login_set",
                   STORE_ARGS(store_text("name", o->name), store_text("password", o->password),
                              store_int("now", now_ms), store_text("id", o->id)),
                   &changed);

    if (err || changed)
        return err;
    return store_exec(tx, "account_insert",
                      STORE_ARGS(store_text("id", o->id), store_text("name", o->name),
                                 store_text("role", "owner"), store_text("password", o->password),
                                 store_int("now", now_ms), store_text("organization", "home")),
                      NULL);
}

static int setup_write(struct store_tx *tx, void *ctx)
{
    const struct setup_write *w = ctx;
    int err = setup_token_live(tx, w->hash, w->entry->now_ms);

    if (!err)
        err = store_exec(tx, "account_setup_token_clear", NULL, NULL);
    if (!err)
        err = owner_write(tx, w->owner, w->entry->now_ms);
    return err ? err : ledger_entry_write(tx, w->entry, "setup");
}

int ledger_setup(struct store *s, const uint8_t hash[32], const struct account_row *owner,
                 const struct entry *entry)
{
    struct setup_write w = {hash, owner, entry};

    return store_write(s, setup_write, &w);
}

static int login_write(struct store_tx *tx, void *ctx)
{
    const struct entry *e = ctx;
    const char *account = e->session->account;
    int64_t holds;
    int err =
        e->checked
            ? store_one_int(
                  tx, "account_password_holds",
                  STORE_ARGS(store_text("id", account), store_text("password", e->checked)), &holds)
            : store_one_int(tx, "account_may_enter", STORE_ARGS(store_text("id", account)), &holds);

    if (!err && !holds)
        err = -SK_EAUTH;
    return err ? err : ledger_entry_write(tx, e, "login");
}

int ledger_login(struct store *s, const struct entry *entry)
{
    struct entry copy = *entry;

    return store_write(s, login_write, &copy);
}

struct sessions_write {
    const struct session *list;
    size_t count;
    const char *kind, *source;
    int64_t now_ms;
};

/* Ended by its account, from a source, or by the box (run out, too many), from none; or because
 * somebody showed a stolen token, of whom the source is all we know. */
static int session_end_record(struct store_tx *tx, const struct sessions_write *w,
                              const struct session *s)
{
    int by_box = !w->source[0], by_thief = strcmp(w->kind, "refresh-reused") == 0;
    const char *kind = by_box ? "box" : by_thief ? "nobody" : "account";
    const char *action = strcmp(w->kind, "logout") == 0            ? "session.logout"
                         : strcmp(w->kind, "session-revoked") == 0 ? "session.revoked"
                         : strcmp(w->kind, "session-expired") == 0 ? "session.expired"
                         : strcmp(w->kind, "refresh-reused") == 0  ? "refresh.reused"
                                                                   : "session.ended";

    return audit_record(tx, AUDIT(.at_ms = w->now_ms, .actor_kind = kind,
                                  .actor = by_box || by_thief ? NULL : s->account, .action = action,
                                  .object_kind = "session", .object = s->id, .source = w->source));
}

static int sessions_end_write(struct store_tx *tx, void *ctx)
{
    const struct sessions_write *w = ctx;
    int err = 0;

    for (size_t i = 0; !err && i < w->count; i++) {
        err = store_exec(tx, "account_session_delete", STORE_ARGS(store_text("id", w->list[i].id)),
                         NULL);
        if (!err)
            err = session_end_record(tx, w, &w->list[i]);
        if (!err)
            err = event_add(tx, w->now_ms, w->kind, w->list[i].account, w->source, w->list[i].id);
    }
    return err;
}

int ledger_sessions_end(struct store *s, const struct session *list, size_t count, const char *kind,
                        const char *source, int64_t now_ms)
{
    struct sessions_write w = {list, count, kind, source, now_ms};

    return store_write(s, sessions_end_write, &w);
}

static int seen_write(struct store_tx *tx, void *ctx)
{
    const struct sessions_write *w = ctx;
    int err = 0;

    for (size_t i = 0; !err && i < w->count; i++)
        err = store_exec(tx, "account_session_seen_set",
                         STORE_ARGS(store_int("last_seen", w->list[i].last_seen),
                                    store_text("id", w->list[i].id)),
                         NULL);
    return err;
}

int ledger_seen_save(struct store *s, const struct session *list, size_t count)
{
    struct sessions_write w = {.list = list, .count = count};

    return store_write(s, seen_write, &w);
}

struct prefs_write {
    const char *account, *lang, *theme;
};

static int prefs_write(struct store_tx *tx, void *ctx)
{
    const struct prefs_write *w = ctx;

    return store_exec(tx, "account_prefs_set",
                      STORE_ARGS(store_text("lang", w->lang), store_text("theme", w->theme),
                                 store_text("id", w->account)),
                      NULL);
}

int ledger_prefs_set(struct store *s, const char *account, const char *lang, const char *theme)
{
    struct prefs_write w = {account, lang, theme};

    return store_write(s, prefs_write, &w);
}

static int purge_write(struct store_tx *tx, void *ctx)
{
    const int64_t *now_ms = ctx;
    int err =
        store_exec(tx, "account_browser_purge",
                   STORE_ARGS(store_int("before", *now_ms - BROWSER_TTL_DAYS * day_ms)), NULL);

    if (!err)
        err =
            store_exec(tx, "account_invitation_purge", STORE_ARGS(store_int("now", *now_ms)), NULL);
    if (!err)
        err = store_exec(tx, "account_approval_purge",
                         STORE_ARGS(store_int("before", *now_ms - APPROVAL_KEPT_DAYS * day_ms)),
                         NULL);
    return err ? err
               : store_exec(tx, "account_event_purge",
                            STORE_ARGS(store_int("before", *now_ms - EVENT_TTL_DAYS * day_ms)),
                            NULL);
}

int ledger_purge(struct store *s, int64_t now_ms)
{
    return store_write(s, purge_write, &now_ms);
}
