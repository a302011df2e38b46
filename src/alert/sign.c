#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "alert/channel.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

void sign_dingtalk(char out[SIGN_B64_SIZE], const char *secret, int64_t ms)
{
    char stamp[24];
    uint8_t mac[32];
    int n = snprintf(stamp, sizeof(stamp), "%lld\n", (long long)ms);
    const struct crypto_part parts[] = {{stamp, (size_t)n}, {secret, strlen(secret)}};

    crypto_hmac_sha256_parts(mac, secret, strlen(secret), parts, 2);
    sk_b64_encode(out, mac, sizeof(mac));
}

void sign_feishu(char out[SIGN_B64_SIZE], const char *secret, int64_t seconds)
{
    char key[320];
    uint8_t mac[32];
    int n = snprintf(key, sizeof(key), "%lld\n%.256s", (long long)seconds, secret);

    crypto_hmac_sha256(mac, key, (size_t)n, NULL, 0); /* yes: the message is empty */
    sk_b64_encode(out, mac, sizeof(mac));
    crypto_wipe(key, sizeof(key));
}

int sign_webhook(char out[SIGN_B64_SIZE], const char *secret, const char *id, int64_t seconds,
                 const void *body, size_t len)
{
    static const char prefix[] = "whsec_";
    uint8_t key[64], mac[32];
    char stamp[24];
    size_t got;

    if (strncmp(secret, prefix, sizeof(prefix) - 1) != 0 ||
        sk_b64_decode(key, sizeof(key), &got, secret + sizeof(prefix) - 1,
                      strlen(secret) - (sizeof(prefix) - 1)) ||
        got < 24)
        return -SK_EINVAL;
    int n = snprintf(stamp, sizeof(stamp), ".%lld.", (long long)seconds);
    const struct crypto_part parts[] = {{id, strlen(id)}, {stamp, (size_t)n}, {body, len}};
    crypto_hmac_sha256_parts(mac, key, got, parts, 3);
    sk_b64_encode(out, mac, sizeof(mac));
    crypto_wipe(key, sizeof(key));
    return 0;
}

int sign_percent(struct sk_buf *out, const char *text)
{
    int err = 0;

    for (; !err && *text; text++)
        err = isalnum((unsigned char)*text) || strchr("-_.~", *text)
                  ? sk_buf_add(out, text, 1)
                  : sk_buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
    return err;
}
