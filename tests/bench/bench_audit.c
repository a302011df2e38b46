/* What the audit log costs: rows per second at FULL sync with 1, 16 and 64 threads that each write
 * a row and wait for it, and how many share a commit; beside bench_store's plain rows on one disk.
 *
 *     bench_audit DIR [seconds]       DIR on the disk to measure; 2 s for each figure
 *
 * Prints "bench audit <name> <value> <unit>" for each figure. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/asset.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "store/store.h"

enum { WRITERS_MAX = 64 };

static const char file[] = "bench-audit.db";
static atomic_int is_over;
static atomic_llong rows;

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void say(const char *name, double value, const char *unit)
{
    printf("bench audit %s %.1f %s\n", name, value, unit);
    fflush(stdout);
}

static _Noreturn void fail(const char *what, int err)
{
    fprintf(stderr, "bench_audit: %s: %s\n", what, sk_error_text(err));
    exit(1);
}

static int row_add(struct store_tx *tx, void *ctx)
{
    (void)ctx;
    return audit_record(tx, AUDIT(.at_ms = 1700000000000, .actor_kind = "account",
                                  .actor = "e3respvq6eyo46prerpzptghpy",
                                  .session = "gxlgqj7k4evudckhaa7fuf72si", .action = "view.begun",
                                  .object_kind = "device", .object = "jgrs6x5haqs36xbmz4tlf6eyhu",
                                  .source = "192.0.2.7", .detail = "{\"actions\":[\"live-sub\"]}"));
}

static void *writer_run(void *ctx)
{
    while (!atomic_load(&is_over)) {
        int err = store_write(ctx, row_add, NULL);
        if (err)
            fail("write", err);
        atomic_fetch_add(&rows, 1);
    }
    return NULL;
}

static void writers_measure(struct store *s, int count, unsigned seconds)
{
    pthread_t threads[WRITERS_MAX];
    struct store_stats before, after;
    char name[64];

    store_stats_get(s, &before);
    atomic_store(&is_over, 0);
    int64_t first = atomic_load(&rows);
    double start_s = now_s();
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, writer_run, s);
    sleep(seconds);
    atomic_store(&is_over, 1);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    double took_s = now_s() - start_s;
    store_stats_get(s, &after);
    snprintf(name, sizeof(name), "full_%d_writers_rows_per_s", count);
    say(name, (double)(atomic_load(&rows) - first) / took_s, "rows/s");
    snprintf(name, sizeof(name), "full_%d_writers_rows_per_commit", count);
    say(name, (double)(after.writes - before.writes) / (double)(after.commits - before.commits),
        "rows");
}

static void files_remove(const char *dir)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    char name[64];

    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", file, suffixes[i]);
        char *path = sk_path_join(dir, name);
        unlink(path);
        free(path);
    }
}

static void whole_measure(struct store *s, const char *dir)
{
    struct audit_verdict v;
    double start_s = now_s();
    int err = audit_verify_store(s, dir, &v);

    if (err || v.fault != AUDIT_WHOLE || v.rows != (uint64_t)atomic_load(&rows))
        fail("the log is not whole", err ? err : -SK_EINTERNAL);
    say("verify_rows_per_s", (double)v.rows / (now_s() - start_s), "rows/s");
}

int main(int argc, char **argv)
{
    static const int counts[] = {1, 16, 64};
    static const struct store_schema schema = {.room = "audit"};
    static const struct store_schema *const schemas[] = {&schema};
    uint64_t seconds = 2;
    struct store *s;

    if (argc < 2 || argc > 3 ||
        (argc == 3 && sk_parse_u64(&seconds, argv[2], strlen(argv[2]), 60) != 0)) {
        fprintf(stderr, "usage: bench_audit DIR [seconds]\n");
        return 2;
    }
    const struct store_opts opts = {.dir = argv[1],
                                    .file = file,
                                    .durability = STORE_FULL,
                                    .schemas = schemas,
                                    .schema_count = 1};
    sk_log_set_level(SK_LOG_WARN);
    asset_dev_root(".", NULL);
    files_remove(argv[1]);
    int err = store_open(&s, &opts, NULL);
    if (err)
        fail("open", err);
    audit_seam_fill();
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        writers_measure(s, counts[i], (unsigned)seconds);
    whole_measure(s, argv[1]);
    store_close(s);
    files_remove(argv[1]);
    return 0;
}
