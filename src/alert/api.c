/* The routes of alerts, silences, rules and samples. */
#include <stdlib.h>
#include <string.h>

#include "alert/internal.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"

enum { LIST_MAX = 200, SAMPLES_AT_ONCE = 500, SECOND_MS = 1000 };
static const int64_t RESOLVED_MS = 72LL * 3600 * 1000, SILENCE_MAX_MS = 400LL * 86400 * 1000;

static void set_milli(json_t *o, const char *name, int64_t milli)
{
    json_object_set_new(
        o, name, milli % MILLI ? json_real((double)milli / MILLI) : json_integer(milli / MILLI));
}

static int get_milli(const json_t *o, const char *name, int64_t *out)
{
    const json_t *v = json_object_get(o, name);

    return json_is_number(v) ? alert_milli_of(out, json_number_value(v)) : -SK_EINVAL;
}

/* A text of the body, or the fallback. */
static int get_text(const json_t *o, const char *name, size_t max, char *out, const char *fallback)
{
    const char *s = fallback;
    int err = sk_json_has(o, name) ? sk_json_str(o, name, max, &s) : 0;

    if (!err && s[0] && !alert_text_is_plain(s, max))
        err = -SK_EINVAL;
    return err ? err : sk_copy(out, max + 1, s);
}

/* ---- alerts ---- */

static json_t *alert_json(const struct alert_row *r)
{
    const struct alert *a = &r->a;
    char title[TITLE_MAX + 1], content[CONTENT_MAX + 1];
    json_t *o = json_object(), *c = json_object();

    alert_title(title, a);
    sk_json_set_int(o, "id", a->no);
    sk_json_set_str(o, "fingerprint", a->fingerprint);
    sk_json_set_str(o, "rule", a->rule);
    sk_json_set_str(o, "level", alert_level_name(a->level));
    sk_json_set_str(o, "title", title);
    alert_content(content, a, 0);
    sk_json_set_str(c, "en", content);
    alert_content(content, a, 1);
    sk_json_set_str(c, "zh", content);
    json_object_set_new(o, "content", c);
    sk_json_set_str(o, "host", a->host);
    sk_json_set_str(o, "ip", a->ip);
    sk_json_set_str(o, "service", a->service);
    sk_json_set_str(o, "metric", a->metric->name);
    set_milli(o, "value", a->value);
    set_milli(o, "peak", a->peak);
    set_milli(o, "limit", a->limit);
    sk_json_set_str(o, "state", a->resolved_ms ? "resolved" : "firing");
    sk_json_set_int(o, "first", a->first_ms);
    sk_json_set_int(o, "last", a->last_ms);
    if (a->resolved_ms)
        sk_json_set_int(o, "resolved", a->resolved_ms);
    sk_json_set_int(o, "count", a->count);
    sk_json_set_int(o, "episodes", a->episodes);
    sk_json_set_bool(o, "flapping", a->is_flapping);
    sk_json_set_bool(o, "inhibited", a->is_inhibited);
    sk_json_set_bool(o, "silenced", a->is_silenced);
    if (a->acked_ms) {
        json_t *k = json_object();
        sk_json_set_str(k, "by", a->acked_by);
        sk_json_set_int(k, "at", a->acked_ms);
        sk_json_set_str(k, "comment", r->comment);
        json_object_set_new(o, "acked", k);
    }
    if (a->escalated_ms)
        sk_json_set_int(o, "escalated", a->escalated_ms);
    sk_json_set_bool(o, "read", r->is_read);
    return o;
}

struct listing {
    const char *account, *state, *host, *rule;
    int64_t before, limit, since, no, last;
    json_t *list, *counts, *one;
};

static int list_row(void *ctx, const struct store_row *row)
{
    struct listing *l = ctx;
    struct alert_row r;
    int err = alert_ledger_row_read(row, &r);

    if (!err)
        json_array_append_new(l->list, alert_json(&r));
    l->last = r.a.no;
    return err;
}

static int counts_row(void *ctx, const struct store_row *row)
{
    static const char *const names[] = {"open", "unread", "acked", "silenced", "resolved"};
    struct listing *l = ctx;

    for (int i = 0; i < 5; i++)
        sk_json_set_int(l->counts, names[i], store_row_int(row, i));
    return 0;
}

static int list_read(struct store_tx *tx, void *ctx)
{
    struct listing *l = ctx;
    int err = store_many(tx, "alert_row_list",
                         STORE_ARGS(store_text("account", l->account),
                                    store_text("state", l->state), store_text("host", l->host),
                                    store_text("rule", l->rule), store_int("before", l->before),
                                    store_int("since", l->since), store_int("limit", l->limit)),
                         LIST_MAX, list_row, l);

    return err ? err
               : store_one(
                     tx, "alert_row_counts",
                     STORE_ARGS(store_text("account", l->account), store_int("since", l->since)),
                     counts_row, l);
}

static int state_is_known(const char *s)
{
    static const char *const known[] = {"open", "unread", "acked", "silenced", "resolved", "all"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(s, known[i]) == 0)
            return 1;
    return 0;
}

static int api_list(struct http_request *req)
{
    const char *state = http_query(req, "state"), *host = http_query(req, "host"),
               *rule = http_query(req, "rule");
    struct listing l = {.account = http_principal(req)->account,
                        .state = state ? state : "open",
                        .host = host ? host : "",
                        .rule = rule ? rule : "",
                        .since = http_now_ms(req) - RESOLVED_MS};
    int err = http_query_int(req, "before", 1, INT64_MAX >> 11, INT64_MAX >> 11, &l.before);

    if (!err)
        err = http_query_int(req, "limit", 1, LIST_MAX, 50, &l.limit);
    if (!err && !state_is_known(l.state))
        err = -SK_EINVAL;
    if (err)
        return http_problem(req, err, NULL);
    l.list = json_array();
    l.counts = json_object();
    err = store_read(alert_store(), list_read, &l);
    json_t *o = json_object();
    sk_json_set_int(l.counts, "pending", (int64_t)state_pending());
    if (!err && json_array_size(l.list) == (size_t)l.limit)
        sk_json_set_int(o, "next", l.last);
    json_object_set_new(o, "alerts", l.list);
    json_object_set_new(o, "counts", l.counts);
    if (!err)
        return http_json(req, 200, o);
    json_decref(o);
    return http_problem(req, err, NULL);
}

static int one_row(void *ctx, const struct store_row *row)
{
    struct listing *l = ctx;
    struct alert_row r;
    int err = alert_ledger_row_read(row, &r);

    if (!err)
        l->one = alert_json(&r);
    return err;
}

static int line_row(void *ctx, const struct store_row *row)
{
    struct listing *l = ctx;
    json_t *o = json_object();

    sk_json_set_int(o, "at", store_row_int(row, 0));
    sk_json_set_str(o, "what", store_row_text(row, 1));
    if (store_row_text(row, 2)[0])
        sk_json_set_str(o, "by", store_row_text(row, 2));
    if (store_row_text(row, 3)[0])
        sk_json_set_str(o, "detail", store_row_text(row, 3));
    json_array_append_new(l->list, o);
    return 0;
}

static int one_read(struct store_tx *tx, void *ctx)
{
    struct listing *l = ctx;
    int err = store_one(tx, "alert_row_get",
                        STORE_ARGS(store_text("account", l->account), store_int("no", l->no)),
                        one_row, l);

    return err ? err
               : store_many(tx, "alert_line_list", STORE_ARGS(store_int("no", l->no)), LIST_MAX,
                            line_row, l);
}

static int no_take(struct http_request *req, int64_t *no)
{
    const char *id = http_param(req, "id");
    uint64_t n;

    if (sk_parse_u64(&n, id, strlen(id), INT64_MAX >> 11))
        return -SK_ENOTFOUND;
    *no = (int64_t)n;
    return 0;
}

static int one_answer(struct http_request *req, int64_t no)
{
    struct listing l = {.account = http_principal(req)->account, .no = no, .list = json_array()};
    int err = store_read(alert_store(), one_read, &l);

    if (err) {
        json_decref(l.list);
        json_decref(l.one);
        return http_problem(req, err, NULL);
    }
    json_object_set_new(l.one, "line", l.list);
    return http_json(req, 200, l.one);
}

static int api_get(struct http_request *req)
{
    int64_t no;
    int err = no_take(req, &no);

    return err ? http_problem(req, err, NULL) : one_answer(req, no);
}

static int ack_do(struct http_request *req, int is_on, const char *comment)
{
    const struct principal *p = http_principal(req);
    int64_t no;
    int err = no_take(req, &no);

    if (!err)
        err = alert_ledger_ack(alert_store(), no, is_on, comment, p, http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    err = state_ack(no, is_on ? p->account : NULL);
    (void)err; /* it has ended in this moment: the row says so */
    return one_answer(req, no);
}

static int api_ack(struct http_request *req)
{
    static const char *const members[] = {"comment", NULL};
    char comment[ALERT_COMMENT_MAX + 1];
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err)
        err = get_text(body, "comment", ALERT_COMMENT_MAX, comment, "");
    return err ? http_problem(req, err, NULL) : ack_do(req, 1, comment);
}

static int api_unack(struct http_request *req)
{
    return ack_do(req, 0, "");
}

static int ids_take(const json_t *body, int64_t *list, size_t *count)
{
    const json_t *ids = json_object_get(body, "ids"), *v;
    size_t i;

    *count = json_array_size(ids);
    if (!json_is_array(ids) || *count < 1 || *count > LIST_MAX)
        return -SK_EINVAL;
    json_array_foreach((json_t *)(uintptr_t)ids, i, v)
    {
        if (!json_is_integer(v))
            return -SK_EINVAL;
        list[i] = json_integer_value(v);
    }
    return 0;
}

static int api_read(struct http_request *req)
{
    static const char *const members[] = {"ids", "all", NULL};
    int64_t list[LIST_MAX];
    size_t count = 0;
    int all = 0;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = sk_json_only(body, members);
    if (!err && sk_json_has(body, "all"))
        err = sk_json_bool(body, "all", &all);
    if (!err && !all)
        err = ids_take(body, list, &count);
    if (!err)
        err = alert_ledger_read(alert_store(), list, count, http_principal(req));
    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

/* ---- silences ---- */

static json_t *silence_json(const struct silence_row *r)
{
    json_t *o = json_object();

    sk_json_set_str(o, "id", r->s.id);
    sk_json_set_str(o, "host", r->s.host);
    sk_json_set_str(o, "rule", r->s.rule);
    sk_json_set_int(o, "from", r->s.from_ms);
    sk_json_set_int(o, "until", r->s.until_ms);
    sk_json_set_str(o, "reason", r->reason);
    sk_json_set_str(o, "by", r->actor);
    sk_json_set_int(o, "at", r->at_ms);
    return o;
}

static int silence_append(void *ctx, const struct silence_row *r)
{
    json_array_append_new(ctx, silence_json(r));
    return 0;
}

static int api_silences(struct http_request *req)
{
    json_t *o = json_object(), *list = json_array();
    int64_t next;
    int err = alert_ledger_load(alert_store(), http_now_ms(req), NULL, silence_append, NULL, NULL,
                                &next, list);

    json_object_set_new(o, "silences", list);
    if (!err)
        return http_json(req, 200, o);
    json_decref(o);
    return http_problem(req, err, NULL);
}

static int silence_parse(const json_t *body, struct silence_row *r)
{
    static const char *const members[] = {"host", "rule", "from", "until", "reason", NULL};
    struct alert_rule rule;
    int err = sk_json_only(body, members);

    r->s.from_ms = r->at_ms;
    if (!err)
        err = get_text(body, "host", ALERT_NAME_MAX, r->s.host, "");
    if (!err)
        err = get_text(body, "rule", RULE_ID_MAX, r->s.rule, "");
    if (!err && r->s.rule[0] && state_rule_get(r->s.rule, &rule))
        err = -SK_EINVAL;
    if (!err && sk_json_has(body, "from"))
        err = sk_json_int(body, "from", r->at_ms - 60 * SECOND_MS, r->at_ms + SILENCE_MAX_MS,
                          &r->s.from_ms);
    if (!err)
        err = sk_json_int(body, "until", r->at_ms + 1, r->at_ms + SILENCE_MAX_MS, &r->s.until_ms);
    if (!err)
        err = get_text(body, "reason", ALERT_COMMENT_MAX, r->reason, "");
    return !err && (!r->reason[0] || r->s.until_ms <= r->s.from_ms) ? -SK_EINVAL : err;
}

static int api_silence_add(struct http_request *req)
{
    const struct principal *p = http_principal(req);
    struct silence_row r = {.at_ms = http_now_ms(req)};
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = silence_parse(body, &r);
    if (!err)
        err = sk_copy(r.actor, sizeof(r.actor), p->account);
    alert_key_make(r.s.id);
    if (!err)
        err = alert_ledger_silence_put(alert_store(), &r, p);
    if (!err)
        err = state_silences_reload();
    return err ? http_problem(req, err, NULL) : http_json(req, 201, silence_json(&r));
}

static int api_silence_remove(struct http_request *req)
{
    int err = alert_ledger_remove(alert_store(), "silence", http_param(req, "id"),
                                  http_principal(req), http_now_ms(req));

    if (!err)
        err = state_silences_reload();
    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

/* ---- rules ---- */

static json_t *rule_json(const struct alert_rule *r)
{
    json_t *o = json_object();

    sk_json_set_str(o, "id", r->id);
    sk_json_set_str(o, "name", r->name);
    sk_json_set_str(o, "metric", r->metric->name);
    sk_json_set_str(o, "op", r->is_below ? "below" : "above");
    set_milli(o, "limit", r->limit);
    set_milli(o, "clear", r->clear);
    sk_json_set_int(o, "for_s", r->for_ms / SECOND_MS);
    sk_json_set_int(o, "clear_s", r->clear_ms / SECOND_MS);
    sk_json_set_str(o, "level", alert_level_name(r->level));
    sk_json_set_str(o, "title", r->title);
    sk_json_set_str(o, "host", r->host);
    sk_json_set_bool(o, "enabled", r->is_enabled);
    sk_json_set_bool(o, "inhibits", r->inhibits);
    sk_json_set_bool(o, "builtin", r->is_builtin);
    return o;
}

static int api_rules(struct http_request *req)
{
    struct alert_rule *rules = sk_alloc(RULES_MAX * sizeof(*rules));
    size_t n = state_rules(rules, RULES_MAX);
    json_t *o = json_object(), *list = json_array(), *metrics = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, rule_json(&rules[i]));
    for (size_t i = 0; alert_metric_at(i); i++) {
        const struct alert_metric *m = alert_metric_at(i);
        json_t *one = json_object();
        sk_json_set_str(one, "name", m->name);
        sk_json_set_str(one, "unit", m->unit);
        sk_json_set_str(one, "en", m->en);
        sk_json_set_str(one, "zh", m->zh);
        json_array_append_new(metrics, one);
    }
    json_object_set_new(o, "rules", list);
    json_object_set_new(o, "metrics", metrics);
    free(rules);
    return http_json(req, 200, o);
}

static int seconds_take(const json_t *body, const char *name, int64_t *ms)
{
    int64_t s;
    int err = sk_json_int(body, name, 0, 86400, &s);

    if (!err)
        *ms = s * SECOND_MS;
    return err;
}

static int level_take(const json_t *body, enum alert_level *out)
{
    const char *s;

    if (sk_json_str(body, "level", 16, &s))
        return -SK_EINVAL;
    *out = strcmp(s, "error") == 0 ? ALERT_ERROR : ALERT_WARNING;
    return strcmp(s, alert_level_name(*out)) == 0 ? 0 : -SK_EINVAL;
}

/* Members that are there replace those of `r`. */
static int rule_numbers_take(const json_t *body, struct alert_rule *r)
{
    int err = 0;

    if (sk_json_has(body, "limit"))
        err = get_milli(body, "limit", &r->limit);
    if (!err && sk_json_has(body, "clear"))
        err = get_milli(body, "clear", &r->clear);
    if (!err && sk_json_has(body, "for_s"))
        err = seconds_take(body, "for_s", &r->for_ms);
    if (!err && sk_json_has(body, "clear_s"))
        err = seconds_take(body, "clear_s", &r->clear_ms);
    if (!err && sk_json_has(body, "level"))
        err = level_take(body, &r->level);
    if (!err && sk_json_has(body, "enabled"))
        err = sk_json_bool(body, "enabled", &r->is_enabled);
    if (!err && sk_json_has(body, "host"))
        err = get_text(body, "host", ALERT_NAME_MAX, r->host, "");
    return err;
}

static int rule_texts_take(const json_t *body, struct alert_rule *r)
{
    int err = 0;

    if (sk_json_has(body, "name"))
        err = get_text(body, "name", RULE_TEXT_MAX, r->name, "");
    if (!err && sk_json_has(body, "title"))
        err = get_text(body, "title", RULE_TITLE_MAX, r->title, "");
    return err;
}

static int rule_parse(const json_t *body, struct alert_rule *r)
{
    static const char *const members[] = {"name",    "metric",   "op",    "limit", "clear",
                                          "for_s",   "clear_s",  "level", "title", "host",
                                          "enabled", "inhibits", NULL};
    const char *metric, *op;
    int err = sk_json_only(body, members);

    if (!err)
        err = sk_json_str(body, "metric", ALERT_NAME_MAX, &metric);
    if (!err)
        err = sk_json_str(body, "op", 8, &op);
    if (err)
        return err;
    r->metric = alert_metric_find(metric);
    r->is_below = strcmp(op, "below") == 0;
    r->is_enabled = 1;
    if (!r->is_below && strcmp(op, "above") != 0)
        return -SK_EINVAL;
    err = rule_numbers_take(body, r);
    if (!err)
        err = rule_texts_take(body, r);
    if (!err && sk_json_has(body, "inhibits"))
        err = sk_json_bool(body, "inhibits", &r->inhibits);
    return err ? err : alert_rule_check(r);
}

static int api_rule_add(struct http_request *req)
{
    struct alert_rule r = {.id = ""}, *all = sk_alloc(RULES_MAX * sizeof(*all));
    int full = state_rules(all, RULES_MAX) == RULES_MAX;
    json_t *body;

    free(all);
    if (http_body_json(req, &body))
        return 0;
    int err = full ? -SK_ECONFLICT : rule_parse(body, &r);
    alert_key_make(r.id);
    if (!err)
        err = alert_ledger_rule_put(alert_store(), &r, http_principal(req), http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    state_rule_set(&r);
    return http_json(req, 201, rule_json(&r));
}

static int api_rule_patch(struct http_request *req)
{
    static const char *const builtin[] = {"limit", "clear",   "for_s", "clear_s",
                                          "level", "enabled", "host",  NULL};
    static const char *const own[] = {"limit",   "clear", "for_s", "clear_s", "level",
                                      "enabled", "host",  "name",  "title",   NULL};
    struct alert_rule r;
    json_t *body;

    if (http_body_json(req, &body))
        return 0;
    int err = state_rule_get(http_param(req, "id"), &r);
    if (!err)
        err = sk_json_only(body, r.is_builtin ? builtin : own);
    if (!err)
        err = rule_numbers_take(body, &r);
    if (!err)
        err = rule_texts_take(body, &r);
    if (!err)
        err = alert_rule_check(&r);
    if (!err)
        err = alert_ledger_rule_put(alert_store(), &r, http_principal(req), http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    state_rule_set(&r);
    return http_json(req, 200, rule_json(&r));
}

static int api_rule_remove(struct http_request *req)
{
    struct alert_rule r;
    int err = state_rule_get(http_param(req, "id"), &r);

    if (!err && r.is_builtin)
        err = -SK_ECONFLICT;
    if (!err)
        err =
            alert_ledger_remove(alert_store(), "rule", r.id, http_principal(req), http_now_ms(req));
    if (err)
        return http_problem(req, err, NULL);
    state_rule_remove(r.id);
    return http_empty(req, 204);
}

/* ---- samples of hosts without an agent ---- */

static int sample_take(const json_t *o, int64_t now_ms, struct alert_sample *s)
{
    static const char *const members[] = {"host",    "metric", "value", "other",
                                          "service", "ip",     "at",    NULL};
    int err = json_is_object(o) ? sk_json_only(o, members) : -SK_EINVAL;

    *s = (struct alert_sample){.service = "", .ip = "", .at_ms = now_ms};
    if (!err)
        err = sk_json_str(o, "host", ALERT_NAME_MAX, &s->host);
    if (!err)
        err = sk_json_str(o, "metric", ALERT_NAME_MAX, &s->metric);
    if (!err && sk_json_has(o, "service"))
        err = sk_json_str(o, "service", ALERT_NAME_MAX, &s->service);
    if (!err && sk_json_has(o, "ip"))
        err = sk_json_str(o, "ip", SOURCE_SIZE - 1, &s->ip);
    if (!err && sk_json_has(o, "at"))
        err = sk_json_int(o, "at", 0, INT64_MAX >> 11, &s->at_ms);
    if (!err && !json_is_number(json_object_get(o, "value")))
        err = -SK_EINVAL;
    s->value = json_number_value(json_object_get(o, "value"));
    s->other = json_number_value(json_object_get(o, "other"));
    return err;
}

static int api_samples(struct http_request *req)
{
    static const char *const members[] = {"samples", NULL};
    struct alert_sample s;
    size_t refused = 0, i, n;
    json_t *body, *one;

    if (http_body_json(req, &body))
        return 0;
    const json_t *list = json_object_get(body, "samples");
    n = json_array_size(list);
    if (sk_json_only(body, members) || !json_is_array(list) || !n || n > SAMPLES_AT_ONCE)
        return http_problem(req, -SK_EINVAL, NULL);
    json_array_foreach((json_t *)(uintptr_t)list, i, one)
    {
        if (sample_take(one, http_now_ms(req), &s))
            refused++;
        else
            refused += state_samples(&s, 1);
    }
    json_t *o = json_object();
    sk_json_set_int(o, "taken", (int64_t)(n - refused));
    sk_json_set_int(o, "refused", (int64_t)refused);
    return http_json(req, 200, o);
}

/* ---- the table ---- */

#define OK(code) "\"responses\":{\"" code "\":{\"description\":\"Done\"}}"
#define ANSWER(code, schema)                                                                       \
    "\"responses\":{\"" code "\":{\"description\":\"Done\",\"content\":{\"application/json\":"     \
    "{\"schema\":" schema "}}}}"
#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"number\"}"
#define WHOLE "{\"type\":\"integer\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                  \
    "],\"properties\":{" properties "}}"
#define TAKES(schema)                                                                              \
    "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":" schema "}" \
    "}"                                                                                            \
    "}"
#define LEVEL "{\"enum\":[\"warning\",\"error\"]}"
#define READ_BODY OBJECT("", "\"ids\":{\"type\":\"array\",\"items\":" WHOLE "},\"all\":" FLAG)
#define ACK_BODY OBJECT("", "\"comment\":" TEXT)
#define SILENCE_BODY                                                                               \
    OBJECT("\"until\",\"reason\"", "\"host\":" TEXT ",\"rule\":" TEXT ",\"from\":" WHOLE           \
                                   ",\"until\":" WHOLE ",\"reason\":" TEXT)
#define RULE_LIMITS                                                                                \
    "\"name\":" TEXT ",\"limit\":" NUMBER ",\"clear\":" NUMBER ",\"for_s\":" WHOLE                 \
    ",\"clear_s\":" WHOLE ",\"inhibits\":" FLAG ",\"level\":" LEVEL ",\"enabled\":" FLAG           \
    ",\"host\":" TEXT ",\"title\":" TEXT
#define CHANNEL_MEMBERS                                                                            \
    "\"name\":" TEXT ",\"language\":{\"enum\":[\"en\",\"zh\"]},\"levels\":{\"enum\":[\"all\","     \
    "\"error\"]},\"escalation\":" FLAG ",\"failover\":" TEXT ",\"enabled\":" FLAG                  \
    ",\"config\":{\"type\":\"object\"}"
#define SAMPLE                                                                                     \
    OBJECT("\"host\",\"metric\",\"value\"",                                                        \
           "\"host\":" TEXT ",\"metric\":" TEXT ",\"value\":" NUMBER ",\"other\":" NUMBER          \
           ",\"service\":" TEXT ",\"ip\":" TEXT ",\"at\":" WHOLE)
#define LIST(name)                                                                                 \
    "{\"type\":\"object\",\"required\":[\"" name "\"],\"properties\":{\"" name                     \
    "\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}"
#define THING                                                                                      \
    "{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\"id\":{\"type\":"                 \
    "[\"string\",\"integer\"]}}}"
#define ROUTE(id, summary, rest) "{\"operationId\":\"" id "\",\"summary\":\"" summary "\"," rest "}"

const struct route alert_routes[] = {
    {"GET", "/api/v1/alerts", "alert.view", 0, NULL, api_list,
     ROUTE("alertList", "What is wrong, newest first", ANSWER("200", LIST("alerts")))},
    {"POST", "/api/v1/alerts/read", "alert.view", 8192, NULL, api_read,
     ROUTE("alertRead", "I have seen these", TAKES(READ_BODY) "," OK("204"))},
    {"GET", "/api/v1/alerts/{id}", "alert.view", 0, NULL, api_get,
     ROUTE("alertGet", "One alert with its life line", ANSWER("200", THING))},
    {"POST", "/api/v1/alerts/{id}/ack", "alert.operate", 2048, NULL, api_ack,
     ROUTE("alertAck", "I take this one on", TAKES(ACK_BODY) "," ANSWER("200", THING))},
    {"DELETE", "/api/v1/alerts/{id}/ack", "alert.operate", 0, NULL, api_unack,
     ROUTE("alertUnack", "Nobody has it any more", ANSWER("200", THING))},
    {"GET", "/api/v1/alert-silences", "alert.view", 0, NULL, api_silences,
     ROUTE("alertSilenceList", "Silences and maintenance", ANSWER("200", LIST("silences")))},
    {"POST", "/api/v1/alert-silences", "alert.operate", 4096, NULL, api_silence_add,
     ROUTE("alertSilenceAdd", "Show it, but tell nobody",
           TAKES(SILENCE_BODY) "," ANSWER("201", THING))},
    {"DELETE", "/api/v1/alert-silences/{id}", "alert.operate", 0, NULL, api_silence_remove,
     ROUTE("alertSilenceRemove", "End a silence", OK("204"))},
    {"GET", "/api/v1/alert-rules", "alert.view", 0, NULL, api_rules,
     ROUTE("alertRuleList", "By which rules it is judged", ANSWER("200", LIST("rules")))},
    {"POST", "/api/v1/alert-rules", "alert.operate", 4096, NULL, api_rule_add,
     ROUTE("alertRuleAdd", "A rule of one's own",
           TAKES(OBJECT("\"metric\",\"op\",\"limit\"", RULE_LIMITS
                        ",\"metric\":" TEXT ",\"op\":" TEXT)) "," ANSWER("201", THING))},
    {"PATCH", "/api/v1/alert-rules/{id}", "alert.operate", 4096, NULL, api_rule_patch,
     ROUTE("alertRulePatch", "Change a rule",
           TAKES(OBJECT("", RULE_LIMITS)) "," ANSWER("200", THING))},
    {"DELETE", "/api/v1/alert-rules/{id}", "alert.operate", 0, NULL, api_rule_remove,
     ROUTE("alertRuleRemove", "Remove a rule of one's own", OK("204"))},
    {"GET", "/api/v1/alert-channels", "alert.view", 0, NULL, api_channels,
     ROUTE("alertChannelList", "How people are reached", ANSWER("200", LIST("channels")))},
    {"POST", "/api/v1/alert-channels", "alert.operate", 16384, NULL, api_channel_add,
     ROUTE("alertChannelAdd", "A new channel",
           TAKES(OBJECT("\"name\",\"kind\",\"config\"",
                        CHANNEL_MEMBERS ",\"kind\":" TEXT)) "," ANSWER("201", THING))},
    {"PATCH", "/api/v1/alert-channels/{id}", "alert.operate", 16384, NULL, api_channel_patch,
     ROUTE("alertChannelPatch", "Change a channel",
           TAKES(OBJECT("", CHANNEL_MEMBERS)) "," ANSWER("200", THING))},
    {"DELETE", "/api/v1/alert-channels/{id}", "alert.operate", 0, NULL, api_channel_remove,
     ROUTE("alertChannelRemove", "Remove a channel", OK("204"))},
    {"POST", "/api/v1/alert-channels/{id}/test", "alert.operate", 256, NULL, api_channel_test,
     ROUTE(
         "alertChannelTest", "Send a test by the real path",
         TAKES(OBJECT("", "")) "," ANSWER("202", "{\"type\":\"object\",\"required\":[\"fact\"]}"))},
    {"GET", "/api/v1/alert-channels/{id}/preview", "alert.view", 0, NULL, api_channel_preview,
     ROUTE("alertChannelPreview", "What a message looks like",
           ANSWER("200", "{\"type\":\"object\",\"required\":[\"text\",\"bytes\",\"left\"]}"))},
    {"GET", "/api/v1/alert-outbox", "alert.view", 0, NULL, api_outbox,
     ROUTE("alertOutbox", "Messages sent and to be sent", ANSWER("200", LIST("batches")))},
    {"POST", "/api/v1/alert-samples", "alert.operate", 262144, NULL, api_samples,
     ROUTE("alertSamples", "Numbers of hosts without an agent",
           TAKES(OBJECT(
               "\"samples\"",
               "\"samples\":{\"type\":\"array\",\"items\":" SAMPLE
               "}")) "," ANSWER("200",
                                "{\"type\":\"object\",\"required\":[\"taken\",\"refused\"]}"))},
    {0},
};
