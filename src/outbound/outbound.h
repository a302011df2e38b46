/* Everything that the box itself sends out: HTTPS requests and mail, through libcurl and a few
 * threads of this room's own. The only room that knows libcurl.
 *
 * Every transfer has a deadline and byte caps, verifies the other side's certificate and name,
 * follows no redirect and uses no proxy. A host name is resolved here and only an address that
 * passed the guard is connected to: loopback, link-local, private, multicast and other addresses
 * that are not of the public internet are refused unless `outbound.allow` names them, so a URL
 * that somebody typed cannot be made to knock inside the owner's network (SSRF). */
#ifndef SK_OUTBOUND_OUTBOUND_H
#define SK_OUTBOUND_OUTBOUND_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/room.h"

extern const struct room outbound_room;

/* "libcurl/7.88.1"; static. */
const char *outbound_library(void);

enum {
    OUTBOUND_URL_MAX = 2048,
    OUTBOUND_BODY_MAX = 1024 * 1024, /* of a request */
    OUTBOUND_ANSWER_MAX = 1024 * 1024,
    OUTBOUND_DEADLINE_MAX_MS = 60000,
    OUTBOUND_MAIL_TO_MAX = 254, /* RFC 5321 4.5.3.1.3, without the angle brackets */
    OUTBOUND_MAIL_SUBJECT_MAX = 200,
    OUTBOUND_MAIL_TEXT_MAX = 16 * 1024,
};

/* ---- HTTPS ---- */

/* Everything is copied (and the copy wiped in the end). */
struct outbound_request {
    const char *method;         /* NULL: "GET", or "POST" when there is a body */
    const char *url;            /* "https://..."; nothing else is asked */
    const char *const *headers; /* "Name: value", ended by NULL; may be NULL */
    const void *body;
    size_t body_len;
    size_t answer_max;   /* bytes; more than that is -SK_ETOOBIG */
    int64_t deadline_ms; /* from now on, waiting for a thread included */
};

/* What came back. `err` 0: a whole answer of any `status` (301 and 500 as well). Else
 *   -SK_EDENIED   the guard refuses every address of the host
 *   -SK_ETIMEOUT  the deadline passed
 *   -SK_ECRYPTO   the certificate or its name did not verify, or no TLS could be agreed on
 *   -SK_ETOOBIG   more than `answer_max`
 *   -SK_EAUTH     (mail) the server refused name and password, or offers no TLS
 *   -SK_EINVAL    (mail) the server refused the recipient or the message for good (5xx)
 *   -SK_ECLOSED   the house stops
 *   -SK_EIO       anything else: no such host, no connection, broken answer */
struct outbound_answer {
    int err;
    int status;
    int64_t retry_after_s; /* of Retry-After, seconds or a date; 0: not said */
    char type[64]; /* content type without its parameters, lower case; "" when there was none */
    const uint8_t *body; /* borrowed for the call; followed by a zero byte */
    size_t body_len;
};

/* Called once, on one of this room's threads; may block for a short while (a write to the store),
 * must not call outbound_https_wait. */
typedef void (*outbound_done_fn)(void *ctx, const struct outbound_answer *answer);

/* Queue and return. -SK_EINVAL: a URL that is not https, has a user part or control characters, a
 * header with a line break, a cap out of range; -SK_EBUSY: the queue is full; -SK_ECLOSED: stopped
 * (or the room is not in this house). Then `done` is not called. Any thread. */
SK_MUST int outbound_https(const struct outbound_request *req, outbound_done_fn done, void *ctx);

/* The same, waiting: 0 when a whole answer came, its body appended to `body` (whose own maximum
 * counts as well) and its status in `*status`; else an error of either list. Worker threads. */
SK_MUST int outbound_https_wait(const struct outbound_request *req, int *status,
                                struct sk_buf *body);

/* ---- mail ---- */

/* Plain text, UTF-8, lines ended by LF. Everything is copied (and the copy wiped in the end). */
struct outbound_mail {
    const char *to; /* one address; see outbound_mail_address_check */
    const char *subject;
    const char *text;
};

/* 1 when a mail server is configured (outbound.smtp_host). Any thread. */
int outbound_mail_is_on(void);

/* Take the message and return; it is tried for `outbound.mail_tries_min` minutes. `done` may be
 * NULL; it hears the end of it. -SK_EINVAL: an address or subject that no header may hold (line
 * breaks, control characters) or beyond the bounds; -SK_EUNSUPPORTED: no mail server configured;
 * -SK_EBUSY: 256 wait already; -SK_ECLOSED. Any thread, never blocks. */
SK_MUST int outbound_mail(const struct outbound_mail *mail, outbound_done_fn done, void *ctx);

/* 0 when `address` is one plain mailbox, "local@domain": ASCII, at most 254 bytes, dot-atom before
 * the @, a host name of at least two labels behind it (RFC 5321 4.1.2, without quoted strings and
 * address literals); else -SK_EINVAL. Pure. */
SK_MUST int outbound_mail_address_check(const char *address);

/* ---- the guard, for whoever lets people type a URL and wants to say no at once ---- */

/* 0 when `url` has the form that outbound_https takes; its host is judged when it is resolved.
 * -SK_EINVAL. Pure. */
SK_MUST int outbound_url_check(const char *url);

#endif
