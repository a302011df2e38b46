#include "net/ws_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/sys.h"
#include "base/text.h"
#include "net/stream.h"
#include "wire/http1.h"
#include "wire/ws.h"

enum { HEAD_MAX = 4096, QUEUE_MAX = 1 << 20, KEY_SIZE = 25, CLOSE_NORMAL = 1000, CLOSE_BIG = 1009 };

struct ws_client {
    struct net_stream *stream;
    const struct ws_client_ops *ops;
    void *user;
    struct sk_buf request, in, message;
    char key[KEY_SIZE];
    enum ws_opcode opcode; /* of the message under way, 0 between messages */
    unsigned code;
    int is_open, is_closing, status;
};

/* ---- sending --------------------------------------------------------------------------------- */

static int frame_send(struct ws_client *c, enum ws_opcode opcode, const void *data, size_t len)
{
    uint8_t head[WS_HEAD_MAX + 4], mask[4];
    struct sk_buf frame;
    size_t head_len = ws_head_encode(head, opcode, len);

    head[1] |= 0x80; /* clients mask */
    sk_random(mask, sizeof(mask));
    memcpy(head + head_len, mask, sizeof(mask));
    sk_buf_init(&frame, len + sizeof(head));
    int err = sk_buf_add(&frame, head, head_len + sizeof(mask));
    if (!err)
        err = sk_buf_add(&frame, data, len);
    uint8_t *body = frame.data + head_len + sizeof(mask);
    for (size_t i = 0; !err && i < len; i++)
        body[i] = (uint8_t)(body[i] ^ mask[i % 4]);
    if (!err)
        err = net_stream_write(c->stream, frame.data, frame.len);
    sk_buf_fini(&frame);
    return err;
}

static int message_send(struct ws_client *c, enum ws_opcode opcode, const void *data, size_t len)
{
    if (c->is_closing)
        return -SK_ECLOSED;
    return c->is_open ? frame_send(c, opcode, data, len) : -SK_EAGAIN;
}

int ws_client_send_text(struct ws_client *c, const char *text, size_t len)
{
    return message_send(c, WS_TEXT, text, len);
}

int ws_client_send_binary(struct ws_client *c, const void *data, size_t len)
{
    return message_send(c, WS_BINARY, data, len);
}

static void close_send(struct ws_client *c, unsigned code)
{
    uint8_t body[2];

    if (c->is_closing)
        return;
    sk_put_u16(body, (uint16_t)code);
    if (c->is_open && frame_send(c, WS_CLOSE, body, sizeof(body)))
        net_stream_abort(c->stream, -SK_ELIMIT);
    else
        net_stream_close(c->stream, 1000);
    c->is_closing = 1;
}

void ws_client_close(struct ws_client *c)
{
    close_send(c, CLOSE_NORMAL);
}

void ws_client_abort(struct ws_client *c)
{
    net_stream_abort(c->stream, -SK_ECLOSED);
}

void ws_client_pause(struct ws_client *c)
{
    net_stream_pause(c->stream);
}

void ws_client_resume(struct ws_client *c)
{
    net_stream_resume(c->stream);
}

int ws_client_ticket(struct sk_buf *out, const struct ws_client *c)
{
    return net_stream_ticket(out, c->stream);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* A server's head: as a client's, but never masked. 0 and the head's length, -SK_EAGAIN, ... */
static int head_read(const struct sk_buf *in, size_t at, struct ws_frame_head *h)
{
    const uint8_t *p = in->data + at;
    size_t left = in->len - at;

    if (left < 2)
        return -SK_EAGAIN;
    size_t extra = (p[1] & 0x7f) == 126 ? 2 : (p[1] & 0x7f) == 127 ? 8 : 0;
    if (left < 2 + extra)
        return -SK_EAGAIN;
    if ((p[0] & 0x70) || (p[1] & 0x80))
        return -SK_EINVAL;
    h->is_final = p[0] >> 7;
    h->opcode = (enum ws_opcode)(p[0] & 0x0f);
    h->payload_len = extra == 2   ? sk_get_u16(p + 2)
                     : extra == 8 ? sk_get_u64(p + 2)
                                  : (uint64_t)(p[1] & 0x7f);
    h->head_len = 2 + extra;
    return 0;
}

static void message_deliver(struct ws_client *c)
{
    enum ws_opcode opcode = c->opcode;

    c->opcode = WS_CONTINUATION;
    if (opcode == WS_TEXT && c->ops->on_text)
        c->ops->on_text(c->user, (const char *)c->message.data, c->message.len);
    else if (opcode == WS_BINARY && c->ops->on_binary)
        c->ops->on_binary(c->user, c->message.data, c->message.len);
    sk_buf_reset(&c->message);
}

static int frame_take(struct ws_client *c, const struct ws_frame_head *h, const uint8_t *body)
{
    size_t len = (size_t)h->payload_len;

    switch (h->opcode) {
    case WS_PING:
        return frame_send(c, WS_PONG, body, len);
    case WS_PONG:
        return 0;
    case WS_CLOSE:
        c->code = len >= 2 ? sk_get_u16(body) : CLOSE_NORMAL;
        return -SK_ECLOSED;
    case WS_TEXT:
    case WS_BINARY:
        if (c->opcode)
            return -SK_EINVAL;
        c->opcode = h->opcode;
        break;
    case WS_CONTINUATION:
        if (!c->opcode)
            return -SK_EINVAL;
        break;
    default:
        return -SK_EINVAL;
    }
    int err = sk_buf_add(&c->message, body, len);
    if (!err && h->is_final)
        message_deliver(c);
    return err;
}

static int frames_take(struct ws_client *c)
{
    size_t at = 0;
    int err = 0;

    while (!err && !c->is_closing) {
        struct ws_frame_head h;
        err = head_read(&c->in, at, &h);
        if (!err && h.payload_len > c->message.max - c->message.len)
            err = -SK_ETOOBIG;
        if (!err && c->in.len - at - h.head_len < h.payload_len)
            err = -SK_EAGAIN;
        if (err)
            break;
        err = frame_take(c, &h, c->in.data + at + h.head_len);
        at += h.head_len + (size_t)h.payload_len;
    }
    sk_buf_consume(&c->in, at);
    return err == -SK_EAGAIN ? 0 : err;
}

static int upgrade_take(struct ws_client *c)
{
    struct http1_response res;
    char accept[WS_ACCEPT_SIZE];
    size_t scan = 0, head_len;
    int err = http1_head_find(c->in.data, c->in.len, &scan, &head_len);

    if (!err)
        err = http1_response_parse(&res, c->in.data, head_len, 0);
    if (!err)
        err = ws_accept_encode(accept, c->key, strlen(c->key));
    if (err)
        return err;
    const struct http1_text *got =
        http1_field_find(res.fields, res.field_count, "Sec-WebSocket-Accept");
    c->status = res.status;
    if (res.status != 101)
        return -SK_EDENIED;
    if (!got || got->len != strlen(accept) || memcmp(got->p, accept, got->len) != 0)
        return -SK_EINVAL;
    c->status = 0;
    sk_buf_consume(&c->in, head_len);
    c->is_open = 1;
    if (c->ops->on_open)
        c->ops->on_open(c->user);
    return 0;
}

static void on_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    struct ws_client *c = net_stream_user(s);
    int err = sk_buf_add(&c->in, data, len);

    if (!err && !c->is_open)
        err = upgrade_take(c);
    if (!err && c->is_open)
        err = frames_take(c);
    if (err == -SK_ETOOBIG)
        close_send(c, CLOSE_BIG);
    else if (err == -SK_ECLOSED)
        close_send(c, c->code);
    else if (err && err != -SK_EAGAIN)
        net_stream_abort(s, err);
}

static void on_open(struct net_stream *s, const struct tls_peer *peer)
{
    struct ws_client *c = net_stream_user(s);

    (void)peer;
    if (net_stream_write(s, c->request.data, c->request.len))
        net_stream_abort(s, -SK_ELIMIT);
    sk_buf_fini_wipe(&c->request);
}

static void client_free(struct ws_client *c)
{
    sk_buf_fini_wipe(&c->request);
    sk_buf_fini(&c->in);
    sk_buf_fini(&c->message);
    free(c);
}

static void on_close(struct net_stream *s, int reason)
{
    struct ws_client *c = net_stream_user(s);

    (void)reason;
    c->is_closing = 1;
    c->ops->on_close(c->user, c->code, c->status);
    client_free(c);
}

static const struct net_stream_ops stream_ops = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static int request_build(struct ws_client *c, const struct ws_client_options *o)
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b64_encode(c->key, raw, sizeof(raw));
    int err = sk_buf_addf(&c->request,
                          "GET %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: Upgrade\r\n"
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n",
                          o->path, o->host, o->port, c->key, o->subprotocol);
    if (!err && o->authorization)
        err = sk_buf_addf(&c->request, "Authorization: %s\r\n", o->authorization);
    return err ? err : sk_buf_add_str(&c->request, "\r\n");
}

int ws_client_connect(struct ws_client **out, struct net_loop *loop,
                      const struct ws_client_options *o)
{
    struct ws_client *c = sk_alloc(sizeof(*c));
    struct net_connect_options connect = {.host = o->host,
                                          .port = o->port,
                                          .tls = o->tls,
                                          .ticket = o->ticket,
                                          .ticket_len = o->ticket_len,
                                          .queue_cap_bytes = QUEUE_MAX,
                                          .ops = &stream_ops,
                                          .user = c};

    c->ops = o->ops;
    c->user = o->user;
    sk_buf_init(&c->request, HEAD_MAX);
    sk_buf_init(&c->message, o->message_max_bytes);
    sk_buf_init(&c->in, o->message_max_bytes + HTTP1_HEAD_MAX + TLS_RECORD_MAX);
    int err = request_build(c, o);
    if (!err)
        err = net_stream_connect(&c->stream, loop, &connect);
    if (err) {
        client_free(c);
        c = NULL;
    }
    *out = c;
    return err;
}
