/* The chunked coding, read strictly: hexadecimal size, CRLF, data, CRLF; no extensions, no
 * trailers. Honest clients send neither, and both have been used to hide a second request. */
#include <string.h>

#include "wire/http1.h"
#include "wire/http1_target.h"

enum chunk_state {
    CHUNK_SIZE,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_END_CR,
    CHUNK_END_LF,
    CHUNK_DONE
};

enum { CHUNK_DIGITS_MAX = 8 };

void http1_chunks_init(struct http1_chunks *c, uint64_t max_bytes)
{
    memset(c, 0, sizeof(*c));
    c->max = max_bytes;
}

static int size_feed(struct http1_chunks *c, char byte)
{
    int digit = http1_hex(byte);
    if (digit >= 0 && c->digits < CHUNK_DIGITS_MAX) {
        c->digits++;
        c->left = c->left << 4 | (uint64_t)digit;
        return 0;
    }
    if (byte != '\r' || c->digits == 0)
        return -SK_EINVAL;
    c->state = CHUNK_SIZE_LF;
    return 0;
}

static int size_done(struct http1_chunks *c)
{
    c->digits = 0;
    if (c->left == 0) {
        c->state = CHUNK_END_CR;
        return 0;
    }
    if (c->left > c->max - c->total)
        return -SK_ETOOBIG;
    c->total += c->left;
    c->state = CHUNK_DATA;
    return 0;
}

/* One byte outside of chunk data. */
static int mark_feed(struct http1_chunks *c, char byte)
{
    switch ((enum chunk_state)c->state) {
    case CHUNK_SIZE:
        return size_feed(c, byte);
    case CHUNK_SIZE_LF:
        return byte == '\n' ? size_done(c) : -SK_EINVAL;
    case CHUNK_DATA_CR:
        c->state = CHUNK_DATA_LF;
        return byte == '\r' ? 0 : -SK_EINVAL;
    case CHUNK_DATA_LF:
        c->state = CHUNK_SIZE;
        return byte == '\n' ? 0 : -SK_EINVAL;
    case CHUNK_END_CR:
        c->state = CHUNK_END_LF;
        return byte == '\r' ? 0 : -SK_EINVAL;
    case CHUNK_END_LF:
        c->state = CHUNK_DONE;
        return byte == '\n' ? 0 : -SK_EINVAL;
    case CHUNK_DATA:
    case CHUNK_DONE:
        break;
    }
    return -SK_EINVAL;
}

int http1_chunks_feed(struct http1_chunks *c, const uint8_t *data, size_t len, size_t *used,
                      const uint8_t **out, size_t *out_len)
{
    *used = 0;
    *out = NULL;
    *out_len = 0;
    while (*used < len && c->state != CHUNK_DONE) {
        if (c->state != CHUNK_DATA) {
            int rc = mark_feed(c, (char)data[*used]);
            if (rc != 0)
                return rc;
            (*used)++;
            continue;
        }
        size_t n = len - *used;
        if (n > c->left)
            n = (size_t)c->left;
        *out = data + *used;
        *out_len = n;
        *used += n;
        c->left -= n;
        if (c->left == 0)
            c->state = CHUNK_DATA_CR;
        return 0;
    }
    return c->state == CHUNK_DONE ? 1 : 0;
}
