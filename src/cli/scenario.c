#include "cli/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"

enum { FAULTS_MAX = 512, FILE_MAX = 65536, SECONDS_MAX = 86400 };

static const char *const services[] = {"RPS-TRANSPORT", "P2P-NAT"};
enum { SERVICES = sizeof(services) / sizeof(services[0]) };

struct fault {
    size_t from, to;          /* hosts */
    int64_t after_ms, for_ms; /* for 0: to the end */
    struct monitor_sample forced;
    int64_t skew_ms;
    int is_silent;
    unsigned down;
};

struct scenario {
    struct scenario_host *hosts;
    size_t count;
    int64_t began_ms;
    struct fault faults[FAULTS_MAX];
    size_t fault_count;
};

/* ---- reading --------------------------------------------------------------------------------- */

/* "-12.5" with `scale` places kept. */
static int decimal_parse(const char *p, int scale, int64_t *out)
{
    int is_minus = *p == '-', places = -1;
    int64_t v = 0;

    for (p += is_minus; *p; p++) {
        if (*p == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (*p < '0' || *p > '9' || v > MONITOR_VALUE_MAX)
            return -SK_EINVAL;
        if (places >= scale)
            continue;
        v = v * 10 + (*p - '0');
        places += places >= 0;
    }
    for (places = places < 0 ? 0 : places; places < scale; places++)
        v *= 10;
    *out = is_minus ? -v : v;
    return 0;
}

static int seconds_parse(const char *text, int64_t *ms)
{
    uint64_t s;
    int err = sk_parse_u64(&s, text, strlen(text), SECONDS_MAX);

    *ms = err ? 0 : (int64_t)s * 1000;
    return err;
}

static int word_take(struct fault *f, char *word)
{
    char *value = strchr(word, '=');
    int64_t v = 0;

    if (strcmp(word, "silent") == 0) {
        f->is_silent = 1;
        return 0;
    }
    if (!value)
        return -SK_EINVAL;
    *value++ = '\0';
    if (strcmp(word, "after") == 0)
        return seconds_parse(value, &f->after_ms);
    if (strcmp(word, "for") == 0)
        return seconds_parse(value, &f->for_ms);
    if (strcmp(word, "skew") == 0)
        return decimal_parse(value, 0, &f->skew_ms);
    if (strcmp(word, "down") == 0) {
        for (size_t i = 0; i < SERVICES; i++)
            if (strcmp(services[i], value) == 0) {
                f->down |= 1u << i;
                return 0;
            }
        return -SK_EINVAL;
    }
    enum monitor_metric m = monitor_metric_find(word);
    if (m == METRIC_COUNT || decimal_parse(value, monitor_metric_scale(m), &v))
        return -SK_EINVAL;
    monitor_sample_set(&f->forced, m, v);
    return 0;
}

static int range_take(struct fault *f, const char *word)
{
    const char *dash = strchr(word, '-');
    uint64_t from, to;
    int err = sk_parse_u64(&from, word, dash ? (size_t)(dash - word) : strlen(word), 100000);

    to = from;
    if (!err && dash)
        err = sk_parse_u64(&to, dash + 1, strlen(dash + 1), 100000);
    f->from = (size_t)from;
    f->to = (size_t)to;
    return err ? err : from <= to ? 0 : -SK_EINVAL;
}

static int line_take(struct scenario *s, char *line)
{
    struct fault f = {.from = 0};
    int err = 0, words = 0;

    line[strcspn(line, "#")] = '\0';
    while (!err) {
        line += strspn(line, " \t\r");
        size_t len = strcspn(line, " \t\r");
        if (!len)
            break;
        char *next = line + len + (line[len] != '\0');
        line[len] = '\0';
        err = words++ ? word_take(&f, line) : range_take(&f, line);
        line = next;
    }
    if (err || !words)
        return err;
    if (words == 1 || s->fault_count == FAULTS_MAX)
        return -SK_EINVAL;
    s->faults[s->fault_count++] = f;
    return 0;
}

static int file_take(struct scenario *s, const char *path, struct sk_buf *why)
{
    struct sk_buf text;
    int number = 0;

    sk_buf_init(&text, FILE_MAX);
    int err = sk_file_read(&text, path);
    char *at = (char *)text.data;
    while (!err && at && *at) {
        char *end = at + strcspn(at, "\n"), *next = end + (*end == '\n');
        *end = '\0';
        number++;
        if ((err = line_take(s, at)) != 0 &&
            sk_buf_addf(why, "%s: line %d is not a fault", path, number))
            err = -SK_EINTERNAL;
        at = next;
    }
    sk_buf_fini(&text);
    return err;
}

int scenario_new(struct scenario **out, struct scenario_host *hosts, size_t count, const char *path,
                 int64_t mono_ms, struct sk_buf *why)
{
    struct scenario *s = sk_alloc(sizeof(*s));

    s->hosts = hosts;
    s->count = count;
    s->began_ms = mono_ms;
    for (size_t i = 0; i < count; i++)
        hosts[i].seed = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    *out = s;
    return path ? file_take(s, path, why) : 0;
}

void scenario_free(struct scenario *s)
{
    free(s);
}

/* ---- running --------------------------------------------------------------------------------- */

static void fault_put(struct scenario_host *h, const struct fault *f)
{
    for (int m = 0; m < METRIC_COUNT; m++)
        if (monitor_sample_has(&f->forced, (enum monitor_metric)m))
            monitor_sample_set(&h->forced, (enum monitor_metric)m, f->forced.v[m]);
    h->skew_ms += f->skew_ms;
    h->is_silent |= f->is_silent;
    h->down |= f->down;
}

void scenario_turn(struct scenario *s, int64_t mono_ms)
{
    int64_t at = mono_ms - s->began_ms;

    for (size_t i = 0; i < s->count; i++) {
        struct scenario_host *h = &s->hosts[i];
        h->forced.has = 0;
        h->skew_ms = h->is_silent = 0;
        h->down = 0;
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        const struct fault *f = &s->faults[i];
        if (at < f->after_ms || (f->for_ms && at >= f->after_ms + f->for_ms))
            continue;
        for (size_t h = f->from; h <= f->to && h < s->count; h++)
            fault_put(&s->hosts[h], f);
    }
}

/* A number below `bound` that depends on host, metric and time alone. */
static int64_t chance(uint64_t seed, uint64_t what, uint64_t when, uint64_t bound)
{
    uint64_t x = seed ^ what * UINT64_C(0xbf58476d1ce4e5b9) ^ when * UINT64_C(0x94d049bb133111eb);

    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return (int64_t)((x ^ x >> 31) % bound);
}

int scenario_measure(const struct scenario_host *h, struct monitor_sample *s, int64_t mono_ms)
{
    /* A level of the host's own, a swing over minutes, a noise; in the stored unit. */
    static const struct {
        enum monitor_metric m;
        int32_t low, spread, swing, noise;
    } usual[] = {
        {METRIC_CPU, 80, 250, 60, 30},
        {METRIC_CPU_IOWAIT, 2, 8, 3, 4},
        {METRIC_LOAD1, 20, 80, 20, 10},
        {METRIC_PSI_CPU, 10, 80, 20, 20},
        {METRIC_PSI_MEMORY, 0, 1, 0, 0},
        {METRIC_PSI_IO, 2, 10, 5, 5},
        {METRIC_MEMORY, 300, 300, 10, 3},
        {METRIC_DISK, 200, 400, 0, 0},
        {METRIC_INODES, 30, 100, 0, 0},
        {METRIC_DISK_READ_ONLY, 0, 1, 0, 0},
        {METRIC_DISK_READ, 10, 200, 50, 60},
        {METRIC_DISK_WRITE, 50, 500, 80, 120},
        {METRIC_NET_IN, 5000, 20000, 3000, 900},
        {METRIC_NET_OUT, 5000, 20000, 3000, 900},
        {METRIC_NET_PACKETS_IN, 500, 2000, 300, 90},
        {METRIC_NET_PACKETS_OUT, 500, 2000, 300, 90},
        {METRIC_NET_DROPS, 0, 1, 0, 0},
        {METRIC_NET_ERRORS, 0, 1, 0, 0},
        {METRIC_TCP_RETRANSMITS, 0, 20, 3, 5},
        {METRIC_SOCKETS, 150, 200, 10, 4},
        {METRIC_FILES, 5, 20, 0, 1},
        {METRIC_SERVICES_DOWN, 0, 1, 0, 0},
    };
    uint64_t tick = (uint64_t)(mono_ms / MONITOR_STEP_MS);
    int64_t place = (int64_t)((tick + h->seed % 180) % 180); /* half an hour, up and down */

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        int64_t v = usual[i].low + chance(h->seed, i, 0, (uint64_t)usual[i].spread);
        v += usual[i].swing * (place < 90 ? place : 180 - place) / 90;
        if (usual[i].noise)
            v += chance(h->seed, i, tick, (uint64_t)usual[i].noise);
        monitor_sample_set(s, usual[i].m, v);
    }
    monitor_sample_set(s, METRIC_UPTIME, 86400 + mono_ms / 1000);
    monitor_sample_set(s, METRIC_SERVICES_DOWN, __builtin_popcount(h->down));
    for (int m = 0; m < METRIC_COUNT; m++)
        if (monitor_sample_has(&h->forced, (enum monitor_metric)m))
            monitor_sample_set(s, (enum monitor_metric)m, h->forced.v[m]);
    return 0;
}

void scenario_facts(const struct scenario_host *h, struct host_facts *f)
{
    f->service_count = SERVICES;
    for (size_t i = 0; i < SERVICES; i++) {
        struct monitor_service *s = &f->services[i];
        memset(s, 0, sizeof(*s));
        (void)!sk_copy(s->name, sizeof(s->name), services[i]);
        s->is_up = !(h->down >> i & 1);
        s->failed = s->is_up ? LAYER_NONE : LAYER_PROBE;
        (void)!sk_copy(s->detail, sizeof(s->detail), s->is_up ? "" : "no answer to the probe");
    }
}
