#include <stdio.h>
#include <string.h>

#include "alert/channel.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"

static const char *const whats[] = {"fired", "resolved", "escalated", "test"};

void fact_key(char out[FACT_KEY_SIZE], enum fact_what what, int64_t episode)
{
    if (episode > 1)
        snprintf(out, FACT_KEY_SIZE, "%s.%lld", whats[what], (long long)(episode % 1000000000));
    else
        snprintf(out, FACT_KEY_SIZE, "%s", whats[what]);
}

#define TAKE(to, from) SK_ASSERT(sk_copy(to, sizeof(to), from) == 0)

void fact_make(struct fact *out, enum fact_what what, const struct alert *a, int64_t at_ms)
{
    memset(out, 0, sizeof(*out));
    out->no = a->no;
    out->what = what;
    out->level = a->level;
    out->first_ms = a->first_ms;
    out->at_ms = at_ms;
    out->count = a->count;
    TAKE(out->fingerprint, a->fingerprint);
    TAKE(out->rule, a->rule);
    TAKE(out->host, a->host);
    TAKE(out->ip, a->ip);
    TAKE(out->service, a->service);
    alert_title(out->title, a);
    alert_content(out->en, a, 0);
    alert_content(out->zh, a, 1);
    if (!a->metric->is_state)
        alert_milli_text(out->peak, a->peak);
}

char *fact_text(const struct fact *f)
{
    json_t *o = json_object();

    sk_json_set_int(o, "no", f->no);
    sk_json_set_int(o, "what", f->what);
    sk_json_set_int(o, "level", f->level);
    sk_json_set_int(o, "first", f->first_ms);
    sk_json_set_int(o, "at", f->at_ms);
    sk_json_set_int(o, "count", f->count);
    sk_json_set_str(o, "fingerprint", f->fingerprint);
    sk_json_set_str(o, "rule", f->rule);
    sk_json_set_str(o, "title", f->title);
    sk_json_set_str(o, "en", f->en);
    sk_json_set_str(o, "zh", f->zh);
    sk_json_set_str(o, "host", f->host);
    sk_json_set_str(o, "ip", f->ip);
    sk_json_set_str(o, "service", f->service);
    sk_json_set_str(o, "peak", f->peak);
    char *text = sk_json_text(o, NULL);
    json_decref(o);
    return text;
}

int fact_parse(struct fact *out, const char *text)
{
    struct fact f = {.id = 0};
    const struct {
        const char *name;
        char *to;
        size_t cap;
    } texts[] = {{"fingerprint", f.fingerprint, sizeof(f.fingerprint)},
                 {"rule", f.rule, sizeof(f.rule)},
                 {"title", f.title, sizeof(f.title)},
                 {"en", f.en, sizeof(f.en)},
                 {"zh", f.zh, sizeof(f.zh)},
                 {"host", f.host, sizeof(f.host)},
                 {"ip", f.ip, sizeof(f.ip)},
                 {"service", f.service, sizeof(f.service)},
                 {"peak", f.peak, sizeof(f.peak)}};
    int64_t what = 0, level = 0;
    const char *s;
    json_t *o;
    int err = sk_json_parse(&o, text, strlen(text));

    if (err)
        return err;
    for (size_t i = 0; !err && i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!(err = sk_json_str(o, texts[i].name, texts[i].cap - 1, &s)))
            err = sk_copy(texts[i].to, texts[i].cap, s);
    if (!err)
        err = sk_json_int(o, "no", 0, INT64_MAX >> 11, &f.no);
    if (!err)
        err = sk_json_int(o, "what", 0, FACT_TEST, &what);
    if (!err)
        err = sk_json_int(o, "level", 0, ALERT_ERROR, &level);
    if (!err)
        err = sk_json_int(o, "first", 0, INT64_MAX >> 11, &f.first_ms);
    if (!err)
        err = sk_json_int(o, "at", 0, INT64_MAX >> 11, &f.at_ms);
    if (!err)
        err = sk_json_int(o, "count", 0, INT64_MAX >> 11, &f.count);
    f.what = (enum fact_what)what;
    f.level = (enum alert_level)level;
    if (!err)
        *out = f;
    json_decref(o);
    return err;
}
