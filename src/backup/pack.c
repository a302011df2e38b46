/* The files of a box as one stream, and back. */
#include "backup/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/folder.h"
#include "base/file.h"
#include "base/sys.h"

enum { PIECE_BYTES = 65536 };

static const char manifest_name[] = "manifest.json";

static int entry_head(struct sealed_writer *w, const char *name, uint64_t size)
{
    uint8_t head[10];

    sk_put_u16(head, (uint16_t)strlen(name));
    sk_put_u64(head + 2, size);
    int err = sealed_add(w, head, sizeof(head));
    return err ? err : sealed_add(w, name, strlen(name));
}

static int content_add(struct sealed_writer *w, int fd, off_t left)
{
    uint8_t data[PIECE_BYTES];
    int err = 0;

    while (!err && left > 0) {
        ssize_t n = read(fd, data, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            err = -SK_EIO;
        else
            err = sealed_add(w, data, (size_t)n);
        left -= n > 0 ? n : 0;
    }
    sk_wipe(data, sizeof(data));
    return err;
}

static int file_add(struct sealed_writer *w, const char *dir, const char *name)
{
    char *path = sk_path_join(dir, name);
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int err = fd < 0 || fstat(fd, &st) ? -SK_EIO : 0;

    if (!err)
        err = entry_head(w, name, (uint64_t)st.st_size);
    if (!err)
        err = content_add(w, fd, st.st_size);
    if (fd >= 0)
        close(fd);
    free(path);
    return err;
}

int pack_write(struct sealed_writer *w, const char *dir, const char *manifest, size_t len)
{
    static const uint8_t end[2] = {0};
    struct folder_list files;
    int err = folder_list(&files, dir);

    if (!err)
        err = entry_head(w, manifest_name, len);
    if (!err)
        err = sealed_add(w, manifest, len);
    for (size_t i = 0; !err && i < files.count; i++)
        err = file_add(w, dir, files.names[i]);
    folder_list_free(&files);
    return err ? err : sealed_add(w, end, sizeof(end));
}

static int say(struct sk_buf *why, int err, const char *text)
{
    return why && sk_buf_add_str(why, text) ? -SK_EINTERNAL : err;
}

/* The name of the next entry: 1, or 0 at the end. */
static int entry_next(struct sealed_reader *r, char name[FOLDER_NAME_MAX + 1], uint64_t *size,
                      struct sk_buf *why)
{
    uint8_t head[10];
    int err = sealed_read(r, head, 2, why);
    size_t len = err ? 0 : sk_get_u16(head);

    if (err || len == 0)
        return err;
    if (len > FOLDER_NAME_MAX)
        return say(why, -SK_EIO, "A name in the backup is too long.");
    if ((err = sealed_read(r, head + 2, 8, why)) != 0 ||
        (err = sealed_read(r, name, len, why)) != 0)
        return err;
    name[len] = '\0';
    *size = sk_get_u64(head + 2);
    if (strlen(name) != len || !folder_name_is_plain(name))
        return say(why, -SK_EIO, "A name in the backup leads out of its folder.");
    return 1;
}

static int content_take(struct sealed_reader *r, int fd, uint64_t left, struct sk_buf *why)
{
    uint8_t data[PIECE_BYTES];
    int err = 0;

    while (!err && left > 0) {
        size_t n = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES, at = 0;
        err = sealed_read(r, data, n, why);
        while (!err && at < n) {
            ssize_t put = write(fd, data + at, n - at);
            if (put < 0 && errno != EINTR)
                err = say(why, errno == ENOSPC ? -SK_ESTORAGE : -SK_EIO,
                          "A file cannot be written: is there space?");
            at += put > 0 ? (size_t)put : 0;
        }
        left -= n;
    }
    sk_wipe(data, sizeof(data));
    return err;
}

static int file_take(struct sealed_reader *r, const char *dir, const char *name, uint64_t size,
                     struct sk_buf *why)
{
    char *path = sk_path_join(dir, name);
    int err = folder_make_above(dir, name);
    int fd = err ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        err = say(why, -SK_ESTORAGE, "A file cannot be made in the folder.");
    else
        err = content_take(r, fd, size, why);
    if (!err && fsync(fd))
        err = say(why, -SK_ESTORAGE, "A file cannot be written: is there space?");
    if (fd >= 0)
        close(fd);
    free(path);
    return err;
}

static int manifest_take(struct sealed_reader *r, struct sk_buf *out, struct sk_buf *why)
{
    char name[FOLDER_NAME_MAX + 1];
    uint64_t size = 0;
    int more = entry_next(r, name, &size, why);

    if (more < 0)
        return more;
    if (!more || strcmp(name, manifest_name) != 0 || size > PACK_MANIFEST_MAX)
        return say(why, -SK_EIO, "The backup has no manifest.");
    uint8_t *data = sk_alloc((size_t)size + 1);
    int err = sealed_read(r, data, (size_t)size, why);
    if (!err)
        err = sk_buf_add(out, data, (size_t)size);
    free(data);
    return err;
}

int pack_read(struct sealed_reader *r, const char *dir, struct sk_buf *manifest, struct sk_buf *why)
{
    char name[FOLDER_NAME_MAX + 1];
    uint64_t size;
    int err = manifest_take(r, manifest, why);
    int more = err ? err : entry_next(r, name, &size, why);

    for (size_t n = 0; more == 1; n++) {
        err = n == FOLDER_FILES_MAX ? say(why, -SK_ETOOBIG, "There are too many files in it.")
                                    : file_take(r, dir, name, size, why);
        more = err ? err : entry_next(r, name, &size, why);
    }
    return more < 0 ? more : sealed_read_end(r, why);
}
