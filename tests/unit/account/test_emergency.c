/* The code on the paper: as it is printed, and as people type it. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "account/approval.h"
#include "core/room.h"

/* What the handlers, which are linked along, walk through. */
const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

static void typed_anyhow(void **st)
{
    char code[EMERGENCY_CODE_SIZE], typed[2 * EMERGENCY_CODE_SIZE];
    uint8_t made[32], hash[32];
    size_t n = 0;

    (void)st;
    emergency_code_make(code, made);
    assert_int_equal(strlen(code), EMERGENCY_CODE_SIZE - 1);
    assert_int_equal(emergency_code_hash(hash, code), 0);
    assert_memory_equal(hash, made, sizeof(made));
    for (size_t i = 0; code[i]; i++) {
        typed[n++] = code[i] == '-' ? ' ' : (char)toupper((unsigned char)code[i]);
        if (i % 7 == 0)
            typed[n++] = ' ';
    }
    typed[n] = '\0';
    memset(hash, 0, sizeof(hash));
    assert_int_equal(emergency_code_hash(hash, typed), 0);
    assert_memory_equal(hash, made, sizeof(made));
}

static void no_code(void **st)
{
    static const char *const texts[] = {
        "",
        "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaa",   /* one short */
        "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaa", /* one long */
        "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaa1",  /* no such digit */
        "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaa\xc3\xa4",
    };
    uint8_t hash[32];

    (void)st;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(emergency_code_hash(hash, texts[i]), -SK_EINVAL);
    assert_int_equal(emergency_code_hash(hash, "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa"), 0);
}

static void every_code_is_another(void **st)
{
    char one[EMERGENCY_CODE_SIZE], two[EMERGENCY_CODE_SIZE];
    uint8_t a[32], b[32];

    (void)st;
    emergency_code_make(one, a);
    emergency_code_make(two, b);
    assert_string_not_equal(one, two);
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_anyhow),
        cmocka_unit_test(no_code),
        cmocka_unit_test(every_code_is_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
