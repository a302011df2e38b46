/* Query strings as the edge hands them on: members are valid UTF-8 without U+0000, names are not
 * empty and come once. */
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "http/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct edge_request facts;
    struct http_request req;
    int64_t n;

    if (size >= sizeof(facts.query) || memchr(data, 0, size))
        return 0;
    memset(&facts, 0, sizeof(facts));
    memcpy(facts.query, data, size);
    request_init(&req, &facts, NULL, 0);
    if (request_query_parse(&req) == 0) {
        for (size_t i = 0; i < req.query_count; i++) {
            const char *name = req.queries[i].name, *value = req.queries[i].value;
            SK_ASSERT(*name && sk_utf8_is_valid(name, strlen(name)));
            SK_ASSERT(sk_utf8_is_valid(value, strlen(value)));
            SK_ASSERT(http_query(&req, name) == value);
            if (http_query_int(&req, name, -100, 100, 7, &n) == 0)
                SK_ASSERT(n >= -100 && n <= 100);
        }
    }
    request_fini(&req);
    return 0;
}
