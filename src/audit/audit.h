/* The tamper-evident audit log: rows that are only appended, each bound to the one before by its
 * hash and all of them by a Merkle tree (RFC 9162 2.1) whose heads are signed and leave the
 * database. Other rooms tell what they do through the seam core/audit.h and never include this. */
#ifndef SK_AUDIT_AUDIT_H
#define SK_AUDIT_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/room.h"

extern const struct room audit_room;

struct store;

/* Fill audit_record() alone, for verbs that write to a stopped box's store. Main thread. */
void audit_seam_fill(void);

/* Open audit.heads_file, before the sandbox closes the way to it; `path` NULL: there is none.
 * -SK_EIO. Main thread, at start; the room closes it. */
SK_MUST int audit_heads_file_open(const char *path);

/* The store would not open: leave a signed line in `data_dir`/audit/heads.log, the one part of the
 * log that does not need it. Failures are logged only: the caller is about to end. */
void audit_store_refused(const char *data_dir, int err, int64_t now_ms);

/* ---- what `skep audit` needs ---- */

/* What a verification found. Rows count from 1. */
enum audit_fault {
    AUDIT_WHOLE,
    AUDIT_EDITED,    /* the row does not give its own hash */
    AUDIT_UNCHAINED, /* the row does not follow from the one before */
    AUDIT_MISSING,   /* a number is left out */
    AUDIT_TRUNCATED, /* a signed head knows more rows than there are */
    AUDIT_REWRITTEN, /* all hashes fit, but not the root that was signed */
    AUDIT_BAD_HEAD   /* a signed head whose signature does not hold */
};

struct audit_verdict {
    uint64_t rows;    /* read */
    uint64_t whole;   /* rows before the first fault */
    uint64_t heads;   /* signed heads that were held against the rows */
    uint64_t strange; /* heads by other keys than the one at hand: they say nothing */
    enum audit_fault fault;
    uint64_t first, last; /* where the first fault lies */
    uint8_t root[32];     /* of all rows read, when there is no fault */
};

/* One word for a fault: "whole", "edited", ... Static. */
const char *audit_fault_word(enum audit_fault fault);

/* Check all rows of an open store against themselves and against `data_dir`/audit/heads.log.
 * 0 when it could be judged (see `out->fault`). */
SK_MUST int audit_verify_store(struct store *s, const char *data_dir, struct audit_verdict *out);

/* The same for an exported file and, when not NULL, a file of heads and the public key (PEM). */
SK_MUST int audit_verify_file(const char *path, const char *heads_path, const char *key_path,
                              struct audit_verdict *out);

/* Call `line` for each row as one line of JSON, in order; it may end the walk with its own code. */
SK_MUST int audit_export(struct store *s, int (*line)(void *ctx, const char *text, size_t len),
                         void *ctx);

/* The proof that row `seq` is in the tree of all rows, as JSON text appended to `out`.
 * -SK_ENOTFOUND. */
SK_MUST int audit_prove(struct store *s, const char *data_dir, uint64_t seq, struct sk_buf *out);

#endif
