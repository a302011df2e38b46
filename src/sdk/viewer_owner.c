/* The viewer as the camera's owner (sealed.md 2.1, 5.2): the proof in hello, owner.add, a new
 * device password. The password is hashed here; the camera learns {P, w0, L} and nobody else that.
 */
#include <string.h>

#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/label.h"
#include "sdk/viewer_internal.h"

int sdk_viewer_owner_key(struct sdk_viewer *v, const uint8_t secret[32], int64_t wall_ms,
                         int64_t now_ms)
{
    if (v->state != V_IDLE)
        return -SK_ECONFLICT;
    if (crypto_p256_check_scalar(secret) < 0)
        return -SK_EINVAL;
    memcpy(v->owner_secret, secret, sizeof v->owner_secret);
    v->wall_offset_ms = wall_ms - now_ms;
    v->has_owner = 1;
    return 0;
}

void viewer_owner_hello(struct sdk_viewer *v, json_t *hello, int64_t now_ms)
{
    static const char tag[] = "skep-seal/1 owner"; /* with its zero byte */
    struct crypto_part parts[] = {{tag, sizeof tag}, {sdk_channel_id(v->channel), 16}};
    uint8_t point[65], hash[32], proof[16 + 64];

    if (!v->has_owner)
        return;
    crypto_sha256_parts(hash, parts, 2);
    SK_ASSERT(crypto_p256_mul(point, v->owner_secret, NULL) == 0);
    crypto_key_id(proof, CRYPTO_KEY_OWNER, point);
    SK_ASSERT(crypto_p256_sign(proof + 16, v->owner_secret, hash) == 0);
    sk_json_set_int(hello, "wall", now_ms + v->wall_offset_ms);
    sk_json_set_bin(hello, "owner", proof, sizeof proof);
}

int sdk_viewer_owner_add(struct sdk_viewer *v, const uint8_t public_key[65], uint32_t *id,
                         int64_t now_ms)
{
    json_t *arg = json_object();
    int rc;

    sk_json_set_bin(arg, "key", public_key, 65);
    rc = sdk_viewer_request(v, "owner.add", arg, 1, id, now_ms);
    json_decref(arg);
    return rc;
}

int sdk_viewer_access_set(struct sdk_viewer *v, const uint8_t *list, size_t len, uint32_t *id,
                          int64_t now_ms)
{
    json_t *arg = json_object();
    int rc;

    sk_json_set_bin(arg, "list", list, len);
    rc = sdk_viewer_request(v, "access.set", arg, 1, id, now_ms);
    json_decref(arg);
    return rc;
}

/* The argument of password.set; the caller's to drop. */
static int verifier_arg(json_t **out, const struct sdk_viewer *v, unsigned class, uint32_t next,
                        const char *password, size_t len)
{
    uint8_t params[WIRE_SEAL_PARAMS_BYTES];
    struct sdk_verifier made;
    int rc = sdk_verifier_make(&made, class, next, password, len, v->device);

    if (rc == 0) {
        sdk_params_encode(params, &made.params);
        *out = json_object();
        sk_json_set_bin(*out, "params", params, sizeof params);
        sk_json_set_bin(*out, "w0", made.w0, sizeof made.w0);
        sk_json_set_bin(*out, "l", made.l, sizeof made.l);
    }
    crypto_wipe(&made, sizeof made);
    return rc;
}

int sdk_viewer_password_set(struct sdk_viewer *v, unsigned class, const char *password, size_t len,
                            uint32_t *id, int64_t now_ms)
{
    char code[WIRE_LABEL_CODE_SIZE];
    struct sdk_params now;
    json_t *arg = NULL;
    int rc;

    if (v->state != V_UP)
        return -SK_ECLOSED;
    if ((!v->is_password_born && !v->has_params) || sdk_params_decode(&now, v->params) < 0)
        return -SK_ECONFLICT; /* the generation that this follows is not known */
    if (class == SDK_CLASS_CODE) {
        if (sdk_label_parse(code, password, len) < 0)
            return -SK_EINVAL;
        rc = verifier_arg(&arg, v, class, now.generation + 1, code, WIRE_LABEL_CODE_LEN);
        crypto_wipe(code, sizeof code);
    } else {
        rc = verifier_arg(&arg, v, class, now.generation + 1, password, len);
    }
    if (rc == 0)
        rc = sdk_viewer_request(v, "password.set", arg, 1, id, now_ms);
    json_decref(arg);
    return rc;
}
