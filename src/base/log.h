/* Structured logs: one line an event, `key=value` pairs, to standard error. Never a secret, never
 * a peer's bytes unescaped: values are quoted and control characters escaped here. */
#ifndef SK_BASE_LOG_H
#define SK_BASE_LOG_H

enum sk_log_level { SK_LOG_DEBUG, SK_LOG_INFO, SK_LOG_WARN, SK_LOG_ERROR };

/* Lines below `level` are dropped (default: info). Process-wide, any thread. */
void sk_log_set_level(enum sk_log_level level);

/* Write `time level room event key="value"...`; `fmt` makes the tail, for example
 * "device=%s reason=%s". One write(2) per line. Control characters in the tail become '?'.
 * Any thread. */
void sk_log(enum sk_log_level level, const char *room, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define log_debug(room, event, ...) sk_log(SK_LOG_DEBUG, room, event, __VA_ARGS__)
#define log_info(room, event, ...) sk_log(SK_LOG_INFO, room, event, __VA_ARGS__)
#define log_warn(room, event, ...) sk_log(SK_LOG_WARN, room, event, __VA_ARGS__)
#define log_error(room, event, ...) sk_log(SK_LOG_ERROR, room, event, __VA_ARGS__)

#endif
