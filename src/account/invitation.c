/* Invitations: one link, one account. Only the hash of its token is kept; use, end and expiry
 * remove the row, so "used", "ended" and "never made" cannot be told apart. */
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"

void invitation_fini(struct invitation *i)
{
    json_decref(i->grants);
    i->grants = NULL;
}

static int row_take(void *ctx, const struct store_row *row)
{
    struct invitation *i = ctx;

    json_decref(i->grants);
    *i = (struct invitation){.role = role_find(store_row_text(row, 1))};
    i->grants = json_loads(store_row_text(row, 3), JSON_REJECT_DUPLICATES, NULL);
    i->created = store_row_int(row, 4);
    i->expires = store_row_int(row, 5);
    int err = json_is_array(i->grants) && i->role != ROLE_NONE ? 0 : -SK_EIO;
    if (!err)
        err = store_row_copy(row, 0, i->id, sizeof(i->id));
    if (!err)
        err = store_row_copy(row, 2, i->note, sizeof(i->note));
    if (!err)
        err = store_row_copy(row, 6, i->created_by, sizeof(i->created_by));
    return err ? err : store_row_copy(row, 7, i->organization, sizeof(i->organization));
}

struct invitation_query {
    const uint8_t *hash;
    const char *id, *organization;
    int64_t now_ms;
    struct invitation *out;
    json_t *list;
};

static int find_in(struct store_tx *tx, const struct invitation_query *q)
{
    int err =
        store_one(tx, "account_invitation_by_hash",
                  STORE_ARGS(store_blob("token_hash", q->hash, 32), store_int("now", q->now_ms)),
                  row_take, q->out);

    return err == -SK_ENOTFOUND ? -SK_EGONE : err;
}

static int find_read(struct store_tx *tx, void *ctx)
{
    return find_in(tx, ctx);
}

int invitation_find(struct store *s, const uint8_t hash[32], int64_t now_ms, struct invitation *out)
{
    struct invitation_query q = {.hash = hash, .now_ms = now_ms, .out = out};

    *out = (struct invitation){0};
    int err = store_read(s, find_read, &q);
    if (err)
        invitation_fini(out);
    return err;
}

static int list_row(void *ctx, const struct store_row *row)
{
    struct invitation_query *q = ctx;
    struct invitation i = {0};
    json_t *v = json_object();
    int err = row_take(&i, row);

    if (err) {
        json_decref(v);
    } else {
        sk_json_set_str(v, "id", i.id);
        sk_json_set_str(v, "role", role_name(i.role));
        sk_json_set_str(v, "note", i.note[0] ? i.note : NULL);
        sk_json_set_int(v, "created", i.created);
        sk_json_set_int(v, "expires", i.expires);
        sk_json_set_str(v, "created_by", i.created_by);
        json_object_set(v, "grants", i.grants);
        json_array_append_new(q->list, v);
    }
    invitation_fini(&i);
    return err;
}

static int list_read(struct store_tx *tx, void *ctx)
{
    struct invitation_query *q = ctx;

    json_array_clear(q->list);
    return store_many(
        tx, "account_invitation_all",
        STORE_ARGS(store_int("now", q->now_ms), store_text("organization", q->organization)),
        INVITATIONS_MAX, list_row, q);
}

int invitation_list(struct store *s, const char *organization, int64_t now_ms, json_t **out)
{
    struct invitation_query q = {
        .organization = organization, .now_ms = now_ms, .list = json_array()};
    int err = store_read(s, list_read, &q);

    *out = err ? NULL : q.list;
    if (err)
        json_decref(q.list);
    return err;
}

/* ---- writing ---- */

struct invitation_write {
    const struct actor *by;
    const struct invitation *invitation;
    const char *id;
    const uint8_t *hash;
    enum refusal *refusal;
    const struct account_row *who;
    const struct entry *entry;
};

static int role_take(void *ctx, const struct store_row *row)
{
    enum role *role = ctx;

    *role = role_find(store_row_text(row, 0));
    return 0;
}

static int actor_take(void *ctx, const struct store_row *row)
{
    enum role *role = ctx;

    *role = store_row_int(row, 1) ? ROLE_NONE : role_find(store_row_text(row, 0));
    return 0;
}

/* Only owners make, or end, what makes owners. The standing is that of this transaction: who was
 * disabled while the request was on its way makes nothing any more. */
static int role_check(struct store_tx *tx, const struct invitation_write *w, enum role role)
{
    enum role actor = ROLE_NONE;
    int err = store_one(tx, "account_standing", STORE_ARGS(store_text("id", w->by->account)),
                        actor_take, &actor);

    *w->refusal = REFUSAL_NONE;
    if (!err && actor < ROLE_ADMIN)
        err = -SK_EDENIED;
    if (err)
        return err;
    *w->refusal = people_judge(actor, 0, ROLE_NONE, role);
    return *w->refusal ? -SK_EDENIED : 0;
}

/* Lists are read whole: they have an end. */
static int place_check(struct store_tx *tx, const char *count_statement, int64_t max)
{
    int64_t count;
    int err = store_one_int(tx, count_statement, NULL, &count);

    return err ? err : count < max ? 0 : -SK_ELIMIT;
}

int invitation_insert(struct store_tx *tx, const struct actor *by, const struct invitation *i,
                      const uint8_t hash[32])
{
    char *grants = NULL;
    int err =
        store_exec(tx, "account_invitation_purge", STORE_ARGS(store_int("now", by->now_ms)), NULL);

    if (!err)
        err = place_check(tx, "account_invitation_count", INVITATIONS_MAX);
    if (err)
        return err;
    grants = json_dumps(i->grants, JSON_COMPACT);
    SK_ASSERT(grants);
    err = store_exec(tx, "account_invitation_insert",
                     STORE_ARGS(store_text("id", i->id), store_blob("token_hash", hash, 32),
                                store_text("role", role_name(i->role)), store_text("note", i->note),
                                store_text("grants", grants), store_int("created", i->created),
                                store_int("expires", i->expires),
                                store_text("created_by", i->created_by),
                                store_text("organization", i->organization)),
                     NULL);
    free(grants);
    return err ? err
               : act_record(tx, by, "invitation.added", "invitation", i->id,
                            json_pack("{s:s}", "role", role_name(i->role)));
}

static int add_write(struct store_tx *tx, void *ctx)
{
    const struct invitation_write *w = ctx;
    int err = role_check(tx, w, w->invitation->role);

    return err ? err : invitation_insert(tx, w->by, w->invitation, w->hash);
}

int invitation_add(struct store *s, const struct actor *by, const struct invitation *i,
                   const uint8_t hash[32], enum refusal *refusal)
{
    struct invitation_write w = {.by = by, .invitation = i, .hash = hash, .refusal = refusal};

    return store_write(s, add_write, &w);
}

static int end_write(struct store_tx *tx, void *ctx)
{
    const struct invitation_write *w = ctx;
    enum role role = ROLE_NONE;
    int err = store_one(
        tx, "account_invitation_role",
        STORE_ARGS(store_text("id", w->id), store_text("organization", w->by->organization)),
        role_take, &role);

    *w->refusal = REFUSAL_NONE;
    if (!err)
        err = role_check(tx, w, role);
    if (!err)
        err =
            store_exec(tx, "account_invitation_delete", STORE_ARGS(store_text("id", w->id)), NULL);
    return err ? err : act_record(tx, w->by, "invitation.ended", "invitation", w->id, NULL);
}

int invitation_end(struct store *s, const struct actor *by, const char *id, enum refusal *refusal)
{
    struct invitation_write w = {.by = by, .id = id, .refusal = refusal};

    return store_write(s, end_write, &w);
}

/* ---- joining ---- */

static int grants_write(struct store_tx *tx, const struct invitation *i, const char *account,
                        int64_t now_ms)
{
    size_t at;
    json_t *terms;
    int err = 0;

    json_array_foreach(i->grants, at, terms)
    {
        struct grant g = {.created = now_ms};
        if (!err)
            err = grant_terms_parse(&g.terms, terms);
        id_make(g.id);
        memcpy(g.account, account, strnlen(account, sizeof(g.account) - 1));
        memcpy(g.created_by, i->created_by, sizeof(g.created_by));
        memcpy(g.organization, i->organization, sizeof(g.organization));
        if (!err)
            err = grant_insert(tx, &g);
    }
    return err;
}

static int join_in(struct store_tx *tx, const struct invitation_write *w, struct invitation *i)
{
    const struct actor by = {w->who->id, w->entry->session->id, w->entry->session->source,
                             w->entry->now_ms, i->organization};
    struct invitation_query q = {.hash = w->hash, .now_ms = w->entry->now_ms, .out = i};
    int err = find_in(tx, &q);

    if (!err)
        err = place_check(tx, "account_count", PEOPLE_MAX);
    if (!err)
        err =
            store_exec(tx, "account_invitation_delete", STORE_ARGS(store_text("id", i->id)), NULL);
    if (!err)
        err = store_exec(tx, "account_insert",
                         STORE_ARGS(store_text("id", w->who->id), store_text("name", w->who->name),
                                    store_text("role", role_name(i->role)),
                                    store_text("password", w->who->password),
                                    store_int("now", w->entry->now_ms),
                                    store_text("organization", i->organization)),
                         NULL);
    if (!err)
        err = grants_write(tx, i, w->who->id, w->entry->now_ms);
    if (!err)
        err = act_record(tx, &by, "invitation.used", "invitation", i->id, NULL);
    return err ? err : ledger_entry_write(tx, w->entry, "join");
}

static int join_write(struct store_tx *tx, void *ctx)
{
    struct invitation i = {0};
    int err = join_in(tx, ctx, &i);

    invitation_fini(&i);
    return err;
}

int invitation_join(struct store *s, const uint8_t hash[32], const struct account_row *who,
                    const struct entry *entry)
{
    struct invitation_write w = {.hash = hash, .who = who, .entry = entry};

    return store_write(s, join_write, &w);
}
