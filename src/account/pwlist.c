#include "account/pwlist.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/sha1.h"
#include "crypto/wipe.h"

enum { SEED_BYTES = 16, K_MAX = 64, HASH_ID = 1, READ_BYTES = 1 << 20, M_MIN = 64 };

static const uint64_t m_max = 1ULL << 40;
static const char magic[8] = "SKEPPWL1";

struct pwlist {
    const uint8_t *map;
    size_t size;
    uint64_t n, m;
    uint32_t k;
};

/* What an entry is looked up by. */
struct entry {
    uint64_t h1, h2;
};

static void entry_make(struct entry *e, const uint8_t seed[SEED_BYTES],
                       const uint8_t sha1[CRYPTO_SHA1_BYTES])
{
    const struct crypto_part parts[] = {{seed, SEED_BYTES}, {sha1, CRYPTO_SHA1_BYTES}};
    uint8_t hash[CRYPTO_SHA256_BYTES];

    crypto_sha256_parts(hash, parts, 2);
    e->h1 = sk_get_u64(hash);
    e->h2 = sk_get_u64(hash + 8) | 1;
}

/* ---- use ------------------------------------------------------------------------------------- */

static int head_parse(struct pwlist *l, struct sk_buf *why)
{
    const uint8_t *h = l->map;

    if (l->size < PWLIST_HEAD || memcmp(h, magic, sizeof(magic)) != 0 ||
        sk_get_u32(h + 12) != HASH_ID)
        return sk_buf_add_str(why, "not a list made by skep pwlist build") ? -SK_ENOMEM : -SK_EIO;
    l->k = sk_get_u32(h + 8);
    l->n = sk_get_u64(h + 16);
    l->m = sk_get_u64(h + 24);
    if (!l->k || l->k > K_MAX || l->m < M_MIN || l->m > m_max ||
        l->size != PWLIST_HEAD + (l->m + 7) / 8)
        return sk_buf_add_str(why, "the list is cut off or damaged") ? -SK_ENOMEM : -SK_EIO;
    double p = pow(1 - exp(-(double)l->k * (double)l->n / (double)l->m), l->k);
    if (p > PWLIST_P_MAX * 1.1) /* m and k are whole numbers */
        return sk_buf_add_str(why, "more than one good password in a million would be refused: "
                                   "build the list with a smaller --p")
                   ? -SK_ENOMEM
                   : -SK_EIO;
    return 0;
}

static void bits_hash(uint8_t out[32], const uint8_t *bits, size_t len)
{
    struct crypto_sha256_run *run = crypto_sha256_run_new();

    crypto_sha256_run_add(run, bits, len);
    crypto_sha256_run_get(run, out);
    crypto_sha256_run_free(&run);
}

int pwlist_open(struct pwlist **out, const char *path, struct sk_buf *why)
{
    struct pwlist *l = sk_alloc(sizeof(*l));
    uint8_t hash[32];
    struct stat st;
    int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

    *out = NULL;
    if (fd < 0 || fstat(fd, &st)) {
        err = errno == ENOENT ? -SK_ENOTFOUND : -SK_EIO;
        if (sk_buf_add_str(why, strerror(errno)))
            err = -SK_ENOMEM;
        goto out;
    }
    l->size = (size_t)st.st_size;
    void *map = l->size ? mmap(NULL, l->size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    l->map = map == MAP_FAILED ? NULL : map;
    if (!l->map) {
        err = sk_buf_add_str(why, "cannot be mapped") ? -SK_ENOMEM : -SK_EIO;
        goto out;
    }
    err = head_parse(l, why);
    if (err)
        goto out;
    bits_hash(hash, l->map + PWLIST_HEAD, l->size - PWLIST_HEAD);
    if (memcmp(hash, l->map + 144, sizeof(hash)) != 0)
        err = sk_buf_add_str(why, "its checksum does not fit") ? -SK_ENOMEM : -SK_EIO;
out:
    if (fd >= 0)
        close(fd);
    if (err)
        pwlist_close(l);
    else
        *out = l;
    return err;
}

void pwlist_close(struct pwlist *l)
{
    if (!l)
        return;
    if (l->map)
        munmap((void *)(uintptr_t)l->map, l->size);
    free(l);
}

int pwlist_has(const struct pwlist *l, const char *password, size_t len)
{
    uint8_t sha1[CRYPTO_SHA1_BYTES];
    struct entry e;
    int all = 1;

    if (!l)
        return 0;
    crypto_sha1(sha1, password, len);
    entry_make(&e, l->map + 32, sha1);
    for (uint32_t i = 0; i < l->k && all; i++) {
        uint64_t bit = (e.h1 + i * e.h2) % l->m;
        all = l->map[PWLIST_HEAD + bit / 8] >> bit % 8 & 1;
    }
    crypto_wipe(sha1, sizeof(sha1));
    crypto_wipe(&e, sizeof(e));
    return all;
}

uint64_t pwlist_count(const struct pwlist *l)
{
    return l ? l->n : 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

struct making {
    struct pwlist_build *b;
    FILE *in;
    uint64_t in_bytes, done_bytes;
    uint64_t m;
    uint32_t k;
    uint8_t *map;
    size_t size;
};

static void line_add(struct making *mk, const char *line, size_t len)
{
    uint8_t sha1[CRYPTO_SHA1_BYTES];
    size_t hex = 0, got;
    struct entry e;

    while (hex < len && hex < 41 &&
           ((line[hex] >= '0' && line[hex] <= '9') || (line[hex] >= 'A' && line[hex] <= 'F') ||
            (line[hex] >= 'a' && line[hex] <= 'f')))
        hex++;
    if (hex != 40 || (len > 40 && line[40] != ':') ||
        sk_hex_decode(sha1, sizeof(sha1), &got, line, 40))
        crypto_sha1(sha1, line, len);
    mk->b->entries++;
    if (!mk->map)
        return; /* counting */
    entry_make(&e, mk->map + 32, sha1);
    for (uint32_t i = 0; i < mk->k; i++) {
        uint64_t bit = (e.h1 + i * e.h2) % mk->m;
        uint8_t *at = mk->map + PWLIST_HEAD + bit / 8;
        *at = (uint8_t)(*at | 1u << bit % 8);
    }
}

/* One walk over the lines. */
static int lines_walk(struct making *mk)
{
    char line[PWLIST_LINE_MAX + 2];
    uint64_t told = 0;
    int is_rest = 0; /* of a line that was too long */

    rewind(mk->in);
    mk->b->entries = mk->done_bytes = 0;
    while (fgets(line, sizeof(line), mk->in)) {
        size_t len = strlen(line), whole = len;
        int is_end = len && line[len - 1] == '\n';
        while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        if (len && !is_rest && (is_end || feof(mk->in)) && len <= PWLIST_LINE_MAX)
            line_add(mk, line, len);
        is_rest = !is_end;
        mk->done_bytes += whole;
        if (mk->b->progress && mk->map && mk->done_bytes - told >= READ_BYTES) {
            told = mk->done_bytes;
            mk->b->progress(mk->b->ctx, mk->done_bytes, mk->in_bytes);
        }
    }
    crypto_wipe(line, sizeof(line));
    return ferror(mk->in) ? -SK_EIO : 0;
}

static void size_choose(struct making *mk, uint64_t n, double p)
{
    const double ln2 = 0.69314718055994530942;
    double m = ceil(-(double)n * log(p) / (ln2 * ln2));

    mk->m = m < M_MIN ? M_MIN : m > (double)m_max ? m_max : (uint64_t)m;
    mk->m = (mk->m + 7) / 8 * 8;
    double k = round((double)mk->m / (double)n * ln2);
    mk->k = k < 1 ? 1 : k > 20 ? 20 : (uint32_t)k;
    mk->size = (size_t)(PWLIST_HEAD + mk->m / 8);
}

static void head_write(struct making *mk)
{
    uint8_t *h = mk->map;
    const char *note = mk->b->note ? mk->b->note : "";
    size_t note_len = strlen(note);

    memcpy(h, magic, sizeof(magic));
    sk_put_u32(h + 8, mk->k);
    sk_put_u32(h + 12, HASH_ID);
    sk_put_u64(h + 16, mk->b->entries);
    sk_put_u64(h + 24, mk->m);
    memcpy(h + 48, note, note_len < PWLIST_NOTE_MAX ? note_len : PWLIST_NOTE_MAX - 1);
    bits_hash(h + 144, h + PWLIST_HEAD, mk->size - PWLIST_HEAD);
}

/* Into `path`, which is new: map it, fill it, sync it. */
static int file_fill(struct making *mk, const char *path, uint64_t n)
{
    int err = 0, fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0 || posix_fallocate(fd, 0, (off_t)mk->size) != 0) {
        err = -SK_ESTORAGE;
        goto out;
    }
    void *map = mmap(NULL, mk->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        err = -SK_ENOMEM;
        goto out;
    }
    mk->map = map;
    sk_random(mk->map + 32, SEED_BYTES);
    err = lines_walk(mk);
    if (!err && mk->b->entries > n)
        err = -SK_EINVAL;
    if (!err)
        head_write(mk);
    if (!err && (msync(map, mk->size, MS_SYNC) || fsync(fd)))
        err = -SK_ESTORAGE;
    munmap(map, mk->size);
    mk->map = NULL;
out:
    if (fd >= 0)
        close(fd);
    return err;
}

static int make(struct making *mk, struct sk_buf *why)
{
    struct pwlist_build *b = mk->b;
    uint64_t n = b->n;
    struct sk_buf path;
    int err = 0;

    if (!n) {
        err = lines_walk(mk);
        n = b->entries ? b->entries : 1;
    }
    size_choose(mk, n, b->p);
    sk_buf_init(&path, 4096);
    if (!err)
        err = sk_buf_addf(&path, "%s.new-%d", b->out, (int)getpid());
    if (!err)
        err = file_fill(mk, (const char *)path.data, n);
    if (err == -SK_EINVAL &&
        sk_buf_add_str(why, "the file has more entries than --n makes room for"))
        err = -SK_ENOMEM;
    if (!err && rename((const char *)path.data, b->out))
        err = -SK_ESTORAGE;
    if (err && path.len)
        unlink((const char *)path.data);
    sk_buf_fini(&path);
    b->bytes = mk->size;
    return err;
}

int pwlist_make(struct pwlist_build *b, struct sk_buf *why)
{
    struct making mk = {.b = b};
    struct stat st;

    if (b->p <= 0)
        b->p = PWLIST_P_MAX;
    if (b->p > PWLIST_P_MAX)
        return sk_buf_add_str(why, "--p is at most 1e-6: a larger one refuses good passwords")
                   ? -SK_ENOMEM
                   : -SK_EINVAL;
    mk.in = fopen(b->in, "re");
    if (!mk.in || fstat(fileno(mk.in), &st)) {
        int err = errno == ENOENT ? -SK_ENOTFOUND : -SK_EIO;
        if (mk.in)
            fclose(mk.in);
        return err;
    }
    mk.in_bytes = (uint64_t)st.st_size;
    int err = make(&mk, why);
    fclose(mk.in);
    return err;
}
