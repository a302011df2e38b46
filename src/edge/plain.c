/* Plain HTTP on the TLS port: somebody typed the address without "https". One redirect, no cookie,
 * then the connection ends; anything else ends without an answer. */
#include <stdlib.h>
#include <string.h>

#include "core/metrics.h"
#include "edge/internal.h"

struct plain {
    struct net_stream *stream;
    struct sk_buf in;
    size_t scan;
};

/* Length of the Host without its port; `*has_port` says whether one is there. */
static size_t host_len(const struct http1_text *host, int *has_port)
{
    const char *bracket = memchr(host->p, ']', host->len);
    size_t from = bracket != NULL ? (size_t)(bracket - host->p) : 0;
    const char *colon = memchr(host->p + from, ':', host->len - from);
    *has_port = colon != NULL;
    return colon != NULL ? (size_t)(colon - host->p) : host->len;
}

int plain_redirect(struct sk_buf *out, const void *head, size_t len, uint16_t port)
{
    struct http1_request req;
    char path[HTTP1_PATH_SIZE * 3];
    int has_port;
    int rc = http1_request_parse(&req, head, len);
    if (rc != 0)
        return rc;
    if ((strcmp(req.method, "GET") != 0 && strcmp(req.method, "HEAD") != 0) ||
        req.body == HTTP1_BODY_CHUNKED || req.content_length > 0)
        return -SK_EDENIED; /* it has sent something in the clear that must not be repeated */
    size_t n = host_len(&req.host, &has_port);
    rc = http1_path_encode(path, sizeof(path), req.path);
    if (rc == 0)
        rc = answer_begin(out, 308, CACHE_NEVER);
    if (rc == 0)
        rc = sk_buf_addf(out, "Location: https://%.*s", (int)(has_port ? req.host.len : n),
                         req.host.p);
    if (rc == 0 && !has_port && port != 443)
        rc = sk_buf_addf(out, ":%u", port);
    if (rc == 0)
        rc = sk_buf_addf(out, "%s%s%s\r\nContent-Length: 0\r\n", path,
                         req.query[0] != '\0' ? "?" : "", req.query);
    return rc != 0 ? rc : answer_end(out, req.minor, 0);
}

static void data_cb(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct plain *p = net_stream_user(s);
    struct sk_buf out;
    size_t head_len;
    int rc = sk_buf_add(&p->in, data, len);
    if (rc == 0)
        rc = http1_head_find(p->in.data, p->in.len, &p->scan, &head_len);
    if (rc == -SK_EAGAIN)
        return;
    sk_buf_init(&out, ANSWER_HEAD_MAX);
    if (rc == 0)
        rc = plain_redirect(&out, p->in.data, head_len, edge_port());
    if (rc == 0)
        rc = net_stream_write(s, out.data, out.len);
    sk_buf_fini(&out);
    metric_refused("edge", rc == 0 ? "plain-redirected" : "plain");
    if (rc == 0)
        net_stream_close(s, 0);
    else
        net_stream_abort(s, 0);
}

static void close_cb(struct net_stream *s, int reason)
{
    struct plain *p = net_stream_user(s);
    if (reason == -SK_ETIMEOUT)
        metric_refused("edge", "slow-head");
    sk_buf_fini_wipe(&p->in);
    free(p);
}

static const struct net_stream_ops plain_ops = {.on_data = data_cb, .on_close = close_cb};

void plain_open(struct net_stream *s)
{
    struct plain *p = sk_alloc(sizeof(*p));
    p->stream = s;
    sk_buf_init(&p->in, HTTP1_HEAD_MAX * 2);
    net_stream_set_ops(s, &plain_ops, p);
    net_stream_set_read_deadline(s, net_loop_now_ms(net_stream_loop(s)) + edge_get()->set.head_ms);
}
