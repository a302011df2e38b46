#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int64_t (*mono_override)(void);
static int64_t (*wall_override)(void);

void sk_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "%s:%d: cannot happen: !(%s)\n", file, line, cond);
    abort();
}

static int64_t clock_read_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t sk_clock_mono_ms(void)
{
    return mono_override ? mono_override() : clock_read_ms(CLOCK_MONOTONIC);
}

int64_t sk_clock_wall_ms(void)
{
    return wall_override ? wall_override() : clock_read_ms(CLOCK_REALTIME);
}

void sk_clock_override(int64_t (*mono_ms)(void), int64_t (*wall_ms)(void))
{
    mono_override = mono_ms;
    wall_override = wall_ms;
}

void sk_random(void *out, size_t len)
{
    uint8_t *p = out;

    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        SK_ASSERT(n > 0);
        p += n;
        len -= (size_t)n;
    }
}

uint32_t sk_random_u32(void)
{
    uint32_t v;

    sk_random(&v, sizeof(v));
    return v;
}

uint32_t sk_random_below(uint32_t bound)
{
    SK_ASSERT(bound > 0);
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    uint32_t v;

    do
        v = sk_random_u32();
    while (v >= limit);
    return v % bound;
}

void *sk_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    SK_ASSERT(p);
    return p;
}

void *sk_realloc(void *p, size_t size)
{
    void *grown = realloc(p, size ? size : 1);

    SK_ASSERT(grown);
    return grown;
}

char *sk_strdup(const char *s)
{
    return sk_strndup(s, strlen(s));
}

char *sk_strndup(const char *s, size_t len)
{
    char *copy = sk_alloc(len + 1);

    memcpy(copy, s, len);
    return copy;
}

void sk_wipe(void *p, size_t len)
{
    if (p)
        explicit_bzero(p, len);
}

int sk_equal_ct(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff = (uint8_t)(diff | (x[i] ^ y[i]));
    return diff == 0;
}
