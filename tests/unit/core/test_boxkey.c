/* The key beside the database: made once, never replaced in silence, and what is sealed under it
 * opens whole, in its own row, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/boxkey.h"

static char dir[] = "/tmp/skep-boxkey-XXXXXX";
static char path[64];

static int group_start(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/keys/lamp", dir);
    return 0;
}

static int group_stop(void **state)
{
    char keys[64];

    (void)state;
    unlink(path);
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    return rmdir(keys) || rmdir(dir);
}

static void made_once_and_not_in_silence(void **state)
{
    struct boxkey first = {.is_set = 0}, again = {.is_set = 0};
    struct stat st;

    (void)state;
    assert_int_equal(boxkey_load(&first, dir, "lamp", 0), -SK_ENOTFOUND);
    assert_false(first.is_set);
    assert_int_equal(boxkey_load(&first, dir, "lamp", 1), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(boxkey_load(&again, dir, "lamp", 0), 0);
    assert_memory_equal(first.bytes, again.bytes, BOXKEY_BYTES);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_not_equal(boxkey_load(&again, dir, "lamp", 1), 0); /* others may read it */
    assert_false(again.is_set);
    assert_int_equal(chmod(path, 0600), 0);
    boxkey_wipe(&first);
    assert_false(first.is_set);
}

static void opens_whole_in_its_row_or_not_at_all(void **state)
{
    static const char secret[] = "access_token=between you and me";
    struct boxkey k = {.is_set = 0}, none = {.is_set = 0};
    struct sk_buf sealed, clear;

    (void)state;
    assert_int_equal(boxkey_load(&k, dir, "lamp", 0), 0);
    sk_buf_init(&sealed, 256);
    sk_buf_init(&clear, 256);
    assert_int_equal(boxkey_seal(&none, &sealed, "row-1", secret, sizeof(secret)), -SK_ECRYPTO);
    assert_int_equal(boxkey_seal(&k, &sealed, "row-1", secret, sizeof(secret)), 0);
    assert_int_equal(sealed.len, sizeof(secret) + BOXKEY_FRAME_BYTES);
    assert_int_equal(boxkey_open(&k, &clear, "row-1", sealed.data, sealed.len), 0);
    assert_int_equal(clear.len, sizeof(secret));
    assert_memory_equal(clear.data, secret, sizeof(secret));
    assert_int_equal(boxkey_open(&k, &clear, "row-2", sealed.data, sealed.len), -SK_ECRYPTO);
    assert_int_equal(boxkey_open(&none, &clear, "row-1", sealed.data, sealed.len), -SK_ECRYPTO);
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(boxkey_open(&k, &clear, "row-1", sealed.data, len), -SK_ECRYPTO);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= 1;
        sk_buf_reset(&clear);
        assert_int_equal(boxkey_open(&k, &clear, "row-1", sealed.data, sealed.len), -SK_ECRYPTO);
        sealed.data[i] ^= 1;
    }
    sk_buf_fini(&sealed);
    sk_buf_fini_wipe(&clear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_once_and_not_in_silence),
        cmocka_unit_test(opens_whole_in_its_row_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
