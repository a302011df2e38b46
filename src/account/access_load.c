/* Reads from the store everything that the table of access is made of. */
#include <stdlib.h>
#include <string.h>

#include "account/access.h"
#include "base/sys.h"

void access_source_free(struct access_source *src)
{
    free(src->people);
    free(src->grants);
    free(src->organizations);
    free(src->operators);
    *src = (struct access_source){0};
}

struct loading {
    struct access_source src;
    size_t people_cap, grants_cap, organizations_cap, operators_cap;
};

static int person_take(void *ctx, const struct store_row *row)
{
    struct loading *l = ctx;
    char role[16];

    if (l->src.people_count == l->people_cap) {
        l->people_cap = l->people_cap ? l->people_cap * 2 : 16;
        l->src.people = sk_realloc(l->src.people, l->people_cap * sizeof(struct person));
    }
    struct person *p = &l->src.people[l->src.people_count];
    memset(p, 0, sizeof(*p));
    int err = store_row_copy(row, 0, p->id, sizeof(p->id));
    if (!err)
        err = store_row_copy(row, 1, p->name, sizeof(p->name));
    if (!err)
        err = store_row_copy(row, 2, role, sizeof(role));
    if (err)
        return err;
    p->role = role_find(role);
    p->disabled = store_row_int(row, 3) != 0;
    p->created = store_row_int(row, 4);
    l->src.people_count++;
    return store_row_copy(row, 5, p->organization, sizeof(p->organization));
}

static int organization_take(void *ctx, const struct store_row *row)
{
    struct loading *l = ctx;

    if (l->src.organization_count == l->organizations_cap) {
        l->organizations_cap = l->organizations_cap ? l->organizations_cap * 2 : 4;
        l->src.organizations =
            sk_realloc(l->src.organizations, l->organizations_cap * sizeof(struct organization));
    }
    struct organization *o = &l->src.organizations[l->src.organization_count++];
    memset(o, 0, sizeof(*o));
    o->suspended = store_row_int(row, 3) != 0;
    o->created = store_row_int(row, 4);
    int err = store_row_copy(row, 0, o->id, sizeof(o->id));
    if (!err)
        err = store_row_copy(row, 1, o->name, sizeof(o->name));
    return err ? err : store_row_copy(row, 2, o->kind, sizeof(o->kind));
}

/* A module of a later version is no reason to refuse: nothing here asks for it. */
static int operator_take(void *ctx, const struct store_row *row)
{
    struct loading *l = ctx;
    enum operator_module module = module_find(store_row_text(row, 1));
    int64_t level = store_row_int(row, 2);

    if (module == MODULE_NONE || level < LEVEL_VIEW || level > LEVEL_APPROVE)
        return 0;
    if (l->src.operator_count == l->operators_cap) {
        l->operators_cap = l->operators_cap ? l->operators_cap * 2 : 4;
        l->src.operators =
            sk_realloc(l->src.operators, l->operators_cap * sizeof(struct operator_row));
    }
    struct operator_row *o = &l->src.operators[l->src.operator_count++];
    *o = (struct operator_row){.module = module, .level = (enum operator_level)level};
    return store_row_copy(row, 0, o->account, sizeof(o->account));
}

static int grant_take(void *ctx, const struct store_row *row)
{
    struct loading *l = ctx;

    if (l->src.grant_count == l->grants_cap) {
        l->grants_cap = l->grants_cap ? l->grants_cap * 2 : 16;
        l->src.grants = sk_realloc(l->src.grants, l->grants_cap * sizeof(struct grant));
    }
    int err = grant_row_take(row, &l->src.grants[l->src.grant_count]);
    l->src.grant_count += !err;
    return err;
}

static int source_read(struct store_tx *tx, void *ctx)
{
    struct loading *l = ctx;

    access_source_free(&l->src);
    *l = (struct loading){0};
    int err = store_many(tx, "account_all", NULL, PEOPLE_MAX, person_take, l);
    if (!err)
        err = store_many(tx, "account_grant_all", NULL, GRANTS_MAX, grant_take, l);
    if (!err)
        err = store_many(tx, "organization_all", NULL, ORGANIZATIONS_MAX, organization_take, l);
    return err ? err
               : store_many(tx, "account_operator_all", NULL, PEOPLE_MAX * (MODULE_COUNT - 1),
                            operator_take, l);
}

int access_source_read(struct store *s, struct access_source *out)
{
    struct loading l = {0};
    int err = store_read(s, source_read, &l);

    *out = l.src;
    return err;
}
