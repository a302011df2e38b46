/* A growable byte buffer that is born with its maximum. Nothing that a peer can size is ever held
 * in anything else. */
#ifndef SK_BASE_BUF_H
#define SK_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sk_buf {
    uint8_t *data; /* owned; always followed by a zero byte once anything was added */
    size_t len, cap, max;
};

/* An empty buffer that will never hold more than `max_bytes`. Allocates nothing yet. */
void sk_buf_init(struct sk_buf *b, size_t max_bytes);

/* Free the memory and leave an empty buffer of the same maximum. `_wipe` zeroes it first. */
void sk_buf_fini(struct sk_buf *b);
void sk_buf_fini_wipe(struct sk_buf *b);

/* Make room for `extra` more bytes: -SK_ETOOBIG past the maximum, -SK_ENOMEM. Content unchanged
 * on failure. */
SK_MUST int sk_buf_reserve(struct sk_buf *b, size_t extra);

/* Append; all or nothing; errors as sk_buf_reserve. The numbers are big-endian. */
SK_MUST int sk_buf_add(struct sk_buf *b, const void *data, size_t len);
SK_MUST int sk_buf_add_str(struct sk_buf *b, const char *s);
SK_MUST int sk_buf_add_u8(struct sk_buf *b, uint8_t v);
SK_MUST int sk_buf_add_u16(struct sk_buf *b, uint16_t v);
SK_MUST int sk_buf_add_u32(struct sk_buf *b, uint32_t v);
SK_MUST int sk_buf_add_u64(struct sk_buf *b, uint64_t v);
SK_MUST int sk_buf_addf(struct sk_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Drop the first `n` (<= len) bytes; keep the memory. */
void sk_buf_consume(struct sk_buf *b, size_t n);

/* Forget the content, keep the memory. */
void sk_buf_reset(struct sk_buf *b);

/* Hand the memory to the caller (free() it); the buffer is empty afterwards. */
uint8_t *sk_buf_take(struct sk_buf *b, size_t *len);

/* Big-endian (and, for NETIP, little-endian) loads and stores. No bounds: the caller checked. */
static inline uint16_t sk_get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t sk_get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t sk_get_u64(const uint8_t *p)
{
    return (uint64_t)sk_get_u32(p) << 32 | sk_get_u32(p + 4);
}

static inline void sk_put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void sk_put_u32(uint8_t *p, uint32_t v)
{
    sk_put_u16(p, (uint16_t)(v >> 16));
    sk_put_u16(p + 2, (uint16_t)v);
}

static inline void sk_put_u64(uint8_t *p, uint64_t v)
{
    sk_put_u32(p, (uint32_t)(v >> 32));
    sk_put_u32(p + 4, (uint32_t)v);
}

static inline uint16_t sk_get_u16le(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t sk_get_u32le(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline void sk_put_u16le(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void sk_put_u32le(uint8_t *p, uint32_t v)
{
    sk_put_u16le(p, (uint16_t)v);
    sk_put_u16le(p + 2, (uint16_t)(v >> 16));
}

static inline void sk_put_u64le(uint8_t *p, uint64_t v)
{
    sk_put_u32le(p, (uint32_t)v);
    sk_put_u32le(p + 4, (uint32_t)(v >> 32));
}

#endif
