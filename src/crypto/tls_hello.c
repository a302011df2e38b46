#include "crypto/tls_hello.h"

#include <string.h>

#include "base/buf.h"

struct cursor {
    const uint8_t *p, *end;
};

/* Take `n` bytes; NULL when they are not there. */
static const uint8_t *take(struct cursor *c, size_t n)
{
    const uint8_t *at = c->p;
    if ((size_t)(c->end - c->p) < n)
        return NULL;
    c->p += n;
    return at;
}

/* Enter a vector with a length prefix of `width` bytes. */
static int take_vector(struct cursor *c, size_t width, struct cursor *inner)
{
    size_t len = 0;
    const uint8_t *head = take(c, width);
    if (!head)
        return -SK_EINVAL;
    for (size_t i = 0; i < width; i++)
        len = len << 8 | head[i];
    inner->p = take(c, len);
    if (!inner->p)
        return -SK_EINVAL;
    inner->end = inner->p + len;
    return 0;
}

static const char *pick(struct cursor offer, const char *const *ours)
{
    struct cursor list;
    if (take_vector(&offer, 2, &list) != 0 || offer.p != offer.end)
        return NULL;
    for (; *ours; ours++) {
        size_t len = strlen(*ours);
        struct cursor c = list, name;
        while (c.p < c.end) {
            if (take_vector(&c, 1, &name) != 0)
                return NULL;
            if ((size_t)(name.end - name.p) == len && memcmp(name.p, *ours, len) == 0)
                return *ours;
        }
    }
    return NULL;
}

const char *tls_hello_alpn(const uint8_t *msg, size_t len, const char *const *ours)
{
    struct cursor all = {msg, msg + len}, c, skip, extensions;
    const uint8_t *type = take(&all, 1);
    if (!type || *type != 1 || take_vector(&all, 3, &c) != 0)
        return NULL;
    /* legacy_version, random, session id, cipher suites, compression methods */
    if (!take(&c, 2 + 32) || take_vector(&c, 1, &skip) != 0 || take_vector(&c, 2, &skip) != 0 ||
        take_vector(&c, 1, &skip) != 0 || take_vector(&c, 2, &extensions) != 0)
        return NULL;
    while (extensions.p < extensions.end) {
        struct cursor body;
        const uint8_t *id = take(&extensions, 2);
        if (!id || take_vector(&extensions, 2, &body) != 0)
            return NULL;
        if (sk_get_u16(id) == 16) /* application_layer_protocol_negotiation */
            return pick(body, ours);
    }
    return NULL;
}
