/* Host tool: turns folders into two source files that hold their files as bytes and as an index.
 *
 *   embed OUT_DIR PREFIX=DIR...      e.g. embed build/gen web=build/web sql/account=src/account/sql
 *
 * Writes OUT_DIR/assets_data.S (.incbin, so compiling megabytes takes no time) and
 * OUT_DIR/assets.c (a table sorted by path, see src/base/asset.h). Files under web/ are stored a
 * second time as gzip where that is smaller. Runs on the building machine only, so it depends on
 * libc and zlib alone and ends at the first error. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/mime.h"

enum { FILES_MAX = 4096, PATH_SIZE = 1024 };

struct file {
    char path[PATH_SIZE], disk[PATH_SIZE];
    size_t len, gzip_len;
    char sha256[65];
};

static struct file *files;
static size_t file_count;

static _Noreturn void fail(const char *what, const char *path)
{
    fprintf(stderr, "embed: %s %s: %s\n", what, path, errno ? strerror(errno) : "refused");
    exit(1);
}

/* ---- SHA-256 (FIPS 180-4), for the ETag; checked against the crypto room by `make check-embed` */

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* The first 32 bits of the fractional parts of the cube (square) roots of the first primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void block_mix(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
               (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, h, sizeof(v));
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                      ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constants[i] + w[i];
        uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += v[i];
}

static void sha256_hex(char out[65], const uint8_t *data, size_t len)
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t whole = len / 64 * 64, rest = len - whole;
    size_t tail_len = rest < 56 ? 64 : 128;
    uint8_t tail[128] = {0};

    for (size_t at = 0; at < whole; at += 64)
        block_mix(h, data + at);
    memcpy(tail, data + whole, rest);
    tail[rest] = 0x80;
    for (size_t i = 0; i < 8; i++)
        tail[tail_len - 1 - i] = (uint8_t)((uint64_t)len * 8 >> (8 * i));
    for (size_t at = 0; at < tail_len; at += 64)
        block_mix(h, tail + at);
    for (int i = 0; i < 8; i++)
        snprintf(out + 8 * i, 9, "%08x", h[i]);
}

/* ---- files ---- */

static uint8_t *file_load(struct file *f)
{
    struct stat st;
    FILE *in = fopen(f->disk, "rb");

    if (!in || fstat(fileno(in), &st) != 0)
        fail("cannot read", f->disk);
    f->len = (size_t)st.st_size;
    uint8_t *data = malloc(f->len + 1);
    if (!data || fread(data, 1, f->len, in) != f->len)
        fail("cannot read", f->disk);
    fclose(in);
    return data;
}

static void gzip_store(struct file *f, const uint8_t *data, const char *out_path)
{
    z_stream z = {0};

    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        fail("cannot compress", f->disk);
    size_t cap = deflateBound(&z, f->len);
    uint8_t *packed = malloc(cap);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)f->len;
    z.next_out = packed;
    z.avail_out = (uInt)cap;
    if (!packed || deflate(&z, Z_FINISH) != Z_STREAM_END)
        fail("cannot compress", f->disk);
    if (z.total_out < f->len) {
        FILE *out = fopen(out_path, "wb");
        if (!out || fwrite(packed, 1, z.total_out, out) != z.total_out || fclose(out) != 0)
            fail("cannot write", out_path);
        f->gzip_len = z.total_out;
    }
    deflateEnd(&z);
    free(packed);
}

static void folder_add(const char *prefix, const char *dir)
{
    DIR *folder = opendir(dir);
    struct dirent *entry;
    struct stat st;

    if (!folder)
        fail("cannot open folder", dir);
    while ((entry = readdir(folder)) != NULL) {
        struct file f = {0};
        if (entry->d_name[0] == '.')
            continue;
        int a = snprintf(f.path, sizeof(f.path), "%s/%s", prefix, entry->d_name);
        int b = snprintf(f.disk, sizeof(f.disk), "%s/%s", dir, entry->d_name);
        errno = 0;
        if (a >= PATH_SIZE || b >= PATH_SIZE || strpbrk(f.disk, "\"\\\n"))
            fail("cannot name", f.disk);
        if (stat(f.disk, &st) != 0)
            fail("cannot read", f.disk);
        if (S_ISDIR(st.st_mode)) {
            folder_add(f.path, f.disk);
        } else if (S_ISREG(st.st_mode)) {
            if (file_count == FILES_MAX)
                fail("too many files, from", dir);
            files[file_count++] = f;
        }
    }
    closedir(folder);
}

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

/* ---- the two source files ---- */

static FILE *source_open(const char *dir, const char *name)
{
    char path[PATH_SIZE + 32];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *out = fopen(path, "w");
    if (!out)
        fail("cannot write", path);
    return out;
}

static void data_write(FILE *out, size_t i, const char *suffix, const char *disk)
{
    fprintf(out, ".balign 8\n.globl sk_asset_%zu%s\n.hidden sk_asset_%zu%s\n", i, suffix, i,
            suffix);
    fprintf(out, "sk_asset_%zu%s:\n.incbin \"%s\"\n.byte 0\n", i, suffix, disk);
}

static void index_write(FILE *out, size_t i, const struct file *f)
{
    fprintf(out, "    {\"%s\", sk_asset_%zu, %zu, ", f->path, i, f->len);
    if (f->gzip_len)
        fprintf(out, "sk_asset_%zu_gzip, %zu,\n", i, f->gzip_len);
    else
        fprintf(out, "NULL, 0,\n");
    fprintf(out, "     \"%s\", \"%s\", %d},\n", f->sha256, mime_of(f->path),
            mime_is_immutable(f->path));
}

static void sources_write(const char *dir)
{
    FILE *s = source_open(dir, "assets_data.S"), *c = source_open(dir, "assets.c");
    char gzip_path[PATH_SIZE + 64];

    fprintf(s, ".section .rodata\n");
    fprintf(c, "/* Made by scripts/embed.c. */\n#include \"base/asset.h\"\n\n");
    for (size_t i = 0; i < file_count; i++) {
        uint8_t *data = file_load(&files[i]);
        sha256_hex(files[i].sha256, data, files[i].len);
        snprintf(gzip_path, sizeof(gzip_path), "%s/assets-%zu.gz", dir, i);
        unlink(gzip_path);
        if (strncmp(files[i].path, "web/", 4) == 0)
            gzip_store(&files[i], data, gzip_path);
        free(data);
        data_write(s, i, "", files[i].disk);
        fprintf(c, "extern const unsigned char sk_asset_%zu[];\n", i);
        if (files[i].gzip_len) {
            data_write(s, i, "_gzip", gzip_path);
            fprintf(c, "extern const unsigned char sk_asset_%zu_gzip[];\n", i);
        }
    }
    fprintf(s, ".section .note.GNU-stack,\"\",%%progbits\n");
    fprintf(c, "\nstatic const struct asset table[] = {\n");
    for (size_t i = 0; i < file_count; i++)
        index_write(c, i, &files[i]);
    fprintf(c, "};\n\nvoid asset_use_embedded(void)\n{\n    asset_use(table, %zu);\n}\n",
            file_count);
    if (fclose(s) != 0 || fclose(c) != 0)
        fail("cannot write into", dir);
}

int main(int argc, char **argv)
{
    size_t total = 0;

    files = calloc(FILES_MAX, sizeof(*files));
    if (argc < 3 || !files) {
        fprintf(stderr, "usage: embed OUT_DIR PREFIX=DIR...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            fail("no = in", argv[i]);
        *equals = '\0';
        folder_add(argv[i], equals + 1);
    }
    qsort(files, file_count, sizeof(*files), file_compare);
    for (size_t i = 1; i < file_count; i++)
        if (strcmp(files[i - 1].path, files[i].path) == 0)
            fail("two files are named", files[i].path);
    sources_write(argv[1]);
    for (size_t i = 0; i < file_count; i++)
        total += files[i].len;
    printf("  embed %zu files, %zu bytes\n", file_count, total);
    free(files);
    return 0;
}
