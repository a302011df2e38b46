/* Refused sources as a script for `nft -f -`. */
#include "base/buf.h"
#include "guard/internal.h"

struct script {
    struct sk_buf *out;
    uint8_t family;
    int count, err;
};

static void element_add(void *ctx, const struct guard_prefix *p)
{
    struct script *s = ctx;
    char text[GUARD_PREFIX_TEXT];

    if (!s->err && p->family == s->family)
        s->err = sk_buf_addf(s->out, "%s%s", s->count++ ? ", " : "", guard_prefix_format(text, p));
}

static int set_write(struct sk_buf *out, uint8_t family)
{
    struct sk_buf elements;
    struct script s = {.out = &elements, .family = family};

    sk_buf_init(&elements, out->max);
    guard_state_refused_each(element_add, &s);
    if (!s.err)
        s.err =
            sk_buf_addf(out, "  set refused%u {\n    type ipv%u_addr; flags interval; auto-merge\n",
                        family, family);
    if (!s.err && s.count)
        s.err = sk_buf_addf(out, "    elements = { %.*s }\n", (int)elements.len, elements.data);
    if (!s.err)
        s.err = sk_buf_add_str(out, "  }\n");
    sk_buf_fini(&elements);
    return s.err;
}

int guard_script(struct sk_buf *out)
{
    int err = sk_buf_add_str(out, "# Sources that Skep refuses now. Load with: nft -f -\n"
                                  "table inet skep\ndelete table inet skep\ntable inet skep {\n");

    if (!err)
        err = set_write(out, 4);
    if (!err)
        err = set_write(out, 6);
    return err ? err
               : sk_buf_add_str(out, "  chain input {\n    type filter hook input priority -10;\n"
                                     "    ip saddr @refused4 drop\n    ip6 saddr @refused6 drop\n"
                                     "  }\n}\n");
}
