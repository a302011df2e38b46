/* The look ahead at a ClientHello's ALPN offer. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "crypto/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const OURS[] = {"skep-device/1", "http/1.1", NULL};
    const char *got = tls_hello_alpn(data, size, OURS);
    SK_ASSERT(got == NULL || got == OURS[0] || got == OURS[1]);
    if (got) /* nothing is made up */
        SK_ASSERT(memmem(data, size, got, strlen(got)) != NULL);
    return 0;
}
