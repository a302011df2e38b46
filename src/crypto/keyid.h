/* Names of public keys in the sealed layer: H_key, key id, fingerprint (sealed.md 5.1). */
#ifndef SK_CRYPTO_KEYID_H
#define SK_CRYPTO_KEYID_H

#include <stdint.h>

enum crypto_key_role { CRYPTO_KEY_SEAL = 1, CRYPTO_KEY_VIEWER = 2, CRYPTO_KEY_OWNER = 3 };

enum { CRYPTO_KEY_ID_BYTES = 16, CRYPTO_FINGERPRINT_SIZE = 25 };

/* SHA-256("skep-seal/1 key\0" || role || point). */
void crypto_key_hash(uint8_t out[32], enum crypto_key_role role, const uint8_t point[65]);

/* The first 16 bytes of it. */
void crypto_key_id(uint8_t out[16], enum crypto_key_role role, const uint8_t point[65]);

/* Its first 100 bits in Crockford base32, five groups of four: "XXXX-XXXX-XXXX-XXXX-XXXX", always
 * zero-terminated. */
void crypto_key_fingerprint(char out[CRYPTO_FINGERPRINT_SIZE], enum crypto_key_role role,
                            const uint8_t point[65]);

/* `bits` (a multiple of 5) of `in` as Crockford base32 digits, zero-terminated: bits / 5 + 1 bytes.
 */
void crypto_crockford(char *out, const uint8_t *in, unsigned bits);

#endif
