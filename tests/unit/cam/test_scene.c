#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware-sim/cam/scene.h"

#define NOW_MS INT64_C(1795334400123)

static const unsigned sizes[2][2] = {{640, 360}, {1280, 720}};

static struct cam_scene *scene_open(unsigned place, uint64_t seed, unsigned size, bool cells)
{
    struct cam_scene_options options = {
        .scene = place, .seed = seed, .name = "test-cam", .clock_cells = cells};
    struct cam_scene *scene = NULL;
    assert_int_equal(cam_scene_new(&options, sizes[size][0], sizes[size][1], &scene), 0);
    return scene;
}

/* FNV-1a over a region's luma, or over the whole picture with chroma. */
static uint64_t hash_luma(const struct cam_picture *p, unsigned y0, unsigned y1)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (unsigned y = y0; y < y1; y++) {
        for (unsigned x = 0; x < p->width; x++) {
            h = (h ^ p->plane[0][(size_t)y * p->stride[0] + x]) * UINT64_C(1099511628211);
        }
    }
    return h;
}

static uint64_t hash_picture(const struct cam_picture *p)
{
    uint64_t h = hash_luma(p, 0, p->height);
    for (unsigned k = 1; k < 3; k++) {
        for (size_t i = 0; i < (size_t)p->stride[k] * (p->height / 2); i++) {
            h = (h ^ p->plane[k][i]) * UINT64_C(1099511628211);
        }
    }
    return h;
}

static uint64_t hash_at(unsigned place, uint64_t seed, unsigned size, int64_t wall_ms)
{
    struct cam_scene *scene = scene_open(place, seed, size, true);
    uint64_t h = hash_picture(cam_scene_draw(scene, wall_ms, 7));
    cam_scene_free(&scene);
    assert_null(scene);
    return h;
}

static void same_input_same_picture(void **state)
{
    (void)state;
    for (unsigned place = 0; place < CAM_SCENE_COUNT; place++) {
        for (unsigned size = 0; size < 2; size++) {
            assert_int_equal(hash_at(place, 5, size, NOW_MS), hash_at(place, 5, size, NOW_MS));
        }
    }
}

/* The picture depends on the time only, not on which frames were drawn before. */
static void drawing_leaves_no_trace(void **state)
{
    (void)state;
    for (unsigned place = 0; place < CAM_SCENE_COUNT; place++) {
        struct cam_scene *scene = scene_open(place, 5, 0, true);
        for (unsigned i = 0; i < 40; i++) {
            cam_scene_draw(scene, NOW_MS - 40000 + 900 * i, i);
        }
        assert_int_equal(hash_picture(cam_scene_draw(scene, NOW_MS, 7)),
                         hash_at(place, 5, 0, NOW_MS));
        cam_scene_free(&scene);
    }
}

static void every_camera_differs(void **state)
{
    (void)state;
    enum { SEEDS = 40 };
    for (unsigned place = 0; place < CAM_SCENE_COUNT; place++) {
        uint64_t seen[SEEDS];
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            seen[seed] = hash_at(place, seed, 0, NOW_MS);
            for (unsigned k = 0; k < seed; k++) {
                assert_int_not_equal(seen[k], seen[seed]);
            }
        }
    }
}

static void something_moves(void **state)
{
    (void)state;
    for (unsigned place = 0; place < CAM_SCENE_COUNT; place++) {
        struct cam_scene *scene = scene_open(place, 3, 0, false);
        unsigned moved = 0;
        uint64_t last = 0;
        for (unsigned i = 0; i < 30; i++) { /* the band between the burnt-in lines */
            uint64_t h = hash_luma(cam_scene_draw(scene, NOW_MS + 67 * i, i), 40, 320);
            moved += i > 0 && h != last;
            last = h;
        }
        assert_true(moved >= 20);
        cam_scene_free(&scene);
    }
}

static void text_is_burnt_in(void **state)
{
    (void)state;
    struct cam_scene *scene = scene_open(0, 3, 0, false);
    uint64_t clock = hash_luma(cam_scene_draw(scene, NOW_MS, 7), 328, 352);
    uint64_t later = hash_luma(cam_scene_draw(scene, NOW_MS + 1, 7), 328, 352);
    uint64_t number = hash_luma(cam_scene_draw(scene, NOW_MS, 8), 328, 352);
    assert_int_not_equal(clock, later);
    assert_int_not_equal(clock, number);
    cam_scene_free(&scene);
}

static void cells_read_back(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 1, NOW_MS, INT64_C(0xffffffffff), INT64_C(0x1234567890abc)};
    for (unsigned size = 0; size < 2; size++) {
        struct cam_scene *scene = scene_open(2, 1, size, true);
        for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
            uint64_t ms = 0;
            const struct cam_picture *p = cam_scene_draw(scene, times[i], i);
            assert_int_equal(cam_cells_read(p->plane[0], p->stride[0], p->width, p->height, &ms),
                             0);
            assert_int_equal(ms, (uint64_t)times[i] & UINT64_C(0xffffffffff));
        }
        cam_scene_free(&scene);
    }
}

/* The layout that docs/design/scenes.md promises to the browser's reader. */
static void cells_have_the_documented_layout(void **state)
{
    (void)state;
    struct cam_scene *scene = scene_open(2, 1, 0, true);
    const struct cam_picture *p = cam_scene_draw(scene, NOW_MS, 0);
    unsigned sum = 0;
    uint64_t low40 = (uint64_t)NOW_MS & UINT64_C(0xffffffffff);
    for (unsigned i = 0; i < 5; i++) {
        sum += (unsigned)(low40 >> (8 * i)) & 255u;
    }
    uint64_t bits = low40 << 8 | ((sum ^ 0xa5u) & 255u);
    for (unsigned cell = 0; cell < 48; cell++) {
        unsigned x = 640 - 192 + cell % 24 * 8 + 4, y = cell / 24 * 8 + 4;
        bool is_white = p->plane[0][y * p->stride[0] + x] > 125;
        assert_int_equal(is_white, bits >> (47 - cell) & 1u);
    }
    cam_scene_free(&scene);
}

static void cells_refuse_damage_and_absence(void **state)
{
    (void)state;
    uint64_t ms;
    struct cam_scene *scene = scene_open(2, 1, 0, true);
    const struct cam_picture *p = cam_scene_draw(scene, NOW_MS, 0);
    for (unsigned y = 0; y < 8; y++) {
        for (unsigned x = 632; x < 640; x++) {
            uint8_t *at = p->plane[0] + y * p->stride[0] + x;
            *at = *at > 125 ? 16 : 235;
        }
    }
    assert_int_equal(cam_cells_read(p->plane[0], p->stride[0], 640, 360, &ms), -SK_EINVAL);
    cam_scene_free(&scene);
    scene = scene_open(2, 1, 0, false);
    p = cam_scene_draw(scene, NOW_MS, 0);
    assert_int_equal(cam_cells_read(p->plane[0], p->stride[0], 640, 360, &ms), -SK_EINVAL);
    cam_scene_free(&scene);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    struct cam_scene *scene;
    struct cam_scene_options options = {.scene = CAM_SCENE_COUNT, .name = "x"};
    assert_int_equal(cam_scene_new(&options, 640, 360, &scene), -SK_EINVAL);
    assert_null(scene);
    options.scene = 0;
    assert_int_equal(cam_scene_new(&options, 641, 360, &scene), -SK_EINVAL);
    assert_int_equal(cam_scene_new(&options, 64, 36, &scene), -SK_EINVAL);
    assert_int_equal(cam_scene_new(&options, 4096, 2160, &scene), -SK_EINVAL);
    assert_null(cam_scene_name(CAM_SCENE_COUNT));
}

/* Names are whatever the owner typed: long, empty, not ASCII. */
static void any_name_can_be_drawn(void **state)
{
    (void)state;
    static const char *const names[] = {
        NULL,
        "",
        " ",
        "\xe5\x8c\x97\xe9\x97\xa8",
        "a\x01\x7f~{}",
        "0123456789012345678901234567890"
        "12345678901234567890123456789012345678901234567890123456789"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct cam_scene *scene = NULL;
        struct cam_scene_options options = {.name = names[i], .clock_cells = true};
        assert_int_equal(cam_scene_new(&options, 160, 90, &scene), 0);
        assert_non_null(cam_scene_draw(scene, INT64_MAX, UINT64_MAX));
        assert_non_null(cam_scene_draw(scene, INT64_MIN, 0));
        cam_scene_free(&scene);
    }
}

static void seeds_spread_over_all_places(void **state)
{
    (void)state;
    unsigned seen[CAM_SCENE_COUNT] = {0};
    for (uint64_t seed = 0; seed < 1200; seed++) {
        seen[cam_scene_of_seed(seed)]++;
    }
    for (unsigned i = 0; i < CAM_SCENE_COUNT; i++) {
        assert_in_range(seen[i], 50, 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_input_same_picture),
        cmocka_unit_test(drawing_leaves_no_trace),
        cmocka_unit_test(every_camera_differs),
        cmocka_unit_test(something_moves),
        cmocka_unit_test(text_is_burnt_in),
        cmocka_unit_test(cells_read_back),
        cmocka_unit_test(cells_have_the_documented_layout),
        cmocka_unit_test(cells_refuse_damage_and_absence),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(any_name_can_be_drawn),
        cmocka_unit_test(seeds_spread_over_all_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
