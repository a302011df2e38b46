/* Time codes against RFC 6238, and what is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/factor.h"
#include "base/file.h"

static const uint8_t key[TOTP_SECRET_BYTES] = "12345678901234567890";

static void vectors(void **st)
{
    static const struct {
        int64_t at_s;
        const char *code;
    } rows[] = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
    };
    char code[TOTP_CODE_SIZE];
    int64_t step;

    (void)st;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        totp_code(code, key, sizeof(key), rows[i].at_s / 30);
        assert_string_equal(code, rows[i].code);
        assert_int_equal(totp_check(key, rows[i].code, rows[i].at_s * 1000, 0, &step), 0);
        assert_int_equal(step, rows[i].at_s / 30);
    }
}

static void window(void **st)
{
    const int64_t now = 1111111111000, own = 1111111111 / 30;
    char code[TOTP_CODE_SIZE];
    int64_t step;

    (void)st;
    for (int64_t off = -3; off <= 3; off++) {
        totp_code(code, key, sizeof(key), own + off);
        int err = totp_check(key, code, now, 0, &step);
        assert_int_equal(err, off >= -1 && off <= 1 ? 0 : -SK_EAUTH);
        if (!err)
            assert_int_equal(step, own + off);
    }
    totp_code(code, key, sizeof(key), own);
    assert_int_equal(totp_check(key, code, now, own, &step), -SK_EAUTH); /* used */
    assert_int_equal(totp_check(key, code, now, own - 1, &step), 0);
    totp_code(code, key, sizeof(key), own - 1);
    assert_int_equal(totp_check(key, code, now, own, &step), -SK_EAUTH); /* before the used one */
}

static void typing(void **st)
{
    static const char *const refused[] = {"", "05047", "0504711", "05047a", "-50471", "050 471 0"};
    int64_t step;

    (void)st;
    assert_int_equal(totp_check(key, " 050 471 ", 1111111111000, 0, &step), 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(totp_check(key, refused[i], 1111111111000, 0, &step), -SK_EAUTH);
}

static void uri(void **st)
{
    char out[TOTP_URI_SIZE], host[400];

    (void)st;
    totp_uri(out, "hive.example", "Wei Lin/\xe6\x9d\x8e", key);
    assert_string_equal(out, "otpauth://totp/Skep%20hive.example:Wei%20Lin%2F%E6%9D%8E"
                             "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Skep%20hive.example");
    memset(host, 'h', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    totp_uri(out, host, "x", key);
    assert_string_equal(out, "otpauth://totp/Skep:x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                             "&issuer=Skep");
}

static char dir[] = "/tmp/skep-totp-XXXXXX";

static int pepper_make(void **st)
{
    (void)st;
    if (!mkdtemp(dir))
        return -1;
    return pepper_load(dir, 1);
}

static int pepper_end(void **st)
{
    char path[64];

    (void)st;
    pepper_wipe();
    snprintf(path, sizeof(path), "%s/keys/pepper", dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/keys", dir);
    rmdir(path);
    return rmdir(dir);
}

static void at_rest(void **st)
{
    uint8_t one[TOTP_SEALED_BYTES], two[TOTP_SEALED_BYTES], back[TOTP_SECRET_BYTES];

    (void)st;
    assert_int_equal(totp_seal(one, key, "mia"), 0);
    assert_int_equal(totp_seal(two, key, "mia"), 0);
    assert_memory_not_equal(one + 8, two + 8, TOTP_SEALED_BYTES - 8);
    assert_null(memmem(one, sizeof(one), key, 8));
    assert_int_equal(totp_open(back, one, "mia"), 0);
    assert_memory_equal(back, key, sizeof(back));
    assert_int_equal(totp_open(back, one, "jo"), -SK_EIO); /* another account's row */
    for (size_t i = 0; i < sizeof(one); i++) {
        memcpy(two, one, sizeof(two));
        two[i] ^= 1;
        assert_int_equal(totp_open(back, two, "mia"), -SK_EIO);
    }
    pepper_wipe();
    assert_int_equal(totp_open(back, one, "mia"), -SK_EIO);
    assert_int_equal(pepper_load(dir, 0), 0);
    assert_int_equal(totp_open(back, one, "mia"), 0);
}

static void recovery(void **st)
{
    char code[RECOVERY_SIZE], other[RECOVERY_SIZE], typed[64];
    uint8_t hash[32], again[32], foreign[32];

    (void)st;
    recovery_make(code, "mia", hash);
    recovery_make(other, "mia", again);
    assert_int_equal(strlen(code), 19);
    assert_string_not_equal(code, other);
    assert_int_equal(recovery_hash(again, "mia", code), 0);
    assert_memory_equal(again, hash, 32);
    snprintf(typed, sizeof(typed), " %.4s %.4s%.4s-%.4s ", code, code + 5, code + 10, code + 15);
    for (char *c = typed; *c; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    assert_int_equal(recovery_hash(again, "mia", typed), 0);
    assert_memory_equal(again, hash, 32);
    assert_int_equal(recovery_hash(foreign, "jo", code), 0);
    assert_memory_not_equal(foreign, hash, 32);
    assert_int_equal(recovery_hash(again, "mia", "abcd-efgh-ijkl-mno"), -SK_EINVAL);
    assert_int_equal(recovery_hash(again, "mia", "abcd-efgh-ijkl-mnopq"), -SK_EINVAL);
    assert_int_equal(recovery_hash(again, "mia", "abcd-efgh-ijkl-mn0p"), -SK_EINVAL);
    assert_int_equal(recovery_hash(again, "mia", ""), -SK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors), cmocka_unit_test(window),  cmocka_unit_test(typing),
        cmocka_unit_test(uri),     cmocka_unit_test(at_rest), cmocka_unit_test(recovery),
    };

    return cmocka_run_group_tests(tests, pepper_make, pepper_end);
}
