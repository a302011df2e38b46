#include "net/packet.h"

#include <stdlib.h>

#include "base/sys.h"

static void packet_free(struct net_packet *p)
{
    free(p);
}

static void packet_wipe(struct net_packet *p)
{
    sk_wipe(p->data, p->len);
    free(p);
}

struct net_packet *net_packet_new(size_t len)
{
    struct net_packet *p = len <= SIZE_MAX - sizeof *p ? malloc(sizeof *p + len) : NULL;
    if (!p)
        return NULL;
    atomic_init(&p->refs, 1);
    p->len = len;
    p->data = (uint8_t *)(p + 1);
    p->release = packet_free;
    return p;
}

struct net_packet *net_packet_new_secret(size_t len)
{
    struct net_packet *p = net_packet_new(len);
    if (p)
        p->release = packet_wipe;
    return p;
}

struct net_packet *net_packet_ref(struct net_packet *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void net_packet_drop(struct net_packet *p)
{
    if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        p->release(p);
}
