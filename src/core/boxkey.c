#include "core/boxkey.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/wipe.h"

static int file_make(const char *data_dir, const char *path)
{
    char *dir = sk_path_join(data_dir, "keys");
    char text[SK_B64_SIZE(BOXKEY_BYTES) + 1];
    uint8_t raw[BOXKEY_BYTES];

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

int boxkey_load(struct boxkey *k, const char *data_dir, const char *name, int may_make)
{
    char *dir = sk_path_join(data_dir, "keys"), *path = sk_path_join(dir, name);
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
        err = sk_b64url_decode(k->bytes, sizeof(k->bytes), &got, (const char *)text.data, text.len);
    if (!err && got != sizeof(k->bytes))
        err = -SK_EINVAL;
    k->is_set = !err;
    if (err)
        log_error(name, "key", "file=%s reason=\"%s\"", path, sk_error_text(err));
    sk_buf_fini_wipe(&text);
    free(path);
    free(dir);
    return err;
}

void boxkey_wipe(struct boxkey *k)
{
    crypto_wipe(k, sizeof(*k));
}

int boxkey_seal(const struct boxkey *k, struct sk_buf *out, const char *bound, const void *data,
                size_t len)
{
    uint8_t nonce[CRYPTO_GCM_NONCE_BYTES], tag[CRYPTO_GCM_TAG_BYTES];
    size_t at = out->len + sizeof(nonce);

    if (!k->is_set)
        return -SK_ECRYPTO;
    sk_random(nonce, sizeof(nonce));
    int err = sk_buf_add(out, nonce, sizeof(nonce));
    if (!err)
        err = sk_buf_add(out, data, len);
    if (err)
        return err;
    struct crypto_gcm *g = crypto_gcm_new(k->bytes, sizeof(k->bytes));
    err = crypto_gcm_seal(g, nonce, bound, strlen(bound), out->data + at, len, tag);
    crypto_gcm_free(&g);
    return err ? err : sk_buf_add(out, tag, sizeof(tag));
}

int boxkey_open(const struct boxkey *k, struct sk_buf *out, const char *bound, const void *sealed,
                size_t len)
{
    const uint8_t *in = sealed;
    size_t at = out->len, body = len - BOXKEY_FRAME_BYTES;

    if (len < BOXKEY_FRAME_BYTES || !k->is_set)
        return -SK_ECRYPTO;
    int err = sk_buf_add(out, in + CRYPTO_GCM_NONCE_BYTES, body);
    if (err)
        return err;
    struct crypto_gcm *g = crypto_gcm_new(k->bytes, sizeof(k->bytes));
    err = crypto_gcm_open(g, in, bound, strlen(bound), out->data + at, body,
                          in + CRYPTO_GCM_NONCE_BYTES + body);
    crypto_gcm_free(&g);
    if (err)
        out->len = at; /* what did not open is zeroed, and goes */
    return err;
}
