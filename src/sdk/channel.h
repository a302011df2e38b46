/* The record layer between two finished handshakes (sealed.md 3.1-3.3): key schedule, exact
 * counters, rekeying, padding, keep-alive, limits. Sans I/O. */
#ifndef SK_SDK_CHANNEL_H
#define SK_SDK_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/codes.h"
#include "wire/record.h"

struct sdk_channel;

enum sdk_side { SDK_SIDE_VIEWER, SDK_SIDE_CAMERA };

enum {
    SDK_CHANNEL_REKEY_RECORDS = 1 << 20,
    SDK_CHANNEL_STOP_RECORDS = 1 << 24,
    SDK_CHANNEL_REKEY_MS = 3600 * 1000,
    SDK_CHANNEL_STOP_MS = 2 * SDK_CHANNEL_REKEY_MS,
    SDK_CHANNEL_LIFE_MS = 24 * SDK_CHANNEL_REKEY_MS,
    SDK_CHANNEL_PING_MS = 25 * 1000,
    SDK_CHANNEL_DEAD_MS = 60 * 1000
};

struct sdk_channel_ops {
    /* One envelope body to send; borrowed. */
    void (*send)(void *user, const uint8_t *body, size_t len);
    /* One good record of type REQ, REP, PROGRESS, EVENT, KEY or DATA; borrowed. */
    void (*record)(void *user, const struct wire_record_plain *p, int64_t now_ms);
};

/* A channel from a handshake's secret: PAKE: salt = H(context), ikm = K_shared; KK: salt = h,
 * ikm = k1 || k2. The caller wipes its copies. Owned; one thread. */
struct sdk_channel *sdk_channel_new(enum sdk_side side, const uint8_t salt[32], const uint8_t *ikm,
                                    size_t ikm_len, const struct sdk_channel_ops *ops, void *user,
                                    int64_t now_ms);
/* Wipes and frees; `*ch` becomes NULL; NULL is fine. */
void sdk_channel_free(struct sdk_channel **ch);

/* The 16-byte channel id. Borrowed. */
const uint8_t *sdk_channel_id(const struct sdk_channel *ch);

/* Seal one record and hand it to ops.send; a REKEY goes ahead where it is due. -SK_ETOOBIG (content
 * over 16,316), -SK_ECLOSED, -SK_ELIMIT (hard stop: the channel is over). */
SK_MUST int sdk_channel_send(struct sdk_channel *ch, uint8_t type, const void *content, size_t len,
                             int64_t now_ms);

/* Open one body. 0, or the channel is over and `*code` says why (enum wire_code): -SK_ECLOSED for
 * the peer's CLOSE, else the peer broke a rule and CLOSE has been sent. ops.record runs inside. */
SK_MUST int sdk_channel_receive(struct sdk_channel *ch, const uint8_t *body, size_t len,
                                unsigned *code, int64_t now_ms);

/* Say CLOSE and be over. Safe inside ops.record; the caller frees later. */
void sdk_channel_close(struct sdk_channel *ch, unsigned code, int64_t now_ms);

/* 0 while it lives, else 1. */
int sdk_channel_is_over(const struct sdk_channel *ch);

/* Send PING now (a viewer that shows a stream does so every 5 s). */
void sdk_channel_ping(struct sdk_channel *ch, int64_t now_ms);
/* When the oldest unanswered PING left, or -1; and when a record was last received. */
int64_t sdk_channel_ping_ms(const struct sdk_channel *ch);
int64_t sdk_channel_pinged_ms(const struct sdk_channel *ch); /* when the newest PING left */
int64_t sdk_channel_heard_ms(const struct sdk_channel *ch);
int64_t sdk_channel_born_ms(const struct sdk_channel *ch);
uint64_t sdk_channel_received(const struct sdk_channel *ch);

/* Do what is due. 0 and the next deadline, or -SK_ETIMEOUT (`*code` 12) or -SK_ELIMIT (`*code` 11):
 * over, CLOSE has been sent. */
SK_MUST int sdk_channel_tick(struct sdk_channel *ch, unsigned *code, int64_t *deadline_ms,
                             int64_t now_ms);

#endif
