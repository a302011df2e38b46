/* Private to the sdk: the one place where channel and media call the AEAD, so that the build of the
 * blindness test's control (SEAL_NULL: no encryption, the tag zeros) differs in one file. */
#ifndef SK_SDK_SEAL_H
#define SK_SDK_SEAL_H

#include "crypto/aead.h"

SK_MUST int seal_in_place(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad,
                          size_t aad_len, uint8_t *data, size_t len, uint8_t tag[16]);
SK_MUST int open_in_place(struct crypto_gcm *g, const uint8_t nonce[12], const void *aad,
                          size_t aad_len, uint8_t *data, size_t len, const uint8_t tag[16]);

/* 1 in the control build only; its viewers are told so by a feature in hello. */
int seal_is_null(void);

#endif
