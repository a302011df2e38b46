/* Private parts of the http room: the route table, the request in flight, the answer writer. */
#ifndef SK_HTTP_INTERNAL_H
#define SK_HTTP_INTERNAL_H

#include "base/buf.h"
#include "core/authorize.h"
#include "edge/edge.h"
#include "http/http.h"

struct mg_connection;

enum {
    HTTP_PARAMS_MAX = 4,
    HTTP_QUERIES_MAX = 16,
    HTTP_HEADERS_MAX_BYTES = 8192,
    HTTP_ANSWER_MAX_BYTES = 16 << 20,
    HTTP_ABOUT_MAX = 16
};

/* ---- route.c: the table ---- */

enum route_method {
    ROUTE_GET,
    ROUTE_POST,
    ROUTE_PUT,
    ROUTE_PATCH,
    ROUTE_DELETE,
    ROUTE_METHOD_COUNT,
};

struct route_node; /* one path segment */

/* All rows by path, one tree of segments; a literal segment goes before {name}. Built at start by
 * one thread, read by all afterwards. */
struct route_table {
    struct route_node *root;
    size_t count;
};

struct route_param {
    const char *name; /* of the row; not terminated */
    size_t name_len;
    size_t at, len; /* where the value stands in the path */
};

struct route_match {
    const struct route *row;
    struct route_param params[HTTP_PARAMS_MAX];
    size_t param_count;
    unsigned allowed; /* bit per enum route_method that the path knows */
};

/* Add a row. -SK_EINVAL with a sentence in `why`: unknown method, malformed path, no permission,
 * no handler, openapi text that is not a JSON object; -SK_ECONFLICT: the same method and path. */
SK_MUST int route_table_add(struct route_table *t, const struct route *row, struct sk_buf *why);
void route_table_fini(struct route_table *t);

/* Find the row; HEAD finds GET. -SK_ENOTFOUND: no such path; -SK_EUNSUPPORTED: the path exists with
 * other methods (`out->allowed`). */
SK_MUST int route_table_find(const struct route_table *t, const char *method, const char *path,
                             struct route_match *out);
const char *route_method_name(enum route_method m);

/* The room's table, set once at start. */
void route_table_use(const struct route_table *t);
const struct route_table *route_table_used(void);

/* ---- request.c ---- */

struct http_query_member {
    const char *name, *value;
};

struct http_request {
    struct mg_connection *conn; /* NULL in tests: the answer stays in `answer` */
    struct edge_request facts;
    struct house *house;
    int64_t now_ms;

    struct route_match match;
    char path[sizeof(((struct edge_request *)0)->path)];   /* values cut out by zeros */
    char query[sizeof(((struct edge_request *)0)->query)]; /* decoded in place */
    struct http_query_member queries[HTTP_QUERIES_MAX];
    size_t query_count;
    struct sk_buf body;
    json_t *json; /* parsed body, owned */

    struct sk_buf headers; /* extra fields of the answer, each with CRLF */
    struct sk_buf answer;  /* the whole answer, head and body */
    int answered;
    int status;
};

void request_init(struct http_request *req, const struct edge_request *facts, struct house *house,
                  int64_t now_ms);
void request_fini(struct http_request *req);

/* Split and decode `req->facts.query` into members. -SK_EINVAL: broken percent escape, not UTF-8,
 * U+0000, an empty or repeated name, more than HTTP_QUERIES_MAX. */
SK_MUST int request_query_parse(struct http_request *req);

/* Cut the path values of `req->match` out of the path. */
void request_params_take(struct http_request *req);

/* Route, read the body's head facts, ask the gates, call the handler. `body_type` is the
 * Content-Type field or NULL. Always leaves exactly one answer. */
void request_serve(struct http_request *req, const char *body_type);

/* The gates alone, without body and handler; for request_serve and the tests: 0, or the problem
 * has been answered (-1). */
SK_MUST int request_gate(struct http_request *req);

/* ---- answer.c ---- */

/* The slug that the contract knows for an error, and the problem object (new reference). */
const char *problem_code(int err);
json_t *problem_make(int status, const char *code, const char *title, const char *request_id,
                     json_t *extra);

/* ---- openapi.c, system.c, token.c ---- */

/* Assemble the document from one table of rows; new reference. */
json_t *openapi_assemble(const struct room *const *rooms);
extern const struct route system_routes[];

/* Read or make `data_dir`/metrics.token (0600). 0, -SK_EDENIED others may read it, -SK_EIO. */
SK_MUST int metrics_token_load(const char *data_dir);
/* 1 when the raw Authorization field bears it. Constant time in the token. */
int metrics_token_holds(const char *authorization);
void metrics_token_wipe(void);

#endif
