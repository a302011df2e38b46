/* The handlers of somebody who is logged in: who am I, my sessions, my preferences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/approval.h"
#include "account/factor.h"
#include "base/json.h"
#include "base/sys.h"
#include "crypto/wipe.h"

enum { COOKIE_SIZE = 256 };

#define COOKIE_FLAGS "; Path=/; Secure; HttpOnly; SameSite=Strict"

void cookie_give(struct http_request *req, const char *name, const char *value, const char *tail)
{
    char field[COOKIE_SIZE];
    int n = snprintf(field, sizeof(field), "%s=%s" COOKIE_FLAGS "%s", name, value, tail);

    SK_ASSERT(n > 0 && n < (int)sizeof(field));
    http_header(req, "Set-Cookie", field);
    crypto_wipe(field, sizeof(field));
}

/* ---- the session answer ---- */

static json_t *prefs_json(const struct account_row *a)
{
    json_t *prefs = json_object();

    sk_json_set_str(prefs, "lang", a->lang[0] ? a->lang : NULL);
    sk_json_set_str(prefs, "theme", a->theme);
    return prefs;
}

/* Whose person; absent when the rights could not be read. */
static void organization_set_json(json_t *account, const char *id)
{
    struct organization o;
    char of[ORGANIZATION_ID_SIZE];

    if (access_organization_of("account", id, of) == 0 && access_organization_find(of, &o) == 0)
        json_object_set_new(
            account, "organization",
            json_pack("{s:s, s:s, s:s}", "id", o.id, "name", o.name, "kind", o.kind));
}

/* While the emergency login is open its staff is told on every page. */
static void emergency_set_json(json_t *out, const struct account_row *a, int64_t now_ms)
{
    int64_t until = emergency_until(now_ms);
    char of[ORGANIZATION_ID_SIZE];

    if (until && strcmp(a->role, "member") != 0 &&
        access_organization_of("account", a->id, of) == 0 && strcmp(of, ORGANIZATION_HOME) == 0)
        json_object_set_new(out, "emergency", json_pack("{s:I}", "until", (json_int_t)until));
}

json_t *session_json(const struct account_row *a, const struct session *s, const char *token)
{
    char csrf[CSRF_SIZE];
    json_t *out;

    session_csrf(csrf, s);
    out = json_pack("{s:{s:s, s:s, s:s}, s:{s:s, s:I, s:I}, s:s, s:o}", "account", "id", a->id,
                    "name", a->name, "role", a->role, "session", "id", s->id, "created",
                    (json_int_t)s->created, "expires", (json_int_t)s->expires, "csrf", csrf,
                    "prefs", prefs_json(a));
    organization_set_json(json_object_get(out, "account"), a->id);
    emergency_set_json(out, a, s->last_seen);
    if (factor_is_owed(a->id, a->role) && !s->vouched)
        sk_json_set_str(out, "owes", "factor");
    if (s->bearer)
        sk_json_set_str(out, "token", token);
    crypto_wipe(csrf, sizeof(csrf));
    return out;
}

/* ---- sessions ---- */

int self_take(struct http_request *req, struct session *s, struct account_row *a)
{
    int err = session_by_id(http_principal(req)->session, http_now_ms(req), s);

    if (err)
        err = -SK_EAUTH; /* it ended between the gate and here */
    else if (a)
        err = ledger_account_by_id(account_get()->store, s->account, a);
    if (err)
        http_problem(req, err, NULL);
    return err;
}

int api_me(struct http_request *req)
{
    struct session s;
    struct account_row a;

    if (!self_take(req, &s, &a))
        http_json(req, 200, session_json(&a, &s, NULL));
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

static int session_end_one(struct http_request *req, const struct session *s, const char *kind)
{
    const struct principal *p = http_principal(req);
    int err = sessions_end(s, 1, kind, p->source, http_now_ms(req));

    if (err)
        return http_problem(req, err, NULL);
    if (p->by_cookie && strcmp(s->id, p->session) == 0)
        cookie_give(req, "__Host-skep", "", "; Max-Age=0");
    return http_empty(req, 204);
}

int api_logout(struct http_request *req)
{
    struct session s;

    if (!self_take(req, &s, NULL))
        session_end_one(req, &s, "logout");
    crypto_wipe(&s, sizeof(s));
    return 0;
}

struct own_sessions {
    const struct session *self;
    int64_t now_ms;
    int others_only;
};

static int session_is_own(void *ctx, const struct session *s)
{
    const struct own_sessions *o = ctx;

    return strcmp(s->account, o->self->account) == 0 && !session_has_ended(s, o->now_ms) &&
           !(o->others_only && strcmp(s->id, o->self->id) == 0);
}

int api_sessions(struct http_request *req)
{
    struct session self, *list;
    json_t *rows = json_array();
    size_t count = 0;

    if (self_take(req, &self, NULL)) {
        json_decref(rows);
        return 0;
    }
    struct own_sessions own = {&self, http_now_ms(req), 0};
    list = session_list(session_is_own, &own, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            rows, json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:b}", "id", list[i].id, "created",
                            (json_int_t)list[i].created, "last_seen", (json_int_t)list[i].last_seen,
                            "expires", (json_int_t)list[i].expires, "source", list[i].source,
                            "client", list[i].client, "current", strcmp(list[i].id, self.id) == 0));
    crypto_wipe(list, count * sizeof(*list));
    free(list);
    crypto_wipe(&self, sizeof(self));
    return http_json(req, 200, json_pack("{s:o}", "sessions", rows));
}

int api_session_delete(struct http_request *req)
{
    struct session self, other;

    if (self_take(req, &self, NULL))
        return 0;
    if (session_by_id(http_param(req, "id"), http_now_ms(req), &other) ||
        strcmp(other.account, self.account) != 0)
        http_problem(req, -SK_ENOTFOUND, NULL);
    else
        session_end_one(req, &other, "session-revoked");
    crypto_wipe(&self, sizeof(self));
    crypto_wipe(&other, sizeof(other));
    return 0;
}

int api_sessions_revoke_others(struct http_request *req)
{
    struct session self, *list;
    size_t count;

    if (self_take(req, &self, NULL))
        return 0;
    struct own_sessions own = {&self, http_now_ms(req), 1};
    list = session_list(session_is_own, &own, &count);
    int err =
        sessions_end(list, count, "session-revoked", http_principal(req)->source, http_now_ms(req));
    crypto_wipe(list, count * sizeof(*list));
    free(list);
    crypto_wipe(&self, sizeof(self));
    return err ? http_problem(req, err, NULL)
               : http_json(req, 200, json_pack("{s:I}", "revoked", (json_int_t)count));
}

/* ---- preferences ---- */

static int member_take(const json_t *body, const char *name, const char *const *choices,
                       const char **out)
{
    if (!sk_json_has(body, name))
        return 0;
    if (sk_json_str(body, name, 16, out))
        return -SK_EINVAL;
    for (; *choices; choices++)
        if (strcmp(*choices, *out) == 0)
            return 0;
    return -SK_EINVAL;
}

int api_prefs(struct http_request *req)
{
    static const char *const members[] = {"lang", "theme", NULL};
    static const char *const langs[] = {"en", "zh-CN", NULL};
    static const char *const themes[] = {"auto", "light", "dark", NULL};
    struct session self;
    struct account_row a;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &self, &a))
        return 0;
    const char *lang = a.lang, *theme = a.theme;
    int err = sk_json_only(body, members);
    if (!err)
        err = member_take(body, "lang", langs, &lang);
    if (!err)
        err = member_take(body, "theme", themes, &theme);
    if (!err)
        err = ledger_prefs_set(account_get()->store, a.id, lang, theme);
    crypto_wipe(&self, sizeof(self));
    crypto_wipe(&a, sizeof(a));
    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}
