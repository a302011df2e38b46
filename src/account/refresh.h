/* Refresh tokens: how a native client stays logged in without holding a long-lived bearer token.
 * The family of tokens is the login session itself, so that whatever ends the session ends them.
 * Private to the room. Why it is so: docs/design/tokens.md. */
#ifndef SK_ACCOUNT_REFRESH_H
#define SK_ACCOUNT_REFRESH_H

#include "account/internal.h"

enum {
    REFRESH_KEY_BYTES = 65, /* P-256 point 04 || x || y */
    REFRESH_SIG_BYTES = 64, /* r || s */
    REFRESH_ACCESS_TTL_MS = 10 * 60 * 1000,
    REFRESH_GRACE_MS = 45 * 1000, /* from the first use of a token */
    REFRESH_SKEW_MS = 300 * 1000, /* of the client's clock */
    REFRESH_KEEP_DAYS = 7,        /* how long a used token is known as one */
};

/* What a client gets; wipe it. */
struct refresh_pair {
    char access[ACCOUNT_TOKEN_SIZE];
    char refresh[ACCOUNT_TOKEN_SIZE];
    int64_t access_expires;
};

/* The bytes a device key signs, hashed: `token` as text, `at` as the client sends it. Pure. */
void refresh_proof_hash(uint8_t out[32], const char *token, int64_t at_ms);
/* 0 when `at_ms` is near `now_ms` and `sig` is right; -SK_EAUTH. Pure. */
SK_MUST int refresh_proof_check(const uint8_t key[REFRESH_KEY_BYTES], const char *token,
                                int64_t at_ms, const uint8_t sig[REFRESH_SIG_BYTES],
                                int64_t now_ms);

/* The successor of a token, readable only with the token: `out` takes REFRESH_SEALED_BYTES. */
enum { REFRESH_SEALED_BYTES = 12 + 2 * (ACCOUNT_TOKEN_SIZE - 1) + 8 + 16 };
void refresh_pair_seal(uint8_t out[REFRESH_SEALED_BYTES], const char *token,
                       const struct refresh_pair *pair);
SK_MUST int refresh_pair_open(struct refresh_pair *out, const char *token,
                              const uint8_t in[REFRESH_SEALED_BYTES]);

/* Bind a live session to a device key and give the first pair. -SK_ECONFLICT: it has one;
 * -SK_EAUTH: it ended. Worker threads. */
SK_MUST int refresh_begin(struct store *s, const struct session *session,
                          const uint8_t key[REFRESH_KEY_BYTES], int64_t now_ms,
                          struct refresh_pair *out);

/* Use `token` up (or, within the grace, give its successor again). `*session` is filled when the
 * token is one of ours. -SK_EAUTH: unknown, its session ended, or the proof is too old;
 * -SK_EREPLAY: the token is stolen (used before, or shown with another key): end the session. */
SK_MUST int refresh_rotate(struct store *s, const char *token, int64_t at_ms,
                           const uint8_t sig[REFRESH_SIG_BYTES], int64_t now_ms,
                           struct refresh_pair *out, char session[ID_SIZE]);

/* Access tokens in memory, loaded at start. Any thread, never blocks. */
void refresh_table_start(void);
void refresh_table_stop(void);
SK_MUST int refresh_load(struct store *s, int64_t now_ms);
/* The session that an access token stands for; -SK_ENOTFOUND. */
SK_MUST int refresh_access_find(const uint8_t hash[32], int64_t now_ms, char session[ID_SIZE]);
/* Drop what has run out, in memory and (used tokens) in the store. The sweep's thread. */
void refresh_sweep(int64_t now_ms);
SK_MUST int refresh_purge(struct store *s, int64_t now_ms);

int api_refresh_begin(struct http_request *req);
int api_refresh(struct http_request *req);

#endif
