/* Addresses and links in the store. Each public function is one transaction. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "account/access.h"
#include "account/mail.h"
#include "base/text.h"
#include "core/audit.h"
#include "edge/edge.h"

void link_url(char out[MAIL_URL_SIZE], const char *page, char member, const char *token)
{
    if (edge_port() == 443)
        snprintf(out, MAIL_URL_SIZE, "https://%s/%s#%c=%s", edge_host(), page, member, token);
    else
        snprintf(out, MAIL_URL_SIZE, "https://%s:%u/%s#%c=%s", edge_host(), (unsigned)edge_port(),
                 page, member, token);
}

int mail_take(char out[MAIL_SIZE], const char *typed)
{
    if (outbound_mail_address_check(typed) || sk_copy(out, MAIL_SIZE, typed))
        return -SK_EINVAL;
    for (char *c = out; *c; c++)
        *c = (char)tolower((unsigned char)*c); /* ASCII: the check has seen to it */
    return 0;
}

/* ---- reading ---- */

static int mail_row_take(void *ctx, const struct store_row *row)
{
    struct mail_row *m = ctx;

    m->verified = store_row_int(row, 1);
    return store_row_copy(row, 0, m->address, sizeof(m->address));
}

struct mail_query {
    const char *account, *address, *kind;
    const uint8_t *hash;
    int64_t now_ms;
    void *out;
};

static int mail_of_in(struct store_tx *tx, void *ctx)
{
    const struct mail_query *q = ctx;

    *(struct mail_row *)q->out = (struct mail_row){0};
    return store_one(tx, "account_mail_of", STORE_ARGS(store_text("account", q->account)),
                     mail_row_take, q->out);
}

int mail_of(struct store *s, const char *account, struct mail_row *out)
{
    struct mail_query q = {.account = account, .out = out};

    return store_read(s, mail_of_in, &q);
}

static int id_take(void *ctx, const struct store_row *row)
{
    return store_row_copy(row, 0, ctx, ID_SIZE);
}

static int mail_owner_in(struct store_tx *tx, void *ctx)
{
    const struct mail_query *q = ctx;

    return store_one(tx, "account_mail_owner", STORE_ARGS(store_text("address", q->address)),
                     id_take, q->out);
}

int mail_owner(struct store *s, const char *address, struct account_row *out)
{
    char id[ID_SIZE];
    struct mail_query q = {.address = address, .out = id};
    int err = store_read(s, mail_owner_in, &q);

    return err ? err : ledger_account_by_id(s, id, out);
}

static int link_take(void *ctx, const struct store_row *row)
{
    struct mail_link *l = ctx;
    int err =
        store_row_is_null(row, 0) ? 0 : store_row_copy(row, 0, l->account, sizeof(l->account));

    l->expires = store_row_int(row, 2);
    return err ? err : store_row_copy(row, 1, l->address, sizeof(l->address));
}

static int link_find_in(struct store_tx *tx, void *ctx)
{
    const struct mail_query *q = ctx;

    *(struct mail_link *)q->out = (struct mail_link){0};
    int err = store_one(tx, "account_mail_link_by_hash",
                        STORE_ARGS(store_blob("token_hash", q->hash, 32),
                                   store_text("kind", q->kind), store_int("now", q->now_ms)),
                        link_take, q->out);
    return err == -SK_ENOTFOUND ? -SK_EGONE : err;
}

int mail_link_find(struct store *s, const uint8_t hash[32], const char *kind, int64_t now_ms,
                   struct mail_link *out)
{
    struct mail_query q = {.hash = hash, .kind = kind, .now_ms = now_ms, .out = out};

    return store_read(s, link_find_in, &q);
}

/* ---- making a link ---- */

static int link_put_in(struct store_tx *tx, void *ctx)
{
    const struct mail_query *q = ctx;
    const struct store_arg account = store_text("account", q->account);
    int64_t count;
    int err = store_exec(tx, "account_mail_link_replace",
                         STORE_ARGS(store_text("kind", q->kind), account,
                                    store_text("address", q->address), store_int("now", q->now_ms)),
                         NULL);

    if (!err)
        err = store_one_int(tx, "account_mail_link_count", NULL, &count);
    if (!err && count >= MAIL_LINKS_MAX)
        err = -SK_ELIMIT;
    return err ? err
               : store_exec(tx, "account_mail_link_insert",
                            STORE_ARGS(store_blob("token_hash", q->hash, 32),
                                       store_text("kind", q->kind), account,
                                       store_text("address", q->address),
                                       store_int("expires", q->now_ms + MAIL_LINK_TTL_MS)),
                            NULL);
}

int mail_link_put(struct store *s, const uint8_t hash[32], const char *kind, const char *account,
                  const char *address, int64_t now_ms)
{
    struct mail_query q = {
        .account = account, .address = address, .kind = kind, .hash = hash, .now_ms = now_ms};

    return store_write(s, link_put_in, &q);
}

/* ---- using one ---- */

struct mail_use {
    const uint8_t *hash;
    const char *phc, *source;
    int64_t now_ms;
    char *account, *former;
    const struct account_row *who;
    const struct entry *entry;
};

/* The link holds, and is used up here. */
static int link_use(struct store_tx *tx, const struct mail_use *u, const char *kind,
                    struct mail_link *out)
{
    struct mail_query q = {.hash = u->hash, .kind = kind, .now_ms = u->now_ms, .out = out};
    int err = link_find_in(tx, &q);

    return err ? err
               : store_exec(tx, "account_mail_link_delete",
                            STORE_ARGS(store_blob("token_hash", u->hash, 32)), NULL);
}

static int act(struct store_tx *tx, const struct mail_use *u, const char *account,
               const char *action)
{
    return audit_record(tx, AUDIT(.at_ms = u->now_ms, .actor_kind = "account", .actor = account,
                                  .action = action, .object_kind = "account", .object = account,
                                  .source = u->source));
}

static int address_set(struct store_tx *tx, const struct mail_link *l, const char *account,
                       int64_t now_ms)
{
    char owner[ID_SIZE];
    struct mail_query q = {.address = l->address, .out = owner};
    int err = mail_owner_in(tx, &q);

    if (!err && strcmp(owner, account) != 0)
        return -SK_ECONFLICT;
    if (err && err != -SK_ENOTFOUND)
        return err;
    return store_exec(tx, "account_mail_set",
                      STORE_ARGS(store_text("account", account), store_text("address", l->address),
                                 store_int("now", now_ms)),
                      NULL);
}

static int verify_in(struct store_tx *tx, void *ctx)
{
    const struct mail_use *u = ctx;
    struct mail_link link;
    struct mail_row row;
    struct mail_query former = {.account = link.account, .out = &row};
    int err = link_use(tx, u, "verify", &link);

    if (err)
        return err;
    err = mail_of_in(tx, &former);
    if (err && err != -SK_ENOTFOUND)
        return err;
    err = sk_copy(u->former, MAIL_SIZE, strcmp(row.address, link.address) ? row.address : "");
    if (!err)
        err = sk_copy(u->account, ID_SIZE, link.account);
    if (!err)
        err = address_set(tx, &link, link.account, u->now_ms);
    return err ? err : act(tx, u, link.account, "mail.verified");
}

int mail_verify(struct store *s, const uint8_t hash[32], const char *source, int64_t now_ms,
                char account[ID_SIZE], char former[MAIL_SIZE])
{
    struct mail_use u = {
        .hash = hash, .source = source, .now_ms = now_ms, .account = account, .former = former};

    return store_write(s, verify_in, &u);
}

/* The password only: second factors stay what they were. */
static int recover_in(struct store_tx *tx, void *ctx)
{
    const struct mail_use *u = ctx;
    struct mail_link link;
    int64_t rows = 0;
    int err = link_use(tx, u, "recover", &link);

    if (!err)
        err = store_exec(tx, "account_password_recover",
                         STORE_ARGS(store_text("id", link.account), store_text("password", u->phc),
                                    store_int("now", u->now_ms)),
                         &rows);
    if (!err && !rows) /* disabled meanwhile */
        err = -SK_EGONE;
    if (!err)
        err = store_exec(tx, "account_session_delete_of",
                         STORE_ARGS(store_text("account", link.account)), NULL);
    if (!err) /* other letters under way: who asked for them may not be who came */
        err = store_exec(tx, "account_mail_link_delete_of",
                         STORE_ARGS(store_text("account", link.account)), NULL);
    if (!err) /* whoever had it is no known browser any more */
        err = store_exec(tx, "account_browser_delete_of",
                         STORE_ARGS(store_text("account", link.account)), NULL);
    if (!err)
        err = sk_copy(u->account, ID_SIZE, link.account);
    return err ? err : act(tx, u, link.account, "account.password-recovered");
}

int mail_recover(struct store *s, const uint8_t hash[32], const char *phc, const char *source,
                 int64_t now_ms, char account[ID_SIZE])
{
    struct mail_use u = {
        .hash = hash, .phc = phc, .source = source, .now_ms = now_ms, .account = account};

    return store_write(s, recover_in, &u);
}

static int people_bound(struct store_tx *tx)
{
    int64_t count;
    int err = store_one_int(tx, "account_count", NULL, &count);

    return err ? err : count >= PEOPLE_MAX ? -SK_ELIMIT : 0;
}

/* Who comes by himself is nobody's guest: an organization of one, whose owner he is. */
static int person_make(struct store_tx *tx, const struct mail_use *u)
{
    char organization[ID_SIZE];
    int64_t count = 0;
    int err = store_one_int(tx, "organization_count", NULL, &count);

    if (!err && count >= ORGANIZATIONS_MAX)
        err = -SK_ELIMIT;
    id_make(organization);
    if (!err)
        err =
            store_exec(tx, "organization_insert",
                       STORE_ARGS(store_text("id", organization), store_text("name", u->who->name),
                                  store_text("kind", "person"), store_int("now", u->now_ms)),
                       NULL);
    return err ? err
               : store_exec(
                     tx, "account_insert",
                     STORE_ARGS(
                         store_text("id", u->who->id), store_text("name", u->who->name),
                         store_text("role", u->who->role), store_text("password", u->who->password),
                         store_int("now", u->now_ms), store_text("organization", organization)),
                     NULL);
}

static int register_in(struct store_tx *tx, void *ctx)
{
    const struct mail_use *u = ctx;
    struct mail_link link;
    int err = link_use(tx, u, "register", &link);

    if (!err)
        err = people_bound(tx);
    if (!err)
        err = person_make(tx, u);
    if (!err)
        err = address_set(tx, &link, u->who->id, u->now_ms);
    if (!err)
        err = act(tx, u, u->who->id, "account.registered");
    return err ? err : ledger_entry_write(tx, u->entry, "register");
}

int mail_register(struct store *s, const uint8_t hash[32], const struct account_row *who,
                  const struct entry *entry)
{
    struct mail_use u = {.hash = hash,
                         .source = entry->session->source,
                         .now_ms = entry->now_ms,
                         .who = who,
                         .entry = entry};

    return store_write(s, register_in, &u);
}

static int remove_in(struct store_tx *tx, void *ctx)
{
    const struct mail_use *u = ctx;
    int64_t rows;
    int err =
        store_exec(tx, "account_mail_delete", STORE_ARGS(store_text("account", u->account)), &rows);

    return err || !rows ? err : act(tx, u, u->account, "mail.removed");
}

int mail_remove(struct store *s, const char *account, const char *source, int64_t now_ms)
{
    char id[ID_SIZE];
    struct mail_use u = {.source = source, .now_ms = now_ms, .account = id};

    int err = sk_copy(id, sizeof(id), account);
    return err ? err : store_write(s, remove_in, &u);
}

static int purge_in(struct store_tx *tx, void *ctx)
{
    const int64_t *now_ms = ctx;

    return store_exec(tx, "account_mail_link_purge", STORE_ARGS(store_int("now", *now_ms)), NULL);
}

int mail_purge(struct store *s, int64_t now_ms)
{
    return store_write(s, purge_in, &now_ms);
}
