/* Which passwords are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "account/internal.h"

static int listed(void *ctx, const char *folded, size_t len)
{
    static const char *const list[] = {"dragon", "correcthorsebatterystaple", "iloveyou"};

    (void)ctx;
    for (size_t i = 0; i < 3; i++)
        if (strlen(list[i]) == len && memcmp(list[i], folded, len) == 0)
            return 1;
    return 0;
}

static unsigned judge(const char *password)
{
    const struct strength_context ctx = {"Wei Lin", "hive.example", 15, listed, NULL};
    struct strength s;

    strength_judge(password, strlen(password), &ctx, &s);
    return s.reasons;
}

static void the_three_that_zxcvbn_misses(void **st)
{
    (void)st;
    /* each must fall for what it is, not only for its length */
    assert_true(judge("woaini1314520") & WEAK_GUESSABLE);
    assert_true(judge("jufeng2021") & WEAK_CONTEXT);
    assert_true(judge("admin@bcloud") & WEAK_CONTEXT);
    assert_true(judge("woaini1314520woaini") & WEAK_GUESSABLE);
    assert_true(judge("woaini5201314888888") & WEAK_GUESSABLE);
    assert_true(judge("woaini13812345678") & WEAK_GUESSABLE);
    assert_true(judge("laopo19880808520") & WEAK_GUESSABLE);
    assert_true(judge("jufeng-jufeng-2021") & WEAK_CONTEXT);
    assert_true(judge("Admin@BCloud!2024") & WEAK_CONTEXT);
}

static void good_ones_are_taken(void **st)
{
    static const char *const good[] = {
        "straw lanterns under Tuesday",
        "kq7-Vw2x-Pn9d-Lm4z",
        "wohenxihuanzaihaibianzoulu", /* nine syllables at random are long enough */
        "\xe5\xb1\xb1\xe6\xb5\xb7\xe6\x9c\x88\xe5\x85\x89\xe7\x85\xa7\xe5\x9c\xa8\xe5\xb1\x8b"
        "\xe9\xa1\xb6\xe7\x8c\xab\xe5\x92\x8c\xe9\xb1\xbc\xe9\x83\xbd\xe7\x9d\xa1\xe8\xa7\x89\xe4"
        "\xba\x86",
        "               nine spaces are a choice",
    };

    (void)st;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(judge(good[i]), 0);
}

static void length_counts_code_points(void **st)
{
    char text[PASSWORD_MAX_BYTES + 2];

    (void)st;
    assert_true(judge("xK9$vT2mQ8zR4w") & WEAK_SHORT); /* 14 */
    assert_false(judge("xK9$vT2mQ8zR4wP") & WEAK_SHORT);
    assert_true(judge("") & WEAK_SHORT);
    for (int i = 0; i < 129; i++)
        text[i] = (char)('!' + (i * 37) % 90);
    text[129] = '\0';
    assert_int_equal(judge(text), WEAK_LONG);
    text[128] = '\0';
    assert_false(judge(text) & WEAK_LONG);
    /* 128 code points of four bytes are 512 bytes and taken */
    for (int i = 0; i < 128; i++)
        memcpy(text + i * 4, i % 3 ? "\xf0\x9f\x90\x9d" : "\xf0\x9f\x8d\xaf", 4);
    text[512] = '\0';
    assert_false(judge(text) & (WEAK_LONG | WEAK_SHORT));
}

static void lists_and_dress(void **st)
{
    (void)st;
    assert_true(judge("CorrectHorseBatteryStaple") & WEAK_COMMON);
    assert_true(judge("123dragon2024!!!") & WEAK_COMMON);
    assert_true(judge("!!!iloveyou!!!!!!!") & WEAK_COMMON);
    assert_false(judge("snapdragon lemur 55 kites") & WEAK_COMMON);
}

static void own_name_and_host(void **st)
{
    (void)st;
    assert_true(judge("wei lin wei lin 12") & WEAK_CONTEXT);
    assert_true(judge("hive.example1234") & WEAK_CONTEXT);
    assert_true(judge("skepskepskepskep") & WEAK_CONTEXT);
    assert_false(judge("a skeptical walrus hums") & WEAK_CONTEXT);
}

static void repeats_are_guessable(void **st)
{
    char text[129];
    struct strength s;
    const struct strength_context ctx = {0};

    (void)st;
    memset(text, 'a', 128);
    text[128] = '\0';
    assert_true(judge(text) & WEAK_GUESSABLE);
    assert_true(judge("111111111111111111") & WEAK_GUESSABLE);
    assert_true(judge("qwertyuiopasdfgh") & WEAK_GUESSABLE);
    strength_judge("kq7-Vw2x-Pn9d-Lm4z", 18, &ctx, &s);
    assert_int_equal(s.score, 4);
    assert_true(s.guesses_log10 > 10);
}

static void names_of_reasons(void **st)
{
    const char *names[5];

    (void)st;
    assert_int_equal(strength_reason_names(0, names), 0);
    assert_int_equal(strength_reason_names(WEAK_SHORT | WEAK_GUESSABLE, names), 2);
    assert_string_equal(names[0], "short");
    assert_string_equal(names[1], "guessable");
    assert_int_equal(strength_reason_names(31, names), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_that_zxcvbn_misses),
        cmocka_unit_test(good_ones_are_taken),
        cmocka_unit_test(length_counts_code_points),
        cmocka_unit_test(lists_and_dress),
        cmocka_unit_test(own_name_and_host),
        cmocka_unit_test(repeats_are_guessable),
        cmocka_unit_test(names_of_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
