/* What outlives a restart. Every change shares its transaction with its row of the audit log. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "core/audit.h"
#include "guard/internal.h"

/* ---- reading ---- */

struct loading {
    int64_t now_ms;
    int (*entry)(void *ctx, const struct guard_entry *e);
    int (*allowed)(void *ctx, const struct guard_allowed *a);
    void *ctx;
    int *dry_run;
};

static int entry_row(void *ctx, const struct store_row *row)
{
    struct loading *l = ctx;
    struct guard_entry e = {.score = store_row_int(row, 4),
                            .strikes = (int)store_row_int(row, 5),
                            .since = store_row_int(row, 6),
                            .until = store_row_int(row, 7)};
    int err = store_row_copy(row, 0, e.id, sizeof(e.id));

    if (!err)
        err = store_row_copy(row, 1, e.prefix, sizeof(e.prefix));
    e.stage = guard_stage_find(store_row_text(row, 2));
    if (!err && e.stage == ABUSE_STAGE_COUNT)
        err = -SK_EIO;
    if (!err)
        err = store_row_copy(row, 3, e.reason, sizeof(e.reason));
    if (!err)
        err = store_row_copy(row, 8, e.actor, sizeof(e.actor));
    if (!err)
        err = store_row_copy(row, 9, e.note, sizeof(e.note));
    return err ? err : l->entry(l->ctx, &e);
}

static int allow_row(void *ctx, const struct store_row *row)
{
    struct loading *l = ctx;
    struct guard_allowed a = {.at = store_row_int(row, 4)};
    int err = store_row_copy(row, 0, a.id, sizeof(a.id));

    if (!err)
        err = store_row_copy(row, 1, a.prefix, sizeof(a.prefix));
    if (!err)
        err = store_row_copy(row, 2, a.note, sizeof(a.note));
    if (!err)
        err = store_row_copy(row, 3, a.actor, sizeof(a.actor));
    return err ? err : l->allowed(l->ctx, &a);
}

static int switch_row(void *ctx, const struct store_row *row)
{
    struct loading *l = ctx;

    *l->dry_run = store_row_int(row, 0) != 0;
    return 0;
}

static int load_read(struct store_tx *tx, void *ctx)
{
    struct loading *l = ctx;
    int err = store_one(tx, "guard_switch_get", NULL, switch_row, l);

    if (err == -SK_ENOTFOUND)
        err = 0;
    if (!err)
        err = store_many(tx, "guard_allow_list", NULL, GUARD_ALLOW_MAX, allow_row, l);
    return err ? err
               : store_many(tx, "guard_entry_list", STORE_ARGS(store_int("now", l->now_ms)),
                            1 << 20, entry_row, l);
}

int guard_ledger_load(struct store *s, int64_t now_ms,
                      int (*entry)(void *ctx, const struct guard_entry *e),
                      int (*allowed)(void *ctx, const struct guard_allowed *a), void *ctx,
                      int *dry_run)
{
    struct loading l = {now_ms, entry, allowed, ctx, dry_run};

    return store_read(s, load_read, &l);
}

/* ---- writing ---- */

static int entry_put(struct store_tx *tx, const struct guard_entry *e)
{
    return store_exec(tx, "guard_entry_put",
                      STORE_ARGS(store_text("id", e->id), store_text("prefix", e->prefix),
                                 store_text("stage", guard_stage_name(e->stage)),
                                 store_text("reason", e->reason), store_int("score", e->score),
                                 store_int("strikes", e->strikes), store_int("since", e->since),
                                 store_int("until", e->until), store_text("actor", e->actor),
                                 store_text("note", e->note)),
                      NULL);
}

/* The prefix is our own text: digits, letters, dots, colons, a slash. */
static void detail_write(char *out, size_t cap, const struct guard_entry *e)
{
    snprintf(out, cap, "{\"stage\":\"%s\",\"reason\":\"%s\",\"score\":%lld,\"until\":%lld}",
             guard_stage_name(e->stage), e->reason, (long long)e->score, (long long)e->until);
}

/* An address is a source, but a network's text may be longer than one: it is the object. */
static int record(struct store_tx *tx, const struct principal *p, const char *action,
                  const char *prefix, const char *detail, int64_t now_ms)
{
    return audit_record(tx, AUDIT(.at_ms = now_ms, .actor_kind = p ? "account" : "box",
                                  .actor = p ? p->account : "", .session = p ? p->session : "",
                                  .action = action, .object_kind = "source", .object = prefix,
                                  .source = p ? p->source : "", .detail = detail));
}

struct changes {
    const struct guard_change *list;
    size_t count;
    int64_t now_ms;
};

static int changes_write(struct store_tx *tx, void *ctx)
{
    const struct changes *c = ctx;
    char detail[160];
    int err = store_exec(tx, "guard_entry_purge", STORE_ARGS(store_int("now", c->now_ms)), NULL);

    for (size_t i = 0; !err && i < c->count; i++) {
        const struct guard_entry *e = &c->list[i].entry;
        detail_write(detail, sizeof(detail), e);
        err = c->list[i].is_gone
                  ? store_exec(tx, "guard_entry_delete", STORE_ARGS(store_text("id", e->id)), NULL)
                  : entry_put(tx, e);
        if (!err)
            err = record(tx, NULL, c->list[i].is_gone ? "source.released" : "source.isolated",
                         e->prefix, c->list[i].is_gone ? NULL : detail, c->now_ms);
    }
    return err;
}

int guard_ledger_changes(struct store *s, const struct guard_change *list, size_t count,
                         int64_t now_ms)
{
    struct changes c = {list, count, now_ms};

    return store_write(s, changes_write, &c);
}

/* One change by hand. */
struct hand {
    const struct guard_entry *entry;
    const struct guard_allowed *allowed;
    const char *id, *prefix;
    const struct principal *p;
    int on;
    int64_t now_ms;
};

static int entry_add_write(struct store_tx *tx, void *ctx)
{
    const struct hand *h = ctx;
    char detail[160];
    int err = entry_put(tx, h->entry);

    detail_write(detail, sizeof(detail), h->entry);
    return err ? err : record(tx, h->p, "source.isolated", h->entry->prefix, detail, h->now_ms);
}

int guard_ledger_entry_add(struct store *s, const struct guard_entry *e, const struct principal *p,
                           int64_t now_ms)
{
    struct hand h = {.entry = e, .p = p, .now_ms = now_ms};

    return store_write(s, entry_add_write, &h);
}

static int entry_remove_write(struct store_tx *tx, void *ctx)
{
    const struct hand *h = ctx;
    int err = store_exec(tx, "guard_entry_delete", STORE_ARGS(store_text("id", h->id)), NULL);

    return err ? err : record(tx, h->p, "source.pardoned", h->prefix, NULL, h->now_ms);
}

int guard_ledger_entry_remove(struct store *s, const char *id, const char *prefix,
                              const struct principal *p, int64_t now_ms)
{
    struct hand h = {.id = id, .prefix = prefix, .p = p, .now_ms = now_ms};

    return store_write(s, entry_remove_write, &h);
}

static int allow_add_write(struct store_tx *tx, void *ctx)
{
    const struct hand *h = ctx;
    const struct guard_allowed *a = h->allowed;
    int err = store_exec(tx, "guard_allow_insert",
                         STORE_ARGS(store_text("id", a->id), store_text("prefix", a->prefix),
                                    store_text("note", a->note), store_text("actor", a->actor),
                                    store_int("at", a->at)),
                         NULL);

    return err ? err : record(tx, h->p, "source.allowed", a->prefix, NULL, a->at);
}

int guard_ledger_allow_add(struct store *s, const struct guard_allowed *a,
                           const struct principal *p)
{
    struct hand h = {.allowed = a, .p = p};

    return store_write(s, allow_add_write, &h);
}

static int allow_remove_write(struct store_tx *tx, void *ctx)
{
    const struct hand *h = ctx;
    int64_t count = 0;
    int err = store_exec(tx, "guard_allow_delete", STORE_ARGS(store_text("id", h->id)), &count);

    if (!err && !count)
        err = -SK_ENOTFOUND;
    return err ? err : record(tx, h->p, "source.allow-ended", h->id, NULL, h->now_ms);
}

int guard_ledger_allow_remove(struct store *s, const char *id, const struct principal *p,
                              int64_t now_ms)
{
    struct hand h = {.id = id, .p = p, .now_ms = now_ms};

    return store_write(s, allow_remove_write, &h);
}

static int dry_run_write(struct store_tx *tx, void *ctx)
{
    const struct hand *h = ctx;
    int err = store_exec(tx, "guard_switch_set", STORE_ARGS(store_int("dry_run", h->on)), NULL);

    return err ? err
               : audit_record(tx, AUDIT(.at_ms = h->now_ms, .actor_kind = "account",
                                        .actor = h->p->account, .session = h->p->session,
                                        .action = h->on ? "guard.dry-run" : "guard.in-force",
                                        .object_kind = "guard", .source = h->p->source));
}

int guard_ledger_dry_run_set(struct store *s, int on, const struct principal *p, int64_t now_ms)
{
    struct hand h = {.on = on, .p = p, .now_ms = now_ms};

    return store_write(s, dry_run_write, &h);
}
