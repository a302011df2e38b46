/* Places under trees: the gate, the orchard with its hives, the river bank. */
#include <math.h>

#include "firmware-sim/cam/scene_parts.h"

/* ---- gate-north: a park gate, a path, somebody who comes and goes ---- */

static void gate_fence(struct cam_canvas *canvas)
{
    const struct cam_paint iron = cam_flat(0x3c4148), stone = cam_flat(0x8a7a66);
    for (int i = 0; i < 8; i++) {
        cam_rect(canvas, 150.0f + 18.0f * (float)i, 170, 5, 48, iron);
    }
    for (int i = 0; i < 9; i++) {
        cam_rect(canvas, 362.0f + 18.0f * (float)i, 170, 5, 48, iron);
    }
    cam_rect(canvas, 150, 176, 140, 4, iron);
    cam_rect(canvas, 362, 176, 150, 4, iron);
    cam_rect(canvas, 150, 206, 140, 3, iron);
    cam_rect(canvas, 362, 206, 150, 3, iron);
    cam_rect(canvas, 288, 150, 16, 76, stone);
    cam_rect(canvas, 350, 150, 16, 76, stone);
    cam_rect(canvas, 285, 145, 22, 7, cam_flat(0x75664f));
    cam_rect(canvas, 347, 145, 22, 7, cam_flat(0x75664f));
}

static void gate_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    const float path[8] = {250, 360, 300, 196, 352, 196, 430, 360};
    float left = cam_dial(look, 0, -18, 18), right = cam_dial(look, 1, -18, 18);
    float size = cam_dial(look, 2, 0.85f, 1.15f);
    cam_rect(canvas, 0, 0, 640, 200, cam_vertical(0xa9c3d6, 0xe7e2d2, 0, 200));
    cam_rect(canvas, 0, 196, 640, 164, cam_vertical(0x8b9468, 0x6e7450, 196, 360));
    cam_quad(canvas, path, cam_flat(0xa59a86));
    cam_tree(canvas, 130 + left, 196, 1.1f * size);
    cam_tree(canvas, 500 + right, 196, 1.1f * size);
    cam_tree(canvas, 60 + left, 212, 1.5f * size);
    cam_tree(canvas, 560 + right, 214, 1.6f * size);
    if (look->dial[3] > 0.6f) {
        cam_tree(canvas, 225 + left, 190, 0.7f);
    }
}

/* Walks out of the gate, down the path and back: depth 0 at the gate, 1 before the camera. */
static float walk_depth(double t, double period)
{
    float at = cam_round_of(t, period);
    return at < 0.5f ? 2.0f * at : 2.0f - 2.0f * at;
}

static void gate_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float depth = walk_depth(t + 9.0, 26.0 + 6.0 * (double)look->dial[4]);
    float feet = 208.0f + 128.0f * depth * depth;
    struct cam_person person = {.x = 326.0f + 34.0f * depth,
                                .feet = feet,
                                .height = 26.0f + 58.0f * depth * depth,
                                .step = cam_round_of(t, 1.1),
                                .mode = CAM_PERSON_WALKS_DEPTH,
                                .coat = look->coat};
    cam_clouds(canvas, look, t, 34, 56, 0.75f);
    gate_fence(canvas);
    cam_person_draw(canvas, &person);
    float bird = cam_round_of(t + 5.0, 17.0) * 900.0f - 120.0f;
    float flap = 4.0f * sinf(2.0f * CAM_PI * cam_round_of(t, 0.5));
    cam_line(canvas, bird - 7, 66 - flap, bird, 68, 1.6f, cam_flat(0x3c4148));
    cam_line(canvas, bird, 68, bird + 7, 66 - flap, 1.6f, cam_flat(0x3c4148));
}

/* ---- orchard: hives on their benches, bees, the beekeeper ---- */

static void orchard_bench(struct cam_canvas *canvas, float x)
{
    cam_ellipse(canvas, x, 325, 52, 6, cam_clear(0x000000, 0.16f));
    cam_rect(canvas, x - 46, 286, 92, 9, cam_flat(0x7b6146));
    cam_rect(canvas, x - 38, 295, 7, 30, cam_flat(0x6a533b));
    cam_rect(canvas, x + 31, 295, 7, 30, cam_flat(0x6a533b));
    cam_hive(canvas, x, 284, 1.0f);
}

static float orchard_hive_x(const struct cam_look *look, int i)
{
    return 150.0f + 140.0f * (float)i + cam_dial(look, 5, -30, 30);
}

static void orchard_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    float rise = cam_dial(look, 0, -16, 16);
    const struct cam_point hills[] = {{0, 190},   {140, 140 + rise}, {300, 180}, {460, 130 - rise},
                                      {640, 176}, {640, 220},        {0, 220}};
    static const float trees[5][3] = {
        {70, 216, 1.9f}, {210, 196, 1.4f}, {330, 186, 1.15f}, {430, 186, 1.15f}, {560, 212, 1.8f}};
    cam_rect(canvas, 0, 0, 640, 210, cam_vertical(0xbcd0d4, 0xefe3c4, 0, 210));
    cam_fill(canvas, hills, 7, cam_flat(0x8fa07c));
    cam_rect(canvas, 0, 200, 640, 160, cam_vertical(0x9aa35f, 0x6f7c41, 200, 360));
    for (unsigned i = 0; i < 5; i++) {
        float shift = cam_dial(look, i, -20, 20);
        cam_tree(canvas, trees[i][0] + shift, trees[i][1], trees[i][2]);
        for (unsigned k = 0; k < 9 && look->dial[6] > 0.4f; k++) { /* apples */
            float a = 6.283f * cam_noise(look->seed, 200 + 9 * i + k);
            float r = 22.0f * trees[i][2] * sqrtf(cam_noise(look->seed, 260 + 9 * i + k));
            cam_ellipse(canvas, trees[i][0] + shift + r * cosf(a),
                        trees[i][1] - 50 * trees[i][2] + 1.2f * r * sinf(a), 2.2f, 2.2f,
                        cam_flat(0xb8442f));
        }
    }
}

static void orchard_bees(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    for (unsigned i = 0; i < 18; i++) {
        double speed = 2.2 + 2.6 * (double)cam_noise(look->seed, 300 + i);
        float a = 2.0f * CAM_PI * cam_round_of(t + 3.0 * i, speed);
        float b = 2.0f * CAM_PI * cam_round_of(t + 1.7 * i, speed * 0.61);
        float reach = 16.0f + 44.0f * cam_noise(look->seed, 320 + i);
        float x = orchard_hive_x(look, (int)(i % 3)) + reach * sinf(a);
        float y = 262.0f - 0.5f * reach + 0.55f * reach * cosf(b);
        cam_ellipse(canvas, x, y, 1.9f, 1.5f, cam_flat(0x2c2416));
        cam_ellipse(canvas, x - 0.6f, y - 1.6f, 1.5f, 0.9f, cam_clear(0xffffff, 0.6f));
    }
}

static void orchard_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t, 38.0), go = at < 0.5f ? at * 2.0f : 2.0f - at * 2.0f;
    struct cam_person keeper = {.x = -40.0f + 720.0f * go,
                                .feet = 246,
                                .height = 62,
                                .step = cam_round_of(t, 1.2),
                                .mode = CAM_PERSON_WALKS_SIDEWAYS,
                                .coat = 0xe9e2cf,
                                .head = 0xc9a052};
    cam_clouds(canvas, look, t, 30, 50, 0.7f);
    cam_person_draw(canvas, &keeper);
    for (int i = 0; i < 3; i++) {
        orchard_bench(canvas, orchard_hive_x(look, i));
    }
    orchard_bees(canvas, look, t);
}

const struct cam_place *cam_place_orchard(void)
{
    static const struct cam_place place = {"orchard", true, orchard_still, orchard_moving};
    return &place;
}

const struct cam_place *cam_place_gate(void)
{
    static const struct cam_place place = {"gate-north", true, gate_still, gate_moving};
    return &place;
}

/* ---- river-bank: water that glints, a boat, a bridge with a car, ducks ---- */

static void river_bridge(struct cam_canvas *canvas)
{
    cam_rect(canvas, 0, 128, 640, 9, cam_flat(0x7d7568));
    cam_rect(canvas, 0, 122, 640, 2.5f, cam_flat(0x8f8779));
    for (int i = 0; i < 17; i++) {
        cam_rect(canvas, 8.0f + 40.0f * (float)i, 122, 2.5f, 8, cam_flat(0x8f8779));
    }
    for (int i = 0; i < 4; i++) {
        float x = 80.0f + 160.0f * (float)i;
        const float pier[8] = {x - 11, 136, x + 11, 136, x + 14, 172, x - 14, 172};
        cam_quad(canvas, pier, cam_flat(0x6f685c));
    }
}

static void river_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    float rise = cam_dial(look, 0, -14, 14);
    const struct cam_point hills[] = {{0, 120},   {110, 84 + rise}, {240, 116}, {400, 76 - rise},
                                      {540, 112}, {640, 92},        {640, 150}, {0, 150}};
    const struct cam_point bank[] = {{0, 360},   {0, 292},   {90, 300},  {210, 318}, {330, 334},
                                     {450, 344}, {560, 350}, {640, 352}, {640, 360}};
    cam_rect(canvas, 0, 0, 640, 150, cam_vertical(0xa8c6d8, 0xf0e6d0, 0, 150));
    cam_fill(canvas, hills, 8, cam_flat(0x8da283));
    cam_rect(canvas, 0, 146, 640, 22, cam_flat(0x7c8f5c));
    cam_rect(canvas, 0, 164, 640, 196, cam_vertical(0x9ab8bd, 0x4f7480, 164, 350));
    for (unsigned i = 0; i < 9; i++) {
        float x = 640.0f * ((float)i + 0.7f * cam_noise(look->seed, 60 + i)) / 9.0f;
        float size = 0.55f + 0.4f * cam_noise(look->seed, 70 + i);
        cam_tree(canvas, x, 162, size);
    }
    cam_fill(canvas, bank, 9, cam_flat(0x75824a));
    cam_rect(canvas, 560, 250, 10, 102, cam_flat(0x6a533b)); /* the landing stage */
    cam_rect(canvas, 622, 250, 10, 106, cam_flat(0x6a533b));
    cam_rect(canvas, 544, 262, 96, 10, cam_flat(0x8a6d4c));
    cam_rect(canvas, 544, 272, 96, 3, cam_flat(0x5f4a34));
}

static void river_water(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    for (unsigned i = 0; i < 34; i++) {
        float depth = cam_noise(look->seed, 400 + i), y = 172.0f + 150.0f * depth * depth;
        double speed = 30.0 - 16.0 * (double)depth;
        float x = -60.0f +
                  760.0f * cam_round_of(t + 40.0 * (double)cam_noise(look->seed, 440 + i), speed);
        float shine = 0.22f + 0.2f * sinf(2.0f * CAM_PI * cam_round_of(t + i, 2.6));
        float length = 12.0f + 40.0f * depth;
        cam_round(canvas, x, y, length, 1.4f + 1.6f * depth, 1.4f, cam_clear(0xeaf3f0, shine));
    }
}

static void river_boat(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float x = 760.0f - 900.0f * cam_round_of(t + 14.0, 44.0);
    float y = 214.0f + 1.5f * sinf(2.0f * CAM_PI * cam_round_of(t, 2.4));
    const float hull[8] = {x - 56, y - 12, x + 54, y - 12, x + 44, y + 8, x - 38, y + 8};
    cam_ellipse(canvas, x, y + 9, 62, 5, cam_clear(0x23404a, 0.35f));
    cam_quad(canvas, hull, cam_flat(look->paint));
    cam_rect(canvas, x - 55, y - 12, 108, 3.5f, cam_flat(0xf3efe6));
    cam_round(canvas, x - 18, y - 36, 54, 25, 4, cam_flat(0xf3efe6));
    for (int i = 0; i < 3; i++) {
        cam_round(canvas, x - 11 + 15.5f * (float)i, y - 31, 10, 9, 2, cam_flat(0x35505c));
    }
    cam_rect(canvas, x + 14, y - 46, 8, 11, cam_flat(0xb5482f));
    cam_line(canvas, x + 58, y + 6, x + 110, y + 10, 2, cam_clear(0xffffff, 0.45f));
}

static void river_ducks(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    for (int i = 0; i < 3; i++) {
        float x = -40.0f + 720.0f * cam_round_of(t + 12.0 + 1.9 * i, 52.0);
        float y = 276.0f + 7.0f * (float)(i % 2) +
                  1.2f * sinf(2.0f * CAM_PI * cam_round_of(t + 0.4 * i, 1.6));
        cam_ellipse(canvas, x, y, 11, 5.5f, cam_flat(look->dial[1] > 0.5f ? 0xf1ece0 : 0x7b6650));
        cam_ellipse(canvas, x + 9, y - 8, 4.5f, 4.5f,
                    cam_flat(look->dial[1] > 0.5f ? 0xf1ece0 : 0x3f6b4c));
        cam_rect(canvas, x + 12, y - 8.5f, 5.5f, 2.6f, cam_flat(0xd98a2c));
        cam_line(canvas, x - 12, y + 4, x - 32, y + 6, 1.4f, cam_clear(0xffffff, 0.4f));
    }
}

static void river_reeds(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    for (unsigned i = 0; i < 16; i++) {
        float x = 14.0f + 13.0f * (float)i + 9.0f * cam_noise(look->seed, 500 + i);
        float high = 42.0f + 44.0f * cam_noise(look->seed, 520 + i);
        float sway = 6.0f * sinf(2.0f * CAM_PI * cam_round_of(t + 0.3 * i, 3.4));
        const struct cam_point leaf[3] = {{x - 2.5f, 352}, {x + sway, 352 - high}, {x + 2.5f, 352}};
        cam_fill(canvas, leaf, 3, cam_flat(i % 3 ? 0x5d6f38 : 0x4c5d30));
        if (i % 4 == 1) {
            cam_round(canvas, x + sway * 0.8f - 2.4f, 352 - high - 2, 5, 17, 2.4f,
                      cam_flat(0x6a4a2f));
        }
    }
}

static void river_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    cam_clouds(canvas, look, t, 30, 62, 0.75f);
    float car = -40.0f + 720.0f * cam_round_of(t + 4.0, 15.0);
    cam_car(canvas, car, 128, 0.26f, 1.0f, look->coat);
    river_bridge(canvas);
    river_water(canvas, look, t);
    river_boat(canvas, look, t);
    river_ducks(canvas, look, t);
    river_reeds(canvas, look, t);
}

const struct cam_place *cam_place_river(void)
{
    static const struct cam_place place = {"river-bank", true, river_still, river_moving};
    return &place;
}
