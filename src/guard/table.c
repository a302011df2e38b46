/* Scores of addresses and networks. A score halves every half life; a stage is entered as soon as
 * its threshold is reached and left when its time is over and the score has fallen below. Bounded:
 * when all cells are taken the least remarkable of a few gives way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"
#include "guard/internal.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    GOOD_FOR_MS = 24 * 60 * MINUTE_MS,
    STRIKES_FOR_MS = 24 * 60 * MINUTE_MS,
    STRIKES_MAX = 8,
    EVICT_LOOKS = 16
};

const struct guard_rules guard_rules_default = {
    .weight =
        {
            [ABUSE_MALFORMED] = 4,
            [ABUSE_HANDSHAKE] = 1,
            [ABUSE_UNKNOWN] = 2,
            [ABUSE_SLOW] = 3,
            [ABUSE_CROWD] = 1,
            [ABUSE_REQUESTS] = 2,
            [ABUSE_LOGIN] = 4,
            [ABUSE_STUFFING] = 20,
        },
    .threshold =
        {[ABUSE_WATCH] = 10, [ABUSE_SLOWED] = 40, [ABUSE_CHALLENGE] = 70, [ABUSE_REFUSE] = 120},
    .ttl_ms = {[ABUSE_WATCH] = 2 * MINUTE_MS,
               [ABUSE_SLOWED] = 2 * MINUTE_MS,
               [ABUSE_CHALLENGE] = 5 * MINUTE_MS,
               [ABUSE_REFUSE] = 10 * MINUTE_MS},
    .half_life_ms = MINUTE_MS,
    .ttl_max_ms = 24 * 60 * MINUTE_MS,
    .quarter_ms = 50, /* five calls or twenty files a second, sixty calls at once */
    .quarter_burst = 240,
    .slow_ms = 250, /* one call a second, ten at once */
    .slow_burst = 40,
    .good_network = 3,
    .cells_max = 32768,
};

static const char *const sign_names[ABUSE_SIGN_COUNT] = {
    [ABUSE_MALFORMED] = "malformed", [ABUSE_HANDSHAKE] = "handshake", [ABUSE_UNKNOWN] = "unknown",
    [ABUSE_SLOW] = "slow",           [ABUSE_CROWD] = "crowd",         [ABUSE_REQUESTS] = "requests",
    [ABUSE_LOGIN] = "login",         [ABUSE_STUFFING] = "stuffing",
};
static const char *const stage_names[ABUSE_STAGE_COUNT] = {"", "watch", "slow", "challenge",
                                                           "refuse"};

const char *guard_sign_name(enum abuse_sign s)
{
    return sign_names[s];
}

const char *guard_stage_name(enum abuse_stage s)
{
    return stage_names[s];
}

enum abuse_stage guard_stage_find(const char *name)
{
    enum abuse_stage s = ABUSE_WATCH;

    while (s < ABUSE_STAGE_COUNT && strcmp(stage_names[s], name) != 0)
        s++;
    return s;
}

struct guard_table {
    struct guard_rules rules;
    struct sk_map *by_prefix;
    size_t hand; /* where the next search for a cell to give up begins */
};

struct guard_table *guard_table_new(const struct guard_rules *rules)
{
    struct guard_table *t = sk_alloc(sizeof(*t));

    t->rules = *rules;
    t->by_prefix = sk_map_new(sizeof(struct guard_prefix));
    return t;
}

void guard_table_free(struct guard_table *t)
{
    struct guard_cell *c;

    if (!t)
        return;
    for (size_t pos = 0; (c = sk_map_next(t->by_prefix, &pos));)
        free(c);
    sk_map_free(t->by_prefix);
    free(t);
}

size_t guard_table_count(const struct guard_table *t)
{
    return sk_map_count(t->by_prefix);
}

/* ---- cells ---- */

static int is_network(const struct guard_cell *c)
{
    return c->prefix.bits < (c->prefix.family == 4 ? 32 : 64);
}

double guard_cell_score(const struct guard_table *t, const struct guard_cell *c, int64_t now_ms)
{
    int64_t age_ms = now_ms > c->score_ms ? now_ms - c->score_ms : 0;

    return c->score * exp2(-(double)age_ms / (double)t->rules.half_life_ms);
}

static struct guard_cell *cell_find(const struct guard_table *t, const struct guard_prefix *p)
{
    return sk_map_find(t->by_prefix, p, sizeof(*p));
}

static void cell_drop(struct guard_table *t, struct guard_cell *c)
{
    sk_map_remove(t->by_prefix, &c->prefix, sizeof(c->prefix));
    free(c);
}

/* All cells are taken: of the next few without a stage the one with the least score goes. */
static int cell_evict(struct guard_table *t, int64_t now_ms)
{
    struct guard_cell *least = NULL;

    for (int i = 0; i < EVICT_LOOKS; i++) {
        struct guard_cell *c = sk_map_next(t->by_prefix, &t->hand);
        if (!c) {
            t->hand = 0;
            continue;
        }
        if (c->stage == ABUSE_WELL && !c->changed &&
            (!least || guard_cell_score(t, c, now_ms) < guard_cell_score(t, least, now_ms)))
            least = c;
    }
    if (!least)
        return -SK_ELIMIT;
    cell_drop(t, least);
    return 0;
}

/* The cell of `p`, made when there is none; NULL when there is no room. */
static struct guard_cell *cell_need(struct guard_table *t, const struct guard_prefix *p,
                                    int64_t now_ms)
{
    struct guard_cell *c = cell_find(t, p);

    if (c)
        return c;
    if (sk_map_count(t->by_prefix) >= t->rules.cells_max && cell_evict(t, now_ms))
        return NULL;
    c = sk_alloc(sizeof(*c));
    c->prefix = *p;
    c->score_ms = now_ms;
    sk_map_put(t->by_prefix, p, sizeof(*p), c);
    return c;
}

static int good_count(const struct guard_cell *c, int64_t now_ms)
{
    int count = 0;

    for (int i = 0; i < GUARD_GOOD_MAX; i++)
        count += c->good[i].who != 0 && now_ms - c->good[i].at_ms < GOOD_FOR_MS;
    return count;
}

static enum abuse_stage stage_by_score(const struct guard_table *t, const struct guard_cell *c,
                                       int64_t now_ms)
{
    double scale = is_network(c) ? GUARD_NETWORK_SCALE : 1;
    double score = guard_cell_score(t, c, now_ms);
    enum abuse_stage s = ABUSE_REFUSE;

    while (s > ABUSE_WELL && score < t->rules.threshold[s] * scale)
        s--;
    if (s == ABUSE_REFUSE && good_count(c, now_ms) >= (is_network(c) ? t->rules.good_network : 1))
        s = ABUSE_CHALLENGE;
    return s;
}

static int64_t ttl_of(const struct guard_table *t, const struct guard_cell *c)
{
    int64_t ttl = t->rules.ttl_ms[c->stage];

    if (c->stage != ABUSE_REFUSE)
        return ttl;
    for (int i = 1; i < c->strikes && ttl < t->rules.ttl_max_ms; i++)
        ttl *= 2;
    return ttl < t->rules.ttl_max_ms ? ttl : t->rules.ttl_max_ms;
}

static void cell_enter(struct guard_table *t, struct guard_cell *c, enum abuse_stage stage,
                       enum abuse_sign reason, int64_t now_ms)
{
    uint8_t raw[16];

    if (!c->id[0]) {
        sk_random(raw, sizeof(raw));
        sk_b32_encode(c->id, raw, sizeof(raw));
        c->since_ms = now_ms;
    }
    if (stage == ABUSE_REFUSE && c->strikes < STRIKES_MAX)
        c->strikes++;
    c->stage = stage;
    c->reason = reason;
    c->until_ms = now_ms + ttl_of(t, c);
    c->changed = 1;
}

static enum abuse_stage cell_note(struct guard_table *t, const struct guard_prefix *p,
                                  enum abuse_sign sign, int64_t now_ms)
{
    struct guard_cell *c = cell_need(t, p, now_ms);

    if (!c)
        return ABUSE_WELL;
    if (c->signs[sign] < UINT32_MAX) /* counts end, they never wrap */
        c->signs[sign]++;
    if (now_ms < c->pardon_ms)
        return c->stage;
    double cap = 4 * t->rules.threshold[ABUSE_REFUSE] * GUARD_NETWORK_SCALE;
    double score = guard_cell_score(t, c, now_ms) + t->rules.weight[sign];
    c->score = score < cap ? score : cap; /* a long flood is not paid for in days */
    c->score_ms = now_ms;
    enum abuse_stage stage = stage_by_score(t, c, now_ms);
    if (stage > c->stage)
        cell_enter(t, c, stage, sign, now_ms);
    return c->stage;
}

static enum abuse_stage worse(enum abuse_stage a, enum abuse_stage b)
{
    return a > b ? a : b;
}

enum abuse_stage guard_table_note(struct guard_table *t, const struct guard_prefix *address,
                                  enum abuse_sign sign, int64_t now_ms)
{
    struct guard_prefix network;

    guard_prefix_network(&network, address);
    enum abuse_stage own = cell_note(t, address, sign, now_ms);
    return worse(own, cell_note(t, &network, sign, now_ms));
}

static void cell_good(struct guard_table *t, const struct guard_prefix *p, uint32_t who,
                      int64_t now_ms)
{
    struct guard_cell *c = cell_need(t, p, now_ms);
    int at = 0;

    if (!c)
        return;
    for (int i = 0; i < GUARD_GOOD_MAX; i++) {
        if (c->good[i].who == who) {
            at = i;
            break;
        }
        if (c->good[i].at_ms < c->good[at].at_ms || c->good[i].who == 0)
            at = i;
    }
    c->good[at].who = who;
    c->good[at].at_ms = now_ms;
}

void guard_table_good(struct guard_table *t, const struct guard_prefix *address, uint32_t who,
                      int64_t now_ms)
{
    struct guard_prefix network;

    guard_prefix_network(&network, address);
    cell_good(t, address, who ? who : 1, now_ms);
    cell_good(t, &network, who ? who : 1, now_ms);
}

static enum abuse_stage stage_now(const struct guard_cell *c, int64_t now_ms)
{
    return c && now_ms < c->until_ms ? c->stage : ABUSE_WELL;
}

enum abuse_stage guard_table_stage(struct guard_table *t, const struct guard_prefix *address,
                                   int64_t now_ms)
{
    struct guard_prefix network;

    guard_prefix_network(&network, address);
    const struct guard_cell *c = cell_find(t, address);
    enum abuse_stage around = stage_now(cell_find(t, &network), now_ms);
    if (around == ABUSE_REFUSE && c && good_count(c, now_ms) > 0)
        around = ABUSE_CHALLENGE; /* the neighbours are bad, this one is known */
    return worse(stage_now(c, now_ms), around);
}

/* ---- rates ---- */

/* One bucket as the moment when it would be empty again; a refused request is not counted. */
static int64_t bucket_take(int64_t *full_ms, int64_t each_ms, int64_t burst, unsigned cost,
                           int64_t now_ms)
{
    int64_t start = *full_ms > now_ms ? *full_ms : now_ms;
    int64_t wait = start + each_ms * cost - each_ms * burst - now_ms;

    if (wait > 0)
        return wait;
    *full_ms = start + each_ms * cost;
    return 0;
}

int guard_table_request(struct guard_table *t, const struct guard_prefix *address, unsigned cost,
                        enum abuse_stage stage, int64_t now_ms, int64_t *retry_ms)
{
    const struct guard_rules *r = &t->rules;
    struct guard_cell *c = cell_need(t, address, now_ms);

    if (!c)
        return 0;
    *retry_ms = bucket_take(&c->full_ms, r->quarter_ms, r->quarter_burst, cost, now_ms);
    if (*retry_ms > 0) {
        (void)guard_table_note(t, address, ABUSE_REQUESTS, now_ms);
        return -SK_ELIMIT;
    }
    if (stage >= ABUSE_SLOWED)
        *retry_ms = bucket_take(&c->slow_full_ms, r->slow_ms, r->slow_burst, cost, now_ms);
    return *retry_ms > 0 ? -SK_ELIMIT : 0;
}

/* ---- by hand, and time ---- */

struct guard_cell *guard_table_set(struct guard_table *t, const struct guard_prefix *p,
                                   enum abuse_stage stage, int64_t now_ms, int64_t until_ms)
{
    struct guard_cell *c = cell_need(t, p, now_ms);

    if (c) {
        cell_enter(t, c, stage, ABUSE_MALFORMED, now_ms);
        c->until_ms = until_ms;
        c->changed = 0;
    }
    return c;
}

static void cell_leave(struct guard_cell *c, int64_t now_ms)
{
    c->stage = ABUSE_WELL;
    c->score = 0;
    c->score_ms = now_ms;
    c->changed = 1;
}

int guard_table_pardon(struct guard_table *t, const char *id, int64_t rest_ms, int64_t now_ms,
                       struct guard_prefix *out)
{
    struct guard_cell *c;

    for (size_t pos = 0; (c = sk_map_next(t->by_prefix, &pos));)
        if (c->id[0] && strcmp(c->id, id) == 0) {
            *out = c->prefix;
            cell_leave(c, now_ms);
            c->strikes = 0;
            c->id[0] = '\0';
            c->changed = c->stored = 0; /* whoever pardons removes the row */
            c->full_ms = c->slow_full_ms = 0;
            memset(c->signs, 0, sizeof(c->signs));
            c->pardon_ms = now_ms + rest_ms;
            return 0;
        }
    return -SK_ENOTFOUND;
}

static int is_quiet(const struct guard_table *t, const struct guard_cell *c, int64_t now_ms)
{
    return c->stage == ABUSE_WELL && c->full_ms <= now_ms && c->slow_full_ms <= now_ms &&
           c->pardon_ms <= now_ms && guard_cell_score(t, c, now_ms) < 0.5 &&
           good_count(c, now_ms) == 0 && (!c->strikes || now_ms - c->until_ms >= STRIKES_FOR_MS);
}

/* Its time is over: stay as long as the score says so, else let go. */
static void cell_end(struct guard_table *t, struct guard_cell *c, int64_t now_ms)
{
    enum abuse_stage stage = stage_by_score(t, c, now_ms);

    if (stage >= c->stage)
        c->until_ms = now_ms + ttl_of(t, c);
    else
        cell_leave(c, now_ms);
}

void guard_table_sweep(struct guard_table *t, int64_t now_ms,
                       void (*changed)(void *ctx, struct guard_cell *c), void *ctx)
{
    struct guard_cell *c;

    for (size_t pos = 0; (c = sk_map_next(t->by_prefix, &pos));) {
        if (c->stage != ABUSE_WELL && now_ms >= c->until_ms)
            cell_end(t, c, now_ms);
        if (c->changed) {
            c->changed = 0;
            changed(ctx, c);
            if (c->stage == ABUSE_WELL) {
                c->id[0] = '\0';
                c->stored = 0;
            }
        }
        if (is_quiet(t, c, now_ms))
            cell_drop(t, c);
    }
}

void guard_table_walk(struct guard_table *t, void (*fn)(void *ctx, struct guard_cell *c), void *ctx)
{
    struct guard_cell *c;

    for (size_t pos = 0; (c = sk_map_next(t->by_prefix, &pos));)
        if (c->stage != ABUSE_WELL)
            fn(ctx, c);
}
