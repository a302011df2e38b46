/* Private parts of the guard room. prefix.c and table.c are pure (no I/O, no clock, no lock) and
 * tested on virtual time; the rest is what the room holds while it runs. */
#ifndef SK_GUARD_INTERNAL_H
#define SK_GUARD_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/abuse.h"
#include "core/authorize.h"
#include "core/room.h"
#include "guard/guard.h"
#include "http/http.h"
#include "store/store.h"

/* ---- prefix.c: addresses and networks ---- */

struct guard_prefix {
    uint8_t family; /* 4 or 6 */
    uint8_t bits;   /* of the address that count; the others are zero in `ip` */
    uint8_t ip[16]; /* IPv4 in the first four bytes */
};

enum { GUARD_PREFIX_TEXT = 52 }; /* "xxxx:..:xxxx/64" with the closing zero */

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/56". IPv4 8..32 bits, IPv6 16..64; an IPv6 address alone
 * is its /64; IPv4 mapped in IPv6 is IPv4. -SK_EINVAL: anything else, or bits behind the prefix. */
SK_MUST int guard_prefix_parse(struct guard_prefix *out, const char *text);
/* The address text of a connection: IPv4 /32, IPv6 /64. -SK_EINVAL: no address. */
SK_MUST int guard_prefix_of_source(struct guard_prefix *out, const char *source);
/* The first `bits` of it. */
void guard_prefix_shorten(struct guard_prefix *out, const struct guard_prefix *p, unsigned bits);
/* The network around an address: IPv4 /24, IPv6 /56. */
void guard_prefix_network(struct guard_prefix *out, const struct guard_prefix *address);
int guard_prefix_contains(const struct guard_prefix *outer, const struct guard_prefix *inner);
const char *guard_prefix_format(char out[GUARD_PREFIX_TEXT], const struct guard_prefix *p);

/* ---- table.c: scores ---- */

enum { GUARD_GOOD_MAX = 4, GUARD_ID_SIZE = 27, GUARD_NOTE_MAX = 200 };

/* Score at which a single address reaches each stage; a network needs GUARD_NETWORK_SCALE times
 * that. The score halves every half_life_ms. */
struct guard_rules {
    double weight[ABUSE_SIGN_COUNT];
    double threshold[ABUSE_STAGE_COUNT];
    int64_t ttl_ms[ABUSE_STAGE_COUNT]; /* how long a stage lasts at least */
    int64_t half_life_ms, ttl_max_ms;
    int64_t quarter_ms, quarter_burst; /* anonymous requests: one quarter each .. ms */
    int64_t slow_ms, slow_burst;       /* the same, for sources that are slowed down */
    int good_network;                  /* known people that keep a network from being refused */
    size_t cells_max;
};

enum { GUARD_NETWORK_SCALE = 4 };

extern const struct guard_rules guard_rules_default;
const char *guard_sign_name(enum abuse_sign s);
const char *guard_stage_name(enum abuse_stage s);
/* ABUSE_STAGE_COUNT when there is none of that name. */
enum abuse_stage guard_stage_find(const char *name);

/* What is known of one address or network. Times are monotonic milliseconds. */
struct guard_cell {
    struct guard_prefix prefix;
    double score; /* at score_ms */
    int64_t score_ms;
    int64_t full_ms, slow_full_ms; /* GCRA */
    uint32_t signs[ABUSE_SIGN_COUNT];
    struct {
        uint32_t who;
        int64_t at_ms;
    } good[GUARD_GOOD_MAX];
    enum abuse_stage stage;
    enum abuse_sign reason;
    int64_t since_ms, until_ms, pardon_ms;
    uint8_t strikes;        /* how often it was refused: the time doubles */
    uint8_t changed;        /* since the last sweep: to be stored */
    uint8_t stored;         /* there is a row */
    char id[GUARD_ID_SIZE]; /* "" until it has a stage */
};

struct guard_table;

struct guard_table *guard_table_new(const struct guard_rules *rules);
void guard_table_free(struct guard_table *t);
/* Tell one sign; the cell of the address and that of its network are judged anew. Returns the
 * stage of the worse of the two. */
enum abuse_stage guard_table_note(struct guard_table *t, const struct guard_prefix *address,
                                  enum abuse_sign sign, int64_t now_ms);
void guard_table_good(struct guard_table *t, const struct guard_prefix *address, uint32_t who,
                      int64_t now_ms);
/* The stage of the address or of its network, whichever is worse. */
enum abuse_stage guard_table_stage(struct guard_table *t, const struct guard_prefix *address,
                                   int64_t now_ms);
/* One anonymous request of `cost` quarters from an address at `stage`. 0, or -SK_ELIMIT and the
 * wait; what is beyond the plain rate is a sign as well. */
SK_MUST int guard_table_request(struct guard_table *t, const struct guard_prefix *address,
                                unsigned cost, enum abuse_stage stage, int64_t now_ms,
                                int64_t *retry_ms);
/* Set a stage by hand or from the store; until_ms decides when it ends. */
struct guard_cell *guard_table_set(struct guard_table *t, const struct guard_prefix *p,
                                   enum abuse_stage stage, int64_t now_ms, int64_t until_ms);
/* Forget score and stage of the cell `id`, and leave it alone until now_ms + rest_ms. */
SK_MUST int guard_table_pardon(struct guard_table *t, const char *id, int64_t rest_ms,
                               int64_t now_ms, struct guard_prefix *out);
/* The score now. */
double guard_cell_score(const struct guard_table *t, const struct guard_cell *c, int64_t now_ms);
/* End what has run out, forget what is quiet; `changed` is called for each cell whose stage changed
 * since the last time, with its new one. */
void guard_table_sweep(struct guard_table *t, int64_t now_ms,
                       void (*changed)(void *ctx, struct guard_cell *c), void *ctx);
/* All cells that have a stage. */
void guard_table_walk(struct guard_table *t, void (*fn)(void *ctx, struct guard_cell *c),
                      void *ctx);
size_t guard_table_count(const struct guard_table *t);

/* ---- ledger.c: what outlives a restart; times are wall milliseconds ---- */

struct guard_entry {
    char id[GUARD_ID_SIZE];
    char prefix[GUARD_PREFIX_TEXT];
    enum abuse_stage stage;
    char reason[16]; /* name of a sign, or "manual" */
    int64_t score, since, until;
    int strikes;
    char actor[ACCOUNT_ID_MAX + 1]; /* "" = the guard itself */
    char note[GUARD_NOTE_MAX + 1];
};

struct guard_allowed {
    char id[GUARD_ID_SIZE];
    char prefix[GUARD_PREFIX_TEXT];
    char note[GUARD_NOTE_MAX + 1];
    char actor[ACCOUNT_ID_MAX + 1];
    int64_t at;
    int fixed; /* from the settings: no row */
};

struct guard_change {
    struct guard_entry entry;
    int is_gone;
};

SK_MUST int guard_ledger_load(struct store *s, int64_t now_ms,
                              int (*entry)(void *ctx, const struct guard_entry *e),
                              int (*allowed)(void *ctx, const struct guard_allowed *a), void *ctx,
                              int *dry_run);
/* Write what the guard itself decided; each with its audit row, one transaction. */
SK_MUST int guard_ledger_changes(struct store *s, const struct guard_change *list, size_t count,
                                 int64_t now_ms);
/* By hand, with the audit row of `p`. */
SK_MUST int guard_ledger_entry_add(struct store *s, const struct guard_entry *e,
                                   const struct principal *p, int64_t now_ms);
SK_MUST int guard_ledger_entry_remove(struct store *s, const char *id, const char *prefix,
                                      const struct principal *p, int64_t now_ms);
SK_MUST int guard_ledger_allow_add(struct store *s, const struct guard_allowed *a,
                                   const struct principal *p);
SK_MUST int guard_ledger_allow_remove(struct store *s, const char *id, const struct principal *p,
                                      int64_t now_ms);
SK_MUST int guard_ledger_dry_run_set(struct store *s, int on, const struct principal *p,
                                     int64_t now_ms);

/* ---- room.c and state.c: the running guard; callers never lock ---- */

enum { GUARD_MANUAL_MAX = 512, GUARD_ALLOW_MAX = 256 };

struct store *guard_store(void);
void guard_state_start(struct store *store, const struct guard_rules *rules, int dry_run);
void guard_state_stop(void);
SK_MUST int guard_state_allow_fixed(const char *list); /* -SK_EINVAL: not a list of prefixes */
SK_MUST int guard_state_load(int64_t mono_ms, int64_t wall_ms);
/* One turn: end, forget, store. Blocks on the store. */
void guard_state_turn(int64_t mono_ms, int64_t wall_ms);

/* The seams. */
int guard_state_admit(const char *source, int64_t now_ms);
void guard_state_note(const char *source, enum abuse_sign sign, int64_t now_ms);
void guard_state_good(const char *source, const char *who, int64_t now_ms);
enum abuse_stage guard_state_stage(const char *source, int64_t now_ms);
int guard_state_request(const char *source, unsigned cost, int64_t now_ms, int64_t *retry_ms);

/* For the routes. */
json_t *guard_state_json(int64_t mono_ms, int64_t wall_ms); /* new reference */
SK_MUST int guard_state_entry_add(const struct guard_entry *e, int64_t mono_ms, int64_t wall_ms);
SK_MUST int guard_state_entry_find(const char *id, struct guard_entry *out);
void guard_state_entry_remove(const char *id, int64_t mono_ms);
SK_MUST int guard_state_allow_add(const struct guard_allowed *a);
SK_MUST int guard_state_allow_remove(const char *id, int dry); /* dry: only look */
int guard_state_is_allowed(const struct guard_prefix *p);
int guard_state_is_dry(void);
void guard_state_dry_set(int on);
/* Every refused prefix, dry run or not. `fn` runs under the lock: it must not call back here. */
void guard_state_refused_each(void (*fn)(void *ctx, const struct guard_prefix *p), void *ctx);
/* script.c: the same as an nftables script. */
SK_MUST int guard_script(struct sk_buf *out);

/* ---- kernel.c: the same in the kernel; the guard's own thread only ---- */

/* Make the table, its sets and rules for our port. -SK_EDENIED: not allowed to (CAP_NET_ADMIN);
 * -SK_EUNSUPPORTED, -SK_EIO: not there. */
SK_MUST int guard_kernel_open(uint16_t port);
void guard_kernel_close(void); /* the table goes with it */
int guard_kernel_is_open(void);
/* Put these in the place of what is there, as a whole or not at all. The lists come back ordered.
 */
SK_MUST int guard_kernel_set(struct guard_prefix *v4, size_t v4_count, struct guard_prefix *v6,
                             size_t v6_count);
/* Rising, without what another of the list contains; returns how many are left. Pure. */
size_t guard_kernel_order(struct guard_prefix *list, size_t count);
/* One turn: follow what is refused now (nothing in a dry run). Fails open. */
void guard_kernel_turn(void);
json_t *guard_entry_json(const struct guard_entry *e);
json_t *guard_allowed_json(const struct guard_allowed *a);

extern const struct route guard_routes[];

#endif
