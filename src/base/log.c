#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"

enum { LOG_LINE_MAX = 2048 };

static atomic_int level_floor = SK_LOG_INFO;

void sk_log_set_level(enum sk_log_level level)
{
    atomic_store(&level_floor, (int)level);
}

static int head_write(char *line, size_t cap, enum sk_log_level level, const char *room,
                      const char *event)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    int64_t wall_ms = sk_clock_wall_ms();
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    char stamp[32];

    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
    return snprintf(line, cap, "%s.%03dZ %s %s %s ", stamp, (int)(wall_ms % 1000), names[level],
                    room, event);
}

void sk_log(enum sk_log_level level, const char *room, const char *event, const char *fmt, ...)
{
    if ((int)level < atomic_load(&level_floor))
        return;
    char line[LOG_LINE_MAX];
    int head = head_write(line, sizeof(line) - 1, level, room, event);
    va_list ap;

    va_start(ap, fmt);
    int tail = vsnprintf(line + head, sizeof(line) - 1 - (size_t)head, fmt, ap);
    va_end(ap);
    size_t len = (size_t)head + (size_t)(tail > 0 ? tail : 0);
    if (len > sizeof(line) - 2)
        len = sizeof(line) - 2;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored; /* a log that cannot be written has nowhere to complain */
}
