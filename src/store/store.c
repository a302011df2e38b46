#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "store/internal.h"

/* The store's own schema first, then the rooms' in the order given. */
static int schemas_gather(const struct store_opts *opts, struct store_schema *out, size_t *count,
                          struct sk_buf *why)
{
    int err = store_schema_load(&out[0], "store");

    if (err)
        why_set(why, "The store's own tables (sql/store) are not among the embedded files.");
    *count = 1;
    for (size_t i = 0; !err && i < opts->schema_count; i++) {
        const struct store_schema *given = opts->schemas[i];
        if (!given)
            continue;
        struct store_schema *s = &out[(*count)++];
        *s = *given;
        if (given->migration_count == 0 && !given->queries.text)
            err = store_schema_load(s, given->room);
        if (err)
            why_set(why, "The migrations of \"%s\" are %s.", given->room,
                    err == -SK_ENOTFOUND ? "missing" : "not numbered 001, 002 and so on");
    }
    return err == -SK_ENOTFOUND ? -SK_EINVAL : err;
}

static int statements_prepare_all(struct store *s, const struct store_schema *schemas, size_t count,
                                  struct sk_buf *why)
{
    int err = 0;

    for (size_t i = 1; !err && i < count; i++) /* 0 is the store's: migrate_run prepared it */
        err = statements_prepare(&s->writer, &schemas[i].queries, why);
    return err;
}

static int format_mark(struct store *s)
{
    int64_t application = 0, format = 0;
    char sql[96];
    int err = conn_number(&s->writer, "PRAGMA application_id", &application);

    if (!err)
        err = conn_number(&s->writer, "PRAGMA user_version", &format);
    if (err || (application == STORE_APPLICATION && format == STORE_FORMAT))
        return err;
    snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d;",
             STORE_APPLICATION, STORE_FORMAT);
    return conn_run(&s->writer, sql);
}

static int file_open(struct store *s, const struct store_opts *opts,
                     const struct store_schema *schemas, size_t count, struct sk_buf *why)
{
    int err = guard_open(s, opts, why);

    if (!err)
        err = conn_open(&s->writer, s->path, CONN_WRITER, why);
    if (!err)
        err = guard_check(s, why);
    if (!err)
        err = conn_settle(&s->writer, opts->durability, why);
    if (!err)
        err = format_mark(s);
    if (!err)
        err = migrate_run(&s->writer, schemas, count, why);
    for (size_t i = 0; i < count; i++)
        catalog_add(&s->catalog, &schemas[i]);
    s->writer.catalog = &s->catalog;
    if (!err)
        err = guard_mark_used(s);
    if (!err)
        err = statements_prepare_all(s, schemas, count, why);
    if (!err)
        err = readers_open(s, opts, schemas, count, why);
    if (!err) {
        conn_lock_down(&s->writer);
        atomic_store(&s->wal_pages, 1); /* whatever the last run left is cut when idle */
        err = writer_start(s);
    }
    return err;
}

int store_open(struct store **out, const struct store_opts *opts, struct sk_buf *why)
{
    struct store_schema *schemas = sk_alloc((opts->schema_count + 1) * sizeof(*schemas));
    struct store *s = sk_alloc(sizeof(*s));
    size_t count = 0;

    *out = NULL;
    s->lock_fd = -1;
    pthread_mutex_init(&s->queue_lock, NULL);
    pthread_mutex_init(&s->pool_lock, NULL);
    pthread_mutex_init(&s->stats_lock, NULL);
    pthread_cond_init(&s->pool_freed, NULL);
    int err = schemas_gather(opts, schemas, &count, why);
    if (!err)
        err = file_open(s, opts, schemas, count, why);
    free(schemas);
    if (err) {
        why_set(why, "%s/%s cannot be opened: %s.", opts->dir, opts->file, sk_error_text(err));
        store_close(s);
        return err;
    }
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    int was_running = s->is_started;
    writer_stop(s);
    readers_close(s);
    if (was_running) {
        sqlite3_db_config(s->writer.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        int rc =
            sqlite3_wal_checkpoint_v2(s->writer.db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        if (rc != SQLITE_OK)
            log_warn("store", "close", "text=\"%s\"", sqlite3_errstr(rc));
        pthread_cond_destroy(&s->queue_filled);
    }
    if (s->writer.db)
        conn_close(&s->writer);
    pthread_cond_destroy(&s->pool_freed);
    pthread_mutex_destroy(&s->stats_lock);
    pthread_mutex_destroy(&s->pool_lock);
    pthread_mutex_destroy(&s->queue_lock);
    guard_close(s);
    catalog_free(&s->catalog);
    free(s);
}

void store_stats_get(struct store *s, struct store_stats *out)
{
    enum { WAL_FRAME_BYTES = 4096 + 24 };

    pthread_mutex_lock(&s->stats_lock);
    *out = s->stats;
    pthread_mutex_unlock(&s->stats_lock);
    pthread_mutex_lock(&s->queue_lock);
    out->queue_depth = s->queue_count;
    pthread_mutex_unlock(&s->queue_lock);
    out->reads = atomic_load(&s->reads);
    out->wal_bytes = (uint64_t)atomic_load(&s->wal_pages) * WAL_FRAME_BYTES;
}
