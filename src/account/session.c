/* Live sessions, in memory: loaded at start, kept in step with the store by whoever writes there,
 * so that authenticate() on a loop thread never waits for a disk. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/internal.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_hash, *by_id;
    int64_t idle_ms;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

void session_table_start(int64_t idle_ms)
{
    table.by_hash = sk_map_new(32);
    table.by_id = sk_map_new(ID_SIZE);
    table.idle_ms = idle_ms;
}

static void session_free(struct session *s)
{
    crypto_wipe(s, sizeof(*s));
    free(s);
}

void session_table_stop(void)
{
    struct session *s;

    if (!table.by_id)
        return;
    pthread_mutex_lock(&table.lock);
    for (size_t pos = 0; (s = sk_map_next(table.by_id, &pos));)
        session_free(s);
    sk_map_free(table.by_hash);
    sk_map_free(table.by_id);
    table.by_hash = table.by_id = NULL;
    pthread_mutex_unlock(&table.lock);
}

/* Copy at most cap - 1 bytes, never half a character. */
static void text_cut(char *out, size_t cap, const char *in)
{
    size_t len = strnlen(in, cap - 1);

    while (len && !sk_utf8_is_valid(in, len))
        len--;
    memcpy(out, in, len);
    out[len] = '\0';
}

void session_make(struct session *out, char token[ACCOUNT_TOKEN_SIZE], const char *account,
                  int bearer, const char *source, const char *client, int64_t now_ms,
                  int64_t lifetime_ms)
{
    *out = (struct session){
        .bearer = bearer,
        .created = now_ms,
        .last_seen = now_ms,
        .saved_seen = now_ms,
        .proved = now_ms,
        .expires = now_ms + lifetime_ms,
    };
    id_make(out->id);
    token_make(token, out->token_hash);
    sk_random(out->csrf_secret, sizeof(out->csrf_secret));
    text_cut(out->account, sizeof(out->account), account);
    text_cut(out->source, sizeof(out->source), source);
    text_cut(out->client, sizeof(out->client), client);
}

/* Ids are texts of one length; the map wants them whole. */
static void id_key(char key[ID_SIZE], const char *id)
{
    memset(key, 0, ID_SIZE);
    memcpy(key, id, strnlen(id, ID_SIZE - 1));
}

static struct session *find_locked(const char *id)
{
    char key[ID_SIZE];

    id_key(key, id);
    return table.by_id ? sk_map_find(table.by_id, key, ID_SIZE) : NULL;
}

void session_put(const struct session *s)
{
    struct session *kept = sk_alloc(sizeof(*kept));

    *kept = *s;
    pthread_mutex_lock(&table.lock);
    sk_map_put(table.by_hash, kept->token_hash, sizeof(kept->token_hash), kept);
    sk_map_put(table.by_id, kept->id, ID_SIZE, kept);
    pthread_mutex_unlock(&table.lock);
}

size_t session_count(void)
{
    pthread_mutex_lock(&table.lock);
    size_t count = sk_map_count(table.by_id);
    pthread_mutex_unlock(&table.lock);
    return count;
}

static int has_ended(const struct session *s, int64_t now_ms, int64_t idle_ms)
{
    return now_ms >= s->expires || now_ms - s->last_seen >= idle_ms;
}

int session_has_ended(const struct session *s, int64_t now_ms)
{
    return has_ended(s, now_ms, table.idle_ms);
}

int session_by_token(const uint8_t hash[32], int bearer, int64_t now_ms, int use,
                     struct session *out)
{
    int err = -SK_ENOTFOUND;

    pthread_mutex_lock(&table.lock);
    struct session *s = table.by_hash ? sk_map_find(table.by_hash, hash, 32) : NULL;
    if (s && s->bearer == bearer && !has_ended(s, now_ms, table.idle_ms)) {
        if (use && now_ms > s->last_seen)
            s->last_seen = now_ms;
        *out = *s;
        err = 0;
    }
    pthread_mutex_unlock(&table.lock);
    return err;
}

int session_by_id(const char *id, int64_t now_ms, struct session *out)
{
    int err = -SK_ENOTFOUND;

    pthread_mutex_lock(&table.lock);
    struct session *s = find_locked(id);
    if (s && !has_ended(s, now_ms, table.idle_ms)) {
        *out = *s;
        err = 0;
    }
    pthread_mutex_unlock(&table.lock);
    return err;
}

int session_is_vouched(const char *id, int64_t now_ms)
{
    struct session s;
    int is = session_by_id(id, now_ms, &s) == 0 && s.vouched;

    crypto_wipe(&s, sizeof(s));
    return is;
}

void session_touch(const char *id, int64_t now_ms)
{
    pthread_mutex_lock(&table.lock);
    struct session *s = find_locked(id);
    if (s && now_ms > s->last_seen && !has_ended(s, now_ms, table.idle_ms))
        s->last_seen = now_ms;
    pthread_mutex_unlock(&table.lock);
}

void session_prove(const char *id, int64_t now_ms)
{
    pthread_mutex_lock(&table.lock);
    struct session *s = find_locked(id);
    if (s && now_ms > s->proved)
        s->proved = now_ms;
    pthread_mutex_unlock(&table.lock);
}

void session_saved(const char *id, int64_t last_seen)
{
    pthread_mutex_lock(&table.lock);
    struct session *s = find_locked(id);
    if (s)
        s->saved_seen = last_seen;
    pthread_mutex_unlock(&table.lock);
}

void session_token_void(const char *id, const uint8_t hash[32])
{
    pthread_mutex_lock(&table.lock);
    struct session *s = find_locked(id);
    if (s) {
        sk_map_remove(table.by_hash, s->token_hash, sizeof(s->token_hash));
        memcpy(s->token_hash, hash, sizeof(s->token_hash));
        sk_map_put(table.by_hash, s->token_hash, sizeof(s->token_hash), s);
    }
    pthread_mutex_unlock(&table.lock);
}

static int session_is_older(const void *a, const void *b)
{
    const struct session *x = a, *y = b;

    return x->created != y->created ? (x->created < y->created ? -1 : 1) : strcmp(x->id, y->id);
}

struct session *session_list(int (*wanted)(void *ctx, const struct session *s), void *ctx,
                             size_t *count)
{
    struct session *list, *s;

    *count = 0;
    pthread_mutex_lock(&table.lock);
    list = sk_alloc((sk_map_count(table.by_id) + 1) * sizeof(*list));
    for (size_t pos = 0; (s = sk_map_next(table.by_id, &pos));)
        if (wanted(ctx, s))
            list[(*count)++] = *s;
    pthread_mutex_unlock(&table.lock);
    qsort(list, *count, sizeof(*list), session_is_older);
    return list;
}

int session_remove(const char *id)
{
    pthread_mutex_lock(&table.lock);
    struct session *s = find_locked(id);
    if (s) {
        sk_map_remove(table.by_hash, s->token_hash, sizeof(s->token_hash));
        sk_map_remove(table.by_id, s->id, ID_SIZE);
        session_free(s);
    }
    pthread_mutex_unlock(&table.lock);
    return s != NULL;
}

void session_csrf(char out[CSRF_SIZE], const struct session *s)
{
    static const char what[] = "skep-csrf/1";
    uint8_t mac[32];

    crypto_hmac_sha256(mac, s->csrf_secret, sizeof(s->csrf_secret), what, sizeof(what));
    sk_b64url_encode(out, mac, sizeof(mac));
    crypto_wipe(mac, sizeof(mac));
}

int session_is_of(const char *id, const char *account, int64_t now_ms)
{
    pthread_mutex_lock(&table.lock);
    const struct session *s = find_locked(id);
    int is = s && !has_ended(s, now_ms, table.idle_ms) && strcmp(s->account, account) == 0;
    pthread_mutex_unlock(&table.lock);
    return is;
}

int account_session_is_live(const char *session, int64_t now_ms)
{
    struct session s;
    int err = session_by_id(session, now_ms, &s);

    crypto_wipe(&s, sizeof(s));
    return err == 0;
}

void account_session_touch(const char *session, int64_t now_ms)
{
    session_touch(session, now_ms);
}
