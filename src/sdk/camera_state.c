/* What a camera keeps across boots, as one blob: fixed layout, a hash at the end. */
#include <string.h>

#include "crypto/hash.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/camera_internal.h"

static const uint8_t magic[4] = {'S', 'K', 'C', 2};

enum {
    OWNER_BYTES = 65,
    ENROLLED_BYTES = 65 + 16 + 4 + 4,
    FIXED_BYTES = 4 + 16 + 8 + 32 + 32 + WIRE_SEAL_PARAMS_BYTES + 32 + 65 + 1 + 4 + 2,
    USED_BYTES = 8 + 4,      /* of each listed key */
    LIST_HEAD_BYTES = 8 + 2, /* saved time; length of the list, 0 = none */
    HASH_BYTES = 32
};

static int list_encode(const struct camera_state *s, struct sk_buf *b)
{
    const struct camera_list *l = s->list;
    int rc = sk_buf_add_u64(b, (uint64_t)s->saved_wall_ms);

    rc |= sk_buf_add_u16(b, (uint16_t)(l != NULL ? l->len : 0));
    if (l != NULL)
        rc |= sk_buf_add(b, l->blob, l->len);
    for (unsigned i = 0; l != NULL && i < l->head.count; i++) {
        rc |= sk_buf_add_u64(b, (uint64_t)l->entries[i].last_ms);
        rc |= sk_buf_add_u32(b, l->entries[i].count);
    }
    return rc;
}

static int state_encode(const struct sdk_camera *c, struct sk_buf *b)
{
    const struct camera_state *s = &c->state;
    uint8_t params[WIRE_SEAL_PARAMS_BYTES], hash[HASH_BYTES], owners = 0, enrolled = 0;
    int rc = 0;

    sdk_params_encode(params, &s->verifier.params);
    for (unsigned i = 0; i < OWNERS_MAX; i++)
        owners = (uint8_t)(owners + s->owners[i].is_used);
    for (unsigned i = 0; i < ENROLLED_MAX; i++)
        enrolled = (uint8_t)(enrolled + s->enrolled[i].is_used);
    rc |= sk_buf_add(b, magic, sizeof magic) | sk_buf_add(b, c->device_raw, 16);
    rc |= sk_buf_add_u64(b, s->boot) | sk_buf_add(b, s->seed, 32);
    rc |= sk_buf_add(b, s->seal_secret, 32) | sk_buf_add(b, params, sizeof params);
    rc |= sk_buf_add(b, s->verifier.w0, 32) | sk_buf_add(b, s->verifier.l, 65);
    rc |= sk_buf_add_u8(b, s->whole_level) | sk_buf_add_u32(b, s->use_rank);
    rc |= sk_buf_add_u8(b, owners) | sk_buf_add_u8(b, enrolled);
    for (unsigned i = 0; i < OWNERS_MAX; i++)
        if (s->owners[i].is_used)
            rc |= sk_buf_add(b, s->owners[i].point, 65);
    for (unsigned i = 0; i < ENROLLED_MAX; i++)
        if (s->enrolled[i].is_used) {
            rc |= sk_buf_add(b, s->enrolled[i].point, 65);
            rc |= sk_buf_add(b, s->enrolled[i].tag, 16);
            rc |= sk_buf_add_u32(b, s->enrolled[i].generation);
            rc |= sk_buf_add_u32(b, s->enrolled[i].last_used);
        }
    rc |= list_encode(s, b);
    if (rc != 0)
        return -SK_ENOMEM;
    crypto_sha256(hash, b->data, b->len);
    return sk_buf_add(b, hash, sizeof hash);
}

int camera_state_save(struct sdk_camera *c)
{
    struct sk_buf b;
    int rc;

    sk_buf_init(&b, SDK_CAMERA_STATE_MAX);
    rc = state_encode(c, &b);
    if (rc == 0 && c->ops->save(c->user, b.data, b.len) < 0)
        rc = -SK_ESTORAGE;
    sk_buf_fini_wipe(&b);
    return rc;
}

static void fixed_read(struct camera_state *s, const uint8_t *p)
{
    s->boot = sk_get_u64(p);
    memcpy(s->seed, p + 8, 32);
    memcpy(s->seal_secret, p + 40, 32);
    p += 72 + WIRE_SEAL_PARAMS_BYTES;
    memcpy(s->verifier.w0, p, 32);
    memcpy(s->verifier.l, p + 32, 65);
    s->whole_level = p[97];
    s->use_rank = sk_get_u32(p + 98);
}

static int keys_read(struct camera_state *s, const uint8_t *p, unsigned owners, unsigned enrolled)
{
    for (unsigned i = 0; i < owners; i++, p += OWNER_BYTES) {
        memcpy(s->owners[i].point, p, 65);
        s->owners[i].is_used = 1;
        crypto_key_id(s->owners[i].id, CRYPTO_KEY_OWNER, p);
        if (crypto_p256_check(p) < 0)
            return -SK_EINVAL;
    }
    for (unsigned i = 0; i < enrolled; i++, p += ENROLLED_BYTES) {
        struct enrolled *e = &s->enrolled[i];

        memcpy(e->point, p, 65);
        memcpy(e->tag, p + 65, 16);
        e->generation = sk_get_u32(p + 81);
        e->last_used = sk_get_u32(p + 85);
        e->is_used = 1;
        crypto_key_id(e->id, CRYPTO_KEY_VIEWER, p);
        if (crypto_p256_check(p) < 0)
            return -SK_EINVAL;
    }
    return 0;
}

/* What follows the keys, `len` bytes. */
static int list_read(struct camera_state *s, const uint8_t *p, size_t len, const uint8_t device[16])
{
    size_t n;

    if (len < LIST_HEAD_BYTES || sk_get_u64(p) > (uint64_t)WIRE_LIST_TIME_MAX)
        return -SK_EINVAL;
    s->saved_wall_ms = (int64_t)sk_get_u64(p);
    n = sk_get_u16(p + 8);
    p += LIST_HEAD_BYTES;
    len -= LIST_HEAD_BYTES;
    if (n == 0)
        return len == 0 ? 0 : -SK_EINVAL;
    if (n > len || camera_list_make(&s->list, p, n) < 0)
        return -SK_EINVAL;
    if (len != n + s->list->head.count * USED_BYTES ||
        memcmp(s->list->head.device, device, 16) != 0)
        return -SK_EINVAL;
    p += n;
    for (unsigned i = 0; i < s->list->head.count; i++, p += USED_BYTES) {
        s->list->entries[i].last_ms = (int64_t)(sk_get_u64(p) & (UINT64_MAX >> 11));
        s->list->entries[i].count = sk_get_u32(p + 8);
    }
    return 0;
}

int camera_state_decode(struct camera_state *s, const uint8_t *data, size_t len,
                        const uint8_t device[16])
{
    uint8_t hash[HASH_BYTES];
    unsigned owners, enrolled;
    size_t keys;

    memset(s, 0, sizeof *s);
    if (len < FIXED_BYTES + HASH_BYTES || memcmp(data, magic, sizeof magic) != 0)
        return -SK_EINVAL;
    crypto_sha256(hash, data, len - HASH_BYTES);
    if (memcmp(hash, data + len - HASH_BYTES, HASH_BYTES) != 0)
        return -SK_EINVAL;
    if (memcmp(data + 4, device, 16) != 0)
        return -SK_ECONFLICT;
    fixed_read(s, data + 20);
    owners = data[FIXED_BYTES - 2];
    enrolled = data[FIXED_BYTES - 1];
    keys = owners * OWNER_BYTES + enrolled * ENROLLED_BYTES;
    if (owners > OWNERS_MAX || enrolled > ENROLLED_MAX ||
        len < FIXED_BYTES + keys + LIST_HEAD_BYTES + HASH_BYTES)
        return -SK_EINVAL;
    if (sdk_params_decode(&s->verifier.params, data + 20 + 72) < 0 ||
        sdk_verifier_check(&s->verifier) < 0 || crypto_p256_check_scalar(s->seal_secret) < 0 ||
        crypto_p256_mul(s->seal_public, s->seal_secret, NULL) < 0)
        return -SK_EINVAL;
    if (keys_read(s, data + FIXED_BYTES, owners, enrolled) < 0)
        return -SK_EINVAL;
    return list_read(s, data + FIXED_BYTES + keys, len - FIXED_BYTES - keys - HASH_BYTES, device);
}
