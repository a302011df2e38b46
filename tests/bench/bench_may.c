/* may() as the house asks it: 1,000 people, 10,000 grants, 5,000 cameras, live sessions. Prints the
 * mean time of a question by one thread, and by two threads at once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "account/access.h"
#include "base/asset.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/room.h"

enum { PEOPLE = 1000, GRANTS = 10000, CAMERAS = 5000, ROUNDS = 2000000 };

const struct room *const *rooms_list(void)
{
    static const struct room *const list[] = {&account_room, NULL};

    return list;
}

static struct principal principals[PEOPLE];
static char cameras[CAMERAS][DEVICE_ID_SIZE];

static int64_t mono_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void people_fill(struct access_source *src, int64_t now_ms)
{
    src->people = sk_alloc(PEOPLE * sizeof(*src->people));
    for (src->people_count = 0; src->people_count < PEOPLE; src->people_count++) {
        struct person *p = &src->people[src->people_count];
        struct principal *who = &principals[src->people_count];
        char token[ACCOUNT_TOKEN_SIZE];
        struct session s;
        id_make(p->id);
        snprintf(p->name, sizeof(p->name), "person %zu", src->people_count);
        p->role = src->people_count == 0 ? ROLE_OWNER : ROLE_MEMBER;
        session_make(&s, token, p->id, 1, "192.0.2.1", "bench", now_ms, 3600000);
        session_put(&s);
        who->kind = PRINCIPAL_ACCOUNT;
        memcpy(who->account, p->id, sizeof(p->id));
        memcpy(who->session, s.id, sizeof(who->session));
    }
}

/* Eight of ten grants name a camera, one a tag, one all; some have hours. */
static void grants_fill(struct access_source *src)
{
    src->grants = sk_alloc(GRANTS * sizeof(*src->grants));
    for (src->grant_count = 0; src->grant_count < GRANTS; src->grant_count++) {
        size_t i = src->grant_count;
        struct grant *g = &src->grants[i];
        id_make(g->id);
        memcpy(g->account, principals[i % PEOPLE].account, sizeof(g->account));
        g->terms.actions = ACCESS_LIVE_MAIN | ACCESS_PTZ;
        g->terms.object_kind = i / PEOPLE < 8    ? GRANT_DEVICE
                               : i / PEOPLE == 8 ? GRANT_TAG
                                                 : GRANT_ALL;
        if (g->terms.object_kind == GRANT_DEVICE)
            memcpy(g->terms.object, cameras[sk_random_below(CAMERAS)], DEVICE_ID_SIZE);
        else if (g->terms.object_kind == GRANT_TAG)
            snprintf(g->terms.object, sizeof(g->terms.object), "tag %zu", i % 7);
        else
            g->terms.ranges[0] = (struct grant_range){0x1f, 480, 1080};
        g->terms.range_count = g->terms.object_kind == GRANT_ALL;
    }
}

static int house_start(char *dir)
{
    static struct house house;
    static const struct config_key *keys[1];
    static const struct store_schema *schemas[1];
    struct access_source src = {0};
    int64_t now_ms = sk_clock_wall_ms();

    schemas[0] = account_room.schema;
    keys[0] = account_room.config;
    house.data_dir = dir;
    house.config = config_new(keys, 1);
    const struct store_opts opts = {
        .dir = dir, .file = "core.db", .schemas = schemas, .schema_count = 1};
    int err = store_open(&house.store, &opts, NULL);
    if (!err)
        err = account_room.start(&house);
    if (err)
        return err;
    for (size_t i = 0; i < CAMERAS; i++) {
        char tag[16];
        const char *tags[1] = {tag};
        id_make(cameras[i]);
        snprintf(tag, sizeof(tag), "tag %zu", i % 7);
        authorize_device_tags(cameras[i], "home", tags, 1);
    }
    people_fill(&src, now_ms);
    grants_fill(&src);
    access_use(&src, now_ms);
    return 0;
}

static void house_remove(const char *dir)
{
    static const char *const files[] = {
        "core.db",     "core.db-wal",  "core.db-shm", "core.db.lock",
        "keys/pepper", "control.sock", "keys",        ""};
    char path[128];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        remove(path);
    }
}

static void *ask(void *arg)
{
    static const char *const actions[] = {"device.list", "device.live-main", "device.ptz",
                                          "device.manage", "session"};
    uint32_t seed = 1 + (uint32_t)(uintptr_t)arg;
    uintptr_t yes = 0;

    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525u + 1013904223u;
        const struct principal *p = &principals[(seed >> 8) % PEOPLE];
        const struct object_ref object = {"device", cameras[(seed >> 4) % CAMERAS]};
        yes += may(p, actions[(seed >> 16) % 5], object) == 0;
    }
    return (void *)yes;
}

int main(void)
{
    char dir[] = "/tmp/skep-bench-may-XXXXXX";
    pthread_t threads[2];
    void *yes;

    if (!mkdtemp(dir))
        return 1;
    asset_dev_root(".", NULL);
    if (house_start(dir))
        return 1;
    int64_t from = mono_ns();
    yes = ask(NULL);
    int64_t one = mono_ns() - from;
    printf("may_ns %lld ns\n", (long long)(one / ROUNDS));
    printf("may_yes_pct %llu %%\n", (unsigned long long)(uintptr_t)yes * 100 / ROUNDS);
    from = mono_ns();
    for (size_t i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, ask, (void *)(uintptr_t)(i + 1)))
            return 1;
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("may_two_threads_ns %lld ns\n", (long long)((mono_ns() - from) / ROUNDS));
    from = mono_ns();
    struct access_source src = {0};
    people_fill(&src, sk_clock_wall_ms());
    grants_fill(&src);
    access_use(&src, sk_clock_wall_ms());
    printf("access_compile_us %lld us\n", (long long)((mono_ns() - from) / 1000));
    account_room.stop();
    house_remove(dir);
    return 0;
}
