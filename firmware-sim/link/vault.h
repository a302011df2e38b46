/* What a camera keeps in its flash: identity, key, certificate, sealed state, TLS ticket, the
 * head's presets. One folder a camera, files 0600. */
#ifndef SIM_LINK_VAULT_H
#define SIM_LINK_VAULT_H

#include "base/buf.h"
#include "base/err.h"

enum { VAULT_ID_SIZE = 27 };

struct vault {
    char *dir; /* owned */
    char device[VAULT_ID_SIZE];
    struct sk_buf key, cert, state, ticket; /* DER, DER, opaque, opaque; secrets */
    struct sk_buf presets;                  /* opaque, no secret */
};

/* Open the folder `dir`/`number` and read what is there; made when missing. `device` is "" when
 * the camera has not enrolled. -SK_EIO, -SK_EDENIED. */
SK_MUST int vault_open(struct vault *v, const char *dir, unsigned number);
/* Wipe and free the memory; the files stay. */
void vault_close(struct vault *v);
/* Identity after enrolment: id, key and certificate, the id last, so that half a set counts as
 * none. */
SK_MUST int vault_save_identity(struct vault *v);
SK_MUST int vault_save_state(struct vault *v, const void *state, size_t len);
SK_MUST int vault_save_ticket(struct vault *v);
SK_MUST int vault_save_presets(struct vault *v, const void *data, size_t len);

#endif
