/* Making a backup. Each step stands on the one before; the record is the last of them, so whatever
 * ends this program between two steps leaves a file that is shown as unverified, or none. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "backup/folder.h"
#include "backup/internal.h"
#include "backup/pack.h"
#include "base/file.h"
#include "base/sys.h"
#include "crypto/wipe.h"
#include "store/copy.h"

struct making {
    const struct backup_house *h;
    struct backup_done *done;
    struct sk_buf *why;
    int64_t made_ms;
    int lock_fd;
    char *work, *copy, *back, *sealed, *part; /* paths */
    struct store_counts *counts;
    struct sk_buf manifest;
    uint8_t public_key[65], key[32], sha256[32];
};

static void step(const struct making *m, int err, const char *what)
{
    if (!err && m->h->progress)
        m->h->progress(what);
}

/* One at a time; what an interrupted one left is cleared away. */
static int work_begin(struct making *m)
{
    char *lock = sk_path_join(m->h->data_dir, "backups.lock");
    int err = 0;

    m->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(lock);
    if (m->lock_fd < 0)
        return backup_say(m->why, -SK_EIO, "%s: %s.", m->h->data_dir, strerror(errno));
    if (flock(m->lock_fd, LOCK_EX | LOCK_NB))
        return backup_say(m->why, -SK_EBUSY, "Another backup is being made.");
    err = folder_remove(m->work);
    if (!err)
        err = sk_dir_make(m->copy, 0700);
    if (!err)
        err = sk_dir_make(m->back, 0700);
    return err ? backup_say(m->why, err, "%s cannot be made.", m->work) : 0;
}

/* Files first, the database after them: a signed head of the log must not know more rows than the
 * copied database has. */
/* Other databases of the box (metrics.db) are in use as core.db is. */
static int is_database(const char *name)
{
    size_t len = strlen(name);

    return len > 3 && strcmp(name + len - 3, ".db") == 0;
}

static int copy_take(struct making *m)
{
    struct folder_list files;
    struct store_counts others;
    char *from = sk_path_join(m->h->data_dir, "core.db"), *to = sk_path_join(m->copy, "core.db");
    int err = folder_list(&files, m->h->data_dir);

    for (size_t i = 0; !err && i < files.count; i++) {
        if (strcmp(files.names[i], "core.db") == 0)
            continue;
        char *src = sk_path_join(m->h->data_dir, files.names[i]);
        char *dst = sk_path_join(m->copy, files.names[i]);
        err = folder_make_above(m->copy, files.names[i]);
        if (!err)
            err = is_database(files.names[i]) ? store_copy(src, dst, &others, m->why)
                                              : folder_file_copy(src, dst);
        free(dst);
        free(src);
    }
    folder_list_free(&files);
    if (!err)
        err = store_copy(from, to, m->counts, m->why);
    free(from);
    free(to);
    return err ? backup_say(m->why, err, "The box cannot be copied: %s.", sk_error_text(err)) : 0;
}

static int sealed_write(struct making *m, int fd)
{
    struct sealed_head head = {.kind = SEAL_FULL, .made_ms = (uint64_t)m->made_ms};
    struct sealed_writer *w = NULL;
    int err = sealed_begin(&w, fd, m->public_key, &head);

    if (!err)
        err = pack_write(w, m->copy, (const char *)m->manifest.data, m->manifest.len);
    if (!err)
        err = sealed_end(w, m->sha256, m->key);
    if (!err && fsync(fd))
        err = -SK_ESTORAGE;
    sealed_writer_free(&w);
    return err;
}

static int place_sync(const char *place)
{
    int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) ? -SK_EIO : 0;

    if (fd >= 0)
        close(fd);
    return err;
}

/* Under its own name only when it is complete and on the disk. */
static int send_away(struct making *m)
{
    int fd = open(m->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int err = fd < 0 ? -SK_EIO : sealed_write(m, fd);

    if (fd >= 0)
        close(fd);
    if (!err && rename(m->part, m->sealed))
        err = -SK_EIO;
    if (err)
        unlink(m->part);
    if (!err)
        err = place_sync(m->h->place);
    return err ? backup_say(m->why, err, "%s cannot be written: %s.", m->sealed, sk_error_text(err))
               : 0;
}

/* What the place gives back must be the bytes that were sent, and open to the same box. */
static int fetch_back(struct making *m)
{
    struct sealed_reader *r = NULL;
    struct sealed_head head;
    struct sk_buf manifest;
    uint8_t got[32];
    int fd = -1;
    int err = file_hash(m->sealed, got, &m->done->bytes);

    sk_buf_init(&manifest, PACK_MANIFEST_MAX);
    if (!err && memcmp(got, m->sha256, 32) != 0)
        err = backup_say(m->why, -SK_EIO, "The place gives back other bytes than it was given.");
    if (!err && (fd = open(m->sealed, O_RDONLY | O_CLOEXEC)) < 0)
        err = -SK_EIO;
    if (!err)
        err = sealed_open_with(&r, fd, m->key, &head, m->why);
    if (!err)
        err = pack_read(r, m->back, &manifest, m->why);
    if (!err)
        err = copy_check(m->h, m->back, &manifest, m->why);
    sealed_reader_free(&r);
    if (fd >= 0)
        close(fd);
    sk_buf_fini(&manifest);
    return err ? backup_say(m->why, err, "What the place gives back is not the box.") : 0;
}

static int steps_run(struct making *m)
{
    struct backup_row row = {.state = BACKUP_VERIFIED, .made_ms = m->made_ms};
    size_t cameras = 0;
    int err = work_begin(m);

    step(m, err, "copy");
    if (!err)
        err = copy_take(m);
    step(m, err, "check");
    if (!err)
        err = copy_make(m->h, m->copy, m->counts, m->made_ms, &m->manifest, m->done, m->why);
    step(m, err, "seal and send");
    if (!err)
        err = send_away(m);
    step(m, err, "fetch back and compare");
    if (!err)
        err = fetch_back(m);
    step(m, err, "start a second box on it and log in");
    if (!err)
        err = trial_run(m->h, m->back, &cameras, m->why);
    step(m, err, "record");
    memcpy(row.name, m->done->name, sizeof(row.name));
    row.bytes = m->done->bytes;
    row.verified_ms = sk_clock_wall_ms();
    if (!err && (err = record_write(m->h, &row, m->sha256)) != 0)
        err = backup_say(m->why, err, "It cannot be recorded: %s.", sk_error_text(err));
    return err;
}

static void name_make(char out[BACKUP_NAME_SIZE], int64_t made_ms)
{
    time_t s = (time_t)(made_ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    size_t n = strftime(out, BACKUP_NAME_SIZE, "%Y%m%dT%H%M%S", &tm);
    snprintf(out + n, BACKUP_NAME_SIZE - n, ".%03dZ", (int)(made_ms % 1000));
}

static void making_begin(struct making *m)
{
    m->made_ms = sk_clock_wall_ms();
    *m->done = (struct backup_done){0};
    name_make(m->done->name, m->made_ms);
    m->work = sk_path_join(m->h->data_dir, "backups.work");
    m->copy = sk_path_join(m->work, "copy");
    m->back = sk_path_join(m->work, "back");
    SK_ASSERT(asprintf(&m->sealed, "%s/%s.skb", m->h->place, m->done->name) > 0);
    SK_ASSERT(asprintf(&m->part, "%s.part", m->sealed) > 0);
    m->counts = sk_alloc(sizeof(*m->counts));
    sk_buf_init(&m->manifest, PACK_MANIFEST_MAX);
}

int backup_make(const struct backup_house *h, struct backup_done *out, struct sk_buf *why)
{
    struct making m = {.h = h, .done = out, .why = why, .lock_fd = -1};
    int64_t begun = sk_clock_mono_ms();

    making_begin(&m);
    int err = key_public_read(m.public_key, h->public_key, why);
    if (!err)
        err = steps_run(&m);
    if (m.lock_fd >= 0 && err != -SK_EBUSY && folder_remove(m.work) && !err)
        err = backup_say(why, -SK_EIO, "%s cannot be removed.", m.work);
    if (m.lock_fd >= 0)
        close(m.lock_fd);
    out->took_ms = sk_clock_mono_ms() - begun;
    sk_buf_fini(&m.manifest);
    free(m.counts);
    free(m.part);
    free(m.sealed);
    free(m.back);
    free(m.copy);
    free(m.work);
    crypto_wipe(&m, sizeof(m));
    return err;
}
