/* Forward-only migrations, one number line per room, each one transaction together with its line
 * in the ledger: a database is always at a migration's end, never between two. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "crypto/hash.h"
#include "store/internal.h"

struct ledger_check {
    const struct store_schema *schemas;
    size_t schema_count;
    size_t *applied; /* per schema: highest version in the ledger */
    struct sk_buf *why;
};

static int ledger_exists(struct conn *c, int *exists)
{
    int64_t count = 0;
    int err = conn_number(c,
                          "SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND "
                          "name='store_ledger'",
                          &count);

    *exists = count > 0;
    return err;
}

static int ledger_row(void *ctx, const struct store_row *row)
{
    struct ledger_check *k = ctx;
    const char *room = store_row_text(row, 0);
    int64_t version = store_row_int(row, 1);
    uint8_t stored[CRYPTO_SHA256_BYTES], ours[CRYPTO_SHA256_BYTES];
    size_t i = 0;

    while (i < k->schema_count && strcmp(k->schemas[i].room, room) != 0)
        i++;
    if (i == k->schema_count || version < 1 || (uint64_t)version > k->schemas[i].migration_count) {
        why_set(k->why,
                "The data was written by a newer version (step %lld of \"%s\" is unknown here); "
                "run that version, or restore a backup made before the upgrade.",
                (long long)version, room);
        return -SK_EVERSION;
    }
    if ((uint64_t)version != k->applied[i] + 1) {
        why_set(k->why, "The ledger of \"%s\" lacks step %zu.", room, k->applied[i] + 1);
        return -SK_EIO;
    }
    k->applied[i] = (size_t)version;
    const struct store_file *file = &k->schemas[i].migrations[version - 1];
    crypto_sha256(ours, file->text, file->len);
    if (store_row_bin(row, 2, stored, sizeof(stored)) != 0 ||
        memcmp(ours, stored, sizeof(ours)) != 0) {
        why_set(k->why, "Migration %s of \"%s\" was changed after it had been applied.", file->name,
                room);
        return -SK_EVERSION;
    }
    return 0;
}

static int ledger_add(struct conn *c, const char *room, size_t version,
                      const struct store_file *file)
{
    struct store_tx tx = {.conn = c};
    uint8_t checksum[CRYPTO_SHA256_BYTES];

    crypto_sha256(checksum, file->text, file->len);
    return store_exec(&tx, "store_ledger_add",
                      STORE_ARGS(store_text("room", room), store_int("version", (int64_t)version),
                                 store_text("name", file->name),
                                 store_blob("checksum", checksum, sizeof(checksum)),
                                 store_int("applied_ms", sk_clock_wall_ms())),
                      NULL);
}

static int text_run(struct conn *c, const struct store_file *file, struct sk_buf *why)
{
    char *sql = sk_strndup(file->text, file->len);
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    int64_t orphans = 0;
    int err = conn_error(rc);

    if (err)
        why_set(why, "Migration %s fails: %s.", file->name, sqlite3_errmsg(c->db));
    else if (sqlite3_get_autocommit(c->db)) {
        why_set(why, "Migration %s ends the transaction that it runs in.", file->name);
        err = -SK_EINVAL;
    } else if (conn_number(c, "SELECT COUNT(*) FROM pragma_foreign_key_check", &orphans) != 0 ||
               orphans > 0) {
        why_set(why, "Migration %s leaves %lld rows without what they point to.", file->name,
                (long long)orphans);
        err = -SK_EINVAL;
    }
    free(sql);
    if (err && err != -SK_ESTORAGE && err != -SK_EIO)
        err = -SK_EINVAL;
    return err;
}

/* `own`: the store's schema, whose statements are prepared as soon as its first table is there. */
static int migration_apply(struct conn *c, const struct store_schema *schema, size_t version,
                           const struct store_schema *own, struct sk_buf *why)
{
    const struct store_file *file = &schema->migrations[version - 1];
    int err = conn_control(c, CONTROL_BEGIN_WRITE);

    if (!err)
        err = text_run(c, file, why);
    if (!err && schema == own && version == 1)
        err = statements_prepare(c, &own->queries, why);
    if (!err)
        err = ledger_add(c, schema->room, version, file);
    if (!err)
        err = conn_control(c, CONTROL_COMMIT);
    if (err) {
        why_set(why, "Migration %s of \"%s\" cannot be stored: %s.", file->name, schema->room,
                sqlite3_errmsg(c->db));
        if (!sqlite3_get_autocommit(c->db))
            SK_ASSERT(conn_control(c, CONTROL_ROLLBACK) == 0);
        return err;
    }
    log_info("store", "migrated", "room=%s file=%s", schema->room, file->name);
    return 0;
}

int migrate_run(struct conn *c, const struct store_schema *schemas, size_t count,
                struct sk_buf *why)
{
    size_t *applied = sk_alloc(count * sizeof(*applied));
    struct ledger_check check = {schemas, count, applied, why};
    struct store_tx tx = {.conn = c};
    int exists = 0;
    int err = ledger_exists(c, &exists);

    if (!err && exists)
        err = statements_prepare(c, &schemas[0].queries, why);
    if (!err && exists)
        err = store_many(&tx, "store_ledger_list", NULL, STORE_MIGRATIONS_MAX * count, ledger_row,
                         &check);
    for (size_t i = 0; !err && i < count; i++)
        for (size_t v = applied[i] + 1; !err && v <= schemas[i].migration_count; v++)
            err = migration_apply(c, &schemas[i], v, &schemas[0], why);
    free(applied);
    return err;
}
