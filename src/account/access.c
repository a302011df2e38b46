/* Who may what with which camera: the grants, compiled so that one question is two hash lookups.
 * Questions come from every thread, many a second; changes are rare, rebuild the whole table beside
 * the one in use and then swap it in. Whether a grant holds at this moment is judged at each
 * question, so nothing has to run for an end to be kept; the tick only tells the others. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"

enum { TAGS_MAX = 8 };

struct tie { /* one grant in the list of one subject and object */
    const struct grant *grant;
    struct tie *next;
};

/* Of an account, or of a role. */
struct subject {
    struct sk_map *by_device; /* device id -> first tie; NULL when there is none */
    struct tie *wide;         /* by tag, and all */
};

struct entry_of {
    const struct person *person;
    struct subject own;
    int may_enter;                /* neither disabled nor of a suspended organization */
    uint8_t levels[MODULE_COUNT]; /* as an operator */
};

struct table {
    struct access_source src;
    struct sk_map *people;        /* account id -> entry_of */
    struct sk_map *organizations; /* id -> organization */
    struct entry_of *entries;
    struct tie *ties;
    size_t tie_count;
    struct subject roles[ROLE_COUNT];
};

struct camera {
    char organization[ORGANIZATION_ID_SIZE];
    size_t tag_count;
    char tags[TAGS_MAX][GRANT_OBJECT_SIZE];
};

static struct {
    pthread_rwlock_t lock; /* of `table` and `cameras`; held for lookups and swaps only */
    struct table *table;
    struct sk_map *cameras; /* camera id -> whose it is and its tags, for every camera there is */
    pthread_mutex_t change; /* one reload at a time: the last to read is the last to swap */
    _Atomic int64_t next_change_ms;
    _Atomic int stale;
} access = {.lock = PTHREAD_RWLOCK_INITIALIZER, .change = PTHREAD_MUTEX_INITIALIZER};

/* ---- compiling ---- */

static void subject_tie(struct subject *s, struct table *t, const struct grant *g)
{
    struct tie *tie = &t->ties[t->tie_count++];

    tie->grant = g;
    if (g->terms.object_kind != GRANT_DEVICE) {
        tie->next = s->wide;
        s->wide = tie;
        return;
    }
    if (!s->by_device)
        s->by_device = sk_map_new(0);
    tie->next = sk_map_put(s->by_device, g->terms.object, strlen(g->terms.object), tie);
}

static struct entry_of *entry_find(const struct table *t, const char *account)
{
    return sk_map_find(t->people, account, strlen(account));
}

/* Whoever is of an organization that is not on the list may not enter. Without a list (no
 * organization was read) there is nothing to be suspended. */
static int may_enter(const struct table *t, const struct person *p)
{
    const struct organization *o =
        sk_map_find(t->organizations, p->organization, strlen(p->organization));

    return !p->disabled && (o ? !o->suspended : t->src.organization_count == 0);
}

static void people_index(struct table *t)
{
    for (size_t i = 0; i < t->src.people_count; i++) {
        const struct person *p = &t->src.people[i];
        struct entry_of *e = &t->entries[i];
        e->person = p;
        e->may_enter = may_enter(t, p);
        if (strcmp(p->organization, ORGANIZATION_HOME) == 0)
            memset(e->levels, (int)level_of_role(p->role), sizeof(e->levels));
        sk_map_put(t->people, p->id, strlen(p->id), e);
    }
}

/* A level beside the role; only people of home have any. */
static void operators_index(struct table *t)
{
    for (size_t i = 0; i < t->src.operator_count; i++) {
        const struct operator_row *o = &t->src.operators[i];
        struct entry_of *e = entry_find(t, o->account);
        if (e && strcmp(e->person->organization, ORGANIZATION_HOME) == 0 &&
            e->levels[o->module] < o->level)
            e->levels[o->module] = (uint8_t)o->level;
    }
}

static struct table *table_new(struct access_source *src)
{
    struct table *t = sk_alloc(sizeof(*t));

    t->src = *src;
    *src = (struct access_source){0};
    t->people = sk_map_new(0);
    t->organizations = sk_map_new(0);
    t->entries = sk_alloc((t->src.people_count + 1) * sizeof(*t->entries));
    t->ties = sk_alloc((t->src.grant_count + 1) * sizeof(*t->ties));
    for (size_t i = 0; i < t->src.organization_count; i++) {
        struct organization *o = &t->src.organizations[i];
        sk_map_put(t->organizations, o->id, strlen(o->id), o);
    }
    people_index(t);
    operators_index(t);
    for (size_t i = 0; i < t->src.grant_count; i++) {
        const struct grant *g = &t->src.grants[i];
        struct entry_of *e = g->account[0] ? entry_find(t, g->account) : NULL;
        if (e)
            subject_tie(&e->own, t, g);
        else if (!g->account[0])
            subject_tie(&t->roles[g->role], t, g);
    }
    return t;
}

static void table_free(struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->src.people_count; i++)
        sk_map_free(t->entries[i].own.by_device);
    for (int r = 0; r < ROLE_COUNT; r++)
        sk_map_free(t->roles[r].by_device);
    sk_map_free(t->people);
    sk_map_free(t->organizations);
    free(t->entries);
    free(t->ties);
    access_source_free(&t->src);
    free(t);
}

static int64_t table_next_change(const struct table *t, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < t->src.grant_count; i++) {
        int64_t at = grant_next_change(&t->src.grants[i].terms, now_ms);
        next = at < next ? at : next;
    }
    return next;
}

/* ---- life ---- */

void access_start(void)
{
    struct access_source none = {0};

    pthread_rwlock_wrlock(&access.lock);
    access.cameras = sk_map_new(0);
    access.table = table_new(&none);
    pthread_rwlock_unlock(&access.lock);
    atomic_store(&access.next_change_ms, INT64_MAX);
    atomic_store(&access.stale, 0);
}

void access_stop(void)
{
    struct camera *camera;

    pthread_rwlock_wrlock(&access.lock);
    table_free(access.table);
    access.table = NULL;
    for (size_t pos = 0; access.cameras && (camera = sk_map_next(access.cameras, &pos));)
        free(camera);
    sk_map_free(access.cameras);
    access.cameras = NULL;
    pthread_rwlock_unlock(&access.lock);
}

void access_use(struct access_source *src, int64_t now_ms)
{
    struct table *fresh = table_new(src);

    pthread_rwlock_wrlock(&access.lock);
    struct table *former = access.table;
    access.table = fresh;
    if (atomic_load(&access.next_change_ms) > now_ms)
        atomic_store(&access.next_change_ms, table_next_change(fresh, now_ms));
    pthread_rwlock_unlock(&access.lock);
    table_free(former);
}

/* ---- changes ---- */

int access_reload(struct store *s, int64_t now_ms)
{
    struct access_source src = {0};

    pthread_mutex_lock(&access.change);
    int err = access_source_read(s, &src);
    if (err) {
        log_error("account", "access-reload", "reason=\"%s\"", sk_error_text(err));
        access_source_free(&src); /* what was revoked must not go on: nobody may anything */
    }
    access_use(&src, now_ms);
    atomic_store(&access.stale, err != 0);
    pthread_mutex_unlock(&access.change);
    return err;
}

void access_changed(struct store *s, const char *account, int64_t now_ms)
{
    const struct event ev = {.kind = EVENT_GRANT_CHANGED, .account = account, .wall_ms = now_ms};
    int err = access_reload(s, now_ms);

    event_publish(&ev);
    if (err)
        log_error("account", "access-closed", "reason=\"nobody may anything until it is read\"");
}

int access_is_stale(void)
{
    return atomic_load(&access.stale);
}

int access_tick(int64_t now_ms)
{
    if (now_ms < atomic_load(&access.next_change_ms))
        return 0;
    pthread_rwlock_wrlock(&access.lock);
    int due = access.table && now_ms >= atomic_load(&access.next_change_ms);
    if (due)
        atomic_store(&access.next_change_ms, table_next_change(access.table, now_ms));
    pthread_rwlock_unlock(&access.lock);
    return due;
}

/* ---- questions ---- */

/* What a grant brings: any action brings seeing that the camera is there. */
static uint32_t grant_rights(const struct grant *g, int64_t now_ms)
{
    return grant_is_active(&g->terms, now_ms) ? g->terms.actions | ACCESS_LIST | ACCESS_VIEW : 0;
}

static int has_tag(const struct camera *c, const char *tag)
{
    for (size_t i = 0; i < c->tag_count; i++)
        if (strcmp(c->tags[i], tag) == 0)
            return 1;
    return 0;
}

/* A grant speaks of cameras of its own organization and of no other. */
static int grant_reaches(const struct grant *g, const char *device, const struct camera *c)
{
    if (!c || strcmp(g->organization, c->organization) != 0)
        return 0;
    if (g->terms.object_kind == GRANT_DEVICE)
        return strcmp(g->terms.object, device) == 0;
    return g->terms.object_kind == GRANT_ALL || has_tag(c, g->terms.object);
}

/* Rights of a subject on a camera, stopping as soon as all of `wanted` are there. Each grant that
 * brings any goes to `seen`, when that is not NULL. */
static uint32_t subject_rights(const struct subject *s, const char *device,
                               const struct camera *camera, int64_t now_ms, uint32_t wanted,
                               json_t *seen)
{
    const struct tie *tie = s->by_device ? sk_map_find(s->by_device, device, strlen(device)) : NULL;
    uint32_t rights = 0;

    for (int wide = 0; wide < 2; wide++, tie = s->wide) {
        for (; tie && (rights & wanted) != wanted; tie = tie->next) {
            if (!grant_reaches(tie->grant, device, camera))
                continue;
            uint32_t more = grant_rights(tie->grant, now_ms);
            rights |= more;
            if (more && seen)
                json_array_append_new(seen, json_string(tie->grant->id));
        }
    }
    return rights;
}

static const struct camera *camera_find_locked(const char *device)
{
    return access.cameras ? sk_map_find(access.cameras, device, strlen(device)) : NULL;
}

static int is_own(const struct person *p, const struct camera *c)
{
    return strcmp(p->organization, c->organization) == 0;
}

/* Grants of the person, and those of the person's role in the camera's organization. */
static uint32_t person_rights(const struct entry_of *e, const char *device, const struct camera *c,
                              int64_t now_ms, uint32_t wanted, json_t *seen)
{
    uint32_t rights = subject_rights(&e->own, device, c, now_ms, wanted, seen);

    if (c && is_own(e->person, c) && (rights & wanted) != wanted)
        rights |=
            subject_rights(&access.table->roles[e->person->role], device, c, now_ms, wanted, seen);
    return rights;
}

enum role access_standing(const char *account, uint32_t right, const char *device, int64_t now_ms,
                          int *granted)
{
    enum role role = ROLE_NONE;

    *granted = 0;
    pthread_rwlock_rdlock(&access.lock);
    const struct entry_of *e = access.table ? entry_find(access.table, account) : NULL;
    const struct camera *camera = device ? camera_find_locked(device) : NULL;
    if (e && e->may_enter)
        role = e->person->role;
    if (role != ROLE_NONE && right)
        *granted =
            !device || (person_rights(e, device, camera, now_ms, right, NULL) & right) == right;
    if (role != ROLE_NONE && device && !(camera && is_own(e->person, camera)))
        role = ROLE_MEMBER;
    pthread_rwlock_unlock(&access.lock);
    return role;
}

void access_levels(const char *account, uint8_t out[MODULE_COUNT])
{
    memset(out, LEVEL_NONE, MODULE_COUNT);
    pthread_rwlock_rdlock(&access.lock);
    const struct entry_of *e = access.table ? entry_find(access.table, account) : NULL;
    if (e && e->may_enter)
        memcpy(out, e->levels, MODULE_COUNT);
    pthread_rwlock_unlock(&access.lock);
}

enum operator_level access_level(const char *account, enum operator_module module)
{
    uint8_t levels[MODULE_COUNT];

    access_levels(account, levels);
    return (enum operator_level)levels[module];
}

/* What the role alone brings on a camera. */
static uint32_t role_rights(enum role role)
{
    uint32_t rights = 0;

    for (uint32_t bit = 1; bit <= ACCESS_ALL; bit <<= 1) {
        json_t *name = access_rights_json(bit);
        char action[48] = "device.";
        if (!sk_copy(action + 7, sizeof(action) - 7, json_string_value(json_array_get(name, 0))) &&
            rule_is_of_role(rule_find(action), role))
            rights |= bit;
        json_decref(name);
    }
    return rights;
}

void access_device_each(const char *device, int64_t now_ms,
                        void (*fn)(void *ctx, const struct access_line *line), void *ctx)
{
    uint32_t of_role[ROLE_COUNT];

    for (int r = 0; r < ROLE_COUNT; r++)
        of_role[r] = role_rights((enum role)r);
    pthread_rwlock_rdlock(&access.lock);
    const struct camera *camera = camera_find_locked(device);
    for (size_t i = 0; camera && access.table && i < access.table->src.people_count; i++) {
        const struct entry_of *e = &access.table->entries[i];
        struct access_line line = {.person = e->person, .grants = json_array()};
        if (e->may_enter)
            line.rights = (is_own(e->person, camera) ? of_role[e->person->role] : 0) |
                          person_rights(e, device, camera, now_ms, UINT32_MAX, line.grants);
        if (line.rights)
            fn(ctx, &line);
        json_decref(line.grants);
    }
    pthread_rwlock_unlock(&access.lock);
}

/* ---- cameras ---- */

int access_device_is_of(const char *device, const char *organization)
{
    pthread_rwlock_rdlock(&access.lock);
    const struct camera *c = camera_find_locked(device);
    int is = c && strcmp(c->organization, organization) == 0;
    pthread_rwlock_unlock(&access.lock);
    return is;
}

/* Whose it is must be known: with an organization that is no id the camera is nobody's. */
static struct camera *camera_new(const char *organization, const char *const *tags, size_t count)
{
    struct camera *c = sk_alloc(sizeof(*c));

    if (sk_copy(c->organization, sizeof(c->organization), organization)) {
        free(c);
        return NULL;
    }
    for (size_t i = 0; i < count && i < TAGS_MAX; i++)
        if (!sk_copy(c->tags[c->tag_count], GRANT_OBJECT_SIZE, tags[i]))
            c->tag_count++;
    return c;
}

void access_device_tags(const char *device, const char *organization, const char *const *list,
                        size_t count)
{
    struct camera *fresh = list ? camera_new(organization, list, count) : NULL, *former = NULL;

    pthread_rwlock_wrlock(&access.lock);
    if (access.cameras && fresh)
        former = sk_map_put(access.cameras, device, strlen(device), fresh);
    else if (access.cameras)
        former = sk_map_remove(access.cameras, device, strlen(device));
    else
        former = fresh;
    pthread_rwlock_unlock(&access.lock);
    free(former);
}

int access_grant_reaches(const struct grant *g, const char *device)
{
    pthread_rwlock_rdlock(&access.lock);
    int reaches = grant_reaches(g, device, camera_find_locked(device));
    pthread_rwlock_unlock(&access.lock);
    return reaches;
}

/* ---- lists ---- */

void access_people_each(void (*fn)(void *ctx, const struct person *p), void *ctx)
{
    pthread_rwlock_rdlock(&access.lock);
    for (size_t i = 0; access.table && i < access.table->src.people_count; i++)
        fn(ctx, &access.table->src.people[i]);
    pthread_rwlock_unlock(&access.lock);
}

void access_grants_each(void (*fn)(void *ctx, const struct grant *g, const char *subject_name),
                        void *ctx)
{
    pthread_rwlock_rdlock(&access.lock);
    for (size_t i = 0; access.table && i < access.table->src.grant_count; i++) {
        const struct grant *g = &access.table->src.grants[i];
        const struct entry_of *e = g->account[0] ? entry_find(access.table, g->account) : NULL;
        fn(ctx, g, e ? e->person->name : NULL);
    }
    pthread_rwlock_unlock(&access.lock);
}

/* ---- organizations ---- */

static const char *organization_of_locked(const char *kind, const char *id)
{
    if (strcmp(kind, "device") == 0) {
        const struct camera *c = camera_find_locked(id);
        return c ? c->organization : NULL;
    }
    if (strcmp(kind, "account") == 0) {
        const struct entry_of *e = access.table ? entry_find(access.table, id) : NULL;
        return e ? e->person->organization : NULL;
    }
    return strcmp(kind, "organization") == 0 ? id : NULL;
}

int access_organization_of(const char *kind, const char *id, char out[ORGANIZATION_ID_SIZE])
{
    pthread_rwlock_rdlock(&access.lock);
    const char *of = organization_of_locked(kind, id);
    int err = of ? sk_copy(out, ORGANIZATION_ID_SIZE, of) : -SK_ENOTFOUND;
    pthread_rwlock_unlock(&access.lock);
    return err;
}

int access_organization_find(const char *id, struct organization *out)
{
    pthread_rwlock_rdlock(&access.lock);
    const struct organization *o =
        access.table ? sk_map_find(access.table->organizations, id, strlen(id)) : NULL;
    if (o)
        *out = *o;
    pthread_rwlock_unlock(&access.lock);
    return o ? 0 : -SK_ENOTFOUND;
}

void access_organizations_each(void (*fn)(void *ctx, const struct organization *o), void *ctx)
{
    pthread_rwlock_rdlock(&access.lock);
    for (size_t i = 0; access.table && i < access.table->src.organization_count; i++)
        fn(ctx, &access.table->src.organizations[i]);
    pthread_rwlock_unlock(&access.lock);
}

void access_organization_count(const char *id, size_t *people, size_t *cameras)
{
    const struct camera *c;

    *people = *cameras = 0;
    pthread_rwlock_rdlock(&access.lock);
    for (size_t i = 0; access.table && i < access.table->src.people_count; i++)
        *people += strcmp(access.table->src.people[i].organization, id) == 0;
    for (size_t pos = 0; access.cameras && (c = sk_map_next(access.cameras, &pos));)
        *cameras += strcmp(c->organization, id) == 0;
    pthread_rwlock_unlock(&access.lock);
}
