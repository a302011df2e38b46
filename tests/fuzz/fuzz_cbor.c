/* CBOR and what is read from an authenticator: no input may do more than be refused. */
#include <stdint.h>
#include <stdlib.h>

#include "account/passkey.h"
#include "base/sys.h"
#include "wire/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char client[] = "{\"type\":\"webauthn.create\",\"challenge\":\"AAAA\","
                                 "\"origin\":\"https://localhost\"}";
    static const char *const origins[] = {"https://localhost", NULL};
    static const uint8_t challenge[3] = {0};
    const struct passkey_expect want = {"localhost", origins, {challenge, sizeof(challenge)}};
    const struct passkey_bytes page = {(const uint8_t *)client, sizeof(client) - 1};
    const struct passkey_bytes in = {data, size};
    struct passkey_made *made = sk_alloc(sizeof(*made));
    struct cbor_item item, member;
    uint8_t claimed[64];
    size_t len;

    if (cbor_read(&item, data, size) == 0) {
        SK_ASSERT(item.size <= size && item.len < item.size);
        for (int64_t key = -4; key <= 4; key++)
            if (cbor_map_int(&item, key, &member) == 0)
                SK_ASSERT(member.size <= item.len && member.data >= item.data);
        if (cbor_map_text(&item, "authData", &member) == 0)
            SK_ASSERT(member.data + member.len <= data + size);
    }
    if (passkey_made_check(&want, page, in, made) == PASSKEY_OK)
        SK_ASSERT(made->key_len <= sizeof(made->key));
    if (passkey_claimed_challenge(in, claimed, sizeof(claimed), &len) == 0)
        SK_ASSERT(len <= sizeof(claimed));
    free(made);
    return 0;
}
