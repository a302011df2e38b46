/* From the provider's claims to an account and a session of this box. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/wipe.h"
#include "sso/internal.h"

/* ---- groups ---- */

/* `list`: names with commas between, "*" = anybody. */
static int list_holds(const char *list, const char *group)
{
    while (list && *list) {
        size_t len = strcspn(list, ",");
        const char *at = list, *end = list + len;
        while (at < end && *at == ' ')
            at++;
        while (end > at && end[-1] == ' ')
            end--;
        size_t name = (size_t)(end - at);
        if (name == 1 && *at == '*')
            return 1;
        if (group && name && name == strlen(group) && memcmp(at, group, name) == 0)
            return 1;
        list += len + (list[len] == ',');
    }
    return 0;
}

static int any_holds(const char *list, const json_t *groups)
{
    size_t i;
    json_t *one;

    if (list_holds(list, json_string_value(groups)))
        return 1;
    json_array_foreach((json_t *)(uintptr_t)groups, i, one)
    {
        const char *name = json_string_value(one);
        if (name && list_holds(list, name))
            return 1;
    }
    return 0;
}

const char *sso_role_of(const json_t *claims)
{
    const struct sso_settings *s = sso_settings_get();
    const json_t *groups = json_object_get(claims, s->groups_claim);

    if (any_holds(s->owner_groups, groups))
        return "owner";
    if (any_holds(s->admin_groups, groups))
        return "admin";
    return any_holds(s->member_groups, groups) ? "member" : NULL;
}

int sso_vouches(const json_t *id_claims)
{
    const char *factor = sso_settings_get()->factor;

    return any_holds(factor, json_object_get(id_claims, "amr")) ||
           any_holds(factor, json_object_get(id_claims, "acr"));
}

/* ---- who it is ---- */

struct linking {
    const char *subject;
    int64_t now_ms;
    char *account;
};

static int account_take(void *ctx, const struct store_row *row)
{
    return store_row_copy(row, 0, ctx, SESSION_ID_SIZE);
}

/* By (issuer, sub), never by a mail address: addresses are claimed, and given to others later. */
static int link_find(struct store_tx *tx, void *ctx)
{
    const struct linking *l = ctx;

    return store_one(tx, "sso_link_find",
                     STORE_ARGS(store_text("issuer", sso_settings_get()->issuer),
                                store_text("subject", l->subject)),
                     account_take, l->account);
}

static int link_write(struct store_tx *tx, const char *account, const char *session, void *ctx)
{
    const struct linking *l = ctx;
    int64_t rows;
    char there[SESSION_ID_SIZE] = "";
    int err = store_exec(tx, "sso_link_insert",
                         STORE_ARGS(store_text("issuer", sso_settings_get()->issuer),
                                    store_text("subject", l->subject),
                                    store_text("account", account), store_int("now", l->now_ms)),
                         &rows);

    if (!err &&
        !rows) { /* linked already: it must be this very account (two first logins at once) */
        struct linking again = {.subject = l->subject, .account = there};
        err = link_find(tx, &again);
        if (!err && strcmp(there, account) != 0)
            err = -SK_ECONFLICT;
    }
    return err ? err
               : store_exec(tx, "sso_session_insert", STORE_ARGS(store_text("session", session)),
                            NULL);
}

static const char *name_of(const json_t *info, const json_t *claims)
{
    static const char *const members[] = {"preferred_username", "name", "nickname", "sub"};
    const char *name;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (sk_json_str(info, members[i], 200, &name) == 0 && name[0])
            return name;
        if (sk_json_str(claims, members[i], 200, &name) == 0 && name[0])
            return name;
    }
    return "guest";
}

/* Account and session, and from now on the provider is asked. `w` says who; its tokens are copied.
 */
static int enter(struct http_request *req, struct account_external *e, struct waiting *w,
                 char session[SESSION_ID_SIZE])
{
    struct linking l = {.subject = w->subject, .now_ms = http_now_ms(req), .account = e->account};
    int err = account_external_open(req, e, link_write, &l, session);

    if (err)
        return err;
    err = watch_add(session, e->account, w->subject, w->sid, w->role, &w->tokens);
    if (err)
        account_external_close(session, l.now_ms);
    return err;
}

static int waiting_fill(struct waiting *w, const json_t *id_claims, const json_t *info)
{
    const char *subject, *again, *sid = "";

    if (sk_json_str(id_claims, "sub", SUBJECT_MAX, &subject) ||
        sk_json_str(info, "sub", SUBJECT_MAX, &again) || strcmp(subject, again) != 0)
        return -SK_EAUTH; /* OpenID Connect Core 5.3.2 */
    if (sk_json_has(id_claims, "sid") && sk_json_str(id_claims, "sid", SUBJECT_MAX, &sid))
        return -SK_EAUTH;
    w->role = sso_role_of(info);
    if (!w->role)
        w->role = sso_role_of(id_claims);
    if (!w->role)
        return -SK_EDENIED;
    int err = sk_copy(w->subject, sizeof(w->subject), subject);
    return err ? err : sk_copy(w->sid, sizeof(w->sid), sid);
}

int sso_enter(struct http_request *req, const json_t *id_claims, const json_t *info,
              struct sso_tokens *t, char pending[ACCOUNT_PENDING_SIZE])
{
    struct account_external e = {.name = name_of(info, id_claims),
                                 .organization = sso_settings_get()->organization,
                                 .vouched = sso_vouches(id_claims)};
    struct waiting *w = sk_alloc(sizeof(*w));
    char session[SESSION_ID_SIZE];
    int err = waiting_fill(w, id_claims, info);

    if (!err) {
        struct linking l = {.subject = w->subject, .account = e.account};
        err = store_read(http_house(req)->store, link_find, &l);
        err = err == -SK_ENOTFOUND ? 0 : err;
    }
    if (!err) {
        e.role = w->role;
        w->tokens = *t;
        err = enter(req, &e, w, session);
    }
    if (err == -SK_EAGAIN) {
        memcpy(w->account, e.account, sizeof(w->account));
        int full = waiting_put(w, pending);
        err = full ? full : err;
    }
    crypto_wipe(w, sizeof(*w));
    free(w);
    return err;
}

int sso_resume(struct http_request *req, const char *pending, const struct factor_use *shown,
               char session[SESSION_ID_SIZE])
{
    struct account_external e = {.name = "", .shown = shown};
    struct waiting *w = sk_alloc(sizeof(*w));
    int err = waiting_take(pending, w);

    if (!err) {
        memcpy(e.account, w->account, sizeof(e.account));
        e.role = w->role;
        err = enter(req, &e, w, session);
    }
    crypto_wipe(w, sizeof(*w));
    free(w);
    return err;
}
