/* Tokens and the cookies that carry them. A token is 256 random bits; the store and the tables know
 * only the SHA-256 of its text. */
#include <string.h>

#include "account/internal.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

/* RFC 6265 4.2.1: pairs parted by "; ". A name that comes twice is nobody's: which of the two was
 * set by whom cannot be told. */
int cookie_find(const char *cookie, const char *name, char *out, size_t cap)
{
    const char *found = NULL;
    size_t name_len = strlen(name), found_len = 0;

    for (const char *at = cookie; *at;) {
        size_t len = strcspn(at, ";");
        if (len > name_len && at[name_len] == '=' && memcmp(at, name, name_len) == 0) {
            if (found)
                return -SK_ENOTFOUND;
            found = at + name_len + 1;
            found_len = len - name_len - 1;
        }
        at += len;
        at += strspn(at, "; ");
    }
    if (!found)
        return -SK_ENOTFOUND;
    if (found_len >= cap)
        return -SK_ETOOBIG;
    memcpy(out, found, found_len);
    out[found_len] = '\0';
    return 0;
}

void token_make(char text[ACCOUNT_TOKEN_SIZE], uint8_t hash[32])
{
    uint8_t raw[TOKEN_BYTES];

    sk_random(raw, sizeof(raw));
    sk_b64url_encode(text, raw, sizeof(raw));
    crypto_sha256(hash, text, strlen(text));
    crypto_wipe(raw, sizeof(raw));
}

int token_hash(uint8_t hash[32], const char *text)
{
    uint8_t raw[TOKEN_BYTES];
    size_t len = strlen(text), got = 0;
    int err = len == ACCOUNT_TOKEN_SIZE - 1 ? sk_b64url_decode(raw, sizeof(raw), &got, text, len)
                                            : -SK_EINVAL;

    crypto_wipe(raw, sizeof(raw));
    if (err || got != sizeof(raw))
        return -SK_EINVAL;
    crypto_sha256(hash, text, len);
    return 0;
}

void id_make(char id[ID_SIZE])
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(id, raw, sizeof(raw));
}
