/* Private to the audit room. tree.c and row.c are pure; log.c speaks to the store, head.c to the
 * key and the files of heads; room.c holds what runs. */
#ifndef SK_AUDIT_INTERNAL_H
#define SK_AUDIT_INTERNAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "core/audit.h"
#include "http/http.h"
#include "store/store.h"

enum { AUDIT_HASH = 32 };

/* ---- tree.c: RFC 9162 2.1 ---- */

enum { TREE_EDGE_MAX = 63, TREE_PATH_MAX = 64 };

/* A tree by its right edge: the roots of its full subtrees, largest first, one for each bit of
 * `size`. Zero is the empty tree. */
struct tree {
    uint64_t size;
    uint8_t edge[TREE_EDGE_MAX][AUDIT_HASH];
};

void tree_leaf_hash(uint8_t out[AUDIT_HASH], const void *data, size_t len);
void tree_node_hash(uint8_t out[AUDIT_HASH], const uint8_t *left, const uint8_t *right);
size_t tree_edge_count(uint64_t size);

/* Append one leaf in O(log n). `full` (may be NULL) hears of every subtree of two or more leaves
 * that becomes full; not 0 ends with that code and the tree must be thrown away. */
SK_MUST int tree_append(struct tree *t, const uint8_t leaf[AUDIT_HASH],
                        int (*full)(void *ctx, unsigned level, uint64_t place,
                                    const uint8_t hash[AUDIT_HASH]),
                        void *ctx);
/* The root; of the empty tree SHA-256 of nothing. */
void tree_root(const struct tree *t, uint8_t out[AUDIT_HASH]);

/* Where the hashes of a stored tree come from: the root of the full subtree of 2^level leaves that
 * begins at leaf place * 2^level. */
struct tree_source {
    int (*full)(void *ctx, unsigned level, uint64_t place, uint8_t out[AUDIT_HASH]);
    void *ctx;
};

struct tree_path {
    size_t count;
    uint8_t hash[TREE_PATH_MAX][AUDIT_HASH];
};

/* Root of the leaves from `first` to before `end` (first < end), as RFC 9162 splits them. */
SK_MUST int tree_span_root(const struct tree_source *src, uint64_t first, uint64_t end,
                           uint8_t out[AUDIT_HASH]);
/* PATH(index, D_size), RFC 9162 2.1.3.1; PROOF(from, D_to), 2.1.4.1. -SK_EINVAL out of range. */
SK_MUST int tree_inclusion(const struct tree_source *src, uint64_t index, uint64_t size,
                           struct tree_path *out);
SK_MUST int tree_consistency(const struct tree_source *src, uint64_t from, uint64_t to,
                             struct tree_path *out);
/* The verifiers of RFC 9162 2.1.3.2 and 2.1.4.2: 0 or -SK_ECRYPTO. */
SK_MUST int tree_inclusion_check(const struct tree_path *path, uint64_t index, uint64_t size,
                                 const uint8_t leaf[AUDIT_HASH], const uint8_t root[AUDIT_HASH]);
SK_MUST int tree_consistency_check(const struct tree_path *path, uint64_t from, uint64_t to,
                                   const uint8_t from_root[AUDIT_HASH],
                                   const uint8_t to_root[AUDIT_HASH]);

/* ---- row.c: one row, its canonical bytes and its JSON form ---- */

enum {
    ROW_BYTES_MAX =
        1 + 8 + 8 + AUDIT_HASH + 9 * 4 + 4 * AUDIT_WORD_MAX + 4 * AUDIT_ID_MAX + AUDIT_DETAIL_MAX,
    ROW_LINE_MAX = 8192
};

struct audit_row {
    uint64_t seq;
    int64_t at_ms;
    char actor_kind[AUDIT_WORD_MAX + 1], actor[AUDIT_ID_MAX + 1], session[AUDIT_ID_MAX + 1];
    char action[AUDIT_WORD_MAX + 1], object_kind[AUDIT_WORD_MAX + 1], object[AUDIT_ID_MAX + 1];
    char result[AUDIT_WORD_MAX + 1], source[AUDIT_ID_MAX + 1], detail[AUDIT_DETAIL_MAX + 1];
    uint8_t prev[AUDIT_HASH], hash[AUDIT_HASH];
    char organization[ORGANIZATION_ID_SIZE]; /* to file it under, "" = found out; not hashed */
};

/* Copy what was told; -SK_EINTERNAL: a text beyond its bound, or none for the action. */
SK_MUST int row_fill(struct audit_row *row, const struct audit_entry *e);
/* 0x01, seq, at, prev, then each text with its length, all big-endian; docs/design/audit.md. */
size_t row_encode(uint8_t out[ROW_BYTES_MAX], const struct audit_row *row);
/* The hash that the row's content gives; it goes to `out`, not to row->hash. */
void row_hash(uint8_t out[AUDIT_HASH], const struct audit_row *row);
/* New reference. */
json_t *row_json(const struct audit_row *row);
/* Strict reverse of row_json. -SK_EINVAL. */
SK_MUST int row_parse(struct audit_row *row, const char *line, size_t len);

/* ---- head.c: signed heads ---- */

enum { HEAD_KEY_ID = 8, HEAD_LINE_MAX = 1024, HEAD_SPKI_BYTES = 91 };

struct audit_head {
    uint64_t size;
    int64_t at_ms;
    uint8_t root[AUDIT_HASH];
    uint8_t key_id[HEAD_KEY_ID]; /* first bytes of SHA-256 of the public key (SPKI, DER) */
    uint8_t sig[64];             /* ECDSA P-256, r || s, over SHA-256 of head_bytes */
};

struct head_key {
    uint8_t secret[32], public_key[65], id[HEAD_KEY_ID];
};

/* `data_dir`/audit/key (secret, hex) and key.pem (public). Made when there is none (`*made` = 1);
 * with `made` NULL that is -SK_ENOTFOUND and nothing is written. Wipe it after use. */
SK_MUST int head_key_load(struct head_key *key, const char *data_dir, int *made);
/* Read a PEM public key as key_id and point; -SK_EINVAL. */
SK_MUST int head_public_read(struct head_key *key, const char *path);
SK_MUST int head_sign(struct audit_head *head, const struct head_key *key);
SK_MUST int head_check(const struct audit_head *head, const struct head_key *key);
json_t *head_json(const struct audit_head *head);
/* 0; -SK_EAGAIN: the line is of another kind (a note); -SK_EINVAL. */
SK_MUST int head_parse(struct audit_head *head, const char *line, size_t len);

/* Append one line and sync. -SK_ESTORAGE. */
SK_MUST int head_line_write(int fd, const char *text, size_t len);
SK_MUST int head_file_open(const char *data_dir, int *fd);
/* Walk all heads of a file, in order. A file that is not there has none. */
SK_MUST int head_walk(const char *path, int (*fn)(void *ctx, const struct audit_head *head),
                      void *ctx);

/* ---- log.c: the store's side ---- */

/* Append `row` (its content is filled; seq, prev and hash are set here) in a running write. */
SK_MUST int log_append(struct store_tx *tx, struct audit_row *row);
SK_MUST int log_tree(struct store_tx *tx, struct tree *tree, uint8_t last_hash[AUDIT_HASH]);
/* A source over the stored rows and nodes of one transaction. */
struct tree_source log_source(struct store_tx *tx);

typedef int (*log_row_fn)(void *ctx, const struct audit_row *row);
SK_MUST int log_span(struct store_tx *tx, uint64_t first, size_t limit, log_row_fn fn, void *ctx);

struct log_filter {
    const char *actor, *action, *object, *session, *result; /* never NULL; "" = any */
    const char *organization;                               /* rows filed under it; "" = all rows */
    int64_t from_ms, to_ms;
    uint64_t before; /* rows below this number */
    size_t limit;
};
SK_MUST int log_find(struct store_tx *tx, const struct log_filter *f, log_row_fn fn, void *ctx);
/* Is the row filed under the organization? */
SK_MUST int log_is_filed(struct store_tx *tx, const char *organization, uint64_t seq, int *is);

/* ---- verify.c ---- */

/* Append the hashes of a path as base64url texts. */
void path_json(json_t *list, const struct tree_path *path);
/* The proof of row `seq` under `head`, as a new reference. -SK_ENOTFOUND. */
SK_MUST int log_proof(struct store *s, uint64_t seq, const struct audit_head *head, json_t **out);

struct verifier {
    struct audit_verdict v;
    struct tree tree;
    uint8_t last[AUDIT_HASH];
    const struct audit_head *heads; /* rising in size */
    size_t head_count, head_next;
};
/* Feed rows in order; not 0 (SK_EINTERNAL aside) never: faults go to the verdict. */
void verifier_row(struct verifier *vf, const struct audit_row *row);
void verifier_end(struct verifier *vf);

/* ---- data.c: who read and wrote personal data ---- */

/* Watch the store (store/watch.h) and write down what it tells. -SK_ENOMEM. Main thread, at start
 * and at the end, when no other room runs. */
SK_MUST int data_start(struct store *store);
/* Write what is gathered, then watch no more. */
void data_stop(void);

/* ---- room.c ---- */

struct store *audit_store(void);
/* The newest signed head; one is signed now if it has fewer than `size` rows. -SK_ENOTFOUND:
 * there are fewer rows than that. */
SK_MUST int audit_head_get(struct audit_head *out, uint64_t size);
/* How the check at start went: 1 when the rows still give the last signed root. */
int audit_is_whole(void);
const char *audit_public_pem(void);

extern const struct route audit_routes[]; /* api.c */

#endif
