/* Private parts of the account room. The first half is pure (no I/O, no clock) and tested on
 * virtual time; the second half is what the room holds while it runs. */
#ifndef SK_ACCOUNT_INTERNAL_H
#define SK_ACCOUNT_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "account/account.h"
#include "core/authorize.h"
#include "http/http.h"
#include "store/store.h"

enum {
    ID_SIZE = SESSION_ID_SIZE, /* 16 random bytes in base32, closing zero included */
    TOKEN_BYTES = 32,          /* of every token; only SHA-256 of its text is kept */
    NAME_MAX_POINTS = 64,      /* code points of an account name */
    NAME_MAX_BYTES = 256,
    PASSWORD_STAFF_MIN_POINTS = 15,  /* owners and admins (accounts.md 1) */
    PASSWORD_MEMBER_MIN_POINTS = 12, /* members */
    PASSWORD_FACTOR_MIN_POINTS = 8,  /* members who must have a second factor */
    PASSWORD_MAX_POINTS = 128,
    PASSWORD_MAX_BYTES = 512,
    PHC_SIZE = 160,
    SETUP_TTL_MS = 24 * 3600 * 1000,
    SESSIONS_PER_ACCOUNT_MAX = 500,
    SESSIONS_MAX = 100000, /* of everybody: all are in memory, and read at start */
    BROWSERS_PER_ACCOUNT_MAX = 32,
};

/* The account that the sealed emergency code opens (approval.h). */
#define EMERGENCY_ACCOUNT "emergency"

/* ---- phc.c: the stored form of a password ---- */

enum { PHC_SALT_BYTES = 16, PHC_HASH_BYTES = 32, PEPPER_ID_SIZE = 9 };

/* `$argon2id$v=19$m=..,t=..,p=1,keyid=<pepper id>$salt$hash` (PHC string format). */
struct phc {
    uint32_t m_kib, t;
    char pepper[PEPPER_ID_SIZE]; /* 8 letters or digits */
    uint8_t salt[PHC_SALT_BYTES];
    uint8_t hash[PHC_HASH_BYTES];
};

/* What a stored string may ask of us, whoever wrote it: memory 8 KiB .. 64 MiB, 1 .. 10 passes. */
enum { PHC_M_MIN_KIB = 8, PHC_M_MAX_KIB = 64 * 1024, PHC_T_MAX = 10 };

/* Strict: exactly the text that phc_encode writes. -SK_EINVAL otherwise, or beyond the caps. */
SK_MUST int phc_decode(struct phc *out, const char *text);
void phc_encode(char out[PHC_SIZE], const struct phc *phc);

/* ---- strength.c: which passwords are taken ---- */

enum {
    WEAK_SHORT = 1,
    WEAK_LONG = 2,
    WEAK_COMMON = 4,    /* on the list, or only a dressed-up entry of it */
    WEAK_CONTEXT = 8,   /* little but the product, the box or the account's own name */
    WEAK_GUESSABLE = 16 /* fewer than 10^8 guesses */
};

struct strength_context {
    const char *name, *host; /* may be NULL */
    size_t min_points;       /* code points that it must have at least */
    /* 1 when the folded text is on the weak list. */
    int (*is_listed)(void *ctx, const char *folded, size_t len);
    void *ctx;
};

struct strength {
    unsigned reasons; /* WEAK_..., 0 = taken */
    int score;        /* 0..4, zxcvbn's scale */
    double guesses_log10;
};

/* Judge `len` bytes of valid UTF-8. No composition rules. Pure. */
void strength_judge(const char *password, size_t len, const struct strength_context *ctx,
                    struct strength *out);
/* Bits that remain when digits and letters are read as pinyin, birth dates, phone numbers and
 * lucky numbers; large when they cannot be. Folded ASCII. */
double pinyin_bits(const char *folded, size_t len);
/* The reasons' names in the contract's order; returns how many. */
size_t strength_reason_names(unsigned reasons, const char *out[5]);

/* ---- throttle.c: GCRA buckets ---- */

struct throttle; /* owns its lock */

/* `burst` tries at once, then one each `interval_ms`. */
struct throttle_rule {
    int64_t interval_ms;
    int64_t burst;
};

enum { THROTTLE_KEY_BYTES = 16 };

struct throttle *throttle_new(size_t cells_max);
void throttle_free(struct throttle *t);

/* Count one try at monotonic `now_ms`. 0, or -SK_ELIMIT with the wait in `*retry_ms`: a refused
 * try is not counted, so hammering never prolongs the wait. When all cells are in use, strangers
 * share one. */
SK_MUST int throttle_take(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES],
                          const struct throttle_rule *rule, int64_t now_ms, int64_t *retry_ms);
/* Take one try back (it succeeded, or another bucket refused it); forget the key's past. */
void throttle_give_back(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES],
                        const struct throttle_rule *rule, int64_t now_ms);
void throttle_clear(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES]);

/* ---- login.c: which buckets a login must pass ---- */

/* One try, from admission to its result. */
struct login_try {
    uint8_t known[THROTTLE_KEY_BYTES];   /* (account, known browser) */
    uint8_t unknown[THROTTLE_KEY_BYTES]; /* (account, any other) */
    uint8_t prefix[THROTTLE_KEY_BYTES];  /* source /24 or /56 */
    int by_known;
    int by_proof, by_waiting; /* other buckets, under the same names */
};

extern const struct throttle_rule login_rule_known, login_rule_unknown, login_rule_prefix;

/* `browser` is the id of a browser known for this very name, or "". -SK_ELIMIT and `*retry_ms`. */
SK_MUST int login_admit(struct throttle *t, const char *name, const char *browser,
                        const char *source, int64_t now_ms, struct login_try *out,
                        int64_t *retry_ms);
/* The password was right: noise of others stays theirs, this try is given back. */
void login_succeeded(struct throttle *t, const struct login_try *try, int64_t now_ms);
/* Neither right nor wrong (no free place in the pool): give the try back. */
void login_undecided(struct throttle *t, const struct login_try *try, int64_t now_ms);
/* Bucket key of an account's second factor, from one known browser ("": from any other). */
void factor_bucket(uint8_t out[THROTTLE_KEY_BYTES], const char *account, const char *browser);
/* Bucket key of a session's refresh tokens. */
void family_bucket(uint8_t out[THROTTLE_KEY_BYTES], const char *session);
/* Bucket key of a source's network. Text that is no address shares one key. */
void prefix_key(uint8_t out[THROTTLE_KEY_BYTES], const char *what, const char *source);

/* ---- credential.c ---- */

/* Value of a cookie in a raw Cookie field: -SK_ENOTFOUND when absent or sent twice. */
SK_MUST int cookie_find(const char *cookie, const char *name, char *out, size_t cap);
/* A fresh token's text and the hash that is kept. */
void token_make(char text[ACCOUNT_TOKEN_SIZE], uint8_t hash[32]);
/* Hash of a token's text; -SK_EINVAL when it has not the form of one. */
SK_MUST int token_hash(uint8_t hash[32], const char *text);
void id_make(char id[ID_SIZE]);

/* ---- hash.c: the bounded argon2 pool ---- */

enum { HASH_M_KIB = 19 * 1024, HASH_T = 2 };

/* `workers` threads with 19 MiB each, `waiting_max` jobs may wait. */
SK_MUST int hash_pool_start(unsigned workers, unsigned waiting_max);
void hash_pool_stop(void);
/* New PHC string under the first pepper. -SK_EBUSY no place in the queue. Blocks. */
SK_MUST int hash_make(const char *password, size_t len, char out[PHC_SIZE]);
/* Compare; `phc` NULL or "" costs the same and never matches. `*stale` = 1 when it should be made
 * anew (weaker parameters or an older pepper). -SK_EBUSY, or -SK_EIO: not a string that we can
 * check (absurd parameters, lost pepper). Blocks. */
SK_MUST int hash_check(const char *phc, const char *password, size_t len, int *matches, int *stale);

/* pepper.c: `data_dir`/keys/pepper, newest first, one "id key" a line. */
SK_MUST int pepper_load(const char *data_dir, int may_make);
void pepper_wipe(void);
const char *pepper_first(void); /* its id */
/* HMAC-SHA256(pepper, password): what argon2 sees. -SK_ENOTFOUND unknown id. */
SK_MUST int pepper_apply(uint8_t out[32], const char *id, const char *password, size_t len);

/* ---- session.c: live sessions in memory ---- */

struct session {
    char id[ID_SIZE];
    char account[ID_SIZE];
    uint8_t token_hash[32];
    uint8_t csrf_secret[32];
    int bearer;
    int vouched; /* another box has asked for a second factor; of this run only, as its sessions are
                  */
    int64_t created, last_seen, saved_seen, expires;
    int64_t proved; /* when its password or a factor was last shown: `created`, or since */
    char source[SOURCE_SIZE];
    char client[128];
};

enum { CSRF_SIZE = 44 };

void session_table_start(int64_t idle_ms);
void session_table_stop(void);
/* A new session's row, not yet in the table: fill, store, then session_put. */
void session_make(struct session *out, char token[ACCOUNT_TOKEN_SIZE], const char *account,
                  int bearer, const char *source, const char *client, int64_t now_ms,
                  int64_t lifetime_ms);
void session_put(const struct session *s);
/* Copies; -SK_ENOTFOUND when absent or no longer live. `use` marks it as used now. */
SK_MUST int session_by_token(const uint8_t hash[32], int bearer, int64_t now_ms, int use,
                             struct session *out);
SK_MUST int session_by_id(const char *id, int64_t now_ms, struct session *out);
/* 1 when another box vouches for the second factor of this session. Any thread. */
int session_is_vouched(const char *id, int64_t now_ms);
void session_touch(const char *id, int64_t now_ms);
void session_prove(const char *id, int64_t now_ms);
/* Copies of all that `wanted` picks, oldest first; free() the list. */
struct session *session_list(int (*wanted)(void *ctx, const struct session *s), void *ctx,
                             size_t *count);
/* How many there are, ended ones included until the sweep. */
size_t session_count(void);
int session_has_ended(const struct session *s, int64_t now_ms);
/* 1 when it is in the table, live and the account's. Quick: no copy. */
int session_is_of(const char *id, const char *account, int64_t now_ms);
/* Its token opens nothing any more: `hash` (chance, that no text has) takes the place. */
void session_token_void(const char *id, const uint8_t hash[32]);
/* Take out of the table; 1 when it was there. */
int session_remove(const char *id);
void session_saved(const char *id, int64_t last_seen);
void session_csrf(char out[CSRF_SIZE], const struct session *s);

/* ---- browser.c: known browsers in memory ---- */

struct browser {
    char id[ID_SIZE];
    char account[ID_SIZE];
    uint8_t token_hash[32];
    int64_t last_login;
};

void browser_table_start(void);
void browser_table_stop(void);
void browser_put(const struct browser *b);
SK_MUST int browser_by_token(const uint8_t hash[32], struct browser *out);
SK_MUST int browser_by_id(const char *id, struct browser *out);
/* Oldest of the account when it has BROWSERS_PER_ACCOUNT_MAX; 1 and its id, else 0. */
int browser_surplus(const char *account, char id[ID_SIZE]);
void browser_remove(const char *id);
void browser_remove_of(const char *account);
size_t browser_count_of(const char *account);
void browser_clear(void);

/* ---- ledger.c: everything that is written to the store ---- */

struct account_row {
    char id[ID_SIZE];
    char name[NAME_MAX_BYTES + 1];
    char role[16];
    char password[PHC_SIZE];
    char lang[8], theme[8];
    int disabled;
};

/* -SK_ENOTFOUND when there is none. Of several owners one who can enter, else the eldest. */
SK_MUST int ledger_owner(struct store *s, struct account_row *out);
SK_MUST int ledger_account_by_name(struct store *s, const char *name, struct account_row *out);
SK_MUST int ledger_account_by_id(struct store *s, const char *id, struct account_row *out);
SK_MUST int ledger_load(struct store *s); /* sessions and browsers into their tables */

/* A setup link: replace the former. `reset` also voids the owner's password, ends all sessions and
 * forgets all browsers, in the same transaction. */
SK_MUST int ledger_setup_token_set(struct store *s, const uint8_t hash[32], int64_t now_ms,
                                   int reset);
/* Live and unused? 0 or -SK_EGONE. */
SK_MUST int ledger_setup_token_check(struct store *s, const uint8_t hash[32], int64_t now_ms);

struct factor_use;

/* What a login or setup leaves behind, one transaction. */
struct entry {
    const struct session *session;
    const struct browser *browser; /* NULL: a native client */
    int browser_is_new;
    const char *browser_surplus; /* id to forget, or NULL */
    const char *ended;           /* former session of this browser, or NULL */
    const char *checked;         /* login: the PHC string that the password was right for; NULL: a
                                  * passkey alone */
    const struct factor_use *factor; /* the second factor that was shown, or NULL */
    int vouched;                     /* another box has asked for one */
    const char *rehash;              /* its successor, or NULL */
    int64_t now_ms;
};
/* Use up the setup token and write the owner. -SK_EGONE: used, expired or replaced. */
SK_MUST int ledger_setup(struct store *s, const uint8_t hash[32], const struct account_row *owner,
                         const struct entry *entry);
/* The rows of a session that begins, inside a write; `kind` goes to the events. -SK_EAUTH: the
 * account has a second factor and none was shown, or it was used meanwhile. */
SK_MUST int ledger_entry_write(struct store_tx *tx, const struct entry *e, const char *kind);
/* -SK_EAUTH: the password was changed or voided, or the account disabled, since it was checked; or
 * as above. */
SK_MUST int ledger_login(struct store *s, const struct entry *entry);
/* End `count` sessions: one transaction, `kind` goes to the events. */
SK_MUST int ledger_sessions_end(struct store *s, const struct session *list, size_t count,
                                const char *kind, const char *source, int64_t now_ms);
SK_MUST int ledger_seen_save(struct store *s, const struct session *list, size_t count);
SK_MUST int ledger_prefs_set(struct store *s, const char *account, const char *lang,
                             const char *theme);
SK_MUST int ledger_purge(struct store *s, int64_t now_ms);

/* ---- room.c, setup.c, control.c ---- */

/* Who may make an account without being asked. */
enum registration { REGISTRATION_CLOSED, REGISTRATION_INVITATION, REGISTRATION_OPEN };

/* What the room holds while it runs: one, made by start. */
struct account_state {
    struct store *store;
    struct throttle *throttle;
    const char *data_dir;
    int64_t lifetime_ms;
    enum registration registration;
    const char *external_name; /* of the single sign-on, NULL = none */
    account_external_resume_fn external_resume;
    int64_t fresh_ms; /* how long a shown password or factor counts for sensitive acts */
};
struct account_state *account_get(void);

/* Make and store a setup token; the text goes to `out`. */
SK_MUST int setup_token_make(struct store *s, int reset, int64_t now_ms,
                             char out[ACCOUNT_TOKEN_SIZE]);
/* 1 while nobody can log in as the owner. */
SK_MUST int setup_is_needed(struct store *s, int *needed);
/* End sessions for good: store, table, then EVENT_SESSION_ENDED for each. */
SK_MUST int sessions_end(const struct session *list, size_t count, const char *kind,
                         const char *source, int64_t now_ms);
/* The store has ended them already: table and event. */
void sessions_announce_end(const struct session *list, size_t count, const char *kind,
                           int64_t now_ms);
/* All sessions of an account that the store no longer has: `keep` (NULL: none) stays. */
void sessions_cut(const char *account, const char *keep, const char *kind, int64_t now_ms);
/* The weak list (data/weak-passwords.txt), folded; missing = empty, said in the log. */
void weak_list_load(void);
void weak_list_free(void);
int weak_list_has(void *ctx, const char *folded, size_t len);

/* The body of one control request line; writes one answer line (wiped by the caller). */
void control_answer(const char *request, char *answer, size_t cap);

/* A thread that serves the control socket and, between, ends what has run out. */
SK_MUST int control_start(const char *data_dir);
void control_stop(void);

extern const struct route account_routes[]; /* routes.c */

/* ---- enter.c: what setup, login and joining have in common ---- */

struct entering {
    struct http_request *req;
    struct account_row row;
    int bearer;
    int64_t lifetime_ms; /* 0: as set for the box */
    struct session session;
    char token[ACCOUNT_TOKEN_SIZE];
    struct browser browser;
    char browser_token[ACCOUNT_TOKEN_SIZE];
    char surplus[ID_SIZE];
    struct entry entry;
};

/* Make the session's rows, once `row` is filled; store them (`write` does, under the session that
 * is already in the table); answer with `status` once they are stored. */
void entering_make(struct entering *e);
SK_MUST int entering_store(struct entering *e, int (*write)(struct entering *e, void *ctx),
                           void *ctx);
int entering_finish(struct entering *e, int status);

void json_secret_wipe(const json_t *body, const char *name);
int answer_throttled(struct http_request *req, int64_t retry_ms);
int answer_hash_error(struct http_request *req, int err);
/* Code points that a password of this role must have at least. */
size_t password_min_points(const char *role);
int answer_strength(struct http_request *req, const char *name, const char *role,
                    const char *password);
/* 0, or answered: the password is not taken. */
SK_MUST int password_judge(struct http_request *req, const char *name, const char *role,
                           const char *password);
SK_MUST int account_name_check(const char *name);
/* A name that exists already; counted, so that a link is no way to ask which names there are. */
int answer_name_taken(struct http_request *req);

/* A body {"token","name","password"} under a one-time link, or {"token"} alone. */
struct link_body {
    json_t *json;
    const char *token, *name, *password;
    int bearer;
    uint8_t hash[32];
};
enum link_form { LINK_TOKEN, LINK_PASSWORD, LINK_PERSON, LINK_PERSON_BEARER };
/* Parse, and see that the link still holds (`check` gives 0, -SK_EGONE or an error). Not 0:
 * answered. Wrong links are counted against the network they come from, under `what`. */
SK_MUST int link_body_take(struct http_request *req, struct link_body *b, enum link_form form,
                           const char *what,
                           int (*check)(void *ctx, const uint8_t hash[32], int64_t now_ms),
                           void *ctx);
void link_body_wipe(struct link_body *b);

/* api_enter.c: everything was right: a session for `e->row`. `rehash` (or ""): the password's new
 * string. One answer for every wrong pair. */
int login_enter(struct entering *e, const char *checked, const char *rehash,
                const struct factor_use *factor);
int login_refuse(struct http_request *req, const struct account_row *row);
/* Scripts that log in and never log out: the oldest session makes room. */
SK_MUST int sessions_bound(const char *account, int64_t now_ms);

/* api.c: of somebody who is logged in; api_enter.c: setup and login; those of people and grants
 * are in access.h */
/* The session and account of the request; not 0: answered. `a` may be NULL. */
SK_MUST int self_take(struct http_request *req, struct session *s, struct account_row *a);
void cookie_give(struct http_request *req, const char *name, const char *value, const char *tail);
/* The session answer of the contract; `token` only goes to native clients. New reference. */
json_t *session_json(const struct account_row *a, const struct session *s, const char *token);
int api_setup_get(struct http_request *req);
int api_setup_strength(struct http_request *req);
int api_setup_post(struct http_request *req);
int api_login(struct http_request *req);
int api_logout(struct http_request *req);
int api_me(struct http_request *req);
int api_sessions(struct http_request *req);
int api_session_delete(struct http_request *req);
int api_sessions_revoke_others(struct http_request *req);
int api_prefs(struct http_request *req);

#endif
