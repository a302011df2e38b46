/* The tree against the vectors of the Certificate Transparency reference (its eight leaves, roots
 * and paths, RFC 6962 = RFC 9162 hashing), and its proofs against its own roots for all small
 * sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/internal.h"
#include "base/text.h"

enum { LEAVES = 8, MANY = 70 };

static const char *const leaves_hex[LEAVES] = {"",
                                               "00",
                                               "10",
                                               "2021",
                                               "3031",
                                               "40414243",
                                               "5051525354555657",
                                               "606162636465666768696a6b6c6d6e6f"};

static const char *const roots_hex[LEAVES + 1] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

#define H96 "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
#define H5F "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define H6B "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
#define HBC "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
#define HCA "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
#define HD3 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
#define H6E "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define HFA "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
#define H0E "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"

static const struct {
    uint64_t leaf, size; /* the leaf counts from 1 */
    const char *path[4];
} inclusions[] = {
    {1, 1, {NULL}}, {1, 8, {H96, H5F, H6B}}, {6, 8, {HBC, HCA, HD3}},
    {3, 3, {HFA}},  {2, 5, {H6E, H5F, HBC}},
};

static const struct {
    uint64_t from, to;
    const char *path[4];
} consistencies[] = {
    {1, 1, {NULL}},
    {1, 8, {H96, H5F, H6B}},
    {6, 8, {H0E, HCA, HD3}},
    {2, 5, {H5F, HBC}},
};

/* Leaf hashes of a tree in memory, as a source. */
struct leaves {
    uint8_t hash[MANY][AUDIT_HASH];
};

static int leaves_full(void *ctx, unsigned level, uint64_t place, uint8_t out[AUDIT_HASH])
{
    const struct leaves *l = ctx;
    struct tree t = {.size = 0};

    for (uint64_t i = 0; i < 1ULL << level; i++)
        assert_int_equal(tree_append(&t, l->hash[(place << level) + i], NULL, NULL), 0);
    tree_root(&t, out);
    return 0;
}

static void hex_is(const uint8_t *hash, const char *hex)
{
    char text[SK_HEX_SIZE(AUDIT_HASH)];

    sk_hex_encode(text, hash, AUDIT_HASH);
    assert_string_equal(text, hex);
}

static void reference_leaves(struct leaves *l)
{
    uint8_t data[32];
    size_t len;

    for (int i = 0; i < LEAVES; i++) {
        assert_int_equal(
            sk_hex_decode(data, sizeof(data), &len, leaves_hex[i], strlen(leaves_hex[i])), 0);
        tree_leaf_hash(l->hash[i], data, len);
    }
}

static void test_reference_roots(void **state)
{
    struct leaves l;
    struct tree t = {.size = 0};
    uint8_t root[AUDIT_HASH];

    (void)state;
    reference_leaves(&l);
    for (int i = 0; i <= LEAVES; i++) {
        tree_root(&t, root);
        hex_is(root, roots_hex[i]);
        if (i < LEAVES)
            assert_int_equal(tree_append(&t, l.hash[i], NULL, NULL), 0);
    }
}

static void path_is(const struct tree_path *path, const char *const want[4])
{
    size_t count = 0;

    while (count < 4 && want[count])
        count++;
    assert_int_equal(path->count, count);
    for (size_t i = 0; i < count; i++)
        hex_is(path->hash[i], want[i]);
}

static void test_reference_paths(void **state)
{
    struct leaves l;
    struct tree_source src = {leaves_full, &l};
    struct tree_path path;

    (void)state;
    reference_leaves(&l);
    for (size_t i = 0; i < sizeof(inclusions) / sizeof(inclusions[0]); i++) {
        assert_int_equal(tree_inclusion(&src, inclusions[i].leaf - 1, inclusions[i].size, &path),
                         0);
        path_is(&path, inclusions[i].path);
    }
    for (size_t i = 0; i < sizeof(consistencies) / sizeof(consistencies[0]); i++) {
        assert_int_equal(tree_consistency(&src, consistencies[i].from, consistencies[i].to, &path),
                         0);
        path_is(&path, consistencies[i].path);
    }
}

static void many_make(struct leaves *l, uint8_t roots[MANY + 1][AUDIT_HASH])
{
    struct tree t = {.size = 0};

    tree_root(&t, roots[0]);
    for (uint8_t i = 0; i < MANY; i++) {
        tree_leaf_hash(l->hash[i], &i, 1);
        assert_int_equal(tree_append(&t, l->hash[i], NULL, NULL), 0);
        tree_root(&t, roots[i + 1]);
    }
}

/* Every proof of every size holds, and none with one bit changed, one hash less or another place.
 */
static void test_every_inclusion(void **state)
{
    static struct leaves l;
    static uint8_t roots[MANY + 1][AUDIT_HASH];
    struct tree_source src = {leaves_full, &l};
    struct tree_path p;

    (void)state;
    many_make(&l, roots);
    for (uint64_t n = 1; n <= MANY; n++)
        for (uint64_t i = 0; i < n; i++) {
            assert_int_equal(tree_inclusion(&src, i, n, &p), 0);
            assert_int_equal(tree_inclusion_check(&p, i, n, l.hash[i], roots[n]), 0);
            assert_int_not_equal(tree_inclusion_check(&p, i, n, l.hash[(i + 1) % MANY], roots[n]),
                                 0);
            assert_int_not_equal(tree_inclusion_check(&p, n, n, l.hash[i], roots[n]), 0);
            if (!p.count)
                continue;
            p.hash[(i + n) % p.count][i % AUDIT_HASH] ^= 1;
            assert_int_not_equal(tree_inclusion_check(&p, i, n, l.hash[i], roots[n]), 0);
            p.hash[(i + n) % p.count][i % AUDIT_HASH] ^= 1;
            p.count--;
            assert_int_not_equal(tree_inclusion_check(&p, i, n, l.hash[i], roots[n]), 0);
        }
}

static void test_every_consistency(void **state)
{
    static struct leaves l;
    static uint8_t roots[MANY + 1][AUDIT_HASH];
    struct tree_source src = {leaves_full, &l};
    struct tree_path p;

    (void)state;
    many_make(&l, roots);
    for (uint64_t n = 1; n <= MANY; n++)
        for (uint64_t m = 1; m <= n; m++) {
            assert_int_equal(tree_consistency(&src, m, n, &p), 0);
            assert_int_equal(tree_consistency_check(&p, m, n, roots[m], roots[n]), 0);
            assert_int_not_equal(tree_consistency_check(&p, m, n, roots[m - 1], roots[n]), 0);
            if (!p.count)
                continue;
            p.hash[(m + n) % p.count][m % AUDIT_HASH] ^= 1;
            assert_int_not_equal(tree_consistency_check(&p, m, n, roots[m], roots[n]), 0);
        }
}

static void test_out_of_range(void **state)
{
    struct leaves l;
    struct tree_source src = {leaves_full, &l};
    struct tree_path p;
    uint8_t root[AUDIT_HASH];

    (void)state;
    reference_leaves(&l);
    assert_int_equal(tree_inclusion(&src, 8, 8, &p), -SK_EINVAL);
    assert_int_equal(tree_inclusion(&src, 0, 0, &p), -SK_EINVAL);
    assert_int_equal(tree_consistency(&src, 0, 8, &p), -SK_EINVAL);
    assert_int_equal(tree_consistency(&src, 8, 7, &p), -SK_EINVAL);
    assert_int_equal(tree_span_root(&src, 3, 3, root), -SK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_roots), cmocka_unit_test(test_reference_paths),
        cmocka_unit_test(test_every_inclusion), cmocka_unit_test(test_every_consistency),
        cmocka_unit_test(test_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
