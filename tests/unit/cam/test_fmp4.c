#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware-sim/cam/fmp4.h"

static const uint8_t avcc[] = {1,    0x4d, 0x40, 0x1f, 0xff, 0xe1, 0,    5,    0x67, 0x4d,
                               0x40, 0x1f, 0x11, 1,    0,    4,    0x68, 0xee, 0x3c, 0x80};
static const struct cam_fmp4_track track = {
    .width = 1280, .height = 720, .avcc = avcc, .avcc_len = sizeof avcc};

/* A reader of its own: finds the box of a path like "moov/trak/mdia" and checks that every level
 * on the way is filled by its boxes exactly. Content begins after the 8-byte head plus what the
 * containers stsd, avc1 carry before their first child. */
static const uint8_t *box_find(const uint8_t *data, size_t len, const char *path, size_t *out_len)
{
    const uint8_t *found = NULL;
    size_t at = 0;
    while (at < len) {
        assert_true(at + 8 <= len);
        size_t size = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
                      (size_t)data[at + 2] << 8 | data[at + 3];
        assert_true(size >= 8 && size <= len - at);
        if (!found && memcmp(data + at + 4, path, 4) == 0) {
            size_t skip = memcmp(path, "stsd", 4) == 0 || memcmp(path, "dref", 4) == 0 ? 16 : 8;
            skip = memcmp(path, "avc1", 4) == 0 ? 86 : skip;
            found = data + at + 8;
            *out_len = size - 8;
            if (path[4] == '/') {
                found = box_find(data + at + skip, size - skip, path + 5, out_len);
            }
        }
        at += size;
    }
    return found;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const uint8_t *need(const struct sk_buf *b, const char *path, size_t len)
{
    size_t got = 0;
    const uint8_t *box = box_find(b->data, b->len, path, &got);
    if (!box) {
        fail_msg("no box %s", path);
    }
    if (len) {
        assert_int_equal(got, len);
    }
    return box;
}

static void init_segment_is_whole(void **state)
{
    (void)state;
    struct sk_buf out;
    sk_buf_init(&out, 4096);
    assert_int_equal(cam_fmp4_init(&track, &out), 0);
    assert_memory_equal(out.data + 4, "ftypiso6", 8);
    assert_int_equal(u32(need(&out, "moov/mvhd", 100) + 12), 90000);
    assert_int_equal(u32(need(&out, "moov/mvhd", 100) + 16), 0);
    const uint8_t *tkhd = need(&out, "moov/trak/tkhd", 84);
    assert_int_equal(u32(tkhd), 3);
    assert_int_equal(u32(tkhd + 12), 1);
    assert_int_equal(u32(tkhd + 76), 1280 << 16);
    assert_int_equal(u32(tkhd + 80), 720 << 16);
    assert_int_equal(u32(need(&out, "moov/trak/mdia/mdhd", 24) + 12), 90000);
    assert_memory_equal(need(&out, "moov/trak/mdia/hdlr", 0) + 8, "vide", 4);
    need(&out, "moov/trak/mdia/minf/vmhd", 12);
    assert_int_equal(u32(need(&out, "moov/trak/mdia/minf/dinf/dref/url ", 4)), 1);
    static const char *const empty[] = {"moov/trak/mdia/minf/stbl/stts",
                                        "moov/trak/mdia/minf/stbl/stsc",
                                        "moov/trak/mdia/minf/stbl/stco"};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(u32(need(&out, empty[i], 8) + 4), 0);
    }
    need(&out, "moov/trak/mdia/minf/stbl/stsz", 12);
    const uint8_t *avc1 = need(&out, "moov/trak/mdia/minf/stbl/stsd/avc1", 0);
    assert_int_equal(u32(avc1 + 24), 1280u << 16 | 720u);
    assert_memory_equal(need(&out, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC", sizeof avcc), avcc,
                        sizeof avcc);
    const uint8_t *trex = need(&out, "moov/mvex/trex", 24);
    assert_int_equal(u32(trex + 4), 1);
    assert_int_equal(u32(trex + 8), 1);
    sk_buf_fini(&out);
}

static void fragment_is_whole(void **state)
{
    (void)state;
    static const uint8_t unit[] = {0, 0, 0, 3, 0x65, 1, 2};
    for (int is_key = 0; is_key < 2; is_key++) {
        struct cam_fmp4_sample sample = {.data = unit,
                                         .len = sizeof unit,
                                         .pts_90k = UINT64_C(0x0123456789ab),
                                         .duration_90k = 3600,
                                         .is_key = is_key};
        struct sk_buf out;
        sk_buf_init(&out, 4096);
        assert_int_equal(cam_fmp4_fragment(&sample, 77, &out), 0);
        assert_int_equal(out.len, CAM_FMP4_FRAGMENT_OVERHEAD + sizeof unit);
        assert_int_equal(u32(need(&out, "moof/mfhd", 8) + 4), 77);
        const uint8_t *tfhd = need(&out, "moof/traf/tfhd", 8);
        assert_int_equal(u32(tfhd), 0x020000);
        assert_int_equal(u32(tfhd + 4), 1);
        const uint8_t *tfdt = need(&out, "moof/traf/tfdt", 12);
        assert_int_equal(u32(tfdt), 0x01000000);
        assert_int_equal(u32(tfdt + 4), 0x0123);
        assert_int_equal(u32(tfdt + 8), 0x456789ab);
        const uint8_t *trun = need(&out, "moof/traf/trun", 24);
        assert_int_equal(u32(trun), 0x000701);
        assert_int_equal(u32(trun + 4), 1);
        assert_int_equal(u32(trun + 12), 3600);
        assert_int_equal(u32(trun + 16), sizeof unit);
        assert_int_equal(u32(trun + 20), is_key ? 0x02000000 : 0x01010000);
        assert_memory_equal(out.data + u32(trun + 8), unit, sizeof unit);
        assert_ptr_equal(need(&out, "mdat", sizeof unit), out.data + u32(trun + 8));
        sk_buf_fini(&out);
    }
}

static void full_buffers_and_bad_records_are_refused(void **state)
{
    (void)state;
    static const uint8_t unit[64] = {0};
    struct sk_buf out;
    struct cam_fmp4_track bad = track;
    struct cam_fmp4_sample sample = {.data = unit, .len = sizeof unit, .duration_90k = 1};
    char codec[CAM_CODEC_CAP];
    size_t whole;
    sk_buf_init(&out, 4096);
    assert_int_equal(cam_fmp4_init(&track, &out), 0);
    whole = out.len;
    sk_buf_fini(&out);
    for (size_t max = 0; max < whole; max++) { /* at every byte, without a write beyond */
        sk_buf_init(&out, max);
        assert_int_equal(cam_fmp4_init(&track, &out), -SK_ETOOBIG);
        sk_buf_fini(&out);
    }
    sk_buf_init(&out, CAM_FMP4_FRAGMENT_OVERHEAD + sizeof unit - 1);
    assert_int_equal(cam_fmp4_fragment(&sample, 1, &out), -SK_ETOOBIG);
    sample.len = 0;
    assert_int_equal(cam_fmp4_fragment(&sample, 1, &out), -SK_EINVAL);
    bad.avcc_len = 6;
    assert_int_equal(cam_fmp4_init(&bad, &out), -SK_EINVAL);
    bad = track;
    bad.width = 0;
    assert_int_equal(cam_fmp4_init(&bad, &out), -SK_EINVAL);
    assert_int_equal(cam_fmp4_codec(avcc, 3, codec), -SK_EINVAL);
    assert_int_equal(cam_fmp4_codec(avcc, sizeof avcc, codec), 0);
    assert_string_equal(codec, "avc1.4D401F");
    sk_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_segment_is_whole),
        cmocka_unit_test(fragment_is_whole),
        cmocka_unit_test(full_buffers_and_bad_records_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
