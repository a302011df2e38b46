#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/sys.h"
#include "outbound/internal.h"

enum { THREADS_MAX = 8 };

struct lane {
    pthread_mutex_t lock;
    pthread_cond_t news;
    pthread_t threads[THREADS_MAX];
    unsigned thread_count;
    struct job *first;
    size_t count, max;
    int stopping;
    void (*run)(struct lane *l, struct job *j);
};

/* The first job whose time has come, taken out; else NULL and when the next one's comes. */
static struct job *take_locked(struct lane *l, int64_t now_ms, int64_t *next_ms)
{
    *next_ms = now_ms + 3600000;
    for (struct job **at = &l->first; *at; at = &(*at)->next) {
        struct job *j = *at;
        if (j->not_before_ms <= now_ms) {
            *at = j->next;
            j->next = NULL;
            l->count--;
            return j;
        }
        if (j->not_before_ms < *next_ms)
            *next_ms = j->not_before_ms;
    }
    return NULL;
}

static void wait_locked(struct lane *l, int64_t for_ms)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts); /* allow clock_gettime: absolute, for the condition */
    ts.tv_sec += (time_t)(for_ms / 1000);
    ts.tv_nsec += (long)(for_ms % 1000) * 1000000L;
    if (ts.tv_nsec >= 1000000000L) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&l->news, &l->lock, &ts);
}

static void *work(void *arg)
{
    struct lane *l = arg;
    int64_t next_ms;

    pthread_mutex_lock(&l->lock);
    while (!l->stopping) {
        int64_t now_ms = sk_clock_mono_ms();
        struct job *j = take_locked(l, now_ms, &next_ms);
        if (!j) {
            wait_locked(l, next_ms - now_ms);
            continue;
        }
        pthread_mutex_unlock(&l->lock);
        l->run(l, j);
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

int lane_start(struct lane **out, unsigned threads, size_t waiting_max,
               void (*run)(struct lane *l, struct job *j))
{
    struct lane *l = sk_alloc(sizeof(*l));
    pthread_condattr_t attr;

    SK_ASSERT(threads <= THREADS_MAX);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->news, &attr);
    pthread_condattr_destroy(&attr);
    l->max = waiting_max;
    l->run = run;
    *out = l;
    for (; l->thread_count < threads; l->thread_count++)
        if (pthread_create(&l->threads[l->thread_count], NULL, work, l))
            return -SK_ENOMEM; /* the caller stops what there is */
    return 0;
}

int lane_put(struct lane *l, struct job *j, int again)
{
    int err = 0;

    pthread_mutex_lock(&l->lock);
    if (l->stopping)
        err = -SK_ECLOSED;
    else if (!again && l->count >= l->max)
        err = -SK_EBUSY;
    if (!err) {
        struct job **at = &l->first;
        while (*at)
            at = &(*at)->next;
        *at = j;
        l->count++;
        pthread_cond_signal(&l->news);
    }
    pthread_mutex_unlock(&l->lock);
    return err;
}

void lane_stop(struct lane **lane, void (*end)(struct job *j))
{
    struct lane *l = *lane;

    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = 1;
    pthread_cond_broadcast(&l->news);
    pthread_mutex_unlock(&l->lock);
    for (unsigned i = 0; i < l->thread_count; i++)
        pthread_join(l->threads[i], NULL);
    while (l->first) {
        struct job *j = l->first;
        l->first = j->next;
        end(j);
    }
    pthread_cond_destroy(&l->news);
    pthread_mutex_destroy(&l->lock);
    free(l);
    *lane = NULL;
}
