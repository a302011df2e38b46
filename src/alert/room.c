/* The sign on the door: settings, the thread that keeps and delivers, and what the box measures of
 * its own channels. */
#include <pthread.h>
#include <time.h>

#include "alert/internal.h"
#include "base/log.h"
#include "base/sys.h"
#include "outbound/outbound.h"

enum { TURN_MS = 250, TICK_MS = 10000, HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int is_running, is_ending;
} turner = {.lock = PTHREAD_MUTEX_INITIALIZER};

size_t alert_samples_put(const struct alert_sample *list, size_t count)
{
    return state_samples(list, count);
}

void alert_host_forget(const char *host)
{
    state_host_forget(host);
}

/* ---- what the box says of itself ---- */

struct channel_look {
    char name[RULE_TEXT_MAX + 1];
    int is_failing;
};

static int channel_look(void *ctx, struct channel *c)
{
    struct channel_look *l = ctx;

    for (size_t i = 0; i < sizeof(l->name); i++)
        l->name[i] = c->name[i];
    l->is_failing = c->is_failing;
    return 0;
}

static void own_samples(int64_t now_ms)
{
    char ids[CHANNELS_MAX][ALERT_KEY_SIZE];
    size_t n = state_channel_ids(ids);

    for (size_t i = 0; i < n; i++) {
        struct channel_look l;
        if (state_channel_with(ids[i], channel_look, &l))
            continue;
        const struct alert_sample s = {.host = "box",
                                       .ip = "",
                                       .service = l.name,
                                       .metric = "channel_failing",
                                       .value = l.is_failing,
                                       .at_ms = now_ms};
        state_samples(&s, 1);
    }
}

/* ---- the thread ---- */

static void turn(int64_t *ticked, int64_t *purged)
{
    int64_t mono = sk_clock_mono_ms();

    if (mono - *ticked >= TICK_MS) {
        *ticked = mono;
        own_samples(sk_clock_wall_ms());
    }
    while (state_turn())
        ;
    deliver_turn();
    if (mono - *purged >= HOUR_MS) {
        *purged = mono;
        int err = outbox_purge(alert_store(), sk_clock_wall_ms());
        if (err)
            log_warn("alert", "purge", "reason=\"%s\"", sk_error_text(err));
    }
}

static void *turns_run(void *arg)
{
    int64_t ticked = 0, purged = 0;
    struct timespec until;

    (void)arg;
    pthread_mutex_lock(&turner.lock);
    while (!turner.is_ending) {
        pthread_mutex_unlock(&turner.lock);
        turn(&ticked, &purged);
        pthread_mutex_lock(&turner.lock);
        clock_gettime(CLOCK_MONOTONIC, &until); /* allow clock_gettime: absolute, for the wait */
        until.tv_nsec += TURN_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (!turner.is_ending)
            pthread_cond_timedwait(&turner.wake, &turner.lock, &until);
    }
    pthread_mutex_unlock(&turner.lock);
    return NULL;
}

static int turner_start(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&turner.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    turner.is_ending = 0;
    if (pthread_create(&turner.thread, NULL, turns_run, NULL))
        return -SK_ENOMEM;
    turner.is_running = 1;
    return 0;
}

static void turner_stop(void)
{
    if (!turner.is_running)
        return;
    pthread_mutex_lock(&turner.lock);
    turner.is_ending = 1;
    pthread_cond_signal(&turner.wake);
    pthread_mutex_unlock(&turner.lock);
    pthread_join(turner.thread, NULL);
    turner.is_running = 0;
}

static void alert_stop(void)
{
    turner_stop();
    state_stop();
    alert_ledger_key_wipe();
}

static int alert_start(struct house *house)
{
    const char *console = config_text(house->config, "alert.console_url");
    struct life_terms terms = life_terms_default;

    terms.escalate_ms = config_int(house->config, "alert.escalate_min") * MINUTE_MS;
    if (console && console[0] && outbound_url_check(console)) {
        log_error("alert", "settings", "key=alert.console_url reason=\"not an https address\"");
        return -SK_EINVAL;
    }
    deliver_start(console ? console : "");
    int err = alert_ledger_key_load(house->store, house->data_dir);
    if (!err)
        err = state_start(house->store, &terms);
    if (!err)
        err = turner_start();
    if (err)
        alert_stop();
    else
        watch_monitor_start();
    return err;
}

static const char *const needs[] = {"outbound", "monitor", NULL};

static const struct config_key config_keys[] = {
    {"alert.console_url", CONFIG_TEXT, "", 0, 0,
     "https address of the console, for the links in messages; empty: no links"},
    {"alert.escalate_min", CONFIG_INT, "15", 0, 1440,
     "Minutes until an error that nobody acknowledged is told once more; 0: never"},
    {0},
};

static const struct store_schema schema = {.room = "alert"};

const struct room alert_room = {
    .name = "alert",
    .needs = needs,
    .config = config_keys,
    .schema = &schema,
    .routes = alert_routes,
    .start = alert_start,
    .stop = alert_stop,
};
