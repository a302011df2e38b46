/* One block of memory, taken and locked at start, cut by the buddy system: what the relay holds can
 * neither be swapped out nor grow. Blocks are wiped when they are given back. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/sys.h"
#include "relay/internal.h"

enum {
    ORDER_MIN = 10, /* blocks of 1 KiB ... */
    ORDER_MAX = 23  /* ... to 8 MiB: a unit is at most 4 MiB and its head */
};

struct block {
    struct block *next, **at;
};

static struct {
    pthread_mutex_t lock;
    uint8_t *base;
    size_t bytes, used_bytes;
    uint8_t *free_order; /* per smallest block: order + 1 of the free block that begins there */
    struct block *free[ORDER_MAX + 1];
    struct unit *oldest, *newest;
    const char *lock_state;
} arena = {.lock = PTHREAD_MUTEX_INITIALIZER, .lock_state = "not started"};

static size_t block_index(const void *p)
{
    return (size_t)((const uint8_t *)p - arena.base) >> ORDER_MIN;
}

static void free_put(void *p, int order)
{
    struct block *b = p;

    b->next = arena.free[order];
    b->at = &arena.free[order];
    if (b->next)
        b->next->at = &b->next;
    arena.free[order] = b;
    arena.free_order[block_index(p)] = (uint8_t)(order + 1);
}

static void free_remove(struct block *b)
{
    *b->at = b->next;
    if (b->next)
        b->next->at = b->at;
    arena.free_order[block_index(b)] = 0;
}

static void *block_take(int order)
{
    int o = order;

    while (o <= ORDER_MAX && !arena.free[o])
        o++;
    if (o > ORDER_MAX)
        return NULL;
    struct block *b = arena.free[o];
    free_remove(b);
    while (o > order) {
        o--;
        free_put((uint8_t *)b + ((size_t)1 << o), o);
    }
    arena.used_bytes += (size_t)1 << order;
    memset(b, 0, sizeof(*b));
    return b;
}

static void block_give(void *p, int order)
{
    arena.used_bytes -= (size_t)1 << order;
    while (order < ORDER_MAX) {
        size_t offset = (size_t)((uint8_t *)p - arena.base) ^ (size_t)1 << order;
        if (arena.free_order[offset >> ORDER_MIN] != order + 1)
            break;
        uint8_t *buddy = arena.base + offset;
        free_remove((struct block *)(void *)buddy);
        if (buddy < (uint8_t *)p)
            p = buddy;
        order++;
    }
    free_put(p, order);
}

int arena_start(size_t bytes)
{
    size_t top = (size_t)1 << ORDER_MAX;

    arena.bytes = (bytes + top - 1) / top * top;
    arena.base =
        mmap(NULL, arena.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena.base == MAP_FAILED)
        return -SK_ENOMEM;
    if (madvise(arena.base, arena.bytes, MADV_DONTDUMP))
        log_warn("relay", "dontdump", "reason=%s", strerror(errno));
    arena.lock_state = mlock2(arena.base, arena.bytes, MLOCK_ONFAULT) == 0
                           ? "locked"
                           : "not locked (memlock limit); wiped, and kept out of core files";
    arena.free_order = sk_alloc(arena.bytes >> ORDER_MIN);
    for (size_t at = 0; at < arena.bytes; at += top)
        free_put(arena.base + at, ORDER_MAX);
    return 0;
}

void arena_stop(void)
{
    if (!arena.base)
        return;
    sk_wipe(arena.base, arena.bytes);
    munmap(arena.base, arena.bytes);
    free(arena.free_order);
    arena.base = NULL;
    arena.free_order = NULL;
    memset(arena.free, 0, sizeof(arena.free));
    arena.oldest = arena.newest = NULL;
}

const char *arena_lock_state(void)
{
    return arena.lock_state;
}

static void live_list_remove(struct unit *u)
{
    if (u->prev)
        u->prev->next = u->next;
    else if (arena.oldest == u)
        arena.oldest = u->next;
    else
        return; /* an INIT unit is not listed */
    if (u->next)
        u->next->prev = u->prev;
    else
        arena.newest = u->prev;
}

static void unit_release(struct net_packet *p)
{
    struct unit *u = (struct unit *)(void *)p;
    int order = u->order;

    sk_wipe(p->data, p->len);
    pthread_mutex_lock(&arena.lock);
    live_list_remove(u);
    sk_wipe(u, sizeof(*u));
    block_give(u, order);
    pthread_mutex_unlock(&arena.lock);
}

struct unit *unit_new(size_t len, int is_init, int64_t now_ms)
{
    int order = ORDER_MIN;

    while (order <= ORDER_MAX && ((size_t)1 << order) < sizeof(struct unit) + len)
        order++;
    if (order > ORDER_MAX)
        return NULL;
    pthread_mutex_lock(&arena.lock);
    struct unit *u = block_take(order);
    if (u) {
        memset(u, 0, sizeof(*u));
        atomic_init(&u->packet.refs, 1);
        u->packet.len = len;
        u->packet.data = (uint8_t *)(u + 1);
        u->packet.release = unit_release;
        u->born_ms = now_ms;
        u->order = (uint8_t)order;
        if (!is_init) {
            u->prev = arena.newest;
            *(arena.newest ? &arena.newest->next : &arena.oldest) = u;
            arena.newest = u;
        }
    }
    pthread_mutex_unlock(&arena.lock);
    return u;
}

int64_t arena_oldest_ms(int64_t now_ms)
{
    pthread_mutex_lock(&arena.lock);
    int64_t age_ms = arena.oldest ? now_ms - arena.oldest->born_ms : 0;
    pthread_mutex_unlock(&arena.lock);
    return age_ms > 0 ? age_ms : 0;
}

size_t arena_share_bytes(void)
{
    return arena.bytes / 4 > CACHE_BYTES_MAX ? arena.bytes / 4 : CACHE_BYTES_MAX;
}

int64_t arena_used_bytes(void)
{
    pthread_mutex_lock(&arena.lock);
    int64_t used = (int64_t)arena.used_bytes;
    pthread_mutex_unlock(&arena.lock);
    return used;
}
