/* What is declared, and who has it by role or credential alone: one row an action. What is not in
 * the table is denied to everybody, the owner and the box included. An action with a grantable
 * right is also had by whom a grant gives it (access.c). */
#include <string.h>

#include "account/access.h"

enum {
    BY_ANYBODY = 1,
    BY_SESSION = 2, /* any live session of an account that may enter */
    BY_OWNER = 4,
    BY_ADMIN = 8,
    BY_DEVICE = 16, /* a device over its own link */
    BY_METRICS = 32,
    BY_ENROLMENT = 64,
    BY_STAFF = BY_OWNER | BY_ADMIN
};

struct rule {
    const char *action;
    unsigned by;
    uint32_t right; /* what a grant must name, 0 = no grant brings it */
};

static const struct rule rules[] = {
    {"session", BY_SESSION, 0},
    {"public", BY_ANYBODY, 0},
    {"device.list", BY_STAFF, ACCESS_LIST},
    {"device.view", BY_STAFF, ACCESS_VIEW},
    {"device.live-main", BY_OWNER, ACCESS_LIVE_MAIN},
    {"device.live-sub", BY_OWNER, ACCESS_LIVE_SUB},
    {"device.listen", BY_OWNER, ACCESS_LISTEN},
    {"device.talk", BY_OWNER, ACCESS_TALK},
    {"device.ptz", BY_OWNER, ACCESS_PTZ},
    {"device.playback", BY_OWNER, ACCESS_PLAYBACK},
    {"device.snapshot", BY_OWNER, ACCESS_SNAPSHOT},
    {"device.download", BY_OWNER, ACCESS_DOWNLOAD},
    {"device.config", BY_STAFF, ACCESS_CONFIG},
    {"device.manage", BY_OWNER, 0},
    {"device.remove", BY_STAFF, 0},
    {"device.enrol", BY_STAFF, 0},
    {"device.link", BY_DEVICE, 0},
    {"device.enrol-self", BY_ENROLMENT, 0},
    {"people.view", BY_STAFF, 0},
    {"people.manage", BY_STAFF, 0},
    {"grant.view", BY_STAFF, 0},
    {"grant.manage", BY_STAFF, 0},
    {"box.view", BY_STAFF, 0},
    {"audit.read", BY_STAFF, 0},
    {"metrics.read", BY_METRICS, 0},
};

static const char *const role_names[ROLE_COUNT] = {"", "member", "admin", "owner"};

enum role role_find(const char *name)
{
    for (int r = ROLE_MEMBER; r < ROLE_COUNT; r++)
        if (strcmp(role_names[r], name) == 0)
            return (enum role)r;
    return ROLE_NONE;
}

const char *role_name(enum role r)
{
    return role_names[r];
}

static const struct {
    uint32_t bit;
    const char *name;
} rights[] = {
#define ACCESS_RIGHT_ROW(name, bit, text) {bit, text},
    ACCESS_RIGHTS(ACCESS_RIGHT_ROW)
#undef ACCESS_RIGHT_ROW
};

uint32_t access_right_find(const char *name)
{
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
        if (strcmp(rights[i].name, name) == 0)
            return rights[i].bit;
    return 0;
}

json_t *access_rights_json(uint32_t wanted)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
        if (wanted & rights[i].bit)
            json_array_append_new(list, json_string(rights[i].name));
    return list;
}

const struct rule *rule_find(const char *action)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (strcmp(rules[i].action, action) == 0)
            return &rules[i];
    return NULL;
}

uint32_t rule_right(const struct rule *r)
{
    return r ? r->right : 0;
}

static unsigned role_is(enum role role)
{
    static const unsigned is[ROLE_COUNT] = {
        [ROLE_MEMBER] = BY_SESSION,
        [ROLE_ADMIN] = BY_SESSION | BY_ADMIN,
        [ROLE_OWNER] = BY_SESSION | BY_OWNER,
    };

    return is[role];
}

int rule_is_of_role(const struct rule *r, enum role role)
{
    return r && (r->by & role_is(role)) != 0;
}

json_t *rule_permissions_json(enum role role)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].by & role_is(role))
            json_array_append_new(list, json_string(rules[i].action));
    return list;
}

static unsigned token_is(const struct principal *p)
{
    if (strcmp(p->purpose, "metrics") == 0)
        return BY_METRICS;
    return strcmp(p->purpose, "enrolment") == 0 ? BY_ENROLMENT : 0;
}

int rule_decide(const struct rule *r, const struct principal *p, enum role role, int is_granted)
{
    unsigned is = BY_ANYBODY;

    switch (p->kind) {
    case PRINCIPAL_BOX: /* the box itself: whatever is declared */
        return r ? 0 : -SK_EDENIED;
    case PRINCIPAL_ACCOUNT:
        is |= role_is(role);
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
    if (r && (r->by & is || (r->right && role != ROLE_NONE && is_granted)))
        return 0;
    return p->kind == PRINCIPAL_NOBODY || (p->kind == PRINCIPAL_ACCOUNT && role == ROLE_NONE)
               ? -SK_EAUTH
               : -SK_EDENIED;
}
