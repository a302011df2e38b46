/* Is the log whole? Every row is hashed anew, followed from the one before, and laid into a tree
 * whose root is held against each signed head. scripts/verify-audit.mjs does the same and shares
 * no code with this. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/internal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/wipe.h"

enum { HEADS_MAX = 1 << 20, PAGE = 1000 };

const char *audit_fault_word(enum audit_fault fault)
{
    static const char *const words[] = {
        [AUDIT_WHOLE] = "whole",           [AUDIT_EDITED] = "edited",
        [AUDIT_UNCHAINED] = "unchained",   [AUDIT_MISSING] = "missing",
        [AUDIT_TRUNCATED] = "truncated",   [AUDIT_REWRITTEN] = "rewritten",
        [AUDIT_BAD_HEAD] = "bad-signature"};

    return words[fault];
}

static void fault_set(struct verifier *vf, enum audit_fault fault, uint64_t first, uint64_t last)
{
    if (vf->v.fault != AUDIT_WHOLE)
        return;
    vf->v.fault = fault;
    vf->v.first = first;
    vf->v.last = last;
    vf->v.whole = first ? first - 1 : 0;
}

/* Heads of the size that the tree has now. */
static void heads_hold(struct verifier *vf)
{
    uint8_t root[AUDIT_HASH];
    uint64_t good = vf->head_next ? vf->heads[vf->head_next - 1].size : 0;

    while (vf->head_next < vf->head_count && vf->heads[vf->head_next].size == vf->tree.size) {
        tree_root(&vf->tree, root);
        if (memcmp(root, vf->heads[vf->head_next].root, AUDIT_HASH) != 0)
            fault_set(vf, AUDIT_REWRITTEN, good + 1, vf->tree.size);
        vf->v.heads++;
        vf->head_next++;
    }
}

void verifier_row(struct verifier *vf, const struct audit_row *row)
{
    uint64_t want = vf->tree.size + 1;
    uint8_t hash[AUDIT_HASH];

    vf->v.rows++;
    if (vf->v.fault != AUDIT_WHOLE)
        return;
    row_hash(hash, row);
    if (memcmp(hash, row->hash, AUDIT_HASH) != 0)
        fault_set(vf, AUDIT_EDITED, want, want);
    else if (row->seq > want)
        fault_set(vf, AUDIT_MISSING, want, row->seq - 1);
    else if (row->seq < want || memcmp(row->prev, vf->last, AUDIT_HASH) != 0)
        fault_set(vf, AUDIT_UNCHAINED, want, want);
    if (vf->v.fault != AUDIT_WHOLE)
        return;
    memcpy(vf->last, row->hash, AUDIT_HASH);
    int err = tree_append(&vf->tree, row->hash, NULL, NULL);
    SK_ASSERT(!err);
    heads_hold(vf);
}

void verifier_end(struct verifier *vf)
{
    if (vf->head_next < vf->head_count)
        fault_set(vf, AUDIT_TRUNCATED, vf->tree.size + 1, vf->heads[vf->head_count - 1].size);
    if (vf->v.fault == AUDIT_WHOLE) {
        vf->v.whole = vf->tree.size;
        tree_root(&vf->tree, vf->v.root);
    }
}

/* ---- heads ----------------------------------------------------------------------------------- */

struct head_list {
    const struct head_key *key;
    struct audit_head *list;
    size_t count, cap;
    uint64_t bad; /* size of the first whose signature does not hold; 0 = none */
    uint64_t strange;
};

/* Heads of a former key are passed over: only its public half could tell whether they hold. */
static int head_take(void *ctx, const struct audit_head *head)
{
    struct head_list *l = ctx;

    if (memcmp(head->key_id, l->key->id, HEAD_KEY_ID) != 0) {
        l->strange++;
        return 0;
    }
    if (head_check(head, l->key)) {
        l->bad = l->bad ? l->bad : head->size;
        return 0;
    }
    if (l->count == HEADS_MAX)
        return -SK_ETOOBIG;
    if (l->count == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->list = sk_realloc(l->list, l->cap * sizeof(*l->list));
    }
    l->list[l->count++] = *head;
    return 0;
}

static int head_compare(const void *a, const void *b)
{
    uint64_t x = ((const struct audit_head *)a)->size, y = ((const struct audit_head *)b)->size;

    return (x > y) - (x < y);
}

static int heads_load(struct verifier *vf, struct head_list *l, const char *path)
{
    int err = head_walk(path, head_take, l);

    if (l->count)
        qsort(l->list, l->count, sizeof(*l->list), head_compare);
    vf->heads = l->list;
    vf->head_count = l->count;
    return err;
}

static void verdict_take(struct verifier *vf, const struct head_list *l, struct audit_verdict *out)
{
    verifier_end(vf);
    if (l->bad)
        fault_set(vf, AUDIT_BAD_HEAD, l->bad, l->bad);
    *out = vf->v;
    out->strange = l->strange;
}

/* ---- a store --------------------------------------------------------------------------------- */

static int row_verify(void *ctx, const struct audit_row *row)
{
    verifier_row(ctx, row);
    return 0;
}

static int store_walk(struct store_tx *tx, void *ctx)
{
    struct verifier *vf = ctx;
    uint8_t last[AUDIT_HASH], kept[AUDIT_HASH], root[AUDIT_HASH];
    struct tree tip;
    uint64_t before;
    int err;

    do {
        before = vf->v.rows;
        err = log_span(tx, vf->tree.size + 1, PAGE, row_verify, vf);
    } while (!err && vf->v.fault == AUDIT_WHOLE && vf->v.rows - before == PAGE);
    if (!err)
        err = log_tree(tx, &tip, last);
    if (err)
        return err;
    tree_root(&tip, kept);
    tree_root(&vf->tree, root);
    if (tip.size > vf->tree.size)
        fault_set(vf, AUDIT_TRUNCATED, vf->tree.size + 1, tip.size);
    else if (tip.size < vf->tree.size || memcmp(kept, root, AUDIT_HASH) != 0)
        fault_set(vf, AUDIT_REWRITTEN, 1, vf->tree.size);
    return 0;
}

int audit_verify_store(struct store *s, const char *data_dir, struct audit_verdict *out)
{
    struct verifier vf = {.heads = NULL};
    struct head_key key = {.id = {0}};
    struct head_list heads = {.key = &key};
    char *dir = sk_path_join(data_dir, "audit"), *path = sk_path_join(dir, "heads.log");
    char *pem = sk_path_join(dir, "key.pem");
    int err = head_public_read(&key, pem);

    if (err == -SK_ENOTFOUND) /* then all heads are by a strange key, and the verdict says so */
        err = 0;
    if (!err)
        err = heads_load(&vf, &heads, path);
    if (!err)
        err = store_read(s, store_walk, &vf);
    if (!err)
        verdict_take(&vf, &heads, out);
    free(heads.list);
    free(pem);
    free(path);
    free(dir);
    return err;
}

/* ---- a file ---------------------------------------------------------------------------------- */

/* A line that is no row is an edited one. */
static void line_verify(struct verifier *vf, const char *line, size_t len)
{
    struct audit_row row;

    if (row_parse(&row, line, len) == 0) {
        verifier_row(vf, &row);
        return;
    }
    vf->v.rows++;
    fault_set(vf, AUDIT_EDITED, vf->tree.size + 1, vf->tree.size + 1);
}

static int file_walk(struct verifier *vf, const char *path)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    FILE *f = fopen(path, "re");

    if (!f)
        return errno == ENOENT ? -SK_ENOTFOUND : -SK_EIO;
    while ((len = getline(&line, &cap, f)) > 0)
        line_verify(vf, line, (size_t)len - (line[len - 1] == '\n'));
    int err = ferror(f) ? -SK_EIO : 0;
    free(line);
    fclose(f);
    return err;
}

int audit_verify_file(const char *path, const char *heads_path, const char *key_path,
                      struct audit_verdict *out)
{
    struct verifier vf = {.heads = NULL};
    struct head_key key = {.id = {0}};
    struct head_list heads = {.key = &key};
    int err = !heads_path == !key_path ? 0 : -SK_EINVAL; /* a head without its key says nothing */

    if (!err && key_path)
        err = head_public_read(&key, key_path);
    if (!err && heads_path)
        err = heads_load(&vf, &heads, heads_path);
    if (!err)
        err = file_walk(&vf, path);
    if (!err)
        verdict_take(&vf, &heads, out);
    free(heads.list);
    return err;
}

/* ---- export and proof ------------------------------------------------------------------------ */

struct exporting {
    int (*line)(void *ctx, const char *text, size_t len);
    void *ctx;
    uint64_t last;
};

static int row_export(void *ctx, const struct audit_row *row)
{
    struct exporting *e = ctx;
    json_t *v = row_json(row);
    size_t len = 0;
    char *text = sk_json_text(v, &len);
    int err = text ? e->line(e->ctx, text, len) : -SK_ENOMEM;

    e->last = row->seq;
    free(text);
    json_decref(v);
    return err;
}

static int store_export(struct store_tx *tx, void *ctx)
{
    struct exporting *e = ctx;
    uint64_t from;
    int err;

    do {
        from = e->last;
        err = log_span(tx, from + 1, PAGE, row_export, e);
    } while (!err && e->last != from);
    return err;
}

int audit_export(struct store *s, int (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
    struct exporting e = {line, ctx, 0};

    return store_read(s, store_export, &e);
}

struct proving {
    uint64_t seq;
    struct audit_row row;
    struct audit_head head;
    struct tree_path path;
};

static int row_keep(void *ctx, const struct audit_row *row)
{
    *(struct audit_row *)ctx = *row;
    return 0;
}

static int store_prove(struct store_tx *tx, void *ctx)
{
    struct proving *p = ctx;
    uint8_t last[AUDIT_HASH];
    struct tree_source src = log_source(tx);
    struct tree tree;
    int err = log_tree(tx, &tree, last);

    if (!err && p->head.size == 0) { /* no head was given: of all rows, signed by the caller */
        p->head.size = tree.size;
        tree_root(&tree, p->head.root);
    }
    if (!err && (p->seq == 0 || p->seq > p->head.size))
        err = -SK_ENOTFOUND;
    if (!err)
        err = log_span(tx, p->seq, 1, row_keep, &p->row);
    if (!err && p->row.seq != p->seq)
        err = -SK_EIO;
    return err ? err : tree_inclusion(&src, p->seq - 1, p->head.size, &p->path);
}

void path_json(json_t *list, const struct tree_path *path)
{
    char text[SK_B64_SIZE(AUDIT_HASH)];

    for (size_t i = 0; i < path->count; i++) {
        sk_b64url_encode(text, path->hash[i], AUDIT_HASH);
        json_array_append_new(list, json_string(text));
    }
}

static json_t *proof_json(const struct proving *p)
{
    json_t *v = json_object(), *path = json_array();

    json_object_set_new(v, "row", row_json(&p->row));
    json_object_set_new(v, "head", head_json(&p->head));
    json_object_set_new(v, "path", path);
    path_json(path, &p->path);
    return v;
}

int log_proof(struct store *s, uint64_t seq, const struct audit_head *head, json_t **out)
{
    struct proving p = {.seq = seq, .head = *head};
    int err = store_read(s, store_prove, &p);

    if (!err)
        *out = proof_json(&p);
    return err;
}

int audit_prove(struct store *s, const char *data_dir, uint64_t seq, struct sk_buf *out)
{
    struct proving p = {.seq = seq};
    struct head_key key;
    int err = store_read(s, store_prove, &p);

    if (!err)
        err = head_key_load(&key, data_dir, NULL);
    p.head.at_ms = sk_clock_wall_ms();
    if (!err)
        err = head_sign(&p.head, &key);
    crypto_wipe(key.secret, sizeof(key.secret));
    if (!err) {
        json_t *v = proof_json(&p);
        char *text = sk_json_text(v, NULL);
        err = text ? sk_buf_add_str(out, text) : -SK_ENOMEM;
        free(text);
        json_decref(v);
    }
    return err;
}
