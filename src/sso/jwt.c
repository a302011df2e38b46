#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/rsa.h"
#include "sso/internal.h"

enum { RSA_N_MIN = 256, SIG_MAX = RSA_N_MAX };

void pkce_challenge(char out[PKCE_SIZE], const char *verifier)
{
    uint8_t hash[32];

    crypto_sha256(hash, verifier, strlen(verifier));
    sk_b64url_encode(out, hash, sizeof(hash));
}

/* ---- key sets ---- */

static int bytes_take(const json_t *key, const char *name, uint8_t *out, size_t cap, size_t *len)
{
    const char *text;

    if (sk_json_str(key, name, 2 * cap, &text))
        return -SK_EINVAL;
    return sk_b64url_decode(out, cap, len, text, strlen(text));
}

static int rsa_take(struct jwks_key *out, const json_t *key)
{
    out->alg = JWT_RS256;
    if (bytes_take(key, "n", out->n, sizeof(out->n), &out->n_len) || out->n_len < RSA_N_MIN ||
        !out->n[0])
        return -SK_EINVAL;
    return bytes_take(key, "e", out->e, sizeof(out->e), &out->e_len);
}

static int ec_take(struct jwks_key *out, const json_t *key)
{
    const char *curve;

    out->alg = JWT_ES256;
    out->point[0] = 4;
    if (sk_json_str(key, "crv", 16, &curve) || strcmp(curve, "P-256") != 0 ||
        sk_json_bin(key, "x", out->point + 1, 32) || sk_json_bin(key, "y", out->point + 33, 32))
        return -SK_EINVAL;
    return crypto_p256_check(out->point);
}

static int key_take(struct jwks_key *out, const json_t *key)
{
    static const char *const algs[] = {[JWT_RS256] = "RS256", [JWT_ES256] = "ES256"};
    const char *kty, *use, *alg, *kid = "";
    int err = -SK_EINVAL;

    *out = (struct jwks_key){0};
    if (!json_is_object(key) || sk_json_str(key, "kty", 8, &kty))
        return -SK_EINVAL;
    if (sk_json_has(key, "use") && (sk_json_str(key, "use", 8, &use) || strcmp(use, "sig") != 0))
        return -SK_EINVAL;
    if (sk_json_has(key, "kid") && sk_json_str(key, "kid", JWT_KID_MAX, &kid))
        return -SK_EINVAL;
    if (strcmp(kty, "RSA") == 0)
        err = rsa_take(out, key);
    else if (strcmp(kty, "EC") == 0)
        err = ec_take(out, key);
    if (!err && sk_json_has(key, "alg") &&
        (sk_json_str(key, "alg", 16, &alg) || strcmp(alg, algs[out->alg]) != 0))
        err = -SK_EINVAL;
    return err ? err : sk_copy(out->kid, sizeof(out->kid), kid);
}

int jwks_parse(struct jwks *out, const void *text, size_t len)
{
    json_t *doc, *key;
    size_t i;

    out->count = 0;
    if (sk_json_parse(&doc, text, len))
        return -SK_EINVAL;
    const json_t *list = json_object_get(doc, "keys");
    int err = json_is_array(list) ? 0 : -SK_EINVAL;
    json_array_foreach(list, i, key)
    {
        if (out->count < JWKS_KEYS_MAX && key_take(&out->keys[out->count], key) == 0)
            out->count++;
    }
    json_decref(doc);
    return err;
}

/* ---- tokens ---- */

struct jws {
    const char *signed_text; /* header "." payload */
    size_t signed_len;
    enum jwt_alg alg;
    char kid[JWT_KID_MAX + 1];
    json_t *payload;
    uint8_t sig[SIG_MAX];
    size_t sig_len;
};

static int part_json(json_t **out, const char *text, size_t len)
{
    size_t cap = len / 4 * 3 + 3, got;
    uint8_t *bytes = malloc(cap);
    int err = bytes ? sk_b64url_decode(bytes, cap, &got, text, len) : -SK_ENOMEM;

    if (!err)
        err = sk_json_parse(out, bytes, got);
    free(bytes);
    return err ? -SK_EINVAL : 0;
}

static int header_take(struct jws *j, const char *text, size_t len)
{
    const char *alg, *kid = "";
    json_t *h;

    if (part_json(&h, text, len))
        return -SK_EINVAL;
    int err = sk_json_str(h, "alg", 16, &alg);
    if (!err && sk_json_has(h, "kid"))
        err = sk_json_str(h, "kid", JWT_KID_MAX, &kid);
    if (!err)
        err = sk_copy(j->kid, sizeof(j->kid), kid);
    if (!err && strcmp(alg, "RS256") == 0)
        j->alg = JWT_RS256;
    else if (!err && strcmp(alg, "ES256") == 0)
        j->alg = JWT_ES256;
    else
        err = -SK_EINVAL;
    /* Extensions that must be understood are not (RFC 7515 4.1.11). */
    if (json_object_get(h, "crit"))
        err = -SK_EINVAL;
    json_decref(h);
    return err;
}

static int jws_parse(struct jws *j, const char *token, size_t len)
{
    const char *dot = len <= JWT_MAX ? memchr(token, '.', len) : NULL;
    const char *second = dot ? memchr(dot + 1, '.', len - (size_t)(dot - token) - 1) : NULL;

    *j = (struct jws){.signed_text = token};
    if (!second || header_take(j, token, (size_t)(dot - token)))
        return -SK_EINVAL;
    j->signed_len = (size_t)(second - token);
    if (sk_b64url_decode(j->sig, sizeof(j->sig), &j->sig_len, second + 1, len - j->signed_len - 1))
        return -SK_EINVAL;
    return part_json(&j->payload, dot + 1, (size_t)(second - dot) - 1);
}

static int signature_check(const struct jws *j, const struct jwks_key *k)
{
    uint8_t hash[32];

    crypto_sha256(hash, j->signed_text, j->signed_len);
    if (k->alg == JWT_RS256)
        return crypto_rsa_verify(k->n, k->n_len, k->e, k->e_len, hash, j->sig, j->sig_len);
    return j->sig_len == CRYPTO_P256_SIG_BYTES ? crypto_p256_verify(j->sig, k->point, hash)
                                               : -SK_ECRYPTO;
}

int jwt_verify(json_t **claims, const struct jwks *keys, const char *token, size_t len)
{
    struct jws j;
    int err = jws_parse(&j, token, len), found = 0;

    if (!err) {
        err = -SK_EAUTH;
        for (size_t i = 0; err && i < keys->count; i++) {
            const struct jwks_key *k = &keys->keys[i];
            if (k->alg != j.alg || (j.kid[0] && strcmp(k->kid, j.kid) != 0))
                continue;
            found = 1;
            err = signature_check(&j, k) ? -SK_EAUTH : 0;
        }
        if (!found)
            err = -SK_ENOTFOUND;
    }
    if (err)
        json_decref(j.payload);
    else
        *claims = j.payload;
    return err;
}

/* ---- claims ---- */

static int text_is(const json_t *claims, const char *name, const char *want)
{
    const char *is;

    return sk_json_str(claims, name, 1024, &is) == 0 && strcmp(is, want) == 0;
}

static int audience_holds(const json_t *claims, const char *client_id)
{
    const json_t *aud = json_object_get(claims, "aud");
    size_t count = json_array_size(aud);

    if (sk_json_has(claims, "azp") && !text_is(claims, "azp", client_id))
        return 0;
    if (json_is_string(aud))
        return strcmp(json_string_value(aud), client_id) == 0;
    if (count > 1 && !sk_json_has(claims, "azp"))
        return 0;
    for (size_t i = 0; i < count; i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        if (one && strcmp(one, client_id) == 0)
            return 1;
    }
    return 0;
}

int jwt_claims_check(const json_t *claims, const char *issuer, const char *client_id,
                     const char *nonce, int64_t now_ms)
{
    const int64_t now_s = now_ms / 1000, far = INT64_C(1) << 40;
    const char *sub;
    int64_t exp, iat, nbf;

    if (!text_is(claims, "iss", issuer) || !audience_holds(claims, client_id))
        return -SK_EAUTH;
    if (sk_json_int(claims, "iat", 0, far, &iat) || iat > now_s + JWT_SKEW_S)
        return -SK_EAUTH;
    if (sk_json_int(claims, "exp", 0, far, &exp) || exp <= now_s - JWT_SKEW_S)
        return -SK_EAUTH;
    if (sk_json_has(claims, "nbf") &&
        (sk_json_int(claims, "nbf", 0, far, &nbf) || nbf > now_s + JWT_SKEW_S))
        return -SK_EAUTH;
    if (!nonce)
        return 0;
    if (!text_is(claims, "nonce", nonce))
        return -SK_EAUTH;
    return sk_json_str(claims, "sub", SUBJECT_MAX, &sub) || !sub[0] ? -SK_EAUTH : 0;
}

int jwt_logout_check(const json_t *claims)
{
    static const char event[] = "http://schemas.openid.net/event/backchannel-logout";
    const json_t *events = json_object_get(claims, "events");
    const char *jti;

    if (!json_is_object(json_object_get(events, event)) || json_object_get(claims, "nonce"))
        return -SK_EAUTH;
    if (sk_json_str(claims, "jti", 255, &jti) || !jti[0])
        return -SK_EAUTH;
    return sk_json_has(claims, "sub") || sk_json_has(claims, "sid") ? 0 : -SK_EAUTH;
}
