/* Grants on virtual time: their terms, when they hold, and what the compiled table answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account/access.h"

#define MINUTE_MS 60000LL
#define DAY_MS (24 * 60 * MINUTE_MS)

/* 2 March 2026, a Monday, 00:00 UTC. */
/* What the handlers of the room ask of the house; nothing here comes that far. */
const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

static const int64_t monday = 1772409600000LL;

static int parse(struct grant_terms *out, const char *text)
{
    json_t *body = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(body);
    int err = grant_terms_parse(out, body);
    json_decref(body);
    return err;
}

static void terms_are_strict(void **st)
{
    static const char *const bad[] = {
        "{}",
        "{\"object\":{\"all\":true}}",
        "{\"object\":{\"all\":false},\"actions\":[\"list\"]}",
        "{\"object\":{\"all\":true,\"tag\":\"x\"},\"actions\":[\"list\"]}",
        "{\"object\":{\"device\":\"\"},\"actions\":[\"list\"]}",
        "{\"object\":{\"tag\":\" x\"},\"actions\":[\"list\"]}",
        "{\"object\":{\"room\":\"x\"},\"actions\":[\"list\"]}",
        "{\"object\":\"all\",\"actions\":[\"list\"]}",
        "{\"object\":{\"all\":true},\"actions\":[]}",
        "{\"object\":{\"all\":true},\"actions\":[\"manage\"]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\",\"list\"]}",
        "{\"object\":{\"all\":true},\"actions\":[1]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"not_before\":5,\"not_after\":5}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"not_after\":0}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"schedule\":[]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"schedule\":[{\"days\":[],\"from\":0,"
        "\"to\":1}]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"schedule\":[{\"days\":[8],\"from\":0,"
        "\"to\":1}]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"schedule\":[{\"days\":[1,1],\"from\":"
        "0,"
        "\"to\":1}]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"schedule\":[{\"days\":[1],\"from\":60,"
        "\"to\":60}]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"schedule\":[{\"days\":[1],\"from\":0,"
        "\"to\":1441}]}",
        "{\"object\":{\"all\":true},\"actions\":[\"list\"],\"reason\":\"a\\u0001b\"}",
    };
    struct grant_terms t;

    (void)st;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(parse(&t, bad[i]), -SK_EINVAL);
}

static void terms_come_back_as_they_were(void **st)
{
    static const char text[] =
        "{\"object\":{\"tag\":\"garden\"},\"actions\":[\"live-main\",\"ptz\"],\"not_before\":5,"
        "\"not_after\":9,\"schedule\":[{\"days\":[1,7],\"from\":480,\"to\":1080}],"
        "\"reason\":\"the fence\"}";
    struct grant_terms t, again;
    char actions[GRANT_ACTIONS_SIZE];
    uint32_t bits;
    json_t *out = json_object();

    (void)st;
    assert_int_equal(parse(&t, text), 0);
    grant_terms_json(out, &t);
    char *dump = json_dumps(out, JSON_COMPACT);
    assert_string_equal(dump, text);
    assert_int_equal(grant_terms_parse(&again, out), 0);
    assert_memory_equal(&t, &again, sizeof(t));
    grant_actions_text(actions, t.actions);
    assert_string_equal(actions, "live-main ptz");
    assert_int_equal(grant_actions_parse(&bits, actions), 0);
    assert_int_equal(bits, t.actions);
    assert_int_equal(grant_actions_parse(&bits, ""), -SK_EINVAL);
    assert_int_equal(grant_actions_parse(&bits, "live-main manage"), -SK_EINVAL);
    grant_actions_text(actions, ACCESS_ALL);
    assert_int_equal(grant_actions_parse(&bits, actions), 0);
    assert_int_equal(bits, ACCESS_ALL);
    free(dump);
    json_decref(out);
}

static void begins_and_ends(void **st)
{
    struct grant_terms t = {.not_before = 100, .not_after = 200};

    (void)st;
    assert_false(grant_is_active(&t, 99));
    assert_true(grant_is_active(&t, 100));
    assert_true(grant_is_active(&t, 199));
    assert_false(grant_is_active(&t, 200));
    assert_int_equal(grant_next_change(&t, 0), 100);
    assert_int_equal(grant_next_change(&t, 100), 200);
    assert_true(grant_next_change(&t, 200) == INT64_MAX);
    t = (struct grant_terms){0};
    assert_true(grant_is_active(&t, 1));
    assert_true(grant_next_change(&t, 1) == INT64_MAX);
}

static void keeps_to_its_hours(void **st)
{
    /* Monday and Sunday, 08:00 to 18:00 UTC; and all of Wednesday */
    struct grant_terms t = {.ranges = {{0x41, 480, 1080}, {0x04, 0, 1440}}, .range_count = 2};

    (void)st;
    assert_false(grant_is_active(&t, monday + 479 * MINUTE_MS));
    assert_false(grant_is_active(&t, monday + 480 * MINUTE_MS - 1));
    assert_true(grant_is_active(&t, monday + 480 * MINUTE_MS));
    assert_true(grant_is_active(&t, monday + 1080 * MINUTE_MS - 1));
    assert_false(grant_is_active(&t, monday + 1080 * MINUTE_MS));
    assert_false(grant_is_active(&t, monday + DAY_MS + 600 * MINUTE_MS));
    assert_true(grant_is_active(&t, monday + 2 * DAY_MS));
    assert_true(grant_is_active(&t, monday + 3 * DAY_MS - 1));
    assert_false(grant_is_active(&t, monday + 3 * DAY_MS));
    assert_true(grant_is_active(&t, monday + 6 * DAY_MS + 480 * MINUTE_MS));
    assert_true(grant_is_active(&t, monday + 700 * DAY_MS + 480 * MINUTE_MS)); /* a Monday again */
    assert_int_equal(grant_next_change(&t, monday), monday + 480 * MINUTE_MS);
    assert_int_equal(grant_next_change(&t, monday + 480 * MINUTE_MS), monday + 1080 * MINUTE_MS);
    assert_int_equal(grant_next_change(&t, monday + 1080 * MINUTE_MS + 5), monday + 2 * DAY_MS);
    assert_int_equal(grant_next_change(&t, monday + 6 * DAY_MS + 1080 * MINUTE_MS),
                     monday + 7 * DAY_MS + 480 * MINUTE_MS);
    t.not_after = monday + 500 * MINUTE_MS;
    assert_int_equal(grant_next_change(&t, monday + 480 * MINUTE_MS), t.not_after);
}

/* Step through three weeks: between two announced moments nothing ever changes. */
static void no_change_is_missed(void **st)
{
    struct grant_terms t = {.not_before = monday + 3 * MINUTE_MS + 7,
                            .not_after = monday + 15 * DAY_MS + 1,
                            .ranges = {{0x1f, 17, 400}, {0x1f, 400, 1003}, {0x60, 1439, 1440}},
                            .range_count = 3};
    int64_t next = grant_next_change(&t, monday - DAY_MS);
    int was = grant_is_active(&t, monday - DAY_MS);

    (void)st;
    for (int64_t now = monday - DAY_MS; now < monday + 20 * DAY_MS; now += 30001) {
        int is = grant_is_active(&t, now);
        if (is != was)
            assert_true(now >= next);
        if (now >= next)
            next = grant_next_change(&t, now);
        assert_true(next > now);
        was = is;
    }
}

/* ---- the table ---- */

static void text_set(char *out, size_t cap, const char *in)
{
    assert_true(strlen(in) < cap);
    memcpy(out, in, strlen(in) + 1);
}

static void person_add(struct access_source *src, const char *id, enum role role, int disabled)
{
    src->people = realloc(src->people, (src->people_count + 1) * sizeof(struct person));
    struct person *p = &src->people[src->people_count++];
    *p = (struct person){.role = role, .disabled = disabled};
    text_set(p->id, sizeof(p->id), id);
    text_set(p->name, sizeof(p->name), id);
}

static void grant_to(struct access_source *src, const char *account, enum role role,
                     const char *terms, const char *id)
{
    src->grants = realloc(src->grants, (src->grant_count + 1) * sizeof(struct grant));
    struct grant *g = &src->grants[src->grant_count++];
    *g = (struct grant){.role = role};
    text_set(g->account, sizeof(g->account), account);
    text_set(g->id, sizeof(g->id), id);
    assert_int_equal(parse(&g->terms, terms), 0);
}

static int has(const char *account, uint32_t right, const char *device, int64_t now)
{
    int granted;
    enum role role = access_standing(account, right, device, now, &granted);

    return role != ROLE_NONE && granted;
}

static void source_fill(struct access_source *src)
{
    person_add(src, "olga", ROLE_OWNER, 0);
    person_add(src, "adam", ROLE_ADMIN, 0);
    person_add(src, "mei", ROLE_MEMBER, 0);
    person_add(src, "tom", ROLE_MEMBER, 0);
    person_add(src, "gone", ROLE_MEMBER, 1);
    grant_to(src, "mei", ROLE_NONE, "{\"object\":{\"device\":\"c1\"},\"actions\":[\"live-main\"]}",
             "g1");
    grant_to(src, "mei", ROLE_NONE,
             "{\"object\":{\"device\":\"c1\"},\"actions\":[\"ptz\"],\"not_after\":500}", "g2");
    grant_to(src, "tom", ROLE_NONE, "{\"object\":{\"tag\":\"garden\"},\"actions\":[\"listen\"]}",
             "g3");
    grant_to(src, "gone", ROLE_NONE, "{\"object\":{\"all\":true},\"actions\":[\"live-main\"]}",
             "g4");
    grant_to(src, "", ROLE_MEMBER, "{\"object\":{\"device\":\"c3\"},\"actions\":[\"snapshot\"]}",
             "g5");
    grant_to(src, "", ROLE_ADMIN, "{\"object\":{\"all\":true},\"actions\":[\"live-sub\"]}", "g6");
    grant_to(src, "nobody-here", ROLE_NONE,
             "{\"object\":{\"all\":true},\"actions\":[\"live-sub\"]}", "g7");
}

static int table_start(void **st)
{
    static const char *const garden[] = {"north", "garden"};
    struct access_source src = {0};

    (void)st;
    access_start();
    source_fill(&src);
    access_use(&src, 0);
    access_device_tags("c1", "", garden, 0);
    access_device_tags("c2", "", garden, 2);
    access_device_tags("c3", "", garden, 0);
    return 0;
}

static int table_stop(void **st)
{
    (void)st;
    access_stop();
    return 0;
}

static void a_grant_brings_what_it_names(void **st)
{
    (void)st;
    assert_true(has("mei", ACCESS_LIVE_MAIN, "c1", 0));
    assert_true(has("mei", ACCESS_LIST, "c1", 0)); /* with any action */
    assert_true(has("mei", ACCESS_VIEW, "c1", 0));
    assert_false(has("mei", ACCESS_LIVE_SUB, "c1", 0));
    assert_false(has("mei", ACCESS_CONFIG, "c1", 0));
    assert_false(has("mei", ACCESS_LIVE_MAIN, "c2", 0));
    assert_false(has("mei", ACCESS_LIST, "c2", 0));
    assert_false(has("mei", ACCESS_LIVE_MAIN, "c", 0));
    assert_false(has("tom", ACCESS_LIVE_MAIN, "c1", 0));
    assert_true(has("mei", ACCESS_PTZ, "c1", 499)); /* each question is asked of the clock */
    assert_false(has("mei", ACCESS_PTZ, "c1", 500));
    assert_true(has("mei", ACCESS_LIVE_MAIN, "c1", 500));
}

static void tags_and_roles(void **st)
{
    static const char *const more[] = {"garden"};

    (void)st;
    assert_true(has("tom", ACCESS_LISTEN, "c2", 0));
    assert_false(has("tom", ACCESS_LISTEN, "c1", 0));
    access_device_tags("c1", "", more, 1);
    assert_true(has("tom", ACCESS_LISTEN, "c1", 0));
    access_device_tags("c1", "", more, 0);
    assert_false(has("tom", ACCESS_LISTEN, "c1", 0));
    assert_true(has("tom", ACCESS_SNAPSHOT, "c3", 0));
    assert_true(has("mei", ACCESS_SNAPSHOT, "c3", 0));
    assert_false(has("adam", ACCESS_SNAPSHOT, "c3", 0)); /* roles do not contain each other */
    assert_true(has("adam", ACCESS_LIVE_SUB, "c2", 0));
    assert_false(has("adam", ACCESS_LIVE_SUB, "c9", 0)); /* "all" is all there are */
    access_device_tags("c2", "", NULL, 0);
    assert_false(has("adam", ACCESS_LIVE_SUB, "c2", 0));
    assert_false(has("tom", ACCESS_LISTEN, "c2", 0));
}

static void who_may_not_enter_has_nothing(void **st)
{
    int granted;

    (void)st;
    assert_int_equal(access_standing("gone", ACCESS_LIVE_MAIN, "c1", 0, &granted), ROLE_NONE);
    assert_false(granted);
    assert_int_equal(access_standing("nobody-here", ACCESS_LIVE_SUB, "c1", 0, &granted), ROLE_NONE);
    assert_int_equal(access_standing("", 0, NULL, 0, &granted), ROLE_NONE);
    assert_int_equal(access_standing("olga", 0, NULL, 0, &granted), ROLE_OWNER);
    assert_int_equal(access_standing("adam", 0, NULL, 0, &granted), ROLE_ADMIN);
}

static void a_swap_takes_rights_at_once(void **st)
{
    struct access_source none = {0};

    (void)st;
    assert_true(has("mei", ACCESS_LIVE_MAIN, "c1", 0));
    access_use(&none, 0);
    assert_false(has("mei", ACCESS_LIVE_MAIN, "c1", 0));
    assert_false(has("olga", ACCESS_LIVE_MAIN, "c1", 0));
}

static void the_tick_tells_each_edge_once(void **st)
{
    (void)st;
    assert_false(access_tick(499));
    assert_true(access_tick(500));
    assert_false(access_tick(501));
    assert_false(access_tick(INT64_MAX / 2));
}

/* Somebody else's change comes between the end of a grant and the tick: it is told all the same. */
static void a_swap_does_not_swallow_an_edge(void **st)
{
    struct access_source src = {0};

    (void)st;
    source_fill(&src);
    access_use(&src, 510);
    assert_true(access_tick(520));
    assert_false(access_tick(530));
}

static void line_note(void *ctx, const struct access_line *line)
{
    json_object_set_new(
        ctx, line->person->id,
        json_pack("{s:i, s:O}", "rights", (int)line->rights, "grants", line->grants));
}

static int rights_of(const json_t *seen, const char *who)
{
    return (int)json_integer_value(json_object_get(json_object_get(seen, who), "rights"));
}

static void who_may_what_with_a_camera(void **st)
{
    json_t *seen = json_object();

    (void)st;
    access_device_each("c1", 0, line_note, seen);
    assert_int_equal(json_object_size(seen), 3);
    assert_int_equal(rights_of(seen, "olga"), ACCESS_ALL);
    assert_int_equal(rights_of(seen, "adam"),
                     ACCESS_LIST | ACCESS_VIEW | ACCESS_CONFIG | ACCESS_LIVE_SUB);
    assert_int_equal(rights_of(seen, "mei"),
                     ACCESS_LIST | ACCESS_VIEW | ACCESS_LIVE_MAIN | ACCESS_PTZ);
    assert_int_equal(json_array_size(json_object_get(json_object_get(seen, "mei"), "grants")), 2);
    json_decref(seen);
}

/* ---- who may do what to whom ---- */

static void people_are_judged(void **st)
{
    (void)st;
    assert_int_equal(people_judge(ROLE_OWNER, 0, ROLE_MEMBER, ROLE_OWNER), REFUSAL_NONE);
    assert_int_equal(people_judge(ROLE_OWNER, 0, ROLE_OWNER, ROLE_NONE), REFUSAL_NONE);
    assert_int_equal(people_judge(ROLE_OWNER, 1, ROLE_OWNER, ROLE_MEMBER), REFUSAL_SELF);
    assert_int_equal(people_judge(ROLE_ADMIN, 1, ROLE_ADMIN, ROLE_OWNER), REFUSAL_SELF);
    assert_int_equal(people_judge(ROLE_ADMIN, 0, ROLE_MEMBER, ROLE_OWNER), REFUSAL_OWNER);
    assert_int_equal(people_judge(ROLE_ADMIN, 0, ROLE_OWNER, ROLE_OWNER), REFUSAL_OWNER);
    assert_int_equal(people_judge(ROLE_ADMIN, 0, ROLE_OWNER, ROLE_NONE), REFUSAL_OWNER);
    assert_int_equal(people_judge(ROLE_ADMIN, 0, ROLE_MEMBER, ROLE_ADMIN), REFUSAL_NONE);
    assert_int_equal(people_judge(ROLE_ADMIN, 0, ROLE_ADMIN, ROLE_NONE), REFUSAL_NONE);
    assert_int_equal(people_judge(ROLE_ADMIN, 0, ROLE_NONE, ROLE_OWNER), REFUSAL_OWNER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_strict),
        cmocka_unit_test(terms_come_back_as_they_were),
        cmocka_unit_test(begins_and_ends),
        cmocka_unit_test(keeps_to_its_hours),
        cmocka_unit_test(no_change_is_missed),
        cmocka_unit_test_setup_teardown(a_grant_brings_what_it_names, table_start, table_stop),
        cmocka_unit_test_setup_teardown(tags_and_roles, table_start, table_stop),
        cmocka_unit_test_setup_teardown(who_may_not_enter_has_nothing, table_start, table_stop),
        cmocka_unit_test_setup_teardown(a_swap_takes_rights_at_once, table_start, table_stop),
        cmocka_unit_test_setup_teardown(the_tick_tells_each_edge_once, table_start, table_stop),
        cmocka_unit_test_setup_teardown(a_swap_does_not_swallow_an_edge, table_start, table_stop),
        cmocka_unit_test_setup_teardown(who_may_what_with_a_camera, table_start, table_stop),
        cmocka_unit_test(people_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
