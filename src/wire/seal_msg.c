#include "wire/seal_msg.h"

#include <string.h>

#include "base/buf.h"

enum {
    OPEN_SHORT_BYTES = 28,
    OPEN_BYTES = 93,
    PARAMS_MSG_BYTES = 48,
    ANSWER_BYTES = 125,
    CONFIRM_BYTES = 52,
    ABORT_BYTES = 28,
    KOPEN_BYTES = 117,
    KANSWER_BYTES = 121
};

static int open_decode(struct wire_seal_msg *m, const uint8_t *in, size_t len)
{
    if (len != OPEN_SHORT_BYTES && len != OPEN_BYTES)
        return -SK_EINVAL;
    m->param_id = in + 20;
    m->share = len == OPEN_BYTES ? in + 28 : NULL;
    return 0;
}

static int answer_decode(struct wire_seal_msg *m, const uint8_t *in, size_t len)
{
    if (len != ANSWER_BYTES)
        return -SK_EINVAL;
    m->param_id = in + 20;
    m->share = in + 28;
    m->confirm = in + 93;
    return 0;
}

static int confirm_decode(struct wire_seal_msg *m, const uint8_t *in, size_t len)
{
    if (len < CONFIRM_BYTES)
        return -SK_EINVAL;
    m->confirm = in + 20;
    if (len > CONFIRM_BYTES) {
        m->record = in + CONFIRM_BYTES;
        m->record_len = len - CONFIRM_BYTES;
    }
    return 0;
}

static int abort_decode(struct wire_seal_msg *m, const uint8_t *in, size_t len)
{
    if (len != ABORT_BYTES || in[21] != 0 || in[22] != 0 || in[23] != 0)
        return -SK_EINVAL;
    m->code = in[20];
    m->retry_ms = sk_get_u32(in + 24);
    return 0;
}

static int kopen_decode(struct wire_seal_msg *m, const uint8_t *in, size_t len)
{
    if (len != KOPEN_BYTES)
        return -SK_EINVAL;
    m->key_id = in + 20;
    m->share = in + 36;
    m->sealed = in + 101;
    return 0;
}

int wire_seal_decode(struct wire_seal_msg *m, const uint8_t *in, size_t len)
{
    memset(m, 0, sizeof *m);
    if (len < WIRE_SEAL_HEAD_BYTES)
        return -SK_EINVAL;
    if (in[1] != 1)
        return -SK_EVERSION;
    if (in[2] != 0 || in[3] != 0)
        return -SK_EINVAL;
    m->kind = in[0];
    memcpy(m->session, in + 4, 16);
    switch (m->kind) {
    case WIRE_SEAL_OPEN:
        return open_decode(m, in, len);
    case WIRE_SEAL_PARAMS:
        m->params = in + 20;
        return len == PARAMS_MSG_BYTES ? 0 : -SK_EINVAL;
    case WIRE_SEAL_ANSWER:
        return answer_decode(m, in, len);
    case WIRE_SEAL_CONFIRM:
        return confirm_decode(m, in, len);
    case WIRE_SEAL_ABORT:
        return abort_decode(m, in, len);
    case WIRE_SEAL_KOPEN:
        return kopen_decode(m, in, len);
    case WIRE_SEAL_KANSWER:
        m->share = in + 20;
        m->sealed = in + 85;
        return len == KANSWER_BYTES ? 0 : -SK_EINVAL;
    default:
        return -SK_EINVAL;
    }
}

struct piece {
    const uint8_t *data;
    size_t len;
};

/* The pieces that follow the head, by kind; -1 when one is missing. */
static int pieces_of(struct piece p[3], const struct wire_seal_msg *m, const uint8_t tail[8])
{
    static const struct piece none = {NULL, 0};

    p[1] = p[2] = none;
    switch (m->kind) {
    case WIRE_SEAL_OPEN:
        p[0] = (struct piece){m->param_id, 8};
        if (m->share != NULL)
            p[1] = (struct piece){m->share, 65};
        break;
    case WIRE_SEAL_PARAMS:
        p[0] = (struct piece){m->params, 28};
        break;
    case WIRE_SEAL_ANSWER:
        p[0] = (struct piece){m->param_id, 8};
        p[1] = (struct piece){m->share, 65};
        p[2] = (struct piece){m->confirm, 32};
        break;
    case WIRE_SEAL_CONFIRM:
        p[0] = (struct piece){m->confirm, 32};
        p[1] = (struct piece){m->record, m->record_len};
        break;
    case WIRE_SEAL_ABORT:
        p[0] = (struct piece){tail, 8};
        break;
    case WIRE_SEAL_KOPEN:
        p[0] = (struct piece){m->key_id, 16};
        p[1] = (struct piece){m->share, 65};
        p[2] = (struct piece){m->sealed, 16};
        break;
    case WIRE_SEAL_KANSWER:
        p[0] = (struct piece){m->share, 65};
        p[1] = (struct piece){m->sealed, 36};
        break;
    default:
        return -SK_EINVAL;
    }
    for (unsigned i = 0; i < 3; i++)
        if (p[i].len > 0 && p[i].data == NULL)
            return -SK_EINVAL;
    return 0;
}

int wire_seal_encode(uint8_t *out, size_t cap, size_t *len, const struct wire_seal_msg *m)
{
    uint8_t tail[8] = {m->code};
    struct piece p[3];
    size_t at = WIRE_SEAL_HEAD_BYTES;

    sk_put_u32(tail + 4, m->retry_ms);
    if (pieces_of(p, m, tail) < 0)
        return -SK_EINVAL;
    if (at + p[0].len + p[1].len + p[2].len > cap)
        return -SK_ETOOBIG;
    out[0] = m->kind;
    out[1] = 1;
    out[2] = out[3] = 0;
    memcpy(out + 4, m->session, 16);
    for (unsigned i = 0; i < 3; i++) {
        if (p[i].len > 0)
            memcpy(out + at, p[i].data, p[i].len);
        at += p[i].len;
    }
    *len = at;
    return 0;
}
