#include "net/handshake.h"

#include <stdlib.h>
#include <unistd.h>

#include "net/internal.h"

struct list {
    struct net_stream *head, *tail;
};

struct net_handshakes {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct net_handshake_options opt;
    struct list waiting; /* for a place */
    struct list ready;   /* places whose next step can run */
    struct net_handshake_stats stats;
    int is_stopping;
    unsigned thread_count;
    pthread_t thread[];
};

static void list_put(struct list *l, struct net_stream *s)
{
    s->shake_next = NULL;
    s->shake_prev = l->tail;
    if (l->tail)
        l->tail->shake_next = s;
    else
        l->head = s;
    l->tail = s;
}

static void list_remove(struct list *l, struct net_stream *s)
{
    if (s->shake_prev)
        s->shake_prev->shake_next = s->shake_next;
    else
        l->head = s->shake_next;
    if (s->shake_next)
        s->shake_next->shake_prev = s->shake_prev;
    else
        l->tail = s->shake_prev;
    s->shake_next = s->shake_prev = NULL;
}

static struct net_stream *list_take(struct list *l)
{
    struct net_stream *s = l->head;
    if (s)
        list_remove(l, s);
    return s;
}

static void *pool_main(void *arg)
{
    struct net_handshakes *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->is_stopping) {
        struct net_stream *s = list_take(&h->ready);
        if (!s) {
            pthread_cond_wait(&h->work, &h->lock);
            continue;
        }
        pthread_mutex_unlock(&h->lock);
        s->shake_result = tls_session_handshake(s->tls);
        net_loop_post(s->loop, stream_shake_stepped, s);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static unsigned threads_default(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 4 ? 1 : cores > 32 ? 16 : (unsigned)cores / 2;
}

int net_handshakes_start(struct net_handshakes **out, const struct net_handshake_options *o)
{
    struct net_handshake_options opt = o ? *o : (struct net_handshake_options){0};
    if (opt.threads == 0)
        opt.threads = threads_default();
    if (opt.open_max == 0)
        opt.open_max = 1024;
    if (opt.waiting_max == 0)
        opt.waiting_max = 16384;
    if (opt.deadline_ms == 0)
        opt.deadline_ms = 10000;
    struct net_handshakes *h = sk_alloc(sizeof *h + opt.threads * sizeof h->thread[0]);
    h->opt = opt;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->work, NULL);
    for (; h->thread_count < opt.threads; h->thread_count++)
        if (pthread_create(&h->thread[h->thread_count], NULL, pool_main, h) != 0) {
            net_handshakes_stop(h);
            return -SK_ELIMIT;
        }
    *out = h;
    return 0;
}

void net_handshakes_stop(struct net_handshakes *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->is_stopping = 1;
    pthread_cond_broadcast(&h->work);
    pthread_mutex_unlock(&h->lock);
    for (unsigned i = 0; i < h->thread_count; i++)
        pthread_join(h->thread[i], NULL);
    SK_ASSERT(h->stats.open == 0 && h->stats.waiting == 0);
    pthread_cond_destroy(&h->work);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void net_handshakes_stats(struct net_handshakes *h, struct net_handshake_stats *out)
{
    pthread_mutex_lock(&h->lock);
    *out = h->stats;
    pthread_mutex_unlock(&h->lock);
}

int64_t handshakes_deadline_ms(const struct net_handshakes *h)
{
    return h->opt.deadline_ms;
}

int handshakes_enter(struct net_handshakes *h, struct net_stream *s)
{
    int got = -SK_EBUSY;
    pthread_mutex_lock(&h->lock);
    if (h->stats.open < h->opt.open_max) {
        h->stats.open++;
        s->shake_state = SHAKE_OPEN;
        got = 1;
    } else if (h->stats.waiting < h->opt.waiting_max) {
        h->stats.waiting++;
        s->shake_state = SHAKE_WAITING;
        list_put(&h->waiting, s);
        got = 0;
    } else {
        h->stats.refused++;
    }
    pthread_mutex_unlock(&h->lock);
    return got;
}

void handshakes_step(struct net_handshakes *h, struct net_stream *s)
{
    pthread_mutex_lock(&h->lock);
    list_put(&h->ready, s);
    pthread_cond_signal(&h->work);
    pthread_mutex_unlock(&h->lock);
}

/* A place is free: give it to the one that waited longest. */
static void place_pass_locked(struct net_handshakes *h)
{
    struct net_stream *next = list_take(&h->waiting);
    if (!next) {
        h->stats.open--;
        return;
    }
    h->stats.waiting--;
    next->shake_state = SHAKE_GRANTED;
    net_loop_post(next->loop, stream_shake_granted, next);
}

int handshakes_leave(struct net_handshakes *h, struct net_stream *s)
{
    int post_is_due = 0;
    pthread_mutex_lock(&h->lock);
    if (s->shake_state == SHAKE_WAITING) {
        list_remove(&h->waiting, s);
        h->stats.waiting--;
    } else if (s->shake_state == SHAKE_GRANTED || s->shake_state == SHAKE_OPEN) {
        post_is_due = s->shake_state == SHAKE_GRANTED;
        place_pass_locked(h);
    }
    s->shake_state = SHAKE_NONE;
    pthread_mutex_unlock(&h->lock);
    return post_is_due;
}

void handshakes_count(struct net_handshakes *h, int result, int resumed)
{
    pthread_mutex_lock(&h->lock);
    if (result == 0)
        h->stats.done++, h->stats.resumed += resumed != 0;
    else if (result == -SK_ETIMEOUT)
        h->stats.timed_out++;
    else
        h->stats.failed++;
    pthread_mutex_unlock(&h->lock);
}
