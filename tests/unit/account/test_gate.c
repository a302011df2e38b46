/* What stands before a password: proofs of work, the detector of stuffed lists, and the mistakes
 * that others made with lockouts, each by the name under which they are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "account/gate.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"

static const int64_t start = 1800000000000;

/* ---- proofs ---- */

static int setup(void **st)
{
    (void)st;
    proof_start();
    return 0;
}

static int teardown(void **st)
{
    (void)st;
    proof_stop();
    return 0;
}

static void work(json_t *challenge)
{
    const char *salt = json_string_value(json_object_get(challenge, "salt"));
    int64_t bits = json_integer_value(json_object_get(challenge, "bits"));
    char nonce[24];

    for (unsigned i = 0;; i++) {
        uint8_t hash[32];
        snprintf(nonce, sizeof(nonce), "%u", i);
        const struct crypto_part parts[] = {{salt, strlen(salt)}, {":", 1}, {nonce, strlen(nonce)}};
        crypto_sha256_parts(hash, parts, 3);
        uint32_t head = sk_get_u32(hash);
        if (head >> (32 - bits) == 0)
            break;
    }
    json_object_set_new(challenge, "nonce", json_string(nonce));
}

static void a_proof_works_once_for_one_name_and_network(void **st)
{
    json_t *c = proof_ask("ann", "192.0.2.1", 16, start);
    struct proof p;

    (void)st;
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start, &p), -SK_EDENIED); /* no work */
    work(c);
    assert_int_equal(proof_check(c, "bob", "192.0.2.1", start, &p), -SK_EDENIED);
    assert_int_equal(proof_check(c, "ann", "198.51.100.1", start, &p), -SK_EDENIED);
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start + PROOF_TTL_MS, &p), -SK_EDENIED);
    assert_int_equal(proof_check(c, "ann", "192.0.2.77", start + 1000, &p), 0); /* one network */
    assert_int_equal(p.by_waiting, 0);
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start + 1000, &p), -SK_ECONFLICT);
    proof_give_back(&p); /* the pool was full: it may come again */
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start + 1000, &p), 0);
    json_decref(c);
}

static void waiting_is_as_good(void **st)
{
    json_t *c = proof_ask("ann", "2001:db8::1", 20, start);
    struct proof p;

    (void)st;
    assert_int_equal(proof_check(c, "ann", "2001:db8::1", start + PROOF_WAIT_MS - 1, &p),
                     -SK_EDENIED);
    assert_int_equal(proof_check(c, "ann", "2001:db8::1", start + PROOF_WAIT_MS, &p), 0);
    assert_int_equal(p.by_waiting, 1);
    assert_int_equal(proof_check(c, "ann", "2001:db8::1", start + PROOF_WAIT_MS, &p),
                     -SK_ECONFLICT);
    json_decref(c);
}

static void nothing_of_it_can_be_changed(void **st)
{
    static const char *const numbers[] = {"bits", "expires"};
    struct proof p;

    (void)st;
    for (size_t i = 0; i < 2; i++) {
        json_t *c = proof_ask("ann", "192.0.2.1", 16, start);
        int64_t was = json_integer_value(json_object_get(c, numbers[i]));
        work(c);
        json_object_set_new(c, numbers[i], json_integer(was + (i ? 60000 : -1)));
        assert_int_equal(proof_check(c, "ann", "192.0.2.1", start, &p), -SK_EDENIED);
        json_decref(c);
    }
    json_t *c = proof_ask("ann", "192.0.2.1", 16, start);
    work(c);
    json_object_set_new(c, "nonce", json_string("a b"));
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start, &p), -SK_EINVAL);
    json_object_set_new(c, "nonce", json_string(""));
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start, &p), -SK_EINVAL);
    json_object_set_new(c, "more", json_integer(1));
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start, &p), -SK_EINVAL);
    json_decref(c);
    c = json_string("proof");
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start, &p), -SK_EINVAL);
    json_decref(c);
    /* of another process */
    c = proof_ask("ann", "192.0.2.1", 16, start);
    work(c);
    proof_stop();
    proof_start();
    assert_int_equal(proof_check(c, "ann", "192.0.2.1", start, &p), -SK_EDENIED);
    json_decref(c);
}

/* ---- stuffing ---- */

static void keys(uint8_t prefix[16], uint8_t name[16], int network, int who)
{
    char text[32];

    snprintf(text, sizeof(text), "10.%d.%d.1", network / 256, network % 256);
    prefix_key(prefix, "stuffing", text);
    snprintf(text, sizeof(text), "user-%d", who);
    login_name_key(name, text);
}

static void a_list_from_one_network_is_seen(void **st)
{
    struct stuffing *s = stuffing_new();
    uint8_t prefix[16], name[16], other[16];

    (void)st;
    keys(other, name, 2, 0);
    for (int i = 0; i < 12; i++) {
        keys(prefix, name, 1, i);
        stuffing_note(s, prefix, name, 0, 0, 1000 + i);
    }
    assert_true(stuffing_is_from(s, prefix, 2000));
    assert_false(stuffing_is_from(s, other, 2000));
    assert_false(stuffing_is_on(s, 2000));
    assert_false(stuffing_is_from(s, prefix, 2000 + STUFFING_HOLDS_MS)); /* and forgotten */
    stuffing_free(s);
}

static void one_who_forgot_is_no_list(void **st)
{
    struct stuffing *s = stuffing_new();
    uint8_t prefix[16], name[16];

    (void)st;
    keys(prefix, name, 1, 1);
    for (int i = 0; i < 500; i++) /* one name, five hundred times: the buckets' business */
        stuffing_note(s, prefix, name, 0, 0, i * 100);
    assert_false(stuffing_is_from(s, prefix, 50000));
    assert_false(stuffing_is_on(s, 50000));
    /* an office in the morning: forty people, some mistype */
    for (int i = 0; i < 40; i++) {
        keys(prefix, name, 2, i);
        stuffing_note(s, prefix, name, 1, 0, 100000);
        if (i % 4 == 0)
            stuffing_note(s, prefix, name, 0, 0, 100000);
    }
    assert_false(stuffing_is_from(s, prefix, 100001));
    stuffing_free(s);
}

static void a_list_from_everywhere_is_seen(void **st)
{
    struct stuffing *s = stuffing_new();
    uint8_t prefix[16], name[16];

    (void)st;
    for (int i = 0; i < 200; i++) { /* each network once: none is remarkable */
        keys(prefix, name, i, i);
        stuffing_note(s, prefix, name, 0, 0, i * 100);
        assert_false(stuffing_is_from(s, prefix, i * 100));
    }
    assert_true(stuffing_is_on(s, 20000));
    stuffing_free(s);
    s = stuffing_new(); /* few tries, but all passwords are on the list of breached ones */
    for (int i = 0; i < 25; i++) {
        keys(prefix, name, i, i % 5);
        stuffing_note(s, prefix, name, 0, 1, i);
    }
    assert_true(stuffing_is_on(s, 100));
    stuffing_free(s);
}

static void networks_are_bounded(void **st)
{
    struct stuffing *s = stuffing_new();
    uint8_t prefix[16] = {0}, name[16] = {0};

    (void)st;
    for (uint32_t i = 0; i < 3 * STUFFING_PREFIXES_MAX; i++) {
        memcpy(prefix, &i, sizeof(i));
        memcpy(name, &i, sizeof(i));
        stuffing_note(s, prefix, name, 0, 0, 0);
    }
    assert_true(stuffing_is_on(s, 1)); /* those beyond the bound are in the view of all */
    stuffing_free(s);
}

/* ---- what went wrong elsewhere ---- */

static void keycloak_GHSA_cq42_vhv7_xr7p_lockout_is_no_weapon(void **st)
{
    struct throttle *t = throttle_new(4096);
    struct login_try try;
    int64_t retry, now = 0;
    char source[32];

    (void)st;
    for (int i = 0; i < 200000; i++, now += 432) { /* a day of tries on one account, 200 networks */
        snprintf(source, sizeof(source), "10.1.%d.1", i % 200);
        (void)!login_admit(t, "owner", "", source, now, &try, &retry);
        (void)!login_admit_proved(t, "owner", source, 0, now, &try, &retry);
        if (i % 5000 == 0) { /* from the own browser, even in the attacker's network */
            assert_int_equal(login_admit(t, "owner", "abc", "10.1.7.9", now, &try, &retry), 0);
            login_succeeded(t, &try, now);
            /* from a new one: work is asked, but no more than a person can wait for */
            assert_in_range(login_bits(t, "owner", now), PROOF_BITS_MIN, PROOF_BITS_MAX);
            assert_int_equal(login_admit_proved(t, "owner", "192.0.2.1", 0, now, &try, &retry), 0);
        }
    }
    throttle_free(t);
}

static void keycloak_30939_counters_do_not_overflow(void **st)
{
    struct throttle *t = throttle_new(64);
    const struct throttle_rule huge = {.interval_ms = 3600000, .burst = 1 << 20};
    const uint8_t key[THROTTLE_KEY_BYTES] = {1};
    int64_t retry, now = (int64_t)1 << 52;

    (void)st;
    for (int i = 0; i < 1 << 20; i++)
        assert_int_equal(throttle_take(t, key, &huge, now, &retry), 0);
    for (int i = 0; i < 1000; i++) { /* full stays full, and says a sane time */
        assert_int_equal(throttle_take(t, key, &huge, now, &retry), -SK_ELIMIT);
        assert_int_equal(retry, 3600000);
    }
    assert_int_equal(throttle_level(t, key, &huge, now), 1 << 20);
    throttle_free(t);
}

static void keycloak_30969_no_wait_is_for_good(void **st)
{
    struct throttle *t = throttle_new(64);
    struct login_try try;
    int64_t retry = 0, worst = 0;

    (void)st;
    for (int i = 0; i < 100000; i++) {
        if (login_admit(t, "owner", "", "192.0.2.1", 5, &try, &retry) == -SK_ELIMIT &&
            retry > worst)
            worst = retry;
        if (login_admit_proved(t, "owner", "192.0.2.1", 1, 5, &try, &retry) == -SK_ELIMIT &&
            retry > worst)
            worst = retry;
    }
    assert_in_range(worst, 1, 30000);
    assert_int_equal(login_admit(t, "owner", "", "192.0.2.1", 5 + worst, &try, &retry), 0);
    throttle_free(t);
}

static void keycloak_44474_a_refusal_is_no_failure(void **st)
{
    struct throttle *t = throttle_new(64);
    struct login_try try;
    int64_t retry, first;

    (void)st;
    while (login_admit(t, "owner", "", "192.0.2.1", 5, &try, &retry) == 0)
        ;
    first = retry;
    for (int i = 0; i < 100000; i++)
        assert_int_equal(login_admit(t, "owner", "", "192.0.2.1", 5, &try, &retry), -SK_ELIMIT);
    assert_int_equal(retry, first);
    /* neither does an answer "busy" count, which says nothing about the password */
    struct login_try lucky;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(login_admit(t, "other", "", "192.0.2.1", 5, &lucky, &retry), 0);
        login_undecided(t, &lucky, 5);
    }
    throttle_free(t);
}

static void keycloak_26177_a_factor_has_no_tries_of_its_own(void **st)
{
    struct throttle *t = throttle_new(64);
    struct login_try try;
    int64_t retry;
    int passed = 0;

    (void)st;
    /* Password right, factor wrong: the try is not given back, so both share one budget. */
    while (login_admit(t, "owner", "", "192.0.2.1", 5, &try, &retry) == 0)
        passed++;
    assert_in_range(passed, 1, 10);
    assert_int_equal(login_admit(t, "owner", "", "198.51.100.1", 5, &try, &retry), -SK_ELIMIT);
    throttle_free(t);
}

static void work_grows_with_the_pressure_and_drains(void **st)
{
    struct throttle *t = throttle_new(4096);
    struct login_try try;
    int64_t retry;
    char source[32];

    (void)st;
    assert_int_equal(login_bits(t, "owner", 0), PROOF_BITS_MIN);
    for (int i = 0; i < 1000; i++) {
        snprintf(source, sizeof(source), "10.%d.%d.1", i / 250, i % 250);
        assert_int_equal(login_admit_proved(t, "owner", source, 0, 0, &try, &retry), 0);
    }
    assert_int_equal(login_bits(t, "owner", 0), PROOF_BITS_MAX);
    assert_int_equal(login_bits(t, "other", 0), PROOF_BITS_MIN);
    assert_int_equal(login_bits(t, "owner", 1000 * 60000), PROOF_BITS_MIN);
    throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_proof_works_once_for_one_name_and_network, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(waiting_is_as_good, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_of_it_can_be_changed, setup, teardown),
        cmocka_unit_test(a_list_from_one_network_is_seen),
        cmocka_unit_test(one_who_forgot_is_no_list),
        cmocka_unit_test(a_list_from_everywhere_is_seen),
        cmocka_unit_test(networks_are_bounded),
        cmocka_unit_test(keycloak_GHSA_cq42_vhv7_xr7p_lockout_is_no_weapon),
        cmocka_unit_test(keycloak_30939_counters_do_not_overflow),
        cmocka_unit_test(keycloak_30969_no_wait_is_for_good),
        cmocka_unit_test(keycloak_44474_a_refusal_is_no_failure),
        cmocka_unit_test(keycloak_26177_a_factor_has_no_tries_of_its_own),
        cmocka_unit_test(work_grows_with_the_pressure_and_drains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
