/* Handlers of the cameras' routes. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "device/internal.h"

enum { PAGE_DEFAULT = 50, QUERY_MAX = 128, NAME_POINTS_MAX = 64 };

int api_device_list(struct http_request *req)
{
    const char *query = http_query(req, "q"), *state = http_query(req, "state");
    const char *tag = http_query(req, "tag");
    int64_t limit;
    int wanted = -1;
    int err = http_query_int(req, "limit", 1, DEVICE_PAGE_MAX, PAGE_DEFAULT, &limit);

    if (!err && state && strcmp(state, "online") == 0)
        wanted = 1;
    else if (!err && state && strcmp(state, "offline") == 0)
        wanted = 0;
    else if (!err && state && state[0])
        err = -SK_EINVAL;
    if (!err && ((query && strlen(query) > QUERY_MAX) || (tag && strlen(tag) > QUERY_MAX)))
        err = -SK_EINVAL;
    if (err)
        return http_problem(req, err, NULL);
    const struct device_wanted w = {.who = http_principal(req),
                                    .query = query && query[0] ? query : NULL,
                                    .tag = tag && tag[0] ? tag : NULL,
                                    .state = wanted,
                                    .cursor = http_query(req, "cursor"),
                                    .limit = (size_t)limit};
    json_t *answer = registry_list_json(&w, &err);
    if (err) {
        json_decref(answer);
        return http_problem(req, err, NULL);
    }
    return http_json(req, 200, answer);
}

static int device_answer(struct http_request *req, const char *id)
{
    json_t *device = registry_device_json(id);

    if (device)
        device_rights_set(device, device_rights(http_principal(req), id));
    return device ? http_json(req, 200, device) : http_problem(req, -SK_ENOTFOUND, NULL);
}

int api_device_get(struct http_request *req)
{
    const char *id = http_param(req, "id");

    return http_may(req, "device.view", (struct object_ref){"device", id}) ? 0
                                                                           : device_answer(req, id);
}

/* 1..64 code points, no control characters, no blank at either end. */
static int name_is_fit(const char *name)
{
    size_t len = strlen(name);

    if (!sk_utf8_is_valid(name, len) || len == 0 || sk_utf8_count(name, len) > NAME_POINTS_MAX ||
        name[0] == ' ' || name[len - 1] == ' ')
        return 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return 0;
    return 1;
}

struct patch {
    const char *name; /* NULL: stays */
    char *tags;       /* NULL: stay; else JSON text, owned */
};

static int patch_parse(const json_t *body, struct patch *out)
{
    static const char *const members[] = {"name", "tags", NULL};
    const char *tags[DEVICE_TAGS_MAX];
    size_t count;
    int err = sk_json_only(body, members);

    if (!err && json_object_size(body) == 0)
        err = -SK_EINVAL;
    if (!err && sk_json_has(body, "name")) {
        err = sk_json_str(body, "name", DEVICE_NAME_MAX, &out->name);
        if (!err && !name_is_fit(out->name))
            err = -SK_EINVAL;
    }
    if (!err && sk_json_has(body, "tags")) {
        err = device_tags_parse(json_object_get(body, "tags"), tags, &count);
        if (!err)
            out->tags = json_dumps(json_object_get(body, "tags"), JSON_COMPACT);
    }
    return err;
}

/* Grants hang on tags: to tag is to give rights, and needs the right to do that where the camera
 * is at home. 0, or answered. */
static int tags_check(struct http_request *req, const char *id, const struct patch *p)
{
    char of[ORGANIZATION_ID_SIZE];

    if (!p->tags)
        return 0;
    if (authorize_organization_of("device", id, of) ||
        strcmp(of, http_principal(req)->organization) != 0) {
        http_problem(req, -SK_EDENIED, NULL);
        return -SK_EDENIED;
    }
    return http_may(req, "grant.manage", (struct object_ref){"box", NULL});
}

int api_device_patch(struct http_request *req)
{
    const char *id = http_param(req, "id");
    struct patch p = {NULL, NULL};
    json_t *body;

    if (http_may(req, "device.config", (struct object_ref){"device", id}) ||
        http_body_json(req, &body))
        return 0;
    int err = patch_parse(body, &p);
    if (!err && tags_check(req, id, &p)) {
        free(p.tags);
        return 0; /* answered */
    }
    if (!err && p.name)
        err = registry_rename(id, p.name, http_principal(req), http_now_ms(req));
    if (!err && p.tags)
        err = registry_tags_set(id, p.tags, http_principal(req), http_now_ms(req));
    free(p.tags);
    return err ? http_problem(req, err, NULL) : device_answer(req, id);
}

int api_device_delete(struct http_request *req)
{
    const char *id = http_param(req, "id");

    if (http_may(req, "device.remove", (struct object_ref){"device", id}))
        return 0;
    int err = registry_remove(id, http_principal(req), http_now_ms(req));
    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}
