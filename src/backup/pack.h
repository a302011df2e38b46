/* What is inside a sealed backup: a manifest and the files of one box, one after the other.
 *
 *   entry  length of the name (u16), length of the content (u64), name, content
 *   end    u16 0
 *
 * The first entry is "manifest.json". */
#ifndef SK_BACKUP_PACK_H
#define SK_BACKUP_PACK_H

#include "backup/sealed.h"

enum { PACK_MANIFEST_MAX = 65536 };

/* Add the manifest, then every file of `dir`. -SK_EIO, -SK_ESTORAGE. */
SK_MUST int pack_write(struct sealed_writer *w, const char *dir, const char *manifest, size_t len);

/* Write the files below `dir` (an empty folder), each proven before it is written, and the manifest
 * into `manifest`. Names that lead out of the folder are refused. A sentence is in `why`. */
SK_MUST int pack_read(struct sealed_reader *r, const char *dir, struct sk_buf *manifest,
                      struct sk_buf *why);

#endif
