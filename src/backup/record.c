/* What was proven, in DATA_DIR/backups/NAME.json; and what the place holds against it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/internal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"

enum { RECORD_MAX = 4096, NAMES_MAX = 4096, HASH_PIECE = 65536 };

int file_hash(const char *path, uint8_t sha256[32], uint64_t *bytes)
{
    uint8_t data[HASH_PIECE];
    struct crypto_sha256_run *run = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    if (fd < 0)
        return errno == ENOENT ? -SK_ENOTFOUND : -SK_EIO;
    run = crypto_sha256_run_new();
    *bytes = 0;
    while ((n = read(fd, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0)
            continue;
        crypto_sha256_run_add(run, data, (size_t)n);
        *bytes += (uint64_t)n;
    }
    crypto_sha256_run_get(run, sha256);
    crypto_sha256_run_free(&run);
    close(fd);
    return n < 0 ? -SK_EIO : 0;
}

static char *record_path(const struct backup_house *h, const char *name)
{
    char *path = NULL;

    SK_ASSERT(asprintf(&path, "%s/backups/%s.json", h->data_dir, name) > 0);
    return path;
}

int record_write(const struct backup_house *h, const struct backup_row *row,
                 const uint8_t sha256[32])
{
    char *dir = sk_path_join(h->data_dir, "backups"), *path = record_path(h, row->name);
    json_t *doc = json_object();
    size_t len = 0;

    sk_json_set_str(doc, "name", row->name);
    sk_json_set_int(doc, "bytes", (int64_t)row->bytes);
    sk_json_set_int(doc, "made", row->made_ms);
    sk_json_set_int(doc, "verified", row->verified_ms);
    sk_json_set_bin(doc, "sha256", sha256, 32);
    char *text = sk_json_text(doc, &len);
    int err = text ? sk_dir_make(dir, 0700) : -SK_ENOMEM;
    if (!err)
        err = sk_file_write(path, text, len, 0600);
    free(text);
    json_decref(doc);
    free(path);
    free(dir);
    return err;
}

static int record_read(const struct backup_house *h, struct backup_row *row, uint8_t sha256[32])
{
    char *path = record_path(h, row->name);
    struct sk_buf text;
    json_t *doc = NULL;
    int64_t bytes = 0;

    sk_buf_init(&text, RECORD_MAX);
    int err = sk_file_read(&text, path);
    if (!err)
        err = sk_json_parse(&doc, text.data, text.len);
    if (!err)
        err = sk_json_int(doc, "bytes", 0, INT64_MAX, &bytes);
    if (!err)
        err = sk_json_int(doc, "made", 0, INT64_MAX, &row->made_ms);
    if (!err)
        err = sk_json_int(doc, "verified", 1, INT64_MAX, &row->verified_ms);
    if (!err)
        err = sk_json_bin(doc, "sha256", sha256, 32);
    row->bytes = (uint64_t)bytes;
    json_decref(doc);
    sk_buf_fini(&text);
    free(path);
    return err;
}

const char *backup_state_word(enum backup_state s)
{
    static const char *const words[] = {"verified", "unverified", "changed", "missing"};

    return words[s];
}

/* ---- the list ---- */

struct names {
    size_t count;
    char (*names)[BACKUP_NAME_SIZE];
};

/* Names of `dir` that end in `end`, without it; each once. A missing folder holds none. */
static int names_add(struct names *l, const char *dir, const char *end)
{
    DIR *d = opendir(dir);
    int err = d || errno == ENOENT ? 0 : -SK_EIO;

    for (struct dirent *e; d && !err && (e = readdir(d)) != NULL;) {
        size_t len = strlen(e->d_name), cut = strlen(end), i = 0;
        if (len <= cut || len - cut >= BACKUP_NAME_SIZE || strcmp(e->d_name + len - cut, end) != 0)
            continue;
        while (i < l->count &&
               (strncmp(l->names[i], e->d_name, len - cut) != 0 || l->names[i][len - cut]))
            i++;
        if (i < l->count)
            continue;
        if (l->count == NAMES_MAX) {
            err = -SK_ETOOBIG;
            break;
        }
        l->names = sk_realloc(l->names, (l->count + 1) * sizeof(*l->names));
        memcpy(l->names[l->count], e->d_name, len - cut);
        l->names[l->count++][len - cut] = '\0';
    }
    if (d)
        closedir(d);
    return err;
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A record counts for the very file that it was made for, and for no other. */
static int row_judge(const struct backup_house *h, struct backup_row *row)
{
    uint8_t want[32], got[32];
    uint64_t bytes = 0;
    char *path = NULL;

    SK_ASSERT(asprintf(&path, "%s/%s.skb", h->place, row->name) > 0);
    int known = record_read(h, row, want);
    int there = file_hash(path, got, &bytes);
    free(path);
    if (there && there != -SK_ENOTFOUND)
        return there;
    if (known) {
        row->made_ms = row->verified_ms = 0;
        row->bytes = bytes;
        row->state = BACKUP_UNVERIFIED;
    } else if (there) {
        row->state = BACKUP_MISSING;
    } else {
        row->state = memcmp(want, got, 32) == 0 ? BACKUP_VERIFIED : BACKUP_CHANGED;
    }
    return 0;
}

int backup_list(const struct backup_house *h, void (*row)(void *ctx, const struct backup_row *r),
                void *ctx, struct sk_buf *why)
{
    char *records = sk_path_join(h->data_dir, "backups");
    struct names l = {0};
    int err = names_add(&l, h->place, ".skb");

    if (!err)
        err = names_add(&l, records, ".json");
    if (!err && l.count)
        qsort(l.names, l.count, sizeof(*l.names), names_compare);
    for (size_t i = 0; !err && i < l.count; i++) {
        struct backup_row r = {0};
        memcpy(r.name, l.names[i], BACKUP_NAME_SIZE);
        err = row_judge(h, &r);
        if (!err)
            row(ctx, &r);
    }
    free(l.names);
    free(records);
    return err ? backup_say(why, err, "%s cannot be read: %s.", h->place, sk_error_text(err)) : 0;
}

int64_t record_newest_verified_ms(const char *data_dir)
{
    const struct backup_house h = {.data_dir = data_dir};
    char *records = sk_path_join(data_dir, "backups");
    struct names l = {0};
    int64_t newest = 0;
    uint8_t sha256[32];

    if (names_add(&l, records, ".json"))
        l.count = 0; /* what cannot be read proves nothing */
    for (size_t i = 0; i < l.count; i++) {
        struct backup_row r = {0};
        memcpy(r.name, l.names[i], BACKUP_NAME_SIZE);
        if (record_read(&h, &r, sha256) == 0 && r.made_ms > newest)
            newest = r.made_ms;
    }
    free(l.names);
    free(records);
    return newest;
}
