/* The head of the simulated camera: moves smoothly, stops at borders, keeps its places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "firmware-sim/link/ptz.h"

static void command(struct ptz_head *h, enum sdk_ptz_kind kind, double pan, double tilt,
                    double zoom, int64_t now_ms)
{
    const struct sdk_ptz p = {.kind = kind, .pan = pan, .tilt = tilt, .zoom = zoom};

    assert_int_equal(ptz_command(h, &p, now_ms), 0);
}

static int preset(struct ptz_head *h, enum sdk_ptz_kind kind, unsigned n, int64_t now_ms)
{
    const struct sdk_ptz p = {.kind = kind, .preset = n};

    return ptz_command(h, &p, now_ms);
}

static int near(float a, float b)
{
    return a > b - 0.01f && a < b + 0.01f;
}

static void zooms_and_stops_at_the_limit(void **state)
{
    struct ptz_head h;
    float last = 1.0f;
    int64_t now = 1000;

    (void)state;
    ptz_init(&h);
    assert_int_equal(ptz_run(&h, now), 0);
    assert_true(ptz_window(&h).size == 1.0f);
    command(&h, SDK_PTZ_MOVE, 0, 0, 1, now);
    while (ptz_run(&h, now += 40)) {
        assert_true(h.at.zoom >= last && h.at.zoom - last < 0.15f); /* smoothly */
        last = h.at.zoom;
        assert_true(now < 10000);
    }
    assert_true(h.at.zoom == PTZ_ZOOM_MAX);
    assert_in_range(now, 3000, 3200); /* two doublings at one a second */
    assert_true(near(ptz_window(&h).size, 0.25f) && near(ptz_window(&h).x, 0.375f));
    command(&h, SDK_PTZ_MOVE, 0, 0, -0.5, now);
    (void)ptz_run(&h, now + 2000);
    assert_true(near(h.at.zoom, 2));
    command(&h, SDK_PTZ_STOP, 0, 0, 0, now + 2000);
    assert_int_equal(ptz_run(&h, now + 9000), 0);
    assert_true(near(h.at.zoom, 2));
}

static void turns_to_the_border_of_what_there_is(void **state)
{
    struct ptz_head h;
    int64_t now = 0;

    (void)state;
    ptz_init(&h);
    command(&h, SDK_PTZ_MOVE, 1, 1, 0, now); /* of the whole scene there is nothing beside */
    assert_int_equal(ptz_run(&h, now += 1000), 0);
    assert_true(h.at.pan == 0 && h.at.tilt == 0);
    command(&h, SDK_PTZ_MOVE, 0, 0, 1, now);
    (void)ptz_run(&h, now += 1000);
    command(&h, SDK_PTZ_MOVE, 1, 0.5, 0, now);
    (void)ptz_run(&h, now += 500);
    assert_true(near(h.at.pan, 0.35f) && near(h.at.tilt, 0.175f));
    while (ptz_run(&h, now += 40))
        assert_true(now < 20000);
    assert_true(h.at.pan == 1 && h.at.tilt == 1);
    struct cam_window w = ptz_window(&h);
    assert_true(near(w.x + w.size, 1) && near(w.y, 0)); /* right, up */
    command(&h, SDK_PTZ_MOVE, 0, 0, -1, now);
    while (ptz_run(&h, now += 40)) {
        w = ptz_window(&h);
        assert_true(w.x >= 0 && w.y >= 0 && w.x + w.size <= 1.0001f && w.y + w.size <= 1.0001f);
    }
    assert_true(h.at.zoom == 1 && h.at.pan == 0 && h.at.tilt == 0);
}

static void goes_to_its_places(void **state)
{
    struct ptz_head h, reborn;
    uint8_t flash[PTZ_PRESETS_BYTES];
    int64_t now = 0;

    (void)state;
    ptz_init(&h);
    assert_int_equal(preset(&h, SDK_PTZ_GO, 1, now), -SK_ENOTFOUND);
    assert_int_equal(preset(&h, SDK_PTZ_SET, 9, now), 0); /* home */
    command(&h, SDK_PTZ_MOVE, 0, 0, 1, now);
    (void)ptz_run(&h, now += 1500);
    command(&h, SDK_PTZ_MOVE, -1, 0.5, 0, now);
    (void)ptz_run(&h, now += 1000);
    command(&h, SDK_PTZ_STOP, 0, 0, 0, now);
    struct ptz_place there = h.at;
    assert_int_equal(preset(&h, SDK_PTZ_SET, 1, now), 0);
    assert_int_equal(preset(&h, SDK_PTZ_GO, 9, now), 0);
    (void)ptz_run(&h, now += 40);
    assert_true(h.at.zoom > 1 && h.at.zoom < there.zoom); /* on its way */
    while (ptz_run(&h, now += 40))
        assert_true(now < 10000);
    assert_true(h.at.zoom == 1 && h.at.pan == 0);
    ptz_presets_encode(&h, flash);
    ptz_init(&reborn);
    ptz_presets_decode(&reborn, flash, sizeof flash);
    assert_int_equal(preset(&reborn, SDK_PTZ_GO, 2, now), -SK_ENOTFOUND);
    assert_int_equal(preset(&reborn, SDK_PTZ_GO, 1, now), 0);
    while (ptz_run(&reborn, now += 40))
        assert_true(now < 20000);
    assert_true(near(reborn.at.pan, there.pan) && near(reborn.at.tilt, there.tilt) &&
                near(reborn.at.zoom, there.zoom));
}

static void damaged_flash_leaves_no_places(void **state)
{
    uint8_t flash[PTZ_PRESETS_BYTES + 1];
    struct ptz_head h;

    (void)state;
    memset(flash, 0xFF, sizeof flash);
    ptz_init(&h);
    ptz_presets_decode(&h, flash, PTZ_PRESETS_BYTES);
    assert_int_equal(h.is_set, 0);
    ptz_presets_decode(&h, flash, PTZ_PRESETS_BYTES + 1);
    assert_int_equal(h.is_set, 0);
    ptz_presets_decode(&h, NULL, 0);
    assert_int_equal(h.is_set, 0);
    flash[0] = 0x01; /* all nine set, places far outside */
    ptz_presets_decode(&h, flash, PTZ_PRESETS_BYTES);
    for (unsigned n = 1; n <= 9; n++) {
        assert_int_equal(preset(&h, SDK_PTZ_GO, n, 0), 0);
        assert_true(h.goal.pan <= 1 && h.goal.tilt <= 1 && h.goal.zoom <= PTZ_ZOOM_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zooms_and_stops_at_the_limit),
        cmocka_unit_test(turns_to_the_border_of_what_there_is),
        cmocka_unit_test(goes_to_its_places),
        cmocka_unit_test(damaged_flash_leaves_no_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
