/* Who read or wrote personal data. The store knows from the column classes in the SQL files
 * ("-- class: personal") and from what SQLite says a statement reads and writes which named
 * statements touch personal data; it counts their runs and rows, and tells its watcher (the audit
 * room). Below that stands a second witness that shares no counter with the first: SQLite's trace
 * (runs and result rows) and its preupdate hook (rows changed). When the two differ, somebody went
 * around the named statements, and the watcher is told. Parameters are never told. */
#ifndef SK_STORE_WATCH_H
#define SK_STORE_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* Classes of the columns, as in the SQL files; a column that names none is personal. */
enum store_class { STORE_PUBLIC, STORE_INTERNAL, STORE_PERSONAL, STORE_SECRET };

/* "public", "internal", "personal", "secret". Static. */
const char *store_class_word(enum store_class class);

/* On whose behalf statements run. All texts borrowed, NULL = "". */
struct store_actor {
    const char *kind, *id; /* "account" and its id, "app", ...; core/audit.h */
    const char *session, *request, *source;
};

/* From now on statements of this thread, and functions that it queues, run for `who`, which must
 * live until the next call; NULL: for the box itself. Any thread. */
void store_actor_set(const struct store_actor *who);

/* What one named statement did in one function. */
struct store_touch {
    const char *statement, *tables; /* tables with personal data, "a,b"; live with the store */
    enum store_class class;         /* the highest it reads or writes */
    int is_write;
    uint64_t runs, rows; /* rows given, or changed (cascades counted) */
};

struct store_watch {
    /* A function wrote personal data and is about to commit; `n` > 0 touches, reads beside. Writer
     * thread, inside the function's savepoint; statements run on `tx` from here are not told.
     * Not 0: the function is undone with that code. `who` NULL: the box. */
    int (*wrote)(void *ctx, struct store_tx *tx, const struct store_actor *who,
                 const struct store_touch *touches, size_t n);
    /* A function read personal data. Any thread; must not call the store, nor wait. */
    void (*read)(void *ctx, const struct store_actor *who, const struct store_touch *touches,
                 size_t n);
    /* The witnesses differ. `where`: "reader" or "writer"; `what`: "runs", "rows", "changes". Any
     * thread; must not call the store's waiting functions. */
    void (*alarm)(void *ctx, const char *where, const char *what);
    void *ctx;
};

/* Set the watcher (copied); at start and, with NULL, at the end, while nobody uses the store. */
void store_watch_set(struct store *s, const struct store_watch *watch);

/* What both witnesses counted since the store was opened; equal unless somebody smuggled. */
struct store_witness {
    uint64_t told_runs, told_rows, told_changes; /* by the named statements */
    uint64_t seen_runs, seen_rows, seen_changes; /* by trace and preupdate hook */
    uint64_t nameless;                           /* runs of statements without a name */
};

/* Sums over all connections; exact while nothing runs. Any thread. */
void store_witness_get(struct store *s, struct store_witness *out);

/* Statements that touch personal data, in no order: `fn` for each; not 0 ends with that code. */
SK_MUST int store_touch_each(struct store *s, int (*fn)(void *ctx, const struct store_touch *t),
                             void *ctx);

/* All columns with what the SQL files say of them ("class", "purpose", "retention"). `fn` hears
 * them room by room in the files' order; `said` is the comment behind the column, without "-- ". */
struct store_column {
    const char *table, *column, *said;
    enum store_class class;
};
SK_MUST int store_column_each(struct store *s, int (*fn)(void *ctx, const struct store_column *c),
                              void *ctx);

#endif
