/* Places by night: the car park under its lamps, the roof above the town. */
#include <math.h>

#include "firmware-sim/cam/scene_parts.h"

/* ---- car-park ---- */

static void park_lamp_head(struct cam_canvas *canvas, float x, float strength)
{
    cam_rect(canvas, x - 14, 56, 32, 7, cam_lamp(cam_mix(0x5a5c58, 0xdfe2de, strength), 1.0f));
    cam_glow(canvas, x + 2, 60, 34, 22, 0xf3f0dc, 0.35f * strength);
}

static void park_lamp(struct cam_canvas *canvas, float x)
{
    cam_rect(canvas, x, 60, 4, 150, cam_flat(0x8f9493));
    cam_glow(canvas, x, 236, 130, 66, 0xe9ece8, 0.72f);
}

static void park_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const uint32_t paints[] = {0xcfd3d0, 0x797f80, 0xb4b9b6, 0x8a4a40, 0x4b6478, 0x6b7152};
    static const float slots[3][2] = {{148, 298}, {302, 294}, {524, 288}};
    const float ground[8] = {0, 360, 0, 200, 640, 160, 640, 360};
    cam_rect(canvas, 0, 0, 640, 360, cam_vertical(0x1a1c1f, 0x3a3d40, 0, 360));
    for (unsigned i = 0; i < 26; i++) {
        cam_ellipse(canvas, 640 * cam_noise(look->seed, 60 + i),
                    120 * cam_noise(look->seed, 90 + i), 0.8f, 0.8f, cam_lamp(0xd8dde0, 0.5f));
    }
    for (unsigned i = 0; i < 9; i++) { /* a town behind */
        float x = 80.0f * (float)i - 10.0f, high = 18.0f + 44.0f * cam_noise(look->seed, 130 + i);
        cam_rect(canvas, x, 196.0f - 0.0625f * x - high, 74, high + 24, cam_flat(0x24272a));
    }
    cam_quad(canvas, ground, cam_flat(0x4b4f51));
    for (int i = 0; i < 8; i++) {
        float a = 40.0f + 76.0f * (float)i, b = 70.0f + 72.0f * (float)i;
        const float line[8] = {a, 360, b, 246, b + 3, 246, a + 5, 360};
        cam_quad(canvas, line, cam_flat(0xa9adab));
    }
    park_lamp(canvas, 120);
    park_lamp_head(canvas, 120, 1.0f);
    park_lamp(canvas, 400);
    for (unsigned i = 0; i < 3; i++) {
        if (look->seed == 0 || cam_noise(look->seed, 150 + i) > 0.25f) {
            uint32_t colour = look->seed ? paints[(int)(5.99f * look->dial[i])] : paints[i];
            cam_car(canvas, slots[i][0], slots[i][1] + 11, 1.0f, i == 1 ? -1.0f : 1.0f, colour);
        }
    }
}

static void park_headlight(struct cam_canvas *canvas, float x, float y, float way)
{
    cam_glow(canvas, x + way * 74, y + 24, 96, 17, 0xfff3cf, 0.42f);
    cam_glow(canvas, x + way * 4, y, 24, 20, 0xfff3cf, 0.6f);
}

static void park_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    double flick = fmod(t, 9.0);
    bool is_dim = flick < 0.12 || (flick > 0.3 && flick < 0.38);
    park_lamp_head(canvas, 400, is_dim ? 0.3f : 1.0f);
    if (is_dim) {
        cam_glow(canvas, 400, 236, 130, 66, 0x26292b, 0.6f);
    }
    float at = cam_round_of(t + 6.0, 24.0), x = -160.0f + 960.0f * cam_ease(at, 0.05f, 0.6f);
    struct cam_person person = {.x = 660.0f - 720.0f * cam_round_of(t, 33.0),
                                .feet = 246,
                                .height = 52,
                                .step = cam_round_of(t, 1.1),
                                .mode = CAM_PERSON_WALKS_SIDEWAYS,
                                .coat = look->coat,
                                .head = 0x14171a};
    cam_person_draw(canvas, &person);
    if (at < 0.62f) {
        park_headlight(canvas, x + 58, 312, 1.0f);
        cam_car(canvas, x, 350, 1.15f, 1.0f, look->paint);
    }
    bool is_on = cam_round_of(t, 1.4) < 0.5f;
    cam_rect(canvas, 606, 196, 5, 40, cam_flat(0x7b6f4a));
    cam_ellipse(canvas, 608.5f, 193, 4, 4, cam_lamp(is_on ? 0xff7a3c : 0x6a3a24, 1.0f));
    if (is_on) {
        cam_glow(canvas, 608.5f, 193, 20, 20, 0xff7a3c, 0.5f);
    }
}

const struct cam_place *cam_place_car_park(void)
{
    static const struct cam_place place = {"car-park", false, park_still, park_moving};
    return &place;
}

/* ---- rooftop ---- */

#define TOWERS 13u

struct tower {
    float x, y, w;
    uint32_t colour;
};

static struct tower roof_tower(const struct cam_look *look, unsigned i)
{
    static const uint32_t walls[3] = {0x33344a, 0x2a2c3e, 0x262738};
    static const float tops[TOWERS] = {181, 192, 172, 126, 101, 123, 157,
                                       164, 150, 181, 153, 193, 176};
    float shift = (cam_noise(look->seed, 60 + i) - 0.5f) * (look->seed ? 60.0f : 0.0f);
    return (struct tower){52.0f * (float)i - 10.0f, tops[i] + shift * 0.7f,
                          44.0f + 8.0f * cam_noise(look->seed, 80 + i), walls[i % 3]};
}

static void roof_still(struct cam_canvas *canvas, const struct cam_look *look)
{
    static const uint32_t high[] = {0x2f3b5c, 0x24344f, 0x3a3560, 0x1f2a44};
    static const uint32_t low[] = {0xe0a07a, 0xd98f86, 0xc98a6a, 0xb6868e};
    uint32_t top = look->seed ? cam_pick(look, 0, high, 4) : high[0];
    uint32_t bottom = look->seed ? cam_pick(look, 1, low, 4) : low[0];
    uint32_t middle = cam_mix(top, bottom, 0.52f);
    cam_rect(canvas, 0, 0, 640, 131, cam_vertical(top, cam_mix(middle, 0x8a7089, 0.6f), 0, 130));
    cam_rect(canvas, 0, 130, 640, 130,
             cam_vertical(cam_mix(middle, 0x8a7089, 0.6f), bottom, 130, 260));
    for (unsigned i = 0; i < TOWERS; i++) {
        struct tower tower = roof_tower(look, i);
        cam_rect(canvas, tower.x, tower.y, tower.w, 260 - tower.y, cam_flat(tower.colour));
    }
    cam_rect(canvas, 0, 250, 640, 110, cam_vertical(0x5c5650, 0x49443f, 250, 360));
    cam_rect(canvas, 0, 244, 640, 12, cam_flat(0x77706a));
}

static void roof_windows(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    for (unsigned i = 0; i < TOWERS; i++) {
        struct tower tower = roof_tower(look, i);
        unsigned rows = (unsigned)((238.0f - tower.y) / 13.0f);
        for (unsigned k = 0; k < rows * 4u && k < 48u; k++) {
            uint64_t id = 1000 + 64 * i + k;
            /* each window thinks anew every 20 to 60 s whether somebody is at home */
            double stay = 20.0 + 40.0 * (double)cam_noise(look->seed, id);
            uint64_t turn =
                (uint64_t)((t + 60.0 * (double)cam_noise(look->seed, id + 5000)) / stay);
            if (cam_noise(look->seed + turn, id) < 0.3f) {
                cam_rect(canvas, tower.x + 5.0f + 10.0f * (float)(k % 4),
                         tower.y + 9.0f + 13.0f * (float)(k / 4), 5, 6, cam_lamp(0xf2cf86, 1.0f));
            }
        }
    }
}

static void roof_gear(struct cam_canvas *canvas, double t)
{
    cam_rect(canvas, 90, 190, 110, 80, cam_flat(0x8d867d));
    cam_rect(canvas, 86, 186, 118, 6, cam_flat(0x9a938a));
    for (int i = 0; i < 6; i++) {
        cam_rect(canvas, 98.0f + 16.0f * (float)i, 200, 9, 60, cam_flat(0x6c665f));
    }
    cam_rect(canvas, 480, 110, 5, 160, cam_flat(0xccc6bd));
    cam_rect(canvas, 456, 130, 52, 4, cam_flat(0xccc6bd));
    cam_rect(canvas, 462, 150, 40, 4, cam_flat(0xccc6bd));
    cam_round(canvas, 320, 216, 90, 54, 3, cam_flat(0xa39b91));
    cam_rect(canvas, 320, 216, 90, 5, cam_flat(0xb4aca2));
    cam_ellipse(canvas, 365, 245, 20, 20, cam_flat(0x4f4a45));
    for (int i = 0; i < 4; i++) { /* the fan turns */
        float a = 2.0f * CAM_PI * (cam_round_of(t, 1.3) + 0.25f * (float)i);
        const struct cam_point blade[3] = {{365, 245},
                                           {365 + 18 * cosf(a), 245 + 18 * sinf(a)},
                                           {365 + 17 * cosf(a + 0.7f), 245 + 17 * sinf(a + 0.7f)}};
        cam_fill(canvas, blade, 3, cam_flat(0xcfc7bc));
    }
    cam_ellipse(canvas, 365, 245, 4, 4, cam_flat(0x6c665f));
}

static void roof_moving(struct cam_canvas *canvas, const struct cam_look *look, double t)
{
    float plane = -60.0f + 800.0f * cam_round_of(t + 10.0, 40.0), high = 70.0f - 0.05f * plane;
    for (unsigned i = 0; i < 3; i++) {
        float x = -120.0f + 880.0f * cam_round_of(t + 50.0 * i, 150.0 + 20.0 * i);
        cam_round(canvas, x, 47.0f + 14.0f * (float)i, 150, 5, 2.5f, cam_clear(0xf0c0a0, 0.2f));
        cam_round(canvas, x + 30, 42.0f + 14.0f * (float)i, 80, 5, 2.5f,
                  cam_clear(0xf0c0a0, 0.16f));
    }
    cam_ellipse(canvas, plane, high, 1.6f, 1.6f, cam_lamp(0xffffff, 0.9f));
    if (cam_round_of(t, 1.0) < 0.2f) {
        cam_glow(canvas, plane - 5, high, 9, 9, 0xff6a50, 0.9f);
    }
    roof_windows(canvas, look, t);
    roof_gear(canvas, t);
    float beat = cam_round_of(t, 1.6), glow = beat < 0.5f ? sinf(2.0f * CAM_PI * beat) : 0.0f;
    cam_ellipse(canvas, 482.5f, 108, 4, 4, cam_lamp(cam_mix(0x5a2018, 0xff4a36, glow), 1.0f));
    if (glow > 0.0f) {
        cam_glow(canvas, 482.5f, 108, 26, 26, 0xff4a36, 0.7f * glow);
    }
    struct cam_person guard = {.x = -40.0f + 720.0f * cam_round_of(t, 36.0),
                               .feet = 330,
                               .height = 78,
                               .step = cam_round_of(t, 1.1),
                               .mode = CAM_PERSON_WALKS_SIDEWAYS,
                               .coat = look->coat,
                               .head = 0x1d1f22};
    cam_person_draw(canvas, &guard);
}

const struct cam_place *cam_place_rooftop(void)
{
    static const struct cam_place place = {"rooftop", false, roof_still, roof_moving};
    return &place;
}
