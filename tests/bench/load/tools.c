#include "tests/bench/load/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"

int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void figure(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

/* ---- delays ---------------------------------------------------------------------------------- */

void delays_add(struct delays *d, int64_t us)
{
    if (d->count == d->cap) {
        d->cap = d->cap ? d->cap * 2 : 4096;
        d->us = sk_realloc(d->us, d->cap * sizeof(*d->us));
    }
    d->us[d->count++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    d->is_sorted = 0;
}

static int us_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

double delays_percentile(struct delays *d, double p)
{
    if (d->count == 0)
        return 0;
    if (!d->is_sorted)
        qsort(d->us, d->count, sizeof(*d->us), us_compare);
    d->is_sorted = 1;
    size_t rank = (size_t)(p / 100 * (double)d->count + 0.999999);
    rank = rank < 1 ? 1 : rank > d->count ? d->count : rank;
    return d->us[rank - 1];
}

void delays_reset(struct delays *d)
{
    d->count = 0;
}

void delays_fini(struct delays *d)
{
    free(d->us);
    memset(d, 0, sizeof(*d));
}

/* ---- the watched process --------------------------------------------------------------------- */

static int proc_read(struct sk_buf *out, int64_t pid, const char *file)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%lld/%s", (long long)pid, file);
    return sk_file_read(out, path);
}

/* The number in field `index` (0 = first) of a line whose fields are parted by one blank. */
static uint64_t field_get(const char *p, unsigned index)
{
    uint64_t value = 0;

    for (; index > 0 && p; index--)
        p = (p = strchr(p, ' ')) ? p + 1 : NULL;
    if (!p || sk_parse_u64(&value, p, strspn(p, "0123456789"), UINT64_MAX))
        return 0;
    return value;
}

uint64_t process_cpu_ms(int64_t pid)
{
    struct sk_buf text;
    uint64_t ticks = 0;

    sk_buf_init(&text, 4096);
    if (proc_read(&text, pid, "stat") == 0) {
        const char *p = strrchr((const char *)text.data, ')'); /* the name may hold blanks */
        if (p)
            ticks = field_get(p + 2, 11) + field_get(p + 2, 12); /* utime, stime: proc(5) */
    }
    sk_buf_fini(&text);
    return ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

uint64_t process_rss_kib(int64_t pid)
{
    struct sk_buf text;
    uint64_t pages = 0;

    sk_buf_init(&text, 4096);
    if (proc_read(&text, pid, "statm") == 0)
        pages = field_get((const char *)text.data, 1);
    sk_buf_fini(&text);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- flags, end ------------------------------------------------------------------------------ */

int flags_take(const struct args_flag *flags, int argc, char **argv, const char *what)
{
    struct sk_buf why;
    int code = 0;

    sk_buf_init(&why, 512);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            printf("%s\n", what);
            args_help(stdout, flags);
            code = 1;
        }
    if (!code && (args_parse(flags, &argc, argv, &why) || argc > 1)) {
        fprintf(stderr, "%s\n", why.len ? (const char *)why.data : "unknown argument");
        code = 3;
    }
    sk_buf_fini(&why);
    return code;
}

static volatile sig_atomic_t is_stopping;

static void on_signal(int number)
{
    (void)number;
    is_stopping = 1;
}

void stop_watch(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int stop_asked(void)
{
    return is_stopping;
}

int fail(const char *what, int err)
{
    fprintf(stderr, "%s: %s\n", what, sk_error_text(err));
    return 1;
}
