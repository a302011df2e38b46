/* A store in a folder of its own, over a small room of test tables. */
#ifndef SK_TESTS_STORE_HELPER_H
#define SK_TESTS_STORE_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "store/store.h"

#define SQL_FILE(file_name, sql)                                                                   \
    {                                                                                              \
        .name = (file_name), .text = (sql), .len = sizeof(sql) - 1                                 \
    }

#define SQL_ITEM                                                                                   \
    "CREATE TABLE lab_item (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, "           \
    "data BYTEA, size BIGINT NOT NULL CHECK (size >= 0));"
#define SQL_NOTE                                                                                   \
    "CREATE TABLE lab_note (id BIGINT NOT NULL PRIMARY KEY, item BIGINT NOT NULL "                 \
    "REFERENCES lab_item (id) ON DELETE CASCADE, body TEXT NOT NULL);"
#define SQL_COLUMN "ALTER TABLE lab_item ADD COLUMN made_ms BIGINT NOT NULL DEFAULT 0;"

#define SQL_QUERIES                                                                                \
    "-- name: lab_item_add :exec\n"                                                                \
    "INSERT INTO lab_item (id, name, data, size) VALUES ($id, $name, $data, $size);\n"             \
    "-- name: lab_item_get :one\n"                                                                 \
    "SELECT name, data, size FROM lab_item WHERE id = $1;\n"                                       \
    "-- name: lab_item_list :many\n"                                                               \
    "SELECT id, name, data, size FROM lab_item ORDER BY id;\n"                                     \
    "-- name: lab_item_count :one\nSELECT COUNT(*) FROM lab_item;\n"                               \
    "-- name: lab_item_resize :exec\nUPDATE lab_item SET size = $size WHERE id = $id;\n"           \
    "-- name: lab_item_take :one\nDELETE FROM lab_item WHERE id = $id RETURNING name;\n"

static const struct store_schema lab_schema = {
    .room = "lab",
    .migrations = {SQL_FILE("001_item.sql", SQL_ITEM)},
    .migration_count = 1,
    .queries = SQL_FILE("queries.sql", SQL_QUERIES),
};

struct lab {
    char dir[64];
    const struct store_schema *schemas[4];
    struct store_opts opts;
    struct store *store;
    struct sk_buf why;
};

static inline void lab_init(struct lab *lab)
{
    memset(lab, 0, sizeof(*lab));
    snprintf(lab->dir, sizeof(lab->dir), "/tmp/skep-store-XXXXXX");
    assert_non_null(mkdtemp(lab->dir));
    asset_dev_root(".", NULL);
    sk_log_set_level(SK_LOG_ERROR);
    sk_buf_init(&lab->why, 2048);
    lab->schemas[0] = &lab_schema;
    lab->opts = (struct store_opts){
        .dir = lab->dir, .file = "core.db", .schemas = lab->schemas, .schema_count = 1};
}

static inline int lab_open(struct lab *lab)
{
    sk_buf_reset(&lab->why);
    int err = store_open(&lab->store, &lab->opts, &lab->why);
    assert_true((err == 0) == (lab->store != NULL));
    return err;
}

static inline void lab_close(struct lab *lab)
{
    store_close(lab->store);
    lab->store = NULL;
}

static inline char *lab_path(const struct lab *lab, const char *suffix)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/core.db%s", lab->dir, suffix);
    return path;
}

static inline void lab_fini(struct lab *lab)
{
    static const char *const names[] = {"", "-wal", "-shm", ".lock", ".copy", ".journal"};

    lab_close(lab);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(lab_path(lab, names[i]));
    assert_int_equal(rmdir(lab->dir), 0);
    sk_buf_fini(&lab->why);
}

static inline const char *lab_why(const struct lab *lab)
{
    return lab->why.len ? (const char *)lab->why.data : "";
}

/* ctx of the write functions below */
struct lab_item {
    int64_t id;
    const char *name; /* NULL: made of the id */
    size_t data_len;
};

static inline int item_add(struct store_tx *tx, void *ctx)
{
    const struct lab_item *item = ctx;
    char name[32];
    char *data = item->data_len ? sk_alloc(item->data_len) : NULL;

    snprintf(name, sizeof(name), "item %lld", (long long)item->id);
    int err = store_exec(tx, "lab_item_add",
                         STORE_ARGS(store_int("id", item->id),
                                    store_text("name", item->name ? item->name : name),
                                    store_blob("data", data, item->data_len),
                                    store_int("size", (int64_t)item->data_len)),
                         NULL);
    free(data);
    return err;
}

static inline int item_count(struct store_tx *tx, void *ctx)
{
    return store_one_int(tx, "lab_item_count", NULL, ctx);
}

static inline int64_t lab_count(struct lab *lab)
{
    int64_t count = -1;
    assert_int_equal(store_read(lab->store, item_count, &count), 0);
    return count;
}

static inline int lab_add(struct lab *lab, int64_t id)
{
    struct lab_item item = {.id = id};
    return store_write(lab->store, item_add, &item);
}

#endif
