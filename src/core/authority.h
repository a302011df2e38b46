/* A certificate authority of the box's own, kept in a folder below the data: key (0600) and
 * certificate, made at first start and never leaving the box. Rooms that give certificates out
 * (cameras, agents) have one each, so that what one gave out opens nothing of another. */
#ifndef SK_CORE_AUTHORITY_H
#define SK_CORE_AUTHORITY_H

#include "base/buf.h"
#include "base/err.h"

struct x509_key;

struct authority {
    struct x509_key *key;
    struct sk_buf der; /* its certificate */
};

enum { AUTHORITY_BACKDATE_MS = 86400000 }; /* devices wake with clocks that are behind */

/* Load it, or make it with the common name `name` for 30 years. `may_make` 0: certificates of it
 * are out already, so a lost one is an error (-SK_ENOTFOUND). Logged as of the room `room`. */
SK_MUST int authority_open(struct authority *a, const char *room, const char *data_dir,
                           const char *folder, const char *name, int may_make);
void authority_close(struct authority *a);
/* Append its certificate as PEM. */
SK_MUST int authority_pem(const struct authority *a, struct sk_buf *out);

#endif
