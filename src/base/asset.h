/* Files inside the program: the console, the migrations and statements of every room, shipped
 * data. `scripts/embed.c` makes them part of the binary; with `--dev-root DIR` the same paths are
 * read from a source tree instead.
 *
 * Paths: `web/...` (from build/web), `sql/<room>/...` (from src/<room>/sql), `data/...` (from
 * data). Always relative, with '/', never with "." or ".." parts. */
#ifndef SK_BASE_ASSET_H
#define SK_BASE_ASSET_H

#include <stddef.h>

#include "base/err.h"

struct asset {
    const char *path;
    const void *data; /* as on disk; followed by a zero byte that `len` does not count */
    size_t len;
    const void *gzip; /* web files: the same as a gzip stream; NULL where that is not smaller */
    size_t gzip_len;
    const char *etag; /* hex SHA-256 of `data`, without quotes (dev root: of another form) */
    const char *mime; /* as for Content-Type */
    int immutable;    /* the name holds a hash of the content: may be cached for a year */
};

/* Serve the files that are linked into this program. Defined by the generated
 * $(BUILD)/gen/assets.c, so only `main` (and tests that link it) may call it. Before threads. */
void asset_use_embedded(void);

/* Serve `table`, sorted by path (strcmp); borrowed. Before threads start. */
void asset_use(const struct asset *table, size_t count);

/* Read from the source tree `dir` from now on (NULL: the table again). Web files are taken from
 * `web_dir`, or DIR/build/web when NULL. Changed files are read anew at each asset_find; what was
 * handed out stays valid. Before threads start. */
void asset_dev_root(const char *dir, const char *web_dir);

/* The file or NULL. Borrowed for the life of the process. Any thread. */
const struct asset *asset_find(const char *path);

/* Call `fn` for every file whose path begins with `prefix` ("sql/account/"), in strcmp order of
 * the paths, until it returns not 0; that value (or 0) is returned. Any thread. */
int asset_each(const char *prefix, int (*fn)(void *ctx, const struct asset *a), void *ctx);

#endif
