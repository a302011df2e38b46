/* Private parts of the running alert centre. life.h and channel.h are its pure half. */
#ifndef SK_ALERT_INTERNAL_H
#define SK_ALERT_INTERNAL_H

#include "alert/channel.h"
#include "core/room.h"
#include "http/http.h"
#include "store/store.h"

enum {
    ALERT_KEY_SIZE = 27, /* random id in base32, with the closing zero */
    CHANNELS_MAX = 32,
    ALERT_COMMENT_MAX = 200,
    CONFIG_JSON_MAX = 8192,
    BATCH_FACTS_MAX = 500,
    TOKEN_SIZE = 1024
};

void alert_key_make(char out[ALERT_KEY_SIZE]);

/* ---- ledger.c: the store ---- */

/* The key under which channels' addresses and keys are sealed (core/boxkey.h, `keys/alert`). A key
 * that is lost while there are channels is an error. */
SK_MUST int alert_ledger_key_load(struct store *s, const char *data_dir);
void alert_ledger_key_wipe(void);

struct channel {
    char id[ALERT_KEY_SIZE], name[RULE_TEXT_MAX + 1], failover[ALERT_KEY_SIZE];
    enum channel_kind kind;
    int is_zh, errors_only, escalation, is_enabled;
    json_t *config; /* owned */
    int64_t at_ms;
    /* while it runs; lost at a restart but for the window */
    struct window window;
    int in_flight, fails, is_failing;
    int64_t cool_ms; /* wall: not before */
    char token[TOKEN_SIZE];
    int64_t token_until_ms;
    char last_state[8], last_code[48];
    int64_t last_ms;
};

struct silence_row {
    struct alert_silence s;
    char reason[ALERT_COMMENT_MAX + 1], actor[ACCOUNT_ID_MAX + 1];
    int64_t at_ms;
};

struct alert_row {
    struct alert a;
    char comment[ALERT_COMMENT_MAX + 1];
    int is_read;
};

/* One transition that is to be kept and told. */
struct news {
    enum alert_news what;
    struct alert a;
    int64_t at_ms;
};

/* To whom a fact goes; the caller's copy, taken under the lock. */
struct route_to {
    char id[ALERT_KEY_SIZE], name[RULE_TEXT_MAX + 1];
    int errors_only, escalation;
};

SK_MUST int alert_ledger_news_write(struct store *s, const struct news *list, size_t count,
                                    const struct route_to *to, size_t to_count);
SK_MUST int alert_ledger_row_read(const struct store_row *row, struct alert_row *out);
SK_MUST int alert_ledger_load(struct store *s, int64_t now_ms,
                              int (*rule)(void *ctx, const struct alert_rule *r),
                              int (*silence)(void *ctx, const struct silence_row *r),
                              int (*alert)(void *ctx, const struct alert *a),
                              int (*channel)(void *ctx, struct channel *c), int64_t *next_no,
                              void *ctx);
SK_MUST int alert_ledger_rule_put(struct store *s, const struct alert_rule *r,
                                  const struct principal *p, int64_t now_ms);
SK_MUST int alert_ledger_channel_put(struct store *s, const struct channel *c,
                                     const struct principal *p, int is_new, int64_t now_ms);
SK_MUST int alert_ledger_silence_put(struct store *s, const struct silence_row *r,
                                     const struct principal *p);
/* `what`: "rule", "channel", "silence". -SK_ENOTFOUND. */
SK_MUST int alert_ledger_remove(struct store *s, const char *what, const char *id,
                                const struct principal *p, int64_t now_ms);
/* `p` NULL in `by`: taken back. */
SK_MUST int alert_ledger_ack(struct store *s, int64_t no, int is_on, const char *comment,
                             const struct principal *p, int64_t now_ms);
SK_MUST int alert_ledger_read(struct store *s, const int64_t *list, size_t count,
                              const struct principal *p); /* count 0: all that are open */
SK_MUST int alert_ledger_test_put(struct store *s, const char *channel, int64_t no,
                                  const char *fact, const struct principal *p, int64_t now_ms);

/* ---- outbox.c ---- */

struct waiting {
    char channel[ALERT_KEY_SIZE];
    int64_t count, oldest_ms, newest_ms;
};
struct leased {
    char id[ALERT_KEY_SIZE], channel[ALERT_KEY_SIZE];
    int64_t attempts, made_ms, not_before_ms;
};
struct outbox_state {
    struct waiting waiting[CHANNELS_MAX];
    struct leased leased[CHANNELS_MAX];
    size_t waiting_count, leased_count;
};
SK_MUST int outbox_look(struct store *s, struct outbox_state *out);
/* `batch` "": what waits for `channel`. Facts are the caller's, at most BATCH_FACTS_MAX. */
SK_MUST int outbox_facts(struct store *s, const char *channel, const char *batch, struct fact *out,
                         size_t *count);
SK_MUST int outbox_lease(struct store *s, const char *channel, const char *batch, size_t count,
                         int64_t now_ms);
SK_MUST int outbox_try(struct store *s, const char *batch, int64_t now_ms);
/* `failover` "": none. */
SK_MUST int outbox_end(struct store *s, const char *batch, const struct verdict *v,
                       int64_t not_before_ms, const char *failover, int64_t now_ms);
SK_MUST int outbox_recent(struct store *s, int64_t since_ms,
                          void (*fn)(void *ctx, const char *channel, int64_t attempts,
                                     int64_t last_ms),
                          void *ctx);
SK_MUST int outbox_purge(struct store *s, int64_t now_ms);

/* ---- state.c: the running centre. Callers never lock. ---- */

SK_MUST int state_start(struct store *s, const struct life_terms *terms);
void state_stop(void);
struct store *alert_store(void);
/* Keep what changed; 1 when there was something. Store errors are tried again later. */
int state_turn(void);
size_t state_samples(const struct alert_sample *list, size_t count);
void state_host_forget(const char *host);
SK_MUST int state_ack(int64_t no, const char *by);
size_t state_pending(void);
/* Take over into the running centre what the store has now. */
void state_rule_set(const struct alert_rule *r);
SK_MUST int state_rule_get(const char *id, struct alert_rule *out);
size_t state_rules(struct alert_rule *out, size_t cap);
void state_rule_remove(const char *id);
SK_MUST int state_silences_reload(void);
/* Channels: a copy without config is handed to `fn`, under the lock. */
void state_channel_set(struct channel *c); /* takes over its config */
void state_channel_remove(const char *id);
SK_MUST int state_channel_with(const char *id, int (*fn)(void *ctx, struct channel *c), void *ctx);
size_t state_channel_ids(char ids[CHANNELS_MAX][ALERT_KEY_SIZE]);

/* ---- watch.c ---- */

/* Judge what the monitor measures, from its next tick on. */
void watch_monitor_start(void);

/* ---- deliver.c ---- */

void deliver_start(const char *console);
void deliver_turn(void);
const char *deliver_console(void);

/* api_channel.c */
int api_channels(struct http_request *req);
int api_channel_add(struct http_request *req);
int api_channel_patch(struct http_request *req);
int api_channel_remove(struct http_request *req);
int api_channel_test(struct http_request *req);
int api_channel_preview(struct http_request *req);
int api_outbox(struct http_request *req);

extern const struct route alert_routes[];

#endif
