/* Byte streams over TCP or TLS. A stream is pinned to one loop for life: every function here is
 * called on that loop's thread, every callback comes there. */
#ifndef SK_NET_STREAM_H
#define SK_NET_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/tls.h"
#include "net/addr.h"
#include "net/handshake.h"
#include "net/loop.h"
#include "net/packet.h"

struct net_stream;

/* Any may be NULL except on_close. In every callback the stream may be written, paused, given
 * other ops, closed or aborted. After on_close, which comes exactly once, it is gone. */
struct net_stream_ops {
    /* Connected, and the TLS handshake (if any) is done. `peer` is NULL on a plain stream. */
    void (*on_open)(struct net_stream *s, const struct tls_peer *peer);
    /* Accepted by a TLS listener, but the first byte is no TLS handshake: the stream is plain and
     * on_data follows. NULL = such connections are closed. */
    void (*on_plain)(struct net_stream *s);
    /* Bytes; valid during the call only. */
    void (*on_data)(struct net_stream *s, const uint8_t *data, size_t len);
    /* The peer has ended its sending in order. NULL = the stream is closed (what is queued is
     * still flushed). */
    void (*on_end)(struct net_stream *s);
    /* The write queue has just become empty. */
    void (*on_drain)(struct net_stream *s);
    /* The end. `reason` 0 = in order (closed by us, or ended by the peer), else negative:
     * -SK_ECLOSED cut by the peer, -SK_ETIMEOUT a deadline, -SK_EAUTH certificate missing or
     * refused, -SK_ECRYPTO TLS failure, -SK_EBUSY no place in the handshake pool, -SK_ENOTFOUND
     * name unknown, -SK_EIO, or what net_stream_abort was given. */
    void (*on_close)(struct net_stream *s, int reason);
};

/* --- clients ---------------------------------------------------------------------------- */

struct net_connect_options {
    const char *host; /* IP literal, "localhost" or a DNS name */
    uint16_t port;
    struct tls_config *tls;  /* NULL = plain */
    const char *server_name; /* name in the certificate; NULL = host */
    const void *ticket;      /* of net_stream_ticket earlier; NULL = none */
    size_t ticket_len;
    struct net_handshakes *pool; /* NULL = the handshake runs on the loop */
    int64_t deadline_ms;         /* for name, connect and handshake together; 0 = 15 s */
    size_t queue_cap_bytes;      /* 0 = 256 KiB */
    const struct net_stream_ops *ops;
    void *user;
};

/* Begin to connect. Every later failure comes through on_close. -SK_EINVAL, -SK_EIO (no socket),
 * -SK_ELIMIT (no file descriptor left): then there is no stream. */
SK_MUST int net_stream_connect(struct net_stream **out, struct net_loop *loop,
                               const struct net_connect_options *o);

/* Client: append the session for a later connect (a secret). -SK_EAGAIN when there is none yet. */
SK_MUST int net_stream_ticket(struct sk_buf *out, const struct net_stream *s);

/* --- what it is -------------------------------------------------------------------------- */

struct net_loop *net_stream_loop(const struct net_stream *s);
const struct net_addr *net_stream_source(const struct net_stream *s);   /* the peer's address */
void net_stream_peer(const struct net_stream *s, struct tls_peer *out); /* open TLS streams */
int net_stream_is_tls(const struct net_stream *s);
void *net_stream_user(const struct net_stream *s);

/* Hand the stream to another owner (protocol pick). */
void net_stream_set_ops(struct net_stream *s, const struct net_stream_ops *ops, void *user);

/* --- writing ----------------------------------------------------------------------------- */

/* Queue bytes (copied). All or nothing: -SK_ELIMIT when the queue would pass its cap, -SK_ECLOSED
 * when the stream is closing. Sent at the end of this turn of the loop. */
SK_MUST int net_stream_write(struct net_stream *s, const void *data, size_t len);
SK_MUST int net_stream_writev(struct net_stream *s, const struct iovec *iov, unsigned count);

/* Queue `head` (copied) and then `len` bytes of `packet` from `offset`, for which a reference is
 * taken and no copy is made. Errors as above; then no reference is kept. */
SK_MUST int net_stream_write_ref(struct net_stream *s, const void *head, size_t head_len,
                                 struct net_packet *packet, size_t offset, size_t len);

/* Bytes queued and not yet given to the kernel, and the cap. */
size_t net_stream_queued(const struct net_stream *s);
void net_stream_set_queue_cap(struct net_stream *s, size_t bytes);

/* Largest plaintext of one TLS record from now on (512..16384; control links: 2048). */
void net_stream_set_record_max(struct net_stream *s, size_t bytes);

/* --- reading, time ----------------------------------------------------------------------- */

/* Stop and go on delivering on_data. The kernel's buffer then slows the peer. */
void net_stream_pause(struct net_stream *s);
void net_stream_resume(struct net_stream *s);

/* Close with -SK_ETIMEOUT when this moment comes (net_loop_now_ms); 0 = none. The owner moves it
 * on as it likes: an idle limit, a head's or body's deadline. */
void net_stream_set_read_deadline(struct net_stream *s, int64_t at_ms);

/* Close with -SK_ETIMEOUT when bytes are queued and the peer takes none for so long; 0 = never. */
void net_stream_set_write_stall(struct net_stream *s, int64_t stall_ms);

/* Application bytes in and out since the start: for minimum rates and ledgers. */
uint64_t net_stream_bytes_in(const struct net_stream *s);
uint64_t net_stream_bytes_out(const struct net_stream *s);

/* --- the end ----------------------------------------------------------------------------- */

/* Send what is queued (at most `flush_ms`, 0 = 5 s), then close; reading stops now. */
void net_stream_close(struct net_stream *s, int64_t flush_ms);

/* Close now; what is queued is dropped. on_close(reason) comes before this returns, unless
 * called from one of the stream's own callbacks: then right after that. */
void net_stream_abort(struct net_stream *s, int reason);

#endif
