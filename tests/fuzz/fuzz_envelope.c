/* Envelopes: what is taken encodes to the same bytes. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "wire/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t back[WIRE_ENVELOPE_MAX];
    struct wire_envelope e;
    size_t len;

    if (wire_envelope_decode(&e, data, size) == 0) {
        SK_ASSERT(wire_envelope_encode(back, sizeof back, &len, &e) == 0);
        SK_ASSERT(len == size && memcmp(back, data, len) == 0);
    }
    return 0;
}
