/* Enrolment from the camera's side: many cameras over one HTTPS connection (RFC 7030 in shape). */
#ifndef SIM_LINK_ENROL_H
#define SIM_LINK_ENROL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "firmware-sim/link/box.h"
#include "firmware-sim/link/vault.h"

struct enrol_request {
    struct vault *vault; /* key is made, id, key and certificate are filled in and saved */
    const char *name;    /* proposed display name */
    const char *serial;  /* display only */
};

/* Fetch the box's authority (into box->ca_pem, when it is only pinned yet), then enrol all
 * `requests` with `token`. `progress` (may be NULL) is called after each. Blocks; runs a loop of
 * its own. What was enrolled before a failure is saved and stays. On failure `why` holds a
 * sentence. -SK_EAUTH (token), -SK_EBUSY, -SK_ECLOSED, -SK_ETIMEOUT, -SK_ECRYPTO (not our box) */
SK_MUST int enrol_run(struct box *box, const char *token, struct enrol_request *requests,
                      size_t count, void (*progress)(void *ctx, size_t done, size_t count),
                      void *ctx, struct sk_buf *why);

#endif
