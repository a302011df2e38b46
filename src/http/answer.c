/* Answers: one writer for all of them, so that no answer lacks its length, its no-store or its
 * request id. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "http/internal.h"

const char *problem_code(int err)
{
    switch (-err) {
    case SK_EINVAL:
    case SK_EAUTH:
    case SK_EDENIED:
    case SK_ENOTFOUND:
    case SK_ECONFLICT:
    case SK_EGONE:
    case SK_ETOOBIG:
    case SK_ELIMIT:
    case SK_EBUSY:
    case SK_ESTORAGE:
    case SK_EFACTOR:
    case SK_EAPPROVAL:
        return sk_error_slug(err);
    default:
        return sk_error_http_status(err) < 500 ? "bad-request" : "internal";
    }
}

json_t *problem_make(int status, const char *code, const char *title, const char *request_id,
                     json_t *extra)
{
    json_t *p = json_object();

    if (extra)
        json_object_update(p, extra);
    sk_json_set_int(p, "status", status);
    sk_json_set_str(p, "code", code);
    sk_json_set_str(p, "title", title);
    sk_json_set_str(p, "request", request_id);
    json_decref(extra);
    return p;
}

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {507, "Insufficient Storage"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Answer";
}

static void status_count(int status)
{
    static const char *const labels[] = {"class=\"2xx\"", "class=\"3xx\"", "class=\"4xx\"",
                                         "class=\"5xx\""};

    if (status >= 200 && status < 600)
        metric_add(metric_get("skep_http_answers_total", labels[status / 100 - 2]), 1);
}

static int head_write(struct http_request *req, int status, const char *type, size_t len)
{
    int err = sk_buf_addf(&req->answer, "HTTP/1.1 %d %s\r\nCache-Control: no-store\r\n", status,
                          status_text(status));

    if (!err && type)
        err = sk_buf_addf(&req->answer, "Content-Type: %s\r\n", type);
    if (!err && status != 204)
        err = sk_buf_addf(&req->answer, "Content-Length: %zu\r\n", len);
    if (!err && req->headers.len)
        err = sk_buf_add(&req->answer, req->headers.data, req->headers.len);
    return err ? err : sk_buf_add_str(&req->answer, "\r\n");
}

/* The answer is only built here; the server sends it when the handler has returned. HEAD is the
 * edge's matter: it asks as GET and keeps the body back. */
static int answer_give(struct http_request *req, int status, const char *type, const void *data,
                       size_t len)
{
    if (req->answered) {
        log_error("http", "answered-twice", "request=%s path=%s", req->facts.request_id,
                  req->match.row ? req->match.row->path : "-");
        return 0;
    }
    int err = head_write(req, status, type, len);
    if (!err && len && status != 204)
        err = sk_buf_add(&req->answer, data, len);
    if (err) {
        log_error("http", "answer-too-large", "request=%s bytes=%zu", req->facts.request_id, len);
        sk_buf_reset(&req->answer);
        sk_buf_reset(&req->headers);
        status = 500;
        if (head_write(req, status, NULL, 0))
            sk_buf_reset(&req->answer);
    }
    req->answered = 1;
    req->status = status;
    status_count(status);
    return 0;
}

int http_json(struct http_request *req, int status, json_t *body)
{
    size_t len = 0;
    char *text = body ? sk_json_text(body, &len) : NULL;

    json_decref(body);
    if (!text)
        return http_problem(req, -SK_ENOMEM, NULL);
    answer_give(req, status, "application/json", text, len);
    sk_wipe(text, len); /* session answers hold tokens */
    free(text);
    return 0;
}

int http_empty(struct http_request *req, int status)
{
    return answer_give(req, status, NULL, NULL, 0);
}

int http_bytes(struct http_request *req, int status, const char *type, const void *data, size_t len)
{
    return answer_give(req, status, type, data, len);
}

static int problem_give(struct http_request *req, int status, const char *code, const char *title,
                        json_t *extra)
{
    json_t *retry = json_object_get(extra, "retry_ms");
    json_t *p;
    size_t len = 0;
    char *text, seconds[24];

    if (json_is_integer(retry)) {
        snprintf(seconds, sizeof(seconds), "%lld",
                 (long long)((json_integer_value(retry) + 999) / 1000));
        http_header(req, "Retry-After", seconds);
    }
    if (status == 401)
        http_header(req, "WWW-Authenticate", "Bearer");
    if (status < 500)
        metric_refused("http", code); /* beside the cause that a room may have counted */
    p = problem_make(status, code, title, req->facts.request_id, extra);
    text = sk_json_text(p, &len);
    json_decref(p);
    answer_give(req, status, "application/problem+json", text ? text : "{}", text ? len : 2);
    free(text);
    return 0;
}

int http_problem(struct http_request *req, int err, json_t *extra)
{
    int status = sk_error_http_status(err);

    if (status == 500)
        log_error("http", "fault", "request=%s path=%s error=%s", req->facts.request_id,
                  req->match.row ? req->match.row->path : "-", sk_error_slug(err));
    return problem_give(req, status, problem_code(err), sk_error_text(err), extra);
}

int http_problem_code(struct http_request *req, int status, const char *code, json_t *extra)
{
    return problem_give(req, status, code, status_text(status), extra);
}

void http_ratelimit_set(struct http_request *req, const char *name, const struct allowance *a)
{
    char value[96];

    if (!a->limit)
        return;
    snprintf(value, sizeof(value), "\"%s\";q=%lld;w=%lld", name, (long long)a->limit,
             (long long)a->window_s);
    http_header(req, "RateLimit-Policy", value);
    snprintf(value, sizeof(value), "\"%s\";r=%lld;t=%lld", name, (long long)a->left,
             (long long)a->reset_s);
    http_header(req, "RateLimit", value);
}

static int field_is_clean(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || (unsigned char)*s == 0x7f)
            return 0;
    return 1;
}

void http_header(struct http_request *req, const char *name, const char *value)
{
    if (!field_is_clean(name) || !field_is_clean(value) ||
        sk_buf_addf(&req->headers, "%s: %s\r\n", name, value))
        log_error("http", "header-dropped", "request=%s name=%s", req->facts.request_id, name);
}
