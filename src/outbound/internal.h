/* Private parts of the outbound room: the guard and the message are pure; the lanes own threads. */
#ifndef SK_OUTBOUND_INTERNAL_H
#define SK_OUTBOUND_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/addr.h"
#include "outbound/outbound.h"

/* ---- guard.c: which addresses may be knocked at ---- */

enum { GUARD_ALLOW_MAX = 64 };

struct guard_prefix {
    struct net_addr addr;
    unsigned bits;
};

struct guard {
    struct guard_prefix allow[GUARD_ALLOW_MAX];
    size_t count;
};

/* "127.0.0.1, 10.0.0.0/8 fd00::/8": addresses and prefixes, commas or blanks between. -SK_EINVAL,
 * -SK_ETOOBIG. */
SK_MUST int guard_parse(struct guard *out, const char *text);
/* 1 for what belongs to the public internet (IANA special-purpose registries, RFC 6890) or is on
 * the list. An IPv4 address inside an IPv6 one (mapped, NAT64) is judged as what it is. */
int guard_admits(const struct guard *g, const struct net_addr *a);

/* ---- message.c: what a mail looks like on the wire (RFC 5322, 2045, 2047) ---- */

/* -SK_EINVAL: something a header may not hold. `random`: 16 bytes for the message id. */
SK_MUST int message_make(struct sk_buf *out, const char *from, const struct outbound_mail *mail,
                         int64_t wall_ms, const uint8_t random[16]);

/* ---- job.c ---- */

struct job {
    struct job *next;
    int is_mail;
    char *method, *url;
    void *headers; /* struct curl_slist */
    struct sk_buf body;
    size_t answer_max;
    char *to;
    int64_t not_before_ms, deadline_ms; /* monotonic */
    int tries;
    outbound_done_fn done;
    void *ctx;
};

void job_free(struct job *j);

/* What all transfers share; made by start, constant while threads run. */
struct outbound_state {
    struct guard guard;
    const char *ca_file;
    const char *smtp_host, *smtp_user, *mail_from;
    char smtp_url[320];
    struct sk_buf smtp_password;
    int smtp_tls; /* enum smtp_tls */
    int64_t mail_tries_ms;
    _Atomic int stopping;
};
enum smtp_tls { SMTP_STARTTLS, SMTP_TLS, SMTP_PLAIN };
struct outbound_state *outbound_get(void);

/* transfer.c: one try of one job, on a lane's thread. The answer's body lies in `body`. */
void transfer_run(struct job *j, struct outbound_answer *answer, struct sk_buf *body);

/* ---- lane.c: a queue with threads of its own ---- */

struct lane;
SK_MUST int lane_start(struct lane **out, unsigned threads, size_t waiting_max,
                       void (*run)(struct lane *l, struct job *j));
/* Taken over when 0; -SK_EBUSY full, -SK_ECLOSED stopping. `again`: not counted against the cap. */
SK_MUST int lane_put(struct lane *l, struct job *j, int again);
/* Ends the threads; jobs that wait are given to `end`. */
void lane_stop(struct lane **l, void (*end)(struct job *j));

#endif
