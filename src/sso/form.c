/* application/x-www-form-urlencoded, as the provider and this box send it to each other. */
#include <string.h>

#include "base/text.h"
#include "sso/internal.h"

int form_percent_add(struct sk_buf *out, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";
    int err = 0;

    for (; !err && *value; value++) {
        unsigned char c = (unsigned char)*value;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c))
            err = sk_buf_add_u8(out, c);
        else
            err = sk_buf_addf(out, "%%%c%c", hex[c >> 4], hex[c & 15]);
    }
    return err;
}

int form_add(struct sk_buf *out, const char *name, const char *value)
{
    int err = sk_buf_addf(out, "%s%s=", out->len ? "&" : "", name);

    return err ? err : form_percent_add(out, value);
}

static int form_decode(const char *at, size_t len, char *out, size_t cap)
{
    size_t n = 0, got;

    for (size_t i = 0; i < len; i++) {
        char c = at[i] == '+' ? ' ' : at[i];
        if (c == '%') {
            char low[2];
            if (len - i < 3)
                return -SK_EINVAL;
            for (int k = 0; k < 2; k++)
                low[k] = at[i + 1 + (size_t)k] >= 'A' && at[i + 1 + (size_t)k] <= 'F'
                             ? (char)(at[i + 1 + (size_t)k] | 0x20)
                             : at[i + 1 + (size_t)k];
            if (sk_hex_decode(&c, 1, &got, low, 2))
                return -SK_EINVAL;
            i += 2;
        }
        if (!c || n + 1 >= cap)
            return -SK_EINVAL;
        out[n++] = c;
    }
    out[n] = '\0';
    return 0;
}

int form_take(const char *body, size_t len, const char *name, char *out, size_t cap)
{
    size_t name_len = strlen(name);
    int found = 0;

    for (const char *end = body + len; body < end;) {
        const char *stop = memchr(body, '&', (size_t)(end - body));
        size_t part = (size_t)((stop ? stop : end) - body);
        if (part > name_len && memcmp(body, name, name_len) == 0 && body[name_len] == '=') {
            if (found++ || form_decode(body + name_len + 1, part - name_len - 1, out, cap))
                return -SK_EINVAL;
        }
        body += part + (stop ? 1 : 0);
    }
    return found ? 0 : -SK_EINVAL;
}
