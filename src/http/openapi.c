/* OpenAPI 3.1, put together from the same rows that route the requests: a route that is served is
 * documented, and what is documented is served. */
#include <string.h>

#include "base/json.h"
#include "http/internal.h"

#ifndef SKEP_VERSION
#define SKEP_VERSION "0.0.0"
#endif

static const char components_text[] =
    "{\"securitySchemes\":{"
    "\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-skep\"},"
    "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
    "\"appkey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"Signature\","
    "\"description\":\"RFC 9421 with an AppKey; for what its scopes name\"}},"
    "\"schemas\":{\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457\","
    "\"required\":[\"status\",\"code\",\"title\",\"request\"],\"properties\":{"
    "\"status\":{\"type\":\"integer\"},\"code\":{\"type\":\"string\",\"enum\":["
    "\"bad-request\",\"auth-required\",\"auth-failed\",\"throttled\",\"forbidden\",\"not-found\","
    "\"conflict\",\"gone\",\"reauth\",\"factor-required\",\"challenge\",\"too-large\",\"weak-"
    "password\",\"approval-needed\",\"busy\",\"storage\",\"internal\"]},"
    "\"title\":{\"type\":\"string\"},\"request\":{\"type\":\"string\"},"
    "\"retry_ms\":{\"type\":\"integer\"},"
    "\"reason\":{\"type\":\"string\"},\"approval\":{\"type\":\"string\"},\"wall\":{\"type\":"
    "\"integer\"},"
    "\"reasons\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}},"
    "\"Device\":{\"type\":\"object\",\"required\":[\"id\",\"name\",\"model\",\"hw\",\"fw\","
    "\"serial\",\"state\",\"since\",\"simulated\",\"enrolled\",\"caps\",\"tags\",\"rights\"],"
    "\"additionalProperties\":false,\"properties\":{"
    "\"id\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},"
    "\"model\":{\"type\":\"string\"},\"hw\":{\"type\":\"string\"},"
    "\"fw\":{\"type\":\"string\"},\"serial\":{\"type\":\"string\"},"
    "\"state\":{\"enum\":[\"online\",\"offline\"]},\"since\":{\"type\":\"integer\"},"
    "\"last_seen\":{\"type\":\"integer\"},\"clock_offset_ms\":{\"type\":\"number\"},"
    "\"clock_rtt_ms\":{\"type\":\"number\"},\"seal\":{\"type\":\"string\"},"
    "\"simulated\":{\"type\":\"boolean\"},\"enrolled\":{\"type\":\"integer\"},"
    "\"caps\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"rights\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"source\":{\"type\":\"string\"}}}},"
    "\"responses\":{\"Problem\":{\"description\":\"Refused\",\"content\":{"
    "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}}";

static json_t *member_need(json_t *obj, const char *name, json_t *fresh)
{
    json_t *found = json_object_get(obj, name);

    if (found) {
        json_decref(fresh);
        return found;
    }
    json_object_set_new(obj, name, fresh);
    return fresh;
}

static int parameter_is_there(const json_t *list, const char *name, size_t len)
{
    size_t i;
    json_t *p;

    json_array_foreach(list, i, p)
    {
        const char *have = json_string_value(json_object_get(p, "name"));
        if (have && strlen(have) == len && memcmp(have, name, len) == 0)
            return 1;
    }
    return 0;
}

/* Every {name} of the path is a required parameter, whether the row spells it out or not. */
static void path_parameters_add(json_t *op, const char *path)
{
    for (const char *s = strchr(path, '{'); s; s = strchr(s, '{')) {
        size_t len = strcspn(++s, "}");
        json_t *list = member_need(op, "parameters", json_array());
        if (parameter_is_there(list, s, len))
            continue;
        json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", s, len, "in",
                                              "path", "required", 1, "schema", "type", "string"));
    }
}

static json_t *security_make(const struct route *row)
{
    if (strcmp(row->permission, "public") == 0)
        return json_array();
    if (strcmp(row->permission, "metrics.read") == 0)
        return json_pack("[{s:[]}]", "bearer");
    if (strcmp(row->permission, "session") == 0) /* of the person behind it, never of an app */
        return json_pack("[{s:[]}, {s:[]}]", "cookie", "bearer");
    return json_pack("[{s:[]}, {s:[]}, {s:[]}]", "cookie", "bearer", "appkey");
}

static json_t *operation_make(const struct room *room, const struct route *row)
{
    json_t *op = row->openapi ? json_loads(row->openapi, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (!op)
        op = json_object();
    json_t *responses = member_need(op, "responses", json_object());
    member_need(responses, "default", json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
    member_need(op, "tags", json_pack("[s]", room->name));
    path_parameters_add(op, row->path);
    json_object_set_new(op, "security", security_make(row));
    sk_json_set_str(op, "x-permission", row->permission);
    if (row->body_max_bytes)
        sk_json_set_int(op, "x-body-max-bytes", (int64_t)row->body_max_bytes);
    return op;
}

static void row_add(json_t *paths, const struct room *room, const struct route *row)
{
    char method[8] = "";
    json_t *item = member_need(paths, row->path, json_object());

    for (size_t i = 0; i + 1 < sizeof(method) && row->method[i]; i++)
        method[i] = (char)(row->method[i] | 0x20);
    json_object_set_new(item, method, operation_make(room, row));
}

json_t *openapi_assemble(const struct room *const *rooms)
{
    json_t *paths = json_object();

    for (; *rooms; rooms++)
        for (const struct route *row = (*rooms)->routes; row && row->method; row++)
            row_add(paths, *rooms, row);
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:o}", "openapi", "3.1.0", "info",
                     "title", "Skep", "version", SKEP_VERSION, "description",
                     "The box's own interface, assembled from the rows that route it.", "servers",
                     "url", "/", "paths", paths, "components",
                     json_loads(components_text, JSON_REJECT_DUPLICATES, NULL));
}

json_t *http_openapi(void)
{
    return openapi_assemble(rooms_list());
}
