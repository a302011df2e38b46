/* The handlers: away to the provider, back from it, and what it says behind the browser's back. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/abuse.h"
#include "core/audit.h"
#include "core/metrics.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"
#include "sso/internal.h"

enum {
    CHANCE_BYTES = 32,
    CHANCE_SIZE = 44,
    PENDING_CLEAR = 3 * CHANCE_BYTES + 8, /* state, nonce, verifier, end */
    PENDING_BYTES = CRYPTO_GCM_NONCE_BYTES + PENDING_CLEAR + CRYPTO_GCM_TAG_BYTES,
    PENDING_MS = 10 * 60 * 1000,
    AT_ONCE_MAX = 2, /* callbacks under way: each holds a worker while the provider answers */
    CODE_MAX = 2048,
};

/* ---- what waits for its way back: in the browser, sealed, so that asking costs no memory ---- */

static pthread_mutex_t key_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t key[32];
static int has_key;

struct pending {
    char state[CHANCE_SIZE], nonce[CHANCE_SIZE], verifier[CHANCE_SIZE];
};

static struct crypto_gcm *pending_sealer(void)
{
    pthread_mutex_lock(&key_lock);
    if (!has_key)
        sk_random(key, sizeof(key));
    has_key = 1;
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));
    pthread_mutex_unlock(&key_lock);
    return g;
}

static void pending_texts(struct pending *out, const uint8_t *clear)
{
    sk_b64url_encode(out->state, clear, CHANCE_BYTES);
    sk_b64url_encode(out->nonce, clear + CHANCE_BYTES, CHANCE_BYTES);
    sk_b64url_encode(out->verifier, clear + 2 * CHANCE_BYTES, CHANCE_BYTES);
}

static void pending_make(struct pending *out, char text[SK_B64_SIZE(PENDING_BYTES)])
{
    uint8_t bytes[PENDING_BYTES], *clear = bytes + CRYPTO_GCM_NONCE_BYTES;
    struct crypto_gcm *g = pending_sealer();

    sk_random(bytes, CRYPTO_GCM_NONCE_BYTES + 3 * CHANCE_BYTES);
    sk_put_u64(clear + 3 * CHANCE_BYTES, (uint64_t)(sk_clock_mono_ms() + PENDING_MS));
    pending_texts(out, clear);
    SK_ASSERT(crypto_gcm_seal(g, bytes, NULL, 0, clear, PENDING_CLEAR, clear + PENDING_CLEAR) == 0);
    sk_b64url_encode(text, bytes, sizeof(bytes));
    crypto_gcm_free(&g);
}

static int pending_take(struct pending *out, const char *text)
{
    uint8_t bytes[PENDING_BYTES], *clear = bytes + CRYPTO_GCM_NONCE_BYTES;
    size_t len;

    if (sk_b64url_decode(bytes, sizeof(bytes), &len, text, strlen(text)) || len != sizeof(bytes))
        return -SK_EAUTH;
    struct crypto_gcm *g = pending_sealer();
    int err = crypto_gcm_open(g, bytes, NULL, 0, clear, PENDING_CLEAR, clear + PENDING_CLEAR);
    crypto_gcm_free(&g);
    if (!err && (int64_t)sk_get_u64(clear + 3 * CHANCE_BYTES) <= sk_clock_mono_ms())
        err = -SK_EAUTH;
    if (!err)
        pending_texts(out, clear);
    crypto_wipe(bytes, sizeof(bytes));
    return err ? -SK_EAUTH : 0;
}

/* ---- away ---- */

/* Lax: the way back is a navigation from another site. */
static void pending_cookie(struct http_request *req, const char *value, const char *tail)
{
    char field[SK_B64_SIZE(PENDING_BYTES) + 96];

    snprintf(field, sizeof(field),
             "__Host-skep-return=%s; Path=/; Secure; HttpOnly; SameSite=Lax%s", value, tail);
    http_header(req, "Set-Cookie", field);
}

static int go(struct http_request *req, const char *where)
{
    http_header(req, "Location", where);
    return http_empty(req, 303);
}

static int authorize_url(struct sk_buf *out, const struct pending *p)
{
    const struct sso_settings *s = sso_settings_get();
    struct provider_urls urls;
    char challenge[PKCE_SIZE], uri[URL_SIZE];
    struct sk_buf query;
    int err = provider_urls_get(&urls);

    pkce_challenge(challenge, p->verifier);
    redirect_uri(uri);
    const char *const members[][2] = {
        {"response_type", "code"},     {"client_id", s->client_id},
        {"redirect_uri", uri},         {"scope", s->scope},
        {"state", p->state},           {"nonce", p->nonce},
        {"code_challenge", challenge}, {"code_challenge_method", "S256"}};
    sk_buf_init(&query, 4096);
    for (size_t i = 0; !err && i < sizeof(members) / sizeof(members[0]); i++)
        err = form_add(&query, members[i][0], members[i][1]);
    if (!err)
        err = sk_buf_addf(out, "%s%c%s", urls.authorize, strchr(urls.authorize, '?') ? '&' : '?',
                          (const char *)query.data);
    sk_buf_fini(&query);
    return err;
}

int api_sso_start(struct http_request *req)
{
    char text[SK_B64_SIZE(PENDING_BYTES)];
    struct pending p;
    struct sk_buf url;

    if (!sso_settings_get()->issuer)
        return http_problem(req, -SK_ENOTFOUND, NULL);
    pending_make(&p, text);
    sk_buf_init(&url, 8192);
    int err = authorize_url(&url, &p);
    if (err) {
        log_warn("sso", "start", "reason=\"%s\"", sk_error_text(err));
        go(req, "/login?sso=unreachable");
    } else {
        pending_cookie(req, text, "; Max-Age=600");
        go(req, (const char *)url.data);
    }
    sk_buf_fini(&url);
    crypto_wipe(&p, sizeof(p));
    return 0;
}

/* ---- and back ---- */

/* `*is_ours`: this browser began it; what went wrong then is worth a row and counts against it. */
static int callback_do(struct http_request *req, char pending[ACCOUNT_PENDING_SIZE], int *is_ours)
{
    const struct sso_settings *s = sso_settings_get();
    const char *code = http_query(req, "code"), *state = http_query(req, "state");
    struct sso_tokens *t = sk_alloc(sizeof(*t));
    struct pending p = {.state = ""};
    json_t *claims = NULL, *info = NULL;
    int err = pending_take(&p, http_return_cookie(req));

    if (!err && (!code || !state || strlen(code) > CODE_MAX || strlen(state) != CHANCE_SIZE - 1 ||
                 !sk_equal_ct(state, p.state, CHANCE_SIZE - 1)))
        err = -SK_EAUTH;
    *is_ours = !err;
    if (!err)
        err = provider_code(code, p.verifier, t);
    if (!err)
        err = provider_verify(t->id, &claims);
    if (!err)
        err = jwt_claims_check(claims, s->issuer, s->client_id, p.nonce, http_now_ms(req));
    if (!err)
        err = provider_userinfo(t, &info);
    if (!err)
        err = sso_enter(req, claims, info, t, pending);
    json_decref(claims);
    json_decref(info);
    crypto_wipe(t, sizeof(*t));
    crypto_wipe(&p, sizeof(p));
    free(t);
    return err;
}

int api_sso_callback(struct http_request *req)
{
    static _Atomic int at_once;
    char pending[ACCOUNT_PENDING_SIZE];
    int err = -SK_EBUSY, is_ours = 0;

    if (!sso_settings_get()->issuer)
        return http_problem(req, -SK_ENOTFOUND, NULL);
    if (atomic_fetch_add(&at_once, 1) < AT_ONCE_MAX)
        err = callback_do(req, pending, &is_ours);
    atomic_fetch_sub(&at_once, 1);
    if (err == -SK_EAGAIN) { /* the page asks with this cookie what it is to show */
        pending_cookie(req, pending, "; Max-Age=300");
        crypto_wipe(pending, sizeof(pending));
        return go(req, "/login?sso=factor");
    }
    pending_cookie(req, "", "; Max-Age=0");
    if (!err)
        return go(req, "/live");
    metric_refused("sso", sk_error_slug(err));
    log_warn("sso", "refused", "source=%s reason=\"%s\"", http_principal(req)->source,
             sk_error_text(err));
    if (is_ours)
        audit_note(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "nobody",
                         .action = "session.login", .result = "refused",
                         .source = http_principal(req)->source, .detail = "{\"by\":\"sso\"}"));
    /* Each made-up code is a question to the provider, and only two are under way at a time. */
    if (is_ours && err == -SK_EAUTH)
        abuse_note(http_principal(req)->source, ABUSE_LOGIN);
    return go(req, "/login?sso=refused");
}

/* The account has a second factor here, and the provider did not say that it asked for one. */
int api_sso_factor(struct http_request *req)
{
    char account[SESSION_ID_SIZE];
    const char *pending = http_return_cookie(req);
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    if (json_object_size(body))
        return http_problem(req, -SK_EINVAL, NULL);
    if (waiting_account(pending, account))
        return http_problem_code(req, 401, "auth-failed", NULL);
    return account_external_ask(req, account, pending);
}

/* ---- behind the browser's back ---- */

/* Tokens that were used, until they have run out in any case: a small ring is enough, because a
 * replay ends only sessions that the provider ended. */
enum { SEEN_MAX = 256 };
static struct {
    pthread_mutex_t lock;
    uint8_t hashes[SEEN_MAX][32];
    size_t next;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int is_replay(const char *jti)
{
    uint8_t hash[32];
    int is = 0;

    crypto_sha256(hash, jti, strlen(jti));
    pthread_mutex_lock(&seen.lock);
    for (size_t i = 0; i < SEEN_MAX; i++)
        is |= memcmp(seen.hashes[i], hash, sizeof(hash)) == 0;
    if (!is)
        memcpy(seen.hashes[seen.next++ % SEEN_MAX], hash, sizeof(hash));
    pthread_mutex_unlock(&seen.lock);
    return is;
}

static int backchannel_do(const char *token, int64_t now_ms, size_t *ended)
{
    const struct sso_settings *s = sso_settings_get();
    const char *sub = "", *sid = "", *jti;
    json_t *claims = NULL;
    int err = provider_verify(token, &claims);

    if (!err)
        err = jwt_claims_check(claims, s->issuer, s->client_id, NULL, now_ms);
    if (!err)
        err = jwt_logout_check(claims);
    if (!err && sk_json_has(claims, "sub"))
        err = sk_json_str(claims, "sub", SUBJECT_MAX, &sub);
    if (!err && sk_json_has(claims, "sid"))
        err = sk_json_str(claims, "sid", SUBJECT_MAX, &sid);
    if (!err && !sub[0] && !sid[0])
        err = -SK_EAUTH;
    if (!err)
        err = sk_json_str(claims, "jti", 255, &jti);
    if (!err && is_replay(jti))
        err = -SK_EREPLAY;
    if (!err) {
        waiting_drop(sub, sid);
        *ended = watch_end(sub, sid);
    }
    json_decref(claims);
    return err;
}

int api_sso_backchannel(struct http_request *req)
{
    char token[JWT_MAX + 1];
    size_t len, ended = 0;
    const uint8_t *body = http_body(req, &len);

    if (!sso_settings_get()->issuer)
        return http_problem(req, -SK_ENOTFOUND, NULL);
    int err = form_take((const char *)body, len, "logout_token", token, sizeof(token));
    if (!err)
        err = backchannel_do(token, http_now_ms(req), &ended);
    http_header(req, "Cache-Control", "no-store");
    if (err) {
        metric_refused("sso", "backchannel");
        log_warn("sso", "backchannel", "source=%s reason=\"%s\"", http_principal(req)->source,
                 sk_error_text(err));
        return http_problem(req, -SK_EINVAL, NULL);
    }
    log_info("sso", "backchannel", "ended=%zu", ended);
    return http_empty(req, 204);
}
