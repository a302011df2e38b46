/* Columns of the row that a statement stands on. */
#include <string.h>

#include "base/text.h"
#include "store/internal.h"

int store_row_is_null(const struct store_row *row, int col)
{
    return sqlite3_column_type(row->stmt, col) == SQLITE_NULL;
}

int64_t store_row_int(const struct store_row *row, int col)
{
    return sqlite3_column_int64(row->stmt, col);
}

const char *store_row_text(const struct store_row *row, int col)
{
    return (const char *)sqlite3_column_text(row->stmt, col);
}

const void *store_row_blob(const struct store_row *row, int col, size_t *len)
{
    const void *data = sqlite3_column_blob(row->stmt, col);

    *len = (size_t)sqlite3_column_bytes(row->stmt, col);
    return data;
}

int store_row_copy(const struct store_row *row, int col, char *out, size_t cap)
{
    const char *text = store_row_text(row, col);

    return sk_copy(out, cap, text ? text : "");
}

int store_row_bin(const struct store_row *row, int col, void *out, size_t len)
{
    size_t got;
    const void *data = store_row_blob(row, col, &got);

    if (!data || got != len)
        return -SK_EIO;
    memcpy(out, data, len);
    return 0;
}
