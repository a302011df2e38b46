/* Which buckets a login must pass (accounts.md 4). A browser that logged in before is judged by
 * its own tries alone, so strangers cannot lock the owner out; everybody else shares a strict
 * bucket per account and one per network. Names that do not exist are counted as well. */
#include <arpa/inet.h>
#include <string.h>

#include "account/gate.h"
#include "crypto/hash.h"

const struct throttle_rule login_rule_known = {.interval_ms = 6000, .burst = 20};
const struct throttle_rule login_rule_unknown = {.interval_ms = 30000, .burst = 8};
const struct throttle_rule login_rule_prefix = {.interval_ms = 2000, .burst = 40};
/* With a proof of work, or after waiting instead; and how hard a name is being tried. */
static const struct throttle_rule proved_rule = {.interval_ms = 2000, .burst = 120};
static const struct throttle_rule waited_rule = {.interval_ms = 10000, .burst = 4};
static const struct throttle_rule pressure_rule = {.interval_ms = 60000, .burst = 1 << 20};

static void key_make(uint8_t out[THROTTLE_KEY_BYTES], const char *what, const char *a,
                     const void *b, size_t b_len)
{
    const struct crypto_part parts[] = {
        {what, strlen(what) + 1},
        {a, strlen(a) + 1},
        {b, b_len},
    };
    uint8_t hash[CRYPTO_SHA256_BYTES];

    crypto_sha256_parts(hash, parts, 3);
    memcpy(out, hash, THROTTLE_KEY_BYTES);
}

void prefix_key(uint8_t out[THROTTLE_KEY_BYTES], const char *what, const char *source)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    uint8_t address[16] = {0};

    if (inet_pton(AF_INET, source, address) == 1) {
        key_make(out, what, "4", address, 3);
    } else if (inet_pton(AF_INET6, source, address) == 1) {
        if (memcmp(address, mapped, sizeof(mapped)) == 0)
            key_make(out, what, "4", address + 12, 3);
        else
            key_make(out, what, "6", address, 7);
    } else {
        key_make(out, what, "?", "", 0);
    }
}

void factor_bucket(uint8_t out[THROTTLE_KEY_BYTES], const char *account, const char *browser)
{
    key_make(out, "factor", account, browser, strlen(browser));
}

void family_bucket(uint8_t out[THROTTLE_KEY_BYTES], const char *session)
{
    key_make(out, "family", session, "", 0);
}

int login_admit(struct throttle *t, const char *name, const char *browser, const char *source,
                int64_t now_ms, struct login_try *out, int64_t *retry_ms)
{
    int64_t ignored;

    key_make(out->known, "known", name, browser, strlen(browser));
    key_make(out->unknown, "unknown", name, "", 0);
    prefix_key(out->prefix, "prefix", source);
    out->by_known =
        browser[0] && throttle_take(t, out->known, &login_rule_known, now_ms, &ignored) == 0;
    if (out->by_known)
        return 0;
    int err = throttle_take(t, out->prefix, &login_rule_prefix, now_ms, retry_ms);
    if (err)
        return err;
    err = throttle_take(t, out->unknown, &login_rule_unknown, now_ms, retry_ms);
    if (err) /* a refusal is not a failure: it counts nowhere */
        throttle_give_back(t, out->prefix, &login_rule_prefix, now_ms);
    return err;
}

void login_succeeded(struct throttle *t, const struct login_try *try, int64_t now_ms)
{
    if (try->by_known)
        throttle_clear(t, try->known);
    else
        login_undecided(t, try, now_ms);
}

void login_undecided(struct throttle *t, const struct login_try *try, int64_t now_ms)
{
    if (try->by_known) {
        throttle_give_back(t, try->known, &login_rule_known, now_ms);
        return;
    }
    const struct throttle_rule *prefix_rule = try->by_waiting ? &waited_rule
                                              : try->by_proof ? &proved_rule
                                                              : &login_rule_prefix;
    throttle_give_back(t, try->unknown, try->by_proof ? &pressure_rule : &login_rule_unknown,
                       now_ms);
    throttle_give_back(t, try->prefix, prefix_rule, now_ms);
}

/* ---- with a proof ---- */

void login_name_key(uint8_t out[THROTTLE_KEY_BYTES], const char *name)
{
    key_make(out, "name", name, "", 0);
}

unsigned login_bits(struct throttle *t, const char *name, int64_t now_ms)
{
    uint8_t key[THROTTLE_KEY_BYTES];
    unsigned bits = PROOF_BITS_MIN;

    key_make(key, "pressure", name, "", 0);
    for (int64_t level = throttle_level(t, key, &pressure_rule, now_ms) / 8;
         level > 0 && bits < PROOF_BITS_MAX; level /= 2)
        bits++;
    return bits;
}

int login_admit_proved(struct throttle *t, const char *name, const char *source, int by_waiting,
                       int64_t now_ms, struct login_try *out, int64_t *retry_ms)
{
    const struct throttle_rule *rule = by_waiting ? &waited_rule : &proved_rule;
    int64_t ignored;

    *out = (struct login_try){.by_proof = 1, .by_waiting = by_waiting};
    prefix_key(out->prefix, by_waiting ? "waited" : "proved", source);
    key_make(out->unknown, "pressure", name, "", 0);
    int err = throttle_take(t, out->prefix, rule, now_ms, retry_ms);
    if (!err)
        (void)!throttle_take(t, out->unknown, &pressure_rule, now_ms, &ignored);
    return err;
}
