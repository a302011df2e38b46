/* `skep agent`: this host's figures to a hub. `skep hosts`: many simulated ones, by the same
 * protocol, with the faults of a scenario. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/agent_enrol.h"
#include "cli/cli.h"
#include "cli/scenario.h"
#include "crypto/tls.h"
#include "monitor/agent.h"
#include "net/handshake.h"
#include "net/https_client.h"

#ifndef SKEP_VERSION
#define SKEP_VERSION "0.0.0"
#endif

enum { HOSTS_MAX = 2000, SPREAD_MS = 5000, TURN_MS = 500, NAME_SIZE = 24 };

struct options {
    const char *hub, *pin, *enrol_file, *dir, *scenario;
    int64_t count;
    int help, verbose;
};

static volatile sig_atomic_t is_asked_to_end;

static void on_signal(int number)
{
    (void)number;
    is_asked_to_end = 1;
}

static int fail(const char *what, int err, const struct sk_buf *why)
{
    fprintf(stderr, "skep: %s: %s\n", what,
            why && why->len ? (const char *)why->data : sk_error_text(err));
    return 1;
}

/* ---- enrolment ------------------------------------------------------------------------------- */

static void name_of(char out[NAME_SIZE], int is_many, int64_t i)
{
    if (is_many)
        snprintf(out, NAME_SIZE, "host-%04d", (int)i);
    else
        snprintf(out, NAME_SIZE, "agent");
}

static int identity_is_there(const char *dir, const char *name)
{
    struct tls_config *tls = NULL;
    int err = agent_identity_load(&tls, dir, name);

    tls_config_drop(tls);
    return err == 0;
}

/* Those that have no certificate yet get one; without a token nothing is asked. */
static int enrol_missing(const struct options *o, int is_many, struct sk_buf *why)
{
    struct https_client *http = NULL;
    struct sk_buf token;
    struct box box;
    char name[NAME_SIZE];
    int err = 0;

    sk_buf_init(&token, 256);
    if (o->enrol_file)
        err = sk_secret_read(&token, o->enrol_file);
    if (!err)
        err = agent_box_open(&box, o->hub, o->pin, &http, why);
    for (int64_t i = 0; !err && i < o->count; i++) {
        name_of(name, is_many, i);
        if (identity_is_there(o->dir, name))
            continue;
        err = o->enrol_file ? agent_enrol(http, (const char *)token.data, o->dir, name)
                            : -SK_ENOTFOUND;
    }
    https_client_free(http);
    sk_buf_fini_wipe(&token);
    return err;
}

/* ---- one host -------------------------------------------------------------------------------- */

struct own {
    struct collector collector;
};

static int own_measure(void *ctx, struct monitor_sample *s, int64_t mono_ms)
{
    struct own *own = ctx;

    collector_run(&own->collector, s, mono_ms);
    return 0;
}

static void own_facts(void *ctx, struct host_facts *f)
{
    const struct own *own = ctx;

    memcpy(f->disks, own->collector.disks, sizeof(f->disks));
    f->disk_count = own->collector.disk_count;
    memcpy(f->cards, own->collector.cards, sizeof(f->cards));
    f->card_count = own->collector.card_count;
}

static void own_link(void *ctx, int is_up)
{
    (void)ctx;
    log_info("agent", is_up ? "linked" : "unlinked", "hub=\"%s\"", is_up ? "up" : "down");
}

static void hello_make(struct host_facts *f)
{
    struct collector c;
    struct collect_facts facts;

    collector_init(&c, "");
    collect_facts(&c, &facts);
    memset(f, 0, sizeof(*f));
    memcpy(f->kernel, facts.kernel, sizeof(f->kernel));
    f->cores = facts.cores;
    f->memory_mb = facts.memory_mb;
    (void)!sk_copy(f->version, sizeof(f->version), SKEP_VERSION);
}

/* ---- many ------------------------------------------------------------------------------------ */

static int sim_measure(void *ctx, struct monitor_sample *s, int64_t mono_ms)
{
    return scenario_measure(ctx, s, mono_ms);
}

static void sim_facts(void *ctx, struct host_facts *f)
{
    scenario_facts(ctx, f);
}

struct crowd {
    struct agent *agents[HOSTS_MAX];
    struct scenario_host *hosts;
    struct scenario *scenario;
    size_t count;
};

/* What the scenario has due: clocks and silence are the agents' own. */
static void crowd_turn(struct crowd *c, int64_t mono_ms)
{
    scenario_turn(c->scenario, mono_ms);
    for (size_t i = 0; i < c->count; i++) {
        agent_skew_set(c->agents[i], scenario_skew_ms(&c->hosts[i]));
        agent_silent_set(c->agents[i], scenario_is_silent(&c->hosts[i]));
    }
}

/* ---- running --------------------------------------------------------------------------------- */

static int agents_make(struct crowd *c, struct net_loop *loop, const struct options *o,
                       const struct box *box, int is_many, struct own *own)
{
    struct host_facts hello;
    char name[NAME_SIZE];
    int err = 0;

    hello_make(&hello);
    for (int64_t i = 0; !err && i < o->count; i++) {
        struct tls_config *tls = NULL;
        name_of(name, is_many, i);
        err = agent_identity_load(&tls, o->dir, name);
        struct agent_options a = {.host = box->host,
                                  .port = box->port,
                                  .tls = tls,
                                  .hello = hello,
                                  .first_ms = is_many ? sk_random_below(SPREAD_MS) : 0,
                                  .ops = {own_measure, own_facts, own_link},
                                  .ctx = own};
        if (is_many) {
            a.ops = (struct agent_ops){sim_measure, sim_facts, NULL};
            a.ctx = &c->hosts[i];
        }
        if (!err)
            err = agent_new(&c->agents[c->count], loop, &a);
        c->count += !err;
        tls_config_drop(tls);
    }
    return err;
}

static int run(const struct options *o, int is_many, struct sk_buf *why)
{
    struct crowd *c = sk_alloc(sizeof(*c));
    struct own own;
    struct net_loop *loop = NULL;
    struct box box;
    int err = agent_box_open(&box, o->hub, NULL, NULL, why);

    collector_init(&own.collector, "");
    c->hosts = sk_alloc((size_t)o->count * sizeof(*c->hosts));
    if (!err && is_many)
        err = scenario_new(&c->scenario, c->hosts, (size_t)o->count, o->scenario,
                           sk_clock_mono_ms(), why);
    if (!err)
        err = net_loop_new(&loop);
    if (!err)
        err = agents_make(c, loop, o, &box, is_many, &own);
    if (!err)
        log_info("agent", "running", "hosts=%zu", c->count);
    while (!err && !is_asked_to_end) {
        if (is_many)
            crowd_turn(c, sk_clock_mono_ms());
        net_loop_run_one(loop, TURN_MS);
    }
    for (size_t i = 0; i < c->count; i++)
        agent_free(c->agents[i]);
    net_loop_free(loop);
    scenario_free(c->scenario);
    free(c->hosts);
    free(c);
    return err;
}

static int verb(int argc, char **argv, int is_many)
{
    struct options o = {.count = is_many ? 12 : 1};
    const struct args_flag flags[] = {
        {"--hub", ARGS_TEXT, &o.hub, 0, 0, "URL", "the box, https://name:port"},
        {"--dir", ARGS_TEXT, &o.dir, 0, 0, "DIR", "where key and certificate are kept"},
        {"--enrol-file", ARGS_TEXT, &o.enrol_file, 0, 0, "FILE",
         "host token; - reads standard input (first time only)"},
        {"--pin", ARGS_TEXT, &o.pin, 0, 0, "HEX",
         "SHA-256 of the box's certificate (first time only)"},
        {"--verbose", ARGS_SWITCH, &o.verbose, 0, 0, "", "log every link"},
        {"--help", ARGS_SWITCH, &o.help, 0, 0, "", "this text"},
        {is_many ? "--count" : NULL, ARGS_INT, &o.count, 1, HOSTS_MAX, "N", "so many hosts"},
        {is_many ? "--scenario" : NULL, ARGS_TEXT, &o.scenario, 0, 0, "FILE",
         "their faults: lines of HOST[-HOST] metric=value .. after=S for=S"},
        {NULL, ARGS_SWITCH, NULL, 0, 0, NULL, NULL},
    };
    struct sk_buf why;

    net_process_init();
    sk_buf_init(&why, 1024);
    argc--;
    argv++;
    int err = args_parse(flags, &argc, argv, &why);
    if (o.help) {
        printf("skep %s\n\n", is_many ? "hosts: simulated hosts with agents of their own"
                                      : "agent: this host's figures to a hub");
        args_help(stdout, flags);
    } else if (!err && (argc > 0 || !o.hub)) {
        err = -SK_EINVAL;
    }
    if (!o.dir)
        o.dir = is_many ? "skep-hosts" : "skep-agent";
    if (err || o.help) {
        int code = o.help ? 0 : (fail("usage", err, &why), 2);
        sk_buf_fini(&why);
        return code;
    }
    if (o.verbose)
        sk_log_set_level(SK_LOG_DEBUG);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if ((err = tls_init()) == 0 && o.enrol_file)
        err = enrol_missing(&o, is_many, &why);
    if (!err)
        err = run(&o, is_many, &why);
    int code = err ? fail(is_many ? "hosts" : "agent", err, &why) : 0;
    sk_buf_fini(&why);
    return code;
}

int cli_agent(int argc, char **argv)
{
    return verb(argc, argv, 0);
}

int cli_hosts(int argc, char **argv)
{
    return verb(argc, argv, 1);
}
