/* SPAKE2+ (RFC 9383), P256-SHA256-HKDF-SHA256-HMAC-SHA256: one run of either side. Viewer = Prover,
 * camera = Verifier. Pure; the caller wipes what it was given (crypto_wipe). */
#ifndef SK_SDK_SPAKE2P_H
#define SK_SDK_SPAKE2P_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What both transcripts hold besides shares and keys. Borrowed. */
struct sdk_spake_ids {
    const uint8_t *context;
    size_t context_len;
    const char *prover, *verifier;
};

struct sdk_spake_keys {
    uint8_t main[32], shared[32];
    uint8_t confirm_p[32], confirm_v[32]; /* the MACs each side sends */
};

struct sdk_spake_prover {
    uint8_t w0[32], w1[32], x[32], share[65];
};

/* Pick x (or take the test's) and compute shareP into `p->share`. -SK_ECRYPTO: w0 out of range. */
SK_MUST int sdk_spake_prover_start(struct sdk_spake_prover *p, const uint8_t w0[32],
                                   const uint8_t w1[32], const uint8_t *x);

/* Derive all keys from shareV. -SK_ECRYPTO: bad point or infinity: nothing is derived. The caller
 * compares confirm_v in constant time before it sends confirm_p, and wipes `p`. */
SK_MUST int sdk_spake_prover_finish(struct sdk_spake_keys *out, const struct sdk_spake_prover *p,
                                    const struct sdk_spake_ids *ids, const uint8_t share_v[65]);

/* The camera's constants of a password: computed once, kept in memory. */
struct sdk_spake_verifier {
    uint8_t w0[32], l[65], w0_m[65], w0_n[65];
};

SK_MUST int sdk_spake_verifier_prepare(struct sdk_spake_verifier *v, const uint8_t w0[32],
                                       const uint8_t l[65]);

/* Answer shareP: shareV and all keys. `y` NULL = random. -SK_ECRYPTO as above. */
SK_MUST int sdk_spake_verifier_answer(struct sdk_spake_keys *out, uint8_t share_v[65],
                                      const struct sdk_spake_verifier *v,
                                      const struct sdk_spake_ids *ids, const uint8_t share_p[65],
                                      const uint8_t *y);

#endif
