#include "wire/record.h"

#include <string.h>

#include "base/buf.h"

void wire_record_encode(uint8_t out[WIRE_RECORD_HEAD_BYTES], const struct wire_record_head *h)
{
    out[0] = 0x10;
    out[1] = 0;
    sk_put_u16(out + 2, h->epoch);
    memcpy(out + 4, h->channel, 4);
    sk_put_u64(out + 8, h->counter);
}

int wire_record_decode(struct wire_record_head *h, const uint8_t *in, size_t len)
{
    if (len < WIRE_RECORD_HEAD_BYTES + WIRE_RECORD_PAD + WIRE_RECORD_TAG_BYTES ||
        len > WIRE_RECORD_HEAD_BYTES + WIRE_RECORD_PLAIN_MAX + WIRE_RECORD_TAG_BYTES ||
        (len - WIRE_RECORD_HEAD_BYTES - WIRE_RECORD_TAG_BYTES) % WIRE_RECORD_PAD != 0 ||
        in[0] != 0x10 || in[1] != 0)
        return -SK_EINVAL;
    h->epoch = sk_get_u16(in + 2);
    memcpy(h->channel, in + 4, 4);
    h->counter = sk_get_u64(in + 8);
    return 0;
}

size_t wire_record_plain_size(size_t content_len)
{
    return (content_len + 4 + WIRE_RECORD_PAD - 1) / WIRE_RECORD_PAD * WIRE_RECORD_PAD;
}

size_t wire_record_plain_encode(uint8_t *out, uint8_t type, uint8_t flags, const void *content,
                                size_t len)
{
    size_t size = wire_record_plain_size(len);

    out[0] = type;
    out[1] = flags;
    sk_put_u16(out + 2, (uint16_t)len);
    if (len > 0)
        memcpy(out + 4, content, len);
    memset(out + 4 + len, 0, size - 4 - len);
    return size;
}

static int length_is_right(uint8_t type, size_t len)
{
    switch (type) {
    case WIRE_RECORD_REKEY:
        return len == 2;
    case WIRE_RECORD_PING:
    case WIRE_RECORD_PONG:
        return len == 8;
    case WIRE_RECORD_CLOSE:
        return len == 1;
    default:
        return 1;
    }
}

int wire_record_plain_decode(struct wire_record_plain *p, const uint8_t *in, size_t len)
{
    uint8_t rest = 0;

    if (len < WIRE_RECORD_PAD || len > WIRE_RECORD_PLAIN_MAX || len % WIRE_RECORD_PAD != 0)
        return -SK_EINVAL;
    p->type = in[0];
    p->flags = in[1];
    p->len = sk_get_u16(in + 2);
    p->content = in + 4;
    if (p->type < WIRE_RECORD_REQ || p->type > WIRE_RECORD_DATA ||
        (p->flags & ~WIRE_RECORD_MORE) != 0 || p->len > len - 4)
        return -SK_EINVAL;
    for (size_t i = 4 + p->len; i < len; i++)
        rest |= in[i];
    return rest == 0 && length_is_right(p->type, p->len) ? 0 : -SK_EINVAL;
}
