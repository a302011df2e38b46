/* `skep view`: what the camera sends through the sealed channel, and what is said to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "cli/view.h"
#include "wire/codes.h"
#include "wire/relay.h"

enum { COMMANDS_MAX = 65536, TALK_EVERY_MS = 20, TALK_TICKS = 1800 };

int view_commands_read(struct view *v)
{
    struct sk_buf text;
    int err = 0;

    if (!v->o.command_file)
        return 0;
    sk_buf_init(&text, COMMANDS_MAX);
    err = sk_file_read(&text, v->o.command_file);
    if (!err)
        err = sk_json_parse(&v->commands, text.data, text.len);
    if (!err && !json_is_array(json_object_get(v->commands, "commands")))
        err = -SK_EINVAL;
    sk_buf_fini_wipe(&text);
    return err;
}

static void on_signal_out(void *user, const uint8_t *envelope, size_t len)
{
    struct view *v = user;

    if (v->signal && ws_client_send_binary(v->signal, envelope, len))
        view_over(v, "the signaling socket takes nothing more");
}

static void on_control_out(void *user, const uint8_t *frame, size_t len)
{
    struct view *v = user;

    if (v->live && ws_client_send_binary(v->live, frame, len))
        view_over(v, "the live socket takes nothing more");
}

/* The commands of --command-file: the camera's answers go to standard output as they come. */
static void commands_send(struct view *v)
{
    const char *what;
    json_t *command;
    size_t i;
    uint32_t id;

    json_array_foreach(json_object_get(v->commands, "commands"), i, command)
    {
        if (sk_json_str(command, "do", 64, &what) ||
            sdk_viewer_request(v->viewer, what, json_object_get(command, "arg"), 0, &id,
                               sk_clock_mono_ms()))
            view_over(v, "a command of --command-file cannot be sent");
        else
            v->command_last = id;
    }
}

/* What the camera says it heard of the talk. */
static void heard_print(struct view *v, const json_t *val)
{
    int64_t units = 0, bytes = 0;
    const json_t *talk = json_object_get(val, "talk");

    if (sk_json_int(talk, "units", 0, INT64_MAX, &units) ||
        sk_json_int(talk, "bytes", 0, INT64_MAX, &bytes) || units == 0)
        view_over(v, "the camera heard nothing");
    else if (!v->o.quiet)
        fprintf(stderr, "  the camera heard %lld units, %lld bytes\n", (long long)units,
                (long long)bytes);
    view_over(v, NULL);
}

static void on_reply(void *user, uint32_t id, int is_ok, const json_t *val, const char *error)
{
    struct view *v = user;
    size_t len;
    char *text;

    if (view_owner_reply(v, id, is_ok, error) || view_share_reply(v, id, is_ok, val, error) ||
        view_play_reply(v, id, is_ok, val))
        return;
    text = is_ok ? sk_json_text(val, &len) : NULL;
    if (id > v->command_last && !is_ok) {
        fprintf(stderr, "skep: the camera refuses: %s\n", error);
        v->is_over = v->failed = 1;
    } else if (v->info_id && id == v->info_id) {
        heard_print(v, val);
        free(text);
        return;
    }
    printf("%s\n", text ? text : error ? error : "");
    fflush(stdout);
    free(text);
}

static void on_ready(void *user, const struct sdk_viewer_hello *hello)
{
    struct view *v = user;

    int64_t now_ms = sk_clock_mono_ms();
    int err = 0;

    view_owner_begin(v, hello, now_ms);
    if (!v->is_over)
        view_share_begin(v, hello, now_ms);
    if (v->is_over)
        return;
    commands_send(v);
    if (v->o.playback || v->o.recordings)
        err = view_play_begin(v, hello, now_ms);
    else if (v->o.out)
        err = sdk_viewer_live_start(v->viewer, v->o.stream, now_ms);
    if (!err && v->o.audio)
        err = sdk_viewer_audio_start(v->viewer, now_ms);
    if (!err && v->o.snapshot)
        err = sdk_viewer_snap(v->viewer, now_ms);
    if (!err && v->o.talk)
        err = sdk_viewer_talk_start(v->viewer, now_ms);
    if (err)
        view_over(v, "the camera takes no command");
}

/* Something runs: from now on it is --seconds. */
static void clock_start(struct view *v, int64_t now_ms)
{
    if (v->first_ms)
        return;
    v->first_ms = now_ms;
    v->until_ms = now_ms + v->o.seconds * 1000;
}

static void on_stream(void *user, const struct sdk_viewer_stream *s)
{
    struct view *v = user;

    if (strcmp(s->name, "talk") == 0) {
        v->is_talking = 1;
        v->talk_due_ms = sk_clock_mono_ms();
        v->talk_pts = sk_random_u32();
        clock_start(v, v->talk_due_ms);
    }
    if (strcmp(s->name, "play") == 0)
        view_play_stream(v, s);
    if (!v->o.quiet)
        fprintf(stderr, "  %s, %s\n", s->name, s->codec);
}

static void on_unit(void *user, const struct sdk_viewer_unit *u)
{
    struct view *v = user;

    if (u->kind == WIRE_RELAY_PLAYBACK) {
        view_play_unit(v, u);
        return;
    }
    int fd = u->kind == WIRE_RELAY_AUDIO ? v->audio_file : v->file;
    int err = u->kind == WIRE_RELAY_SNAPSHOT ? sk_file_write(v->o.snapshot, u->data, u->len, 0600)
                                             : write(fd, u->data, u->len) != (ssize_t)u->len;

    if (err) {
        view_over(v, "the file cannot be written");
        return;
    }
    v->bytes += u->len;
    if (u->flags & WIRE_RELAY_INIT)
        return;
    v->units += u->kind != WIRE_RELAY_AUDIO || !v->o.out; /* beside pictures, those count */
    if (u->kind == WIRE_RELAY_SNAPSHOT)
        v->is_shot = 1;
    else
        clock_start(v, sk_clock_mono_ms());
}

/* 20 ms of silence as Opus (RFC 6716): what can be said without a microphone. */
void view_talk_run(struct view *v, int64_t now_ms)
{
    static const uint8_t silence[] = {0xF8, 0xFF, 0xFE};

    while (v->is_talking && now_ms >= v->talk_due_ms) {
        if (sdk_viewer_talk(v->viewer, v->talk_pts, silence, sizeof(silence), now_ms))
            view_over(v, "the talk has ended");
        v->talk_pts += TALK_TICKS;
        v->talk_due_ms += TALK_EVERY_MS;
        v->is_talking &= !v->is_over;
    }
}

/* The time is up: a talker asks what was heard before he goes. */
void view_finish(struct view *v, int64_t now_ms)
{
    if (!v->o.talk) {
        view_over(v, NULL);
    } else if (v->is_talking) {
        v->is_talking = 0;
        if (sdk_viewer_request(v->viewer, "info", NULL, 0, &v->info_id, now_ms))
            view_over(v, "the camera takes no command");
    }
}

static void on_closed(void *user, unsigned code, uint32_t retry_ms, int is_clean, const char *text)
{
    struct view *v = user;

    (void)is_clean;
    if (v->owner.is_done && code == WIRE_CODE_PASSWORD)
        return; /* the old password's channels end, this one too */
    if (code == WIRE_CODE_CONFIRM)
        view_over(v, "the password does not fit, or somebody is in between");
    else if (code == WIRE_CODE_LOCKED)
        fprintf(stderr, "skep: locked by the camera for %u s\n", (retry_ms + 999) / 1000);
    else
        fprintf(stderr, "skep: the camera ended the session: %s\n",
                text && text[0] ? text : wire_code_text(code));
    v->is_over = 1;
    v->failed = 1;
}

static void on_event(void *user, const char *name, const json_t *val)
{
    struct view *v = user;

    if (v->o.playback)
        view_play_event(v, name, val);
}

static const struct sdk_viewer_ops viewer_ops = {.signal = on_signal_out,
                                                 .control = on_control_out,
                                                 .ready = on_ready,
                                                 .stream = on_stream,
                                                 .unit = on_unit,
                                                 .reply = on_reply,
                                                 .event = on_event,
                                                 .closed = on_closed};

const struct sdk_viewer_ops *view_sealed_ops(void)
{
    return &viewer_ops;
}
