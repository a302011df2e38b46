/* `skep view --playback`, `--recordings`: what is on a camera's card. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/view.h"
#include "wire/codes.h"
#include "wire/relay.h"

enum { SILENCE_MS = 20000, TICKS_PER_MS = 90, TIME_SIZE = 32, DAY_MS = 86400000 };

/* ---- times ---- */
/* "2026-11-24T17:30:00Z", or "90s", "10m", "2h" before `now_ms`. */
static int time_parse(int64_t *out, const char *text, int64_t now_ms)
{
    size_t digits = strspn(text, "0123456789");
    struct tm tm = {0};
    uint64_t n;

    if (digits > 0 && text[digits] != '\0' && text[digits + 1] == '\0') {
        int64_t unit_ms = text[digits] == 's'   ? 1000
                          : text[digits] == 'm' ? 60000
                          : text[digits] == 'h' ? 3600000
                                                : 0;

        if (unit_ms == 0 || sk_parse_u64(&n, text, digits, 1000000))
            return -SK_EINVAL;
        *out = now_ms - (int64_t)n * unit_ms;
        return 0;
    }
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end || *end != '\0')
        return -SK_EINVAL;
    *out = (int64_t)timegm(&tm) * 1000;
    return *out >= 0 ? 0 : -SK_EINVAL;
}

static const char *time_text(char out[TIME_SIZE], int64_t wall_ms)
{
    time_t s = (time_t)(wall_ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    if (strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
    return out;
}

static int range_read(struct view *v, int64_t now_ms)
{
    int err = 0;

    v->play.from_ms = now_ms - DAY_MS;
    v->play.to_ms = now_ms;
    if (v->o.from)
        err = time_parse(&v->play.from_ms, v->o.from, now_ms);
    if (!err && v->o.to)
        err = time_parse(&v->play.to_ms, v->o.to, now_ms);
    else if (!err && v->o.playback)
        v->play.to_ms = v->play.from_ms + v->o.seconds * 1000;
    return err || v->play.from_ms >= v->play.to_ms ? -SK_EINVAL : 0;
}

int view_play_check(struct view *v)
{
    static const char *const names[] = {"0.25", "0.5", "1", "2", "4", "8", "16"};
    static const double speeds[] = {0.25, 0.5, 1, 2, 4, 8, 16};

    if (!v->o.playback && !v->o.recordings)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(v->o.speed, names[i]) == 0)
            v->play.speed = speeds[i];
    if (v->play.speed > 0 && (!v->o.playback || v->o.from) && !range_read(v, sk_clock_wall_ms()))
        return 0;
    fprintf(stderr,
            "skep: --playback --from TIME [--to TIME]: a TIME is 2026-11-24T17:30:00Z or 90s, "
            "10m, 2h ago; --speed 0.25 .. 16\n");
    return -SK_EINVAL;
}

/* ---- the list ---- */
static const char *mark_name(unsigned type)
{
    return type == 1 ? "motion" : type == 2 ? "tamper" : "other";
}

static void found_print(struct view *v, const struct sdk_viewer_found *f)
{
    char from[TIME_SIZE], to[TIME_SIZE];
    unsigned mark = 0;

    for (unsigned i = 0; i < f->range_count; i++) {
        printf("%s  %s  %lld s\n", time_text(from, f->ranges[i].from_ms),
               time_text(to, f->ranges[i].to_ms),
               (long long)(f->ranges[i].to_ms - f->ranges[i].from_ms) / 1000);
        for (; mark < f->mark_count && f->marks[mark].at_ms < f->ranges[i].to_ms; mark++)
            printf("  %s  %s\n", time_text(from, f->marks[mark].at_ms),
                   mark_name(f->marks[mark].type));
    }
    fflush(stdout);
    v->play.ranges += f->range_count;
}

static void found_handle(struct view *v, const json_t *val)
{
    struct sdk_viewer_found *found = sk_alloc(sizeof(*found));

    v->play.find_id = 0;
    if (sdk_viewer_found_read(found, val) ||
        (found->next_ms && found->next_ms <= v->play.from_ms)) {
        view_over(v, "the camera's list is malformed");
    } else {
        found_print(v, found);
        v->play.from_ms = found->next_ms;
        v->play.is_listed = found->next_ms == 0 || found->next_ms >= v->play.to_ms;
        if (!v->play.is_listed && sdk_viewer_play_find(v->viewer, v->play.from_ms, v->play.to_ms,
                                                       &v->play.find_id, sk_clock_mono_ms()))
            view_over(v, "the camera takes no command");
        if (v->play.is_listed && !v->o.quiet)
            fprintf(stderr, "  %u recordings, source: %s\n", v->play.ranges, found->source);
    }
    free(found);
}

int view_play_reply(struct view *v, uint32_t id, int is_ok, const json_t *val)
{
    if (!is_ok || v->play.find_id == 0 || id != v->play.find_id)
        return 0;
    found_handle(v, val);
    return 1;
}

/* ---- playing ---- */
int view_play_begin(struct view *v, const struct sdk_viewer_hello *hello, int64_t now_ms)
{
    struct sdk_viewer_play how = {.stream = v->o.stream, .speed = v->play.speed};
    int err = range_read(v, hello->wall_ms); /* "10m ago" is by the camera's clock */

    if (!err && v->o.recordings)
        err = sdk_viewer_play_find(v->viewer, v->play.from_ms, v->play.to_ms, &v->play.find_id,
                                   now_ms);
    how.at_ms = v->play.from_ms;
    how.to_ms = v->play.to_ms;
    if (!err && v->o.playback)
        err = sdk_viewer_play_start(v->viewer, &how, now_ms);
    v->play.heard_ms = now_ms;
    return err;
}

void view_play_stream(struct view *v, const struct sdk_viewer_stream *s)
{
    char at[TIME_SIZE];

    v->play.stream = s->id;
    v->play.heard_ms = sk_clock_mono_ms();
    if (!v->o.quiet)
        fprintf(stderr, "  from %s\n", time_text(at, s->wall_ms));
}

void view_play_unit(struct view *v, const struct sdk_viewer_unit *u)
{
    int is_init = (u->flags & WIRE_RELAY_INIT) != 0;

    v->play.heard_ms = sk_clock_mono_ms();
    /* INIT comes again after a gap or with a new key; the file has it already. */
    if (!(is_init && v->play.has_init) && write(v->file, u->data, u->len) != (ssize_t)u->len) {
        view_over(v, "the file cannot be written");
        return;
    }
    sdk_viewer_played(v->viewer, u->stream, u->frame_len);
    v->bytes += u->len;
    if (is_init) {
        v->play.has_init = 1;
        return;
    }
    if (v->units++ == 0)
        v->first_ms = v->play.heard_ms;
    else
        v->play.step_pts = u->pts - v->play.last_pts;
    v->play.last_pts = u->pts;
}

void view_play_event(struct view *v, const char *name, const json_t *val)
{
    int64_t from, to, pts;
    char a[TIME_SIZE], b[TIME_SIZE];
    const char *why;

    if (strcmp(name, "play.gap") == 0 && !v->o.quiet &&
        !sk_json_int(val, "from", 0, INT64_MAX, &from) &&
        !sk_json_int(val, "to", 0, INT64_MAX, &to))
        fprintf(stderr, "  nothing is recorded from %s to %s\n", time_text(a, from),
                time_text(b, to));
    else if (strcmp(name, "play.end") == 0 && !sk_json_int(val, "pts", 1, INT64_MAX, &pts))
        v->play.end_pts = (uint64_t)pts;
    else if (strcmp(name, "play.ended") == 0)
        view_over(v, sk_json_str(val, "why", 16, &why) == 0 && strcmp(why, "denied") == 0
                         ? "the right to play has gone"
                         : "the camera ended the playback");
    else if (strcmp(name, "stream-closed") == 0 || strcmp(name, "cut") == 0)
        view_over(v, "the stream was altered or cut on its way");
}

void view_play_run(struct view *v, int64_t now_ms)
{
    if (v->o.recordings && v->play.is_listed) {
        view_over(v, NULL);
    } else if (v->play.end_pts &&
               (v->units == 0 || v->play.last_pts + v->play.step_pts >= v->play.end_pts)) {
        view_over(v, v->units ? NULL : "nothing is recorded there");
    } else if (v->play.heard_ms && now_ms - v->play.heard_ms > SILENCE_MS) {
        view_over(v, "nothing comes any more");
    }
}
