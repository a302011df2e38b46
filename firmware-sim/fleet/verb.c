/* The verbs. A fleet that `skep serve --fleet N` started gets its orders over a pipe, so that no
 * key, password or seed of a camera is ever in the server's process. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/args.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/keyid.h"
#include "crypto/tls.h"
#include "firmware-sim/fleet/fleet.h"
#include "firmware-sim/fleet/internal.h"
#include "net/loop.h"
#include "sdk/label.h"

enum { ORDERS_MAX = 128 * 1024, TOKEN_MAX = 256, PREPARE_WAIT_S = 3600 };

struct options {
    const char *server, *token_file, *dir, *ca, *pin, *media, *scene, *name, *code_file, *marker;
    const char *note;
    int64_t count, threads, skew_ms, drop_every_s, uplink_kbps, from_fd;
    int prepare, quiet, verbose, help, print_labels, clock_cells;
};

#define COMMON_FLAGS(o)                                                                            \
    {"--server", ARGS_TEXT, &(o).server, 0, 0, "URL", "the box, https://name:port"},               \
        {"--token-file",                                                                           \
         ARGS_TEXT,                                                                                \
         &(o).token_file,                                                                          \
         0,                                                                                        \
         0,                                                                                        \
         "FILE",                                                                                   \
         "enrolment token; - reads standard input (first time only)"},                             \
        {"--dir", ARGS_TEXT, &(o).dir, 0, 0, "DIR", "where the cameras keep what they know"},      \
        {"--pin",                                                                                  \
         ARGS_TEXT,                                                                                \
         &(o).pin,                                                                                 \
         0,                                                                                        \
         0,                                                                                        \
         "HEX",                                                                                    \
         "SHA-256 of the box's certificate (first time only)"},                                    \
        {"--ca", ARGS_TEXT, &(o).ca, 0, 0, "FILE", "or: the authority that vouches for it, PEM"},  \
        {"--media",                                                                                \
         ARGS_TEXT,                                                                                \
         &(o).media,                                                                               \
         0,                                                                                        \
         0,                                                                                        \
         "FILE",                                                                                   \
         "show this file, looped, instead of a drawn scene"},                                      \
        {"--skew-ms",                                                                              \
         ARGS_INT,                                                                                 \
         &(o).skew_ms,                                                                             \
         -86400000LL * 3650,                                                                       \
         86400000LL * 3650,                                                                        \
         "N",                                                                                      \
         "trouble: own clock wrong by N ms"},                                                      \
        {"--drop-every",                                                                           \
         ARGS_INT,                                                                                 \
         &(o).drop_every_s,                                                                        \
         1,                                                                                        \
         86400,                                                                                    \
         "S",                                                                                      \
         "trouble: cut the device link about every S seconds"},                                    \
        {"--uplink-kbps",                                                                          \
         ARGS_INT,                                                                                 \
         &(o).uplink_kbps,                                                                         \
         1,                                                                                        \
         1000000,                                                                                  \
         "N",                                                                                      \
         "trouble: the line carries N kbit/s"},                                                    \
        {"--marker-file",                                                                          \
         ARGS_TEXT,                                                                                \
         &(o).marker,                                                                              \
         0,                                                                                        \
         0,                                                                                        \
         "FILE",                                                                                   \
         "tests: 32 bytes to plant in every picture"},                                             \
        {"--note-file", ARGS_TEXT, &(o).note, 0, 0, "FILE", "tests: a text that `info` answers"},  \
        {"--clock-cells",                                                                          \
         ARGS_SWITCH,                                                                              \
         &(o).clock_cells,                                                                         \
         0,                                                                                        \
         0,                                                                                        \
         "",                                                                                       \
         "a clock that programs can read in every picture (measuring)"},                           \
        {"--verbose", ARGS_SWITCH, &(o).verbose, 0, 0, "", "log every link"},                      \
        {"--quiet", ARGS_SWITCH, &(o).quiet, 0, 0, "", "say nothing but errors"},                  \
    {                                                                                              \
        "--help", ARGS_SWITCH, &(o).help, 0, 0, "", "this text"                                    \
    }

static int fail(const char *what, int err)
{
    fprintf(stderr, "skep: %s: %s\n", what, sk_error_text(err));
    return 1;
}

/* ---- orders from `skep serve` ---------------------------------------------------------------- */

struct orders {
    char setup[TOKEN_MAX], token[TOKEN_MAX], fingerprint[64];
};

static int orders_read(struct fleet *f, struct orders *orders, int fd)
{
    struct sk_buf text;
    json_t *body = NULL;
    const char *ca, *host, *setup, *token, *fingerprint;
    int64_t port;
    uint8_t step[4096];
    ssize_t n;

    sk_buf_init(&text, ORDERS_MAX);
    int err = 0;
    while (!err && (n = read(fd, step, sizeof(step))) != 0) {
        if (n < 0 && errno != EINTR)
            err = -SK_EIO;
        else if (n > 0)
            err = sk_buf_add(&text, step, (size_t)n);
    }
    close(fd);
    if (!err && text.len == 0)
        err = -SK_ECLOSED; /* the server did not come up; it has said why */
    if (!err)
        err = sk_json_parse(&body, text.data, text.len);
    if (!err &&
        (sk_json_str(body, "ca", ORDERS_MAX, &ca) || sk_json_str(body, "host", 255, &host) ||
         sk_json_int(body, "port", 1, 65535, &port) ||
         sk_json_str(body, "setup", TOKEN_MAX - 1, &setup) ||
         sk_json_str(body, "token", TOKEN_MAX - 1, &token) ||
         sk_json_str(body, "fingerprint", 63, &fingerprint)))
        err = -SK_EINVAL;
    if (!err) {
        f->box.port = (uint16_t)port;
        err = sk_copy(f->box.host, sizeof(f->box.host), host);
    }
    if (!err)
        err = sk_copy(orders->setup, sizeof(orders->setup), setup);
    if (!err)
        err = sk_copy(orders->token, sizeof(orders->token), token);
    if (!err)
        err = sk_copy(orders->fingerprint, sizeof(orders->fingerprint), fingerprint);
    if (!err)
        err = sk_buf_add_str(&f->box.ca_pem, ca);
    json_decref(body);
    sk_buf_fini_wipe(&text);
    sk_wipe(step, sizeof(step));
    return err;
}

static void link_print(const struct fleet *f, const struct orders *orders)
{
    char seed[SK_B64_SIZE(SEED_BYTES)];

    sk_b64url_encode(seed, f->seed, SEED_BYTES);
    printf("\n  Skep is ready, with %zu simulated cameras.\n\n", f->count);
    if (orders->setup[0])
        printf("  Open this link to set it up (it works once):\n\n"
               "    https://%s:%u/setup#t=%s&s=%s\n\n",
               f->box.host, f->box.port, orders->setup, seed);
    else
        printf("  Open:\n\n    https://%s:%u/login#s=%s\n\n", f->box.host, f->box.port, seed);
    printf("  Certificate of this box:  %s\n"
           "  The browser will not know it yet: compare before you go on. Ctrl C stops "
           "everything.\n\n",
           orders->fingerprint);
    fflush(stdout);
    sk_wipe(seed, sizeof(seed));
}

/* ---- common steps ---------------------------------------------------------------------------- */

static int file_text(struct sk_buf *out, const char *path, size_t max)
{
    sk_buf_init(out, max);
    return sk_file_read(out, path);
}

static int tests_read(struct fleet *f, const struct options *o, struct sk_buf *note)
{
    struct sk_buf marker;
    int err = 0;

    if (o->marker) {
        err = file_text(&marker, o->marker, CAM_MARKER_LEN);
        if (!err && marker.len != CAM_MARKER_LEN)
            err = -SK_EINVAL;
        if (!err)
            memcpy(f->marker, marker.data, CAM_MARKER_LEN);
        f->has_marker = !err;
        sk_buf_fini_wipe(&marker);
    }
    if (!err && o->note) {
        err = file_text(note, o->note, 4096);
        f->info_note = (const char *)note->data;
    }
    return err;
}

static int box_find(struct fleet *f, const struct options *o)
{
    int err = o->server ? box_parse_url(&f->box, o->server) : -SK_EINVAL;

    if (err) {
        fprintf(stderr, "skep: --server https://name:port is needed\n");
        return err;
    }
    if (o->pin && (err = box_parse_pin(&f->box, o->pin)) != 0)
        fprintf(stderr, "skep: --pin: 64 hex digits are needed\n");
    if (!err && o->ca)
        err = sk_file_read(&f->box.ca_pem, o->ca);
    else if (!err && box_load(&f->box, f->dir) == -SK_ENOTFOUND && !o->pin) {
        fprintf(stderr, "skep: --pin or --ca is needed the first time: a camera talks to no box "
                        "that it cannot tell from another\n");
        err = -SK_EINVAL;
    }
    return err;
}

static int identities_make(struct fleet *f, const char *token_file, const char *token)
{
    struct sk_buf secret, why;

    if (members_without_identity(f) == 0)
        return 0;
    sk_buf_init(&secret, TOKEN_MAX);
    sk_buf_init(&why, 1024);
    int err = token        ? sk_buf_add_str(&secret, token)
              : token_file ? sk_secret_read(&secret, token_file)
                           : -SK_EAUTH;
    if (err)
        fprintf(stderr, "skep: an enrolment token is needed (--token-file): %s\n",
                sk_error_text(err));
    else if ((err = members_enrol(f, (const char *)secret.data, &why)) != 0)
        fprintf(stderr, "skep: %s\n", why.len ? (const char *)why.data : sk_error_text(err));
    sk_buf_fini_wipe(&secret);
    sk_buf_fini(&why);
    return err;
}

static void labels_print(const struct fleet *f)
{
    for (size_t i = 0; i < f->count; i++) {
        char code[WIRE_LABEL_CODE_SIZE];
        member_label(&f->members[i], code);
        printf("%s %s %s\n", f->members[i].vault.device, code, f->members[i].name);
        sk_wipe(code, sizeof(code));
    }
    fflush(stdout);
}

static void wait_for_signal(const sigset_t *signals)
{
    int got;

    while (sigwait(signals, &got) != 0)
        ;
}

/* Until all have been online once (tickets are then on disk). 0 or -SK_ETIMEOUT. */
static int wait_until_all_were_up(struct fleet *f)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PREPARE_WAIT_S;
    while (atomic_load(&f->ever_up) < f->count)
        if (sem_timedwait(&f->changed, &until) && errno == ETIMEDOUT)
            return -SK_ETIMEOUT;
    return 0;
}

static int fleet_run(struct fleet *f, const struct options *o, const sigset_t *signals)
{
    int err = members_start(f, (unsigned)o->threads);

    if (err)
        return fail("starting", err);
    if (o->prepare) {
        err = wait_until_all_were_up(f);
        if (!o->quiet)
            fprintf(stderr, "  prepared %zu cameras\n", f->count);
    } else {
        wait_for_signal(signals);
    }
    members_stop(f);
    return err ? fail("preparing", err) : 0;
}

static void signals_block(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static int fleet_init(struct fleet *f, const struct options *o, struct sk_buf *note)
{
    f->dir = o->dir;
    f->count = (size_t)o->count;
    f->media_path = o->media;
    f->scene = o->scene;
    f->name = o->name;
    f->trouble = (struct sim_trouble){o->skew_ms, o->drop_every_s * 1000, o->uplink_kbps * 1000};
    f->keep_tickets = 1;
    f->clock_cells = o->clock_cells;
    f->quiet = o->quiet;
    box_init(&f->box);
    sem_init(&f->changed, 0, 0);
    sem_init(&f->gone, 0, 0);
    if (o->verbose)
        sk_log_set_level(SK_LOG_DEBUG);
    net_process_init();
    int err = tls_init();
    if (!err)
        err = tests_read(f, o, note);
    return err ? err : seed_load(f);
}

static void fleet_fini(struct fleet *f, struct sk_buf *note)
{
    members_close(f);
    box_fini(&f->box);
    sem_destroy(&f->changed);
    sem_destroy(&f->gone);
    sk_wipe(f->seed, sizeof(f->seed));
    sk_buf_fini(note);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static int flags_read(const struct args_flag *flags, const struct options *o, int argc, char **argv,
                      const char *usage)
{
    struct sk_buf why;

    sk_buf_init(&why, 512);
    argc--;
    argv++;
    int err = args_parse(flags, &argc, argv, &why);
    if (!err && argc > 0)
        err = sk_buf_addf(&why, "%s: what is this?", argv[0]) ? -SK_EINTERNAL : -SK_EINVAL;
    if (o->help) {
        printf("%s\n", usage);
        args_help(stdout, flags);
        sk_buf_fini(&why);
        return 1;
    }
    if (err)
        fprintf(stderr, "skep: %s\n", why.len ? (const char *)why.data : sk_error_text(err));
    sk_buf_fini(&why);
    return err;
}

int fleet_verb(int argc, char **argv)
{
    struct options o = {.count = 12, .threads = 1, .dir = "skep-fleet", .from_fd = -1};
    const struct args_flag flags[] = {
        {"--count", ARGS_INT, &o.count, 1, FLEET_MAX, "N", "how many cameras (12)"},
        COMMON_FLAGS(o),
        {"--threads", ARGS_INT, &o.threads, 1, 16, "N", "threads that run them (1)"},
        {"--prepare", ARGS_SWITCH, &o.prepare, 0, 0, "",
         "enrol all, connect each once, keep keys and tickets in --dir, end"},
        {"--print-labels", ARGS_SWITCH, &o.print_labels, 0, 0, "",
         "print 'device code name' lines: labels are secrets"},
        {"--from-fd", ARGS_INT, &o.from_fd, 3, 1024, "N", "orders of `skep serve --fleet`"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct fleet f = {.dir = NULL};
    struct orders orders = {.setup = ""};
    struct sk_buf note;
    sigset_t signals;

    int err = flags_read(flags, &o, argc, argv,
                         "skep fleet: simulated cameras that run the real firmware code.\n"
                         "What they film is drawn.\n");
    if (err)
        return o.help ? 0 : 2;
    sk_buf_init(&note, 4096);
    signals_block(&signals);
    if (o.from_fd >= 0)
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* the fleet ends with its server */
    err = fleet_init(&f, &o, &note);
    if (!err)
        err = o.from_fd >= 0 ? orders_read(&f, &orders, (int)o.from_fd) : box_find(&f, &o);
    if (!err && o.from_fd >= 0)
        link_print(&f, &orders);
    if (!err)
        err = members_open(&f);
    if (!err)
        err = identities_make(&f, o.token_file, o.from_fd >= 0 ? orders.token : NULL);
    sk_wipe(&orders, sizeof(orders));
    if (!err && o.print_labels)
        labels_print(&f);
    int code = err ? 1 : fleet_run(&f, &o, &signals);
    if (err && err != -SK_ECLOSED)
        fprintf(stderr, "skep: the fleet did not start: %s\n", sk_error_text(err));
    fleet_fini(&f, &note);
    return code;
}

/* A single camera has a random label of its own, kept beside its state. */
static int own_label(struct fleet *f, const struct options *o, char code[WIRE_LABEL_CODE_SIZE])
{
    char *path = sk_path_join(f->dir, "label");
    struct sk_buf text;
    uint8_t random[14];

    sk_buf_init(&text, 64);
    int err = sk_secret_read(&text, o->code_file ? o->code_file : path);
    if (!err) {
        err = sdk_label_parse(code, (const char *)text.data, text.len);
    } else if (err == -SK_ENOTFOUND && !o->code_file) {
        sk_random(random, sizeof(random));
        sdk_label_make(code, random);
        sk_wipe(random, sizeof(random));
        err = sk_file_write(path, code, WIRE_LABEL_CODE_LEN, 0600);
    }
    sk_buf_fini_wipe(&text);
    free(path);
    f->label_code = code;
    return err;
}

int camera_verb(int argc, char **argv)
{
    struct options o = {.count = 1, .threads = 1, .dir = "skep-camera", .name = "Camera"};
    const struct args_flag flags[] = {
        COMMON_FLAGS(o),
        {"--name", ARGS_TEXT, &o.name, 0, 0, "TEXT", "proposed name (Camera)"},
        {"--scene", ARGS_TEXT, &o.scene, 0, 0, "NAME", "drawn place, e.g. gate-north, car-park"},
        {"--label-file", ARGS_TEXT, &o.code_file, 0, 0, "FILE", "label code to use (0600)"},
        {"--print-label", ARGS_SWITCH, &o.print_labels, 0, 0, "",
         "print 'device code name': the label is a secret"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct fleet f = {.dir = NULL};
    char code[WIRE_LABEL_CODE_SIZE] = "";
    struct sk_buf note;
    sigset_t signals;

    int err = flags_read(flags, &o, argc, argv,
                         "skep camera: one simulated camera that runs the real firmware code.\n");
    if (err)
        return o.help ? 0 : 2;
    sk_buf_init(&note, 4096);
    signals_block(&signals);
    err = fleet_init(&f, &o, &note);
    if (!err)
        err = own_label(&f, &o, code);
    if (!err)
        err = box_find(&f, &o);
    if (!err)
        err = members_open(&f);
    if (!err)
        err = identities_make(&f, o.token_file, NULL);
    if (!err && o.print_labels)
        labels_print(&f);
    int status = err ? fail("the camera did not start", err) : fleet_run(&f, &o, &signals);
    sk_wipe(code, sizeof(code));
    fleet_fini(&f, &note);
    return status;
}
