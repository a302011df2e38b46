#include "firmware-sim/cam/raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW_SPARE 8u /* accumulator cells beyond the right edge */

struct edge {
    float x0, y0, x1, y1; /* pixels, y0 < y1 */
    float dir;            /* +1 downwards, -1 upwards in the path's order */
};

struct path {
    struct edge edges[CAM_PATH_MAX];
    size_t count;
    int x0, y0, x1, y1; /* pixels touched, clipped, end exclusive */
};

static float clampf(float v, float low, float high)
{
    return v < low ? low : (v > high ? high : v);
}

static int clampi(int v, int low, int high)
{
    return v < low ? low : (v > high ? high : v);
}

static uint8_t byte_of(float v)
{
    return (uint8_t)clampf(v + 0.5f, 0.0f, 255.0f);
}

int cam_canvas_init(struct cam_canvas *canvas, const struct cam_picture *picture)
{
    size_t width = picture->width;
    memset(canvas, 0, sizeof *canvas);
    canvas->picture = *picture;
    canvas->scale_x = (float)picture->width / CAM_DRAW_WIDTH;
    canvas->scale_y = (float)picture->height / CAM_DRAW_HEIGHT;
    canvas->grade = (struct cam_grade){{1, 1, 1}, {0, 0, 0}};
    canvas->accum = calloc(width + ROW_SPARE, sizeof *canvas->accum);
    canvas->cover = calloc(2, width);
    cam_clip_none(canvas);
    if (!canvas->accum || !canvas->cover) {
        cam_canvas_fini(canvas);
        return -SK_ENOMEM;
    }
    return 0;
}

void cam_canvas_fini(struct cam_canvas *canvas)
{
    free(canvas->accum);
    free(canvas->cover);
    canvas->accum = NULL;
    canvas->cover = NULL;
}

void cam_clip(struct cam_canvas *canvas, float x, float y, float w, float h)
{
    int width = (int)canvas->picture.width, height = (int)canvas->picture.height;
    if (canvas->is_mirrored) {
        x = CAM_DRAW_WIDTH - x - w;
    }
    canvas->clip_x0 = clampi((int)lroundf(x * canvas->scale_x), 0, width);
    canvas->clip_y0 = clampi((int)lroundf(y * canvas->scale_y), 0, height);
    canvas->clip_x1 = clampi((int)lroundf((x + w) * canvas->scale_x), 0, width);
    canvas->clip_y1 = clampi((int)lroundf((y + h) * canvas->scale_y), 0, height);
}

void cam_clip_none(struct cam_canvas *canvas)
{
    canvas->clip_x0 = canvas->clip_y0 = 0;
    canvas->clip_x1 = (int)canvas->picture.width;
    canvas->clip_y1 = (int)canvas->picture.height;
}

struct cam_paint cam_flat(uint32_t rgb)
{
    return (struct cam_paint){.kind = CAM_PAINT_FLAT, .rgb = rgb, .alpha = 1.0f};
}

struct cam_paint cam_clear(uint32_t rgb, float alpha)
{
    return (struct cam_paint){.kind = CAM_PAINT_FLAT, .rgb = rgb, .alpha = alpha};
}

struct cam_paint cam_lamp(uint32_t rgb, float alpha)
{
    return (struct cam_paint){.kind = CAM_PAINT_FLAT, .rgb = rgb, .alpha = alpha, .is_lamp = true};
}

struct cam_paint cam_vertical(uint32_t top, uint32_t bottom, float y0, float y1)
{
    return (struct cam_paint){.kind = CAM_PAINT_VERTICAL,
                              .rgb = top,
                              .rgb_end = bottom,
                              .alpha = 1.0f,
                              .y0 = y0,
                              .y1 = y1};
}

static float channel(uint32_t rgb, unsigned shift)
{
    return (float)((rgb >> shift) & 255u);
}

uint32_t cam_mix(uint32_t a, uint32_t b, float t)
{
    uint32_t out = 0;
    t = clampf(t, 0.0f, 1.0f);
    for (unsigned shift = 0; shift < 24; shift += 8) {
        float v = channel(a, shift) * (1.0f - t) + channel(b, shift) * t;
        out |= (uint32_t)byte_of(v) << shift;
    }
    return out;
}

void cam_yuv(uint32_t rgb, uint8_t yuv[3])
{
    float r = channel(rgb, 16) / 255.0f, g = channel(rgb, 8) / 255.0f, b = channel(rgb, 0) / 255.0f;
    float y = 0.2126f * r + 0.7152f * g + 0.0722f * b;
    yuv[0] = byte_of(16.0f + 219.0f * y);
    yuv[1] = byte_of(128.0f + 224.0f * (b - y) / 1.8556f);
    yuv[2] = byte_of(128.0f + 224.0f * (r - y) / 1.5748f);
}

static uint32_t graded(const struct cam_canvas *canvas, uint32_t rgb)
{
    uint32_t out = 0;
    for (unsigned i = 0; i < 3; i++) {
        unsigned shift = 16u - 8u * i;
        float v = channel(rgb, shift) * canvas->grade.mul[i] + 255.0f * canvas->grade.add[i];
        out |= (uint32_t)byte_of(v) << shift;
    }
    return out;
}

/* Colour of a paint on picture row y. */
static void paint_row(const struct cam_canvas *canvas, const struct cam_paint *paint, int y,
                      uint8_t yuv[3])
{
    uint32_t rgb = paint->rgb;
    if (paint->kind == CAM_PAINT_VERTICAL) {
        float at = ((float)y + 0.5f) / canvas->scale_y;
        rgb = cam_mix(paint->rgb, paint->rgb_end, (at - paint->y0) / (paint->y1 - paint->y0));
    }
    cam_yuv(paint->is_lamp ? rgb : graded(canvas, rgb), yuv);
}

/* Adds one edge's part of row y to the accumulator, whose first cell is the pixel at left_x: after
 * a running sum, each cell holds the area of its pixel that lies right of the edge, signed. */
static void edge_accumulate(const struct edge *e, int y, float *accum, float left_x, float width)
{
    float top = fmaxf(e->y0, (float)y), bottom = fminf(e->y1, (float)y + 1.0f);
    if (top >= bottom) {
        return;
    }
    float slope = (e->x1 - e->x0) / (e->y1 - e->y0);
    float xa = clampf(e->x0 + (top - e->y0) * slope - left_x, 0.0f, width);
    float xb = clampf(e->x0 + (bottom - e->y0) * slope - left_x, 0.0f, width);
    float area = (bottom - top) * e->dir;
    float left = fminf(xa, xb), right = fmaxf(xa, xb);
    int i0 = (int)left, i1 = (int)ceilf(right);
    if (i1 <= i0 + 1) {
        float in = area * (0.5f * (left + right) - (float)i0);
        accum[i0] += area - in;
        accum[i0 + 1] += in;
        return;
    }
    float inv = 1.0f / (right - left), before = 0.0f;
    for (int i = i0; i < i1; i++) {
        /* share of the edge left of this pixel's right side, minus the pixel's own triangle */
        float a = fmaxf(left, (float)i), b = fminf(right, (float)i + 1.0f);
        float share = (b - a) * inv * area;
        float own = share * ((float)i + 1.0f - 0.5f * (a + b));
        accum[i] += own + before;
        before = share - own;
    }
    accum[i1] += before;
}

static void path_build(const struct cam_canvas *canvas, const struct cam_point *points,
                       size_t count, struct path *path)
{
    float min_x = 1e9f, max_x = -1e9f, min_y = 1e9f, max_y = -1e9f;
    struct cam_point at[CAM_PATH_MAX];
    path->count = 0;
    for (size_t i = 0; i < count; i++) {
        float x = canvas->is_mirrored ? CAM_DRAW_WIDTH - points[i].x : points[i].x;
        at[i] = (struct cam_point){x * canvas->scale_x, points[i].y * canvas->scale_y};
        min_x = fminf(min_x, at[i].x), max_x = fmaxf(max_x, at[i].x);
        min_y = fminf(min_y, at[i].y), max_y = fmaxf(max_y, at[i].y);
    }
    for (size_t i = 0; i < count; i++) {
        struct cam_point a = at[i], b = at[(i + 1) % count];
        if (a.y < b.y) {
            path->edges[path->count++] = (struct edge){a.x, a.y, b.x, b.y, 1.0f};
        } else if (a.y > b.y) {
            path->edges[path->count++] = (struct edge){b.x, b.y, a.x, a.y, -1.0f};
        }
    }
    path->x0 = clampi((int)floorf(clampf(min_x, -1e6f, 1e6f)), canvas->clip_x0, canvas->clip_x1);
    path->x1 = clampi((int)ceilf(clampf(max_x, -1e6f, 1e6f)), canvas->clip_x0, canvas->clip_x1);
    path->y0 = clampi((int)floorf(clampf(min_y, -1e6f, 1e6f)), canvas->clip_y0, canvas->clip_y1);
    path->y1 = clampi((int)ceilf(clampf(max_y, -1e6f, 1e6f)), canvas->clip_y0, canvas->clip_y1);
}

/* Pixels of row y between the path's leftmost and rightmost edge; empty gives x1 <= x0. */
static void row_span(const struct path *path, int y, int *x0, int *x1)
{
    float left = 1e9f, right = -1e9f;
    for (size_t i = 0; i < path->count && y >= path->y0 && y < path->y1; i++) {
        const struct edge *e = &path->edges[i];
        float top = fmaxf(e->y0, (float)y), bottom = fminf(e->y1, (float)y + 1.0f);
        if (top < bottom) {
            float slope = (e->x1 - e->x0) / (e->y1 - e->y0);
            float a = e->x0 + (top - e->y0) * slope, b = e->x0 + (bottom - e->y0) * slope;
            left = fminf(left, fminf(a, b));
            right = fmaxf(right, fmaxf(a, b));
        }
    }
    *x0 = clampi((int)floorf(clampf(left, -1e6f, 1e6f)), path->x0, path->x1);
    *x1 = clampi((int)ceilf(clampf(right, -1e6f, 1e6f)), path->x0, path->x1);
}

/* Coverage 0 .. 255 of row y into cover[x0 .. x1). */
static void row_cover(struct cam_canvas *canvas, const struct path *path, int y, int x0, int x1,
                      float alpha, uint8_t *cover)
{
    size_t width = (size_t)(x1 - x0);
    memset(canvas->accum, 0, (width + ROW_SPARE) * sizeof *canvas->accum);
    for (size_t i = 0; i < path->count; i++) {
        if (path->edges[i].y0 < (float)y + 1.0f && path->edges[i].y1 > (float)y) {
            edge_accumulate(&path->edges[i], y, canvas->accum, (float)x0, (float)width);
        }
    }
    float sum = 0.0f, full = 255.0f * alpha;
    for (size_t x = 0; x < width; x++) {
        sum += canvas->accum[x];
        cover[(size_t)x0 + x] = (uint8_t)(fminf(fabsf(sum), 1.0f) * full + 0.5f);
    }
}

/* Turns plain coverage into that of a glow: full in the middle, none at the rim. */
static void glow_shape(const struct cam_canvas *canvas, const struct cam_paint *paint, int y,
                       int x0, int x1, uint8_t *cover)
{
    float cx = canvas->is_mirrored ? CAM_DRAW_WIDTH - paint->cx : paint->cx;
    float dy = (((float)y + 0.5f) / canvas->scale_y - paint->cy) / paint->ry;
    for (int x = x0; x < x1; x++) {
        float dx = (((float)x + 0.5f) / canvas->scale_x - cx) / paint->rx;
        float fall = 1.0f - sqrtf(dx * dx + dy * dy);
        cover[x] = fall > 0.0f ? (uint8_t)((float)cover[x] * fall) : 0;
    }
}

static uint8_t blend(uint8_t under, uint8_t over, unsigned alpha)
{
    unsigned v = under * (255u - alpha) + over * alpha + 128u;
    return (uint8_t)((v + (v >> 8)) >> 8);
}

static void luma_blend(uint8_t *row, const uint8_t *cover, int x0, int x1, uint8_t value)
{
    int x = x0;
    while (x < x1) {
        int run = x;
        while (run < x1 && cover[run] == 255) {
            run++;
        }
        memset(row + x, value, (size_t)(run - x));
        for (x = run; x < x1 && cover[x] != 255; x++) {
            row[x] = blend(row[x], value, cover[x]);
        }
    }
}

static void chroma_blend(struct cam_canvas *canvas, const uint8_t *a, const uint8_t *b, int x0,
                         int x1, int y, const uint8_t yuv[3])
{
    uint8_t *u = canvas->picture.plane[1] + (size_t)(y / 2) * canvas->picture.stride[1];
    uint8_t *v = canvas->picture.plane[2] + (size_t)(y / 2) * canvas->picture.stride[2];
    for (int x = x0 / 2; x < (x1 + 1) / 2; x++) {
        unsigned alpha = ((unsigned)a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2u) / 4u;
        if (alpha) {
            u[x] = blend(u[x], yuv[1], alpha);
            v[x] = blend(v[x], yuv[2], alpha);
        }
    }
}

/* One row's coverage and luma; leaves the coverage for the chroma of the pair. */
static void row_fill(struct cam_canvas *canvas, const struct path *path,
                     const struct cam_paint *paint, int y, int x0, int x1, uint8_t *cover)
{
    uint8_t yuv[3];
    row_cover(canvas, path, y, x0, x1, clampf(paint->alpha, 0.0f, 1.0f), cover);
    if (paint->kind == CAM_PAINT_GLOW) {
        glow_shape(canvas, paint, y, x0, x1, cover);
    }
    paint_row(canvas, paint, y, yuv);
    luma_blend(canvas->picture.plane[0] + (size_t)y * canvas->picture.stride[0], cover, x0, x1,
               yuv[0]);
}

static void path_fill(struct cam_canvas *canvas, const struct path *path,
                      const struct cam_paint *paint)
{
    uint8_t *rows[2] = {canvas->cover, canvas->cover + canvas->picture.width};
    for (int y = path->y0 & ~1; y < path->y1; y += 2) {
        int x0[2], x1[2];
        row_span(path, y, &x0[0], &x1[0]);
        row_span(path, y + 1, &x0[1], &x1[1]);
        int left = (x0[0] < x0[1] ? x0[0] : x0[1]) & ~1;
        int right = ((x1[0] > x1[1] ? x1[0] : x1[1]) + 1) & ~1;
        for (int r = 0; r < 2 && left < right; r++) {
            memset(rows[r] + left, 0, (size_t)(right - left));
            if (x0[r] < x1[r]) {
                row_fill(canvas, path, paint, y + r, x0[r], x1[r], rows[r]);
            }
        }
        if (left < right) {
            uint8_t yuv[3];
            paint_row(canvas, paint, y, yuv);
            chroma_blend(canvas, rows[0], rows[1], left, right, y, yuv);
        }
    }
}

void cam_fill(struct cam_canvas *canvas, const struct cam_point *points, size_t count,
              struct cam_paint paint)
{
    struct path path;
    if (count < 3 || count > CAM_PATH_MAX) {
        return;
    }
    path_build(canvas, points, count, &path);
    if (path.x0 < path.x1 && path.y0 < path.y1) {
        path_fill(canvas, &path, &paint);
    }
}

void cam_rect(struct cam_canvas *canvas, float x, float y, float w, float h, struct cam_paint paint)
{
    const struct cam_point points[4] = {{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}};
    cam_fill(canvas, points, 4, paint);
}

void cam_quad(struct cam_canvas *canvas, const float xy[8], struct cam_paint paint)
{
    const struct cam_point points[4] = {
        {xy[0], xy[1]}, {xy[2], xy[3]}, {xy[4], xy[5]}, {xy[6], xy[7]}};
    cam_fill(canvas, points, 4, paint);
}

void cam_round(struct cam_canvas *canvas, float x, float y, float w, float h, float r,
               struct cam_paint paint)
{
    enum { STEPS = 6 };
    struct cam_point points[4 * STEPS];
    r = fminf(r, 0.5f * fminf(w, h));
    for (int corner = 0; corner < 4; corner++) {
        float cx = corner == 0 || corner == 3 ? x + w - r : x + r;
        float cy = corner < 2 ? y + h - r : y + r;
        for (int i = 0; i < STEPS; i++) {
            float angle =
                (float)corner * 0.5f * CAM_PI + 0.5f * CAM_PI * (float)i / (float)(STEPS - 1);
            points[corner * STEPS + i] =
                (struct cam_point){cx + r * cosf(angle), cy + r * sinf(angle)};
        }
    }
    cam_fill(canvas, points, 4 * STEPS, paint);
}

void cam_ellipse(struct cam_canvas *canvas, float cx, float cy, float rx, float ry,
                 struct cam_paint paint)
{
    struct cam_point points[CAM_PATH_MAX];
    float size = fmaxf(rx, ry) * canvas->scale_x;
    size_t count = size < 6.0f ? 12 : (size < 30.0f ? 28 : CAM_PATH_MAX);
    for (size_t i = 0; i < count; i++) {
        float angle = 2.0f * CAM_PI * (float)i / (float)count;
        points[i] = (struct cam_point){cx + rx * cosf(angle), cy + ry * sinf(angle)};
    }
    cam_fill(canvas, points, count, paint);
}

void cam_line(struct cam_canvas *canvas, float x0, float y0, float x1, float y1, float width,
              struct cam_paint paint)
{
    float dx = x1 - x0, dy = y1 - y0, length = sqrtf(dx * dx + dy * dy);
    if (length <= 0.0f) {
        return;
    }
    float nx = -dy / length * width * 0.5f, ny = dx / length * width * 0.5f;
    const struct cam_point points[4] = {
        {x0 + nx, y0 + ny}, {x1 + nx, y1 + ny}, {x1 - nx, y1 - ny}, {x0 - nx, y0 - ny}};
    cam_fill(canvas, points, 4, paint);
}

void cam_glow(struct cam_canvas *canvas, float cx, float cy, float rx, float ry, uint32_t rgb,
              float alpha)
{
    struct cam_paint paint = {.kind = CAM_PAINT_GLOW,
                              .rgb = rgb,
                              .alpha = alpha,
                              .cx = cx,
                              .cy = cy,
                              .rx = rx,
                              .ry = ry,
                              .is_lamp = true};
    cam_ellipse(canvas, cx, cy, rx, ry, paint);
}
