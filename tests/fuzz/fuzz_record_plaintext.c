/* What a peer who holds the keys may put into a record: sealed here, received by the channel. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "sdk/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_send(void *user, const uint8_t *body, size_t len)
{
    (void)user, (void)body;
    SK_ASSERT(len <= 16384);
}

static void on_record(void *user, const struct wire_record_plain *p, int64_t now_ms)
{
    volatile uint8_t sum = 0;

    (void)user, (void)now_ms;
    SK_ASSERT(p->len <= WIRE_RECORD_CONTENT_MAX && p->type != WIRE_RECORD_REKEY);
    for (size_t i = 0; i < p->len; i++)
        sum = (uint8_t)(sum ^ p->content[i]);
}

static const struct sdk_channel_ops ops = {on_send, on_record};

static void record_make(uint8_t *body, const uint8_t salt[32], const uint8_t ikm[32],
                        const uint8_t *plain, size_t n)
{
    uint8_t prk[32], s[32], key[32], iv[12], aad[32], id[16];
    struct wire_record_head h = {0};
    struct crypto_gcm *g;

    crypto_hkdf_extract(prk, salt, 32, ikm, 32);
    crypto_hkdf_expand(id, 16, prk, "skep-seal/1 id", 14);
    crypto_hkdf_expand(s, 32, prk, "skep-seal/1 v2c", 15);
    crypto_hkdf_expand(key, 32, s, "key", 3);
    crypto_hkdf_expand(iv, 12, s, "iv", 2);
    memcpy(h.channel, id, 4);
    wire_record_encode(body, &h);
    memcpy(aad, body, 16);
    memcpy(aad + 16, id, 16);
    memcpy(body + 16, plain, n);
    g = crypto_gcm_new(key, 32);
    SK_ASSERT(crypto_gcm_seal(g, iv, aad, 32, body + 16, n, body + 16 + n) == 0);
    crypto_gcm_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t salt[32] = {1}, ikm[32] = {2};
    uint8_t body[16384] = {0}, plain[WIRE_RECORD_PLAIN_MAX] = {0};
    size_t n = size < sizeof plain ? size : sizeof plain;
    struct sdk_channel *ch;
    unsigned code = 0;

    memcpy(plain, data, n);
    n = (n + 63) / 64 * 64;
    if (n == 0)
        n = 64;
    record_make(body, salt, ikm, plain, n);
    ch = sdk_channel_new(SDK_SIDE_CAMERA, salt, ikm, 32, &ops, NULL, 0);
    if (sdk_channel_receive(ch, body, n + 32, &code, 0) < 0)
        SK_ASSERT(sdk_channel_is_over(ch));
    sdk_channel_free(&ch);
    ch = sdk_channel_new(SDK_SIDE_CAMERA, salt, ikm, 32, &ops, NULL, 0);
    SK_ASSERT(sdk_channel_receive(ch, data, size < 16384 ? size : 16384, &code, 0) <= 0);
    sdk_channel_free(&ch);
    return 0;
}
