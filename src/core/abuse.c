#include "core/abuse.h"

static struct abuse_guard filled;

void abuse_fill(const struct abuse_guard *guard)
{
    filled = *guard;
}

void abuse_note(const char *source, enum abuse_sign sign)
{
    if (filled.note)
        filled.note(filled.ctx, source, sign);
}

void abuse_good(const char *source, const char *who)
{
    if (filled.good)
        filled.good(filled.ctx, source, who);
}

enum abuse_stage abuse_stage(const char *source)
{
    return filled.stage ? filled.stage(filled.ctx, source) : ABUSE_WELL;
}

int abuse_request(const char *source, unsigned cost, int64_t *retry_ms)
{
    return filled.request ? filled.request(filled.ctx, source, cost, retry_ms) : 0;
}
