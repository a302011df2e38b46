/* People in a real store: joining, the guards, and that who leaves holds nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/access.h"
#include "base/asset.h"

static char dir[] = "/tmp/skep-people-XXXXXX";
static struct store *store;
static const int64_t now = 1772409600000LL;

const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

/* What the handlers of the room ask of the edge; nothing here comes that far. */
void edge_certificate_fingerprint(uint8_t out[32])
{
    memset(out, 0, 32);
}

const char *edge_host(void)
{
    return "localhost";
}

uint16_t edge_port(void)
{
    return 8443;
}

static int group_start(void **st)
{
    static const struct store_schema schema = {.room = "account"};
    static const struct store_schema *const schemas[] = {&schema};
    const struct store_opts opts = {
        .dir = dir, .file = "core.db", .schemas = schemas, .schema_count = 1};

    (void)st;
    if (!mkdtemp(dir))
        return -1;
    asset_dev_root(".", NULL);
    session_table_start(1000);
    access_start();
    return store_open(&store, &opts, NULL);
}

static int group_stop(void **st)
{
    static const char *const files[] = {"core.db", "core.db-wal", "core.db-shm", "core.db.lock"};
    char path[128];

    (void)st;
    store_close(store);
    access_stop();
    session_table_stop();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static struct session session_of(const char *account)
{
    char token[ACCOUNT_TOKEN_SIZE];
    struct session s;

    session_make(&s, token, account, 1, "192.0.2.1", "test", now, 1000000);
    return s;
}

static struct account_row row_of(const char *id, const char *role)
{
    struct account_row row = {.theme = "auto", .password = "$x"};

    snprintf(row.id, sizeof(row.id), "%s", id);
    snprintf(row.name, sizeof(row.name), "name of %s", id);
    snprintf(row.role, sizeof(row.role), "%s", role);
    return row;
}

static void owner_make(void)
{
    struct account_row row = row_of("owner-1", "owner");
    struct session s = session_of("owner-1");
    const struct entry entry = {.session = &s, .now_ms = now};
    uint8_t hash[32] = {9};

    assert_int_equal(ledger_setup_token_set(store, hash, now, 0), 0);
    assert_int_equal(ledger_setup(store, hash, &row, &entry), 0);
}

static int invite(const char *by, enum role role, uint8_t mark, enum refusal *refusal)
{
    const struct actor actor = {by, "s", "192.0.2.1", now, ORGANIZATION_HOME};
    const uint8_t hash[32] = {mark};
    struct invitation i = {.role = role,
                           .created = now,
                           .expires = now + 1000,
                           .grants = json_array(),
                           .organization = ORGANIZATION_HOME};

    json_array_append_new(
        i.grants, json_loads("{\"object\":{\"all\":true},\"actions\":[\"list\"]}", 0, NULL));
    id_make(i.id);
    snprintf(i.created_by, sizeof(i.created_by), "%s", by);
    int err = invitation_add(store, &actor, &i, hash, refusal);
    invitation_fini(&i);
    return err;
}

static int join(const char *id, uint8_t mark, int64_t at_ms)
{
    struct account_row row = row_of(id, "owner"); /* what it asks for is not what it gets */
    struct session s = session_of(id);
    const struct entry entry = {.session = &s, .now_ms = at_ms};
    const uint8_t hash[32] = {mark};

    return invitation_join(store, hash, &row, &entry);
}

static void an_invitation_is_for_one(void **st)
{
    enum refusal refusal;
    struct account_row row;
    struct holds holds;

    (void)st;
    owner_make();
    assert_int_equal(invite("owner-1", ROLE_ADMIN, 1, &refusal), 0);
    assert_int_equal(join("admin-1", 1, now + 1000), -SK_EGONE); /* too late */
    assert_int_equal(join("admin-1", 1, now), 0);
    assert_int_equal(join("admin-2", 1, now), -SK_EGONE); /* used */
    assert_int_equal(join("admin-2", 7, now), -SK_EGONE); /* never made */
    assert_int_equal(ledger_account_by_id(store, "admin-1", &row), 0);
    assert_string_equal(row.role, "admin");
    assert_int_equal(people_holds(store, "admin-1", now, &holds), 0);
    assert_int_equal(holds.grants, 1);
    assert_int_equal(holds.sessions, 1);
}

static void a_taken_name_leaves_the_invitation(void **st)
{
    enum refusal refusal;
    struct account_row row;

    (void)st;
    assert_int_equal(invite("owner-1", ROLE_MEMBER, 2, &refusal), 0);
    assert_int_equal(join("owner-1", 2, now), -SK_ECONFLICT);
    assert_int_equal(ledger_account_by_id(store, "owner-1", &row), 0);
    assert_string_equal(row.role, "owner");
    assert_int_equal(join("member-1", 2, now), 0);
}

static void owners_are_the_owners_matter(void **st)
{
    const struct actor admin = {"admin-1", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    const struct actor member = {"member-1", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    enum refusal refusal;
    struct holds holds;

    (void)st;
    assert_int_equal(invite("admin-1", ROLE_OWNER, 3, &refusal), -SK_EDENIED);
    assert_int_equal(refusal, REFUSAL_OWNER);
    assert_int_equal(people_set(store, &admin, "owner-1", ROLE_MEMBER, 0, &refusal), -SK_EDENIED);
    assert_int_equal(people_set(store, &admin, "member-1", ROLE_OWNER, 0, &refusal), -SK_EDENIED);
    assert_int_equal(people_leave(store, &admin, "owner-1", &holds, &refusal), -SK_EDENIED);
    assert_int_equal(refusal, REFUSAL_OWNER);
    assert_int_equal(people_set(store, &admin, "admin-1", ROLE_OWNER, 0, &refusal), -SK_EDENIED);
    assert_int_equal(refusal, REFUSAL_SELF);
    assert_int_equal(people_set(store, &admin, "absent", ROLE_MEMBER, 0, &refusal), -SK_ENOTFOUND);
    assert_int_equal(people_set(store, &member, "admin-1", ROLE_MEMBER, 0, &refusal), -SK_EDENIED);
}

/* Two owners act on each other: who comes second finds that he is one no longer; and were the
 * rule broken, the last owner still would not go. */
static void one_owner_remains(void **st)
{
    const struct actor first = {"owner-1", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    const struct actor second = {"owner-2", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    enum refusal refusal;
    struct holds holds;

    (void)st;
    assert_int_equal(invite("owner-1", ROLE_OWNER, 4, &refusal), 0);
    assert_int_equal(join("owner-2", 4, now), 0);
    assert_int_equal(people_set(store, &first, "owner-2", ROLE_OWNER, 1, &refusal), 0);
    assert_int_equal(people_set(store, &second, "owner-1", ROLE_MEMBER, 0, &refusal), -SK_EDENIED);
    assert_int_equal(people_set(store, &second, "owner-1", ROLE_OWNER, 1, &refusal), -SK_EDENIED);
    assert_int_equal(people_leave(store, &second, "owner-1", &holds, &refusal), -SK_EDENIED);
    assert_int_equal(people_set(store, &first, "owner-2", ROLE_OWNER, 0, &refusal), 0);

    /* an owner whose password is void cannot enter, so he does not count */
    const struct actor void_owner = {"owner-2", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    assert_int_equal(people_password_change(store, &void_owner, "$x", ""), 0);
    assert_int_equal(people_set(store, &void_owner, "owner-1", ROLE_ADMIN, 0, &refusal),
                     -SK_ECONFLICT);
    assert_int_equal(refusal, REFUSAL_LAST_OWNER);
    assert_int_equal(people_leave(store, &void_owner, "owner-1", &holds, &refusal), -SK_ECONFLICT);
    assert_int_equal(refusal, REFUSAL_LAST_OWNER);
}

/* Who is disabled, or no longer an admin, has no link left that leads back in. */
static void links_go_with_the_standing(void **st)
{
    const struct actor owner = {"owner-1", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    enum refusal refusal;

    (void)st;
    assert_int_equal(invite("admin-1", ROLE_ADMIN, 20, &refusal), 0);
    assert_int_equal(people_set(store, &owner, "admin-1", ROLE_ADMIN, 1, &refusal), 0);
    assert_int_equal(join("again-1", 20, now), -SK_EGONE);
    assert_int_equal(invite("admin-1", ROLE_ADMIN, 21, &refusal), -SK_EDENIED);
    assert_int_equal(people_set(store, &owner, "admin-1", ROLE_ADMIN, 0, &refusal), 0);
    assert_int_equal(invite("admin-1", ROLE_ADMIN, 22, &refusal), 0);
    assert_int_equal(people_set(store, &owner, "admin-1", ROLE_MEMBER, 0, &refusal), 0);
    assert_int_equal(join("again-1", 22, now), -SK_EGONE);
    assert_int_equal(invite("admin-1", ROLE_MEMBER, 23, &refusal), -SK_EDENIED);
    assert_int_equal(people_set(store, &owner, "admin-1", ROLE_ADMIN, 0, &refusal), 0);

    struct session s = session_of("admin-1"); /* the next test counts it */
    const struct entry entry = {.session = &s, .now_ms = now, .checked = "$x"};
    assert_int_equal(ledger_login(store, &entry), 0);
}

static void who_leaves_holds_nothing(void **st)
{
    const struct actor owner = {"owner-1", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    enum refusal refusal;
    struct account_row row;
    struct holds holds;

    (void)st;
    assert_int_equal(invite("admin-1", ROLE_MEMBER, 5, &refusal), 0);
    assert_int_equal(people_leave(store, &owner, "admin-1", &holds, &refusal), 0);
    assert_int_equal(holds.sessions, 1);
    assert_int_equal(holds.grants, 1);
    assert_int_equal(holds.invitations, 1);
    assert_int_equal(people_holds(store, "admin-1", now, &holds), 0);
    assert_int_equal(holds.sessions + holds.browsers + holds.grants + holds.invitations, 0);
    assert_int_equal(join("late", 5, now), -SK_EGONE);
    assert_int_equal(ledger_account_by_id(store, "admin-1", &row), 0);
    assert_string_equal(row.password, "");
    assert_string_equal(row.role, "member");
    assert_true(row.disabled);

    /* a login whose password was right a moment ago comes too late */
    struct session s = session_of("admin-1");
    const struct entry entry = {.session = &s, .now_ms = now, .checked = "$x"};
    assert_int_equal(ledger_login(store, &entry), -SK_EAUTH);
    assert_int_equal(people_delete(store, &owner, "admin-1"), 0);
    assert_int_equal(ledger_account_by_id(store, "admin-1", &row), -SK_ENOTFOUND);
    assert_int_equal(people_delete(store, &owner, "member-1"), -SK_ECONFLICT); /* still active */
}

static void the_table_follows_the_store(void **st)
{
    const struct actor owner = {"owner-1", "s", "192.0.2.1", now, ORGANIZATION_HOME};
    struct grant g = {.account = "member-1",
                      .created = now,
                      .created_by = "owner-1",
                      .organization = ORGANIZATION_HOME,
                      .terms = {.object_kind = GRANT_DEVICE,
                                .object = "c1",
                                .actions = ACCESS_LIVE_MAIN,
                                .not_after = now + 500,
                                .ranges = {{0x7f, 0, 1440}},
                                .range_count = 1,
                                .reason = "the fence"}};
    enum refusal refusal;
    int granted;

    (void)st;
    access_device_tags("c1", ORGANIZATION_HOME, (const char *const[]){""}, 0);
    id_make(g.id);
    assert_int_equal(grant_add(store, &owner, &g), 0);
    assert_int_equal(access_reload(store, now), 0);
    assert_int_equal(access_standing("member-1", ACCESS_LIVE_MAIN, "c1", now, &granted),
                     ROLE_MEMBER);
    assert_true(granted);
    assert_false(access_tick(now + 499));
    assert_true(access_tick(now + 500));
    assert_int_equal(people_set(store, &owner, "member-1", ROLE_MEMBER, 1, &refusal), 0);
    assert_int_equal(access_reload(store, now), 0);
    assert_int_equal(access_standing("member-1", ACCESS_LIVE_MAIN, "c1", now, &granted), ROLE_NONE);
    assert_int_equal(people_set(store, &owner, "member-1", ROLE_MEMBER, 0, &refusal), 0);
    assert_int_equal(grant_end(store, &owner, g.id), 0);
    assert_int_equal(grant_end(store, &owner, g.id), -SK_ENOTFOUND);
    assert_int_equal(access_reload(store, now), 0);
    assert_int_equal(access_standing("member-1", ACCESS_LIVE_MAIN, "c1", now, &granted),
                     ROLE_MEMBER);
    assert_false(granted);
    snprintf(g.account, sizeof(g.account), "absent");
    assert_int_equal(grant_add(store, &owner, &g), -SK_ENOTFOUND);

    /* grants on a camera that is gone go with it, at the sweep */
    snprintf(g.account, sizeof(g.account), "member-1");
    assert_int_equal(grant_add(store, &owner, &g), 0);
    gone_add("c1");
    gone_sweep(store, now);
    assert_int_equal(grant_end(store, &owner, g.id), -SK_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invitation_is_for_one),
        cmocka_unit_test(a_taken_name_leaves_the_invitation),
        cmocka_unit_test(owners_are_the_owners_matter),
        cmocka_unit_test(one_owner_remains),
        cmocka_unit_test(links_go_with_the_standing),
        cmocka_unit_test(who_leaves_holds_nothing),
        cmocka_unit_test(the_table_follows_the_store),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
