/* Client applications: AppKeys, their signatures, scopes, allowances, and the kill switch. Fills
 * the seam of core/app.h. */
#ifndef SK_APP_APP_H
#define SK_APP_APP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/room.h"

extern const struct room app_room;

/* ---- the signer's side, for the command line (sign.c, pure) ---- */

struct app_signing {
    const char *method, *authority, *path, *query; /* as they will be sent */
    const void *body;
    size_t body_len;
    const char *key, *secret; /* AppKey id and the secret's text */
    const char *nonce;
    int64_t created; /* seconds */
};

/* Append the fields of a request signed with hmac-sha256 (RFC 9421), each ended by CRLF:
 * Content-Digest when there is a body, Signature-Input, Signature. -SK_EINVAL, -SK_ETOOBIG. */
SK_MUST int app_sign(struct sk_buf *fields, const struct app_signing *s);

#endif
