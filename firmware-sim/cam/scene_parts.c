#include "firmware-sim/cam/scene_parts.h"

#include <math.h>

float cam_round_of(double t, double period)
{
    double at = fmod(t, period);
    return (float)((at < 0 ? at + period : at) / period);
}

float cam_ease(float v, float from, float to)
{
    float x = (v - from) / (to - from);
    x = x < 0.0f ? 0.0f : (x > 1.0f ? 1.0f : x);
    return x * x * (3.0f - 2.0f * x);
}

/* splitmix64 (Steele, Lea, Flood 2014): well mixed, and no state to keep. */
float cam_noise(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1u) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (float)(z >> 40) / 16777216.0f;
}

float cam_dial(const struct cam_look *look, unsigned i, float low, float high)
{
    return low + (high - low) * look->dial[i % CAM_LOOK_DIALS];
}

uint32_t cam_pick(const struct cam_look *look, unsigned i, const uint32_t *colours, unsigned count)
{
    unsigned at = (unsigned)(look->dial[i % CAM_LOOK_DIALS] * (float)count);
    return colours[at < count ? at : count - 1];
}

static void person_legs(struct cam_canvas *canvas, const struct cam_person *p)
{
    const uint32_t trousers = 0x2b2f35;
    float h = p->height, hip = p->feet - 0.37f * h, swing = sinf(2.0f * CAM_PI * p->step);
    if (p->mode == CAM_PERSON_WALKS_SIDEWAYS) {
        float reach = 0.13f * h * swing;
        cam_line(canvas, p->x, hip, p->x - reach, p->feet, 0.085f * h, cam_flat(0x23272c));
        cam_line(canvas, p->x, hip, p->x + reach, p->feet, 0.085f * h, cam_flat(trousers));
        return;
    }
    float lift = p->mode == CAM_PERSON_STANDS ? 0.0f : 0.045f * h;
    float left = fmaxf(swing, 0.0f) * lift, right = fmaxf(-swing, 0.0f) * lift;
    cam_rect(canvas, p->x - 0.095f * h, hip, 0.083f * h, 0.37f * h - left, cam_flat(trousers));
    cam_rect(canvas, p->x + 0.012f * h, hip, 0.083f * h, 0.37f * h - right, cam_flat(trousers));
}

void cam_person_draw(struct cam_canvas *canvas, const struct cam_person *p)
{
    float h = p->height, swing = sinf(2.0f * CAM_PI * p->step);
    float bob = p->mode == CAM_PERSON_STANDS ? 0.0f : 0.012f * h * fabsf(swing);
    float top = p->feet - 0.78f * h - bob;
    uint32_t sleeve = cam_mix(p->coat, 0x000000, 0.22f);
    cam_ellipse(canvas, p->x + 0.04f * h, p->feet + 0.01f * h, 0.34f * h, 0.06f * h,
                cam_clear(0x000000, 0.2f));
    person_legs(canvas, p);
    cam_round(canvas, p->x - 0.115f * h, top, 0.23f * h, 0.46f * h, 0.08f * h, cam_flat(p->coat));
    if (p->mode == CAM_PERSON_WALKS_SIDEWAYS) {
        cam_line(canvas, p->x, top + 0.1f * h, p->x - 0.1f * h * swing, top + 0.4f * h, 0.075f * h,
                 cam_flat(sleeve));
    } else {
        float sway = p->mode == CAM_PERSON_STANDS ? 0.0f : 0.02f * h * swing;
        cam_round(canvas, p->x - 0.155f * h, top + 0.06f * h + sway, 0.07f * h, 0.34f * h,
                  0.03f * h, cam_flat(sleeve));
        cam_round(canvas, p->x + 0.085f * h, top + 0.06f * h - sway, 0.07f * h, 0.34f * h,
                  0.03f * h, cam_flat(sleeve));
    }
    cam_ellipse(canvas, p->x, top - 0.09f * h, 0.105f * h, 0.115f * h,
                cam_flat(p->head ? p->head : 0x31353b));
}

void cam_tree(struct cam_canvas *canvas, float x, float base, float s)
{
    cam_ellipse(canvas, x + 4 * s, base, 34 * s, 6 * s, cam_clear(0x000000, 0.14f));
    cam_rect(canvas, x - 3 * s, base - 40 * s, 6 * s, 40 * s, cam_flat(0x5a4632));
    cam_ellipse(canvas, x, base - 50 * s, 26 * s, 34 * s, cam_flat(0x4f6b3c));
    cam_ellipse(canvas, x + 9 * s, base - 58 * s, 14 * s, 18 * s, cam_flat(0x577444));
    cam_ellipse(canvas, x - 12 * s, base - 36 * s, 18 * s, 20 * s, cam_flat(0x5d7a48));
}

void cam_cloud(struct cam_canvas *canvas, float x, float y, float s, float alpha)
{
    struct cam_paint paint = cam_clear(0xfbfaf5, alpha);
    const struct cam_point outline[] = {
        {x - 46 * s, y},          {x - 44 * s, y - 7 * s},  {x - 36 * s, y - 11 * s},
        {x - 27 * s, y - 11 * s}, {x - 22 * s, y - 19 * s}, {x - 11 * s, y - 24 * s},
        {x + 1 * s, y - 22 * s},  {x + 8 * s, y - 15 * s},  {x + 18 * s, y - 18 * s},
        {x + 28 * s, y - 14 * s}, {x + 32 * s, y - 7 * s},  {x + 41 * s, y - 6 * s},
        {x + 46 * s, y}};
    cam_fill(canvas, outline, sizeof outline / sizeof outline[0], paint);
}

void cam_clouds(struct cam_canvas *canvas, const struct cam_look *look, double t, float y0,
                float y1, float alpha)
{
    unsigned count = 2 + (unsigned)(look->dial[15] * 2.9f);
    for (unsigned i = 0; i < count; i++) {
        float speed = 90.0f + 40.0f * cam_noise(look->seed, 100 + i);
        float at = cam_round_of(t + 37.0 * i + 60.0 * cam_noise(look->seed, 110 + i), speed);
        float y = y0 + (y1 - y0) * cam_noise(look->seed, 120 + i);
        float s = 0.8f + 0.9f * cam_noise(look->seed, 130 + i);
        cam_cloud(canvas, -90.0f + at * 820.0f, y, s, alpha);
    }
}

void cam_hive(struct cam_canvas *canvas, float x, float base, float s)
{
    static const float width[5] = {27.9f, 46.5f, 58.9f, 65.1f, 68.2f};
    for (int i = 0; i < 5; i++) {
        cam_round(canvas, x - width[i] * s / 2, base - (70.0f - 13.95f * (float)i) * s,
                  width[i] * s, 13.4f * s, 6.2f * s, cam_flat(i % 2 ? 0xc9a052 : 0xa8803a));
    }
    cam_ellipse(canvas, x, base - 4 * s, 7.75f * s, 6.2f * s, cam_flat(0x2c2416));
}

static void car_wheel(struct cam_canvas *canvas, float x, float y, float s)
{
    float angle = x / (11.0f * s), dx = 6.0f * s * cosf(angle), dy = 6.0f * s * sinf(angle);
    cam_ellipse(canvas, x, y, 11 * s, 11 * s, cam_flat(0x141618));
    cam_ellipse(canvas, x, y, 6.5f * s, 6.5f * s, cam_flat(0x6b7072));
    cam_line(canvas, x - dx, y - dy, x + dx, y + dy, 2 * s, cam_flat(0x2a2d30));
    cam_line(canvas, x + dy, y - dx, x - dy, y + dx, 2 * s, cam_flat(0x2a2d30));
}

void cam_car(struct cam_canvas *canvas, float x, float base, float s, float way, uint32_t colour)
{
    float w = way * s;
    const float glass[8] = {x - 26 * w, base - 47 * s, x - 16 * w, base - 62 * s,
                            x + 18 * w, base - 62 * s, x + 28 * w, base - 47 * s};
    const float roof[8] = {x - 34 * w, base - 45 * s, x - 20 * w, base - 67 * s,
                           x + 22 * w, base - 67 * s, x + 38 * w, base - 45 * s};
    cam_ellipse(canvas, x, base, 62 * s, 8 * s, cam_clear(0x000000, 0.28f));
    cam_quad(canvas, roof, cam_flat(colour));
    cam_quad(canvas, glass, cam_flat(0x22262a));
    cam_rect(canvas, x - 1.5f * s, base - 63 * s, 3 * s, 18 * s, cam_flat(colour));
    cam_round(canvas, x - 52 * s, base - 47 * s, 104 * s, 34 * s, 9 * s, cam_flat(colour));
    cam_rect(canvas, x - 51 * s, base - 24 * s, 102 * s, 4 * s,
             cam_flat(cam_mix(colour, 0x000000, 0.25f)));
    cam_ellipse(canvas, x + 49 * w, base - 36 * s, 3.5f * s, 4 * s, cam_lamp(0xfff3cf, 0.95f));
    cam_ellipse(canvas, x - 49 * w, base - 36 * s, 3 * s, 4 * s, cam_lamp(0xc23b2e, 0.95f));
    car_wheel(canvas, x - 30 * s, base - 12 * s, s);
    car_wheel(canvas, x + 30 * s, base - 12 * s, s);
}
