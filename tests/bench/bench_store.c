/* What a durable write costs: rows per second with 1, 16 and 64 writing threads, beside what the
 * disk itself can sync, in the same run.
 *
 *     bench_store DIR [seconds]       DIR on the disk to measure; 2 s for each figure
 *
 * Prints "bench store <name> <value> <unit>" for each figure. A row is about 230 bytes and has one
 * index, as in reference measurements. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "store/store.h"

enum { WRITERS_MAX = 64, SAMPLES_MAX = 200000 };

static const char table_sql[] =
    "CREATE TABLE bench_row (id BIGINT NOT NULL PRIMARY KEY, owner BIGINT NOT NULL,"
    " body TEXT NOT NULL); CREATE INDEX bench_row_by_owner ON bench_row (owner, id);";
static const char queries_sql[] =
    "-- name: bench_row_add :exec\n"
    "INSERT INTO bench_row (id, owner, body) VALUES ($id, $owner, $body);\n"
    "-- name: bench_row_get :one\nSELECT body FROM bench_row WHERE id = $id;\n"
    "-- name: bench_row_count :one\nSELECT COUNT(*) FROM bench_row;\n";
static const struct store_schema bench_schema = {
    .room = "bench",
    .migrations = {{"001_row.sql", table_sql, sizeof(table_sql) - 1}},
    .migration_count = 1,
    .queries = {"queries.sql", queries_sql, sizeof(queries_sql) - 1},
};

static atomic_llong next_id = 1;
static atomic_int is_over;

struct writer {
    struct store *store;
    uint32_t *waits_us;
    size_t count;
};

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void say(const char *name, double value, const char *unit)
{
    printf("bench store %s %.1f %s\n", name, value, unit);
    fflush(stdout);
}

static _Noreturn void fail(const char *what, int err)
{
    fprintf(stderr, "bench_store: %s: %s\n", what, sk_error_text(err));
    exit(1);
}

static int row_add(struct store_tx *tx, void *ctx)
{
    char body[201];
    int64_t id = *(int64_t *)ctx;

    memset(body, 'a' + (int)(id % 26), 200);
    body[200] = '\0';
    return store_exec(
        tx, "bench_row_add",
        STORE_ARGS(store_int("id", id), store_int("owner", id % 97), store_text("body", body)),
        NULL);
}

static void *writer_run(void *ctx)
{
    struct writer *w = ctx;

    while (!atomic_load(&is_over) && w->count < SAMPLES_MAX) {
        int64_t id = atomic_fetch_add(&next_id, 1);
        double start_s = now_s();
        int err = store_write(w->store, row_add, &id);
        if (err)
            fail("write", err);
        w->waits_us[w->count++] = (uint32_t)((now_s() - start_s) * 1e6);
    }
    return NULL;
}

static int wait_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* All waits of all writers in one sorted list; free() it. */
static uint32_t *waits_gather(struct writer *writers, int count, size_t *total)
{
    *total = 0;
    for (int i = 0; i < count; i++)
        *total += writers[i].count;
    uint32_t *all = sk_alloc((*total + 1) * sizeof(*all));
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        memcpy(all + at, writers[i].waits_us, writers[i].count * sizeof(*all));
        at += writers[i].count;
        free(writers[i].waits_us);
    }
    qsort(all, *total, sizeof(*all), wait_compare);
    return all;
}

static void writers_measure(struct store *s, const char *kind, int count, unsigned seconds)
{
    struct writer writers[WRITERS_MAX];
    pthread_t threads[WRITERS_MAX];
    struct store_stats before, after;
    char name[64];
    size_t total;

    store_stats_get(s, &before);
    atomic_store(&is_over, 0);
    double start_s = now_s();
    for (int i = 0; i < count; i++) {
        writers[i] = (struct writer){s, sk_alloc(SAMPLES_MAX * sizeof(uint32_t)), 0};
        pthread_create(&threads[i], NULL, writer_run, &writers[i]);
    }
    sleep(seconds);
    atomic_store(&is_over, 1);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    double took_s = now_s() - start_s;
    store_stats_get(s, &after);
    uint32_t *waits = waits_gather(writers, count, &total);
    snprintf(name, sizeof(name), "%s_%d_writers_rows_per_s", kind, count);
    say(name, (double)total / took_s, "rows/s");
    snprintf(name, sizeof(name), "%s_%d_writers_p50", kind, count);
    say(name, total ? waits[total / 2] : 0, "us");
    snprintf(name, sizeof(name), "%s_%d_writers_p99", kind, count);
    say(name, total ? waits[total * 99 / 100] : 0, "us");
    snprintf(name, sizeof(name), "%s_%d_writers_rows_per_commit", kind, count);
    say(name, (double)(after.writes - before.writes) / (double)(after.commits - before.commits),
        "rows");
    free(waits);
}

/* The floor: 4 KiB appended and synced, one after the other. */
static void sync_measure(const char *dir, unsigned seconds)
{
    static const char block[4096];
    char *path = sk_path_join(dir, "bench-sync.tmp");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    double start_s = now_s();
    unsigned count = 0;

    if (fd < 0)
        fail(path, -SK_EIO);
    for (; now_s() - start_s < seconds; count++)
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
            fail("fdatasync", -SK_EIO);
    say("raw_fdatasync_per_s", count / (now_s() - start_s), "syncs/s");
    close(fd);
    unlink(path);
    free(path);
}

static int rows_read(struct store_tx *tx, void *ctx)
{
    int64_t id = *(int64_t *)ctx;
    return store_one(tx, "bench_row_get", STORE_ARGS(store_int("id", id)), NULL, NULL);
}

static void reads_measure(struct store *s, unsigned seconds)
{
    int64_t top = atomic_load(&next_id) - 1, count = 0;
    double start_s = now_s();

    while (now_s() - start_s < seconds) {
        int64_t id = 1 + count++ * 7919 % top;
        int err = store_read(s, rows_read, &id);
        if (err)
            fail("read", err);
    }
    say("point_reads_per_s", (double)count / (now_s() - start_s), "reads/s");
}

static int rows_count(struct store_tx *tx, void *ctx)
{
    return store_one_int(tx, "bench_row_count", NULL, ctx);
}

static void store_measure(const char *dir, const char *file, enum store_durability durability,
                          unsigned seconds)
{
    static const int counts[] = {1, 16, 64};
    const struct store_schema *schemas[] = {&bench_schema};
    struct store_opts opts = {dir, file, durability, 0, schemas, 1};
    const char *kind = durability == STORE_FULL ? "full" : "normal";
    int64_t first = atomic_load(&next_id), rows = 0;
    struct store *s;
    int err = store_open(&s, &opts, NULL);

    if (err)
        fail("open", err);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        writers_measure(s, kind, counts[i], seconds);
    if (store_read(s, rows_count, &rows) != 0 || rows != atomic_load(&next_id) - first)
        fail("rows are missing", -SK_EINTERNAL);
    if (durability == STORE_FULL)
        reads_measure(s, seconds);
    store_close(s);
}

static void file_remove(const char *dir, const char *file, const char *suffix)
{
    char name[64];

    snprintf(name, sizeof(name), "%s%s", file, suffix);
    char *path = sk_path_join(dir, name);
    unlink(path);
    free(path);
}

int main(int argc, char **argv)
{
    static const char *const files[] = {"bench-full.db", "bench-normal.db"};
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    uint64_t seconds = 2;

    if (argc < 2 || argc > 3 ||
        (argc == 3 && sk_parse_u64(&seconds, argv[2], strlen(argv[2]), 60) != 0)) {
        fprintf(stderr, "usage: bench_store DIR [seconds]\n");
        return 2;
    }
    sk_log_set_level(SK_LOG_WARN);
    asset_dev_root(".", NULL);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 4; k++)
            file_remove(argv[1], files[i], suffixes[k]);
    sync_measure(argv[1], (unsigned)seconds);
    store_measure(argv[1], files[0], STORE_FULL, (unsigned)seconds);
    store_measure(argv[1], files[1], STORE_NORMAL, (unsigned)seconds);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 4; k++)
            file_remove(argv[1], files[i], suffixes[k]);
    return 0;
}
