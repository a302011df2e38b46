#include <string.h>

#include "base/text.h"
#include "device/device.h"

int device_id_raw(uint8_t raw[16], const char *id)
{
    size_t len;

    if (strlen(id) != DEVICE_ID_SIZE - 1)
        return -SK_EINVAL;
    int err = sk_b32_decode(raw, 16, &len, id, DEVICE_ID_SIZE - 1);
    return err || len != 16 ? -SK_EINVAL : 0;
}

void device_id_text(char id[DEVICE_ID_SIZE], const uint8_t raw[16])
{
    sk_b32_encode(id, raw, 16);
}
