/* Handlers of who shares: claims of guests, shares of a camera, the list left for it. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "share/internal.h"

/* 0 = it is the asker's to manage; else answered. */
static int manage_check(struct http_request *req)
{
    return http_may(req, "device.manage", (struct object_ref){"device", http_param(req, "id")});
}

/* ---- claims ---- */

static json_t *person_json(const char *account)
{
    struct account_person_facts who = {"", ""};
    json_t *v = json_object();

    sk_json_set_str(v, "id", account);
    if (account_person_find(account, &who)) /* gone this moment */
        who.name[0] = who.organization[0] = '\0';
    sk_json_set_str(v, "name", who.name);
    sk_json_set_str(v, "organization", who.organization);
    return v;
}

static int claim_append(void *ctx, const struct share_claim *c)
{
    json_t *v = json_object();

    sk_json_set_str(v, "id", c->id);
    json_object_set_new(v, "account", person_json(c->account));
    sk_json_set_bin(v, "public_key", c->public_key, sizeof(c->public_key));
    sk_json_set_bin(v, "claim", c->claim, sizeof(c->claim));
    sk_json_set_int(v, "created", c->created);
    sk_json_set_int(v, "expires", c->expires);
    json_array_append_new(ctx, v);
    return 0;
}

int api_claims(struct http_request *req)
{
    json_t *list;

    if (manage_check(req))
        return 0;
    list = json_array();
    int err = ledger_claims_of_device(http_param(req, "id"), http_now_ms(req), claim_append, list);
    if (err) {
        json_decref(list);
        return http_problem(req, err, NULL);
    }
    return http_json(req, 200, json_pack("{s:o}", "claims", list));
}

int api_claim_refuse(struct http_request *req)
{
    struct share_by by = share_by_of(req);
    char guest[ACCOUNT_ID_MAX + 1] = "";

    if (manage_check(req))
        return 0;
    int err = ledger_claim_refuse(&by, http_param(req, "id"), http_param(req, "claim"), guest);
    if (err)
        return http_problem(req, err, NULL);
    share_tell(http_param(req, "id"), guest, by.now_ms);
    return http_empty(req, 204);
}

/* ---- what is asked for ---- */

static int terms_parse(struct share_terms *t, const json_t *body, int64_t now_ms)
{
    int err = account_actions_parse(json_object_get(body, "actions"), &t->actions);

    return err ? err
               : sk_json_int(body, "not_after", now_ms + 1, now_ms + SHARE_LIFE_MS, &t->not_after);
}

static int list_parse(struct share_list *l, const json_t *body, const char *device)
{
    const char *text;

    if (sk_json_str(body, "list", SK_B64_SIZE(WIRE_LIST_MAX), &text) ||
        sk_b64url_decode(l->list, sizeof(l->list), &l->len, text, strlen(text)))
        return -SK_EINVAL;
    return left_check(l, device);
}

static int refused_answer(struct http_request *req, int err)
{
    if (err == -SK_ECONFLICT)
        return http_problem(req, err, json_pack("{s:s}", "reason", "version"));
    return http_problem(req, err, NULL);
}

/* ---- shares ---- */

json_t *share_json(const struct share *s, int64_t now_ms)
{
    struct account_grant_facts g;
    json_t *v;

    if (account_grant_find(s->grant, now_ms, &g))
        return NULL;
    v = json_object();
    sk_json_set_str(v, "id", s->id);
    sk_json_set_str(v, "device", s->device);
    json_object_set_new(v, "account", person_json(s->account));
    sk_json_set_bin(v, "public_key", s->public_key, sizeof(s->public_key));
    sk_json_set_str(v, "key", s->key);
    json_object_set_new(v, "actions", account_actions_json(g.actions));
    sk_json_set_int(v, "not_after", g.not_after_ms);
    sk_json_set_int(v, "created", s->created);
    sk_json_set_str(v, "created_by", s->created_by);
    sk_json_set_str(v, "grant", s->grant);
    sk_json_set_bool(v, "active", g.is_active);
    json_object_set_new(v, "keys", share_keys_json(s->account));
    return v;
}

int api_claim_accept(struct http_request *req)
{
    static const char *const members[] = {"actions", "not_after", "list", NULL};
    const char *device = http_param(req, "id");
    struct share_by by = share_by_of(req);
    struct share_list left = {.len = 0};
    struct share_terms terms = {0};
    struct share s;
    json_t *body;

    if (manage_check(req) || http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = terms_parse(&terms, body, by.now_ms);
    if (!err && sk_json_has(body, "list"))
        err = list_parse(&left, body, device);
    if (!err && left.len)
        err = left_is_next(&left, device);
    if (!err)
        err = ledger_accept(&by, device, http_param(req, "claim"), &terms, &left, &s);
    if (err)
        return refused_answer(req, err);
    log_info("share", "given", "share=%s device=%s by=%s", s.id, device, by.who->account);
    if (left.len)
        left_keep(device, &left, by.who->account, by.now_ms, 0, 1);
    account_share_changed(share_store(), s.account, by.now_ms);
    share_tell(device, s.account, by.now_ms);
    json_t *answer = share_json(&s, by.now_ms);
    return answer ? http_json(req, 201, answer) : http_problem(req, -SK_EGONE, NULL);
}

struct collected {
    struct share *list;
    size_t count;
};

/* No other read may run inside one: rows are taken first, looked at afterwards. */
static int share_collect(void *ctx, const struct share *s)
{
    struct collected *c = ctx;

    if (c->count == SHARE_GIVEN_MAX)
        return -SK_ELIMIT;
    c->list = sk_realloc(c->list, (c->count + 1) * sizeof(*c->list));
    c->list[c->count++] = *s;
    return 0;
}

int api_device_shares(struct http_request *req)
{
    const char *device = http_param(req, "id");
    struct collected c = {NULL, 0};
    json_t *answer, *list, *left;

    if (manage_check(req))
        return 0;
    int err = ledger_shares(device, share_collect, &c);
    if (err) {
        free(c.list);
        return http_problem(req, err, NULL);
    }
    list = json_array();
    for (size_t i = 0; i < c.count; i++) {
        json_t *v = share_json(&c.list[i], http_now_ms(req));
        if (v)
            json_array_append_new(list, v);
    }
    free(c.list);
    answer = json_pack("{s:o}", "shares", list);
    left = left_json(device, 0);
    if (left)
        json_object_set_new(answer, "list", left);
    return http_json(req, 200, answer);
}

static json_t *received_json(const struct share *s, int64_t now_ms)
{
    char organization[ORGANIZATION_ID_SIZE], name[ACCOUNT_NAME_SIZE];
    struct account_grant_facts g;
    json_t *v;

    if (account_grant_find(s->grant, now_ms, &g) ||
        authorize_organization_of("device", s->device, organization) ||
        account_organization_name(organization, name))
        return NULL;
    v = json_object();
    sk_json_set_str(v, "id", s->id);
    sk_json_set_str(v, "device", s->device);
    sk_json_set_str(v, "organization", name);
    sk_json_set_str(v, "key", s->key);
    json_object_set_new(v, "actions", account_actions_json(g.actions));
    sk_json_set_int(v, "not_after", g.not_after_ms);
    sk_json_set_int(v, "created", s->created);
    sk_json_set_bool(v, "active", g.is_active);
    return v;
}

int api_shares(struct http_request *req)
{
    const struct principal *p = http_principal(req);
    struct collected c = {NULL, 0};
    json_t *given, *received;
    int64_t now_ms = http_now_ms(req);
    int err = ledger_shares(NULL, share_collect, &c);

    if (err) {
        free(c.list);
        return http_problem(req, err, NULL);
    }
    given = json_array();
    received = json_array();
    for (size_t i = 0; i < c.count; i++) {
        const struct share *s = &c.list[i];
        int is_mine = strcmp(s->account, p->account) == 0;
        json_t *v = is_mine ? received_json(s, now_ms) : NULL;
        if (v)
            json_array_append_new(received, v);
        v = may(p, "device.manage", (struct object_ref){"device", s->device}) == 0
                ? share_json(s, now_ms)
                : NULL;
        if (v)
            json_array_append_new(given, v);
    }
    free(c.list);
    return http_json(req, 200, json_pack("{s:o,s:o}", "given", given, "received", received));
}

/* The share of the path, if it is of the camera of the path and its grant stands; else answered. */
static int share_get(struct http_request *req, struct share *s)
{
    struct account_grant_facts g;
    int err = ledger_share_find(http_param(req, "share"), s);

    if (!err && strcmp(s->device, http_param(req, "id")) != 0)
        err = -SK_ENOTFOUND;
    if (!err)
        err = account_grant_find(s->grant, http_now_ms(req), &g);
    if (err)
        http_problem(req, err, NULL);
    return err;
}

int api_share_change(struct http_request *req)
{
    static const char *const members[] = {"actions", "not_after", NULL};
    struct share_by by = share_by_of(req);
    struct share_terms terms = {0};
    struct share s;
    json_t *body;

    if (manage_check(req) || http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = terms_parse(&terms, body, by.now_ms);
    if (err)
        return http_problem(req, err, NULL);
    if (share_get(req, &s))
        return 0;
    err = ledger_change(&by, &s, &terms);
    if (err)
        return http_problem(req, err, NULL);
    account_share_changed(share_store(), s.account, by.now_ms);
    share_tell(s.device, s.account, by.now_ms);
    json_t *answer = share_json(&s, by.now_ms);
    return answer ? http_json(req, 200, answer) : http_problem(req, -SK_EGONE, NULL);
}

int api_share_end(struct http_request *req)
{
    struct share_by by = share_by_of(req);
    struct share s;

    if (manage_check(req) || share_get(req, &s))
        return 0;
    int err = ledger_end(&by, &s);
    if (err)
        return http_problem(req, err, NULL);
    log_info("share", "ended", "share=%s device=%s by=%s", s.id, s.device, by.who->account);
    account_share_changed(share_store(), s.account, by.now_ms);
    share_tell(s.device, s.account, by.now_ms);
    return http_empty(req, 204);
}

/* ---- the list left for a camera ---- */

static int left_answer(struct http_request *req, const char *device, int with_list)
{
    json_t *v = left_json(device, with_list);

    return v ? http_json(req, 200, v) : http_problem(req, -SK_ENOTFOUND, NULL);
}

int api_list_get(struct http_request *req)
{
    return manage_check(req) ? 0 : left_answer(req, http_param(req, "id"), 1);
}

int api_list_put(struct http_request *req)
{
    static const char *const members[] = {"list", NULL};
    const char *device = http_param(req, "id");
    struct share_by by = share_by_of(req);
    struct share_list left = {.len = 0};
    json_t *body;

    if (manage_check(req) || http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = list_parse(&left, body, device);
    if (!err)
        err = left_is_next(&left, device);
    if (!err)
        err = ledger_list_put(&by, device, &left);
    if (err)
        return refused_answer(req, err);
    left_keep(device, &left, by.who->account, by.now_ms, 0, 1);
    share_tell(device, NULL, by.now_ms);
    return left_answer(req, device, 0);
}

int api_list_delete(struct http_request *req)
{
    const char *device = http_param(req, "id");
    struct share_by by = share_by_of(req);

    if (manage_check(req))
        return 0;
    int err = ledger_list_delete(&by, device);
    if (err)
        return http_problem(req, err, NULL);
    left_forget(device);
    share_tell(device, NULL, by.now_ms);
    return http_empty(req, 204);
}
