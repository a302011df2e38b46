/* What the monitor measures, as samples: after each of its ticks. A host that is silent brings
 * none, and is missed by that. */
#include <math.h>
#include <string.h>

#include "alert/internal.h"
#include "core/metrics.h"
#include "monitor/monitor.h"

enum { FRESH_MS = 15000 };
static const double GAP_FLOOR_KBIT = 5000; /* below, a percentage says nothing */
static const double HEADERS = 1.04;        /* IP, TCP and TLS around the ledger's bytes */

static double number_of(const struct monitor_sample *s, enum monitor_metric m)
{
    double v = s->v[m];

    for (int i = monitor_metric_scale(m); i > 0; i--)
        v /= 10;
    return v;
}

static void put(const struct monitor_host *h, const char *metric, const char *service, double value,
                double other)
{
    const struct alert_sample s = {.host = h->name[0] ? h->name : h->id,
                                   .ip = h->source,
                                   .service = service,
                                   .metric = metric,
                                   .value = value,
                                   .other = other,
                                   .at_ms = h->seen_ms};

    state_samples(&s, 1);
}

/* The network card against the relay's own byte ledger. */
static void gap_put(const struct monitor_host *h)
{
    const struct monitor_sample *s = &h->latest;

    if (!monitor_sample_has(s, METRIC_NET_OUT) || !monitor_sample_has(s, METRIC_RELAY_OUT))
        return;
    double card = number_of(s, METRIC_NET_OUT), ledger = number_of(s, METRIC_RELAY_OUT) * HEADERS;
    double most = card > ledger ? card : ledger;
    put(h, "bw_gap_pct", "", most < GAP_FLOOR_KBIT ? 0 : 100 * fabs(card - ledger) / most, 0);
}

static void pair_put(const struct monitor_host *h)
{
    const struct monitor_sample *s = &h->latest;

    if (monitor_sample_has(s, METRIC_NET_IN) && monitor_sample_has(s, METRIC_NET_OUT))
        put(h, "bw_mbps", "", number_of(s, METRIC_NET_IN) / 1000,
            number_of(s, METRIC_NET_OUT) / 1000);
    if (monitor_sample_has(s, METRIC_CLOCK_OFFSET))
        put(h, "clock_offset_s", "", number_of(s, METRIC_CLOCK_OFFSET) / 1000,
            monitor_sample_has(s, METRIC_CLOCK_UNCERTAINTY)
                ? number_of(s, METRIC_CLOCK_UNCERTAINTY) / 1000
                : 0);
}

/* One tick, and what only the box itself knows of: read before the walk, which holds a lock. */
struct tick {
    int64_t now_ms, backup_s, certificate_s;
    int is_audit_whole;
};

/* Where no backup was ever proven there is no age to judge. */
static void box_put(const struct monitor_host *h, const struct tick *t)
{
    const int64_t now_s = t->now_ms / 1000;

    put(h, "audit_not_whole", "", !t->is_audit_whole, 0);
    if (t->backup_s)
        put(h, "backup_age_h", "", (double)(now_s - t->backup_s) / 3600, 0);
    if (t->certificate_s)
        put(h, "certificate_days", "", (double)(t->certificate_s - now_s) / 86400, 0);
}

static void host_put(void *ctx, const struct monitor_host *h)
{
    static const struct {
        enum monitor_metric from;
        const char *to;
    } plain[] = {{METRIC_CPU, "cpu_pct"},
                 {METRIC_MEMORY, "mem_pct"},
                 {METRIC_DISK, "disk_pct"},
                 {METRIC_INODES, "inode_pct"},
                 {METRIC_DISK_READ_ONLY, "disk_read_only"},
                 {METRIC_TEMPERATURE, "temperature_c"}};
    const struct tick *t = ctx;

    if (!h->seen_ms || t->now_ms - h->seen_ms > FRESH_MS)
        return;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (monitor_sample_has(&h->latest, plain[i].from))
            put(h, plain[i].to, "", number_of(&h->latest, plain[i].from), 0);
    pair_put(h);
    gap_put(h);
    if (strcmp(h->id, "self") == 0)
        box_put(h, t);
    for (size_t i = 0; i < h->service_count; i++)
        put(h, "service_down", h->services[i].name, !h->services[i].is_up, 0);
}

static void tick_take(void *ctx, int64_t now_wall_ms)
{
    struct tick t = {.now_ms = now_wall_ms,
                     .backup_s = metric_read("skep_backup_verified_seconds"),
                     .certificate_s = metric_read("skep_edge_certificate_ends_seconds"),
                     .is_audit_whole = metric_read("skep_audit_whole") != 0};

    (void)ctx;
    monitor_each_latest(host_put, &t);
}

void watch_monitor_start(void)
{
    monitor_on_tick(tick_take, NULL);
}
