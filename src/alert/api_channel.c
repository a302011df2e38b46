/* The routes of channels and of the outbox. */
#include <stdlib.h>
#include <string.h>

#include "alert/internal.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"

enum { PREVIEW_MAX = 500 };

struct shown {
    json_t *o;
    int64_t queued;
};

static int channel_json(void *ctx, struct channel *c)
{
    struct shown *s = ctx;
    char target[CHANNEL_TARGET_SIZE];
    json_t *o = s->o;

    channel_target(target, c->kind, c->config);
    sk_json_set_str(o, "id", c->id);
    sk_json_set_str(o, "name", c->name);
    sk_json_set_str(o, "kind", channel_kinds[c->kind].name);
    sk_json_set_str(o, "language", c->is_zh ? "zh" : "en");
    sk_json_set_str(o, "levels", c->errors_only ? "error" : "all");
    sk_json_set_bool(o, "escalation", c->escalation);
    if (c->failover[0])
        sk_json_set_str(o, "failover", c->failover);
    sk_json_set_bool(o, "enabled", c->is_enabled);
    sk_json_set_str(o, "target", target);
    sk_json_set_bool(o, "failing", c->is_failing);
    if (c->last_ms) {
        json_t *last = json_object();
        sk_json_set_str(last, "state", c->last_state);
        sk_json_set_int(last, "at", c->last_ms);
        sk_json_set_str(last, "code", c->last_code);
        json_object_set_new(o, "last", last);
    }
    return 0;
}

struct outbox_list {
    const char *channel;
    json_t *list;
    int64_t queued;
};

static int queued_read(struct store_tx *tx, void *ctx)
{
    struct outbox_list *l = ctx;

    return store_one_int(tx, "alert_outbox_count", STORE_ARGS(store_text("channel", l->channel)),
                         &l->queued);
}

static int channel_show(const char *id, json_t **out)
{
    struct shown s = {.o = json_object()};
    struct outbox_list l = {.channel = id};
    int err = state_channel_with(id, channel_json, &s);

    if (!err)
        err = store_read(alert_store(), queued_read, &l);
    sk_json_set_int(s.o, "queued", l.queued);
    *out = s.o;
    return err;
}

int api_channels(struct http_request *req)
{
    char ids[CHANNELS_MAX][ALERT_KEY_SIZE];
    size_t n = state_channel_ids(ids);
    json_t *o = json_object(), *list = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *one;
        if (channel_show(ids[i], &one))
            json_decref(one);
        else
            json_array_append_new(list, one);
    }
    json_object_set_new(o, "channels", list);
    return http_json(req, 200, o);
}

static int channel_is_there(void *ctx, struct channel *c)
{
    (void)ctx, (void)c;
    return 0;
}

/* Members that are there replace those of `c`. */
static int words_take(const json_t *body, struct channel *c)
{
    const char *s;
    int err = 0;

    if (sk_json_has(body, "name")) {
        err = sk_json_str(body, "name", RULE_TEXT_MAX, &s);
        if (!err)
            err = alert_text_is_plain(s, RULE_TEXT_MAX) ? sk_copy(c->name, sizeof(c->name), s)
                                                        : -SK_EINVAL;
    }
    if (!err && sk_json_has(body, "language") && !(err = sk_json_str(body, "language", 2, &s))) {
        c->is_zh = strcmp(s, "zh") == 0;
        err = c->is_zh || strcmp(s, "en") == 0 ? 0 : -SK_EINVAL;
    }
    if (!err && sk_json_has(body, "levels") && !(err = sk_json_str(body, "levels", 8, &s))) {
        c->errors_only = strcmp(s, "error") == 0;
        err = c->errors_only || strcmp(s, "all") == 0 ? 0 : -SK_EINVAL;
    }
    if (!err && sk_json_has(body, "failover") &&
        !(err = sk_json_str(body, "failover", ALERT_KEY_SIZE - 1, &s))) {
        if (s[0] && (strcmp(s, c->id) == 0 || state_channel_with(s, channel_is_there, NULL)))
            err = -SK_EINVAL;
        if (!err)
            err = sk_copy(c->failover, sizeof(c->failover), s);
    }
    return err;
}

static int channel_take(const json_t *body, struct channel *c)
{
    int err = words_take(body, c);

    if (!err && sk_json_has(body, "escalation"))
        err = sk_json_bool(body, "escalation", &c->escalation);
    if (!err && sk_json_has(body, "enabled"))
        err = sk_json_bool(body, "enabled", &c->is_enabled);
    if (!err && sk_json_has(body, "config")) {
        err = channel_config_check(c->kind, json_object_get(body, "config"));
        if (!err) {
            json_decref(c->config);
            c->config = json_deep_copy(json_object_get(body, "config"));
        }
    }
    return !err && (!c->name[0] || !c->config) ? -SK_EINVAL : err;
}

static int channel_save(struct http_request *req, struct channel *c, int is_new)
{
    json_t *one;
    int err =
        alert_ledger_channel_put(alert_store(), c, http_principal(req), is_new, http_now_ms(req));

    if (err)
        return http_problem(req, err, NULL);
    state_channel_set(c);
    err = channel_show(c->id, &one);
    if (!err)
        return http_json(req, is_new ? 201 : 200, one);
    json_decref(one);
    return http_problem(req, err, NULL);
}

int api_channel_add(struct http_request *req)
{
    static const char *const members[] = {"name",     "kind",    "language", "levels", "escalation",
                                          "failover", "enabled", "config",   NULL};
    char ids[CHANNELS_MAX][ALERT_KEY_SIZE];
    struct channel c = {.is_enabled = 1, .at_ms = http_now_ms(req)};
    const char *kind;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = sk_json_str(body, "kind", 16, &kind);
    if (!err)
        err = channel_kind_find(&c.kind, kind);
    alert_key_make(c.id);
    if (!err)
        err = channel_take(body, &c);
    if (!err && state_channel_ids(ids) == CHANNELS_MAX)
        err = -SK_ECONFLICT;
    if (err) {
        json_decref(c.config);
        return http_problem(req, err, NULL);
    }
    int answer = channel_save(req, &c, 1);
    json_decref(c.config);
    return answer;
}

static int channel_copy(void *ctx, struct channel *c)
{
    struct channel *out = ctx;

    *out = *c;
    out->config = json_deep_copy(c->config);
    out->fails = out->is_failing = 0;
    out->cool_ms = out->token_until_ms = 0;
    return 0;
}

int api_channel_patch(struct http_request *req)
{
    static const char *const members[] = {"name",     "language", "levels", "escalation",
                                          "failover", "enabled",  "config", NULL};
    struct channel c = {.config = NULL};
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = state_channel_with(http_param(req, "id"), channel_copy, &c);
    if (!err)
        err = channel_take(body, &c);
    int answer = err ? http_problem(req, err, NULL) : channel_save(req, &c, 0);
    json_decref(c.config);
    return answer;
}

int api_channel_remove(struct http_request *req)
{
    const char *id = http_param(req, "id");
    int err =
        alert_ledger_remove(alert_store(), "channel", id, http_principal(req), http_now_ms(req));

    if (err)
        return http_problem(req, err, NULL);
    state_channel_remove(id);
    return http_empty(req, 204);
}

/* ---- test and preview ---- */

/* What a test and a preview speak of. */
static void fact_sample(struct fact *out, enum fact_what what, int64_t no, int64_t now_ms)
{
    struct alert a = {.no = no,
                      .level = ALERT_WARNING,
                      .metric = alert_metric_find("cpu_pct"),
                      .title = "HI-CPU[{v}]",
                      .value = 91000,
                      .peak = 97000,
                      .limit = 90000,
                      .first_ms = now_ms - 240000,
                      .count = 24,
                      .fingerprint = "0000000000000000",
                      .rule = "hi-cpu",
                      .host = "relay-1",
                      .ip = "192.0.2.7"};

    fact_make(out, what, &a, now_ms);
}

int api_channel_test(struct http_request *req)
{
    static const char *const members[] = {NULL};
    const char *id = http_param(req, "id");
    int64_t no = -http_now_ms(req);
    struct fact f;
    json_t *body, *o;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = state_channel_with(id, channel_is_there, NULL);
    if (err)
        return http_problem(req, err, NULL);
    fact_sample(&f, FACT_TEST, 0, http_now_ms(req));
    char *text = fact_text(&f);
    err = alert_ledger_test_put(alert_store(), id, no, text, http_principal(req), http_now_ms(req));
    free(text);
    if (err)
        return http_problem(req, err, NULL);
    o = json_object();
    sk_json_set_int(o, "fact", no);
    return http_json(req, 202, o);
}

static int preview_json(struct vendor_request *r, const struct vendor_job *job,
                        const struct fact *facts, size_t count, json_t *o)
{
    const struct message_terms terms = {.is_zh = job->is_zh,
                                        .bytes_max = channel_kinds[job->kind].text_max,
                                        .console = job->console,
                                        .keyword = ""};
    struct sk_buf text;
    size_t taken = 0;
    int err = vendor_build(r, job, facts, count, &taken);

    sk_buf_init(&text, VENDOR_BODY_MAX);
    if (!err)
        message_text(&text, &terms, facts, taken);
    sk_json_set_str(o, "text", text.data ? (const char *)text.data : "");
    sk_json_set_int(o, "bytes", (int64_t)r->body.len);
    sk_json_set_int(o, "left", (int64_t)(count - taken));
    /* Feishu's signature stands in the body: it is good for an hour, so it is not shown. */
    if (!err)
        sk_json_set_str(o, "body", job->kind == CHANNEL_FEISHU ? "" : (const char *)r->body.data);
    sk_buf_fini(&text);
    return err;
}

int api_channel_preview(struct http_request *req)
{
    struct channel c = {.config = NULL};
    int64_t count, over;
    int err = http_query_int(req, "facts", 1, PREVIEW_MAX, 1, &count);

    if (!err)
        err = http_query_int(req, "resolved", 0, PREVIEW_MAX, 0, &over);
    if (!err)
        err = state_channel_with(http_param(req, "id"), channel_copy, &c);
    if (err)
        return http_problem(req, err, NULL);
    struct fact *facts = sk_alloc((size_t)count * sizeof(*facts));
    for (int64_t i = 0; i < count; i++)
        fact_sample(&facts[i], i >= count - over ? FACT_RESOLVED : FACT_FIRED, i + 1,
                    http_now_ms(req));
    const struct vendor_job job = {.kind = c.kind,
                                   .config = c.config,
                                   .batch = "preview",
                                   .token = "",
                                   .is_zh = c.is_zh,
                                   .console = deliver_console(),
                                   .now_ms = http_now_ms(req)};
    struct vendor_request r;
    json_t *o = json_object();
    vendor_request_init(&r);
    err = preview_json(&r, &job, facts, (size_t)count, o);
    vendor_request_fini(&r);
    json_decref(c.config);
    free(facts);
    if (!err)
        return http_json(req, 200, o);
    json_decref(o);
    return http_problem(req, err, NULL);
}

/* ---- outbox ---- */

static int batch_row(void *ctx, const struct store_row *row)
{
    struct outbox_list *l = ctx;
    json_t *o = json_object();

    sk_json_set_str(o, "id", store_row_text(row, 0));
    sk_json_set_str(o, "channel", store_row_text(row, 1));
    sk_json_set_str(o, "state", store_row_text(row, 2));
    sk_json_set_int(o, "facts", store_row_int(row, 3));
    sk_json_set_int(o, "attempts", store_row_int(row, 4));
    sk_json_set_int(o, "made", store_row_int(row, 5));
    sk_json_set_int(o, "last", store_row_int(row, 6));
    sk_json_set_int(o, "not_before", store_row_int(row, 7));
    sk_json_set_str(o, "code", store_row_text(row, 8));
    json_array_append_new(l->list, o);
    return 0;
}

static int outbox_read(struct store_tx *tx, void *ctx)
{
    struct outbox_list *l = ctx;
    int err = queued_read(tx, l);

    return err ? err
               : store_many(tx, "alert_batch_list", STORE_ARGS(store_text("channel", l->channel)),
                            100, batch_row, l);
}

int api_outbox(struct http_request *req)
{
    const char *channel = http_query(req, "channel");
    struct outbox_list l = {.channel = channel ? channel : "", .list = json_array()};
    int err = store_read(alert_store(), outbox_read, &l);
    json_t *o = json_object();

    sk_json_set_int(o, "queued", l.queued);
    json_object_set_new(o, "batches", l.list);
    if (!err)
        return http_json(req, 200, o);
    json_decref(o);
    return http_problem(req, err, NULL);
}
