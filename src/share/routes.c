/* The room's rows, with their part of the description. */
#include "share/internal.h"

#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"integer\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define LIST_OF(schema) "{\"type\":\"array\",\"items\":" schema "}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"required\":[" required                                                 \
    "],\"additionalProperties\":false,\"properties\":{" properties "}}"
#define JSON_OF(schema) "\"content\":{\"application/json\":{\"schema\":" schema "}}"
#define TAKES(schema) ",\"requestBody\":{\"required\":true," JSON_OF(schema) "}"
#define GIVES(status, schema)                                                                      \
    ",\"responses\":{\"" status "\":{\"description\":\"Done\"," JSON_OF(schema) "}}"
#define DONE ",\"responses\":{\"204\":{\"description\":\"Done\"}}"
#define DOC(summary, takes, gives) "{\"summary\":\"" summary "\"" takes gives "}"

#define KEY                                                                                        \
    OBJECT("\"id\",\"public_key\",\"added\"",                                                      \
           "\"id\":" TEXT ",\"public_key\":" TEXT ",\"name\":" TEXT ",\"added\":" NUMBER)
#define PERSON                                                                                     \
    OBJECT("\"id\",\"name\",\"organization\"",                                                     \
           "\"id\":" TEXT ",\"name\":" TEXT ",\"organization\":" TEXT)
#define CLAIM                                                                                      \
    OBJECT("\"id\",\"account\",\"public_key\",\"claim\",\"created\",\"expires\"",                  \
           "\"id\":" TEXT ",\"account\":" PERSON ",\"public_key\":" TEXT ",\"claim\":" TEXT        \
           ",\"created\":" NUMBER ",\"expires\":" NUMBER)
#define OWN_CLAIM                                                                                  \
    OBJECT("\"id\",\"device\",\"key\",\"created\",\"expires\",\"state\"",                          \
           "\"id\":" TEXT ",\"device\":" TEXT ",\"key\":" TEXT ",\"created\":" NUMBER              \
           ",\"expires\":" NUMBER ",\"state\":{\"enum\":[\"waiting\",\"accepted\",\"refused\"]}")
#define SHARE                                                                                      \
    OBJECT("\"id\",\"device\",\"account\",\"public_key\",\"key\",\"actions\",\"not_after\","       \
           "\"created\",\"created_by\",\"grant\",\"active\",\"keys\"",                             \
           "\"id\":" TEXT ",\"device\":" TEXT ",\"account\":" PERSON ",\"public_key\":" TEXT       \
           ",\"key\":" TEXT                                                                        \
           ",\"actions\":" LIST_OF(TEXT) ",\"not_after\":" NUMBER ",\"created\":" NUMBER           \
                                         ",\"created_by\":" TEXT ",\"grant\":" TEXT                \
                                         ",\"active\":" FLAG ",\"keys\":" LIST_OF(KEY))
#define RECEIVED                                                                                   \
    OBJECT("\"id\",\"device\",\"organization\",\"key\",\"actions\",\"not_after\",\"created\","     \
           "\"active\"",                                                                           \
           "\"id\":" TEXT ",\"device\":" TEXT ",\"organization\":" TEXT ",\"key\":" TEXT           \
           ",\"actions\":" LIST_OF(TEXT) ",\"not_after\":" NUMBER ",\"created\":" NUMBER           \
                                         ",\"active\":" FLAG)
#define LEFT                                                                                       \
    OBJECT("\"version\",\"hash\",\"left\",\"by\"",                                                 \
           "\"version\":" NUMBER ",\"hash\":" TEXT ",\"left\":" NUMBER ",\"sent\":" NUMBER         \
           ",\"by\":" TEXT ",\"list\":" TEXT)
#define TERMS "\"actions\":" LIST_OF(TEXT) ",\"not_after\":" NUMBER

enum { SMALL_MAX = 1024, WITH_LIST_MAX = 12 * 1024 };

const struct route share_routes[] = {
    {"GET", "/api/v1/me/viewer-keys", "session", 0, NULL, api_keys,
     DOC("My viewer keys", "", GIVES("200", OBJECT("\"keys\"", "\"keys\":" LIST_OF(KEY))))},
    {"PUT", "/api/v1/me/viewer-keys", "session", SMALL_MAX, NULL, api_key_put,
     DOC("Enter a viewer key, or name it",
         TAKES(OBJECT("\"public_key\"", "\"public_key\":" TEXT ",\"name\":" TEXT)),
         GIVES("200", KEY))},
    {"DELETE", "/api/v1/me/viewer-keys/{id}", "session", 0, NULL, api_key_delete,
     DOC("Take a viewer key out", "", DONE)},
    {"POST", "/api/v1/shares/claims", "session", SMALL_MAX, NULL, api_claim_add,
     DOC("Show for an invitation link that I have it",
         TAKES(OBJECT("\"device\",\"public_key\",\"claim\"",
                      "\"device\":" TEXT ",\"public_key\":" TEXT ",\"claim\":" TEXT)),
         GIVES("202", OBJECT("\"id\",\"expires\"", "\"id\":" TEXT ",\"expires\":" NUMBER)))},
    {"GET", "/api/v1/shares/claims", "session", 0, NULL, api_claims_mine,
     DOC("My claims", "", GIVES("200", OBJECT("\"claims\"", "\"claims\":" LIST_OF(OWN_CLAIM))))},
    {"DELETE", "/api/v1/shares/claims/{id}", "session", 0, NULL, api_claim_delete,
     DOC("Drop a claim of mine", "", DONE)},
    {"GET", "/api/v1/shares", "session", 0, NULL, api_shares,
     DOC("What I share and what is shared with me", "",
         GIVES("200", OBJECT("\"given\",\"received\"",
                             "\"given\":" LIST_OF(SHARE) ",\"received\":" LIST_OF(RECEIVED))))},
    {"DELETE", "/api/v1/shares/{id}", "session", 0, NULL, api_share_give_up,
     DOC("Give up what was shared with me", "", DONE)},
    {"GET", "/api/v1/devices/{id}/claims", "device.manage", 0, NULL, api_claims,
     DOC("Who asks for this camera", "",
         GIVES("200", OBJECT("\"claims\"", "\"claims\":" LIST_OF(CLAIM))))},
    {"DELETE", "/api/v1/devices/{id}/claims/{claim}", "device.manage", 0, NULL, api_claim_refuse,
     DOC("Refuse a claim", "", DONE)},
    {"POST", "/api/v1/devices/{id}/claims/{claim}/accept", "device.manage", WITH_LIST_MAX, NULL,
     api_claim_accept,
     DOC("Share the camera with who asks; a signed list may be left in the same step",
         TAKES(OBJECT("\"actions\",\"not_after\"", TERMS ",\"list\":" TEXT)), GIVES("201", SHARE))},
    {"GET", "/api/v1/devices/{id}/shares", "device.manage", 0, NULL, api_device_shares,
     DOC("With whom the camera is shared", "",
         GIVES("200", OBJECT("\"shares\"", "\"shares\":" LIST_OF(SHARE) ",\"list\":" LEFT)))},
    {"PATCH", "/api/v1/devices/{id}/shares/{share}", "device.manage", SMALL_MAX, NULL,
     api_share_change,
     DOC("Narrow, widen or renew a share", TAKES(OBJECT("\"actions\",\"not_after\"", TERMS)),
         GIVES("200", SHARE))},
    {"DELETE", "/api/v1/devices/{id}/shares/{share}", "device.manage", 0, NULL, api_share_end,
     DOC("Withdraw a share; what runs is cut within a second", "", DONE)},
    {"GET", "/api/v1/devices/{id}/list", "device.manage", 0, NULL, api_list_get,
     DOC("The signed list left for the camera", "", GIVES("200", LEFT))},
    {"PUT", "/api/v1/devices/{id}/list", "device.manage", WITH_LIST_MAX, NULL, api_list_put,
     DOC("Leave a signed list for the camera", TAKES(OBJECT("\"list\"", "\"list\":" TEXT)),
         GIVES("200", LEFT))},
    {"DELETE", "/api/v1/devices/{id}/list", "device.manage", 0, NULL, api_list_delete,
     DOC("Take the list back: the camera has it", "", DONE)},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL},
};
