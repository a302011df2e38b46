#include "wire/label.h"

#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

char wire_crockford_digit(unsigned value)
{
    return digits[value & 31];
}

int wire_crockford_value(char c)
{
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

int wire_label_normalise(char out[WIRE_LABEL_CODE_SIZE], const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == ' ' || c == '-' || c == '\t')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c == 'O')
            c = '0';
        else if (c == 'I' || c == 'L')
            c = '1';
        if (wire_crockford_value(c) < 0 || n == WIRE_LABEL_CODE_LEN)
            return -SK_EINVAL;
        out[n++] = c;
    }
    if (n != WIRE_LABEL_CODE_LEN)
        return -SK_EINVAL;
    out[n] = '\0';
    return 0;
}

static int is_device(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '2' && s[i] <= '7')))
            return 0;
    return len == WIRE_LABEL_DEVICE_LEN;
}

static int is_fingerprint(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (i % 5 == 4 ? s[i] != '-' : wire_crockford_value(s[i]) < 0)
            return 0;
    return len == WIRE_LABEL_FINGERPRINT_LEN;
}

int wire_label_decode(struct wire_label *l, const char *text, size_t len)
{
    static const char head[] = "skep:1?d=", code[] = "&c=", key[] = "&k=";
    const size_t head_len = sizeof head - 1, mark = sizeof code - 1;
    const size_t without = head_len + WIRE_LABEL_DEVICE_LEN + mark + WIRE_LABEL_CODE_LEN;
    const char *p = text;

    memset(l, 0, sizeof *l);
    if (len != without && len != without + mark + WIRE_LABEL_FINGERPRINT_LEN)
        return -SK_EINVAL;
    if (memcmp(p, head, head_len) != 0 || !is_device(p + head_len, WIRE_LABEL_DEVICE_LEN))
        return -SK_EINVAL;
    memcpy(l->device, p + head_len, WIRE_LABEL_DEVICE_LEN);
    p += head_len + WIRE_LABEL_DEVICE_LEN;
    if (memcmp(p, code, mark) != 0 ||
        wire_label_normalise(l->code, p + mark, WIRE_LABEL_CODE_LEN) < 0)
        return -SK_EINVAL;
    if (len == without)
        return 0;
    p = text + without;
    if (memcmp(p, key, mark) != 0 || !is_fingerprint(p + mark, WIRE_LABEL_FINGERPRINT_LEN))
        return -SK_EINVAL;
    memcpy(l->fingerprint, p + mark, WIRE_LABEL_FINGERPRINT_LEN);
    return 0;
}

int wire_label_encode(char *out, size_t cap, const struct wire_label *l)
{
    int n;

    if (!is_device(l->device, strlen(l->device)) || strlen(l->code) != WIRE_LABEL_CODE_LEN)
        return -SK_EINVAL;
    n = snprintf(out, cap, "skep:1?d=%s&c=%s%s%s", l->device, l->code,
                 l->fingerprint[0] != '\0' ? "&k=" : "", l->fingerprint);
    return n >= 0 && (size_t)n < cap ? 0 : -SK_ETOOBIG;
}
