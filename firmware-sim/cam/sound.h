/* What a simulated microphone hears: quiet ambience of the place, and at each full second of the
 * wall clock a soft tone, so that sound can be held against the burnt-in clock. Made by code, a
 * function of (place, seed, time) but for the noise, which runs on. Private to this folder; one
 * sound belongs to one thread. */
#ifndef FIRMWARE_SIM_CAM_SOUND_H
#define FIRMWARE_SIM_CAM_SOUND_H

#include <stddef.h>
#include <stdint.h>

#define CAM_SOUND_RATE 48000u /* mono samples per second */

struct cam_sound {
    uint64_t noise;
    float low, slow;             /* filters' memory */
    float colour, level, hum_hz; /* of the place */
    float tone_hz;               /* of the second */
};

void cam_sound_init(struct cam_sound *sound, unsigned scene, uint64_t seed);

/* `count` samples in -1 .. 1, the first of which is heard at `wall_us` (UTC). */
void cam_sound_make(struct cam_sound *sound, int64_t wall_us, float *out, size_t count);

#endif
