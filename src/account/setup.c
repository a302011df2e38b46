/* The one-time setup link: a box without an owner, or whose owner's password was voided, can be
 * taken by whoever holds the link that was printed on it, once, within a day. */
#include <stdlib.h>
#include <string.h>

#include "account/gate.h"
#include "account/pwlist.h"
#include "base/asset.h"
#include "base/log.h"
#include "base/map.h"
#include "crypto/wipe.h"

int setup_token_make(struct store *s, int reset, int64_t now_ms, char out[ACCOUNT_TOKEN_SIZE])
{
    uint8_t hash[32];

    token_make(out, hash);
    int err = ledger_setup_token_set(s, hash, now_ms, reset);
    if (err)
        crypto_wipe(out, ACCOUNT_TOKEN_SIZE);
    return err;
}

int setup_is_needed(struct store *s, int *needed)
{
    struct account_row owner;
    int err = ledger_owner(s, &owner);

    *needed = err == -SK_ENOTFOUND || (!err && !owner.password[0]);
    crypto_wipe(&owner, sizeof(owner));
    return err == -SK_ENOTFOUND ? 0 : err;
}

/* ---- the weak list ---- */

static struct sk_map *weak_list;

static void weak_line_add(const char *line, size_t len)
{
    char folded[PASSWORD_MAX_BYTES];

    if (!len || len > sizeof(folded) || line[0] == '#')
        return;
    for (size_t i = 0; i < len; i++)
        folded[i] = line[i] >= 'A' && line[i] <= 'Z' ? (char)(line[i] | 0x20) : line[i];
    sk_map_put(weak_list, folded, len, weak_list);
}

void weak_list_load(void)
{
    const struct asset *a = asset_find("data/weak-passwords.txt");
    const char *at = a ? a->data : "", *end = a ? at + a->len : at;

    weak_list = sk_map_new(0);
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        weak_line_add(at, len && at[len - 1] == '\r' ? len - 1 : len);
        at += len + 1;
    }
    if (!a)
        log_warn("account", "weak-list", "file=data/weak-passwords.txt reason=missing");
}

static struct pwlist *breach_list;

int breach_list_load(const char *path)
{
    struct sk_buf why;
    int err = 0;

    if (!path)
        return 0;
    sk_buf_init(&why, 256);
    err = pwlist_open(&breach_list, path, &why);
    if (err)
        log_error("account", "breach-list", "error=%s reason=\"%.*s\"", sk_error_slug(err),
                  (int)why.len, why.len ? (const char *)why.data : "");
    else
        log_info("account", "breach-list", "entries=%llu",
                 (unsigned long long)pwlist_count(breach_list));
    sk_buf_fini(&why);
    return err;
}

int password_is_listed(const char *password)
{
    char folded[PASSWORD_MAX_BYTES];
    size_t len = strlen(password);

    if (!len || len > sizeof(folded))
        return 0;
    for (size_t i = 0; i < len; i++)
        folded[i] =
            password[i] >= 'A' && password[i] <= 'Z' ? (char)(password[i] | 0x20) : password[i];
    int listed = pwlist_has(breach_list, password, len) || weak_list_has(NULL, folded, len);
    crypto_wipe(folded, sizeof(folded));
    return listed;
}

void weak_list_free(void)
{
    pwlist_close(breach_list);
    breach_list = NULL;
    sk_map_free(weak_list);
    weak_list = NULL;
}

int weak_list_has(void *ctx, const char *folded, size_t len)
{
    (void)ctx;
    return (weak_list && sk_map_find(weak_list, folded, len)) ||
           pwlist_has(breach_list, folded, len);
}
