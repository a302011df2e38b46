#include "sdk/share.h"

#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

/* ---- the list ---- */
void sdk_list_hash(uint8_t hash[32], const uint8_t *list, const struct wire_list *head)
{
    crypto_sha256(hash, list, wire_list_signed_len(head));
}

int sdk_list_sign(uint8_t *out, size_t *len, struct wire_list *head,
                  const struct wire_list_entry *entries, const uint8_t owner_secret[32])
{
    uint8_t point[65], hash[32];
    struct wire_list back;
    size_t n;

    if (head->count > WIRE_LIST_ENTRIES_MAX || crypto_p256_mul(point, owner_secret, NULL) < 0)
        return -SK_EINVAL;
    crypto_key_id(head->owner, CRYPTO_KEY_OWNER, point);
    for (unsigned i = 0; i < head->count; i++)
        if (crypto_p256_check(entries[i].point) < 0)
            return -SK_EINVAL;
    n = wire_list_encode(out, head, entries);
    memset(out + n, 0, WIRE_LIST_SIG_BYTES);
    *len = n + WIRE_LIST_SIG_BYTES;
    if (wire_list_decode(&back, out, *len) < 0)
        return -SK_EINVAL;
    sdk_list_hash(hash, out, head);
    return crypto_p256_sign(out + n, owner_secret, hash);
}

int sdk_list_verify(const uint8_t *list, const struct wire_list *head,
                    const uint8_t owner_public[65])
{
    uint8_t hash[32];

    sdk_list_hash(hash, list, head);
    return crypto_p256_verify(list + wire_list_signed_len(head), owner_public, hash);
}

void sdk_account_tag(uint8_t tag[16], const char *account)
{
    uint8_t hash[32];

    crypto_sha256(hash, account, strlen(account));
    memcpy(tag, hash, 16);
}

/* ---- the claim ---- */
int sdk_claim_make(uint8_t claim[32], const uint8_t secret[16], const char *account,
                   const char *device, const uint8_t public_key[65])
{
    static const char tag[] = "skep-seal/1 claim"; /* with its zero byte */
    size_t a = strlen(account), d = strlen(device);
    uint8_t sizes[2] = {(uint8_t)a, (uint8_t)d};
    struct crypto_part parts[] = {{tag, sizeof tag}, {&sizes[0], 1}, {account, a},
                                  {&sizes[1], 1},    {device, d},    {public_key, 65}};

    if (a == 0 || a > SDK_SHARE_ACCOUNT_MAX || d != WIRE_LABEL_DEVICE_LEN)
        return -SK_EINVAL;
    crypto_hmac_sha256_parts(claim, secret, SDK_SHARE_SECRET_BYTES, parts, 6);
    return 0;
}

int sdk_claim_check(const uint8_t claim[32], const uint8_t secret[16], const char *account,
                    const char *device, const uint8_t public_key[65])
{
    uint8_t want[32];
    int rc = sdk_claim_make(want, secret, account, device, public_key);

    if (rc == 0 && (!sk_equal_ct(claim, want, sizeof want) || crypto_p256_check(public_key) < 0))
        rc = -SK_ECRYPTO;
    crypto_wipe(want, sizeof want);
    return rc < 0 ? -SK_ECRYPTO : 0;
}

/* ---- the link ---- */
int sdk_invitation_write(char *out, size_t cap, const char *host, const struct sdk_invitation *i)
{
    char secret[SK_B64_SIZE(SDK_SHARE_SECRET_BYTES)];
    const char *parts[] = {"https://", host,   "/join#d=", i->device,
                           "&s=",      secret, "&k=",      i->fingerprint};
    size_t n = 0;
    int rc = 0;

    sk_b64url_encode(secret, i->secret, sizeof i->secret);
    for (unsigned p = 0; p < sizeof parts / sizeof parts[0] && rc == 0; p++) {
        rc = sk_copy(out + n, cap - n, parts[p]);
        n += strlen(out + n);
    }
    crypto_wipe(secret, sizeof secret);
    return rc;
}

/* "XXXX-XXXX-XXXX-XXXX-XXXX" in Crockford digits. */
static int fingerprint_take(char out[CRYPTO_FINGERPRINT_SIZE], const char *text, size_t len)
{
    if (len != CRYPTO_FINGERPRINT_SIZE - 1)
        return -SK_EINVAL;
    for (size_t i = 0; i < len; i++)
        if (i % 5 == 4 ? text[i] != '-' : wire_crockford_value(text[i]) < 0)
            return -SK_EINVAL;
    memcpy(out, text, len);
    out[len] = '\0';
    return 0;
}

static int device_take(char out[WIRE_LABEL_DEVICE_LEN + 1], const char *text, size_t len)
{
    uint8_t raw[16];
    size_t n;

    if (len != WIRE_LABEL_DEVICE_LEN || sk_b32_decode(raw, sizeof raw, &n, text, len) < 0 ||
        n != sizeof raw)
        return -SK_EINVAL;
    memcpy(out, text, len);
    out[len] = '\0';
    return 0;
}

/* One member of the fragment. Each may come once. */
static int member_take(struct sdk_invitation *out, unsigned *seen, const char *text, size_t len)
{
    static const char names[] = "dsk";
    const char *name = len > 2 && text[1] == '=' ? strchr(names, text[0]) : NULL;
    size_t n;

    if (name == NULL || *name == '\0' || (*seen & 1u << (name - names)) != 0)
        return -SK_EINVAL;
    *seen |= 1u << (name - names);
    text += 2;
    len -= 2;
    if (*name == 'd')
        return device_take(out->device, text, len);
    if (*name == 'k')
        return fingerprint_take(out->fingerprint, text, len);
    if (sk_b64url_decode(out->secret, sizeof out->secret, &n, text, len) < 0 ||
        n != sizeof out->secret)
        return -SK_EINVAL;
    return 0;
}

int sdk_invitation_read(struct sdk_invitation *out, char *origin, size_t cap, const char *link)
{
    static const char path[] = "/join#";
    const char *at = strstr(link, path);
    unsigned seen = 0;
    int rc = 0;

    if (strncmp(link, "https://", 8) != 0 || at == NULL || at - link <= 8 ||
        (size_t)(at - link) >= cap || memchr(link + 8, '/', (size_t)(at - link) - 8) != NULL)
        return -SK_EINVAL;
    memcpy(origin, link, (size_t)(at - link));
    origin[at - link] = '\0';
    memset(out, 0, sizeof *out);
    for (at += sizeof path - 1; rc == 0; at++) {
        size_t len = strcspn(at, "&");

        rc = member_take(out, &seen, at, len);
        at += len;
        if (*at == '\0')
            break;
    }
    if (rc == 0 && seen != 7)
        rc = -SK_EINVAL;
    if (rc < 0)
        crypto_wipe(out, sizeof *out);
    return rc;
}
