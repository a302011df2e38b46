/* The promises of store_write: shared commits, isolation, disk full, kill -9, backup. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

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

/* ---- a gate that holds the writer, so that a group must gather behind it ---- */

struct gate {
    atomic_int is_reached, is_open;
};

static int gate_hold(struct store_tx *tx, void *ctx)
{
    struct gate *g = ctx;

    (void)tx;
    atomic_store(&g->is_reached, 1);
    while (!atomic_load(&g->is_open))
        sched_yield();
    return 0;
}

struct answers {
    atomic_int count, failures, last; /* last: code of the latest failure */
};

static void answer_count(void *ctx, int result)
{
    struct answers *a = ctx;

    if (result != 0) {
        atomic_fetch_add(&a->failures, 1);
        atomic_store(&a->last, result);
    }
    atomic_fetch_add(&a->count, 1);
}

static void answers_wait(struct answers *a, int count)
{
    int64_t deadline = sk_clock_mono_ms() + 20000;

    while (atomic_load(&a->count) < count) {
        assert_true(sk_clock_mono_ms() < deadline);
        sched_yield();
    }
}

struct async_item {
    struct lab_item item;
    struct answers *answers;
};

static int async_add(struct store_tx *tx, void *ctx)
{
    return item_add(tx, &((struct async_item *)ctx)->item);
}

static void async_done(void *ctx, int result)
{
    answer_count(((struct async_item *)ctx)->answers, result);
}

static void gate_done(void *ctx, int result)
{
    (void)ctx;
    assert_int_equal(result, 0);
}

static void test_many_writes_share_a_commit(void **state)
{
    enum { COUNT = 100 };
    struct async_item items[COUNT];
    struct answers answers = {0};
    struct store_stats before, after;
    struct gate gate = {0};

    (void)state;
    store_stats_get(lab.store, &before);
    assert_int_equal(store_write_async(lab.store, gate_hold, gate_done, &gate), 0);
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct async_item){{.id = i + 1}, &answers};
        assert_int_equal(store_write_async(lab.store, async_add, async_done, &items[i]), 0);
    }
    assert_int_equal(atomic_load(&answers.count), 0); /* nobody hears before the commit */
    atomic_store(&gate.is_open, 1);
    answers_wait(&answers, COUNT);
    store_stats_get(lab.store, &after);
    assert_int_equal(atomic_load(&answers.failures), 0);
    assert_int_equal(after.writes - before.writes, COUNT + 1);
    assert_in_range(after.commits - before.commits, 1, 50);
    assert_true(after.group_max >= 3);
    assert_int_equal(after.rows_changed - before.rows_changed, COUNT);
    assert_int_equal(lab_count(&lab), COUNT);
}

static void test_the_queue_is_bounded(void **state)
{
    struct answers answers = {0};
    struct gate gate = {0};
    struct async_item item = {{.id = 1}, &answers};
    int queued = 0, err;

    (void)state;
    assert_int_equal(store_write_async(lab.store, gate_hold, gate_done, &gate), 0);
    while (!atomic_load(&gate.is_reached))
        sched_yield();
    while ((err = store_write_async(lab.store, async_add, async_done, &item)) == 0)
        queued++;
    assert_int_equal(err, -SK_EBUSY);
    assert_int_equal(queued, 4096);
    atomic_store(&gate.is_open, 1);
    answers_wait(&answers, queued);
    assert_int_equal(atomic_load(&answers.failures), queued - 1); /* one id, once */
    assert_int_equal(lab_count(&lab), 1);
}

/* ---- isolation ---- */

static int add_then_fail(struct store_tx *tx, void *ctx)
{
    int err = async_add(tx, ctx);
    return err ? err : -SK_EGONE;
}

/* The mistake that the store must not let pass: a conflict seen, and passed over. */
static int add_twice_and_shrug(struct store_tx *tx, void *ctx)
{
    struct lab_item other = {.id = 77};

    if (async_add(tx, ctx) != 0 || async_add(tx, ctx) != -SK_ECONFLICT)
        return -SK_EINTERNAL;
    if (item_add(tx, &other) != -SK_ECONFLICT) /* doomed: refused unseen */
        return -SK_EINTERNAL;
    return 0;
}

static void test_a_failing_write_rolls_back_alone(void **state)
{
    struct answers good = {0}, gone = {0}, conflict = {0};
    struct async_item items[] = {{{.id = 1}, &good},
                                 {{.id = 2}, &gone},
                                 {{.id = 3}, &good},
                                 {{.id = 4}, &conflict},
                                 {{.id = 5}, &good}};
    struct store_stats before, after;
    struct gate gate = {0};

    (void)state;
    store_stats_get(lab.store, &before);
    assert_int_equal(store_write_async(lab.store, gate_hold, gate_done, &gate), 0);
    for (size_t i = 0; i < 5; i++) {
        store_fn fn = i == 1 ? add_then_fail : i == 3 ? add_twice_and_shrug : async_add;
        assert_int_equal(store_write_async(lab.store, fn, async_done, &items[i]), 0);
    }
    atomic_store(&gate.is_open, 1);
    answers_wait(&good, 3);
    answers_wait(&gone, 1);
    answers_wait(&conflict, 1);
    assert_int_equal(atomic_load(&good.failures), 0);
    assert_int_equal(atomic_load(&gone.last), -SK_EGONE);
    assert_int_equal(atomic_load(&conflict.last), -SK_ECONFLICT);
    assert_int_equal(lab_count(&lab), 3);
    store_stats_get(lab.store, &after);
    assert_int_equal(after.write_refusals - before.write_refusals, 2);
}

static int call_store_inside(struct store_tx *tx, void *ctx)
{
    struct lab_item item = {.id = 9};

    (void)tx, (void)ctx;
    if (store_write(lab.store, item_add, &item) != -SK_EINTERNAL)
        return -SK_EGONE;
    return store_read(lab.store, item_count, ctx) == -SK_EINTERNAL ? 0 : -SK_EGONE;
}

static void test_calls_inside_calls_are_refused(void **state)
{
    int64_t count;

    (void)state;
    assert_int_equal(store_write(lab.store, call_store_inside, &count), 0);
    assert_int_equal(store_read(lab.store, call_store_inside, &count), 0);
}

/* ---- snapshots ---- */

static int count_twice(struct store_tx *tx, void *ctx)
{
    struct gate *g = ctx;
    int64_t first = -1, second = -1;
    int err = store_one_int(tx, "lab_item_count", NULL, &first);

    atomic_store(&g->is_reached, 1);
    while (!atomic_load(&g->is_open))
        sched_yield();
    if (!err)
        err = store_one_int(tx, "lab_item_count", NULL, &second);
    return err ? err : first == second && first == 1 ? 0 : -SK_ECONFLICT;
}

static void *count_thread(void *ctx)
{
    return (void *)(intptr_t)store_read(lab.store, count_twice, ctx);
}

static void test_a_read_sees_one_snapshot(void **state)
{
    struct gate gate = {0};
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(lab_add(&lab, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, count_thread, &gate), 0);
    while (!atomic_load(&gate.is_reached))
        sched_yield();
    assert_int_equal(lab_add(&lab, 2), 0);
    assert_int_equal(lab_count(&lab), 2);
    atomic_store(&gate.is_open, 1);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, 0);
}

/* ---- many threads ---- */

enum { THREADS = 8, PER_THREAD = 200 };

static void *write_thread(void *ctx)
{
    int64_t base = (intptr_t)ctx * PER_THREAD, failures = 0;

    for (int64_t i = 0; i < PER_THREAD; i++)
        failures += lab_add(&lab, base + i) != 0;
    return (void *)(intptr_t)failures;
}

static void *read_thread(void *ctx)
{
    int64_t last = 0, now = 0;

    while (!atomic_load((atomic_int *)ctx)) {
        if (store_read(lab.store, item_count, &now) != 0 || now < last)
            return (void *)1;
        last = now;
    }
    return NULL;
}

static void test_threads_write_and_read(void **state)
{
    pthread_t writers[THREADS], readers[6];
    atomic_int stop = 0;
    void *failures;

    (void)state;
    for (int i = 0; i < 6; i++)
        pthread_create(&readers[i], NULL, read_thread, &stop);
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&writers[i], NULL, write_thread, (void *)i);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(writers[i], &failures);
        assert_null(failures);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 6; i++) {
        pthread_join(readers[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(lab_count(&lab), THREADS * PER_THREAD);
}

/* ---- the WAL stays small, the copy is whole ---- */

static void test_the_wal_is_bounded(void **state)
{
    struct store_stats stats;
    struct stat st;

    (void)state;
    for (int64_t id = 1; id <= 1500; id++) {
        struct lab_item item = {.id = id, .data_len = 9000};
        assert_int_equal(store_write(lab.store, item_add, &item), 0);
    }
    store_stats_get(lab.store, &stats);
    assert_true(stats.checkpoints > 0);
    assert_int_equal(stat(lab_path(&lab, "-wal"), &st), 0);
    assert_in_range(st.st_size, 1, 8 << 20);
    assert_int_equal(store_checkpoint(lab.store), 0);
    assert_int_equal(stat(lab_path(&lab, "-wal"), &st), 0);
    assert_int_equal(st.st_size, 0);
    store_stats_get(lab.store, &stats);
    assert_int_equal(stats.wal_bytes, 0);
}

static void test_a_backup_opens_by_itself(void **state)
{
    char copy[128];

    (void)state;
    for (int64_t id = 1; id <= 300; id++) {
        struct lab_item item = {.id = id, .data_len = 5000};
        assert_int_equal(store_write(lab.store, item_add, &item), 0);
    }
    snprintf(copy, sizeof(copy), "%s", lab_path(&lab, ".copy"));
    assert_int_equal(store_backup(lab.store, copy), 0);
    assert_int_equal(store_backup(lab.store, copy), -SK_ECONFLICT);
    assert_int_equal(store_backup(lab.store, "/proc/none"), -SK_ESTORAGE);
    assert_int_equal(lab_add(&lab, 301), 0);
    lab_close(&lab);
    assert_int_equal(rename(copy, lab_path(&lab, "")), 0);
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(lab_count(&lab), 300);
}

/* ---- closing ---- */

static void test_close_finishes_what_is_queued(void **state)
{
    enum { COUNT = 50 };
    struct async_item items[COUNT];
    struct answers answers = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct async_item){{.id = i + 1}, &answers};
        assert_int_equal(store_write_async(lab.store, async_add, async_done, &items[i]), 0);
    }
    lab_close(&lab);
    assert_int_equal(atomic_load(&answers.count), COUNT);
    assert_int_equal(atomic_load(&answers.failures), 0);
    assert_int_equal(lab_open(&lab), 0);
    assert_int_equal(lab_count(&lab), COUNT);
}

/* ---- disk full: in a child, whose files may not grow beyond a limit ---- */

static void file_limit(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int64_t fill_until_full(int *err)
{
    for (int64_t id = 1; id < 1000; id++) {
        struct lab_item item = {.id = id, .data_len = 20000};
        *err = store_write(lab.store, item_add, &item);
        if (*err)
            return id - 1;
    }
    return -1;
}

static int disk_full_child(void)
{
    struct store_stats stats;
    struct lab_item big = {.id = 5000, .data_len = 3 << 20};
    int err = 0;

    signal(SIGXFSZ, SIG_IGN);
    sk_log_set_level(SK_LOG_ERROR + 1);
    file_limit(1 << 20);
    int64_t stored = fill_until_full(&err);
    if (err != -SK_ESTORAGE || stored < 5)
        return 1;
    if (lab_count(&lab) != stored) /* reading goes on, nothing is half done */
        return 2;
    if (store_write(lab.store, item_add, &big) != -SK_ESTORAGE)
        return 3;
    store_stats_get(lab.store, &stats);
    if (stats.commit_failures < 2)
        return 4;
    file_limit(RLIM_INFINITY); /* space again: no restart needed */
    if (store_write(lab.store, item_add, &big) != 0 || lab_count(&lab) != stored + 1)
        return 5;
    lab_close(&lab);
    return lab_open(&lab) == 0 && lab_count(&lab) == stored + 1 ? 0 : 6;
}

static int group_full_child(void);

static void child_run(int (*run)(void))
{
    int status = -1;

    lab_close(&lab);
    pid_t child = fork();
    if (child == 0) {
        int result = lab_open(&lab) == 0 ? run() : 7;
        store_close(lab.store);
        _exit(result);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(lab_open(&lab), 0);
}

static void test_disk_full_is_answered_and_heals(void **state)
{
    (void)state;
    child_run(disk_full_child);
}

static void test_disk_full_takes_the_whole_group(void **state)
{
    (void)state;
    child_run(group_full_child);
}

static void gate_ignored(void *ctx, int result)
{
    (void)ctx, (void)result; /* the gate is in the group that fails */
}

/* When the commit of a group fails all of the group are told, and none of it is there. */
static int group_full_child(void)
{
    enum { COUNT = 40 };
    struct async_item items[COUNT];
    struct answers answers = {0};
    struct gate gate = {0};

    signal(SIGXFSZ, SIG_IGN);
    sk_log_set_level(SK_LOG_ERROR + 1);
    file_limit(200 << 10);
    if (store_write_async(lab.store, gate_hold, gate_ignored, &gate) != 0)
        return 1;
    for (int i = 0; i < COUNT; i++) { /* each alone would fit, together they do not */
        items[i] = (struct async_item){{.id = i + 1, .data_len = 20000}, &answers};
        if (store_write_async(lab.store, async_add, async_done, &items[i]) != 0)
            return 2;
    }
    atomic_store(&gate.is_open, 1);
    answers_wait(&answers, COUNT);
    int failures = atomic_load(&answers.failures);
    if (failures < 2 || atomic_load(&answers.last) != -SK_ESTORAGE)
        return 3;
    return lab_count(&lab) == COUNT - failures ? 0 : 4;
}

/* ---- kill -9 ---- */

enum { KILL_ROUNDS = 20 };

/* Write without end from four threads; tell each acknowledged id through the pipe. */
struct kill_child {
    int pipe_fd;
    int64_t base;
};

static void *kill_thread(void *ctx)
{
    struct kill_child *k = ctx;

    for (int64_t id = k->base;; id++) {
        struct lab_item item = {.id = id, .data_len = 100};
        if (store_write(lab.store, item_add, &item) != 0 ||
            write(k->pipe_fd, &id, sizeof(id)) != sizeof(id))
            _exit(1);
    }
    return NULL;
}

static void kill_child_run(int pipe_fd, int64_t round)
{
    struct kill_child children[4];
    pthread_t threads[4];

    if (lab_open(&lab) != 0)
        _exit(1);
    for (int i = 0; i < 4; i++) {
        children[i] = (struct kill_child){pipe_fd, (round * 4 + i) * 1000000};
        pthread_create(&threads[i], NULL, kill_thread, &children[i]);
    }
    pthread_join(threads[0], NULL);
    _exit(1);
}

static int item_there(struct store_tx *tx, void *ctx)
{
    return store_one(tx, "lab_item_get", STORE_ARGS(store_int("1", *(int64_t *)ctx)), NULL, NULL);
}

static int64_t kill_round(int64_t round, int64_t *lost)
{
    int fds[2], status;
    int64_t acknowledged[100000], count = 0;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0)
        kill_child_run(fds[1], round);
    close(fds[1]);
    /* Let it acknowledge a random number of rows, then kill it in the middle of its work. */
    int64_t wanted = 1 + sk_random_below(120);
    while (count < wanted && read(fds[0], &acknowledged[count], 8) == 8)
        count++;
    usleep(sk_random_below(2000));
    assert_int_equal(kill(child, SIGKILL), 0);
    while (count < 100000 && read(fds[0], &acknowledged[count], 8) == 8)
        count++;
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(lab_open(&lab), 0);
    for (int64_t i = 0; i < count; i++)
        *lost += store_read(lab.store, item_there, &acknowledged[i]) != 0;
    lab_close(&lab);
    return count;
}

static void test_kill_9_loses_nothing_acknowledged(void **state)
{
    int64_t lost = 0, acknowledged = 0;

    (void)state;
    lab_close(&lab);
    for (int64_t round = 1; round <= KILL_ROUNDS; round++)
        acknowledged += kill_round(round, &lost);
    assert_true(acknowledged >= KILL_ROUNDS);
    assert_int_equal(lost, 0);
    print_message("# %d rounds, %lld acknowledged, %lld lost\n", KILL_ROUNDS,
                  (long long)acknowledged, (long long)lost);
    assert_int_equal(lab_open(&lab), 0);
    assert_true(lab_count(&lab) >= acknowledged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_writes_share_a_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_queue_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_write_rolls_back_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls_inside_calls_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_read_sees_one_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads_write_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_wal_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_backup_opens_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_finishes_what_is_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_full_is_answered_and_heals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_full_takes_the_whole_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_9_loses_nothing_acknowledged, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
