/* What setup, login and joining have in common: one-time links, passwords, and the session with
 * which somebody enters. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "account/factor.h"
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
void json_secret_wipe(const json_t *body, const char *name)
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

int answer_throttled(struct http_request *req, int64_t retry_ms)
{
    metric_refused("account", "throttled");
    throttled_note(req);
    return http_problem(req, -SK_ELIMIT, json_pack("{s:I}", "retry_ms", (json_int_t)retry_ms));
}

int answer_hash_error(struct http_request *req, int err)
{
    if (err != -SK_EBUSY)
        return http_problem(req, err, NULL);
    metric_refused("account", "hash-busy");
    return http_problem(req, err, json_pack("{s:i}", "retry_ms", BUSY_RETRY_MS));
}

/* ---- entering ---- */

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
void entering_make(struct entering *e)
{
    const struct principal *p = http_principal(e->req);

    session_make(&e->session, e->token, e->row.id, e->bearer, p->source, http_user_agent(e->req),
                 http_now_ms(e->req), e->lifetime_ms ? e->lifetime_ms : account_get()->lifetime_ms);
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

/* The session goes into the table before its commit, though nobody has its token yet: whoever ends
 * all sessions after that commit (a reset, a disabling) finds it there. */
int entering_store(struct entering *e, int (*write)(struct entering *e, void *ctx), void *ctx)
{
    if (session_count() >= SESSIONS_MAX) /* some end with each sweep */
        return -SK_EBUSY;
    session_put(&e->session);
    int err = write(e, ctx);
    if (err)
        session_remove(e->session.id);
    return err;
}

/* It is stored: answer. */
int entering_finish(struct entering *e, int status)
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

/* ---- names and passwords ---- */

/* Letters of any script, signs, inner blanks; no control characters (C0, DEL, C1), no blank at
 * either end. `name` is valid UTF-8. */
int account_name_check(const char *name)
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

static json_t *reasons_json(unsigned reasons)
{
    const char *names[5];
    size_t count = strength_reason_names(reasons, names);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

size_t password_min_points(const char *role)
{
    if (strcmp(role, "member") != 0)
        return PASSWORD_STAFF_MIN_POINTS;
    return factor_is_required(role) ? PASSWORD_FACTOR_MIN_POINTS : PASSWORD_MEMBER_MIN_POINTS;
}

static void judge(const char *name, const char *role, const char *password, struct strength *out)
{
    const struct strength_context ctx = {
        .name = name,
        .host = edge_host(),
        .min_points = password_min_points(role),
        .is_listed = weak_list_has,
    };

    strength_judge(password, strlen(password), &ctx, out);
}

int answer_strength(struct http_request *req, const char *name, const char *role,
                    const char *password)
{
    struct strength s;

    judge(name, role, password, &s);
    return http_json(req, 200,
                     json_pack("{s:i, s:f, s:o, s:i}", "score", s.score, "guesses_log10",
                               round(s.guesses_log10 * 100) / 100, "reasons",
                               reasons_json(s.reasons), "min", (int)password_min_points(role)));
}

int password_judge(struct http_request *req, const char *name, const char *role,
                   const char *password)
{
    struct strength s;

    judge(name, role, password, &s);
    if (!s.reasons)
        return 0;
    http_problem_code(req, 422, "weak-password",
                      json_pack("{s:o, s:i}", "reasons", reasons_json(s.reasons), "min",
                                (int)password_min_points(role)));
    return -SK_EINVAL;
}

/* ---- one-time links ---- */

static int link_body_parse(struct link_body *b, enum link_form form)
{
    static const char *const members[] = {"token", "name", "password", "bearer", NULL};
    static const char *const no_bearer[] = {"token", "name", "password", NULL};
    static const char *const token_only[] = {"token", NULL};
    static const char *const no_name[] = {"token", "password", NULL};
    static const char *const *const of_form[] = {[LINK_TOKEN] = token_only,
                                                 [LINK_PASSWORD] = no_name,
                                                 [LINK_PERSON] = no_bearer,
                                                 [LINK_PERSON_BEARER] = members};
    int err = sk_json_only(b->json, of_form[form]);

    if (!err)
        err = sk_json_str(b->json, "token", 256, &b->token);
    if (err || form == LINK_TOKEN)
        return err;
    if (form != LINK_PASSWORD)
        err = sk_json_str(b->json, "name", NAME_MAX_BYTES, &b->name);
    if (!err)
        err = sk_json_str(b->json, "password", 4 * PASSWORD_MAX_BYTES, &b->password);
    if (!err && sk_json_has(b->json, "bearer"))
        err = sk_json_bool(b->json, "bearer", &b->bearer);
    return err;
}

int link_body_take(struct http_request *req, struct link_body *b, enum link_form form,
                   const char *what,
                   int (*check)(void *ctx, const uint8_t hash[32], int64_t now_ms), void *ctx)
{
    uint8_t key[THROTTLE_KEY_BYTES];
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    struct throttle *t = account_get()->throttle;

    *b = (struct link_body){0};
    if (http_body_json(req, &b->json))
        return -1;
    if (link_body_parse(b, form)) {
        http_problem(req, -SK_EINVAL, NULL);
        return -1;
    }
    prefix_key(key, what, http_principal(req)->source);
    if (throttle_take(t, key, &login_rule_prefix, now_ms, &retry_ms)) {
        answer_throttled(req, retry_ms);
        return -1;
    }
    int err = token_hash(b->hash, b->token) ? -SK_EGONE : check(ctx, b->hash, http_now_ms(req));
    if (err == -SK_EGONE)
        metric_refused("account", "one-time-link");
    else
        throttle_give_back(t, key, &login_rule_prefix, now_ms);
    if (err)
        http_problem(req, err, NULL);
    return err;
}

void link_body_wipe(struct link_body *b)
{
    json_secret_wipe(b->json, "password");
    json_secret_wipe(b->json, "token");
    crypto_wipe(b->hash, sizeof(b->hash));
}
