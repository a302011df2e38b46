#include "crypto/keyid.h"

#include <string.h>

#include "crypto/hash.h"

void crypto_key_hash(uint8_t out[32], enum crypto_key_role role, const uint8_t point[65])
{
    static const char tag[] = "skep-seal/1 key"; /* its zero byte belongs to it */
    uint8_t r = (uint8_t)role;
    struct crypto_part parts[] = {{tag, sizeof tag}, {&r, 1}, {point, 65}};

    crypto_sha256_parts(out, parts, 3);
}

void crypto_key_id(uint8_t out[16], enum crypto_key_role role, const uint8_t point[65])
{
    uint8_t hash[32];

    crypto_key_hash(hash, role, point);
    memcpy(out, hash, 16);
}

void crypto_crockford(char *out, const uint8_t *in, unsigned bits)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    for (unsigned i = 0; i < bits; i += 5) {
        unsigned pair = (unsigned)in[i / 8] << 8;

        if (i % 8 > 3)
            pair |= in[i / 8 + 1];
        *out++ = digits[pair >> (11 - i % 8) & 31];
    }
    *out = '\0';
}

void crypto_key_fingerprint(char out[CRYPTO_FINGERPRINT_SIZE], enum crypto_key_role role,
                            const uint8_t point[65])
{
    uint8_t hash[32];
    char plain[21];

    crypto_key_hash(hash, role, point);
    crypto_crockford(plain, hash, 100);
    for (unsigned i = 0, o = 0; i < 20; i++) {
        if (i > 0 && i % 4 == 0)
            out[o++] = '-';
        out[o++] = plain[i];
    }
    out[CRYPTO_FINGERPRINT_SIZE - 1] = '\0';
}
