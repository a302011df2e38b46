/* The owner on both sides (sealed.md 2.1, 5.2, 6.5): his proof in hello, the password he chooses,
 * and what is left of an owner who was dropped. */
#include "tests/unit/sdk/world.h"

#define CHOSEN "a lamp, nine geese and a bicycle"

static struct party *login_as(struct world *w, unsigned i, const uint8_t owner[32])
{
    struct party *p = world_viewer(w, i);

    assert_int_equal(sdk_viewer_owner_key(p->v, owner, 1795334400000 + w->now, w->now), 0);
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, CODE, 24, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 1);
    return p;
}

static void owner_add(struct world *w, struct party *p, uint8_t secret[32], uint8_t id[16])
{
    uint8_t point[65];
    uint32_t number;

    crypto_p256_keygen(secret, point);
    crypto_key_id(id, CRYPTO_KEY_OWNER, point);
    assert_int_equal(sdk_viewer_owner_add(p->v, point, &number, w->now), 0);
    world_pump(w);
    assert_int_equal(p->reply_ok, 1);
}

static int owner_drop(struct world *w, struct party *p, const uint8_t id[16])
{
    json_t *arg = json_object();

    sk_json_set_bin(arg, "id", id, 16);
    assert_int_equal(request(w, p, "owner.drop", arg), 0);
    return p->reply_ok;
}

static void proof_in_hello(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q;
    uint8_t secret[32], other[32], point[65], id[16];

    (void)state;
    assert_int_equal(p->hello.rights & WIRE_RIGHT_MANAGE, 0);
    owner_add(w, p, secret, id);
    assert_int_equal(sdk_viewer_owner_key(p->v, secret, 0, 0), -SK_ECONFLICT); /* too late */
    q = login_as(w, 1, secret);
    assert_int_equal(q->hello.rights & WIRE_RIGHT_MANAGE, WIRE_RIGHT_MANAGE);
    assert_true(q->hello.wall_ms >= 1795334400000 + w->now); /* the owner's clock is taken */
    crypto_p256_keygen(other, point);
    q = login_as(w, 2, other); /* a key the camera does not know: let in, but no owner */
    assert_int_equal(q->hello.rights & WIRE_RIGHT_MANAGE, 0);
    memset(other, 0, sizeof other);
    q = world_viewer(w, 2);
    assert_int_equal(sdk_viewer_owner_key(q->v, other, 0, 0), -SK_EINVAL);
    world_free(w);
}

static void chosen_password(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q;
    uint8_t secret[32], id[16];
    uint32_t number;

    (void)state;
    assert_int_equal(sdk_viewer_password_set(p->v, SDK_CLASS_CHOSEN, "short", 5, &number, w->now),
                     -SK_EINVAL);
    assert_int_equal(
        sdk_viewer_password_set(p->v, SDK_CLASS_CODE, CHOSEN, strlen(CHOSEN), &number, w->now),
        -SK_EINVAL);
    assert_int_equal(
        sdk_viewer_password_set(p->v, SDK_CLASS_CHOSEN, CHOSEN, strlen(CHOSEN), &number, w->now),
        0);
    world_pump(w);
    assert_string_equal(p->reply_error, "denied"); /* no owner yet */
    owner_add(w, p, secret, id);
    q = login_as(w, 1, secret);
    assert_int_equal(
        sdk_viewer_password_set(q->v, SDK_CLASS_CHOSEN, CHOSEN, strlen(CHOSEN), &number, w->now),
        0);
    world_pump(w);
    assert_int_equal(q->reply_ok, 1);
    assert_int_equal(q->code, WIRE_CODE_PASSWORD);
    assert_int_equal(p->code, WIRE_CODE_PASSWORD); /* the old password's channels too */
    q = world_login(w, 1);                         /* the label code no longer fits */
    assert_int_equal(q->ready, 0);
    q = world_viewer(w, 1);
    assert_int_equal(
        sdk_viewer_open_password(q->v, SDK_CLASS_CHOSEN, CHOSEN, strlen(CHOSEN), w->now), 0);
    world_pump(w);
    assert_int_equal(q->ready, 1);
    world_free(w);
}

/* Back to a label code, in any typing; generation 2 follows 1 in the viewer that knows it. */
static void code_again(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t secret[32], id[16];
    uint32_t number;

    (void)state;
    owner_add(w, p, secret, id);
    assert_int_equal(sdk_viewer_password_set(p->v, SDK_CLASS_CODE, "r30w-5gy4-rq3c-fj69-sb5w-sk0s",
                                             29, &number, w->now),
                     0);
    world_pump(w);
    assert_int_equal(p->code, WIRE_CODE_PASSWORD);
    assert_int_equal(world_login(w, 0)->ready, 1);
    world_free(w);
}

static void dropped_owner_is_cut(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q, *plain;
    uint8_t first[32], second[32], first_id[16], second_id[16];
    unsigned keyframes;

    (void)state;
    owner_add(w, p, first, first_id);
    owner_add(w, p, second, second_id);
    q = login_as(w, 1, second);
    plain = world_login(w, 2);
    assert_int_equal(sdk_viewer_live_start(plain->v, "main", w->now), 0);
    world_pump(w);
    keyframes = (unsigned)w->keyframes[SDK_STREAM_MAIN];
    assert_int_equal(owner_drop(w, p, second_id), 1);
    assert_int_equal(q->code, WIRE_CODE_REVOKED);
    assert_int_equal(q->closed, 1);
    assert_int_equal(p->closed + plain->closed, 0); /* nobody else */
    world_run(w, 1000);
    assert_true((unsigned)w->keyframes[SDK_STREAM_MAIN] > keyframes); /* new keys for the others */
    q = login_as(w, 1, second);
    assert_int_equal(q->hello.rights & WIRE_RIGHT_MANAGE, 0);
    world_free(w);
}

/* Who drops himself hears that it is done, then goes. */
static void owner_drops_himself(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0), *q;
    uint8_t first[32], second[32], first_id[16], second_id[16];

    (void)state;
    owner_add(w, p, first, first_id);
    owner_add(w, p, second, second_id);
    q = login_as(w, 1, second);
    assert_int_equal(owner_drop(w, q, second_id), 1);
    assert_int_equal(q->code, WIRE_CODE_REVOKED);
    assert_int_equal(p->closed, 0);
    assert_int_equal(owner_drop(w, p, first_id), 0); /* the last one stays */
    assert_string_equal(p->reply_error, "conflict");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_in_hello),      cmocka_unit_test(chosen_password),
        cmocka_unit_test(code_again),          cmocka_unit_test(dropped_owner_is_cut),
        cmocka_unit_test(owner_drops_himself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
