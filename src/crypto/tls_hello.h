/* A look at the ALPN offer in a ClientHello. mbedTLS asks whether a ticket is good while it walks
 * the extensions, in TLS 1.2 perhaps before it has come to ALPN; but whether our ticket is good
 * depends on the protocol, so we look ahead. */
#ifndef SK_CRYPTO_TLS_HELLO_H
#define SK_CRYPTO_TLS_HELLO_H

#include <stddef.h>
#include <stdint.h>

/* The protocol that a server preferring `ours` (ended by NULL) picks from a ClientHello handshake
 * message (RFC 8446 4.1.2, RFC 7301): a pointer out of `ours`, or NULL when none is offered or
 * the message is malformed. Pure; any thread. */
const char *tls_hello_alpn(const uint8_t *msg, size_t len, const char *const *ours);

#endif
