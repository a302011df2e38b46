/* HTTP/1 heads and chunks as the edge reads them (RFC 9112, strict). Everything here is pure: no
 * I/O, no clock, no allocation. Whatever two readers could understand differently is refused, so
 * that nothing can be smuggled past the edge. */
#ifndef SK_WIRE_HTTP1_H
#define SK_WIRE_HTTP1_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    HTTP1_HEAD_MAX = 16384, /* bytes of a head, its empty line included */
    HTTP1_FIELDS_MAX = 60,
    HTTP1_METHOD_SIZE = 8, /* with the closing zero */
    HTTP1_PATH_SIZE = 1024,
    HTTP1_QUERY_SIZE = 2048
};

/* A piece of the caller's buffer; not zero-terminated. */
struct http1_text {
    const char *p;
    size_t len;
};

struct http1_field {
    struct http1_text name, value; /* value without the blanks around it */
};

enum http1_body {
    HTTP1_BODY_NONE,
    HTTP1_BODY_LENGTH,
    HTTP1_BODY_CHUNKED,
    HTTP1_BODY_UNTIL_CLOSE /* answers only */
};

/* Look for the end of a head in the first `len` bytes that came. `*scan` starts at 0 and remembers
 * how far earlier calls looked, so a byte is looked at once. 0 and the head's length (with the
 * empty line) in `*head_len`; -SK_EAGAIN when more is needed; -SK_ETOOBIG past HTTP1_HEAD_MAX;
 * -SK_EINVAL for a bare CR or LF, a control byte or an empty first line. Any thread. */
SK_MUST int http1_head_find(const void *data, size_t len, size_t *scan, size_t *head_len);

struct http1_request {
    char method[HTTP1_METHOD_SIZE];
    char path[HTTP1_PATH_SIZE];   /* percent-decoded once, dot segments removed, valid UTF-8 */
    char query[HTTP1_QUERY_SIZE]; /* as sent, without '?'; "" when none */
    int path_is_plain;            /* `path` has the bytes that were sent */
    unsigned minor;               /* HTTP/1.minor: 0 or 1 */
    enum http1_body body;
    uint64_t content_length; /* of HTTP1_BODY_LENGTH, else 0 */
    int keep_alive;          /* the client wants the connection kept */
    int expect_continue;     /* it waits for "100 Continue" before the body */
    int upgrade_websocket;   /* Connection: upgrade and Upgrade: websocket */
    struct http1_text host;  /* the Host field: name or address, with port where given */
    size_t field_count;
    struct http1_field fields[HTTP1_FIELDS_MAX];
    const char *reason; /* static slug of a refusal, else NULL: "host", "folding", ... */
};

/* Parse one complete request head, as found by http1_head_find, borrowing from `head`.
 * -SK_EINVAL: malformed or ambiguous; -SK_ETOOBIG: too many fields, path or query too long;
 * -SK_EVERSION: not HTTP/1.0 or 1.1; -SK_EUNSUPPORTED: a method or transfer coding that we do not
 * know. `reason` says which rule it was. Refused are: lines not ended by CRLF, folded lines, a
 * blank before the colon, anything but exactly one Host, more than one of a field that may come
 * once, Content-Length beside Transfer-Encoding, any coding but a single "chunked" (and that only
 * in 1.1), targets other than origin-form, and in the path NUL, control bytes, backslash, an
 * encoded slash, an empty segment or a climb above the root. Any thread. */
SK_MUST int http1_request_parse(struct http1_request *req, const void *head, size_t head_len);

struct http1_response {
    int status; /* 100..599 */
    unsigned minor;
    enum http1_body body;
    uint64_t content_length;
    int keep_alive;
    size_t field_count;
    struct http1_field fields[HTTP1_FIELDS_MAX];
};

/* Parse one complete response head. `to_head` is 1 when it answers a HEAD request: then there is
 * no body and `content_length` still says what the field said. Errors as http1_request_parse. */
SK_MUST int http1_response_parse(struct http1_response *res, const void *head, size_t head_len,
                                 int to_head);

/* The first field of that name (letter case does not matter), or NULL. */
const struct http1_text *http1_field_find(const struct http1_field *fields, size_t count,
                                          const char *name);

/* 1 when the text is `s`, letter case aside (ASCII). */
int http1_text_is(const struct http1_text *t, const char *s);

/* 1 when the comma-separated list has the token `s`, letter case aside. */
int http1_text_has(const struct http1_text *t, const char *s);

/* Percent-encode a decoded path for a request line of our own: everything outside RFC 3986's pchar
 * and '/' becomes %XX. Zero-terminated in `out`; -SK_ETOOBIG when it does not fit. */
SK_MUST int http1_path_encode(char *out, size_t cap, const char *path);

/* ---- chunked bodies (RFC 9112 7.1), without extensions and trailers -------------------------- */

struct http1_chunks {
    uint64_t left;  /* of the chunk under way */
    uint64_t total; /* body bytes so far, the announced ones of this chunk included */
    uint64_t max;
    uint8_t state, digits;
};

void http1_chunks_init(struct http1_chunks *c, uint64_t max_bytes);

/* Take bytes from `data`: `*used` of them were consumed, of which `*out` (`*out_len` bytes, within
 * `data`) are body. Call again with the rest until `*used` == `len` or the result is not 0.
 * 1: the last chunk and its empty line are complete (nothing behind them was consumed);
 * -SK_EINVAL: malformed, an extension or a trailer; -SK_ETOOBIG: more than `max_bytes`. */
SK_MUST int http1_chunks_feed(struct http1_chunks *c, const uint8_t *data, size_t len, size_t *used,
                              const uint8_t **out, size_t *out_len);

#endif
