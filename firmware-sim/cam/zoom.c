#include "firmware-sim/cam/zoom.h"

#include <stdlib.h>
#include <string.h>

#define ONE 65536.0f /* fixed point: 16 bits of fraction */

struct cam_zoom {
    uint8_t *block;    /* owned: the result's planes */
    uint8_t *rows[2];  /* owned: two source rows, stretched */
    uint32_t *columns; /* owned: source position of each column, 16.16 */
    struct cam_picture picture;
};

int cam_zoom_new(unsigned width, unsigned height, struct cam_zoom **out)
{
    size_t luma = (size_t)width * height;
    struct cam_zoom *zoom = calloc(1, sizeof *zoom);
    *out = NULL;
    if (!zoom) {
        return -SK_ENOMEM;
    }
    zoom->block = calloc(1, luma * 3 / 2);
    zoom->rows[0] = calloc(1, width);
    zoom->rows[1] = calloc(1, width);
    zoom->columns = calloc(width, sizeof *zoom->columns);
    if (!zoom->block || !zoom->rows[0] || !zoom->rows[1] || !zoom->columns) {
        cam_zoom_free(&zoom);
        return -SK_ENOMEM;
    }
    zoom->picture = (struct cam_picture){
        .width = width,
        .height = height,
        .plane = {zoom->block, zoom->block + luma, zoom->block + luma + luma / 4},
        .stride = {width, width / 2, width / 2}};
    *out = zoom;
    return 0;
}

void cam_zoom_free(struct cam_zoom **zoom)
{
    if (*zoom) {
        free((*zoom)->block);
        free((*zoom)->rows[0]);
        free((*zoom)->rows[1]);
        free((*zoom)->columns);
        free(*zoom);
        *zoom = NULL;
    }
}

/* Where pixel `i` of `count` lies in a window that begins at `from` and spans `span` (both parts of
 * 1), in source pixels, 16.16, within the picture. */
static uint32_t position(unsigned i, unsigned count, float from, float span)
{
    float at = (from + span * ((float)i + 0.5f) / (float)count) * (float)count - 0.5f;
    float last = (float)(count - 1);
    at = at < 0 ? 0 : at > last ? last : at;
    return (uint32_t)(at * ONE);
}

static void row_stretch(const uint8_t *in, unsigned width, const uint32_t *columns, uint8_t *out)
{
    for (unsigned x = 0; x < width; x++) {
        uint32_t at = columns[x] >> 16, part = columns[x] >> 8 & 255u;
        uint32_t next = at + 1 < width ? at + 1 : at;
        out[x] = (uint8_t)((in[at] * (256u - part) + in[next] * part) >> 8);
    }
}

static void plane_stretch(struct cam_zoom *zoom, const struct cam_picture *in, unsigned p,
                          struct cam_window window)
{
    unsigned width = p ? in->width / 2 : in->width, height = p ? in->height / 2 : in->height;
    uint32_t have = UINT32_MAX; /* the source row in rows[0]; rows[1] is the one below */
    for (unsigned x = 0; x < width; x++) {
        zoom->columns[x] = position(x, width, window.x, window.size);
    }
    for (unsigned y = 0; y < height; y++) {
        uint32_t at = position(y, height, window.y, window.size), row = at >> 16;
        uint32_t part = at >> 8 & 255u, below = row + 1 < height ? row + 1 : row;
        uint8_t *out = zoom->picture.plane[p] + (size_t)y * zoom->picture.stride[p];
        if (row != have) {
            row_stretch(in->plane[p] + (size_t)row * in->stride[p], width, zoom->columns,
                        zoom->rows[0]);
            row_stretch(in->plane[p] + (size_t)below * in->stride[p], width, zoom->columns,
                        zoom->rows[1]);
            have = row;
        }
        for (unsigned x = 0; x < width; x++) {
            out[x] = (uint8_t)((zoom->rows[0][x] * (256u - part) + zoom->rows[1][x] * part) >> 8);
        }
    }
}

const struct cam_picture *cam_zoom_draw(struct cam_zoom *zoom, const struct cam_picture *in,
                                        struct cam_window window)
{
    for (unsigned p = 0; p < 3; p++) {
        plane_stretch(zoom, in, p, window);
    }
    return &zoom->picture;
}
