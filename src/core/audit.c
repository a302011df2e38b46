#include "core/audit.h"

static struct audit_sink filled;

void audit_fill(const struct audit_sink *sink)
{
    filled = *sink;
}

int audit_record(struct store_tx *tx, const struct audit_entry *e)
{
    return filled.record ? filled.record(filled.ctx, tx, e) : 0;
}

int audit_write(const struct audit_entry *e)
{
    return filled.write ? filled.write(filled.ctx, e) : 0;
}

void audit_note(const struct audit_entry *e)
{
    if (filled.note)
        filled.note(filled.ctx, e);
}
