/* The pepper: a key beside the database, so that a stolen database alone gives no guess to check.
 * `keys/pepper` holds one "id key" a line, newest first; older lines stay until every password was
 * made anew under the first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/internal.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

enum { PEPPERS_MAX = 4, PEPPER_BYTES = 32, PEPPER_FILE_MAX = 1024 };

static struct pepper {
    char id[PEPPER_ID_SIZE];
    uint8_t key[PEPPER_BYTES];
} peppers[PEPPERS_MAX];
static size_t pepper_count;

static int line_take(const char *line, size_t len)
{
    struct pepper *p = &peppers[pepper_count];
    size_t got;

    if (pepper_count == PEPPERS_MAX || len < PEPPER_ID_SIZE || line[PEPPER_ID_SIZE - 1] != ' ' ||
        strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789") != PEPPER_ID_SIZE - 1 ||
        sk_b64url_decode(p->key, sizeof(p->key), &got, line + PEPPER_ID_SIZE,
                         len - PEPPER_ID_SIZE) ||
        got != sizeof(p->key))
        return -SK_EINVAL;
    memcpy(p->id, line, PEPPER_ID_SIZE - 1);
    p->id[PEPPER_ID_SIZE - 1] = '\0';
    pepper_count++;
    return 0;
}

static int file_make(const char *data_dir, const char *path)
{
    char *dir = sk_path_join(data_dir, "keys");
    char key[SK_B64_SIZE(PEPPER_BYTES)], id[SK_HEX_SIZE(4)], text[80];
    uint8_t raw[PEPPER_BYTES], raw_id[4];

    sk_random(raw, sizeof(raw));
    sk_random(raw_id, sizeof(raw_id));
    sk_b64url_encode(key, raw, sizeof(raw));
    sk_hex_encode(id, raw_id, sizeof(raw_id));
    int n = snprintf(text, sizeof(text), "%s %s\n", id, key);
    int err = sk_dir_make(dir, 0700);
    if (!err)
        err = sk_file_write(path, text, (size_t)n, 0600);
    crypto_wipe(raw, sizeof(raw));
    crypto_wipe(key, sizeof(key));
    crypto_wipe(text, sizeof(text));
    free(dir);
    return err;
}

static int file_parse(const char *path)
{
    struct sk_buf text;

    sk_buf_init(&text, PEPPER_FILE_MAX);
    int err = sk_file_read(&text, path);
    const char *at = text.data ? (const char *)text.data : "";
    while (!err && *at) {
        size_t len = strcspn(at, "\n");
        if (len)
            err = line_take(at, len);
        at += len;
        at += *at == '\n';
    }
    sk_buf_fini_wipe(&text);
    return !err && !pepper_count ? -SK_EINVAL : err;
}

int pepper_load(const char *data_dir, int may_make)
{
    char *path = sk_path_join(data_dir, "keys/pepper");
    struct sk_buf probe;

    pepper_wipe();
    sk_buf_init(&probe, PEPPER_FILE_MAX);
    int err = sk_secret_read(&probe, path); /* refuses a file that others may read */
    sk_buf_fini_wipe(&probe);
    if (err == -SK_ENOTFOUND && may_make)
        err = file_make(data_dir, path);
    if (!err)
        err = file_parse(path);
    if (err)
        log_error("account", "pepper",
                  "file=%s reason=\"%s\"; restore it from a backup, or run "
                  "`skep owner reset`",
                  path, sk_error_text(err));
    free(path);
    return err;
}

void pepper_wipe(void)
{
    crypto_wipe(peppers, sizeof(peppers));
    pepper_count = 0;
}

const char *pepper_first(void)
{
    return peppers[0].id;
}

int pepper_apply(uint8_t out[32], const char *id, const char *password, size_t len)
{
    for (size_t i = 0; i < pepper_count; i++) {
        if (strcmp(peppers[i].id, id) == 0) {
            crypto_hmac_sha256(out, peppers[i].key, sizeof(peppers[i].key), password, len);
            return 0;
        }
    }
    return -SK_ENOTFOUND;
}
