/* HTTP Message Signatures (RFC 9421) and Content-Digest (RFC 9530) as this house takes them: a
 * strict subset of structured fields (RFC 8941), read without I/O, clock, keys or allocation.
 * One signature a request; component names without parameters; strings without escapes. Whatever
 * lies outside is refused: no signer needs it, and two readers could differ about it. */
#ifndef SK_WIRE_HTTPSIG_H
#define SK_WIRE_HTTPSIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/http1.h"

enum {
    HTTPSIG_COMPONENTS_MAX = 8,
    HTTPSIG_BYTES_MAX = 64, /* of a signature: HMAC-SHA256 has 32, ECDSA P-256 64 */
    HTTPSIG_NONCE_MIN = 16, /* characters */
    HTTPSIG_NONCE_MAX = 64
};

/* A Signature-Input field. Texts are borrowed from it; those in quotes without the quotes. */
struct httpsig_input {
    struct http1_text label;
    struct http1_text params; /* list and parameters in the sender's own order and spelling */
    struct http1_text components[HTTPSIG_COMPONENTS_MAX];
    size_t component_count;
    int has_created, has_expires;
    int64_t created, expires;            /* seconds */
    struct http1_text nonce, keyid, alg; /* p NULL: absent */
};

/* -SK_EINVAL: malformed, more than one signature, a component or parameter named twice;
 * -SK_EUNSUPPORTED: well formed, outside of the subset; -SK_ETOOBIG: too many components. Any
 * thread, as all here. */
SK_MUST int httpsig_input_parse(struct httpsig_input *out, const char *text, size_t len);

/* 1 when the component is covered; `name` as "@method". */
int httpsig_covers(const struct httpsig_input *in, const char *name);

/* A Signature field: one member, whose label is `label`. Its bytes go to `out`. -SK_EINVAL. */
SK_MUST int httpsig_signature_parse(uint8_t out[HTTPSIG_BYTES_MAX], size_t *out_len,
                                    const struct http1_text *label, const char *text, size_t len);

/* The sha-256 of a Content-Digest field; other algorithms beside it are passed over. -SK_EINVAL:
 * malformed, named twice, or not there. */
SK_MUST int httpsig_digest_parse(uint8_t out[32], const char *text, size_t len);

/* Value of a component: 0, or -SK_ENOTFOUND. */
typedef int (*httpsig_value_fn)(void *ctx, const struct http1_text *name, struct http1_text *value);

/* Append the signature base (RFC 9421 2.5). -SK_ENOTFOUND: a component has no value; -SK_EINVAL: a
 * value with a line break; -SK_ETOOBIG. */
SK_MUST int httpsig_base(struct sk_buf *out, const struct httpsig_input *in, httpsig_value_fn value,
                         void *ctx);

/* What a request has for the derived components and content-digest. */
struct httpsig_request {
    const char *method;
    const char *authority; /* as sent in Host */
    const char *path;      /* as sent, without query */
    const char *query;     /* as sent, without '?' */
    const char *digest;    /* Content-Digest field, or "" */
};

enum { HTTPSIG_AUTHORITY_SIZE = 262, HTTPSIG_QUERY_SIZE = HTTP1_QUERY_SIZE + 1 };

/* @authority: lower case, without https' default port. -SK_ETOOBIG. */
SK_MUST int httpsig_authority(char out[HTTPSIG_AUTHORITY_SIZE], const char *host);

/* httpsig_base over a request: @method, @authority, @path, @query and content-digest have values,
 * nothing else does. */
SK_MUST int httpsig_request_base(struct sk_buf *out, const struct httpsig_input *in,
                                 const struct httpsig_request *req);

/* ---- the short form, for firmware ------------------------------------------------------------ */

/* `Skep-HMAC key=<id>, t=<seconds>, nonce=<text>, sig=<base64url of 32 bytes>`, members in this
 * order. Texts are borrowed. */
struct httpsig_short {
    struct http1_text key, nonce;
    int64_t t;
    uint8_t sig[32];
};
/* `text` as the Authorization field has it. -SK_EINVAL. */
SK_MUST int httpsig_short_parse(struct httpsig_short *out, const char *text, size_t len);

/* What is signed: "skep-hmac/1", method, authority, path, '?' and query, SHA-256 of the body in
 * hexadecimal, t, nonce, key; one line each, LF between, none at the end. -SK_ETOOBIG. */
SK_MUST int httpsig_short_base(struct sk_buf *out, const struct httpsig_short *s,
                               const struct httpsig_request *req, const uint8_t body_sha256[32]);

#endif
