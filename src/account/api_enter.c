/* The handlers by which somebody enters: setup and login. Each checks what is cheap first and
 * hashes a password only when everything else was right. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/internal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/metrics.h"
#include "crypto/wipe.h"
#include "edge/edge.h"

enum { BUSY_RETRY_MS = 1000, BROWSER_COOKIE_S = 400 * 24 * 3600 };

/* The string of a parsed body is our only copy of a secret outside the raw body: blank it. */
static void json_secret_wipe(const json_t *body, const char *name)
{
    json_t *s = json_object_get(body, name);

    if (json_is_string(s))
        crypto_wipe((char *)(uintptr_t)json_string_value(s), json_string_length(s));
}

/* One row a minute and network: a stranger's flood must not become ours. */
static void throttled_note(const struct http_request *req)
{
    static const struct throttle_rule once_a_minute = {60000, 1};
    const struct principal *p = http_principal(req);
    uint8_t key[THROTTLE_KEY_BYTES];
    int64_t retry_ms;

    prefix_key(key, "throttled-note", p->source);
    if (throttle_take(account_get()->throttle, key, &once_a_minute, sk_clock_mono_ms(), &retry_ms))
        return;
    audit_note(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "nobody", .action = "session.login",
                     .result = "throttled", .source = p->source));
}

static int answer_throttled(struct http_request *req, int64_t retry_ms)
{
    metric_refused("account", "throttled");
    throttled_note(req);
    return http_problem(req, -SK_ELIMIT, json_pack("{s:I}", "retry_ms", (json_int_t)retry_ms));
}

static int answer_hash_error(struct http_request *req, int err)
{
    if (err != -SK_EBUSY)
        return http_problem(req, err, NULL);
    metric_refused("account", "hash-busy");
    return http_problem(req, err, json_pack("{s:i}", "retry_ms", BUSY_RETRY_MS));
}

/* ---- entering: what setup and login have in common ---- */

struct entering {
    struct http_request *req;
    struct account_row row;
    int bearer;
    struct session session;
    char token[ACCOUNT_TOKEN_SIZE];
    struct browser browser;
    char browser_token[ACCOUNT_TOKEN_SIZE];
    char surplus[ID_SIZE];
    struct entry entry;
};

static void entering_browser(struct entering *e)
{
    const struct principal *p = http_principal(e->req);

    if (browser_by_id(p->browser, &e->browser) || strcmp(e->browser.account, e->row.id) != 0) {
        e->browser = (struct browser){0};
        id_make(e->browser.id);
        token_make(e->browser_token, e->browser.token_hash);
        memcpy(e->browser.account, e->row.id, sizeof(e->browser.account));
        e->entry.browser_is_new = 1;
        if (browser_surplus(e->row.id, e->surplus))
            e->entry.browser_surplus = e->surplus;
    }
    e->browser.last_login = http_now_ms(e->req);
    e->entry.browser = &e->browser;
}

/* Make the new session, and mark the browser's former one as ended: a browser holds one, and gets
 * a new id whenever somebody enters. */
static void entering_make(struct entering *e)
{
    const struct principal *p = http_principal(e->req);

    session_make(&e->session, e->token, e->row.id, e->bearer, p->source, http_user_agent(e->req),
                 http_now_ms(e->req), account_get()->lifetime_ms);
    e->entry.session = &e->session;
    e->entry.now_ms = http_now_ms(e->req);
    if (!e->bearer) {
        entering_browser(e);
        if (p->kind == PRINCIPAL_ACCOUNT && p->by_cookie)
            e->entry.ended = p->session;
    }
}

static void former_session_end(const struct entering *e)
{
    const struct principal *p = http_principal(e->req);
    const struct event ev = {
        .kind = EVENT_SESSION_ENDED,
        .account = p->account,
        .session = p->session,
        .detail = "replaced",
        .wall_ms = e->entry.now_ms,
    };

    if (e->entry.ended && session_remove(e->entry.ended))
        event_publish(&ev);
}

/* Store it all. The session goes into the table before its commit, though nobody has its token
 * yet: whoever ends all sessions after that commit (a reset) finds it there. `setup_hash` NULL: a
 * login. */
static int entering_store(struct entering *e, const uint8_t *setup_hash)
{
    struct store *s = account_get()->store;

    session_put(&e->session);
    int err =
        setup_hash ? ledger_setup(s, setup_hash, &e->row, &e->entry) : ledger_login(s, &e->entry);
    if (err)
        session_remove(e->session.id);
    return err;
}

/* It is stored: answer. */
static int entering_finish(struct entering *e, int status)
{
    char age[32];

    if (e->entry.browser_surplus)
        browser_remove(e->surplus);
    if (e->entry.browser)
        browser_put(&e->browser);
    former_session_end(e);
    log_info("account", "entered", "account=%s session=%s source=%s bearer=%d", e->row.id,
             e->session.id, e->session.source, e->bearer);
    if (!e->bearer)
        cookie_give(e->req, "__Host-skep", e->token, "");
    if (e->entry.browser_is_new) {
        snprintf(age, sizeof(age), "; Max-Age=%d", BROWSER_COOKIE_S);
        cookie_give(e->req, "__Host-skep-device", e->browser_token, age);
    }
    return http_json(e->req, status, session_json(&e->row, &e->session, e->token));
}

/* ---- setup ---- */

int api_setup_get(struct http_request *req)
{
    uint8_t hash[32];
    char shown[HTTP_FINGERPRINT_SIZE];
    json_t *out;
    int needed;
    int err = setup_is_needed(account_get()->store, &needed);

    if (err)
        return http_problem(req, err, NULL);
    out = json_object();
    edge_certificate_fingerprint(hash);
    http_fingerprint_text(shown, hash);
    sk_json_set_bool(out, "needed", needed);
    sk_json_set_str(out, "fingerprint", shown);
    sk_json_set_bin(out, "fingerprint_raw", hash, sizeof(hash));
    sk_json_set_str(out, "host", edge_host());
    return http_json(req, 200, out);
}

/* Letters of any script, signs, inner blanks; no control characters (C0, DEL, C1), no blank at
 * either end. `name` is valid UTF-8. */
static int name_check(const char *name)
{
    size_t len = strlen(name), points = sk_utf8_count(name, len);

    if (points < 1 || points > NAME_MAX_POINTS || name[0] == ' ' || name[len - 1] == ' ')
        return -SK_EINVAL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)name[i + 1] < 0xa0))
            return -SK_EINVAL;
    }
    return 0;
}

struct setup_body {
    json_t *json;
    const char *token, *name, *password;
    uint8_t hash[32];
};

/* Parse, and see that the link still holds. Not 0: answered. Wrong links are counted against the
 * network they come from. */
static int setup_body_take(struct http_request *req, struct setup_body *b)
{
    static const char *const members[] = {"token", "name", "password", NULL};
    uint8_t key[THROTTLE_KEY_BYTES];
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    struct throttle *t = account_get()->throttle;

    *b = (struct setup_body){0};
    if (http_body_json(req, &b->json))
        return -1;
    if (sk_json_only(b->json, members) || sk_json_str(b->json, "token", 256, &b->token) ||
        sk_json_str(b->json, "name", NAME_MAX_BYTES, &b->name) ||
        sk_json_str(b->json, "password", 4 * PASSWORD_MAX_BYTES, &b->password)) {
        http_problem(req, -SK_EINVAL, NULL);
        return -1;
    }
    prefix_key(key, "setup", http_principal(req)->source);
    if (throttle_take(t, key, &login_rule_prefix, now_ms, &retry_ms)) {
        answer_throttled(req, retry_ms);
        return -1;
    }
    int err = token_hash(b->hash, b->token)
                  ? -SK_EGONE
                  : ledger_setup_token_check(account_get()->store, b->hash, http_now_ms(req));
    if (err == -SK_EGONE)
        metric_refused("account", "setup-link");
    else
        throttle_give_back(t, key, &login_rule_prefix, now_ms);
    if (err)
        http_problem(req, err, NULL);
    return err;
}

static void setup_body_wipe(struct setup_body *b)
{
    json_secret_wipe(b->json, "password");
    json_secret_wipe(b->json, "token");
    crypto_wipe(b->hash, sizeof(b->hash));
}

static json_t *reasons_json(unsigned reasons)
{
    const char *names[5];
    size_t count = strength_reason_names(reasons, names);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

static void setup_judge(const struct setup_body *b, struct strength *out)
{
    const struct strength_context ctx = {b->name, edge_host(), weak_list_has, NULL};

    strength_judge(b->password, strlen(b->password), &ctx, out);
}

int api_setup_strength(struct http_request *req)
{
    struct setup_body b;
    struct strength s;

    if (!setup_body_take(req, &b)) {
        setup_judge(&b, &s);
        http_json(req, 200,
                  json_pack("{s:i, s:f, s:o}", "score", s.score, "guesses_log10",
                            round(s.guesses_log10 * 100) / 100, "reasons",
                            reasons_json(s.reasons)));
    }
    setup_body_wipe(&b);
    return 0;
}

/* Name and password are good: hash, write the owner, enter. */
static int setup_do(struct http_request *req, const struct setup_body *b)
{
    struct entering e = {.req = req};
    int err = ledger_owner(account_get()->store, &e.row);

    if (err == -SK_ENOTFOUND) {
        id_make(e.row.id);
        err = sk_copy(e.row.role, sizeof(e.row.role), "owner");
        if (!err)
            err = sk_copy(e.row.theme, sizeof(e.row.theme), "auto");
    }
    if (!err)
        err = sk_copy(e.row.name, sizeof(e.row.name), b->name);
    if (!err)
        err = hash_make(b->password, strlen(b->password), e.row.password);
    if (!err) {
        entering_make(&e);
        err = entering_store(&e, b->hash);
    }
    if (err) {
        answer_hash_error(req, err);
    } else {
        owner_set(e.row.id);
        log_info("account", "setup", "account=%s source=%s", e.row.id, http_principal(req)->source);
        entering_finish(&e, 201);
    }
    crypto_wipe(&e, sizeof(e));
    return 0;
}

int api_setup_post(struct http_request *req)
{
    struct setup_body b;
    struct strength s;

    if (!setup_body_take(req, &b)) {
        setup_judge(&b, &s);
        if (name_check(b.name))
            http_problem(req, -SK_EINVAL, NULL);
        else if (s.reasons)
            http_problem_code(req, 422, "weak-password",
                              json_pack("{s:o}", "reasons", reasons_json(s.reasons)));
        else
            setup_do(req, &b);
    }
    setup_body_wipe(&b);
    return 0;
}

/* ---- login ---- */

struct login_body {
    const char *name, *password;
    int bearer;
};

static int login_body_take(struct http_request *req, json_t **json, struct login_body *b)
{
    static const char *const members[] = {"name", "password", "bearer", NULL};

    if (http_body_json(req, json))
        return -1;
    if (sk_json_only(*json, members) || sk_json_str(*json, "name", NAME_MAX_BYTES, &b->name) ||
        sk_json_str(*json, "password", PASSWORD_MAX_BYTES, &b->password) ||
        (sk_json_has(*json, "bearer") && sk_json_bool(*json, "bearer", &b->bearer))) {
        http_problem(req, -SK_EINVAL, NULL);
        return -1;
    }
    return 0;
}

/* One answer for every wrong pair: it does not say which half was wrong. */
static int login_refuse(struct http_request *req, const struct account_row *row)
{
    metric_refused("account", "login");
    log_warn("account", "login-refused", "account=%s source=%s", row->id[0] ? row->id : "-",
             http_principal(req)->source);
    audit_note(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "nobody", .action = "session.login",
                     .object_kind = "account", .object = row->id, .result = "refused",
                     .source = http_principal(req)->source));
    return http_problem_code(req, 401, "auth-failed", NULL);
}

static int session_of_account(void *ctx, const struct session *s)
{
    return strcmp(s->account, ctx) == 0;
}

/* Scripts that log in and never log out: the oldest session makes room. */
static int sessions_bound(const char *account, int64_t now_ms)
{
    size_t count;
    struct session *list = session_list(session_of_account, (void *)(uintptr_t)account, &count);
    int err = count >= SESSIONS_PER_ACCOUNT_MAX
                  ? sessions_end(list, count - SESSIONS_PER_ACCOUNT_MAX + 1, "session-surplus", "",
                                 now_ms)
                  : 0;

    crypto_wipe(list, count * sizeof(*list));
    free(list);
    return err;
}

/* The password was right. */
static int login_enter(struct entering *e, const char *password, int stale)
{
    char fresh[PHC_SIZE];
    int err = sessions_bound(e->row.id, http_now_ms(e->req));

    entering_make(e);
    e->entry.checked = e->row.password;
    if (!err && stale && !hash_make(password, strlen(password), fresh))
        e->entry.rehash = fresh;
    if (!err)
        err = entering_store(e, NULL);
    crypto_wipe(fresh, sizeof(fresh));
    if (err == -SK_EAUTH)
        return login_refuse(e->req, &e->row);
    return err ? http_problem(e->req, err, NULL) : entering_finish(e, 200);
}

static int login_do(struct http_request *req, const struct login_body *b)
{
    struct throttle *t = account_get()->throttle;
    struct entering e = {.req = req, .bearer = b->bearer};
    struct browser browser = {0};
    struct login_try try;
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    int matches = 0, stale = 0;
    int err = ledger_account_by_name(account_get()->store, b->name, &e.row);

    if (err && err != -SK_ENOTFOUND)
        return http_problem(req, err, NULL);
    if (browser_by_id(http_principal(req)->browser, &browser) ||
        strcmp(browser.account, e.row.id) != 0)
        browser.id[0] = '\0';
    if (login_admit(t, b->name, browser.id, http_principal(req)->source, now_ms, &try, &retry_ms)) {
        answer_throttled(req, retry_ms);
    } else if ((err = hash_check(e.row.password, b->password, strlen(b->password), &matches,
                                 &stale)) == -SK_EBUSY) {
        login_undecided(t, &try, now_ms);
        answer_hash_error(req, err);
    } else if (err || !matches) {
        if (err)
            log_error("account", "hash-check", "account=%s reason=\"%s\"", e.row.id,
                      sk_error_text(err));
        login_refuse(req, &e.row);
    } else {
        login_succeeded(t, &try, now_ms);
        login_enter(&e, b->password, stale);
    }
    crypto_wipe(&e, sizeof(e));
    return 0;
}

int api_login(struct http_request *req)
{
    struct login_body b = {0};
    json_t *json = NULL;

    if (!login_body_take(req, &json, &b))
        login_do(req, &b);
    json_secret_wipe(json, "password");
    return 0;
}
