#include "sdk/password.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "crypto/kdf.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"
#include "sdk/label.h"

enum { WIDE_BYTES = 40 };

void sdk_params_encode(uint8_t out[WIRE_SEAL_PARAMS_BYTES], const struct sdk_params *p)
{
    out[0] = 1;
    out[1] = p->class;
    sk_put_u16(out + 2, 0);
    sk_put_u32(out + 4, p->iterations);
    sk_put_u32(out + 8, p->generation);
    memcpy(out + 12, p->salt, 16);
}

int sdk_params_decode(struct sdk_params *p, const uint8_t in[WIRE_SEAL_PARAMS_BYTES])
{
    if (in[0] != 1)
        return -SK_EVERSION;
    if (in[2] != 0 || in[3] != 0 || in[1] < SDK_CLASS_CODE || in[1] > SDK_CLASS_CHOSEN)
        return -SK_EINVAL;
    p->class = in[1];
    p->iterations = sk_get_u32(in + 4);
    p->generation = sk_get_u32(in + 8);
    memcpy(p->salt, in + 12, 16);
    return 0;
}

int sdk_params_check(const struct sdk_params *p)
{
    if (p->class == SDK_CLASS_CODE)
        return p->iterations == SDK_CODE_ITERATIONS ? 0 : -SK_EDENIED;
    if (p->class != SDK_CLASS_CHOSEN || p->iterations < SDK_CHOSEN_ITERATIONS ||
        p->iterations > SDK_CHOSEN_ITERATIONS_MAX)
        return -SK_EDENIED;
    return 0;
}

void sdk_params_id(uint8_t out[8], const uint8_t encoded[WIRE_SEAL_PARAMS_BYTES])
{
    static const char tag[] = "skep-seal/1 params"; /* with its zero byte */
    struct crypto_part parts[] = {{tag, sizeof tag}, {encoded, WIRE_SEAL_PARAMS_BYTES}};
    uint8_t hash[32];

    crypto_sha256_parts(hash, parts, 2);
    memcpy(out, hash, 8);
}

static size_t le64_field(uint8_t *out, const void *data, size_t len)
{
    sk_put_u64le(out, len);
    if (len > 0)
        memcpy(out + 8, data, len);
    return 8 + len;
}

int sdk_password_hash(uint8_t w0[32], uint8_t w1[32], uint8_t *r, const struct sdk_params *p,
                      const char *password, size_t len, const char *device)
{
    static const char info[] = "skep-seal/1 w0w1";
    uint8_t in[3 * 8 + SDK_CHOSEN_MAX + WIRE_LABEL_DEVICE_LEN], hash[32], wide[2 * WIDE_BYTES];
    size_t n = 0, device_len = strlen(device);
    int rc;

    if (len > SDK_CHOSEN_MAX || device_len != WIRE_LABEL_DEVICE_LEN)
        return -SK_EINVAL;
    n += le64_field(in + n, password, len);
    n += le64_field(in + n, NULL, 0);
    n += le64_field(in + n, device, device_len);
    crypto_pbkdf2(hash, in, n, p->salt, sizeof p->salt, p->iterations);
    crypto_hkdf_expand(wide, sizeof wide, hash, info, sizeof info - 1);
    rc = crypto_p256_reduce(w0, wide, WIDE_BYTES);
    if (rc == 0)
        rc = crypto_p256_reduce(w1, wide + WIDE_BYTES, WIDE_BYTES);
    if (r != NULL)
        memcpy(r, hash, sizeof hash);
    crypto_wipe(in, sizeof in);
    crypto_wipe(hash, sizeof hash);
    crypto_wipe(wide, sizeof wide);
    return rc;
}

static int password_check(unsigned class, const char *password, size_t len)
{
    char code[WIRE_LABEL_CODE_SIZE];
    int rc;

    if (class == SDK_CLASS_CHOSEN)
        return len >= SDK_CHOSEN_MIN && len <= SDK_CHOSEN_MAX && sk_utf8_is_valid(password, len)
                   ? 0
                   : -SK_EINVAL;
    if (class != SDK_CLASS_CODE)
        return -SK_EINVAL;
    rc = sdk_label_parse(code, password, len);
    crypto_wipe(code, sizeof code);
    return rc == 0 && len == WIRE_LABEL_CODE_LEN ? 0 : -SK_EINVAL;
}

int sdk_verifier_make(struct sdk_verifier *v, unsigned class, uint32_t generation,
                      const char *password, size_t len, const char *device)
{
    uint8_t w1[32];
    int rc = password_check(class, password, len);

    if (rc < 0)
        return rc;
    v->params.class = (uint8_t) class;
    v->params.iterations = class == SDK_CLASS_CODE ? SDK_CODE_ITERATIONS : SDK_CHOSEN_ITERATIONS;
    v->params.generation = generation;
    sk_random(v->params.salt, sizeof v->params.salt);
    rc = sdk_password_hash(v->w0, w1, NULL, &v->params, password, len, device);
    if (rc == 0)
        rc = crypto_p256_mul(v->l, w1, NULL);
    crypto_wipe(w1, sizeof w1);
    return rc;
}

int sdk_verifier_check(const struct sdk_verifier *v)
{
    int rc = sdk_params_check(&v->params);

    if (rc == 0)
        rc = crypto_p256_check_scalar(v->w0);
    return rc == 0 ? crypto_p256_check(v->l) : rc;
}
