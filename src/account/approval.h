/* Private parts of the account room: acts that wait for a second person (approval.c,
 * api_approvals.c) and the sealed emergency login (emergency.c, api_emergency.c). */
#ifndef SK_ACCOUNT_APPROVAL_H
#define SK_ACCOUNT_APPROVAL_H

#include "account/access.h"
#include "core/approval.h"

enum {
    APPROVAL_TTL_MS = 7 * 24 * 3600 * 1000,
    APPROVALS_OPEN_MAX = 8,  /* of one author */
    APPROVALS_MAX = 10000,   /* in the store */
    APPROVAL_KEPT_DAYS = 30, /* once closed */
    APPROVAL_KIND_SIZE = 32,
    APPROVAL_STATE_SIZE = 16
};

struct approval {
    char id[ID_SIZE], kind[APPROVAL_KIND_SIZE];
    char what[APPROVAL_WHAT_MAX]; /* JSON, keys sorted */
    char label[GRANT_TEXT_BYTES + 1], why[GRANT_TEXT_BYTES + 1];
    char organization[ORGANIZATION_ID_SIZE];
    char author[ID_SIZE], decided_by[ID_SIZE];
    char state[APPROVAL_STATE_SIZE]; /* as stored; an open one may have run out */
    int64_t created, expires, decided;
};

/* ---- approval.c ---- */

/* Fill the seam of core/approval.h and register this room's kinds. `is_on`: account.two_person. */
void approval_start(int is_on);
/* Fill `id` of `a` and store it, or find the same act of the same author that is open: then its id.
 * `what` is borrowed. -SK_ETOOBIG, -SK_ELIMIT. Tells the house. */
SK_MUST int approval_add(struct store *s, const struct actor *by, struct approval *a,
                         const json_t *what);
/* Copy. -SK_ENOTFOUND. */
SK_MUST int approval_find(struct store *s, const char *id, struct approval *out);
/* `fn` for those of the organization (may be NULL: of none) and of the author. */
SK_MUST int approval_each(struct store *s, const char *organization, const char *author,
                          int64_t now_ms, void (*fn)(void *ctx, const struct approval *a),
                          void *ctx);
/* "approved", "refused" or "withdrawn": once. -SK_EGONE: closed, or run out. */
SK_MUST int approval_decide(struct store *s, const struct actor *by, const struct approval *a,
                            const char *state);
/* It was approved, but the act failed: it may be tried again. */
SK_MUST int approval_reopen(struct store *s, const struct actor *by, const struct approval *a,
                            int failed);
/* Tell who may decide it, and its author. */
void approval_tell(const struct approval *a, int64_t now_ms);
/* Is the account one whose role or levels bring the action, without a grant? */
int account_may(const char *account, const char *action);

/* Kinds of this room, each with the act behind it (api_grants.c, api_organizations.c). */
int grant_apply(const json_t *what, const struct principal *by, const char *author, int64_t now_ms);
int organization_suspend_apply(const json_t *what, const struct principal *by, const char *author,
                               int64_t now_ms);
int organization_remove_apply(const json_t *what, const struct principal *by, const char *author,
                              int64_t now_ms);
/* Answer an approval_ask() that did not give 0. */
int answer_approval(struct http_request *req, int err, const char *id);

/* ---- emergency.c ---- */

enum {
    EMERGENCY_SESSION_MS = 60 * 60 * 1000,
    EMERGENCY_CODE_BYTES = 20,
    EMERGENCY_CODE_SIZE = 40 /* 32 letters and digits in groups of four, and the closing zero */
};

struct emergency_seal {
    int64_t made, used; /* ms UTC; `used` 0: sealed */
    char made_by[ID_SIZE];
};

int account_is_emergency(const char *account);
/* Read which session is open; follow its end. At start, after the sessions were loaded. */
void emergency_start(void);
/* What was made in the session (apps, codes) ends with it. The sweep's thread. */
void emergency_sweep(int64_t now_ms);
/* When the open session ends, 0 = none is open. Any thread. */
int64_t emergency_until(int64_t now_ms);
/* A code, and the hash that is kept. The caller wipes it. */
void emergency_code_make(char code[EMERGENCY_CODE_SIZE], uint8_t hash[32]);
/* Hash of a code as somebody typed it (blanks and hyphens do not count, nor does case). */
SK_MUST int emergency_code_hash(uint8_t hash[32], const char *text);
/* -SK_ENOTFOUND: none was made. */
SK_MUST int emergency_seal_read(struct store *s, struct emergency_seal *out);
SK_MUST int emergency_seal_set(struct store *s, const struct actor *by, const uint8_t hash[32]);
/* The code ends. */
SK_MUST int emergency_seal_end(struct store *s, const struct actor *by);
/* Spend the code and store the session. -SK_EAUTH. */
SK_MUST int emergency_open(struct store *s, const uint8_t hash[32], const struct entry *entry);
/* End its sessions. */
void emergency_sessions_end(const char *source, int64_t now_ms);
/* A session of it has begun. */
void emergency_opened(const struct session *s);

/* ---- handlers ---- */

int api_approvals(struct http_request *req);
int api_approval_add(struct http_request *req);
int api_approval_approve(struct http_request *req);
int api_approval_refuse(struct http_request *req);
int api_emergency(struct http_request *req);
int api_emergency_seal(struct http_request *req);
int api_emergency_end(struct http_request *req);
int api_emergency_open(struct http_request *req);

#endif
