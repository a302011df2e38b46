/* The running guard: one lock, the table of scores, and the two lists that people keep. What the
 * seams ask is answered from memory; the store is written by the guard's own thread. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "crypto/hash.h"
#include "guard/internal.h"

enum { SHOWN_MAX = 500, CHANGES_MAX = 256, REST_MS = 10 * 60 * 1000, ATTACK_REFUSED = 3 };

struct manual {
    struct guard_entry entry;
    struct guard_prefix prefix;
    int64_t until_ms; /* monotonic */
};

struct allowed {
    struct guard_allowed row;
    struct guard_prefix prefix;
};

static struct {
    pthread_mutex_t lock;
    struct store *store;
    struct guard_table *table;
    struct manual manual[GUARD_MANUAL_MAX];
    struct allowed allow[GUARD_ALLOW_MAX];
    size_t manual_count, allow_count;
    int is_dry;
    uint64_t would_refuse;
    struct metric *refused, *would, *limited;
    /* one turn's changes; the guard's thread only */
    struct guard_change changes[CHANGES_MAX];
    size_t change_count;
    int64_t turn_mono_ms, turn_wall_ms;
} guard = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct store *guard_store(void)
{
    return guard.store;
}

void guard_state_start(struct store *store, const struct guard_rules *rules, int dry_run)
{
    guard.store = store;
    guard.table = guard_table_new(rules);
    guard.manual_count = guard.allow_count = 0;
    guard.is_dry = dry_run;
    guard.would_refuse = 0;
    guard.refused = metric_get("skep_guard_refused_total", "");
    guard.would = metric_get("skep_guard_would_refuse_total", "");
    guard.limited = metric_get("skep_guard_limited_total", "");
}

void guard_state_stop(void)
{
    pthread_mutex_lock(&guard.lock);
    guard_table_free(guard.table);
    guard.table = NULL;
    pthread_mutex_unlock(&guard.lock);
}

/* ---- the lists ---- */

static int is_allowed_locked(const struct guard_prefix *p)
{
    for (size_t i = 0; i < guard.allow_count; i++)
        if (guard_prefix_contains(&guard.allow[i].prefix, p))
            return 1;
    return 0;
}

int guard_state_is_allowed(const struct guard_prefix *p)
{
    pthread_mutex_lock(&guard.lock);
    int allowed = is_allowed_locked(p);
    /* an allowed address inside a network that is to be treated stays allowed; that is no clash */
    pthread_mutex_unlock(&guard.lock);
    return allowed;
}

static enum abuse_stage manual_stage_locked(const struct guard_prefix *p, int64_t now_ms)
{
    enum abuse_stage worst = ABUSE_WELL;

    for (size_t i = 0; i < guard.manual_count; i++) {
        const struct manual *m = &guard.manual[i];
        if (m->entry.stage > worst && now_ms < m->until_ms && guard_prefix_contains(&m->prefix, p))
            worst = m->entry.stage;
    }
    return worst;
}

static int allow_put_locked(const struct guard_allowed *a)
{
    struct allowed *slot = &guard.allow[guard.allow_count];

    if (guard.allow_count == GUARD_ALLOW_MAX)
        return -SK_ELIMIT;
    slot->row = *a;
    if (guard_prefix_parse(&slot->prefix, a->prefix))
        return -SK_EINVAL;
    for (size_t i = 0; i < guard.allow_count; i++)
        if (memcmp(&guard.allow[i].prefix, &slot->prefix, sizeof(slot->prefix)) == 0)
            return -SK_ECONFLICT;
    guard.allow_count++;
    return 0;
}

int guard_state_allow_add(const struct guard_allowed *a)
{
    pthread_mutex_lock(&guard.lock);
    int err = allow_put_locked(a);
    pthread_mutex_unlock(&guard.lock);
    return err;
}

int guard_state_allow_remove(const char *id, int dry)
{
    int err = -SK_ENOTFOUND;

    pthread_mutex_lock(&guard.lock);
    for (size_t i = 0; i < guard.allow_count && err == -SK_ENOTFOUND; i++) {
        if (strcmp(guard.allow[i].row.id, id) != 0)
            continue;
        err = guard.allow[i].row.fixed ? -SK_EDENIED : 0;
        if (!err && !dry)
            guard.allow[i] = guard.allow[--guard.allow_count];
    }
    pthread_mutex_unlock(&guard.lock);
    return err;
}

int guard_state_allow_fixed(const char *list)
{
    struct guard_allowed a = {.fixed = 1};
    int count = 0, err = 0;

    while (!err && *(list += strspn(list, " ,"))) {
        size_t len = strcspn(list, " ,");
        struct guard_prefix p;
        char text[GUARD_PREFIX_TEXT];
        if (len >= sizeof(text))
            return -SK_EINVAL;
        memcpy(text, list, len);
        text[len] = '\0';
        list += len;
        err = guard_prefix_parse(&p, text);
        guard_prefix_format(a.prefix, &p);
        snprintf(a.id, sizeof(a.id), "fixed-%d", count++);
        if (!err)
            err = guard_state_allow_add(&a);
        if (err == -SK_ECONFLICT)
            err = 0;
    }
    return err;
}

/* ---- the seams ---- */

static enum abuse_stage stage_locked(const struct guard_prefix *p, int64_t now_ms)
{
    if (!guard.table || is_allowed_locked(p))
        return ABUSE_WELL;
    enum abuse_stage by_hand = manual_stage_locked(p, now_ms);
    enum abuse_stage by_score = guard_table_stage(guard.table, p, now_ms);
    return by_hand > by_score ? by_hand : by_score;
}

int guard_state_admit(const char *source, int64_t now_ms)
{
    struct guard_prefix p;
    int err = 0;

    if (guard_prefix_of_source(&p, source))
        return 0;
    pthread_mutex_lock(&guard.lock);
    if (stage_locked(&p, now_ms) == ABUSE_REFUSE) {
        metric_add(guard.is_dry ? guard.would : guard.refused, 1);
        guard.would_refuse += guard.is_dry ? 1 : 0;
        err = guard.is_dry ? 0 : -SK_ELIMIT;
    }
    pthread_mutex_unlock(&guard.lock);
    return err;
}

void guard_state_note(const char *source, enum abuse_sign sign, int64_t now_ms)
{
    struct guard_prefix p;

    if (guard_prefix_of_source(&p, source))
        return;
    pthread_mutex_lock(&guard.lock);
    if (guard.table && !is_allowed_locked(&p))
        (void)guard_table_note(guard.table, &p, sign, now_ms);
    pthread_mutex_unlock(&guard.lock);
}

void guard_state_good(const char *source, const char *who, int64_t now_ms)
{
    struct guard_prefix p;
    uint8_t hash[CRYPTO_SHA256_BYTES];
    uint32_t short_hash;

    if (guard_prefix_of_source(&p, source))
        return;
    crypto_sha256(hash, who, strlen(who));
    memcpy(&short_hash, hash, sizeof(short_hash));
    pthread_mutex_lock(&guard.lock);
    if (guard.table)
        guard_table_good(guard.table, &p, short_hash, now_ms);
    pthread_mutex_unlock(&guard.lock);
}

enum abuse_stage guard_state_stage(const char *source, int64_t now_ms)
{
    enum abuse_stage stage = ABUSE_WELL;
    struct guard_prefix p;

    if (guard_prefix_of_source(&p, source))
        return ABUSE_WELL;
    pthread_mutex_lock(&guard.lock);
    if (!guard.is_dry)
        stage = stage_locked(&p, now_ms);
    pthread_mutex_unlock(&guard.lock);
    return stage;
}

int guard_state_request(const char *source, unsigned cost, int64_t now_ms, int64_t *retry_ms)
{
    struct guard_prefix p;
    int err = 0;

    if (guard_prefix_of_source(&p, source))
        return 0;
    pthread_mutex_lock(&guard.lock);
    if (guard.table && !is_allowed_locked(&p)) {
        err =
            guard_table_request(guard.table, &p, cost, stage_locked(&p, now_ms), now_ms, retry_ms);
        if (err && guard.is_dry)
            err = 0;
        else if (err)
            metric_add(guard.limited, 1);
    }
    pthread_mutex_unlock(&guard.lock);
    return err;
}

/* ---- entries ---- */

static void entry_of_cell(struct guard_entry *e, const struct guard_cell *c, int64_t mono_ms,
                          int64_t wall_ms)
{
    *e = (struct guard_entry){.stage = c->stage,
                              .score = (int64_t)guard_cell_score(guard.table, c, mono_ms),
                              .since = wall_ms + c->since_ms - mono_ms,
                              .until = wall_ms + c->until_ms - mono_ms,
                              .strikes = c->strikes};
    memcpy(e->id, c->id, sizeof(e->id));
    guard_prefix_format(e->prefix, &c->prefix);
    snprintf(e->reason, sizeof(e->reason), "%s", guard_sign_name(c->reason));
}

/* A restart does not set the sources free that were being treated. */
static int entry_loaded(void *ctx, const struct guard_entry *e)
{
    struct guard_prefix p;
    int64_t until_ms = guard.turn_mono_ms + (e->until - guard.turn_wall_ms);

    (void)ctx;
    if (guard_prefix_parse(&p, e->prefix))
        return -SK_EIO;
    if (strcmp(e->reason, "manual") == 0) {
        if (guard.manual_count < GUARD_MANUAL_MAX)
            guard.manual[guard.manual_count++] = (struct manual){*e, p, until_ms};
        return 0;
    }
    struct guard_cell *c = guard_table_set(guard.table, &p, e->stage, guard.turn_mono_ms, until_ms);
    if (!c)
        return 0;
    for (enum abuse_sign s = 0; s < ABUSE_SIGN_COUNT; s++)
        if (strcmp(guard_sign_name(s), e->reason) == 0)
            c->reason = s;
    memcpy(c->id, e->id, sizeof(c->id));
    c->strikes = (uint8_t)e->strikes;
    c->since_ms = guard.turn_mono_ms + (e->since - guard.turn_wall_ms);
    c->stored = 1;
    return 0;
}

static int allow_loaded(void *ctx, const struct guard_allowed *a)
{
    (void)ctx;
    int err = allow_put_locked(a);
    return err == -SK_ECONFLICT ? 0 : err; /* the settings have it as well */
}

int guard_state_load(int64_t mono_ms, int64_t wall_ms)
{
    pthread_mutex_lock(&guard.lock);
    guard.turn_mono_ms = mono_ms;
    guard.turn_wall_ms = wall_ms;
    int err =
        guard_ledger_load(guard.store, wall_ms, entry_loaded, allow_loaded, NULL, &guard.is_dry);
    pthread_mutex_unlock(&guard.lock);
    return err;
}

int guard_state_entry_add(const struct guard_entry *e, int64_t mono_ms, int64_t wall_ms)
{
    struct manual m = {.entry = *e, .until_ms = mono_ms + (e->until - wall_ms)};
    int err = guard_prefix_parse(&m.prefix, e->prefix);

    pthread_mutex_lock(&guard.lock);
    if (!err && guard.manual_count == GUARD_MANUAL_MAX)
        err = -SK_ELIMIT;
    if (!err)
        guard.manual[guard.manual_count++] = m;
    pthread_mutex_unlock(&guard.lock);
    return err;
}

struct finding {
    const char *id;
    struct guard_entry *out;
    int found;
};

static void cell_match(void *ctx, struct guard_cell *c)
{
    struct finding *f = ctx;

    if (strcmp(c->id, f->id) == 0) {
        entry_of_cell(f->out, c, 0, 0);
        f->found = 1;
    }
}

int guard_state_entry_find(const char *id, struct guard_entry *out)
{
    struct finding f = {.id = id, .out = out};

    pthread_mutex_lock(&guard.lock);
    for (size_t i = 0; i < guard.manual_count; i++)
        if (strcmp(guard.manual[i].entry.id, id) == 0) {
            *out = guard.manual[i].entry;
            f.found = 1;
        }
    if (!f.found && guard.table)
        guard_table_walk(guard.table, cell_match, &f);
    pthread_mutex_unlock(&guard.lock);
    return f.found ? 0 : -SK_ENOTFOUND;
}

void guard_state_entry_remove(const char *id, int64_t mono_ms)
{
    struct guard_prefix p;

    pthread_mutex_lock(&guard.lock);
    for (size_t i = 0; i < guard.manual_count; i++)
        if (strcmp(guard.manual[i].entry.id, id) == 0) {
            guard.manual[i] = guard.manual[--guard.manual_count];
            break;
        }
    if (guard.table && guard_table_pardon(guard.table, id, REST_MS, mono_ms, &p) == 0)
        log_info("guard", "pardoned", "id=%s", id);
    pthread_mutex_unlock(&guard.lock);
}

int guard_state_is_dry(void)
{
    pthread_mutex_lock(&guard.lock);
    int dry = guard.is_dry;
    pthread_mutex_unlock(&guard.lock);
    return dry;
}

void guard_state_dry_set(int on)
{
    pthread_mutex_lock(&guard.lock);
    guard.is_dry = on;
    pthread_mutex_unlock(&guard.lock);
}

/* ---- one turn ---- */

/* Watching changes nothing for the source and is not worth a row. */
static void cell_changed(void *ctx, struct guard_cell *c)
{
    struct guard_change *change = &guard.changes[guard.change_count];

    (void)ctx;
    if (c->stage < ABUSE_SLOWED && !c->stored)
        return;
    if (guard.change_count == CHANGES_MAX) {
        c->changed = 1; /* the next turn */
        return;
    }
    entry_of_cell(&change->entry, c, guard.turn_mono_ms, guard.turn_wall_ms);
    change->is_gone = c->stage < ABUSE_SLOWED;
    c->stored = !change->is_gone;
    guard.change_count++;
}

static void manual_expire_locked(int64_t mono_ms)
{
    for (size_t i = 0; i < guard.manual_count;) {
        struct guard_change *change = &guard.changes[guard.change_count];
        if (mono_ms < guard.manual[i].until_ms || guard.change_count == CHANGES_MAX) {
            i++;
            continue;
        }
        *change = (struct guard_change){guard.manual[i].entry, 1};
        guard.change_count++;
        guard.manual[i] = guard.manual[--guard.manual_count];
    }
}

void guard_state_turn(int64_t mono_ms, int64_t wall_ms)
{
    pthread_mutex_lock(&guard.lock);
    guard.turn_mono_ms = mono_ms;
    guard.turn_wall_ms = wall_ms;
    guard.change_count = 0;
    manual_expire_locked(mono_ms);
    guard_table_sweep(guard.table, mono_ms, cell_changed, NULL);
    pthread_mutex_unlock(&guard.lock);
    for (size_t i = 0; i < guard.change_count; i++) {
        const struct guard_change *c = &guard.changes[i];
        log_warn("guard", c->is_gone ? "released" : "isolated", "source=%s stage=%s reason=%s",
                 c->entry.prefix, guard_stage_name(c->entry.stage), c->entry.reason);
    }
    if (guard.change_count) {
        int err = guard_ledger_changes(guard.store, guard.changes, guard.change_count, wall_ms);
        if (err) /* memory goes on; a restart would forget these */
            log_error("guard", "not-stored", "error=%s", sk_error_slug(err));
    }
}

/* ---- for people ---- */

json_t *guard_entry_json(const struct guard_entry *e)
{
    json_t *v = json_object();

    sk_json_set_str(v, "id", e->id);
    sk_json_set_str(v, "prefix", e->prefix);
    sk_json_set_str(v, "stage", guard_stage_name(e->stage));
    sk_json_set_str(v, "reason", e->reason);
    sk_json_set_int(v, "score", e->score);
    sk_json_set_int(v, "since", e->since);
    sk_json_set_int(v, "until", e->until);
    sk_json_set_str(v, "by", e->actor[0] ? "account" : "guard");
    sk_json_set_str(v, "actor", e->actor[0] ? e->actor : NULL);
    sk_json_set_str(v, "note", e->note[0] ? e->note : NULL);
    return v;
}

json_t *guard_allowed_json(const struct guard_allowed *a)
{
    json_t *v = json_object();

    sk_json_set_str(v, "id", a->id);
    sk_json_set_str(v, "prefix", a->prefix);
    sk_json_set_str(v, "note", a->note);
    sk_json_set_int(v, "at", a->at);
    sk_json_set_str(v, "actor", a->actor);
    sk_json_set_bool(v, "fixed", a->fixed);
    return v;
}

struct shown {
    json_t *by_stage[ABUSE_STAGE_COUNT];
    int64_t count[ABUSE_STAGE_COUNT];
    int64_t mono_ms, wall_ms;
    size_t total;
};

static void cell_show(void *ctx, struct guard_cell *c)
{
    struct shown *s = ctx;
    struct guard_entry e;
    json_t *v, *signs;

    if (s->mono_ms >= c->until_ms)
        return;
    s->count[c->stage]++;
    if (s->total >= SHOWN_MAX && c->stage < ABUSE_REFUSE)
        return;
    entry_of_cell(&e, c, s->mono_ms, s->wall_ms);
    v = guard_entry_json(&e);
    signs = json_object();
    for (enum abuse_sign i = 0; i < ABUSE_SIGN_COUNT; i++)
        if (c->signs[i])
            sk_json_set_int(signs, guard_sign_name(i), c->signs[i]);
    json_object_set_new(v, "signs", signs);
    json_array_append_new(s->by_stage[c->stage], v);
    s->total++;
}

static void manual_show_locked(struct shown *s)
{
    for (size_t i = 0; i < guard.manual_count; i++) {
        const struct guard_entry *e = &guard.manual[i].entry;
        json_t *v = guard_entry_json(e);
        json_object_set_new(v, "signs", json_object());
        json_array_append_new(s->by_stage[e->stage], v);
        s->count[e->stage]++;
        s->total++;
    }
}

static json_t *allow_json_locked(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < guard.allow_count; i++)
        json_array_append_new(list, guard_allowed_json(&guard.allow[i].row));
    return list;
}

static json_t *entries_json(struct shown *s)
{
    json_t *list = json_array();

    for (int i = ABUSE_STAGE_COUNT - 1; i > ABUSE_WELL; i--)
        for (size_t k = 0; k < json_array_size(s->by_stage[i]) && json_array_size(list) < SHOWN_MAX;
             k++)
            json_array_append(list, json_array_get(s->by_stage[i], k));
    return list;
}

json_t *guard_state_json(int64_t mono_ms, int64_t wall_ms)
{
    struct shown s = {.mono_ms = mono_ms, .wall_ms = wall_ms};
    json_t *v = json_object();

    for (int i = 0; i < ABUSE_STAGE_COUNT; i++)
        s.by_stage[i] = json_array();
    pthread_mutex_lock(&guard.lock);
    manual_show_locked(&s);
    guard_table_walk(guard.table, cell_show, &s);
    sk_json_set_bool(v, "dry_run", guard.is_dry);
    sk_json_set_int(v, "would_refuse", (int64_t)guard.would_refuse);
    json_object_set_new(v, "allow", allow_json_locked());
    pthread_mutex_unlock(&guard.lock);
    sk_json_set_bool(v, "attack", s.count[ABUSE_REFUSE] >= ATTACK_REFUSED);
    sk_json_set_int(v, "watched", s.count[ABUSE_WATCH]);
    sk_json_set_int(v, "slowed", s.count[ABUSE_SLOWED]);
    sk_json_set_int(v, "challenged", s.count[ABUSE_CHALLENGE]);
    sk_json_set_int(v, "refused", s.count[ABUSE_REFUSE]);
    json_object_set_new(v, "entries", entries_json(&s));
    for (int i = 0; i < ABUSE_STAGE_COUNT; i++)
        json_decref(s.by_stage[i]);
    return v;
}

/* ---- for the kernel ---- */

struct refused {
    void (*fn)(void *ctx, const struct guard_prefix *p);
    void *ctx;
};

static void cell_refused(void *ctx, struct guard_cell *c)
{
    const struct refused *r = ctx;

    if (c->stage == ABUSE_REFUSE)
        r->fn(r->ctx, &c->prefix);
}

void guard_state_refused_each(void (*fn)(void *ctx, const struct guard_prefix *p), void *ctx)
{
    struct refused r = {fn, ctx};

    pthread_mutex_lock(&guard.lock);
    for (size_t i = 0; i < guard.manual_count; i++)
        if (guard.manual[i].entry.stage == ABUSE_REFUSE)
            fn(ctx, &guard.manual[i].prefix);
    guard_table_walk(guard.table, cell_refused, &r);
    pthread_mutex_unlock(&guard.lock);
}
