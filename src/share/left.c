/* Signed lists that wait for their camera. In memory, backed by the store: they are sent from the
 * thread on which a camera's link comes up, which must not wait. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "device/device.h"
#include "share/internal.h"
#include "wire/envelope.h"
#include "wire/seal_msg.h"

enum { TTL_TENTHS = 100 };

struct left {
    char device[DEVICE_ID_SIZE], account[ACCOUNT_ID_MAX + 1];
    int64_t left_ms, sent_ms;
    uint32_t version;
    uint8_t hash[32];
    size_t len;
    uint8_t list[];
};

static struct {
    pthread_mutex_t lock;
    struct sk_map *by_device; /* the id's text without its zero -> struct left, owned */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

void left_start(void)
{
    kept.by_device = sk_map_new(0);
}

void left_stop(void)
{
    size_t at = 0;
    void *l;

    while (kept.by_device && (l = sk_map_next(kept.by_device, &at)))
        free(l);
    sk_map_free(kept.by_device);
    kept.by_device = NULL;
}

int left_check(const struct share_list *l, const char *device)
{
    struct wire_list head;
    uint8_t raw[16];
    int err = wire_list_decode(&head, l->list, l->len);

    if (!err)
        err = device_id_raw(raw, device);
    return err || memcmp(raw, head.device, sizeof(raw)) != 0 ? -SK_EINVAL : 0;
}

static struct left *find_locked(const char *device)
{
    return sk_map_find(kept.by_device, device, strlen(device));
}

int left_is_next(const struct share_list *l, const char *device)
{
    struct wire_list head;
    const struct left *have;
    int err = wire_list_decode(&head, l->list, l->len);

    if (err)
        return err;
    pthread_mutex_lock(&kept.lock);
    have = find_locked(device);
    if (have && have->version > head.version)
        err = -SK_ECONFLICT;
    pthread_mutex_unlock(&kept.lock);
    return err;
}

void left_keep(const char *device, const struct share_list *l, const char *account, int64_t left_ms,
               int64_t sent_ms, int send_now)
{
    struct left *n = sk_alloc(sizeof(*n) + l->len);
    struct wire_list head;

    if (wire_list_decode(&head, l->list, l->len) || sk_copy(n->device, sizeof(n->device), device) ||
        sk_copy(n->account, sizeof(n->account), account)) {
        free(n); /* of another version of this program: the owner leaves it anew */
        return;
    }
    n->left_ms = left_ms;
    n->sent_ms = sent_ms;
    n->version = head.version;
    n->len = l->len;
    memcpy(n->list, l->list, l->len);
    crypto_sha256(n->hash, n->list, wire_list_signed_len(&head));
    pthread_mutex_lock(&kept.lock);
    free(sk_map_put(kept.by_device, device, strlen(device), n));
    pthread_mutex_unlock(&kept.lock);
    if (send_now)
        left_send(device);
}

void left_forget(const char *device)
{
    pthread_mutex_lock(&kept.lock);
    free(sk_map_remove(kept.by_device, device, strlen(device)));
    pthread_mutex_unlock(&kept.lock);
}

json_t *left_json(const char *device, int with_list)
{
    json_t *v = NULL;

    pthread_mutex_lock(&kept.lock);
    const struct left *l = find_locked(device);
    if (l) {
        v = json_object();
        sk_json_set_int(v, "version", l->version);
        sk_json_set_bin(v, "hash", l->hash, sizeof(l->hash));
        sk_json_set_int(v, "left", l->left_ms);
        if (l->sent_ms)
            sk_json_set_int(v, "sent", l->sent_ms);
        sk_json_set_str(v, "by", l->account);
        if (with_list)
            sk_json_set_bin(v, "list", l->list, l->len);
    }
    pthread_mutex_unlock(&kept.lock);
    return v;
}

/* The envelope of kind 08: a fresh session, which nobody answers (sealed.md 2.3). */
static int envelope_make(uint8_t out[WIRE_ENVELOPE_MAX], size_t *len, const struct left *l)
{
    uint8_t body[WIRE_SEAL_HEAD_BYTES + WIRE_LIST_MAX] = {WIRE_SEAL_LIST, 1, 0, 0};
    struct wire_envelope e = {.type = WIRE_ENVELOPE_BODY,
                              .ttl = TTL_TENTHS,
                              .account = l->account,
                              .account_len = strlen(l->account),
                              .body = body,
                              .body_len = WIRE_SEAL_HEAD_BYTES + l->len};
    int err = device_id_raw(e.device, l->device);

    sk_random(e.session, sizeof(e.session));
    memcpy(body + 4, e.session, sizeof(e.session));
    memcpy(body + WIRE_SEAL_HEAD_BYTES, l->list, l->len);
    return err ? err : wire_envelope_encode(out, WIRE_ENVELOPE_MAX, len, &e);
}

void left_send(const char *device)
{
    uint8_t out[WIRE_ENVELOPE_MAX];
    int64_t left_ms = 0, sent_ms = 0;
    size_t len = 0;

    pthread_mutex_lock(&kept.lock);
    struct left *l = find_locked(device);
    if (l && envelope_make(out, &len, l))
        len = 0;
    if (len && device_send(device, WIRE_SIGNAL, out, len) == 0) {
        l->sent_ms = sent_ms = sk_clock_wall_ms();
        left_ms = l->left_ms;
    }
    pthread_mutex_unlock(&kept.lock);
    if (sent_ms)
        ledger_list_sent(device, left_ms, sent_ms);
}
