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
    BY_APP = 128, /* a signed request; what its account's role brings it has as well */
    BY_STAFF = BY_OWNER | BY_ADMIN
};

struct rule {
    const char *action;
    unsigned by;
    uint32_t right;              /* what a grant must name, 0 = no grant brings it */
    enum operator_module module; /* of an action of the operator plane */
    enum operator_level level;   /* what it takes there */
};

#define TENANT(action, by, right)                                                                  \
    {                                                                                              \
        action, by, right, MODULE_NONE, LEVEL_NONE                                                 \
    }
#define OPERATOR(action, module, level)                                                            \
    {                                                                                              \
        action, 0, 0, module, level                                                                \
    }

static const struct rule rules[] = {
    TENANT("session", BY_SESSION, 0),
    TENANT("session.self", BY_SESSION, 0), /* also while a second factor is owed */
    TENANT("public", BY_ANYBODY, 0),
    TENANT("device.list", BY_STAFF, ACCESS_LIST),
    TENANT("device.view", BY_STAFF, ACCESS_VIEW),
    TENANT("device.live-main", BY_OWNER, ACCESS_LIVE_MAIN),
    TENANT("device.live-sub", BY_OWNER, ACCESS_LIVE_SUB),
    TENANT("device.listen", BY_OWNER, ACCESS_LISTEN),
    TENANT("device.talk", BY_OWNER, ACCESS_TALK),
    TENANT("device.ptz", BY_OWNER, ACCESS_PTZ),
    TENANT("device.playback", BY_OWNER, ACCESS_PLAYBACK),
    TENANT("device.snapshot", BY_OWNER, ACCESS_SNAPSHOT),
    TENANT("device.download", BY_OWNER, ACCESS_DOWNLOAD),
    TENANT("device.config", BY_STAFF, ACCESS_CONFIG),
    TENANT("device.manage", BY_OWNER, 0),
    TENANT("device.remove", BY_STAFF, 0),
    TENANT("device.enrol", BY_STAFF, 0),
    TENANT("device.link", BY_DEVICE, 0),
    TENANT("device.enrol-self", BY_ENROLMENT, 0),
    TENANT("people.view", BY_STAFF, 0),
    TENANT("people.manage", BY_STAFF, 0),
    TENANT("grant.view", BY_STAFF, 0),
    TENANT("grant.manage", BY_STAFF, 0),
    TENANT("organization.manage", BY_OWNER, 0),
    TENANT("view.open", BY_SESSION | BY_APP, 0),
    TENANT("app.view", BY_STAFF, 0),
    TENANT("app.manage", BY_STAFF, 0),
    TENANT("audit.read", BY_STAFF, 0),
    OPERATOR("box.view", MODULE_BOX, LEVEL_VIEW),
    OPERATOR("guard.view", MODULE_GUARD, LEVEL_VIEW),
    OPERATOR("guard.manage", MODULE_GUARD, LEVEL_OPERATE),
    OPERATOR("monitor.view", MODULE_MONITOR, LEVEL_VIEW),
    OPERATOR("monitor.manage", MODULE_MONITOR, LEVEL_OPERATE),
    OPERATOR("alert.view", MODULE_ALERT, LEVEL_VIEW),
    OPERATOR("alert.operate", MODULE_ALERT, LEVEL_OPERATE),
    OPERATOR("audit.read-all", MODULE_AUDIT, LEVEL_VIEW),
    OPERATOR("audit.export", MODULE_AUDIT, LEVEL_VIEW),
    OPERATOR("organizations.view", MODULE_PEOPLE, LEVEL_VIEW),
    OPERATOR("organizations.operate", MODULE_PEOPLE, LEVEL_OPERATE),
    OPERATOR("organizations.approve", MODULE_PEOPLE, LEVEL_APPROVE),
    TENANT("metrics.read", BY_METRICS, 0),
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

static const char *const module_names[MODULE_COUNT] = {"",
#define OPERATOR_MODULE_NAME(name, text) text,
                                                       OPERATOR_MODULES(OPERATOR_MODULE_NAME)
#undef OPERATOR_MODULE_NAME
};

const char *module_name(enum operator_module m)
{
    return module_names[m];
}

enum operator_module module_find(const char *name)
{
    for (int m = MODULE_NONE + 1; m < MODULE_COUNT; m++)
        if (strcmp(module_names[m], name) == 0)
            return (enum operator_module)m;
    return MODULE_NONE;
}

static const char *const level_names[] = {"", "view", "operate", "approve"};

const char *level_name(enum operator_level l)
{
    return level_names[l];
}

enum operator_level level_find(const char *name)
{
    for (int l = LEVEL_VIEW; l <= LEVEL_APPROVE; l++)
        if (strcmp(level_names[l], name) == 0)
            return (enum operator_level)l;
    return LEVEL_NONE;
}

enum operator_level level_of_role(enum role r)
{
    return r == ROLE_OWNER ? LEVEL_APPROVE : r == ROLE_ADMIN ? LEVEL_OPERATE : LEVEL_NONE;
}

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

enum operator_module rule_module(const struct rule *r)
{
    return r ? r->module : MODULE_NONE;
}

enum operator_level rule_level(const struct rule *r)
{
    return r ? r->level : LEVEL_NONE;
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

int rule_is_of_self(const struct rule *r)
{
    return r && (r->by & BY_ANYBODY || strcmp(r->action, "session.self") == 0);
}

int rule_is_of_role(const struct rule *r, enum role role)
{
    return r && (r->by & role_is(role)) != 0;
}

json_t *rule_permissions_json(enum role role, const uint8_t levels[MODULE_COUNT])
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].by & role_is(role) ||
            (rules[i].module && levels[rules[i].module] >= rules[i].level))
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
    case PRINCIPAL_APP: /* its scopes were asked before: may() */
        is |= role == ROLE_NONE ? 0 : (role_is(role) & ~(unsigned)BY_SESSION) | BY_APP;
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
    if (r && (r->by & is || ((r->right || r->module) && role != ROLE_NONE && is_granted)))
        return 0;
    int is_person = p->kind == PRINCIPAL_ACCOUNT || p->kind == PRINCIPAL_APP;
    return p->kind == PRINCIPAL_NOBODY || (is_person && role == ROLE_NONE) ? -SK_EAUTH
                                                                           : -SK_EDENIED;
}
