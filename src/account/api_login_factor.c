/* The second step of a login, and the login by a passkey alone. Wrong tries count in the buckets of
 * the password, so that there is one number of guesses, not one for each factor. */
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "account/factor.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

/* A guesser who has the password already is held to this as well, however he spreads his logins:
 * 288 codes a day are one in a thousand to be right. */
static const struct throttle_rule factor_rule = {.interval_ms = 5 * 60 * 1000, .burst = 10};

enum { BOUND_SIZE = 8 + SK_HEX_SIZE(32) };

/* What a ticket's passkey challenge is bound to. */
static void ticket_bound(char out[BOUND_SIZE], const struct factor_ticket *t)
{
    memcpy(out, "ticket:", 7);
    sk_hex_encode(out + 7, t->hash, sizeof(t->hash));
}

/* ---- asking ---- */

static json_t *ticket_json(const char *text, unsigned kinds, int64_t expires, json_t *passkey)
{
    json_t *factor = json_object();

    sk_json_set_str(factor, "ticket", text);
    sk_json_set_int(factor, "expires", expires);
    json_object_set_new(factor, "kinds", factor_kinds_json(kinds));
    if (passkey)
        json_object_set_new(factor, "passkey", passkey);
    return json_pack("{s:o}", "factor", factor);
}

/* Put the ticket by and tell the client. Wipes it. */
static int ticket_answer(struct http_request *req, struct factor_ticket *t, unsigned kinds)
{
    char text[ACCOUNT_TOKEN_SIZE], bound[BOUND_SIZE];
    json_t *passkey = NULL;
    int err = 0;

    prefix_key(t->prefix, "prefix", http_principal(req)->source);
    kinds = passkey_rp() ? kinds : kinds & ~(unsigned)FACTOR_PASSKEY;
    ticket_put(t, text, sk_clock_mono_ms());
    ticket_bound(bound, t);
    if (kinds & FACTOR_PASSKEY)
        err = passkey_request_json(t->account, bound, &passkey);
    if (err)
        http_problem(req, err, NULL);
    else
        http_json(req, 200, ticket_json(text, kinds, http_now_ms(req) + FACTOR_TICKET_MS, passkey));
    crypto_wipe(text, sizeof(text));
    crypto_wipe(t, sizeof(*t));
    return err;
}

int login_factor_ask(struct entering *e, const struct login_try *try, const char *rehash,
                     unsigned kinds)
{
    struct factor_ticket t = {.bearer = e->bearer, .try = *try};
    int err = sk_copy(t.account, sizeof(t.account), e->row.id);

    if (!err)
        err = sk_copy(t.checked, sizeof(t.checked), e->row.password);
    if (!err)
        err = sk_copy(t.rehash, sizeof(t.rehash), rehash);
    if (!err)
        return ticket_answer(e->req, &t, kinds);
    crypto_wipe(&t, sizeof(t));
    http_problem(e->req, err, NULL);
    return err;
}

int account_external_ask(struct http_request *req, const char *account,
                         const char pending[ACCOUNT_PENDING_SIZE])
{
    struct factor_ticket t = {.bearer = 0};
    int err = sk_copy(t.account, sizeof(t.account), account);

    if (!err)
        err = sk_copy(t.external, sizeof(t.external), pending);
    return err ? http_problem(req, err, NULL) : ticket_answer(req, &t, factor_kinds(account));
}

/* ---- the answer ---- */

struct second_step {
    struct http_request *req;
    struct factor_ticket ticket;
    struct entering e;
    struct login_try try;
    uint8_t factor_key[THROTTLE_KEY_BYTES];
    int64_t now_ms;
};

static int step_refuse(struct second_step *s)
{
    const struct principal *p = http_principal(s->req);

    metric_refused("account", "factor");
    log_warn("account", "factor-refused", "account=%s source=%s", s->ticket.account, p->source);
    audit_note(AUDIT(.at_ms = http_now_ms(s->req), .actor_kind = "nobody",
                     .action = "session.factor", .object_kind = "account",
                     .object = s->ticket.account, .result = "refused", .source = p->source));
    return http_problem_code(s->req, 401, "auth-failed",
                             s->ticket.tries_left ? json_pack("{s:b}", "again", 1) : NULL);
}

/* The buckets of the password, and one of factors alone. 0, or answered. */
static int step_admit(struct second_step *s)
{
    struct throttle *t = account_get()->throttle;
    const struct principal *p = http_principal(s->req);
    struct browser browser = {0};
    int64_t retry_ms;

    if (browser_by_id(p->browser, &browser) || strcmp(browser.account, s->ticket.account) != 0)
        browser.id[0] = '\0';
    factor_bucket(s->factor_key, s->ticket.account, browser.id);
    int err = throttle_take(t, s->factor_key, &factor_rule, s->now_ms, &retry_ms);
    /* The buckets of the password are full of others' guesses when a proof was asked for, and no
     * business of who came through another box: there the ticket's tries and ours are the bound. */
    if (!err && !s->ticket.try.by_proof && !s->ticket.external[0]) {
        err = login_admit(t, s->e.row.name, browser.id, p->source, s->now_ms, &s->try, &retry_ms);
        if (err) /* a refusal is not a failure: it counts nowhere */
            throttle_give_back(t, s->factor_key, &factor_rule, s->now_ms);
    }
    if (err)
        answer_throttled(s->req, retry_ms);
    return err;
}

/* Another box has said who it is, and the factor was right: it opens the session it has begun. */
static int external_enter(struct second_step *s, const struct factor_use *use)
{
    char id[SESSION_ID_SIZE];
    int err = account_get()->external_resume(s->req, s->ticket.external, use, id);

    if (!err)
        err = session_by_id(id, http_now_ms(s->req), &s->e.session);
    if (!err) /* its role may be another one by now */
        err = ledger_account_by_id(account_get()->store, s->ticket.account, &s->e.row);
    factors_refresh(s->ticket.account);
    if (err == -SK_EAUTH || err == -SK_EGONE || err == -SK_EDENIED || err == -SK_ENOTFOUND)
        return login_refuse(s->req, &s->e.row);
    return err ? http_problem(s->req, err, NULL)
               : http_json(s->req, 200, session_json(&s->e.row, &s->e.session, ""));
}

/* Everything was right: the tries of both steps are given back. */
static int step_enter(struct second_step *s, const struct factor_use *use)
{
    struct throttle *t = account_get()->throttle;

    if (!ticket_take(&s->ticket))
        return step_refuse(s); /* somebody was faster with the same ticket */
    throttle_give_back(t, s->factor_key, &factor_rule, s->now_ms);
    if (!s->ticket.try.by_proof && !s->ticket.external[0])
        login_succeeded(t, &s->try, s->now_ms);
    if (s->ticket.external[0])
        return external_enter(s, use);
    login_succeeded(t, &s->ticket.try, s->now_ms);
    login_enter(&s->e, s->ticket.checked, s->ticket.rehash, use);
    factors_refresh(s->ticket.account);
    return 0;
}

static int step_do(struct second_step *s, const struct factor_shown *shown)
{
    struct factor_use use;
    char bound[BOUND_SIZE];
    int err = ledger_account_by_id(account_get()->store, s->ticket.account, &s->e.row);

    if (err == -SK_ENOTFOUND || (!err && s->e.row.disabled))
        return step_refuse(s);
    if (err)
        return http_problem(s->req, err, NULL);
    if (step_admit(s))
        return 0;
    ticket_bound(bound, &s->ticket);
    err = factor_show(s->req, s->ticket.account, shown, bound, &use);
    if (!err)
        step_enter(s, &use);
    else if (err == -SK_EAUTH)
        step_refuse(s);
    else
        http_problem(s->req, err, NULL);
    crypto_wipe(&use, sizeof(use));
    return 0;
}

/* Strangers' tickets are counted against the network they come from, as wrong links are. */
static int ticket_refuse(struct http_request *req)
{
    uint8_t key[THROTTLE_KEY_BYTES];
    int64_t retry_ms;

    prefix_key(key, "ticket", http_principal(req)->source);
    if (throttle_take(account_get()->throttle, key, &login_rule_prefix, sk_clock_mono_ms(),
                      &retry_ms))
        return answer_throttled(req, retry_ms);
    metric_refused("account", "factor-ticket");
    return http_problem_code(req, 401, "auth-failed", NULL);
}

static void factor_secrets_wipe(const json_t *body)
{
    json_secret_wipe(body, "ticket");
    json_secret_wipe(body, "totp");
    json_secret_wipe(body, "recovery");
}

int api_login_factor(struct http_request *req)
{
    static const char *const members[] = {"ticket", "totp", "recovery", "passkey", NULL};
    struct second_step s = {.req = req, .now_ms = sk_clock_mono_ms()};
    uint8_t prefix[THROTTLE_KEY_BYTES];
    struct factor_shown shown;
    const char *ticket;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    prefix_key(prefix, "prefix", http_principal(req)->source);
    if (sk_json_only(body, members) || sk_json_str(body, "ticket", 64, &ticket) ||
        factor_shown_parse(body, 1, &shown)) {
        http_problem(req, -SK_EINVAL, NULL);
    } else if (ticket_try(ticket, prefix, s.now_ms, &s.ticket)) {
        ticket_refuse(req);
    } else {
        s.e.req = req;
        s.e.bearer = s.ticket.bearer;
        step_do(&s, &shown);
    }
    factor_secrets_wipe(body);
    crypto_wipe(&s, sizeof(s));
    return 0;
}

/* ---- a passkey alone ---- */

int api_login_passkey_request(struct http_request *req)
{
    json_t *body, *passkey;

    if (http_body_json(req, &body))
        return 0;
    if (json_object_size(body))
        return http_problem(req, -SK_EINVAL, NULL);
    if (!passkey_rp())
        return http_problem(req, -SK_ECONFLICT, json_pack("{s:s}", "reason", "passkeys-off"));
    int err = passkey_request_json(NULL, "login", &passkey);
    return err ? http_problem(req, err, NULL)
               : http_json(req, 200, json_pack("{s:o}", "passkey", passkey));
}

/* The passkey was right: user verification stands for a second factor, its possession for one. */
static int passkey_enter(struct http_request *req, int bearer, const char *account,
                         const struct factor_use *use)
{
    struct entering e = {.req = req, .bearer = bearer};
    int err = ledger_account_by_id(account_get()->store, account, &e.row);

    if (err == -SK_ENOTFOUND || (!err && (e.row.disabled || !e.row.password[0])))
        login_refuse(req, &e.row);
    else if (err)
        http_problem(req, err, NULL);
    else
        login_enter(&e, NULL, "", use);
    crypto_wipe(&e, sizeof(e));
    return 0;
}

static int passkey_login(struct http_request *req, const json_t *assertion, int bearer)
{
    static const struct account_row nobody;
    struct throttle *t = account_get()->throttle;
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    uint8_t key[THROTTLE_KEY_BYTES];
    char account[ID_SIZE];
    struct factor_use use = {0};

    prefix_key(key, "passkey", http_principal(req)->source);
    if (throttle_take(t, key, &login_rule_prefix, now_ms, &retry_ms))
        return answer_throttled(req, retry_ms);
    int err = factor_show_passkey(req, assertion, "login", NULL, &use, account);
    if (err == -SK_EAUTH)
        return login_refuse(req, &nobody);
    throttle_give_back(t, key, &login_rule_prefix, now_ms);
    return err ? http_problem(req, err, NULL) : passkey_enter(req, bearer, account, &use);
}

int api_login_passkey(struct http_request *req)
{
    static const char *const members[] = {"passkey", "bearer", NULL};
    json_t *body, *assertion;
    int bearer = 0;

    if (http_body_json(req, &body))
        return 0;
    assertion = json_object_get(body, "passkey");
    if (sk_json_only(body, members) || !json_is_object(assertion) ||
        (sk_json_has(body, "bearer") && sk_json_bool(body, "bearer", &bearer)))
        return http_problem(req, -SK_EINVAL, NULL);
    return passkey_login(req, assertion, bearer);
}
