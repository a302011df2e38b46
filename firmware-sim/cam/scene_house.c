/* Places inside a house: the corridor, the reception, the stairs. */
#include <math.h>

#include "firmware-sim/cam/scene_parts.h"

/* ---- corridor-2: vanishing point 320, 180; depth 1 = picture plane, 3.6 = end wall ---- */

static void corridor_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const uint32_t doors[] = {0x8a6f52, 0x7d8a80, 0x6f5a48, 0x5f7886, 0x9a7a4e};
    static const float door[4][8] = {{40, 84.7f, 110, 115.4f, 110, 300.4f, 40, 338.3f},
                                     {600, 84.7f, 530, 115.4f, 530, 300.4f, 600, 338.3f},
                                     {150, 116.2f, 200, 139.3f, 200, 251.7f, 150, 278.7f},
                                     {490, 116.2f, 440, 139.3f, 440, 251.7f, 490, 278.7f}};
    static const float planes[4][8] = {{0, 0, 640, 0, 402, 132, 238, 132},
                                       {0, 360, 640, 360, 402, 228, 238, 228},
                                       {0, 0, 240, 130, 240, 230, 0, 360},
                                       {640, 0, 400, 130, 400, 230, 640, 360}};
    uint32_t leaf = look->seed ? cam_pick(look, 0, doors, 5) : doors[0];
    cam_rect(canvas, 0, 0, 640, 360, cam_flat(0xcfd3cf));
    cam_quad(canvas, planes[0], cam_flat(0xe8eae6));
    cam_quad(canvas, planes[1], cam_flat(0x8e938c));
    cam_quad(canvas, planes[2], cam_flat(0xbcc3bd));
    cam_quad(canvas, planes[3], cam_flat(0xc5cbc4));
    cam_rect(canvas, 240, 130, 160, 100, cam_flat(0x9fb0ab));
    for (unsigned i = 0; i < 4; i++) {
        bool is_left = i % 2 == 0;
        float x = is_left ? door[i][2] - 10 : door[i][2] + 10;
        cam_quad(canvas, door[i], cam_flat(leaf));
        cam_ellipse(canvas, x, door[i][3] + 0.55f * (door[i][5] - door[i][3]), 2.6f, 3.4f,
                    cam_flat(0xd9d4c6));
    }
    for (int i = 0; i < 3; i++) { /* reflections of the lamps on the floor */
        static const float y[3] = {332, 288, 258}, w[3] = {130, 96, 66};
        cam_ellipse(canvas, 320, y[i], w[i] / 2, 7.0f - 1.8f * (float)i,
                    cam_clear(0xfffef4, 0.16f));
    }
}

static void corridor_lamps(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    static const float lamp[3][8] = {{230, 18, 410, 18, 392, 40, 248, 40},
                                     {258, 58, 382, 58, 369.6f, 72, 270.4f, 72},
                                     {276, 92, 364, 92, 355.2f, 101, 284.8f, 101}};
    unsigned bad = (unsigned)(2.99f * look->dial[1]);
    for (unsigned i = 0; i < 3; i++) {
        double at = fmod(t + 2.0, 7.0);
        bool is_off = i == bad && (at < 0.1 || (at > 0.22 && at < 0.3) || (at > 0.5 && at < 0.54));
        cam_quad(canvas, lamp[i], cam_lamp(is_off ? 0xc9ccc0 : 0xfffef4, 1.0f));
    }
}

static void corridor_end_door(struct cam_canvas *canvas, float open)
{
    float slide = 30.0f * open;
    cam_rect(canvas, 284, 148, 72, 82, cam_flat(0x7f938d));
    cam_rect(canvas, 286, 150, 68, 80, cam_flat(0xd8ddd2));
    cam_rect(canvas, 286, 206, 68, 24, cam_flat(0xa5aaa0));
    cam_rect(canvas, 286, 150, 33.2f - slide, 80, cam_flat(0x5b7470));
    cam_rect(canvas, 320.8f + slide, 150, 33.2f - slide, 80, cam_flat(0x5b7470));
    if (open < 0.98f) {
        cam_rect(canvas, 318 - slide, 150, 1.8f, 80, cam_flat(0x42595a));
        cam_rect(canvas, 320.4f + slide, 150, 1.8f, 80, cam_flat(0x42595a));
    }
    cam_rect(canvas, 312, 138, 16, 6, cam_lamp(open > 0.05f ? 0x58b070 : 0xb5482f, 1.0f));
}

static void corridor_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t + 8.0, 28.0), go = at < 0.5f ? 2.0f * at : 2.0f - 2.0f * at;
    float depth = 4.2f - 3.05f * go, size = 1.0f / depth;
    float open = cam_ease(depth, 3.1f, 3.6f);
    struct cam_person person = {.x = 320.0f + cam_dial(look, 2, -70, 70) * size,
                                .feet = 180.0f + 180.0f * size,
                                .height = 212.0f * size,
                                .step = cam_round_of(t, 1.05),
                                .mode = CAM_PERSON_WALKS_DEPTH,
                                .coat = look->coat};
    corridor_lamps(canvas, look, t);
    if (depth > 3.6f) { /* beyond the door: seen only through the gap */
        corridor_end_door(canvas, open);
        cam_clip(canvas, 320.0f - 30.0f * open, 150, 60.0f * open, 80);
        person.x = 320;
    } else {
        corridor_end_door(canvas, open);
    }
    cam_person_draw(canvas, &person);
    cam_clip_none(canvas);
}

const struct cam_place *cam_place_corridor(void)
{
    static const struct cam_place place = {"corridor-2", false, corridor_still, corridor_moving};
    return &place;
}

/* ---- reception ---- */

static void reception_desk(struct cam_canvas *canvas)
{
    cam_round(canvas, 300, 200, 280, 90, 4, cam_flat(0x6d4f37));
    for (int i = 1; i < 5; i++) {
        cam_rect(canvas, 300.0f + 56.0f * (float)i, 206, 2, 80, cam_flat(0x5f442f));
    }
    cam_round(canvas, 290, 190, 300, 14, 3, cam_flat(0x8b6a4b));
}

static void reception_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const uint32_t walls[] = {0xe9dfcd, 0xdfe3dc, 0xe6d9d0, 0xd9e0e3, 0xe7e2c8};
    uint32_t wall = look->seed ? cam_pick(look, 0, walls, 5) : walls[0];
    float size = cam_dial(look, 1, 0.8f, 1.2f), x = 100.0f + cam_dial(look, 2, -40, 40);
    cam_rect(canvas, 0, 0, 640, 270, cam_vertical(wall, cam_mix(wall, 0xb79a6c, 0.36f), 0, 270));
    cam_rect(canvas, 0, 260, 640, 100, cam_vertical(0x9b7f5f, 0x8a6f51, 260, 360));
    cam_rect(canvas, 0, 256, 640, 5, cam_flat(0xcdbfa6));
    cam_rect(canvas, 44, 44, 222, 152, cam_flat(0xf3efe6));
    cam_rect(canvas, 500, 60, 90, 60, cam_flat(0xf5efe2));
    cam_hive(canvas, 545, 111.6f, 0.58f);
    cam_ellipse(canvas, 440, 296, 170, 8, cam_clear(0x000000, 0.12f));
    cam_ellipse(canvas, x, 297, 34, 5, cam_clear(0x000000, 0.16f));
    cam_ellipse(canvas, x - 18, 240 - 21 * size, 13, 30 * size, cam_flat(0x4f7a4a));
    cam_ellipse(canvas, x, 240 - 37 * size, 13, 30 * size, cam_flat(0x578552));
    cam_ellipse(canvas, x + 18, 240 - 21 * size, 13, 30 * size, cam_flat(0x4f7a4a));
    cam_round(canvas, x - 20, 240, 40, 56, 4, cam_flat(0xb5673f));
    cam_rect(canvas, x - 22, 240, 44, 8, cam_flat(0xa35a35));
}

static void reception_window(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    const struct cam_point hills[] = {{50, 190},  {50, 160},  {110, 130}, {160, 165},
                                      {220, 140}, {260, 170}, {260, 190}};
    cam_clip(canvas, 50, 50, 210, 140);
    cam_rect(canvas, 50, 50, 210, 140, cam_vertical(0xb4cedb, 0xd3e0df, 50, 170));
    for (int i = 0; i < 2; i++) {
        float at = cam_round_of(t + 20.0 * i + look->shift_s, 46.0);
        cam_cloud(canvas, 10.0f + 300.0f * at, 90.0f + 24.0f * (float)i, 0.8f, 0.8f);
    }
    cam_fill(canvas, hills, 7, cam_flat(0x91a878));
    cam_clip_none(canvas);
    cam_rect(canvas, 152, 50, 6, 140, cam_flat(0xf3efe6));
    cam_rect(canvas, 50, 118, 210, 5, cam_flat(0xf3efe6));
}

static void reception_clock(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    double s = t - look->shift_s;
    float x = 330, y = 84, minute = 2.0f * CAM_PI * cam_round_of(s, 3600.0),
          hour = 2.0f * CAM_PI * cam_round_of(s, 43200.0),
          second = 2.0f * CAM_PI * cam_round_of(floor(s), 60.0);
    cam_ellipse(canvas, x, y, 22, 22, cam_flat(0x6d5a45));
    cam_ellipse(canvas, x, y, 19, 19, cam_flat(0xfbf8f0));
    if (canvas->is_mirrored) { /* the room is mirrored, time is not */
        minute = -minute, hour = -hour, second = -second;
    }
    cam_line(canvas, x, y, x + 10 * sinf(hour), y - 10 * cosf(hour), 3, cam_flat(0x2a2d33));
    cam_line(canvas, x, y, x + 15 * sinf(minute), y - 15 * cosf(minute), 2, cam_flat(0x2a2d33));
    cam_line(canvas, x, y, x + 16 * sinf(second), y - 16 * cosf(second), 1, cam_flat(0xb5482f));
}

static void reception_clerk(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float nod = 2.2f * sinf(2.0f * CAM_PI * cam_round_of(t, 3.1));
    float type = sinf(2.0f * CAM_PI * cam_round_of(t, 0.6));
    float look_up = 5.0f * cam_ease(sinf(2.0f * CAM_PI * cam_round_of(t, 11.0)), 0.6f, 0.8f);
    cam_round(canvas, 346, 176, 50, 30, 12, cam_flat(0x3f5d76));
    cam_ellipse(canvas, 370 - look_up, 158 + nod * 0.4f, 17, 19,
                cam_flat(look->dial[4] > 0.5f ? 0xc59a76 : 0x5b4031));
    cam_ellipse(canvas, 370 - look_up, 147 + nod * 0.4f, 17, 10, cam_flat(0x33271f));
    cam_line(canvas, 388, 186, 408 + 2 * type, 191, 8, cam_flat(0x36516a));
    cam_round(canvas, 420, 140, 70, 46, 3, cam_flat(0x2a2d33));
    cam_rect(canvas, 426, 146, 58, 34, cam_lamp(0x6f94a8, 1.0f));
    for (int i = 0; i < 4; i++) { /* lines of text come and go */
        float wide = 44.0f * cam_noise((uint64_t)(t / 1.5) + (uint64_t)i, look->seed + 3);
        cam_rect(canvas, 431, 150.0f + 7.0f * (float)i, 6 + wide, 2.6f, cam_lamp(0xcfe3ea, 0.9f));
    }
    cam_rect(canvas, 450, 186, 10, 6, cam_flat(0x2a2d33));
}

static void reception_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t + 3.0, 30.0);
    float in = cam_ease(at, 0.05f, 0.3f), out = cam_ease(at, 0.6f, 0.85f);
    bool is_walking = (in > 0.0f && in < 1.0f) || (out > 0.0f && out < 1.0f);
    struct cam_person visitor = {.x = -50.0f + 290.0f * in - 290.0f * out,
                                 .feet = 334,
                                 .height = 152,
                                 .step = cam_round_of(t, 1.1),
                                 .mode = is_walking ? CAM_PERSON_WALKS_SIDEWAYS : CAM_PERSON_STANDS,
                                 .coat = look->coat};
    reception_window(canvas, look, t);
    reception_clock(canvas, look, t);
    reception_clerk(canvas, look, t);
    reception_desk(canvas);
    if (at > 0.04f && at < 0.86f) {
        cam_person_draw(canvas, &visitor);
    }
}

const struct cam_place *cam_place_reception(void)
{
    static const struct cam_place place = {"reception", false, reception_still, reception_moving};
    return &place;
}

/* ---- stairwell: nine steps of 50 x 32 ---- */

static void stairs_steps(struct cam_canvas *canvas)
{
    for (int i = 0; i < 9; i++) {
        float x = 120.0f + 50.0f * (float)i, y = 340.0f - 32.0f * (float)i;
        cam_rect(canvas, x, y, 640 - x, 33, cam_flat(i % 2 ? 0xa09584 : 0x8d8272));
        cam_rect(canvas, x - 4, y, 54, 4, cam_flat(0xb9ae9c));
    }
}

static void stairs_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const uint32_t walls[] = {0xc8bfb0, 0xbfc4bc, 0xc9b9a6, 0xb7bfc6, 0xcbc3a8};
    const float side[8] = {0, 0, 260, 0, 200, 360, 0, 360};
    uint32_t wall = look->seed ? cam_pick(look, 0, walls, 5) : walls[0];
    cam_rect(canvas, 0, 0, 640, 360, cam_flat(wall));
    cam_quad(canvas, side, cam_flat(cam_mix(wall, 0x000000, 0.1f)));
    cam_rect(canvas, 0, 338, 640, 22, cam_flat(0x7f7567));
    stairs_steps(canvas);
}

static void stairs_window(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    cam_rect(canvas, 414, 34, 132, 142, cam_flat(0xb3a999));
    cam_clip(canvas, 420, 40, 120, 130);
    cam_rect(canvas, 420, 40, 120, 130, cam_vertical(0xc9dbe2, 0xe6ecea, 40, 150));
    for (int i = 0; i < 2; i++) {
        cam_cloud(canvas, 370.0f + 220.0f * cam_round_of(t + 17.0 * i + look->shift_s, 34.0),
                  80.0f + 22.0f * (float)i, 0.7f, 0.9f);
    }
    cam_clip_none(canvas);
    cam_rect(canvas, 477, 40, 5, 130, cam_flat(0xa79d8e));
    cam_clip(canvas, 414, 34, 132, 146); /* the upper steps stand before the window */
    stairs_steps(canvas);
    cam_clip_none(canvas);
}

static void stairs_rail(struct cam_canvas *canvas)
{
    for (int i = 0; i < 9; i++) {
        float x = 110.0f + 50.0f * (float)i, y = 237.0f - 32.0f * (float)i;
        cam_rect(canvas, x - 2, y, 4, 104, cam_flat(0x3f3a34));
    }
    cam_line(canvas, 90, 250, 560, -50, 9, cam_flat(0x5b3f2a));
}

static void stairs_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t + 5.0, 26.0), go = at < 0.5f ? 2.0f * at : 2.0f - 2.0f * at;
    float x = 40.0f + 620.0f * go, on = (x - 132.0f) / 50.0f; /* steps climbed */
    float rise = on <= 0.0f ? 0.0f : floorf(on) + cam_ease(on - floorf(on), 0.0f, 0.55f);
    struct cam_person person = {.x = x,
                                .feet = 346.0f - 32.0f * rise,
                                .height = 118,
                                .step = cam_round_of(t, 1.4),
                                .mode = CAM_PERSON_WALKS_SIDEWAYS,
                                .coat = look->coat};
    stairs_window(canvas, look, t);
    cam_person_draw(canvas, &person);
    stairs_rail(canvas);
    float lamp = fmod(t, 5.0) < 0.1 ? 0.7f : 1.0f;
    cam_round(canvas, 300, 24, 50, 12, 5, cam_lamp(0xfffbe8, lamp));
}

const struct cam_place *cam_place_stairwell(void)
{
    static const struct cam_place place = {"stairwell", false, stairs_still, stairs_moving};
    return &place;
}
