#include "core/event.h"

#include <stddef.h>

#include "base/sys.h"

enum { SUBSCRIBERS_MAX = 16 };

struct subscriber {
    void (*fn)(void *ctx, const struct event *ev);
    void *ctx;
};

/* Written at start only, read by all threads afterwards. */
static struct subscriber subscribers[EVENT_KIND_COUNT][SUBSCRIBERS_MAX];
static size_t counts[EVENT_KIND_COUNT];

void event_subscribe(enum event_kind kind, void (*fn)(void *ctx, const struct event *ev), void *ctx)
{
    SK_ASSERT(counts[kind] < SUBSCRIBERS_MAX);
    subscribers[kind][counts[kind]++] = (struct subscriber){fn, ctx};
}

void event_publish(const struct event *ev)
{
    for (size_t i = 0; i < counts[ev->kind]; i++)
        subscribers[ev->kind][i].fn(subscribers[ev->kind][i].ctx, ev);
}
