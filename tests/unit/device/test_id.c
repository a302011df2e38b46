/* Device ids: 128 bits, one text form, nothing else is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sys.h"
#include "device/device.h"

static void test_ids_round_trip(void **state)
{
    uint8_t raw[16], back[16];
    char id[DEVICE_ID_SIZE];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        sk_random(raw, sizeof(raw));
        device_id_text(id, raw);
        assert_int_equal(strlen(id), DEVICE_ID_SIZE - 1);
        assert_int_equal(device_id_raw(back, id), 0);
        assert_memory_equal(raw, back, sizeof(raw));
    }
}

static void test_other_texts_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "aaaqeayeaudaocajbifqydiob",
                                      "aaaqeayeaudaocajbifqydiob44",
                                      "AAAQEAYEAUDAOCAJBIFQYDIOB4",
                                      "aaaqeayeaudaocajbifqydiob5",
                                      "aaaqeayeaudaocajbifqydiob!",
                                      "../../../../../../etc/pass"};
    uint8_t raw[16];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_not_equal(device_id_raw(raw, bad[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_round_trip),
        cmocka_unit_test(test_other_texts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
