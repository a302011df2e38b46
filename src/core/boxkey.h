/* A key of the box beside its database, in DATA_DIR/keys/<name> (0600, base64url): what rooms seal
 * with it is of no use to who has the database alone. AES-256-GCM, a random nonce before each. */
#ifndef SK_CORE_BOXKEY_H
#define SK_CORE_BOXKEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { BOXKEY_BYTES = 32, BOXKEY_FRAME_BYTES = 12 + 16 }; /* what sealing adds */

struct boxkey {
    uint8_t bytes[BOXKEY_BYTES];
    int is_set;
};

/* Read the key, or make it. `may_make` 0: something is sealed under it already, so a lost key is an
 * error and is not replaced in silence. -SK_ENOTFOUND lost, -SK_EDENIED others may read the file,
 * -SK_EINVAL no key in it; each is logged as of the room `name`. */
SK_MUST int boxkey_load(struct boxkey *k, const char *data_dir, const char *name, int may_make);
void boxkey_wipe(struct boxkey *k);

/* Append nonce, ciphertext and tag of `len` bytes. `bound` (an id) is authenticated with them: what
 * is sealed for one row does not open in another. -SK_ECRYPTO no key; the buffer's errors. */
SK_MUST int boxkey_seal(const struct boxkey *k, struct sk_buf *out, const char *bound,
                        const void *data, size_t len);
/* Append the clear bytes; the caller wipes `out`. -SK_ECRYPTO: no key, or not what was sealed
 * (`out` is then as before). */
SK_MUST int boxkey_open(const struct boxkey *k, struct sk_buf *out, const char *bound,
                        const void *sealed, size_t len);

#endif
