/* Private to the store: connections, prepared statements, the write queue. */
#ifndef SK_STORE_INTERNAL_H
#define SK_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#define SQLITE_ENABLE_PREUPDATE_HOOK /* declares it; Debian's library has it */
#include <sqlite3.h>

#include "base/map.h"
#include "store/store.h"
#include "store/watch.h"

enum {
    STORE_FORMAT = 1,               /* PRAGMA user_version: the store's own layout */
    STORE_APPLICATION = 0x534b4550, /* PRAGMA application_id: "SKEP" */
    STORE_VALUE_MAX = 16 << 20,
    STORE_SQL_MAX = 1 << 20,
    STORE_BUSY_MS = 5000,
    STORE_WAL_ALARM_PAGES = 16384, /* 64 MiB: a reader holds the WAL */
    STORE_CHECKPOINT_PAGES = 1000,
    STORE_GROUP_MAX = 256,  /* functions in one commit */
    STORE_GROUP_MS = 5,     /* a group stops growing after this long */
    STORE_QUEUE_MAX = 4096, /* waiting asynchronous writes */
    STORE_IDLE_MS = 500,    /* after this long without work the WAL is cut to zero */
    STORE_READERS_MAX = 16,
    STORE_STATEMENTS_MAX = 1024,
    STORE_NAME_MAX = 80,
    STORE_TABLES_MAX = 128, /* bytes of a statement's list of tables with personal data */
    STORE_TOUCHES_MAX = 32, /* statements with personal data that one function may run */
};

/* ---- catalog.c: classes of the columns ---- */

struct catalog_column {
    char table[STORE_NAME_MAX], column[STORE_NAME_MAX];
    char *said; /* owned */
    enum store_class class;
};

struct catalog {
    struct catalog_column *columns;
    size_t count, room;
};

/* Add what a schema's migrations say. */
void catalog_add(struct catalog *c, const struct store_schema *schema);
void catalog_free(struct catalog *c);
/* The class of a column; of all of a table's when `column` is NULL. Unknown: personal. */
enum store_class catalog_class(const struct catalog *c, const char *table, const char *column);

/* ---- conn.c ---- */

enum conn_role { CONN_WRITER, CONN_READER };

/* Statements that move transactions, prepared once per connection. */
enum conn_control {
    CONTROL_BEGIN_READ,
    CONTROL_BEGIN_WRITE,
    CONTROL_SAVEPOINT,
    CONTROL_UNDO,
    CONTROL_RELEASE,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_COUNT
};

struct conn {
    sqlite3 *db;
    sqlite3_stmt *control[CONTROL_COUNT];
    enum conn_role role;
    struct sk_map *statements;     /* name -> struct statement, owned */
    const struct catalog *catalog; /* NULL: what is prepared now touches nothing that is told */
    struct statement *preparing;   /* the authorizer fills its class and tables */
    int is_locked;
    struct sk_map *by_handle; /* sqlite3_stmt * -> struct statement, borrowed */
    /* The two witnesses: told_* is counted by statement.c, seen_* by SQLite's hooks. Written by
     * the thread that has the connection, read by store_witness_get. */
    _Atomic uint64_t told_runs, told_rows, told_changes;
    _Atomic uint64_t seen_runs, seen_rows, seen_changes, nameless;
    uint64_t gap_runs, gap_rows, gap_changes; /* differences that were told already */
};

/* The store's error code for a result of SQLite; 0 for OK, ROW and DONE. */
int conn_error(int sqlite_code);

/* Open an existing file and harden the connection; changes nothing in the file. */
SK_MUST int conn_open(struct conn *c, const char *path, enum conn_role role, struct sk_buf *why);
/* On the writer: WAL, durability, secure delete. The file must have been checked before. */
SK_MUST int conn_settle(struct conn *c, enum store_durability durability, struct sk_buf *why);
/* From here on no statement may attach files or change settings. */
void conn_lock_down(struct conn *c);
void conn_close(struct conn *c);

SK_MUST int conn_control(struct conn *c, enum conn_control which);

/* Run SQL text of our own that returns no row. */
SK_MUST int conn_run(struct conn *c, const char *sql);
/* First column of the first row as a number. */
SK_MUST int conn_number(struct conn *c, const char *sql, int64_t *out);

/* Add a sentence for the operator; `why` may be NULL. */
void why_set(struct sk_buf *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- statement.c ---- */

enum statement_kind { STATEMENT_EXEC, STATEMENT_ONE, STATEMENT_MANY };

struct statement {
    char name[STORE_NAME_MAX];
    enum statement_kind kind;
    sqlite3_stmt *stmt;
    int running;
    enum store_class class;                            /* the highest it reads or writes */
    int is_write;                                      /* it writes a table with personal data */
    char tables[STORE_TABLES_MAX];                     /* those with personal data */
    uint64_t changes_before, told_before, seen_before; /* counters when it began */
    int is_seen; /* the second witness: between its first step and its end */
    _Atomic uint64_t told_runs, seen_runs, told_rows, seen_rows;
};

/* One statement's text in a queries file. */
struct query_text {
    char name[STORE_NAME_MAX];
    enum statement_kind kind;
    const char *sql;
    size_t len;
};

/* Take the next statement out of [*pos, end): 1 found, 0 no more, -SK_EINVAL a malformed head
 * (`why` names the line). */
SK_MUST int query_next(const char **pos, const char *end, struct query_text *out,
                       struct sk_buf *why);

/* Prepare all of a queries file on `c`. On a reader those that write are left out. */
SK_MUST int statements_prepare(struct conn *c, const struct store_file *file, struct sk_buf *why);
void statements_free(struct conn *c);

/* ---- migrate.c ---- */

SK_MUST int migrate_run(struct conn *c, const struct store_schema *schemas, size_t count,
                        struct sk_buf *why);

/* ---- store.c, writer.c ---- */

struct touch {
    const struct statement *st;
    uint64_t runs, rows;
};

struct store_tx {
    struct store *store;
    struct conn *conn;
    int error; /* of the first statement that failed; dooms the call */
    int64_t rows_changed;
    size_t touch_count;
    int is_untold; /* the watcher's own statements */
    struct touch touches[STORE_TOUCHES_MAX];
};

/* ---- witness.c ---- */

/* Let the hooks see what runs on `c`; before anything is prepared on it. */
void witness_hook(struct conn *c);
/* A named statement ended: count it, and keep it when it touches personal data. */
void witness_tell(struct store_tx *tx, struct statement *st, uint64_t rows, uint64_t changes);
/* A function ended well (`err` 0) or badly; on the writer before its savepoint is released. Tells
 * the watcher; its code, which undoes the function. */
SK_MUST int witness_function(struct store_tx *tx, const struct store_actor *who, int err);
/* Hold the two witnesses against each other; raise the alarm at most once for each difference. */
void witness_compare(struct store *s, struct conn *c);
const struct store_actor *witness_actor(void);
/* A copy in one piece of memory; free() it. */
struct store_actor *witness_keep(const struct store_actor *who);

struct store_row {
    sqlite3_stmt *stmt;
};

struct write_item {
    struct write_item *next;
    store_fn fn;
    int (*special)(struct store *s, void *ctx); /* instead of fn: runs alone, between groups */
    store_done_fn done;                         /* NULL: a thread waits on `answered` */
    void *ctx;
    const struct store_actor *who; /* NULL: the box */
    struct store_actor *kept;      /* a copy of it, when nobody waits */
    int result, is_answered;
    pthread_cond_t answered;
    int64_t queued_us;
};

struct store {
    char *path, *lock_path;
    int lock_fd;
    struct conn writer;
    struct catalog catalog;
    struct store_watch watch; /* set while nobody uses the store */

    pthread_mutex_t queue_lock; /* queue_*, is_closing, item answers */
    pthread_cond_t queue_filled;
    struct write_item *queue_head, **queue_tail;
    size_t queue_count, queue_async;
    int is_closing, is_started;
    pthread_t thread;

    pthread_mutex_t pool_lock; /* readers_free */
    pthread_cond_t pool_freed;
    struct conn readers[STORE_READERS_MAX];
    struct conn *readers_free[STORE_READERS_MAX];
    size_t reader_count, readers_free_count;

    pthread_mutex_t stats_lock;
    struct store_stats stats;
    atomic_int wal_pages;
    atomic_ullong reads;
    int wal_seen_pages, wal_next_pages, is_failing; /* writer thread only */
};

/* guard.c: what must hold before SQLite touches the files; fills path, lock_path and lock_fd. */
SK_MUST int guard_open(struct store *s, const struct store_opts *opts, struct sk_buf *why);
/* The content of an opened file: ours, of a known format, undamaged. */
SK_MUST int guard_check(struct store *s, struct sk_buf *why);
/* From now on an empty file is damage. */
SK_MUST int guard_mark_used(struct store *s);
void guard_close(struct store *s);

SK_MUST int readers_open(struct store *s, const struct store_opts *opts,
                         const struct store_schema *schemas, size_t count, struct sk_buf *why);
void readers_close(struct store *s);

SK_MUST int writer_start(struct store *s);
void writer_stop(struct store *s);

/* Run `special` on the writer thread between two groups and wait. */
SK_MUST int writer_call(struct store *s, int (*special)(struct store *s, void *ctx), void *ctx);

/* 1 while this thread runs a store_fn. */
int tx_is_running_here(void);

/* Run `fn` over `tx`; its code, or that of a failed statement which it passed over. */
SK_MUST int tx_call(struct store_tx *tx, store_fn fn, void *ctx);

int64_t store_now_us(void);

#endif
