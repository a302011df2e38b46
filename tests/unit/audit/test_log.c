/* Rows in a real store: gapless, chained, undone with what they record; heads that are signed; and
 * a verifier that names the row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/internal.h"
#include "base/asset.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"

enum { ROWS = 700 }; /* two kept nodes of 256 and a ragged end */

static char dir[] = "/tmp/skep-audit-XXXXXX";
static struct store *store;

static int setup(void **state)
{
    static const struct store_schema schema = {.room = "audit"};
    static const struct store_schema *const schemas[] = {&schema};
    const struct store_opts opts = {.dir = dir,
                                    .file = "core.db",
                                    .durability = STORE_NORMAL,
                                    .schemas = schemas,
                                    .schema_count = 1};

    (void)state;
    assert_non_null(mkdtemp(dir));
    asset_dev_root(".", NULL);
    assert_int_equal(tls_init(), 0);
    assert_int_equal(store_open(&store, &opts, NULL), 0);
    audit_seam_fill();
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"core.db",         "core.db-wal", "core.db-shm",
                                        "core.db.lock",    "audit/key",   "audit/key.pem",
                                        "audit/heads.log", "audit"};
    (void)state;
    store_close(store);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = sk_path_join(dir, names[i]);
        remove(path);
        free(path);
    }
    return rmdir(dir);
}

/* ---- appending ------------------------------------------------------------------------------- */

struct batch {
    int count, result;
    const char *action;
};

static int batch_write(struct store_tx *tx, void *ctx)
{
    const struct batch *b = ctx;
    int err = 0;

    for (int i = 0; !err && i < b->count; i++)
        err =
            audit_record(tx, AUDIT(.at_ms = 1700000000000 + i, .actor_kind = "account",
                                   .actor = "7q2f", .action = b->action, .object_kind = "device",
                                   .object = "c4m", .source = "192.0.2.7", .detail = "{\"n\":1}"));
    return err ? err : b->result;
}

static int append(int count, int result)
{
    struct batch b = {count, result, "test.done"};

    return store_write(store, batch_write, &b);
}

struct tip {
    struct tree tree;
    uint8_t last[AUDIT_HASH];
};

static int tip_read(struct store_tx *tx, void *ctx)
{
    struct tip *t = ctx;

    return log_tree(tx, &t->tree, t->last);
}

static struct tip tip_now(void)
{
    struct tip t;

    assert_int_equal(store_read(store, tip_read, &t), 0);
    return t;
}

static void test_undone_leaves_no_gap(void **state)
{
    (void)state;
    assert_int_equal(append(1, 0), 0);
    assert_int_equal(append(5, -SK_ECONFLICT), -SK_ECONFLICT);
    assert_int_equal(append(1, 0), 0);
    assert_int_equal(tip_now().tree.size, 2);
}

static void test_bounds(void **state)
{
    char long_text[AUDIT_DETAIL_MAX + 2];
    struct audit_row row;
    struct audit_entry e = {.action = "a.b", .detail = long_text};
    uint8_t bytes[ROW_BYTES_MAX];

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    long_text[AUDIT_DETAIL_MAX + 1] = '\0';
    assert_int_equal(row_fill(&row, &e), -SK_EINTERNAL);
    long_text[AUDIT_DETAIL_MAX] = '\0';
    assert_int_equal(row_fill(&row, &e), 0);
    assert_string_equal(row.result, "done");
    assert_int_equal(row_encode(bytes, &row), 1 + 16 + 32 + 9 * 4 + 3 + 4 + AUDIT_DETAIL_MAX);
    e.action = NULL;
    assert_int_equal(row_fill(&row, &e), -SK_EINTERNAL);
}

/* The layout is a promise to every verifier: this row's bytes were laid out by hand. */
static void test_encoding(void **state)
{
    static const char want[] = "01"
                               "0000000000000002"
                               "0000018bcfe56800"
                               "0101010101010101010101010101010101010101010101010101010101010101"
                               "00000003"
                               "626f78"
                               "00000000"
                               "00000000"
                               "0000000b"
                               "626f782e73746172746564"
                               "00000003"
                               "626f78"
                               "00000000"
                               "00000004"
                               "646f6e65"
                               "00000000"
                               "00000002"
                               "7b7d";
    struct audit_row row;
    uint8_t bytes[ROW_BYTES_MAX];
    char hex[SK_HEX_SIZE(ROW_BYTES_MAX)];

    (void)state;
    assert_int_equal(
        row_fill(&row, AUDIT(.at_ms = 1700000000000, .actor_kind = "box", .action = "box.started",
                             .object_kind = "box", .detail = "{}")),
        0);
    row.seq = 2;
    memset(row.prev, 1, sizeof(row.prev));
    sk_hex_encode(hex, bytes, row_encode(bytes, &row));
    assert_string_equal(hex, want);
}

/* ---- proofs over the store ------------------------------------------------------------------- */

struct proofs {
    uint8_t leaf[ROWS][AUDIT_HASH], root[ROWS + 1][AUDIT_HASH];
    struct tree tree;
};

static int leaf_take(void *ctx, const struct audit_row *row)
{
    struct proofs *p = ctx;

    assert_int_equal(row->seq, p->tree.size + 1);
    memcpy(p->leaf[p->tree.size], row->hash, AUDIT_HASH);
    assert_int_equal(tree_append(&p->tree, row->hash, NULL, NULL), 0);
    tree_root(&p->tree, p->root[p->tree.size]);
    return 0;
}

static int proofs_read(struct store_tx *tx, void *ctx)
{
    struct proofs *p = ctx;
    struct tree_source src = log_source(tx);
    struct tree_path path;
    uint8_t root[AUDIT_HASH];

    assert_int_equal(log_span(tx, 1, ROWS, leaf_take, p), 0);
    assert_int_equal(p->tree.size, ROWS);
    for (uint64_t n = 1; n <= ROWS; n += 37) {
        assert_int_equal(tree_span_root(&src, 0, n, root), 0);
        assert_memory_equal(root, p->root[n], AUDIT_HASH);
        for (uint64_t i = n / 2; i < n; i += 53) {
            assert_int_equal(tree_inclusion(&src, i, n, &path), 0);
            assert_int_equal(tree_inclusion_check(&path, i, n, p->leaf[i], p->root[n]), 0);
        }
        assert_int_equal(tree_consistency(&src, n, ROWS, &path), 0);
        assert_int_equal(tree_consistency_check(&path, n, ROWS, p->root[n], p->root[ROWS]), 0);
    }
    return 0;
}

static void test_proofs(void **state)
{
    static struct proofs p;
    int have = (int)tip_now().tree.size;

    (void)state;
    assert_int_equal(append(ROWS - have, 0), 0);
    assert_int_equal(store_read(store, proofs_read, &p), 0);
}

static int find_count(void *ctx, const struct audit_row *row)
{
    uint64_t *last = ctx;

    assert_true(!*last || row->seq < *last);
    *last = row->seq;
    return 0;
}

struct find {
    struct log_filter f;
    uint64_t last;
};

static int find_read(struct store_tx *tx, void *ctx)
{
    struct find *find = ctx;

    find->last = 0;
    return log_find(tx, &find->f, find_count, &find->last);
}

static uint64_t found(const char *actor, const char *action, const char *object, uint64_t before)
{
    struct find find = {{.actor = actor,
                         .action = action,
                         .object = object,
                         .session = "",
                         .result = "",
                         .organization = "",
                         .to_ms = INT64_MAX,
                         .before = before,
                         .limit = 10},
                        0};

    assert_int_equal(store_read(store, find_read, &find), 0);
    return find.last;
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(found("", "", "", ROWS + 1), ROWS - 9);
    assert_int_equal(found("7q2f", "test.", "device", 6), 1);
    assert_int_equal(found("account", "test.done", "c4m", 2), 1);
    assert_int_equal(found("7q2", "", "", ROWS), 0);
    assert_int_equal(found("", "tes", "", ROWS), 0); /* no group without its dot */
    assert_int_equal(found("", "test.don", "", ROWS), 0);
}

/* ---- heads and verification ------------------------------------------------------------------ */

static void head_make(struct audit_head *head, const struct head_key *key, const struct tree *tree)
{
    *head = (struct audit_head){.size = tree->size, .at_ms = 1700000000000};
    tree_root(tree, head->root);
    assert_int_equal(head_sign(head, key), 0);
}

static void test_head(void **state)
{
    struct head_key key, public_key = {.id = {0}};
    struct audit_head head, again;
    struct tip tip = tip_now();
    char *pem = sk_path_join(dir, "audit/key.pem");
    int made;

    (void)state;
    assert_int_equal(head_key_load(&key, dir, NULL), -SK_ENOTFOUND);
    assert_int_equal(head_key_load(&key, dir, &made), 0);
    assert_int_equal(made, 1);
    assert_int_equal(head_key_load(&key, dir, &made), 0);
    assert_int_equal(made, 0);
    head_make(&head, &key, &tip.tree);
    assert_int_equal(head_public_read(&public_key, pem), 0);
    json_t *v = head_json(&head);
    char *text = sk_json_text(v, NULL);
    assert_int_equal(head_parse(&again, text, strlen(text)), 0);
    assert_int_equal(head_check(&again, &public_key), 0);
    again.size++;
    assert_int_equal(head_check(&again, &public_key), -SK_ECRYPTO);
    again = head;
    again.root[3] ^= 4;
    assert_int_equal(head_check(&again, &public_key), -SK_ECRYPTO);
    free(text);
    json_decref(v);
    free(pem);
}

static struct audit_row rows[ROWS];

static int row_copy(void *ctx, const struct audit_row *row)
{
    size_t *n = ctx;

    rows[(*n)++] = *row;
    return 0;
}

static int rows_read(struct store_tx *tx, void *ctx)
{
    return log_span(tx, 1, ROWS, row_copy, ctx);
}

static struct audit_verdict verdict_of(const struct audit_row *list, size_t count,
                                       const struct audit_head *heads, size_t head_count)
{
    struct verifier vf = {.heads = heads, .head_count = head_count};

    for (size_t i = 0; i < count; i++)
        verifier_row(&vf, &list[i]);
    verifier_end(&vf);
    return vf.v;
}

/* Make all rows from `first` on anew, as somebody with the code but without the key would. */
static void rehash(size_t first)
{
    for (size_t i = first; i < ROWS; i++) {
        if (i)
            memcpy(rows[i].prev, rows[i - 1].hash, AUDIT_HASH);
        row_hash(rows[i].hash, &rows[i]);
    }
}

static void test_verify(void **state)
{
    struct audit_verdict v;
    struct audit_head heads[2];
    struct head_key key;
    struct tree tree = {.size = 0};
    size_t n = 0;
    int made;

    (void)state;
    assert_int_equal(store_read(store, rows_read, &n), 0);
    assert_int_equal(n, ROWS);
    assert_int_equal(head_key_load(&key, dir, &made), 0);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(tree_append(&tree, rows[i].hash, NULL, NULL), 0);
        if (i + 1 == 300 || i + 1 == ROWS)
            head_make(&heads[i + 1 == ROWS], &key, &tree);
    }
    v = verdict_of(rows, ROWS, heads, 2);
    assert_int_equal(v.fault, AUDIT_WHOLE);
    assert_int_equal(v.whole, ROWS);
    assert_int_equal(v.heads, 2);

    v = verdict_of(rows, ROWS - 1, heads, 2);
    assert_int_equal(v.fault, AUDIT_TRUNCATED);
    assert_int_equal(v.first, ROWS);
    v = verdict_of(rows, ROWS - 1, NULL, 0);
    assert_int_equal(v.fault, AUDIT_WHOLE); /* nobody could know */

    struct audit_row kept = rows[416];
    rows[416] = rows[417];
    v = verdict_of(rows, ROWS, heads, 2);
    assert_int_equal(v.fault, AUDIT_MISSING);
    assert_int_equal(v.first, 417);
    rows[416] = kept;
    rows[416].at_ms++;
    v = verdict_of(rows, ROWS, heads, 2);
    assert_int_equal(v.fault, AUDIT_EDITED);
    assert_int_equal(v.first, 417);
    row_hash(rows[416].hash, &rows[416]);
    v = verdict_of(rows, ROWS, heads, 2);
    assert_int_equal(v.fault, AUDIT_UNCHAINED);
    assert_int_equal(v.first, 418);
    rehash(417);
    v = verdict_of(rows, ROWS, heads, 2);
    assert_int_equal(v.fault, AUDIT_REWRITTEN);
    assert_int_equal(v.first, 301);
    assert_int_equal(v.last, ROWS);
}

static void test_verify_store(void **state)
{
    struct audit_verdict v;
    struct audit_head head;
    struct head_key key;
    struct tip tip = tip_now();
    int made, fd;

    (void)state;
    assert_int_equal(head_key_load(&key, dir, &made), 0);
    head_make(&head, &key, &tip.tree);
    assert_int_equal(head_file_open(dir, &fd), 0);
    json_t *j = head_json(&head);
    char *text = sk_json_text(j, NULL);
    assert_int_equal(head_line_write(fd, text, strlen(text)), 0);
    close(fd);
    free(text);
    json_decref(j);
    assert_int_equal(audit_verify_store(store, dir, &v), 0);
    assert_int_equal(v.fault, AUDIT_WHOLE);
    assert_int_equal(v.heads, 1);
    assert_memory_equal(v.root, head.root, AUDIT_HASH);
}

static int line_check(void *ctx, const char *text, size_t len)
{
    uint64_t *seq = ctx;
    struct audit_row row;
    uint8_t hash[AUDIT_HASH];

    assert_int_equal(row_parse(&row, text, len), 0);
    assert_int_equal(row.seq, ++*seq);
    row_hash(hash, &row);
    assert_memory_equal(hash, row.hash, AUDIT_HASH);
    return 0;
}

static void test_export(void **state)
{
    uint64_t seq = 0;
    struct audit_row row;

    (void)state;
    assert_int_equal(audit_export(store, line_check, &seq), 0);
    assert_int_equal(seq, ROWS);
    assert_int_equal(row_parse(&row, "{}", 2), -SK_EINVAL);
    assert_int_equal(row_parse(&row, "[1]", 3), -SK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undone_leaves_no_gap),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_verify_store),
        cmocka_unit_test(test_export),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
