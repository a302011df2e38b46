/* The Merkle tree of RFC 9162 section 2.1: leaf = SHA-256(00 || data), node = SHA-256(01 || left ||
 * right), split at the largest power of two below the number of leaves. Pure; any thread. */
#include <string.h>

#include "audit/internal.h"
#include "base/sys.h"
#include "crypto/hash.h"

void tree_leaf_hash(uint8_t out[AUDIT_HASH], const void *data, size_t len)
{
    const struct crypto_part parts[] = {{"\0", 1}, {data, len}};

    crypto_sha256_parts(out, parts, 2);
}

void tree_node_hash(uint8_t out[AUDIT_HASH], const uint8_t *left, const uint8_t *right)
{
    const struct crypto_part parts[] = {{"\1", 1}, {left, AUDIT_HASH}, {right, AUDIT_HASH}};

    crypto_sha256_parts(out, parts, 3);
}

size_t tree_edge_count(uint64_t size)
{
    return (size_t)__builtin_popcountll(size);
}

int tree_append(struct tree *t, const uint8_t leaf[AUDIT_HASH],
                int (*full)(void *ctx, unsigned level, uint64_t place,
                            const uint8_t hash[AUDIT_HASH]),
                void *ctx)
{
    size_t count = tree_edge_count(t->size);
    uint8_t hash[AUDIT_HASH];
    unsigned level = 0;
    int err = 0;

    SK_ASSERT(t->size < UINT64_MAX >> 1);
    memcpy(hash, leaf, AUDIT_HASH);
    /* As adding one in binary: each low bit that is set joins its subtree to the new one. */
    for (uint64_t rest = t->size; !err && (rest & 1); rest >>= 1) {
        tree_node_hash(hash, t->edge[--count], hash);
        level++;
        if (full)
            err = full(ctx, level, t->size >> level, hash);
    }
    memcpy(t->edge[count], hash, AUDIT_HASH);
    t->size++;
    return err;
}

void tree_root(const struct tree *t, uint8_t out[AUDIT_HASH])
{
    size_t count = tree_edge_count(t->size);

    if (!count) {
        crypto_sha256(out, NULL, 0);
        return;
    }
    memcpy(out, t->edge[count - 1], AUDIT_HASH);
    for (size_t i = count - 1; i > 0; i--)
        tree_node_hash(out, t->edge[i - 1], out);
}

/* ---- proofs ---------------------------------------------------------------------------------- */

/* The largest power of two below n (n > 1). */
static uint64_t split_of(uint64_t n)
{
    return 1ULL << (63 - __builtin_clzll(n - 1));
}

static unsigned level_of(uint64_t n)
{
    return (unsigned)__builtin_ctzll(n);
}

int tree_span_root(const struct tree_source *src, uint64_t first, uint64_t end,
                   uint8_t out[AUDIT_HASH])
{
    uint64_t n = end - first;
    uint8_t right[AUDIT_HASH];

    if (end <= first)
        return -SK_EINVAL;
    if ((n & (n - 1)) == 0 && (first & (n - 1)) == 0)
        return src->full(src->ctx, level_of(n), first >> level_of(n), out);
    uint64_t k = split_of(n);
    int err = tree_span_root(src, first, first + k, out);
    if (!err)
        err = tree_span_root(src, first + k, end, right);
    if (!err)
        tree_node_hash(out, out, right);
    return err;
}

static int path_add(struct tree_path *p, const struct tree_source *src, uint64_t first,
                    uint64_t end)
{
    SK_ASSERT(p->count < TREE_PATH_MAX);
    return tree_span_root(src, first, end, p->hash[p->count++]);
}

static void path_reverse(struct tree_path *p)
{
    uint8_t swap[AUDIT_HASH];

    for (size_t i = 0, k = p->count; i + 1 < k; i++) {
        k--;
        memcpy(swap, p->hash[i], AUDIT_HASH);
        memcpy(p->hash[i], p->hash[k], AUDIT_HASH);
        memcpy(p->hash[k], swap, AUDIT_HASH);
    }
}

/* Walk down from the root; the RFC lists the path from the leaf up. */
int tree_inclusion(const struct tree_source *src, uint64_t index, uint64_t size,
                   struct tree_path *out)
{
    uint64_t first = 0, end = size;
    int err = index < size ? 0 : -SK_EINVAL;

    out->count = 0;
    while (!err && end - first > 1) {
        uint64_t middle = first + split_of(end - first);
        if (index < middle) {
            err = path_add(out, src, middle, end);
            end = middle;
        } else {
            err = path_add(out, src, first, middle);
            first = middle;
        }
    }
    path_reverse(out);
    return err;
}

int tree_consistency(const struct tree_source *src, uint64_t from, uint64_t to,
                     struct tree_path *out)
{
    uint64_t first = 0, end = to;
    int is_whole = 1; /* the old tree is still a subtree of its own: its root is known */
    int err = from > 0 && from <= to ? 0 : -SK_EINVAL;

    out->count = 0;
    while (!err && from < end) {
        uint64_t middle = first + split_of(end - first);
        if (from <= middle) {
            err = path_add(out, src, middle, end);
            end = middle;
        } else {
            err = path_add(out, src, first, middle);
            first = middle;
            is_whole = 0;
        }
    }
    if (!err && !is_whole)
        err = path_add(out, src, first, end);
    path_reverse(out);
    return err;
}

/* ---- verification, word for word after the RFC ----------------------------------------------- */

int tree_inclusion_check(const struct tree_path *path, uint64_t index, uint64_t size,
                         const uint8_t leaf[AUDIT_HASH], const uint8_t root[AUDIT_HASH])
{
    uint64_t fn = index, sn = size - 1;
    uint8_t r[AUDIT_HASH];

    if (index >= size)
        return -SK_ECRYPTO;
    memcpy(r, leaf, AUDIT_HASH);
    for (size_t i = 0; i < path->count; i++) {
        if (sn == 0)
            return -SK_ECRYPTO;
        if ((fn & 1) || fn == sn) {
            tree_node_hash(r, path->hash[i], r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tree_node_hash(r, r, path->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && sk_equal_ct(r, root, AUDIT_HASH) ? 0 : -SK_ECRYPTO;
}

int tree_consistency_check(const struct tree_path *path, uint64_t from, uint64_t to,
                           const uint8_t from_root[AUDIT_HASH], const uint8_t to_root[AUDIT_HASH])
{
    uint64_t fn = from - 1, sn = to - 1;
    uint8_t fr[AUDIT_HASH], sr[AUDIT_HASH];
    int has_root = from > 0 && (from & (from - 1)) == 0; /* a power of two: prepend the root */
    size_t i = 0;

    if (from == 0 || from > to)
        return -SK_ECRYPTO;
    if (from == to)
        return path->count == 0 && sk_equal_ct(from_root, to_root, AUDIT_HASH) ? 0 : -SK_ECRYPTO;
    if (!has_root && path->count == 0)
        return -SK_ECRYPTO;
    memcpy(fr, has_root ? from_root : path->hash[i++], AUDIT_HASH);
    memcpy(sr, fr, AUDIT_HASH);
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    for (; i < path->count; i++) {
        if (sn == 0)
            return -SK_ECRYPTO;
        if ((fn & 1) || fn == sn) {
            tree_node_hash(fr, path->hash[i], fr);
            tree_node_hash(sr, path->hash[i], sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tree_node_hash(sr, sr, path->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && sk_equal_ct(fr, from_root, AUDIT_HASH) && sk_equal_ct(sr, to_root, AUDIT_HASH)
               ? 0
               : -SK_ECRYPTO;
}
