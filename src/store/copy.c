/* Copies of a database file beside the process that writes it, and the proof that one is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "store/copy.h"
#include "store/internal.h"

enum { COUNT_SQL_MAX = 256 };

static int open_plain(sqlite3 **db, const char *path, int flags)
{
    int rc = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_busy_timeout(*db, STORE_BUSY_MS);
    }
    return rc;
}

static int rows_count(sqlite3 *db, const char *table, int64_t *out)
{
    char sql[COUNT_SQL_MAX];
    sqlite3_stmt *stmt = NULL;

    sqlite3_snprintf(sizeof(sql), sql, "SELECT COUNT(*) FROM \"%w\"", table);
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int tables_count(sqlite3 *db, struct store_counts *out)
{
    static const char names[] = "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, names, -1, &stmt, NULL);
    int err = conn_error(rc);

    memset(out, 0, sizeof(*out));
    while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        if (!name || out->count == STORE_COPY_TABLES_MAX)
            err = -SK_ETOOBIG;
        if (!err)
            err = sk_copy(out->tables[out->count].table, STORE_COPY_NAME_MAX, name);
        if (!err)
            err = conn_error(rows_count(db, name, &out->tables[out->count].rows));
        out->count += !err;
    }
    sqlite3_finalize(stmt);
    return err ? err : conn_error(rc);
}

/* The read transaction of `from` holds one moment for both the counts and the pages. */
static int copy_pages(sqlite3 *from, sqlite3 *to, struct store_counts *out)
{
    int err = conn_error(sqlite3_exec(from, "BEGIN", NULL, NULL, NULL));
    sqlite3_backup *run = NULL;

    if (!err)
        err = tables_count(from, out);
    if (!err && !(run = sqlite3_backup_init(to, "main", from, "main")))
        err = conn_error(sqlite3_errcode(to));
    if (run) {
        int rc = sqlite3_backup_step(run, -1);
        err = rc == SQLITE_DONE ? 0 : conn_error(rc);
        rc = sqlite3_backup_finish(run);
        err = err ? err : conn_error(rc);
    }
    sqlite3_exec(from, "COMMIT", NULL, NULL, NULL);
    if (!err) /* one file without companions */
        err = conn_error(sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL));
    return err;
}

int store_copy(const char *from, const char *to, struct store_counts *out, struct sk_buf *why)
{
    sqlite3 *source = NULL, *copy = NULL;

    if (access(from, R_OK)) {
        why_set(why, "%s cannot be read: %s.", from, strerror(errno));
        return errno == ENOENT ? -SK_ENOTFOUND : -SK_EDENIED;
    }
    int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        why_set(why, "%s cannot be made: %s.", to, strerror(errno));
        return errno == EEXIST ? -SK_ECONFLICT : -SK_ESTORAGE;
    }
    int err = conn_error(open_plain(&source, from, SQLITE_OPEN_READONLY));
    if (!err)
        err = conn_error(open_plain(&copy, to, SQLITE_OPEN_READWRITE));
    if (!err)
        err = copy_pages(source, copy, out);
    sqlite3_close(copy);
    sqlite3_close(source);
    if (!err && fsync(fd))
        err = -SK_ESTORAGE;
    close(fd);
    if (err) {
        why_set(why, "%s could not be copied: %s.", from, sk_error_text(err));
        unlink(to);
    }
    return err;
}

/* No row at all (foreign_key_check) or the one row "ok" (integrity_check) is good. */
static int pragma_is_good(sqlite3 *db, const char *sql, struct sk_buf *why)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    const char *said = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    int good = rc == SQLITE_DONE || (said && strcmp(said, "ok") == 0);
    if (!good)
        why_set(why, "The database is damaged: %s: %s.", strrchr(sql, ' ') + 1,
                said ? said : sqlite3_errstr(rc));
    sqlite3_finalize(stmt);
    return good ? 0 : -SK_EIO;
}

int store_inspect(const char *path, struct store_counts *out, struct sk_buf *why)
{
    sqlite3 *db = NULL;
    int rc = open_plain(&db, path, SQLITE_OPEN_READONLY);
    int err = conn_error(rc);

    if (err)
        why_set(why, "%s cannot be opened: %s.", path, sqlite3_errstr(rc));
    if (!err)
        err = pragma_is_good(db, "PRAGMA integrity_check(1)", why);
    if (!err)
        err = pragma_is_good(db, "PRAGMA foreign_key_check", why);
    if (!err && (err = tables_count(db, out)) != 0)
        why_set(why, "The tables of %s cannot be counted: %s.", path, sk_error_text(err));
    sqlite3_close(db);
    return err;
}
