/* What each vendor's request looks like. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/channel.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "outbound/outbound.h"

const struct channel_facts channel_kinds[CHANNEL_KIND_COUNT] = {
    [CHANNEL_DINGTALK] = {"dingtalk", 18, 500, 18000, {"url"}, {"secret", "keyword"}},
    [CHANNEL_WECOM] = {"wecom", 18, 500, 2000, {"url"}, {NULL}},
    [CHANNEL_FEISHU] = {"feishu", 90, 300, 18000, {"url"}, {"secret", "keyword"}},
    [CHANNEL_WECHAT] =
        {"wechat", 60, 200, 200, {"appid", "secret", "openid", "template"}, {"data", "base"}},
    [CHANNEL_SLACK] = {"slack", 50, 1100, 12000, {"url"}, {NULL}},
    [CHANNEL_TELEGRAM] = {"telegram", 18, 1100, 4000, {"token", "chat"}, {"base"}},
    [CHANNEL_NTFY] = {"ntfy", 30, 200, 4000, {"url"}, {"token"}},
    [CHANNEL_WEBHOOK] = {"webhook", 120, 0, 200000, {"url", "secret"}, {"secret2"}},
    [CHANNEL_SMTP] = {"smtp", 30, 0, 15000, {"to"}, {NULL}},
};

enum { CONFIG_TEXT_MAX = 1024, WEBHOOK_FACTS_MAX = 200, MAIL_SUBJECT_BYTES = 120 };

int channel_kind_find(enum channel_kind *out, const char *name)
{
    for (int k = 0; k < CHANNEL_KIND_COUNT; k++)
        if (strcmp(channel_kinds[k].name, name) == 0)
            return *out = (enum channel_kind)k, 0;
    return -SK_EINVAL;
}

static const char *text_of(const json_t *config, const char *name)
{
    const char *s = json_string_value(json_object_get(config, name));

    return s ? s : "";
}

static int member_is_listed(const struct channel_facts *f, const char *name)
{
    for (size_t i = 0; f->required[i]; i++)
        if (strcmp(f->required[i], name) == 0)
            return 1;
    for (size_t i = 0; f->allowed[i]; i++)
        if (strcmp(f->allowed[i], name) == 0)
            return 1;
    return 0;
}

/* Template keys and which field goes there; a handful of each. */
static int data_check(const json_t *data)
{
    static const char fields[] = " title content host service level time state number count ";
    const char *key;
    json_t *value;

    if (!json_is_object(data) || json_object_size(data) < 1 || json_object_size(data) > 12)
        return -SK_EINVAL;
    json_object_foreach((json_t *)(uintptr_t)data, key, value)
    {
        char word[20];
        const char *s = json_string_value(value);
        if (!s || strlen(s) > 16 || strlen(key) > 32 ||
            strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(key))
            return -SK_EINVAL;
        snprintf(word, sizeof(word), " %s ", s);
        if (!strstr(fields, word))
            return -SK_EINVAL;
    }
    return 0;
}

static int member_check(const char *name, const json_t *value)
{
    char probe[SIGN_B64_SIZE];
    const char *s = json_string_value(value);

    if (strcmp(name, "data") == 0)
        return data_check(value);
    if (!s || !alert_text_is_plain(s, CONFIG_TEXT_MAX))
        return -SK_EINVAL;
    if (strcmp(name, "url") == 0 || strcmp(name, "base") == 0)
        return outbound_url_check(s);
    if (strcmp(name, "to") == 0)
        return outbound_mail_address_check(s);
    return strcmp(name, "secret2") == 0 ? sign_webhook(probe, s, "x", 0, "", 0) : 0;
}

int channel_config_check(enum channel_kind kind, const json_t *config)
{
    const struct channel_facts *f = &channel_kinds[kind];
    char probe[SIGN_B64_SIZE];
    const char *key;
    json_t *value;
    int err = json_is_object(config) ? 0 : -SK_EINVAL;

    if (err)
        return err;
    json_object_foreach((json_t *)(uintptr_t)config, key, value)
    {
        if (!member_is_listed(f, key) || member_check(key, value))
            return -SK_EINVAL;
    }
    for (size_t i = 0; f->required[i]; i++)
        if (!json_object_get(config, f->required[i]))
            return -SK_EINVAL;
    if (kind == CHANNEL_WECHAT && !json_object_get(config, "data"))
        return -SK_EINVAL;
    return kind == CHANNEL_WEBHOOK ? sign_webhook(probe, text_of(config, "secret"), "x", 0, "", 0)
                                   : 0;
}

void channel_target(char out[CHANNEL_TARGET_SIZE], enum channel_kind kind, const json_t *config)
{
    const char *url = text_of(config, kind == CHANNEL_SMTP ? "to" : "url"), *tail, *host;

    if (kind == CHANNEL_WECHAT)
        url = "https://api.weixin.qq.com/";
    if (kind == CHANNEL_TELEGRAM)
        url = "https://api.telegram.org/";
    if ((kind == CHANNEL_WECHAT || kind == CHANNEL_TELEGRAM) && json_object_get(config, "base"))
        url = text_of(config, "base");
    host = strstr(url, "://") ? strstr(url, "://") + 3 : url;
    tail = kind == CHANNEL_TELEGRAM ? text_of(config, "chat")
           : kind == CHANNEL_WECHAT ? text_of(config, "openid")
                                    : url;
    size_t len = strlen(tail), n = strcspn(host, "/?#");
    if (kind == CHANNEL_SMTP)
        snprintf(out, CHANNEL_TARGET_SIZE, "%.1s..%.100s", url, strchr(url, '@'));
    else
        snprintf(out, CHANNEL_TARGET_SIZE, "%.*s ..%s", (int)(n < 100 ? n : 100), host,
                 tail + (len > 4 ? len - 4 : 0));
}

/* ---- parts ---- */

void vendor_request_init(struct vendor_request *r)
{
    memset(r, 0, sizeof(*r));
    r->method = "POST";
    sk_buf_init(&r->url, OUTBOUND_URL_MAX);
    sk_buf_init(&r->body, VENDOR_BODY_MAX);
}

void vendor_request_fini(struct vendor_request *r)
{
    sk_buf_fini_wipe(&r->url);
    sk_buf_fini_wipe(&r->body);
    sk_wipe(r->headers, sizeof(r->headers));
}

static int header_add(struct vendor_request *r, const char *name, const char *value)
{
    if (r->header_count == VENDOR_HEADERS_MAX || strpbrk(value, "\r\n"))
        return -SK_EINVAL;
    int n = snprintf(r->headers[r->header_count], VENDOR_HEADER_SIZE, "%s: %s", name, value);
    if (n >= VENDOR_HEADER_SIZE)
        return -SK_ETOOBIG;
    r->header_count++;
    return 0;
}

/* The body; takes over `o`. */
static int json_put(struct vendor_request *r, json_t *o)
{
    size_t len = 0;
    char *text = sk_json_text(o, &len);
    int err = text ? sk_buf_add(&r->body, text, len) : -SK_ENOMEM;

    free(text);
    json_decref(o);
    return err ? err : header_add(r, "Content-Type", "application/json; charset=utf-8");
}

static json_t *text_json(const char *name, const char *text)
{
    json_t *o = json_object();

    sk_json_set_str(o, name, text);
    return o;
}

/* ---- robots ---- */

static int dingtalk_build(struct vendor_request *r, const struct vendor_job *j, const char *text)
{
    const char *secret = text_of(j->config, "secret"), *url = text_of(j->config, "url");
    json_t *o = text_json("msgtype", "text");
    char sign[SIGN_B64_SIZE];
    int err = sk_buf_add_str(&r->url, url);

    if (!err && secret[0]) {
        sign_dingtalk(sign, secret, j->now_ms);
        err = sk_buf_addf(&r->url, "%ctimestamp=%lld&sign=", strchr(url, '?') ? '&' : '?',
                          (long long)j->now_ms);
        if (!err)
            err = sign_percent(&r->url, sign);
    }
    json_object_set_new(o, "text", text_json("content", text));
    int body = json_put(r, o);
    return err ? err : body;
}

static int wecom_build(struct vendor_request *r, const struct vendor_job *j, const char *text)
{
    json_t *o = text_json("msgtype", "text");
    int err = sk_buf_add_str(&r->url, text_of(j->config, "url"));

    json_object_set_new(o, "text", text_json("content", text));
    int body = json_put(r, o);
    return err ? err : body;
}

static int feishu_build(struct vendor_request *r, const struct vendor_job *j, const char *text)
{
    const char *secret = text_of(j->config, "secret");
    json_t *o = text_json("msg_type", "text");
    char stamp[24], sign[SIGN_B64_SIZE];
    int err = sk_buf_add_str(&r->url, text_of(j->config, "url"));

    if (secret[0]) {
        snprintf(stamp, sizeof(stamp), "%lld", (long long)(j->now_ms / 1000));
        sign_feishu(sign, secret, j->now_ms / 1000);
        sk_json_set_str(o, "timestamp", stamp);
        sk_json_set_str(o, "sign", sign);
    }
    json_object_set_new(o, "content", text_json("text", text));
    int body = json_put(r, o);
    return err ? err : body;
}

/* Slack reads <, > and & as markup. */
static int slack_build(struct vendor_request *r, const struct vendor_job *j, const char *text)
{
    struct sk_buf plain;
    int err = sk_buf_add_str(&r->url, text_of(j->config, "url"));

    sk_buf_init(&plain, VENDOR_BODY_MAX);
    for (; !err && *text; text++)
        err = *text == '&'   ? sk_buf_add_str(&plain, "&amp;")
              : *text == '<' ? sk_buf_add_str(&plain, "&lt;")
              : *text == '>' ? sk_buf_add_str(&plain, "&gt;")
                             : sk_buf_add(&plain, text, 1);
    if (!err)
        err = json_put(r, text_json("text", (const char *)plain.data));
    sk_buf_fini(&plain);
    return err;
}

static int telegram_build(struct vendor_request *r, const struct vendor_job *j, const char *text)
{
    const char *base = text_of(j->config, "base");
    json_t *o = text_json("chat_id", text_of(j->config, "chat"));
    int err = sk_buf_addf(&r->url, "%s/bot%s/sendMessage",
                          base[0] ? base : "https://api.telegram.org", text_of(j->config, "token"));

    sk_json_set_str(o, "text", text); /* no parse_mode: nothing in it is markup */
    int body = json_put(r, o);
    return err ? err : body;
}

static int ntfy_build(struct vendor_request *r, const struct vendor_job *j, const char *text,
                      const struct fact *facts)
{
    const char *token = text_of(j->config, "token");
    char bearer[VENDOR_HEADER_SIZE];
    int err = sk_buf_add_str(&r->url, text_of(j->config, "url"));

    if (!err)
        err = sk_buf_add_str(&r->body, text);
    if (!err)
        err = header_add(r, "Content-Type", "text/plain; charset=utf-8");
    if (!err)
        err = header_add(r, "Title", "Skep");
    if (!err)
        err = header_add(r, "Priority",
                         facts->what == FACT_RESOLVED  ? "2"
                         : facts->level == ALERT_ERROR ? "5"
                                                       : "3");
    if (!err && token[0]) {
        snprintf(bearer, sizeof(bearer), "Bearer %.400s", token);
        err = header_add(r, "Authorization", bearer);
    }
    return err;
}

static int mail_build(struct vendor_request *r, const struct vendor_job *j, const char *text,
                      const struct fact *facts, size_t count)
{
    int err = sk_buf_add_str(&r->url, text_of(j->config, "to"));

    if (count == 1)
        snprintf(r->subject, sizeof(r->subject), "[Skep] %.60s %.50s", facts->title, facts->host);
    else
        snprintf(r->subject, sizeof(r->subject), "[Skep] %zu", count);
    r->subject[message_cut(r->subject, MAIL_SUBJECT_BYTES, MAIL_SUBJECT_BYTES)] = '\0';
    return err ? err : sk_buf_add_str(&r->body, text);
}

/* ---- WeChat: template messages ---- */

/* Facts that follow each other in number and are of one kind can be named as a range. */
static size_t run_of(const struct fact *facts, size_t count)
{
    size_t n = 1;

    while (n < count && facts[n].what == facts[0].what && facts[n].no == facts[n - 1].no + 1)
        n++;
    return n;
}

static void wechat_field(char out[CONTENT_MAX + 1], const char *field, const struct vendor_job *j,
                         const struct fact *f, size_t n)
{
    static const char *const states[][2] = {
        {"firing", "告警"}, {"resolved", "已恢复"}, {"unacked", "无人确认"}, {"test", "测试"}};
    char when[MESSAGE_TIME_SIZE];
    const char *text = "";

    message_time(when, f->at_ms);
    when[10] = ' ';
    when[19] = '\0';
    out[0] = '\0';
    if (strcmp(field, "number") == 0 && n > 1)
        snprintf(out, CONTENT_MAX, "#%lld-#%lld", (long long)f->no, (long long)f[n - 1].no);
    else if (strcmp(field, "number") == 0)
        snprintf(out, CONTENT_MAX, "#%lld", (long long)f->no);
    else if (strcmp(field, "count") == 0)
        snprintf(out, CONTENT_MAX, "%zu", n);
    else if (strcmp(field, "title") == 0 && n > 1)
        snprintf(out, CONTENT_MAX, j->is_zh ? "告警 %zu 条" : "%zu alerts", n);
    else
        text = strcmp(field, "title") == 0     ? f->title
               : strcmp(field, "content") == 0 ? (j->is_zh ? f->zh : f->en)
               : strcmp(field, "host") == 0    ? f->host
               : strcmp(field, "service") == 0 ? f->service
               : strcmp(field, "level") == 0   ? alert_level_name(f->level)
               : strcmp(field, "time") == 0    ? when
                                               : states[f->what][j->is_zh != 0];
    if (text[0])
        snprintf(out, CONTENT_MAX + 1, "%s", text);
}

/* The key's beginning is its type, and the type has a limit. */
static size_t wechat_points(const char *key)
{
    static const struct {
        const char *type;
        size_t points;
    } types[] = {{"thing", 20},  {"character_string", 32},
                 {"phrase", 5},  {"number", 32},
                 {"letter", 32}, {"time", 20},
                 {"date", 20},   {"const", 20}};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strncmp(key, types[i].type, strlen(types[i].type)) == 0)
            return types[i].points;
    return 20;
}

static int wechat_build(struct vendor_request *r, const struct vendor_job *j,
                        const struct fact *facts, size_t count, size_t *taken)
{
    const char *base = text_of(j->config, "base"), *key;
    json_t *o = text_json("touser", text_of(j->config, "openid")), *data = json_object(), *field;
    int err = sk_buf_addf(&r->url, "%s/cgi-bin/message/template/send?access_token=",
                          base[0] ? base : "https://api.weixin.qq.com");

    *taken = run_of(facts, count);
    if (!err)
        err = sign_percent(&r->url, j->token ? j->token : "");
    sk_json_set_str(o, "template_id", text_of(j->config, "template"));
    sk_json_set_str(o, "client_msg_id", j->batch);
    if (j->console[0]) {
        char url[OUTBOUND_URL_MAX];
        snprintf(url, sizeof(url), "%s/alerts", j->console);
        sk_json_set_str(o, "url", url);
    }
    json_object_foreach(json_object_get(j->config, "data"), key, field)
    {
        char value[CONTENT_MAX + 1];
        wechat_field(value, json_string_value(field), j, facts, *taken);
        value[message_cut(value, CONTENT_MAX, wechat_points(key))] = '\0';
        json_object_set_new(data, key, text_json("value", value[0] ? value : "-"));
    }
    json_object_set_new(o, "data", data);
    int body = json_put(r, o);
    return err ? err : body;
}

int vendor_token_build(struct vendor_request *out, const json_t *config)
{
    const char *base = text_of(config, "base");
    int err = sk_buf_addf(&out->url, "%s/cgi-bin/token?grant_type=client_credential&appid=",
                          base[0] ? base : "https://api.weixin.qq.com");

    out->method = "GET";
    if (!err)
        err = sign_percent(&out->url, text_of(config, "appid"));
    if (!err)
        err = sk_buf_add_str(&out->url, "&secret=");
    return err ? err : sign_percent(&out->url, text_of(config, "secret"));
}

/* ---- webhook: Alertmanager's body, version 4, signed as Standard Webhooks say ---- */

static json_t *alertmanager_alert(const struct vendor_job *j, const struct fact *f)
{
    json_t *o = text_json("status", f->what == FACT_RESOLVED ? "resolved" : "firing");
    json_t *labels = text_json("alertname", f->rule), *notes = text_json("summary", f->title);
    char when[MESSAGE_TIME_SIZE], url[OUTBOUND_URL_MAX], no[24];
    static const char *const whats[] = {"fired", "resolved", "escalated", "test"};

    snprintf(no, sizeof(no), "%lld", (long long)f->no);
    sk_json_set_str(labels, "instance", f->host);
    sk_json_set_str(labels, "severity", alert_level_name(f->level));
    if (f->service[0])
        sk_json_set_str(labels, "service", f->service);
    sk_json_set_str(notes, "description", j->is_zh ? f->zh : f->en);
    sk_json_set_str(notes, "number", no);
    sk_json_set_str(notes, "what", whats[f->what]);
    json_object_set_new(o, "labels", labels);
    json_object_set_new(o, "annotations", notes);
    message_time(when, f->first_ms);
    sk_json_set_str(o, "startsAt", when);
    message_time(when, f->at_ms);
    sk_json_set_str(o, "endsAt", f->what == FACT_RESOLVED ? when : "0001-01-01T00:00:00Z");
    snprintf(url, sizeof(url), "%s/alerts/%s", j->console, no);
    sk_json_set_str(o, "generatorURL", url);
    sk_json_set_str(o, "fingerprint", f->fingerprint);
    return o;
}

static int webhook_sign(struct vendor_request *r, const struct vendor_job *j)
{
    static const char *const names[] = {"secret", "secret2"};
    char stamp[24], sign[SIGN_B64_SIZE], all[2 * SIGN_B64_SIZE + 8] = "";
    int err = header_add(r, "webhook-id", j->batch);

    snprintf(stamp, sizeof(stamp), "%lld", (long long)(j->now_ms / 1000));
    if (!err)
        err = header_add(r, "webhook-timestamp", stamp);
    for (size_t i = 0, at = 0; !err && i < 2; i++) {
        const char *secret = text_of(j->config, names[i]);
        if (!secret[0])
            continue;
        err = sign_webhook(sign, secret, j->batch, j->now_ms / 1000, r->body.data, r->body.len);
        if (!err)
            at += (size_t)snprintf(all + at, sizeof(all) - at, "%sv1,%s", at ? " " : "", sign);
    }
    return err ? err : header_add(r, "webhook-signature", all);
}

static int webhook_build(struct vendor_request *r, const struct vendor_job *j,
                         const struct fact *facts, size_t count, size_t *taken)
{
    json_t *o = text_json("version", "4"), *alerts = json_array();
    int firing = 0, err = sk_buf_add_str(&r->url, text_of(j->config, "url"));

    *taken = count < WEBHOOK_FACTS_MAX ? count : WEBHOOK_FACTS_MAX;
    for (size_t i = 0; i < *taken; i++) {
        firing |= facts[i].what != FACT_RESOLVED;
        json_array_append_new(alerts, alertmanager_alert(j, &facts[i]));
    }
    sk_json_set_str(o, "groupKey", j->batch);
    sk_json_set_int(o, "truncatedAlerts", 0);
    sk_json_set_str(o, "status", firing ? "firing" : "resolved");
    sk_json_set_str(o, "receiver", "skep");
    json_object_set_new(o, "groupLabels", json_object());
    json_object_set_new(o, "commonLabels", json_object());
    json_object_set_new(o, "commonAnnotations", json_object());
    sk_json_set_str(o, "externalURL", j->console);
    json_object_set_new(o, "alerts", alerts);
    int body = json_put(r, o);
    if (!err)
        err = body;
    return err ? err : webhook_sign(r, j);
}

/* ---- all ---- */

static int text_build(struct vendor_request *out, const struct vendor_job *j,
                      const struct fact *facts, size_t count, size_t *taken)
{
    const struct message_terms terms = {.is_zh = j->is_zh,
                                        .bytes_max = channel_kinds[j->kind].text_max,
                                        .console = j->console,
                                        .keyword = text_of(j->config, "keyword")};
    struct sk_buf text;
    int err = -SK_EINTERNAL;

    sk_buf_init(&text, VENDOR_BODY_MAX);
    *taken = message_text(&text, &terms, facts, count);
    const char *s = text.data ? (const char *)text.data : "";
    if (j->kind == CHANNEL_DINGTALK)
        err = dingtalk_build(out, j, s);
    else if (j->kind == CHANNEL_WECOM)
        err = wecom_build(out, j, s);
    else if (j->kind == CHANNEL_FEISHU)
        err = feishu_build(out, j, s);
    else if (j->kind == CHANNEL_SLACK)
        err = slack_build(out, j, s);
    else if (j->kind == CHANNEL_TELEGRAM)
        err = telegram_build(out, j, s);
    else if (j->kind == CHANNEL_NTFY)
        err = ntfy_build(out, j, s, facts);
    else if (j->kind == CHANNEL_SMTP)
        err = mail_build(out, j, s, facts, *taken);
    sk_buf_fini(&text);
    return err;
}

int vendor_build(struct vendor_request *out, const struct vendor_job *job, const struct fact *facts,
                 size_t count, size_t *taken)
{
    SK_ASSERT(count > 0);
    if (job->kind == CHANNEL_WECHAT)
        return wechat_build(out, job, facts, count, taken);
    if (job->kind == CHANNEL_WEBHOOK)
        return webhook_build(out, job, facts, count, taken);
    return text_build(out, job, facts, count, taken);
}
