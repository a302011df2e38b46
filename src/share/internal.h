/* Private to the room of shares. */
#ifndef SK_SHARE_INTERNAL_H
#define SK_SHARE_INTERNAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "account/account.h"
#include "http/http.h"
#include "share/share.h"
#include "store/store.h"
#include "wire/access_list.h"

enum {
    SHARE_ID_SIZE = SESSION_ID_SIZE,
    SHARE_KEY_SIZE = 23, /* key id: 16 bytes as base64url */
    SHARE_KEYS_MAX = 16,
    SHARE_CLAIMS_MAX = 16,
    SHARE_NAME_POINTS_MAX = 64,
    SHARE_NAME_SIZE = SHARE_NAME_POINTS_MAX * 4 + 1,
    SHARE_GIVEN_MAX = 20000
};

#define SHARE_CLAIM_MS (INT64_C(24) * 3600 * 1000)
#define SHARE_LIFE_MS WIRE_LIST_LIFE_MS

struct share_key {
    char id[SHARE_KEY_SIZE];
    uint8_t public_key[65];
    char name[SHARE_NAME_SIZE]; /* "" = none */
    int64_t added;
};

struct share_claim {
    char id[SHARE_ID_SIZE], device[DEVICE_ID_SIZE], account[ACCOUNT_ID_MAX + 1];
    char key[SHARE_KEY_SIZE], state[16];
    uint8_t public_key[65], claim[32];
    int64_t created, expires;
};

struct share {
    char id[SHARE_ID_SIZE], device[DEVICE_ID_SIZE], account[ACCOUNT_ID_MAX + 1];
    char key[SHARE_KEY_SIZE], grant[SHARE_ID_SIZE], created_by[ACCOUNT_ID_MAX + 1];
    uint8_t public_key[65];
    int64_t created;
};

/* Who does it, when. */
struct share_by {
    const struct principal *who;
    int64_t now_ms;
};

struct store *share_store(void); /* room.c */

/* ---- ledger.c, ledger_given.c: each function one transaction, with its rows in the audit log ----
 */

enum { SHARE_ROWS_MAX = 1 << 16 };

/* Inside a running write: a row of the audit log; `device` NULL: its object is the actor. Takes
 * over `detail`. */
SK_MUST int ledger_act(struct store_tx *tx, const struct share_by *by, const char *action,
                       const char *device, json_t *detail);
/* New reference; either may be NULL. */
json_t *ledger_detail(const char *account, const char *key);
/* The waiting claim, judged: -SK_EGONE when it waits no longer. */
SK_MUST int ledger_claim_judge(struct store_tx *tx, const char *device, const char *id,
                               const char *state, int64_t now_ms, struct share_claim *out);

SK_MUST int ledger_key_put(const struct share_by *by, const struct share_key *k);
SK_MUST int ledger_key_delete(const struct share_by *by, const char *id);
/* Rows are handed to `fn`, which copies; 0 goes on. */
SK_MUST int ledger_keys(const char *account, int (*fn)(void *ctx, const struct share_key *k),
                        void *ctx);
/* Claims and keys of an account: how many, and end them. */
size_t ledger_keys_count(const char *account, int64_t now_ms);
int ledger_keys_end(const char *account, int64_t now_ms);

SK_MUST int ledger_claim_add(const struct share_by *by, const struct share_claim *c);
SK_MUST int ledger_claim_delete(const struct share_by *by, const char *id);
typedef int (*claim_fn)(void *ctx, const struct share_claim *c);
SK_MUST int ledger_claims_of_account(const char *account, int64_t now_ms, claim_fn fn, void *ctx);
SK_MUST int ledger_claims_of_device(const char *device, int64_t now_ms, claim_fn fn, void *ctx);
/* -SK_EGONE: no longer waiting. `guest` gets the account that asked. */
SK_MUST int ledger_claim_refuse(const struct share_by *by, const char *device, const char *id,
                                char guest[ACCOUNT_ID_MAX + 1]);

struct share_terms {
    uint32_t actions;
    int64_t not_after;
};
/* A list to leave with the box. */
struct share_list {
    uint8_t list[WIRE_LIST_MAX];
    size_t len; /* 0 = none */
};
/* Claim to share: grant, row and (with `left`) list in one step. -SK_EGONE. */
SK_MUST int ledger_accept(const struct share_by *by, const char *device, const char *claim,
                          const struct share_terms *t, const struct share_list *left,
                          struct share *out);
SK_MUST int ledger_change(const struct share_by *by, struct share *s, const struct share_terms *t);
SK_MUST int ledger_end(const struct share_by *by, const struct share *s);
SK_MUST int ledger_share_find(const char *id, struct share *out);
typedef int (*share_fn)(void *ctx, const struct share *s);
/* `device` NULL: all. */
SK_MUST int ledger_shares(const char *device, share_fn fn, void *ctx);
SK_MUST int ledger_list_put(const struct share_by *by, const char *device,
                            const struct share_list *left);
SK_MUST int ledger_list_delete(const struct share_by *by, const char *device);
/* Rows whose camera is gone or whose grant has ended elsewhere, and old claims. */
void ledger_sweep(int64_t now_ms);
void ledger_forget_device(const char *device);
SK_MUST int ledger_lists_load(void);
/* Queue: the list went out at `sent_ms`. */
void ledger_list_sent(const char *device, int64_t left_ms, int64_t sent_ms);

/* ---- left.c: lists that wait for their camera ---- */

void left_start(void);
void left_stop(void);
/* Form, size, device: 0, -SK_EINVAL. */
SK_MUST int left_check(const struct share_list *l, const char *device);
/* -SK_ECONFLICT: a later version is kept. */
SK_MUST int left_is_next(const struct share_list *l, const char *device);
/* After the commit: keep it, and send it now if the camera is there. */
void left_keep(const char *device, const struct share_list *l, const char *account, int64_t left_ms,
               int64_t sent_ms, int send_now);
void left_forget(const char *device);
/* New reference; NULL: none is left. `with_list`: the bytes too. */
json_t *left_json(const char *device, int with_list);
/* The camera is there: send what waits. Any thread, never blocks. */
void left_send(const char *device);

/* ---- handlers ---- */

extern const struct route share_routes[]; /* routes.c */

int api_keys(struct http_request *req);
int api_key_put(struct http_request *req);
int api_key_delete(struct http_request *req);
int api_claim_add(struct http_request *req);
int api_claims_mine(struct http_request *req);
int api_claim_delete(struct http_request *req);
int api_shares(struct http_request *req);
int api_share_give_up(struct http_request *req);
int api_claims(struct http_request *req);
int api_claim_refuse(struct http_request *req);
int api_claim_accept(struct http_request *req);
int api_device_shares(struct http_request *req);
int api_share_change(struct http_request *req);
int api_share_end(struct http_request *req);
int api_list_get(struct http_request *req);
int api_list_put(struct http_request *req);
int api_list_delete(struct http_request *req);

/* Shared by both files of handlers. */
void share_id_make(char id[SHARE_ID_SIZE]);
struct share_by share_by_of(struct http_request *req);
/* Key id as text of a point. */
void share_key_text(char out[SHARE_KEY_SIZE], const uint8_t public_key[65]);
/* A share as its owners see it; NULL: its grant has ended. */
json_t *share_json(const struct share *s, int64_t now_ms);
/* Tell open pages. */
void share_tell(const char *device, const char *account, int64_t now_ms);
/* New reference: the directory of an account. */
json_t *share_keys_json(const char *account);

#endif
