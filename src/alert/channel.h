/* From facts to a vendor's request, and from its answer to what is to be done. Pure: no clock, no
 * lock, no input or output. */
#ifndef SK_ALERT_CHANNEL_H
#define SK_ALERT_CHANNEL_H

#include <jansson.h>

#include "alert/life.h"
#include "base/buf.h"

/* ---- fact.c: what is told of an alert, as it was in that moment ---- */

enum fact_what { FACT_FIRED, FACT_RESOLVED, FACT_ESCALATED, FACT_TEST };
enum { FACT_KEY_SIZE = 24, FACT_JSON_MAX = 4096 };

struct fact {
    int64_t id; /* its row in the outbox */
    int64_t no;
    enum fact_what what;
    enum alert_level level;
    char fingerprint[17], rule[RULE_ID_MAX + 1];
    char title[TITLE_MAX + 1], en[CONTENT_MAX + 1], zh[CONTENT_MAX + 1];
    char host[ALERT_NAME_MAX + 1], ip[SOURCE_SIZE], service[ALERT_NAME_MAX + 1];
    char peak[MILLI_TEXT_SIZE];
    int64_t first_ms, at_ms, count;
};

void fact_make(struct fact *out, enum fact_what what, const struct alert *a, int64_t at_ms);
/* "fired", "resolved.2", ...: with the alert's number, what makes the fact the only one. */
void fact_key(char out[FACT_KEY_SIZE], enum fact_what what, int64_t episode);
char *fact_text(const struct fact *f); /* one JSON object; free() it */
SK_MUST int fact_parse(struct fact *out, const char *text);

/* ---- message.c: texts ---- */

struct message_terms {
    int is_zh;
    size_t bytes_max;    /* of the text, as it stands inside a JSON string */
    const char *console; /* "https://..." without a slash behind it, or "" */
    const char *keyword; /* "" none */
};

/* One fact in full, or a digest of as many as fit, in order; how many, at least one (what does not
 * fit alone is cut behind a code point). */
size_t message_text(struct sk_buf *out, const struct message_terms *t, const struct fact *facts,
                    size_t count);
/* Bytes of `s` inside a JSON string. */
size_t message_escaped_len(const char *s);
/* Length of the longest beginning of `s` of at most `bytes` bytes and `points` code points. */
size_t message_cut(const char *s, size_t bytes, size_t points);
/* "2026-11-24T19:30:11Z". */
enum { MESSAGE_TIME_SIZE = 32 };
void message_time(char out[MESSAGE_TIME_SIZE], int64_t ms);

/* ---- vendor.c: requests ---- */

enum channel_kind {
    CHANNEL_DINGTALK,
    CHANNEL_WECOM,
    CHANNEL_FEISHU,
    CHANNEL_WECHAT,
    CHANNEL_SLACK,
    CHANNEL_TELEGRAM,
    CHANNEL_NTFY,
    CHANNEL_WEBHOOK,
    CHANNEL_SMTP,
    CHANNEL_KIND_COUNT
};

struct channel_facts {
    const char *name;
    int per_minute;                       /* our own limit, below the vendor's */
    int64_t gap_ms;                       /* between two messages */
    size_t text_max;                      /* bytes of text in one */
    const char *required[5], *allowed[4]; /* members of config, NULL-ended */
};
extern const struct channel_facts channel_kinds[CHANNEL_KIND_COUNT];
SK_MUST int channel_kind_find(enum channel_kind *out, const char *name);
/* -SK_EINVAL: members missing, unknown or malformed. */
SK_MUST int channel_config_check(enum channel_kind kind, const json_t *config);
/* "oapi.dingtalk.com ..c1f4": where it goes, without the secret. */
enum { CHANNEL_TARGET_SIZE = 128 };
void channel_target(char out[CHANNEL_TARGET_SIZE], enum channel_kind kind, const json_t *config);

enum { VENDOR_HEADERS_MAX = 6, VENDOR_HEADER_SIZE = 512, VENDOR_BODY_MAX = 512 * 1024 };

struct vendor_job {
    enum channel_kind kind;
    const json_t *config;
    const char *batch; /* idempotency key: the batch's id */
    const char *token; /* WeChat's access token */
    int is_zh;
    const char *console;
    int64_t now_ms;
};

struct vendor_request {
    const char *method;
    struct sk_buf url, body;
    char headers[VENDOR_HEADERS_MAX][VENDOR_HEADER_SIZE];
    size_t header_count;
    char subject[128]; /* of a mail: `url` is the address, `body` the text */
};

void vendor_request_init(struct vendor_request *r);
void vendor_request_fini(struct vendor_request *r);
/* Build it; `*taken` of the facts are in it. */
SK_MUST int vendor_build(struct vendor_request *out, const struct vendor_job *job,
                         const struct fact *facts, size_t count, size_t *taken);
/* The request for WeChat's access token. */
SK_MUST int vendor_token_build(struct vendor_request *out, const json_t *config);

/* ---- sign.c ---- */

enum { SIGN_B64_SIZE = 45 };
/* DingTalk: HMAC-SHA256(secret, ms "\n" secret); Feishu: HMAC-SHA256(s "\n" secret, ""); base64. */
void sign_dingtalk(char out[SIGN_B64_SIZE], const char *secret, int64_t ms);
void sign_feishu(char out[SIGN_B64_SIZE], const char *secret, int64_t seconds);
/* Standard Webhooks: base64 of HMAC-SHA256(key, id "." seconds "." body); `secret` is "whsec_" and
 * base64. -SK_EINVAL: it is not. */
SK_MUST int sign_webhook(char out[SIGN_B64_SIZE], const char *secret, const char *id,
                         int64_t seconds, const void *body, size_t len);
/* Everything but A-Z a-z 0-9 - _ . ~ as %XX. */
SK_MUST int sign_percent(struct sk_buf *out, const char *text);

/* ---- judge.c: answers ---- */

enum verdict_kind { VERDICT_SENT, VERDICT_LATER, VERDICT_NEVER, VERDICT_TOKEN };

struct verdict {
    enum verdict_kind kind;
    int64_t wait_ms; /* of LATER; 0: as the tries so far say */
    char code[48];   /* for people: "130101", "http-503", "timeout" */
};

struct vendor_answer {
    int err, status;
    int64_t retry_after_ms;
    const char *body;
    size_t len;
};
void vendor_judge(struct verdict *out, enum channel_kind kind, const struct vendor_answer *a);
/* WeChat's token out of its answer: 0 and `*expires_s`, or a verdict. */
SK_MUST int vendor_token_take(char *token, size_t cap, int64_t *expires_s, struct verdict *v,
                              const struct vendor_answer *a);
/* How long after the try number `tries` (from 1): 2 s doubling to 5 min, +-20 % by `random`. */
int64_t verdict_wait_ms(const struct verdict *v, int64_t tries, uint32_t random);

/* ---- window.c: so many in 61 s ---- */

enum { WINDOW_MAX = 120, WINDOW_MS = 61 * 1000 };
struct window {
    int64_t at[WINDOW_MAX];
    size_t next, count;
};
void window_add(struct window *w, int64_t now_ms);
/* 0: now; else how long until one more is allowed. */
int64_t window_wait(const struct window *w, int per_minute, int64_t gap_ms, int64_t now_ms);

#endif
