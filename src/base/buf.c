#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"

void sk_buf_init(struct sk_buf *b, size_t max_bytes)
{
    *b = (struct sk_buf){.max = max_bytes};
}

void sk_buf_fini(struct sk_buf *b)
{
    free(b->data);
    sk_buf_init(b, b->max);
}

void sk_buf_fini_wipe(struct sk_buf *b)
{
    sk_wipe(b->data, b->cap);
    sk_buf_fini(b);
}

int sk_buf_reserve(struct sk_buf *b, size_t extra)
{
    if (extra > b->max - b->len)
        return -SK_ETOOBIG;
    size_t need = b->len + extra + 1; /* the closing zero byte */
    if (need <= b->cap)
        return 0;
    size_t cap = b->cap ? b->cap * 2 : 64;
    if (cap < need)
        cap = need;
    if (cap > b->max + 1)
        cap = b->max + 1;
    uint8_t *data = realloc(b->data, cap);
    if (!data)
        return -SK_ENOMEM;
    b->data = data;
    b->cap = cap;
    return 0;
}

int sk_buf_add(struct sk_buf *b, const void *data, size_t len)
{
    int err = sk_buf_reserve(b, len);

    if (err)
        return err;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = 0;
    return 0;
}

int sk_buf_add_str(struct sk_buf *b, const char *s)
{
    return sk_buf_add(b, s, strlen(s));
}

int sk_buf_add_u8(struct sk_buf *b, uint8_t v)
{
    return sk_buf_add(b, &v, 1);
}

int sk_buf_add_u16(struct sk_buf *b, uint16_t v)
{
    uint8_t raw[2];

    sk_put_u16(raw, v);
    return sk_buf_add(b, raw, sizeof(raw));
}

int sk_buf_add_u32(struct sk_buf *b, uint32_t v)
{
    uint8_t raw[4];

    sk_put_u32(raw, v);
    return sk_buf_add(b, raw, sizeof(raw));
}

int sk_buf_add_u64(struct sk_buf *b, uint64_t v)
{
    uint8_t raw[8];

    sk_put_u64(raw, v);
    return sk_buf_add(b, raw, sizeof(raw));
}

int sk_buf_addf(struct sk_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return -SK_EINVAL;
    int err = sk_buf_reserve(b, (size_t)n);
    if (err)
        return err;
    va_start(ap, fmt);
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return 0;
}

void sk_buf_consume(struct sk_buf *b, size_t n)
{
    SK_ASSERT(n <= b->len);
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n + 1);
    b->len -= n;
}

void sk_buf_reset(struct sk_buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = 0;
}

uint8_t *sk_buf_take(struct sk_buf *b, size_t *len)
{
    uint8_t *data = b->data;

    *len = b->len;
    sk_buf_init(b, b->max);
    return data;
}
