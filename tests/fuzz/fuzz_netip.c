/* The NETIP header and the camera's end of the device link behind it, fed in pieces. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "sdk/devlink.h"
#include "wire/netip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_send(void *user, const uint8_t *d, size_t len)
{
    struct wire_netip_head h;

    (void)user;
    SK_ASSERT(len >= WIRE_NETIP_HEAD_BYTES && wire_netip_decode(&h, d) == 0);
    SK_ASSERT(wire_netip_check(&h, WIRE_FROM_CAMERA) == 0);
    SK_ASSERT(len == WIRE_NETIP_HEAD_BYTES + (size_t)h.len);
}

static void on_ready(void *user, int64_t wall_ms)
{
    (void)user, (void)wall_ms;
}

static void on_signal(void *user, const uint8_t *d, size_t len)
{
    (void)user, (void)d;
    SK_ASSERT(len <= WIRE_NETIP_BODY_MAX);
}

static void on_open(void *user, const struct sdk_media_open *m)
{
    (void)user;
    SK_ASSERT(strlen(m->ticket) <= 512 && m->port != 0);
}

static void on_close(void *user, unsigned reason)
{
    (void)user, (void)reason;
}

static void on_notice(void *user, const char *kind, const char *account, uint32_t after_s)
{
    (void)user, (void)after_s;
    SK_ASSERT(strcmp(kind, "revoke") != 0 || account != NULL);
}

static const struct sdk_devlink_ops ops = {.send = on_send,
                                           .ready = on_ready,
                                           .signal = on_signal,
                                           .media_open = on_open,
                                           .media_close = on_close,
                                           .notice = on_notice};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sdk_devlink_hello hello = {.model = "m", .hw = "1", .fw = "1"};
    struct wire_netip_head h;
    uint8_t back[WIRE_NETIP_HEAD_BYTES];
    struct sdk_devlink l;
    size_t step = size > 0 ? 1 + data[0] % 61u : 1;

    if (size >= WIRE_NETIP_HEAD_BYTES && wire_netip_decode(&h, data) == 0) {
        wire_netip_encode(back, &h);
        SK_ASSERT(memcmp(back, data, sizeof back) == 0 && h.len <= WIRE_NETIP_BODY_MAX);
    }
    sdk_devlink_init(&l, &ops, NULL);
    SK_ASSERT(sdk_devlink_start(&l, &hello, 0) == 0);
    for (size_t at = 0; at < size; at += step)
        if (sdk_devlink_input(&l, data + at, size - at < step ? size - at : step, 1) < 0)
            break;
    sdk_devlink_stop(&l);
    return 0;
}
