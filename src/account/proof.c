/* Proofs of work, asked only under attack. Nothing is kept for a challenge that was handed out: it
 * carries its own MAC. Only those that were met are remembered, until they would run out anyway. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/gate.h"
#include "base/json.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

enum { MAC_BYTES = 32, NONCE_MAX = 32 };

static struct {
    pthread_mutex_t lock;
    uint8_t key[32];
    struct sk_map *spent; /* salt -> struct challenge */
} proofs = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct challenge {
    uint8_t salt[PROOF_SALT_BYTES];
    int64_t bits, expires;
    uint8_t mac[MAC_BYTES];
};

void proof_start(void)
{
    sk_random(proofs.key, sizeof(proofs.key));
    proofs.spent = sk_map_new(PROOF_SALT_BYTES);
}

static void spent_clear_locked(int64_t until_ms)
{
    struct challenge *c;

    for (size_t pos = 0; (c = sk_map_next(proofs.spent, &pos));)
        if (c->expires <= until_ms) {
            sk_map_remove(proofs.spent, c->salt, sizeof(c->salt));
            free(c);
        }
}

void proof_stop(void)
{
    if (!proofs.spent)
        return;
    spent_clear_locked(INT64_MAX);
    sk_map_free(proofs.spent);
    proofs.spent = NULL;
    crypto_wipe(proofs.key, sizeof(proofs.key));
}

static void mac_make(struct challenge *c, const char *name, const char *source)
{
    static const char what[] = "skep-proof-1";
    uint8_t numbers[16], prefix[THROTTLE_KEY_BYTES];

    sk_put_u64(numbers, (uint64_t)c->bits);
    sk_put_u64(numbers + 8, (uint64_t)c->expires);
    prefix_key(prefix, what, source);
    const struct crypto_part parts[] = {
        {what, sizeof(what)},     {c->salt, sizeof(c->salt)}, {numbers, sizeof(numbers)},
        {prefix, sizeof(prefix)}, {name, strlen(name)},
    };
    crypto_hmac_sha256_parts(c->mac, proofs.key, sizeof(proofs.key), parts, 5);
}

json_t *proof_ask(const char *name, const char *source, unsigned bits, int64_t now_ms)
{
    struct challenge c = {.bits = bits, .expires = now_ms + PROOF_TTL_MS};
    json_t *v = json_object();

    sk_random(c.salt, sizeof(c.salt));
    mac_make(&c, name, source);
    sk_json_set_bin(v, "salt", c.salt, sizeof(c.salt));
    sk_json_set_int(v, "bits", c.bits);
    sk_json_set_int(v, "wait_ms", PROOF_WAIT_MS);
    sk_json_set_int(v, "expires", c.expires);
    sk_json_set_bin(v, "mac", c.mac, sizeof(c.mac));
    return v;
}

static int nonce_is_fit(const char *nonce)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    return nonce[0] && nonce[strspn(nonce, alphabet)] == '\0';
}

static int proof_parse(const json_t *v, struct challenge *c, const char **nonce)
{
    static const char *const members[] = {"salt", "bits",  "wait_ms", "expires",
                                          "mac",  "nonce", NULL};
    int err = sk_json_only(v, members);

    *nonce = NULL;
    if (!err)
        err = sk_json_bin(v, "salt", c->salt, sizeof(c->salt));
    if (!err)
        err = sk_json_bin(v, "mac", c->mac, sizeof(c->mac));
    if (!err)
        err = sk_json_int(v, "bits", 0, 64, &c->bits);
    if (!err)
        err = sk_json_int(v, "expires", 0, 1LL << 53, &c->expires);
    if (!err && sk_json_has(v, "nonce")) {
        err = sk_json_str(v, "nonce", NONCE_MAX, nonce);
        if (!err && !nonce_is_fit(*nonce))
            err = -SK_EINVAL;
    }
    return err;
}

static int work_holds(const struct challenge *c, const char *nonce)
{
    char salt[SK_B64_SIZE(PROOF_SALT_BYTES)];
    uint8_t hash[CRYPTO_SHA256_BYTES];
    int zeros = 0;

    sk_b64url_encode(salt, c->salt, sizeof(c->salt));
    const struct crypto_part parts[] = {{salt, strlen(salt)}, {":", 1}, {nonce, strlen(nonce)}};
    crypto_sha256_parts(hash, parts, 3);
    while (zeros < 256 && !(hash[zeros / 8] & (0x80 >> zeros % 8)))
        zeros++;
    return zeros >= c->bits;
}

/* Each works once. When there is no room for another one it is not taken: who fills the room has
 * worked for it, 65,536 times within two minutes. */
static int spend(const struct challenge *c, int64_t now_ms)
{
    int err = 0;

    pthread_mutex_lock(&proofs.lock);
    if (sk_map_find(proofs.spent, c->salt, sizeof(c->salt))) {
        err = -SK_ECONFLICT;
    } else {
        if (sk_map_count(proofs.spent) >= PROOF_SPENT_MAX)
            spent_clear_locked(now_ms);
        if (sk_map_count(proofs.spent) >= PROOF_SPENT_MAX) {
            err = -SK_EDENIED;
        } else {
            struct challenge *kept = sk_alloc(sizeof(*kept));
            *kept = *c;
            sk_map_put(proofs.spent, kept->salt, sizeof(kept->salt), kept);
        }
    }
    pthread_mutex_unlock(&proofs.lock);
    return err;
}

int proof_check(const json_t *proof, const char *name, const char *source, int64_t now_ms,
                struct proof *out)
{
    struct challenge given, want;
    const char *nonce;
    int err = proof_parse(proof, &given, &nonce);

    if (err)
        return err;
    want = given;
    mac_make(&want, name, source);
    int64_t waited_ms = now_ms - (given.expires - PROOF_TTL_MS);
    if (!sk_equal_ct(want.mac, given.mac, sizeof(want.mac)) || now_ms >= given.expires)
        return -SK_EDENIED;
    if (nonce ? !work_holds(&given, nonce) : waited_ms < PROOF_WAIT_MS)
        return -SK_EDENIED;
    memcpy(out->salt, given.salt, sizeof(out->salt));
    out->by_waiting = !nonce;
    return spend(&given, now_ms);
}

void proof_give_back(const struct proof *p)
{
    pthread_mutex_lock(&proofs.lock);
    struct challenge *c = sk_map_remove(proofs.spent, p->salt, sizeof(p->salt));
    pthread_mutex_unlock(&proofs.lock);
    free(c);
}
