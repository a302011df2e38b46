/* Between the files of the room. */
#ifndef SK_MONITOR_INTERNAL_H
#define SK_MONITOR_INTERNAL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/authorize.h"
#include "http/http.h"
#include "monitor/facts.h"
#include "monitor/monitor.h"
#include "store/store.h"

enum { SAMPLE_PENDING_MAX = 8 + METRIC_COUNT * 5 };

enum {
    MONITOR_HOSTS_MAX = 2000,
    MONITOR_SELF = 1, /* number of the box itself in metrics.db */
    MONITOR_SILENT_MS = 30000,
    MONITOR_WINDOW_SLOTS = 720, /* two hours: one chunk */
    MONITOR_LATE_SLOTS = 360,   /* an hour: what an agent may bring later */
    MONITOR_EARLY_SLOTS = 1,
    MONITOR_SERIAL_MAX = 20,
    MONITOR_TOKEN_SIZE = 44 /* base64url of 32 bytes, and the zero */
};
#define MONITOR_WINDOW_MS ((int64_t)MONITOR_WINDOW_SLOTS * MONITOR_STEP_MS)

/* ---- table.c: the hosts, and what is newest of each. One lock. ------------------------------- */

struct host_row {
    char id[DEVICE_ID_SIZE];
    int64_t number;
    char name[MONITOR_NAME_MAX + 1], region[MONITOR_NAME_MAX + 1];
    uint8_t cert_serial[MONITOR_SERIAL_MAX];
    size_t cert_serial_len;
    int is_simulated;
};

/* Everything of one host, for the API. */
struct host_view {
    struct monitor_host host;
    struct host_facts facts;
};

struct host_link; /* an agent's link, link.c */
/* End a link soon, on its own loop. Under the table's lock, so it is still there. */
void host_link_cut(struct host_link *l);
/* The protocol's entry (edge_protocol.take). */
struct net_stream;
struct edge_peer;
int host_link_take(void *ctx, struct net_stream *s, const struct edge_peer *peer);

void hosts_start(void);
void hosts_stop(void);
/* -SK_ELIMIT: MONITOR_HOSTS_MAX; -SK_ECONFLICT: it is there. */
SK_MUST int hosts_add(const struct host_row *row);
/* Its number, or -SK_ENOTFOUND. The link, if there is one, is told to close. */
SK_MUST int hosts_remove(const char *id, int64_t *number);
SK_MUST int hosts_find(const char *id, struct host_view *out);
SK_MUST int hosts_number(const char *id, int64_t *number);
size_t hosts_count(void);
void hosts_views_each(void (*fn)(void *ctx, const struct host_view *v), void *ctx);
/* The numbers of all hosts, at most `cap`; how many. */
size_t hosts_numbers(int64_t *out, size_t cap);

/* For the edge: 0 when this certificate is the host's, else -SK_EDENIED. Any thread, quick. */
SK_MUST int hosts_may_link(void *ctx, const char *id, const uint8_t *serial, size_t len);
/* A host has one link: the former one is told to close. -SK_ENOTFOUND: removed meanwhile. */
SK_MUST int hosts_link_set(const char *id, struct host_link *link, const char *source);
void hosts_link_drop(const char *id, const struct host_link *link);
void hosts_facts_set(const char *id, const struct host_facts *f);

/* Take samples of a host: those in time and new become the newest and wait for the disk. Counts
 * what it refuses. Returns the newest slot taken, 0 = none. Any thread. */
int64_t hosts_samples(const char *id, const struct monitor_sample *s, size_t count,
                      int64_t now_wall_ms);

/* What waits for the disk: taken over by the caller (free() it). */
struct pending {
    int64_t host, slot;
    uint16_t len;
    uint8_t data[SAMPLE_PENDING_MAX];
};
struct pending *hosts_pending_take(size_t *count);

/* ---- series.c: metrics.db -------------------------------------------------------------------- */

SK_MUST int series_start(const char *data_dir);
void series_stop(void);
/* Write what waits; call each second. On failure it is lost and counted. */
void series_flush(void);
/* Seal, merge, expire: a little each call. */
void series_turn(int64_t now_wall_ms);
SK_MUST int series_forget(int64_t number);
/* As monitor_series(), by number. */
SK_MUST int series_read(int64_t number, enum monitor_metric m, int64_t from_ms, int64_t to_ms,
                        int64_t *step_ms, int64_t now_ms, struct monitor_point *out, size_t cap,
                        size_t *count);

/* ---- ledger.c: hosts and tokens in core.db --------------------------------------------------- */

SK_MUST int host_ledger_load(struct store *s);
struct token_row {
    char id[SESSION_ID_SIZE];
    uint8_t hash[32];
    char name[MONITOR_NAME_MAX + 1], region[MONITOR_NAME_MAX + 1];
    int64_t created_ms, expires_ms, count;
    int simulated;
};
SK_MUST int host_ledger_token_add(const struct token_row *t, const struct principal *by);
SK_MUST int host_ledger_token_end(const char *id, const struct principal *by, int64_t now_ms);
SK_MUST int host_ledger_token_find(struct token_row *t,
                                   int64_t now_ms); /* by hash; else -SK_EAUTH */
/* Token use and host in one transaction; fills row->number. */
SK_MUST int host_ledger_add(const struct token_row *t, struct host_row *row, const char *source,
                            int64_t now_ms);
SK_MUST int host_ledger_remove(const char *id, const struct principal *by, int64_t now_ms);

/* ---- the rest -------------------------------------------------------------------------------- */

SK_MUST int enrol_agents_start(struct house *house); /* the authority of agents */
void enrol_agents_stop(void);
int api_host_enrol(struct http_request *req);
int api_host_token_add(struct http_request *req);
int api_host_token_end(struct http_request *req);

extern const struct route monitor_routes[];

#endif
