/* Sealed files: every single wrong byte, every cut and every other key is refused, for a file of
 * one chunk; chunks that are moved, doubled or left out, for a file of several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup/folder.h"
#include "backup/sealed.h"
#include "base/sys.h"
#include "crypto/p256.h"
#include "crypto/tls.h"

enum { SMALL = 300, LARGE = 3 * SEAL_CHUNK_BYTES + 17, BOX = SEAL_CHUNK_BYTES + 16 };

static uint8_t secret[32], public_key[65];

static int file_temporary(void)
{
    char path[] = "/tmp/skep-sealed-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

/* The sealed bytes of `data`; free() them. */
static uint8_t *seal(const uint8_t *data, size_t len, size_t *sealed_len)
{
    struct sealed_head head = {.kind = SEAL_FULL, .made_ms = 1700000000000};
    struct sealed_writer *w;
    uint8_t hash[32], key[32];
    int fd = file_temporary();

    assert_int_equal(sealed_begin(&w, fd, public_key, &head), 0);
    for (size_t at = 0; at < len; at += 1000) /* in odd pieces */
        assert_int_equal(sealed_add(w, data + at, len - at < 1000 ? len - at : 1000), 0);
    assert_int_equal(sealed_end(w, hash, key), 0);
    sealed_writer_free(&w);
    *sealed_len = (size_t)lseek(fd, 0, SEEK_END);
    uint8_t *out = malloc(*sealed_len + BOX);
    assert_int_equal(pread(fd, out, *sealed_len, 0), (ssize_t)*sealed_len);
    close(fd);
    return out;
}

/* Open `sealed` and read all of it: the first error. */
static int opened(const uint8_t *sealed, size_t len, const uint8_t *with, uint8_t *data,
                  size_t data_len, struct sk_buf *why)
{
    struct sealed_reader *r;
    struct sealed_head head;
    int fd = file_temporary();

    assert_int_equal(write(fd, sealed, len), (ssize_t)len);
    lseek(fd, 0, SEEK_SET);
    sk_buf_reset(why);
    int err = sealed_open(&r, fd, with, &head, why);
    if (!err)
        err = sealed_read(r, data, data_len, why);
    if (!err)
        err = sealed_read_end(r, why);
    if (!err)
        assert_int_equal(head.made_ms, 1700000000000);
    sealed_reader_free(&r);
    close(fd);
    return err;
}

static void every_byte_counts(void **state)
{
    uint8_t data[SMALL], got[SMALL];
    struct sk_buf why;
    size_t len;

    (void)state;
    sk_random(data, sizeof(data));
    sk_buf_init(&why, 1024);
    uint8_t *sealed = seal(data, sizeof(data), &len);
    assert_int_equal(len, SEAL_HEADER_BYTES + SMALL + 16);
    assert_int_equal(opened(sealed, len, secret, got, sizeof(got), &why), 0);
    assert_memory_equal(got, data, sizeof(data));
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= (uint8_t)(1 + sk_random_below(255));
        int err = opened(sealed, len, secret, got, sizeof(got), &why);
        assert_int_not_equal(err, 0);
        assert_true(why.len > 0); /* with the reason */
        free(sealed);
        sealed = seal(data, sizeof(data), &len);
    }
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_not_equal(opened(sealed, cut, secret, got, sizeof(got), &why), 0);
        assert_true(why.len > 0);
    }
    sealed[len] = 0;
    assert_int_not_equal(opened(sealed, len + 1, secret, got, sizeof(got), &why), 0);
    free(sealed);
    sk_buf_fini(&why);
}

static void another_key_is_named(void **state)
{
    uint8_t other[32], point[65], data[SMALL] = {0}, got[SMALL];
    struct sk_buf why;
    size_t len;

    (void)state;
    sk_buf_init(&why, 1024);
    crypto_p256_keygen(other, point);
    uint8_t *sealed = seal(data, sizeof(data), &len);
    assert_int_equal(opened(sealed, len, other, got, sizeof(got), &why), -SK_EDENIED);
    assert_non_null(strstr((const char *)why.data, "Wrong key"));
    free(sealed);
    sk_buf_fini(&why);
}

static void chunks_stay_in_order(void **state)
{
    uint8_t *data = malloc(LARGE), *got = malloc(LARGE), *held = malloc(BOX);
    struct sk_buf why;
    size_t len;

    (void)state;
    sk_random(data, LARGE);
    sk_buf_init(&why, 1024);
    uint8_t *sealed = seal(data, LARGE, &len), *first = sealed + SEAL_HEADER_BYTES;
    assert_int_equal(len, SEAL_HEADER_BYTES + 3 * BOX + 17 + 16);
    assert_int_equal(opened(sealed, len, secret, got, LARGE, &why), 0);
    assert_memory_equal(got, data, LARGE);
    memcpy(held, first, BOX); /* the first two change places */
    memmove(first, first + BOX, BOX);
    memcpy(first + BOX, held, BOX);
    assert_int_equal(opened(sealed, len, secret, got, LARGE, &why), -SK_ECRYPTO);
    memcpy(first + BOX, first, BOX); /* the second one twice */
    assert_int_equal(opened(sealed, len, secret, got, LARGE, &why), -SK_ECRYPTO);
    free(sealed);
    for (size_t n = 1; n <= 3; n++) { /* cut off between two chunks */
        sealed = seal(data, LARGE, &len);
        assert_int_equal(opened(sealed, SEAL_HEADER_BYTES + n * BOX, secret, got, LARGE, &why),
                         -SK_ECRYPTO);
        free(sealed);
    }
    sealed = seal(data, 2 * SEAL_CHUNK_BYTES, &len); /* ends with a chunk */
    assert_int_equal(opened(sealed, len, secret, got, 2 * SEAL_CHUNK_BYTES, &why), 0);
    assert_int_equal(opened(sealed, len, secret, got, 2 * SEAL_CHUNK_BYTES + 1, &why), -SK_EGAP);
    assert_int_equal(opened(sealed, len, secret, got, SMALL, &why), -SK_EIO);
    free(sealed);
    sealed = seal(data, 0, &len); /* nothing is a content, too */
    assert_int_equal(opened(sealed, len, secret, got, 0, &why), 0);
    free(sealed);
    free(held);
    free(got);
    free(data);
    sk_buf_fini(&why);
}

static void names_stay_below(void **state)
{
    static const char *const good[] = {"core.db", "keys/pepper", "a/b/c.d-e_f"};
    static const char *const bad[] = {"",    "/etc/passwd", "..",  "a/../b", "a//b", "a/",
                                      "./a", "a\nb",        "a b", ".",      "a/.",  "../x"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_int_equal(folder_name_is_plain(good[i]), 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(folder_name_is_plain(bad[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(another_key_is_named),
        cmocka_unit_test(chunks_stay_in_order),
        cmocka_unit_test(names_stay_below),
    };

    if (tls_init())
        return 1;
    crypto_p256_keygen(secret, public_key);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
