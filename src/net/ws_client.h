/* A WebSocket client (RFC 6455) over TLS, for `skep view` and load generators: whole messages in,
 * whole messages out, pings answered. Everything on the loop's thread. */
#ifndef SK_NET_WS_CLIENT_H
#define SK_NET_WS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/tls.h"
#include "net/loop.h"

struct ws_client;

/* Any but on_close may be NULL. Bytes are borrowed during the call. */
struct ws_client_ops {
    void (*on_open)(void *user);
    void (*on_text)(void *user, const char *text, size_t len);
    void (*on_binary)(void *user, const uint8_t *data, size_t len);
    /* The end, once; afterwards the client is gone. `code` is the server's close code, 0 when it
     * was refused or cut; `status` the HTTP status of a refusal, else 0. */
    void (*on_close)(void *user, unsigned code, int status);
};

struct ws_client_options {
    const char *host;
    uint16_t port;
    struct tls_config *tls;
    const char *path, *subprotocol;
    const char *authorization; /* field value or NULL */
    const void *ticket;        /* TLS session of an earlier connection, or NULL */
    size_t ticket_len;
    size_t message_max_bytes; /* larger ones close with 1009 */
    const struct ws_client_ops *ops;
    void *user;
};

/* Begin to connect; what fails later comes through on_close. */
SK_MUST int ws_client_connect(struct ws_client **out, struct net_loop *loop,
                              const struct ws_client_options *o);

/* -SK_EAGAIN before on_open, -SK_ECLOSED, -SK_ELIMIT (queue full). */
SK_MUST int ws_client_send_text(struct ws_client *c, const char *text, size_t len);
SK_MUST int ws_client_send_binary(struct ws_client *c, const void *data, size_t len);

/* Close in order (1000); on_close follows. Or cut at once (on_close comes before this returns). */
void ws_client_close(struct ws_client *c);
void ws_client_abort(struct ws_client *c);

/* Stop and go on reading: a viewer that does not keep up. */
void ws_client_pause(struct ws_client *c);
void ws_client_resume(struct ws_client *c);

/* The TLS session for a later connect; see net_stream_ticket. */
struct sk_buf;
SK_MUST int ws_client_ticket(struct sk_buf *out, const struct ws_client *c);

#endif
