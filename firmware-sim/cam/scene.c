#include "firmware-sim/cam/scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/cam/font.h"
#include "firmware-sim/cam/scene_parts.h"
#include "firmware-sim/cam/zoom.h"

#define NAME_CAP 33u
#define TEXT_CAP_HEIGHT 13.5f /* of the drawing; scaled with it */
#define TEXT_MARGIN 14.0f
#define DAY_MS INT64_C(86400000)
#define CELL_WHITE 235
#define CELL_BLACK 16
#define CHECK_MASK 0xa5u
#define WINDOW_MIN 0.1f

struct cam_scene {
    const struct cam_place *place;
    struct cam_look look;
    char name[NAME_CAP];
    bool clock_cells;
    uint8_t *still, *live; /* owned: the picture's three planes in one block each */
    size_t bytes;
    struct cam_picture picture; /* points into live */
    struct cam_canvas canvas;
    struct cam_font *font;
    struct cam_window window;
    struct cam_zoom *zoom; /* owned; made when first needed */
};

static const struct cam_place *(*const places[CAM_SCENE_COUNT])(void) = {
    cam_place_gate,     cam_place_dock,      cam_place_corridor,    cam_place_reception,
    cam_place_car_park, cam_place_orchard,   cam_place_workshop,    cam_place_aisle,
    cam_place_rooftop,  cam_place_stairwell, cam_place_server_room, cam_place_river};

/* Light of the hour, first = plain. */
static const struct cam_grade outdoor_light[] = {
    {{1.00f, 1.00f, 1.00f}, {0, 0, 0}},             /* noon */
    {{1.03f, 0.98f, 0.89f}, {0.02f, 0.01f, 0.00f}}, /* morning */
    {{0.88f, 0.92f, 0.96f}, {0.04f, 0.04f, 0.04f}}, /* overcast */
    {{1.02f, 0.87f, 0.76f}, {0.03f, 0.00f, 0.00f}}, /* evening */
    {{0.86f, 0.96f, 1.04f}, {0.00f, 0.01f, 0.03f}}, /* clear and cold */
    {{0.56f, 0.61f, 0.78f}, {0.00f, 0.00f, 0.03f}}, /* dusk */
};
static const struct cam_grade indoor_light[] = {
    {{1.00f, 1.00f, 1.00f}, {0, 0, 0}},             /* plain */
    {{1.02f, 0.97f, 0.89f}, {0.01f, 0.00f, 0.00f}}, /* warm tubes */
    {{0.93f, 0.99f, 1.03f}, {0, 0, 0}},             /* cold tubes */
    {{0.78f, 0.79f, 0.83f}, {0, 0, 0}},             /* half of the lamps */
    {{0.98f, 1.00f, 0.95f}, {0, 0, 0}},             /* old tubes */
};
static const uint32_t coats[] = {0x7d3f33, 0x3f5d76, 0x4d6a4a, 0xa0702f,
                                 0x5b4a6e, 0xb25338, 0x2f6f73, 0x8a8f94};
static const uint32_t vehicle_paints[] = {0xd9a92f, 0x2f6f8f, 0xb5482f,
                                          0x4d7a52, 0x6a6f86, 0xc97a2c};

const char *cam_scene_name(unsigned scene)
{
    return scene < CAM_SCENE_COUNT ? places[scene]()->name : NULL;
}

unsigned cam_scene_of_seed(uint64_t seed)
{
    return (unsigned)(cam_noise(seed, 7) * (float)CAM_SCENE_COUNT) % CAM_SCENE_COUNT;
}

/* Seed 0 is the plain look: noon, nothing mirrored, every dial in the middle. */
static void look_make(struct cam_look *look, struct cam_canvas *canvas, bool is_outdoors,
                      uint64_t seed)
{
    look->seed = seed;
    for (unsigned i = 0; i < CAM_LOOK_DIALS; i++) {
        look->dial[i] = seed ? cam_noise(seed, 20 + i) : 0.5f;
    }
    look->coat = coats[0];
    look->paint = vehicle_paints[0];
    look->shift_s = 0.0;
    if (seed == 0) {
        return;
    }
    const struct cam_grade *lights = is_outdoors ? outdoor_light : indoor_light;
    size_t count = is_outdoors ? sizeof outdoor_light / sizeof outdoor_light[0]
                               : sizeof indoor_light / sizeof indoor_light[0];
    look->coat = coats[(size_t)(cam_noise(seed, 40) * 7.99f)];
    look->paint = vehicle_paints[(size_t)(cam_noise(seed, 41) * 5.99f)];
    look->shift_s = 600.0 * (double)cam_noise(seed, 42);
    canvas->is_mirrored = cam_noise(seed, 43) < 0.5f;
    canvas->grade = lights[(size_t)(cam_noise(seed, 44) * ((float)count - 0.01f))];
    for (unsigned i = 0; i < 3; i++) {
        canvas->grade.mul[i] *= 0.975f + 0.05f * cam_noise(seed, 45 + i);
    }
}

static void name_copy(char out[NAME_CAP], const char *name, const char *fallback)
{
    size_t len = 0;
    bool is_readable = false;
    for (size_t i = 0; name && name[i] && len + 1 < NAME_CAP; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x80) {
            out[len++] = (char)c;
            is_readable = is_readable || c > ' ';
        }
    }
    out[len] = '\0';
    if (!is_readable) {
        len = strlen(fallback);
        len = len < NAME_CAP - 1 ? len : NAME_CAP - 1;
        memcpy(out, fallback, len);
        out[len] = '\0';
    }
}

static void picture_bind(struct cam_picture *picture, uint8_t *block, unsigned width,
                         unsigned height)
{
    size_t luma = (size_t)width * height;
    *picture = (struct cam_picture){.width = width,
                                    .height = height,
                                    .plane = {block, block + luma, block + luma + luma / 4},
                                    .stride = {width, width / 2, width / 2}};
}

static int scene_render_still(struct cam_scene *scene, const struct cam_scene_options *options,
                              unsigned width, unsigned height)
{
    scene->bytes = (size_t)width * height * 3 / 2;
    scene->still = calloc(1, scene->bytes);
    scene->live = calloc(1, scene->bytes);
    if (!scene->still || !scene->live) {
        return -SK_ENOMEM;
    }
    picture_bind(&scene->picture, scene->live, width, height);
    int rc = cam_canvas_init(&scene->canvas, &scene->picture);
    if (rc) {
        return rc;
    }
    look_make(&scene->look, &scene->canvas, scene->place->is_outdoors, options->seed);
    scene->place->still(&scene->canvas, &scene->look);
    memcpy(scene->still, scene->live, scene->bytes);
    return cam_font_new(TEXT_CAP_HEIGHT * (float)height / CAM_DRAW_HEIGHT, &scene->font);
}

int cam_scene_new(const struct cam_scene_options *options, unsigned width, unsigned height,
                  struct cam_scene **out)
{
    *out = NULL;
    if (options->scene >= CAM_SCENE_COUNT || width < 160 || height < 90 || width > 1920 ||
        height > 1080 || width % 2 || height % 2) {
        return -SK_EINVAL;
    }
    struct cam_scene *scene = calloc(1, sizeof *scene);
    if (!scene) {
        return -SK_ENOMEM;
    }
    scene->place = places[options->scene]();
    scene->clock_cells = options->clock_cells;
    scene->window.size = 1.0f;
    name_copy(scene->name, options->name, scene->place->name);
    int rc = scene_render_still(scene, options, width, height);
    if (rc) {
        cam_scene_free(&scene);
        return rc;
    }
    *out = scene;
    return 0;
}

void cam_scene_free(struct cam_scene **scene)
{
    if (*scene) {
        free((*scene)->still);
        free((*scene)->live);
        cam_canvas_fini(&(*scene)->canvas);
        cam_font_free(&(*scene)->font);
        cam_zoom_free(&(*scene)->zoom);
        free(*scene);
        *scene = NULL;
    }
}

/* ---- burnt-in text ---- */

static void text_draw(const struct cam_scene *scene, const struct cam_picture *picture,
                      int64_t wall_ms, uint64_t frame)
{
    char clock[16], count[24];
    float scale = (float)picture->height / CAM_DRAW_HEIGHT;
    int margin = (int)lroundf(TEXT_MARGIN * scale);
    int top = (int)lroundf(30.0f * scale), bottom = (int)lroundf(346.0f * scale);
    unsigned ms = (unsigned)(((wall_ms % DAY_MS) + DAY_MS) % DAY_MS);
    snprintf(clock, sizeof clock, "%02u:%02u:%02u.%03u", ms / 3600000u % 24u, ms / 60000u % 60u,
             ms / 1000u % 60u, ms % 1000u);
    snprintf(count, sizeof count, "#%llu", (unsigned long long)frame);
    int right = (int)picture->width - margin - (int)cam_font_width(scene->font, strlen(count));
    cam_font_draw(scene->font, picture, margin, top, scene->name);
    cam_font_draw(scene->font, picture, margin, bottom, clock);
    cam_font_draw(scene->font, picture, right, bottom, count);
}

/* ---- clock cells ---- */

static unsigned cell_size(unsigned width)
{
    unsigned size = width / 80u & ~1u; /* 8 px at 640, 16 px at 1280 */
    return size < 2u ? 2u : size;
}

static unsigned check_byte(uint64_t low40)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 5; i++) {
        sum += (unsigned)(low40 >> (8u * i)) & 255u;
    }
    return (sum ^ CHECK_MASK) & 255u;
}

uint64_t cam_cells_pack(int64_t wall_ms)
{
    uint64_t low40 = (uint64_t)wall_ms & UINT64_C(0xffffffffff);
    return low40 << 8 | check_byte(low40);
}

static void cells_draw(const struct cam_picture *picture, int64_t wall_ms)
{
    uint64_t bits = cam_cells_pack(wall_ms);
    unsigned size = cell_size(picture->width);
    unsigned left = picture->width - size * CAM_CELLS_COLUMNS;
    for (unsigned row = 0; row < CAM_CELLS_ROWS * size; row++) {
        uint8_t *luma = picture->plane[0] + (size_t)row * picture->stride[0] + left;
        for (unsigned column = 0; column < CAM_CELLS_COLUMNS; column++) {
            unsigned cell = row / size * CAM_CELLS_COLUMNS + column;
            bool is_white = bits >> (CAM_CELLS_COUNT - 1u - cell) & 1u;
            memset(luma + column * size, is_white ? CELL_WHITE : CELL_BLACK, size);
        }
        if (row % 2 == 0) {
            for (unsigned p = 1; p < 3; p++) {
                memset(picture->plane[p] + (size_t)(row / 2) * picture->stride[p] + left / 2, 128,
                       size * CAM_CELLS_COLUMNS / 2);
            }
        }
    }
}

int cam_cells_read(const uint8_t *luma, size_t stride, unsigned width, unsigned height,
                   uint64_t *ms)
{
    unsigned size = cell_size(width);
    uint64_t bits = 0;
    if (width < size * CAM_CELLS_COLUMNS || height < size * CAM_CELLS_ROWS) {
        return -SK_EINVAL;
    }
    unsigned left = width - size * CAM_CELLS_COLUMNS;
    for (unsigned cell = 0; cell < CAM_CELLS_COUNT; cell++) {
        size_t x = left + cell % CAM_CELLS_COLUMNS * size + size / 2;
        size_t y = cell / CAM_CELLS_COLUMNS * size + size / 2;
        const uint8_t *at = luma + y * stride + x;
        unsigned sum = (unsigned)at[0] + *(at - 1) + *(at - stride) + *(at - stride - 1);
        bits = bits << 1 | (sum / 4u > 125u);
    }
    if (check_byte(bits >> 8) != (bits & 255u)) {
        return -SK_EINVAL;
    }
    *ms = bits >> 8;
    return 0;
}

static float within(float v, float low, float high)
{
    return v > low ? (v < high ? v : high) : low;
}

void cam_scene_window(struct cam_scene *scene, struct cam_window window)
{
    float size = within(window.size, WINDOW_MIN, 1.0f);
    scene->window = (struct cam_window){within(window.x, 0, 1.0f - size),
                                        within(window.y, 0, 1.0f - size), size};
}

/* The picture as the lens gives it. Without memory for the other: the whole. */
static const struct cam_picture *lens_draw(struct cam_scene *scene)
{
    if (scene->window.size >= 1.0f ||
        (!scene->zoom &&
         cam_zoom_new(scene->picture.width, scene->picture.height, &scene->zoom) != 0)) {
        return &scene->picture;
    }
    return cam_zoom_draw(scene->zoom, &scene->picture, scene->window);
}

const struct cam_picture *cam_scene_draw(struct cam_scene *scene, int64_t wall_ms, uint64_t frame)
{
    memcpy(scene->live, scene->still, scene->bytes);
    int64_t week_ms = (wall_ms % (7 * DAY_MS) + 7 * DAY_MS) % (7 * DAY_MS);
    double t = (double)week_ms / 1000.0 + scene->look.shift_s;
    scene->place->moving(&scene->canvas, &scene->look, t);
    cam_clip_none(&scene->canvas);
    const struct cam_picture *picture = lens_draw(scene);
    text_draw(scene, picture, wall_ms, frame);
    if (scene->clock_cells) {
        cells_draw(picture, wall_ms);
    }
    return picture;
}
