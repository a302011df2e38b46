/* The sign on the door. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/internal.h"
#include "base/log.h"
#include "base/sys.h"
#include "crypto/wipe.h"

enum { SAVE_MS = 10000, SAVE_MAX = APPS_MAX };

static struct app_state state;

/* A thread that writes down what was used, and takes away credentials whose time is over. */
static struct {
    pthread_t thread;
    int wake_fd, running;
} keeper = {.wake_fd = -1};

const struct app_state *app_get(void)
{
    return &state;
}

static void used_save(void)
{
    struct app_facts *list = sk_alloc(SAVE_MAX * sizeof(*list));
    size_t count = table_used_take(list, SAVE_MAX);
    int err = app_ledger_used_save(state.store, list, count);

    if (err)
        log_error("app", "used-save", "reason=\"%s\"", sk_error_text(err));
    crypto_wipe(list, count * sizeof(*list));
    free(list);
}

/* An ended credential is refused by its time; here its secret goes as well. */
static void credentials_sweep(int64_t now_ms)
{
    size_t count;
    struct app_facts *list = table_list(NULL, &count);

    for (size_t i = 0; i < count; i++) {
        struct app_facts *f = &list[i];
        struct credential *first = &f->credentials[0];
        if (f->credential_count < 2 || !first->ends || now_ms < first->ends)
            continue;
        int err = app_ledger_credential_end(state.store, first->id);
        if (err)
            log_error("app", "credential-end", "app=%s reason=\"%s\"", f->id, sk_error_text(err));
        else
            table_credential_end(f->id, first->id);
    }
    crypto_wipe(list, count * sizeof(*list));
    free(list);
}

static void *keeper_run(void *arg)
{
    struct pollfd wake = {keeper.wake_fd, POLLIN, 0};

    (void)arg;
    while (poll(&wake, 1, SAVE_MS) <= 0 || !wake.revents) {
        used_save();
        credentials_sweep(sk_clock_wall_ms());
    }
    used_save();
    return NULL;
}

static int keeper_start(void)
{
    keeper.wake_fd = eventfd(0, EFD_CLOEXEC);
    if (keeper.wake_fd < 0 || pthread_create(&keeper.thread, NULL, keeper_run, NULL))
        return -SK_EIO;
    keeper.running = 1;
    return 0;
}

/* ---- whoever leaves takes his apps along ---- */

static size_t holding_count_of(const char *account, int64_t now_ms)
{
    (void)now_ms;
    return table_count(account);
}

static int holding_end_of(const char *account, int64_t now_ms)
{
    const struct app_actor by = {"box", "", "", "", now_ms};
    size_t count;
    struct app_facts *list = table_list(account, &count);
    int err = 0;

    for (size_t i = 0; i < count && !err; i++) {
        err = app_ledger_remove(state.store, &by, list[i].id);
        if (err)
            break;
        table_remove(list[i].id);
        cut_now(account, list[i].id);
    }
    crypto_wipe(list, count * sizeof(*list));
    free(list);
    return err;
}

static const struct holding holding = {"apps", holding_count_of, holding_end_of};

/* ---- start and stop ---- */

static void app_stop(void)
{
    if (keeper.running) {
        eventfd_write(keeper.wake_fd, 1);
        pthread_join(keeper.thread, NULL);
        keeper.running = 0;
    }
    if (keeper.wake_fd >= 0)
        close(keeper.wake_fd);
    keeper.wake_fd = -1;
    table_stop();
    app_ledger_key_wipe();
}

static int app_start(struct house *house)
{
    static const struct app_authority seam = {.verify = table_verify, .scope_has = table_scope_has};

    state = (struct app_state){house->store, house->loops};
    table_start(sk_clock_wall_ms() / 1000);
    int err = app_ledger_key_load(house->store, house->data_dir);
    if (!err)
        err = app_ledger_load(house->store);
    if (!err)
        err = keeper_start();
    if (err) {
        app_stop();
        return err;
    }
    app_authority_fill(&seam);
    holding_add(&holding);
    app_kill_kind_add();
    return 0;
}

static const char *const needs[] = {"account", NULL};
static const struct store_schema schema = {.room = "app"};

const struct room app_room = {
    .name = "app",
    .needs = needs,
    .schema = &schema,
    .routes = app_routes,
    .start = app_start,
    .stop = app_stop,
};
