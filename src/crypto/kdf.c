/* HKDF and PBKDF2. Written here rather than taken from the library: its HKDF is absent from some
 * builds, and its PBKDF2 hashes the padded key anew in every iteration, which costs twice the time
 * in a camera for nothing. */
#include "crypto/kdf.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/compat.h"
#include "crypto/wipe.h"

enum { INFO_PARTS_MAX = 6 };

void crypto_hkdf_extract(uint8_t prk[32], const void *salt, size_t salt_len, const void *ikm,
                         size_t ikm_len)
{
    crypto_hmac_sha256(prk, salt, salt_len, ikm, ikm_len);
}

void crypto_hkdf512_extract(uint8_t prk[64], const void *salt, size_t salt_len, const void *ikm,
                            size_t ikm_len)
{
    struct crypto_part part = {ikm, ikm_len};

    crypto_hmac_sha512_parts(prk, salt, salt_len, &part, 1);
}

void crypto_hkdf_expand_parts(uint8_t *out, size_t out_len, const uint8_t prk[32],
                              const struct crypto_part *info, size_t count)
{
    struct crypto_part parts[INFO_PARTS_MAX + 2];
    uint8_t block[32], number = 0;
    size_t done = 0;

    SK_ASSERT(out_len <= 255 * sizeof block && count <= INFO_PARTS_MAX);
    while (done < out_len) {
        size_t n = out_len - done < sizeof block ? out_len - done : sizeof block;

        parts[0] = (struct crypto_part){block, number == 0 ? 0 : sizeof block};
        for (size_t i = 0; i < count; i++)
            parts[1 + i] = info[i];
        number++;
        parts[1 + count] = (struct crypto_part){&number, 1};
        crypto_hmac_sha256_parts(block, prk, 32, parts, count + 2);
        memcpy(out + done, block, n);
        done += n;
    }
    crypto_wipe(block, sizeof block);
}

void crypto_hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[32], const void *info,
                        size_t info_len)
{
    struct crypto_part part = {info, info_len};

    crypto_hkdf_expand_parts(out, out_len, prk, &part, 1);
}

void crypto_hkdf512_expand(uint8_t *out, size_t out_len, const uint8_t prk[64], const void *info,
                           size_t info_len)
{
    uint8_t block[64], number = 0;
    size_t done = 0;

    SK_ASSERT(out_len <= 255 * sizeof block);
    while (done < out_len) {
        size_t n = out_len - done < sizeof block ? out_len - done : sizeof block;
        struct crypto_part parts[3] = {{block, number == 0 ? 0 : sizeof block}, {info, info_len}};

        number++;
        parts[2] = (struct crypto_part){&number, 1};
        crypto_hmac_sha512_parts(block, prk, 64, parts, 3);
        memcpy(out + done, block, n);
        done += n;
    }
    crypto_wipe(block, sizeof block);
}

/* HMAC with the two padded-key states computed once. */
struct hmac_state {
    mbedtls_sha256_context inner, outer;
};

static void hmac_state_init(struct hmac_state *s, const void *key, size_t key_len)
{
    uint8_t pad[64] = {0};

    if (key_len > sizeof pad)
        crypto_sha256(pad, key, key_len);
    else if (key_len > 0)
        memcpy(pad, key, key_len);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    mbedtls_sha256_init(&s->inner);
    SK_ASSERT(SK_SHA256_STARTS(&s->inner) == 0);
    SK_ASSERT(SK_SHA256_UPDATE(&s->inner, pad, sizeof pad) == 0);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    mbedtls_sha256_init(&s->outer);
    SK_ASSERT(SK_SHA256_STARTS(&s->outer) == 0);
    SK_ASSERT(SK_SHA256_UPDATE(&s->outer, pad, sizeof pad) == 0);
    crypto_wipe(pad, sizeof pad);
}

static void hmac_state_run(const struct hmac_state *s, uint8_t out[32], const uint8_t *data,
                           size_t len, const uint8_t *more, size_t more_len)
{
    mbedtls_sha256_context ctx;

    mbedtls_sha256_init(&ctx);
    mbedtls_sha256_clone(&ctx, &s->inner);
    if (len > 0)
        SK_ASSERT(SK_SHA256_UPDATE(&ctx, data, len) == 0);
    if (more_len > 0)
        SK_ASSERT(SK_SHA256_UPDATE(&ctx, more, more_len) == 0);
    SK_ASSERT(SK_SHA256_FINISH(&ctx, out) == 0);
    mbedtls_sha256_clone(&ctx, &s->outer);
    SK_ASSERT(SK_SHA256_UPDATE(&ctx, out, 32) == 0);
    SK_ASSERT(SK_SHA256_FINISH(&ctx, out) == 0);
    mbedtls_sha256_free(&ctx);
}

void crypto_pbkdf2(uint8_t out[32], const void *password, size_t password_len, const void *salt,
                   size_t salt_len, uint32_t iterations)
{
    static const uint8_t block_one[4] = {0, 0, 0, 1};
    struct hmac_state s;
    uint8_t u[32];

    SK_ASSERT(iterations >= 1);
    hmac_state_init(&s, password, password_len);
    hmac_state_run(&s, u, salt, salt_len, block_one, sizeof block_one);
    memcpy(out, u, sizeof u);
    for (uint32_t i = 1; i < iterations; i++) {
        hmac_state_run(&s, u, u, sizeof u, NULL, 0);
        for (size_t j = 0; j < sizeof u; j++)
            out[j] ^= u[j];
    }
    mbedtls_sha256_free(&s.inner);
    mbedtls_sha256_free(&s.outer);
    crypto_wipe(u, sizeof u);
}
