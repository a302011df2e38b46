#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"

/* Open addressing with linear probing; a removed entry leaves a tombstone until the next growth. */
struct slot {
    uint64_t hash;
    void *value; /* NULL: free, or a tombstone when `key` is set */
    uint8_t *key;
    size_t len;
};

struct sk_map {
    struct slot *slots;
    size_t size, used, count; /* used = live entries and tombstones */
    size_t key_len;
    uint64_t seed[2];
};

static uint8_t tombstone;

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 29;
    h *= 0x9fb21c651e98df25u;
    return h ^ h >> 32;
}

static uint64_t key_hash(const struct sk_map *m, const uint8_t *key, size_t len)
{
    uint64_t h = m->seed[0] ^ len;

    while (len >= 8) {
        uint64_t word;
        memcpy(&word, key, 8);
        h = mix(h ^ word) + m->seed[1];
        key += 8;
        len -= 8;
    }
    uint64_t word = 0;
    memcpy(&word, key, len);
    return mix(mix(h ^ word) ^ m->seed[1]);
}

struct sk_map *sk_map_new(size_t key_len)
{
    struct sk_map *m = sk_alloc(sizeof(*m));

    m->key_len = key_len;
    m->size = 16;
    m->slots = sk_alloc(m->size * sizeof(*m->slots));
    sk_random(m->seed, sizeof(m->seed));
    return m;
}

void sk_map_free(struct sk_map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->size; i++)
        if (m->slots[i].value)
            free(m->slots[i].key);
    free(m->slots);
    free(m);
}

static struct slot *slot_find(const struct sk_map *m, uint64_t hash, const void *key, size_t len)
{
    for (size_t i = hash & (m->size - 1);; i = (i + 1) & (m->size - 1)) {
        struct slot *s = &m->slots[i];
        if (!s->value && s->key != &tombstone)
            return NULL;
        if (s->value && s->hash == hash && s->len == len && memcmp(s->key, key, len) == 0)
            return s;
    }
}

static struct slot *slot_free(const struct sk_map *m, uint64_t hash)
{
    size_t i = hash & (m->size - 1);

    while (m->slots[i].value)
        i = (i + 1) & (m->size - 1);
    return &m->slots[i];
}

static void map_grow(struct sk_map *m)
{
    struct slot *old = m->slots;
    size_t old_size = m->size;

    if (m->count * 2 >= m->size)
        m->size *= 2;
    m->slots = sk_alloc(m->size * sizeof(*m->slots));
    m->used = m->count;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].value)
            *slot_free(m, old[i].hash) = old[i];
    free(old);
}

void *sk_map_find(const struct sk_map *m, const void *key, size_t len)
{
    SK_ASSERT(!m->key_len || len == m->key_len);
    struct slot *s = slot_find(m, key_hash(m, key, len), key, len);

    return s ? s->value : NULL;
}

void *sk_map_put(struct sk_map *m, const void *key, size_t len, void *value)
{
    SK_ASSERT(value && (!m->key_len || len == m->key_len));
    uint64_t hash = key_hash(m, key, len);
    struct slot *s = slot_find(m, hash, key, len);

    if (s) {
        void *former = s->value;
        s->value = value;
        return former;
    }
    if ((m->used + 1) * 4 > m->size * 3)
        map_grow(m);
    s = slot_free(m, hash);
    m->used += s->key != &tombstone;
    m->count++;
    *s = (struct slot){hash, value, sk_alloc(len), len};
    memcpy(s->key, key, len);
    return NULL;
}

void *sk_map_remove(struct sk_map *m, const void *key, size_t len)
{
    struct slot *s = slot_find(m, key_hash(m, key, len), key, len);

    if (!s)
        return NULL;
    void *value = s->value;
    free(s->key);
    *s = (struct slot){.key = &tombstone};
    m->count--;
    return value;
}

size_t sk_map_count(const struct sk_map *m)
{
    return m->count;
}

void *sk_map_next(const struct sk_map *m, size_t *pos)
{
    while (*pos < m->size) {
        struct slot *s = &m->slots[(*pos)++];
        if (s->value)
            return s->value;
    }
    return NULL;
}
