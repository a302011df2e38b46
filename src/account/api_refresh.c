/* The handlers of refresh tokens. Neither sets nor clears a cookie: whoever loses a race must not
 * take the winner's session away. */
#include <string.h>

#include "account/access.h"
#include "account/mail.h"
#include "account/refresh.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

/* A client with many threads refreshes in bursts; strangers who guess are slowed down. */
static const struct throttle_rule refresh_rule = {.interval_ms = 500, .burst = 240};
/* One session's successors, each a row for a week: one token is good for ten minutes, so that this
 * is far more than anybody needs. */
static const struct throttle_rule family_rule = {.interval_ms = 5000, .burst = 240};

struct proof {
    const char *token;
    int64_t at_ms;
    uint8_t key[REFRESH_KEY_BYTES], sig[REFRESH_SIG_BYTES];
};

static int proof_take(struct http_request *req, json_t **json, struct proof *p, int begin)
{
    static const char *const begin_members[] = {"device_key", "at", "sig", NULL};
    static const char *const members[] = {"token", "at", "sig", NULL};

    if (http_body_json(req, json))
        return -1;
    int err = sk_json_only(*json, begin ? begin_members : members);
    if (!err)
        err = sk_json_int(*json, "at", 0, INT64_C(1) << 52, &p->at_ms);
    if (!err)
        err = sk_json_bin(*json, "sig", p->sig, sizeof(p->sig));
    if (!err)
        err = begin ? sk_json_bin(*json, "device_key", p->key, sizeof(p->key))
                    : sk_json_str(*json, "token", ACCOUNT_TOKEN_SIZE - 1, &p->token);
    if (!err && begin && crypto_p256_check(p->key))
        err = -SK_EINVAL;
    if (err)
        http_problem(req, -SK_EINVAL, NULL);
    return err;
}

static int answer_refused(struct http_request *req)
{
    metric_refused("account", "refresh");
    return http_problem_code(req, 401, "auth-failed",
                             json_pack("{s:I}", "wall", (json_int_t)http_now_ms(req)));
}

static int answer_pair(struct http_request *req, int status, const char *session,
                       const struct refresh_pair *pair)
{
    struct session s;

    if (session_by_id(session, http_now_ms(req), &s))
        return answer_refused(req); /* it ended meanwhile */
    session_touch(session, http_now_ms(req));
    json_t *out = json_pack("{s:{s:s, s:I}, s:s, s:I, s:s}", "session", "id", s.id, "expires",
                            (json_int_t)s.expires, "token", pair->access, "token_expires",
                            (json_int_t)pair->access_expires, "refresh", pair->refresh);
    crypto_wipe(&s, sizeof(s));
    return http_json(req, status, out);
}

int api_refresh_begin(struct http_request *req)
{
    const struct principal *p = http_principal(req);
    const char *authorization = http_authorization(req);
    struct proof proof = {0};
    struct refresh_pair pair = {0};
    struct session self;
    json_t *json = NULL;
    int err;

    if (proof_take(req, &json, &proof, 1) || self_take(req, &self, NULL))
        return 0;
    if (p->by_cookie || strncmp(authorization, "Bearer ", 7) != 0) {
        err = http_problem(req, -SK_EDENIED, NULL);
    } else if (refresh_proof_check(proof.key, authorization + 7, proof.at_ms, proof.sig,
                                   http_now_ms(req))) {
        err = answer_refused(req);
    } else if ((err = refresh_begin(account_get()->store, &self, proof.key, http_now_ms(req),
                                    &pair)) != 0) {
        err = err == -SK_EAUTH ? answer_refused(req) : http_problem(req, err, NULL);
    } else {
        log_info("account", "refresh-begun", "account=%s session=%s", self.account, self.id);
        err = answer_pair(req, 201, self.id, &pair);
    }
    crypto_wipe(&pair, sizeof(pair));
    crypto_wipe(&self, sizeof(self));
    return err;
}

/* A used token came back, or came with another key: somebody else has it. All that this session
 * stands for ends; the person's other devices are left alone. */
static int answer_stolen(struct http_request *req, const char *session)
{
    const struct principal *p = http_principal(req);
    struct session s;

    if (session_by_id(session, http_now_ms(req), &s) == 0) {
        log_warn("account", "refresh-reused", "account=%s session=%s source=%s", s.account, s.id,
                 p->source);
        metric_refused("account", "refresh-reused");
        post_news(LETTER_TOKEN_STOLEN, s.account, "");
        int err = sessions_end(&s, 1, "refresh-reused", p->source, http_now_ms(req));
        if (err) /* it could not be stored: out of the memory at least, and said */
            log_error("account", "refresh-reused", "session=%s reason=\"%s\"", s.id,
                      sk_error_text(err));
    }
    crypto_wipe(&s, sizeof(s));
    return answer_refused(req);
}

/* Refreshing costs the network nothing, unless one session does it without end. */
static void refresh_give_back(const char *session, const uint8_t key[THROTTLE_KEY_BYTES],
                              int64_t mono_ms)
{
    struct throttle *t = account_get()->throttle;
    uint8_t family[THROTTLE_KEY_BYTES];
    int64_t retry_ms;

    family_bucket(family, session);
    if (throttle_take(t, family, &family_rule, mono_ms, &retry_ms) == 0)
        throttle_give_back(t, key, &refresh_rule, mono_ms);
}

int api_refresh(struct http_request *req)
{
    struct proof proof = {0};
    struct refresh_pair pair = {0};
    char session[ID_SIZE];
    uint8_t key[THROTTLE_KEY_BYTES];
    int64_t mono_ms = sk_clock_mono_ms(), retry_ms;
    json_t *json = NULL;

    if (proof_take(req, &json, &proof, 0))
        return 0;
    prefix_key(key, "refresh", http_principal(req)->source);
    if (throttle_take(account_get()->throttle, key, &refresh_rule, mono_ms, &retry_ms)) {
        answer_throttled(req, retry_ms);
    } else {
        int err = refresh_rotate(account_get()->store, proof.token, proof.at_ms, proof.sig,
                                 http_now_ms(req), &pair, session);
        if (!err) {
            refresh_give_back(session, key, mono_ms);
            answer_pair(req, 200, session, &pair);
        } else if (err == -SK_EREPLAY) {
            answer_stolen(req, session);
        } else if (err == -SK_EAUTH) {
            answer_refused(req);
        } else {
            http_problem(req, err, NULL);
        }
    }
    json_secret_wipe(json, "token");
    crypto_wipe(&pair, sizeof(pair));
    return 0;
}
