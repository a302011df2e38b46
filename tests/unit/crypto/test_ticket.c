#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/ticket.h"

enum { T0 = 1000000 };
static const int64_t DAY = TICKET_ROTATE_MS;

static struct ticket_identity someone(void)
{
    struct ticket_identity who = {.alpn = "skep-device/1",
                                  .device_id = "k3vz6d2mq5xw7t4h",
                                  .serial = {1, 2, 3},
                                  .serial_len = 3,
                                  .not_after_ms = T0 + 90 * DAY};
    return who;
}

static uint8_t ticket[TICKET_SIZE_MAX], session[TICKET_SESSION_MAX];
static size_t ticket_len, session_len;

static void seal(struct ticket_keys *keys, int64_t now_ms)
{
    struct ticket_identity who = someone();
    uint32_t lifetime_s = 0;
    assert_int_equal(ticket_seal(keys, &who, "session bytes", 13, ticket, sizeof ticket,
                                 &ticket_len, &lifetime_s, now_ms),
                     0);
    assert_in_range(lifetime_s, DAY / 1000, 2 * DAY / 1000);
}

static int open_at(struct ticket_keys *keys, int64_t now_ms)
{
    struct ticket_identity who;
    int err = ticket_open(keys, ticket, ticket_len, &who, session, &session_len, now_ms);
    if (err == 0) {
        struct ticket_identity want = someone();
        assert_string_equal(who.alpn, want.alpn);
        assert_string_equal(who.device_id, want.device_id);
        assert_int_equal(who.serial_len, 3);
        assert_memory_equal(who.serial, want.serial, 3);
        assert_int_equal(who.not_after_ms, want.not_after_ms);
        assert_int_equal(session_len, 13);
        assert_memory_equal(session, "session bytes", 13);
    }
    return err;
}

static void rotation(void **state)
{
    (void)state;
    struct ticket_keys *keys = ticket_keys_new(1, T0);
    seal(keys, T0);
    assert_int_equal(open_at(keys, T0 + 5), 0);
    assert_int_equal(ticket_keys_rotate(keys, T0 + DAY - 1), 0);
    assert_int_equal(ticket_keys_rotate(keys, T0 + DAY), 1);
    assert_int_equal(open_at(keys, T0 + DAY), 0);
    assert_int_equal(open_at(keys, T0 + 2 * DAY), -SK_EGONE);
    assert_int_equal(ticket_keys_rotate(keys, T0 + 2 * DAY), 1);
    assert_int_equal(open_at(keys, T0 + 2 * DAY), -SK_ECRYPTO);
    ticket_keys_free(keys);
}

static void certificate_expiry(void **state)
{
    (void)state;
    struct ticket_keys *keys = ticket_keys_new(1, T0);
    struct ticket_identity who = someone(), got;
    uint32_t lifetime_s;
    who.not_after_ms = T0 + 1000;
    assert_int_equal(
        ticket_seal(keys, &who, "s", 1, ticket, sizeof ticket, &ticket_len, &lifetime_s, T0), 0);
    assert_int_equal(ticket_open(keys, ticket, ticket_len, &got, session, &session_len, T0 + 999),
                     0);
    assert_int_equal(ticket_open(keys, ticket, ticket_len, &got, session, &session_len, T0 + 1000),
                     -SK_EGONE);
    ticket_keys_free(keys);
}

static void survives_restart(void **state)
{
    (void)state;
    uint8_t kek[TICKET_KEK_SIZE] = {7}, wrong[TICKET_KEK_SIZE] = {8};
    struct ticket_keys *keys = ticket_keys_new(3, T0), *loaded = NULL;
    struct sk_buf file;
    sk_buf_init(&file, 4096);
    seal(keys, T0);
    assert_int_equal(ticket_keys_rotate(keys, T0 + DAY), 1);
    assert_int_equal(ticket_keys_save(&file, keys, kek), 0);
    ticket_keys_free(keys);

    assert_int_equal(ticket_keys_load(&loaded, file.data, file.len, wrong, T0), -SK_ECRYPTO);
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 0x10;
        assert_int_not_equal(ticket_keys_load(&loaded, file.data, file.len, kek, T0 + DAY), 0);
        file.data[i] ^= 0x10;
        assert_int_not_equal(ticket_keys_load(&loaded, file.data, i, kek, T0 + DAY), 0);
    }
    assert_int_equal(ticket_keys_load(&loaded, file.data, file.len, kek, T0 + DAY + 1), 0);
    assert_int_equal(open_at(loaded, T0 + DAY + 1), 0);
    ticket_keys_free(loaded);
    /* A long stop: nothing old opens any more, but new tickets can be made. */
    assert_int_equal(ticket_keys_load(&loaded, file.data, file.len, kek, T0 + 9 * DAY), 0);
    assert_int_not_equal(open_at(loaded, T0 + 9 * DAY), 0);
    seal(loaded, T0 + 9 * DAY);
    assert_int_equal(open_at(loaded, T0 + 9 * DAY), 0);
    ticket_keys_free(loaded);
    sk_buf_fini(&file);
}

static void epoch_and_reset(void **state)
{
    (void)state;
    struct ticket_keys *keys = ticket_keys_new(1, T0);
    seal(keys, T0);
    ticket_keys_reset(keys, 2, T0 + 1);
    assert_int_equal(open_at(keys, T0 + 1), -SK_ECRYPTO);
    ticket_keys_free(keys);
}

static void changed_bytes(void **state)
{
    (void)state;
    struct ticket_keys *keys = ticket_keys_new(1, T0), *other = ticket_keys_new(1, T0);
    seal(keys, T0);
    assert_int_equal(open_at(other, T0), -SK_ECRYPTO);
    for (size_t i = 0; i < ticket_len; i++) {
        ticket[i] ^= 0x80;
        assert_int_equal(open_at(keys, T0), -SK_ECRYPTO);
        ticket[i] ^= 0x80;
    }
    size_t whole = ticket_len;
    for (ticket_len = 0; ticket_len < whole; ticket_len++)
        assert_int_equal(open_at(keys, T0), -SK_ECRYPTO);
    assert_int_equal(open_at(keys, T0), 0);
    ticket_keys_free(keys);
    ticket_keys_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotation),         cmocka_unit_test(certificate_expiry),
        cmocka_unit_test(survives_restart), cmocka_unit_test(epoch_and_reset),
        cmocka_unit_test(changed_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
