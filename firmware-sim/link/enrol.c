#include "firmware-sim/link/enrol.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "crypto/x509.h"
#include "net/loop.h"
#include "net/stream.h"
#include "wire/http1.h"

enum { ANSWER_MAX = 65536, QUERY_MS = 30000, BODY_MAX = 8192 };

/* One keep-alive connection, one query at a time. */
struct client {
    struct net_loop *loop;
    struct net_stream *stream;
    struct tls_config *tls;
    const struct box *box;
    struct sk_buf in;
    int is_open, result; /* result: of the connection, 0 while it lives */
};

static void on_open(struct net_stream *s, const struct tls_peer *peer)
{
    struct client *c = net_stream_user(s);

    (void)peer;
    c->is_open = 1;
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct client *c = net_stream_user(s);

    if (sk_buf_add(&c->in, data, len))
        net_stream_abort(s, -SK_ETOOBIG);
}

static void on_close(struct net_stream *s, int reason)
{
    struct client *c = net_stream_user(s);

    c->stream = NULL;
    c->is_open = 0;
    c->result = reason ? reason : -SK_ECLOSED;
}

static const struct net_stream_ops client_ops = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static int client_connect(struct client *c)
{
    struct net_connect_options o = {.host = c->box->host,
                                    .port = c->box->port,
                                    .tls = c->tls,
                                    .ops = &client_ops,
                                    .user = c};

    c->result = 0;
    sk_buf_reset(&c->in);
    int err = net_stream_connect(&c->stream, c->loop, &o);
    while (!err && !c->is_open && !c->result)
        net_loop_run_one(c->loop, 100);
    return err ? err : c->result;
}

/* A whole answer in c->in: 0, its status and body; -SK_EAGAIN when more is needed. */
static int answer_parse(struct client *c, int *status, const char **body, size_t *body_len)
{
    struct http1_response res;
    size_t scan = 0, head_len;
    int err = http1_head_find(c->in.data, c->in.len, &scan, &head_len);

    if (!err)
        err = http1_response_parse(&res, c->in.data, head_len, 0);
    if (err)
        return c->in.len == 0 ? -SK_EAGAIN : err;
    if (res.body != HTTP1_BODY_LENGTH && res.body != HTTP1_BODY_NONE)
        return -SK_EUNSUPPORTED;
    if (c->in.len - head_len < res.content_length)
        return -SK_EAGAIN;
    *status = res.status;
    *body = (const char *)c->in.data + head_len;
    *body_len = (size_t)res.content_length;
    return 0;
}

static int query(struct client *c, const struct sk_buf *request, int *status, const char **body,
                 size_t *body_len)
{
    int64_t until_ms = sk_clock_mono_ms() + QUERY_MS;
    int err = c->is_open ? 0 : client_connect(c);

    sk_buf_reset(&c->in);
    if (!err)
        err = net_stream_write(c->stream, request->data, request->len);
    while (!err) {
        err = answer_parse(c, status, body, body_len);
        if (err != -SK_EAGAIN)
            return err;
        if (c->result)
            return c->result;
        if (sk_clock_mono_ms() > until_ms)
            return -SK_ETIMEOUT;
        net_loop_run_one(c->loop, 100);
        err = 0;
    }
    return err;
}

static int pkcs7_certs(struct x509_der certs[X509_PKCS7_CERTS_MAX], size_t *count,
                       struct sk_buf *der, const char *text, size_t len)
{
    size_t got;

    sk_buf_reset(der);
    int err = sk_buf_reserve(der, len);
    if (!err)
        err = sk_b64_decode(der->data, len, &got, text, len);
    return err ? err : x509_pkcs7_read(certs, count, der->data, got);
}

static int authority_fetch(struct client *c, struct box *box)
{
    struct x509_der certs[X509_PKCS7_CERTS_MAX];
    struct sk_buf request, der;
    const char *body;
    size_t body_len, count = 0;
    int status;

    sk_buf_init(&request, 1024);
    sk_buf_init(&der, ANSWER_MAX);
    int err = sk_buf_addf(&request, "GET /.well-known/est/cacerts HTTP/1.1\r\nHost: %s:%u\r\n\r\n",
                          box->host, box->port);
    if (!err)
        err = query(c, &request, &status, &body, &body_len);
    if (!err)
        err = status == 200 ? pkcs7_certs(certs, &count, &der, body, body_len) : -SK_EIO;
    if (!err && count != 2)
        err = -SK_EINVAL;
    if (!err)
        err = x509_cert_write_pem(&box->ca_pem, certs[1].data, certs[1].len);
    sk_buf_fini(&request);
    sk_buf_fini(&der);
    return err;
}

static int request_build(struct sk_buf *out, const struct box *box, const char *token,
                         const struct sk_buf *csr)
{
    char *text = sk_alloc(SK_B64_SIZE(csr->len));

    sk_b64_encode(text, csr->data, csr->len);
    int err = sk_buf_addf(out,
                          "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: %s:%u\r\n"
                          "Authorization: Bearer %s\r\nContent-Type: application/pkcs10\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          box->host, box->port, token, strlen(text), text);
    free(text);
    return err;
}

static int certificate_take(struct vault *v, const char *body, size_t len)
{
    struct x509_der certs[X509_PKCS7_CERTS_MAX];
    struct x509_info info;
    struct sk_buf der;
    size_t count = 0;

    sk_buf_init(&der, ANSWER_MAX);
    int err = pkcs7_certs(certs, &count, &der, body, len);
    if (!err)
        err = count == 1 ? x509_cert_info(&info, certs[0].data, certs[0].len) : -SK_EINVAL;
    if (!err)
        err = sk_copy(v->device, sizeof(v->device), info.cn);
    if (!err) {
        sk_buf_reset(&v->cert);
        err = sk_buf_add(&v->cert, certs[0].data, certs[0].len);
    }
    sk_buf_fini(&der);
    return err;
}

static int status_error(int status)
{
    return status == 200   ? 0
           : status == 401 ? -SK_EAUTH
           : status == 410 ? -SK_EGONE
           : status == 503 ? -SK_EBUSY
           : status == 507 ? -SK_ESTORAGE
                           : -SK_EINVAL;
}

static int camera_enrol(struct client *c, const char *token, struct enrol_request *r)
{
    struct x509_key *key = NULL;
    struct sk_buf csr, request;
    const char *body;
    size_t body_len;
    int status;

    sk_buf_init(&csr, X509_CSR_MAX);
    sk_buf_init(&request, BODY_MAX);
    sk_buf_reset(&r->vault->key);
    int err = x509_key_new(&key);
    if (!err)
        err = x509_key_write_der(&r->vault->key, key);
    if (!err)
        err = x509_csr_make(&csr, key, r->name, r->serial);
    if (!err)
        err = request_build(&request, c->box, token, &csr);
    if (!err)
        err = query(c, &request, &status, &body, &body_len);
    if (!err)
        err = status_error(status);
    if (!err)
        err = certificate_take(r->vault, body, body_len);
    if (!err)
        err = vault_save_identity(r->vault);
    x509_key_free(key);
    sk_buf_fini(&csr);
    sk_buf_fini_wipe(&request);
    return err;
}

int enrol_run(struct box *box, const char *token, struct enrol_request *requests, size_t count,
              void (*progress)(void *ctx, size_t done, size_t count), void *ctx,
              struct sk_buf *why)
{
    struct client c = {.box = box};
    const char *step = "making TLS settings";

    sk_buf_init(&c.in, ANSWER_MAX);
    int err = net_loop_new(&c.loop);
    if (!err)
        err = box_tls_http(box, &c.tls);
    if (!err && box->ca_pem.len == 0) {
        step = "fetching the box's authority";
        err = authority_fetch(&c, box);
    }
    for (size_t i = 0; !err && i < count; i++) {
        step = "enrolling";
        err = camera_enrol(&c, token, &requests[i]);
        if (!err && progress)
            progress(ctx, i + 1, count);
    }
    if (err && sk_buf_addf(why, "%s at %s:%u: %s", step, box->host, box->port, sk_error_text(err)))
        err = -SK_EINTERNAL;
    if (c.stream)
        net_stream_abort(c.stream, -SK_ECLOSED);
    net_loop_free(c.loop);
    tls_config_drop(c.tls);
    sk_buf_fini(&c.in);
    return err;
}
