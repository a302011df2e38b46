#include "net/https_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "net/loop.h"
#include "net/stream.h"
#include "wire/http1.h"

enum { ANSWER_MAX = 1 << 20, QUERY_MAX = 256 * 1024, QUERY_MS = 30000 };

struct https_client {
    struct net_loop *loop;
    struct net_stream *stream;
    struct tls_config *tls;
    char host[256];
    uint16_t port;
    struct sk_buf in, out;
    int is_open, result; /* result: of the connection, 0 while it lives */
};

static void on_open(struct net_stream *s, const struct tls_peer *peer)
{
    struct https_client *c = net_stream_user(s);

    (void)peer;
    c->is_open = 1;
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct https_client *c = net_stream_user(s);

    if (sk_buf_add(&c->in, data, len))
        net_stream_abort(s, -SK_ETOOBIG);
}

static void on_close(struct net_stream *s, int reason)
{
    struct https_client *c = net_stream_user(s);

    c->stream = NULL;
    c->is_open = 0;
    c->result = reason ? reason : -SK_ECLOSED;
}

static const struct net_stream_ops client_ops = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

int https_client_new(struct https_client **out, const char *host, uint16_t port,
                     struct tls_config *tls)
{
    struct https_client *c = sk_alloc(sizeof(*c));

    sk_buf_init(&c->in, ANSWER_MAX);
    sk_buf_init(&c->out, QUERY_MAX);
    c->tls = tls_config_ref(tls);
    c->port = port;
    int err = sk_copy(c->host, sizeof(c->host), host);
    if (!err)
        err = net_loop_new(&c->loop);
    if (err) {
        https_client_free(c);
        c = NULL;
    }
    *out = c;
    return err;
}

void https_client_free(struct https_client *c)
{
    if (!c)
        return;
    if (c->stream)
        net_stream_abort(c->stream, -SK_ECLOSED);
    net_loop_free(c->loop);
    tls_config_drop(c->tls);
    sk_buf_fini_wipe(&c->in);
    sk_buf_fini_wipe(&c->out);
    free(c);
}

static int client_connect(struct https_client *c)
{
    struct net_connect_options o = {.host = c->host,
                                    .port = c->port,
                                    .tls = c->tls,
                                    .queue_cap_bytes = QUERY_MAX,
                                    .ops = &client_ops,
                                    .user = c};

    c->result = 0;
    int err = net_stream_connect(&c->stream, c->loop, &o);
    while (!err && !c->is_open && !c->result)
        net_loop_run_one(c->loop, 100);
    return err ? err : c->result;
}

static int query_write(struct https_client *c, const struct https_query *q)
{
    sk_buf_reset(&c->out);
    int err = sk_buf_addf(&c->out, "%s %s HTTP/1.1\r\nHost: %s:%u\r\n", q->method, q->path, c->host,
                          c->port);

    if (!err && q->fields)
        err = sk_buf_add_str(&c->out, q->fields);
    if (!err && q->authorization)
        err = sk_buf_addf(&c->out, "Authorization: %s\r\n", q->authorization);
    if (!err && q->type)
        err = sk_buf_addf(&c->out, "Content-Type: %s\r\n", q->type);
    if (!err && q->body)
        err = sk_buf_addf(&c->out, "Content-Length: %zu\r\n", q->body_len);
    if (!err)
        err = sk_buf_add_str(&c->out, "\r\n");
    if (!err && q->body)
        err = sk_buf_add(&c->out, q->body, q->body_len);
    return err ? err : net_stream_write(c->stream, c->out.data, c->out.len);
}

/* A whole answer in `in`: 0, its status and body; -SK_EAGAIN when more is needed. */
static int answer_parse(struct https_client *c, int *status, const char **body, size_t *body_len)
{
    struct http1_response res;
    size_t scan = 0, head_len;
    int err = c->in.len ? http1_head_find(c->in.data, c->in.len, &scan, &head_len) : -SK_EAGAIN;

    if (!err)
        err = http1_response_parse(&res, c->in.data, head_len, 0);
    if (err)
        return err;
    if (res.body != HTTP1_BODY_LENGTH && res.body != HTTP1_BODY_NONE)
        return -SK_EUNSUPPORTED;
    if (c->in.len - head_len < res.content_length)
        return -SK_EAGAIN;
    *status = res.status;
    *body = (const char *)c->in.data + head_len;
    *body_len = (size_t)res.content_length;
    return 0;
}

int https_client_query(struct https_client *c, const struct https_query *q, int *status,
                       const char **body, size_t *body_len)
{
    int64_t until_ms = sk_clock_mono_ms() + QUERY_MS;

    net_loop_run_one(c->loop, 0); /* hear of a close that came meanwhile */
    int err = c->is_open ? 0 : client_connect(c);
    sk_buf_reset(&c->in);
    if (!err)
        err = query_write(c, q);
    while (!err) {
        err = answer_parse(c, status, body, body_len);
        if (err != -SK_EAGAIN)
            break;
        err = c->result ? c->result : sk_clock_mono_ms() > until_ms ? -SK_ETIMEOUT : 0;
        if (!err)
            net_loop_run_one(c->loop, 100);
    }
    sk_buf_reset(&c->out);
    return err;
}
