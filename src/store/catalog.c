/* The data classes of all columns, read from the SQL files that made them: one column a line, with
 * its comment behind it, as scripts/check-sql demands. */
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "store/internal.h"

static const char *const class_words[] = {"public", "internal", "personal", "secret"};

const char *store_class_word(enum store_class class)
{
    return class_words[class];
}

struct catalog_read {
    struct catalog *catalog;
    char table[STORE_NAME_MAX]; /* of the CREATE TABLE that the line stands in, or "" */
};

/* The next word of letters, digits and underscores behind blanks; returns behind it. */
static const char *name_take(const char *p, const char *end, char out[STORE_NAME_MAX])
{
    size_t len = 0;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (p < end && len + 1 < STORE_NAME_MAX &&
           ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
            *p == '_'))
        out[len++] = *p++;
    out[len] = '\0';
    return p;
}

/* `p` behind `words`, or NULL when the line does not begin with them. */
static const char *words_skip(const char *p, const char *end, const char *words)
{
    size_t len = strlen(words);

    return (size_t)(end - p) > len && memcmp(p, words, len) == 0 ? p + len : NULL;
}

static enum store_class class_read(const char *said)
{
    static const char mark[] = "class: ";
    const char *p = strstr(said, mark);

    for (int i = 0; p && i < 4; i++)
        if (strncmp(p + sizeof(mark) - 1, class_words[i], strlen(class_words[i])) == 0)
            return (enum store_class)i;
    return STORE_PERSONAL; /* what does not say is treated with care */
}

static void column_add(struct catalog *c, const char table[STORE_NAME_MAX],
                       const char column[STORE_NAME_MAX], const char *line, const char *end)
{
    const char *said = line;

    while (said + 2 < end && memcmp(said, "--", 2) != 0)
        said++;
    said = said + 2 < end ? said + 2 : end;
    while (said < end && *said == ' ')
        said++;
    while (end > said && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    if (c->count == c->room) {
        c->room = c->room ? c->room * 2 : 256;
        c->columns = sk_realloc(c->columns, c->room * sizeof(*c->columns));
    }
    struct catalog_column *k = &c->columns[c->count++];
    memcpy(k->table, table, STORE_NAME_MAX);
    memcpy(k->column, column, STORE_NAME_MAX);
    k->said = sk_strndup(said, (size_t)(end - said));
    k->class = class_read(k->said);
}

/* Lines within CREATE TABLE that begin with a capital word are constraints. */
static void line_read(struct catalog_read *r, const char *line, const char *end)
{
    char name[STORE_NAME_MAX];
    const char *p;

    if ((p = words_skip(line, end, "CREATE TABLE ")) != NULL) {
        p = name_take(p, end, r->table);
        while (p < end && *p != '(' && *p != '\n')
            p++;
        line = p < end && *p == '(' ? p + 1 : end;
    } else if ((p = words_skip(line, end, "ALTER TABLE ")) != NULL) {
        p = name_take(p, end, r->table);
        p = words_skip(p, end, " ADD COLUMN ");
        if (p) {
            name_take(p, end, name);
            column_add(r->catalog, r->table, name, p, end);
        }
        r->table[0] = '\0';
        return;
    } else if (line < end && *line == ')') {
        r->table[0] = '\0';
    }
    if (!r->table[0])
        return;
    name_take(line, end, name);
    if (name[0] >= 'a' && name[0] <= 'z')
        column_add(r->catalog, r->table, name, line, end);
}

void catalog_add(struct catalog *c, const struct store_schema *schema)
{
    for (size_t i = 0; i < schema->migration_count; i++) {
        struct catalog_read r = {.catalog = c};
        const char *p = schema->migrations[i].text, *end = p + schema->migrations[i].len;
        while (p < end) {
            const char *nl = memchr(p, '\n', (size_t)(end - p));
            const char *next = nl ? nl + 1 : end;
            line_read(&r, p, next);
            p = next;
        }
    }
}

void catalog_free(struct catalog *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->columns[i].said);
    free(c->columns);
    *c = (struct catalog){.columns = NULL};
}

enum store_class catalog_class(const struct catalog *c, const char *table, const char *column)
{
    enum store_class highest = STORE_PUBLIC;

    if (strncmp(table, "sqlite_", 7) == 0 || strncmp(table, "pragma_", 7) == 0)
        return STORE_PUBLIC;
    if (column && (!column[0] || strcmp(column, "ROWID") == 0)) /* counted, no column looked at */
        return STORE_PUBLIC;
    int found = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct catalog_column *k = &c->columns[i];
        if (strcmp(k->table, table) != 0 || (column && strcmp(k->column, column) != 0))
            continue;
        found = 1;
        if (k->class > highest)
            highest = k->class;
    }
    return found ? highest : STORE_PERSONAL;
}

int store_column_each(struct store *s, int (*fn)(void *ctx, const struct store_column *c),
                      void *ctx)
{
    int err = 0;

    for (size_t i = 0; !err && i < s->catalog.count; i++) {
        const struct catalog_column *k = &s->catalog.columns[i];
        err = fn(ctx, &(struct store_column){k->table, k->column, k->said, k->class});
    }
    return err;
}
