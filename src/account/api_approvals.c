/* The handlers of acts that wait for a second person. */
#include <stdlib.h>
#include <string.h>

#include "account/approval.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"

int answer_approval(struct http_request *req, int err, const char *id)
{
    if (err != -SK_EAPPROVAL)
        return http_problem(req, err, NULL);
    return http_problem(req, err, json_pack("{s:s}", "approval", id));
}

/* ---- as the contract has it ---- */

struct named {
    const char *id;
    char name[NAME_MAX_BYTES + 1];
};

static void name_note(void *ctx, const struct person *p)
{
    struct named *n = ctx;

    if (strcmp(p->id, n->id) == 0)
        memcpy(n->name, p->name, sizeof(n->name));
}

static json_t *person_brief(const char *id)
{
    struct named n = {.id = id};

    access_people_each(name_note, &n);
    return json_pack("{s:s, s:s}", "id", id, "name", n.name);
}

static const char *state_of(const struct approval *a, int64_t now_ms)
{
    return strcmp(a->state, "open") == 0 && now_ms >= a->expires ? "expired" : a->state;
}

/* Does the asker hold what it takes to decide, whoever the author is? */
static int may_decide(const struct principal *p, const struct approval *a)
{
    const struct approval_kind *kind = approval_kind_find(a->kind);

    return kind && strcmp(p->organization, a->organization) == 0 &&
           !account_is_emergency(p->account) &&
           may(p, kind->permission, (struct object_ref){0}) == 0;
}

static int is_visible(const struct principal *p, const struct approval *a)
{
    return strcmp(a->author, p->account) == 0 || may_decide(p, a);
}

static json_t *approval_json(const struct approval *a, const struct principal *p, int64_t now_ms)
{
    int mine = strcmp(a->author, p->account) == 0;
    const char *state = state_of(a, now_ms);
    json_t *v = json_object(), *what = json_loads(a->what, JSON_REJECT_DUPLICATES, NULL);

    sk_json_set_str(v, "id", a->id);
    sk_json_set_str(v, "kind", a->kind);
    json_object_set_new(v, "what", what ? what : json_object());
    sk_json_set_str(v, "label", a->label[0] ? a->label : NULL);
    json_object_set_new(v, "by", person_brief(a->author));
    sk_json_set_str(v, "why", a->why[0] ? a->why : NULL);
    sk_json_set_int(v, "created", a->created);
    sk_json_set_int(v, "expires", a->expires);
    sk_json_set_str(v, "state", state);
    if (a->decided) {
        sk_json_set_int(v, "decided", a->decided);
        json_object_set_new(v, "decided_by", person_brief(a->decided_by));
    }
    sk_json_set_bool(v, "can_decide", !mine && strcmp(state, "open") == 0 && may_decide(p, a));
    sk_json_set_bool(v, "mine", mine);
    return v;
}

/* ---- the list ---- */

struct listing {
    struct approval *rows; /* owned */
    size_t count;
};

static void listing_keep(void *ctx, const struct approval *a)
{
    struct listing *l = ctx;

    l->rows = sk_realloc(l->rows, (l->count + 1) * sizeof(*l->rows));
    l->rows[l->count++] = *a;
}

int api_approvals(struct http_request *req)
{
    const struct principal *p = http_principal(req);
    int64_t now_ms = http_now_ms(req);
    struct listing l = {0};
    int staff =
        account_may(p->account, "grant.manage") || account_may(p->account, "organizations.approve");
    int err = approval_each(account_get()->store, staff ? p->organization : NULL, p->account,
                            now_ms, listing_keep, &l);
    json_t *list = json_array();

    for (size_t i = 0; !err && i < l.count; i++)
        if (is_visible(p, &l.rows[i]))
            json_array_append_new(list, approval_json(&l.rows[i], p, now_ms));
    free(l.rows);
    if (!err)
        return http_json(req, 200, json_pack("{s:o}", "approvals", list));
    json_decref(list);
    return http_problem(req, err, NULL);
}

/* ---- "Ask for it" ---- */

/* The grant that is asked for: to the asker, in the asker's own organization. */
static int wish_take(const json_t *body, const char *account, struct approval *a, json_t **what)
{
    static const char *const members[] = {"object", "actions", "not_after", "why", NULL};
    struct grant_terms terms;
    const char *why = "";
    int err = sk_json_only(body, members);

    if (!err && sk_json_has(body, "why"))
        err = sk_json_str(body, "why", GRANT_TEXT_BYTES, &why);
    if (!err && why[0] && !text_is_plain(why, GRANT_REASON_POINTS_MAX))
        err = -SK_EINVAL;
    if (!err)
        err = sk_copy(a->why, sizeof(a->why), why);
    if (err)
        return err;
    json_t *grant = json_copy((json_t *)body);
    json_object_del(grant, "why");
    if (why[0])
        sk_json_set_str(grant, "reason", why);
    err = grant_terms_parse(&terms, grant);
    json_object_set_new(grant, "subject", json_pack("{s:s}", "account", account));
    if (!err)
        *what = grant;
    else
        json_decref(grant);
    return err;
}

int api_approval_add(struct http_request *req)
{
    struct actor by = actor_of(req);
    struct approval a = {.kind = "grant"};
    json_t *body, *what = NULL;

    if (http_body_json(req, &body))
        return 0;
    int err = wish_take(body, by.account, &a, &what);
    if (!err)
        err = sk_copy(a.organization, sizeof(a.organization), by.organization);
    if (!err)
        err = approval_add(account_get()->store, &by, &a, what);
    json_decref(what);
    if (err)
        return http_problem(req, err, NULL);
    log_info("account", "approval-asked", "approval=%s kind=grant by=%s", a.id, by.account);
    return http_json(req, 201, approval_json(&a, http_principal(req), by.now_ms));
}

/* ---- yes and no ---- */

/* 0, or answered. To whom may neither decide nor has asked, it is absent. */
static int decidable_take(struct http_request *req, struct approval *a)
{
    const struct principal *p = http_principal(req);
    int err = approval_find(account_get()->store, http_param(req, "id"), a);

    if (!err && !is_visible(p, a))
        err = -SK_ENOTFOUND;
    if (!err && strcmp(state_of(a, http_now_ms(req)), "open") != 0)
        err = -SK_EGONE;
    if (err)
        http_problem(req, err, NULL);
    return err;
}

static int decided_answer(struct http_request *req, const char *id)
{
    struct approval a;
    int err = approval_find(account_get()->store, id, &a);

    if (err)
        return http_problem(req, err, NULL);
    approval_tell(&a, http_now_ms(req));
    return http_json(req, 200, approval_json(&a, http_principal(req), http_now_ms(req)));
}

/* First it is marked, so that two who say yes at once do it once. */
static int approve_do(struct http_request *req, const struct approval *a)
{
    struct actor by = actor_of(req);
    struct store *s = account_get()->store;
    const struct approval_kind *kind = approval_kind_find(a->kind);
    json_t *what = json_loads(a->what, JSON_REJECT_DUPLICATES, NULL);
    int err = what && kind ? approval_decide(s, &by, a, "approved") : -SK_EINTERNAL;

    if (err) {
        json_decref(what);
        return http_problem(req, err, NULL);
    }
    err = kind->apply(what, http_principal(req), a->author, by.now_ms);
    json_decref(what);
    log_info("account", "approved", "approval=%s kind=%s author=%s by=%s result=%s", a->id, a->kind,
             a->author, by.account, err ? sk_error_slug(err) : "done");
    if (!err)
        return decided_answer(req, a->id);
    if (approval_reopen(s, &by, a, err))
        log_error("account", "approval-reopen", "approval=%s", a->id);
    return http_problem(req, err, NULL);
}

static int forbidden(struct http_request *req, const char *reason)
{
    metric_refused("account", "approval");
    return http_problem(req, -SK_EDENIED, json_pack("{s:s}", "reason", reason));
}

int api_approval_approve(struct http_request *req)
{
    const struct principal *p = http_principal(req);
    struct approval a;
    json_t *body;
    int ignored;

    if (http_body_json(req, &body))
        return 0;
    if (json_object_size(body))
        return http_problem(req, -SK_EINVAL, NULL);
    if (decidable_take(req, &a))
        return 0;
    if (strcmp(a.author, p->account) == 0)
        return forbidden(req, "self");
    if (!access_standing(a.author, 0, NULL, http_now_ms(req), &ignored)) /* who asked has gone */
        return http_problem(req, -SK_EGONE, NULL);
    return approve_do(req, &a);
}

int api_approval_refuse(struct http_request *req)
{
    struct actor by = actor_of(req);
    struct approval a;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    if (json_object_size(body))
        return http_problem(req, -SK_EINVAL, NULL);
    if (decidable_take(req, &a))
        return 0;
    int mine = strcmp(a.author, by.account) == 0;
    int err = approval_decide(account_get()->store, &by, &a, mine ? "withdrawn" : "refused");
    return err ? http_problem(req, err, NULL) : decided_answer(req, a.id);
}
