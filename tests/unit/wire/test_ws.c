/* WebSocket heads in both directions, and RFC 6455's own example of the opening answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/ws.h"

static void test_accept(void **state)
{
    char out[WS_ACCEPT_SIZE];
    (void)state;
    assert_int_equal(ws_accept_encode(out, "dGhlIHNhbXBsZSBub25jZQ==", 24), 0);
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_int_equal(ws_accept_encode(out, "dGhlIHNhbXBsZSBub25jZQ=", 23), -SK_EINVAL);
    assert_int_equal(ws_accept_encode(out, "dGhlIHNhbXBsZSBub25jZQAA", 24), -SK_EINVAL);
    assert_int_equal(ws_accept_encode(out, "dGhlIHNhbXBsZSBub25jZ!==", 24), -SK_EINVAL);
    assert_int_equal(ws_accept_encode(out, "", 0), -SK_EINVAL);
}

static void test_server_heads(void **state)
{
    static const struct {
        uint64_t len;
        size_t size;
        uint8_t bytes[10];
    } rows[] = {
        {0, 2, {0x82, 0}},
        {125, 2, {0x82, 125}},
        {126, 4, {0x82, 126, 0, 126}},
        {65535, 4, {0x82, 126, 0xff, 0xff}},
        {65536, 10, {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint8_t out[WS_HEAD_MAX];
        assert_int_equal(ws_head_encode(out, WS_BINARY, rows[i].len), rows[i].size);
        assert_memory_equal(out, rows[i].bytes, rows[i].size);
    }
}

static void test_client_heads(void **state)
{
    static const struct {
        uint8_t bytes[14];
        size_t size;
        uint64_t len;
        int rc;
    } rows[] = {
        {{0x82, 0x85, 1, 2, 3, 4}, 6, 5, 0},
        {{0x01, 0x80, 1, 2, 3, 4}, 6, 0, 0},
        {{0x82, 0xfe, 0, 126, 1, 2, 3, 4}, 8, 126, 0},
        {{0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}, 14, 65536, 0},
        {{0x88, 0xfd, 1, 2, 3, 4}, 6, 125, 0},
        {{0x82, 0x05, 1, 2, 3, 4}, 6, 0, -SK_EINVAL},         /* no mask */
        {{0xc2, 0x85, 1, 2, 3, 4}, 6, 0, -SK_EINVAL},         /* RSV1 */
        {{0x83, 0x85, 1, 2, 3, 4}, 6, 0, -SK_EINVAL},         /* opcode 3 */
        {{0x8b, 0x85, 1, 2, 3, 4}, 6, 0, -SK_EINVAL},         /* opcode 11 */
        {{0x08, 0x80, 1, 2, 3, 4}, 6, 0, -SK_EINVAL},         /* fragmented close */
        {{0x89, 0xfe, 0, 126, 1, 2, 3, 4}, 8, 0, -SK_EINVAL}, /* long ping */
        {{0x82, 0xfe, 0, 125, 1, 2, 3, 4}, 8, 0, -SK_EINVAL}, /* length not shortest */
        {{0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 14, 0, -SK_EINVAL},
        {{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0}, 14, 0, -SK_EINVAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ws_frame_head head;
        assert_int_equal(ws_head_decode(&head, rows[i].bytes, rows[i].size), rows[i].rc);
        if (rows[i].rc != 0)
            continue;
        assert_int_equal(head.payload_len, rows[i].len);
        assert_int_equal(head.head_len, rows[i].size);
        assert_memory_equal(head.mask, ((const uint8_t[]){1, 2, 3, 4}), 4);
        for (size_t n = 0; n < rows[i].size; n++)
            assert_int_equal(ws_head_decode(&head, rows[i].bytes, n), -SK_EAGAIN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_server_heads),
        cmocka_unit_test(test_client_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
