/* How many HTTP connections and sockets each source has: one address, or one IPv6 /64, since who
 * has one address of a network there has them all. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "edge/internal.h"

enum { KEY_SIZE = 9 }; /* kind, then the address or the upper half of it */

struct tally {
    uint32_t count;
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_key;
} sources = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void key_make(uint8_t key[KEY_SIZE], const char *source)
{
    struct in_addr v4;
    struct in6_addr v6;
    memset(key, 0, KEY_SIZE);
    if (inet_pton(AF_INET, source, &v4) == 1) {
        key[0] = 4;
        memcpy(key + 1, &v4, sizeof(v4));
    } else if (inet_pton(AF_INET6, source, &v6) == 1) {
        key[0] = 6;
        memcpy(key + 1, &v6, 8);
    }
}

int source_add(const char *source)
{
    uint8_t key[KEY_SIZE];
    int rc = 0;
    key_make(key, source);
    pthread_mutex_lock(&sources.lock);
    if (sources.by_key == NULL)
        sources.by_key = sk_map_new(KEY_SIZE);
    struct tally *t = sk_map_find(sources.by_key, key, KEY_SIZE);
    if (t == NULL) {
        t = sk_alloc(sizeof(*t));
        sk_map_put(sources.by_key, key, KEY_SIZE, t);
    }
    if (t->count >= edge_get()->set.http_per_source)
        rc = -SK_ELIMIT;
    else
        t->count++;
    pthread_mutex_unlock(&sources.lock);
    return rc;
}

void source_remove(const char *source)
{
    uint8_t key[KEY_SIZE];
    key_make(key, source);
    pthread_mutex_lock(&sources.lock);
    struct tally *t = sk_map_find(sources.by_key, key, KEY_SIZE);
    SK_ASSERT(t != NULL && t->count > 0);
    if (--t->count == 0) {
        sk_map_remove(sources.by_key, key, KEY_SIZE);
        free(t);
    }
    pthread_mutex_unlock(&sources.lock);
}
