/* What is measured of a host: the one table. A value is an integer, quantised where it was
 * measured: value = number * 10^-scale in `unit`. Numbers of the list are kept on disk and on the
 * wire: append, never reorder. Pure. */
#ifndef SK_MONITOR_METRIC_H
#define SK_MONITOR_METRIC_H

#include <stdint.h>

/* X(name in C, name in the contract, unit, decimal places) */
#define MONITOR_METRICS(X)                                                                         \
    X(CPU, "cpu", "%", 1)                                                                          \
    X(CPU_IOWAIT, "cpu_iowait", "%", 1)                                                            \
    X(CPU_STEAL, "cpu_steal", "%", 1)                                                              \
    X(LOAD1, "load1", "", 2)                                                                       \
    X(PSI_CPU, "psi_cpu", "%", 2)                                                                  \
    X(PSI_MEMORY, "psi_memory", "%", 2)                                                            \
    X(PSI_IO, "psi_io", "%", 2)                                                                    \
    X(MEMORY, "memory", "%", 1)                                                                    \
    X(SWAP, "swap", "%", 1)                                                                        \
    X(DISK, "disk", "%", 1)                                                                        \
    X(INODES, "inodes", "%", 1)                                                                    \
    X(DISK_READ_ONLY, "disk_read_only", "", 0)                                                     \
    X(DISK_READ, "disk_read", "kB/s", 0)                                                           \
    X(DISK_WRITE, "disk_write", "kB/s", 0)                                                         \
    X(NET_IN, "net_in", "kbit/s", 0)                                                               \
    X(NET_OUT, "net_out", "kbit/s", 0)                                                             \
    X(NET_PACKETS_IN, "net_packets_in", "/s", 0)                                                   \
    X(NET_PACKETS_OUT, "net_packets_out", "/s", 0)                                                 \
    X(NET_DROPS, "net_drops", "/s", 1)                                                             \
    X(NET_ERRORS, "net_errors", "/s", 1)                                                           \
    X(UDP_BUFFER_ERRORS, "udp_buffer_errors", "/s", 1)                                             \
    X(TCP_RETRANSMITS, "tcp_retransmits", "/s", 1)                                                 \
    X(SOCKETS, "sockets", "", 0)                                                                   \
    X(FILES, "files", "%", 1)                                                                      \
    X(CONNTRACK, "conntrack", "%", 1)                                                              \
    X(TEMPERATURE, "temperature", "C", 1)                                                          \
    X(UPTIME, "uptime", "s", 0)                                                                    \
    X(CLOCK_OFFSET, "clock_offset", "ms", 1)                                                       \
    X(CLOCK_UNCERTAINTY, "clock_uncertainty", "ms", 1)                                             \
    X(CGROUP_CPU, "cgroup_cpu", "%", 1)                                                            \
    X(CGROUP_MEMORY, "cgroup_memory", "%", 1)                                                      \
    X(RELAY_IN, "relay_in", "kbit/s", 0)                                                           \
    X(RELAY_OUT, "relay_out", "kbit/s", 0)                                                         \
    X(STREAMS, "streams", "", 0)                                                                   \
    X(CAMERAS_ONLINE, "cameras_online", "", 0)                                                     \
    X(LOGINS, "logins", "/min", 1)                                                                 \
    X(SERVICES_DOWN, "services_down", "", 0)

enum monitor_metric {
#define MONITOR_METRIC_ENUM(id, name, unit, scale) METRIC_##id,
    MONITOR_METRICS(MONITOR_METRIC_ENUM)
#undef MONITOR_METRIC_ENUM
        METRIC_COUNT
};

enum {
    MONITOR_STEP_MS = 10000,
    MONITOR_VALUE_MAX = 1 << 30 /* a value beyond +-this is refused */
};

/* One tick of one host. Bit m of `has` says that v[m] was measured. */
struct monitor_sample {
    int64_t slot; /* wall time of the hub / MONITOR_STEP_MS */
    uint64_t has;
    int32_t v[METRIC_COUNT];
};

static inline void monitor_sample_set(struct monitor_sample *s, enum monitor_metric m, int64_t v)
{
    if (v < -MONITOR_VALUE_MAX)
        v = -MONITOR_VALUE_MAX;
    if (v > MONITOR_VALUE_MAX)
        v = MONITOR_VALUE_MAX;
    s->has |= UINT64_C(1) << m;
    s->v[m] = (int32_t)v;
}

static inline int monitor_sample_has(const struct monitor_sample *s, enum monitor_metric m)
{
    return (s->has >> m & 1) != 0;
}

/* "cpu" -> METRIC_CPU; METRIC_COUNT when there is none of that name. */
enum monitor_metric monitor_metric_find(const char *name);
const char *monitor_metric_name(enum monitor_metric m);
const char *monitor_metric_unit(enum monitor_metric m);
int monitor_metric_scale(enum monitor_metric m);

#endif
