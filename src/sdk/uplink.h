/* The camera's end of the media uplink, skep-media/1 (wire.md 4, sealed.md 6.3), above TLS. Sans
 * I/O. Media frames do not pass through here: once `is_up`, the owner sends what ops.frame of
 * camera.h gave as it is. */
#ifndef SK_SDK_UPLINK_H
#define SK_SDK_UPLINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct sdk_uplink_ops {
    void (*send)(void *user, const uint8_t *data, size_t len);
    void (*ready)(void *user);                   /* WELCOME */
    void (*keyreq)(void *user, uint32_t stream); /* server asks for a keyframe */
    void (*cut)(void *user, unsigned reason);    /* enum wire_cut; close the connection */
    /* A whole talk frame for sdk_camera_on_talk; borrowed. NULL = refused as a breach. */
    void (*talk)(void *user, const uint8_t *frame, size_t len);
    /* For sdk_camera_on_credit. NULL = refused as a breach. */
    void (*credit)(void *user, uint32_t stream, uint32_t bytes);
};

struct sdk_uplink {
    const struct sdk_uplink_ops *ops;
    void *user;
    int is_started, is_up, is_pinged;
    int64_t heard_ms, deadline_ms;
    struct sk_buf in;
};

void sdk_uplink_init(struct sdk_uplink *u, const struct sdk_uplink_ops *ops, void *user);
void sdk_uplink_stop(struct sdk_uplink *u);

/* TLS is up: send HELLO with the ticket of MEDIA_OPEN. -SK_EINVAL: ticket over 512 bytes. */
SK_MUST int sdk_uplink_start(struct sdk_uplink *u, const char *ticket, int64_t now_ms);

/* Bytes from the server; negative: close. */
SK_MUST int sdk_uplink_input(struct sdk_uplink *u, const uint8_t *data, size_t len, int64_t now_ms);

/* PING after 25 s of silence; -SK_ETIMEOUT: close. */
SK_MUST int sdk_uplink_tick(struct sdk_uplink *u, int64_t now_ms, int64_t *deadline_ms);

#endif
