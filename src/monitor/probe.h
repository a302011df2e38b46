/* Does the box's own front door answer? A real request through TLS, edge and a worker, from a
 * thread of its own. */
#ifndef SK_MONITOR_PROBE_H
#define SK_MONITOR_PROBE_H

#include <stddef.h>

#include "core/config.h"
#include "monitor/monitor.h"

SK_MUST int probe_start(const struct config *c);
void probe_stop(void);
/* What the last probe found; nothing before the first. Any thread. */
size_t probe_services(struct monitor_service *out, size_t cap);

#endif
