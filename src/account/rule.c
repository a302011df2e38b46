/* The built-in rule as a table: the owner may all that is declared, nobody else anything. What is
 * not in the table is denied to everybody, the owner and the box included. */
#include <string.h>

#include "account/internal.h"

enum {
    BY_ANYBODY = 1,
    BY_SESSION = 2, /* any live session */
    BY_OWNER = 4,
    BY_DEVICE = 8, /* a device over its own link */
    BY_METRICS = 16,
    BY_ENROLMENT = 32
};

static const struct {
    const char *action;
    unsigned by;
} rules[] = {
    {"public", BY_ANYBODY},         {"session", BY_SESSION},
    {"box.view", BY_OWNER},         {"metrics.read", BY_METRICS},
    {"device.link", BY_DEVICE},     {"device.enrol-self", BY_ENROLMENT},
    {"device.list", BY_OWNER},      {"device.view", BY_OWNER},
    {"device.config", BY_OWNER},    {"device.remove", BY_OWNER},
    {"device.enrol", BY_OWNER},     {"device.live-main", BY_OWNER},
    {"device.live-sub", BY_OWNER},  {"device.listen", BY_OWNER},
    {"device.talk", BY_OWNER},      {"device.ptz", BY_OWNER},
    {"device.playback", BY_OWNER},  {"device.snapshot", BY_OWNER},
    {"device.configure", BY_OWNER}, {"device.manage", BY_OWNER},
    {"audit.read", BY_OWNER},
};

static unsigned allowed_by(const char *action)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (strcmp(rules[i].action, action) == 0)
            return rules[i].by;
    return 0;
}

static unsigned token_is(const struct principal *p)
{
    if (strcmp(p->purpose, "metrics") == 0)
        return BY_METRICS;
    return strcmp(p->purpose, "enrolment") == 0 ? BY_ENROLMENT : 0;
}

int rule_decide(const struct principal *p, const char *action, int is_live, int is_owner)
{
    unsigned by = allowed_by(action);
    unsigned is = BY_ANYBODY;

    switch (p->kind) {
    case PRINCIPAL_BOX: /* the box itself: whatever is declared */
        return by ? 0 : -SK_EDENIED;
    case PRINCIPAL_ACCOUNT:
        is |= is_live ? BY_SESSION | (is_owner ? BY_OWNER : 0u) : 0u;
        break;
    case PRINCIPAL_DEVICE:
        is |= BY_DEVICE;
        break;
    case PRINCIPAL_TOKEN:
        is |= token_is(p);
        break;
    case PRINCIPAL_NOBODY:
        break;
    }
    if (by & is)
        return 0;
    return p->kind == PRINCIPAL_NOBODY || (p->kind == PRINCIPAL_ACCOUNT && !is_live) ? -SK_EAUTH
                                                                                     : -SK_EDENIED;
}
