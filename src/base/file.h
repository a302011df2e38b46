/* Files that must survive a power cut, and files that hold secrets. */
#ifndef SK_BASE_FILE_H
#define SK_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Read a whole file into `out` (its maximum bounds the size). -SK_ENOTFOUND, -SK_ETOOBIG, -SK_EIO.
 * The path "-" is standard input. */
SK_MUST int sk_file_read(struct sk_buf *out, const char *path);

/* Write a temporary file beside `path`, fsync, rename over it, fsync the folder: afterwards there
 * is the old content or the new, never a part. -SK_ESTORAGE (no space), -SK_EIO. */
SK_MUST int sk_file_write(const char *path, const void *data, size_t len, mode_t mode);

/* Make the folder and its parents where missing (`mode` for the last one). -SK_EIO. */
SK_MUST int sk_dir_make(const char *path, mode_t mode);

/* `dir` "/" `name` in a new string; free() it. */
char *sk_path_join(const char *dir, const char *name);

/* First line of a secret file, blanks at the end cut; refuses a file that others may read unless
 * it is "-". Out: zero-terminated in `out` (wipe it). -SK_EDENIED, others as sk_file_read. */
SK_MUST int sk_secret_read(struct sk_buf *out, const char *path);

#endif
