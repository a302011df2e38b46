/* Private parts of the account room: second factors. The first part is pure and tested against
 * published vectors; the second what is kept in memory; the third what is written. */
#ifndef SK_ACCOUNT_FACTOR_H
#define SK_ACCOUNT_FACTOR_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "account/internal.h"
#include "account/passkey.h"
#include "base/text.h"

enum {
    PASSKEYS_PER_ACCOUNT_MAX = 16,
    PASSKEY_NAME_POINTS_MAX = 64,
    PASSKEY_NAME_SIZE = 64 * 4 + 1,
    RECOVERY_CODES = 10,
    FACTOR_TICKET_MS = 5 * 60 * 1000,
    FACTOR_TICKET_TRIES = 5,
    TOTP_ENROL_MS = 10 * 60 * 1000
};

/* Which factors: bits. Recovery codes alone are none. */
enum { FACTOR_TOTP = 1, FACTOR_PASSKEY = 2, FACTOR_RECOVERY = 4, FACTOR_PASSWORD = 8 };
json_t *factor_kinds_json(unsigned kinds); /* names, new reference */

/* ---- totp.c: time codes (RFC 6238: HMAC-SHA-1, 6 digits, 30 s) and recovery codes ---- */

enum {
    TOTP_SECRET_BYTES = 20,
    TOTP_CODE_SIZE = 7,
    TOTP_STEP_MS = 30000,
    TOTP_SEALED_BYTES = 8 + 12 + TOTP_SECRET_BYTES + 16, /* pepper id, nonce, secret, tag */
    TOTP_URI_SIZE = 1400, /* a name of 64 code points, percent-encoded, fits */
    RECOVERY_SIZE = 20    /* "abcd-efgh-ijkl-mnop" with the closing zero: 80 random bits */
};

/* The code of one time step. */
void totp_code(char out[TOTP_CODE_SIZE], const uint8_t *secret, size_t len, int64_t step);
/* Is it the code of the present step, the one before or the one behind, later than `last_step`?
 * Then 0 and `*step`; -SK_EAUTH else. Blanks in the code are skipped. All three are always tried.
 */
SK_MUST int totp_check(const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t now_ms,
                       int64_t last_step, int64_t *step);
/* What authenticator apps read (Key Uri Format), label "Skep <host>:<name>". The caller wipes. */
void totp_uri(char out[TOTP_URI_SIZE], const char *host, const char *name,
              const uint8_t secret[TOTP_SECRET_BYTES]);
/* base32 in capitals, as people type it. */
void totp_secret_text(char out[SK_B32_SIZE(TOTP_SECRET_BYTES)],
                      const uint8_t secret[TOTP_SECRET_BYTES]);
/* For the store: AES-256-GCM under a key of the newest pepper, bound to the account; and back.
 * -SK_EIO: not ours, or its pepper is lost. */
SK_MUST int totp_seal(uint8_t out[TOTP_SEALED_BYTES], const uint8_t secret[TOTP_SECRET_BYTES],
                      const char *account);
SK_MUST int totp_open(uint8_t secret[TOTP_SECRET_BYTES], const uint8_t sealed[TOTP_SEALED_BYTES],
                      const char *account);

void recovery_make(char out[RECOVERY_SIZE], const char *account, uint8_t hash[32]);
/* Hash of what somebody typed: case, blanks and hyphens do not matter. -SK_EINVAL no such form. */
SK_MUST int recovery_hash(uint8_t hash[32], const char *account, const char *typed);

/* ---- challenge.c: WebAuthn challenges, without memory until they are used ---- */

enum { CHALLENGE_BYTES = 56, CHALLENGE_MS = 5 * 60 * 1000 };

void challenge_start(void);
void challenge_stop(void);
/* Random bytes, their end and a MAC over both and `bound` ("login", a ticket, a session and what
 * for): asking costs no memory, so strangers cannot fill any. `now_ms` monotonic. */
void challenge_make(uint8_t out[CHALLENGE_BYTES], const char *bound, int64_t now_ms);
/* Is it ours, for this, in time and unused? -SK_EAUTH. */
SK_MUST int challenge_check(const uint8_t *challenge, size_t len, const char *bound,
                            int64_t now_ms);
/* The answer to it was right: it is used up. -SK_EREPLAY somebody was faster, -SK_EBUSY too many
 * right answers within CHALLENGE_MS to remember them all. */
SK_MUST int challenge_use(const uint8_t challenge[CHALLENGE_BYTES], int64_t now_ms);

/* ---- factor.c: who has what, and what waits for an answer; in memory ---- */

enum factor_rule { FACTOR_RULE_NONE, FACTOR_RULE_ADMINS, FACTOR_RULE_ALL };

/* "none", "admins", "all"; -SK_EINVAL. */
SK_MUST int factor_rule_find(const char *name, enum factor_rule *out);

void factor_memory_start(enum factor_rule rule);
void factor_memory_stop(void);
/* FACTOR_... bits of an account. Any thread, quick. */
unsigned factor_kinds(const char *account);
void factor_kinds_set(const char *account, unsigned kinds);
void factor_kinds_clear(void);
/* 1 when the setting asks this role for a factor. */
int factor_is_required(const char *role);
/* 1 when it does and the account has none: it may then do nothing but get one. */
int factor_is_owed(const char *account, const char *role);

/* A right password that waits for its second factor. */
struct factor_ticket {
    uint8_t hash[32]; /* of its text */
    char account[ID_SIZE];
    char checked[PHC_SIZE]; /* what the password was right for */
    char rehash[PHC_SIZE];  /* or "" */
    int bearer;
    uint8_t prefix[THROTTLE_KEY_BYTES];  /* of the network that asked */
    struct login_try try;                /* given back when the factor is right */
    char external[ACCOUNT_PENDING_SIZE]; /* instead of a password: what another box has begun */
    int64_t expires;                     /* monotonic */
    int tries_left;
};
/* Keeps a copy. `text` is told to the client. */
void ticket_put(struct factor_ticket *t, char text[ACCOUNT_TOKEN_SIZE], int64_t now_ms);
/* A copy, and one try fewer; -SK_EGONE: unknown, run out, no try left, another network. */
SK_MUST int ticket_try(const char *text, const uint8_t prefix[THROTTLE_KEY_BYTES], int64_t now_ms,
                       struct factor_ticket *out);
/* Used: 1 for the one who was first. */
int ticket_take(const struct factor_ticket *t);
void tickets_drop_of(const char *account);

/* A time code's secret between "show me" and "it works". */
void enrol_put(const char *session, const uint8_t secret[TOTP_SECRET_BYTES], int64_t now_ms);
SK_MUST int enrol_get(const char *session, uint8_t secret[TOTP_SECRET_BYTES], int64_t now_ms);
void enrol_drop(const char *session);

/* ---- factor_ledger.c ---- */

struct factors {
    unsigned kinds; /* FACTOR_TOTP | FACTOR_PASSKEY | FACTOR_RECOVERY */
    uint8_t sealed[TOTP_SEALED_BYTES];
    int64_t totp_since, last_step;
    int64_t recovery_left, recovery_made, passkeys;
};
SK_MUST int factors_read(struct store *s, const char *account, struct factors *out);
/* Read the kinds of all accounts (NULL) or one into the memory. */
SK_MUST int factors_load(struct store *s, const char *account);

/* The same for one account; a store that fails is told to the log. */
void factors_refresh(const char *account);

struct passkey_row {
    char id[ID_SIZE], account[ID_SIZE];
    uint8_t credential[PASSKEY_CREDENTIAL_MAX];
    size_t credential_len;
    uint8_t key[PASSKEY_KEY_MAX];
    size_t key_len;
    int64_t sign_count, created, last_used;
    int backed_up;
    char name[PASSKEY_NAME_SIZE];
};
SK_MUST int passkey_find(struct store *s, struct passkey_bytes credential, struct passkey_row *out);
SK_MUST int passkeys_each(struct store *s, const char *account,
                          void (*fn)(void *ctx, const struct passkey_row *row), void *ctx);

/* A factor that was shown and is right: what to write so that it works once. */
struct factor_use {
    unsigned kind;                     /* one bit */
    int64_t step;                      /* FACTOR_TOTP */
    uint8_t sealed[TOTP_SEALED_BYTES]; /* its secret, sealed anew */
    uint8_t code_hash[32];             /* FACTOR_RECOVERY */
    char passkey[ID_SIZE];             /* FACTOR_PASSKEY */
    uint32_t sign_count;
    int backed_up;
};
const char *factor_name(unsigned kind);
/* Inside a write. -SK_EAUTH: used meanwhile, or gone. */
SK_MUST int factor_spend(struct store_tx *tx, const char *account, const struct factor_use *use,
                         int64_t now_ms);
/* Inside a write: 0 when the account has no factor, else -SK_EAUTH. Every session that begins asks
 * this or spends one, unless another box vouches for it: there is no fourth way in. */
SK_MUST int factor_none(struct store_tx *tx, const char *account);
/* Inside a write: forget everything of an account, or of all owners. */
SK_MUST int factors_delete(struct store_tx *tx, const char *account);
SK_MUST int factors_delete_owners(struct store_tx *tx);
SK_MUST int factors_count(struct store_tx *tx, const char *account, int64_t *out);

struct actor;
/* One transaction each, with its act. */
SK_MUST int factor_prove(struct store *s, const struct actor *by, const struct factor_use *use);
/* `hashes` NULL: the recovery codes stay as they are. */
SK_MUST int totp_add(struct store *s, const struct actor *by,
                     const uint8_t sealed[TOTP_SEALED_BYTES], int64_t step,
                     const uint8_t (*hashes)[32]);
SK_MUST int totp_remove(struct store *s, const struct actor *by, int must_stay);
SK_MUST int recovery_set(struct store *s, const struct actor *by, const uint8_t (*hashes)[32]);
/* -SK_ECONFLICT the credential is known, -SK_ELIMIT too many. */
SK_MUST int passkey_add(struct store *s, const struct actor *by, const struct passkey_row *row,
                        const uint8_t (*hashes)[32]);
SK_MUST int passkey_rename(struct store *s, const struct actor *by, const char *id,
                           const char *name);
/* `must_stay`: -SK_ECONFLICT when it is the account's last factor. */
SK_MUST int passkey_remove(struct store *s, const struct actor *by, const char *id, int must_stay);

/* ---- factor_show.c: is what was shown right? ---- */

struct factor_shown {
    const char *totp, *recovery; /* one of the three; borrowed from the body */
    const json_t *passkey;
};
/* Members "totp", "recovery" (when `recovery_too`), "passkey": exactly one of them. -SK_EINVAL. */
SK_MUST int factor_shown_parse(const json_t *body, int recovery_too, struct factor_shown *out);
/* 0 and what to spend; -SK_EAUTH not right; store errors. `bound`: of the challenge. */
SK_MUST int factor_show(struct http_request *req, const char *account,
                        const struct factor_shown *shown, const char *bound,
                        struct factor_use *out);
/* The same for a passkey of whomever it belongs to; `account` takes whose. */
SK_MUST int factor_show_passkey(struct http_request *req, const json_t *assertion,
                                const char *bound, const char *account_or_null,
                                struct factor_use *out, char account[ID_SIZE]);
/* The host name that passkeys are bound to; NULL: an address, no passkeys here. */
const char *passkey_rp(void);
/* The origins a page of ours may have: the host name with our port, and without one. */
enum { PASSKEY_ORIGIN_SIZE = 300 };
void passkey_origins(const char *out[3], char text[2][PASSKEY_ORIGIN_SIZE]);
/* A member's bytes, base64url, 1 .. cap of them, decoded into `room`. -SK_EINVAL. */
SK_MUST int factor_bytes_take(const json_t *body, const char *name, uint8_t *room, size_t cap,
                              struct passkey_bytes *out);
/* The account's credential ids; new reference. */
SK_MUST int passkey_credentials_json(const char *account, json_t **out);
/* request of the contract; `account` NULL: without a list of credentials. New reference. */
SK_MUST int passkey_request_json(const char *account, const char *bound, json_t **out);

/* ---- handlers: api_factor.c, api_passkey.c, api_login_factor.c ---- */

/* 0 when the session's proof is fresh; else answered with `reauth`. */
SK_MUST int fresh_take(struct http_request *req, const struct session *s);
/* In the login: the password was right and `e->row` has a factor. Answers. */
int login_factor_ask(struct entering *e, const struct login_try *try, const char *rehash,
                     unsigned kinds);
json_t *passkey_json(const struct passkey_row *p);
/* Fresh codes as the contract shows them, and what is kept of them; new reference. */
json_t *recovery_codes_make(const char *account, uint8_t hashes[RECOVERY_CODES][32]);

int api_login_factor(struct http_request *req);
int api_login_passkey_request(struct http_request *req);
int api_login_passkey(struct http_request *req);
int api_factors(struct http_request *req);
int api_reauth(struct http_request *req);
int api_reauth_request(struct http_request *req);
int api_totp_begin(struct http_request *req);
int api_totp_confirm(struct http_request *req);
int api_totp_off(struct http_request *req);
int api_recovery(struct http_request *req);
int api_passkey_request(struct http_request *req);
int api_passkey_add(struct http_request *req);
int api_passkey_rename(struct http_request *req);
int api_passkey_remove(struct http_request *req);
int api_account_factors_reset(struct http_request *req);

#endif
