/* The sign on the door. */
#include "base/sys.h"
#include "core/event.h"
#include "share/internal.h"

static struct store *store;

struct store *share_store(void)
{
    return store;
}

static void on_online(void *ctx, const struct event *ev)
{
    (void)ctx;
    left_send(ev->device);
}

static void on_removed(void *ctx, const struct event *ev)
{
    (void)ctx;
    left_forget(ev->device);
    ledger_forget_device(ev->device);
}

static const struct holding holding = {"viewer-keys", ledger_keys_count, ledger_keys_end};

static int share_start(struct house *house)
{
    store = house->store;
    left_start();
    int err = ledger_lists_load();
    if (err) {
        left_stop();
        return err;
    }
    ledger_sweep(sk_clock_wall_ms());
    holding_add(&holding);
    event_subscribe(EVENT_DEVICE_ONLINE, on_online, NULL);
    event_subscribe(EVENT_DEVICE_REMOVED, on_removed, NULL);
    return 0;
}

static void share_stop(void)
{
    left_stop();
}

static const char *const needs[] = {"account", "device", NULL};
static const struct store_schema schema = {.room = "share"};

const struct room share_room = {
    .name = "share",
    .needs = needs,
    .schema = &schema,
    .routes = share_routes,
    .start = share_start,
    .stop = share_stop,
};
