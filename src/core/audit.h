/* The seam to the audit log: every room tells here what it did; the audit room writes it down.
 * A house without that room (unit tests) keeps no log, and these calls do nothing.
 *
 * Acts are told in one of three ways, the first wherever there is a transaction:
 *   audit_record  the row shares the transaction of the change: both last, or neither
 *   audit_write   an act that changes no table but must not happen unrecorded (a view begins)
 *   audit_note    an act that has happened already, on a thread that must not wait */
#ifndef SK_CORE_AUDIT_H
#define SK_CORE_AUDIT_H

#include <stdint.h>

#include "base/err.h"

struct store_tx;

/* Most bytes of each text, without the closing zero. */
enum {
    AUDIT_WORD_MAX = 47, /* action, actor_kind, object_kind, result */
    AUDIT_ID_MAX = 64,   /* actor, object, session, source */
    AUDIT_DETAIL_MAX = 511
};

/* One act. All texts are ours or checked ids, never a stranger's free text: no names, no secrets,
 * nothing that was typed. NULL = "". Borrowed for the call. */
struct audit_entry {
    int64_t at_ms; /* wall time of the act */
    /* "account", "app" (actor = the AppKey), "device", "token" (actor = the token's id, never the
     * token), "box", "nobody" */
    const char *actor_kind, *actor;
    const char *session;              /* login session id */
    const char *action;               /* "session.login": a subject, a dot, what was done */
    const char *object_kind, *object; /* "device" and its id, "session" and its id, ... */
    const char *result;               /* NULL = "done"; "refused", "throttled", "failed" */
    const char *source;               /* address text */
    const char *detail;               /* a JSON object in one line, or NULL */
    /* Whose row it is, when neither object nor actor can say so yet; NULL: they say. Not hashed. */
    const char *organization;
};

/* audit_record(tx, AUDIT(.at_ms = now_ms, .actor_kind = "box", .action = "owner.reset")) */
#define AUDIT(...) (&(const struct audit_entry){__VA_ARGS__})

/* Append one row inside the running write. Not 0: the write must not commit (return the code).
 * -SK_EINTERNAL: a text beyond its bound. Writer thread, in a store_fn. */
SK_MUST int audit_record(struct store_tx *tx, const struct audit_entry *e);

/* Append one row and wait until it is on the disk. Errors as store_write; on any, do not act.
 * Worker threads. */
SK_MUST int audit_write(const struct audit_entry *e);

/* Queue one row and return. What cannot be kept is counted (skep_refused_total{room="audit"}) and
 * logged. Any thread. */
void audit_note(const struct audit_entry *e);

/* The audit room fills the seam; at start only, before threads run. NULL members: do nothing. */
struct audit_sink {
    int (*record)(void *ctx, struct store_tx *tx, const struct audit_entry *e);
    int (*write)(void *ctx, const struct audit_entry *e);
    void (*note)(void *ctx, const struct audit_entry *e);
    void *ctx;
};
void audit_fill(const struct audit_sink *sink);

#endif
