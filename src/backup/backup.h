/* Backups that are proven: a copy of a box, checked, sealed for a key that is not on the box, sent
 * to a second place, fetched back, opened, checked again and started. Only then is it recorded as
 * verified, by its hash, in DATA_DIR/backups: what has no such record, or is no longer the file
 * that was recorded, is never shown as verified. Works beside a running box and a stopped one. */
#ifndef SK_BACKUP_BACKUP_H
#define SK_BACKUP_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/room.h"

extern const struct room backup_room;

struct store_schema;

enum { BACKUP_NAME_SIZE = 48 };

/* What a backup is made from and of; all borrowed. */
struct backup_house {
    const char *data_dir;
    const char *place;      /* the folder that is the second place */
    const char *public_key; /* the file of the operator's public key */
    const struct store_schema *const *schemas;
    size_t schema_count;
    void (*progress)(const char *step); /* static text; may be NULL */
};

/* Make a key pair: the private one in `path` (0600, must not exist), the public one in `path`.pub.
 * `id` is 16 hex digits. -SK_ECONFLICT, -SK_EIO. */
SK_MUST int backup_key_new(const char *path, char id[17], struct sk_buf *why);

struct backup_done {
    char name[BACKUP_NAME_SIZE];
    uint64_t bytes, rows, audit_rows;
    int64_t took_ms;
};

/* Make one and prove it. On failure a sentence is in `why`, and nothing is recorded as verified.
 * -SK_EBUSY: another one is being made. One thread; starts a process of its own program. */
SK_MUST int backup_make(const struct backup_house *h, struct backup_done *out, struct sk_buf *why);

enum backup_state {
    BACKUP_VERIFIED,   /* the file in the place is the one that was proven */
    BACKUP_UNVERIFIED, /* it was never proven here */
    BACKUP_CHANGED,    /* it was proven, and is another file now */
    BACKUP_MISSING     /* it was proven, and is no longer in the place */
};
const char *backup_state_word(enum backup_state s);

struct backup_row {
    char name[BACKUP_NAME_SIZE];
    enum backup_state state;
    uint64_t bytes;
    int64_t made_ms, verified_ms; /* 0: never */
};

/* Call `row` for each backup of the place and of the records, oldest first; reads every file from
 * end to end. -SK_EIO with a sentence. */
SK_MUST int backup_list(const struct backup_house *h,
                        void (*row)(void *ctx, const struct backup_row *r), void *ctx,
                        struct sk_buf *why);

/* Open the sealed file `path` with the private key in `key_path`, write the box into `target` (must
 * not exist) and prove it: pages, foreign keys, rows and the root of the audit log are those of the
 * manifest. Only then does `target` appear. A refusal has its reason in `why`:
 * -SK_EDENIED another key, -SK_ECRYPTO a wrong byte, -SK_EGAP cut off, -SK_EIO, -SK_ECONFLICT. */
SK_MUST int backup_restore(const struct backup_house *h, const char *path, const char *key_path,
                           const char *target, struct sk_buf *why);

/* The same proof in a folder beside the box's data that is removed again. */
SK_MUST int backup_prove(const struct backup_house *h, const char *path, const char *key_path,
                         struct sk_buf *why);

#endif
