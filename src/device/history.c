/* When cameras were there: rows written without anybody waiting for them. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/metrics.h"
#include "device/internal.h"
#include "net/loop.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, NOTE_DAYS = 30, ROWS_MAX = 500 };

struct history_row {
    char device[DEVICE_ID_SIZE], kind[12], cause[48], source[SOURCE_SIZE];
    int64_t at_ms, seq;
    int seen; /* the row also says that the camera was seen */
};

static _Atomic int64_t next_seq;

static int row_insert(struct store_tx *tx, void *ctx)
{
    const struct history_row *row = ctx;
    int err =
        store_exec(tx, "device_event_insert",
                   STORE_ARGS(store_text("device", row->device), store_int("at", row->at_ms),
                              store_int("seq", row->seq), store_text("kind", row->kind),
                              store_text("cause", row->cause), store_text("source", row->source)),
                   NULL);

    if (!err && row->seen)
        err = store_exec(
            tx, "device_seen_set",
            STORE_ARGS(store_text("id", row->device), store_int("last_seen", row->at_ms)), NULL);
    return err;
}

static void row_done(void *ctx, int result)
{
    if (result)
        metric_refused("device", "history");
    free(ctx);
}

void history_add(const char *device, int64_t at_ms, const char *kind, const char *cause,
                 const char *source)
{
    struct history_row *row = sk_alloc(sizeof(*row));

    row->at_ms = at_ms;
    row->seq = atomic_fetch_add(&next_seq, 1);
    row->seen = strcmp(kind, "online") == 0 || strcmp(kind, "offline") == 0;
    if (sk_copy(row->device, sizeof(row->device), device) ||
        sk_copy(row->kind, sizeof(row->kind), kind) ||
        sk_copy(row->cause, sizeof(row->cause), cause ? cause : "") ||
        sk_copy(row->source, sizeof(row->source), source ? source : "") ||
        store_write_async(registry_store(), row_insert, row_done, row)) {
        metric_refused("device", "history");
        free(row);
    }
}

struct history_query {
    const char *device;
    int64_t from_ms, to_ms;
    json_t *events;
};

static int event_row(void *ctx, const struct store_row *row)
{
    struct history_query *q = ctx;
    json_t *ev = json_object();
    const char *cause = store_row_text(row, 2), *source = store_row_text(row, 3);

    sk_json_set_int(ev, "at", store_row_int(row, 0));
    sk_json_set_str(ev, "kind", store_row_text(row, 1));
    sk_json_set_str(ev, "cause", cause && cause[0] ? cause : NULL);
    sk_json_set_str(ev, "source", source && source[0] ? source : NULL);
    return json_array_append_new(q->events, ev) ? -SK_ENOMEM : 0;
}

static int events_read(struct store_tx *tx, void *ctx)
{
    struct history_query *q = ctx;

    json_array_clear(q->events);
    return store_many(tx, "device_event_list",
                      STORE_ARGS(store_text("device", q->device), store_int("from", q->from_ms),
                                 store_int("to", q->to_ms)),
                      ROWS_MAX, event_row, q);
}

int history_list(struct http_request *req)
{
    struct history_query q = {.device = http_param(req, "id")};
    int64_t now_ms = http_now_ms(req);

    if (http_may(req, "device.view", (struct object_ref){"device", q.device}))
        return 0;
    int err = registry_has(q.device) ? 0 : -SK_ENOTFOUND;
    if (!err)
        err = http_query_int(req, "from", 0, INT64_MAX, now_ms - DAY_MS, &q.from_ms);
    if (!err)
        err = http_query_int(req, "to", 0, INT64_MAX, now_ms + 1, &q.to_ms);
    q.events = json_array();
    if (!err)
        err = store_read(registry_store(), events_read, &q);
    if (err) {
        json_decref(q.events);
        return http_problem(req, err, NULL);
    }
    json_t *answer = json_object();
    json_object_set_new(answer, "events", q.events);
    return http_json(req, 200, answer);
}

static int rows_expire(struct store_tx *tx, void *ctx)
{
    int64_t now_ms = *(const int64_t *)ctx;
    int64_t notes_ms = now_ms - (int64_t)NOTE_DAYS * DAY_MS;
    const struct store_arg *args =
        STORE_ARGS(store_int("before", now_ms - (int64_t)HISTORY_DAYS * DAY_MS));
    int err = store_exec(tx, "device_event_expire", args, NULL);

    if (!err)
        err =
            store_exec(tx, "sealed_event_expire", STORE_ARGS(store_int("before", notes_ms)), NULL);
    if (!err)
        err = store_exec(tx, "enrolment_device_expire", args, NULL);
    return err ? err : store_exec(tx, "enrolment_expire", args, NULL);
}

static void expire_done(void *ctx, int result)
{
    if (result)
        metric_refused("device", "history-expire");
    free(ctx);
}

static void on_day(struct net_timer *t, void *arg)
{
    int64_t *now_ms = sk_alloc(sizeof(*now_ms));

    (void)arg;
    *now_ms = sk_clock_wall_ms();
    if (store_write_async(registry_store(), rows_expire, expire_done, now_ms))
        expire_done(now_ms, -SK_EBUSY);
    net_timer_set_in(t, DAY_MS);
}

static struct net_timer day;

static void day_begin(void *loop)
{
    net_timer_init(&day, loop, on_day, NULL);
    on_day(&day, NULL);
}

void history_expire_daily(struct net_loop *loop)
{
    net_loop_post(loop, day_begin, loop);
}
