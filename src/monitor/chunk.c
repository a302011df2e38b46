#include "monitor/chunk.h"

#include <string.h>

enum { HEAD_SIZE = 22, ROW_SIZE = 6, CRC_SIZE = 4, BLOCK = 64, VERSION = 1, VARINT_MAX = 10 };

static const uint8_t magic[4] = {'S', 'K', 'M', 'C'};

uint32_t chunk_crc32c(uint32_t crc, const void *data, size_t len)
{
    static const uint32_t nibble[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
                                        0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
                                        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    const uint8_t *p = data;

    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

/* ---- varints --------------------------------------------------------------------------------- */

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t u)
{
    return (int64_t)(u >> 1 ^ (u & 1 ? UINT64_MAX : 0));
}

int varint_write(struct sk_buf *out, int64_t v)
{
    uint64_t u = zigzag(v);
    uint8_t bytes[VARINT_MAX];
    size_t n = 0;

    for (; u >= 0x80; u >>= 7)
        bytes[n++] = (uint8_t)(u | 0x80);
    bytes[n++] = (uint8_t)u;
    return sk_buf_add(out, bytes, n);
}

int varint_read(const uint8_t *data, size_t len, size_t *at, int64_t *v)
{
    uint64_t u = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (*at == len)
            return -SK_EINVAL;
        uint8_t byte = data[(*at)++];
        if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
            return -SK_EINVAL;
        u |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *v = unzigzag(u);
            return 0;
        }
    }
    return -SK_EINVAL;
}

/* ---- bits ------------------------------------------------------------------------------------ */

static unsigned width_of(uint64_t u)
{
    return u ? 64 - (unsigned)__builtin_clzll(u) : 0;
}

static void bits_put(uint8_t *out, size_t at, uint64_t u, unsigned width)
{
    for (unsigned done = 0; done < width;) {
        unsigned shift = (unsigned)((at + done) % 8), n = 8 - shift;
        if (n > width - done)
            n = width - done;
        uint8_t piece = (uint8_t)(u >> done & ((1u << n) - 1));
        uint8_t *p = &out[(at + done) / 8];
        *p = (uint8_t)(*p | piece << shift);
        done += n;
    }
}

static uint64_t bits_get(const uint8_t *in, size_t at, unsigned width)
{
    uint64_t u = 0;

    for (unsigned done = 0; done < width;) {
        unsigned shift = (unsigned)((at + done) % 8), n = 8 - shift;
        if (n > width - done)
            n = width - done;
        u |= (uint64_t)((unsigned)in[(at + done) / 8] >> shift & ((1u << n) - 1)) << done;
        done += n;
    }
    return u;
}

/* ---- one series ------------------------------------------------------------------------------ */

static int block_write(struct sk_buf *out, const uint64_t *deltas, size_t count)
{
    uint8_t bytes[1 + BLOCK * 8] = {0};
    unsigned width = 0;

    for (size_t i = 0; i < count; i++)
        if (width_of(deltas[i]) > width)
            width = width_of(deltas[i]);
    bytes[0] = (uint8_t)width;
    for (size_t i = 0; i < count; i++)
        bits_put(bytes + 1, i * width, deltas[i], width);
    return sk_buf_add(out, bytes, 1 + (count * width + 7) / 8);
}

static int presence_write(struct sk_buf *out, const struct chunk_series *s, size_t points)
{
    uint8_t bits[CHUNK_BITMAP_SIZE] = {0};
    size_t there = 0;

    for (size_t i = 0; i < points; i++)
        if (chunk_bit(s->present, i)) {
            chunk_bit_set(bits, i);
            there++;
        }
    int err = sk_buf_add_u8(out, there != points);
    return err || there == points ? err : sk_buf_add(out, bits, (points + 7) / 8);
}

static int series_write(struct sk_buf *out, const struct chunk_series *s, size_t points)
{
    uint64_t deltas[BLOCK];
    size_t count = 0;
    int64_t last = 0;
    int is_first = 1, err = presence_write(out, s, points);

    for (size_t i = 0; !err && i < points; i++) {
        if (!chunk_bit(s->present, i))
            continue;
        if (is_first)
            err = varint_write(out, s->v[i]);
        else
            deltas[count++] = zigzag((int64_t)((uint64_t)s->v[i] - (uint64_t)last));
        is_first = 0;
        last = s->v[i];
        if (!err && count == BLOCK) {
            err = block_write(out, deltas, count);
            count = 0;
        }
    }
    return err || !count ? err : block_write(out, deltas, count);
}

static int presence_read(const uint8_t *p, size_t len, size_t *at, size_t points, uint8_t *present)
{
    size_t size = (points + 7) / 8;

    memset(present, 0, CHUNK_BITMAP_SIZE);
    if (*at == len || p[*at] > 1)
        return -SK_EIO;
    if (p[(*at)++] == 0) {
        for (size_t i = 0; i < points; i++)
            chunk_bit_set(present, i);
        return 0;
    }
    if (len - *at < size || (points % 8 && p[*at + size - 1] >> (points % 8)))
        return -SK_EIO;
    memcpy(present, p + *at, size);
    *at += size;
    return 0;
}

/* The next value behind `last`: a block's head is read when the one before is used up. */
struct blocks {
    const uint8_t *bits;
    size_t left, used;
    unsigned width;
};

static int block_begin(struct blocks *b, const uint8_t *p, size_t len, size_t *at, size_t wanted)
{
    b->left = wanted < BLOCK ? wanted : BLOCK;
    b->used = 0;
    if (*at == len || p[*at] > 64)
        return -SK_EIO;
    b->width = p[(*at)++];
    size_t size = (b->left * b->width + 7) / 8;
    if (len - *at < size)
        return -SK_EIO;
    b->bits = p + *at;
    *at += size;
    return 0;
}

static int series_read(const uint8_t *p, size_t len, size_t points, int64_t *v, uint8_t *present)
{
    struct blocks b = {0};
    size_t at = 0, left = 0;
    int64_t last = 0;
    int is_first = 1, err = presence_read(p, len, &at, points, present);

    for (size_t i = 0; !err && i < points; i++)
        left += (size_t)chunk_bit(present, i);
    for (size_t i = 0; !err && i < points; i++) {
        if (!chunk_bit(present, i))
            continue;
        if (is_first) {
            err = varint_read(p, len, &at, &last) ? -SK_EIO : 0;
        } else {
            if (!b.left)
                err = block_begin(&b, p, len, &at, left);
            if (err)
                break;
            uint64_t u = bits_get(b.bits, b.used++ * b.width, b.width);
            last = (int64_t)((uint64_t)last + (uint64_t)unzigzag(u));
            b.left--;
        }
        is_first = 0;
        left--;
        v[i] = last;
    }
    return err ? err : at == len ? 0 : -SK_EIO;
}

/* ---- the chunk ------------------------------------------------------------------------------- */

static int head_write(struct sk_buf *out, const struct chunk_head *h)
{
    int err = sk_buf_add(out, magic, sizeof(magic));

    if (!err)
        err = sk_buf_add_u8(out, VERSION);
    if (!err)
        err = sk_buf_add_u8(out, h->tier);
    if (!err)
        err = sk_buf_add_u16(out, h->points);
    if (!err)
        err = sk_buf_add_u16(out, h->series);
    if (!err)
        err = sk_buf_add_u32(out, h->step_ms);
    return err ? err : sk_buf_add_u64(out, (uint64_t)h->t0_ms);
}

int chunk_pack(struct sk_buf *out, const struct chunk_head *h, const struct chunk_series *series)
{
    static const uint8_t row[ROW_SIZE];
    size_t begin = out->len, table = begin + HEAD_SIZE;

    if (h->points == 0 || h->points > CHUNK_POINTS_MAX || h->series > CHUNK_SERIES_MAX)
        return -SK_EINVAL;
    int err = head_write(out, h);
    for (size_t i = 0; !err && i < h->series; i++)
        err = i && series[i].key <= series[i - 1].key ? -SK_EINVAL
                                                      : sk_buf_add(out, row, sizeof(row));
    size_t data = out->len;
    for (size_t i = 0; !err && i < h->series; i++) {
        err = series_write(out, &series[i], h->points);
        if (err)
            break;
        sk_put_u16(out->data + table + i * ROW_SIZE, series[i].key);
        sk_put_u32(out->data + table + i * ROW_SIZE + 2, (uint32_t)(out->len - data));
    }
    return err ? err : sk_buf_add_u32(out, chunk_crc32c(0, out->data + begin, out->len - begin));
}

static int table_check(const struct chunk *c)
{
    uint32_t end = 0;
    int key = -1;

    for (size_t i = 0; i < c->head.series; i++) {
        const uint8_t *row = c->table + i * ROW_SIZE;
        if (sk_get_u16(row) <= key || sk_get_u32(row + 2) < end)
            return -SK_EIO;
        key = sk_get_u16(row);
        end = sk_get_u32(row + 2);
    }
    return end == c->data_len ? 0 : -SK_EIO;
}

int chunk_open(struct chunk *out, const void *data, size_t len)
{
    const uint8_t *p = data;

    if (len < HEAD_SIZE + CRC_SIZE || len > CHUNK_BYTES_MAX || memcmp(p, magic, sizeof(magic)) != 0)
        return -SK_EIO;
    if (p[4] != VERSION)
        return -SK_EVERSION;
    out->head = (struct chunk_head){.tier = p[5],
                                    .points = sk_get_u16(p + 6),
                                    .series = sk_get_u16(p + 8),
                                    .step_ms = sk_get_u32(p + 10),
                                    .t0_ms = (int64_t)sk_get_u64(p + 14)};
    size_t table_len = (size_t)out->head.series * ROW_SIZE, fixed = HEAD_SIZE + CRC_SIZE;
    if (out->head.points == 0 || out->head.points > CHUNK_POINTS_MAX ||
        out->head.series > CHUNK_SERIES_MAX || len - fixed < table_len ||
        chunk_crc32c(0, p, len - CRC_SIZE) != sk_get_u32(p + len - CRC_SIZE))
        return -SK_EIO;
    out->table = p + HEAD_SIZE;
    out->data = out->table + table_len;
    out->data_len = len - fixed - table_len;
    return table_check(out);
}

int chunk_read(const struct chunk *c, uint16_t key, int64_t *v, uint8_t *present)
{
    size_t begin = 0;

    for (size_t i = 0; i < c->head.series; i++) {
        const uint8_t *row = c->table + i * ROW_SIZE;
        size_t end = sk_get_u32(row + 2);
        if (sk_get_u16(row) == key)
            return series_read(c->data + begin, end - begin, c->head.points, v, present);
        begin = end;
    }
    return -SK_ENOTFOUND;
}
