/* Texts that strangers send to the account room: Cookie fields, tokens, stored password strings,
 * passwords to weigh. What is taken must read back the same. */
#include <stdlib.h>
#include <string.h>

#include "account/internal.h"
#include "base/sys.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void phc_try(const char *text)
{
    struct phc p;
    char again[PHC_SIZE];

    if (phc_decode(&p, text))
        return;
    SK_ASSERT(p.m_kib <= PHC_M_MAX_KIB && p.t <= PHC_T_MAX);
    phc_encode(again, &p);
    SK_ASSERT(strcmp(again, text) == 0);
}

static void password_try(const char *text, size_t len)
{
    const struct strength_context ctx = {"name", "host", 15, NULL, NULL};
    struct strength s;
    const char *names[5];

    if (!sk_utf8_is_valid(text, len))
        return;
    strength_judge(text, len, &ctx, &s);
    SK_ASSERT(s.score >= 0 && s.score <= 4);
    SK_ASSERT(strength_reason_names(s.reasons, names) <= 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text, value[ACCOUNT_TOKEN_SIZE];
    uint8_t hash[32], key[THROTTLE_KEY_BYTES];

    if (size > 4096)
        return 0;
    text = sk_strndup((const char *)data, size);
    if (cookie_find(text, "__Host-skep", value, sizeof(value)) == 0)
        SK_ASSERT(strchr(value, ';') == NULL && token_hash(hash, value) <= 0);
    phc_try(text);
    prefix_key(key, "prefix", text);
    password_try(text, strlen(text));
    free(text);
    return 0;
}
