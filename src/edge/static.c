/* The console's files, straight from the program's own memory: no copy, no disk, no worker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/abuse.h"
#include "core/metrics.h"
#include "edge/internal.h"

enum { ETAG_SIZE = 96 };

static struct http1_text text_trim(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct http1_text){p, (size_t)(end - p)};
}

/* The next comma-separated item; NULL-like (p == NULL) at the end. */
static struct http1_text item_next(const char **at, const char *end)
{
    if (*at >= end)
        return (struct http1_text){NULL, 0};
    const char *comma = memchr(*at, ',', (size_t)(end - *at));
    const char *stop = comma != NULL ? comma : end;
    struct http1_text item = text_trim(*at, stop);
    *at = comma != NULL ? comma + 1 : end;
    return item;
}

/* 1 when the item's parameters hold a q of zero: "gzip;q=0", "gzip; q=0.000". */
static int is_refused(const char *p, const char *end)
{
    struct http1_text t = text_trim(p, end);
    if (t.len < 3 || (t.p[0] != 'q' && t.p[0] != 'Q') || t.p[1] != '=')
        return 0;
    for (size_t i = 2; i < t.len; i++)
        if (t.p[i] != '0' && t.p[i] != '.')
            return 0;
    return 1;
}

int static_accepts_gzip(const struct http1_text *accept_encoding)
{
    if (accept_encoding == NULL)
        return 0;
    const char *at = accept_encoding->p, *end = at + accept_encoding->len;
    int any = 0;
    for (struct http1_text t = item_next(&at, end); t.p != NULL; t = item_next(&at, end)) {
        const char *semi = memchr(t.p, ';', t.len);
        struct http1_text name = text_trim(t.p, semi != NULL ? semi : t.p + t.len);
        int refused = semi != NULL && is_refused(semi + 1, t.p + t.len);
        if (http1_text_is(&name, "gzip"))
            return !refused;
        if (http1_text_is(&name, "*"))
            any = !refused;
    }
    return any;
}

int static_etag_matches(const struct http1_text *if_none_match, const char *etag)
{
    if (if_none_match == NULL)
        return 0;
    const char *at = if_none_match->p, *end = at + if_none_match->len;
    size_t len = strlen(etag);
    for (struct http1_text t = item_next(&at, end); t.p != NULL; t = item_next(&at, end)) {
        if (t.len > 2 && memcmp(t.p, "W/", 2) == 0) {
            t.p += 2;
            t.len -= 2;
        }
        if ((t.len == 1 && t.p[0] == '*') || (t.len == len && memcmp(t.p, etag, len) == 0))
            return 1;
    }
    return 0;
}

/* The file for a path; paths of the console's own router answer with its page. */
static const struct asset *asset_of(const char *path)
{
    char name[HTTP1_PATH_SIZE + 4];
    snprintf(name, sizeof(name), "web%s", path);
    const struct asset *a = asset_find(name);
    if (a != NULL)
        return a;
    return strchr(strrchr(path, '/'), '.') == NULL ? asset_find("web/index.html") : NULL;
}

static void packet_free(struct net_packet *p)
{
    free(p);
}

/* A packet around bytes that live as long as the process. */
static struct net_packet *packet_of(const void *data, size_t len)
{
    struct net_packet *p = sk_alloc(sizeof(*p));
    atomic_init(&p->refs, 1);
    p->len = len;
    p->data = (uint8_t *)(uintptr_t)data;
    p->release = packet_free;
    return p;
}

static void refuse(struct conn *c, struct problem p, const char *reason)
{
    metric_refused("edge", reason);
    conn_problem(c, &p);
}

static int head_write(struct conn *c, const struct asset *a, int use_gzip, int is_same,
                      const char *etag)
{
    struct sk_buf b;
    sk_buf_init(&b, ANSWER_HEAD_MAX);
    int rc = answer_begin(&b, is_same ? 304 : 200, a->immutable ? CACHE_FOREVER : CACHE_ASK);
    if (rc == 0)
        rc = sk_buf_addf(&b, "ETag: %s\r\nVary: Accept-Encoding\r\n", etag);
    if (rc == 0 && !is_same)
        rc = sk_buf_addf(&b, "Content-Type: %s\r\nContent-Length: %zu\r\n%s", a->mime,
                         use_gzip ? a->gzip_len : a->len,
                         use_gzip ? "Content-Encoding: gzip\r\n" : "");
    if (rc == 0)
        rc = answer_end(&b, c->minor, c->keep_alive);
    if (rc == 0)
        rc = conn_write(c, b.data, b.len);
    else
        net_stream_abort(c->stream, rc);
    sk_buf_fini(&b);
    return rc;
}

void static_answer(struct conn *c, const struct http1_request *req)
{
    struct problem p = problem_of(-SK_ENOTFOUND);
    int is_get = strcmp(req->method, "GET") == 0;
    if (!is_get && !c->is_head) {
        p = (struct problem){405, "bad-request", 0, "Allow: GET, HEAD"};
        refuse(c, p, "method");
        return;
    }
    if (c->body_pending) {
        refuse(c, problem_of(-SK_EINVAL), "body-unexpected");
        return;
    }
    const struct asset *a = asset_of(req->path);
    if (a == NULL) {
        abuse_note(c->source, ABUSE_UNKNOWN);
        refuse(c, p, "no-file");
        return;
    }
    char etag[ETAG_SIZE];
    int use_gzip =
        a->gzip != NULL &&
        static_accepts_gzip(http1_field_find(req->fields, req->field_count, "accept-encoding"));
    snprintf(etag, sizeof(etag), "\"%s%s\"", a->etag, use_gzip ? "-gz" : "");
    int is_same =
        static_etag_matches(http1_field_find(req->fields, req->field_count, "if-none-match"), etag);
    c->state = CONN_ANSWER;
    net_stream_set_read_deadline(c->stream, 0);
    if (head_write(c, a, use_gzip, is_same, etag) != 0)
        return;
    if (is_same || c->is_head)
        conn_finish(c);
    else
        conn_send_file(c, packet_of(use_gzip ? a->gzip : a->data, use_gzip ? a->gzip_len : a->len));
}
