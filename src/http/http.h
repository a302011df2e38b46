/* Routes, the auth gate and answers. The only room that knows CivetWeb. Handlers run on worker
 * threads, get a parsed request and give one JSON answer or one problem. A handler that returns a
 * negative code without having answered is answered by the problem of that code. */
#ifndef SK_HTTP_HTTP_H
#define SK_HTTP_HTTP_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/app.h"
#include "core/authorize.h"
#include "core/room.h"

extern const struct room http_room;

/* Facts of the request; borrowed until the handler returns. */
const struct principal *http_principal(const struct http_request *req);
const char *http_param(const struct http_request *req, const char *name); /* path {name} */
/* Query member, percent-decoded, valid UTF-8; NULL when absent. */
const char *http_query(const struct http_request *req, const char *name);
/* Integer query member within min..max; `fallback` when absent; -SK_EINVAL when malformed. */
SK_MUST int http_query_int(const struct http_request *req, const char *name, int64_t min,
                           int64_t max, int64_t fallback, int64_t *out);
const char *http_authorization(const struct http_request *req); /* raw field or "" */
const char *http_return_cookie(const struct http_request *req); /* of __Host-skep-return, or "" */
const char *http_user_agent(const struct http_request *req);
int64_t http_now_ms(const struct http_request *req); /* wall time of arrival */
struct house *http_house(const struct http_request *req);

/* The raw body; and as strict JSON object (0 or a problem already answered: return at once). Both
 * are borrowed until the handler returns: no json_decref. */
const uint8_t *http_body(const struct http_request *req, size_t *len);
SK_MUST int http_body_json(struct http_request *req, json_t **out);

/* Ask may() for an object of this request; on refusal the problem has been answered (absent and
 * not-yours look the same for kind "device": 404). */
SK_MUST int http_may(struct http_request *req, const char *action, struct object_ref object);

/* Answer, once per request; each returns 0 so that a handler can end with `return http_...`.
 * http_json takes over the reference of `body`. */
int http_json(struct http_request *req, int status, json_t *body);
int http_empty(struct http_request *req, int status);
int http_bytes(struct http_request *req, int status, const char *type, const void *data,
               size_t len);
/* Problem answer from an error code; `extra` (may be NULL) is merged in and its reference taken. */
int http_problem(struct http_request *req, int err, json_t *extra);
/* The same with another slug than the code's own, e.g. "weak-password". */
int http_problem_code(struct http_request *req, int status, const char *code, json_t *extra);
/* Add one header field to the answer, before it is given (Set-Cookie, Retry-After, ...). */
void http_header(struct http_request *req, const char *name, const char *value);

/* Say what is left of an allowance (RateLimit-Policy and RateLimit of
 * draft-ietf-httpapi-ratelimit-headers): `limit` requests in `window_s` seconds, of which `left`
 * are, and all again in `reset_s`. Once for each allowance, before the answer; `name` is a literal
 * of lower-case letters. limit 0: nothing is said. */
void http_ratelimit_set(struct http_request *req, const char *name, const struct allowance *a);

/* A room (or main) adds its facts to GET /api/v1/about ("libraries", "sandbox", "simulated", ...):
 * `fill` is called on a worker thread each time and sets members of `about`. At start, at most 16.
 */
void http_about_add(void (*fill)(void *ctx, json_t *about), void *ctx);
/* Helper for such a function: append {"name","version"} to about.libraries. */
void http_about_library(json_t *about, const char *name, const char *version);

/* A SHA-256 as people compare it, "4D91 0A7C 66E2 F3B8": its first eight bytes. */
enum { HTTP_FINGERPRINT_SIZE = 20 };
void http_fingerprint_text(char out[HTTP_FINGERPRINT_SIZE], const uint8_t hash[32]);

/* Generated OpenAPI 3.1 document of all rooms' routes; new reference. */
json_t *http_openapi(void);

#endif
