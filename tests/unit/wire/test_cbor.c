/* CBOR as CTAP2 asks for it: what is taken, and each way to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "wire/cbor.h"

static uint8_t bytes[256];

static int read_hex(struct cbor_item *out, const char *hex)
{
    size_t len;

    assert_int_equal(sk_hex_decode(bytes, sizeof(bytes), &len, hex, strlen(hex)), 0);
    return cbor_read(out, bytes, len);
}

static void numbers(void **st)
{
    static const struct {
        const char *hex;
        int64_t value;
    } rows[] = {
        {"00", 0}, /* RFC 8949 appendix A */
        {"17", 23},
        {"1818", 24},
        {"1903e8", 1000},
        {"1a000f4240", 1000000},
        {"1b000000e8d4a51000", 1000000000000},
        {"20", -1},
        {"3903e7", -1000},
        {"390100", -257},
    };
    struct cbor_item item;
    int64_t n;

    (void)st;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(read_hex(&item, rows[i].hex), 0);
        assert_int_equal(item.size, strlen(rows[i].hex) / 2);
        assert_int_equal(cbor_int(&item, &n), 0);
        assert_int_equal(n, rows[i].value);
    }
    assert_int_equal(read_hex(&item, "1bffffffffffffffff"), 0);
    assert_int_equal(cbor_int(&item, &n), -SK_EINVAL); /* does not fit */
}

static void maps(void **st)
{
    struct cbor_item map, value;
    int64_t n;

    (void)st;
    /* {"a": 1, -1: h'0102', 3: {"b": [true, null]}} and one byte behind it */
    assert_int_equal(read_hex(&map, "a361610120420102"
                                    "03a1616282f5f6ff"),
                     0);
    assert_int_equal(map.size, 15);
    assert_int_equal(cbor_map_text(&map, "a", &value), 0);
    assert_int_equal(cbor_int(&value, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(cbor_map_int(&map, -1, &value), 0);
    assert_int_equal(value.type, CBOR_BYTES);
    assert_int_equal(value.len, 2);
    assert_int_equal(cbor_map_int(&map, 3, &value), 0);
    assert_int_equal(cbor_map_text(&value, "b", &value), 0);
    assert_int_equal(value.type, CBOR_ARRAY);
    assert_int_equal(value.value, 2);
    assert_int_equal(cbor_map_int(&map, 1, &value), -SK_ENOTFOUND);
    assert_int_equal(cbor_map_text(&map, "b", &value), -SK_ENOTFOUND);
    assert_int_equal(cbor_map_int(&value, 1, &value), -SK_ENOTFOUND); /* no map */
}

static void refused(void **st)
{
    static const char *const rows[] = {
        "",                   /* nothing */
        "18",                 /* a head cut off */
        "1817",               /* 23 in two bytes */
        "190017",             /* and in three */
        "1a0000ffff",         /* 16 bits in 32 */
        "1b00000000ffffffff", /* 32 in 64 */
        "1c",                 /* reserved */
        "5f42010243030405ff", /* indefinite bytes */
        "9f01ff",             /* indefinite array */
        "bf6161019fff",       /* indefinite map */
        "4301ff",             /* bytes cut off */
        "5bffffffffffffffff", /* longer than any memory */
        "61ff",               /* not UTF-8 */
        "a2616101616102",     /* a key twice */
        "a201010102",         /* the same with numbers */
        "a1f501",             /* a key that is no text or number */
        "a1",                 /* a value missing */
        "a101",               /* the same */
        "8301",               /* an array cut off */
        "c074",               /* a tag */
        "f93c00",             /* half float */
        "fb3ff199999999999a", /* double */
        "f7",                 /* undefined */
        "f0",                 /* another simple value */
        "f818",               /* simple value in two bytes */
        "ff",                 /* a break without a beginning */
    };
    struct cbor_item item;

    (void)st;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(read_hex(&item, rows[i]), -SK_EINVAL);
    assert_int_equal(read_hex(&item, "8181818101"), 0);
    assert_int_equal(read_hex(&item, "818181818101"), -SK_ETOOBIG); /* too deep */
    assert_int_equal(read_hex(&item, "9821"), -SK_ETOOBIG);         /* 33 members */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(maps),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
