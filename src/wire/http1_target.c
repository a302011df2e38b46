/* Request targets: origin-form only, decoded once, normalised, and encoded again for our own
 * request line. Two readers of a path must never see two paths. */
#include "wire/http1_target.h"

#include <string.h>

int http1_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* RFC 3986 pchar without pct-encoded, and '/'. */
static int is_path_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return 1;
    return c != '\0' && strchr("-._~!$&'()*+,;=:@/", c) != NULL;
}

/* What stands in queries: RFC 3986, and the few marks that browsers leave unencoded there. */
static int is_query_char(char c)
{
    return is_path_char(c) || (c != '\0' && strchr("?%[]{}|^`", c) != NULL);
}

static int refuse(struct http1_request *req, int err, const char *reason)
{
    req->reason = reason;
    return err;
}

/* Valid UTF-8 after RFC 3629: decoded paths are compared, logged and looked up as text. */
static int is_utf8(const char *s, size_t len)
{
    const uint8_t *p = (const uint8_t *)s, *end = p + len;
    while (p < end) {
        uint32_t c = *p++;
        unsigned more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : 3;
        if (c >= 0x80 && (c < 0xc2 || c > 0xf4))
            return 0;
        if ((size_t)(end - p) < more)
            return 0;
        c = more == 0 ? c : c & (0x3fu >> more);
        for (unsigned i = 0; i < more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[i] & 0x3f);
        }
        if ((more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
            (more == 3 && (c < 0x10000 || c > 0x10ffff)))
            return 0;
        p += more;
    }
    return 1;
}

/* Percent-decode once into req->path. */
static int path_decode(struct http1_request *req, const char *s, size_t len, size_t *out_len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (c == '%') {
            int hi = len - i > 2 ? http1_hex(s[i + 1]) : -1;
            int lo = len - i > 2 ? http1_hex(s[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return refuse(req, -SK_EINVAL, "path-encoding");
            c = (char)(hi << 4 | lo);
            if ((uint8_t)c < 0x20 || c == 0x7f || c == '/' || c == '\\')
                return refuse(req, -SK_EINVAL, "path-byte");
            i += 2;
        } else if (!is_path_char(c)) {
            return refuse(req, -SK_EINVAL, "path-byte");
        }
        if (n + 1 >= sizeof(req->path))
            return refuse(req, -SK_ETOOBIG, "path-long");
        req->path[n++] = c;
    }
    req->path[n] = '\0';
    *out_len = n;
    return is_utf8(req->path, n) ? 0 : refuse(req, -SK_EINVAL, "path-utf8");
}

/* Remove "." and ".." segments in place (RFC 3986 5.2.4); no climb above the root, no empty
 * segment but the last. */
static int path_normalise(struct http1_request *req, size_t len)
{
    char *path = req->path;
    size_t out = 0, in = 0; /* path[0 .. out) is done and ends before a '/' */
    while (in < len) {
        size_t seg = in + 1, end = seg;
        while (end < len && path[end] != '/')
            end++;
        size_t n = end - seg;
        int last = end == len;
        if (n == 0 && !last)
            return refuse(req, -SK_EINVAL, "path-empty-segment");
        if (n == 2 && path[seg] == '.' && path[seg + 1] == '.') {
            if (out == 0)
                return refuse(req, -SK_EINVAL, "path-climb");
            do {
                out--;
            } while (path[out] != '/');
            if (last)
                path[out++] = '/';
        } else if (n == 1 && path[seg] == '.') {
            if (last)
                path[out++] = '/';
        } else {
            memmove(path + out, path + in, n + 1);
            out += n + 1;
        }
        in = end;
    }
    path[out] = '\0';
    return 0;
}

static int query_copy(struct http1_request *req, const char *s, size_t len)
{
    if (len >= sizeof(req->query))
        return refuse(req, -SK_ETOOBIG, "query-long");
    for (size_t i = 0; i < len; i++) {
        if (!is_query_char(s[i]))
            return refuse(req, -SK_EINVAL, "query-byte");
        if (s[i] != '%')
            continue;
        int hi = len - i > 2 ? http1_hex(s[i + 1]) : -1;
        int lo = len - i > 2 ? http1_hex(s[i + 2]) : -1;
        if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
            return refuse(req, -SK_EINVAL, "query-encoding");
    }
    memcpy(req->query, s, len);
    req->query[len] = '\0';
    return 0;
}

int http1_target_parse(struct http1_request *req, const char *target, size_t len)
{
    if (len == 0 || target[0] != '/')
        return refuse(req, -SK_EINVAL, "target-form");
    const char *mark = memchr(target, '?', len);
    size_t path_len = mark != NULL ? (size_t)(mark - target) : len, decoded;
    int rc = path_decode(req, target, path_len, &decoded);
    if (rc == 0)
        rc = path_normalise(req, decoded);
    req->path_is_plain =
        rc == 0 && strlen(req->path) == path_len && memcmp(req->path, target, path_len) == 0;
    if (rc == 0 && mark != NULL)
        rc = query_copy(req, mark + 1, len - path_len - 1);
    return rc;
}

int http1_path_encode(char *out, size_t cap, const char *path)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (; *path != '\0'; path++) {
        int plain = is_path_char(*path);
        if (n + (plain ? 1u : 3u) >= cap)
            return -SK_ETOOBIG;
        if (plain) {
            out[n++] = *path;
            continue;
        }
        out[n++] = '%';
        out[n++] = digits[(uint8_t)*path >> 4];
        out[n++] = digits[(uint8_t)*path & 15];
    }
    if (n >= cap)
        return -SK_ETOOBIG;
    out[n] = '\0';
    return 0;
}
