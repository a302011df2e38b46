/* The writer thread: takes queued functions, runs each under a savepoint, commits them together
 * and only then answers. While one commit waits for the disk the next group gathers by itself, so
 * there is no timer to tune and a lone caller waits for one sync. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/sys.h"
#include "store/internal.h"

static _Thread_local int tx_depth;

int tx_is_running_here(void)
{
    return tx_depth > 0;
}

int tx_call(struct store_tx *tx, store_fn fn, void *ctx)
{
    tx_depth++;
    int result = fn(tx, ctx);
    tx_depth--;
    return result == 0 ? tx->error : result;
}

int64_t store_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts); /* allow clock_gettime: figures in us, never data */
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- the queue ---- */

static int item_queue(struct store *s, struct write_item *item)
{
    int err = 0;

    item->queued_us = store_now_us();
    pthread_mutex_lock(&s->queue_lock);
    if (s->is_closing)
        err = -SK_ECLOSED;
    else if (item->done && s->queue_async >= STORE_QUEUE_MAX)
        err = -SK_EBUSY;
    if (!err) {
        *s->queue_tail = item;
        s->queue_tail = &item->next;
        s->queue_count++;
        s->queue_async += item->done != NULL;
        pthread_cond_signal(&s->queue_filled);
    }
    pthread_mutex_unlock(&s->queue_lock);
    return err;
}

static int item_wait(struct store *s, struct write_item *item)
{
    pthread_cond_init(&item->answered, NULL);
    int err = item_queue(s, item);
    if (!err) {
        pthread_mutex_lock(&s->queue_lock);
        while (!item->is_answered)
            pthread_cond_wait(&item->answered, &s->queue_lock);
        pthread_mutex_unlock(&s->queue_lock);
        err = item->result;
    }
    pthread_cond_destroy(&item->answered);
    return err;
}

int store_write(struct store *s, store_fn fn, void *ctx)
{
    struct write_item item = {.fn = fn, .ctx = ctx, .who = witness_actor()};

    return tx_is_running_here() ? -SK_EINTERNAL : item_wait(s, &item);
}

int writer_call(struct store *s, int (*special)(struct store *s, void *ctx), void *ctx)
{
    struct write_item item = {.special = special, .ctx = ctx};

    return tx_is_running_here() ? -SK_EINTERNAL : item_wait(s, &item);
}

static void item_free(struct write_item *item)
{
    free(item->kept);
    free(item);
}

int store_write_async(struct store *s, store_fn fn, store_done_fn done, void *ctx)
{
    struct write_item *item = sk_alloc(sizeof(*item));

    SK_ASSERT(done != NULL);
    *item = (struct write_item){.fn = fn, .done = done, .ctx = ctx};
    if (witness_actor())
        item->who = item->kept = witness_keep(witness_actor());
    int err = item_queue(s, item);
    if (err)
        item_free(item);
    return err;
}

static void item_answer(struct store *s, struct write_item *item)
{
    if (item->done) {
        tx_depth++; /* a blocking call from here would wait for this very thread */
        item->done(item->ctx, item->result);
        tx_depth--;
        item_free(item);
        return;
    }
    pthread_mutex_lock(&s->queue_lock);
    item->is_answered = 1;
    pthread_cond_signal(&item->answered); /* under the lock: the item lives on a stack */
    pthread_mutex_unlock(&s->queue_lock);
}

/* Next item for the running group, or NULL: the queue is empty or its head wants to run alone. */
static struct write_item *item_take(struct store *s, int may_be_special)
{
    struct write_item *item;

    pthread_mutex_lock(&s->queue_lock);
    item = s->queue_head;
    if (item && item->special && !may_be_special)
        item = NULL;
    if (item) {
        s->queue_head = item->next;
        if (!s->queue_head)
            s->queue_tail = &s->queue_head;
        s->queue_count--;
        s->queue_async -= item->done != NULL;
        item->next = NULL;
    }
    pthread_mutex_unlock(&s->queue_lock);
    return item;
}

/* ---- one group ---- */

struct group {
    struct write_item *head, **tail;
    uint64_t count, kept, refused;
    int64_t rows_changed;
    int error; /* of the transaction itself: everybody in the group gets it */
};

/* Run one function under a savepoint. The engine drops the whole transaction on some disk errors;
 * then what the others of the group did is gone too. */
static void item_run(struct store *s, struct group *g, struct write_item *item)
{
    struct store_tx tx = {.store = s, .conn = &s->writer};
    int err = conn_control(&s->writer, CONTROL_SAVEPOINT);

    if (err) {
        g->error = err;
        return;
    }
    item->result = witness_function(&tx, item->who, tx_call(&tx, item->fn, item->ctx));
    if (sqlite3_get_autocommit(s->writer.db)) {
        g->error = -SK_ESTORAGE;
        return;
    }
    if (item->result != 0)
        err = conn_control(&s->writer, CONTROL_UNDO);
    if (!err)
        err = conn_control(&s->writer, CONTROL_RELEASE);
    g->error = err;
    g->kept += item->result == 0;
    g->refused += item->result != 0;
    if (item->result == 0)
        g->rows_changed += tx.rows_changed;
}

static void group_gather(struct store *s, struct group *g, struct write_item *first)
{
    int64_t until_us = store_now_us() + STORE_GROUP_MS * 1000;

    for (struct write_item *item = first; item; item = item_take(s, 0)) {
        *g->tail = item;
        g->tail = &item->next;
        g->count++;
        item_run(s, g, item);
        if (g->error || g->count == STORE_GROUP_MAX || store_now_us() > until_us)
            return;
    }
}

static void group_commit(struct store *s, struct group *g)
{
    struct conn *c = &s->writer;

    if (!g->error && g->kept > 0)
        g->error = conn_control(c, CONTROL_COMMIT);
    if (!sqlite3_get_autocommit(c->db) && conn_control(c, CONTROL_ROLLBACK) != 0)
        log_error("store", "rollback", "text=\"%s\"", sqlite3_errmsg(c->db));
}

/* Tell the operator when storing begins to fail and when it works again, not once per write. */
static void failure_note(struct store *s, const struct group *g)
{
    if (g->error && !s->is_failing)
        log_error("store", "commit_failed", "error=%s text=\"%s\"", sk_error_slug(g->error),
                  sqlite3_errmsg(s->writer.db));
    else if (!g->error && g->kept > 0 && s->is_failing)
        log_info("store", "commit_works_again", "file=%s", s->path);
    if (g->error || g->kept > 0)
        s->is_failing = g->error != 0;
}

static void group_count(struct store *s, const struct group *g, int64_t commit_us)
{
    int64_t now_us = store_now_us();
    struct store_stats *st = &s->stats;

    pthread_mutex_lock(&s->stats_lock);
    st->commits += !g->error && g->kept > 0;
    st->commit_failures += g->error != 0;
    st->write_refusals += g->error ? 0 : g->refused;
    st->writes += g->error ? 0 : g->kept;
    st->rows_changed += g->error ? 0 : (uint64_t)g->rows_changed;
    st->commit_us_total += (uint64_t)commit_us;
    if (!g->error && g->kept > st->group_max)
        st->group_max = g->kept;
    for (const struct write_item *i = g->head; i; i = i->next) {
        uint64_t wait_us = (uint64_t)(now_us - i->queued_us);
        st->wait_us_total += wait_us;
        if (wait_us > st->wait_us_max)
            st->wait_us_max = wait_us;
    }
    pthread_mutex_unlock(&s->stats_lock);
}

static void group_run(struct store *s, struct write_item *first)
{
    struct group g = {.tail = &g.head};

    g.error = conn_control(&s->writer, CONTROL_BEGIN_WRITE);
    if (g.error) {
        *g.tail = first;
        g.count = 1;
    } else {
        group_gather(s, &g, first);
    }
    witness_compare(s, &s->writer);
    int64_t commit_start_us = store_now_us();
    group_commit(s, &g);
    failure_note(s, &g);
    group_count(s, &g, store_now_us() - commit_start_us);
    while (g.head) {
        struct write_item *item = g.head;
        g.head = item->next;
        if (g.error && item->result >= 0)
            item->result = g.error == -SK_EIO ? -SK_EIO : -SK_ESTORAGE;
        item_answer(s, item);
    }
}

/* ---- the WAL ---- */

static int wal_grown(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct store *s = ctx;

    (void)db, (void)name;
    atomic_store(&s->wal_pages, pages);
    return SQLITE_OK;
}

static int wal_checkpoint(struct store *s, int mode)
{
    int in_wal = -1, moved = -1;
    int rc = sqlite3_wal_checkpoint_v2(s->writer.db, "main", mode, &in_wal, &moved);

    if (rc == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE)
        atomic_store(&s->wal_pages, 0);
    pthread_mutex_lock(&s->stats_lock);
    s->stats.checkpoints += rc == SQLITE_OK;
    pthread_mutex_unlock(&s->stats_lock);
    return conn_error(rc);
}

/* After a group was answered: keep the WAL small without making a caller wait for it. A pass that
 * a reader holds back is tried again after as many pages more. */
static void wal_care(struct store *s)
{
    int pages = atomic_load(&s->wal_pages);

    if (pages < s->wal_seen_pages)
        s->wal_next_pages = STORE_CHECKPOINT_PAGES;
    s->wal_seen_pages = pages;
    if (pages < s->wal_next_pages)
        return;
    s->wal_next_pages = pages + STORE_CHECKPOINT_PAGES;
    int err = wal_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    if (pages > STORE_WAL_ALARM_PAGES)
        log_warn("store", "wal_large", "pages=%d error=%s", pages, sk_error_slug(err));
}

static int checkpoint_special(struct store *s, void *ctx)
{
    (void)ctx;
    return wal_checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE);
}

int store_checkpoint(struct store *s)
{
    return writer_call(s, checkpoint_special, NULL);
}

/* ---- the thread ---- */

static int idle_wait(struct store *s)
{
    struct timespec until;

    if (atomic_load(&s->wal_pages) == 0)
        return pthread_cond_wait(&s->queue_filled, &s->queue_lock);
    clock_gettime(CLOCK_MONOTONIC, &until); /* allow clock_gettime: absolute, for the condition */
    until.tv_nsec += STORE_IDLE_MS % 1000 * 1000000;
    until.tv_sec += STORE_IDLE_MS / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_cond_timedwait(&s->queue_filled, &s->queue_lock, &until);
}

/* 1 work is there, 0 nothing to do for a while, -1 closing and the queue is empty. */
static int work_wait(struct store *s)
{
    int err = 0, have;

    pthread_mutex_lock(&s->queue_lock);
    while (!s->queue_head && !s->is_closing && err != ETIMEDOUT)
        err = idle_wait(s);
    have = s->queue_head ? 1 : s->is_closing ? -1 : 0;
    pthread_mutex_unlock(&s->queue_lock);
    return have;
}

static void *writer_main(void *arg)
{
    struct store *s = arg;
    int have;

    while ((have = work_wait(s)) >= 0) {
        struct write_item *item = have ? item_take(s, 1) : NULL;
        if (item && item->special) {
            item->result = item->special(s, item->ctx);
            item_answer(s, item);
        } else if (item) {
            group_run(s, item);
            wal_care(s);
        } else {
            sqlite3_busy_timeout(s->writer.db, 0); /* idle: a reader may hold it, try again later */
            (void)wal_checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE);
            sqlite3_busy_timeout(s->writer.db, STORE_BUSY_MS);
        }
    }
    return NULL;
}

int writer_start(struct store *s)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->queue_filled, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->queue_tail = &s->queue_head;
    s->wal_next_pages = STORE_CHECKPOINT_PAGES;
    sqlite3_wal_hook(s->writer.db, wal_grown, s);
    if (pthread_create(&s->thread, NULL, writer_main, s) != 0)
        return -SK_ENOMEM;
    s->is_started = 1;
    return 0;
}

void writer_stop(struct store *s)
{
    if (!s->is_started)
        return;
    pthread_mutex_lock(&s->queue_lock);
    s->is_closing = 1;
    pthread_cond_signal(&s->queue_filled);
    pthread_mutex_unlock(&s->queue_lock);
    pthread_join(s->thread, NULL);
    s->is_started = 0;
}
