/* Certificates-only PKCS#7 from an EST server, and facts of the certificates in it. What is
 * accepted must be what our writer makes of the same certificates. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x509_der certs[X509_PKCS7_CERTS_MAX];
    struct x509_info info;
    struct sk_buf again;
    size_t count;
    if (x509_pkcs7_read(certs, &count, data, size) != 0) {
        (void)!x509_cert_info(&info, data, size);
        return 0;
    }
    sk_buf_init(&again, size);
    SK_ASSERT(count >= 1 && count <= X509_PKCS7_CERTS_MAX);
    for (size_t i = 0; i < count; i++) {
        SK_ASSERT(certs[i].data >= data && certs[i].data + certs[i].len <= data + size);
        if (x509_cert_info(&info, certs[i].data, certs[i].len) == 0)
            SK_ASSERT(info.serial_len >= 1 && info.serial_len <= X509_SERIAL_MAX);
    }
    SK_ASSERT(x509_pkcs7_write(&again, certs, count) == 0);
    SK_ASSERT(again.len == size && memcmp(again.data, data, size) == 0);
    sk_buf_fini(&again);
    return 0;
}
