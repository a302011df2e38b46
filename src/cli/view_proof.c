/* `skep view`: the work that a login may be asked for while somebody tries lists of passwords
 * (docs/design/api.md, "Abuse defence"). */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/view.h"
#include "crypto/hash.h"

enum { SALT_BYTES = 16, MAC_BYTES = 32, BITS_MAX = 24, NONCE_SIZE = 17 };

static int begins_with_zeros(const uint8_t hash[CRYPTO_SHA256_BYTES], int64_t bits)
{
    int64_t i = 0;

    while (i < bits && !(hash[i / 8] & (0x80 >> i % 8)))
        i++;
    return i == bits;
}

/* SHA-256(salt ":" nonce) begins with `bits` zero bits. */
static void nonce_find(char nonce[NONCE_SIZE], const char *salt, int64_t bits)
{
    uint8_t hash[CRYPTO_SHA256_BYTES];
    unsigned long long n = 0;

    do {
        snprintf(nonce, NONCE_SIZE, "%llx", n++);
        const struct crypto_part parts[] = {{salt, strlen(salt)}, {":", 1}, {nonce, strlen(nonce)}};
        crypto_sha256_parts(hash, parts, 3);
    } while (!begins_with_zeros(hash, bits));
}

int view_proof_add(json_t *body, const json_t *refusal)
{
    const json_t *challenge = json_object_get(refusal, "challenge");
    uint8_t salt[SALT_BYTES], mac[MAC_BYTES];
    char text[SK_B64_SIZE(SALT_BYTES)], nonce[NONCE_SIZE];
    int64_t bits, expires;

    if (sk_json_bin(challenge, "salt", salt, sizeof(salt)) ||
        sk_json_bin(challenge, "mac", mac, sizeof(mac)) ||
        sk_json_int(challenge, "bits", 0, BITS_MAX, &bits) ||
        sk_json_int(challenge, "expires", 0, INT64_C(1) << 53, &expires))
        return -SK_EINVAL;
    sk_b64url_encode(text, salt, sizeof(salt));
    nonce_find(nonce, text, bits);
    json_t *proof = json_object();
    sk_json_set_bin(proof, "salt", salt, sizeof(salt));
    sk_json_set_int(proof, "bits", bits);
    sk_json_set_int(proof, "expires", expires);
    sk_json_set_bin(proof, "mac", mac, sizeof(mac));
    sk_json_set_str(proof, "nonce", nonce);
    json_object_set_new(body, "proof", proof);
    return 0;
}
