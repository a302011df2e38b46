/* Error codes of the whole house: a function that can fail returns 0 or one of these, negated.
 * One list gives the enum, the texts and the slugs, so that none of the three can drift. */
#ifndef SK_BASE_ERR_H
#define SK_BASE_ERR_H

#define SK_MUST __attribute__((warn_unused_result))

/* name, slug (as in problem answers and metrics), HTTP status, text */
#define SK_ERRORS(X)                                                                               \
    X(SK_EINVAL, "bad-request", 400, "malformed or out of range")                                  \
    X(SK_EAUTH, "auth-required", 401, "no valid credential")                                       \
    X(SK_EDENIED, "forbidden", 403, "not allowed")                                                 \
    X(SK_ENOTFOUND, "not-found", 404, "no such thing")                                             \
    X(SK_ECONFLICT, "conflict", 409, "conflicts with the present state")                           \
    X(SK_EGONE, "gone", 410, "used up or expired")                                                 \
    X(SK_ETOOBIG, "too-large", 413, "larger than allowed")                                         \
    X(SK_ELIMIT, "throttled", 429, "too many, try later")                                          \
    X(SK_EBUSY, "busy", 503, "busy, try later")                                                    \
    X(SK_ESTORAGE, "storage", 507, "cannot be stored")                                             \
    X(SK_ENOMEM, "no-memory", 500, "out of memory")                                                \
    X(SK_EIO, "io", 500, "input or output failed")                                                 \
    X(SK_ECRYPTO, "crypto", 400, "a cryptographic check failed")                                   \
    X(SK_EREPLAY, "replay", 400, "seen before")                                                    \
    X(SK_EGAP, "gap", 400, "something before it is missing")                                       \
    X(SK_EVERSION, "version", 400, "another version")                                              \
    X(SK_EAGAIN, "again", 500, "not yet, more is needed")                                          \
    X(SK_ECLOSED, "closed", 500, "already closed")                                                 \
    X(SK_ETIMEOUT, "timeout", 504, "took too long")                                                \
    X(SK_EUNSUPPORTED, "unsupported", 400, "not supported")                                        \
    X(SK_EINTERNAL, "internal", 500, "internal fault")                                             \
    X(SK_EFACTOR, "factor-required", 403, "a second factor must be set up first")                  \
    X(SK_EAPPROVAL, "approval-needed", 409, "somebody else must say yes first")

enum sk_error {
    SK_OK = 0,
#define SK_ERROR_ENUM(name, slug, status, text) name,
    SK_ERRORS(SK_ERROR_ENUM)
#undef SK_ERROR_ENUM
        SK_ERROR_COUNT
};

/* The English text, the stable slug and the HTTP status of `err` (0, or negative as returned).
 * Unknown values give the answer of SK_EINTERNAL. Never NULL; static storage; any thread. */
const char *sk_error_text(int err);
const char *sk_error_slug(int err);
int sk_error_http_status(int err);

#endif
