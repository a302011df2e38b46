/* X25519 over mbedTLS's ECP. */
#include "crypto/x25519.h"

#include <mbedtls/ecp.h>
#include <string.h>

#include "crypto/wipe.h"

static int rng(void *unused, unsigned char *out, size_t len)
{
    (void)unused;
    sk_random(out, len);
    return 0;
}

int crypto_x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t *u)
{
    uint8_t clamped[32];
    mbedtls_ecp_group grp;
    mbedtls_ecp_point p, r;
    mbedtls_mpi s;
    size_t len = 0;
    int rc = -SK_ECRYPTO;

    memcpy(clamped, scalar, 32);
    clamped[0] &= 248;
    clamped[31] = (uint8_t)((clamped[31] & 127) | 64);
    mbedtls_ecp_group_init(&grp);
    mbedtls_ecp_point_init(&p);
    mbedtls_ecp_point_init(&r);
    mbedtls_mpi_init(&s);
    if (mbedtls_ecp_group_load(&grp, MBEDTLS_ECP_DP_CURVE25519) != 0 ||
        mbedtls_mpi_read_binary_le(&s, clamped, 32) != 0 ||
        (u != NULL && mbedtls_ecp_point_read_binary(&grp, &p, u, 32) != 0) ||
        mbedtls_ecp_mul(&grp, &r, &s, u != NULL ? &p : &grp.G, rng, NULL) != 0 ||
        mbedtls_ecp_point_write_binary(&grp, &r, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, out, 32) != 0)
        goto out;
    rc = 0;
out:
    mbedtls_mpi_free(&s);
    mbedtls_ecp_point_free(&p);
    mbedtls_ecp_point_free(&r);
    mbedtls_ecp_group_free(&grp);
    crypto_wipe(clamped, sizeof clamped);
    return rc;
}
