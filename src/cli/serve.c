/* `skep serve`: open the store, start the rooms, wait, drain. The fleet of the demonstration is
 * started first, as another process of the same binary, before there is any secret here. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/args.h"
#include "base/asset.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/settings.h"
#include "core/metrics.h"
#include "core/sandbox.h"
#include "crypto/tls.h"
#include "device/device.h"
#include "edge/edge.h"
#include "http/http.h"
#include "net/loop.h"
#include "outbound/outbound.h"
#include "store/store.h"

enum { SCHEMAS_MAX = 64, FLEET_TOKEN_S = 3600 };

struct options {
    int64_t fleet;
    const char *fleet_dir, *dev_root;
    int help;
};

struct server {
    struct options o;
    struct config *config;
    struct house house;
    size_t started; /* rooms */
    int fleet_fd;   /* write end of the fleet's orders, -1 = none */
    pid_t fleet_pid;
};

static int say(const char *what, int err)
{
    fprintf(stderr, "skep: %s: %s\n", what, sk_error_text(err));
    return err;
}

/* ---- the fleet's process --------------------------------------------------------------------- */

/* Started as root: the cameras' process is no more than the box itself, which could not end it
 * otherwise. */
static int fleet_become(const struct server *s, const char *dir)
{
    const char *user = config_text(s->config, "core.user");
    int err = 0;

    umask(077);
    if (user)
        err = sk_dir_make(dir, 0700);
    if (user && !err)
        err = sandbox_become(user, dir);
    return err;
}

static void fleet_exec(const struct server *s, int fd)
{
    char count[24], from[24];
    const char *dir = s->o.fleet_dir;
    char *beside = NULL;
    int err;

    if (!dir && asprintf(&beside, "%s.fleet", settings_data_dir(s->config)) < 0)
        _exit(1);
    if (!dir)
        dir = beside;
    if ((err = fleet_become(s, dir)) != 0) {
        (void)say("the fleet's folder and user", err);
        _exit(1);
    }
    snprintf(count, sizeof(count), "%lld", (long long)s->o.fleet);
    snprintf(from, sizeof(from), "%d", fd);
    execl("/proc/self/exe", "skep", "fleet", "--count", count, "--threads", "2", "--dir", dir,
          "--from-fd", from,
          strcmp(config_text(s->config, "core.log"), "debug") == 0 ? "--verbose" : NULL,
          (char *)NULL);
    perror("skep: fleet");
    _exit(1);
}

static int fleet_spawn(struct server *s)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC))
        return -SK_EIO;
    s->fleet_pid = fork();
    if (s->fleet_pid < 0) {
        close(fds[0]);
        close(fds[1]);
        return -SK_EIO;
    }
    if (s->fleet_pid == 0) {
        fcntl(fds[0], F_SETFD, 0); /* the one descriptor that crosses */
        fleet_exec(s, fds[0]);
    }
    close(fds[0]);
    s->fleet_fd = fds[1];
    return 0;
}

static int fd_write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -SK_EIO;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

static int fleet_order(struct server *s, const char *setup, const char *fingerprint)
{
    char token[ACCOUNT_TOKEN_SIZE], id[SESSION_ID_SIZE];
    struct sk_buf ca;
    size_t len = 0;
    char *text = NULL;
    json_t *body = json_object();

    sk_buf_init(&ca, 65536);
    int err = edge_ca_pem(&ca);
    if (!err)
        err = device_fleet_token((uint32_t)s->o.fleet, FLEET_TOKEN_S, token, id);
    if (!err) {
        sk_json_set_str(body, "host", edge_host());
        sk_json_set_int(body, "port", edge_port());
        sk_json_set_str(body, "ca", (const char *)ca.data);
        sk_json_set_str(body, "setup", setup);
        sk_json_set_str(body, "token", token);
        sk_json_set_str(body, "fingerprint", fingerprint);
        text = sk_json_text(body, &len);
        err = text ? fd_write_all(s->fleet_fd, text, len) : -SK_ENOMEM;
    }
    close(s->fleet_fd);
    s->fleet_fd = -1;
    if (text)
        sk_wipe(text, len);
    free(text);
    json_decref(body);
    sk_wipe(token, sizeof(token));
    sk_buf_fini(&ca);
    return err;
}

/* ---- what the owner sees first --------------------------------------------------------------- */

static int announce(struct server *s)
{
    char setup[ACCOUNT_TOKEN_SIZE] = "", fingerprint[HTTP_FINGERPRINT_SIZE];
    uint8_t hash[32];
    int err = account_setup_link_token(setup);

    if (err == -SK_ENOTFOUND || err == -SK_EGONE)
        err = 0; /* set up already */
    edge_certificate_fingerprint(hash);
    http_fingerprint_text(fingerprint, hash);
    if (!err && s->fleet_fd >= 0) {
        err = fleet_order(s, setup, fingerprint);
    } else if (!err) {
        printf("\n  Skep is ready.\n\n");
        if (setup[0])
            printf("  Open this link to set it up (it works once):\n\n"
                   "    https://%s:%u/setup#t=%s\n\n",
                   edge_host(), edge_port(), setup);
        else
            printf("  Open:\n\n    https://%s:%u/\n\n", edge_host(), edge_port());
        printf("  Certificate of this box:  %s\n"
               "  The browser will not know it yet: compare before you go on. Ctrl C stops it.\n\n",
               fingerprint);
        fflush(stdout);
    }
    sk_wipe(setup, sizeof(setup));
    return err;
}

static void about_fill(void *ctx, json_t *about)
{
    const struct asset *manifest = asset_find("web/manifest.json");
    json_t *sandbox = json_object();

    (void)ctx;
    sk_json_set_str(sandbox, "landlock", sandbox_landlock());
    sk_json_set_str(sandbox, "seccomp", sandbox_seccomp());
    json_object_set_new(about, "sandbox", sandbox);
    http_about_library(about, "mbed TLS", strrchr(tls_library(), ' ') + 1);
    http_about_library(about, "libcurl", outbound_library());
    if (manifest) /* every file of the console is in there with its hash */
        sk_json_set_str(about, "assets", manifest->etag);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static size_t schemas_collect(const struct store_schema *schemas[SCHEMAS_MAX])
{
    size_t n = 0;

    for (const struct room *const *r = rooms_list(); *r && n < SCHEMAS_MAX; r++)
        if ((*r)->schema)
            schemas[n++] = (*r)->schema;
    return n;
}

static int store_start(struct server *s)
{
    const struct store_schema *schemas[SCHEMAS_MAX];
    struct store_opts opts = {.dir = s->house.data_dir,
                              .file = "core.db",
                              .durability = STORE_FULL,
                              .schemas = schemas,
                              .schema_count = schemas_collect(schemas)};
    struct sk_buf why;

    sk_buf_init(&why, 2048);
    int err = store_open(&s->house.store, &opts, &why);
    if (err)
        fprintf(stderr, "skep: the store in %s cannot be opened: %s\n", s->house.data_dir,
                why.len ? (const char *)why.data : sk_error_text(err));
    if (err)
        audit_store_refused(s->house.data_dir, err, s->house.started_wall_ms);
    sk_buf_fini(&why);
    return err;
}

static int room_has_started(const char *name, size_t started)
{
    for (size_t i = 0; i < started; i++)
        if (strcmp(rooms_list()[i]->name, name) == 0)
            return 1;
    return 0;
}

static int rooms_start(struct server *s)
{
    const struct room *const *rooms = rooms_list();

    for (; rooms[s->started]; s->started++) {
        const struct room *r = rooms[s->started];
        for (const char *const *need = r->needs; need && *need; need++)
            SK_ASSERT(room_has_started(*need, s->started));
        int err = r->start ? r->start(&s->house) : 0;
        if (err) {
            fprintf(stderr, "skep: room %s does not start: %s\n", r->name, sk_error_text(err));
            return err;
        }
    }
    return 0;
}

static void rooms_drain(struct server *s)
{
    for (size_t i = s->started; i > 0; i--)
        if (rooms_list()[i - 1]->drain)
            rooms_list()[i - 1]->drain();
}

/* The edge is the last room: once it has stopped nothing comes in, and the loops can end; what
 * hangs on them is closed while the other rooms are still there to hear it. */
static void room_stop_last(struct server *s)
{
    const struct room *r = rooms_list()[--s->started];

    if (r->stop)
        r->stop();
}

static void server_stop(struct server *s)
{
    if (s->started > 0 && !rooms_list()[s->started])
        room_stop_last(s);
    net_loops_stop(s->house.loops);
    while (s->started > 0)
        room_stop_last(s);
    store_close(s->house.store);
    net_loops_free(s->house.loops); /* workers and the store's writer may have posted until now */
    s->house.loops = NULL;
    config_free(s->config);
    if (s->fleet_fd >= 0)
        close(s->fleet_fd);
    if (s->fleet_pid > 0) {
        kill(s->fleet_pid, SIGTERM);
        waitpid(s->fleet_pid, NULL, 0);
    }
}

static int log_level_set(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0) {
            sk_log_set_level((enum sk_log_level)i);
            return 0;
        }
    return -SK_EINVAL;
}

/* Folder of a file, in a new string; NULL for NULL. */
static char *folder_of(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    if (!path)
        return NULL;
    return slash ? sk_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : sk_strdup(".");
}

/* The owner's files that are read while the box runs. Their folders: a renewed file is another
 * file under the same name. */
static const char *const owner_paths[] = {
    "edge.certificate",       "edge.key", "outbound.ca_file", "outbound.smtp_password_file",
    "sso.client_secret_file",
};
enum { OWNER_PATHS = sizeof(owner_paths) / sizeof(owner_paths[0]) };

/* Before threads: folders, user, rights. */
static int ground_prepare(struct server *s)
{
    const char *user = config_text(s->config, "core.user");
    const char *readable[24] = {"/etc",
                                "/usr",
                                "/lib",
                                "/lib64",
                                "/proc",
                                "/sys",
                                "/run/systemd/resolve", /* where resolv.conf may lead */
                                NULL};
    char *folders[OWNER_PATHS] = {NULL};
    size_t n = 7;
    int err = log_level_set(config_text(s->config, "core.log"));

    if (err) {
        fprintf(stderr, "skep: core.log: debug, info, warn or error\n");
        return err;
    }
    umask(077);
    sandbox_core_off();
    err = sk_dir_make(s->house.data_dir, 0700);
    if (!err && user)
        err = sandbox_become(user, s->house.data_dir);
    if (err)
        return say(s->house.data_dir, err);
    if ((err = audit_heads_file_open(config_text(s->config, "audit.heads_file"))) != 0)
        return say("audit.heads_file", err);
    if (s->o.dev_root)
        readable[n++] = s->o.dev_root;
    for (size_t i = 0; i < OWNER_PATHS; i++)
        if ((folders[i] = folder_of(config_text(s->config, owner_paths[i]))) != NULL)
            readable[n++] = folders[i];
    readable[n] = NULL;
    if (config_bool(s->config, "core.sandbox"))
        sandbox_enter(s->house.data_dir, readable);
    for (size_t i = 0; i < OWNER_PATHS; i++)
        free(folders[i]);
    return 0;
}

static int server_start(struct server *s)
{
    s->house.config = s->config;
    s->house.data_dir = settings_data_dir(s->config);
    s->house.started_wall_ms = sk_clock_wall_ms();
    int err = ground_prepare(s);
    if (err)
        return err;
    asset_use_embedded();
    if (s->o.dev_root)
        asset_dev_root(s->o.dev_root, NULL);
    http_about_add(about_fill, NULL);
    if ((err = tls_init()) != 0 || (err = store_start(s)) != 0)
        return err;
    if ((err = net_loops_start(&s->house.loops, (unsigned)config_int(s->config, "core.loops"))) !=
        0)
        return say("event loops", err);
    if ((err = rooms_start(s)) != 0)
        return err;
    return (err = announce(s)) != 0 ? say("announcing", err) : 0;
}

/* SIGHUP reads the certificate anew; SIGTERM and SIGINT end. */
static void signals_serve(const sigset_t *signals)
{
    int got;

    while (sigwait(signals, &got) == 0 && got == SIGHUP)
        edge_reload();
}

static void usage(const struct args_flag *flags)
{
    printf("skep serve: run the box.\n\n"
           "  Settings come from --config FILE, SKEP_SECTION_NAME and --section-name VALUE\n"
           "  (skep config show lists them all). Flags of this verb:\n\n");
    args_help(stdout, flags);
}

int cli_serve(int argc, char **argv)
{
    struct server s = {.fleet_fd = -1};
    const struct args_flag flags[] = {
        {"--fleet", ARGS_INT, &s.o.fleet, 1, 10000, "N",
         "demonstration: start N simulated cameras beside it"},
        {"--fleet-dir", ARGS_TEXT, &s.o.fleet_dir, 0, 0, "DIR",
         "where those keep what they know (DATA_DIR.fleet)"},
        {"--dev-root", ARGS_TEXT, &s.o.dev_root, 0, 0, "DIR",
         "development: read console, SQL and data from a source tree"},
        {"--help", ARGS_SWITCH, &s.o.help, 0, 0, "", "this text"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;
    sigset_t signals;

    net_process_init();
    sk_buf_init(&why, 1024);
    int err = settings_load(&s.config, &argc, argv, &why);
    argc--;
    argv++;
    if (!err)
        err = args_parse(flags, &argc, argv, &why);
    if (!err && argc > 0)
        err = sk_buf_addf(&why, "%s: what is this?", argv[0]) ? -SK_EINTERNAL : -SK_EINVAL;
    if (s.o.help)
        usage(flags);
    else if (err)
        fprintf(stderr, "skep: %s\n", why.len ? (const char *)why.data : sk_error_text(err));
    sk_buf_fini(&why);
    if (err || s.o.help) {
        config_free(s.config);
        return s.o.help ? 0 : 2;
    }
    if (s.o.fleet && (err = fleet_spawn(&s)) != 0)
        return say("starting the fleet", err), 1;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    err = server_start(&s);
    if (!err) {
        signals_serve(&signals);
        log_info("core", "drain", "reason=signal");
        rooms_drain(&s);
    }
    server_stop(&s);
    return err ? 1 : 0;
}
