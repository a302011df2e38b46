/* The server as cameras see it: where it is and how it is known for the right one. */
#ifndef SIM_LINK_BOX_H
#define SIM_LINK_BOX_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tls_config;

struct box {
    char host[256];
    uint16_t port;
    struct sk_buf ca_pem; /* authority that vouches for the server; empty when only pinned */
    uint8_t pin[32];      /* SHA-256 of its certificate, before the authority is known */
    int has_pin;
    struct tls_config *media; /* skep-media/1, no certificate of its own; made by box_ready */
};

void box_init(struct box *b);
void box_fini(struct box *b);

/* "https://host[:port]" (port 8443 when absent), nothing behind it. -SK_EINVAL. */
SK_MUST int box_parse_url(struct box *b, const char *url);

/* 64 hex digits, with or without blanks and colons between them. -SK_EINVAL. */
SK_MUST int box_parse_pin(struct box *b, const char *text);

/* Client settings for HTTPS by authority or pin, whichever is known. The caller drops them. */
SK_MUST int box_tls_http(const struct box *b, struct tls_config **out);

/* Client settings of one camera's device link. The caller drops them. */
SK_MUST int box_tls_device(const struct box *b, const struct sk_buf *cert, const struct sk_buf *key,
                           struct tls_config **out);

/* Make `media`. Needs the authority. */
SK_MUST int box_ready(struct box *b);

/* Keep and find the authority beside the cameras' files (`dir`/box-ca.pem). */
SK_MUST int box_save(const struct box *b, const char *dir);
SK_MUST int box_load(struct box *b, const char *dir);

#endif
