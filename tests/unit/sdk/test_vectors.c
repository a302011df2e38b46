/* The vectors of sealed.md 7.1 and 7.2, byte for byte. */
#include "tests/unit/sdk/hex.h"

#include "base/buf.h"
#include "base/sys.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/keyid.h"
#include "crypto/p256.h"
#include "sdk/channel.h"
#include "sdk/label.h"
#include "sdk/media_seal.h"
#include "sdk/noise_kk.h"
#include "sdk/password.h"
#include "sdk/spake2p.h"
#include "wire/seal_msg.h"

#define DEVICE "aaaqeayeaudaocajbifqydiob4"
#define ACCOUNT "acct-0001"
#define X_SECRET "d1232c8e8693d02368976c174e2088851b8365d0d79a9eee709c6a05a2fad539"
#define Y_SECRET "717a72348a182085109c8d3917d6c43d59b224dc6a7fc4f0483232fa6516d8b3"
#define P_HEX "01010000000003e800000001202122232425262728292a2b2c2d2e2f"
#define SHARE_P                                                                                    \
    "04b5efdd43ca02e66bf149d6b2157d66c636882176f657621a854f018de6e0a4aa548d07c562068b10c7f452a586" \
    "b06974270fe16fe2304cb07736fdf9b61c86b6"
#define SHARE_V                                                                                    \
    "04cf7e3749cbcb5d0ee864400d7eabf994d78353dd854c704409d00b543768df96e804c1ff6d6430e47011854eee" \
    "699ec56b2df6cec566fa957a0f8883694157ca"

static void rfc9383_first_set(void **state)
{
    uint8_t w0[32], w1[32], x[32], y[32], l[65], share_v[65];
    static const char context[] = "SPAKE2+-P256-SHA256-HKDF-SHA256-HMAC-SHA256 Test Vectors";
    struct sdk_spake_ids ids = {(const uint8_t *)context, sizeof context - 1, "client", "server"};
    struct sdk_spake_prover p;
    struct sdk_spake_verifier v;
    struct sdk_spake_keys kp, kv;

    (void)state;
    unhex(w0, 32, "bb8e1bbcf3c48f62c08db243652ae55d3e5586053fca77102994f23ad95491b3");
    unhex(w1, 32, "7e945f34d78785b8a3ef44d0df5a1a97d6b3b460409a345ca7830387a74b1dba");
    unhex(x, 32, X_SECRET);
    unhex(y, 32, Y_SECRET);
    assert_int_equal(crypto_p256_mul(l, w1, NULL), 0);
    assert_int_equal(sdk_spake_prover_start(&p, w0, w1, x), 0);
    assert_int_equal(sdk_spake_verifier_prepare(&v, w0, l), 0);
    assert_int_equal(sdk_spake_verifier_answer(&kv, share_v, &v, &ids, p.share, y), 0);
    assert_int_equal(sdk_spake_prover_finish(&kp, &p, &ids, share_v), 0);
    assert_memory_equal(&kp, &kv, sizeof kp);
    assert_hex(kp.main, 32, "4c59e1ccf2cfb961aa31bd9434478a1089b56cd11542f53d3576fb6c2a438a29");
    assert_hex(kp.confirm_p, 32,
               "926cc713504b9b4d76c9162ded04b5493e89109f6d89462cd33adc46fda27527");
    assert_hex(kp.confirm_v, 32,
               "9747bcc4f8fe9f63defee53ac9b07876d907d55047e6ff2def2e7529089d3e68");
    assert_hex(kp.shared, 32, "0c5f8ccd1413423a54f6c1fb26ff01534a87f893779c6e68666d772bfd91f3e7");
}

static void label_code(void **state)
{
    uint8_t random[14];
    char code[WIRE_LABEL_CODE_SIZE], again[WIRE_LABEL_CODE_SIZE];
    static const char typed[] = "r3ow-5gy4 RQ3C-FJ69-SB5W-SKoS";

    (void)state;
    for (unsigned i = 0; i < 14; i++)
        random[i] = (uint8_t)(0xc0 + i);
    sdk_label_make(code, random);
    assert_string_equal(code, "R30W5GY4RQ3CFJ69SB5WSK0S");
    assert_int_equal(sdk_label_parse(again, typed, sizeof typed - 1), 0);
    assert_string_equal(again, code);
    code[3] = 'X';
    assert_int_equal(sdk_label_parse(again, code, 24), -SK_EINVAL);
}

static void password_one(const char *params, const char *password, const char *r, const char *w0,
                         const char *w1, const char *l)
{
    uint8_t raw[28], got_r[32], got0[32], got1[32], point[65];
    struct sdk_params p;

    unhex(raw, 28, params);
    assert_int_equal(sdk_params_decode(&p, raw), 0);
    assert_int_equal(sdk_params_check(&p), 0);
    assert_int_equal(sdk_password_hash(got0, got1, got_r, &p, password, strlen(password), DEVICE),
                     0);
    assert_hex(got_r, 32, r);
    assert_hex(got0, 32, w0);
    assert_hex(got1, 32, w1);
    assert_int_equal(crypto_p256_mul(point, got1, NULL), 0);
    if (l != NULL)
        assert_hex(point, 65, l);
}

static void password_classes(void **state)
{
    (void)state;
    password_one(P_HEX, "R30W5GY4RQ3CFJ69SB5WSK0S",
                 "5fe7715d24b5f4e86eb286a9a35e1badb43c1841e8a7d232be674a992012dd53",
                 "5d134a6eee94ccaae896da2ae57f56f55becbac11db5bac2bc2d63eecf5f1f4c",
                 "dac2e9eec1e6425b6a845adf3af234ef462627937fc07459f2c71ebc11b84099",
                 "04f6e05a0179a8cf74f5bfd4301323119908f477f21726bc49253aae3f2a9a0f3baef7a817ab05ec"
                 "027169e90c3db6ed24429aa52f894ceac8fa90cf791c01721f");
    password_one("01020000000927c000000001202122232425262728292a2b2c2d2e2f",
                 "correct horse battery",
                 "f5d007e7f69d988ef856010b8cac8511b75e9805b371d3d6c9fdc14459008c7c",
                 "73465300ce5b6f03097bf87ffc0c08bf3c1ef5e8a5a6efa3ee033ecb866cb2d9",
                 "65b8f8b7c40d265b92c1438b24c745ef4124df011965bd6fc52c9e0dca6bb653", NULL);
}

/* ---- the PAKE run and its channel ---- */
static uint8_t sent[16384];
static size_t sent_len;

static void send_keep(void *user, const uint8_t *body, size_t len)
{
    (void)user;
    memcpy(sent, body, len);
    sent_len = len;
}

static void record_ignore(void *user, const struct wire_record_plain *p, int64_t now_ms)
{
    (void)user, (void)p, (void)now_ms;
}

static const struct sdk_channel_ops channel_ops = {send_keep, record_ignore};

static void channel_vectors(const uint8_t salt[32], const uint8_t shared[32])
{
    static const char req[] = "{\"id\":1,\"do\":\"live.start\",\"arg\":{\"stream\":\"main\"}}";
    static const char rep[] = "{\"id\":1,\"ok\":true,\"val\":{\"stream\":305419896}}";
    struct sdk_channel *v =
        sdk_channel_new(SDK_SIDE_VIEWER, salt, shared, 32, &channel_ops, NULL, 0);
    struct sdk_channel *c =
        sdk_channel_new(SDK_SIDE_CAMERA, salt, shared, 32, &channel_ops, NULL, 0);

    assert_hex(sdk_channel_id(v), 16, "fc19f19c61e7a1caf56f747b6d5ed2ec");
    assert_int_equal(sdk_channel_send(v, WIRE_RECORD_REQ, req, sizeof req - 1, 0), 0);
    assert_hex(sent, sent_len,
               "10000000fc19f19c000000000000000039591f62331bc14717656832237b2453a0798c7d0fd9bee6ed6"
               "d4535f35157b01961c5a5b6f8b601c0c47bf81e11f40e45bed597bd3041d4c7a57a1b2aace2cfbf35c3"
               "70eba8d62e8c7d14e6b598a0f7");
    assert_int_equal(sdk_channel_send(c, WIRE_RECORD_REP, rep, sizeof rep - 1, 0), 0);
    assert_hex(sent, sent_len,
               "10000000fc19f19c0000000000000000e61799525924369daf941179ecc2432d4b5cc47fba91147a2af"
               "28891b32e085a1af1e7594af2aee17d8486cae6bd6dbbf01d8b5a0b979655bf77cf345265cb4f79a66e"
               "0ee2e7967a7540fa969c21ea59");
    /* an hour later REKEY goes ahead as record 1; this is record 2 in epoch 1 */
    assert_int_equal(sdk_channel_send(v, WIRE_RECORD_PING, NULL, 0, SDK_CHANNEL_REKEY_MS), 0);
    assert_hex(sent, sent_len,
               "10000001fc19f19c000000000000000269eca6082c80a600eb0bd00464cf96058a334ff0f1f985b06d5"
               "924e9a39d93f765304192963b91de245f236a454773ff1930af979802d4cfb2021d3cd91287f081fc9f"
               "68fc15c1dc5c709117d9384e3a");
    sdk_channel_free(&v);
    sdk_channel_free(&c);
}

static void pake_run(void **state)
{
    uint8_t context[101], raw[28], id[8], x[32], y[32], w0[32], w1[32], l[65], share_v[65],
        salt[32];
    struct sdk_spake_ids ids = {context, sizeof context, ACCOUNT, DEVICE};
    struct sdk_spake_prover p;
    struct sdk_spake_verifier v;
    struct sdk_spake_keys kp, kv;
    struct sdk_params params;

    (void)state;
    unhex(raw, 28, P_HEX);
    sdk_params_id(id, raw);
    assert_hex(id, 8, "486a4b10a438225d");
    assert_int_equal(sdk_params_decode(&params, raw), 0);
    sdk_params_encode(context, &params);
    assert_hex(context, 28, P_HEX);
    memcpy(context, "skep-seal/1 pake", 17);
    memcpy(context + 17, raw, 28);
    unhex(context + 45, 28, "01010000101112131415161718191a1b1c1d1e1f486a4b10a438225d");
    unhex(context + 73, 28, "03010000101112131415161718191a1b1c1d1e1f486a4b10a438225d");
    crypto_sha256(salt, context, sizeof context);
    assert_hex(salt, 32, "f2401b70d2a8c981998c90671e8467eb77a365173ddb390296b5f6e9231dd22b");
    unhex(x, 32, X_SECRET);
    unhex(y, 32, Y_SECRET);
    assert_int_equal(
        sdk_password_hash(w0, w1, NULL, &params, "R30W5GY4RQ3CFJ69SB5WSK0S", 24, DEVICE), 0);
    assert_int_equal(crypto_p256_mul(l, w1, NULL), 0);
    assert_int_equal(sdk_spake_prover_start(&p, w0, w1, x), 0);
    assert_hex(p.share, 65, SHARE_P);
    assert_int_equal(sdk_spake_verifier_prepare(&v, w0, l), 0);
    assert_int_equal(sdk_spake_verifier_answer(&kv, share_v, &v, &ids, p.share, y), 0);
    assert_hex(share_v, 65, SHARE_V);
    assert_int_equal(sdk_spake_prover_finish(&kp, &p, &ids, share_v), 0);
    assert_memory_equal(&kp, &kv, sizeof kp);
    assert_hex(kp.main, 32, "7ec7acc2fdf43d887e537bed1e597b08516230d4984b863ea02427927b35c284");
    assert_hex(kp.confirm_v, 32,
               "5369f57cf769602834c24bf31b46c7459d2ab22d6cfa042845b64d21227b90e1");
    assert_hex(kp.confirm_p, 32,
               "b781f3000041a2d0a46b792776ee2aba7e1160024d867ee71823bdd820e93afe");
    assert_hex(kp.shared, 32, "57e1d71349eb9c75417dc9565152212644bf9bb4523f8040d3f7bad07d0886dc");
    channel_vectors(salt, kp.shared);
}

/* ---- KK ---- */
static void kk_run(void **state)
{
    uint8_t sv[32], sc[32], ev[32], ec[32], pv[65], pc[65], prologue[200], m1[200], m2[200],
        payload[20], got[20], keys[64], id[16];
    char fingerprint[CRYPTO_FINGERPRINT_SIZE];
    struct sdk_kk kv, kc;
    struct sdk_channel *ch;
    size_t n = 0, len;

    (void)state;
    unhex(sv, 32, "3255f597083e39deb4aa984d09be35ff961634ddb7ee67e43de335b046995f0d");
    unhex(sc, 32, "481278374613f0107abd7e7932d11f741ab2baba1dec44ebf0888192a6f8e15e");
    unhex(ev, 32, "98602ef22daa4c7f56dc479bbc649909291dbab2b05dcb9c1b8363e886db5f07");
    unhex(ec, 32, "52fe6fe081d36949aaaccca3d6f8fe4931ce1316ff548cc3d0101ab35406d866");
    assert_int_equal(crypto_p256_mul(pv, sv, NULL), 0);
    assert_int_equal(crypto_p256_mul(pc, sc, NULL), 0);
    crypto_key_id(id, CRYPTO_KEY_VIEWER, pv);
    assert_hex(id, 16, "a2943b570114ba0fd2f8a2d462de2d85");
    crypto_key_fingerprint(fingerprint, CRYPTO_KEY_SEAL, pc);
    assert_string_equal(fingerprint, "BHNR-26TZ-21A8-51JN-5YAE");
    memcpy(prologue, "skep-seal/1 kk", 15);
    n = 15;
    prologue[n++] = sizeof ACCOUNT - 1;
    memcpy(prologue + n, ACCOUNT, sizeof ACCOUNT - 1);
    n += sizeof ACCOUNT - 1;
    prologue[n++] = sizeof DEVICE - 1;
    memcpy(prologue + n, DEVICE, sizeof DEVICE - 1);
    n += sizeof DEVICE - 1;
    n += unhex(prologue + n, 36,
               "06010000101112131415161718191a1b1c1d1e1fa2943b570114ba0fd2f8a2d462de2d85");
    assert_int_equal(sdk_kk_init(&kv, sdk_kk_p256(), 1, prologue, n, sv, pc, ev), 0);
    assert_int_equal(sdk_kk_init(&kc, sdk_kk_p256(), 0, prologue, n, sc, pv, ec), 0);
    assert_int_equal(sdk_kk_write(&kv, m1, &len, NULL, 0), 0);
    assert_hex(m1, len,
               "04a491eec519963753aaf3395385e6406f572d59e00af5ea4042da3ec18dc29a5b7953cce64ec6ec681"
               "15ee8c2b0166737f1cc3f74cc237182c28e416d183b97a2148a3c7f8a2a4e4945c1f985362c127b");
    assert_int_equal(sdk_kk_read(&kc, got, m1, len), 0);
    sk_put_u32(payload, 7);
    for (unsigned i = 0; i < 8; i++)
        payload[4 + i] = (uint8_t)(0xe0 + i);
    sk_put_u64(payload + 12, 1795334400000);
    assert_int_equal(sdk_kk_write(&kc, m2, &len, payload, sizeof payload), 0);
    assert_hex(m2, len,
               "049a3b95ff2810f705fc218abfc4f30cdf11e46aaa51947ff5299a304bcec644e858669d29de15561f0"
               "38eeb4683e42aafe7fc7d8ac9ae76317c99cb2bc135902c487a6c4a96c373f614c0b13155c269245722"
               "60ef70d15d965d17e48cb3970a16144c33ed");
    assert_int_equal(sdk_kk_read(&kv, got, m2, len), 0);
    assert_memory_equal(got, payload, sizeof payload);
    assert_memory_equal(kv.h, kc.h, 32);
    assert_hex(kv.h, 32, "b0e4d60aee87c2f440e8ce23206629c402ab15965ec2ac96f213e6263416e2dc");
    sdk_kk_split(&kv, keys);
    assert_hex(keys, 64,
               "ec71489312b8f102e2bd4b46da76aff578f90a375bf5d68b1b4749d408bffdcf"
               "1050e9ea68a88758ce0c6d89c8e8971ecb0d70a3a539846ebeb7d0ad95dddf25");
    ch = sdk_channel_new(SDK_SIDE_VIEWER, kv.h, keys, 64, &channel_ops, NULL, 0);
    assert_hex(sdk_channel_id(ch), 16, "a855de60d1db2c3ef7cf06af1400846f");
    sdk_channel_free(&ch);
}

/* Noise_KK_25519_AESGCM_SHA256 of the public "cacophony" set: the same state machine, two transport
 * messages in each direction included. */
static void kk_public_vector(void **state)
{
    static const char *const transport[4][2] = {
        {"462e20412e20486179656b", "6a5c10a201d4e3a08f79f64949e55731f774913a4d949bda3fcebf"},
        {"4361726c204d656e676572", "4e8a1bf06926fdd74e2f516e2b0c11cc1dc3387fadeb75389d4342"},
        {"4a65616e2d426170746973746520536179",
         "c1df7194ca8ea51d4dd99059bc9b90288112d47237d8481f1773fb26a31629a05c"},
        {"457567656e2042f6686d20766f6e2042617765726b",
         "3edba4feaf590ee88dd8f5fba51db4bee651cf41afd410fe476c524ac9b1db24252fc55ff8"}};
    uint8_t si[32], sr[32], ei[32], er[32], pi[32], pr[32], prologue[9], m[100], payload[40],
        got[40], keys[64];
    struct sdk_kk ki, kr;
    size_t len, n;

    (void)state;
    unhex(prologue, 9, "4a6f686e2047616c74");
    unhex(si, 32, "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1");
    unhex(ei, 32, "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a");
    unhex(pr, 32, "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62");
    unhex(sr, 32, "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893");
    unhex(er, 32, "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b");
    unhex(pi, 32, "6bc3822a2aa7f4e6981d6538692b3cdf3e6df9eea6ed269eb41d93c22757b75a");
    assert_int_equal(sdk_kk_init(&ki, sdk_kk_25519(), 1, prologue, 9, si, pr, ei), 0);
    assert_int_equal(sdk_kk_init(&kr, sdk_kk_25519(), 0, prologue, 9, sr, pi, er), 0);
    n = unhex(payload, 40, "4c756477696720766f6e204d69736573");
    assert_int_equal(sdk_kk_write(&ki, m, &len, payload, n), 0);
    assert_hex(m, len,
               "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
               "8564738a841228e693caeec4c497a8bd562231c3e51a1f03c4fd45dfe3a67870");
    assert_int_equal(sdk_kk_read(&kr, got, m, len), 0);
    assert_memory_equal(got, payload, n);
    /* the set's handshake_hash is the one after message 1 */
    assert_hex(kr.h, 32, "b9c397b2d82fcd66abf66a9c760c1320cd7bd47d701c14b9ccd41436f47a172a");
    n = unhex(payload, 40, "4d757272617920526f746862617264");
    assert_int_equal(sdk_kk_write(&kr, m, &len, payload, n), 0);
    assert_hex(m, len,
               "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
               "b94504c4d83506f5dd2568b68490eba8ed6f9cf2cca194a273c56d7ae3c558");
    assert_int_equal(sdk_kk_read(&ki, got, m, len), 0);
    assert_memory_equal(ki.h, kr.h, 32);
    sdk_kk_split(&ki, keys);
    for (unsigned i = 0; i < 4; i++) {
        struct crypto_gcm *g = crypto_gcm_new(keys + i % 2 * 32, 32);
        uint8_t nonce[12] = {0};

        nonce[11] = (uint8_t)(i / 2);
        n = unhex(m, sizeof m, transport[i][0]);
        assert_int_equal(crypto_gcm_seal(g, nonce, NULL, 0, m, n, m + n), 0);
        assert_hex(m, n + 16, transport[i][1]);
        crypto_gcm_free(&g);
    }
}

/* ---- media ---- */
static const struct {
    uint64_t ctr;
    uint16_t flags;
    uint64_t pts;
    const char *text, *frame;
} units[] = {
    {0, WIRE_RELAY_INIT, 0x1122334455, "init",
     "010100021234567800000011223344550000001b"
     "d05a17c0de01018dab4e01896b51645d8c6439671be67bd6134fea"},
    {1, WIRE_RELAY_KEY, 0x1122334455, "key",
     "010100011234567800000011223344550000001a"
     "d15a17c0de0101eca4b2ec6ffb5d1cd4be75295f8b1d86160fdd"},
    {256, 0, 0x1122389455, "delta",
     "010100001234567800000011223894550000001e"
     "d95a17c0de01010100519845c65960dcba204029dc1134a4ceade411ff2c"},
};

static void media_units(void **state)
{
    uint8_t seed[32], fresh[32], base[32];
    struct sdk_media_key k;
    struct sk_buf out;

    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        seed[i] = (uint8_t)(0x40 + i);
        fresh[i] = (uint8_t)(0x60 + i);
    }
    sdk_media_base_key(base, seed, fresh, 7, wire_kid(0x5a17c0de, 1, 1));
    assert_hex(base, 32, "fd2c967abcd02d626b82aea6b1011fbb9f97b23794105c2e67539814eb1fb8a5");
    sdk_media_key_init(&k, wire_kid(0x5a17c0de, 1, 1), base, 0);
    assert_hex(k.salt, 12, "0e3f6d57ee2cc8ec031c12ac");
    sk_buf_init(&out, 1000);
    for (unsigned i = 0; i < 3; i++) {
        struct wire_relay_head h = {
            .kind = 1, .flags = units[i].flags, .stream = 0x12345678, .pts = units[i].pts};

        k.ctr = units[i].ctr;
        assert_int_equal(
            sdk_media_seal(&k, &h, (const uint8_t *)units[i].text, strlen(units[i].text), &out, 0),
            0);
        assert_hex(out.data, out.len, units[i].frame);
    }
    sk_buf_fini(&out);
    sdk_media_key_fini(&k);
}

static void key_record(void **state)
{
    struct wire_key_head h = {.count = 1}, back; /* the vector's flags are 0 */
    struct wire_key_entry e = {.kid = wire_kid(0x5a17c0de, 1, 1),
                               .stream = 0x12345678,
                               .kind = 1,
                               .slot = 1,
                               .lifetime_s = 600},
                          got;
    uint8_t out[WIRE_KEY_HEAD_BYTES + WIRE_KEY_ENTRY_BYTES];

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        h.boot[i] = (uint8_t)(0xe0 + i);
    unhex(e.base_key, 32, "fd2c967abcd02d626b82aea6b1011fbb9f97b23794105c2e67539814eb1fb8a5");
    assert_int_equal(wire_key_encode(out, &h, &e), sizeof out);
    assert_hex(out, sizeof out,
               "01000001e0e1e2e3e4e5e6e700005a17c0de010112345678010100000000000000000000"
               "00000258fd2c967abcd02d626b82aea6b1011fbb9f97b23794105c2e67539814eb1fb8a5");
    assert_int_equal(wire_key_decode(&back, out, sizeof out), 0);
    assert_int_equal(wire_key_entry_decode(&got, out, 0), 0);
    assert_memory_equal(got.base_key, e.base_key, 32);
}

/* ---- sharing: what exists so far of it is the arithmetic ---- */
static void sharing(void **state)
{
    static const char text[] = "skep-seal/1 claim";
    uint8_t secret[16], sv[32], pv[65], message[256], mac[32], sig[64], hash[32], owner[32],
        public_key[65];
    size_t n = sizeof text;

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        secret[i] = (uint8_t)(0x80 + i);
    unhex(sv, 32, "3255f597083e39deb4aa984d09be35ff961634ddb7ee67e43de335b046995f0d");
    assert_int_equal(crypto_p256_mul(pv, sv, NULL), 0);
    memcpy(message, text, n);
    message[n++] = sizeof ACCOUNT - 1;
    memcpy(message + n, ACCOUNT, sizeof ACCOUNT - 1);
    n += sizeof ACCOUNT - 1;
    message[n++] = sizeof DEVICE - 1;
    memcpy(message + n, DEVICE, sizeof DEVICE - 1);
    n += sizeof DEVICE - 1;
    memcpy(message + n, pv, 65);
    crypto_hmac_sha256(mac, secret, 16, message, n + 65);
    assert_hex(mac, 32, "8d83e4333a33f8c882f9c05fd1ea9c2b28f3f1caac9f534bf57deea163f0b948");
    unhex(owner, 32, "2f8da7155cb16dd073e5b4c8cff888055747b2a203f72a1fbf4094b12769e423");
    unhex(hash, 32, "833b621eca7f52abc924b1588ad8768e855a5395295090f327b4759712d5f0f3");
    assert_int_equal(crypto_p256_sign(sig, owner, hash), 0);
    assert_hex(sig, 64,
               "33e533c5560ade34d26a859882465d63d788af8116666686caa563036ae2c4b1"
               "9a79e1e639e8135f0bc43aff67b1b96c89e63ef9b4c259821cd4419c532a10f9");
    assert_int_equal(crypto_p256_mul(public_key, owner, NULL), 0);
    assert_int_equal(crypto_p256_verify(sig, public_key, hash), 0);
    hash[0] ^= 1;
    assert_int_equal(crypto_p256_verify(sig, public_key, hash), -SK_ECRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9383_first_set),
        cmocka_unit_test(label_code),
        cmocka_unit_test(password_classes),
        cmocka_unit_test(pake_run),
        cmocka_unit_test(kk_run),
        cmocka_unit_test(kk_public_vector),
        cmocka_unit_test(media_units),
        cmocka_unit_test(key_record),
        cmocka_unit_test(sharing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
