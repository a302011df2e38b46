/* sealed.md 7.3, timing: does the camera's time for a handshake tell a right password from a wrong
 * one? OPEN to ANSWER with either in random order, in thread CPU time; Welch's t over RUNS, the
 * slowest twentieth left out. Below 4.5 there is nothing to see. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "tests/unit/sdk/world.h"

enum { RUNS = 10000, KEPT_PER_20 = 19 };

struct sample {
    double us;
    int is_right;
};

static double thread_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One OPEN for the camera, timed. */
static double open_time(struct world *w, const char *code, const uint8_t params[28])
{
    struct party *p = world_viewer_with(w, 0, NULL, params);
    double begin, end;

    sdk_camera_button(w->c, w->now); /* no lock */
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, code, 24, w->now), 0);
    assert_int_equal(w->tail - w->head, 1);
    struct letter open = w->queue[w->head++ % QUEUE];

    begin = thread_us();
    letter_to_camera(w, &open);
    end = thread_us();
    assert_int_equal(w->tail - w->head, 1); /* ANSWER */
    w->head = w->tail;
    sdk_viewer_close(p->v, w->now); /* END: the camera forgets the run */
    world_pump(w);
    w->now += 10;
    return end - begin;
}

static int sample_order(const void *a, const void *b)
{
    double x = ((const struct sample *)a)->us, y = ((const struct sample *)b)->us;

    return (x > y) - (x < y);
}

static double welch(const struct sample *s, int count, double mean[2])
{
    double sum[2] = {0}, squares[2] = {0}, n[2] = {0}, spread = 0;

    for (int i = 0; i < count; i++) {
        n[s[i].is_right]++;
        sum[s[i].is_right] += s[i].us;
    }
    for (int k = 0; k < 2; k++)
        mean[k] = sum[k] / n[k];
    for (int i = 0; i < count; i++)
        squares[s[i].is_right] += pow(s[i].us - mean[s[i].is_right], 2);
    for (int k = 0; k < 2; k++)
        spread += squares[k] / (n[k] - 1) / n[k];
    return fabs(mean[0] - mean[1]) / sqrt(spread);
}

int main(void)
{
    struct world *w = world_new();
    struct sample *s = calloc(RUNS, sizeof(*s));
    uint8_t params[28], random[14];
    char wrong[25];
    double mean[2], t;

    memcpy(params, world_login(w, 1)->params, sizeof(params));
    open_time(w, CODE, params); /* warm */
    for (int i = 0; i < RUNS; i++) {
        sk_random(random, sizeof(random));
        sdk_label_make(wrong, random);
        s[i].is_right = random[0] & 1;
        s[i].us = open_time(w, s[i].is_right ? CODE : wrong, params);
    }
    qsort(s, RUNS, sizeof(*s), sample_order);
    t = welch(s, RUNS / 20 * KEPT_PER_20, mean);
    printf("pake_wrong_us %.1f us\npake_right_us %.1f us\npake_welch_t %.2f count\n", mean[0],
           mean[1], t);
    free(s);
    world_free(w);
    return t < 4.5 ? 0 : 1;
}
