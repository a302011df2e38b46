/* The owner, the password, the login sessions, and the built-in rule "the owner may all, nobody
 * else anything". Fills the `authorize` seam of core: everybody else asks may() and authenticate()
 * and never sees this room. */
#ifndef SK_ACCOUNT_ACCOUNT_H
#define SK_ACCOUNT_ACCOUNT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/authorize.h"
#include "core/room.h"

extern const struct room account_room;

/* Text size of a one-time setup token: 32 random bytes in base64url, with the closing zero. */
enum { ACCOUNT_TOKEN_SIZE = 44 };

/* The one-time setup token that this start made because the box has no owner with a password.
 * Handed out once; only its hash is stored, so this is the only way to learn it. `out` is the
 * caller's to wipe. -SK_ENOTFOUND: the box is set up, no token is needed; -SK_EGONE: already
 * taken. Main thread, after the room started. */
SK_MUST int account_setup_link_token(char out[ACCOUNT_TOKEN_SIZE]);

/* `skep owner reset`, from another process on the box. Voids the owner's password, ends all
 * sessions, writes the account event "owner-reset", and gives a new one-time setup token, valid for
 * 24 hours. A server that runs on `data_dir` is asked through its control socket; otherwise the
 * store in `data_dir` is opened with `schemas` (of all rooms, in room order; see store_opts).
 * `*port` is the TLS port of the running server, 0 when none runs.
 * -SK_EDENIED the socket or the data is another user's; -SK_ENOTFOUND `data_dir` holds no store;
 * -SK_EBUSY the store is open elsewhere but nobody answers; store_open's errors. On failure `why`
 * holds a sentence. The caller wipes `out`. */
struct store_schema;
SK_MUST int account_owner_reset(const char *data_dir, const struct store_schema *const *schemas,
                                size_t schema_count, char out[ACCOUNT_TOKEN_SIZE], uint16_t *port,
                                struct sk_buf *why);

/* Judge a password as an account's own is judged, but for its length (weak list, 10^8 guesses,
 * names; valid UTF-8), in a process that does not run the room, after asset_use_embedded(). `name`
 * and `place` (may be NULL) are words that must not make it up. 0, or -SK_EDENIED and the first
 * reason as the API names it ("common", "context", "guessable"; static). One thread. */
SK_MUST int account_password_judge(const char *password, size_t len, const char *name,
                                   const char *place, const char **why);

/* 1 while the login session `session` is live at wall time `now_ms`. Any thread, never blocks. */
int account_session_is_live(const char *session, int64_t now_ms);

/* Use of a long-lived socket counts as use of its session: sockets call this now and then (at most
 * once a minute is enough) so that a wall that is being watched is not "idle". Any thread, never
 * blocks. */
void account_session_touch(const char *session, int64_t now_ms);

/* ---- for the room of shares: grants that name one camera and one account, of any organization
 * ---- */

struct store;
struct store_tx;
enum { ACCOUNT_NAME_SIZE = 64 * 4 + 1 };

/* Actions of a grant as bits of this room, from and to a JSON array of names (new reference);
 * "list" and "view" come along with each and are not taken. -SK_EINVAL: none, unknown, twice. */
SK_MUST int account_actions_parse(const json_t *list, uint32_t *out);
json_t *account_actions_json(uint32_t actions);

/* Make such a grant inside a running write, with its row in the audit log; `id` is set. Whether
 * `by` may do it is the caller's to ask. -SK_ENOTFOUND: no such camera, or an account that may not
 * enter; -SK_ELIMIT; the store's. Writer thread. */
SK_MUST int account_share_grant(struct store_tx *tx, const struct principal *by,
                                const char *account, const char *device, uint32_t actions,
                                int64_t not_after_ms, int64_t now_ms, char id[SESSION_ID_SIZE]);
/* End it, likewise. -SK_ENOTFOUND: it has ended. */
SK_MUST int account_share_grant_end(struct store_tx *tx, const struct principal *by,
                                    const char *device, const char *grant, int64_t now_ms);
/* After the commit: the rights of `account` are compiled anew, and what no longer holds is cut.
 * Worker threads. */
void account_share_changed(struct store *store, const char *account, int64_t now_ms);

struct account_grant_facts {
    uint32_t actions;
    int64_t not_after_ms;
    int is_active; /* at the moment asked for */
};
/* -SK_ENOTFOUND. Any thread, never blocks on the store. */
SK_MUST int account_grant_find(const char *grant, int64_t now_ms, struct account_grant_facts *out);

struct account_person_facts {
    char name[ACCOUNT_NAME_SIZE], organization[ACCOUNT_NAME_SIZE];
};
/* Name of the account and of its organization. -SK_ENOTFOUND. Any thread. */
SK_MUST int account_person_find(const char *account, struct account_person_facts *out);
SK_MUST int account_organization_name(const char *organization, char out[ACCOUNT_NAME_SIZE]);

/* ---- people who come through somebody else (the sso room) ---- */

struct http_request;
struct store_tx;

struct factor_use;
enum { ACCOUNT_PENDING_SIZE = 44 };

/* The second factor that account_external_ask() asked for was shown: open the session of `pending`
 * with it (account_external_open) and tell which. Worker threads. */
typedef int (*account_external_resume_fn)(struct http_request *req, const char *pending,
                                          const struct factor_use *shown,
                                          char session[SESSION_ID_SIZE]);

/* The login page offers this; static text, NULL = nothing. At start. */
void account_external_offer(const char *name, account_external_resume_fn resume);

/* Who came. `account` "" = nobody yet: one is made, with `name` or something like it, in
 * `organization` (NULL or "": home). `role` is set in any case, but the last owner stays one.
 * `vouched`: the other side says that it has asked for a second factor; then none is asked for
 * here, nor owed. `shown`: one of the account's own. */
struct account_external {
    char account[SESSION_ID_SIZE];
    const char *name, *role, *organization;
    int vouched;
    const struct factor_use *shown;
};

/* Writes the caller's rows in the same transaction; not 0: nothing is stored. */
typedef int (*account_external_fn)(struct store_tx *tx, const char *account, const char *session,
                                   void *ctx);

/* Open a browser session: account, session and what `also` writes (a link, say) are one
 * transaction; the cookie is added to the answer, which the caller then gives. `e->account` and
 * `session` are filled. -SK_EDENIED: the account is disabled, or there is no such organization;
 * -SK_EAGAIN: it has a second factor of its own here, and nobody has asked for it; -SK_EAUTH:
 * `shown` was used meanwhile; -SK_ELIMIT too many people. Worker threads. */
SK_MUST int account_external_open(struct http_request *req, struct account_external *e,
                                  account_external_fn also, void *ctx,
                                  char session[SESSION_ID_SIZE]);

/* Answer with what the second step of a login takes (a ticket, which factors); the resume function
 * gets `pending` back once one of them was shown. Worker threads. */
int account_external_ask(struct http_request *req, const char *account,
                         const char pending[ACCOUNT_PENDING_SIZE]);

/* 0: the account can come in by itself; -SK_EDENIED: only through somebody else, whose word must be
 * asked for again and again; the store's errors. Worker threads. */
SK_MUST int account_stands_alone(const char *account);

/* End a session because the other side said so; cut at once. Any thread that may block. */
void account_external_close(const char *session, int64_t now_ms);
/* The role by the other side's groups has changed. Any thread that may block. */
SK_MUST int account_external_role(const char *account, const char *role, int64_t now_ms);

#endif
