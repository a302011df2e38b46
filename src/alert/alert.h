/* The alert centre: judges numbers by rules, keeps one row for each thing that is wrong, and tells
 * people through channels. Whoever measures hands its numbers in here. */
#ifndef SK_ALERT_ALERT_H
#define SK_ALERT_ALERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/room.h"

extern const struct room alert_room;

enum { ALERT_NAME_MAX = 64 }; /* bytes of a host's, service's or metric's text */

/* One number. Texts are borrowed for the call; host and service are shown to people. */
struct alert_sample {
    const char *host;    /* which machine: its name; "box" = this one */
    const char *ip;      /* address text, "" unknown */
    const char *service; /* "" = the host itself */
    const char *metric;  /* a name of rule.c's table: "cpu_pct", "service_down", ... */
    double value;
    double other; /* a companion that the title shows: the other direction's Mbit/s */
    int64_t at_ms;
};

/* Judge samples; how many of them were refused (unknown metric, not finite, a text that is none,
 * more than 60 s ahead, older than 10 min). Any thread; never blocks on the store; does nothing
 * in a house without this room. */
size_t alert_samples_put(const struct alert_sample *list, size_t count);

/* The host is no more: what is open about it ends, and it is not missed. As above. */
void alert_host_forget(const char *host);

#endif
