/* The life cycle of alerts: pure, on the times that it is handed (wall milliseconds). No lock, no
 * clock, no store. The owner locks. */
#ifndef SK_ALERT_LIFE_H
#define SK_ALERT_LIFE_H

#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"
#include "core/authorize.h"

/* ---- rule.c: what is judged ---- */

enum {
    RULE_ID_MAX = 26,
    RULE_TITLE_MAX = 64,
    RULE_TEXT_MAX = 64, /* a rule's name, in bytes */
    RULES_MAX = 200,
    MILLI = 1000, /* values are kept in thousandths */
    TITLE_MAX = 2 * ALERT_NAME_MAX + RULE_TITLE_MAX,
    CONTENT_MAX = 320
};

enum alert_level { ALERT_WARNING, ALERT_ERROR };

struct alert_metric {
    const char *name, *unit;
    const char *en, *zh;
    int is_state;  /* 1: zero is well, anything else is not; en and zh are whole sentences */
    int is_offset; /* judged by its size less its uncertainty (`other`), shown with its sign */
};

struct alert_rule {
    char id[RULE_ID_MAX + 1], name[RULE_TEXT_MAX + 1], title[RULE_TITLE_MAX + 1];
    const struct alert_metric *metric;
    int is_below;         /* breach: value <= limit; else value >= limit */
    int64_t limit, clear; /* thousandths */
    int64_t for_ms, clear_ms;
    enum alert_level level;
    char host[ALERT_NAME_MAX + 1]; /* "" = all */
    int is_enabled, is_builtin;
    int inhibits; /* hides the host's other alerts while it fires */
};

const char *alert_level_name(enum alert_level l);
const struct alert_metric *alert_metric_find(const char *name);
const struct alert_metric *alert_metric_at(size_t i);  /* NULL behind the last */
const struct alert_rule *alert_rule_builtin(size_t i); /* NULL behind the last */
/* -SK_EINVAL: bounds, a clear level on the wrong side, control characters in a text. */
SK_MUST int alert_rule_check(const struct alert_rule *r);
int alert_rule_breached(const struct alert_rule *r, int64_t milli);
int alert_rule_cleared(const struct alert_rule *r, int64_t milli);

/* A text that people are shown: 1..max bytes, UTF-8, no control character. */
int alert_text_is_plain(const char *s, size_t max);
/* "91", "9.5", "-3": at least 10 is rounded to an integer, less to one decimal. */
enum { MILLI_TEXT_SIZE = 24 };
const char *alert_milli_text(char out[MILLI_TEXT_SIZE], int64_t milli);
/* -SK_EINVAL: not finite or beyond 10^12. */
SK_MUST int alert_milli_of(int64_t *out, double v);

/* ---- life.c ---- */

/* One alert: what the store has a row of. */
struct alert {
    int64_t no; /* its number; 0: none yet */
    char fingerprint[17];
    char rule[RULE_ID_MAX + 1];
    enum alert_level level;
    char host[ALERT_NAME_MAX + 1], ip[SOURCE_SIZE], service[ALERT_NAME_MAX + 1];
    const struct alert_metric *metric;
    char title[RULE_TITLE_MAX + 1]; /* the rule's, with its braces */
    int64_t value, other, peak, limit;
    int64_t first_ms, last_ms, resolved_ms; /* resolved 0: it fires */
    int64_t count, episodes;
    int64_t acked_ms, escalated_ms;
    char acked_by[ACCOUNT_ID_MAX + 1];
    int is_told; /* of this episode */
    int is_flapping, is_inhibited, is_silenced;
};

/* "HI-CPU[91]"; both languages' sentence. */
void alert_title(char out[TITLE_MAX + 1], const struct alert *a);
void alert_content(char out[CONTENT_MAX + 1], const struct alert *a, int is_zh);
void alert_fingerprint(char out[17], const char *rule, const char *host, const char *service);

enum alert_news {
    ALERT_FIRED,     /* to be told */
    ALERT_RESOLVED,  /* to be told: its beginning was */
    ALERT_ESCALATED, /* to be told to those that take it */
    ALERT_CHANGED,   /* only the row changed: count, peak, silenced, not told ... */
    ALERT_ENDED      /* resolved and never told */
};

struct alert_silence {
    char id[27];
    char host[ALERT_NAME_MAX + 1], rule[RULE_ID_MAX + 1]; /* "" = all */
    int64_t from_ms, until_ms;
};

enum { ALERT_HISTORY = 21, ALERTS_OPEN_MAX = 20000, ALERT_HOSTS_MAX = 20000, SILENCES_MAX = 500 };

struct life_terms {
    int64_t escalate_ms; /* 0: never */
    int64_t reopen_ms;   /* back within this time: the same row */
    int64_t clear_max_ms;
    int64_t clear_min_ms; /* nothing ends before it was well for so long */
    int64_t silent_ms;    /* an open alert of which nothing was heard for so long ends */
    int64_t keep_ms;      /* how often counts and peaks are told as ALERT_CHANGED */
};
extern const struct life_terms life_terms_default;

/* `news` is called within the calls below, for each alert that changed in a way to be kept; the
 * alert is valid during the call, and `no` is set. */
struct life;
struct life *life_new(const struct life_terms *terms, int64_t next_no,
                      void (*news)(void *ctx, enum alert_news what, const struct alert *a),
                      void *ctx);
void life_free(struct life *l);

/* The rules, copied; alerts of rules that are no more, or are off, end. */
void life_rules_set(struct life *l, const struct alert_rule *rules, size_t count, int64_t now_ms);
void life_silences_set(struct life *l, const struct alert_silence *list, size_t count,
                       int64_t now_ms);
/* An open row, or one that ended less than reopen_ms ago, of a former run. -SK_ELIMIT. */
SK_MUST int life_load(struct life *l, const struct alert *a);

/* 0, or -SK_EINVAL: refused, nothing moved. */
SK_MUST int life_sample(struct life *l, const struct alert_sample *s, int64_t now_ms);
/* What time alone brings: absent hosts, silences, escalation, what is forgotten. */
void life_tick(struct life *l, int64_t now_ms);
/* The wall clock was set: what is measured goes on, what is shown stays. */
void life_shift(struct life *l, int64_t delta_ms);
void life_host_forget(struct life *l, const char *host, int64_t now_ms);

/* -SK_ENOTFOUND; -SK_ECONFLICT unless it fires. `by` NULL: taken back. */
SK_MUST int life_ack(struct life *l, int64_t no, const char *by, int64_t now_ms);
const struct alert *life_find(const struct life *l, int64_t no);
size_t life_pending_count(const struct life *l);
size_t life_open_count(const struct life *l);

#endif
