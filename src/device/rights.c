/* Which rights somebody has on a camera, asked one by one of may(); and the tags on which rights
 * may hang. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "device/internal.h"
#include "wire/codes.h"

enum { TAG_POINTS_MAX = 32 };

/* Action names of may(); what stands behind "device." is the right's name. `bit`: what a code
 * carries of it, 0 when no code does. */
static const struct {
    const char *action;
    uint16_t bit;
} rights[] = {
    {"device.list", 0},
    {"device.view", 0},
    {"device.live-main", WIRE_RIGHT_LIVE_MAIN},
    {"device.live-sub", WIRE_RIGHT_LIVE_SUB},
    {"device.listen", WIRE_RIGHT_LISTEN},
    {"device.talk", WIRE_RIGHT_TALK},
    {"device.ptz", WIRE_RIGHT_PTZ},
    {"device.playback", WIRE_RIGHT_PLAYBACK},
    {"device.snapshot", WIRE_RIGHT_SNAPSHOT},
    {"device.config", WIRE_RIGHT_CONFIG},
    {"device.download", WIRE_RIGHT_DOWNLOAD},
    {"device.manage", WIRE_RIGHT_MANAGE},
};

enum { RIGHT_COUNT = sizeof(rights) / sizeof(rights[0]) };

uint32_t device_rights(const struct principal *p, const char *device)
{
    const struct object_ref object = {"device", device};
    uint32_t have = 0;

    for (size_t i = 0; i < RIGHT_COUNT; i++)
        if (may(p, rights[i].action, object) == 0)
            have |= 1u << i;
    return have;
}

int device_may_list(const struct principal *p, const char *device)
{
    return may(p, "device.list", (struct object_ref){"device", device}) == 0;
}

void device_rights_set(json_t *v, uint32_t have)
{
    json_t *list = json_array();

    for (size_t i = 0; i < RIGHT_COUNT; i++)
        if (have & 1u << i)
            json_array_append_new(list, json_string(rights[i].action + strlen("device.")));
    json_object_set_new(v, "rights", list);
}

int device_grant_holds(const struct device_grant *g)
{
    const struct object_ref object = {"device", g->device};
    struct principal p = {.kind = g->is_app ? PRINCIPAL_APP : PRINCIPAL_ACCOUNT};

    if (sk_copy(p.account, sizeof(p.account), g->account) ||
        sk_copy(p.session, sizeof(p.session), g->login_session))
        return 0;
    for (size_t i = 0; i < RIGHT_COUNT; i++)
        if (g->rights & rights[i].bit && may(&p, rights[i].action, object))
            return 0;
    return 1;
}

/* ---- tags ---- */

static int tag_is_fit(const char *tag)
{
    size_t len = strlen(tag);

    if (!len || tag[0] == ' ' || tag[len - 1] == ' ' || !sk_utf8_is_valid(tag, len) ||
        sk_utf8_count(tag, len) > TAG_POINTS_MAX)
        return 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)tag[i];
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)tag[i + 1] < 0xa0))
            return 0;
    }
    return 1;
}

int device_tags_parse(const json_t *list, const char *out[DEVICE_TAGS_MAX], size_t *count)
{
    size_t i;
    json_t *v;

    *count = 0;
    if (!json_is_array(list) || json_array_size(list) > DEVICE_TAGS_MAX)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v) ||
            !tag_is_fit(json_string_value(v)))
            return -SK_EINVAL;
        for (size_t k = 0; k < i; k++)
            if (strcmp(out[k], json_string_value(v)) == 0)
                return -SK_EINVAL;
        out[(*count)++] = json_string_value(v);
    }
    return 0;
}

void device_tags_tell(const char *device, const char *organization, const char *tags)
{
    const char *list[DEVICE_TAGS_MAX] = {NULL};
    size_t count = 0;
    json_t *parsed = json_loads(tags, 0, NULL);

    if (device_tags_parse(parsed, list, &count))
        count = 0;
    authorize_device_tags(device, organization, list, count);
    json_decref(parsed);
}
