/* Recordings at the viewer (docs/design/streams.md, Playback): commands, credit, which moment a PTS
 * is of. */
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "sdk/viewer_internal.h"
#include "wire/codes.h"
#include "wire/relay.h"

enum { WINDOW_BYTES = 1 << 20, GIVE_BACK_BYTES = 1 << 17, TICKS_PER_MS = 90 };

static const int64_t wall_max = INT64_C(1) << 53;

/* ---- commands ---- */
static int play_request(struct sdk_viewer *v, enum request_kind kind, const char *what, json_t *arg,
                        uint32_t *id, int64_t now_ms)
{
    int rc =
        v->state == V_UP ? viewer_request(v, kind, "play", what, arg, 0, id, now_ms) : -SK_ECLOSED;

    json_decref(arg);
    return rc;
}

int sdk_viewer_play_find(struct sdk_viewer *v, int64_t from_ms, int64_t to_ms, uint32_t *id,
                         int64_t now_ms)
{
    json_t *arg = json_object();

    sk_json_set_int(arg, "from", from_ms);
    sk_json_set_int(arg, "to", to_ms);
    return play_request(v, R_PLAIN, "play.find", arg, id, now_ms);
}

int sdk_viewer_play_start(struct sdk_viewer *v, const struct sdk_viewer_play *how, int64_t now_ms)
{
    json_t *arg = json_object();
    uint32_t id;

    sk_json_set_int(arg, "at", how->at_ms);
    if (how->to_ms != 0)
        sk_json_set_int(arg, "to", how->to_ms);
    sk_json_set_str(arg, "stream", how->stream);
    json_object_set_new(arg, "speed", json_real(how->speed));
    return play_request(v, R_PLAY, "play.start", arg, &id, now_ms);
}

static int is_playback(const struct viewer_stream *st)
{
    return st != NULL && st->is_answered && st->kind == WIRE_RELAY_PLAYBACK;
}

int sdk_viewer_play_seek(struct sdk_viewer *v, uint32_t stream, int64_t at_ms, int64_t now_ms)
{
    json_t *arg;
    uint32_t id;
    int rc;

    if (!is_playback(viewer_stream_find(v, stream)))
        return -SK_ENOTFOUND;
    arg = json_object();
    sk_json_set_int(arg, "stream", stream);
    sk_json_set_int(arg, "at", at_ms);
    rc = play_request(v, R_SEEK, "play.seek", arg, &id, now_ms);
    for (unsigned i = 0; rc == 0 && i < OPEN_MAX; i++)
        if (v->open[i].kind == R_SEEK && v->open[i].id == id)
            v->open[i].stream = stream;
    return rc;
}

int sdk_viewer_play_speed(struct sdk_viewer *v, uint32_t stream, double speed, int64_t now_ms)
{
    json_t *arg;
    uint32_t id;

    if (!is_playback(viewer_stream_find(v, stream)))
        return -SK_ENOTFOUND;
    arg = json_object();
    sk_json_set_int(arg, "stream", stream);
    json_object_set_new(arg, "speed", json_real(speed));
    return play_request(v, R_PLAIN, "play.speed", arg, &id, now_ms);
}

int sdk_viewer_play_stop(struct sdk_viewer *v, uint32_t stream, int64_t now_ms)
{
    return viewer_stream_stop(v, stream, WIRE_RELAY_PLAYBACK, now_ms);
}

/* ---- credit ---- */
static void credit_send(struct sdk_viewer *v, struct viewer_stream *st, size_t bytes)
{
    uint8_t payload[4];

    sk_put_u32(payload, (uint32_t)bytes);
    st->played_bytes = 0;
    viewer_control_send(v, WIRE_RELAY_CREDIT, st->info.id, payload, sizeof payload);
}

void viewer_play_credit(struct sdk_viewer *v, struct viewer_stream *st)
{
    credit_send(v, st, WINDOW_BYTES);
}

void sdk_viewer_played(struct sdk_viewer *v, uint32_t stream, size_t bytes)
{
    struct viewer_stream *st = viewer_stream_find(v, stream);

    if (!is_playback(st))
        return;
    st->played_bytes += bytes < WINDOW_BYTES ? bytes : WINDOW_BYTES;
    if (st->played_bytes >= GIVE_BACK_BYTES)
        credit_send(v, st, st->played_bytes < WINDOW_BYTES ? st->played_bytes : WINDOW_BYTES);
}

/* ---- which moment it is ---- */
static void pair_add(struct viewer_stream *st, uint64_t pts, int64_t wall_ms)
{
    while (st->pair_count > 0 && st->pairs[st->pair_count - 1].pts >= pts)
        st->pair_count--;
    if (st->pair_count == PAIRS_MAX) {
        memmove(st->pairs, st->pairs + 1, (PAIRS_MAX - 1) * sizeof st->pairs[0]);
        st->pair_count--;
    }
    st->pairs[st->pair_count].pts = pts;
    st->pairs[st->pair_count++].wall_ms = wall_ms;
}

int64_t sdk_viewer_play_wall(const struct sdk_viewer *v, uint32_t stream, uint64_t pts)
{
    for (unsigned i = 0; stream != 0 && i < STREAMS_MAX; i++) {
        const struct viewer_stream *st = &v->streams[i];
        unsigned n = st->pair_count;

        if (st->info.id != stream || n == 0)
            continue;
        while (n > 1 && st->pairs[n - 1].pts > pts)
            n--;
        return st->pairs[n - 1].wall_ms +
               ((int64_t)pts - (int64_t)st->pairs[n - 1].pts) / TICKS_PER_MS;
    }
    return 0;
}

/* ---- answers and events ---- */
void viewer_play_begin(struct sdk_viewer *v, const json_t *val, int64_t now_ms)
{
    static const char *const members[] = {"stream", "codec", "scale",  "pts",
                                          "wall",   "speed", "frames", NULL};
    int64_t id, scale, pts, wall;
    const char *codec;
    struct viewer_stream *st;

    if (sk_json_only(val, members) < 0 || sk_json_int(val, "stream", 1, UINT32_MAX, &id) < 0 ||
        sk_json_str(val, "codec", sizeof st->info.codec - 1, &codec) < 0 ||
        sk_json_int(val, "scale", 90000, 90000, &scale) < 0 ||
        sk_json_int(val, "pts", 0, wall_max, &pts) < 0 ||
        sk_json_int(val, "wall", 0, wall_max, &wall) < 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "play.start was answered wrongly", now_ms);
        return;
    }
    st = viewer_stream_answered(v, (uint32_t)id, WIRE_RELAY_PLAYBACK, now_ms);
    if (st == NULL)
        return;
    SK_ASSERT(sk_copy(st->info.codec, sizeof st->info.codec, codec) == 0);
    SK_ASSERT(sk_copy(st->info.name, sizeof st->info.name, "play") == 0);
    st->info.scale = (uint32_t)scale;
    st->info.pts = (uint64_t)pts;
    st->info.wall_ms = wall;
    pair_add(st, st->info.pts, wall);
    viewer_stream_show(v, st, now_ms);
}

void viewer_play_sought(struct sdk_viewer *v, uint32_t stream, const json_t *val, int64_t now_ms)
{
    static const char *const members[] = {"kid", "ctr", "pts", "wall", NULL};
    struct viewer_stream *st = viewer_stream_find(v, stream);
    int64_t kid, ctr, pts, wall;
    json_t *told;

    if (sk_json_only(val, members) < 0 || sk_json_int(val, "kid", 1, wall_max, &kid) < 0 ||
        sk_json_int(val, "ctr", 0, SDK_MEDIA_UNITS_MAX, &ctr) < 0 ||
        sk_json_int(val, "pts", 0, wall_max, &pts) < 0 ||
        sk_json_int(val, "wall", 0, wall_max, &wall) < 0) {
        viewer_fail(v, WIRE_CODE_MALFORMED, "play.seek was answered wrongly", now_ms);
        return;
    }
    if (!is_playback(st))
        return; /* stopped in between */
    sdk_media_rx_seek(&st->rx, (uint64_t)kid, (uint64_t)ctr);
    pair_add(st, (uint64_t)pts, wall);
    if (v->ops->event == NULL)
        return;
    told = json_object();
    sk_json_set_int(told, "stream", stream);
    sk_json_set_int(told, "pts", pts);
    sk_json_set_int(told, "wall", wall);
    v->ops->event(v->user, "play.seek", told);
    json_decref(told);
}

void viewer_play_event(struct sdk_viewer *v, const char *name, const json_t *val)
{
    struct viewer_stream *st;
    int64_t stream, pts, wall;

    if (sk_json_int(val, "stream", 1, UINT32_MAX, &stream) < 0)
        return;
    st = viewer_stream_find(v, (uint32_t)stream);
    if (!is_playback(st))
        return;
    if (strcmp(name, "play.ended") == 0)
        viewer_stream_drop(v, st);
    else if (strcmp(name, "play.gap") == 0 && sk_json_int(val, "pts", 0, wall_max, &pts) == 0 &&
             sk_json_int(val, "wall", 0, wall_max, &wall) == 0)
        pair_add(st, (uint64_t)pts, wall);
}

/* ---- what is there ---- */
/* Two integers of an array's element, each at least `min`. */
static int couple_read(const json_t *list, size_t i, int64_t min, int64_t out[2])
{
    const json_t *couple = json_array_get(list, i);

    if (json_array_size(couple) != 2)
        return -SK_EINVAL;
    for (size_t k = 0; k < 2; k++) {
        const json_t *n = json_array_get(couple, k);

        if (!json_is_integer(n) || json_integer_value(n) < 0 || json_integer_value(n) > wall_max)
            return -SK_EINVAL;
        out[k] = json_integer_value(n);
    }
    return out[0] >= min ? 0 : -SK_EINVAL;
}

int sdk_viewer_found_read(struct sdk_viewer_found *out, const json_t *val)
{
    static const char *const members[] = {"first", "last",   "ranges", "marks",
                                          "next",  "source", NULL};
    const json_t *ranges = json_object_get(val, "ranges"), *marks = json_object_get(val, "marks");
    size_t range_count = json_array_size(ranges), mark_count = json_array_size(marks);
    const char *source;
    int64_t two[2], before = 0;

    memset(out, 0, sizeof *out);
    if (sk_json_only(val, members) < 0 || !json_is_array(ranges) || !json_is_array(marks) ||
        range_count > SDK_FOUND_RANGES_MAX || mark_count > SDK_FOUND_MARKS_MAX ||
        sk_json_int(val, "first", 0, wall_max, &out->first_ms) < 0 ||
        sk_json_int(val, "last", 0, wall_max, &out->last_ms) < 0 ||
        sk_json_int(val, "next", 0, wall_max, &out->next_ms) < 0 ||
        sk_json_str(val, "source", sizeof out->source - 1, &source) < 0)
        return -SK_EINVAL;
    for (size_t i = 0; i < range_count; i++, before = two[1]) {
        if (couple_read(ranges, i, before, two) < 0 || two[0] >= two[1])
            return -SK_EINVAL;
        out->ranges[i].from_ms = two[0];
        out->ranges[i].to_ms = two[1];
    }
    before = 0;
    for (size_t i = 0; i < mark_count; i++, before = two[0]) {
        if (couple_read(marks, i, before, two) < 0 || two[1] > UINT16_MAX)
            return -SK_EINVAL;
        out->marks[i].at_ms = two[0];
        out->marks[i].type = (unsigned)two[1];
    }
    out->range_count = (unsigned)range_count;
    out->mark_count = (unsigned)mark_count;
    return sk_copy(out->source, sizeof out->source, source);
}
