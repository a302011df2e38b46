/* Private parts of the account room: roles, grants and who may what. The first half is pure (no
 * I/O, no clock) and tested on virtual time. */
#ifndef SK_ACCOUNT_ACCESS_H
#define SK_ACCOUNT_ACCESS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "account/internal.h"

/* ---- rule.c: what is declared, and what a role brings ---- */

enum role { ROLE_NONE, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER, ROLE_COUNT };

/* Parts of the box that an operator may see to; each action of the operator plane names one. */
#define OPERATOR_MODULES(X)                                                                        \
    X(MODULE_BOX, "box")                                                                           \
    X(MODULE_PEOPLE, "people")                                                                     \
    X(MODULE_AUDIT, "audit")                                                                       \
    X(MODULE_GUARD, "guard")                                                                       \
    X(MODULE_MONITOR, "monitor")                                                                   \
    X(MODULE_ALERT, "alert")                                                                       \
    X(MODULE_BACKUP, "backup")                                                                     \
    X(MODULE_OTA, "ota")                                                                           \
    X(MODULE_POLICY, "policy")

enum operator_module {
    MODULE_NONE,
#define OPERATOR_MODULE_ENUM(name, text) name,
    OPERATOR_MODULES(OPERATOR_MODULE_ENUM)
#undef OPERATOR_MODULE_ENUM
        MODULE_COUNT
};

/* Each includes the former. */
enum operator_level { LEVEL_NONE, LEVEL_VIEW, LEVEL_OPERATE, LEVEL_APPROVE };

const char *module_name(enum operator_module m);
enum operator_module module_find(const char *name); /* MODULE_NONE when it is none */
const char *level_name(enum operator_level l);
enum operator_level level_find(const char *name); /* LEVEL_NONE when it is none */
/* What a role at home brings, in every module. */
enum operator_level level_of_role(enum role r);

enum role role_find(const char *name); /* ROLE_NONE when it is no role */
const char *role_name(enum role r);

/* Actions that a grant can name, one bit each. */
#define ACCESS_RIGHTS(X)                                                                           \
    X(ACCESS_LIST, 0x001, "list")                                                                  \
    X(ACCESS_VIEW, 0x002, "view")                                                                  \
    X(ACCESS_LIVE_MAIN, 0x004, "live-main")                                                        \
    X(ACCESS_LIVE_SUB, 0x008, "live-sub")                                                          \
    X(ACCESS_LISTEN, 0x010, "listen")                                                              \
    X(ACCESS_TALK, 0x020, "talk")                                                                  \
    X(ACCESS_PTZ, 0x040, "ptz")                                                                    \
    X(ACCESS_PLAYBACK, 0x080, "playback")                                                          \
    X(ACCESS_SNAPSHOT, 0x100, "snapshot")                                                          \
    X(ACCESS_CONFIG, 0x200, "config")                                                              \
    X(ACCESS_DOWNLOAD, 0x400, "download")

enum access_right {
#define ACCESS_RIGHT_ENUM(name, bit, text) name = bit,
    ACCESS_RIGHTS(ACCESS_RIGHT_ENUM)
#undef ACCESS_RIGHT_ENUM
        ACCESS_ALL = 0x7FF
};

/* The bit of a grantable action, 0 when it is none. */
uint32_t access_right_find(const char *name);
/* A JSON array of the names of `rights`, new reference. */
json_t *access_rights_json(uint32_t rights);

struct rule; /* one declared action */
/* NULL: not declared, denied to everybody. */
const struct rule *rule_find(const char *action);
/* The grantable action behind it, 0 when only roles and credentials bring it. */
uint32_t rule_right(const struct rule *r);
/* 1 when it is open also to who must have a second factor and has none yet. */
int rule_is_of_self(const struct rule *r);
/* 1 when the role alone brings it. */
int rule_is_of_role(const struct rule *r, enum role role);
/* Of an action of the operator plane; MODULE_NONE: of tenants. */
enum operator_module rule_module(const struct rule *r);
enum operator_level rule_level(const struct rule *r);
/* The declared actions that the role, and the levels by module, bring without a grant; new
 * reference. */
json_t *rule_permissions_json(enum role role, const uint8_t levels[MODULE_COUNT]);
/* 0, -SK_EAUTH or -SK_EDENIED. `r` may be NULL. `role`: of a PRINCIPAL_ACCOUNT whose session and
 * account hold, else ROLE_NONE; `is_granted`: a grant, or an operator's level, brings it. Pure. */
SK_MUST int rule_decide(const struct rule *r, const struct principal *p, enum role role,
                        int is_granted);

/* ---- grant.c: the terms of a grant (pure) ---- */

enum {
    GRANT_RANGES_MAX = 14,
    GRANT_TAG_POINTS_MAX = 32,
    GRANT_TAG_BYTES = 32 * 4,
    GRANT_REASON_POINTS_MAX = 200,
    GRANT_TEXT_BYTES = 200 * 4,
    GRANT_ACTIONS_SIZE = 128,
    GRANTS_PER_INVITATION_MAX = 16,
    GRANTS_MAX = 20000,
    PEOPLE_MAX = 20000,
    GRANT_OBJECT_SIZE = GRANT_TAG_BYTES + 1
};

enum grant_object { GRANT_DEVICE, GRANT_TAG, GRANT_ALL };

/* Days as bits, Monday = 1; minutes of the day in UTC, `from` < `to` <= 1440. */
struct grant_range {
    uint8_t days;
    uint16_t from, to;
};

struct grant_terms {
    enum grant_object object_kind;
    char object[GRANT_OBJECT_SIZE]; /* camera id or tag */
    uint32_t actions;               /* access_right bits */
    int64_t not_before, not_after;  /* ms UTC, 0 = no limit */
    struct grant_range ranges[GRANT_RANGES_MAX];
    size_t range_count; /* 0 = always */
    char reason[GRANT_TEXT_BYTES + 1];
};

struct grant {
    char id[ID_SIZE];
    char account[ID_SIZE]; /* "": the subject is `role` */
    enum role role;
    struct grant_terms terms;
    int64_t created;
    char created_by[ID_SIZE];
    char organization[ORGANIZATION_ID_SIZE]; /* whose cameras it speaks of */
};

/* Members of `body` that are terms; others are the caller's to judge. -SK_EINVAL. */
SK_MUST int grant_terms_parse(struct grant_terms *out, const json_t *body);
/* Set the terms' members in `out`. */
void grant_terms_json(json_t *out, const struct grant_terms *t);
/* Texts for the store, and back. -SK_EINVAL, -SK_ETOOBIG. */
void grant_actions_text(char out[GRANT_ACTIONS_SIZE], uint32_t actions);
SK_MUST int grant_actions_parse(uint32_t *out, const char *text);
json_t *grant_schedule_json(const struct grant_terms *t);
SK_MUST int grant_schedule_parse(struct grant_terms *out, const json_t *list);

/* Does it hold at wall time `now_ms`? And the first moment after it at which that may change;
 * INT64_MAX when never. Starts are inclusive, ends are not. */
int grant_is_active(const struct grant_terms *t, int64_t now_ms);
int64_t grant_next_change(const struct grant_terms *t, int64_t now_ms);

/* 1..max code points of UTF-8 without control characters, no blank at either end. */
int text_is_plain(const char *text, size_t max_points);

/* ---- access.c: the compiled table ---- */

struct person {
    char id[ID_SIZE];
    char name[NAME_MAX_BYTES + 1];
    enum role role;
    int disabled;
    int64_t created;
    char organization[ORGANIZATION_ID_SIZE];
};

/* The organization that runs the box. */
#define ORGANIZATION_HOME "home"

enum { ORGANIZATION_NAME_POINTS_MAX = 64, ORGANIZATIONS_MAX = 5000 };

struct organization {
    char id[ORGANIZATION_ID_SIZE];
    char name[ORGANIZATION_NAME_POINTS_MAX * 4 + 1];
    char kind[8]; /* "home", "team", "person" */
    int suspended;
    int64_t created;
};

/* What a person of home was given. */
struct operator_row {
    char account[ID_SIZE];
    enum operator_module module;
    enum operator_level level;
};

/* Everything the table is made of; a list of each, owned. */
struct access_source {
    struct person *people;
    size_t people_count;
    struct grant *grants; /* newest first */
    size_t grant_count;
    struct organization *organizations;
    size_t organization_count;
    struct operator_row *operators;
    size_t operator_count;
};
void access_source_free(struct access_source *src);
/* access_load.c: from the store; what came before an error is the caller's to free as well. */
SK_MUST int access_source_read(struct store *s, struct access_source *out);

void access_start(void);
void access_stop(void);
/* Put a new table in the place of the former. Takes over what `src` holds. An edge of the former
 * that the tick has not told yet stays due. */
void access_use(struct access_source *src, int64_t now_ms);
/* Read the store and compile; whoever changes people or grants calls it after the commit. When it
 * fails nobody may anything until a later call succeeds. Worker threads. */
SK_MUST int access_reload(struct store *s, int64_t now_ms);
/* access_reload, then tell the house: the rights of `account` (NULL: of anybody) have changed. */
void access_changed(struct store *s, const char *account, int64_t now_ms);
/* 1 when the last reload failed: the sweep tries again. */
int access_is_stale(void);

/* The role of an account that may enter, else ROLE_NONE; towards a camera of another organization,
 * or one that is not there, it is that of a member, who has nothing by the role. When `right` is
 * not 0, `*granted` says whether a grant brings it for the camera; `device` NULL: the question is
 * not about one camera, and is left to the question about each. Any thread, quick, never blocks on
 * the store. */
enum role access_standing(const char *account, uint32_t right, const char *device, int64_t now_ms,
                          int *granted);

/* An operator's level in a module; LEVEL_NONE for whoever is no operator or may not enter. And all
 * of them. */
enum operator_level access_level(const char *account, enum operator_module module);
void access_levels(const char *account, uint8_t out[MODULE_COUNT]);

/* Whose an account, a camera, an organization is: `kind` as of authorize_organization_of().
 * -SK_ENOTFOUND. */
SK_MUST int access_organization_of(const char *kind, const char *id,
                                   char out[ORGANIZATION_ID_SIZE]);
/* Copy. -SK_ENOTFOUND. */
SK_MUST int access_organization_find(const char *id, struct organization *out);
void access_organizations_each(void (*fn)(void *ctx, const struct organization *o), void *ctx);
/* How many people and cameras it has. */
void access_organization_count(const char *id, size_t *people, size_t *cameras);

/* The moment's rights of everybody on one camera: `fn` for each person with any. */
struct access_line {
    const struct person *person;
    uint32_t rights;
    json_t *grants; /* ids, borrowed */
};
void access_device_each(const char *device, int64_t now_ms,
                        void (*fn)(void *ctx, const struct access_line *line), void *ctx);
/* A camera of the organization that the table has heard of? */
int access_device_is_of(const char *device, const char *organization);
/* `tags` NULL: forget it. */
void access_device_tags(const char *device, const char *organization, const char *const *tags,
                        size_t count);

/* Walk under the lock; `fn` must be quick and not call back here. */
void access_people_each(void (*fn)(void *ctx, const struct person *p), void *ctx);
void access_grants_each(void (*fn)(void *ctx, const struct grant *g, const char *subject_name),
                        void *ctx);
/* 1 when a grant's object is or reaches the camera. */
int access_grant_reaches(const struct grant *g, const char *device);

/* Did a grant begin or end between the former call and now? Then 1 (once). Any thread. */
int access_tick(int64_t now_ms);

/* ---- people.c: who may do what to whom, and what is written ---- */

enum refusal { REFUSAL_NONE, REFUSAL_OWNER, REFUSAL_SELF, REFUSAL_LAST_OWNER };
const char *refusal_name(enum refusal r); /* the contract's `reason` */

/* Who does it, from where. */
struct actor {
    const char *account, *session, *source;
    int64_t now_ms;
    const char *organization; /* of the account */
};

/* May `actor` (of role `actor_role`) turn `target` from `from` to `to` (ROLE_NONE = out)? Owners
 * are made and touched by owners, nobody touches himself. Pure. */
enum refusal people_judge(enum role actor_role, int is_self, enum role from, enum role to);

/* One transaction each. `*refusal` says why when -SK_EDENIED or -SK_ECONFLICT comes back.
 * -SK_ENOTFOUND no such account. */
SK_MUST int people_set(struct store *s, const struct actor *by, const char *account, enum role role,
                       int disabled, enum refusal *refusal);

/* What a person holds in this room's tables. */
struct holds {
    int64_t sessions, browsers, grants, invitations, factors, operator_levels, approvals, mail;
};
SK_MUST int people_holds(struct store *s, const char *account, int64_t now_ms, struct holds *out);
/* Disable, void the password, end everything of `holds`; which is what there was. */
SK_MUST int people_leave(struct store *s, const struct actor *by, const char *account,
                         struct holds *revoked, enum refusal *refusal);
/* Only a disabled account that holds nothing. */
SK_MUST int people_delete(struct store *s, const struct actor *by, const char *account);
/* Forget every second factor of somebody who lost them, and end the person's sessions; the guards
 * of roles. */
SK_MUST int people_factors_reset(struct store *s, const struct actor *by, const char *account,
                                 enum refusal *refusal);
SK_MUST int people_password_change(struct store *s, const struct actor *by, const char *former,
                                   const char *password);

/* ---- invitation.c ---- */

enum { INVITATION_TTL_DAYS = 7, INVITATIONS_MAX = 1000 };

struct invitation {
    char id[ID_SIZE];
    enum role role;
    char note[GRANT_TEXT_BYTES + 1];
    json_t *grants; /* array of terms, owned */
    int64_t created, expires;
    char created_by[ID_SIZE];
    char organization[ORGANIZATION_ID_SIZE]; /* which one joins */
};
void invitation_fini(struct invitation *i);

SK_MUST int invitation_add(struct store *s, const struct actor *by, const struct invitation *i,
                           const uint8_t hash[32], enum refusal *refusal);
/* -SK_EGONE: used, ended, expired or never made. */
SK_MUST int invitation_find(struct store *s, const uint8_t hash[32], int64_t now_ms,
                            struct invitation *out);
SK_MUST int invitation_end(struct store *s, const struct actor *by, const char *id,
                           enum refusal *refusal);
/* Open ones of an organization as the contract has them; new reference. */
SK_MUST int invitation_list(struct store *s, const char *organization, int64_t now_ms,
                            json_t **out);
/* One line of it inside a running write, the maker's standing being checked by the caller. */
SK_MUST int invitation_insert(struct store_tx *tx, const struct actor *by,
                              const struct invitation *i, const uint8_t hash[32]);
/* Use it up: the account, its grants and its first session, or nothing. -SK_EGONE, -SK_ECONFLICT
 * the name is taken, -SK_ELIMIT too many people or grants. */
SK_MUST int invitation_join(struct store *s, const uint8_t hash[32], const struct account_row *who,
                            const struct entry *entry);

/* ---- organization.c ---- */

/* With the invitation of its first owner. -SK_ELIMIT. */
SK_MUST int organization_add(struct store *s, const struct actor *by, const struct organization *o,
                             const struct invitation *owner, const uint8_t hash[32]);
/* Name and state; suspending also ends its people's sessions and its invitations. */
SK_MUST int organization_set(struct store *s, const struct actor *by, const struct organization *o);
/* -SK_ECONFLICT: it has people. */
SK_MUST int organization_remove(struct store *s, const struct actor *by, const char *id);
/* What a person is given beside the role, all modules at once. */
SK_MUST int operator_set(struct store *s, const struct actor *by, const char *account,
                         const uint8_t levels[MODULE_COUNT]);
/* {module: level}; new reference. -SK_EINVAL. */
json_t *levels_json(const uint8_t levels[MODULE_COUNT]);
SK_MUST int levels_parse(uint8_t out[MODULE_COUNT], const json_t *levels);

/* ---- grant_ledger.c ---- */

SK_MUST int grant_add(struct store *s, const struct actor *by, const struct grant *g);
SK_MUST int grant_end(struct store *s, const struct actor *by, const char *id);
/* The same inside a running write. */
SK_MUST int grant_add_in(struct store_tx *tx, const struct actor *by, const struct grant *g);
SK_MUST int grant_end_in(struct store_tx *tx, const struct actor *by, const char *id);
/* Grants on a camera that is gone. */
SK_MUST int grant_end_device(struct store *s, const char *device, int64_t now_ms);
/* Remember a camera that is gone (any thread); forget its grants and tags, and read again what
 * could not be read (the sweep's thread). */
void gone_add(const char *device);
void gone_sweep(struct store *s, int64_t now_ms);
/* -SK_ELIMIT: GRANTS_MAX are there. */
SK_MUST int grant_insert(struct store_tx *tx, const struct grant *g);
SK_MUST int grant_row_take(const struct store_row *row, struct grant *out);
/* One line to the audit log inside the running write. `detail` (may be NULL) is taken over. */
SK_MUST int act_record(struct store_tx *tx, const struct actor *by, const char *action,
                       const char *object_kind, const char *object, json_t *detail);

/* ---- handlers ---- */

struct actor actor_of(const struct http_request *req);
int answer_refusal(struct http_request *req, int err, enum refusal refusal);
json_t *grant_json(const struct grant *g, const char *subject_name, int64_t now_ms);
/* Codes, tokens: what was given in a standing that is no longer. */
void holdings_end(const char *account, int64_t now_ms);
/* The same for all owners of home: whoever had the box may have left himself a way back. */
void owners_holdings_end(int64_t now_ms);
enum { JOIN_LINK_SIZE = 512 };
/* The link of an invitation; the caller wipes it. */
void join_link_make(char out[JOIN_LINK_SIZE], const char *token);

int api_me_access(struct http_request *req);
int api_password(struct http_request *req);
int api_password_strength(struct http_request *req);
int api_accounts(struct http_request *req);
int api_account(struct http_request *req);
int api_account_patch(struct http_request *req);
int api_account_access(struct http_request *req);
int api_account_leave(struct http_request *req);
int api_account_delete(struct http_request *req);
int api_invitations(struct http_request *req);
int api_invitation_add(struct http_request *req);
int api_invitation_end(struct http_request *req);
int api_join_check(struct http_request *req);
int api_join_strength(struct http_request *req);
int api_join(struct http_request *req);
int api_grants(struct http_request *req);
int api_grant_add(struct http_request *req);
int api_grant_end(struct http_request *req);
int api_device_access(struct http_request *req);
int api_organization(struct http_request *req);
int api_organization_patch(struct http_request *req);
int api_organizations(struct http_request *req);
int api_organization_add(struct http_request *req);
int api_organizations_patch(struct http_request *req);
int api_organizations_delete(struct http_request *req);
int api_operators(struct http_request *req);
int api_operator_put(struct http_request *req);
int api_access_test(struct http_request *req);

#endif
