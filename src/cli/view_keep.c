/* `skep view --keep FILE`: stay logged in without keeping a password. The file (0600) holds a key
 * of this program's own and a refresh token that is good for one use with that key
 * (docs/design/tokens.md). It is written anew before the new token is used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/view.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

enum { KEEP_MAX = 4096 };

/* The proof of docs/design/api.md over `token` and the time. */
static int proof_add(json_t *body, const uint8_t secret[32], const char *token)
{
    static const char what[] = "skep-refresh-1";
    int64_t at_ms = sk_clock_wall_ms();
    uint8_t at[8], hash[32], sig[64];

    sk_put_u64(at, (uint64_t)at_ms);
    const struct crypto_part parts[] = {
        {what, sizeof(what)}, {token, strlen(token) + 1}, {at, sizeof(at)}};
    crypto_sha256_parts(hash, parts, 3);
    int err = crypto_p256_sign(sig, secret, hash);
    sk_json_set_int(body, "at", at_ms);
    sk_json_set_bin(body, "sig", sig, sizeof(sig));
    return err;
}

/* What the box gave: first into the file, then into use. */
static int answer_keep(struct view *v, const json_t *answer, const uint8_t secret[32])
{
    const char *token, *refresh;
    json_t *kept = json_object();
    size_t len;
    int err = sk_json_str(answer, "token", VIEW_SECRET_MAX - 16, &token);

    if (!err)
        err = sk_json_str(answer, "refresh", VIEW_SECRET_MAX - 16, &refresh);
    if (!err) {
        sk_json_set_str(kept, "account", v->account);
        sk_json_set_bin(kept, "key", secret, 32);
        sk_json_set_str(kept, "refresh", refresh);
        char *text = sk_json_text(kept, &len);
        err = text ? sk_file_write(v->o.keep_file, text, len, 0600) : -SK_ENOMEM;
        if (text)
            sk_wipe(text, len);
        free(text);
    }
    json_decref(kept);
    if (!err) {
        sk_buf_reset(&v->bearer);
        err = sk_buf_addf(&v->bearer, "Bearer %s", token);
    }
    return err;
}

int view_keep_begin(struct view *v)
{
    uint8_t secret[32], point[65];
    json_t *body = json_object(), *answer = NULL;

    crypto_p256_keygen(secret, point);
    sk_json_set_bin(body, "device_key", point, sizeof(point));
    int err = proof_add(body, secret, (const char *)v->bearer.data + strlen("Bearer "));
    if (!err)
        err = view_api_post(v, "/api/v1/refresh/begin", body, 201, &answer);
    else
        json_decref(body);
    if (!err)
        err = answer_keep(v, answer, secret);
    json_decref(answer);
    crypto_wipe(secret, sizeof(secret));
    return err;
}

static int file_take(struct view *v, json_t **kept, uint8_t secret[32], const char **refresh)
{
    struct sk_buf text;
    const char *account;

    sk_buf_init(&text, KEEP_MAX);
    int err = sk_secret_read(&text, v->o.keep_file);
    if (!err)
        err = sk_json_parse(kept, text.data, text.len);
    if (!err)
        err = sk_json_bin(*kept, "key", secret, 32);
    if (!err)
        err = sk_json_str(*kept, "account", sizeof(v->account) - 1, &account);
    if (!err)
        err = sk_json_str(*kept, "refresh", VIEW_SECRET_MAX - 16, refresh);
    if (!err)
        err = sk_copy(v->account, sizeof(v->account), account);
    sk_buf_fini_wipe(&text);
    return err;
}

int view_keep_use(struct view *v)
{
    uint8_t secret[32];
    const char *refresh;
    json_t *kept = NULL, *body = json_object(), *answer = NULL;
    int err = file_take(v, &kept, secret, &refresh);

    if (!err) {
        sk_json_set_str(body, "token", refresh);
        err = proof_add(body, secret, refresh);
    }
    if (!err)
        err = view_api_post(v, "/api/v1/refresh", body, 200, &answer);
    else
        json_decref(body);
    if (!err)
        err = answer_keep(v, answer, secret);
    json_decref(answer);
    json_decref(kept);
    crypto_wipe(secret, sizeof(secret));
    return err;
}
