/* What an agent tells of its host beside the numbers, in C and as JSON. Pure. */
#ifndef SK_MONITOR_FACTS_H
#define SK_MONITOR_FACTS_H

#include <jansson.h>

#include "monitor/collect.h"

/* What an agent tells of its host now and then. */
struct host_facts {
    char version[33], kernel[65];
    int64_t cores, memory_mb;
    struct monitor_service services[MONITOR_SERVICES_MAX];
    size_t service_count;
    struct collect_disk disks[COLLECT_DISKS_MAX];
    size_t disk_count;
    struct collect_card cards[COLLECT_CARDS_MAX];
    size_t card_count;
};

/* The payloads of hello (version, kernel, cores, memory_mb) and facts (the rest), into and out of
 * `f`. Parsing changes only what the frame is about; -SK_EINVAL for anything that is not exactly
 * as it should be, and then `f` is not to be used. New references. */
SK_MUST int hello_parse(const json_t *o, struct host_facts *f);
SK_MUST int facts_parse(const json_t *o, struct host_facts *f);
json_t *hello_json(const struct host_facts *f);
json_t *facts_json(const struct host_facts *f);

#endif
