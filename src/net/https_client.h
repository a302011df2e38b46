/* A small HTTPS client for tools and simulated cameras: one keep-alive connection, one query at a
 * time, answers with a Content-Length only (ours all have one). Blocks its thread; runs a loop of
 * its own. */
#ifndef SK_NET_HTTPS_CLIENT_H
#define SK_NET_HTTPS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/tls.h"

struct https_client;

/* `tls` (client settings, a reference is taken) says whom to trust. Connects at the first query.
 * The caller frees. */
SK_MUST int https_client_new(struct https_client **out, const char *host, uint16_t port,
                             struct tls_config *tls);
void https_client_free(struct https_client *c);

struct https_query {
    const char *method, *path; /* path with its query, percent-encoded */
    const char *authorization; /* field value or NULL */
    const char *fields;        /* further fields, each ended by CRLF, or NULL */
    const char *type;          /* Content-Type of the body or NULL */
    const void *body;
    size_t body_len;
};

/* Ask and wait (at most 30 s). `*body` is borrowed until the next call. A connection that the
 * server closed meanwhile is opened anew. -SK_ETIMEOUT, -SK_ECLOSED, -SK_EAUTH (not the server
 * that was meant), -SK_EINVAL (malformed answer), -SK_ETOOBIG (over 1 MiB). */
SK_MUST int https_client_query(struct https_client *c, const struct https_query *q, int *status,
                               const char **body, size_t *body_len);

#endif
