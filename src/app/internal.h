/* Private parts of the app room. The first half is pure (no I/O, no clock) and tested on virtual
 * time. */
#ifndef SK_APP_INTERNAL_H
#define SK_APP_INTERNAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "core/app.h"
#include "core/approval.h"
#include "http/http.h"
#include "store/store.h"
#include "wire/httpsig.h"

enum {
    APP_ID_SIZE = SESSION_ID_SIZE,
    APP_NAME_POINTS_MAX = 64,
    APP_NAME_SIZE = APP_NAME_POINTS_MAX * 4 + 1,
    APP_SECRET_SIZE = 44, /* 32 random bytes as base64url; its text is the HMAC key */
    APP_POINT_BYTES = 65,
    APP_CREDENTIALS_MAX = 2,
    APP_SOURCES_MAX = 8,
    APP_SOURCES_SIZE = 8 * 50,
    APP_SCOPES_SIZE = 256,
    APP_RATE_MAX = 1000,
    APP_BURST_MAX = 1000,
    APP_QUOTA_MAX = 1000 * 1000 * 1000,
    APP_WINDOW_S = 300,       /* a clock may be off by so much, either way */
    APP_NONCES_MAX = 1 << 18, /* of one app within the window: 437 a second */
    APPS_MAX = 500
};

/* ---- scope.c ---- */

/* Actions of may() that an app can be given, one bit each; `code`: an authorization code can be for
 * it. */
#define APP_SCOPES(X)                                                                              \
    X(0x0001, "device.list", 0)                                                                    \
    X(0x0002, "device.view", 0)                                                                    \
    X(0x0004, "device.live-main", 1)                                                               \
    X(0x0008, "device.live-sub", 1)                                                                \
    X(0x0010, "device.listen", 1)                                                                  \
    X(0x0020, "device.talk", 1)                                                                    \
    X(0x0040, "device.ptz", 1)                                                                     \
    X(0x0080, "device.playback", 1)                                                                \
    X(0x0100, "device.snapshot", 1)                                                                \
    X(0x0200, "device.download", 1)                                                                \
    X(0x0400, "audit.read", 0)                                                                     \
    X(0x0800, "people.view", 0)                                                                    \
    X(0x1000, "grant.view", 0)                                                                     \
    X(0x2000, "box.view", 0)

uint32_t scope_find(const char *action); /* 0: no app can have it */
/* 1 when these scopes name the action: itself, "public", or "view.open" by a scope of codes. */
int scope_names(uint32_t scopes, const char *action);
json_t *scope_json(uint32_t scopes); /* names, new reference */
json_t *scope_json_all(void);
/* Each a scope, none twice, at least one. -SK_EINVAL. */
SK_MUST int scope_parse(uint32_t *out, const json_t *list);
/* Texts for the store, blank between, and back. */
void scope_text(char out[APP_SCOPES_SIZE], uint32_t scopes);
SK_MUST int scope_text_parse(uint32_t *out, const char *text);

/* ---- source.c: networks an app may come from ---- */

struct source_net {
    uint8_t ip[16];
    uint8_t family, bits;
};

/* "192.0.2.0/24": no bit set behind the prefix. -SK_EINVAL. */
SK_MUST int source_net_parse(struct source_net *out, const char *text);
int source_net_has(const struct source_net *n, const char *address);

/* ---- nonce.c: what was signed within the window ---- */

/* Nonces of one app; not thread-safe. Bounded: full, it refuses this app and no other. */
struct nonce_memory;
struct nonce_memory *nonce_memory_new(size_t max);
void nonce_memory_free(struct nonce_memory *m); /* NULL is fine */
/* Remember until `created_s` leaves the window. Not within the window at `now_s`: -SK_EINVAL; seen:
 * -SK_EREPLAY; no room: -SK_ELIMIT. */
SK_MUST int nonce_take(struct nonce_memory *m, const char *nonce, int64_t created_s, int64_t now_s);
/* 1 when it is remembered now. */
int nonce_is_seen(const struct nonce_memory *m, const char *nonce);
size_t nonce_count(const struct nonce_memory *m);

/* ---- allowance.c ---- */

/* GCRA over microseconds of a monotonic clock: `rate` a second, `burst` at once. */
struct bucket {
    int64_t tat_us;
};
/* 0, or -SK_ELIMIT and the wait; a refused one is not counted. `out`: what is left after it. */
SK_MUST int bucket_take(struct bucket *b, int64_t rate, int64_t burst, int64_t mono_ms,
                        struct allowance *out, int64_t *retry_ms);

/* Requests of a day (UTC). */
struct day_count {
    int64_t day, count;
};
/* quota 0: counted and never refused. */
SK_MUST int day_take(struct day_count *d, int64_t quota, int64_t wall_ms, struct allowance *out,
                     int64_t *retry_ms);

/* ---- claim.c: what a signature says, and whether it holds ---- */

enum credential_kind { CREDENTIAL_HMAC, CREDENTIAL_ECDSA };
const char *credential_kind_name(enum credential_kind k);
SK_MUST int credential_kind_find(enum credential_kind *out, const char *name);

struct credential {
    char id[APP_ID_SIZE];
    enum credential_kind kind;
    uint8_t material[APP_POINT_BYTES]; /* the secret's text, or the public point */
    size_t len;
    int64_t created, ends; /* ms UTC; 0 = open */
};

struct claim {
    char key[APP_ID_SIZE];
    char nonce[HTTPSIG_NONCE_MAX + 1];
    int64_t created, expires; /* seconds; 0 = says none */
    enum credential_kind kind;
    int is_short;
    uint8_t sig[HTTPSIG_BYTES_MAX];
    struct sk_buf base; /* what is signed */
};

/* Read a request's signature and make what must have been signed; the body is hashed here, never
 * believed. Not 0: `*reason` says why (static). claim_fini in any case. */
SK_MUST int claim_take(struct claim *out, const struct signed_request *r, const char **reason);
void claim_fini(struct claim *c);
/* 0 or -SK_EAUTH: signed with this credential? Constant time in the signature. */
SK_MUST int claim_check(const struct claim *c, const struct credential *with);
/* Key of the short form for the day of `created`: HMAC-SHA256(secret, "skep-hmac/1 day <n>"). */
void claim_day_key(uint8_t out[32], const void *secret, size_t len, int64_t created);

/* ---- table.c: the apps in memory ---- */

struct app_facts {
    char id[APP_ID_SIZE];
    char account[ACCOUNT_ID_MAX + 1];
    char name[APP_NAME_SIZE];
    uint32_t scopes;
    int64_t rate, burst, quota;
    char sources_text[APP_SOURCES_SIZE];
    struct source_net sources[APP_SOURCES_MAX];
    size_t source_count;
    int killed;
    int64_t created, killed_ms, effect_ms;
    int64_t last_used;
    char last_source[SOURCE_SIZE];
    struct day_count used;
    struct credential credentials[APP_CREDENTIALS_MAX];
    size_t credential_count;
};

void table_start(int64_t started_s);
void table_stop(void);
void table_add(const struct app_facts *f); /* copied */
/* Name, scopes, allowances and sources as in `f`. */
void table_terms_set(const struct app_facts *f);
/* The credentials as in `f`; a killed app (-SK_ECONFLICT) only by `restore`, which ends that. */
SK_MUST int table_credentials_set(const struct app_facts *f, int restore);
void table_remove(const char *id);
/* Copy, secrets included: wipe it. -SK_ENOTFOUND. */
SK_MUST int table_get(const char *id, struct app_facts *out);
/* From now on nothing of it is taken; its credentials are forgotten. -SK_ENOTFOUND. */
SK_MUST int table_kill(const char *id, int64_t now_ms);
void table_credential_end(const char *id, const char *credential);
void table_effect_set(const char *id, int64_t effect_ms);
/* Copies of all, newest first; free() after crypto_wipe. `account` NULL: of everybody. */
struct app_facts *table_list(const char *account, size_t *count);
size_t table_count(const char *account);
/* Copies of those that were used since the last call, at most `max`. */
size_t table_used_take(struct app_facts *out, size_t max);

int table_verify(void *ctx, const struct signed_request *r, struct principal *out,
                 struct signed_verdict *verdict);
int table_scope_has(void *ctx, const char *app, const char *action);

/* ---- ledger.c: one transaction each ---- */

/* The key under which HMAC secrets are sealed (core/boxkey.h, `keys/app`): they must be had in
 * clear to check with. A key that is lost while there are apps is an error. */
SK_MUST int app_ledger_key_load(struct store *s, const char *data_dir);
void app_ledger_key_wipe(void);

struct app_actor {
    const char *kind, *account, *session, *source;
    int64_t now_ms;
};

SK_MUST int app_ledger_load(struct store *s);
SK_MUST int app_ledger_add(struct store *s, const struct app_actor *by, const struct app_facts *f);
SK_MUST int app_ledger_set(struct store *s, const struct app_actor *by, const struct app_facts *f);
/* The newest credential of `f` is new; others end at `ends` (0: at once). */
SK_MUST int app_ledger_rotate(struct store *s, const struct app_actor *by,
                              const struct app_facts *f, int64_t ends);
SK_MUST int app_ledger_restore(struct store *s, const struct app_actor *by,
                               const struct app_facts *f);
SK_MUST int app_ledger_kill(struct store *s, const struct app_actor *by, const char *id,
                            int64_t effect_ms);
SK_MUST int app_ledger_remove(struct store *s, const struct app_actor *by, const char *id);
SK_MUST int app_ledger_used_save(struct store *s, const struct app_facts *list, size_t count);
/* The row of a credential whose time is over. */
SK_MUST int app_ledger_credential_end(struct store *s, char id[APP_ID_SIZE]);

/* ---- kill.c ---- */

/* What the app holds is cut: codes, signaling, streams, sockets. Returns after every loop has done
 * its part (or a second), and says how many ms that took. Worker threads. */
int64_t cut_now(const char *account, const char *id);

/* ---- room.c, api.c ---- */

struct app_state {
    struct store *store;
    struct net_loops *loops;
};
const struct app_state *app_get(void);

int api_apps(struct http_request *req);
int api_app_add(struct http_request *req);
int api_app(struct http_request *req);
int api_app_patch(struct http_request *req);
int api_app_delete(struct http_request *req);
int api_app_rotate(struct http_request *req);
int api_app_kill(struct http_request *req);
/* The kind of act that a kill of another's app is. At start. */
void app_kill_kind_add(void);
int api_app_restore(struct http_request *req);

extern const struct route app_routes[];

#endif
