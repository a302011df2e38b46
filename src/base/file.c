#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"

enum { READ_STEP = 16384 };

static int error_of(int posix_error)
{
    switch (posix_error) {
    case ENOENT:
        return -SK_ENOTFOUND;
    case EACCES:
    case EPERM:
        return -SK_EDENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return -SK_ESTORAGE;
    default:
        return -SK_EIO;
    }
}

static int fd_read_all(struct sk_buf *out, int fd)
{
    uint8_t step[READ_STEP];
    int err = 0;

    for (;;) {
        ssize_t n = read(fd, step, sizeof(step));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            err = -SK_EIO;
        if (n <= 0 || (err = sk_buf_add(out, step, (size_t)n)) != 0)
            break;
    }
    sk_wipe(step, sizeof(step));
    return err;
}

int sk_file_read(struct sk_buf *out, const char *path)
{
    if (strcmp(path, "-") == 0)
        return fd_read_all(out, STDIN_FILENO);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_of(errno);
    int err = fd_read_all(out, fd);
    close(fd);
    return err;
}

static int fd_write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_of(errno);
        data += n;
        len -= (size_t)n;
    }
    return fsync(fd) ? error_of(errno) : 0;
}

static int folder_sync(const char *path)
{
    char *copy = sk_strdup(path);
    char *slash = strrchr(copy, '/');
    const char *folder = ".";

    if (slash) {
        slash[slash == copy] = 0;
        folder = copy;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) ? error_of(errno) : 0;
    if (fd >= 0)
        close(fd);
    free(copy);
    return err;
}

int sk_file_write(const char *path, const void *data, size_t len, mode_t mode)
{
    char *temp = NULL;
    int err = 0;

    if (asprintf(&temp, "%s.%08x.tmp", path, sk_random_u32()) < 0)
        return -SK_ENOMEM;
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        err = error_of(errno);
        goto out;
    }
    err = fd_write_all(fd, data, len);
    if (close(fd) && !err)
        err = error_of(errno);
    if (!err && rename(temp, path))
        err = error_of(errno);
    if (err)
        unlink(temp);
    else
        err = folder_sync(path);
out:
    free(temp);
    return err;
}

int sk_dir_make(const char *path, mode_t mode)
{
    char *copy = sk_strdup(path);
    int err = 0;

    for (char *p = copy + 1; !err && *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(copy, 0755) && errno != EEXIST)
            err = error_of(errno);
        *p = '/';
    }
    if (!err && mkdir(copy, mode) && errno != EEXIST)
        err = error_of(errno);
    free(copy);
    return err;
}

char *sk_path_join(const char *dir, const char *name)
{
    char *path = NULL;
    int n = asprintf(&path, "%s/%s", dir, name);

    SK_ASSERT(n >= 0);
    return path;
}

int sk_secret_read(struct sk_buf *out, const char *path)
{
    struct stat st;

    if (strcmp(path, "-") != 0) {
        if (stat(path, &st))
            return error_of(errno);
        if (S_ISREG(st.st_mode) && (st.st_mode & 077))
            return -SK_EDENIED;
    }
    int err = sk_file_read(out, path);
    if (err)
        return err;
    uint8_t *end = out->data ? memchr(out->data, '\n', out->len) : NULL;
    if (end)
        out->len = (size_t)(end - out->data);
    while (out->len && (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\r'))
        out->len--;
    if (out->data)
        out->data[out->len] = 0;
    return out->len ? 0 : -SK_EINVAL;
}
