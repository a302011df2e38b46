/* SHA-1 (FIPS 180-4): broken as a promise, here only the name by which lists of breached passwords
 * know their entries. Nothing that must hold may be built on it. */
#ifndef SK_CRYPTO_SHA1_H
#define SK_CRYPTO_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { CRYPTO_SHA1_BYTES = 20 };

void crypto_sha1(uint8_t out[CRYPTO_SHA1_BYTES], const void *data, size_t len);

#endif
