/* Handshake messages of the sealed layer: envelope bodies by kind (sealed.md 2.3, 5.5). Pure codec;
 * only forms and lengths are judged here, points and tags where the keys are. */
#ifndef SK_WIRE_SEAL_MSG_H
#define SK_WIRE_SEAL_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum wire_seal_kind {
    WIRE_SEAL_OPEN = 0x01,
    WIRE_SEAL_PARAMS = 0x02,
    WIRE_SEAL_ANSWER = 0x03,
    WIRE_SEAL_CONFIRM = 0x04,
    WIRE_SEAL_ABORT = 0x05,
    WIRE_SEAL_KOPEN = 0x06,
    WIRE_SEAL_KANSWER = 0x07,
    WIRE_SEAL_LIST = 0x08,
    WIRE_SEAL_RECORD = 0x10
};

enum {
    WIRE_SEAL_HEAD_BYTES = 20,
    WIRE_SEAL_PARAMS_BYTES = 28,    /* P */
    WIRE_SEAL_OPEN_HEAD_BYTES = 28, /* OPEN[0..28), ANSWER[0..28): part of the context */
    WIRE_SEAL_KOPEN_HEAD_BYTES = 36,
    WIRE_SEAL_MSG_MAX = 125 /* without CONFIRM's record */
};

/* One struct for all kinds; pointers are borrowed from the input and NULL where a kind has none. */
struct wire_seal_msg {
    uint8_t kind;
    uint8_t session[16];
    const uint8_t *param_id; /* 8: OPEN, ANSWER */
    const uint8_t *share;    /* 65: OPEN (may be absent), ANSWER; e of KOPEN, KANSWER */
    const uint8_t *confirm;  /* 32: ANSWER, CONFIRM */
    const uint8_t *params;   /* 28: PARAMS */
    const uint8_t *key_id;   /* 16: KOPEN */
    const uint8_t *sealed;   /* KOPEN: tag 16; KANSWER: 20 + 16 */
    const uint8_t *record;   /* CONFIRM: the record behind it */
    size_t record_len;
    uint8_t code; /* ABORT */
    uint32_t retry_ms;
};

/* Read any kind but RECORD and LIST. -SK_EVERSION, -SK_EINVAL (kind, length, reserved byte). */
SK_MUST int wire_seal_decode(struct wire_seal_msg *m, const uint8_t *in, size_t len);

/* Write a message into `out` (`cap` bytes); fields as decode gives them. -SK_ETOOBIG, -SK_EINVAL.
 */
SK_MUST int wire_seal_encode(uint8_t *out, size_t cap, size_t *len, const struct wire_seal_msg *m);

#endif
