/* Request heads: whatever is accepted must survive being written and read again unchanged. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http1_request req, again;
    char path[HTTP1_PATH_SIZE * 3], head[HTTP1_PATH_SIZE * 3 + HTTP1_QUERY_SIZE + 512];
    size_t scan = 0, head_len = 0, scan_two = 0, len_two = 0;
    int rc = http1_head_find(data, size / 2, &scan, &head_len);
    if (rc == -SK_EAGAIN)
        rc = http1_head_find(data, size, &scan, &head_len);
    int whole = http1_head_find(data, size, &scan_two, &len_two);
    SK_ASSERT(rc == whole && (rc != 0 || head_len == len_two)); /* pieces change nothing */
    if (rc != 0)
        return 0;
    rc = http1_request_parse(&req, data, head_len);
    SK_ASSERT((rc == 0) == (req.reason == NULL));
    if (rc != 0)
        return 0;
    SK_ASSERT(req.path[0] == '/' && strstr(req.path, "/../") == NULL);
    SK_ASSERT(http1_path_encode(path, sizeof(path), req.path) == 0);
    int n =
        snprintf(head, sizeof(head), "%s %s%s%s HTTP/1.1\r\nHost: %.*s\r\n\r\n", req.method, path,
                 req.query[0] != '\0' ? "?" : "", req.query, (int)req.host.len, req.host.p);
    SK_ASSERT(n > 0 && (size_t)n < sizeof(head));
    SK_ASSERT(http1_request_parse(&again, head, (size_t)n) == 0);
    SK_ASSERT(strcmp(again.path, req.path) == 0 && strcmp(again.query, req.query) == 0 &&
              strcmp(again.method, req.method) == 0);
    return 0;
}
