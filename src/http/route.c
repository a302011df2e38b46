/* The route table: every room's rows in one tree of path segments. */
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "http/internal.h"

/* Children hang in a list: a node has a handful, and a path at most eight segments. */
struct route_node {
    struct route_node *next, *literals, *param;
    const char *segment; /* of the row's path; for a parameter, its name */
    size_t len;
    const struct route *rows[ROUTE_METHOD_COUNT];
};

static const char *const method_names[ROUTE_METHOD_COUNT] = {
    [ROUTE_GET] = "GET",     [ROUTE_POST] = "POST",     [ROUTE_PUT] = "PUT",
    [ROUTE_PATCH] = "PATCH", [ROUTE_DELETE] = "DELETE",
};

static const struct route_table *used;

void route_table_use(const struct route_table *t)
{
    used = t;
}

const struct route_table *route_table_used(void)
{
    return used;
}

const char *route_method_name(enum route_method m)
{
    return method_names[m];
}

static int method_parse(const char *text, enum route_method *out)
{
    if (strcmp(text, "HEAD") == 0)
        text = "GET";
    for (int m = 0; m < ROUTE_METHOD_COUNT; m++) {
        if (strcmp(text, method_names[m]) == 0) {
            *out = (enum route_method)m;
            return 0;
        }
    }
    return -SK_EUNSUPPORTED;
}

static int segment_is_param(const char *s, size_t len)
{
    return len > 2 && s[0] == '{' && s[len - 1] == '}';
}

/* Our own text: letters of URLs, or {lower-case-name}. */
static int segment_is_good(const char *s, size_t len)
{
    int param = segment_is_param(s, len);

    if (!len)
        return 0;
    for (size_t i = param ? 1 : 0; i < (param ? len - 1 : len); i++) {
        char c = s[i];
        int word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!word && (param || c != '.'))
            return 0;
    }
    return 1;
}

static int refuse(struct sk_buf *why, const struct route *row, const char *what)
{
    const char *method = row->method ? row->method : "?", *path = row->path ? row->path : "?";

    /* The sentence is for the operator; without room for it the refusal stands all the same. */
    if (why && sk_buf_addf(why, "route %s %s: %s", method, path, what))
        sk_buf_reset(why);
    return -SK_EINVAL;
}

static int row_check(const struct route *row, struct sk_buf *why)
{
    if (!row->permission || !row->permission[0])
        return refuse(why, row, "declares no permission");
    if (!row->handle)
        return refuse(why, row, "has no handler");
    if (!row->path || row->path[0] != '/' || strlen(row->path) >= 256)
        return refuse(why, row, "path must begin with '/' and be short");
    if (!row->openapi)
        return 0;
    json_t *op = json_loads(row->openapi, JSON_REJECT_DUPLICATES, NULL);
    int good = json_is_object(op);
    json_decref(op);
    return good ? 0 : refuse(why, row, "openapi text is not a JSON object");
}

static struct route_node *literal_find(const struct route_node *n, const char *s, size_t len)
{
    for (struct route_node *c = n->literals; c; c = c->next)
        if (c->len == len && memcmp(c->segment, s, len) == 0)
            return c;
    return NULL;
}

static struct route_node *child_need(struct route_node *n, const char *s, size_t len)
{
    int param = segment_is_param(s, len);
    struct route_node *c = param ? n->param : literal_find(n, s, len);

    if (c)
        return c;
    c = sk_alloc(sizeof(*c));
    c->segment = param ? s + 1 : s;
    c->len = param ? len - 2 : len;
    if (param) {
        n->param = c;
    } else {
        c->next = n->literals;
        n->literals = c;
    }
    return c;
}

int route_table_add(struct route_table *t, const struct route *row, struct sk_buf *why)
{
    enum route_method method;
    size_t params = 0;
    int err = row_check(row, why);

    if (err)
        return err;
    if (!row->method || method_parse(row->method, &method) || strcmp(row->method, "HEAD") == 0)
        return refuse(why, row, "unknown method");
    if (!t->root)
        t->root = sk_alloc(sizeof(*t->root));
    struct route_node *n = t->root;
    for (const char *s = row->path + 1;; s++) {
        size_t len = strcspn(s, "/");
        if (!segment_is_good(s, len))
            return refuse(why, row, "malformed path");
        params += (size_t)segment_is_param(s, len);
        if (params > HTTP_PARAMS_MAX)
            return refuse(why, row, "too many parameters");
        n = child_need(n, s, len);
        s += len;
        if (!*s)
            break;
    }
    if (n->rows[method]) {
        refuse(why, row, "declared twice");
        return -SK_ECONFLICT;
    }
    n->rows[method] = row;
    t->count++;
    return 0;
}

static void node_free(struct route_node *n)
{
    while (n) {
        struct route_node *next = n->next;
        node_free(n->literals);
        node_free(n->param);
        free(n);
        n = next;
    }
}

void route_table_fini(struct route_table *t)
{
    node_free(t->root);
    *t = (struct route_table){0};
}

struct walk {
    enum route_method method;
    int method_known;
    const char *path;
    struct route_match *out;
};

/* 1 when `n` or what hangs below it holds the row for the rest of the path at `s`. */
static int node_find(const struct walk *w, const struct route_node *n, const char *s)
{
    struct route_match *out = w->out;
    size_t len = strcspn(s, "/");
    int last = s[len] == '\0';
    const struct route_node *options[2] = {literal_find(n, s, len), len ? n->param : NULL};

    for (int i = 0; i < 2; i++) {
        const struct route_node *c = options[i];
        size_t mark = out->param_count;
        if (!c)
            continue;
        if (i == 1) {
            SK_ASSERT(mark < HTTP_PARAMS_MAX);
            out->params[out->param_count++] =
                (struct route_param){c->segment, c->len, (size_t)(s - w->path), len};
        }
        if (!last && node_find(w, c, s + len + 1))
            return 1;
        for (int m = 0; last && m < ROUTE_METHOD_COUNT; m++)
            out->allowed |= c->rows[m] ? 1u << m : 0;
        if (last && w->method_known && c->rows[w->method]) {
            out->row = c->rows[w->method];
            return 1;
        }
        out->param_count = mark;
    }
    return 0;
}

int route_table_find(const struct route_table *t, const char *method, const char *path,
                     struct route_match *out)
{
    struct walk w = {.path = path, .out = out};

    *out = (struct route_match){0};
    if (!t || !t->root || path[0] != '/')
        return -SK_ENOTFOUND;
    w.method_known = method_parse(method, &w.method) == 0;
    if (node_find(&w, t->root, path + 1))
        return 0;
    return out->allowed ? -SK_EUNSUPPORTED : -SK_ENOTFOUND;
}
