/* Stored passwords: form, caps, pool. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/internal.h"
#include "base/file.h"

static const char good[] = "$argon2id$v=19$m=19456,t=2,p=1,keyid=abcd1234$AAECAwQFBgcICQoLDA0ODw$"
                           "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

static void round_trip(void **st)
{
    struct phc p;
    char text[PHC_SIZE];

    (void)st;
    assert_int_equal(phc_decode(&p, good), 0);
    assert_int_equal(p.m_kib, 19456);
    assert_int_equal(p.t, 2);
    assert_string_equal(p.pepper, "abcd1234");
    assert_int_equal(p.salt[15], 15);
    assert_int_equal(p.hash[31], 31);
    phc_encode(text, &p);
    assert_string_equal(text, good);
}

static void caps_and_strictness(void **st)
{
#define TAIL ",keyid=abcd1234$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    static const char *const bad[] = {
        "",
        "$argon2id$v=19$m=65537,t=2,p=1" TAIL, /* more memory than we give */
        "$argon2id$v=19$m=4294967295,t=2,p=1" TAIL,
        "$argon2id$v=19$m=99999999999,t=2,p=1" TAIL,
        "$argon2id$v=19$m=7,t=2,p=1" TAIL,
        "$argon2id$v=19$m=19456,t=11,p=1" TAIL,
        "$argon2id$v=19$m=19456,t=0,p=1" TAIL,
        "$argon2id$v=19$m=19456,t=2,p=2" TAIL,
        "$argon2id$v=16$m=19456,t=2,p=1" TAIL,
        "$argon2i$v=19$m=19456,t=2,p=1" TAIL,
        "$argon2id$v=19$m=019456,t=2,p=1" TAIL,
        "$argon2id$v=19$m=+19456,t=2,p=1" TAIL,
        "$argon2id$v=19$m=,t=2,p=1" TAIL,
        "$argon2id$v=19$m=19456,t=2,p=1" TAIL "A",
        "$argon2id$v=19$m=19456,t=2,p=1" TAIL "$",
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk"
        "aGxwdHh8",
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=ABCD1234$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0O"
        "DxAREhMUFRYXGBkaGxwdHh8",
        /* stray bits in the last letter of the salt */
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=abcd1234$AAECAwQFBgcICQoLDA0ODx$AAECAwQFBgcICQoLDA0O"
        "DxAREhMUFRYXGBkaGxwdHh8",
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=abcd1234$AAECAwQFBgcICQoLDA0O$AAECAwQFBgcICQoLDA0ODx"
        "AREhMUFRYXGBkaGxwdHh8",
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=abcd1234$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0O"
        "DxAREhMUFRYXGBkaGxwdHg",
    };
    struct phc p;

    (void)st;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(phc_decode(&p, bad[i]), -SK_EINVAL);
}

static char dir[] = "/tmp/skep-account-XXXXXX";

static int group_start(void **st)
{
    (void)st;
    if (!mkdtemp(dir) || pepper_load(dir, 1))
        return -1;
    return hash_pool_start(1, 2);
}

static int group_stop(void **st)
{
    char *file = sk_path_join(dir, "keys/pepper"), *keys = sk_path_join(dir, "keys");

    (void)st;
    hash_pool_stop();
    pepper_wipe();
    unlink(file);
    rmdir(keys);
    free(file);
    free(keys);
    return rmdir(dir);
}

static void makes_and_checks(void **st)
{
    char phc[PHC_SIZE], again[PHC_SIZE];
    struct phc p;
    int matches, stale;

    (void)st;
    assert_int_equal(hash_make("a b c", 5, phc), 0);
    assert_int_equal(hash_make("a b c", 5, again), 0);
    assert_string_not_equal(phc, again);
    assert_int_equal(phc_decode(&p, phc), 0);
    assert_int_equal(p.m_kib, HASH_M_KIB);
    assert_int_equal(hash_check(phc, "a b c", 5, &matches, &stale), 0);
    assert_true(matches && !stale);
    assert_int_equal(hash_check(phc, "a b C", 5, &matches, &stale), 0);
    assert_false(matches);
    assert_int_equal(hash_check(phc, "a b c", 4, &matches, &stale), 0);
    assert_false(matches);
    /* nobody's hash costs the same and never matches */
    assert_int_equal(hash_check(NULL, "a b c", 5, &matches, &stale), 0);
    assert_false(matches || stale);
    assert_int_equal(hash_check("", "", 0, &matches, &stale), 0);
    assert_false(matches || stale);
}

static void refuses_what_it_cannot_check(void **st)
{
    char phc[PHC_SIZE];
    int matches, stale;

    (void)st;
    assert_int_equal(hash_check("$argon2id$v=19$m=4194304,t=2,p=1", "x", 1, &matches, &stale),
                     -SK_EIO);
    assert_int_equal(hash_make("x", 1, phc), 0);
    memcpy(strstr(phc, "keyid=") + 6, "zzzzzzzz", 8); /* a pepper that is lost */
    assert_int_equal(hash_check(phc, "x", 1, &matches, &stale), -SK_EIO);
    assert_false(matches);
}

static void old_pepper_is_stale(void **st)
{
    char *path = sk_path_join(dir, "keys/pepper");
    char phc[PHC_SIZE];
    struct sk_buf text;
    int matches, stale;

    (void)st;
    assert_int_equal(hash_make("turned", 6, phc), 0);
    sk_buf_init(&text, 512);
    assert_int_equal(
        sk_buf_add_str(&text, "00000000 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"), 0);
    assert_int_equal(sk_file_read(&text, path), 0);
    assert_int_equal(sk_file_write(path, text.data, text.len, 0600), 0);
    assert_int_equal(pepper_load(dir, 0), 0);
    assert_string_equal(pepper_first(), "00000000");
    assert_int_equal(hash_check(phc, "turned", 6, &matches, &stale), 0);
    assert_true(matches && stale);
    sk_buf_fini_wipe(&text);
    free(path);
}

static void pepper_file_is_guarded(void **st)
{
    char *path = sk_path_join(dir, "keys/pepper");
    struct stat info;

    (void)st;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(pepper_load(dir, 1), -SK_EDENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(pepper_load("/nonexistent", 0), -SK_ENOTFOUND);
    assert_int_equal(pepper_load(dir, 0), 0);
    free(path);
}

static void *flood(void *arg)
{
    char phc[PHC_SIZE];
    int *result = arg;

    *result = hash_make("flood", 5, phc);
    return NULL;
}

static void a_flood_is_turned_away(void **st)
{
    enum { CALLERS = 12 };
    pthread_t threads[CALLERS];
    int results[CALLERS], done = 0, busy = 0;

    (void)st;
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, flood, &results[i]), 0);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        done += results[i] == 0;
        busy += results[i] == -SK_EBUSY;
    }
    assert_int_equal(done + busy, CALLERS);
    assert_true(done >= 2 && busy >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(caps_and_strictness),
        cmocka_unit_test(makes_and_checks),
        cmocka_unit_test(refuses_what_it_cannot_check),
        cmocka_unit_test(old_pepper_is_stale),
        cmocka_unit_test(pepper_file_is_guarded),
        cmocka_unit_test(a_flood_is_turned_away),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
