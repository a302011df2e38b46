/* What a copy of a box must be to count as one: whole pages, foreign keys that lead somewhere, as
 * many rows as were there, and an audit log whose chain, tree and signed heads hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "backup/internal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "store/copy.h"
#include "store/store.h"

static int counts_compare(const struct store_counts *want, const struct store_counts *got,
                          struct sk_buf *why)
{
    for (size_t i = 0; i < want->count && want->count == got->count; i++)
        if (strcmp(want->tables[i].table, got->tables[i].table) != 0 ||
            want->tables[i].rows != got->tables[i].rows)
            return backup_say(why, -SK_EIO, "Table %s has %lld rows where there must be %lld.",
                              got->tables[i].table, (long long)got->tables[i].rows,
                              (long long)want->tables[i].rows);
    return want->count == got->count
               ? 0
               : backup_say(why, -SK_EIO, "There are %zu tables where there must be %zu.",
                            got->count, want->count);
}

static int audit_prove_all(const struct backup_house *h, const char *dir,
                           struct audit_verdict *verdict, struct sk_buf *why)
{
    const struct store_opts opts = {.dir = dir,
                                    .file = "core.db",
                                    .durability = STORE_FULL,
                                    .readers = 1,
                                    .schemas = h->schemas,
                                    .schema_count = h->schema_count};
    struct store *s = NULL;
    int err = store_open(&s, &opts, why);

    if (!err)
        err = audit_verify_store(s, dir, verdict);
    store_close(s);
    if (!err && verdict->fault != AUDIT_WHOLE)
        return backup_say(why, -SK_EIO, "The audit log of the copy is not whole: %s, row %llu.",
                          audit_fault_word(verdict->fault), (unsigned long long)verdict->first);
    return err ? backup_say(why, err, "The audit log of the copy cannot be read: %s.",
                            sk_error_text(err))
               : 0;
}

static int box_read(const struct backup_house *h, const char *dir, struct store_counts *counts,
                    struct audit_verdict *verdict, struct sk_buf *why)
{
    char *path = sk_path_join(dir, "core.db");
    int err = store_inspect(path, counts, why);

    free(path);
    return err ? err : audit_prove_all(h, dir, verdict, why);
}

int copy_make(const struct backup_house *h, const char *dir, const struct store_counts *counts,
              int64_t made_ms, struct sk_buf *manifest, struct backup_done *done,
              struct sk_buf *why)
{
    struct store_counts *got = sk_alloc(sizeof(*got));
    struct audit_verdict verdict;
    int err = box_read(h, dir, got, &verdict, why);

    if (!err)
        err = counts_compare(counts, got, why);
    json_t *doc = json_object(), *rows = json_object(), *log = json_object();
    for (size_t i = 0; !err && i < got->count; i++) {
        sk_json_set_int(rows, got->tables[i].table, got->tables[i].rows);
        done->rows += (uint64_t)got->tables[i].rows;
    }
    sk_json_set_int(doc, "format", 1);
    sk_json_set_int(doc, "made", made_ms);
    sk_json_set_str(doc, "version", SKEP_VERSION);
    json_object_set_new(doc, "rows", rows);
    if (!err) {
        done->audit_rows = verdict.rows;
        sk_json_set_int(log, "rows", (int64_t)verdict.rows);
        sk_json_set_bin(log, "root", verdict.root, sizeof(verdict.root));
    }
    json_object_set_new(doc, "audit", log);
    char *text = err ? NULL : sk_json_text(doc, NULL);
    if (!err)
        err = text ? sk_buf_add_str(manifest, text) : -SK_ENOMEM;
    free(text);
    json_decref(doc);
    free(got);
    return err;
}

static int rows_wanted(const json_t *rows, struct store_counts *out)
{
    const char *name;
    json_t *value;

    /* Names stand in the order in which they were counted; the box counts by name. */
    json_object_foreach((json_t *)rows, name, value)
    {
        if (out->count == STORE_COPY_TABLES_MAX || !json_is_integer(value) ||
            sk_copy(out->tables[out->count].table, STORE_COPY_NAME_MAX, name))
            return -SK_EINVAL;
        out->tables[out->count++].rows = json_integer_value(value);
    }
    return 0;
}

int copy_check(const struct backup_house *h, const char *dir, const struct sk_buf *manifest,
               struct sk_buf *why)
{
    struct store_counts *want = sk_alloc(sizeof(*want)), *got = sk_alloc(sizeof(*got));
    struct audit_verdict verdict = {0};
    uint8_t root[32];
    int64_t log_rows = 0, format = 0;
    json_t *doc = NULL;
    int err = sk_json_parse(&doc, manifest->data, manifest->len);
    const json_t *log = json_object_get(doc, "audit");

    if (!err)
        err = sk_json_int(doc, "format", 1, 1, &format);
    if (!err)
        err = rows_wanted(json_object_get(doc, "rows"), want);
    if (!err)
        err = sk_json_int(log, "rows", 0, INT64_MAX, &log_rows);
    if (!err)
        err = sk_json_bin(log, "root", root, sizeof(root));
    if (err)
        err = backup_say(why, -SK_EIO, "The manifest of the backup cannot be read.");
    if (!err)
        err = box_read(h, dir, got, &verdict, why);
    if (!err)
        err = counts_compare(want, got, why);
    if (!err && (verdict.rows != (uint64_t)log_rows || memcmp(root, verdict.root, 32) != 0))
        err = backup_say(why, -SK_EIO, "The audit log has another root than the manifest says.");
    json_decref(doc);
    free(want);
    free(got);
    return err;
}
