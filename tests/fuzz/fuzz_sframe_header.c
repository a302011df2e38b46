/* SFrame headers: whatever is taken is in the one shortest form. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "wire/sframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t back[WIRE_SFRAME_HEAD_MAX];
    uint64_t kid, ctr;
    size_t len;

    if (wire_sframe_decode(&kid, &ctr, &len, data, size) == 0) {
        SK_ASSERT(len <= size && len <= sizeof back);
        SK_ASSERT(wire_sframe_encode(back, kid, ctr) == len && memcmp(back, data, len) == 0);
    }
    return 0;
}
