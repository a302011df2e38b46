/* Twelve drawn places for simulated cameras, flat in style, with things that move.
 * A scene is a pure function of (place, seed, size, time): the same input gives the same picture.
 * The still part is drawn once per size and kept; each frame copies back what moved and draws the
 * moving things, the burnt-in text and the clock cells (docs/design/scenes.md).
 * One scene belongs to one thread. */
#ifndef FIRMWARE_SIM_CAM_SCENE_H
#define FIRMWARE_SIM_CAM_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CAM_SCENE_COUNT 12u

/* Clock cells: 2 rows x 24 cells; cell edge = 8 px for each 640 px of picture width. */
#define CAM_CELLS_ROWS 2u
#define CAM_CELLS_COLUMNS 24u
#define CAM_CELLS_COUNT 48u

struct cam_scene_options {
    unsigned scene; /* 0 .. CAM_SCENE_COUNT - 1 */
    uint64_t seed;
    const char *name; /* burnt in upper-case; copied */
    bool clock_cells;
};

/* 8-bit 4:2:0 picture, BT.709 limited range. Planes are owned by the scene. */
struct cam_picture {
    unsigned width, height;
    uint8_t *plane[3];
    unsigned stride[3]; /* bytes */
};

/* What of the drawing fills the picture, in parts of 1; {0, 0, 1} = all of it. Text and clock cells
 * stay where they are. */
struct cam_window {
    float x, y; /* upper left corner, 0 .. 1 - size */
    float size; /* of width and height alike, 0.1 .. 1 */
};

struct cam_scene;

/* Name of a place ("gate-north"), NULL beyond the last. */
const char *cam_scene_name(unsigned scene);

/* Place that a seed stands for: spreads cameras over all places. */
unsigned cam_scene_of_seed(uint64_t seed);

/* Draws the still part for this size (even, 160x90 .. 1920x1080). Owner: caller, frees.
 * Errors: -SK_EINVAL, -SK_ENOMEM. */
SK_MUST int cam_scene_new(const struct cam_scene_options *options, unsigned width, unsigned height,
                          struct cam_scene **out);
void cam_scene_free(struct cam_scene **scene);

/* Sets the window from the next picture on; what lies outside of the limits is moved to them. */
void cam_scene_window(struct cam_scene *scene, struct cam_window window);

/* Draws the frame of wall clock `wall_ms` (UTC) with frame number `frame`. The picture is borrowed
 * until the next call. */
const struct cam_picture *cam_scene_draw(struct cam_scene *scene, int64_t wall_ms, uint64_t frame);

/* Packs the low 40 bits of `wall_ms` and their check byte into 48 bits, first cell = highest. */
uint64_t cam_cells_pack(int64_t wall_ms);

/* Reads the cells back from a luma plane. 0 with the 40 bits in *ms, or -SK_EINVAL if the check
 * byte is wrong. */
SK_MUST int cam_cells_read(const uint8_t *luma, size_t stride, unsigned width, unsigned height,
                           uint64_t *ms);

#endif
