/* One connection to SQLite: how it is opened, hardened and read in plain numbers. The settings
 * here are the store's promises (durability, secure delete, no surprises from the schema). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "store/internal.h"

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

/* Damage must be heard even where a caller only sees "-SK_EIO". The text holds no bound values. */
static void library_log(void *ctx, int code, const char *text)
{
    (void)ctx;
    if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
        log_error("store", "damage", "code=%d text=\"%s\"", code, text);
}

static void library_init(void)
{
    sqlite3_config(SQLITE_CONFIG_LOG, library_log, NULL);
    sqlite3_initialize();
}

void why_set(struct sk_buf *why, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    if (!why || why->len > 0) /* the innermost reason is the most exact */
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (sk_buf_add_str(why, text) != 0)
        sk_buf_reset(why);
}

int conn_error(int sqlite_code)
{
    switch (sqlite_code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_CONSTRAINT:
        return -SK_ECONFLICT;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return -SK_ESTORAGE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -SK_EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -SK_EIO;
    case SQLITE_TOOBIG:
        return -SK_ETOOBIG;
    case SQLITE_NOMEM:
        return -SK_ENOMEM;
    default:
        return -SK_EINTERNAL;
    }
}

int conn_run(struct conn *c, const char *sql)
{
    return conn_error(sqlite3_exec(c->db, sql, NULL, NULL, NULL));
}

int conn_control(struct conn *c, enum conn_control which)
{
    static const char *const texts[CONTROL_COUNT] = {
        [CONTROL_BEGIN_READ] = "BEGIN",       [CONTROL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
        [CONTROL_SAVEPOINT] = "SAVEPOINT fn", [CONTROL_UNDO] = "ROLLBACK TO fn",
        [CONTROL_RELEASE] = "RELEASE fn",     [CONTROL_COMMIT] = "COMMIT",
        [CONTROL_ROLLBACK] = "ROLLBACK",
    };
    sqlite3_stmt **stmt = &c->control[which];
    int rc = SQLITE_OK;

    if (!*stmt)
        rc = sqlite3_prepare_v3(c->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(*stmt);
        sqlite3_reset(*stmt);
    }
    return conn_error(rc);
}

int conn_number(struct conn *c, const char *sql, int64_t *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        *out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    }
    sqlite3_finalize(stmt);
    return conn_error(rc);
}

/* Called for everything that is prepared from now on: no reader may write, nothing may attach
 * files or change settings. The four pragmas describe tables; the schema dump reads them. */
void conn_lock_down(struct conn *c)
{
    c->is_locked = 1;
    c->seen_changes = c->told_changes; /* what migrations changed has no name */
}

static void conn_harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "x" is never a string */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    /* A store that was refused stays byte for byte as it was found. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, STORE_VALUE_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, STORE_SQL_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 64);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
    sqlite3_busy_timeout(db, STORE_BUSY_MS);
}

int conn_open(struct conn *c, const char *path, enum conn_role role, struct sk_buf *why)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
                (role == CONN_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);

    pthread_once(&library_once, library_init);
    *c = (struct conn){
        .role = role, .statements = sk_map_new(0), .by_handle = sk_map_new(sizeof(sqlite3_stmt *))};
    int rc = sqlite3_open_v2(path, &c->db, flags, NULL);
    if (rc == SQLITE_OK) {
        conn_harden(c->db);
        witness_hook(c);
        rc = sqlite3_exec(
            c->db, "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;", NULL,
            NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        why_set(why, "%s cannot be opened: %s.", path, sqlite3_errstr(rc));
        conn_close(c);
    }
    return conn_error(rc);
}

/* The settings that write to a new file, so only after the file was found to be ours. */
int conn_settle(struct conn *c, enum store_durability durability, struct sk_buf *why)
{
    static const char settings[] = "PRAGMA secure_delete=ON; PRAGMA journal_size_limit=4194304;"
                                   "PRAGMA foreign_keys=ON;";
    sqlite3_stmt *stmt = NULL;
    int64_t pages = 0;
    int is_wal = 0;
    int err = conn_number(c, "PRAGMA page_count", &pages);

    if (!err && pages == 0) /* on an old file it would write, even with nothing to change */
        err = conn_run(c, "PRAGMA auto_vacuum=INCREMENTAL");
    if (!err)
        err = conn_error(sqlite3_prepare_v2(c->db, "PRAGMA journal_mode=WAL", -1, &stmt, NULL));
    if (!err) {
        err = conn_error(sqlite3_step(stmt));
        const char *mode = err ? NULL : (const char *)sqlite3_column_text(stmt, 0);
        is_wal = mode && strcmp(mode, "wal") == 0;
    }
    sqlite3_finalize(stmt);
    if (!err && !is_wal)
        err = -SK_EUNSUPPORTED;
    if (!err)
        err = conn_run(c, settings);
    if (!err)
        err = conn_run(c, durability == STORE_FULL ? "PRAGMA synchronous=FULL"
                                                   : "PRAGMA synchronous=NORMAL");
    if (err)
        why_set(why, "The database cannot be set up: %s (%s).", sk_error_text(err),
                sqlite3_errmsg(c->db));
    return err;
}

void conn_close(struct conn *c)
{
    statements_free(c);
    for (int i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(c->control[i]);
    sk_map_free(c->statements);
    sk_map_free(c->by_handle);
    c->statements = c->by_handle = NULL;
    SK_ASSERT(sqlite3_close(c->db) == SQLITE_OK);
    c->db = NULL;
}
