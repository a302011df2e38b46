#include "sdk/noise_kk.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "crypto/x25519.h"

static int p256_public(uint8_t *out, const uint8_t secret[32])
{
    return crypto_p256_mul(out, secret, NULL);
}

static int x25519_public(uint8_t *out, const uint8_t secret[32])
{
    return crypto_x25519(out, secret, NULL);
}

const struct sdk_kk_group *sdk_kk_p256(void)
{
    static const struct sdk_kk_group group = {"Noise_KK_P256_AESGCM_SHA256", 65, crypto_p256_ecdh,
                                              p256_public};

    return &group;
}

const struct sdk_kk_group *sdk_kk_25519(void)
{
    static const struct sdk_kk_group group = {"Noise_KK_25519_AESGCM_SHA256", 32, crypto_x25519,
                                              x25519_public};

    return &group;
}

static void hash_mix(struct sdk_kk *kk, const void *data, size_t len)
{
    struct crypto_part parts[] = {{kk->h, 32}, {data, len}};

    crypto_sha256_parts(kk->h, parts, 2);
}

static int key_mix(struct sdk_kk *kk, const uint8_t secret[32], const uint8_t *public_key)
{
    uint8_t shared[32], prk[32], out[64];
    int rc = kk->group->dh(shared, secret, public_key);

    if (rc == 0) {
        crypto_hkdf_extract(prk, kk->ck, 32, shared, 32);
        crypto_hkdf_expand(out, 64, prk, NULL, 0);
        memcpy(kk->ck, out, 32);
        memcpy(kk->k, out + 32, 32);
        kk->n = 0;
    }
    crypto_wipe(shared, sizeof shared);
    crypto_wipe(prk, sizeof prk);
    crypto_wipe(out, sizeof out);
    return rc;
}

int sdk_kk_init(struct sdk_kk *kk, const struct sdk_kk_group *group, int is_initiator,
                const void *prologue, size_t prologue_len, const uint8_t s[32], const uint8_t *rs,
                const uint8_t *e)
{
    uint8_t s_public[65];
    int rc;

    memset(kk, 0, sizeof *kk);
    SK_ASSERT(strlen(group->name) <= 32);
    kk->group = group;
    kk->is_initiator = is_initiator;
    memcpy(kk->h, group->name, strlen(group->name));
    memcpy(kk->ck, kk->h, 32);
    memcpy(kk->s, s, 32);
    memcpy(kk->rs, rs, group->public_len);
    if (e != NULL)
        memcpy(kk->e, e, 32);
    else
        crypto_p256_random_scalar(kk->e);
    rc = group->public_of(s_public, s);
    if (rc == 0)
        rc = group->public_of(kk->e_public, kk->e);
    if (rc < 0)
        return rc;
    hash_mix(kk, prologue, prologue_len);
    hash_mix(kk, is_initiator ? s_public : kk->rs, group->public_len);
    hash_mix(kk, is_initiator ? kk->rs : s_public, group->public_len);
    return 0;
}

/* The two DHs of a message: 1 = es, ss; 2 = ee, se. Each side names its own halves. */
static int tokens_mix(struct sdk_kk *kk, int message)
{
    int rc;

    if (message == 2) {
        rc = key_mix(kk, kk->e, kk->re);
        if (rc < 0)
            return rc;
        return kk->is_initiator ? key_mix(kk, kk->s, kk->re) : key_mix(kk, kk->e, kk->rs);
    }
    rc = kk->is_initiator ? key_mix(kk, kk->e, kk->rs) : key_mix(kk, kk->s, kk->re);
    return rc < 0 ? rc : key_mix(kk, kk->s, kk->rs);
}

static void nonce_next(struct sdk_kk *kk, uint8_t nonce[12])
{
    memset(nonce, 0, 4);
    sk_put_u64(nonce + 4, kk->n++);
}

int sdk_kk_write(struct sdk_kk *kk, uint8_t *out, size_t *len, const void *payload,
                 size_t payload_len)
{
    size_t at = kk->group->public_len;
    struct crypto_gcm *g;
    uint8_t nonce[12];
    int rc;

    memcpy(out, kk->e_public, at);
    hash_mix(kk, out, at);
    rc = tokens_mix(kk, kk->is_initiator ? 1 : 2);
    if (rc < 0)
        return rc;
    if (payload_len > 0)
        memcpy(out + at, payload, payload_len);
    nonce_next(kk, nonce);
    g = crypto_gcm_new(kk->k, 32);
    rc = crypto_gcm_seal(g, nonce, kk->h, 32, out + at, payload_len, out + at + payload_len);
    crypto_gcm_free(&g);
    hash_mix(kk, out + at, payload_len + 16);
    *len = at + payload_len + 16;
    return rc;
}

int sdk_kk_read(struct sdk_kk *kk, uint8_t *payload, const uint8_t *in, size_t len)
{
    size_t at = kk->group->public_len, n;
    struct crypto_gcm *g;
    uint8_t nonce[12], before[32];
    int rc;

    if (len < at + 16)
        return -SK_ECRYPTO;
    n = len - at - 16;
    memcpy(kk->re, in, at);
    hash_mix(kk, in, at);
    rc = tokens_mix(kk, kk->is_initiator ? 2 : 1);
    if (rc < 0)
        return rc;
    memcpy(before, kk->h, 32);
    hash_mix(kk, in + at, n + 16);
    if (n > 0)
        memcpy(payload, in + at, n);
    nonce_next(kk, nonce);
    g = crypto_gcm_new(kk->k, 32);
    rc = crypto_gcm_open(g, nonce, before, 32, payload, n, in + at + n);
    crypto_gcm_free(&g);
    return rc;
}

void sdk_kk_split(struct sdk_kk *kk, uint8_t keys[64])
{
    uint8_t prk[32];

    crypto_hkdf_extract(prk, kk->ck, 32, NULL, 0);
    crypto_hkdf_expand(keys, 64, prk, NULL, 0);
    crypto_wipe(prk, sizeof prk);
}
