/* X25519 (RFC 7748). The sealed layer runs on P-256; this exists so that the Noise state machine
 * can be held against the public vectors, which are for Curve25519. Any thread. */
#ifndef SK_CRYPTO_X25519_H
#define SK_CRYPTO_X25519_H

#include <stdint.h>

#include "base/err.h"

/* scalar * u; `u` NULL = the base point. -SK_ECRYPTO when the result is all zero. */
SK_MUST int crypto_x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t *u);

#endif
