/* Hex in tests: vectors stay as the papers print them. */
#ifndef SK_TEST_HEX_H
#define SK_TEST_HEX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static inline size_t unhex(uint8_t *out, size_t cap, const char *text)
{
    size_t len;

    assert_int_equal(sk_hex_decode(out, cap, &len, text, strlen(text)), 0);
    return len;
}

static inline void assert_hex(const uint8_t *data, size_t len, const char *text)
{
    uint8_t want[4096];

    assert_int_equal(unhex(want, sizeof want, text), len);
    assert_memory_equal(data, want, len);
}

#endif
