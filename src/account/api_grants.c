/* The handlers of grants: who may what with which camera. */
#include <string.h>

#include "account/approval.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

json_t *grant_json(const struct grant *g, const char *subject_name, int64_t now_ms)
{
    json_t *v = json_object(), *subject = json_object();

    sk_json_set_str(v, "id", g->id);
    sk_json_set_str(subject, g->account[0] ? "account" : "role",
                    g->account[0] ? g->account : role_name(g->role));
    json_object_set_new(v, "subject", subject);
    sk_json_set_str(v, "subject_name", subject_name);
    grant_terms_json(v, &g->terms);
    sk_json_set_int(v, "created", g->created);
    sk_json_set_str(v, "created_by", g->created_by);
    sk_json_set_bool(v, "active", grant_is_active(&g->terms, now_ms));
    return v;
}

/* ---- the list ---- */

struct wanted {
    json_t *list;
    const char *account, *device, *organization;
    enum role role;
    int64_t now_ms;
};

static void grant_pick(void *ctx, const struct grant *g, const char *subject_name)
{
    struct wanted *w = ctx;

    if (strcmp(g->organization, w->organization) != 0)
        return;
    if ((w->account && strcmp(g->account, w->account) != 0) ||
        (w->role != ROLE_NONE && g->role != w->role))
        return;
    json_array_append_new(w->list, grant_json(g, subject_name, w->now_ms));
}

/* Those that reach the camera: judged after the walk, outside of its lock. */
static void grants_reaching(json_t *list, const char *device, const char *organization)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        struct grant g = {.id = ""};
        if (sk_copy(g.organization, sizeof(g.organization), organization) ||
            grant_terms_parse(&g.terms, json_array_get(list, i)) ||
            !access_grant_reaches(&g, device))
            json_array_remove(list, i);
    }
}

int api_grants(struct http_request *req)
{
    const char *role = http_query(req, "role");
    struct wanted w = {.list = json_array(),
                       .account = http_query(req, "account"),
                       .device = http_query(req, "device"),
                       .organization = http_principal(req)->organization,
                       .role = role ? role_find(role) : ROLE_NONE,
                       .now_ms = http_now_ms(req)};

    if (role && w.role == ROLE_NONE) {
        json_decref(w.list);
        return http_problem(req, -SK_EINVAL, NULL);
    }
    access_grants_each(grant_pick, &w);
    if (w.device)
        grants_reaching(w.list, w.device, w.organization);
    return http_json(req, 200, json_pack("{s:o}", "grants", w.list));
}

/* ---- changes ---- */

static int subject_parse(const json_t *subject, struct grant *g)
{
    const char *text;

    if (!json_is_object(subject) || json_object_size(subject) != 1)
        return -SK_EINVAL;
    if (sk_json_has(subject, "account")) {
        int err = sk_json_str(subject, "account", ID_SIZE - 1, &text);
        if (!err && !text[0])
            err = -SK_EINVAL;
        return err ? err : sk_copy(g->account, sizeof(g->account), text);
    }
    if (sk_json_str(subject, "role", 16, &text))
        return -SK_EINVAL;
    g->role = role_find(text);
    return g->role == ROLE_MEMBER || g->role == ROLE_ADMIN ? 0 : -SK_EINVAL;
}

/* Cameras of the own organization; a person of another one is given one camera at a time. */
static int reach_check(const struct grant *g)
{
    char of[ORGANIZATION_ID_SIZE];

    if (g->terms.object_kind == GRANT_DEVICE)
        return access_device_is_of(g->terms.object, g->organization) ? 0 : -SK_ENOTFOUND;
    if (g->account[0] && access_organization_of("account", g->account, of) == 0 &&
        strcmp(of, g->organization) != 0)
        return -SK_EINVAL;
    return 0;
}

/* What the body says, judged as things stand now. */
static int grant_take(const json_t *body, const struct actor *by, struct grant *g)
{
    static const char *const members[] = {"subject",   "object",   "actions", "not_before",
                                          "not_after", "schedule", "reason",  NULL};
    int err = sk_json_only(body, members);

    *g = (struct grant){.created = by->now_ms};
    if (!err)
        err = subject_parse(json_object_get(body, "subject"), g);
    if (!err)
        err = grant_terms_parse(&g->terms, body);
    if (!err)
        err = sk_copy(g->organization, sizeof(g->organization), by->organization);
    if (!err)
        err = reach_check(g);
    if (!err)
        err = sk_copy(g->created_by, sizeof(g->created_by), by->account);
    id_make(g->id);
    return err;
}

static int grant_do(const struct actor *by, const struct grant *g)
{
    int err = grant_add(account_get()->store, by, g);

    if (err)
        return err;
    log_info("account", "grant-added", "grant=%s by=%s", g->id, by->account);
    access_changed(account_get()->store, g->account[0] ? g->account : NULL, by->now_ms);
    return 0;
}

/* To himself, or to all who are what he is: an owner has it all anyway. */
static int is_own_gain(const struct grant *g, const struct actor *by)
{
    int ignored;
    enum role role = access_standing(by->account, 0, NULL, by->now_ms, &ignored);

    return role != ROLE_OWNER &&
           (g->account[0] ? strcmp(g->account, by->account) == 0 : g->role == role);
}

int api_grant_add(struct http_request *req)
{
    struct actor by = actor_of(req);
    char approval[SESSION_ID_SIZE] = "";
    struct grant g;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = grant_take(body, &by, &g);
    if (!err && is_own_gain(&g, &by))
        err = approval_ask(http_principal(req), "grant", body, "", by.now_ms, approval);
    if (!err)
        err = grant_do(&by, &g);
    return err ? answer_approval(req, err, approval)
               : http_json(req, 201, grant_json(&g, NULL, by.now_ms));
}

int grant_apply(const json_t *what, const struct principal *p, const char *author, int64_t now_ms)
{
    const struct actor by = {p->account, p->session, p->source, now_ms, p->organization};
    struct grant g;
    int err = grant_take(what, &by, &g);

    (void)author;
    return err ? err : grant_do(&by, &g);
}

struct subject_of {
    const char *grant;
    char account[ID_SIZE];
};

static void subject_note(void *ctx, const struct grant *g, const char *subject_name)
{
    struct subject_of *s = ctx;

    (void)subject_name;
    if (strcmp(g->id, s->grant) == 0)
        memcpy(s->account, g->account, sizeof(s->account));
}

int api_grant_end(struct http_request *req)
{
    struct actor by = actor_of(req);
    struct subject_of whose = {.grant = http_param(req, "id")};

    access_grants_each(subject_note, &whose);
    int err = grant_end(account_get()->store, &by, whose.grant);
    if (err)
        return http_problem(req, err, NULL);
    log_info("account", "grant-ended", "grant=%s by=%s", whose.grant, by.account);
    access_changed(account_get()->store, whose.account[0] ? whose.account : NULL, by.now_ms);
    return http_empty(req, 204);
}

/* ---- who may what with this camera ---- */

static void line_add(void *ctx, const struct access_line *line)
{
    json_t *v = json_object(), *account = json_object();

    sk_json_set_str(account, "id", line->person->id);
    sk_json_set_str(account, "name", line->person->name);
    sk_json_set_str(account, "role", role_name(line->person->role));
    json_object_set_new(v, "account", account);
    json_object_set_new(v, "actions", access_rights_json(line->rights));
    json_object_set(v, "grants", line->grants);
    json_array_append_new(ctx, v);
}

int api_device_access(struct http_request *req)
{
    const char *device = http_param(req, "id");
    json_t *people;

    if (!access_device_is_of(device, http_principal(req)->organization))
        return http_problem(req, -SK_ENOTFOUND, NULL);
    people = json_array();
    access_device_each(device, http_now_ms(req), line_add, people);
    return http_json(req, 200, json_pack("{s:o}", "people", people));
}
