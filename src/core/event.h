/* News between rooms. A room publishes; those that subscribed at start are called in the
 * publisher's thread, in room order, and must return at once (hand over to their own thread or
 * loop). No room waits for an answer. */
#ifndef SK_CORE_EVENT_H
#define SK_CORE_EVENT_H

#include <stdint.h>

enum event_kind {
    EVENT_DEVICE_ONLINE,
    EVENT_DEVICE_OFFLINE,
    EVENT_DEVICE_CHANGED,  /* name or facts */
    EVENT_DEVICE_ENROLLED, /* `detail` = enrolment token id */
    EVENT_DEVICE_REMOVED,
    EVENT_SESSION_ENDED, /* logged out, revoked or expired: cut everything that stands on it */
    EVENT_SESSION_USED,  /* a socket that stands on it is open and alive: it is not idle */
    EVENT_GRANT_CHANGED, /* rights of `account` changed: ask may() again */
    EVENT_CERTIFICATE_CHANGED,
    EVENT_SHARE_CHANGED,    /* claims, shares or the list left for `device`; `account`: the guest */
    EVENT_APPROVAL_CHANGED, /* a request of `account` to the people of organization `detail` */
    EVENT_EMERGENCY,        /* the emergency login was opened, or has ended */
    EVENT_KIND_COUNT
};

struct event {
    enum event_kind kind;
    const char *device;  /* id or NULL; texts are valid during the call only */
    const char *account; /* id or NULL */
    const char *session; /* login session id or NULL */
    const char *detail;  /* NULL or what the kind says */
    int64_t wall_ms;
};

/* Subscribe at start, before threads run. At most 16 subscribers a kind. */
void event_subscribe(enum event_kind kind, void (*fn)(void *ctx, const struct event *ev),
                     void *ctx);
void event_publish(const struct event *ev);

#endif
