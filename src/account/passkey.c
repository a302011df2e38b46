#include "account/passkey.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/rsa.h"
#include "wire/cbor.h"

/* COSE (RFC 9053, RFC 8812): labels and values that we know. */
enum {
    COSE_KTY = 1,
    COSE_ALG = 3,
    COSE_EC2_CRV = -1,
    COSE_EC2_X = -2,
    COSE_EC2_Y = -3,
    COSE_RSA_N = -1,
    COSE_RSA_E = -2,
    COSE_KTY_EC2 = 2,
    COSE_KTY_RSA = 3,
    COSE_ES256 = -7,
    COSE_RS256 = -257,
    COSE_P256 = 1
};

/* Authenticator data (WebAuthn 6.1). */
enum {
    AUTH_HEAD = 37,
    AUTH_UP = 0x01,
    AUTH_UV = 0x04,
    AUTH_BE = 0x08,
    AUTH_BS = 0x10,
    AUTH_AT = 0x40,
    AUTH_ED = 0x80,
    AAGUID_BYTES = 16,
    CHALLENGE_MAX = 128
};

const char *passkey_fault_name(enum passkey_fault f)
{
    static const char *const names[PASSKEY_FAULTS] = {
        "",          "form",         "type",       "challenge", "origin", "cross-origin", "rp",
        "presence",  "verification", "credential", "algorithm", "key",    "attestation",  "user",
        "signature", "count",
    };

    return names[f];
}

/* WebAuthn takes a domain as RP id, never an address: letters, digits, hyphens and dots, with a
 * letter in the last label. */
int passkey_rp_is_name(const char *host)
{
    struct in6_addr v6;
    struct in_addr v4;
    const char *last = strrchr(host, '.');
    size_t len = strlen(host);

    if (len < 1 || len > 253 || inet_pton(AF_INET, host, &v4) == 1 ||
        inet_pton(AF_INET6, host, &v6) == 1 || host[0] == '.' || host[len - 1] == '.')
        return 0;
    for (const char *c = host; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '.'))
            return 0;
    for (const char *c = last ? last + 1 : host; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            return 1;
    return 0;
}

/* ---- client data (5.8.1) ---- */

static int challenge_take(const json_t *client, uint8_t *out, size_t cap, size_t *len)
{
    const char *text;

    if (sk_json_str(client, "challenge", SK_B64_SIZE(CHALLENGE_MAX), &text))
        return -SK_EINVAL;
    return sk_b64url_decode(out, cap, len, text, strlen(text)) ? -SK_EINVAL : 0;
}

static int origin_is_ours(const char *origin, const char *const *ours)
{
    for (; *ours; ours++)
        if (strcmp(origin, *ours) == 0)
            return 1;
    return 0;
}

static enum passkey_fault client_judge(const json_t *client, const char *type,
                                       const struct passkey_expect *want)
{
    uint8_t challenge[CHALLENGE_MAX];
    const char *text;
    size_t len;
    int crossed = 0;

    if (sk_json_str(client, "type", 32, &text))
        return PASSKEY_FORM;
    if (strcmp(text, type) != 0)
        return PASSKEY_TYPE;
    if (challenge_take(client, challenge, sizeof(challenge), &len))
        return PASSKEY_FORM;
    if (len != want->challenge.len || !sk_equal_ct(challenge, want->challenge.data, len))
        return PASSKEY_CHALLENGE;
    if (sk_json_str(client, "origin", 512, &text))
        return PASSKEY_FORM;
    if (!origin_is_ours(text, want->origins))
        return PASSKEY_ORIGIN;
    if (json_object_get(client, "crossOrigin") && sk_json_bool(client, "crossOrigin", &crossed))
        return PASSKEY_FORM;
    return crossed || json_object_get(client, "topOrigin") ? PASSKEY_CROSS_ORIGIN : PASSKEY_OK;
}

static enum passkey_fault client_check(struct passkey_bytes data, const char *type,
                                       const struct passkey_expect *want)
{
    json_t *client;

    if (data.len > PASSKEY_CLIENT_DATA_MAX || sk_json_parse(&client, data.data, data.len))
        return PASSKEY_FORM;
    enum passkey_fault fault = client_judge(client, type, want);
    json_decref(client);
    return fault;
}

int passkey_claimed_challenge(struct passkey_bytes client_data, uint8_t *out, size_t cap,
                              size_t *len)
{
    json_t *client;

    if (client_data.len > PASSKEY_CLIENT_DATA_MAX ||
        sk_json_parse(&client, client_data.data, client_data.len))
        return -SK_EINVAL;
    int err = challenge_take(client, out, cap, len);
    json_decref(client);
    return err;
}

/* ---- authenticator data ---- */

struct auth_data {
    uint8_t flags;
    uint32_t sign_count;
    struct passkey_bytes credential, key; /* empty without AUTH_AT */
};

/* Attested credential data (6.5.1): aaguid, length, credential, COSE_Key. */
static enum passkey_fault attested_read(struct auth_data *out, const uint8_t **at, size_t *left)
{
    struct cbor_item key;

    if (*left < AAGUID_BYTES + 2)
        return PASSKEY_FORM;
    size_t len = (size_t)(*at)[AAGUID_BYTES] << 8 | (*at)[AAGUID_BYTES + 1];
    *at += AAGUID_BYTES + 2;
    *left -= AAGUID_BYTES + 2;
    if (len < 1 || len > PASSKEY_CREDENTIAL_MAX || len > *left)
        return PASSKEY_FORM;
    out->credential = (struct passkey_bytes){*at, len};
    *at += len;
    *left -= len;
    if (cbor_read(&key, *at, *left) || key.type != CBOR_MAP)
        return PASSKEY_FORM;
    out->key = (struct passkey_bytes){*at, key.size};
    *at += key.size;
    *left -= key.size;
    return PASSKEY_OK;
}

static enum passkey_fault auth_read(struct auth_data *out, struct passkey_bytes in, const char *rp)
{
    uint8_t rp_hash[CRYPTO_SHA256_BYTES];
    struct cbor_item extensions;
    enum passkey_fault fault = PASSKEY_OK;

    *out = (struct auth_data){0};
    if (in.len < AUTH_HEAD || in.len > PASSKEY_AUTH_DATA_MAX)
        return PASSKEY_FORM;
    const uint8_t *at = in.data + AUTH_HEAD;
    size_t left = in.len - AUTH_HEAD;
    out->flags = in.data[32];
    out->sign_count = (uint32_t)in.data[33] << 24 | (uint32_t)in.data[34] << 16 |
                      (uint32_t)in.data[35] << 8 | in.data[36];
    crypto_sha256(rp_hash, rp, strlen(rp));
    if (!sk_equal_ct(rp_hash, in.data, sizeof(rp_hash)))
        return PASSKEY_RP;
    if (out->flags & AUTH_AT)
        fault = attested_read(out, &at, &left);
    if (!fault && out->flags & AUTH_ED) {
        if (cbor_read(&extensions, at, left) || extensions.type != CBOR_MAP)
            return PASSKEY_FORM;
        left -= extensions.size;
    }
    return fault ? fault : left ? PASSKEY_FORM : PASSKEY_OK;
}

static enum passkey_fault flags_judge(uint8_t flags)
{
    if (!(flags & AUTH_UP))
        return PASSKEY_PRESENCE;
    if (!(flags & AUTH_UV))
        return PASSKEY_VERIFICATION;
    return (flags & AUTH_BS) && !(flags & AUTH_BE) ? PASSKEY_FORM : PASSKEY_OK;
}

/* ---- keys and signatures ---- */

struct cose_key {
    int64_t alg;
    uint8_t point[CRYPTO_P256_POINT_BYTES]; /* ES256 */
    struct passkey_bytes n, e;              /* RS256, borrowed */
};

static int member_int(const struct cbor_item *map, int64_t label, int64_t *out)
{
    struct cbor_item item;

    return cbor_map_int(map, label, &item) || cbor_int(&item, out) ? -SK_EINVAL : 0;
}

static int member_bytes(const struct cbor_item *map, int64_t label, struct passkey_bytes *out)
{
    struct cbor_item item;

    if (cbor_map_int(map, label, &item) || item.type != CBOR_BYTES)
        return -SK_EINVAL;
    *out = (struct passkey_bytes){item.data, item.len};
    return 0;
}

static enum passkey_fault ec2_read(struct cose_key *out, const struct cbor_item *map)
{
    struct passkey_bytes x, y;
    int64_t curve;

    if (member_int(map, COSE_EC2_CRV, &curve) || curve != COSE_P256 ||
        member_bytes(map, COSE_EC2_X, &x) || member_bytes(map, COSE_EC2_Y, &y) || x.len != 32 ||
        y.len != 32)
        return PASSKEY_KEY;
    out->point[0] = 0x04;
    memcpy(out->point + 1, x.data, 32);
    memcpy(out->point + 33, y.data, 32);
    return crypto_p256_check(out->point) ? PASSKEY_KEY : PASSKEY_OK;
}

static enum passkey_fault cose_read(struct cose_key *out, struct passkey_bytes in)
{
    struct cbor_item map;
    int64_t kty;

    *out = (struct cose_key){0};
    if (in.len > PASSKEY_KEY_MAX || cbor_read(&map, in.data, in.len) || map.type != CBOR_MAP ||
        map.size != in.len || member_int(&map, COSE_KTY, &kty) ||
        member_int(&map, COSE_ALG, &out->alg))
        return PASSKEY_KEY;
    if (out->alg == COSE_ES256)
        return kty == COSE_KTY_EC2 ? ec2_read(out, &map) : PASSKEY_KEY;
    if (out->alg != COSE_RS256)
        return PASSKEY_ALGORITHM;
    return kty != COSE_KTY_RSA || member_bytes(&map, COSE_RSA_N, &out->n) ||
                   member_bytes(&map, COSE_RSA_E, &out->e) || out->n.len < CRYPTO_RSA_MIN_BYTES ||
                   out->n.len > CRYPTO_RSA_MAX_BYTES
               ? PASSKEY_KEY
               : PASSKEY_OK;
}

/* The signature covers the authenticator data and the hash of the client data. */
static enum passkey_fault signature_check(const struct cose_key *key, struct passkey_bytes auth,
                                          struct passkey_bytes client, struct passkey_bytes sig)
{
    uint8_t client_hash[CRYPTO_SHA256_BYTES], hash[CRYPTO_SHA256_BYTES], raw[CRYPTO_P256_SIG_BYTES];
    int err;

    crypto_sha256(client_hash, client.data, client.len);
    const struct crypto_part parts[] = {
        {auth.data, auth.len},
        {client_hash, sizeof(client_hash)},
    };
    crypto_sha256_parts(hash, parts, 2);
    if (key->alg == COSE_RS256) {
        err = crypto_rsa_verify(key->n.data, key->n.len, key->e.data, key->e.len, hash, sig.data,
                                sig.len);
    } else {
        err = crypto_p256_sig_from_der(raw, sig.data, sig.len);
        if (!err)
            err = crypto_p256_verify(raw, key->point, hash);
    }
    return err ? PASSKEY_SIGNATURE : PASSKEY_OK;
}

/* ---- a new one (7.1) ---- */

/* "none" with nothing in it, or what a browser leaves standing beside it: "packed" without a
 * certificate, signed by the new key itself (8.2, self attestation). */
static enum passkey_fault statement_judge(const struct cbor_item *object,
                                          const struct cose_key *key, struct passkey_bytes auth,
                                          struct passkey_bytes client)
{
    struct cbor_item format, statement, sig, more;
    int64_t alg;

    if (cbor_map_text(object, "fmt", &format) || cbor_map_text(object, "attStmt", &statement) ||
        statement.type != CBOR_MAP)
        return PASSKEY_FORM;
    if (cbor_text_is(&format, "none"))
        return statement.value == 0 ? PASSKEY_OK : PASSKEY_ATTESTATION;
    if (!cbor_text_is(&format, "packed") || cbor_map_text(&statement, "x5c", &more) == 0 ||
        cbor_map_text(&statement, "alg", &more) || cbor_int(&more, &alg) || alg != key->alg ||
        cbor_map_text(&statement, "sig", &sig) || sig.type != CBOR_BYTES)
        return PASSKEY_ATTESTATION;
    return signature_check(key, auth, client, (struct passkey_bytes){sig.data, sig.len})
               ? PASSKEY_ATTESTATION
               : PASSKEY_OK;
}

static enum passkey_fault object_read(struct cbor_item *object, struct passkey_bytes in,
                                      struct passkey_bytes *auth)
{
    struct cbor_item item;

    if (in.len > PASSKEY_ATTESTATION_MAX || cbor_read(object, in.data, in.len) ||
        object->type != CBOR_MAP || object->size != in.len || object->value != 3 ||
        cbor_map_text(object, "authData", &item) || item.type != CBOR_BYTES)
        return PASSKEY_FORM;
    *auth = (struct passkey_bytes){item.data, item.len};
    return PASSKEY_OK;
}

enum passkey_fault passkey_made_check(const struct passkey_expect *want,
                                      struct passkey_bytes client_data,
                                      struct passkey_bytes attestation, struct passkey_made *out)
{
    struct passkey_bytes auth_bytes = {0};
    struct cbor_item object;
    struct auth_data auth;
    struct cose_key key;
    enum passkey_fault fault = client_check(client_data, "webauthn.create", want);

    if (!fault)
        fault = object_read(&object, attestation, &auth_bytes);
    if (!fault)
        fault = auth_read(&auth, auth_bytes, want->rp);
    if (!fault)
        fault = flags_judge(auth.flags);
    if (!fault && !(auth.flags & AUTH_AT))
        fault = PASSKEY_CREDENTIAL;
    if (!fault)
        fault = cose_read(&key, auth.key);
    if (!fault)
        fault = statement_judge(&object, &key, auth_bytes, client_data);
    if (fault)
        return fault;
    memcpy(out->credential, auth.credential.data, auth.credential.len);
    out->credential_len = auth.credential.len;
    memcpy(out->key, auth.key.data, auth.key.len);
    out->key_len = auth.key.len;
    out->sign_count = auth.sign_count;
    out->backed_up = (auth.flags & AUTH_BS) != 0;
    return PASSKEY_OK;
}

/* ---- use (7.2) ---- */

static enum passkey_fault user_judge(const struct passkey_known *known, struct passkey_bytes user)
{
    if (!user.data)
        return known->user_must ? PASSKEY_USER : PASSKEY_OK;
    return user.len == strlen(known->user) && memcmp(user.data, known->user, user.len) == 0
               ? PASSKEY_OK
               : PASSKEY_USER;
}

enum passkey_fault passkey_assertion_check(const struct passkey_expect *want,
                                           const struct passkey_known *known,
                                           const struct passkey_assertion *a, uint32_t *sign_count,
                                           int *backed_up)
{
    struct auth_data auth;
    struct cose_key key;
    enum passkey_fault fault = user_judge(known, a->user);

    if (!fault)
        fault = client_check(a->client_data, "webauthn.get", want);
    if (!fault)
        fault = auth_read(&auth, a->auth_data, want->rp);
    if (!fault)
        fault = flags_judge(auth.flags);
    if (!fault && auth.flags & AUTH_AT)
        fault = PASSKEY_CREDENTIAL;
    if (!fault)
        fault = cose_read(&key, known->key);
    if (!fault)
        fault = signature_check(&key, a->auth_data, a->client_data, a->signature);
    if (!fault && (auth.sign_count || known->sign_count) && auth.sign_count <= known->sign_count)
        fault = PASSKEY_COUNT; /* last: only the true key can tell of a copy */
    if (!fault) {
        *sign_count = auth.sign_count;
        *backed_up = (auth.flags & AUTH_BS) != 0;
    }
    return fault;
}
