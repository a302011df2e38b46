/* The apps in memory: looked up with every signed request, on any thread. The table's lock is held
 * for a lookup, an app's own for its counters; signatures are checked under neither, on a copy, so
 * that a flood of them cannot keep a kill waiting. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/internal.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/wipe.h"

struct app {
    atomic_int refs; /* the table's, and one for each who works with it */
    pthread_mutex_t lock;
    struct app_facts facts;
    unsigned turn; /* counts changes of the credentials: a copy is of one of them */
    int is_used;   /* since it was last saved */
    struct bucket bucket;
    struct nonce_memory *nonces;
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_id;
    int64_t started_s;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void app_drop(struct app *a)
{
    if (!a || atomic_fetch_sub(&a->refs, 1) > 1)
        return;
    nonce_memory_free(a->nonces);
    pthread_mutex_destroy(&a->lock);
    crypto_wipe(&a->facts, sizeof(a->facts));
    free(a);
}

/* With a reference for the caller, or NULL. */
static struct app *app_find(const char *id)
{
    char key[APP_ID_SIZE] = "";

    if (sk_copy(key, sizeof(key), id))
        return NULL;
    pthread_mutex_lock(&table.lock);
    struct app *a = table.by_id ? sk_map_find(table.by_id, key, strlen(key)) : NULL;
    if (a)
        atomic_fetch_add(&a->refs, 1);
    pthread_mutex_unlock(&table.lock);
    return a;
}

void table_start(int64_t started_s)
{
    pthread_mutex_lock(&table.lock);
    table.by_id = sk_map_new(0);
    table.started_s = started_s;
    pthread_mutex_unlock(&table.lock);
}

void table_stop(void)
{
    struct app *a;

    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; table.by_id && (a = sk_map_next(table.by_id, &pos));)
        app_drop(a);
    sk_map_free(table.by_id);
    table.by_id = NULL;
    pthread_mutex_unlock(&table.lock);
}

static struct app *app_new(const struct app_facts *f)
{
    struct app *a = sk_alloc(sizeof(*a));

    atomic_init(&a->refs, 1);
    pthread_mutex_init(&a->lock, NULL);
    a->facts = *f;
    a->nonces = nonce_memory_new(APP_NONCES_MAX);
    return a;
}

void table_add(const struct app_facts *f)
{
    struct app *a = app_new(f);

    pthread_mutex_lock(&table.lock);
    if (table.by_id)
        a = sk_map_put(table.by_id, f->id, strlen(f->id), a);
    pthread_mutex_unlock(&table.lock);
    app_drop(a);
}

void table_terms_set(const struct app_facts *f)
{
    struct app *a = app_find(f->id);

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    struct app_facts *to = &a->facts;
    memcpy(to->name, f->name, sizeof(to->name));
    to->scopes = f->scopes;
    to->rate = f->rate;
    to->burst = f->burst;
    to->quota = f->quota;
    memcpy(to->sources_text, f->sources_text, sizeof(to->sources_text));
    memcpy(to->sources, f->sources, sizeof(to->sources));
    to->source_count = f->source_count;
    pthread_mutex_unlock(&a->lock);
    app_drop(a);
}

int table_credentials_set(const struct app_facts *f, int restore)
{
    struct app *a = app_find(f->id);
    int err = 0;

    if (!a)
        return -SK_ENOTFOUND;
    pthread_mutex_lock(&a->lock);
    if (a->facts.killed && !restore) {
        err = -SK_ECONFLICT; /* killed meanwhile: what is dead stays dead */
    } else {
        a->facts.killed = 0;
        memcpy(a->facts.credentials, f->credentials, sizeof(f->credentials));
        a->facts.credential_count = f->credential_count;
        a->turn++;
    }
    pthread_mutex_unlock(&a->lock);
    app_drop(a);
    return err;
}

void table_remove(const char *id)
{
    pthread_mutex_lock(&table.lock);
    struct app *a = table.by_id ? sk_map_remove(table.by_id, id, strlen(id)) : NULL;
    pthread_mutex_unlock(&table.lock);
    if (a) { /* whoever still works with it finds it dead */
        pthread_mutex_lock(&a->lock);
        a->facts.killed = 1;
        a->turn++;
        pthread_mutex_unlock(&a->lock);
    }
    app_drop(a);
}

int table_get(const char *id, struct app_facts *out)
{
    struct app *a = app_find(id);

    if (!a)
        return -SK_ENOTFOUND;
    pthread_mutex_lock(&a->lock);
    *out = a->facts;
    pthread_mutex_unlock(&a->lock);
    app_drop(a);
    return 0;
}

int table_kill(const char *id, int64_t now_ms)
{
    struct app *a = app_find(id);

    if (!a)
        return -SK_ENOTFOUND;
    pthread_mutex_lock(&a->lock);
    a->facts.killed = 1;
    a->facts.killed_ms = now_ms;
    crypto_wipe(a->facts.credentials, sizeof(a->facts.credentials));
    a->facts.credential_count = 0;
    a->turn++;
    pthread_mutex_unlock(&a->lock);
    app_drop(a);
    return 0;
}

void table_credential_end(const char *id, const char *credential)
{
    struct app *a = app_find(id);

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    struct app_facts *f = &a->facts;
    for (size_t i = 0; i < f->credential_count; i++) {
        if (strcmp(f->credentials[i].id, credential) != 0)
            continue;
        struct credential *last = &f->credentials[--f->credential_count];
        f->credentials[i] = *last;
        crypto_wipe(last, sizeof(*last));
        a->turn++;
        break;
    }
    pthread_mutex_unlock(&a->lock);
    app_drop(a);
}

void table_effect_set(const char *id, int64_t effect_ms)
{
    struct app *a = app_find(id);

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->facts.effect_ms = effect_ms;
    pthread_mutex_unlock(&a->lock);
    app_drop(a);
}

/* ---- lists ---- */

static int is_newer(const void *a, const void *b)
{
    const struct app_facts *x = a, *y = b;

    return x->created != y->created ? (x->created > y->created ? -1 : 1) : strcmp(x->id, y->id);
}

struct app_facts *table_list(const char *account, size_t *count)
{
    struct app_facts *list;
    struct app *a;

    *count = 0;
    pthread_mutex_lock(&table.lock);
    list = sk_alloc((sk_map_count(table.by_id) + 1) * sizeof(*list));
    for (size_t pos = 0; (a = sk_map_next(table.by_id, &pos));) {
        pthread_mutex_lock(&a->lock);
        if (!account || strcmp(a->facts.account, account) == 0)
            list[(*count)++] = a->facts;
        pthread_mutex_unlock(&a->lock);
    }
    pthread_mutex_unlock(&table.lock);
    qsort(list, *count, sizeof(*list), is_newer);
    return list;
}

size_t table_count(const char *account)
{
    size_t count;
    struct app_facts *list = table_list(account, &count);

    crypto_wipe(list, count * sizeof(*list));
    free(list);
    return count;
}

size_t table_used_take(struct app_facts *out, size_t max)
{
    size_t count = 0;
    struct app *a;

    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; count < max && table.by_id && (a = sk_map_next(table.by_id, &pos));) {
        pthread_mutex_lock(&a->lock);
        if (a->is_used)
            out[count++] = a->facts;
        a->is_used = 0;
        pthread_mutex_unlock(&a->lock);
    }
    pthread_mutex_unlock(&table.lock);
    return count;
}

/* ---- questions ---- */

int table_scope_has(void *ctx, const char *id, const char *action)
{
    struct app *a = app_find(id);
    int err = -SK_EAUTH;

    (void)ctx;
    if (!a)
        return err;
    pthread_mutex_lock(&a->lock);
    if (!a->facts.killed)
        err = scope_names(a->facts.scopes, action) ? 0 : -SK_EDENIED;
    pthread_mutex_unlock(&a->lock);
    app_drop(a);
    return err;
}

/* What a check needs of an app, apart from its lock. */
struct snapshot {
    struct credential credentials[APP_CREDENTIALS_MAX];
    size_t count;
    unsigned turn;
    int killed;
};

static void snapshot_take(struct snapshot *out, struct app *a)
{
    pthread_mutex_lock(&a->lock);
    memcpy(out->credentials, a->facts.credentials, sizeof(out->credentials));
    out->count = a->facts.credential_count;
    out->turn = a->turn;
    out->killed = a->facts.killed;
    pthread_mutex_unlock(&a->lock);
}

static int snapshot_check(const struct snapshot *s, const struct claim *c, int64_t now_ms)
{
    int err = -SK_EAUTH;

    for (size_t i = 0; i < s->count && err; i++)
        if (!s->credentials[i].ends || now_ms < s->credentials[i].ends)
            err = claim_check(c, &s->credentials[i]);
    return err;
}

/* A restart forgets nonces: what was signed before it is not taken, whatever the window says. */
static int time_check(const struct claim *c, int64_t now_s)
{
    if (c->created < now_s - APP_WINDOW_S || c->created > now_s + APP_WINDOW_S ||
        c->created < table.started_s || (c->expires && c->expires < now_s))
        return -SK_EAUTH;
    return 0;
}

static int source_check(const struct app_facts *f, const char *source)
{
    for (size_t i = 0; i < f->source_count; i++)
        if (source_net_has(&f->sources[i], source))
            return 0;
    return f->source_count ? -SK_EAUTH : 0;
}

/* The signature holds: pins, rate, quota, and only then the nonce is remembered. Under the app's
 * lock. */
static int count_locked(struct app *a, const struct claim *c, const struct signed_request *r,
                        struct signed_verdict *v)
{
    struct app_facts *f = &a->facts;

    v->reason = "source";
    if (source_check(f, r->source))
        return -SK_EAUTH;
    v->reason = "replay";
    if (nonce_is_seen(a->nonces, c->nonce)) /* costs the app nothing: it is not its doing */
        return -SK_EAUTH;
    v->reason = "rate";
    int err =
        bucket_take(&a->bucket, f->rate, f->burst, sk_clock_mono_ms(), &v->rate, &v->retry_ms);
    if (!err) {
        v->reason = "quota";
        err = day_take(&f->used, f->quota, r->now_ms, &v->quota, &v->retry_ms);
    }
    if (!err) {
        err = nonce_take(a->nonces, c->nonce, c->created, r->now_ms / 1000);
        v->reason = err == -SK_ELIMIT ? "nonces" : "time";
        v->retry_ms = APP_WINDOW_S * 1000;
        err = err && err != -SK_ELIMIT ? -SK_EAUTH : err;
    }
    if (err)
        return err;
    v->reason = NULL;
    f->last_used = r->now_ms;
    if (sk_copy(f->last_source, sizeof(f->last_source), r->source))
        f->last_source[0] = '\0';
    a->is_used = 1;
    return 0;
}

/* -SK_EAGAIN: the credentials were changed while the signature was checked. */
static int app_try(struct app *a, const struct claim *c, const struct signed_request *r,
                   struct principal *out, struct signed_verdict *v)
{
    struct snapshot s;

    snapshot_take(&s, a);
    int err = s.killed ? -SK_EAUTH : snapshot_check(&s, c, r->now_ms);
    v->reason = s.killed ? "killed" : "signature";
    crypto_wipe(&s.credentials, sizeof(s.credentials));
    if (err)
        return err;
    pthread_mutex_lock(&a->lock);
    err = a->turn == s.turn ? count_locked(a, c, r, v) : -SK_EAGAIN;
    if (!err && (sk_copy(out->account, sizeof(out->account), a->facts.account) ||
                 sk_copy(out->session, sizeof(out->session), a->facts.id)))
        err = -SK_EINTERNAL;
    pthread_mutex_unlock(&a->lock);
    out->kind = err ? PRINCIPAL_NOBODY : PRINCIPAL_APP;
    return err;
}

int table_verify(void *ctx, const struct signed_request *r, struct principal *out,
                 struct signed_verdict *v)
{
    struct claim c;
    int err = claim_take(&c, r, &v->reason);

    (void)ctx;
    if (!err && time_check(&c, r->now_ms / 1000)) {
        v->reason = "time";
        err = -SK_EAUTH;
    }
    struct app *a = err ? NULL : app_find(c.key);
    if (!err && !a) {
        v->reason = "signature";
        err = -SK_EAUTH;
    }
    if (a)
        do
            err = app_try(a, &c, r, out, v);
        while (err == -SK_EAGAIN);
    app_drop(a);
    claim_fini(&c);
    if (!err && authorize_organization_of("account", out->account, out->organization))
        err = -SK_EAUTH; /* its account is gone; the app follows */
    if (err)
        metric_refused("app", v->reason);
    return err;
}
