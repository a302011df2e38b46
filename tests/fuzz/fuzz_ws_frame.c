/* Heads of client frames: our own reader, and that wslay is never more permissive than it. */
#include <stdint.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/sys.h"
#include "wire/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t len;
};

static ssize_t input_recv(uint8_t *buf, size_t len, int flags, void *user)
{
    struct input *in = user;
    size_t n = len < in->len ? len : in->len;
    (void)flags;
    if (n == 0)
        return -1;
    memcpy(buf, in->data, n);
    in->data += n;
    in->len -= n;
    return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = input_recv};
    struct ws_frame_head head;
    struct wslay_frame_iocb frame;
    struct input in = {data, size};
    wslay_frame_context_ptr ctx;
    int rc = ws_head_decode(&head, data, size);
    if (rc != 0)
        return 0;
    SK_ASSERT(head.head_len <= WS_CLIENT_HEAD_MAX && head.head_len <= size);
    if (wslay_frame_context_init(&ctx, &callbacks, &in) != 0)
        return 0;
    memset(&frame, 0, sizeof(frame));
    if (wslay_frame_recv(ctx, &frame) >= 0)
        SK_ASSERT(frame.payload_length == head.payload_len && frame.opcode == head.opcode &&
                  frame.fin == head.is_final && frame.mask);
    wslay_frame_context_free(ctx);
    return 0;
}
