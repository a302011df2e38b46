#include "core/app.h"

#include <string.h>

#include "base/text.h"

static struct app_authority filled;

void app_authority_fill(const struct app_authority *a)
{
    filled = *a;
}

int request_is_signed(const struct signed_request *r)
{
    return r->signature_input[0] || r->signature[0] ||
           strncmp(r->authorization, "Skep-HMAC", strlen("Skep-HMAC")) == 0;
}

int authenticate_signed(const struct signed_request *r, struct principal *out,
                        struct signed_verdict *verdict)
{
    int err = -SK_EAUTH;

    memset(out, 0, sizeof(*out));
    memset(verdict, 0, sizeof(*verdict));
    if (filled.verify)
        err = filled.verify(filled.ctx, r, out, verdict);
    if (err)
        memset(out, 0, sizeof(*out));
    if (sk_copy(out->source, sizeof(out->source), r->source)) {
        out->kind = PRINCIPAL_NOBODY;
        err = err ? err : -SK_EAUTH;
    }
    return err;
}

int app_scope_has(const char *app, const char *action)
{
    return filled.scope_has ? filled.scope_has(filled.ctx, app, action) : -SK_EAUTH;
}
