#include "wire/relay.h"

#include <string.h>

#include "base/buf.h"

enum { FLAGS_ALL = 0x1F };

void wire_relay_encode(uint8_t out[WIRE_RELAY_HEAD_BYTES], const struct wire_relay_head *h)
{
    out[0] = 1;
    out[1] = h->kind;
    sk_put_u16(out + 2, h->flags);
    sk_put_u32(out + 4, h->stream);
    sk_put_u64(out + 8, h->pts);
    sk_put_u32(out + 16, h->len);
}

static int media_check(const struct wire_relay_head *h)
{
    if (h->kind < WIRE_RELAY_VIDEO || h->kind > WIRE_RELAY_PLAYBACK || h->stream == 0 ||
        (h->flags & ~FLAGS_ALL) != 0 ||
        ((h->flags & WIRE_RELAY_KEY) != 0 && (h->flags & WIRE_RELAY_INIT) != 0))
        return -SK_EINVAL;
    if (h->len < WIRE_RELAY_MEDIA_MIN)
        return -SK_EINVAL;
    return h->len <= WIRE_RELAY_MEDIA_MAX ? 0 : -SK_ETOOBIG;
}

/* Exact payload length and whether a stream must be named, by control kind. */
static const struct {
    const char *name;
    uint8_t len, stream; /* stream: 0 none, 1 needed, 2 either */
} controls[] = {
    [WIRE_RELAY_HELLO - WIRE_RELAY_CONTROL] = {"HELLO", 0, 0}, /* 1..4,096 */
    [WIRE_RELAY_WELCOME - WIRE_RELAY_CONTROL] = {"WELCOME", 0, 0},
    [WIRE_RELAY_SUBSCRIBE - WIRE_RELAY_CONTROL] = {"SUBSCRIBE", 0, 1},
    [WIRE_RELAY_UNSUBSCRIBE - WIRE_RELAY_CONTROL] = {"UNSUBSCRIBE", 0, 1},
    [WIRE_RELAY_KEYREQ - WIRE_RELAY_CONTROL] = {"KEYREQ", 0, 1},
    [WIRE_RELAY_CREDIT - WIRE_RELAY_CONTROL] = {"CREDIT", 4, 1},
    [WIRE_RELAY_PING - WIRE_RELAY_CONTROL] = {"PING", 8, 0},
    [WIRE_RELAY_PONG - WIRE_RELAY_CONTROL] = {"PONG", 8, 0},
    [WIRE_RELAY_CUT - WIRE_RELAY_CONTROL] = {"CUT", 1, 2},
    [WIRE_RELAY_SKIPPED - WIRE_RELAY_CONTROL] = {"SKIPPED", 4, 1},
};

static int control_check(const struct wire_relay_head *h)
{
    unsigned i = (unsigned)h->kind - WIRE_RELAY_CONTROL;

    if (i >= sizeof controls / sizeof controls[0] || h->flags != 0 || h->pts != 0 ||
        (controls[i].stream == 0 && h->stream != 0) || (controls[i].stream == 1 && h->stream == 0))
        return -SK_EINVAL;
    if (h->len > WIRE_RELAY_CONTROL_MAX)
        return -SK_ETOOBIG;
    if (h->kind == WIRE_RELAY_HELLO)
        return h->len >= 1 ? 0 : -SK_EINVAL;
    return h->len == controls[i].len ? 0 : -SK_EINVAL;
}

int wire_relay_decode(struct wire_relay_head *h, const uint8_t in[WIRE_RELAY_HEAD_BYTES])
{
    if (in[0] != 1)
        return -SK_EVERSION;
    h->kind = in[1];
    h->flags = sk_get_u16(in + 2);
    h->stream = sk_get_u32(in + 4);
    h->pts = sk_get_u64(in + 8);
    h->len = sk_get_u32(in + 16);
    return wire_relay_is_control(h) ? control_check(h) : media_check(h);
}

int wire_relay_decode_whole(struct wire_relay_head *h, const uint8_t *in, size_t len)
{
    int rc;

    if (len < WIRE_RELAY_HEAD_BYTES)
        return -SK_EINVAL;
    rc = wire_relay_decode(h, in);
    if (rc == 0 && len != (size_t)WIRE_RELAY_HEAD_BYTES + h->len)
        rc = -SK_EINVAL;
    return rc;
}

size_t wire_relay_control(uint8_t *out, enum wire_relay_kind kind, uint32_t stream,
                          const void *payload, size_t len)
{
    struct wire_relay_head h = {.kind = (uint8_t)kind, .stream = stream, .len = (uint32_t)len};

    wire_relay_encode(out, &h);
    if (len > 0)
        memcpy(out + WIRE_RELAY_HEAD_BYTES, payload, len);
    return WIRE_RELAY_HEAD_BYTES + len;
}

const char *wire_relay_kind_name(unsigned kind)
{
    static const char *const media[] = {NULL,   "video",    "audio",   "metadata",
                                        "talk", "snapshot", "playback"};

    if (kind < sizeof media / sizeof media[0])
        return media[kind];
    if (kind >= WIRE_RELAY_CONTROL &&
        kind - WIRE_RELAY_CONTROL < sizeof controls / sizeof controls[0])
        return controls[kind - WIRE_RELAY_CONTROL].name;
    return NULL;
}
