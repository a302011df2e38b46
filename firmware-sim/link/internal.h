/* Private to the simulated camera's link: its object and the calls between its files. */
#ifndef SIM_LINK_INTERNAL_H
#define SIM_LINK_INTERNAL_H

#include "base/buf.h"
#include "firmware-sim/cam/card.h"
#include "firmware-sim/cam/mic.h"
#include "firmware-sim/link/camera.h"
#include "firmware-sim/link/ptz.h"
#include "net/stream.h"
#include "sdk/camera.h"
#include "sdk/devlink.h"
#include "sdk/uplink.h"

enum { SNAPS_WAITING_MAX = 4 };

/* One of the streams. `origin` is the PTS of `origin_ms`, as the sealed side gave it. */
struct flow {
    uint64_t origin, base; /* base: PTS of the source's own 0, known from the first unit on */
    int64_t origin_ms;
    uint32_t sequence;
    int is_asked, is_ready, force_key;
    int64_t ready_by_ms;
};

/* A player of the card, in the slot that the sealed side gave it. */
struct screen {
    struct cam_player *player; /* NULL = free */
    uint64_t base;             /* PTS of the player's own 0 */
    uint32_t sequence;
    int is_open, is_wanted; /* is_wanted: a unit is asked for */
};

struct sim_camera {
    struct net_loop *loop;
    struct net_timer timer;
    struct sim_options o;
    struct sdk_camera *sealed;
    struct sdk_devlink devlink;
    struct sdk_uplink uplink;
    struct net_stream *link, *media; /* NULL while down */
    struct tls_config *tls;
    struct cam_source *source;
    struct cam_card card;
    struct screen screens[SDK_PLAY_MAX];
    struct cam_mic *mic; /* while somebody listens */
    struct flow flows[SDK_STREAM_COUNT];
    struct sk_buf fragment;
    struct ptz_head head;
    struct ptz_place shown;            /* where the pictures look */
    uint32_t snaps[SNAPS_WAITING_MAX]; /* numbers asked for, 0 = none */
    char *media_ticket;                /* of the MEDIA_OPEN under way */
    unsigned attempt;
    int64_t connect_at_ms, drop_at_ms, devlink_at_ms, uplink_at_ms;
    int64_t budget_bytes, budget_ms; /* of the simulated slow line */
    int is_up, is_ending;
};

int64_t sim_now(void);
int64_t sim_wall(const struct sim_camera *c);
/* Come back to the pump at once. */
void sim_pump_soon(struct sim_camera *c);

/* ---- flow.c: pictures, sound, the head ---- */
int flow_on_start(void *user, enum sdk_stream which, uint64_t origin);
void flow_on_stop(void *user, enum sdk_stream which);
void flow_on_keyframe(void *user, enum sdk_stream which);
void flow_on_snap(void *user, uint32_t number);
void flow_on_talk(void *user, uint64_t pts, const uint8_t *data, size_t len);
int flow_on_ptz(void *user, const struct sdk_ptz *p);
/* ---- play.c: the card ---- */
int play_on_find(void *user, int64_t from_ms, int64_t to_ms, struct sdk_play_found *out);
int play_on_open(void *user, unsigned slot, const struct sdk_play_how *how, int64_t *wall_ms);
int play_on_seek(void *user, unsigned slot, int64_t at_ms, uint64_t pts, int64_t *wall_ms);
void play_on_speed(void *user, unsigned slot, int keys_only);
void play_on_next(void *user, unsigned slot);
void play_on_close(void *user, unsigned slot);
/* Make what is asked for, one picture a turn; returns when more is due. */
int64_t plays_run(struct sim_camera *c);
void plays_close(struct sim_camera *c);

/* Encode and send what is due; returns when more is. */
int64_t flows_run(struct sim_camera *c);

#endif
