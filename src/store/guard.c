/* The store opens only what it may trust: a local file system, no second process, a file that is
 * ours and whole. What was in use is never replaced by something empty. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "store/internal.h"

static const char used_mark[] = "in use since its first start\n";

static const char *network_name(const struct statfs *fs)
{
    static const struct {
        uint32_t magic;
        const char *name;
    } known[] = {
        {0x6969, "NFS"},        {0xff534d42, "CIFS"},  {0xfe534d42, "SMB"},  {0x517b, "SMB"},
        {0x01021997, "9P"},     {0x5346414f, "AFS"},   {0x00c36400, "Ceph"}, {0x0bd00bd0, "Lustre"},
        {0x73757245, "Coda"},   {0x7461636f, "OCFS2"}, {0x01161970, "GFS2"}, {0x564c, "NCP"},
        {0x786f4256, "vboxsf"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if ((uint32_t)fs->f_type == known[i].magic)
            return known[i].name;
    return NULL;
}

/* Locks and shared memory of WAL do not hold over a network: silent damage. */
static int folder_check(const char *dir, struct sk_buf *why)
{
    struct statfs fs;

    if (sk_dir_make(dir, 0700) != 0 || statfs(dir, &fs) != 0) {
        why_set(why, "The folder %s cannot be made or read: %s.", dir, strerror(errno));
        return -SK_ESTORAGE;
    }
    if (network_name(&fs)) {
        why_set(why,
                "%s is on a network file system (%s), which does not keep a database safe; "
                "use a local disk.",
                dir, network_name(&fs));
        return -SK_EUNSUPPORTED;
    }
    if ((uint32_t)fs.f_type == 0x65735546) /* FUSE: local or remote, nobody can tell */
        log_warn("store", "fuse", "dir=%s text=\"must not be a network mount\"", dir);
    return 0;
}

static int lock_take(struct store *s, struct sk_buf *why)
{
    s->lock_fd = open(s->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0) {
        why_set(why, "%s cannot be opened: %s.", s->lock_path, strerror(errno));
        return -SK_ESTORAGE;
    }
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        why_set(why, "%s is in use by another process.", s->path);
        return -SK_EBUSY;
    }
    return 0;
}

static int64_t file_size(const char *path, const char *suffix)
{
    size_t len = strlen(path) + strlen(suffix) + 1;
    char *full = sk_alloc(len);
    struct stat st;

    snprintf(full, len, "%s%s", path, suffix);
    int64_t size = stat(full, &st) == 0 ? (int64_t)st.st_size : -1;
    free(full);
    return size;
}

static int folder_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) != 0 ? -SK_ESTORAGE : 0;

    if (fd >= 0)
        close(fd);
    return err;
}

/* Make the empty file with the right mode, or refuse one that has lost its content. */
static int file_prepare(struct store *s, const char *dir, struct sk_buf *why)
{
    char mark[sizeof(used_mark)] = "";
    int was_used = pread(s->lock_fd, mark, sizeof(mark) - 1, 0) == (ssize_t)sizeof(mark) - 1;
    int64_t size = file_size(s->path, ""), wal = file_size(s->path, "-wal");

    if (size > 0)
        return 0;
    if (wal > 0 && size < 0) {
        why_set(why,
                "%s is missing but its -wal file is there. Nothing was changed; put the file "
                "back or restore the last verified backup.",
                s->path);
        return -SK_EIO;
    }
    if (was_used && wal <= 0) {
        why_set(why,
                "%s is %s although it was in use. Nothing was changed; put it back or restore "
                "the last verified backup (to really start anew, remove %s).",
                s->path, size < 0 ? "missing" : "empty", s->lock_path);
        return -SK_EIO;
    }
    int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    if (fd < 0 || folder_sync(dir) != 0) {
        why_set(why, "%s cannot be made: %s.", s->path, strerror(errno));
        return -SK_ESTORAGE;
    }
    return 0;
}

int guard_open(struct store *s, const struct store_opts *opts, struct sk_buf *why)
{
    s->path = sk_path_join(opts->dir, opts->file);
    size_t len = strlen(s->path) + sizeof(".lock");
    s->lock_path = sk_alloc(len);
    snprintf(s->lock_path, len, "%s.lock", s->path);

    int err = folder_check(opts->dir, why);
    if (!err)
        err = lock_take(s, why);
    if (!err)
        err = file_prepare(s, opts->dir, why);
    return err;
}

static int content_check(struct conn *c, char *text, size_t cap)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(c->db, "PRAGMA quick_check(1)", -1, &stmt, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    snprintf(text, cap, "%s",
             rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : sqlite3_errmsg(c->db));
    sqlite3_finalize(stmt);
    if (rc == SQLITE_ROW)
        return strcmp(text, "ok") == 0 ? 0 : -SK_EIO;
    return conn_error(rc);
}

int guard_check(struct store *s, struct sk_buf *why)
{
    int64_t application = 0, format = 0, pages = 0, objects = 0;
    char text[256] = "";
    int err = conn_number(&s->writer, "PRAGMA application_id", &application);

    if (!err)
        err = conn_number(&s->writer, "PRAGMA user_version", &format);
    if (!err)
        err = conn_number(&s->writer, "PRAGMA page_count", &pages);
    if (!err && pages > 0)
        err = content_check(&s->writer, text, sizeof(text));
    if (!err)
        err = conn_number(&s->writer, "SELECT COUNT(*) FROM sqlite_master", &objects);
    if (err) {
        why_set(why,
                "%s is damaged or not a database (%s). Nothing was changed; restore the last "
                "verified backup.",
                s->path, text[0] ? text : sqlite3_errmsg(s->writer.db));
        return -SK_EIO;
    }
    /* A first start that was cut off leaves a file without name and without tables: go on. */
    if (application != STORE_APPLICATION && (application != 0 || objects > 0)) {
        why_set(why, "%s belongs to another program. Nothing was changed.", s->path);
        return -SK_EIO;
    }
    if (format > STORE_FORMAT) {
        why_set(why, "%s was written by a newer version (format %lld, this one knows %d).", s->path,
                (long long)format, STORE_FORMAT);
        return -SK_EVERSION;
    }
    return 0;
}

int guard_mark_used(struct store *s)
{
    ssize_t len = (ssize_t)sizeof(used_mark) - 1;

    if (pwrite(s->lock_fd, used_mark, (size_t)len, 0) != len || fsync(s->lock_fd) != 0)
        return -SK_ESTORAGE;
    return 0;
}

void guard_close(struct store *s)
{
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->lock_path);
    free(s->path);
}
