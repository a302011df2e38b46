/* Sessions of people whom another box vouches for. They have no password here; what they may is
 * said by the other side at each login, and between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "crypto/wipe.h"

enum { NAME_TRIES = 20 };

void account_external_offer(const char *name, account_external_resume_fn resume)
{
    account_get()->external_name = name;
    account_get()->external_resume = resume;
}

struct external_write {
    struct account_external *e;
    const char *role, *organization;
    const struct entry *entry;
    account_external_fn also;
    void *ctx;
    char name[NAME_MAX_BYTES + 1];
};

static int count_take(void *ctx, const struct store_row *row)
{
    (void)row;
    *(int *)ctx = 1;
    return 0;
}

static int name_is_free(struct store_tx *tx, const char *name, int *is_free)
{
    int there = 0;
    int err =
        store_one(tx, "account_by_name", STORE_ARGS(store_text("name", name)), count_take, &there);

    *is_free = err == -SK_ENOTFOUND;
    return err == -SK_ENOTFOUND ? 0 : err;
}

/* The name that was given, or that with a number behind it. */
static int name_choose(struct store_tx *tx, const char *wanted, char *out, size_t cap)
{
    int is_free = 0;

    if (account_name_check(wanted) || strlen(wanted) + 8 > NAME_MAX_BYTES)
        wanted = "guest";
    for (int i = 1; i <= NAME_TRIES; i++) {
        int n = i == 1 ? snprintf(out, cap, "%s", wanted) : snprintf(out, cap, "%s %d", wanted, i);
        if (n < 0 || (size_t)n >= cap || account_name_check(out))
            return -SK_EINVAL;
        int err = name_is_free(tx, out, &is_free);
        if (err || is_free)
            return err;
    }
    return -SK_ECONFLICT;
}

static int account_make(struct store_tx *tx, struct external_write *w)
{
    int64_t count;
    int err = store_one_int(tx, "account_count", NULL, &count);

    if (!err && count >= PEOPLE_MAX)
        err = -SK_ELIMIT;
    if (!err)
        err = name_choose(tx, w->e->name, w->name, sizeof(w->name));
    return err ? err
               : store_exec(tx, "account_insert",
                            STORE_ARGS(store_text("id", w->e->account), store_text("name", w->name),
                                       store_text("role", w->role), store_text("password", ""),
                                       store_int("now", w->entry->now_ms),
                                       store_text("organization", w->organization)),
                            NULL);
}

struct standing_row {
    char role[16];
    int disabled;
};

static int standing_take(void *ctx, const struct store_row *row)
{
    struct standing_row *s = ctx;

    s->disabled = store_row_int(row, 1) != 0;
    return store_row_copy(row, 0, s->role, sizeof(s->role));
}

/* Somebody who can log in by himself must remain owner. */
static int role_set(struct store_tx *tx, const char *account, const char *role, int64_t now_ms)
{
    struct standing_row s = {0};
    int64_t others = 1;
    int err =
        store_one(tx, "account_standing", STORE_ARGS(store_text("id", account)), standing_take, &s);

    if (err || s.disabled)
        return err ? err : -SK_EDENIED;
    if (strcmp(s.role, role) == 0)
        return 0;
    if (strcmp(s.role, "owner") == 0)
        err = store_one_int(tx, "account_owners_other", STORE_ARGS(store_text("id", account)),
                            &others);
    if (err || !others)
        return err;
    err = store_exec(
        tx, "account_standing_set",
        STORE_ARGS(store_text("id", account), store_text("role", role), store_int("disabled", 0)),
        NULL);
    /* As when somebody here does it: links of the former role must not bring anybody in. */
    if (!err && role_find(role) < role_find(s.role))
        err = store_exec(tx, "account_invitation_delete_of",
                         STORE_ARGS(store_text("account", account)), NULL);
    return err ? err
               : audit_record(tx, AUDIT(.at_ms = now_ms, .actor_kind = "box",
                                        .action = "account.role-changed", .object_kind = "account",
                                        .object = account, .detail = "{\"by\":\"sso\"}"));
}

static int open_write(struct store_tx *tx, void *ctx)
{
    struct external_write *w = ctx;
    int err =
        w->name[0] ? account_make(tx, w) : role_set(tx, w->e->account, w->role, w->entry->now_ms);

    if (!err)
        err = ledger_entry_write(tx, w->entry, "sso");
    return err || !w->also ? err : w->also(tx, w->e->account, w->entry->session->id, w->ctx);
}

int account_external_open(struct http_request *req, struct account_external *e,
                          account_external_fn also, void *ctx, char session[SESSION_ID_SIZE])
{
    struct account_state *a = account_get();
    struct session s;
    char token[ACCOUNT_TOKEN_SIZE];
    struct entry entry = {
        .session = &s, .now_ms = http_now_ms(req), .factor = e->shown, .vouched = e->vouched};
    struct external_write w = {.e = e, .role = e->role, .entry = &entry, .also = also, .ctx = ctx};

    w.organization = e->organization && e->organization[0] ? e->organization : ORGANIZATION_HOME;
    if (!e->account[0]) {
        struct organization o;
        if (access_organization_find(w.organization, &o) || o.suspended)
            return -SK_EDENIED;
        id_make(e->account);
        w.name[0] = '?'; /* chosen in the write */
    } else if (!e->vouched && !e->shown &&
               factor_kinds(e->account) & (FACTOR_TOTP | FACTOR_PASSKEY)) {
        return -SK_EAGAIN;
    } else {
        int err = sessions_bound(e->account, entry.now_ms);
        if (err)
            return err;
    }
    session_make(&s, token, e->account, 0, http_principal(req)->source, http_user_agent(req),
                 entry.now_ms, a->lifetime_ms);
    s.vouched = e->vouched;
    session_put(&s);
    int err = store_write(a->store, open_write, &w);
    if (err) {
        session_remove(s.id);
    } else {
        access_changed(a->store, e->account, entry.now_ms);
        cookie_give(req, "__Host-skep", token, "");
        memcpy(session, s.id, SESSION_ID_SIZE);
        log_info("account", "entered", "account=%s session=%s source=%s by=sso", e->account, s.id,
                 s.source);
    }
    crypto_wipe(token, sizeof(token));
    crypto_wipe(&s, sizeof(s));
    return err;
}

int account_stands_alone(const char *account)
{
    struct account_row row;
    int err = ledger_account_by_id(account_get()->store, account, &row);

    if (!err && (row.disabled || !row.password[0]))
        err = -SK_EDENIED;
    crypto_wipe(&row, sizeof(row));
    return err;
}

void account_external_close(const char *session, int64_t now_ms)
{
    struct session s;

    if (session_by_id(session, now_ms, &s))
        return;
    if (sessions_end(&s, 1, "sso-ended", "", now_ms)) /* cut all the same; the sweep tries again */
        sessions_announce_end(&s, 1, "sso-ended", now_ms);
    crypto_wipe(&s, sizeof(s));
}

struct role_write {
    const char *account, *role;
    int64_t now_ms;
};

static int role_write(struct store_tx *tx, void *ctx)
{
    const struct role_write *w = ctx;

    return role_set(tx, w->account, w->role, w->now_ms);
}

int account_external_role(const char *account, const char *role, int64_t now_ms)
{
    struct role_write w = {account, role, now_ms};
    int err = store_write(account_get()->store, role_write, &w);

    if (!err)
        access_changed(account_get()->store, account, now_ms);
    return err;
}
