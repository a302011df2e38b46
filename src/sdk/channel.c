#include "sdk/channel.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/kdf.h"
#include "crypto/wipe.h"
#include "sdk/seal.h"

enum { BODY_MAX = WIRE_RECORD_HEAD_BYTES + WIRE_RECORD_PLAIN_MAX + WIRE_RECORD_TAG_BYTES };

/* One direction: keys of its epoch and the secret of the next one; nothing older. */
struct lane {
    struct crypto_gcm *gcm;
    uint8_t iv[12], next[32];
    uint16_t epoch;
    uint64_t counter;       /* of the next record */
    uint64_t epoch_records; /* in this epoch */
    int64_t epoch_ms;       /* when it began */
};

struct sdk_channel {
    const struct sdk_channel_ops *ops;
    void *user;
    uint8_t id[16];
    struct lane out, in;
    int64_t born_ms, heard_ms, pinged_ms, ping_ms;
    uint64_t ping_count, pong_awaited;
    int is_over;
};

/* Derive key and iv of the epoch from `secret`, and the next secret; `secret` is wiped. */
static void lane_enter(struct lane *l, uint8_t secret[32], int64_t now_ms)
{
    uint8_t key[32];

    crypto_hkdf_expand(key, 32, secret, "key", 3);
    crypto_hkdf_expand(l->iv, 12, secret, "iv", 2);
    crypto_hkdf_expand(l->next, 32, secret, "next", 4);
    crypto_gcm_free(&l->gcm);
    l->gcm = crypto_gcm_new(key, 32);
    l->epoch_records = 0;
    l->epoch_ms = now_ms;
    crypto_wipe(key, sizeof key);
    crypto_wipe(secret, 32);
}

static void lane_advance(struct lane *l, int64_t now_ms)
{
    uint8_t secret[32];

    memcpy(secret, l->next, 32);
    l->epoch++;
    lane_enter(l, secret, now_ms);
}

static void lane_nonce(const struct lane *l, uint8_t nonce[12])
{
    uint8_t counter[8];

    memcpy(nonce, l->iv, 12);
    sk_put_u64(counter, l->counter);
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] ^= counter[i];
}

static void label_expand(uint8_t *out, size_t len, const uint8_t prk[32], const char *name)
{
    struct crypto_part parts[] = {{"skep-seal/1 ", 12}, {name, strlen(name)}};

    crypto_hkdf_expand_parts(out, len, prk, parts, 2);
}

struct sdk_channel *sdk_channel_new(enum sdk_side side, const uint8_t salt[32], const uint8_t *ikm,
                                    size_t ikm_len, const struct sdk_channel_ops *ops, void *user,
                                    int64_t now_ms)
{
    struct sdk_channel *ch = sk_alloc(sizeof *ch);
    uint8_t prk[32], secret[32];

    ch->ops = ops;
    ch->user = user;
    ch->born_ms = ch->heard_ms = ch->pinged_ms = now_ms;
    ch->ping_ms = -1;
    crypto_hkdf_extract(prk, salt, 32, ikm, ikm_len);
    label_expand(ch->id, 16, prk, "id");
    label_expand(secret, 32, prk, "v2c");
    lane_enter(side == SDK_SIDE_VIEWER ? &ch->out : &ch->in, secret, now_ms);
    label_expand(secret, 32, prk, "c2v");
    lane_enter(side == SDK_SIDE_VIEWER ? &ch->in : &ch->out, secret, now_ms);
    crypto_wipe(prk, sizeof prk);
    return ch;
}

static void lane_wipe(struct lane *l)
{
    crypto_gcm_free(&l->gcm);
    crypto_wipe(l, sizeof *l);
}

void sdk_channel_free(struct sdk_channel **ch)
{
    if (*ch == NULL)
        return;
    lane_wipe(&(*ch)->out);
    lane_wipe(&(*ch)->in);
    crypto_wipe(*ch, sizeof **ch);
    free(*ch);
    *ch = NULL;
}

const uint8_t *sdk_channel_id(const struct sdk_channel *ch)
{
    return ch->id;
}

int sdk_channel_is_over(const struct sdk_channel *ch)
{
    return ch->is_over;
}

int64_t sdk_channel_ping_ms(const struct sdk_channel *ch)
{
    return ch->ping_ms;
}

int64_t sdk_channel_pinged_ms(const struct sdk_channel *ch)
{
    return ch->pinged_ms;
}

int64_t sdk_channel_heard_ms(const struct sdk_channel *ch)
{
    return ch->heard_ms;
}

int64_t sdk_channel_born_ms(const struct sdk_channel *ch)
{
    return ch->born_ms;
}

uint64_t sdk_channel_received(const struct sdk_channel *ch)
{
    return ch->in.counter;
}

/* Nothing can be sent or opened any more: the keys go at once, not when the owner frees. */
static void channel_end(struct sdk_channel *ch)
{
    ch->is_over = 1;
    lane_wipe(&ch->out);
    lane_wipe(&ch->in);
}

static int record_seal(struct sdk_channel *ch, uint8_t type, const void *content, size_t len)
{
    uint8_t body[BODY_MAX], aad[32], nonce[12];
    struct wire_record_head head = {.epoch = ch->out.epoch, .counter = ch->out.counter};
    uint8_t *plain = body + WIRE_RECORD_HEAD_BYTES;
    size_t n;
    int rc;

    memcpy(head.channel, ch->id, 4);
    wire_record_encode(body, &head);
    memcpy(aad, body, 16);
    memcpy(aad + 16, ch->id, 16);
    n = wire_record_plain_encode(plain, type, 0, content, len);
    lane_nonce(&ch->out, nonce);
    rc = seal_in_place(ch->out.gcm, nonce, aad, sizeof aad, plain, n, plain + n);
    ch->out.counter++;
    ch->out.epoch_records++;
    if (rc == 0)
        ch->ops->send(ch->user, body, WIRE_RECORD_HEAD_BYTES + n + WIRE_RECORD_TAG_BYTES);
    else
        crypto_wipe(body, sizeof body);
    return rc;
}

static int rekey_if_due(struct sdk_channel *ch, int64_t now_ms)
{
    uint8_t epoch[2];
    int rc;

    if (ch->out.epoch_records < SDK_CHANNEL_REKEY_RECORDS &&
        now_ms - ch->out.epoch_ms < SDK_CHANNEL_REKEY_MS)
        return 0;
    if (ch->out.epoch == UINT16_MAX)
        return -SK_ELIMIT;
    sk_put_u16(epoch, (uint16_t)(ch->out.epoch + 1));
    rc = record_seal(ch, WIRE_RECORD_REKEY, epoch, sizeof epoch);
    if (rc == 0)
        lane_advance(&ch->out, now_ms);
    return rc;
}

int sdk_channel_send(struct sdk_channel *ch, uint8_t type, const void *content, size_t len,
                     int64_t now_ms)
{
    int rc;

    if (ch->is_over)
        return -SK_ECLOSED;
    if (len > WIRE_RECORD_CONTENT_MAX)
        return -SK_ETOOBIG;
    if (now_ms - ch->born_ms >= SDK_CHANNEL_LIFE_MS && type != WIRE_RECORD_CLOSE)
        return -SK_ELIMIT;
    rc = rekey_if_due(ch, now_ms);
    return rc == 0 ? record_seal(ch, type, content, len) : rc;
}

void sdk_channel_close(struct sdk_channel *ch, unsigned code, int64_t now_ms)
{
    uint8_t c = (uint8_t)code;

    (void)now_ms;
    if (ch->is_over)
        return;
    (void)record_seal(ch, WIRE_RECORD_CLOSE, &c, 1);
    channel_end(ch);
}

/* 0, or the code with which the channel must close. */
static unsigned record_check(const struct sdk_channel *ch, const struct wire_record_head *h,
                             int64_t now_ms)
{
    if (memcmp(h->channel, ch->id, 4) != 0 || h->epoch != ch->in.epoch)
        return WIRE_CODE_CRYPTO;
    if (h->counter != ch->in.counter)
        return h->counter < ch->in.counter ? WIRE_CODE_REPLAY : WIRE_CODE_GAP;
    if (now_ms - ch->born_ms >= SDK_CHANNEL_LIFE_MS ||
        now_ms - ch->in.epoch_ms >= SDK_CHANNEL_STOP_MS ||
        ch->in.epoch_records >= SDK_CHANNEL_STOP_RECORDS)
        return WIRE_CODE_LIMIT;
    return 0;
}

/* Types that this layer keeps to itself; returns a code, 0 to go on. */
static unsigned inner_handle(struct sdk_channel *ch, const struct wire_record_plain *p,
                             int64_t now_ms)
{
    switch (p->type) {
    case WIRE_RECORD_REKEY:
        if (sk_get_u16(p->content) != (uint16_t)(ch->in.epoch + 1) || ch->in.epoch == UINT16_MAX)
            return WIRE_CODE_MALFORMED;
        lane_advance(&ch->in, now_ms);
        return 0;
    case WIRE_RECORD_PING:
        return sdk_channel_send(ch, WIRE_RECORD_PONG, p->content, 8, now_ms) == 0
                   ? 0
                   : (unsigned)WIRE_CODE_LIMIT;
    case WIRE_RECORD_PONG:
        if (sk_get_u64(p->content) >= ch->ping_count)
            return WIRE_CODE_MALFORMED;
        if (sk_get_u64(p->content) >= ch->pong_awaited)
            ch->ping_ms = -1;
        return 0;
    default:
        ch->ops->record(ch->user, p, now_ms);
        return 0;
    }
}

/* The plaintext lives in `plain` (a copy of the body's middle). */
static int record_open(struct sdk_channel *ch, const uint8_t *body, uint8_t *plain, size_t n)
{
    uint8_t aad[32], nonce[12];

    memcpy(aad, body, 16);
    memcpy(aad + 16, ch->id, 16);
    lane_nonce(&ch->in, nonce);
    memcpy(plain, body + WIRE_RECORD_HEAD_BYTES, n);
    return open_in_place(ch->in.gcm, nonce, aad, sizeof aad, plain, n,
                         body + WIRE_RECORD_HEAD_BYTES + n);
}

static int channel_fail(struct sdk_channel *ch, unsigned *code, unsigned why, int64_t now_ms)
{
    *code = why;
    sdk_channel_close(ch, why, now_ms);
    return -SK_ECRYPTO;
}

int sdk_channel_receive(struct sdk_channel *ch, const uint8_t *body, size_t len, unsigned *code,
                        int64_t now_ms)
{
    uint8_t plain[WIRE_RECORD_PLAIN_MAX];
    struct wire_record_head head;
    struct wire_record_plain p;
    unsigned why;
    size_t n;
    int rc = 0;

    if (ch->is_over)
        return -SK_ECLOSED;
    if (wire_record_decode(&head, body, len) < 0)
        return channel_fail(ch, code, WIRE_CODE_MALFORMED, now_ms);
    why = record_check(ch, &head, now_ms);
    if (why != 0)
        return channel_fail(ch, code, why, now_ms);
    n = len - WIRE_RECORD_HEAD_BYTES - WIRE_RECORD_TAG_BYTES;
    if (record_open(ch, body, plain, n) < 0)
        return channel_fail(ch, code, WIRE_CODE_CRYPTO, now_ms);
    ch->in.counter++;
    ch->in.epoch_records++;
    ch->heard_ms = now_ms;
    if (wire_record_plain_decode(&p, plain, n) < 0) {
        rc = channel_fail(ch, code, WIRE_CODE_MALFORMED, now_ms);
    } else if ((p.flags & WIRE_RECORD_MORE) != 0) {
        rc = channel_fail(ch, code, WIRE_CODE_LIMIT, now_ms); /* parts are not taken yet */
    } else if (p.type == WIRE_RECORD_CLOSE) {
        *code = p.content[0];
        channel_end(ch);
        rc = -SK_ECLOSED;
    } else {
        why = inner_handle(ch, &p, now_ms);
        if (why != 0)
            rc = channel_fail(ch, code, why, now_ms);
    }
    crypto_wipe(plain, n);
    return rc;
}

void sdk_channel_ping(struct sdk_channel *ch, int64_t now_ms)
{
    uint8_t content[8];

    sk_put_u64(content, ch->ping_count);
    if (sdk_channel_send(ch, WIRE_RECORD_PING, content, sizeof content, now_ms) < 0)
        return;
    if (ch->ping_ms < 0) {
        ch->ping_ms = now_ms;
        ch->pong_awaited = ch->ping_count;
    }
    ch->pinged_ms = now_ms;
    ch->ping_count++;
}

int sdk_channel_tick(struct sdk_channel *ch, unsigned *code, int64_t *deadline_ms, int64_t now_ms)
{
    int64_t quiet, due;

    *deadline_ms = INT64_MAX;
    if (ch->is_over)
        return -SK_ECLOSED;
    if (now_ms - ch->born_ms >= SDK_CHANNEL_LIFE_MS) {
        *code = WIRE_CODE_LIMIT;
        sdk_channel_close(ch, *code, now_ms);
        return -SK_ELIMIT;
    }
    if (now_ms - ch->heard_ms >= SDK_CHANNEL_DEAD_MS) {
        *code = WIRE_CODE_IDLE;
        sdk_channel_close(ch, *code, now_ms);
        return -SK_ETIMEOUT;
    }
    quiet = ch->heard_ms > ch->pinged_ms ? ch->heard_ms : ch->pinged_ms;
    if (now_ms - quiet >= SDK_CHANNEL_PING_MS) {
        sdk_channel_ping(ch, now_ms);
        quiet = now_ms;
    }
    due = quiet + SDK_CHANNEL_PING_MS;
    if (due > ch->heard_ms + SDK_CHANNEL_DEAD_MS)
        due = ch->heard_ms + SDK_CHANNEL_DEAD_MS;
    if (due > ch->born_ms + SDK_CHANNEL_LIFE_MS)
        due = ch->born_ms + SDK_CHANNEL_LIFE_MS;
    *deadline_ms = due;
    return 0;
}
