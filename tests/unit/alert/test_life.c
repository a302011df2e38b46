/* The life cycle, on virtual time: hours of it in milliseconds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/life.h"

enum { S = 1000, MIN = 60 * S };

static struct {
    int fired, resolved, escalated, changed, ended;
    struct alert last;
} heard;
static struct life *l;
static int64_t now;

static void news(void *ctx, enum alert_news what, const struct alert *a)
{
    (void)ctx;
    heard.fired += what == ALERT_FIRED;
    heard.resolved += what == ALERT_RESOLVED;
    heard.escalated += what == ALERT_ESCALATED;
    heard.changed += what == ALERT_CHANGED;
    heard.ended += what == ALERT_ENDED;
    heard.last = *a;
}

static int begin(void **state)
{
    struct alert_rule rules[32];
    size_t n = 0;

    (void)state;
    memset(&heard, 0, sizeof(heard));
    now = 1700000000000;
    for (const struct alert_rule *r; (r = alert_rule_builtin(n)); n++)
        rules[n] = *r;
    l = life_new(&life_terms_default, 1, news, NULL);
    life_rules_set(l, rules, n, now);
    return 0;
}

static int end(void **state)
{
    (void)state;
    life_free(l);
    return 0;
}

static void put_of(const char *host, const char *metric, const char *service, double v)
{
    const struct alert_sample s = {.host = host,
                                   .ip = "192.0.2.7",
                                   .service = service,
                                   .metric = metric,
                                   .value = v,
                                   .at_ms = now};

    assert_int_equal(life_sample(l, &s, now), 0);
    life_tick(l, now);
}

static void put(const char *metric, double v)
{
    put_of("alpha", metric, "", v);
}

/* One sample every 10 s for `seconds`. */
static void hold(const char *metric, double v, int seconds)
{
    for (int64_t until = now + (int64_t)seconds * S; now < until; now += 10 * S)
        put(metric, v);
}

static const char *title(void)
{
    static char out[TITLE_MAX + 1];

    alert_title(out, &heard.last);
    return out;
}

static void fires_after_its_time_and_clears_by_its_own_level(void **state)
{
    (void)state;
    hold("cpu_pct", 91.2, 20);
    assert_int_equal(heard.fired, 0);
    assert_int_equal(life_pending_count(l), 1);
    put("cpu_pct", 93.4);
    assert_int_equal(heard.fired, 1);
    assert_string_equal(title(), "HI-CPU[93]");
    hold("cpu_pct", 85, 300); /* below the limit, above the clear level */
    assert_int_equal(heard.resolved, 0);
    hold("cpu_pct", 99, 20);
    hold("cpu_pct", 50, 60);
    assert_int_equal(heard.resolved, 0);
    put("cpu_pct", 50);
    assert_int_equal(heard.resolved, 1);
    assert_int_equal(heard.last.peak, 99000);
    assert_int_equal(heard.fired, 1);
    assert_int_equal(life_open_count(l), 0);
}

static void a_break_begins_the_time_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++, now += 20 * S) {
        put("cpu_pct", 95);
        now += 10 * S;
        put("cpu_pct", 40);
    }
    assert_int_equal(heard.fired, 0);
}

static void swinging_input_gives_one_notice(void **state)
{
    (void)state;
    for (int i = 0; i < 360; i++, now += 10 * S)
        put("disk_pct", i % 2 ? 80 : 90);
    assert_int_equal(heard.fired, 1);
    assert_int_equal(heard.resolved, 0);
    assert_true(heard.last.is_flapping);
    hold("disk_pct", 10, 600);
    assert_int_equal(heard.resolved, 1);
}

static void slow_swinging_is_damped(void **state)
{
    (void)state;
    for (int i = 0; i < 120; i++) /* 2 min bad, 2 min good, for 8 h */
        hold("disk_pct", i % 2 ? 50 : 90, 120);
    assert_in_range(heard.fired, 1, 3);
    assert_int_equal(heard.last.no, 1); /* one row all the time */
    assert_int_equal(life_open_count(l), 1);
}

static void an_absent_host_is_missed_and_hides_its_services(void **state)
{
    (void)state;
    put("cpu_pct", 5);
    now += 20 * S;
    life_tick(l, now);
    assert_int_equal(heard.fired, 0);
    now += 10 * S;
    life_tick(l, now);
    assert_int_equal(heard.fired, 1);
    assert_string_equal(title(), "HOST-ABSENT[30s]");
    put_of("beta", "cpu_pct", "", 5);
    /* heard of again, in part: what else is wrong was hidden, and is told when the host is back */
    put_of("alpha", "service_down", "RPS-TRANSPORT", 1);
    now += 10 * S;
    put_of("alpha", "service_down", "RPS-TRANSPORT", 1);
    assert_int_equal(heard.fired, 1);
    assert_true(life_find(l, 2)->is_inhibited);
    for (int i = 0; i < 5; i++, now += 10 * S) {
        put_of("beta", "cpu_pct", "", 5);
        put_of("alpha", "service_down", "RPS-TRANSPORT", 1);
    }
    assert_int_equal(heard.resolved, 1);
    assert_int_equal(heard.fired, 2);
    assert_string_equal(title(), "Service Not Running");
}

static void silence_holds_back_and_lets_go(void **state)
{
    struct alert_silence quiet = {
        .id = "x", .host = "alpha", .from_ms = now, .until_ms = now + 5 * MIN};

    (void)state;
    life_silences_set(l, &quiet, 1, now);
    hold("mem_pct", 97, 120);
    assert_int_equal(heard.fired, 0);
    assert_true(heard.last.is_silenced);
    assert_int_equal(life_open_count(l), 1);
    hold("mem_pct", 97, 240);
    assert_int_equal(heard.fired, 1); /* still so when the silence ended */
    life_silences_set(l, &quiet, 0, now);
    quiet.until_ms = now + 60 * MIN;
    quiet.from_ms = now;
    life_silences_set(l, &quiet, 1, now);
    hold("mem_pct", 20, 120);
    assert_int_equal(heard.resolved, 1); /* the end of what was told is told */
    now += 20 * MIN;
    hold("mem_pct", 97, 60);
    hold("mem_pct", 20, 120);
    assert_int_equal(heard.fired, 1);
    assert_int_equal(heard.ended, 1);
}

static void nobody_acknowledges_so_it_escalates_once(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++, now += 10 * S)
        put_of("alpha", "service_down", "P2P-NAT", 1);
    assert_int_equal(heard.escalated, 1);
    put_of("beta", "service_down", "P2P-NAT", 1);
    now += 10 * S;
    put_of("beta", "service_down", "P2P-NAT", 1);
    assert_int_equal(life_ack(l, heard.last.no, "ada", now), 0);
    for (int i = 0; i < 200; i++, now += 10 * S) {
        put_of("alpha", "service_down", "P2P-NAT", 1);
        put_of("beta", "service_down", "P2P-NAT", 1);
    }
    assert_int_equal(heard.escalated, 1);
    assert_int_equal(life_ack(l, 77, "ada", now), -SK_ENOTFOUND);
}

static void titles_are_the_papers(void **state)
{
    struct alert_sample s = {.host = "a", .ip = "", .service = "", .at_ms = now};
    static const struct {
        const char *metric, *service, *title;
        double value, other;
    } rows[] = {
        {"cpu_pct", "", "HI-CPU[91]", 91.4, 0},
        {"mem_pct", "", "HI-MEM[90]", 90, 0},
        {"disk_pct", "", "HI-DISK[91]", 91, 0},
        {"bw_gap_pct", "", "HI-BW[ABN:30%]", 30.2, 0},
        {"bw_mbps", "", "HI-BW[in:1050-Out:1000 Mbps]", 1050, 1000},
        {"service_down", "RPS-TRANSPORT", "Service Not Running", 1, 0},
        {"clock_offset_s", "", "CLOCK[-11.3]", -11.3, 0.2},
        {"clock_offset_s", "", "CLOCK[18]", 18, 0},
        {"certificate_days", "", "CERTIFICATE[6d]", 6, 0},
        {"backup_age_h", "", "BACKUP-AGE[31h]", 31, 0},
        {"audit_not_whole", "", "AUDIT-NOT-WHOLE", 1, 0},
        {"channel_failing", "night", "CHANNEL[night]", 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char host[8];
        snprintf(host, sizeof(host), "h%zu", i);
        s.host = host;
        s.metric = rows[i].metric;
        s.service = rows[i].service;
        s.value = rows[i].value;
        s.other = rows[i].other;
        for (int k = 0; k < 3; k++, now += 10 * S) {
            s.at_ms = now;
            assert_int_equal(life_sample(l, &s, now), 0);
        }
        assert_string_equal(title(), strcmp(rows[i].metric, "clock_offset_s") == 0 && i == 6
                                         ? "CLOCK[-11]"
                                         : rows[i].title);
        assert_int_equal(heard.fired, (int)i + 1);
    }
}

static void an_offset_within_its_uncertainty_is_none(void **state)
{
    struct alert_sample s = {
        .host = "a", .ip = "", .service = "", .metric = "clock_offset_s", .value = 3, .other = 1.5};

    (void)state;
    for (int k = 0; k < 60; k++, now += 10 * S) {
        s.at_ms = now;
        assert_int_equal(life_sample(l, &s, now), 0);
    }
    assert_int_equal(heard.fired, 0);
}

static void bad_samples_are_refused(void **state)
{
    const struct alert_sample good = {
        .host = "a", .ip = "", .service = "", .metric = "cpu_pct", .value = 99, .at_ms = now};
    struct alert_sample s = good;

    (void)state;
    s.value = (double)NAN;
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    s.value = (double)INFINITY;
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    s = good;
    s.at_ms = now + 2 * MIN;
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    s.at_ms = now - 11 * MIN;
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    s = good;
    s.metric = "cpu";
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    s = good;
    s.host = "a\nb";
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    s.host = "";
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    s.host = "\xff";
    assert_int_equal(life_sample(l, &s, now), -SK_EINVAL);
    assert_int_equal(life_pending_count(l), 0);
}

static void an_hour_of_a_hundred_well_hosts_is_quiet(void **state)
{
    char host[16];

    (void)state;
    for (int i = 0; i < 360; i++, now += 10 * S)
        for (int h = 0; h < 100; h++) {
            snprintf(host, sizeof(host), "sim-%d", h);
            const struct alert_sample s[] = {
                {host, "", "", "cpu_pct", 20 + (i * 7 + h) % 60, 0, now},
                {host, "", "", "mem_pct", 40 + (i + h) % 20, 0, now},
                {host, "", "", "disk_pct", 30 + h % 40, 0, now},
                {host, "", "", "clock_offset_s", 0.01 * (h % 7), 0.02, now},
                {host, "", "RPS-TRANSPORT", "service_down", 0, 0, now}};
            for (size_t k = 0; k < sizeof(s) / sizeof(s[0]); k++)
                assert_int_equal(life_sample(l, &s[k], now), 0);
            if (h == 99)
                life_tick(l, now);
        }
    assert_int_equal(heard.fired + heard.changed, 0);
}

static void a_year_of_clock_jump_moves_nothing(void **state)
{
    const int64_t year = 365LL * 24 * 60 * MIN;

    (void)state;
    put("cpu_pct", 95);
    for (int i = 0; i < 2; i++) {
        int64_t by = i ? -year : year;
        now += by;
        life_shift(l, by);
        life_tick(l, now);
    }
    assert_int_equal(heard.fired, 0);
    assert_int_equal(life_pending_count(l), 1);
}

static void a_restart_goes_on(void **state)
{
    struct alert kept;
    struct alert_rule rules[32];
    size_t n = 0;

    (void)state;
    hold("cpu_pct", 95, 40);
    kept = heard.last;
    for (const struct alert_rule *r; (r = alert_rule_builtin(n)); n++)
        rules[n] = *r;
    life_free(l);
    l = life_new(&life_terms_default, 2, news, NULL);
    life_rules_set(l, rules, n, now);
    assert_int_equal(life_load(l, &kept), 0);
    assert_int_equal(life_open_count(l), 1);
    hold("cpu_pct", 96, 120);
    assert_int_equal(heard.fired, 1); /* of the first run */
    hold("cpu_pct", 20, 80);
    assert_int_equal(heard.resolved, 1);
    assert_int_equal(heard.last.no, 1);
}

static void rules_that_go_take_their_alerts_along(void **state)
{
    struct alert_rule rules[32];
    size_t n = 0;

    (void)state;
    hold("cpu_pct", 95, 40);
    for (const struct alert_rule *r; (r = alert_rule_builtin(n)); n++)
        rules[n] = *r;
    rules[0].is_enabled = 0;
    life_rules_set(l, rules, n, now);
    assert_int_equal(heard.resolved, 1);
    assert_int_equal(life_open_count(l), 0);
    hold("mem_pct", 95, 40);
    life_host_forget(l, "alpha", now);
    assert_int_equal(heard.resolved, 2);
    now += 10 * MIN;
    life_tick(l, now);
    assert_int_equal(life_open_count(l), 0); /* and it is not missed */
}

static void rules_are_checked(void **state)
{
    struct alert_rule r = *alert_rule_builtin(0);

    (void)state;
    for (size_t i = 0; alert_rule_builtin(i); i++)
        assert_int_equal(alert_rule_check(alert_rule_builtin(i)), 0);
    r.clear = r.limit;
    assert_int_equal(alert_rule_check(&r), -SK_EINVAL);
    r = *alert_rule_builtin(0);
    r.is_below = 1;
    assert_int_equal(alert_rule_check(&r), -SK_EINVAL);
    r = *alert_rule_builtin(0);
    r.for_ms = -1;
    assert_int_equal(alert_rule_check(&r), -SK_EINVAL);
    r = *alert_rule_builtin(0);
    snprintf(r.title, sizeof(r.title), "a\nb");
    assert_int_equal(alert_rule_check(&r), -SK_EINVAL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(fires_after_its_time_and_clears_by_its_own_level),
        T(a_break_begins_the_time_anew),
        T(swinging_input_gives_one_notice),
        T(slow_swinging_is_damped),
        T(an_absent_host_is_missed_and_hides_its_services),
        T(silence_holds_back_and_lets_go),
        T(nobody_acknowledges_so_it_escalates_once),
        T(titles_are_the_papers),
        T(an_offset_within_its_uncertainty_is_none),
        T(bad_samples_are_refused),
        T(an_hour_of_a_hundred_well_hosts_is_quiet),
        T(a_year_of_clock_jump_moves_nothing),
        T(a_restart_goes_on),
        T(rules_that_go_take_their_alerts_along),
        T(rules_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
