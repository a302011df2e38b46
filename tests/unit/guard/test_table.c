/* Scores and stages on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/sys.h"
#include "guard/internal.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static struct guard_prefix at(const char *text)
{
    struct guard_prefix p;

    assert_int_equal(guard_prefix_of_source(&p, text), 0);
    return p;
}

static void count_changed(void *ctx, struct guard_cell *c)
{
    int *counts = ctx;

    counts[c->stage]++;
}

static void prefixes(void **st)
{
    static const char *const refused[] = {
        "",           "x",           "1.2.3",        "1.2.3.4/7",     "1.2.3.4/33",
        "1.2.3.4/24", "1.2.3.4/",    "1.2.3.4/ 24",  "2001:db8::/65", "::1/15",
        "1.2.3.4/-8", "1.2.3.4/24x", "1.2.3.4/024 ", "fe80::1%eth0",  "2001:db8::1/64",
    };
    struct guard_prefix p, q;
    char text[GUARD_PREFIX_TEXT];

    (void)st;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (guard_prefix_parse(&p, refused[i]) == 0)
            fail_msg("taken: %s", refused[i]);
    assert_int_equal(guard_prefix_parse(&p, "192.0.2.0/24"), 0);
    assert_string_equal(guard_prefix_format(text, &p), "192.0.2.0/24");
    q = at("192.0.2.7");
    assert_true(guard_prefix_contains(&p, &q));
    assert_false(guard_prefix_contains(&q, &p));
    q = at("192.0.3.7");
    assert_false(guard_prefix_contains(&p, &q));
    q = at("::ffff:192.0.2.9"); /* one household, however it is written */
    assert_string_equal(guard_prefix_format(text, &q), "192.0.2.9");
    q = at("2001:db8:1:2:3:4:5:6");
    assert_string_equal(guard_prefix_format(text, &q), "2001:db8:1:2::/64");
    guard_prefix_network(&p, &q);
    assert_string_equal(guard_prefix_format(text, &p), "2001:db8:1::/56");
    assert_int_equal(guard_prefix_parse(&p, "2001:db8::7"), 0); /* an address stands for its /64 */
    assert_string_equal(guard_prefix_format(text, &p), "2001:db8::/64");
}

static void stages_rise_and_end(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix p = at("198.51.100.7");
    int64_t now = 5 * DAY;
    int counts[ABUSE_STAGE_COUNT] = {0}, seen[ABUSE_STAGE_COUNT] = {0};

    (void)st;
    for (int i = 0; i < 40; i++)
        seen[guard_table_note(t, &p, ABUSE_LOGIN, now)]++;
    for (int s = ABUSE_WELL; s < ABUSE_STAGE_COUNT; s++)
        assert_true(seen[s] > 0); /* none is skipped */
    assert_int_equal(guard_table_stage(t, &p, now), ABUSE_REFUSE);
    guard_table_sweep(t, now, count_changed, counts);
    assert_int_equal(counts[ABUSE_REFUSE], 1);
    now += 10 * MINUTE - 1;
    guard_table_sweep(t, now, count_changed, counts);
    assert_int_equal(guard_table_stage(t, &p, now), ABUSE_REFUSE);
    now += 1; /* it ends by itself */
    assert_int_equal(guard_table_stage(t, &p, now), ABUSE_WELL);
    guard_table_sweep(t, now, count_changed, counts);
    assert_true(counts[ABUSE_WELL] >= 1);
    assert_int_equal(counts[ABUSE_REFUSE], 1);
    guard_table_free(t);
}

static void refused_twice_is_twice_as_long(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix p = at("198.51.100.7");
    int counts[ABUSE_STAGE_COUNT] = {0};
    int64_t now = 0, ttl = 10 * MINUTE;

    (void)st;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 40; i++)
            (void)guard_table_note(t, &p, ABUSE_LOGIN, now);
        assert_int_equal(guard_table_stage(t, &p, now + ttl - 1), ABUSE_REFUSE);
        if (round < 7) /* never beyond a day, however often */
            assert_int_equal(guard_table_stage(t, &p, now + ttl), ABUSE_WELL);
        now += ttl;
        guard_table_sweep(t, now, count_changed, counts);
        if (round < 7)
            ttl = ttl * 2 < DAY ? ttl * 2 : DAY;
    }
    assert_true(ttl <= DAY);
    guard_table_free(t);
}

static void slow_mistakes_never_isolate(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix p = at("198.51.100.7");

    (void)st;
    /* one wrong password every two minutes, for a week */
    for (int64_t now = 0; now < 7 * (int64_t)DAY; now += 2 * MINUTE)
        assert_true(guard_table_note(t, &p, ABUSE_LOGIN, now) <= ABUSE_WATCH);
    guard_table_free(t);
}

/* A carrier's address: one attacker, and people whom we know. */
static void known_people_are_not_shut_out(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix shared = at("203.0.113.9"), near = at("203.0.113.10");
    int64_t now = DAY;

    (void)st;
    guard_table_good(t, &shared, 7, now);
    for (int i = 0; i < 1000; i++)
        (void)guard_table_note(t, &shared, ABUSE_LOGIN, now);
    assert_int_equal(guard_table_stage(t, &shared, now), ABUSE_CHALLENGE);
    /* the network around had one person only: three are wanted */
    assert_int_equal(guard_table_stage(t, &near, now), ABUSE_REFUSE);
    guard_table_free(t);
    t = guard_table_new(&guard_rules_default);
    for (uint32_t who = 1; who <= 3; who++)
        guard_table_good(t, &near, who, now);
    for (int i = 0; i < 1000; i++)
        (void)guard_table_note(t, &shared, ABUSE_LOGIN, now);
    assert_int_equal(guard_table_stage(t, &near, now), ABUSE_CHALLENGE);
    assert_int_equal(guard_table_stage(t, &shared, now),
                     ABUSE_REFUSE); /* itself, nobody was there */
    /* a day later they are no longer known */
    for (int i = 0; i < 1000; i++)
        (void)guard_table_note(t, &shared, ABUSE_LOGIN, now + DAY);
    assert_int_equal(guard_table_stage(t, &near, now + DAY), ABUSE_REFUSE);
    guard_table_free(t);
}

static void many_of_a_network(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix quiet = at("203.0.113.250"), p;
    char text[32];

    (void)st;
    for (int i = 0; i < 200; i++) { /* three each: no address is remarkable, the network is */
        snprintf(text, sizeof(text), "203.0.113.%d", i);
        p = at(text);
        for (int k = 0; k < 3; k++)
            (void)guard_table_note(t, &p, ABUSE_LOGIN, 0);
    }
    assert_int_equal(guard_table_stage(t, &quiet, 0), ABUSE_REFUSE);
    p = at("203.0.114.1");
    assert_int_equal(guard_table_stage(t, &p, 0), ABUSE_WELL);
    guard_table_free(t);
}

static void requests_have_a_rate(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix p = at("203.0.113.9");
    int64_t retry = 0, now = HOUR;
    int passed = 0;

    (void)st;
    for (int i = 0; i < 100; i++)
        passed += guard_table_request(t, &p, 4, ABUSE_WELL, now, &retry) == 0;
    assert_int_equal(passed, 60);
    assert_true(retry > 0);
    /* a steady five a second is never refused */
    struct guard_prefix q = at("198.51.100.1");
    for (int i = 0; i < 5000; i++)
        assert_int_equal(guard_table_request(t, &q, 4, ABUSE_WELL, now + i * 200, &retry), 0);
    assert_int_equal(guard_table_stage(t, &q, now + 5000 * 200), ABUSE_WELL);
    guard_table_free(t);
}

static void fifty_a_second_are_isolated_within_three_seconds(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix p = at("203.0.113.9");
    int64_t retry, now = HOUR, began = now;

    (void)st;
    while (guard_table_stage(t, &p, now) != ABUSE_REFUSE && now < began + MINUTE) {
        (void)!guard_table_request(t, &p, 4, guard_table_stage(t, &p, now), now, &retry);
        now += 20;
    }
    assert_in_range(now - began, 500, 3000);
    guard_table_free(t);
}

static void by_hand_and_pardon(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix p = at("203.0.113.9"), out;
    struct guard_cell *c = guard_table_set(t, &p, ABUSE_REFUSE, 0, HOUR);
    char id[GUARD_ID_SIZE];

    (void)st;
    memcpy(id, c->id, sizeof(id));
    assert_int_equal(guard_table_stage(t, &p, HOUR - 1), ABUSE_REFUSE);
    assert_int_equal(guard_table_stage(t, &p, HOUR), ABUSE_WELL);
    assert_int_equal(guard_table_pardon(t, "nobody", MINUTE, 0, &out), -SK_ENOTFOUND);
    assert_int_equal(guard_table_pardon(t, id, MINUTE, 0, &out), 0);
    for (int i = 0; i < 8; i++) /* and is left alone for that long */
        assert_int_equal(guard_table_note(t, &p, ABUSE_MALFORMED, MINUTE - 1), ABUSE_WELL);
    for (int i = 0; i < 4; i++)
        (void)guard_table_note(t, &p, ABUSE_MALFORMED, MINUTE);
    assert_int_equal(guard_table_stage(t, &p, MINUTE), ABUSE_WATCH);
    assert_int_equal(guard_table_pardon(t, id, MINUTE, 0, &out), -SK_ENOTFOUND);
    guard_table_free(t);
}

static void counts_do_not_wrap(void **st)
{
    struct guard_table *t = guard_table_new(&guard_rules_default);
    struct guard_prefix p = at("203.0.113.9");
    struct guard_cell *c = guard_table_set(t, &p, ABUSE_WATCH, 0, HOUR);

    (void)st;
    c->signs[ABUSE_LOGIN] = UINT32_MAX - 1;
    for (int i = 0; i < 100; i++)
        (void)guard_table_note(t, &p, ABUSE_LOGIN, INT64_MAX / 4);
    assert_int_equal(c->signs[ABUSE_LOGIN], UINT32_MAX);
    assert_int_equal(guard_table_stage(t, &p, INT64_MAX / 4), ABUSE_REFUSE);
    assert_true(guard_cell_score(t, c, 0) <= 4 * 120 * GUARD_NETWORK_SCALE); /* a clock gone back */
    guard_table_free(t);
}

static void memory_is_bounded(void **st)
{
    struct guard_rules rules = guard_rules_default;
    struct guard_prefix bad = at("2001:db8:bad::1"), p = {.family = 6, .bits = 64};

    (void)st;
    rules.cells_max = 1000;
    struct guard_table *t = guard_table_new(&rules);
    for (int i = 0; i < 40; i++)
        (void)guard_table_note(t, &bad, ABUSE_LOGIN, 0);
    for (uint32_t i = 0; i < 1u << 18; i++) { /* somebody who owns a /46 of addresses */
        p.ip[0] = 0x20;
        memcpy(p.ip + 4, &i, sizeof(i));
        (void)guard_table_note(t, &p, ABUSE_UNKNOWN, 0);
    }
    assert_true(guard_table_count(t) <= 1000);
    assert_int_equal(guard_table_stage(t, &bad, 0), ABUSE_REFUSE); /* not washed out */
    int counts[ABUSE_STAGE_COUNT] = {0};
    guard_table_sweep(t, 5 * (int64_t)DAY, count_changed, counts);
    guard_table_sweep(t, 5 * (int64_t)DAY, count_changed, counts);
    assert_int_equal(guard_table_count(t), 0); /* and quiet cells go */
    guard_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes),
        cmocka_unit_test(stages_rise_and_end),
        cmocka_unit_test(refused_twice_is_twice_as_long),
        cmocka_unit_test(slow_mistakes_never_isolate),
        cmocka_unit_test(known_people_are_not_shut_out),
        cmocka_unit_test(many_of_a_network),
        cmocka_unit_test(requests_have_a_rate),
        cmocka_unit_test(fifty_a_second_are_isolated_within_three_seconds),
        cmocka_unit_test(by_hand_and_pardon),
        cmocka_unit_test(counts_do_not_wrap),
        cmocka_unit_test(memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
