/* What is done to people: the rule who may do it to whom, and the writes, each one transaction in
 * which the rule is asked again, since two owners may act on each other at once. */
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "base/sys.h"

const char *refusal_name(enum refusal r)
{
    static const char *const names[] = {"", "owner", "self", "last-owner"};

    return names[r];
}

enum refusal people_judge(enum role actor_role, int is_self, enum role from, enum role to)
{
    if (is_self)
        return REFUSAL_SELF;
    if ((from == ROLE_OWNER || to == ROLE_OWNER) && actor_role != ROLE_OWNER)
        return REFUSAL_OWNER;
    return REFUSAL_NONE;
}

struct standing {
    enum role role;
    int disabled;
    char organization[ORGANIZATION_ID_SIZE];
};

static int standing_take(void *ctx, const struct store_row *row)
{
    struct standing *s = ctx;

    s->role = role_find(store_row_text(row, 0));
    s->disabled = store_row_int(row, 1) != 0;
    return store_row_copy(row, 2, s->organization, sizeof(s->organization));
}

static int standing_read(struct store_tx *tx, const char *account, struct standing *out)
{
    return store_one(tx, "account_standing", STORE_ARGS(store_text("id", account)), standing_take,
                     out);
}

struct people_write {
    const struct actor *by;
    const char *account;
    enum role role; /* ROLE_NONE: leaves */
    int disabled;
    struct holds *holds;
    const char *former, *password;
    enum refusal *refusal;
};

/* One owner who can enter must remain. */
static int owner_guard(struct store_tx *tx, const struct people_write *w,
                       const struct standing *from)
{
    int64_t others;

    if (from->role != ROLE_OWNER || from->disabled || (w->role == ROLE_OWNER && !w->disabled))
        return 0;
    int err = store_one_int(tx, "account_owners_other", STORE_ARGS(store_text("id", w->account)),
                            &others);
    if (!err && !others) {
        *w->refusal = REFUSAL_LAST_OWNER;
        err = -SK_ECONFLICT;
    }
    return err;
}

/* May it be done, as things stand in this transaction? */
static int change_check(struct store_tx *tx, const struct people_write *w, struct standing *from)
{
    struct standing actor = {.role = ROLE_NONE, .disabled = 1};
    int err = standing_read(tx, w->by->account, &actor);

    *w->refusal = REFUSAL_NONE;
    if (!err)
        err = standing_read(tx, w->account, from);
    if (err)
        return err;
    if (actor.disabled || actor.role < ROLE_ADMIN)
        return -SK_EDENIED;
    if (strcmp(actor.organization, from->organization) != 0)
        return -SK_ENOTFOUND;
    *w->refusal =
        people_judge(actor.role, strcmp(w->by->account, w->account) == 0, from->role, w->role);
    return *w->refusal ? -SK_EDENIED : owner_guard(tx, w, from);
}

static int set_write(struct store_tx *tx, void *ctx)
{
    const struct people_write *w = ctx;
    struct standing from;
    int err = change_check(tx, w, &from);

    if (!err)
        err = store_exec(tx, "account_standing_set",
                         STORE_ARGS(store_text("id", w->account),
                                    store_text("role", role_name(w->role)),
                                    store_int("disabled", w->disabled)),
                         NULL);
    if (!err && w->disabled)
        err = store_exec(tx, "account_session_delete_of",
                         STORE_ARGS(store_text("account", w->account)), NULL);
    if (!err && w->disabled)
        err = store_exec(tx, "account_mail_link_delete_of",
                         STORE_ARGS(store_text("account", w->account)), NULL);
    /* Links that he gave out in his former role must not bring him, or anybody, back in. */
    if (!err && (w->disabled || w->role < from.role))
        err = store_exec(tx, "account_invitation_delete_of",
                         STORE_ARGS(store_text("account", w->account)), NULL);
    if (!err && from.role != w->role)
        err = act_record(
            tx, w->by, "account.role-changed", "account", w->account,
            json_pack("{s:s, s:s}", "from", role_name(from.role), "to", role_name(w->role)));
    if (!err && from.disabled != w->disabled)
        err = act_record(tx, w->by, w->disabled ? "account.disabled" : "account.enabled", "account",
                         w->account, NULL);
    return err;
}

int people_set(struct store *s, const struct actor *by, const char *account, enum role role,
               int disabled, enum refusal *refusal)
{
    struct people_write w = {
        .by = by, .account = account, .role = role, .disabled = disabled, .refusal = refusal};

    return store_write(s, set_write, &w);
}

/* ---- leaving ---- */

static int holds_read(struct store_tx *tx, void *ctx)
{
    const struct people_write *w = ctx;
    const struct store_arg account = store_text("account", w->account);
    int err =
        store_one_int(tx, "account_session_count_of", STORE_ARGS(account), &w->holds->sessions);

    if (!err)
        err =
            store_one_int(tx, "account_browser_count_of", STORE_ARGS(account), &w->holds->browsers);
    if (!err)
        err = store_one_int(tx, "account_grant_count_of", STORE_ARGS(account), &w->holds->grants);
    if (!err)
        err = store_one_int(tx, "account_invitation_count_of",
                            STORE_ARGS(account, store_int("now", w->by->now_ms)),
                            &w->holds->invitations);
    if (!err)
        err = factors_count(tx, w->account, &w->holds->factors);
    if (!err)
        err = store_one_int(tx, "account_operator_count_of", STORE_ARGS(account),
                            &w->holds->operator_levels);
    if (!err)
        err = store_one_int(tx, "account_approval_count_of",
                            STORE_ARGS(account, store_int("now", w->by->now_ms)),
                            &w->holds->approvals);
    return err ? err
               : store_one_int(tx, "account_mail_count_of", STORE_ARGS(account), &w->holds->mail);
}

int people_holds(struct store *s, const char *account, int64_t now_ms, struct holds *out)
{
    const struct actor by = {.now_ms = now_ms};
    struct people_write w = {.by = &by, .account = account, .holds = out};

    return store_read(s, holds_read, &w);
}

static int leave_write(struct store_tx *tx, void *ctx)
{
    static const char *const ends[] = {"account_session_delete_of",  "account_browser_delete_of",
                                       "account_grant_delete_of",    "account_invitation_delete_of",
                                       "account_operator_delete_of", "account_mail_delete",
                                       "account_mail_link_delete_of"};
    const struct people_write *w = ctx;
    struct standing from;
    int err = change_check(tx, w, &from);

    if (!err)
        err = holds_read(tx, ctx);
    if (!err)
        err = store_exec(tx, "account_leave", STORE_ARGS(store_text("id", w->account)), NULL);
    for (size_t i = 0; !err && i < sizeof(ends) / sizeof(ends[0]); i++)
        err = store_exec(tx, ends[i], STORE_ARGS(store_text("account", w->account)), NULL);
    if (!err)
        err = store_exec(
            tx, "account_approval_withdraw_of",
            STORE_ARGS(store_text("account", w->account), store_int("now", w->by->now_ms)), NULL);
    if (!err)
        err = factors_delete(tx, w->account);
    return err ? err : act_record(tx, w->by, "account.left", "account", w->account, NULL);
}

int people_leave(struct store *s, const struct actor *by, const char *account,
                 struct holds *revoked, enum refusal *refusal)
{
    struct people_write w = {
        .by = by, .account = account, .disabled = 1, .holds = revoked, .refusal = refusal};

    return store_write(s, leave_write, &w);
}

static int factors_reset_write(struct store_tx *tx, void *ctx)
{
    struct people_write *w = ctx;
    struct standing from;
    int err = change_check(tx, w, &from);

    if (!err)
        err = factors_delete(tx, w->account);
    if (!err)
        err = store_exec(tx, "account_session_delete_of",
                         STORE_ARGS(store_text("account", w->account)), NULL);
    return err ? err : act_record(tx, w->by, "account.factors-reset", "account", w->account, NULL);
}

int people_factors_reset(struct store *s, const struct actor *by, const char *account,
                         enum refusal *refusal)
{
    struct people_write w = {.by = by, .account = account, .refusal = refusal};

    return store_write(s, factors_reset_write, &w);
}

static int delete_write(struct store_tx *tx, void *ctx)
{
    const struct people_write *w = ctx;
    int64_t rows;
    int err = store_exec(tx, "account_delete", STORE_ARGS(store_text("id", w->account)), &rows);

    if (!err && !rows)
        err = -SK_ECONFLICT;
    return err ? err : act_record(tx, w->by, "account.removed", "account", w->account, NULL);
}

int people_delete(struct store *s, const struct actor *by, const char *account)
{
    struct people_write w = {.by = by, .account = account};

    return store_write(s, delete_write, &w);
}

/* ---- the own password ---- */

static int password_write(struct store_tx *tx, void *ctx)
{
    const struct people_write *w = ctx;
    int64_t rows;
    int err =
        store_exec(tx, "account_password_change",
                   STORE_ARGS(store_text("id", w->by->account), store_text("former", w->former),
                              store_text("password", w->password), store_int("now", w->by->now_ms)),
                   &rows);

    if (!err && !rows)
        err = -SK_EAUTH; /* changed or voided meanwhile */
    if (!err)
        err = store_exec(
            tx, "account_session_delete_others",
            STORE_ARGS(store_text("account", w->by->account), store_text("keep", w->by->session)),
            NULL);
    if (!err) /* who knew the former one may have asked for a letter to himself */
        err = store_exec(tx, "account_mail_link_delete_of",
                         STORE_ARGS(store_text("account", w->by->account)), NULL);
    return err ? err
               : act_record(tx, w->by, "account.password-changed", "account", w->by->account, NULL);
}

int people_password_change(struct store *s, const struct actor *by, const char *former,
                           const char *password)
{
    struct people_write w = {.by = by, .former = former, .password = password};

    return store_write(s, password_write, &w);
}
