#include "firmware-sim/cam/sound.h"

#include <math.h>

#include "firmware-sim/cam/raster.h"
#include "firmware-sim/cam/scene_parts.h"

#define SECOND_US INT64_C(1000000)
#define TONE_S 0.18f /* the tone has died away by then */
#define TONE_DECAY_S 0.035f
#define TONE_RISE_S 0.002f
#define TONE_LEVEL 0.16f
#define HUM_LEVEL 0.004f
#define BREATH 0.00004f /* share of a sample in the slow swell of wind and voices */

/* Outdoors it rustles, indoors it hums. By place, in the order of scene.c. */
static const struct {
    float colour, level, hum_hz;
} places[CAM_SCENE_COUNT] = {{0.10f, 0.020f, 0},   {0.06f, 0.022f, 100}, {0.03f, 0.012f, 50},
                             {0.04f, 0.012f, 50},  {0.05f, 0.016f, 0},   {0.16f, 0.018f, 0},
                             {0.08f, 0.026f, 150}, {0.05f, 0.014f, 100}, {0.12f, 0.028f, 0},
                             {0.03f, 0.010f, 50},  {0.20f, 0.030f, 300}, {0.22f, 0.024f, 0}};

void cam_sound_init(struct cam_sound *sound, unsigned scene, uint64_t seed)
{
    unsigned place = scene < CAM_SCENE_COUNT ? scene : 0;
    *sound = (struct cam_sound){.noise = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
                                .colour = places[place].colour,
                                .level = places[place].level,
                                .hum_hz = places[place].hum_hz};
    sound->tone_hz = 660.0f + 660.0f * cam_noise(seed, 60);
}

/* White noise in -1 .. 1 (xorshift64). */
static float noise_next(struct cam_sound *sound)
{
    uint64_t x = sound->noise;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    sound->noise = x;
    return (float)(int32_t)(uint32_t)(x >> 32) / 2147483648.0f;
}

/* The tone `t` seconds after the full second. */
static float tone_at(const struct cam_sound *sound, float t)
{
    if (t >= TONE_S) {
        return 0;
    }
    float rise = t < TONE_RISE_S ? t / TONE_RISE_S : 1.0f;
    return TONE_LEVEL * rise * expf(-t / TONE_DECAY_S) * sinf(2 * CAM_PI * sound->tone_hz * t);
}

void cam_sound_make(struct cam_sound *sound, int64_t wall_us, float *out, size_t count)
{
    int64_t in_second = ((wall_us % SECOND_US) + SECOND_US) % SECOND_US;
    double t = (double)in_second / (double)SECOND_US;
    for (size_t i = 0; i < count; i++) {
        float white = noise_next(sound);
        sound->low += sound->colour * (white - sound->low);
        sound->slow += BREATH * (white - sound->slow);
        float swell = 1.0f + 60.0f * sound->slow;
        swell = swell < 0.4f ? 0.4f : swell > 1.6f ? 1.6f : swell;
        float hum = sound->hum_hz > 0 ? HUM_LEVEL * sinf(2 * CAM_PI * sound->hum_hz * (float)t) : 0;
        out[i] = sound->level * swell * sound->low * 2.0f + hum + tone_at(sound, (float)t);
        t += 1.0 / CAM_SOUND_RATE;
        t -= t >= 1.0 ? 1.0 : 0.0;
    }
}
