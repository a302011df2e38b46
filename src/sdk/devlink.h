/* The camera's end of the device link (wire.md 1) above TLS: NETIP frames, HELLO, keepalives,
 * strict sequence. Sans I/O. One struct, embedded by the owner, holds no buffer while idle: about
 * 250 bytes, so that a process can run ten thousand.
 *
 *     sdk_devlink_init(&l, &ops, user);
 *     after the TLS handshake: sdk_devlink_start(&l, &hello, now_ms)
 *     bytes from TLS -> sdk_devlink_input(&l, data, len, now_ms)   negative: close the connection
 *     ops.send       -> bytes to TLS
 *     timer          -> sdk_devlink_tick(&l, now_ms, &deadline)   negative: close the connection
 *     connection closed -> sdk_devlink_stop(&l); wait sdk_backoff_ms(attempt, sk_random_u32()) */
#ifndef SK_SDK_DEVLINK_H
#define SK_SDK_DEVLINK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct sdk_devlink_hello {
    const char *model, *hw, *fw;
    uint32_t fw_counter;
    uint8_t boot[8], seal[65];
    const char *const *caps; /* ended by NULL; may be NULL */
};

struct sdk_media_open {
    const char *ticket, *host; /* borrowed */
    uint16_t port;
    int64_t expires_ms; /* wall clock of the server */
};

struct sdk_devlink_ops {
    void (*send)(void *user, const uint8_t *data, size_t len); /* borrowed bytes */
    /* HELLO_OK came: the link is up. */
    void (*ready)(void *user, int64_t wall_ms);
    void (*signal)(void *user, const uint8_t *envelope, size_t len);
    void (*media_open)(void *user, const struct sdk_media_open *m);
    void (*media_close)(void *user, unsigned reason); /* enum wire_cut */
    /* kind "revoke": `account` set; "drain": `after_s`; "firmware", "renew". */
    void (*notice)(void *user, const char *kind, const char *account, uint32_t after_s);
    void (*event_ok)(void *user, uint32_t seq); /* may be NULL */
    /* KEEPALIVE_OK: the server's wall clock and the round trip. May be NULL. */
    void (*clock)(void *user, int64_t wall_ms, int64_t rtt_ms);
    /* ERROR came (15 = another link took over); the connection will be closed. May be NULL. */
    void (*error)(void *user, unsigned code, uint32_t retry_ms);
};

enum sdk_devlink_state { SDK_LINK_DOWN, SDK_LINK_HELLO, SDK_LINK_UP };

struct sdk_devlink {
    const struct sdk_devlink_ops *ops;
    void *user;
    enum sdk_devlink_state state;
    uint32_t link, seq_out, seq_in;
    int64_t deadline_ms, heard_ms, keepalive_ms;
    int64_t t0, last_t0, last_t3; /* own wall clock, ms; 0 = none */
    int64_t clock_offset_ms;      /* own wall clock = now_ms + this; 0 = taken from HELLO_OK */
    int64_t skew_ms;              /* a simulated fault of that clock; set after init */
    struct sk_buf in;             /* empty between frames */
};

void sdk_devlink_init(struct sdk_devlink *l, const struct sdk_devlink_ops *ops, void *user);
/* Forget the connection, free the buffer. The struct may be started again. */
void sdk_devlink_stop(struct sdk_devlink *l);

/* TLS is up: send HELLO. */
SK_MUST int sdk_devlink_start(struct sdk_devlink *l, const struct sdk_devlink_hello *hello,
                              int64_t now_ms);

/* Bytes from the server. Negative: send nothing more, close (an ERROR was sent where one is due):
 * -SK_EREPLAY, -SK_EGAP (sequence), -SK_EINVAL, -SK_ETOOBIG, -SK_ECLOSED (server's ERROR). */
SK_MUST int sdk_devlink_input(struct sdk_devlink *l, const uint8_t *data, size_t len,
                              int64_t now_ms);

/* -SK_ECLOSED when the link is not up; -SK_ETOOBIG. */
SK_MUST int sdk_devlink_signal(struct sdk_devlink *l, const uint8_t *envelope, size_t len);
/* A sealed event for the owner (<= 4 KiB); `*seq` is what EVENT_OK will name. */
SK_MUST int sdk_devlink_event(struct sdk_devlink *l, uint16_t type, int64_t wall_ms,
                              const uint8_t *body, size_t len, uint32_t *seq);
SK_MUST int sdk_devlink_status(struct sdk_devlink *l, const json_t *status);

/* Keepalive and time-outs. `*deadline_ms` = when to call again. -SK_ETIMEOUT: close. */
SK_MUST int sdk_devlink_tick(struct sdk_devlink *l, int64_t now_ms, int64_t *deadline_ms);

/* Full-jitter back-off before try `attempt` (0 = first): uniform in [1 s, min(60 s, 2^attempt s)]
 * by `random`. Pure. */
uint32_t sdk_backoff_ms(unsigned attempt, uint32_t random);

#endif
