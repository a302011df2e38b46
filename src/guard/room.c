/* The sign on the door: settings, the thread that ends and stores, and how the room fills the
 * seams. */
#include <pthread.h>
#include <time.h>

#include "base/log.h"
#include "base/sys.h"
#include "edge/edge.h"
#include "guard/internal.h"

enum { TURN_MS = 500, SECOND_MS = 1000 };

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int is_running, is_ending, wants_kernel;
} turner = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the seams ------------------------------------------------------------------------------- */

static int admit_source(void *ctx, const char *source)
{
    (void)ctx;
    return guard_state_admit(source, sk_clock_mono_ms());
}

static void note_source(void *ctx, const char *source, enum abuse_sign sign)
{
    (void)ctx;
    guard_state_note(source, sign, sk_clock_mono_ms());
}

static void good_source(void *ctx, const char *source, const char *who)
{
    (void)ctx;
    guard_state_good(source, who, sk_clock_mono_ms());
}

static enum abuse_stage stage_source(void *ctx, const char *source)
{
    (void)ctx;
    return guard_state_stage(source, sk_clock_mono_ms());
}

static int request_source(void *ctx, const char *source, unsigned cost, int64_t *retry_ms)
{
    (void)ctx;
    return guard_state_request(source, cost, sk_clock_mono_ms(), retry_ms);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Once, when the door is open and its port known. */
static void kernel_try(void)
{
    if (!turner.wants_kernel || !edge_port())
        return;
    turner.wants_kernel = 0;
    int err = guard_kernel_open(edge_port());
    if (err)
        log_warn("guard", "kernel", "state=\"not used\" error=%s", sk_error_slug(err));
    else
        log_info("guard", "kernel", "state=\"in use\" table=skep port=%u", edge_port());
}

static void *turns_run(void *arg)
{
    struct timespec until;

    (void)arg;
    pthread_mutex_lock(&turner.lock);
    while (!turner.is_ending) {
        clock_gettime(CLOCK_MONOTONIC, &until); /* allow clock_gettime: absolute, for the wait */
        until.tv_nsec += TURN_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&turner.wake, &turner.lock, &until);
        pthread_mutex_unlock(&turner.lock);
        kernel_try();
        guard_state_turn(sk_clock_mono_ms(), sk_clock_wall_ms());
        guard_kernel_turn();
        pthread_mutex_lock(&turner.lock);
    }
    pthread_mutex_unlock(&turner.lock);
    guard_kernel_close();
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

static void guard_stop(void)
{
    static const struct abuse_guard nothing;

    if (turner.is_running) {
        pthread_mutex_lock(&turner.lock);
        turner.is_ending = 1;
        pthread_cond_signal(&turner.wake);
        pthread_mutex_unlock(&turner.lock);
        pthread_join(turner.thread, NULL);
        turner.is_running = 0;
    }
    admit_fill(NULL, NULL);
    abuse_fill(&nothing);
    guard_state_stop();
}

/* The first time that a source is refused is a setting; the milder stages follow it. */
static void rules_read(struct guard_rules *r, const struct config *c)
{
    int64_t refuse_ms = config_int(c, "guard.refuse_s") * SECOND_MS;

    *r = guard_rules_default;
    r->ttl_ms[ABUSE_REFUSE] = refuse_ms;
    for (int i = ABUSE_WATCH; i < ABUSE_REFUSE; i++)
        if (r->ttl_ms[i] > refuse_ms)
            r->ttl_ms[i] = refuse_ms;
    r->good_network = (int)config_int(c, "guard.good_people");
}

static int guard_start(struct house *house)
{
    static const struct abuse_guard seam = {note_source, good_source, stage_source, request_source,
                                            NULL};
    struct guard_rules rules;

    rules_read(&rules, house->config);
    turner.wants_kernel = config_bool(house->config, "guard.nftables");
    guard_state_start(house->store, &rules, 0);
    int err = guard_state_allow_fixed(config_text(house->config, "guard.allow"));
    if (err)
        log_error("guard", "allow", "reason=\"guard.allow holds what is no address or network\"");
    if (!err)
        err = guard_state_load(sk_clock_mono_ms(), sk_clock_wall_ms());
    if (!err && config_bool(house->config, "guard.dry_run"))
        guard_state_dry_set(1);
    if (!err)
        err = turner_start();
    if (err) {
        guard_stop();
        return err;
    }
    admit_fill(admit_source, NULL);
    abuse_fill(&seam);
    return 0;
}

static const struct config_key config_keys[] = {
    {"guard.allow", CONFIG_TEXT, "127.0.0.1 ::1", 0, 0,
     "addresses and networks that are never scored, with blanks between"},
    {"guard.dry_run", CONFIG_BOOL, "no", 0, 0, "judge sources and show it, but refuse nobody"},
    {"guard.refuse_s", CONFIG_INT, "600", 1, 86400,
     "seconds that a source is refused the first time; doubles each time, up to a day"},
    {"guard.nftables", CONFIG_BOOL, "no", 0, 0,
     "drop refused sources in the kernel as well, where the box may (CAP_NET_ADMIN)"},
    {"guard.good_people", CONFIG_INT, "3", 1, 4,
     "people seen within a day that keep a whole network from being refused by itself"},
    {0},
};

static const struct store_schema schema = {.room = "guard"};

const struct room guard_room = {
    .name = "guard",
    .config = config_keys,
    .schema = &schema,
    .routes = guard_routes,
    .start = guard_start,
    .stop = guard_stop,
};
