/* TLS 1.2 and 1.3 sessions driven without blocking, over callbacks of the caller. The one place
 * that knows mbedTLS's SSL interface, in both its forms (2.28 and 3.6).
 *
 * A tls_config is counted and immutable: any thread may make sessions from it. A tls_session
 * belongs to one thread at a time; it may be handed from one to another between calls (the
 * handshake pool does). */
#ifndef SK_CRYPTO_TLS_H
#define SK_CRYPTO_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/ticket.h"

enum {
    TLS_TICKET_MAX = 4096, /* bytes of a client's saved session */
    TLS_RECORD_MAX = 16384
};

struct tls_config;
struct tls_session;

/* Once at start, before threads (mbedTLS 3.6: psa_crypto_init). -SK_ECRYPTO. */
SK_MUST int tls_init(void);

/* The library and its version, "mbed TLS 2.28.3"; static storage. */
const char *tls_library(void);

/* May this identity resume now? 0 = yes, anything else = full handshake. Called for tickets with
 * a device id, after seal, expiry and ALPN were checked, on whatever thread runs the handshake. */
typedef int tls_may_resume_fn(void *arg, const struct ticket_identity *who);

struct tls_server_options {
    const void *cert; /* chain, PEM or one DER; P-256 (or RSA, for a certificate of the owner's) */
    size_t cert_len;
    const void *key; /* PEM or DER */
    size_t key_len;
    const char *const *alpn;        /* ended by NULL, <= 8, in order of preference; NULL = none */
    const char *const *mutual_alpn; /* those that require a client certificate; ended by NULL */
    const void *device_ca;          /* DER or PEM; needed when there is a mutual_alpn */
    size_t device_ca_len;
    struct ticket_keys *tickets;   /* borrowed, must outlive the config; NULL = no resumption */
    tls_may_resume_fn *may_resume; /* NULL = no device may resume */
    void *may_resume_arg;
};

/* Copies all it needs. -SK_EINVAL: certificate, key or authority unreadable, key does not fit the
 * certificate, lists too long. `*out` carries one reference. */
SK_MUST int tls_config_server_new(struct tls_config **out, const struct tls_server_options *o);

struct tls_client_options {
    const char *const *alpn; /* ended by NULL, <= 8; NULL = none */
    const void *ca;          /* authorities that may vouch for the server, PEM or DER; or */
    size_t ca_len;
    const uint8_t *pin_sha256; /* 32 bytes: SHA-256 of the server's certificate, then names and
                                  dates are not asked; one of the two is needed */
    const void *cert;          /* client certificate and key, or NULL */
    size_t cert_len;
    const void *key;
    size_t key_len;
    int small_records; /* offer max_fragment_length 2048 (TLS 1.2), for control links */
};

SK_MUST int tls_config_client_new(struct tls_config **out, const struct tls_client_options *o);

/* Counted; drop(NULL) is fine. Any thread. */
struct tls_config *tls_config_ref(struct tls_config *cfg);
void tls_config_drop(struct tls_config *cfg);
int tls_config_is_server(const struct tls_config *cfg);

/* The caller's transport. Both return the number of bytes (> 0), -SK_EAGAIN when it would block,
 * or another negative error; recv returns 0 at the end of the stream. */
struct tls_io {
    ssize_t (*recv)(void *arg, void *buf, size_t cap);
    ssize_t (*send)(void *arg, const void *buf, size_t len);
    void *arg;
};

/* A session that has not begun. Takes a reference to `cfg`. `server_name` (clients: the DNS name
 * or IP literal that the certificate must carry; copied) is NULL for servers. The caller frees. */
SK_MUST int tls_session_new(struct tls_session **out, struct tls_config *cfg,
                            const struct tls_io *io, const char *server_name);
void tls_session_free(struct tls_session *s);

/* Replace the transport's argument (a session handed between owners). */
void tls_session_set_io(struct tls_session *s, const struct tls_io *io);

/* Client, before the handshake: offer a session saved earlier. Unusable bytes are no error, the
 * handshake is then a full one. */
void tls_session_offer(struct tls_session *s, const void *saved, size_t len);

/* Go on with the handshake: 0 done, -SK_EAGAIN (see tls_session_wants), -SK_EAUTH the peer's
 * certificate is missing or not accepted, -SK_ECLOSED the peer went away, -SK_ECRYPTO all else.
 * A fatal alert was then queued to the transport; only tls_session_free is left. */
SK_MUST int tls_session_handshake(struct tls_session *s);

/* What the last -SK_EAGAIN waits for: 1 = the transport to be readable, 2 = writable. A read can
 * wait for writable and the reverse. */
enum tls_want { TLS_WANT_NONE = 0, TLS_WANT_READ = 1, TLS_WANT_WRITE = 2 };
enum tls_want tls_session_wants(const struct tls_session *s);

/* Read: bytes (> 0); 0 = the peer closed in order (close_notify); -SK_EAGAIN; -SK_ECLOSED = the
 * transport ended without that (truncation); -SK_ECRYPTO, -SK_EIO. Read until -SK_EAGAIN, or ask
 * tls_session_pending before sleeping. */
ssize_t tls_session_read(struct tls_session *s, void *buf, size_t cap);

/* Bytes that a read would give without asking the transport. */
size_t tls_session_pending(const struct tls_session *s);

/* Write one record's worth: bytes taken (> 0, perhaps fewer than `len`). After -SK_EAGAIN call
 * again with the same buffer and length and nothing else in between but reads. len > 0. */
ssize_t tls_session_write(struct tls_session *s, const void *buf, size_t len);

/* Send close_notify once, best effort: 0 or -SK_EAGAIN (it need not be repeated). */
int tls_session_shut(struct tls_session *s);

/* Give memory pages of the record buffers back to the system. For a session that goes idle; does
 * nothing while bytes are inside. */
void tls_session_trim(struct tls_session *s);

struct tls_peer {
    const char *alpn;              /* "" when none; lives as long as the session's config */
    struct ticket_identity device; /* server: who the client is; device_id "" = no certificate */
    int resumed;
    int has_fingerprint; /* full handshakes that saw a certificate */
    uint8_t fingerprint[32];
    const char *version; /* "TLSv1.2", "TLSv1.3"; static */
    const char *cipher;  /* static */
};

/* Facts of a finished handshake. */
void tls_session_peer(const struct tls_session *s, struct tls_peer *out);

/* Client: append what tls_session_offer takes next time, a secret (wipe it). -SK_EAGAIN when the
 * server has given no ticket (yet: in TLS 1.3 it arrives with the first reads). */
SK_MUST int tls_session_save(struct sk_buf *out, const struct tls_session *s);

#endif
