/* Named statements: read from a room's queries.sql, prepared once at start, bound by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "store/internal.h"

static const char head_mark[] = "-- name:";

/* ---- reading a queries file ---- */

static const char *line_end(const char *p, const char *end)
{
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    return nl ? nl + 1 : end;
}

static int line_is_head(const char *p, const char *end)
{
    return (size_t)(end - p) >= sizeof(head_mark) - 1 &&
           memcmp(p, head_mark, sizeof(head_mark) - 1) == 0;
}

static const char *word_take(const char *p, const char *end, char *out, size_t cap)
{
    size_t len = 0;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (p < end && *p != ' ' && *p != '\t' && *p != '\n' && *p != '\r' && len + 1 < cap)
        out[len++] = *p++;
    out[len] = '\0';
    return p;
}

static int head_read(const char *p, const char *end, struct query_text *out)
{
    static const char *const kinds[] = {":exec", ":one", ":many"};
    char kind[16], rest[2];

    p = word_take(p + sizeof(head_mark) - 1, end, out->name, sizeof(out->name));
    p = word_take(p, end, kind, sizeof(kind));
    word_take(p, end, rest, sizeof(rest));
    for (const char *c = out->name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_'))
            return -SK_EINVAL;
    for (int i = 0; i < 3; i++)
        if (out->name[0] && !rest[0] && strcmp(kind, kinds[i]) == 0) {
            out->kind = (enum statement_kind)i;
            return 0;
        }
    return -SK_EINVAL;
}

int query_next(const char **pos, const char *end, struct query_text *out, struct sk_buf *why)
{
    const char *p = *pos, *line;

    while (p < end && !line_is_head(p, end))
        p = line_end(p, end);
    if (p == end)
        return 0;
    line = p;
    p = line_end(p, end);
    if (head_read(line, p, out) != 0) {
        why_set(why, "Malformed statement head \"%.*s\".", (int)strcspn(line, "\r\n"), line);
        return -SK_EINVAL;
    }
    out->sql = p;
    while (p < end && !line_is_head(p, end))
        p = line_end(p, end);
    out->len = (size_t)(p - out->sql);
    *pos = p;
    return 1;
}

/* ---- preparing ---- */

/* 1 when only blanks and comments are left: one head, one statement. */
static int tail_is_empty(const char *p, const char *end)
{
    while (p < end) {
        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
            p++;
        else if (end - p >= 2 && p[0] == '-' && p[1] == '-')
            p = line_end(p, end);
        else
            return 0;
    }
    return 1;
}

static int parameters_are_named(sqlite3_stmt *stmt)
{
    for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        if (!name || name[0] != '$')
            return 0;
    }
    return 1;
}

static int statement_prepare(struct conn *c, const struct query_text *q, struct sk_buf *why)
{
    struct statement *st = sk_alloc(sizeof(*st));
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    const char *fault = NULL;

    c->preparing = st;
    int rc =
        sqlite3_prepare_v3(c->db, q->sql, (int)q->len, SQLITE_PREPARE_PERSISTENT, &stmt, &tail);
    c->preparing = NULL;
    if (rc != SQLITE_OK)
        fault = sqlite3_errmsg(c->db);
    else if (!stmt)
        fault = "it is empty";
    else if (!tail_is_empty(tail, q->sql + q->len))
        fault = "more than one statement under one name";
    else if (!parameters_are_named(stmt))
        fault = "parameters must be of the form $name";
    else if (q->kind == STATEMENT_EXEC && sqlite3_column_count(stmt) > 0)
        fault = "kind :exec, but it returns rows";
    else if (q->kind != STATEMENT_EXEC && sqlite3_column_count(stmt) == 0)
        fault = "kind :one or :many, but it returns no rows";
    else if (sk_map_find(c->statements, q->name, strlen(q->name)))
        fault = "the name is used twice";
    else if (sk_map_count(c->statements) >= STORE_STATEMENTS_MAX)
        fault = "too many statements";
    if (fault) {
        why_set(why, "Statement %s does not prepare: %s.", q->name, fault);
        sqlite3_finalize(stmt);
        free(st);
        return rc == SQLITE_OK ? -SK_EINVAL : conn_error(rc) == -SK_EIO ? -SK_EIO : -SK_EINVAL;
    }
    if (c->role == CONN_READER && !sqlite3_stmt_readonly(stmt)) {
        sqlite3_finalize(stmt);
        free(st);
        return 0;
    }
    memcpy(st->name, q->name, sizeof(st->name));
    st->kind = q->kind;
    st->stmt = stmt;
    sk_map_put(c->statements, st->name, strlen(st->name), st);
    sk_map_put(c->by_handle, &st->stmt, sizeof(st->stmt), st);
    return 0;
}

int statements_prepare(struct conn *c, const struct store_file *file, struct sk_buf *why)
{
    const char *pos = file->text, *end = pos ? pos + file->len : NULL;
    struct query_text q;
    int got = 0;

    if (file->len > STORE_SQL_MAX)
        return -SK_EINVAL;
    while (pos && (got = query_next(&pos, end, &q, why)) == 1) {
        int err = statement_prepare(c, &q, why);
        if (err)
            return err;
    }
    return got;
}

void statements_free(struct conn *c)
{
    struct statement *st;
    size_t pos = 0;

    while (c->statements && (st = sk_map_next(c->statements, &pos)) != NULL) {
        sk_map_remove(c->statements, st->name, strlen(st->name));
        sqlite3_finalize(st->stmt);
        free(st);
    }
}

/* ---- arguments ---- */

struct store_arg store_int(const char *name, int64_t value)
{
    return (struct store_arg){.name = name, .type = STORE_INT, .num = value};
}

struct store_arg store_textn(const char *name, const char *value, size_t len)
{
    return (struct store_arg){
        .name = name, .type = value ? STORE_TEXT : STORE_NULL, .data = value, .len = len};
}

struct store_arg store_text(const char *name, const char *value)
{
    return store_textn(name, value, value ? strlen(value) : 0);
}

struct store_arg store_blob(const char *name, const void *value, size_t len)
{
    return (struct store_arg){
        .name = name, .type = value ? STORE_BLOB : STORE_NULL, .data = value, .len = len};
}

struct store_arg store_null(const char *name)
{
    return (struct store_arg){.name = name, .type = STORE_NULL};
}

static int value_bind(sqlite3_stmt *stmt, int index, const struct store_arg *arg)
{
    switch (arg->type) {
    case STORE_INT:
        return conn_error(sqlite3_bind_int64(stmt, index, arg->num));
    case STORE_TEXT:
        if (!sk_utf8_is_valid(arg->data, arg->len))
            return -SK_EINVAL;
        return conn_error(
            sqlite3_bind_text64(stmt, index, arg->data, arg->len, SQLITE_STATIC, SQLITE_UTF8));
    case STORE_BLOB:
        return conn_error(sqlite3_bind_blob64(stmt, index, arg->data, arg->len, SQLITE_STATIC));
    case STORE_NULL:
        return conn_error(sqlite3_bind_null(stmt, index));
    case STORE_END:
        break;
    }
    return -SK_EINTERNAL;
}

static int arguments_bind(struct statement *st, const struct store_arg *args)
{
    int count = sqlite3_bind_parameter_count(st->stmt);
    uint64_t bound = 0;
    int given = 0;

    for (const struct store_arg *a = args; a && a->type != STORE_END; a++, given++) {
        char name[STORE_NAME_MAX + 1] = "$";
        int index = 0;
        if (a->name && sk_copy(name + 1, sizeof(name) - 1, a->name) == 0)
            index = sqlite3_bind_parameter_index(st->stmt, name);
        if (index < 1 || index > 64 || (bound & UINT64_C(1) << (index - 1))) {
            log_error("store", "misuse", "statement=%s argument=%s reason=\"unknown or twice\"",
                      st->name, a->name ? a->name : "");
            return -SK_EINTERNAL;
        }
        bound |= UINT64_C(1) << (index - 1);
        int err = value_bind(st->stmt, index, a);
        if (err)
            return err;
    }
    if (given != count) {
        log_error("store", "misuse", "statement=%s given=%d parameters=%d", st->name, given, count);
        return -SK_EINTERNAL;
    }
    return 0;
}

/* ---- running ---- */

static int statement_begin(struct store_tx *tx, const char *name, enum statement_kind kind,
                           const struct store_arg *args, struct statement **out)
{
    struct statement *st;

    *out = NULL;
    if (tx->error)
        return tx->error;
    st = sk_map_find(tx->conn->statements, name, strlen(name));
    if (!st || st->kind != kind || st->running) {
        log_error("store", "misuse", "statement=%s reason=\"%s\"", name,
                  !st           ? "unknown, or it writes in a read"
                  : st->running ? "already running"
                                : "of another kind");
        return tx->error = -SK_EINTERNAL;
    }
    tx->error = arguments_bind(st, args);
    if (tx->error) {
        sqlite3_clear_bindings(st->stmt);
        return tx->error;
    }
    st->running = 1;
    st->changes_before = (uint64_t)sqlite3_total_changes64(tx->conn->db);
    st->told_before = tx->conn->told_changes;
    st->seen_before = tx->conn->seen_changes;
    *out = st;
    return 0;
}

/* Rows that the statement itself changed, cascades included: without what others changed while it
 * stood on a row. One that failed changed what the hooks saw, and it was undone. */
static uint64_t changes_of(const struct conn *c, const struct statement *st, int has_failed)
{
    if (sqlite3_stmt_readonly(st->stmt))
        return 0;
    uint64_t others = c->told_changes - st->told_before;
    uint64_t all = has_failed ? c->seen_changes - st->seen_before
                              : (uint64_t)sqlite3_total_changes64(c->db) - st->changes_before;
    return all - others;
}

/* `code`: what the last step gave. Counts changes and keeps the error that dooms the call. */
static int statement_end(struct store_tx *tx, struct statement *st, int code, uint64_t rows)
{
    tx->error = conn_error(code);
    if (tx->error && tx->error != -SK_ECONFLICT && tx->error != -SK_ESTORAGE)
        log_warn("store", "statement", "name=%s code=%d text=\"%s\"", st->name,
                 sqlite3_extended_errcode(tx->conn->db), sqlite3_errmsg(tx->conn->db));
    sqlite3_reset(st->stmt);
    sqlite3_clear_bindings(st->stmt);
    if (!tx->error && !sqlite3_stmt_readonly(st->stmt))
        tx->rows_changed += sqlite3_changes64(tx->conn->db);
    st->running = 0;
    witness_tell(tx, st, rows, changes_of(tx->conn, st, tx->error != 0));
    return tx->error;
}

int store_exec(struct store_tx *tx, const char *name, const struct store_arg *args,
               int64_t *changed)
{
    struct statement *st;
    int err = statement_begin(tx, name, STATEMENT_EXEC, args, &st);

    if (err)
        return err;
    int code = sqlite3_step(st->stmt);
    if (changed)
        *changed = code == SQLITE_DONE ? sqlite3_changes64(tx->conn->db) : 0;
    return statement_end(tx, st, code, 0);
}

static int rows_walk(struct store_tx *tx, struct statement *st, size_t rows_max, store_row_fn row,
                     void *ctx, size_t *rows)
{
    int code, said = 0;

    *rows = 0;
    while ((code = sqlite3_step(st->stmt)) == SQLITE_ROW) {
        if (++*rows > rows_max) {
            said = -SK_ETOOBIG;
            break;
        }
        struct store_row r = {st->stmt};
        said = row ? row(ctx, &r) : 0;
        if (said != 0)
            break;
    }
    int err = statement_end(tx, st, code, *rows);
    if (err)
        return err;
    return said > 0 ? 0 : said;
}

int store_one(struct store_tx *tx, const char *name, const struct store_arg *args, store_row_fn row,
              void *ctx)
{
    struct statement *st;
    size_t rows;
    int err = statement_begin(tx, name, STATEMENT_ONE, args, &st);

    if (err)
        return err;
    err = rows_walk(tx, st, 1, row, ctx, &rows);
    if (rows > 1) {
        log_error("store", "misuse", "statement=%s reason=\"more than one row\"", name);
        return tx->error = -SK_EINTERNAL;
    }
    return err || rows == 1 ? err : -SK_ENOTFOUND;
}

int store_many(struct store_tx *tx, const char *name, const struct store_arg *args, size_t rows_max,
               store_row_fn row, void *ctx)
{
    struct statement *st;
    size_t rows;
    int err = statement_begin(tx, name, STATEMENT_MANY, args, &st);

    return err ? err : rows_walk(tx, st, rows_max, row, ctx, &rows);
}

static int number_row(void *ctx, const struct store_row *row)
{
    *(int64_t *)ctx = store_row_int(row, 0);
    return 0;
}

int store_one_int(struct store_tx *tx, const char *name, const struct store_arg *args, int64_t *out)
{
    *out = 0;
    return store_one(tx, name, args, number_row, out);
}
