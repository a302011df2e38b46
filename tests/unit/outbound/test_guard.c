/* Which addresses the box may be made to knock at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "outbound/internal.h"

const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

static int admits(const struct guard *g, const char *ip)
{
    struct net_addr a;

    assert_int_equal(net_addr_parse(&a, ip, 443), 0);
    return guard_admits(g, &a);
}

static void the_inside_is_closed(void **st)
{
    static const char *const closed[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    };
    static const struct guard none;

    (void)st;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        if (admits(&none, closed[i]))
            fail_msg("%s is let through", closed[i]);
}

static void the_outside_is_open(void **st)
{
    static const char *const open[] = {
        "1.1.1.1",        "9.255.255.255",   "11.0.0.1",        "100.63.255.255",
        "100.128.0.0",    "126.255.255.255", "128.0.0.1",       "169.253.255.255",
        "172.15.255.255", "172.32.0.1",      "192.167.1.1",     "192.169.0.1",
        "198.17.255.255", "198.20.0.0",      "223.255.255.255", "2606:4700::1111",
        "2a00:1450::1",   "2001:200::1",     "2001:4860::8888", "64:ff9b::101:101",
        "::ffff:1.1.1.1",
    };
    static const struct guard none;

    (void)st;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (!admits(&none, open[i]))
            fail_msg("%s is refused", open[i]);
}

static void what_is_named_is_open(void **st)
{
    struct guard g;

    (void)st;
    assert_int_equal(guard_parse(&g, "127.0.0.1, 10.8.0.0/15 fd00:1::/33,::1"), 0);
    assert_int_equal(g.count, 4);
    assert_true(admits(&g, "127.0.0.1"));
    assert_false(admits(&g, "127.0.0.2"));
    assert_true(admits(&g, "10.8.0.0"));
    assert_true(admits(&g, "10.9.255.255"));
    assert_false(admits(&g, "10.10.0.0"));
    assert_false(admits(&g, "10.7.255.255"));
    assert_true(admits(&g, "fd00:1:0:1::1"));
    assert_true(admits(&g, "fd00:1:7fff::1"));
    assert_false(admits(&g, "fd00:1:8000::1"));
    assert_true(admits(&g, "::1"));
    assert_true(admits(&g, "::ffff:127.0.0.1"));
}

static void a_list_is_read_strictly(void **st)
{
    static const char *const bad[] = {"localhost", "10.0.0.0/33", "10.0.0/8", "::1/129",
                                      "1.2.3.4/",  "1.2.3.4/-1",  "/8",       "10.0.0.0/8;1.1.1.1"};
    struct guard g;

    (void)st;
    assert_int_equal(guard_parse(&g, ""), 0);
    assert_int_equal(g.count, 0);
    assert_int_equal(guard_parse(&g, "0.0.0.0/0 ::/0"), 0);
    assert_true(admits(&g, "127.0.0.1"));
    assert_true(admits(&g, "fe80::1"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (guard_parse(&g, bad[i]) == 0)
            fail_msg("%s is taken", bad[i]);
}

static void urls_are_https_and_plain(void **st)
{
    static const char *const good[] = {"https://example.org", "https://example.org/",
                                       "https://example.org:8443/a?b=c", "https://[2001:db8::1]/",
                                       "https://127.0.0.1/"};
    static const char *const bad[] = {"http://example.org/",
                                      "https://",
                                      "https:///a",
                                      "HTTPS://example.org/",
                                      "file:///etc/passwd",
                                      "https://user@example.org/",
                                      "https://a:b@example.org/",
                                      "https://example.org/a b",
                                      "https://example.org/\r\nX: y",
                                      "https://ex\\ample.org",
                                      "https://:443/",
                                      "https://ex\xc3\xa4.org",
                                      ""};

    (void)st;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (outbound_url_check(good[i]))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (outbound_url_check(bad[i]) == 0)
            fail_msg("%s is taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_inside_is_closed),     cmocka_unit_test(the_outside_is_open),
        cmocka_unit_test(what_is_named_is_open),    cmocka_unit_test(a_list_is_read_strictly),
        cmocka_unit_test(urls_are_https_and_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
