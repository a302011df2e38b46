/* Private to the edge. One static context (`edge_get`), and one `struct edge_loop` per loop thread
 * whose lists only that thread touches. */
#ifndef SK_EDGE_INTERNAL_H
#define SK_EDGE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/asset.h"
#include "base/buf.h"
#include "base/sys.h"
#include "edge/edge.h"
#include "net/handshake.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/packet.h"
#include "net/stream.h"
#include "wire/http1.h"

enum {
    EDGE_LOOPS_MAX = 16,
    EDGE_PROTOCOLS_MAX = 4,
    EDGE_ENDPOINTS_MAX = 8,
    EDGE_PARALLEL_MAX = 256, /* requests at CivetWeb at once */
    REQUEST_ID_SIZE = 17,
    COOKIE_MAX = 4096,
    HIGH_WATER_BYTES = 128 * 1024, /* queued answer bytes at which a source is paused */
    SLICE_BYTES = 64 * 1024,
    COST_FILE = 1, /* of anonymous requests, in quarters */
    COST_CALL = 4,
    ANSWER_HEAD_MAX = 16384
};

struct conn;
struct exchange;
struct upstream;

/* What belongs to one loop; on its thread only, but for `waiting`, which the pool's lock guards. */
struct edge_loop {
    struct net_loop *loop;
    struct conn *conns;
    struct edge_ws *sockets;
    struct upstream *upstreams; /* all of this loop's */
    struct upstream *idle;      /* those without a request */
    struct exchange *waiting;
    struct http1_request head; /* of the request being judged; dead after that turn */
    struct http1_response answer;
};

struct edge_settings {
    int64_t head_ms, idle_ms, queue_ms, answer_ms;
    uint32_t rate_min_bytes; /* per second, of bodies and of answers */
    uint32_t http_per_source;
    uint32_t sockets_per_account;
};

struct edge {
    struct edge_settings set;
    const char *host; /* of links */
    struct net_listener *listener;
    struct net_handshakes *pool;
    struct edge_protocol protocols[EDGE_PROTOCOLS_MAX];
    size_t protocol_count;
    struct edge_ws_endpoint endpoints[EDGE_ENDPOINTS_MAX];
    size_t endpoint_count;
    struct edge_loop loops[EDGE_LOOPS_MAX];
    unsigned loop_count;
    edge_route_fn route_find;
    _Atomic int draining;
    _Atomic int open_count; /* HTTP connections and sockets */
    _Atomic uint16_t port;
};

struct edge *edge_get(void);
struct edge_loop *edge_loop_of(const struct net_stream *s);
int edge_is_draining(void);

/* ---- sources: HTTP connections and sockets of one address ------------------------------------ */

/* 0 and counted, or -SK_ELIMIT. `source` as text. Any thread. */
SK_MUST int source_add(const char *source);
void source_remove(const char *source);

/* ---- answers (answer.c) ---------------------------------------------------------------------- */

enum answer_cache { CACHE_NEVER, CACHE_ASK, CACHE_FOREVER };

/* Append status line, date and the security fields; the caller adds its own fields, the framing
 * and the empty line. */
SK_MUST int answer_begin(struct sk_buf *b, int status, enum answer_cache cache);
/* Connection field as the client's version needs it, and the empty line. */
SK_MUST int answer_end(struct sk_buf *b, unsigned minor, int keep_alive);
/* 1 when answer_begin sets this field: an upstream's own is dropped. */
int answer_has_field(const struct http1_text *name);

struct problem {
    int status;
    const char *code;  /* a slug of api.md */
    int64_t retry_ms;  /* 0 = none */
    const char *field; /* one more header line without CRLF, or NULL */
};
/* The problem that belongs to an error of the house. */
struct problem problem_of(int err);
SK_MUST int answer_problem(struct sk_buf *b, const struct problem *p, const char *request_id,
                           unsigned minor, int keep_alive, int is_head);

/* ---- connections (conn.c) -------------------------------------------------------------------- */

enum conn_state {
    CONN_IDLE,   /* nothing of a request has come */
    CONN_HEAD,   /* part of a head */
    CONN_BODY,   /* head done, body under way */
    CONN_WAIT,   /* whole request handed on, no answer yet */
    CONN_ANSWER, /* answer under way */
    CONN_CLOSING /* last answer queued */
};

struct conn {
    struct net_stream *stream;
    struct edge_loop *home;
    struct conn *prev, *next;
    enum conn_state state;
    struct sk_buf in; /* bytes not yet used; no memory while idle */
    size_t scan;
    struct exchange *ex;     /* the request at the upstream, while CONN_BODY..CONN_ANSWER */
    struct net_packet *file; /* the static body under way */
    size_t file_at;
    struct net_timer rate; /* looks whether a slow reader takes its answer */
    uint64_t rate_mark;
    unsigned minor;
    int keep_alive, is_head, is_counted, is_dead, body_pending, finish_pending;
    unsigned depth; /* callers on the stack that still use it */
    char request_id[REQUEST_ID_SIZE];
    char source[SOURCE_SIZE];
};

void conn_begin(struct net_stream *s);
void conn_problem(struct conn *c, const struct problem *p);
/* Queue bytes of an answer; 0, or -SK_ECLOSED: the connection was aborted and its end has been told
 * to everybody; touch it no more. */
int conn_write(struct conn *c, const void *data, size_t len);
/* One anonymous request of `cost` quarters (core/abuse.h). 0, or answered with 429. */
SK_MUST int conn_rate_check(struct conn *c, unsigned cost);
/* The answer is whole: next request, or close. */
void conn_finish(struct conn *c);
/* Send `file` (its reference is taken over) as the body, then finish. */
void conn_send_file(struct conn *c, struct net_packet *file);
/* Take the stream away from the connection object, which is freed: an upgrade. `in` (may hold
 * bytes behind the head) goes to the caller, who frees it. */
void conn_give_up(struct conn *c, struct sk_buf *in);
/* Begin the body of c->ex; called once the head is consumed. */
void conn_body_begin(struct conn *c);

/* ---- static files (static.c) ----------------------------------------------------------------- */

void static_answer(struct conn *c, const struct http1_request *req);
int static_accepts_gzip(const struct http1_text *accept_encoding);
int static_etag_matches(const struct http1_text *if_none_match, const char *etag);

/* ---- requests for the upstream (exchange.c, upstream.c) -------------------------------------- */

/* Who waits for a worker is served in this order, and under load sheds in the other. */
enum exchange_rank {
    RANK_ANONYMOUS,
    RANK_KNOWN, /* a session, a token, a device */
    RANK_HEALTH /* whoever watches over the box must hear of it, above all when it is full */
};

struct exchange {
    struct conn *conn; /* NULL once the client has gone */
    struct edge_loop *home;
    struct exchange *next; /* in home->waiting */
    struct upstream *up;
    struct edge_request row; /* wiped with the exchange */
    char host[256];
    char content_type[128];
    char slot[20]; /* text form of the place in the request table; "" = none */
    struct sk_buf body;
    enum http1_body framing;
    uint64_t body_left;
    struct http1_chunks chunks;
    struct net_timer timer;
    int64_t queued_ms;
    enum exchange_rank rank;
    int is_safe, tries, is_head_sent, has_anonymous_place;
};

/* Route, authenticate and set up c->ex from the head; answers a problem itself when refused. The
 * head is consumed from c->in by the caller afterwards. 0 or -SK_EDENIED (answered). */
SK_MUST int exchange_begin(struct conn *c, const struct http1_request *req);
/* Facts of the head into a row; 0 or -SK_ETOOBIG. */
SK_MUST int exchange_row_fill(struct edge_request *row, const struct conn *c,
                              const struct http1_request *req);
/* Take body bytes from c->in. 1: complete; 0: more is needed; negative: refused. */
SK_MUST int exchange_body_feed(struct exchange *ex, struct sk_buf *in);
/* Append the request as CivetWeb gets it. */
SK_MUST int exchange_encode(struct sk_buf *out, const struct exchange *ex);
void exchange_free(struct exchange *ex);
/* 1 when the Origin field is there and is not "https://" + host. */
int origin_is_foreign(const struct http1_request *req);

void upstream_submit(struct exchange *ex);
/* The client has gone: forget the answer. `ex` is dead for the caller. */
void upstream_cancel(struct exchange *ex);
/* The client's queue has emptied. */
void upstream_resume(struct exchange *ex);
/* Close idle connections (and with `all` the others) of this loop. */
void upstream_loop_stop(struct edge_loop *home, int all);

/* ---- the request table (request.c) ----------------------------------------------------------- */

/* Show `row` to `http` until removed; writes the slot's text. -SK_ELIMIT when full. */
SK_MUST int request_add(struct edge_request *row, char slot[20]);
void request_remove(char slot[20]);
/* 64 hexadecimal digits, made at first use. */
const char *request_secret(void);
void request_table_fini(void);

/* ---- sockets (socket.c) ---------------------------------------------------------------------- */

const struct edge_ws_endpoint *socket_endpoint_find(const char *path);
void socket_accept(struct conn *c, const struct edge_ws_endpoint *e,
                   const struct http1_request *req, size_t head_len);
void socket_subscribe(void);
void socket_loop_close(struct edge_loop *home, uint16_t code);
void socket_loop_abort(struct edge_loop *home);

/* ---- plain HTTP on the TLS port (plain.c) ---------------------------------------------------- */

void plain_open(struct net_stream *s);
/* The redirect for one request head, or an error: then the connection is closed. */
SK_MUST int plain_redirect(struct sk_buf *out, const void *head, size_t len, uint16_t port);

/* ---- the TLS identity (identity.c) ----------------------------------------------------------- */

struct identity_options {
    const char *dir;                  /* DATA/tls */
    const char *cert_path, *key_path; /* the owner's, or NULL */
    const char *host;
};
/* Make or read keys, certificates and ticket keys. Logs and returns an error on refusal. */
SK_MUST int identity_start(const struct identity_options *o);
struct identity_tls_options {
    const char *const *alpn, *const *mutual; /* ended by NULL */
    const char *device_ca;                   /* PEM or NULL */
    tls_may_resume_fn *may_resume;
};
/* A configuration of the present identity; the caller's reference. */
SK_MUST int identity_tls(struct tls_config **out, const struct identity_tls_options *o);
/* Look at files, renewal and ticket keys; 1 when the certificate changed. */
int identity_check(int64_t wall_ms, int force);
void identity_stop(void);

#endif
