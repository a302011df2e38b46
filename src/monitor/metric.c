#include "monitor/monitor.h"

#include <string.h>

static const struct {
    const char *name, *unit;
    int scale;
} metrics[METRIC_COUNT] = {
#define MONITOR_METRIC_ROW(id, name, unit, scale) {name, unit, scale},
    MONITOR_METRICS(MONITOR_METRIC_ROW)
#undef MONITOR_METRIC_ROW
};

_Static_assert(METRIC_COUNT <= 64, "monitor_sample.has is one word");

enum monitor_metric monitor_metric_find(const char *name)
{
    for (int m = 0; m < METRIC_COUNT; m++)
        if (strcmp(metrics[m].name, name) == 0)
            return (enum monitor_metric)m;
    return METRIC_COUNT;
}

const char *monitor_metric_name(enum monitor_metric m)
{
    return metrics[m].name;
}

const char *monitor_metric_unit(enum monitor_metric m)
{
    return metrics[m].unit;
}

int monitor_metric_scale(enum monitor_metric m)
{
    return metrics[m].scale;
}

const char *monitor_layer_name(enum monitor_layer l)
{
    static const char *const names[] = {"", "process", "port", "probe"};

    return names[l];
}
