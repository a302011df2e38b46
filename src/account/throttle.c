/* GCRA (the leaky bucket as a single time stamp): each key holds the moment at which its bucket
 * would be empty again. Nothing is counted that could wrap, nothing is locked for good. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/gate.h"
#include "base/map.h"
#include "base/sys.h"

enum { SWEEP_MS = 1000 };

struct cell {
    uint8_t key[THROTTLE_KEY_BYTES];
    int64_t full_at_ms; /* theoretical arrival time */
};

struct throttle {
    pthread_mutex_t lock;
    struct sk_map *by_key;
    size_t cells_max;
    int64_t swept_ms;   /* looked through for drained cells: at most once a second */
    struct cell shared; /* for strangers when all cells are taken */
};

struct throttle *throttle_new(size_t cells_max)
{
    struct throttle *t = sk_alloc(sizeof(*t));

    pthread_mutex_init(&t->lock, NULL);
    t->by_key = sk_map_new(THROTTLE_KEY_BYTES);
    t->cells_max = cells_max;
    t->swept_ms = -SWEEP_MS;
    return t;
}

void throttle_free(struct throttle *t)
{
    struct cell *c;

    if (!t)
        return;
    for (size_t pos = 0; (c = sk_map_next(t->by_key, &pos));)
        free(c);
    sk_map_free(t->by_key);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static void cell_drop_locked(struct throttle *t, struct cell *c)
{
    sk_map_remove(t->by_key, c->key, sizeof(c->key));
    free(c);
}

static void sweep_locked(struct throttle *t, int64_t now_ms)
{
    struct cell *c;

    t->swept_ms = now_ms;
    for (size_t pos = 0; (c = sk_map_next(t->by_key, &pos));)
        if (c->full_at_ms <= now_ms)
            cell_drop_locked(t, c);
}

static struct cell *cell_need_locked(struct throttle *t, const uint8_t *key, int64_t now_ms)
{
    struct cell *c = sk_map_find(t->by_key, key, THROTTLE_KEY_BYTES);

    if (c)
        return c;
    if (sk_map_count(t->by_key) >= t->cells_max && now_ms - t->swept_ms >= SWEEP_MS)
        sweep_locked(t, now_ms);
    if (sk_map_count(t->by_key) >= t->cells_max)
        return &t->shared;
    c = sk_alloc(sizeof(*c));
    memcpy(c->key, key, THROTTLE_KEY_BYTES);
    sk_map_put(t->by_key, key, THROTTLE_KEY_BYTES, c);
    return c;
}

int throttle_take(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES],
                  const struct throttle_rule *rule, int64_t now_ms, int64_t *retry_ms)
{
    int err = 0;

    pthread_mutex_lock(&t->lock);
    struct cell *c = cell_need_locked(t, key, now_ms);
    /* now + burst * interval bounds full_at for good: the sums below cannot overflow. */
    int64_t start = c->full_at_ms > now_ms ? c->full_at_ms : now_ms;
    int64_t wait = start + rule->interval_ms - rule->burst * rule->interval_ms - now_ms;
    if (wait > 0) {
        *retry_ms = wait;
        err = -SK_ELIMIT;
    } else {
        c->full_at_ms = start + rule->interval_ms;
    }
    pthread_mutex_unlock(&t->lock);
    return err;
}

void throttle_give_back(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES],
                        const struct throttle_rule *rule, int64_t now_ms)
{
    pthread_mutex_lock(&t->lock);
    struct cell *c = sk_map_find(t->by_key, key, THROTTLE_KEY_BYTES);
    if (c) {
        c->full_at_ms -= rule->interval_ms;
        if (c->full_at_ms <= now_ms)
            cell_drop_locked(t, c);
    }
    pthread_mutex_unlock(&t->lock);
}

void throttle_clear(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES])
{
    pthread_mutex_lock(&t->lock);
    struct cell *c = sk_map_find(t->by_key, key, THROTTLE_KEY_BYTES);
    if (c)
        cell_drop_locked(t, c);
    pthread_mutex_unlock(&t->lock);
}

int64_t throttle_level(struct throttle *t, const uint8_t key[THROTTLE_KEY_BYTES],
                       const struct throttle_rule *rule, int64_t now_ms)
{
    int64_t level = 0;

    pthread_mutex_lock(&t->lock);
    const struct cell *c = sk_map_find(t->by_key, key, THROTTLE_KEY_BYTES);
    if (c && c->full_at_ms > now_ms)
        level = (c->full_at_ms - now_ms + rule->interval_ms - 1) / rule->interval_ms;
    pthread_mutex_unlock(&t->lock);
    return level;
}
