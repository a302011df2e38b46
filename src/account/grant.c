/* The terms of a grant: which camera, what, and when. Pure. */
#include <string.h>

#include "account/access.h"
#include "base/json.h"
#include "base/text.h"

enum {
    DAY_MIN = 24 * 60,
    WEEK_MIN = 7 * DAY_MIN,
    MINUTE_MS = 60000,
    EPOCH_DAY = 3 /* 1 January 1970 was a Thursday: three days after a Monday */
};

static const int64_t time_max_ms = 4102444800000; /* 2100: beyond it a time is a mistake */

int text_is_plain(const char *text, size_t max_points)
{
    size_t len = strlen(text), points;

    if (!sk_utf8_is_valid(text, len) || !len || text[0] == ' ' || text[len - 1] == ' ')
        return 0;
    points = sk_utf8_count(text, len);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0))
            return 0;
    }
    return points <= max_points;
}

/* ---- from JSON ---- */

static int object_parse(struct grant_terms *out, const json_t *object)
{
    static const char *const kinds[] = {"device", "tag", "all"};
    const char *text = NULL;
    int all = 0, kind = 0;

    if (!json_is_object(object) || json_object_size(object) != 1)
        return -SK_EINVAL;
    while (kind < 3 && !sk_json_has(object, kinds[kind]))
        kind++;
    switch (kind) {
    case GRANT_DEVICE:
        if (sk_json_str(object, "device", DEVICE_ID_SIZE - 1, &text) || !text[0])
            return -SK_EINVAL;
        break;
    case GRANT_TAG:
        if (sk_json_str(object, "tag", GRANT_TAG_BYTES, &text) ||
            !text_is_plain(text, GRANT_TAG_POINTS_MAX))
            return -SK_EINVAL;
        break;
    case GRANT_ALL:
        if (sk_json_bool(object, "all", &all) || !all)
            return -SK_EINVAL;
        break;
    default:
        return -SK_EINVAL;
    }
    out->object_kind = (enum grant_object)kind;
    return sk_copy(out->object, sizeof(out->object), text ? text : "");
}

static int actions_parse(uint32_t *out, const json_t *list)
{
    size_t i;
    json_t *v;

    *out = 0;
    if (!json_is_array(list) || json_array_size(list) == 0)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        uint32_t bit = json_is_string(v) ? access_right_find(json_string_value(v)) : 0;
        if (!bit || *out & bit)
            return -SK_EINVAL;
        *out |= bit;
    }
    return 0;
}

static int days_parse(uint8_t *out, const json_t *list)
{
    size_t i;
    json_t *v;

    *out = 0;
    if (!json_is_array(list) || json_array_size(list) == 0)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        int64_t day = json_is_integer(v) ? json_integer_value(v) : 0;
        if (day < 1 || day > 7 || *out & 1u << (day - 1))
            return -SK_EINVAL;
        *out = (uint8_t)(*out | 1u << (day - 1));
    }
    return 0;
}

int grant_schedule_parse(struct grant_terms *out, const json_t *list)
{
    static const char *const members[] = {"days", "from", "to", NULL};
    size_t i;
    json_t *v;

    if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > GRANT_RANGES_MAX)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        struct grant_range *r = &out->ranges[i];
        int64_t from, to;
        if (!json_is_object(v) || sk_json_only(v, members) ||
            sk_json_int(v, "from", 0, DAY_MIN - 1, &from) ||
            sk_json_int(v, "to", 1, DAY_MIN, &to) || from >= to ||
            days_parse(&r->days, json_object_get(v, "days")))
            return -SK_EINVAL;
        r->from = (uint16_t)from;
        r->to = (uint16_t)to;
    }
    out->range_count = json_array_size(list);
    return 0;
}

static int time_take(const json_t *body, const char *name, int64_t *out)
{
    *out = 0;
    return sk_json_has(body, name) ? sk_json_int(body, name, 1, time_max_ms, out) : 0;
}

int grant_terms_parse(struct grant_terms *out, const json_t *body)
{
    const char *reason = "";

    memset(out, 0, sizeof(*out));
    int err = object_parse(out, json_object_get(body, "object"));
    if (!err)
        err = actions_parse(&out->actions, json_object_get(body, "actions"));
    if (!err)
        err = time_take(body, "not_before", &out->not_before);
    if (!err)
        err = time_take(body, "not_after", &out->not_after);
    if (!err && out->not_after && out->not_after <= out->not_before)
        err = -SK_EINVAL;
    if (!err && sk_json_has(body, "schedule"))
        err = grant_schedule_parse(out, json_object_get(body, "schedule"));
    if (!err && sk_json_has(body, "reason"))
        err = sk_json_str(body, "reason", GRANT_TEXT_BYTES, &reason);
    if (!err && reason[0] && !text_is_plain(reason, GRANT_REASON_POINTS_MAX))
        err = -SK_EINVAL;
    if (!err)
        err = sk_copy(out->reason, sizeof(out->reason), reason);
    return err ? -SK_EINVAL : 0;
}

/* ---- to JSON ---- */

json_t *grant_schedule_json(const struct grant_terms *t)
{
    json_t *list = json_array();

    for (size_t i = 0; i < t->range_count; i++) {
        json_t *range = json_object(), *days = json_array();
        for (int day = 1; day <= 7; day++)
            if (t->ranges[i].days & 1u << (day - 1))
                json_array_append_new(days, json_integer(day));
        json_object_set_new(range, "days", days);
        sk_json_set_int(range, "from", t->ranges[i].from);
        sk_json_set_int(range, "to", t->ranges[i].to);
        json_array_append_new(list, range);
    }
    return list;
}

void grant_terms_json(json_t *out, const struct grant_terms *t)
{
    json_t *object = json_object();

    if (t->object_kind == GRANT_ALL)
        sk_json_set_bool(object, "all", 1);
    else
        sk_json_set_str(object, t->object_kind == GRANT_TAG ? "tag" : "device", t->object);
    json_object_set_new(out, "object", object);
    json_object_set_new(out, "actions", access_rights_json(t->actions));
    if (t->not_before)
        sk_json_set_int(out, "not_before", t->not_before);
    if (t->not_after)
        sk_json_set_int(out, "not_after", t->not_after);
    if (t->range_count)
        json_object_set_new(out, "schedule", grant_schedule_json(t));
    if (t->reason[0])
        sk_json_set_str(out, "reason", t->reason);
}

/* ---- texts of the store ---- */

void grant_actions_text(char out[GRANT_ACTIONS_SIZE], uint32_t actions)
{
    json_t *names = access_rights_json(actions);
    size_t at = 0, i;
    json_t *v;

    json_array_foreach(names, i, v)
    {
        size_t len = json_string_length(v);
        if (at)
            out[at++] = ' ';
        memcpy(out + at, json_string_value(v), len); /* all names together fit */
        at += len;
    }
    out[at] = '\0';
    json_decref(names);
}

int grant_actions_parse(uint32_t *out, const char *text)
{
    char name[24];

    *out = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        uint32_t bit = 0;
        if (len < sizeof(name)) {
            memcpy(name, text, len);
            name[len] = '\0';
            bit = access_right_find(name);
        }
        if (!bit)
            return -SK_EINVAL;
        *out |= bit;
        text += len + (text[len] == ' ');
    }
    return *out ? 0 : -SK_EINVAL;
}

/* ---- time ---- */

static int week_minute(int64_t now_ms)
{
    return (int)((now_ms / MINUTE_MS + (int64_t)EPOCH_DAY * DAY_MIN) % WEEK_MIN);
}

int grant_is_active(const struct grant_terms *t, int64_t now_ms)
{
    if (now_ms < t->not_before || (t->not_after && now_ms >= t->not_after))
        return 0;
    if (!t->range_count)
        return 1;
    int minute = week_minute(now_ms), day = minute / DAY_MIN, at = minute % DAY_MIN;
    for (size_t i = 0; i < t->range_count; i++)
        if (t->ranges[i].days & 1u << day && at >= t->ranges[i].from && at < t->ranges[i].to)
            return 1;
    return 0;
}

/* Minutes from `now` to the next edge of a range, 1 .. WEEK_MIN. */
static int schedule_edge(const struct grant_terms *t, int now)
{
    int best = WEEK_MIN;

    for (size_t i = 0; i < t->range_count; i++)
        for (int day = 0; day < 7; day++) {
            if (!(t->ranges[i].days & 1u << day))
                continue;
            const int edges[2] = {day * DAY_MIN + t->ranges[i].from,
                                  day * DAY_MIN + t->ranges[i].to};
            for (int e = 0; e < 2; e++) {
                int away = (edges[e] - now + WEEK_MIN) % WEEK_MIN;
                away = away ? away : WEEK_MIN;
                best = away < best ? away : best;
            }
        }
    return best;
}

int64_t grant_next_change(const struct grant_terms *t, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    if (t->not_after && now_ms >= t->not_after)
        return next;
    if (now_ms < t->not_before)
        return t->not_before;
    if (t->not_after)
        next = t->not_after;
    if (t->range_count) {
        int64_t edge = (now_ms / MINUTE_MS + schedule_edge(t, week_minute(now_ms))) * MINUTE_MS;
        next = edge < next ? edge : next;
    }
    return next;
}
