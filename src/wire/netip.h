/* The 20-byte NETIP header, little-endian, and the private message ids of the device link
 * (wire.md 1, netip.md 1). Pure codec: no memory, no clock, any thread. */
#ifndef SK_WIRE_NETIP_H
#define SK_WIRE_NETIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    WIRE_NETIP_HEAD_BYTES = 20,
    WIRE_NETIP_BODY_MAX = 65536,
    WIRE_NETIP_ID_FIRST = 0x7000,
    WIRE_NETIP_ID_LAST = 0x70FF
};

/* who may send: 1 camera, 2 server, 3 both */
#define WIRE_NETIP_MESSAGES(X)                                                                     \
    X(WIRE_HELLO, 0x7001, "HELLO", 1)                                                              \
    X(WIRE_HELLO_OK, 0x7002, "HELLO_OK", 2)                                                        \
    X(WIRE_KEEPALIVE, 0x7003, "KEEPALIVE", 1)                                                      \
    X(WIRE_KEEPALIVE_OK, 0x7004, "KEEPALIVE_OK", 2)                                                \
    X(WIRE_SIGNAL, 0x7010, "SIGNAL", 3)                                                            \
    X(WIRE_MEDIA_OPEN, 0x7020, "MEDIA_OPEN", 2)                                                    \
    X(WIRE_MEDIA_CLOSE, 0x7021, "MEDIA_CLOSE", 2)                                                  \
    X(WIRE_NOTICE, 0x7030, "NOTICE", 2)                                                            \
    X(WIRE_EVENT, 0x7040, "EVENT", 1)                                                              \
    X(WIRE_EVENT_OK, 0x7041, "EVENT_OK", 2)                                                        \
    X(WIRE_STATUS, 0x7050, "STATUS", 1)                                                            \
    X(WIRE_ERROR, 0x70FF, "ERROR", 3)

enum wire_netip_id {
#define WIRE_NETIP_ENUM(name, id, text, way) name = id,
    WIRE_NETIP_MESSAGES(WIRE_NETIP_ENUM)
#undef WIRE_NETIP_ENUM
};

enum wire_way { WIRE_FROM_CAMERA = 1, WIRE_FROM_SERVER = 2 };

struct wire_netip_head {
    uint8_t version, total, current;
    uint16_t reserved, id;
    uint32_t session, seq, len;
};

/* Write 20 bytes: magic FF, the fields as given. */
void wire_netip_encode(uint8_t out[WIRE_NETIP_HEAD_BYTES], const struct wire_netip_head *h);

/* Read 20 bytes. -SK_EINVAL: no magic or version above 1; -SK_ETOOBIG: length over 64 KiB. Takes
 * what the LAN protocol takes; the device link also calls wire_netip_check. */
SK_MUST int wire_netip_decode(struct wire_netip_head *h, const uint8_t in[WIRE_NETIP_HEAD_BYTES]);

/* The stricter rules of the device link: version 1, zero reserved and bytes 12-13, a known private
 * id that `from` may send. -SK_EINVAL or -SK_EUNSUPPORTED (unknown id). Session and sequence are
 * the caller's. */
SK_MUST int wire_netip_check(const struct wire_netip_head *h, enum wire_way from);

/* "HELLO" ..., or NULL for an unknown id. */
const char *wire_netip_id_name(uint16_t id);

#endif
