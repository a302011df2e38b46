/* Relay frames: header rules, and the camera's uplink fed in pieces. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "sdk/uplink.h"
#include "wire/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_send(void *user, const uint8_t *d, size_t len)
{
    struct wire_relay_head h;

    (void)user;
    SK_ASSERT(wire_relay_decode_whole(&h, d, len) == 0);
}

static void on_ready(void *user)
{
    (void)user;
}

static void on_keyreq(void *user, uint32_t stream)
{
    (void)user;
    SK_ASSERT(stream != 0);
}

static void on_talk(void *user, const uint8_t *frame, size_t len)
{
    struct wire_relay_head h;

    (void)user;
    SK_ASSERT(wire_relay_decode_whole(&h, frame, len) == 0 && h.kind == WIRE_RELAY_TALK);
}

static void on_cut(void *user, unsigned reason)
{
    (void)user, (void)reason;
}

static const struct sdk_uplink_ops ops = {
    .send = on_send, .ready = on_ready, .keyreq = on_keyreq, .cut = on_cut, .talk = on_talk};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_relay_head h;
    uint8_t back[WIRE_RELAY_HEAD_BYTES];
    struct sdk_uplink u;
    size_t step = size > 0 ? 1 + data[0] % 37u : 1;

    if (size >= WIRE_RELAY_HEAD_BYTES && wire_relay_decode(&h, data) == 0) {
        SK_ASSERT(h.len <= (wire_relay_is_control(&h) ? (uint32_t)WIRE_RELAY_CONTROL_MAX
                                                      : (uint32_t)WIRE_RELAY_MEDIA_MAX));
        wire_relay_encode(back, &h);
        SK_ASSERT(memcmp(back, data, sizeof back) == 0);
    }
    sdk_uplink_init(&u, &ops, NULL);
    SK_ASSERT(sdk_uplink_start(&u, "ticket", 0) == 0);
    for (size_t at = 0; at < size; at += step)
        if (sdk_uplink_input(&u, data + at, size - at < step ? size - at : step, 1) < 0)
            break;
    sdk_uplink_stop(&u);
    return 0;
}
