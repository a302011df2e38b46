/* Request and response heads (RFC 9112), strict: one reading or a refusal. */
#include "wire/http1.h"

#include <string.h>

#include "wire/http1_target.h"

/* ---- texts and fields ------------------------------------------------------------------------ */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

int http1_text_is(const struct http1_text *t, const char *s)
{
    size_t i = 0;
    for (; i < t->len && s[i] != '\0'; i++)
        if (lower(t->p[i]) != lower(s[i]))
            return 0;
    return i == t->len && s[i] == '\0';
}

static struct http1_text text_trim(const char *p, size_t len)
{
    while (len > 0 && (p[0] == ' ' || p[0] == '\t')) {
        p++;
        len--;
    }
    while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
        len--;
    return (struct http1_text){p, len};
}

int http1_text_has(const struct http1_text *t, const char *s)
{
    const char *p = t->p, *end = t->p + t->len;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma != NULL ? comma : end;
        struct http1_text item = text_trim(p, (size_t)(stop - p));
        if (http1_text_is(&item, s))
            return 1;
        p = comma != NULL ? comma + 1 : end;
    }
    return 0;
}

const struct http1_text *http1_field_find(const struct http1_field *fields, size_t count,
                                          const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (http1_text_is(&fields[i].name, name))
            return &fields[i].value;
    return NULL;
}

static size_t field_count(const struct http1_field *fields, size_t count, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += (size_t)http1_text_is(&fields[i].name, name);
    return n;
}

static int is_token_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return 1;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* ---- the end of a head ----------------------------------------------------------------------- */

int http1_head_find(const void *data, size_t len, size_t *scan, size_t *head_len)
{
    const char *p = data;
    size_t limit = len < HTTP1_HEAD_MAX ? len : HTTP1_HEAD_MAX;
    for (size_t i = *scan; i < limit; i++) {
        char c = p[i];
        if (c == '\n') {
            if (i == 0 || p[i - 1] != '\r' || i == 1)
                return -SK_EINVAL;
            if (i >= 3 && p[i - 2] == '\n') {
                *scan = i + 1;
                *head_len = i + 1;
                return 0;
            }
        } else if ((i > 0 && p[i - 1] == '\r') || ((uint8_t)c < 0x20 && c != '\r' && c != '\t') ||
                   c == 0x7f) {
            return -SK_EINVAL;
        }
    }
    *scan = limit;
    return len >= HTTP1_HEAD_MAX ? -SK_ETOOBIG : -SK_EAGAIN;
}

/* ---- lines ----------------------------------------------------------------------------------- */

struct reader {
    const char *p, *end;
};

/* The next line without its CRLF; -SK_EINVAL unless it is ended by one. */
static int line_next(struct reader *r, struct http1_text *line)
{
    const char *lf = r->p < r->end ? memchr(r->p, '\n', (size_t)(r->end - r->p)) : NULL;
    if (lf == NULL || lf == r->p || lf[-1] != '\r')
        return -SK_EINVAL;
    *line = (struct http1_text){r->p, (size_t)(lf - 1 - r->p)};
    r->p = lf + 1;
    return 0;
}

/* One "name: value" line; the slug of the broken rule, or NULL. */
static const char *field_parse(const struct http1_text *line, struct http1_field *out)
{
    if (line->p[0] == ' ' || line->p[0] == '\t')
        return "folding";
    const char *colon = memchr(line->p, ':', line->len);
    if (colon == NULL || colon == line->p)
        return "field-name";
    out->name = (struct http1_text){line->p, (size_t)(colon - line->p)};
    for (size_t i = 0; i < out->name.len; i++)
        if (!is_token_char(out->name.p[i]))
            return "field-name";
    out->value = text_trim(colon + 1, line->len - out->name.len - 1);
    for (size_t i = 0; i < out->value.len; i++) {
        uint8_t c = (uint8_t)out->value.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return "field-value";
    }
    return NULL;
}

/* All fields up to and with the empty line. */
static int fields_parse(struct reader *r, struct http1_field *fields, size_t *count,
                        const char **reason)
{
    *count = 0;
    for (;;) {
        struct http1_text line;
        if (line_next(r, &line) != 0) {
            *reason = "line-end";
            return -SK_EINVAL;
        }
        if (line.len == 0)
            break;
        if (*count == HTTP1_FIELDS_MAX) {
            *reason = "fields";
            return -SK_ETOOBIG;
        }
        *reason = field_parse(&line, &fields[*count]);
        if (*reason != NULL)
            return -SK_EINVAL;
        (*count)++;
    }
    if (r->p == r->end)
        return 0;
    *reason = "line-end";
    return -SK_EINVAL;
}

/* "HTTP/1.0" or "HTTP/1.1". */
static int version_parse(const char *p, size_t len, unsigned *minor)
{
    if (len != 8 || memcmp(p, "HTTP/", 5) != 0)
        return -SK_EINVAL;
    if (p[5] != '1' || p[6] != '.' || (p[7] != '0' && p[7] != '1'))
        return p[5] >= '0' && p[5] <= '9' ? -SK_EVERSION : -SK_EINVAL;
    *minor = (unsigned)(p[7] - '0');
    return 0;
}

/* Decimal digits, no sign, no leading zero, at most 15 of them. */
static int length_parse(const struct http1_text *t, uint64_t *out)
{
    if (t->len == 0 || t->len > 15 || (t->len > 1 && t->p[0] == '0'))
        return -SK_EINVAL;
    *out = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (t->p[i] < '0' || t->p[i] > '9')
            return -SK_EINVAL;
        *out = *out * 10 + (uint64_t)(t->p[i] - '0');
    }
    return 0;
}

/* ---- requests -------------------------------------------------------------------------------- */

static int refuse(struct http1_request *req, int err, const char *reason)
{
    req->reason = reason;
    return err;
}

static int request_line_parse(struct http1_request *req, const struct http1_text *line)
{
    static const char *const methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};
    const char *sp = memchr(line->p, ' ', line->len);
    if (sp == NULL || sp == line->p)
        return refuse(req, -SK_EINVAL, "request-line");
    struct http1_text method = {line->p, (size_t)(sp - line->p)};
    for (size_t i = 0; i < method.len; i++)
        if (!is_token_char(method.p[i]))
            return refuse(req, -SK_EINVAL, "request-line");
    const char *target = sp + 1, *end = line->p + line->len;
    const char *sp2 = memchr(target, ' ', (size_t)(end - target));
    if (sp2 == NULL)
        return refuse(req, -SK_EINVAL, "request-line");
    int rc = version_parse(sp2 + 1, (size_t)(end - sp2 - 1), &req->minor);
    if (rc != 0)
        return refuse(req, rc, "version");
    size_t known = 0;
    while (
        known < sizeof(methods) / sizeof(*methods) &&
        (strlen(methods[known]) != method.len || memcmp(methods[known], method.p, method.len) != 0))
        known++;
    if (known == sizeof(methods) / sizeof(*methods))
        return refuse(req, -SK_EUNSUPPORTED, "method");
    memcpy(req->method, method.p, method.len);
    return http1_target_parse(req, target, (size_t)(sp2 - target));
}

/* uri-host [":" port]: a name, an IPv4 address or an IPv6 address in brackets. */
static int host_is_valid(const struct http1_text *host)
{
    const char *p = host->p, *end = p + host->len;
    if (host->len == 0 || host->len > 255)
        return 0;
    if (*p == '[') {
        for (p++; p < end && *p != ']'; p++)
            if (http1_hex(*p) < 0 && *p != ':' && *p != '.')
                return 0;
        if (p == end || p == host->p + 1)
            return 0;
        p++;
    } else {
        const char *start = p;
        while (p < end && ((*p >= '0' && *p <= '9') || (lower(*p) >= 'a' && lower(*p) <= 'z') ||
                           *p == '-' || *p == '.' || *p == '_'))
            p++;
        if (p == start)
            return 0;
    }
    if (p == end)
        return 1;
    size_t digits = (size_t)(end - p - 1);
    if (*p++ != ':' || digits == 0 || digits > 5)
        return 0;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p == end;
}

/* How the body is framed: the rule on which smuggling stands or falls. */
static int framing_parse(struct http1_request *req)
{
    const struct http1_text *length =
        http1_field_find(req->fields, req->field_count, "content-length");
    const struct http1_text *coding =
        http1_field_find(req->fields, req->field_count, "transfer-encoding");
    if (length != NULL && coding != NULL)
        return refuse(req, -SK_EINVAL, "two-lengths");
    if (length != NULL) {
        req->body = HTTP1_BODY_LENGTH;
        if (length_parse(length, &req->content_length) != 0)
            return refuse(req, -SK_EINVAL, "content-length");
    }
    if (coding != NULL) {
        req->body = HTTP1_BODY_CHUNKED;
        if (req->minor == 0)
            return refuse(req, -SK_EINVAL, "coding-in-1.0");
        if (!http1_text_is(coding, "chunked"))
            return refuse(req, -SK_EUNSUPPORTED, "transfer-coding");
    }
    return 0;
}

static int once_check(struct http1_request *req)
{
    static const char *const once[] = {
        "content-length",
        "transfer-encoding",
        "authorization",
        "content-type",
        "cookie",
        "expect",
        "if-none-match",
        "origin",
        "skep-csrf",
        "upgrade",
        "sec-websocket-key",
        "sec-websocket-version",
        "user-agent",
    };
    if (field_count(req->fields, req->field_count, "host") != 1)
        return refuse(req, -SK_EINVAL, "host");
    for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++)
        if (field_count(req->fields, req->field_count, once[i]) > 1)
            return refuse(req, -SK_EINVAL, "repeated-field");
    return 0;
}

static int connection_parse(struct http1_request *req)
{
    int has_close = 0, has_keep = 0, has_upgrade = 0;
    for (size_t i = 0; i < req->field_count; i++) {
        if (!http1_text_is(&req->fields[i].name, "connection"))
            continue;
        has_close |= http1_text_has(&req->fields[i].value, "close");
        has_keep |= http1_text_has(&req->fields[i].value, "keep-alive");
        has_upgrade |= http1_text_has(&req->fields[i].value, "upgrade");
    }
    req->keep_alive = !has_close && (req->minor == 1 || has_keep);
    const struct http1_text *upgrade = http1_field_find(req->fields, req->field_count, "upgrade");
    req->upgrade_websocket =
        req->minor == 1 && has_upgrade && upgrade != NULL && http1_text_is(upgrade, "websocket");
    const struct http1_text *expect = http1_field_find(req->fields, req->field_count, "expect");
    if (expect == NULL)
        return 0;
    if (!http1_text_is(expect, "100-continue"))
        return refuse(req, -SK_EINVAL, "expect");
    req->expect_continue = req->minor == 1;
    return 0;
}

int http1_request_parse(struct http1_request *req, const void *head, size_t head_len)
{
    struct reader r = {head, (const char *)head + head_len};
    struct http1_text line;
    memset(req, 0, sizeof(*req));
    if (head_len > HTTP1_HEAD_MAX)
        return refuse(req, -SK_ETOOBIG, "head-long");
    if (line_next(&r, &line) != 0 || line.len == 0)
        return refuse(req, -SK_EINVAL, "line-end");
    int rc = request_line_parse(req, &line);
    if (rc == 0)
        rc = fields_parse(&r, req->fields, &req->field_count, &req->reason);
    if (rc == 0)
        rc = once_check(req);
    if (rc != 0)
        return rc;
    req->host = *http1_field_find(req->fields, req->field_count, "host");
    if (!host_is_valid(&req->host))
        return refuse(req, -SK_EINVAL, "host");
    rc = framing_parse(req);
    return rc != 0 ? rc : connection_parse(req);
}

/* ---- answers --------------------------------------------------------------------------------- */

static int status_line_parse(struct http1_response *res, const struct http1_text *line)
{
    if (line->len < 12 || line->p[8] != ' ' || (line->len > 12 && line->p[12] != ' '))
        return -SK_EINVAL;
    int rc = version_parse(line->p, 8, &res->minor);
    for (size_t i = 9; i < 12 && rc == 0; i++) {
        if (line->p[i] < '0' || line->p[i] > '9')
            return -SK_EINVAL;
        res->status = res->status * 10 + (line->p[i] - '0');
    }
    if (rc == 0 && (res->status < 100 || res->status > 599))
        rc = -SK_EINVAL;
    return rc;
}

static int response_framing_parse(struct http1_response *res, int to_head)
{
    const struct http1_field *f = res->fields;
    size_t n = res->field_count;
    const struct http1_text *length = http1_field_find(f, n, "content-length");
    const struct http1_text *coding = http1_field_find(f, n, "transfer-encoding");
    if (field_count(f, n, "content-length") > 1 || field_count(f, n, "transfer-encoding") > 1 ||
        (length != NULL && coding != NULL) ||
        (length != NULL && length_parse(length, &res->content_length) != 0))
        return -SK_EINVAL;
    if (coding != NULL && !http1_text_is(coding, "chunked"))
        return -SK_EUNSUPPORTED;
    if (to_head || res->status < 200 || res->status == 204 || res->status == 304)
        res->body = HTTP1_BODY_NONE;
    else if (coding != NULL)
        res->body = HTTP1_BODY_CHUNKED;
    else
        res->body = length != NULL ? HTTP1_BODY_LENGTH : HTTP1_BODY_UNTIL_CLOSE;
    return 0;
}

int http1_response_parse(struct http1_response *res, const void *head, size_t head_len, int to_head)
{
    struct reader r = {head, (const char *)head + head_len};
    struct http1_text line;
    const char *reason = NULL;
    memset(res, 0, sizeof(*res));
    if (head_len > HTTP1_HEAD_MAX)
        return -SK_ETOOBIG;
    int rc = line_next(&r, &line);
    if (rc == 0)
        rc = status_line_parse(res, &line);
    if (rc == 0)
        rc = fields_parse(&r, res->fields, &res->field_count, &reason);
    if (rc == 0)
        rc = response_framing_parse(res, to_head);
    if (rc != 0)
        return rc;
    int has_close = 0, has_keep = 0;
    for (size_t i = 0; i < res->field_count; i++) {
        if (!http1_text_is(&res->fields[i].name, "connection"))
            continue;
        has_close |= http1_text_has(&res->fields[i].value, "close");
        has_keep |= http1_text_has(&res->fields[i].value, "keep-alive");
    }
    res->keep_alive =
        !has_close && (res->minor == 1 || has_keep) && res->body != HTTP1_BODY_UNTIL_CLOSE;
    return 0;
}
