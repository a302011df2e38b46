/* SHA-2 and HMAC. Pure functions; any thread. Inputs may be given in parts, so that callers do not
 * join bytes into buffers of their own just to hash them. */
#ifndef SK_CRYPTO_HASH_H
#define SK_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { CRYPTO_SHA256_BYTES = 32, CRYPTO_SHA512_BYTES = 64 };

/* One piece of a message; `data` may be NULL when `len` is 0. */
struct crypto_part {
    const void *data;
    size_t len;
};

/* FIPS 180-4. `out` takes 32 bytes (64 for SHA-512). */
void crypto_sha256(uint8_t out[32], const void *data, size_t len);
void crypto_sha256_parts(uint8_t out[32], const struct crypto_part *parts, size_t count);
void crypto_sha512(uint8_t out[64], const void *data, size_t len);

/* RFC 2104. */
void crypto_hmac_sha256(uint8_t out[32], const void *key, size_t key_len, const void *data,
                        size_t len);
void crypto_hmac_sha256_parts(uint8_t out[32], const void *key, size_t key_len,
                              const struct crypto_part *parts, size_t count);
void crypto_hmac_sha512_parts(uint8_t out[64], const void *key, size_t key_len,
                              const struct crypto_part *parts, size_t count);

/* RFC 2104 with SHA-1, for RFC 6238 time codes alone: every authenticator app speaks it, and HMAC
 * does not fall with collisions. `out` takes 20 bytes. */
void crypto_hmac_sha1(uint8_t out[20], const void *key, size_t key_len, const void *data,
                      size_t len);

/* A running SHA-256 for long inputs (uploads, artifacts). new/free; one thread at a time. */
struct crypto_sha256_run;
struct crypto_sha256_run *crypto_sha256_run_new(void);
void crypto_sha256_run_add(struct crypto_sha256_run *run, const void *data, size_t len);
/* The hash of everything added so far; the run may go on. */
void crypto_sha256_run_get(const struct crypto_sha256_run *run, uint8_t out[32]);
/* Wipes and frees; `*run` becomes NULL; NULL is fine. */
void crypto_sha256_run_free(struct crypto_sha256_run **run);

#endif
