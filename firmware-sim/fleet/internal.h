/* Private to the fleet. */
#ifndef SIM_FLEET_INTERNAL_H
#define SIM_FLEET_INTERNAL_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

#include "firmware-sim/link/box.h"
#include "firmware-sim/link/camera.h"
#include "firmware-sim/link/vault.h"
#include "wire/label.h"

enum { SEED_BYTES = 16, FLEET_MAX = 100000, CAMERA_NAME_MAX = 64 };

struct member {
    struct fleet *fleet;
    struct vault vault;
    struct sim_camera *camera;
    struct net_loop *loop;
    char name[CAMERA_NAME_MAX], serial[16];
    unsigned number;
};

struct fleet {
    struct box box;
    const char *dir;
    uint8_t seed[SEED_BYTES];
    struct member *members;
    size_t count;
    struct net_loops *loops;
    struct sim_trouble trouble;
    const char *media_path; /* NULL = drawn scenes */
    const char *scene;      /* NULL = by number */
    const char *name;       /* of a single camera; NULL = by scene */
    const char *label_code; /* of a single camera; NULL = from the seed */
    const char *info_note;
    int has_marker;
    uint8_t marker[CAM_MARKER_LEN];
    int keep_tickets, quiet, clock_cells;
    _Atomic size_t started, ever_up, up;
    sem_t changed; /* posted when a link comes or goes */
    sem_t gone;    /* posted by each camera that has stopped */
};

/* Read or make `dir`/seed. */
SK_MUST int seed_load(struct fleet *f);

/* Open the vaults and give every camera its name. */
SK_MUST int members_open(struct fleet *f);
void members_close(struct fleet *f);

/* Enrol those that have no identity yet. */
SK_MUST int members_enrol(struct fleet *f, const char *token, struct sk_buf *why);
size_t members_without_identity(const struct fleet *f);

/* Start all cameras, at most a window of them connecting at a time; stop and free all. */
SK_MUST int members_start(struct fleet *f, unsigned threads);
void members_stop(struct fleet *f);

/* Label code of a member (a secret; wipe). */
void member_label(const struct member *m, char code[WIRE_LABEL_CODE_SIZE]);

#endif
