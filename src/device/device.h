/* Cameras: who they are, whether they are there, and the blind forwarding of signaling between
 * them and viewers. The server reads what is on the outside of an envelope and nothing inside. */
#ifndef SK_DEVICE_DEVICE_H
#define SK_DEVICE_DEVICE_H

#include <stdint.h>

#include "base/err.h"
#include "core/authorize.h"
#include "core/room.h"
#include "wire/netip.h"

extern const struct room device_room;

/* ---- business authorization codes (wire.md 3) ---- */

enum { DEVICE_CODE_SIZE = 44 }; /* 32 random bytes as base64url, with the closing zero */

/* What a code stands for. `rights` are wire_right bits; `manage` is asked for by the bit
 * WIRE_RIGHT_MANAGE. */
struct device_grant {
    char device[DEVICE_ID_SIZE];
    char account[ACCOUNT_ID_MAX + 1];
    char login_session[SESSION_ID_SIZE]; /* of an app: its AppKey id */
    int is_app;                          /* given to an app, not to a login session */
    uint8_t sealed_session[16];
    uint16_t rights;
};

/* Look a code up for `p` (who must be the account and login session that got it). First use must
 * come within 60 s of monotonic `now_ms`; a used code lives as long as login and grant (of more
 * than 1,024 a login, the one that was quiet for longest makes room). -SK_EDENIED otherwise, the
 * same for unknown, foreign and expired ones. Any thread. */
SK_MUST int device_code_check(const char *code, const struct principal *p, int64_t now_ms,
                              struct device_grant *out);

/* 1 while the code still holds: asked by the relay whenever rights may have changed. Any thread. */
int device_code_is_live(const char *code);

/* ---- messages to a camera ---- */

/* Send a device-link message with a JSON or binary body to the camera, from any thread. In order
 * per caller. -SK_ENOTFOUND when it is not online; a link that goes down in between loses it. */
SK_MUST int device_send(const char *device, enum wire_netip_id id, const void *body, size_t len);

/* 1 when the camera's link with this id is up; 0 gives nothing. `link` may be NULL. Any thread. */
int device_is_online(const char *device, uint32_t *link);

/* "device" names of base32 text and raw bytes; -SK_EINVAL for what is not an id. */
SK_MUST int device_id_raw(uint8_t raw[16], const char *id);
void device_id_text(char id[DEVICE_ID_SIZE], const uint8_t raw[16]);

/* ---- the demonstration's fleet ---- */

/* An enrolment token for `count` simulated cameras, made by the box itself, valid for `ttl_s`.
 * The caller wipes `token`. Store's errors. Main thread, after the room started. */
SK_MUST int device_fleet_token(uint32_t count, int64_t ttl_s, char token[DEVICE_CODE_SIZE],
                               char id[SESSION_ID_SIZE]);

/* ---- figures of the relay for the events feed ---- */

struct device_relay_figures {
    int64_t oldest_byte_ms, streams, viewers;
};
/* The relay room fills this at start (no include upwards needed). */
void device_relay_figures_set(void (*read)(struct device_relay_figures *out));

#endif
