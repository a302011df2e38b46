/* What a simulated camera's picture costs: drawing, encoding, bytes. Prints one
 * "name value unit" per line, the mean over all places. */
#include <stdio.h>
#include <time.h>

#include "firmware-sim/cam/encoder.h"
#include "firmware-sim/cam/scene.h"

#define FRAMES 75u
#define START_MS INT64_C(1795334400000)

struct totals {
    double draw_s, encode_s, worst_draw_s;
    size_t bytes;
    unsigned frames;
};

static double cpu_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static int bench_place(unsigned place, const struct cam_encoder_options *options,
                       struct totals *totals)
{
    struct cam_scene_options look = {
        .scene = place, .seed = 41u + place, .clock_cells = true, .name = cam_scene_name(place)};
    struct cam_scene *scene = NULL;
    struct cam_encoder *encoder = NULL;
    int rc = cam_scene_new(&look, options->width, options->height, &scene);
    rc = rc ? rc : cam_encoder_new(options, &encoder);
    double draw_s = 0.0;
    for (unsigned i = 0; i < FRAMES && rc == 0; i++) {
        struct cam_encoded out;
        double a = cpu_s();
        const struct cam_picture *picture =
            cam_scene_draw(scene, START_MS + i * 1000 / options->fps, i);
        double b = cpu_s();
        rc = cam_encoder_put(encoder, picture, false, &out);
        totals->encode_s += cpu_s() - b;
        draw_s += b - a;
        totals->bytes += out.len;
        totals->frames++;
    }
    totals->draw_s += draw_s;
    totals->worst_draw_s =
        draw_s / FRAMES > totals->worst_draw_s ? draw_s / FRAMES : totals->worst_draw_s;
    cam_encoder_free(&encoder);
    cam_scene_free(&scene);
    return rc;
}

static int bench_size(const char *label, const struct cam_encoder_options *options)
{
    struct totals totals = {0};
    for (unsigned place = 0; place < CAM_SCENE_COUNT; place++) {
        int rc = bench_place(place, options, &totals);
        if (rc) {
            fprintf(stderr, "%s: %s\n", cam_scene_name(place), sk_error_text(rc));
            return rc;
        }
    }
    double frames = totals.frames;
    printf("scene_frame_%s_us %.0f us\n", label, totals.draw_s / frames * 1e6);
    printf("scene_frame_worst_%s_us %.0f us\n", label, totals.worst_draw_s * 1e6);
    printf("encode_%s_ms %.2f ms\n", label, totals.encode_s / frames * 1e3);
    printf("encode_%s_kbps %.0f kbit/s\n", label,
           (double)totals.bytes * 8.0 / frames * options->fps / 1e3);
    printf("core_share_%s %.1f %%\n", label,
           (totals.draw_s + totals.encode_s) / frames * options->fps * 100.0);
    return 0;
}

int main(void)
{
    const struct cam_encoder_options sub = {
        .width = 640, .height = 360, .fps = 15, .bitrate_bps = 400000, .gop_frames = 30};
    const struct cam_encoder_options main_stream = {
        .width = 1280, .height = 720, .fps = 25, .bitrate_bps = 2000000, .gop_frames = 50};
    return bench_size("360p", &sub) || bench_size("720p", &main_stream);
}
