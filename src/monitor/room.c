/* The sign on the door: the authority, the tables, and the thread with the box's own tick. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "edge/edge.h"
#include "monitor/internal.h"
#include "monitor/link.h"
#include "monitor/probe.h"

#ifndef SKEP_VERSION
#define SKEP_VERSION "0.0.0"
#endif

enum {
    TURN_MS = 1000,
    SAMPLE_AT_MS = 5000, /* in the middle of a slot, as agents do */
    TICK_AT_MS = 7000,   /* when the agents' samples are there */
    LISTENERS_MAX = 4
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int is_running, is_ending;
    struct collector own;
    struct host_facts facts;
    struct {
        int64_t at_ms, relay_in, relay_out;
    } last;
    int64_t sampled, ticked; /* slots */
    struct {
        void (*fn)(void *ctx, int64_t now_wall_ms);
        void *ctx;
    } listeners[LISTENERS_MAX];
    size_t listener_count;
} room = {.lock = PTHREAD_MUTEX_INITIALIZER};

void monitor_on_tick(void (*fn)(void *ctx, int64_t now_wall_ms), void *ctx)
{
    pthread_mutex_lock(&room.lock);
    SK_ASSERT(room.listener_count < LISTENERS_MAX);
    room.listeners[room.listener_count].fn = fn;
    room.listeners[room.listener_count++].ctx = ctx;
    pthread_mutex_unlock(&room.lock);
}

int monitor_series(const char *host, enum monitor_metric m, int64_t from_ms, int64_t to_ms,
                   int64_t *step_ms, struct monitor_point *out, size_t cap, size_t *count)
{
    int64_t number;
    int err = hosts_number(host, &number);

    return err ? err
               : series_read(number, m, from_ms, to_ms, step_ms, sk_clock_wall_ms(), out, cap,
                             count);
}

/* ---- the box's own tick ---------------------------------------------------------------------- */

/* What the box does, from the rooms' own figures. */
static void business_add(struct monitor_sample *s, int64_t mono_ms)
{
    int64_t in = metric_read("skep_relay_in_bytes_total");
    int64_t out = metric_read("skep_relay_out_bytes_total");
    int64_t took_ms = mono_ms - room.last.at_ms;

    if (room.last.at_ms && took_ms > 0) {
        monitor_sample_set(s, METRIC_RELAY_IN, (in - room.last.relay_in) * 8 / took_ms);
        monitor_sample_set(s, METRIC_RELAY_OUT, (out - room.last.relay_out) * 8 / took_ms);
    }
    room.last.at_ms = mono_ms;
    room.last.relay_in = in;
    room.last.relay_out = out;
    monitor_sample_set(s, METRIC_STREAMS, metric_read("skep_relay_streams"));
    monitor_sample_set(s, METRIC_CAMERAS_ONLINE, metric_read("skep_devices_online"));
}

static void own_sample(int64_t wall_ms)
{
    int64_t mono_ms = sk_clock_mono_ms();
    struct monitor_sample s = {.slot = wall_ms / MONITOR_STEP_MS};
    struct host_facts *f = &room.facts;
    int down = 0;

    collector_run(&room.own, &s, mono_ms);
    business_add(&s, mono_ms);
    f->service_count = probe_services(f->services, MONITOR_SERVICES_MAX);
    for (size_t i = 0; i < f->service_count; i++)
        down += !f->services[i].is_up;
    monitor_sample_set(&s, METRIC_SERVICES_DOWN, down);
    memcpy(f->disks, room.own.disks, sizeof(f->disks));
    f->disk_count = room.own.disk_count;
    memcpy(f->cards, room.own.cards, sizeof(f->cards));
    f->card_count = room.own.card_count;
    hosts_facts_set("self", f);
    (void)hosts_samples("self", &s, 1, wall_ms);
}

static int own_add(void)
{
    struct host_row row = {.id = "self", .number = MONITOR_SELF};
    struct collect_facts facts;
    char name[MONITOR_NAME_MAX + 1] = "";

    collector_init(&room.own, "");
    collect_facts(&room.own, &facts);
    memset(&room.facts, 0, sizeof(room.facts));
    memcpy(room.facts.kernel, facts.kernel, sizeof(room.facts.kernel));
    room.facts.cores = facts.cores;
    room.facts.memory_mb = facts.memory_mb;
    int err = sk_copy(room.facts.version, sizeof(room.facts.version), SKEP_VERSION);
    if (collect_host_name(name, sizeof(name)))
        name[0] = '\0';
    if (!err)
        err = sk_copy(row.name, sizeof(row.name), name[0] ? name : "this box");
    if (!err)
        err = hosts_add(&row);
    if (!err)
        hosts_facts_set("self", &room.facts);
    return err;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* They are only ever added: those of before are called without the lock. */
static void listeners_call(int64_t wall_ms)
{
    pthread_mutex_lock(&room.lock);
    size_t count = room.listener_count;
    pthread_mutex_unlock(&room.lock);
    for (size_t i = 0; i < count; i++)
        room.listeners[i].fn(room.listeners[i].ctx, wall_ms);
}

static void turn(int64_t wall_ms)
{
    int64_t slot = wall_ms / MONITOR_STEP_MS, at = wall_ms % MONITOR_STEP_MS;

    if (slot != room.sampled && at >= SAMPLE_AT_MS) {
        room.sampled = slot;
        own_sample(wall_ms);
    }
    series_flush();
    if (slot != room.ticked && at >= TICK_AT_MS) {
        room.ticked = slot;
        listeners_call(wall_ms);
    }
    series_turn(wall_ms);
}

static void *turns_run(void *arg)
{
    struct timespec until;

    (void)arg;
    own_sample(sk_clock_wall_ms()); /* at once, so that there is something to see */
    pthread_mutex_lock(&room.lock);
    while (!room.is_ending) {
        clock_gettime(CLOCK_MONOTONIC, &until); /* allow clock_gettime: absolute, for the wait */
        until.tv_nsec += TURN_MS % 1000 * 1000000L;
        until.tv_sec += TURN_MS / 1000 + until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&room.wake, &room.lock, &until);
        pthread_mutex_unlock(&room.lock);
        turn(sk_clock_wall_ms());
        pthread_mutex_lock(&room.lock);
    }
    pthread_mutex_unlock(&room.lock);
    return NULL;
}

static int thread_start(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&room.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    room.is_ending = 0;
    if (pthread_create(&room.thread, NULL, turns_run, NULL))
        return -SK_ENOMEM;
    room.is_running = 1;
    return 0;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static int64_t gauge_hosts(void *ctx)
{
    (void)ctx;
    return (int64_t)hosts_count();
}

/* Before any room stops: those that judge ticks may be gone after that. */
static void monitor_drain(void)
{
    if (room.is_running) {
        pthread_mutex_lock(&room.lock);
        room.is_ending = 1;
        pthread_cond_signal(&room.wake);
        pthread_mutex_unlock(&room.lock);
        pthread_join(room.thread, NULL);
        room.is_running = 0;
    }
    probe_stop();
}

static void monitor_stop(void)
{
    monitor_drain();
    series_stop();
    hosts_stop();
    enrol_agents_stop();
}

static int monitor_start(struct house *house)
{
    static const struct edge_protocol protocol = {
        .alpn = AGENT_ALPN, .take = host_link_take, .device_may_link = hosts_may_link};

    hosts_start();
    int err = own_add();
    if (!err)
        err = host_ledger_load(house->store);
    if (!err)
        err = enrol_agents_start(house);
    if (!err)
        err = series_start(house->data_dir);
    if (!err)
        err = probe_start(house->config);
    if (!err)
        err = thread_start();
    if (err) {
        monitor_stop();
        return err;
    }
    edge_protocol_add(&protocol);
    metric_gauge("skep_monitor_hosts", "Hosts that are known, the box itself included", gauge_hosts,
                 NULL);
    return 0;
}

static const struct config_key config_keys[] = {
    {"monitor.probe", CONFIG_BOOL, "yes", 0, 0, "ask the own front door every ten seconds"},
    {0},
};

static const char *const needs[] = {"account", NULL};
static const struct store_schema schema = {.room = "monitor"};

const struct room monitor_room = {
    .name = "monitor",
    .needs = needs,
    .config = config_keys,
    .schema = &schema,
    .routes = monitor_routes,
    .start = monitor_start,
    .drain = monitor_drain,
    .stop = monitor_stop,
};
