/* Fan-out: one camera publishes a stream of `kbps` through the relay to N viewers on /ws/live. All
 * ends are in this process, so publishing and receipt are read from one clock: each unit's payload
 * begins with its number and the moment it was written.
 *
 *     load_fanout --server URL --dir DIR --account NAME --password-file F --viewers N
 *                 [--kbps N] [--seconds N] [--pairs N] [--pid SERVER] [--number N]
 *
 * Parts: one viewer alone (the baseline), all viewers, then pairs of times without and with one
 * viewer that has stopped reading (another one each time; it does not count from then on). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "crypto/tls.h"
#include "net/stream.h"
#include "net/ws_client.h"
#include "sdk/uplink.h"
#include "tests/bench/load/camera.h"
#include "tests/bench/load/owner.h"
#include "tests/bench/load/tools.h"
#include "wire/relay.h"

enum {
    VIEWERS_MAX = 4096,
    FPS = 25,
    GROUP = 50,    /* units from KEY to KEY: 2 s */
    KEY_TIMES = 6, /* a KEY unit is so many times as large as another */
    STREAM_ID = 7,
    PTS_STEP = 90000 / FPS,
    INIT_BYTES = 800,
    UPLINK_QUEUE_MAX = 4 << 20,
    OPEN_WAIT_MS = 30000,
    SETTLE_MS = 2500 /* all have had a KEY unit by then */
};

static struct {
    const char *server, *dir, *account, *password_file;
    int64_t viewers, kbps, seconds, pairs, pid, number;
    int help;
} o = {.dir = "cams", .account = "owner", .viewers = 200, .kbps = 2000, .seconds = 10, .pairs = 5};

struct viewer {
    struct ws_client *socket;
    char code[OWNER_CODE_SIZE];
    uint64_t next_number; /* the unit that is due; 0 = none seen yet */
    int is_ready, is_out; /* out: was stalled once, or is closed */
};

static struct {
    struct box box;
    struct owner owner;
    struct net_loop *loop;
    struct bench_camera camera;
    struct sdk_uplink uplink;
    struct net_stream *media;
    struct net_timer tick;
    char *ticket;
    uint8_t *unit;
    uint64_t number;
    int64_t next_us;
    struct viewer *viewers;
    size_t ready, refused, lost, closed, skipped_frames;
    uint64_t bytes, frames;
    struct delays delays;
    int is_counting, is_ending;
} run;

/* ---- the camera's side ----------------------------------------------------------------------- */

static void on_up(struct bench_camera *c, int resumed)
{
    (void)c;
    (void)resumed;
}

static void on_down(struct bench_camera *c, int was_up, int reason)
{
    (void)was_up;
    fprintf(stderr, "%s: link lost: %s\n", c->vault.device, sk_error_text(reason));
}

static void uplink_send(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    if (run.media && net_stream_write(run.media, data, len))
        net_stream_abort(run.media, -SK_ELIMIT);
}

static void unit_send(unsigned flags, size_t len)
{
    struct wire_relay_head h = {.kind = WIRE_RELAY_VIDEO,
                                .flags = (uint16_t)flags,
                                .stream = STREAM_ID,
                                .pts = run.number * PTS_STEP,
                                .len = (uint32_t)len};

    wire_relay_encode(run.unit, &h);
    sk_put_u64(run.unit + WIRE_RELAY_HEAD_BYTES, run.number);
    sk_put_u64(run.unit + WIRE_RELAY_HEAD_BYTES + 8, (uint64_t)now_us());
    if (net_stream_write(run.media, run.unit, WIRE_RELAY_HEAD_BYTES + len))
        run.skipped_frames++;
}

static size_t plain_unit_bytes(void)
{
    size_t group = (size_t)o.kbps * 1000 / 8 * GROUP / FPS;

    return group / (GROUP - 1 + KEY_TIMES);
}

static void on_tick(struct net_timer *t, void *arg)
{
    (void)arg;
    if (!run.media || !run.uplink.is_up)
        return;
    for (; now_us() >= run.next_us; run.next_us += 1000000 / FPS) {
        int is_key = run.number % GROUP == 0;
        if (run.number == 0)
            unit_send(WIRE_RELAY_INIT, INIT_BYTES);
        unit_send(is_key ? WIRE_RELAY_KEY : 0, plain_unit_bytes() * (is_key ? KEY_TIMES : 1));
        run.number++;
    }
    net_timer_set_in(t, (run.next_us - now_us()) / 1000 + 1);
}

static void uplink_ready(void *user)
{
    (void)user;
    run.next_us = now_us();
    net_timer_set_in(&run.tick, 0);
}

static void uplink_keyreq(void *user, uint32_t stream)
{
    (void)user; /* a KEY unit comes every two seconds anyway */
    (void)stream;
}

static void uplink_cut(void *user, unsigned reason)
{
    (void)user;
    if (!run.is_ending)
        fprintf(stderr, "the uplink was cut: reason %u\n", reason);
}

static const struct sdk_uplink_ops uplink_ops = {
    .send = uplink_send, .ready = uplink_ready, .keyreq = uplink_keyreq, .cut = uplink_cut};

static void media_open(struct net_stream *s, const struct tls_peer *peer)
{
    (void)peer;
    if (sdk_uplink_start(&run.uplink, run.ticket, net_loop_now_ms(run.loop)))
        net_stream_abort(s, -SK_EINVAL);
}

static void media_data(struct net_stream *s, const uint8_t *data, size_t len)
{
    if (sdk_uplink_input(&run.uplink, data, len, net_loop_now_ms(run.loop)))
        net_stream_close(s, 0);
}

static void media_close(struct net_stream *s, int reason)
{
    (void)s;
    (void)reason;
    run.media = NULL;
    sdk_uplink_stop(&run.uplink);
}

static const struct net_stream_ops media_ops = {
    .on_open = media_open, .on_data = media_data, .on_close = media_close};

static void on_media_open(struct bench_camera *c, const struct sdk_media_open *m)
{
    struct net_connect_options n = {.host = run.box.host,
                                    .port = m->port,
                                    .tls = run.box.media,
                                    .queue_cap_bytes = UPLINK_QUEUE_MAX,
                                    .ops = &media_ops};

    (void)c;
    if (run.media)
        return;
    free(run.ticket);
    run.ticket = sk_strdup(m->ticket);
    if (net_stream_connect(&run.media, run.loop, &n))
        run.media = NULL;
}

static const struct bench_camera_ops camera_ops = {
    .up = on_up, .down = on_down, .media_open = on_media_open};

/* ---- the viewers' side ----------------------------------------------------------------------- */

static void on_open(void *user)
{
    struct viewer *v = user;
    json_t *body = json_object();
    size_t len;

    sk_json_set_str(body, "code", v->code);
    char *text = sk_json_text(body, &len);
    if (!text || ws_client_send_text(v->socket, text, len))
        run.refused++;
    free(text);
    json_decref(body);
}

static void on_text(void *user, const char *text, size_t len)
{
    struct viewer *v = user;
    uint8_t out[WIRE_RELAY_HEAD_BYTES + 16];
    json_t *body = NULL;

    if (sk_json_parse(&body, text, len) == 0 && json_object_get(body, "ready")) {
        size_t n = wire_relay_control(out, WIRE_RELAY_SUBSCRIBE, STREAM_ID, NULL, 0);
        v->is_ready = 1;
        run.ready++;
        if (ws_client_send_binary(v->socket, out, n))
            run.refused++;
    } else if (run.refused++ == 0) {
        fprintf(stderr, "not ready: %.*s\n", (int)len, text);
    }
    json_decref(body);
}

static void on_binary(void *user, const uint8_t *data, size_t len)
{
    struct viewer *v = user;
    struct wire_relay_head h;

    if (wire_relay_decode_whole(&h, data, len) || wire_relay_is_control(&h) ||
        (h.flags & WIRE_RELAY_INIT) || v->is_out)
        return;
    uint64_t number = sk_get_u64(data + WIRE_RELAY_HEAD_BYTES);
    if (run.is_counting) {
        if (v->next_number && number > v->next_number)
            run.lost += number - v->next_number;
        delays_add(&run.delays, now_us() - (int64_t)sk_get_u64(data + WIRE_RELAY_HEAD_BYTES + 8));
        run.bytes += len;
        run.frames++;
    }
    v->next_number = number + 1;
}

static void on_close(void *user, unsigned code, int status)
{
    struct viewer *v = user;

    v->socket = NULL;
    if (!v->is_out && !run.is_ending) {
        fprintf(stderr, "a viewer was closed: code %u, status %d\n", code, status);
        run.closed++;
    }
    v->is_out = 1;
}

static const struct ws_client_ops viewer_ops = {
    .on_open = on_open, .on_text = on_text, .on_binary = on_binary, .on_close = on_close};

static int viewers_connect(int64_t from, int64_t to)
{
    struct ws_client_options w = {.host = run.box.host,
                                  .port = run.box.port,
                                  .tls = run.owner.tls,
                                  .path = "/ws/live",
                                  .subprotocol = "skep.live.1",
                                  .authorization = run.owner.bearer,
                                  .message_max_bytes = WIRE_RELAY_HEAD_BYTES + WIRE_RELAY_MEDIA_MAX,
                                  .ops = &viewer_ops};
    int64_t until_ms = sk_clock_mono_ms() + OPEN_WAIT_MS;
    uint8_t session[16];
    int err = 0;

    for (int64_t i = from; !err && i < to; i++) {
        struct viewer *v = &run.viewers[i];
        sk_random(session, sizeof(session));
        err = owner_authorize(&run.owner, run.camera.vault.device, session, v->code);
        w.user = v;
        if (!err)
            err = ws_client_connect(&v->socket, run.loop, &w);
        net_loop_run_one(run.loop, 0);
    }
    while (!err && run.ready < (size_t)to && !run.refused && !stop_asked()) {
        net_loop_run_one(run.loop, 50);
        if (sk_clock_mono_ms() > until_ms)
            err = -SK_ETIMEOUT;
    }
    return !err && run.refused ? -SK_EDENIED : err;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void run_for(int64_t ms)
{
    int64_t until_us = now_us() + ms * 1000;

    while (!stop_asked() && now_us() < until_us)
        net_loop_run_one(run.loop, 20);
}

static void count_for(int64_t ms)
{
    delays_reset(&run.delays);
    run.bytes = run.frames = 0;
    run.is_counting = 1;
    run_for(ms);
    run.is_counting = 0;
}

static double baseline(void)
{
    run_for(SETTLE_MS);
    count_for(o.seconds * 1000);
    figure("fanout_one_p50_ms", delays_percentile(&run.delays, 50) / 1000, "ms");
    figure("fanout_one_p99_ms", delays_percentile(&run.delays, 99) / 1000, "ms");
    return delays_percentile(&run.delays, 50);
}

static void all_together(double one_us)
{
    run_for(SETTLE_MS);
    uint64_t first = run.number, cpu_ms = process_cpu_ms(o.pid);
    run.lost = 0;
    count_for(o.seconds * 1000);
    double cpu_s = (double)(process_cpu_ms(o.pid) - cpu_ms) / 1000;
    figure("fanout_viewers", (double)run.ready, "viewers");
    figure("fanout_published", (double)(run.number - first), "units");
    figure("fanout_delivered", (double)run.frames, "units");
    figure("fanout_mbit_s", (double)run.bytes * 8 / 1e6 / (double)o.seconds, "Mbit/s");
    if (o.pid && run.bytes)
        figure("fanout_cpu_s_per_gb", cpu_s / ((double)run.bytes / 1e9), "s");
    figure("fanout_p50_ms", delays_percentile(&run.delays, 50) / 1000, "ms");
    figure("fanout_added_p99_ms", (delays_percentile(&run.delays, 99) - one_us) / 1000, "ms");
    figure("fanout_lost_frames", (double)run.lost, "units");
}

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void stalled(void)
{
    double shift[64];
    int64_t pairs = o.pairs > 64 ? 64 : o.pairs;

    for (int64_t i = 0; i < pairs && !stop_asked(); i++) {
        struct viewer *victim = &run.viewers[i];
        count_for(o.seconds * 1000);
        double before = delays_percentile(&run.delays, 95);
        victim->is_out = 1;
        if (victim->socket)
            ws_client_pause(victim->socket);
        count_for(o.seconds * 1000);
        shift[i] = (delays_percentile(&run.delays, 95) / before - 1) * 100;
        fprintf(stderr, "stalled viewer %lld: p95 %.2f -> %.2f ms\n", (long long)i + 1,
                before / 1000, delays_percentile(&run.delays, 95) / 1000);
    }
    qsort(shift, (size_t)pairs, sizeof(*shift), double_compare);
    figure("stalled_shift_pct", shift[pairs / 2], "%");
    figure("stalled_pairs", (double)pairs, "pairs");
    figure("fanout_closed", (double)run.closed, "viewers");
}

static int prepare(void)
{
    int err = box_load(&run.box, o.dir);

    run.unit = sk_alloc(WIRE_RELAY_HEAD_BYTES + plain_unit_bytes() * KEY_TIMES + INIT_BYTES);
    run.viewers = sk_alloc((size_t)o.viewers * sizeof(*run.viewers));
    sdk_uplink_init(&run.uplink, &uplink_ops, NULL);
    if (!err)
        err = box_ready(&run.box);
    if (!err)
        err = net_loop_new(&run.loop);
    run.camera.box = &run.box;
    if (!err)
        err = bench_camera_open(&run.camera, o.dir, (unsigned)o.number);
    if (!err)
        err = owner_open(&run.owner, &run.box, o.account, o.password_file);
    if (err)
        return err;
    net_timer_init(&run.tick, run.loop, on_tick, NULL);
    run.camera.loop = run.loop;
    run.camera.ops = &camera_ops;
    bench_camera_start(&run.camera, 0);
    int64_t until_ms = sk_clock_mono_ms() + OPEN_WAIT_MS;
    while (!run.camera.is_up && sk_clock_mono_ms() < until_ms && !stop_asked())
        net_loop_run_one(run.loop, 50);
    return run.camera.is_up ? 0 : -SK_ETIMEOUT;
}

static void everything_close(void)
{
    run.is_ending = 1;
    net_timer_cancel(&run.tick);
    for (int64_t i = 0; run.viewers && i < o.viewers; i++)
        if (run.viewers[i].socket)
            ws_client_abort(run.viewers[i].socket);
    if (run.media)
        net_stream_abort(run.media, 0);
    bench_camera_close(&run.camera);
    net_loop_free(run.loop);
    owner_close(&run.owner);
    delays_fini(&run.delays);
    free(run.ticket);
    free(run.unit);
    free(run.viewers);
    box_fini(&run.box);
}

int main(int argc, char **argv)
{
    const struct args_flag flags[] = {
        {"--server", ARGS_TEXT, &o.server, 0, 0, "URL", "the box, https://name:port"},
        {"--dir", ARGS_TEXT, &o.dir, 0, 0, "DIR", "folder of skep fleet --prepare (cams)"},
        {"--number", ARGS_INT, &o.number, 0, 99999, "N", "the camera in it that publishes (0)"},
        {"--account", ARGS_TEXT, &o.account, 0, 0, "NAME", "account (owner)"},
        {"--password-file", ARGS_TEXT, &o.password_file, 0, 0, "FILE", "its password"},
        {"--viewers", ARGS_INT, &o.viewers, 1, VIEWERS_MAX, "N", "viewers (200)"},
        {"--kbps", ARGS_INT, &o.kbps, 50, 100000, "N", "kbit/s of the stream (2000)"},
        {"--seconds", ARGS_INT, &o.seconds, 1, 3600, "N", "of each part (10)"},
        {"--pairs", ARGS_INT, &o.pairs, 1, 64, "N", "times without and with a stalled viewer (5)"},
        {"--pid", ARGS_INT, &o.pid, 1, INT64_MAX, "N", "the server's process, for its CPU time"},
        {"--help", ARGS_SWITCH, &o.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    int code = flags_take(flags, argc, argv, "load_fanout: one stream to many viewers");

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
        err = prepare();
    if (!err)
        err = viewers_connect(0, 1);
    double one_us = err ? 0 : baseline();
    if (!err)
        err = viewers_connect(1, o.viewers);
    if (!err) {
        all_together(one_us);
        stalled();
    }
    int failed = err ? fail("load_fanout", err) : run.closed > 0;
    everything_close();
    return failed;
}
