/* Software rasteriser for the drawn scenes: anti-aliased filled polygons straight into a planar
 * 4:2:0 picture. Coverage is the exact signed area of each pixel under the path, so edges are clean
 * in luma at full and in chroma at half resolution; no RGB frame and no conversion per picture.
 * Coordinates are those of a 640 x 360 drawing, whatever the picture's size.
 * Private to this folder; one canvas belongs to one thread. */
#ifndef FIRMWARE_SIM_CAM_RASTER_H
#define FIRMWARE_SIM_CAM_RASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "firmware-sim/cam/scene.h"

#define CAM_DRAW_WIDTH 640.0f
#define CAM_DRAW_HEIGHT 360.0f
#define CAM_PATH_MAX 64u /* points of one path */
#define CAM_PI 3.14159265f

struct cam_point {
    float x, y;
};

/* Light of the hour: every colour that is not a lamp is multiplied and shifted by it. */
struct cam_grade {
    float mul[3], add[3]; /* red, green, blue; parts of 1 */
};

enum cam_paint_kind { CAM_PAINT_FLAT, CAM_PAINT_VERTICAL, CAM_PAINT_GLOW };

struct cam_paint {
    enum cam_paint_kind kind;
    uint32_t rgb, rgb_end; /* 0xRRGGBB; rgb_end: colour at y1 of a vertical gradient */
    float alpha;           /* 0 .. 1; of a glow: at its middle, falling to 0 at the rim */
    float y0, y1;          /* vertical gradient */
    float cx, cy, rx, ry;  /* glow */
    bool is_lamp;          /* shines by itself: not graded */
};

struct cam_canvas {
    struct cam_picture picture; /* planes borrowed */
    float scale_x, scale_y;
    bool is_mirrored; /* left and right swapped */
    struct cam_grade grade;
    int clip_x0, clip_y0, clip_x1, clip_y1; /* pixels, end exclusive */
    float *accum;                           /* owned: one row of area differences */
    uint8_t *cover;                         /* owned: two rows of coverage */
};

/* Binds a canvas to a picture (borrowed, even size) with neutral light and no clip. -SK_ENOMEM. */
SK_MUST int cam_canvas_init(struct cam_canvas *canvas, const struct cam_picture *picture);
void cam_canvas_fini(struct cam_canvas *canvas);

/* Limits drawing to a rectangle of the drawing; cam_clip_none lifts it. */
void cam_clip(struct cam_canvas *canvas, float x, float y, float w, float h);
void cam_clip_none(struct cam_canvas *canvas);

struct cam_paint cam_flat(uint32_t rgb);
struct cam_paint cam_clear(uint32_t rgb, float alpha);
struct cam_paint cam_lamp(uint32_t rgb, float alpha);
struct cam_paint cam_vertical(uint32_t top, uint32_t bottom, float y0, float y1);

void cam_fill(struct cam_canvas *canvas, const struct cam_point *points, size_t count,
              struct cam_paint paint);
void cam_rect(struct cam_canvas *canvas, float x, float y, float w, float h,
              struct cam_paint paint);
void cam_round(struct cam_canvas *canvas, float x, float y, float w, float h, float r,
               struct cam_paint paint);
void cam_ellipse(struct cam_canvas *canvas, float cx, float cy, float rx, float ry,
                 struct cam_paint paint);
void cam_quad(struct cam_canvas *canvas, const float xy[8], struct cam_paint paint);
void cam_line(struct cam_canvas *canvas, float x0, float y0, float x1, float y1, float width,
              struct cam_paint paint);
/* Ellipse of light, `alpha` in the middle, nothing at the rim. */
void cam_glow(struct cam_canvas *canvas, float cx, float cy, float rx, float ry, uint32_t rgb,
              float alpha);

/* Mixes two colours; t = 0 gives a. */
uint32_t cam_mix(uint32_t a, uint32_t b, float t);

/* Luma and chroma of a colour, BT.709 limited range. */
void cam_yuv(uint32_t rgb, uint8_t yuv[3]);

#endif
