/* `skep view`: the headless viewer. Logs in, agrees on a key with the camera through the blind
 * server, decrypts and writes a playable MP4. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"
#include "base/json.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/view.h"

enum { FIRST_UNIT_MS = 20000 };

void view_over(struct view *v, const char *what)
{
    if (!v->is_over && what) {
        fprintf(stderr, "skep: %s\n", what);
        v->failed = 1;
    }
    v->is_over = 1;
}

static void on_timer(struct net_timer *t, void *arg)
{
    struct view *v = arg;
    int64_t now_ms = sk_clock_mono_ms(), next = sdk_viewer_tick(v->viewer, now_ms);

    int is_late = now_ms - v->started_ms > FIRST_UNIT_MS;
    int is_running = v->o.out || v->o.audio || v->o.talk;
    int is_owed = (v->o.recordings && !v->play.is_listed) || (v->o.snapshot && !v->is_shot) ||
                  (v->o.new_password_file && !v->owner.is_done) ||
                  (v->share.kind && !v->share.is_done);

    view_talk_run(v, now_ms);
    view_play_run(v, now_ms);
    if ((is_owed || (is_running && !v->first_ms)) && is_late)
        view_over(v, v->o.new_password_file || v->share.kind ? "the camera did not answer"
                     : v->o.recordings                       ? "no list came"
                     : is_owed                               ? "no snapshot came"
                                                             : "no picture came");
    else if (!is_owed && (!is_running || (v->until_ms && now_ms >= v->until_ms)))
        view_finish(v, now_ms);
    if (v->is_talking && v->talk_due_ms < next)
        next = v->talk_due_ms;
    int64_t in_ms = next == INT64_MAX || next - now_ms > 100 ? 100 : next - now_ms;
    net_timer_set_in(t, in_ms > 0 ? in_ms : 1);
}

static int prepare(struct view *v)
{
    struct sk_buf password;
    int err = view_server_parse(v);

    if (err)
        return fprintf(stderr, "skep: --server https://name:port is needed\n"), err;
    if ((err = view_trust_make(v)) != 0)
        return fprintf(stderr, "skep: --ca FILE or --pin HEX is needed: how else to know the "
                               "server?\n"),
               err;
    sk_buf_init(&password, VIEW_SECRET_MAX);
    err = https_client_new(&v->http, v->host, v->port, v->tls);
    int is_in = !err && v->o.keep_file && view_keep_use(v) == 0;
    if (!err && !is_in)
        err = view_secret_get(&password, v->o.password_file, "Account password");
    if (!err && (err = view_share_read(v)) != 0) {
        sk_buf_fini_wipe(&password);
        return err; /* said */
    }
    if (!err && !v->share.has_key)
        err = v->o.seed_file
                  ? view_label_from_seed(v)
                  : view_secret_get(&v->secret, v->o.label_file, "Camera label or password");
    if (err)
        fprintf(stderr, "skep: a secret cannot be read: %s\n", sk_error_text(err));
    if (!err)
        err = view_owner_read(v);
    if (!err && (err = view_commands_read(v)) != 0)
        fprintf(stderr, "skep: --command-file: {\"commands\":[{\"do\",\"arg\"}]} is needed\n");
    if (!err && !is_in && (err = view_log_in(v, (const char *)password.data)) != 0)
        fprintf(stderr, "skep: logging in: %s\n", sk_error_text(err));
    if (!err && !is_in && v->o.keep_file && (err = view_keep_begin(v)) != 0)
        fprintf(stderr, "skep: keeping the login: %s\n", sk_error_text(err));
    sk_buf_fini_wipe(&password);
    return err;
}

static int file_open(int *fd, const char *path)
{
    if (!path)
        return 0;
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return 0;
    fprintf(stderr, "skep: %s cannot be written\n", path);
    return -SK_EIO;
}

static int view_open(struct view *v)
{
    struct sdk_viewer_options o = {
        .device = v->device, .account = v->account, .pin = v->share.has_pin ? v->share.pin : NULL};
    int err = sdk_viewer_new(&v->viewer, &o, view_sealed_ops(), v);

    if (err)
        fprintf(stderr, "skep: %s is no camera's id (26 letters and digits)\n", v->device);
    if (!err && (err = view_authorize(v)) != 0)
        fprintf(stderr, "skep: the server gives no code for %s: %s\n", v->device,
                sk_error_text(err));
    if (!err)
        err = view_owner_start(v, sk_clock_mono_ms());
    if (!err)
        err = net_loop_new(&v->loop);
    if (!err)
        err = file_open(&v->file, v->o.out);
    if (!err)
        err = file_open(&v->audio_file, v->o.audio);
    return err ? err : view_sockets_open(v);
}

static void view_run(struct view *v)
{
    v->started_ms = sk_clock_mono_ms();
    net_timer_init(&v->timer, v->loop, on_timer, v);
    net_timer_set_in(&v->timer, 10);
    while (!v->is_over)
        net_loop_run_one(v->loop, 1000);
    net_timer_cancel(&v->timer);
    sdk_viewer_close(v->viewer, sk_clock_mono_ms());
    if (v->signal)
        ws_client_close(v->signal);
    if (v->live)
        ws_client_close(v->live);
    for (int i = 0; i < 20 && (v->signal || v->live); i++)
        net_loop_run_one(v->loop, 50);
}

static void report(const struct view *v)
{
    if (!v->o.quiet && v->units && !v->first_ms)
        fprintf(stderr, "  %s: %llu bytes\n", v->o.snapshot, (unsigned long long)v->bytes);
    else if (!v->o.quiet && v->units)
        fprintf(stderr, "  %s: %llu %s, %llu bytes, first after %lld ms\n",
                v->o.out     ? v->o.out
                : v->o.audio ? v->o.audio
                             : v->o.snapshot,
                (unsigned long long)v->units, v->o.out ? "pictures" : "units",
                (unsigned long long)v->bytes, (long long)(v->first_ms - v->started_ms));
}

static void view_fini(struct view *v)
{
    net_loop_free(v->loop);
    view_owner_fini(v);
    view_share_fini(v);
    sdk_viewer_free(&v->viewer);
    https_client_free(v->http);
    tls_config_drop(v->tls);
    sk_buf_fini_wipe(&v->bearer);
    sk_buf_fini_wipe(&v->secret);
    sk_wipe(v->code, sizeof(v->code));
    json_decref(v->commands);
    if (v->file >= 0)
        close(v->file);
    if (v->audio_file >= 0)
        close(v->audio_file);
}

static int usage(const struct args_flag *flags)
{
    printf(
        "skep view DEVICE: watch a camera without a browser.\n\n"
        "  Agrees on a key with the camera through the server, which learns nothing, and writes\n"
        "  what it decrypts to a playable MP4. Secrets come from files or a prompt.\n\n");
    args_help(stdout, flags);
    return 0;
}

/* Is the camera named by the link? */
static int is_join(const struct view *v)
{
    return v->o.share && strcmp(v->o.share, "join") == 0;
}

/* What was asked for must be enough. The reason goes to `why`. */
static int options_check(struct view *v, int argc, struct sk_buf *why)
{
    int is_named = argc == 2 || (argc == 1 && is_join(v));

    if (is_named && v->o.account)
        return 0;
    return sk_buf_add_str(why, !is_named ? "which camera? (see --help)" : "--account is needed")
               ? -SK_EINTERNAL
               : -SK_EINVAL;
}

/* The table of flags, and what they leave in `v->o`. Returns the exit code, or -1: go on. */
static int options_take(struct view *v, int argc, char **argv)
{
    const struct args_flag flags[] = {
        {"--server", ARGS_TEXT, &v->o.server, 0, 0, "URL", "the box, https://name:port"},
        {"--ca", ARGS_TEXT, &v->o.ca, 0, 0, "FILE", "authority that vouches for it, PEM; or"},
        {"--pin", ARGS_TEXT, &v->o.pin, 0, 0, "HEX", "SHA-256 of its certificate"},
        {"--account", ARGS_TEXT, &v->o.account, 0, 0, "NAME", "account name"},
        {"--password-file", ARGS_TEXT, &v->o.password_file, 0, 0, "FILE",
         "its password; - reads standard input; default: ask"},
        {"--keep", ARGS_TEXT, &v->o.keep_file, 0, 0, "FILE",
         "keep the login for the next time: a key and a token of one use, no password"},
        {"--code-file", ARGS_TEXT, &v->o.code_file, 0, 0, "FILE",
         "code of its second factor, or a recovery code, if one is asked for; default: ask"},
        {"--label-file", ARGS_TEXT, &v->o.label_file, 0, 0, "FILE",
         "the camera's label code; default: ask"},
        {"--chosen", ARGS_SWITCH, &v->o.chosen, 0, 0, "", "it is a chosen password, no label code"},
        {"--seed-file", ARGS_TEXT, &v->o.seed_file, 0, 0, "FILE",
         "simulated cameras: the fleet's label seed instead, bytes or base64url"},
        {"--stream", ARGS_TEXT, &v->o.stream, 0, 0, "NAME", "main or sub (main)"},
        {"--seconds", ARGS_INT, &v->o.seconds, 1, 86400, "N", "how long (10)"},
        {"--out", ARGS_TEXT, &v->o.out, 0, 0, "FILE",
         "where the picture goes (clip.mp4 if nothing else is asked for)"},
        {"--snapshot", ARGS_TEXT, &v->o.snapshot, 0, 0, "FILE", "take one picture, a JPEG"},
        {"--audio", ARGS_TEXT, &v->o.audio, 0, 0, "FILE", "listen; the sound goes there as MP4"},
        {"--playback", ARGS_SWITCH, &v->o.playback, 0, 0, "", "what the camera has recorded, from"},
        {"--from", ARGS_TEXT, &v->o.from, 0, 0, "TIME",
         "2026-11-24T17:30:00Z, or 90s, 10m, 2h ago, until"},
        {"--to", ARGS_TEXT, &v->o.to, 0, 0, "TIME", "then (--seconds later)"},
        {"--speed", ARGS_TEXT, &v->o.speed, 0, 0, "X",
         "0.25, 0.5, 1, 2, 4, 8 or 16; above 2 only key pictures come (1)"},
        {"--recordings", ARGS_SWITCH, &v->o.recordings, 0, 0, "",
         "list what is recorded, --from (a day ago) --to (now)"},
        {"--talk", ARGS_SWITCH, &v->o.talk, 0, 0, "",
         "speak (silence) through the camera and ask what it heard"},
        {"--command-file", ARGS_TEXT, &v->o.command_file, 0, 0, "FILE",
         "{\"commands\":[{\"do\",\"arg\"}]} to send first; prints the answers"},
        {"--owner-file", ARGS_TEXT, &v->o.owner_file, 0, 0, "FILE",
         "be the camera's owner by this key; made if not there, given to a camera without owner"},
        {"--new-password-file", ARGS_TEXT, &v->o.new_password_file, 0, 0, "FILE",
         "give the camera this password, as its owner; - reads standard input"},
        {"--share", ARGS_TEXT, &v->o.share, 0, 0, "WHAT",
         "owner: invite (writes --link-file), accept who shows the link, withdraw --guest; guest: "
         "join (asks by --link-file)"},
        {"--link-file", ARGS_TEXT, &v->o.link_file, 0, 0, "FILE",
         "the invitation, a secret; - reads standard input"},
        {"--rights", ARGS_TEXT, &v->o.rights, 0, 0, "LIST",
         "what is shared, names with commas (live-main,live-sub)"},
        {"--days", ARGS_INT, &v->o.days, 1, 90, "N", "for how long it is shared (90)"},
        {"--guest", ARGS_TEXT, &v->o.guest, 0, 0, "FINGERPRINT", "of the key that is withdrawn"},
        {"--viewer-key-file", ARGS_TEXT, &v->o.viewer_key_file, 0, 0, "FILE",
         "watch by this key, no label: made by --share join; the first time with --link-file"},
        {"--quiet", ARGS_SWITCH, &v->o.quiet, 0, 0, "", "say nothing but errors"},
        {"--help", ARGS_SWITCH, &v->o.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;

    sk_buf_init(&why, 512);
    int err = args_parse(flags, &argc, argv, &why);
    if (v->o.help) {
        sk_buf_fini(&why);
        return usage(flags);
    }
    if (!err)
        err = options_check(v, argc, &why);
    if (err)
        fprintf(stderr, "skep: %s\n", why.len ? (const char *)why.data : sk_error_text(err));
    sk_buf_fini(&why);
    if (!v->o.out && !v->o.snapshot && !v->o.audio && !v->o.talk && !v->o.new_password_file &&
        !v->o.recordings && !v->o.share)
        v->o.out = "clip.mp4";
    if (err || view_play_check(v) || view_share_check(v))
        return 2;
    v->device = argc == 2 ? argv[1] : NULL;
    return -1;
}

/* Log in, open the camera or join by the link, and stay until it is done. */
static int view_do(struct view *v)
{
    net_process_init();
    int err = tls_init();
    if (!err)
        err = prepare(v);
    if (!err && is_join(v))
        return view_share_join(v);
    if (!err)
        err = view_share_pin(v);
    if (!err)
        err = view_share_prepare(v);
    if (!err)
        err = view_open(v);
    if (!err)
        view_run(v);
    return err;
}

int cli_view(int argc, char **argv)
{
    struct view v = {.file = -1,
                     .audio_file = -1,
                     .o = {.stream = "main",
                           .speed = "1",
                           .seconds = 10,
                           .rights = "live-main,live-sub",
                           .days = 90}};
    int code = options_take(&v, argc, argv);

    if (code >= 0)
        return code;
    sk_buf_init(&v.bearer, VIEW_SECRET_MAX);
    sk_buf_init(&v.secret, VIEW_SECRET_MAX);
    sk_buf_init(&v.owner.password, VIEW_SECRET_MAX);
    int err = view_do(&v);
    report(&v);
    view_fini(&v);
    int is_quiet =
        v.o.talk || v.o.new_password_file || v.o.recordings || v.o.share; /* no unit is owed */
    return err || v.failed || (!v.units && !is_quiet) ? 1 : 0;
}
