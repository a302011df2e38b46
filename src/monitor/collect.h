/* What the kernel says of this host. Reads files below /proc and /sys, keeps the last counters; the
 * first collection gives what needs no difference. One thread at a time. */
#ifndef SK_MONITOR_COLLECT_H
#define SK_MONITOR_COLLECT_H

#include <stddef.h>
#include <stdint.h>

#include "monitor/monitor.h"

enum { COLLECT_DISKS_MAX = 16, COLLECT_CARDS_MAX = 16, COLLECT_NAME_MAX = 63 };

struct collect_disk {
    char mount[COLLECT_NAME_MAX + 1];
    int64_t size_mb;
    int32_t used, inodes; /* tenths of a percent; inodes -1 = it has no such limit */
    int read_only;
};

struct collect_card {
    char name[COLLECT_NAME_MAX + 1];
    int64_t in_kbit, out_kbit; /* per second */
    int64_t speed_mbit;        /* 0 = not known */
};

/* Counters as the kernel gave them; what is not there stays 0. */
struct collect_counters {
    uint64_t cpu[8];                /* user nice system idle iowait irq softirq steal, in ticks */
    uint64_t disk_read, disk_write; /* sectors of 512 bytes */
    uint64_t in, out, packets_in, packets_out, drops, errors;
    uint64_t udp_errors, tcp_retransmits, cgroup_usec;
    struct {
        char name[COLLECT_NAME_MAX + 1];
        uint64_t in, out;
    } cards[COLLECT_CARDS_MAX];
    size_t card_count;
    int has_net, has_snmp, has_cgroup;
};

struct collector {
    char root[128]; /* "" on a real host; a folder in tests */
    struct collect_counters last;
    int64_t last_ms; /* monotonic; meaningful when has_last */
    int has_last;
    struct collect_disk disks[COLLECT_DISKS_MAX];
    size_t disk_count;
    struct collect_card cards[COLLECT_CARDS_MAX];
    size_t card_count;
};

/* Zeroed, `root` set: ready. */
void collector_init(struct collector *c, const char *root);

/* Fill `s` with what could be read at `mono_ms`; a counter that fell back (a new boot, a card that
 * was taken out) gives no value this time. What a host does not have is absent. */
void collector_run(struct collector *c, struct monitor_sample *s, int64_t mono_ms);

struct collect_facts {
    char kernel[65];
    int64_t cores, memory_mb;
};
void collect_facts(struct collector *c, struct collect_facts *out);

/* The kernel's name of this host. -SK_EIO. */
SK_MUST int collect_host_name(char *out, size_t cap);

#endif
