/* Who touched personal data, counted twice: here from what statement.c says (told), and from
 * SQLite's own hooks (seen). See watch.h. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "store/internal.h"

static _Thread_local const struct store_actor *actor_here;

void store_actor_set(const struct store_actor *who)
{
    actor_here = who;
}

const struct store_actor *witness_actor(void)
{
    return actor_here;
}

struct store_actor *witness_keep(const struct store_actor *who)
{
    const char *const from[] = {who->kind, who->id, who->session, who->request, who->source};
    struct store_actor *kept;
    const char *to[5];
    size_t len = sizeof(*kept);

    for (int i = 0; i < 5; i++)
        len += from[i] ? strlen(from[i]) + 1 : 0;
    kept = sk_alloc(len);
    char *p = (char *)(kept + 1);
    for (int i = 0; i < 5; i++) {
        size_t size = from[i] ? strlen(from[i]) + 1 : 0;
        to[i] = from[i] ? memcpy(p, from[i], size) : NULL;
        p += size;
    }
    *kept = (struct store_actor){to[0], to[1], to[2], to[3], to[4]};
    return kept;
}

void store_watch_set(struct store *s, const struct store_watch *watch)
{
    s->watch = watch ? *watch : (struct store_watch){.ctx = NULL};
}

static void add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* ---- what a statement touches: asked by SQLite while it prepares ---- */

static void tables_add(struct statement *st, const char *table)
{
    size_t len = strlen(table), have = strlen(st->tables);
    const char *p = st->tables;

    while ((p = strstr(p, table)) != NULL) {
        if ((p == st->tables || p[-1] == ',') && (p[len] == ',' || p[len] == '\0'))
            return;
        p += len;
    }
    if (have + len + 2 > sizeof(st->tables))
        return; /* the list is for people; the class and the name say the rest */
    if (have)
        st->tables[have++] = ',';
    memcpy(st->tables + have, table, len + 1);
}

static void touch_note(struct conn *c, int is_write, const char *table, const char *column)
{
    struct statement *st = c->preparing;
    enum store_class class = catalog_class(c->catalog, table, column);

    if (class < STORE_PERSONAL)
        return;
    if (class > st->class)
        st->class = class;
    st->is_write |= is_write;
    tables_add(st, table);
}

static int pragma_is_readable(const char *name)
{
    static const char *const readable[] = {"table_xinfo", "index_list", "index_xinfo",
                                           "foreign_key_list"};

    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
        if (strcmp(name, readable[i]) == 0)
            return 1;
    return 0;
}

static int action_is_denied(const struct conn *c, int action, const char *first, const char *second)
{
    if (action == SQLITE_FUNCTION)
        return strcmp(second, "load_extension") == 0;
    if (action == SQLITE_PRAGMA)
        return !pragma_is_readable(first);
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH)
        return 1;
    if (c->role == CONN_WRITER)
        return 0;
    return action != SQLITE_READ && action != SQLITE_SELECT && action != SQLITE_TRANSACTION &&
           action != SQLITE_SAVEPOINT && action != SQLITE_RECURSIVE;
}

static int statement_authorize(void *ctx, int action, const char *first, const char *second,
                               const char *db, const char *trigger)
{
    struct conn *c = ctx;

    (void)db, (void)trigger;
    if (c->is_locked && action_is_denied(c, action, first, second))
        return SQLITE_DENY;
    if (!c->preparing || !c->catalog)
        return SQLITE_OK;
    if (action == SQLITE_READ)
        touch_note(c, 0, first, second);
    else if (action == SQLITE_UPDATE)
        touch_note(c, 1, first, second);
    else if (action == SQLITE_INSERT || action == SQLITE_DELETE)
        touch_note(c, 1, first, NULL);
    return SQLITE_OK;
}

/* ---- the second witness ---- */

static int is_control(const struct conn *c, const sqlite3_stmt *stmt)
{
    for (int i = 0; i < CONTROL_COUNT; i++)
        if (c->control[i] == stmt)
            return 1;
    return 0;
}

/* The schema dump's table functions run the pragmas that the authorizer lets pass. */
static int is_description(sqlite3_stmt *stmt)
{
    const char *sql = sqlite3_sql(stmt);

    return sql && strncmp(sql, "PRAGMA ", 7) == 0;
}

/* The programs of cascades give their own STMT events under the outer statement's handle. */
static int trace_seen(unsigned event, void *ctx, void *handle, void *more)
{
    struct conn *c = ctx;
    struct statement *st = sk_map_find(c->by_handle, &handle, sizeof(handle));

    (void)more;
    if (!st) {
        if (c->is_locked && event == SQLITE_TRACE_STMT && !is_control(c, handle) &&
            !is_description(handle))
            add(&c->nameless, 1);
        return 0;
    }
    if (event == SQLITE_TRACE_ROW) {
        add(&st->seen_rows, 1);
        add(&c->seen_rows, 1);
    } else if (event == SQLITE_TRACE_PROFILE) {
        st->is_seen = 0;
    } else if (!st->is_seen) {
        st->is_seen = 1;
        add(&st->seen_runs, 1);
        add(&c->seen_runs, 1);
    }
    return 0;
}

static void change_seen(void *ctx, sqlite3 *db, int op, const char *database, const char *table,
                        sqlite3_int64 from, sqlite3_int64 to)
{
    struct conn *c = ctx;

    (void)db, (void)op, (void)database, (void)table, (void)from, (void)to;
    add(&c->seen_changes, 1);
}

void witness_hook(struct conn *c)
{
    sqlite3_set_authorizer(c->db, statement_authorize, c);
    sqlite3_trace_v2(c->db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE | SQLITE_TRACE_ROW, trace_seen,
                     c);
    sqlite3_preupdate_hook(c->db, change_seen, c);
}

/* ---- the first witness ---- */

void witness_tell(struct store_tx *tx, struct statement *st, uint64_t rows, uint64_t changes)
{
    struct conn *c = tx->conn;

    add(&st->told_runs, 1);
    add(&st->told_rows, rows);
    add(&c->told_runs, 1);
    add(&c->told_rows, rows);
    add(&c->told_changes, changes);
    if (st->class < STORE_PERSONAL || tx->is_untold || !tx->store || !tx->store->watch.read)
        return;
    for (size_t i = 0; i <= tx->touch_count && i < STORE_TOUCHES_MAX; i++) {
        struct touch *t = &tx->touches[i];
        if (i == tx->touch_count) {
            tx->touch_count++;
            *t = (struct touch){.st = st};
        } else if (t->st != st) {
            continue;
        }
        t->runs++;
        t->rows += st->is_write ? changes : rows;
        return;
    }
    log_error("store", "misuse", "statement=%s reason=\"too many kinds of statements at once\"",
              st->name);
    tx->error = tx->error ? tx->error : -SK_EINTERNAL;
}

static size_t touches_take(const struct store_tx *tx, int with_writes, int *has_write,
                           struct store_touch out[STORE_TOUCHES_MAX])
{
    size_t n = 0;

    *has_write = 0;
    for (size_t i = 0; i < tx->touch_count; i++) {
        const struct touch *t = &tx->touches[i];
        if (t->st->is_write && !with_writes)
            continue;
        *has_write |= t->st->is_write && t->rows > 0;
        out[n++] = (struct store_touch){t->st->name,     t->st->tables, t->st->class,
                                        t->st->is_write, t->runs,       t->rows};
    }
    return n;
}

int witness_function(struct store_tx *tx, const struct store_actor *who, int err)
{
    struct store_touch touches[STORE_TOUCHES_MAX];
    const struct store_watch *w = &tx->store->watch;
    int has_write = 0;

    if (tx->touch_count == 0 || !w->read)
        return err;
    size_t n = touches_take(tx, !err, &has_write, touches); /* what is undone was not written */
    if (!err && has_write) {
        tx->is_untold = 1;
        err = w->wrote(w->ctx, tx, who, touches, n);
        return err ? err : tx->error;
    }
    if (n > 0)
        w->read(w->ctx, who, touches, n);
    return err;
}

static int gap_grew(uint64_t seen, uint64_t told, uint64_t *known)
{
    uint64_t gap = seen - told;
    int is_new = gap != *known;

    *known = gap;
    return is_new;
}

void witness_compare(struct store *s, struct conn *c)
{
    const char *where = c->role == CONN_WRITER ? "writer" : "reader", *what = NULL;

    if (gap_grew(c->seen_changes, c->told_changes, &c->gap_changes))
        what = "changes";
    if (gap_grew(c->seen_rows, c->told_rows, &c->gap_rows))
        what = what ? what : "rows";
    if (gap_grew(c->seen_runs + c->nameless, c->told_runs, &c->gap_runs))
        what = what ? what : "runs";
    if (!what)
        return;
    log_error("store", "witness",
              "where=%s what=%s reason=\"a statement went around the named ones\"", where, what);
    if (s->watch.alarm)
        s->watch.alarm(s->watch.ctx, where, what);
}

static void witness_add(struct store_witness *sum, struct conn *c)
{
    sum->told_runs += c->told_runs;
    sum->told_rows += c->told_rows;
    sum->told_changes += c->told_changes;
    sum->seen_runs += c->seen_runs;
    sum->seen_rows += c->seen_rows;
    sum->seen_changes += c->seen_changes;
    sum->nameless += c->nameless;
}

void store_witness_get(struct store *s, struct store_witness *out)
{
    *out = (struct store_witness){.nameless = 0};
    witness_add(out, &s->writer);
    for (size_t i = 0; i < s->reader_count; i++)
        witness_add(out, &s->readers[i]);
}

int store_touch_each(struct store *s, int (*fn)(void *ctx, const struct store_touch *t), void *ctx)
{
    const struct statement *st;
    size_t pos = 0;
    int err = 0;

    while (!err && (st = sk_map_next(s->writer.statements, &pos)) != NULL)
        if (st->class >= STORE_PERSONAL)
            err = fn(ctx, &(struct store_touch){st->name, st->tables, st->class, st->is_write,
                                                st->told_runs, st->told_rows});
    return err;
}
