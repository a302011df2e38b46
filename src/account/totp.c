/* Time codes and recovery codes. Pure but for the pepper's keys, which were loaded at start. */
#include <stdio.h>
#include <string.h>

#include "account/factor.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

enum { PEPPER_ID_BYTES = PEPPER_ID_SIZE - 1, RECOVERY_BYTES = 10, RECOVERY_LETTERS = 16 };

/* RFC 4226 5.3: dynamic truncation. */
void totp_code(char out[TOTP_CODE_SIZE], const uint8_t *secret, size_t len, int64_t step)
{
    uint8_t counter[8], mac[20];

    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    crypto_hmac_sha1(mac, secret, len, counter, sizeof(counter));
    const uint8_t *at = mac + (mac[19] & 0x0f);
    uint32_t number =
        (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    snprintf(out, TOTP_CODE_SIZE, "%06u", (unsigned)(number % 1000000));
    crypto_wipe(mac, sizeof(mac));
}

/* Six digits, blanks apart. */
static int code_read(char out[TOTP_CODE_SIZE], const char *typed)
{
    size_t len = 0;

    for (; *typed; typed++) {
        if (*typed == ' ')
            continue;
        if (*typed < '0' || *typed > '9' || len == TOTP_CODE_SIZE - 1)
            return -SK_EAUTH;
        out[len++] = *typed;
    }
    out[len] = '\0';
    return len == TOTP_CODE_SIZE - 1 ? 0 : -SK_EAUTH;
}

int totp_check(const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t now_ms,
               int64_t last_step, int64_t *step)
{
    char given[TOTP_CODE_SIZE] = "", want[TOTP_CODE_SIZE];
    int64_t now = now_ms / TOTP_STEP_MS, found = 0;

    if (code_read(given, code))
        return -SK_EAUTH;
    for (int64_t at = now - 1; at <= now + 1; at++) {
        totp_code(want, secret, TOTP_SECRET_BYTES, at);
        int is = sk_equal_ct(want, given, TOTP_CODE_SIZE - 1) & (at > last_step);
        found = is ? at : found;
    }
    crypto_wipe(want, sizeof(want));
    crypto_wipe(given, sizeof(given));
    *step = found;
    return found ? 0 : -SK_EAUTH;
}

void totp_secret_text(char out[SK_B32_SIZE(TOTP_SECRET_BYTES)],
                      const uint8_t secret[TOTP_SECRET_BYTES])
{
    sk_b32_encode(out, secret, TOTP_SECRET_BYTES);
    for (; *out; out++)
        if (*out >= 'a' && *out <= 'z')
            *out = (char)(*out - 'a' + 'A');
}

/* RFC 3986: everything that is not unreserved is percent-encoded. */
static size_t uri_add(char *out, size_t cap, size_t at, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text && at + 4 <= cap; text++) {
        if (strchr(plain, *text)) {
            out[at++] = *text;
        } else {
            snprintf(out + at, 4, "%%%02X", (unsigned)(unsigned char)*text);
            at += 3;
        }
    }
    out[at] = '\0';
    return at;
}

void totp_uri(char out[TOTP_URI_SIZE], const char *host, const char *name,
              const uint8_t secret[TOTP_SECRET_BYTES])
{
    char text[SK_B32_SIZE(TOTP_SECRET_BYTES)], issuer[64];
    int n = snprintf(issuer, sizeof(issuer), "Skep %s", host);
    size_t at;

    if (n < 0 || n >= (int)sizeof(issuer)) /* a very long host name: the product's alone */
        snprintf(issuer, sizeof(issuer), "Skep");
    totp_secret_text(text, secret);
    at = (size_t)snprintf(out, TOTP_URI_SIZE, "otpauth://totp/");
    at = uri_add(out, TOTP_URI_SIZE, at, issuer);
    out[at++] = ':';
    at = uri_add(out, TOTP_URI_SIZE, at, name);
    at += (size_t)snprintf(out + at, TOTP_URI_SIZE - at, "?secret=%s&issuer=", text);
    at = uri_add(out, TOTP_URI_SIZE, at, issuer);
    crypto_wipe(text, sizeof(text));
}

/* ---- at rest ---- */

/* A key of its own from the pepper. The zero byte keeps it apart from every password. */
static int seal_key(uint8_t key[32], const char *pepper)
{
    static const char what[] = "\0skep-totp/1";

    return pepper_apply(key, pepper, what, sizeof(what) - 1);
}

int totp_seal(uint8_t out[TOTP_SEALED_BYTES], const uint8_t secret[TOTP_SECRET_BYTES],
              const char *account)
{
    uint8_t key[32], *nonce = out + PEPPER_ID_BYTES, *text = nonce + CRYPTO_GCM_NONCE_BYTES;
    int err = seal_key(key, pepper_first());

    if (err)
        return -SK_EIO;
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));
    memcpy(out, pepper_first(), PEPPER_ID_BYTES);
    sk_random(nonce, CRYPTO_GCM_NONCE_BYTES); /* a few seals in a key's life: no collision */
    memcpy(text, secret, TOTP_SECRET_BYTES);
    err = crypto_gcm_seal(g, nonce, account, strlen(account), text, TOTP_SECRET_BYTES,
                          text + TOTP_SECRET_BYTES);
    crypto_gcm_free(&g);
    crypto_wipe(key, sizeof(key));
    return err;
}

int totp_open(uint8_t secret[TOTP_SECRET_BYTES], const uint8_t sealed[TOTP_SEALED_BYTES],
              const char *account)
{
    char pepper[PEPPER_ID_SIZE] = "";
    uint8_t key[32];
    const uint8_t *nonce = sealed + PEPPER_ID_BYTES, *text = nonce + CRYPTO_GCM_NONCE_BYTES;

    memcpy(pepper, sealed, PEPPER_ID_BYTES);
    if (seal_key(key, pepper))
        return -SK_EIO;
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));
    memcpy(secret, text, TOTP_SECRET_BYTES);
    int err = crypto_gcm_open(g, nonce, account, strlen(account), secret, TOTP_SECRET_BYTES,
                              text + TOTP_SECRET_BYTES);
    crypto_gcm_free(&g);
    crypto_wipe(key, sizeof(key));
    return err ? -SK_EIO : 0;
}

/* ---- recovery codes ---- */

/* 80 random bits need no slow hash; the account keeps equal codes of two people apart. */
static void letters_hash(uint8_t hash[32], const char *account, const char *letters)
{
    static const char what[] = "skep-recovery/1";
    const struct crypto_part parts[] = {
        {what, sizeof(what)},
        {account, strlen(account) + 1},
        {letters, RECOVERY_LETTERS},
    };

    crypto_sha256_parts(hash, parts, 3);
}

void recovery_make(char out[RECOVERY_SIZE], const char *account, uint8_t hash[32])
{
    char letters[SK_B32_SIZE(RECOVERY_BYTES)];
    uint8_t raw[RECOVERY_BYTES];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(letters, raw, sizeof(raw));
    letters_hash(hash, account, letters);
    snprintf(out, RECOVERY_SIZE, "%.4s-%.4s-%.4s-%.4s", letters, letters + 4, letters + 8,
             letters + 12);
    crypto_wipe(raw, sizeof(raw));
    crypto_wipe(letters, sizeof(letters));
}

int recovery_hash(uint8_t hash[32], const char *account, const char *typed)
{
    char letters[RECOVERY_LETTERS];
    size_t len = 0;

    for (; *typed; typed++) {
        char c = *typed >= 'A' && *typed <= 'Z' ? (char)(*typed - 'A' + 'a') : *typed;
        if (c == ' ' || c == '-')
            continue;
        if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')) || len == sizeof(letters))
            return -SK_EINVAL;
        letters[len++] = c;
    }
    if (len != sizeof(letters))
        return -SK_EINVAL;
    letters_hash(hash, account, letters);
    crypto_wipe(letters, sizeof(letters));
    return 0;
}
