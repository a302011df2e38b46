/* Requests for acts that need two persons: who else could say yes, and the rows. */
#include <stdlib.h>
#include <string.h>

#include "account/approval.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/event.h"

static int is_on; /* account.two_person; set at start */

int account_may(const char *account, const char *action)
{
    const struct rule *r = rule_find(action);
    int ignored;
    enum role role = access_standing(account, 0, NULL, sk_clock_wall_ms(), &ignored);

    return rule_is_of_role(r, role) ||
           (rule_module(r) && access_level(account, rule_module(r)) >= rule_level(r));
}

/* ---- is there anybody else? ---- */

struct others {
    char (*ids)[ID_SIZE];
    size_t count;
    const char *organization, *except;
};

static void other_keep(void *ctx, const struct person *p)
{
    struct others *o = ctx;

    if (strcmp(p->organization, o->organization) != 0 || strcmp(p->id, o->except) == 0 ||
        account_is_emergency(p->id) || p->disabled)
        return;
    o->ids = sk_realloc(o->ids, (o->count + 1) * sizeof(*o->ids));
    memcpy(o->ids[o->count++], p->id, ID_SIZE);
}

static int others_may(const char *organization, const char *except, const char *action)
{
    struct others o = {.organization = organization, .except = except};
    int found = 0;

    access_people_each(other_keep, &o);
    for (size_t i = 0; !found && i < o.count; i++)
        found = account_may(o.ids[i], action);
    free(o.ids);
    return found;
}

/* ---- rows ---- */

struct approval_write {
    const struct actor *by;
    struct approval *a;
    const char *state, *action;
    int failed;
};

static int approval_record(struct store_tx *tx, const struct actor *by, const struct approval *a,
                           const char *action)
{
    return act_record(tx, by, action, "approval", a->id,
                      json_pack("{s:s, s:s}", "kind", a->kind, "author", a->author));
}

static int id_take(void *ctx, const struct store_row *row)
{
    return store_row_copy(row, 0, ctx, ID_SIZE);
}

static int bounds_check(struct store_tx *tx, const struct approval *a)
{
    int64_t open = 0, all = 0;
    int err = store_one_int(
        tx, "account_approval_count_of",
        STORE_ARGS(store_text("account", a->author), store_int("now", a->created)), &open);

    if (!err)
        err = store_one_int(tx, "account_approval_count", NULL, &all);
    return err ? err : open >= APPROVALS_OPEN_MAX || all >= (int64_t)APPROVALS_MAX ? -SK_ELIMIT : 0;
}

static int add_write(struct store_tx *tx, void *ctx)
{
    struct approval_write *w = ctx;
    struct approval *a = w->a;
    char same[ID_SIZE] = "";
    int err = store_many(tx, "account_approval_same",
                         STORE_ARGS(store_text("account", a->author), store_text("kind", a->kind),
                                    store_text("what", a->what), store_int("now", a->created)),
                         APPROVALS_OPEN_MAX, id_take, same);

    if (!err && same[0]) { /* asked for already */
        memcpy(a->id, same, sizeof(same));
        return 0;
    }
    if (!err)
        err = bounds_check(tx, a);
    id_make(a->id);
    if (!err)
        err = store_exec(tx, "account_approval_insert",
                         STORE_ARGS(store_text("id", a->id), store_text("kind", a->kind),
                                    store_text("what", a->what), store_text("label", a->label),
                                    store_text("organization", a->organization),
                                    store_text("account", a->author), store_text("why", a->why),
                                    store_int("created", a->created),
                                    store_int("expires", a->expires)),
                         NULL);
    return err ? err : approval_record(tx, w->by, a, "approval.asked");
}

int approval_add(struct store *s, const struct actor *by, struct approval *a, const json_t *what)
{
    struct approval_write w = {.by = by, .a = a};
    char *text = json_dumps(what, JSON_COMPACT | JSON_SORT_KEYS);
    int err = text ? sk_copy(a->what, sizeof(a->what), text) : -SK_ENOMEM;

    free(text);
    a->created = by->now_ms;
    a->expires = by->now_ms + APPROVAL_TTL_MS;
    memcpy(a->state, "open", 5);
    if (!err)
        err = sk_copy(a->author, sizeof(a->author), by->account);
    if (!err)
        err = store_write(s, add_write, &w);
    if (!err)
        approval_tell(a, by->now_ms);
    return err;
}

static int row_take(const struct store_row *row, struct approval *out)
{
    const struct {
        char *to;
        size_t cap;
    } texts[] = {{out->id, sizeof(out->id)},
                 {out->kind, sizeof(out->kind)},
                 {out->what, sizeof(out->what)},
                 {out->label, sizeof(out->label)},
                 {out->organization, sizeof(out->organization)},
                 {out->author, sizeof(out->author)},
                 {out->why, sizeof(out->why)}};
    int err = 0;

    for (int i = 0; !err && i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
        err = store_row_copy(row, i, texts[i].to, texts[i].cap);
    out->created = store_row_int(row, 7);
    out->expires = store_row_int(row, 8);
    if (!err)
        err = store_row_copy(row, 9, out->state, sizeof(out->state));
    out->decided = store_row_int(row, 10);
    return err ? err : store_row_copy(row, 11, out->decided_by, sizeof(out->decided_by));
}

struct approval_query {
    const char *organization, *account, *id;
    int64_t now_ms;
    struct approval row;
    int found;
    void (*fn)(void *ctx, const struct approval *a);
    void *ctx;
};

static int query_take(void *ctx, const struct store_row *row)
{
    struct approval_query *q = ctx;
    int err = row_take(row, &q->row);

    q->found = !err;
    if (!err && q->fn)
        q->fn(q->ctx, &q->row);
    return err;
}

static int find_read(struct store_tx *tx, void *ctx)
{
    struct approval_query *q = ctx;
    int err = store_many(tx, "account_approval_by_id", STORE_ARGS(store_text("id", q->id)), 1,
                         query_take, q);

    return err ? err : q->found ? 0 : -SK_ENOTFOUND;
}

int approval_find(struct store *s, const char *id, struct approval *out)
{
    struct approval_query q = {.id = id};
    int err = store_read(s, find_read, &q);

    if (!err)
        *out = q.row;
    return err;
}

static int each_read(struct store_tx *tx, void *ctx)
{
    struct approval_query *q = ctx;

    return store_many(tx, "account_approval_of",
                      STORE_ARGS(store_text("organization", q->organization),
                                 store_text("account", q->account),
                                 store_int("since", q->now_ms - APPROVAL_KEPT_DAYS * 86400000LL)),
                      APPROVALS_MAX, query_take, q);
}

int approval_each(struct store *s, const char *organization, const char *author, int64_t now_ms,
                  void (*fn)(void *ctx, const struct approval *a), void *ctx)
{
    struct approval_query q = {.organization = organization ? organization : "",
                               .account = author,
                               .now_ms = now_ms,
                               .fn = fn,
                               .ctx = ctx};

    return store_read(s, each_read, &q);
}

static int decide_write(struct store_tx *tx, void *ctx)
{
    const struct approval_write *w = ctx;
    int64_t rows = 0;
    int err = store_exec(tx, "account_approval_decide",
                         STORE_ARGS(store_text("id", w->a->id), store_text("state", w->state),
                                    store_text("account", w->by->account),
                                    store_int("now", w->by->now_ms)),
                         &rows);

    if (!err && !rows)
        err = -SK_EGONE;
    return err ? err : approval_record(tx, w->by, w->a, w->action);
}

int approval_decide(struct store *s, const struct actor *by, const struct approval *a,
                    const char *state)
{
    struct approval copy = *a;
    struct approval_write w = {.by = by,
                               .a = &copy,
                               .state = state,
                               .action = strcmp(state, "approved") == 0  ? "approval.approved"
                                         : strcmp(state, "refused") == 0 ? "approval.refused"
                                                                         : "approval.withdrawn"};

    return store_write(s, decide_write, &w);
}

static int reopen_write(struct store_tx *tx, void *ctx)
{
    const struct approval_write *w = ctx;
    int err =
        store_exec(tx, "account_approval_reopen", STORE_ARGS(store_text("id", w->a->id)), NULL);

    return err ? err
               : act_record(tx, w->by, "approval.failed", "approval", w->a->id,
                            json_pack("{s:s, s:s}", "kind", w->a->kind, "reason",
                                      sk_error_slug(w->failed)));
}

int approval_reopen(struct store *s, const struct actor *by, const struct approval *a, int failed)
{
    struct approval copy = *a;
    struct approval_write w = {.by = by, .a = &copy, .failed = failed};

    return store_write(s, reopen_write, &w);
}

void approval_tell(const struct approval *a, int64_t now_ms)
{
    event_publish(&(struct event){.kind = EVENT_APPROVAL_CHANGED,
                                  .account = a->author,
                                  .detail = a->organization,
                                  .wall_ms = now_ms});
}

/* ---- the seam ---- */

static int ask(const struct principal *by, const struct approval_kind *kind, const json_t *what,
               const char *label, int64_t now_ms, char id[SESSION_ID_SIZE])
{
    const char *organization = kind->is_of_box ? ORGANIZATION_HOME : by->organization;
    const struct actor actor = {by->account, by->session, by->source, now_ms, by->organization};
    struct approval a = {.created = now_ms};

    if (!is_on || account_is_emergency(by->account) ||
        !others_may(organization, by->account, kind->permission))
        return 0;
    int err = sk_copy(a.kind, sizeof(a.kind), kind->name);
    if (!err)
        err = sk_copy(a.organization, sizeof(a.organization), organization);
    if (!err)
        err = sk_copy(a.label, sizeof(a.label), label);
    if (!err)
        err = approval_add(account_get()->store, &actor, &a, what);
    if (err)
        return err;
    memcpy(id, a.id, SESSION_ID_SIZE);
    log_info("account", "approval-asked", "approval=%s kind=%s by=%s", a.id, a.kind, a.author);
    return -SK_EAPPROVAL;
}

void approval_start(int on)
{
    static const struct approval_kind grant = {"grant", "grant.manage", 0, grant_apply};
    static const struct approval_kind suspend = {"organization.suspend", "organizations.approve", 1,
                                                 organization_suspend_apply};
    static const struct approval_kind remove = {"organization.remove", "organizations.approve", 1,
                                                organization_remove_apply};

    is_on = on;
    approval_kind_add(&grant);
    approval_kind_add(&suspend);
    approval_kind_add(&remove);
    approval_fill(ask);
}
