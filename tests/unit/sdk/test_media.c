/* sealed.md 7.3, rows 40 to 59, 73 to 86 as far as they apply: commands, units, keys, revocation,
 * boots. */
#include "tests/unit/sdk/world.h"

#include <stdio.h>

#include "crypto/hash.h"
#include "sdk/camera_internal.h"
#include "sdk/media_seal.h"
#include "sdk/viewer_internal.h"
#include "wire/sframe.h"

static struct party *watch(struct world *w, unsigned i)
{
    struct party *p = world_login(w, i);

    assert_int_equal(p->ready, 1);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    world_pump(w);
    assert_int_equal(p->has_stream, 1);
    return p;
}

static struct party *own(struct world *w, unsigned i)
{
    struct party *p = world_login(w, i);
    uint8_t secret[32], point[65];
    json_t *arg = json_object();

    crypto_p256_keygen(secret, point);
    sk_json_set_bin(arg, "key", point, 65);
    assert_int_equal(request(w, p, "owner.add", arg), 0);
    assert_int_equal(p->reply_ok, 1);
    return p;
}

/* ---- rows 40-42: commands ---- */

/* A request in the viewer's channel with its text as given (%u = the next id). */
static void raw_request(struct world *w, struct party *p, const char *before, const char *after)
{
    char text[512];
    int n = snprintf(text, sizeof text, "%s%u%s", before, (unsigned)++p->v->request_id, after);

    p->v->open[0].id = p->v->request_id;
    p->v->open[0].kind = R_PLAIN;
    assert_int_equal(sdk_channel_send(p->v->channel, WIRE_RECORD_REQ, text, (size_t)n, w->now), 0);
    world_pump(w);
}

static void row_40_once(void **state)
{
    struct world *w = world_new();
    struct party *p = own(w, 0);
    char after[300], key[SK_B64_SIZE(65)];
    uint8_t secret[32], point[65];
    struct sdk_camera_stats stats;

    (void)state;
    crypto_p256_keygen(secret, point);
    sk_b64url_encode(key, point, 65);
    snprintf(after, sizeof after,
             ",\"do\":\"owner.add\",\"arg\":{\"key\":\"%s\"},\"once\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
             key);
    for (unsigned i = 0; i < 2; i++) { /* done anew, the second would be a conflict */
        raw_request(w, p, "{\"id\":", after);
        assert_int_equal(p->reply_ok, 1);
    }
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.owners, 2);
    after[strlen(after) - 3] = 'Q'; /* another `once` */
    raw_request(w, p, "{\"id\":", after);
    assert_string_equal(p->reply_error, "conflict");
    w->now += 10 * 60 * 1000; /* forgotten after 10 min */
    after[strlen(after) - 3] = 'A';
    raw_request(w, p, "{\"id\":", after);
    assert_string_equal(p->reply_error, "conflict");
    world_free(w);
}

static void row_41_reply_to_no_request(void **state)
{
    static const char *const texts[] = {"{\"id\":77,\"ok\":true,\"val\":{}}",
                                        "{\"id\":2,\"ok\":true}", "{\"id\":2,\"id\":2}", "nothing"};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct world *w = world_new();
        struct party *p = world_login(w, 0);
        struct sdk_camera_stats stats;

        assert_int_equal(sdk_channel_send(w->c->sessions[0]->channel, WIRE_RECORD_REP, texts[i],
                                          strlen(texts[i]), w->now),
                         0);
        world_pump(w);
        assert_int_equal(p->closed, 1);
        assert_int_equal(p->code, WIRE_CODE_MALFORMED);
        sdk_camera_stats(w->c, &stats);
        assert_int_equal(stats.channels, 0);
        world_free(w);
    }
}

static void requests_of_wrong_form_close(void **state)
{
    static const struct {
        const char *before, *after;
    } rows[] = {{"{\"id\":1", ",\"do\":\"info\"}"},        /* 12: not the next */
                {"{\"id\":", ",\"do\":\"info\",\"x\":1}"}, /* unknown member */
                {"{\"id\":", ",\"do\":\"info\",\"do\":\"info\"}"},
                {"{\"id\":", ",\"do\":\"info\",\"arg\":[]}"},
                {"{\"id\":-", ",\"do\":\"info\"}"},
                {"[", "]"}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *w = world_new();
        struct party *p = world_login(w, 0);

        raw_request(w, p, rows[i].before, rows[i].after);
        assert_int_equal(p->closed, 1);
        assert_int_equal(p->code, WIRE_CODE_MALFORMED);
        assert_true(p->is_clean);
        world_free(w);
    }
}

static void commands_and_rights(void **state)
{
    static const struct {
        const char *what, *error;
    } rows[] = {
        {"no.such", "unknown"},    {"play.start", "bad-arg"},  {"ptz.move", "bad-arg"},
        {"talk.start", "bad-arg"}, {"access.get", "denied"},   {"access.set", "denied"},
        {"owner.drop", "denied"},  {"password.set", "denied"}, {"enrol.drop", "denied"},
        {"live.start", "bad-arg"}, {"live.stop", "not-found"}, {"live.keys", "not-found"},
        {"hello", "conflict"},
    };
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    json_t *arg;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(request(w, p, rows[i].what, NULL), 0);
        assert_int_equal(p->reply_ok, 0);
        assert_string_equal(p->reply_error, rows[i].error);
    }
    arg = json_object();
    sk_json_set_int(arg, "extra", 1);
    assert_int_equal(request(w, p, "info", arg), 0);
    assert_string_equal(p->reply_error, "bad-arg");
    arg = json_object();
    sk_json_set_int(arg, "v", 1);
    sk_json_set_int(arg, "wall", 1);
    assert_int_equal(request(w, p, "hello", arg), 0);
    assert_string_equal(p->reply_error, "conflict");
    assert_int_equal(request(w, p, "reboot", NULL), 0);
    assert_int_equal(w->reboots, 1);
    assert_int_equal(p->closed, 0);
    world_free(w);
}

static void owners(void **state)
{
    struct world *w = world_new();
    struct party *p = own(w, 0), *q = world_login(w, 1);
    uint8_t secret[32], point[65], id[16];
    struct sdk_camera_stats stats;
    json_t *arg;

    (void)state;
    crypto_p256_keygen(secret, point);
    crypto_key_id(id, CRYPTO_KEY_OWNER, point);
    arg = json_object();
    sk_json_set_bin(arg, "key", point, 65);
    json_incref(arg);
    assert_int_equal(request(w, q, "owner.add", arg), 0); /* there is one: not by password alone */
    assert_string_equal(q->reply_error, "denied");
    sdk_camera_button(w->c, w->now);
    assert_int_equal(request(w, q, "owner.add", arg), 0); /* the button allows it */
    assert_int_equal(q->reply_ok, 1);
    assert_true(p->events > 0); /* the other owner hears of it */
    assert_int_equal(request(w, p, "access.get", NULL), 0);
    assert_int_equal(p->reply_ok, 1);
    arg = json_object();
    sk_json_set_bin(arg, "id", id, 16);
    json_incref(arg);
    assert_int_equal(request(w, p, "owner.drop", arg), 0);
    assert_int_equal(p->reply_ok, 1);
    assert_int_equal(request(w, p, "owner.drop", arg), 0);
    assert_string_equal(p->reply_error, "not-found");
    w->save_fails = 1; /* nothing happens that could not be kept */
    arg = json_object();
    sk_json_set_bin(arg, "key", point, 65);
    assert_int_equal(request(w, p, "owner.add", arg), 0);
    assert_string_equal(p->reply_error, "storage");
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.owners, 1);
    w->save_fails = 0;
    assert_int_equal(sdk_camera_factory_reset(w->c, w->now), 0);
    world_pump(w);
    assert_int_equal(p->closed, 1);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.owners + stats.enrolled + stats.channels, 0);
    assert_int_equal(world_login(w, 0)->ready, 1); /* the label code holds, generation 2 */
    world_free(w);
}

static void row_81_owner_proof(void **state)
{
    struct world *w = world_new();
    struct call call = {.camera = w->c, .now_ms = w->now};
    struct party *p = world_login(w, 0);
    uint8_t secret[32], point[65], proof[80], message[34] = "skep-seal/1 owner", hash[32];
    json_t *arg = json_object();

    (void)state;
    crypto_p256_keygen(secret, point);
    sk_json_set_bin(arg, "key", point, 65);
    assert_int_equal(request(w, p, "owner.add", arg), 0);
    world_login(w, 1);
    call.session = w->c->sessions[0];
    crypto_key_id(proof, CRYPTO_KEY_OWNER, point);
    memcpy(message + 18, sdk_channel_id(w->c->sessions[0]->channel), 16);
    crypto_sha256(hash, message, sizeof message);
    assert_int_equal(crypto_p256_sign(proof + 16, secret, hash), 0);
    assert_true(access_proof_is_good(&call, proof));
    call.session = w->c->sessions[1]; /* the proof of another channel */
    assert_false(access_proof_is_good(&call, proof));
    call.session = w->c->sessions[0];
    proof[0] ^= 1; /* no such owner */
    assert_false(access_proof_is_good(&call, proof));
    proof[0] ^= 1;
    proof[79] ^= 1;
    assert_false(access_proof_is_good(&call, proof));
    world_free(w);
}

static void row_42_ninth_open_request(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);

    (void)state;
    w->no_auto_ready = 1;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), 0);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", w->now), -SK_EBUSY);
    world_pump(w);
    world_ready(w, SDK_STREAM_MAIN);
    world_pump(w);
    assert_int_equal(p->has_stream, 8);
    world_free(w);
}

/* ---- rows 43-53: units ---- */
static void row_43_to_47_header_bits(void **state)
{
    static const struct {
        unsigned at;
        uint8_t flip;
        int code;
    } rows[] = {
        {3, WIRE_RELAY_KEY, WIRE_CODE_CRYPTO}, /* KEY claimed */
        {3, WIRE_RELAY_NOCACHE, WIRE_CODE_CRYPTO},
        {15, 1, WIRE_CODE_CRYPTO}, /* PTS */
        {21, 1, 0},                /* KID: not known, never an error by itself */
        {27, 1, WIRE_CODE_CRYPTO}, /* ciphertext */
        {7, 1, 0},                 /* stream: not ours, dropped */
        {19, 1, 0},                /* length: no frame at all */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *w = world_new();
        struct party *p = watch(w, 0);
        unsigned before;

        world_unit(w, SDK_STREAM_MAIN, 0, "key");
        world_unit(w, SDK_STREAM_MAIN, 0, "delta");
        world_deliver(w, p, 0, 2);
        before = p->units;
        w->frames[2].data[rows[i].at] ^= rows[i].flip;
        world_deliver(w, p, 2, 3);
        assert_int_equal(p->units, before);
        assert_int_equal(p->closed_streams, rows[i].code != 0);
        if (rows[i].code != 0)
            assert_int_equal(p->stream_code, rows[i].code);
        assert_int_equal(p->closed, 0);
        world_free(w);
    }
}

static void row_48_49_replays(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world *w = world_new();
        struct party *p = watch(w, 0);

        for (unsigned n = 0; n < 6; n++)
            world_unit(w, SDK_STREAM_MAIN, n == 3, "unit"); /* INIT K d d K d d */
        world_deliver(w, p, 0, w->frame_count);
        assert_int_equal(p->units, 7);
        if (i == 0)
            world_deliver(w, p, w->frame_count - 1, w->frame_count); /* the last once more */
        else
            world_deliver(w, p, 1, 4); /* the old group after the new */
        assert_int_equal(p->units, 7);
        assert_int_equal(p->closed_streams, 1);
        assert_int_equal(p->stream_code, WIRE_CODE_REPLAY);
        world_free(w);
    }
}

static void row_48_old_group_in_a_new_subscription(void **state)
{
    struct world *w = world_new();
    struct party *p = watch(w, 0);

    (void)state;
    for (unsigned n = 0; n < 250; n++) /* 10 s of PTS */
        world_unit(w, SDK_STREAM_MAIN, n % 25 == 0, "unit");
    world_deliver(w, p, 0, w->frame_count);
    sdk_viewer_resubscribe(p->v, w->now);
    assert_int_equal(p->subscribed, 2);
    world_deliver(w, p, 0, 1);     /* INIT may be old */
    world_deliver(w, p, 226, 228); /* the cached group: within 4 s */
    assert_int_equal(p->closed_streams, 0);
    assert_int_equal(p->units, 251 + 3);
    sdk_viewer_resubscribe(p->v, w->now);
    world_deliver(w, p, 0, 1);
    world_deliver(w, p, 26, 27); /* 9 s back */
    assert_int_equal(p->closed_streams, 1);
    world_free(w);
}

static void gap_waits_for_key(void **state)
{
    struct world *w = world_new();
    struct party *p = watch(w, 0);
    struct sdk_viewer_stats stats;

    (void)state;
    for (unsigned n = 0; n < 6; n++)
        world_unit(w, SDK_STREAM_MAIN, n == 4, "unit"); /* INIT K d d d K d */
    world_deliver(w, p, 0, 3);
    world_deliver(w, p, 4, 7);     /* one was withheld */
    assert_int_equal(p->units, 5); /* INIT K d . . K d */
    assert_int_equal(p->closed_streams, 0);
    sdk_viewer_stats(p->v, &stats);
    assert_int_equal(stats.withheld, 1);
    world_free(w);
}

static void row_51_long_forms(void **state)
{
    uint64_t kid, ctr;
    size_t n;

    (void)state;
    assert_int_equal(wire_sframe_decode(&kid, &ctr, &n, (const uint8_t *)"\x08\x07", 2),
                     -SK_EINVAL);
    assert_int_equal(wire_sframe_decode(&kid, &ctr, &n, (const uint8_t *)"\x80\x07", 2),
                     -SK_EINVAL);
    assert_int_equal(wire_sframe_decode(&kid, &ctr, &n, (const uint8_t *)"\x09\x00\xff", 3),
                     -SK_EINVAL);
}

static void row_52_53_suite_and_hard_stops(void **state)
{
    struct wire_key_entry e = {
        .kid = wire_kid(5, 1, 1), .stream = 7, .kind = 1, .slot = 1, .suite = 5, .lifetime_s = 10};
    struct wire_relay_head h = {.kind = 1, .flags = WIRE_RELAY_KEY, .stream = 7};
    struct sdk_media_rx rx = {0};
    struct sdk_media_key k;
    uint8_t base[32] = {1};
    struct sk_buf out;

    (void)state;
    assert_int_equal(sdk_media_rx_put(&rx, &e, 0), -SK_EUNSUPPORTED);
    sk_buf_init(&out, 1000);
    sdk_media_key_init(&k, e.kid, base, 0);
    k.ctr = SDK_MEDIA_UNITS_MAX - 1;
    assert_int_equal(sdk_media_seal(&k, &h, base, 32, &out, 0), 0);
    assert_int_equal(sdk_media_seal(&k, &h, base, 32, &out, 0), -SK_ELIMIT);
    k.ctr = 5;
    k.bytes = SDK_MEDIA_BYTES_MAX - 31;
    assert_int_equal(sdk_media_seal(&k, &h, base, 32, &out, 0), -SK_ELIMIT);
    k.bytes = 0;
    assert_int_equal(sdk_media_seal(&k, &h, base, 32, &out, SDK_MEDIA_LIFE_MS), -SK_ELIMIT);
    assert_int_equal(k.ctr, 5); /* a refused unit spends no counter */
    assert_int_equal(sdk_media_seal(&k, &h, base, WIRE_RELAY_PLAIN_MAX + 1u, &out, 0), -SK_ETOOBIG);
    sdk_media_key_fini(&k);
    sdk_media_rx_fini(&rx);
    sk_buf_fini(&out);
}

/* ---- rows 54-56: boots ---- */
static uint8_t (*seen)[48];
static unsigned seen_count;

static int pair_compare(const void *a, const void *b)
{
    return memcmp(a, b, 48);
}

static void row_54_to_56_boots(void **state)
{
    uint8_t seed[32] = {3}, fresh[32] = {4};
    uint64_t kids[1000];

    (void)state;
    /* one fault at a time: 0 none, 1 the counter is lost, 2 the DRBG is stuck (KID start as well)
     */
    for (int fault = 0; fault < 3; fault++) {
        seen = calloc(1000, 48);
        seen_count = 0;
        for (unsigned boot = 0; boot < 1000; boot++) {
            uint32_t start = fault == 2 ? 0x50000000 : (1u << 30) + sk_random_below(1u << 30);
            uint64_t kid = wire_kid(start, 1, 1);
            struct sdk_media_key k;
            uint8_t base[32];

            if (fault != 2)
                sk_random(fresh, sizeof fresh);
            sdk_media_base_key(base, seed, fresh, fault == 1 ? 7 : boot + 1, kid);
            sdk_media_key_init(&k, kid, base, 0);
            memcpy(seen[seen_count], k.base_key, 32);
            memcpy(seen[seen_count++] + 32, k.salt, 12);
            kids[boot] = kid;
            sdk_media_key_fini(&k);
        }
        qsort(seen, seen_count, 48, pair_compare);
        for (unsigned i = 1; i < seen_count; i++)
            assert_memory_not_equal(seen[i - 1], seen[i], 48);
        free(seen);
    }
    assert_true(kids[0] ==
                kids[1]); /* the stuck DRBG did repeat the KID: the boot counter saved it */
}

static void boot_counter_is_saved_before_use(void **state)
{
    struct world *w = world_new();
    struct sdk_camera_options o = {
        .device = DEVICE, .state = w->state.data, .state_len = w->state.len};
    struct sdk_camera *c = NULL;
    uint64_t boot = sk_get_u64(w->state.data + 20);

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        sdk_camera_free(&w->c);
        world_boot(w);
        assert_int_equal(sk_get_u64(w->state.data + 20), boot + i + 1);
    }
    w->save_fails = 1; /* cannot be written: the camera does not come up */
    o.state = w->state.data;
    o.state_len = w->state.len;
    assert_int_equal(sdk_camera_new(&c, &o, &w_camera_ops, w, 0), -SK_ESTORAGE);
    assert_null(c);
    w->save_fails = 0;
    w->state.data[50] ^= 1; /* damaged */
    assert_int_equal(sdk_camera_new(&c, &o, &w_camera_ops, w, 0), -SK_EINVAL);
    w->state.data[50] ^= 1;
    o.device = "baaqeayeaudaocajbifqydiob4"; /* another camera's */
    assert_int_equal(sdk_camera_new(&c, &o, &w_camera_ops, w, 0), -SK_ECONFLICT);
    world_free(w);
}

/* ---- rows 57-59: KIDs ---- */
static void row_57_58_new_kid_within_a_group(void **state)
{
    struct wire_key_entry
        a = {.kid = wire_kid(5, 1, 1), .stream = 7, .kind = 1, .slot = 1, .lifetime_s = 100},
        b = {.kid = wire_kid(6, 1, 1), .stream = 7, .kind = 1, .slot = 1, .lifetime_s = 100};
    struct wire_relay_head h = {.kind = 1, .stream = 7, .pts = 100};
    struct sdk_media_rx rx = {0};
    struct sdk_media_key ka, kb;
    struct sk_buf out;
    uint8_t *data;
    size_t n;

    (void)state;
    sk_buf_init(&out, 1000);
    b.base_key[0] = 1;
    sdk_media_key_init(&ka, a.kid, a.base_key, 0);
    sdk_media_key_init(&kb, b.kid, b.base_key, 0);
    assert_int_equal(sdk_media_rx_put(&rx, &a, 0), 0);
    assert_int_equal(sdk_media_rx_put(&rx, &b, 0), 0);
#define UNIT(key, f, want)                                                                         \
    h.flags = (f);                                                                                 \
    h.pts += 10;                                                                                   \
    assert_int_equal(sdk_media_seal(&(key), &h, (const uint8_t *)"x", 1, &out, 0), 0);             \
    assert_int_equal(sdk_media_rx_open(&rx, &h, out.data, out.len, &data, &n, 0), want)
    UNIT(ka, 0, -SK_EGONE); /* before any INIT */
    UNIT(ka, WIRE_RELAY_KEY, -SK_EGONE);
    UNIT(ka, WIRE_RELAY_INIT, 0);
    UNIT(ka, 0, -SK_EGONE); /* INIT, but no KEY yet */
    UNIT(ka, WIRE_RELAY_KEY, 0);
    UNIT(ka, 0, 0);
    UNIT(kb, 0, -SK_EGONE); /* inside a group: wait for KEY */
    UNIT(kb, WIRE_RELAY_KEY, 0);
    UNIT(kb, 0, 0);
    UNIT(ka, WIRE_RELAY_KEY, -SK_EGONE); /* replaced: its key is wiped, dropped and counted */
    assert_int_equal(rx.stale, 1);
    sdk_media_rx_fini(&rx);
    sdk_media_key_fini(&ka);
    sdk_media_key_fini(&kb);
    sk_buf_fini(&out);
}

static void row_59_unknown_kid(void **state)
{
    struct world *w = world_new();
    struct party *p = watch(w, 0);
    struct sdk_viewer_stats stats;
    struct letter held[8];
    unsigned n = 0, units;

    (void)state;
    world_unit(w, SDK_STREAM_MAIN, 0, "key");
    world_deliver(w, p, 0, 2);
    sdk_camera_on_revoke(w->c, "acct-0009", w->now);
    /* the switch's KEY record is late */
    w->now += 500;
    (void)sdk_camera_tick(w->c, w->now);
    while (w->head != w->tail)
        held[n++] = w->queue[w->head++ % QUEUE];
    assert_int_equal(n, 1);
    w->now += 200;
    (void)sdk_camera_tick(w->c, w->now);
    assert_int_equal(w->keyframes[0], 1);
    world_unit(w, SDK_STREAM_MAIN, 0, "new key");
    world_unit(w, SDK_STREAM_MAIN, 0, "delta");
    units = p->units;
    world_deliver(w, p, 2, 5);
    assert_int_equal(p->units, units); /* held, not shown, nothing closed */
    assert_int_equal(p->closed_streams, 0);
    sdk_viewer_stats(p->v, &stats);
    assert_int_equal(stats.unknown_kid, 3);
    assert_int_equal(w->tail - w->head, 1); /* asked for keys once */
    w->head = w->tail;
    sdk_viewer_on_envelope(p->v, held[0].data, held[0].len, w->now);
    assert_int_equal(p->units, units + 3); /* the key came: what was held is shown */
    world_free(w);
}

/* ---- rows 73-75, 86: revocation ---- */
static uint32_t generation_of(const struct frame *f)
{
    uint64_t kid, ctr;
    size_t n;

    assert_int_equal(wire_sframe_decode(&kid, &ctr, &n, f->data + 20, f->len - 20), 0);
    return wire_kid_generation(kid);
}

static void row_73_removed_viewer_opens_nothing(void **state)
{
    struct world *w = world_new();
    struct party *stays = watch(w, 0), *goes = watch(w, 3); /* acct-0001, acct-0002 */
    unsigned first;
    int64_t began;

    (void)state;
    world_unit(w, SDK_STREAM_MAIN, 0, "key");
    world_deliver(w, stays, 0, w->frame_count);
    world_deliver(w, goes, 0, w->frame_count);
    assert_int_equal(goes->units, 2);
    began = w->now;
    sdk_camera_on_revoke(w->c, "acct-0002", w->now);
    world_pump(w);
    assert_int_equal(goes->closed, 1);
    assert_int_equal(goes->code, WIRE_CODE_REVOKED);
    assert_true(goes->is_clean);
    /* the server goes on forwarding to both; 40 ms a unit, keyframes when the camera asks */
    first = w->frame_count;
    while (w->now - began < 1000) {
        unsigned before = w->frame_count;

        world_run(w, 40);
        world_unit(w, SDK_STREAM_MAIN, 0, "unit");
        world_deliver(w, stays, before, w->frame_count);
    }
    first = w->frame_count;
    world_unit(w, SDK_STREAM_MAIN, 0, "unit");
    world_deliver(w, stays, first, w->frame_count);
    assert_int_equal(stays->units, w->frame_count);
    assert_int_equal(stays->inits, 2); /* one switch */
    assert_int_equal(stays->closed_streams, 0);
    assert_true(generation_of(&w->frames[first]) > generation_of(&w->frames[0]));
    world_free(w);
}

static void silence_rather_than_the_old_key(void **state)
{
    struct world *w = world_new();
    struct party *p = watch(w, 0);
    unsigned n;

    (void)state;
    world_unit(w, SDK_STREAM_MAIN, 0, "key");
    sdk_camera_on_revoke(w->c, "acct-0002", w->now);
    world_run(w, 1001);
    assert_int_equal(w->keyframes[0], 1);
    w->wants_key[0] = 0; /* an encoder that does not obey */
    n = w->frame_count;
    world_unit(w, SDK_STREAM_MAIN, 0, "delta");
    assert_int_equal(w->frame_count, n);
    world_unit(w, SDK_STREAM_MAIN, 1, "key");
    assert_int_equal(w->frame_count, n + 2);
    world_deliver(w, p, 0, n + 2);
    assert_int_equal(p->units, n + 2);
    world_free(w);
}

static void row_86_notice_storm(void **state)
{
    struct world *w = world_new();
    struct party *p = watch(w, 0);
    struct sdk_camera_stats stats;
    int64_t began = w->now, first = 0;

    (void)state;
    while (w->now - began < 60000) {
        unsigned before = w->frame_count;

        sdk_camera_on_revoke(w->c, "acct-0009", w->now);
        for (unsigned i = 0; i < 10; i++) {
            world_run(w, 40);
            world_unit(w, SDK_STREAM_MAIN, 0, "unit");
        }
        world_deliver(w, p, before, w->frame_count);
        sdk_camera_stats(w->c, &stats);
        if (stats.switches > 0 && first == 0)
            first = w->now - began;
    }
    assert_true(first > 0 && first <= 1000);
    assert_true(stats.switches <= 6);
    assert_true(w->keyframes[0] <= 6); /* no keyframe flood */
    assert_int_equal(p->units, w->frame_count);
    /* an owner's removal is not limited by what NOTICE used up */
    {
        unsigned before = (unsigned)stats.switches;

        sdk_camera_stream_failed(w->c, SDK_STREAM_SUB, w->now); /* not running: nothing */
        p = own(w, 1);
        {
            uint8_t secret[32], point[65], id[16];
            json_t *arg = json_object();

            crypto_p256_keygen(secret, point);
            crypto_key_id(id, CRYPTO_KEY_VIEWER, point);
            sk_json_set_bin(arg, "key", point, 65);
            assert_int_equal(request(w, p, "enrol", arg), 0);
            assert_int_equal(p->reply_ok, 1);
            arg = json_object();
            sk_json_set_bin(arg, "id", id, 16);
            assert_int_equal(request(w, p, "enrol.drop", arg), 0);
            assert_int_equal(p->reply_ok, 1);
        }
        world_run(w, 500);
        sdk_camera_stats(w->c, &stats);
        assert_int_equal(stats.switches, before + 1);
    }
    world_free(w);
}

static void row_85_key_announced_before_a_removal(void **state)
{
    struct world *w = world_new();
    struct party *p = watch(w, 0);
    unsigned frames;

    (void)state;
    world_unit(w, SDK_STREAM_MAIN, 0, "key");
    world_deliver(w, p, 0, 2);
    while (w->keyframes[0] == 0) /* the timer's key is announced, and its keyframe asked for */
        world_run(w, 1000);
    assert_true(w->now > 1000000 + 9 * 60 * 1000 && w->now < 1000000 + 12 * 60 * 1000);
    sdk_camera_on_revoke(w->c, "acct-0009", w->now);
    world_run(w, 700);
    frames = w->frame_count;
    world_unit(w, SDK_STREAM_MAIN, 1, "key");
    world_deliver(w, p, frames, w->frame_count);
    assert_int_equal(generation_of(&w->frames[frames]), generation_of(&w->frames[0]) + 2);
    assert_int_equal(p->units, 4);
    world_free(w);
}

static void password_set_rotates_and_closes(void **state)
{
    struct world *w = world_new();
    struct party *p = own(w, 0), *q = watch(w, 1);
    struct sdk_verifier v;
    struct sdk_camera_stats stats;
    uint8_t params[28];
    char code[WIRE_LABEL_CODE_SIZE];
    uint8_t random[14] = {9};
    json_t *arg;

    (void)state;
    sdk_label_make(code, random);
    for (unsigned generation = 1; generation <= 3; generation++) { /* only stored + 1 is taken */
        assert_int_equal(sdk_verifier_make(&v, SDK_CLASS_CODE, generation, code, 24, DEVICE), 0);
        sdk_params_encode(params, &v.params);
        arg = json_object();
        sk_json_set_bin(arg, "params", params, 28);
        sk_json_set_bin(arg, "w0", v.w0, 32);
        sk_json_set_bin(arg, "l", v.l, 65);
        if (generation == 2) {
            json_decref(arg);
            continue;
        }
        assert_int_equal(request(w, p, "password.set", arg), 0);
        assert_string_equal(p->reply_error, "conflict");
    }
    assert_int_equal(sdk_verifier_make(&v, SDK_CLASS_CODE, 2, code, 24, DEVICE), 0);
    sdk_params_encode(params, &v.params);
    arg = json_object();
    sk_json_set_bin(arg, "params", params, 28);
    sk_json_set_bin(arg, "w0", v.w0, 32);
    sk_json_set_bin(arg, "l", v.l, 65);
    assert_int_equal(request(w, p, "password.set", arg), 0);
    assert_int_equal(p->reply_ok, 1);
    assert_int_equal(p->code, WIRE_CODE_PASSWORD);
    assert_int_equal(q->code, WIRE_CODE_PASSWORD);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 0);
    assert_int_equal(w->stopped[0], 1);
    p = world_login(w, 0); /* the old code */
    assert_int_equal(p->code, WIRE_CODE_CONFIRM);
    p = world_viewer(w, 0);
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, code, 24, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_40_once),
        cmocka_unit_test(row_41_reply_to_no_request),
        cmocka_unit_test(requests_of_wrong_form_close),
        cmocka_unit_test(commands_and_rights),
        cmocka_unit_test(owners),
        cmocka_unit_test(row_81_owner_proof),
        cmocka_unit_test(row_42_ninth_open_request),
        cmocka_unit_test(row_43_to_47_header_bits),
        cmocka_unit_test(row_48_49_replays),
        cmocka_unit_test(row_48_old_group_in_a_new_subscription),
        cmocka_unit_test(gap_waits_for_key),
        cmocka_unit_test(row_51_long_forms),
        cmocka_unit_test(row_52_53_suite_and_hard_stops),
        cmocka_unit_test(row_54_to_56_boots),
        cmocka_unit_test(boot_counter_is_saved_before_use),
        cmocka_unit_test(row_57_58_new_kid_within_a_group),
        cmocka_unit_test(row_59_unknown_kid),
        cmocka_unit_test(row_73_removed_viewer_opens_nothing),
        cmocka_unit_test(silence_rather_than_the_old_key),
        cmocka_unit_test(row_86_notice_storm),
        cmocka_unit_test(row_85_key_announced_before_a_removal),
        cmocka_unit_test(password_set_rotates_and_closes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
