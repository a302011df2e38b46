#include <stddef.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/event.h"
#include "core/metrics.h"
#include "device/device.h"
#include "edge/edge.h"
#include "relay/internal.h"

static const struct config_key config[] = {
    {"relay.arena_mb", CONFIG_INT, "64", 16, 65536, "locked memory for units in transit, MiB"},
    {NULL, CONFIG_TEXT, NULL, 0, 0, NULL},
};

static void figures_read(struct device_relay_figures *out)
{
    out->oldest_byte_ms = arena_oldest_ms(sk_clock_mono_ms());
    hub_figures(&out->streams, &out->viewers);
}

static int relay_get(struct http_request *req)
{
    struct device_relay_figures f;
    json_t *answer = json_object();

    figures_read(&f);
    sk_json_set_int(answer, "oldest_byte_ms", f.oldest_byte_ms);
    sk_json_set_int(answer, "limit_ms", CACHE_LIMIT_MS);
    sk_json_set_int(answer, "streams", f.streams);
    sk_json_set_int(answer, "viewers", f.viewers);
    json_object_set_new(answer, "ledger", hub_ledger());
    return http_json(req, 200, answer);
}

static const struct route routes[] = {
    {"GET", "/api/v1/relay", "box.view", 0, NULL, relay_get,
     "{\"summary\":\"What the relay holds and has carried\",\"responses\":{\"200\":{"
     "\"description\":\"Figures\",\"content\":{\"application/json\":{\"schema\":{\"type\":"
     "\"object\",\"required\":[\"oldest_byte_ms\",\"limit_ms\",\"streams\",\"viewers\",\"ledger\"],"
     "\"additionalProperties\":false,\"properties\":{\"oldest_byte_ms\":{\"type\":\"integer\"},"
     "\"limit_ms\":{\"type\":\"integer\"},\"streams\":{\"type\":\"integer\"},\"viewers\":{\"type\":"
     "\"integer\"},\"ledger\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":["
     "\"device\",\"in_bytes\",\"out_bytes\"],\"additionalProperties\":false,\"properties\":{"
     "\"device\":{\"type\":\"string\"},\"in_bytes\":{\"type\":\"integer\"},\"out_bytes\":{\"type\":"
     "\"integer\"}}}}}}}}}}}"},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL},
};

static void on_rights_changed(void *ctx, const struct event *ev)
{
    (void)ctx;
    (void)ev;
    viewers_recheck();
}

static void on_device_removed(void *ctx, const struct event *ev)
{
    (void)ctx;
    hub_device_removed(ev->device);
    viewers_recheck();
}

static void on_device_online(void *ctx, const struct event *ev)
{
    (void)ctx;
    hub_device_online(ev->device);
}

static int64_t gauge_oldest(void *ctx)
{
    (void)ctx;
    return arena_oldest_ms(sk_clock_mono_ms());
}

static int64_t gauge_used(void *ctx)
{
    (void)ctx;
    return arena_used_bytes();
}

static int64_t gauge_streams(void *ctx)
{
    int64_t streams, viewers;

    (void)ctx;
    hub_figures(&streams, &viewers);
    return streams;
}

static void about_fill(void *ctx, json_t *about)
{
    json_t *sandbox = json_object_get(about, "sandbox");

    (void)ctx;
    if (sandbox)
        sk_json_set_str(sandbox, "memlock", arena_lock_state());
}

static int relay_start(struct house *house)
{
    static const struct edge_protocol protocol = {.alpn = "skep-media/1", .take = uplink_take};
    int err = arena_start((size_t)config_int(house->config, "relay.arena_mb") << 20);

    if (err)
        return err;
    log_info("relay", "arena", "state=\"%s\"", arena_lock_state());
    hubs_start(house->loops);
    viewers_start(house->loops);
    device_relay_figures_set(figures_read);
    http_about_add(about_fill, NULL);
    metric_gauge("skep_relay_oldest_byte_ms", "Age of the oldest unit held (INIT units apart)",
                 gauge_oldest, NULL);
    metric_gauge("skep_relay_streams", "Streams that cameras send now", gauge_streams, NULL);
    metric_gauge("skep_relay_arena_used_bytes", "Locked memory in use", gauge_used, NULL);
    event_subscribe(EVENT_SESSION_ENDED, on_rights_changed, NULL);
    event_subscribe(EVENT_GRANT_CHANGED, on_rights_changed, NULL);
    event_subscribe(EVENT_DEVICE_ONLINE, on_device_online, NULL);
    event_subscribe(EVENT_DEVICE_REMOVED, on_device_removed, NULL);
    edge_protocol_add(&protocol);
    return 0;
}

static void relay_stop(void)
{
    hubs_stop();
    arena_stop();
}

static const char *const needs[] = {"device", NULL};

const struct room relay_room = {.name = "relay",
                                .needs = needs,
                                .config = config,
                                .routes = routes,
                                .start = relay_start,
                                .stop = relay_stop};
