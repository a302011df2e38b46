/* A mail on the wire: nothing that is put into it may become another header or another mail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "outbound/internal.h"

static const uint8_t chance[16] = {1, 2, 3};
static const int64_t when = 1772409600000LL; /* Mon, 02 Mar 2026 00:00:00 UTC */

const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

static int make(struct sk_buf *out, const char *to, const char *subject, const char *text)
{
    const struct outbound_mail mail = {to, subject, text};

    sk_buf_init(out, 65536);
    int err = message_make(out, "box@example.org", &mail, when, chance);
    if (err)
        sk_buf_fini(out);
    return err;
}

static void a_plain_one(void **st)
{
    struct sk_buf out;

    (void)st;
    assert_int_equal(make(&out, "ada@example.org", "Hello", "Hi\n"), 0);
    assert_string_equal((const char *)out.data,
                        "From: Skep <box@example.org>\r\n"
                        "To: <ada@example.org>\r\n"
                        "Subject: Hello\r\n"
                        "Date: Mon, 02 Mar 2026 00:00:00 +0000\r\n"
                        "Message-ID: <01020300000000000000000000000000@example.org>\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: base64\r\n\r\nSGkK\r\n");
    sk_buf_fini(&out);
}

static void every_line_is_short_and_ends_well(void **st)
{
    char text[4000], subject[OUTBOUND_MAIL_SUBJECT_MAX + 1];
    struct sk_buf out;

    (void)st;
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "\xe8\x9c\x82", 4);
    memset(subject, 0, sizeof(subject));
    for (size_t i = 0; i + 3 < sizeof(subject); i += 3)
        memcpy(subject + i, "\xe7\xae\xb1", 3);
    assert_int_equal(make(&out, "ada@example.org", subject, text), 0);
    const char *at = (const char *)out.data;
    while (*at) {
        const char *end = strstr(at, "\r\n");
        assert_non_null(end);
        assert_true(end - at <= 78);
        assert_null(memchr(at, '\n', (size_t)(end - at)));
        for (const char *c = at; c < end; c++)
            assert_true(*c >= 0x20 && *c < 0x7f);
        at = end + 2;
    }
    sk_buf_fini(&out);
}

/* Each encoded-word holds whole characters (RFC 2047 5). */
static void subjects_keep_their_characters(void **st)
{
    static const char subject[] =
        "a\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c"
        "\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82"
        "\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82\xe8\x9c\x82";
    char joined[256];
    size_t len = 0, got;
    struct sk_buf out;

    (void)st;
    assert_int_equal(make(&out, "ada@example.org", subject, ""), 0);
    const char *end = strstr((const char *)out.data, "Date:");
    for (const char *at = strstr((const char *)out.data, "=?UTF-8?B?"); at && at < end;
         at = strstr(at, "=?UTF-8?B?")) {
        at += 10;
        const char *stop = strstr(at, "?=");
        assert_true(stop - at + 12 <= 75);
        assert_int_equal(
            sk_b64_decode(joined + len, sizeof(joined) - len, &got, at, (size_t)(stop - at)), 0);
        assert_true(sk_utf8_is_valid(joined + len, got));
        len += got;
    }
    assert_int_equal(len, sizeof(subject) - 1);
    assert_memory_equal(joined, subject, len);
    sk_buf_fini(&out);
    assert_int_equal(make(&out, "ada@example.org", "=?UTF-8?Q?x?=", ""), 0);
    assert_null(strstr((const char *)out.data, "=?UTF-8?Q?"));
    sk_buf_fini(&out);
}

static void no_header_is_smuggled(void **st)
{
    static const char *const subjects[] = {
        "a\r\nBcc: x@example.org", "a\nb", "a\rb", "\x7f", "a\tb", "\xff", ""};
    struct sk_buf out;

    (void)st;
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
        assert_int_equal(make(&out, "ada@example.org", subjects[i], ""), -SK_EINVAL);
    assert_int_equal(make(&out, "ada@example.org\r\nBcc: x@example.org", "a", ""), -SK_EINVAL);
    assert_int_equal(make(&out, "ada@example.org>, <x@example.org", "a", ""), -SK_EINVAL);
    assert_int_equal(make(&out, "ada@example.org", "a", "\xff"), -SK_EINVAL);
}

static void addresses(void **st)
{
    static const char *const good[] = {"a@b.c", "ada.love+skep@mail.example.org",
                                       "!#$%&'*+-/=?^_`{|}~@x-1.example", "A@EXAMPLE.ORG"};
    static const char *const bad[] = {
        "",
        "@",
        "a@",
        "@b.c",
        "a@b",
        "a@b.",
        "a@.b.c",
        "a@b..c",
        ".a@b.c",
        "a.@b.c",
        "a..b@b.c",
        "a b@c.d",
        "a@b c.d",
        "\"a\"@b.c",
        "a@[127.0.0.1]",
        "a@-b.c",
        "a@b-.c",
        "a@b.c-",
        "a@b@c.d",
        "a,b@c.d",
        "a@b.c,d@e.f",
        "<a@b.c>",
        "a@b.c ",
        " a@b.c",
        "a\n@b.c",
        "\xc3\xa4@b.c",
        "a@\xc3\xa4.c",
        "a@b_c.d",
        "a(c)@b.d",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c"};

    (void)st;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (outbound_mail_address_check(good[i]))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (outbound_mail_address_check(bad[i]) == 0)
            fail_msg("%s is taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_one),
        cmocka_unit_test(every_line_is_short_and_ends_well),
        cmocka_unit_test(subjects_keep_their_characters),
        cmocka_unit_test(no_header_is_smuggled),
        cmocka_unit_test(addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
