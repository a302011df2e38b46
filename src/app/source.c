/* Networks that an app is pinned to. */
#include <string.h>

#include "app/internal.h"
#include "base/text.h"
#include "net/addr.h"

static int bit_of(const uint8_t *ip, unsigned i)
{
    return ip[i / 8] >> (7 - i % 8) & 1;
}

int source_net_parse(struct source_net *out, const char *text)
{
    const char *slash = strchr(text, '/');
    struct net_addr a;
    char ip[SOURCE_SIZE];
    uint64_t bits;

    if (!slash || (size_t)(slash - text) >= sizeof(ip))
        return -SK_EINVAL;
    memcpy(ip, text, (size_t)(slash - text));
    ip[slash - text] = '\0';
    if (ip[0] == '[' || net_addr_parse(&a, ip, 0))
        return -SK_EINVAL;
    unsigned width = a.family == 4 ? 32 : 128;
    if (sk_parse_u64(&bits, slash + 1, strlen(slash + 1), width))
        return -SK_EINVAL;
    for (unsigned i = (unsigned)bits; i < width; i++)
        if (bit_of(a.ip, i))
            return -SK_EINVAL;
    *out = (struct source_net){.family = a.family, .bits = (uint8_t)bits};
    memcpy(out->ip, a.ip, sizeof(out->ip));
    return 0;
}

int source_net_has(const struct source_net *n, const char *address)
{
    struct net_addr a;

    if (net_addr_parse(&a, address, 0) || a.family != n->family)
        return 0;
    for (unsigned i = 0; i < n->bits; i++)
        if (bit_of(a.ip, i) != bit_of(n->ip, i))
            return 0;
    return 1;
}
