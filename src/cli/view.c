/* `skep view`: the headless viewer. Logs in, agrees on a key with the camera through the blind
 * server, decrypts and writes a playable MP4. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/args.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/cli.h"
#include "net/https_client.h"
#include "net/loop.h"
#include "net/ws_client.h"
#include "sdk/label.h"
#include "sdk/password.h"
#include "sdk/viewer.h"
#include "wire/codes.h"
#include "wire/envelope.h"
#include "wire/label.h"
#include "wire/relay.h"

enum {
    SECRET_MAX = 1024,
    CA_MAX = 65536,
    FIRST_UNIT_MS = 20000,
    PORT_DEFAULT = 8443,
    CODE_MAX = 64,
    PIN_BYTES = 32,
    COMMANDS_MAX = 65536,
    TALK_EVERY_MS = 20,
    TALK_TICKS = 1800
};

struct options {
    const char *server, *ca, *pin, *account, *password_file, *label_file, *seed_file, *out, *stream;
    const char *command_file, *snapshot, *audio;
    int64_t seconds;
    int chosen, help, quiet, talk;
};

struct view {
    struct options o;
    const char *device;
    char host[256];
    uint16_t port;
    struct tls_config *tls;
    struct net_loop *loop;
    struct net_timer timer;
    struct https_client *http;
    struct ws_client *signal, *live;
    struct sdk_viewer *viewer;
    struct sk_buf bearer, secret; /* secrets */
    char account[WIRE_ENVELOPE_ACCOUNT_MAX + 1], code[CODE_MAX];
    json_t *commands;      /* of --command-file, or NULL */
    uint32_t command_last; /* the last request of --command-file */
    uint32_t info_id;      /* the question after a talk */
    int file, audio_file;  /* -1 = not wanted */
    int64_t started_ms, first_ms, until_ms, talk_due_ms;
    uint64_t units, bytes, talk_pts;
    int is_shot, is_talking; /* the snapshot is on the disk */
    int is_live_open, is_opened, is_over, failed;
};

static void over(struct view *v, const char *what)
{
    if (!v->is_over && what) {
        fprintf(stderr, "skep: %s\n", what);
        v->failed = 1;
    }
    v->is_over = 1;
}

/* ---- the sealed side --------------------------------------------------------------------------
 */

static void on_signal_out(void *user, const uint8_t *envelope, size_t len)
{
    struct view *v = user;

    if (v->signal && ws_client_send_binary(v->signal, envelope, len))
        over(v, "the signaling socket takes nothing more");
}

static void on_control_out(void *user, const uint8_t *frame, size_t len)
{
    struct view *v = user;

    if (v->live && ws_client_send_binary(v->live, frame, len))
        over(v, "the live socket takes nothing more");
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
            over(v, "a command of --command-file cannot be sent");
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
        over(v, "the camera heard nothing");
    else if (!v->o.quiet)
        fprintf(stderr, "  the camera heard %lld units, %lld bytes\n", (long long)units,
                (long long)bytes);
    over(v, NULL);
}

static void on_reply(void *user, uint32_t id, int is_ok, const json_t *val, const char *error)
{
    struct view *v = user;
    size_t len;
    char *text = is_ok ? sk_json_text(val, &len) : NULL;

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

    (void)hello;
    commands_send(v);
    if (v->o.out)
        err = sdk_viewer_live_start(v->viewer, v->o.stream, now_ms);
    if (!err && v->o.audio)
        err = sdk_viewer_audio_start(v->viewer, now_ms);
    if (!err && v->o.snapshot)
        err = sdk_viewer_snap(v->viewer, now_ms);
    if (!err && v->o.talk)
        err = sdk_viewer_talk_start(v->viewer, now_ms);
    if (err)
        over(v, "the camera takes no command");
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
    if (!v->o.quiet)
        fprintf(stderr, "  %s, %s\n", s->name, s->codec);
}

static void on_unit(void *user, const struct sdk_viewer_unit *u)
{
    struct view *v = user;
    int fd = u->kind == WIRE_RELAY_AUDIO ? v->audio_file : v->file;
    int err = u->kind == WIRE_RELAY_SNAPSHOT ? sk_file_write(v->o.snapshot, u->data, u->len, 0600)
                                             : write(fd, u->data, u->len) != (ssize_t)u->len;

    if (err) {
        over(v, "the file cannot be written");
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
static void talk_run(struct view *v, int64_t now_ms)
{
    static const uint8_t silence[] = {0xF8, 0xFF, 0xFE};

    while (v->is_talking && now_ms >= v->talk_due_ms) {
        if (sdk_viewer_talk(v->viewer, v->talk_pts, silence, sizeof(silence), now_ms))
            over(v, "the talk has ended");
        v->talk_pts += TALK_TICKS;
        v->talk_due_ms += TALK_EVERY_MS;
        v->is_talking &= !v->is_over;
    }
}

/* The time is up: a talker asks what was heard before he goes. */
static void finish(struct view *v, int64_t now_ms)
{
    if (!v->o.talk) {
        over(v, NULL);
    } else if (v->is_talking) {
        v->is_talking = 0;
        if (sdk_viewer_request(v->viewer, "info", NULL, 0, &v->info_id, now_ms))
            over(v, "the camera takes no command");
    }
}

static void on_closed(void *user, unsigned code, uint32_t retry_ms, int is_clean, const char *text)
{
    struct view *v = user;

    (void)is_clean;
    if (code == WIRE_CODE_CONFIRM)
        over(v, "the password does not fit, or somebody is in between");
    else if (code == WIRE_CODE_LOCKED)
        fprintf(stderr, "skep: locked by the camera for %u s\n", (retry_ms + 999) / 1000);
    else
        fprintf(stderr, "skep: the camera ended the session: %s\n",
                text && text[0] ? text : wire_code_text(code));
    v->is_over = 1;
    v->failed = 1;
}

static const struct sdk_viewer_ops viewer_ops = {.signal = on_signal_out,
                                                 .control = on_control_out,
                                                 .ready = on_ready,
                                                 .stream = on_stream,
                                                 .unit = on_unit,
                                                 .reply = on_reply,
                                                 .closed = on_closed};

/* ---- sockets -----------------------------------------------------------------------------------
 */

static void text_send(struct ws_client *c, json_t *body)
{
    size_t len;
    char *text = sk_json_text(body, &len);

    if (text && ws_client_send_text(c, text, len))
        fprintf(stderr, "skep: a socket takes nothing more\n");
    if (text)
        sk_wipe(text, len);
    free(text);
    json_decref(body);
}

/* Both sockets are ready: begin the handshake with the camera. */
static void handshake_begin(struct view *v)
{
    if (!v->is_live_open || !v->is_opened)
        return;
    int err =
        sdk_viewer_open_password(v->viewer, v->o.chosen ? SDK_CLASS_CHOSEN : SDK_CLASS_CODE,
                                 (const char *)v->secret.data, v->secret.len, sk_clock_mono_ms());
    if (err)
        over(v, "that is not a label code: its check digits are wrong");
}

static void on_signal_open(void *user)
{
    struct view *v = user;
    json_t *body = json_object(), *open = json_object();
    uint8_t session[16];

    sdk_viewer_session(v->viewer, session);
    sk_json_set_bin(open, "session", session, sizeof(session));
    sk_json_set_str(open, "device", v->device);
    sk_json_set_str(open, "code", v->code);
    json_object_set_new(body, "open", open);
    text_send(v->signal, body);
}

static void on_signal_text(void *user, const char *text, size_t len)
{
    struct view *v = user;
    json_t *body;
    const char *reason = "protocol";

    if (sk_json_parse(&body, text, len)) {
        over(v, "the server said something that is no JSON");
        return;
    }
    if (json_object_get(body, "opened")) {
        v->is_opened = 1;
        handshake_begin(v);
    } else {
        if (sk_json_str(json_object_get(body, "refused"), "reason", 64, &reason) == 0 &&
            strcmp(reason, "offline") == 0)
            over(v, "the camera is offline");
        else
            over(v, "the server refused the session");
    }
    json_decref(body);
}

static void on_signal_binary(void *user, const uint8_t *data, size_t len)
{
    struct view *v = user;

    sdk_viewer_on_envelope(v->viewer, data, len, sk_clock_mono_ms());
}

static void on_signal_close(void *user, unsigned code, int status)
{
    struct view *v = user;

    (void)code;
    (void)status;
    v->signal = NULL;
    over(v, v->is_over ? NULL : "the signaling socket was closed");
}

static void on_live_open(void *user)
{
    struct view *v = user;
    json_t *body = json_object();

    sk_json_set_str(body, "code", v->code);
    text_send(v->live, body);
}

static void on_live_text(void *user, const char *text, size_t len)
{
    struct view *v = user;
    json_t *body;

    if (!sk_json_parse(&body, text, len) && json_object_get(body, "ready")) {
        v->is_live_open = 1;
        handshake_begin(v);
    } else {
        over(v, "the relay refused the code");
    }
    json_decref(body);
}

static void on_live_binary(void *user, const uint8_t *data, size_t len)
{
    struct view *v = user;

    sdk_viewer_on_frame(v->viewer, data, len, sk_clock_mono_ms());
}

static void on_live_close(void *user, unsigned code, int status)
{
    struct view *v = user;

    (void)code;
    (void)status;
    v->live = NULL;
    over(v, v->is_over ? NULL : "the live socket was closed");
}

static const struct ws_client_ops signal_ops = {.on_open = on_signal_open,
                                                .on_text = on_signal_text,
                                                .on_binary = on_signal_binary,
                                                .on_close = on_signal_close};
static const struct ws_client_ops live_ops = {.on_open = on_live_open,
                                              .on_text = on_live_text,
                                              .on_binary = on_live_binary,
                                              .on_close = on_live_close};

static int sockets_open(struct view *v)
{
    struct ws_client_options o = {.host = v->host,
                                  .port = v->port,
                                  .tls = v->tls,
                                  .path = "/ws/signal",
                                  .subprotocol = "skep.signal.1",
                                  .authorization = (const char *)v->bearer.data,
                                  .message_max_bytes = WIRE_ENVELOPE_MAX,
                                  .ops = &signal_ops,
                                  .user = v};
    int err = ws_client_connect(&v->signal, v->loop, &o);

    o.path = "/ws/live";
    o.subprotocol = "skep.live.1";
    o.message_max_bytes = WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_MEDIA_MAX;
    o.ops = &live_ops;
    return err ? err : ws_client_connect(&v->live, v->loop, &o);
}

/* ---- the server's API --------------------------------------------------------------------------
 */

static int api_post(struct view *v, const char *path, json_t *body, int wanted, json_t **answer)
{
    size_t len;
    char *text = sk_json_text(body, &len);
    struct https_query q = {.method = "POST",
                            .path = path,
                            .authorization = v->bearer.len ? (const char *)v->bearer.data : NULL,
                            .type = "application/json",
                            .body = text,
                            .body_len = len};
    const char *got;
    size_t got_len;
    int status = 0;
    int err = text ? https_client_query(v->http, &q, &status, &got, &got_len) : -SK_ENOMEM;

    if (!err)
        err = status == wanted ? sk_json_parse(answer, got, got_len)
              : status == 401  ? -SK_EAUTH
              : status == 404  ? -SK_ENOTFOUND
              : status == 429  ? -SK_ELIMIT
                               : -SK_EDENIED;
    if (text)
        sk_wipe(text, len);
    free(text);
    json_decref(body);
    return err;
}

static int log_in(struct view *v, const char *password)
{
    json_t *body = json_object(), *answer = NULL;
    const char *token, *id;

    sk_json_set_str(body, "name", v->o.account);
    sk_json_set_str(body, "password", password);
    sk_json_set_bool(body, "bearer", 1);
    int err = api_post(v, "/api/v1/login", body, 200, &answer);
    if (!err)
        err = sk_json_str(answer, "token", SECRET_MAX - 16, &token);
    if (!err)
        err = sk_json_str(json_object_get(answer, "account"), "id", sizeof(v->account) - 1, &id);
    if (!err)
        err = sk_copy(v->account, sizeof(v->account), id);
    if (!err)
        err = sk_buf_addf(&v->bearer, "Bearer %s", token);
    json_decref(answer);
    return err;
}

static int authorize_view(struct view *v)
{
    json_t *body = json_object(), *actions = json_array(), *answer = NULL;
    const char *code;
    uint8_t session[16];

    sdk_viewer_session(v->viewer, session);
    if (v->o.out)
        json_array_append_new(actions,
                              json_string(strcmp(v->o.stream, "main") ? "live-sub" : "live-main"));
    if (v->o.audio)
        json_array_append_new(actions, json_string("listen"));
    if (v->o.snapshot)
        json_array_append_new(actions, json_string("snapshot"));
    if (v->o.talk)
        json_array_append_new(actions, json_string("talk"));
    sk_json_set_str(body, "device", v->device);
    json_object_set_new(body, "actions", actions);
    sk_json_set_bin(body, "session", session, sizeof(session));
    int err = api_post(v, "/api/v1/authorizations", body, 201, &answer);
    if (!err)
        err = sk_json_str(answer, "code", CODE_MAX - 1, &code);
    if (!err)
        err = sk_copy(v->code, sizeof(v->code), code);
    json_decref(answer);
    return err;
}

/* ---- secrets -----------------------------------------------------------------------------------
 */

static int prompt(struct sk_buf *out, const char *what)
{
    struct termios shown, hidden;
    char line[SECRET_MAX];
    int is_tty = tcgetattr(STDIN_FILENO, &shown) == 0;

    if (is_tty) {
        fprintf(stderr, "%s: ", what);
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    char *got = fgets(line, sizeof(line), stdin);
    if (is_tty) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    int err = got ? sk_buf_add(out, line, strcspn(line, "\r\n")) : -SK_EINVAL;
    sk_wipe(line, sizeof(line));
    return err;
}

static int secret_get(struct sk_buf *out, const char *file, const char *what)
{
    return file ? sk_secret_read(out, file) : prompt(out, what);
}

/* The label of a simulated camera follows from the fleet's seed. */
static int label_from_seed(struct view *v)
{
    char code[WIRE_LABEL_CODE_SIZE];
    struct sk_buf seed;

    sk_buf_init(&seed, SECRET_MAX);
    int err = sk_file_read(&seed, v->o.seed_file);
    if (!err) {
        sdk_label_from_seed(code, seed.data, seed.len, v->device);
        err = sk_buf_add(&v->secret, code, strlen(code));
        sk_wipe(code, sizeof(code));
    }
    sk_buf_fini_wipe(&seed);
    return err;
}

static int commands_read(struct view *v)
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

static int trust_make(struct view *v)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct tls_client_options o = {.alpn = alpn};
    struct sk_buf ca;
    uint8_t pin[PIN_BYTES];
    size_t len;
    int err = -SK_EINVAL;

    sk_buf_init(&ca, CA_MAX);
    if (v->o.ca && (err = sk_file_read(&ca, v->o.ca)) == 0) {
        o.ca = ca.data;
        o.ca_len = ca.len;
    } else if (v->o.pin && !sk_hex_decode(pin, sizeof(pin), &len, v->o.pin, strlen(v->o.pin)) &&
               len == PIN_BYTES) {
        o.pin_sha256 = pin;
        err = 0;
    }
    if (!err)
        err = tls_config_client_new(&v->tls, &o);
    sk_buf_fini(&ca);
    return err;
}

static int server_parse(struct view *v)
{
    static const char scheme[] = "https://";
    uint64_t port = PORT_DEFAULT;
    const char *host = v->o.server;

    if (!host || strncmp(host, scheme, sizeof(scheme) - 1) != 0)
        return -SK_EINVAL;
    host += sizeof(scheme) - 1;
    size_t len = strcspn(host, ":/");
    if (host[len] == ':' &&
        sk_parse_u64(&port, host + len + 1, strspn(host + len + 1, "0123456789"), 65535))
        return -SK_EINVAL;
    if (len == 0 || len >= sizeof(v->host))
        return -SK_EINVAL;
    memcpy(v->host, host, len);
    v->port = (uint16_t)port;
    return 0;
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static void on_timer(struct net_timer *t, void *arg)
{
    struct view *v = arg;
    int64_t now_ms = sk_clock_mono_ms(), next = sdk_viewer_tick(v->viewer, now_ms);

    int is_late = now_ms - v->started_ms > FIRST_UNIT_MS;
    int is_running = v->o.out || v->o.audio || v->o.talk;
    int is_owed = v->o.snapshot && !v->is_shot;

    talk_run(v, now_ms);
    if ((is_owed || (is_running && !v->first_ms)) && is_late)
        over(v, is_owed ? "no snapshot came" : "no picture came");
    else if (!is_owed && (!is_running || (v->until_ms && now_ms >= v->until_ms)))
        finish(v, now_ms);
    if (v->is_talking && v->talk_due_ms < next)
        next = v->talk_due_ms;
    int64_t in_ms = next == INT64_MAX || next - now_ms > 100 ? 100 : next - now_ms;
    net_timer_set_in(t, in_ms > 0 ? in_ms : 1);
}

static int prepare(struct view *v)
{
    struct sk_buf password;
    int err = server_parse(v);

    if (err)
        return fprintf(stderr, "skep: --server https://name:port is needed\n"), err;
    if ((err = trust_make(v)) != 0)
        return fprintf(stderr, "skep: --ca FILE or --pin HEX is needed: how else to know the "
                               "server?\n"),
               err;
    sk_buf_init(&password, SECRET_MAX);
    err = secret_get(&password, v->o.password_file, "Account password");
    if (!err)
        err = v->o.seed_file ? label_from_seed(v)
                             : secret_get(&v->secret, v->o.label_file, "Camera label or password");
    if (err)
        fprintf(stderr, "skep: a secret cannot be read: %s\n", sk_error_text(err));
    if (!err && (err = commands_read(v)) != 0)
        fprintf(stderr, "skep: --command-file: {\"commands\":[{\"do\",\"arg\"}]} is needed\n");
    if (!err)
        err = https_client_new(&v->http, v->host, v->port, v->tls);
    if (!err && (err = log_in(v, (const char *)password.data)) != 0)
        fprintf(stderr, "skep: logging in: %s\n", sk_error_text(err));
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
    struct sdk_viewer_options o = {.device = v->device, .account = v->account};
    int err = sdk_viewer_new(&v->viewer, &o, &viewer_ops, v);

    if (err)
        fprintf(stderr, "skep: %s is no camera's id (26 letters and digits)\n", v->device);
    if (!err && (err = authorize_view(v)) != 0)
        fprintf(stderr, "skep: the server gives no code for %s: %s\n", v->device,
                sk_error_text(err));
    if (!err)
        err = net_loop_new(&v->loop);
    if (!err)
        err = file_open(&v->file, v->o.out);
    if (!err)
        err = file_open(&v->audio_file, v->o.audio);
    return err ? err : sockets_open(v);
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

int cli_view(int argc, char **argv)
{
    struct view v = {.file = -1, .audio_file = -1, .o = {.stream = "main", .seconds = 10}};
    const struct args_flag flags[] = {
        {"--server", ARGS_TEXT, &v.o.server, 0, 0, "URL", "the box, https://name:port"},
        {"--ca", ARGS_TEXT, &v.o.ca, 0, 0, "FILE", "authority that vouches for it, PEM; or"},
        {"--pin", ARGS_TEXT, &v.o.pin, 0, 0, "HEX", "SHA-256 of its certificate"},
        {"--account", ARGS_TEXT, &v.o.account, 0, 0, "NAME", "account name"},
        {"--password-file", ARGS_TEXT, &v.o.password_file, 0, 0, "FILE",
         "its password; - reads standard input; default: ask"},
        {"--label-file", ARGS_TEXT, &v.o.label_file, 0, 0, "FILE",
         "the camera's label code; default: ask"},
        {"--chosen", ARGS_SWITCH, &v.o.chosen, 0, 0, "", "it is a chosen password, no label code"},
        {"--seed-file", ARGS_TEXT, &v.o.seed_file, 0, 0, "FILE",
         "simulated cameras: the fleet's label seed instead"},
        {"--stream", ARGS_TEXT, &v.o.stream, 0, 0, "NAME", "main or sub (main)"},
        {"--seconds", ARGS_INT, &v.o.seconds, 1, 86400, "N", "how long (10)"},
        {"--out", ARGS_TEXT, &v.o.out, 0, 0, "FILE",
         "where the picture goes (clip.mp4 if nothing else is asked for)"},
        {"--snapshot", ARGS_TEXT, &v.o.snapshot, 0, 0, "FILE", "take one picture, a JPEG"},
        {"--audio", ARGS_TEXT, &v.o.audio, 0, 0, "FILE", "listen; the sound goes there as MP4"},
        {"--talk", ARGS_SWITCH, &v.o.talk, 0, 0, "",
         "speak (silence) through the camera and ask what it heard"},
        {"--command-file", ARGS_TEXT, &v.o.command_file, 0, 0, "FILE",
         "{\"commands\":[{\"do\",\"arg\"}]} to send first; prints the answers"},
        {"--quiet", ARGS_SWITCH, &v.o.quiet, 0, 0, "", "say nothing but errors"},
        {"--help", ARGS_SWITCH, &v.o.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;

    sk_buf_init(&why, 512);
    sk_buf_init(&v.bearer, SECRET_MAX);
    sk_buf_init(&v.secret, SECRET_MAX);
    int err = args_parse(flags, &argc, argv, &why);
    if (!err && !v.o.help && (argc != 2 || !v.o.account))
        err = sk_buf_add_str(&why, argc != 2 ? "which camera? (see --help)" : "--account is needed")
                  ? -SK_EINTERNAL
                  : -SK_EINVAL;
    if (v.o.help)
        return usage(flags);
    if (!v.o.out && !v.o.snapshot && !v.o.audio && !v.o.talk)
        v.o.out = "clip.mp4";
    if (err)
        fprintf(stderr, "skep: %s\n", why.len ? (const char *)why.data : sk_error_text(err));
    sk_buf_fini(&why);
    if (err)
        return 2;
    v.device = argv[1];
    net_process_init();
    err = tls_init();
    if (!err)
        err = prepare(&v);
    if (!err)
        err = view_open(&v);
    if (!err)
        view_run(&v);
    report(&v);
    view_fini(&v);
    return err || v.failed || (!v.units && !v.o.talk) ? 1 : 0;
}
