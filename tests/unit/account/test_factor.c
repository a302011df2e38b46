/* What waits for a second factor, on virtual time: challenges, tickets, and who has what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/factor.h"

static int memory_start(void **st)
{
    (void)st;
    factor_memory_start(FACTOR_RULE_ADMINS);
    return 0;
}

static int memory_stop(void **st)
{
    (void)st;
    factor_memory_stop();
    return 0;
}

static void challenges(void **st)
{
    uint8_t one[CHALLENGE_BYTES], bent[CHALLENGE_BYTES];

    (void)st;
    challenge_make(one, "login", 1000);
    assert_int_equal(challenge_check(one, sizeof(one), "login", 1000), 0);
    assert_int_equal(challenge_check(one, sizeof(one), "login", 1000 + CHALLENGE_MS - 1), 0);
    assert_int_equal(challenge_check(one, sizeof(one), "login", 1000 + CHALLENGE_MS), -SK_EAUTH);
    assert_int_equal(challenge_check(one, sizeof(one), "reauth:x", 1000), -SK_EAUTH);
    assert_int_equal(challenge_check(one, sizeof(one) - 1, "login", 1000), -SK_EAUTH);
    for (size_t i = 0; i < sizeof(one); i++) {
        memcpy(bent, one, sizeof(bent));
        bent[i] ^= 0x10;
        assert_int_equal(challenge_check(bent, sizeof(bent), "login", 1000), -SK_EAUTH);
    }
    assert_int_equal(challenge_use(one, 2000), 0);
    assert_int_equal(challenge_use(one, 2000), -SK_EREPLAY);
    assert_int_equal(challenge_check(one, sizeof(one), "login", 2000), -SK_EAUTH);
}

/* Right answers are remembered until they have run out; when there is no place for one more it is
 * refused, never forgotten. */
static void challenges_are_bounded(void **st)
{
    uint8_t c[CHALLENGE_BYTES], first[CHALLENGE_BYTES];
    int err = 0;

    (void)st;
    challenge_stop();
    challenge_start();
    challenge_make(first, "login", 0);
    assert_int_equal(challenge_use(first, 0), 0);
    for (int i = 0; !err && i < 100000; i++) {
        challenge_make(c, "login", 0);
        err = challenge_use(c, 0);
    }
    assert_int_equal(err, -SK_EBUSY);
    assert_int_equal(challenge_use(first, 0), -SK_EREPLAY);
    challenge_make(c, "login", CHALLENGE_MS);
    assert_int_equal(challenge_use(c, CHALLENGE_MS), 0);
}

static struct factor_ticket ticket_of(const char *account)
{
    struct factor_ticket t = {.prefix = {1}};

    memcpy(t.account, account, strlen(account));
    return t;
}

static void tickets(void **st)
{
    const uint8_t here[THROTTLE_KEY_BYTES] = {1}, there[THROTTLE_KEY_BYTES] = {2};
    struct factor_ticket t = ticket_of("mia"), out;
    char text[ACCOUNT_TOKEN_SIZE];

    (void)st;
    ticket_put(&t, text, 0);
    assert_int_equal(ticket_try(text, there, 0, &out), -SK_EGONE); /* another network */
    assert_int_equal(ticket_try("x", here, 0, &out), -SK_EGONE);
    for (int i = FACTOR_TICKET_TRIES; i > 0; i--) {
        assert_int_equal(ticket_try(text, here, 1, &out), 0);
        assert_int_equal(out.tries_left, i - 1);
    }
    assert_int_equal(ticket_try(text, here, 1, &out), -SK_EGONE);
    assert_int_equal(ticket_take(&out), 1);
    assert_int_equal(ticket_take(&out), 0); /* of two who are right at once one is first */
    ticket_put(&t, text, 0);
    assert_int_equal(ticket_try(text, here, FACTOR_TICKET_MS, &out), -SK_EGONE);
    ticket_put(&t, text, 0);
    tickets_drop_of("jo");
    assert_int_equal(ticket_try(text, here, 1, &out), 0);
    tickets_drop_of("mia");
    assert_int_equal(ticket_try(text, here, 1, &out), -SK_EGONE);
}

/* One account's tickets push out its own oldest, not those of others. */
static void tickets_are_bounded(void **st)
{
    const uint8_t here[THROTTLE_KEY_BYTES] = {1};
    struct factor_ticket mia = ticket_of("mia"), thief = ticket_of("thief"), out;
    char hers[ACCOUNT_TOKEN_SIZE], first[ACCOUNT_TOKEN_SIZE], text[ACCOUNT_TOKEN_SIZE];

    (void)st;
    ticket_put(&mia, hers, 0);
    ticket_put(&thief, first, 1);
    for (int i = 0; i < 5000; i++)
        ticket_put(&thief, text, 2 + i);
    assert_int_equal(ticket_try(hers, here, 5002, &out), 0);
    assert_int_equal(ticket_try(first, here, 5002, &out), -SK_EGONE);
    assert_int_equal(ticket_try(text, here, 5002, &out), 0);
}

static void enrolments(void **st)
{
    uint8_t secret[TOTP_SECRET_BYTES] = {7}, got[TOTP_SECRET_BYTES];
    char session[ID_SIZE] = "s-000";

    (void)st;
    enrol_put(session, secret, 0);
    assert_int_equal(enrol_get(session, got, TOTP_ENROL_MS - 1), 0);
    assert_memory_equal(got, secret, sizeof(got));
    assert_int_equal(enrol_get(session, got, TOTP_ENROL_MS), -SK_EGONE);
    assert_int_equal(enrol_get("s-001", got, 0), -SK_EGONE);
    for (int i = 0; i < 300; i++) {
        session[2] = (char)('a' + i / 100);
        session[3] = (char)('0' + i / 10 % 10);
        session[4] = (char)('0' + i % 10);
        enrol_put(session, secret, 1 + i);
    }
    assert_int_equal(enrol_get(session, got, 400), 0);
    assert_int_equal(enrol_get("s-000", got, 400), -SK_EGONE); /* the oldest made room */
    enrol_drop(session);
    assert_int_equal(enrol_get(session, got, 400), -SK_EGONE);
}

static void who_owes(void **st)
{
    enum factor_rule rule;

    (void)st;
    assert_int_equal(factor_is_owed("ann", "owner"), 1);
    assert_int_equal(factor_is_owed("ann", "admin"), 1);
    assert_int_equal(factor_is_owed("ann", "member"), 0);
    factor_kinds_set("ann", FACTOR_RECOVERY); /* alone it is none */
    assert_int_equal(factor_is_owed("ann", "owner"), 1);
    factor_kinds_set("ann", FACTOR_TOTP | FACTOR_RECOVERY);
    assert_int_equal(factor_is_owed("ann", "owner"), 0);
    factor_kinds_set("ann", 0);
    assert_int_equal(factor_is_owed("ann", "owner"), 1);
    assert_int_equal(factor_rule_find("all", &rule), 0);
    assert_int_equal(rule, FACTOR_RULE_ALL);
    assert_int_equal(factor_rule_find("some", &rule), -SK_EINVAL);
    assert_int_equal(factor_rule_find(NULL, &rule), -SK_EINVAL);
}

static void rp_names(void **st)
{
    static const char *const names[] = {"localhost", "hive.example", "a-1.b2.example",
                                        "xn--fiq228c"};
    static const char *const others[] = {
        "",   "127.0.0.1", "::1",          "fe80::1",     "192.168.1.20", "1.2.3",
        ".x", "x.",        "Hive.example", "a_b.example", "[::1]",        "x:8443"};

    (void)st;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(passkey_rp_is_name(names[i]), 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(passkey_rp_is_name(others[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges), cmocka_unit_test(challenges_are_bounded),
        cmocka_unit_test(tickets),    cmocka_unit_test(tickets_are_bounded),
        cmocka_unit_test(enrolments), cmocka_unit_test(who_owes),
        cmocka_unit_test(rp_names),
    };

    return cmocka_run_group_tests(tests, memory_start, memory_stop);
}
