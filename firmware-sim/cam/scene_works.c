/* Places of the warehouse: the loading dock, an aisle between the shelves. */
#include <math.h>

#include "firmware-sim/cam/scene_parts.h"

/* ---- loading-dock: seen from the yard; a lorry backs up to the middle door ---- */

static void dock_door(struct cam_canvas *canvas, float x, float open)
{
    cam_rect(canvas, x, 84, 160, 166, cam_flat(0x4a4c4e));
    cam_rect(canvas, x + 6, 90, 148, 160, cam_flat(0x2c2d2f));
    cam_rect(canvas, x + 6, 214, 148, 36, cam_flat(0x3a3834));
    int slats = (int)(10.0f - 10.0f * open + 0.5f);
    for (int i = 0; i < slats; i++) {
        cam_rect(canvas, x + 6, 90.0f + 16.0f * (float)i, 148, 16, cam_flat(0x8f8b82));
        cam_rect(canvas, x + 6, 90.0f + 16.0f * (float)i, 148, 13, cam_flat(0xd2cdc1));
    }
}

static void dock_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const uint32_t walls[] = {0xb9b2a3, 0xa9b1b3, 0xb7a594, 0xb3b49d, 0xbaaeb0};
    uint32_t wall = look->seed ? cam_pick(look, 0, walls, 5) : walls[0];
    const float left[8] = {40, 360, 200, 250, 214, 250, 70, 360};
    const float right[8] = {600, 360, 446, 250, 432, 250, 570, 360};
    cam_rect(canvas, 0, 0, 640, 250, cam_flat(wall));
    cam_rect(canvas, 0, 250, 640, 110, cam_vertical(0x7d7970, 0x6d6961, 250, 360));
    cam_rect(canvas, 0, 30, 640, 26, cam_flat(cam_mix(wall, 0x4a4030, 0.25f)));
    cam_rect(canvas, 0, 52, 640, 4, cam_flat(cam_mix(wall, 0x2a2420, 0.4f)));
    for (int i = 0; i < 3; i++) {
        float x = 40.0f + 200.0f * (float)i;
        dock_door(canvas, x, 0.0f);
        cam_rect(canvas, x + 64, 60, 32, 18, cam_flat(0x3a3d42));
        cam_rect(canvas, x - 6, 214, 6, 36, cam_flat(0x2b2b2b));
        cam_rect(canvas, x + 160, 214, 6, 36, cam_flat(0x2b2b2b));
    }
    cam_quad(canvas, left, cam_flat(0xd8b23c));
    cam_quad(canvas, right, cam_flat(0xd8b23c));
    float x = cam_dial(look, 1, 490, 520);
    cam_ellipse(canvas, x + 34, 306, 44, 6, cam_clear(0x000000, 0.2f));
    cam_rect(canvas, x, 262, 64, 44, cam_flat(0xb88a52));
    cam_rect(canvas, x + 28, 262, 8, 44, cam_flat(0xa67b47));
    cam_rect(canvas, x + 8, 230, 48, 32, cam_flat(0xc79a60));
    cam_rect(canvas, x + 29, 230, 6, 32, cam_flat(0xb58850));
    if (look->dial[2] > 0.6f) {
        cam_rect(canvas, x + 66, 272, 44, 34, cam_flat(0xa97c46));
    }
}

static void lorry_face(struct cam_canvas *canvas, float base, float s, uint32_t colour)
{
    uint32_t dark = cam_mix(colour, 0x000000, 0.25f);
    cam_rect(canvas, 320 - 74 * s, base - 142 * s, 148 * s, 130 * s, cam_flat(0xe9e6de));
    cam_rect(canvas, 320 - 68 * s, base - 136 * s, 136 * s, 60 * s, cam_flat(0xf6f4ee));
    cam_round(canvas, 320 - 58 * s, base - 110 * s, 116 * s, 104 * s, 8 * s, cam_flat(colour));
    cam_round(canvas, 320 - 50 * s, base - 100 * s, 100 * s, 40 * s, 5 * s, cam_flat(0x26323a));
    const float shine[8] = {320 - 34 * s, base - 98 * s, 320 - 14 * s, base - 98 * s,
                            320 - 30 * s, base - 62 * s, 320 - 46 * s, base - 62 * s};
    cam_quad(canvas, shine, cam_clear(0x9fb4be, 0.35f));
    cam_rect(canvas, 320 - 30 * s, base - 50 * s, 60 * s, 20 * s, cam_flat(dark));
    for (int i = 0; i < 3; i++) {
        cam_rect(canvas, 320 - 27 * s, base - (47.0f - 6.0f * (float)i) * s, 54 * s, 2.4f * s,
                 cam_flat(0xd7d5cc));
    }
    cam_rect(canvas, 320 - 62 * s, base - 20 * s, 124 * s, 12 * s, cam_flat(0x3a3d42));
    cam_rect(canvas, 320 - 68 * s, base - 88 * s, 9 * s, 24 * s, cam_flat(0x2b2d31));
    cam_rect(canvas, 320 + 59 * s, base - 88 * s, 9 * s, 24 * s, cam_flat(0x2b2d31));
}

static void dock_lorry(struct cam_canvas *canvas, const struct cam_look *look, float near,
                       bool is_moving, double t)
{
    float s = 1.0f + 1.1f * near * near, base = 262.0f + 190.0f * near * near;
    bool is_blink = is_moving && cam_round_of(t, 0.8) < 0.5f;
    cam_ellipse(canvas, 320, base, 84 * s, 8 * s, cam_clear(0x000000, 0.28f));
    for (int side = -1; side < 2; side += 2) {
        cam_round(canvas, 320.0f + 45.0f * (float)side * s - 13 * s, base - 18 * s, 26 * s, 20 * s,
                  6 * s, cam_flat(0x1d1d1f));
    }
    lorry_face(canvas, base, s, look->paint);
    for (int side = -1; side < 2; side += 2) {
        float x = 320.0f + 47.0f * (float)side * s, y = base - 30 * s;
        cam_round(canvas, x - 8 * s, y - 6 * s, 16 * s, 12 * s, 4 * s, cam_lamp(0xfff6da, 1.0f));
        cam_rect(canvas, x - 7 * s, y + 8 * s, 14 * s, 4 * s,
                 cam_lamp(is_blink ? 0xffa030 : 0x9a6224, 1.0f));
        if (is_moving) {
            cam_glow(canvas, x, y, 26 * s, 20 * s, is_blink ? 0xffa030 : 0xfff1c8, 0.5f);
        }
    }
}

static void dock_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t + 14.0, 42.0);
    float open = cam_ease(at, 0.0f, 0.1f) - cam_ease(at, 0.88f, 0.97f);
    float near = 1.0f - cam_ease(at, 0.08f, 0.3f) + cam_ease(at, 0.68f, 0.86f);
    bool is_moving = (at > 0.08f && at < 0.3f) || (at > 0.68f && at < 0.86f);
    float walk = cam_round_of(t, 23.0), go = walk < 0.5f ? 2.0f * walk : 2.0f - 2.0f * walk;
    struct cam_person worker = {.x = 470.0f + 190.0f * go,
                                .feet = 282,
                                .height = 84,
                                .step = cam_round_of(t, 1.0),
                                .mode = CAM_PERSON_WALKS_SIDEWAYS,
                                .coat = 0xd98a2c,
                                .head = 0xe2bf3a};
    dock_door(canvas, 240, open);
    for (int i = 0; i < 3; i++) {
        bool is_free = i != 1 || near > 0.5f;
        cam_rect(canvas, 106.0f + 200.0f * (float)i, 62, 28, 14,
                 cam_lamp(is_free ? 0xc9922f : 0xc0452f, 1.0f));
    }
    if (near < 0.999f && near < 0.2f) {
        dock_lorry(canvas, look, near, is_moving, t);
        cam_person_draw(canvas, &worker);
    } else {
        cam_person_draw(canvas, &worker);
        if (near < 0.999f) {
            dock_lorry(canvas, look, near, is_moving, t);
        }
    }
    if (walk < 0.5f) { /* carries a box out */
        float x = worker.x + 10;
        cam_rect(canvas, x - 4, 232, 26, 20, cam_flat(0xc79a60));
        cam_rect(canvas, x + 7, 232, 4, 20, cam_flat(0xb08248));
    }
}

const struct cam_place *cam_place_dock(void)
{
    static const struct cam_place place = {"loading-dock", true, dock_still, dock_moving};
    return &place;
}

/* ---- aisle-b: vanishing point 320, 91 ---- */

static void aisle_level(struct cam_canvas *canvas, const struct cam_look *look, unsigned row,
                        const float far_y[2], const float near_y[2])
{
    static const uint32_t boxes[] = {0xb58a57, 0xa37a4b, 0x9c7345, 0xad8350, 0x946c40, 0xc09a66};
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned i = 0; i < 5; i++) { /* bays get narrower into the depth */
            static const float cut[6] = {0, 0.26f, 0.5f, 0.7f, 0.86f, 1.0f};
            float a = cut[i], b = cut[i + 1], edge[2] = {250 * a, 250 * b};
            float top[2] = {near_y[0] + (far_y[0] - near_y[0]) * a,
                            near_y[0] + (far_y[0] - near_y[0]) * b};
            float low[2] = {near_y[1] + (far_y[1] - near_y[1]) * a,
                            near_y[1] + (far_y[1] - near_y[1]) * b};
            float x0 = side ? 640 - edge[0] : edge[0], x1 = side ? 640 - edge[1] : edge[1];
            float lack = 0.45f * cam_noise(look->seed + 9, row * 16 + side * 8 + i);
            uint32_t colour = boxes[(int)(5.99f * cam_noise(look->seed, row * 16 + side * 8 + i))];
            const float hole[8] = {x0, top[0], x1, top[1], x1, low[1], x0, low[0]};
            const float load[8] = {x0, top[0] + lack * (low[0] - top[0]),
                                   x1, top[1] + lack * (low[1] - top[1]),
                                   x1, low[1],
                                   x0, low[0]};
            cam_quad(canvas, hole, cam_flat(0x37322c));
            cam_quad(canvas, load, cam_flat(colour));
        }
        float x[2] = {side ? 640.0f : 0.0f, side ? 390.0f : 250.0f};
        float thick = 14;
        const float beam[8] = {x[0], near_y[1],    x[1], far_y[1],
                               x[1], far_y[1] + 4, x[0], near_y[1] + thick};
        cam_quad(canvas, beam, cam_flat(0xd06a2c));
    }
}

static void aisle_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const float far_y[3][2] = {{116, 130}, {138, 152}, {160, 174}};
    static const float near_y[3][2] = {{20, 106}, {130, 216}, {240, 326}};
    static const float posts[4][2] = {{60, 5}, {120, 5}, {172, 5}, {212, 4}};
    const float floor[8] = {250, 150, 390, 150, 640, 360, 0, 360};
    const float ceiling[8] = {0, 0, 640, 0, 390, 110, 250, 110};
    cam_rect(canvas, 0, 0, 640, 360, cam_flat(0x3f3a34));
    cam_quad(canvas, ceiling, cam_flat(0x57514a));
    for (unsigned i = 0; i < 3; i++) {
        aisle_level(canvas, look, i, far_y[i], near_y[i]);
    }
    cam_quad(canvas, floor, cam_flat(0x8b8577));
    cam_rect(canvas, 250, 108, 140, 62, cam_flat(0x6a655b));
    cam_rect(canvas, 296, 126, 48, 44, cam_flat(0x544f47));
    const float mark[4][8] = {{262, 170, 265, 170, 60, 360, 48, 360},
                              {378, 170, 375, 170, 580, 360, 592, 360}};
    cam_quad(canvas, mark[0], cam_flat(0xc9a93f));
    cam_quad(canvas, mark[1], cam_flat(0xc9a93f));
    for (unsigned i = 0; i < 4; i++) {
        cam_rect(canvas, posts[i][0], 0, posts[i][1], 360, cam_flat(0x35506b));
        cam_rect(canvas, 640 - posts[i][0] - posts[i][1], 0, posts[i][1], 360, cam_flat(0x35506b));
    }
    const float lamp[8] = {308, 0, 332, 0, 324, 108, 316, 108};
    cam_quad(canvas, lamp, cam_lamp(0xf6f1dd, 1.0f));
}

static void aisle_forklift(struct cam_canvas *canvas, const struct cam_look *look, float base,
                           float lift, double t)
{
    float s = (70.0f + 250.0f * (base - 150.0f) / 210.0f) / 134.0f, x = 320;
    bool is_on = cam_round_of(t, 1.0) < 0.5f;
    float fork = base - (10 + 40 * lift) * s;
    cam_ellipse(canvas, x, base, 40 * s, 5 * s, cam_clear(0x000000, 0.3f));
    cam_round(canvas, x - 27 * s, base - 14 * s, 12 * s, 16 * s, 4 * s, cam_flat(0x1f2022));
    cam_round(canvas, x + 15 * s, base - 14 * s, 12 * s, 16 * s, 4 * s, cam_flat(0x1f2022));
    cam_round(canvas, x - 24 * s, base - 58 * s, 48 * s, 52 * s, 5 * s, cam_flat(look->paint));
    cam_rect(canvas, x - 20 * s, base - 96 * s, 4 * s, 44 * s, cam_flat(0x2c2d30));
    cam_rect(canvas, x + 16 * s, base - 96 * s, 4 * s, 44 * s, cam_flat(0x2c2d30));
    cam_rect(canvas, x - 22 * s, base - 99 * s, 44 * s, 5 * s, cam_flat(0x2c2d30));
    cam_round(canvas, x - 11 * s, base - 74 * s, 22 * s, 24 * s, 7 * s, cam_flat(look->coat));
    cam_ellipse(canvas, x, base - 80 * s, 7.5f * s, 8 * s, cam_flat(0xe2bf3a));
    cam_rect(canvas, x - 13 * s, base - 104 * s, 4 * s, 98 * s, cam_flat(0x1f2022));
    cam_rect(canvas, x + 9 * s, base - 104 * s, 4 * s, 98 * s, cam_flat(0x1f2022));
    cam_rect(canvas, x - 26 * s, fork, 52 * s, 4 * s, cam_flat(0x6a533b));
    cam_rect(canvas, x - 23 * s, fork - 32 * s, 46 * s, 32 * s, cam_flat(0xb88a52));
    cam_rect(canvas, x - 3 * s, fork - 32 * s, 6 * s, 32 * s, cam_flat(0xa67b47));
    cam_ellipse(canvas, x, base - 102 * s, 4 * s, 4 * s, cam_lamp(is_on ? 0xffa030 : 0x8a5a20, 1));
    if (is_on) {
        cam_glow(canvas, x, base - 102 * s, 24 * s, 20 * s, 0xffa030, 0.55f);
    }
}

static void aisle_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t + 7.0, 30.0);
    float near = cam_ease(at, 0.0f, 0.4f) - cam_ease(at, 0.6f, 1.0f);
    float lift = cam_ease(at, 0.38f, 0.46f) - cam_ease(at, 0.54f, 0.6f);
    float cross = cam_round_of(t, 19.0);
    struct cam_person person = {.x = 240.0f + 160.0f * cross,
                                .feet = 172,
                                .height = 40,
                                .step = cam_round_of(t, 1.0),
                                .mode = CAM_PERSON_WALKS_SIDEWAYS,
                                .coat = 0xd98a2c,
                                .head = 0xe2bf3a};
    if (cross < 0.94f) {
        cam_clip(canvas, 251, 100, 138, 90);
        cam_person_draw(canvas, &person);
        cam_clip_none(canvas);
    }
    aisle_forklift(canvas, look, 184.0f + 138.0f * near * near, lift, t);
}

const struct cam_place *cam_place_aisle(void)
{
    static const struct cam_place place = {"aisle-b", false, aisle_still, aisle_moving};
    return &place;
}
