/* The seam to the operating system: clock, random and fatal errors. Everything above asks here,
 * so tests and simulations run on a clock of their own. */
#ifndef SK_BASE_SYS_H
#define SK_BASE_SYS_H

#include <stddef.h>
#include <stdint.h>

/* "Cannot happen": aborts with file and line. Never on a peer's fault. */
#define SK_ASSERT(cond) ((cond) ? (void)0 : sk_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void sk_assert_failed(const char *cond, const char *file, int line);

/* Monotonic milliseconds since an arbitrary origin; wall milliseconds since 1970 (UTC).
 * Any thread. Only loops, `main` and tests call these: lower code is handed `now_ms`. */
int64_t sk_clock_mono_ms(void);
int64_t sk_clock_wall_ms(void);

/* Replace the clocks (NULL = the system's again). Process-wide; call before threads start. */
void sk_clock_override(int64_t (*mono_ms)(void), int64_t (*wall_ms)(void));

/* Fill `out` with `len` bytes from getrandom(2). Aborts when the kernel cannot give any: nothing
 * sensible can go on without. Any thread. */
void sk_random(void *out, size_t len);
uint32_t sk_random_u32(void);

/* A uniform number below `bound` (> 0), without modulo bias. */
uint32_t sk_random_below(uint32_t bound);

/* malloc family that aborts when out of memory: for small sizes of our own choosing only. What a
 * peer can size goes through `struct sk_buf`. Free with free(). */
void *sk_alloc(size_t size);            /* zeroed */
void *sk_realloc(void *p, size_t size); /* p may be NULL */
char *sk_strdup(const char *s);
char *sk_strndup(const char *s, size_t len);

/* Zero memory in a way the compiler may not drop. */
void sk_wipe(void *p, size_t len);

/* 1 when equal, in time that depends on `len` only. */
int sk_equal_ct(const void *a, const void *b, size_t len);

#endif
