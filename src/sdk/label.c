#include "sdk/label.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/keyid.h"
#include "crypto/wipe.h"

enum { RANDOM_DIGITS = 22, RANDOM_BITS = 110, CHECK_BITS = 10 };

static void check_put(char out[3], const char *digits)
{
    static const char tag[] = "skep-seal/1 code"; /* with its zero byte */
    struct crypto_part parts[] = {{tag, sizeof tag}, {digits, RANDOM_DIGITS}};
    uint8_t hash[32];

    crypto_sha256_parts(hash, parts, 2);
    crypto_crockford(out, hash, CHECK_BITS);
}

void sdk_label_make(char out[WIRE_LABEL_CODE_SIZE], const uint8_t random[14])
{
    crypto_crockford(out, random, RANDOM_BITS);
    check_put(out + RANDOM_DIGITS, out);
}

void sdk_label_from_seed(char out[WIRE_LABEL_CODE_SIZE], const uint8_t *seed, size_t seed_len,
                         const char device[WIRE_LABEL_DEVICE_LEN + 1])
{
    static const char tag[] = "skep-sim/1 label"; /* with its zero byte */
    struct crypto_part parts[] = {{tag, sizeof tag}, {device, strlen(device)}};
    uint8_t mac[32];

    crypto_hmac_sha256_parts(mac, seed, seed_len, parts, 2);
    sdk_label_make(out, mac);
    crypto_wipe(mac, sizeof mac);
}

int sdk_label_parse(char out[WIRE_LABEL_CODE_SIZE], const char *text, size_t len)
{
    char check[3];
    int rc = wire_label_normalise(out, text, len);

    if (rc < 0)
        return rc;
    check_put(check, out);
    return sk_equal_ct(check, out + RANDOM_DIGITS, 2) ? 0 : -SK_EINVAL;
}
