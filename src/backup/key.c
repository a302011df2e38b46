/* The operator's key pair: one line of text each. The box only ever needs the public one. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/internal.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

enum { LINE_MAX_BYTES = 256 };

static const char secret_word[] = "skep-backup-private-key-1 ";
static const char public_word[] = "skep-backup-public-key-1 ";

int backup_say(struct sk_buf *why, int err, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return why && why->len == 0 && sk_buf_add_str(why, text) ? -SK_EINTERNAL : err;
}

static int line_write(const char *path, const char *word, const void *data, size_t len, mode_t mode)
{
    char line[LINE_MAX_BYTES];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return errno == EEXIST ? -SK_ECONFLICT : -SK_EIO;
    size_t at = strlen(word);
    memcpy(line, word, at);
    sk_b64url_encode(line + at, data, len);
    at += strlen(line + at);
    line[at++] = '\n';
    int err = write(fd, line, at) != (ssize_t)at || fsync(fd) ? -SK_ESTORAGE : 0;
    close(fd);
    crypto_wipe(line, sizeof(line));
    if (err)
        unlink(path);
    return err;
}

int backup_key_new(const char *path, char id[17], struct sk_buf *why)
{
    uint8_t secret[32], point[65], raw[SEAL_KEY_ID_BYTES];
    size_t size = strlen(path) + sizeof(".pub");
    char *beside = sk_alloc(size);

    snprintf(beside, size, "%s.pub", path);
    crypto_p256_keygen(secret, point);
    int err = line_write(path, secret_word, secret, sizeof(secret), 0600);
    if (!err && (err = line_write(beside, public_word, point, sizeof(point), 0644)) != 0)
        unlink(path);
    if (err)
        err =
            backup_say(why, err, "%s and %s cannot be made: %s.", path, beside, sk_error_text(err));
    sealed_key_id(raw, point);
    sk_hex_encode(id, raw, sizeof(raw));
    crypto_wipe(secret, sizeof(secret));
    free(beside);
    return err;
}

static int line_parse(const struct sk_buf *line, const char *word, void *out, size_t len)
{
    const char *text = (const char *)line->data;
    size_t at = strlen(word), end = line->len, got = 0;

    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' '))
        end--;
    if (end <= at || memcmp(text, word, at) != 0 ||
        sk_b64url_decode(out, len, &got, text + at, end - at) || got != len)
        return -SK_EINVAL;
    return 0;
}

int key_public_read(uint8_t out[65], const char *path, struct sk_buf *why)
{
    struct sk_buf line;

    sk_buf_init(&line, LINE_MAX_BYTES);
    int err = sk_file_read(&line, path);
    if (!err)
        err = line_parse(&line, public_word, out, 65);
    if (!err)
        err = crypto_p256_check(out);
    sk_buf_fini(&line);
    return err ? backup_say(why, err, "%s is not the public half of a backup key.", path) : 0;
}

int key_secret_read(uint8_t out[32], const char *path, struct sk_buf *why)
{
    struct sk_buf line;

    sk_buf_init(&line, LINE_MAX_BYTES);
    int err = sk_secret_read(&line, path);
    if (!err)
        err = line_parse(&line, secret_word, out, 32);
    if (!err)
        err = crypto_p256_check_scalar(out);
    sk_buf_fini_wipe(&line);
    if (err == -SK_EDENIED)
        return backup_say(why, err, "%s can be read by others: make it 0600.", path);
    return err ? backup_say(why, err, "%s is not the private half of a backup key.", path) : 0;
}
