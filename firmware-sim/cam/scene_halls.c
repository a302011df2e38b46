/* Places of work: the workshop, the server room. */
#include <math.h>

#include "firmware-sim/cam/scene_parts.h"

/* ---- workshop ---- */

static void shop_tools(struct cam_canvas *canvas, const struct cam_look *look)
{
    const struct cam_paint steel = cam_flat(0x59636a), wood = cam_flat(0x8a5f38);
    cam_rect(canvas, 244, 66, 176, 104, cam_flat(0xa98a5e));
    cam_rect(canvas, 248, 70, 168, 96, cam_flat(0xc2a374));
    for (unsigned i = 0; i < 7; i++) {
        float x = 262.0f + 23.0f * (float)i, high = 26.0f + 26.0f * cam_noise(look->seed + 2, i);
        cam_rect(canvas, x - 2.5f, 82, 5, high, i % 2 ? steel : wood);
        switch ((unsigned)(3.99f * cam_noise(look->seed + 3, i))) {
        case 0:
            cam_round(canvas, x - 10, 78, 20, 10, 2, steel);
            break; /* hammer */
        case 1:
            cam_ellipse(canvas, x, 84, 7, 7, steel); /* spanner */
            cam_ellipse(canvas, x, 82, 3, 4, cam_flat(0xc2a374));
            break;
        case 2:
            cam_rect(canvas, x - 2.5f, 82 + high, 5, 16, wood);
            break; /* driver */
        default:
            cam_rect(canvas, x - 8, 82 + high, 16, 6, cam_flat(0xb5482f));
            break;
        }
    }
}

static void shop_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const uint32_t walls[] = {0xc9bfae, 0xb6bdb8, 0xc6b49e, 0xaeb8bf, 0xc4c0a4};
    uint32_t wall = look->seed ? cam_pick(look, 0, walls, 5) : walls[0];
    cam_rect(canvas, 0, 0, 640, 262, cam_vertical(wall, cam_mix(wall, 0x6d5c44, 0.2f), 0, 262));
    cam_rect(canvas, 0, 256, 640, 104, cam_vertical(0x84796a, 0x6f6658, 256, 360));
    cam_rect(canvas, 0, 252, 640, 6, cam_flat(cam_mix(wall, 0x3a3024, 0.45f)));
    cam_rect(canvas, 34, 58, 172, 122, cam_flat(0xefe9dc));
    cam_rect(canvas, 28, 178, 184, 8, cam_flat(0xd9d0be));
    shop_tools(canvas, look);
    cam_glow(canvas, 170, 58, 120, 80, 0xfff0c4, 0.3f);
    cam_glow(canvas, 450, 58, 120, 80, 0xfff0c4, 0.3f);
    cam_rect(canvas, 478, 60, 108, 7, cam_flat(0x7a5c3c)); /* a shelf with tins */
    for (unsigned i = 0; i < 5; i++) {
        static const uint32_t tins[] = {0xb5482f, 0x3f6b7d, 0xc9a052, 0x5d7a48, 0x7d6a86};
        float high = 16.0f + 14.0f * cam_noise(look->seed + 4, i);
        cam_round(canvas, 483.0f + 20.0f * (float)i, 60 - high, 16, high, 2,
                  cam_flat(tins[(i + (unsigned)(4.9f * look->dial[1])) % 5]));
    }
    cam_ellipse(canvas, 532, 126, 37, 37, cam_flat(0x6f675a));
    cam_ellipse(canvas, 532, 126, 32, 32, cam_flat(0x3b3a37));
}

static void shop_window(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    const struct cam_point roofs[] = {{40, 174},  {40, 150},  {80, 128}, {120, 150},
                                      {150, 134}, {200, 156}, {200, 174}};
    cam_clip(canvas, 40, 64, 160, 110);
    cam_rect(canvas, 40, 64, 160, 110, cam_vertical(0xb2cddb, 0xdfe4dc, 64, 160));
    for (int i = 0; i < 2; i++) {
        cam_cloud(canvas, -10.0f + 270.0f * cam_round_of(t + 19.0 * i + look->shift_s, 40.0),
                  98.0f + 22.0f * (float)i, 0.7f, 0.85f);
    }
    cam_fill(canvas, roofs, 7, cam_flat(0x8d7a6b));
    cam_clip_none(canvas);
    cam_rect(canvas, 90, 64, 5, 110, cam_flat(0xefe9dc));
    cam_rect(canvas, 145, 64, 5, 110, cam_flat(0xefe9dc));
    cam_rect(canvas, 40, 116, 160, 5, cam_flat(0xefe9dc));
}

static void shop_fan(struct cam_canvas *canvas, double t)
{
    for (int i = 0; i < 5; i++) {
        float a = 2.0f * CAM_PI * (cam_round_of(t, 1.7) + 0.2f * (float)i);
        const struct cam_point blade[4] = {{532, 126},
                                           {532 + 20 * cosf(a - 0.2f), 126 + 20 * sinf(a - 0.2f)},
                                           {532 + 29 * cosf(a + 0.1f), 126 + 29 * sinf(a + 0.1f)},
                                           {532 + 28 * cosf(a + 0.5f), 126 + 28 * sinf(a + 0.5f)}};
        cam_fill(canvas, blade, 4, cam_flat(0x9aa0a0));
    }
    cam_ellipse(canvas, 532, 126, 5, 5, cam_flat(0xcfd2ce));
}

static void shop_bench(struct cam_canvas *canvas)
{
    cam_rect(canvas, 118, 228, 420, 14, cam_flat(0xa9794a));
    cam_rect(canvas, 118, 242, 420, 5, cam_flat(0x7d5733));
    cam_rect(canvas, 134, 247, 16, 76, cam_flat(0x7d5733));
    cam_rect(canvas, 506, 247, 16, 76, cam_flat(0x7d5733));
    cam_rect(canvas, 360, 247, 130, 46, cam_flat(0x8d6540));
    cam_rect(canvas, 366, 252, 118, 16, cam_flat(0x9c7249));
    cam_rect(canvas, 366, 272, 118, 16, cam_flat(0x9c7249));
    cam_ellipse(canvas, 425, 260, 4, 3, cam_flat(0x4a4038));
    cam_ellipse(canvas, 425, 280, 4, 3, cam_flat(0x4a4038));
    cam_round(canvas, 176, 204, 40, 12, 3, cam_flat(0x46606f)); /* vice */
    cam_rect(canvas, 186, 212, 20, 17, cam_flat(0x3a505d));
}

static void shop_grinder(struct cam_canvas *canvas, const struct cam_look *look, double t,
                         float force)
{
    cam_rect(canvas, 420, 208, 54, 20, cam_flat(0x3f5a4a));
    cam_ellipse(canvas, 418, 212, 15, 15, cam_flat(0x6b6660));
    cam_ellipse(canvas, 418, 212, 5, 5, cam_flat(0xc9c4ba));
    for (unsigned i = 0; i < 22 && force > 0.0f; i++) {
        float life = cam_round_of(t + 0.031 * (double)i, 0.5 + 0.3 * (double)(i % 3));
        float aim = cam_noise(look->seed, 700 + i), reach = 70.0f * life * (0.5f + aim) * force;
        float x = 406.0f - reach, y = 204.0f - 26.0f * aim * life + 60.0f * life * life;
        float fade = (1.0f - life) * force;
        if (y < 228) {
            cam_line(canvas, x, y, x + 6, y - 1.5f, 1.6f, cam_lamp(0xffc15a, fade));
        }
    }
    if (force > 0.0f) {
        cam_glow(canvas, 406, 206, 34, 26, 0xffb040, 0.6f * force);
    }
}

static void shop_lamp(struct cam_canvas *canvas, float x, double t)
{
    float swing = 3.0f * sinf(2.0f * CAM_PI * cam_round_of(t + x, 4.6));
    const float shade[8] = {x + swing - 9,  36, x + swing + 9,  36,
                            x + swing + 24, 52, x + swing - 24, 52};
    cam_line(canvas, x, 0, x + swing, 38, 2, cam_flat(0x2c2d30));
    cam_quad(canvas, shade, cam_flat(0x3f5a4a));
    cam_ellipse(canvas, x + swing, 53, 10, 5, cam_lamp(0xfff6d8, 1.0f));
}

static void shop_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t + 4.0, 24.0);
    float go = cam_ease(at, 0.4f, 0.52f) - cam_ease(at, 0.88f, 1.0f); /* vice <-> grinder */
    bool is_walking = (at > 0.4f && at < 0.52f) || at > 0.88f;
    float force =
        at > 0.55f && at < 0.86f ? 0.75f + 0.25f * sinf((float)fmod(t, 6.2831853) * 5) : 0;
    float knock = at < 0.4f ? fabsf(sinf(2.0f * CAM_PI * cam_round_of(t, 1.2))) : 0.0f;
    struct cam_person smith = {.x = 236.0f + 130.0f * go,
                               .feet = 316,
                               .height = 156,
                               .step = cam_round_of(t, 1.0),
                               .mode = is_walking ? CAM_PERSON_WALKS_SIDEWAYS : CAM_PERSON_STANDS,
                               .coat = look->coat,
                               .head = 0x4a3527};
    shop_window(canvas, look, t);
    shop_fan(canvas, t);
    cam_person_draw(canvas, &smith);
    if (at < 0.4f) {
        cam_line(canvas, 222, 214, 204, 196 - 22 * knock, 9, cam_flat(smith.coat));
        cam_line(canvas, 204, 196 - 22 * knock, 190, 190 - 26 * knock, 4, cam_flat(0x8a5f38));
        cam_round(canvas, 180, 184 - 28 * knock, 14, 11, 2, cam_flat(0x4a5359));
    } else if (force > 0.0f) {
        cam_line(canvas, 376, 214, 404, 208, 9, cam_flat(smith.coat));
    }
    shop_bench(canvas);
    shop_grinder(canvas, look, t, force);
    shop_lamp(canvas, 170, t);
    shop_lamp(canvas, 450, t);
}

const struct cam_place *cam_place_workshop(void)
{
    static const struct cam_place place = {"workshop", false, shop_still, shop_moving};
    return &place;
}

/* ---- server-room: vanishing point 320, 150; racks left and right ---- */

#define RACKS 5u

/* Depth of the front edge of rack i: 1 = picture plane. */
static float rack_depth(unsigned i)
{
    return 0.92f + 0.62f * (float)i;
}

/* A point on a rack's front: side -1 or 1, depth, height 0 = floor .. 1 = top of the rack. */
static struct cam_point rack_point(float side, float depth, float high)
{
    float s = 1.0f / depth;
    return (struct cam_point){320.0f + side * 300.0f * s, 150.0f + (215.0f - 395.0f * high) * s};
}

static void rack_panel(struct cam_canvas *canvas, float side, const float depth[2],
                       const float high[2], struct cam_paint paint)
{
    const struct cam_point corner[4] = {
        rack_point(side, depth[0], high[0]), rack_point(side, depth[1], high[0]),
        rack_point(side, depth[1], high[1]), rack_point(side, depth[0], high[1])};
    cam_fill(canvas, corner, 4, paint);
}

static void rack_draw(struct cam_canvas *canvas, const struct cam_look *look, float side,
                      unsigned i)
{
    static const float whole[2] = {0, 1};
    float depth[2] = {rack_depth(i), rack_depth(i + 1)}, wide = depth[1] - depth[0];
    float inner[2] = {depth[0] + 0.07f * wide, depth[1] - 0.07f * wide};
    rack_panel(canvas, side, depth, whole, cam_flat(0x171b20));
    for (unsigned u = 0; u < 12; u++) {
        float high[2] = {0.05f + 0.0775f * (float)u, 0.05f + 0.0775f * (float)u + 0.064f};
        float kind = cam_noise(look->seed + 5, 64 * i + (side > 0 ? 16u : 0u) + u);
        uint32_t face = kind < 0.2f ? 0x11151a : (kind < 0.6f ? 0x2b333b : 0x363f48);
        rack_panel(canvas, side, inner, high, cam_flat(face));
    }
}

static void server_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    const float floor[8] = {320, 150, 320, 150, 900, 560, -260, 560};
    cam_rect(canvas, 0, 0, 640, 360, cam_vertical(0xaab4b9, 0xc4ccce, 0, 150));
    cam_quad(canvas, floor, cam_flat(0x8b959a));
    for (int i = -3; i <= 3; i++) { /* joints of the floor tiles */
        cam_line(canvas, 320, 150, 320.0f + 150.0f * (float)i, 400, 1.4f, cam_flat(0x78828a));
    }
    for (unsigned i = 0; i < 9; i++) {
        float y = 150.0f + 215.0f / (1.0f + 0.31f * (float)i);
        cam_rect(canvas, 0, y, 640, 1.6f, cam_flat(0x78828a));
    }
    for (unsigned i = 0; i < 4; i++) { /* lamps, far ones smaller */
        float s = 1.0f / (1.0f + 0.8f * (float)i), y = 150 - 175 * s;
        const float lamp[8] = {320 - 46 * s, y,          320 + 46 * s, y,
                               320 + 40 * s, y + 26 * s, 320 - 40 * s, y + 26 * s};
        cam_quad(canvas, lamp, cam_lamp(0xfbfdfb, 1.0f));
    }
    for (unsigned k = 0; k < RACKS; k++) {
        unsigned i = RACKS - 1 - k;
        rack_draw(canvas, look, -1, i);
        rack_draw(canvas, look, 1, i);
    }
    float end = 1.0f / rack_depth(RACKS);
    cam_rect(canvas, 320 - 300 * end, 150 - 180 * end, 600 * end, 395 * end, cam_flat(0x9aa6ab));
    cam_rect(canvas, 293, 124, 54, 79, cam_flat(0x77858b));
    cam_rect(canvas, 296, 127, 48, 76, cam_flat(0x5d6d75));
    cam_rect(canvas, 336, 164, 3, 9, cam_flat(0xd5dadb));
    const float tray[2][8] = {{0, 8, 0, 34, 252, 112, 252, 108},
                              {640, 8, 640, 34, 388, 112, 388, 108}};
    cam_quad(canvas, tray[0], cam_flat(0xc98a3a));
    cam_quad(canvas, tray[1], cam_flat(0x4f7f96));
}

static void server_leds(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    static const uint32_t colours[] = {0x5fe08a, 0x5fe08a, 0x63b8ff, 0x63b8ff, 0xffb545};
    for (unsigned i = 0; i < RACKS; i++) {
        float depth = rack_depth(i), wide = rack_depth(i + 1) - depth;
        for (unsigned k = 0; k < 96; k++) {
            unsigned u = k % 12, side = k / 12 % 2, lamp = k / 24;
            uint64_t id = 128 * i + k;
            uint64_t turn = (uint64_t)(t * (1.5 + 6.0 * (double)cam_noise(look->seed, id)));
            if (cam_noise(look->seed + 5, 64 * i + 16 * side + u) < 0.2f ||
                cam_noise(look->seed + turn, id + 900) < 0.4f) {
                continue;
            }
            float from = depth + wide * (0.14f + 0.1f * (float)lamp);
            const float at[2] = {from, from + 0.055f * wide};
            const float high[2] = {0.069f + 0.0775f * (float)u, 0.092f + 0.0775f * (float)u};
            uint32_t colour = colours[(int)(4.99f * cam_noise(look->seed, id + 300))];
            rack_panel(canvas, side ? 1.0f : -1.0f, at, high, cam_lamp(colour, 1.0f));
        }
    }
}

static void server_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float at = cam_round_of(t + 6.0, 34.0);
    float go = cam_ease(at, 0.0f, 0.3f) - cam_ease(at, 0.65f, 0.95f);
    bool is_walking = at < 0.3f || (at > 0.65f && at < 0.95f);
    float size = 1.0f / (4.0f - 2.6f * go);
    struct cam_person person = {.x = 320.0f + cam_dial(look, 2, -50, 50) * size,
                                .feet = 150.0f + 215.0f * size,
                                .height = 270.0f * size,
                                .step = cam_round_of(t, 1.1),
                                .mode = is_walking ? CAM_PERSON_WALKS_DEPTH : CAM_PERSON_STANDS,
                                .coat = look->coat};
    server_leds(canvas, look, t);
    bool is_on = cam_round_of(t, 2.0) < 0.5f;
    cam_ellipse(canvas, 320, 116, 4, 4, cam_lamp(is_on ? 0xff5a40 : 0x6a2c24, 1.0f));
    if (is_on) {
        cam_glow(canvas, 320, 116, 18, 14, 0xff5a40, 0.5f);
    }
    cam_person_draw(canvas, &person);
}

const struct cam_place *cam_place_server_room(void)
{
    static const struct cam_place place = {"server-room", false, server_still, server_moving};
    return &place;
}
