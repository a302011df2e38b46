/* The routes by which the log is read. Nothing writes to it from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/internal.h"
#include "base/json.h"
#include "base/text.h"

enum { PAGE_MAX = 200, PAGE_DEFAULT = 50, EXPORT_MAX = 1000, EXPORT_BYTES_MAX = 2 << 20 };

static const int64_t number_max = 1LL << 53;

/* ---- finding --------------------------------------------------------------------------------- */

static int word_query(struct http_request *req, const char *name, size_t max, const char **out)
{
    const char *text = http_query(req, name);

    *out = text ? text : "";
    return strlen(*out) > max ? -SK_EINVAL : 0;
}

/* Operators read all rows; others those that are filed under their own organization. "" = all. */
static const char *reader_organization(struct http_request *req)
{
    const struct object_ref box = {"box", NULL};

    return may(http_principal(req), "audit.read-all", box) ? http_principal(req)->organization : "";
}

static int filter_take(struct http_request *req, struct log_filter *f)
{
    int64_t before = 0, limit = 0;
    int err = word_query(req, "actor", AUDIT_ID_MAX, &f->actor);

    if (!err)
        err = word_query(req, "action", AUDIT_WORD_MAX, &f->action);
    if (!err)
        err = word_query(req, "object", AUDIT_ID_MAX, &f->object);
    if (!err)
        err = word_query(req, "session", AUDIT_ID_MAX, &f->session);
    if (!err)
        err = word_query(req, "result", AUDIT_WORD_MAX, &f->result);
    if (!err)
        err = http_query_int(req, "from", 0, number_max, 0, &f->from_ms);
    if (!err)
        err = http_query_int(req, "to", 0, number_max, number_max, &f->to_ms);
    if (!err)
        err = http_query_int(req, "cursor", 1, number_max, number_max, &before);
    if (!err)
        err = http_query_int(req, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &limit);
    f->organization = reader_organization(req);
    f->before = (uint64_t)before;
    f->limit = (size_t)limit + 1; /* one more tells whether there is a next page */
    return err;
}

struct finding {
    struct log_filter filter;
    json_t *rows;
    uint64_t last, size;
    int has_more;
};

static int row_list(void *ctx, const struct audit_row *row)
{
    struct finding *f = ctx;

    if (json_array_size(f->rows) + 1 == f->filter.limit) {
        f->has_more = 1;
        return STORE_STOP;
    }
    f->last = row->seq;
    return json_array_append_new(f->rows, row_json(row)) ? -SK_ENOMEM : 0;
}

static int find_read(struct store_tx *tx, void *ctx)
{
    struct finding *f = ctx;
    uint8_t last[AUDIT_HASH];
    struct tree tree;
    int err = log_tree(tx, &tree, last);

    json_array_clear(f->rows);
    f->size = tree.size;
    f->has_more = 0;
    return err ? err : log_find(tx, &f->filter, row_list, f);
}

static int api_find(struct http_request *req)
{
    struct finding f = {.rows = NULL};
    char next[24];
    int err = filter_take(req, &f.filter);

    if (err)
        return http_problem(req, err, NULL);
    f.rows = json_array();
    err = store_read(audit_store(), find_read, &f);
    if (err) {
        json_decref(f.rows);
        return http_problem(req, err, NULL);
    }
    json_t *answer = json_object();
    json_object_set_new(answer, "rows", f.rows);
    sk_json_set_int(answer, "size", (int64_t)f.size);
    if (f.has_more) {
        snprintf(next, sizeof(next), "%llu", (unsigned long long)f.last);
        sk_json_set_str(answer, "next", next);
    }
    return http_json(req, 200, answer);
}

/* ---- heads and proofs ------------------------------------------------------------------------ */

static int size_read(struct store_tx *tx, void *ctx)
{
    uint8_t last[AUDIT_HASH];

    return log_tree(tx, ctx, last);
}

static int api_head(struct http_request *req)
{
    struct audit_head head;
    struct tree tree;
    int err = audit_head_get(&head, 1);

    if (!err)
        err = store_read(audit_store(), size_read, &tree);
    if (err)
        return http_problem(req, err, NULL);
    json_t *answer = json_object();
    json_object_set_new(answer, "head", head_json(&head));
    sk_json_set_int(answer, "size", (int64_t)tree.size);
    sk_json_set_bool(answer, "whole", audit_is_whole());
    sk_json_set_str(answer, "public_key", audit_public_pem());
    return http_json(req, 200, answer);
}

struct filed {
    const char *organization;
    uint64_t seq;
    int is;
};

static int filed_read(struct store_tx *tx, void *ctx)
{
    struct filed *f = ctx;

    return log_is_filed(tx, f->organization, f->seq, &f->is);
}

/* 0, or -SK_ENOTFOUND: a row of others is as absent as one that never was. */
static int reader_check(struct http_request *req, uint64_t seq)
{
    struct filed f = {.organization = reader_organization(req), .seq = seq};

    if (!f.organization[0])
        return 0;
    int err = store_read(audit_store(), filed_read, &f);
    return err ? err : f.is ? 0 : -SK_ENOTFOUND;
}

static int api_proof(struct http_request *req)
{
    const char *text = http_param(req, "seq");
    struct audit_head head;
    uint64_t seq = 0;
    json_t *proof = NULL;
    int err = sk_parse_u64(&seq, text, strlen(text), (uint64_t)number_max) || !seq
                  ? -SK_ENOTFOUND
                  : reader_check(req, seq);

    if (!err)
        err = audit_head_get(&head, seq);
    if (!err)
        err = log_proof(audit_store(), seq, &head, &proof);
    return err ? http_problem(req, err, NULL) : http_json(req, 200, proof);
}

struct consistency {
    uint64_t from, to;
    struct tree_path path;
    uint8_t from_root[AUDIT_HASH], to_root[AUDIT_HASH];
};

static int consistency_read(struct store_tx *tx, void *ctx)
{
    struct consistency *c = ctx;
    struct tree_source src = log_source(tx);
    struct tree tree;
    int err = size_read(tx, &tree);

    if (!err && c->to > tree.size)
        err = -SK_ENOTFOUND;
    if (!err)
        err = tree_consistency(&src, c->from, c->to, &c->path);
    if (!err)
        err = tree_span_root(&src, 0, c->from, c->from_root);
    return err ? err : tree_span_root(&src, 0, c->to, c->to_root);
}

static int api_consistency(struct http_request *req)
{
    struct consistency c;
    int64_t from = 0, to = 0;
    int err = http_query_int(req, "from", 1, number_max, 0, &from);

    if (!err)
        err = http_query_int(req, "to", 1, number_max, 0, &to);
    if (!err && (!from || from > to))
        err = -SK_EINVAL;
    c.from = (uint64_t)from;
    c.to = (uint64_t)to;
    if (!err)
        err = store_read(audit_store(), consistency_read, &c);
    if (err)
        return http_problem(req, err, NULL);
    json_t *answer = json_object(), *path = json_array();
    sk_json_set_int(answer, "from", from);
    sk_json_set_int(answer, "to", to);
    sk_json_set_bin(answer, "from_root", c.from_root, AUDIT_HASH);
    sk_json_set_bin(answer, "to_root", c.to_root, AUDIT_HASH);
    json_object_set_new(answer, "path", path);
    path_json(path, &c.path);
    return http_json(req, 200, answer);
}

/* ---- export ---------------------------------------------------------------------------------- */

struct export_page {
    int64_t from, limit, count;
    struct sk_buf text;
};

static int row_line(void *ctx, const struct audit_row *row)
{
    struct export_page *page = ctx;
    json_t *v = row_json(row);
    size_t len = 0;
    char *text = sk_json_text(v, &len);
    int err = text ? sk_buf_add(&page->text, text, len) : -SK_ENOMEM;

    if (!err)
        err = sk_buf_add_u8(&page->text, '\n');
    page->count++;
    free(text);
    json_decref(v);
    return err;
}

static int export_read(struct store_tx *tx, void *ctx)
{
    struct export_page *page = ctx;

    sk_buf_reset(&page->text);
    page->count = 0;
    return log_span(tx, (uint64_t)page->from, (size_t)page->limit, row_line, page);
}

/* That somebody took the log away is itself an act. */
static int export_record(struct http_request *req, const struct export_page *page)
{
    const struct principal *p = http_principal(req);
    char detail[96];

    snprintf(detail, sizeof(detail), "{\"from\":%lld,\"rows\":%lld}", (long long)page->from,
             (long long)page->count);
    return audit_write(AUDIT(.at_ms = http_now_ms(req), .actor_kind = "account",
                             .actor = p->account, .session = p->session, .action = "audit.exported",
                             .object_kind = "audit", .source = p->source, .detail = detail));
}

static int api_export(struct http_request *req)
{
    struct export_page page = {.from = 0};
    int err = http_query_int(req, "from", 1, number_max, 1, &page.from);

    if (!err)
        err = http_query_int(req, "limit", 1, EXPORT_MAX, EXPORT_MAX, &page.limit);
    sk_buf_init(&page.text, EXPORT_BYTES_MAX);
    if (!err)
        err = store_read(audit_store(), export_read, &page);
    if (!err)
        err = export_record(req, &page);
    if (err)
        http_problem(req, err, NULL);
    else
        http_bytes(req, 200, "application/jsonl", page.text.len ? page.text.data : (void *)"",
                   page.text.len);
    sk_buf_fini(&page.text);
    return 0;
}

/* ---- routes ---------------------------------------------------------------------------------- */

#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"integer\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define LIST(of) "{\"type\":\"array\",\"items\":" of "}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                  \
    "],\"properties\":{" properties "}}"
#define QUERY(name, schema) "{\"name\":\"" name "\",\"in\":\"query\",\"schema\":" schema "}"
#define BOUNDED(max) "{\"type\":\"integer\",\"minimum\":1,\"maximum\":" max "}"
#define OPERATION(summary, parameters, type, schema)                                               \
    "{\"summary\":\"" summary "\",\"parameters\":[" parameters                                     \
    "],\"responses\":{\"200\":{\"description\":\"Done\",\"content\":{\"" type                      \
    "\":{\"schema\":" schema "}}}}}"
#define JSON "application/json"

#define ROW                                                                                        \
    OBJECT("\"seq\",\"at\",\"actor_kind\",\"actor\",\"session\",\"action\",\"object_kind\","       \
           "\"object\",\"result\",\"source\",\"detail\",\"prev\",\"hash\"",                        \
           "\"seq\":" NUMBER ",\"at\":" NUMBER ",\"actor_kind\":" TEXT ",\"actor\":" TEXT          \
           ",\"session\":" TEXT ",\"action\":" TEXT ",\"object_kind\":" TEXT ",\"object\":" TEXT   \
           ",\"result\":" TEXT ",\"source\":" TEXT ",\"detail\":" TEXT ",\"prev\":" TEXT           \
           ",\"hash\":" TEXT)
#define HEAD                                                                                       \
    OBJECT("\"size\",\"at\",\"root\",\"key\",\"sig\"",                                             \
           "\"size\":" NUMBER ",\"at\":" NUMBER ",\"root\":" TEXT ",\"key\":" TEXT                 \
           ",\"sig\":" TEXT)

const struct route audit_routes[] = {
    {"GET", "/api/v1/audit", "audit.read", 0, NULL, api_find,
     OPERATION(
         "What was done, newest first. actor, object: an id or a kind; action: a name, or a "
         "group such as `session.`; from, to: ms UTC",
         QUERY("actor", TEXT) "," QUERY("action", TEXT) "," QUERY("object", TEXT) "," QUERY(
             "session",
             TEXT) "," QUERY("result",
                             TEXT) "," QUERY("from",
                                             NUMBER) "," QUERY("to",
                                                               NUMBER) "," QUERY("cursor",
                                                                                 TEXT) "," QUERY("l"
                                                                                                 "i"
                                                                                                 "m"
                                                                                                 "i"
                                                                                                 "t",
                                                                                                 BOUNDED(
                                                                                                     "200")),
         JSON,
         OBJECT("\"rows\",\"size\"", "\"rows\":" LIST(ROW) ",\"size\":" NUMBER ",\"next\":" TEXT))},
    {"GET", "/api/v1/audit/head", "audit.read", 0, NULL, api_head,
     OPERATION("The newest signed head, how many rows there are now, and whether the check at "
               "start found the log whole",
               "", JSON,
               OBJECT("\"head\",\"size\",\"whole\",\"public_key\"",
                      "\"head\":" HEAD ",\"size\":" NUMBER ",\"whole\":" FLAG
                      ",\"public_key\":" TEXT))},
    {"GET", "/api/v1/audit/consistency", "audit.read", 0, NULL, api_consistency,
     OPERATION("Proof that the log of `from` rows is the beginning of the log of `to` rows "
               "(RFC 9162 2.1.4)",
               QUERY("from", NUMBER) "," QUERY("to", NUMBER), JSON,
               OBJECT("\"from\",\"to\",\"from_root\",\"to_root\",\"path\"",
                      "\"from\":" NUMBER ",\"to\":" NUMBER ",\"from_root\":" TEXT
                      ",\"to_root\":" TEXT ",\"path\":" LIST(TEXT)))},
    {"GET", "/api/v1/audit/export", "audit.export", 0, NULL, api_export,
     OPERATION("Rows as JSON lines, oldest first, from row number `from`; the end is reached when "
               "fewer than `limit` rows come",
               QUERY("from", NUMBER) "," QUERY("limit", BOUNDED("1000")), "application/jsonl",
               TEXT)},
    {"GET", "/api/v1/audit/{seq}/proof", "audit.read", 0, NULL, api_proof,
     OPERATION("Proof that a row is in the log (RFC 9162 2.1.3): leaf index = seq - 1",
               "{\"name\":\"seq\",\"in\":\"path\",\"required\":true,\"schema\":" NUMBER "}", JSON,
               OBJECT("\"row\",\"head\",\"path\"",
                      "\"row\":" ROW ",\"head\":" HEAD ",\"path\":" LIST(TEXT)))},
    {0},
};
