#include "core/authorize.h"

#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "core/app.h"

static struct authorizer filled;
static admit_fn admit_filled;
static void *admit_ctx;
static const struct holding *holdings[HOLDINGS_MAX];
static size_t holding_count;

void authorize_fill(const struct authorizer *a)
{
    filled = *a;
}

int may(const struct principal *p, const char *action, struct object_ref object)
{
    int err = p->kind == PRINCIPAL_APP ? app_scope_has(p->session, action) : 0;

    if (err) /* an app may what its scopes name and its account may: first the scopes */
        return err;
    if (!filled.decide)
        return p->kind == PRINCIPAL_NOBODY ? -SK_EAUTH : -SK_EDENIED;
    return filled.decide(filled.ctx, p, action, object);
}

void authenticate(const char *cookie, const char *authorization, const char *source, int64_t now_ms,
                  struct principal *out)
{
    memset(out, 0, sizeof(*out));
    if (filled.authenticate && (cookie || authorization))
        filled.authenticate(filled.ctx, cookie, authorization, now_ms, out);
    if (sk_copy(out->source, sizeof(out->source), source))
        out->kind = PRINCIPAL_NOBODY; /* a source that is no address is nobody's */
}

int csrf_holds(const struct principal *p, const char *csrf)
{
    return filled.csrf_holds && csrf && csrf[0] ? filled.csrf_holds(filled.ctx, p, csrf) : 0;
}

void authorize_device_tags(const char *device, const char *organization, const char *const *tags,
                           size_t count)
{
    if (filled.device_tags)
        filled.device_tags(filled.ctx, device, organization, tags, count);
}

int authorize_organization_of(const char *kind, const char *id, char out[ORGANIZATION_ID_SIZE])
{
    return filled.organization_of && kind && id && id[0]
               ? filled.organization_of(filled.ctx, kind, id, out)
               : -SK_ENOTFOUND;
}

void holding_add(const struct holding *h)
{
    SK_ASSERT(holding_count < HOLDINGS_MAX);
    holdings[holding_count++] = h;
}

const struct holding *holding_at(size_t i)
{
    return i < holding_count ? holdings[i] : NULL;
}

void admit_fill(admit_fn fn, void *ctx)
{
    admit_filled = fn;
    admit_ctx = ctx;
}

int admit(const char *source)
{
    return admit_filled ? admit_filled(admit_ctx, source) : 0;
}
