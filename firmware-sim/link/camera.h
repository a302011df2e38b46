/* One simulated camera at work: sealed side, device link, media uplink and pictures, on one loop.
 * The same sdk code as a real camera's firmware; only clock, flash and lens are ours. */
#ifndef SIM_LINK_CAMERA_H
#define SIM_LINK_CAMERA_H

#include <stdint.h>

#include "base/err.h"
#include "firmware-sim/cam/source.h"
#include "firmware-sim/link/box.h"
#include "firmware-sim/link/vault.h"
#include "net/loop.h"

struct sim_camera;

/* Trouble on purpose; zeros = none. */
struct sim_trouble {
    int64_t skew_ms;       /* own clock against the true one */
    int64_t drop_every_ms; /* cut the device link this often (+-50 %) */
    int64_t uplink_bps;    /* the uplink carries no more: units are lost, as on a bad line */
};

struct sim_options {
    const struct box *box;  /* borrowed; lives longer than the camera */
    struct vault *vault;    /* borrowed; enrolled */
    const char *label_code; /* 24 characters; copied by the sealed side */
    const char *model, *firmware;
    const char *info_note; /* NULL, or what `info` also says (tests) */
    struct cam_source_options source;
    struct sim_trouble trouble;
    int keep_tickets;         /* write TLS tickets to the vault */
    int64_t first_connect_ms; /* wait before the first connection (spreads a fleet) */
    /* Called when the link comes up or goes (1 or 0); may be NULL. Loop's thread. */
    void (*on_link)(void *ctx, int up);
    void *ctx;
};

/* Make it and let it connect. On the loop's thread. -SK_EINVAL, -SK_ESTORAGE (its flash). The
 * caller owns *out. */
SK_MUST int sim_camera_new(struct sim_camera **out, struct net_loop *loop,
                           const struct sim_options *o);

/* Cut everything and free. On the loop's thread. */
void sim_camera_free(struct sim_camera *c);

/* Press the button on its case (local control). On the loop's thread. */
void sim_camera_button(struct sim_camera *c);

#endif
