/* Media keys and units (sealed.md 4): SFrame suite 4 over the relay header. The sender's key with
 * its hard stops; the receiver's store of keys and its rules of order. Pure; the owner wipes. */
#ifndef SK_SDK_MEDIA_SEAL_H
#define SK_SDK_MEDIA_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/aead.h"
#include "wire/key_rec.h"
#include "wire/relay.h"

enum {
    SDK_MEDIA_UNITS_MAX = 1 << 24,
    SDK_MEDIA_LIFE_MS = 20 * 60 * 1000,
    SDK_MEDIA_LIFE_S = SDK_MEDIA_LIFE_MS / 1000,
    SDK_MEDIA_CACHE_PTS = 4 * 90000 /* how far before the newest a new subscription may begin */
};
#define SDK_MEDIA_BYTES_MAX (UINT64_C(1) << 36)

/* base_key = Expand(Extract("skep-seal/1 media", seed || fresh), u64 boot || u64 KID, 32) */
void sdk_media_base_key(uint8_t out[32], const uint8_t seed[32], const uint8_t fresh[32],
                        uint64_t boot, uint64_t kid);

/* One SFrame key, ready for use. */
struct sdk_media_key {
    uint64_t kid;
    uint8_t base_key[32], salt[12];
    struct crypto_gcm *gcm; /* NULL = no key */
    uint64_t ctr, bytes;    /* next counter; bytes sealed so far */
    int64_t born_ms;
};

void sdk_media_key_init(struct sdk_media_key *k, uint64_t kid, const uint8_t base_key[32],
                        int64_t now_ms);
/* Wipes; the struct is then "no key". */
void sdk_media_key_fini(struct sdk_media_key *k);

/* Seal one unit into `out` (reset first): relay header, SFrame header, ciphertext, tag. `h->len` is
 * filled in. -SK_ETOOBIG (plaintext over 4 MiB - 64), -SK_ELIMIT: a hard stop, nothing was sealed
 * and nothing ever will be under this key. */
SK_MUST int sdk_media_seal(struct sdk_media_key *k, struct wire_relay_head *h, const uint8_t *data,
                           size_t len, struct sk_buf *out, int64_t now_ms);

/* ---- receiver: one stream as one viewer sees it (TCP rules of 4.5) ---- */
struct sdk_media_rx_key {
    struct sdk_media_key key;
    uint64_t first_ctr, next_ctr; /* next_ctr: within this subscription, 0 = nothing yet */
    uint64_t top_pts;             /* highest shown under this KID, over all subscriptions */
    uint64_t last_pts;            /* in this subscription */
    int64_t expires_ms;
    uint8_t has_top, is_started;
};

struct sdk_media_rx {
    uint32_t stream; /* 0 = unused */
    uint8_t kind, slot;
    uint8_t has_init, wants_key; /* of this subscription */
    struct sdk_media_rx_key keys[2];
    uint64_t newest_kid;         /* highest KID a unit was taken under */
    uint64_t from_kid, from_ctr; /* a seek: what is lower was on its way and is dropped */
    uint64_t withheld, stale;
};

/* Begin (or begin again) a subscription: the next things taken are INIT, then KEY. */
void sdk_media_rx_subscribe(struct sdk_media_rx *rx);
/* A seek was granted: its INIT is unit `ctr` under `kid`; what came before is dropped. */
void sdk_media_rx_seek(struct sdk_media_rx *rx, uint64_t kid, uint64_t ctr);
/* Wipes all keys. */
void sdk_media_rx_fini(struct sdk_media_rx *rx);

/* Put an entry of a KEY record in. A third key pushes the oldest out. -SK_EUNSUPPORTED (suite),
 * -SK_EINVAL (stream, kind or slot differ). */
SK_MUST int sdk_media_rx_put(struct sdk_media_rx *rx, const struct wire_key_entry *e,
                             int64_t now_ms);
/* Flag 1 of a KEY record: wipe every key of this stream whose KID is not among `kids`. */
void sdk_media_rx_keep(struct sdk_media_rx *rx, const uint64_t *kids, size_t count);

/* Open one whole frame in place; `*data`, `*len` point at the plaintext in it. 0, or
 * -SK_EAGAIN   KID not known and newer than all that were: ask for keys, keep the frame
 * -SK_EGONE    dropped: replaced KID, or waiting for INIT or KEY
 * -SK_EREPLAY  CTR or PTS went back: close the stream with code 9
 * -SK_ECRYPTO  the tag is bad, or KID, kind and stream do not agree: close the stream
 * -SK_EINVAL   no frame of this stream at all */
SK_MUST int sdk_media_rx_open(struct sdk_media_rx *rx, struct wire_relay_head *h, uint8_t *frame,
                              size_t frame_len, uint8_t **data, size_t *len, int64_t now_ms);

/* Wipe keys whose lifetime is over; the next such time. */
int64_t sdk_media_rx_tick(struct sdk_media_rx *rx, int64_t now_ms);

#endif
