/* From a sealed file back to a box. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/folder.h"
#include "backup/internal.h"
#include "backup/pack.h"
#include "base/file.h"
#include "base/sys.h"
#include "crypto/wipe.h"

static int restore_into(const struct backup_house *h, int fd, const char *key_path,
                        const char *part, struct sk_buf *why)
{
    struct sealed_reader *r = NULL;
    struct sealed_head head;
    struct sk_buf manifest;
    uint8_t secret[32];

    sk_buf_init(&manifest, PACK_MANIFEST_MAX);
    int err = key_secret_read(secret, key_path, why);
    if (!err)
        err = sealed_open(&r, fd, secret, &head, why);
    crypto_wipe(secret, sizeof(secret));
    if (!err && head.kind != SEAL_FULL)
        err = backup_say(why, -SK_EIO, "This is no full backup.");
    if (!err)
        err = sk_dir_make(part, 0700);
    if (!err)
        err = pack_read(r, part, &manifest, why);
    if (!err)
        err = copy_check(h, part, &manifest, why);
    sealed_reader_free(&r);
    sk_buf_fini(&manifest);
    return err;
}

int backup_restore(const struct backup_house *h, const char *path, const char *key_path,
                   const char *target, struct sk_buf *why)
{
    char *part = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return backup_say(why, -SK_ENOTFOUND, "%s: %s.", path, strerror(errno));
    SK_ASSERT(asprintf(&part, "%s.part", target) > 0);
    int err =
        access(target, F_OK) == 0
            ? backup_say(why, -SK_ECONFLICT, "%s exists: nothing is restored over it.", target)
            : folder_remove(part);
    if (!err)
        err = restore_into(h, fd, key_path, part, why);
    if (!err && rename(part, target))
        err = backup_say(why, -SK_EIO, "%s: %s.", target, strerror(errno));
    close(fd);
    if (err && folder_remove(part))
        err = backup_say(why, err, "%s is left over and cannot be removed.", part);
    free(part);
    return err ? backup_say(why, err, "%s", sk_error_text(err)) : 0;
}

int backup_prove(const struct backup_house *h, const char *path, const char *key_path,
                 struct sk_buf *why)
{
    char *part = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return backup_say(why, -SK_ENOTFOUND, "%s: %s.", path, strerror(errno));
    SK_ASSERT(asprintf(&part, "%s.proof.%d", h->data_dir, (int)getpid()) > 0);
    int err = restore_into(h, fd, key_path, part, why);
    close(fd);
    if (folder_remove(part))
        err = backup_say(why, err ? err : -SK_EIO, "%s cannot be removed.", part);
    free(part);
    return err ? backup_say(why, err, "%s", sk_error_text(err)) : 0;
}
