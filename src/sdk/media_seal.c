#include "sdk/media_seal.h"

#include <string.h>

#include "crypto/kdf.h"
#include "crypto/wipe.h"
#include "sdk/seal.h"
#include "wire/sframe.h"

enum { SUITE = 0x0004, KEY_BYTES = 16, AAD_MAX = WIRE_SFRAME_HEAD_MAX + WIRE_RELAY_HEAD_BYTES };

void sdk_media_base_key(uint8_t out[32], const uint8_t seed[32], const uint8_t fresh[32],
                        uint64_t boot, uint64_t kid)
{
    uint8_t ikm[64], info[16], prk[32];

    memcpy(ikm, seed, 32);
    memcpy(ikm + 32, fresh, 32);
    sk_put_u64(info, boot);
    sk_put_u64(info + 8, kid);
    crypto_hkdf_extract(prk, "skep-seal/1 media", 17, ikm, sizeof ikm);
    crypto_hkdf_expand(out, 32, prk, info, sizeof info);
    crypto_wipe(ikm, sizeof ikm);
    crypto_wipe(prk, sizeof prk);
}

static void sframe_derive(uint8_t *out, size_t len, const uint8_t secret[32], const char *label,
                          uint64_t kid)
{
    uint8_t tail[10];
    struct crypto_part parts[] = {{label, strlen(label)}, {tail, sizeof tail}};

    sk_put_u64(tail, kid);
    sk_put_u16(tail + 8, SUITE);
    crypto_hkdf_expand_parts(out, len, secret, parts, 2);
}

void sdk_media_key_init(struct sdk_media_key *k, uint64_t kid, const uint8_t base_key[32],
                        int64_t now_ms)
{
    uint8_t secret[32], key[KEY_BYTES];

    memset(k, 0, sizeof *k);
    k->kid = kid;
    k->born_ms = now_ms;
    memcpy(k->base_key, base_key, 32);
    crypto_hkdf_extract(secret, NULL, 0, base_key, 32);
    sframe_derive(key, sizeof key, secret, "SFrame 1.0 Secret key ", kid);
    sframe_derive(k->salt, sizeof k->salt, secret, "SFrame 1.0 Secret salt ", kid);
    k->gcm = crypto_gcm_new(key, sizeof key);
    crypto_wipe(secret, sizeof secret);
    crypto_wipe(key, sizeof key);
}

void sdk_media_key_fini(struct sdk_media_key *k)
{
    crypto_gcm_free(&k->gcm);
    crypto_wipe(k, sizeof *k);
}

static void unit_nonce(uint8_t nonce[12], const uint8_t salt[12], uint64_t ctr)
{
    uint8_t counter[8];

    memcpy(nonce, salt, 12);
    sk_put_u64(counter, ctr);
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] ^= counter[i];
}

/* AAD = SFrame header || relay header; returns its length. */
static size_t unit_aad(uint8_t aad[AAD_MAX], const uint8_t *sframe, size_t sframe_len,
                       const uint8_t *relay)
{
    memcpy(aad, sframe, sframe_len);
    memcpy(aad + sframe_len, relay, WIRE_RELAY_HEAD_BYTES);
    return sframe_len + WIRE_RELAY_HEAD_BYTES;
}

int sdk_media_seal(struct sdk_media_key *k, struct wire_relay_head *h, const uint8_t *data,
                   size_t len, struct sk_buf *out, int64_t now_ms)
{
    uint8_t sframe[WIRE_SFRAME_HEAD_MAX], aad[AAD_MAX], nonce[12];
    size_t head_len, aad_len;
    uint8_t *payload;
    int rc;

    if (len > WIRE_RELAY_PLAIN_MAX)
        return -SK_ETOOBIG;
    if (k->gcm == NULL || k->ctr >= SDK_MEDIA_UNITS_MAX || k->bytes + len > SDK_MEDIA_BYTES_MAX ||
        now_ms - k->born_ms >= SDK_MEDIA_LIFE_MS)
        return -SK_ELIMIT;
    head_len = wire_sframe_encode(sframe, k->kid, k->ctr);
    h->len = (uint32_t)(head_len + len + WIRE_SFRAME_TAG_BYTES);
    sk_buf_reset(out);
    rc = sk_buf_reserve(out, WIRE_RELAY_HEAD_BYTES + (size_t)h->len);
    if (rc < 0)
        return rc;
    wire_relay_encode(out->data, h);
    payload = out->data + WIRE_RELAY_HEAD_BYTES;
    memcpy(payload, sframe, head_len);
    if (len > 0)
        memcpy(payload + head_len, data, len);
    aad_len = unit_aad(aad, sframe, head_len, out->data);
    unit_nonce(nonce, k->salt, k->ctr);
    k->ctr++; /* spent, whatever comes now */
    k->bytes += len;
    rc = seal_in_place(k->gcm, nonce, aad, aad_len, payload + head_len, len,
                       payload + head_len + len);
    out->len = rc == 0 ? WIRE_RELAY_HEAD_BYTES + (size_t)h->len : 0;
    return rc;
}

void sdk_media_rx_subscribe(struct sdk_media_rx *rx)
{
    /* talk and snapshots have no INIT unit: they begin with a KEY one */
    rx->has_init = rx->kind == WIRE_RELAY_TALK || rx->kind == WIRE_RELAY_SNAPSHOT;
    rx->wants_key = 1;
    for (unsigned i = 0; i < 2; i++) {
        rx->keys[i].next_ctr = 0;
        rx->keys[i].last_pts = 0;
        rx->keys[i].is_started = 0;
    }
}

void sdk_media_rx_seek(struct sdk_media_rx *rx, uint64_t kid, uint64_t ctr)
{
    rx->from_kid = kid;
    rx->from_ctr = ctr;
}

static void rx_key_wipe(struct sdk_media_rx_key *k)
{
    sdk_media_key_fini(&k->key);
    memset(k, 0, sizeof *k);
}

void sdk_media_rx_fini(struct sdk_media_rx *rx)
{
    rx_key_wipe(&rx->keys[0]);
    rx_key_wipe(&rx->keys[1]);
    rx->stream = 0;
}

static struct sdk_media_rx_key *rx_find(struct sdk_media_rx *rx, uint64_t kid)
{
    for (unsigned i = 0; i < 2; i++)
        if (rx->keys[i].key.gcm != NULL && rx->keys[i].key.kid == kid)
            return &rx->keys[i];
    return NULL;
}

int sdk_media_rx_put(struct sdk_media_rx *rx, const struct wire_key_entry *e, int64_t now_ms)
{
    struct sdk_media_rx_key *k = &rx->keys[0];

    if (e->suite != 0)
        return -SK_EUNSUPPORTED;
    if (rx->stream == 0) {
        rx->stream = e->stream;
        rx->kind = e->kind;
        rx->slot = e->slot;
        sdk_media_rx_subscribe(rx);
    }
    if (rx->stream != e->stream || rx->kind != e->kind || rx->slot != e->slot)
        return -SK_EINVAL;
    if (rx_find(rx, e->kid) != NULL)
        return 0;
    if (k->key.gcm != NULL && (rx->keys[1].key.gcm == NULL || rx->keys[1].key.kid < k->key.kid))
        k = &rx->keys[1];
    rx_key_wipe(k);
    sdk_media_key_init(&k->key, e->kid, e->base_key, now_ms);
    k->first_ctr = e->first_ctr;
    k->expires_ms = now_ms + (int64_t)e->lifetime_s * 1000;
    return 0;
}

void sdk_media_rx_keep(struct sdk_media_rx *rx, const uint64_t *kids, size_t count)
{
    for (unsigned i = 0; i < 2; i++) {
        int is_kept = 0;

        for (size_t j = 0; j < count; j++)
            is_kept |= rx->keys[i].key.gcm != NULL && rx->keys[i].key.kid == kids[j];
        if (!is_kept)
            rx_key_wipe(&rx->keys[i]);
    }
}

/* What 4.5 says about order, judged after the tag. */
static int rx_order(struct sdk_media_rx *rx, struct sdk_media_rx_key *k,
                    const struct wire_relay_head *h, uint64_t ctr)
{
    int is_init = (h->flags & WIRE_RELAY_INIT) != 0, is_key = (h->flags & WIRE_RELAY_KEY) != 0;

    if (k->is_started && ctr < k->next_ctr)
        return -SK_EREPLAY;
    if (!rx->has_init && !is_init)
        return -SK_EGONE;
    if (k->is_started && ctr > k->next_ctr) {
        if (!rx->wants_key)
            rx->withheld += ctr - k->next_ctr;
        rx->wants_key = 1;
    }
    if (!k->is_started && !is_init && k->key.kid != rx->newest_kid)
        rx->wants_key = 1; /* a new KID inside a group */
    if (is_init)
        return 0;
    if (rx->wants_key && !is_key)
        return -SK_EGONE;
    if ((h->flags & WIRE_RELAY_DISC) != 0)
        return 0;
    if (k->last_pts != 0 && h->pts < k->last_pts)
        return -SK_EREPLAY;
    if (k->has_top && h->pts + SDK_MEDIA_CACHE_PTS < k->top_pts)
        return -SK_EREPLAY;
    return 0;
}

/* A unit was taken: remember where we are; a newer KID retires the older key (TCP: at once). */
static void rx_advance(struct sdk_media_rx *rx, struct sdk_media_rx_key *k,
                       const struct wire_relay_head *h)
{
    if ((h->flags & WIRE_RELAY_INIT) != 0) {
        rx->has_init = 1;
        rx->wants_key = 1;
    } else {
        rx->wants_key = 0;
        k->last_pts = h->pts;
        if (!k->has_top || h->pts > k->top_pts || (h->flags & WIRE_RELAY_DISC) != 0)
            k->top_pts = h->pts;
        k->has_top = 1;
    }
    if (k->key.kid > rx->newest_kid) {
        rx->newest_kid = k->key.kid;
        for (unsigned i = 0; i < 2; i++)
            if (rx->keys[i].key.gcm != NULL && rx->keys[i].key.kid < k->key.kid)
                rx_key_wipe(&rx->keys[i]);
    }
}

static int rx_decrypt(struct sdk_media_rx_key *k, uint8_t *frame, const struct wire_relay_head *h,
                      size_t head_len, uint64_t ctr)
{
    uint8_t aad[AAD_MAX], nonce[12];
    uint8_t *payload = frame + WIRE_RELAY_HEAD_BYTES;
    size_t n = h->len - head_len - WIRE_SFRAME_TAG_BYTES;
    size_t aad_len = unit_aad(aad, payload, head_len, frame);

    unit_nonce(nonce, k->key.salt, ctr);
    return open_in_place(k->key.gcm, nonce, aad, aad_len, payload + head_len, n,
                         payload + head_len + n);
}

int sdk_media_rx_open(struct sdk_media_rx *rx, struct wire_relay_head *h, uint8_t *frame,
                      size_t frame_len, uint8_t **data, size_t *len, int64_t now_ms)
{
    struct sdk_media_rx_key *k;
    uint64_t kid, ctr;
    size_t head_len;
    int rc;

    if (wire_relay_decode_whole(h, frame, frame_len) < 0 || wire_relay_is_control(h) ||
        h->stream != rx->stream)
        return -SK_EINVAL;
    if (wire_sframe_decode(&kid, &ctr, &head_len, frame + WIRE_RELAY_HEAD_BYTES, h->len) < 0 ||
        h->len < head_len + WIRE_SFRAME_TAG_BYTES)
        return -SK_ECRYPTO;
    k = rx_find(rx, kid);
    if (k == NULL) {
        rx->stale += kid <= rx->newest_kid;
        return kid > rx->newest_kid ? -SK_EAGAIN : -SK_EGONE;
    }
    if (now_ms >= k->expires_ms)
        return -SK_EGONE;
    if ((uint8_t)kid != h->kind || ctr < k->first_ctr || ctr >= SDK_MEDIA_UNITS_MAX)
        return -SK_ECRYPTO;
    if (rx_decrypt(k, frame, h, head_len, ctr) < 0)
        return -SK_ECRYPTO;
    rc = rx_order(rx, k, h, ctr);
    if (rc == -SK_EREPLAY)
        return rc;
    if (kid < rx->from_kid || (kid == rx->from_kid && ctr < rx->from_ctr))
        rc = -SK_EGONE;
    k->next_ctr = ctr + 1;
    k->is_started = 1;
    if (rc < 0)
        return rc;
    rx_advance(rx, k, h);
    *data = frame + WIRE_RELAY_HEAD_BYTES + head_len;
    *len = h->len - head_len - WIRE_SFRAME_TAG_BYTES;
    return 0;
}

int64_t sdk_media_rx_tick(struct sdk_media_rx *rx, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    for (unsigned i = 0; i < 2; i++) {
        struct sdk_media_rx_key *k = &rx->keys[i];

        if (k->key.gcm == NULL)
            continue;
        if (now_ms >= k->expires_ms)
            rx_key_wipe(k);
        else if (k->expires_ms < next)
            next = k->expires_ms;
    }
    return next;
}
