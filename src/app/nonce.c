/* Nonces that were shown within the window. Kept as 64 bits of a keyed hash (the key is the
 * memory's own), in one open-addressed set for each stretch of signing time, so that what has left
 * the window goes as a whole and nothing is swept. A stranger cannot aim at collisions; by chance
 * one in 10^13 honest requests is taken for a repeat. */
#include <stdlib.h>
#include <string.h>

#include "app/internal.h"
#include "base/buf.h"
#include "base/sys.h"
#include "crypto/hash.h"

enum {
    SLOT_S = 64,
    /* Enough for a window on either side, and one for the edges. */
    SLOTS = 2 * APP_WINDOW_S / SLOT_S + 3,
    FIRST_CAP = 64
};

struct slot {
    int64_t number;  /* created_s / SLOT_S that it holds */
    uint64_t *cells; /* 0 = empty */
    size_t cap, count;
};

struct nonce_memory {
    uint8_t key[32];
    size_t max, count;
    struct slot slots[SLOTS];
};

struct nonce_memory *nonce_memory_new(size_t max)
{
    struct nonce_memory *m = sk_alloc(sizeof(*m));

    sk_random(m->key, sizeof(m->key));
    m->max = max;
    return m;
}

void nonce_memory_free(struct nonce_memory *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        free(m->slots[i].cells);
    free(m);
}

size_t nonce_count(const struct nonce_memory *m)
{
    return m->count;
}

static uint64_t hash_of(const struct nonce_memory *m, const char *nonce)
{
    uint8_t mac[32];

    crypto_hmac_sha256(mac, m->key, sizeof(m->key), nonce, strlen(nonce));
    uint64_t h = sk_get_u64(mac);
    return h ? h : 1;
}

/* The cell that holds `h`, or the empty one where it belongs. */
static uint64_t *cell_of(const struct slot *s, uint64_t h)
{
    size_t at = (size_t)h & (s->cap - 1);

    while (s->cells[at] && s->cells[at] != h)
        at = (at + 1) & (s->cap - 1);
    return &s->cells[at];
}

static void slot_grow(struct slot *s)
{
    struct slot next = {.number = s->number, .cap = s->cap ? s->cap * 2 : FIRST_CAP};

    next.cells = sk_alloc(next.cap * sizeof(*next.cells));
    next.count = s->count;
    for (size_t i = 0; i < s->cap; i++)
        if (s->cells[i])
            *cell_of(&next, s->cells[i]) = s->cells[i];
    free(s->cells);
    *s = next;
}

/* Forget the stretches that lie wholly before the window. */
static void slots_expire(struct nonce_memory *m, int64_t now_s)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &m->slots[i];
        if (!s->cap || (s->number + 1) * SLOT_S > now_s - APP_WINDOW_S)
            continue;
        m->count -= s->count;
        free(s->cells);
        *s = (struct slot){0};
    }
}

static int hash_is_seen(const struct nonce_memory *m, uint64_t h)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (m->slots[i].cap && *cell_of(&m->slots[i], h))
            return 1;
    return 0;
}

int nonce_is_seen(const struct nonce_memory *m, const char *nonce)
{
    return hash_is_seen(m, hash_of(m, nonce));
}

int nonce_take(struct nonce_memory *m, const char *nonce, int64_t created_s, int64_t now_s)
{
    uint64_t h = hash_of(m, nonce);

    if (created_s < now_s - APP_WINDOW_S || created_s > now_s + APP_WINDOW_S)
        return -SK_EINVAL;
    slots_expire(m, now_s);
    if (hash_is_seen(m, h))
        return -SK_EREPLAY;
    if (m->count >= m->max)
        return -SK_ELIMIT;
    struct slot *s = &m->slots[created_s / SLOT_S % SLOTS];
    if (s->cap &&
        s->number != created_s / SLOT_S) /* the clock was set back by more than a window */
        return -SK_ELIMIT;
    s->number = created_s / SLOT_S;
    if ((s->count + 1) * 4 > s->cap * 3)
        slot_grow(s);
    *cell_of(s, h) = h;
    s->count++;
    m->count++;
    return 0;
}
