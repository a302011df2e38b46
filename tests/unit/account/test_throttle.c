/* Throttling on virtual time: guessers are slowed, owners are not locked out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "account/internal.h"

static const struct throttle_rule rule = {.interval_ms = 1000, .burst = 3};

static void burst_then_rate(void **st)
{
    struct throttle *t = throttle_new(16);
    const uint8_t key[THROTTLE_KEY_BYTES] = {1};
    int64_t retry;

    (void)st;
    for (int i = 0; i < 3; i++)
        assert_int_equal(throttle_take(t, key, &rule, 0, &retry), 0);
    assert_int_equal(throttle_take(t, key, &rule, 0, &retry), -SK_ELIMIT);
    assert_int_equal(retry, 1000);
    /* hammering does not prolong the wait */
    for (int i = 0; i < 100000; i++)
        assert_int_equal(throttle_take(t, key, &rule, 500, &retry), -SK_ELIMIT);
    assert_int_equal(retry, 500);
    assert_int_equal(throttle_take(t, key, &rule, 1000, &retry), 0);
    assert_int_equal(throttle_take(t, key, &rule, 1000, &retry), -SK_ELIMIT);
    assert_int_equal(throttle_take(t, key, &rule, 10000, &retry), 0);
    throttle_free(t);
}

static void give_back_and_clear(void **st)
{
    struct throttle *t = throttle_new(16);
    const uint8_t key[THROTTLE_KEY_BYTES] = {1};
    int64_t retry;

    (void)st;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(throttle_take(t, key, &rule, 5, &retry), 0);
        throttle_give_back(t, key, &rule, 5);
    }
    throttle_give_back(t, key, &rule, 5); /* one too many makes no credit */
    for (int i = 0; i < 3; i++)
        assert_int_equal(throttle_take(t, key, &rule, 5, &retry), 0);
    assert_int_equal(throttle_take(t, key, &rule, 5, &retry), -SK_ELIMIT);
    throttle_clear(t, key);
    assert_int_equal(throttle_take(t, key, &rule, 5, &retry), 0);
    throttle_free(t);
}

static void memory_is_bounded(void **st)
{
    struct throttle *t = throttle_new(64);
    uint8_t key[THROTTLE_KEY_BYTES] = {0};
    int64_t retry;
    int refused = 0;

    (void)st;
    for (int i = 0; i < 1000; i++) {
        memcpy(key, &i, sizeof(i));
        refused += throttle_take(t, key, &rule, 0, &retry) != 0;
    }
    assert_int_equal(refused, 1000 - 64 - 3); /* the rest shares one bucket */
    for (int i = 2000; i < 2064; i++) {
        memcpy(key, &i, sizeof(i)); /* what has drained makes room */
        assert_int_equal(throttle_take(t, key, &rule, 10000, &retry), 0);
    }
    throttle_free(t);
}

static void late_clock_does_not_overflow(void **st)
{
    struct throttle *t = throttle_new(16);
    const uint8_t key[THROTTLE_KEY_BYTES] = {1};
    int64_t retry, late = INT64_MAX / 2;

    (void)st;
    for (int i = 0; i < 3; i++)
        assert_int_equal(throttle_take(t, key, &rule, late, &retry), 0);
    assert_int_equal(throttle_take(t, key, &rule, late, &retry), -SK_ELIMIT);
    assert_in_range(retry, 1, 1000);
    throttle_free(t);
}

/* A day of guessing at one account from 100 networks, virtual time. */
static void owner_is_never_locked_out(void **st)
{
    struct throttle *t = throttle_new(65536);
    struct login_try try;
    int64_t retry, guesses = 0, end = 24 * 3600 * 1000;
    char source[SOURCE_SIZE];

    (void)st;
    for (int64_t now = 0; now < end; now += 100) {
        snprintf(source, sizeof(source), "203.0.%d.7", (int)(now / 100 % 100));
        if (login_admit(t, "wei", "", source, now, &try, &retry) == 0)
            guesses++;
        if (now % 60000 == 0) { /* the owner, from the same network as a guesser */
            assert_int_equal(login_admit(t, "wei", "browser-1", "203.0.5.9", now, &try, &retry), 0);
            assert_true(try.by_known);
            login_succeeded(t, &try, now);
        }
    }
    assert_in_range(guesses, 2880, 2880 + 8 + 1); /* two a minute, and the burst */
    throttle_free(t);
}

static void known_browser_falls_to_the_strict_bucket(void **st)
{
    struct throttle *t = throttle_new(1024);
    struct login_try try;
    int64_t retry;
    int by_known = 0, passed = 0;

    (void)st;
    for (int i = 0; i < 100; i++) { /* a stolen cookie is worth 20 + 8 tries */
        if (login_admit(t, "wei", "browser-1", "192.0.2.1", 0, &try, &retry) == 0) {
            passed++;
            by_known += try.by_known;
        }
    }
    assert_int_equal(by_known, 20);
    assert_int_equal(passed, 28);
    /* and the other browser of the same owner is untouched */
    assert_int_equal(login_admit(t, "wei", "browser-2", "192.0.2.1", 0, &try, &retry), 0);
    throttle_free(t);
}

static void networks(void **st)
{
    uint8_t a[THROTTLE_KEY_BYTES], b[THROTTLE_KEY_BYTES];

    (void)st;
    prefix_key(a, "p", "192.0.2.1");
    prefix_key(b, "p", "192.0.2.250");
    assert_memory_equal(a, b, sizeof(a));
    prefix_key(b, "p", "::ffff:192.0.2.9");
    assert_memory_equal(a, b, sizeof(a));
    prefix_key(b, "p", "192.0.3.1");
    assert_memory_not_equal(a, b, sizeof(a));
    prefix_key(b, "q", "192.0.2.1");
    assert_memory_not_equal(a, b, sizeof(a));
    prefix_key(a, "p", "2001:db8:1:200::1");
    prefix_key(b, "p", "2001:db8:1:2ff:8::9");
    assert_memory_equal(a, b, sizeof(a));
    prefix_key(b, "p", "2001:db8:1:300::1");
    assert_memory_not_equal(a, b, sizeof(a));
}

static void one_network_many_names(void **st)
{
    struct throttle *t = throttle_new(65536);
    struct login_try try;
    int64_t retry;
    char name[32];
    int passed = 0;

    (void)st;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "name-%d", i);
        passed += login_admit(t, name, "", "192.0.2.1", 0, &try, &retry) == 0;
    }
    assert_int_equal(passed, 40);
    assert_int_equal(login_admit(t, "x", "", "198.51.100.1", 0, &try, &retry), 0);
    throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_then_rate),
        cmocka_unit_test(give_back_and_clear),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(late_clock_does_not_overflow),
        cmocka_unit_test(owner_is_never_locked_out),
        cmocka_unit_test(known_browser_falls_to_the_strict_bucket),
        cmocka_unit_test(networks),
        cmocka_unit_test(one_network_many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
