/* Browsers from which somebody logged in before. Their long-lived cookie gives no right; it only
 * keeps the noise of strangers from throttling its owner (accounts.md 4, "device cookies"). */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/internal.h"
#include "base/map.h"
#include "base/sys.h"

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_hash, *by_id;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

void browser_table_start(void)
{
    table.by_hash = sk_map_new(32);
    table.by_id = sk_map_new(0);
}

void browser_clear(void)
{
    struct browser *b;

    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; (b = sk_map_next(table.by_id, &pos));) {
        sk_map_remove(table.by_hash, b->token_hash, sizeof(b->token_hash));
        sk_map_remove(table.by_id, b->id, strlen(b->id));
        free(b);
    }
    pthread_mutex_unlock(&table.lock);
}

void browser_table_stop(void)
{
    if (!table.by_id)
        return;
    browser_clear();
    sk_map_free(table.by_hash);
    sk_map_free(table.by_id);
    table.by_hash = table.by_id = NULL;
}

void browser_put(const struct browser *b)
{
    struct browser *kept = sk_alloc(sizeof(*kept));

    *kept = *b;
    pthread_mutex_lock(&table.lock);
    struct browser *former = sk_map_find(table.by_id, b->id, strlen(b->id));
    sk_map_put(table.by_hash, kept->token_hash, sizeof(kept->token_hash), kept);
    sk_map_put(table.by_id, kept->id, strlen(kept->id), kept);
    pthread_mutex_unlock(&table.lock);
    free(former);
}

static int copy_out(const struct browser *b, struct browser *out)
{
    if (b)
        *out = *b;
    return b ? 0 : -SK_ENOTFOUND;
}

int browser_by_token(const uint8_t hash[32], struct browser *out)
{
    pthread_mutex_lock(&table.lock);
    int err = copy_out(table.by_hash ? sk_map_find(table.by_hash, hash, 32) : NULL, out);
    pthread_mutex_unlock(&table.lock);
    return err;
}

int browser_by_id(const char *id, struct browser *out)
{
    pthread_mutex_lock(&table.lock);
    int err = copy_out(*id ? sk_map_find(table.by_id, id, strlen(id)) : NULL, out);
    pthread_mutex_unlock(&table.lock);
    return err;
}

int browser_surplus(const char *account, char id[ID_SIZE])
{
    const struct browser *b, *oldest = NULL;
    size_t count = 0;

    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; (b = sk_map_next(table.by_id, &pos));) {
        if (strcmp(b->account, account) != 0)
            continue;
        count++;
        if (!oldest || b->last_login < oldest->last_login)
            oldest = b;
    }
    if (count >= BROWSERS_PER_ACCOUNT_MAX)
        memcpy(id, oldest->id, ID_SIZE);
    pthread_mutex_unlock(&table.lock);
    return count >= BROWSERS_PER_ACCOUNT_MAX;
}

void browser_remove(const char *id)
{
    pthread_mutex_lock(&table.lock);
    struct browser *b = sk_map_remove(table.by_id, id, strlen(id));
    if (b)
        sk_map_remove(table.by_hash, b->token_hash, sizeof(b->token_hash));
    pthread_mutex_unlock(&table.lock);
    free(b);
}

void browser_remove_of(const char *account)
{
    struct browser *b;

    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; table.by_id && (b = sk_map_next(table.by_id, &pos));) {
        if (strcmp(b->account, account) != 0)
            continue;
        sk_map_remove(table.by_hash, b->token_hash, sizeof(b->token_hash));
        sk_map_remove(table.by_id, b->id, strlen(b->id));
        free(b);
    }
    pthread_mutex_unlock(&table.lock);
}

size_t browser_count_of(const char *account)
{
    const struct browser *b;
    size_t count = 0;

    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; table.by_id && (b = sk_map_next(table.by_id, &pos));)
        count += strcmp(b->account, account) == 0;
    pthread_mutex_unlock(&table.lock);
    return count;
}
