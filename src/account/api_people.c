/* The handlers of people: lists, roles, disabling, leaving, and the own password. */
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "account/mail.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

struct actor actor_of(const struct http_request *req)
{
    const struct principal *p = http_principal(req);

    return (struct actor){p->account, p->session, p->source, http_now_ms(req), p->organization};
}

int answer_refusal(struct http_request *req, int err, enum refusal refusal)
{
    if (!refusal)
        return http_problem(req, err, NULL);
    metric_refused("account", refusal_name(refusal));
    return http_problem(req, err, json_pack("{s:s}", "reason", refusal_name(refusal)));
}

/* ---- the list ---- */

/* What is shown of each account; counted under the table's lock, told afterwards. */
struct people {
    struct person *list;
    size_t count, cap;
    const char *only; /* one id, or NULL: all */
    const char *organization;
};

static void person_keep(void *ctx, const struct person *p)
{
    struct people *all = ctx;

    if (strcmp(all->organization, p->organization) != 0 ||
        (all->only && strcmp(all->only, p->id) != 0))
        return;
    if (all->count == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 16;
        all->list = sk_realloc(all->list, all->cap * sizeof(*all->list));
    }
    all->list[all->count++] = *p;
}

struct uses {
    const char *account;
    int64_t sessions, grants, last_seen, now_ms;
};

static int session_use(void *ctx, const struct session *s)
{
    struct uses *u = ctx;

    if (strcmp(s->account, u->account) == 0 && !session_has_ended(s, u->now_ms)) {
        u->sessions++;
        u->last_seen = s->last_seen > u->last_seen ? s->last_seen : u->last_seen;
    }
    return 0;
}

static void grant_use(void *ctx, const struct grant *g, const char *subject_name)
{
    struct uses *u = ctx;

    (void)subject_name;
    u->grants += strcmp(g->account, u->account) == 0;
}

static json_t *person_json(const struct person *p, const char *self, int64_t now_ms)
{
    struct uses u = {.account = p->id, .now_ms = now_ms};
    json_t *v = json_object();
    size_t none;

    free(session_list(session_use, &u, &none));
    access_grants_each(grant_use, &u);
    sk_json_set_str(v, "id", p->id);
    sk_json_set_str(v, "name", p->name);
    sk_json_set_str(v, "role", role_name(p->role));
    sk_json_set_str(v, "state", p->disabled ? "disabled" : "active");
    sk_json_set_int(v, "created", p->created);
    if (u.last_seen)
        sk_json_set_int(v, "last_seen", u.last_seen);
    sk_json_set_int(v, "sessions", u.sessions);
    sk_json_set_int(v, "grants", u.grants);
    sk_json_set_bool(v, "factors", (factor_kinds(p->id) & (FACTOR_TOTP | FACTOR_PASSKEY)) != 0);
    sk_json_set_bool(v, "self", strcmp(p->id, self) == 0);
    return v;
}

int api_accounts(struct http_request *req)
{
    struct people all = {.organization = http_principal(req)->organization};
    json_t *list = json_array();

    access_people_each(person_keep, &all);
    for (size_t i = 0; i < all.count; i++)
        json_array_append_new(
            list, person_json(&all.list[i], http_principal(req)->account, http_now_ms(req)));
    free(all.list);
    return http_json(req, 200, json_pack("{s:o}", "accounts", list));
}

/* The account of the path; -SK_ENOTFOUND: answered. */
static int person_take(struct http_request *req, struct person *out)
{
    struct people one = {.only = http_param(req, "id"),
                         .organization = http_principal(req)->organization};

    access_people_each(person_keep, &one);
    if (one.count)
        *out = one.list[0];
    else
        http_problem(req, -SK_ENOTFOUND, NULL);
    free(one.list);
    return one.count ? 0 : -SK_ENOTFOUND;
}

static int person_answer(struct http_request *req)
{
    struct person p;

    if (person_take(req, &p))
        return 0;
    return http_json(req, 200, person_json(&p, http_principal(req)->account, http_now_ms(req)));
}

int api_account(struct http_request *req)
{
    return person_answer(req);
}

void holdings_end(const char *account, int64_t now_ms)
{
    const struct holding *more;

    for (size_t i = 0; (more = holding_at(i)) != NULL; i++)
        if (more->end(account, now_ms))
            log_error("account", "holdings-end", "account=%s holding=%s", account, more->name);
}

static void owner_keep(void *ctx, const struct person *p)
{
    struct people *all = ctx;

    if (p->role == ROLE_OWNER)
        person_keep(all, p);
}

void owners_holdings_end(int64_t now_ms)
{
    struct people all = {.organization = ORGANIZATION_HOME};

    access_people_each(owner_keep, &all);
    for (size_t i = 0; i < all.count; i++)
        holdings_end(all.list[i].id, now_ms);
    free(all.list);
}

/* ---- role and state ---- */

static int patch_parse(const json_t *body, enum role *role, int *disabled)
{
    static const char *const members[] = {"role", "state", NULL};
    const char *text;
    int err = sk_json_only(body, members);

    if (!err && json_object_size(body) == 0)
        err = -SK_EINVAL;
    if (!err && sk_json_has(body, "role")) {
        err = sk_json_str(body, "role", 16, &text);
        *role = err ? ROLE_NONE : role_find(text);
        err = *role == ROLE_NONE ? -SK_EINVAL : err;
    }
    if (!err && sk_json_has(body, "state")) {
        err = sk_json_str(body, "state", 16, &text);
        *disabled = !err && strcmp(text, "disabled") == 0;
        if (!err && !*disabled && strcmp(text, "active") != 0)
            err = -SK_EINVAL;
    }
    return err;
}

int api_account_patch(struct http_request *req)
{
    struct actor by = actor_of(req);
    enum refusal refusal = REFUSAL_NONE;
    struct person p;
    json_t *body;

    if (person_take(req, &p) || http_body_json(req, &body))
        return 0;
    enum role role = p.role;
    int disabled = p.disabled;
    int err = patch_parse(body, &role, &disabled);
    if (!err)
        err = people_set(account_get()->store, &by, p.id, role, disabled, &refusal);
    if (err)
        return answer_refusal(req, err, refusal);
    log_info("account", "standing", "account=%s role=%s disabled=%d by=%s", p.id, role_name(role),
             disabled, by.account);
    access_changed(account_get()->store, p.id, by.now_ms);
    if (disabled) {
        tickets_drop_of(p.id);
        sessions_cut(p.id, NULL, "account-disabled", by.now_ms);
        holdings_end(p.id, by.now_ms);
    }
    return person_answer(req);
}

/* ---- what a person holds, and leaving ---- */

static json_t *holds_json(const struct holds *h, const char *account, int64_t now_ms,
                          int64_t *total)
{
    json_t *v = json_object();
    const struct holding *more;

    sk_json_set_int(v, "sessions", h->sessions);
    sk_json_set_int(v, "browsers", h->browsers);
    sk_json_set_int(v, "grants", h->grants);
    sk_json_set_int(v, "invitations", h->invitations);
    sk_json_set_int(v, "factors", h->factors);
    sk_json_set_int(v, "operator", h->operator_levels);
    sk_json_set_int(v, "approvals", h->approvals);
    sk_json_set_int(v, "mail", h->mail);
    *total = h->sessions + h->browsers + h->grants + h->invitations + h->factors +
             h->operator_levels + h->approvals + h->mail;
    for (size_t i = 0; (more = holding_at(i)) != NULL; i++) {
        int64_t n = (int64_t)more->count(account, now_ms);
        sk_json_set_int(v, more->name, n);
        *total += n;
    }
    return v;
}

struct own {
    const char *account;
    int64_t now_ms;
};

static int session_is_his(void *ctx, const struct session *s)
{
    const struct own *o = ctx;

    return strcmp(s->account, o->account) == 0 && !session_has_ended(s, o->now_ms);
}

static json_t *sessions_json(const char *account, int64_t now_ms)
{
    struct own own = {account, now_ms};
    json_t *rows = json_array();
    size_t count;
    struct session *list = session_list(session_is_his, &own, &count);

    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:s, s:s}", "id", list[i].id,
                                              "created", (json_int_t)list[i].created, "last_seen",
                                              (json_int_t)list[i].last_seen, "source",
                                              list[i].source, "client", list[i].client));
    crypto_wipe(list, count * sizeof(*list));
    free(list);
    return rows;
}

struct grant_rows {
    json_t *list;
    const char *account, *organization;
    enum role role;
    int64_t now_ms;
};

static void grant_row(void *ctx, const struct grant *g, const char *subject_name)
{
    struct grant_rows *r = ctx;

    if (!g->account[0] && strcmp(g->organization, r->organization) != 0)
        return;
    if (g->account[0] ? strcmp(g->account, r->account) == 0 : g->role == r->role)
        json_array_append_new(r->list, grant_json(g, subject_name, r->now_ms));
}

/* Those of the person, and those of the person's role. */
static json_t *grants_of(const char *account, const char *organization, enum role role,
                         int64_t now_ms)
{
    struct grant_rows rows = {json_array(), account, organization, role, now_ms};

    access_grants_each(grant_row, &rows);
    return rows.list;
}

int api_account_access(struct http_request *req)
{
    int64_t now_ms = http_now_ms(req), total;
    struct holds holds;
    struct person p;

    if (person_take(req, &p))
        return 0;
    int err = people_holds(account_get()->store, p.id, now_ms, &holds);
    if (err)
        return http_problem(req, err, NULL);
    json_t *out = json_object();
    json_object_set_new(out, "account", person_json(&p, http_principal(req)->account, now_ms));
    json_object_set_new(out, "holds", holds_json(&holds, p.id, now_ms, &total));
    json_object_set_new(out, "grants", grants_of(p.id, p.organization, p.role, now_ms));
    json_object_set_new(out, "sessions", sessions_json(p.id, now_ms));
    return http_json(req, 200, out);
}

struct leaving {
    json_t *revoked, *remaining;
    int64_t left; /* sum of `remaining` */
};

/* One step: the store first, then everything that stands on it, then a count of what is left. */
static int leave_do(struct http_request *req, const char *account, struct leaving *out)
{
    struct actor by = actor_of(req);
    struct store *s = account_get()->store;
    enum refusal refusal = REFUSAL_NONE;
    struct holds revoked, remaining;
    int64_t total;
    int err = people_leave(s, &by, account, &revoked, &refusal);

    if (err) {
        answer_refusal(req, err, refusal);
        return err;
    }
    out->revoked = holds_json(&revoked, account, by.now_ms, &total);
    browser_remove_of(account);
    tickets_drop_of(account);
    factors_refresh(account);
    access_changed(s, account, by.now_ms);
    sessions_cut(account, NULL, "account-left", by.now_ms);
    holdings_end(account, by.now_ms);
    err = people_holds(s, account, by.now_ms, &remaining);
    if (err) {
        http_problem(req, err, NULL);
        json_decref(out->revoked);
        return err;
    }
    remaining.browsers += (int64_t)browser_count_of(account);
    out->remaining = holds_json(&remaining, account, by.now_ms, &out->left);
    log_info("account", "left", "account=%s remaining=%lld by=%s", account, (long long)out->left,
             by.account);
    return 0;
}

int api_account_leave(struct http_request *req)
{
    struct leaving l;
    struct person p;
    json_t *body;

    if (person_take(req, &p) || http_body_json(req, &body))
        return 0;
    if (json_object_size(body))
        return http_problem(req, -SK_EINVAL, NULL);
    if (leave_do(req, p.id, &l))
        return 0;
    return http_json(req, 200,
                     json_pack("{s:o, s:o}", "revoked", l.revoked, "remaining", l.remaining));
}

int api_account_delete(struct http_request *req)
{
    struct actor by = actor_of(req);
    struct leaving l;
    struct person p;

    if (person_take(req, &p) || leave_do(req, p.id, &l))
        return 0;
    json_decref(l.revoked);
    if (l.left)
        return http_problem(
            req, -SK_ECONFLICT,
            json_pack("{s:s, s:o}", "reason", "remaining", "remaining", l.remaining));
    json_decref(l.remaining);
    int err = people_delete(account_get()->store, &by, p.id);
    if (err)
        return http_problem(req, err, NULL);
    access_changed(account_get()->store, p.id, by.now_ms);
    return http_empty(req, 204);
}

/* ---- myself ---- */

int api_me_access(struct http_request *req)
{
    const struct principal *p = http_principal(req);
    int64_t now_ms = http_now_ms(req);
    uint8_t levels[MODULE_COUNT];
    int granted;
    enum role role = access_standing(p->account, 0, NULL, now_ms, &granted);

    access_levels(p->account, levels);

    return http_json(req, 200,
                     json_pack("{s:s, s:o, s:o}", "role", role_name(role), "permissions",
                               rule_permissions_json(role, levels), "grants",
                               grants_of(p->account, p->organization, role, now_ms)));
}

int api_password_strength(struct http_request *req)
{
    static const char *const members[] = {"password", NULL};
    struct session self;
    struct account_row a;
    const char *password;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &self, &a))
        return 0;
    if (sk_json_only(body, members) ||
        sk_json_str(body, "password", 4 * PASSWORD_MAX_BYTES, &password))
        http_problem(req, -SK_EINVAL, NULL);
    else
        answer_strength(req, a.name, a.role, password);
    json_secret_wipe(body, "password");
    crypto_wipe(&self, sizeof(self));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

/* The old password is right and the new one is taken. */
static int password_set(struct http_request *req, const struct account_row *a, const char *fresh)
{
    struct actor by = actor_of(req);
    char phc[PHC_SIZE];
    int err = hash_make(fresh, strlen(fresh), phc);

    if (!err)
        err = people_password_change(account_get()->store, &by, a->password, phc);
    crypto_wipe(phc, sizeof(phc));
    if (err == -SK_EAUTH)
        return http_problem_code(req, 401, "auth-failed", NULL);
    if (err)
        return answer_hash_error(req, err);
    sessions_cut(a->id, by.session, "password-changed", by.now_ms);
    post_news(LETTER_PASSWORD_CHANGED, a->id, "");
    log_info("account", "password-changed", "account=%s source=%s", a->id, by.source);
    return http_empty(req, 204);
}

/* A stolen session must not guess the password faster than a stranger at the login. */
static int password_do(struct http_request *req, const struct account_row *a, const char *old,
                       const char *fresh)
{
    struct throttle *t = account_get()->throttle;
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    uint8_t key[THROTTLE_KEY_BYTES];
    int matches = 0, stale;

    if (password_judge(req, a->name, a->role, fresh))
        return 0;
    prefix_key(key, a->id, http_principal(req)->source);
    if (throttle_take(t, key, &login_rule_unknown, now_ms, &retry_ms))
        return answer_throttled(req, retry_ms);
    int err = hash_check(a->password, old, strlen(old), &matches, &stale);
    if (err)
        return answer_hash_error(req, err);
    if (!matches) {
        metric_refused("account", "password-change");
        return http_problem_code(req, 401, "auth-failed", NULL);
    }
    throttle_give_back(t, key, &login_rule_unknown, now_ms);
    return password_set(req, a, fresh);
}

int api_password(struct http_request *req)
{
    static const char *const members[] = {"old", "new", NULL};
    struct session self;
    struct account_row a;
    const char *old, *fresh;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &self, &a))
        return 0;
    if (sk_json_only(body, members) || sk_json_str(body, "old", PASSWORD_MAX_BYTES, &old) ||
        sk_json_str(body, "new", 4 * PASSWORD_MAX_BYTES, &fresh))
        http_problem(req, -SK_EINVAL, NULL);
    else
        password_do(req, &a, old, fresh);
    json_secret_wipe(body, "old");
    json_secret_wipe(body, "new");
    crypto_wipe(&self, sizeof(self));
    crypto_wipe(&a, sizeof(a));
    return 0;
}
