/* Many series of one host over one window, in one blob. Pure: no clock, no store.
 *
 *   "SKMC" version u8, tier u8, points u16, series u16, step_ms u32, t0_ms u64
 *   per series: key u16, end of its bytes u32 (counted from the first series' first byte)
 *   per series: 0 (all points are there) or 1 and a bitmap; the first value, zigzag varint; then
 *               for each 64 further values a width in bits and their zigzag deltas, packed
 *   CRC32C of all before it, u32
 *
 * Numbers are big-endian; bits are packed from the lowest up. */
#ifndef SK_MONITOR_CHUNK_H
#define SK_MONITOR_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    CHUNK_POINTS_MAX = 1024,
    CHUNK_SERIES_MAX = 512,
    CHUNK_BYTES_MAX = 4 << 20,
    CHUNK_BITMAP_SIZE = CHUNK_POINTS_MAX / 8
};

struct chunk_series {
    uint16_t key;
    const int64_t *v;       /* one a point; those that are absent are not looked at */
    const uint8_t *present; /* bit i % 8 of byte i / 8: point i is there */
};

struct chunk_head {
    uint8_t tier;
    uint16_t points, series;
    uint32_t step_ms;
    int64_t t0_ms;
};

/* A chunk that was checked; borrows its bytes. */
struct chunk {
    struct chunk_head head;
    const uint8_t *table, *data;
    size_t data_len;
};

/* Append a chunk. Keys must rise. -SK_EINVAL beyond the bounds, -SK_ETOOBIG. */
SK_MUST int chunk_pack(struct sk_buf *out, const struct chunk_head *h,
                       const struct chunk_series *series);

/* Check head, table and CRC. -SK_EVERSION, -SK_EIO for everything that is not as it was written. */
SK_MUST int chunk_open(struct chunk *out, const void *data, size_t len);

/* One series: `v` has head.points places, `present` CHUNK_BITMAP_SIZE bytes. -SK_ENOTFOUND,
 * -SK_EIO. */
SK_MUST int chunk_read(const struct chunk *c, uint16_t key, int64_t *v, uint8_t *present);

/* CRC-32C (Castagnoli, RFC 3720 B.4) of `len` bytes; `crc` 0 to begin, or what came before. */
uint32_t chunk_crc32c(uint32_t crc, const void *data, size_t len);

static inline int chunk_bit(const uint8_t *bits, size_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

static inline void chunk_bit_set(uint8_t *bits, size_t i)
{
    bits[i / 8] = (uint8_t)(bits[i / 8] | 1u << (i % 8));
}

/* Zigzag varints, also of the wire: 1..10 bytes, the shortest form only. */
SK_MUST int varint_write(struct sk_buf *out, int64_t v);
/* Reads at `*at`, moves it on; -SK_EINVAL cut short, over-long or not the shortest form. */
SK_MUST int varint_read(const uint8_t *data, size_t len, size_t *at, int64_t *v);

#endif
