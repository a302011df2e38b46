#include <stddef.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/event.h"
#include "device/internal.h"
#include "edge/edge.h"
#include "net/loop.h"

int api_device_list(struct http_request *req);
int api_device_get(struct http_request *req);
int api_device_patch(struct http_request *req);
int api_device_delete(struct http_request *req);

static const struct store_schema schema = {.room = "device"};

#define ID_PARAM                                                                                   \
    "\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,"                          \
    "\"schema\":{\"type\":\"string\"}}]"
#define DEVICE_REF "{\"$ref\":\"#/components/schemas/Device\"}"
#define JSON_OF(schema) "\"content\":{\"application/json\":{\"schema\":" schema "}}"
#define ANSWER(status, text, schema)                                                               \
    "\"" status "\":{\"description\":\"" text "\"," JSON_OF(schema) "}"
#define NOTHING(status, text) "\"" status "\":{\"description\":\"" text "\"}"
#define BODY(schema) "\"requestBody\":{\"required\":true," JSON_OF(schema) "}"
#define NUMBER "{\"type\":\"integer\"}"
#define TEXT "{\"type\":\"string\"}"
#define FLAG "{\"type\":\"boolean\"}"

static const struct route routes[] = {
    {"GET", "/api/v1/devices", "device.list", 0, NULL, api_device_list,
     "{\"summary\":\"List cameras, by name, a page at a time\",\"parameters\":["
     "{\"name\":\"q\",\"in\":\"query\",\"schema\":" TEXT "},"
     "{\"name\":\"tag\",\"in\":\"query\",\"schema\":" TEXT "},"
     "{\"name\":\"state\",\"in\":\"query\",\"schema\":{\"enum\":[\"online\",\"offline\"]}},"
     "{\"name\":\"cursor\",\"in\":\"query\",\"schema\":" TEXT "},"
     "{\"name\":\"limit\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"minimum\":1,"
     "\"maximum\":200}}],\"responses\":{" ANSWER(
         "200", "A page",
         "{\"type\":\"object\",\"required\":[\"devices\",\"total\",\"online\",\"simulated\"],"
         "\"additionalProperties\":false,\"properties\":{\"devices\":{\"type\":\"array\","
         "\"items\":" DEVICE_REF "},\"total\":" NUMBER ",\"online\":" NUMBER
         ",\"simulated\":" NUMBER ",\"next\":" TEXT "}}") "}}"},
    {"GET", "/api/v1/devices/{id}", "device.view", 0, NULL, api_device_get,
     "{\"summary\":\"One camera\"," ID_PARAM
     ",\"responses\":{" ANSWER("200", "The camera", DEVICE_REF) "}}"},
    {"PATCH", "/api/v1/devices/{id}", "device.config", 2048, NULL, api_device_patch,
     "{\"summary\":\"Rename or tag a camera\"," ID_PARAM
     "," BODY("{\"type\":\"object\",\"additionalProperties\":false,"
              "\"properties\":{\"name\":" TEXT ",\"tags\":{\"type\":\"array\",\"items\":" TEXT
              "}}}") ",\"responses\":{" ANSWER("200", "The camera", DEVICE_REF) "}}"},
    {"DELETE", "/api/v1/devices/{id}", "device.remove", 0, NULL, api_device_delete,
     "{\"summary\":\"Remove a camera: its certificate is refused from now on\"," ID_PARAM
     ",\"responses\":{" NOTHING("204", "Removed") "}}"},
    {"GET", "/api/v1/devices/{id}/history", "device.view", 0, NULL, history_list,
     "{\"summary\":\"When the camera was there, newest first\",\"parameters\":["
     "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":" TEXT "},"
     "{\"name\":\"from\",\"in\":\"query\",\"schema\":" NUMBER "},"
     "{\"name\":\"to\",\"in\":\"query\",\"schema\":" NUMBER "}],\"responses\":{" ANSWER(
         "200", "Events",
         "{\"type\":\"object\",\"required\":[\"events\"],\"additionalProperties\":false,"
         "\"properties\":{\"events\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
         "\"required\":[\"at\",\"kind\"],\"additionalProperties\":false,\"properties\":{"
         "\"at\":" NUMBER
         ",\"kind\":{\"enum\":[\"online\",\"offline\",\"boot\",\"enrolled\",\"renamed\"]},"
         "\"cause\":" TEXT ",\"source\":" TEXT "}}}}}") "}}"},
    {"POST", "/api/v1/enrolment-tokens", "device.enrol", 1024, NULL, enrol_token_create,
     "{\"summary\":\"Make a token with which cameras enrol\"," BODY(
         "{\"type\":\"object\",\"required\":[\"count\",\"ttl_s\"],\"additionalProperties\":false,"
         "\"properties\":{\"count\":" NUMBER ",\"ttl_s\":" NUMBER ",\"simulated\":" FLAG
         "}}") ",\"responses\":{" ANSWER("201", "The token, shown this once",
                                         "{\"type\":\"object\",\"required\":[\"id\",\"token\","
                                         "\"expires\",\"count\",\"command\"],"
                                         "\"additionalProperties\":false,\"properties\":{"
                                         "\"id\":" TEXT ",\"token\":" TEXT ",\"expires\":" NUMBER
                                         ",\"count\":" NUMBER ",\"command\":" TEXT "}}") "}}"},
    {"GET", "/api/v1/enrolment-tokens/{id}", "device.enrol", 0, NULL, enrol_token_get,
     "{\"summary\":\"What came of a token\"," ID_PARAM ",\"responses\":{" ANSWER(
         "200", "Its state",
         "{\"type\":\"object\",\"required\":[\"id\",\"expires\",\"count\",\"used\",\"devices\"],"
         "\"additionalProperties\":false,\"properties\":{\"id\":" TEXT ",\"expires\":" NUMBER
         ",\"count\":" NUMBER ",\"used\":" NUMBER ",\"devices\":{\"type\":\"array\",\"items\":" TEXT
         "}}}") "}}"},
    {"DELETE", "/api/v1/enrolment-tokens/{id}", "device.enrol", 0, NULL, enrol_token_end,
     "{\"summary\":\"End a token\"," ID_PARAM ",\"responses\":{" NOTHING("204", "Ended") "}}"},
    {"POST", "/.well-known/est/simpleenroll", "public", 8192, "application/pkcs10", enrol_simple,
     "{\"summary\":\"Enrol a camera (shape of RFC 7030 4.2); Authorization: Bearer <enrolment "
     "token>\",\"requestBody\":{\"required\":true,\"content\":{\"application/"
     "pkcs10\":{\"schema\":" TEXT
     "}}},\"responses\":{\"200\":{\"description\":\"The certificate\",\"content\":{"
     "\"application/pkcs7-mime\":{\"schema\":" TEXT "}}}}}"},
    {"GET", "/.well-known/est/cacerts", "public", 0, NULL, enrol_cacerts,
     "{\"summary\":\"The authorities of this box\",\"responses\":{\"200\":{\"description\":"
     "\"Certificates\",\"content\":{\"application/pkcs7-mime\":{\"schema\":" TEXT "}}}}}"},
    {"POST", "/api/v1/authorizations", "view.open", 2048, NULL, code_create,
     "{\"summary\":\"Ask for a business authorization code\"," BODY(
         "{\"type\":\"object\",\"required\":[\"device\",\"actions\",\"session\"],"
         "\"additionalProperties\":false,\"properties\":{\"device\":" TEXT
         ",\"actions\":{\"type\":\"array\",\"items\":" TEXT "},\"session\":" TEXT
         "}}") ",\"responses\":{" ANSWER("201", "The code",
                                         "{\"type\":\"object\",\"required\":[\"code\",\"expires\"],"
                                         "\"additionalProperties\":false,\"properties\":{"
                                         "\"code\":" TEXT ",\"expires\":" NUMBER "}}") "}}"},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL},
};

static void on_session_ended(void *ctx, const struct event *ev)
{
    (void)ctx;
    if (codes_end(ev->session, NULL, NULL))
        signal_recheck();
}

static void on_grant_changed(void *ctx, const struct event *ev)
{
    (void)ctx;
    if (codes_judge(ev->device, ev->account))
        signal_recheck();
}

static int codes_end_of(const char *account, int64_t now_ms)
{
    (void)now_ms;
    if (codes_end(NULL, NULL, account))
        signal_recheck();
    return 0;
}

static const struct holding holdings[] = {
    {"codes", codes_count, codes_end_of},
    {"enrolment-tokens", enrol_tokens_count, enrol_tokens_end},
};

static void about_fill(void *ctx, json_t *about)
{
    json_t *simulated = json_object();

    (void)ctx;
    sk_json_set_int(simulated, "cameras", (int64_t)registry_simulated_count());
    json_object_set_new(about, "simulated", simulated);
}

static int device_start(struct house *house)
{
    static const struct edge_protocol protocol = {
        .alpn = "skep-device/1", .take = link_take, .device_may_link = registry_may_link};
    int err = registry_start(house->store);

    if (!err)
        err = enrol_start(house);
    if (err)
        return err;
    http_about_add(about_fill, NULL);
    holding_add(&holdings[0]);
    holding_add(&holdings[1]);
    codes_start();
    signal_start();
    feed_start(net_loops_at(house->loops, 0));
    event_subscribe(EVENT_SESSION_ENDED, on_session_ended, NULL);
    event_subscribe(EVENT_GRANT_CHANGED, on_grant_changed, NULL);
    edge_protocol_add(&protocol);
    history_expire_daily(net_loops_at(house->loops, 0));
    return 0;
}

static void link_notice_drain(struct link *link)
{
    static const char notice[] = "{\"kind\":\"drain\",\"after_s\":5}";

    link_send(link, WIRE_NOTICE, notice, sizeof(notice) - 1);
}

static void device_drain(void)
{
    registry_links_each(link_notice_drain);
}

static void device_stop(void)
{
    signal_stop();
    codes_stop();
    registry_stop();
    enrol_stop();
}

static const char *const needs[] = {"account", NULL};

const struct room device_room = {.name = "device",
                                 .needs = needs,
                                 .schema = &schema,
                                 .routes = routes,
                                 .start = device_start,
                                 .drain = device_drain,
                                 .stop = device_stop};
