/* Scopes: what an app can be given at all. Nothing here changes who may what, acts on the box or
 * manages other apps: a key that lies in a script should not be able to make more of itself. */
#include <string.h>

#include "app/internal.h"
#include "base/text.h"

static const struct {
    uint32_t bit;
    const char *action;
    int of_code;
} scopes[] = {
#define SCOPE_ROW(bit, action, of_code) {bit, action, of_code},
    APP_SCOPES(SCOPE_ROW)
#undef SCOPE_ROW
};

enum { SCOPE_COUNT = sizeof(scopes) / sizeof(scopes[0]) };

uint32_t scope_find(const char *action)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (strcmp(scopes[i].action, action) == 0)
            return scopes[i].bit;
    return 0;
}

int scope_names(uint32_t have, const char *action)
{
    if (strcmp(action, "public") == 0)
        return 1;
    if (strcmp(action, "view.open") != 0)
        return (have & scope_find(action)) != 0;
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (scopes[i].of_code && have & scopes[i].bit)
            return 1;
    return 0;
}

json_t *scope_json(uint32_t have)
{
    json_t *list = json_array();

    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (have & scopes[i].bit)
            json_array_append_new(list, json_string(scopes[i].action));
    return list;
}

json_t *scope_json_all(void)
{
    return scope_json(UINT32_MAX);
}

int scope_parse(uint32_t *out, const json_t *list)
{
    size_t i;
    json_t *v;

    *out = 0;
    if (!json_is_array(list) || json_array_size(list) > SCOPE_COUNT)
        return -SK_EINVAL;
    json_array_foreach(list, i, v)
    {
        uint32_t bit = json_is_string(v) ? scope_find(json_string_value(v)) : 0;
        if (!bit || *out & bit)
            return -SK_EINVAL;
        *out |= bit;
    }
    return *out ? 0 : -SK_EINVAL;
}

void scope_text(char out[APP_SCOPES_SIZE], uint32_t have)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (!(have & scopes[i].bit))
            continue;
        if (at)
            out[at++] = ' ';
        if (sk_copy(out + at, APP_SCOPES_SIZE - at, scopes[i].action))
            break; /* all of them fit: the size is checked by the test of this file */
        at += strlen(scopes[i].action);
    }
}

int scope_text_parse(uint32_t *out, const char *text)
{
    *out = 0;
    while (*text) {
        char word[48];
        size_t len = strcspn(text, " ");
        if (len >= sizeof(word))
            return -SK_EINVAL;
        memcpy(word, text, len);
        word[len] = '\0';
        uint32_t bit = scope_find(word);
        if (!bit)
            return -SK_EINVAL;
        *out |= bit;
        text += len;
        text += *text == ' ';
    }
    return 0;
}
