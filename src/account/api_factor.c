/* The handlers of a person's own factors: time codes, recovery codes, and showing one again before
 * an act that a stolen session must not do. */
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
#include "edge/edge.h"

enum { BOUND_SIZE = 64 };

/* ---- fresh or not ---- */

static int is_fresh(const struct session *s, int64_t now_ms)
{
    return now_ms >= s->proved && now_ms - s->proved < account_get()->fresh_ms;
}

/* What this account may show: the password, and what it has. */
static unsigned shown_kinds(const char *account)
{
    unsigned kinds = FACTOR_PASSWORD | (factor_kinds(account) & (FACTOR_TOTP | FACTOR_PASSKEY));

    return passkey_rp() ? kinds : kinds & ~(unsigned)FACTOR_PASSKEY;
}

int fresh_take(struct http_request *req, const struct session *s)
{
    if (is_fresh(s, http_now_ms(req)))
        return 0;
    metric_refused("account", "not-fresh");
    http_problem_code(req, 403, "reauth",
                      json_pack("{s:o}", "kinds", factor_kinds_json(shown_kinds(s->account))));
    return -SK_EDENIED;
}

static void reauth_bound(char out[BOUND_SIZE], const struct session *s)
{
    memcpy(out, "reauth:", 7);
    memcpy(out + 7, s->id, ID_SIZE);
}

int api_reauth_request(struct http_request *req)
{
    char bound[BOUND_SIZE];
    struct session s;
    json_t *body, *passkey = NULL;

    if (http_body_json(req, &body) || self_take(req, &s, NULL))
        return 0;
    unsigned kinds = shown_kinds(s.account);
    reauth_bound(bound, &s);
    int err = json_object_size(body) ? -SK_EINVAL : 0;
    if (!err && kinds & FACTOR_PASSKEY)
        err = passkey_request_json(s.account, bound, &passkey);
    crypto_wipe(&s, sizeof(s));
    if (err)
        return http_problem(req, err, NULL);
    json_t *out = json_pack("{s:o}", "kinds", factor_kinds_json(kinds));
    if (passkey)
        json_object_set_new(out, "passkey", passkey);
    return http_json(req, 200, out);
}

/* A stolen session must not guess faster than a stranger at the login: one bucket for whatever is
 * shown inside a session, the password's own. */
static int guess_admit(struct http_request *req, const char *account,
                       uint8_t key[THROTTLE_KEY_BYTES])
{
    int64_t retry_ms;

    prefix_key(key, account, http_principal(req)->source);
    int err = throttle_take(account_get()->throttle, key, &login_rule_unknown, sk_clock_mono_ms(),
                            &retry_ms);
    if (err)
        answer_throttled(req, retry_ms);
    return err;
}

static void guess_give_back(const uint8_t key[THROTTLE_KEY_BYTES])
{
    throttle_give_back(account_get()->throttle, key, &login_rule_unknown, sk_clock_mono_ms());
}

/* -SK_EAUTH: not right. */
static int password_show(const struct account_row *a, const char *password)
{
    int matches = 0, stale;
    int err = hash_check(a->password, password, strlen(password), &matches, &stale);

    return err ? err : matches ? 0 : -SK_EAUTH;
}

static int wrong(struct http_request *req, const char *account)
{
    const struct principal *p = http_principal(req);

    metric_refused("account", "reauth");
    audit_note(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "account", .actor = p->account,
                     .session = p->session, .action = "factor.shown", .object_kind = "account",
                     .object = account, .result = "refused", .source = p->source));
    return http_problem_code(req, 401, "auth-failed", NULL);
}

/* Answers what went wrong; 0 when nothing did. */
static int guess_done(struct http_request *req, const char *account, int err,
                      const uint8_t key[THROTTLE_KEY_BYTES])
{
    if (err == -SK_EAUTH) {
        wrong(req, account);
        return err;
    }
    guess_give_back(key);
    if (err)
        answer_hash_error(req, err);
    return err;
}

static int factor_show_and_spend(struct http_request *req, const struct session *s,
                                 const json_t *body)
{
    struct actor by = actor_of(req);
    struct factor_shown shown;
    struct factor_use use;
    char bound[BOUND_SIZE];

    if (factor_shown_parse(body, 0, &shown))
        return -SK_EINVAL;
    reauth_bound(bound, s);
    int err = factor_show(req, s->account, &shown, bound, &use);
    if (!err)
        err = factor_prove(account_get()->store, &by, &use);
    crypto_wipe(&use, sizeof(use));
    return err;
}

static int reauth_do(struct http_request *req, const struct session *s, const struct account_row *a,
                     const json_t *body)
{
    static const char *const members[] = {"password", "totp", "passkey", NULL};
    uint8_t key[THROTTLE_KEY_BYTES];
    const char *password = NULL;
    int by_password = sk_json_has(body, "password");

    if (sk_json_only(body, members) ||
        (by_password && (json_object_size(body) != 1 ||
                         sk_json_str(body, "password", PASSWORD_MAX_BYTES, &password))))
        return http_problem(req, -SK_EINVAL, NULL);
    if (guess_admit(req, a->id, key))
        return 0;
    int err = by_password ? password_show(a, password) : factor_show_and_spend(req, s, body);
    if (guess_done(req, a->id, err, key))
        return 0;
    session_prove(s->id, http_now_ms(req));
    return http_json(req, 200,
                     json_pack("{s:I}", "fresh_until",
                               (json_int_t)(http_now_ms(req) + account_get()->fresh_ms)));
}

int api_reauth(struct http_request *req)
{
    struct session s;
    struct account_row a;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &s, &a))
        return 0;
    reauth_do(req, &s, &a, body);
    json_secret_wipe(body, "password");
    json_secret_wipe(body, "totp");
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

/* ---- what I have ---- */

json_t *passkey_json(const struct passkey_row *p)
{
    json_t *v = json_object();

    sk_json_set_str(v, "id", p->id);
    sk_json_set_str(v, "name", p->name);
    sk_json_set_int(v, "created", p->created);
    if (p->last_used)
        sk_json_set_int(v, "last_used", p->last_used);
    sk_json_set_bool(v, "backed_up", p->backed_up);
    return v;
}

static void passkey_list_add(void *ctx, const struct passkey_row *p)
{
    json_array_append_new(ctx, passkey_json(p));
}

static json_t *factors_json(const struct factors *f, json_t *passkeys, const struct account_row *a,
                            const struct session *s)
{
    json_t *out = json_object(), *recovery = json_object(), *offer = json_object();

    if (f->kinds & FACTOR_TOTP)
        json_object_set_new(out, "totp", json_pack("{s:I}", "since", (json_int_t)f->totp_since));
    sk_json_set_int(recovery, "left", f->recovery_left);
    if (f->recovery_left)
        sk_json_set_int(recovery, "made", f->recovery_made);
    json_object_set_new(out, "recovery", recovery);
    json_object_set_new(out, "passkeys", passkeys);
    sk_json_set_str(offer, "rp", edge_host());
    sk_json_set_bool(offer, "passkeys", passkey_rp() != NULL);
    json_object_set_new(out, "offer", offer);
    sk_json_set_bool(out, "required", factor_is_required(a->role));
    sk_json_set_int(out, "fresh_until", s->proved + account_get()->fresh_ms);
    return out;
}

int api_factors(struct http_request *req)
{
    struct session s;
    struct account_row a;
    struct factors f = {0};
    json_t *passkeys;

    if (self_take(req, &s, &a))
        return 0;
    passkeys = json_array();
    int err = factors_read(account_get()->store, a.id, &f);
    if (!err)
        err = passkeys_each(account_get()->store, a.id, passkey_list_add, passkeys);
    if (err) {
        json_decref(passkeys);
        http_problem(req, err, NULL);
    } else {
        http_json(req, 200, factors_json(&f, passkeys, &a, &s));
    }
    crypto_wipe(&f, sizeof(f));
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

/* ---- recovery codes ---- */

json_t *recovery_codes_make(const char *account, uint8_t hashes[RECOVERY_CODES][32])
{
    json_t *list = json_array();
    char code[RECOVERY_SIZE];

    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        recovery_make(code, account, hashes[i]);
        json_array_append_new(list, json_string(code));
    }
    crypto_wipe(code, sizeof(code));
    return list;
}

/* A request with an empty body in a fresh session; not 0: answered. */
static int fresh_empty_take(struct http_request *req, struct session *s, struct account_row *a)
{
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, s, a))
        return -SK_EINVAL;
    if (json_object_size(body)) {
        http_problem(req, -SK_EINVAL, NULL);
        return -SK_EINVAL;
    }
    return fresh_take(req, s);
}

int api_recovery(struct http_request *req)
{
    struct actor by = actor_of(req);
    uint8_t hashes[RECOVERY_CODES][32];
    struct session s;
    struct account_row a;

    if (fresh_empty_take(req, &s, &a))
        return 0;
    json_t *codes = recovery_codes_make(a.id, hashes);
    int err = recovery_set(account_get()->store, &by, (const uint8_t(*)[32])hashes);
    if (err) {
        json_decref(codes);
        http_problem(req, err,
                     err == -SK_ECONFLICT ? json_pack("{s:s}", "reason", "no-factor") : NULL);
    } else {
        factors_refresh(a.id);
        http_json(req, 201, json_pack("{s:o}", "codes", codes));
    }
    crypto_wipe(hashes, sizeof(hashes));
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

/* ---- time codes ---- */

int api_totp_begin(struct http_request *req)
{
    uint8_t secret[TOTP_SECRET_BYTES];
    char text[SK_B32_SIZE(TOTP_SECRET_BYTES)], uri[TOTP_URI_SIZE];
    struct session s;
    struct account_row a;

    if (fresh_empty_take(req, &s, &a))
        return 0;
    sk_random(secret, sizeof(secret));
    enrol_put(s.id, secret, sk_clock_mono_ms());
    totp_secret_text(text, secret);
    totp_uri(uri, edge_host(), a.name, secret);
    http_json(req, 201,
              json_pack("{s:s, s:s, s:I}", "secret", text, "uri", uri, "expires",
                        (json_int_t)(http_now_ms(req) + TOTP_ENROL_MS)));
    crypto_wipe(secret, sizeof(secret));
    crypto_wipe(text, sizeof(text));
    crypto_wipe(uri, sizeof(uri));
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}

/* The code was right: the app has the secret. With the first factor come recovery codes. */
static int totp_switch_on(struct http_request *req, const struct session *s,
                          const uint8_t secret[TOTP_SECRET_BYTES], int64_t step)
{
    struct actor by = actor_of(req);
    uint8_t hashes[RECOVERY_CODES][32], sealed[TOTP_SEALED_BYTES];
    struct factors f;
    int err = factors_read(account_get()->store, s->account, &f);

    if (!err)
        err = totp_seal(sealed, secret, s->account);
    json_t *codes = err || f.recovery_left ? json_array() : recovery_codes_make(s->account, hashes);
    if (!err)
        err = totp_add(account_get()->store, &by, sealed, step,
                       f.recovery_left ? NULL : (const uint8_t(*)[32])hashes);
    crypto_wipe(hashes, sizeof(hashes));
    crypto_wipe(&f, sizeof(f));
    if (err) {
        json_decref(codes);
        return http_problem(req, err, NULL);
    }
    enrol_drop(s->id);
    factors_refresh(s->account);
    log_info("account", "factor-added", "account=%s kind=totp source=%s", s->account, by.source);
    return http_json(req, 200, json_pack("{s:o}", "codes", codes));
}

int api_totp_confirm(struct http_request *req)
{
    static const char *const members[] = {"code", NULL};
    uint8_t secret[TOTP_SECRET_BYTES], key[THROTTLE_KEY_BYTES];
    const char *code;
    struct session s;
    json_t *body;
    int64_t step;

    if (http_body_json(req, &body) || self_take(req, &s, NULL))
        return 0;
    if (sk_json_only(body, members) || sk_json_str(body, "code", 64, &code)) {
        http_problem(req, -SK_EINVAL, NULL);
    } else if (enrol_get(s.id, secret, sk_clock_mono_ms())) {
        http_problem(req, -SK_EGONE, NULL);
    } else if (!guess_admit(req, s.account, key)) {
        int err = totp_check(secret, code, http_now_ms(req), 0, &step);
        if (!guess_done(req, s.account, err, key))
            totp_switch_on(req, &s, secret, step);
    }
    crypto_wipe(secret, sizeof(secret));
    crypto_wipe(&s, sizeof(s));
    return 0;
}

static int totp_switch_off(struct http_request *req, const struct account_row *a)
{
    struct actor by = actor_of(req);
    int err = totp_remove(account_get()->store, &by, factor_is_required(a->role));

    if (err)
        return http_problem(req, err,
                            err == -SK_ECONFLICT ? json_pack("{s:s}", "reason", "required") : NULL);
    factors_refresh(a->id);
    log_info("account", "factor-removed", "account=%s kind=totp source=%s", a->id, by.source);
    return http_empty(req, 204);
}

/* The password is asked each time, whatever was shown before. */
int api_totp_off(struct http_request *req)
{
    static const char *const members[] = {"password", NULL};
    uint8_t key[THROTTLE_KEY_BYTES];
    const char *password;
    struct session s;
    struct account_row a;
    json_t *body;

    if (http_body_json(req, &body) || self_take(req, &s, &a))
        return 0;
    if (sk_json_only(body, members) ||
        sk_json_str(body, "password", PASSWORD_MAX_BYTES, &password)) {
        http_problem(req, -SK_EINVAL, NULL);
    } else if (!guess_admit(req, a.id, key)) {
        if (!guess_done(req, a.id, password_show(&a, password), key))
            totp_switch_off(req, &a);
    }
    json_secret_wipe(body, "password");
    crypto_wipe(&s, sizeof(s));
    crypto_wipe(&a, sizeof(a));
    return 0;
}
