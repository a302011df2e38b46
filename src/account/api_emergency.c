/* The handlers of the sealed emergency login. */
#include <stdlib.h>
#include <string.h>

#include "account/approval.h"
#include "account/factor.h"
#include "account/gate.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

enum { CODE_TYPED_MAX = 128 };

static int is_of_home(const struct http_request *req)
{
    return strcmp(http_principal(req)->organization, ORGANIZATION_HOME) == 0;
}

int api_emergency(struct http_request *req)
{
    const struct principal *p = http_principal(req);
    int64_t until = emergency_until(http_now_ms(req));
    struct emergency_seal seal;

    if (!is_of_home(req))
        return http_problem(req, -SK_ENOTFOUND, NULL);
    json_t *out = json_pack("{s:b}", "open", until != 0);
    if (until)
        sk_json_set_int(out, "until", until);
    int err = account_may(p->account, "organization.manage")
                  ? emergency_seal_read(account_get()->store, &seal)
                  : -SK_ENOTFOUND;
    if (!err) {
        json_t *v = json_object();
        sk_json_set_int(v, "made", seal.made);
        sk_json_set_str(v, "by", seal.made_by);
        if (seal.used)
            sk_json_set_int(v, "used", seal.used);
        json_object_set_new(out, "seal", v);
    }
    if (!err || err == -SK_ENOTFOUND)
        return http_json(req, 200, out);
    json_decref(out);
    return http_problem(req, err, NULL);
}

/* Owners of home, but not whoever came in by the code itself: one opening must not lead to the
 * next. 0, or answered. */
static int keeper_check(struct http_request *req)
{
    if (!is_of_home(req))
        return http_problem(req, -SK_ENOTFOUND, NULL), -1;
    if (!account_is_emergency(http_principal(req)->account))
        return 0;
    metric_refused("account", "emergency");
    http_problem(req, -SK_EDENIED, json_pack("{s:s}", "reason", "emergency"));
    return -1;
}

int api_emergency_seal(struct http_request *req)
{
    struct actor by = actor_of(req);
    char code[EMERGENCY_CODE_SIZE];
    uint8_t hash[32];
    struct session self;
    json_t *body;

    if (http_body_json(req, &body) || keeper_check(req) || self_take(req, &self, NULL))
        return 0;
    int stale = fresh_take(req, &self);
    crypto_wipe(&self, sizeof(self));
    if (stale)
        return 0;
    if (json_object_size(body))
        return http_problem(req, -SK_EINVAL, NULL);
    emergency_code_make(code, hash);
    int err = emergency_seal_set(account_get()->store, &by, hash);
    if (err) {
        http_problem(req, err, NULL);
    } else {
        log_warn("account", "emergency-sealed", "by=%s", by.account);
        access_changed(account_get()->store, EMERGENCY_ACCOUNT, by.now_ms);
        http_json(req, 201, json_pack("{s:s}", "code", code));
    }
    crypto_wipe(code, sizeof(code));
    return 0;
}

int api_emergency_end(struct http_request *req)
{
    struct actor by = actor_of(req);

    if (keeper_check(req))
        return 0;
    int err = emergency_seal_end(account_get()->store, &by);
    if (err)
        return http_problem(req, err, NULL);
    log_warn("account", "emergency-ended", "by=%s", by.account);
    emergency_sessions_end(by.source, by.now_ms);
    return http_empty(req, 204);
}

/* ---- opening ---- */

static int open_store(struct entering *e, void *ctx)
{
    return emergency_open(account_get()->store, ctx, &e->entry);
}

static int wrong_answer(struct http_request *req)
{
    metric_refused("account", "emergency-code");
    audit_note(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "nobody",
                     .action = "emergency.opened", .object_kind = "account",
                     .object = EMERGENCY_ACCOUNT, .result = "refused",
                     .source = http_principal(req)->source));
    return http_problem_code(req, 401, "auth-failed", NULL);
}

static int open_do(struct http_request *req, uint8_t hash[32])
{
    struct entering e = {.req = req, .lifetime_ms = EMERGENCY_SESSION_MS};
    int err = ledger_account_by_id(account_get()->store, EMERGENCY_ACCOUNT, &e.row);

    if (err == -SK_ENOTFOUND) /* none was ever sealed: the same answer, by the same store */
        err = -SK_EAUTH;
    if (!err) {
        entering_make(&e);
        e.entry.browser = NULL; /* a browser that the code was typed in is no known one */
        e.entry.browser_is_new = 0;
        err = entering_store(&e, open_store, hash);
    }
    if (!err) {
        emergency_opened(&e.session);
        entering_finish(&e, 200);
    }
    crypto_wipe(&e, sizeof(e));
    return err;
}

int api_emergency_open(struct http_request *req)
{
    static const char *const members[] = {"code", NULL};
    struct throttle *t = account_get()->throttle;
    uint8_t key[THROTTLE_KEY_BYTES], hash[32];
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    const char *code;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    prefix_key(key, "emergency", http_principal(req)->source);
    if (sk_json_only(body, members) || sk_json_str(body, "code", CODE_TYPED_MAX, &code)) {
        http_problem(req, -SK_EINVAL, NULL);
    } else if (throttle_take(t, key, &login_rule_prefix, now_ms, &retry_ms)) {
        answer_throttled(req, retry_ms);
    } else {
        int err = emergency_code_hash(hash, code) ? -SK_EAUTH : open_do(req, hash);
        if (err == -SK_EAUTH)
            wrong_answer(req);
        else if (err)
            http_problem(req, err, NULL);
        else
            throttle_give_back(t, key, &login_rule_prefix, now_ms);
    }
    crypto_wipe(hash, sizeof(hash));
    json_secret_wipe(body, "code");
    return 0;
}
