/* Folders of a box: what is in one, a copy, its end. */
#include "backup/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sys.h"

enum { COPY_BYTES = 65536 };

int folder_name_is_plain(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    size_t len = strlen(name);

    if (len == 0 || len > FOLDER_NAME_MAX || strspn(name, allowed) != len)
        return 0;
    for (const char *part = name;;) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return 0;
        if (!part[n])
            return 1;
        part += n + 1;
    }
}

static int name_ends(const char *name, const char *end)
{
    size_t n = strlen(name), e = strlen(end);

    return n >= e && strcmp(name + n - e, end) == 0;
}

static int name_is_left_out(const char *name, int depth)
{
    return name_ends(name, "-wal") || name_ends(name, "-shm") || name_ends(name, ".lock") ||
           (depth == 0 && (strcmp(name, "backups") == 0 || strcmp(name, "backups.work") == 0));
}

static int list_add(struct folder_list *l, const char *name)
{
    if (l->count == FOLDER_FILES_MAX)
        return -SK_ETOOBIG;
    if (!folder_name_is_plain(name))
        return -SK_EIO;
    l->names = sk_realloc(l->names, (l->count + 1) * sizeof(*l->names));
    l->names[l->count++] = sk_strdup(name);
    return 0;
}

static int walk(struct folder_list *l, const char *dir, const char *below, int depth)
{
    char *path = below[0] ? sk_path_join(dir, below) : sk_strdup(dir);
    DIR *d = depth > FOLDER_DEPTH_MAX ? NULL : opendir(path);
    int err = d ? 0 : -SK_EIO;

    for (struct dirent *e; !err && (e = readdir(d)) != NULL;) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            name_is_left_out(e->d_name, depth))
            continue;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
            err = errno == ENOENT ? 0 : -SK_EIO; /* a temporary file that is gone by now */
            continue;
        }
        char *name = below[0] ? sk_path_join(below, e->d_name) : sk_strdup(e->d_name);
        if (S_ISDIR(st.st_mode))
            err = walk(l, dir, name, depth + 1);
        else if (S_ISREG(st.st_mode))
            err = list_add(l, name);
        free(name);
    }
    if (d)
        closedir(d);
    free(path);
    return err;
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int folder_list(struct folder_list *out, const char *dir)
{
    *out = (struct folder_list){0};
    int err = walk(out, dir, "", 0);

    if (err)
        folder_list_free(out);
    else if (out->count)
        qsort(out->names, out->count, sizeof(*out->names), names_compare);
    return err;
}

void folder_list_free(struct folder_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->names[i]);
    free(l->names);
    *l = (struct folder_list){0};
}

int folder_make_above(const char *dir, const char *name)
{
    const char *slash = strrchr(name, '/');

    if (!slash)
        return 0;
    char *part = sk_strndup(name, (size_t)(slash - name));
    char *path = sk_path_join(dir, part);
    int err = sk_dir_make(path, 0700);
    free(path);
    free(part);
    return err;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ENOSPC || errno == EDQUOT ? -SK_ESTORAGE : -SK_EIO;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int bytes_copy(int from, int to, off_t left)
{
    char data[COPY_BYTES];
    int err = 0;

    while (!err && left > 0) {
        size_t want = left < COPY_BYTES ? (size_t)left : COPY_BYTES;
        ssize_t n = read(from, data, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            err = -SK_EIO; /* it became shorter meanwhile */
        else
            err = write_all(to, data, (size_t)n);
        left -= n > 0 ? n : 0;
    }
    sk_wipe(data, sizeof(data)); /* keys pass through here */
    return err;
}

int folder_file_copy(const char *from, const char *to)
{
    struct stat st;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int err = in < 0 || out < 0 || fstat(in, &st) ? -SK_EIO : 0;

    if (!err)
        err = bytes_copy(in, out, st.st_size);
    if (!err && fsync(out))
        err = -SK_ESTORAGE;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return err;
}

static int one_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int folder_remove(const char *dir)
{
    if (access(dir, F_OK) && errno == ENOENT)
        return 0;
    return nftw(dir, one_remove, 16, FTW_DEPTH | FTW_PHYS) ? -SK_EIO : 0;
}
