/* Channels' addresses and keys at rest: sealed under a key beside the database, so that a stolen
 * database alone reaches nobody. */
#include <stdlib.h>
#include <string.h>

#include "alert/internal.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/wipe.h"

enum { KEY_BYTES = 32, FRAME_BYTES = CRYPTO_GCM_NONCE_BYTES + CRYPTO_GCM_TAG_BYTES };

static uint8_t key[KEY_BYTES];

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

int alert_seal_load(const char *data_dir)
{
    char *path = sk_path_join(data_dir, "keys/alert");
    struct sk_buf text;
    size_t got = 0;

    sk_buf_init(&text, 128);
    int err = sk_secret_read(&text, path);
    if (err == -SK_ENOTFOUND) {
        err = file_make(data_dir, path);
        if (!err)
            err = sk_secret_read(&text, path);
    }
    if (!err)
        err = sk_b64url_decode(key, sizeof(key), &got, (const char *)text.data, text.len);
    if (!err && got != sizeof(key))
        err = -SK_EINVAL;
    if (err)
        log_error("alert", "key", "file=%s reason=\"%s\"", path, sk_error_text(err));
    sk_buf_fini_wipe(&text);
    free(path);
    return err;
}

void alert_seal_wipe(void)
{
    crypto_wipe(key, sizeof(key));
}

int alert_seal_close(struct sk_buf *out, const char *id, const char *text)
{
    uint8_t nonce[CRYPTO_GCM_NONCE_BYTES], tag[CRYPTO_GCM_TAG_BYTES];
    size_t len = strlen(text), at = out->len + sizeof(nonce);
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));

    sk_random(nonce, sizeof(nonce));
    int err = sk_buf_add(out, nonce, sizeof(nonce));
    if (!err)
        err = sk_buf_add(out, text, len);
    if (!err)
        err = crypto_gcm_seal(g, nonce, id, strlen(id), out->data + at, len, tag);
    crypto_gcm_free(&g);
    return err ? err : sk_buf_add(out, tag, sizeof(tag));
}

int alert_seal_open(struct sk_buf *text, const char *id, const void *sealed, size_t len)
{
    const uint8_t *in = sealed;
    size_t body = len - FRAME_BYTES;

    if (len < FRAME_BYTES)
        return -SK_ECRYPTO;
    int err = sk_buf_add(text, in + CRYPTO_GCM_NONCE_BYTES, body);
    if (err)
        return err;
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));
    err = crypto_gcm_open(g, in, id, strlen(id), text->data, body,
                          in + CRYPTO_GCM_NONCE_BYTES + body);
    crypto_gcm_free(&g);
    return err;
}
