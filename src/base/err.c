#include "base/err.h"

struct error_row {
    const char *slug, *text;
    int http_status;
};

static const struct error_row rows[SK_ERROR_COUNT] = {[SK_OK] = {"ok", "done", 200},
#define SK_ERROR_ROW(name, slug, status, text) [name] = {slug, text, status},
                                                      SK_ERRORS(SK_ERROR_ROW)
#undef SK_ERROR_ROW
};

static const struct error_row *error_row(int err)
{
    int code = err < 0 ? -err : err;

    return &rows[code >= 0 && code < SK_ERROR_COUNT ? code : SK_EINTERNAL];
}

const char *sk_error_text(int err)
{
    return error_row(err)->text;
}

const char *sk_error_slug(int err)
{
    return error_row(err)->slug;
}

int sk_error_http_status(int err)
{
    return error_row(err)->http_status;
}
