#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alert/channel.h"

enum { TEXT_MAX = 1 << 20, GROUP_MAX = 64 };

size_t message_escaped_len(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += *s == '"' || *s == '\\' || *s == '\n' || *s == '\t' ? 2
             : (unsigned char)*s < 0x20                          ? 6
                                                                 : 1;
    return n;
}

size_t message_cut(const char *s, size_t bytes, size_t points)
{
    size_t at = 0, end = 0;

    while (s[at] && points) {
        size_t n = 1;
        while (((unsigned char)s[at + n] & 0xc0) == 0x80)
            n++;
        if (at + n > bytes)
            break;
        end = at += n;
        points--;
    }
    return end;
}

void message_time(char out[MESSAGE_TIME_SIZE], int64_t ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm t;

    if (!gmtime_r(&s, &t) || !strftime(out, MESSAGE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &t))
        out[0] = '\0';
}

static void duration_text(char out[32], int64_t ms, int is_zh)
{
    long long s = ms > 0 ? ms / 1000 : 0;

    if (s < 120)
        snprintf(out, 32, is_zh ? "%lld 秒" : "%lld s", s);
    else if (s < 7200)
        snprintf(out, 32, is_zh ? "%lld 分钟" : "%lld min", s / 60);
    else
        snprintf(out, 32, is_zh ? "%lld 小时" : "%lld h", s / 3600);
}

static const char *what_text(const struct fact *f, int is_zh)
{
    static const char *const texts[][2] = {[FACT_RESOLVED] = {"resolved", "已恢复"},
                                           [FACT_ESCALATED] = {"not acknowledged", "无人确认"},
                                           [FACT_TEST] = {"test", "测试"}};

    if (f->what == FACT_FIRED)
        return f->level == ALERT_ERROR ? (is_zh ? "严重" : "error") : (is_zh ? "警告" : "warning");
    return texts[f->what][is_zh != 0];
}

/* ---- one ---- */

static int one_add(struct sk_buf *out, const struct message_terms *t, const struct fact *f)
{
    char when[MESSAGE_TIME_SIZE], took[32];
    int err = sk_buf_addf(out, "[%s] %s\n%s\n%s%s%s%s\n", what_text(f, t->is_zh), f->title,
                          t->is_zh ? f->zh : f->en, f->host, f->ip[0] ? " (" : "", f->ip,
                          f->ip[0] ? ")" : "");

    message_time(when, f->first_ms);
    if (!err)
        err = sk_buf_addf(out, "#%lld, %s", (long long)f->no, when);
    if (!err && f->what == FACT_RESOLVED) {
        duration_text(took, f->at_ms - f->first_ms, t->is_zh);
        err = sk_buf_addf(out, ", %s", took);
        if (!err && f->peak[0])
            err = sk_buf_addf(out, t->is_zh ? ", 峰值 %s" : ", peak %s", f->peak);
    }
    if (!err && t->console[0] && f->no)
        err = sk_buf_addf(out, "\n%s/alerts/%lld", t->console, (long long)f->no);
    return err;
}

/* ---- many ---- */

static size_t stem_len(const struct fact *f)
{
    return strcspn(f->title, "[");
}

static int is_same_group(const struct fact *a, const struct fact *b)
{
    return a->what == b->what && a->level == b->level && stem_len(a) == stem_len(b) &&
           memcmp(a->title, b->title, stem_len(a)) == 0;
}

static int group_add(struct sk_buf *out, const struct message_terms *t, const struct fact *facts,
                     size_t count, size_t first)
{
    const struct fact *g = &facts[first];
    size_t n = 0;
    int err = 0;

    for (size_t i = first; i < count; i++)
        n += (size_t)is_same_group(g, &facts[i]);
    err = sk_buf_addf(out, "\n[%s] %.*s x%zu\n", what_text(g, t->is_zh), (int)stem_len(g), g->title,
                      n);
    for (size_t i = first, k = 0; !err && i < count; i++)
        if (is_same_group(g, &facts[i]))
            err = sk_buf_addf(out, "%s#%lld %s%s%s%s", k++ ? ", " : "", (long long)facts[i].no,
                              facts[i].host, facts[i].service[0] ? "/" : "", facts[i].service,
                              facts[i].title + stem_len(&facts[i]));
    return err ? err : sk_buf_add_str(out, "\n");
}

static int digest_add(struct sk_buf *out, const struct message_terms *t, const struct fact *facts,
                      size_t count)
{
    size_t over = 0;
    int err;

    for (size_t i = 0; i < count; i++)
        over += facts[i].what == FACT_RESOLVED;
    err = sk_buf_addf(out, t->is_zh ? "告警 %zu 条，恢复 %zu 条\n" : "%zu alerts, %zu resolved\n",
                      count - over, over);
    for (size_t i = 0; !err && i < count; i++) {
        size_t seen = 0;
        while (seen < i && !is_same_group(&facts[seen], &facts[i]))
            seen++;
        if (seen == i)
            err = group_add(out, t, facts, count, i);
    }
    if (!err && t->console[0])
        err = sk_buf_addf(out, "\n%s/alerts", t->console);
    return err;
}

static int text_make(struct sk_buf *out, const struct message_terms *t, const struct fact *facts,
                     size_t count)
{
    int err;

    sk_buf_reset(out);
    err = sk_buf_addf(out, "Skep%s%s: ", t->keyword[0] ? " " : "", t->keyword);
    if (!err)
        err = count == 1 ? one_add(out, t, facts) : digest_add(out, t, facts, count);
    return err;
}

static int fits(struct sk_buf *out, const struct message_terms *t, const struct fact *facts,
                size_t count)
{
    return text_make(out, t, facts, count) == 0 &&
           message_escaped_len((const char *)out->data) <= t->bytes_max;
}

size_t message_text(struct sk_buf *out, const struct message_terms *t, const struct fact *facts,
                    size_t count)
{
    size_t good = 1, bad = count + 1;

    if (fits(out, t, facts, count))
        return count;
    while (bad - good > 1) { /* one more fact never makes it shorter */
        size_t middle = good + (bad - good) / 2;
        if (fits(out, t, facts, middle))
            good = middle;
        else
            bad = middle;
    }
    if (!fits(out, t, facts, good) && out->len) {
        out->len = message_cut((const char *)out->data, t->bytes_max / 2, t->bytes_max);
        out->data[out->len] = 0;
    }
    return good;
}
