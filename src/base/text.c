#include "base/text.h"

#include <string.h>

static const char b64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char b64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char hex_alphabet[] = "0123456789abcdef";

/* All these codes cut the bytes into groups of `bits` bits, highest first. */
static size_t groups_encode(char *out, const uint8_t *p, size_t len, unsigned bits,
                            const char *alphabet)
{
    uint32_t acc = 0;
    unsigned held = 0;
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        acc = acc << 8 | p[i];
        held += 8;
        while (held >= bits) {
            held -= bits;
            out[n++] = alphabet[acc >> held & ((1u << bits) - 1)];
        }
        acc &= (1u << held) - 1;
    }
    if (held)
        out[n++] = alphabet[acc << (bits - held) & ((1u << bits) - 1)];
    out[n] = 0;
    return n;
}

static int alphabet_index(const char *alphabet, unsigned bits, char c)
{
    const char *hit = c ? memchr(alphabet, c, (size_t)1 << bits) : NULL;

    return hit ? (int)(hit - alphabet) : -1;
}

static int groups_decode(uint8_t *out, size_t cap, size_t *out_len, const char *text, size_t len,
                         unsigned bits, const char *alphabet)
{
    uint32_t acc = 0;
    unsigned held = 0;
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int v = alphabet_index(alphabet, bits, text[i]);
        if (v < 0)
            return -SK_EINVAL;
        acc = acc << bits | (uint32_t)v;
        held += bits;
        if (held >= 8) {
            held -= 8;
            if (n == cap)
                return -SK_ETOOBIG;
            out[n++] = (uint8_t)(acc >> held);
            acc &= (1u << held) - 1;
        }
    }
    if (held >= bits || acc != 0) /* a group too many, or bits that say nothing */
        return -SK_EINVAL;
    *out_len = n;
    return 0;
}

void sk_hex_encode(char *out, const void *data, size_t len)
{
    groups_encode(out, data, len, 4, hex_alphabet);
}

void sk_b64url_encode(char *out, const void *data, size_t len)
{
    groups_encode(out, data, len, 6, b64url_alphabet);
}

void sk_b64_encode(char *out, const void *data, size_t len)
{
    size_t n = groups_encode(out, data, len, 6, b64_alphabet);

    while (n % 4)
        out[n++] = '=';
    out[n] = 0;
}

void sk_b32_encode(char *out, const void *data, size_t len)
{
    groups_encode(out, data, len, 5, b32_alphabet);
}

int sk_hex_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len)
{
    return groups_decode(out, cap, out_len, text, len, 4, hex_alphabet);
}

int sk_b64url_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len)
{
    return groups_decode(out, cap, out_len, text, len, 6, b64url_alphabet);
}

int sk_b32_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len)
{
    return groups_decode(out, cap, out_len, text, len, 5, b32_alphabet);
}

int sk_b64_decode(void *out, size_t cap, size_t *out_len, const char *text, size_t len)
{
    char quad[4];
    size_t n = 0, held = 0, pad = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
            continue;
        if (pad && c != '=')
            return -SK_EINVAL;
        if (c == '=') {
            if (held + pad < 2 || held + pad > 3)
                return -SK_EINVAL;
            pad++;
        } else {
            quad[held++] = c;
        }
        if (held + pad == 4) {
            size_t got;
            int err = groups_decode((uint8_t *)out + n, cap - n, &got, quad, held, 6, b64_alphabet);
            if (err)
                return err;
            n += got;
            held = 0;
            if (pad) { /* nothing but blanks may follow */
                for (size_t k = i + 1; k < len; k++)
                    if (!strchr("\r\n \t", text[k]) || !text[k])
                        return -SK_EINVAL;
                break;
            }
        }
    }
    if (held)
        return -SK_EINVAL;
    *out_len = n;
    return 0;
}

int sk_copy(char *out, size_t cap, const char *src)
{
    size_t len = strlen(src);

    if (len >= cap) {
        if (cap)
            out[0] = 0;
        return -SK_ETOOBIG;
    }
    memcpy(out, src, len + 1);
    return 0;
}

int sk_parse_u64(uint64_t *out, const char *text, size_t len, uint64_t max)
{
    uint64_t v = 0;

    if (len == 0 || len > 20)
        return -SK_EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -SK_EINVAL;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (digit > max || v > (max - digit) / 10)
            return -SK_EINVAL;
        v = v * 10 + digit;
    }
    *out = v;
    return 0;
}

/* Length of the sequence that `lead` opens, and the smallest code point it may carry. */
static size_t utf8_sequence(uint8_t lead, uint32_t *smallest)
{
    if (lead < 0x80) {
        *smallest = 1; /* U+0000 is refused */
        return 1;
    }
    if ((lead & 0xe0) == 0xc0) {
        *smallest = 0x80;
        return 2;
    }
    if ((lead & 0xf0) == 0xe0) {
        *smallest = 0x800;
        return 3;
    }
    if ((lead & 0xf8) == 0xf0) {
        *smallest = 0x10000;
        return 4;
    }
    return 0;
}

int sk_utf8_is_valid(const char *s, size_t len)
{
    const uint8_t *p = (const uint8_t *)s;

    for (size_t i = 0; i < len;) {
        uint32_t smallest;
        size_t n = utf8_sequence(p[i], &smallest);
        if (n == 0 || n > len - i)
            return 0;
        uint32_t cp = n == 1 ? p[i] : p[i] & (0x7fu >> n);
        for (size_t k = 1; k < n; k++) {
            if ((p[i + k] & 0xc0) != 0x80)
                return 0;
            cp = cp << 6 | (p[i + k] & 0x3fu);
        }
        if (cp < smallest || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
            return 0;
        i += n;
    }
    return 1;
}

size_t sk_utf8_count(const char *s, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((uint8_t)s[i] & 0xc0) != 0x80;
    return count;
}
