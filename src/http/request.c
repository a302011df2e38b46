/* One request on its way: route, gates, handler. Knows nothing of the server that carried it, so
 * the tests drive it without sockets. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "http/internal.h"
#include "store/watch.h"

void request_init(struct http_request *req, const struct edge_request *facts, struct house *house,
                  int64_t now_ms)
{
    memset(req, 0, sizeof(*req));
    req->facts = *facts;
    req->house = house;
    req->now_ms = now_ms;
    sk_buf_init(&req->body, 0);
    sk_buf_init(&req->headers, HTTP_HEADERS_MAX_BYTES);
    sk_buf_init(&req->answer, HTTP_ANSWER_MAX_BYTES);
}

void request_fini(struct http_request *req)
{
    json_decref(req->json);
    sk_buf_fini_wipe(&req->body);
    sk_buf_fini_wipe(&req->headers);
    sk_buf_fini_wipe(&req->answer);
    sk_wipe(req, sizeof(*req));
}

/* ---- query ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decode `%XX` and '+' in place; the result is valid UTF-8 without U+0000, or -SK_EINVAL. */
static int form_decode(char *s)
{
    char *out = s, *start = s;

    while (*s) {
        if (*s == '%') {
            int hi = hex_value(s[1]), lo = hi < 0 ? -1 : hex_value(s[2]);
            if (lo < 0)
                return -SK_EINVAL;
            *out++ = (char)(hi << 4 | lo);
            s += 3;
        } else {
            *out++ = *s == '+' ? ' ' : *s;
            s++;
        }
    }
    *out = '\0';
    return sk_utf8_is_valid(start, (size_t)(out - start)) ? 0 : -SK_EINVAL;
}

static int query_member_add(struct http_request *req, char *part)
{
    char *value = strchr(part, '=');

    if (value)
        *value++ = '\0';
    if (req->query_count == HTTP_QUERIES_MAX || !*part || form_decode(part) ||
        (value && form_decode(value)) || !*part || http_query(req, part))
        return -SK_EINVAL;
    req->queries[req->query_count++] = (struct http_query_member){part, value ? value : ""};
    return 0;
}

int request_query_parse(struct http_request *req)
{
    char *at = req->query;

    memcpy(req->query, req->facts.query, sizeof(req->query));
    while (*at) {
        size_t len = strcspn(at, "&");
        int more = at[len] == '&';
        at[len] = '\0';
        int err = query_member_add(req, at);
        if (err)
            return err;
        at += len + (size_t)more;
    }
    return 0;
}

const char *http_query(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < req->query_count; i++)
        if (strcmp(req->queries[i].name, name) == 0)
            return req->queries[i].value;
    return NULL;
}

int http_query_int(const struct http_request *req, const char *name, int64_t min, int64_t max,
                   int64_t fallback, int64_t *out)
{
    const char *text = http_query(req, name);
    int negative = text && text[0] == '-' && text[1] != '0';
    uint64_t value;

    *out = fallback;
    if (!text)
        return 0;
    if (sk_parse_u64(&value, text + negative, strlen(text + negative), INT64_MAX))
        return -SK_EINVAL;
    int64_t signed_value = negative ? -(int64_t)value : (int64_t)value;
    if (signed_value < min || signed_value > max)
        return -SK_EINVAL;
    *out = signed_value;
    return 0;
}

/* ---- facts ---- */

void request_params_take(struct http_request *req)
{
    memcpy(req->path, req->facts.path, sizeof(req->path));
    for (size_t i = 0; i < req->match.param_count; i++)
        req->path[req->match.params[i].at + req->match.params[i].len] = '\0';
}

const struct principal *http_principal(const struct http_request *req)
{
    return &req->facts.principal;
}

const char *http_param(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < req->match.param_count; i++) {
        const struct route_param *p = &req->match.params[i];
        if (strlen(name) == p->name_len && memcmp(name, p->name, p->name_len) == 0)
            return req->path + p->at;
    }
    return NULL;
}

const char *http_return_cookie(const struct http_request *req)
{
    return req->facts.return_cookie;
}

const char *http_authorization(const struct http_request *req)
{
    return req->facts.authorization;
}

const char *http_user_agent(const struct http_request *req)
{
    return req->facts.user_agent;
}

int64_t http_now_ms(const struct http_request *req)
{
    return req->now_ms;
}

struct house *http_house(const struct http_request *req)
{
    return req->house;
}

const uint8_t *http_body(const struct http_request *req, size_t *len)
{
    *len = req->body.len;
    return req->body.data;
}

int http_body_json(struct http_request *req, json_t **out)
{
    int err = req->json ? 0 : sk_json_parse(&req->json, req->body.data, req->body.len);

    *out = req->json;
    if (err) {
        metric_refused("http", "json");
        http_problem(req, -SK_EINVAL, NULL);
    }
    return err;
}

/* ---- gates ---- */

static int refuse(struct http_request *req, int err, const char *reason)
{
    metric_refused("http", reason);
    http_problem(req, err, NULL);
    return -1;
}

int http_may(struct http_request *req, const char *action, struct object_ref object)
{
    int err = may(&req->facts.principal, action, object);

    if (!err)
        return 0;
    metric_refused("http", err == -SK_EAUTH ? "auth" : "permission");
    if (err == -SK_EDENIED && object.kind && strcmp(object.kind, "device") == 0)
        err = -SK_ENOTFOUND; /* whether it exists is itself a secret */
    http_problem(req, err, NULL);
    return err;
}

/* The scrape token is this room's own: whoever bears it is nobody but the reader of /metrics. */
static void metrics_principal_take(struct http_request *req)
{
    struct principal *p = &req->facts.principal;

    if (p->kind == PRINCIPAL_NOBODY && metrics_token_holds(req->facts.authorization)) {
        p->kind = PRINCIPAL_TOKEN;
        if (sk_copy(p->purpose, sizeof(p->purpose), "metrics"))
            p->kind = PRINCIPAL_NOBODY;
    }
}

static struct signed_request signed_of(const struct http_request *req)
{
    const struct edge_request *f = &req->facts;

    return (struct signed_request){
        .method = f->method,
        .authority = f->host,
        .path = f->path,
        .query = f->query,
        .path_is_plain = f->path_is_plain,
        .authorization = f->authorization,
        .signature_input = f->signature_input,
        .signature = f->signature,
        .content_digest = f->content_digest,
        .source = f->principal.source,
        .body = req->body.data,
        .body_len = req->body.len,
        .now_ms = req->now_ms,
    };
}

/* A request that bears a signature is judged by that alone: what else it bears does not count. */
static int signature_gate(struct http_request *req)
{
    const struct signed_request r = signed_of(req);
    struct principal signer;
    struct signed_verdict v;
    json_t *extra;

    if (!request_is_signed(&r))
        return 0;
    int err = authenticate_signed(&r, &signer, &v);
    req->facts.principal = signer;
    http_ratelimit_set(req, "app", &v.rate);
    http_ratelimit_set(req, "day", &v.quota);
    if (!err)
        return 0;
    metric_refused("http", "signature");
    extra = json_object();
    sk_json_set_str(extra, "reason", v.reason);
    if (err == -SK_ELIMIT) {
        sk_json_set_int(extra, "retry_ms", v.retry_ms);
        http_problem(req, err, extra);
    } else {
        if (v.reason && strcmp(v.reason, "time") == 0)
            sk_json_set_int(extra, "wall", req->now_ms);
        http_problem_code(req, 401, "auth-failed", extra);
    }
    return -1;
}

static int method_is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* A page of another origin may not act here. The cookie alone proves a browser, not its user's
 * will: what rests on it must bear the session's own token. Public routes rest on nothing. */
static int csrf_gate(struct http_request *req)
{
    const struct principal *p = &req->facts.principal;

    if (method_is_safe(req->facts.method))
        return 0;
    if (req->facts.origin_is_foreign)
        return refuse(req, -SK_EDENIED, "foreign-origin");
    if (p->by_cookie && strcmp(req->match.row->permission, "public") != 0 &&
        !csrf_holds(p, req->facts.csrf))
        return refuse(req, -SK_EDENIED, "csrf");
    return 0;
}

int request_gate(struct http_request *req)
{
    const struct route *row = req->match.row;
    const struct object_ref box = {"box", NULL};

    if (strcmp(row->permission, "metrics.read") == 0)
        metrics_principal_take(req);
    if (http_may(req, row->permission, box))
        return -1;
    return csrf_gate(req);
}

static int body_check(struct http_request *req, const char *body_type)
{
    const struct route *row = req->match.row;
    const char *want = row->body_type ? row->body_type : "application/json";

    if (req->body.len > row->body_max_bytes)
        return refuse(req, -SK_ETOOBIG, "body-size");
    if (req->body.len && (!body_type || strcasecmp(body_type, want) != 0))
        return refuse(req, -SK_EINVAL, "body-type");
    return 0;
}

static void method_refuse(struct http_request *req)
{
    struct sk_buf allow;

    sk_buf_init(&allow, 128);
    for (int i = 0; i < ROUTE_METHOD_COUNT; i++) {
        enum route_method m = (enum route_method)i;
        if (req->match.allowed & 1u << i &&
            sk_buf_addf(&allow, "%s%s", allow.len ? ", " : "", route_method_name(m)))
            break;
    }
    http_header(req, "Allow", allow.data ? (const char *)allow.data : "");
    sk_buf_fini(&allow);
    metric_refused("http", "method");
    http_problem_code(req, 405, "bad-request", NULL);
}

/* In whose name the handler's statements are told to the audit log. */
static struct store_actor actor_of(const struct http_request *req)
{
    static const char *const kinds[] = {
        [PRINCIPAL_NOBODY] = "nobody", [PRINCIPAL_ACCOUNT] = "account",
        [PRINCIPAL_DEVICE] = "device", [PRINCIPAL_TOKEN] = "token",
        [PRINCIPAL_BOX] = "box",       [PRINCIPAL_APP] = "app",
    };
    const struct principal *p = &req->facts.principal;

    return (struct store_actor){
        .kind = kinds[p->kind],
        .id = p->kind == PRINCIPAL_APP      ? p->session
              : p->kind == PRINCIPAL_DEVICE ? p->device
                                            : p->account,
        .session = p->kind == PRINCIPAL_ACCOUNT ? p->session : NULL,
        .request = req->facts.request_id,
        .source = p->source,
    };
}

void request_serve(struct http_request *req, const char *body_type)
{
    int err = route_table_find(route_table_used(), req->facts.method, req->facts.path, &req->match);

    if (err == -SK_EUNSUPPORTED) {
        method_refuse(req);
        return;
    }
    if (err) {
        refuse(req, -SK_ENOTFOUND, "route");
        return;
    }
    request_params_take(req);
    if (signature_gate(req) || request_gate(req) || body_check(req, body_type))
        return;
    if (request_query_parse(req)) {
        refuse(req, -SK_EINVAL, "query");
        return;
    }
    struct store_actor actor = actor_of(req);
    store_actor_set(&actor);
    err = req->match.row->handle(req);
    store_actor_set(NULL);
    if (req->answered)
        return;
    if (!err)
        log_error("http", "no-answer", "request=%s path=%s", req->facts.request_id,
                  req->match.row->path);
    http_problem(req, err ? err : -SK_EINTERNAL, NULL);
}
