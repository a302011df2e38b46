/* The head of a simulated camera: it turns by cutting a window out of the drawn scene. Where it
 * looks, how it moves, its nine presets. Pure; time is handed in. */
#ifndef SIM_LINK_PTZ_H
#define SIM_LINK_PTZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "firmware-sim/cam/scene.h"
#include "sdk/camera.h"

enum { PTZ_PRESETS_BYTES = 2 + SDK_PTZ_PRESETS * 6 };

#define PTZ_ZOOM_MAX 4.0f

/* pan and tilt: -1 .. 1 from border to border, right and up positive; zoom: factor, 1 = all of the
 * scene. Of all of it there is nothing to turn to: then pan and tilt are 0. */
struct ptz_place {
    float pan, tilt, zoom;
};

struct ptz_head {
    struct ptz_place at;
    struct ptz_place speed; /* while is_moving: parts of the full speed, -1 .. 1 */
    struct ptz_place goal;  /* while is_going */
    struct ptz_place presets[SDK_PTZ_PRESETS];
    uint16_t is_set; /* bit n: preset n + 1 */
    uint8_t is_moving, is_going;
    int64_t run_ms;
};

void ptz_init(struct ptz_head *h);
/* Obey one command. -SK_ENOTFOUND: GO to a preset that was never set. */
SK_MUST int ptz_command(struct ptz_head *h, const struct sdk_ptz *p, int64_t now_ms);
/* Let time pass. 1 while it moves, 0 at rest. */
int ptz_run(struct ptz_head *h, int64_t now_ms);
struct cam_window ptz_window(const struct ptz_head *h);

/* The presets as kept in flash; reading bytes of another form leaves none. */
void ptz_presets_encode(const struct ptz_head *h, uint8_t out[PTZ_PRESETS_BYTES]);
void ptz_presets_decode(struct ptz_head *h, const uint8_t *data, size_t len);

#endif
