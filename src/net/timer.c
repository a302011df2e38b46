/* Timers: a binary heap of pointers into the callers' structs, one timer of the system for all. */
#include <stdlib.h>

#include "net/internal.h"

static void place(struct net_loop *loop, uint32_t i, struct net_timer *t)
{
    loop->heap[i] = t;
    t->slot = i + 1;
}

static void sift_up(struct net_loop *loop, uint32_t i)
{
    struct net_timer *t = loop->heap[i];
    while (i > 0) {
        uint32_t parent = (i - 1) / 2;
        if (loop->heap[parent]->at_ms <= t->at_ms)
            break;
        place(loop, i, loop->heap[parent]);
        i = parent;
    }
    place(loop, i, t);
}

static void sift_down(struct net_loop *loop, uint32_t i)
{
    struct net_timer *t = loop->heap[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= loop->heap_len)
            break;
        if (child + 1 < loop->heap_len && loop->heap[child + 1]->at_ms < loop->heap[child]->at_ms)
            child++;
        if (t->at_ms <= loop->heap[child]->at_ms)
            break;
        place(loop, i, loop->heap[child]);
        i = child;
    }
    place(loop, i, t);
}

static void heap_remove(struct net_loop *loop, uint32_t i)
{
    struct net_timer *last = loop->heap[--loop->heap_len];
    loop->heap[i]->slot = 0;
    if (i == loop->heap_len)
        return;
    place(loop, i, last);
    sift_up(loop, i);
    sift_down(loop, last->slot - 1);
}

static void timer_cb(uv_timer_t *uv)
{
    struct net_loop *loop = uv->data;
    loop->armed_ms = INT64_MAX;
    loop->is_firing = 1;
    timers_run(loop);
    loop->is_firing = 0;
}

void timers_run(struct net_loop *loop)
{
    int64_t now_ms = sk_clock_mono_ms();
    /* What is set for "now" while we run waits for the next turn: no timer can starve the rest. */
    for (uint32_t left = loop->heap_len; left > 0 && loop->heap_len > 0; left--) {
        struct net_timer *t = loop->heap[0];
        if (t->at_ms > now_ms)
            break;
        heap_remove(loop, 0);
        t->fn(t, t->arg);
    }
    timers_arm(loop);
}

void timers_arm(struct net_loop *loop)
{
    if (loop->heap_len == 0 || loop->heap[0]->at_ms >= loop->armed_ms)
        return; /* one that fires too early just arms anew */
    int64_t in_ms = loop->heap[0]->at_ms - sk_clock_mono_ms();
    if (in_ms < loop->is_firing) /* libuv would go on firing, without a look at anything else */
        in_ms = loop->is_firing;
    loop->armed_ms = loop->heap[0]->at_ms;
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->timer, timer_cb, in_ms > 0 ? (uint64_t)in_ms : 0, 0);
}

void net_timer_init(struct net_timer *t, struct net_loop *loop,
                    void (*fn)(struct net_timer *t, void *arg), void *arg)
{
    *t = (struct net_timer){.fn = fn, .arg = arg, .loop = loop};
}

void net_timer_set(struct net_timer *t, int64_t at_ms)
{
    struct net_loop *loop = t->loop;
    if (t->slot != 0) {
        t->at_ms = at_ms;
        sift_up(loop, t->slot - 1);
        sift_down(loop, t->slot - 1);
    } else {
        if (loop->heap_len == loop->heap_cap) {
            loop->heap_cap = loop->heap_cap ? loop->heap_cap * 2 : 64;
            loop->heap = sk_realloc(loop->heap, loop->heap_cap * sizeof *loop->heap);
        }
        t->at_ms = at_ms;
        place(loop, loop->heap_len, t);
        sift_up(loop, loop->heap_len++);
    }
    timers_arm(loop);
}

void net_timer_set_in(struct net_timer *t, int64_t in_ms)
{
    net_timer_set(t, net_loop_now_ms(t->loop) + in_ms);
}

void net_timer_cancel(struct net_timer *t)
{
    if (t->slot != 0)
        heap_remove(t->loop, t->slot - 1);
}

int net_timer_is_set(const struct net_timer *t)
{
    return t->slot != 0;
}
