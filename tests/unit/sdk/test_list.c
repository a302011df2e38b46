/* The signed list on the camera (sealed.md 5.3, 6.5; rows 60-63, 70-72, 82-84 of 7.3). */
#include "crypto/hash.h"
#include "sdk/share.h"
#include "tests/unit/sdk/world.h"

#define WALL INT64_C(1795334400000)
#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum { WATCH = WIRE_RIGHT_LIVE_MAIN | WIRE_RIGHT_LISTEN };

/* A camera with its owner's channel, and what an owner needs to sign. */
struct home {
    struct world *w;
    struct party *owner;
    uint8_t secret[32], key[32]; /* owner key; the guest's viewer key */
    struct wire_list head;
    struct wire_list_entry e[3];
    uint8_t list[WIRE_LIST_MAX];
    size_t len;
};

static int64_t wall(const struct home *h)
{
    return WALL + h->w->now;
}

static void owner_login(struct home *h, unsigned i)
{
    h->owner = world_viewer(h->w, i);
    assert_int_equal(sdk_viewer_owner_key(h->owner->v, h->secret, wall(h), h->w->now), 0);
    assert_int_equal(sdk_viewer_open_password(h->owner->v, SDK_CLASS_CODE, CODE, 24, h->w->now), 0);
    world_pump(h->w);
    assert_int_equal(h->owner->hello.rights & WIRE_RIGHT_MANAGE, WIRE_RIGHT_MANAGE);
}

static struct home home_new(void)
{
    struct home h = {.w = world_new()};
    struct party *p = world_login(h.w, 0);
    uint8_t point[65];
    uint32_t id;

    crypto_p256_keygen(h.secret, point);
    assert_int_equal(sdk_viewer_owner_add(p->v, point, &id, h.w->now), 0);
    world_pump(h.w);
    owner_login(&h, 0);
    memcpy(h.head.device, h.w->c->device_raw, 16);
    h.head.version = 1;
    h.head.issued_ms = wall(&h);
    h.head.count = 1;
    crypto_p256_keygen(h.key, h.e[0].point);
    h.e[0].rights = WATCH;
    h.e[0].not_before_ms = h.head.issued_ms;
    h.e[0].not_after_ms = h.head.issued_ms + 30 * DAY_MS;
    sdk_account_tag(h.e[0].tag, "acct-0002");
    return h;
}

static void sign(struct home *h)
{
    assert_int_equal(sdk_list_sign(h->list, &h->len, &h->head, h->e, h->secret), 0);
}

static int set(struct home *h)
{
    uint32_t id;

    sign(h);
    assert_int_equal(sdk_viewer_access_set(h->owner->v, h->list, h->len, &id, h->w->now), 0);
    world_pump(h->w);
    return h->owner->reply_ok;
}

/* The list comes by the server. `session` 0 = as it should be. */
static void envelope(struct home *h, const uint8_t *list, size_t len)
{
    uint8_t body[WIRE_SEAL_HEAD_BYTES + WIRE_LIST_MAX] = {WIRE_SEAL_LIST, 1, 0, 0};
    uint8_t out[WIRE_ENVELOPE_MAX];
    struct wire_envelope e = {.type = WIRE_ENVELOPE_BODY,
                              .ttl = 100,
                              .account = "acct-0001",
                              .account_len = 9,
                              .body = body,
                              .body_len = WIRE_SEAL_HEAD_BYTES + len};
    size_t n;

    sk_random(e.session, 16);
    memcpy(e.device, h->w->c->device_raw, 16);
    memcpy(body + 4, e.session, 16);
    memcpy(body + WIRE_SEAL_HEAD_BYTES, list, len);
    assert_int_equal(wire_envelope_encode(out, sizeof out, &n, &e), 0);
    sdk_camera_on_envelope(h->w->c, out, n, h->w->now);
    world_pump(h->w);
}

static struct party *guest_try(struct home *h, unsigned i, const char *account)
{
    struct party *p;
    uint8_t pin[65];

    sdk_camera_seal_key(h->w->c, pin);
    assert_int_equal(sk_copy(h->w->p[i].account, 32, account), 0);
    p = world_viewer_with(h->w, i, pin, NULL);
    assert_int_equal(sdk_viewer_open_key(p->v, h->key, h->w->now), 0);
    world_pump(h->w);
    return p;
}

static struct party *guest(struct home *h)
{
    struct party *p = guest_try(h, 3, "acct-0002");

    assert_int_equal(p->ready, 1);
    return p;
}

static uint64_t refused(const struct home *h)
{
    struct sdk_camera_stats s;

    sdk_camera_stats(h->w->c, &s);
    return s.lists_refused;
}

static void guest_watches_by_his_key(void **state)
{
    struct home h = home_new();
    struct party *p = guest_try(&h, 3, "acct-0002");
    uint8_t hash[32];

    (void)state;
    assert_int_equal(p->code, WIRE_CODE_KEY_UNKNOWN);
    assert_int_equal(set(&h), 1);
    assert_string_equal(h.owner->event, "list-set");
    p = guest(&h);
    assert_int_equal(p->hello.rights, WATCH);
    assert_int_equal(p->hello.list_version, 1);
    assert_true(p->hello.until_ms == h.e[0].not_after_ms);
    sdk_list_hash(hash, h.list, &h.head);
    assert_memory_equal(p->hello.list_hash, hash, 32);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", h.w->now), 0);
    world_pump(h.w);
    assert_int_equal(p->has_stream, 1);
    assert_int_equal(request(h.w, p, "ptz.stop", json_object()), 0);
    assert_string_equal(p->reply_error, "denied");
    assert_int_equal(request(h.w, p, "access.get", json_object()), 0);
    assert_string_equal(p->reply_error, "denied");
    assert_int_equal(request(h.w, p, "enrol", json_object()), 0);
    assert_string_equal(p->reply_error, "denied"); /* only who knows the password */
    assert_int_equal(request(h.w, h.owner, "access.get", json_object()), 0);
    assert_non_null(strstr(h.owner->reply, "\"count\":1"));
    p = guest_try(&h, 2, "acct-0001"); /* row 71: his key in another account's envelope */
    assert_int_equal(p->code, WIRE_CODE_KEY_UNKNOWN);
    world_free(h.w);
}

/* Removed while he watches: cut at once, and all keys of the others are new within a second. */
static void withdrawn_while_viewing(void **state)
{
    struct home h = home_new();
    struct party *p;
    unsigned keyframes;
    uint32_t generation;

    (void)state;
    assert_int_equal(set(&h), 1);
    p = guest(&h);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", h.w->now), 0);
    assert_int_equal(sdk_viewer_live_start(h.owner->v, "main", h.w->now), 0);
    world_pump(h.w);
    keyframes = (unsigned)h.w->keyframes[SDK_STREAM_MAIN];
    generation = h.w->c->generation;
    h.head.version = 2;
    h.head.count = 0;
    assert_int_equal(set(&h), 1);
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->code, WIRE_CODE_REVOKED);
    world_run(h.w, 1000);
    assert_true((unsigned)h.w->keyframes[SDK_STREAM_MAIN] > keyframes);
    assert_true(h.w->c->generation > generation);
    assert_int_equal(h.owner->closed, 0);
    p = guest_try(&h, 3, "acct-0002");
    assert_int_equal(p->code, WIRE_CODE_KEY_UNKNOWN);
    world_free(h.w);
}

/* Row 72. What is left goes on; a renewal cuts nobody and changes no key. */
static void narrowed_and_renewed(void **state)
{
    struct home h = home_new();
    struct party *p;
    uint64_t switches;

    (void)state;
    assert_int_equal(set(&h), 1);
    p = guest(&h);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", h.w->now), 0);
    assert_int_equal(sdk_viewer_audio_start(p->v, h.w->now), 0);
    world_pump(h.w);
    world_run(h.w, 2000);
    switches = h.w->c->stats.switches;
    h.head.version = 2;
    h.e[0].not_after_ms += DAY_MS;
    assert_int_equal(set(&h), 1);
    world_run(h.w, 1000);
    assert_int_equal(p->closed, 0);
    assert_true(h.w->c->stats.switches == switches);
    h.head.version = 3;
    h.e[0].rights = WIRE_RIGHT_LIVE_MAIN;
    assert_int_equal(set(&h), 1);
    assert_string_equal(p->event, "audio.ended");
    assert_int_equal(session_of(h.w, p)->rights, WIRE_RIGHT_LIVE_MAIN);
    assert_int_equal(session_of(h.w, p)->started[SDK_STREAM_MAIN], 1);
    world_run(h.w, 1000);
    assert_true(h.w->c->stats.switches > switches);
    assert_int_equal(p->closed, 0);
    h.head.version = 4; /* the same key to another account: he who had it goes */
    sdk_account_tag(h.e[0].tag, "acct-0003");
    assert_int_equal(set(&h), 1);
    assert_int_equal(p->code, WIRE_CODE_REVOKED);
    world_free(h.w);
}

/* Row 70, and an entry that runs out while it is used. */
static void expiry(void **state)
{
    struct home h = home_new();
    struct party *p;

    (void)state;
    h.e[0].not_after_ms = h.head.issued_ms + 50000;
    assert_int_equal(set(&h), 1);
    p = guest(&h);
    assert_int_equal(sdk_viewer_live_start(p->v, "main", h.w->now), 0);
    world_run(h.w, 49900);
    assert_int_equal(p->closed, 0);
    world_run(h.w, 200);
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->code, WIRE_CODE_EXPIRED);
    assert_int_equal(guest_try(&h, 3, "acct-0002")->code, WIRE_CODE_EXPIRED);
    h.head.version = 2;
    h.e[0].not_before_ms = wall(&h) + 5000;
    h.e[0].not_after_ms = wall(&h) + 60000;
    assert_int_equal(set(&h), 1);
    assert_int_equal(guest_try(&h, 3, "acct-0002")->code, WIRE_CODE_EXPIRED); /* not yet */
    world_run(h.w, 5001);
    guest(&h);
    world_free(h.w);
}

/* Rows 60 to 63, 82: kept as was, counted, told; by both ways. */
static void bad_lists(void **state)
{
    struct home h = home_new();
    uint8_t other[32], point[65], kept[WIRE_LIST_MAX];
    size_t kept_len;

    (void)state;
    h.head.version = 5;
    assert_int_equal(set(&h), 1);
    memcpy(kept, h.list, h.len);
    kept_len = h.len;
    for (int by_server = 0; by_server < 2; by_server++) {
        uint64_t before = refused(&h);
        uint32_t id;

        for (int what = 0; what < 6; what++) {
            struct wire_list head = h.head;
            uint8_t list[WIRE_LIST_MAX];
            const char *error;
            size_t len;

            head.version = 6;
            if (what == 0)
                head.version = 4;
            if (what == 1)
                head.device[3] ^= 1;
            crypto_p256_keygen(other, point);
            assert_int_equal(sdk_list_sign(list, &len, &head, h.e, what == 2 ? other : h.secret),
                             0);
            if (what == 3)
                list[80] ^= 1; /* a point, under the signature */
            if (what == 4)
                list[len - 1] ^= 1;
            if (what == 5)
                list[WIRE_LIST_HEAD_BYTES + 66] |= 1; /* row 82: bit 8 */
            error = what == 0 ? "conflict" : what == 1 || what == 5 ? "bad-arg" : "denied";
            world_run(h.w, 11000); /* events are told apart */
            h.owner->event[0] = '\0';
            if (by_server) {
                envelope(&h, list, len);
            } else {
                assert_int_equal(sdk_viewer_access_set(h.owner->v, list, len, &id, h.w->now), 0);
                world_pump(h.w);
                assert_int_equal(h.owner->reply_ok, 0);
                assert_string_equal(h.owner->reply_error, error);
            }
            assert_string_equal(h.owner->event, "list-refused");
            assert_true(refused(&h) == before + (unsigned)what + 1);
        }
        assert_int_equal(h.w->c->state.list->len, kept_len);
        assert_memory_equal(h.w->c->state.list->blob, kept, kept_len);
    }
    guest(&h);
    world_free(h.w);
}

/* A point off the curve that an owner did sign; a list of the same version with another content. */
static void signed_but_refused(void **state)
{
    struct home h = home_new();
    uint8_t hash[32];
    uint32_t id;
    size_t n;

    (void)state;
    assert_int_equal(set(&h), 1);
    h.head.version = 2;
    h.e[0].point[64] ^= 1;
    crypto_key_id(h.head.owner, CRYPTO_KEY_OWNER, h.w->c->state.owners[0].point);
    n = wire_list_encode(h.list, &h.head, h.e);
    crypto_sha256(hash, h.list, n);
    assert_int_equal(crypto_p256_sign(h.list + n, h.secret, hash), 0);
    assert_int_equal(sdk_viewer_access_set(h.owner->v, h.list, n + 64, &id, h.w->now), 0);
    world_pump(h.w);
    assert_string_equal(h.owner->reply_error, "bad-arg");
    h.e[0].point[64] ^= 1;
    h.head.version = 1; /* row 83: two lists n: the second is refused, both owners see a hash */
    h.head.issued_ms++;
    assert_int_equal(set(&h), 0);
    assert_string_equal(h.owner->reply_error, "conflict");
    world_free(h.w);
}

/* The server brings it to a camera whose owner is away; it outlives a reboot, and so do the last
 * use and the time. */
static void offline_and_reboot(void **state)
{
    struct home h = home_new();
    struct party *p;
    struct sdk_camera_stats s;

    (void)state;
    sdk_viewer_close(h.owner->v, h.w->now);
    world_pump(h.w);
    sign(&h);
    envelope(&h, h.list, h.len);
    envelope(&h, h.list, h.len); /* again at the next link: nothing new, nothing wrong */
    sdk_camera_stats(h.w->c, &s);
    assert_true(s.lists_taken == 1 && s.lists_refused == 0);
    guest(&h);
    h.head.version = 2;
    h.e[0].rights = WIRE_RIGHT_LIVE_MAIN;
    sign(&h);
    envelope(&h, h.list, h.len); /* saves the use along */
    sdk_camera_free(&h.w->c);
    world_boot(h.w);
    p = guest(&h);
    assert_int_equal(p->hello.rights, WIRE_RIGHT_LIVE_MAIN);
    assert_int_equal(p->hello.list_version, 2);
    assert_int_equal(h.w->c->state.list->entries[0].count, 2);
    assert_true(camera_check_wall(h.w->c, h.w->now) >= h.head.issued_ms);
    world_free(h.w);
}

/* Not more than 6 signatures a minute are looked at for the server; an owner is not bound by it. */
static void server_is_bounded(void **state)
{
    struct home h = home_new();

    (void)state;
    sign(&h);
    h.list[h.len - 1] ^= 1;
    for (int i = 0; i < 6; i++)
        envelope(&h, h.list, h.len);
    h.list[h.len - 1] ^= 1;
    envelope(&h, h.list, h.len); /* good, and one too many */
    assert_null(h.w->c->state.list);
    assert_true(refused(&h) == 7);
    assert_int_equal(set(&h), 1);
    h.head.version = 2;
    world_run(h.w, 60000);
    sign(&h);
    envelope(&h, h.list, h.len);
    assert_int_equal(h.w->c->state.list->head.version, 2);
    world_free(h.w);
}

static void not_kept_not_taken(void **state)
{
    struct home h = home_new();

    (void)state;
    h.w->save_fails = 1;
    assert_int_equal(set(&h), 0);
    assert_string_equal(h.owner->reply_error, "storage");
    assert_null(h.w->c->state.list);
    h.w->save_fails = 0;
    assert_int_equal(set(&h), 1);
    h.w->save_fails = 1;
    h.head.version = 2;
    h.head.count = 0;
    assert_int_equal(set(&h), 0);
    guest(&h); /* the former list stands */
    world_free(h.w);
}

/* Row 84: after a factory reset nothing of before opens, and no old list comes back. */
static void factory_reset(void **state)
{
    struct home h = home_new();
    struct party *p;
    uint8_t point[65], fresh[32];
    uint32_t id;

    (void)state;
    assert_int_equal(set(&h), 1);
    p = guest(&h);
    assert_int_equal(sdk_camera_factory_reset(h.w->c, h.w->now), 0);
    world_pump(h.w);
    assert_int_equal(p->closed, 1);
    assert_int_equal(guest_try(&h, 3, "acct-0002")->code, WIRE_CODE_KEY_UNKNOWN);
    envelope(&h, h.list, h.len);
    assert_null(h.w->c->state.list);
    p = world_login(h.w, 0);
    crypto_p256_keygen(fresh, point); /* owner keys are made anew for each claim */
    assert_int_equal(sdk_viewer_owner_add(p->v, point, &id, h.w->now), 0);
    world_pump(h.w);
    assert_int_equal(p->reply_ok, 1);
    envelope(&h, h.list, h.len);
    assert_null(h.w->c->state.list);
    world_free(h.w);
}

/* A new password closes what the old one opened; keys of the list are not of it. */
static void password_change(void **state)
{
    struct home h = home_new();
    struct party *p;
    uint32_t id;

    (void)state;
    assert_int_equal(set(&h), 1);
    p = guest(&h);
    assert_int_equal(sdk_viewer_password_set(h.owner->v, SDK_CLASS_CODE, CODE, 24, &id, h.w->now),
                     0);
    world_pump(h.w);
    assert_int_equal(h.owner->code, WIRE_CODE_PASSWORD);
    assert_int_equal(p->closed, 0);
    world_free(h.w);
}

/* The server's clock moves the camera's own time by at most 2 minutes a day, and never back. */
static void own_time(void **state)
{
    struct home h = home_new();
    int64_t then;

    (void)state;
    assert_int_equal(set(&h), 1);
    then = camera_check_wall(h.w->c, h.w->now);
    sdk_camera_set_wall(h.w->c, then + 365 * DAY_MS, h.w->now);
    assert_true(camera_check_wall(h.w->c, h.w->now) - then < 2000);
    sdk_camera_set_wall(h.w->c, then - 365 * DAY_MS, h.w->now);
    assert_true(camera_check_wall(h.w->c, h.w->now) >= then);
    for (int i = 0; i < 25; i++) {
        h.w->now += 3600 * 1000;
        sdk_camera_set_wall(h.w->c, then + 365 * DAY_MS, h.w->now);
    }
    then = camera_check_wall(h.w->c, h.w->now) - then - 25 * 3600 * 1000;
    assert_true(then > 118000 && then <= 127000);
    owner_login(&h, 1); /* an owner sets it, either way */
    assert_true(camera_check_wall(h.w->c, h.w->now) == wall(&h));
    world_free(h.w);
}

/* Entry for entry up to the bound: the state still fits, and 64 keys are found again. */
static void full_list(void **state)
{
    struct home h = home_new();
    struct wire_list_entry *many = calloc(64, sizeof *many);
    uint8_t secret[32];
    uint32_t id;

    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        many[i] = h.e[0];
        if (i != 40)
            crypto_p256_keygen(secret, many[i].point);
    }
    h.head.count = 64;
    assert_int_equal(sdk_list_sign(h.list, &h.len, &h.head, many, h.secret), 0);
    assert_int_equal(h.len, WIRE_LIST_MAX);
    assert_int_equal(sdk_viewer_access_set(h.owner->v, h.list, h.len, &id, h.w->now), 0);
    world_pump(h.w);
    assert_int_equal(h.owner->reply_ok, 1);
    sdk_camera_free(&h.w->c);
    world_boot(h.w);
    guest(&h);
    free(many);
    world_free(h.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_watches_by_his_key),
        cmocka_unit_test(withdrawn_while_viewing),
        cmocka_unit_test(narrowed_and_renewed),
        cmocka_unit_test(expiry),
        cmocka_unit_test(bad_lists),
        cmocka_unit_test(signed_but_refused),
        cmocka_unit_test(offline_and_reboot),
        cmocka_unit_test(server_is_bounded),
        cmocka_unit_test(not_kept_not_taken),
        cmocka_unit_test(factory_reset),
        cmocka_unit_test(password_change),
        cmocka_unit_test(own_time),
        cmocka_unit_test(full_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
