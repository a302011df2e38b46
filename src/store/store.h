/* Durable facts: one SQLite file, one writer thread, many readers. This is the only room that
 * sees SQLite. Rooms hand in their migrations and named statements; they never write SQL in C.
 *
 * A write is a function that runs on the writer thread. Functions of many callers share one commit
 * (group commit), each under a savepoint of its own, and a caller hears "0" only after the commit
 * has reached the disk. A read is a function that runs on the caller's thread over one snapshot. */
#ifndef SK_STORE_STORE_H
#define SK_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct store;
struct store_tx;  /* one running write or read function; never kept beyond it */
struct store_row; /* one result row; never kept beyond its callback */

enum store_durability {
    STORE_FULL,   /* an acknowledged write survives a power cut (accounts, audit, keys) */
    STORE_NORMAL, /* survives kill -9; a power cut may take the last commits (telemetry) */
};

/* ---- schema ---- */

/* One file of SQL text; borrowed, must outlive the store. */
struct store_file {
    const char *name; /* "001_init.sql": the leading number is the version, rising from 1 */
    const char *text;
    size_t len;
};

enum { STORE_MIGRATIONS_MAX = 64 };

/* What one room hands in. Statements stand in a file with heads of the form
 * `-- name: account_session_by_token :one` (kinds: one, many, exec). A schema that names only its
 * room, `static const struct store_schema schema = {.room = "account"};`, is filled from the
 * assets by store_open (see store_schema_load): this is what rooms do. */
struct store_schema {
    const char *room;
    struct store_file migrations[STORE_MIGRATIONS_MAX];
    size_t migration_count;
    struct store_file queries; /* text NULL: the room has none */
};

/* Fill `out` from the assets `sql/<room>/NNN_*.sql` and `sql/<room>/queries.sql` (base/asset.h).
 * `room` is borrowed. -SK_ENOTFOUND: neither exists; -SK_EINVAL: numbers do not rise by one from
 * 1; -SK_ETOOBIG: more than STORE_MIGRATIONS_MAX. Any thread. */
SK_MUST int store_schema_load(struct store_schema *out, const char *room);

/* ---- open and close ---- */

struct store_opts {
    const char *dir;  /* made (0700) when missing */
    const char *file; /* "core.db"; files beside it: -wal, -shm, .lock */
    enum store_durability durability;
    size_t readers;                            /* read connections; 0 = 4 */
    const struct store_schema *const *schemas; /* in room order: foreign keys point to earlier
                                                * rooms; NULL entries are skipped */
    size_t schema_count;
};

/* Open the file, check it, run what is missing of the migrations (each one transaction), prepare
 * every statement, start the writer thread. On failure `*out` is NULL, nothing is left open and,
 * when `why` is not NULL, it holds one sentence for the operator.
 *   -SK_EBUSY         another process has this file open
 *   -SK_EVERSION      written by a newer version (schema, room or store format), or a shipped
 *                     migration was edited (its checksum differs from the ledger's)
 *   -SK_EIO           damaged, not ours, or empty although it was in use: never started empty
 *   -SK_EUNSUPPORTED  the folder is on a network file system
 *   -SK_EINVAL        a migration or statement is wrong; `why` has its name
 *   -SK_ESTORAGE      cannot be created or written
 * Call from one thread at start. */
SK_MUST int store_open(struct store **out, const struct store_opts *opts, struct sk_buf *why);

/* Finish the queued writes, move the WAL into the file, close and free. NULL is fine. No other
 * call may run or follow. */
void store_close(struct store *s);

/* ---- writing and reading ---- */

/* A transaction function: 0 commits, a negative code undoes all that it did (its savepoint) and is
 * the caller's result. It may be run more than once, so it must not act outside the database and
 * must set, not accumulate, what it leaves in `ctx`. After a failed statement all later ones in
 * the same call fail with the same code and the call cannot commit: expect conflicts with ON
 * CONFLICT, do not try and see. It must be short, and must not call store_write or store_read. */
typedef int (*store_fn)(struct store_tx *tx, void *ctx);

/* Run `fn` on the writer thread and wait until it is committed (and, with STORE_FULL, synced).
 * Returns its code, or -SK_ESTORAGE when the commit failed (disk full, I/O): then nothing of
 * it is stored; later calls work again when there is space. -SK_ECLOSED: store is closing.
 * Worker threads; never on a loop (it blocks) nor inside a store_fn (-SK_EINTERNAL). */
SK_MUST int store_write(struct store *s, store_fn fn, void *ctx);

/* The same for loop threads: queue and return. `done(ctx, result)` is called exactly once, on the
 * writer thread, after the commit; it must only hand the news on (post to a loop). When this call
 * itself fails `done` is not called: -SK_EBUSY the queue is full, -SK_ECLOSED. `ctx` must live
 * until `done`. */
typedef void (*store_done_fn)(void *ctx, int result);
SK_MUST int store_write_async(struct store *s, store_fn fn, store_done_fn done, void *ctx);

/* Run `fn` here, on one snapshot of everything committed, with a read connection of the pool
 * (waits for a free one). Returns its code. Never hold it across network input or output. Any
 * thread that may block; not inside a store_fn (-SK_EINTERNAL). */
SK_MUST int store_read(struct store *s, store_fn fn, void *ctx);

/* ---- statements ---- */

enum store_type { STORE_END, STORE_NULL, STORE_INT, STORE_TEXT, STORE_BLOB };

/* One named argument: `$name` in the SQL text is "name" here, `$1` is "1". Values are borrowed
 * for the call. */
struct store_arg {
    const char *name;
    enum store_type type;
    int64_t num;
    const void *data;
    size_t len;
};

struct store_arg store_int(const char *name, int64_t value);
struct store_arg store_text(const char *name, const char *value); /* NULL binds SQL NULL */
struct store_arg store_textn(const char *name, const char *value, size_t len);
struct store_arg store_blob(const char *name, const void *value, size_t len); /* NULL, 0: NULL */
struct store_arg store_null(const char *name);

/* A list for one call: store_exec(tx, "device_rename", STORE_ARGS(store_text("name", n)), NULL).
 * Pass NULL where the statement takes none. */
#define STORE_ARGS(...) ((const struct store_arg[]){__VA_ARGS__, {.type = STORE_END}})

/* A row's callback: 0 goes on, STORE_STOP ends the walk with success, a negative code ends it with
 * that code. It must not run the same statement again. */
enum { STORE_STOP = 1 };
typedef int (*store_row_fn)(void *ctx, const struct store_row *row);

/* Run a statement of kind `exec`; `*changed` (may be NULL) = rows inserted, updated or deleted.
 * `one`: calls `row` for the single row; -SK_ENOTFOUND when there is none; more than one row is a
 * fault (-SK_EINTERNAL). `many`: calls `row` for each; -SK_ETOOBIG when there are more than
 * `rows_max`. `row` may be NULL (existence only).
 * Every parameter of the statement must be given once, and no other: -SK_EINTERNAL, logged, as
 * for an unknown name, the wrong kind, or a writing statement in a read.
 * -SK_ECONFLICT unique, foreign key or check; -SK_EINVAL text is not UTF-8 or holds U+0000;
 * -SK_ESTORAGE disk full or I/O; -SK_ETOOBIG a value beyond 16 MiB. */
SK_MUST int store_exec(struct store_tx *tx, const char *name, const struct store_arg *args,
                       int64_t *changed);
SK_MUST int store_one(struct store_tx *tx, const char *name, const struct store_arg *args,
                      store_row_fn row, void *ctx);
SK_MUST int store_many(struct store_tx *tx, const char *name, const struct store_arg *args,
                       size_t rows_max, store_row_fn row, void *ctx);

/* `one` whose first column is a number (COUNT, EXISTS as 0/1, an id). NULL reads as 0. */
SK_MUST int store_one_int(struct store_tx *tx, const char *name, const struct store_arg *args,
                          int64_t *out);

/* Columns, counted from 0. Pointers are borrowed until the callback returns. A NULL column reads
 * as 0, NULL and length 0. store_row_copy: text into `out`, always terminated (-SK_ETOOBIG when
 * it does not fit). store_row_bin: a blob of exactly `len` bytes (-SK_EIO otherwise). */
int store_row_is_null(const struct store_row *row, int col);
int64_t store_row_int(const struct store_row *row, int col);
const char *store_row_text(const struct store_row *row, int col);
const void *store_row_blob(const struct store_row *row, int col, size_t *len);
SK_MUST int store_row_copy(const struct store_row *row, int col, char *out, size_t cap);
SK_MUST int store_row_bin(const struct store_row *row, int col, void *out, size_t len);

/* ---- care and figures ---- */

/* Move the whole WAL into the file and cut it to zero (also what erasure needs: old images leave
 * the WAL). Waits; -SK_EBUSY when a reader holds it back. The writer does this by itself when
 * idle, and moves pages after 1000 of them. Threads as store_write. */
SK_MUST int store_checkpoint(struct store *s);

/* A complete, checked copy of the present state at `path` (made 0600, must not exist), taken on
 * the writer thread page group by page group between commits. -SK_ECONFLICT the path exists,
 * -SK_ESTORAGE, -SK_EIO. Threads as store_write. */
SK_MUST int store_backup(struct store *s, const char *path);

struct store_stats {
    uint64_t commits;         /* group commits that reached the disk */
    uint64_t commit_failures; /* groups of which nothing was stored */
    uint64_t writes;          /* functions that committed */
    uint64_t write_refusals;  /* functions that returned an error, undone alone */
    uint64_t rows_changed;
    uint64_t reads;
    uint64_t group_max;       /* most functions in one commit so far */
    uint64_t wait_us_total;   /* from queued to answered, over all writes */
    uint64_t commit_us_total; /* time in COMMIT */
    uint64_t wait_us_max;
    uint64_t queue_depth; /* now */
    uint64_t wal_bytes;   /* now */
    uint64_t checkpoints;
};

/* Any thread. */
void store_stats_get(struct store *s, struct store_stats *out);

/* The structure of all tables, indexes, foreign keys and triggers as sorted text, for the test
 * "an upgraded schema equals a fresh one". Threads as store_read. */
SK_MUST int store_schema_dump(struct store *s, struct sk_buf *out);

#endif
