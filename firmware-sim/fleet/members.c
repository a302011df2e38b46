/* The cameras of one fleet: names, identities, start and stop. Each camera lives on one loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "firmware-sim/cam/scene.h"
#include "firmware-sim/fleet/internal.h"
#include "firmware-sim/link/enrol.h"
#include "net/loop.h"
#include "sdk/label.h"

enum { CONNECT_WINDOW = 128 };

int seed_load(struct fleet *f)
{
    char *path = sk_path_join(f->dir, "seed");
    struct sk_buf seed;

    sk_buf_init(&seed, SEED_BYTES);
    int err = sk_dir_make(f->dir, 0700);
    if (!err)
        err = sk_file_read(&seed, path);
    if (!err && seed.len == SEED_BYTES) {
        memcpy(f->seed, seed.data, SEED_BYTES);
    } else if (!err || err == -SK_ENOTFOUND) {
        sk_random(f->seed, SEED_BYTES);
        err = sk_file_write(path, f->seed, SEED_BYTES, 0600);
    }
    sk_buf_fini_wipe(&seed);
    free(path);
    return err;
}

/* Names as people give them, in the order of the scenes. */
static const char *const place_names[CAM_SCENE_COUNT] = {
    "North gate", "Loading dock", "Corridor, floor 2", "Reception", "Car park",    "Orchard",
    "Workshop",   "Aisle B",      "Rooftop",           "Stairwell", "Server room", "River bank"};

static unsigned scene_find(const char *name)
{
    for (unsigned i = 0; i < CAM_SCENE_COUNT; i++)
        if (strcmp(cam_scene_name(i), name) == 0)
            return i;
    return CAM_SCENE_BY_SEED;
}

static void member_name(struct member *m)
{
    const char *place = place_names[m->number % CAM_SCENE_COUNT];
    unsigned round = m->number / CAM_SCENE_COUNT;

    if (m->fleet->name)
        snprintf(m->name, sizeof(m->name), "%s", m->fleet->name);
    else if (round == 0)
        snprintf(m->name, sizeof(m->name), "%s", place);
    else
        snprintf(m->name, sizeof(m->name), "%s %u", place, round + 1);
    snprintf(m->serial, sizeof(m->serial), "SIM-%05u", m->number + 1);
}

int members_open(struct fleet *f)
{
    int err = 0;

    f->members = sk_alloc(f->count * sizeof(*f->members));
    for (size_t i = 0; !err && i < f->count; i++) {
        struct member *m = &f->members[i];
        m->fleet = f;
        m->number = (unsigned)i;
        member_name(m);
        err = vault_open(&m->vault, f->dir, m->number);
    }
    return err;
}

void members_close(struct fleet *f)
{
    for (size_t i = 0; f->members && i < f->count; i++)
        vault_close(&f->members[i].vault);
    free(f->members);
    f->members = NULL;
}

size_t members_without_identity(const struct fleet *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->count; i++)
        n += f->members[i].vault.device[0] == 0;
    return n;
}

static void enrol_progress(void *ctx, size_t done, size_t count)
{
    const struct fleet *f = ctx;

    if (!f->quiet && (done == count || done % 10 == 0))
        fprintf(stderr, "\r  enrolling cameras: %zu of %zu%s", done, count,
                done == count ? "\n" : "");
}

int members_enrol(struct fleet *f, const char *token, struct sk_buf *why)
{
    struct enrol_request *requests = sk_alloc(f->count * sizeof(*requests));
    size_t n = 0;

    for (size_t i = 0; i < f->count; i++) {
        struct member *m = &f->members[i];
        if (!m->vault.device[0])
            requests[n++] = (struct enrol_request){&m->vault, m->name, m->serial};
    }
    int err = n ? enrol_run(&f->box, token, requests, n, enrol_progress, f, why) : 0;
    if (!err)
        err = box_save(&f->box, f->dir);
    free(requests);
    return err;
}

void member_label(const struct member *m, char code[WIRE_LABEL_CODE_SIZE])
{
    if (m->fleet->label_code)
        memcpy(code, m->fleet->label_code, WIRE_LABEL_CODE_SIZE);
    else
        sdk_label_from_seed(code, m->fleet->seed, SEED_BYTES, m->vault.device);
}

/* ---- running --------------------------------------------------------------------------------- */

static void members_start_more(struct fleet *f);

static void on_link(void *ctx, int up)
{
    struct member *m = ctx;
    struct fleet *f = m->fleet;

    if (up) {
        atomic_fetch_add(&f->up, 1);
        if (atomic_fetch_add(&f->ever_up, 1) < f->count)
            members_start_more(f);
    } else {
        atomic_fetch_sub(&f->up, 1);
    }
    sem_post(&f->changed);
}

static void member_start(void *arg)
{
    struct member *m = arg;
    struct fleet *f = m->fleet;
    char code[WIRE_LABEL_CODE_SIZE];
    struct sim_options o = {.box = &f->box,
                            .vault = &m->vault,
                            .label_code = code,
                            .model = "SimCam 720",
                            .firmware = SKEP_VERSION,
                            .info_note = f->info_note,
                            .trouble = f->trouble,
                            .keep_tickets = f->keep_tickets,
                            .on_link = on_link,
                            .ctx = m};

    cam_source_options_init(&o.source);
    o.source.name = m->name;
    o.source.seed = m->number < CAM_SCENE_COUNT ? 0 : (uint64_t)m->number; /* 0: the plain look */
    o.source.scene = f->scene ? scene_find(f->scene) : m->number % CAM_SCENE_COUNT;
    o.source.media_path = f->media_path;
    o.source.clock_cells = f->clock_cells != 0;
    o.source.has_marker = f->has_marker;
    memcpy(o.source.marker, f->marker, sizeof(f->marker));
    member_label(m, code);
    int err = sim_camera_new(&m->camera, m->loop, &o);
    sk_wipe(code, sizeof(code));
    if (err) {
        log_error("fleet", "camera", "number=%u reason=%s", m->number, sk_error_text(err));
        atomic_fetch_add(&f->ever_up, 1); /* it takes no place in the window */
        members_start_more(f);
    }
}

static void members_start_more(struct fleet *f)
{
    for (;;) {
        size_t next = atomic_load(&f->started);
        if (next >= f->count || next >= atomic_load(&f->ever_up) + CONNECT_WINDOW)
            return;
        if (!atomic_compare_exchange_strong(&f->started, &next, next + 1))
            continue;
        struct member *m = &f->members[next];
        m->loop = net_loops_at(f->loops, (unsigned)(next % net_loops_count(f->loops)));
        net_loop_post(m->loop, member_start, m);
    }
}

int members_start(struct fleet *f, unsigned threads)
{
    int err = box_ready(&f->box);

    if (!err)
        err = net_loops_start(&f->loops, threads);
    if (!err)
        members_start_more(f);
    return err;
}

static void member_stop(void *arg)
{
    struct member *m = arg;

    sim_camera_free(m->camera);
    m->camera = NULL;
    sem_post(&m->fleet->gone);
}

void members_stop(struct fleet *f)
{
    if (!f->loops)
        return;
    size_t started = atomic_exchange(&f->started, f->count); /* nobody starts any more */
    started = started < f->count ? started : f->count;
    for (size_t i = 0; i < started; i++)
        net_loop_post(f->members[i].loop, member_stop, &f->members[i]);
    for (size_t i = 0; i < started; i++)
        while (sem_wait(&f->gone) != 0)
            ; /* interrupted: the camera is still stopping */
    net_loops_free(f->loops);
    f->loops = NULL;
}
