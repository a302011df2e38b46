/* P-256 over mbedTLS's ECP. One process-wide group holds the generator's table; after it is made
 * the library only reads it, so all threads share it. */
#include "crypto/p256.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <pthread.h>
#include <string.h>

#include "crypto/wipe.h"

static mbedtls_ecp_group group;
static pthread_once_t group_once = PTHREAD_ONCE_INIT;

static int rng(void *unused, unsigned char *out, size_t len)
{
    (void)unused;
    sk_random(out, len);
    return 0;
}

static void group_make(void)
{
    mbedtls_ecp_point q;
    mbedtls_mpi one;

    mbedtls_ecp_group_init(&group);
    SK_ASSERT(mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) == 0);
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&one);
    SK_ASSERT(mbedtls_mpi_lset(&one, 2) == 0);
    SK_ASSERT(mbedtls_ecp_mul(&group, &q, &one, &group.G, rng, NULL) == 0); /* makes the table */
    mbedtls_ecp_point_free(&q);
    mbedtls_mpi_free(&one);
}

static mbedtls_ecp_group *group_get(void)
{
    SK_ASSERT(pthread_once(&group_once, group_make) == 0);
    return &group;
}

/* Form first, then range and curve: the library would also take `00` and compressed points. */
static int point_read(mbedtls_ecp_point *p, const uint8_t in[65])
{
    if (in[0] != 0x04 || mbedtls_ecp_point_read_binary(group_get(), p, in, 65) != 0 ||
        mbedtls_ecp_check_pubkey(group_get(), p) != 0)
        return -SK_ECRYPTO;
    return 0;
}

static int point_write(uint8_t out[65], const mbedtls_ecp_point *p)
{
    size_t len = 0;

    if (mbedtls_ecp_is_zero((mbedtls_ecp_point *)(uintptr_t)p) ||
        mbedtls_ecp_point_write_binary(group_get(), p, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, out,
                                       65) != 0)
        return -SK_ECRYPTO;
    SK_ASSERT(len == 65);
    return 0;
}

static int scalar_read(mbedtls_mpi *s, const uint8_t in[32])
{
    if (mbedtls_mpi_read_binary(s, in, 32) != 0 || mbedtls_ecp_check_privkey(group_get(), s) != 0)
        return -SK_ECRYPTO;
    return 0;
}

int crypto_p256_check(const uint8_t point[65])
{
    mbedtls_ecp_point p;
    int rc;

    mbedtls_ecp_point_init(&p);
    rc = point_read(&p, point);
    mbedtls_ecp_point_free(&p);
    return rc;
}

int crypto_p256_check_scalar(const uint8_t scalar[32])
{
    mbedtls_mpi s;
    int rc;

    mbedtls_mpi_init(&s);
    rc = scalar_read(&s, scalar);
    mbedtls_mpi_free(&s);
    return rc;
}

void crypto_p256_random_scalar(uint8_t out[32])
{
    do
        sk_random(out, 32);
    while (crypto_p256_check_scalar(out) < 0);
}

int crypto_p256_reduce(uint8_t out[32], const uint8_t *in, size_t len)
{
    mbedtls_mpi s;
    int rc = -SK_ECRYPTO;

    SK_ASSERT(len <= 64);
    mbedtls_mpi_init(&s);
    if (mbedtls_mpi_read_binary(&s, in, len) == 0 &&
        mbedtls_mpi_mod_mpi(&s, &s, &group_get()->N) == 0 && mbedtls_mpi_cmp_int(&s, 0) != 0 &&
        mbedtls_mpi_write_binary(&s, out, 32) == 0)
        rc = 0;
    mbedtls_mpi_free(&s);
    return rc;
}

int crypto_p256_mul(uint8_t out[65], const uint8_t scalar[32], const uint8_t *point)
{
    mbedtls_ecp_group *grp = group_get();
    mbedtls_ecp_point p, r;
    mbedtls_mpi s;
    int rc;

    mbedtls_ecp_point_init(&p);
    mbedtls_ecp_point_init(&r);
    mbedtls_mpi_init(&s);
    rc = scalar_read(&s, scalar);
    if (rc == 0 && point != NULL)
        rc = point_read(&p, point);
    if (rc == 0 && mbedtls_ecp_mul(grp, &r, &s, point != NULL ? &p : &grp->G, rng, NULL) != 0)
        rc = -SK_ECRYPTO;
    if (rc == 0)
        rc = point_write(out, &r);
    mbedtls_mpi_free(&s);
    mbedtls_ecp_point_free(&p);
    mbedtls_ecp_point_free(&r);
    return rc;
}

/* a + sign * b. muladd with the factors 1 and -1 takes the library's copy and negate paths: no
 * secret scalar is ever given to it. */
static int point_join(uint8_t out[65], const uint8_t a[65], const uint8_t b[65], int sign)
{
    mbedtls_ecp_point p, q, r;
    mbedtls_mpi one, factor;
    int rc;

    mbedtls_ecp_point_init(&p);
    mbedtls_ecp_point_init(&q);
    mbedtls_ecp_point_init(&r);
    mbedtls_mpi_init(&one);
    mbedtls_mpi_init(&factor);
    rc = point_read(&p, a);
    if (rc == 0)
        rc = point_read(&q, b);
    if (rc == 0 && (mbedtls_mpi_lset(&one, 1) != 0 || mbedtls_mpi_lset(&factor, sign) != 0 ||
                    mbedtls_ecp_muladd(group_get(), &r, &one, &p, &factor, &q) != 0))
        rc = -SK_ECRYPTO;
    if (rc == 0)
        rc = point_write(out, &r);
    mbedtls_mpi_free(&one);
    mbedtls_mpi_free(&factor);
    mbedtls_ecp_point_free(&p);
    mbedtls_ecp_point_free(&q);
    mbedtls_ecp_point_free(&r);
    return rc;
}

int crypto_p256_add(uint8_t out[65], const uint8_t a[65], const uint8_t b[65])
{
    return point_join(out, a, b, 1);
}

int crypto_p256_sub(uint8_t out[65], const uint8_t a[65], const uint8_t b[65])
{
    return point_join(out, a, b, -1);
}

void crypto_p256_keygen(uint8_t secret[32], uint8_t public_key[65])
{
    crypto_p256_random_scalar(secret);
    SK_ASSERT(crypto_p256_mul(public_key, secret, NULL) == 0);
}

int crypto_p256_ecdh(uint8_t out[32], const uint8_t secret[32], const uint8_t point[65])
{
    uint8_t shared[65];
    int rc = crypto_p256_mul(shared, secret, point);

    if (rc == 0)
        memcpy(out, shared + 1, 32);
    crypto_wipe(shared, sizeof shared);
    return rc;
}

int crypto_p256_sign(uint8_t sig[64], const uint8_t secret[32], const uint8_t hash[32])
{
    mbedtls_mpi d, r, s;
    int rc;

    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    rc = scalar_read(&d, secret);
    if (rc == 0 && (mbedtls_ecdsa_sign_det_ext(group_get(), &r, &s, &d, hash, 32, MBEDTLS_MD_SHA256,
                                               rng, NULL) != 0 ||
                    mbedtls_mpi_write_binary(&r, sig, 32) != 0 ||
                    mbedtls_mpi_write_binary(&s, sig + 32, 32) != 0))
        rc = -SK_ECRYPTO;
    mbedtls_mpi_free(&d);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return rc;
}

int crypto_p256_verify(const uint8_t sig[64], const uint8_t public_key[65], const uint8_t hash[32])
{
    mbedtls_ecp_point q;
    mbedtls_mpi r, s;
    int rc;

    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    rc = point_read(&q, public_key);
    if (rc == 0 && (mbedtls_mpi_read_binary(&r, sig, 32) != 0 ||
                    mbedtls_mpi_read_binary(&s, sig + 32, 32) != 0 ||
                    mbedtls_ecdsa_verify(group_get(), hash, 32, &q, &r, &s) != 0))
        rc = -SK_ECRYPTO;
    mbedtls_ecp_point_free(&q);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return rc;
}

/* One INTEGER of at most 32 significant bytes, written right-aligned. Returns the bytes read, 0
 * when it is not one. */
static size_t der_integer(uint8_t out[32], const uint8_t *der, size_t len)
{
    size_t n = len >= 3 && der[0] == 0x02 ? der[1] : 0;
    const uint8_t *at = der + 2;

    if (n < 1 || n > 33 || n + 2 > len || (at[0] & 0x80))
        return 0;
    if (n > 1 && at[0] == 0 && !(at[1] & 0x80))
        return 0; /* a zero that is not needed */
    size_t skip = at[0] == 0 ? 1 : 0;
    if (n - skip > 32)
        return 0;
    memset(out, 0, 32);
    memcpy(out + 32 - (n - skip), at + skip, n - skip);
    return n + 2;
}

int crypto_p256_sig_from_der(uint8_t sig[64], const uint8_t *der, size_t len)
{
    if (len < 8 || der[0] != 0x30 || der[1] > 0x7f || (size_t)der[1] + 2 != len)
        return -SK_ECRYPTO;
    size_t r = der_integer(sig, der + 2, len - 2);
    size_t s = r ? der_integer(sig + 32, der + 2 + r, len - 2 - r) : 0;
    return s && 2 + r + s == len ? 0 : -SK_ECRYPTO;
}
