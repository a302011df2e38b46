/* The handlers of organizations and of the operators of the box. */
#include <stdlib.h>
#include <string.h>

#include "account/approval.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

static json_t *organization_json(const struct organization *o)
{
    size_t people, cameras;
    json_t *v = json_object();

    access_organization_count(o->id, &people, &cameras);
    sk_json_set_str(v, "id", o->id);
    sk_json_set_str(v, "name", o->name);
    sk_json_set_str(v, "kind", o->kind);
    sk_json_set_str(v, "state", o->suspended ? "suspended" : "active");
    sk_json_set_int(v, "created", o->created);
    sk_json_set_int(v, "people", (int64_t)people);
    sk_json_set_int(v, "cameras", (int64_t)cameras);
    return v;
}

static int organization_answer(struct http_request *req, const char *id, int status)
{
    struct organization o;
    int err = access_organization_find(id, &o);

    return err ? http_problem(req, err, NULL) : http_json(req, status, organization_json(&o));
}

static int forbidden(struct http_request *req, const char *reason)
{
    metric_refused("account", reason);
    return http_problem(req, -SK_EDENIED, json_pack("{s:s}", "reason", reason));
}

static int name_take(const json_t *body, struct organization *o)
{
    const char *name;
    int err = sk_json_str(body, "name", ORGANIZATION_NAME_POINTS_MAX * 4, &name);

    if (!err && !text_is_plain(name, ORGANIZATION_NAME_POINTS_MAX))
        err = -SK_EINVAL;
    return err ? err : sk_copy(o->name, sizeof(o->name), name);
}

int api_organization(struct http_request *req)
{
    return organization_answer(req, http_principal(req)->organization, 200);
}

int api_organization_patch(struct http_request *req)
{
    static const char *const members[] = {"name", NULL};
    struct actor by = actor_of(req);
    struct organization o;
    json_t *body;
    int err;

    if (http_body_json(req, &body))
        return 0;
    err = access_organization_find(by.organization, &o);
    if (!err)
        err = sk_json_only(body, members);
    if (!err)
        err = name_take(body, &o);
    if (!err)
        err = organization_set(account_get()->store, &by, &o);
    if (err)
        return http_problem(req, err, NULL);
    access_changed(account_get()->store, NULL, by.now_ms);
    return organization_answer(req, o.id, 200);
}

/* ---- all of them: the operator's ---- */

struct organization_rows {
    struct organization *list;
    size_t count;
};

static void organization_keep(void *ctx, const struct organization *o)
{
    struct organization_rows *rows = ctx;

    rows->list = sk_realloc(rows->list, (rows->count + 1) * sizeof(*rows->list));
    rows->list[rows->count++] = *o;
}

int api_organizations(struct http_request *req)
{
    struct organization_rows rows = {0};
    json_t *list = json_array();

    access_organizations_each(organization_keep, &rows);
    for (size_t i = 0; i < rows.count; i++)
        json_array_append_new(list, organization_json(&rows.list[i]));
    free(rows.list);
    return http_json(req, 200, json_pack("{s:o}", "organizations", list));
}

static int organization_made(struct http_request *req, const struct organization *o,
                             const struct invitation *i, const char *token)
{
    char link[JOIN_LINK_SIZE];
    json_t *out = json_object();

    join_link_make(link, token);
    json_object_set_new(out, "organization", organization_json(o));
    sk_json_set_str(out, "token", token);
    sk_json_set_str(out, "link", link);
    sk_json_set_int(out, "expires", i->expires);
    crypto_wipe(link, sizeof(link));
    return http_json(req, 201, out);
}

int api_organization_add(struct http_request *req)
{
    static const char *const members[] = {"name", NULL};
    struct actor by = actor_of(req);
    struct organization o = {.kind = "team", .created = by.now_ms};
    struct invitation owner = {.role = ROLE_OWNER,
                               .created = by.now_ms,
                               .expires = by.now_ms + INVITATION_TTL_DAYS * 86400000LL};
    char token[ACCOUNT_TOKEN_SIZE];
    uint8_t hash[32];
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    owner.grants = json_array();
    id_make(o.id);
    id_make(owner.id);
    token_make(token, hash);
    int err = sk_json_only(body, members);
    if (!err)
        err = name_take(body, &o);
    if (!err)
        err = sk_copy(owner.organization, sizeof(owner.organization), o.id);
    if (!err)
        err = sk_copy(owner.created_by, sizeof(owner.created_by), by.account);
    if (!err)
        err = organization_add(account_get()->store, &by, &o, &owner, hash);
    if (err) {
        http_problem(req, err, NULL);
    } else {
        log_info("account", "organization-added", "organization=%s by=%s", o.id, by.account);
        access_changed(account_get()->store, NULL, by.now_ms);
        organization_made(req, &o, &owner, token);
    }
    crypto_wipe(token, sizeof(token));
    invitation_fini(&owner);
    return 0;
}

struct members {
    char (*ids)[ID_SIZE];
    size_t count;
    const char *organization;
};

static void member_keep(void *ctx, const struct person *p)
{
    struct members *m = ctx;

    if (strcmp(p->organization, m->organization) != 0)
        return;
    m->ids = sk_realloc(m->ids, (m->count + 1) * sizeof(*m->ids));
    memcpy(m->ids[m->count++], p->id, ID_SIZE);
}

/* The store has ended their sessions: cut what stands on them. */
static void people_cut(const char *organization, int64_t now_ms)
{
    struct members m = {.organization = organization};

    access_people_each(member_keep, &m);
    for (size_t i = 0; i < m.count; i++) {
        sessions_cut(m.ids[i], NULL, "organization-suspended", now_ms);
        holdings_end(m.ids[i], now_ms);
    }
    free(m.ids);
}

static int patch_parse(const json_t *body, struct organization *o)
{
    static const char *const members[] = {"name", "state", NULL};
    const char *state;
    int err = sk_json_only(body, members);

    if (!err && json_object_size(body) == 0)
        err = -SK_EINVAL;
    if (!err && sk_json_has(body, "name"))
        err = name_take(body, o);
    if (err || !sk_json_has(body, "state"))
        return err;
    err = sk_json_str(body, "state", 16, &state);
    if (err)
        return err;
    o->suspended = strcmp(state, "suspended") == 0;
    return o->suspended || strcmp(state, "active") == 0 ? 0 : -SK_EINVAL;
}

static int organization_do(const struct actor *by, const struct organization *o)
{
    int err = organization_set(account_get()->store, by, o);

    if (err)
        return err;
    log_info("account", "organization-changed", "organization=%s suspended=%d by=%s", o->id,
             o->suspended, by->account);
    access_changed(account_get()->store, NULL, by->now_ms);
    if (o->suspended)
        people_cut(o->id, by->now_ms);
    return 0;
}

/* 0 = do it, now. */
static int second_ask(struct http_request *req, const char *kind, const struct organization *o,
                      char approval[SESSION_ID_SIZE])
{
    json_t *what = json_pack("{s:s}", "organization", o->id);
    int err = approval_ask(http_principal(req), kind, what, o->name, http_now_ms(req), approval);

    json_decref(what);
    return err;
}

int api_organizations_patch(struct http_request *req)
{
    struct actor by = actor_of(req);
    char approval[SESSION_ID_SIZE] = "";
    struct organization o;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = access_organization_find(http_param(req, "id"), &o);
    int was_suspended = !err && o.suspended;
    if (!err)
        err = patch_parse(body, &o);
    if (!err && o.suspended && strcmp(o.id, ORGANIZATION_HOME) == 0)
        return forbidden(req, "home");
    if (!err && o.suspended && !was_suspended)
        err = second_ask(req, "organization.suspend", &o, approval);
    if (!err)
        err = organization_do(&by, &o);
    return err ? answer_approval(req, err, approval) : organization_answer(req, o.id, 200);
}

static int target_take(const json_t *what, struct organization *o)
{
    const char *id;
    int err = sk_json_str(what, "organization", ORGANIZATION_ID_SIZE - 1, &id);

    return err ? err : access_organization_find(id, o);
}

int organization_suspend_apply(const json_t *what, const struct principal *p, const char *author,
                               int64_t now_ms)
{
    const struct actor by = {p->account, p->session, p->source, now_ms, p->organization};
    struct organization o;
    int err = target_take(what, &o);

    if (!err && !account_may(author, "organizations.approve"))
        err = -SK_EGONE;
    if (err)
        return err;
    o.suspended = 1;
    return organization_do(&by, &o);
}

/* -SK_ECONFLICT: it has people or cameras. */
static int emptiness_check(const char *id)
{
    size_t people, cameras;

    access_organization_count(id, &people, &cameras);
    return people || cameras ? -SK_ECONFLICT : 0;
}

static int remove_do(const struct actor *by, const char *id)
{
    int err = emptiness_check(id);

    if (!err)
        err = organization_remove(account_get()->store, by, id);
    if (!err)
        access_changed(account_get()->store, NULL, by->now_ms);
    return err;
}

int organization_remove_apply(const json_t *what, const struct principal *p, const char *author,
                              int64_t now_ms)
{
    const struct actor by = {p->account, p->session, p->source, now_ms, p->organization};
    struct organization o;
    int err = target_take(what, &o);

    if (!err && !account_may(author, "organizations.approve"))
        err = -SK_EGONE;
    return err ? err : remove_do(&by, o.id);
}

int api_organizations_delete(struct http_request *req)
{
    struct actor by = actor_of(req);
    const char *id = http_param(req, "id");
    char approval[SESSION_ID_SIZE] = "";
    struct organization o;

    if (strcmp(id, ORGANIZATION_HOME) == 0)
        return forbidden(req, "home");
    int err = access_organization_find(id, &o);
    if (!err)
        err = emptiness_check(id);
    if (!err)
        err = second_ask(req, "organization.remove", &o, approval);
    if (!err)
        err = remove_do(&by, id);
    if (err == -SK_ECONFLICT)
        return http_problem(req, err, json_pack("{s:s}", "reason", "remaining"));
    return err ? answer_approval(req, err, approval) : http_empty(req, 204);
}

/* ---- operators ---- */

struct operators {
    struct person *list;
    size_t count;
};

static void operator_keep(void *ctx, const struct person *p)
{
    struct operators *all = ctx;

    if (strcmp(p->organization, ORGANIZATION_HOME) != 0)
        return;
    all->list = sk_realloc(all->list, (all->count + 1) * sizeof(*all->list));
    all->list[all->count++] = *p;
}

static json_t *modules_json(void)
{
    json_t *list = json_array();

    for (int m = MODULE_NONE + 1; m < MODULE_COUNT; m++)
        json_array_append_new(list, json_string(module_name((enum operator_module)m)));
    return list;
}

int api_operators(struct http_request *req)
{
    struct operators all = {0};
    json_t *list = json_array();

    access_people_each(operator_keep, &all);
    for (size_t i = 0; i < all.count; i++) {
        uint8_t levels[MODULE_COUNT];
        access_levels(all.list[i].id, levels);
        json_t *of = levels_json(levels);
        if (json_object_size(of))
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:O}", "id", all.list[i].id,
                                                  "name", all.list[i].name, "role",
                                                  role_name(all.list[i].role), "levels", of));
        json_decref(of);
    }
    free(all.list);
    return http_json(req, 200,
                     json_pack("{s:o, s:o}", "operators", list, "modules", modules_json()));
}

/* Nobody hands out more than he has. */
static int levels_are_own(const char *account, const uint8_t levels[MODULE_COUNT])
{
    uint8_t own[MODULE_COUNT];

    access_levels(account, own);
    for (int m = MODULE_NONE + 1; m < MODULE_COUNT; m++)
        if (levels[m] > own[m])
            return 0;
    return 1;
}

int api_operator_put(struct http_request *req)
{
    static const char *const members[] = {"levels", NULL};
    struct actor by = actor_of(req);
    const char *id = http_param(req, "id");
    char of[ORGANIZATION_ID_SIZE];
    uint8_t levels[MODULE_COUNT];
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = levels_parse(levels, json_object_get(body, "levels"));
    if (!err && (access_organization_of("account", id, of) || strcmp(of, ORGANIZATION_HOME) != 0))
        err = -SK_ENOTFOUND;
    if (err)
        return http_problem(req, err, NULL);
    if (strcmp(id, by.account) == 0)
        return forbidden(req, "self");
    if (!levels_are_own(by.account, levels))
        return forbidden(req, "level");
    err = operator_set(account_get()->store, &by, id, levels);
    if (err)
        return http_problem(req, err, NULL);
    log_info("account", "operator-changed", "account=%s by=%s", id, by.account);
    access_changed(account_get()->store, id, by.now_ms);
    return http_empty(req, 204);
}
