/* Code numbers that several layers share: ABORT, CLOSE and ERROR (sealed.md 3.3), CUT (6.3), end of
 * an envelope session (wire.md 2), rights (sealed.md 5.3). One list gives number and text. */
#ifndef SK_WIRE_CODES_H
#define SK_WIRE_CODES_H

#include <stdint.h>

#define WIRE_CODES(X)                                                                              \
    X(WIRE_CODE_NORMAL, 0, "normal")                                                               \
    X(WIRE_CODE_VERSION, 1, "version")                                                             \
    X(WIRE_CODE_MALFORMED, 2, "malformed")                                                         \
    X(WIRE_CODE_PARAMS, 3, "parameters")                                                           \
    X(WIRE_CODE_CONFIRM, 4, "confirm-failed")                                                      \
    X(WIRE_CODE_LOCKED, 5, "locked")                                                               \
    X(WIRE_CODE_BUSY, 6, "busy")                                                                   \
    X(WIRE_CODE_KEY_UNKNOWN, 7, "key-unknown")                                                     \
    X(WIRE_CODE_EXPIRED, 8, "expired")                                                             \
    X(WIRE_CODE_REPLAY, 9, "replay")                                                               \
    X(WIRE_CODE_GAP, 10, "gap")                                                                    \
    X(WIRE_CODE_LIMIT, 11, "limit")                                                                \
    X(WIRE_CODE_IDLE, 12, "idle")                                                                  \
    X(WIRE_CODE_REVOKED, 13, "revoked")                                                            \
    X(WIRE_CODE_PASSWORD, 14, "password-changed")                                                  \
    X(WIRE_CODE_SUPERSEDED, 15, "superseded")                                                      \
    X(WIRE_CODE_INTERNAL, 16, "internal")                                                          \
    X(WIRE_CODE_CRYPTO, 17, "crypto")

enum wire_code {
#define WIRE_CODE_ENUM(name, number, text) name = number,
    WIRE_CODES(WIRE_CODE_ENUM)
#undef WIRE_CODE_ENUM
};

enum wire_cut {
    WIRE_CUT_REVOKED = 1,
    WIRE_CUT_LOGGED_OUT = 2,
    WIRE_CUT_CAMERA_GONE = 3,
    WIRE_CUT_REPLACED = 4,
    WIRE_CUT_LIMIT = 5,
    WIRE_CUT_PROTOCOL = 6,
    WIRE_CUT_SHUTDOWN = 7
};

enum wire_end {
    WIRE_END_OFFLINE = 1,
    WIRE_END_TTL = 2,
    WIRE_END_NO_GRANT = 3,
    WIRE_END_REVOKED = 4,
    WIRE_END_OVERLOAD = 5,
    WIRE_END_PROTOCOL = 6,
    WIRE_END_CLOSED = 7
};

#define WIRE_RIGHTS(X)                                                                             \
    X(WIRE_RIGHT_LIVE_MAIN, 0x001, "live-main")                                                    \
    X(WIRE_RIGHT_LIVE_SUB, 0x002, "live-sub")                                                      \
    X(WIRE_RIGHT_LISTEN, 0x004, "listen")                                                          \
    X(WIRE_RIGHT_TALK, 0x008, "talk")                                                              \
    X(WIRE_RIGHT_PTZ, 0x010, "ptz")                                                                \
    X(WIRE_RIGHT_PLAYBACK, 0x020, "playback")                                                      \
    X(WIRE_RIGHT_SNAPSHOT, 0x040, "snapshot")                                                      \
    X(WIRE_RIGHT_CONFIG, 0x080, "config")                                                          \
    X(WIRE_RIGHT_DOWNLOAD, 0x200, "download")

enum wire_right {
#define WIRE_RIGHT_ENUM(name, bit, text) name = bit,
    WIRE_RIGHTS(WIRE_RIGHT_ENUM)
#undef WIRE_RIGHT_ENUM
    /* held by owner channels only: never in a list, only in the camera's hello */
    WIRE_RIGHT_MANAGE = 0x100,
    WIRE_RIGHTS_PASSWORD = 0x2FF /* a password-born channel: all but manage */
};

/* "locked" ...; "unknown" for a number outside the list. */
const char *wire_code_text(unsigned code);
const char *wire_cut_text(unsigned reason);
const char *wire_end_text(unsigned reason);

/* The bit of "live-main" ... or 0. */
uint16_t wire_right_find(const char *name);

#endif
