/* What the load generators share: time, figures, the watched process. One thread everywhere. */
#ifndef BENCH_LOAD_TOOLS_H
#define BENCH_LOAD_TOOLS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/args.h"
#include "base/err.h"

/* Monotonic microseconds. */
int64_t now_us(void);

/* Print "name value unit" and flush, so that a script reads it at once. */
void figure(const char *name, double value, const char *unit);

/* Delays in microseconds, in a list that grows. Sorting happens at the first question. */
struct delays {
    uint32_t *us;
    size_t count, cap;
    int is_sorted;
};
void delays_add(struct delays *d, int64_t us);
/* Nearest rank, `p` in 0..100; 0 when the list is empty. */
double delays_percentile(struct delays *d, double p);
void delays_reset(struct delays *d);
void delays_fini(struct delays *d);

/* CPU ms (user and system, all threads) and resident KiB of a process; 0 when it is gone. */
uint64_t process_cpu_ms(int64_t pid);
uint64_t process_rss_kib(int64_t pid);

/* Read the flags; prints help or what is wrong. 0 = go on, else the exit code + 1. */
int flags_take(const struct args_flag *flags, int argc, char **argv, const char *what);

/* 1 once SIGINT or SIGTERM came; call `stop_watch` first. */
void stop_watch(void);
int stop_asked(void);

/* Say what failed on stderr, return 1. */
int fail(const char *what, int err);

#endif
