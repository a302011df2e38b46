/* A request on its way to `http`: what the edge learnt of it, its body, and the clean request that
 * is written for CivetWeb. Nothing of the client's own bytes but path, query, host, content type
 * and body gets through. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/abuse.h"
#include "core/metrics.h"
#include "edge/internal.h"

/* Copy a text of the head; -SK_ETOOBIG when it does not fit. NULL gives "". */
static int text_copy(char *out, size_t cap, const struct http1_text *t)
{
    size_t len = t != NULL ? t->len : 0;
    if (len >= cap)
        return -SK_ETOOBIG;
    if (len > 0)
        memcpy(out, t->p, len);
    out[len] = '\0';
    return 0;
}

static const struct http1_text *field(const struct http1_request *req, const char *name)
{
    return http1_field_find(req->fields, req->field_count, name);
}

/* All fields of the name in one text, as RFC 9421 2.1 joins them; "" when there is none. */
static int fields_join(char *out, size_t cap, const struct http1_request *req, const char *name)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < req->field_count; i++) {
        if (!http1_text_is(&req->fields[i].name, name))
            continue;
        if (at > 0) {
            if (sk_copy(out + at, cap - at, ", ") != 0)
                return -SK_ETOOBIG;
            at += 2;
        }
        if (text_copy(out + at, cap - at, &req->fields[i].value) != 0)
            return -SK_ETOOBIG;
        at += req->fields[i].value.len;
    }
    return 0;
}

static int signed_fields_fill(struct edge_request *row, const struct http1_request *req)
{
    int rc = text_copy(row->host, sizeof(row->host), &req->host);
    if (rc == 0)
        rc =
            fields_join(row->signature_input, sizeof(row->signature_input), req, "signature-input");
    if (rc == 0)
        rc = fields_join(row->signature, sizeof(row->signature), req, "signature");
    if (rc == 0)
        rc = fields_join(row->content_digest, sizeof(row->content_digest), req, "content-digest");
    row->path_is_plain = req->path_is_plain;
    return rc;
}

int origin_is_foreign(const struct http1_request *req)
{
    static const char scheme[] = "https://";
    const struct http1_text *origin = field(req, "origin");
    if (origin == NULL)
        return 0;
    if (origin->len != sizeof(scheme) - 1 + req->host.len ||
        memcmp(origin->p, scheme, sizeof(scheme) - 1) != 0)
        return 1;
    char host[256];
    if (text_copy(host, sizeof(host), &req->host) != 0)
        return 1;
    struct http1_text rest = {origin->p + sizeof(scheme) - 1, req->host.len};
    return !http1_text_is(&rest, host);
}

/* The one cookie beside the credential's that a room asks for: what a page elsewhere is to bring
 * back. */
static void return_cookie_take(struct edge_request *row, const char *cookie)
{
    static const char name[] = "__Host-skep-return=";
    int count = 0;

    row->return_cookie[0] = '\0';
    while (*cookie) {
        size_t len = strcspn(cookie, ";");
        if (strncmp(cookie, name, sizeof(name) - 1) == 0 && ++count == 1 &&
            len - (sizeof(name) - 1) < sizeof(row->return_cookie)) {
            memcpy(row->return_cookie, cookie + sizeof(name) - 1, len - (sizeof(name) - 1));
            row->return_cookie[len - (sizeof(name) - 1)] = '\0';
        }
        cookie += len;
        cookie += strspn(cookie, "; ");
    }
    if (count > 1)
        row->return_cookie[0] = '\0';
}

int exchange_row_fill(struct edge_request *row, const struct conn *c,
                      const struct http1_request *req)
{
    char cookie[COOKIE_MAX];
    const struct http1_text *cookie_field = field(req, "cookie");
    const struct http1_text *agent = field(req, "user-agent");
    struct http1_text agent_cut = {"", 0};
    if (agent != NULL)
        agent_cut = (struct http1_text){agent->p, agent->len < sizeof(row->user_agent)
                                                      ? agent->len
                                                      : sizeof(row->user_agent) - 1};
    int rc = sk_copy(row->method, sizeof(row->method), req->method);
    if (rc == 0)
        rc = sk_copy(row->path, sizeof(row->path), req->path);
    if (rc == 0)
        rc = sk_copy(row->query, sizeof(row->query), req->query);
    if (rc == 0)
        rc = text_copy(row->csrf, sizeof(row->csrf), field(req, "skep-csrf"));
    if (rc == 0)
        rc = text_copy(row->authorization, sizeof(row->authorization), field(req, "authorization"));
    if (rc == 0)
        rc = text_copy(row->user_agent, sizeof(row->user_agent), &agent_cut);
    if (rc == 0)
        rc = signed_fields_fill(row, req);
    if (rc == 0)
        rc = text_copy(cookie, sizeof(cookie), cookie_field);
    if (rc != 0)
        return rc;
    row->origin_is_foreign = origin_is_foreign(req);
    memcpy(row->request_id, c->request_id, sizeof(row->request_id));
    authenticate(cookie_field != NULL ? cookie : NULL,
                 row->authorization[0] != '\0' ? row->authorization : NULL, c->source,
                 sk_clock_wall_ms(), &row->principal);
    return_cookie_take(row, cookie_field != NULL ? cookie : "");
    sk_wipe(cookie, sizeof(cookie));
    return 0;
}

/* The media type without its parameters, letter case aside. */
static int type_matches(const struct http1_text *t, const char *want)
{
    struct http1_text type = *t;
    const char *semi = memchr(t->p, ';', t->len);
    if (semi != NULL)
        type.len = (size_t)(semi - t->p);
    while (type.len > 0 && (type.p[type.len - 1] == ' ' || type.p[type.len - 1] == '\t'))
        type.len--;
    return http1_text_is(&type, want);
}

/* "Allow: GET, POST" for a path that has other methods than the one that was used. */
static void allow_write(char *out, size_t cap, const char *path)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const char *type;
    size_t max, at = (size_t)snprintf(out, cap, "Allow:");
    int any = 0;
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (edge_get()->route_find(methods[i], path, &max, &type) == 0)
            at += (size_t)snprintf(out + at, cap - at, "%s %s", any++ ? "," : "", methods[i]);
}

/* What the edge says of a request that it does not pass on. */
struct verdict {
    struct problem problem;
    const char *why;
    char allow[64];
};

/* Whether there is such a route and it takes such a body; else the verdict is filled in. */
static int route_check(const struct http1_request *req, size_t *max, struct verdict *v)
{
    edge_route_fn find = edge_get()->route_find;
    const char *type = NULL;
    *max = 0;
    int rc = find != NULL ? find(req->method, req->path, max, &type) : -SK_EBUSY;
    if (rc != 0) {
        v->problem = problem_of(rc);
        v->why = rc == -SK_ENOTFOUND ? "no-route" : rc == -SK_EBUSY ? "not-ready" : "method";
        if (rc == -SK_EUNSUPPORTED) {
            allow_write(v->allow, sizeof(v->allow), req->path);
            v->problem = (struct problem){405, "bad-request", 0, v->allow};
        }
        return rc;
    }
    int has_body = req->body == HTTP1_BODY_CHUNKED || req->content_length > 0;
    if (!has_body)
        return 0;
    v->why = "body-large";
    v->problem = problem_of(-SK_ETOOBIG);
    if (*max == 0 || req->content_length > *max)
        return -SK_ETOOBIG;
    const struct http1_text *have = field(req, "content-type");
    if (type == NULL || (have != NULL && type_matches(have, type)))
        return 0;
    v->why = "body-type";
    v->problem = (struct problem){415, "bad-request", 0, NULL};
    return -SK_EUNSUPPORTED;
}

static struct exchange *exchange_new(struct conn *c, const struct http1_request *req, size_t max)
{
    struct exchange *ex = sk_alloc(sizeof(*ex));
    ex->conn = c;
    ex->home = c->home;
    ex->is_safe = strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
    ex->framing = req->body;
    ex->body_left = req->content_length;
    sk_buf_init(&ex->body, max);
    http1_chunks_init(&ex->chunks, max);
    return ex;
}

static int is_health(const char *path)
{
    return strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0;
}

/* Whose request it is decides what it may take and how long it may wait. 0, or answered. */
static int rank_judge(struct exchange *ex, struct conn *c)
{
    const struct principal *p = &ex->row.principal;
    if (is_health(ex->row.path)) {
        ex->rank = RANK_HEALTH;
        return 0;
    }
    if (p->kind == PRINCIPAL_NOBODY && p->browser[0] == '\0')
        return conn_rate_check(c, COST_CALL); /* a known browser is about to log in */
    ex->rank = RANK_KNOWN;
    if (p->kind == PRINCIPAL_ACCOUNT)
        abuse_good(c->source, p->account);
    return 0;
}

int exchange_begin(struct conn *c, const struct http1_request *req)
{
    struct verdict v;
    size_t max;
    if (route_check(req, &max, &v) != 0) {
        metric_refused("edge", v.why);
        if (v.problem.status == 404 || v.problem.status == 405)
            abuse_note(c->source, ABUSE_UNKNOWN);
        conn_problem(c, &v.problem);
        return -SK_EDENIED;
    }
    struct exchange *ex = exchange_new(c, req, max);
    if (exchange_row_fill(&ex->row, c, req) != 0 ||
        text_copy(ex->host, sizeof(ex->host), &req->host) != 0 ||
        text_copy(ex->content_type, sizeof(ex->content_type), field(req, "content-type")) != 0) {
        exchange_free(ex);
        metric_refused("edge", "field-long");
        v.problem = (struct problem){431, "too-large", 0, NULL};
        conn_problem(c, &v.problem);
        return -SK_EDENIED;
    }
    if (rank_judge(ex, c) != 0) {
        exchange_free(ex);
        return -SK_EDENIED;
    }
    c->ex = ex;
    return 0;
}

int exchange_body_feed(struct exchange *ex, struct sk_buf *in)
{
    if (ex->framing == HTTP1_BODY_CHUNKED) {
        size_t at = 0;
        int rc = 0;
        while (rc == 0 && at < in->len) {
            size_t used, n;
            const uint8_t *out;
            rc = http1_chunks_feed(&ex->chunks, in->data + at, in->len - at, &used, &out, &n);
            at += used;
            if (rc >= 0 && n > 0 && sk_buf_add(&ex->body, out, n) != 0)
                rc = -SK_ETOOBIG;
        }
        sk_buf_consume(in, at);
        return rc;
    }
    size_t n = in->len < ex->body_left ? in->len : (size_t)ex->body_left;
    if (n > 0 && sk_buf_add(&ex->body, in->data, n) != 0)
        return -SK_ETOOBIG;
    sk_buf_consume(in, n);
    ex->body_left -= n;
    return ex->body_left == 0;
}

int exchange_encode(struct sk_buf *out, const struct exchange *ex)
{
    char path[HTTP1_PATH_SIZE * 3];
    const char *method = strcmp(ex->row.method, "HEAD") == 0 ? "GET" : ex->row.method;
    int rc = http1_path_encode(path, sizeof(path), ex->row.path);
    if (rc == 0)
        rc = sk_buf_addf(out, "%s %s%s%s HTTP/1.1\r\nHost: %s\r\n", method, path,
                         ex->row.query[0] != '\0' ? "?" : "", ex->row.query, ex->host);
    if (rc == 0)
        rc = sk_buf_addf(out, "Content-Length: %zu\r\n", ex->body.len);
    if (rc == 0 && ex->body.len > 0 && ex->content_type[0] != '\0')
        rc = sk_buf_addf(out, "Content-Type: %s\r\n", ex->content_type);
    if (rc == 0)
        rc = sk_buf_addf(out, "Accept-Encoding: identity\r\nSkep-Request: %s.%s\r\n\r\n",
                         request_secret(), ex->slot);
    return rc != 0 ? rc : sk_buf_add(out, ex->body.data, ex->body.len);
}

void exchange_free(struct exchange *ex)
{
    net_timer_cancel(&ex->timer);
    if (ex->slot[0] != '\0')
        request_remove(ex->slot);
    sk_buf_fini_wipe(&ex->body);
    sk_wipe(ex, sizeof(*ex));
    free(ex);
}
