/* What the room of shares needs of this one: a grant that names one camera and one account, of any
 * organization, inside the caller's write; and who an account is. */
#include <string.h>

#include "account/access.h"
#include "base/text.h"

int account_actions_parse(const json_t *list, uint32_t *out)
{
    size_t i;
    json_t *v;

    *out = 0;
    if (!json_is_array(list) || json_array_size(list) == 0)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        uint32_t bit = json_is_string(v) ? access_right_find(json_string_value(v)) : 0;

        if (!bit || *out & bit || bit & (ACCESS_LIST | ACCESS_VIEW))
            return -SK_EINVAL;
        *out |= bit;
    }
    return 0;
}

json_t *account_actions_json(uint32_t actions)
{
    return access_rights_json(actions);
}

static struct actor actor_from(const struct principal *p, int64_t now_ms)
{
    return (struct actor){p->account, p->session, p->source, now_ms, p->organization};
}

int account_share_grant(struct store_tx *tx, const struct principal *by, const char *account,
                        const char *device, uint32_t actions, int64_t not_after_ms, int64_t now_ms,
                        char id[SESSION_ID_SIZE])
{
    struct actor actor = actor_from(by, now_ms);
    struct grant g = {.created = now_ms};

    id_make(g.id);
    g.terms.object_kind = GRANT_DEVICE;
    g.terms.actions = actions;
    g.terms.not_after = not_after_ms;
    if (sk_copy(g.account, sizeof(g.account), account) ||
        sk_copy(g.terms.object, sizeof(g.terms.object), device) ||
        sk_copy(g.created_by, sizeof(g.created_by), by->account) ||
        access_organization_of("device", device, g.organization))
        return -SK_ENOTFOUND;
    memcpy(id, g.id, sizeof(g.id));
    return grant_add_in(tx, &actor, &g);
}

int account_share_grant_end(struct store_tx *tx, const struct principal *by, const char *device,
                            const char *grant, int64_t now_ms)
{
    struct actor actor = actor_from(by, now_ms);
    char organization[ORGANIZATION_ID_SIZE];

    if (access_organization_of("device", device, organization))
        return -SK_ENOTFOUND;
    actor.organization = organization; /* a guest gives back what another organization gave */
    return grant_end_in(tx, &actor, grant);
}

void account_share_changed(struct store *store, const char *account, int64_t now_ms)
{
    access_changed(store, account, now_ms);
}

/* ---- the table ---- */

struct grant_wanted {
    const char *id;
    struct account_grant_facts *out;
    int64_t now_ms;
    int is_found;
};

static void grant_note(void *ctx, const struct grant *g, const char *subject_name)
{
    struct grant_wanted *w = ctx;

    (void)subject_name;
    if (w->is_found || strcmp(g->id, w->id) != 0)
        return;
    w->is_found = 1;
    w->out->actions = g->terms.actions;
    w->out->not_after_ms = g->terms.not_after;
    w->out->is_active = grant_is_active(&g->terms, w->now_ms);
}

int account_grant_find(const char *grant, int64_t now_ms, struct account_grant_facts *out)
{
    struct grant_wanted w = {grant, out, now_ms, 0};

    access_grants_each(grant_note, &w);
    return w.is_found ? 0 : -SK_ENOTFOUND;
}

struct person_wanted {
    const char *id;
    struct account_person_facts *out;
    char organization[ORGANIZATION_ID_SIZE];
    int is_found;
};

static void person_note(void *ctx, const struct person *p)
{
    struct person_wanted *w = ctx;

    if (w->is_found || strcmp(p->id, w->id) != 0)
        return;
    w->is_found = sk_copy(w->out->name, sizeof(w->out->name), p->name) == 0;
    memcpy(w->organization, p->organization, sizeof(w->organization));
}

int account_person_find(const char *account, struct account_person_facts *out)
{
    struct person_wanted w = {.id = account, .out = out};

    access_people_each(person_note, &w);
    if (!w.is_found)
        return -SK_ENOTFOUND;
    return account_organization_name(w.organization, out->organization);
}

int account_organization_name(const char *organization, char out[ACCOUNT_NAME_SIZE])
{
    struct organization o;
    int err = access_organization_find(organization, &o);

    return err ? err : sk_copy(out, ACCOUNT_NAME_SIZE, o.name);
}
