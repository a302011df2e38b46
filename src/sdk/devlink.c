#include "sdk/devlink.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "wire/codes.h"
#include "wire/netip.h"

enum {
    HELLO_MS = 10 * 1000,
    KEEPALIVE_DEFAULT_MS = 25 * 1000,
    KEEPALIVES_MISSED = 3,
    EVENT_HEAD = 12,
    EVENT_BODY_MAX = 4096,
    BACKOFF_MIN_MS = 1000,
    BACKOFF_MAX_MS = 60 * 1000
};

uint32_t sdk_backoff_ms(unsigned attempt, uint32_t random)
{
    uint32_t top = attempt >= 6 ? BACKOFF_MAX_MS : (uint32_t)BACKOFF_MIN_MS << attempt;

    if (top < 2 * BACKOFF_MIN_MS)
        top = 2 * BACKOFF_MIN_MS;
    if (top > BACKOFF_MAX_MS)
        top = BACKOFF_MAX_MS;
    return BACKOFF_MIN_MS + (uint32_t)((uint64_t)(top - BACKOFF_MIN_MS + 1) * random >> 32);
}

void sdk_devlink_init(struct sdk_devlink *l, const struct sdk_devlink_ops *ops, void *user)
{
    memset(l, 0, sizeof *l);
    l->ops = ops;
    l->user = user;
    sk_buf_init(&l->in, WIRE_NETIP_HEAD_BYTES + WIRE_NETIP_BODY_MAX);
}

void sdk_devlink_stop(struct sdk_devlink *l)
{
    sk_buf_fini(&l->in);
    l->state = SDK_LINK_DOWN;
    l->link = l->seq_out = l->seq_in = 0;
    l->t0 = l->last_t0 = l->last_t3 = 0;
}

/* ---- sending ---- */
static int message_send(struct sdk_devlink *l, uint16_t id, const void *head, size_t head_len,
                        const void *body, size_t len)
{
    struct wire_netip_head h = {.version = 1,
                                .id = id,
                                .session = l->link,
                                .seq = l->seq_out,
                                .len = (uint32_t)(head_len + len)};
    struct sk_buf out;
    uint8_t raw[WIRE_NETIP_HEAD_BYTES];
    int rc;

    if (head_len + len > WIRE_NETIP_BODY_MAX)
        return -SK_ETOOBIG;
    sk_buf_init(&out, WIRE_NETIP_HEAD_BYTES + WIRE_NETIP_BODY_MAX);
    wire_netip_encode(raw, &h);
    rc = sk_buf_reserve(&out, sizeof raw + head_len + len);
    if (rc == 0)
        rc = sk_buf_add(&out, raw, sizeof raw);
    if (rc == 0 && head_len > 0)
        rc = sk_buf_add(&out, head, head_len);
    if (rc == 0 && len > 0)
        rc = sk_buf_add(&out, body, len);
    if (rc == 0) {
        l->seq_out++;
        l->ops->send(l->user, out.data, out.len);
    }
    sk_buf_fini(&out);
    return rc;
}

/* Takes the reference. */
static int json_send(struct sdk_devlink *l, uint16_t id, json_t *obj)
{
    size_t len;
    char *text = sk_json_text(obj, &len);
    int rc = text != NULL ? message_send(l, id, NULL, 0, text, len) : -SK_ENOMEM;

    free(text);
    json_decref(obj);
    return rc;
}

static void error_send(struct sdk_devlink *l, unsigned code, uint16_t about)
{
    json_t *o = json_object();

    sk_json_set_int(o, "code", code);
    sk_json_set_int(o, "about", about);
    sk_json_set_int(o, "retry_ms", 0);
    if (json_send(l, WIRE_ERROR, o) < 0)
        l->state = SDK_LINK_DOWN;
}

int sdk_devlink_start(struct sdk_devlink *l, const struct sdk_devlink_hello *hello, int64_t now_ms)
{
    json_t *o = json_object(), *caps = json_array();

    sdk_devlink_stop(l);
    l->state = SDK_LINK_HELLO;
    l->heard_ms = now_ms;
    l->deadline_ms = now_ms + HELLO_MS;
    l->keepalive_ms = KEEPALIVE_DEFAULT_MS;
    for (unsigned i = 0; hello->caps != NULL && hello->caps[i] != NULL; i++)
        json_array_append_new(caps, json_string(hello->caps[i]));
    sk_json_set_int(o, "v", 1);
    sk_json_set_str(o, "model", hello->model);
    sk_json_set_str(o, "hw", hello->hw);
    sk_json_set_str(o, "fw", hello->fw);
    sk_json_set_int(o, "fw_counter", hello->fw_counter);
    sk_json_set_bin(o, "boot", hello->boot, sizeof hello->boot);
    json_object_set_new(o, "caps", caps);
    sk_json_set_bin(o, "seal", hello->seal, sizeof hello->seal);
    return json_send(l, WIRE_HELLO, o);
}

int sdk_devlink_signal(struct sdk_devlink *l, const uint8_t *envelope, size_t len)
{
    return l->state == SDK_LINK_UP ? message_send(l, WIRE_SIGNAL, NULL, 0, envelope, len)
                                   : -SK_ECLOSED;
}

int sdk_devlink_event(struct sdk_devlink *l, uint16_t type, int64_t wall_ms, const uint8_t *body,
                      size_t len, uint32_t *seq)
{
    uint8_t head[EVENT_HEAD] = {0};

    if (l->state != SDK_LINK_UP)
        return -SK_ECLOSED;
    if (len > EVENT_BODY_MAX)
        return -SK_ETOOBIG;
    sk_put_u16(head, type);
    sk_put_u64(head + 4, (uint64_t)wall_ms);
    *seq = l->seq_out;
    return message_send(l, WIRE_EVENT, head, sizeof head, body, len);
}

int sdk_devlink_status(struct sdk_devlink *l, const json_t *status)
{
    return l->state == SDK_LINK_UP
               ? json_send(l, WIRE_STATUS, json_incref((json_t *)(uintptr_t)status))
               : -SK_ECLOSED;
}

static int keepalive_send(struct sdk_devlink *l, int64_t now_ms)
{
    json_t *o = json_object();

    l->t0 = now_ms + l->clock_offset_ms;
    sk_json_set_int(o, "t0", l->t0);
    if (l->last_t3 != 0) {
        json_t *last = json_object();

        sk_json_set_int(last, "t0", l->last_t0);
        sk_json_set_int(last, "t3", l->last_t3);
        json_object_set_new(o, "last", last);
    }
    return json_send(l, WIRE_KEEPALIVE, o);
}

/* ---- receiving: one handler per message, all strict ---- */
static int hello_ok_handle(struct sdk_devlink *l, const json_t *o, int64_t now_ms)
{
    static const char *const members[] = {"link",   "wall",     "keepalive_s",
                                          "resume", "features", NULL};
    int64_t link, wall, keepalive_s;

    if (l->state != SDK_LINK_HELLO || sk_json_only(o, members) < 0 ||
        sk_json_int(o, "link", 1, UINT32_MAX, &link) < 0 ||
        sk_json_int(o, "wall", 0, INT64_C(1) << 53, &wall) < 0 ||
        sk_json_int(o, "keepalive_s", 5, 600, &keepalive_s) < 0)
        return -SK_EINVAL;
    l->link = (uint32_t)link;
    l->keepalive_ms = keepalive_s * 1000;
    l->state = SDK_LINK_UP;
    if (l->clock_offset_ms == 0)
        l->clock_offset_ms = wall - now_ms + l->skew_ms;
    /* The first one soon, somewhere within the period: ten thousand links must not beat together.
     */
    l->deadline_ms = now_ms + 1 + sk_random_below((uint32_t)l->keepalive_ms);
    l->ops->ready(l->user, wall);
    return 0;
}

static int keepalive_ok_handle(struct sdk_devlink *l, const json_t *o, int64_t now_ms)
{
    static const char *const members[] = {"t0", "t1", "t2", NULL};
    int64_t t0, t1, t2, t3 = now_ms + l->clock_offset_ms;

    if (sk_json_only(o, members) < 0 || sk_json_int(o, "t0", 0, INT64_C(1) << 53, &t0) < 0 ||
        sk_json_int(o, "t1", 0, INT64_C(1) << 53, &t1) < 0 ||
        sk_json_int(o, "t2", 0, INT64_C(1) << 53, &t2) < 0)
        return -SK_EINVAL;
    if (t0 != l->t0 || l->t0 == 0)
        return 0; /* of a round that was given up */
    l->last_t0 = t0;
    l->last_t3 = t3;
    l->t0 = 0;
    if (l->ops->clock != NULL)
        l->ops->clock(l->user, t2 + (t3 - t0 - (t2 - t1)) / 2, t3 - t0 - (t2 - t1));
    return 0;
}

static int media_open_handle(struct sdk_devlink *l, const json_t *o)
{
    static const char *const members[] = {"ticket", "host", "port", "expires", NULL};
    struct sdk_media_open m;
    int64_t port;

    if (sk_json_only(o, members) < 0 || sk_json_str(o, "ticket", 512, &m.ticket) < 0 ||
        sk_json_str(o, "host", 253, &m.host) < 0 || sk_json_int(o, "port", 1, 65535, &port) < 0 ||
        sk_json_int(o, "expires", 0, INT64_C(1) << 53, &m.expires_ms) < 0)
        return -SK_EINVAL;
    m.port = (uint16_t)port;
    l->ops->media_open(l->user, &m);
    return 0;
}

static int media_close_handle(struct sdk_devlink *l, const json_t *o)
{
    static const char *const members[] = {"reason", NULL};
    int64_t reason;

    if (sk_json_only(o, members) < 0 || sk_json_int(o, "reason", 0, 255, &reason) < 0)
        return -SK_EINVAL;
    l->ops->media_close(l->user, (unsigned)reason);
    return 0;
}

static int notice_handle(struct sdk_devlink *l, const json_t *o)
{
    static const char *const members[] = {"kind", "account", "after_s", NULL};
    const char *kind, *account = NULL;
    int64_t after_s = 0;

    if (sk_json_only(o, members) < 0 || sk_json_str(o, "kind", 16, &kind) < 0 ||
        (sk_json_has(o, "account") && sk_json_str(o, "account", 64, &account) < 0) ||
        (sk_json_has(o, "after_s") && sk_json_int(o, "after_s", 0, 86400, &after_s) < 0) ||
        (strcmp(kind, "revoke") == 0 && account == NULL))
        return -SK_EINVAL;
    l->ops->notice(l->user, kind, account, (uint32_t)after_s);
    return 0;
}

static int event_ok_handle(struct sdk_devlink *l, const json_t *o)
{
    static const char *const members[] = {"seq", NULL};
    int64_t seq;

    if (sk_json_only(o, members) < 0 || sk_json_int(o, "seq", 0, UINT32_MAX, &seq) < 0)
        return -SK_EINVAL;
    if (l->ops->event_ok != NULL)
        l->ops->event_ok(l->user, (uint32_t)seq);
    return 0;
}

static int error_handle(struct sdk_devlink *l, const json_t *o)
{
    static const char *const members[] = {"code", "about", "retry_ms", NULL};
    int64_t code, about, retry_ms;

    if (sk_json_only(o, members) < 0 || sk_json_int(o, "code", 0, 255, &code) < 0 ||
        sk_json_int(o, "about", 0, UINT16_MAX, &about) < 0 ||
        sk_json_int(o, "retry_ms", 0, UINT32_MAX, &retry_ms) < 0)
        return -SK_EINVAL;
    if (l->ops->error != NULL)
        l->ops->error(l->user, (unsigned)code, (uint32_t)retry_ms);
    return code == WIRE_CODE_BUSY ? 0 : -SK_ECLOSED;
}

static int json_dispatch(struct sdk_devlink *l, uint16_t id, const json_t *o, int64_t now_ms)
{
    switch (id) {
    case WIRE_HELLO_OK:
        return hello_ok_handle(l, o, now_ms);
    case WIRE_KEEPALIVE_OK:
        return keepalive_ok_handle(l, o, now_ms);
    case WIRE_MEDIA_OPEN:
        return media_open_handle(l, o);
    case WIRE_MEDIA_CLOSE:
        return media_close_handle(l, o);
    case WIRE_NOTICE:
        return notice_handle(l, o);
    case WIRE_EVENT_OK:
        return event_ok_handle(l, o);
    case WIRE_ERROR:
        return error_handle(l, o);
    default:
        return -SK_EUNSUPPORTED;
    }
}

static int message_handle(struct sdk_devlink *l, const struct wire_netip_head *h,
                          const uint8_t *body, int64_t now_ms)
{
    json_t *o = NULL;
    int rc;

    if (l->state == SDK_LINK_HELLO && h->id != WIRE_HELLO_OK && h->id != WIRE_ERROR)
        return -SK_EINVAL;
    if (h->id == WIRE_SIGNAL) {
        l->ops->signal(l->user, body, h->len);
        return 0;
    }
    rc = sk_json_parse(&o, body, h->len);
    if (rc == 0)
        rc = json_dispatch(l, h->id, o, now_ms);
    json_decref(o);
    return rc;
}

/* Everything a header can be wrong in; the ERROR code in `*code`. */
static int head_check(struct sdk_devlink *l, const struct wire_netip_head *h, unsigned *code)
{
    int rc = wire_netip_check(h, WIRE_FROM_SERVER);

    *code = WIRE_CODE_MALFORMED;
    if (rc < 0)
        return rc;
    if (h->seq != l->seq_in) {
        *code = h->seq < l->seq_in ? WIRE_CODE_REPLAY : WIRE_CODE_GAP;
        return h->seq < l->seq_in ? -SK_EREPLAY : -SK_EGAP;
    }
    if (h->session != l->link && h->id != WIRE_HELLO_OK)
        return -SK_EINVAL;
    l->seq_in++;
    return 0;
}

/* One frame at the front of `data`: 0 and `*used`, or 0 and `*used` 0 when more is needed. */
static int frame_take(struct sdk_devlink *l, const uint8_t *data, size_t len, size_t *used,
                      int64_t now_ms)
{
    struct wire_netip_head h;
    unsigned code = WIRE_CODE_MALFORMED;
    int rc;

    *used = 0;
    if (len < WIRE_NETIP_HEAD_BYTES)
        return 0;
    h.id = 0;
    rc = wire_netip_decode(&h, data);
    if (rc == -SK_ETOOBIG)
        code = WIRE_CODE_LIMIT;
    if (rc == 0 && len < WIRE_NETIP_HEAD_BYTES + (size_t)h.len)
        return 0;
    if (rc == 0)
        rc = head_check(l, &h, &code);
    if (rc == 0) {
        l->heard_ms = now_ms;
        rc = message_handle(l, &h, data + WIRE_NETIP_HEAD_BYTES, now_ms);
    }
    if (rc < 0) {
        if (rc != -SK_ECLOSED)
            error_send(l, code, h.id);
        l->state = SDK_LINK_DOWN;
        return rc;
    }
    *used = WIRE_NETIP_HEAD_BYTES + (size_t)h.len;
    return 0;
}

/* Bytes that the frame begun in the buffer still needs: first its head, then its body. */
static size_t frame_lacks(const struct sk_buf *in)
{
    struct wire_netip_head h;
    size_t want = WIRE_NETIP_HEAD_BYTES;

    if (in->len >= want && wire_netip_decode(&h, in->data) == 0)
        want += h.len;
    return want > in->len ? want - in->len : 0;
}

/* Go on with a frame that an earlier read had cut. The buffer is taken off the link before its
 * frame is handled: a callback may stop the link. */
static int cut_frame_input(struct sdk_devlink *l, const uint8_t *data, size_t len, size_t *at,
                           int64_t now_ms)
{
    size_t n = frame_lacks(&l->in), used = 0;
    struct sk_buf whole;
    int rc;

    if (n > len - *at)
        n = len - *at;
    rc = sk_buf_add(&l->in, data + *at, n);
    *at += n;
    if (rc < 0 || frame_lacks(&l->in) > 0)
        return rc;
    whole = l->in;
    sk_buf_init(&l->in, whole.max);
    rc = frame_take(l, whole.data, whole.len, &used, now_ms);
    sk_buf_fini(&whole);
    return rc;
}

int sdk_devlink_input(struct sdk_devlink *l, const uint8_t *data, size_t len, int64_t now_ms)
{
    size_t at = 0, used;
    int rc = 0;

    /* Whole frames are taken where they lie; only a cut one is copied. */
    while (rc == 0 && at < len) {
        if (l->state == SDK_LINK_DOWN)
            return -SK_ECLOSED;
        if (l->in.len > 0) {
            rc = cut_frame_input(l, data, len, &at, now_ms);
            continue;
        }
        rc = frame_take(l, data + at, len - at, &used, now_ms);
        if (rc == 0 && used == 0)
            return sk_buf_add(&l->in, data + at, len - at);
        at += used;
    }
    return rc;
}

int sdk_devlink_tick(struct sdk_devlink *l, int64_t now_ms, int64_t *deadline_ms)
{
    int rc = 0;

    *deadline_ms = INT64_MAX;
    if (l->state == SDK_LINK_DOWN)
        return -SK_ECLOSED;
    if (l->state == SDK_LINK_HELLO ? now_ms >= l->deadline_ms
                                   : now_ms - l->heard_ms >= KEEPALIVES_MISSED * l->keepalive_ms)
        return -SK_ETIMEOUT;
    if (l->state == SDK_LINK_UP && now_ms >= l->deadline_ms) {
        rc = keepalive_send(l, now_ms);
        l->deadline_ms = now_ms + l->keepalive_ms;
    }
    *deadline_ms = l->deadline_ms;
    return rc;
}
