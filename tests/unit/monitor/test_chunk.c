#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/chunk.h"
#include "monitor/sample.h"

enum { POINTS = 720 };

struct world {
    int64_t v[4][POINTS];
    uint8_t present[4][CHUNK_BITMAP_SIZE];
    struct chunk_series series[4];
    struct chunk_head head;
    struct sk_buf out;
};

/* A steady walk with noise, one of extremes, one with gaps, one that has nothing. */
static void world_make(struct world *w)
{
    uint64_t seed = 88172645463325252u;

    memset(w, 0, sizeof(*w));
    for (size_t i = 0; i < POINTS; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        w->v[0][i] = 500 + (int64_t)(seed % 7) + (i ? w->v[0][i - 1] - 500 : 0) / 2;
        w->v[1][i] = i % 3 == 0 ? INT64_MIN : i % 3 == 1 ? INT64_MAX : (int64_t)seed;
        w->v[2][i] = (int64_t)i * 10;
        chunk_bit_set(w->present[0], i);
        chunk_bit_set(w->present[1], i);
        if (seed % 5)
            chunk_bit_set(w->present[2], i);
    }
    for (uint16_t s = 0; s < 4; s++)
        w->series[s] =
            (struct chunk_series){.key = (uint16_t)(s * 9), .v = w->v[s], .present = w->present[s]};
    w->head = (struct chunk_head){
        .tier = 1, .points = POINTS, .series = 4, .step_ms = 10000, .t0_ms = 1700000000000};
    sk_buf_init(&w->out, CHUNK_BYTES_MAX);
}

static void series_same(const struct world *w, const struct chunk *c, size_t s)
{
    int64_t v[CHUNK_POINTS_MAX];
    uint8_t present[CHUNK_BITMAP_SIZE];

    assert_int_equal(chunk_read(c, (uint16_t)(s * 9), v, present), 0);
    assert_memory_equal(present, w->present[s], POINTS / 8);
    for (size_t i = 0; i < POINTS; i++)
        if (chunk_bit(present, i))
            assert_true(v[i] == w->v[s][i]);
}

static void what_is_packed_comes_back(void **state)
{
    struct world *w = malloc(sizeof(*w));
    struct chunk c;
    int64_t v[CHUNK_POINTS_MAX];
    uint8_t present[CHUNK_BITMAP_SIZE];

    (void)state;
    world_make(w);
    assert_int_equal(chunk_pack(&w->out, &w->head, w->series), 0);
    assert_int_equal(chunk_open(&c, w->out.data, w->out.len), 0);
    assert_int_equal(c.head.points, POINTS);
    assert_int_equal(c.head.t0_ms, 1700000000000);
    for (size_t s = 0; s < 4; s++)
        series_same(w, &c, s);
    assert_int_equal(chunk_read(&c, 1, v, present), -SK_ENOTFOUND);
    sk_buf_fini(&w->out);
    free(w);
}

static void quiet_series_take_less_than_a_byte_a_point(void **state)
{
    struct world *w = malloc(sizeof(*w));

    (void)state;
    world_make(w);
    w->head.series = 1;
    assert_int_equal(chunk_pack(&w->out, &w->head, w->series), 0);
    assert_true(w->out.len < POINTS);
    sk_buf_fini(&w->out);
    free(w);
}

static void every_changed_byte_is_seen(void **state)
{
    struct world *w = malloc(sizeof(*w));
    struct chunk c;

    (void)state;
    world_make(w);
    assert_int_equal(chunk_pack(&w->out, &w->head, w->series), 0);
    for (size_t i = 0; i < w->out.len; i++) {
        w->out.data[i] ^= 0x10;
        assert_true(chunk_open(&c, w->out.data, w->out.len) < 0);
        w->out.data[i] ^= 0x10;
    }
    for (size_t len = 0; len < w->out.len; len += 37)
        assert_true(chunk_open(&c, w->out.data, len) < 0);
    sk_buf_fini(&w->out);
    free(w);
}

static void keys_must_rise(void **state)
{
    struct world *w = malloc(sizeof(*w));

    (void)state;
    world_make(w);
    w->series[2].key = w->series[1].key;
    assert_int_equal(chunk_pack(&w->out, &w->head, w->series), -SK_EINVAL);
    sk_buf_fini(&w->out);
    free(w);
}

static void crc_is_castagnoli(void **state)
{
    uint8_t zeros[32] = {0};

    (void)state;
    assert_int_equal(chunk_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(chunk_crc32c(0, zeros, 32), 0x8a9136aa); /* RFC 3720 B.4 */
    assert_int_equal(chunk_crc32c(chunk_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void varints_have_one_form(void **state)
{
    static const int64_t values[] = {0, -1, 1, 63, -64, 64, INT64_MAX, INT64_MIN};
    static const uint8_t longer[] = {0x80, 0x00},
                         beyond[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        struct sk_buf b;
        size_t at = 0;
        int64_t v;
        sk_buf_init(&b, 16);
        assert_int_equal(varint_write(&b, values[i]), 0);
        assert_int_equal(varint_read(b.data, b.len, &at, &v), 0);
        assert_true(v == values[i] && at == b.len);
        at = 0;
        assert_int_equal(varint_read(b.data, b.len - 1, &at, &v), -SK_EINVAL);
        sk_buf_fini(&b);
    }
    size_t at = 0;
    int64_t v;
    assert_int_equal(varint_read(longer, sizeof(longer), &at, &v), -SK_EINVAL);
    at = 0;
    assert_int_equal(varint_read(beyond, sizeof(beyond), &at, &v), -SK_EINVAL);
}

static void samples_come_back(void **state)
{
    struct monitor_sample s = {.slot = 170000000}, back;
    struct sk_buf b;
    size_t at = 0;

    (void)state;
    monitor_sample_set(&s, METRIC_CPU, 123);
    monitor_sample_set(&s, METRIC_CLOCK_OFFSET, -150000);
    monitor_sample_set(&s, METRIC_SERVICES_DOWN, INT64_MAX);
    sk_buf_init(&b, SAMPLE_BYTES_MAX);
    assert_int_equal(sample_write(&b, &s), 0);
    assert_int_equal(sample_read(b.data, b.len, &at, &back), 0);
    assert_true(at == b.len && back.slot == s.slot && back.has == s.has);
    assert_int_equal(back.v[METRIC_CLOCK_OFFSET], -150000);
    assert_int_equal(back.v[METRIC_SERVICES_DOWN], MONITOR_VALUE_MAX);
    for (size_t len = 0; len < b.len; len++) {
        at = 0;
        assert_int_equal(sample_read(b.data, len, &at, &back), -SK_EINVAL);
    }
    b.data[8] = 0x80; /* a metric of another version */
    at = 0;
    assert_int_equal(sample_read(b.data, b.len, &at, &back), -SK_EINVAL);
    sk_buf_fini(&b);
}

static void the_best_of_eight_exchanges_counts(void **state)
{
    struct clock_estimate e = {0};
    int64_t offset, uncertainty;

    (void)state;
    assert_int_equal(clock_best(&e, &offset, &uncertainty), -SK_EAGAIN);
    /* A host 15 s ahead; 2 ms there, 2 ms back, 1 ms at the hub. */
    struct clock_exchange even = {15000000, 2000, 3000, 15005000};
    assert_int_equal(clock_take(&e, &even, 5000), 0);
    assert_int_equal(clock_best(&e, &offset, &uncertainty), 0);
    assert_true(offset == 15000000 && uncertainty == 2000);
    /* 40 ms one way: wrong by 20 ms, and says so; the better one stays for seven more. */
    struct clock_exchange lame = {15000000, 40000, 40000, 15040000};
    for (int i = 0; i < 7; i++)
        assert_int_equal(clock_take(&e, &lame, 40000), 0);
    assert_int_equal(clock_best(&e, &offset, &uncertainty), 0);
    assert_true(offset == 15000000);
    assert_int_equal(clock_take(&e, &lame, 40000), 0);
    assert_int_equal(clock_best(&e, &offset, &uncertainty), 0);
    assert_true(offset == 14980000 && uncertainty == 20000);
}

static void an_exchange_over_a_step_of_the_clock_is_not_taken(void **state)
{
    struct clock_estimate e = {0};
    struct clock_exchange stepped = {0, 2000, 3000, 3600005000};
    struct clock_exchange back = {5000, 2000, 1000, 10000};

    (void)state;
    assert_int_equal(clock_take(&e, &stepped, 5000), -SK_EINVAL);
    assert_int_equal(clock_take(&e, &back, 5000), -SK_EINVAL);
    back.t1 = INT64_MIN;
    assert_int_equal(clock_take(&e, &back, 5000), -SK_EINVAL);
    assert_int_equal(e.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(quiet_series_take_less_than_a_byte_a_point),
        cmocka_unit_test(every_changed_byte_is_seen),
        cmocka_unit_test(keys_must_rise),
        cmocka_unit_test(crc_is_castagnoli),
        cmocka_unit_test(varints_have_one_form),
        cmocka_unit_test(samples_come_back),
        cmocka_unit_test(the_best_of_eight_exchanges_counts),
        cmocka_unit_test(an_exchange_over_a_step_of_the_clock_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
