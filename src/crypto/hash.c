/* SHA-2 and HMAC over mbedTLS. The library's hash calls cannot fail on CPUs without a faulty
 * accelerator, so a failure is an assertion, not an error every caller would have to carry. */
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/compat.h"
#include "crypto/wipe.h"

enum { SHA256_BLOCK = 64, SHA512_BLOCK = 128 };

static void sha256_add(mbedtls_sha256_context *ctx, const void *data, size_t len)
{
    if (len > 0)
        SK_ASSERT(SK_SHA256_UPDATE(ctx, data, len) == 0);
}

static void sha256_end(mbedtls_sha256_context *ctx, uint8_t out[32])
{
    SK_ASSERT(SK_SHA256_FINISH(ctx, out) == 0);
    mbedtls_sha256_free(ctx);
}

static void sha256_begin(mbedtls_sha256_context *ctx)
{
    mbedtls_sha256_init(ctx);
    SK_ASSERT(SK_SHA256_STARTS(ctx) == 0);
}

void crypto_sha256_parts(uint8_t out[32], const struct crypto_part *parts, size_t count)
{
    mbedtls_sha256_context ctx;

    sha256_begin(&ctx);
    for (size_t i = 0; i < count; i++)
        sha256_add(&ctx, parts[i].data, parts[i].len);
    sha256_end(&ctx, out);
}

void crypto_sha256(uint8_t out[32], const void *data, size_t len)
{
    struct crypto_part part = {data, len};

    crypto_sha256_parts(out, &part, 1);
}

static void sha512_two(uint8_t out[64], const uint8_t *first, size_t first_len,
                       const struct crypto_part *parts, size_t count)
{
    mbedtls_sha512_context ctx;

    mbedtls_sha512_init(&ctx);
    SK_ASSERT(SK_SHA512_STARTS(&ctx) == 0);
    if (first_len > 0)
        SK_ASSERT(SK_SHA512_UPDATE(&ctx, first, first_len) == 0);
    for (size_t i = 0; i < count; i++)
        if (parts[i].len > 0)
            SK_ASSERT(SK_SHA512_UPDATE(&ctx, parts[i].data, parts[i].len) == 0);
    SK_ASSERT(SK_SHA512_FINISH(&ctx, out) == 0);
    mbedtls_sha512_free(&ctx);
}

void crypto_sha512(uint8_t out[64], const void *data, size_t len)
{
    struct crypto_part part = {data, len};

    sha512_two(out, NULL, 0, &part, 1);
}

static void pad_xor(uint8_t *pad, size_t len, uint8_t with)
{
    for (size_t i = 0; i < len; i++)
        pad[i] ^= with;
}

void crypto_hmac_sha256_parts(uint8_t out[32], const void *key, size_t key_len,
                              const struct crypto_part *parts, size_t count)
{
    mbedtls_sha256_context ctx;
    uint8_t pad[SHA256_BLOCK] = {0}, inner[32];

    if (key_len > sizeof pad)
        crypto_sha256(pad, key, key_len);
    else if (key_len > 0)
        memcpy(pad, key, key_len);
    pad_xor(pad, sizeof pad, 0x36);
    sha256_begin(&ctx);
    sha256_add(&ctx, pad, sizeof pad);
    for (size_t i = 0; i < count; i++)
        sha256_add(&ctx, parts[i].data, parts[i].len);
    sha256_end(&ctx, inner);
    pad_xor(pad, sizeof pad, 0x36 ^ 0x5c);
    sha256_begin(&ctx);
    sha256_add(&ctx, pad, sizeof pad);
    sha256_add(&ctx, inner, sizeof inner);
    sha256_end(&ctx, out);
    crypto_wipe(pad, sizeof pad);
    crypto_wipe(inner, sizeof inner);
}

void crypto_hmac_sha256(uint8_t out[32], const void *key, size_t key_len, const void *data,
                        size_t len)
{
    struct crypto_part part = {data, len};

    crypto_hmac_sha256_parts(out, key, key_len, &part, 1);
}

void crypto_hmac_sha512_parts(uint8_t out[64], const void *key, size_t key_len,
                              const struct crypto_part *parts, size_t count)
{
    uint8_t pad[SHA512_BLOCK] = {0}, inner[64];
    struct crypto_part tail = {inner, sizeof inner};

    if (key_len > sizeof pad)
        crypto_sha512(pad, key, key_len);
    else if (key_len > 0)
        memcpy(pad, key, key_len);
    pad_xor(pad, sizeof pad, 0x36);
    sha512_two(inner, pad, sizeof pad, parts, count);
    pad_xor(pad, sizeof pad, 0x36 ^ 0x5c);
    sha512_two(out, pad, sizeof pad, &tail, 1);
    crypto_wipe(pad, sizeof pad);
    crypto_wipe(inner, sizeof inner);
}

struct crypto_sha256_run {
    mbedtls_sha256_context ctx;
};

struct crypto_sha256_run *crypto_sha256_run_new(void)
{
    struct crypto_sha256_run *run = sk_alloc(sizeof *run);

    sha256_begin(&run->ctx);
    return run;
}

void crypto_sha256_run_add(struct crypto_sha256_run *run, const void *data, size_t len)
{
    sha256_add(&run->ctx, data, len);
}

void crypto_sha256_run_get(const struct crypto_sha256_run *run, uint8_t out[32])
{
    mbedtls_sha256_context copy;

    mbedtls_sha256_init(&copy);
    mbedtls_sha256_clone(&copy, &run->ctx);
    sha256_end(&copy, out);
}

void crypto_sha256_run_free(struct crypto_sha256_run **run)
{
    if (*run == NULL)
        return;
    mbedtls_sha256_free(&(*run)->ctx);
    free(*run);
    *run = NULL;
}
