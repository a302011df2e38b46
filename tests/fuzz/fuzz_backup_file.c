/* A backup as it comes back from the second place. Raw bytes first: nothing that was not sealed may
 * be read. Then the same bytes sealed as the content, so that the reader of the files within meets
 * them: no name may lead out of the folder. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/pack.h"
#include "backup/sealed.h"
#include "crypto/p256.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int memory_file(const void *data, size_t len)
{
    int fd = memfd_create("backup", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
        __builtin_trap();
    return fd;
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* How many entries a folder has, and whether `name` is one. */
static size_t folder_count(const char *path, const char *name, int *is_there)
{
    DIR *d = opendir(path);
    size_t count = 0;

    *is_there = 0;
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        count++;
        *is_there |= strcmp(e->d_name, name) == 0;
    }
    if (d)
        closedir(d);
    return count;
}

/* The files within, read below <base>/in: nothing else may appear in <base>. */
static void files_read(struct sealed_reader *r)
{
    char base[] = "/tmp/skep-fuzz-backup-XXXXXX", in[64];
    struct sk_buf manifest, why;
    int is_there;

    if (!mkdtemp(base))
        __builtin_trap();
    snprintf(in, sizeof(in), "%s/in", base);
    if (mkdir(in, 0700))
        __builtin_trap();
    sk_buf_init(&manifest, PACK_MANIFEST_MAX);
    sk_buf_init(&why, 1024);
    (void)!pack_read(r, in, &manifest, &why);
    if (folder_count(base, "in", &is_there) != 1 || !is_there)
        __builtin_trap();
    sk_buf_fini(&manifest);
    sk_buf_fini(&why);
    nftw(base, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void raw_try(const uint8_t *data, size_t size)
{
    static const uint8_t key[32] = {7};
    struct sealed_reader *r = NULL;
    struct sealed_head head;
    struct sk_buf why;
    uint8_t byte;
    int fd = memory_file(data, size);

    sk_buf_init(&why, 1024);
    if (sealed_open_with(&r, fd, key, &head, &why) == 0) {
        if (sealed_read(r, &byte, 1, &why) == 0)
            __builtin_trap(); /* nobody had the key */
        sealed_reader_free(&r);
    }
    close(fd);
    sk_buf_fini(&why);
}

static void content_try(const uint8_t *data, size_t size)
{
    static uint8_t secret[32], public_key[65];
    struct sealed_head head = {.kind = SEAL_FULL, .made_ms = 1};
    struct sealed_writer *w = NULL;
    struct sealed_reader *r = NULL;
    uint8_t hash[32], key[32];
    struct sk_buf why;
    int fd = memory_file("", 0);

    if (public_key[0] == 0)
        crypto_p256_keygen(secret, public_key);
    sk_buf_init(&why, 1024);
    if (sealed_begin(&w, fd, public_key, &head) || sealed_add(w, data, size) ||
        sealed_end(w, hash, key) || lseek(fd, 0, SEEK_SET) != 0)
        __builtin_trap();
    sealed_writer_free(&w);
    if (sealed_open_with(&r, fd, key, &head, &why))
        __builtin_trap();
    files_read(r);
    sealed_reader_free(&r);
    close(fd);
    sk_buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    raw_try(data, size);
    content_try(data, size);
    return 0;
}
