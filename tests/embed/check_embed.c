/* What is embedded is what is on disk: bytes, gzip form, hash, type; and nothing is missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/asset.h"
#include "base/sys.h"
#include "base/text.h"
#include "crypto/hash.h"

struct tally {
    size_t count, gzipped, faults;
};

static void fault(struct tally *t, const struct asset *a, const char *what)
{
    fprintf(stderr, "check-embed: %s: %s\n", a->path, what);
    t->faults++;
}

static void gzip_check(struct tally *t, const struct asset *a)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)a->gzip, .avail_in = (uInt)a->gzip_len};
    uint8_t *plain = sk_alloc(a->len + 1);

    z.next_out = plain;
    z.avail_out = (uInt)a->len + 1;
    if (inflateInit2(&z, 15 + 16) != Z_OK || inflate(&z, Z_FINISH) != Z_STREAM_END ||
        z.total_out != a->len || memcmp(plain, a->data, a->len) != 0)
        fault(t, a, "the gzip form is not the file");
    inflateEnd(&z);
    free(plain);
    t->gzipped++;
}

static int embedded_check(void *ctx, const struct asset *a)
{
    struct tally *t = ctx;
    uint8_t hash[32];
    char hex[65];

    crypto_sha256(hash, a->data, a->len);
    sk_hex_encode(hex, hash, sizeof(hash));
    if (strcmp(hex, a->etag) != 0)
        fault(t, a, "the etag is not its SHA-256");
    if (((const char *)a->data)[a->len] != '\0')
        fault(t, a, "no zero byte behind it");
    if (a->gzip)
        gzip_check(t, a);
    if (asset_find(a->path) != a)
        fault(t, a, "listed, but not found");
    t->count++;
    return 0;
}

struct copy {
    const struct asset *list[4096];
    size_t count;
};

static int copy_add(void *ctx, const struct asset *a)
{
    struct copy *c = ctx;
    SK_ASSERT(c->count < 4096);
    c->list[c->count++] = a;
    return 0;
}

int main(int argc, char **argv)
{
    static struct copy embedded, disk;
    struct tally t = {0};

    asset_use_embedded();
    (void)asset_each("", embedded_check, &t);
    (void)asset_each("", copy_add, &embedded);
    asset_dev_root(".", argc > 1 ? argv[1] : NULL);
    (void)asset_each("", copy_add, &disk);
    for (size_t i = 0; i < embedded.count || i < disk.count; i++) {
        const struct asset *e = i < embedded.count ? embedded.list[i] : NULL;
        const struct asset *d = i < disk.count ? disk.list[i] : NULL;
        if (!e || !d || strcmp(e->path, d->path) != 0) {
            fault(&t, e ? e : d, "embedded and disk list different files");
            break;
        }
        if (e->len != d->len || memcmp(e->data, d->data, e->len) != 0)
            fault(&t, e, "is not what is on disk");
        if (strcmp(e->mime, d->mime) != 0)
            fault(&t, e, "has another type");
    }
    printf("check-embed: %zu files, %zu with a gzip form, %zu faults\n", t.count, t.gzipped,
           t.faults);
    return t.faults == 0 && t.count > 0 ? 0 : 1;
}
