/* Tokens, key sets and forms from a provider or whoever plays one. The input is a key set, a line
 * feed, and a token or form. What is verified must have been signed: nothing here ever is. */
#include <string.h>

#include "sso/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwks keys;
    const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
    size_t first = cut ? (size_t)(cut - data) : size;
    const char *rest = cut ? (const char *)cut + 1 : "";
    size_t rest_len = cut ? size - first - 1 : 0;
    char value[64];
    json_t *claims = NULL;

    if (jwks_parse(&keys, data, first) == 0 && jwt_verify(&claims, &keys, rest, rest_len) == 0) {
        if (jwt_claims_check(claims, "https://i.example", "box", "n", 0) == 0)
            __builtin_trap();
        json_decref(claims);
    }
    if (form_take(rest, rest_len, "logout_token", value, sizeof(value)) == 0 &&
        strlen(value) >= sizeof(value))
        __builtin_trap();
    return 0;
}
