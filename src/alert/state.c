/* What the centre holds while it runs, under one lock. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alert/internal.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"

enum { STEP_MS = 5000, NEWS_MAX = 100000, NEWS_AT_ONCE = 500 };

static struct {
    pthread_mutex_t lock;
    struct store *store;
    struct life *life;
    struct alert_rule rules[RULES_MAX];
    size_t rule_count;
    struct alert_silence silences[SILENCES_MAX];
    size_t silence_count;
    struct channel *channels[CHANNELS_MAX];
    size_t channel_count;
    struct news *news; /* not yet in the store, oldest first */
    size_t news_count, news_cap;
    int64_t wall_ms, mono_ms; /* at the last look */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct store *alert_store(void)
{
    return state.store;
}

/* The wall clock; when it was set, what is measured goes on. Under the lock. */
static int64_t now_locked(void)
{
    int64_t wall = sk_clock_wall_ms(), mono = sk_clock_mono_ms();
    int64_t step = (wall - state.wall_ms) - (mono - state.mono_ms);

    if (state.mono_ms && (step > STEP_MS || step < -STEP_MS))
        life_shift(state.life, step);
    state.wall_ms = wall;
    state.mono_ms = mono;
    return wall;
}

/* ---- news ------------------------------------------------------------------------------------ */

static void news_keep(void *ctx, enum alert_news what, const struct alert *a)
{
    (void)ctx;
    if (state.news_count == NEWS_MAX) {
        metric_refused("alert", "news");
        return;
    }
    if (state.news_count == state.news_cap) {
        state.news_cap = state.news_cap ? 2 * state.news_cap : 64;
        state.news = sk_realloc(state.news, state.news_cap * sizeof(*state.news));
    }
    state.news[state.news_count++] = (struct news){what, *a, state.wall_ms};
}

static size_t routes_copy(struct route_to to[CHANNELS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < state.channel_count; i++) {
        const struct channel *c = state.channels[i];
        if (!c->is_enabled)
            continue;
        memcpy(to[n].id, c->id, sizeof(c->id));
        memcpy(to[n].name, c->name, sizeof(c->name));
        to[n].errors_only = c->errors_only;
        to[n++].escalation = c->escalation;
    }
    return n;
}

int state_turn(void)
{
    static struct news taken[NEWS_AT_ONCE]; /* the turning thread's alone */
    struct route_to to[CHANNELS_MAX];

    pthread_mutex_lock(&state.lock);
    life_tick(state.life, now_locked());
    size_t n = state.news_count < NEWS_AT_ONCE ? state.news_count : NEWS_AT_ONCE;
    if (n)
        memcpy(taken, state.news, n * sizeof(*taken));
    size_t to_count = routes_copy(to);
    pthread_mutex_unlock(&state.lock);
    if (!n)
        return 0;
    int err = alert_ledger_news_write(state.store, taken, n, to, to_count);
    if (err) { /* they stay, and are tried again */
        log_warn("alert", "store", "reason=\"%s\" waiting=%zu", sk_error_text(err), n);
        return 0;
    }
    pthread_mutex_lock(&state.lock);
    state.news_count -= n;
    memmove(state.news, state.news + n, state.news_count * sizeof(*state.news));
    pthread_mutex_unlock(&state.lock);
    return 1;
}

/* ---- samples --------------------------------------------------------------------------------- */

size_t state_samples(const struct alert_sample *list, size_t count)
{
    size_t refused = 0;

    pthread_mutex_lock(&state.lock);
    for (size_t i = 0; state.life && i < count; i++)
        refused += life_sample(state.life, &list[i], now_locked()) != 0;
    pthread_mutex_unlock(&state.lock);
    if (refused)
        metric_add(metric_get("skep_refused_total", "room=\"alert\",reason=\"sample\""),
                   (int64_t)refused);
    return refused;
}

void state_host_forget(const char *host)
{
    pthread_mutex_lock(&state.lock);
    if (state.life)
        life_host_forget(state.life, host, now_locked());
    pthread_mutex_unlock(&state.lock);
}

int state_ack(int64_t no, const char *by)
{
    pthread_mutex_lock(&state.lock);
    int err = life_ack(state.life, no, by, now_locked());
    pthread_mutex_unlock(&state.lock);
    return err;
}

size_t state_pending(void)
{
    pthread_mutex_lock(&state.lock);
    size_t n = life_pending_count(state.life);
    pthread_mutex_unlock(&state.lock);
    return n;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static struct alert_rule *rule_locked(const char *id)
{
    for (size_t i = 0; i < state.rule_count; i++)
        if (strcmp(state.rules[i].id, id) == 0)
            return &state.rules[i];
    return NULL;
}

static int rule_put_locked(const struct alert_rule *r)
{
    struct alert_rule *at = rule_locked(r->id);

    if (!at && state.rule_count == RULES_MAX)
        return -SK_ELIMIT;
    if (!at)
        at = &state.rules[state.rule_count++];
    int is_builtin = at->is_builtin || r->is_builtin;
    *at = *r;
    at->is_builtin = is_builtin;
    return 0;
}

void state_rule_set(const struct alert_rule *r)
{
    pthread_mutex_lock(&state.lock);
    SK_ASSERT(rule_put_locked(r) == 0);
    life_rules_set(state.life, state.rules, state.rule_count, now_locked());
    pthread_mutex_unlock(&state.lock);
}

int state_rule_get(const char *id, struct alert_rule *out)
{
    pthread_mutex_lock(&state.lock);
    const struct alert_rule *r = rule_locked(id);
    if (r)
        *out = *r;
    pthread_mutex_unlock(&state.lock);
    return r ? 0 : -SK_ENOTFOUND;
}

size_t state_rules(struct alert_rule *out, size_t cap)
{
    pthread_mutex_lock(&state.lock);
    size_t n = state.rule_count < cap ? state.rule_count : cap;
    memcpy(out, state.rules, n * sizeof(*out));
    pthread_mutex_unlock(&state.lock);
    return n;
}

void state_rule_remove(const char *id)
{
    pthread_mutex_lock(&state.lock);
    struct alert_rule *r = rule_locked(id);
    if (r) {
        *r = state.rules[--state.rule_count];
        life_rules_set(state.life, state.rules, state.rule_count, now_locked());
    }
    pthread_mutex_unlock(&state.lock);
}

/* ---- silences -------------------------------------------------------------------------------- */

static int silence_take(void *ctx, const struct silence_row *r)
{
    (void)ctx;
    if (state.silence_count == SILENCES_MAX)
        return -SK_ELIMIT;
    state.silences[state.silence_count++] = r->s;
    return 0;
}

int state_silences_reload(void)
{
    int64_t next;

    pthread_mutex_lock(&state.lock);
    state.silence_count = 0;
    int err =
        alert_ledger_load(state.store, now_locked(), NULL, silence_take, NULL, NULL, &next, NULL);
    if (!err)
        life_silences_set(state.life, state.silences, state.silence_count, now_locked());
    pthread_mutex_unlock(&state.lock);
    return err;
}

/* ---- channels -------------------------------------------------------------------------------- */

static size_t channel_at_locked(const char *id)
{
    size_t i = 0;

    while (i < state.channel_count && strcmp(state.channels[i]->id, id) != 0)
        i++;
    return i;
}

static void channel_free(struct channel *c)
{
    json_decref(c->config);
    sk_wipe(c, sizeof(*c));
    free(c);
}

/* A changed channel keeps its window and begins with a clean slate otherwise. */
static int channel_put_locked(struct channel *c)
{
    size_t i = channel_at_locked(c->id);

    if (i == CHANNELS_MAX)
        return -SK_ELIMIT;
    if (i == state.channel_count) {
        state.channels[state.channel_count++] = sk_alloc(sizeof(*c));
    } else {
        c->window = state.channels[i]->window;
        c->in_flight = state.channels[i]->in_flight;
        json_decref(state.channels[i]->config);
    }
    *state.channels[i] = *c;
    c->config = NULL;
    return 0;
}

void state_channel_set(struct channel *c)
{
    pthread_mutex_lock(&state.lock);
    SK_ASSERT(channel_put_locked(c) == 0);
    pthread_mutex_unlock(&state.lock);
}

void state_channel_remove(const char *id)
{
    pthread_mutex_lock(&state.lock);
    size_t i = channel_at_locked(id);
    if (i < state.channel_count) {
        channel_free(state.channels[i]);
        state.channels[i] = state.channels[--state.channel_count];
    }
    pthread_mutex_unlock(&state.lock);
}

int state_channel_with(const char *id, int (*fn)(void *ctx, struct channel *c), void *ctx)
{
    pthread_mutex_lock(&state.lock);
    size_t i = channel_at_locked(id);
    int err = i < state.channel_count ? fn(ctx, state.channels[i]) : -SK_ENOTFOUND;
    pthread_mutex_unlock(&state.lock);
    return err;
}

size_t state_channel_ids(char ids[CHANNELS_MAX][ALERT_KEY_SIZE])
{
    pthread_mutex_lock(&state.lock);
    size_t n = state.channel_count;
    for (size_t i = 0; i < n; i++)
        memcpy(ids[i], state.channels[i]->id, ALERT_KEY_SIZE);
    pthread_mutex_unlock(&state.lock);
    return n;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static int rule_load(void *ctx, const struct alert_rule *r)
{
    (void)ctx;
    return rule_put_locked(r);
}

static int channel_load(void *ctx, struct channel *c)
{
    (void)ctx;
    return channel_put_locked(c);
}

static int alert_load(void *ctx, const struct alert *a)
{
    (void)ctx;
    if (life_load(state.life, a))
        log_warn("alert", "load", "no=%lld reason=\"its rule is no more\"", (long long)a->no);
    return 0;
}

static void window_load(void *ctx, const char *id, int64_t attempts, int64_t last_ms)
{
    size_t i = channel_at_locked(id);

    (void)ctx;
    for (; i < state.channel_count && attempts > 0; attempts--)
        window_add(&state.channels[i]->window, last_ms);
}

int state_start(struct store *s, const struct life_terms *terms)
{
    int64_t now = sk_clock_wall_ms(), next = 1;

    pthread_mutex_lock(&state.lock);
    state.store = s;
    for (size_t i = 0; alert_rule_builtin(i); i++)
        SK_ASSERT(rule_put_locked(alert_rule_builtin(i)) == 0);
    int err = alert_ledger_load(s, now, rule_load, NULL, NULL, channel_load, &next, NULL);
    state.life = life_new(terms, next, news_keep, NULL);
    now = now_locked();
    life_rules_set(state.life, state.rules, state.rule_count, now);
    if (!err)
        err = alert_ledger_load(s, now, NULL, silence_take, alert_load, NULL, &next, NULL);
    if (!err)
        life_silences_set(state.life, state.silences, state.silence_count, now);
    if (!err)
        err = outbox_recent(s, now - WINDOW_MS, window_load, NULL);
    pthread_mutex_unlock(&state.lock);
    return err;
}

void state_stop(void)
{
    pthread_mutex_lock(&state.lock);
    life_free(state.life);
    state.life = NULL;
    while (state.channel_count)
        channel_free(state.channels[--state.channel_count]);
    free(state.news);
    state.news = NULL;
    state.news_count = state.news_cap = state.rule_count = state.silence_count = 0;
    state.mono_ms = 0;
    pthread_mutex_unlock(&state.lock);
}
