/* Chunked bodies: cutting the input anywhere must not change what comes out. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "wire/http1.h"

enum { BODY_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    uint8_t body[BODY_MAX];
    size_t len, used;
    int rc;
};

static void decode(struct run *r, const uint8_t *data, size_t size, size_t step)
{
    struct http1_chunks c;
    r->len = r->used = 0;
    r->rc = 0;
    http1_chunks_init(&c, BODY_MAX);
    while (r->rc == 0 && r->used < size) {
        size_t used, n, piece = size - r->used < step ? size - r->used : step;
        const uint8_t *out;
        r->rc = http1_chunks_feed(&c, data + r->used, piece, &used, &out, &n);
        SK_ASSERT(used <= piece && r->len + n <= BODY_MAX && (used > 0 || r->rc != 0));
        if (n > 0)
            memcpy(r->body + r->len, out, n);
        r->len += n;
        r->used += used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run whole, parts;
    decode(&whole, data, size, size);
    for (size_t step = 1; step < 8; step += 3) {
        decode(&parts, data, size, step);
        SK_ASSERT(whole.rc == parts.rc && whole.len == parts.len && whole.used == parts.used &&
                  memcmp(whole.body, parts.body, whole.len) == 0);
    }
    return 0;
}
