/* Burnt-in text: a stroke font of our own (ASCII, capitals), drawn once per size into masks with a
 * dark outline, so that it reads on every background. Private to this folder. */
#ifndef FIRMWARE_SIM_CAM_FONT_H
#define FIRMWARE_SIM_CAM_FONT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "firmware-sim/cam/scene.h"

struct cam_font;

/* Masks for text whose capitals are `cap_px` pixels high. Owner: caller, frees. -SK_ENOMEM. */
SK_MUST int cam_font_new(float cap_px, struct cam_font **out);
void cam_font_free(struct cam_font **font);

/* Width of `count` characters in pixels. */
unsigned cam_font_width(const struct cam_font *font, size_t count);

/* Draws text, small letters as capitals, with its left edge at x and its baseline at y (pixels);
 * what falls outside of the picture is cut. Bytes that the font has not are drawn as '?'. */
void cam_font_draw(const struct cam_font *font, const struct cam_picture *picture, int x, int y,
                   const char *text);

#endif
