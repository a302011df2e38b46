#include "crypto/ticket.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "crypto/aead.h"
#include "crypto/wipe.h"

/* Ticket: key id (8) | nonce (12) | sealed body | tag (16); the key id is the associated data.
 * Body:   u32 epoch | u64 certificate notAfter, ms | lp8 alpn | lp8 device | lp8 serial | session
 * File:   "SKTK" 1 | nonce (12) | sealed { u32 epoch | u8 count | count x { id, u64 ms, key } } |
 * tag The nonces are random: 2^32 tickets a day under one key are far away. */
enum {
    KEY_ID_SIZE = 8,
    KEY_SIZE = 32,
    NONCE_SIZE = CRYPTO_GCM_NONCE_BYTES,
    TAG_SIZE = CRYPTO_GCM_TAG_BYTES,
    HEAD_SIZE = KEY_ID_SIZE + NONCE_SIZE,
    BODY_MAX = TICKET_SIZE_MAX - HEAD_SIZE - TAG_SIZE,
    FILE_MAGIC_SIZE = 5,
    FILE_KEY_SIZE = KEY_ID_SIZE + 8 + KEY_SIZE,
    FILE_BODY_MAX = 4 + 1 + 2 * FILE_KEY_SIZE
};

static const uint8_t FILE_MAGIC[FILE_MAGIC_SIZE] = {'S', 'K', 'T', 'K', 1};

struct key {
    uint8_t id[KEY_ID_SIZE];
    uint8_t secret[KEY_SIZE];
    int64_t made_ms;
    struct crypto_gcm *gcm; /* NULL = empty place */
};

struct ticket_keys {
    pthread_mutex_t lock;
    uint32_t epoch;
    struct key current, previous;
};

static void key_make(struct key *k, int64_t now_ms)
{
    sk_random(k->id, sizeof k->id);
    sk_random(k->secret, sizeof k->secret);
    k->made_ms = now_ms;
    k->gcm = crypto_gcm_new(k->secret, sizeof k->secret);
}

static void key_forget(struct key *k)
{
    crypto_gcm_free(&k->gcm);
    crypto_wipe(k, sizeof *k);
}

static int key_opens(const struct key *k, int64_t now_ms)
{
    return k->gcm && now_ms - k->made_ms < 2 * (int64_t)TICKET_ROTATE_MS;
}

struct ticket_keys *ticket_keys_new(uint32_t epoch, int64_t now_ms)
{
    struct ticket_keys *keys = sk_alloc(sizeof *keys);
    pthread_mutex_init(&keys->lock, NULL);
    keys->epoch = epoch;
    key_make(&keys->current, now_ms);
    return keys;
}

void ticket_keys_free(struct ticket_keys *keys)
{
    if (!keys)
        return;
    key_forget(&keys->current);
    key_forget(&keys->previous);
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

static int rotate_locked(struct ticket_keys *keys, int64_t now_ms)
{
    int changed = 0;
    /* A clock that was set back must not keep a key alive for ever. */
    if (now_ms - keys->current.made_ms >= TICKET_ROTATE_MS ||
        now_ms < keys->current.made_ms - TICKET_ROTATE_MS) {
        key_forget(&keys->previous);
        keys->previous = keys->current;
        memset(&keys->current, 0, sizeof keys->current);
        key_make(&keys->current, now_ms);
        changed = 1;
    }
    if (keys->previous.gcm && !key_opens(&keys->previous, now_ms)) {
        key_forget(&keys->previous);
        changed = 1;
    }
    return changed;
}

int ticket_keys_rotate(struct ticket_keys *keys, int64_t now_ms)
{
    pthread_mutex_lock(&keys->lock);
    int changed = rotate_locked(keys, now_ms);
    pthread_mutex_unlock(&keys->lock);
    return changed;
}

void ticket_keys_reset(struct ticket_keys *keys, uint32_t epoch, int64_t now_ms)
{
    pthread_mutex_lock(&keys->lock);
    key_forget(&keys->current);
    key_forget(&keys->previous);
    key_make(&keys->current, now_ms);
    keys->epoch = epoch;
    pthread_mutex_unlock(&keys->lock);
}

static size_t file_put_key(uint8_t *p, const struct key *k)
{
    if (!k->gcm)
        return 0;
    memcpy(p, k->id, KEY_ID_SIZE);
    sk_put_u64(p + KEY_ID_SIZE, (uint64_t)k->made_ms);
    memcpy(p + KEY_ID_SIZE + 8, k->secret, KEY_SIZE);
    return FILE_KEY_SIZE;
}

int ticket_keys_save(struct sk_buf *out, struct ticket_keys *keys,
                     const uint8_t kek[TICKET_KEK_SIZE])
{
    uint8_t nonce[NONCE_SIZE], tag[TAG_SIZE], body[FILE_BODY_MAX];
    size_t len = 5;
    pthread_mutex_lock(&keys->lock);
    sk_put_u32(body, keys->epoch);
    body[4] = keys->previous.gcm ? 2 : 1;
    len += file_put_key(body + len, &keys->current);
    len += file_put_key(body + len, &keys->previous);
    pthread_mutex_unlock(&keys->lock);

    struct crypto_gcm *gcm = crypto_gcm_new(kek, TICKET_KEK_SIZE);
    sk_random(nonce, sizeof nonce);
    int err = crypto_gcm_seal(gcm, nonce, FILE_MAGIC, FILE_MAGIC_SIZE, body, len, tag);
    crypto_gcm_free(&gcm);
    if (err == 0)
        err = sk_buf_reserve(out, FILE_MAGIC_SIZE + NONCE_SIZE + len + TAG_SIZE);
    if (err == 0)
        err = sk_buf_add(out, FILE_MAGIC, FILE_MAGIC_SIZE);
    if (err == 0)
        err = sk_buf_add(out, nonce, sizeof nonce);
    if (err == 0)
        err = sk_buf_add(out, body, len);
    if (err == 0)
        err = sk_buf_add(out, tag, sizeof tag);
    crypto_wipe(body, sizeof body);
    return err;
}

/* Take the keys of an opened file body; those too old to open anything are left out. */
static int file_take_keys(struct ticket_keys *keys, const uint8_t *body, size_t len, int64_t now_ms)
{
    size_t count = len > 5 ? body[4] : 0;
    if (count < 1 || count > 2 || len != 5 + count * FILE_KEY_SIZE)
        return -SK_EINVAL;
    keys->epoch = sk_get_u32(body);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = body + 5 + i * FILE_KEY_SIZE;
        struct key *k = i == 0 ? &keys->current : &keys->previous;
        memcpy(k->id, p, KEY_ID_SIZE);
        k->made_ms = (int64_t)sk_get_u64(p + KEY_ID_SIZE);
        memcpy(k->secret, p + KEY_ID_SIZE + 8, KEY_SIZE);
        k->gcm = crypto_gcm_new(k->secret, KEY_SIZE);
    }
    (void)rotate_locked(keys, now_ms);
    return 0;
}

int ticket_keys_load(struct ticket_keys **out, const void *data, size_t len,
                     const uint8_t kek[TICKET_KEK_SIZE], int64_t now_ms)
{
    const uint8_t *p = data;
    uint8_t body[FILE_BODY_MAX];
    const size_t around = FILE_MAGIC_SIZE + NONCE_SIZE + TAG_SIZE;
    if (len < around || len - around > sizeof body || memcmp(p, FILE_MAGIC, FILE_MAGIC_SIZE) != 0)
        return -SK_EINVAL;
    size_t n = len - around;
    memcpy(body, p + FILE_MAGIC_SIZE + NONCE_SIZE, n);
    struct crypto_gcm *gcm = crypto_gcm_new(kek, TICKET_KEK_SIZE);
    int err = crypto_gcm_open(gcm, p + FILE_MAGIC_SIZE, FILE_MAGIC, FILE_MAGIC_SIZE, body, n,
                              p + len - TAG_SIZE);
    crypto_gcm_free(&gcm);
    if (err == 0) {
        struct ticket_keys *keys = sk_alloc(sizeof *keys);
        pthread_mutex_init(&keys->lock, NULL);
        err = file_take_keys(keys, body, n, now_ms);
        if (err == 0)
            *out = keys;
        else
            ticket_keys_free(keys);
    }
    crypto_wipe(body, sizeof body);
    return err;
}

static size_t put_lp8(uint8_t *p, const void *data, size_t len)
{
    p[0] = (uint8_t)len;
    memcpy(p + 1, data, len);
    return len + 1;
}

int ticket_seal(struct ticket_keys *keys, const struct ticket_identity *who, const void *session,
                size_t session_len, uint8_t *out, size_t cap, size_t *out_len, uint32_t *lifetime_s,
                int64_t now_ms)
{
    size_t alpn = strlen(who->alpn), device = strlen(who->device_id);
    size_t len = 4 + 8 + 3 + alpn + device + who->serial_len + session_len;
    if (session_len > TICKET_SESSION_MAX || len > BODY_MAX || HEAD_SIZE + len + TAG_SIZE > cap)
        return -SK_ETOOBIG;
    uint8_t *body = out + HEAD_SIZE, *p = body;
    sk_put_u64(p + 4, (uint64_t)who->not_after_ms);
    p += 4 + 8;
    p += put_lp8(p, who->alpn, alpn);
    p += put_lp8(p, who->device_id, device);
    p += put_lp8(p, who->serial, who->serial_len);
    memcpy(p, session, session_len);
    sk_random(out + KEY_ID_SIZE, NONCE_SIZE);

    pthread_mutex_lock(&keys->lock);
    sk_put_u32(body, keys->epoch);
    memcpy(out, keys->current.id, KEY_ID_SIZE);
    int64_t left_ms = keys->current.made_ms + 2 * (int64_t)TICKET_ROTATE_MS - now_ms;
    int err = crypto_gcm_seal(keys->current.gcm, out + KEY_ID_SIZE, out, KEY_ID_SIZE, body, len,
                              body + len);
    pthread_mutex_unlock(&keys->lock);
    if (err != 0) {
        crypto_wipe(out, HEAD_SIZE + len);
        return err;
    }
    *out_len = HEAD_SIZE + len + TAG_SIZE;
    *lifetime_s = left_ms > 1000 ? (uint32_t)(left_ms / 1000) : 1;
    return 0;
}

static int take_lp8(const uint8_t **p, const uint8_t *end, void *out, size_t max, size_t *len)
{
    if (*p >= end || **p > max || (size_t)(end - *p - 1) < **p)
        return -SK_EINVAL;
    *len = **p;
    memcpy(out, *p + 1, *len);
    *p += 1 + *len;
    return 0;
}

static int body_take(const uint8_t *body, size_t len, struct ticket_identity *who, uint8_t *session,
                     size_t *session_len)
{
    const uint8_t *p = body + 4 + 8, *end = body + len;
    size_t n;
    memset(who, 0, sizeof *who);
    who->not_after_ms = (int64_t)sk_get_u64(body + 4);
    if (take_lp8(&p, end, who->alpn, TICKET_ALPN_MAX, &n) != 0 ||
        take_lp8(&p, end, who->device_id, TICKET_DEVICE_MAX, &n) != 0 ||
        take_lp8(&p, end, who->serial, TICKET_SERIAL_MAX, &who->serial_len) != 0 ||
        (size_t)(end - p) > TICKET_SESSION_MAX)
        return -SK_EINVAL;
    *session_len = (size_t)(end - p);
    memcpy(session, p, *session_len);
    return 0;
}

/* Decrypt into `body`: -SK_ECRYPTO, -SK_EGONE. */
static int body_open_locked(struct ticket_keys *keys, const uint8_t *t, uint8_t *body, size_t len,
                            int64_t now_ms)
{
    struct key *k = NULL;
    if (sk_equal_ct(t, keys->current.id, KEY_ID_SIZE))
        k = &keys->current;
    else if (keys->previous.gcm && sk_equal_ct(t, keys->previous.id, KEY_ID_SIZE))
        k = &keys->previous;
    if (!k)
        return -SK_ECRYPTO;
    if (!key_opens(k, now_ms))
        return -SK_EGONE;
    memcpy(body, t + HEAD_SIZE, len);
    int err =
        crypto_gcm_open(k->gcm, t + KEY_ID_SIZE, t, KEY_ID_SIZE, body, len, t + HEAD_SIZE + len);
    if (err == 0 && sk_get_u32(body) != keys->epoch)
        err = -SK_ECRYPTO;
    return err;
}

int ticket_open(struct ticket_keys *keys, const void *ticket, size_t len,
                struct ticket_identity *who, uint8_t session[TICKET_SESSION_MAX],
                size_t *session_len, int64_t now_ms)
{
    uint8_t body[BODY_MAX];
    if (len < HEAD_SIZE + 15 + TAG_SIZE || len > TICKET_SIZE_MAX)
        return -SK_ECRYPTO;
    size_t n = len - HEAD_SIZE - TAG_SIZE;
    pthread_mutex_lock(&keys->lock);
    int err = body_open_locked(keys, ticket, body, n, now_ms);
    pthread_mutex_unlock(&keys->lock);
    if (err == 0)
        err = body_take(body, n, who, session, session_len) == 0 ? 0 : -SK_ECRYPTO;
    if (err == 0 && who->not_after_ms != 0 && who->not_after_ms <= now_ms)
        err = -SK_EGONE;
    if (err != 0)
        crypto_wipe(session, TICKET_SESSION_MAX);
    crypto_wipe(body, sizeof body);
    return err;
}
