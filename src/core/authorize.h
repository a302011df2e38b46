/* The one decision of the house: may this principal do this action to this object, now?
 * Every route, socket, link and verb asks here. Until a room fills the seam, the answer is no. */
#ifndef SK_CORE_AUTHORIZE_H
#define SK_CORE_AUTHORIZE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    ACCOUNT_ID_MAX = 64,       /* bytes of an account id text */
    ORGANIZATION_ID_SIZE = 27, /* 16 random bytes in base32, or "home"; with the closing zero */
    SESSION_ID_SIZE = 27,      /* 16 random bytes in base32, with the closing zero */
    DEVICE_ID_SIZE = 27,       /* 128 random bits in base32, with the closing zero */
    SOURCE_SIZE = 46           /* an IPv6 address text, with the closing zero */
};

enum principal_kind {
    PRINCIPAL_NOBODY,  /* no credential, or none that holds */
    PRINCIPAL_ACCOUNT, /* a login session, by cookie or bearer token */
    PRINCIPAL_DEVICE,  /* a device certificate or its ticket */
    PRINCIPAL_TOKEN,   /* a token made for one purpose: enrolment, metrics, setup */
    PRINCIPAL_BOX,     /* the box itself: start-up, the command line beside the data */
    PRINCIPAL_APP      /* a signed request (core/app.h): `session` is the AppKey id */
};

struct principal {
    enum principal_kind kind;
    char account[ACCOUNT_ID_MAX + 1];
    char session[SESSION_ID_SIZE]; /* login session id (public, not the token) */
    /* The organization of a PRINCIPAL_ACCOUNT or _APP, for lists; rights are may()'s to decide. */
    char organization[ORGANIZATION_ID_SIZE];
    char device[DEVICE_ID_SIZE];
    char purpose[24]; /* of a PRINCIPAL_TOKEN: "enrolment", "metrics", "setup" */
    char source[SOURCE_SIZE];
    int by_cookie; /* 1 when a browser cookie carried the credential */
    /* A browser that logged in here before (its long-lived cookie held), or "": a fact for the
     * login throttle, never a credential. */
    char browser[SESSION_ID_SIZE];
};

struct object_ref {
    const char *kind; /* "device", "session", "box", ... */
    const char *id;   /* NULL: all of the kind */
};

/* The decision: 0, -SK_EAUTH (nobody; log in), -SK_EFACTOR (must set up a second factor before
 * anything else) or -SK_EDENIED. `action` is one of the names that
 * routes declare ("public", "session", "device.list", "device.live-main", ...). Any thread; quick;
 * never blocks. */
SK_MUST int may(const struct principal *p, const char *action, struct object_ref object);

/* Fill the seams; at start only, before threads run.
 * `decide` as may(). `authenticate` turns a request's credential (raw Cookie and Authorization
 * field values, either may be NULL) into a principal, at `now_ms` wall time; it must not block
 * (it runs on loop threads) and leaves PRINCIPAL_NOBODY where nothing holds. */
struct authorizer {
    int (*decide)(void *ctx, const struct principal *p, const char *action,
                  struct object_ref object);
    void (*authenticate)(void *ctx, const char *cookie, const char *authorization, int64_t now_ms,
                         struct principal *out);
    /* 1 when `csrf` is the token of the session in `p`. */
    int (*csrf_holds)(void *ctx, const struct principal *p, const char *csrf);
    /* As authorize_device_tags() and authorize_organization_of(); may be NULL. */
    void (*device_tags)(void *ctx, const char *device, const char *organization,
                        const char *const *tags, size_t count);
    int (*organization_of)(void *ctx, const char *kind, const char *id,
                           char out[ORGANIZATION_ID_SIZE]);
    void *ctx;
};
void authorize_fill(const struct authorizer *a);

/* Ask the authenticate seam; PRINCIPAL_NOBODY when unfilled. `source` is copied into `out`. */
void authenticate(const char *cookie, const char *authorization, const char *source, int64_t now_ms,
                  struct principal *out);
int csrf_holds(const struct principal *p, const char *csrf);

/* Rights may hang on a camera's organization and tags: the room that keeps cameras tells here which
 * there are, whose they are and how they are tagged, each once at start, then at every change,
 * before it announces the change. `tags` NULL: forget the camera. Texts are copied. Never blocks on
 * the store. */
void authorize_device_tags(const char *device, const char *organization, const char *const *tags,
                           size_t count);

/* Whose a thing is: `kind` "account", "device" or "organization". -SK_ENOTFOUND: it has no
 * organization, or none is known. Any thread; never blocks on the store. */
SK_MUST int authorize_organization_of(const char *kind, const char *id,
                                      char out[ORGANIZATION_ID_SIZE]);

/* What a person may hold elsewhere than in this seam's own tables (codes, tokens): whoever leaves
 * must be seen to hold nothing. Added at start, at most 8. `count`: how many now; `end`: end them
 * all, 0 or an error. Worker threads; both may block on the store. */
struct holding {
    const char *name; /* "codes": a member of the contract's `holds` */
    size_t (*count)(const char *account, int64_t now_ms);
    int (*end)(const char *account, int64_t now_ms);
};
enum { HOLDINGS_MAX = 8 };
void holding_add(const struct holding *h);  /* borrowed for good */
const struct holding *holding_at(size_t i); /* NULL behind the last */

/* Source check at accept (the abuse defence fills it): 0 or -SK_ELIMIT. Default: admit. */
typedef int (*admit_fn)(void *ctx, const char *source);
void admit_fill(admit_fn fn, void *ctx);
SK_MUST int admit(const char *source);

#endif
