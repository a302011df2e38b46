/* Refused sources in the kernel: a table of nftables that belongs to our netlink socket, so that it
 * goes with the process whatever ends it (NFT_TABLE_F_OWNER, Linux 5.12). Two sets of intervals and
 * one rule for each: TCP to our port from a source in the set is dropped before it costs us an
 * accept. Everything is in one batch, taken whole or not at all. Nothing here is needed: without
 * the right to do it (CAP_NET_ADMIN) the edge refuses by itself.
 * Source: linux/netfilter/nf_tables.h and nfnetlink.h; byte orders as there. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "guard/internal.h"

#ifndef NFT_TABLE_F_OWNER
#define NFT_TABLE_F_OWNER 0x2
#endif

enum { BATCH_MAX = 4 << 20, ANSWER_BYTES = 8192, ELEMENTS_PER_MESSAGE = 500, PRIORITY = -10 };

#define TABLE "skep"
#define CHAIN "input"

static const char *const set_names[2] = {"refused4", "refused6"};

static struct {
    int fd; /* -1: not in use */
    uint32_t seq;
    uint16_t port;
} kernel = {.fd = -1};

/* ---- messages ---- */

/* A batch grows in a buffer; what does not fit is told at its end. */
struct batch {
    struct sk_buf buf;
    size_t message; /* where the open one began */
    int err;
};

static void put(struct batch *b, const void *data, size_t len)
{
    static const uint8_t zero[4];

    if (!b->err)
        b->err = sk_buf_add(&b->buf, data, len);
    if (!b->err && len % 4)
        b->err = sk_buf_add(&b->buf, zero, 4 - len % 4);
}

static void message_open(struct batch *b, uint16_t type, uint16_t flags, uint8_t family,
                         uint16_t res_id)
{
    struct nlmsghdr head = {
        .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = ++kernel.seq};
    struct nfgenmsg gen = {family, NFNETLINK_V0, htons(res_id)};

    b->message = b->buf.len;
    put(b, &head, sizeof(head));
    put(b, &gen, sizeof(gen));
}

static void message_close(struct batch *b)
{
    uint32_t len = (uint32_t)(b->buf.len - b->message);

    if (!b->err)
        memcpy(b->buf.data + b->message, &len, sizeof(len));
}

static void nft_open(struct batch *b, uint16_t what, uint16_t flags)
{
    message_open(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | what), flags, NFPROTO_INET, 0);
}

static void attr(struct batch *b, uint16_t type, const void *data, size_t len)
{
    struct nlattr head = {(uint16_t)(sizeof(head) + len), type};

    put(b, &head, sizeof(head));
    put(b, data, len);
}

static void attr_text(struct batch *b, uint16_t type, const char *text)
{
    attr(b, type, text, strlen(text) + 1);
}

static void attr_u32(struct batch *b, uint16_t type, uint32_t value)
{
    uint32_t be = htonl(value);

    attr(b, type, &be, sizeof(be));
}

static size_t nest_open(struct batch *b, uint16_t type)
{
    size_t at = b->buf.len;
    struct nlattr head = {0, (uint16_t)(type | NLA_F_NESTED)};

    put(b, &head, sizeof(head));
    return at;
}

static void nest_close(struct batch *b, size_t at)
{
    size_t len = b->buf.len - at;
    uint16_t fits = (uint16_t)len;

    if (!b->err && len > UINT16_MAX)
        b->err = -SK_ETOOBIG;
    if (!b->err)
        memcpy(b->buf.data + at, &fits, sizeof(fits));
}

static void data_attr(struct batch *b, uint16_t type, const void *data, size_t len)
{
    size_t at = nest_open(b, type);

    attr(b, NFTA_DATA_VALUE, data, len);
    nest_close(b, at);
}

/* ---- table, sets, rules ---- */

static void table_add(struct batch *b)
{
    nft_open(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
    attr_text(b, NFTA_TABLE_NAME, TABLE);
    attr_u32(b, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
    message_close(b);
}

static void chain_add(struct batch *b)
{
    nft_open(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    attr_text(b, NFTA_CHAIN_TABLE, TABLE);
    attr_text(b, NFTA_CHAIN_NAME, CHAIN);
    size_t hook = nest_open(b, NFTA_CHAIN_HOOK);
    attr_u32(b, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_IN);
    attr_u32(b, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
    nest_close(b, hook);
    attr_u32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
    attr_text(b, NFTA_CHAIN_TYPE, "filter");
    message_close(b);
}

static void set_add(struct batch *b, int is_v6)
{
    nft_open(b, NFT_MSG_NEWSET, NLM_F_CREATE);
    attr_text(b, NFTA_SET_TABLE, TABLE);
    attr_text(b, NFTA_SET_NAME, set_names[is_v6]);
    attr_u32(b, NFTA_SET_FLAGS, NFT_SET_INTERVAL);
    attr_u32(b, NFTA_SET_KEY_TYPE, is_v6 ? 8 : 7); /* what nft shows: ipv6_addr, ipv4_addr */
    attr_u32(b, NFTA_SET_KEY_LEN, is_v6 ? 16 : 4);
    attr_u32(b, NFTA_SET_ID, (uint32_t)is_v6 + 1);
    message_close(b);
}

/* One expression of a rule is open between these two. */
struct expression {
    size_t element, data;
};

static struct expression expression_open(struct batch *b, const char *name)
{
    struct expression e = {.element = nest_open(b, NFTA_LIST_ELEM)};

    attr_text(b, NFTA_EXPR_NAME, name);
    e.data = nest_open(b, NFTA_EXPR_DATA);
    return e;
}

static void expression_close(struct batch *b, struct expression e)
{
    nest_close(b, e.data);
    nest_close(b, e.element);
}

static void meta_is(struct batch *b, uint32_t key, uint8_t value)
{
    struct expression e = expression_open(b, "meta");

    attr_u32(b, NFTA_META_DREG, NFT_REG_1);
    attr_u32(b, NFTA_META_KEY, key);
    expression_close(b, e);
    e = expression_open(b, "cmp");
    attr_u32(b, NFTA_CMP_SREG, NFT_REG_1);
    attr_u32(b, NFTA_CMP_OP, NFT_CMP_EQ);
    data_attr(b, NFTA_CMP_DATA, &value, sizeof(value));
    expression_close(b, e);
}

static void payload_load(struct batch *b, uint32_t base, uint32_t offset, uint32_t len)
{
    struct expression e = expression_open(b, "payload");

    attr_u32(b, NFTA_PAYLOAD_DREG, NFT_REG_1);
    attr_u32(b, NFTA_PAYLOAD_BASE, base);
    attr_u32(b, NFTA_PAYLOAD_OFFSET, offset);
    attr_u32(b, NFTA_PAYLOAD_LEN, len);
    expression_close(b, e);
}

static void port_is(struct batch *b, uint16_t port)
{
    uint16_t be = htons(port);

    payload_load(b, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
    struct expression e = expression_open(b, "cmp");
    attr_u32(b, NFTA_CMP_SREG, NFT_REG_1);
    attr_u32(b, NFTA_CMP_OP, NFT_CMP_EQ);
    data_attr(b, NFTA_CMP_DATA, &be, sizeof(be));
    expression_close(b, e);
}

static void source_is_in(struct batch *b, int is_v6)
{
    payload_load(b, NFT_PAYLOAD_NETWORK_HEADER, is_v6 ? 8 : 12, is_v6 ? 16 : 4);
    struct expression e = expression_open(b, "lookup");
    attr_text(b, NFTA_LOOKUP_SET, set_names[is_v6]);
    attr_u32(b, NFTA_LOOKUP_SET_ID, (uint32_t)is_v6 + 1);
    attr_u32(b, NFTA_LOOKUP_SREG, NFT_REG_1);
    expression_close(b, e);
}

static void drop(struct batch *b)
{
    struct expression e = expression_open(b, "immediate");

    attr_u32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    size_t data = nest_open(b, NFTA_IMMEDIATE_DATA);
    size_t verdict = nest_open(b, NFTA_DATA_VERDICT);
    attr_u32(b, NFTA_VERDICT_CODE, NF_DROP);
    nest_close(b, verdict);
    nest_close(b, data);
    expression_close(b, e);
}

/* meta nfproto ipvN; meta l4proto tcp; tcp dport PORT; ipN saddr @refusedN; drop */
static void rule_add(struct batch *b, int is_v6, uint16_t port)
{
    nft_open(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    attr_text(b, NFTA_RULE_TABLE, TABLE);
    attr_text(b, NFTA_RULE_CHAIN, CHAIN);
    size_t list = nest_open(b, NFTA_RULE_EXPRESSIONS);
    meta_is(b, NFT_META_NFPROTO, is_v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
    meta_is(b, NFT_META_L4PROTO, IPPROTO_TCP);
    port_is(b, port);
    source_is_in(b, is_v6);
    drop(b);
    nest_close(b, list);
    message_close(b);
}

/* ---- elements ---- */

static void set_flush(struct batch *b, int is_v6)
{
    nft_open(b, NFT_MSG_DELSETELEM, 0);
    attr_text(b, NFTA_SET_ELEM_LIST_TABLE, TABLE);
    attr_text(b, NFTA_SET_ELEM_LIST_SET, set_names[is_v6]);
    message_close(b);
}

static void element_add(struct batch *b, const uint8_t *key, size_t len, uint32_t flags)
{
    size_t element = nest_open(b, NFTA_LIST_ELEM);

    if (flags)
        attr_u32(b, NFTA_SET_ELEM_FLAGS, flags);
    data_attr(b, NFTA_SET_ELEM_KEY, key, len);
    nest_close(b, element);
}

/* The first address behind the prefix; 0 when there is none. */
static int prefix_end(uint8_t out[16], const struct guard_prefix *p)
{
    unsigned carry = 1u << (7 - (p->bits - 1) % 8);

    memcpy(out, p->ip, 16);
    for (int at = (p->bits - 1) / 8; at >= 0 && carry; at--) {
        carry += out[at];
        out[at] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

static void elements_add(struct batch *b, int is_v6, const struct guard_prefix *list, size_t count)
{
    size_t len = is_v6 ? 16 : 4;
    uint8_t end[16];

    for (size_t i = 0; i < count;) {
        nft_open(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
        attr_text(b, NFTA_SET_ELEM_LIST_TABLE, TABLE);
        attr_text(b, NFTA_SET_ELEM_LIST_SET, set_names[is_v6]);
        size_t elements = nest_open(b, NFTA_SET_ELEM_LIST_ELEMENTS);
        for (size_t n = 0; i < count && n < ELEMENTS_PER_MESSAGE; i++, n++) {
            /* where the next one begins, this one need not be said to end */
            int goes_on =
                i > 0 && prefix_end(end, &list[i - 1]) && memcmp(end, list[i].ip, len) == 0;
            if (!goes_on)
                element_add(b, list[i].ip, len, 0);
            int has_end = prefix_end(end, &list[i]);
            if (has_end && !(i + 1 < count && memcmp(end, list[i + 1].ip, len) == 0))
                element_add(b, end, len, NFT_SET_ELEM_INTERVAL_END);
        }
        nest_close(b, elements);
        message_close(b);
    }
}

static int prefix_compare(const void *a, const void *b)
{
    const struct guard_prefix *p = a, *q = b;
    int by_ip = memcmp(p->ip, q->ip, sizeof(p->ip));

    return by_ip ? by_ip : p->bits - q->bits;
}

size_t guard_kernel_order(struct guard_prefix *list, size_t count)
{
    size_t kept = 0;

    qsort(list, count, sizeof(*list), prefix_compare);
    for (size_t i = 0; i < count; i++)
        if (!kept || !guard_prefix_contains(&list[kept - 1], &list[i]))
            list[kept++] = list[i];
    return kept;
}

/* ---- talking to the kernel ---- */

/* 0, or the first error of the batch. An answer to the last message ends the talk. */
static int answers_read(uint32_t last)
{
    _Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];

    for (;;) {
        ssize_t n = recv(kernel.fd, answer, sizeof(answer), 0);
        if (n < 0)
            return errno == ENOBUFS ? -SK_ELIMIT : -SK_EIO;
        size_t left = (size_t)n;
        for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            struct nlmsgerr fault;
            if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_len < NLMSG_LENGTH(sizeof(fault)))
                continue;
            memcpy(&fault, NLMSG_DATA(h), sizeof(fault));
            if (fault.error)
                return fault.error == -EPERM ? -SK_EDENIED : -SK_EIO;
            if (fault.msg.nlmsg_seq == last)
                return 0;
        }
    }
}

static void batch_open(struct batch *b)
{
    *b = (struct batch){.err = 0};
    sk_buf_init(&b->buf, BATCH_MAX);
    message_open(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    message_close(b);
}

/* The last message asks for an answer: one comes when all were taken. */
static int batch_send(struct batch *b)
{
    struct nlmsghdr head;
    uint32_t last = kernel.seq;

    if (!b->err) {
        memcpy(&head, b->buf.data + b->message, sizeof(head));
        head.nlmsg_flags |= NLM_F_ACK;
        memcpy(b->buf.data + b->message, &head, sizeof(head));
    }
    message_open(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    message_close(b);
    int err = b->err;
    if (!err && send(kernel.fd, b->buf.data, b->buf.len, 0) != (ssize_t)b->buf.len)
        err = errno == EPERM ? -SK_EDENIED : -SK_EIO;
    sk_buf_fini(&b->buf);
    return err ? err : answers_read(last);
}

int guard_kernel_open(uint16_t port)
{
    const struct sockaddr_nl to = {.nl_family = AF_NETLINK};
    const struct timeval limit = {.tv_sec = 2};
    struct batch b;

    kernel.port = port;
    kernel.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (kernel.fd < 0)
        return errno == EPERM || errno == EACCES ? -SK_EDENIED : -SK_EUNSUPPORTED;
    const int room = BATCH_MAX; /* a batch goes out in one piece */
    if (setsockopt(kernel.fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
        setsockopt(kernel.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    setsockopt(kernel.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    int err = connect(kernel.fd, (const struct sockaddr *)&to, sizeof(to)) ? -SK_EIO : 0;
    batch_open(&b);
    table_add(&b);
    chain_add(&b);
    for (int is_v6 = 0; is_v6 < 2; is_v6++)
        set_add(&b, is_v6);
    for (int is_v6 = 0; is_v6 < 2; is_v6++)
        rule_add(&b, is_v6, port);
    if (err)
        sk_buf_fini(&b.buf);
    else
        err = batch_send(&b);
    if (err)
        guard_kernel_close();
    return err;
}

void guard_kernel_close(void)
{
    if (kernel.fd >= 0)
        close(kernel.fd); /* the table goes with it */
    kernel.fd = -1;
}

int guard_kernel_is_open(void)
{
    return kernel.fd >= 0;
}

int guard_kernel_set(struct guard_prefix *v4, size_t v4_count, struct guard_prefix *v6,
                     size_t v6_count)
{
    struct batch b;

    v4_count = guard_kernel_order(v4, v4_count);
    v6_count = guard_kernel_order(v6, v6_count);
    batch_open(&b);
    set_flush(&b, 0);
    set_flush(&b, 1);
    if (v4_count)
        elements_add(&b, 0, v4, v4_count);
    if (v6_count)
        elements_add(&b, 1, v6, v6_count);
    return batch_send(&b);
}

/* ---- following ---- */

struct refused_list {
    struct guard_prefix *list[2]; /* IPv4, IPv6 */
    size_t count[2], cap[2];
};

static struct refused_list told; /* what the kernel has */

static void refused_add(void *ctx, const struct guard_prefix *p)
{
    struct refused_list *r = ctx;
    int is_v6 = p->family == 6;

    if (r->count[is_v6] == r->cap[is_v6]) {
        r->cap[is_v6] = r->cap[is_v6] ? r->cap[is_v6] * 2 : 64;
        r->list[is_v6] = sk_realloc(r->list[is_v6], r->cap[is_v6] * sizeof(*p));
    }
    r->list[is_v6][r->count[is_v6]++] = *p;
}

static void refused_free(struct refused_list *r)
{
    free(r->list[0]);
    free(r->list[1]);
    *r = (struct refused_list){{NULL, NULL}, {0, 0}, {0, 0}};
}

static int is_told(const struct refused_list *r)
{
    for (int i = 0; i < 2; i++)
        if (r->count[i] != told.count[i] ||
            (r->count[i] && memcmp(r->list[i], told.list[i], r->count[i] * sizeof(*r->list[i]))))
            return 0;
    return 1;
}

void guard_kernel_turn(void)
{
    struct refused_list now = {{NULL, NULL}, {0, 0}, {0, 0}};

    if (!guard_kernel_is_open())
        return;
    if (!guard_state_is_dry())
        guard_state_refused_each(refused_add, &now);
    for (int i = 0; i < 2; i++)
        if (now.count[i])
            now.count[i] = guard_kernel_order(now.list[i], now.count[i]);
    if (is_told(&now)) {
        refused_free(&now);
        return;
    }
    int err = guard_kernel_set(now.list[0], now.count[0], now.list[1], now.count[1]);
    if (err) { /* the edge goes on refusing by itself */
        log_error("guard", "kernel-closed", "error=%s", sk_error_slug(err));
        guard_kernel_close();
        refused_free(&now);
    }
    refused_free(&told);
    told = now;
}
