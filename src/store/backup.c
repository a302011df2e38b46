/* A complete copy of the database while it is being written: page groups are copied on the
 * writer's own connection, between commits, so no commit makes the copy start again. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/internal.h"

enum { BACKUP_STEP_PAGES = 256 };

struct backup_run {
    const char *path;
    sqlite3 *copy;
    sqlite3_backup *backup;
    int is_done;
};

static int backup_begin(struct store *s, void *ctx)
{
    struct backup_run *b = ctx;

    b->backup = sqlite3_backup_init(b->copy, "main", s->writer.db, "main");
    return b->backup ? 0 : conn_error(sqlite3_errcode(b->copy));
}

static int backup_step(struct store *s, void *ctx)
{
    struct backup_run *b = ctx;
    int rc = sqlite3_backup_step(b->backup, BACKUP_STEP_PAGES);

    (void)s;
    b->is_done = rc == SQLITE_DONE;
    return conn_error(rc);
}

static int backup_end(struct store *s, void *ctx)
{
    struct backup_run *b = ctx;

    (void)s;
    return conn_error(sqlite3_backup_finish(b->backup));
}

/* One file without companions, checked as a whole. */
static int copy_check(sqlite3 *copy)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_exec(copy, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(copy, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    int is_ok = rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    return is_ok ? 0 : rc == SQLITE_ROW ? -SK_EIO : conn_error(rc);
}

static int copy_run(struct store *s, struct backup_run *b)
{
    int rc = sqlite3_open_v2(b->path, &b->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    int err = conn_error(rc);

    if (!err)
        err = writer_call(s, backup_begin, b);
    while (!err && !b->is_done)
        err = writer_call(s, backup_step, b);
    if (b->backup) {
        int end = writer_call(s, backup_end, b);
        err = err ? err : end;
    }
    if (!err)
        err = copy_check(b->copy);
    sqlite3_close(b->copy);
    return err;
}

int store_backup(struct store *s, const char *path)
{
    struct backup_run b = {.path = path};
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? -SK_ECONFLICT : -SK_ESTORAGE;
    int err = copy_run(s, &b);
    if (!err && fsync(fd) != 0)
        err = -SK_ESTORAGE;
    close(fd);
    if (err) {
        log_warn("store", "backup", "error=%s", sk_error_slug(err));
        unlink(path);
    }
    return err;
}
