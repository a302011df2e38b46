/* What stands before a password is looked at: proofs of work, the detector of stuffed lists, and
 * the decision which of them a try must meet (accounts.md 4). stuffing.c is pure; proof.c holds the
 * key and the spent challenges of this process; gate.c puts them together. */
#ifndef SK_ACCOUNT_GATE_H
#define SK_ACCOUNT_GATE_H

#include "account/internal.h"

/* ---- proof.c ---- */

enum {
    PROOF_BITS_MIN = 16,
    PROOF_BITS_MAX = 20,
    PROOF_TTL_MS = 120 * 1000,
    PROOF_WAIT_MS = 20 * 1000, /* for who cannot compute */
    PROOF_SALT_BYTES = 16,
    PROOF_SPENT_MAX = 65536
};

void proof_start(void);
void proof_stop(void);
/* The challenge member of the contract, for one name and one network. New reference. */
json_t *proof_ask(const char *name, const char *source, unsigned bits, int64_t now_ms);

struct proof {
    uint8_t salt[PROOF_SALT_BYTES];
    int by_waiting; /* nothing was computed */
};
/* Whether the client's answer holds; then it is spent. -SK_EINVAL malformed; -SK_EDENIED: not
 * ours, of another name or network, run out, not yet waited for, or no proof; -SK_ECONFLICT: used
 * before. Costs at most two hashes. Any thread. */
SK_MUST int proof_check(const json_t *proof, const char *name, const char *source, int64_t now_ms,
                        struct proof *out);
/* It bought nothing (the pool was full): it may be used again. */
void proof_give_back(const struct proof *p);

/* ---- stuffing.c: many accounts, wrong passwords ---- */

struct stuffing; /* the caller locks */

enum {
    STUFFING_WINDOW_MS = 60 * 1000,
    STUFFING_HOLDS_MS = 5 * 60 * 1000, /* behind the last evidence */
    STUFFING_PREFIXES_MAX = 4096
};

struct stuffing *stuffing_new(void);
void stuffing_free(struct stuffing *s);
/* One decided try: `prefix` and `name` are bucket keys, `is_listed`: the password is on a list of
 * breached or weak ones. */
void stuffing_note(struct stuffing *s, const uint8_t prefix[THROTTLE_KEY_BYTES],
                   const uint8_t name[THROTTLE_KEY_BYTES], int was_right, int is_listed,
                   int64_t now_ms);
/* From this network; from everywhere. */
int stuffing_is_from(struct stuffing *s, const uint8_t prefix[THROTTLE_KEY_BYTES], int64_t now_ms);
int stuffing_is_on(const struct stuffing *s, int64_t now_ms);

/* ---- hash.c: a place in the pool ---- */

/* Whose password it is: known browsers go first and have places of their own; of the others each
 * network has a share. */
struct hash_share {
    int is_known;
    uint8_t key[THROTTLE_KEY_BYTES];
};
/* As hash_check, from that share. -SK_EBUSY: its part of the queue is full. */
SK_MUST int hash_check_for(const struct hash_share *share, const char *phc, const char *password,
                           size_t len, int *matches, int *stale);

/* ---- throttle.c, login.c: more buckets ---- */

/* How many tries a bucket holds now. */
int64_t throttle_level(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES],
                       const struct throttle_rule *rule, int64_t now_ms);
/* A try that brought a proof: only its network bounds it, more generously. As login_admit. */
SK_MUST int login_admit_proved(struct throttle *t, const char *name, const char *source,
                               int by_waiting, int64_t now_ms, struct login_try *out,
                               int64_t *retry_ms);
/* The work to ask for: one bit more each time that the tries on this name have doubled. */
unsigned login_bits(struct throttle *t, const char *name, int64_t now_ms);
void login_name_key(uint8_t out[THROTTLE_KEY_BYTES], const char *name);

/* ---- setup.c: lists of passwords ---- */

/* The owner's list of breached passwords; `path` NULL: none. Logs why not. */
SK_MUST int breach_list_load(const char *path);
/* On it, or on our own weak list: exactly as typed, or but for the case of its letters. */
int password_is_listed(const char *password);

/* ---- gate.c ---- */

void gate_start(void);
void gate_stop(void);

struct gate {
    struct login_try try;
    struct hash_share share;
    struct proof proof;
    int has_proof;
    uint8_t name_key[THROTTLE_KEY_BYTES], prefix_key[THROTTLE_KEY_BYTES];
};

/* May this try be looked at? 0, or answered: 428 with a challenge, or 429. `browser` is the id of a
 * browser known for this very name, or ""; `proof` may be NULL. */
SK_MUST int gate_pass(struct http_request *req, const char *name, const char *browser,
                      const json_t *proof, struct gate *out);
/* The password was wrong or right (then the guard knows the source as good); or the pool was full.
 */
void gate_wrong(struct http_request *req, const struct gate *g, const char *password);
void gate_right(struct http_request *req, const struct gate *g, const char *account);
void gate_undecided(const struct gate *g);
/* 1 while lists are being tried everywhere. */
int gate_is_attack(int64_t now_ms);

#endif
