/* Snapshots (sealed.md 4.6): one JPEG, sealed under a key that is used for this unit alone. The
 * relay keeps no snapshot (NOCACHE), so the unit waits here until the relay says that somebody has
 * subscribed (KEYREQ about an id that it does not know yet), or for a second. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

enum { PICTURE_MS = 10 * 1000, WAIT_MS = 1000, UPLINK_MS = 10 * 1000 };

static void snap_drop(struct snap *p)
{
    sk_buf_fini_wipe(&p->frame);
    crypto_wipe(p, sizeof *p);
}

static struct snap *snap_by_stream(const struct sdk_camera *c, uint32_t stream)
{
    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++)
        if (c->snaps[i].session != NULL && stream != 0 && c->snaps[i].stream == stream)
            return &c->snaps[i];
    return NULL;
}

int camera_snap_has(const struct sdk_camera *c, uint32_t stream)
{
    return snap_by_stream(c, stream) != NULL;
}

void camera_snap_leave(struct sdk_camera *c, const struct session *s)
{
    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++)
        if (c->snaps[i].session == s)
            snap_drop(&c->snaps[i]);
}

void camera_snap_deny(struct sdk_camera *c, struct session *s, int64_t now_ms)
{
    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++)
        if (c->snaps[i].session == s && c->snaps[i].stream == 0)
            command_reply_error(s, c->snaps[i].request, "denied", now_ms);
    camera_snap_leave(c, s);
}

void camera_snap_fini(struct sdk_camera *c)
{
    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++)
        snap_drop(&c->snaps[i]);
    free(c->snaps);
    c->snaps = NULL;
}

unsigned camera_snap_entries(const struct sdk_camera *c, const struct session *s,
                             struct wire_key_entry *entries)
{
    unsigned n = 0;

    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++) {
        const struct snap *p = &c->snaps[i];

        if (p->session == s && p->stream != 0)
            camera_key_entry(&entries[n++], p->stream, p->kid, p->base_key);
    }
    return n;
}

/* ---- asking ---- */
const char *camera_snap_start(struct call *call)
{
    struct sdk_camera *c = call->camera;
    struct snap *slot = NULL;

    if (c->ops->snap == NULL)
        return "unsupported";
    if (c->snaps == NULL)
        c->snaps = sk_alloc(SNAPS_MAX * sizeof *c->snaps);
    for (unsigned i = 0; i < SNAPS_MAX; i++) {
        if (c->snaps[i].session == call->session)
            return "busy"; /* one at a time for each channel */
        if (c->snaps[i].session == NULL)
            slot = &c->snaps[i];
    }
    if (slot == NULL)
        return "busy";
    slot->session = call->session;
    slot->request = call->id;
    slot->number = ++c->snap_number;
    slot->deadline_ms = call->now_ms + PICTURE_MS;
    sk_buf_init(&slot->frame, WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_MEDIA_MAX);
    call->is_pending = 1; /* answered when the picture is there */
    c->ops->snap(c->user, slot->number);
    return NULL;
}

static struct snap *snap_awaited(const struct sdk_camera *c, uint32_t number)
{
    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++) {
        struct snap *p = &c->snaps[i];

        if (p->session != NULL && p->stream == 0 && p->number == number)
            return p;
    }
    return NULL;
}

static void snap_refuse(struct snap *p, const char *error, int64_t now_ms)
{
    struct session *s = p->session;
    uint32_t request = p->request;

    snap_drop(p);
    command_reply_error(s, request, error, now_ms);
}

void sdk_camera_snap_failed(struct sdk_camera *c, uint32_t number, int64_t now_ms)
{
    struct snap *p = snap_awaited(c, number);

    camera_enter(c);
    if (p != NULL)
        snap_refuse(p, "internal", now_ms);
    camera_leave(c, now_ms);
}

/* ---- the picture ---- */
static int snap_seal(struct sdk_camera *c, struct snap *p, const uint8_t *jpeg, size_t len,
                     int64_t now_ms)
{
    struct sdk_media_key key = {0};
    struct wire_relay_head h = {.kind = WIRE_RELAY_SNAPSHOT,
                                .flags = WIRE_RELAY_KEY | WIRE_RELAY_END | WIRE_RELAY_NOCACHE,
                                .stream = camera_stream_id_make(c)};
    int rc;

    sk_random(&h.pts, sizeof h.pts);
    h.pts &= (UINT64_C(1) << 40) - 1; /* its wall clock is nobody's business */
    camera_key_make(c, WIRE_RELAY_SNAPSHOT, SLOT_SNAP, &key, now_ms);
    rc = sdk_media_seal(&key, &h, jpeg, len, &p->frame, now_ms);
    if (rc == 0) {
        p->stream = h.stream;
        p->kid = key.kid;
        memcpy(p->base_key, key.base_key, 32);
        p->deadline_ms = now_ms + (c->uplink_up ? WAIT_MS : UPLINK_MS);
    }
    sdk_media_key_fini(&key);
    return rc;
}

/* KEY goes before the REP. */
static void snap_answer(struct sdk_camera *c, const struct snap *p, unsigned width, unsigned height,
                        int64_t now_ms)
{
    struct wire_key_entry entry;
    json_t *val = json_object();

    camera_key_entry(&entry, p->stream, p->kid, p->base_key);
    camera_keys_send(c, p->session, &entry, 1, 0, now_ms);
    crypto_wipe(&entry, sizeof entry);
    sk_json_set_int(val, "stream", p->stream);
    sk_json_set_str(val, "type", "image/jpeg");
    sk_json_set_int(val, "width", width);
    sk_json_set_int(val, "height", height);
    command_reply_ok(p->session, p->request, val, now_ms);
}

int sdk_camera_snap_ready(struct sdk_camera *c, uint32_t number, unsigned width, unsigned height,
                          const uint8_t *jpeg, size_t len, int64_t now_ms)
{
    struct snap *p = snap_awaited(c, number);
    int rc;

    if (p == NULL)
        return -SK_ENOTFOUND;
    camera_enter(c);
    rc = snap_seal(c, p, jpeg, len, now_ms);
    if (rc == 0)
        snap_answer(c, p, width, height, now_ms);
    else
        snap_refuse(p, rc == -SK_ETOOBIG ? "too-large" : "internal", now_ms);
    camera_leave(c, now_ms);
    return rc;
}

/* ---- the unit leaves ---- */
static void snap_send(struct sdk_camera *c, struct snap *p)
{
    struct sk_buf frame = p->frame;

    sk_buf_init(&p->frame, 0);
    snap_drop(p); /* with its key: it was for this unit alone */
    c->stats.units++;
    c->stats.snaps++;
    c->ops->frame(c->user, frame.data, frame.len);
    sk_buf_fini(&frame);
}

void camera_snap_asked(struct sdk_camera *c, uint32_t stream)
{
    struct snap *p = snap_by_stream(c, stream);

    if (p != NULL && c->uplink_up)
        snap_send(c, p);
}

void camera_snap_uplink(struct sdk_camera *c, int64_t now_ms)
{
    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++)
        if (c->snaps[i].session != NULL && c->snaps[i].stream != 0)
            c->snaps[i].deadline_ms = now_ms + (c->uplink_up ? WAIT_MS : UPLINK_MS);
}

int64_t camera_snap_tick(struct sdk_camera *c, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    for (unsigned i = 0; c->snaps != NULL && i < SNAPS_MAX; i++) {
        struct snap *p = &c->snaps[i];

        if (p->session == NULL)
            continue;
        if (now_ms < p->deadline_ms)
            next = p->deadline_ms < next ? p->deadline_ms : next;
        else if (p->stream == 0)
            snap_refuse(p, "internal", now_ms);
        else if (c->uplink_up)
            snap_send(c, p);
        else
            snap_drop(p);
    }
    return next;
}
