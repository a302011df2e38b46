/* The handlers of invitations: made and ended by those who manage people, used by who joins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/mail.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/wipe.h"
#include "edge/edge.h"

static const int64_t ttl_ms = INVITATION_TTL_DAYS * 24 * 3600 * 1000LL;

int api_invitations(struct http_request *req)
{
    json_t *list;
    int err = invitation_list(account_get()->store, http_principal(req)->organization,
                              http_now_ms(req), &list);

    return err ? http_problem(req, err, NULL)
               : http_json(req, 200, json_pack("{s:o}", "invitations", list));
}

/* Terms are kept as they will be read again: parsed and written anew. */
static int grants_take(const json_t *body, const char *organization, json_t *out)
{
    static const char *const members[] = {"object",   "actions", "not_before", "not_after",
                                          "schedule", "reason",  NULL};
    const json_t *list = json_object_get(body, "grants");
    struct grant_terms terms;
    size_t i;
    json_t *v;

    if (!list)
        return 0;
    if (!json_is_array(list) || json_array_size(list) > GRANTS_PER_INVITATION_MAX)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        if (!json_is_object(v) || sk_json_only(v, members) || grant_terms_parse(&terms, v))
            return -SK_EINVAL;
        if (terms.object_kind == GRANT_DEVICE && !access_device_is_of(terms.object, organization))
            return -SK_ENOTFOUND;
        json_t *kept = json_object();
        grant_terms_json(kept, &terms);
        json_array_append_new(out, kept);
    }
    return 0;
}

static int invitation_parse(const json_t *body, struct invitation *out)
{
    static const char *const members[] = {"role", "note", "grants", NULL};
    const char *role, *note = "";
    int err = sk_json_only(body, members);

    if (!err)
        err = sk_json_str(body, "role", 16, &role);
    if (!err && sk_json_has(body, "note"))
        err = sk_json_str(body, "note", GRANT_TEXT_BYTES, &note);
    if (!err && note[0] && !text_is_plain(note, GRANT_REASON_POINTS_MAX))
        err = -SK_EINVAL;
    if (!err)
        err = sk_copy(out->note, sizeof(out->note), note);
    if (!err) {
        out->role = role_find(role);
        err =
            out->role == ROLE_NONE ? -SK_EINVAL : grants_take(body, out->organization, out->grants);
    }
    return err;
}

void join_link_make(char out[JOIN_LINK_SIZE], const char *token)
{
    if (edge_port() == 443)
        snprintf(out, JOIN_LINK_SIZE, "https://%s/join#i=%s", edge_host(), token);
    else
        snprintf(out, JOIN_LINK_SIZE, "https://%s:%u/join#i=%s", edge_host(), (unsigned)edge_port(),
                 token);
}

static int invitation_answer(struct http_request *req, const struct invitation *i,
                             const char *token)
{
    char link[JOIN_LINK_SIZE];
    json_t *out = json_object();

    join_link_make(link, token);
    sk_json_set_str(out, "id", i->id);
    sk_json_set_str(out, "token", token);
    sk_json_set_str(out, "link", link);
    sk_json_set_int(out, "expires", i->expires);
    crypto_wipe(link, sizeof(link));
    return http_json(req, 201, out);
}

int api_invitation_add(struct http_request *req)
{
    struct actor by = actor_of(req);
    struct invitation i = {.created = by.now_ms, .expires = by.now_ms + ttl_ms};
    enum refusal refusal = REFUSAL_NONE;
    char token[ACCOUNT_TOKEN_SIZE];
    uint8_t hash[32];
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    if (account_get()->registration == REGISTRATION_CLOSED)
        return http_problem(req, -SK_EDENIED, json_pack("{s:s}", "reason", "closed"));
    i.grants = json_array();
    id_make(i.id);
    token_make(token, hash);
    int err = sk_copy(i.organization, sizeof(i.organization), by.organization);
    if (!err)
        err = invitation_parse(body, &i);
    if (!err)
        err = sk_copy(i.created_by, sizeof(i.created_by), by.account);
    if (!err)
        err = invitation_add(account_get()->store, &by, &i, hash, &refusal);
    if (err)
        answer_refusal(req, err, refusal);
    else
        invitation_answer(req, &i, token);
    crypto_wipe(token, sizeof(token));
    invitation_fini(&i);
    return 0;
}

int api_invitation_end(struct http_request *req)
{
    struct actor by = actor_of(req);
    enum refusal refusal = REFUSAL_NONE;
    int err = invitation_end(account_get()->store, &by, http_param(req, "id"), &refusal);

    return err ? answer_refusal(req, err, refusal) : http_empty(req, 204);
}

/* ---- joining ---- */

static int join_find(void *ctx, const uint8_t hash[32], int64_t now_ms)
{
    if (account_get()->registration == REGISTRATION_CLOSED)
        return -SK_EGONE;
    return invitation_find(account_get()->store, hash, now_ms, ctx);
}

int api_join_check(struct http_request *req)
{
    struct invitation i = {0};
    struct link_body b;

    if (!link_body_take(req, &b, LINK_TOKEN, "join", join_find, &i)) {
        json_t *out = json_object();
        sk_json_set_str(out, "role", role_name(i.role));
        sk_json_set_int(out, "expires", i.expires);
        sk_json_set_str(out, "host", edge_host());
        http_json(req, 200, out);
    }
    link_body_wipe(&b);
    invitation_fini(&i);
    return 0;
}

int api_join_strength(struct http_request *req)
{
    struct invitation i = {0};
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PERSON, "join", join_find, &i))
        answer_strength(req, b.name, role_name(i.role), b.password);
    link_body_wipe(&b);
    invitation_fini(&i);
    return 0;
}

/* An invitation must not become a way to ask which names there are: each taken name counts as a
 * wrong link would. */
int answer_name_taken(struct http_request *req)
{
    uint8_t key[THROTTLE_KEY_BYTES];
    int64_t retry_ms;

    prefix_key(key, "join", http_principal(req)->source);
    if (throttle_take(account_get()->throttle, key, &login_rule_prefix, sk_clock_mono_ms(),
                      &retry_ms))
        return answer_throttled(req, retry_ms);
    metric_refused("account", "join-name");
    return http_problem(req, -SK_ECONFLICT, json_pack("{s:s}", "reason", "name"));
}

static int join_store(struct entering *e, void *ctx)
{
    const struct link_body *b = ctx;

    return invitation_join(account_get()->store, b->hash, &e->row, &e->entry);
}

static int join_do(struct http_request *req, struct link_body *b, enum role role)
{
    struct entering e = {.req = req, .bearer = b->bearer};
    struct account_row other;
    int err = ledger_account_by_name(account_get()->store, b->name, &other);

    crypto_wipe(&other, sizeof(other));
    if (!err)
        return answer_name_taken(req);
    if (err != -SK_ENOTFOUND)
        return http_problem(req, err, NULL);
    id_make(e.row.id);
    err = sk_copy(e.row.role, sizeof(e.row.role), role_name(role));
    if (!err)
        err = sk_copy(e.row.theme, sizeof(e.row.theme), "auto");
    if (!err)
        err = sk_copy(e.row.name, sizeof(e.row.name), b->name);
    if (!err)
        err = hash_make(b->password, strlen(b->password), e.row.password);
    if (!err) {
        entering_make(&e);
        err = entering_store(&e, join_store, b);
    }
    if (err == -SK_ECONFLICT) {
        answer_name_taken(req);
    } else if (err) {
        answer_hash_error(req, err);
    } else {
        access_changed(account_get()->store, e.row.id, http_now_ms(req));
        log_info("account", "joined", "account=%s role=%s source=%s", e.row.id, role_name(role),
                 http_principal(req)->source);
        entering_finish(&e, 201);
    }
    crypto_wipe(&e, sizeof(e));
    return 0;
}

int api_join(struct http_request *req)
{
    struct invitation i = {0};
    struct link_body b;

    if (!link_body_take(req, &b, LINK_PERSON_BEARER, "join", join_find, &i)) {
        if (account_name_check(b.name))
            http_problem(req, -SK_EINVAL, NULL);
        else if (!password_judge(req, b.name, role_name(i.role), b.password))
            join_do(req, &b, i.role);
    }
    link_body_wipe(&b);
    invitation_fini(&i);
    return 0;
}
