/* Backup files, written and read chunk by chunk: see sealed.h for the format. */
#include "backup/sealed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

enum {
    AT_KIND = 8,
    AT_KEY_ID = 12,
    AT_EPHEMERAL = 20,
    AT_MADE = 85,
    AT_BEFORE = 93,
    BOX_BYTES = SEAL_CHUNK_BYTES + CRYPTO_GCM_TAG_BYTES
};

static const char magic[] = "SKEPBAK1";
static const char info[] = "skep backup 1";

struct sealed_writer {
    int fd;
    uint64_t chunk;
    size_t fill;
    uint8_t key[32], header_hash[32];
    struct crypto_gcm *gcm;
    struct crypto_sha256_run *hash;
    uint8_t data[BOX_BYTES];
};

struct sealed_reader {
    int fd, is_last;
    uint64_t chunk;
    size_t at, fill;    /* of the opened chunk */
    size_t ahead_count; /* sealed bytes already read */
    uint8_t header_hash[32];
    struct crypto_gcm *gcm;
    uint8_t data[BOX_BYTES];
    uint8_t ahead[BOX_BYTES + 1]; /* one byte more than a chunk: is there another one? */
};

static int say(struct sk_buf *why, int err, const char *text)
{
    return why && sk_buf_add_str(why, text) ? -SK_EINTERNAL : err;
}

void sealed_key_id(uint8_t out[SEAL_KEY_ID_BYTES], const uint8_t public_key[65])
{
    uint8_t hash[32];

    crypto_sha256(hash, public_key, 65);
    memcpy(out, hash, SEAL_KEY_ID_BYTES);
}

static void nonce_make(uint8_t out[12], uint64_t chunk, int is_last)
{
    memset(out, 0, 4);
    out[0] = is_last ? 1 : 0;
    sk_put_u64(out + 4, chunk);
}

static int key_make(uint8_t out[32], const uint8_t header[SEAL_HEADER_BYTES],
                    const uint8_t secret[32], const uint8_t point[65])
{
    uint8_t shared[32], salt[32], prk[32];
    int err = crypto_p256_ecdh(shared, secret, point);

    if (!err) {
        crypto_sha256(salt, header, SEAL_HEADER_BYTES);
        crypto_hkdf_extract(prk, salt, sizeof(salt), shared, sizeof(shared));
        crypto_hkdf_expand(out, 32, prk, info, sizeof(info) - 1);
    }
    crypto_wipe(shared, sizeof(shared));
    crypto_wipe(prk, sizeof(prk));
    return err;
}

static int write_all(struct sealed_writer *w, const uint8_t *data, size_t len)
{
    crypto_sha256_run_add(w->hash, data, len);
    while (len > 0) {
        ssize_t n = write(w->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ENOSPC || errno == EDQUOT ? -SK_ESTORAGE : -SK_EIO;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

int sealed_begin(struct sealed_writer **out, int fd, const uint8_t public_key[65],
                 struct sealed_head *head)
{
    uint8_t header[SEAL_HEADER_BYTES] = {0}, secret[32];
    struct sealed_writer *w = sk_alloc(sizeof(*w));

    sealed_key_id(head->key_id, public_key);
    memcpy(header, magic, 8);
    header[AT_KIND] = (uint8_t)head->kind;
    memcpy(header + AT_KEY_ID, head->key_id, SEAL_KEY_ID_BYTES);
    crypto_p256_keygen(secret, header + AT_EPHEMERAL);
    sk_put_u64(header + AT_MADE, head->made_ms);
    memcpy(header + AT_BEFORE, head->before, 32);
    w->fd = fd;
    w->hash = crypto_sha256_run_new();
    crypto_sha256(w->header_hash, header, sizeof(header));
    int err = crypto_p256_check(public_key);
    if (!err)
        err = key_make(w->key, header, secret, public_key);
    crypto_wipe(secret, sizeof(secret));
    if (!err) {
        w->gcm = crypto_gcm_new(w->key, sizeof(w->key));
        err = write_all(w, header, sizeof(header));
    }
    if (err)
        sealed_writer_free(&w);
    *out = w;
    return err;
}

static int chunk_write(struct sealed_writer *w, int is_last)
{
    uint8_t nonce[12];

    nonce_make(nonce, w->chunk++, is_last);
    int err =
        crypto_gcm_seal(w->gcm, nonce, w->header_hash, 32, w->data, w->fill, w->data + w->fill);
    if (!err)
        err = write_all(w, w->data, w->fill + CRYPTO_GCM_TAG_BYTES);
    w->fill = 0;
    return err;
}

int sealed_add(struct sealed_writer *w, const void *data, size_t len)
{
    const uint8_t *p = data;
    int err = 0;

    while (!err && len > 0) {
        if (w->fill == SEAL_CHUNK_BYTES) /* there is more: so this one is not the last */
            err = chunk_write(w, 0);
        size_t room = SEAL_CHUNK_BYTES - w->fill, n = len < room ? len : room;
        memcpy(w->data + w->fill, p, n);
        w->fill += n;
        p += n;
        len -= n;
    }
    return err;
}

int sealed_end(struct sealed_writer *w, uint8_t sha256[32], uint8_t key[32])
{
    int err = chunk_write(w, 1);

    crypto_sha256_run_get(w->hash, sha256);
    memcpy(key, w->key, 32);
    return err;
}

void sealed_writer_free(struct sealed_writer **w)
{
    if (!*w)
        return;
    crypto_gcm_free(&(*w)->gcm);
    crypto_sha256_run_free(&(*w)->hash);
    crypto_wipe(*w, sizeof(**w));
    free(*w);
    *w = NULL;
}

/* As many bytes as there are, up to `len`. */
static int read_some(int fd, uint8_t *out, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = read(fd, out + *got, len - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -SK_EIO;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

static int header_read(int fd, uint8_t header[SEAL_HEADER_BYTES], struct sealed_head *head,
                       struct sk_buf *why)
{
    size_t got;
    int err = read_some(fd, header, SEAL_HEADER_BYTES, &got);

    if (err)
        return say(why, err, "The file cannot be read.");
    if (got < SEAL_HEADER_BYTES || memcmp(header, magic, 8) != 0)
        return say(why, -SK_EIO, "This is no backup of this kind: its first bytes are others.");
    if (header[AT_KIND] != SEAL_FULL && header[AT_KIND] != SEAL_SEGMENT)
        return say(why, -SK_EIO, "The header was changed: there is no such kind of backup.");
    head->kind = (enum sealed_kind)header[AT_KIND];
    memcpy(head->key_id, header + AT_KEY_ID, SEAL_KEY_ID_BYTES);
    head->made_ms = sk_get_u64(header + AT_MADE);
    memcpy(head->before, header + AT_BEFORE, 32);
    return 0;
}

static struct sealed_reader *reader_new(int fd, const uint8_t key[32],
                                        const uint8_t header[SEAL_HEADER_BYTES])
{
    struct sealed_reader *r = sk_alloc(sizeof(*r));

    r->fd = fd;
    r->gcm = crypto_gcm_new(key, 32);
    crypto_sha256(r->header_hash, header, SEAL_HEADER_BYTES);
    return r;
}

int sealed_open_with(struct sealed_reader **out, int fd, const uint8_t key[32],
                     struct sealed_head *head, struct sk_buf *why)
{
    uint8_t header[SEAL_HEADER_BYTES];
    int err = header_read(fd, header, head, why);

    *out = err ? NULL : reader_new(fd, key, header);
    return err;
}

int sealed_open(struct sealed_reader **out, int fd, const uint8_t secret[32],
                struct sealed_head *head, struct sk_buf *why)
{
    uint8_t header[SEAL_HEADER_BYTES], key[32], mine[SEAL_KEY_ID_BYTES], point[65];
    char made_for[SK_HEX_SIZE(SEAL_KEY_ID_BYTES)], held[SK_HEX_SIZE(SEAL_KEY_ID_BYTES)];

    *out = NULL;
    int err = header_read(fd, header, head, why);
    if (err)
        return err;
    if ((err = crypto_p256_mul(point, secret, NULL)) != 0)
        return say(why, err, "The private key is none.");
    sealed_key_id(mine, point);
    if (memcmp(mine, head->key_id, sizeof(mine)) != 0) {
        sk_hex_encode(made_for, head->key_id, SEAL_KEY_ID_BYTES);
        sk_hex_encode(held, mine, SEAL_KEY_ID_BYTES);
        err = why ? sk_buf_addf(why, "Wrong key: the backup was made for key %s, this is key %s.",
                                made_for, held)
                  : 0;
        return err ? err : -SK_EDENIED;
    }
    if ((err = key_make(key, header, secret, header + AT_EPHEMERAL)) != 0)
        return say(why, err, "The header was changed: its key is no point of the curve.");
    *out = reader_new(fd, key, header);
    crypto_wipe(key, sizeof(key));
    return 0;
}

/* Open the next chunk. More bytes behind it tell that it is not the last one: a file that was cut
 * off between two chunks fails on the mark of the last. */
static int chunk_read(struct sealed_reader *r, struct sk_buf *why)
{
    uint8_t nonce[12];
    size_t got = 0;

    if (r->is_last)
        return say(why, -SK_EGAP, "The backup ends before its content does.");
    int err = read_some(r->fd, r->ahead + r->ahead_count, sizeof(r->ahead) - r->ahead_count, &got);
    if (err)
        return say(why, err, "The file cannot be read.");
    size_t have = r->ahead_count + got;
    int is_last = have <= BOX_BYTES;
    size_t box = is_last ? have : BOX_BYTES;
    if (box < CRYPTO_GCM_TAG_BYTES)
        return say(why, -SK_EGAP, "The file was cut off: its last chunk is missing.");
    memcpy(r->data, r->ahead, box);
    r->ahead_count = have - box;
    memmove(r->ahead, r->ahead + box, r->ahead_count);
    nonce_make(nonce, r->chunk, is_last);
    r->at = 0;
    r->fill = box - CRYPTO_GCM_TAG_BYTES;
    err = crypto_gcm_open(r->gcm, nonce, r->header_hash, 32, r->data, r->fill, r->data + r->fill);
    if (err) {
        r->fill = 0;
        if (why && sk_buf_addf(why,
                               "Chunk %llu does not hold: a byte was changed, moved or cut "
                               "off.",
                               (unsigned long long)r->chunk))
            return -SK_EINTERNAL;
        return err;
    }
    r->chunk++;
    r->is_last = is_last;
    return 0;
}

int sealed_read(struct sealed_reader *r, void *out, size_t len, struct sk_buf *why)
{
    uint8_t *p = out;
    int err = 0;

    while (!err && len > 0) {
        if (r->at == r->fill) {
            err = chunk_read(r, why);
            continue;
        }
        size_t left = r->fill - r->at, n = len < left ? len : left;
        memcpy(p, r->data + r->at, n);
        r->at += n;
        p += n;
        len -= n;
    }
    return err;
}

int sealed_read_end(struct sealed_reader *r, struct sk_buf *why)
{
    int err = r->chunk == 0 ? chunk_read(r, why) : 0; /* an empty stream has one chunk, too */

    if (!err && (r->at != r->fill || !r->is_last))
        err = say(why, -SK_EIO, "There is more in the file than its content.");
    return err;
}

void sealed_reader_free(struct sealed_reader **r)
{
    if (!*r)
        return;
    crypto_gcm_free(&(*r)->gcm);
    crypto_wipe(*r, sizeof(**r));
    free(*r);
    *r = NULL;
}
