/* Named statements: binding by name, bounds, misuse, and rows. */
#include "tests/unit/store/helper.h"

static struct lab lab;

static int setup(void **state)
{
    (void)state;
    lab_init(&lab);
    assert_int_equal(lab_open(&lab), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

struct seen {
    char name[64];
    uint8_t data[8];
    int64_t size;
    size_t rows, stop_at;
    int data_null;
};

static int seen_get(void *ctx, const struct store_row *row)
{
    struct seen *s = ctx;

    assert_int_equal(store_row_copy(row, 0, s->name, sizeof(s->name)), 0);
    s->data_null = store_row_is_null(row, 1);
    if (!s->data_null)
        assert_int_equal(store_row_bin(row, 1, s->data, sizeof(s->data)), 0);
    s->size = store_row_int(row, 2);
    return 0;
}

static int add_named(struct store_tx *tx, void *ctx)
{
    (void)ctx;
    /* In another order than in the text: the name decides. */
    return store_exec(tx, "lab_item_add",
                      STORE_ARGS(store_int("size", 7), store_blob("data", "\0\1\2\3\4\5\6\xff", 8),
                                 store_text("name", "Hof, Tor 2 \xe5\xa4\xa7\xe9\x97\xa8"),
                                 store_int("id", INT64_MAX)),
                      NULL);
}

static int get_named(struct store_tx *tx, void *ctx)
{
    return store_one(tx, "lab_item_get", STORE_ARGS(store_int("1", INT64_MAX)), seen_get, ctx);
}

static void test_values_go_in_and_out_by_name(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(store_write(lab.store, add_named, NULL), 0);
    assert_int_equal(store_read(lab.store, get_named, &seen), 0);
    assert_string_equal(seen.name, "Hof, Tor 2 \xe5\xa4\xa7\xe9\x97\xa8");
    assert_memory_equal(seen.data, "\0\1\2\3\4\5\6\xff", 8);
    assert_int_equal(seen.size, 7);
    assert_int_equal(lab_add(&lab, 1), 0);
}

struct misuse {
    const char *name;
    const struct store_arg *args;
    int kind; /* 0 exec, 1 one, 2 many */
    int want;
};

static int misuse_run(struct store_tx *tx, void *ctx)
{
    const struct misuse *m = ctx;

    if (m->kind == 0)
        return store_exec(tx, m->name, m->args, NULL);
    if (m->kind == 1)
        return store_one(tx, m->name, m->args, NULL, NULL);
    return store_many(tx, m->name, m->args, 10, NULL, NULL);
}

static void test_misuse_is_refused(void **state)
{
    const struct misuse rows[] = {
        {"lab_no_such", NULL, 0, -SK_EINTERNAL},
        {"lab_item_get", STORE_ARGS(store_int("1", 1)), 0, -SK_EINTERNAL},  /* kind */
        {"lab_item_count", NULL, 2, -SK_EINTERNAL},                         /* kind */
        {"lab_item_get", NULL, 1, -SK_EINTERNAL},                           /* none given */
        {"lab_item_get", STORE_ARGS(store_int("id", 1)), 1, -SK_EINTERNAL}, /* other name */
        {"lab_item_get", STORE_ARGS(store_int("1", 1), store_int("1", 1)), 1, -SK_EINTERNAL},
        {"lab_item_get", STORE_ARGS(store_int("1", 1), store_int("2", 1)), 1, -SK_EINTERNAL},
        {"lab_item_get", STORE_ARGS(store_textn("1", "a\0b", 3)), 1, -SK_EINVAL},
        {"lab_item_get", STORE_ARGS(store_text("1", "\xc3\x28")), 1, -SK_EINVAL},
        {"lab_item_get", STORE_ARGS(store_int("1", 404)), 1, -SK_ENOTFOUND},
    };

    (void)state;
    sk_log_set_level(SK_LOG_ERROR + 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct misuse m = rows[i];
        assert_int_equal(store_write(lab.store, misuse_run, &m), m.want);
        assert_int_equal(store_read(lab.store, misuse_run, &m), m.want);
    }
    /* Writing statements do not exist on a reader. */
    struct lab_item item = {.id = 5};
    assert_int_equal(store_read(lab.store, item_add, &item), -SK_EINTERNAL);
    sk_log_set_level(SK_LOG_ERROR);
}

static int row_seen(void *ctx, const struct store_row *row)
{
    struct seen *s = ctx;
    (void)row;
    return ++s->rows == s->stop_at ? STORE_STOP : 0;
}

static int row_refuse(void *ctx, const struct store_row *row)
{
    (void)ctx, (void)row;
    return -SK_EGONE;
}

static int list_bounded(struct store_tx *tx, void *ctx)
{
    return store_many(tx, "lab_item_list", NULL, 4, row_seen, ctx);
}

static int list_all(struct store_tx *tx, void *ctx)
{
    return store_many(tx, "lab_item_list", NULL, 5, row_seen, ctx);
}

static int list_refused(struct store_tx *tx, void *ctx)
{
    return store_many(tx, "lab_item_list", NULL, 5, row_refuse, ctx);
}

static int list_nested(struct store_tx *tx, void *ctx);

static int row_nested(void *ctx, const struct store_row *row)
{
    (void)row;
    return list_nested(ctx, NULL);
}

static int list_nested(struct store_tx *tx, void *ctx)
{
    (void)ctx;
    return store_many(tx, "lab_item_list", NULL, 5, row_nested, tx);
}

static void test_rows_are_bounded(void **state)
{
    struct seen seen = {0};

    (void)state;
    for (int64_t id = 1; id <= 5; id++)
        assert_int_equal(lab_add(&lab, id), 0);
    assert_int_equal(store_read(lab.store, list_all, &seen), 0);
    assert_int_equal(seen.rows, 5);
    seen = (struct seen){0};
    assert_int_equal(store_read(lab.store, list_bounded, &seen), -SK_ETOOBIG);
    seen = (struct seen){.stop_at = 2};
    assert_int_equal(store_read(lab.store, list_bounded, &seen), 0);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(store_read(lab.store, list_refused, NULL), -SK_EGONE);
    sk_log_set_level(SK_LOG_ERROR + 1);
    assert_int_equal(store_read(lab.store, list_nested, NULL), -SK_EINTERNAL);
    sk_log_set_level(SK_LOG_ERROR);
}

static int item_take(struct store_tx *tx, void *ctx)
{
    return store_one(tx, "lab_item_take", STORE_ARGS(store_int("id", 3)), row_seen, ctx);
}

static int item_resize(struct store_tx *tx, void *ctx)
{
    return store_exec(tx, "lab_item_resize", STORE_ARGS(store_int("id", 404), store_int("size", 1)),
                      ctx);
}

static void test_returning_and_changes(void **state)
{
    struct seen seen = {.stop_at = 1};
    struct store_stats before, after;
    int64_t changed = 9;

    (void)state;
    for (int64_t id = 1; id <= 3; id++)
        assert_int_equal(lab_add(&lab, id), 0);
    store_stats_get(lab.store, &before);
    assert_int_equal(store_write(lab.store, item_take, &seen), 0);
    assert_int_equal(store_write(lab.store, item_take, &seen), -SK_ENOTFOUND);
    assert_int_equal(store_write(lab.store, item_resize, &changed), 0);
    store_stats_get(lab.store, &after);
    assert_int_equal(changed, 0);
    assert_int_equal(after.rows_changed - before.rows_changed, 1);
    assert_int_equal(lab_count(&lab), 2);
}

static void queries_refused(const char *text, const char *word)
{
    struct store_schema schema = lab_schema;

    lab_close(&lab);
    schema.queries.text = text;
    schema.queries.len = strlen(text);
    lab.schemas[0] = &schema;
    assert_int_equal(lab_open(&lab), -SK_EINVAL);
    if (!strstr(lab_why(&lab), word))
        fail_msg("\"%s\" lacks \"%s\"", lab_why(&lab), word);
    lab.schemas[0] = &lab_schema;
}

static void test_a_bad_statement_stops_the_start(void **state)
{
    (void)state;
    queries_refused("-- name: lab_x :one\nSELECT nosuch FROM lab_item;\n", "lab_x");
    queries_refused("-- name: lab_x :some\nSELECT 1;\n", "lab_x :some");
    queries_refused("-- name: :one\nSELECT 1;\n", "Malformed");
    queries_refused("-- name: lab_x :one more\nSELECT 1;\n", "Malformed");
    queries_refused("-- name: lab_x :exec\nSELECT 1;\n", "returns rows");
    queries_refused("-- name: lab_x :one\nDELETE FROM lab_item;\n", "no rows");
    queries_refused("-- name: lab_x :one\nSELECT 1; SELECT 2;\n", "more than one");
    queries_refused("-- name: lab_x :one\nSELECT ?1;\n", "$name");
    queries_refused("-- name: lab_x :one\nSELECT \"text\";\n", "lab_x"); /* not a string */
    queries_refused("-- name: lab_x :one\n-- nothing\n", "empty");
    queries_refused("-- name: lab_x :one\nSELECT 1;\n-- name: lab_x :one\nSELECT 2;\n", "twice");
    assert_int_equal(lab_open(&lab), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_go_in_and_out_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_misuse_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_returning_and_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_bad_statement_stops_the_start, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
