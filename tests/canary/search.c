/* The blindness test's eyes: looks for pieces of secrets, in every form that a program would give
 * them, in another process's memory, in files and in what crosses the network interfaces.
 *
 *     search files NEEDLES PATH...        files, and folders with all that is in them
 *     search watch NEEDLES PID EVERY_MS   memory and open files of PID, until SIGTERM, then once
 * more search capture FILE                 write every packet of every interface, until SIGTERM
 *
 * NEEDLES: one needle a line, "name hex"; `watch` reads it anew before each look. Each look prints
 * one JSON line: {"look":n,"bytes":n,"needles":n,"hits":{"name":{"n":count,"form":..,"where":..}}}.
 * A needle is found by any 12 bytes of it, plain or reversed, and by as much of each other form as
 * 8 to 12 of its bytes give: hex, base64, UTF-16, JSON escapes. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    WINDOW = 12, /* bytes that are hashed; a form may ask for more, never for less */
    FORM_MAX = 1024,
    NEEDLE_MAX = 128,
    BLOCK = 1 << 20,
    OVERLAP = 64, /* >= the widest window */
    FILTER_BITS = 24,
    WHERE_MAX = 160
};

struct needle {
    char name[64];
    uint64_t mark; /* of its bytes: the same secret is kept once */
    uint64_t hits;
    char form[16], where[WHERE_MAX];
};

/* One window of one form of one needle. */
struct piece {
    uint32_t next; /* index + 1 of the next in the same bucket */
    uint32_t needle;
    const char *form;
    uint8_t len, bytes[OVERLAP];
};

static struct needle *needles;
static size_t needle_count, needle_cap;
static struct piece *pieces;
static size_t piece_count, piece_cap;
static uint32_t *buckets;
static size_t bucket_mask;
static uint8_t *filter;
static uint64_t bytes_seen;
static volatile sig_atomic_t is_over;

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void *grow(void *old, size_t count, size_t size)
{
    void *p = reallocarray(old, count, size);

    if (!p)
        die("memory");
    return p;
}

static uint64_t window_hash(const uint8_t *p)
{
    uint64_t a;
    uint32_t b;

    memcpy(&a, p, 8);
    memcpy(&b, p + 8, 4);
    a = (a ^ ((uint64_t)b << 17)) * UINT64_C(0x9e3779b97f4a7c15);
    return a ^ a >> 29;
}

static uint32_t filter_slot(const uint8_t *p)
{
    uint32_t a;

    memcpy(&a, p, 4);
    return (a * UINT32_C(0x9e3779b1)) >> (32 - FILTER_BITS);
}

/* ---- needles --------------------------------------------------------------------------------- */

static void piece_add(size_t needle, const char *form, const uint8_t *at, size_t len)
{
    int is_plain = 1;

    for (size_t i = 1; i < len; i++)
        is_plain &= at[i] == at[0];
    if (is_plain) /* twelve equal bytes are everywhere */
        return;
    if (piece_count == piece_cap)
        pieces = grow(pieces, piece_cap = piece_cap ? 2 * piece_cap : 4096, sizeof(*pieces));
    struct piece *p = &pieces[piece_count++];
    p->needle = (uint32_t)needle;
    p->form = form;
    p->len = (uint8_t)len;
    memcpy(p->bytes, at, len);
}

/* Every window of `width` bytes of a form, or the form whole where it is shorter. */
static void form_add(size_t needle, const char *form, const uint8_t *data, size_t len, size_t width)
{
    if (len < WINDOW)
        return;
    width = len < width ? len : width;
    for (size_t i = 0; i + width <= len; i++)
        piece_add(needle, form, data + i, width);
}

static void hex_add(size_t needle, const uint8_t *data, size_t len)
{
    char text[2][2 * NEEDLE_MAX + 1];

    for (size_t i = 0; i < len; i++) {
        snprintf(text[0] + 2 * i, 3, "%02x", data[i]);
        snprintf(text[1] + 2 * i, 3, "%02X", data[i]);
    }
    form_add(needle, "hex", (const uint8_t *)text[0], 2 * len, 20);
    form_add(needle, "HEX", (const uint8_t *)text[1], 2 * len, 20);
}

/* The characters that depend on the needle alone, `skip` unknown bytes standing before it. */
static void base64_add(size_t needle, const uint8_t *data, size_t len, size_t skip, const char *two)
{
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint8_t text[2 * NEEDLE_MAX];
    size_t n = 0, bits = (skip + len) * 8, first = (skip * 8 + 5) / 6;

    for (size_t i = first; (i + 1) * 6 <= bits; i++) {
        unsigned v = 0;
        for (size_t b = i * 6; b < i * 6 + 6; b++)
            v = v << 1 | (data[b / 8 - skip] >> (7 - b % 8) & 1U);
        text[n++] = (uint8_t)(v < 62 ? common[v] : two[v - 62]);
    }
    form_add(needle, two[0] == '+' ? "base64" : "base64url", text, n, 15);
}

static void utf16_add(size_t needle, const uint8_t *data, size_t len)
{
    uint8_t text[2][2 * NEEDLE_MAX];

    memset(text, 0, sizeof(text));
    for (size_t i = 0; i < len; i++)
        text[0][2 * i] = text[1][2 * i + 1] = data[i];
    form_add(needle, "utf16le", text[0], 2 * len, 24);
    form_add(needle, "utf16be", text[1], 2 * len, 24);
}

/* As a JSON text would carry these bytes as characters: `is_ascii`: nothing over 7 bits is kept. */
static void json_add(size_t needle, const uint8_t *data, size_t len, int is_ascii,
                     const char *digits)
{
    uint8_t text[8 * NEEDLE_MAX];
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = data[i];
        const char *shorts = "\bb\ff\nn\rr\tt\"\"\\\\", *s = NULL;
        for (const char *q = shorts; *q; q += 2)
            s = (uint8_t)*q == c ? q : s;
        if (s) {
            text[n++] = '\\';
            text[n++] = (uint8_t)s[1];
        } else if (c < 0x20 || (c >= 0x7f && is_ascii)) {
            memcpy(text + n, "\\u00", 4);
            text[n + 4] = (uint8_t)digits[c >> 4];
            text[n + 5] = (uint8_t)digits[c & 15];
            n += 6;
        } else if (c >= 0x80) {
            text[n++] = (uint8_t)(0xc0 | c >> 6);
            text[n++] = (uint8_t)(0x80 | (c & 63));
        } else {
            text[n++] = c;
        }
    }
    form_add(needle, "json", text, n, 24);
}

static void needle_forms(size_t i, const uint8_t *data, size_t len)
{
    uint8_t back[NEEDLE_MAX];

    for (size_t k = 0; k < len; k++)
        back[k] = data[len - 1 - k];
    form_add(i, "raw", data, len, WINDOW);
    form_add(i, "reversed", back, len, WINDOW);
    hex_add(i, data, len);
    hex_add(i, back, len);
    for (size_t skip = 0; skip < 3; skip++) {
        base64_add(i, data, len, skip, "+/");
        base64_add(i, data, len, skip, "-_");
    }
    utf16_add(i, data, len);
    json_add(i, data, len, 0, "0123456789abcdef");
    json_add(i, data, len, 1, "0123456789abcdef");
    json_add(i, data, len, 1, "0123456789ABCDEF");
}

static size_t hex_read(uint8_t out[NEEDLE_MAX], const char *text)
{
    size_t n = 0;

    for (; n < NEEDLE_MAX && text[0] && text[1] && text[0] != '\n'; text += 2) {
        char two[3] = {text[0], text[1], '\0'}, *end;
        out[n] = (uint8_t)strtoul(two, &end, 16);
        if (end != two + 2)
            break;
        n++;
    }
    return n;
}

static void index_build(void)
{
    static size_t done;
    size_t size = bucket_mask + 1;

    if (!filter)
        filter = calloc((size_t)1 << (FILTER_BITS - 3), 1);
    if (!buckets || size < piece_count) {
        while (size < 4 * piece_count)
            size *= 2;
        free(buckets);
        buckets = calloc(size, sizeof(*buckets));
        bucket_mask = size - 1;
        done = 0;
    }
    if (!buckets || !filter)
        die("memory");
    for (size_t i = done; i < piece_count; i++) {
        uint32_t slot = filter_slot(pieces[i].bytes);
        filter[slot / 8] |= (uint8_t)(1U << slot % 8);
        uint32_t *b = &buckets[window_hash(pieces[i].bytes) & bucket_mask];
        pieces[i].next = *b;
        *b = (uint32_t)i + 1;
    }
    done = piece_count;
}

static int needle_is_known(uint64_t mark)
{
    for (size_t i = 0; i < needle_count; i++)
        if (needles[i].mark == mark)
            return 1;
    return 0;
}

/* Lines that were not there the last time are added; names may repeat. */
static void needles_read(const char *path)
{
    static long done;
    char line[64 + 2 * NEEDLE_MAX + 4], name[64];
    uint8_t data[NEEDLE_MAX];
    FILE *f = fopen(path, "re");

    if (!f)
        die(path);
    fseek(f, done, SEEK_SET);
    while (fgets(line, sizeof(line), f) && strchr(line, '\n')) {
        size_t n = strcspn(line, " ");
        done = ftell(f);
        if (n >= sizeof(name) || line[n] != ' ')
            continue;
        memcpy(name, line, n);
        name[n] = '\0';
        size_t len = hex_read(data, line + n + 1);
        uint64_t mark = len; /* FNV-1a */
        for (size_t i = 0; i < len; i++)
            mark = (mark ^ data[i]) * UINT64_C(0x100000001b3);
        if (len < WINDOW || needle_is_known(mark))
            continue;
        if (needle_count == needle_cap)
            needles =
                grow(needles, needle_cap = needle_cap ? 2 * needle_cap : 64, sizeof(*needles));
        memset(&needles[needle_count], 0, sizeof(*needles));
        memcpy(needles[needle_count].name, name, sizeof(name));
        needles[needle_count].mark = mark;
        needle_forms(needle_count++, data, len);
    }
    fclose(f);
    index_build();
}

/* ---- looking --------------------------------------------------------------------------------- */

static void hit(const struct piece *p, const char *where, uint64_t at)
{
    struct needle *n = &needles[p->needle];

    if (n->hits++ == 0) {
        snprintf(n->form, sizeof(n->form), "%s", p->form);
        snprintf(n->where, sizeof(n->where), "%.120s@%llx", where, (unsigned long long)at);
    }
}

/* `data` has OVERLAP readable bytes after `len`; windows that begin in the first `len` are tried,
 * those that end after `avail` are not. */
static void block_look(const uint8_t *data, size_t len, size_t avail, const char *where,
                       uint64_t at)
{
    for (size_t i = 0; i < len && i + WINDOW <= avail; i++) {
        uint32_t slot = filter_slot(data + i);
        if (!(filter[slot / 8] >> slot % 8 & 1))
            continue;
        for (uint32_t k = buckets[window_hash(data + i) & bucket_mask]; k; k = pieces[k - 1].next) {
            const struct piece *p = &pieces[k - 1];
            if (i + p->len <= avail && memcmp(p->bytes, data + i, p->len) == 0)
                hit(p, where, at + i);
        }
    }
    bytes_seen += len;
}

/* [from, to) of an open file, in blocks that overlap; what cannot be read is passed over. */
static void range_look(int fd, uint64_t from, uint64_t to, const char *where)
{
    static uint8_t block[BLOCK + OVERLAP];

    while (from < to) {
        size_t want = to - from < BLOCK + OVERLAP ? (size_t)(to - from) : BLOCK + OVERLAP;
        ssize_t n = pread(fd, block, want, (off_t)from);
        if (n <= 0)
            return;
        size_t len = (size_t)n <= BLOCK ? (size_t)n : BLOCK;
        block_look(block, len, (size_t)n, where, from);
        if ((size_t)n < want && (size_t)n <= OVERLAP)
            return;
        from += len;
    }
}

static void file_look(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        range_look(fd, 0, (uint64_t)st.st_size, path);
    close(fd);
}

static void path_look(const char *path)
{
    struct stat st;
    char below[4096];

    if (lstat(path, &st) < 0)
        return;
    if (S_ISREG(st.st_mode))
        file_look(path);
    if (!S_ISDIR(st.st_mode))
        return;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
        path_look(below);
    }
    if (d)
        closedir(d);
}

/* Pages that were never touched hold nothing: /proc/PID/pagemap says which are there. */
static void pages_look(int mem, int pagemap, uint64_t from, uint64_t to, const char *where)
{
    static uint64_t map[4096];
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), start = 0;
    int is_run = 0;

    for (uint64_t at = from; at < to;) {
        size_t count = (to - at) / page < 4096 ? (size_t)((to - at) / page) : 4096;
        ssize_t n = pread(pagemap, map, count * 8, (off_t)(at / page * 8));
        if (n <= 0) { /* not told: look at all */
            range_look(mem, is_run ? start : at, to, where);
            return;
        }
        for (size_t i = 0; i < (size_t)n / 8; i++, at += page) {
            int is_there = (map[i] >> 62) != 0; /* present or swapped */
            if (is_there && !is_run)
                start = at;
            if (!is_there && is_run)
                range_look(mem, start, at, where);
            is_run = is_there;
        }
    }
    if (is_run)
        range_look(mem, start, to, where);
}

/* 0, or -1: the process is gone. */
static int memory_look(long pid)
{
    char path[64], line[512], where[WHERE_MAX];

    snprintf(path, sizeof(path), "/proc/%ld/maps", pid);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof(path), "/proc/%ld/mem", pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/%ld/pagemap", pid);
    int pagemap = open(path, O_RDONLY | O_CLOEXEC);
    int regions = 0;
    while (maps && mem >= 0 && fgets(line, sizeof(line), maps)) {
        char *end;
        uint64_t from = strtoull(line, &end, 16);
        uint64_t to = *end == '-' ? strtoull(end + 1, &end, 16) : 0;
        if (*end != ' ' || end[1] != 'r' || strstr(line, "[vsyscall]") || strstr(line, "[vvar"))
            continue;
        char *name = strpbrk(end, "/[");
        snprintf(where, sizeof(where), "mem %.100s", name ? name : "anonymous\n");
        where[strcspn(where, "\n")] = '\0';
        regions++;
        if (name && *name == '/')
            range_look(mem, from, to, where);
        else
            pages_look(mem, pagemap, from, to, where);
    }
    if (maps)
        fclose(maps);
    if (mem >= 0)
        close(mem);
    if (pagemap >= 0)
        close(pagemap);
    return regions > 0 ? 0 : -1;
}

/* Also those that have no name any more. */
static void open_files_look(long pid)
{
    char path[64], below[400];

    snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
        file_look(below);
    }
    if (d)
        closedir(d);
}

static void report(unsigned look)
{
    const char *comma = "";

    printf("{\"look\":%u,\"bytes\":%llu,\"needles\":%zu,\"hits\":{", look,
           (unsigned long long)bytes_seen, needle_count);
    for (size_t i = 0; i < needle_count; i++) {
        struct needle *n = &needles[i];
        if (n->hits == 0)
            continue;
        printf("%s\"%s#%zu\":{\"n\":%llu,\"form\":\"%s\",\"where\":\"%s\"}", comma, n->name, i,
               (unsigned long long)n->hits, n->form, n->where);
        comma = ",";
        n->hits = 0;
    }
    printf("}}\n");
    fflush(stdout);
    bytes_seen = 0;
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static void on_signal(int sig)
{
    (void)sig;
    is_over = 1;
}

static int watch(const char *path, long pid, long every_ms)
{
    for (unsigned look = 1;; look++) {
        int is_last = is_over;
        needles_read(path);
        if (memory_look(pid) < 0)
            return 0; /* it is gone; what was seen has been printed */
        open_files_look(pid);
        report(look);
        if (is_last)
            return 0;
        struct timespec pause = {every_ms / 1000, every_ms % 1000 * 1000000};
        if (!is_over)
            nanosleep(&pause, NULL);
    }
}

static int capture(const char *path)
{
    static uint8_t packet[1 << 17];
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int in = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)), size = 64 << 20;

    if (out < 0 || in < 0)
        die("capture");
    setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    printf("{\"capture\":true}\n");
    fflush(stdout);
    while (!is_over) {
        ssize_t n = recv(in, packet, sizeof(packet), 0);
        if (n > 0 && write(out, packet, (size_t)n) != n)
            die(path);
    }
    struct {
        unsigned packets, drops;
    } stats = {0, 0};
    socklen_t len = sizeof(stats);
    getsockopt(in, SOL_PACKET, 6 /* PACKET_STATISTICS */, &stats, &len);
    printf("{\"packets\":%u,\"lost\":%u}\n", stats.packets, stats.drops);
    close(in);
    return close(out);
}

int main(int argc, char **argv)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    if (argc >= 4 && strcmp(argv[1], "files") == 0) {
        needles_read(argv[2]);
        for (int i = 3; i < argc; i++)
            path_look(argv[i]);
        report(1);
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "watch") == 0)
        return watch(argv[2], strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "capture") == 0)
        return capture(argv[2]);
    fprintf(stderr,
            "usage: search files NEEDLES PATH... | watch NEEDLES PID EVERY_MS | capture FILE\n");
    return 2;
}
