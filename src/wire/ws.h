/* What the edge needs of RFC 6455 beside wslay: heads for frames whose payload is shared between
 * sockets, a reader of client heads, and the answer to the opening handshake. Pure. */
#ifndef SK_WIRE_WS_H
#define SK_WIRE_WS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    WS_HEAD_MAX = 10, /* server frame: never masked */
    WS_CLIENT_HEAD_MAX = 14,
    WS_ACCEPT_SIZE = 29, /* base64 of SHA-1, with the closing zero */
    WS_CONTROL_MAX = 125
};

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

/* Write the head of one final, unmasked frame; its length (2, 4 or 10) is returned. */
size_t ws_head_encode(uint8_t out[WS_HEAD_MAX], enum ws_opcode opcode, uint64_t payload_len);

struct ws_frame_head {
    enum ws_opcode opcode;
    int is_final;
    uint64_t payload_len;
    uint8_t mask[4];
    size_t head_len;
};

/* Read the head of a client frame. -SK_EAGAIN: more is needed; -SK_EINVAL: a reserved bit or
 * opcode, no mask, a length that is not in its shortest form, or a control frame that is long or
 * fragmented. */
SK_MUST int ws_head_decode(struct ws_frame_head *out, const void *data, size_t len);

/* Sec-WebSocket-Accept for the client's key (RFC 6455 4.2.2). -SK_EINVAL unless the key is the
 * base64 of 16 bytes. */
SK_MUST int ws_accept_encode(char out[WS_ACCEPT_SIZE], const char *key, size_t key_len);

#endif
