#include "alert/channel.h"

void window_add(struct window *w, int64_t now_ms)
{
    w->at[w->next] = now_ms;
    w->next = (w->next + 1) % WINDOW_MAX;
    w->count += w->count < WINDOW_MAX;
}

/* The n-th newest, from 1. */
static int64_t window_at(const struct window *w, size_t n)
{
    return w->at[(w->next + WINDOW_MAX - n) % WINDOW_MAX];
}

int64_t window_wait(const struct window *w, int per_minute, int64_t gap_ms, int64_t now_ms)
{
    int64_t wait = 0;

    if (w->count && window_at(w, 1) + gap_ms > now_ms)
        wait = window_at(w, 1) + gap_ms - now_ms;
    if (w->count >= (size_t)per_minute) {
        int64_t free_ms = window_at(w, (size_t)per_minute) + WINDOW_MS - now_ms;
        wait = free_ms > wait ? free_ms : wait;
    }
    return wait;
}
