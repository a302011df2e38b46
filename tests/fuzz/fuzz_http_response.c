/* Answer heads of the HTTP library behind the edge. */
#include <stdint.h>

#include "base/sys.h"
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http1_response res;
    size_t scan = 0, head_len = 0;
    if (http1_head_find(data, size, &scan, &head_len) != 0)
        return 0;
    for (int to_head = 0; to_head < 2; to_head++) {
        if (http1_response_parse(&res, data, head_len, to_head) != 0)
            continue;
        SK_ASSERT(res.status >= 100 && res.status <= 599 && res.field_count <= HTTP1_FIELDS_MAX);
        SK_ASSERT(!to_head || res.body == HTTP1_BODY_NONE);
        SK_ASSERT(res.body != HTTP1_BODY_UNTIL_CLOSE || !res.keep_alive);
        for (size_t i = 0; i < res.field_count; i++)
            SK_ASSERT(res.fields[i].value.p >= (const char *)data &&
                      res.fields[i].value.p + res.fields[i].value.len <=
                          (const char *)data + head_len);
    }
    return 0;
}
