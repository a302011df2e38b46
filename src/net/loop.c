#include "net/loop.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/internal.h"

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct net_loops {
    unsigned count;
    int is_stopped;
    void (*on_stop)(void *arg);
    void *on_stop_arg;
    struct net_loop *loop[];
};

static _Thread_local struct net_loop *current;

void net_process_init(void)
{
    struct rlimit lim;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)mallopt(M_MMAP_THRESHOLD, 16000);
    (void)mallopt(M_MMAP_MAX, 1 << 20);
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
        lim.rlim_cur = lim.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &lim);
    }
}

/* --- one loop ---------------------------------------------------------------------------- */

/* Run what was posted, in order; 1 = there was something. */
static int posts_run(struct net_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct post *p = loop->post_head;
    loop->post_head = loop->post_tail = NULL;
    pthread_mutex_unlock(&loop->lock);
    int any = p != NULL;
    while (p) {
        struct post *next = p->next;
        p->fn(p->arg);
        free(p);
        p = next;
    }
    return any;
}

static void wake_cb(uv_async_t *uv)
{
    (void)posts_run(uv->data);
}

/* Before the loop sleeps: send what this turn wrote. */
static void turn_end_cb(uv_prepare_t *uv)
{
    stream_flush_dirty(uv->data);
}

/* Before the next poll: go on with what was left over. */
static void spin_cb(uv_idle_t *uv)
{
    struct net_loop *loop = uv->data;
    uv_idle_stop(uv);
    stream_read_again(loop);
}

static void wait_cb(uv_timer_t *uv)
{
    (void)uv;
}

void loop_spin(struct net_loop *loop)
{
    uv_idle_start(&loop->spin, spin_cb);
}

int net_loop_new(struct net_loop **out)
{
    struct net_loop *loop = sk_alloc(sizeof *loop);
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return -SK_EIO;
    }
    if (uv_async_init(&loop->uv, &loop->wake, wake_cb) != 0) {
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return -SK_EIO;
    }
    pthread_mutex_init(&loop->lock, NULL);
    uv_timer_init(&loop->uv, &loop->timer);
    uv_timer_init(&loop->uv, &loop->wait);
    uv_prepare_init(&loop->uv, &loop->turn_end);
    uv_idle_init(&loop->uv, &loop->spin);
    loop->wake.data = loop->timer.data = loop->turn_end.data = loop->spin.data = loop;
    uv_prepare_start(&loop->turn_end, turn_end_cb);
    loop->armed_ms = INT64_MAX;
    loop->scratch = sk_alloc(SCRATCH_BYTES);
    loop->gather = sk_alloc(TLS_RECORD_MAX);
    atomic_store(&loop->thread, pthread_self());
    *out = loop;
    return 0;
}

void loop_item_add(struct net_loop *loop, struct loop_item *item,
                   void (*close)(struct loop_item *item))
{
    item->close = close;
    item->prev = NULL;
    item->next = loop->items;
    if (loop->items)
        loop->items->prev = item;
    loop->items = item;
}

void loop_item_remove(struct net_loop *loop, struct loop_item *item)
{
    if (item->prev)
        item->prev->next = item->next;
    else
        loop->items = item->next;
    if (item->next)
        item->next->prev = item->prev;
}

/* Close everything, and wait for what is away. Afterwards posts are refused. */
static void loop_drain(struct net_loop *loop)
{
    uv_handle_t *own[] = {(uv_handle_t *)&loop->wake, (uv_handle_t *)&loop->timer,
                          (uv_handle_t *)&loop->wait, (uv_handle_t *)&loop->turn_end,
                          (uv_handle_t *)&loop->spin};
    atomic_store(&loop->thread, pthread_self());
    current = loop;
    do {
        while (loop->items)
            loop->items->close(loop->items);
        if (loop->away_count > 0)
            (void)uv_run(&loop->uv, UV_RUN_ONCE);
        pthread_mutex_lock(&loop->lock);
        loop->is_ended = loop->away_count == 0 && !loop->items && !loop->post_head;
        pthread_mutex_unlock(&loop->lock);
        if (!loop->is_ended)
            (void)posts_run(loop);
    } while (!loop->is_ended);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        uv_close(own[i], NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    SK_ASSERT(uv_loop_close(&loop->uv) == 0);
    current = NULL;
}

static void loop_release(struct net_loop *loop)
{
    pthread_mutex_destroy(&loop->lock);
    free(loop->heap);
    sk_wipe(loop->scratch, SCRATCH_BYTES);
    sk_wipe(loop->gather, TLS_RECORD_MAX);
    free(loop->scratch);
    free(loop->gather);
    free(loop);
}

void net_loop_free(struct net_loop *loop)
{
    if (!loop)
        return;
    struct net_loop *outer = current;
    loop_drain(loop);
    loop_release(loop);
    current = outer;
}

static void loop_enter(struct net_loop *loop)
{
    atomic_store(&loop->thread, pthread_self());
    current = loop;
}

void net_loop_run(struct net_loop *loop)
{
    struct net_loop *outer = current;
    loop_enter(loop);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    current = outer;
}

void net_loop_run_one(struct net_loop *loop, int64_t wait_ms)
{
    struct net_loop *outer = current;
    loop_enter(loop);
    if (wait_ms > 0) {
        uv_update_time(&loop->uv);
        uv_timer_start(&loop->wait, wait_cb, (uint64_t)wait_ms, 0);
    }
    (void)uv_run(&loop->uv, wait_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    uv_timer_stop(&loop->wait);
    current = outer;
}

static void stop_fn(void *arg)
{
    struct net_loop *loop = arg;
    uv_stop(&loop->uv);
}

void net_loop_stop(struct net_loop *loop)
{
    net_loop_post(loop, stop_fn, loop);
}

void net_loop_post(struct net_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct post *p = sk_alloc(sizeof *p);
    p->fn = fn;
    p->arg = arg;
    pthread_mutex_lock(&loop->lock);
    if (loop->is_ended) {
        free(p);
    } else {
        int was_empty = loop->post_head == NULL;
        if (was_empty)
            loop->post_head = p;
        else
            loop->post_tail->next = p;
        loop->post_tail = p;
        if (was_empty) /* under the lock: the handle cannot be closed meanwhile */
            (void)uv_async_send(&loop->wake);
    }
    pthread_mutex_unlock(&loop->lock);
}

int64_t net_loop_now_ms(const struct net_loop *loop)
{
    (void)loop;
    return sk_clock_mono_ms();
}

int net_loop_is_current(const struct net_loop *loop)
{
    return pthread_equal(atomic_load(&((struct net_loop *)loop)->thread), pthread_self()) != 0;
}

struct net_loop *net_loop_current(void)
{
    return current;
}

/* --- many -------------------------------------------------------------------------------- */

static void *thread_main(void *arg)
{
    struct net_loop *loop = arg;
    net_loop_run(loop);
    loop_drain(loop);
    return NULL;
}

static int loop_start(struct net_loop **out)
{
    pthread_t thread;
    sigset_t all, before;
    int err = net_loop_new(out);
    if (err != 0)
        return err;
    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&thread, NULL, thread_main, *out) == 0 ? 0 : -SK_ELIMIT;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != 0)
        net_loop_free(*out);
    else
        atomic_store(&(*out)->thread, thread);
    return err;
}

int net_loops_start(struct net_loops **out, unsigned count)
{
    if (count == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        count = cores < 1 ? 1 : cores > 16 ? 16 : (unsigned)cores;
    }
    struct net_loops *loops = sk_alloc(sizeof *loops + count * sizeof loops->loop[0]);
    for (; loops->count < count; loops->count++) {
        int err = loop_start(&loops->loop[loops->count]);
        if (err != 0) {
            net_loops_free(loops);
            return err;
        }
    }
    *out = loops;
    return 0;
}

void net_loops_on_stop(struct net_loops *loops, void (*fn)(void *arg), void *arg)
{
    SK_ASSERT(!loops->on_stop);
    loops->on_stop = fn;
    loops->on_stop_arg = arg;
}

void net_loops_stop(struct net_loops *loops)
{
    if (!loops || loops->is_stopped)
        return;
    loops->is_stopped = 1;
    /* One after the other: what the first (which accepts) handed to the others is still run. */
    for (unsigned i = 0; i < loops->count; i++) {
        pthread_t thread = atomic_load(&loops->loop[i]->thread);
        net_loop_stop(loops->loop[i]);
        pthread_join(thread, NULL);
    }
    if (loops->on_stop)
        loops->on_stop(loops->on_stop_arg);
}

void net_loops_free(struct net_loops *loops)
{
    if (!loops)
        return;
    net_loops_stop(loops);
    for (unsigned i = 0; i < loops->count; i++)
        loop_release(loops->loop[i]);
    free(loops);
}

unsigned net_loops_count(const struct net_loops *loops)
{
    return loops->count;
}

struct net_loop *net_loops_at(const struct net_loops *loops, unsigned index)
{
    return loops->loop[index];
}
