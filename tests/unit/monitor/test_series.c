/* metrics.db on virtual time: what was measured is read back at every step, from hot rows, from
 * sealed chunks and from their minutes and hours, over restarts, silent hosts and jumps of the
 * clock; and it goes when its time is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/sys.h"
#include "monitor/internal.h"

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define BEGIN_MS (20000 * DAY_MS + 5 * HOUR_MS + 1234560) /* no window's edge, but a slot's */

enum { SLOTS_A_TRY = 9720, TALKER = 7, SLEEPER = 8 }; /* 27 hours */

static const char talker[DEVICE_ID_SIZE] = "talkertalkertalkertalkerta";
static const char sleeper[DEVICE_ID_SIZE] = "sleepersleepersleepersleep";
static char dir[] = "/tmp/skep-series-XXXXXX";

const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

static int group_start(void **state)
{
    const struct host_row rows[] = {{.number = TALKER}, {.number = SLEEPER}};
    struct host_row row;

    (void)state;
    if (!mkdtemp(dir))
        return -1;
    asset_dev_root(".", NULL);
    hosts_start();
    row = rows[0];
    memcpy(row.id, talker, sizeof(row.id));
    if (hosts_add(&row))
        return -1;
    row = rows[1];
    memcpy(row.id, sleeper, sizeof(row.id));
    return hosts_add(&row) ? -1 : series_start(dir);
}

static int group_stop(void **state)
{
    static const char *const files[] = {"metrics.db", "metrics.db-wal", "metrics.db-shm",
                                        "metrics.db.lock"};
    char path[128];

    (void)state;
    series_stop();
    hosts_stop();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    return rmdir(dir);
}

/* What the talker measures: a saw with a long tooth, and nothing for ten minutes of each seven
 * hours, which no minute and no hour may paper over. */
static int is_measured(int64_t slot)
{
    return slot % 2520 >= 60;
}

static int32_t value_of(int64_t slot)
{
    return (int32_t)(slot % 777 * 13 - 2000);
}

static void sample_tell(const char *id, int64_t slot)
{
    struct monitor_sample s = {.slot = slot};

    monitor_sample_set(&s, METRIC_CPU, value_of(slot));
    assert_int_equal(hosts_samples(id, &s, 1, slot * MONITOR_STEP_MS + 5000), slot);
}

/* Live from `slot` to before `end`, as the room's thread does. */
static void live(int64_t slot, int64_t end, int is_sleeper_awake)
{
    for (; slot < end; slot++) {
        if (is_measured(slot))
            sample_tell(talker, slot);
        if (is_sleeper_awake)
            sample_tell(sleeper, slot);
        if (slot % 30 == 0)
            series_flush();
        series_turn(slot * MONITOR_STEP_MS + 7000);
    }
    series_flush();
}

static struct monitor_point expected(int64_t t_ms, int64_t step_ms, int64_t first, int64_t end)
{
    struct monitor_point p = {.t_ms = t_ms};

    for (int64_t slot = t_ms / MONITOR_STEP_MS; slot < (t_ms + step_ms) / MONITOR_STEP_MS; slot++) {
        if (slot < first || slot >= end || !is_measured(slot))
            continue;
        int32_t v = value_of(slot);
        p.min = !p.count || v < p.min ? v : p.min;
        p.max = !p.count || v > p.max ? v : p.max;
        p.last = v;
        p.sum += v;
        p.count++;
    }
    return p;
}

static void read_equals_at(int64_t now_ms, int64_t from_ms, int64_t to_ms, int64_t step_ms,
                           int64_t first, int64_t end)
{
    static struct monitor_point out[10000];
    int64_t step = step_ms;
    size_t count = 0;

    assert_int_equal(
        series_read(TALKER, METRIC_CPU, from_ms, to_ms, &step, now_ms, out, 10000, &count), 0);
    assert_int_equal(step, step_ms);
    for (size_t i = 0; i < count; i++) {
        struct monitor_point want = expected(out[i].t_ms, step, first, end);
        assert_int_equal(out[i].count, want.count);
        assert_int_equal(out[i].sum, want.sum);
        assert_int_equal(out[i].min, want.min);
        assert_int_equal(out[i].max, want.max);
        assert_int_equal(out[i].last, want.last);
    }
}

static void read_equals(int64_t from_ms, int64_t to_ms, int64_t step_ms, int64_t first, int64_t end)
{
    read_equals_at(end * MONITOR_STEP_MS, from_ms, to_ms, step_ms, first, end);
}

static void a_day_and_more_is_read_back_at_every_step(void **state)
{
    const int64_t first = BEGIN_MS / MONITOR_STEP_MS, end = first + SLOTS_A_TRY;
    const int64_t end_ms = end * MONITOR_STEP_MS;

    (void)state;
    live(first, first + 900, 1); /* the sleeper then falls silent for good */
    live(first + 900, end, 0);
    read_equals(end_ms - HOUR_MS, end_ms, 10000, first, end);          /* hot rows */
    read_equals(BEGIN_MS, BEGIN_MS + 20 * HOUR_MS, 10000, first, end); /* sealed */
    read_equals(BEGIN_MS - BEGIN_MS % 60000, end_ms, 60000, first, end);
    read_equals(BEGIN_MS - BEGIN_MS % HOUR_MS, end_ms - end_ms % HOUR_MS, HOUR_MS, first, end);
    read_equals(BEGIN_MS - BEGIN_MS % DAY_MS, end_ms, DAY_MS / 4, first, end);
    series_stop(); /* and after a restart */
    assert_int_equal(series_start(dir), 0);
    read_equals(BEGIN_MS, BEGIN_MS + 20 * HOUR_MS, 10000, first, end);
    read_equals(BEGIN_MS - BEGIN_MS % 60000, end_ms, 60000, first, end);
}

static size_t hot_rows_of(int64_t number, int64_t from_ms, int64_t to_ms, int64_t now_ms)
{
    static struct monitor_point out[10000];
    int64_t step = 10000;
    size_t count = 0, there = 0;

    assert_int_equal(
        series_read(number, METRIC_CPU, from_ms, to_ms, &step, now_ms, out, 10000, &count), 0);
    for (size_t i = 0; i < count; i++)
        there += out[i].count != 0;
    return there;
}

static void a_silent_host_holds_up_nobody(void **state)
{
    const int64_t end_ms = BEGIN_MS + SLOTS_A_TRY * MONITOR_STEP_MS;

    (void)state;
    assert_int_equal(hot_rows_of(SLEEPER, BEGIN_MS, BEGIN_MS + 6 * HOUR_MS, end_ms), 900);
}

/* Ticks go after three days, minutes stay thirty: then they are what is left. */
static void ticks_go_when_their_time_is_over(void **state)
{
    const int64_t first = BEGIN_MS / MONITOR_STEP_MS, old_end = first + SLOTS_A_TRY;
    int64_t slot = old_end, now_ms = BEGIN_MS + 6 * DAY_MS;

    (void)state;
    /* the clock jumps on by days: what was hot is sealed nevertheless, and read */
    for (int i = 0; i < 300; i++)
        series_turn(now_ms + i * 1000);
    read_equals(BEGIN_MS - BEGIN_MS % 60000, slot * MONITOR_STEP_MS, 60000, first, old_end);
    static struct monitor_point out[20000];
    int64_t step = 10000;
    size_t count = 0, counted = 0;
    assert_int_equal(series_read(TALKER, METRIC_CPU, BEGIN_MS, BEGIN_MS + 20 * HOUR_MS, &step,
                                 now_ms, out, 20000, &count),
                     0);
    assert_int_equal(step, 60000); /* said to be coarser, and so it is */
    for (size_t i = 0; i < count; i++)
        counted += (size_t)out[i].count;
    assert_in_range(counted, 6900, 7200);
}

/* Hours are what is left after a month; after a year nothing is. */
static void hours_stay_a_year(void **state)
{
    const int64_t first = BEGIN_MS / MONITOR_STEP_MS, end = first + SLOTS_A_TRY;
    const int64_t from_ms = BEGIN_MS - BEGIN_MS % HOUR_MS;
    static struct monitor_point out[1000];
    int64_t step = HOUR_MS, later_ms = BEGIN_MS + 40 * DAY_MS;
    size_t count = 0;

    (void)state;
    series_turn(later_ms);
    read_equals_at(later_ms, from_ms, from_ms + 26 * HOUR_MS, HOUR_MS, first, end);
    later_ms = BEGIN_MS + 400 * DAY_MS;
    series_turn(later_ms);
    assert_int_equal(series_read(TALKER, METRIC_CPU, from_ms, from_ms + 26 * HOUR_MS, &step,
                                 later_ms, out, 1000, &count),
                     0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(out[i].count, 0);
}

/* A clock set back by a year brings no sample in twice and loses none. */
static void a_clock_set_back_is_borne(void **state)
{
    const int64_t past_ms = BEGIN_MS - 365 * DAY_MS;
    struct monitor_sample s = {.slot = past_ms / MONITOR_STEP_MS};

    (void)state;
    monitor_sample_set(&s, METRIC_CPU, 5);
    (void)hosts_samples(talker, &s, 1, past_ms + 5000);
    series_flush();
    for (int i = 0; i < 10; i++)
        series_turn(past_ms + i * 1000);
    read_equals(BEGIN_MS - BEGIN_MS % 60000, BEGIN_MS + 20 * HOUR_MS, 60000,
                BEGIN_MS / MONITOR_STEP_MS, BEGIN_MS / MONITOR_STEP_MS + SLOTS_A_TRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_and_more_is_read_back_at_every_step),
        cmocka_unit_test(a_silent_host_holds_up_nobody),
        cmocka_unit_test(ticks_go_when_their_time_is_over),
        cmocka_unit_test(a_clock_set_back_is_borne),
        cmocka_unit_test(hours_stay_a_year),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
