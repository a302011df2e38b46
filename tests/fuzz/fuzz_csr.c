/* Certificate requests of cameras. Whatever is accepted must be fit to issue a certificate for. */
#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x509_csr csr;
    int err = x509_csr_parse(&csr, data, size);
    SK_ASSERT(err == 0 || err == -SK_EINVAL || err == -SK_ECRYPTO || err == -SK_ETOOBIG);
    SK_ASSERT(size <= X509_CSR_MAX || err == -SK_ETOOBIG);
    if (err == 0) {
        SK_ASSERT(csr.point[0] == 4);
        SK_ASSERT(strnlen(csr.cn, sizeof csr.cn) <= X509_NAME_MAX);
        SK_ASSERT(strnlen(csr.serial_number, sizeof csr.serial_number) <= X509_NAME_MAX);
    }
    return 0;
}
