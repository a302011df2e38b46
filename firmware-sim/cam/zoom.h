/* A window of a picture, enlarged to the picture's size: the lens of a camera that turns by cutting
 * out. Private to this folder. */
#ifndef FIRMWARE_SIM_CAM_ZOOM_H
#define FIRMWARE_SIM_CAM_ZOOM_H

#include "base/err.h"
#include "firmware-sim/cam/scene.h"

struct cam_zoom;

/* For pictures of this size. Owner: caller, frees. -SK_ENOMEM. */
SK_MUST int cam_zoom_new(unsigned width, unsigned height, struct cam_zoom **out);
void cam_zoom_free(struct cam_zoom **zoom);

/* Enlarges `window` of `in` (of the size given above), bilinear. Borrowed until the next call. */
const struct cam_picture *cam_zoom_draw(struct cam_zoom *zoom, const struct cam_picture *in,
                                        struct cam_window window);

#endif
