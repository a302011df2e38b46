/* Private parts of the sso room. jwt.c is pure and fuzzed; the rest runs on worker threads and on
 * one thread of the room's own. */
#ifndef SK_SSO_INTERNAL_H
#define SK_SSO_INTERNAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "account/account.h"
#include "base/buf.h"
#include "http/http.h"
#include "sso/sso.h"
#include "store/store.h"

/* ---- jwt.c: JSON Web Tokens and Key Sets (RFC 7515, 7517, 7519), pure ---- */

enum {
    JWKS_KEYS_MAX = 32,
    JWT_MAX = 16 * 1024,
    JWT_KID_MAX = 128,
    JWT_SKEW_S = 60,
    RSA_N_MAX = 512, /* 4096 bits */
};

enum jwt_alg { JWT_RS256, JWT_ES256 };

struct jwks_key {
    enum jwt_alg alg;
    char kid[JWT_KID_MAX + 1]; /* "" = none */
    uint8_t n[RSA_N_MAX], e[8];
    size_t n_len, e_len;
    uint8_t point[65];
};

struct jwks {
    struct jwks_key keys[JWKS_KEYS_MAX];
    size_t count;
};

/* Keys that are of no use here (other kinds, for encryption) are left out. -SK_EINVAL. */
SK_MUST int jwks_parse(struct jwks *out, const void *text, size_t len);

/* Check the signature and give the claims (new reference). The algorithm is RS256 or ES256 and must
 * be the one of the key; `none` and HMAC do not exist here. -SK_EINVAL not a token; -SK_ENOTFOUND
 * no such key (ask for the key set again); -SK_EAUTH bad signature. */
SK_MUST int jwt_verify(json_t **claims, const struct jwks *keys, const char *token, size_t len);

/* What an id token must hold (OpenID Connect Core 3.1.3.7). `nonce` NULL: a logout token. -SK_EAUTH
 * when something does not fit. */
SK_MUST int jwt_claims_check(const json_t *claims, const char *issuer, const char *client_id,
                             const char *nonce, int64_t now_ms);
/* A back-channel logout token (OpenID Connect Back-Channel Logout 2.6), beyond the above. */
SK_MUST int jwt_logout_check(const json_t *claims);

/* base64url(SHA-256(verifier)): RFC 7636 4.2. */
enum { PKCE_SIZE = 44 };
void pkce_challenge(char out[PKCE_SIZE], const char *verifier);

/* ---- form.c: application/x-www-form-urlencoded, pure ---- */

/* One value, percent-encoded; one member with its name. Appended. */
SK_MUST int form_percent_add(struct sk_buf *out, const char *value);
SK_MUST int form_add(struct sk_buf *out, const char *name, const char *value);
/* One member of such a body, decoded; -SK_EINVAL absent, twice or broken. */
SK_MUST int form_take(const char *body, size_t len, const char *name, char *out, size_t cap);

/* ---- provider.c: what the provider says of itself, its keys, its answers ---- */

enum { URL_SIZE = 512, TOKEN_TEXT_MAX = 4096, SUBJECT_MAX = 255 };

struct sso_settings {
    const char *issuer, *client_id, *name, *scope, *groups_claim;
    const char *owner_groups, *admin_groups, *member_groups;
    const char *organization; /* that a new person joins */
    const char *factor;       /* `amr` or `acr` that stand for a second factor */
    struct sk_buf secret;
    int64_t poll_ms;
};
const struct sso_settings *sso_settings_get(void);

struct provider_urls {
    char authorize[URL_SIZE], token[URL_SIZE], userinfo[URL_SIZE], jwks[URL_SIZE];
};

void provider_start(void);
void provider_stop(void);
/* The provider's addresses, asked once an hour. -SK_EIO and outbound's errors. */
SK_MUST int provider_urls_get(struct provider_urls *out);
/* jwt_verify with the provider's keys; asks for them anew when a key is unknown, at most once in
 * 30 s. */
SK_MUST int provider_verify(const char *token, json_t **claims);

/* Tokens of a person; wiped by the holder. */
struct sso_tokens {
    char access[TOKEN_TEXT_MAX], refresh[TOKEN_TEXT_MAX], id[JWT_MAX + 1];
    int64_t access_expires_ms; /* wall */
};
SK_MUST int provider_code(const char *code, const char *verifier, struct sso_tokens *out);
/* New ones for a refresh token. -SK_EAUTH: the provider ended it. */
SK_MUST int provider_refresh(struct sso_tokens *t);
/* -SK_EAUTH: the access token is worth nothing any more. New reference. */
SK_MUST int provider_userinfo(const struct sso_tokens *t, json_t **out);

void redirect_uri(char out[URL_SIZE]);

/* ---- people.c ---- */

/* The role that the groups of a claims object bring, NULL = none. Static text. */
const char *sso_role_of(const json_t *claims);

/* 1 when the id token says, as `sso.factor` wants it said, that the provider has asked for a second
 * factor (RFC 8176, OpenID Connect Core 2). */
int sso_vouches(const json_t *id_claims);

/* Find or make the account of (issuer, sub), and open its session (the cookie is in the answer).
 * -SK_EAGAIN: the account has a second factor here that is to be shown first; `pending` says what
 * waits for it. Takes over `t`. */
SK_MUST int sso_enter(struct http_request *req, const json_t *id_claims, const json_t *info,
                      struct sso_tokens *t, char pending[ACCOUNT_PENDING_SIZE]);
/* It was shown (account_external_resume_fn). */
int sso_resume(struct http_request *req, const char *pending, const struct factor_use *shown,
               char session[SESSION_ID_SIZE]);

/* ---- waiting.c: whom the provider has named, and who has yet to show a second factor here ---- */

struct waiting {
    char account[SESSION_ID_SIZE];
    char subject[SUBJECT_MAX + 1], sid[SUBJECT_MAX + 1];
    const char *role; /* static */
    struct sso_tokens tokens;
};
/* Keeps a copy for five minutes, and says under which name. Of an account the former one goes;
 * -SK_ELIMIT: too many wait. Any thread. */
SK_MUST int waiting_put(const struct waiting *w, char pending[ACCOUNT_PENDING_SIZE]);
/* Whose it is, and leave it; or a copy (the caller wipes it), once. -SK_EGONE. */
SK_MUST int waiting_account(const char *pending, char account[SESSION_ID_SIZE]);
SK_MUST int waiting_take(const char *pending, struct waiting *out);
/* The provider has ended them ("" = any); `subject` and `sid` both "": all. */
void waiting_drop(const char *subject, const char *sid);

/* ---- watch.c: sessions whose right to be there is asked for again and again ---- */

SK_MUST int watch_start(void);
void watch_stop(void);
/* Takes over `t`; -SK_ELIMIT. */
SK_MUST int watch_add(const char *session, const char *account, const char *subject,
                      const char *sid, const char *role, struct sso_tokens *t);
void watch_remove(const char *session);
/* End all of a provider's session or subject ("" = any); how many. */
size_t watch_end(const char *subject, const char *sid);

int api_sso_start(struct http_request *req);
int api_sso_callback(struct http_request *req);
int api_sso_factor(struct http_request *req);
int api_sso_backchannel(struct http_request *req);

#endif
