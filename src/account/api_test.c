/* "May this person do this with this camera now?", with the rule that decides. The answer is what
 * the gate would say; only the why is looked up here. */
#include <stdio.h>
#include <string.h>

#include "account/access.h"
#include "base/json.h"
#include "base/text.h"

/* Why a grant does not hold at a moment, nearest to holding last. */
enum why { WHY_NONE, WHY_ENDED, WHY_NOT_YET, WHY_HOURS, WHY_HOLDS };

static const char *const why_names[] = {"none", "ended", "not-yet", "hours", "grant"};

static enum why grant_why(const struct grant_terms *t, int64_t now_ms)
{
    if (grant_is_active(t, now_ms))
        return WHY_HOLDS;
    if (t->not_after && now_ms >= t->not_after)
        return WHY_ENDED;
    return now_ms < t->not_before ? WHY_NOT_YET : WHY_HOURS;
}

struct question {
    const char *account, *device, *organization;
    enum role role;
    uint32_t right;
    json_t *candidates; /* grants as the contract has them, and `why` */
    int64_t now_ms;
};

static void candidate_add(void *ctx, const struct grant *g, const char *subject_name)
{
    struct question *q = ctx;
    uint32_t brings = g->terms.actions | ACCESS_LIST | ACCESS_VIEW;

    if (strcmp(g->organization, q->organization) != 0 || !(brings & q->right) ||
        (g->account[0] ? strcmp(g->account, q->account) != 0 : g->role != q->role))
        return;
    json_t *v = grant_json(g, subject_name, q->now_ms);
    sk_json_set_int(v, "why", grant_why(&g->terms, q->now_ms));
    json_array_append_new(q->candidates, v);
}

/* The grant that is nearest to bringing it, of those that reach the camera; NULL: none would.
 * Borrowed from the candidates. Judged after the walk, outside of its lock. */
static const json_t *nearest_find(const struct question *q, enum why *why)
{
    const json_t *best = NULL, *v;
    size_t i;

    *why = WHY_NONE;
    json_array_foreach(q->candidates, i, v)
    {
        struct grant g = {.id = ""};
        enum why is = (enum why)json_integer_value(json_object_get(v, "why"));
        if (is <= *why || sk_copy(g.organization, sizeof(g.organization), q->organization) ||
            grant_terms_parse(&g.terms, v) || !access_grant_reaches(&g, q->device))
            continue;
        best = v;
        *why = is;
    }
    return best;
}

static json_t *answer_make(struct question *q, const struct rule *rule, int granted)
{
    json_t *out = json_object();
    enum why why = WHY_NONE;

    if (rule_is_of_role(rule, q->role) || q->role == ROLE_NONE) {
        int allowed = q->role != ROLE_NONE;
        sk_json_set_bool(out, "allowed", allowed);
        sk_json_set_str(out, "by", allowed ? "role" : "none");
        sk_json_set_str(out, "reason", allowed ? "role" : "disabled");
        return out;
    }
    q->candidates = json_array();
    access_grants_each(candidate_add, q);
    const json_t *nearest = nearest_find(q, &why);
    sk_json_set_bool(out, "allowed", granted);
    sk_json_set_str(out, "by", granted ? "grant" : "none");
    if (nearest && granted == (why == WHY_HOLDS))
        json_object_set(out, "grant", json_object_get(nearest, "id"));
    sk_json_set_str(out, "reason", why_names[granted ? WHY_HOLDS : why == WHY_HOLDS ? 0 : why]);
    json_decref(q->candidates);
    return out;
}

struct known {
    const char *account, *organization;
    int is_there;
};

static void person_note(void *ctx, const struct person *p)
{
    struct known *k = ctx;

    k->is_there |= strcmp(p->id, k->account) == 0 && strcmp(p->organization, k->organization) == 0;
}

int api_access_test(struct http_request *req)
{
    static const char *const members[] = {"account", "action", "device", NULL};
    struct question q = {.organization = http_principal(req)->organization,
                         .now_ms = http_now_ms(req)};
    char name[48] = "device.";
    const char *action;
    json_t *body;
    int granted;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = sk_json_str(body, "account", ID_SIZE - 1, &q.account);
    if (!err)
        err = sk_json_str(body, "device", ID_SIZE - 1, &q.device);
    if (!err)
        err = sk_json_str(body, "action", 16, &action);
    if (!err && (!(q.right = access_right_find(action)) ||
                 sk_copy(name + strlen(name), sizeof(name) - strlen(name), action)))
        err = -SK_EINVAL;
    if (err)
        return http_problem(req, err, NULL);
    struct known known = {.account = q.account, .organization = q.organization};
    access_people_each(person_note, &known);
    if (!known.is_there || !access_device_is_of(q.device, q.organization))
        return http_problem(req, -SK_ENOTFOUND, NULL);
    q.role = access_standing(q.account, q.right, q.device, q.now_ms, &granted);
    return http_json(req, 200, answer_make(&q, rule_find(name), granted));
}
