/* What a chat service, or whoever plays one, answers to a message: the first byte picks the kind,
 * the second the status; the rest is the body. A verdict always comes, and a token fits. */
#include <string.h>

#include "alert/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 204, 301, 400, 403, 404, 410, 429, 500, 503};
    struct vendor_answer a = {.status = 200};
    struct verdict v = {.kind = VERDICT_LATER};
    struct fact f;
    char token[64], text[512];
    int64_t expires_s = 0;

    if (size < 2)
        return 0;
    a.status = statuses[data[1] % (sizeof(statuses) / sizeof(statuses[0]))];
    a.retry_after_ms = data[1] & 0x80 ? 60000 : 0;
    a.body = (const char *)data + 2;
    a.len = size - 2;
    vendor_judge(&v, (enum channel_kind)(data[0] % CHANNEL_KIND_COUNT), &a);
    if (memchr(v.code, '\0', sizeof(v.code)) == NULL)
        __builtin_trap();
    if (vendor_token_take(token, sizeof(token), &expires_s, &v, &a) == 0 &&
        memchr(token, '\0', sizeof(token)) == NULL)
        __builtin_trap();
    if (a.len < sizeof(text)) { /* a fact as the outbox keeps it */
        memcpy(text, a.body, a.len);
        text[a.len] = '\0';
        (void)!fact_parse(&f, text);
    }
    return 0;
}
