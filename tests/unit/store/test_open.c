/* What the store refuses to open, and that it leaves it as it was. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/store/helper.h"

static struct lab lab;

static int setup(void **state)
{
    (void)state;
    lab_init(&lab);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static void refused(int want, const char *word)
{
    assert_int_equal(lab_open(&lab), want);
    if (!strstr(lab_why(&lab), word))
        fail_msg("\"%s\" lacks \"%s\"", lab_why(&lab), word);
}

static void file_put(const char *path, const void *data, size_t len, off_t at)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, at), (ssize_t)len);
    close(fd);
}

static struct sk_buf file_get(const char *path)
{
    struct sk_buf b;

    sk_buf_init(&b, 64 << 20);
    assert_int_equal(sk_file_read(&b, path), 0);
    return b;
}

static void test_files_are_private_and_tidy(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(lab_add(&lab, 1), 0);
    assert_int_equal(stat(lab_path(&lab, ""), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(lab_path(&lab, "-wal"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    lab_close(&lab);
    assert_int_equal(stat(lab_path(&lab, "-wal"), &st), -1);
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(lab_count(&lab), 1);
}

static void test_second_opener_is_refused(void **state)
{
    struct store *second = (struct store *)1;
    int status = 0;

    (void)state;
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(store_open(&second, &lab.opts, NULL), -SK_EBUSY);
    assert_null(second);
    pid_t child = fork();
    if (child == 0)
        _exit(store_open(&second, &lab.opts, NULL) == -SK_EBUSY ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(lab_add(&lab, 1), 0);
    lab_close(&lab);
    refused(0, "");
}

static void test_damage_is_refused_and_left_alone(void **state)
{
    static uint8_t noise[3000];

    (void)state;
    assert_int_equal(lab_open(&lab), 0);
    for (int64_t id = 1; id <= 500; id++) {
        struct lab_item item = {.id = id, .data_len = 300};
        assert_int_equal(store_write(lab.store, item_add, &item), 0);
    }
    lab_close(&lab);
    sk_random(noise, sizeof(noise));
    for (off_t page = 1; page < 40; page++) /* beyond the first page: SQLite still opens it */
        file_put(lab_path(&lab, ""), noise, sizeof(noise), page * 4096 + 20);
    struct sk_buf before = file_get(lab_path(&lab, ""));
    sk_log_set_level(SK_LOG_ERROR + 1);
    refused(-SK_EIO, "damaged");
    refused(-SK_EIO, "backup");
    struct sk_buf after = file_get(lab_path(&lab, ""));
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    /* The head itself. */
    file_put(lab_path(&lab, ""), noise, 100, 0);
    refused(-SK_EIO, "damaged");
    sk_log_set_level(SK_LOG_ERROR);
    sk_buf_fini(&before);
    sk_buf_fini(&after);
}

static void test_never_started_empty(void **state)
{
    (void)state;
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(lab_add(&lab, 1), 0);
    lab_close(&lab);
    assert_int_equal(truncate(lab_path(&lab, ""), 0), 0);
    refused(-SK_EIO, "is empty although it was in use");
    unlink(lab_path(&lab, ""));
    refused(-SK_EIO, "is missing although it was in use");
    file_put(lab_path(&lab, "-wal"), "x", 1, 0);
    refused(-SK_EIO, "-wal file is there");
    unlink(lab_path(&lab, "-wal"));
    unlink(lab_path(&lab, ".lock"));
    assert_int_equal(lab_open(&lab), 0); /* the operator said so */
    assert_int_equal(lab_count(&lab), 0);
}

static void test_foreign_file_is_refused(void **state)
{
    static const char text[] = "This is a letter and no database. It is longer than a page head, "
                               "so that nobody takes it for an empty one.";

    (void)state;
    file_put(lab_path(&lab, ""), text, sizeof(text), 0);
    sk_log_set_level(SK_LOG_ERROR + 1);
    refused(-SK_EIO, "not a database");
    sk_log_set_level(SK_LOG_ERROR);
    unlink(lab_path(&lab, ""));
    assert_int_equal(lab_open(&lab), 0);
    lab_close(&lab);
    file_put(lab_path(&lab, ""), "\0\0\0\1", 4, 68); /* application id of somebody else */
    refused(-SK_EIO, "another program");
}

static void test_newer_data_is_refused(void **state)
{
    struct store_schema newer = lab_schema, other = {.room = "shed"};

    (void)state;
    newer.migrations[1] = (struct store_file)SQL_FILE("002_column.sql", SQL_COLUMN);
    newer.migration_count = 2;
    lab.schemas[0] = &newer;
    assert_int_equal(lab_open(&lab), 0);
    lab_close(&lab);
    lab.schemas[0] = &lab_schema;
    refused(-SK_EVERSION, "newer version (step 2 of \"lab\"");
    lab.schemas[0] = &newer;
    assert_int_equal(lab_open(&lab), 0);
    lab_close(&lab);
    /* A room that this version does not have. */
    other.migrations[0] = (struct store_file)SQL_FILE(
        "001_shed.sql", "CREATE TABLE shed_tool (id BIGINT NOT NULL PRIMARY KEY);");
    other.migration_count = 1;
    lab.schemas[1] = &other;
    lab.opts.schema_count = 2;
    assert_int_equal(lab_open(&lab), 0);
    lab_close(&lab);
    lab.opts.schema_count = 1;
    refused(-SK_EVERSION, "\"shed\"");
    lab.opts.schema_count = 2;
    /* The store's own format number, in the file's head. */
    file_put(lab_path(&lab, ""), "\0\0\0\2", 4, 60);
    refused(-SK_EVERSION, "format 2");
    file_put(lab_path(&lab, ""), "\0\0\0\1", 4, 60);
    assert_int_equal(lab_open(&lab), 0);
    lab.opts.schema_count = 1;
}

static void test_wrong_options(void **state)
{
    struct store_schema lost = {.room = "nosuchroom"};

    (void)state;
    lab.schemas[0] = &lost;
    refused(-SK_EINVAL, "\"nosuchroom\" are missing");
    lab.schemas[0] = &lab_schema;
    asset_dev_root("/nonexistent", NULL);
    refused(-SK_EINVAL, "sql/store");
    asset_dev_root(".", NULL);
    const char *dir = lab.opts.dir;
    lab.opts.dir = "/proc/skep";
    refused(-SK_ESTORAGE, "/proc/skep");
    lab.opts.dir = dir;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_are_private_and_tidy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_opener_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_refused_and_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_started_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_data_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_options, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
