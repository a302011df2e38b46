/* What a vendor's answer means. The code in its JSON decides, never HTTP's 200 alone. */
#include <stdio.h>
#include <string.h>

#include "alert/channel.h"
#include "base/json.h"
#include "base/text.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, DAY_MS = 24 * 60 * MINUTE_MS };

struct code_row {
    int64_t code;
    enum verdict_kind kind;
    int64_t wait_ms;
};

/* What is not named here is "never": a wrong token, template, signature or text does not mend. */
static const struct code_row dingtalk[] = {
    {-1, VERDICT_LATER, 0}, {130101, VERDICT_LATER, 10 * MINUTE_MS}, {0}};
static const struct code_row wecom[] = {
    {-1, VERDICT_LATER, 0}, {45009, VERDICT_LATER, 65 * SECOND_MS}, {0}};
static const struct code_row feishu[] = {
    {9499, VERDICT_LATER, 2 * SECOND_MS}, {11232, VERDICT_LATER, 5 * SECOND_MS}, {0}};
static const struct code_row wechat[] = {{-1, VERDICT_LATER, 0},
                                         {40001, VERDICT_TOKEN, 0},
                                         {40014, VERDICT_TOKEN, 0},
                                         {41001, VERDICT_TOKEN, 0},
                                         {42001, VERDICT_TOKEN, 0},
                                         {45009, VERDICT_LATER, 60 * MINUTE_MS},
                                         {0}};

static void say(struct verdict *v, enum verdict_kind kind, int64_t wait_ms, const char *code)
{
    v->kind = kind;
    v->wait_ms = wait_ms;
    snprintf(v->code, sizeof(v->code), "%.47s", code);
}

/* No answer at all: 1 when that was it. */
static int judge_err(struct verdict *v, int err)
{
    if (!err)
        return 0;
    say(v,
        err == -SK_EDENIED || err == -SK_EINVAL || err == -SK_EAUTH ? VERDICT_NEVER : VERDICT_LATER,
        0, err == -SK_EDENIED ? "address-refused" : sk_error_slug(err));
    return 1;
}

static void judge_status(struct verdict *v, const struct vendor_answer *a)
{
    char code[24];

    snprintf(code, sizeof(code), "http-%d", a->status);
    if (a->status >= 200 && a->status < 300)
        say(v, VERDICT_SENT, 0, "ok");
    else if (a->status == 408 || a->status == 425 || a->status == 429 || a->status >= 500)
        say(v, VERDICT_LATER, a->retry_after_ms, code);
    else
        say(v, VERDICT_NEVER, 0, code);
}

static void judge_rows(struct verdict *v, const struct code_row *rows, int64_t code,
                       int64_t retry_after_ms)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)code);
    if (code == 0) {
        say(v, VERDICT_SENT, 0, "ok");
        return;
    }
    for (; rows->code; rows++)
        if (rows->code == code) {
            say(v, rows->kind, retry_after_ms > rows->wait_ms ? retry_after_ms : rows->wait_ms,
                text);
            return;
        }
    say(v, VERDICT_NEVER, 0, text);
}

/* Chinese vendors: the code is in `name`. Without JSON of that form the message was not taken. */
static void judge_code(struct verdict *v, const struct vendor_answer *a, const char *name,
                       const struct code_row *rows)
{
    json_t *o = NULL;
    int64_t code = 0;
    int err = sk_json_parse(&o, a->body, a->len);

    if (!err)
        err = sk_json_int(o, name, -1000000000, 1000000000, &code);
    if (err && a->status >= 400)
        judge_status(v, a);
    else if (err)
        say(v, VERDICT_LATER, 0, "no-code");
    else if (code == 0 && a->status >= 300)
        judge_status(v, a);
    else
        judge_rows(v, rows, code, a->retry_after_ms);
    json_decref(o);
}

static void judge_slack(struct verdict *v, const struct vendor_answer *a)
{
    judge_status(v, a);
    if (v->kind == VERDICT_SENT && !(a->len == 2 && memcmp(a->body, "ok", 2) == 0))
        say(v, VERDICT_LATER, 0, "not-ok");
}

static void judge_telegram(struct verdict *v, const struct vendor_answer *a)
{
    json_t *o = NULL;
    int64_t wait = 0;
    int ok = 0;

    judge_status(v, a);
    if (sk_json_parse(&o, a->body, a->len) == 0) {
        if (sk_json_bool(o, "ok", &ok) == 0 && !ok && v->kind == VERDICT_SENT)
            say(v, VERDICT_NEVER, 0, "not-ok");
        if (v->kind == VERDICT_LATER &&
            sk_json_int(json_object_get(o, "parameters"), "retry_after", 1, 86400, &wait) == 0)
            v->wait_ms = wait * SECOND_MS;
    } else if (v->kind == VERDICT_SENT) {
        say(v, VERDICT_LATER, 0, "no-code");
    }
    json_decref(o);
}

void vendor_judge(struct verdict *out, enum channel_kind kind, const struct vendor_answer *a)
{
    if (judge_err(out, a->err))
        return;
    if (kind == CHANNEL_DINGTALK)
        judge_code(out, a, "errcode", dingtalk);
    else if (kind == CHANNEL_WECOM)
        judge_code(out, a, "errcode", wecom);
    else if (kind == CHANNEL_FEISHU)
        judge_code(out, a, "code", feishu);
    else if (kind == CHANNEL_WECHAT)
        judge_code(out, a, "errcode", wechat);
    else if (kind == CHANNEL_SLACK)
        judge_slack(out, a);
    else if (kind == CHANNEL_TELEGRAM)
        judge_telegram(out, a);
    else if (kind == CHANNEL_SMTP)
        say(out, VERDICT_SENT, 0, "ok");
    else
        judge_status(out, a);
}

int vendor_token_take(char *token, size_t cap, int64_t *expires_s, struct verdict *v,
                      const struct vendor_answer *a)
{
    const char *text;
    json_t *o = NULL;
    int err;

    if (judge_err(v, a->err))
        return -SK_EIO;
    err = sk_json_parse(&o, a->body, a->len);
    if (!err)
        err = sk_json_str(o, "access_token", cap - 1, &text);
    if (!err)
        err = sk_json_int(o, "expires_in", 1, 86400, expires_s);
    if (!err)
        err = text[0] ? sk_copy(token, cap, text) : -SK_EINVAL;
    json_decref(o);
    if (err) {
        judge_code(v, a, "errcode", wechat);
        if (v->kind == VERDICT_SENT || v->kind == VERDICT_TOKEN)
            say(v, VERDICT_NEVER, 0, v->kind == VERDICT_TOKEN ? v->code : "no-token");
    }
    return err;
}

int64_t verdict_wait_ms(const struct verdict *v, int64_t tries, uint32_t random)
{
    int64_t ms = 2 * SECOND_MS;

    if (v->wait_ms)
        return v->wait_ms < DAY_MS ? v->wait_ms : DAY_MS;
    while (tries-- > 1 && ms < 5 * MINUTE_MS)
        ms *= 2;
    ms = ms < 5 * MINUTE_MS ? ms : 5 * MINUTE_MS;
    return ms - ms / 5 + (int64_t)(random % (uint32_t)(ms * 2 / 5 + 1));
}
