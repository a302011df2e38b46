/* metrics.db: hot rows, sealed chunks of two hours, their minutes and hours. What is sealed is read
 * from its chunk, never from hot rows that are still there. */
#include "monitor/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "monitor/chunk.h"
#include "monitor/sample.h"

enum {
    TIER_TICK,
    TIER_MINUTE,
    TIER_HOUR,
    TIER_COUNT,
    MINUTE_MS = 60000,
    HOUR_MS = 3600000,
    SEALS_A_TURN = 20,
    DELETE_SLOTS = 30, /* of all hosts, in one write */
    HOT_MAX = 100000,
    CHUNKS_MAX = 10000,
    AGGREGATES = 5 /* sum, minimum, maximum, last, count */
};
#define DAY_MS ((int64_t)86400000)

static const struct {
    int64_t step_ms, window_ms, kept_ms;
} tiers[TIER_COUNT] = {
    [TIER_TICK] = {MONITOR_STEP_MS, MONITOR_WINDOW_MS, 3 * DAY_MS},
    [TIER_MINUTE] = {MINUTE_MS, MONITOR_WINDOW_MS, 30 * DAY_MS},
    [TIER_HOUR] = {HOUR_MS, DAY_MS, 366 * DAY_MS},
};

static struct {
    struct store *store;
    int64_t window; /* being sealed: number of the window, -1 = none is due */
    size_t sealed;  /* of its hosts */
    int64_t hosts[MONITOR_HOSTS_MAX + 1];
    size_t host_count;
    int64_t expired_ms;
    struct metric *stored, *lost;
} series;

/* ---- one metric over one window, while it is made -------------------------------------------- */

/* Values of one chunk, all metrics: plain or with their five aggregates. */
struct window {
    int64_t v[METRIC_COUNT * AGGREGATES][MONITOR_WINDOW_SLOTS];
    uint8_t present[METRIC_COUNT * AGGREGATES][CHUNK_BITMAP_SIZE];
};

static int window_pack(struct sk_buf *out, const struct window *w, struct chunk_head h)
{
    struct chunk_series list[METRIC_COUNT * AGGREGATES];
    static const uint8_t nothing[CHUNK_BITMAP_SIZE];

    h.series = 0;
    for (uint16_t key = 0; key < METRIC_COUNT * AGGREGATES; key++)
        if (memcmp(w->present[key], nothing, sizeof(nothing)) != 0)
            list[h.series++] = (struct chunk_series){key, w->v[key], w->present[key]};
    return chunk_pack(out, &h, list);
}

/* Take one sum, minimum, maximum, last, count into place `at`. */
static void aggregate_put(struct window *w, int m, size_t at, const struct monitor_point *p)
{
    const int64_t values[AGGREGATES] = {p->sum, p->min, p->max, p->last, p->count};

    for (int a = 0; a < AGGREGATES; a++) {
        w->v[m * AGGREGATES + a][at] = values[a];
        chunk_bit_set(w->present[m * AGGREGATES + a], at);
    }
}

static void point_add(struct monitor_point *p, const struct monitor_point *more)
{
    if (!more->count)
        return;
    p->min = !p->count || more->min < p->min ? more->min : p->min;
    p->max = !p->count || more->max > p->max ? more->max : p->max;
    p->last = more->last;
    p->sum += more->sum;
    p->count += more->count;
}

static struct monitor_point point_of(int64_t v)
{
    return (struct monitor_point){
        .count = 1, .min = (int32_t)v, .max = (int32_t)v, .last = (int32_t)v, .sum = v};
}

/* `to` gets the means of `from` (plain ticks of a window), `ticks` of them in one. */
static void window_fold(struct window *to, const struct window *from, size_t ticks, size_t begin)
{
    for (int m = 0; m < METRIC_COUNT; m++)
        for (size_t i = 0; i < MONITOR_WINDOW_SLOTS; i += ticks) {
            struct monitor_point p = {0};
            for (size_t j = i; j < i + ticks; j++)
                if (chunk_bit(from->present[m], j)) {
                    struct monitor_point one = point_of(from->v[m][j]);
                    point_add(&p, &one);
                }
            if (p.count)
                aggregate_put(to, m, begin + i / ticks, &p);
        }
}

/* ---- writing --------------------------------------------------------------------------------- */

struct flush {
    const struct pending *list;
    size_t count;
};

static int flush_write(struct store_tx *tx, void *ctx)
{
    const struct flush *f = ctx;
    int err = 0;

    for (size_t i = 0; !err && i < f->count; i++)
        err = store_exec(tx, "metrics_hot_put",
                         STORE_ARGS(store_int("slot", f->list[i].slot),
                                    store_int("host", f->list[i].host),
                                    store_blob("data", f->list[i].data, f->list[i].len)),
                         NULL);
    return err;
}

void series_flush(void)
{
    struct flush f;
    struct pending *list = hosts_pending_take(&f.count);

    f.list = list;
    if (f.count) {
        int err = store_write(series.store, flush_write, &f);
        metric_add(err ? series.lost : series.stored, (int64_t)f.count);
        if (err)
            log_warn("monitor", "samples-lost", "count=%zu reason=%s", f.count, sk_error_slug(err));
    }
    free(list);
}

/* ---- sealing --------------------------------------------------------------------------------- */

struct seal {
    int64_t host, window;
    struct window *ticks, *more;
    struct sk_buf tick_chunk, minute_chunk, hour_chunk;
};

static int hot_row_take(void *ctx, const struct store_row *row)
{
    struct seal *s = ctx;
    struct monitor_sample sample;
    size_t len, at = 0, place;
    const uint8_t *data = store_row_blob(row, 1, &len);

    sample.slot = store_row_int(row, 0);
    if (!data || sample_values_read(data, len, &at, &sample))
        return 0; /* damaged: a gap */
    place = (size_t)(sample.slot % MONITOR_WINDOW_SLOTS);
    for (int m = 0; m < METRIC_COUNT; m++)
        if (monitor_sample_has(&sample, (enum monitor_metric)m)) {
            s->ticks->v[m][place] = sample.v[m];
            chunk_bit_set(s->ticks->present[m], place);
        }
    return 0;
}

static int seal_collect(struct store_tx *tx, void *ctx)
{
    struct seal *s = ctx;
    int64_t from = s->window * MONITOR_WINDOW_SLOTS;

    memset(s->ticks, 0, sizeof(*s->ticks));
    return store_many(tx, "metrics_hot_range",
                      STORE_ARGS(store_int("from", from),
                                 store_int("to", from + MONITOR_WINDOW_SLOTS),
                                 store_int("host", s->host)),
                      HOT_MAX, hot_row_take, s);
}

/* The day's hours so far, to which two are added. */
static int day_row_take(void *ctx, const struct store_row *row)
{
    struct seal *s = ctx;
    struct chunk c;
    size_t len;
    const void *data = store_row_blob(row, 0, &len);

    if (!data || chunk_open(&c, data, len) || c.head.points > MONITOR_WINDOW_SLOTS)
        return 0; /* damaged: the day is made anew */
    for (uint16_t key = 0; key < METRIC_COUNT * AGGREGATES; key++)
        if (chunk_read(&c, key, s->more->v[key], s->more->present[key]))
            memset(s->more->present[key], 0, sizeof(s->more->present[key]));
    return 0;
}

static int day_read(struct store_tx *tx, void *ctx)
{
    struct seal *s = ctx;
    int64_t t0 = s->window * MONITOR_WINDOW_MS / DAY_MS * DAY_MS;
    int err = store_one(
        tx, "metrics_chunk_get",
        STORE_ARGS(store_int("host", s->host), store_int("tier", TIER_HOUR), store_int("t0", t0)),
        day_row_take, s);

    return err == -SK_ENOTFOUND ? 0 : err;
}

static int chunk_put(struct store_tx *tx, const struct seal *s, int tier, const struct sk_buf *data)
{
    int64_t t0 = s->window * MONITOR_WINDOW_MS;

    return store_exec(tx, "metrics_chunk_put",
                      STORE_ARGS(store_int("host", s->host), store_int("tier", tier),
                                 store_int("t0", t0 - t0 % tiers[tier].window_ms),
                                 store_blob("data", data->data, data->len)),
                      NULL);
}

static int is_sealed(struct store_tx *tx, int64_t host, int64_t window, int64_t *count)
{
    return store_one_int(tx, "metrics_chunk_is_there",
                         STORE_ARGS(store_int("host", host), store_int("tier", TIER_MINUTE),
                                    store_int("t0", window * MONITOR_WINDOW_MS)),
                         count);
}

/* All three or none; once sealed never again, for the hot rows may be half gone by then. */
static int seal_write(struct store_tx *tx, void *ctx)
{
    struct seal *s = ctx;
    int64_t there = 0;
    int err = is_sealed(tx, s->host, s->window, &there);

    if (err || there)
        return err;
    err = chunk_put(tx, s, TIER_TICK, &s->tick_chunk);
    if (!err)
        err = chunk_put(tx, s, TIER_MINUTE, &s->minute_chunk);
    return err ? err : chunk_put(tx, s, TIER_HOUR, &s->hour_chunk);
}

static int seal_pack(struct seal *s)
{
    int64_t t0 = s->window * MONITOR_WINDOW_MS, day = t0 - t0 % DAY_MS;
    int err = window_pack(&s->tick_chunk, s->ticks,
                          (struct chunk_head){.tier = TIER_TICK,
                                              .points = MONITOR_WINDOW_SLOTS,
                                              .step_ms = MONITOR_STEP_MS,
                                              .t0_ms = t0});

    if (err)
        return err;
    memset(s->more, 0, sizeof(*s->more));
    window_fold(s->more, s->ticks, MINUTE_MS / MONITOR_STEP_MS, 0);
    err = window_pack(
        &s->minute_chunk, s->more,
        (struct chunk_head){.tier = TIER_MINUTE, .points = 120, .step_ms = MINUTE_MS, .t0_ms = t0});
    if (err)
        return err;
    memset(s->more, 0, sizeof(*s->more));
    err = store_read(series.store, day_read, s);
    window_fold(s->more, s->ticks, HOUR_MS / MONITOR_STEP_MS, (size_t)((t0 - day) / HOUR_MS));
    return err ? err
               : window_pack(
                     &s->hour_chunk, s->more,
                     (struct chunk_head){
                         .tier = TIER_HOUR, .points = 24, .step_ms = HOUR_MS, .t0_ms = day});
}

static int seal_host(int64_t host, int64_t window)
{
    struct seal s = {.host = host, .window = window};

    s.ticks = sk_alloc(sizeof(*s.ticks));
    s.more = sk_alloc(sizeof(*s.more));
    sk_buf_init(&s.tick_chunk, CHUNK_BYTES_MAX);
    sk_buf_init(&s.minute_chunk, CHUNK_BYTES_MAX);
    sk_buf_init(&s.hour_chunk, CHUNK_BYTES_MAX);
    int err = store_read(series.store, seal_collect, &s);
    if (!err)
        err = seal_pack(&s);
    if (!err)
        err = store_write(series.store, seal_write, &s);
    sk_buf_fini(&s.tick_chunk);
    sk_buf_fini(&s.minute_chunk);
    sk_buf_fini(&s.hour_chunk);
    free(s.ticks);
    free(s.more);
    return err;
}

struct hot_edge {
    int64_t oldest, before;
};

static int oldest_read(struct store_tx *tx, void *ctx)
{
    struct hot_edge *e = ctx;

    return store_one_int(tx, "metrics_hot_oldest", NULL, &e->oldest);
}

static int hot_delete_write(struct store_tx *tx, void *ctx)
{
    const struct hot_edge *e = ctx;

    return store_exec(tx, "metrics_hot_delete", STORE_ARGS(store_int("before", e->before)), NULL);
}

/* The oldest hot window that nobody may add to any more, or -1. */
static int64_t window_due(int64_t now_slot, int64_t oldest)
{
    int64_t window = oldest / MONITOR_WINDOW_SLOTS;

    return oldest && (window + 1) * MONITOR_WINDOW_SLOTS + MONITOR_LATE_SLOTS + 30 <= now_slot
               ? window
               : -1;
}

/* Some hosts' chunks; when all are there, some of the hot rows that they stand for. */
static int seal_some(const struct hot_edge *e)
{
    int64_t window = series.window;
    int err = 0;

    for (size_t i = 0; !err && i < SEALS_A_TURN && series.sealed < series.host_count; i++)
        if (!(err = seal_host(series.hosts[series.sealed], window)))
            series.sealed++;
    if (err || series.sealed < series.host_count)
        return err;
    struct hot_edge gone = {.before = e->oldest + DELETE_SLOTS};
    if (gone.before >= (window + 1) * MONITOR_WINDOW_SLOTS) {
        gone.before = (window + 1) * MONITOR_WINDOW_SLOTS;
        series.window = -1;
    }
    return store_write(series.store, hot_delete_write, &gone);
}

static int expire_write(struct store_tx *tx, void *ctx)
{
    const int64_t *now_ms = ctx;
    int err = 0;

    for (int tier = 0; !err && tier < TIER_COUNT; tier++)
        err = store_exec(
            tx, "metrics_chunk_expire",
            STORE_ARGS(store_int("tier", tier),
                       store_int("before", *now_ms - tiers[tier].kept_ms - tiers[tier].window_ms)),
            NULL);
    return err;
}

void series_turn(int64_t now_wall_ms)
{
    struct hot_edge e = {0};
    int err = store_read(series.store, oldest_read, &e);

    if (!err && series.window < 0) {
        series.window = window_due(now_wall_ms / MONITOR_STEP_MS, e.oldest);
        series.sealed = 0;
        series.host_count = hosts_numbers(series.hosts, MONITOR_HOSTS_MAX + 1);
    }
    if (!err && series.window >= 0)
        err = seal_some(&e);
    if (!err && now_wall_ms - series.expired_ms >= HOUR_MS) {
        err = store_write(series.store, expire_write, &now_wall_ms);
        series.expired_ms = now_wall_ms;
    }
    if (err)
        log_warn("monitor", "not-sealed", "reason=%s", sk_error_slug(err));
}

static int forget_write(struct store_tx *tx, void *ctx)
{
    const int64_t *host = ctx;
    int err = store_exec(tx, "metrics_chunk_forget", STORE_ARGS(store_int("host", *host)), NULL);

    return err ? err
               : store_exec(tx, "metrics_hot_forget", STORE_ARGS(store_int("host", *host)), NULL);
}

int series_forget(int64_t number)
{
    return store_write(series.store, forget_write, &number);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    int64_t number, from_ms, to_ms, step_ms;
    enum monitor_metric m;
    int tier;
    struct monitor_point *out;
    size_t count;
};

static void reading_add(struct reading *r, int64_t t_ms, const struct monitor_point *p)
{
    if (t_ms >= r->from_ms && t_ms < r->to_ms)
        point_add(&r->out[(t_ms - r->from_ms) / r->step_ms], p);
}

static int ticks_take(struct reading *r, const struct chunk *c)
{
    int64_t v[CHUNK_POINTS_MAX];
    uint8_t present[CHUNK_BITMAP_SIZE];
    int err = chunk_read(c, (uint16_t)r->m, v, present);

    for (size_t i = 0; !err && i < c->head.points; i++)
        if (chunk_bit(present, i)) {
            struct monitor_point p = point_of(v[i]);
            reading_add(r, c->head.t0_ms + (int64_t)i * c->head.step_ms, &p);
        }
    return err;
}

static int aggregates_take(struct reading *r, const struct chunk *c)
{
    int64_t v[AGGREGATES][CHUNK_POINTS_MAX];
    uint8_t present[CHUNK_BITMAP_SIZE];

    for (int a = 0; a < AGGREGATES; a++) {
        int err = chunk_read(c, (uint16_t)((int)r->m * AGGREGATES + a), v[a], present);
        if (err)
            return err;
    }
    for (size_t i = 0; i < c->head.points; i++)
        if (chunk_bit(present, i)) {
            struct monitor_point p = {.sum = v[0][i],
                                      .min = (int32_t)v[1][i],
                                      .max = (int32_t)v[2][i],
                                      .last = (int32_t)v[3][i],
                                      .count = (int32_t)v[4][i]};
            reading_add(r, c->head.t0_ms + (int64_t)i * c->head.step_ms, &p);
        }
    return 0;
}

static int chunk_row_take(void *ctx, const struct store_row *row)
{
    struct reading *r = ctx;
    struct chunk c;
    size_t len;
    const void *data = store_row_blob(row, 1, &len);
    int err = data ? chunk_open(&c, data, len) : -SK_EIO;

    if (!err)
        err = r->tier == TIER_TICK ? ticks_take(r, &c) : aggregates_take(r, &c);
    if (err && err != -SK_ENOTFOUND) { /* a gap, and a word about it */
        metric_refused("monitor", "chunk-damaged");
        log_warn("monitor", "chunk-damaged", "host=%lld t0=%lld", (long long)r->number,
                 (long long)store_row_int(row, 0));
    }
    return 0;
}

static int hot_point_take(void *ctx, const struct store_row *row)
{
    struct reading *r = ctx;
    struct monitor_sample s;
    size_t len, at = 0;
    const uint8_t *data = store_row_blob(row, 1, &len);

    if (data && sample_values_read(data, len, &at, &s) == 0 && monitor_sample_has(&s, r->m)) {
        struct monitor_point p = point_of(s.v[r->m]);
        reading_add(r, store_row_int(row, 0) * MONITOR_STEP_MS, &p);
    }
    return 0;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Hot rows of the windows that have no chunk yet. */
static int hot_take(struct store_tx *tx, struct reading *r)
{
    int64_t oldest = 0, newest = 0, there;
    int err = store_one_int(tx, "metrics_hot_oldest", NULL, &oldest);

    if (!err)
        err = store_one_int(tx, "metrics_hot_newest", NULL, &newest);
    int64_t from = greater(oldest, r->from_ms / MONITOR_STEP_MS);
    int64_t to = lesser(newest + 1, (r->to_ms + MONITOR_STEP_MS - 1) / MONITOR_STEP_MS);
    while (!err && from < to) {
        int64_t window = from / MONITOR_WINDOW_SLOTS;
        int64_t end = lesser(to, (window + 1) * MONITOR_WINDOW_SLOTS);
        err = is_sealed(tx, r->number, window, &there);
        if (!err && !there)
            err = store_many(tx, "metrics_hot_range",
                             STORE_ARGS(store_int("from", from), store_int("to", end),
                                        store_int("host", r->number)),
                             HOT_MAX, hot_point_take, r);
        from = end;
    }
    return err;
}

static int reading_run(struct store_tx *tx, void *ctx)
{
    struct reading *r = ctx;

    for (size_t i = 0; i < r->count; i++)
        r->out[i] = (struct monitor_point){.t_ms = r->from_ms + (int64_t)i * r->step_ms};
    int err = store_many(tx, "metrics_chunk_range",
                         STORE_ARGS(store_int("host", r->number), store_int("tier", r->tier),
                                    store_int("from", r->from_ms - tiers[r->tier].window_ms + 1),
                                    store_int("to", r->to_ms)),
                         CHUNKS_MAX, chunk_row_take, r);
    return err ? err : hot_take(tx, r);
}

/* The coarsest tier whose steps fit into the asked one; older times have coarser steps only. */
static int tier_pick(int64_t age_ms, int64_t *step_ms)
{
    int tier = age_ms > tiers[TIER_MINUTE].kept_ms ? TIER_HOUR
               : age_ms > tiers[TIER_TICK].kept_ms ? TIER_MINUTE
                                                   : TIER_TICK;
    int64_t unit = tiers[tier].step_ms;

    *step_ms = (*step_ms + unit - 1) / unit * unit;
    if (tier == TIER_TICK && *step_ms % MINUTE_MS == 0)
        tier = TIER_MINUTE;
    return tier;
}

int series_read(int64_t number, enum monitor_metric m, int64_t from_ms, int64_t to_ms,
                int64_t *step_ms, int64_t now_ms, struct monitor_point *out, size_t cap,
                size_t *count)
{
    if (m >= METRIC_COUNT || from_ms < 0 || to_ms <= from_ms || *step_ms <= 0 ||
        *step_ms > 366 * DAY_MS || to_ms > now_ms + DAY_MS)
        return -SK_EINVAL;
    struct reading r = {.number = number, .m = m, .to_ms = to_ms, .out = out};
    r.tier = tier_pick(now_ms - from_ms, step_ms);
    r.step_ms = *step_ms;
    r.from_ms = from_ms - from_ms % r.step_ms;
    int64_t points = (to_ms - r.from_ms + r.step_ms - 1) / r.step_ms;
    if ((uint64_t)points > cap)
        return -SK_ETOOBIG;
    *count = r.count = (size_t)points;
    return store_read(series.store, reading_run, &r);
}

/* ---- open and close -------------------------------------------------------------------------- */

int series_start(const char *data_dir)
{
    static const struct store_schema schema = {.room = "metrics"};
    const struct store_schema *const schemas[] = {&schema};
    const struct store_opts opts = {.dir = data_dir,
                                    .file = "metrics.db",
                                    .durability = STORE_NORMAL,
                                    .readers = 2,
                                    .schemas = schemas,
                                    .schema_count = 1};
    struct sk_buf why;

    series.window = -1;
    series.stored = metric_get("skep_monitor_samples_total", "result=\"stored\"");
    series.lost = metric_get("skep_monitor_samples_total", "result=\"lost\"");
    sk_buf_init(&why, 2048);
    int err = store_open(&series.store, &opts, &why);
    if (err)
        log_error("monitor", "metrics", "reason=\"%s\"",
                  why.len ? (const char *)why.data : sk_error_text(err));
    sk_buf_fini(&why);
    return err;
}

void series_stop(void)
{
    if (series.store)
        series_flush();
    store_close(series.store);
    series.store = NULL;
}
