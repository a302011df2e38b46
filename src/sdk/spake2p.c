#include "sdk/spake2p.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/kdf.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

/* RFC 9383 section 4, uncompressed. */
static const uint8_t point_m[65] = {
    0x04, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24,
    0x25, 0x79, 0xf2, 0x99, 0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf,
    0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f, 0x5f, 0xf3, 0x55, 0x16, 0x3e, 0x43,
    0xce, 0x22, 0x4e, 0x0b, 0x0e, 0x65, 0xff, 0x02, 0xac, 0x8e, 0x5c, 0x7b, 0xe0,
    0x94, 0x19, 0xc7, 0x85, 0xe0, 0xca, 0x54, 0x7d, 0x55, 0xa1, 0x2e, 0x2d, 0x20};
static const uint8_t point_n[65] = {
    0x04, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f,
    0x38, 0xc3, 0x77, 0x07, 0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b,
    0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49, 0x07, 0xd6, 0x0a, 0xa6, 0xbf, 0xad,
    0xe4, 0x50, 0x08, 0xa6, 0x36, 0x33, 0x7f, 0x51, 0x68, 0xc6, 0x4d, 0x9b, 0xd3,
    0x60, 0x34, 0x80, 0x8c, 0xd5, 0x64, 0x49, 0x0b, 0x1e, 0x65, 0x6e, 0xdb, 0xe7};

enum { FIELDS = 10 };

/* K_main = H(TT); every field of TT has an 8-byte little-endian length before it. */
static void transcript_hash(uint8_t out[32], const struct crypto_part fields[FIELDS])
{
    struct crypto_part parts[2 * FIELDS];
    uint8_t lengths[FIELDS][8];

    for (unsigned i = 0; i < FIELDS; i++) {
        sk_put_u64le(lengths[i], fields[i].len);
        parts[2 * i] = (struct crypto_part){lengths[i], 8};
        parts[2 * i + 1] = fields[i];
    }
    crypto_sha256_parts(out, parts, sizeof parts / sizeof parts[0]);
}

static void keys_derive(struct sdk_spake_keys *k, const struct sdk_spake_ids *ids,
                        const uint8_t *share_p, const uint8_t *share_v, const uint8_t *z,
                        const uint8_t *v, const uint8_t *w0)
{
    const struct crypto_part fields[FIELDS] = {{ids->context, ids->context_len},
                                               {ids->prover, strlen(ids->prover)},
                                               {ids->verifier, strlen(ids->verifier)},
                                               {point_m, 65},
                                               {point_n, 65},
                                               {share_p, 65},
                                               {share_v, 65},
                                               {z, 65},
                                               {v, 65},
                                               {w0, 32}};
    uint8_t prk[32], confirm[64];

    transcript_hash(k->main, fields);
    crypto_hkdf_extract(prk, NULL, 0, k->main, 32);
    crypto_hkdf_expand(confirm, 64, prk, "ConfirmationKeys", 16);
    crypto_hkdf_expand(k->shared, 32, prk, "SharedKey", 9);
    crypto_hmac_sha256(k->confirm_p, confirm, 32, share_v, 65);
    crypto_hmac_sha256(k->confirm_v, confirm + 32, 32, share_p, 65);
    crypto_wipe(prk, sizeof prk);
    crypto_wipe(confirm, sizeof confirm);
}

/* secret * G + blind */
static int share_make(uint8_t out[65], const uint8_t secret[32], const uint8_t blind[65])
{
    uint8_t point[65];
    int rc = crypto_p256_mul(point, secret, NULL);

    return rc == 0 ? crypto_p256_add(out, point, blind) : rc;
}

int sdk_spake_prover_start(struct sdk_spake_prover *p, const uint8_t w0[32], const uint8_t w1[32],
                           const uint8_t *x)
{
    uint8_t blind[65];
    int rc;

    memcpy(p->w0, w0, 32);
    memcpy(p->w1, w1, 32);
    if (x != NULL)
        memcpy(p->x, x, 32);
    else
        crypto_p256_random_scalar(p->x);
    rc = crypto_p256_mul(blind, w0, point_m);
    if (rc == 0)
        rc = share_make(p->share, p->x, blind);
    crypto_wipe(blind, sizeof blind);
    return rc;
}

int sdk_spake_prover_finish(struct sdk_spake_keys *out, const struct sdk_spake_prover *p,
                            const struct sdk_spake_ids *ids, const uint8_t share_v[65])
{
    uint8_t blind[65], base[65], z[65], v[65];
    int rc = crypto_p256_check(share_v);

    if (rc == 0)
        rc = crypto_p256_mul(blind, p->w0, point_n);
    if (rc == 0)
        rc = crypto_p256_sub(base, share_v, blind);
    if (rc == 0)
        rc = crypto_p256_mul(z, p->x, base);
    if (rc == 0)
        rc = crypto_p256_mul(v, p->w1, base);
    if (rc == 0)
        keys_derive(out, ids, p->share, share_v, z, v, p->w0);
    crypto_wipe(blind, sizeof blind);
    crypto_wipe(base, sizeof base);
    crypto_wipe(z, sizeof z);
    crypto_wipe(v, sizeof v);
    return rc;
}

int sdk_spake_verifier_prepare(struct sdk_spake_verifier *v, const uint8_t w0[32],
                               const uint8_t l[65])
{
    int rc;

    memcpy(v->w0, w0, 32);
    memcpy(v->l, l, 65);
    rc = crypto_p256_check(l);
    if (rc == 0)
        rc = crypto_p256_mul(v->w0_m, w0, point_m);
    return rc == 0 ? crypto_p256_mul(v->w0_n, w0, point_n) : rc;
}

int sdk_spake_verifier_answer(struct sdk_spake_keys *out, uint8_t share_v[65],
                              const struct sdk_spake_verifier *v, const struct sdk_spake_ids *ids,
                              const uint8_t share_p[65], const uint8_t *y)
{
    uint8_t secret[32], base[65], z[65], w[65];
    int rc = crypto_p256_sub(base, share_p, v->w0_m);

    if (y != NULL)
        memcpy(secret, y, 32);
    else
        crypto_p256_random_scalar(secret);
    if (rc == 0)
        rc = share_make(share_v, secret, v->w0_n);
    if (rc == 0)
        rc = crypto_p256_mul(z, secret, base);
    if (rc == 0)
        rc = crypto_p256_mul(w, secret, v->l);
    if (rc == 0)
        keys_derive(out, ids, share_p, share_v, z, w, v->w0);
    crypto_wipe(secret, sizeof secret);
    crypto_wipe(base, sizeof base);
    crypto_wipe(z, sizeof z);
    crypto_wipe(w, sizeof w);
    return rc;
}
