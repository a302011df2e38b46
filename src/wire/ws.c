/* RFC 6455 heads and the opening answer. SHA-1 stands here only because the protocol names it; it
 * protects nothing. */
#include "wire/ws.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

size_t ws_head_encode(uint8_t out[WS_HEAD_MAX], enum ws_opcode opcode, uint64_t payload_len)
{
    out[0] = (uint8_t)(0x80 | (unsigned)opcode);
    if (payload_len < 126) {
        out[1] = (uint8_t)payload_len;
        return 2;
    }
    if (payload_len <= 0xffff) {
        out[1] = 126;
        sk_put_u16(out + 2, (uint16_t)payload_len);
        return 4;
    }
    out[1] = 127;
    sk_put_u64(out + 2, payload_len);
    return 10;
}

/* The payload length and the bytes that it took; shortest form only. */
static int length_decode(const uint8_t *p, size_t len, uint64_t *out, size_t *size)
{
    unsigned first = p[1] & 0x7f;
    *size = first < 126 ? 0 : first == 126 ? 2 : 8;
    *out = first;
    if (len < 2 + *size)
        return -SK_EAGAIN;
    if (first == 126) {
        *out = sk_get_u16(p + 2);
        return *out < 126 ? -SK_EINVAL : 0;
    }
    if (first == 127) {
        *out = sk_get_u64(p + 2);
        return *out <= 0xffff || *out >> 63 != 0 ? -SK_EINVAL : 0;
    }
    return 0;
}

int ws_head_decode(struct ws_frame_head *out, const void *data, size_t len)
{
    const uint8_t *p = data;
    size_t size;
    if (len < 2)
        return -SK_EAGAIN;
    unsigned opcode = p[0] & 0x0f;
    int is_control = (opcode & 8) != 0;
    if ((p[0] & 0x70) != 0 || (opcode > 2 && opcode < 8) || opcode > 10 || (p[1] & 0x80) == 0)
        return -SK_EINVAL;
    if (is_control && ((p[0] & 0x80) == 0 || (p[1] & 0x7f) > WS_CONTROL_MAX))
        return -SK_EINVAL;
    int rc = length_decode(p, len, &out->payload_len, &size);
    if (rc != 0)
        return rc;
    out->head_len = 2 + size + 4;
    if (len < out->head_len)
        return -SK_EAGAIN;
    memcpy(out->mask, p + 2 + size, 4);
    out->opcode = (enum ws_opcode)opcode;
    out->is_final = p[0] >> 7;
    return 0;
}

static uint32_t rol(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void sha1_block(uint32_t h[5], const uint8_t *p)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (unsigned i = 0; i < 16; i++)
        w[i] = sk_get_u32(p + 4 * i);
    for (unsigned i = 16; i < 80; i++)
        w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        uint32_t t = rol(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rol(b, 30);
        b = a;
        a = t;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

int ws_accept_encode(char out[WS_ACCEPT_SIZE], const char *key, size_t key_len)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    enum { KEY_LEN = 24, TEXT_LEN = KEY_LEN + sizeof(guid) - 1 };
    uint8_t raw[16], block[128] = {0}, digest[20];
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    size_t raw_len;
    if (key_len != KEY_LEN || sk_b64_decode(raw, sizeof(raw), &raw_len, key, key_len) != 0 ||
        raw_len != sizeof(raw))
        return -SK_EINVAL;
    memcpy(block, key, KEY_LEN);
    memcpy(block + KEY_LEN, guid, sizeof(guid) - 1);
    block[TEXT_LEN] = 0x80; /* 60 bytes and the mark leave no room for the length: two blocks */
    sk_put_u64(block + 120, (uint64_t)TEXT_LEN * 8);
    sha1_block(h, block);
    sha1_block(h, block + 64);
    for (unsigned i = 0; i < 5; i++)
        sk_put_u32(digest + 4 * i, h[i]);
    sk_b64_encode(out, digest, sizeof(digest));
    return 0;
}
