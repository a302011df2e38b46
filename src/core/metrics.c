#include "core/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/sys.h"

enum { CELLS_MAX = 2000, GAUGES_MAX = 64, KEY_MAX = 192 };

struct cell {
    struct metric metric; /* first: what callers hold */
    const char *name, *labels;
};

struct gauge {
    const char *name, *help;
    int64_t (*read)(void *ctx);
    void *ctx;
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_key;
    struct cell cells[CELLS_MAX + 1]; /* the last one takes the overflow */
    size_t count;
    struct gauge gauges[GAUGES_MAX];
    size_t gauge_count;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct cell *cell_add_locked(const char *name, const char *labels)
{
    struct cell *cell = &table.cells[table.count];

    if (table.count == CELLS_MAX) {
        cell->name = "skep_metrics_overflow_total";
        cell->labels = "";
        return cell;
    }
    table.count++;
    cell->name = sk_strdup(name);
    cell->labels = sk_strdup(labels);
    return cell;
}

struct metric *metric_get(const char *name, const char *labels)
{
    char key[KEY_MAX];
    int len = snprintf(key, sizeof(key), "%s{%s}", name, labels);

    SK_ASSERT(len > 0 && len < KEY_MAX);
    pthread_mutex_lock(&table.lock);
    if (!table.by_key)
        table.by_key = sk_map_new(0);
    struct cell *cell = sk_map_find(table.by_key, key, (size_t)len);
    if (!cell) {
        cell = cell_add_locked(name, labels);
        sk_map_put(table.by_key, key, (size_t)len, cell);
    }
    pthread_mutex_unlock(&table.lock);
    return &cell->metric;
}

void metric_refused(const char *room, const char *reason)
{
    char labels[KEY_MAX / 2];

    snprintf(labels, sizeof(labels), "room=\"%s\",reason=\"%s\"", room, reason);
    metric_add(metric_get("skep_refused_total", labels), 1);
}

void metric_gauge(const char *name, const char *help, int64_t (*read)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&table.lock);
    SK_ASSERT(table.gauge_count < GAUGES_MAX);
    table.gauges[table.gauge_count++] = (struct gauge){name, help, read, ctx};
    pthread_mutex_unlock(&table.lock);
}

static int is_counter(const char *name)
{
    size_t len = strlen(name);

    return len > 6 && strcmp(name + len - 6, "_total") == 0;
}

static int cell_write(struct sk_buf *out, const struct cell *cell)
{
    const char *open = cell->labels[0] ? "{" : "", *close = cell->labels[0] ? "}" : "";

    return sk_buf_addf(out, "%s%s%s%s %lld\n", cell->name, open, cell->labels, close,
                       (long long)atomic_load(&cell->metric.value));
}

/* Prometheus wants all samples of a name together, under one TYPE line. */
static int family_write(struct sk_buf *out, size_t first)
{
    const char *name = table.cells[first].name;
    int err = sk_buf_addf(out, "# TYPE %s %s\n", name, is_counter(name) ? "counter" : "gauge");

    for (size_t i = first; !err && i < table.count; i++)
        if (strcmp(table.cells[i].name, name) == 0)
            err = cell_write(out, &table.cells[i]);
    return err;
}

static int family_is_new(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(table.cells[i].name, table.cells[at].name) == 0)
            return 0;
    return 1;
}

int metrics_write(struct sk_buf *out)
{
    int err = 0;

    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; !err && i < table.count; i++)
        if (family_is_new(i))
            err = family_write(out, i);
    size_t gauge_count = table.gauge_count;
    pthread_mutex_unlock(&table.lock);
    for (size_t i = 0; !err && i < gauge_count; i++) {
        const struct gauge *g = &table.gauges[i];
        err = sk_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", g->name, g->help, g->name,
                          is_counter(g->name) ? "counter" : "gauge", g->name,
                          (long long)g->read(g->ctx));
    }
    return err;
}

int64_t metric_read(const char *name)
{
    const struct gauge *gauge = NULL;

    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < table.gauge_count && !gauge; i++)
        if (strcmp(table.gauges[i].name, name) == 0)
            gauge = &table.gauges[i];
    pthread_mutex_unlock(&table.lock);
    return gauge ? gauge->read(gauge->ctx) : metric_sum(name);
}

int64_t metric_sum(const char *name)
{
    int64_t sum = 0;

    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < table.count; i++)
        if (strcmp(table.cells[i].name, name) == 0)
            sum += atomic_load(&table.cells[i].metric.value);
    pthread_mutex_unlock(&table.lock);
    return sum;
}
