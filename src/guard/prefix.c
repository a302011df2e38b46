/* Addresses as the guard counts them: IPv4 whole, IPv6 by /64 (who has one address there has them
 * all), and the networks around them. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "guard/internal.h"

enum { V4_MIN = 8, V4_MAX = 32, V6_MIN = 16, V6_MAX = 64, V4_NETWORK = 24, V6_NETWORK = 56 };

static int address_parse(struct guard_prefix *out, const char *text)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, out->ip) == 1) {
        out->family = 4;
        out->bits = V4_MAX;
        return 0;
    }
    if (inet_pton(AF_INET6, text, out->ip) != 1)
        return -SK_EINVAL;
    out->family = 6;
    out->bits = 128;
    if (memcmp(out->ip, mapped, sizeof(mapped)) == 0) {
        memmove(out->ip, out->ip + sizeof(mapped), 4);
        memset(out->ip + 4, 0, 12);
        out->family = 4;
        out->bits = V4_MAX;
    }
    return 0;
}

void guard_prefix_shorten(struct guard_prefix *out, const struct guard_prefix *p, unsigned bits)
{
    struct guard_prefix s = {.family = p->family, .bits = (uint8_t)bits};

    memcpy(s.ip, p->ip, bits / 8);
    if (bits % 8)
        s.ip[bits / 8] = (uint8_t)(p->ip[bits / 8] & (0xff << (8 - bits % 8)));
    *out = s;
}

int guard_prefix_parse(struct guard_prefix *out, const char *text)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    struct guard_prefix whole;
    uint64_t bits;

    if (len >= sizeof(address))
        return -SK_EINVAL;
    memcpy(address, text, len);
    address[len] = '\0';
    if (address_parse(&whole, address))
        return -SK_EINVAL;
    if (!slash) {
        guard_prefix_shorten(out, &whole, whole.family == 4 ? V4_MAX : V6_MAX);
        return 0;
    }
    unsigned least = whole.family == 4 ? V4_MIN : V6_MIN;
    unsigned most = whole.family == 4 ? V4_MAX : V6_MAX;
    if (sk_parse_u64(&bits, slash + 1, strlen(slash + 1), most) || bits < least)
        return -SK_EINVAL;
    guard_prefix_shorten(out, &whole, (unsigned)bits);
    return memcmp(out->ip, whole.ip, sizeof(whole.ip)) ? -SK_EINVAL : 0;
}

int guard_prefix_of_source(struct guard_prefix *out, const char *source)
{
    struct guard_prefix whole;

    if (address_parse(&whole, source))
        return -SK_EINVAL;
    guard_prefix_shorten(out, &whole, whole.family == 4 ? V4_MAX : V6_MAX);
    return 0;
}

void guard_prefix_network(struct guard_prefix *out, const struct guard_prefix *address)
{
    guard_prefix_shorten(out, address, address->family == 4 ? V4_NETWORK : V6_NETWORK);
}

int guard_prefix_contains(const struct guard_prefix *outer, const struct guard_prefix *inner)
{
    struct guard_prefix cut;

    if (outer->family != inner->family || outer->bits > inner->bits)
        return 0;
    guard_prefix_shorten(&cut, inner, outer->bits);
    return memcmp(cut.ip, outer->ip, sizeof(cut.ip)) == 0;
}

const char *guard_prefix_format(char out[GUARD_PREFIX_TEXT], const struct guard_prefix *p)
{
    char address[INET6_ADDRSTRLEN] = "";

    inet_ntop(p->family == 4 ? AF_INET : AF_INET6, p->ip, address, sizeof(address));
    if (p->family == 4 && p->bits == V4_MAX)
        snprintf(out, GUARD_PREFIX_TEXT, "%s", address);
    else
        snprintf(out, GUARD_PREFIX_TEXT, "%s/%u", address, p->bits);
    return out;
}
