/* The seam to the abuse defence. The rooms that meet strangers tell here what went wrong with which
 * source, and ask how a source is to be treated. A house without the guard room (unit tests) keeps
 * no score: every source is well. All calls: any thread, quick, never block. `source` is address
 * text; text that is no address is let through and not counted. */
#ifndef SK_CORE_ABUSE_H
#define SK_CORE_ABUSE_H

#include <stdint.h>

#include "base/err.h"

/* What a source did. Each has a weight and a name in src/guard/table.c. */
enum abuse_sign {
    ABUSE_MALFORMED, /* a request that no honest client writes */
    ABUSE_HANDSHAKE, /* TLS that failed */
    ABUSE_UNKNOWN,   /* a path, file or method that is not there */
    ABUSE_SLOW,      /* head, body or reading too slow, or no request at all */
    ABUSE_CROWD,     /* more connections than one source may have */
    ABUSE_REQUESTS,  /* anonymous requests beyond the rate */
    ABUSE_LOGIN,     /* a wrong password */
    ABUSE_STUFFING,  /* many accounts tried from one network */
    ABUSE_SIGN_COUNT
};

/* How a source is treated; each stage does all that those before it do. */
enum abuse_stage {
    ABUSE_WELL,
    ABUSE_WATCH,     /* shown, nothing else */
    ABUSE_SLOWED,    /* few anonymous requests */
    ABUSE_CHALLENGE, /* a password is looked at only with a proof of work */
    ABUSE_REFUSE,    /* refused at accept, before anything is allocated */
    ABUSE_STAGE_COUNT
};

void abuse_note(const char *source, enum abuse_sign sign);

/* Somebody whom we know was here: `who` is an account or device id. Where such people come from
 * nobody is refused without an administrator's word (carrier NAT, offices). */
void abuse_good(const char *source, const char *who);

enum abuse_stage abuse_stage(const char *source);

/* One anonymous request of `cost` quarters (a file 1, an API call 4). 0, or -SK_ELIMIT and the wait
 * in `*retry_ms`. */
SK_MUST int abuse_request(const char *source, unsigned cost, int64_t *retry_ms);

/* The guard room fills the seam; at start only, before threads run. */
struct abuse_guard {
    void (*note)(void *ctx, const char *source, enum abuse_sign sign);
    void (*good)(void *ctx, const char *source, const char *who);
    enum abuse_stage (*stage)(void *ctx, const char *source);
    int (*request)(void *ctx, const char *source, unsigned cost, int64_t *retry_ms);
    void *ctx;
};
void abuse_fill(const struct abuse_guard *guard);

#endif
