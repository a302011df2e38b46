/* The relay frame (sealed.md 6): a 20-byte clear header, big-endian, then the payload. The relay
 * changes no bit of it; it is the AAD of the sealed unit. Pure codec. */
#ifndef SK_WIRE_RELAY_H
#define SK_WIRE_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    WIRE_RELAY_HEAD_BYTES = 20,
    WIRE_RELAY_MEDIA_MIN = 18,
    WIRE_RELAY_MEDIA_MAX = 4 << 20,
    WIRE_RELAY_CONTROL_MAX = 4096,
    WIRE_RELAY_TALK_MAX = 16 << 10,        /* payload of a talk unit, towards a camera */
    WIRE_RELAY_PLAIN_MAX = (4 << 20) - 64, /* plaintext of one unit */
    WIRE_RELAY_CONTROL = 0x80              /* kinds from here on are control */
};

enum wire_relay_kind {
    WIRE_RELAY_VIDEO = 1,
    WIRE_RELAY_AUDIO = 2,
    WIRE_RELAY_METADATA = 3,
    WIRE_RELAY_TALK = 4,
    WIRE_RELAY_SNAPSHOT = 5,
    WIRE_RELAY_PLAYBACK = 6,
    WIRE_RELAY_HELLO = 0x80,
    WIRE_RELAY_WELCOME = 0x81,
    WIRE_RELAY_SUBSCRIBE = 0x82,
    WIRE_RELAY_UNSUBSCRIBE = 0x83,
    WIRE_RELAY_KEYREQ = 0x84,
    WIRE_RELAY_CREDIT = 0x85,
    WIRE_RELAY_PING = 0x86,
    WIRE_RELAY_PONG = 0x87,
    WIRE_RELAY_CUT = 0x88,
    WIRE_RELAY_SKIPPED = 0x89
};

enum wire_relay_flag {
    WIRE_RELAY_KEY = 0x01,
    WIRE_RELAY_INIT = 0x02,
    WIRE_RELAY_DISC = 0x04,
    WIRE_RELAY_END = 0x08,
    WIRE_RELAY_NOCACHE = 0x10
};

struct wire_relay_head {
    uint8_t kind;
    uint16_t flags;
    uint32_t stream;
    uint64_t pts; /* 90 kHz */
    uint32_t len; /* bytes after the header */
};

/* Write 20 bytes; no checks. */
void wire_relay_encode(uint8_t out[WIRE_RELAY_HEAD_BYTES], const struct wire_relay_head *h);

/* Read and check 20 bytes, before any memory is taken for the payload: version 1 (-SK_EVERSION),
 * known kind and flags, INIT and KEY not both, media stream non-zero and length 18..4 MiB; control:
 * flags and PTS zero and exactly the length its kind has (HELLO 1..4,096). -SK_EINVAL,
 * -SK_ETOOBIG (length over the limit). */
SK_MUST int wire_relay_decode(struct wire_relay_head *h, const uint8_t in[WIRE_RELAY_HEAD_BYTES]);

/* As wire_relay_decode for one whole frame in a WebSocket message: `len` must be 20 + length. */
SK_MUST int wire_relay_decode_whole(struct wire_relay_head *h, const uint8_t *in, size_t len);

/* Write a control frame of `kind` about `stream` (0 = none): 20 + `len` bytes into `out`, which
 * must have room; returns the total. */
size_t wire_relay_control(uint8_t *out, enum wire_relay_kind kind, uint32_t stream,
                          const void *payload, size_t len);

static inline int wire_relay_is_control(const struct wire_relay_head *h)
{
    return h->kind >= WIRE_RELAY_CONTROL;
}

/* "video", "SUBSCRIBE" ... or NULL. */
const char *wire_relay_kind_name(unsigned kind);

#endif
