/* Private to src/crypto: the few names that differ between mbedTLS 2.28 and 3.6. */
#ifndef SK_CRYPTO_COMPAT_H
#define SK_CRYPTO_COMPAT_H

#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define SK_SHA256_STARTS(ctx) mbedtls_sha256_starts(ctx, 0)
#define SK_SHA256_UPDATE(ctx, data, len) mbedtls_sha256_update(ctx, data, len)
#define SK_SHA256_FINISH(ctx, out) mbedtls_sha256_finish(ctx, out)
#define SK_SHA512_STARTS(ctx) mbedtls_sha512_starts(ctx, 0)
#define SK_SHA512_UPDATE(ctx, data, len) mbedtls_sha512_update(ctx, data, len)
#define SK_SHA512_FINISH(ctx, out) mbedtls_sha512_finish(ctx, out)
#else
#define SK_SHA256_STARTS(ctx) mbedtls_sha256_starts_ret(ctx, 0)
#define SK_SHA256_UPDATE(ctx, data, len) mbedtls_sha256_update_ret(ctx, data, len)
#define SK_SHA256_FINISH(ctx, out) mbedtls_sha256_finish_ret(ctx, out)
#define SK_SHA512_STARTS(ctx) mbedtls_sha512_starts_ret(ctx, 0)
#define SK_SHA512_UPDATE(ctx, data, len) mbedtls_sha512_update_ret(ctx, data, len)
#define SK_SHA512_FINISH(ctx, out) mbedtls_sha512_finish_ret(ctx, out)
#endif

#endif
