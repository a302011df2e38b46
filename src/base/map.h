/* A hash map from a byte key to a pointer, with a seed of its own in each map, so
 * a peer that chooses keys cannot aim at one bucket. Not thread-safe: the owner locks. */
#ifndef SK_BASE_MAP_H
#define SK_BASE_MAP_H

#include <stddef.h>

#include "base/err.h"

struct sk_map;

/* An empty map whose keys are all `key_len` bytes, or any length when 0. */
struct sk_map *sk_map_new(size_t key_len);

/* Frees the map, not the values. NULL is fine. */
void sk_map_free(struct sk_map *m);

/* Value of the key or NULL. */
void *sk_map_find(const struct sk_map *m, const void *key, size_t len);

/* Store `value` (not NULL) under the key, which is copied; the former value is returned, or NULL.
 */
void *sk_map_put(struct sk_map *m, const void *key, size_t len, void *value);

/* Take the key out; its value, or NULL. */
void *sk_map_remove(struct sk_map *m, const void *key, size_t len);

size_t sk_map_count(const struct sk_map *m);

/* Walk all entries in no order: start with `*pos` = 0; NULL at the end. Removing the entry just
 * returned is allowed, adding is not. */
void *sk_map_next(const struct sk_map *m, size_t *pos);

#endif
