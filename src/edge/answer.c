/* Heads of answers: the security fields that stand on everything, and problem answers. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "edge/internal.h"

#define CSP                                                                                        \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "                \
    "img-src 'self' blob: data:; media-src blob:; worker-src 'self'; font-src 'none'; "            \
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "           \
    "require-trusted-types-for 'script'; trusted-types skep"

struct field {
    const char *name, *value;
};

static const struct field security_fields[] = {
    {"Strict-Transport-Security", "max-age=31536000"},
    {"Content-Security-Policy", CSP},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Embedder-Policy", "require-corp"},
    {"Permissions-Policy",
     "accelerometer=(), autoplay=(self), camera=(self), display-capture=(), "
     "fullscreen=(self), geolocation=(), gyroscope=(), hid=(), magnetometer=(), "
     "microphone=(self), midi=(), payment=(), picture-in-picture=(self), serial=(), usb=()"},
};

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

static const char *status_text(int status)
{
    for (size_t i = 0; i < sizeof(status_texts) / sizeof(*status_texts); i++)
        if (status_texts[i].status == status)
            return status_texts[i].text;
    return "Status";
}

int answer_has_field(const struct http1_text *name)
{
    for (size_t i = 0; i < sizeof(security_fields) / sizeof(*security_fields); i++)
        if (http1_text_is(name, security_fields[i].name))
            return 1;
    return http1_text_is(name, "cache-control") || http1_text_is(name, "date");
}

static int date_add(struct sk_buf *b)
{
    char text[40];
    time_t now = (time_t)(sk_clock_wall_ms() / 1000);
    struct tm tm;
    if (gmtime_r(&now, &tm) == NULL ||
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
        return -SK_EINTERNAL;
    return sk_buf_addf(b, "Date: %s\r\n", text);
}

int answer_begin(struct sk_buf *b, int status, enum answer_cache cache)
{
    static const char *const caches[] = {
        [CACHE_NEVER] = "no-store",
        [CACHE_ASK] = "no-cache",
        [CACHE_FOREVER] = "public, max-age=31536000, immutable",
    };
    int rc = sk_buf_addf(b, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    if (rc == 0)
        rc = date_add(b);
    for (size_t i = 0; rc == 0 && i < sizeof(security_fields) / sizeof(*security_fields); i++)
        rc = sk_buf_addf(b, "%s: %s\r\n", security_fields[i].name, security_fields[i].value);
    return rc != 0 ? rc : sk_buf_addf(b, "Cache-Control: %s\r\n", caches[cache]);
}

int answer_end(struct sk_buf *b, unsigned minor, int keep_alive)
{
    if (!keep_alive)
        return sk_buf_add_str(b, "Connection: close\r\n\r\n");
    return sk_buf_add_str(b, minor == 0 ? "Connection: keep-alive\r\n\r\n" : "\r\n");
}

/* The contract has one code for whatever is malformed and one for our own faults. */
static const char *problem_code_of(int err)
{
    int status = sk_error_http_status(err);

    if (status == 400)
        return "bad-request";
    return status == 500 || status == 504 ? "internal" : sk_error_slug(err);
}

struct problem problem_of(int err)
{
    struct problem p = {sk_error_http_status(err), problem_code_of(err), 0, NULL};
    if (err == -SK_EBUSY || err == -SK_ELIMIT)
        p.retry_ms = 1000;
    if (err == -SK_EAUTH)
        p.field = "WWW-Authenticate: Bearer";
    return p;
}

int answer_problem(struct sk_buf *b, const struct problem *p, const char *request_id,
                   unsigned minor, int keep_alive, int is_head)
{
    char body[256], retry[40] = "";
    if (p->retry_ms > 0)
        snprintf(retry, sizeof(retry), ",\"retry_ms\":%lld", (long long)p->retry_ms);
    int len = snprintf(body, sizeof(body),
                       "{\"status\":%d,\"code\":\"%s\",\"title\":\"%s\",\"request\":\"%s\"%s}",
                       p->status, p->code, status_text(p->status), request_id, retry);
    SK_ASSERT(len > 0 && (size_t)len < sizeof(body));
    int rc = answer_begin(b, p->status, CACHE_NEVER);
    if (rc == 0)
        rc =
            sk_buf_addf(b, "Content-Type: application/problem+json\r\nContent-Length: %d\r\n", len);
    if (rc == 0 && p->retry_ms > 0)
        rc = sk_buf_addf(b, "Retry-After: %lld\r\n", (long long)((p->retry_ms + 999) / 1000));
    if (rc == 0 && p->field != NULL)
        rc = sk_buf_addf(b, "%s\r\n", p->field);
    if (rc == 0)
        rc = answer_end(b, minor, keep_alive);
    if (rc == 0 && !is_head)
        rc = sk_buf_add(b, body, (size_t)len);
    return rc;
}
