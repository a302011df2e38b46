/* Session tickets of our own (RFC 5077, RFC 8446 4.6.1): AES-256-GCM over the serialized session
 * and the identity that the connection had. mbedTLS's own tickets cannot be stored, and forget
 * which protocol and which device they were given to.
 * Any thread: the key set has its own lock. */
#ifndef SK_CRYPTO_TICKET_H
#define SK_CRYPTO_TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    TICKET_ALPN_MAX = 31,
    TICKET_DEVICE_MAX = 64, /* characters of a device id (certificate CN) */
    TICKET_SERIAL_MAX = 20, /* bytes of a certificate serial */
    TICKET_SESSION_MAX = 1024,
    TICKET_SIZE_MAX = 1536,
    TICKET_KEK_SIZE = 32,
    TICKET_ROTATE_MS = 24 * 3600 * 1000 /* a key seals for a day and opens for two */
};

/* Who the ticket was given to. Empty device id: a connection without client certificate. */
struct ticket_identity {
    char alpn[TICKET_ALPN_MAX + 1]; /* "" = none was negotiated */
    char device_id[TICKET_DEVICE_MAX + 1];
    uint8_t serial[TICKET_SERIAL_MAX];
    size_t serial_len;
    int64_t not_after_ms; /* of the device's certificate; 0 without one */
};

struct ticket_keys;

/* A fresh key set; `epoch` is a number of the caller's: tickets of another epoch do not open, so
 * raising it voids all of them. ticket_keys_free wipes (NULL is fine); every tls_config that uses
 * the set must be gone. */
struct ticket_keys *ticket_keys_new(uint32_t epoch, int64_t now_ms);
void ticket_keys_free(struct ticket_keys *keys);

/* Make a new current key when the present one is a day old; the one before stays for opening.
 * Returns 1 when the set changed (save it), else 0. Call it every few minutes. */
int ticket_keys_rotate(struct ticket_keys *keys, int64_t now_ms);

/* Void all tickets: new keys, new epoch. */
void ticket_keys_reset(struct ticket_keys *keys, uint32_t epoch, int64_t now_ms);

/* Append the key set, encrypted under `kek`, for a file; and read it back. Load: -SK_ECRYPTO when
 * the bytes were not made with this `kek`, -SK_EINVAL malformed. Keys older than two days are
 * not loaded (fresh ones take their place). */
SK_MUST int ticket_keys_save(struct sk_buf *out, struct ticket_keys *keys,
                             const uint8_t kek[TICKET_KEK_SIZE]);
SK_MUST int ticket_keys_load(struct ticket_keys **out, const void *data, size_t len,
                             const uint8_t kek[TICKET_KEK_SIZE], int64_t now_ms);

/* Seal `session` for `who` into `out` (`cap` bytes). `*lifetime_s` = how long it will open.
 * -SK_ETOOBIG. */
SK_MUST int ticket_seal(struct ticket_keys *keys, const struct ticket_identity *who,
                        const void *session, size_t session_len, uint8_t *out, size_t cap,
                        size_t *out_len, uint32_t *lifetime_s, int64_t now_ms);

/* Open a ticket: identity, and the session into `session` (TICKET_SESSION_MAX bytes; wipe it).
 * -SK_ECRYPTO: not ours, changed, another epoch or a forgotten key. -SK_EGONE: expired (ticket
 * or certificate). */
SK_MUST int ticket_open(struct ticket_keys *keys, const void *ticket, size_t len,
                        struct ticket_identity *who, uint8_t session[TICKET_SESSION_MAX],
                        size_t *session_len, int64_t now_ms);

#endif
