/* Client applications: requests that are signed with an AppKey instead of bearing a session. The
 * app room fills this seam; http and the edge ask it. An app is a principal of its own kind whose
 * `account` is the person who made it and whose `session` is the AppKey id: what ends it is told
 * as the end of that session. It may what its scopes name *and* that person may (may()). */
#ifndef SK_CORE_APP_H
#define SK_CORE_APP_H

#include <stddef.h>
#include <stdint.h>

#include "core/authorize.h"

/* A request as it came, before anything is believed. Borrowed texts, "" = absent. */
struct signed_request {
    const char *method, *authority; /* Host as sent */
    const char *path, *query;       /* as sent: bytes that are routed, see path_is_plain */
    int path_is_plain;              /* decoding and normalising left the path as it was */
    const char *authorization, *signature_input, *signature, *content_digest;
    const char *source;
    const uint8_t *body;
    size_t body_len;
    int64_t now_ms; /* wall */
};

/* What is left of one allowance, for the RateLimit fields. limit 0: there is none. */
struct allowance {
    int64_t limit, window_s; /* as many in so many seconds */
    int64_t left, reset_s;   /* now, and until it is whole again */
};

struct signed_verdict {
    const char *reason; /* static slug of a refusal, else NULL */
    int64_t retry_ms;   /* of a -SK_ELIMIT */
    struct allowance rate, quota;
};

/* 1 when the request bears a signature of either form: then it is judged by that alone. */
int request_is_signed(const struct signed_request *r);

/* Check the signature and count the request. 0 and `*out` filled in; else PRINCIPAL_NOBODY with the
 * source and -SK_EINVAL (no such form), -SK_EAUTH (does not hold; `reason` says what is no secret),
 * -SK_ELIMIT (rate, quota or remembered nonces). Any thread; memory only, ECDSA takes about a
 * millisecond. */
SK_MUST int authenticate_signed(const struct signed_request *r, struct principal *out,
                                struct signed_verdict *verdict);

/* Filled at start. `verify` as authenticate_signed. `scope_has`: 0, -SK_EAUTH (no such app, killed,
 * ended) or -SK_EDENIED: does the app's scope name the action? Quick, any thread. */
struct app_authority {
    int (*verify)(void *ctx, const struct signed_request *r, struct principal *out,
                  struct signed_verdict *verdict);
    int (*scope_has)(void *ctx, const char *app, const char *action);
    void *ctx;
};
void app_authority_fill(const struct app_authority *a);
SK_MUST int app_scope_has(const char *app, const char *action);

#endif
