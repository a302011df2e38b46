/* Event loops: one thread each, everything that belongs to a loop happens on its thread. Timers
 * are embedded in the caller's structs. Only net_loop_post and net_loop_stop may be called from
 * other threads. */
#ifndef SK_NET_LOOP_H
#define SK_NET_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct net_loop;
struct net_loops;

/* At the start of main, before the first large allocation: SIGPIPE ignored, allocations of 16 KB
 * and more by mmap (so that the untouched part of TLS buffers costs nothing), soft nofile limit
 * raised to the hard one. */
void net_process_init(void);

/* A loop that the calling thread runs itself (tools, tests, the fleet). */
SK_MUST int net_loop_new(struct net_loop **out);

/* Close what is still open on the loop (streams get on_close), then free. On its own thread, or
 * after that thread is gone. NULL is fine. */
void net_loop_free(struct net_loop *loop);

/* Run until net_loop_stop. */
void net_loop_run(struct net_loop *loop);

/* Wait at most `wait_ms` (0 = not at all, < 0 = for ever) for something to happen and handle it. */
void net_loop_run_one(struct net_loop *loop, int64_t wait_ms);

/* Make net_loop_run return. Any thread. */
void net_loop_stop(struct net_loop *loop);

/* Run `fn(arg)` on the loop's thread, soon; in order for each posting thread. Aborts only when
 * out of memory. A post to a loop that has ended is never run. Any thread. */
void net_loop_post(struct net_loop *loop, void (*fn)(void *arg), void *arg);

/* Monotonic ms of this turn of the loop. On its thread. */
int64_t net_loop_now_ms(const struct net_loop *loop);

/* 1 when called on the loop's thread. */
int net_loop_is_current(const struct net_loop *loop);

/* The loop whose thread this is, or NULL. */
struct net_loop *net_loop_current(void);

/* `count` loops (0 = one per core, at most 16), each on its own thread. */
SK_MUST int net_loops_start(struct net_loops **out, unsigned count);

/* Stop all and join; their streams are closed. The memory stays, so that whoever is late (a worker,
 * the store's writer) may still post: that is dropped. Again, or NULL: nothing happens. */
void net_loops_stop(struct net_loops *loops);
/* Called once by net_loops_stop when the last loop has ended, for what streams hold on to. */
void net_loops_on_stop(struct net_loops *loops, void (*fn)(void *arg), void *arg);
/* Stop if that has not been done, and free. NULL is fine. */
void net_loops_free(struct net_loops *loops);
unsigned net_loops_count(const struct net_loops *loops);
struct net_loop *net_loops_at(const struct net_loops *loops, unsigned index);

/* A timer inside a struct of the caller's. Zeroed memory is a timer that is not set and may be
 * cancelled. `fn` runs on the loop's thread; it may set the timer again or free the memory. */
struct net_timer {
    int64_t at_ms;
    void (*fn)(struct net_timer *t, void *arg);
    void *arg;
    struct net_loop *loop;
    uint32_t slot; /* place in the loop's heap + 1; 0 = not set */
};

void net_timer_init(struct net_timer *t, struct net_loop *loop,
                    void (*fn)(struct net_timer *t, void *arg), void *arg);

/* Fire once at `at_ms` (of net_loop_now_ms), or after `in_ms`; replaces an earlier setting. On the
 * loop's thread. Timers fire in the order of their times; those due at the same ms in any order. */
void net_timer_set(struct net_timer *t, int64_t at_ms);
void net_timer_set_in(struct net_timer *t, int64_t in_ms);
void net_timer_cancel(struct net_timer *t);
int net_timer_is_set(const struct net_timer *t);

#endif
