/* Folders of a box: what is in one, a copy, its end. Names are relative with '/' between, made of
 * letters, digits, '.', '_' and '-'. One thread at a time. */
#ifndef SK_BACKUP_FOLDER_H
#define SK_BACKUP_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { FOLDER_FILES_MAX = 4096, FOLDER_NAME_MAX = 255, FOLDER_DEPTH_MAX = 8 };

struct folder_list {
    size_t count;
    char **names; /* owned */
};

/* 1 when `name` stays below its folder and has no strange byte. */
int folder_name_is_plain(const char *name);

/* All regular files below `dir` that make up a box: not sockets, locks, companions of databases,
 * nor its own folders of backups. Sorted. -SK_EIO, -SK_ETOOBIG. folder_list_free() it. */
SK_MUST int folder_list(struct folder_list *out, const char *dir);
void folder_list_free(struct folder_list *l);

/* Make the folders above `dir`/`name`. */
SK_MUST int folder_make_above(const char *dir, const char *name);

/* Copy bytes of one file (its size when it was opened), 0600, synced. -SK_ESTORAGE, -SK_EIO. */
SK_MUST int folder_file_copy(const char *from, const char *to);

/* Remove `dir` and all below it; no symbolic link is followed. A missing one is fine. */
SK_MUST int folder_remove(const char *dir);

#endif
