/* Sessions on virtual time, tokens and cookies, and the built-in rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account/access.h"

enum { IDLE = 1000, LIFE = 5000 };

static int table_start(void **st)
{
    (void)st;
    session_table_start(IDLE);
    browser_table_start();
    return 0;
}

static int table_stop(void **st)
{
    (void)st;
    session_table_stop();
    browser_table_stop();
    return 0;
}

static void make(struct session *s, char token[ACCOUNT_TOKEN_SIZE], int bearer, int64_t now_ms)
{
    session_make(s, token, "account-1", bearer, "192.0.2.1", "test", now_ms, LIFE);
    session_put(s);
}

static void lives_and_ends(void **st)
{
    struct session s, found;
    char token[ACCOUNT_TOKEN_SIZE];
    uint8_t hash[32];

    (void)st;
    make(&s, token, 0, 10000);
    assert_int_equal(token_hash(hash, token), 0);
    assert_int_equal(session_by_token(hash, 0, 10500, 0, &found), 0);
    assert_string_equal(found.id, s.id);
    assert_int_equal(session_by_token(hash, 1, 10500, 0, &found), -SK_ENOTFOUND);
    assert_int_equal(session_by_token(hash, 0, 11000, 0, &found), -SK_ENOTFOUND); /* idle */
    /* use keeps it, until the absolute limit */
    for (int64_t now = 10900; now < 15000; now += 900) {
        assert_int_equal(session_by_token(hash, 0, now, 1, &found), 0);
        assert_true(account_session_is_live(s.id, now));
    }
    account_session_touch(s.id, 14999);
    assert_int_equal(session_by_token(hash, 0, 14999, 1, &found), 0);
    assert_int_equal(session_by_token(hash, 0, 15000, 1, &found), -SK_ENOTFOUND);
    assert_false(account_session_is_live(s.id, 15000));
}

static void removed_is_gone(void **st)
{
    struct session s, found;
    char token[ACCOUNT_TOKEN_SIZE];

    (void)st;
    make(&s, token, 1, 0);
    assert_int_equal(session_by_id(s.id, 0, &found), 0);
    assert_int_equal(session_remove(s.id), 1);
    assert_int_equal(session_remove(s.id), 0);
    assert_int_equal(session_by_token(s.token_hash, 1, 0, 0, &found), -SK_ENOTFOUND);
    assert_int_equal(session_by_id(s.id, 0, &found), -SK_ENOTFOUND);
    assert_int_equal(session_by_id("", 0, &found), -SK_ENOTFOUND);
    assert_int_equal(session_by_id("a-text-that-is-longer-than-any-id-of-ours", 0, &found),
                     -SK_ENOTFOUND);
}

static int any(void *ctx, const struct session *s)
{
    (void)ctx;
    (void)s;
    return 1;
}

static void lists_oldest_first(void **st)
{
    struct session s, *list;
    char token[ACCOUNT_TOKEN_SIZE];
    size_t count;

    (void)st;
    for (int64_t now = 5; now > 0; now--)
        make(&s, token, 0, now);
    list = session_list(any, NULL, &count);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list[i].created, i + 1);
    free(list);
}

static void csrf_is_the_sessions_own(void **st)
{
    struct session a, b;
    char token[ACCOUNT_TOKEN_SIZE], x[CSRF_SIZE], y[CSRF_SIZE];

    (void)st;
    make(&a, token, 0, 0);
    make(&b, token, 0, 0);
    session_csrf(x, &a);
    session_csrf(y, &b);
    assert_int_equal(strlen(x), CSRF_SIZE - 1);
    assert_string_not_equal(x, y);
    session_csrf(y, &a);
    assert_string_equal(x, y);
    assert_string_not_equal(x, token);
}

static void client_text_is_cut_between_characters(void **st)
{
    struct session s;
    char token[ACCOUNT_TOKEN_SIZE], agent[400];

    (void)st;
    for (size_t i = 0; i + 3 < sizeof(agent); i += 3)
        memcpy(agent + i, "\xe8\x9c\x82", 4);
    session_make(&s, token, "a", 0, "::1", agent, 0, LIFE);
    assert_int_equal(strlen(s.client), 126);
}

static void cookies(void **st)
{
    char out[8];

    (void)st;
    assert_int_equal(cookie_find("a=1; __Host-skep=xyz; b=2", "__Host-skep", out, sizeof(out)), 0);
    assert_string_equal(out, "xyz");
    assert_int_equal(cookie_find("__Host-skep-device=1", "__Host-skep", out, sizeof(out)),
                     -SK_ENOTFOUND);
    assert_int_equal(cookie_find("x__Host-skep=1", "__Host-skep", out, sizeof(out)), -SK_ENOTFOUND);
    assert_int_equal(cookie_find("__Host-skep=1; __Host-skep=2", "__Host-skep", out, sizeof(out)),
                     -SK_ENOTFOUND);
    assert_int_equal(cookie_find("__Host-skep=12345678", "__Host-skep", out, sizeof(out)),
                     -SK_ETOOBIG);
    assert_int_equal(cookie_find("", "__Host-skep", out, sizeof(out)), -SK_ENOTFOUND);
    assert_int_equal(cookie_find(";;; ;", "__Host-skep", out, sizeof(out)), -SK_ENOTFOUND);
}

static void tokens(void **st)
{
    char a[ACCOUNT_TOKEN_SIZE], b[ACCOUNT_TOKEN_SIZE];
    uint8_t made[32], hash[32];

    (void)st;
    token_make(a, made);
    token_make(b, hash);
    assert_string_not_equal(a, b);
    assert_int_equal(token_hash(hash, a), 0);
    assert_memory_equal(made, hash, 32);
    assert_int_equal(token_hash(hash, ""), -SK_EINVAL);
    assert_int_equal(token_hash(hash, "short"), -SK_EINVAL);
    a[5] = '!';
    assert_int_equal(token_hash(hash, a), -SK_EINVAL);
}

static void browsers(void **st)
{
    struct browser b = {.account = "account-1"}, found;
    char id[ID_SIZE];

    (void)st;
    for (int i = 0; i < BROWSERS_PER_ACCOUNT_MAX; i++) {
        assert_false(browser_surplus("account-1", id));
        memset(b.id, 0, sizeof(b.id));
        id_make(b.id);
        b.token_hash[0] = (uint8_t)i;
        b.last_login = 100 - i;
        browser_put(&b);
    }
    assert_true(browser_surplus("account-1", id));
    assert_string_equal(id, b.id); /* the one used longest ago */
    assert_false(browser_surplus("account-2", id));
    assert_int_equal(browser_by_token(b.token_hash, &found), 0);
    b.last_login = 500; /* put again: it is the same one */
    browser_put(&b);
    assert_int_equal(browser_by_id(b.id, &found), 0);
    assert_int_equal(found.last_login, 500);
    browser_remove(b.id);
    assert_int_equal(browser_by_token(b.token_hash, &found), -SK_ENOTFOUND);
    assert_int_equal(browser_by_id("", &found), -SK_ENOTFOUND);
    browser_clear();
    assert_false(browser_surplus("account-1", id));
}

static int decide(const struct principal *p, const char *action, enum role role, int granted)
{
    return rule_decide(rule_find(action), p, role, granted);
}

static void the_rule(void **st)
{
    /* action, whether an admin has it, whether a grant can bring it */
    static const struct {
        const char *action;
        int admin, grant;
    } rows[] = {
        {"people.view", 1, 0},      {"people.manage", 1, 0},   {"organization.manage", 0, 0},
        {"grant.view", 1, 0},       {"grant.manage", 1, 0},    {"audit.read", 1, 0},
        {"device.list", 1, 1},      {"device.view", 1, 1},     {"device.config", 1, 1},
        {"device.remove", 1, 0},    {"device.enrol", 1, 0},    {"device.manage", 0, 0},
        {"device.live-main", 0, 1}, {"device.live-sub", 0, 1}, {"device.listen", 0, 1},
        {"device.talk", 0, 1},      {"device.ptz", 0, 1},      {"device.playback", 0, 1},
        {"device.snapshot", 0, 1},  {"device.download", 0, 1},
    };
    const struct principal nobody = {.kind = PRINCIPAL_NOBODY};
    const struct principal account = {.kind = PRINCIPAL_ACCOUNT};
    const struct principal device = {.kind = PRINCIPAL_DEVICE, .device = "x"};
    const struct principal metrics = {.kind = PRINCIPAL_TOKEN, .purpose = "metrics"};
    const struct principal enrol = {.kind = PRINCIPAL_TOKEN, .purpose = "enrolment"};
    const struct principal box = {.kind = PRINCIPAL_BOX};

    (void)st;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *action = rows[i].action;
        assert_int_equal(decide(&account, action, ROLE_OWNER, 0), 0);
        assert_int_equal(decide(&account, action, ROLE_ADMIN, 0), rows[i].admin ? 0 : -SK_EDENIED);
        assert_int_equal(decide(&account, action, ROLE_MEMBER, 0), -SK_EDENIED);
        assert_int_equal(decide(&account, action, ROLE_MEMBER, 1), rows[i].grant ? 0 : -SK_EDENIED);
        assert_int_equal(decide(&account, action, ROLE_NONE, 1), -SK_EAUTH); /* ended, disabled */
        assert_int_equal(decide(&nobody, action, ROLE_NONE, 1), -SK_EAUTH);
        assert_int_equal(decide(&device, action, ROLE_NONE, 0), -SK_EDENIED);
        assert_int_equal(decide(&metrics, action, ROLE_NONE, 0), -SK_EDENIED);
        assert_int_equal(decide(&enrol, action, ROLE_NONE, 0), -SK_EDENIED);
        assert_int_equal(decide(&box, action, ROLE_NONE, 0), 0);
    }
    /* the operator plane: by a level, of whatever role, and by nothing else */
    assert_int_equal(decide(&account, "box.view", ROLE_OWNER, 0), -SK_EDENIED);
    assert_int_equal(decide(&account, "box.view", ROLE_MEMBER, 1), 0);
    assert_int_equal(decide(&account, "box.view", ROLE_NONE, 1), -SK_EAUTH);
    assert_int_equal(decide(&nobody, "public", ROLE_NONE, 0), 0);
    assert_int_equal(decide(&device, "device.link", ROLE_NONE, 0), 0);
    assert_int_equal(decide(&account, "device.link", ROLE_OWNER, 1), -SK_EDENIED);
    assert_int_equal(decide(&metrics, "metrics.read", ROLE_NONE, 0), 0);
    assert_int_equal(decide(&account, "metrics.read", ROLE_OWNER, 1), -SK_EDENIED);
    assert_int_equal(decide(&enrol, "device.enrol-self", ROLE_NONE, 0), 0);
    assert_int_equal(decide(&enrol, "metrics.read", ROLE_NONE, 0), -SK_EDENIED);
    assert_int_equal(decide(&account, "session", ROLE_MEMBER, 0), 0);
    assert_int_equal(decide(&nobody, "session", ROLE_NONE, 0), -SK_EAUTH);
    assert_int_equal(decide(&box, "undeclared", ROLE_NONE, 0), -SK_EDENIED);
    assert_int_equal(decide(&account, "undeclared", ROLE_OWNER, 1), -SK_EDENIED);
    assert_int_equal(decide(&account, "", ROLE_OWNER, 1), -SK_EDENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lives_and_ends, table_start, table_stop),
        cmocka_unit_test_setup_teardown(removed_is_gone, table_start, table_stop),
        cmocka_unit_test_setup_teardown(lists_oldest_first, table_start, table_stop),
        cmocka_unit_test_setup_teardown(csrf_is_the_sessions_own, table_start, table_stop),
        cmocka_unit_test(client_text_is_cut_between_characters),
        cmocka_unit_test(cookies),
        cmocka_unit_test(tokens),
        cmocka_unit_test_setup_teardown(browsers, table_start, table_stop),
        cmocka_unit_test(the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
