#include <stdlib.h>
#include <string.h>

#include "alert/life.h"
#include "base/map.h"
#include "base/sys.h"
#include "base/text.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, AHEAD_MAX_MS = MINUTE_MS };
enum { LATE_MAX_MS = 10 * MINUTE_MS, PENDING_QUIET_MS = 5 * MINUTE_MS };
enum { KEY_MAX = RULE_ID_MAX + 2 * ALERT_NAME_MAX + 3, RETURNS_MAX = 8 };
enum { FLAP_ENTER = 10, FLAP_LEAVE = 5 }; /* changes among the 20 steps of 21 judgements */

const struct life_terms life_terms_default = {
    .escalate_ms = 15 * MINUTE_MS,
    .reopen_ms = 10 * MINUTE_MS,
    .clear_max_ms = 30 * MINUTE_MS,
    .clear_min_ms = 15 * 1000,
    .silent_ms = 24 * HOUR_MS,
    .keep_ms = 10 * 1000,
};

enum cell_state { CELL_WELL, CELL_PENDING, CELL_FIRING };

/* One fingerprint that was not well at least once. Its clocks are apart from the times that are
 * shown, so that a wall clock that is set moves nothing. */
struct cell {
    struct alert a;
    enum cell_state state;
    const struct alert_rule *rule;
    int64_t since_ms, well_ms, told_ms, ended_ms, seen_ms; /* 0: not */
    uint32_t history;                                      /* newest bit lowest */
    int returns, is_dirty;
};

struct host {
    char name[ALERT_NAME_MAX + 1], ip[SOURCE_SIZE];
    int64_t seen_ms;
    int hiding; /* alerts that hide the others */
};

struct life {
    struct life_terms terms;
    int64_t next_no, kept_ms;
    void (*news)(void *ctx, enum alert_news what, const struct alert *a);
    void *ctx;
    struct alert_rule rules[RULES_MAX];
    size_t rule_count;
    struct alert_silence silences[SILENCES_MAX];
    size_t silence_count;
    struct sk_map *cells, *hosts;
    size_t open, pending;
};

/* ---- making and freeing ---------------------------------------------------------------------- */

struct life *life_new(const struct life_terms *terms, int64_t next_no,
                      void (*news)(void *ctx, enum alert_news what, const struct alert *a),
                      void *ctx)
{
    struct life *l = sk_alloc(sizeof(*l));

    l->terms = *terms;
    l->next_no = next_no;
    l->news = news;
    l->ctx = ctx;
    l->cells = sk_map_new(0);
    l->hosts = sk_map_new(0);
    return l;
}

static void map_drop(struct sk_map *m)
{
    size_t pos = 0;
    void *v;

    while ((v = sk_map_next(m, &pos)))
        free(v);
    sk_map_free(m);
}

void life_free(struct life *l)
{
    if (!l)
        return;
    map_drop(l->cells);
    map_drop(l->hosts);
    free(l);
}

static size_t key_make(char key[KEY_MAX], const char *rule, const char *host, const char *service)
{
    const char *const parts[] = {rule, host, service};
    size_t at = 0;

    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(parts[i]) + 1;
        memcpy(key + at, parts[i], n);
        at += n;
    }
    return at;
}

static size_t cell_key(char key[KEY_MAX], const struct cell *c)
{
    return key_make(key, c->a.rule, c->a.host, c->a.service);
}

static struct host *host_get(struct life *l, const char *name, int make)
{
    struct host *h = sk_map_find(l->hosts, name, strlen(name));

    if (h || !make || sk_map_count(l->hosts) >= ALERT_HOSTS_MAX)
        return h;
    h = sk_alloc(sizeof(*h));
    SK_ASSERT(sk_copy(h->name, sizeof(h->name), name) == 0);
    sk_map_put(l->hosts, name, strlen(name), h);
    return h;
}

static const struct alert_rule *rule_of(const struct life *l, const char *id)
{
    for (size_t i = 0; i < l->rule_count; i++)
        if (strcmp(l->rules[i].id, id) == 0)
            return &l->rules[i];
    return NULL;
}

/* ---- telling --------------------------------------------------------------------------------- */

static int silence_covers(const struct life *l, const struct alert *a, int64_t now_ms)
{
    for (size_t i = 0; i < l->silence_count; i++) {
        const struct alert_silence *s = &l->silences[i];
        if (s->from_ms <= now_ms && now_ms < s->until_ms &&
            (!s->host[0] || strcmp(s->host, a->host) == 0) &&
            (!s->rule[0] || strcmp(s->rule, a->rule) == 0))
            return 1;
    }
    return 0;
}

static void tell(struct life *l, struct cell *c, enum alert_news what)
{
    c->is_dirty = 0;
    l->news(l->ctx, what, &c->a);
}

/* Look at what keeps a firing alert from being told, and tell it when nothing does any more. */
static void consider(struct life *l, struct cell *c, int64_t now_ms, int is_new)
{
    const struct host *h = host_get(l, c->a.host, 0);
    int was = c->a.is_silenced * 2 + c->a.is_inhibited;

    c->a.is_silenced = silence_covers(l, &c->a, now_ms);
    c->a.is_inhibited = h && h->hiding > 0 && !(c->rule && c->rule->inhibits);
    if (!c->a.is_told && !c->a.is_silenced && !c->a.is_inhibited) {
        c->a.is_told = 1;
        c->told_ms = now_ms;
        tell(l, c, ALERT_FIRED);
    } else if (is_new || was != c->a.is_silenced * 2 + c->a.is_inhibited) {
        tell(l, c, ALERT_CHANGED);
    }
}

/* All open alerts of a host (NULL: of all) once more. */
static void consider_all(struct life *l, const char *host, int64_t now_ms)
{
    struct cell *c;
    size_t pos = 0;

    while ((c = sk_map_next(l->cells, &pos)))
        if (c->state == CELL_FIRING && (!host || strcmp(c->a.host, host) == 0))
            consider(l, c, now_ms, 0);
}

static void hiding_change(struct life *l, const struct cell *c, int by, int64_t now_ms)
{
    struct host *h = c->rule && c->rule->inhibits ? host_get(l, c->a.host, 1) : NULL;

    if (!h)
        return;
    h->hiding += by;
    if (h->hiding == (by > 0))
        consider_all(l, c->a.host, now_ms);
}

/* ---- from state to state --------------------------------------------------------------------- */

static void fire(struct life *l, struct cell *c, int64_t now_ms)
{
    int is_return = c->ended_ms && now_ms - c->ended_ms < l->terms.reopen_ms;

    if (is_return) {
        c->returns += c->returns < RETURNS_MAX;
        c->a.episodes++;
    } else {
        c->returns = 0;
        c->a.no = l->next_no++;
        c->a.first_ms = now_ms;
        c->a.episodes = 1;
        c->a.count = 0;
        c->a.peak = c->a.value;
    }
    c->a.resolved_ms = c->a.acked_ms = c->a.escalated_ms = 0;
    c->a.acked_by[0] = '\0';
    c->a.is_told = c->a.is_flapping = 0;
    c->state = CELL_FIRING;
    c->well_ms = c->told_ms = c->ended_ms = 0;
    l->open++;
    consider(l, c, now_ms, 1);
    hiding_change(l, c, 1, now_ms);
}

static void resolve(struct life *l, struct cell *c, int64_t now_ms)
{
    c->state = CELL_WELL;
    c->ended_ms = c->a.resolved_ms = now_ms;
    c->a.is_flapping = c->a.is_inhibited = c->a.is_silenced = 0;
    l->open--;
    tell(l, c, c->a.is_told ? ALERT_RESOLVED : ALERT_ENDED);
    hiding_change(l, c, -1, now_ms);
}

static void state_leave(struct life *l, struct cell *c)
{
    l->pending -= c->state == CELL_PENDING;
    c->state = CELL_WELL;
}

/* How long it must be well before it ends: longer each time that it came back. */
static int64_t clear_ms_of(const struct life *l, const struct cell *c)
{
    int64_t ms = c->rule ? c->rule->clear_ms : 0;

    if (ms < l->terms.clear_min_ms)
        ms = l->terms.clear_min_ms;
    for (int i = 0; i < c->returns && ms < l->terms.clear_max_ms; i++)
        ms *= 2;
    return ms < l->terms.clear_max_ms || !c->returns ? ms : l->terms.clear_max_ms;
}

static void resolve_if_due(struct life *l, struct cell *c, int64_t now_ms)
{
    if (c->state == CELL_FIRING && c->well_ms && !c->a.is_flapping &&
        now_ms - c->well_ms >= clear_ms_of(l, c))
        resolve(l, c, now_ms);
}

static int history_changes(uint32_t h)
{
    uint32_t steps = (h ^ h >> 1) & ((1u << (ALERT_HISTORY - 1)) - 1);
    int n = 0;

    for (; steps; steps &= steps - 1)
        n++;
    return n;
}

static void history_add(struct cell *c, int breached, int cleared)
{
    uint32_t bit = breached ? 1 : cleared ? 0 : c->history & 1;

    c->history = (c->history << 1 | bit) & ((1u << ALERT_HISTORY) - 1);
    int changes = history_changes(c->history), was = c->a.is_flapping;
    if (c->state == CELL_FIRING && changes >= FLAP_ENTER)
        c->a.is_flapping = 1;
    else if (changes <= FLAP_LEAVE)
        c->a.is_flapping = 0;
    c->is_dirty |= was != c->a.is_flapping;
}

static int is_further(const struct alert_rule *r, int64_t a, int64_t b)
{
    if (r->metric->is_offset)
        return llabs(a) > llabs(b);
    return r->is_below ? a < b : a > b;
}

static void breach_note(struct cell *c, int64_t value, int64_t other, int64_t now_ms)
{
    c->a.value = value;
    c->a.other = other;
    c->a.last_ms = now_ms;
    if (c->state == CELL_FIRING) {
        c->a.count++;
        if (is_further(c->rule, value, c->a.peak))
            c->a.peak = value;
        c->is_dirty = 1;
    }
}

static void judge(struct life *l, struct cell *c, int64_t value, int64_t other, int64_t now_ms)
{
    int64_t judged = c->rule->metric->is_offset ? llabs(value) - llabs(other) : value;
    int breached = alert_rule_breached(c->rule, judged);
    int cleared = alert_rule_cleared(c->rule, judged);

    c->seen_ms = now_ms;
    if (breached)
        breach_note(c, value, other, now_ms);
    if (c->state == CELL_WELL && breached) {
        c->state = CELL_PENDING;
        c->since_ms = now_ms;
        l->pending++;
    } else if (c->state == CELL_PENDING && !breached) {
        state_leave(l, c);
    }
    if (c->state == CELL_PENDING && now_ms - c->since_ms >= c->rule->for_ms) {
        state_leave(l, c);
        fire(l, c, now_ms);
        c->a.count++;
    }
    history_add(c, breached, cleared);
    if (c->state == CELL_FIRING)
        c->well_ms = !cleared ? 0 : c->well_ms ? c->well_ms : now_ms;
    resolve_if_due(l, c, now_ms);
}

/* ---- samples --------------------------------------------------------------------------------- */

static struct cell *cell_make(struct life *l, const struct alert_rule *r, const char *host,
                              const char *service)
{
    char key[KEY_MAX];
    size_t len = key_make(key, r->id, host, service);
    struct cell *c;

    if (sk_map_count(l->cells) >= ALERTS_OPEN_MAX)
        return NULL;
    c = sk_alloc(sizeof(*c));
    SK_ASSERT(sk_copy(c->a.host, sizeof(c->a.host), host) == 0);
    SK_ASSERT(sk_copy(c->a.service, sizeof(c->a.service), service) == 0);
    SK_ASSERT(sk_copy(c->a.rule, sizeof(c->a.rule), r->id) == 0);
    alert_fingerprint(c->a.fingerprint, r->id, host, service);
    c->rule = r;
    sk_map_put(l->cells, key, len, c);
    return c;
}

/* What an alert says of its rule is the rule's of now. */
static void rule_copy(struct cell *c, const char *ip)
{
    c->a.level = c->rule->level;
    c->a.metric = c->rule->metric;
    c->a.limit = c->rule->limit;
    memcpy(c->a.title, c->rule->title, sizeof(c->a.title));
    if (ip[0])
        SK_ASSERT(sk_copy(c->a.ip, sizeof(c->a.ip), ip) == 0);
}

static void rule_apply(struct life *l, const struct alert_rule *r, const struct alert_sample *s,
                       int64_t value, int64_t other, int64_t now_ms)
{
    char key[KEY_MAX];
    size_t len = key_make(key, r->id, s->host, s->service);
    struct cell *c = sk_map_find(l->cells, key, len);

    if (!c && alert_rule_breached(r, r->metric->is_offset ? llabs(value) : value))
        c = cell_make(l, r, s->host, s->service);
    if (!c)
        return; /* well, as most are: nothing is kept of it */
    rule_copy(c, s->ip);
    judge(l, c, value, other, now_ms);
}

static void rules_apply(struct life *l, const struct alert_metric *m, const struct alert_sample *s,
                        int64_t value, int64_t other, int64_t now_ms)
{
    for (size_t i = 0; i < l->rule_count; i++) {
        const struct alert_rule *r = &l->rules[i];
        if (r->is_enabled && r->metric == m && (!r->host[0] || strcmp(r->host, s->host) == 0))
            rule_apply(l, r, s, value, other, now_ms);
    }
}

int life_sample(struct life *l, const struct alert_sample *s, int64_t now_ms)
{
    const struct alert_metric *m = alert_metric_find(s->metric);
    int64_t value, other;

    if (!m || !alert_text_is_plain(s->host, ALERT_NAME_MAX) ||
        (s->service[0] && !alert_text_is_plain(s->service, ALERT_NAME_MAX)) ||
        (s->ip[0] && !alert_text_is_plain(s->ip, SOURCE_SIZE - 1)) ||
        s->at_ms > now_ms + AHEAD_MAX_MS || s->at_ms < now_ms - LATE_MAX_MS ||
        alert_milli_of(&value, s->value) || alert_milli_of(&other, s->other))
        return -SK_EINVAL;
    struct host *h = host_get(l, s->host, 1);
    if (h) {
        h->seen_ms = now_ms;
        SK_ASSERT(sk_copy(h->ip, sizeof(h->ip), s->ip) == 0);
    }
    rules_apply(l, m, s, value, other, now_ms);
    return 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

static void absence_judge(struct life *l, int64_t now_ms)
{
    const struct alert_metric *m = alert_metric_find("host_absent_s");
    struct host *h;
    size_t pos = 0;

    while ((h = sk_map_next(l->hosts, &pos))) {
        const struct alert_sample s = {.host = h->name, .ip = h->ip, .service = ""};
        if (h->seen_ms)
            rules_apply(l, m, &s, now_ms - h->seen_ms, 0, now_ms);
    }
}

static void escalate_if_due(struct life *l, struct cell *c, int64_t now_ms)
{
    if (l->terms.escalate_ms && c->a.level == ALERT_ERROR && c->a.is_told && !c->a.acked_ms &&
        !c->a.escalated_ms && !c->a.is_silenced && !c->a.is_inhibited &&
        now_ms - c->told_ms >= l->terms.escalate_ms) {
        c->a.escalated_ms = now_ms;
        tell(l, c, ALERT_ESCALATED);
    }
}

static void firing_tick(struct life *l, struct cell *c, int64_t now_ms, int keep)
{
    if (now_ms - c->seen_ms >= l->terms.silent_ms) {
        resolve(l, c, now_ms);
        return;
    }
    consider(l, c, now_ms, 0);
    escalate_if_due(l, c, now_ms);
    if (keep && c->is_dirty)
        tell(l, c, ALERT_CHANGED);
    resolve_if_due(l, c, now_ms);
}

void life_tick(struct life *l, int64_t now_ms)
{
    int keep = now_ms - l->kept_ms >= l->terms.keep_ms;
    struct cell *c;
    size_t pos = 0;

    absence_judge(l, now_ms);
    while ((c = sk_map_next(l->cells, &pos))) {
        if (c->state == CELL_PENDING && now_ms - c->seen_ms >= PENDING_QUIET_MS)
            state_leave(l, c);
        if (c->state == CELL_FIRING)
            firing_tick(l, c, now_ms, keep);
        if (c->state == CELL_WELL && (!c->history || now_ms - c->seen_ms >= LATE_MAX_MS) &&
            (!c->ended_ms || now_ms - c->ended_ms >= l->terms.reopen_ms)) {
            char key[KEY_MAX];
            sk_map_remove(l->cells, key, cell_key(key, c));
            free(c);
        }
    }
    if (keep)
        l->kept_ms = now_ms;
}

static void moved(int64_t *t, int64_t by)
{
    if (*t)
        *t += by;
}

void life_shift(struct life *l, int64_t delta_ms)
{
    struct cell *c;
    struct host *h;
    size_t pos = 0;

    while ((c = sk_map_next(l->cells, &pos))) {
        moved(&c->since_ms, delta_ms);
        moved(&c->well_ms, delta_ms);
        moved(&c->told_ms, delta_ms);
        moved(&c->ended_ms, delta_ms);
        moved(&c->seen_ms, delta_ms);
    }
    for (pos = 0; (h = sk_map_next(l->hosts, &pos));)
        moved(&h->seen_ms, delta_ms);
    moved(&l->kept_ms, delta_ms);
}

/* ---- what people change ---------------------------------------------------------------------- */

/* End it, whatever it was, and leave it as if it had never been. */
static void cell_end(struct life *l, struct cell *c, int64_t now_ms)
{
    if (c->state == CELL_FIRING)
        resolve(l, c, now_ms);
    state_leave(l, c);
    c->history = 0;
    c->ended_ms = 0;
}

void life_rules_set(struct life *l, const struct alert_rule *rules, size_t count, int64_t now_ms)
{
    struct cell *c;
    size_t pos = 0;

    SK_ASSERT(count <= RULES_MAX);
    while ((c = sk_map_next(l->cells, &pos))) { /* while the former rules are there */
        const struct alert_rule *r = NULL;
        for (size_t i = 0; i < count && !r; i++)
            if (strcmp(rules[i].id, c->a.rule) == 0)
                r = &rules[i];
        if (!r || !r->is_enabled || (r->host[0] && strcmp(r->host, c->a.host) != 0))
            cell_end(l, c, now_ms);
    }
    memcpy(l->rules, rules, count * sizeof(*rules));
    l->rule_count = count;
    for (pos = 0; (c = sk_map_next(l->cells, &pos));)
        c->rule = rule_of(l, c->a.rule);
    life_tick(l, now_ms); /* cells without a rule are well, and go */
}

void life_silences_set(struct life *l, const struct alert_silence *list, size_t count,
                       int64_t now_ms)
{
    SK_ASSERT(count <= SILENCES_MAX);
    if (count)
        memcpy(l->silences, list, count * sizeof(*list));
    l->silence_count = count;
    consider_all(l, NULL, now_ms);
}

int life_load(struct life *l, const struct alert *a)
{
    const struct alert_rule *r = rule_of(l, a->rule);
    struct cell *c = r ? cell_make(l, r, a->host, a->service) : NULL;
    struct host *h;

    if (!c)
        return -SK_ELIMIT;
    c->a = *a;
    c->returns = a->episodes > RETURNS_MAX ? RETURNS_MAX : (int)a->episodes - 1;
    c->seen_ms = a->last_ms;
    c->told_ms = a->is_told ? a->first_ms : 0;
    c->ended_ms = a->resolved_ms;
    c->state = a->resolved_ms ? CELL_WELL : CELL_FIRING;
    c->history = !a->resolved_ms;
    l->open += !a->resolved_ms;
    h = !a->resolved_ms && (r->inhibits || r->metric->is_state) ? host_get(l, a->host, 1) : NULL;
    if (h)
        h->hiding += r->inhibits;
    if (h && r->inhibits) /* still missed, until it is heard of */
        h->seen_ms = a->first_ms;
    return 0;
}

void life_host_forget(struct life *l, const char *host, int64_t now_ms)
{
    struct cell *c;
    size_t pos = 0;

    while ((c = sk_map_next(l->cells, &pos)))
        if (strcmp(c->a.host, host) == 0)
            cell_end(l, c, now_ms);
    free(sk_map_remove(l->hosts, host, strlen(host)));
}

static struct cell *cell_of(const struct life *l, int64_t no)
{
    struct cell *c;
    size_t pos = 0;

    while ((c = sk_map_next(l->cells, &pos)))
        if (no && c->a.no == no)
            return c;
    return NULL;
}

int life_ack(struct life *l, int64_t no, const char *by, int64_t now_ms)
{
    struct cell *c = cell_of(l, no);

    if (!c)
        return -SK_ENOTFOUND;
    if (c->a.resolved_ms)
        return -SK_ECONFLICT;
    c->a.acked_ms = by ? now_ms : 0;
    return sk_copy(c->a.acked_by, sizeof(c->a.acked_by), by ? by : "");
}

const struct alert *life_find(const struct life *l, int64_t no)
{
    const struct cell *c = cell_of(l, no);

    return c ? &c->a : NULL;
}

size_t life_pending_count(const struct life *l)
{
    return l->pending;
}

size_t life_open_count(const struct life *l)
{
    return l->open;
}
