/* Lists of breached passwords as one file: a Bloom filter that is mapped read-only. It never misses
 * an entry; a password that is not on the list is refused once in 1/p times, so p is at most one in
 * a million (accounts.md 2).
 *
 * File: a head of 256 bytes, numbers big-endian, then ceil(m / 8) bytes of bits.
 *   0  8  "SKEPPWL1"          8  4  k        12  4  hash id: 1 = SHA-256(seed || SHA-1(password))
 *  16  8  n, entries         24  8  m, bits  32 16  seed   48 96  source note, zero-padded UTF-8
 * 144 32  SHA-256 of the bits                176 80  zeros
 * Bit number i of an entry is (h1 + i * h2) mod m, with h1 and h2 | 1 the first two 64-bit words of
 * the keyed hash. SHA-1 because published dumps have nothing else. */
#ifndef SK_ACCOUNT_PWLIST_H
#define SK_ACCOUNT_PWLIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define PWLIST_P_MAX 1e-6
enum { PWLIST_HEAD = 256, PWLIST_NOTE_MAX = 96, PWLIST_LINE_MAX = 512 };

struct pwlist;

/* Map and check the whole file (its SHA-256 included). -SK_ENOTFOUND, -SK_EIO: not a list, damaged,
 * or p beyond PWLIST_P_MAX; a sentence in `why`. */
SK_MUST int pwlist_open(struct pwlist **out, const char *path, struct sk_buf *why);
void pwlist_close(struct pwlist *l); /* NULL is fine */
/* Any thread. NULL has nothing. */
int pwlist_has(const struct pwlist *l, const char *password, size_t len);
uint64_t pwlist_count(const struct pwlist *l);

struct pwlist_build {
    const char *in, *out;
    uint64_t n;       /* entries to make room for; 0 = counted first */
    double p;         /* 0 = PWLIST_P_MAX */
    const char *note; /* where it comes from; NULL = "" */
    /* Told now and then; may be NULL. */
    void (*progress)(void *ctx, uint64_t done_bytes, uint64_t all_bytes);
    void *ctx;
    uint64_t entries; /* out */
    uint64_t bytes;   /* out: size of the file */
};
/* Make a list of a text file: one password a line, or a dump of "SHA-1[:count]" lines, also mixed.
 * Longer lines than PWLIST_LINE_MAX are passed over. `out` is replaced whole or not at all.
 * -SK_EINVAL: p too large, or more entries than n; -SK_ENOTFOUND; -SK_EIO; -SK_ESTORAGE. */
SK_MUST int pwlist_make(struct pwlist_build *b, struct sk_buf *why);

#endif
