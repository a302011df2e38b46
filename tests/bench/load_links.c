/* Idle device links: N cameras in this process, each with its own certificate, over mutual TLS.
 * The identities come from `skep fleet --prepare`. Every envelope is answered (see load_signal).
 *
 *     load_links --server URL --dir DIR --count N [--full] [--first N]
 *
 * Prints links_up, links_resumed and connect_s when all are up for the first time, then runs on;
 * when links are lost, connects again with the SDK's back-off and prints links_lost and, once all
 * are back, back_s (from the first loss). SIGTERM ends it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/sys.h"
#include "crypto/tls.h"
#include "tests/bench/load/camera.h"
#include "tests/bench/load/tools.h"

enum { COUNT_MAX = 100000 };

static struct {
    const char *server, *dir;
    int64_t count, first, window;
    int full, help;
} o = {.dir = "cams", .count = 1000, .window = 256};

static struct {
    struct box box;
    struct net_loop *loop;
    struct bench_camera *cameras;
    size_t started, up, resumed, failed, lost;
    int64_t start_us, lost_us;
    int was_whole;
} run;

static void start_more(void)
{
    while (run.started < (size_t)o.count && run.started < run.up + (size_t)o.window)
        bench_camera_start(&run.cameras[run.started++], 0);
}

static void whole_report(void)
{
    int64_t from_us = run.was_whole ? run.lost_us : run.start_us;

    figure("links_up", (double)run.up, "links");
    figure("links_resumed", (double)run.resumed, "links");
    figure("connects_failed", (double)run.failed, "tries");
    figure(run.was_whole ? "back_s" : "connect_s", (double)(now_us() - from_us) / 1e6, "s");
    run.was_whole = 1;
    run.lost = run.failed = 0;
}

static void on_up(struct bench_camera *c, int resumed)
{
    (void)c;
    run.up++;
    run.resumed += resumed != 0;
    if (!run.was_whole)
        start_more();
    if (run.up == (size_t)o.count)
        whole_report();
}

static void on_down(struct bench_camera *c, int was_up, int reason)
{
    if (!was_up) {
        if (run.failed++ == 0)
            fprintf(stderr, "%s: not connected: %s\n", c->vault.device, sk_error_text(reason));
        return;
    }
    run.up--;
    run.resumed -= c->is_resumed != 0;
    if (run.lost++ == 0) {
        run.lost_us = now_us();
        figure("links_lost", 1, "first");
    }
}

static const struct bench_camera_ops camera_ops = {.up = on_up, .down = on_down};

static int cameras_open(void)
{
    int err = 0;

    run.cameras = sk_alloc((size_t)o.count * sizeof(*run.cameras));
    for (int64_t i = 0; !err && i < o.count; i++) {
        struct bench_camera *c = &run.cameras[i];
        c->box = &run.box;
        c->loop = run.loop;
        c->ops = &camera_ops;
        c->is_without_ticket = o.full;
        err = bench_camera_open(c, o.dir, (unsigned)(o.first + i));
    }
    return err;
}

int main(int argc, char **argv)
{
    const struct args_flag flags[] = {
        {"--server", ARGS_TEXT, &o.server, 0, 0, "URL", "the box, https://name:port"},
        {"--dir", ARGS_TEXT, &o.dir, 0, 0, "DIR", "folder of skep fleet --prepare (cams)"},
        {"--count", ARGS_INT, &o.count, 1, COUNT_MAX, "N", "links (1000)"},
        {"--first", ARGS_INT, &o.first, 0, COUNT_MAX, "N", "number of the first camera (0)"},
        {"--window", ARGS_INT, &o.window, 1, COUNT_MAX, "N", "connecting at once, at first (256)"},
        {"--full", ARGS_SWITCH, &o.full, 0, 0, "", "offer no ticket: full handshakes only"},
        {"--help", ARGS_SWITCH, &o.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    int code = flags_take(flags, argc, argv, "load_links: idle device links, with echo");

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
        err = net_loop_new(&run.loop);
    if (!err)
        err = cameras_open();
    if (err)
        return fail("load_links", err);
    run.start_us = now_us();
    start_more();
    while (!stop_asked())
        net_loop_run_one(run.loop, 200);
    for (int64_t i = 0; i < o.count; i++)
        bench_camera_close(&run.cameras[i]);
    net_loop_free(run.loop);
    free(run.cameras);
    box_fini(&run.box);
    return 0;
}
