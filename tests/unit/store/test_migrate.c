/* Migrations: whole or not at all, in order, unchanged afterwards, upgraded == fresh. */
#include "tests/unit/store/helper.h"

static struct lab lab;
static struct store_schema full;

static int setup(void **state)
{
    (void)state;
    lab_init(&lab);
    full = lab_schema;
    full.migrations[1] = (struct store_file)SQL_FILE("002_note.sql", SQL_NOTE);
    full.migrations[2] = (struct store_file)SQL_FILE("003_column.sql", SQL_COLUMN);
    full.migration_count = 3;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static struct sk_buf dump_take(struct lab *l)
{
    struct sk_buf dump;

    sk_buf_init(&dump, 1 << 20);
    assert_int_equal(store_schema_dump(l->store, &dump), 0);
    return dump;
}

static void test_upgraded_equals_fresh(void **state)
{
    struct lab fresh;

    (void)state;
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(lab_add(&lab, 1), 0);
    struct sk_buf old_dump = dump_take(&lab);
    for (size_t steps = 2; steps <= 3; steps++) {
        struct store_schema part = full;
        lab_close(&lab);
        part.migration_count = steps;
        lab.schemas[0] = &part;
        assert_int_equal(lab_open(&lab), 0);
    }
    assert_int_equal(lab_count(&lab), 1);
    lab_init(&fresh);
    fresh.schemas[0] = &full;
    assert_int_equal(lab_open(&fresh), 0);
    struct sk_buf upgraded_dump = dump_take(&lab), fresh_dump = dump_take(&fresh);
    assert_string_equal((char *)upgraded_dump.data, (char *)fresh_dump.data);
    assert_string_not_equal((char *)old_dump.data, (char *)fresh_dump.data);
    assert_non_null(strstr((char *)fresh_dump.data, "lab_note foreign 0.0 item -> lab_item.id"));
    assert_non_null(strstr((char *)fresh_dump.data, "lab_item column made_ms BIGINT notnull=1"));
    lab_fini(&fresh);
    sk_buf_fini(&old_dump);
    sk_buf_fini(&upgraded_dump);
    sk_buf_fini(&fresh_dump);
}

static void test_failed_migration_leaves_nothing(void **state)
{
    struct store_schema broken = full;

    (void)state;
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(lab_add(&lab, 1), 0);
    struct sk_buf before = dump_take(&lab);
    lab_close(&lab);
    broken.migrations[1] = (struct store_file)SQL_FILE(
        "002_broken.sql", "CREATE TABLE lab_half (id BIGINT PRIMARY KEY); DELETE FROM lab_item;"
                          "CREATE TABLE lab_half (id BIGINT PRIMARY KEY);");
    lab.schemas[0] = &broken;
    assert_int_equal(lab_open(&lab), -SK_EINVAL);
    assert_non_null(strstr(lab_why(&lab), "002_broken.sql"));
    lab.schemas[0] = &lab_schema;
    assert_int_equal(lab_open(&lab), 0);
    struct sk_buf after = dump_take(&lab);
    assert_string_equal((char *)before.data, (char *)after.data);
    assert_int_equal(lab_count(&lab), 1);
    sk_buf_fini(&before);
    sk_buf_fini(&after);
}

static void migration_refused(const char *text, const char *word)
{
    struct store_schema broken = full;

    broken.migrations[2].text = text;
    broken.migrations[2].len = strlen(text);
    lab.schemas[0] = &broken;
    assert_int_equal(lab_open(&lab), -SK_EINVAL);
    if (!strstr(lab_why(&lab), word))
        fail_msg("\"%s\" lacks \"%s\"", lab_why(&lab), word);
}

static void test_migration_must_stay_in_its_transaction(void **state)
{
    (void)state;
    migration_refused("COMMIT;", "ends the transaction");
    migration_refused("ROLLBACK;", "ends the transaction");
    migration_refused("BEGIN;", "fails");
    migration_refused("ATTACH DATABASE '/tmp/skep-no-such.db' AS other;", "fails");
    migration_refused("PRAGMA defer_foreign_keys=ON; INSERT INTO lab_note VALUES (1, 404, 'x');",
                      "point to");
    lab.schemas[0] = &full;
    assert_int_equal(lab_open(&lab), 0);
}

static void test_edited_migration_is_refused(void **state)
{
    struct store_schema edited = lab_schema;

    (void)state;
    assert_int_equal(lab_open(&lab), 0);
    lab_close(&lab);
    edited.migrations[0] = (struct store_file)SQL_FILE("001_item.sql", SQL_ITEM " ");
    lab.schemas[0] = &edited;
    assert_int_equal(lab_open(&lab), -SK_EVERSION);
    assert_non_null(strstr(lab_why(&lab), "001_item.sql"));
}

/* The real rooms: every migration runs, every statement prepares, on an empty file. */
static int room_add(void *ctx, const struct asset *a)
{
    struct store_schema *schemas = ctx;
    const char *room = a->path + 4;
    size_t len = strcspn(room, "/"), i = 0;

    while (schemas[i].room &&
           (strlen(schemas[i].room) != len || memcmp(schemas[i].room, room, len) != 0))
        i++;
    assert_true(i < 31);
    if (!schemas[i].room && !(len == 5 && memcmp(room, "store", 5) == 0))
        schemas[i].room = sk_strndup(room, len);
    return 0;
}

static void test_real_rooms_open(void **state)
{
    static const struct store_schema *list[32];
    struct store_schema found[32] = {{0}};
    size_t count = 0;

    (void)state;
    assert_int_equal(asset_each("sql/", room_add, found), 0);
    for (; found[count].room; count++)
        list[count] = &found[count];
    assert_true(count >= 2);
    lab.opts.schemas = list;
    lab.opts.schema_count = count;
    if (lab_open(&lab) != 0)
        fail_msg("%s", lab_why(&lab));
    struct sk_buf first = dump_take(&lab);
    lab_close(&lab);
    assert_int_equal(lab_open(&lab), 0);
    struct sk_buf second = dump_take(&lab);
    assert_string_equal((char *)first.data, (char *)second.data);
    print_message("# %zu rooms\n", count);
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)found[i].room);
    sk_buf_fini(&first);
    sk_buf_fini(&second);
}

static void test_schema_files_are_found(void **state)
{
    struct store_schema loaded;

    (void)state;
    assert_int_equal(store_schema_load(&loaded, "store"), 0);
    assert_int_equal(loaded.migration_count, 1);
    assert_string_equal(loaded.migrations[0].name, "001_ledger.sql");
    assert_non_null(loaded.queries.text);
    assert_int_equal(store_schema_load(&loaded, "nosuch"), -SK_ENOTFOUND);
    assert_int_equal(store_schema_load(&loaded, "../store"), -SK_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_upgraded_equals_fresh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_migration_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migration_must_stay_in_its_transaction, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_edited_migration_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_real_rooms_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schema_files_are_found, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
