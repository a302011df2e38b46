/* Sees lists of names and passwords being tried: many accounts with wrong passwords within a
 * minute, from one network or from everywhere. Distinct names are counted by a bitmap (linear
 * counting), so memory does not grow with the list. Counts end at their maximum; time only goes on.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "account/gate.h"
#include "base/map.h"
#include "base/sys.h"

enum {
    BITS_PREFIX = 256,
    BITS_ALL = 8192,
    PREFIX_FAILED = 10,
    PREFIX_NAMES = 8,
    ALL_FAILED = 60,
    ALL_NAMES = 30,
    ALL_LISTED = 20
};

/* What was seen within one window. */
struct view {
    int64_t began_ms, until_ms; /* until: how long the verdict holds */
    uint32_t failed, listed, right;
};

struct cell {
    uint8_t key[THROTTLE_KEY_BYTES];
    struct view view;
    uint8_t names[BITS_PREFIX / 8];
};

struct stuffing {
    struct view view;
    uint8_t names[BITS_ALL / 8];
    struct sk_map *by_prefix;
};

struct stuffing *stuffing_new(void)
{
    struct stuffing *s = sk_alloc(sizeof(*s));

    s->by_prefix = sk_map_new(THROTTLE_KEY_BYTES);
    return s;
}

void stuffing_free(struct stuffing *s)
{
    struct cell *c;

    if (!s)
        return;
    for (size_t pos = 0; (c = sk_map_next(s->by_prefix, &pos));)
        free(c);
    sk_map_free(s->by_prefix);
    free(s);
}

static void name_add(uint8_t *names, unsigned bits, const uint8_t name[THROTTLE_KEY_BYTES])
{
    unsigned at = (unsigned)(name[0] << 8 | name[1]) % bits;

    names[at / 8] = (uint8_t)(names[at / 8] | 1u << at % 8);
}

/* n = -m ln(zeros / m) (Whang 1990). */
static double names_count(const uint8_t *names, unsigned bits)
{
    unsigned zeros = 0;

    for (unsigned i = 0; i < bits; i++)
        zeros += !(names[i / 8] >> i % 8 & 1);
    return zeros ? -(double)bits * log((double)zeros / bits) : 1e9;
}

static void count_up(uint32_t *n)
{
    if (*n < UINT32_MAX)
        ++*n;
}

static void view_add(struct view *v, uint8_t *names, unsigned bits,
                     const uint8_t name[THROTTLE_KEY_BYTES], int was_right, int is_listed,
                     int64_t now_ms)
{
    if (now_ms - v->began_ms >= STUFFING_WINDOW_MS) {
        memset(names, 0, bits / 8);
        v->failed = v->listed = v->right = 0;
        v->began_ms = now_ms;
    }
    if (was_right) {
        count_up(&v->right);
        return;
    }
    count_up(&v->failed);
    if (is_listed)
        count_up(&v->listed);
    name_add(names, bits, name);
}

static void sweep(struct stuffing *s, int64_t now_ms)
{
    struct cell *c;

    for (size_t pos = 0; (c = sk_map_next(s->by_prefix, &pos));)
        if (now_ms >= c->view.until_ms && now_ms - c->view.began_ms >= STUFFING_WINDOW_MS) {
            sk_map_remove(s->by_prefix, c->key, sizeof(c->key));
            free(c);
        }
}

static struct cell *cell_need(struct stuffing *s, const uint8_t *prefix, int64_t now_ms)
{
    struct cell *c = sk_map_find(s->by_prefix, prefix, THROTTLE_KEY_BYTES);

    if (c)
        return c;
    if (sk_map_count(s->by_prefix) >= STUFFING_PREFIXES_MAX)
        sweep(s, now_ms);
    if (sk_map_count(s->by_prefix) >= STUFFING_PREFIXES_MAX)
        return NULL; /* that many at once are seen by the view of all */
    c = sk_alloc(sizeof(*c));
    memcpy(c->key, prefix, sizeof(c->key));
    c->view.began_ms = now_ms;
    sk_map_put(s->by_prefix, prefix, THROTTLE_KEY_BYTES, c);
    return c;
}

void stuffing_note(struct stuffing *s, const uint8_t prefix[THROTTLE_KEY_BYTES],
                   const uint8_t name[THROTTLE_KEY_BYTES], int was_right, int is_listed,
                   int64_t now_ms)
{
    struct view *all = &s->view;
    struct cell *c = cell_need(s, prefix, now_ms);

    view_add(all, s->names, BITS_ALL, name, was_right, is_listed, now_ms);
    if (all->failed >= ALL_FAILED && all->failed >= 2 * (uint64_t)all->right &&
        names_count(s->names, BITS_ALL) >= ALL_NAMES)
        all->until_ms = now_ms + STUFFING_HOLDS_MS;
    if (all->listed >= ALL_LISTED && 2 * (uint64_t)all->listed >= all->failed)
        all->until_ms = now_ms + STUFFING_HOLDS_MS;
    if (!c)
        return;
    view_add(&c->view, c->names, BITS_PREFIX, name, was_right, is_listed, now_ms);
    if (c->view.failed >= PREFIX_FAILED && c->view.failed >= 2 * (uint64_t)c->view.right &&
        names_count(c->names, BITS_PREFIX) >= PREFIX_NAMES)
        c->view.until_ms = now_ms + STUFFING_HOLDS_MS;
}

int stuffing_is_from(struct stuffing *s, const uint8_t prefix[THROTTLE_KEY_BYTES], int64_t now_ms)
{
    const struct cell *c = sk_map_find(s->by_prefix, prefix, THROTTLE_KEY_BYTES);

    return c && now_ms < c->view.until_ms;
}

int stuffing_is_on(const struct stuffing *s, int64_t now_ms)
{
    return now_ms < s->view.until_ms;
}
