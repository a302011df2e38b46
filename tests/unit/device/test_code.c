/* Business authorization codes on virtual time: how long they live, and which makes room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sys.h"
#include "device/internal.h"

enum { MANY = 1024 };

static int decide(void *ctx, const struct principal *p, const char *action,
                  struct object_ref object)
{
    (void)ctx;
    (void)p;
    (void)action;
    (void)object;
    return 0;
}

static int start(void **state)
{
    static const struct authorizer seam = {.decide = decide};
    (void)state;
    authorize_fill(&seam);
    codes_start();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    codes_stop();
    return 0;
}

static const struct principal somebody = {
    .kind = PRINCIPAL_ACCOUNT, .account = "account", .session = "login"};
static const struct device_grant grant = {
    .device = "abcdefghijklmnopqrstuvwxyz", .account = "account", .login_session = "login"};

static void test_first_use_within_a_minute(void **state)
{
    char text[DEVICE_CODE_SIZE];
    struct device_grant got;
    struct principal stranger = somebody;
    int64_t now_ms = sk_clock_mono_ms();
    (void)state;
    assert_int_equal(code_store(&grant, now_ms, text), 0);
    assert_int_equal(device_code_check(text, &somebody, now_ms + 60000, &got), -SK_EDENIED);
    memcpy(stranger.session, "other", sizeof("other"));
    assert_int_equal(device_code_check(text, &stranger, now_ms, &got), -SK_EDENIED);
    assert_int_equal(device_code_check(text, &somebody, now_ms + 59999, &got), 0);
    assert_string_equal(got.device, grant.device);
    assert_int_equal(device_code_check(text, &somebody, now_ms + 86400000, &got), 0);
    assert_int_equal(codes_end("login", NULL, NULL), 1);
    assert_int_equal(device_code_check(text, &somebody, now_ms, &got), -SK_EDENIED);
}

/* A login that opens cameras for weeks does not run out of codes: the quietest makes room, one that
 * is in use does not. */
static void test_the_quietest_makes_room(void **state)
{
    static char text[MANY][DEVICE_CODE_SIZE];
    char more[DEVICE_CODE_SIZE];
    struct device_grant got;
    int64_t now_ms = sk_clock_mono_ms();
    (void)state;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(code_store(&grant, now_ms + i, text[i]), 0);
        assert_int_equal(device_code_check(text[i], &somebody, now_ms + i, &got), 0);
    }
    assert_int_equal(code_store(&grant, now_ms + 30000, more), -SK_ELIMIT);
    assert_int_equal(device_code_check(text[0], &somebody, now_ms + 50000, &got), 0);
    assert_int_equal(code_store(&grant, now_ms + 65000, more), 0);
    assert_true(device_code_is_live(text[0]));
    assert_false(device_code_is_live(text[1]));
    assert_true(device_code_is_live(text[2]));
    assert_true(device_code_is_live(more));
    assert_int_equal(codes_end("login", NULL, NULL), MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_use_within_a_minute),
        cmocka_unit_test(test_the_quietest_makes_room),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
