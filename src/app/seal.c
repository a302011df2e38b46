/* Secrets at rest. An HMAC secret must be had in clear to check with, so it is not hashed but
 * sealed (AES-256-GCM) under a key beside the database: a stolen database alone signs nothing. */
#include <stdlib.h>
#include <string.h>

#include "app/internal.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/wipe.h"

enum { KEY_BYTES = 32 };

static uint8_t key[KEY_BYTES];
static int key_is_set;

static int file_make(const char *data_dir, const char *path)
{
    char *dir = sk_path_join(data_dir, "keys");
    char text[SK_B64_SIZE(KEY_BYTES) + 1];
    uint8_t raw[KEY_BYTES];

    sk_random(raw, sizeof(raw));
    sk_b64url_encode(text, raw, sizeof(raw));
    size_t len = strlen(text);
    text[len++] = '\n';
    int err = sk_dir_make(dir, 0700);
    if (!err)
        err = sk_file_write(path, text, len, 0600);
    crypto_wipe(raw, sizeof(raw));
    crypto_wipe(text, sizeof(text));
    free(dir);
    return err;
}

int seal_load(const char *data_dir, int may_make)
{
    char *path = sk_path_join(data_dir, "keys/app");
    struct sk_buf text;
    size_t got = 0;

    sk_buf_init(&text, 128);
    int err = sk_secret_read(&text, path); /* refuses a file that others may read */
    if (err == -SK_ENOTFOUND && may_make) {
        err = file_make(data_dir, path);
        if (!err)
            err = sk_secret_read(&text, path);
    }
    if (!err)
        err = sk_b64url_decode(key, sizeof(key), &got, (const char *)text.data, text.len);
    if (!err && got != sizeof(key))
        err = -SK_EINVAL;
    key_is_set = !err;
    if (err)
        log_error("app", "key", "file=%s reason=\"%s\"", path, sk_error_text(err));
    sk_buf_fini_wipe(&text);
    free(path);
    return err;
}

void seal_wipe(void)
{
    crypto_wipe(key, sizeof(key));
    key_is_set = 0;
}

int seal_close(uint8_t out[SEALED_SIZE], const struct credential *c)
{
    uint8_t *body = out + CRYPTO_GCM_NONCE_BYTES;

    SK_ASSERT(key_is_set && c->len == APP_SECRET_SIZE - 1);
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));
    sk_random(out, CRYPTO_GCM_NONCE_BYTES);
    memcpy(body, c->material, c->len);
    body[c->len] = 0; /* one length for all */
    int err = crypto_gcm_seal(g, out, c->id, strlen(c->id), body, APP_SECRET_SIZE,
                              body + APP_SECRET_SIZE);
    crypto_gcm_free(&g);
    return err;
}

int seal_open(struct credential *c, const uint8_t *sealed, size_t len)
{
    uint8_t body[APP_SECRET_SIZE];

    if (len != SEALED_SIZE || !key_is_set)
        return -SK_ECRYPTO;
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));
    memcpy(body, sealed + CRYPTO_GCM_NONCE_BYTES, sizeof(body));
    int err = crypto_gcm_open(g, sealed, c->id, strlen(c->id), body, sizeof(body),
                              sealed + CRYPTO_GCM_NONCE_BYTES + APP_SECRET_SIZE);
    crypto_gcm_free(&g);
    if (!err) {
        memcpy(c->material, body, APP_SECRET_SIZE - 1);
        c->len = APP_SECRET_SIZE - 1;
    }
    crypto_wipe(body, sizeof(body));
    return err;
}
