/* Signatures by the vendors' own vectors, messages by their byte limits, answers by their codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/channel.h"
#include "base/json.h"
#include "base/text.h"

enum { MANY = 500 };
static struct fact facts[MANY];

static int facts_make(void **state)
{
    struct alert a = {.level = ALERT_ERROR,
                      .metric = alert_metric_find("cpu_pct"),
                      .limit = 90000,
                      .peak = 99000,
                      .first_ms = 1700000000000,
                      .count = 3};

    (void)state;
    for (int i = 0; i < MANY; i++) {
        a.no = i + 1;
        a.value = 91000 + i % 8 * 1000;
        snprintf(a.host, sizeof(a.host), "host-%04d", i);
        snprintf(a.title, sizeof(a.title), i % 2 ? "HI-CPU[{v}]" : "HI-MEM[{v}]");
        snprintf(a.fingerprint, sizeof(a.fingerprint), "%016d", i);
        fact_make(&facts[i], i % 50 == 49 ? FACT_RESOLVED : FACT_FIRED, &a, 1700000060000);
    }
    return 0;
}

static void vectors_of_the_vendors(void **state)
{
    static const char body[] = "{\"test\": 2432232314}";
    char out[SIGN_B64_SIZE];
    struct sk_buf text;

    (void)state;
    sign_dingtalk(out, "SECdeadbeef", 1700000000000);
    assert_string_equal(out, "NCJLKINTABhx3SnC+ENZIPZzT1H3juvunEn/A3cdKGY=");
    sk_buf_init(&text, 200);
    assert_int_equal(sign_percent(&text, out), 0);
    assert_string_equal((char *)text.data, "NCJLKINTABhx3SnC%2BENZIPZzT1H3juvunEn%2FA3cdKGY%3D");
    sk_buf_fini(&text);
    sign_feishu(out, "SECdeadbeef", 1700000000);
    assert_string_equal(out, "V2EqF8iqEgfQHV5eJ64xBnbiDPjkhjT8eBYS+P7Dkqo=");
    assert_int_equal(sign_webhook(out, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                  "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body,
                                  sizeof(body) - 1),
                     0);
    assert_string_equal(out, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(sign_webhook(out, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "m", 1, "", 0),
                     -SK_EINVAL);
    assert_int_equal(sign_webhook(out, "whsec_AAAA", "m", 1, "", 0), -SK_EINVAL);
}

static json_t *config_of(enum channel_kind k)
{
    static const char *const texts[CHANNEL_KIND_COUNT] = {
        "{\"url\":\"https://oapi.dingtalk.com/robot/send?access_token=T\",\"secret\":"
        "\"SECdeadbeef\"}",
        "{\"url\":\"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K\"}",
        "{\"url\":\"https://open.feishu.cn/open-apis/bot/v2/hook/T\",\"secret\":\"SECdeadbeef\"}",
        "{\"appid\":\"wx1\",\"secret\":\"s\",\"openid\":\"o1\",\"template\":\"t\",\"data\":"
        "{\"thing2\":\"content\",\"character_string1\":\"number\",\"time3\":\"time\"}}",
        "{\"url\":\"https://hooks.slack.com/services/T/B/X\"}",
        "{\"token\":\"1:a\",\"chat\":\"-7\"}",
        "{\"url\":\"https://ntfy.sh/skep\",\"token\":\"tk\"}",
        "{\"url\":\"https://example.org/hook\",\"secret\":"
        "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"}",
        "{\"to\":\"ada@example.org\"}"};
    json_t *o;

    assert_int_equal(sk_json_parse(&o, texts[k], strlen(texts[k])), 0);
    return o;
}

static void build(struct vendor_request *r, enum channel_kind k, size_t first, size_t count,
                  size_t *taken)
{
    json_t *config = config_of(k);
    const struct vendor_job job = {.kind = k,
                                   .config = config,
                                   .batch = "b1",
                                   .token = "to ken",
                                   .console = "https://box.example",
                                   .now_ms = 1700000000000,
                                   .is_zh = 1};

    assert_int_equal(channel_config_check(k, config), 0);
    vendor_request_init(r);
    assert_int_equal(vendor_build(r, &job, facts + first, count, taken), 0);
    json_decref(config);
}

static void each_fact_stands_in_one_message(void **state)
{
    static const size_t body_max[CHANNEL_KIND_COUNT] = {
        [CHANNEL_DINGTALK] = 20000, [CHANNEL_WECOM] = 2048 + 100,   [CHANNEL_FEISHU] = 20480,
        [CHANNEL_SLACK] = 16000,    [CHANNEL_TELEGRAM] = 4096 + 60, [CHANNEL_NTFY] = 4096,
        [CHANNEL_SMTP] = 16384};

    (void)state;
    for (int k = 0; k < CHANNEL_KIND_COUNT; k++) {
        size_t messages = 0;
        if (k == CHANNEL_WECHAT || k == CHANNEL_WEBHOOK)
            continue;
        for (size_t at = 0, taken; at < MANY; at += taken, messages++) {
            struct vendor_request r;
            build(&r, (enum channel_kind)k, at, MANY - at, &taken);
            assert_in_range(taken, 1, MANY - at);
            assert_in_range(r.body.len, 1, body_max[k]);
            assert_true(sk_utf8_is_valid((char *)r.body.data, r.body.len));
            for (size_t i = at; taken > 1 && i < at + taken; i++) {
                char mark[96];
                snprintf(mark, sizeof(mark), "#%lld %s[", (long long)facts[i].no, facts[i].host);
                char *found = strstr((char *)r.body.data, mark);
                assert_non_null(found);
                assert_null(strstr(found + 1, mark));
            }
            vendor_request_fini(&r);
        }
        if (k == CHANNEL_DINGTALK || k == CHANNEL_FEISHU)
            assert_in_range(messages, 1, 2);
        assert_in_range(messages, 1, 10);
    }
}

static void what_is_built_is_what_vendors_ask_for(void **state)
{
    struct vendor_request r;
    size_t taken;
    json_t *o;

    (void)state;
    build(&r, CHANNEL_DINGTALK, 0, 1, &taken);
    assert_string_equal((char *)r.url.data,
                        "https://oapi.dingtalk.com/robot/send?access_token=T&timestamp="
                        "1700000000000&sign=NCJLKINTABhx3SnC%2BENZIPZzT1H3juvunEn%2FA3cdKGY%3D");
    assert_int_equal(sk_json_parse(&o, r.body.data, r.body.len), 0);
    assert_string_equal(json_string_value(json_object_get(o, "msgtype")), "text");
    json_decref(o);
    vendor_request_fini(&r);
    build(&r, CHANNEL_FEISHU, 0, 1, &taken);
    assert_non_null(strstr((char *)r.body.data, "\"timestamp\":\"1700000000\""));
    assert_non_null(strstr((char *)r.body.data, "V2EqF8iqEgfQHV5eJ64xBnbiDPjkhjT8eBYS+P7Dkqo="));
    vendor_request_fini(&r);
    build(&r, CHANNEL_WECHAT, 0, 300, &taken);
    assert_int_equal(taken, 49); /* up to the first that is of another kind */
    assert_non_null(strstr((char *)r.url.data, "?access_token=to%20ken"));
    assert_non_null(strstr((char *)r.body.data, "{\"value\":\"#1-#49\"}"));
    assert_non_null(strstr((char *)r.body.data, "\"client_msg_id\":\"b1\""));
    assert_int_equal(sk_json_parse(&o, r.body.data, r.body.len), 0);
    const char *thing = json_string_value(
        json_object_get(json_object_get(json_object_get(o, "data"), "thing2"), "value"));
    assert_in_range(sk_utf8_count(thing, strlen(thing)), 1, 20);
    json_decref(o);
    vendor_request_fini(&r);
    build(&r, CHANNEL_WEBHOOK, 0, 300, &taken);
    assert_int_equal(taken, 200);
    assert_string_equal(r.headers[1], "webhook-id: b1");
    vendor_request_fini(&r);
}

static void texts_are_cut_behind_a_character(void **state)
{
    (void)state;
    assert_int_equal(message_cut("磁盘占用", 7, 99), 6);
    assert_int_equal(message_cut("磁盘占用", 99, 3), 9);
    assert_int_equal(message_cut("ab", 99, 99), 2);
    assert_int_equal(message_escaped_len("a\"\n\\"), 7);
}

static void facts_survive_the_outbox(void **state)
{
    struct fact back;
    char *text = fact_text(&facts[49]);

    (void)state;
    assert_int_equal(fact_parse(&back, text), 0);
    free(text);
    assert_memory_equal(&back, &facts[49], sizeof(back));
    assert_int_equal(fact_parse(&back, "{}"), -SK_EINVAL);
}

static void codes_decide_not_http(void **state)
{
    static const struct {
        enum channel_kind kind;
        int status;
        const char *body;
        enum verdict_kind verdict;
        int64_t wait_s;
    } rows[] = {
        {CHANNEL_DINGTALK, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", VERDICT_SENT, 0},
        {CHANNEL_DINGTALK, 200, "{\"errcode\":310000,\"errmsg\":\"sign\"}", VERDICT_NEVER, 0},
        {CHANNEL_DINGTALK, 200, "{\"errcode\":130101,\"errmsg\":\"x\"}", VERDICT_LATER, 600},
        {CHANNEL_DINGTALK, 200, "{\"errcode\":-1}", VERDICT_LATER, 0},
        {CHANNEL_DINGTALK, 200, "<html>", VERDICT_LATER, 0},
        {CHANNEL_DINGTALK, 200, "{}", VERDICT_LATER, 0},
        {CHANNEL_DINGTALK, 502, "<html>", VERDICT_LATER, 0},
        {CHANNEL_WECOM, 200, "{\"errcode\":45009}", VERDICT_LATER, 65},
        {CHANNEL_WECOM, 200, "{\"errcode\":93000}", VERDICT_NEVER, 0},
        {CHANNEL_FEISHU, 200, "{\"code\":0,\"msg\":\"success\"}", VERDICT_SENT, 0},
        {CHANNEL_FEISHU, 400, "{\"code\":9499,\"msg\":\"too many request\"}", VERDICT_LATER, 2},
        {CHANNEL_FEISHU, 200, "{\"code\":19021}", VERDICT_NEVER, 0},
        {CHANNEL_WECHAT, 200, "{\"errcode\":42001}", VERDICT_TOKEN, 0},
        {CHANNEL_WECHAT, 200, "{\"errcode\":47003}", VERDICT_NEVER, 0},
        {CHANNEL_SLACK, 200, "ok", VERDICT_SENT, 0},
        {CHANNEL_SLACK, 200, "no", VERDICT_LATER, 0},
        {CHANNEL_SLACK, 429, "", VERDICT_LATER, 7},
        {CHANNEL_SLACK, 404, "no_service", VERDICT_NEVER, 0},
        {CHANNEL_TELEGRAM, 200, "{\"ok\":true}", VERDICT_SENT, 0},
        {CHANNEL_TELEGRAM, 429, "{\"ok\":false,\"parameters\":{\"retry_after\":9}}", VERDICT_LATER,
         9},
        {CHANNEL_WEBHOOK, 204, "", VERDICT_SENT, 0},
        {CHANNEL_WEBHOOK, 301, "", VERDICT_NEVER, 0},
        {CHANNEL_WEBHOOK, 503, "", VERDICT_LATER, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct vendor_answer a = {.status = rows[i].status,
                                        .body = rows[i].body,
                                        .len = strlen(rows[i].body),
                                        .retry_after_ms = rows[i].wait_s == 7 ? 7000 : 0};
        struct verdict v;
        vendor_judge(&v, rows[i].kind, &a);
        if (v.kind != rows[i].verdict || (rows[i].wait_s && v.wait_ms != rows[i].wait_s * 1000))
            fail_msg("row %zu: %d, %lld ms", i, (int)v.kind, (long long)v.wait_ms);
    }
    const struct vendor_answer refused = {.err = -SK_EDENIED}, late = {.err = -SK_ETIMEOUT};
    struct verdict v;
    vendor_judge(&v, CHANNEL_WEBHOOK, &refused);
    assert_int_equal(v.kind, VERDICT_NEVER);
    vendor_judge(&v, CHANNEL_WEBHOOK, &late);
    assert_int_equal(v.kind, VERDICT_LATER);
    assert_in_range(verdict_wait_ms(&v, 1, 7), 1600, 2400);
    assert_in_range(verdict_wait_ms(&v, 50, 7), 240000, 360000);
}

static void windows_stay_below_the_limit(void **state)
{
    struct window w = {.count = 0};
    int64_t now = 1000000, sent[400];
    int n = 0;

    (void)state;
    for (; n < 400; now += 100)
        if (window_wait(&w, 18, 500, now) == 0) {
            window_add(&w, now);
            sent[n++] = now;
        }
    for (int i = 18; i < n; i++) /* never more than 18 in any minute */
        assert_true(sent[i] - sent[i - 18] > 60000);
    for (int i = 1; i < n; i++)
        assert_true(sent[i] - sent[i - 1] >= 500);
}

static void configs_are_checked(void **state)
{
    static const struct {
        enum channel_kind kind;
        const char *text;
    } bad[] = {
        {CHANNEL_DINGTALK, "{}"},
        {CHANNEL_DINGTALK, "{\"url\":\"http://a.example/\"}"},
        {CHANNEL_DINGTALK, "{\"url\":\"https://a.example/\",\"more\":\"x\"}"},
        {CHANNEL_DINGTALK, "{\"url\":\"https://a.example/\",\"keyword\":\"a\\nb\"}"},
        {CHANNEL_WEBHOOK, "{\"url\":\"https://a.example/\",\"secret\":\"short\"}"},
        {CHANNEL_SMTP, "{\"to\":\"a@b\\r\\nBcc: x@y.z\"}"},
        {CHANNEL_WECHAT, "{\"appid\":\"a\",\"secret\":\"s\",\"openid\":\"o\",\"template\":\"t\"}"},
        {CHANNEL_WECHAT, "{\"appid\":\"a\",\"secret\":\"s\",\"openid\":\"o\",\"template\":\"t\","
                         "\"data\":{\"thing1\":\"secret\"}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *o;
        assert_int_equal(sk_json_parse(&o, bad[i].text, strlen(bad[i].text)), 0);
        assert_int_equal(channel_config_check(bad[i].kind, o), -SK_EINVAL);
        json_decref(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_vendors),
        cmocka_unit_test(each_fact_stands_in_one_message),
        cmocka_unit_test(what_is_built_is_what_vendors_ask_for),
        cmocka_unit_test(texts_are_cut_behind_a_character),
        cmocka_unit_test(facts_survive_the_outbox),
        cmocka_unit_test(codes_decide_not_http),
        cmocka_unit_test(windows_stay_below_the_limit),
        cmocka_unit_test(configs_are_checked),
    };

    return cmocka_run_group_tests(tests, facts_make, NULL);
}
