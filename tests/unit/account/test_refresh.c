/* Refresh tokens in a real store, on virtual time: the window, theft, the sealed successor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/refresh.h"
#include "base/asset.h"
#include "crypto/p256.h"

static char dir[] = "/tmp/skep-refresh-XXXXXX";
static struct store *store;
static const int64_t now = 1772409600000LL;
static uint8_t secret[32], key[REFRESH_KEY_BYTES];

const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

/* What the handlers of the room ask of the edge; nothing here comes that far. */
void edge_certificate_fingerprint(uint8_t out[32])
{
    memset(out, 0, 32);
}

const char *edge_host(void)
{
    return "localhost";
}

uint16_t edge_port(void)
{
    return 8443;
}

static int owner_make(void)
{
    const struct account_row row = {
        .id = "owner-1", .name = "owner", .role = "owner", .theme = "auto", .password = "$x"};
    struct session s;
    char token[ACCOUNT_TOKEN_SIZE];
    uint8_t hash[32] = {9};

    session_make(&s, token, "owner-1", 1, "192.0.2.1", "test", now, 1000);
    const struct entry entry = {.session = &s, .now_ms = now};
    int err = ledger_setup_token_set(store, hash, now, 0);
    return err ? err : ledger_setup(store, hash, &row, &entry);
}

static int group_start(void **st)
{
    static const struct store_schema schema = {.room = "account"};
    static const struct store_schema *const schemas[] = {&schema};
    const struct store_opts opts = {
        .dir = dir, .file = "core.db", .schemas = schemas, .schema_count = 1};

    (void)st;
    if (!mkdtemp(dir))
        return -1;
    asset_dev_root(".", NULL);
    session_table_start(INT64_C(1) << 40);
    refresh_table_start();
    crypto_p256_keygen(secret, key);
    return store_open(&store, &opts, NULL) || owner_make();
}

static int group_stop(void **st)
{
    static const char *const files[] = {"core.db", "core.db-wal", "core.db-shm", "core.db.lock"};
    char path[128];

    (void)st;
    store_close(store);
    refresh_table_stop();
    session_table_stop();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    return rmdir(dir);
}

/* A login, stored and in the table. */
static int session_write(struct store_tx *tx, void *ctx)
{
    return ledger_entry_write(tx, ctx, "login");
}

static void enter(struct session *s, struct refresh_pair *pair)
{
    char token[ACCOUNT_TOKEN_SIZE];
    struct entry entry = {.session = s, .now_ms = now};

    session_make(s, token, "owner-1", 1, "192.0.2.1", "test", now, INT64_C(1) << 40);
    session_put(s);
    assert_int_equal(store_write(store, session_write, &entry), 0);
    assert_int_equal(refresh_begin(store, s, key, now, pair), 0);
}

static int rotate(const char *token, int64_t at_ms, struct refresh_pair *out)
{
    uint8_t hash[32], sig[REFRESH_SIG_BYTES];
    char session[ID_SIZE];

    refresh_proof_hash(hash, token, at_ms);
    assert_int_equal(crypto_p256_sign(sig, secret, hash), 0);
    return refresh_rotate(store, token, at_ms, sig, at_ms, out, session);
}

static void the_successor_is_sealed(void **st)
{
    struct refresh_pair pair = {.access_expires = 77}, out;
    uint8_t hash[32], sealed[REFRESH_SEALED_BYTES];
    char token[ACCOUNT_TOKEN_SIZE], other[ACCOUNT_TOKEN_SIZE];

    (void)st;
    token_make(token, hash);
    token_make(other, hash);
    token_make(pair.access, hash);
    token_make(pair.refresh, hash);
    refresh_pair_seal(sealed, token, &pair);
    assert_null(memmem(sealed, sizeof(sealed), pair.refresh, 16));
    assert_int_equal(refresh_pair_open(&out, token, sealed), 0);
    assert_memory_equal(&out, &pair, sizeof(pair));
    assert_int_equal(refresh_pair_open(&out, other, sealed), -SK_ECRYPTO);
    sealed[20] ^= 1;
    assert_int_equal(refresh_pair_open(&out, token, sealed), -SK_ECRYPTO);
}

static void the_proof_is_of_one_key_token_and_time(void **st)
{
    uint8_t hash[32], sig[REFRESH_SIG_BYTES], secret2[32], key2[REFRESH_KEY_BYTES];

    (void)st;
    crypto_p256_keygen(secret2, key2);
    refresh_proof_hash(hash, "token", now);
    assert_int_equal(crypto_p256_sign(sig, secret, hash), 0);
    assert_int_equal(refresh_proof_check(key, "token", now, sig, now), 0);
    assert_int_equal(refresh_proof_check(key, "token", now, sig, now + REFRESH_SKEW_MS), 0);
    assert_int_equal(refresh_proof_check(key, "token", now, sig, now + REFRESH_SKEW_MS + 1),
                     -SK_EAUTH);
    assert_int_equal(refresh_proof_check(key, "token", now, sig, now - REFRESH_SKEW_MS - 1),
                     -SK_EAUTH);
    assert_int_equal(refresh_proof_check(key, "token", now + 1, sig, now), -SK_EAUTH);
    assert_int_equal(refresh_proof_check(key, "tokeN", now, sig, now), -SK_EAUTH);
    assert_int_equal(refresh_proof_check(key2, "token", now, sig, now), -SK_EAUTH);
}

static void within_the_window_the_same_again(void **st)
{
    struct session s;
    struct refresh_pair first, a, b;

    (void)st;
    enter(&s, &first);
    assert_int_equal(rotate(first.refresh, now + 1000, &a), 0);
    assert_string_not_equal(a.refresh, first.refresh);
    assert_int_equal(rotate(first.refresh, now + 1000 + REFRESH_GRACE_MS - 1, &b), 0);
    assert_memory_equal(&a, &b, sizeof(a)); /* counted from the first use, not prolonged */
    assert_int_equal(rotate(first.refresh, now + 1000 + REFRESH_GRACE_MS, &b), -SK_EREPLAY);
}

static void the_window_ends_when_the_successor_is_used(void **st)
{
    struct session s;
    struct refresh_pair first, a, b;

    (void)st;
    enter(&s, &first);
    assert_int_equal(rotate(first.refresh, now, &a), 0);
    assert_int_equal(rotate(a.refresh, now + 1, &b), 0);
    assert_int_equal(rotate(first.refresh, now + 2, &b), -SK_EREPLAY);
}

static void a_session_that_ended_takes_its_tokens_along(void **st)
{
    struct session s;
    struct refresh_pair first, a;
    uint8_t hash[32];
    char id[ID_SIZE];

    (void)st;
    enter(&s, &first);
    assert_int_equal(token_hash(hash, first.access), 0);
    assert_int_equal(refresh_access_find(hash, now, id), 0);
    assert_string_equal(id, s.id);
    assert_int_equal(refresh_access_find(hash, now + REFRESH_ACCESS_TTL_MS, id), -SK_ENOTFOUND);
    assert_int_equal(ledger_sessions_end(store, &s, 1, "logout", "", now), 0);
    assert_int_equal(session_remove(s.id), 1);
    assert_int_equal(rotate(first.refresh, now, &a), -SK_EAUTH);
}

static void access_tokens_outlive_a_restart(void **st)
{
    struct session s;
    struct refresh_pair first;
    uint8_t hash[32];
    char id[ID_SIZE];

    (void)st;
    enter(&s, &first);
    refresh_table_stop();
    refresh_table_start();
    assert_int_equal(token_hash(hash, first.access), 0);
    assert_int_equal(refresh_access_find(hash, now, id), -SK_ENOTFOUND);
    assert_int_equal(refresh_load(store, now), 0);
    assert_int_equal(refresh_access_find(hash, now, id), 0);
    assert_string_equal(id, s.id);
    refresh_sweep(now + REFRESH_ACCESS_TTL_MS);
    assert_int_equal(refresh_access_find(hash, now, id), -SK_ENOTFOUND);
}

static void one_key_a_session(void **st)
{
    struct session s;
    struct refresh_pair first, b;

    (void)st;
    enter(&s, &first);
    assert_int_equal(refresh_begin(store, &s, key, now, &b), -SK_ECONFLICT);
    assert_int_equal(ledger_sessions_end(store, &s, 1, "logout", "", now), 0);
    assert_int_equal(refresh_begin(store, &s, key, now, &b), -SK_EAUTH);
}

static void used_tokens_are_forgotten_after_a_week(void **st)
{
    const int64_t week = REFRESH_KEEP_DAYS * 24 * 3600 * 1000LL;
    struct session s;
    struct refresh_pair first, a, b;

    (void)st;
    enter(&s, &first);
    assert_int_equal(rotate(first.refresh, now, &a), 0);
    assert_int_equal(refresh_purge(store, now + week), 0);
    assert_int_equal(rotate(first.refresh, now + week, &b), -SK_EREPLAY);
    assert_int_equal(refresh_purge(store, now + week + 1), 0);
    assert_int_equal(rotate(first.refresh, now + week, &b), -SK_EAUTH); /* unknown: no theft */
    assert_int_equal(rotate(a.refresh, now + week, &b), 0);             /* the unused one stays */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_successor_is_sealed),
        cmocka_unit_test(the_proof_is_of_one_key_token_and_time),
        cmocka_unit_test(within_the_window_the_same_again),
        cmocka_unit_test(the_window_ends_when_the_successor_is_used),
        cmocka_unit_test(a_session_that_ended_takes_its_tokens_along),
        cmocka_unit_test(access_tokens_outlive_a_restart),
        cmocka_unit_test(one_key_a_session),
        cmocka_unit_test(used_tokens_are_forgotten_after_a_week),
    };

    return cmocka_run_group_tests(tests, group_start, group_stop);
}
