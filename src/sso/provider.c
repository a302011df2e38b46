/* Talking to the provider. Discovery and keys are kept; what they are is checked each time. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/wipe.h"
#include "edge/edge.h"
#include "outbound/outbound.h"
#include "sso/internal.h"

enum {
    DISCOVERY_MS = 3600 * 1000,
    KEYS_AGAIN_MS = 30 * 1000, /* between two looks for a key that is not among those we have */
    KEYS_FIRST_MS = 1000,      /* while we have none */
    ASK_MS = 8000,
    ANSWER_MAX = 256 * 1024,
    FORM_MAX = 16 * 1024,
};

static struct {
    pthread_mutex_t lock;
    struct provider_urls urls;
    struct jwks *keys;
    int64_t urls_ms, keys_ms; /* monotonic, 0 = never */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

void provider_start(void)
{
    kept.keys = sk_alloc(sizeof(*kept.keys));
    kept.urls_ms = kept.keys_ms = 0;
}

void provider_stop(void)
{
    free(kept.keys);
    kept.keys = NULL;
}

void redirect_uri(char out[URL_SIZE])
{
    if (edge_port() == 443)
        snprintf(out, URL_SIZE, "https://%s/api/v1/sso/callback", edge_host());
    else
        snprintf(out, URL_SIZE, "https://%s:%u/api/v1/sso/callback", edge_host(),
                 (unsigned)edge_port());
}

/* ---- asking ---- */

static int ask_json(const struct outbound_request *req, int *status, json_t **out)
{
    struct sk_buf body;

    sk_buf_init(&body, ANSWER_MAX);
    int err = outbound_https_wait(req, status, &body);
    if (!err && *status == 200)
        err = sk_json_parse(out, body.data, body.len);
    else if (!err)
        *out = NULL;
    sk_buf_fini_wipe(&body);
    return err;
}

static int url_take(char out[URL_SIZE], const json_t *doc, const char *name)
{
    const char *url;

    if (sk_json_str(doc, name, URL_SIZE - 1, &url) || outbound_url_check(url))
        return -SK_EIO;
    return sk_copy(out, URL_SIZE, url);
}

static int discover(struct provider_urls *out)
{
    static const char *const headers[] = {"Accept: application/json", NULL};
    const char *issuer = sso_settings_get()->issuer, *named;
    char url[URL_SIZE + 64];
    size_t len = strlen(issuer);
    json_t *doc = NULL;
    int status;

    snprintf(url, sizeof(url), "%.*s/.well-known/openid-configuration",
             (int)(issuer[len - 1] == '/' ? len - 1 : len), issuer);
    int err = ask_json(
        &(const struct outbound_request){
            .url = url, .headers = headers, .answer_max = ANSWER_MAX, .deadline_ms = ASK_MS},
        &status, &doc);
    if (!err && (!doc || sk_json_str(doc, "issuer", URL_SIZE, &named) ||
                 strcmp(named, issuer) != 0)) /* OpenID Connect Discovery 4.3 */
        err = -SK_EIO;
    if (!err)
        err = url_take(out->authorize, doc, "authorization_endpoint");
    if (!err)
        err = url_take(out->token, doc, "token_endpoint");
    if (!err)
        err = url_take(out->userinfo, doc, "userinfo_endpoint");
    if (!err)
        err = url_take(out->jwks, doc, "jwks_uri");
    json_decref(doc);
    return err;
}

int provider_urls_get(struct provider_urls *out)
{
    struct provider_urls fresh;
    int64_t now_ms = sk_clock_mono_ms();
    int err = 0;

    pthread_mutex_lock(&kept.lock);
    int is_fresh = kept.urls_ms && now_ms - kept.urls_ms < DISCOVERY_MS;
    if (is_fresh)
        *out = kept.urls;
    pthread_mutex_unlock(&kept.lock);
    if (is_fresh)
        return 0;
    err = discover(&fresh);
    if (err) {
        log_warn("sso", "discovery", "reason=\"%s\"", sk_error_text(err));
        return err;
    }
    pthread_mutex_lock(&kept.lock);
    kept.urls = *out = fresh;
    kept.urls_ms = now_ms ? now_ms : 1;
    pthread_mutex_unlock(&kept.lock);
    return 0;
}

static int keys_ask(void)
{
    struct provider_urls urls;
    struct jwks *fresh = sk_alloc(sizeof(*fresh));
    struct sk_buf body;
    int status = 0;

    sk_buf_init(&body, ANSWER_MAX);
    int err = provider_urls_get(&urls);
    if (!err)
        err = outbound_https_wait(&(const struct outbound_request){.url = urls.jwks,
                                                                   .answer_max = ANSWER_MAX,
                                                                   .deadline_ms = ASK_MS},
                                  &status, &body);
    if (!err)
        err = status == 200 ? jwks_parse(fresh, body.data, body.len) : -SK_EIO;
    sk_buf_fini(&body);
    pthread_mutex_lock(&kept.lock);
    if (!err) {
        struct jwks *former = kept.keys;
        kept.keys = fresh;
        fresh = former;
    }
    pthread_mutex_unlock(&kept.lock);
    free(fresh);
    return err;
}

static int verify_with_kept(const char *token, json_t **claims)
{
    pthread_mutex_lock(&kept.lock);
    int err = jwt_verify(claims, kept.keys, token, strlen(token));
    pthread_mutex_unlock(&kept.lock);
    return err;
}

int provider_verify(const char *token, json_t **claims)
{
    int64_t now_ms = sk_clock_mono_ms();
    int err = verify_with_kept(token, claims);

    if (err != -SK_ENOTFOUND)
        return err;
    pthread_mutex_lock(&kept.lock);
    int is_first = kept.keys->count == 0;
    int may_ask =
        !kept.keys_ms || now_ms - kept.keys_ms >= (is_first ? KEYS_FIRST_MS : KEYS_AGAIN_MS);
    if (may_ask) /* whoever makes keys up must not make us ask for each */
        kept.keys_ms = now_ms ? now_ms : 1;
    pthread_mutex_unlock(&kept.lock);
    if (!may_ask || keys_ask())
        return -SK_ENOTFOUND;
    if (is_first) {
        pthread_mutex_lock(&kept.lock);
        kept.keys_ms = 0; /* the first load was none of those looks */
        pthread_mutex_unlock(&kept.lock);
    }
    return verify_with_kept(token, claims);
}

/* ---- tokens ---- */

static int secret_header(char *out, size_t cap)
{
    const struct sso_settings *s = sso_settings_get();
    struct sk_buf pair;
    char b64[SK_B64_SIZE(1024)];

    /* Both halves are form-encoded first (RFC 6749 2.3.1). */
    sk_buf_init(&pair, 1024);
    int err = form_percent_add(&pair, s->client_id);
    if (!err)
        err = sk_buf_add_str(&pair, ":");
    if (!err)
        err = form_percent_add(&pair, (const char *)s->secret.data);
    if (!err) {
        sk_b64_encode(b64, pair.data, pair.len);
        err = snprintf(out, cap, "Authorization: Basic %s", b64) < (int)cap ? 0 : -SK_ETOOBIG;
    }
    crypto_wipe(b64, sizeof(b64));
    sk_buf_fini_wipe(&pair);
    return err;
}

static int member_copy(char *out, size_t cap, const json_t *doc, const char *name)
{
    const char *text;
    int err = sk_json_str(doc, name, cap - 1, &text);

    return err ? err : sk_copy(out, cap, text);
}

static int tokens_take(struct sso_tokens *out, const json_t *doc)
{
    int64_t life_s = 300;
    int err = member_copy(out->access, sizeof(out->access), doc, "access_token");

    if (!err && sk_json_has(doc, "refresh_token"))
        err = member_copy(out->refresh, sizeof(out->refresh), doc, "refresh_token");
    if (!err && sk_json_has(doc, "id_token"))
        err = member_copy(out->id, sizeof(out->id), doc, "id_token");
    if (!err && sk_json_has(doc, "expires_in"))
        err = sk_json_int(doc, "expires_in", 0, 1 << 30, &life_s);
    out->access_expires_ms = sk_clock_wall_ms() + life_s * 1000;
    return err ? -SK_EIO : 0;
}

static int token_ask(struct sk_buf *form, struct sso_tokens *out)
{
    const struct sso_settings *s = sso_settings_get();
    char basic[2048];
    const char *headers[] = {"Accept: application/json",
                             "Content-Type: application/x-www-form-urlencoded", NULL, NULL};
    struct provider_urls urls;
    json_t *doc = NULL;
    int status = 0;
    int err = provider_urls_get(&urls);

    if (!err && s->secret.len) {
        err = secret_header(basic, sizeof(basic));
        headers[2] = basic;
    } else if (!err) {
        err = form_add(form, "client_id", s->client_id);
    }
    if (!err)
        err = ask_json(&(const struct outbound_request){.url = urls.token,
                                                        .headers = headers,
                                                        .body = form->data,
                                                        .body_len = form->len,
                                                        .answer_max = ANSWER_MAX,
                                                        .deadline_ms = ASK_MS},
                       &status, &doc);
    if (!err && !doc)
        err = status == 400 || status == 401 ? -SK_EAUTH : -SK_EIO;
    if (!err)
        err = tokens_take(out, doc);
    json_decref(doc);
    crypto_wipe(basic, sizeof(basic));
    sk_buf_fini_wipe(form);
    return err;
}

int provider_code(const char *code, const char *verifier, struct sso_tokens *out)
{
    char uri[URL_SIZE];
    struct sk_buf form;

    redirect_uri(uri);
    sk_buf_init(&form, FORM_MAX);
    int err = form_add(&form, "grant_type", "authorization_code");
    if (!err)
        err = form_add(&form, "code", code);
    if (!err)
        err = form_add(&form, "redirect_uri", uri);
    if (!err)
        err = form_add(&form, "code_verifier", verifier);
    if (err)
        sk_buf_fini_wipe(&form);
    return err ? err : token_ask(&form, out);
}

int provider_refresh(struct sso_tokens *t)
{
    struct sk_buf form;

    sk_buf_init(&form, FORM_MAX);
    int err = form_add(&form, "grant_type", "refresh_token");
    if (!err)
        err = form_add(&form, "refresh_token", t->refresh);
    if (err)
        sk_buf_fini_wipe(&form);
    return err ? err : token_ask(&form, t);
}

int provider_userinfo(const struct sso_tokens *t, json_t **out)
{
    char bearer[TOKEN_TEXT_MAX + 32];
    const char *headers[] = {"Accept: application/json", bearer, NULL};
    struct provider_urls urls;
    int status = 0;
    int err = provider_urls_get(&urls);

    *out = NULL;
    snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", t->access);
    if (!err)
        err = ask_json(&(const struct outbound_request){.url = urls.userinfo,
                                                        .headers = headers,
                                                        .answer_max = ANSWER_MAX,
                                                        .deadline_ms = ASK_MS},
                       &status, out);
    crypto_wipe(bearer, sizeof(bearer));
    if (!err && !*out)
        err = status == 401 || status == 403 ? -SK_EAUTH : -SK_EIO;
    return err;
}
