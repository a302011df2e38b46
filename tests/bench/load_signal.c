/* Signaling round trips: viewers on /ws/signal exchange envelopes with cameras that `load_links`
 * holds and that send every envelope back. Each session has a business authorization code of its
 * own and keeps to the server's 32 envelopes a second.
 *
 *     load_signal --server URL --dir DIR --account NAME --password-file F --sessions N
 *                 [--rate N] [--seconds N] [--pid SERVER]
 *
 * First `rate` round trips a second in all, evenly spread (delays counted from the moment a round
 * trip was due), then as many as go: one under way a session, 30 a second at most. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "firmware-sim/link/vault.h"
#include "net/ws_client.h"
#include "tests/bench/load/owner.h"
#include "tests/bench/load/tools.h"
#include "wire/envelope.h"

enum {
    SESSIONS_PER_SOCKET = 32,
    SESSIONS_PER_LOGIN = 31 * SESSIONS_PER_SOCKET, /* the server gives 1,024 codes to a login */
    LOGINS_MAX = 128,
    SESSIONS_MAX = LOGINS_MAX * SESSIONS_PER_LOGIN,
    SESSION_RATE = 30, /* a second; the server allows 32 */
    BODY_BYTES = 96,   /* about a sealed PING record in its envelope */
    TTL = 100,
    OPEN_WAIT_MS = 30000,
    WARM_MS = 1000
};

static struct {
    const char *server, *dir, *account, *password_file;
    int64_t sessions, rate, seconds, pid;
    int help;
} o = {.dir = "cams", .account = "owner", .sessions = 256, .rate = 500, .seconds = 10};

struct session {
    struct ws_client *socket;
    char device[VAULT_ID_SIZE], code[OWNER_CODE_SIZE];
    uint8_t id[16], device_raw[16];
    uint32_t seq;
    int64_t due_us, sent_us; /* sent_us: when the one under way was due; 0 = none */
    int is_open;
};

static struct {
    struct box box;
    struct owner logins[LOGINS_MAX];
    struct net_loop *loop;
    struct session *sessions;
    struct net_timer tick;
    int64_t gap_us; /* between two round trips of one session */
    int is_saturating, is_counting, is_ending;
    size_t opened, open_sockets, ended, refused;
    uint64_t done;
    struct delays delays;
} run;

/* ---- opening --------------------------------------------------------------------------------- */

static struct owner *login_of(int64_t number)
{
    return &run.logins[number / SESSIONS_PER_LOGIN];
}

static int session_prepare(struct session *s, unsigned number)
{
    struct sk_buf id;
    char name[32];
    size_t len;

    sk_buf_init(&id, VAULT_ID_SIZE - 1);
    snprintf(name, sizeof(name), "%05u/id", number);
    char *path = sk_path_join(o.dir, name);
    int err = sk_file_read(&id, path);
    if (!err)
        err = sk_copy(s->device, sizeof(s->device), (const char *)id.data);
    if (!err)
        err =
            sk_b32_decode(s->device_raw, sizeof(s->device_raw), &len, s->device, strlen(s->device));
    sk_random(s->id, sizeof(s->id));
    if (!err)
        err = owner_authorize(login_of(number), s->device, s->id, s->code);
    sk_buf_fini(&id);
    free(path);
    return err;
}

static void open_send(struct session *s)
{
    json_t *body = json_object(), *inner = json_object();
    size_t len;

    sk_json_set_bin(inner, "session", s->id, sizeof(s->id));
    sk_json_set_str(inner, "device", s->device);
    sk_json_set_str(inner, "code", s->code);
    json_object_set_new(body, "open", inner);
    char *text = sk_json_text(body, &len);
    if (!text || ws_client_send_text(s->socket, text, len))
        run.refused++;
    free(text);
    json_decref(body);
}

static void on_open(void *user)
{
    struct session *first = user;

    run.open_sockets++;
    for (size_t i = 0; i < SESSIONS_PER_SOCKET; i++)
        if (first + i < run.sessions + o.sessions)
            open_send(first + i);
}

static struct session *session_find(const struct session *first, const uint8_t id[16])
{
    for (size_t i = 0; i < SESSIONS_PER_SOCKET; i++) {
        struct session *s = &run.sessions[(size_t)(first - run.sessions) + i];
        if (s < run.sessions + o.sessions && memcmp(s->id, id, sizeof(s->id)) == 0)
            return s;
    }
    return NULL;
}

static void on_text(void *user, const char *text, size_t len)
{
    json_t *body = NULL;
    uint8_t id[16];
    int err = sk_json_parse(&body, text, len);
    const json_t *opened = json_object_get(body, "opened");
    struct session *s = NULL;

    if (!err && opened && sk_json_bin(opened, "session", id, sizeof(id)) == 0)
        s = session_find(user, id);
    if (s) {
        s->is_open = 1;
        run.opened++;
    } else if (run.refused++ == 0) {
        fprintf(stderr, "not opened: %.*s\n", (int)len, text);
    }
    json_decref(body);
}

/* ---- round trips ----------------------------------------------------------------------------- */

static void on_binary(void *user, const uint8_t *data, size_t len)
{
    struct wire_envelope e;
    struct session *s = wire_envelope_decode(&e, data, len) ? NULL : session_find(user, e.session);

    if (!s || e.type != WIRE_ENVELOPE_BODY || e.body_len != BODY_BYTES) {
        if (run.ended++ == 0)
            fprintf(stderr, "a session ended: type %u, reason %u\n", e.type, e.reason);
        if (s)
            s->is_open = 0;
        return;
    }
    if (run.is_counting) {
        run.done++;
        delays_add(&run.delays, now_us() - s->sent_us);
    }
    s->sent_us = 0;
}

static void on_close(void *user, unsigned code, int status)
{
    struct session *first = user;

    if (!run.is_ending)
        fprintf(stderr, "a socket was closed: code %u, status %d\n", code, status);
    run.open_sockets--;
    for (size_t i = 0; i < SESSIONS_PER_SOCKET && first + i < run.sessions + o.sessions; i++) {
        first[i].socket = NULL;
        first[i].is_open = 0;
    }
}

static const struct ws_client_ops ops = {
    .on_open = on_open, .on_text = on_text, .on_binary = on_binary, .on_close = on_close};

static void envelope_send(struct session *s, int64_t due_us)
{
    uint8_t body[BODY_BYTES] = {0}, out[WIRE_ENVELOPE_MAX];
    struct wire_envelope e = {.type = WIRE_ENVELOPE_BODY,
                              .ttl = TTL,
                              .seq = s->seq++,
                              .body = body,
                              .body_len = sizeof(body)};
    size_t len;

    memcpy(e.session, s->id, sizeof(e.session));
    memcpy(e.device, s->device_raw, sizeof(e.device));
    s->sent_us = due_us;
    if (wire_envelope_encode(out, sizeof(out), &len, &e) ||
        ws_client_send_binary(s->socket, out, len))
        s->is_open = 0;
}

/* Every ms: what is due goes out. A round trip that is late holds up only its own session. */
static void on_tick(struct net_timer *t, void *arg)
{
    int64_t now = now_us();

    (void)arg;
    for (struct session *s = run.sessions; s < run.sessions + o.sessions; s++) {
        if (!s->is_open || s->sent_us || now < s->due_us)
            continue;
        envelope_send(s, run.is_saturating ? now : s->due_us);
        s->due_us = run.is_saturating ? now + run.gap_us : s->due_us + run.gap_us;
    }
    net_timer_set_in(t, 1);
}

static void run_for(int64_t ms)
{
    int64_t until_us = now_us() + ms * 1000;

    while (!stop_asked() && now_us() < until_us)
        net_loop_run_one(run.loop, 50);
}

static void measure(const char *what, int is_saturating, int64_t gap_us)
{
    char name[64];
    int64_t now = now_us();

    run.is_saturating = is_saturating;
    run.gap_us = gap_us;
    for (int64_t i = 0; i < o.sessions; i++)
        run.sessions[i].due_us = now + gap_us * i / o.sessions;
    run_for(WARM_MS);
    delays_reset(&run.delays);
    run.done = 0;
    run.is_counting = 1;
    uint64_t cpu_ms = process_cpu_ms(o.pid);
    int64_t from_us = now_us();
    run_for(o.seconds * 1000);
    double seconds = (double)(now_us() - from_us) / 1e6;
    double cpu_s = (double)(process_cpu_ms(o.pid) - cpu_ms) / 1000;
    run.is_counting = 0;

    snprintf(name, sizeof(name), "%s_rt_per_s", what);
    figure(name, (double)run.done / seconds, "1/s");
    snprintf(name, sizeof(name), "%s_p50_ms", what);
    figure(name, delays_percentile(&run.delays, 50) / 1000, "ms");
    snprintf(name, sizeof(name), "%s_p99_ms", what);
    figure(name, delays_percentile(&run.delays, 99) / 1000, "ms");
    if (cpu_s > 0) {
        snprintf(name, sizeof(name), "%s_rt_per_cpu_s", what);
        figure(name, (double)run.done / cpu_s, "1/s");
    }
}

/* ---- the run --------------------------------------------------------------------------------- */

/* The socket of sessions `from`..: connected as soon as they have their codes, which wait a minute.
 */
static int socket_open(int64_t from, int64_t to)
{
    struct ws_client_options w = {.host = run.box.host,
                                  .port = run.box.port,
                                  .tls = login_of(from)->tls,
                                  .path = "/ws/signal",
                                  .subprotocol = "skep.signal.1",
                                  .authorization = login_of(from)->bearer,
                                  .message_max_bytes = WIRE_ENVELOPE_MAX,
                                  .ops = &ops,
                                  .user = &run.sessions[from]};
    struct ws_client *socket;
    int err = 0;

    for (int64_t i = from; !err && i < to; i++) {
        err = session_prepare(&run.sessions[i], (unsigned)i);
        net_loop_run_one(run.loop, 0);
    }
    if (!err)
        err = ws_client_connect(&socket, run.loop, &w);
    for (int64_t i = from; !err && i < to; i++)
        run.sessions[i].socket = socket;
    return err;
}

static int everything_open(void)
{
    int err = net_loop_new(&run.loop);

    run.sessions = sk_alloc((size_t)o.sessions * sizeof(*run.sessions));
    for (int64_t i = 0; !err && i < o.sessions && !stop_asked(); i += SESSIONS_PER_SOCKET) {
        int64_t to = i + SESSIONS_PER_SOCKET < o.sessions ? i + SESSIONS_PER_SOCKET : o.sessions;
        if (i % SESSIONS_PER_LOGIN == 0)
            err = owner_open(login_of(i), &run.box, o.account, o.password_file);
        if (!err)
            err = socket_open(i, to);
    }
    int64_t until_ms = sk_clock_mono_ms() + OPEN_WAIT_MS;
    while (!err && run.opened + run.refused < (size_t)o.sessions && !stop_asked()) {
        net_loop_run_one(run.loop, 100);
        if (sk_clock_mono_ms() > until_ms)
            err = -SK_ETIMEOUT;
    }
    return !err && run.refused ? -SK_EDENIED : err;
}

static void everything_close(void)
{
    run.is_ending = 1;
    for (int64_t i = 0; run.sessions && i < o.sessions; i += SESSIONS_PER_SOCKET)
        if (run.sessions[i].socket)
            ws_client_abort(run.sessions[i].socket);
    net_loop_free(run.loop);
    for (size_t i = 0; i < LOGINS_MAX; i++)
        owner_close(&run.logins[i]);
    delays_fini(&run.delays);
    free(run.sessions);
    box_fini(&run.box);
}

int main(int argc, char **argv)
{
    const struct args_flag flags[] = {
        {"--server", ARGS_TEXT, &o.server, 0, 0, "URL", "the box, https://name:port"},
        {"--dir", ARGS_TEXT, &o.dir, 0, 0, "DIR", "folder of skep fleet --prepare (cams)"},
        {"--account", ARGS_TEXT, &o.account, 0, 0, "NAME", "account (owner)"},
        {"--password-file", ARGS_TEXT, &o.password_file, 0, 0, "FILE", "its password"},
        {"--sessions", ARGS_INT, &o.sessions, 1, SESSIONS_MAX, "N",
         "sessions, a camera each (256)"},
        {"--rate", ARGS_INT, &o.rate, 1, 1000000, "N", "moderate load, round trips a second (500)"},
        {"--seconds", ARGS_INT, &o.seconds, 1, 3600, "N", "of each part (10)"},
        {"--pid", ARGS_INT, &o.pid, 1, INT64_MAX, "N", "the server's process, for its CPU time"},
        {"--help", ARGS_SWITCH, &o.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    int code = flags_take(flags, argc, argv, "load_signal: envelopes there and back");

    if (code)
        return code - 1;
    net_process_init();
    stop_watch();
    sk_log_set_level(SK_LOG_ERROR);
    box_init(&run.box);
    int err = tls_init();
    if (!err)
        err = o.server ? box_parse_url(&run.box, o.server) : -SK_EINVAL;
    if (!err)
        err = box_load(&run.box, o.dir);
    if (!err)
        err = everything_open();
    if (!err) {
        figure("signal_sessions", (double)run.opened, "sessions");
        net_timer_init(&run.tick, run.loop, on_tick, NULL);
        net_timer_set_in(&run.tick, 1);
        measure("moderate", 0, 1000000 * o.sessions / o.rate);
        measure("saturated", 1, 1000000 / SESSION_RATE);
        figure("sessions_ended", (double)run.ended, "sessions");
        net_timer_cancel(&run.tick);
    }
    int failed = err ? fail("load_signal", err) : run.ended > 0;
    everything_close();
    return failed;
}
