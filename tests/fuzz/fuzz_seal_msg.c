/* Handshake messages by kind: what is taken encodes to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "wire/seal_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_seal_msg m;
    uint8_t *back = malloc(size + 1);
    size_t len;

    if (back != NULL && wire_seal_decode(&m, data, size) == 0) {
        SK_ASSERT(wire_seal_encode(back, size, &len, &m) == 0);
        SK_ASSERT(len == size && memcmp(back, data, len) == 0);
    }
    free(back);
    return 0;
}
