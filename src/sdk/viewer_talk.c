/* The viewer speaks (sealed.md 4.6): its own key, handed to the camera through the channel; units
 * go through the relay. */
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "crypto/wipe.h"
#include "sdk/viewer_internal.h"

void viewer_talk_fini(struct sdk_viewer *v)
{
    sdk_media_key_fini(&v->talk.key);
    v->talk.stream = 0;
}

void viewer_talk_begin(struct sdk_viewer *v, uint32_t stream, uint8_t slot, int64_t now_ms)
{
    struct wire_key_head head = {.count = 1};
    struct wire_key_entry e = {
        .stream = stream, .kind = WIRE_RELAY_TALK, .slot = slot, .lifetime_s = SDK_MEDIA_LIFE_S};
    uint8_t out[WIRE_KEY_HEAD_BYTES + WIRE_KEY_ENTRY_BYTES];
    size_t len;

    viewer_talk_fini(v);
    sk_random(e.base_key, sizeof e.base_key);
    e.kid = wire_kid(sk_random_u32(), slot, WIRE_RELAY_TALK);
    memcpy(head.boot, v->hello.boot, 8);
    len = wire_key_encode(out, &head, &e);
    if (sdk_channel_send(v->channel, WIRE_RECORD_KEY, out, len, now_ms) < 0)
        v->stats.refused++; /* the channel is over; the tick says so */
    sdk_media_key_init(&v->talk.key, e.kid, e.base_key, now_ms);
    v->talk.stream = stream;
    crypto_wipe(&e, sizeof e);
    crypto_wipe(out, sizeof out);
}

int sdk_viewer_talk(struct sdk_viewer *v, uint64_t pts, const uint8_t *data, size_t len,
                    int64_t now_ms)
{
    struct wire_relay_head h = {.kind = WIRE_RELAY_TALK,
                                .flags = WIRE_RELAY_KEY | WIRE_RELAY_NOCACHE,
                                .stream = v->talk.stream,
                                .pts = pts};
    int rc;

    if (v->state != V_UP || v->talk.stream == 0)
        return -SK_ECONFLICT;
    if (len > SDK_TALK_UNIT_MAX)
        return -SK_ETOOBIG;
    rc = sdk_media_seal(&v->talk.key, &h, data, len, &v->frame, now_ms);
    if (rc == 0)
        v->ops->control(v->user, v->frame.data, v->frame.len);
    return rc;
}

int sdk_viewer_talk_stop(struct sdk_viewer *v, int64_t now_ms)
{
    json_t *arg;
    uint32_t id;
    int rc;

    if (v->state != V_UP || v->talk.stream == 0)
        return -SK_ECONFLICT;
    arg = json_object();
    sk_json_set_int(arg, "stream", v->talk.stream);
    viewer_talk_fini(v);
    rc = viewer_request(v, R_INTERNAL, "", "talk.stop", arg, 0, &id, now_ms);
    json_decref(arg);
    return rc;
}
