/* Access lists: bounds, and that what is taken encodes to the same bytes. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "wire/access_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_list_entry entries[WIRE_LIST_ENTRIES_MAX];
    uint8_t back[WIRE_LIST_MAX];
    struct wire_list l;
    size_t n;

    if (wire_list_decode(&l, data, size) < 0)
        return 0;
    for (unsigned i = 0; i < l.count; i++) {
        wire_list_entry(&entries[i], data, i);
        SK_ASSERT((entries[i].rights & 0xfd00) == 0 && entries[i].point[0] == 4);
        SK_ASSERT(entries[i].not_after_ms - l.issued_ms <= WIRE_LIST_LIFE_MS);
    }
    n = wire_list_encode(back, &l, entries);
    SK_ASSERT(n + WIRE_LIST_SIG_BYTES == size && memcmp(back, data, n) == 0);
    return 0;
}
