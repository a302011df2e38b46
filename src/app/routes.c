/* The room's rows, with their part of the description. */
#include "app/internal.h"

#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"integer\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define LIST "{\"type\":\"array\",\"items\":" TEXT "}"
#define KIND "{\"enum\":[\"hmac-sha256\",\"ecdsa-p256-sha256\"]}"
#define RANGE(min, max) "{\"type\":\"integer\",\"minimum\":" min ",\"maximum\":" max "}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"required\":[" required                                                 \
    "],\"additionalProperties\":false,\"properties\":{" properties "}}"

#define CREDENTIAL                                                                                 \
    OBJECT("\"id\",\"kind\",\"created\"",                                                          \
           "\"id\":" TEXT ",\"kind\":" KIND ",\"created\":" NUMBER ",\"ends\":" NUMBER)
#define APP                                                                                        \
    OBJECT("\"id\",\"name\",\"account\",\"scopes\",\"rate\",\"burst\",\"quota\",\"sources\","      \
           "\"state\",\"created\",\"used_today\",\"credentials\",\"own\"",                         \
           "\"id\":" TEXT ",\"name\":" TEXT ",\"account\":" TEXT ",\"scopes\":" LIST               \
           ",\"rate\":" NUMBER ",\"burst\":" NUMBER ",\"quota\":" NUMBER ",\"sources\":" LIST      \
           ",\"state\":{\"enum\":[\"active\",\"killed\"]},\"created\":" NUMBER                     \
           ",\"killed\":" NUMBER ",\"effect_ms\":" NUMBER ",\"last_used\":" NUMBER                 \
           ",\"last_source\":" TEXT ",\"used_today\":" NUMBER                                      \
           ",\"credentials\":{\"type\":\"array\",\"items\":" CREDENTIAL "},\"own\":" FLAG          \
           ",\"secret\":" TEXT)
#define APPS                                                                                       \
    OBJECT("\"apps\",\"scopes\"",                                                                  \
           "\"apps\":{\"type\":\"array\",\"items\":" APP "},\"scopes\":" LIST)

#define TERMS                                                                                      \
    "\"name\":" TEXT ",\"scopes\":" LIST ",\"rate\":" RANGE("1", "1000") ",\"burst\":" RANGE(      \
        "1", "1000") ",\"quota\":" RANGE("0", "1000000000") ",\"sources\":" LIST
#define NEW_KEY "\"kind\":" KIND ",\"public_key\":" TEXT
#define ADD_BODY OBJECT("\"name\",\"scopes\"", TERMS "," NEW_KEY)
#define PATCH_BODY OBJECT("", TERMS)
#define ROTATE_BODY OBJECT("\"overlap_s\"", "\"overlap_s\":" RANGE("0", "2592000") "," NEW_KEY)
#define RESTORE_BODY OBJECT("", NEW_KEY)
#define KILL_BODY OBJECT("", "")

#define JSON_OF(schema) "\"content\":{\"application/json\":{\"schema\":" schema "}}"
#define TAKES(schema) ",\"requestBody\":{\"required\":true," JSON_OF(schema) "}"
#define GIVES(status, schema)                                                                      \
    ",\"responses\":{\"" status "\":{\"description\":\"Done\"," JSON_OF(schema) "}}"
#define DOC(summary, takes, gives) "{\"summary\":\"" summary "\"" takes gives "}"

const struct route app_routes[] = {
    {"GET", "/api/v1/apps", "app.view", 0, NULL, api_apps,
     DOC("Client applications and what they may", "", GIVES("200", APPS))},
    {"POST", "/api/v1/apps", "app.manage", 4096, NULL, api_app_add,
     DOC("Make an app; its secret is shown this once", TAKES(ADD_BODY), GIVES("201", APP))},
    {"GET", "/api/v1/apps/{id}", "app.view", 0, NULL, api_app,
     DOC("One app", "", GIVES("200", APP))},
    {"PATCH", "/api/v1/apps/{id}", "app.manage", 4096, NULL, api_app_patch,
     DOC("Change what an own app may", TAKES(PATCH_BODY), GIVES("200", APP))},
    {"DELETE", "/api/v1/apps/{id}", "app.manage", 0, NULL, api_app_delete,
     "{\"summary\":\"Remove an app; what it holds is cut\",\"responses\":{\"204\":{"
     "\"description\":\"Done\"}}}"},
    {"POST", "/api/v1/apps/{id}/rotate", "app.manage", 1024, NULL, api_app_rotate,
     DOC("A second credential; the former one ends after the overlap", TAKES(ROTATE_BODY),
         GIVES("200", APP))},
    {"POST", "/api/v1/apps/{id}/kill", "app.manage", 64, NULL, api_app_kill,
     DOC("End all of an app: requests, sockets, signaling, streams", TAKES(KILL_BODY),
         GIVES("200", APP))},
    {"POST", "/api/v1/apps/{id}/restore", "app.manage", 1024, NULL, api_app_restore,
     DOC("Let a killed app live again with a fresh credential", TAKES(RESTORE_BODY),
         GIVES("200", APP))},
    {0},
};
