#include "wire/netip.h"

#include "base/buf.h"

void wire_netip_encode(uint8_t out[WIRE_NETIP_HEAD_BYTES], const struct wire_netip_head *h)
{
    out[0] = 0xFF;
    out[1] = h->version;
    sk_put_u16le(out + 2, h->reserved);
    sk_put_u32le(out + 4, h->session);
    sk_put_u32le(out + 8, h->seq);
    out[12] = h->total;
    out[13] = h->current;
    sk_put_u16le(out + 14, h->id);
    sk_put_u32le(out + 16, h->len);
}

int wire_netip_decode(struct wire_netip_head *h, const uint8_t in[WIRE_NETIP_HEAD_BYTES])
{
    if (in[0] != 0xFF || in[1] > 1)
        return -SK_EINVAL;
    h->version = in[1];
    h->reserved = sk_get_u16le(in + 2);
    h->session = sk_get_u32le(in + 4);
    h->seq = sk_get_u32le(in + 8);
    h->total = in[12];
    h->current = in[13];
    h->id = sk_get_u16le(in + 14);
    h->len = sk_get_u32le(in + 16);
    return h->len <= WIRE_NETIP_BODY_MAX ? 0 : -SK_ETOOBIG;
}

static const struct {
    uint16_t id;
    uint8_t ways;
    const char *name;
} messages[] = {
#define MESSAGE_ROW(name, id, text, way) {id, way, text},
    WIRE_NETIP_MESSAGES(MESSAGE_ROW)
#undef MESSAGE_ROW
};

enum { MESSAGE_COUNT = sizeof messages / sizeof messages[0] };

int wire_netip_check(const struct wire_netip_head *h, enum wire_way from)
{
    if (h->version != 1 || h->reserved != 0 || h->total != 0 || h->current != 0)
        return -SK_EINVAL;
    for (unsigned i = 0; i < MESSAGE_COUNT; i++)
        if (messages[i].id == h->id)
            return (messages[i].ways & from) != 0 ? 0 : -SK_EINVAL;
    return -SK_EUNSUPPORTED;
}

const char *wire_netip_id_name(uint16_t id)
{
    for (unsigned i = 0; i < MESSAGE_COUNT; i++)
        if (messages[i].id == id)
            return messages[i].name;
    return NULL;
}
