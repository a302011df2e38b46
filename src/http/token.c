/* The scrape token: one line in data_dir/metrics.token, made at first start, readable by the owner
 * of the data alone. Replacing the file and restarting replaces the token. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "http/internal.h"

enum { TOKEN_BYTES = 32, TOKEN_TEXT_MAX = 200 };

static uint8_t token_hash[CRYPTO_SHA256_BYTES];
static int token_is_set;

static int token_make(const char *path)
{
    uint8_t raw[TOKEN_BYTES];
    char text[SK_B64_SIZE(TOKEN_BYTES) + 1];

    sk_random(raw, sizeof(raw));
    sk_b64url_encode(text, raw, sizeof(raw));
    size_t len = strlen(text);
    text[len++] = '\n';
    int err = sk_file_write(path, text, len, 0600);
    sk_wipe(raw, sizeof(raw));
    sk_wipe(text, sizeof(text));
    return err;
}

int metrics_token_load(const char *data_dir)
{
    char *path = sk_path_join(data_dir, "metrics.token");
    struct sk_buf text;

    sk_buf_init(&text, TOKEN_TEXT_MAX);
    int err = sk_secret_read(&text, path);
    if (err == -SK_ENOTFOUND) {
        err = token_make(path);
        if (!err)
            err = sk_secret_read(&text, path);
    }
    if (!err && text.len < 20)
        err = -SK_EINVAL;
    if (!err) {
        crypto_sha256(token_hash, text.data, text.len);
        token_is_set = 1;
    } else {
        log_error("http", "metrics-token", "file=%s reason=\"%s\"", path, sk_error_text(err));
    }
    sk_buf_fini_wipe(&text);
    free(path);
    return err;
}

/* Comparing hashes makes the time independent of the length, too. */
int metrics_token_holds(const char *authorization)
{
    uint8_t hash[CRYPTO_SHA256_BYTES];

    if (!token_is_set || strncmp(authorization, "Bearer ", 7) != 0)
        return 0;
    crypto_sha256(hash, authorization + 7, strlen(authorization + 7));
    return sk_equal_ct(hash, token_hash, sizeof(hash));
}

void metrics_token_wipe(void)
{
    token_is_set = 0;
    sk_wipe(token_hash, sizeof(token_hash));
}
