/* sealed.md 7.3, rows 1 to 25 and 67 to 71: what is done to handshakes, and the required reaction.
 * The row number is in each test's name. */
#include "tests/unit/sdk/world.h"

#include "sdk/spake2p.h"

static uint8_t body_kind(const struct letter *l)
{
    struct wire_envelope e;

    if (wire_envelope_decode(&e, l->data, l->len) < 0 || e.body_len == 0)
        return 0;
    return e.body[0];
}

static uint8_t *body_of(struct letter *l)
{
    return l->data + 41 + l->data[40];
}

/* ---- rows 1-6: shares ---- */
static const uint8_t *forced_share;
static int forced_to_camera;

static int share_replace(struct world *w, struct letter *l)
{
    uint8_t kind = forced_to_camera ? WIRE_SEAL_OPEN : WIRE_SEAL_ANSWER;

    if (l->to_camera == forced_to_camera && body_kind(l) == kind && l->len > 41 + 28) {
        memcpy(body_of(l) + 28, forced_share, 65);
        w->tampered++;
    }
    return 1;
}

static void share_try(const uint8_t share[65])
{
    for (int to_camera = 0; to_camera < 2; to_camera++) {
        struct world *w = world_new();
        struct party *p;
        struct sdk_camera_stats stats;

        forced_share = share;
        forced_to_camera = to_camera;
        w->tamper = share_replace;
        p = world_login(w, 0);
        assert_int_equal(w->tampered, 1);
        assert_int_equal(p->ready, 0);
        assert_int_equal(p->closed, 1);
        assert_int_equal(p->code, WIRE_CODE_MALFORMED);
        assert_int_equal(p->has_params, 0);
        sdk_camera_stats(w->c, &stats);
        assert_int_equal(stats.channels, 0);
        assert_int_equal(stats.handshakes, 0);
        world_free(w);
    }
}

static void row_01_to_05_bad_points(void **state)
{
    uint8_t good[65], share[65], secret[32];

    (void)state;
    crypto_p256_keygen(secret, good);
    memcpy(share, good, 65);
    share[64] ^= 1; /* off the curve */
    share_try(share);
    memset(share, 0, 65); /* `00` and the all-zero point */
    share_try(share);
    share[0] = 0x04;
    share_try(share);
    memcpy(share, good, 65);
    share[0] = (uint8_t)(0x02 | (good[64] & 1)); /* compressed */
    share_try(share);
    memcpy(share, good, 65);
    memset(share + 1, 0xff, 32); /* x >= p */
    share_try(share);
}

static void row_06_share_is_the_blind(void **state)
{
    static const char m[] = "04886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"
                            "5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c785e0ca547d55a12e2d20";
    static const char n[] = "04d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49"
                            "07d60aa6bfade45008a636337f5168c64d9bd36034808cd564490b1e656edbe7";
    uint8_t point[65], share[65], w0[32], w1[32], l[65], out[65];
    struct sdk_spake_ids ids = {(const uint8_t *)"c", 1, "p", "v"};
    struct sdk_spake_prover p;
    struct sdk_spake_verifier v;
    struct sdk_spake_keys keys, zero;

    (void)state;
    crypto_p256_random_scalar(w0);
    crypto_p256_random_scalar(w1);
    assert_int_equal(crypto_p256_mul(l, w1, NULL), 0);
    memset(&keys, 0, sizeof keys);
    memset(&zero, 0, sizeof zero);
    assert_int_equal(sdk_spake_verifier_prepare(&v, w0, l), 0);
    unhex(point, 65, m);
    assert_int_equal(crypto_p256_mul(share, w0, point), 0);
    assert_int_equal(sdk_spake_verifier_answer(&keys, out, &v, &ids, share, NULL), -SK_ECRYPTO);
    assert_memory_equal(&keys, &zero, sizeof keys);
    assert_int_equal(sdk_spake_prover_start(&p, w0, w1, NULL), 0);
    unhex(point, 65, n);
    assert_int_equal(crypto_p256_mul(share, w0, point), 0);
    assert_int_equal(sdk_spake_prover_finish(&keys, &p, &ids, share), -SK_ECRYPTO);
    assert_memory_equal(&keys, &zero, sizeof keys);
}

/* ---- rows 7-9: confirmations ---- */
static int confirms_sent;

static int confirm_v_flip(struct world *w, struct letter *l)
{
    confirms_sent += l->to_camera && body_kind(l) == WIRE_SEAL_CONFIRM;
    if (!l->to_camera && body_kind(l) == WIRE_SEAL_ANSWER) {
        body_of(l)[124] ^= 1;
        w->tampered++;
    }
    return 1;
}

static int confirm_p_flip(struct world *w, struct letter *l)
{
    if (l->to_camera && body_kind(l) == WIRE_SEAL_CONFIRM) {
        body_of(l)[20] ^= 1;
        w->tampered++;
    }
    return 1;
}

static uint8_t kept[65];

static int share_echo(struct world *w, struct letter *l)
{
    confirms_sent += l->to_camera && body_kind(l) == WIRE_SEAL_CONFIRM;
    if (l->to_camera && body_kind(l) == WIRE_SEAL_OPEN && l->len > 41 + 28)
        memcpy(kept, body_of(l) + 28, 65);
    if (!l->to_camera && body_kind(l) == WIRE_SEAL_ANSWER) {
        memcpy(body_of(l) + 28, kept, 65);
        w->tampered++;
    }
    return 1;
}

static int confirm_swap(struct world *w, struct letter *l)
{
    if (!l->to_camera && body_kind(l) == WIRE_SEAL_ANSWER)
        memcpy(kept, body_of(l) + 93, 32);
    if (l->to_camera && body_kind(l) == WIRE_SEAL_CONFIRM) {
        memcpy(body_of(l) + 20, kept, 32);
        w->tampered++;
    }
    return 1;
}

static void confirm_try(int (*tamper)(struct world *, struct letter *))
{
    struct world *w = world_new();
    struct party *p;

    confirms_sent = 0;
    w->tamper = tamper;
    p = world_login(w, 0);
    assert_int_equal(w->tampered, 1);
    assert_int_equal(p->ready, 0);
    if (tamper != confirm_p_flip && tamper != confirm_swap) {
        assert_int_equal(p->code, WIRE_CODE_CONFIRM);
        assert_int_equal(confirms_sent, 0);
    } else { /* the viewer's channel was open: it hears no more, and is shown as cut */
        struct sdk_camera_stats stats;

        sdk_camera_stats(w->c, &stats);
        assert_int_equal(stats.confirm_failed, 1);
        assert_int_equal(stats.channels, 0);
        world_run(w, 10001);
        assert_int_equal(p->closed, 1);
        assert_false(p->is_clean);
    }
    world_free(w);
}

static void row_07_to_09_confirmations(void **state)
{
    (void)state;
    confirm_try(confirm_v_flip);
    confirm_try(confirm_p_flip);
    confirm_try(confirm_swap);
    confirm_try(share_echo);
}

/* ---- rows 10-13: names altered on one side ---- */
static void row_10_account_differs(void **state)
{
    struct world *w = world_new();
    struct party *p = world_viewer(w, 0);

    (void)state;
    assert_int_equal(sk_copy(p->account, sizeof p->account, "acct-0009"), 0); /* the server's lie */
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, CODE, 24, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 0);
    assert_int_equal(p->code, WIRE_CODE_CONFIRM);
    world_free(w);
}

static void row_11_device_differs(void **state)
{
    struct world *w = world_new();
    struct party *p = world_viewer(w, 0);

    (void)state;
    /* an envelope for another device is not taken at all */
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, CODE, 24, w->now), 0);
    w->queue[w->head % QUEUE].data[24] ^= 1;
    world_pump(w);
    world_run(w, 10001);
    assert_int_equal(p->ready, 0);
    assert_int_equal(p->closed, 1);
    world_free(w);
}

static int session_flip(struct world *w, struct letter *l)
{
    if (l->to_camera && body_kind(l) == WIRE_SEAL_OPEN) {
        body_of(l)[4] ^= 1;
        w->tampered++;
    }
    return 1;
}

static int param_id_flip(struct world *w, struct letter *l)
{
    if (!l->to_camera && body_kind(l) == WIRE_SEAL_ANSWER) {
        body_of(l)[20] ^= 1;
        w->tampered++;
    }
    return 1;
}

static void row_12_13_session_or_param_id_differs(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world *w = world_new();
        struct party *p;

        w->tamper = i == 0 ? session_flip : param_id_flip;
        p = world_login(w, 0);
        assert_int_equal(w->tampered, 1);
        assert_int_equal(p->ready, 0);
        assert_int_equal(p->code, WIRE_CODE_MALFORMED);
        world_free(w);
    }
}

/* ---- rows 14-16: parameters ---- */
static uint32_t forced_iterations;
static uint8_t forced_class;

static int params_replace(struct world *w, struct letter *l)
{
    if (!l->to_camera && body_kind(l) == WIRE_SEAL_PARAMS) {
        body_of(l)[21] = forced_class;
        sk_put_u32(body_of(l) + 24, forced_iterations);
        w->tampered++;
    }
    return 1;
}

static void row_14_to_16_parameters_refused(void **state)
{
    static const struct {
        unsigned asked;
        uint8_t class;
        uint32_t iterations;
    } rows[] = {{SDK_CLASS_CODE, 1, 999},      {SDK_CLASS_CHOSEN, 1, 1000},
                {SDK_CLASS_CHOSEN, 2, 599999}, {SDK_CLASS_CHOSEN, 2, 1000000000},
                {SDK_CLASS_CODE, 2, 600000},   {SDK_CLASS_CODE, 3, 1000}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *w = world_new();
        struct party *p = world_viewer(w, 0);
        int64_t began = sk_clock_mono_ms();

        forced_class = rows[i].class;
        forced_iterations = rows[i].iterations;
        w->tamper = params_replace;
        assert_int_equal(sdk_viewer_open_password(p->v, rows[i].asked, CODE, 24, w->now), 0);
        world_pump(w);
        assert_int_equal(w->tampered, 1);
        assert_int_equal(p->code, WIRE_CODE_PARAMS);
        assert_true(sk_clock_mono_ms() - began < 200); /* 10^9 iterations take minutes */
        world_free(w);
    }
}

/* ---- rows 17-19: order ---- */
static void camera_take(struct world *w, const uint8_t session[16], const uint8_t *body, size_t len)
{
    struct wire_envelope e = {.type = 1,
                              .ttl = 100,
                              .account = "acct-0001",
                              .account_len = 9,
                              .body = body,
                              .body_len = len};
    uint8_t out[WIRE_ENVELOPE_MAX];
    size_t n;

    memcpy(e.session, session, 16);
    assert_int_equal(sk_b32_decode(e.device, 16, &n, DEVICE, 26), 0);
    assert_int_equal(wire_envelope_encode(out, sizeof out, &n, &e), 0);
    sdk_camera_on_envelope(w->c, out, n, w->now);
}

static void row_17_confirm_before_open(void **state)
{
    struct world *w = world_new();
    struct party *p = world_viewer(w, 0);
    struct sdk_camera_stats stats;
    uint8_t session[16], body[52] = {WIRE_SEAL_CONFIRM, 1};

    (void)state;
    sdk_viewer_session(p->v, session);
    memcpy(body + 4, session, 16);
    camera_take(w, session, body, sizeof body);
    assert_int_equal(w->tail - w->head, 1);
    assert_int_equal(body_kind(&w->queue[w->head % QUEUE]), WIRE_SEAL_ABORT);
    assert_int_equal(body_of(&w->queue[w->head % QUEUE])[20], WIRE_CODE_MALFORMED);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.handshakes, 0);
    world_free(w);
}

static int answer_twice(struct world *w, struct letter *l)
{
    if (!l->to_camera && body_kind(l) == WIRE_SEAL_ANSWER && !w->tampered) {
        w->tampered++;
        world_put(w, 0, l->party, l->data, l->len);
    }
    return 1;
}

static void row_18_second_answer(void **state)
{
    struct world *w = world_new();
    struct party *p;

    (void)state;
    w->tamper = answer_twice;
    p = world_login(w, 0);
    assert_int_equal(w->tampered, 1);
    assert_int_equal(p->ready, 1); /* the second was dropped, the first run goes on */
    assert_int_equal(request(w, p, "info", NULL), 0);
    assert_int_equal(p->reply_ok, 1);
    world_free(w);
}

static struct letter first_open;

static int open_keep(struct world *w, struct letter *l)
{
    (void)w;
    if (l->to_camera && body_kind(l) == WIRE_SEAL_OPEN)
        first_open = *l;
    return 1;
}

static void row_19_used_session(void **state)
{
    struct world *w = world_new();
    struct party *p;
    unsigned before;

    (void)state;
    w->tamper = open_keep;
    p = world_login(w, 0);
    w->tamper = NULL;
    world_put(w, 1, 0, first_open.data, first_open.len); /* alive: dropped */
    world_pump(w);
    assert_int_equal(request(w, p, "info", NULL), 0);
    assert_int_equal(p->reply_ok, 1);
    sdk_viewer_close(p->v, w->now);
    world_pump(w);
    before = w->tail;
    world_put(w, 1, 0, first_open.data, first_open.len); /* over: ABORT 2 */
    letter_to_camera(w, &w->queue[w->head++ % QUEUE]);
    assert_int_equal(w->tail - before, 2);
    assert_int_equal(body_of(&w->queue[(w->tail - 1) % QUEUE])[20], WIRE_CODE_MALFORMED);
    world_free(w);
}

/* ---- rows 20-24: lock-out ---- */
static int confirm_drop(struct world *w, struct letter *l)
{
    (void)w;
    return !(l->to_camera && body_kind(l) == WIRE_SEAL_CONFIRM);
}

/* A guesser: takes ANSWER and walks away. Returns the ABORT code, 0 when ANSWER came. */
static unsigned guess(struct world *w, const char *account, uint32_t *retry_ms)
{
    struct party *p = world_viewer(w, 2);
    struct sdk_viewer_options o = {.device = DEVICE, .account = account};
    unsigned code;

    sdk_viewer_free(&p->v);
    assert_int_equal(sk_copy(p->account, sizeof p->account, account), 0);
    assert_int_equal(sdk_viewer_new(&p->v, &o, &w_viewer_ops, p), 0);
    w->tamper = confirm_drop;
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, CODE, 24, w->now), 0);
    world_pump(w);
    code = p->closed ? p->code : 0;
    if (retry_ms != NULL)
        *retry_ms = p->retry_ms;
    w->tamper = NULL;
    return code;
}

static void row_20_answers_taken_without_confirm(void **state)
{
    struct world *w = world_new();
    uint32_t retry_ms;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(guess(w, "acct-0001", NULL), 0);
    assert_int_equal(guess(w, "acct-0001", &retry_ms), WIRE_CODE_LOCKED);
    assert_int_equal(retry_ms, 30000);
    /* another account is not locked; this one gets one try back at expiry, then waits twice as long
     */
    assert_int_equal(guess(w, "acct-0002", NULL), 0);
    world_run(w, 30000);
    assert_int_equal(guess(w, "acct-0001", NULL), 0);
    assert_int_equal(guess(w, "acct-0001", &retry_ms), WIRE_CODE_LOCKED);
    assert_int_equal(retry_ms, 60000);
    world_run(w, 60000);
    assert_int_equal(guess(w, "acct-0001", NULL), 0);
    assert_int_equal(guess(w, "acct-0001", &retry_ms), WIRE_CODE_LOCKED);
    assert_int_equal(retry_ms, 60000); /* class 1: ceiling */
    /* a success fills it again */
    world_run(w, 60000);
    assert_int_equal(world_login(w, 0)->ready, 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(guess(w, "acct-0001", NULL), 0);
    assert_int_equal(guess(w, "acct-0001", NULL), WIRE_CODE_LOCKED);
    world_free(w);
}

static void owner_hears_of_the_lock(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t secret[32], point[65];
    json_t *arg = json_object();
    int before;

    (void)state;
    crypto_p256_keygen(secret, point);
    sk_json_set_bin(arg, "key", point, 65);
    assert_int_equal(request(w, p, "owner.add", arg), 0);
    before = p->events;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(guess(w, "acct-0002", NULL), 0);
    assert_int_equal(p->events, before);
    assert_int_equal(guess(w, "acct-0002", NULL), 0); /* five within the hour */
    assert_int_equal(p->events, before + 1);
    world_free(w);
}

static unsigned guess_until_locked(struct world *w, unsigned max)
{
    char account[32] = "acct-1000";
    unsigned n = 0;

    while (n < max) {
        account[5] = (char)('a' + n / 26 % 26);
        account[6] = (char)('a' + n % 26);
        if (guess(w, account, NULL) != 0)
            return n;
        n++;
    }
    return n;
}

static void row_21_invented_accounts(void **state)
{
    struct world *w = world_new();

    (void)state;
    assert_int_equal(guess_until_locked(w, 100), 6); /* class 1 starts at 6 */
    world_run(w, 9000);
    assert_int_equal(guess_until_locked(w, 100), 0);
    world_run(w, 2000);
    assert_int_equal(guess_until_locked(w, 100), 1); /* one back per 10 s */
    world_run(w, 3600 * 1000);
    assert_int_equal(guess_until_locked(w, 100), 60);
    sdk_camera_button(w->c, w->now); /* the button clears both */
    assert_int_equal(guess_until_locked(w, 100), 60);
    world_free(w);
}

/* An owner sets a chosen password; its lock survives reboots. */
static void become_chosen(struct world *w, const char *password)
{
    struct party *p = world_login(w, 0);
    struct sdk_verifier v;
    uint8_t params[28], secret[32], owner[65];
    json_t *arg = json_object();

    crypto_p256_keygen(secret, owner);
    sk_json_set_bin(arg, "key", owner, 65);
    assert_int_equal(request(w, p, "owner.add", arg), 0);
    assert_int_equal(p->reply_ok, 1);
    assert_int_equal(sdk_verifier_make(&v, SDK_CLASS_CHOSEN, 2, password, strlen(password), DEVICE),
                     0);
    sdk_params_encode(params, &v.params);
    arg = json_object();
    sk_json_set_bin(arg, "params", params, 28);
    sk_json_set_bin(arg, "w0", v.w0, 32);
    sk_json_set_bin(arg, "l", v.l, 65);
    assert_int_equal(request(w, p, "password.set", arg), 0);
    assert_int_equal(p->reply_ok, 1);
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->code, WIRE_CODE_PASSWORD);
}

static void reboot(struct world *w)
{
    sdk_camera_free(&w->c);
    world_boot(w);
}

/* OPEN as a guesser makes it, without hashing 600,000 times. */
static unsigned raw_guess(struct world *w, const char *account)
{
    struct party *p = world_viewer(w, 2);
    uint8_t session[16], body[93] = {WIRE_SEAL_OPEN, 1}, secret[32];
    struct letter *l;

    assert_int_equal(sk_copy(p->account, sizeof p->account, account), 0);
    sdk_viewer_session(p->v, session);
    memcpy(body + 4, session, 16);
    camera_take(w, session, body, 28);
    l = &w->queue[(w->tail - 1) % QUEUE];
    assert_int_equal(body_kind(l), WIRE_SEAL_PARAMS);
    sdk_params_id(body + 20, body_of(l) + 20);
    crypto_p256_keygen(secret, body + 28);
    {
        struct wire_envelope e = {.type = 1,
                                  .ttl = 100,
                                  .account = account,
                                  .account_len = strlen(account),
                                  .body = body,
                                  .body_len = 93};
        uint8_t out[WIRE_ENVELOPE_MAX];
        size_t n;

        /* the session began as acct-0001 in camera_take: begin it anew under this account */
        sk_random(session, 16);
        memcpy(body + 4, session, 16);
        memcpy(e.session, session, 16);
        assert_int_equal(sk_b32_decode(e.device, 16, &n, DEVICE, 26), 0);
        assert_int_equal(wire_envelope_encode(out, sizeof out, &n, &e), 0);
        w->head = w->tail;
        /* no viewer has this session: read the answer off the camera's counters */
        {
            struct sdk_camera_stats a, b;

            sdk_camera_stats(w->c, &a);
            sdk_camera_on_envelope(w->c, out, n, w->now);
            sdk_camera_stats(w->c, &b);
            return b.locked > a.locked ? WIRE_CODE_LOCKED : 0;
        }
    }
}

static void row_22_23_reboots_and_server_clock(void **state)
{
    struct world *w = world_new();
    unsigned answered = 0, at_once;
    int saves;

    (void)state;
    become_chosen(w, "correct horse battery");
    for (unsigned i = 0; i < 40; i++) { /* a server that reboots the camera before each guess */
        char account[32] = "acct-2000";

        account[6] = (char)('a' + i % 26);
        account[7] = (char)('a' + i / 26);
        saves = w->saves;
        if (raw_guess(w, account) == 0) {
            answered++;
            assert_true(w->saves > saves); /* the level was written before ANSWER left */
        }
        reboot(w);
    }
    at_once = answered;
    assert_true(at_once <= 10);
    sdk_camera_set_wall(w->c, INT64_C(1900000000000), w->now); /* +1 year on the server's clock */
    assert_int_equal(raw_guess(w, "acct-3000"), WIRE_CODE_LOCKED);
    w->now += 6 * 60 * 1000;
    assert_int_equal(raw_guess(w, "acct-3001"), 0);
    assert_int_equal(raw_guess(w, "acct-3002"), WIRE_CODE_LOCKED);
    world_free(w);
}

static void row_24_listed_key_passes_the_lock(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t secret[32], point[65], pin[65];
    uint32_t id;

    (void)state;
    memcpy(pin, p->hello.seal, 65);
    crypto_p256_keygen(secret, point);
    assert_int_equal(sdk_viewer_enrol(p->v, point, &id, w->now), 0);
    world_pump(w);
    while (guess(w, "acct-0001", NULL) == 0)
        continue;
    p = world_viewer_with(w, 1, pin, NULL);
    assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 1);
    world_free(w);
}

/* ---- row 25: forged ABORT ---- */
static void row_25_forged_aborts(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t session[16], body[28] = {WIRE_SEAL_ABORT, 1};

    (void)state;
    sdk_viewer_session(p->v, session);
    memcpy(body + 4, session, 16);
    for (unsigned i = 0; i < 1000; i++) {
        body[20] = (uint8_t)(i % 18);
        camera_take(w, session, body, sizeof body);
        {
            struct wire_envelope e = {.type = 1, .ttl = 100, .body = body, .body_len = sizeof body};
            uint8_t out[WIRE_ENVELOPE_MAX];
            size_t n;

            memcpy(e.session, session, 16);
            assert_int_equal(sk_b32_decode(e.device, 16, &n, DEVICE, 26), 0);
            assert_int_equal(wire_envelope_encode(out, sizeof out, &n, &e), 0);
            sdk_viewer_on_envelope(p->v, out, n, w->now);
        }
    }
    assert_int_equal(p->closed, 0); /* it means nothing on an open channel */
    assert_int_equal(request(w, p, "info", NULL), 0);
    assert_int_equal(p->reply_ok, 1);
    world_free(w);
}

/* ---- rows 67-71, of the key path ---- */
static int kanswer_drop(struct world *w, struct letter *l)
{
    (void)w;
    if (l->to_camera && body_kind(l) == WIRE_SEAL_KOPEN)
        first_open = *l;
    return 1;
}

static void row_68_69_camera_key_replaced_and_kopen_replayed(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    struct sdk_camera_stats stats;
    uint8_t secret[32], point[65], pin[65], other[65], x[32];
    uint32_t id;

    (void)state;
    memcpy(pin, p->hello.seal, 65);
    crypto_p256_keygen(secret, point);
    assert_int_equal(sdk_viewer_enrol(p->v, point, &id, w->now), 0);
    world_pump(w);
    crypto_p256_keygen(x, other);
    p = world_viewer_with(w, 1, other, NULL); /* pinned key is not this camera's */
    assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 0);
    assert_int_equal(p->code, WIRE_CODE_CRYPTO);
    p = world_viewer_with(w, 1, other, NULL); /* by password: the pin alarms all the same */
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, CODE, 24, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 0);
    assert_int_equal(p->code, WIRE_CODE_CRYPTO);
    w->tamper = kanswer_drop;
    p = world_viewer_with(w, 1, pin, NULL);
    assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
    world_pump(w);
    w->tamper = NULL;
    assert_int_equal(p->ready, 1);
    first_open.data[8] ^= 0x55; /* another envelope session: body disagrees */
    world_put(w, 1, 1, first_open.data, first_open.len);
    world_pump(w);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 2);
    reboot(w); /* forgot the sessions it saw: the replay is answered, nobody can use it */
    first_open.data[8] ^= 0x55;
    world_put(w, 1, 1, first_open.data, first_open.len);
    letter_to_camera(w, &w->queue[w->head++ % QUEUE]);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 1);
    assert_int_equal(stats.commands, 0);
    w->head = w->tail;
    w->now += 10001;
    (void)sdk_camera_tick(w->c, w->now);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.channels, 0);
    world_free(w);
}

static void row_71_key_with_another_account(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t secret[32], point[65], pin[65];
    uint32_t id;

    (void)state;
    memcpy(pin, p->hello.seal, 65);
    crypto_p256_keygen(secret, point);
    assert_int_equal(sdk_viewer_enrol(p->v, point, &id, w->now), 0);
    world_pump(w);
    p = world_viewer_with(w, 3, pin, NULL); /* acct-0002 */
    assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 0);
    assert_int_equal(p->code, WIRE_CODE_KEY_UNKNOWN);
    world_free(w);
}

static void kopen_rate(void **state)
{
    struct world *w = world_new();
    struct party *p = world_login(w, 0);
    uint8_t secret[32], point[65], pin[65];
    uint32_t id;

    (void)state;
    memcpy(pin, p->hello.seal, 65);
    crypto_p256_keygen(secret, point);
    assert_int_equal(sdk_viewer_enrol(p->v, point, &id, w->now), 0);
    world_pump(w);
    for (unsigned i = 0; i < 11; i++) {
        p = world_viewer_with(w, 1, pin, NULL);
        assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
        world_pump(w);
        assert_int_equal(p->ready, i < 10);
    }
    assert_int_equal(p->code, WIRE_CODE_BUSY);
    w->now += 60001;
    p = world_viewer_with(w, 1, pin, NULL);
    assert_int_equal(sdk_viewer_open_key(p->v, secret, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 1);
    world_free(w);
}

static void wrong_password_and_typing_error(void **state)
{
    struct world *w = world_new();
    struct party *p = world_viewer(w, 0);
    char other[WIRE_LABEL_CODE_SIZE];
    uint8_t random[14] = {1, 2, 3};
    struct sdk_camera_stats stats;

    (void)state;
    assert_int_equal(
        sdk_viewer_open_password(p->v, SDK_CLASS_CODE, "R30W5GY4RQ3CFJ69SB5WSK0T", 24, w->now),
        -SK_EINVAL); /* caught before a try is spent */
    assert_int_equal(w->head, w->tail);
    sdk_label_make(other, random);
    assert_int_equal(sdk_viewer_open_password(p->v, SDK_CLASS_CODE, other, 24, w->now), 0);
    world_pump(w);
    assert_int_equal(p->ready, 0);
    assert_int_equal(p->code, WIRE_CODE_CONFIRM);
    assert_int_equal(p->has_params, 0);
    sdk_camera_stats(w->c, &stats);
    assert_int_equal(stats.handshakes, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_01_to_05_bad_points),
        cmocka_unit_test(row_06_share_is_the_blind),
        cmocka_unit_test(row_07_to_09_confirmations),
        cmocka_unit_test(row_10_account_differs),
        cmocka_unit_test(row_11_device_differs),
        cmocka_unit_test(row_12_13_session_or_param_id_differs),
        cmocka_unit_test(row_14_to_16_parameters_refused),
        cmocka_unit_test(row_17_confirm_before_open),
        cmocka_unit_test(row_18_second_answer),
        cmocka_unit_test(row_19_used_session),
        cmocka_unit_test(row_20_answers_taken_without_confirm),
        cmocka_unit_test(owner_hears_of_the_lock),
        cmocka_unit_test(row_21_invented_accounts),
        cmocka_unit_test(row_22_23_reboots_and_server_clock),
        cmocka_unit_test(row_24_listed_key_passes_the_lock),
        cmocka_unit_test(row_25_forged_aborts),
        cmocka_unit_test(row_68_69_camera_key_replaced_and_kopen_replayed),
        cmocka_unit_test(row_71_key_with_another_account),
        cmocka_unit_test(kopen_rate),
        cmocka_unit_test(wrong_password_and_typing_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
