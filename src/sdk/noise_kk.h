/* The Noise KK handshake (Noise specification revision 34), AES-GCM and SHA-256, over P-256 (what
 * the sealed layer uses, sealed.md 5.5) or Curve25519 (for the public vectors). Pure. */
#ifndef SK_SDK_NOISE_KK_H
#define SK_SDK_NOISE_KK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One group: the protocol's name, public key size, and its Diffie-Hellman. */
struct sdk_kk_group {
    const char *name;
    size_t public_len;
    int (*dh)(uint8_t out[32], const uint8_t secret[32], const uint8_t *public_key);
    int (*public_of)(uint8_t *out, const uint8_t secret[32]);
};

const struct sdk_kk_group *sdk_kk_p256(void);
const struct sdk_kk_group *sdk_kk_25519(void);

struct sdk_kk {
    const struct sdk_kk_group *group;
    int is_initiator;
    uint8_t h[32], ck[32], k[32];
    uint64_t n;
    uint8_t s[32], e[32], e_public[65], rs[65], re[65];
};

/* Both statics are known. `e` NULL = fresh. The caller wipes `kk` on every path. */
SK_MUST int sdk_kk_init(struct sdk_kk *kk, const struct sdk_kk_group *group, int is_initiator,
                        const void *prologue, size_t prologue_len, const uint8_t s[32],
                        const uint8_t *rs, const uint8_t *e);

/* Write the next message: e || sealed payload (+ 16); `*len` = its bytes. The initiator writes
 * message 1 and reads message 2, the responder the other way round. */
SK_MUST int sdk_kk_write(struct sdk_kk *kk, uint8_t *out, size_t *len, const void *payload,
                         size_t payload_len);

/* Read the peer's message; `payload` takes len - public - 16 bytes. -SK_ECRYPTO. */
SK_MUST int sdk_kk_read(struct sdk_kk *kk, uint8_t *payload, const uint8_t *in, size_t len);

/* After both messages: k1 || k2 (k1 = initiator to responder), `kk->h` is the handshake hash. */
void sdk_kk_split(struct sdk_kk *kk, uint8_t keys[64]);

#endif
