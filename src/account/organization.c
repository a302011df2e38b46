/* Organizations and the operators of the box in the store, each change one transaction in which
 * the actor's standing is asked again. */
#include <string.h>

#include "account/access.h"
#include "base/json.h"
#include "base/text.h"

struct organization_write {
    const struct actor *by;
    const struct organization *organization;
    const struct invitation *invitation;
    const uint8_t *hash;
    const char *account;
    const uint8_t *levels;
};

static int actor_take(void *ctx, const struct store_row *row)
{
    (void)ctx;
    return store_row_int(row, 1) ? -SK_EDENIED : 0;
}

/* Who was disabled while the request was on its way changes nothing any more. */
static int actor_check(struct store_tx *tx, const struct actor *by)
{
    int err = store_one(tx, "account_standing", STORE_ARGS(store_text("id", by->account)),
                        actor_take, NULL);

    return err == -SK_ENOTFOUND ? -SK_EDENIED : err;
}

static int add_write(struct store_tx *tx, void *ctx)
{
    const struct organization_write *w = ctx;
    const struct organization *o = w->organization;
    int64_t count = 0;
    int err = actor_check(tx, w->by);

    if (!err)
        err = store_one_int(tx, "organization_count", NULL, &count);
    if (!err && count >= ORGANIZATIONS_MAX)
        err = -SK_ELIMIT;
    if (!err)
        err = store_exec(tx, "organization_insert",
                         STORE_ARGS(store_text("id", o->id), store_text("name", o->name),
                                    store_text("kind", o->kind), store_int("now", o->created)),
                         NULL);
    if (!err)
        err = act_record(tx, w->by, "organization.added", "organization", o->id, NULL);
    return err ? err : invitation_insert(tx, w->by, w->invitation, w->hash);
}

int organization_add(struct store *s, const struct actor *by, const struct organization *o,
                     const struct invitation *owner, const uint8_t hash[32])
{
    struct organization_write w = {.by = by, .organization = o, .invitation = owner, .hash = hash};

    return store_write(s, add_write, &w);
}

static int set_write(struct store_tx *tx, void *ctx)
{
    const struct organization_write *w = ctx;
    const struct organization *o = w->organization;
    int64_t rows = 0;
    int err = actor_check(tx, w->by);

    if (!err)
        err = store_exec(tx, "organization_set",
                         STORE_ARGS(store_text("id", o->id), store_text("name", o->name),
                                    store_int("suspended", o->suspended)),
                         &rows);
    if (!err && !rows)
        err = -SK_ENOTFOUND;
    if (!err && o->suspended)
        err = store_exec(tx, "account_session_delete_in",
                         STORE_ARGS(store_text("organization", o->id)), NULL);
    if (!err && o->suspended)
        err = store_exec(tx, "account_invitation_delete_in",
                         STORE_ARGS(store_text("organization", o->id)), NULL);
    return err ? err
               : act_record(tx, w->by, "organization.changed", "organization", o->id,
                            json_pack("{s:b}", "suspended", o->suspended));
}

int organization_set(struct store *s, const struct actor *by, const struct organization *o)
{
    struct organization_write w = {.by = by, .organization = o};

    return store_write(s, set_write, &w);
}

static int remove_write(struct store_tx *tx, void *ctx)
{
    const struct organization_write *w = ctx;
    const struct store_arg in = store_text("organization", w->organization->id);
    int64_t people = 0, rows = 0;
    int err = actor_check(tx, w->by);

    if (!err)
        err = store_one_int(tx, "organization_people",
                            STORE_ARGS(store_text("id", w->organization->id)), &people);
    if (!err && people)
        err = -SK_ECONFLICT;
    if (!err)
        err = store_exec(tx, "account_invitation_delete_in", STORE_ARGS(in), NULL);
    if (!err)
        err = store_exec(tx, "account_grant_delete_in", STORE_ARGS(in), NULL);
    if (!err)
        err = store_exec(tx, "organization_delete",
                         STORE_ARGS(store_text("id", w->organization->id)), &rows);
    if (!err && !rows)
        err = -SK_ENOTFOUND;
    return err ? err
               : act_record(tx, w->by, "organization.removed", "organization", w->organization->id,
                            NULL);
}

int organization_remove(struct store *s, const struct actor *by, const char *id)
{
    struct organization o = {.created = 0};
    struct organization_write w = {.by = by, .organization = &o};
    int err = sk_copy(o.id, sizeof(o.id), id);

    return err ? err : store_write(s, remove_write, &w);
}

/* ---- operators ---- */

json_t *levels_json(const uint8_t levels[MODULE_COUNT])
{
    json_t *v = json_object();

    for (int m = MODULE_NONE + 1; m < MODULE_COUNT; m++)
        if (levels[m] != LEVEL_NONE)
            sk_json_set_str(v, module_name((enum operator_module)m),
                            level_name((enum operator_level)levels[m]));
    return v;
}

int levels_parse(uint8_t out[MODULE_COUNT], const json_t *levels)
{
    const char *name;
    json_t *v;

    memset(out, LEVEL_NONE, MODULE_COUNT);
    if (!json_is_object(levels))
        return -SK_EINVAL;
    json_object_foreach((json_t *)levels, name, v)
    {
        enum operator_module module = module_find(name);
        enum operator_level level =
            json_is_string(v) ? level_find(json_string_value(v)) : LEVEL_NONE;
        if (module == MODULE_NONE || level == LEVEL_NONE)
            return -SK_EINVAL;
        out[module] = (uint8_t)level;
    }
    return 0;
}

static int operator_write(struct store_tx *tx, void *ctx)
{
    const struct organization_write *w = ctx;
    int err = actor_check(tx, w->by);

    if (!err) /* he may have gone meanwhile */
        err =
            store_one(tx, "account_standing", STORE_ARGS(store_text("id", w->account)), NULL, NULL);
    if (!err)
        err = store_exec(tx, "account_operator_delete_of",
                         STORE_ARGS(store_text("account", w->account)), NULL);
    for (int m = MODULE_NONE + 1; !err && m < MODULE_COUNT; m++)
        if (w->levels[m] != LEVEL_NONE)
            err = store_exec(tx, "account_operator_insert",
                             STORE_ARGS(store_text("account", w->account),
                                        store_text("module", module_name((enum operator_module)m)),
                                        store_int("level", w->levels[m]),
                                        store_text("created_by", w->by->account)),
                             NULL);
    return err ? err
               : act_record(tx, w->by, "operator.changed", "account", w->account,
                            json_pack("{s:o}", "levels", levels_json(w->levels)));
}

int operator_set(struct store *s, const struct actor *by, const char *account,
                 const uint8_t levels[MODULE_COUNT])
{
    struct organization_write w = {.by = by, .account = account, .levels = levels};

    return store_write(s, operator_write, &w);
}
