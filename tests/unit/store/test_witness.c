/* Two witnesses of every statement: equal over random work, apart when somebody smuggles. */
#include "tests/unit/store/helper.h"

#include "store/internal.h"

#define SQL_PERSON                                                                                 \
    "CREATE TABLE lab_person (\n"                                                                  \
    "    id BIGINT NOT NULL PRIMARY KEY, -- class: internal; purpose: test; retention: none\n"     \
    "    name TEXT NOT NULL UNIQUE,      -- class: personal; purpose: test; retention: none\n"     \
    "    hash BYTEA                      -- class: secret; purpose: test; retention: none\n"       \
    ");\n"                                                                                         \
    "CREATE TABLE lab_pet (\n"                                                                     \
    "    id BIGINT NOT NULL PRIMARY KEY, -- class: public; purpose: test; retention: none\n"       \
    "    owner BIGINT NOT NULL REFERENCES lab_person (id) ON DELETE CASCADE, -- class: internal\n" \
    "    size BIGINT NOT NULL CHECK (size < 5) -- class: public; purpose: test\n"                  \
    ");\n"                                                                                         \
    "ALTER TABLE lab_pet ADD COLUMN nick TEXT; -- class: personal; purpose: test\n"
#define SQL_PEOPLE                                                                                 \
    "-- name: lab_person_add :exec\n"                                                              \
    "INSERT INTO lab_person (id, name) VALUES ($id, $name)\n"                                      \
    "ON CONFLICT (id) DO UPDATE SET name = $name;\n"                                               \
    "-- name: lab_person_remove :exec\nDELETE FROM lab_person WHERE id = $id;\n"                   \
    "-- name: lab_person_clear :exec\nDELETE FROM lab_person;\n"                                   \
    "-- name: lab_person_list :many\nSELECT id, name FROM lab_person;\n"                           \
    "-- name: lab_person_hash :many\nSELECT id FROM lab_person WHERE hash = $hash;\n"              \
    "-- name: lab_person_count :one\nSELECT COUNT(*) FROM lab_person;\n"                           \
    "-- name: lab_person_ids :many\nSELECT id FROM lab_person;\n"                                  \
    "-- name: lab_pet_add :exec\nINSERT INTO lab_pet (id, owner, size) VALUES ($id, $owner, 1);\n" \
    "-- name: lab_pet_grow :exec\nUPDATE lab_pet SET size = size + 1;\n"                           \
    "-- name: lab_pet_of :many\nSELECT id FROM lab_pet WHERE owner = $owner;\n"

static const struct store_schema people = {
    .room = "people",
    .migrations = {SQL_FILE("001_person.sql", SQL_PERSON)},
    .migration_count = 1,
    .queries = SQL_FILE("queries.sql", SQL_PEOPLE),
};

struct heard {
    int writes, reads, alarms;
    char text[512]; /* the last, "statement class w/r runs rows;" each */
    char who[64];
    int refuse;
};

static void hear(struct heard *h, const struct store_actor *who, const struct store_touch *t,
                 size_t n)
{
    size_t at = 0;

    snprintf(h->who, sizeof(h->who), "%s/%s", who ? who->id : "box", who ? who->request : "");
    for (size_t i = 0; i < n && at < sizeof(h->text); i++)
        at += (size_t)snprintf(h->text + at, sizeof(h->text) - at, "%s(%s) %s %c %d %d;",
                               t[i].statement, t[i].tables, store_class_word(t[i].class),
                               t[i].is_write ? 'w' : 'r', (int)t[i].runs, (int)t[i].rows);
}

static int wrote(void *ctx, struct store_tx *tx, const struct store_actor *who,
                 const struct store_touch *t, size_t n)
{
    struct heard *h = ctx;

    (void)tx;
    h->writes++;
    hear(h, who, t, n);
    return h->refuse;
}

static void read_heard(void *ctx, const struct store_actor *who, const struct store_touch *t,
                       size_t n)
{
    struct heard *h = ctx;

    h->reads++;
    hear(h, who, t, n);
}

static void alarmed(void *ctx, const char *where, const char *what)
{
    struct heard *h = ctx;

    h->alarms++;
    snprintf(h->text, sizeof(h->text), "%s %s", where, what);
}

static void people_open(struct lab *lab, struct heard *h)
{
    lab_init(lab);
    lab->schemas[0] = &people;
    lab->opts.readers = 1;
    assert_int_equal(lab_open(lab), 0);
    memset(h, 0, sizeof(*h));
    store_watch_set(lab->store, &(struct store_watch){wrote, read_heard, alarmed, h});
}

struct call {
    const char *statement;
    int64_t id;
    int kind; /* 0 exec, 1 many */
    int arg;  /* 0 none, 1 id, 2 id and name, 3 owner, 4 id and owner, 5 hash */
    int64_t name;
};

static int call_run(struct store_tx *tx, void *ctx)
{
    const struct call *c = ctx;
    char name[32];
    struct store_arg args[3] = {{.type = STORE_END}, {.type = STORE_END}, {.type = STORE_END}};

    snprintf(name, sizeof(name), "n%lld", (long long)c->name);
    if (c->arg == 5)
        args[0] = store_blob("hash", "x", 1);
    else if (c->arg)
        args[0] = store_int(c->arg == 3 ? "owner" : "id", c->id);
    if (c->arg == 2)
        args[1] = store_text("name", name);
    if (c->arg == 4)
        args[1] = store_int("owner", c->name);
    return c->kind ? store_many(tx, c->statement, args, 1000, NULL, NULL)
                   : store_exec(tx, c->statement, args, NULL);
}

static void classes_are_derived(void **state)
{
    struct lab lab;
    struct heard h;
    struct call add = {"lab_person_add", 1, 0, 2, 1}, pet = {"lab_pet_add", 1, 0, 4, 1};
    struct call list = {"lab_person_list", 0, 1, 0, 0}, ids = {"lab_person_ids", 0, 1, 0, 0};
    struct call hash = {"lab_person_hash", 0, 1, 5, 0}, grow = {"lab_pet_grow", 0, 0, 0, 0};
    struct call gone = {"lab_person_remove", 1, 0, 1, 0};

    (void)state;
    people_open(&lab, &h);
    store_actor_set(&(struct store_actor){.kind = "account", .id = "ada", .request = "r1"});
    assert_int_equal(store_write(lab.store, call_run, &add), 0);
    assert_string_equal(h.text, "lab_person_add(lab_person) secret w 1 1;");
    assert_string_equal(h.who, "ada/r1");
    assert_int_equal(store_write(lab.store, call_run, &pet), 0);
    assert_int_equal(store_write(lab.store, call_run, &grow), 0); /* public column: untold */
    assert_int_equal(h.writes, 2);
    assert_int_equal(store_read(lab.store, call_run, &list), 0);
    assert_string_equal(h.text, "lab_person_list(lab_person) personal r 1 1;");
    assert_int_equal(store_read(lab.store, call_run, &hash), 0);
    assert_string_equal(h.text, "lab_person_hash(lab_person) secret r 1 0;");
    assert_int_equal(store_read(lab.store, call_run, &ids), 0); /* internal: untold */
    assert_int_equal(h.reads, 2);
    store_actor_set(NULL);
    assert_int_equal(store_write(lab.store, call_run, &gone), 0); /* and her pet */
    assert_string_equal(h.text, "lab_person_remove(lab_person,lab_pet) secret w 1 2;");
    assert_string_equal(h.who, "box/");
    h.refuse = -SK_ESTORAGE; /* not told, not done */
    assert_int_equal(store_write(lab.store, call_run, &add), -SK_ESTORAGE);
    h.refuse = 0;
    assert_int_equal(store_read(lab.store, call_run, &list), 0);
    assert_string_equal(h.text, "lab_person_list(lab_person) personal r 1 0;");
    assert_int_equal(h.alarms, 0);
    lab_fini(&lab);
}

static int statement_is_even(const struct statement *st)
{
    return st->told_runs == st->seen_runs && st->told_rows == st->seen_rows;
}

static void statements_check(struct conn *c)
{
    const struct statement *st;
    size_t pos = 0;

    while ((st = sk_map_next(c->statements, &pos)) != NULL)
        if (!statement_is_even(st))
            fail_msg("%s: told %d runs %d rows, seen %d and %d", st->name, (int)st->told_runs,
                     (int)st->told_rows, (int)st->seen_runs, (int)st->seen_rows);
}

static void random_work_counts_equal(void **state)
{
    static const struct call kinds[] = {
        {"lab_person_add", 0, 0, 2, 0},    {"lab_person_add", 0, 0, 2, 0},
        {"lab_person_remove", 0, 0, 1, 0}, {"lab_person_list", 0, 1, 0, 0},
        {"lab_pet_add", 0, 0, 4, 0},       {"lab_pet_add", 0, 0, 4, 0},
        {"lab_pet_grow", 0, 0, 0, 0},      {"lab_person_hash", 0, 1, 5, 0},
        {"lab_pet_of", 0, 1, 3, 0},        {"lab_person_ids", 0, 1, 0, 0},
        {"lab_person_clear", 0, 0, 0, 0},
    };
    struct store_witness w;
    struct lab lab;
    struct heard h;
    unsigned seed = 7;
    int refused = 0;

    (void)state;
    people_open(&lab, &h);
    for (int i = 0; i < 4000; i++) {
        size_t pick = (size_t)(rand_r(&seed) % 11);
        if (pick == 10 && rand_r(&seed) % 20)
            pick = 0;
        struct call c = kinds[pick];
        c.id = rand_r(&seed) % 50;
        c.name = rand_r(&seed) % 50;
        int err = c.kind && rand_r(&seed) % 2 ? store_read(lab.store, call_run, &c)
                                              : store_write(lab.store, call_run, &c);
        assert_true(err == 0 || err == -SK_ECONFLICT);
        refused += err != 0;
    }
    store_witness_get(lab.store, &w);
    assert_true(refused > 100 && w.told_changes > 1000 && w.told_rows > 1000);
    assert_int_equal(w.told_runs, w.seen_runs);
    assert_int_equal(w.told_rows, w.seen_rows);
    assert_int_equal(w.told_changes, w.seen_changes);
    assert_int_equal(w.nameless, 0);
    assert_int_equal(h.alarms, 0);
    statements_check(&lab.store->writer);
    statements_check(&lab.store->readers[0]);
    lab_fini(&lab);
}

static int smuggle(struct store_tx *tx, void *ctx)
{
    return conn_run(tx->conn, ctx);
}

/* Steps a named statement behind the back of statement.c. */
static int smuggle_named(struct store_tx *tx, void *ctx)
{
    struct statement *st = sk_map_find(tx->conn->statements, ctx, strlen(ctx));

    sqlite3_step(st->stmt);
    sqlite3_reset(st->stmt);
    return 0;
}

static void smuggled_statements_alarm(void **state)
{
    struct call add = {"lab_person_add", 1, 0, 2, 1}, list = {"lab_person_list", 0, 1, 0, 0};
    char write[] = "UPDATE lab_person SET name = 'eve'", read[] = "SELECT name FROM lab_person";
    char named[] = "lab_person_list";
    struct lab lab;
    struct heard h;

    (void)state;
    people_open(&lab, &h);
    assert_int_equal(store_write(lab.store, call_run, &add), 0);
    assert_int_equal(store_write(lab.store, smuggle, write), 0);
    assert_int_equal(h.alarms, 1);
    assert_string_equal(h.text, "writer changes");
    assert_int_equal(store_read(lab.store, smuggle, read), 0);
    assert_int_equal(h.alarms, 2);
    assert_string_equal(h.text, "reader runs");
    assert_int_equal(store_read(lab.store, smuggle_named, named), 0);
    assert_int_equal(h.alarms, 3);
    assert_string_equal(h.text, "reader rows");
    assert_int_equal(store_read(lab.store, call_run, &list), 0); /* each is told once */
    assert_int_equal(h.alarms, 3);
    lab_fini(&lab);
}

static void readers_are_denied(void **state)
{
    static const char *const denied[] = {
        "INSERT INTO lab_person (id, name) VALUES (9, 'eve')",
        "UPDATE lab_person SET name = 'eve'",
        "DELETE FROM lab_person",
        "CREATE TABLE eve (id INT)",
        "CREATE TEMP TABLE eve (id INT)",
        "DROP TABLE lab_person",
        "ALTER TABLE lab_person ADD COLUMN eve INT",
        "ATTACH ':memory:' AS eve",
        "DETACH main",
        "PRAGMA query_only=OFF",
        "PRAGMA writable_schema=ON",
        "PRAGMA user_version",
        "VACUUM INTO '/tmp/eve.db'",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('/tmp/eve.so')",
    };
    struct lab lab;
    struct heard h;

    (void)state;
    people_open(&lab, &h);
    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
        int err = conn_run(&lab.store->readers[0], denied[i]);
        if (err != -SK_EINTERNAL) /* SQLITE_AUTH; a read-only file alone gives -SK_ESTORAGE */
            fail_msg("%s gives %d", denied[i], err);
    }
    for (size_t i = 7; i < 12; i++) /* nor may the writer, once the store is open */
        assert_int_not_equal(conn_run(&lab.store->writer, denied[i]), SQLITE_OK);
    lab_fini(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_derived),
        cmocka_unit_test(random_work_counts_equal),
        cmocka_unit_test(smuggled_statements_alarm),
        cmocka_unit_test(readers_are_denied),
    };

    return cmocka_run_group_tests_name("store witness", tests, NULL, NULL);
}
