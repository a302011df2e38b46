/* PHC strings of argon2id, strict in both directions: one text per value, so that what is stored
 * can be compared and nothing odd is ever handed to argon2. */
#include <stdio.h>
#include <string.h>

#include "account/internal.h"
#include "base/sys.h"
#include "base/text.h"

/* PHC uses base64 of RFC 4648 section 4 without padding. */
static void part_encode(char *out, const void *data, size_t len)
{
    sk_b64_encode(out, data, len);
    out[strcspn(out, "=")] = '\0';
}

void phc_encode(char out[PHC_SIZE], const struct phc *phc)
{
    char salt[SK_B64_SIZE(PHC_SALT_BYTES)], hash[SK_B64_SIZE(PHC_HASH_BYTES)];

    part_encode(salt, phc->salt, sizeof(phc->salt));
    part_encode(hash, phc->hash, sizeof(phc->hash));
    int n = snprintf(out, PHC_SIZE, "$argon2id$v=19$m=%u,t=%u,p=1,keyid=%s$%s$%s", phc->m_kib,
                     phc->t, phc->pepper, salt, hash);
    SK_ASSERT(n > 0 && n < PHC_SIZE);
}

static int literal_take(const char **at, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(*at, text, len) != 0)
        return -SK_EINVAL;
    *at += len;
    return 0;
}

static int number_take(const char **at, uint32_t *out, uint32_t max)
{
    size_t len = strspn(*at, "0123456789");
    uint64_t value;

    if (len > 9 || sk_parse_u64(&value, *at, len, max))
        return -SK_EINVAL;
    *out = (uint32_t)value;
    *at += len;
    return 0;
}

static int pepper_take(const char **at, char out[PEPPER_ID_SIZE])
{
    for (int i = 0; i < PEPPER_ID_SIZE - 1; i++) {
        char c = (*at)[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return -SK_EINVAL;
        out[i] = c;
    }
    out[PEPPER_ID_SIZE - 1] = '\0';
    *at += PEPPER_ID_SIZE - 1;
    return 0;
}

static int part_take(const char **at, void *out, size_t want)
{
    char padded[SK_B64_SIZE(PHC_HASH_BYTES)];
    size_t len = strcspn(*at, "$"), full = (len + 3) / 4 * 4, got;

    if (len != (want * 8 + 5) / 6 || full >= sizeof(padded))
        return -SK_EINVAL;
    memset(padded, '=', full);
    memcpy(padded, *at, len);
    if (sk_b64_decode(out, want, &got, padded, full) || got != want)
        return -SK_EINVAL;
    *at += len;
    return 0;
}

int phc_decode(struct phc *out, const char *text)
{
    struct phc p = {0};
    const char *at = text;
    char again[PHC_SIZE];

    if (strlen(text) >= PHC_SIZE || literal_take(&at, "$argon2id$v=19$m=") ||
        number_take(&at, &p.m_kib, PHC_M_MAX_KIB) || literal_take(&at, ",t=") ||
        number_take(&at, &p.t, PHC_T_MAX) || literal_take(&at, ",p=1,keyid=") ||
        pepper_take(&at, p.pepper) || literal_take(&at, "$") ||
        part_take(&at, p.salt, sizeof(p.salt)) || literal_take(&at, "$") ||
        part_take(&at, p.hash, sizeof(p.hash)) || *at)
        return -SK_EINVAL;
    phc_encode(again, &p); /* refuses leading zeros, blanks in base64, stray bits */
    if (p.m_kib < PHC_M_MIN_KIB || p.t < 1 || strcmp(again, text) != 0)
        return -SK_EINVAL;
    *out = p;
    return 0;
}
