#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"

enum { BIN_TEXT_MAX = 8192 };

#define NUMBER_LIMIT 9007199254740992 /* 2^53 */

static int value_check(const json_t *v, int depth)
{
    if (depth > SK_JSON_DEPTH_MAX)
        return -SK_EINVAL;
    if (json_is_integer(v)) {
        json_int_t n = json_integer_value(v);
        return n > NUMBER_LIMIT || n < -NUMBER_LIMIT ? -SK_EINVAL : 0;
    }
    if (json_is_real(v))
        return isfinite(json_real_value(v)) && fabs(json_real_value(v)) <= (double)NUMBER_LIMIT
                   ? 0
                   : -SK_EINVAL;
    if (json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++)
            if (value_check(json_array_get(v, i), depth + 1))
                return -SK_EINVAL;
        return 0;
    }
    if (json_is_object(v)) {
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)v, key, member)
        {
            if (value_check(member, depth + 1))
                return -SK_EINVAL;
        }
    }
    return 0;
}

/* jansson itself allows 2048 levels; a flat scan keeps a hostile body from recursing at all. */
static int depth_is_bounded(const char *text, size_t len)
{
    int depth = 0, in_string = 0;

    for (size_t i = 0; i < len; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = 0;
        } else if (text[i] == '"') {
            in_string = 1;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > SK_JSON_DEPTH_MAX)
                return 0;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return 1;
}

int sk_json_parse(json_t **out, const void *text, size_t len)
{
    json_error_t error;

    *out = NULL;
    if (len == 0 || !depth_is_bounded(text, len))
        return -SK_EINVAL;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return -SK_EINVAL;
    if (!json_is_object(root) || value_check(root, 1)) {
        json_decref(root);
        return -SK_EINVAL;
    }
    *out = root;
    return 0;
}

int sk_json_only(const json_t *obj, const char *const *names)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)obj, key, member)
    {
        size_t i = 0;
        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            return -SK_EINVAL;
    }
    return 0;
}

int sk_json_str(const json_t *obj, const char *name, size_t max_bytes, const char **out)
{
    const json_t *v = json_object_get(obj, name);

    if (!json_is_string(v) || json_string_length(v) > max_bytes)
        return -SK_EINVAL;
    *out = json_string_value(v);
    return 0;
}

int sk_json_int(const json_t *obj, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const json_t *v = json_object_get(obj, name);

    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return -SK_EINVAL;
    *out = json_integer_value(v);
    return 0;
}

int sk_json_bool(const json_t *obj, const char *name, int *out)
{
    const json_t *v = json_object_get(obj, name);

    if (!json_is_boolean(v))
        return -SK_EINVAL;
    *out = json_is_true(v);
    return 0;
}

int sk_json_bin(const json_t *obj, const char *name, void *out, size_t len)
{
    const char *text;
    size_t got;
    int err = sk_json_str(obj, name, SK_B64_SIZE(len), &text);

    if (err)
        return err;
    err = sk_b64url_decode(out, len, &got, text, strlen(text));
    return err || got != len ? -SK_EINVAL : 0;
}

int sk_json_has(const json_t *obj, const char *name)
{
    const json_t *v = json_object_get(obj, name);

    return v && !json_is_null(v);
}

static void member_set(json_t *obj, const char *name, json_t *value)
{
    int err = json_object_set_new(obj, name, value);

    SK_ASSERT(!err);
}

void sk_json_set_bin(json_t *obj, const char *name, const void *data, size_t len)
{
    char text[SK_B64_SIZE(BIN_TEXT_MAX)];

    SK_ASSERT(len <= BIN_TEXT_MAX);
    sk_b64url_encode(text, data, len);
    member_set(obj, name, json_string(text));
}

void sk_json_set_str(json_t *obj, const char *name, const char *value)
{
    if (value)
        member_set(obj, name, json_string(value));
}

void sk_json_set_int(json_t *obj, const char *name, int64_t value)
{
    member_set(obj, name, json_integer(value));
}

void sk_json_set_bool(json_t *obj, const char *name, int value)
{
    member_set(obj, name, json_boolean(value));
}

char *sk_json_text(const json_t *obj, size_t *len)
{
    char *text = json_dumps(obj, JSON_COMPACT);

    if (text && len)
        *len = strlen(text);
    return text;
}
