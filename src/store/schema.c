/* What a room hands in, found among the embedded files; and what all rooms made of it. */
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/text.h"
#include "store/internal.h"

enum { SCHEMA_LINES_MAX = 100000 };

struct schema_find {
    struct store_schema *out;
    size_t prefix_len;
};

static int version_of(const char *name)
{
    uint64_t version = 0;

    if (strlen(name) < 8 || name[3] != '_' || strcmp(name + strlen(name) - 4, ".sql") != 0 ||
        sk_parse_u64(&version, name, 3, 999) != 0)
        return -1;
    return (int)version;
}

static int schema_file(void *ctx, const struct asset *a)
{
    struct schema_find *f = ctx;
    struct store_schema *s = f->out;
    struct store_file file = {a->path + f->prefix_len, a->data, a->len};

    if (strcmp(file.name, "queries.sql") == 0) {
        s->queries = file;
        return 0;
    }
    if (s->migration_count == STORE_MIGRATIONS_MAX)
        return -SK_ETOOBIG;
    s->migrations[s->migration_count++] = file;
    return version_of(file.name) == (int)s->migration_count ? 0 : -SK_EINVAL;
}

int store_schema_load(struct store_schema *out, const char *room)
{
    struct schema_find find = {.out = out};
    char prefix[STORE_NAME_MAX + 8] = "sql/";
    int err = strlen(room) < STORE_NAME_MAX ? 0 : -SK_EINVAL;

    *out = (struct store_schema){.room = room};
    if (err)
        return err;
    memcpy(prefix + 4, room, strlen(room));
    prefix[4 + strlen(room)] = '/';
    find.prefix_len = strlen(prefix);
    err = asset_each(prefix, schema_file, &find);
    if (!err && out->migration_count == 0 && !out->queries.text)
        err = -SK_ENOTFOUND;
    return err;
}

static int line_add(void *ctx, const struct store_row *row)
{
    return sk_buf_addf(ctx, "%s\n", store_row_text(row, 0));
}

static int dump_read(struct store_tx *tx, void *ctx)
{
    sk_buf_reset(ctx);
    return store_many(tx, "store_schema_lines", NULL, SCHEMA_LINES_MAX, line_add, ctx);
}

int store_schema_dump(struct store *s, struct sk_buf *out)
{
    return store_read(s, dump_read, out);
}
