/* Lists of breached passwords: nothing is missed, little is wrong, damage is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/pwlist.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/sha1.h"

static char dir[] = "/tmp/skep-pwlist-XXXXXX";
static char in[64], out[64];
static struct sk_buf why;

static int setup(void **st)
{
    (void)st;
    assert_non_null(mkdtemp(dir));
    snprintf(in, sizeof(in), "%s/in", dir);
    snprintf(out, sizeof(out), "%s/out", dir);
    sk_buf_init(&why, 512);
    return 0;
}

static int teardown(void **st)
{
    (void)st;
    unlink(in);
    unlink(out);
    sk_buf_fini(&why);
    return rmdir(dir);
}

static void write_lines(int count)
{
    FILE *f = fopen(in, "w");

    assert_non_null(f);
    for (int i = 0; i < count; i++)
        fprintf(f, "breached-%d\r\n", i);
    fclose(f);
}

static void what_is_on_it_is_found(void **st)
{
    struct pwlist_build b = {.in = in, .out = out, .note = "a test"};
    struct pwlist *l;
    char word[48];
    int wrong = 0;

    (void)st;
    write_lines(20000);
    assert_int_equal(pwlist_make(&b, &why), 0);
    assert_int_equal(b.entries, 20000);
    assert_in_range(b.bytes, 20000 * 28 / 8, 20000 * 30 / 8 + PWLIST_HEAD);
    assert_int_equal(pwlist_open(&l, out, &why), 0);
    assert_int_equal(pwlist_count(l), 20000);
    for (int i = 0; i < 20000; i++) {
        int len = snprintf(word, sizeof(word), "breached-%d", i);
        assert_true(pwlist_has(l, word, (size_t)len));
    }
    for (int i = 0; i < 200000; i++) { /* one in a million: 0.2 are expected */
        int len = snprintf(word, sizeof(word), "fresh-%d", i);
        wrong += pwlist_has(l, word, (size_t)len);
    }
    assert_in_range(wrong, 0, 3);
    assert_false(pwlist_has(NULL, "x", 1));
    pwlist_close(l);
}

static void dumps_of_hashes_are_taken(void **st)
{
    struct pwlist_build b = {.in = in, .out = out};
    struct pwlist *l;
    uint8_t sha1[CRYPTO_SHA1_BYTES];
    char hex[SK_HEX_SIZE(CRYPTO_SHA1_BYTES)];
    FILE *f = fopen(in, "w");

    (void)st;
    crypto_sha1(sha1, "Tr0ub4dor&3", 11);
    sk_hex_encode(hex, sha1, sizeof(sha1));
    fprintf(f, "%s:17\n", hex);
    for (char *c = hex; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 32 : *c);
    fprintf(f, "%s\nplain one\n\n", hex);
    fprintf(f, "%0600d\nlast without an end", 7);
    fclose(f);
    assert_int_equal(pwlist_make(&b, &why), 0);
    assert_int_equal(b.entries, 4); /* the empty and the endless line are none */
    assert_int_equal(pwlist_open(&l, out, &why), 0);
    assert_true(pwlist_has(l, "Tr0ub4dor&3", 11));
    assert_false(pwlist_has(l, "tr0ub4dor&3", 11));
    assert_true(pwlist_has(l, "plain one", 9));
    assert_true(pwlist_has(l, "last without an end", 19));
    pwlist_close(l);
}

static void a_damaged_list_is_refused(void **st)
{
    struct pwlist_build b = {.in = in, .out = out};
    struct pwlist *l;
    struct sk_buf file;

    (void)st;
    write_lines(1000);
    assert_int_equal(pwlist_make(&b, &why), 0);
    sk_buf_init(&file, 1 << 20);
    assert_int_equal(sk_file_read(&file, out), 0);
    static const size_t places[] = {0, 9, 14, 20, 27, 33, 150, PWLIST_HEAD, PWLIST_HEAD + 2000};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i] == 20 || places[i] == 33)
            continue; /* the count says less; another seed finds others: no damage to the bits */
        file.data[places[i]] ^= 0x40;
        assert_int_equal(sk_file_write(out, file.data, file.len, 0600), 0);
        assert_int_equal(pwlist_open(&l, out, &why), -SK_EIO);
        assert_null(l);
        file.data[places[i]] ^= 0x40;
        sk_buf_reset(&why);
    }
    assert_int_equal(sk_file_write(out, file.data, file.len - 1, 0600), 0);
    assert_int_equal(pwlist_open(&l, out, &why), -SK_EIO);
    assert_int_equal(sk_file_write(out, "", 0, 0600), 0);
    assert_int_equal(pwlist_open(&l, out, &why), -SK_EIO);
    sk_buf_reset(&why);
    assert_int_equal(pwlist_open(&l, "/tmp/no such list", &why), -SK_ENOTFOUND);
    sk_buf_reset(&why);
    sk_buf_fini(&file);
}

static void too_loose_is_refused(void **st)
{
    struct pwlist_build b = {.in = in, .out = out, .p = 1e-4};
    struct pwlist *l;

    (void)st;
    unlink(out);
    write_lines(1000);
    assert_int_equal(pwlist_make(&b, &why), -SK_EINVAL);
    b.p = 1e-9;
    b.n = 999;
    assert_int_equal(pwlist_make(&b, &why), -SK_EINVAL); /* more than was made room for */
    assert_int_equal(access(out, F_OK), -1);             /* and nothing is left behind */
    b.n = 1000;
    assert_int_equal(pwlist_make(&b, &why), 0);
    assert_int_equal(pwlist_open(&l, out, &why), 0);
    pwlist_close(l);
    sk_buf_reset(&why);
    b.in = "/tmp/no such list";
    assert_int_equal(pwlist_make(&b, &why), -SK_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_it_is_found),
        cmocka_unit_test(dumps_of_hashes_are_taken),
        cmocka_unit_test(a_damaged_list_is_refused),
        cmocka_unit_test(too_loose_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
