/* The log in the store: appending inside a transaction, and reading it back. Nothing is kept in
 * memory between calls, so a write that is undone leaves no trace here. */
#include <string.h>

#include "audit/internal.h"
#include "base/sys.h"
#include "base/text.h"

enum { TIP_EDGE_BYTES_MAX = TREE_EDGE_MAX * AUDIT_HASH, NODE_EVERY = 8 };

/* ---- the tip --------------------------------------------------------------------------------- */

struct tip {
    struct tree *tree;
    uint8_t *last_hash;
};

static int tip_row(void *ctx, const struct store_row *row)
{
    struct tip *tip = ctx;
    int64_t size = store_row_int(row, 0);

    if (size < 0)
        return -SK_EIO;
    tip->tree->size = (uint64_t)size;
    int err = store_row_bin(row, 1, tip->last_hash, AUDIT_HASH);
    return err ? err
               : store_row_bin(row, 2, tip->tree->edge,
                               tree_edge_count(tip->tree->size) * AUDIT_HASH);
}

int log_tree(struct store_tx *tx, struct tree *tree, uint8_t last_hash[AUDIT_HASH])
{
    struct tip tip = {tree, last_hash};

    tree->size = 0;
    memset(last_hash, 0, AUDIT_HASH);
    int err = store_one(tx, "audit_tip_get", NULL, tip_row, &tip);
    return err == -SK_ENOTFOUND ? 0 : err;
}

static int tip_set(struct store_tx *tx, const struct tree *tree, const uint8_t *last_hash)
{
    return store_exec(
        tx, "audit_tip_set",
        STORE_ARGS(store_int("size", (int64_t)tree->size),
                   store_blob("last_hash", last_hash, AUDIT_HASH),
                   store_blob("edge", tree->edge, tree_edge_count(tree->size) * AUDIT_HASH)),
        NULL);
}

/* ---- appending ------------------------------------------------------------------------------- */

static int node_keep(void *ctx, unsigned level, uint64_t place, const uint8_t hash[AUDIT_HASH])
{
    struct store_tx *tx = ctx;

    if (level % NODE_EVERY)
        return 0;
    return store_exec(tx, "audit_node_insert",
                      STORE_ARGS(store_int("level", level), store_int("place", (int64_t)place),
                                 store_blob("hash", hash, AUDIT_HASH)),
                      NULL);
}

static int row_insert(struct store_tx *tx, const struct audit_row *r)
{
    return store_exec(
        tx, "audit_row_insert",
        STORE_ARGS(store_int("seq", (int64_t)r->seq), store_int("at", r->at_ms),
                   store_text("actor_kind", r->actor_kind), store_text("actor", r->actor),
                   store_text("session", r->session), store_text("action", r->action),
                   store_text("object_kind", r->object_kind), store_text("object", r->object),
                   store_text("result", r->result), store_text("source", r->source),
                   store_text("detail", r->detail), store_blob("prev_hash", r->prev, AUDIT_HASH),
                   store_blob("row_hash", r->hash, AUDIT_HASH)),
        NULL);
}

/* Under whose organization the row is read: the one that was told, else that of what it was done
 * to, else of who did it. */
static int row_file(struct store_tx *tx, const struct audit_row *r)
{
    char of[ORGANIZATION_ID_SIZE];

    if (sk_copy(of, sizeof(of), r->organization))
        return -SK_EINTERNAL;
    if (!of[0] && authorize_organization_of(r->object_kind, r->object, of) &&
        authorize_organization_of(r->actor_kind, r->actor, of))
        return 0;
    if (strcmp(of, "home") == 0)
        return 0;
    return store_exec(tx, "audit_filed_insert",
                      STORE_ARGS(store_text("organization", of), store_int("seq", (int64_t)r->seq)),
                      NULL);
}

int log_append(struct store_tx *tx, struct audit_row *row)
{
    struct tree tree;
    int err = log_tree(tx, &tree, row->prev);

    if (err)
        return err;
    row->seq = tree.size + 1;
    row_hash(row->hash, row);
    err = row_insert(tx, row);
    if (!err)
        err = row_file(tx, row);
    if (!err)
        err = tree_append(&tree, row->hash, node_keep, tx);
    return err ? err : tip_set(tx, &tree, row->hash);
}

/* ---- hashes for proofs ----------------------------------------------------------------------- */

/* Folds `1 << NODE_EVERY` hashes at most: like tree_append, but of a subtree. */
struct fold {
    struct tree tree;
};

static int fold_row(void *ctx, const struct store_row *row)
{
    struct fold *fold = ctx;
    uint8_t hash[AUDIT_HASH];
    int err = store_row_bin(row, 0, hash, sizeof(hash));

    return err ? err : tree_append(&fold->tree, hash, NULL, NULL);
}

/* A full subtree from the rows below it, or from the kept nodes 8, 16, ... levels up. */
static int stored_full(void *ctx, unsigned level, uint64_t place, uint8_t out[AUDIT_HASH])
{
    struct store_tx *tx = ctx;
    struct fold fold = {.tree.size = 0};
    unsigned base = level / NODE_EVERY * NODE_EVERY;
    uint64_t count = 1ULL << (level - base), first = place << (level - base);
    int err;

    if (base == 0)
        err = store_many(tx, "audit_row_hashes",
                         STORE_ARGS(store_int("first", (int64_t)first + 1),
                                    store_int("end", (int64_t)(first + count) + 1)),
                         count, fold_row, &fold);
    else
        err = store_many(tx, "audit_node_hashes",
                         STORE_ARGS(store_int("level", base), store_int("first", (int64_t)first),
                                    store_int("end", (int64_t)(first + count))),
                         count, fold_row, &fold);
    if (!err && fold.tree.size != count)
        err = -SK_EIO; /* rows or nodes are gone */
    if (!err)
        tree_root(&fold.tree, out);
    return err;
}

struct tree_source log_source(struct store_tx *tx)
{
    return (struct tree_source){stored_full, tx};
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    log_row_fn fn;
    void *ctx;
};

static int row_take(void *ctx, const struct store_row *s)
{
    const struct reading *reading = ctx;
    struct audit_row r = {.seq = (uint64_t)store_row_int(s, 0), .at_ms = store_row_int(s, 1)};
    struct {
        char *out;
        size_t cap;
    } texts[] = {
        {r.actor_kind, sizeof(r.actor_kind)},   {r.actor, sizeof(r.actor)},
        {r.session, sizeof(r.session)},         {r.action, sizeof(r.action)},
        {r.object_kind, sizeof(r.object_kind)}, {r.object, sizeof(r.object)},
        {r.result, sizeof(r.result)},           {r.source, sizeof(r.source)},
        {r.detail, sizeof(r.detail)},
    };
    int err = 0, count = sizeof(texts) / sizeof(texts[0]);

    for (int i = 0; !err && i < count; i++)
        err = store_row_copy(s, 2 + i, texts[i].out, texts[i].cap);
    if (!err)
        err = store_row_bin(s, 2 + count, r.prev, AUDIT_HASH);
    if (!err)
        err = store_row_bin(s, 3 + count, r.hash, AUDIT_HASH);
    return err ? err : reading->fn(reading->ctx, &r);
}

int log_span(struct store_tx *tx, uint64_t first, size_t limit, log_row_fn fn, void *ctx)
{
    struct reading reading = {fn, ctx};

    return store_many(
        tx, "audit_row_span",
        STORE_ARGS(store_int("first", (int64_t)first), store_int("limit", (int64_t)limit)), limit,
        row_take, &reading);
}

int log_find(struct store_tx *tx, const struct log_filter *f, log_row_fn fn, void *ctx)
{
    struct reading reading = {fn, ctx};
    size_t len = strlen(f->action);
    const char *group = len && f->action[len - 1] == '.' ? f->action : "-";

    if (f->organization[0])
        return store_many(
            tx, "audit_row_find_filed",
            STORE_ARGS(store_text("organization", f->organization),
                       store_int("before", (int64_t)f->before), store_int("from", f->from_ms),
                       store_int("to", f->to_ms), store_text("actor", f->actor),
                       store_text("action", f->action), store_text("group", group),
                       store_int("group_len", (int64_t)strlen(group)),
                       store_text("object", f->object), store_text("session", f->session),
                       store_text("result", f->result), store_int("limit", (int64_t)f->limit)),
            f->limit, row_take, &reading);
    return store_many(
        tx, "audit_row_find",
        STORE_ARGS(store_int("before", (int64_t)f->before), store_int("from", f->from_ms),
                   store_int("to", f->to_ms), store_text("actor", f->actor),
                   store_text("action", f->action), store_text("group", group),
                   store_int("group_len", (int64_t)strlen(group)), store_text("object", f->object),
                   store_text("session", f->session), store_text("result", f->result),
                   store_int("limit", (int64_t)f->limit)),
        f->limit, row_take, &reading);
}

int log_is_filed(struct store_tx *tx, const char *organization, uint64_t seq, int *is)
{
    int64_t count = 0;
    int err = store_one_int(
        tx, "audit_filed_has",
        STORE_ARGS(store_text("organization", organization), store_int("seq", (int64_t)seq)),
        &count);

    *is = count > 0;
    return err;
}
