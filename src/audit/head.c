/* Signed heads: the size and the root of the tree at a moment, under a key that lives outside the
 * database, in a file that lives outside the database. A chain of hashes alone cannot show that
 * its end was cut off or that all of it was made anew; a head that somebody else kept can. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/internal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/wipe.h"

enum { POINT = CRYPTO_P256_POINT_BYTES, PEM_MAX = 4096 };

/* SubjectPublicKeyInfo of a P-256 key (RFC 5480) up to the point. */
static const uint8_t spki_start[HEAD_SPKI_BYTES - POINT] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

static void spki_make(uint8_t out[HEAD_SPKI_BYTES], const uint8_t point[POINT])
{
    memcpy(out, spki_start, sizeof(spki_start));
    memcpy(out + sizeof(spki_start), point, POINT);
}

static void key_id_set(struct head_key *key)
{
    uint8_t spki[HEAD_SPKI_BYTES], hash[32];

    spki_make(spki, key->public_key);
    crypto_sha256(hash, spki, sizeof(spki));
    memcpy(key->id, hash, HEAD_KEY_ID);
}

/* ---- the key --------------------------------------------------------------------------------- */

static int public_write(const struct head_key *key, const char *path)
{
    uint8_t spki[HEAD_SPKI_BYTES];
    char b64[SK_B64_SIZE(HEAD_SPKI_BYTES)];
    struct sk_buf pem;

    spki_make(spki, key->public_key);
    sk_b64_encode(b64, spki, sizeof(spki));
    sk_buf_init(&pem, PEM_MAX);
    int err = sk_buf_addf(&pem, "-----BEGIN PUBLIC KEY-----\n%.64s\n%s\n-----END PUBLIC KEY-----\n",
                          b64, b64 + 64);
    if (!err)
        err = sk_file_write(path, pem.data, pem.len, 0644);
    sk_buf_fini(&pem);
    return err;
}

static int secret_write(const struct head_key *key, const char *path)
{
    char hex[SK_HEX_SIZE(32) + 1];

    sk_hex_encode(hex, key->secret, sizeof(key->secret));
    memcpy(hex + 64, "\n", 2);
    int err = sk_file_write(path, hex, 65, 0600);
    crypto_wipe(hex, sizeof(hex));
    return err;
}

static int secret_read(struct head_key *key, const char *path)
{
    struct sk_buf text;
    size_t len = 0;

    sk_buf_init(&text, PEM_MAX);
    int err = sk_secret_read(&text, path);
    if (!err)
        err = sk_hex_decode(key->secret, sizeof(key->secret), &len, (const char *)text.data,
                            text.len);
    if (!err && len != sizeof(key->secret))
        err = -SK_EINVAL;
    if (!err)
        err = crypto_p256_mul(key->public_key, key->secret, NULL);
    sk_buf_fini_wipe(&text);
    return err;
}

int head_key_load(struct head_key *key, const char *data_dir, int *made)
{
    char *dir = sk_path_join(data_dir, "audit");
    char *secret = sk_path_join(dir, "key"), *public = sk_path_join(dir, "key.pem");
    int err = made ? sk_dir_make(dir, 0700) : 0;

    if (!err)
        err = secret_read(key, secret);
    if (made)
        *made = err == -SK_ENOTFOUND;
    if (made && *made) {
        crypto_p256_keygen(key->secret, key->public_key);
        err = secret_write(key, secret);
    }
    if (!err &&
        made) /* each time: it is what people copy away, and may have been lost or changed */
        err = public_write(key, public);
    if (!err)
        key_id_set(key);
    free(secret);
    free(public);
    free(dir);
    return err;
}

int head_public_read(struct head_key *key, const char *path)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----", end[] = "-----END PUBLIC KEY-----";
    uint8_t spki[HEAD_SPKI_BYTES];
    struct sk_buf pem;
    size_t len = 0;

    sk_buf_init(&pem, PEM_MAX);
    int err = sk_file_read(&pem, path);
    const char *from = err || !pem.len ? NULL : strstr((const char *)pem.data, begin);
    const char *to = from ? strstr(from, end) : NULL;
    if (!err && !to)
        err = -SK_EINVAL;
    if (!err)
        err = sk_b64_decode(spki, sizeof(spki), &len, from + sizeof(begin) - 1,
                            (size_t)(to - from) - (sizeof(begin) - 1));
    if (!err && (len != sizeof(spki) || memcmp(spki, spki_start, sizeof(spki_start)) != 0))
        err = -SK_EINVAL;
    if (!err) {
        memcpy(key->public_key, spki + sizeof(spki_start), POINT);
        err = crypto_p256_check(key->public_key);
        key_id_set(key);
    }
    sk_buf_fini(&pem);
    return err;
}

/* ---- one head -------------------------------------------------------------------------------- */

static void head_digest(uint8_t out[32], const struct audit_head *head)
{
    static const char domain[] = "skep-audit-head-1";
    uint8_t numbers[16];
    const struct crypto_part parts[] = {{domain, sizeof(domain) - 1},
                                        {numbers, sizeof(numbers)},
                                        {head->root, AUDIT_HASH},
                                        {head->key_id, HEAD_KEY_ID}};

    sk_put_u64(numbers, head->size);
    sk_put_u64(numbers + 8, (uint64_t)head->at_ms);
    crypto_sha256_parts(out, parts, 4);
}

int head_sign(struct audit_head *head, const struct head_key *key)
{
    uint8_t digest[32];

    memcpy(head->key_id, key->id, HEAD_KEY_ID);
    head_digest(digest, head);
    return crypto_p256_sign(head->sig, key->secret, digest);
}

int head_check(const struct audit_head *head, const struct head_key *key)
{
    uint8_t digest[32];

    if (memcmp(head->key_id, key->id, HEAD_KEY_ID) != 0)
        return -SK_ECRYPTO;
    head_digest(digest, head);
    return crypto_p256_verify(head->sig, key->public_key, digest);
}

json_t *head_json(const struct audit_head *head)
{
    json_t *v = json_object();

    sk_json_set_int(v, "size", (int64_t)head->size);
    sk_json_set_int(v, "at", head->at_ms);
    sk_json_set_bin(v, "root", head->root, AUDIT_HASH);
    sk_json_set_bin(v, "key", head->key_id, HEAD_KEY_ID);
    sk_json_set_bin(v, "sig", head->sig, sizeof(head->sig));
    return v;
}

int head_parse(struct audit_head *head, const char *line, size_t len)
{
    static const char *const members[] = {"size", "at", "root", "key", "sig", NULL};
    json_t *v = NULL;
    int64_t size = 0;
    int err = sk_json_parse(&v, line, len);

    memset(head, 0, sizeof(*head));
    if (!err && sk_json_has(v, "note"))
        err = -SK_EAGAIN;
    if (!err)
        err = sk_json_only(v, members);
    if (!err)
        err = sk_json_int(v, "size", 1, 1LL << 53, &size);
    if (!err)
        err = sk_json_int(v, "at", 0, 1LL << 53, &head->at_ms);
    if (!err)
        err = sk_json_bin(v, "root", head->root, AUDIT_HASH);
    if (!err)
        err = sk_json_bin(v, "key", head->key_id, HEAD_KEY_ID);
    if (!err)
        err = sk_json_bin(v, "sig", head->sig, sizeof(head->sig));
    head->size = (uint64_t)size;
    json_decref(v);
    return err;
}

/* ---- the files ------------------------------------------------------------------------------- */

int head_line_write(int fd, const char *text, size_t len)
{
    char line[HEAD_LINE_MAX];

    if (len + 1 > sizeof(line))
        return -SK_ETOOBIG;
    memcpy(line, text, len);
    line[len] = '\n';
    /* O_APPEND and one write: a line of another process never falls into ours. */
    if (write(fd, line, len + 1) != (ssize_t)(len + 1) || fdatasync(fd) != 0)
        return -SK_ESTORAGE;
    return 0;
}

int head_file_open(const char *data_dir, int *fd)
{
    char *dir = sk_path_join(data_dir, "audit"), *path = sk_path_join(dir, "heads.log");

    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    free(dir);
    return *fd < 0 ? -SK_EIO : 0;
}

/* A last line without its end was cut by a crash in the middle of its write: it is passed over. */
int head_walk(const char *path, int (*fn)(void *ctx, const struct audit_head *head), void *ctx)
{
    struct audit_head head;
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    FILE *f = fopen(path, "re");
    int err = f ? 0 : errno == ENOENT ? 0 : -SK_EIO;

    while (!err && f && (len = getline(&line, &cap, f)) > 0 && line[len - 1] == '\n') {
        err = head_parse(&head, line, (size_t)len - 1);
        if (err == -SK_EAGAIN)
            err = 0;
        else if (!err)
            err = fn(ctx, &head);
    }
    free(line);
    if (f)
        fclose(f);
    return err;
}

void audit_store_refused(const char *data_dir, int error, int64_t now_ms)
{
    struct head_key key;
    uint8_t digest[32], sig[64];
    int fd = -1;
    json_t *v = json_object();
    char *text = NULL;
    size_t len = 0;
    int err = head_key_load(&key, data_dir, NULL);

    sk_json_set_str(v, "note", "store-refused");
    sk_json_set_str(v, "error", sk_error_slug(error));
    sk_json_set_int(v, "at", now_ms);
    if (!err)
        sk_json_set_bin(v, "key", key.id, HEAD_KEY_ID);
    text = sk_json_text(v, &len);
    if (!err && text) { /* signed: the text of the line as it was before "sig" */
        crypto_sha256(digest, text, len);
        err = crypto_p256_sign(sig, key.secret, digest);
        sk_json_set_bin(v, "sig", sig, sizeof(sig));
        free(text);
        text = sk_json_text(v, &len);
    }
    if (!err)
        err = head_file_open(data_dir, &fd);
    if (!err && text)
        err = head_line_write(fd, text, len);
    if (err)
        log_error("audit", "store-refused-unnoted", "error=%s", sk_error_slug(err));
    if (fd >= 0)
        close(fd);
    free(text);
    json_decref(v);
    crypto_wipe(&key, sizeof(key));
}
