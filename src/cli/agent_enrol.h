/* How `skep agent` and `skep hosts` come to their keys: a token once, files in a folder for good.
 */
#ifndef SK_CLI_AGENT_ENROL_H
#define SK_CLI_AGENT_ENROL_H

#include "base/buf.h"
#include "base/err.h"
#include "firmware-sim/link/box.h"

struct https_client;
struct tls_config;

/* DIR/NAME.key, DIR/NAME.crt and DIR/box-ca.pem are there: TLS settings from them. -SK_ENOTFOUND.
 */
SK_MUST int agent_identity_load(struct tls_config **out, const char *dir, const char *name);

/* Make a key, trade `token` for a certificate over `http`, keep all three files. -SK_EAUTH: the
 * token is not good (any more). */
SK_MUST int agent_enrol(struct https_client *http, const char *token, const char *dir,
                        const char *name);

/* Read URL and pin into `b` and connect for enrolment. On failure a sentence in `why`. */
SK_MUST int agent_box_open(struct box *b, const char *url, const char *pin,
                           struct https_client **http, struct sk_buf *why);

#endif
