#include <string.h>

#include "base/text.h"
#include "outbound/internal.h"

struct range {
    uint8_t ip[16];
    uint8_t bits;
};

/* Not of the public internet: RFC 6890 and its registry, multicast, the reserved end. */
static const struct range closed_v4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* carrier NAT */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local, and where clouds keep their secrets */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relay */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, broadcast */
};

/* Of IPv6 only global unicast is open (2000::/3), and of that not these. */
static const struct range open_v6 = {{0x20}, 3};
static const struct range closed_v6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: an IPv4 address of anybody's choice inside */
    {{0x3f, 0xff}, 20},             /* documentation */
};
static const struct range nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static int is_within(const uint8_t *ip, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(ip, prefix, whole) != 0)
        return 0;
    return !rest || ((ip[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static int is_listed(const struct guard *g, const struct net_addr *a)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->allow[i].addr.family == a->family &&
            is_within(a->ip, g->allow[i].addr.ip, g->allow[i].bits))
            return 1;
    return 0;
}

static int v4_is_open(const uint8_t *ip)
{
    for (size_t i = 0; i < sizeof(closed_v4) / sizeof(closed_v4[0]); i++)
        if (is_within(ip, closed_v4[i].ip, closed_v4[i].bits))
            return 0;
    return 1;
}

static int v6_is_open(const uint8_t *ip)
{
    if (!is_within(ip, open_v6.ip, open_v6.bits))
        return 0;
    for (size_t i = 0; i < sizeof(closed_v6) / sizeof(closed_v6[0]); i++)
        if (is_within(ip, closed_v6[i].ip, closed_v6[i].bits))
            return 0;
    return 1;
}

int guard_admits(const struct guard *g, const struct net_addr *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct net_addr inner = {.family = 4, .port = a->port};

    if (is_listed(g, a))
        return 1;
    if (a->family == 4)
        return v4_is_open(a->ip);
    if (a->family != 6)
        return 0;
    if (memcmp(a->ip, mapped, sizeof(mapped)) == 0 || is_within(a->ip, nat64.ip, nat64.bits)) {
        memcpy(inner.ip, a->ip + 12, 4);
        return guard_admits(g, &inner);
    }
    return v6_is_open(a->ip);
}

static int prefix_parse(struct guard_prefix *out, const char *text, size_t len)
{
    char ip[NET_ADDR_TEXT];
    const char *slash = memchr(text, '/', len);
    size_t ip_len = slash ? (size_t)(slash - text) : len;
    uint64_t bits;

    if (ip_len >= sizeof(ip))
        return -SK_EINVAL;
    memcpy(ip, text, ip_len);
    ip[ip_len] = '\0';
    if (net_addr_parse(&out->addr, ip, 0))
        return -SK_EINVAL;
    bits = out->addr.family == 4 ? 32 : 128;
    if (slash && sk_parse_u64(&bits, slash + 1, len - ip_len - 1, bits))
        return -SK_EINVAL;
    out->bits = (unsigned)bits;
    return 0;
}

int guard_parse(struct guard *out, const char *text)
{
    static const char between[] = ", \t";

    out->count = 0;
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        size_t len = strcspn(text, between);
        if (out->count == GUARD_ALLOW_MAX)
            return -SK_ETOOBIG;
        int err = prefix_parse(&out->allow[out->count], text, len);
        if (err)
            return err;
        out->count++;
        text += len;
    }
    return 0;
}
