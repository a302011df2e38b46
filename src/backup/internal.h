/* Private to the room of backups. */
#ifndef SK_BACKUP_INTERNAL_H
#define SK_BACKUP_INTERNAL_H

#include "backup/backup.h"
#include "backup/sealed.h"

/* Add a sentence; gives `err` back. */
int backup_say(struct sk_buf *why, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- key.c ---- */

SK_MUST int key_public_read(uint8_t out[65], const char *path, struct sk_buf *why);
/* The caller wipes `out`. */
SK_MUST int key_secret_read(uint8_t out[32], const char *path, struct sk_buf *why);

/* ---- check.c: what a copy of a box must be ---- */

struct store_counts;

/* Check the box in `dir` from end to end and say what it holds: `counts` (may be NULL) are those
 * its tables must have. The manifest is appended as JSON text. */
SK_MUST int copy_make(const struct backup_house *h, const char *dir,
                      const struct store_counts *counts, int64_t made_ms, struct sk_buf *manifest,
                      struct backup_done *done, struct sk_buf *why);
/* The box in `dir` must be the one that `manifest` tells of. */
SK_MUST int copy_check(const struct backup_house *h, const char *dir, const struct sk_buf *manifest,
                       struct sk_buf *why);

/* ---- trial.c ---- */

/* Start this program on the box in `dir`, on loopback, enter with a one-time link that is made
 * there, ask for the cameras and the log, and end it. The copy is changed by this: throw it away.
 * `cameras` as it said. */
SK_MUST int trial_run(const struct backup_house *h, const char *dir, size_t *cameras,
                      struct sk_buf *why);

/* ---- record.c: what was proven ---- */

SK_MUST int record_write(const struct backup_house *h, const struct backup_row *row,
                         const uint8_t sha256[32]);
/* SHA-256 and size of a file. -SK_ENOTFOUND, -SK_EIO. */
SK_MUST int file_hash(const char *path, uint8_t sha256[32], uint64_t *bytes);

/* When the newest backup that was proven was made, ms UTC, by the records on the box; 0: there is
 * none. */
int64_t record_newest_verified_ms(const char *data_dir);

#endif
