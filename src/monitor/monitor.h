/* Hosts and their numbers: the box's own, and those whose agents are linked (skep-agent/1). 10 s
 * for 72 h, a minute for 30 days, an hour for a year, in metrics.db beside core.db. Other rooms
 * judge what is newest after each tick, and look back through what is stored. */
#ifndef SK_MONITOR_MONITOR_H
#define SK_MONITOR_MONITOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/authorize.h"
#include "core/room.h"
#include "monitor/metric.h"

extern const struct room monitor_room;

enum {
    MONITOR_NAME_MAX = 64, /* bytes of a host's, service's name */
    MONITOR_DETAIL_MAX = 120,
    MONITOR_SERVICES_MAX = 16
};

/* Which of the three looks at a service failed first (ops.md 3.4). */
enum monitor_layer { LAYER_NONE, LAYER_PROCESS, LAYER_PORT, LAYER_PROBE };
const char *monitor_layer_name(enum monitor_layer l); /* "", "process", "port", "probe" */

struct monitor_service {
    char name[MONITOR_NAME_MAX + 1];
    int is_up;
    enum monitor_layer failed; /* LAYER_NONE when it is up */
    char detail[MONITOR_DETAIL_MAX + 1];
};

/* What is known of a host now. Valid during the call only. */
struct monitor_host {
    char id[DEVICE_ID_SIZE]; /* "self" is the box */
    char name[MONITOR_NAME_MAX + 1];
    char region[MONITOR_NAME_MAX + 1]; /* free text of who runs it, "" = not told */
    char source[SOURCE_SIZE];          /* where its link comes from, "" = never linked */
    int is_simulated;
    int is_linked;
    int64_t seen_ms; /* wall time of the hub when a sample last came; 0 = never */
    struct monitor_sample latest;
    struct monitor_service services[MONITOR_SERVICES_MAX];
    size_t service_count;
};

/* Call `fn` for every host that is known, those that are silent included (seen_ms tells). Any
 * thread; `fn` is called under the room's lock: quick, and no call back into this room. */
void monitor_each_latest(void (*fn)(void *ctx, const struct monitor_host *h), void *ctx);

/* After each tick (every 10 s, when its samples are queued for the disk), on the monitor's own
 * thread, no lock held: the moment to call monitor_each_latest and judge. At most 4; at start. */
void monitor_on_tick(void (*fn)(void *ctx, int64_t now_wall_ms), void *ctx);

/* One stored point: `count` ticks from t_ms on; values as in metric.h. count 0 = a gap. */
struct monitor_point {
    int64_t t_ms;
    int32_t count, min, max, last;
    int64_t sum;
};

enum { MONITOR_POINTS_MAX = 30000 };

/* The series of one metric in from_ms <= t < to_ms, a point each `step_ms` (a multiple of 10 s; it
 * is raised to what is still kept of that time: see the answer in *step_ms). `out` has room for
 * `cap` points; *count = how many. Gaps are points with count 0. Worker threads (reads the disk).
 * -SK_ENOTFOUND no such host; -SK_EINVAL; -SK_ETOOBIG more than `cap`. */
SK_MUST int monitor_series(const char *host, enum monitor_metric m, int64_t from_ms, int64_t to_ms,
                           int64_t *step_ms, struct monitor_point *out, size_t cap, size_t *count);

#endif
