/* The locked arena: blocks never overlap, come back wiped and whole, and the oldest unit is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sys.h"
#include "relay/internal.h"

enum { MIB = 1 << 20, ARENA_BYTES = 16 * MIB, LIVE_MAX = 400 };

static int start(void **state)
{
    (void)state;
    return arena_start(ARENA_BYTES);
}

static int stop(void **state)
{
    (void)state;
    arena_stop();
    return 0;
}

static void test_units_do_not_overlap(void **state)
{
    static struct unit *live[LIVE_MAX];
    static uint8_t mark[LIVE_MAX];

    (void)state;
    for (int step = 0; step < 20000; step++) {
        uint32_t i = sk_random_below(LIVE_MAX);
        if (live[i]) {
            for (size_t k = 0; k < live[i]->packet.len; k++)
                assert_int_equal(live[i]->packet.data[k], mark[i]);
            unit_drop(live[i]);
            live[i] = NULL;
            continue;
        }
        live[i] = unit_new(1 + sk_random_below(60000), 0, step);
        if (live[i]) {
            mark[i] = (uint8_t)sk_random_u32();
            memset(live[i]->packet.data, mark[i], live[i]->packet.len);
        }
    }
    for (size_t i = 0; i < LIVE_MAX; i++)
        unit_drop(live[i]);
    assert_int_equal(arena_used_bytes(), 0);
}

static void test_everything_given_back_is_one_piece_again(void **state)
{
    struct unit *small[64], *large[2];

    (void)state;
    for (size_t i = 0; i < 64; i++)
        assert_non_null(small[i] = unit_new(500, 0, 0));
    for (size_t i = 0; i < 64; i++)
        unit_drop(small[(i * 37) % 64]);
    for (size_t i = 0; i < 2; i++) /* the two halves of the arena, whole */
        assert_non_null(large[i] = unit_new(7 * MIB, 0, 0));
    assert_null(unit_new(1, 0, 0));
    unit_drop(large[0]);
    unit_drop(large[1]);
}

static void test_released_bytes_are_wiped(void **state)
{
    static const uint8_t secret[] = "ciphertext that must not stay behind";
    const uint8_t *where;
    struct unit *u = unit_new(5000, 0, 0);

    (void)state;
    assert_non_null(u);
    where = u->packet.data;
    memcpy(u->packet.data + 4000, secret, sizeof(secret));
    struct unit *second = unit_ref(u);
    unit_drop(u);
    assert_memory_equal(where + 4000, secret, sizeof(secret)); /* one reference is left */
    unit_drop(second);
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(where[4000 + i], 0);
}

static void test_a_unit_beyond_the_largest_block_is_refused(void **state)
{
    (void)state;
    assert_null(unit_new(8 * MIB, 0, 0));
    assert_null(unit_new(SIZE_MAX / 2, 0, 0));
}

static void test_the_oldest_unit_is_known_and_init_does_not_count(void **state)
{
    struct unit *init = unit_new(100, 1, 1000), *a = unit_new(100, 0, 2000),
                *b = unit_new(100, 0, 3000), *c = unit_new(100, 0, 4000);

    (void)state;
    assert_int_equal(arena_oldest_ms(5000), 3000);
    unit_drop(b);
    assert_int_equal(arena_oldest_ms(5000), 3000);
    unit_drop(a);
    assert_int_equal(arena_oldest_ms(5000), 1000);
    unit_drop(c);
    assert_int_equal(arena_oldest_ms(5000), 0);
    unit_drop(init);
    assert_int_equal(arena_oldest_ms(9000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_units_do_not_overlap, start, stop),
        cmocka_unit_test_setup_teardown(test_everything_given_back_is_one_piece_again, start, stop),
        cmocka_unit_test_setup_teardown(test_released_bytes_are_wiped, start, stop),
        cmocka_unit_test_setup_teardown(test_a_unit_beyond_the_largest_block_is_refused, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_the_oldest_unit_is_known_and_init_does_not_count,
                                        start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
