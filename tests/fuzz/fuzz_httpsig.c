/* Signature fields: what is taken lies within the bytes that came. Input: one byte that says which
 * field, then the field. */
#include <string.h>

#include "base/sys.h"
#include "wire/httpsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void input_try(const char *text, size_t len)
{
    const struct httpsig_request req = {"GET", "host", "/p", "q", "sha-256=:AA==:"};
    struct httpsig_input in;
    struct sk_buf base;

    if (httpsig_input_parse(&in, text, len))
        return;
    SK_ASSERT(in.params.p >= text && in.params.p + in.params.len == text + len);
    SK_ASSERT(in.component_count <= HTTPSIG_COMPONENTS_MAX);
    sk_buf_init(&base, 4096);
    if (!httpsig_request_base(&base, &in, &req))
        SK_ASSERT(base.len > in.params.len);
    sk_buf_fini(&base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct http1_text label = {"s", 1};
    uint8_t out[HTTPSIG_BYTES_MAX];
    struct httpsig_short s;
    size_t len = 0;

    if (size < 1 || size > 4096)
        return 0;
    const char *text = (const char *)data + 1;
    if (data[0] == 'i')
        input_try(text, size - 1);
    else if (data[0] == 's' && !httpsig_signature_parse(out, &len, &label, text, size - 1))
        SK_ASSERT(len > 0 && len <= sizeof(out));
    else if (data[0] == 'd' && !httpsig_digest_parse(out, text, size - 1))
        SK_ASSERT(memchr(text, ':', size - 1) != NULL);
    else if (data[0] == 'h' && !httpsig_short_parse(&s, text, size - 1))
        SK_ASSERT(s.key.len > 0 && s.t >= 0);
    return 0;
}
