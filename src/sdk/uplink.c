#include "sdk/uplink.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "wire/relay.h"

enum { TICKET_MAX = 512, HELLO_MS = 10 * 1000, PING_MS = 25 * 1000, DEAD_MS = 60 * 1000 };

void sdk_uplink_init(struct sdk_uplink *u, const struct sdk_uplink_ops *ops, void *user)
{
    memset(u, 0, sizeof *u);
    u->ops = ops;
    u->user = user;
    sk_buf_init(&u->in, WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_TALK_MAX);
}

void sdk_uplink_stop(struct sdk_uplink *u)
{
    sk_buf_fini(&u->in);
    u->is_started = u->is_up = u->is_pinged = 0;
}

int sdk_uplink_start(struct sdk_uplink *u, const char *ticket, int64_t now_ms)
{
    uint8_t out[WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_CONTROL_MAX];
    json_t *o;
    char *text;
    size_t len;

    if (strlen(ticket) > TICKET_MAX)
        return -SK_EINVAL;
    o = json_object();
    sk_json_set_str(o, "ticket", ticket);
    text = sk_json_text(o, &len);
    json_decref(o);
    if (text == NULL || len > WIRE_RELAY_CONTROL_MAX) {
        free(text);
        return -SK_EINVAL;
    }
    sdk_uplink_stop(u);
    u->is_started = 1;
    u->heard_ms = now_ms;
    u->deadline_ms = now_ms + HELLO_MS;
    len = wire_relay_control(out, WIRE_RELAY_HELLO, 0, text, len);
    u->ops->send(u->user, out, len);
    free(text);
    return 0;
}

/* `whole` = header and payload. */
static int frame_handle(struct sdk_uplink *u, const struct wire_relay_head *h, const uint8_t *whole,
                        int64_t now_ms)
{
    const uint8_t *payload = whole + WIRE_RELAY_HEAD_BYTES;
    uint8_t out[WIRE_RELAY_HEAD_BYTES + 8];

    u->heard_ms = now_ms;
    u->is_pinged = 0;
    if (!u->is_up && h->kind != WIRE_RELAY_WELCOME && h->kind != WIRE_RELAY_CUT)
        return -SK_EINVAL;
    switch (h->kind) {
    case WIRE_RELAY_WELCOME:
        if (u->is_up)
            return -SK_EINVAL;
        u->is_up = 1;
        u->deadline_ms = now_ms + PING_MS;
        u->ops->ready(u->user);
        return 0;
    case WIRE_RELAY_KEYREQ:
        u->ops->keyreq(u->user, h->stream);
        return 0;
    case WIRE_RELAY_PING:
        u->ops->send(u->user, out, wire_relay_control(out, WIRE_RELAY_PONG, 0, payload, 8));
        return 0;
    case WIRE_RELAY_PONG:
        return 0;
    case WIRE_RELAY_TALK:
        u->ops->talk(u->user, whole, WIRE_RELAY_HEAD_BYTES + (size_t)h->len);
        return 0;
    case WIRE_RELAY_CREDIT:
        if (u->ops->credit == NULL)
            return -SK_EINVAL;
        u->ops->credit(u->user, h->stream, sk_get_u32(payload));
        return 0;
    case WIRE_RELAY_CUT:
        u->ops->cut(u->user, payload[0]);
        return -SK_ECLOSED;
    default:
        return -SK_EINVAL; /* nothing else comes down an uplink */
    }
}

/* Bytes the frame in the buffer still lacks; 0 = whole. Negative when its head is bad. */
static int frame_lacks(const struct sk_buf *in, int may_talk, struct wire_relay_head *h,
                       size_t *lacks)
{
    int rc;

    if (in->len < WIRE_RELAY_HEAD_BYTES) {
        *lacks = WIRE_RELAY_HEAD_BYTES - in->len;
        return 0;
    }
    rc = wire_relay_decode(h, in->data);
    if (rc < 0)
        return rc;
    if (!wire_relay_is_control(h) && (!may_talk || h->kind != WIRE_RELAY_TALK))
        return -SK_EINVAL;
    if (h->kind == WIRE_RELAY_TALK && h->len > WIRE_RELAY_TALK_MAX)
        return -SK_ETOOBIG;
    *lacks = WIRE_RELAY_HEAD_BYTES + h->len - in->len;
    return 0;
}

int sdk_uplink_input(struct sdk_uplink *u, const uint8_t *data, size_t len, int64_t now_ms)
{
    struct wire_relay_head h;
    size_t at = 0, lacks;
    int rc = 0;

    if (!u->is_started)
        return -SK_ECLOSED;
    while (rc == 0) {
        rc = frame_lacks(&u->in, u->ops->talk != NULL, &h, &lacks);
        if (rc < 0)
            break;
        if (lacks == 0) { /* off the link before it is handled: a callback may stop the link */
            struct sk_buf whole = u->in;

            sk_buf_init(&u->in, whole.max);
            rc = frame_handle(u, &h, whole.data, now_ms);
            sk_buf_fini(&whole);
            if (rc == 0 && !u->is_started)
                rc = -SK_ECLOSED;
            continue;
        }
        if (at == len)
            return 0;
        if (lacks > len - at)
            lacks = len - at;
        rc = sk_buf_add(&u->in, data + at, lacks);
        at += lacks;
    }
    u->is_up = u->is_started = 0;
    return rc;
}

int sdk_uplink_tick(struct sdk_uplink *u, int64_t now_ms, int64_t *deadline_ms)
{
    uint8_t out[WIRE_RELAY_HEAD_BYTES + 8], payload[8];

    *deadline_ms = INT64_MAX;
    if (!u->is_started)
        return -SK_ECLOSED;
    if (u->is_up ? now_ms - u->heard_ms >= DEAD_MS : now_ms >= u->deadline_ms)
        return -SK_ETIMEOUT;
    if (u->is_up && now_ms >= u->deadline_ms) {
        if (now_ms - u->heard_ms >= PING_MS) {
            sk_put_u64(payload, (uint64_t)now_ms);
            u->ops->send(u->user, out, wire_relay_control(out, WIRE_RELAY_PING, 0, payload, 8));
            u->is_pinged = 1;
        }
        u->deadline_ms = now_ms + PING_MS;
    }
    *deadline_ms = u->deadline_ms;
    return 0;
}
