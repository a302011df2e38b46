/* Ending what an app holds, and knowing when it has ended. The news goes the way of every other
 * revocation: codes are asked again, so cameras change their keys; then the app's session ends, so
 * sockets close. What is done on loops is done in the order in which it was posted: when a round
 * through all of them has come back twice, nothing of the app is left. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "app/internal.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/event.h"
#include "net/loop.h"

enum { WAIT_MAX_MS = 1000, ROUNDS = 2 };

/* Shared by the waiting thread and the loops; the last one frees it. */
struct round {
    pthread_mutex_t lock;
    pthread_cond_t all;
    unsigned missing, holders;
};

static void round_leave_locked(struct round *r)
{
    unsigned left = --r->holders;

    pthread_mutex_unlock(&r->lock);
    if (left)
        return;
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->all);
    free(r);
}

static void round_come(void *arg)
{
    struct round *r = arg;

    pthread_mutex_lock(&r->lock);
    if (--r->missing == 0)
        pthread_cond_signal(&r->all);
    round_leave_locked(r);
}

/* 0, or -SK_ETIMEOUT: a loop did not come by monotonic `until_ms`. */
static int round_run(const struct net_loops *loops, int64_t until_ms)
{
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    unsigned count = net_loops_count(loops);
    struct round *r = sk_alloc(sizeof(*r));
    pthread_condattr_t clock;
    int late = 0;

    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->all, &clock);
    pthread_condattr_destroy(&clock);
    r->missing = count;
    r->holders = count + 1;
    for (unsigned i = 0; i < count; i++)
        net_loop_post(net_loops_at(loops, i), round_come, r);
    pthread_mutex_lock(&r->lock);
    while (r->missing && !late)
        late = pthread_cond_timedwait(&r->all, &r->lock, &until) != 0;
    late = r->missing != 0;
    round_leave_locked(r);
    return late ? -SK_ETIMEOUT : 0;
}

int64_t cut_now(const char *account, const char *id)
{
    int64_t began_ms = sk_clock_mono_ms(), wall_ms = sk_clock_wall_ms();
    const struct event judge = {
        .kind = EVENT_GRANT_CHANGED, .account = account, .wall_ms = wall_ms};
    const struct event end = {.kind = EVENT_SESSION_ENDED,
                              .account = account,
                              .session = id,
                              .detail = "app-killed",
                              .wall_ms = wall_ms};
    const struct net_loops *loops = app_get()->loops;
    int err = 0;

    event_publish(&judge);
    event_publish(&end);
    for (int i = 0; i < ROUNDS && loops && !err; i++)
        err = round_run(loops, began_ms + WAIT_MAX_MS);
    if (err)
        log_warn("app", "cut", "app=%s reason=\"a loop is late\"", id);
    return sk_clock_mono_ms() - began_ms;
}
