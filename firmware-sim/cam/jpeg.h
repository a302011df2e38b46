/* One picture as a JPEG, through libavcodec. Private to this folder; any thread. */
#ifndef FIRMWARE_SIM_CAM_JPEG_H
#define FIRMWARE_SIM_CAM_JPEG_H

#include "base/buf.h"
#include "base/err.h"
#include "firmware-sim/cam/scene.h"

/* Appends the picture (BT.709, limited range) as a baseline JPEG with JFIF's colours (BT.601, full
 * range) to `out`. -SK_EUNSUPPORTED (no encoder), -SK_ENOMEM, -SK_EINTERNAL, buffer's. */
SK_MUST int cam_jpeg_encode(const struct cam_picture *picture, struct sk_buf *out);

#endif
