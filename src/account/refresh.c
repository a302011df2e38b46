#include "account/refresh.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

enum { ACCESS_LOADED_MAX = 200000 };
enum { TEXT_BYTES = ACCOUNT_TOKEN_SIZE - 1, SEALED_CLEAR = 2 * TEXT_BYTES + 8 };

static const int64_t day_ms = 24 * 3600 * 1000LL;

/* ---- the proof ---- */

void refresh_proof_hash(uint8_t out[32], const char *token, int64_t at_ms)
{
    static const char what[] = "skep-refresh-1";
    uint8_t at[8];

    sk_put_u64(at, (uint64_t)at_ms);
    const struct crypto_part parts[] = {
        {what, sizeof(what)}, {token, strlen(token) + 1}, {at, sizeof(at)}};
    crypto_sha256_parts(out, parts, 3);
}

int refresh_proof_check(const uint8_t key[REFRESH_KEY_BYTES], const char *token, int64_t at_ms,
                        const uint8_t sig[REFRESH_SIG_BYTES], int64_t now_ms)
{
    uint8_t hash[32];

    if (at_ms < now_ms - REFRESH_SKEW_MS || at_ms > now_ms + REFRESH_SKEW_MS)
        return -SK_EAUTH;
    refresh_proof_hash(hash, token, at_ms);
    return crypto_p256_verify(sig, key, hash) ? -SK_EAUTH : 0;
}

/* ---- the successor, sealed under the token that it follows ---- */

static struct crypto_gcm *sealer_new(const char *token)
{
    static const char what[] = "skep refresh successor 1";
    uint8_t prk[32], key[32];

    crypto_hkdf_extract(prk, NULL, 0, token, strlen(token));
    crypto_hkdf_expand(key, sizeof(key), prk, what, sizeof(what) - 1);
    struct crypto_gcm *g = crypto_gcm_new(key, sizeof(key));
    crypto_wipe(prk, sizeof(prk));
    crypto_wipe(key, sizeof(key));
    return g;
}

void refresh_pair_seal(uint8_t out[REFRESH_SEALED_BYTES], const char *token,
                       const struct refresh_pair *pair)
{
    struct crypto_gcm *g = sealer_new(token);
    uint8_t *clear = out + CRYPTO_GCM_NONCE_BYTES;

    sk_random(out, CRYPTO_GCM_NONCE_BYTES);
    memcpy(clear, pair->access, TEXT_BYTES);
    memcpy(clear + TEXT_BYTES, pair->refresh, TEXT_BYTES);
    sk_put_u64(clear + 2 * TEXT_BYTES, (uint64_t)pair->access_expires);
    SK_ASSERT(crypto_gcm_seal(g, out, NULL, 0, clear, SEALED_CLEAR, clear + SEALED_CLEAR) == 0);
    crypto_gcm_free(&g);
}

int refresh_pair_open(struct refresh_pair *out, const char *token,
                      const uint8_t in[REFRESH_SEALED_BYTES])
{
    struct crypto_gcm *g = sealer_new(token);
    uint8_t clear[SEALED_CLEAR];

    memcpy(clear, in + CRYPTO_GCM_NONCE_BYTES, SEALED_CLEAR);
    int err = crypto_gcm_open(g, in, NULL, 0, clear, SEALED_CLEAR,
                              in + CRYPTO_GCM_NONCE_BYTES + SEALED_CLEAR);
    crypto_gcm_free(&g);
    if (!err) {
        *out = (struct refresh_pair){.access_expires = (int64_t)sk_get_u64(clear + 2 * TEXT_BYTES)};
        memcpy(out->access, clear, TEXT_BYTES);
        memcpy(out->refresh, clear + TEXT_BYTES, TEXT_BYTES);
    }
    crypto_wipe(clear, sizeof(clear));
    return err;
}

/* ---- access tokens in memory ---- */

struct access_token {
    uint8_t hash[32];
    char session[ID_SIZE];
    int64_t expires;
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_hash;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

void refresh_table_start(void)
{
    table.by_hash = sk_map_new(32);
}

void refresh_sweep(int64_t now_ms)
{
    struct access_token *a;

    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; table.by_hash && (a = sk_map_next(table.by_hash, &pos));) {
        if (a->expires > now_ms)
            continue;
        sk_map_remove(table.by_hash, a->hash, sizeof(a->hash));
        free(a);
    }
    pthread_mutex_unlock(&table.lock);
}

void refresh_table_stop(void)
{
    if (!table.by_hash)
        return;
    refresh_sweep(INT64_MAX);
    sk_map_free(table.by_hash);
    table.by_hash = NULL;
}

static void access_put(const uint8_t hash[32], const char *session, int64_t expires)
{
    struct access_token *a = sk_alloc(sizeof(*a));

    memcpy(a->hash, hash, sizeof(a->hash));
    memcpy(a->session, session, strnlen(session, ID_SIZE - 1));
    a->expires = expires;
    pthread_mutex_lock(&table.lock);
    free(sk_map_put(table.by_hash, a->hash, sizeof(a->hash), a));
    pthread_mutex_unlock(&table.lock);
}

int refresh_access_find(const uint8_t hash[32], int64_t now_ms, char session[ID_SIZE])
{
    int err = -SK_ENOTFOUND;

    pthread_mutex_lock(&table.lock);
    const struct access_token *a = table.by_hash ? sk_map_find(table.by_hash, hash, 32) : NULL;
    if (a && a->expires > now_ms) {
        memcpy(session, a->session, ID_SIZE);
        err = 0;
    }
    pthread_mutex_unlock(&table.lock);
    return err;
}

struct load {
    int64_t now_ms;
    size_t count;
};

/* More than fit are left: their clients refresh, and the box starts. */
static int access_row_take(void *ctx, const struct store_row *row)
{
    struct load *l = ctx;
    uint8_t hash[32];
    char session[ID_SIZE];

    if (l->count++ == ACCESS_LOADED_MAX)
        return STORE_STOP;
    int err = store_row_bin(row, 0, hash, sizeof(hash));
    if (!err)
        err = store_row_copy(row, 1, session, sizeof(session));
    if (!err)
        access_put(hash, session, store_row_int(row, 2));
    return err;
}

static int load_read(struct store_tx *tx, void *ctx)
{
    struct load *l = ctx;

    l->count = 0;
    return store_many(tx, "account_refresh_access_live", STORE_ARGS(store_int("now", l->now_ms)),
                      ACCESS_LOADED_MAX + 1, access_row_take, l);
}

int refresh_load(struct store *s, int64_t now_ms)
{
    struct load l = {.now_ms = now_ms};

    return store_read(s, load_read, &l);
}

/* ---- rows ---- */

static void pair_make(struct refresh_pair *p, uint8_t access_hash[32], uint8_t refresh_hash[32],
                      int64_t now_ms)
{
    token_make(p->access, access_hash);
    token_make(p->refresh, refresh_hash);
    p->access_expires = now_ms + REFRESH_ACCESS_TTL_MS;
}

/* One pair on its way into the store; the hashes are what is kept of it. */
struct refresh_write {
    const char *token; /* that it follows; NULL: the first */
    uint8_t token_hash[32];
    const char *session;
    const uint8_t *key;
    int64_t now_ms;
    uint8_t access_hash[32], refresh_hash[32];
    struct refresh_pair *out;
};

static int pair_insert(struct store_tx *tx, const struct refresh_write *w)
{
    return store_exec(
        tx, "account_refresh_insert",
        STORE_ARGS(store_blob("token_hash", w->refresh_hash, 32), store_text("session", w->session),
                   w->token ? store_blob("parent", w->token_hash, 32) : store_null("parent"),
                   store_blob("access_hash", w->access_hash, 32),
                   store_int("access_expires", w->out->access_expires)),
        NULL);
}

static int begin_write(struct store_tx *tx, void *ctx)
{
    struct refresh_write *w = ctx;
    int64_t there;
    int err = store_one_int(tx, "account_refresh_device_count",
                            STORE_ARGS(store_text("session", w->session)), &there);

    if (!err && there)
        err = -SK_ECONFLICT;
    if (!err) { /* the foreign key would say so too, but as a conflict */
        err = store_one_int(tx, "account_session_is_there",
                            STORE_ARGS(store_text("id", w->session)), &there);
        if (!err && !there)
            err = -SK_EAUTH;
    }
    if (!err)
        err = store_exec(tx, "account_refresh_device_insert",
                         STORE_ARGS(store_text("session", w->session),
                                    store_blob("device_key", w->key, REFRESH_KEY_BYTES)),
                         NULL);
    if (!err) /* the token of the login ends here: a hash that no text has */
        err = store_exec(
            tx, "account_session_token_void",
            STORE_ARGS(store_text("id", w->session), store_blob("token_hash", w->token_hash, 32)),
            NULL);
    return err ? err : pair_insert(tx, w);
}

int refresh_begin(struct store *s, const struct session *session,
                  const uint8_t key[REFRESH_KEY_BYTES], int64_t now_ms, struct refresh_pair *out)
{
    struct refresh_write w = {.session = session->id, .key = key, .now_ms = now_ms, .out = out};

    sk_random(w.token_hash, sizeof(w.token_hash));
    pair_make(out, w.access_hash, w.refresh_hash, now_ms);
    int err = store_write(s, begin_write, &w);
    if (!err) {
        session_token_void(session->id, w.token_hash);
        access_put(w.access_hash, session->id, out->access_expires);
    }
    return err;
}

/* A token as it lies in the store. */
struct refresh_row {
    char session[ID_SIZE];
    uint8_t parent[32];
    int has_parent;
    uint8_t successor[REFRESH_SEALED_BYTES];
    int has_successor;
    int64_t consumed;
    uint8_t device_key[REFRESH_KEY_BYTES];
};

static int row_take(void *ctx, const struct store_row *row)
{
    struct refresh_row *r = ctx;
    int err = store_row_copy(row, 0, r->session, sizeof(r->session));

    r->has_parent = !store_row_is_null(row, 1);
    if (!err && r->has_parent)
        err = store_row_bin(row, 1, r->parent, sizeof(r->parent));
    r->has_successor = !store_row_is_null(row, 2);
    if (!err && r->has_successor)
        err = store_row_bin(row, 2, r->successor, sizeof(r->successor));
    r->consumed = store_row_int(row, 3);
    return err ? err : store_row_bin(row, 4, r->device_key, sizeof(r->device_key));
}

struct row_read {
    const uint8_t *hash;
    struct refresh_row row;
};

static int row_by_hash(struct store_tx *tx, const uint8_t hash[32], struct refresh_row *out)
{
    *out = (struct refresh_row){0};
    return store_one(tx, "account_refresh_by_hash", STORE_ARGS(store_blob("token_hash", hash, 32)),
                     row_take, out);
}

static int row_read(struct store_tx *tx, void *ctx)
{
    struct row_read *q = ctx;

    return row_by_hash(tx, q->hash, &q->row);
}

/* The token was used before: its successor again, or theft. */
static int replay(const struct refresh_write *w, const struct refresh_row *r)
{
    if (!r->has_successor || w->now_ms >= r->consumed + REFRESH_GRACE_MS ||
        w->now_ms < r->consumed - REFRESH_SKEW_MS)
        return -SK_EREPLAY;
    return refresh_pair_open(w->out, w->token, r->successor) ? -SK_EIO : 0;
}

/* Of many that come at once the first makes the successor; the others find it here. */
static int rotate_write(struct store_tx *tx, void *ctx)
{
    struct refresh_write *w = ctx;
    uint8_t sealed[REFRESH_SEALED_BYTES];
    struct refresh_row r;
    int err = row_by_hash(tx, w->token_hash, &r);

    if (err)
        return err == -SK_ENOTFOUND ? -SK_EAUTH : err;
    if (r.consumed)
        return replay(w, &r);
    pair_make(w->out, w->access_hash, w->refresh_hash, w->now_ms);
    refresh_pair_seal(sealed, w->token, w->out);
    err = store_exec(tx, "account_refresh_consume",
                     STORE_ARGS(store_blob("token_hash", w->token_hash, 32),
                                store_int("now", w->now_ms),
                                store_blob("successor", sealed, sizeof(sealed))),
                     NULL);
    if (!err && r.has_parent) /* the successor is used: the former token's window ends */
        err = store_exec(tx, "account_refresh_forget_successor",
                         STORE_ARGS(store_blob("token_hash", r.parent, 32)), NULL);
    return err ? err : pair_insert(tx, w);
}

int refresh_rotate(struct store *s, const char *token, int64_t at_ms,
                   const uint8_t sig[REFRESH_SIG_BYTES], int64_t now_ms, struct refresh_pair *out,
                   char session[ID_SIZE])
{
    struct refresh_write w = {.token = token, .now_ms = now_ms, .out = out};
    struct row_read q = {.hash = w.token_hash};

    session[0] = '\0';
    if (at_ms < now_ms - REFRESH_SKEW_MS || at_ms > now_ms + REFRESH_SKEW_MS ||
        token_hash(w.token_hash, token))
        return -SK_EAUTH;
    int err = store_read(s, row_read, &q);
    if (err)
        return err == -SK_ENOTFOUND ? -SK_EAUTH : err;
    memcpy(session, q.row.session, ID_SIZE);
    if (!account_session_is_live(session, now_ms))
        return -SK_EAUTH;
    /* The key of a family never changes, so it may be checked outside of the write. */
    if (refresh_proof_check(q.row.device_key, token, at_ms, sig, now_ms))
        return -SK_EREPLAY;
    w.session = session;
    err = store_write(s, rotate_write, &w);
    if (!err && token_hash(w.access_hash, out->access) == 0)
        access_put(w.access_hash, session, out->access_expires);
    return err;
}

static int purge_write(struct store_tx *tx, void *ctx)
{
    const int64_t *now_ms = ctx;

    return store_exec(tx, "account_refresh_purge",
                      STORE_ARGS(store_int("before", *now_ms - REFRESH_KEEP_DAYS * day_ms)), NULL);
}

int refresh_purge(struct store *s, int64_t now_ms)
{
    return store_write(s, purge_write, &now_ms);
}
