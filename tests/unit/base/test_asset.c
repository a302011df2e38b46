/* Embedded files: lookup in a table, and the same paths from a source tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/file.h"
#include "base/mime.h"
#include "base/sys.h"

static const struct asset table[] = {
    {"data/a.txt", "one", 3, NULL, 0, "e1", "text/plain", 0},
    {"sql/lab/001_init.sql", "two", 3, NULL, 0, "e2", "x", 0},
    {"sql/lab/queries.sql", "", 0, NULL, 0, "e3", "x", 0},
    {"web/index.html", "four", 4, "z", 1, "e4", "text/html", 0},
};

static int names_add(void *ctx, const struct asset *a)
{
    char *names = ctx;
    size_t len = strlen(names);

    snprintf(names + len, 512 - len, "%s ", a->path);
    return strcmp(a->path, "web/stop") == 0 ? 7 : 0;
}

static void test_table_is_searched(void **state)
{
    char names[512] = "";

    (void)state;
    asset_dev_root(NULL, NULL);
    asset_use(NULL, 0);
    assert_null(asset_find("data/a.txt"));
    asset_use(table, 4);
    assert_ptr_equal(asset_find("web/index.html"), &table[3]);
    assert_ptr_equal(asset_find("data/a.txt"), &table[0]);
    assert_null(asset_find("data/a.tx"));
    assert_null(asset_find(""));
    assert_int_equal(asset_each("sql/lab/", names_add, names), 0);
    assert_string_equal(names, "sql/lab/001_init.sql sql/lab/queries.sql ");
}

static void put(const char *root, const char *path, const char *text)
{
    char *full = sk_path_join(root, path);
    assert_int_equal(sk_file_write(full, text, strlen(text), 0644), 0);
    free(full);
}

static void folder(const char *root, const char *path)
{
    char *full = sk_path_join(root, path);
    assert_int_equal(sk_dir_make(full, 0755), 0);
    free(full);
}

static void test_source_tree_is_read(void **state)
{
    char root[] = "/tmp/skep-asset-XXXXXX", names[512] = "", web[64];

    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(web, sizeof(web), "%s/site", root);
    folder(root, "src/lab/sql");
    folder(root, "data");
    folder(root, "site/assets");
    put(root, "src/lab/sql/001_init.sql", "CREATE");
    put(root, "src/lab/room.c", "secret");
    put(root, "data/empty.txt", "");
    put(root, "site/stop", "x");
    put(root, "site/assets/app-ABCDEF12.js", "js");
    asset_dev_root(root, web);

    const struct asset *a = asset_find("sql/lab/001_init.sql");
    assert_non_null(a);
    assert_string_equal(a->data, "CREATE");
    assert_int_equal(a->len, 6);
    assert_ptr_equal(asset_find("sql/lab/001_init.sql"), a);
    assert_string_equal(asset_find("data/empty.txt")->data, "");
    assert_string_equal(asset_find("web/assets/app-ABCDEF12.js")->mime,
                        "text/javascript; charset=utf-8");
    /* No way out of the tree, no folder, no other files. */
    static const char *const refused[] = {
        "",
        "data",
        "data/",
        "web/../data/empty.txt",
        "sql/lab",
        "/etc/passwd",
        "data/../x",
        "web//stop",
        "src/lab",
        "sql/lab/room.c",
        "sql/../lab/room.c",
        "data/./empty.txt",
        "web/assets",
        "other/x",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (asset_find(refused[i]))
            fail_msg("%s was found", refused[i]);
    assert_int_equal(asset_each("", names_add, names), 7);
    assert_string_equal(names, "data/empty.txt sql/lab/001_init.sql web/assets/app-ABCDEF12.js "
                               "web/stop ");
    /* A changed file is read anew; the old state stays valid for who holds it. */
    put(root, "src/lab/sql/001_init.sql", "CHANGED");
    const struct asset *b = asset_find("sql/lab/001_init.sql");
    assert_string_equal(b->data, "CHANGED");
    assert_string_equal(a->data, "CREATE");
    assert_string_not_equal(a->etag, b->etag);
    asset_dev_root(NULL, NULL);
    static const char *const files[] = {"src/lab/sql/001_init.sql",
                                        "src/lab/sql",
                                        "src/lab/room.c",
                                        "src/lab",
                                        "src",
                                        "data/empty.txt",
                                        "data",
                                        "site/stop",
                                        "site/assets/app-ABCDEF12.js",
                                        "site/assets",
                                        "site"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *full = sk_path_join(root, files[i]);
        assert_int_equal(remove(full), 0);
        free(full);
    }
    assert_int_equal(rmdir(root), 0);
}

static void test_only_hashed_names_are_immutable(void **state)
{
    (void)state;
    assert_int_equal(mime_is_immutable("web/assets/main-4KX2ABCD.js"), 1);
    assert_int_equal(mime_is_immutable("web/assets/mark-16-0a1b2c3d.svg"), 1);
    assert_int_equal(mime_is_immutable("web/main-4KX2ABCD.js"), 0);
    assert_int_equal(mime_is_immutable("web/assets/main.js"), 0);
    assert_int_equal(mime_is_immutable("web/assets/-4KX2.js"), 0);
    assert_int_equal(mime_is_immutable("web/assets/main-4KX2_BCD.js"), 0);
    assert_int_equal(mime_is_immutable("web/index.html"), 0);
    assert_string_equal(mime_of("web/x.unknown"), "application/octet-stream");
    assert_string_equal(mime_of("web/none"), "application/octet-stream");
    assert_string_equal(mime_of("web/a.html"), "text/html; charset=utf-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_searched),
        cmocka_unit_test(test_source_tree_is_read),
        cmocka_unit_test(test_only_hashed_names_are_immutable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
