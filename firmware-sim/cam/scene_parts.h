/* What the drawn places share: the look that a seed gives a camera, and recurring figures.
 * Private to this folder. Lengths are those of the 640 x 360 drawing, times seconds. */
#ifndef FIRMWARE_SIM_CAM_SCENE_PARTS_H
#define FIRMWARE_SIM_CAM_SCENE_PARTS_H

#include "firmware-sim/cam/raster.h"

#define CAM_LOOK_DIALS 16u

struct cam_look {
    uint64_t seed;
    float dial[CAM_LOOK_DIALS]; /* 0 .. 1 each, free for the place; all 0.5 for seed 0 */
    uint32_t coat, paint;       /* colour of a person's coat, of a vehicle */
    double shift_s;             /* so that two cameras of one place do not move in step */
};

struct cam_place {
    const char *name;
    bool is_outdoors;
    void (*still)(struct cam_canvas *canvas, const struct cam_look *look);
    void (*moving)(struct cam_canvas *canvas, const struct cam_look *look, double t);
};

/* The twelve places; static storage. */
const struct cam_place *cam_place_gate(void);        /* scene_green.c */
const struct cam_place *cam_place_orchard(void);     /* scene_green.c */
const struct cam_place *cam_place_river(void);       /* scene_green.c */
const struct cam_place *cam_place_car_park(void);    /* scene_night.c */
const struct cam_place *cam_place_rooftop(void);     /* scene_night.c */
const struct cam_place *cam_place_corridor(void);    /* scene_house.c */
const struct cam_place *cam_place_reception(void);   /* scene_house.c */
const struct cam_place *cam_place_stairwell(void);   /* scene_house.c */
const struct cam_place *cam_place_dock(void);        /* scene_works.c */
const struct cam_place *cam_place_aisle(void);       /* scene_works.c */
const struct cam_place *cam_place_workshop(void);    /* scene_halls.c */
const struct cam_place *cam_place_server_room(void); /* scene_halls.c */

/* Where `t` stands in a round of `period` seconds, 0 .. 1. */
float cam_round_of(double t, double period);
/* 0 before `from`, 1 after `to`, smooth between. */
float cam_ease(float v, float from, float to);
/* Repeatable noise 0 .. 1 of two integers. */
float cam_noise(uint64_t seed, uint64_t index);
/* Dial `i` mapped to low .. high. */
float cam_dial(const struct cam_look *look, unsigned i, float low, float high);
/* One of `count` colours, chosen by dial `i`. */
uint32_t cam_pick(const struct cam_look *look, unsigned i, const uint32_t *colours, unsigned count);

enum cam_person_mode { CAM_PERSON_STANDS, CAM_PERSON_WALKS_SIDEWAYS, CAM_PERSON_WALKS_DEPTH };

struct cam_person {
    float x, feet, height;
    float step; /* 0 .. 1, place in the stride */
    enum cam_person_mode mode;
    uint32_t coat;
    uint32_t head; /* colour of hair, hat or hood; 0 = default dark */
};
void cam_person_draw(struct cam_canvas *canvas, const struct cam_person *person);

void cam_tree(struct cam_canvas *canvas, float x, float base, float scale);
void cam_cloud(struct cam_canvas *canvas, float x, float y, float scale, float alpha);
/* Clouds that drift across the sky between y0 and y1. */
void cam_clouds(struct cam_canvas *canvas, const struct cam_look *look, double t, float y0,
                float y1, float alpha);
void cam_hive(struct cam_canvas *canvas, float x, float base, float scale);
/* Car from the side; `way` +1 drives right, -1 left; wheels turn with x. */
void cam_car(struct cam_canvas *canvas, float x, float base, float scale, float way,
             uint32_t colour);

#endif
