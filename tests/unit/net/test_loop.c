#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sys.h"
#include "net/addr.h"
#include "net/loop.h"
#include "net/packet.h"

enum { POSTERS = 4, POSTS = 5000, TIMERS = 2000 };

struct poster {
    pthread_t thread;
    struct net_loop *loop;
    int sent, next_seen;
};

struct note {
    struct poster *from;
    int number;
};

static int notes_seen, notes_wrong;

static void note_arrived(void *arg)
{
    struct note *n = arg;
    if (n->from->next_seen++ != n->number || !net_loop_is_current(n->from->loop))
        notes_wrong++;
    free(n);
    if (++notes_seen == POSTERS * POSTS)
        net_loop_stop(net_loop_current());
}

static void *poster_main(void *arg)
{
    struct poster *p = arg;
    for (int i = 0; i < POSTS; i++) {
        struct note *n = sk_alloc(sizeof *n);
        *n = (struct note){p, i};
        net_loop_post(p->loop, note_arrived, n);
    }
    return NULL;
}

static void posts_keep_their_order(void **state)
{
    (void)state;
    struct net_loop *loop;
    struct poster posters[POSTERS] = {0};
    assert_int_equal(net_loop_new(&loop), 0);
    for (int i = 0; i < POSTERS; i++) {
        posters[i].loop = loop;
        assert_int_equal(pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]), 0);
    }
    net_loop_run(loop);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    assert_int_equal(notes_seen, POSTERS * POSTS);
    assert_int_equal(notes_wrong, 0);
    net_loop_free(loop);
}

struct timers {
    struct net_loop *loop;
    struct net_timer t[TIMERS];
    int64_t want[TIMERS];
    int fired, early, unordered, forbidden;
    int64_t last_ms;
    int expected;
};

static void timer_fired(struct net_timer *t, void *arg)
{
    struct timers *all = arg;
    int64_t due = all->want[t - all->t];
    if (due < 0)
        all->forbidden++;
    if (net_loop_now_ms(all->loop) < due)
        all->early++;
    if (due < all->last_ms)
        all->unordered++;
    all->last_ms = due;
    if (++all->fired == all->expected)
        net_loop_stop(all->loop);
}

static void timers_fire_in_order(void **state)
{
    (void)state;
    struct timers *all = sk_alloc(sizeof *all);
    assert_int_equal(net_loop_new(&all->loop), 0);
    int64_t now_ms = net_loop_now_ms(all->loop);
    all->expected = TIMERS;
    for (int i = 0; i < TIMERS; i++) {
        net_timer_init(&all->t[i], all->loop, timer_fired, all);
        net_timer_set(&all->t[i], now_ms + 100000);
    }
    for (int i = 0; i < TIMERS; i++) { /* set anew, a tenth of them cancelled */
        all->want[i] = now_ms + 20 + sk_random_below(200);
        net_timer_set(&all->t[i], all->want[i]);
        if (i % 10 == 0) {
            net_timer_cancel(&all->t[i]);
            net_timer_cancel(&all->t[i]);
            assert_false(net_timer_is_set(&all->t[i]));
            all->want[i] = -1;
            all->expected--;
        }
    }
    net_loop_run(all->loop);
    assert_int_equal(all->fired, all->expected);
    assert_int_equal(all->early, 0);
    assert_int_equal(all->unordered, 0);
    assert_int_equal(all->forbidden, 0);
    net_loop_free(all->loop);
    free(all);
}

static void timer_again(struct net_timer *t, void *arg)
{
    int *count = arg;
    if (++*count < 1000)
        net_timer_set_in(t, 0);
}

static void count_up(void *arg)
{
    ++*(int *)arg;
}

/* A timer that sets itself for "now" does not keep the loop from other work. */
static void timer_does_not_starve(void **state)
{
    (void)state;
    struct net_loop *loop;
    struct net_timer t;
    int count = 0, posted = 0;
    assert_int_equal(net_loop_new(&loop), 0);
    net_timer_init(&t, loop, timer_again, &count);
    net_timer_set_in(&t, 0);
    net_loop_post(loop, count_up, &posted);
    for (int i = 0; i < 20 && !posted; i++)
        net_loop_run_one(loop, 100);
    assert_int_equal(posted, 1);
    assert_in_range(count, 1, 100);
    net_timer_cancel(&t);
    net_loop_free(loop);
}

static void run_one_waits_and_returns(void **state)
{
    (void)state;
    struct net_loop *loop;
    assert_int_equal(net_loop_new(&loop), 0);
    int64_t before = sk_clock_mono_ms();
    net_loop_run_one(loop, 30);
    int64_t took = sk_clock_mono_ms() - before;
    assert_in_range(took, 25, 2000);
    net_loop_run_one(loop, 0);
    net_loop_free(loop);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static int on_own_thread, arrived;

static void hop(void *arg)
{
    struct net_loops *loops = arg;
    pthread_mutex_lock(&lock);
    unsigned at = (unsigned)arrived % net_loops_count(loops);
    on_own_thread += net_loop_is_current(net_loops_at(loops, at)) &&
                     net_loop_current() == net_loops_at(loops, at);
    arrived++;
    if (arrived == 300)
        pthread_cond_signal(&done);
    else
        net_loop_post(net_loops_at(loops, (unsigned)arrived % net_loops_count(loops)), hop, loops);
    pthread_mutex_unlock(&lock);
}

static void many_loops(void **state)
{
    (void)state;
    struct net_loops *loops;
    assert_int_equal(net_loops_start(&loops, 3), 0);
    pthread_mutex_lock(&lock);
    net_loop_post(net_loops_at(loops, 0), hop, loops);
    while (arrived < 300)
        pthread_cond_wait(&done, &lock);
    pthread_mutex_unlock(&lock);
    assert_int_equal(on_own_thread, 300);
    net_loops_free(loops);
}

static void addresses(void **state)
{
    (void)state;
    struct net_addr a, b;
    struct sockaddr_storage sa;
    char text[NET_ADDR_TEXT];
    const char *const good[] = {"127.0.0.1", "10.0.0.9", "::1", "2001:db8::7"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(net_addr_parse(&a, good[i], 8443), 0);
        assert_string_equal(net_addr_format(text, &a, 0), good[i]);
        assert_int_not_equal(net_addr_to_sockaddr(&a, &sa), 0);
        net_addr_from_sockaddr(&b, (struct sockaddr *)&sa);
        assert_memory_equal(a.ip, b.ip, 16);
        assert_int_equal(b.port, 8443);
        assert_int_equal(b.family, a.family);
        assert_int_equal(net_addr_is_loopback(&a), i % 2 == 0);
    }
    assert_int_equal(net_addr_parse(&a, "[::1]", 5), 0);
    assert_string_equal(net_addr_format(text, &a, 1), "[::1]:5");
    assert_int_equal(net_addr_parse(&a, "::ffff:1.2.3.4", 5), 0);
    net_addr_to_sockaddr(&a, &sa);
    net_addr_from_sockaddr(&b, (struct sockaddr *)&sa);
    assert_string_equal(net_addr_format(text, &b, 1), "1.2.3.4:5");
    const char *const bad[] = {"", "localhost", "1.2.3", "[]", "[127.0.0.1]", "1.2.3.4.5", ":::"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(net_addr_parse(&a, bad[i], 1), -SK_EINVAL);
}

static void packets(void **state)
{
    (void)state;
    struct net_packet *p = net_packet_new_secret(100);
    assert_non_null(p);
    memset(p->data, 7, p->len);
    assert_ptr_equal(net_packet_ref(p), p);
    net_packet_drop(p);
    assert_int_equal(p->data[99], 7);
    net_packet_drop(p);
    net_packet_drop(NULL);
    assert_null(net_packet_new(SIZE_MAX - 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_keep_their_order),
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(timer_does_not_starve),
        cmocka_unit_test(run_one_waits_and_returns),
        cmocka_unit_test(many_loops),
        cmocka_unit_test(addresses),
        cmocka_unit_test(packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
