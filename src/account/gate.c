/* Which try may be looked at. Cheap things first: buckets, then the proof; the hash comes after. A
 * refusal says nothing about whether the name exists, and no noise of others ever refuses a browser
 * that is known (accounts.md 4): strangers are asked to work or to wait, not locked out. */
#include <pthread.h>
#include <string.h>

#include "account/gate.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/abuse.h"
#include "core/metrics.h"

static struct {
    pthread_mutex_t lock;
    struct stuffing *stuffing;
} gates = {.lock = PTHREAD_MUTEX_INITIALIZER};

void gate_start(void)
{
    proof_start();
    gates.stuffing = stuffing_new();
}

void gate_stop(void)
{
    proof_stop();
    stuffing_free(gates.stuffing);
    gates.stuffing = NULL;
}

/* ---- the gate -------------------------------------------------------------------------------- */

enum why { WHY_ACCOUNT, WHY_NETWORK, WHY_ATTACK };

static int challenge_answer(struct http_request *req, const char *name, enum why why)
{
    static const char *const words[] = {"account", "network", "attack"};
    const char *source = http_principal(req)->source;
    unsigned bits = login_bits(account_get()->throttle, name, sk_clock_mono_ms());

    metric_refused("account", "challenge");
    http_problem_code(req, 428, "challenge",
                      json_pack("{s:o, s:s}", "challenge",
                                proof_ask(name, source, bits, http_now_ms(req)), "why",
                                words[why]));
    return -SK_EDENIED;
}

int gate_is_attack(int64_t now_ms)
{
    pthread_mutex_lock(&gates.lock);
    int on = gates.stuffing && stuffing_is_on(gates.stuffing, now_ms);
    pthread_mutex_unlock(&gates.lock);
    return on;
}

static int is_attacked(const struct gate *g, const char *source, int64_t now_ms, enum why *why)
{
    pthread_mutex_lock(&gates.lock);
    int everywhere = stuffing_is_on(gates.stuffing, now_ms);
    int from_here = stuffing_is_from(gates.stuffing, g->prefix_key, now_ms);
    pthread_mutex_unlock(&gates.lock);
    *why = everywhere ? WHY_ATTACK : WHY_NETWORK;
    return everywhere || from_here || abuse_stage(source) >= ABUSE_CHALLENGE;
}

/* With a proof: does it hold, and may this network bring so many? */
static int proved_pass(struct http_request *req, const char *name, const json_t *proof,
                       struct gate *g, int64_t now_ms)
{
    const char *source = http_principal(req)->source;
    enum why why;
    int64_t retry_ms;
    int err = proof_check(proof, name, source, http_now_ms(req), &g->proof);

    if (err == -SK_EINVAL) {
        http_problem(req, err, NULL);
        return err;
    }
    if (err)
        return challenge_answer(req, name,
                                is_attacked(g, source, now_ms, &why) ? why : WHY_ACCOUNT);
    g->has_proof = 1;
    err = login_admit_proved(account_get()->throttle, name, source, g->proof.by_waiting, now_ms,
                             &g->try, &retry_ms);
    if (err) {
        proof_give_back(&g->proof);
        answer_throttled(req, retry_ms);
    }
    return err;
}

int gate_pass(struct http_request *req, const char *name, const char *browser, const json_t *proof,
              struct gate *g)
{
    struct throttle *t = account_get()->throttle;
    const char *source = http_principal(req)->source;
    int64_t now_ms = sk_clock_mono_ms(), retry_ms;
    enum why why;

    *g = (struct gate){0};
    login_name_key(g->name_key, name);
    prefix_key(g->prefix_key, "stuffing", source);
    memcpy(g->share.key, g->prefix_key, sizeof(g->share.key));
    int attacked = is_attacked(g, source, now_ms, &why);
    if (!attacked || browser[0]) {
        int err = login_admit(t, name, browser, source, now_ms, &g->try, &retry_ms);
        g->share.is_known = !err && g->try.by_known;
        if (!err && (!attacked || g->try.by_known))
            return 0;
        if (!err) /* a known browser beyond its own bucket is a stranger */
            login_undecided(t, &g->try, now_ms);
        if (err && !attacked)
            why = throttle_level(t, g->try.prefix, &login_rule_prefix, now_ms) >=
                          login_rule_prefix.burst
                      ? WHY_NETWORK
                      : WHY_ACCOUNT;
    }
    return proof ? proved_pass(req, name, proof, g, now_ms) : challenge_answer(req, name, why);
}

/* ---- what became of it ----------------------------------------------------------------------- */

static void decided(const struct gate *g, int was_right, int is_listed)
{
    pthread_mutex_lock(&gates.lock);
    stuffing_note(gates.stuffing, g->prefix_key, g->name_key, was_right, is_listed,
                  sk_clock_mono_ms());
    pthread_mutex_unlock(&gates.lock);
}

void gate_wrong(struct http_request *req, const struct gate *g, const char *password)
{
    const char *source = http_principal(req)->source;
    int64_t now_ms = sk_clock_mono_ms();

    if (g->try.by_known) /* an owner who mistypes is no attacker */
        return;
    int was_from = 0;
    decided(g, 0, password_is_listed(password));
    pthread_mutex_lock(&gates.lock);
    was_from = stuffing_is_from(gates.stuffing, g->prefix_key, now_ms);
    pthread_mutex_unlock(&gates.lock);
    abuse_note(source, was_from ? ABUSE_STUFFING : ABUSE_LOGIN);
}

void gate_right(struct http_request *req, const struct gate *g, const char *account)
{
    decided(g, 1, 0);
    abuse_good(http_principal(req)->source, account);
}

void gate_undecided(const struct gate *g)
{
    if (g->has_proof)
        proof_give_back(&g->proof);
    login_undecided(account_get()->throttle, &g->try, sk_clock_mono_ms());
}
