#include "monitor/collect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"

enum { TEXT_MAX = 65536, TENTHS = 1000, SECTOR = 512 };

/* ---- reading --------------------------------------------------------------------------------- */

void collector_init(struct collector *c, const char *root)
{
    memset(c, 0, sizeof(*c));
    if (sk_copy(c->root, sizeof(c->root), root))
        c->root[0] = '\0';
}

/* A whole file as text, "" when it is not there. Never more than one text at a time is needed. */
static const char *text_of(const struct collector *c, char *out, size_t cap, const char *name)
{
    char path[320];
    ssize_t n = 0;
    size_t len = 0;

    out[0] = '\0';
    snprintf(path, sizeof(path), "%s%s", c->root, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return out;
    while (len < cap - 1 && (n = read(fd, out + len, cap - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    out[n < 0 ? 0 : len] = '\0';
    return out;
}

/* The number at `p`, blanks before it skipped, and in *end what comes behind; *end = p when there
 * is none. A minus is read ("MaxConn -1") and its number is 0: what we count is never below. */
static uint64_t digits_read(const char *p, const char **end)
{
    const char *begin = p;
    uint64_t v = 0;

    while (*p == ' ' || *p == '\t')
        p++;
    int is_minus = *p == '-';
    p += is_minus;
    if (*p < '0' || *p > '9') {
        *end = begin;
        return 0;
    }
    for (; *p >= '0' && *p <= '9'; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    *end = p;
    return is_minus ? 0 : v;
}

static uint64_t number_at(const char *p)
{
    const char *end;

    return digits_read(p, &end);
}

/* The number behind `key` at a line's beginning; 0 and *found = 0 when there is none. */
static uint64_t number_of(const char *text, const char *key, int *found)
{
    size_t len = strlen(key);

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) == 0) {
            *found = 1;
            return number_at(line + len);
        }
    }
    *found = 0;
    return 0;
}

/* The next piece of *at that ends with `end`; NULL when there is none. Pieces are cut in place. */
static char *piece_next(char **at, char end)
{
    char *begin = *at;

    while (*begin == end)
        begin++;
    if (!*begin)
        return NULL;
    char *stop = strchr(begin, end);
    *at = stop ? stop + 1 : begin + strlen(begin);
    if (stop)
        *stop = '\0';
    return begin;
}

/* Up to `max` numbers with blanks between, from `p` on; how many there were. */
static size_t numbers_of(const char *p, uint64_t *out, size_t max)
{
    size_t n = 0;

    for (const char *end; n < max; p = end) {
        out[n] = digits_read(p, &end);
        if (end == p)
            break;
        n++;
    }
    return n;
}

static int64_t share_of(uint64_t part, uint64_t whole)
{
    return whole ? (int64_t)((part * TENTHS + whole / 2) / whole) : 0;
}

/* ---- levels ---------------------------------------------------------------------------------- */

/* "12.34" in hundredths. */
static int64_t hundredths_of(const char *p)
{
    const char *end;
    int64_t v = (int64_t)digits_read(p, &end) * 100;

    if (*end == '.' && end[1] >= '0' && end[1] <= '9') {
        v += (end[1] - '0') * 10;
        if (end[2] >= '0' && end[2] <= '9')
            v += end[2] - '0';
    }
    return v;
}

static void pressure_read(const struct collector *c, struct monitor_sample *s, const char *name,
                          enum monitor_metric m)
{
    char text[512];
    const char *at = strstr(text_of(c, text, sizeof(text), name), "some avg10=");

    if (at)
        monitor_sample_set(s, m, hundredths_of(at + strlen("some avg10=")));
}

static void memory_read(const struct collector *c, struct monitor_sample *s)
{
    char text[8192];
    int has_total, has_free, has_swap, has_swap_free;

    text_of(c, text, sizeof(text), "/proc/meminfo");
    uint64_t total = number_of(text, "MemTotal:", &has_total);
    uint64_t available = number_of(text, "MemAvailable:", &has_free);
    uint64_t swap = number_of(text, "SwapTotal:", &has_swap);
    uint64_t swap_free = number_of(text, "SwapFree:", &has_swap_free);
    if (has_total && has_free && available <= total)
        monitor_sample_set(s, METRIC_MEMORY, share_of(total - available, total));
    if (has_swap && has_swap_free && swap && swap_free <= swap)
        monitor_sample_set(s, METRIC_SWAP, share_of(swap - swap_free, swap));
}

static void levels_read(const struct collector *c, struct monitor_sample *s)
{
    char text[4096];
    uint64_t n[3];

    if (*text_of(c, text, sizeof(text), "/proc/loadavg"))
        monitor_sample_set(s, METRIC_LOAD1, hundredths_of(text));
    if (*text_of(c, text, sizeof(text), "/proc/uptime"))
        monitor_sample_set(s, METRIC_UPTIME, (int64_t)number_at(text));
    text_of(c, text, sizeof(text), "/proc/sys/fs/file-nr");
    if (numbers_of(text, n, 3) == 3 && n[2] && n[0] <= n[2] && n[2] < UINT64_MAX / TENTHS)
        monitor_sample_set(s, METRIC_FILES, share_of(n[0], n[2]));
    const char *used =
        strstr(text_of(c, text, sizeof(text), "/proc/net/sockstat"), "sockets: used ");
    if (used)
        monitor_sample_set(s, METRIC_SOCKETS, (int64_t)number_at(used + 14));
    text_of(c, text, sizeof(text), "/proc/sys/net/netfilter/nf_conntrack_count");
    size_t has = numbers_of(text, &n[0], 1);
    text_of(c, text, sizeof(text), "/proc/sys/net/netfilter/nf_conntrack_max");
    if (has && numbers_of(text, &n[1], 1) && n[1])
        monitor_sample_set(s, METRIC_CONNTRACK, share_of(n[0], n[1]));
}

static void temperature_read(const struct collector *c, struct monitor_sample *s)
{
    char name[64], text[64];
    int64_t hottest = INT64_MIN;

    for (int zone = 0; zone < 16; zone++) {
        snprintf(name, sizeof(name), "/sys/class/thermal/thermal_zone%d/temp", zone);
        if (!*text_of(c, text, sizeof(text), name))
            break;
        int64_t v = (int64_t)number_at(text) / 100; /* thousandths to tenths */
        if (v > hottest)
            hottest = v;
    }
    if (hottest > -1000 && hottest < 2000)
        monitor_sample_set(s, METRIC_TEMPERATURE, hottest);
}

/* The limits of a container: what the host has is not what we may use. */
static void cgroup_memory_read(const struct collector *c, struct monitor_sample *s)
{
    char text[64];
    uint64_t limit, used;

    text_of(c, text, sizeof(text), "/sys/fs/cgroup/memory.max");
    if (!numbers_of(text, &limit, 1) || !limit || limit > UINT64_MAX / TENTHS)
        return; /* "max", or not version 2 */
    text_of(c, text, sizeof(text), "/sys/fs/cgroup/memory.current");
    if (numbers_of(text, &used, 1))
        monitor_sample_set(s, METRIC_CGROUP_MEMORY, share_of(used, limit));
}

/* ---- disks ----------------------------------------------------------------------------------- */

static int kind_is_local(const char *kind, const char *mount)
{
    static const char *const kinds[] = {"ext2", "ext3", "ext4", "xfs", "btrfs",
                                        "zfs",  "f2fs", "vfat", "jfs", "bcachefs"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return 1;
    return strcmp(kind, "overlay") == 0 && strcmp(mount, "/") == 0;
}

static void disk_add(struct collector *c, const char *mount)
{
    char path[320];
    struct statvfs v;

    snprintf(path, sizeof(path), "%s%s", c->root, mount);
    if (c->disk_count == COLLECT_DISKS_MAX || statvfs(path, &v) || !v.f_blocks)
        return;
    struct collect_disk *d = &c->disks[c->disk_count];
    if (sk_copy(d->mount, sizeof(d->mount), mount))
        return; /* a longer name than we show */
    c->disk_count++;
    uint64_t used = v.f_blocks - v.f_bfree, may = used + v.f_bavail; /* as df: root's part apart */
    d->size_mb = (int64_t)((uint64_t)v.f_blocks * v.f_frsize >> 20);
    d->used = (int32_t)share_of(used, may);
    d->inodes = v.f_files ? (int32_t)share_of(v.f_files - v.f_ffree, v.f_files) : -1;
    d->read_only = (v.f_flag & ST_RDONLY) != 0;
}

/* One line of mountinfo: "36 35 98:0 /root /mount opts ... - kind source opts" (proc(5)). */
static void mount_take(struct collector *c, char *line, char seen[COLLECT_DISKS_MAX][24],
                       size_t *seen_count)
{
    char *field[6] = {NULL}, *dash = strstr(line, " - ");

    if (!dash)
        return;
    *dash = '\0';
    char *rest = dash + 3, *kind = piece_next(&rest, ' ');
    for (size_t i = 0; i < 6; i++)
        field[i] = piece_next(&line, ' ');
    if (!kind || !field[4] || strchr(field[4], '\\') || !kind_is_local(kind, field[4]) ||
        *seen_count == COLLECT_DISKS_MAX || strlen(field[2]) >= sizeof(seen[0]))
        return;
    for (size_t i = 0; i < *seen_count; i++)
        if (strcmp(seen[i], field[2]) == 0)
            return; /* the same file system once more */
    (void)!sk_copy(seen[(*seen_count)++], sizeof(seen[0]), field[2]);
    disk_add(c, field[4]);
}

static void disks_read(struct collector *c, struct monitor_sample *s)
{
    char *text = malloc(TEXT_MAX), *at = text, seen[COLLECT_DISKS_MAX][24];
    size_t seen_count = 0;
    int32_t fullest = -1, inodes = -1, read_only = 0;

    c->disk_count = 0;
    if (!text)
        return;
    text_of(c, text, TEXT_MAX, "/proc/self/mountinfo");
    for (char *l; (l = piece_next(&at, '\n')) != NULL;)
        mount_take(c, l, seen, &seen_count);
    free(text);
    for (size_t i = 0; i < c->disk_count; i++) {
        const struct collect_disk *d = &c->disks[i];
        fullest = d->used > fullest ? d->used : fullest;
        inodes = d->inodes > inodes ? d->inodes : inodes;
        read_only += d->read_only;
    }
    if (fullest >= 0) {
        monitor_sample_set(s, METRIC_DISK, fullest);
        monitor_sample_set(s, METRIC_DISK_READ_ONLY, read_only);
    }
    if (inodes >= 0)
        monitor_sample_set(s, METRIC_INODES, inodes);
}

/* ---- counters -------------------------------------------------------------------------------- */

/* Whole disks only: a partition's traffic is its disk's too. */
static int disk_is_whole(const struct collector *c, const char *name)
{
    char path[320];

    if (strncmp(name, "loop", 4) == 0 || strncmp(name, "ram", 3) == 0 ||
        strncmp(name, "dm-", 3) == 0 || strncmp(name, "md", 2) == 0 || strchr(name, '/'))
        return 0;
    snprintf(path, sizeof(path), "%s/sys/block/%s", c->root, name);
    return access(path, F_OK) == 0;
}

static void diskstats_read(const struct collector *c, struct collect_counters *k, char *text)
{
    char *at = text;

    text_of(c, text, TEXT_MAX, "/proc/diskstats");
    for (char *l; (l = piece_next(&at, '\n')) != NULL;) {
        uint64_t n[8];
        (void)piece_next(&l, ' ');
        (void)piece_next(&l, ' ');
        char *name = piece_next(&l, ' ');
        if (!name || !disk_is_whole(c, name) || numbers_of(l, n, 8) < 7)
            continue;
        k->disk_read += n[2];
        k->disk_write += n[6];
    }
}

static void netdev_read(const struct collector *c, struct collect_counters *k, char *text)
{
    char *at = text;

    text_of(c, text, TEXT_MAX, "/proc/net/dev");
    for (char *l; (l = piece_next(&at, '\n')) != NULL;) {
        char *colon = strchr(l, ':'), *name = l + strspn(l, " ");
        uint64_t n[16];
        if (!colon || numbers_of(colon + 1, n, 16) < 12)
            continue;
        *colon = '\0';
        if (strcmp(name, "lo") == 0)
            continue;
        k->has_net = 1;
        k->in += n[0], k->packets_in += n[1], k->out += n[8], k->packets_out += n[9];
        k->errors += n[2] + n[10], k->drops += n[3] + n[11];
        if (k->card_count < COLLECT_CARDS_MAX &&
            sk_copy(k->cards[k->card_count].name, sizeof(k->cards[0].name), name) == 0) {
            k->cards[k->card_count].in = n[0];
            k->cards[k->card_count++].out = n[8];
        }
    }
}

/* Number `index` of the second line that begins with `key` (the first has the names). */
static uint64_t snmp_value(const char *text, const char *key, const char *name, int *found)
{
    const char *names = strstr(text, key);
    const char *values = names ? strstr(names + 1, key) : NULL;
    uint64_t n[64];
    size_t index = 0, len = strlen(name);

    *found = 0;
    if (!values)
        return 0;
    size_t count = numbers_of(values + strlen(key), n, 64);
    for (const char *p = names + strlen(key); *p && *p != '\n'; p += strcspn(p, " \n"), index++) {
        p += strspn(p, " ");
        if (strncmp(p, name, len) == 0 && (p[len] == ' ' || p[len] == '\n')) {
            *found = index < count;
            return *found ? n[index] : 0;
        }
    }
    return 0;
}

static void snmp_read(const struct collector *c, struct collect_counters *k, char *text)
{
    int has_tcp, has_udp;

    text_of(c, text, TEXT_MAX, "/proc/net/snmp");
    k->tcp_retransmits = snmp_value(text, "Tcp:", "RetransSegs", &has_tcp);
    k->udp_errors = snmp_value(text, "Udp:", "RcvbufErrors", &has_udp);
    k->has_snmp = has_tcp && has_udp;
}

static void counters_read(const struct collector *c, struct collect_counters *k)
{
    char *text = malloc(TEXT_MAX);

    memset(k, 0, sizeof(*k));
    if (!text)
        return;
    if (strncmp(text_of(c, text, TEXT_MAX, "/proc/stat"), "cpu ", 4) == 0)
        (void)numbers_of(text + 4, k->cpu, 8);
    diskstats_read(c, k, text);
    netdev_read(c, k, text);
    snmp_read(c, k, text);
    k->cgroup_usec = number_of(text_of(c, text, TEXT_MAX, "/sys/fs/cgroup/cpu.stat"), "usage_usec ",
                               &k->has_cgroup);
    free(text);
}

/* ---- from counters to rates ------------------------------------------------------------------ */

/* (now - last) * scale a second; nothing when the counter fell back. */
static void rate_set(struct monitor_sample *s, enum monitor_metric m, uint64_t now, uint64_t last,
                     uint64_t times, uint64_t by, int64_t took_ms)
{
    if (now < last || (now - last) > UINT64_MAX / times / 1000)
        return;
    monitor_sample_set(s, m, (int64_t)((now - last) * times * 1000 / by / (uint64_t)took_ms));
}

static void cpu_set(struct monitor_sample *s, const uint64_t now[8], const uint64_t last[8])
{
    uint64_t d[8], all = 0;

    for (size_t i = 0; i < 8; i++) {
        if (now[i] < last[i])
            return;
        d[i] = now[i] - last[i];
        all += d[i];
    }
    if (!all)
        return;
    monitor_sample_set(s, METRIC_CPU, share_of(all - d[3] - d[4], all));
    monitor_sample_set(s, METRIC_CPU_IOWAIT, share_of(d[4], all));
    monitor_sample_set(s, METRIC_CPU_STEAL, share_of(d[7], all));
}

/* Share of what the container may use; without a limit there is no such figure. */
static void cgroup_cpu_set(const struct collector *c, struct monitor_sample *s, uint64_t now,
                           uint64_t last, int64_t took_ms)
{
    char text[64];
    uint64_t n[2];

    text_of(c, text, sizeof(text), "/sys/fs/cgroup/cpu.max");
    if (now < last || numbers_of(text, n, 2) != 2 || !n[0] || !n[1])
        return;
    uint64_t may_usec = (uint64_t)took_ms * 1000 * n[0] / n[1];
    if (may_usec)
        monitor_sample_set(s, METRIC_CGROUP_CPU, share_of(now - last, may_usec));
}

static void cards_set(struct collector *c, const struct collect_counters *now, int64_t took_ms)
{
    char name[128], text[32];

    c->card_count = 0;
    for (size_t i = 0; i < now->card_count; i++) {
        struct collect_card *card = &c->cards[c->card_count++];
        memcpy(card->name, now->cards[i].name, sizeof(card->name));
        card->in_kbit = card->out_kbit = 0;
        for (size_t j = 0; j < c->last.card_count; j++)
            if (strcmp(c->last.cards[j].name, card->name) == 0 &&
                now->cards[i].in >= c->last.cards[j].in &&
                now->cards[i].out >= c->last.cards[j].out) {
                card->in_kbit = (int64_t)(now->cards[i].in - c->last.cards[j].in) * 8 / took_ms;
                card->out_kbit = (int64_t)(now->cards[i].out - c->last.cards[j].out) * 8 / took_ms;
            }
        snprintf(name, sizeof(name), "/sys/class/net/%s/speed", card->name);
        int64_t speed = (int64_t)number_at(text_of(c, text, sizeof(text), name));
        card->speed_mbit = speed > 0 ? speed : 0;
    }
}

static void rates_set(struct collector *c, struct monitor_sample *s,
                      const struct collect_counters *n, int64_t took_ms)
{
    const struct collect_counters *l = &c->last;

    cpu_set(s, n->cpu, l->cpu);
    rate_set(s, METRIC_DISK_READ, n->disk_read, l->disk_read, SECTOR, 1000, took_ms);
    rate_set(s, METRIC_DISK_WRITE, n->disk_write, l->disk_write, SECTOR, 1000, took_ms);
    if (n->has_net && l->has_net) {
        rate_set(s, METRIC_NET_IN, n->in, l->in, 8, 1000, took_ms);
        rate_set(s, METRIC_NET_OUT, n->out, l->out, 8, 1000, took_ms);
        rate_set(s, METRIC_NET_PACKETS_IN, n->packets_in, l->packets_in, 1, 1, took_ms);
        rate_set(s, METRIC_NET_PACKETS_OUT, n->packets_out, l->packets_out, 1, 1, took_ms);
        rate_set(s, METRIC_NET_DROPS, n->drops, l->drops, 10, 1, took_ms);
        rate_set(s, METRIC_NET_ERRORS, n->errors, l->errors, 10, 1, took_ms);
    }
    if (n->has_snmp && l->has_snmp) {
        rate_set(s, METRIC_UDP_BUFFER_ERRORS, n->udp_errors, l->udp_errors, 10, 1, took_ms);
        rate_set(s, METRIC_TCP_RETRANSMITS, n->tcp_retransmits, l->tcp_retransmits, 10, 1, took_ms);
    }
    if (n->has_cgroup && l->has_cgroup)
        cgroup_cpu_set(c, s, n->cgroup_usec, l->cgroup_usec, took_ms);
}

void collector_run(struct collector *c, struct monitor_sample *s, int64_t mono_ms)
{
    struct collect_counters now;

    levels_read(c, s);
    pressure_read(c, s, "/proc/pressure/cpu", METRIC_PSI_CPU);
    pressure_read(c, s, "/proc/pressure/memory", METRIC_PSI_MEMORY);
    pressure_read(c, s, "/proc/pressure/io", METRIC_PSI_IO);
    memory_read(c, s);
    temperature_read(c, s);
    cgroup_memory_read(c, s);
    disks_read(c, s);
    counters_read(c, &now);
    if (c->has_last && mono_ms > c->last_ms) {
        rates_set(c, s, &now, mono_ms - c->last_ms);
        cards_set(c, &now, mono_ms - c->last_ms);
    }
    c->last = now;
    c->last_ms = mono_ms;
    c->has_last = 1;
}

void collect_facts(struct collector *c, struct collect_facts *out)
{
    char text[8192];
    struct utsname u;
    int found;

    memset(out, 0, sizeof(*out));
    if (uname(&u) == 0)
        snprintf(out->kernel, sizeof(out->kernel), "%.32s %.31s", u.sysname, u.release);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    out->cores = cores > 0 ? cores : 1;
    text_of(c, text, sizeof(text), "/proc/meminfo");
    out->memory_mb = (int64_t)(number_of(text, "MemTotal:", &found) / 1024);
}

int collect_host_name(char *out, size_t cap)
{
    if (gethostname(out, cap - 1))
        return -SK_EIO;
    out[cap - 1] = '\0';
    return 0;
}
