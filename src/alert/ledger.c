/* Rules, alerts, silences and channels in the store. What people change has its row of the audit
 * log in the same transaction; what the box finds has its facts of the outbox there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/internal.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/audit.h"
#include "core/boxkey.h"
#include "crypto/wipe.h"

static struct boxkey channel_key;

static int channel_count_read(struct store_tx *tx, void *ctx)
{
    return store_one_int(tx, "alert_channel_count", NULL, ctx);
}

int alert_ledger_key_load(struct store *s, const char *data_dir)
{
    int64_t channels = 0;
    int err = store_read(s, channel_count_read, &channels);

    return err ? err : boxkey_load(&channel_key, data_dir, "alert", channels == 0);
}

void alert_ledger_key_wipe(void)
{
    boxkey_wipe(&channel_key);
}

enum { HOUR_MS = 3600 * 1000 };

void alert_key_make(char out[ALERT_KEY_SIZE])
{
    uint8_t raw[16];

    sk_random(raw, sizeof(raw));
    sk_b32_encode(out, raw, sizeof(raw));
}

static enum alert_level level_of(const char *name)
{
    return strcmp(name, "error") == 0 ? ALERT_ERROR : ALERT_WARNING;
}

/* ---- news ------------------------------------------------------------------------------------ */

struct news_write {
    const struct news *list;
    size_t count;
    const struct route_to *to;
    size_t to_count;
};

static int row_put(struct store_tx *tx, const struct alert *a)
{
    return store_exec(
        tx, "alert_row_put",
        STORE_ARGS(store_int("no", a->no), store_text("fingerprint", a->fingerprint),
                   store_text("rule", a->rule), store_text("level", alert_level_name(a->level)),
                   store_text("title", a->title), store_text("host", a->host),
                   store_text("ip", a->ip), store_text("service", a->service),
                   store_text("metric", a->metric->name), store_int("value", a->value),
                   store_int("other", a->other), store_int("peak", a->peak),
                   store_int("limit_value", a->limit), store_int("first", a->first_ms),
                   store_int("last", a->last_ms), store_int("resolved", a->resolved_ms),
                   store_int("hits", a->count), store_int("episodes", a->episodes),
                   store_int("told", a->is_told), store_int("flapping", a->is_flapping),
                   store_int("inhibited", a->is_inhibited), store_int("silenced", a->is_silenced),
                   store_int("escalated", a->escalated_ms)),
        NULL);
}

static int line_add(struct store_tx *tx, int64_t no, int64_t at_ms, const char *what,
                    const char *actor, const char *detail)
{
    return store_exec(tx, "alert_line_add",
                      STORE_ARGS(store_int("no", no), store_int("at", at_ms),
                                 store_text("what", what), store_text("actor", actor),
                                 store_text("detail", detail)),
                      NULL);
}

/* A channel is not told through itself that it fails. */
static int takes(const struct route_to *to, const struct news *n)
{
    if (to->errors_only && n->a.level != ALERT_ERROR)
        return 0;
    if (n->what == ALERT_ESCALATED && !to->escalation)
        return 0;
    return strcmp(n->a.metric->name, "channel_failing") != 0 || strcmp(n->a.service, to->name) != 0;
}

static int facts_put(struct store_tx *tx, const struct news_write *w, const struct news *n,
                     enum fact_what what)
{
    char key[FACT_KEY_SIZE];
    struct fact f;
    int err = 0;

    fact_make(&f, what, &n->a, n->at_ms);
    fact_key(key, what, n->a.episodes);
    char *text = fact_text(&f);
    for (size_t i = 0; !err && i < w->to_count; i++)
        if (takes(&w->to[i], n))
            err = store_exec(tx, "alert_outbox_put",
                             STORE_ARGS(store_text("channel", w->to[i].id),
                                        store_int("no", n->a.no), store_text("what", key),
                                        store_text("fact", text), store_int("at", n->at_ms)),
                             NULL);
    free(text);
    return err;
}

static int one_write(struct store_tx *tx, const struct news_write *w, const struct news *n)
{
    static const struct {
        const char *line;
        int fact; /* -1: nothing is told */
    } rows[] = {[ALERT_FIRED] = {"fired", FACT_FIRED},
                [ALERT_RESOLVED] = {"resolved", FACT_RESOLVED},
                [ALERT_ESCALATED] = {"escalated", FACT_ESCALATED},
                [ALERT_CHANGED] = {NULL, -1},
                [ALERT_ENDED] = {"ended", -1}};
    char title[TITLE_MAX + 1];
    int err = row_put(tx, &n->a);

    alert_title(title, &n->a);
    if (!err && n->what == ALERT_FIRED && n->a.episodes > 1)
        err = store_exec(tx, "alert_read_clear", STORE_ARGS(store_int("no", n->a.no)), NULL);
    if (!err && n->what == ALERT_FIRED && n->a.episodes > 1)
        err = store_exec(tx, "alert_row_ack",
                         STORE_ARGS(store_text("by", ""), store_int("at", 0),
                                    store_text("comment", ""), store_int("no", n->a.no)),
                         NULL);
    if (!err && rows[n->what].line)
        err = line_add(tx, n->a.no, n->at_ms, rows[n->what].line, "", title);
    if (!err && rows[n->what].fact >= 0)
        err = facts_put(tx, w, n, (enum fact_what)rows[n->what].fact);
    return err;
}

static int news_write_do(struct store_tx *tx, void *ctx)
{
    const struct news_write *w = ctx;
    int err = 0;

    for (size_t i = 0; !err && i < w->count; i++)
        err = one_write(tx, w, &w->list[i]);
    return err;
}

int alert_ledger_news_write(struct store *s, const struct news *list, size_t count,
                            const struct route_to *to, size_t to_count)
{
    struct news_write w = {list, count, to, to_count};

    return store_write(s, news_write_do, &w);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int texts_copy(const struct store_row *row, const int *cols, char *const *to,
                      const size_t *caps, size_t count)
{
    int err = 0;

    for (size_t i = 0; !err && i < count; i++)
        err = store_row_copy(row, cols[i], to[i], caps[i]);
    return err;
}

int alert_ledger_row_read(const struct store_row *row, struct alert_row *out)
{
    struct alert *a = &out->a;
    static const int cols[] = {1, 2, 4, 5, 6, 7, 23, 25};
    char *const to[] = {a->fingerprint, a->rule,    a->title,    a->host,
                        a->ip,          a->service, a->acked_by, out->comment};
    static const size_t caps[] = {
        17,          RULE_ID_MAX + 1,    RULE_TITLE_MAX + 1, ALERT_NAME_MAX + 1,
        SOURCE_SIZE, ALERT_NAME_MAX + 1, ACCOUNT_ID_MAX + 1, ALERT_COMMENT_MAX + 1};

    memset(out, 0, sizeof(*out));
    a->no = store_row_int(row, 0);
    a->level = level_of(store_row_text(row, 3));
    a->metric = alert_metric_find(store_row_text(row, 8));
    a->value = store_row_int(row, 9);
    a->other = store_row_int(row, 10);
    a->peak = store_row_int(row, 11);
    a->limit = store_row_int(row, 12);
    a->first_ms = store_row_int(row, 13);
    a->last_ms = store_row_int(row, 14);
    a->resolved_ms = store_row_int(row, 15);
    a->count = store_row_int(row, 16);
    a->episodes = store_row_int(row, 17);
    a->is_told = store_row_int(row, 18) != 0;
    a->is_flapping = store_row_int(row, 19) != 0;
    a->is_inhibited = store_row_int(row, 20) != 0;
    a->is_silenced = store_row_int(row, 21) != 0;
    a->escalated_ms = store_row_int(row, 22);
    a->acked_ms = store_row_int(row, 24);
    out->is_read = store_row_int(row, 26) != 0;
    return a->metric ? texts_copy(row, cols, to, caps, 8) : -SK_EIO;
}

struct loading {
    int (*rule)(void *ctx, const struct alert_rule *r);
    int (*silence)(void *ctx, const struct silence_row *r);
    int (*alert)(void *ctx, const struct alert *a);
    int (*channel)(void *ctx, struct channel *c);
    int64_t now_ms, *next_no;
    void *ctx;
};

static int rule_row(void *ctx, const struct store_row *row)
{
    const struct loading *l = ctx;
    struct alert_rule r = {.metric = alert_metric_find(store_row_text(row, 2)),
                           .is_below = store_row_int(row, 3) != 0,
                           .limit = store_row_int(row, 4),
                           .clear = store_row_int(row, 5),
                           .for_ms = store_row_int(row, 6),
                           .clear_ms = store_row_int(row, 7),
                           .level = level_of(store_row_text(row, 8)),
                           .is_enabled = store_row_int(row, 11) != 0,
                           .inhibits = store_row_int(row, 12) != 0};
    static const int cols[] = {0, 1, 9, 10};
    char *const to[] = {r.id, r.name, r.title, r.host};
    static const size_t caps[] = {RULE_ID_MAX + 1, RULE_TEXT_MAX + 1, RULE_TITLE_MAX + 1,
                                  ALERT_NAME_MAX + 1};
    int err = r.metric ? texts_copy(row, cols, to, caps, 4) : 0; /* a metric of a newer version */

    return err || !r.metric ? err : l->rule(l->ctx, &r);
}

static int silence_row(void *ctx, const struct store_row *row)
{
    const struct loading *l = ctx;
    struct silence_row r = {.s.from_ms = store_row_int(row, 3),
                            .s.until_ms = store_row_int(row, 4),
                            .at_ms = store_row_int(row, 7)};
    static const int cols[] = {0, 1, 2, 5, 6};
    char *const to[] = {r.s.id, r.s.host, r.s.rule, r.reason, r.actor};
    static const size_t caps[] = {27, ALERT_NAME_MAX + 1, RULE_ID_MAX + 1, ALERT_COMMENT_MAX + 1,
                                  ACCOUNT_ID_MAX + 1};
    int err = texts_copy(row, cols, to, caps, 5);

    return err ? err : l->silence(l->ctx, &r);
}

static int alert_row_load(void *ctx, const struct store_row *row)
{
    const struct loading *l = ctx;
    struct alert_row r;
    int err = alert_ledger_row_read(row, &r);

    return err ? err : l->alert(l->ctx, &r.a);
}

static int channel_row(void *ctx, const struct store_row *row)
{
    const struct loading *l = ctx;
    struct channel c = {.is_zh = strcmp(store_row_text(row, 3), "zh") == 0,
                        .errors_only = store_row_int(row, 4) != 0,
                        .escalation = store_row_int(row, 5) != 0,
                        .is_enabled = store_row_int(row, 7) != 0,
                        .at_ms = store_row_int(row, 9)};
    static const int cols[] = {0, 1, 6};
    char *const to[] = {c.id, c.name, c.failover};
    static const size_t caps[] = {ALERT_KEY_SIZE, RULE_TEXT_MAX + 1, ALERT_KEY_SIZE};
    size_t len = 0;
    const void *sealed = store_row_blob(row, 8, &len);
    struct sk_buf text;
    int err = texts_copy(row, cols, to, caps, 3);

    sk_buf_init(&text, CONFIG_JSON_MAX);
    if (!err)
        err = channel_kind_find(&c.kind, store_row_text(row, 2));
    if (!err)
        err = boxkey_open(&channel_key, &text, c.id, sealed, len);
    if (!err)
        err = sk_json_parse(&c.config, text.data, text.len);
    sk_buf_fini_wipe(&text);
    return err ? err : l->channel(l->ctx, &c);
}

static int load_read(struct store_tx *tx, void *ctx)
{
    struct loading *l = ctx;
    int err = store_one_int(tx, "alert_row_next", NULL, l->next_no);

    if (!err && l->rule)
        err = store_many(tx, "alert_rule_list", NULL, 2 * RULES_MAX, rule_row, l);
    if (!err && l->silence)
        err = store_many(tx, "alert_silence_list", STORE_ARGS(store_int("now", l->now_ms)),
                         SILENCES_MAX, silence_row, l);
    if (!err && l->alert)
        err = store_many(tx, "alert_row_load", STORE_ARGS(store_int("since", l->now_ms - HOUR_MS)),
                         1 << 20, alert_row_load, l);
    if (!err && l->channel)
        err = store_many(tx, "alert_channel_list", NULL, CHANNELS_MAX, channel_row, l);
    return err;
}

int alert_ledger_load(struct store *s, int64_t now_ms,
                      int (*rule)(void *ctx, const struct alert_rule *r),
                      int (*silence)(void *ctx, const struct silence_row *r),
                      int (*alert)(void *ctx, const struct alert *a),
                      int (*channel)(void *ctx, struct channel *c), int64_t *next_no, void *ctx)
{
    struct loading l = {rule, silence, alert, channel, now_ms, next_no, ctx};

    return store_read(s, load_read, &l);
}

/* ---- what people change ---------------------------------------------------------------------- */

struct change {
    const struct alert_rule *rule;
    const struct channel *channel;
    const struct silence_row *silence;
    const char *what, *id, *text;
    const struct principal *p;
    const int64_t *list;
    size_t count;
    int64_t no, now_ms;
    int is_on;
};

static int record(struct store_tx *tx, const struct change *c, const char *action, const char *kind,
                  const char *id)
{
    return audit_record(tx,
                        AUDIT(.at_ms = c->now_ms, .actor_kind = "account", .actor = c->p->account,
                              .session = c->p->session, .action = action, .object_kind = kind,
                              .object = id, .source = c->p->source));
}

static int rule_put_do(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    const struct alert_rule *r = c->rule;
    int err = store_exec(
        tx, "alert_rule_put",
        STORE_ARGS(store_text("id", r->id), store_text("name", r->name),
                   store_text("metric", r->metric->name), store_int("below", r->is_below),
                   store_int("limit_value", r->limit), store_int("clear_value", r->clear),
                   store_int("for_ms", r->for_ms), store_int("clear_ms", r->clear_ms),
                   store_text("level", alert_level_name(r->level)), store_text("title", r->title),
                   store_text("host", r->host), store_int("enabled", r->is_enabled),
                   store_int("inhibits", r->inhibits)),
        NULL);

    return err ? err : record(tx, c, "alert.rule-changed", "alert-rule", r->id);
}

int alert_ledger_rule_put(struct store *s, const struct alert_rule *r, const struct principal *p,
                          int64_t now_ms)
{
    struct change c = {.rule = r, .p = p, .now_ms = now_ms};

    return store_write(s, rule_put_do, &c);
}

static int channel_put_do(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    const struct channel *n = c->channel;
    struct sk_buf sealed;

    sk_buf_init(&sealed, 2 * CONFIG_JSON_MAX);
    int err = boxkey_seal(&channel_key, &sealed, n->id, c->text, strlen(c->text));
    if (!err)
        err = store_exec(
            tx, "alert_channel_put",
            STORE_ARGS(store_text("id", n->id), store_text("name", n->name),
                       store_text("kind", channel_kinds[n->kind].name),
                       store_text("language", n->is_zh ? "zh" : "en"),
                       store_int("errors_only", n->errors_only),
                       store_int("escalation", n->escalation), store_text("failover", n->failover),
                       store_int("enabled", n->is_enabled),
                       store_blob("config", sealed.data, sealed.len), store_int("at", n->at_ms)),
            NULL);
    sk_buf_fini(&sealed);
    return err ? err
               : record(tx, c, c->is_on ? "alert.channel-made" : "alert.channel-changed",
                        "alert-channel", n->id);
}

int alert_ledger_channel_put(struct store *s, const struct channel *n, const struct principal *p,
                             int is_new, int64_t now_ms)
{
    size_t len = 0;
    char *text = sk_json_text(n->config, &len);
    struct change c = {.channel = n, .p = p, .now_ms = now_ms, .text = text, .is_on = is_new};
    int err = !text                   ? -SK_ENOMEM
              : len > CONFIG_JSON_MAX ? -SK_ETOOBIG
                                      : store_write(s, channel_put_do, &c);

    if (text)
        crypto_wipe(text, len);
    free(text);
    return err;
}

static int silence_put_do(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    const struct silence_row *r = c->silence;
    int err =
        store_exec(tx, "alert_silence_put",
                   STORE_ARGS(store_text("id", r->s.id), store_text("host", r->s.host),
                              store_text("rule", r->s.rule), store_int("from", r->s.from_ms),
                              store_int("until", r->s.until_ms), store_text("reason", r->reason),
                              store_text("actor", r->actor), store_int("at", r->at_ms)),
                   NULL);

    return err ? err : record(tx, c, "alert.silenced", "alert-silence", r->s.id);
}

int alert_ledger_silence_put(struct store *s, const struct silence_row *r,
                             const struct principal *p)
{
    struct change c = {.silence = r, .p = p, .now_ms = r->at_ms};

    return store_write(s, silence_put_do, &c);
}

static int remove_do(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    char name[40], kind[40], action[40];
    int64_t changed = 0;

    snprintf(name, sizeof(name), "alert_%.12s_delete", c->what);
    snprintf(kind, sizeof(kind), "alert-%.12s", c->what);
    snprintf(action, sizeof(action), "alert.%.12s-removed", c->what);
    int err = store_exec(tx, name, STORE_ARGS(store_text("id", c->id)), &changed);
    if (!err && !changed)
        err = -SK_ENOTFOUND;
    return err ? err : record(tx, c, action, kind, c->id);
}

int alert_ledger_remove(struct store *s, const char *what, const char *id,
                        const struct principal *p, int64_t now_ms)
{
    struct change c = {.what = what, .id = id, .p = p, .now_ms = now_ms};

    return store_write(s, remove_do, &c);
}

static int ack_do(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    char no[24];
    int64_t changed = 0;
    int err = store_exec(tx, "alert_row_ack",
                         STORE_ARGS(store_text("by", c->is_on ? c->p->account : ""),
                                    store_int("at", c->is_on ? c->now_ms : 0),
                                    store_text("comment", c->text), store_int("no", c->no)),
                         &changed);

    snprintf(no, sizeof(no), "%lld", (long long)c->no);
    if (!err && !changed)
        err = -SK_ECONFLICT;
    if (!err)
        err =
            line_add(tx, c->no, c->now_ms, c->is_on ? "acked" : "unacked", c->p->account, c->text);
    return err ? err : record(tx, c, c->is_on ? "alert.acked" : "alert.unacked", "alert", no);
}

int alert_ledger_ack(struct store *s, int64_t no, int is_on, const char *comment,
                     const struct principal *p, int64_t now_ms)
{
    struct change c = {.no = no, .is_on = is_on, .text = comment, .p = p, .now_ms = now_ms};

    return store_write(s, ack_do, &c);
}

static int read_do(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    int err = 0;

    if (!c->count)
        return store_exec(tx, "alert_read_all", STORE_ARGS(store_text("account", c->p->account)),
                          NULL);
    for (size_t i = 0; !err && i < c->count; i++)
        err = store_exec(
            tx, "alert_read_put",
            STORE_ARGS(store_text("account", c->p->account), store_int("no", c->list[i])), NULL);
    return err;
}

int alert_ledger_read(struct store *s, const int64_t *list, size_t count, const struct principal *p)
{
    struct change c = {.list = list, .count = count, .p = p};

    return store_write(s, read_do, &c);
}

static int test_do(struct store_tx *tx, void *ctx)
{
    const struct change *c = ctx;
    int err = store_exec(tx, "alert_outbox_put",
                         STORE_ARGS(store_text("channel", c->id), store_int("no", c->no),
                                    store_text("what", "test"), store_text("fact", c->text),
                                    store_int("at", c->now_ms)),
                         NULL);

    return err ? err : record(tx, c, "alert.channel-tested", "alert-channel", c->id);
}

int alert_ledger_test_put(struct store *s, const char *channel, int64_t no, const char *fact,
                          const struct principal *p, int64_t now_ms)
{
    struct change c = {.id = channel, .no = no, .text = fact, .p = p, .now_ms = now_ms};

    return store_write(s, test_do, &c);
}
