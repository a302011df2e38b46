/* Frames of skep-agent/1: length u32, type u8, payload (monitor.md). Both ends and the simulation
 * use this. Pure but for the stream that the caller writes to. */
#ifndef SK_MONITOR_LINK_H
#define SK_MONITOR_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define AGENT_ALPN "skep-agent/1"

enum {
    AGENT_FRAME_MAX = 65536, /* bytes of a payload */
    AGENT_HEAD_SIZE = 5,
    AGENT_SAMPLES_MAX = 400 /* in one frame */
};

enum agent_frame {
    AGENT_HELLO = 1,
    AGENT_WELCOME,
    AGENT_SAMPLES,
    AGENT_ACK,
    AGENT_CLOCK_ASK,
    AGENT_CLOCK_ANSWER,
    AGENT_FACTS
};

/* Append one frame. */
static inline SK_MUST int agent_frame_write(struct sk_buf *out, enum agent_frame type,
                                            const void *payload, size_t len)
{
    int err = len > AGENT_FRAME_MAX ? -SK_ETOOBIG : sk_buf_add_u32(out, (uint32_t)len);

    if (!err)
        err = sk_buf_add_u8(out, (uint8_t)type);
    return err ? err : sk_buf_add(out, payload, len);
}

/* The first frame of `in`: its type and payload (borrowed), `*size` = bytes to consume after use.
 * -SK_EAGAIN when it is not all there, -SK_ETOOBIG. */
static inline SK_MUST int agent_frame_read(const struct sk_buf *in, uint8_t *type,
                                           const uint8_t **payload, size_t *len, size_t *size)
{
    if (in->len < AGENT_HEAD_SIZE)
        return -SK_EAGAIN;
    *len = sk_get_u32(in->data);
    if (*len > AGENT_FRAME_MAX)
        return -SK_ETOOBIG;
    if (in->len - AGENT_HEAD_SIZE < *len)
        return -SK_EAGAIN;
    *type = in->data[4];
    *payload = in->data + AGENT_HEAD_SIZE;
    *size = AGENT_HEAD_SIZE + *len;
    return 0;
}

#endif
