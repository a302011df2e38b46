/* Grants in the store. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"

int act_record(struct store_tx *tx, const struct actor *by, const char *action,
               const char *object_kind, const char *object, json_t *detail)
{
    char *text = detail ? sk_json_text(detail, NULL) : NULL;
    int err =
        audit_record(tx, AUDIT(.at_ms = by->now_ms, .actor_kind = by->account ? "account" : "box",
                               .actor = by->account, .session = by->session, .action = action,
                               .object_kind = object_kind, .object = object, .source = by->source,
                               .detail = text));

    free(text);
    json_decref(detail);
    return err;
}

/* Whom, on what, and which actions; a tag is somebody's word and stays out of the log. */
static json_t *grant_detail(const struct grant *g)
{
    static const char *const kinds[] = {"device", "tag", "all"};
    json_t *v = json_object();

    if (g->account[0])
        sk_json_set_str(v, "account", g->account);
    else
        sk_json_set_str(v, "role", role_name(g->role));
    sk_json_set_str(v, "on", kinds[g->terms.object_kind]);
    if (g->terms.object_kind == GRANT_DEVICE)
        sk_json_set_str(v, "device", g->terms.object);
    json_object_set_new(v, "actions", access_rights_json(g->terms.actions));
    if (g->terms.not_after)
        sk_json_set_int(v, "not_after", g->terms.not_after);
    return v;
}

static int schedule_take(struct grant_terms *t, const char *text)
{
    json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    int err = list ? grant_schedule_parse(t, list) : -SK_EINVAL;

    json_decref(list);
    return err;
}

int grant_row_take(const struct store_row *row, struct grant *out)
{
    static const char *const kinds[] = {"device", "tag", "all"};
    struct grant_terms *t = &out->terms;
    const char *kind = store_row_text(row, 3);
    int k = 0;

    memset(out, 0, sizeof(*out));
    int err = store_row_copy(row, 0, out->id, sizeof(out->id));
    if (!err)
        err = store_row_copy(row, 1, out->account, sizeof(out->account));
    out->role = role_find(store_row_text(row, 2));
    while (k < 2 && strcmp(kinds[k], kind) != 0)
        k++;
    t->object_kind = (enum grant_object)k;
    if (!err && strcmp(kinds[k], kind) != 0)
        err = -SK_EIO; /* never read an unknown kind as "all" */
    if (!err)
        err = store_row_copy(row, 4, t->object, sizeof(t->object));
    if (!err)
        err = grant_actions_parse(&t->actions, store_row_text(row, 5));
    t->not_before = store_row_int(row, 6);
    t->not_after = store_row_int(row, 7);
    if (!err && store_row_text(row, 8)[0])
        err = schedule_take(t, store_row_text(row, 8));
    if (!err)
        err = store_row_copy(row, 9, t->reason, sizeof(t->reason));
    out->created = store_row_int(row, 10);
    if (!err)
        err = store_row_copy(row, 11, out->created_by, sizeof(out->created_by));
    return err ? err : store_row_copy(row, 12, out->organization, sizeof(out->organization));
}

int grant_insert(struct store_tx *tx, const struct grant *g)
{
    static const char *const kinds[] = {"device", "tag", "all"};
    const struct grant_terms *t = &g->terms;
    char actions[GRANT_ACTIONS_SIZE], *schedule = NULL;
    int64_t count;
    int err = store_one_int(tx, "account_grant_count", NULL, &count);

    if (!err && count >= GRANTS_MAX)
        err = -SK_ELIMIT;
    if (err)
        return err;
    if (t->range_count) {
        json_t *list = grant_schedule_json(t);
        schedule = json_dumps(list, JSON_COMPACT);
        json_decref(list);
        SK_ASSERT(schedule);
    }
    grant_actions_text(actions, t->actions);
    err = store_exec(
        tx, "account_grant_insert",
        STORE_ARGS(
            store_text("id", g->id), store_text("account", g->account),
            store_text("role", role_name(g->role)),
            store_text("object_kind", kinds[t->object_kind]), store_text("object", t->object),
            store_text("actions", actions), store_int("not_before", t->not_before),
            store_int("not_after", t->not_after), store_text("schedule", schedule ? schedule : ""),
            store_text("reason", t->reason), store_int("created", g->created),
            store_text("created_by", g->created_by), store_text("organization", g->organization)),
        NULL);
    free(schedule);
    return err;
}

struct grant_write {
    const struct actor *by;
    const struct grant *grant;
    const char *id;
};

int grant_add_in(struct store_tx *tx, const struct actor *by, const struct grant *g)
{
    int err = 0;

    if (g->account[0]) /* it may have gone meanwhile */
        err =
            store_one(tx, "account_standing", STORE_ARGS(store_text("id", g->account)), NULL, NULL);
    if (!err)
        err = grant_insert(tx, g);
    return err ? err : act_record(tx, by, "grant.added", "grant", g->id, grant_detail(g));
}

static int grant_add_write(struct store_tx *tx, void *ctx)
{
    const struct grant_write *w = ctx;

    return grant_add_in(tx, w->by, w->grant);
}

int grant_add(struct store *s, const struct actor *by, const struct grant *g)
{
    struct grant_write w = {by, g, g->id};

    return store_write(s, grant_add_write, &w);
}

int grant_end_in(struct store_tx *tx, const struct actor *by, const char *id)
{
    int64_t rows;
    int err = store_exec(
        tx, "account_grant_delete",
        STORE_ARGS(store_text("id", id), store_text("organization", by->organization)), &rows);

    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err : act_record(tx, by, "grant.ended", "grant", id, NULL);
}

static int grant_end_write(struct store_tx *tx, void *ctx)
{
    const struct grant_write *w = ctx;

    return grant_end_in(tx, w->by, w->id);
}

int grant_end(struct store *s, const struct actor *by, const char *id)
{
    struct grant_write w = {by, NULL, id};

    return store_write(s, grant_end_write, &w);
}

static int device_end_write(struct store_tx *tx, void *ctx)
{
    const struct grant_write *w = ctx;
    int64_t rows;
    int err = store_exec(tx, "account_grant_delete_object", STORE_ARGS(store_text("device", w->id)),
                         &rows);

    return err || !rows ? err : act_record(tx, w->by, "grant.ended", "device", w->id, NULL);
}

int grant_end_device(struct store *s, const char *device, int64_t now_ms)
{
    const struct actor box = {.now_ms = now_ms};
    struct grant_write w = {&box, NULL, device};

    return store_write(s, device_end_write, &w);
}

/* ---- cameras that are gone ---- */

/* Filled from the event, on any thread; emptied by the sweep, which may wait for the store. */
static struct {
    pthread_mutex_t lock;
    char (*ids)[DEVICE_ID_SIZE];
    size_t count, cap;
} gone = {.lock = PTHREAD_MUTEX_INITIALIZER};

void gone_add(const char *device)
{
    pthread_mutex_lock(&gone.lock);
    if (gone.count == gone.cap) {
        gone.cap = gone.cap ? gone.cap * 2 : 16;
        gone.ids = sk_realloc(gone.ids, gone.cap * sizeof(*gone.ids));
    }
    if (!sk_copy(gone.ids[gone.count], DEVICE_ID_SIZE, device))
        gone.count++;
    pthread_mutex_unlock(&gone.lock);
}

static int gone_take(char device[DEVICE_ID_SIZE])
{
    int taken = 0;

    pthread_mutex_lock(&gone.lock);
    if (gone.count) {
        memcpy(device, gone.ids[--gone.count], DEVICE_ID_SIZE);
        taken = 1;
    }
    if (!gone.count) {
        free(gone.ids);
        gone.ids = NULL;
        gone.cap = 0;
    }
    pthread_mutex_unlock(&gone.lock);
    return taken;
}

void gone_sweep(struct store *s, int64_t now_ms)
{
    char device[DEVICE_ID_SIZE];
    int any = access_is_stale();

    while (gone_take(device)) {
        int err = grant_end_device(s, device, now_ms);
        if (err) {
            log_error("account", "gone-sweep", "device=%s reason=\"%s\"", device,
                      sk_error_text(err));
            gone_add(device);
            break;
        }
        access_device_tags(device, "", NULL, 0);
        any = 1;
    }
    if (any)
        access_changed(s, NULL, now_ms);
}
