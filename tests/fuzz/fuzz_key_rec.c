/* KEY records: bounds, and that what is taken encodes to the same bytes. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "wire/key_rec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_key_entry e[WIRE_KEY_COUNT_MAX];
    uint8_t back[WIRE_KEY_HEAD_BYTES + WIRE_KEY_COUNT_MAX * WIRE_KEY_ENTRY_BYTES];
    struct wire_key_head h;
    unsigned i;

    if (wire_key_decode(&h, data, size) < 0)
        return 0;
    for (i = 0; i < h.count; i++) {
        if (wire_key_entry_decode(&e[i], data, i) < 0)
            return 0;
        SK_ASSERT(e[i].kid >> 48 == 0 && e[i].stream != 0);
    }
    SK_ASSERT(wire_key_encode(back, &h, e) == size && memcmp(back, data, size) == 0);
    return 0;
}
