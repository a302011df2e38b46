/* A backup file: a stream of bytes that only the holder of one private key can read, in which no
 * byte can be changed, moved, left out or cut off unseen.
 *
 *   header  125 bytes: "SKEPBAK1", kind (u8), three zeros, key id (8), ephemeral public key (65),
 *           made at (u64, wall ms), SHA-256 of the file before it in its chain (32; zeros: none)
 *   chunk   65,536 bytes and their 16-byte tag, as often as needed; the last one has 0 to 65,536
 *
 * key = HKDF-SHA256(salt = SHA-256(header), ikm = ECDH-P256(ephemeral, operator), "skep backup 1");
 * nonce of chunk n = last (u8: 1 for the last chunk, else 0), three zeros, n (u64);
 * additional data = SHA-256(header). */
#ifndef SK_BACKUP_SEALED_H
#define SK_BACKUP_SEALED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { SEAL_HEADER_BYTES = 125, SEAL_CHUNK_BYTES = 65536, SEAL_KEY_ID_BYTES = 8 };
enum sealed_kind { SEAL_FULL = 1, SEAL_SEGMENT = 2 };

struct sealed_head {
    enum sealed_kind kind;
    uint8_t key_id[SEAL_KEY_ID_BYTES];
    uint64_t made_ms;
    uint8_t before[32];
};

/* First bytes of SHA-256 of a public key. */
void sealed_key_id(uint8_t out[SEAL_KEY_ID_BYTES], const uint8_t public_key[65]);

/* ---- writing; one thread at a time ---- */

struct sealed_writer;

/* Begin on `fd` (borrowed) for `public_key`; `head->key_id` is set here. -SK_ECRYPTO (no such
 * point), -SK_ESTORAGE, -SK_EIO. On failure there is nothing to free. */
SK_MUST int sealed_begin(struct sealed_writer **out, int fd, const uint8_t public_key[65],
                         struct sealed_head *head);
SK_MUST int sealed_add(struct sealed_writer *w, const void *data, size_t len);
/* Write the last chunk. `sha256` of the whole file; `key` opens this file alone: who made it can
 * prove it once, then wipes it. */
SK_MUST int sealed_end(struct sealed_writer *w, uint8_t sha256[32], uint8_t key[32]);
/* Wipes; NULL is fine. */
void sealed_writer_free(struct sealed_writer **w);

/* ---- reading ---- */

struct sealed_reader;

/* Begin on `fd` (borrowed) with the operator's private key. -SK_EIO too short or no such file kind,
 * -SK_EDENIED another key, each with a sentence in `why`. A wrong byte in the header shows at the
 * first chunk. */
SK_MUST int sealed_open(struct sealed_reader **out, int fd, const uint8_t secret[32],
                        struct sealed_head *head, struct sk_buf *why);
/* The same with the key that sealed_end gave. */
SK_MUST int sealed_open_with(struct sealed_reader **out, int fd, const uint8_t key[32],
                             struct sealed_head *head, struct sk_buf *why);
/* Exactly `len` bytes, all of them proven. -SK_ECRYPTO, -SK_EGAP (cut off), -SK_EIO. */
SK_MUST int sealed_read(struct sealed_reader *r, void *out, size_t len, struct sk_buf *why);
/* The stream must end here, and the file with it. */
SK_MUST int sealed_read_end(struct sealed_reader *r, struct sk_buf *why);
void sealed_reader_free(struct sealed_reader **r);

#endif
