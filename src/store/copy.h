/* Copies of a database file, for a process that may not be the one that runs the box. They need no
 * open store: SQLite's own locks let a reader stand beside the box's writer. Any thread. */
#ifndef SK_STORE_COPY_H
#define SK_STORE_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { STORE_COPY_TABLES_MAX = 256, STORE_COPY_NAME_MAX = 80 };

/* How many rows each table has, in the order of their names. */
struct store_counts {
    size_t count;
    struct {
        char table[STORE_COPY_NAME_MAX];
        int64_t rows;
    } tables[STORE_COPY_TABLES_MAX];
};

/* Copy the file `from` (in use or not) to `to` (made 0600, must not exist) as of one moment, and
 * count the rows of that same moment in `from`. On failure `to` is gone and a sentence is in `why`
 * (may be NULL). -SK_ENOTFOUND no such file, -SK_ECONFLICT `to` exists, -SK_ESTORAGE no space,
 * -SK_EIO damaged, -SK_EBUSY. */
SK_MUST int store_copy(const char *from, const char *to, struct store_counts *out,
                       struct sk_buf *why);

/* Read a file that nobody uses from end to end: its pages and indexes hold together, every foreign
 * key finds its row; count its rows. -SK_EIO with the reason in `why`. */
SK_MUST int store_inspect(const char *path, struct store_counts *out, struct sk_buf *why);

#endif
