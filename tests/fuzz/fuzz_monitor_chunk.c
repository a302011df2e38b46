/* Chunks from a damaged disk, and samples from a hostile agent. The checksum is put right so that
 * what lies behind it is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "monitor/chunk.h"
#include "monitor/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void chunk_try(const uint8_t *data, size_t size)
{
    static int64_t v[CHUNK_POINTS_MAX];
    uint8_t present[CHUNK_BITMAP_SIZE], *copy = malloc(size);
    struct chunk c;

    SK_ASSERT(copy);
    memcpy(copy, data, size);
    sk_put_u32(copy + size - 4, chunk_crc32c(0, copy, size - 4));
    if (chunk_open(&c, copy, size) == 0)
        for (uint16_t key = 0; key < CHUNK_SERIES_MAX; key++)
            (void)!chunk_read(&c, key, v, present);
    free(copy);
}

static void samples_try(const uint8_t *data, size_t size)
{
    struct monitor_sample s, again;
    struct sk_buf b;
    size_t at = 0, from = 0, back = 0;

    sk_buf_init(&b, SAMPLE_BYTES_MAX);
    while (at < size && sample_read(data, size, &at, &s) == 0) {
        sk_buf_reset(&b);
        SK_ASSERT(sample_write(&b, &s) == 0); /* one form: what is read is written alike */
        SK_ASSERT(b.len == at - from && memcmp(b.data, data + from, b.len) == 0);
        back = 0;
        SK_ASSERT(sample_read(b.data, b.len, &back, &again) == 0);
        from = at;
    }
    sk_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 8)
        chunk_try(data, size);
    samples_try(data, size);
    return 0;
}
